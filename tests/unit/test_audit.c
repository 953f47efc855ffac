/* audit: the journal as people read it (A5): pages, since when, whether its chain holds, and doctor's word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/store/store_journal.h"
#include "server/api/chain.h"
#include "tests/support/stop_room.h"

#define AUDIT "/api/v1/audit"

static struct stop_room room;

static int up(void **state)
{
    (void)state;
    stop_room_up(&room);
    return 0;
}

static int down(void **state)
{
    (void)state;
    stop_room_down(&room);
    return 0;
}

struct lines {
    int n;
    time_ms first, step;
};

static int write_lines(struct db *db, void *arg, struct err *err)
{
    const struct lines *lines = arg;
    int rc = 0;

    for (int i = 0; i < lines->n && rc == 0; i++) {
        const struct journal_entry entry = {.at = lines->first + i * lines->step,
                                            .actor = "github:7:ana",
                                            .way = "api",
                                            .act = "test.line",
                                            .subject = "acme/shop",
                                            .detail = "{\"n\":1}",
                                            .reason = "because"};
        rc = store_journal_add(db, &entry, err);
    }
    return rc;
}

static int spoil(struct db *db, void *arg, struct err *err)
{
    return db_exec(db, arg, err);
}

static int64_t member(const struct cJSON *json, const char *key)
{
    int64_t value = 0;

    json_int(json, key, &value);
    return value;
}

static void pages_go_back_to_the_first_row(void **state)
{
    struct lines lines = {.n = 250, .first = 1000, .step = 1000};
    char target[64] = AUDIT;
    int64_t expected = 250, next;

    (void)state;
    api_room_write(&room.api, write_lines, &lines);
    do {
        struct stop_answer a = stop_room_ask(&room, "", "GET", target, NULL);
        assert_int_equal(a.status, 200);
        for (const struct cJSON *r = json_first(json_array(a.json, "rows")); r != NULL;
             r = json_next(r)) {
            assert_int_equal(member(r, "id"), expected--);
            assert_string_equal(json_str(r, "actor"), "github:7:ana");
            assert_string_equal(json_str(r, "reason"), "because");
            assert_int_equal(member(json_object(r, "detail"), "n"), 1);
        }
        next = member(a.json, "next");
        snprintf(target, sizeof(target), AUDIT "?before=%d", (int)next);
        stop_room_answered(&a);
    } while (next != 0);
    assert_int_equal(expected, 0);
    assert_int_equal(stop_room_status(&room, "", "GET", AUDIT "?before=0", NULL), 422);
    assert_int_equal(stop_room_status(&room, "", "GET", AUDIT "?limit=501", NULL), 422);
    assert_int_equal(stop_room_status(&room, "", "GET", AUDIT "?since=yesteryear", NULL), 422);
}

static size_t rows_since(const char *since)
{
    struct stop_answer a;
    char target[96];
    size_t n;

    snprintf(target, sizeof(target), AUDIT "?limit=500&since=%s", since);
    a = stop_room_ask(&room, "", "GET", target, NULL);
    assert_int_equal(a.status, 200);
    n = json_count(json_array(a.json, "rows"));
    stop_room_answered(&a);
    return n;
}

/* Ten lines, one each hour, the last at 13:00; it is 14:00. */
static void since_when(void **state)
{
    time_ms now = stop_room_at(&room, "14:00");
    struct lines lines = {.n = 10, .first = now - 10 * 3600000, .step = 3600000};

    (void)state;
    api_room_write(&room.api, write_lines, &lines);
    assert_int_equal(rows_since("3h"), 3);
    assert_int_equal(rows_since("2026-11-24%2009:00"), 5);
    assert_int_equal(rows_since("today"), 10);
    assert_int_equal(rows_since("30m"), 0);
}

static const char *verified(const char *target, int64_t row, int64_t bad, bool done)
{
    static char hash[80];
    struct stop_answer a = stop_room_ask(&room, "", "GET", target, NULL);
    bool is_done = false;

    assert_int_equal(a.status, 200);
    assert_int_equal(member(a.json, "row"), row);
    assert_int_equal(member(a.json, "bad"), bad);
    assert_true(json_bool(a.json, "done", &is_done));
    assert_int_equal(is_done, done);
    snprintf(hash, sizeof(hash), "%s",
             json_str(a.json, "hash") != NULL ? json_str(a.json, "hash") : "");
    stop_room_answered(&a);
    return hash;
}

