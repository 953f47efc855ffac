/* Questions about time over HTTP: why, forecast, schedule, and the calendar that people subscribe to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/store/store_deployment.h"
#include "server/api/http_server.h"
#include "tests/support/raw_http.h"
#include "tests/support/stop_room.h"

#define WHY "/api/v1/repos/acme/shop/why"

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

static const struct cJSON *named(const struct cJSON *list, const char *key, const char *value)
{
    const struct cJSON *item = json_first(list);

    while (item != NULL && !str_eq(json_str(item, key), value))
        item = json_next(item);
    return item;
}

static struct stop_answer ask(const char *target)
{
    struct stop_answer a = stop_room_ask(&room, NULL, "GET", target, NULL);

    if (a.status != 200)
        fail_msg("%s: %d %s", target, a.status, json_str(a.json, "detail"));
    return a;
}

static void the_forecast_says_what_goes_where_and_when_or_what_it_waits_for(void **state)
{
    struct stop_answer a = ask("/api/v1/forecast?repository=Acme/Shop");
    const struct cJSON *repos = json_array(a.json, "repositories");
    const struct cJSON *environments = json_array(json_first(repos), "environments");
    const struct cJSON *production = named(environments, "name", "production");
    const struct cJSON *night = named(environments, "name", "night");
    const struct cJSON *start = json_first(json_array(production, "starts"));
    int64_t number = 0;

    (void)state;
    assert_int_equal(json_count(repos), 1);
    assert_int_equal(json_count(json_array(production, "starts")), 1);
    assert_string_equal(json_str(start, "start_at"), "2026-11-24T06:00:00.000Z");
    assert_true(json_int(start, "release", &number));
    assert_int_equal(number, 2);
    assert_int_equal(json_count(json_array(start, "hosts")), 1);
    assert_int_equal(json_count(json_array(start, "pulls")), 1);
    assert_int_equal(json_count(json_array(night, "starts")), 0);
    assert_non_null(named(json_array(json_object(night, "waits"), "causes"), "cause", "not-asked"));
    stop_room_answered(&a);
}

static void the_schedule_lists_the_next_times_outside_of_freezes(void **state)
{
    static const char *const expected[] = {"2026-11-24T06:00:00.000Z", "2026-11-24T06:00:00.000Z",
                                           "2026-11-24T08:00:00.000Z", "2026-11-24T08:00:00.000Z",
                                           "2026-11-25T06:00:00.000Z"};
    struct stop_answer a = ask("/api/v1/schedule?next=5");
    size_t n = 0;

    (void)state;
    for (const struct cJSON *s = json_first(json_array(a.json, "starts")); s != NULL;
         s = json_next(s), n++)
        assert_string_equal(json_str(s, "start_at"), expected[n]);
    assert_int_equal(n, 5);
    stop_room_answered(&a);
    a = stop_room_ask(
        &room, NULL, "POST", "/api/v1/freezes",
        "{\"name\":\"count\",\"from\":\"14:30\",\"to\":\"16:30\",\"reason\":\"stock\"}");
    assert_int_equal(a.status, 201);
    stop_room_answered(&a);
    a = ask("/api/v1/schedule?next=1");
    assert_string_equal(json_str(json_first(json_array(a.json, "starts")), "start_at"),
                        "2026-11-24T08:00:00.000Z");
    stop_room_answered(&a);
    a = ask("/api/v1/schedule?next=1&from=tomorrow");
    assert_string_equal(json_str(json_first(json_array(a.json, "starts")), "start_at"),
                        "2026-11-25T06:00:00.000Z");
    stop_room_answered(&a);
    /* Beyond the weeks that are known now: the freeze of that time is. */
    a = stop_room_ask(&room, NULL, "POST", "/api/v1/freezes",
                      "{\"name\":\"far\",\"from\":\"2027-05-10 10:00\",\"to\":\"2027-05-10 16:00\","
                      "\"reason\":\"stock\"}");
    assert_int_equal(a.status, 201);
    stop_room_answered(&a);
    a = ask("/api/v1/schedule?next=1&from=2027-05-10");
    assert_string_equal(json_str(json_first(json_array(a.json, "starts")), "start_at"),
                        "2027-05-10T08:00:00.000Z");
    stop_room_answered(&a);
}

static void why_is_answered_for_a_release_or_a_pull_request_now_or_later(void **state)
{
    struct stop_answer a = ask(WHY "?pull=7");
    const struct cJSON *production =
        named(json_array(a.json, "environments"), "environment", "production");
    bool go = true;
    int64_t number = 0;

    (void)state;
    assert_true(json_int(a.json, "release", &number));
    assert_int_equal(number, 2);
    assert_true(json_bool(production, "go", &go));
    assert_false(go);
    assert_non_null(named(json_array(production, "causes"), "cause", "schedule"));
    assert_string_equal(json_str(production, "start_at"), "2026-11-24T06:00:00.000Z");
    stop_room_answered(&a);

    a = ask(WHY "?release=2&at=15:05");
    production = named(json_array(a.json, "environments"), "environment", "production");
    assert_true(json_bool(production, "go", &go));
    assert_true(go);
    stop_room_answered(&a);
}

