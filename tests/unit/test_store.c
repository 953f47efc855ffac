/* store: the file that is the truth: who may open it, what must fit, what survives. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/file.h"
#include "lib/store/db.h"
#include "lib/store/store.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_journal.h"
#include "lib/store/writer.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "%s/slipway-store-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    char line[128];

    (void)state;
    snprintf(line, sizeof(line), "chmod -R u+rwX '%s' && rm -rf '%s'", folder, folder);
    return system(line) == 0 ? 0 : -1;
}

static void must_open(struct store *store)
{
    struct err err = ERR_INIT;

    if (store_open(folder, "test", 1000, store, &err) < 0)
        fail_msg("%s", err.text);
}

static void let_go(struct store *store)
{
    db_close(store->db);
    close(store->lock);
}

static int add_line(struct db *db, void *arg, struct err *err)
{
    const struct journal_entry entry = {
        .at = 1000, .actor = "ana", .way = "cli", .act = "test.line", .subject = arg};

    return store_journal_add(db, &entry, err);
}

static void T55_the_file_is_ours_alone_and_another_mode_refuses_to_start(void **state)
{
    struct err err = ERR_INIT;
    struct store store;
    struct stat st;

    (void)state;
    must_open(&store);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(store.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    let_go(&store);
    assert_int_equal(chmod(store.path, 0640), 0);
    assert_true(store_open(folder, "test", 1000, &store, &err) < 0);
    assert_non_null(strstr(err.text, "chmod"));
    assert_int_equal(chmod(store.path, 0600), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    err = (struct err)ERR_INIT;
    assert_true(store_open(folder, "test", 1000, &store, &err) < 0);
    assert_non_null(strstr(err.text, "chmod"));
}

static void write_beside(const char *suffix, const char *text)
{
    struct err err = ERR_INIT;
    char path[600];

    snprintf(path, sizeof(path), "%s/slipway.db%s", folder, suffix);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, &err), 0);
}

static void a_first_start_that_was_cut_short_is_made_again(void **state)
{
    struct err err = ERR_INIT;
    struct store store;
    struct stat st;
    char draft[600];

    (void)state;
    write_beside(".new", "half a store");
    must_open(&store);
    assert_int_equal(store_check(store.db, &err), 0);
    snprintf(draft, sizeof(draft), "%s.new", store.path);
    assert_true(stat(draft, &st) < 0);
    let_go(&store);
}

static const struct statement first_times = {
    "first_times",
    "SELECT (SELECT min(applied_at) FROM schema_migrations) = $1 AND"
    " (SELECT max(applied_at) FROM schema_migrations) = $1 AND"
    " (SELECT created_at FROM store) = $1 AND (SELECT count(*) FROM incarnations) = 1"};

/* It is made when the program is built, and has the time at which it was first used. */
static void a_first_store_says_when_it_began(void **state)
{
    struct err err = ERR_INIT;
    struct store store, again;
    struct db_rows *rows;

    (void)state;
    must_open(&store);
    assert_int_equal(db_query(store.db, &first_times, &rows, &err, "i", (int64_t)1000), 0);
    assert_int_equal(db_next(rows, &err), 1);
    assert_int_equal(db_int(rows, 0), 1);
    db_end(rows);
    let_go(&store);
    assert_int_equal(store_open(folder, "test", 2000, &again, &err), 0);
    assert_string_equal(again.store_id, store.store_id);
    assert_int_equal(again.incarnation, 2);
    let_go(&again);
}

static const struct statement synchronous = {"synchronous", "SELECT * FROM pragma_synchronous"};

/* The first commit of a start is not synced by itself; each that follows is, or a 202 would say too much. */
static void W2_an_open_store_syncs_each_commit(void **state)
{
    struct err err = ERR_INIT;
    struct store store;
    struct db_rows *rows;

    (void)state;
    for (int start = 0; start < 2; start++) {
        must_open(&store);
        assert_int_equal(db_query(store.db, &synchronous, &rows, &err, ""), 0);
        assert_int_equal(db_next(rows, &err), 1);
        assert_int_equal(db_int(rows, 0), 2); /* FULL */
        db_end(rows);
        let_go(&store);
    }
}

/* Its log may hold the newest that there is: a new store would swallow or drop it. */
static void a_log_without_its_store_refuses_to_start_and_stays(void **state)
{
    struct err err = ERR_INIT;
    struct store store;
    struct stat st;
    char log[600];

    (void)state;
    write_beside("-wal", "frames");
    assert_int_equal(store_open(folder, "test", 1000, &store, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.text, "slipway.db-wal without its store"));
    snprintf(log, sizeof(log), "%s/slipway.db-wal", folder);
    assert_int_equal(stat(log, &st), 0);
    assert_int_equal(st.st_size, 6);
}

