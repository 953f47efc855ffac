/*
 * record: what CI, comments, reviews, webhooks and repeats leave behind, in any order. Deliveries are put into the store
 * as they come; the flow reads them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/model/config.h"
#include "lib/store/store_comment.h"
#include "lib/store/store_commit_check.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_hook.h"
#include "lib/store/store_person.h"
#include "tests/support/record_room.h"

/* CI -------------------------------------------------------------------------------------------- */

static const char *run(struct record_room *room, int id, const char *name, const char *status,
                       const char *conclusion, const char *started, const char *completed)
{
    return arena_printf(
        &room->arena,
        "{\"action\":\"completed\",\"check_run\":{\"id\":%d,\"name\":\"%s\",\"head_sha\":\"" SHA
        "\",\"status\":\"%s\",\"conclusion\":%s,\"started_at\":%s,\"completed_at\":%s,"
        "\"app\":{\"id\":15368,\"slug\":\"github-actions\"}}," SHOP ",\"sender\":" ANA "}",
        id, name, status, conclusion, started, completed);
}

static struct commit_check *checks(struct record_room *room, size_t n)
{
    struct commit_check *items = NULL;
    struct err err = ERR_INIT;
    size_t found = 0;

    assert_int_equal(store_commit_check_list(room->stop.flow.db, &room->arena, 1, SHA, &items,
                                             &found, &err),
                     0);
    assert_int_equal(found, n);
    return items;
}

static void check_runs_suites_and_statuses_become_checks_of_their_commit(void **state)
{
    struct record_room *room = *state;
    struct commit_check *c;

    record_room_reads(room, "check_run",
                      run(room, 1, "test", "completed", "\"success\"", AT("2:00:00"),
                          AT("2:05:00")));
    record_room_reads(
        room, "check_suite",
        "{\"action\":\"completed\",\"check_suite\":{\"id\":3,\"head_sha\":\"" SHA
        "\",\"status\":\"completed\",\"conclusion\":\"failure\",\"created_at\":" AT(
            "2:00:00") ",\"updated_at\":" AT("2:09:00") ",\"app\":{\"id\":7,\"slug\":\"ci\"}}," SHOP
                                                        "}");
    record_room_reads(room, "status",
                      "{\"id\":4,\"sha\":\"" SHA "\",\"context\":\"ci/lint\",\"state\":\"pending\","
                      "\"created_at\":" AT("2:00:00") ",\"updated_at\":" AT("2:00:00") "," SHOP
                                                                                       "}");
    c = checks(room, 3);
    assert_string_equal(c[0].name, "test");
    assert_int_equal(c[0].state, COMMIT_CHECK_PASSED);
    assert_int_equal(c[0].app_id, 15368);
    assert_string_equal(c[1].name, "3");
    assert_int_equal(c[1].state, COMMIT_CHECK_FAILED);
    assert_string_equal(c[2].name, "ci/lint");
    assert_int_equal(c[2].state, COMMIT_CHECK_PENDING);
    assert_null(c[2].app);
}

