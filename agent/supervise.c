/* supervise: see supervise.h. */
#include "agent/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent_config.h"
#include "agent/cancel.h"
#include "agent/command_folder.h"
#include "agent/host_key.h"
#include "agent/key_chain.h"
#include "agent/course.h"
#include "agent/database_lock.h"
#include "agent/guard.h"
#include "agent/outcome.h"
#include "agent/output.h"
#include "agent/platform.h"
#include "agent/result_file.h"
#include "agent/script_environment.h"
#include "agent/step_health.h"
#include "agent/step_run.h"
#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/redact.h"
#include "lib/base/str.h"
#include "lib/base/names.h"

/* Where the supervisor finds them. */
#define LOCK_FD 3
#define GO_FD 4
#define READY_FD 5
#define DATABASE_FD 6 /* its lock, of a command that has one */
#define FDS 4

#define READY_MS 10000
#define RUN_DIR "/run/slipway-agent"
#define WRITE_TRIES 30 /* a second apart: a full disk may be helped in time */

/* Starting one ---------------------------------------------------------------------------------- */

/* Only calls that are safe between fork and exec of a program with threads. */
static void become_supervisor(const int from[FDS], char *const argv[])
{
    int n = from[DATABASE_FD - LOCK_FD] < 0 ? FDS - 1 : FDS;
    int high[FDS];
    pid_t pid;

    (void)setsid();
    pid = fork();
    if (pid != 0)
        _exit(pid < 0 ? 1 : 0);
    for (int i = 0; i < n; i++)
        high[i] = fcntl(from[i], F_DUPFD, LOCK_FD + FDS); /* out of the way of the next lines */
    for (int i = 0; i < n; i++) {
        if (high[i] < 0 || dup2(high[i], LOCK_FD + i) < 0)
            _exit(1);
    }
    (void)close_range((unsigned)(LOCK_FD + n), UINT_MAX, 0);
    /* This very program, even while its file is being replaced by an upgrade. */
    (void)execv("/proc/self/exe", argv);
    _exit(1);
}

/* "PID START\n" within READY_MS. */
static int read_ready(int fd, struct supervise_child *child, struct err *err)
{
    char line[64] = "";
    size_t n = 0;

    while (n < sizeof(line) - 1 && strchr(line, '\n') == NULL) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got = -1;
        int ready = poll(&p, 1, READY_MS);

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready > 0)
            got = read(fd, line + n, sizeof(line) - 1 - n);
        if (got <= 0)
            return err_set(err, ERR_INTERNAL, "the supervisor did not come up");
        n += (size_t)got;
        line[n] = '\0';
    }
    if (sscanf(line, "%19" SCNd64 " %19" SCNd64, &child->pid, &child->started) != 2)
        return err_set(err, ERR_INTERNAL, "the supervisor said something odd");
    return 0;
}

int supervise_start(const char *state, const char *command_id, struct supervise_locks locks,
                    struct supervise_child *ret_child, struct err *err)
{
    char *argv[] = {NULL, NULL, NULL, NULL, NULL, NULL};
    const char *const words[] = {"slipway-agent", "--state", state, "--supervise", command_id};
    struct supervise_child child = {.go_fd = -1};
    int go[2] = {-1, -1}, ready[2] = {-1, -1};
    int status = 0, rc = 0;
    pid_t pid;

    for (size_t i = 0; i < 5; i++) {
        argv[i] = strdup(words[i]);
        if (argv[i] == NULL)
            abort();
    }
    if (pipe2(go, O_CLOEXEC) < 0 || pipe2(ready, O_CLOEXEC) < 0) {
        rc = err_set(err, ERR_INTERNAL, "making a pipe: %s", strerror(errno));
        goto out;
    }
    pid = fork();
    if (pid == 0)
        become_supervisor((const int[]){locks.folder, go[0], ready[1], locks.database}, argv);
    if (pid < 0) {
        rc = err_set(err, ERR_INTERNAL, "forking: %s", strerror(errno));
        goto out;
    }
    close(ready[1]);
    ready[1] = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    rc = read_ready(ready[0], &child, err);
    if (rc == 0) {
        child.go_fd = go[1];
        go[1] = -1;
        *ret_child = child;
    }
out:
    for (int i = 0; i < 2; i++) {
        if (go[i] >= 0)
            close(go[i]);
        if (ready[i] >= 0)
            close(ready[i]);
    }
    for (size_t i = 0; i < 5; i++)
        free(argv[i]);
    return rc;
}

