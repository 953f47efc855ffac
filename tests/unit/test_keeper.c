/*
 * keeper: real processes, real repositories: questions and answers, deadlines, deaths, what is left
 * behind, and fetching over https from git's own server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cage.h"
#include "lib/base/clock.h"
#include "lib/repo/keeper.h"
#include "tests/support/git_room.h"

#define PATIENCE_MS 100000

static struct git_room room;
static struct keeper *keeper;
static struct err err;

static int up(void **state)
{
    (void)state;
    git_room_up(&room);
    err = (struct err)ERR_INIT;
    return keeper_spawn(&keeper, &err);
}

static int down(void **state)
{
    (void)state;
    keeper_free(keeper);
    keeper = NULL;
    git_room_down(&room);
    return 0;
}

static struct keeper_request fetch_of(const char *repo)
{
    return (struct keeper_request){.verb = KEEPER_FETCH,
                                   .source = git_room_source(&room, repo),
                                   .deadline_ms = PATIENCE_MS};
}

static struct keeper_request question(enum keeper_verb verb, const char *known, const char *sha)
{
    return (struct keeper_request){.verb = verb,
                                   .source = {.folder = room.mirrors, .name = "acme/app"},
                                   .known = known,
                                   .sha = sha,
                                   .deadline_ms = PATIENCE_MS};
}

static uint64_t ask(struct keeper *k, struct keeper_request request)
{
    uint64_t id = 0;

    assert_int_equal(keeper_ask(k, &request, &id, &err), 0);
    assert_true(id > 0);
    return id;
}

static struct keeper_answer wait_for(struct keeper *k, uint64_t id)
{
    struct keeper_answer answer;

    assert_int_equal(keeper_wait(k, id, PATIENCE_MS, &room.arena, &answer, &err), 0);
    assert_int_equal(answer.id, id);
    return answer;
}

static struct keeper_answer answer_to(struct keeper_request request)
{
    struct keeper_answer answer = wait_for(keeper, ask(keeper, request));

    if (answer.rc < 0)
        assert_non_null(answer.error);
    return answer;
}

/* It went well. */
static struct keeper_answer good_answer_to(struct keeper_request request)
{
    struct keeper_answer answer = answer_to(request);

    if (answer.rc != 0)
        print_error("%s\n", answer.error);
    assert_int_equal(answer.rc, 0);
    return answer;
}

/* Something that takes connections and never says a word. */
struct silence {
    int fd;
    char url[64];
};

static void silence_up(struct silence *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(s->fd, 64), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
    snprintf(s->url, sizeof(s->url), "https://127.0.0.1:%d/acme/app.git", ntohs(at.sin_port));
}

static struct keeper_request hanging(const struct silence *s, const char *name, int64_t deadline_ms)
{
    struct keeper_request r = fetch_of("app");

    r.source.url = s->url;
    r.source.name = name;
    r.deadline_ms = deadline_ms;
    return r;
}

/* The worker at the other end of this connection is gone. */
static void expect_end(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    char bytes[4096];
    ssize_t n = 1;

    while (n > 0) {
        assert_int_equal(poll(&pfd, 1, 5000), 1);
        n = recv(fd, bytes, sizeof(bytes), 0);
    }
    close(fd);
}

/* Questions -------------------------------------------------------------------------------------- */

static void a_mirror_is_fetched_and_asked_by_workers(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *first, *tip;
    struct keeper_answer a;

    (void)state;
    a = good_answer_to(fetch_of("app"));
    assert_true(a.changed);
    first = arena_str(&room.arena, a.tip);
    a = good_answer_to(fetch_of("app"));
    assert_false(a.changed);
    git_room_commit(&room, repo, "a/b", "1", "one");
    tip = git_room_commit(&room, repo, "$(id)", "1", "two");
    assert_string_equal(good_answer_to(fetch_of("app")).tip, tip);

    a = good_answer_to(question(KEEPER_LINE, first, tip));
    assert_int_equal(a.line.n, 2);
    assert_string_equal(a.line.commits[0].subject, "one");
    assert_string_equal(a.line.commits[1].sha, tip);
    assert_string_equal(a.line.commits[1].committer_email, "noreply@github.com");
    a = good_answer_to(question(KEEPER_PATHS, first, tip));
    assert_int_equal(a.paths.n, 2);
    a = good_answer_to(question(KEEPER_PATHS, NULL, tip));
    assert_int_equal(a.paths.n, 1);
    assert_string_equal(a.paths.paths[0], "$(id)");
    assert_true(good_answer_to(question(KEEPER_CONTAINS, first, tip)).contains);
    assert_false(good_answer_to(question(KEEPER_CONTAINS, tip, first)).contains);
}

