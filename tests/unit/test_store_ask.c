/* store_ask: who is asked about what it was handed and never answered, and that nothing else is (decision 113). */
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

#include "lib/base/str.h"
#include "lib/store/store.h"
#include "lib/store/store_ask.h"

#define NOW ((time_ms)1795500000000)
#define NOW_TEXT "1795500000000"
#define HOST "mi-0123456789abcdef0"
#define OTHER "mi-0123456789abcdef1"
#define COMMAND "aaaaaaaa-0000-4000-8000-000000000001"
#define ANY "bbbbbbbb-0000-4000-8000-000000000002"

struct room {
    char folder[256];
    struct store store;
    sqlite3 *sqlite; /* without foreign keys: the rows around it are no matter here */
    struct arena arena;
};

static void run(struct room *room, const char *sql)
{
    char *why = NULL;

    if (sqlite3_exec(room->sqlite, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", why, sql);
}

static int up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));
    const char *tmp = getenv("TMPDIR");
    struct err err = ERR_INIT;

    assert_non_null(room);
    snprintf(room->folder, sizeof(room->folder), "%.200s/slipway-ask-XXXXXX",
             tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(room->folder));
    assert_int_equal(store_open(room->folder, "test", NOW, &room->store, &err), 0);
    assert_int_equal(sqlite3_open(room->store.path, &room->sqlite), SQLITE_OK);
    arena_init(&room->arena);
    *state = room;
    return 0;
}

static int down(void **state)
{
    struct room *room = *state;
    char line[320];

    sqlite3_close(room->sqlite);
    db_close(room->store.db);
    close(room->store.lock);
    arena_deinit(&room->arena);
    snprintf(line, sizeof(line), "rm -rf '%s'", room->folder);
    free(room);
    return system(line); // NOLINT(cert-env33-c): a name that mkdtemp made
}

/* A job's command that was handed to HOST two minutes ago, and of which nothing was heard; its time to begin is over. */
static void handed(struct room *room)
{
    run(room,
        "DELETE FROM invocations; DELETE FROM attempts; DELETE FROM hosts;"
        " UPDATE store SET restored_at = NULL;"
        " INSERT INTO hosts (id, name, state, activation_id, fingerprint, registered_at, protocol)"
        " VALUES ('" HOST "', 'web-1', 'registered', 'x', 'x', 1, 2),"
        " ('" OTHER "', 'web-2', 'registered', 'x', 'x', 1, 2);"
        " INSERT INTO invocations (command_id, host_id, deployment_id, job_number, roles, status,"
        " details, start_by, released_at, offered_at, redeliver_at)"
        " VALUES ('" COMMAND "', '" HOST "', 1, 1, 'web', 'Pending', 'Pending', " NOW_TEXT
        " - 60000, " NOW_TEXT " - 120000, " NOW_TEXT " - 119000, " NOW_TEXT " - 1000)");
}

