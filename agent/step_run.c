/* step_run: see step_run.h. */
#include "agent/step_run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHELL "/bin/sh"
#define FIRST_LINE "set -eu\n"
#define DRAIN_MS 300 /* for what is still in the pipes when the script has ended */
#define LOOK_MS 250  /* for a cancel, where the folder cannot be watched */
#define EXIT_NOT_STARTED 126

struct running {
    const struct step_run *run;
    pid_t pid;
    int pidfd;
    int streams[2]; /* its standard output and standard error; -1 = closed */
    bool has_ended;
    bool timed_out;
    bool cancelled;
    mono_ms drain_until;
};

/* The child ------------------------------------------------------------------------------------ */

static void stop_child(const char *what, int error)
{
    (void)dprintf(STDERR_FILENO, "slipway: the script cannot be started: %s: %s\n", what,
                  strerror(error));
    _exit(EXIT_NOT_STARTED);
}

static void reset_signals(void)
{
    sigset_t none;

    for (int s = 1; s < NSIG; s++)
        (void)signal(s, SIG_DFL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Where no shell script's `exec 3>` reaches it, nor the `exec 200>` of those that use flock; lower where the host allows so few.
 * Behind `after`. */
static int out_of_reach(int fd, int after)
{
    static const int places[] = {900, 400, 64};
    int high = -1;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && high < 0; i++)
        high = fcntl(fd, F_DUPFD, places[i] > after ? places[i] : after + 1);
    return high;
}

/* Nothing stays open but 0, 1, 2 and the locks. Who cannot have those does not run: it would not be seen (G7). */
static void close_others(const int locks[STEP_RUN_LOCKS])
{
    int last = 2, high[STEP_RUN_LOCKS];

    for (int i = 0; i < STEP_RUN_LOCKS && locks[0] >= 0; i++) {
        high[i] = out_of_reach(locks[i], i > 0 ? high[i - 1] : 2);
        if (high[i] < 0)
            stop_child("handing on its locks", errno);
    }
    for (int i = 0; i < STEP_RUN_LOCKS && locks[0] >= 0; i++) {
        if (high[i] > last + 1)
            (void)close_range((unsigned)last + 1, (unsigned)high[i] - 1, 0);
        last = high[i];
    }
    (void)close_range((unsigned)last + 1, UINT_MAX, 0);
}

static void become_script(const struct step_run *run, const int out[2], char *const argv[],
                          char *const envp[])
{
    const char *folder = *run->working_directory != '\0' ? run->working_directory : "/";
    const struct rlimit no_core = {0, 0};
    int null, rc;

    (void)setsid();
    null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(out[0], 1) < 0 || dup2(out[1], 2) < 0)
        _exit(EXIT_NOT_STARTED);
    close_others(run->lock_fds);
    reset_signals();
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)umask(run->umask);
    if ((rc = run_as_become(run->user)) < 0)
        stop_child("changing the user", -rc);
    if (chdir(folder) < 0)
        stop_child(folder, errno);
    (void)execve(SHELL, argv, envp);
    stop_child(SHELL, errno);
}

/* execve() wants arrays that it never writes to. */
static char **writable(const char *const *list)
{
    size_t n = 0;
    char **copy;

    while (list[n] != NULL)
        n++;
    copy = calloc(n + 1, sizeof(*copy));
    if (copy == NULL)
        abort();
    memcpy(copy, list, n * sizeof(*copy));
    return copy;
}

/* The parent ----------------------------------------------------------------------------------- */

/* fork() and pidfd_open() at once: a script that runs can be watched, or it was not begun. */
static pid_t fork_with_pidfd(int *ret_pidfd)
{
    return (pid_t)syscall(SYS_clone, (unsigned long)(CLONE_PIDFD | SIGCHLD), NULL, ret_pidfd, NULL,
                          NULL);
}

