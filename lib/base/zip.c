/* zip: see zip.h. Source: RFC 8878; the size in the frame's head is checked before memory is taken.
 */
#include "lib/base/zip.h"

#include <pthread.h>
#include <stdlib.h>

#include <zstd.h>

struct zip {
    ZSTD_CCtx *compressor; /* made at first use */
    ZSTD_DCtx *decompressor;
};

struct zip *zip_new(void)
{
    struct zip *zip = calloc(1, sizeof(*zip));

    if (zip == NULL)
        abort();
    return zip;
}

void zip_free(struct zip *zip)
{
    if (zip == NULL)
        return;
    ZSTD_freeCCtx(zip->compressor);
    ZSTD_freeDCtx(zip->decompressor);
    free(zip);
}

static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;

static void thread_end(void *zip)
{
    zip_free(zip);
}

static void thread_key_make(void)
{
    if (pthread_key_create(&thread_key, thread_end) != 0)
        abort();
}

struct zip *zip_of_thread(void)
{
    struct zip *zip;

    (void)pthread_once(&thread_once, thread_key_make);
    zip = pthread_getspecific(thread_key);
    if (zip == NULL) {
        zip = zip_new();
        (void)pthread_setspecific(thread_key, zip);
    }
    return zip;
}

char *zip_compress(struct zip *zip, const void *bytes, size_t n, size_t *ret_len)
{
    size_t bound = ZSTD_compressBound(n);
    char *out = malloc(bound);
    size_t len;

    if (zip->compressor == NULL)
        zip->compressor = ZSTD_createCCtx();
    if (out == NULL || zip->compressor == NULL)
        abort();
    len = ZSTD_compressCCtx(zip->compressor, out, bound, bytes, n, 1);
    if (ZSTD_isError(len))
        abort(); /* cannot be: the bound was asked for */
    *ret_len = len;
    return out;
}

int zip_expand(struct zip *zip, const void *bytes, size_t n, size_t max, char **ret_bytes,
               size_t *ret_len, struct err *err)
{
    unsigned long long size = ZSTD_getFrameContentSize(bytes, n);
    char *out;
    size_t len;

    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
        return err_set(err, ERR_INVALID, "not a whole zstd frame of known size");
    if (size > max)
        return err_set(err, ERR_INVALID, "%llu bytes unpacked, at most %zu are accepted", size,
                       max);
    out = malloc((size_t)size + 1);
    if (zip->decompressor == NULL)
        zip->decompressor = ZSTD_createDCtx();
    if (out == NULL || zip->decompressor == NULL)
        abort();
    len = ZSTD_decompressDCtx(zip->decompressor, out, (size_t)size, bytes, n);
    if (ZSTD_isError(len) || len != size) {
        free(out);
        return err_set(err, ERR_INVALID, "damaged zstd frame");
    }
    out[len] = '\0';
    *ret_bytes = out;
    *ret_len = len;
    return 0;
}
