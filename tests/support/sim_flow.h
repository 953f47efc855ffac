/*
 * sim_flow: looks of the simulator's server: for each line the moves that the product's rules name, decided first and written
 * then, offers, and probes.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_FLOW_H
#define SLIPWAY_TESTS_SUPPORT_SIM_FLOW_H

/* One look. `between`: what happens between deciding and writing; NULL. */
void sim_flow_step(void (*between)(void));

#endif
