/*
 * buf: bytes that grow, up to a stated maximum.
 *
 * A piece that does not fit, and all that comes after it, is dropped and remembered (`overflow`),
 * so that a writer can go on and check once; what is kept is the beginning, without holes. `data`
 * is NUL-terminated whenever something was added. Owned by the caller, one thread.
 */
#ifndef SLIPWAY_LIB_BASE_BUF_H
#define SLIPWAY_LIB_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;    /* bytes, without the NUL */
    bool overflow; /* something did not fit */
};

void buf_init(struct buf *buf, size_t max);
void buf_deinit(struct buf *buf); /* accepts zeroed memory */
void buf_reset(struct buf *buf);  /* empty, keeps its memory */
void buf_expect(struct buf *buf,
                size_t n); /* about so much will be added: memory is asked for once */
void buf_add(struct buf *buf, const void *bytes, size_t n);
void buf_adds(struct buf *buf, const char *s);
void buf_addc(struct buf *buf, char c);
void buf_addf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *buf_str(const struct buf *buf); /* never NULL */
/* Where the next `n` bytes go, which the caller writes, all of them. NULL: they do not fit, or something did not before;
 * nothing is changed. */
char *buf_put(struct buf *buf, size_t n);
/* The bytes, now the caller's to free(); the buf is empty. NULL if nothing was ever added. */
char *buf_detach(struct buf *buf, size_t *ret_len);

#endif