static void W4_the_end_of_a_run_that_arrives_before_its_beginning_stays(void **state)
{
    struct record_room *room = *state;

    record_room_reads(room, "check_run",
                      run(room, 1, "test", "completed", "\"failure\"", AT("2:00:00"),
                          AT("2:05:00")));
    record_room_reads(room, "check_run",
                      run(room, 1, "test", "in_progress", "null", AT("2:00:00"), "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_FAILED);
    /* A new run of the same name begins: what was is no longer what is. */
    record_room_reads(room, "check_run",
                      run(room, 2, "test", "queued", "null", AT("2:10:00"), "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_PENDING);
    assert_string_equal(checks(room, 1)->word, "queued");
}

/* A run that goes on has not passed, whatever stands in its conclusion (T06). */
static void a_conclusion_without_an_end_is_no_pass(void **state)
{
    struct record_room *room = *state;

    record_room_reads(room, "check_run",
                      run(room, 1, "test", "in_progress", "\"success\"", AT("2:00:00"), "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_PENDING);
    record_room_reads(room, "check_run", run(room, 2, "test", "queued", "null", "null", "null"));
    assert_int_equal(checks(room, 1)->github_id,
                     2); /* no beginning is told: its id is the later one */
}

/* That a run waits is said without a time, and may be told after its end (W4). */
static void W4_a_queued_run_without_a_time_that_comes_late_undoes_no_end(void **state)
{
    struct record_room *room = *state;

    record_room_reads(room, "check_run",
                      run(room, 2, "test", "completed", "\"success\"", AT("2:00:00"),
                          AT("2:05:00")));
    record_room_reads(room, "check_run", run(room, 2, "test", "queued", "null", "null", "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_PASSED);
    record_room_reads(room, "check_run", run(room, 1, "test", "queued", "null", "null", "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_PASSED); /* of the run before */
    record_room_reads(room, "check_run", run(room, 3, "test", "queued", "null", "null", "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_PENDING);
    record_room_reads(room, "check_run",
                      run(room, 3, "test", "completed", "\"failure\"", AT("2:06:00"),
                          AT("2:07:00")));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_FAILED);
}

/* Comments -------------------------------------------------------------------------------------- */

static const char *comment(struct record_room *room, const char *action, const char *body,
                           const char *at, const char *issue)
{
    return arena_printf(&room->arena,
                        "{\"action\":\"%s\",\"issue\":{\"number\":7%s},\"comment\":{\"id\":80,"
                        "\"body\":\"%s\",\"user\":" ANA
                        ",\"created_at\":" AT("2:00:00") ",\"updated_at\":%s}," SHOP
                                                         ",\"sender\":{\"id\":6,\"login\":\"li\"}}",
                        action, issue, body, at);
}

#define ON_PULL ",\"pull_request\":{}"

static const struct comment *only_comment(struct record_room *room)
{
    struct comment *items = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    assert_int_equal(store_comment_list(room->stop.flow.db, &room->arena, 1, 7, 10, &items, &n,
                                        &err),
                     0);
    assert_int_equal(n, 1);
    return items;
}

static void a_comment_is_kept_as_it_was_created(void **state)
{
    struct record_room *room = *state;
    const struct comment *c;

    record_room_reads(room, "issue_comment",
                      comment(room, "created", "/approve production\\r\\nand more", AT("2:00:00"),
                              ON_PULL));
    record_room_reads(room, "issue_comment",
                      comment(room, "edited", "/hold forever", AT("2:01:00"), ON_PULL));
    c = only_comment(room);
    assert_string_equal(c->first_line, "/approve production");
    assert_int_equal(c->author_id, 5);
    assert_int_equal(c->sender_id, 6); /* not the author: no command (T20) */
    assert_int_equal(c->edited_at - c->created_at, 60000);
    assert_int_equal(c->deleted_at, 0);
    assert_int_equal(record_room_count(room, "timeline"), 0); /* #7 is not known yet (W4) */
    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    record_room_reads(room, "issue_comment",
                      comment(room, "deleted", "/hold forever", AT("2:01:00"), ON_PULL));
    assert_true(only_comment(room)->deleted_at > 0);
    assert_int_equal(record_room_count(room, "timeline"), 2);
}

static void W4_an_edit_that_arrives_before_the_comment_does_not_become_its_text(void **state)
{
    struct record_room *room = *state;
    const struct comment *c;

    record_room_reads(room, "issue_comment",
                      comment(room, "edited", "/approve", AT("2:03:00"), ON_PULL));
    c = only_comment(room);
    assert_null(c->first_line);
    assert_int_equal(c->sender_id, 0);
    record_room_reads(room, "issue_comment",
                      comment(room, "created", "hello", AT("2:00:00"), ON_PULL));
    c = only_comment(room);
    assert_string_equal(c->first_line, "hello");
    assert_int_equal(c->sender_id, 6);
    assert_int_equal(c->edited_at - c->created_at, 180000);
}

static void a_long_first_line_is_cut_between_characters(void **state)
{
    struct record_room *room = *state;
    char body[1200];

    memset(body, 'x', sizeof(body));
    memcpy(body + 1023, "\xe5\x86\xac", 3); /* 冬, over the border */
    body[sizeof(body) - 1] = '\0';
    record_room_reads(room, "issue_comment",
                      comment(room, "created", body, AT("2:00:00"), ON_PULL));
    assert_int_equal(strlen(only_comment(room)->first_line), 1023);
    assert_true(only_comment(room)->cut);
}

static void comments_on_issues_are_ignored(void **state)
{
    struct record_room *room = *state;

    record_room_ignores(room, "issue_comment",
                        comment(room, "created", "/approve", AT("2:00:00"), ""), "on an issue");
    assert_int_equal(record_room_count(room, "comments"), 0);
}

/* Logins ---------------------------------------------------------------------------------------- */

static int64_t bound_to(struct record_room *room, const char *login)
{
    struct person person = {.github_id = 0};
    struct err err = ERR_INIT;
    int rc = store_person_by_login(room->stop.flow.db, &room->arena, login, &person, &err);

    return rc == 0 ? person.github_id : 0;
}

/* Whoever a delivery names, in whatever part: whose a login is, is known before he does something himself. */
static void A4_everybody_whom_a_delivery_names_is_known_by_his_id(void **state)
{
    struct record_room *room = *state;

    record_room_reads(
        room, "pull_request_review",
        "{\"action\":\"submitted\",\"review\":{\"id\":90,\"state\":\"approved\",\"user\":{\"id\":11,"
        "\"login\":\"kei\"}},\"pull_request\":{\"id\":70,\"number\":7,\"state\":\"closed\",\"merged\":true,"
        "\"user\":" ANA ",\"merged_by\":{\"id\":12,\"login\":\"mori\"},\"created_at\":" AT(
            "1:00:00") ",\"updated_at\":" AT("2:00:00") ",\"base\":{\"ref\":\"main\"},"
                                                        "\"head\":{\"ref\":\"sale\",\"sha\":\"" SHA
                                                        "\"}}," SHOP ",\"sender\":" LI "}");
    assert_int_equal(bound_to(room, "ana"), 5);
    assert_int_equal(bound_to(room, "li"), 6);
    assert_int_equal(bound_to(room, "kei"), 11);
    assert_int_equal(bound_to(room, "mori"), 12);
    record_room_reads(
        room, "issue_comment",
        "{\"action\":\"created\",\"issue\":{\"number\":7,\"pull_request\":{}},\"comment\":{"
        "\"id\":81,\"body\":\"x\",\"user\":{\"id\":13,\"login\":\"nao\"},\"created_at\":" AT(
            "2:00:00") ",\"updated_at\":" AT("2:00:00") "}," SHOP "}");
    assert_int_equal(bound_to(room, "nao"), 13);
}

/* Reviews --------------------------------------------------------------------------------------- */

static const char *review(struct record_room *room, const char *action, const char *is,
                          const char *at)
{
    return record_room_pull(
        room, action, 7,
        arena_printf(&room->arena,
                     "\"review\":{\"id\":90,\"state\":\"%s\",\"commit_id\":\"" SHA
                     "\",\"user\":{\"id\":6,\"login\":\"li\"},\"submitted_at\":" AT("2:00:00") "},",
                     is),
        at);
}

static void W4_a_dismissed_review_stays_dismissed(void **state)
{
    struct record_room *room = *state;
    struct db_rows *found;
    struct err err = ERR_INIT;
    static const struct statement is = {"is", "SELECT state FROM pull_request_reviews"};
    char word[24];

    record_room_reads(room, "pull_request_review",
                      review(room, "dismissed", "dismissed", "2026-11-24T02:00:09Z"));
    record_room_reads(room, "pull_request_review",
                      review(room, "submitted", "approved", "2026-11-24T02:00:00Z"));
    /* Nor in the second in which it was dismissed, nor by what is told of it afterwards. */
    record_room_reads(room, "pull_request_review",
                      review(room, "submitted", "approved", "2026-11-24T02:00:09Z"));
    record_room_reads(room, "pull_request_review",
                      review(room, "edited", "approved", "2026-11-24T02:01:00Z"));
    assert_int_equal(db_query(room->stop.flow.db, &is, &found, &err, ""), 0);
    assert_int_equal(db_next(found, &err), 1);
    db_copy(found, 0, word, sizeof(word));
    db_end(found);
    assert_string_equal(word, "dismissed");
}

/* What brings deliveries ------------------------------------------------------------------------ */

static size_t lost(struct record_room *room)
{
    struct hook *items;
    struct err err = ERR_INIT;
    size_t n = 0;

    assert_int_equal(store_hook_lost(room->stop.flow.db, &room->arena, &items, &n, &err), 0);
    return n;
}

#define ACCOUNT "\"account\":{\"id\":3,\"login\":\"acme\"}"

static void a_webhook_that_is_removed_is_missed_until_another_one_serves(void **state)
{
    struct record_room *room = *state;

    record_room_reads(room, "ping",
                      "{\"zen\":\"x\",\"hook_id\":21,\"hook\":{\"type\":\"Repository\"}," SHOP "}");
    assert_int_equal(lost(room), 0);
    record_room_reads(room, "meta", "{\"action\":\"deleted\",\"hook_id\":21,\"hook\":{}," SHOP "}");
    assert_int_equal(lost(room), 1);
    record_room_reads(room, "ping",
                      "{\"zen\":\"x\",\"hook_id\":22,\"hook\":{\"type\":\"Repository\"}," SHOP "}");
    assert_int_equal(lost(room), 0);
    record_room_reads(room, "meta", "{\"action\":\"deleted\",\"hook_id\":22,\"hook\":{}," SHOP "}");
    assert_int_equal(lost(room), 2);
    record_room_reads(room, "ping",
                      "{\"zen\":\"x\",\"hook_id\":23,\"hook\":{\"type\":\"Organization\"}}");
    assert_int_equal(lost(room), 0);
    record_room_ignores(room, "ping", "{\"zen\":\"x\"}", "no webhook");
}

static void an_installation_that_is_suspended_or_loses_a_repository_is_missed(void **state)
{
    struct record_room *room = *state;

    record_room_reads(room, "pull_request",
                      record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    record_room_reads(room, "installation",
                      "{\"action\":\"created\",\"installation\":{\"id\":31," ACCOUNT "}}");
    assert_int_equal(lost(room), 0);
    record_room_reads(room, "installation",
                      "{\"action\":\"suspend\",\"installation\":{\"id\":31," ACCOUNT "}}");
    assert_int_equal(lost(room), 1);
    record_room_reads(room, "installation",
                      "{\"action\":\"unsuspend\",\"installation\":{\"id\":31," ACCOUNT "}}");
    assert_int_equal(lost(room), 0);
    record_room_reads(
        room, "installation_repositories",
        "{\"action\":\"removed\",\"installation\":{\"id\":31," ACCOUNT "},"
        "\"repositories_added\":[],\"repositories_removed\":[{\"id\":99,\"full_name\":"
        "\"acme/other\"},{\"id\":" SHOP_ID ",\"full_name\":\"acme/shop\"}]}");
    assert_int_equal(lost(room), 1); /* of the one that is ours */
}

/* The rest -------------------------------------------------------------------------------------- */

static void what_nothing_depends_on_is_acknowledged_with_its_reason(void **state)
{
    struct record_room *room = *state;
    static const char *const bodies[][3] = {
        {"deployment", "{\"action\":\"created\",\"deployment\":{}," SHOP "}", "reports"},
        {"deployment_status",
         "{\"action\":\"created\",\"deployment\":{},\"deployment_status\":{}," SHOP "}", "reports"},
        {"release", "{\"action\":\"published\",\"release\":{}," SHOP "}", "along the branch"},
        {"merge_group", "{\"action\":\"destroyed\",\"merge_group\":{}," SHOP "}", "as a push"},
        {"star", "{\"action\":\"created\"," SHOP "}", "nothing here depends on it"},
        {"tomorrow", "{\"action\":\"invented\"," SHOP "}", "nothing here depends on it"},
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
        record_room_ignores(room, bodies[i][0], bodies[i][1], bodies[i][2]);
    record_room_ignores(room, "check_run",
                        "{\"check_run\":{\"id\":1,\"name\":\"x\",\"head_sha\":\"" SHA
                        "\"},\"repository\":{\"id\":11,\"full_name\":\"evil/shop\"}}",
                        "not a configured repository");
}

/* T05: a body that was seen before comes under a new GUID; headers are not signed. */
static void T05_a_repeat_leaves_nothing_new(void **state)
{
    struct record_room *room = *state;
    const char *opened = record_room_pull(room, "opened", 7, "", "2026-11-24T01:00:00Z");
    const char *said = comment(room, "created", "/approve", AT("2:00:00"), ON_PULL);
    struct delivery d;

    record_room_reads(room, "pull_request", opened);
    record_room_reads(room, "issue_comment", said);
    assert_int_equal(record_room_count(room, "timeline"), 2);
    d = record_room_deliver(room, "pull_request", opened);
    assert_int_equal(d.state, DELIVERY_RECORDED);
    assert_true(d.repeat_of != 0);
    assert_string_equal(d.note, "a repeat: read again, nothing else");
    record_room_reads(room, "issue_comment", said);
    assert_int_equal(record_room_count(room, "timeline"), 2);
    assert_int_equal(record_room_count(room, "comments"), 1);
    for (int i = 0; i < 2; i++)
        record_room_reads(room, "push",
                          record_room_pushed(room, "refs/heads/main", SHA, NEXT, ANA));
    assert_int_equal(record_room_count(room, "pushes"), 1);
}

/* T05: three deliveries in one second of GitHub's clock; the third is the first again. */
static void T05_a_label_added_removed_and_added_within_a_second_is_there_at_the_end(void **state)
{
    struct record_room *room = *state;
    const char *base = record_room_pull(room, "labeled", 7, "", "2026-11-24T01:00:00Z");
    const char *with =
        arena_printf(&room->arena, "%.*s\"labels\":[{\"name\":\"hold\"}],%s",
                     (int)(strstr(base, "\"state\"") - base), base, strstr(base, "\"state\""));
    const char *without =
        arena_printf(&room->arena, "%.*s\"labels\":[],%s", (int)(strstr(base, "\"state\"") - base),
                     base, strstr(base, "\"state\""));

    record_room_reads(room, "pull_request", with);
    record_room_reads(room, "pull_request", without);
    assert_int_equal(record_room_count(room, "labels"), 0);
    record_room_reads(room, "pull_request", with);
    assert_int_equal(record_room_count(room, "labels"), 1);
    /* A list that is not there says nothing of it. */
    record_room_reads(room, "pull_request_review",
                      review(room, "submitted", "approved", "2026-11-24T01:00:00Z"));
    assert_int_equal(record_room_count(room, "labels"), 1);
}

/* A process that died over a batch read the row under suspicion first, when it had just started, and died again ... */
static int died_over(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return db_exec(db, "UPDATE deliveries SET state = 'received', crashes = 2 WHERE id = 1", err);
}

static void W7_a_young_process_reads_what_is_good_and_waits_with_what_may_have_killed_it(
    void **state)
{
    struct record_room *room = *state;
    struct delivery *items;
    struct err err = ERR_INIT;
    time_ms now = clock_now(room->stop.flow.clock);
    size_t n;

    record_room_ignores(room, "star", "{\"action\":\"created\"," SHOP "}", "nothing here depends");
    stop_room_write(&room->stop, died_over, NULL);
    room->stop.flow.heard_since = now;
    record_room_ignores(room, "star", "{\"action\":\"deleted\"," SHOP "}", "nothing here depends");
    assert_int_equal(store_delivery_open(room->stop.flow.db, &room->arena, 5, &items, &n, &err), 0);
    assert_int_equal(n, 1); /* it waits, and a look is due when its time comes */
    assert_in_range(room->stop.next, now + 1, now + 3000);
    room->stop.flow.heard_since = now - 3000;
    room->stop.next = now;
    stop_room_look(&room->stop);
    assert_int_equal(store_delivery_open(room->stop.flow.db, &room->arena, 5, &items, &n, &err), 0);
    assert_int_equal(n, 0);
}

static int lose_the_first_body(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return db_exec(db,
                   "UPDATE deliveries SET state = 'received' WHERE id = 1;"
                   " DELETE FROM delivery_bodies WHERE delivery_id = 1",
                   err);
}

/* It cannot come about by what we do; by what somebody does to the file it can. */
static void W7_a_delivery_without_its_body_is_unreadable_and_stops_nothing(void **state)
{
    struct record_room *room = *state;
    struct delivery first;
    struct err err = ERR_INIT;

    record_room_ignores(room, "star", "{\"action\":\"created\"," SHOP "}", "nothing here depends");
    stop_room_write(&room->stop, lose_the_first_body, NULL);
    record_room_ignores(room, "star", "{\"action\":\"deleted\"," SHOP "}", "nothing here depends");
    assert_int_equal(store_delivery_by_id(room->stop.flow.db, &room->arena, 1, &first, &err), 0);
    assert_int_equal(first.state, DELIVERY_UNREADABLE);
    assert_non_null(strstr(first.note, "no longer kept"));
}

/* Nobody rings for a delivery that comes then (0198). */
static void W2_reading_rests_and_looks_by_itself_when_its_rest_is_over(void **state)
{
    struct record_room *room = *state;
    struct flow *flow = &room->stop.flow;
    const char *star = "{\"action\":\"created\"," SHOP "}";
    struct delivery *items;
    struct err err = ERR_INIT;
    size_t n = 9;
    time_ms now = stop_room_at(&room->stop, "10:00:00");

    stop_room_look(&room->stop);
    atomic_store(&flow->record_pace.rests_until, clock_mono(flow->clock) + 1000);
    room->stop.next = now;
    stop_room_look(&room->stop); /* nothing waits yet */
    assert_int_equal(room->stop.next, now + 1000);
    assert_int_equal(record_room_deliver(room, "star", star).state, DELIVERY_RECEIVED);
    assert_int_equal(room->stop.next, now + 1000);
    (void)stop_room_at(&room->stop, "10:00:01");
    record_room_ignores(room, "star", "{\"action\":\"deleted\"," SHOP "}", "nothing here depends");
    assert_int_equal(store_delivery_open(flow->db, &room->arena, 5, &items, &n, &err), 0);
    assert_int_equal(n, 0);
}

/* A rest that ends within a look: behind the first time that is asked for, somebody delivers, rings nobody, and the rest
 * is over. */
static struct record_room *ending;

static time_ms ending_now(struct clock *clock)
{
    (void)clock;
    return clock_now(ending->stop.api.api.clock);
}

static mono_ms ending_mono(struct clock *clock)
{
    static bool over;
    mono_ms now = clock_mono(ending->stop.api.api.clock);

    (void)clock;
    if (!over) {
        over = true;
        (void)record_room_put(ending, "star", "{\"action\":\"created\"," SHOP "}");
        (void)stop_room_at(&ending->stop, "10:00:01");
    }
    return now;
}

static void W2_what_comes_while_a_rest_ends_is_read_without_another_ring(void **state)
{
    struct clock clock = {.now = ending_now, .mono = ending_mono};
    struct record_room *room = ending = *state;
    struct flow *flow = &room->stop.flow;
    struct clock *usual = flow->clock;
    struct delivery *items;
    struct err err = ERR_INIT;
    size_t n = 9;
    time_ms next, now = stop_room_at(&room->stop, "10:00:00");

    stop_room_look(&room->stop);
    atomic_store(&flow->record_pace.rests_until, clock_mono(usual) + 1000);
    flow->timed = true;
    flow->clock = &clock;
    assert_int_equal(flow_look(flow, &next, &err), 0);
    flow->clock = usual;
    assert_true(next <= now + 1000);
    assert_int_equal(flow_look(flow, &next, &err), 0);
    assert_int_equal(store_delivery_open(flow->db, &room->arena, 5, &items, &n, &err), 0);
    assert_int_equal(n, 0);
}

/* So many more as the first one is. */
static int repeat(struct db *db, void *arg, struct err *err)
{
    char sql[600];

    snprintf(sql, sizeof(sql),
             "WITH RECURSIVE k (n) AS (SELECT max(id) + 1 FROM deliveries UNION ALL"
             " SELECT n + 1 FROM k WHERE n < (SELECT max(id) FROM deliveries) + %d)"
             " INSERT INTO deliveries (guid, event, received_at, state, form, body_mark,"
             " guid_key, body_key, repeat_of) SELECT 'r-' || n, event, received_at, 'received',"
             " form, body_mark, '0r-' || n, body_key, 1 FROM k, deliveries WHERE id = 1",
             *(int *)arg);
    return db_exec(db, sql, err);
}

static size_t n_open(struct record_room *room)
{
    struct delivery *items;
    struct err err = ERR_INIT;
    size_t n;

    assert_int_equal(store_delivery_open(room->stop.flow.db, &room->arena, 5000, &items, &n, &err),
                     0);
    return n;
}

/* Of a machine on which a batch has time for one delivery only. */
static mono_ms slow_mono(struct clock *clock)
{
    static mono_ms passed;

    (void)clock;
    return clock_mono(ending->stop.api.api.clock) + (passed += 25);
}

static int replay_the_first_hundred(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return db_exec(db, "UPDATE deliveries SET state = 'received', crashes = 0 WHERE id <= 100",
                   err);
}

/* They come in front of those whose attempt is counted, and are read behind them: there is no more room to count. */
static void W7_old_deliveries_that_are_replayed_in_front_of_a_full_batch_are_read(void **state)
{
    struct clock slow = {.now = ending_now, .mono = slow_mono};
    struct record_room *room = ending = *state;
    struct flow *flow = &room->stop.flow;
    struct clock *usual = flow->clock;
    struct err err = ERR_INIT;
    int some = 100, many = RECORD_PACE_MAX;
    time_ms next;

    record_room_ignores(room, "star", "{\"action\":\"created\"," SHOP "}", "nothing here depends");
    stop_room_write(&room->stop, repeat, &some);
    stop_room_look(&room->stop);
    assert_int_equal(n_open(room), 0);
    api_room_write(&room->stop.api, repeat, &many);
    flow->clock = &slow;
    flow->record_pace.rested = true;
    assert_int_equal(flow_look(flow, &next, &err), 0);
    assert_in_range(flow->n_recording, RECORD_PACE_MAX - 60, RECORD_PACE_MAX - 1);
    api_room_write(&room->stop.api, replay_the_first_hundred, NULL);
    flow->record_pace.rested = true;
    for (int i = 0; i < 20 && n_open(room) > 0; i++) {
        assert_int_equal(flow_look(flow, &next, &err), 0);
        assert_true(flow->n_recording <= RECORD_PACE_MAX);
    }
    flow->clock = usual;
    assert_int_equal(n_open(room), 0);
    assert_int_equal(flow->n_recording, 0);
}

static int all_died(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return db_exec(db, "UPDATE deliveries SET crashes = 1 WHERE state = 'received'", err);
}

static void W7_what_is_good_is_read_behind_more_than_a_batch_of_what_may_have_killed(void **state)
{
    struct record_room *room = *state;
    int many = RECORD_PACE_MAX + 50;

    record_room_ignores(room, "star", "{\"action\":\"created\"," SHOP "}", "nothing here depends");
    api_room_write(&room->stop.api, repeat, &many);
    api_room_write(&room->stop.api, all_died, NULL);
    room->stop.flow.heard_since = clock_now(room->stop.flow.clock);
    record_room_ignores(room, "star", "{\"action\":\"deleted\"," SHOP "}", "nothing here depends");
    assert_in_range(n_open(room), RECORD_PACE_MAX, RECORD_PACE_MAX + 100);
}

#define IN_ROOM(name) cmocka_unit_test_setup_teardown(name, record_room_up, record_room_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(check_runs_suites_and_statuses_become_checks_of_their_commit),
        IN_ROOM(W4_the_end_of_a_run_that_arrives_before_its_beginning_stays),
        IN_ROOM(a_conclusion_without_an_end_is_no_pass),
        IN_ROOM(W4_a_queued_run_without_a_time_that_comes_late_undoes_no_end),
        IN_ROOM(a_comment_is_kept_as_it_was_created),
        IN_ROOM(W4_an_edit_that_arrives_before_the_comment_does_not_become_its_text),
        IN_ROOM(a_long_first_line_is_cut_between_characters),
        IN_ROOM(comments_on_issues_are_ignored),
        IN_ROOM(A4_everybody_whom_a_delivery_names_is_known_by_his_id),
        IN_ROOM(W4_a_dismissed_review_stays_dismissed),
        IN_ROOM(a_webhook_that_is_removed_is_missed_until_another_one_serves),
        IN_ROOM(an_installation_that_is_suspended_or_loses_a_repository_is_missed),
        IN_ROOM(what_nothing_depends_on_is_acknowledged_with_its_reason),
        IN_ROOM(T05_a_repeat_leaves_nothing_new),
        IN_ROOM(W7_a_delivery_without_its_body_is_unreadable_and_stops_nothing),
        IN_ROOM(W2_reading_rests_and_looks_by_itself_when_its_rest_is_over),
        IN_ROOM(W2_what_comes_while_a_rest_ends_is_read_without_another_ring),
        IN_ROOM(W7_old_deliveries_that_are_replayed_in_front_of_a_full_batch_are_read),
        IN_ROOM(W7_what_is_good_is_read_behind_more_than_a_batch_of_what_may_have_killed),
        IN_ROOM(W7_a_young_process_reads_what_is_good_and_waits_with_what_may_have_killed_it),
        IN_ROOM(T05_a_label_added_removed_and_added_within_a_second_is_there_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
