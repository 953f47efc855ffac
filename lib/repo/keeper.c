/* keeper: see keeper.h. The server's side: spawn, ask, take. */
#include "lib/repo/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/secret.h"
#include "lib/repo/keeper_frame.h"
#include "lib/repo/keeper_serve.h"

/* What may wait on each way. The keeper reads at once, so little ever waits outwards. */
#define IN_MAX ((size_t)16 * KEEPER_FRAME_ANSWER_MAX)
#define OUT_MAX ((size_t)KEEPER_UNDER_WAY_MAX * 2048)
#define END_MS 3000 /* how long it may take to end by itself */

struct keeper {
    pid_t pid;
    int fd;
    uint64_t last_id;
    struct buf in, out;
    size_t n; /* under way */
    struct {
        uint64_t id;
        enum keeper_verb verb;
    } under_way[KEEPER_UNDER_WAY_MAX];
};

int keeper_spawn(struct keeper **ret_keeper, struct err *err)
{
    struct keeper *k = calloc(1, sizeof(*k));
    pid_t parent = getpid();
    int fds[2] = {-1, -1};

    if (k == NULL)
        abort();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 || (k->pid = fork()) < 0) {
        int rc =
            err_set(err, ERR_INTERNAL, "the git keeper cannot be started: %s", strerror(errno));
        if (fds[0] >= 0) {
            close(fds[0]);
            close(fds[1]);
        }
        free(k);
        return rc;
    }
    if (k->pid == 0) {
        close(fds[0]);
        keeper_serve(fds[1], parent);
    }
    close(fds[1]);
    k->fd = fds[0];
    buf_init(&k->in, IN_MAX);
    buf_init(&k->out, OUT_MAX);
    *ret_keeper = k;
    return 0;
}

/* It ends when its socket does; what does not end is killed. */
static void end(pid_t pid)
{
    mono_ms until = clock_mono(clock_system()) + END_MS;
    pid_t ended = 0;

    while (ended == 0 && clock_mono(clock_system()) < until) {
        ended = waitpid(pid, NULL, WNOHANG);
        if (ended == 0)
            poll(NULL, 0, 2);
    }
    if (ended == 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

void keeper_free(struct keeper *keeper)
{
    if (keeper == NULL)
        return;
    close(keeper->fd);
    end(keeper->pid);
    buf_deinit(&keeper->in);
    buf_deinit(&keeper->out);
    free(keeper);
}

int keeper_fd(const struct keeper *keeper)
{
    return keeper->fd;
}

/* Nobody else holds the other end: workers close it. */
bool keeper_alive(const struct keeper *keeper)
{
    struct pollfd pfd = {.fd = keeper->fd, .events = 0};

    return poll(&pfd, 1, 0) == 0;
}

pid_t keeper_pid(const struct keeper *keeper)
{
    return keeper->pid;
}

static int gone(struct err *err)
{
    return err_set(err, ERR_INTERNAL, "the git keeper is gone");
}

/*
 * What the socket does not take stays in `out`. That needs no poll for writing: bytes that are in
 * the way are requests that the keeper will answer, and taking an answer sends on.
 */
int keeper_ask(struct keeper *keeper, const struct keeper_request *request, uint64_t *ret_id,
               struct err *err)
{
    uint64_t id = keeper->last_id + 1;
    struct arena arena;
    char *text;
    size_t len;
    int rc = 0;

    if (keeper->n == KEEPER_UNDER_WAY_MAX)
        return err_set(err, ERR_BUSY, "the git keeper has %d requests under way",
                       KEEPER_UNDER_WAY_MAX);
    arena_init(&arena);
    text = keeper_frame_request_text(&arena, request);
    if (text == NULL) {
        rc = err_set(err, ERR_INVALID, "a request to the git keeper is too long");
    } else if ((len = strlen(text)) + KEEPER_FRAME_HEAD > OUT_MAX - keeper->out.len) {
        rc = err_set(err, ERR_BUSY, "the git keeper does not read");
    } else {
        keeper_frame_put(&keeper->out, id, text, len);
        secret_wipe(text, len); /* it can carry a token */
        if (keeper_frame_flush(&keeper->out, keeper->fd) < 0)
            rc = gone(err);
    }
    arena_deinit(&arena);
    if (rc < 0)
        return rc;
    keeper->under_way[keeper->n].id = keeper->last_id = *ret_id = id;
    keeper->under_way[keeper->n++].verb = request->verb;
    return 0;
}

/* An answer counts once, and only if it was asked for. */
static int read_answer(struct keeper *keeper, struct arena *arena, const struct keeper_frame *frame,
                       struct keeper_answer *ret_answer, struct err *err)
{
    enum keeper_verb verb = KEEPER_VERBS;
    int rc;

    for (size_t i = 0; i < keeper->n; i++)
        if (keeper->under_way[i].id == frame->id) {
            verb = keeper->under_way[i].verb;
            keeper->under_way[i] = keeper->under_way[--keeper->n];
            break;
        }
    if (verb == KEEPER_VERBS)
        return err_set(err, ERR_INTERNAL, "the git keeper answers what was not asked");
    rc = keeper_frame_answer_read(arena, frame->text, frame->len, verb, ret_answer, err);
    if (rc < 0) { /* a worker in other hands, say: that question failed, the keeper did not */
        *ret_answer = (struct keeper_answer){.rc = ERR_INTERNAL};
        ret_answer->error = "the git worker gave an answer of another form";
    }
    ret_answer->id = frame->id;
    return 0;
}

/* `id` 0 = any. */
static int take(struct keeper *keeper, uint64_t id, struct arena *arena,
                struct keeper_answer *ret_answer, bool *ret_got, struct err *err)
{
    struct keeper_frame frame;
    bool got = false;
    int rc, filled = 0;

    /* Whether it is gone shows when reading: what it said before is still taken. */
    (void)keeper_frame_flush(&keeper->out, keeper->fd);
    for (;;) {
        rc = keeper_frame_take(&keeper->in, KEEPER_FRAME_ANSWER_MAX, id, arena, &frame, &got, err);
        if (rc < 0)
            return err_wrap(err, "the git keeper sent"), ERR_INTERNAL;
        if (got || filled == ERR_BUSY)
            break;
        filled = keeper_frame_fill(&keeper->in, keeper->fd);
        if (filled == ERR_UNREACHABLE)
            return gone(err);
    }
    *ret_got = false;
    if (got && (rc = read_answer(keeper, arena, &frame, ret_answer, err)) == 0)
        *ret_got = true;
    return rc;
}

int keeper_take(struct keeper *keeper, struct arena *arena, struct keeper_answer *ret_answer,
                bool *ret_got, struct err *err)
{
    return take(keeper, 0, arena, ret_answer, ret_got, err);
}

int keeper_wait(struct keeper *keeper, uint64_t id, int64_t timeout_ms, struct arena *arena,
                struct keeper_answer *ret_answer, struct err *err)
{
    mono_ms until = clock_mono(clock_system()) + timeout_ms;

    for (;;) {
        struct pollfd pfd = {.fd = keeper->fd, .events = POLLIN};
        int64_t left = until - clock_mono(clock_system());
        bool got;
        int rc = take(keeper, id, arena, ret_answer, &got, err);
        if (rc < 0 || got)
            return rc;
        if (left <= 0)
            return err_set(err, ERR_TIMEOUT, "no answer from the git keeper within %lld ms",
                           (long long)timeout_ms);
        poll(&pfd, 1, (int)left);
    }
}
