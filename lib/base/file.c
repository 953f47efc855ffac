/* file: see file.h. A failed sync is reported, never tried again (design.md 7). */
#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(struct err *err, const char *what, const char *path)
{
    enum err_code code = errno == ENOENT                     ? ERR_NOT_FOUND
                         : errno == EACCES || errno == ELOOP ? ERR_DENIED
                                                             : ERR_INTERNAL;

    return err_set(err, code, "%s %s: %s", what, path, strerror(errno));
}

int file_read_all(const char *path, size_t max, char **ret_bytes, size_t *ret_len, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0, cap = 4096;
    char *bytes = NULL;
    int rc = 0;

    if (fd < 0)
        return failed(err, "reading", path);
    for (;;) {
        ssize_t got;
        if (bytes == NULL || n == cap) {
            cap = bytes == NULL ? cap : cap * 2;
            bytes = realloc(bytes, cap + 1);
            if (bytes == NULL)
                abort();
        }
        got = read(fd, bytes + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = failed(err, "reading", path);
        if (got <= 0)
            break;
        n += (size_t)got;
        if (n > max) {
            rc = err_set(err, ERR_INVALID, "%s has more than %zu bytes", path, max);
            break;
        }
    }
    close(fd);
    if (rc < 0) {
        free(bytes);
        return rc;
    }
    bytes[n] = '\0';
    *ret_bytes = bytes;
    *ret_len = n;
    return 0;
}

int file_write_fd(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;

    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        p += put;
        n -= (size_t)put;
    }
    return 0;
}

void file_folder(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        snprintf(out, size, ".");
    else
        snprintf(out, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

int file_sync_dir(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return failed(err, "opening folder", path);
    if (fsync(fd) < 0)
        rc = failed(err, "syncing folder", path);
    close(fd);
    return rc;
}

int file_write_atomic(const char *path, const void *bytes, size_t n, mode_t mode, struct err *err)
{
    static atomic_uint number; /* two threads may write the same path at once; the last one wins */
    char temporary[4096], folder[4096];
    int fd, rc = 0;

    if (snprintf(temporary, sizeof(temporary), "%s.new.%d.%u", path, (int)getpid(),
                 atomic_fetch_add(&number, 1)) >= (int)sizeof(temporary))
        return err_set(err, ERR_INVALID, "path too long: %s", path);
    file_folder(path, folder, sizeof(folder));
    unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return failed(err, "writing", temporary);
    if (fchmod(fd, mode) < 0 || file_write_fd(fd, bytes, n) < 0 || fsync(fd) < 0)
        rc = failed(err, "writing", temporary);
    if (close(fd) < 0 && rc == 0)
        rc = failed(err, "writing", temporary);
    if (rc == 0 && rename(temporary, path) < 0)
        rc = failed(err, "renaming to", path);
    if (rc < 0) {
        unlink(temporary);
        return rc;
    }
    return file_sync_dir(folder, err);
}

int file_mkdirs(const char *path, mode_t mode, struct err *err)
{
    char partial[4096], folder[4096];
    size_t n = strlen(path);
    struct stat st;
    int rc;

    if (n == 0 || n >= sizeof(partial))
        return err_set(err, ERR_INVALID, "not a path for a folder: %s", path);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(partial, path, i);
        partial[i] = '\0';
        if (mkdir(partial, mode) < 0) {
            if (errno == EEXIST)
                continue;
            return failed(err, "making folder", partial);
        }
        if (chmod(partial, mode) < 0) /* the umask took its part */
            return failed(err, "setting the mode of folder", partial);
        file_folder(partial, folder, sizeof(folder));
        if ((rc = file_sync_dir(folder, err)) < 0)
            return rc;
    }
    if (stat(path, &st) < 0)
        return failed(err, "looking at", path);
    return S_ISDIR(st.st_mode) ? 0 : err_set(err, ERR_INVALID, "%s is not a folder", path);
}

int file_lock(const char *path, int *ret_fd, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return failed(err, "opening lock", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int rc = errno == EWOULDBLOCK
                     ? err_set(err, ERR_BUSY, "%s is held by another process", path)
                     : failed(err, "locking", path);
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

int file_check_dir(const char *path, bool is_private, struct err *err)
{
    mode_t bad = is_private ? 0077 : 0022;
    struct stat st;

    if (lstat(path, &st) < 0)
        return failed(err, "looking at", path);
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_INVALID, "%s is not a folder", path);
    if (st.st_uid != geteuid())
        return err_set(err, ERR_DENIED,
                       "folder %s belongs to user %u, not to the one this runs as (%u)", path,
                       (unsigned)st.st_uid, (unsigned)geteuid());
    if ((st.st_mode & bad) != 0)
        return err_set(err, ERR_DENIED,
                       "folder %s is open to others (mode %04o). Run chmod %s on it", path,
                       (unsigned)st.st_mode & 07777, is_private ? "700" : "go-w");
    return 0;
}