static int start(struct running *r, struct err *err)
{
    char *script = NULL;
    int out[2] = {-1, -1}, error[2] = {-1, -1};
    char **argv = NULL, **envp = NULL;
    int rc = 0;

    if (asprintf(&script, "%s%s", r->run->plain ? "" : FIRST_LINE, r->run->script) < 0)
        abort();
    if (pipe2(out, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0) {
        rc = err_set(err, ERR_INTERNAL, "making a pipe: %s", strerror(errno));
        goto out;
    }
    argv = writable((const char *const[]){"sh", "-c", script, "slipway", NULL});
    envp = writable(r->run->environment);
    r->pid = fork_with_pidfd(&r->pidfd);
    if (r->pid == 0)
        become_script(r->run, (const int[]){out[1], error[1]}, argv, envp);
    if (r->pid < 0) {
        rc = err_set(err, ERR_INTERNAL, "starting a script: %s", strerror(errno));
        goto out;
    }
    r->streams[0] = out[0];
    r->streams[1] = error[0];
    out[0] = error[0] = -1;
    (void)fcntl(r->streams[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(r->streams[1], F_SETFL, O_NONBLOCK);
out:
    for (int i = 0; i < 2; i++) {
        if (out[i] >= 0)
            close(out[i]);
        if (error[i] >= 0)
            close(error[i]);
    }
    free(script);
    free(argv);
    free(envp);
    return rc;
}

/* All that is there now of one stream. */
static void read_stream(struct running *r, int which)
{
    char bytes[MESSAGE_OUTPUT_CHUNK_MAX];
    const struct step_run *run = r->run;

    for (int i = 0; i < 16; i++) { /* the other stream wants its turn too */
        ssize_t got = read(r->streams[which], bytes, sizeof(bytes));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            close(r->streams[which]);
            r->streams[which] = -1;
            return;
        }
        output_writer_add(run->output, run->number, which == 1, bytes, (size_t)got,
                          clock_now(run->clock));
    }
}

static int sooner(int timeout, int64_t left)
{
    if (left < 0)
        left = 0;
    return timeout < 0 || left < timeout ? (int)(left > INT_MAX ? INT_MAX : left) : timeout;
}

static int time_left(const struct running *r)
{
    mono_ms mono = clock_mono(r->run->clock);
    int64_t left = output_writer_left(r->run->output, clock_now(r->run->clock));
    int timeout = -1;

    if (left >= 0)
        timeout = sooner(timeout, left);
    if (r->has_ended)
        return sooner(timeout, r->drain_until - mono);
    if (r->run->end_at != 0 && !r->timed_out)
        timeout = sooner(timeout, r->run->end_at - mono);
    if (r->run->cancel->fd < 0)
        timeout = sooner(timeout, LOOK_MS);
    return timeout;
}

/* One that was just forked has no group yet: it is ended by itself, and in case it got one meanwhile once more. */
static void end_group(pid_t pid)
{
    if (kill(-pid, SIGKILL) < 0 && errno == ESRCH) {
        (void)kill(pid, SIGKILL);
        (void)kill(-pid, SIGKILL);
    }
}

static void wait_once(struct running *r)
{
    struct pollfd fds[4] = {{.fd = r->streams[0], .events = POLLIN},
                            {.fd = r->streams[1], .events = POLLIN},
                            {.fd = r->has_ended ? -1 : r->pidfd, .events = POLLIN},
                            {.fd = r->run->cancel->fd, .events = POLLIN}};
    int n = poll(fds, 4, time_left(r));

    for (int i = 0; i < 2 && n > 0; i++) {
        if (fds[i].revents != 0)
            read_stream(r, i);
    }
    if (output_writer_left(r->run->output, clock_now(r->run->clock)) == 0)
        output_writer_flush(r->run->output);
    if (n > 0 && fds[2].revents != 0) {
        r->has_ended = true;
        r->drain_until = clock_mono(r->run->clock) + DRAIN_MS;
    }
    if (!r->has_ended && !r->cancelled && cancel_watch_asked(r->run->cancel)) {
        end_group(r->pid);
        r->cancelled = true;
    }
    if (!r->has_ended && !r->timed_out && r->run->end_at != 0 &&
        clock_mono(r->run->clock) >= r->run->end_at) {
        end_group(r->pid);
        r->timed_out = true;
    }
}

static struct step_end end_of(const struct running *r, int status)
{
    int64_t code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

    if (r->cancelled)
        return (struct step_end){STEP_CANCELLED, code};
    if (r->timed_out)
        return (struct step_end){STEP_TIMED_OUT, code};
    return (struct step_end){code == 0 ? STEP_SUCCESS : STEP_FAILED, code};
}

int step_run_script(const struct step_run *run, struct step_end *ret_end, struct err *err)
{
    struct running r = {.run = run, .streams = {-1, -1}, .pidfd = -1};
    int status = 0;
    int rc = start(&r, err);

    if (rc < 0)
        return rc;
    while (!r.has_ended ||
           ((r.streams[0] >= 0 || r.streams[1] >= 0) && clock_mono(run->clock) < r.drain_until))
        wait_once(&r);
    while (waitpid(r.pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (r.cancelled)
        cancel_wait_gone(r.pid); /* what it started in its group, too */
    output_writer_end_step(run->output, run->number, clock_now(run->clock));
    for (int i = 0; i < 2; i++) {
        if (r.streams[i] >= 0)
            close(r.streams[i]);
    }
    close(r.pidfd);
    *ret_end = end_of(&r, status);
    return 0;
}