static void an_error_comes_with_its_code_and_a_text_for_people(void **state)
{
    struct keeper_request r;
    struct keeper_answer a;

    (void)state;
    git_room_repo(&room, "app");
    a = answer_to(fetch_of("nowhere"));
    assert_int_equal(a.rc, ERR_UNREACHABLE);
    assert_non_null(strstr(a.error, "cannot fetch acme/app from file:///"));
    r = fetch_of("app");
    r.source.branch = "trunk";
    a = answer_to(r);
    assert_int_equal(a.rc, ERR_NOT_FOUND);
    assert_non_null(strstr(a.error, "branch trunk not found in file:///"));
    r = fetch_of("app");
    r.source.url = "ssh://git@github.com/acme/app";
    assert_int_equal(answer_to(r).rc, ERR_DENIED);
    r = fetch_of("app");
    r.source.n_roots = 0;
    assert_int_equal(answer_to(r).rc, ERR_DENIED);
    r = fetch_of("app");
    r.source.name = "../else";
    assert_int_equal(answer_to(r).rc, ERR_INVALID);
    r = question(KEEPER_LINE, NULL, "HEAD");
    assert_int_equal(answer_to(r).rc, ERR_INVALID);
    good_answer_to(fetch_of("app")); /* none of these hurt it */
}

static void many_questions_are_under_way_at_once_and_each_is_answered_once(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *first, *tip;
    bool seen[61] = {false};
    uint64_t ids[61];

    (void)state;
    first = arena_str(&room.arena, good_answer_to(fetch_of("app")).tip);
    tip = git_room_many(&room, repo, 1500);
    good_answer_to(fetch_of("app"));
    for (int i = 1; i <= 60; i++)
        ids[i] = ask(keeper, i % 2 == 0 ? question(KEEPER_LINE, first, tip)
                                        : question(KEEPER_CONTAINS, first, tip));
    for (int i = 1; i <= 60;) {
        struct pollfd pfd = {.fd = keeper_fd(keeper), .events = POLLIN};
        struct keeper_answer a;
        bool got;
        assert_int_equal(keeper_take(keeper, &room.arena, &a, &got, &err), 0);
        if (!got) {
            assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
            continue;
        }
        for (int k = 1; k <= 60; k++)
            if (ids[k] == a.id) {
                assert_false(seen[k]);
                seen[k] = true;
                assert_int_equal(a.rc, 0);
                assert_int_equal(a.line.n, k % 2 == 0 ? 1000 : 0);
                assert_int_equal(a.contains, k % 2 != 0);
            }
        i++;
    }
    for (int i = 1; i <= 60; i++)
        assert_true(seen[i]);
}

static void a_slow_fetch_holds_up_nobody_else(void **state)
{
    struct silence s;
    const char *tip;
    uint64_t slow[3];
    mono_ms began;

    (void)state;
    git_room_repo(&room, "app");
    tip = arena_str(&room.arena, good_answer_to(fetch_of("app")).tip);
    silence_up(&s);
    slow[0] = ask(keeper, hanging(&s, "acme/slow-1", 2000));
    slow[1] = ask(keeper, hanging(&s, "acme/slow-2", 2000));
    slow[2] = ask(keeper, hanging(&s, "acme/slow-1", 100)); /* the same mirror: after the first */
    began = clock_mono(clock_system());
    good_answer_to(question(KEEPER_LINE, NULL, tip));
    assert_true(clock_mono(clock_system()) - began < 1500);
    assert_int_equal(wait_for(keeper, slow[2]).rc, ERR_TIMEOUT);
    assert_true(clock_mono(clock_system()) - began >= 1900);
    assert_int_equal(wait_for(keeper, slow[0]).rc, ERR_TIMEOUT);
    assert_int_equal(wait_for(keeper, slow[1]).rc, ERR_TIMEOUT);
    close(s.fd);
}

