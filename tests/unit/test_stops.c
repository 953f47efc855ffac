/* Holds and freezes at work: what the flow starts, what it leaves, and what wakes it (T27, F3, F4, F7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/store/db.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_hold.h"
#include "lib/store/writer.h"
#include "server/flow/ground.h"
#include "server/flow/outlook.h"
#include "server/loop.h"
#include "tests/support/stop_room.h"

#define HOLDS "/api/v1/repos/acme/shop/holds"
#define MINUTE INT64_C(60000)

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

static void look_at(const char *time)
{
    stop_room_at(&room, time);
    stop_room_look(&room);
}

static const char *production(void)
{
    return stop_room_state(&room, "acme/shop", "production");
}

static const char *east(void)
{
    return stop_room_state(&room, "acme/shop", "east");
}

static void post(const char *target, const char *body)
{
    struct stop_answer a = stop_room_ask(&room, NULL, "POST", target, body);

    if (a.status != 201)
        fail_msg("%d: %s", a.status, json_str(a.json, "detail"));
    stop_room_answered(&a);
}

/* Without stops: the room itself deploys, or nothing below would prove anything. */
static void what_is_cut_starts_at_its_time(void **state)
{
    (void)state;
    look_at("14:49");
    assert_string_equal(production(), "");
    look_at("14:50");
    assert_string_equal(production(), "waiting");
    look_at("14:59:59");
    assert_string_equal(production(), "waiting");
    look_at("15:00");
    assert_string_equal(production(), "deploying");
    assert_string_equal(east(), "deploying");
}

static void a_hold_stops_its_environment_alone(void **state)
{
    (void)state;
    post(HOLDS, "{\"environment\":\"production\",\"reason\":\"stock check\"}");
    look_at("14:50");
    look_at("15:00");
    assert_string_equal(production(), "waiting");
    assert_string_equal(east(), "deploying");
}

static void a_hold_on_a_repository_stops_every_environment_of_it(void **state)
{
    (void)state;
    look_at("14:50");
    post(HOLDS, "{\"reason\":\"stock check\"}");
    stop_room_release(&room, "acme/site", 9);
    look_at("15:00");
    assert_string_equal(production(), "waiting");
    assert_string_equal(east(), "waiting");
    assert_string_equal(stop_room_state(&room, "acme/site", "live"), "deploying");
}

/* Nobody may write so: a fact without its journal line. */
static int forget_holds(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return db_exec(db,
                   "UPDATE holds SET lifted_at = held_at, lifted_by = 'nobody', lifted_way = 'cli'",
                   err);
}

static void loop_failed(void *arg, const struct err *err)
{
    (void)arg;
    fail_msg("%s", err->text);
}

static bool site_deploys_soon(struct loop *loop)
{
    for (int i = 0; i < 200; i++) {
        const struct timespec pause = {.tv_nsec = 10000000};
        if (i % 50 == 0)
            loop_ring(loop);
        nanosleep(&pause, NULL);
        if (strcmp(stop_room_state(&room, "acme/site", "live"), "deploying") == 0)
            return true;
    }
    return false;
}

static void what_nobody_was_told_of_is_found_within_the_hour(void **state)
{
    struct err err = ERR_INIT;
    struct loop *loop;
    bool late, found;

    (void)state;
    look_at("14:50");
    post("/api/v1/repos/acme/site/holds", "{\"reason\":\"stock check\"}");
    stop_room_release(&room, "acme/site", 9);
    look_at("14:51");
    assert_string_not_equal(stop_room_state(&room, "acme/site", "live"), "deploying");
    api_room_write(&room.api, forget_holds, NULL);
    if (loop_start(&loop, &room.flow, loop_failed, NULL, &err) < 0)
        fail_msg("%s", err.text);
    late = !site_deploys_soon(loop);
    stop_room_at(&room, "15:52");
    found = site_deploys_soon(loop);
    loop_stop(loop);
    loop_free(loop);
    assert_true(found);
    assert_true(late); /* or the test shows nothing */
}

static void F7_a_lifted_hold_lets_it_start_inside_its_grace(void **state)
{
    (void)state;
    look_at("14:50");
    post(HOLDS, "{\"environment\":\"production\",\"reason\":\"stock check\"}");
    look_at("15:00");
    look_at("15:14");
    assert_string_equal(production(), "waiting");
    assert_int_equal(stop_room_status(&room, NULL, "DELETE", HOLDS "?environment=production", NULL),
                     200);
    stop_room_look(&room);
    assert_string_equal(production(), "deploying");
}

static void F7_after_its_grace_it_is_deferred_and_the_next_time_is_the_promise(void **state)
{
    struct deployment d;

    (void)state;
    look_at("14:50");
    post(HOLDS, "{\"environment\":\"production\",\"reason\":\"stock check\"}");
    look_at("15:00");
    look_at("15:15");
    assert_string_equal(production(), "superseded");
    assert_true(stop_room_deployment(&room, "acme/shop", "production", &d));
    assert_non_null(strstr(d.cause, "hold by uid:"));
    assert_non_null(strstr(d.cause, ": stock check"));
    assert_int_equal(stop_room_status(&room, NULL, "DELETE", HOLDS "?environment=production", NULL),
                     200);
    look_at("15:16");
    assert_string_equal(production(), "superseded"); /* never late, never lost (F4) */
    look_at("16:50");
    look_at("17:00");
    assert_string_equal(production(), "deploying");
}