static size_t asked(struct room *room, const char *host_id, size_t limit)
{
    struct err err = ERR_INIT;
    const char **ids = NULL;
    size_t n = 0;

    if (store_ask_list(room->store.db, &room->arena, host_id, NOW, limit, &ids, &n, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++)
        assert_true(str_eq(ids[i], COMMAND) || str_eq(ids[i], ANY));
    return n;
}

static int64_t number(struct room *room, const char *column)
{
    sqlite3_stmt *stmt;
    char sql[160];
    int64_t n;

    snprintf(sql, sizeof(sql), "SELECT coalesce(%s, 0) FROM invocations WHERE command_id = '%s'",
             column, COMMAND);
    assert_int_equal(sqlite3_prepare_v2(room->sqlite, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

#define SET(what) "UPDATE invocations SET " what
#define ATTEMPT(settled)                                                                           \
    "INSERT INTO attempts (database, repository_id, release_number, n, epoch, deployment_id,"      \
    " job_number, command_id, host_id, state, planned_at, settled_at) VALUES ('shop', 1, 1, 1, 1," \
    " 1, 1, '" COMMAND "', '" HOST "', 'offered', 1, " settled ")"

/* One thing at a time is another: is its host still asked? */
static void M5_only_what_was_handed_and_never_answered_is_asked_about(void **state)
{
    static const struct {
        const char *sql;
        bool is_asked;
    } ways[] = {
        {"SELECT 1", true},
        {SET("status = 'Unknown'"), true},
        {SET("status = 'InProgress'"), false},
        {SET("status = 'Cancelled'"), false},
        {SET("released_at = NULL"), false},
        {SET("offered_at = NULL"), false},
        {SET("start_by = " NOW_TEXT), true},
        {SET("start_by = " NOW_TEXT " + 1"), false},
        {SET("redeliver_at = " NOW_TEXT), true},
        {SET("redeliver_at = " NOW_TEXT " + 1"), false},
        {SET("redeliver_at = NULL"), false},
        {SET("acknowledged_at = 1"), false},
        {SET("began_at = 1"), false},
        {SET("permit_nonce = '" ANY "'"), false},
        {SET("cancel_at = 1, cancel_id = '" ANY "'"), false},
        {SET("again_at = 1"), false},
        {SET("deployment_id = NULL"), false},
        {SET("host_id = '" OTHER "'"), false},
        {"UPDATE hosts SET protocol = 1 WHERE id = '" HOST "'", false},
        {"UPDATE hosts SET protocol = 1 WHERE id = '" OTHER "'", true},
        {"UPDATE store SET restored_at = " NOW_TEXT " - 120000", false},
        {"UPDATE store SET restored_at = " NOW_TEXT " - 120001", true},
        {ATTEMPT("NULL"), true},
        {ATTEMPT("1"), false},
    };
    struct room *room = *state;

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        handed(room);
        run(room, ways[i].sql);
        if (asked(room, HOST, 10) != ways[i].is_asked)
            fail_msg("%s: %s", ways[i].is_asked ? "not asked" : "asked", ways[i].sql);
    }
}

static void M5_no_more_are_named_than_are_wanted(void **state)
{
    struct room *room = *state;

    handed(room);
    run(room,
        "INSERT INTO invocations (command_id, host_id, deployment_id, job_number, roles, status,"
        " details, start_by, released_at, offered_at, redeliver_at) SELECT '" ANY
        "', host_id, 1, 1, 'web', 'Unknown', 'Unknown', start_by, released_at, offered_at,"
        " redeliver_at FROM invocations");
    assert_int_equal(asked(room, HOST, 10), 2);
    assert_int_equal(asked(room, HOST, 1), 1);
    assert_int_equal(asked(room, OTHER, 10), 0);
}

/* In the first minute, in which nobody calls it unknown yet, each ten seconds; then each minute. */
static void M5_whoever_was_asked_is_asked_again_in_a_while(void **state)
{
    struct room *room = *state;
    struct db *db = room->store.db;
    struct err err = ERR_INIT;

    handed(room);
    assert_int_equal(store_ask_put_off(db, COMMAND, HOST, NOW - 1, &err), 0);
    assert_int_equal(number(room, "redeliver_at"), NOW - 1 + 10000);
    assert_int_equal(asked(room, HOST, 10), 0);
    assert_int_equal(store_ask_put_off(db, COMMAND, HOST, NOW, &err), 0);
    assert_int_equal(number(room, "redeliver_at"), NOW + 60000);
    assert_true(store_ask_put_off(db, COMMAND, OTHER, NOW, &err) < 0);
    assert_true(store_ask_put_off(db, ANY, HOST, NOW, &err) < 0);
}

static void M5_what_its_journal_names_it_need_not_be_asked(void **state)
{
    struct room *room = *state;
    struct db *db = room->store.db;
    struct err err = ERR_INIT;

    for (int unknown = 0; unknown < 2; unknown++) {
        handed(room);
        run(room, unknown ? SET("status = 'Unknown'") : "SELECT 1");
        assert_int_equal(store_ask_named(db, COMMAND, OTHER, NOW, &err), 0);
        assert_int_equal(asked(room, HOST, 10), 1);
        assert_int_equal(store_ask_named(db, COMMAND, HOST, NOW, &err), 0);
        assert_int_equal(asked(room, HOST, 10), 0);
        assert_int_equal(number(room, "acknowledged_at"), NOW);
        assert_int_equal(number(room, "heard_at"), NOW);
        /* The first time counts. */
        assert_int_equal(store_ask_named(db, COMMAND, HOST, NOW + 1, &err), 0);
        assert_int_equal(number(room, "acknowledged_at"), NOW);
    }
    handed(room); /* it was never handed out, or has ended: the word says nothing of it */
    run(room, SET("offered_at = NULL"));
    assert_int_equal(store_ask_named(db, COMMAND, HOST, NOW, &err), 0);
    assert_int_equal(number(room, "acknowledged_at"), 0);
    handed(room);
    run(room, SET("status = 'Success'"));
    assert_int_equal(store_ask_named(db, COMMAND, HOST, NOW, &err), 0);
    assert_int_equal(number(room, "acknowledged_at"), 0);
}

static void M5_what_its_journal_does_not_name_comes_with_the_next_poll(void **state)
{
    struct room *room = *state;
    struct db *db = room->store.db;
    struct err err = ERR_INIT;

    for (int unknown = 0; unknown < 2; unknown++) {
        handed(room);
        run(room, SET("redeliver_at = " NOW_TEXT " + 50000"));
        run(room, unknown ? SET("status = 'Unknown'") : "SELECT 1");
        assert_int_equal(store_ask_not_named(db, OTHER, NOW, &err), 0);
        assert_int_equal(asked(room, HOST, 10), 0);
        assert_int_equal(store_ask_not_named(db, HOST, NOW, &err), 0);
        assert_int_equal(asked(room, HOST, 10), 1);
        assert_int_equal(store_ask_not_named(db, HOST, NOW + 1, &err), 0);
        assert_int_equal(number(room, "redeliver_at"), NOW); /* it is never put off by that */
    }
    run(room, SET("redeliver_at = " NOW_TEXT " + 50000, acknowledged_at = 1"));
    assert_int_equal(store_ask_not_named(db, HOST, NOW, &err), 0);
    assert_int_equal(number(room, "redeliver_at"), NOW + 50000);
}

/* Another journal, or one that forgot, would answer. */
static void M5_of_a_host_in_doubt_nothing_is_asked(void **state)
{
    struct room *room = *state;
    struct db *db = room->store.db;
    struct err err = ERR_INIT;

    for (int unknown = 0; unknown < 2; unknown++) {
        handed(room);
        run(room, unknown ? SET("status = 'Unknown'") : "SELECT 1");
        assert_int_equal(store_ask_end(db, OTHER, &err), 0);
        assert_int_equal(asked(room, HOST, 10), 1);
        assert_int_equal(store_ask_end(db, HOST, &err), 0);
        assert_int_equal(number(room, "redeliver_at"), 0);
        assert_int_equal(store_ask_not_named(db, HOST, NOW, &err), 0);
        assert_int_equal(asked(room, HOST, 10), 0);
        assert_true(store_ask_put_off(db, COMMAND, HOST, NOW, &err) < 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(M5_only_what_was_handed_and_never_answered_is_asked_about),
        TEST(M5_no_more_are_named_than_are_wanted),
        TEST(M5_whoever_was_asked_is_asked_again_in_a_while),
        TEST(M5_what_its_journal_names_it_need_not_be_asked),
        TEST(M5_what_its_journal_does_not_name_comes_with_the_next_poll),
        TEST(M5_of_a_host_in_doubt_nothing_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
