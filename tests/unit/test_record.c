/*
 * record: what each event of GitHub leaves behind, in any order, twice, or under another name. Deliveries are
 * put into the store as they come; the flow reads them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/zip.h"
#include "lib/model/config.h"
#include "lib/store/store_baseline.h"
#include "lib/store/store_change.h"
#include "lib/store/store_comment.h"
#include "lib/store/store_commit_check.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_hold.h"
#include "lib/store/store_hook.h"
#include "lib/store/store_occurrence.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "lib/store/writer.h"
#include "tests/support/stop_room.h"

#define SHA "4f2c9e1bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHOP_ID "9"
#define SHOP "\"repository\":{\"id\":" SHOP_ID ",\"full_name\":\"acme/shop\"}"
#define NONE "0000000000000000000000000000000000000000"
#define LI "{\"id\":6,\"login\":\"li\",\"type\":\"User\"}"
#define ANA "{\"id\":5,\"login\":\"ana\",\"type\":\"User\"}"

struct room {
    struct stop_room stop;
    struct arena arena;
    int n;
};

static int up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));

    assert_non_null(room);
    stop_room_up(&room->stop);
    arena_init(&room->arena);
    *state = room;
    return 0;
}

static int down(void **state)
{
    struct room *room = *state;

    stop_room_down(&room->stop);
    arena_deinit(&room->arena);
    free(room);
    return 0;
}

/* Deliveries ------------------------------------------------------------------------------------ */

struct delivering {
    struct delivery delivery;
    const char *body;
};

static int put(struct db *db, void *arg, struct err *err)
{
    struct delivering *d = arg;
    struct zip *zip = zip_new();
    size_t len, size = strlen(d->body);
    char *packed = zip_compress(zip, d->body, size, &len);
    bool known;
    int rc = store_delivery_put(db, &d->delivery, packed, len, size, &d->delivery.id, &known, err);

    free(packed);
    zip_free(zip);
    return rc;
}

/* One more delivery, read; the state and note that it ended with. */
static struct delivery deliver(struct room *room, const char *event, const char *body)
{
    struct delivering d = {.body = body};
    struct delivery *items = NULL;
    struct err err = ERR_INIT;
    unsigned char digest[DIGEST_SIZE];
    size_t n = 0;

    snprintf(d.delivery.guid, sizeof(d.delivery.guid), "guid-%d", ++room->n);
    snprintf(d.delivery.event, sizeof(d.delivery.event), "%s", event);
    digest_sha256(body, strlen(body), digest);
    digest_hex(digest, sizeof(digest), d.delivery.body_digest);
    d.delivery.received_at = 1795500000000 + room->n;
    stop_room_write(&room->stop, put, &d);
    stop_room_look(&room->stop);
    assert_int_equal(store_delivery_list(room->stop.flow.db, &room->arena, d.delivery.id + 1, 1,
                                         &items, &n, &err),
                     0);
    assert_int_equal(n, 1);
    return items[0];
}

static void recorded(struct room *room, const char *event, const char *body)
{
    struct delivery d = deliver(room, event, body);

    if (d.state != DELIVERY_RECORDED)
        fail_msg("%s is %s: %s", event, delivery_states[d.state].text, d.note);
}

static void ignored(struct room *room, const char *event, const char *body, const char *because)
{
    struct delivery d = deliver(room, event, body);

    if (d.state != DELIVERY_IGNORED || d.note == NULL || strstr(d.note, because) == NULL)
        fail_msg("%s is %s: %s", event, delivery_states[d.state].text, d.note);
}

static const char *pull(struct room *room, const char *action, int number, const char *more,
                        const char *updated_at)
{
    return arena_printf(
        &room->arena,
        "{\"action\":\"%s\",%s\"pull_request\":{\"id\":70,\"number\":%d,\"state\":\"open\","
        "\"title\":\"Sale\",\"merged\":false,\"created_at\":\"2026-11-24T01:00:00Z\","
        "\"updated_at\":\"%s\",\"user\":" ANA
        ",\"base\":{\"ref\":\"main\",\"repo\":{\"id\":" SHOP_ID
        "}},\"head\":{\"ref\":\"sale\",\"sha\":\"" SHA "\",\"repo\":{\"id\":" SHOP_ID "}}}," SHOP
        ",\"sender\":" ANA "}",
        action, more, number, updated_at);
}

static size_t rows(struct room *room, const char *table)
{
    static const struct statement counts[] = {
        {"timeline", "SELECT count(*) FROM pull_request_timeline"},
        {"comments", "SELECT count(*) FROM comments"},
        {"labels", "SELECT count(*) FROM pull_request_labels"},
        {"repositories", "SELECT count(*) FROM repositories"},
    };
    struct db_rows *found;
    struct err err = ERR_INIT;
    size_t i = 0, n;

    while (strcmp(counts[i].name, table) != 0)
        assert_true(++i < sizeof(counts) / sizeof(*counts));
    assert_int_equal(db_query(room->stop.flow.db, &counts[i], &found, &err, ""), 0);
    assert_int_equal(db_next(found, &err), 1);
    n = (size_t)db_int(found, 0);
    db_end(found);
    return n;
}

