/*
 * shipped: the documents of deploy/documents run by sh with real git: once, twice, after an
 * interruption, with too little and with hostile input. Rails is a script of the same name that
 * prints what Rails prints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/document_shipped.h"

#define COMMITS 6
#define VARIABLES 16

static struct arena arena;
static char folder[64];
static char shas[COMMITS][41]; /* main, oldest first */

/* Running ------------------------------------------------------------------------------------- */

struct ran {
    int code;
    const char *output; /* both streams */
    const char *result; /* SLIPWAY_RESULT */
};

static const char *read_text(const char *name)
{
    struct err err = ERR_INIT;
    char path[256];
    const char *text;
    char *bytes;
    size_t len;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (file_read_all(path, 1 << 20, &bytes, &len, &err) < 0)
        return "";
    text = arena_strn(&arena, bytes, len);
    free(bytes);
    return text;
}

static void write_text(const char *name, const char *text, mode_t mode)
{
    struct err err = ERR_INIT;
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (file_write_atomic(path, text, strlen(text), mode, &err) < 0)
        fail_msg("%s", err.text);
}

/* A line of shell in the test's folder; it must end well. Its output without the last line end. */
static const char *shell(const char *line)
{
    char *command = arena_printf(&arena, "cd '%s' && { %s; } > shell.out 2>&1", folder, line);
    const char *out;

    if (system(command) != 0)
        fail_msg("%s: %s", line, read_text("shell.out"));
    out = read_text("shell.out");
    return arena_strn(&arena, out, strcspn(out, "\n"));
}

/* What `document` does with these variables (name, value, ..., NULL), and nothing else around it
 * but PATH and HOME, as a host runs it: set -eu, then the script. */
static struct ran run(const char *document, const char *sha, ...)
{
    const struct document_shipped *shipped = document_shipped_find(document);
    char *environment[VARIABLES + 1] = {NULL};
    struct ran ran;
    va_list args;
    size_t n = 0;
    int status;
    pid_t pid;

    assert_non_null(shipped);
    environment[n++] = arena_str(&arena, "PATH=/usr/local/bin:/usr/bin:/bin");
    environment[n++] = arena_printf(&arena, "HOME=%s", folder);
    environment[n++] = arena_printf(&arena, "SLIPWAY_SHA=%s", sha);
    environment[n++] = arena_printf(&arena, "SLIPWAY_RESULT=%s/result", folder);
    environment[n++] = arena_str(&arena, "SLIPWAY_ROOT=/host");
    environment[n++] = arena_printf(&arena, "SLIPWAY_HOST_ROOT=%s", folder);
    environment[n++] = arena_printf(&arena, "SLIPWAY_MIRROR=file://%s/mirror.git", folder);
    environment[n++] = arena_str(&arena, "SLIPWAY_BRANCH=main");
    environment[n++] = arena_str(&arena, "SLIPWAY_KEEP=3");
    va_start(args, sha);
    for (const char *name; (name = va_arg(args, const char *)) != NULL;) {
        const char *value = va_arg(args, const char *);

        for (size_t i = 0; i < n; i++) { /* in place of the usual one */
            if (str_starts(environment[i], name) && environment[i][strlen(name)] == '=')
                environment[i] = environment[--n];
        }
        assert_true(n < VARIABLES);
        environment[n++] = arena_printf(&arena, "%s=%s", name, value);
    }
    va_end(args);
    environment[n] = NULL;
    write_text("result", "", 0600);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char *script = arena_printf(&arena, "set -eu\n%s", shipped->script);
        char *argv[] = {arena_str(&arena, "sh"), arena_str(&arena, "-c"), script, NULL};

        if (chdir("/") != 0 || freopen("/dev/null", "r", stdin) == NULL ||
            freopen(arena_printf(&arena, "%s/output", folder), "w", stdout) == NULL ||
            dup2(1, 2) < 0)
            _exit(99);
        umask(077); /* as agents run commands */
        execve("/bin/sh", argv, environment);
        _exit(98);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ran.output = read_text("output");
    ran.result = read_text("result");
    return ran;
}

