/* result_file: see result_file.h. */
#include "agent/result_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_SIZE ((size_t)64 * 1024)

/* Piece by piece: what is far behind may be the line that counts. */
static int read_all(struct arena *arena, struct result_lines *lines, int fd, struct err *err)
{
    char *piece = arena_alloc(arena, PIECE_SIZE);
    size_t kept = 0, at = 0;
    bool cut = false; /* what is kept is the rest of a line that is too long */

    for (;;) {
        ssize_t got = pread(fd, piece + kept, PIECE_SIZE - kept, (off_t)at);
        const char *end, *first;
        size_t whole;

        if (got < 0)
            return err_set(err, ERR_INTERNAL, "reading SLIPWAY_RESULT: %s", strerror(errno));
        at += (size_t)got;
        kept += (size_t)got;
        if (got == 0 || at >= RESULT_FILE_MAX) {
            lines->n_odd += got != 0;
            result_lines_add(arena, lines, piece, got == 0 && !cut ? kept : 0);
            return 0;
        }
        end = memrchr(piece, '\n', kept);
        if (end == NULL && kept < PIECE_SIZE)
            continue;
        whole = end != NULL ? (size_t)(end - piece) + 1 : kept;
        first = cut && end != NULL ? (char *)memchr(piece, '\n', kept) + 1 : piece;
        if (end != NULL)
            result_lines_add(arena, lines, first, (size_t)(piece + whole - first));
        else
            lines->n_odd += !cut; /* no line is so long */
        cut = end == NULL;
        memmove(piece, piece + whole, kept - whole);
        kept -= whole;
    }
}

int result_file_read(struct arena *arena, struct result_lines *lines, const char *path,
                     struct err *err)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    int rc = 0;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        rc = err_set(err, ERR_INVALID, "SLIPWAY_RESULT is not a regular file any more");
        goto out;
    }
    rc = read_all(arena, lines, fd, err);
out:
    if (fd >= 0)
        close(fd);
    return rc;
}
