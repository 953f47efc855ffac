#include "lib/repo/keeper.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cage.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/str.h"

#define WORKERS_MAX 4
#define QUEUE_MAX 1024
#define WORKER_MEMORY (1024UL * 1024 * 1024)

/* Frames: 4 bytes of length, then so many bytes. */
static int send_frame(int fd, const char *text)
{
    uint32_t n = (uint32_t)strlen(text);

    if (n > KEEPER_FRAME_MAX || file_write_fd(fd, &n, sizeof(n)) < 0)
        return -1;
    return file_write_fd(fd, text, n);
}

/* Bytes as they come, until a frame is whole. */
struct inbox {
    char *bytes;
    size_t n, cap;
};

/* 1 = read something, 0 = the other side is gone, -1 = nothing there now. */
static int inbox_fill(struct inbox *in, int fd, int flags)
{
    ssize_t got;

    if (in->cap - in->n < 65536) {
        in->cap = in->cap == 0 ? 131072 : in->cap * 2;
        in->bytes = realloc(in->bytes, in->cap);
        if (in->bytes == NULL)
            abort();
    }
    do
        got = flags != 0 ? recv(fd, in->bytes + in->n, in->cap - in->n, flags)
                         : read(fd, in->bytes + in->n, in->cap - in->n);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return -1;
    if (got <= 0)
        return 0;
    in->n += (size_t)got;
    return 1;
}

/* A whole frame, copied into the arena; NULL if there is none yet. `*ret_bad`: it claims too much. */
static char *inbox_take(struct inbox *in, struct arena *arena, size_t *ret_len, bool *ret_bad)
{
    uint32_t n;
    char *text;

    *ret_bad = false;
    if (in->n < sizeof(n))
        return NULL;
    memcpy(&n, in->bytes, sizeof(n));
    if (n > KEEPER_FRAME_MAX) {
        *ret_bad = true;
        return NULL;
    }
    if (in->n - sizeof(n) < n)
        return NULL;
    text = arena_strn(arena, in->bytes + sizeof(n), n);
    in->n -= sizeof(n) + n;
    memmove(in->bytes, in->bytes + sizeof(n) + n, in->n);
    *ret_len = n;
    return text;
}

/* The keeper's own side ------------------------------------------------------------------------- */

struct worker {
    pid_t pid; /* 0 = free */
    int fd;
    uint64_t id;
    enum keeper_verb verb;
    mono_ms deadline;
    struct inbox inbox;
};

struct waiting {
    char *text;
    size_t len;
    struct waiting *next;
};

struct yard {
    int fd; /* to the server */
    struct worker workers[WORKERS_MAX];
    struct waiting *first, **end;
    size_t n_waiting;
};

/* A worker that was killed in mid-fetch leaves these; nobody else writes here. */
static void remove_leftovers(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *e;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        char path[4096];
        DIR *inner;
        struct dirent *f;
        if (!str_ends(e->d_name, ".git"))
            continue;
        for (int k = 0; k < 3; k++) {
            static const char *const inside[] = {"", "/objects/pack", "/refs/slipway"};
            snprintf(path, sizeof(path), "%s/%s%s", folder, e->d_name, inside[k]);
            inner = opendir(path);
            while (inner != NULL && (f = readdir(inner)) != NULL) {
                char left[8192];
                snprintf(left, sizeof(left), "%s/%s", path, f->d_name);
                if (str_ends(f->d_name, ".lock") || str_starts(f->d_name, "pack_git2_"))
                    unlink(left);
            }
            if (inner != NULL)
                closedir(inner);
        }
    }
    if (dir != NULL)
        closedir(dir);
}

static _Noreturn void worker_main(int fd, const char *text, size_t len)
{
    struct keeper_request r;
    struct keeper_answer a = {.id = 0};
    struct err err = ERR_INIT;
    struct arena arena;
    const char *answer;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
#ifndef SLIPWAY_SANITIZE
    setrlimit(RLIMIT_AS, &(struct rlimit){WORKER_MEMORY, WORKER_MEMORY});
#endif
    arena_init(&arena);
    a.rc = keeper_request_read(&arena, text, len, &a.id, &r, &err);
    if (a.rc == 0) {
        mirror_library_begin();
        switch (r.verb) {
        case KEEPER_FETCH:
            a.rc = mirror_fetch(&r.source, a.tip, &err);
            break;
        case KEEPER_LINE:
            a.rc =
                mirror_line(&arena, r.source.folder, r.source.name, r.known, r.sha, &a.line, &err);
            break;
        case KEEPER_PATHS:
            a.rc = mirror_paths(&arena, r.source.folder, r.source.name, r.sha, &a.paths, &err);
            break;
        }
    }
    a.error = a.rc < 0 ? str_clean(&arena, err.text, strlen(err.text), 500) : NULL;
    answer = keeper_answer_text(&arena, r.verb, &a);
    if (answer != NULL)
        send_frame(fd, answer);
    _exit(0);
}