static struct ran must_run(struct ran ran)
{
    if (ran.code != 0)
        fail_msg("ended with %d: %s", ran.code, ran.output);
    return ran;
}

static void must_say(struct ran ran, int code, const char *text)
{
    if (ran.code != code || strstr(ran.output, text) == NULL)
        fail_msg("ended with %d: %s", ran.code, ran.output);
}

static bool is_there(const char *path)
{
    char *whole = arena_printf(&arena, "%s/host/%s", folder, path);

    return access(whole, F_OK) == 0;
}

static const char *link_of(const char *name)
{
    char target[256];
    ssize_t n = readlink(arena_printf(&arena, "%s/host/%s", folder, name), target, sizeof(target));

    return n < 0 ? "" : arena_strn(&arena, target, (size_t)n);
}

static const char *release(const char *sha)
{
    return arena_printf(&arena, "releases/%s", sha);
}

/* A mirror with COMMITS commits on main; page.html holds the number of its commit. */
static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    snprintf(folder, sizeof(folder), "/tmp/slipway-shipped-XXXXXX");
    assert_non_null(mkdtemp(folder));
    shell("git init -q -b main source && git -C source config user.email a@example.com && "
          "git -C source config user.name a && git -C source config commit.gpgsign false");
    for (int i = 0; i < COMMITS; i++) {
        shell(arena_printf(&arena,
                           "mkdir -p source/public source/bin && echo %d > source/page.html && "
                           "echo %d > source/public/index.html && git -C source add -A && "
                           "git -C source commit -q -m 'commit %d'",
                           i, i, i));
        memcpy(shas[i], shell("git -C source rev-parse HEAD"), 41);
        assert_true(names_is_sha40(shas[i]));
    }
    shell("git clone -q --bare source mirror.git && git -C source tag v1 && mkdir host");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(system(arena_printf(&arena, "rm -rf '%s'", folder)), 0);
    arena_deinit(&arena);
    return 0;
}

/* fetch --------------------------------------------------------------------------------------- */

static void fetch_brings_exactly_the_wanted_commit(void **state)
{
    (void)state;
    must_run(run("fetch", shas[2], NULL));
    assert_string_equal(shell(arena_printf(&arena, "cat host/releases/%s/page.html", shas[2])),
                        "2");
    assert_false(is_there(arena_printf(&arena, "releases/%s/.git", shas[2])));
    /* Others may read it although the agent's umask is 077: a web server is another user. */
    assert_string_equal(shell(arena_printf(&arena, "stat -c %%a host/releases/%s/page.html",
                                           shas[2])),
                        "644");
    assert_string_equal(shell("ls -A host/releases | wc -l"), "2"); /* the lock and the release */
    assert_false(is_there("current"));
}

static void fetch_twice_does_nothing_and_needs_no_mirror(void **state)
{
    (void)state;
    must_run(run("fetch", shas[5], NULL));
    shell(arena_printf(&arena, "echo mine > host/releases/%s/page.html", shas[5]));
    must_say(run("fetch", shas[5], "SLIPWAY_MIRROR", "file:///nowhere", NULL), 0, "here already");
    assert_string_equal(shell(arena_printf(&arena, "cat host/releases/%s/page.html", shas[5])),
                        "mine");
}

static void fetch_after_an_interruption_is_whole(void **state)
{
    (void)state;
    /* Killed in the middle of a fetch, and in the middle of a removal. */
    shell(arena_printf(&arena,
                       "mkdir -p host/releases/.fetch-%s.7/half host/releases/.fetch-other "
                       "host/releases/.drop-x && echo torn > host/releases/.fetch-%s.7/page.html",
                       shas[3], shas[3]));
    must_run(run("fetch", shas[3], NULL));
    assert_string_equal(shell(arena_printf(&arena, "cat host/releases/%s/page.html", shas[3])),
                        "3");
    assert_false(is_there(arena_printf(&arena, "releases/%s/half", shas[3])));
    assert_string_equal(shell("ls -A host/releases | grep -c '^\\.[fd]' || true"), "0");
}