static void too_many_questions_are_busy_and_none_is_lost(void **state)
{
    struct keeper_request more;
    struct silence s;
    uint64_t id;
    char name[40];

    (void)state;
    silence_up(&s);
    for (int i = 0; i < KEEPER_UNDER_WAY_MAX; i++) {
        snprintf(name, sizeof(name), "acme/slow-%d", i % KEEPER_WORKERS_MAX);
        ask(keeper,
            i < KEEPER_WORKERS_MAX ? hanging(&s, name, 1000) : question(KEEPER_LINE, NULL, "HEAD"));
    }
    more = question(KEEPER_LINE, NULL, "HEAD");
    assert_int_equal(keeper_ask(keeper, &more, &id, &err), ERR_BUSY);
    for (int i = 1; i <= KEEPER_UNDER_WAY_MAX; i++)
        assert_int_equal(wait_for(keeper, (uint64_t)i).rc,
                         i <= KEEPER_WORKERS_MAX ? ERR_TIMEOUT : ERR_INVALID);
    wait_for(keeper, ask(keeper, more));
    close(s.fd);
}

/* Deadlines and deaths --------------------------------------------------------------------------- */

static void T51_a_worker_is_killed_at_its_deadline_and_the_next_goes_on(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *tip;
    struct keeper_request r = fetch_of("app");
    struct keeper_answer a;

    (void)state;
    tip = git_room_many(&room, repo, 2000);
    r.deadline_ms = 1;
    a = answer_to(r);
    assert_int_equal(a.rc, ERR_TIMEOUT);
    assert_non_null(strstr(a.error, "acme/app"));
    assert_non_null(strstr(a.error, "1 ms"));
    /* At many points of its work; whatever it leaves, the next fetch is well. */
    for (r.deadline_ms = 2; r.deadline_ms < 60; r.deadline_ms += 3) {
        a = answer_to(r);
        assert_true(a.rc == 0 || a.rc == ERR_TIMEOUT);
    }
    assert_string_equal(good_answer_to(fetch_of("app")).tip, tip);
}

static void T51_at_its_deadline_a_worker_is_really_gone(void **state)
{
    struct silence s;
    int fd = -1;

    (void)state;
    silence_up(&s);
    /* A machine that is busy does not get as far as the connection in any given time. */
    for (int64_t deadline_ms = 500; fd < 0 && deadline_ms < 60000; deadline_ms *= 2) {
        struct pollfd came = {.fd = s.fd, .events = POLLIN};
        uint64_t id = ask(keeper, hanging(&s, "acme/app", deadline_ms));
        assert_int_equal(wait_for(keeper, id).rc, ERR_TIMEOUT);
        if (poll(&came, 1, 0) == 1)
            fd = accept(s.fd, NULL, NULL);
    }
    assert_true(fd >= 0);
    expect_end(fd);
    close(s.fd);
}

static void T51_a_killed_keeper_is_seen_and_its_workers_die_with_it(void **state)
{
    struct pollfd pfd = {.fd = keeper_fd(keeper), .events = POLLIN};
    struct keeper_request r;
    struct keeper_answer a;
    struct silence s;
    uint64_t id;
    bool got;
    int fd;

    (void)state;
    assert_true(keeper_alive(keeper));
    silence_up(&s);
    r = hanging(&s, "acme/app", PATIENCE_MS);
    ask(keeper, r);
    fd = accept(s.fd, NULL, NULL);
    assert_int_equal(kill(keeper_pid(keeper), SIGKILL), 0);
    assert_int_equal(poll(&pfd, 1, 5000), 1);
    assert_false(keeper_alive(keeper));
    assert_int_equal(keeper_take(keeper, &room.arena, &a, &got, &err), ERR_INTERNAL);
    assert_non_null(strstr(err.text, "the git keeper is gone"));
    assert_int_equal(keeper_ask(keeper, &r, &id, &err), ERR_INTERNAL);
    assert_int_equal(keeper_wait(keeper, 1, 1000, &room.arena, &a, &err), ERR_INTERNAL);
    expect_end(fd);
    close(s.fd);
}

static void what_it_said_before_it_died_is_still_taken(void **state)
{
    struct keeper_answer a;
    bool got;

    (void)state;
    ask(keeper, question(KEEPER_LINE, NULL, "HEAD"));
    while (poll(&(struct pollfd){.fd = keeper_fd(keeper), .events = POLLIN}, 1, 1000) == 0)
        ;
    kill(keeper_pid(keeper), SIGKILL);
    while (keeper_alive(keeper))
        poll(NULL, 0, 1);
    assert_int_equal(keeper_take(keeper, &room.arena, &a, &got, &err), 0);
    assert_true(got);
    assert_int_equal(a.rc, ERR_INVALID);
    assert_int_equal(keeper_take(keeper, &room.arena, &a, &got, &err), ERR_INTERNAL);
}