static int begin(struct db *db, void *arg, struct err *err)
{
    struct deployment d = {.repository_id = 1,
                           .environment = "production",
                           .release_number = 2,
                           .sha = "2222222222222222222222222222222222222222",
                           .lane = LANE_CODE,
                           .trigger = DEPLOYMENT_ON_SCHEDULE,
                           .config_digest = arg,
                           .plan_digest = "any",
                           .cut_at = 1,
                           .start_at = 1};
    int rc = store_deployment_insert(db, &d, &d.id, err);

    return rc < 0 ? rc
                  : store_deployment_move(db, d.id, DEPLOYMENT_WAITING, DEPLOYMENT_DEPLOYING, NULL,
                                          2, err);
}

/* Its own deployment is nothing that stands against it, and the next set time is none of its. */
static void why_says_nothing_against_what_goes_out_now(void **state)
{
    const struct snapshot *snapshot;
    const struct cJSON *production;
    struct stop_answer a;
    char digest[65];
    bool go = true;

    (void)state;
    snapshot = snapshots_take(&room.api.snapshots);
    memcpy(digest, snapshot->digest, sizeof(digest));
    snapshots_give(snapshot);
    api_room_write(&room.api, begin, digest);
    a = ask(WHY "?release=2");
    production = named(json_array(a.json, "environments"), "environment", "production");
    assert_string_equal(json_str(production, "state"), "deploying");
    assert_int_equal(json_count(json_array(production, "causes")), 0);
    assert_true(json_bool(production, "go", &go) && !go);
    stop_room_answered(&a);
}

static void a_moment_tells_what_is_foreseen_to_be_live_then(void **state)
{
    struct stop_answer a = ask("/api/v1/moment?at=16:00&repository=ACME/shop");
    const struct cJSON *repos = json_array(a.json, "repositories");
    const struct cJSON *production =
        named(json_array(json_first(repos), "environments"), "name", "production");
    const struct cJSON *live = json_object(production, "live");
    bool ahead = false, foreseen = false;
    int64_t number = 0;

    (void)state;
    assert_int_equal(json_count(repos), 1);
    assert_true(json_bool(a.json, "ahead", &ahead) && ahead);
    assert_true(json_int(live, "release", &number));
    assert_int_equal(number, 2);
    assert_true(json_bool(live, "foreseen", &foreseen) && foreseen);
    assert_string_equal(json_str(live, "since"), "2026-11-24T06:01:00.000Z");
    stop_room_answered(&a);
    a = ask("/api/v1/moment?at=2026-11-20+09:00");
    assert_int_equal(json_count(json_array(a.json, "repositories")), 2);
    assert_true(json_bool(a.json, "ahead", &ahead));
    assert_false(ahead);
    stop_room_answered(&a);
}

