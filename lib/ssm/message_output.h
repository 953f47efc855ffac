/*
 * message_output: the body of Slipway.PutOutput, what a command prints while it runs.
 *
 * Chunks are numbered over all steps of a command on its host, so one that comes twice is seen.
 * No chunk at all is a heartbeat, each 15 s while a command runs (migrate.md 4). The host builds,
 * the door reads. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_MESSAGE_OUTPUT_H
#define SLIPWAY_LIB_SSM_MESSAGE_OUTPUT_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/command.h"

#define MESSAGE_OUTPUT_CHUNK_MAX (16 * 1024)  /* bytes of one chunk */
#define MESSAGE_OUTPUT_CHUNKS_MAX 64          /* in one call */
#define MESSAGE_OUTPUT_BYTES_MAX (128 * 1024) /* of all chunks of one call */
#define MESSAGE_OUTPUT_HEARTBEAT_MS 15000

/* ERR_INVALID: over one of the limits. `command_id` of the chunks is not looked at. */
int message_output_make(struct arena *arena, const char *command_id,
                        const struct output_chunk *chunks, size_t n, const char **ret_body,
                        struct err *err);
/* `host_id` of the chunks stays empty: it comes from the signature. */
int message_output_parse(struct arena *arena, const char *body, size_t len, char ret_command_id[37],
                         struct output_chunk **ret_chunks, size_t *ret_n, struct err *err);

#endif
