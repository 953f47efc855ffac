/*
 * Every act of people, its server killed at each commit: at the act's own, and at those by which the flow takes it up.
 *
 * By the table in tests/support/acts. The acts are done in its order, with a look of the flow behind each. First nobody
 * dies; then at each act the disk goes off at the commit: behind it, before anything of it is on the disk, or in the
 * middle of it (tests/support/power_vfs). The server starts again on what is there: the act is there whole with its line
 * in the journal, or not at all, and then it is asked for again. At the end there is what was there without.
 *
 * What the flow's looks in between leave no room for (a wish that it took is not withdrawn) is done in a room of its own,
 * behind the acts before it and no look.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include <cmocka.h>

#include "lib/base/log.h"
#include "lib/base/str.h"
#include "tests/support/acts.h"
#include "tests/support/power_vfs.h"

#define ACTS_MAX 128
#define LOOK_SYNCS 6 /* the flow dies at one of its next commits, a later one for each next act */

static struct stop_room room;

/* What an act came to where nobody died. */
struct course {
    int status[ACTS_MAX];
    int64_t lines[ACTS_MAX]; /* that it wrote to the journal */
    char *alone[ACTS_MAX];   /* the end of an act that wants a room of its own, else NULL */
    char *end; /* how many rows of which state there are, and the journal's acts in order */
};

/* The end ---------------------------------------------------------------------------------------- */

static void add_rows(sqlite3 *db, const char *sql, char **text)
{
    sqlite3_stmt *stmt;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const char *cell = (const char *)sqlite3_column_text(stmt, i);
            size_t len = *text != NULL ? strlen(*text) : 0;
            *text = realloc(*text, len + strlen(cell != NULL ? cell : "-") + 2);
            assert_non_null(*text);
            (void)sprintf(*text + len, "%s%s", cell != NULL ? cell : "-",
                          i + 1 == sqlite3_column_count(stmt) ? "\n" : " ");
        }
    sqlite3_finalize(stmt);
}

/* Random ids and secrets differ from run to run; how many there are of what does not. A cut that was written by half is
 * undone after the start and cut anew, behind those of other environments: superseded deployments with their rows are
 * left out, and the order counts within one environment. */