static void a_question_that_cannot_be_says_what_is_wrong(void **state)
{
    static const struct {
        const char *target;
        int status;
        const char *says;
    } rows[] = {
        {WHY, 422, "either release=N or pull=N"},
        {"/api/v1/moment", 422, "expected an instant"},
        {"/api/v1/moment?at=soon", 422, "at: "},
        {"/api/v1/moment?at=2027-01-20", 422, "further ahead than 14 days"},
        {WHY "?release=2&pull=7", 422, "either release=N or pull=N"},
        {WHY "?release=99", 404, "r99"},
        {WHY "?pull=99", 404, ""},
        {WHY "?release=2&at=13:00x", 422, "at"},
        {WHY "?release=2&at=2026-11-24%2013:00", 422, "is over"},
        {"/api/v1/schedule?next=0", 422, "next"},
        {"/api/v1/schedule?from=2026-02-30", 422, "from"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct stop_answer a = stop_room_ask(&room, NULL, "GET", rows[i].target, NULL);
        const char *detail = json_str(a.json, "detail");
        if (a.status != rows[i].status || detail == NULL || strstr(detail, rows[i].says) == NULL)
            fail_msg("%s: %d %s", rows[i].target, a.status, detail != NULL ? detail : "-");
        stop_room_answered(&a);
    }
}

static void C3_what_is_live_cannot_be_kept_back_any_more(void **state)
{
    struct stop_answer a = ask("/api/v1/repos/acme/shop/releases/2");
    char body[256];

    (void)state;
    snprintf(body, sizeof(body), "{\"sha\":\"%s\",\"reason\":\"as it was\"}",
             json_str(a.json, "sha"));
    stop_room_answered(&a);
    assert_int_equal(stop_room_status(&room, NULL, "POST",
                                      "/api/v1/repos/acme/shop/environments/night/baseline", body),
                     201);
    a = stop_room_ask(&room, NULL, "POST", "/api/v1/repos/acme/shop/pulls/7/barrier",
                      "{\"environment\":\"night\",\"reason\":\"campaign\"}");
    assert_int_equal(a.status, 409);
    assert_string_equal(json_str(a.json, "detail"), "#7 is live in night already (r2)");
    stop_room_answered(&a);
    assert_int_equal(stop_room_status(&room, NULL, "POST",
                                      "/api/v1/repos/acme/shop/pulls/7/barrier",
                                      "{\"environment\":\"production\",\"reason\":\"campaign\"}"),
                     201);
    a = ask(WHY "?pull=7");
    assert_non_null(
        named(json_array(named(json_array(a.json, "environments"), "environment", "production"),
                         "causes"),
              "cause", "barrier"));
    stop_room_answered(&a);
}

/* The feed ------------------------------------------------------------------------------------------ */

static struct raw_answer *feed(const char *token)
{
    char bytes[512];

    snprintf(bytes, sizeof(bytes), "GET /calendar.ics%s%s HTTP/1.1\r\nHost: h\r\n\r\n",
             token != NULL ? "?token=" : "", token != NULL ? token : "");
    return raw_http_ask(http_server_address(room.api.server, LISTENER_WEB), bytes, strlen(bytes));
}

static void expect_feed(const char *token, const char *const *lines)
{
    struct raw_answer *a = feed(token);

    assert_int_equal(a->status, 200);
    assert_true(str_starts(raw_http_header(a, "Content-Type"), "text/calendar"));
    for (; *lines != NULL; lines++)
        if (strstr(a->body, *lines) == NULL)
            fail_msg("no %s in:\n%s", *lines, a->body);
    free(a);
}

static void a_promise_keeps_its_uid_while_it_moves_and_is_cancelled_when_it_is_withdrawn(
    void **state)
{
    struct stop_answer a;

    (void)state;
    stop_room_look(&room);
    expect_feed(NULL, (const char *const[]){"UID:promise-1@", "SEQUENCE:0\r\n",
                                            "DTSTART:20261124T060000Z\r\n", "STATUS:CONFIRMED\r\n",
                                            "SUMMARY:acme/shop production: r2\r\n", "#7 ", NULL});
    a = stop_room_ask(&room, NULL, "POST", "/api/v1/repos/acme/shop/holds",
                      "{\"environment\":\"production\",\"reason\":\"count\",\"until\":\"16:00\"}");
    assert_int_equal(a.status, 201);
    stop_room_answered(&a);
    stop_room_look(&room);
    expect_feed(NULL, (const char *const[]){"UID:promise-1@", "SEQUENCE:1\r\n",
                                            "DTSTART:20261124T080000Z\r\n", NULL});
    a = stop_room_ask(&room, NULL, "POST", "/api/v1/repos/acme/shop/holds",
                      "{\"environment\":\"production\",\"reason\":\"until further notice\"}");
    assert_int_equal(a.status, 201);
    stop_room_answered(&a);
    stop_room_look(&room);
    expect_feed(NULL, (const char *const[]){"SEQUENCE:2\r\n", "STATUS:CANCELLED\r\n", NULL});
}

static void T40_the_feeds_token_reads_the_feed_and_nothing_else(void **state)
{
    static const char *const begin[] = {"BEGIN:VCALENDAR", NULL};
    struct raw_answer *raw;
    struct stop_answer a;
    char token[128];

    (void)state;
    a = stop_room_ask(&room, NULL, "POST", "/api/v1/tokens",
                      "{\"name\":\"phone\",\"rights\":[\"feed\"]}");
    assert_int_equal(a.status, 201);
    snprintf(token, sizeof(token), "%s", json_str(a.json, "token"));
    stop_room_answered(&a);
    expect_feed(token, begin);
    assert_int_equal(stop_room_status(&room, token, "POST", "/api/v1/repos/acme/shop/holds",
                                      "{\"environment\":\"night\",\"reason\":\"x\"}"),
                     403);
    assert_int_equal(stop_room_status(&room, NULL, "POST", "/api/v1/tokens",
                                      "{\"name\":\"both\",\"rights\":[\"feed\",\"view\"]}"),
                     422);
    raw = feed("slipway_0000000000000000000000000000000000000000000");
    assert_int_equal(raw->status, 401);
    free(raw);
    assert_int_equal(stop_room_status(&room, NULL, "DELETE", "/api/v1/tokens/phone", NULL), 200);
    raw = feed(token);
    assert_int_equal(raw->status, 401);
    free(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_forecast_says_what_goes_where_and_when_or_what_it_waits_for, up, down),
        cmocka_unit_test_setup_teardown(the_schedule_lists_the_next_times_outside_of_freezes, up,
                                        down),
        cmocka_unit_test_setup_teardown(
            why_is_answered_for_a_release_or_a_pull_request_now_or_later, up, down),
        cmocka_unit_test_setup_teardown(why_says_nothing_against_what_goes_out_now, up, down),
        cmocka_unit_test_setup_teardown(a_moment_tells_what_is_foreseen_to_be_live_then, up, down),
        cmocka_unit_test_setup_teardown(a_question_that_cannot_be_says_what_is_wrong, up, down),
        cmocka_unit_test_setup_teardown(C3_what_is_live_cannot_be_kept_back_any_more, up, down),
        cmocka_unit_test_setup_teardown(
            a_promise_keeps_its_uid_while_it_moves_and_is_cancelled_when_it_is_withdrawn, up, down),
        cmocka_unit_test_setup_teardown(T40_the_feeds_token_reads_the_feed_and_nothing_else, up,
                                        down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