void supervise_go(struct supervise_child *child, mono_ms asked_at)
{
    (void)file_write_fd(child->go_fd, &asked_at,
                        sizeof(asked_at)); /* a pipe takes so little at once */
    supervise_give_up(child);
}

void supervise_give_up(struct supervise_child *child)
{
    close(child->go_fd);
    child->go_fd = -1;
}

/* The supervisor ------------------------------------------------------------------------------- */

struct supervisor {
    struct arena arena;
    struct clock *clock;
    const char *folder;
    struct agent_config config;
    struct command_order order;
    struct message_reply reply; /* what the outcome says */
    struct course course;
    struct result_lines results;
    struct output_writer *output;
    struct redact *redact; /* NULL = nothing is hidden */
    mono_ms begun_at;
    mono_ms asked_at; /* its permit; SUPERVISE_NO_PERMIT = none was */
    bool has_begun;   /* something of it ran, or may have */
    struct cancel_watch cancel;
};

static int64_t own_start(void)
{
    char *text = NULL, *at;
    size_t len;
    int64_t start = 0;
    struct err err = ERR_INIT;

    if (file_read_all("/proc/self/stat", 4096, &text, &len, &err) < 0)
        return 0;
    at = strrchr(text, ')'); /* behind the name, field 3 comes next */
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at != NULL)
        start = strtoll(at + 1, NULL, 10);
    free(text);
    return start;
}

static bool wait_for_go(mono_ms *ret_asked_at)
{
    char line[64];
    int n = snprintf(line, sizeof(line), "%lld %" PRId64 "\n", (long long)getpid(), own_start());
    ssize_t got;

    (void)file_write_fd(READY_FD, line, (size_t)n);
    close(READY_FD);
    do
        got = read(GO_FD, ret_asked_at, sizeof(*ret_asked_at));
    while (got < 0 && errno == EINTR);
    close(GO_FD);
    return got == (ssize_t)sizeof(*ret_asked_at);
}

/* What stands on disk must be true before the next step; a disk that is full may be helped. */
static int write_outcome(struct supervisor *s)
{
    struct err err = ERR_INIT;
    int rc = -1;

    s->reply.results = s->results.lines;
    s->reply.n_results = s->results.n;
    for (int i = 0; i < WRITE_TRIES && rc < 0; i++) {
        if (i > 0)
            (void)poll(NULL, 0, 1000);
        rc = outcome_write(&s->arena, s->folder, &s->reply, clock_now(s->clock), &err);
    }
    if (rc < 0)
        log_error("command.outcome-lost", "command=%s err=%s", s->order.envelope.command_id,
                  LOG(err.text));
    return rc;
}

static void say(struct supervisor *s, size_t number, const char *text)
{
    output_writer_add(s->output, (uint16_t)number, true, text, strlen(text), clock_now(s->clock));
}

/* Its name, where that is no path. */
static const char *folder_name(struct supervisor *s, size_t number)
{
    const char *name = s->order.document.steps[number].name;

    return names_is_word(name) ? name : arena_printf(&s->arena, "step-%zu", number + 1);
}

