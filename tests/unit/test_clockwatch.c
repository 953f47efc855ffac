/* The flow wakes much later than it meant to: nobody is lost for what he could not say meanwhile (F9, M5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "server/flow/clockwatch.h"
#include "tests/support/scenario_words.h"
#include "tests/support/scenario_world.h"

#define MINUTE INT64_C(60000)
#define FOLDER                                                                                     \
    SLIPWAY_SOURCE_DIR "/tests/scenarios/73_M5_a_silent_host_is_unknown_after_five_minutes"

static struct scenario_world world;

static void play(const char *line)
{
    const char *words[SCENARIO_WORDS_MAX];
    struct err err = ERR_INIT;
    size_t n;

    if (scenario_words_split(&world.arena, line, words, &n, &err) < 0 ||
        scenario_words_play(&world, words, n, &err) < 0)
        fail_msg("%s: %s", line, err.text);
}

/* web-1 runs its command, and is not heard any more. */
static int up(void **state)
{
    static const char *const lines[] = {"at Tue 2026-11-24 15:00 Asia/Tokyo",
                                        "source seen",
                                        "host web-1 online",
                                        "host web-2 online",
                                        "release r1 code \"First sight\"",
                                        "deployed production r1 succeeded",
                                        "release r2 code \"Coupons\"",
                                        "asked production r2 by ana",
                                        "look",
                                        "command web on web-1 InProgress",
                                        "host web-1 silent"};

    (void)state;
    scenario_world_init(&world, FOLDER);
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        play(lines[i]);
    return 0;
}

static int down(void **state)
{
    (void)state;
    scenario_world_deinit(&world);
    return 0;
}

/* As the flow begins each look. */
static void watch(void)
{
    struct err err = ERR_INIT;
    struct arena arena;
    struct look look = {.flow = &world.flow, .arena = &arena, .now = world.clock.now};

    arena_init(&arena);
    if (clockwatch_look(&look, &err) < 0)
        fail_msg("%s", err.text);
    arena_deinit(&arena);
}

static void pass(int64_t ms)
{
    struct err err = ERR_INIT;

    if (scenario_world_move(&world, world.clock.now + ms, &err) < 0)
        fail_msg("%s", err.text);
    watch();
    if (scenario_world_settle(&world, &err) < 0)
        fail_msg("%s", err.text);
}

static bool is_open(void)
{
    const struct config_environment *production;
    struct deployment d;
    struct err err = ERR_INIT;

    if (scenario_words_environment(&world, "production", &production, &err) < 0 ||
        scenario_world_deployment(&world, production, &d, &err) < 0)
        fail_msg("%s", err.text);
    return d.state == DEPLOYMENT_DEPLOYING;
}

static void M5_what_was_not_heard_while_the_machine_slept_is_not_lost(void **state)
{
    time_ms torn;

    (void)state;
    watch();
    torn = world.flow.heard_since;
    world.flow.wakes_at = world.clock.now + MINUTE;
    pass(20 * MINUTE);
    assert_true(is_open());
    assert_int_equal(world.flow.heard_since, torn); /* the server was not started anew */
    assert_string_equal(clockwatch_unattended(&world.flow, world.clock.now - MINUTE),
                        "server-slept");
    world.flow.wakes_at = world.clock.now + 4 * MINUTE;
    pass(4 * MINUTE);
    assert_true(is_open());
    world.flow.wakes_at = world.clock.now + MINUTE;
    pass(MINUTE); /* five minutes after it woke, it says so */
    assert_false(is_open());
}

static void M5_who_wakes_in_time_says_who_is_lost(void **state)
{
    (void)state;
    watch();
    world.flow.wakes_at = world.clock.now + 5 * MINUTE;
    pass(5 * MINUTE + 400);
    assert_false(is_open());
    assert_int_equal(world.flow.woke_at, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(M5_what_was_not_heard_while_the_machine_slept_is_not_lost,
                                        up, down),
        cmocka_unit_test_setup_teardown(M5_who_wakes_in_time_says_who_is_lost, up, down),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
