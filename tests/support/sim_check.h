/*
 * sim_check: the checker of the simulator: I1 to I12 (design.md 6), asked of all journals when a schedule is over, and of the
 * ledger also each time an old store takes its place.
 *
 * It reads what was written and what was seen from outside (sim_journal), and holds the rows of the store against it (I1, I7);
 * I12 reads those rows alone. It asks nothing of what the server or a host thinks. What can be asked at the instant, with the truth at hand, is asked there too
 * (sim_world, sim_machine, sim_ledger, sim_history). That each of the twelve can fail is shown by unit/test_sim_check: what
 * guards it is left out of the world.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_CHECK_H
#define SLIPWAY_TESTS_SUPPORT_SIM_CHECK_H

#define SIM_CHECK_INVARIANTS 12

/* Complains by sim_world_wrong(), and in `sim.forgotten`: the store is about to forget all since its backup. */
void sim_check_forgotten(void);
/* The same, and in `sim.broken`: bit n is In. */
void sim_check_schedule(void);

#endif
