/*
 * err: what went wrong, with its story.
 *
 * A function that can fail returns 0 or a negative err_code and writes a text for people into the
 * caller's `struct err`: what was expected, what came, which id. Callers put context in front and
 * pass it on; it is logged once, where it is dealt with. HTTP status, exit code and retry policy
 * come from the code, in one table each. Owned by one caller on one thread.
 */
#ifndef SLIPWAY_LIB_BASE_ERR_H
#define SLIPWAY_LIB_BASE_ERR_H

#include <stdarg.h>

/* A small closed set. */
enum err_code {
    ERR_INVALID = -1,     /* what was given is not acceptable; the same again fails again */
    ERR_NOT_FOUND = -2,   /* no such thing */
    ERR_CONFLICT = -3,    /* the state is not the one this was decided on; look again */
    ERR_DENIED = -4,      /* not allowed */
    ERR_BUSY = -5,        /* full, held or locked: later */
    ERR_UNREACHABLE = -6, /* the other side does not answer */
    ERR_TIMEOUT = -7,     /* it took too long; the effect is not known */
    ERR_UNKNOWN = -8,     /* whether it happened cannot be proven */
    ERR_INTERNAL = -9     /* a promise of our own is broken, or the system failed us */
};

struct err {
    enum err_code code; /* 0 = nothing went wrong */
    char text[1024];
};

/* clang-format off */
#define ERR_INIT {.code = (enum err_code)0, .text = ""}
/* clang-format on */

/*
 * Write the text at the origin. Both return the code, so that a caller can say
 * `return err_set(err, ERR_INVALID, "...")`, and both accept NULL from whoever wants no story;
 * err_wrap then has no code to give back and says ERR_INTERNAL. Long texts are cut. An argument may
 * be the text that stands in `err` already.
 */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " in front of what is there. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "not found", "conflict" ...; "ok" for 0. */
const char *err_code_name(int code);

#endif
