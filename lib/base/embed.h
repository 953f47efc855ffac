/*
 * embed: files that are part of the program: schema, page, shipped documents. The build makes the
 * arrays (cmake/); names are relative to their folder, sorted.
 */
#ifndef SLIPWAY_LIB_BASE_EMBED_H
#define SLIPWAY_LIB_BASE_EMBED_H

#include <stddef.h>

struct embedded_file {
    const char *name;
    const unsigned char *bytes; /* with a NUL behind them that is not counted */
    size_t len;
    const unsigned char *gzip; /* pre-compressed, NULL if it is not kept so */
    size_t gzip_len;
    const char *sha256; /* 64 hex digits of `bytes` */
};

#endif
