/*
 * journal_line: one line of the agent's journal, and what a crash or a rotten disk makes of it.
 *
 *      LENGTH CHECK DIGEST {"number":7,"kind":"started","command":"...",...}
 *
 * LENGTH: 8 hex digits, bytes of the JSON. CHECK: 8 digits of the SHA-256 of LENGTH, so that a flipped bit in a length
 * is not taken for the torn end of a file. DIGEST: 16 digits of that of the JSON. A line that is shorter than it says, with
 * nothing behind it, was torn by a crash. A whole one with a wrong checksum is damage.
 */
#ifndef SLIPWAY_AGENT_JOURNAL_LINE_H
#define SLIPWAY_AGENT_JOURNAL_LINE_H

#include <stddef.h>
#include <stdio.h>

#define JOURNAL_LINE_HEAD 35 /* "LENGTH CHECK DIGEST " */
#define JOURNAL_LINE_JSON_MAX 8192
#define JOURNAL_LINE_SIZE (JOURNAL_LINE_HEAD + JOURNAL_LINE_JSON_MAX + 2)

struct journal_line {
    char text[JOURNAL_LINE_SIZE]; /* head, JSON, line end, NUL */
    size_t size;                  /* with the line end */
    size_t len;                   /* of the JSON, which begins at JOURNAL_LINE_HEAD */
};

/* `len` is at most JOURNAL_LINE_JSON_MAX. */
void journal_line_make(struct journal_line *line, const char *json, size_t len);

enum journal_line_found {
    JOURNAL_LINE_WHOLE,
    JOURNAL_LINE_NONE,    /* the file ends here, perhaps with a torn one */
    JOURNAL_LINE_DAMAGED, /* `*ret_wrong` says how */
};
enum journal_line_found journal_line_read(struct journal_line *line, FILE *file,
                                          const char **ret_wrong);

#endif