static void fetch_killed_at_any_time_leaves_no_half_release(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        /* As a host would: the whole group at once. */
        shell(arena_printf(
            &arena,
            "export SLIPWAY_SHA=%s SLIPWAY_ROOT=/host SLIPWAY_HOST_ROOT='%s' SLIPWAY_KEEP=3 "
            "SLIPWAY_BRANCH=main SLIPWAY_MIRROR=file://%s/mirror.git; "
            "setsid sh '%s/deploy/documents/fetch@1.sh' & p=$!; sleep 0.0%02d; "
            "kill -9 -$p 2>/dev/null || true; wait $p || true",
            shas[1], folder, folder, SLIPWAY_SOURCE_DIR, i * 8));
        if (is_there(release(shas[1])))
            assert_string_equal(shell(arena_printf(&arena, "cat host/releases/%s/public/index.html",
                                                   shas[1])),
                                "1");
        must_run(run("fetch", shas[1], NULL));
        shell("rm -rf host/releases");
    }
}

static void fetch_of_what_the_mirror_lacks_fails_and_leaves_nothing(void **state)
{
    const char *absent = "1234567890123456789012345678901234567890";

    (void)state;
    assert_int_not_equal(run("fetch", absent, NULL).code, 0);
    assert_false(is_there(release(absent)));
    assert_int_not_equal(run("fetch", shas[0], "SLIPWAY_MIRROR", "file:///nowhere", NULL).code, 0);
    assert_int_not_equal(
        run("fetch", shas[0], "SLIPWAY_MIRROR", "ext::sh -c touch% host/bad", NULL).code, 0);
    assert_false(is_there("bad"));
}

/* A server that gives only what its branches point to. */
static void fetch_falls_back_to_the_branch(void **state)
{
    struct ran ran;

    (void)state;
    shell("git config --file .gitconfig protocol.version 0");
    ran = must_run(run("fetch", shas[1], NULL));
    assert_non_null(strstr(ran.output, "fetching branch main"));
    assert_string_equal(shell(arena_printf(&arena, "cat host/releases/%s/page.html", shas[1])),
                        "1");
}

static void two_fetches_at_once_give_one_release(void **state)
{
    (void)state;
    shell(arena_printf(&arena,
                       "export SLIPWAY_SHA=%s SLIPWAY_ROOT=/host SLIPWAY_HOST_ROOT='%s' "
                       "SLIPWAY_KEEP=3 SLIPWAY_BRANCH=main SLIPWAY_MIRROR=file://%s/mirror.git; "
                       "s='%s/deploy/documents/fetch@1.sh'; sh $s & a=$!; sh $s & b=$!; "
                       "wait $a && wait $b",
                       shas[4], folder, folder, SLIPWAY_SOURCE_DIR));
    assert_string_equal(shell(arena_printf(&arena, "cat host/releases/%s/page.html", shas[4])),
                        "4");
}

static void fetch_keeps_the_newest_and_what_is_needed(void **state)
{
    (void)state;
    for (int i = 0; i < COMMITS; i++) {
        must_run(run("fetch", shas[i], "SLIPWAY_KEEP", "99", NULL));
        if (i <= 1)
            must_run(run("activate", shas[i], NULL));
        shell(arena_printf(&arena, "touch -d '2026-01-0%d' host/releases/%s", i + 1, shas[i]));
    }
    /* Live is 1, before it 0; 2 is the way back; 5 is wanted and the newest. */
    must_run(run("fetch", shas[5], "SLIPWAY_KEEP", "2", "SLIPWAY_PREVIOUS_SHA", shas[2], NULL));
    assert_true(is_there(release(shas[5])));
    assert_true(is_there(release(shas[4])));
    assert_false(is_there(release(shas[3])));
    assert_true(is_there(release(shas[2])));
    assert_true(is_there(release(shas[1])));
    assert_true(is_there(release(shas[0])));
}