/* How often doctor says `state` of the journal, and names that row. */
static int doctor_says(const char *state, const char *row)
{
    struct stop_answer a = stop_room_ask(&room, NULL, "GET", "/api/v1/doctor", NULL);
    int n = 0;

    for (const struct cJSON *c = json_first(json_array(a.json, "checks")); c != NULL;
         c = json_next(c))
        n += strcmp(json_str(c, "name"), "journal") == 0 &&
             strcmp(json_str(c, "state"), state) == 0 && strstr(json_str(c, "text"), row) != NULL;
    stop_room_answered(&a);
    return n;
}

static void I10_a_changed_row_is_named_by_audit_and_by_doctor(void **state)
{
    static char change[] = "UPDATE journal SET reason = 'becausf' WHERE id = 20500";
    struct lines lines = {.n = 21000, .first = 1000, .step = 1000};

    (void)state;
    verified(AUDIT "/verify", 0, 0, true);
    api_room_write(&room.api, write_lines, &lines);
    assert_int_equal(strlen(verified(AUDIT "/verify", 20000, 0, false)), 64);
    verified(AUDIT "/verify?after=20000", 21000, 0, true);
    api_room_write(&room.api, spoil, change);
    verified(AUDIT "/verify", 20000, 0, false);
    verified(AUDIT "/verify?after=20000", 20499, 20500, true);
    assert_int_equal(stop_room_status(&room, "", "GET", AUDIT "/verify?after=21001", NULL), 404);
    assert_int_equal(doctor_says("fail", "20500"), 1);
}

static bool no_pause(void *arg)
{
    int *slices = arg;

    (*slices)++;
    return false;
}

/* What was read is not read again for whoever asks; a change of it is found when somebody reads all of it. */
static void I10_doctor_reads_each_row_once_and_the_upkeep_all_of_them_again(void **state)
{
    static char change[] = "UPDATE journal SET reason = 'becausf' WHERE id = 100";
    struct lines lines = {.n = 2500, .first = 1000, .step = 1000};
    struct chain *chain = room.api.api.chain;
    struct err err = ERR_INIT;
    int64_t bad = 0;
    struct db *db;
    int slices = 0;

    (void)state;
    api_room_write(&room.api, write_lines, &lines);
    assert_int_equal(doctor_says("ok", "2500"), 1);
    api_room_write(&room.api, spoil, change);
    lines.n = 3;
    api_room_write(&room.api, write_lines, &lines);
    assert_int_equal(doctor_says("ok", "2503"), 1); /* three were read */
    assert_int_equal(db_pool_take(room.api.readers, &db, &err), 0);
    assert_int_equal(chain_read_again(chain, db, no_pause, &slices, &bad, &err), 0);
    db_pool_give(room.api.readers, db);
    assert_int_equal(bad, 100);
    assert_int_equal(doctor_says("fail", "100"), 1);
}

static void I10_a_journal_that_lost_its_end_or_was_written_anew_is_told(void **state)
{
    static char cut[] = "DELETE FROM journal WHERE id > 8";
    struct lines lines = {.n = 10, .first = 1000, .step = 1000};

    (void)state;
    api_room_write(&room.api, write_lines, &lines);
    assert_int_equal(doctor_says("ok", "10"), 1);
    api_room_write(&room.api, spoil, cut);
    lines.n = 2;
    lines.first = 9001;
    api_room_write(&room.api, write_lines, &lines); /* a chain that holds, and is another one */
    verified(AUDIT "/verify", 10, 0, true);
    assert_int_equal(doctor_says("fail", "10"), 1);
    assert_int_equal(doctor_says("fail", "10"), 1);
}

/* What somebody wrote into the store cannot spoil the answer. */
static void a_detail_that_is_no_json_any_more_is_shown_as_text(void **state)
{
    static char change[] = "UPDATE journal SET detail = '{\"a\":' WHERE id = 1";
    struct lines lines = {.n = 1, .first = 1000, .step = 0};
    struct stop_answer a;

    (void)state;
    api_room_write(&room.api, write_lines, &lines);
    api_room_write(&room.api, spoil, change);
    a = stop_room_ask(&room, "", "GET", AUDIT, NULL);
    assert_non_null(a.json);
    assert_string_equal(json_str(json_first(json_array(a.json, "rows")), "detail"), "{\"a\":");
    stop_room_answered(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_go_back_to_the_first_row, up, down),
        cmocka_unit_test_setup_teardown(since_when, up, down),
        cmocka_unit_test_setup_teardown(I10_a_changed_row_is_named_by_audit_and_by_doctor, up,
                                        down),
        cmocka_unit_test_setup_teardown(
            I10_doctor_reads_each_row_once_and_the_upkeep_all_of_them_again, up, down),
        cmocka_unit_test_setup_teardown(I10_a_journal_that_lost_its_end_or_was_written_anew_is_told,
                                        up, down),
        cmocka_unit_test_setup_teardown(a_detail_that_is_no_json_any_more_is_shown_as_text, up,
                                        down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
