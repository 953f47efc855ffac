/* The script for AWS, run by real shells, beside what slipway-agent does with the same document (design.md 5; T30). */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/str.h"
#include "lib/ssm/aws_outcome.h"
#include "lib/ssm/aws_script.h"
#include "lib/ssm/output_cut.h"
#include "tests/support/agent_room.h"

#define INSTANCE "i-0123456789abcdef0"
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct arena arena;
static int calls; /* each has files of its own for what it prints */
static char
    open_folder[64]; /* one that every user may enter, where TMPDIR is not; "" = the room's own */

static const char *const dash[] = {"dash", NULL};
static const char *const bash[] = {"bash", "--posix", NULL};
static const char *const *const shells[] = {dash, bash};

/* What Amazon's agent does (ssm-wire.md 13): a group of its own, no input, what it printed cut. */

struct ran {
    pid_t pid;
    const char *out, *err; /* files */
    int code;              /* 137 also where a signal ended it */
    struct message_reply reply;
    enum aws_outcome_word word;
};

static struct ran begin(const char *const *shell, const char *script)
{
    struct ran ran = {.out = arena_printf(&arena, "%s/out-%d", agent_room.folder, calls),
                      .err = arena_printf(&arena, "%s/err-%d", agent_room.folder, calls)};
    const char *path = arena_printf(&arena, "%s/script-%d", agent_room.folder, calls++);
    const char *run_dir =
        arena_printf(&arena, "%s/run", *open_folder != '\0' ? open_folder : agent_room.folder);
    struct err err = ERR_INIT;
    char *words[4];
    int n = 0;

    if (file_write_atomic(path, script, strlen(script), 0600, &err) < 0)
        fail_msg("%s", err.text);
    while (shell[n] != NULL) {
        words[n] = arena_str(&arena, shell[n]);
        n++;
    }
    words[n++] = arena_str(&arena, path);
    words[n] = NULL;
    ran.pid = fork();
    if (ran.pid == 0) {
        int in = open("/dev/null", O_RDONLY);
        int out = open(ran.out, O_WRONLY | O_CREAT | O_APPEND, 0600);
        int error = open(ran.err, O_WRONLY | O_CREAT | O_APPEND, 0600);

        if (setpgid(0, 0) < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(error, 2) < 0 ||
            setenv("AWS_SSM_INSTANCE_ID", INSTANCE, 1) < 0 ||
            setenv("SLIPWAY_RUN_DIR", run_dir, 1) < 0 || setenv("SECRET_OF_THE_AGENT", "x", 1) < 0)
            _exit(99);
        execvp(words[0], words);
        _exit(99);
    }
    assert_true(ran.pid > 0);
    return ran;
}

static void read_it(struct ran *ran, const char *command_id, const struct document *document,
                    const char *details)
{
    char *out = agent_room_text(ran->out), *error = agent_room_text(ran->err);
    const struct aws_outcome_facts facts = {.command_id = command_id,
                                            .document = document,
                                            .details = details != NULL    ? details
                                                       : ran->code == 0   ? "Success"
                                                       : ran->code == 137 ? "ExecutionTimedOut"
                                                                          : "Failed",
                                            .response_code = ran->code,
                                            .output = output_cut(&arena, out, strlen(out),
                                                                 OUTPUT_CUT_OUT),
                                            .error_output = output_cut(&arena, error, strlen(error),
                                                                       OUTPUT_CUT_ERR)};

    ran->word = aws_outcome_read(&arena, &facts, &ran->reply);
    free(out);
    free(error);
}

static void end(struct ran *ran)
{
    int status;

    assert_int_equal(waitpid(ran->pid, &status, 0), ran->pid);
    ran->code = WIFEXITED(status) ? WEXITSTATUS(status) : 137;
}

static struct envelope envelope(void)
{
    struct envelope e = door_double_envelope(&agent_room.door);

    e.host_id = INSTANCE;
    return e;
}

