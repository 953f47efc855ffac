/* Every statement of the tree: it prepares, it names its arguments in order, and it scans no history. */
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

#include "lib/base/arena.h"
#include "lib/model/approval.h"
#include "lib/model/attempt.h"
#include "lib/model/check.h"
#include "lib/model/command.h"
#include "lib/model/commit_check.h"
#include "lib/model/delivery.h"
#include "lib/model/deployment.h"
#include "lib/model/host.h"
#include "lib/model/promise.h"
#include "lib/model/pull_request.h"
#include "lib/model/send.h"
#include "lib/model/states.h"
#include "lib/store/db.h"
#include "lib/store/store.h"

struct room {
    char folder[64];
    struct store store;
    sqlite3 *sqlite; /* the same file, to ask what the seam does not */
};

static struct room room;

static int open_room(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    snprintf(room.folder, sizeof(room.folder), "%s/slipway-statements-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    if (mkdtemp(room.folder) == NULL ||
        store_open(room.folder, "test", 1000, &room.store, &err) < 0 ||
        sqlite3_open_v2(room.store.path, &room.sqlite, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

static int close_room(void **state)
{
    char line[128];

    (void)state;
    sqlite3_close(room.sqlite);
    db_close(room.store.db);
    close(room.store.lock);
    snprintf(line, sizeof(line), "rm -rf '%s'", room.folder);
    return system(line) == 0 ? 0 : -1;
}

static sqlite3_stmt *prepared(const char *name, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(room.sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", name, sqlite3_errmsg(room.sqlite));
    return stmt;
}

static void every_statement_prepares_against_the_schema(void **state)
{
    const struct statement *const *all;
    size_t n = db_statements(&all);

    (void)state;
    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        sqlite3_stmt *stmt = prepared(all[i]->name, all[i]->sql);
        if (stmt == NULL || sqlite3_complete(all[i]->sql))
            fail_msg("%s: one statement without a semicolon is expected", all[i]->name);
        sqlite3_finalize(stmt);
    }
}

static void arguments_are_numbered_in_the_order_of_their_first_appearance(void **state)
{
    const struct statement *const *all;
    size_t n = db_statements(&all);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        int highest = 0;
        for (const char *p = strchr(all[i]->sql, '$'); p != NULL; p = strchr(p + 1, '$')) {
            int number = atoi(p + 1);
            if (number < 1 || number > highest + 1)
                fail_msg("%s: $%d comes before $%d", all[i]->name, number, highest + 1);
            highest = number > highest ? number : highest;
        }
    }
}

/* Tables that stay small: what is configured, registered or open. */
static bool is_small(const char *table)
{
    static const char *const small[] = {
        "repositories",
        "schedules",
        "hosts",
        "schedule_days",
        "calendar_spans",
        "host_keys",
        "host_tags",
        "host_documents",
        "activations",
        "activation_tags",
        "tokens",
        "databases",
        "watermarks",
        "holds",
        "freezes",
        "freeze_scopes",
        "store",
        "configs",
        "barriers",
        "baselines",
        "incarnations",
        "sqlite_schema",
        "pragma_quick_check",
        "schema_migrations",
        "adoptions",
        "holidays",
        "holiday_years",
        "hooks",
        "gone",
        "serving",
        "door_documents",
        "signing_keys",
    };

    for (size_t i = 0; i < sizeof(small) / sizeof(*small); i++)
        if (strncmp(table, small[i], strlen(small[i])) == 0 &&
            (table[strlen(small[i])] == ' ' || table[strlen(small[i])] == '\0'))
            return true;
    return false;
}

/* What is joined by the repository alone, or by a range of it, reads that history for each row before it. */
static bool is_joined_by_repository(const char *before, const char *step)
{
    static const char *const ways[] = {"PRIMARY KEY (repository_id=?)",
                                       "PRIMARY KEY (repository_id=? AND number<?)",
                                       "PRIMARY KEY (repository_id=? AND number>?)"};

    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
        if (strncmp(before, "SEARCH ", 7) == 0 && strstr(step, ways[i]) != NULL)
            return true;
    return false;
}

static void nothing_is_joined_with_the_history_of_a_repository(void **state)
{
    const struct statement *const *all;
    size_t n = db_statements(&all);
    int bad = 0;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        char sql[8192];
        sqlite3_stmt *stmt;
        snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", all[i]->sql);
        stmt = prepared(all[i]->name, sql);
        for (char before[512] = ""; sqlite3_step(stmt) == SQLITE_ROW;) {
            const char *step = (const char *)sqlite3_column_text(stmt, 3);
            if (is_joined_by_repository(before, step)) {
                print_error("%s: %s\n", all[i]->name, step);
                bad++;
            }
            snprintf(before, sizeof(before), "%s", step);
        }
        sqlite3_finalize(stmt);
    }
    assert_int_equal(bad, 0);
}

static void nothing_scans_what_grows_with_history(void **state)
{
    const struct statement *const *all;
    size_t n = db_statements(&all);
    int bad = 0;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        char sql[8192];
        sqlite3_stmt *stmt;
        snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", all[i]->sql);
        stmt = prepared(all[i]->name, sql);
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(stmt, 3);
            const char *table = strncmp(step, "SCAN ", 5) == 0 ? step + 5 : NULL;
            /* Through a partial index only what is open is seen; a sub-query, a list or a constant is small. */
            if (strcmp(all[i]->name, "SQL_JOURNAL_LAST") == 0)
                continue; /* one row, from the end */
            if (strcmp(all[i]->name, "SQL_APPROVAL_MISSING") == 0)
                continue; /* the doctor looks at all starts that needed approvals, and only he */
            if (table == NULL || is_small(table) || strstr(step, "_open") != NULL ||
                strstr(step, "_running") != NULL || strstr(step, "(subquery") != NULL ||
                strstr(step, "CONSTANT ROW") != NULL || strstr(step, "_unsettled") != NULL ||
                strstr(step, "json_each") != NULL)
                continue;
            print_error("%s: %s\n", all[i]->name, step);
            bad++;
        }
        sqlite3_finalize(stmt);
    }
    assert_int_equal(bad, 0);
}

