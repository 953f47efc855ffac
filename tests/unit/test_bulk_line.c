/* bulk_line: the next ones are judged while the last ones are written, and none is judged twice. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/rules/verdict.h"
#include "lib/store/db.h"
#include "lib/store/writer.h"
#include "server/flow/agenda.h"
#include "server/flow/bulk.h"
#include "server/flow/bulk_line.h"
#include "server/flow/snapshot.h"
#include "tests/support/stop_room.h"

DB_STATEMENT(SQL_TEST_MARK, "INSERT INTO watermarks (source, at) VALUES ($1, $2)");

static struct stop_room room;
static struct arena arena;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int told; /* the moves, in the order in which they were told of */

/* The writer waits here: what is behind it is not committed. */
static int stand(struct db *db, void *arg, struct err *err)
{
    (void)db, (void)arg, (void)err;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return 0;
}

static void stood(void *arg, int rc, const struct err *err)
{
    (void)arg, (void)rc, (void)err;
}

static int mark(struct db *db, void *arg, struct err *err)
{
    return db_run(db, &SQL_TEST_MARK, err, "ti", arg, (int64_t)1);
}

static int break_down(struct db *db, void *arg, struct err *err)
{
    (void)db, (void)arg;
    return err_set(err, ERR_INTERNAL, "it fails");
}

static void first(struct look *look, void *arg)
{
    (void)look, (void)arg;
    told = told * 10 + 1;
}

static void second(struct look *look, void *arg)
{
    (void)look, (void)arg;
    told = told * 10 + 2;
}

static struct look look_now(void)
{
    struct look look = {.flow = &room.flow,
                        .snapshot = room.api.snapshots.current,
                        .arena = &arena,
                        .now = clock_now(clock_system()),
                        .next = VERDICT_NEVER};

    return look;
}

static void up(void)
{
    stop_room_up(&room);
    arena_init(&arena);
    room.flow.clock = clock_system();
    agenda_open(&room.flow.agenda, room.api.snapshots.current); /* everything is touched */
    told = 0;
}

static void down(void)
{
    assert_null(room.flow.bulks);
    arena_deinit(&arena);
    stop_room_down(&room);
}

static void close_gate(void)
{
    struct err err = ERR_INIT;

    pthread_mutex_lock(&gate);
    assert_int_equal(writer_post(room.api.writer, stand, NULL, stood, &err), 0);
}

/* Judge the next entry of the agenda: one move; the entry. */
static struct agenda_entry *judge(struct look *look,
                                  int (*fn)(struct db *db, void *arg, struct err *err), char *name,
                                  void (*done)(struct look *look, void *arg))
{
    struct agenda_entry *entry = agenda_take(look, AGENDA_ENVIRONMENTS);
    struct err err = ERR_INIT;
    struct bulk *bulk;

    assert_non_null(entry);
    assert_int_equal(bulk_line_begin(look, &bulk, &err), 0);
    bulk_add(bulk, bulk_item(bulk, entry), fn, name, FLOW_DEPLOYMENTS, done);
    assert_int_equal(bulk_line_add(look, bulk, &err), 0);
    return entry;
}

static void what_is_due_next_is_judged_while_the_last_is_written(void **state)
{
    struct look look;
    struct err err = ERR_INIT;

    (void)state;
    up();
    close_gate();
    look = look_now();
    judge(&look, mark, (char[]){"test/a"}, first);
    judge(&look, mark, (char[]){"test/b"}, second);
    look.next = look.now + 20; /* something else is due then */
    look.more = false;
    assert_int_equal(bulk_line_rest(&look, &err), 0);
    assert_true(clock_now(clock_system()) >= look.next);
    assert_true(look.more); /* it comes back to them */
    assert_false(look.moved);
    assert_int_equal(told, 0);
    pthread_mutex_unlock(&gate);
    look = look_now();
    assert_int_equal(bulk_line_clear(&look, &err), 0);
    assert_true(look.moved);
    assert_true(look.unrest);
    assert_int_equal(told, 12); /* in their order */
    down();
}

static void an_entry_in_hand_is_not_judged_a_second_time(void **state)
{
    struct agenda_entry *entry, *next;
    struct look look;
    struct err err = ERR_INIT;

    (void)state;
    up();
    close_gate();
    look = look_now();
    entry = judge(&look, mark, (char[]){"test/a"}, NULL);
    agenda_touch(room.flow.agenda, entry); /* news of it come meanwhile */
    while ((next = agenda_take(&look, AGENDA_ENVIRONMENTS)) != NULL) {
        assert_ptr_not_equal(next, entry);
        agenda_put(&look, next, VERDICT_NEVER, false);
    }
    pthread_mutex_unlock(&gate);
    assert_int_equal(bulk_line_clear(&look, &err), 0);
    assert_ptr_equal(agenda_take(&look, AGENDA_ENVIRONMENTS), entry);
    down();
}

static void after_a_failure_nothing_is_left_under_way(void **state)
{
    struct look look;
    struct err err = ERR_INIT;

    (void)state;
    up();
    look = look_now();
    judge(&look, break_down, NULL, first);
    judge(&look, mark, (char[]){"test/b"}, NULL);
    assert_int_equal(bulk_line_clear(&look, &err), ERR_INTERNAL);
    assert_string_equal(err.text, "it fails");
    assert_int_equal(told, 0);
    bulk_line_drop(&room.flow);
    down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_next_is_judged_while_the_last_is_written),
        cmocka_unit_test(an_entry_in_hand_is_not_judged_a_second_time),
        cmocka_unit_test(after_a_failure_nothing_is_left_under_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