/* CI -------------------------------------------------------------------------------------------- */

static const char *run(struct room *room, int id, const char *name, const char *status,
                       const char *conclusion, const char *started, const char *completed)
{
    return arena_printf(
        &room->arena,
        "{\"action\":\"completed\",\"check_run\":{\"id\":%d,\"name\":\"%s\",\"head_sha\":\"" SHA
        "\",\"status\":\"%s\",\"conclusion\":%s,\"started_at\":%s,\"completed_at\":%s,"
        "\"app\":{\"id\":15368,\"slug\":\"github-actions\"}}," SHOP ",\"sender\":" ANA "}",
        id, name, status, conclusion, started, completed);
}

static struct commit_check *checks(struct room *room, size_t n)
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

#define AT(time) "\"2026-11-24T0" time "Z\""

static void check_runs_suites_and_statuses_become_checks_of_their_commit(void **state)
{
    struct room *room = *state;
    struct commit_check *c;

    recorded(room, "check_run",
             run(room, 1, "test", "completed", "\"success\"", AT("2:00:00"), AT("2:05:00")));
    recorded(
        room, "check_suite",
        "{\"action\":\"completed\",\"check_suite\":{\"id\":3,\"head_sha\":\"" SHA
        "\",\"status\":\"completed\",\"conclusion\":\"failure\",\"created_at\":" AT(
            "2:00:00") ",\"updated_at\":" AT("2:09:00") ",\"app\":{\"id\":7,\"slug\":\"ci\"}}," SHOP
                                                        "}");
    recorded(room, "status",
             "{\"id\":4,\"sha\":\"" SHA "\",\"context\":\"ci/lint\",\"state\":\"pending\","
             "\"created_at\":" AT("2:00:00") ",\"updated_at\":" AT("2:00:00") "," SHOP "}");
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
    struct room *room = *state;

    recorded(room, "check_run",
             run(room, 1, "test", "completed", "\"failure\"", AT("2:00:00"), AT("2:05:00")));
    recorded(room, "check_run", run(room, 1, "test", "in_progress", "null", AT("2:00:00"), "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_FAILED);
    /* A new run of the same name begins: what was is no longer what is. */
    recorded(room, "check_run", run(room, 2, "test", "queued", "null", AT("2:10:00"), "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_PENDING);
    assert_string_equal(checks(room, 1)->word, "queued");
}

/* A run that goes on has not passed, whatever stands in its conclusion (T06). */
static void a_conclusion_without_an_end_is_no_pass(void **state)
{
    struct room *room = *state;

    recorded(room, "check_run",
             run(room, 1, "test", "in_progress", "\"success\"", AT("2:00:00"), "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_PENDING);
    recorded(room, "check_run", run(room, 2, "test", "queued", "null", "null", "null"));
    assert_int_equal(checks(room, 1)->github_id,
                     2); /* no beginning is told: its id is the later one */
}

/* That a run waits is said without a time, and may be told after its end (W4). */
static void W4_a_queued_run_without_a_time_that_comes_late_undoes_no_end(void **state)
{
    struct room *room = *state;

    recorded(room, "check_run",
             run(room, 2, "test", "completed", "\"success\"", AT("2:00:00"), AT("2:05:00")));
    recorded(room, "check_run", run(room, 2, "test", "queued", "null", "null", "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_PASSED);
    recorded(room, "check_run", run(room, 1, "test", "queued", "null", "null", "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_PASSED); /* of the run before */
    recorded(room, "check_run", run(room, 3, "test", "queued", "null", "null", "null"));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_PENDING);
    recorded(room, "check_run",
             run(room, 3, "test", "completed", "\"failure\"", AT("2:06:00"), AT("2:07:00")));
    assert_int_equal(checks(room, 1)->state, COMMIT_CHECK_FAILED);
}

/* Comments -------------------------------------------------------------------------------------- */

static const char *comment(struct room *room, const char *action, const char *body, const char *at,
                           const char *issue)
{
    return arena_printf(&room->arena,
                        "{\"action\":\"%s\",\"issue\":{\"number\":7%s},\"comment\":{\"id\":80,"
                        "\"body\":\"%s\",\"user\":" ANA
                        ",\"created_at\":" AT("2:00:00") ",\"updated_at\":%s}," SHOP
                                                         ",\"sender\":{\"id\":6,\"login\":\"li\"}}",
                        action, issue, body, at);
}

#define ON_PULL ",\"pull_request\":{}"

static const struct comment *only_comment(struct room *room)
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
    struct room *room = *state;
    const struct comment *c;

    recorded(room, "issue_comment",
             comment(room, "created", "/approve production\\r\\nand more", AT("2:00:00"), ON_PULL));
    recorded(room, "issue_comment",
             comment(room, "edited", "/hold forever", AT("2:01:00"), ON_PULL));
    c = only_comment(room);
    assert_string_equal(c->first_line, "/approve production");
    assert_int_equal(c->author_id, 5);
    assert_int_equal(c->sender_id, 6); /* not the author: no command (T20) */
    assert_int_equal(c->edited_at - c->created_at, 60000);
    assert_int_equal(c->deleted_at, 0);
    assert_int_equal(rows(room, "timeline"), 0); /* #7 is not known yet (W4) */
    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    recorded(room, "issue_comment",
             comment(room, "deleted", "/hold forever", AT("2:01:00"), ON_PULL));
    assert_true(only_comment(room)->deleted_at > 0);
    assert_int_equal(rows(room, "timeline"), 2);
}

static void W4_an_edit_that_arrives_before_the_comment_does_not_become_its_text(void **state)
{
    struct room *room = *state;
    const struct comment *c;

    recorded(room, "issue_comment", comment(room, "edited", "/approve", AT("2:03:00"), ON_PULL));
    c = only_comment(room);
    assert_null(c->first_line);
    assert_int_equal(c->sender_id, 0);
    recorded(room, "issue_comment", comment(room, "created", "hello", AT("2:00:00"), ON_PULL));
    c = only_comment(room);
    assert_string_equal(c->first_line, "hello");
    assert_int_equal(c->sender_id, 6);
    assert_int_equal(c->edited_at - c->created_at, 180000);
}

static void a_long_first_line_is_cut_between_characters(void **state)
{
    struct room *room = *state;
    char body[1200];

    memset(body, 'x', sizeof(body));
    memcpy(body + 1023, "\xe5\x86\xac", 3); /* 冬, over the border */
    body[sizeof(body) - 1] = '\0';
    recorded(room, "issue_comment", comment(room, "created", body, AT("2:00:00"), ON_PULL));
    assert_int_equal(strlen(only_comment(room)->first_line), 1023);
    assert_true(only_comment(room)->cut);
}

static void comments_on_issues_are_ignored(void **state)
{
    struct room *room = *state;

    ignored(room, "issue_comment", comment(room, "created", "/approve", AT("2:00:00"), ""),
            "on an issue");
    assert_int_equal(rows(room, "comments"), 0);
}

/* Reviews --------------------------------------------------------------------------------------- */

static const char *review(struct room *room, const char *action, const char *is, const char *at)
{
    return pull(room, action, 7,
                arena_printf(&room->arena,
                             "\"review\":{\"id\":90,\"state\":\"%s\",\"commit_id\":\"" SHA
                             "\",\"user\":{\"id\":6,\"login\":\"li\"},\"submitted_at\":" AT(
                                 "2:00:00") "},",
                             is),
                at);
}

static void W4_a_dismissed_review_stays_dismissed(void **state)
{
    struct room *room = *state;
    struct db_rows *found;
    struct err err = ERR_INIT;
    static const struct statement is = {"is", "SELECT state FROM pull_request_reviews"};
    char word[24];

    recorded(room, "pull_request_review",
             review(room, "dismissed", "dismissed", "2026-11-24T02:00:09Z"));
    recorded(room, "pull_request_review",
             review(room, "submitted", "approved", "2026-11-24T02:00:00Z"));
    assert_int_equal(db_query(room->stop.flow.db, &is, &found, &err, ""), 0);
    assert_int_equal(db_next(found, &err), 1);
    db_copy(found, 0, word, sizeof(word));
    db_end(found);
    assert_string_equal(word, "dismissed");
}

/* A closed pull request as an event tells it; `merged` NULL: as a review does, whose payload has none. */
static const char *closed(struct room *room, const char *merged, const char *title,
                          const char *labels, const char *merged_at, const char *updated_at)
{
    return arena_printf(
        &room->arena,
        "{\"action\":\"closed\",\"review\":{\"id\":31,\"state\":\"approved\"},\"pull_request\":{\"id\":70,"
        "\"number\":7,\"state\":\"closed\",\"title\":\"%s\",%s%s%s\"merge_commit_sha\":\"" SHA
        "\",\"labels\":[%s],\"merged_at\":%s,\"created_at\":\"2026-11-24T01:00:00Z\",\"updated_at\":%s,"
        "\"base\":{\"ref\":\"main\"},\"head\":{\"ref\":\"sale\",\"sha\":\"" SHA "\"}}," SHOP "}",
        title, merged != NULL ? "\"merged\":" : "", merged != NULL ? merged : "",
        merged != NULL ? "," : "", labels, merged_at, updated_at);
}

static struct pull_request pull_of(struct room *room, int64_t number)
{
    struct pull_request p = {0};
    struct err err = ERR_INIT;

    assert_int_equal(store_pull_request_by_number(room->stop.flow.db, &room->arena, 1, number, &p,
                                                  &err),
                     0);
    return p;
}

static void W4_a_merge_that_comes_late_sets_nothing_else_back(void **state)
{
    struct room *room = *state;
    struct pull_request p;

    recorded(room, "pull_request",
             closed(room, "false", "New", "{\"name\":\"a\"},{\"name\":\"b\"}", "null",
                    AT("2:09:00")));
    recorded(room, "pull_request", closed(room, "true", "Old", "", AT("2:05:00"), AT("2:05:00")));
    p = pull_of(room, 7);
    assert_int_equal(p.state, PULL_REQUEST_MERGED);
    assert_string_equal(p.merge_sha, SHA);
    assert_true(p.merged_at == p.updated_at - 240000);
    assert_string_equal(p.title, "New");
    assert_int_equal(rows(room, "labels"), 2);
}

/* What came last has no commit: who merged, and what came of it, is told by the one that comes late. */
static void W4_a_merge_commit_that_is_told_late_is_taken_over(void **state)
{
    struct room *room = *state;
    const char *whole = closed(room, "true", "New", "", AT("2:05:00"), AT("2:09:00"));
    const char *at = strstr(whole, "\"" SHA "\"");

    recorded(room, "pull_request",
             arena_printf(&room->arena, "%.*snull%s", (int)(at - whole), whole, at + 42));
    assert_int_equal(pull_of(room, 7).state, PULL_REQUEST_MERGED);
    assert_string_equal(pull_of(room, 7).merge_sha, "");
    recorded(room, "pull_request", closed(room, "true", "Old", "", AT("2:05:00"), AT("2:05:00")));
    assert_string_equal(pull_of(room, 7).merge_sha, SHA);
    assert_string_equal(pull_of(room, 7).title, "New");
}

static void W4_a_review_of_what_was_merged_tells_the_merge(void **state)
{
    struct room *room = *state;

    recorded(room, "pull_request_review", closed(room, NULL, "Sale", "", "null", AT("2:05:00")));
    assert_int_equal(pull_of(room, 7).state, PULL_REQUEST_CLOSED);
    recorded(room, "pull_request_review",
             closed(room, NULL, "Sale", "", AT("2:04:00"), AT("2:05:00")));
    assert_int_equal(pull_of(room, 7).state, PULL_REQUEST_MERGED);
}

/* Names ----------------------------------------------------------------------------------------- */

static struct repository shop(struct room *room)
{
    struct repository r = {0};
    struct err err = ERR_INIT;

    assert_int_equal(store_repository_by_name(room->stop.flow.db, &room->arena, "acme/shop", &r,
                                              &err),
                     0);
    return r;
}

static const char *renamed(struct room *room, const char *action, const char *name, const char *at)
{
    return arena_printf(&room->arena,
                        "{\"action\":\"%s\",\"changes\":{},\"repository\":{\"id\":" SHOP_ID
                        ",\"full_name\":\"%s\",\"updated_at\":%s},\"sender\":" ANA "}",
                        action, name, at);
}

static void W6_a_renamed_repository_stays_ours_by_its_id(void **state)
{
    struct room *room = *state;

    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    assert_int_equal(shop(room).github_id, 9);
    recorded(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    assert_string_equal(shop(room).github_name, "acme/store");
    /* What was sent under the old name before, and comes later, does not rename it back (W4). */
    recorded(room, "repository", renamed(room, "edited", "acme/shop", AT("2:00:00")));
    assert_string_equal(shop(room).github_name, "acme/store");
    recorded(room, "repository", renamed(room, "transferred", "other/store", AT("4:00:00")));
    assert_string_equal(shop(room).github_name, "other/store");
    recorded(room, "repository", renamed(room, "renamed", "Acme/Shop", AT("5:00:00")));
    assert_null(shop(room).github_name);
}

/* T60: another repository takes the name that ours had. */
static void T60_another_repository_under_the_known_name_is_a_stranger(void **state)
{
    struct room *room = *state;

    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    ignored(room, "repository",
            "{\"action\":\"deleted\",\"repository\":{\"id\":10,\"full_name\":\"acme/shop\"}}",
            "another repository under a known name");
    assert_int_equal(shop(room).github_id, 9);
}

static int accept(struct db *db, void *arg, struct err *err)
{
    return snapshot_accept(db, arg, "reload", 1795500000000, err);
}

static void W6_a_configuration_with_the_new_name_keeps_the_history(void **state)
{
    struct room *room = *state;
    const struct snapshot *s = snapshots_take(&room->stop.api.snapshots);
    struct config changed = *s->config;
    struct config_repo repos[2] = {s->config->repos[0], s->config->repos[1]};
    struct repository r = {0};
    struct err err = ERR_INIT;

    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    recorded(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    for (size_t i = 0; i < 2; i++)
        if (strcmp(repos[i].name, "acme/shop") == 0)
            repos[i].name = "acme/store";
    changed.repos = repos;
    api_room_write(&room->stop.api, accept, &changed);
    assert_int_equal(store_repository_by_name(room->stop.flow.db, &room->arena, "acme/store", &r,
                                              &err),
                     0);
    assert_int_equal(r.id, 1);
    assert_int_equal(r.github_id, 9);
    assert_null(r.github_name);
    assert_int_equal(rows(room, "repositories"), 2);
    assert_int_equal(stop_room_journal(&room->stop, "repository.rename"), 1);
    snapshots_give(s);
}

/* The configuration with another name for acme/shop is in force. */
static void call(struct room *room, const char *name)
{
    struct snapshot *s = room->stop.api.snapshots.current;
    struct config *config = s->config;

    for (size_t i = 0; i < config->n_repos; i++)
        if (strcasecmp(config->repos[i].name, "acme/site") != 0)
            config->repos[i].name = name;
    api_room_write(&room->stop.api, accept, config);
}

static void W6_another_case_of_letters_is_the_same_repository(void **state)
{
    struct room *room = *state;

    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "Acme/Shop");
    assert_int_equal(rows(room, "repositories"), 2);
    assert_int_equal(shop(room).id, 1);
    assert_string_equal(shop(room).name, "Acme/Shop");
    assert_int_equal(stop_room_journal(&room->stop, "repository.rename"), 1);
    recorded(room, "pull_request", pull(room, "opened", 8, "", "2026-11-24T01:00:00Z"));
    assert_int_equal(pull_of(room, 8).repository_id, 1);
    call(room, "acme/shop");
    assert_int_equal(shop(room).id, 1);
}

static int freeze_shop(struct db *db, void *arg, struct err *err)
{
    const char *repositories[] = {"acme/shop"};
    struct freeze freeze = {.name = "sale",
                            .from_at = 1795500000000,
                            .to_at = 1795600000000,
                            .timezone = "Asia/Tokyo",
                            .repositories = repositories,
                            .n_repositories = 1,
                            .actor = "ana",
                            .way = "cli",
                            .reason = "sale",
                            .added_at = 1795400000000};
    int64_t id;

    (void)arg;
    return store_freeze_put(db, &freeze, &id, err);
}

static void F3_a_freeze_follows_its_repository_to_another_name(void **state)
{
    struct room *room = *state;
    struct freeze *items = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;

    stop_room_write(&room->stop, freeze_shop, NULL);
    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    recorded(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    call(room, "acme/store");
    assert_int_equal(store_freeze_list(room->stop.flow.db, &room->arena, 1795400000000, &items, &n,
                                       &err),
                     0);
    assert_int_equal(n, 1);
    assert_true(store_freeze_covers(&items[0], "acme/store", "production"));
    assert_true(store_freeze_covers(&items[0], "Acme/Store", "production"));
    assert_false(store_freeze_covers(&items[0], "acme/shop", "production"));
}

static struct repository named(struct room *room, const char *name)
{
    struct repository r = {0};
    struct err err = ERR_INIT;

    if (store_repository_by_name(room->stop.flow.db, &room->arena, name, &r, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    return r;
}

static int bind_stray(struct db *db, void *arg, struct err *err)
{
    return store_repository_bind(db, *(int64_t *)arg, 77, err);
}

/* The configuration was changed before GitHub told of the new name. */
static void W6_the_configuration_may_have_the_new_name_first(void **state)
{
    struct room *room = *state;

    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "acme/store");
    assert_int_not_equal(named(room, "acme/store").id, 1); /* nobody knows yet whose name it is */
    recorded(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    assert_int_equal(named(room, "acme/store").id, 1);
    assert_int_equal(named(room, "acme/store").github_id, 9);
    assert_int_equal(named(room, "acme/shop").github_id, 0);
    assert_int_equal(rows(room, "repositories"), 3);
    assert_int_equal(stop_room_journal(&room->stop, "repository.rename"), 1);
    recorded(room, "pull_request", pull(room, "opened", 8, "", "2026-11-24T01:00:00Z"));
    assert_int_equal(pull_of(room, 8).repository_id, 1);
}

static int hold_row(struct db *db, void *arg, struct err *err)
{
    const struct hold hold = {.repository_id = *(int64_t *)arg,
                              .environment = "production",
                              .actor = "ana",
                              .way = "cli",
                              .reason = "stop it",
                              .held_at = 1795400000000};
    int64_t id;

    return store_hold_put(db, &hold, &id, err);
}

static void T27_a_hold_stays_with_the_name_that_it_was_put_on(void **state)
{
    struct room *room = *state;
    struct hold *items = NULL;
    struct err err = ERR_INIT;
    size_t n = 0;
    int64_t id;

    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "acme/store");
    id = named(room, "acme/store").id;
    stop_room_write(&room->stop, hold_row, &id);
    recorded(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    assert_int_equal(named(room, "acme/store").id, 1);
    assert_int_equal(store_hold_open(room->stop.flow.db, &room->arena, 1, "production",
                                     1795500000000, &items, &n, &err),
                     0);
    assert_int_equal(n, 1);
    assert_string_equal(items[0].repository, "acme/store");
}

/* Days that the edit opens were no starts under the old name either (F6). */
static void F6_the_calendar_of_a_new_name_is_known_when_it_is_taken(void **state)
{
    struct room *room = *state;
    struct err err = ERR_INIT;
    time_ms until = 0;
    const char *was;

    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "acme/store");
    recorded(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")));
    assert_int_equal(named(room, "acme/store").id, 1);
    assert_int_equal(store_schedule_days(room->stop.flow.db, &room->arena, 1, "production", &was,
                                         &until, &err),
                     0);
}

static int see_live(struct db *db, void *arg, struct err *err)
{
    const int64_t id = *(int64_t *)arg;
    const struct release release = {
        .repository_id = id, .number = 1, .sha = SHA, .subject = "one", .author = "ana"};
    const struct baseline baseline = {.repository_id = id,
                                      .environment = "production",
                                      .release_number = 1,
                                      .actor = "ana",
                                      .way = "cli",
                                      .reason = "it is live",
                                      .declared_at = 1795400000000};
    int64_t number;
    int rc = store_release_append(db, &release, &number, err);

    return rc < 0 ? rc : store_baseline_put(db, &baseline, &number, err);
}

static void C7_a_row_with_a_baseline_of_a_person_is_in_use(void **state)
{
    struct room *room = *state;
    int64_t id;

    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "acme/store");
    id = named(room, "acme/store").id;
    stop_room_write(&room->stop, see_live, &id);
    ignored(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")),
            "configure it as acme/shop again");
    assert_int_equal(named(room, "acme/store").id, id);
}

static void W6_two_rows_with_a_history_are_told_and_kept_apart(void **state)
{
    struct room *room = *state;
    int64_t id;

    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    call(room, "acme/store");
    id = named(room, "acme/store").id;
    stop_room_write(&room->stop, bind_stray, &id);
    ignored(room, "repository", renamed(room, "renamed", "acme/store", AT("3:00:00")),
            "configure it as acme/shop again");
    assert_int_equal(named(room, "acme/shop").id, 1);
    assert_string_equal(named(room, "acme/shop").github_name, "acme/store"); /* for the doctor */
    call(room, "acme/shop");
    recorded(room, "repository", renamed(room, "renamed", "acme/store", AT("4:00:00")));
}

/* What brings deliveries ------------------------------------------------------------------------ */

static size_t lost(struct room *room)
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
    struct room *room = *state;

    recorded(room, "ping",
             "{\"zen\":\"x\",\"hook_id\":21,\"hook\":{\"type\":\"Repository\"}," SHOP "}");
    assert_int_equal(lost(room), 0);
    recorded(room, "meta", "{\"action\":\"deleted\",\"hook_id\":21,\"hook\":{}," SHOP "}");
    assert_int_equal(lost(room), 1);
    recorded(room, "ping",
             "{\"zen\":\"x\",\"hook_id\":22,\"hook\":{\"type\":\"Repository\"}," SHOP "}");
    assert_int_equal(lost(room), 0);
    recorded(room, "meta", "{\"action\":\"deleted\",\"hook_id\":22,\"hook\":{}," SHOP "}");
    assert_int_equal(lost(room), 2);
    recorded(room, "ping", "{\"zen\":\"x\",\"hook_id\":23,\"hook\":{\"type\":\"Organization\"}}");
    assert_int_equal(lost(room), 0);
    ignored(room, "ping", "{\"zen\":\"x\"}", "no webhook");
}

static void an_installation_that_is_suspended_or_loses_a_repository_is_missed(void **state)
{
    struct room *room = *state;

    recorded(room, "pull_request", pull(room, "opened", 7, "", "2026-11-24T01:00:00Z"));
    recorded(room, "installation",
             "{\"action\":\"created\",\"installation\":{\"id\":31," ACCOUNT "}}");
    assert_int_equal(lost(room), 0);
    recorded(room, "installation",
             "{\"action\":\"suspend\",\"installation\":{\"id\":31," ACCOUNT "}}");
    assert_int_equal(lost(room), 1);
    recorded(room, "installation",
             "{\"action\":\"unsuspend\",\"installation\":{\"id\":31," ACCOUNT "}}");
    assert_int_equal(lost(room), 0);
    recorded(room, "installation_repositories",
             "{\"action\":\"removed\",\"installation\":{\"id\":31," ACCOUNT "},"
             "\"repositories_added\":[],\"repositories_removed\":[{\"id\":99,\"full_name\":"
             "\"acme/other\"},{\"id\":" SHOP_ID ",\"full_name\":\"acme/shop\"}]}");
    assert_int_equal(lost(room), 1); /* of the one that is ours */
}

/* The rest -------------------------------------------------------------------------------------- */

static void what_nothing_depends_on_is_acknowledged_with_its_reason(void **state)
{
    struct room *room = *state;
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
        ignored(room, bodies[i][0], bodies[i][1], bodies[i][2]);
    ignored(room, "check_run",
            "{\"check_run\":{\"id\":1,\"name\":\"x\",\"head_sha\":\"" SHA
            "\"},\"repository\":{\"id\":11,\"full_name\":\"evil/shop\"}}",
            "not a configured repository");
}

/* T05: a body that was seen before comes under a new GUID; headers are not signed. */
static void T05_a_repeat_leaves_nothing_new(void **state)
{
    struct room *room = *state;
    const char *opened = pull(room, "opened", 7, "", "2026-11-24T01:00:00Z");
    const char *said = comment(room, "created", "/approve", AT("2:00:00"), ON_PULL);
    struct delivery d;

    recorded(room, "pull_request", opened);
    recorded(room, "issue_comment", said);
    assert_int_equal(rows(room, "timeline"), 2);
    d = deliver(room, "pull_request", opened);
    assert_int_equal(d.state, DELIVERY_RECORDED);
    assert_true(d.repeat_of != 0);
    assert_string_equal(d.note, "a repeat: read again, nothing else");
    recorded(room, "issue_comment", said);
    assert_int_equal(rows(room, "timeline"), 2);
    assert_int_equal(rows(room, "comments"), 1);
}

/* T05: three deliveries in one second of GitHub's clock; the third is the first again. */
static void T05_a_label_added_removed_and_added_within_a_second_is_there_at_the_end(void **state)
{
    struct room *room = *state;
    const char *base = pull(room, "labeled", 7, "", "2026-11-24T01:00:00Z");
    const char *with =
        arena_printf(&room->arena, "%.*s\"labels\":[{\"name\":\"hold\"}],%s",
                     (int)(strstr(base, "\"state\"") - base), base, strstr(base, "\"state\""));
    const char *without =
        arena_printf(&room->arena, "%.*s\"labels\":[],%s", (int)(strstr(base, "\"state\"") - base),
                     base, strstr(base, "\"state\""));

    recorded(room, "pull_request", with);
    recorded(room, "pull_request", without);
    assert_int_equal(rows(room, "labels"), 0);
    recorded(room, "pull_request", with);
    assert_int_equal(rows(room, "labels"), 1);
}

static const char *pushed(struct room *room, const char *ref, const char *before, const char *after,
                          const char *sender)
{
    return arena_printf(&room->arena,
                        "{\"ref\":\"%s\",\"before\":\"%s\",\"after\":\"%s\",\"commits\":[]," SHOP
                        ",\"sender\":%s}",
                        ref, before, after, sender);
}

/* A2: whose an address is, GitHub says with the commits of a push. */
static int add_makers(struct db *db, void *arg, struct err *err)
{
    static const char *const emails[] = {"ken@x.example", "9+mori@users.noreply.github.com",
                                         "nobody@x.example", ""};
    int rc = 0;

    (void)arg;
    for (size_t i = 0; i < sizeof(emails) / sizeof(*emails) && rc == 0; i++)
        rc = store_release_maker_put(db, 1, 1, emails[i], err);
    return rc;
}

static void A2_makers_are_known_by_what_github_said_of_their_addresses(void **state)
{
    static const char *const logins[] = {"ken", "mori"};
    struct room *room = *state;
    struct change *changes;
    struct err err = ERR_INIT;
    bool more, found;
    size_t n;

    recorded(room, "push",
             "{\"ref\":\"refs/heads/topic\",\"before\":\"" SHA "\",\"after\":\"" SHA
             "\",\"commits\":[{\"author\":{\"email\":\"Ken@x.example\",\"username\":\"Ken\"}},"
             "{\"author\":{\"email\":\"nobody@x.example\"}},{\"author\":{\"email\":\"a b\","
             "\"username\":\"ana\"}},1,{\"author\":null}]," SHOP ",\"sender\":" ANA "}");
    stop_room_release(&room->stop, "acme/shop", 0);
    api_room_write(&room->stop.api, add_makers, NULL);
    assert_int_equal(store_change_in_range(room->stop.flow.db, &room->arena, 1, 0, 1, 10, &changes,
                                           &n, &more, &err),
                     0);
    assert_int_equal(n, 1);
    assert_int_equal(changes[0].n_unknown, 2);
    for (size_t i = 0; i < 2; i++) {
        found = false;
        for (size_t k = 0; k < changes[0].n_makers; k++)
            found = found || strcmp(changes[0].makers[k].login, logins[i]) == 0;
        assert_true(found);
    }
}

static bool is_maker(const struct change *c, const char *login)
{
    for (size_t i = 0; i < c->n_makers; i++)
        if (strcmp(c->makers[i].login, login) == 0)
            return true;
    return false;
}

/* A tag or another branch that is put on a commit of the base branch is a push that ends there, too. */
static void A2_who_tags_a_commit_or_begins_a_branch_at_it_did_not_push_it(void **state)
{
    struct room *room = *state;
    struct release *releases;
    struct change *changes;
    struct err err = ERR_INIT;
    bool more;
    size_t n;

    stop_room_release(&room->stop, "acme/shop", 0);
    assert_int_equal(store_release_list(room->stop.flow.db, &room->arena, 1, 0, 1, &releases, &n,
                                        &err),
                     0);
    assert_int_equal(n, 1);
    recorded(room, "push", pushed(room, "refs/heads/main", SHA, releases[0].sha, LI));
    recorded(room, "push", pushed(room, "refs/tags/v1", NONE, releases[0].sha, ANA));
    recorded(room, "push", pushed(room, "refs/heads/topic", NONE, releases[0].sha, ANA));
    assert_int_equal(store_change_in_range(room->stop.flow.db, &room->arena, 1, 0, 1, 10, &changes,
                                           &n, &more, &err),
                     0);
    assert_int_equal(n, 1);
    assert_true(is_maker(&changes[0], "li"));
    assert_false(is_maker(&changes[0], "ana"));
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
    struct room *room = *state;
    struct delivery *items;
    struct err err = ERR_INIT;
    time_ms now = clock_now(room->stop.flow.clock);
    size_t n;

    ignored(room, "star", "{\"action\":\"created\"," SHOP "}", "nothing here depends");
    stop_room_write(&room->stop, died_over, NULL);
    room->stop.flow.heard_since = now;
    ignored(room, "star", "{\"action\":\"deleted\"," SHOP "}", "nothing here depends");
    assert_int_equal(store_delivery_open(room->stop.flow.db, &room->arena, 5, &items, &n, &err), 0);
    assert_int_equal(n, 1); /* it waits, and a look is due when its time comes */
    assert_in_range(room->stop.next, now + 1, now + 3000);
    room->stop.flow.heard_since = now - 3000;
    room->stop.next = now;
    stop_room_look(&room->stop);
    assert_int_equal(store_delivery_open(room->stop.flow.db, &room->arena, 5, &items, &n, &err), 0);
    assert_int_equal(n, 0);
}

#define IN_ROOM(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(check_runs_suites_and_statuses_become_checks_of_their_commit),
        IN_ROOM(W4_the_end_of_a_run_that_arrives_before_its_beginning_stays),
        IN_ROOM(a_conclusion_without_an_end_is_no_pass),
        IN_ROOM(W4_a_queued_run_without_a_time_that_comes_late_undoes_no_end),
        IN_ROOM(W4_a_merge_that_comes_late_sets_nothing_else_back),
        IN_ROOM(W4_a_merge_commit_that_is_told_late_is_taken_over),
        IN_ROOM(W4_a_review_of_what_was_merged_tells_the_merge),
        IN_ROOM(a_comment_is_kept_as_it_was_created),
        IN_ROOM(W4_an_edit_that_arrives_before_the_comment_does_not_become_its_text),
        IN_ROOM(a_long_first_line_is_cut_between_characters),
        IN_ROOM(comments_on_issues_are_ignored),
        IN_ROOM(W4_a_dismissed_review_stays_dismissed),
        IN_ROOM(W6_a_renamed_repository_stays_ours_by_its_id),
        IN_ROOM(T60_another_repository_under_the_known_name_is_a_stranger),
        IN_ROOM(W6_a_configuration_with_the_new_name_keeps_the_history),
        IN_ROOM(W6_another_case_of_letters_is_the_same_repository),
        IN_ROOM(F3_a_freeze_follows_its_repository_to_another_name),
        IN_ROOM(W6_the_configuration_may_have_the_new_name_first),
        IN_ROOM(T27_a_hold_stays_with_the_name_that_it_was_put_on),
        IN_ROOM(F6_the_calendar_of_a_new_name_is_known_when_it_is_taken),
        IN_ROOM(C7_a_row_with_a_baseline_of_a_person_is_in_use),
        IN_ROOM(W6_two_rows_with_a_history_are_told_and_kept_apart),
        IN_ROOM(a_webhook_that_is_removed_is_missed_until_another_one_serves),
        IN_ROOM(an_installation_that_is_suspended_or_loses_a_repository_is_missed),
        IN_ROOM(what_nothing_depends_on_is_acknowledged_with_its_reason),
        IN_ROOM(A2_makers_are_known_by_what_github_said_of_their_addresses),
        IN_ROOM(A2_who_tags_a_commit_or_begins_a_branch_at_it_did_not_push_it),
        IN_ROOM(T05_a_repeat_leaves_nothing_new),
        IN_ROOM(W7_a_young_process_reads_what_is_good_and_waits_with_what_may_have_killed_it),
        IN_ROOM(T05_a_label_added_removed_and_added_within_a_second_is_there_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
