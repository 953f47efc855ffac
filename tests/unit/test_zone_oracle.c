/* zone: F2 against Python's zoneinfo, node's Intl and the C library, around every change from 2020 to 2037. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/calendar/zone.h"

#define ZONES                                                                                      \
    " Australia/Lord_Howe Pacific/Apia Asia/Tehran Antarctica/Troll Europe/Berlin Europe/London"   \
    " America/New_York America/Sao_Paulo America/St_Johns Asia/Tokyo Pacific/Chatham"              \
    " Pacific/Auckland Asia/Kathmandu"
/* Rules that governments change often, or that follow the moon: zoneinfo reads the same data as we do, Intl brings
 * data of its own age. */
#define CHANGING " Africa/Casablanca Asia/Gaza Africa/Cairo America/Havana"

static FILE *ask(const char *program, const char *zones)
{
    char line[2048];
    FILE *answers;

    snprintf(line, sizeof(line), "%s%s", program, zones);
    answers = popen(line, "r");
    assert_non_null(answers);
    return answers;
}

static void F2_local_times_around_every_change_agree_with_zoneinfo(void **state)
{
    FILE *answers =
        ask("python3 " SLIPWAY_SOURCE_DIR "/tests/support/zone_oracle.py", ZONES CHANGING);
    char name[64];
    long long year, expected;
    struct zone_local local;
    int n = 0;

    (void)state;
    memset(&local, 0, sizeof(local));
    while (fscanf(answers, "%63s %lld %d %d %d %d %d %lld", name, &year, &local.month, &local.day,
                  &local.hour, &local.minute, &local.second, &expected) == 8) {
        const struct zone *zone;
        time_ms t = 0;
        assert_int_equal(zone_open(name, &zone, NULL), 0);
        local.year = year;
        assert_int_equal(zone_instant(zone, &local, &t), 0);
        if (t != expected)
            fail_msg("%s %lld-%02d-%02d %02d:%02d: %lld instead of %lld", name, year, local.month,
                     local.day, local.hour, local.minute, (long long)t, expected);
        n++;
    }
    assert_int_equal(pclose(answers), 0);
    assert_true(n > 8000);
}

static void F2_offsets_around_every_change_agree_with_intl(void **state)
{
    FILE *answers = ask("node " SLIPWAY_SOURCE_DIR "/tests/support/zone_oracle.mjs", ZONES);
    char name[64];
    long long t, expected;
    int n = 0;

    (void)state;
    while (fscanf(answers, "%63s %lld %lld", name, &t, &expected) == 3) {
        const struct zone *zone;
        assert_int_equal(zone_open(name, &zone, NULL), 0);
        if (zone_offset_ms(zone, t) != expected)
            fail_msg("%s at %lld: %lld instead of %lld", name, t,
                     (long long)zone_offset_ms(zone, t), expected);
        n++;
    }
    assert_int_equal(pclose(answers), 0);
    assert_true(n > 1000);
}

/* The C library of this machine, at each change that we know and at instants between. */
static int64_t libc_offset(time_ms t)
{
    time_t seconds = (time_t)(t / 1000);
    struct tm tm;

    assert_non_null(localtime_r(&seconds, &tm));
    return (int64_t)tm.tm_gmtoff * 1000;
}

static void F2_offsets_from_2020_to_2037_agree_with_the_c_library(void **state)
{
    static const time_ms near[] = {-3600000, -1000, 0, 1000, 3600000};
    time_ms begin = timestamp_days_from_civil(2020, 1, 1) * INT64_C(86400000);
    time_ms end = timestamp_days_from_civil(2038, 1, 1) * INT64_C(86400000);
    char zones[] = ZONES CHANGING, *rest = NULL;
    int changes = 0;

    (void)state;
    for (char *name = strtok_r(zones, " ", &rest); name != NULL;
         name = strtok_r(NULL, " ", &rest)) {
        const struct zone *zone;
        time_ms low, high;
        assert_int_equal(zone_open(name, &zone, NULL), 0);
        assert_int_equal(setenv("TZ", name, 1), 0);
        tzset();
        for (time_ms t = begin; t < end; t += 6 * INT64_C(3600000)) {
            if (libc_offset(t) != zone_offset_ms(zone, t))
                fail_msg("%s at %lld", name, (long long)t);
            if (t == begin || libc_offset(t) == libc_offset(t - 6 * INT64_C(3600000)))
                continue;
            low = t - 6 * INT64_C(3600000);
            for (high = t; high - low > 1000;) {
                time_ms middle = low + (high - low) / 2000 * 1000;
                if (libc_offset(middle) == libc_offset(low))
                    low = middle;
                else
                    high = middle;
            }
            for (size_t i = 0; i < 5; i++)
                if (libc_offset(high + near[i]) != zone_offset_ms(zone, high + near[i]))
                    fail_msg("%s at %lld, near a change", name, (long long)(high + near[i]));
            changes++;
        }
    }
    assert_int_equal(unsetenv("TZ"), 0);
    assert_true(changes > 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F2_local_times_around_every_change_agree_with_zoneinfo),
        cmocka_unit_test(F2_offsets_around_every_change_agree_with_intl),
        cmocka_unit_test(F2_offsets_from_2020_to_2037_agree_with_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
