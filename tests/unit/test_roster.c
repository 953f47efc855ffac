/* roster: teams and logins as GitHub says them, asked on a thread of its own, kept for a minute (A4, T60). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/store/store_repository.h"
#include "server/flow/people.h"
#include "server/flow/roster.h"
#include "tests/support/api_room.h"
#include "tests/support/github_double.h"
#include "tests/support/raw_http.h"

#define HOLDS "/api/v1/repos/acme/shop/holds"
#define HOLD "{\"environment\":\"production\",\"reason\":\"r\"}"

static const char house[] =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "rights: { view: [], operate: [\"team:sre\"], admin: [Chief] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      production: { on: release, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";

static struct api_room room;
static struct github_double github;
static atomic_llong ahead; /* ms by which the monotonic clock is put forward */

static time_ms wall_now(struct clock *clock)
{
    (void)clock;
    return clock_now(clock_system());
}

static mono_ms mono_now(struct clock *clock)
{
    (void)clock;
    return clock_mono(clock_system()) + atomic_load(&ahead);
}

static struct clock test_clock = {.now = wall_now, .mono = mono_now};

static int add_rows(struct db *db, void *arg, struct err *err)
{
    int rc = store_repository_ensure(db, "acme/shop", "main", err);

    (void)arg;
    return rc < 0 ? rc : people_seen(db, "ana", 7, "delivery", 1000, err);
}

static int up(void **state)
{
    struct err err = ERR_INIT;
    struct roster_options options = {.github.api = github.url,
                                     .github.agent = "slipway/test",
                                     .clock = &test_clock,
                                     .github.timeout_ms = 1000};

    (void)state;
    log_init(LOG_LOGFMT, LOG_ERROR);
    atomic_store(&ahead, 0);
    github_double_up(&github);
    github_double_account(&github, "ana", 7);
    github_double_account(&github, "Chief", 1);
    github_double_member(&github, "acme/sre", 7, "active");
    api_room_up_as(&room, house, &test_clock);
    api_room_write(&room, add_rows, NULL);
    options.writer = room.writer;
    options.github.token = secret_new(GITHUB_DOUBLE_TOKEN, strlen(GITHUB_DOUBLE_TOKEN));
    if (roster_start(&options, &room.api.roster, &err) < 0)
        fail_msg("%s", err.text);
    return 0;
}

static int down(void **state)
{
    (void)state;
    roster_stop(room.api.roster);
    room.api.roster = NULL;
    api_room_down(&room);
    github_double_down(&github);
    return 0;
}

/* One request; its Retry-After is put into `retry` (may be NULL), its detail into `detail`. */
static char detail[512], retry[16];

static int ask(const char *token, const char *method, const char *target, const char *body)
{
    enum listener listener = token == NULL ? LISTENER_CLI : LISTENER_WEB;
    struct raw_answer *answer;
    struct cJSON *json = NULL;
    char bytes[2048];
    size_t len =
        (size_t)snprintf(bytes, sizeof(bytes), "%s %s HTTP/1.1\r\nHost: h\r\n", method, target);
    int status;

    if (token != NULL)
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "Authorization: Bearer %s\r\n",
                                token);
    if (body != NULL)
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len,
                                "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                                strlen(body));
    (void)snprintf(bytes + len, sizeof(bytes) - len, "\r\n%s", body != NULL ? body : "");
    answer = raw_http_ask(http_server_address(room.server, listener), bytes, strlen(bytes));
    status = answer->status;
    snprintf(retry, sizeof(retry), "%s",
             raw_http_header(answer, "Retry-After") != NULL ? raw_http_header(answer, "Retry-After")
                                                            : "");
    (void)json_parse(answer->body, answer->body_len, NULL, &json, NULL);
    snprintf(detail, sizeof(detail), "%s",
             json_str(json, "token") != NULL    ? json_str(json, "token")
             : json_str(json, "detail") != NULL ? json_str(json, "detail")
                                                : "");
    json_free(json);
    free(answer);
    return status;
}

/* The same until the answer is no 503 any more, as the command line does. */
static int ask_patiently(const char *token, const char *method, const char *target,
                         const char *body)
{
    int status = ask(token, method, target, body);

    for (int i = 0; i < 500 && status == 503; i++) {
        usleep(10000);
        status = ask(token, method, target, body);
    }
    return status;
}

static void make_token(const char *body, char token[128])
{
    assert_int_equal(ask_patiently(NULL, "POST", "/api/v1/tokens", body), 201);
    snprintf(token, 128, "%s", detail);
}

static void A4_a_member_of_the_team_has_what_the_team_has(void **state)
{
    char ana[128];

    (void)state;
    make_token("{\"name\":\"t\",\"login\":\"ana\"}", ana);
    assert_int_equal(ask(ana, "POST", HOLDS, HOLD), 503); /* nobody waited for GitHub */
    assert_string_equal(retry, "1");
    assert_non_null(strstr(detail, "GitHub is being asked whether ana is in a team"));
    assert_int_equal(ask_patiently(ana, "POST", HOLDS, HOLD), 201);
    assert_int_equal(ask(ana, "GET", "/api/v1/tokens", NULL), 403);
}