/* activate and publish ------------------------------------------------------------------------ */

static void activate_points_in_one_step_and_proves_it(void **state)
{
    struct ran ran;

    (void)state;
    must_say(run("activate", shas[0], NULL), 1, "was not fetched on this host");
    must_run(run("fetch", shas[0], NULL));
    must_run(run("fetch", shas[1], NULL));
    ran = must_run(run("activate", shas[0], NULL));
    assert_string_equal(ran.result, arena_printf(&arena, "commit=%s\n", shas[0]));
    assert_string_equal(link_of("current"), release(shas[0]));
    assert_string_equal(link_of("previous"), "");
    must_run(run("activate", shas[1], NULL));
    ran = must_run(run("activate", shas[1], NULL)); /* again */
    assert_string_equal(ran.result, arena_printf(&arena, "commit=%s\n", shas[1]));
    assert_string_equal(link_of("current"), release(shas[1]));
    assert_string_equal(link_of("previous"), release(shas[0]));
}

static void activate_after_an_interruption_ends_the_same(void **state)
{
    (void)state;
    must_run(run("fetch", shas[0], NULL));
    must_run(run("fetch", shas[1], NULL));
    must_run(run("activate", shas[0], NULL));
    shell("ln -s releases/half host/.current-new && ln -s releases/half host/.previous-new");
    must_run(run("activate", shas[1], NULL));
    assert_string_equal(link_of("current"), release(shas[1]));
    assert_string_equal(link_of("previous"), release(shas[0]));
    assert_false(is_there(".current-new"));
}

static void activate_touches_no_folder_that_it_did_not_make(void **state)
{
    (void)state;
    must_run(run("fetch", shas[0], NULL));
    shell("mkdir host/current");
    must_say(run("activate", shas[0], NULL), 1, "is not a link");
    must_say(run("publish", shas[0], NULL), 1, "is not a link");
}

static void publish_serves_the_folder_that_was_named(void **state)
{
    struct ran ran;

    (void)state;
    must_run(run("fetch", shas[0], NULL));
    must_run(run("fetch", shas[1], NULL));
    ran = must_run(run("publish", shas[0], "SLIPWAY_WITH_DIR", "public", NULL));
    assert_string_equal(ran.result, arena_printf(&arena, "commit=%s\n", shas[0]));
    assert_string_equal(shell("cat host/current/index.html"), "0");
    must_run(run("publish", shas[1], "SLIPWAY_WITH_DIR", "public", NULL));
    must_run(run("publish", shas[1], "SLIPWAY_WITH_DIR", "public", NULL));
    assert_string_equal(shell("cat host/current/index.html"), "1");
    /* What is served is known to fetch although the link goes deeper. */
    shell(arena_printf(&arena, "touch -d 2020-01-01 host/releases/%s host/releases/%s", shas[0],
                       shas[1]));
    must_run(run("fetch", shas[5], "SLIPWAY_KEEP", "1", NULL));
    assert_true(is_there(release(shas[1])));
    assert_true(is_there(release(shas[0])));
    /* And without a folder, the whole commit. */
    must_run(run("publish", shas[1], NULL));
    assert_string_equal(shell("cat host/current/page.html"), "1");
}

static void publish_stays_inside_the_commit(void **state)
{
    static const char *const odd[] = {"/etc", "..", "../..", "public/../..", "./public", "a/./b"};

    (void)state;
    must_run(run("fetch", shas[0], NULL));
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        must_say(run("publish", shas[0], "SLIPWAY_WITH_DIR", odd[i], NULL), 1,
                 "must be a folder of the repository");
    must_say(run("publish", shas[0], "SLIPWAY_WITH_DIR", "nothing", NULL), 1, "is not there");
    assert_false(is_there("current"));
}

