/*
 * A delivery that the program dies of, each time it reads it (T11, W7): the real daemon, ended by SIGABRT in the middle
 * of parsing (tests/support/poison), started again as systemd would. The fourth process sets that one row aside and says
 * so; all the others are recorded, those that were read together with it, too; and a person has it read again once
 * the program is mended.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/store/db.h"
#include "tests/support/receiver.h"

#define POISON 13 /* which of them */
#define DEATHS 3  /* CRASHES_MAX of server/flow/record.c */

static const struct statement set_aside = {
    "set_aside", "SELECT coalesce(group_concat(substr(guid, -4) || ' ' || state || ' after '"
                 " || crashes || ': ' || coalesce(note, '-')), '') FROM deliveries"
                 " WHERE state NOT IN ('received', 'recorded')"};
static const struct statement unread = {"unread", "SELECT count(*) FROM deliveries"
                                                  " WHERE state = 'received'"};

static struct db *store_of(struct receiver *r)
{
    struct err err = ERR_INIT;
    struct db *db;

    if (db_open_read(arena_printf(&r->arena, "%s/state/slipway.db", r->folder), &db, &err) < 0)
        fail_msg("%s", err.text);
    return db;
}

static const char *asked(struct receiver *r, const struct statement *statement)
{
    struct db *db = store_of(r);
    struct err err = ERR_INIT;
    struct db_rows *rows;
    const char *text;

    assert_int_equal(db_query(db, statement, &rows, &err, ""), 0);
    assert_int_equal(db_next(rows, &err), 1);
    text = db_text(rows, &r->arena, 0);
    db_end(rows);
    db_close(db);
    return text;
}

static bool comes_to(struct receiver *r, const struct statement *statement, const char *wanted)
{
    for (int i = 0; i < 300; i++) {
        if (strcmp(asked(r, statement), wanted) == 0)
            return true;
        usleep(50000);
    }
    return false;
}

/* What a person types, and what it prints. */
static const char *slipway(struct receiver *r, const char *words)
{
    const char *bin = getenv("SLIPWAY_BIN");
    FILE *out = popen(arena_printf(&r->arena, "%s/slipway --config %s/slipway.yml %s 2>&1",
                                   bin != NULL ? bin : SLIPWAY_BUILD_DIR, r->folder, words),
                      "r");
    char text[4096] = "";
    size_t n;

    assert_non_null(out);
    n = fread(text, 1, sizeof(text) - 1, out);
    text[n] = '\0';
    (void)pclose(out);
    return arena_str(&r->arena, text);
}

static void T11_W7_a_delivery_that_the_program_dies_of_is_set_aside_alone(void **state)
{
    const char *environment[3] = {NULL}, *said;
    struct receiver r;
    int deaths = 0;

    (void)state;
    receiver_up(&r);
    environment[0] =
        arena_printf(&r.arena, "LD_PRELOAD=%s/tests/support/poison.so", SLIPWAY_BUILD_DIR);
    environment[1] = arena_printf(&r.arena, "POISON_WORD=before=%040d", POISON);
    for (;; deaths++) {
        assert_true(receiver_start(&r, environment));
        receiver_end(receiver_begin(&r, 4, 2000, deaths == 0 ? 6 : 1)); /* it still takes others */
        if (deaths == DEATHS || !receiver_ends(&r, 10000))
            break;
        assert_true(WIFSIGNALED(r.status));
        assert_int_equal(WTERMSIG(r.status), SIGABRT);
    }
    assert_int_equal(deaths, DEATHS);
    assert_true(comes_to(&r, &unread, "0"));
    said = asked(&r, &set_aside);
    assert_non_null(strstr(said,
                           "000d quarantined after 3: work on it failed, or ended the server, "
                           "three times"));
    assert_null(strchr(said, ',') != NULL ? strstr(strchr(said, ',') + 1, "quarantined") : NULL);

    said = slipway(&r, "events ls --failed");
    assert_non_null(strstr(said, "quarantined"));
    assert_non_null(strstr(said, "three times"));
    assert_non_null(strstr(slipway(&r, "doctor"), "set aside"));
    said = slipway(&r, "events show 00000001-0000-4000-8000-00000000000d");
    assert_non_null(strstr(said, "attempts     3"));
    assert_non_null(strstr(said, "slipway events replay"));
    receiver_stop(&r);

    assert_true(receiver_start(&r, NULL)); /* mended */
    said = slipway(&r, arena_printf(&r.arena, "events replay %s -m 'the new version reads it'",
                                    "00000001-0000-4000-8000-00000000000d"));
    assert_non_null(strstr(said, "it was quarantined) is read again"));
    assert_true(comes_to(&r, &set_aside, ""));
    receiver_check(&r); /* each 202 has its row, each row was recorded once */
    receiver_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T11_W7_a_delivery_that_the_program_dies_of_is_set_aside_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
