/* recovery: what GitHub said and nobody heard is asked for (W5), against a double of GitHub. */
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

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/base/zip.h"
#include "lib/github/event.h"
#include "lib/store/store_config.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_repository.h"
#include "server/api/disk.h"
#include "server/flow/recovery.h"
#include "tests/support/api_room.h"
#include "tests/support/github_double.h"
#include "tests/support/raw_http.h"

#define HOOK 71
#define URL "https://hooks.acme.example/webhooks/github"
#define SHA "0123456789abcdef0123456789abcdef01234567"
#define MINUTE (INT64_C(60) * 1000)

static const char house[] =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "webhooks-url: https://hooks.acme.example\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "rights: { view: [], operate: [ana], admin: [ana] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      production: { on: release, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";

static struct api_room room;
static struct github_double github;
static atomic_llong ahead; /* ms by which the clock is put forward */

static time_ms wall_now(struct clock *clock)
{
    (void)clock;
    return clock_now(clock_system()) + atomic_load(&ahead);
}

static mono_ms mono_now(struct clock *clock)
{
    (void)clock;
    return clock_mono(clock_system());
}

static struct clock test_clock = {.now = wall_now, .mono = mono_now};

/* RFC 3339, so long ago. */
static const char *ago(int64_t ms)
{
    static char texts[8][TIMESTAMP_SIZE];
    static unsigned turn;
    char *text = texts[turn++ % 8];

    timestamp_format(wall_now(NULL) - ms, text);
    return text;
}

static const char *pull_json(int64_t number, const char *title, bool merged, const char *at)
{
    static char json[2048];

    snprintf(json, sizeof(json),
             "{\"id\":%lld,\"number\":%lld,\"state\":\"%s\",\"draft\":false,\"title\":\"%s\","
             "\"html_url\":\"https://github.com/acme/shop/pull/%lld\",\"user\":{\"login\":\"mika\","
             "\"id\":583000001,\"type\":\"User\"},\"labels\":[{\"name\":\"content\"}],"
             "\"created_at\":\"2026-11-01T00:00:00Z\",\"updated_at\":\"%s\",\"closed_at\":%s%s%s,"
             "\"merged_at\":%s%s%s,\"merged\":%s,\"merge_commit_sha\":\"" SHA "\","
             "\"merged_by\":null,\"head\":{\"ref\":\"spring\",\"sha\":\"" SHA
             "\",\"repo\":{\"id\":4442074271}},"
             "\"base\":{\"ref\":\"main\",\"sha\":\"" SHA
             "\",\"repo\":{\"id\":4442074271,\"full_name\":\"acme/shop\",\"name\":\"shop\"}}}",
             (long long)(2000000000000 + number), (long long)number, merged ? "closed" : "open",
             title, (long long)number, at, merged ? "\"" : "", merged ? at : "null",
             merged ? "\"" : "", merged ? "\"" : "", merged ? at : "null", merged ? "\"" : "",
             merged ? "true" : "false");
    return json;
}

static int add_rows(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return store_repository_ensure(db, "acme/shop", "main", err);
}

static atomic_bool full;

static bool has_room(void *arg)
{
    (void)arg;
    return !atomic_load(&full);
}

static struct recovery *start(void)
{
    struct recovery *recovery = NULL;
    struct err err = ERR_INIT;
    const struct recovery_options options = {.github.api = github.url,
                                             .github.token =
                                                 secret_new(GITHUB_DOUBLE_TOKEN,
                                                            strlen(GITHUB_DOUBLE_TOKEN)),
                                             .github.agent = "slipway/test",
                                             .clock = &test_clock,
                                             .writer = room.writer,
                                             .readers = room.readers,
                                             .secret = room.secret,
                                             .snapshots = &room.snapshots,
                                             .github.timeout_ms = 2000,
                                             .has_room = has_room,
                                             .settle_ms = 10};

    if (recovery_start(&options, &recovery, &err) < 0)
        fail_msg("%s", err.text);
    return recovery;
}

/* Compared since `when`, or with a reason why not. */
static struct recovery_report wait_for(time_ms when)
{
    struct recovery_report report;

    for (int i = 0; i < 500; i++) {
        recovery_report(room.api.recovery, "acme/shop", &report);
        if (report.compared_at >= when)
            return report;
        usleep(10000);
    }
    fail_msg("never compared: %s", report.trouble);
    return report;
}

static void room_up(void)
{
    log_init(LOG_LOGFMT, LOG_ERROR);
    atomic_store(&ahead, 0);
    atomic_store(&full, false);
    github_double_up(&github);
    github_double_hook(&github, "repos/acme/shop", 70, "https://elsewhere.example/webhooks/github");
    github_double_hook(&github, "repos/acme/shop", HOOK, URL);
    api_room_up_as(&room, house, &test_clock);
    api_room_write(&room, add_rows, NULL);
}

static int up(void **state)
{
    (void)state;
    room_up();
    room.api.recovery = start();
    (void)wait_for(1);
    return 0;
}

static int up_with_pull_requests(void **state)
{
    (void)state;
    room_up();
    for (int i = 1; i <= 120; i++)
        github_double_pull(&github, i, "", pull_json(i, "Old", false, "2026-11-02T00:00:00Z"));
    room.api.recovery = start();
    return 0;
}

static int down(void **state)
{
    (void)state;
    recovery_stop(room.api.recovery);
    room.api.recovery = NULL;
    api_room_down(&room);
    github_double_down(&github);
    return 0;
}

static struct recovery_report wait_for_trouble(const char *text)
{
    struct recovery_report report;

    for (int i = 0; i < 500; i++) {
        recovery_report(room.api.recovery, "acme/shop", &report);
        if (strstr(report.trouble, text) != NULL || strstr(report.lists, text) != NULL)
            return report;
        usleep(10000);
    }
    fail_msg("never in trouble for \"%s\": \"%s\", \"%s\"", text, report.trouble, report.lists);
    return report;
}

/* A walk that begins from now on. */
static struct recovery_report walk(void)
{
    time_ms when = wall_now(NULL) + 1;

    usleep(2000);
    recovery_soon(room.api.recovery);
    return wait_for(when);
}

static struct db *reader(void)
{
    struct err err = ERR_INIT;
    struct db *db;

    if (db_pool_take(room.readers, &db, &err) < 0)
        fail_msg("%s", err.text);
    return db;
}

static time_ms mark_of(const char *source)
{
    struct db *db = reader();
    time_ms at = 0;

    assert_int_equal(store_watermark(db, source, &at, NULL), 0);
    db_pool_give(room.readers, db);
    return at;
}

/* The delivery of that GUID, and what is read from its body; false = there is none. */
static bool stored(const char *guid, struct arena *arena, struct delivery *ret_delivery,
                   struct event *ret_event)
{
    struct db *db = reader();
    struct err err = ERR_INIT;
    const void *zstd;
    size_t zstd_len, size, len;
    char *body;
    int rc = store_delivery_by_guid(db, arena, guid, ret_delivery, &err);

    if (rc == 0) {
        assert_int_equal(store_delivery_body(db, arena, ret_delivery->id, &zstd, &zstd_len, &size,
                                             &err),
                         0);
        assert_int_equal(zip_expand(zip_of_thread(), zstd, zstd_len, EVENT_BODY_MAX, &body, &len,
                                    &err),
                         0);
        if (event_read(ret_delivery->event, ret_delivery->form, body, len, arena, ret_event, &err) <
            0)
            fail_msg("%s: %s", guid, err.text);
        free(body);
    }
    db_pool_give(room.readers, db);
    return rc == 0;
}

/* As record does once it has read a delivery. */
static int know_pull(struct db *db, void *arg, struct err *err)
{
    const struct github_double_pull *p = arg;
    struct pull_request pull = {.repository_id = 1,
                                .number = p->number,
                                .github_id = 2000000000000 + p->number,
                                .state = PULL_REQUEST_OPEN,
                                .title = "Spring",
                                .url = "",
                                .author_id = 583000001,
                                .author = "mika",
                                .base_ref = "main",
                                .head_ref = "spring",
                                .head_sha = SHA,
                                .opened_at = 1000,
                                .updated_at = 2000};
    bool taken;

    return store_pull_request_put(db, &pull, &taken, err);
}

/* As an event says it that came last; a review has no `merged`. */
static int know_ended(struct db *db, int64_t number, enum pull_request_state state, struct err *err)
{
    struct pull_request pull = {.repository_id = 1,
                                .number = number,
                                .github_id = 2000000000000,
                                .state = state,
                                .title = "Spring",
                                .url = "",
                                .base_ref = "main",
                                .head_ref = "spring",
                                .head_sha = SHA,
                                .opened_at = 1000,
                                .updated_at = wall_now(NULL)};
    bool taken;

    return store_pull_request_put(db, &pull, &taken, err);
}

static int know_closed(struct db *db, void *arg, struct err *err)
{
    return know_ended(db, *(int64_t *)arg, PULL_REQUEST_CLOSED, err);
}

static int know_merged(struct db *db, void *arg, struct err *err)
{
    return know_ended(db, *(int64_t *)arg, PULL_REQUEST_MERGED, err);
}

static const char push[] =
    "{\"ref\":\"refs/heads/main\",\"before\":\"" SHA "\",\"after\":\"" SHA "\",\"created\":false,"
    "\"deleted\":false,\"forced\":false,\"commits\":[],\"head_commit\":null,"
    "\"note\":\"\\u6625\\ud83c\\udf38 1e3 \\\"q\\\"\",\"repository\":{\"id\":4442074271,"
    "\"full_name\":\"acme/shop\",\"pushed_at\":1795000000}}";

static void W5_a_delivery_that_never_came_is_fetched_from_githubs_list(void **state)
{
    struct delivery delivery;
    struct event event;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    github_double_sent(&github, HOOK, "guid-missed", "push", ago(3 * MINUTE), push);
    assert_int_equal(walk().found, 1);
    assert_true(stored("guid-missed", &arena, &delivery, &event));
    assert_int_equal(delivery.state, DELIVERY_RECEIVED);
    assert_int_equal(delivery.origin, DELIVERY_FETCHED);
    assert_string_equal(delivery.event, "push");
    assert_int_equal(event.repository_id, 4442074271);
    assert_string_equal(event.push.after_sha, SHA);
    arena_deinit(&arena);
}

static void W5_what_is_known_is_not_fetched_again(void **state)
{
    (void)state;
    github_double_sent(&github, HOOK, "guid-missed", "push", ago(3 * MINUTE), push);
    github_double_sent(&github, HOOK, "guid-missed", "push", ago(2 * MINUTE),
                       push); /* redelivered */
    assert_int_equal(walk().found, 1);
    assert_int_equal(walk().found, 1);
    assert_int_equal(github.n_payloads, 1);
    assert_int_equal(api_room_deliveries(&room), 1);
}

static void W5_what_may_be_on_its_way_is_left_to_the_next_walk(void **state)
{
    struct delivery delivery;
    struct event event;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    github_double_sent(&github, HOOK, "guid-fresh", "push", ago(5000), push);
    assert_int_equal(walk().found, 0);
    atomic_store(&ahead, 2 * MINUTE);
    assert_int_equal(walk().found, 1);
    assert_true(stored("guid-fresh", &arena, &delivery, &event));
    arena_deinit(&arena);
}

static void W5_a_long_list_is_walked_page_by_page_and_no_further_than_the_watermark(void **state)
{
    char guid[32];
    int asked;

    (void)state;
    github.page = 7;
    github_double_sent(&github, HOOK, "guid-old", "push", ago(13 * MINUTE), push);
    for (int i = 0; i < 30; i++) {
        snprintf(guid, sizeof(guid), "guid-%d", i);
        github_double_sent(&github, HOOK, guid, "push", ago(3 * MINUTE), push);
    }
    asked = atomic_load(&github.asked);
    assert_int_equal(walk().found, 30); /* what lies before the watermark was seen before */
    assert_int_equal(atomic_load(&github.asked), asked + 1 + 5 + 30); /* pulls, pages, payloads */
}

static void W5_the_watermark_moves_only_after_a_complete_walk(void **state)
{
    const char *source = "deliveries/71";
    time_ms before;
    char guid[32];

    (void)state;
    before = mark_of(source);
    assert_in_range(before, wall_now(NULL) - 2 * MINUTE, wall_now(NULL) - MINUTE);
    for (int i = 0; i < 250; i++) {
        snprintf(guid, sizeof(guid), "guid-%d", i);
        github_double_sent(&github, HOOK, guid, "push", ago(3 * MINUTE), push);
    }
    atomic_store(&ahead, MINUTE);
    recovery_soon(room.api.recovery);
    for (int i = 0; i < 1000 && api_room_deliveries(&room) < 200; i++)
        usleep(10000);
    usleep(50000);
    assert_int_equal(api_room_deliveries(&room), 200); /* so much in one walk */
    assert_true(mark_of(source) == before);
    assert_int_equal(walk().found, 250); /* the next one ends it */
    assert_true(mark_of(source) > before);
}

static void W5_a_merge_that_no_event_told_is_found_among_the_pull_requests(void **state)
{
    struct github_double_pull known = {.number = 12};
    struct recovery_report report;
    struct delivery delivery;
    struct event event;
    struct arena arena;
    char guid[129];
    time_ms at;

    (void)state;
    arena_init(&arena);
    api_room_write(&room, know_pull, &known);
    github_double_pull(&github, 12, "", pull_json(12, "Spring", true, ago(MINUTE)));
    report = walk();
    assert_int_equal(report.found, 1);
    assert_int_equal(github.n_looked_up, 1);
    {
        struct cJSON *json;
        assert_int_equal(json_parse(github.pulls[0].json, strlen(github.pulls[0].json), NULL, &json,
                                    NULL),
                         0);
        assert_int_equal(timestamp_parse_rfc3339(json_str(json, "updated_at"), &at), 0);
        json_free(json);
    }
    snprintf(guid, sizeof(guid), "looked-up-1-12-%lld", (long long)at);
    assert_true(stored(guid, &arena, &delivery, &event));
    assert_int_equal(delivery.origin, DELIVERY_LOOKED_UP);
    assert_string_equal(event.action, "looked_up");
    assert_true(event.pull_request.merged);
    assert_string_equal(event.pull_request.merge_sha, SHA);
    assert_int_equal(event.pull_request.n_labels, 1);
    assert_int_equal(event.repository_id, 4442074271);
    /* Asked once, also while the flow has not read it yet. */
    assert_int_equal(walk().found, 1);
    assert_int_equal(github.n_looked_up, 1);
    arena_deinit(&arena);
}

static void W5_a_pull_request_that_is_known_as_it_is_costs_no_question(void **state)
{
    struct github_double_pull known = {.number = 12};

    (void)state;
    api_room_write(&room, know_pull, &known);
    /* A comment moves `updated_at` and nothing that matters. */
    github_double_pull(&github, 12, "", pull_json(12, "Spring", false, ago(MINUTE)));
    assert_int_equal(walk().found, 0);
    assert_int_equal(github.n_looked_up, 0);
    github_double_pull(&github, 12, "", pull_json(12, "Spring, really", false, ago(MINUTE)));
    assert_int_equal(walk().found, 1);
}

/* An approval in the second of the merge, or after it, is not the merge. */
static void W5_a_lost_merge_is_found_also_if_something_later_was_told(void **state)
{
    int64_t numbers[] = {12, 13};

    (void)state;
    api_room_write(&room, know_closed, &numbers[0]);
    api_room_write(&room, know_closed, &numbers[1]);
    github_double_pull(&github, 12, "", pull_json(12, "Spring", true, ago(MINUTE)));
    github_double_pull(&github, 13, "", pull_json(13, "Spring", false, ago(MINUTE))); /* older */
    assert_int_equal(walk().found, 1);
    assert_int_equal(github.n_looked_up, 1);
}

/* Whatever told of it, the commit that came of it was not there: it is to be looked up, and once. */
static void W5_a_merge_without_its_commit_is_looked_up(void **state)
{
    int64_t number = 12;

    (void)state;
    api_room_write(&room, know_merged, &number);
    github_double_pull(&github, 12, "", pull_json(12, "Spring", true, ago(MINUTE)));
    assert_int_equal(walk().found, 1);
    assert_int_equal(walk().found, 1);
    assert_int_equal(github.n_looked_up, 1);
}

static void W5_at_first_sight_the_newest_page_of_pull_requests_is_known(void **state)
{
    (void)state;
    assert_int_equal(wait_for(1).found, 100);
    assert_int_equal(walk().found, 100); /* what was before is not missed */
}

static void W5_a_token_that_may_not_see_webhooks_is_said_and_pull_requests_are_compared(
    void **state)
{
    (void)state;
    github.no_hooks = true;
    github_double_pull(&github, 12, "", pull_json(12, "Spring", true, ago(MINUTE)));
    recovery_stop(room.api.recovery); /* the hook was known: begin anew */
    room.api.recovery = start();
    wait_for_trouble("may not read the webhooks of acme/shop");
    assert_int_equal(wait_for(1).found, 1);
}

static void W5_a_list_that_is_not_there_is_no_answer_and_moves_nothing(void **state)
{
    time_ms deliveries, pulls;

    (void)state;
    deliveries = mark_of("deliveries/71");
    pulls = mark_of("pulls/1");
    atomic_store(&ahead, MINUTE);
    atomic_store(&github.day, GITHUB_DOUBLE_BROKEN);
    recovery_soon(room.api.recovery);
    wait_for_trouble("GitHub answered 502");
    atomic_store(&github.day, GITHUB_DOUBLE_ODD);
    recovery_soon(room.api.recovery);
    wait_for_trouble("no list");
    assert_true(mark_of("deliveries/71") == deliveries);
    assert_true(mark_of("pulls/1") == pulls);
    atomic_store(&github.day, GITHUB_DOUBLE_WELL);
    walk();
    assert_true(mark_of("deliveries/71") > deliveries);
    assert_true(mark_of("pulls/1") > pulls);
}

static void W5_a_payload_that_github_no_longer_keeps_holds_up_nothing(void **state)
{
    (void)state;
    github_double_sent(&github, HOOK, "guid-forgotten", "push", ago(4 * MINUTE), push);
    github.forgotten = github.sent[0].id;
    github_double_sent(&github, HOOK, "guid-kept", "push", ago(3 * MINUTE), push);
    assert_int_equal(walk().found, 1);
}

/* GitHub answers without the payload, for ever: what came after it is fetched, and the walk is not called complete. */
static void W5_one_that_cannot_be_fetched_holds_up_nothing_behind_it(void **state)
{
    time_ms before;
    char guid[32];

    (void)state;
    before = mark_of("deliveries/71");
    atomic_store(&ahead, MINUTE);
    github_double_sent(&github, HOOK, "guid-bad", "push", ago(4 * MINUTE), "null");
    github_double_sent(&github, HOOK, "guid-good", "push", ago(3 * MINUTE), push);
    recovery_soon(room.api.recovery);
    assert_int_equal(wait_for_trouble("`request.payload` is no object").found, 1);
    assert_true(mark_of("deliveries/71") == before);
    for (int i = 0; i < 40 && mark_of("deliveries/71") == before; i++) { /* given up in the end */
        snprintf(guid, sizeof(guid), "guid-%d", i);
        github_double_sent(&github, HOOK, guid, "push", ago(3 * MINUTE), push);
        recovery_soon(room.api.recovery);
        for (int k = 0; k < 500 && api_room_deliveries(&room) < i + 2; k++)
            usleep(2000);
    }
    usleep(50000);
    assert_true(mark_of("deliveries/71") > before);
    wait_for_trouble("1 of what was missed was given up");
}

static void W5_pull_requests_that_cannot_be_listed_keep_no_delivery_away(void **state)
{
    (void)state;
    github_double_pull(&github, 12, "", "{\"number\":0}"); /* the list cannot be read */
    github_double_sent(&github, HOOK, "guid-missed", "push", ago(3 * MINUTE), push);
    recovery_soon(room.api.recovery);
    assert_int_equal(wait_for_trouble("`number` or `updated_at` is none").found, 1);
}

static void W5_nothing_is_fetched_while_the_disk_is_full(void **state)
{
    (void)state;
    atomic_store(&full, true);
    github_double_sent(&github, HOOK, "guid-missed", "push", ago(3 * MINUTE), push);
    recovery_soon(room.api.recovery);
    assert_int_equal(wait_for_trouble("the disk has no room").found, 0);
    assert_int_equal(github.n_payloads, 0);
    atomic_store(&full, false);
    assert_int_equal(walk().found, 1);
}

/* Whoever is turned away again and again, and was not GitHub, does not use up what we may ask. */
static void T08_who_is_turned_away_in_vain_makes_us_ask_less_and_less(void **state)
{
    int asked;

    (void)state;
    asked = atomic_load(&github.asked);
    for (int i = 0; i < 500; i++) {
        recovery_soon(room.api.recovery);
        usleep(2000);
    }
    asked = atomic_load(&github.asked) - asked;
    assert_in_range(asked, 2, 2 * 8); /* two questions at 10, 30, 70, 150, 310, 630, 1270 ms */
}

static void W5_after_a_delivery_was_turned_away_it_is_compared_soon(void **state)
{
    static const char request[] =
        "POST /webhooks/github HTTP/1.1\r\nHost: h\r\nX-GitHub-Event: push\r\n"
        "X-GitHub-Delivery: guid-shed\r\nContent-Type: application/json\r\n"
        "X-Hub-Signature-256: sha256="
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\r\n"
        "Content-Length: 2\r\n\r\n{}";
    time_ms when;
    struct raw_answer *answer;

    (void)state;
    when = wall_now(NULL) + 1;
    usleep(2000);
    /* The wrong signature is no reason; a 503 is. */
    answer = raw_http_ask(http_server_address(room.server, LISTENER_WEBHOOKS), request,
                          sizeof(request) - 1);
    assert_int_equal(answer->status, 401);
    free(answer);
    usleep(100000);
    {
        struct recovery_report report;
        recovery_report(room.api.recovery, "acme/shop", &report);
        assert_true(report.compared_at < when);
    }
    room.api.disk = disk_new("/", (uint64_t)1 << 62);
    answer = raw_http_ask(http_server_address(room.server, LISTENER_WEBHOOKS), request,
                          sizeof(request) - 1);
    assert_int_equal(answer->status, 503);
    free(answer);
    wait_for(when);
    disk_free(room.api.disk);
    room.api.disk = NULL;
}

/* More come than there is room for; the oldest is cut off, and it may have been GitHub. */
static void W5_after_one_was_cut_off_for_room_it_is_compared_soon(void **state)
{
    static const char half[] = "POST /webhooks/github HTTP/1.1\r\nHost: h\r\n";
    struct http_server_options options = {.headers_ms = 60000};
    struct http_server *small;
    struct err err = ERR_INIT;
    int fds[4];
    time_ms when;

    (void)state;
    options.listeners[LISTENER_WEBHOOKS] =
        (struct http_server_listener){.address = "127.0.0.1:0", .max_connections = 3};
    assert_int_equal(http_server_start(&small, &options, &room.api, &err), 0);
    when = wall_now(NULL) + 1;
    usleep(2000);
    for (int i = 0; i < 4; i++) {
        if (i == 3) {
            struct recovery_report report;
            usleep(100000); /* there was room for these */
            recovery_report(room.api.recovery, "acme/shop", &report);
            assert_true(report.compared_at < when);
        }
        fds[i] = raw_http_open(http_server_address(small, LISTENER_WEBHOOKS));
        raw_http_send(fds[i], half, sizeof(half) - 1);
    }
    wait_for(when);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    http_server_stop(small, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(W5_a_delivery_that_never_came_is_fetched_from_githubs_list,
                                        up, down),
        cmocka_unit_test_setup_teardown(W5_what_is_known_is_not_fetched_again, up, down),
        cmocka_unit_test_setup_teardown(W5_what_may_be_on_its_way_is_left_to_the_next_walk, up,
                                        down),
        cmocka_unit_test_setup_teardown(
            W5_a_long_list_is_walked_page_by_page_and_no_further_than_the_watermark, up, down),
        cmocka_unit_test_setup_teardown(W5_the_watermark_moves_only_after_a_complete_walk, up,
                                        down),
        cmocka_unit_test_setup_teardown(
            W5_a_merge_that_no_event_told_is_found_among_the_pull_requests, up, down),
        cmocka_unit_test_setup_teardown(W5_a_pull_request_that_is_known_as_it_is_costs_no_question,
                                        up, down),
        cmocka_unit_test_setup_teardown(W5_a_lost_merge_is_found_also_if_something_later_was_told,
                                        up, down),
        cmocka_unit_test_setup_teardown(W5_a_merge_without_its_commit_is_looked_up, up, down),
        cmocka_unit_test_setup_teardown(W5_at_first_sight_the_newest_page_of_pull_requests_is_known,
                                        up_with_pull_requests, down),
        cmocka_unit_test_setup_teardown(
            W5_a_token_that_may_not_see_webhooks_is_said_and_pull_requests_are_compared, up, down),
        cmocka_unit_test_setup_teardown(W5_a_list_that_is_not_there_is_no_answer_and_moves_nothing,
                                        up, down),
        cmocka_unit_test_setup_teardown(W5_a_payload_that_github_no_longer_keeps_holds_up_nothing,
                                        up, down),
        cmocka_unit_test_setup_teardown(W5_one_that_cannot_be_fetched_holds_up_nothing_behind_it,
                                        up, down),
        cmocka_unit_test_setup_teardown(
            W5_pull_requests_that_cannot_be_listed_keep_no_delivery_away, up, down),
        cmocka_unit_test_setup_teardown(W5_nothing_is_fetched_while_the_disk_is_full, up, down),
        cmocka_unit_test_setup_teardown(T08_who_is_turned_away_in_vain_makes_us_ask_less_and_less,
                                        up, down),
        cmocka_unit_test_setup_teardown(W5_after_a_delivery_was_turned_away_it_is_compared_soon, up,
                                        down),
        cmocka_unit_test_setup_teardown(W5_after_one_was_cut_off_for_room_it_is_compared_soon, up,
                                        down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
