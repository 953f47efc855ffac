/*
 * door_status: what a state is called at the door: SSM's words, which know no Unknown (ssm-wire.md 4.1,
 * 5.3). Pure.
 */
#ifndef SLIPWAY_LIB_SSM_DOOR_STATUS_H
#define SLIPWAY_LIB_SSM_DOOR_STATUS_H

#include <stdbool.h>

#include "lib/model/command.h"

struct door_status {
    const char *status;
    const char *details;
};

/* There is no Unknown at the door: such a one is in progress until the flow ends it (rules_command). */
struct door_status door_status_of(const struct invocation *invocation, time_ms now);
struct door_status door_status_of_step(enum step_status status);

/* Instants and durations as the wire's strings: "" for 0; "PT0.052S". */
#define DOOR_STATUS_DURATION_SIZE 32
void door_status_duration(int64_t ms, char out[DOOR_STATUS_DURATION_SIZE]);

#endif