/* The texts inside CHECK (column IN ('a', 'b')), or CHECK (column = 'a' OR column = 'b' OR ...), of a table, as "|a|b|". */
static const char *checked(struct arena *arena, const char *table, const char *column)
{
    char sql[128];
    char start[64];
    sqlite3_stmt *stmt;
    const char *text, *p, *list = "|";

    snprintf(sql, sizeof(sql), "SELECT sql FROM sqlite_master WHERE name = '%s'", table);
    stmt = prepared(table, sql);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    text = arena_str(arena, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    snprintf(start, sizeof(start), "CHECK (%s IN (", column);
    p = strstr(text, start);
    if (p == NULL) {
        snprintf(start, sizeof(start), "CHECK (%s = ", column);
        p = strstr(text, start);
    }
    if (p == NULL)
        fail_msg("%s.%s has no CHECK", table, column);
    for (p += strlen(start); *p != ')'; p++) {
        const char *end = strchr(p + 1, '\'');
        if (*p != '\'')
            continue;
        list = arena_printf(arena, "%s%.*s|", list, (int)(end - p - 1), p + 1);
        p = end;
    }
    return list;
}

/* A list of three words in a CHECK, or in the condition of an index, is a table that is built, filled and thrown away for
 * each row. */
static void no_row_that_is_written_builds_a_table(void **state)
{
    sqlite3_stmt *tables =
        prepared("tables", "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    int n = 0;

    (void)state;
    for (; sqlite3_step(tables) == SQLITE_ROW; n++) {
        char sql[128];
        sqlite3_stmt *steps;
        snprintf(sql, sizeof(sql), "EXPLAIN INSERT INTO %s DEFAULT VALUES",
                 (const char *)sqlite3_column_text(tables, 0));
        steps = prepared(sql, sql);
        while (sqlite3_step(steps) == SQLITE_ROW)
            if (strcmp((const char *)sqlite3_column_text(steps, 1), "OpenEphemeral") == 0)
                fail_msg("%s: a list of more than two in a CHECK or an index's condition", sql);
        sqlite3_finalize(steps);
    }
    sqlite3_finalize(tables);
    assert_true(n > 50);
}

static const struct statement *statement_named(const char *name)
{
    const struct statement *const *all;
    size_t n = db_statements(&all);

    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    fail_msg("there is no %s", name);
    return NULL;
}

/* The steps of one more line on a pull request's timeline. */
static int steps_of_a_line(int64_t delivery)
{
    static const char *const texts[] = {[4] = "labeled", [6] = "ana"};
    const int64_t numbers[] = {[1] = 1, [2] = 7, [3] = 5, [5] = 9, [8] = delivery};
    const struct statement *statement = statement_named("SQL_PULL_HAPPENED");
    sqlite3_stmt *stmt = prepared(statement->name, statement->sql);
    int steps;

    for (int i = 1; i <= 8; i++)
        if (i == 4 || i == 6)
            sqlite3_bind_text(stmt, i, texts[i], -1, SQLITE_STATIC);
        else if (i != 7)
            sqlite3_bind_int64(stmt, i, numbers[i]);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    steps = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
    sqlite3_finalize(stmt);
    return steps;
}

/* Bots comment and label without end: what one more costs does not grow with those that were before, and a delivery that
 * is read again tells nothing twice. */
static void a_timeline_costs_the_same_however_long_it_is(void **state)
{
    int first, steps;

    (void)state;
    assert_int_equal(sqlite3_exec(room.sqlite, "PRAGMA foreign_keys = OFF; BEGIN", NULL, NULL,
                                  NULL),
                     SQLITE_OK);
    first = steps_of_a_line(1);
    for (int64_t i = 2; i <= 1000; i++)
        steps = steps_of_a_line(i);
    assert_true(steps <= first + first / 4);
    assert_int_equal(sqlite3_total_changes(room.sqlite), 1000);
    (void)steps_of_a_line(500);
    assert_int_equal(sqlite3_total_changes(room.sqlite), 1000);
    assert_int_equal(sqlite3_exec(room.sqlite, "ROLLBACK; PRAGMA foreign_keys = ON", NULL, NULL,
                                  NULL),
                     SQLITE_OK);
}

static void states_of_the_model_and_of_the_schema_are_the_same(void **state)
{
    static const struct {
        const char *table, *column;
        const struct state_entry *entries;
        size_t n;
    } rows[] = {
        {"deployments", "state", deployment_states, DEPLOYMENT_STATES_COUNT},
        {"deployments", "kind", deployment_kinds, DEPLOYMENT_KINDS_COUNT},
        {"deployments", "trigger", deployment_triggers, DEPLOYMENT_TRIGGERS_COUNT},
        {"jobs", "state", job_states, JOB_STATES_COUNT},
        {"attempts", "state", attempt_states, ATTEMPT_STATES_COUNT},
        {"promises", "state", promise_states, PROMISE_STATES_COUNT},
        {"approvals", "state", approval_states, APPROVAL_STATES_COUNT},
        {"checks", "state", check_states, CHECK_STATES_COUNT},
        {"deliveries", "state", delivery_states, DELIVERY_STATES_COUNT},
        {"invocations", "status", invocation_statuses, INVOCATION_STATUSES_COUNT},
        {"steps", "status", step_statuses, STEP_STATUSES_COUNT},
        {"hosts", "state", host_states, HOST_STATES_COUNT},
        {"sends", "state", send_states, SEND_STATES_COUNT},
        {"sends", "act", send_acts, SEND_ACTS_COUNT},
        {"pull_requests", "state", pull_request_states, PULL_REQUEST_STATES_COUNT},
        {"commit_checks", "state", commit_check_states, COMMIT_CHECK_STATES_COUNT},
        {"commit_checks", "kind", commit_check_kinds, COMMIT_CHECK_KINDS_COUNT},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *list = checked(&arena, rows[i].table, rows[i].column);
        size_t n = 0;
        for (const char *p = list; *p != '\0'; p++)
            n += *p == '|';
        for (size_t k = 0; k < rows[i].n; k++) {
            const char *word = arena_printf(&arena, "|%s|", rows[i].entries[k].text);
            if (strstr(list, word) == NULL)
                fail_msg("%s.%s does not take %s", rows[i].table, rows[i].column,
                         rows[i].entries[k].text);
        }
        if (n - 1 != rows[i].n)
            fail_msg("%s.%s takes %s: that is more than the model knows", rows[i].table,
                     rows[i].column, list);
    }
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_statement_prepares_against_the_schema),
        cmocka_unit_test(arguments_are_numbered_in_the_order_of_their_first_appearance),
        cmocka_unit_test(nothing_scans_what_grows_with_history),
        cmocka_unit_test(nothing_is_joined_with_the_history_of_a_repository),
        cmocka_unit_test(no_row_that_is_written_builds_a_table),
        cmocka_unit_test(a_timeline_costs_the_same_however_long_it_is),
        cmocka_unit_test(states_of_the_model_and_of_the_schema_are_the_same),
    };
    return cmocka_run_group_tests(tests, open_room, close_room);
}
