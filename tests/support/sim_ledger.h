/*
 * sim_ledger: the server of the simulator, its clock and what it hears from hosts (migrate.md 6, 7).
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_LEDGER_H
#define SLIPWAY_TESTS_SUPPORT_SIM_LEDGER_H

#include "tests/support/sim_store.h"

struct sim_server {
    struct sim_store store;
    time_ms off; /* of its clock */
    time_ms down_until, heard_since, probe_at[SIM_DATABASES];
    int next_command;
    bool was_restored; /* and may have forgotten */
};
extern struct sim_server sim_server;

void sim_ledger_reset(void);
time_ms sim_ledger_now(void);
bool sim_ledger_is_up(void);
void sim_ledger_down(time_ms until);
/* `is_told`: started with --restored, so that every database stands. Else its hosts must find out (G5). */
void sim_ledger_restore(const struct sim_store *backup, bool is_told);

void sim_ledger_hear(const struct sim_note *note);

void sim_ledger_move_attempt(struct sim_place place, enum attempt_state to);
void sim_ledger_move_invocation(struct sim_place place, enum invocation_status to,
                                const char *details);

#endif
