/*
 * The front door when the power goes: what was not synced is gone (tests/support/power_vfs).
 *
 * The whole server in this process, many senders at once; at a sync that a seed chooses its disk goes off, with that
 * sync kept, lost, or there in parts. Then it starts on what the disk holds: every 202 has its row (I1), what was
 * recorded was recorded once, and of a commit that failed the store is asked and nothing else.
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

#include <cmocka.h>

#include "lib/store/db.h"
#include "server/server.h"
#include "tests/support/invariants.h"
#include "tests/support/power_vfs.h"
#include "tests/support/receiver.h"

#define TURN_MS 300

static bool deep(void)
{
    const char *value = getenv("SLIPWAY_DEEP");

    return value != NULL && strcmp(value, "1") == 0;
}

static unsigned dice(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static struct server *start(struct receiver *r)
{
    const struct server_options options = {.config =
                                               arena_printf(&r->arena, "%s/slipway.yml", r->folder),
                                           .uncaged = true};
    struct server *server = NULL;
    struct err err = ERR_INIT;
    int status;

    r->starts++;
    if (server_start(&options, &server, &status, &err) < 0)
        fail_msg("%s", err.text);
    snprintf(r->address, sizeof(r->address), "%s", server_address(server, LISTENER_WEBHOOKS));
    return server;
}

/* Load until the power goes, or for `ms` at the most, in turns; the server is down afterwards. */
static bool live_and_die(struct receiver *r, int64_t syncs, enum power_loss loss, unsigned seed,
                         int ms)
{
    struct server *server = start(r);
    bool off;

    power_vfs_cut(syncs, loss, seed);
    for (int lived = 0; lived < ms && !power_vfs_is_off(); lived += TURN_MS)
        receiver_end(receiver_begin(r, 1 + (int)(seed % 16), TURN_MS, 0));
    off = power_vfs_is_off();
    power_vfs_cut(0, POWER_KEPT, 0);
    if (off)
        assert_true(server_has_failed(server));
    server_stop(server);
    return off;
}

static void I1_every_202_has_its_row_when_the_power_goes(void **state)
{
    int runs = deep() ? 100 : 6, cuts = 0;
    struct server *server;
    struct receiver r;

    (void)state;
    receiver_up(&r);
    for (int i = 0; i < runs; i++) {
        unsigned seed = (unsigned)i + 1;
        int64_t syncs = 1 + dice(&seed) % 40;
        cuts += live_and_die(&r, syncs, (enum power_loss)(i % 3), dice(&seed), 2 * TURN_MS) ? 1 : 0;
        power_vfs_restore();
        if (i % 10 == 9 || i + 1 == runs) {
            server = start(&r);
            receiver_check(&r);
            server_stop(server);
            power_vfs_restore();
        }
    }
    print_message("# %d times without power, %zu answered 202, %zu answered 503\n", cuts,
                  r.n_accepted, r.n_refused);
    assert_true(cuts > runs / 2);
    assert_true(r.n_accepted > 0);
    receiver_down(&r);
}

/* The test can fail: a disk that syncs nothing loses what it said yes to, and that is seen. */
static void a_disk_that_lies_is_found_out(void **state)
{
    struct invariants_facts facts = {.accepted = NULL};
    const char *const *broken;
    struct err err = ERR_INIT;
    struct receiver r;
    struct db *db;
    size_t n;

    (void)state;
    receiver_up(&r);
    assert_false(live_and_die(&r, 0, POWER_KEPT, 3, TURN_MS)); /* a store that is there */
    power_vfs_restore();
    power_vfs_lie(true);
    assert_true(live_and_die(&r, 30, POWER_LOST, 3, 100 * TURN_MS));
    power_vfs_lie(false);
    power_vfs_restore();
    if (db_open_read(arena_printf(&r.arena, "%s/state/slipway.db", r.folder), &db, &err) < 0)
        fail_msg("%s", err.text);
    facts.accepted = r.accepted;
    facts.n_accepted = r.n_accepted;
    n = invariants_check(db, &facts, &r.arena, &broken);
    assert_true(n > 0);
    assert_memory_equal(broken[0], "I1: ", 4);
    db_close(db);
    receiver_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(I1_every_202_has_its_row_when_the_power_goes),
        cmocka_unit_test(a_disk_that_lies_is_found_out),
    };

    signal(SIGTERM, SIG_IGN); /* a server that fails asks its program to end */
    power_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
