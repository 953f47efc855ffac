/*
 * Two that decide at once, and one that decided on what was true ten minutes ago: the schema lets one of them through
 * (G1), and a move on stale facts fails (migrate.md 8).
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/names.h"
#include "lib/httpc/httpc.h"
#include "lib/store/db.h"
#include "lib/store/store.h"
#include "lib/store/store_attempt.h"
#include "lib/store/writer.h"
#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define DATABASE "acme/shop/production/primary-db"
#define DECIDERS 6
#define ROUNDS 4

static void nobody_knows(struct story *s)
{
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_is(s, "batch-1", "migrate", STORY_HOST_LOSES_POWER);
    story_at(s, "2026-11-24 15:00");
    story_host_back(s, "batch-1");
    story_expect_attempt(s, DATABASE, "unknown");
}

#define SAW "{\"database\":\"" DATABASE "\",\"reason\":\"I saw it first\""

/* People ----------------------------------------------------------------------------------------- */

struct person {
    pthread_t thread;
    const char *socket, *url, *body;
    int status;
};

static void *decide(void *arg)
{
    static const char *const headers[] = {"Content-Type: application/json", "X-Slipway: cli", NULL};
    struct person *p = arg;
    const char *body = p->body;
    const struct httpc_request request = {.method = "POST",
                                          .url = p->url,
                                          .headers = headers,
                                          .body = body,
                                          .body_len = strlen(body),
                                          .timeout_ms = 20000,
                                          .answer_max = 65536};
    struct httpc_answer answer = {.status = 0};
    struct httpc *httpc = httpc_new();
    struct err err = ERR_INIT;

    p->status = httpc_send_unix(httpc, p->socket, &request, &answer, &err) < 0 ? -1 : answer.status;
    httpc_answer_deinit(&answer);
    httpc_free(httpc);
    return NULL;
}

/* Half of them want another attempt, half give it up: one is heard, the others are told so. */
static void people_decide(struct story *s)
{
    struct person people[DECIDERS];
    int well = 0, late = 0;

    for (int i = 0; i < DECIDERS; i++) {
        people[i] = (struct person){.socket = arena_printf(&s->arena, "%s/cli.sock", s->folder),
                                    .url = i % 2 == 0 ? "http://localhost/api/v1/migrate/retry"
                                                      : "http://localhost/api/v1/migrate/abandon",
                                    .body = i % 2 == 0 ? SAW ",\"unprobed\":true}" : SAW "}"};
        assert_int_equal(pthread_create(&people[i].thread, NULL, decide, &people[i]), 0);
    }
    for (int i = 0; i < DECIDERS; i++) {
        pthread_join(people[i].thread, NULL);
        well += people[i].status == 200;
        late += people[i].status == 409;
    }
    assert_int_equal(well, 1);
    assert_int_equal(late, DECIDERS - 1);
}

/* Planners --------------------------------------------------------------------------------------- */

struct planner {
    pthread_t thread;
    struct writer *writer;
    struct attempt attempt;
    int rc;
};

static int plan(struct db *db, void *arg, struct err *err)
{
    struct planner *p = arg;

    return store_attempt_plan(db, &p->attempt, &p->attempt.id, err);
}

static void *plan_it(void *arg)
{
    struct planner *p = arg;
    struct err err = ERR_INIT;

    p->rc = writer_do(p->writer, plan, p, &err);
    return NULL;
}

static int settle(struct db *db, void *arg, struct err *err)
{
    const struct attempt *a = arg;

    return store_attempt_move(db, a->id, ATTEMPT_PLANNED, ATTEMPT_CANCELLED, -1, 1, err);
}

DB_STATEMENT(SQL_TEST_COMMANDS, "SELECT i.command_id, i.host_id FROM invocations i WHERE NOT EXISTS"
                                " (SELECT 1 FROM attempts a WHERE a.command_id = i.command_id)");

/* Two servers that each found the database free, with the same epoch or with one that is ahead. */
static void servers_decide(struct story *s)
{
    struct planner planners[2 * ROUNDS];
    struct arena arena;
    struct attempt like;
    struct store store;
    struct writer *writer;
    struct db_rows *rows;
    struct err err = ERR_INIT;
    int64_t epoch;
    int n = 0;

    arena_init(&arena);
    assert_int_equal(store_open(arena_printf(&s->arena, "%s/state", s->folder), "test", 1, &store,
                                &err),
                     0);
    assert_int_equal(store_attempt_by_id(store.db, &arena, 1, &like, &err), 0);
    assert_int_equal(db_query(store.db, &SQL_TEST_COMMANDS, &rows, &err, ""), 0);
    for (; n < 2 * ROUNDS && db_next(rows, &err) > 0; n++) {
        planners[n] = (struct planner){.attempt = like};
        planners[n].attempt.database = "acme/shop/raced/db";
        db_copy(rows, 0, planners[n].attempt.command_id, NAMES_UUID_SIZE);
        db_copy(rows, 1, planners[n].attempt.host_id, sizeof(planners[n].attempt.host_id));
    }
    db_end(rows);
    assert_int_equal(n, 2 * ROUNDS);
    assert_int_equal(store_attempt_epoch(store.db, "acme/shop/raced/db", &epoch, &err), 0);
    assert_int_equal(writer_start(&writer, store.db, NULL, &err), 0);
    for (int round = 0; round < ROUNDS; round++) {
        struct planner *p = &planners[(ptrdiff_t)2 * round], *won;

        for (int i = 0; i < 2; i++) {
            p[i].writer = writer;
            p[i].attempt.epoch = epoch + (round % 2 == 0 ? 0 : i);
            p[i].attempt.release_number = 100 + round;
            assert_int_equal(pthread_create(&p[i].thread, NULL, plan_it, &p[i]), 0);
        }
        for (int i = 0; i < 2; i++)
            pthread_join(p[i].thread, NULL);
        assert_int_equal((p[0].rc == 0) + (p[1].rc == 0), 1);
        won = p[0].rc == 0 ? &p[0] : &p[1];
        assert_int_equal((won == &p[0] ? p[1] : p[0]).rc, ERR_CONFLICT);
        assert_int_equal(writer_do(writer, settle, &won->attempt, &err), 0);
        epoch = won->attempt.epoch + 1;
    }
    writer_stop(writer);
    close(store.lock);
    arena_deinit(&arena);
}

