/*
 * sim_harm: what can befall a host of the simulator (sim_machine.h), its agent, its supervisors, its disk and its copies.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_HARM_H
#define SLIPWAY_TESTS_SUPPORT_SIM_HARM_H

#include "tests/support/sim_machine.h"

void sim_harm_stand_still(struct sim_machine *machine);
void sim_harm_kill_supervisors(struct sim_machine *machine);
void sim_harm_kill_clients(struct sim_machine *machine);
void sim_harm_reboot(struct sim_machine *machine);
void sim_harm_lose_journal(struct sim_machine *machine, bool disk);
void sim_harm_restore(struct sim_machine *machine, const struct sim_machine *snapshot);
/* A live snapshot goes on where it was, with what stood in memory. False: a command was between its question and its end,
 * which nothing outside the application's database can see (G10). */
bool sim_harm_resume(struct sim_machine *machine, const struct sim_machine *snapshot);
void sim_harm_copy(struct sim_machine *copy, const struct sim_machine *machine);

#endif
