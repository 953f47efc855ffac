/*
 * secret: bytes that must not be printed, copied around or left in memory.
 *
 * There is no way to print one: whoever needs the bytes asks for them by name, and a reviewer finds
 * each such place. Compared in constant time, wiped when freed. Read-only once made: any thread.
 */
#ifndef SLIPWAY_LIB_BASE_SECRET_H
#define SLIPWAY_LIB_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct secret;

/* A copy of the bytes; the caller wipes its own. */
struct secret *secret_new(const void *bytes, size_t n);
void secret_free(struct secret *secret);

const unsigned char *secret_bytes(const struct secret *secret);
size_t secret_len(const struct secret *secret);

/*
 * Read a secret file: not through a link, not readable by group or others, one line end at its end
 * dropped, at least `min` bytes, at most 64 KiB. ERR_DENIED for the mode, ERR_NOT_FOUND,
 * ERR_INVALID.
 */
int secret_read_file(const char *path, size_t min, struct secret **ret_secret, struct err *err);

/* Takes the same time for every wrong guess of one length: digests are compared. */
bool secret_equal(const struct secret *secret, const void *bytes, size_t n)
    __attribute__((warn_unused_result));

/* Overwrite memory that held a secret; the compiler may not drop it. */
void secret_wipe(void *bytes, size_t n);

#endif