static void A4_who_left_the_team_has_it_for_a_minute_at_most(void **state)
{
    char ana[128];
    int asked;

    (void)state;
    make_token("{\"name\":\"t\",\"login\":\"ana\"}", ana);
    assert_int_equal(ask_patiently(ana, "POST", HOLDS, HOLD), 201);
    github_double_member(&github, "acme/sre", 7, NULL);
    asked = atomic_load(&github.asked);
    atomic_store(&ahead, 20000);
    assert_int_equal(ask(ana, "POST", HOLDS, HOLD), 201); /* what is known is kept */
    assert_int_equal(atomic_load(&github.asked), asked);
    atomic_store(&ahead, 61000);
    assert_int_equal(ask_patiently(ana, "POST", HOLDS, HOLD), 403);
}

static void A4_what_is_used_is_asked_anew_before_its_minute_is_over(void **state)
{
    char ana[128];

    (void)state;
    make_token("{\"name\":\"t\",\"login\":\"ana\"}", ana);
    assert_int_equal(ask_patiently(ana, "POST", HOLDS, HOLD), 201);
    for (int s = 35; s < 200; s += 35) {
        int asked = atomic_load(&github.asked);
        atomic_store(&ahead, s * 1000);
        assert_int_equal(ask(ana, "POST", HOLDS, HOLD), 201); /* never has to come again */
        for (int i = 0; i < 500 && atomic_load(&github.asked) < asked + 2; i++)
            usleep(10000);
        usleep(20000);
    }
}

static void A4_without_an_answer_nobody_is_in_a_team(void **state)
{
    char ana[128];

    (void)state;
    make_token("{\"name\":\"t\",\"login\":\"ana\"}", ana);
    assert_int_equal(ask_patiently(ana, "POST", HOLDS, HOLD), 201);
    atomic_store(&github.day, GITHUB_DOUBLE_BROKEN);
    atomic_store(&ahead, 61000);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(ask(ana, "POST", HOLDS, HOLD), 503);
        usleep(5000);
    }
    assert_non_null(strstr(detail, "is not known: GitHub answered 502"));
    atomic_store(&github.day, GITHUB_DOUBLE_WELL);
    atomic_store(&ahead, 500000); /* and it is asked again by itself */
    assert_int_equal(ask_patiently(ana, "POST", HOLDS, HOLD), 201);
}

/* The membership is asked for the login that the number has now, whatever login the token was made for. */
static void T60_a_membership_goes_with_the_number_and_not_with_the_login(void **state)
{
    char ana[128];

    (void)state;
    make_token("{\"name\":\"t\",\"login\":\"ana\"}", ana);
    github_double_account(&github, "ana-new", 7);
    github_double_account(&github, "ana", 66); /* somebody else took the name */
    assert_int_equal(ask_patiently(ana, "POST", HOLDS, HOLD), 201);
    github_double_member(&github, "acme/sre", 7, NULL);
    github_double_member(&github, "acme/sre", 66, "active");
    atomic_store(&ahead, 61000);
    assert_int_equal(ask_patiently(ana, "POST", HOLDS, HOLD), 403);
}

static void A4_a_login_is_bound_by_github_at_its_first_use(void **state)
{
    char chief[128], li[128];

    (void)state;
    /* Named by the configuration: bound as soon as it is in force. */
    {
        const struct snapshot *snapshot = snapshots_take(&room.snapshots);
        struct err err = ERR_INIT;
        struct db *db;
        assert_int_equal(db_pool_take(room.readers, &db, &err), 0);
        assert_int_equal(roster_bind_all(room.api.roster, db, snapshot->config, &err), 0);
        db_pool_give(room.readers, db);
        snapshots_give(snapshot);
    }
    make_token("{\"name\":\"c\",\"login\":\"chief\"}", chief);
    assert_int_equal(ask_patiently(chief, "GET", "/api/v1/tokens", NULL), 200);
    /* Named by a token. */
    github_double_account(&github, "Li", 8);
    assert_int_equal(ask(NULL, "POST", "/api/v1/tokens", "{\"name\":\"l\",\"login\":\"li\"}"), 503);
    assert_non_null(strstr(detail, "GitHub is being asked who li is"));
    make_token("{\"name\":\"l\",\"login\":\"li\"}", li);
    assert_int_equal(ask_patiently(li, "POST", HOLDS, HOLD), 403);
}

#define ROOM(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM(A4_a_member_of_the_team_has_what_the_team_has),
        ROOM(A4_who_left_the_team_has_it_for_a_minute_at_most),
        ROOM(A4_what_is_used_is_asked_anew_before_its_minute_is_over),
        ROOM(A4_without_an_answer_nobody_is_in_a_team),
        ROOM(T60_a_membership_goes_with_the_number_and_not_with_the_login),
        ROOM(A4_a_login_is_bound_by_github_at_its_first_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
