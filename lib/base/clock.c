/* clock: the only reader of the system's clocks (clock.h). */
#include "lib/base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static time_ms system_now(struct clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_REALTIME);
}

static mono_ms system_mono(struct clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_BOOTTIME);
}

struct clock *clock_system(void)
{
    static struct clock clock = {.now = system_now, .mono = system_mono};
    return &clock;
}
