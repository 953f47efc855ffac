/* Holds and freezes over HTTP: who may, what is refused with which words, what would move, what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "tests/support/raw_http.h"
#include "tests/support/stop_room.h"

#define HOLDS "/api/v1/repos/acme/shop/holds"
#define FREEZES "/api/v1/freezes"
#define ASK_TEXT "GET /status.txt HTTP/1.1\r\nHost: h\r\n\r\n"
#define PRODUCTION "{\"environment\":\"production\",\"reason\":\"stock check\"}"

static struct stop_room room;

static int up(void **state)
{
    (void)state;
    stop_room_up(&room);
    stop_room_release(&room, "acme/shop", 0);
    stop_room_release(&room, "acme/shop", 7);
    stop_room_release(&room, "acme/site", 0);
    return 0;
}

static int down(void **state)
{
    (void)state;
    stop_room_down(&room);
    return 0;
}

/* A token of that name with these rights of its own. */
static void make_token(const char *name, const char *rights, char token[128])
{
    char body[256];
    struct stop_answer a;

    snprintf(body, sizeof(body), "{\"name\":\"%s\",\"rights\":%s}", name, rights);
    a = stop_room_ask(&room, NULL, "POST", "/api/v1/tokens", body);
    assert_int_equal(a.status, 201);
    snprintf(token, 128, "%s", json_str(a.json, "token"));
    stop_room_answered(&a);
}

static size_t count(const char *target, const char *list)
{
    struct stop_answer a = stop_room_ask(&room, NULL, "GET", target, NULL);
    size_t n = json_count(json_array(a.json, list));

    assert_int_equal(a.status, 200);
    stop_room_answered(&a);
    return n;
}

/* Refused with that status, and the words `says` in its detail. */
static void refused(const char *token, const char *method, const char *target, const char *body,
                    int status, const char *says)
{
    struct stop_answer a = stop_room_ask(&room, token, method, target, body);
    const char *detail = json_str(a.json, "detail");

    if (a.status != status || detail == NULL || strstr(detail, says) == NULL)
        fail_msg("%s %s %s: %d, %s", method, target, body != NULL ? body : "", a.status,
                 detail != NULL ? detail : "-");
    stop_room_answered(&a);
}

/* Rights ------------------------------------------------------------------------------------------ */

static void A4_view_may_not_hold_operate_may_and_403_says_who_can(void **state)
{
    char viewer[128], deployer[128], operator[128];

    (void)state;
    make_token("viewer", "[\"view\"]", viewer);
    make_token("deployer", "[\"view\"]", deployer); /* the configuration gives it operate */
    make_token("operator", "[\"operate\"]", operator);
    assert_int_equal(stop_room_status(&room, "", "POST", HOLDS, PRODUCTION), 401);
    refused(viewer, "POST", HOLDS, PRODUCTION, 403, "operate, which is given to token:deployer");
    refused(viewer, "DELETE", HOLDS "?environment=production", NULL, 403, "token:deployer");
    refused(viewer, "POST", FREEZES, "{}", 403, "token:deployer, token:chief");
    refused(viewer, "DELETE", FREEZES "?name=a", NULL, 403, "token:viewer may not do this");
    assert_int_equal(count("/api/v1/holds", "holds"), 0);
    assert_int_equal(stop_room_status(&room, deployer, "POST", HOLDS, PRODUCTION), 201);
    assert_int_equal(stop_room_status(&room, operator, "POST", HOLDS, PRODUCTION), 201);
    assert_int_equal(stop_room_status(&room, viewer, "GET", "/api/v1/holds", NULL), 200);
    assert_int_equal(stop_room_status(&room, "", "GET", FREEZES, NULL), 200);
    assert_int_equal(count("/api/v1/holds", "holds"), 2);
}