static void ending_it_ends_its_workers(void **state)
{
    struct silence s;
    int fd;

    (void)state;
    silence_up(&s);
    ask(keeper, hanging(&s, "acme/app", PATIENCE_MS));
    fd = accept(s.fd, NULL, NULL);
    keeper_free(keeper);
    keeper = NULL;
    expect_end(fd);
    close(s.fd);
}

static void it_dies_with_the_server_that_forked_it(void **state)
{
    pid_t server, its_keeper = 0;
    int tell[2], status;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* the orphan comes to us */
    assert_int_equal(pipe(tell), 0);
    server = fork();
    if (server == 0) {
        struct keeper *k = NULL;
        if (keeper_spawn(&k, NULL) == 0) {
            pid_t pid = keeper_pid(k);
            if (write(tell[1], &pid, sizeof(pid)) == sizeof(pid))
                pause();
        }
        _exit(1);
    }
    assert_int_equal(read(tell[0], &its_keeper, sizeof(its_keeper)), sizeof(its_keeper));
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(waitpid(server, &status, 0), server);
    assert_int_equal(waitpid(its_keeper, &status, 0), its_keeper);
    close(tell[0]);
    close(tell[1]);
}

static void signals_of_the_terminal_do_not_end_it(void **state)
{
    (void)state;
    git_room_repo(&room, "app");
    good_answer_to(fetch_of("app")); /* by now it has said what it ignores */
    kill(keeper_pid(keeper), SIGINT);
    kill(keeper_pid(keeper), SIGTERM);
    kill(keeper_pid(keeper), SIGHUP);
    good_answer_to(fetch_of("app"));
}

/* The folder of mirrors -------------------------------------------------------------------------- */

static void who_gets_the_lock_removes_what_was_left_in_every_mirror(void **state)
{
    static const char *const left[] = {"mirrors/acme%app.git/refs/slipway/branch.lock",
                                       "mirrors/acme%app.git/packed-refs.lock",
                                       "mirrors/acme%app.git/objects/pack/pack_git2_x1y2z3",
                                       "mirrors/acme%old.git/HEAD.lock"};
    const char *tip;

    (void)state;
    git_room_repo(&room, "app");
    tip = arena_str(&room.arena, good_answer_to(fetch_of("app")).tip);
    keeper_free(keeper);
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
        git_room_write(&room, git_room_path(&room, "%s", left[i]), "left");
    git_room_write(&room, git_room_path(&room, "mirrors/notes.lock"), "not in a mirror");
    assert_int_equal(keeper_spawn(&keeper, &err), 0);
    good_answer_to(question(KEEPER_LINE, NULL, tip)); /* a question is enough */
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
        assert_int_equal(access(git_room_path(&room, "%s", left[i]), F_OK), -1);
    assert_int_equal(access(git_room_path(&room, "mirrors/notes.lock"), F_OK), 0);
}

static void two_keepers_do_not_work_in_one_folder(void **state)
{
    struct keeper_request r = fetch_of("app");
    struct keeper *second = NULL;
    struct keeper_answer a;
    uint64_t id;

    (void)state;
    git_room_repo(&room, "app");
    good_answer_to(fetch_of("app"));
    assert_int_equal(keeper_spawn(&second, &err), 0);
    r.deadline_ms = 200;
    a = wait_for(second, ask(second, r));
    assert_int_equal(a.rc, ERR_BUSY);
    assert_non_null(strstr(a.error, "another git keeper"));
    /* One that waits goes on as soon as the first is gone. */
    id = ask(second, fetch_of("app"));
    keeper_free(keeper);
    keeper = second;
    assert_int_equal(wait_for(keeper, id).rc, 0);
    r.source.folder = room.elsewhere;
    assert_int_equal(answer_to(r).rc, ERR_INVALID);
}

static void a_folder_that_is_not_there_is_said(void **state)
{
    struct keeper_request r = fetch_of("app");

    (void)state;
    r.source.folder = git_room_path(&room, "no/such");
    assert_true(answer_to(r).rc < 0);
    git_room_repo(&room, "app");
    good_answer_to(fetch_of("app"));
}

static void T58_a_worker_reads_nothing_outside_its_roots(void **state)
{
    const char *outside = git_room_path(&room, "else/app");
    struct cage_report report;

    (void)state;
    cage_report(&report);
    if (report.landlock_abi == 0)
        skip(); /* this kernel has no Landlock */
    git_room_repo(&room, "app");
    git_room_git(&room, room.folder, "clone", "-q", "--bare", "git/app", outside, NULL);
    /* A repository under the roots that borrows its objects from outside. */
    git_room_git(&room, room.folder, "clone", "-q", "--bare", "--shared", outside, "git/borrows",
                 NULL);
    assert_true(answer_to(fetch_of("borrows")).rc < 0);
    good_answer_to(fetch_of("app"));
}