static void F4_a_hold_with_an_end_ends_by_itself_and_the_flow_wakes_for_it(void **state)
{
    time_ms end;

    (void)state;
    look_at("14:50");
    post(HOLDS, "{\"reason\":\"stock check\",\"until\":\"15:05\"}");
    look_at("15:00");
    end = stop_room_at(&room, "15:04:30") + MINUTE / 2;
    stop_room_look(&room);
    assert_string_equal(production(), "waiting");
    assert_int_equal(room.next, end); /* hosts are silent only later */
    look_at("15:04:59");
    assert_string_equal(production(), "waiting");
    look_at("15:05");
    assert_string_equal(production(), "deploying");
    assert_string_equal(east(), "deploying");
}

static void F3_a_freeze_that_was_added_stops_what_it_covers_until_its_end(void **state)
{
    time_ms end;

    (void)state;
    look_at("14:50");
    post("/api/v1/freezes", "{\"name\":\"market day\",\"from\":\"14:55\",\"to\":\"15:05\","
                            "\"environments\":[\"production\"],\"reason\":\"the market\"}");
    look_at("15:00");
    assert_string_equal(production(), "waiting");
    assert_string_equal(east(), "deploying");
    end = stop_room_at(&room, "15:04:30") + MINUTE / 2;
    stop_room_look(&room);
    assert_int_equal(room.next, end);
    look_at("15:04:59");
    assert_string_equal(production(), "waiting");
    look_at("15:05"); /* its end is not included */
    assert_string_equal(production(), "deploying");
}

static void F4_a_freeze_that_is_removed_lets_it_go(void **state)
{
    (void)state;
    look_at("14:50");
    post("/api/v1/freezes",
         "{\"name\":\"年末の凍結\",\"from\":\"14:55\",\"to\":\"18:00\",\"reason\":\"quiet\"}");
    look_at("15:00");
    assert_string_equal(production(), "waiting");
    stop_room_at(&room, "15:10");
    assert_int_equal(
        stop_room_status(&room, NULL, "DELETE",
                         "/api/v1/freezes?name=%E5%B9%B4%E6%9C%AB%E3%81%AE%E5%87%8D%E7%B5%90",
                         NULL),
        200);
    stop_room_look(&room);
    assert_string_equal(production(), "deploying");
}

static void F5_what_has_started_goes_on_under_a_hold(void **state)
{
    struct stop_answer a;
    const struct cJSON *first;

    (void)state;
    look_at("14:50");
    look_at("15:00");
    assert_string_equal(production(), "deploying");
    a = stop_room_ask(&room, NULL, "POST", HOLDS,
                      "{\"environment\":\"production\",\"reason\":\"stop\"}");
    assert_int_equal(a.status, 201);
    first = json_first(json_array(a.json, "under_way"));
    assert_string_equal(json_str(first, "environment"), "production");
    stop_room_answered(&a);
    stop_room_look(&room);
    assert_string_equal(production(), "deploying");
}

/* Between the decision and its write ---------------------------------------------------------------- */

/* A job on the writer's thread: it waits for a word in the server's log, then stops the line. So it is
 * committed after the flow decided and before what the flow decided is. */
struct between {
    int log; /* what is logged can be read here */
    const char *word;
    bool freeze;
    bool written;
};

static bool wait_for(struct between *b)
{
    char text[8192];
    size_t n = 0;
    ssize_t got;

    while (n + 1 < sizeof(text) && (got = read(b->log, text + n, sizeof(text) - n - 1)) > 0) {
        n += (size_t)got;
        text[n] = '\0';
        if (strstr(text, b->word) != NULL)
            return true;
    }
    return false;
}

static int stop_the_line(struct db *db, void *arg, struct err *err)
{
    struct between *b = arg;
    time_ms now = clock_now(room.flow.clock);
    const struct hold hold = {.repository_id = 1,
                              .environment = "production",
                              .actor = "token:ana",
                              .way = "api",
                              .reason = "stop!",
                              .held_at = now};
    const struct freeze freeze = {.name = "now",
                                  .from_at = now - 1,
                                  .to_at = now + 60 * MINUTE,
                                  .timezone = "Asia/Tokyo",
                                  .actor = "token:ana",
                                  .way = "api",
                                  .reason = "stop!",
                                  .added_at = now};
    int64_t id;

    if (!wait_for(b))
        return err_set(err, ERR_INTERNAL, "the flow never said %s", b->word);
    b->written = true;
    return b->freeze ? store_freeze_put(db, &freeze, &id, err)
                     : store_hold_put(db, &hold, &id, err);
}

static void was_written(void *arg, int rc, const struct err *err)
{
    (void)arg;
    if (rc < 0)
        (void)fprintf(stdout, "%s\n", err->text);
}