/* All of a repository is held by who may operate in each environment of it. */
static void A4_the_right_is_asked_for_in_every_environment_that_is_stopped(void **state)
{
    static const char all[] = "{\"reason\":\"stock check\"}";
    static const char freeze[] =
        "{\"name\":\"a\",\"from\":\"now\",\"to\":\"+2h\",\"reason\":\"r\"%s}";
    char deployer[128], chief[128], body[256];

    (void)state;
    make_token("deployer", "[\"view\"]", deployer);
    make_token("chief", "[\"view\"]", chief);
    refused(deployer, "POST", HOLDS, all, 403, "in east of acme/shop");
    refused(deployer, "POST", HOLDS, "{\"environment\":\"east\",\"reason\":\"r\"}", 403,
            "token:chief");
    assert_int_equal(stop_room_status(&room, chief, "POST", HOLDS,
                                      "{\"environment\":\"east\",\"reason\":\"r\"}"),
                     201);
    refused(deployer, "DELETE", HOLDS "?environment=east", NULL, 403, "token:chief");
    snprintf(body, sizeof(body), freeze, "");
    refused(deployer, "POST", FREEZES, body, 403, "freeze a: token:deployer may not");
    refused(deployer, "POST", FREEZES "?dry-run=1", body, 403, "in east of acme/shop");
    snprintf(body, sizeof(body), freeze, ",\"repositories\":[\"Acme/Shop\"]");
    refused(deployer, "POST", FREEZES, body, 403, "in east of acme/shop");
    snprintf(body, sizeof(body), freeze, ",\"environments\":[\"production\",\"live\"]");
    assert_int_equal(stop_room_status(&room, deployer, "POST", FREEZES, body), 201);
    refused(chief, "DELETE", FREEZES "?name=a", NULL, 403, "token:deployer");
    assert_int_equal(stop_room_status(&room, deployer, "DELETE", FREEZES "?name=a", NULL), 200);
    assert_int_equal(count("/api/v1/holds", "holds"), 1);
}

static void A5_each_act_stands_in_the_journal_and_a_dry_run_does_not(void **state)
{
    static const char freeze[] =
        "{\"name\":\"a\",\"from\":\"now\",\"to\":\"+2h\",\"reason\":\"r\"}";

    (void)state;
    assert_int_equal(stop_room_status(&room, NULL, "POST", HOLDS "?dry-run=1", PRODUCTION), 200);
    assert_int_equal(stop_room_status(&room, NULL, "POST", FREEZES "?dry-run=1", freeze), 200);
    assert_int_equal(count("/api/v1/holds", "holds") + count(FREEZES, "freezes"), 0);
    assert_int_equal(stop_room_journal(&room, "hold.add") + stop_room_journal(&room, "freeze.add"),
                     0);
    assert_int_equal(stop_room_status(&room, NULL, "POST", HOLDS, PRODUCTION), 201);
    assert_int_equal(stop_room_status(&room, NULL, "POST", FREEZES, freeze), 201);
    assert_int_equal(stop_room_status(&room, NULL, "DELETE",
                                      HOLDS "?environment=production&dry-run=1", NULL),
                     200);
    assert_int_equal(stop_room_status(&room, NULL, "DELETE", FREEZES "?name=a&dry-run=1", NULL),
                     200);
    assert_int_equal(count("/api/v1/holds", "holds") + count(FREEZES, "freezes"), 2);
    assert_int_equal(stop_room_journal(&room, "hold.lift"), 0);
    assert_int_equal(stop_room_status(&room, NULL, "DELETE",
                                      HOLDS "?environment=production&reason=done", NULL),
                     200);
    assert_int_equal(stop_room_status(&room, NULL, "DELETE", FREEZES "?name=a", NULL), 200);
    assert_int_equal(stop_room_journal(&room, "hold.add"), 1);
    assert_int_equal(stop_room_journal(&room, "hold.lift"), 1);
    assert_int_equal(stop_room_journal(&room, "freeze.add"), 1);
    assert_int_equal(stop_room_journal(&room, "freeze.remove"), 1);
    assert_int_equal(count("/api/v1/holds", "holds") + count(FREEZES, "freezes"), 0);
}

/* Bad input ----------------------------------------------------------------------------------------- */

