/* What a start costs in commits and statements, and that rest costs none. Counts, no times: they do not creep back unseen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/rules/verdict.h"
#include "lib/store/db.h"
#include "lib/store/store_journal.h"
#include "lib/store/writer.h"
#include "tests/support/stop_room.h"

#define PLACES 16        /* environments of each of two repositories */
#define SHARED_MAX 24    /* statements of a look, however many start */
#define STATEMENTS_MAX 6 /* ... and of each start: cut, started, its first commands released */
#define CUT_OFF_MAX 33   /* of a start whose cut was earlier */
#define REST_MAX 20      /* of a look at which only a host might have fallen silent */

static struct stop_room room;

/* `due` environments of a repository start ten minutes after a merge, the others hours later. */
static void up_with(int due, const char *on, const char *others_on)
{
    struct buf yaml;

    buf_init(&yaml, 1 << 20);
    buf_adds(&yaml, "version: 1\ntimezone: Asia/Tokyo\n"
                    "github: { webhook-secret-files: [webhook-secret] }\nrepos:\n");
    for (int r = 0; r < 2; r++) {
        buf_addf(&yaml,
                 "  acme/%s:\n    mirror: https://github.com/acme/%s.git\n    root: /srv/x\n"
                 "    environments:\n",
                 r == 0 ? "shop" : "site", r == 0 ? "shop" : "site");
        for (int e = 0; e < PLACES; e++)
            buf_addf(&yaml,
                     "      e%d: { on: %s, roles: { web: { agent: { hosts: [web-1] } "
                     "} } }\n",
                     e, e < due ? on : others_on);
        buf_adds(&yaml, "    jobs: { web: { runs-on: [web], steps: [{ run: \"true\" }] } }\n");
    }
    stop_room_up_as(&room, buf_str(&yaml));
    buf_deinit(&yaml);
    for (int i = 0; i < 2; i++) {
        stop_room_release(&room, "acme/shop", 0);
        stop_room_release(&room, "acme/site", 0);
    }
    stop_room_look(&room); /* everything is judged once */
}

static void up(int due)
{
    up_with(due, "merge, delay: 10m", "merge, delay: 5h");
}

struct costs {
    uint64_t commits;
    uint64_t jobs;       /* of the writer */
    uint64_t statements; /* that the flow reads with */
    int64_t lines;       /* of the journal: its moves */
};

static struct costs counted(void)
{
    struct costs c = {.commits = writer_counts(room.api.writer).commits,
                      .jobs = writer_counts(room.api.writer).jobs,
                      .statements = db_count(room.flow.db)};

    assert_int_equal(store_journal_end(room.flow.db, &c.lines, NULL), 0);
    c.statements = db_count(room.flow.db);
    return c;
}

/* Nobody rang; the time has come. */
static struct costs look_at(const char *time)
{
    struct costs before, after;
    struct err err = ERR_INIT;

    stop_room_at(&room, time);
    before = counted();
    room.flow.timed = true;
    if (flow_look(&room.flow, &room.next, &err) < 0)
        fail_msg("%s", err.text);
    after = counted();
    return (struct costs){after.commits - before.commits, after.jobs - before.jobs,
                          after.statements - before.statements, after.lines - before.lines};
}

static void a_start_costs_the_same_among_few_and_among_many(void **state)
{
    struct costs few, many;

    (void)state;
    up(4);
    few = look_at("14:10");
    assert_string_equal(stop_room_state(&room, "acme/site", "e3"), "deploying");
    assert_string_equal(stop_room_state(&room, "acme/site", "e4"), "");
    stop_room_look(&room); /* what was supposed of them is so */
    stop_room_down(&room);
    up(PLACES);
    many = look_at("14:10");
    assert_string_equal(stop_room_state(&room, "acme/shop", "e15"), "deploying");
    stop_room_look(&room);
    stop_room_down(&room);
    print_message("8 starts: %d commits, %d jobs, %d statements, %d lines; 32 starts: %d, %d, %d, "
                  "%d\n",
                  (int)few.commits, (int)few.jobs, (int)few.statements, (int)few.lines,
                  (int)many.commits, (int)many.jobs, (int)many.statements, (int)many.lines);
    assert_int_equal(few.lines, 8 * 4); /* cut, start, job, command */
    assert_int_equal(many.lines, 32 * 4);
    assert_in_range(few.statements, 1, SHARED_MAX + 8 * STATEMENTS_MAX);
    assert_in_range(many.statements, 1, SHARED_MAX + 32 * STATEMENTS_MAX);
    assert_int_equal(few.jobs, 8); /* each is one move, its commands too ... */
    assert_int_equal(many.jobs, 32);
    assert_in_range(many.commits, 1, 32); /* ... and a commit has some of them */
}

/* With a cut-off between cut and start: what a start comes to is known by the facts that it was judged by. */
static void after_a_start_nothing_is_read_again(void **state)
{
    struct costs c;

    (void)state;
    up_with(1, "release, cut-off: 5m", "release");
    assert_int_equal(stop_room_status(&room, NULL, "POST",
                                      "/api/v1/repos/acme/shop/releases/2/release",
                                      "{\"environment\":\"e0\",\"at\":\"2026-11-24 14:10\"}"),
                     202);
    stop_room_look(&room);
    (void)look_at("14:05");
    assert_string_equal(stop_room_state(&room, "acme/shop", "e0"), "waiting");
    c = look_at("14:10");
    assert_string_equal(stop_room_state(&room, "acme/shop", "e0"), "deploying");
    print_message("a start after a cut-off: %d statements\n", (int)c.statements);
    assert_int_equal(c.lines, 3); /* start, job, command */
    assert_in_range(c.statements, 1, CUT_OFF_MAX);
    stop_room_look(&room); /* what was supposed of them is so */
    stop_room_down(&room);
}

static void between_two_instants_nothing_is_read_or_written(void **state)
{
    struct costs c;

    (void)state;
    up(PLACES);
    /* The loop sleeps until then: no look at all before a host may fall silent. */
    assert_int_equal(room.next, stop_room_at(&room, "14:01"));
    c = look_at("14:01");
    assert_int_equal(c.commits, 0);
    assert_in_range(c.statements, 1, REST_MAX);
    assert_int_equal(room.next, stop_room_at(&room, "14:02"));
    stop_room_down(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_costs_the_same_among_few_and_among_many),
        cmocka_unit_test(after_a_start_nothing_is_read_again),
        cmocka_unit_test(between_two_instants_nothing_is_read_or_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
