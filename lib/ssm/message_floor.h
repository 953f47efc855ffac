/*
 * message_floor: which epochs a host has seen of its databases, and under which commands: a member `Floors` of what it says
 * (migrate.md G5; docs/decisions/0135). The host builds, the door reads. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_MESSAGE_FLOOR_H
#define SLIPWAY_LIB_SSM_MESSAGE_FLOOR_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"

#define MESSAGE_FLOORS_MAX 100

struct message_floor {
    const char *database;
    int64_t epoch;
    const char *command_id;
};

/* Nothing is added of none; the first MESSAGE_FLOORS_MAX of more. */
void message_floor_add(struct json_out *out, const struct message_floor *floors, size_t n);
/* `json` is the object that may have the member. */
int message_floor_take(struct arena *arena, const struct cJSON *json,
                       struct message_floor **ret_floors, size_t *ret_n, struct err *err);

#endif