static char *end_of(struct stop_room *r)
{
    char *text = NULL, sql[256];
    sqlite3_stmt *tables;
    sqlite3 *db;

    assert_int_equal(sqlite3_open_v2(r->api.store.path, &db,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(
            db,
            "SELECT name FROM sqlite_schema WHERE type = 'table'"
            " AND name NOT LIKE 'sqlite_%'"
            " AND name NOT IN ('incarnations', 'journal', 'deployments',"
            " 'deployment_plans', 'jobs', 'commands', 'invocations', 'envelopes') ORDER BY name",
            -1, &tables, NULL),
        SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        (void)snprintf(sql, sizeof(sql), "SELECT '%s', count(*) FROM %s",
                       sqlite3_column_text(tables, 0), sqlite3_column_text(tables, 0));
        add_rows(db, sql, &text);
    }
    sqlite3_finalize(tables);
    add_rows(db,
             "SELECT environment, kind, release_number, state, cause,"
             " (SELECT count(*) FROM deployment_plans p WHERE p.deployment_id = d.id),"
             " (SELECT count(*) FROM jobs j WHERE j.deployment_id = d.id),"
             " (SELECT count(*) FROM invocations i WHERE i.deployment_id = d.id)"
             " FROM deployments d WHERE state <> 'superseded'"
             " ORDER BY environment, d.id",
             &text);
    add_rows(db, "SELECT environment, release_number, hotfix, ended FROM wishes ORDER BY id",
             &text);
    add_rows(db, "SELECT database, release_number, n, state, decision FROM attempts ORDER BY id",
             &text);
    add_rows(
        db,
        "SELECT act, CASE WHEN act LIKE 'activation.%' OR act LIKE '%key.%' THEN '' ELSE subject"
        " END, actor, reason FROM journal WHERE actor <> 'slipway' ORDER BY id",
        &text);
    sqlite3_close(db);
    return text;
}

/* The first line that differs. */
static void same_end(const char *expected, const char *is, const char *when)
{
    while (*expected != '\0' && *expected == *is)
        expected++, is++;
    if (*expected == *is)
        return;
    while (*is != '\0' && is[-1] != '\n')
        is--, expected--;
    fail_msg("%s: \"%.*s\", without \"%.*s\"", when, (int)strcspn(is, "\n"), is,
             (int)strcspn(expected, "\n"), expected);
}

/* Without a death -------------------------------------------------------------------------------- */

static int ask(const struct act *act)
{
    struct stop_answer a = acts_ask(&room, NULL, act, act->target);
    int status = a.status;

    stop_room_answered(&a);
    return status;
}

/* The acts before it, and no look of the flow. */
static void prepare(size_t i)
{
    acts_room_up(&room);
    for (size_t k = 0; k < i; k++)
        (void)ask(&acts[k]);
}

static void leave(void)
{
    stop_room_down(&room);
    power_vfs_restore();
}

static void live_alone(struct course *c, size_t i)
{
    int64_t before;

    prepare(i);
    before = acts_journal_rows(&room);
    c->status[i] = ask(&acts[i]);
    if (c->status[i] >= 300)
        fail_msg("%s is refused in a room of its own, too: %d", acts[i].route, c->status[i]);
    c->lines[i] = acts_journal_rows(&room) - before;
    c->alone[i] = end_of(&room);
    leave();
}

/* Each act that the flow's looks in between leave possible; then the others. */
static void live(struct course *c)
{
    size_t taken = 0;

    acts_room_up(&room);
    assert_true(n_acts <= ACTS_MAX);
    for (size_t i = 0; i < n_acts; i++) {
        int64_t before = acts_journal_rows(&room);

        c->status[i] = ask(&acts[i]);
        c->lines[i] = acts_journal_rows(&room) - before;
        taken += c->status[i] < 300;
        stop_room_look_on(&room);
    }
    assert_true(taken * 4 > n_acts * 3);
    c->end = end_of(&room);
    leave();
    for (size_t i = 0; i < n_acts; i++)
        if (c->status[i] >= 300)
            live_alone(c, i);
}

/* With deaths ------------------------------------------------------------------------------------ */

static void die_and_rise(void)
{
    stop_room_restart(&room, power_vfs_restore);
}

/* Whole, or not at all; true: it is there. */
static bool act_and_die(const struct course *c, size_t i, enum power_loss loss)
{
    const struct act *act = &acts[i];
    int64_t before = acts_journal_rows(&room), written;
    char is[65], was[65];
    int status;

    acts_store_digest(&room, was);
    power_vfs_cut(1, loss, (unsigned)i + 1);
    status = ask(act);
    if (!power_vfs_is_off() || status < 500)
        fail_msg("%s was answered with %d though its commit failed", act->route, status);
    die_and_rise();
    written = acts_journal_rows(&room) - before; /* and the chain holds */
    acts_store_digest(&room, is);
    if (written == 0 && strcmp(is, was) != 0)
        fail_msg("%s is there without its line in the journal", act->route);
    if (written != 0 && (written != c->lines[i] || strcmp(is, was) == 0))
        fail_msg("%s wrote %d lines, without %d", act->route, (int)written, (int)c->lines[i]);
    if (loss == POWER_LOST && written != 0)
        fail_msg("%s: the disk is not what it should be", act->route);
    return written != 0;
}

#define DEATHS_MAX 8

/* It is asked for again until it is there. A sync that is kept may be another one than the commit's: that of a new log's
 * head, or of a checkpoint by an idle writer. */
static void die_until_it_is_there(const struct course *c, size_t i, enum power_loss loss)
{
    bool there = act_and_die(c, i, loss);

    for (int n = 1; !there && loss == POWER_KEPT && n < DEATHS_MAX; n++)
        there = act_and_die(c, i, loss);
    if (!there && loss == POWER_KEPT)
        fail_msg("%s: what was synced is not there", acts[i].route);
    if (!there && ask(&acts[i]) != c->status[i])
        fail_msg("%s cannot be asked for again", acts[i].route);
}

/* The flow takes it up, and dies at one of its commits; at a later one each time. */
static long look_and_die(size_t i, enum power_loss loss)
{
    long deaths = 0;

    power_vfs_cut(1 + (int64_t)(i % LOOK_SYNCS), loss, (unsigned)i + 7);
    stop_room_look_on(&room);
    if (power_vfs_is_off()) {
        die_and_rise();
        deaths++;
    }
    power_vfs_cut(0, loss, 0);
    stop_room_look_on(&room);
    return deaths;
}

static void die_alone(const struct course *c, size_t i, enum power_loss loss, const char *name)
{
    char *end;

    prepare(i);
    die_until_it_is_there(c, i, loss);
    end = end_of(&room);
    same_end(c->alone[i], end, name);
    free(end);
    leave();
}

static void die_at_each(const struct course *c, enum power_loss loss, const char *name)
{
    long deaths = 0, of_flow = 0;
    char *end;

    acts_room_up(&room);
    for (size_t i = 0; i < n_acts; i++) {
        if (c->alone[i] != NULL) {
            assert_true(ask(&acts[i]) >= 300);
        } else {
            die_until_it_is_there(c, i, loss);
            deaths++;
        }
        of_flow += look_and_die(i, loss);
    }
    end = end_of(&room);
    same_end(c->end, end, name);
    free(end);
    leave();
    for (size_t i = 0; i < n_acts; i++)
        if (c->alone[i] != NULL) {
            die_alone(c, i, loss, name);
            deaths++;
        }
    assert_int_equal(deaths, n_acts);
    print_message("# %s: died at %ld acts and %ld times in the flow's looks behind them\n", name,
                  deaths, of_flow);
}

static struct course course;

static int live_once(void **state)
{
    (void)state;
    live(&course);
    log_init(LOG_LOGFMT, LOG_ERROR);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_acts; i++)
        free(course.alone[i]);
    free(course.end);
    return 0;
}

static void killed_behind_each_commit_each_act_is_there_once(void **state)
{
    (void)state;
    die_at_each(&course, POWER_KEPT, "behind the commit");
}

static void killed_before_each_commit_each_act_can_be_asked_for_again(void **state)
{
    (void)state;
    die_at_each(&course, POWER_LOST, "before the commit");
}

static void killed_in_the_middle_of_each_commit_no_act_is_there_by_half(void **state)
{
    (void)state;
    if (!str_eq(getenv("SLIPWAY_DEEP"), "1"))
        skip();
    die_at_each(&course, POWER_TORN, "in the middle of the commit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_behind_each_commit_each_act_is_there_once),
        cmocka_unit_test(killed_before_each_commit_each_act_can_be_asked_for_again),
        cmocka_unit_test(killed_in_the_middle_of_each_commit_no_act_is_there_by_half),
    };

    power_vfs_install();
    return cmocka_run_group_tests(tests, live_once, forget);
}