/* https ------------------------------------------------------------------------------------------ */

struct https {
    pid_t pid;
    int in; /* it ends when this is closed */
    int port;
    const char *ca;
};

/* Git's own server for git/, with a certificate for `localhost` that signs itself. */
static void https_up(struct https *h, const char *login)
{
    const char *cert = git_room_path(&room, "cert.pem"), *key = git_room_path(&room, "key.pem");
    int in[2], out[2];
    char command[1000], port[16] = "";
    size_t n = 0;

    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
             "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout '%s' -out '%s' "
             "2>/dev/null",
             key, cert);
    assert_int_equal(system(command), 0);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    h->pid = fork();
    if (h->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execlp("python3", "python3", SLIPWAY_SOURCE_DIR "/tests/support/git_https.py", "--root",
               room.roots, "--cert", cert, "--key", key, login == NULL ? NULL : "--login", login,
               NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    while (n < sizeof(port) - 1 && strchr(port, '\n') == NULL) {
        ssize_t got = read(out[0], port + n, sizeof(port) - 1 - n);
        assert_true(got > 0);
        n += (size_t)got;
    }
    close(out[0]);
    h->in = in[1];
    h->port = atoi(port);
    h->ca = cert;
}

static void https_down(struct https *h)
{
    close(h->in);
    waitpid(h->pid, NULL, 0);
}

static struct keeper_request over_https(const struct https *h, const char *host, const char *path)
{
    struct keeper_request r = fetch_of("app");

    r.source.url = arena_printf(&room.arena, "https://%s:%d/%s", host, h->port, path);
    r.source.ca_file = h->ca;
    r.source.n_roots = 0;
    return r;
}

static void a_branch_comes_over_https_and_only_that_branch(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *fork_tip, *first, *tip;
    struct keeper_request r;
    struct keeper_answer a;
    struct https h;

    (void)state;
    first = git_room_git(&room, repo, "rev-parse", "HEAD", NULL);
    git_room_git(&room, repo, "checkout", "-q", "-b", "fork", NULL);
    fork_tip = git_room_commit(&room, repo, "evil", "1", "unmerged");
    git_room_git(&room, repo, "tag", "v1", NULL);
    git_room_git(&room, repo, "checkout", "-q", "main", NULL);
    /* A user's configuration that sends https elsewhere is not read. */
    git_room_write(&room, git_room_path(&room, ".gitconfig"),
                   "[url \"https://127.0.0.1:1/\"]\n\tinsteadOf = https://\n");
    keeper_free(keeper);
    setenv("HOME", room.folder, 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    assert_int_equal(keeper_spawn(&keeper, &err), 0);
    https_up(&h, NULL);
    r = over_https(&h, "localhost", "app/.git");
    assert_string_equal(good_answer_to(r).tip, first);
    tip = git_room_many(&room, repo, 300);
    assert_string_equal(good_answer_to(r).tip, tip);
    assert_false(good_answer_to(r).changed);
    a = good_answer_to(question(KEEPER_LINE, first, tip));
    assert_int_equal(a.line.n, 300);
    assert_int_equal(answer_to(question(KEEPER_LINE, NULL, fork_tip)).rc, ERR_NOT_FOUND);
    /* A force-push. */
    git_room_git(&room, repo, "checkout", "-q", "-B", "main", first, NULL);
    tip = git_room_commit(&room, repo, "b", "1", "other");
    assert_string_equal(good_answer_to(r).tip, tip);
    r.source.branch = "trunk";
    a = answer_to(r);
    assert_int_equal(a.rc, ERR_NOT_FOUND);
    assert_non_null(strstr(a.error, "branch trunk not found in https://localhost:"));
    r = over_https(&h, "localhost", "nowhere");
    assert_int_equal(answer_to(r).rc, ERR_UNREACHABLE);
    https_down(&h);
    unsetenv("https_proxy");
}

static void T53_a_certificate_of_nobody_or_for_another_name_is_refused(void **state)
{
    struct keeper_request r;
    struct keeper_answer a;
    struct https h;

    (void)state;
    git_room_repo(&room, "app");
    https_up(&h, NULL);
    r = over_https(&h, "localhost", "app/.git");
    r.source.ca_file = NULL; /* Debian's list does not know it */
    a = answer_to(r);
    assert_int_equal(a.rc, ERR_UNREACHABLE);
    assert_non_null(strstr(a.error, "cannot fetch acme/app from https://localhost:"));
    r = over_https(&h, "127.0.0.1", "app/.git"); /* it is for localhost */
    assert_int_equal(answer_to(r).rc, ERR_UNREACHABLE);
    good_answer_to(over_https(&h, "localhost", "app/.git"));
    https_down(&h);
}

static void T52_a_redirect_to_another_host_is_not_followed(void **state)
{
    struct keeper_request r;
    struct silence s;
    struct https h;

    (void)state;
    git_room_repo(&room, "app");
    silence_up(&s);
    https_up(&h, NULL);
    r = over_https(&h, "localhost",
                   arena_printf(&room.arena, "redirect/%s", s.url + strlen("https://")));
    r.source.authorization = "Basic c2VjcmV0";
    assert_int_equal(answer_to(r).rc, ERR_UNREACHABLE);
    assert_int_equal(poll(&(struct pollfd){.fd = s.fd, .events = POLLIN}, 1, 0), 0);
    https_down(&h);
    close(s.fd);
}

static void a_token_is_shown_to_the_server_and_to_nobody_else(void **state)
{
    struct keeper_request r;
    struct keeper_answer a;
    struct https h;

    (void)state;
    git_room_repo(&room, "app");
    https_up(&h, "Basic c2VjcmV0");
    r = over_https(&h, "localhost", "app/.git");
    a = answer_to(r);
    assert_int_equal(a.rc, ERR_DENIED);
    assert_non_null(strstr(a.error, "it wants a login, and no token is configured"));
    r.source.authorization = "Basic b3RoZXI=";
    a = answer_to(r);
    assert_int_equal(a.rc, ERR_DENIED);
    assert_non_null(strstr(a.error, "it does not accept the token"));
    assert_null(strstr(a.error, "b3RoZXI="));
    r.source.authorization = "Basic c2VjcmV0";
    good_answer_to(r);
    r.source.authorization = "Basic c2VjcmV0\r\nX-Other: 1";
    assert_int_equal(answer_to(r).rc, ERR_DENIED);
    https_down(&h);
}

static void T51_noise_instead_of_a_pack_is_an_error_and_a_hang_ends(void **state)
{
    struct keeper_request r;
    struct keeper_answer a;
    struct https h;

    (void)state;
    git_room_repo(&room, "app");
    https_up(&h, NULL);
    a = answer_to(over_https(&h, "localhost", "garbage/app"));
    assert_true(a.rc < 0 && a.rc != ERR_TIMEOUT);
    r = over_https(&h, "localhost", "hang/app");
    r.deadline_ms = 700;
    assert_int_equal(answer_to(r).rc, ERR_TIMEOUT);
    good_answer_to(over_https(&h, "localhost", "app/.git"));
    https_down(&h);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mirror_is_fetched_and_asked_by_workers),
        TEST(an_error_comes_with_its_code_and_a_text_for_people),
        TEST(many_questions_are_under_way_at_once_and_each_is_answered_once),
        TEST(a_slow_fetch_holds_up_nobody_else),
        TEST(too_many_questions_are_busy_and_none_is_lost),
        TEST(T51_a_worker_is_killed_at_its_deadline_and_the_next_goes_on),
        TEST(T51_at_its_deadline_a_worker_is_really_gone),
        TEST(T51_a_killed_keeper_is_seen_and_its_workers_die_with_it),
        TEST(what_it_said_before_it_died_is_still_taken),
        TEST(ending_it_ends_its_workers),
        TEST(it_dies_with_the_server_that_forked_it),
        TEST(signals_of_the_terminal_do_not_end_it),
        TEST(who_gets_the_lock_removes_what_was_left_in_every_mirror),
        TEST(two_keepers_do_not_work_in_one_folder),
        TEST(a_folder_that_is_not_there_is_said),
        TEST(T58_a_worker_reads_nothing_outside_its_roots),
        TEST(a_branch_comes_over_https_and_only_that_branch),
        TEST(T53_a_certificate_of_nobody_or_for_another_name_is_refused),
        TEST(T52_a_redirect_to_another_host_is_not_followed),
        TEST(a_token_is_shown_to_the_server_and_to_nobody_else),
        TEST(T51_noise_instead_of_a_pack_is_an_error_and_a_hang_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
