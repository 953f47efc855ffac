/*
 * output: what a command prints, on the host's disk, in numbered chunks; whole up to 8 MiB.
 *
 * The supervisor writes, the agent reads behind it and sends. `output` holds the first 4 MiB; what comes
 * later goes to `tail.N`, a megabyte each, of which the newest four are kept. At the end the tails are
 * folded behind `output`, with a line that says where something is missing: so the beginning is seen
 * live, the end as soon as it is there, and a script that prints without end fills no disk (T56).
 *
 * A frame is a head (struct output_frame, this machine's byte order) and its bytes; numbers rise over
 * both streams and all steps, and never change, so a chunk that is sent twice is known. Small pieces of
 * one stream are joined for a moment. One torn frame at the end is no frame.
 *
 * Writer and reader each belong to one thread; they share only the files.
 */
#ifndef SLIPWAY_AGENT_OUTPUT_H
#define SLIPWAY_AGENT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/redact.h"
#include "lib/base/timestamp.h"
#include "lib/model/command.h"
#include "lib/ssm/document.h"
#include "lib/ssm/message_output.h"

#define OUTPUT_HEAD_MAX (4 * 1024 * 1024) /* bytes of `output` before the tails */
#define OUTPUT_TAIL_SIZE (1024 * 1024)    /* of one tail */
#define OUTPUT_TAILS 4
#define OUTPUT_JOIN_MS 50 /* how long a small piece waits for the next one */

struct output_frame {
    int64_t number;
    int64_t at;    /* time_ms */
    uint32_t len;  /* bytes that follow */
    uint16_t step; /* number in the document */
    uint8_t error_stream;
    uint8_t mark; /* OUTPUT_MARK */
};
#define OUTPUT_MARK 0x53

struct output_writer {
    const struct redact *redact; /* NULL = nothing is hidden */
    struct redact_stream streams[2];
    uint16_t adding; /* step of what the streams pass on */
    time_ms adding_at;
    bool adding_error;
    const char *folder;
    int fd;         /* of `output`, or of the newest tail */
    int64_t size;   /* of that file */
    int64_t tail;   /* its number, -1 = `output` itself */
    int64_t number; /* of the next frame */
    int64_t lost;   /* bytes that could not be written */

    /* The piece that waits. */
    uint16_t step;
    bool error_stream;
    time_ms at;
    size_t len;
    char piece[MESSAGE_OUTPUT_CHUNK_MAX];
};

/* `folder` and `redact` (NULL = nothing is hidden) outlive it. With patterns a line is written when it has ended. */
int output_writer_open(struct output_writer *writer, const char *folder,
                       const struct redact *redact, struct err *err);
void output_writer_add(struct output_writer *writer, uint16_t step, bool error_stream,
                       const char *bytes, size_t n, time_ms now);
/* The step is over: also a line without its end is written. */
void output_writer_end_step(struct output_writer *writer, uint16_t step, time_ms now);
/* Write the piece that waits. output_writer_left: in how many ms that should be; -1 = none waits. Where the clock went back, now. */
void output_writer_flush(struct output_writer *writer);
int64_t output_writer_left(const struct output_writer *writer, time_ms now);
/* Flush, close; the tails stay until they are folded. */
void output_writer_close(struct output_writer *writer);

/*
 * Put what tails there are behind `output` and sync it. By the supervisor at the end, or by the agent
 * when the supervisor is gone; harmless when done twice.
 */
int output_fold(const char *folder, time_ms now, struct err *err);

struct output_reader {
    int64_t offset; /* of the next frame in `output` */
};

/* The next chunks, at most so many that one PutOutput holds them. `*ret_n` 0: nothing new. Names of
 * steps are the document's; texts lie in the arena. */
int output_read(struct output_reader *reader, struct arena *arena, const char *folder,
                const struct document *document, struct output_chunk **ret_chunks, size_t *ret_n,
                struct err *err);

#endif
