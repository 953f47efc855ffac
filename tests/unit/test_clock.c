/* clock: the machine's clocks, and that anybody can bring their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "lib/base/clock.h"

/* By the kernel's clock; time() lags it by a tick, and so is a second behind in the first of each. */
static time_ms wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (time_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void the_wall_clock_is_utc_in_milliseconds(void **state)
{
    time_ms before = wall();
    time_ms now = clock_now(clock_system());

    (void)state;
    assert_true(now >= before && now <= wall());
}

static void T57_the_deadline_clock_counts_sleep_and_never_goes_back(void **state)
{
    struct timespec pause = {.tv_nsec = 20000000}, boot;
    mono_ms a, b;

    (void)state;
    a = clock_mono(clock_system());
    nanosleep(&pause, NULL);
    b = clock_mono(clock_system());
    assert_true(b - a >= 19 && b - a < 10000);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    assert_true((int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000 - b < 10000);
    for (int i = 0; i < 10000; i++, a = b)
        assert_true((b = clock_mono(clock_system())) >= a);
}

static time_ms noon(struct clock *clock)
{
    (void)clock;
    return 43200000;
}

static mono_ms seven(struct clock *clock)
{
    (void)clock;
    return 7;
}

static void a_test_brings_its_own(void **state)
{
    struct clock clock = {.now = noon, .mono = seven};

    (void)state;
    assert_true(clock_now(&clock) == 43200000);
    assert_true(clock_mono(&clock) == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_clock_is_utc_in_milliseconds),
        cmocka_unit_test(T57_the_deadline_clock_counts_sleep_and_never_goes_back),
        cmocka_unit_test(a_test_brings_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