/* restart ------------------------------------------------------------------------------------- */

static void restart_asks_systemd_or_runs_the_command(void **state)
{
    const char *systemctl = arena_printf(&arena, "%s/systemctl", folder);
    const char *command = arena_printf(&arena, "%s/again", folder);

    (void)state;
    write_text("systemctl", "#!/bin/sh\necho \"asked: $*\"\n[ \"$2\" = puma ]\n", 0700);
    write_text("again", "#!/bin/sh\necho again\nexit \"${END:-0}\"\n", 0700);
    must_say(run("restart", shas[0], "SLIPWAY_SYSTEMCTL", systemctl, "SLIPWAY_WITH_UNIT", "puma",
                 NULL),
             0, "asked: restart puma");
    must_say(run("restart", shas[0], "SLIPWAY_SYSTEMCTL", systemctl, "SLIPWAY_WITH_UNIT", "other",
                 NULL),
             1, "did not restart");
    must_say(run("restart", shas[0], "SLIPWAY_SYSTEMCTL", systemctl, "SLIPWAY_WITH_UNIT", "--help",
                 NULL),
             1, "begins with a dash");
    must_say(run("restart", shas[0], "SLIPWAY_WITH_COMMAND", command, NULL), 0, "again");
    must_say(run("restart", shas[0], "SLIPWAY_WITH_COMMAND", "again", NULL), 1, "absolute path");
    must_say(run("restart", shas[0], NULL), 1, "absolute path");
}

static void restart_leaks_no_code_that_means_something_to_agents(void **state)
{
    static const char *const codes[] = {"137", "168", "169", "194", "3"};
    const char *command = arena_printf(&arena, "%s/again", folder);

    (void)state;
    write_text("again", "#!/bin/sh\nexit \"$END\"\n", 0700);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_int_equal(
            run("restart", shas[0], "SLIPWAY_WITH_COMMAND", command, "END", codes[i], NULL).code,
            1);
}

/* migrate ------------------------------------------------------------------------------------- */

static void with_rails(const char *script)
{
    write_text("rails", arena_printf(&arena, "#!/bin/sh\n%s\n", script), 0700);
    shell(arena_printf(&arena,
                       "mkdir -p host/releases/%s/bin && cp rails host/releases/%s/bin/rails",
                       shas[0], shas[0]));
}

static void check_says_none_only_if_nothing_is_pending(void **state)
{
    struct ran ran;

    (void)state;
    with_rails("[ \"$1\" = db:migrate:status ] || exit 9\n"
               "printf 'database: db/production\\n\\n Status   Migration ID    Migration Name\\n'\n"
               "printf '%s\\n' -----------------------------\n"
               "printf '   up     20260101000000  Create down tables\\n'");
    ran = must_run(run("migrate-check", shas[0], NULL));
    assert_string_equal(ran.result, "migrate=none\n");
    with_rails("printf '   up     20260101000000  A\\n  down    20260102000000  B\\n'");
    ran = must_run(run("migrate-check", shas[0], NULL));
    assert_string_equal(ran.result, "");
    assert_non_null(strstr(ran.output, "1 pending"));
    with_rails("echo 'Schema migrations table does not exist yet.' >&2; exit 1");
    ran = must_run(run("migrate-check", shas[0], NULL));
    assert_string_equal(ran.result, "");
    with_rails("echo 'could not connect' >&2; exit 194");
    must_say(run("migrate-check", shas[0], NULL), 1, "could not connect");
    assert_string_equal(read_text("result"), "");
}