/* A folder of the step's own, and in it the empty result that it may write to. */
static int make_result(struct supervisor *s, size_t number, const struct run_as *user,
                       const char **ret_path, struct err *err)
{
    const char *base = arena_printf(&s->arena, "%s/work", s->folder), *folder, *path;
    int fd, rc;

    if (!user->is_own) { /* whoever that is cannot look into the state folder */
        const char *run = *s->config.run_dir != '\0' ? s->config.run_dir : RUN_DIR;

        if ((rc = file_mkdirs(run, 0711, err)) < 0 || (rc = file_check_dir(run, false, err)) < 0)
            return rc;
        base = arena_printf(&s->arena, "%s/%s", run, s->order.envelope.command_id);
        if ((rc = file_mkdirs(base, 0711, err)) < 0)
            return rc;
    }
    folder = arena_printf(&s->arena, "%s/%s", base, folder_name(s, number));
    path = arena_printf(&s->arena, "%s/result", folder);
    if ((rc = file_mkdirs(folder, 0700, err)) < 0)
        return rc;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || (!user->is_own && (fchown(fd, user->uid, user->gid) < 0 ||
                                     lchown(folder, user->uid, user->gid) < 0)))
        rc = err_set(err, ERR_INTERNAL, "making %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    *ret_path = path;
    return rc;
}

/* What the step told; then what it left outside of our own folders is removed. */
static void take_results(struct supervisor *s, size_t number, const char *path,
                         const struct run_as *user)
{
    size_t odd = s->results.n_odd;
    struct err err = ERR_INIT;
    char *slash;

    if (result_file_read(&s->arena, &s->results, path, &err) < 0)
        say(s, number, arena_printf(&s->arena, "slipway: %s\n", err.text));
    if (s->results.n_odd > odd)
        say(s, number,
            arena_printf(&s->arena,
                         "slipway: %zu lines of SLIPWAY_RESULT are no key=value or too much, and "
                         "are left out\n",
                         s->results.n_odd - odd));
    if (user->is_own)
        return;
    path = arena_str(&s->arena, path);
    slash = strrchr(path, '/');
    *slash = '\0';
    command_folder_remove(path);
    slash = strrchr(path, '/');
    *slash = '\0';
    (void)rmdir(path);
}

/* The last look at the clocks before anything runs: what began now could meet what was decided since (G6, G8). NULL: in time. */
static const char *why_too_late(struct supervisor *s)
{
    mono_ms now = clock_mono(s->clock);

    if (guard_is_late(clock_now(s->clock), s->order.envelope.start_by))
        return "not begun: its start-by passed while this host prepared it";
    if (s->asked_at != SUPERVISE_NO_PERMIT && guard_is_stale(now, s->asked_at))
        return arena_printf(&s->arena,
                            "not begun: its permit was %lld s old when it could; this host's disk "
                            "or processor was held up",
                            (long long)(now - s->asked_at) / 1000);
    return NULL;
}

/* Of the first thing that runs; between the first look and this lie writes to the disk, and the lookup of a user. */
static int begin_in_time(struct supervisor *s, struct err *err)
{
    const char *why = s->has_begun ? NULL : why_too_late(s);

    if (why != NULL)
        return err_set(err, ERR_TIMEOUT, "%s", why);
    s->has_begun = true;
    return 0;
}