static const char *script_of(const struct document *document, const struct envelope *e, size_t n)
{
    struct err err = ERR_INIT;
    const char *script;

    if (aws_script_job(&arena, document, e, n, &script, &err) < 0)
        fail_msg("%s", err.text);
    return script;
}

static struct ran run_as_aws(const char *const *shell, const struct document *document)
{
    struct envelope e = envelope();
    struct ran ran = begin(shell, script_of(document, &e, 1));

    end(&ran);
    read_it(&ran, e.command_id, document, NULL);
    return ran;
}

/* By slipway-agent; its end is asked for later, so that several go on at once. */
static const char *send_to_agent(const struct document *document)
{
    struct envelope e = door_double_envelope(&agent_room.door);

    door_double_send(&agent_room.door, &e, document);
    return e.command_id;
}

static struct message_reply end_of(const char *command_id)
{
    const struct door_double_word *word =
        door_double_wait(&agent_room.door, command_id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);

    assert_non_null(word);
    return word->reply;
}

static void expect_same(const struct message_reply *a, const struct message_reply *b)
{
    assert_string_equal(invocation_statuses[a->status].text, invocation_statuses[b->status].text);
    assert_int_equal(a->n_steps, b->n_steps);
    for (size_t i = 0; i < a->n_steps; i++) {
        assert_string_equal(a->steps[i].name, b->steps[i].name);
        assert_string_equal(step_statuses[a->steps[i].status].text,
                            step_statuses[b->steps[i].status].text);
        assert_int_equal(a->steps[i].exit_code, b->steps[i].exit_code);
        assert_true((a->steps[i].started_at > 0) == (b->steps[i].started_at > 0));
        assert_true(a->steps[i].started_at <= a->steps[i].ended_at);
    }
    assert_int_equal(a->n_results, b->n_results);
    for (size_t i = 0; i < a->n_results; i++) {
        assert_string_equal(a->results[i].key, b->results[i].key);
        assert_string_equal(a->results[i].value, b->results[i].value);
    }
}

