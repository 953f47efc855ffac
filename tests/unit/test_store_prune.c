/* store_prune, prune: bodies go after 30 days, output after 90, from the oldest end, and nothing that is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "lib/store/store.h"
#include "lib/store/store_prune.h"
#include "lib/store/writer.h"
#include "server/prune.h"

#define NOW ((time_ms)1795500000000)
#define DAY ((time_ms)24 * 3600 * 1000)

struct room {
    char folder[64];
    struct store store;
    struct writer *writer;
    struct db *reader;
    sqlite3 *sqlite;
    struct prune prune;
    int pauses;
    int stop_after; /* pauses; 0 = never */
};

static int up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));
    struct err err = ERR_INIT;

    assert_non_null(room);
    snprintf(room->folder, sizeof(room->folder), "%s/slipway-prune-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(room->folder));
    assert_int_equal(store_open(room->folder, "test", NOW, &room->store, &err), 0);
    assert_int_equal(sqlite3_open(room->store.path, &room->sqlite), SQLITE_OK);
    assert_int_equal(db_open_read(room->store.path, &room->reader, &err), 0);
    *state = room;
    return 0;
}

static int down(void **state)
{
    struct room *room = *state;
    char line[128];

    sqlite3_close(room->sqlite);
    db_close(room->reader);
    if (room->writer != NULL)
        writer_stop(room->writer);
    else
        db_close(room->store.db);
    close(room->store.lock);
    snprintf(line, sizeof(line), "rm -rf '%s'", room->folder);
    free(room);
    return system(line) == 0 ? 0 : -1;
}

static void run(struct room *room, const char *sql)
{
    struct err err = ERR_INIT;

    if (db_exec(room->store.db, sql, &err) < 0)
        fail_msg("%s: %s", err.text, sql);
}