/* One look in which a hold, or a freeze, is committed right after the flow said `word`. */
static void look_with_a_stop_after(const char *word, bool freeze)
{
    struct between b = {.word = word, .freeze = freeze};
    int stderr_before = dup(STDERR_FILENO);
    struct err err = ERR_INIT;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    log_init(LOG_LOGFMT, LOG_NOTICE);
    b.log = ends[0];
    assert_int_equal(writer_post(room.flow.writer, stop_the_line, &b, was_written, &err), 0);
    stop_room_look(&room);
    log_init(LOG_LOGFMT, LOG_ERROR);
    assert_true(dup2(stderr_before, STDERR_FILENO) >= 0);
    close(stderr_before);
    close(ends[0]);
    close(ends[1]);
    assert_true(b.written);
}

static void T27_a_hold_between_the_decision_and_its_write_undoes_the_start(void **state)
{
    (void)state;
    look_at("14:50");
    stop_room_at(&room, "15:00");
    look_with_a_stop_after("environment=production", false);
    assert_string_equal(production(), "waiting");
    assert_string_equal(east(), "deploying");
    assert_int_equal(stop_room_journal(&room, "deployment.start"), 1);
}

static void T27_a_freeze_between_the_decision_and_its_write_undoes_the_start(void **state)
{
    (void)state;
    look_at("14:50");
    stop_room_at(&room, "15:00");
    look_with_a_stop_after("environment=production", true);
    assert_string_equal(production(), "waiting");
    assert_string_equal(east(), "waiting");
    assert_int_equal(stop_room_journal(&room, "deployment.start"), 0);
}

/* A cut is decided in the same way; what it was decided on is handed over by hand here. */
static void T27_stops_are_those_that_were_judged(void **state)
{
    const struct repository repository = {.id = 1, .name = "acme/shop"};
    struct err err = ERR_INIT;
    struct ground ground;
    struct stops stops;
    struct arena arena;

    (void)state;
    arena_init(&arena);
    ground_init(&ground, room.flow.db, &arena, clock_now(room.flow.clock));
    assert_int_equal(stops_load(&ground, &repository, "production", NULL, &arena, &stops, &err), 0);
    assert_int_equal(stops_unchanged(room.flow.db, &stops, 1, "acme/shop", "production",
                                     clock_now(room.flow.clock), &err),
                     0);
    post(HOLDS, "{\"reason\":\"stop\"}");
    assert_int_equal(stops_unchanged(room.flow.db, &stops, 1, "acme/shop", "production",
                                     clock_now(room.flow.clock), &err),
                     ERR_CONFLICT);
    arena_deinit(&arena);
}

/* T27 over HTTP: who asks for a release while it is held gets a wish, and nothing starts. */
static void T27_a_release_that_is_asked_for_under_a_hold_waits(void **state)
{
    struct stop_answer a;

    (void)state;
    post(HOLDS, "{\"environment\":\"night\",\"reason\":\"stock check\"}");
    a = stop_room_ask(&room, NULL, "POST", "/api/v1/repos/acme/shop/releases/2/release",
                      "{\"environment\":\"night\"}");
    assert_int_equal(a.status, 202);
    assert_string_equal(json_str(json_first(json_array(json_object(a.json, "verdict"), "causes")),
                                 "cause"),
                        "hold");
    stop_room_answered(&a);
    look_at("14:10");
    assert_string_equal(stop_room_state(&room, "acme/shop", "night"), "");
    assert_int_equal(stop_room_status(&room, NULL, "DELETE", HOLDS "?environment=night", NULL),
                     200);
    stop_room_look(&room);
    assert_string_equal(stop_room_state(&room, "acme/shop", "night"), "deploying");
}

#define IN_THE_ROOM(test) cmocka_unit_test_setup_teardown(test, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_THE_ROOM(what_is_cut_starts_at_its_time),
        IN_THE_ROOM(a_hold_stops_its_environment_alone),
        IN_THE_ROOM(a_hold_on_a_repository_stops_every_environment_of_it),
        IN_THE_ROOM(what_nobody_was_told_of_is_found_within_the_hour),
        IN_THE_ROOM(F7_a_lifted_hold_lets_it_start_inside_its_grace),
        IN_THE_ROOM(F7_after_its_grace_it_is_deferred_and_the_next_time_is_the_promise),
        IN_THE_ROOM(F4_a_hold_with_an_end_ends_by_itself_and_the_flow_wakes_for_it),
        IN_THE_ROOM(F3_a_freeze_that_was_added_stops_what_it_covers_until_its_end),
        IN_THE_ROOM(F4_a_freeze_that_is_removed_lets_it_go),
        IN_THE_ROOM(F5_what_has_started_goes_on_under_a_hold),
        IN_THE_ROOM(T27_a_hold_between_the_decision_and_its_write_undoes_the_start),
        IN_THE_ROOM(T27_a_freeze_between_the_decision_and_its_write_undoes_the_start),
        IN_THE_ROOM(T27_stops_are_those_that_were_judged),
        IN_THE_ROOM(T27_a_release_that_is_asked_for_under_a_hold_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