/* All at once: most of the time they wait. */
static void expect_same_as_agent(const struct document *const *documents, size_t n)
{
    struct ran ran[8][LENGTH(shells)];
    const char *ids[8], *aws_ids[8][LENGTH(shells)];

    assert_true(n <= LENGTH(ids));
    for (size_t i = 0; i < n; i++) {
        ids[i] = send_to_agent(documents[i]);
        for (size_t k = 0; k < LENGTH(shells); k++) {
            struct envelope e = envelope();

            aws_ids[i][k] = e.command_id;
            ran[i][k] = begin(shells[k], script_of(documents[i], &e, 1));
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct message_reply wanted = end_of(ids[i]);

        for (size_t k = 0; k < LENGTH(shells); k++) {
            end(&ran[i][k]);
            read_it(&ran[i][k], aws_ids[i][k], documents[i], NULL);
            assert_int_equal(ran[i][k].word, AWS_OUTCOME_TOLD);
            expect_same(&ran[i][k].reply, &wanted);
            assert_true((ran[i][k].code == 0) == (wanted.status == INVOCATION_SUCCESS));
        }
    }
}

static int down(void **state)
{
    if (*open_folder != '\0')
        (void)system(arena_printf(&arena, "rm -rf %s", open_folder));
    open_folder[0] = '\0';
    return agent_room_tear_down(state);
}

static int up(void **state)
{
    (void)state;
    agent_room_up(true);
    agent_room_start();
    return 0;
}

static int up_alone(void **state)
{
    (void)state;
    agent_room_up(false);
    return 0;
}

static const char *folder(const char *name)
{
    return arena_printf(&arena, "%s/%s", agent_room.folder, name);
}

/* The same as slipway-agent -------------------------------------------------------------------- */

#define STEPS(...)                                                                                 \
    {                                                                                              \
        .description = "", .steps = (struct document_step[]){__VA_ARGS__},                         \
        .n_steps = sizeof((struct document_step[]){__VA_ARGS__}) / sizeof(struct document_step)    \
    }

static void order_results_and_ends_are_those_of_slipway_agent(void **state)
{
    const struct document good = STEPS(
        agent_room_script("one",
                          "echo commit=4f2c9e1 >> \"$SLIPWAY_RESULT\"; echo out; echo err >&2"),
        agent_room_script("two", "printf 'note=a \"b\" c\\nno pair\\nkey=' >> \"$SLIPWAY_RESULT\""),
        agent_room_script("three", "echo process-commit=1 >> \"$SLIPWAY_RESULT\"; sleep 5 &"));
    const struct document bad =
        STEPS(agent_room_script("one", "echo note=before >> \"$SLIPWAY_RESULT\""),
              agent_room_script("two", "echo note=in >> \"$SLIPWAY_RESULT\"; exit 3; echo never"),
              agent_room_script("three", AGENT_ROOM_COUNT));
    const struct document unset = STEPS(agent_room_script("one", "echo \"$nothing\""));
    const struct document lost =
        STEPS(agent_room_script("one", "rm \"$SLIPWAY_RESULT\"; mkfifo \"$SLIPWAY_RESULT\""));

    const struct document *const all[] = {&good, &bad, &unset, &lost};

    (void)state;
    expect_same_as_agent(all, LENGTH(all));
    assert_int_equal(agent_room_lines("runs"), 0);
}

static void exit_codes_are_told_and_never_leak(void **state)
{
    static const char *const ends[] = {"exit 1",   "exit 75",  "exit 124",     "exit 137",
                                       "exit 168", "exit 169", "exit 194",     "exit 255",
                                       "false",    "kill $$",  "kill -SEGV $$"};

    struct document_step steps[LENGTH(ends)];
    struct document documents[LENGTH(ends)];
    const char *ids[LENGTH(ends)];

    (void)state;
    for (size_t i = 0; i < LENGTH(ends); i++) {
        steps[i] = agent_room_script("one", ends[i]);
        documents[i] = (struct document){.description = "", .steps = &steps[i], .n_steps = 1};
        ids[i] = send_to_agent(&documents[i]);
    }
    for (size_t i = 0; i < LENGTH(ends); i++) {
        struct ran ran = run_as_aws(shells[i % 2], &documents[i]);
        struct message_reply wanted = end_of(ids[i]);

        expect_same(&ran.reply, &wanted);
        assert_true(ran.code != 0 && ran.code != 137 && ran.code != 168 && ran.code != 169 &&
                    ran.code != 194);
    }
}

/* Steps find the same folder, umask and variables, and nothing of the agent's own. */
static void environment_and_place_are_those_of_slipway_agent(void **state)
{
    static const struct config_pair env[] = {{"ODD", "a 'b' \"c\" $d `e` \\ {{ f }} \n g"},
                                             {"LANG", "ja_JP.UTF-8"},
                                             {"PATH", "/nowhere"},
                                             {"SLIPWAY_ROOT", "/srv/acme"}};
    struct document_step step = agent_room_script(
        "one",
        "{ env | grep -vE '^(SLIPWAY_RESULT|FOLDER|_)=' | sort; umask; pwd; echo \"$0 $# $-\"; } "
        "| base64 -w 0 | cut -b -1000 | sed 's/^/note=/' >> \"$SLIPWAY_RESULT\"\n"
        "touch \"$FOLDER/made\"; stat -c mode=%a \"$FOLDER/made\" >> \"$SLIPWAY_RESULT\"");
    struct document_step lost;
    struct config_pair pairs[8];
    const struct document documents[] = {{.description = "", .steps = &step, .n_steps = 1},
                                         {.description = "", .steps = &lost, .n_steps = 1}};
    const struct document *const all[] = {&documents[0], &documents[1]};

    (void)state;
    pairs[0] = step.environment.items[0]; /* FOLDER */
    memcpy(pairs + 1, env, sizeof(env));
    step.environment = (struct config_pairs){pairs, 1 + LENGTH(env)};
    step.working_directory = folder("app place");
    assert_int_equal(mkdir(step.working_directory, 0755), 0);
    lost = step;
    lost.working_directory = folder("not there");
    expect_same_as_agent(all, LENGTH(all));
}

static void steps_run_as_their_user(void **state)
{
    struct document_step steps[] = {
        agent_room_script("one",
                          "{ id -un; id -G; echo \"$HOME\"; } | tr '\\n' ' ' | sed 's/^/note=/' "
                          ">> \"$SLIPWAY_RESULT\"; test -w /etc/shadow && exit 9; exit 0"),
        agent_room_script("two", "true")};
    const struct document document = {.description = "", .steps = steps, .n_steps = 2};
    struct ran ran;

    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    strcpy(open_folder, "/tmp/slipway-aws-script-XXXXXX");
    assert_non_null(mkdtemp(open_folder));
    assert_int_equal(chmod(open_folder, 0711), 0);
    steps[0].run_as = "daemon";
    expect_same_as_agent((const struct document *const[]){&document}, 1);
    /* What it put in the place of its result is read by its own rights. */
    steps[0].script =
        "rm \"$SLIPWAY_RESULT\"; ln /etc/shadow \"$SLIPWAY_RESULT\" 2>/dev/null || :\n"
        "ln -sf /etc/shadow \"$SLIPWAY_RESULT\"";
    ran = run_as_aws(dash, &document);
    assert_int_equal(ran.reply.n_results, 0);
    /* Nothing is begun where one of them cannot be. */
    steps[1].run_as = "nobody-at-all";
    steps[0].script = AGENT_ROOM_COUNT;
    ran = run_as_aws(bash, &document);
    assert_string_equal(ran.reply.reason, "not begun: step two: it is to run as nobody-at-all, and "
                                          "this host has no such user");
    assert_int_equal(agent_room_lines("runs"), 0);
}

static void health_is_asked_until_it_is_well(void **state)
{
    struct document_step health = {
        .action = DOCUMENT_HEALTH,
        .name = "health",
        .within_s = 5,
        .script =
            "f=$(dirname \"$SLIPWAY_RESULT\")/tried; test -e \"$f\" || { touch \"$f\"; exit 1; }",
        .run_as = "",
        .working_directory = agent_room.folder};
    struct document_step http = {.action = DOCUMENT_HEALTH, .name = "health", .within_s = 5};
    const struct document by_script = {.description = "", .steps = &health, .n_steps = 1};
    const struct document by_http = {.description = "", .steps = &http, .n_steps = 1};
    const struct document *const all[] = {&by_script, &by_http};
    struct ran ran;

    (void)state;
    http.http = arena_printf(&arena, "%s/up", agent_room.door.url);
    http.expect = 200;
    atomic_store(&agent_room.door.sick, 1);
    ran = run_as_aws(dash, &by_http);
    assert_int_equal(ran.reply.status, INVOCATION_SUCCESS);
    assert_non_null(strstr(ran.reply.steps[0].error_output, "/up answered 503, expected 200\n"));
    assert_non_null(strstr(ran.reply.steps[0].output, "/up answered 200\n"));
    http.expect = 204;
    http.within_s = 1;
    expect_same_as_agent(all, LENGTH(all));
}

/* Of its own ----------------------------------------------------------------------------------- */

static void what_takes_too_long_is_ended_with_all_that_it_began(void **state)
{
    struct document_step steps[] = {
        agent_room_script("one", "echo kept; echo note=kept >> \"$SLIPWAY_RESULT\"\n"
                                 "sh -c 'sleep 3; echo late >> \"$FOLDER/late\"' & sleep 30"),
        agent_room_script("two", AGENT_ROOM_COUNT)};
    const struct document document = {.description = "", .steps = steps, .n_steps = 2};
    struct envelope e[2];
    struct ran ran[2];

    (void)state;
    steps[0].timeout_s = 1;
    for (size_t i = 0; i < 2; i++) {
        e[i] = envelope();
        ran[i] = begin(shells[i], script_of(&document, &e[i], 1));
    }
    for (size_t i = 0; i < 2; i++) {
        end(&ran[i]);
        assert_int_equal(ran[i].code, 137);
        read_it(&ran[i], e[i].command_id, &document, NULL);
        assert_int_equal(ran[i].reply.status, INVOCATION_TIMED_OUT);
        assert_int_equal(ran[i].reply.steps[0].status, STEP_TIMED_OUT);
        assert_int_equal(ran[i].reply.steps[0].exit_code, 137);
        assert_int_equal(ran[i].reply.steps[1].status, STEP_PENDING);
        assert_string_equal(ran[i].reply.steps[0].output, "kept\n");
        assert_string_equal(ran[i].reply.results[0].value, "kept");
    }
    sleep(3);
    assert_int_equal(agent_room_lines("late"), 0);
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

static void put(const char *place, const char *name, const char *text)
{
    struct err err = ERR_INIT;

    if (file_write_atomic(arena_printf(&arena, "%s/%s", place, name), text, strlen(text), 0600,
                          &err) < 0)
        fail_msg("%s", err.text);
}

/* Amazon's agent ends the group: what was known stands there already. */
static void who_is_ended_from_outside_told_how_far_it_came(void **state)
{
    const struct document document =
        STEPS(agent_room_script("one", "echo note=done >> \"$SLIPWAY_RESULT\""),
              agent_room_script("two", AGENT_ROOM_COUNT "sleep 2; echo late >> \"$FOLDER/late\""),
              agent_room_script("three", AGENT_ROOM_COUNT));
    struct envelope e = envelope();
    const char *place;
    struct ran ran = begin(dash, script_of(&document, &e, 1));

    (void)state;
    assert_true(agent_room_wait_lines("runs", 1));
    assert_int_equal(kill(-ran.pid, SIGKILL), 0);
    end(&ran);
    read_it(&ran, e.command_id, &document, "Cancelled");
    assert_int_equal(ran.word, AWS_OUTCOME_TOLD);
    assert_int_equal(ran.reply.status, INVOCATION_CANCELLED);
    assert_int_equal(ran.reply.steps[0].status, STEP_SUCCESS);
    assert_int_equal(ran.reply.steps[1].status, STEP_CANCELLED);
    assert_int_equal(ran.reply.steps[2].status, STEP_PENDING);
    assert_string_equal(ran.reply.results[0].value, "done");
    /* And whoever runs it again finds that out, and begins nothing. */
    ran = begin(bash, script_of(&document, &e, 1));
    end(&ran);
    read_it(&ran, e.command_id, &document, NULL);
    assert_int_equal(ran.reply.state, MESSAGE_REPLY_UNKNOWN);
    assert_int_equal(agent_room_lines("runs"), 1);
    assert_int_equal(agent_room_lines("late"), 0);
    /* Also after the host was booted, when its number is somebody else's. */
    place = arena_printf(&arena, "%s/run/%s", agent_room.folder, e.command_id);
    put(place, "pid", arena_printf(&arena, "%ld\n", (long)getpid()));
    put(place, "boot", "00000000-0000-4000-8000-000000000000\n");
    ran = begin(dash, script_of(&document, &e, 1));
    end(&ran);
    read_it(&ran, e.command_id, &document, NULL);
    assert_int_equal(ran.reply.state, MESSAGE_REPLY_UNKNOWN);
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

static void ssm_runs_a_plain_script_twice(void **state)
{
    const struct document document = STEPS(agent_room_script(
        "one", AGENT_ROOM_COUNT
        "printf 'sa\\000id\\n'; echo note=x >> \"$SLIPWAY_RESULT\"; sleep 1; exit 3"));
    struct envelope e = envelope();
    const char *script = script_of(&document, &e, 1);
    struct ran ran[3];

    (void)state;
    ran[0] = begin(dash, script);
    ran[1] = begin(bash, script); /* at the same time */
    end(&ran[0]);
    end(&ran[1]);
    ran[2] = begin(dash, script); /* and once more, when it is over */
    end(&ran[2]);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ran[i].code, 3);
        read_it(&ran[i], e.command_id, &document, NULL);
        assert_int_equal(ran[i].reply.steps[0].exit_code, 3);
        assert_string_equal(ran[i].reply.results[0].value, "x");
        assert_string_equal(ran[i].reply.steps[0].output, "said\n");
    }
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

static void what_comes_late_or_to_another_machine_begins_nothing(void **state)
{
    const struct document document = STEPS(agent_room_script("one", AGENT_ROOM_COUNT));
    struct envelope e = envelope();
    struct ran ran;

    (void)state;
    e.start_by = clock_now(clock_system()) - 1;
    ran = begin(dash, script_of(&document, &e, 1));
    end(&ran);
    read_it(&ran, e.command_id, &document, NULL);
    assert_int_equal(ran.reply.state, MESSAGE_REPLY_FINISHED);
    assert_int_equal(ran.reply.status, INVOCATION_FAILED);
    assert_string_equal(ran.reply.reason,
                        "not begun: its start-by had passed on the clock of this host");
    e = envelope();
    e.host_id = "i-0aaaaaaaaaaaaaaaa";
    ran = begin(bash, script_of(&document, &e, 1));
    end(&ran);
    read_it(&ran, e.command_id, &document, NULL);
    assert_int_equal(ran.reply.status, INVOCATION_FAILED);
    assert_non_null(strstr(ran.reply.reason, "for other machines than " INSTANCE));
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

/* One text for all: each finds its own values by its name at AWS. */
static void hosts_that_differ_share_a_script(void **state)
{
    const struct document document = STEPS(agent_room_script(
        "one", "echo \"note=$SLIPWAY_HOST $SLIPWAY_ROLE $SLIPWAY_SHA\" >> \"$SLIPWAY_RESULT\""));
    struct envelope e[AWS_SCRIPT_HOSTS_MAX];
    struct ran ran;

    (void)state;
    for (size_t i = 0; i < LENGTH(e); i++) {
        e[i] = envelope();
        e[i].command_id = arena_str(&arena, e[i].command_id);
        e[i].host_id = i == 7 ? INSTANCE : arena_printf(&arena, "i-%017zx", i + 1);
        e[i].host = arena_printf(&arena, "web-%zu", i);
        e[i].roles = i == 7 ? "web,worker" : "web";
    }
    ran = begin(dash, script_of(&document, e, LENGTH(e)));
    end(&ran);
    read_it(&ran, e[7].command_id, &document, NULL);
    assert_int_equal(ran.reply.status, INVOCATION_SUCCESS);
    assert_string_equal(ran.reply.results[0].value,
                        arena_printf(&arena, "web-7 web,worker %s", e[7].sha));
    agent_room_down();
}

/* Neither stream pushes out what is known; of both, beginning and end are seen. */
static void much_output_pushes_nothing_out(void **state)
{
    const struct document document = STEPS(
        agent_room_script("one", "yes 'A'  | head -c 1000000"),
        agent_room_script(
            "two",
            "echo begins; yes \"$(printf 'B \\377 \\346\\227\\245')\" | head -c 3000000; echo ends\n"
            "yes 'E' | head -c 300000 >&2; echo worst >&2\n"
            "yes note=n | head -n 9999 > \"$SLIPWAY_RESULT\"\n"
            "echo commit=last >> \"$SLIPWAY_RESULT\"; exit 4"));

    (void)state;
    for (size_t i = 0; i < LENGTH(shells); i++) {
        struct ran ran = run_as_aws(shells[i], &document);
        const struct message_reply_step *s = ran.reply.steps;
        char *out = agent_room_text(ran.out), *err = agent_room_text(ran.err);

        assert_true(strlen(out) < OUTPUT_CUT_OUT && strlen(err) < OUTPUT_CUT_ERR);
        assert_int_equal(s[1].exit_code, 4);
        assert_true(str_starts(s[0].output, "A\nA\n"));
        assert_true(str_starts(s[1].output, "begins\nB "));
        assert_true(str_ends(s[1].output, "ends\n"));
        assert_non_null(strstr(s[1].error_output, "\nworst\nslipway: what it wrote to"));
        assert_true(strlen(s[1].output) > 8000 && strlen(s[1].error_output) > 4000);
        assert_string_equal(ran.reply.results[ran.reply.n_results - 1].key, "commit");
        assert_string_equal(ran.reply.results[ran.reply.n_results - 1].value, "last");
        assert_true(ran.reply.n_results > 50);
        free(out);
        free(err);
    }
    agent_room_down();
}

/* T30 ------------------------------------------------------------------------------------------ */

static const char *four_kib(void)
{
    char *text = arena_alloc(&arena, 4097);

    for (size_t i = 0; i < 4096; i++)
        text[i] = "$(touch pwned)'\"`\\{{;&|\n"[i % 24];
    return text;
}

static void T30_no_value_is_ever_interpreted(void **state)
{
    const char *values[] = {"$(touch pwned)",
                            "`touch pwned`",
                            "; touch pwned;",
                            "'; touch pwned; '",
                            "\"; touch pwned; \"",
                            "a\ntouch pwned\n",
                            "\n",
                            "",
                            "'",
                            "''\\''",
                            "\\",
                            "$HOME ${PATH} $$ $1 * ~ ~root #",
                            "{{ commands }} {{ssm:secret}} {{{{",
                            "--upload-pack=touch pwned",
                            "-n",
                            "x$(touch${IFS}pwned)y",
                            "\r\x1b[2J\t%s %n \x7f",
                            "\xe6\x97\xa5\xe6\x9c\xac",
                            four_kib()};
    struct config_pair env[LENGTH(values) + 1];
    struct document_step step = agent_room_script("one", "");
    const struct document document = {.description = "x\n$(touch pwned)",
                                      .steps = &step,
                                      .n_steps = 1};
    struct buf script;

    (void)state;
    buf_init(&script, 1 << 20);
    for (size_t i = 0; i < LENGTH(values); i++) {
        env[i] = (struct config_pair){arena_printf(&arena, "V%zu", i), values[i]};
        buf_addf(&script, "printf %%s \"$V%zu\" > \"$FOLDER/value-%zu\"\n", i, i);
    }
    env[LENGTH(values)] = step.environment.items[0];
    step.environment = (struct config_pairs){env, LENGTH(values) + 1};
    buf_adds(&script, "echo '{{ \"quoted\" }} it''s' > \"$FOLDER/script\"");
    step.script = buf_str(&script);
    step.working_directory = agent_room.folder;
    for (size_t k = 0; k < LENGTH(shells); k++) {
        struct envelope e = envelope();
        const char *text = script_of(&document, &e, 1);
        struct ran ran = begin(shells[k], text);

        assert_null(strstr(text, "{{")); /* what AWS itself would replace */
        end(&ran);
        assert_int_equal(ran.code, 0);
        for (size_t i = 0; i < LENGTH(values); i++) {
            char *got = agent_room_text(folder(arena_printf(&arena, "value-%zu", i)));

            assert_string_equal(got, values[i]);
            free(got);
        }
        assert_true(agent_room_says(agent_room.folder, "script", "{{ \"quoted\" }} its\n"));
        assert_int_equal(access(folder("pwned"), F_OK), -1);
        assert_int_equal(access("pwned", F_OK), -1);
    }
    buf_deinit(&script);
    agent_room_down();
}

static void bytes_that_AWS_would_change_are_refused(void **state)
{
    struct config_pair env[] = {{"V", "a\xff"}};
    struct document_step step = agent_room_script("one", "true");
    const struct document document = {.description = "acme", .steps = &step, .n_steps = 1};
    struct envelope e = envelope();
    struct err err = ERR_INIT;
    const char *script;

    (void)state;
    step.environment = (struct config_pairs){env, 1};
    assert_int_equal(aws_script_job(&arena, &document, &e, 1, &script, &err), ERR_INVALID);
    assert_string_equal(err.text,
                        "acme: its steps or their variables have bytes that are no UTF-8, "
                        "which AWS does not carry");
    agent_room_down();
}

/* Size ----------------------------------------------------------------------------------------- */

static const char *text_of(const struct document *document)
{
    char digest[DIGEST_HEX_SIZE];
    struct err err = ERR_INIT;
    const char *text;

    if (document_make(&arena, document, &text, digest, &err) < 0)
        fail_msg("%s", err.text);
    return text;
}

static void what_does_not_fit_into_64_KB_is_refused_with_its_sentence(void **state)
{
    struct document_step step = agent_room_script("one", "");
    const struct document document = {.description = "web of acme/shop",
                                      .steps = &step,
                                      .n_steps = 1};
    char patterns[4097] = "";
    struct err err = ERR_INIT;

    (void)state;
    memset(patterns, 'x', sizeof(patterns) - 1);
    for (size_t kib = 8; kib <= 60; kib += 4) {
        char *script = arena_alloc(&arena, kib * 1024 + 1);

        memset(script, 'x', kib * 1024);
        step.script = script;
        assert_int_equal(aws_script_check(&arena, text_of(&document), false, NULL, &err),
                         kib <= 48 ? 0 : ERR_INVALID);
        assert_int_equal(aws_script_check(&arena, text_of(&document), true, NULL, &err),
                         kib <= 40 ? 0 : ERR_INVALID);
        /* The patterns to hide go with an order, and with no plain job. */
        if (kib == 40) {
            assert_int_equal(aws_script_check(&arena, text_of(&document), true, patterns, &err),
                             ERR_INVALID);
            assert_int_equal(aws_script_check(&arena, text_of(&document), false, patterns, &err),
                             0);
        }
    }
    err = (struct err)ERR_INIT;
    assert_int_equal(aws_script_check(&arena, text_of(&document), false, NULL, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "web of acme/shop: the script for AWS has "));
    assert_non_null(strstr(err.text, " bytes, and AWS takes 61440; make its steps shorter, or put "
                                     "them into files of the repository"));
    agent_room_down();
}

static void the_time_that_AWS_gives_is_longer_than_its_own(void **state)
{
    struct document_step steps[] = {agent_room_script("one", ""), agent_room_script("two", "")};
    const struct document document = {.steps = steps, .n_steps = 2};

    (void)state;
    steps[0].timeout_s = 600;
    steps[1] = (struct document_step){.action = DOCUMENT_HEALTH, .within_s = 30};
    assert_int_equal(aws_script_execution_s(&document), 690);
    steps[0].timeout_s = DOCUMENT_TIMEOUT_MAX_S;
    assert_int_equal(aws_script_execution_s(&document), DOCUMENT_TIMEOUT_MAX_S);
    agent_room_down();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up_alone, down)

int main(void)
{
    const struct CMUnitTest beside[] = {
        cmocka_unit_test(order_results_and_ends_are_those_of_slipway_agent),
        cmocka_unit_test(exit_codes_are_told_and_never_leak),
        cmocka_unit_test(environment_and_place_are_those_of_slipway_agent),
        cmocka_unit_test(steps_run_as_their_user),
        cmocka_unit_test(health_is_asked_until_it_is_well),
    };
    const struct CMUnitTest tests[] = {
        TEST(what_takes_too_long_is_ended_with_all_that_it_began),
        TEST(who_is_ended_from_outside_told_how_far_it_came),
        TEST(ssm_runs_a_plain_script_twice),
        TEST(what_comes_late_or_to_another_machine_begins_nothing),
        TEST(hosts_that_differ_share_a_script),
        TEST(much_output_pushes_nothing_out),
        TEST(T30_no_value_is_ever_interpreted),
        TEST(bytes_that_AWS_would_change_are_refused),
        TEST(what_does_not_fit_into_64_KB_is_refused_with_its_sentence),
        TEST(the_time_that_AWS_gives_is_longer_than_its_own),
    };
    int failed;

    arena_init(&arena);
    failed = cmocka_run_group_tests_name("beside slipway-agent", beside, up, down);
    failed += cmocka_run_group_tests(tests, NULL, NULL);
    arena_deinit(&arena);
    return failed;
}
