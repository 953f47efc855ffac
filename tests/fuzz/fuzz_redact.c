/* Whatever a script prints, in whatever pieces: the same is seen, nothing that matches among it, and never more bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/redact.h"

struct seen {
    char bytes[65536];
    size_t n;
};

static void see(void *arg, const char *bytes, size_t n)
{
    struct seen *seen = arg;

    if (n > sizeof(seen->bytes) - seen->n)
        abort();
    memcpy(seen->bytes + seen->n, bytes, n);
    seen->n += n;
}

static void print(const struct redact *r, const char *text, size_t len, size_t piece,
                  struct seen *seen)
{
    static struct redact_stream stream;

    stream.len = 0;
    seen->n = 0;
    for (size_t at = 0; at < len; at += piece)
        redact_stream_add(&stream, r, text + at, len - at < piece ? len - at : piece, see, seen);
    redact_stream_end(&stream, r, see, seen);
    if (seen->n > len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct seen whole, pieces;
    struct redact *r = NULL;
    struct err err = ERR_INIT;

    if (len < 1 || len >= REDACT_LINE_MAX)
        return 0;
    if (redact_parse("token=[a-z0-9]+\nAKIA[A-Z]{4}\n-key-.*", &r, &err) < 0)
        abort();
    print(r, (const char *)bytes + 1, len - 1, len, &whole);
    print(r, (const char *)bytes + 1, len - 1, 1 + bytes[0] % 16u, &pieces);
    if (whole.n != pieces.n || memcmp(whole.bytes, pieces.bytes, whole.n) != 0 ||
        memmem(whole.bytes, whole.n, "-key-x", 6) != NULL)
        abort();
    redact_free(r);
    return 0;
}
