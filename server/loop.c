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

#define SLEEP_MAX_MS 60000
#define JUMP_MS 30000

struct loop {
    pthread_t thread;
    struct flow *flow;
    int bell;
    atomic_bool stopping;
    void (*failed)(void *arg, const struct err *err);
    void *arg;
    int64_t skew; /* wall clock minus monotonic clock at the last look */
};

static void watch_clock(struct loop *loop)
{
    int64_t skew = clock_now(loop->flow->clock) - clock_mono(loop->flow->clock);
    int64_t jump = skew - loop->skew;

    if (jump > JUMP_MS || jump < -JUMP_MS)
        log_warning("clock.jumped", "seconds=%lld", (long long)(jump / 1000));
    loop->skew = skew;
}

static void sleep_until(struct loop *loop, time_ms next)
{
    struct pollfd fds[2] = {{.fd = loop->bell, .events = POLLIN},
                            {.fd = loop->flow->keeper == NULL ? -1 : keeper_fd(loop->flow->keeper),
                             .events = POLLIN}};
    int64_t wait = next - clock_now(loop->flow->clock);
    uint64_t rings;

    if (next == INT64_MAX || wait > SLEEP_MAX_MS)
        wait = SLEEP_MAX_MS;
    if (wait < 0)
        wait = 0;
    if (poll(fds, 2, (int)wait) < 0 && errno != EINTR)
        abort();
    if (fds[0].revents != 0)
        (void)!read(loop->bell, &rings, sizeof(rings));
}

static void *loop_main(void *arg)
{
    struct loop *loop = arg;

    (void)pthread_setname_np(pthread_self(), "flow");
    while (!atomic_load(&loop->stopping)) {
        struct err err = ERR_INIT;
        time_ms next = 0;
        watch_clock(loop);
        if (flow_look(loop->flow, &next, &err) < 0) {
            if (!atomic_load(&loop->stopping))
                loop->failed(loop->arg, &err);
            break;
        }
        sleep_until(loop, next);
    }
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
    loop->skew = clock_now(flow->clock) - clock_mono(flow->clock);
    loop->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->bell < 0 || pthread_create(&loop->thread, NULL, loop_main, loop) != 0) {
        int rc =
            err_set(err, ERR_INTERNAL, "the flow's thread cannot be started: %s", strerror(errno));
        if (loop->bell >= 0)
            close(loop->bell);
        free(loop);
        return rc;
    }
    *ret_loop = loop;
    return 0;
}

void loop_ring(struct loop *loop)
{
    uint64_t one = 1;

    (void)!write(loop->bell, &one, sizeof(one));
}

void loop_stop(struct loop *loop)
{
    if (loop == NULL)
        return;
    atomic_store(&loop->stopping, true);
    loop_ring(loop);
    pthread_join(loop->thread, NULL);
    close(loop->bell);
    free(loop);
}
