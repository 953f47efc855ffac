#include "server/wakeup.h"

#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define FAR_S                                                                                      \
    INT64_C(                                                                                       \
        32503680000) /* the year 3000: a timer that is not armed would not ring for a set clock */

int wakeup_new(void)
{
    return timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

bool wakeup_set(int fd, time_ms at)
{
    time_ms far = FAR_S * 1000;
    time_ms t = at < 1 ? 1 : at > far ? far : at;
    const struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(t / 1000), .tv_nsec = (long)(t % 1000) * 1000000}};

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL) == 0;
}

void wakeup_quiet(int fd)
{
    uint64_t times;

    (void)!read(fd, &times, sizeof(times));
}
