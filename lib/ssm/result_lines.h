/*
 * result_lines: what scripts tell the rules, the `key=value` lines of SLIPWAY_RESULT (design.md P8).
 *
 * Foreign bytes: bounded in bytes, lines and length of a value; keys are words; values are cleaned for
 * one line. What does not fit is left out and counted, never fatal: the end of a command must not be
 * lost over a line. The last line of a key that the rules read (message_reply_is_ruled) always fits.
 * Read by whoever runs the script: slipway-agent, slipway-once, or the server, of a host at AWS that has neither. Pure;
 * texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_RESULT_LINES_H
#define SLIPWAY_LIB_SSM_RESULT_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/model/command.h"

/* Of all steps of a command. A quote is four bytes of what goes to the door: a string in the string of a body. */
#define RESULT_LINES_BYTES_MAX ((size_t)32 * 1024)

struct redact;

struct result_lines {
    const struct redact
        *redact; /* hides what people read in them, not what the rules count on; NULL = nothing */
    struct result_line *lines; /* in the order they were written */
    size_t n, cap;
    size_t bytes; /* of keys and values */
    size_t n_ruled;
    size_t n_odd; /* lines left out: no `key=value`, or beyond a limit */
};

/* Add the lines of one step's text. A last line without its end counts. */
void result_lines_add(struct arena *arena, struct result_lines *lines, const char *text,
                      size_t len);

/* Is the last line of that key this value? */
bool result_lines_say(const struct result_lines *lines, const char *key, const char *value);

#endif
