/*
 * keeper_serve: see keeper_serve.h.
 *
 *      request --> queue --(a free worker; nobody else fetches that mirror)--> worker --> answer
 *                    |                                                           |
 *                    '--(the folder's lock stays with another keeper)--> BUSY    '--(deadline)--> TIMEOUT
 *
 * The lock belongs to the keeper and, inherited, to its workers: a keeper that follows a killed one
 * gets it when the last of the old workers is gone, and only then removes what they left.
 */
#include "lib/repo/keeper_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cage.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/str.h"
#include "lib/repo/git_library.h"
#include "lib/repo/keeper_frame.h"
#include "lib/repo/keeper_worker.h"

#define SERVER_FD 3
#define LOCK_RETRY_MS 20
#define IN_MAX ((size_t)KEEPER_UNDER_WAY_MAX * KEEPER_FRAME_REQUEST_MAX)
#define OUT_MAX ((size_t)64 * 1024 * 1024)
#define OUT_FULL ((size_t)2 * KEEPER_FRAME_ANSWER_MAX) /* the server does not read: start no more */

/* A request that waits or is at work. */
struct job {
    struct job *next;
    struct arena arena;
    struct keeper_request request;
    uint64_t id;
    mono_ms give_up; /* if the lock is not ours by then */
};

struct worker {
    struct job *job; /* NULL = free */
    pid_t pid;
    int fd;
    mono_ms deadline;
    struct buf in;
};

struct yard {
    struct buf in, out; /* from and to the server */
    struct worker workers[KEEPER_WORKERS_MAX];
    struct job *first, **end;
    size_t n_waiting;
    char *folder; /* of mirrors; known from the first request */
    int lock;     /* on it; -1 = not ours */
};

static mono_ms now(void)
{
    return clock_mono(clock_system());
}

static void job_free(struct job *job)
{
    arena_deinit(&job->arena);
    free(job);
}

static void answer_error(struct yard *y, uint64_t id, int rc, const char *error)
{
    struct keeper_answer a = {.rc = rc, .error = error};
    struct arena arena;
    const char *text;

    arena_init(&arena);
    text = keeper_frame_answer_text(&arena, KEEPER_FETCH, &a);
    keeper_frame_put(&y->out, id, text, strlen(text));
    arena_deinit(&arena);
}

/* The lock ----------------------------------------------------------------------------------------*/

/* Is the folder of this job ours? If another keeper has it yet, the job waits; else it is answered. */
static bool is_locked(struct yard *y, const struct job *job, bool *ret_waits)
{
    struct err err = ERR_INIT;
    char path[4096];
    int rc;

    *ret_waits = false;
    if (y->lock >= 0 && str_eq(y->folder, job->request.source.folder))
        return true;
    if (y->lock >= 0) {
        answer_error(y, job->id, ERR_INVALID, "this git keeper works in another folder");
        return false;
    }
    snprintf(path, sizeof(path), "%s/keeper.lock", job->request.source.folder);
    rc = file_lock(path, &y->lock, &err);
    if (rc < 0) {
        y->lock = -1;
        *ret_waits = rc == ERR_BUSY && now() < job->give_up;
        if (!*ret_waits)
            answer_error(y, job->id, rc,
                         rc == ERR_BUSY ? "another git keeper works in the folder of mirrors"
                                        : err.text);
        return false;
    }
    y->folder = strdup(job->request.source.folder);
    if (y->folder == NULL)
        abort();
    mirror_sweep(y->folder);
    return true;
}

/* Workers ---------------------------------------------------------------------------------------- */

/* Two fetches of one mirror would meet in its locks. */
static bool is_fetched_already(const struct yard *y, const struct job *job)
{
    for (int i = 0; i < KEEPER_WORKERS_MAX && job->request.verb == KEEPER_FETCH; i++) {
        const struct job *other = y->workers[i].job;
        if (other != NULL && other->request.verb == KEEPER_FETCH &&
            str_eq(other->request.source.name, job->request.source.name))
            return true;
    }
    return false;
}

