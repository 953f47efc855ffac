#include "server/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/repo/keeper.h"
#include "server/flow/flow.h"
#include "server/wakeup.h"

#define TEST_WAIT_MS 60000 /* a clock of the test's rings no alarm */
#define AUDIT_MS (60 * 60 * 1000)

struct loop {
    pthread_t thread;
    struct flow *flow;
    int bell;
    atomic_bool rung; /* since it was heard: who rings then need not */
    atomic_bool stopping;
    void (*failed)(void *arg, const struct err *err);
    void *arg;
    time_ms audit_at;
    int alarm; /* of the wall clock: rings at its time, and when the clock is set; -1 = a clock of the test's */
};

/* How long to wait for the bells; with an alarm that rings by itself for ever. */
static int wait_of(struct loop *loop, time_ms next)
{
    int64_t wait = next - clock_now(loop->flow->clock);

    if (wait <= 0)
        return 0;
    if (loop->alarm >= 0)
        return wakeup_set(loop->alarm, next) ? -1 : 0;
    return wait > TEST_WAIT_MS ? TEST_WAIT_MS : (int)wait;
}

/* Until that time, or until somebody rings: nothing else wakes it. */
static void sleep_until(struct loop *loop, time_ms next)
{
    struct pollfd fds[3] = {{.fd = loop->bell, .events = POLLIN},
                            {.fd = loop->flow->keeper == NULL ? -1 : keeper_fd(loop->flow->keeper),
                             .events = POLLIN},
                            {.fd = loop->alarm, .events = POLLIN}};
    uint64_t rings;

    if (loop->alarm >= 0) {
        loop->flow->wakes_at = next;
        loop->flow->looked_at = clock_now(loop->flow->clock); /* a long look is no sleep */
    }
    if (poll(fds, 3, wait_of(loop, next)) < 0 && errno != EINTR)
        abort();
    if (fds[0].revents != 0)
        (void)!read(loop->bell, &rings, sizeof(rings));
    atomic_store(&loop->rung, false); /* behind the read: what comes now rings again */
    if (fds[2].revents != 0)
        wakeup_quiet(loop->alarm);
    loop->flow->timed = fds[0].revents == 0 && fds[1].revents == 0;
}

/* Once an hour, at rest: judge everything. Nothing may come of it, since each change touches what hangs on it; should one
 * be forgotten some day, what waits for it goes out an hour late and not never, and the log has it. */
static int audit(struct loop *loop, time_ms *next, struct err *err)
{
    time_ms now = clock_now(loop->flow->clock), whole;
    bool moved = false;
    int rc;

    if (loop->audit_at == 0 ||
        loop->audit_at > now + AUDIT_MS) /* it begins, or the clock was set back */
        loop->audit_at = now + AUDIT_MS;
    if (*next > now && now >= loop->audit_at) {
        if ((rc = flow_look_at_all(loop->flow, &moved, &whole, err)) < 0)
            return rc;
        /* Who rang since the last look, rang for what moved. */
        if (moved && clock_now(loop->flow->clock) < *next && !atomic_load(&loop->rung))
            log_error("flow.missed", "text=%s",
                      LOG("something changed that nobody had been told of; it was found now"));
        loop->audit_at = now + AUDIT_MS;
        *next = moved ? now : whole;
    }
    if (loop->audit_at < *next)
        *next = loop->audit_at;
    return 0;
}

static void *loop_main(void *arg)
{
    struct loop *loop = arg;

    (void)pthread_setname_np(pthread_self(), "flow");
    while (!atomic_load(&loop->stopping)) {
        struct err err = ERR_INIT;
        time_ms next = 0;
        if (flow_look(loop->flow, &next, &err) < 0 || audit(loop, &next, &err) < 0) {
            if (!atomic_load(&loop->stopping))
                loop->failed(loop->arg, &err);
            break;
        }
        sleep_until(loop, next);
    }
    flow_end(loop->flow);
    return NULL;
}

int loop_start(struct loop **ret_loop, struct flow *flow,
               void (*failed)(void *arg, const struct err *err), void *arg, struct err *err)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL)
        abort();
    loop->flow = flow;
    loop->failed = failed;
    loop->arg = arg;
    loop->alarm = flow->clock == clock_system() ? wakeup_new() : -1;
    loop->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->bell < 0 || pthread_create(&loop->thread, NULL, loop_main, loop) != 0) {
        int rc =
            err_set(err, ERR_INTERNAL, "the flow's thread cannot be started: %s", strerror(errno));
        if (loop->bell >= 0)
            close(loop->bell);
        if (loop->alarm >= 0)
            close(loop->alarm);
        free(loop);
        return rc;
    }
    *ret_loop = loop;
    return 0;
}

void loop_ring(struct loop *loop)
{
    uint64_t one = 1;

    if (!atomic_exchange(&loop->rung, true))
        (void)!write(loop->bell, &one, sizeof(one));
}

void loop_stop(struct loop *loop)
{
    if (loop == NULL)
        return;
    atomic_store(&loop->stopping, true);
    loop_ring(loop);
    pthread_join(loop->thread, NULL);
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    close(loop->bell);
    if (loop->alarm >= 0)
        close(loop->alarm);
    free(loop);
}
