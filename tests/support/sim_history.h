/*
 * sim_history: the judge of the simulator's server. It keeps what was planned, settled and seen as it happened, apart from the
 * store and from what the server knows, and says what should not have been (I2; docs/decisions/0103).
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_HISTORY_H
#define SLIPWAY_TESTS_SUPPORT_SIM_HISTORY_H

#include "tests/support/sim_store.h"

void sim_history_reset(void);
/* The rule says, of a line, that its turn has come; and an attempt of it stands in the store. */
void sim_history_turn(int line, int database, time_ms now);
void sim_history_planned(int command, int64_t epoch, time_ms now);
/* What the server comes to believe by itself. */
void sim_history_believed(int command, enum attempt_state to);
/* What a person said. `abandons`: without a claim that nobody is there. */
void sim_history_decided(int command, bool abandons);
/* A probe saw somebody. */
void sim_history_seen(int database, time_ms now);
/* It is this store from now on. `is_told`: people know that it may have forgotten what they decided. */
void sim_history_restored(struct sim_store *store, bool is_told);

#endif