static int run_step(struct supervisor *s, size_t number, struct step_end *ret_end, struct err *err)
{
    const struct document_step *step = &s->order.document.steps[number];
    bool has_database = s->order.envelope.database != NULL;
    struct step_run run = {.script = step->script,
                           .plain = step->as_ssm,
                           .working_directory = step->working_directory,
                           .umask = s->config.umask,
                           .lock_fds = {has_database ? LOCK_FD : -1,
                                        has_database ? DATABASE_FD : -1},
                           .number = (uint16_t)number,
                           .output = s->output,
                           .clock = s->clock,
                           .cancel = &s->cancel};
    const char *result_path, *platform, *version;
    struct run_as user;
    int rc;

    if (step->action == DOCUMENT_HEALTH && step->http != NULL)
        return (rc = begin_in_time(s, err)) < 0 ? rc : step_health_wait(step, &run, ret_end, err);
    if ((rc = run_as_find(&s->arena, step->run_as, &user, err)) < 0 ||
        (rc = make_result(s, number, &user, &result_path, err)) < 0)
        return rc;
    run.user = &user;
    platform_read(&s->arena, &platform, &version);
    run.environment =
        script_environment_make(&s->arena,
                                &(struct script_environment_facts){.config = &s->config,
                                                                   .envelope = &s->order.envelope,
                                                                   .step = step,
                                                                   .home = user.home,
                                                                   .platform_name = platform,
                                                                   .platform_version = version,
                                                                   .result_path = result_path});
    /* `timeout-minutes` of a migrate job is an alarm: the server's business, nothing is killed (M5). What its document
     * carries is `kill-after`, of the whole job, or the longest there is, which means never. */
    if (has_database && step->timeout_s < DOCUMENT_TIMEOUT_MAX_S)
        run.end_at = s->begun_at + step->timeout_s * 1000;
    else if (!has_database)
        run.end_at = clock_mono(s->clock) + step->timeout_s * 1000;
    if ((rc = begin_in_time(s, err)) < 0)
        return rc;
    rc = step->action == DOCUMENT_HEALTH ? step_health_wait(step, &run, ret_end, err)
                                         : step_run_script(&run, ret_end, err);
    if (rc == 0)
        take_results(s, number, result_path, &user);
    return rc;
}

static void begin(struct supervisor *s)
{
    const struct document *document = &s->order.document;

    s->reply = (struct message_reply){.status = INVOCATION_IN_PROGRESS,
                                      .trace = "",
                                      .state = MESSAGE_REPLY_STARTED,
                                      .reason = "",
                                      .n_steps = document->n_steps};
    s->reply.steps = arena_array(&s->arena, document->n_steps, sizeof(*s->reply.steps));
    s->course = (struct course){.document = document,
                                .reply = &s->reply,
                                .has_database = s->order.envelope.database != NULL};
    for (size_t i = 0; i < document->n_steps; i++)
        s->reply.steps[i] = (struct message_reply_step){.name = document->steps[i].name,
                                                        .status = STEP_PENDING,
                                                        .exit_code = -1};
}

/* Not run here, and why. */
static struct step_end skip(struct supervisor *s, size_t number)
{
    const char *why = s->order.document.steps[number].skipped;

    output_writer_add(s->output, (uint16_t)number, false, why, strlen(why), clock_now(s->clock));
    return (struct step_end){STEP_SUCCESS, 0};
}

/* `*ret_next` is the number of the next step. */
static int do_step(struct supervisor *s, size_t number, size_t *ret_next)
{
    const struct document_step *order = &s->order.document.steps[number];
    struct message_reply_step *step = &s->reply.steps[number];
    struct step_end end = {STEP_FAILED, -1};
    const char *remark;
    struct err err = ERR_INIT;

    step->status = STEP_IN_PROGRESS;
    step->started_at = clock_now(s->clock);
    if (write_outcome(s) < 0)
        return -1;
    if (cancel_watch_asked(&s->cancel)) {
        end = (struct step_end){STEP_CANCELLED, -1}; /* between two steps: this one never began */
    } else if (order->skipped != NULL) {
        end = skip(s, number);
    } else if (run_step(s, number, &end, &err) < 0) {
        end = (struct step_end){STEP_FAILED, -1};
        s->reply.reason = arena_printf(&s->arena, "step %s: %s", step->name, err.text);
        say(s, number, arena_printf(&s->arena, "slipway: %s\n", err.text));
    }
    if ((remark = course_remark(&s->arena, order, end)) != NULL)
        say(s, number, remark);
    step->ended_at = clock_now(s->clock);
    output_writer_end_step(s->output, (uint16_t)number, clock_now(s->clock));
    *ret_next =
        course_after(&s->course, number, end, result_lines_say(&s->results, "migrate", "none"));
    return *ret_next < s->reply.n_steps ? write_outcome(s) : 0;
}

