/* story_clock: see story_clock.h. */
#include "tests/support/story_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/calendar/zone.h"

static struct story_clock *of(struct clock *clock)
{
    return (struct story_clock *)clock; /* its first member */
}

static time_ms now(struct clock *clock)
{
    return atomic_load(&of(clock)->now);
}

static mono_ms mono(struct clock *clock)
{
    return clock_mono(clock_system()) + atomic_load(&of(clock)->passed);
}

void story_clock_init(struct story_clock *clock, time_ms begins)
{
    clock->clock = (struct clock){.now = now, .mono = mono};
    atomic_store(&clock->now, begins);
    atomic_store(&clock->passed, 0);
}

void story_clock_pass(struct story_clock *clock, int64_t ms)
{
    assert_true(ms >= 0);
    atomic_fetch_add(&clock->now, ms);
    atomic_fetch_add(&clock->passed, ms);
}

time_ms story_clock_at(const char *zone, const char *text)
{
    struct zone_local local = {.second = 0};
    struct err err = ERR_INIT;
    const struct zone *where;
    long long year;
    time_ms t = 0;
    bool utc = text[0] != '\0' && text[strlen(text) - 1] == 'Z';

    if (sscanf(text, "%lld-%d-%d %d:%d:%d", &year, &local.month, &local.day, &local.hour,
               &local.minute, &local.second) < 5)
        fail_msg("\"%s\" is no time of a story", text);
    local.year = year;
    if (zone_open(utc ? "UTC" : zone, &where, &err) < 0 || zone_instant(where, &local, &t) < 0)
        fail_msg("\"%s\" does not exist in %s", text, zone);
    return t;
}

void story_clock_jump(struct story_clock *clock, int64_t ms)
{
    atomic_fetch_add(&clock->now, ms);
}