static void answer_error(struct yard *y, uint64_t id, int rc, const char *error)
{
    struct keeper_answer a = {.id = id, .rc = rc, .error = error};
    struct arena arena;

    arena_init(&arena);
    send_frame(y->fd, keeper_answer_text(&arena, KEEPER_FETCH, &a));
    arena_deinit(&arena);
}

static void start_worker(struct yard *y, struct worker *w, const char *text, size_t len)
{
    struct keeper_request r;
    struct arena arena;
    uint64_t id = 0;
    int pipes[2];

    arena_init(&arena);
    if (keeper_request_read(&arena, text, len, &id, &r, NULL) < 0) {
        answer_error(y, id == 0 ? 1 : id, ERR_INVALID, "a request of another form");
    } else if (pipe(pipes) < 0) {
        answer_error(y, id, ERR_INTERNAL, strerror(errno));
    } else {
        static bool cleaned;
        if (!cleaned)
            remove_leftovers(r.source.folder);
        cleaned = true;
        w->pid = fork();
        if (w->pid == 0) {
            close(pipes[0]);
            close(y->fd);
            worker_main(pipes[1], text, len);
        }
        close(pipes[1]);
        w->fd = pipes[0];
        w->id = id;
        w->verb = r.verb;
        w->deadline = clock_mono(clock_system()) + r.deadline_ms;
        w->inbox.n = 0;
        if (w->pid < 0) {
            w->pid = 0;
            close(pipes[0]);
            answer_error(y, id, ERR_INTERNAL, strerror(errno));
        }
    }
    arena_deinit(&arena);
}

static void start_some(struct yard *y)
{
    for (int i = 0; i < WORKERS_MAX && y->first != NULL; i++) {
        struct waiting *next = y->first;
        if (y->workers[i].pid != 0)
            continue;
        y->first = next->next;
        if (y->first == NULL)
            y->end = &y->first;
        y->n_waiting--;
        start_worker(y, &y->workers[i], next->text, next->len);
        free(next->text);
        free(next);
    }
}

static void end_worker(struct worker *w)
{
    kill(w->pid, SIGKILL);
    waitpid(w->pid, NULL, 0);
    close(w->fd);
    w->pid = 0;
}

static void serve_worker(struct yard *y, struct worker *w, bool readable)
{
    struct arena arena;
    size_t len;
    bool bad = false;
    char *frame;
    int got = readable ? inbox_fill(&w->inbox, w->fd, 0) : 1;

    arena_init(&arena);
    frame = inbox_take(&w->inbox, &arena, &len, &bad);
    if (frame != NULL)
        send_frame(y->fd, frame);
    else if (got == 0 || bad)
        answer_error(y, w->id, ERR_INTERNAL, "the git worker ended without an answer");
    else if (clock_mono(clock_system()) >= w->deadline)
        answer_error(y, w->id, ERR_TIMEOUT, "the git worker was ended at its deadline");
    else
        w = NULL;
    if (w != NULL)
        end_worker(w);
    arena_deinit(&arena);
}

static void take_requests(struct yard *y, struct inbox *inbox)
{
    struct arena arena;
    size_t len;
    bool bad;
    char *text;

    arena_init(&arena);
    while ((text = inbox_take(inbox, &arena, &len, &bad)) != NULL && y->n_waiting < QUEUE_MAX) {
        struct waiting *w = calloc(1, sizeof(*w));
        if (w == NULL || (w->text = strndup(text, len)) == NULL)
            abort();
        w->len = len;
        *y->end = w;
        y->end = &w->next;
        y->n_waiting++;
    }
    arena_deinit(&arena);
    if (bad)
        _exit(1);
}

static int next_deadline(const struct yard *y)
{
    mono_ms now = clock_mono(clock_system());
    int64_t wait = -1;

    for (int i = 0; i < WORKERS_MAX; i++) {
        int64_t left = y->workers[i].deadline - now;
        if (y->workers[i].pid != 0 && (wait < 0 || left < wait))
            wait = left < 0 ? 0 : left;
    }
    return wait > 3600000 ? 3600000 : (int)wait;
}