/* Before the end is told, so that what follows it meets a free one. What a success left in the background has no part in it; what
 * was ended otherwise, and lives, keeps it. */
static void leave_database(struct supervisor *s)
{
    if (s->order.envelope.database == NULL)
        return;
    if (s->reply.status == INVOCATION_SUCCESS)
        database_lock_free(DATABASE_FD);
    close(DATABASE_FD);
}

/* A definite end: no step of it ran, and none will. */
static int refuse(struct supervisor *s, const char *why)
{
    begin(s);
    output_writer_close(s->output);
    log_error("command.not-begun", "command=%s err=%s", s->order.envelope.command_id, LOG(why));
    s->reply.status = INVOCATION_FAILED;
    s->reply.reason = why;
    s->reply.state = MESSAGE_REPLY_FINISHED;
    leave_database(s);
    return write_outcome(s);
}

static int run_all(struct supervisor *s)
{
    struct err err = ERR_INIT;

    begin(s);
    s->begun_at = clock_mono(s->clock);
    for (size_t at = 0; at < s->reply.n_steps;) {
        if (do_step(s, at, &at) < 0)
            return -1;
    }
    output_writer_close(s->output);
    if (s->output->lost > 0)
        log_warning("command.output-lost", "command=%s bytes=%lld", s->order.envelope.command_id,
                    (long long)s->output->lost);
    if (output_fold(s->folder, clock_now(s->clock), &err) < 0)
        log_warning("command.output-lost", "command=%s err=%s", s->order.envelope.command_id,
                    LOG(err.text));
    s->reply.state = MESSAGE_REPLY_FINISHED;
    leave_database(s);
    return write_outcome(s);
}

/* Whoever started it took the lock of its database, too. */
static int check_database(const struct supervisor *s, struct err *err)
{
    if (s->order.envelope.database == NULL || fcntl(DATABASE_FD, F_GETFD) >= 0)
        return 0;
    return err_set(err, ERR_INTERNAL, "the lock of %s was not handed on",
                   s->order.envelope.database);
}

int supervise_main(const char *state, const char *command_id)
{
    static struct output_writer output;
    struct supervisor s = {.clock = clock_system(), .output = &output};
    struct key_chain *keys = NULL;
    struct err err = ERR_INIT;
    int rc;

    /* Who stops the agent's service does not mean what it runs. */
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(077);
    /* What a step leaves behind is ours when it ends: else nobody may come for it (the first process of a container), and a
     * group that was killed is never seen to be gone. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    for (int fd = LOCK_FD; fd < LOCK_FD + FDS; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    arena_init(&s.arena);
    s.folder = command_folder_path(&s.arena, state, command_id);
    if ((rc = agent_config_read(&s.arena, state, &s.config, &err)) == 0 &&
        (rc = key_chain_open(state, &s.config, &keys, &err)) == 0 &&
        (rc = command_folder_order(&s.arena, keys, s.folder, &s.order, &err)) == 0 &&
        (rc = check_database(&s, &err)) == 0 &&
        (rc = agent_config_redact(&s.config, s.order.redact, &s.redact, &err)) == 0) {
        host_key_hide(state, s.redact);
        s.results.redact = s.redact;
        rc = output_writer_open(s.output, s.folder, s.redact, &err);
    }
    if (rc < 0)
        log_error("command.not-started", "command=%s err=%s", LOG(command_id), LOG(err.text));
    else if (wait_for_go(&s.asked_at)) {
        const char *why = why_too_late(&s);

        cancel_watch_open(&s.cancel, &s.arena, s.folder);
        rc = why != NULL ? refuse(&s, why) : run_all(&s);
        cancel_watch_close(&s.cancel);
    }
    redact_free(s.redact);
    key_chain_free(keys);
    arena_deinit(&s.arena);
    return rc < 0 ? 1 : 0;
}
