/*
 * zip: zstd for stored bodies and output. Light compression keeps checkpoints small.
 */
#ifndef SLIPWAY_LIB_BASE_ZIP_H
#define SLIPWAY_LIB_BASE_ZIP_H

#include <stddef.h>

#include "lib/base/err.h"

/* One context for many calls; one thread. */
struct zip;
struct zip *zip_new(void);
void zip_free(struct zip *zip);
/* That of the calling thread, freed with it: a context is half a megabyte, and costly to make each time. */
struct zip *zip_of_thread(void);

/* Compressed bytes, the caller's to free(). Cannot fail. */
char *zip_compress(struct zip *zip, const void *bytes, size_t n, size_t *ret_len);

/* The original, the caller's to free(), with a NUL behind it. ERR_INVALID for damaged bytes or an
 * original over `max`. */
int zip_expand(struct zip *zip, const void *bytes, size_t n, size_t max, char **ret_bytes,
               size_t *ret_len, struct err *err);
/* The same, but the bytes are the zip's, until zip_let_go(): room for a body of usual size is taken once. */
int zip_expand_kept(struct zip *zip, const void *bytes, size_t n, size_t max, char **ret_bytes,
                    size_t *ret_len, struct err *err);
void zip_let_go(struct zip *zip);

/* How long the first one is, where several lie one behind the other. ERR_INVALID, and 0, if there is no whole one. */
int zip_first(const void *bytes, size_t n, size_t *ret_len, struct err *err);

#endif