static void a_second_server_is_refused(void **state)
{
    struct err err = ERR_INIT;
    struct store store;
    pid_t child;
    int status;

    (void)state;
    must_open(&store);
    child = fork();
    if (child == 0) {
        struct store second;
        _exit(store_open(folder, "test", 1000, &second, &err) == ERR_BUSY ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    let_go(&store);
}

/* The forty seconds of a fence count from its time, and a backup may have been taken while one stood. */
static void G5_a_restored_store_stands_anew_also_where_its_backup_stood(void **state)
{
    struct err err = ERR_INIT;
    struct store store;
    time_ms at;

    (void)state;
    must_open(&store);
    assert_int_equal(
        db_exec(store.db, "INSERT INTO databases (name, epoch) VALUES ('shop', 41), ('night', 7)",
                &err),
        0);
    assert_int_equal(store_attempt_fence(store.db, "shop", 57, "behind", 1000, &err), 0);
    assert_int_equal(store_attempt_fence(store.db, "shop", 58, "behind", 2000, &err), 0);
    assert_int_equal(store_attempt_fenced_at(store.db, "shop", &at, &err), 0);
    assert_int_equal(at, 1000);
    assert_int_equal(store_attempt_fenced_at(store.db, "night", &at, &err), 0);
    assert_int_equal(at, 0);
    assert_int_equal(store_attempt_restored_at(store.db, &at, &err), 0);
    assert_int_equal(at, 0);
    assert_int_equal(store_attempt_fence_all(store.db, "restored", 9000, &err), 0);
    assert_int_equal(store_attempt_restored_at(store.db, &at, &err), 0);
    assert_int_equal(at, 9000);
    assert_int_equal(store_attempt_fenced_at(store.db, "shop", &at, &err), 0);
    assert_int_equal(at, 9000);
    assert_int_equal(store_attempt_fenced_at(store.db, "night", &at, &err), 0);
    assert_int_equal(at, 9000);
    /* One that the backup has no row for was migrated since, for all it knows. */
    assert_int_equal(store_attempt_fenced_at(store.db, "young", &at, &err), 0);
    assert_int_equal(at, 9000);
    assert_int_equal(store_attempt_advance(store.db, "young", &err), 0);
    assert_int_equal(store_attempt_advance(store.db, "young", &err), ERR_CONFLICT);
    assert_int_equal(store_attempt_fenced_at(store.db, "young", &at, &err), 0);
    assert_int_equal(at, 0);
    let_go(&store);
}

static void another_history_of_the_schema_refuses_to_start(void **state)
{
    static const char *const changes[] = {
        "UPDATE schema_migrations SET sha256 = '00'",
        "UPDATE schema_migrations SET name = 'another'",
        "INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES (99, 'x', '00', 1)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        struct err err = ERR_INIT;
        struct store store;
        must_open(&store);
        if (db_exec(store.db, "SAVEPOINT s", &err) < 0 || db_exec(store.db, changes[i], &err) < 0 ||
            db_exec(store.db, "RELEASE s", &err) < 0)
            fail_msg("%s", err.text);
        let_go(&store);
        assert_int_equal(store_open(folder, "test", 1000, &store, &err), ERR_CONFLICT);
        assert_int_equal(remove_folder(NULL), 0);
        assert_int_equal(make_folder(NULL), 0);
    }
}

/* A child writes line after line and says each one that is committed; it is killed in the middle. */
static void what_was_acknowledged_is_there_after_a_kill(void **state)
{
    int64_t last = 0;

    (void)state;
    for (int round = 0; round < 5; round++) {
        int told[2];
        pid_t child;
        struct store store;
        struct err err = ERR_INIT;
        int64_t acknowledged = 0, line, n = 0, bad = 0;
        int status;

        assert_int_equal(pipe(told), 0);
        child = fork();
        if (child == 0) {
            struct writer *writer;
            close(told[0]);
            if (store_open(folder, "test", 1000, &store, &err) < 0 ||
                writer_start(&writer, store.db, NULL, &err) < 0)
                _exit(1);
            for (int64_t i = last + 1;; i++) {
                char subject[32];
                snprintf(subject, sizeof(subject), "line %d", (int)i);
                if (writer_do(writer, add_line, subject, &err) < 0)
                    _exit(2);
                if (write(told[1], &i, sizeof(i)) != (ssize_t)sizeof(i))
                    _exit(3);
            }
        }
        close(told[1]);
        while (acknowledged - last < 20 + round * 7 &&
               read(told[0], &line, sizeof(line)) == (ssize_t)sizeof(line))
            acknowledged = line;
        kill(child, SIGKILL);
        while (read(told[0], &line, sizeof(line)) == (ssize_t)sizeof(line))
            acknowledged = line;
        close(told[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));

        must_open(&store);
        assert_int_equal(store_journal_verify(store.db, &n, &bad, &err), 0);
        assert_int_equal(bad, 0);
        assert_true(n >= acknowledged); /* one more may be there: committed, and not yet said */
        assert_true(n <= acknowledged + 1);
        assert_int_equal(store_check(store.db, &err), 0);
        last = n;
        let_go(&store);
    }
}

static void I10_each_line_that_was_changed_left_out_or_moved_is_found(void **state)
{
    static const struct {
        const char *change;
        int64_t bad;
    } rows[] = {
        {"UPDATE journal SET subject = 'line 9' WHERE id = 3", 3},
        {"UPDATE journal SET actor = 'li' WHERE id = 1", 1},
        {"UPDATE journal SET at = at + 1 WHERE id = 5", 5},
        {"UPDATE journal SET detail = '{\"a\":1}' WHERE id = 2", 2},
        {"UPDATE journal SET reason = 'because' WHERE id = 2", 2},
        {"DELETE FROM journal WHERE id = 3", 4},
        {"UPDATE journal SET id = -4 WHERE id = 4; UPDATE journal SET id = 4 WHERE id = 5;"
         " UPDATE journal SET id = 5 WHERE id = -4",
         4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct err err = ERR_INIT;
        struct store store;
        int64_t n = 0, bad = 0;
        char subject[] = "line 0";
        must_open(&store);
        for (int line = 1; line <= 6; line++) {
            subject[5] = (char)('0' + line);
            assert_int_equal(add_line(store.db, subject, &err), 0);
        }
        assert_int_equal(store_journal_verify(store.db, &n, &bad, &err), 0);
        assert_int_equal(bad, 0);
        assert_int_equal(n, 6);
        if (db_exec(store.db, rows[i].change, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(store_journal_verify(store.db, &n, &bad, &err), 0);
        if (bad != rows[i].bad)
            fail_msg("%s: row %d instead of %d", rows[i].change, (int)bad, (int)rows[i].bad);
        let_go(&store);
        assert_int_equal(remove_folder(NULL), 0);
        assert_int_equal(make_folder(NULL), 0);
    }
}

/* Each byte of each column of each row. */
static void T55_each_byte_that_was_changed_is_found_in_its_row(void **state)
{
    static const struct {
        const char *column;
        int len;
    } columns[] = {{"actor", 3},   {"way", 3},    {"act", 9},
                   {"subject", 9}, {"detail", 2}, {"hash", 64}};
    struct err err = ERR_INIT;
    struct store store;
    char subject[] = "acme/shop";
    int64_t n = 0, bad = 0;

    (void)state;
    must_open(&store);
    for (int line = 1; line <= 3; line++)
        assert_int_equal(add_line(store.db, subject, &err), 0);
    assert_int_equal(db_exec(store.db, "CREATE TEMP TABLE kept AS SELECT * FROM journal", &err), 0);
    for (int i = 0; i < 3 * 90; i++) {
        int row = 1 + i / 90, byte = 1 + i % 90;
        const char *column;
        char sql[512];
        size_t c = 0;

        while (byte > columns[c].len)
            byte -= columns[c++].len;
        column = columns[c].column;
        snprintf(sql, sizeof(sql),
                 "UPDATE journal SET %s = substr(%s, 1, %d) || char(unicode(substr(%s, %d, 1)) + 1)"
                 " || substr(%s, %d) WHERE id = %d",
                 column, column, byte - 1, column, byte, column, byte + 1, row);
        assert_int_equal(db_exec(store.db, sql, &err), 0);
        assert_int_equal(store_journal_verify(store.db, &n, &bad, &err), 0);
        if (bad != row)
            fail_msg("%s of row %d, byte %d: said row %d", column, row, byte, (int)bad);
        snprintf(sql, sizeof(sql),
                 "UPDATE journal SET %s = (SELECT %s FROM kept WHERE kept.id = journal.id)", column,
                 column);
        assert_int_equal(db_exec(store.db, sql, &err), 0);
    }
    assert_int_equal(store_journal_verify(store.db, &n, &bad, &err), 0);
    assert_int_equal(bad, 0);
    let_go(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            T55_the_file_is_ours_alone_and_another_mode_refuses_to_start, make_folder,
            remove_folder),
        cmocka_unit_test_setup_teardown(W2_an_open_store_syncs_each_commit, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_first_store_says_when_it_began, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_first_start_that_was_cut_short_is_made_again, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_log_without_its_store_refuses_to_start_and_stays,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_second_server_is_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(G5_a_restored_store_stands_anew_also_where_its_backup_stood,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(another_history_of_the_schema_refuses_to_start, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_was_acknowledged_is_there_after_a_kill, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(T55_each_byte_that_was_changed_is_found_in_its_row,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(I10_each_line_that_was_changed_left_out_or_moved_is_found,
                                        make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
