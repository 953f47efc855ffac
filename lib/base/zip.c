/* zip: see zip.h. Source: RFC 8878; the size in the frame's head is checked before memory is taken.
 */
#include "lib/base/zip.h"

#include <pthread.h>
#include <stdlib.h>

#include <zstd.h>

/* More is given back at once. Fresh memory costs a fault for each page, which takes longer than what is written there. */
#define KEPT_MAX ((size_t)1 << 20)

struct zip {
    ZSTD_CCtx *compressor; /* made at first use */
    ZSTD_DCtx *decompressor;
    char *kept; /* of zip_expand_kept() */
    size_t kept_size;
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
    free(zip->kept);
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
    out = realloc(out, len); /* what is kept for a while has no more than it needs */
    if (out == NULL)
        abort();
    return out;
}

/* How long the original is, by its head. */
static int original_size(const void *bytes, size_t n, size_t max, size_t *ret_size, struct err *err)
{
    unsigned long long size = ZSTD_getFrameContentSize(bytes, n);

    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
        return err_set(err, ERR_INVALID, "not a whole zstd frame of known size");
    if (size > max)
        return err_set(err, ERR_INVALID, "%llu bytes unpacked, at most %zu are accepted", size,
                       max);
    *ret_size = (size_t)size;
    return 0;
}

static int expand_into(struct zip *zip, const void *bytes, size_t n, char *out, size_t size,
                       struct err *err)
{
    size_t len;

    if (zip->decompressor == NULL)
        zip->decompressor = ZSTD_createDCtx();
    if (out == NULL || zip->decompressor == NULL)
        abort();
    len = ZSTD_decompressDCtx(zip->decompressor, out, size, bytes, n);
    if (ZSTD_isError(len) || len != size)
        return err_set(err, ERR_INVALID, "damaged zstd frame");
    out[len] = '\0';
    return 0;
}

int zip_expand(struct zip *zip, const void *bytes, size_t n, size_t max, char **ret_bytes,
               size_t *ret_len, struct err *err)
{
    size_t size = 0;
    int rc = original_size(bytes, n, max, &size, err);
    char *out;

    if (rc < 0)
        return rc;
    out = malloc(size + 1);
    rc = expand_into(zip, bytes, n, out, size, err);
    if (rc < 0) {
        free(out);
        return rc;
    }
    *ret_bytes = out;
    *ret_len = size;
    return 0;
}

int zip_expand_kept(struct zip *zip, const void *bytes, size_t n, size_t max, char **ret_bytes,
                    size_t *ret_len, struct err *err)
{
    size_t size = 0;
    int rc = original_size(bytes, n, max, &size, err);

    if (rc < 0)
        return rc;
    if (size >= zip->kept_size) {
        free(zip->kept);
        zip->kept_size = size + 1;
        zip->kept = malloc(zip->kept_size);
    }
    rc = expand_into(zip, bytes, n, zip->kept, size, err);
    if (rc < 0)
        return rc;
    *ret_bytes = zip->kept;
    *ret_len = size;
    return 0;
}

int zip_first(const void *bytes, size_t n, size_t *ret_len, struct err *err)
{
    size_t len = ZSTD_findFrameCompressedSize(bytes, n);

    *ret_len = 0;
    if (ZSTD_isError(len) || len == 0)
        return err_set(err, ERR_INVALID, "not a whole zstd frame");
    *ret_len = len;
    return 0;
}

void zip_let_go(struct zip *zip)
{
    if (zip->kept_size <= KEPT_MAX)
        return;
    free(zip->kept);
    zip->kept = NULL;
    zip->kept_size = 0;
}
