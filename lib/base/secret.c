/* secret: see secret.h. The bytes lie behind the struct, with a NUL that is not counted. */
#include "lib/base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/digest.h"

#define SECRET_FILE_MAX 65536

struct secret {
    size_t n;
    unsigned char bytes[];
};

struct secret *secret_new(const void *bytes, size_t n)
{
    struct secret *secret = malloc(sizeof(*secret) + n + 1);

    if (secret == NULL)
        abort();
    secret->n = n;
    if (n > 0)
        memcpy(secret->bytes, bytes, n);
    secret->bytes[n] = '\0';
    return secret;
}

void secret_free(struct secret *secret)
{
    if (secret == NULL)
        return;
    explicit_bzero(secret->bytes, secret->n);
    free(secret);
}

static int check_mode(int fd, const char *path, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(err, ERR_INVALID, "secret file %s is not a regular file", path);
    if ((st.st_mode & 0077) != 0)
        return err_set(err, ERR_DENIED,
                       "secret file %s is readable by %s (mode %04o). Run chmod 600 on it", path,
                       (st.st_mode & 0007) != 0 ? "others" : "group", (unsigned)st.st_mode & 07777);
    return 0;
}

/* At most `size` bytes; how many. */
static int read_bytes(int fd, const char *path, unsigned char *bytes, size_t size, size_t *ret_n,
                      struct err *err)
{
    *ret_n = 0;
    while (*ret_n < size) {
        ssize_t got = read(fd, bytes + *ret_n, size - *ret_n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_DENIED, "secret file %s: %s", path, strerror(errno));
        if (got == 0)
            break;
        *ret_n += (size_t)got;
    }
    return 0;
}

int secret_read_file(const char *path, size_t min, struct secret **ret_secret, struct err *err)
{
    unsigned char *bytes; /* not on the stack, where each of its pages would be touched */
    size_t n = 0, len;
    int rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 && errno == ELOOP)
        return err_set(err, ERR_DENIED, "secret file %s is a symbolic link. Name the file itself",
                       path);
    if (fd < 0)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_DENIED, "secret file %s: %s",
                       path, strerror(errno));
    if ((bytes = malloc(SECRET_FILE_MAX + 1)) == NULL)
        abort();
    rc = check_mode(fd, path, err);
    if (rc == 0)
        rc = read_bytes(fd, path, bytes, SECRET_FILE_MAX + 1, &n, err);
    close(fd);
    len = n > 0 && bytes[n - 1] == '\n' ? n - 1 : n;
    if (rc == 0 && n > SECRET_FILE_MAX)
        rc = err_set(err, ERR_INVALID, "secret file %s is over 64 KiB", path);
    if (rc == 0 && len < min)
        rc = err_set(err, ERR_INVALID, "secret file %s holds %zu bytes, at least %zu are needed",
                     path, len, min);
    if (rc == 0)
        *ret_secret = secret_new(bytes, len);
    secret_wipe(bytes, n);
    free(bytes);
    return rc;
}

const unsigned char *secret_bytes(const struct secret *secret)
{
    return secret->bytes;
}

size_t secret_len(const struct secret *secret)
{
    return secret->n;
}

/* Lengths may differ: comparing digests takes the same time for all. */
bool secret_equal(const struct secret *secret, const void *bytes, size_t n)
{
    unsigned char a[DIGEST_SIZE], b[DIGEST_SIZE];

    digest_sha256(secret->bytes, secret->n, a);
    digest_sha256(bytes, n, b);
    return digest_equal(a, b, sizeof(a));
}

void secret_wipe(void *bytes, size_t n)
{
    explicit_bzero(bytes, n);
}
