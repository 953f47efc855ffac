/*
 * keeper_frame: what goes between server, keeper and worker: bounded frames of JSON, length first.
 *
 *      uint32 length of the text | uint64 id of the request | text        (the machine's byte order)
 *
 * The reading side believes nothing: a worker has read foreign bytes and may be in other hands. So the
 * id of an answer is what the keeper writes into its head, never what a worker says, and an answer must
 * have the form of its question's verb. Pure but for put, fill and flush; each side owns its own.
 */
#ifndef SLIPWAY_LIB_REPO_KEEPER_FRAME_H
#define SLIPWAY_LIB_REPO_KEEPER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/repo/keeper.h"

#define KEEPER_FRAME_HEAD 12
#define KEEPER_FRAME_REQUEST_MAX (64 * 1024)      /* bytes of a request's text */
#define KEEPER_FRAME_ANSWER_MAX (8 * 1024 * 1024) /* bytes of an answer's text */
#define KEEPER_FRAME_ROOTS_MAX 64                 /* mirror-roots in a request */

struct keeper_frame {
    uint64_t id;
    const char *text; /* NUL-terminated */
    size_t len;
};

/* Append a frame to the bytes that wait to be sent. */
void keeper_frame_put(struct buf *out, uint64_t id, const char *text, size_t len);

/* Take the first whole frame, or with `id` that one's, from the bytes that came. The text is copied
 * into the arena. ERR_INVALID: one claims more than `max` bytes; nothing after it can be read. */
int keeper_frame_take(struct buf *in, size_t max, uint64_t id, struct arena *arena,
                      struct keeper_frame *ret_frame, bool *ret_got, struct err *err);

/* Add what the socket has, without waiting. ERR_BUSY: nothing now. ERR_UNREACHABLE: the other side is
 * gone, or sent more than `in` may hold. */
int keeper_frame_fill(struct buf *in, int fd);
/* Send what the socket takes, without waiting, and drop it from `out`. ERR_UNREACHABLE: gone. */
int keeper_frame_flush(struct buf *out, int fd);

/* Texts of both kinds. NULL: it is too long for a frame. */
char *keeper_frame_request_text(struct arena *arena, const struct keeper_request *request);
char *keeper_frame_answer_text(struct arena *arena, enum keeper_verb verb,
                               const struct keeper_answer *answer);

/* Read strictly; ERR_INVALID. `ret_answer->id` is left 0: it stands in the frame's head. */
int keeper_frame_request_read(struct arena *arena, const char *text, size_t len,
                              struct keeper_request *ret_request, struct err *err);
int keeper_frame_answer_read(struct arena *arena, const char *text, size_t len,
                             enum keeper_verb verb, struct keeper_answer *ret_answer,
                             struct err *err);

#endif