static int64_t count(struct room *room, const char *sql)
{
    sqlite3_stmt *stmt;
    int64_t n;

    assert_int_equal(sqlite3_prepare_v2(room->sqlite, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

/* `n` deliveries, one hour apart; the newest is `youngest` old. */
static void deliveries(struct room *room, int n, time_ms youngest)
{
    char sql[1024];

    snprintf(
        sql, sizeof(sql),
        "BEGIN; WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < %d)"
        " INSERT INTO deliveries (guid, event, received_at, state, form, body_mark,"
        " guid_key, body_key)"
        " SELECT 'g' || i, 'push', %lld - (%d - i) * 3600000, 'recorded', 0, 'x', 'g' || i, i FROM k;"
        " INSERT INTO delivery_bodies SELECT id, 1, x'00' FROM deliveries; COMMIT",
        n, (long long)(NOW - youngest), n);
    run(room, sql);
}

static bool on_pause(void *arg)
{
    struct room *room = arg;

    room->pauses++;
    return room->stop_after != 0 && room->pauses >= room->stop_after;
}

static void prune(struct room *room)
{
    struct err err = ERR_INIT;

    if (room->writer == NULL)
        assert_int_equal(writer_start(&room->writer, room->store.db, NULL, &err), 0);
    room->prune = (struct prune){
        .db = room->reader, .writer = room->writer, .now = NOW, .pause = on_pause, .arg = room};
    if (prune_all(&room->prune, &err) < 0)
        fail_msg("%s", err.text);
}

static void bodies_older_than_30_days_go_and_their_rows_stay(void **state)
{
    struct room *room = *state;

    deliveries(room, 500, 20 * DAY); /* from 40.8 to 20 days old */
    prune(room);
    /* Exactly those that came before: of 500, one each hour, 240 in the ten days behind the border. */
    assert_int_equal(room->prune.bodies, 500 - 240 - 1);
    assert_int_equal(count(room, "SELECT count(*) FROM delivery_bodies"), 241);
    assert_int_equal(count(room, "SELECT count(*) FROM deliveries"), 500);
    assert_int_equal(count(room,
                           "SELECT min(d.received_at) FROM delivery_bodies b JOIN deliveries d"
                           " ON d.id = b.delivery_id"),
                     NOW - PRUNE_BODY_MS);
    assert_int_equal(room->pauses, (500 - 241 + STORE_PRUNE_PAGE - 1) / STORE_PRUNE_PAGE);
    prune(room);
    assert_int_equal(room->prune.bodies, 0);
}

static void W7_a_body_that_waits_to_be_read_is_kept(void **state)
{
    struct room *room = *state;

    deliveries(room, 200, 60 * DAY);
    run(room, "UPDATE deliveries SET state = 'received' WHERE id IN (1, 77)");
    prune(room);
    assert_int_equal(count(room, "SELECT count(*) FROM delivery_bodies"), 2);
    assert_int_equal(count(room, "SELECT sum(delivery_id) FROM delivery_bodies"), 78);
}

/* A body is kept with the first that brought it, as long as the last of them is young, or waits. */
static void a_body_is_as_old_as_its_last_repeat(void **state)
{
    struct room *room = *state;
    char sql[512];

    deliveries(room, 3, 60 * DAY);
    for (int i = 1; i < 3; i++) {
        snprintf(sql, sizeof(sql),
                 "INSERT INTO deliveries (guid, event, received_at, state, form, body_mark,"
                 " guid_key, body_key, repeat_of) VALUES ('r%d', 'push', %lld, '%s', 0, 'x', 'r%d',"
                 " %d, %d)",
                 i, (long long)(NOW - (i == 1 ? 2 : 50) * DAY), i == 1 ? "recorded" : "received", i,
                 i, i);
        run(room, sql);
    }
    prune(room);
    assert_int_equal(count(room, "SELECT sum(delivery_id) FROM delivery_bodies"), 1 + 2);
    run(room, "UPDATE deliveries SET state = 'recorded', received_at = 1000");
    prune(room);
    assert_int_equal(count(room, "SELECT count(*) FROM delivery_bodies"), 0);
}

/* A person has one read again between the look and the act. */
static void a_body_that_is_needed_again_meanwhile_stays(void **state)
{
    struct room *room = *state;
    struct store_prune_page page;
    struct err err = ERR_INIT;

    deliveries(room, 3, 60 * DAY);
    assert_int_equal(store_prune_find_bodies(room->reader, NOW - PRUNE_BODY_MS, 0, &page, &err), 0);
    assert_int_equal(page.n, 3);
    run(room, "UPDATE deliveries SET state = 'received' WHERE id = 2");
    assert_int_equal(store_prune_bodies(room->store.db, &page, &err), 0);
    assert_int_equal(count(room, "SELECT delivery_id FROM delivery_bodies"), 2);
}

static void it_stops_between_two_transactions_when_it_is_time(void **state)
{
    struct room *room = *state;

    deliveries(room, 500, 60 * DAY);
    room->stop_after = 2;
    prune(room);
    assert_int_equal(room->prune.bodies, 2 * STORE_PRUNE_PAGE);
}

/* Only the old end is looked at, however long history is. */
static void a_look_reads_one_page_and_no_more(void **state)
{
    struct room *room = *state;
    struct store_prune_page page;
    struct err err = ERR_INIT;

    deliveries(room, 600, DAY);
    assert_int_equal(store_prune_find_bodies(room->reader, NOW - PRUNE_BODY_MS, 0, &page, &err), 0);
    assert_int_equal(page.n, 0);
    assert_true(page.is_last);
    assert_int_equal(page.last, STORE_PRUNE_PAGE);
}

#define COMMAND(id, days, ended)                                                                   \
    "INSERT INTO commands (id, document_digest, parameters, requested_at, requested_by)"           \
    " VALUES ('" id "', 'd', '{}', 1795500000000 - " days " * 86400000, 'deployment');"            \
    "INSERT INTO invocations (command_id, host_id, roles, status, details, start_by, ended_at)"    \
    " VALUES ('" id "', 'mi-1', 'web', 'Success', 'Success', 1, " ended ");"                       \
    "INSERT INTO output_chunks (command_id, host_id, number, step, stream, at, text)"              \
    " VALUES ('" id "', 'mi-1', 0, 'run', 'out', 9999999999999, x'78'),"                           \
    " ('" id "', 'mi-1', 1, 'run', 'out', 1, x'79');"

/* By our own clock: the hosts' say anything. */
static void output_older_than_90_days_goes_unless_its_command_still_runs(void **state)
{
    struct room *room = *state;

    run(room, "PRAGMA foreign_keys = OFF");
    run(room, COMMAND("a", "91", "1") COMMAND("b", "91", "NULL") COMMAND("c", "89", "1"));
    run(room, "INSERT INTO journal (at, actor, way, act, subject, detail, hash)"
              " VALUES (1, 'slipway', 'timer', 'x', 'y', '{}', 'z')");
    prune(room);
    assert_int_equal(room->prune.chunks, 2);
    assert_int_equal(count(room, "SELECT count(*) FROM output_chunks WHERE command_id = 'a'"), 0);
    assert_int_equal(count(room, "SELECT count(*) FROM output_chunks"), 4);
    assert_int_equal(count(room, "SELECT count(*) FROM journal"), 1); /* never */
}

#define IN_ROOM(name) cmocka_unit_test_setup_teardown(name, up, down)

static void replies_older_than_90_days_go_but_for_what_is_open_or_evidence(void **state)
{
    struct room *room = *state;

    run(room, "INSERT INTO replies (reply_id, command_id, host_id, payload, received_at,"
              " collected_at, note) VALUES"
              " ('old', 'c', 'h', '{}', 1795500000000 - 91 * 86400000, 1, NULL),"
              " ('old-evidence', 'c', 'h', '{}', 1795500000000 - 91 * 86400000, 1, 'late'),"
              " ('old-open', 'c', 'h', '{}', 1795500000000 - 91 * 86400000, NULL, NULL),"
              " ('young', 'c', 'h', '{}', 1795500000000 - 89 * 86400000, 1, NULL)");
    prune(room);
    assert_int_equal(room->prune.replies, 1);
    assert_int_equal(count(room, "SELECT count(*) FROM replies WHERE reply_id = 'old'"), 0);
    assert_int_equal(count(room, "SELECT count(*) FROM replies"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(bodies_older_than_30_days_go_and_their_rows_stay),
        IN_ROOM(W7_a_body_that_waits_to_be_read_is_kept),
        IN_ROOM(a_body_is_as_old_as_its_last_repeat),
        IN_ROOM(a_body_that_is_needed_again_meanwhile_stays),
        IN_ROOM(it_stops_between_two_transactions_when_it_is_time),
        IN_ROOM(a_look_reads_one_page_and_no_more),
        IN_ROOM(output_older_than_90_days_goes_unless_its_command_still_runs),
        IN_ROOM(replies_older_than_90_days_go_but_for_what_is_open_or_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