/* In the child: nothing of the keeper's but its own socket and the lock. */
static _Noreturn void become_worker(const struct yard *y, int fd, const struct job *job,
                                    pid_t parent)
{
    int lock = fcntl(y->lock, F_DUPFD, SERVER_FD + 2); /* inherited until the worker is gone */

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    dup2(fd, SERVER_FD);
    dup2(lock, SERVER_FD + 1);
    close_range(SERVER_FD + 2, ~0U, 0);
    keeper_worker(SERVER_FD, job->id, &job->request);
}

/* Takes the job. */
static void start_worker(struct yard *y, struct worker *w, struct job *job)
{
    pid_t parent = getpid();
    struct err err = ERR_INIT;
    int fds[2];

    if (git_library_load(&err) < 0) {
        answer_error(y, job->id, ERR_INTERNAL, err.text);
        job_free(job);
        return;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
        answer_error(y, job->id, ERR_INTERNAL, strerror(errno));
        job_free(job);
        return;
    }
    w->pid = fork();
    if (w->pid == 0)
        become_worker(y, fds[1], job, parent);
    close(fds[1]);
    if (w->pid < 0) {
        answer_error(y, job->id, ERR_INTERNAL, strerror(errno));
        close(fds[0]);
        job_free(job);
        return;
    }
    w->job = job;
    w->fd = fds[0];
    w->deadline = now() + job->request.deadline_ms;
    buf_init(&w->in, KEEPER_FRAME_HEAD + KEEPER_FRAME_ANSWER_MAX + 65536);
}

static void end_worker(struct worker *w)
{
    kill(w->pid, SIGKILL);
    while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close(w->fd);
    buf_deinit(&w->in);
    job_free(w->job);
    w->job = NULL;
}

static void answer_timeout(struct yard *y, const struct worker *w)
{
    const struct keeper_request *r = &w->job->request;
    char text[400];

    if (r->verb == KEEPER_FETCH)
        snprintf(text, sizeof(text), "cannot fetch %s: not done within %lld ms", r->source.name,
                 (long long)r->deadline_ms);
    else
        snprintf(text, sizeof(text), "reading the mirror of %s: not done within %lld ms",
                 r->source.name, (long long)r->deadline_ms);
    answer_error(y, w->job->id, ERR_TIMEOUT, text);
}

static void serve_worker(struct yard *y, struct worker *w, bool readable)
{
    int filled = readable ? keeper_frame_fill(&w->in, w->fd) : 0;
    struct keeper_frame frame;
    struct arena arena;
    bool got = false;
    int rc;

    arena_init(&arena);
    rc = keeper_frame_take(&w->in, KEEPER_FRAME_ANSWER_MAX, 0, &arena, &frame, &got, NULL);
    if (got)
        keeper_frame_put(&y->out, w->job->id, frame.text, frame.len);
    else if (rc < 0 || filled == ERR_UNREACHABLE)
        answer_error(y, w->job->id, ERR_INTERNAL, "the git worker ended without an answer");
    else if (now() >= w->deadline)
        answer_timeout(y, w);
    else
        w = NULL; /* goes on */
    arena_deinit(&arena);
    if (w != NULL)
        end_worker(w);
}

static struct worker *free_worker(struct yard *y)
{
    for (int i = 0; i < KEEPER_WORKERS_MAX; i++)
        if (y->workers[i].job == NULL)
            return &y->workers[i];
    return NULL;
}

/* Start what can start, in order of arrival. `*ret_waits`: for the lock. */
static void start_some(struct yard *y, bool *ret_waits)
{
    struct job **at = &y->first;
    struct worker *w;

    *ret_waits = false;
    while (*at != NULL && y->out.len < OUT_FULL && (w = free_worker(y)) != NULL) {
        struct job *job = *at;
        bool waits = false, locked;
        if (is_fetched_already(y, job)) {
            at = &job->next;
            continue;
        }
        locked = is_locked(y, job, &waits);
        if (waits) {
            *ret_waits = true;
            at = &job->next;
            continue;
        }
        *at = job->next;
        if (y->end == &job->next)
            y->end = at;
        y->n_waiting--;
        if (locked)
            start_worker(y, w, job);
        else
            job_free(job);
    }
}

