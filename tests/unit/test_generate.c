/* What tests/bench measures on is a store like any other: bench_generate makes one that the invariants are content with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/store/db.h"
#include "lib/store/store.h"
#include "tests/support/invariants.h"

static const struct statement counts = {
    "counts",
    "SELECT (SELECT count(*) FROM deliveries), (SELECT count(*) FROM releases),"
    " (SELECT count(*) FROM pull_request_timeline),"
    " (SELECT count(*) FROM deliveries d LEFT JOIN delivery_bodies b ON b.delivery_id = d.id"
    "   WHERE b.delivery_id IS NULL)"};

static void a_generated_store_is_whole(void **state)
{
    const struct invariants_facts facts = {.n_accepted = 0};
    char folder[128], line[512], path[256];
    const char *const *broken;
    struct err err = ERR_INIT;
    struct db_rows *rows;
    struct arena arena;
    struct db *db;

    (void)state;
    arena_init(&arena);
    snprintf(folder, sizeof(folder), "%s/slipway-generate-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(line, sizeof(line), "%s/tests/bench/bench_generate %s 2000 200", SLIPWAY_BUILD_DIR,
             folder);
    assert_int_equal(system(line), 0);
    snprintf(path, sizeof(path), "%s/slipway.db", folder);
    assert_int_equal(db_open_read(path, &db, &err), 0);
    assert_int_equal(db_query(db, &counts, &rows, &err, ""), 0);
    assert_int_equal(db_next(rows, &err), 1);
    assert_int_equal(db_int(rows, 0), 2000);
    assert_int_equal(db_int(rows, 1), 200);
    assert_int_equal(db_int(rows, 2), 2000);
    assert_int_equal(db_int(rows, 3), 0);
    db_end(rows);
    assert_int_equal(invariants_check(db, &facts, &arena, &broken), 0);
    if (store_check(db, &err) < 0)
        fail_msg("%s", err.text);
    db_close(db);
    arena_deinit(&arena);
    snprintf(line, sizeof(line), "rm -rf '%s'", folder);
    assert_int_equal(system(line), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_generated_store_is_whole)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
