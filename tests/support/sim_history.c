/* sim_history: see sim_history.h. */
#include "tests/support/sim_history.h"

#include <string.h>

#define CLEAR_MS INT64_C(120000) /* after somebody was seen in a database */

static struct {
    struct {
        bool is_known; /* to the store that there is now */
        bool is_open;
        int64_t epoch;
    } attempts[SIM_COMMANDS];
    time_ms seen_at[SIM_DATABASES];
} own;

void sim_history_reset(void)
{
    memset(&own, 0, sizeof(own));
}

static bool is_held(int database)
{
    for (int i = 0; i < sim.n_commands; i++)
        if (own.attempts[i].is_known && own.attempts[i].is_open &&
            sim.truths[i].database == database)
            return true;
    return false;
}

static void check_clear(int database, int command, time_ms now)
{
    if (own.seen_at[database] != 0 && now < own.seen_at[database] + CLEAR_MS)
        sim_world_wrong("0103: planned although somebody was just seen in the database", command);
}

void sim_history_turn(int line, int database, time_ms now)
{
    if (is_held(database))
        sim_world_wrong("I2: its turn was said to have come while another one is unsettled", -line);
    check_clear(database, -line, now);
}

void sim_history_planned(int command, int64_t epoch, time_ms now)
{
    int database = sim.truths[command].database;

    if (is_held(database))
        sim_world_wrong("I2: planned while another one is unsettled", command);
    for (int i = 0; i < sim.n_commands; i++)
        if (own.attempts[i].is_known && sim.truths[i].database == database &&
            own.attempts[i].epoch >= epoch)
            sim_world_wrong("planned with an epoch that is not above all others", command);
    own.attempts[command].is_known = own.attempts[command].is_open = true;
    own.attempts[command].epoch = epoch;
    (void)now;
}

/* It must be true. */
void sim_history_believed(int command, enum attempt_state to)
{
    struct sim_truth *t = &sim.truths[command];

    if (to == ATTEMPT_SUCCEEDED && !(t->ended && t->ok))
        sim_world_wrong("guessed: succeeded", command);
    if (to == ATTEMPT_FAILED && !(t->ended && !t->ok))
        sim_world_wrong("guessed: failed", command);
    if (to == ATTEMPT_NOT_STARTED || to == ATTEMPT_CANCELLED) {
        if (t->starts > 0)
            sim_world_wrong("guessed: it never began", command);
        sim_world_count(SIM_NOT_STARTED);
        t->never = true;
    }
    if (to == ATTEMPT_SUCCEEDED || to == ATTEMPT_NOT_STARTED || to == ATTEMPT_CANCELLED)
        own.attempts[command].is_open = false;
}

void sim_history_decided(int command, bool abandons)
{
    sim.truths[command].decided = true;
    sim.truths[command].abandoned = abandons;
    own.attempts[command].is_open = false;
}

void sim_history_seen(int database, time_ms now)
{
    if (now > own.seen_at[database])
        own.seen_at[database] = now;
}

void sim_history_restored(struct sim_store *store, bool is_told)
{
    for (int i = 0; i < sim.n_commands; i++) {
        struct sim_place p;

        own.attempts[i].is_known = sim_store_find(store, i, &p);
        own.attempts[i].is_open = own.attempts[i].is_known && p.attempt->settled_at == 0;
        if (own.attempts[i].is_open && !is_told)
            sim.truths[i].decided = false; /* what he took upon himself stays so */
    }
    for (int d = 0; d < SIM_DATABASES; d++)
        own.seen_at[d] = sim_store_holder_seen_at(store, d);
}
