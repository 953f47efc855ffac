/*
 * Reload: all or nothing; every promise that moves is told and kept; what runs keeps what it was cut with, what is
 * cut and has not started is made again (design.md 7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "server/server.h"
#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define USUAL "at: [\"11:00\", \"15:00\"]"
#define WITH(setting) "\n        " setting

/* Its server is killed at its commits (tests/crash): then a cut may be made more often. */
static bool dies(const struct story *s)
{
    return s->crash_max > 0 || s->crash_once > 0;
}

static void a_configuration_with_a_mistake_changes_nothing(void **state)
{
    struct story *s = *state;

    if (dies(s))
        skip(); /* no server starts with such a file */
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_expect_count(s, "configs", 1);
    /* Another time, and a misspelt setting at its end: neither is taken. */
    story_config(s, arena_printf(&s->arena, "%s  acme/other: { mirrror: x }\n",
                                 story_shop_config(s, "at: [\"16:00\"]")));
    story_expect_count(s, "configs", 1);
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_expect_told(s, "config.refuse", "reload", "slipway.yml");
    story_until(s, "2026-11-24 15:01");
    story_expect_started(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_end(s);
}

static void a_promise_that_a_reload_moves_is_told_and_kept(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_config(s, story_shop_config(s, "at: [\"11:00\", \"16:30\"]"));
    story_expect_count(s, "configs", 2); /* each accepted one is stored */
    story_expect_told(s, "config.accept", "reload", "\"new\":true");
    story_expect_told(s, "promise.moved", "acme/shop/production", "2026-11-24T07:30:00.000Z");
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 16:30");
    story_restart(s); /* the promise stands in the store */
    story_until(s, "2026-11-24 16:31");
    story_expect_started(s, "acme/shop", "production", 2, "2026-11-24 16:30");
    story_end(s);
}

/* Only what is not part of any promise: nothing moves, nothing is told. */
static void a_reload_of_the_same_moves_nothing(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_config(s, story_shop_config(s, USUAL));
    story_expect_untold(s, "promise.moved", "acme/shop/production");
    story_expect_next(s, "acme/shop", "production", 2, "2026-11-24 15:00");
    story_end(s);
}

static void a_cut_that_has_not_started_is_made_again(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_config(s, story_shop_config(s, USUAL WITH("cut-off: 10m")));
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_until(s, "2026-11-24 14:55"); /* cut at 14:50 */
    if (!dies(s))
        story_expect_count(s, "deployments", 2); /* stage's, and this */
    story_expect_open(s, "acme/shop", "production", 2, "waiting");
    story_config(s, story_shop_config(s, USUAL WITH("cut-off: 10m") WITH("grace: 30m")));
    if (!dies(s))
        story_expect_count(s, "deployments", 3);
    story_expect_open(s, "acme/shop", "production", 2, "waiting");
    story_until(s, "2026-11-24 15:01");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

/* `with` of a step is another one: the commands that carry it. */
static int64_t commands_with(struct story *s, const char *text)
{
    static const struct statement with = {
        "with", "SELECT count(*) FROM commands c JOIN documents d ON d.digest = c.document_digest"
                " WHERE instr(c.parameters || d.content, $1) > 0"};
    struct err err = ERR_INIT;
    struct db_rows *rows;
    int64_t n;

    assert_int_equal(db_query(s->db, &with, &rows, &err, "t", text), 0);
    assert_int_equal(db_next(rows, &err), 1);
    n = db_int(rows, 0);
    db_end(rows);
    return n;
}

static const char *with_unicorn(struct story *s)
{
    char *text = arena_str(&s->arena, story_shop_config(s, USUAL));
    char *unit = strstr(text, "unit: puma");

    assert_non_null(unit);
    memcpy(unit, "unit: unic", 10);
    return text;
}

/* Its second web host gets what the first one got, although the configuration says something else by then. */
static void what_is_under_way_goes_on_as_it_was_cut(void **state)
{
    struct story *s = *state;
    int64_t puma;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_script(story_host(s, "web-1"), "web", STORY_HOST_SUCCEEDS, 120000);
    story_amid(s, "2026-11-24 15:01");
    story_expect_open(s, "acme/shop", "production", 2, "deploying");
    story_expect_starts(s, "web-1", "web", 2, 1);
    story_expect_starts(s, "web-2", "web", 2, 0);
    puma = commands_with(s, "puma");
    story_config(s, with_unicorn(s)); /* and time passes until all that follows has happened */
    story_expect_count(s, "configs", 2);
    story_until(s, "2026-11-24 15:05");
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_live(s, "acme/shop", "production", 2);
    assert_int_equal(commands_with(s, "unic"), 0);
    assert_true(commands_with(s, "puma") >= puma);
    story_end(s);
}

#define DATABASE "acme/shop/production/primary-db"

/* Another configuration of it is refused with that text, and nothing of it is taken. */
static void refused(struct story *s, const char *top, const char *production, const char *text)
{
    story_config_with(s, top, story_shop_config(s, production));
    story_expect_count(s, "configs", 1);
    story_expect_told(s, "config.refuse", "reload", text);
}

static void M2_a_database_keeps_its_name_while_its_end_is_open(void **state)
{
    struct story *s = *state;
    const char *map = "databases: { shop: [" DATABASE "] }\n";
    struct server *none = NULL;
    struct err err = ERR_INIT;
    struct server_options options = {.uncaged = true, .clock = &s->clock.clock, .by_hand = true};
    int status = 0;

    if (dies(s))
        skip(); /* no server starts with such a file */
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_script(story_host(s, "web-1"), "fetch", STORY_HOST_SUCCEEDS, 120000);
    story_host_is(s, "batch-1", "migrate", STORY_HOST_LOSES_POWER);
    /* It has started, and is not at its migrate job yet. */
    story_amid(s, "2026-11-24 15:01");
    story_config_with(s, map, story_shop_config(s, USUAL));
    story_expect_told(s, "config.refuse", "reload", "on its way to acme/shop/production");
    story_pass(s, 7 * 60000);
    story_expect_attempt(s, DATABASE, "unknown");
    refused(s, map, USUAL,
            "is held by the migrate attempt of r2 (unknown), and this configuration calls it shop");
    refused(s, map, USUAL, "Put the old name back");
    /* Nor does a server start with it. */
    story_stop(s);
    options.config = arena_printf(&s->arena, "%s/slipway.yml", s->folder);
    assert_int_equal(server_start(&options, &none, &status, &err), ERR_CONFLICT);
    assert_int_equal(status, 78);
    assert_non_null(strstr(err.text, "Put the old name back"));
    /* The old name is back: it starts, a person decides, and then the name may change. */
    story_config(s, story_shop_config(s, USUAL));
    story_host_back(s, "batch-1");
    story_act(s, "POST", "/api/v1/migrate/abandon",
              "{\"database\":\"" DATABASE "\",\"reason\":\"rolled back by hand\"}");
    story_config_with(s, map, story_shop_config(s, USUAL));
    story_expect_count(s, "configs", 2);
    story_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_configuration_with_a_mistake_changes_nothing, story_up,
                                        story_down),
        cmocka_unit_test_setup_teardown(a_promise_that_a_reload_moves_is_told_and_kept, story_up,
                                        story_down),
        cmocka_unit_test_setup_teardown(a_reload_of_the_same_moves_nothing, story_up, story_down),
        cmocka_unit_test_setup_teardown(a_cut_that_has_not_started_is_made_again, story_up,
                                        story_down),
        cmocka_unit_test_setup_teardown(what_is_under_way_goes_on_as_it_was_cut, story_up,
                                        story_down),
        cmocka_unit_test_setup_teardown(M2_a_database_keeps_its_name_while_its_end_is_open,
                                        story_up, story_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
