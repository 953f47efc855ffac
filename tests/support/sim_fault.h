/*
 * sim_fault: what goes wrong in the simulator, and one schedule of it from its seed to its end.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_FAULT_H
#define SLIPWAY_TESTS_SUPPORT_SIM_FAULT_H

#include <stdint.h>

/* Play one. NULL: all is as it must be; else what is not. What happened stands in sim.counts. */
const char *sim_fault_play(uint64_t seed);

#endif
