/*
 * redact: hides what matches a pattern before anybody else sees it (threats.md T40).
 *
 * Patterns are POSIX extended regular expressions of trusted configuration, held byte by byte against whole lines, so it
 * does not matter in which pieces a line arrives: with patterns, a line is passed on when it has ended, and one that
 * is longer than REDACT_LINE_MAX in parts that overlap by REDACT_OVERLAP bytes (what is hidden in it may be so long).
 * Beside them stand exact values: secrets that whoever hides knows himself. Where there are values alone, nothing waits
 * for the end of its line, only what may be the beginning of a value. A match becomes three stars.
 *
 * What was compiled may be used by several threads; a stream belongs to one.
 */
#ifndef SLIPWAY_LIB_BASE_REDACT_H
#define SLIPWAY_LIB_BASE_REDACT_H

#include <stddef.h>

#include "lib/base/err.h"

#define REDACT_PATTERNS_MAX 32 /* of one text */
#define REDACT_TEXTS_MAX 2     /* the server's and the host's own */
#define REDACT_PATTERN_MAX 256 /* bytes of one */
#define REDACT_TEXT_MAX (REDACT_PATTERNS_MAX * (REDACT_PATTERN_MAX + 1)) /* of them as lines */
#define REDACT_SECRET_MIN 8 /* what is shorter stands in words that are none */
#define REDACT_LINE_MAX 8192
#define REDACT_OVERLAP 1024
#define REDACT_STARS "***"

struct redact;

/* One that hides nothing yet. */
struct redact *redact_new(void);
/* Accepts NULL. */
void redact_free(struct redact *redact);

/* Patterns as lines of a text; blank lines and those that begin with # are none. ERR_INVALID names the line: it is no
 * pattern, it would hide nothing at all, or there are too many. */
int redact_add(struct redact *redact, const char *text, struct err *err);

/* An exact value, also as it looks in base64, wherever it begins there, and in a URL. One that is too short is left. */
void redact_add_secret(struct redact *redact, const void *bytes, size_t n);

/* An exact value as it is, and nothing else of it. */
void redact_add_value(struct redact *redact, const void *bytes, size_t n);

/* A new one with these patterns. */
int redact_parse(const char *text, struct redact **ret_redact, struct err *err);

/* Hide what matches in these bytes; their number afterwards, never more. `redact` may be NULL: nothing is hidden. */
size_t redact_bytes(const struct redact *redact, char *bytes, size_t n);

struct redact_stream {
    char line[REDACT_LINE_MAX];
    size_t len; /* of what waits for its end */
};

/* Pieces of a stream. `pass` is called with what may be seen. */
typedef void redact_pass(void *arg, const char *bytes, size_t n);
void redact_stream_add(struct redact_stream *stream, const struct redact *redact, const char *bytes,
                       size_t n, redact_pass *pass, void *arg);
/* Nothing more comes: what waits is a line, too. */
void redact_stream_end(struct redact_stream *stream, const struct redact *redact, redact_pass *pass,
                       void *arg);

#endif