static void run_says_what_became_of_it(void **state)
{
    struct ran ran;

    (void)state;
    with_rails("[ \"$1\" = db:migrate ] || exit 9\necho '== migrating'");
    ran = must_run(run("migrate-run", shas[0], NULL));
    assert_string_equal(ran.result, "migrate=changed\n");
    assert_non_null(strstr(ran.output, "== migrating"));
    ran = must_run(run("migrate-run", shas[0], NULL)); /* Rails itself finds nothing to do */
    assert_string_equal(ran.result, "migrate=changed\n");

    with_rails("echo 'PG::Error' >&2; exit 3");
    ran = run("migrate-run", shas[0], NULL);
    must_say(ran, 1, "PG::Error");
    assert_string_equal(ran.result, "");

    /* The application's own lock is held: somebody migrates, perhaps our own lost client. */
    with_rails("echo 'ActiveRecord::ConcurrentMigrationError: Cannot run migrations' >&2; exit 1");
    ran = run("migrate-run", shas[0], NULL);
    assert_int_equal(ran.code, 75);
    assert_string_equal(ran.result,
                        "note=somebody else holds the application's own migration lock\n"
                        "migrate=unknown\n");

    /* Killed, or cut off: what it asked the database to do may go on. */
    with_rails("kill -9 $$");
    ran = run("migrate-run", shas[0], NULL);
    assert_int_equal(ran.code, 75);
    assert_non_null(strstr(ran.result, "note=bin/rails was killed (signal 9)"));
    assert_non_null(strstr(ran.result, "\nmigrate=unknown\n"));
    with_rails(
        "echo 'PG::ConnectionBad: PQconsumeInput() server closed the connection unexpectedly' "
        ">&2; exit 1");
    ran = run("migrate-run", shas[0], NULL);
    assert_int_equal(ran.code, 75);
    assert_non_null(strstr(ran.result, "note=bin/rails lost its connection"));
    assert_non_null(strstr(ran.result, "\nmigrate=unknown\n"));
    assert_string_equal(shell("ls result* | wc -l"), "1"); /* nothing left beside it */
}

/* What clients say of a server that they lost: nobody knows how far it came. */
static void M7_every_word_for_a_lost_connection_is_unknown(void **state)
{
    static const char *const words[] = {
        "PG::UnableToSend: SSL SYSCALL error: EOF detected",
        "PQconsumeInput() SSL connection has been closed unexpectedly",
        "could not receive data from server: Connection timed out",
        "could not send data to server: Broken pipe",
        "PG::UnableToSend: no connection to the server",
        "ActiveRecord::ConnectionFailed: PQsocket() can not get socket descriptor",
        "Mysql2::Error: Lost connection to MySQL server during query",
        "Mysql2::Error::TimeoutError: Timeout waiting for a response from the last query",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        with_rails(arena_printf(&arena, "echo '%s' >&2; exit 1", words[i]));
        if (run("migrate-run", shas[0], NULL).code != 75)
            fail_msg("failed, it says, of: %s", words[i]);
    }
    with_rails("echo 'PG::LockNotAvailable: canceling statement due to lock timeout' >&2; exit 1");
    assert_int_equal(run("migrate-run", shas[0], NULL).code, 1);
}

/* No room for what it says: a success stays one, the rest is unknown. */
static void M7_a_full_disk_makes_no_failure(void **state)
{
    const char *full = arena_printf(&arena, "%s/full/result", folder);
    struct ran ran;

    (void)state;
    shell("mkdir result.log"); /* in the way of what it says */
    with_rails("echo '== migrating'");
    ran = must_run(run("migrate-run", shas[0], NULL));
    assert_string_equal(ran.result, "migrate=changed\n");
    assert_non_null(strstr(ran.output, "== migrating"));
    with_rails("echo 'PG::Error' >&2; exit 3");
    ran = run("migrate-run", shas[0], NULL);
    assert_int_equal(ran.code, 75);
    assert_non_null(strstr(ran.result, "could not be kept"));
    shell("rmdir result.log; mkdir full; ln -s /dev/full full/result"); /* and of its result */
    with_rails("kill -9 $$");
    ran = run("migrate-run", shas[0], "SLIPWAY_RESULT", full, NULL);
    assert_int_equal(ran.code, 128 + 9); /* which the server takes for unknown */
    with_rails("true");
    must_run(run("migrate-run", shas[0], "SLIPWAY_RESULT", full, NULL));
}