static _Noreturn void keeper_main(int fd)
{
    struct yard y = {.fd = fd, .end = &y.first};
    struct inbox inbox = {.n = 0};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "slipway-git");
    signal(SIGINT, SIG_IGN); /* the server ends us */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    if (cage_basics(NULL) < 0 || cage_keeper(NULL) < 0)
        _exit(1);
    for (;;) {
        struct pollfd fds[1 + WORKERS_MAX] = {{.fd = fd, .events = POLLIN}};
        for (int i = 0; i < WORKERS_MAX; i++)
            fds[1 + i] = (struct pollfd){.fd = y.workers[i].pid != 0 ? y.workers[i].fd : -1,
                                         .events = POLLIN};
        if (poll(fds, 1 + WORKERS_MAX, next_deadline(&y)) < 0 && errno != EINTR)
            _exit(1);
        if (fds[0].revents != 0) {
            if (inbox_fill(&inbox, fd, 0) == 0)
                break;
            take_requests(&y, &inbox);
        }
        for (int i = 0; i < WORKERS_MAX; i++)
            if (y.workers[i].pid != 0)
                serve_worker(&y, &y.workers[i], fds[1 + i].revents != 0);
        start_some(&y);
    }
    for (int i = 0; i < WORKERS_MAX; i++)
        if (y.workers[i].pid != 0)
            end_worker(&y.workers[i]);
    _exit(0);
}

/* The server's side ----------------------------------------------------------------------------- */

struct keeper {
    pid_t pid;
    int fd;
    uint64_t last_id;
    struct inbox inbox;
};

int keeper_spawn(struct keeper **ret_keeper, struct err *err)
{
    struct keeper *k = calloc(1, sizeof(*k));
    int fds[2];

    if (k == NULL)
        abort();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 || (k->pid = fork()) < 0) {
        free(k);
        return err_set(err, ERR_INTERNAL, "the git keeper cannot be started: %s", strerror(errno));
    }
    if (k->pid == 0) {
        close(fds[0]);
        keeper_main(fds[1]);
    }
    close(fds[1]);
    k->fd = fds[0];
    *ret_keeper = k;
    return 0;
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    close(keeper->fd);
    waitpid(keeper->pid, NULL, 0);
    free(keeper->inbox.bytes);
    free(keeper);
}

int keeper_fd(const struct keeper *keeper)
{
    return keeper->fd;
}

int keeper_ask(struct keeper *keeper, const struct keeper_request *request, uint64_t *ret_id,
               struct err *err)
{
    struct arena arena;
    const char *text;
    int rc = 0;

    arena_init(&arena);
    text = keeper_request_text(&arena, keeper->last_id + 1, request);
    if (text == NULL || send_frame(keeper->fd, text) < 0)
        rc = err_set(err, ERR_INTERNAL, "the git keeper is gone");
    arena_deinit(&arena);
    if (rc == 0)
        *ret_id = ++keeper->last_id;
    return rc;
}

int keeper_take(struct keeper *keeper, struct arena *arena, struct keeper_answer *ret_answer,
                bool *ret_got, struct err *err)
{
    bool bad = false;
    size_t len;
    char *text = inbox_take(&keeper->inbox, arena, &len, &bad);

    *ret_got = false;
    while (text == NULL && !bad) {
        int got = inbox_fill(&keeper->inbox, keeper->fd, MSG_DONTWAIT);
        if (got < 0)
            return 0;
        if (got == 0)
            return err_set(err, ERR_INTERNAL, "the git keeper is gone");
        text = inbox_take(&keeper->inbox, arena, &len, &bad);
    }
    if (bad)
        return err_set(err, ERR_INTERNAL, "the git keeper sent a frame that is too large");
    *ret_got = true;
    return keeper_answer_read(arena, text, len, ret_answer, err);
}

int keeper_wait(struct keeper *keeper, struct arena *arena, int64_t timeout_ms,
                struct keeper_answer *ret_answer, struct err *err)
{
    mono_ms end = clock_mono(clock_system()) + timeout_ms;

    for (;;) {
        struct pollfd pfd = {.fd = keeper->fd, .events = POLLIN};
        int64_t left = end - clock_mono(clock_system());
        bool got;
        int rc = keeper_take(keeper, arena, ret_answer, &got, err);
        if (rc < 0 || got)
            return rc;
        if (left <= 0)
            return err_set(err, ERR_TIMEOUT, "no answer from the git keeper in time");
        poll(&pfd, 1, (int)left);
    }
}
