/*
 * message_start: Slipway.RequestStart, the question for the permit, and its answer (migrate.md 4, G6).
 *
 * The host wrote the nonce to its journal before it asked. It builds the question and reads the answer, the door
 * the other way round. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_MESSAGE_START_H
#define SLIPWAY_LIB_SSM_MESSAGE_START_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/ssm/message_floor.h"

/* A yes is good for so long after the question, on the host's clock that never goes back. */
#define MESSAGE_START_LIFE_MS 10000

struct message_start {
    const char *command_id;
    const char *nonce;
    const char *journal_id;
    const char *boot_id;
    int64_t record_number;
    int64_t protocol;
    struct message_floor *floors; /* of the database of its migrate job */
    size_t n_floors;
};

int message_start_make(struct arena *arena, const struct message_start *start,
                       const char **ret_body, struct err *err);
int message_start_parse(struct arena *arena, const char *body, size_t len,
                        struct message_start *ret_start, struct err *err);

/* `why` NULL: yes, to that nonce. */
int message_start_answer_make(struct arena *arena, const char *nonce, const char *why,
                              const char **ret_body, struct err *err);
/* ERR_INVALID too if it answers another nonce than this one. `*ret_why` NULL: yes. */
int message_start_answer_parse(struct arena *arena, const char *body, size_t len, const char *nonce,
                               const char **ret_why, struct err *err);

#endif