/* The real Rails and a real database: tests/process/32_a_real_rails. */
static void probe_says_what_is_pending_and_who_is_there(void **state)
{
    static const char attempt[] = "01900000-0000-7000-8000-000000000001";
    struct ran ran;

    (void)state;
    with_rails("[ \"$1\" = runner ] && exec echo slipway-holders=2\n"
               "printf '   up     20260101000000  A\n  down    20260102000000  B\n'");
    ran = must_run(run("migrate-probe", shas[0], "SLIPWAY_ATTEMPT", attempt, NULL));
    assert_string_equal(ran.result, "pending=1\nholders=2\n");
    /* Its client was killed before it had made anything: all of it is pending. */
    with_rails("[ \"$1\" = runner ] && exec echo slipway-holders=0\n"
               "echo 'Schema migrations table does not exist yet.' >&2; exit 1");
    shell(arena_printf(&arena,
                       "cd host/releases/%s && mkdir -p db/migrate && touch db/migrate/1_a.rb "
                       "db/migrate/2_b.rb db/migrate/.keep",
                       shas[0]));
    ran = must_run(run("migrate-probe", shas[0], "SLIPWAY_ATTEMPT", attempt, NULL));
    assert_string_equal(ran.result, "pending=2\nholders=0\n");
    /* Not PostgreSQL: half of a proof is none. */
    with_rails("[ \"$1\" = runner ] || printf '   up     20260101000000  A\n'");
    ran = must_run(run("migrate-probe", shas[0], "SLIPWAY_ATTEMPT", attempt, NULL));
    assert_string_equal(ran.result,
                        "pending=0\nnote=who holds the database is only known of PostgreSQL\n");
    with_rails("echo 'could not connect' >&2; exit 194");
    must_say(run("migrate-probe", shas[0], "SLIPWAY_ATTEMPT", attempt, NULL), 1,
             "could not connect");
    assert_string_equal(read_text("result"), "");
}

static void migrate_without_a_checkout_changes_nothing(void **state)
{
    (void)state;
    assert_int_not_equal(run("migrate-check", shas[4], NULL).code, 0);
    assert_int_not_equal(run("migrate-run", shas[4], NULL).code, 0);
    assert_string_equal(read_text("result"), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fetch_brings_exactly_the_wanted_commit),
        TEST(fetch_twice_does_nothing_and_needs_no_mirror),
        TEST(fetch_after_an_interruption_is_whole),
        TEST(fetch_killed_at_any_time_leaves_no_half_release),
        TEST(fetch_of_what_the_mirror_lacks_fails_and_leaves_nothing),
        TEST(fetch_falls_back_to_the_branch),
        TEST(two_fetches_at_once_give_one_release),
        TEST(fetch_keeps_the_newest_and_what_is_needed),
        TEST(activate_points_in_one_step_and_proves_it),
        TEST(activate_after_an_interruption_ends_the_same),
        TEST(activate_touches_no_folder_that_it_did_not_make),
        TEST(publish_serves_the_folder_that_was_named),
        TEST(publish_stays_inside_the_commit),
        TEST(restart_asks_systemd_or_runs_the_command),
        TEST(restart_leaks_no_code_that_means_something_to_agents),
        TEST(check_says_none_only_if_nothing_is_pending),
        TEST(run_says_what_became_of_it),
        TEST(M7_every_word_for_a_lost_connection_is_unknown),
        TEST(M7_a_full_disk_makes_no_failure),
        TEST(probe_says_what_is_pending_and_who_is_there),
        TEST(migrate_without_a_checkout_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