static void two_deciders_race(void **state)
{
    struct story *s = *state;

    nobody_knows(s);
    story_host_is(s, "batch-1", "migrate", STORY_HOST_SUCCEEDS);
    people_decide(s);
    story_settle(s);
    story_pass(s, 10000);
    assert_true(story_host_starts(story_host(s, "batch-1"), "migrate", 2) <= 2);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_stop(s);
    servers_decide(s);
    story_start(s);
    story_end(s);
}

/* A pause ---------------------------------------------------------------------------------------- */

struct paused {
    pthread_mutex_t gate;
    struct attempt seen; /* what was decided on */
    atomic_int done;
    int rc[3];
};

static int wait_at_the_gate(struct db *db, void *arg, struct err *err)
{
    struct paused *p = arg;

    (void)db;
    (void)err;
    pthread_mutex_lock(&p->gate);
    pthread_mutex_unlock(&p->gate);
    return 0;
}

static int its_end_came(struct db *db, void *arg, struct err *err)
{
    struct paused *p = arg;

    return p->rc[0] =
               store_attempt_move(db, p->seen.id, ATTEMPT_UNKNOWN, ATTEMPT_SUCCEEDED, 1, 2, err);
}

/* Decided before the pause, when its end was not known yet. */
static int retry_it(struct db *db, void *arg, struct err *err)
{
    static const struct attempt_decision decision = {.decision = "retry",
                                                     .by = "ana",
                                                     .reason = "it looked stuck",
                                                     .at = 3};
    struct paused *p = arg;

    return p->rc[1] = store_attempt_decide(db, &p->seen, ATTEMPT_UNKNOWN, &decision, err);
}

/* ... and the attempt that was to follow it. */
static int plan_the_next(struct db *db, void *arg, struct err *err)
{
    struct paused *p = arg;
    struct attempt next = p->seen;
    int64_t id;

    next.epoch++;
    return p->rc[2] = store_attempt_plan(db, &next, &id, err);
}

static void was_done(void *arg, int rc, const struct err *err)
{
    struct paused *p = arg;

    (void)rc;
    (void)err;
    atomic_fetch_add(&p->done, 1);
}

static void wakes_up(struct story *s)
{
    static writer_fn *const queue[] = {wait_at_the_gate, its_end_came, retry_it, plan_the_next};
    struct paused p = {.gate = PTHREAD_MUTEX_INITIALIZER};
    struct arena arena;
    struct store store;
    struct writer *writer;
    struct err err = ERR_INIT;

    arena_init(&arena);
    assert_int_equal(store_open(arena_printf(&s->arena, "%s/state", s->folder), "test", 1, &store,
                                &err),
                     0);
    assert_int_equal(store_attempt_unsettled(store.db, &arena, DATABASE, &p.seen, &err), 0);
    assert_int_equal(p.seen.state, ATTEMPT_UNKNOWN);
    assert_int_equal(writer_start(&writer, store.db, NULL, &err), 0);
    pthread_mutex_lock(&p.gate);
    for (size_t i = 0; i < sizeof(queue) / sizeof(queue[0]); i++)
        assert_int_equal(writer_post(writer, queue[i], &p, was_done, &err), 0);
    pthread_mutex_unlock(&p.gate);
    writer_stop(writer); /* finishes what waits */
    assert_int_equal(atomic_load(&p.done), 4);
    assert_int_equal(p.rc[0], 0);
    assert_int_equal(p.rc[1], ERR_CONFLICT);
    assert_int_equal(p.rc[2], ERR_CONFLICT);
    close(store.lock);
    arena_deinit(&arena);
}

static void writer_paused_ten_minutes(void **state)
{
    struct story *s = *state;

    /* The whole server stands still while the command runs and ends: nobody starts it again on waking. */
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_script(story_host(s, "batch-1"), "migrate", STORY_HOST_SUCCEEDS, 5 * 60000);
    story_clock_pass(&s->clock, 50 * 60000 - 60000);
    story_amid(s, "2026-11-24 15:00:30");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_clock_pass(&s->clock, 10 * 60000);
    story_settle(s);
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_end(s);
}

static void what_was_decided_before_the_pause_fails_on_waking(void **state)
{
    struct story *s = *state;

    nobody_knows(s);
    story_stop(s);
    wakes_up(s);
    story_start(s);
    story_settle(s);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(two_deciders_race),
        STORY(writer_paused_ten_minutes),
        STORY(what_was_decided_before_the_pause_fails_on_waking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