static void bad_input_says_what_is_wrong_and_changes_nothing(void **state)
{
    static const struct {
        const char *target;
        const char *body;
        int status;
        const char *says;
    } cases[] = {
        {HOLDS, "{}", 422, "reason: a hold needs one"},
        {HOLDS, "{\"reason\":\"\"}", 422, "reason"},
        {HOLDS, "{\"reason\":7}", 422, "reason"},
        {HOLDS, "{\"reason\":\"a\\u001bb\"}", 422, "control"},
        {HOLDS, "{\"reason\":\"r\",\"unitl\":\"18:00\"}", 422, "did you mean until"},
        {HOLDS, "{\"reason\":\"r\",\"until\":\"25:00\"}", 422, "until: \"25:00\""},
        {HOLDS, "{\"reason\":\"r\",\"until\":\"soon\"}", 422, "tomorrow 09:00 or +2h"},
        {HOLDS, "{\"reason\":\"r\",\"until\":18}", 422, "until: expected a text"},
        {HOLDS, "{\"reason\":\"r\",\"until\":\"now\"}", 422, "has passed"},
        {HOLDS, "{\"reason\":\"r\",\"until\":\"2026-11-24 13:59\"}", 422, "Asia/Tokyo"},
        {HOLDS, "{\"reason\":\"r\",\"environment\":\"moon\"}", 404, "no environment moon"},
        {"/api/v1/repos/acme/other/holds", "{\"reason\":\"r\"}", 404, "acme/other"},
        {HOLDS "?dry_run=1", PRODUCTION, 422, "unknown parameter \"dry_run\""},
        {HOLDS "?dry-run=yes", PRODUCTION, 422, "expected 1 or 0"},
        {FREEZES, "{\"name\":\"a\",\"from\":\"now\",\"to\":\"+1h\"}", 422, "reason"},
        {FREEZES, "{\"from\":\"now\",\"to\":\"+1h\",\"reason\":\"r\"}", 422, "name"},
        {FREEZES, "{\"name\":\"a\",\"to\":\"+1h\",\"reason\":\"r\"}", 422, "from: a freeze needs"},
        {FREEZES, "{\"name\":\"a\",\"from\":\"now\",\"reason\":\"r\"}", 422, "to: a freeze needs"},
        {FREEZES, "{\"name\":\"a\",\"from\":\"2026-12-02\",\"to\":\"2026-12-01\",\"reason\":\"r\"}",
         422, "is not after from"},
        {FREEZES, "{\"name\":\"a\",\"from\":\"2026-11-01\",\"to\":\"2026-11-02\",\"reason\":\"r\"}",
         422, "has passed"},
        {FREEZES,
         "{\"name\":\"a\",\"from\":\"now\",\"to\":\"+1h\",\"reason\":\"r\",\"allow\":[\"all\"]}",
         422, "allow"},
        {FREEZES,
         "{\"name\":\"a\",\"from\":\"now\",\"to\":\"+1h\",\"reason\":\"r\",\"environments\":\"x\"}",
         422, "environments: expected a list"},
        {FREEZES,
         "{\"name\":\"a\",\"from\":\"now\",\"to\":\"+1h\",\"reason\":\"r\",\"environments\":"
         "[\"moon\"]}",
         404, "moon"},
        {FREEZES,
         "{\"name\":\"a\",\"from\":\"now\",\"to\":\"+1h\",\"reason\":\"r\",\"environments\":"
         "[\"production\"],\"repositories\":[\"acme/site\"]}",
         404, "production"},
        {FREEZES,
         "{\"name\":\"a\",\"from\":\"now\",\"to\":\"+1h\",\"reason\":\"r\",\"repositories\":"
         "[\"acme/shpo\"]}",
         404, "acme/shpo"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refused(NULL, "POST", cases[i].target, cases[i].body, cases[i].status, cases[i].says);
    refused(NULL, "DELETE", HOLDS, NULL, 404, "nothing holds acme/shop");
    refused(NULL, "DELETE", HOLDS "?enviroment=production", NULL, 422, "enviroment");
    refused(NULL, "DELETE", FREEZES, NULL, 422, "which freeze");
    refused(NULL, "DELETE", FREEZES "?name=nope", NULL, 404, "nope");
    assert_int_equal(count("/api/v1/holds", "holds") + count(FREEZES, "freezes"), 0);
    assert_int_equal(stop_room_journal(&room, "hold.add") + stop_room_journal(&room, "freeze.add"),
                     0);
}

static void lifting_one_environment_leaves_what_was_said_of_all(void **state)
{
    struct stop_answer a;

    (void)state;
    assert_int_equal(stop_room_status(&room, NULL, "POST", HOLDS, "{\"reason\":\"all\"}"), 201);
    refused(NULL, "DELETE", HOLDS "?environment=production", NULL, 404,
            "held with all of acme/shop");
    assert_int_equal(stop_room_status(&room, NULL, "POST", HOLDS, PRODUCTION), 201);
    a = stop_room_ask(&room, NULL, "DELETE", HOLDS "?environment=production", NULL);
    assert_int_equal(a.status, 200);
    assert_int_equal(json_count(json_array(a.json, "lifted")), 1);
    assert_string_equal(json_str(json_first(json_array(a.json, "remain")), "reason"), "all");
    stop_room_answered(&a);
    assert_int_equal(stop_room_status(&room, NULL, "POST", HOLDS, PRODUCTION), 201);
    assert_int_equal(stop_room_status(&room, NULL, "DELETE", HOLDS, NULL), 200);
    refused(NULL, "DELETE", HOLDS, NULL, 404, "not held as a whole, but its production is");
    assert_int_equal(count("/api/v1/holds", "holds"), 1);
}

/* What moves ---------------------------------------------------------------------------------------- */

static const struct cJSON *moved_in(const struct stop_answer *a, const char *environment)
{
    for (const struct cJSON *m = json_first(json_array(a->json, "moved")); m != NULL;
         m = json_next(m))
        if (str_eq(json_str(m, "environment"), environment))
            return m;
    return NULL;
}

/* The answer's line about `environment`: from `before` to `after`, NULL = no time. */
static void assert_moved(const struct stop_answer *a, const char *environment, const char *before,
                         const char *after)
{
    const struct cJSON *m = moved_in(a, environment);

    assert_non_null(m);
    if (!str_eq(json_str(m, "before_text"), before) || !str_eq(json_str(m, "after_text"), after))
        fail_msg("%s: %s -> %s", environment, json_str(m, "before_text"),
                 json_str(m, "after_text"));
}

static void a_dry_run_says_what_would_move_and_saving_says_the_same(void **state)
{
    static const char body[] =
        "{\"environment\":\"production\",\"reason\":\"stock check\",\"until\":\"15:05\"}";
    struct stop_answer dry, saved;
    const struct cJSON *m;
    int64_t number = 0;
    bool is_dry = false;

    (void)state;
    dry = stop_room_ask(&room, NULL, "POST", HOLDS "?dry-run=1", body);
    assert_int_equal(dry.status, 200);
    assert_true(json_bool(dry.json, "dry_run", &is_dry) && is_dry);
    assert_int_equal(json_count(json_array(dry.json, "moved")), 1);
    assert_moved(&dry, "production", "Tue 24 Nov 15:00 JST", "Tue 24 Nov 15:05 JST");
    m = moved_in(&dry, "production");
    assert_string_equal(json_str(m, "repository"), "acme/shop");
    assert_true(json_int(m, "release", &number) && number == 2);
    assert_true(json_int(json_first(json_array(m, "pulls")), "number", &number) && number == 7);
    stop_room_answered(&dry);
    saved = stop_room_ask(&room, NULL, "POST", HOLDS, body);
    assert_int_equal(saved.status, 201);
    assert_moved(&saved, "production", "Tue 24 Nov 15:00 JST", "Tue 24 Nov 15:05 JST");
    stop_room_answered(&saved);
}

static void F7_a_stop_beyond_the_grace_moves_it_to_the_next_time_it_allows(void **state)
{
    struct stop_answer a;

    (void)state;
    a = stop_room_ask(&room, NULL, "POST", HOLDS "?dry-run=1",
                      "{\"environment\":\"production\",\"reason\":\"r\",\"until\":\"15:15\"}");
    assert_moved(&a, "production", "Tue 24 Nov 15:00 JST", "Tue 24 Nov 17:00 JST");
    stop_room_answered(&a);
    a = stop_room_ask(&room, NULL, "POST", HOLDS "?dry-run=1",
                      "{\"reason\":\"r\",\"until\":\"2026-12-01 17:10\"}");
    assert_moved(&a, "production", "Tue 24 Nov 15:00 JST", "Tue 1 Dec 17:10 JST");
    assert_moved(&a, "east", "Tue 24 Nov 15:00 JST", "Tue 1 Dec 17:10 JST");
    assert_null(moved_in(&a, "night")); /* nobody asked: nothing is promised there */
    stop_room_answered(&a);
    a = stop_room_ask(&room, NULL, "POST", HOLDS, "{\"reason\":\"r\"}");
    assert_moved(&a, "production", "Tue 24 Nov 15:00 JST", NULL);
    stop_room_answered(&a);
    a = stop_room_ask(&room, NULL, "DELETE", HOLDS, NULL);
    assert_moved(&a, "production", NULL, "Tue 24 Nov 15:00 JST");
    stop_room_answered(&a);
}

static void F3_a_freeze_moves_what_lies_in_it_over_weeks(void **state)
{
    static const char year_end[] =
        "{\"name\":\"年末の凍結\",\"from\":\"14:00\",\"to\":\"2027-01-05 09:00\",\"reason\":\"r\"}";
    static const char days[] = "{\"name\":\"a day\",\"from\":\"2026-12-01\",\"to\":\"2026-12-01\","
                               "\"environments\":[\"east\"],\"reason\":\"r\"}";
    struct stop_answer a;
    const struct cJSON *f;

    (void)state;
    a = stop_room_ask(&room, NULL, "POST", FREEZES "?dry-run=1", year_end);
    assert_int_equal(json_count(json_array(a.json, "moved")), 0); /* 14:00 is tomorrow's */
    stop_room_answered(&a);
    a = stop_room_ask(&room, NULL, "POST", FREEZES,
                      "{\"name\":\"年末の凍結\",\"from\":\"now\",\"to\":\"2027-01-05 09:00\","
                      "\"reason\":\"r\"}");
    assert_int_equal(a.status, 201);
    assert_moved(&a, "production", "Tue 24 Nov 15:00 JST", "Tue 5 Jan 15:00 JST");
    stop_room_answered(&a);
    a = stop_room_ask(&room, NULL, "POST", FREEZES, days);
    f = json_object(a.json, "freeze");
    assert_string_equal(json_str(f, "from"), "2026-11-30T15:00:00.000Z");
    assert_string_equal(json_str(f, "to"), "2026-12-01T15:00:00.000Z"); /* the whole day */
    assert_string_equal(json_str(f, "timezone"), "Asia/Tokyo");
    stop_room_answered(&a);
    refused(NULL, "POST", FREEZES, days, 409, "there is a freeze a day already");
    refused(NULL, "POST", FREEZES "?dry-run=1", days, 409, "there is a freeze a day already");
    assert_int_equal(count(FREEZES, "freezes"), 2);
}

static void times_are_read_in_the_zone_of_the_environment_and_it_is_named(void **state)
{
    struct stop_answer a =
        stop_room_ask(&room, NULL, "POST", HOLDS,
                      "{\"environment\":\"night\",\"reason\":\"r\",\"until\":\"09:00\"}");
    const struct cJSON *hold = json_object(a.json, "hold");

    (void)state;
    assert_string_equal(json_str(hold, "timezone"), "Europe/Berlin");
    assert_string_equal(json_str(hold, "until"), "2026-11-24T08:00:00.000Z");
    assert_string_equal(json_str(hold, "until_text"), "Tue 24 Nov 09:00 CET");
    stop_room_answered(&a);
}

/* The Board ------------------------------------------------------------------------------------------ */

static const struct cJSON *environment_of(const struct stop_answer *a, const char *name)
{
    const struct cJSON *repo = json_first(json_array(a->json, "repositories"));

    for (const struct cJSON *e = json_first(json_array(repo, "environments")); e != NULL;
         e = json_next(e))
        if (str_eq(json_str(e, "name"), name))
            return e;
    return NULL;
}

static void the_board_says_who_holds_what_why_and_until_when(void **state)
{
    struct stop_answer a;
    const struct cJSON *e, *next;

    (void)state;
    assert_int_equal(stop_room_status(&room, NULL, "POST", HOLDS,
                                      "{\"environment\":\"production\",\"reason\":\"stock check\","
                                      "\"until\":\"16:30\"}"),
                     201);
    a = stop_room_ask(&room, NULL, "GET", "/api/v1/status", NULL);
    e = environment_of(&a, "production");
    next = json_object(e, "next");
    assert_string_equal(json_str(e, "state"), "held");
    assert_string_equal(json_str(json_first(json_array(e, "holds")), "reason"), "stock check");
    assert_string_equal(json_str(next, "start_text"), "Tue 24 Nov 17:00 JST");
    assert_int_equal(json_count(json_array(environment_of(&a, "east"), "holds")), 0);
    assert_string_equal(json_str(json_object(a.json, "headline"), "state"), "held");
    assert_non_null(strstr(json_str(json_object(a.json, "headline"), "text"),
                           "until Tue 24 Nov 16:30 JST: stock check"));
    stop_room_answered(&a);
    a = stop_room_ask(&room, NULL, "GET", "/api/v1/status?lang=ja", NULL);
    assert_non_null(strstr(json_str(json_object(a.json, "headline"), "text"),
                           "さんが停止中 (11月24日(火) 16:30 まで): stock check"));
    stop_room_answered(&a);
}

/* Nothing waits there, and still everybody should know. */
static void the_board_as_plain_text_says_it_too(void **state)
{
    struct raw_answer *raw;

    (void)state;
    assert_int_equal(stop_room_status(&room, NULL, "POST", HOLDS, PRODUCTION), 201);
    raw = raw_http_ask(http_server_address(room.api.server, LISTENER_WEB), ASK_TEXT,
                       sizeof(ASK_TEXT) - 1);
    assert_int_equal(raw->status, 200);
    assert_non_null(strstr(raw->body, "    ! acme/shop production: on hold by uid:"));
    free(raw);
}

static void the_banner_tells_a_stop_also_where_nothing_waits(void **state)
{
    struct stop_answer a;
    const struct cJSON *banner;

    (void)state;
    assert_int_equal(stop_room_status(&room, NULL, "POST", "/api/v1/repos/acme/site/holds",
                                      "{\"reason\":\"the market\"}"),
                     201);
    a = stop_room_ask(&room, NULL, "GET", "/api/v1/status", NULL);
    banner = json_object(a.json, "banner");
    assert_string_equal(json_str(banner, "state"), "held");
    assert_non_null(strstr(json_str(banner, "text"), "acme/site: on hold by"));
    stop_room_answered(&a);
    assert_int_equal(stop_room_status(&room, NULL, "DELETE", "/api/v1/repos/acme/site/holds", NULL),
                     200);
    assert_int_equal(stop_room_status(&room, NULL, "POST", FREEZES,
                                      "{\"name\":\"market day\",\"from\":\"18:00\",\"to\":\"+2h\","
                                      "\"environments\":[\"live\"],\"reason\":\"r\"}"),
                     201);
    a = stop_room_ask(&room, NULL, "GET", "/api/v1/status", NULL);
    assert_non_null(strstr(json_str(json_object(a.json, "banner"), "text"),
                           "acme/site live: frozen from Tue 24 Nov 18:00 JST: market day"));
    stop_room_answered(&a);
    stop_room_at(&room, "18:00");
    a = stop_room_ask(&room, NULL, "GET", "/api/v1/status", NULL);
    assert_non_null(strstr(json_str(json_object(a.json, "banner"), "text"),
                           "frozen until Tue 24 Nov 20:00 JST"));
    stop_room_answered(&a);
}

#define IN_THE_ROOM(test) cmocka_unit_test_setup_teardown(test, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_THE_ROOM(A4_view_may_not_hold_operate_may_and_403_says_who_can),
        IN_THE_ROOM(A4_the_right_is_asked_for_in_every_environment_that_is_stopped),
        IN_THE_ROOM(A5_each_act_stands_in_the_journal_and_a_dry_run_does_not),
        IN_THE_ROOM(bad_input_says_what_is_wrong_and_changes_nothing),
        IN_THE_ROOM(lifting_one_environment_leaves_what_was_said_of_all),
        IN_THE_ROOM(a_dry_run_says_what_would_move_and_saving_says_the_same),
        IN_THE_ROOM(F7_a_stop_beyond_the_grace_moves_it_to_the_next_time_it_allows),
        IN_THE_ROOM(F3_a_freeze_moves_what_lies_in_it_over_weeks),
        IN_THE_ROOM(times_are_read_in_the_zone_of_the_environment_and_it_is_named),
        IN_THE_ROOM(the_board_says_who_holds_what_why_and_until_when),
        IN_THE_ROOM(the_board_as_plain_text_says_it_too),
        IN_THE_ROOM(the_banner_tells_a_stop_also_where_nothing_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