/* The server ------------------------------------------------------------------------------------- */

static void take_request(struct yard *y, const struct keeper_frame *frame)
{
    struct job *job = calloc(1, sizeof(*job));
    struct err err = ERR_INIT;

    if (job == NULL)
        abort();
    arena_init(&job->arena);
    job->id = frame->id;
    if (keeper_frame_request_read(&job->arena, frame->text, frame->len, &job->request, &err) < 0) {
        answer_error(y, frame->id, ERR_INVALID, err.text);
        job_free(job);
    } else if (y->n_waiting == KEEPER_UNDER_WAY_MAX) {
        answer_error(y, frame->id, ERR_BUSY, "the git keeper has too many requests");
        job_free(job);
    } else {
        job->give_up = now() + job->request.deadline_ms;
        *y->end = job;
        y->end = &job->next;
        y->n_waiting++;
    }
}

/* False: the server is gone, or sends what it never would. */
static bool take_requests(struct yard *y)
{
    bool got = true;
    int rc = 0;

    if (keeper_frame_fill(&y->in, SERVER_FD) == ERR_UNREACHABLE)
        return false;
    while (rc == 0 && got) {
        struct keeper_frame frame;
        struct arena arena;
        arena_init(&arena);
        rc = keeper_frame_take(&y->in, KEEPER_FRAME_REQUEST_MAX, 0, &arena, &frame, &got, NULL);
        if (rc == 0 && got)
            take_request(y, &frame);
        arena_deinit(&arena);
    }
    return rc == 0;
}

static int wait_ms(const struct yard *y, bool waits)
{
    int64_t wait = waits ? LOCK_RETRY_MS : -1;

    for (int i = 0; i < KEEPER_WORKERS_MAX; i++) {
        int64_t left = y->workers[i].deadline - now();
        if (y->workers[i].job != NULL && (wait < 0 || left < wait))
            wait = left < 0 ? 0 : left;
    }
    return (int)wait;
}

/* One round. False: the end. */
static bool serve_once(struct yard *y, bool waits)
{
    struct pollfd fds[1 + KEEPER_WORKERS_MAX] = {{.fd = SERVER_FD, .events = POLLIN}};

    if (y->out.len > 0)
        fds[0].events |= POLLOUT;
    for (int i = 0; i < KEEPER_WORKERS_MAX; i++)
        fds[1 + i] = (struct pollfd){.fd = y->workers[i].job != NULL ? y->workers[i].fd : -1,
                                     .events = POLLIN};
    if (poll(fds, 1 + KEEPER_WORKERS_MAX, wait_ms(y, waits)) < 0)
        return errno == EINTR;
    if ((fds[0].revents & ~POLLOUT) != 0 && !take_requests(y))
        return false;
    for (int i = 0; i < KEEPER_WORKERS_MAX; i++)
        if (y->workers[i].job != NULL)
            serve_worker(y, &y->workers[i], fds[1 + i].revents != 0);
    return keeper_frame_flush(&y->out, SERVER_FD) == 0;
}

/* Keep the socket alone, and the standard error of the server. */
static void leave_behind(int fd)
{
    int null;

    dup2(fd, SERVER_FD);
    close_range(SERVER_FD + 1, ~0U, 0);
    null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        close(null);
    }
}

_Noreturn void keeper_serve(int fd, pid_t parent)
{
    struct yard y = {.end = &y.first, .lock = -1};
    bool waits = false;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    prctl(PR_SET_NAME, "slipway-git");
    signal(SIGINT, SIG_IGN); /* the server ends us */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    leave_behind(fd);
    if (cage_basics(NULL) < 0 || cage_keeper(NULL) < 0)
        _exit(1);
    buf_init(&y.in, IN_MAX);
    buf_init(&y.out, OUT_MAX);
    while (serve_once(&y, waits))
        start_some(&y, &waits);
    for (int i = 0; i < KEEPER_WORKERS_MAX; i++)
        if (y.workers[i].job != NULL)
            end_worker(&y.workers[i]);
    _exit(0);
}
