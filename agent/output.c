/* output: see output.h. */
#include "agent/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/str.h"

#define FILE_NAME "output"
#define TAIL_NAME "tail."
#define PATH_SIZE 4096
#define GAP_TEXT "\n[... some output was left out here ...]\n"

_Static_assert(sizeof(struct output_frame) == 24, "the form on disk has no holes");

/* Writing ------------------------------------------------------------------------------------- */

static void tail_path(char path[PATH_SIZE], const char *folder, int64_t number)
{
    snprintf(path, PATH_SIZE, "%s/" TAIL_NAME "%" PRId64, folder, number);
}

/* The next frame goes to a new tail; the oldest goes. */
static void next_tail(struct output_writer *w)
{
    char path[PATH_SIZE];

    if (w->fd >= 0)
        close(w->fd);
    w->tail++;
    if (w->tail >= OUTPUT_TAILS) {
        tail_path(path, w->folder, w->tail - OUTPUT_TAILS);
        (void)unlink(path);
    }
    tail_path(path, w->folder, w->tail);
    w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    w->size = 0;
}

static size_t make_frame(char *out, int64_t number, time_ms at, uint16_t step, bool error_stream,
                         const char *bytes, size_t len)
{
    const struct output_frame frame = {.number = number,
                                       .at = at,
                                       .len = (uint32_t)len,
                                       .step = step,
                                       .error_stream = error_stream,
                                       .mark = OUTPUT_MARK};

    memcpy(out, &frame, sizeof(frame));
    memcpy(out + sizeof(frame), bytes, len);
    return sizeof(frame) + len;
}

void output_writer_flush(struct output_writer *w)
{
    char frame[sizeof(struct output_frame) + MESSAGE_OUTPUT_CHUNK_MAX];
    int64_t max = w->tail < 0 ? OUTPUT_HEAD_MAX : OUTPUT_TAIL_SIZE;
    size_t n;

    if (w->len == 0)
        return;
    n = make_frame(frame, w->number, w->at, w->step, w->error_stream, w->piece, w->len);
    w->number++;
    if (w->size + (int64_t)n > max)
        next_tail(w);
    /* A disk that is full must not stop the script: the frame is taken back, and counted. */
    if (w->fd < 0 || file_write_fd(w->fd, frame, n) < 0) {
        w->lost += (int64_t)w->len;
        if (w->fd >= 0 && (ftruncate(w->fd, w->size) < 0 || lseek(w->fd, w->size, SEEK_SET) < 0)) {
            close(w->fd);
            w->fd = -1;
        }
    } else {
        w->size += (int64_t)n;
    }
    w->len = 0;
}

int output_writer_open(struct output_writer *w, const char *folder, const struct redact *redact,
                       struct err *err)
{
    char path[PATH_SIZE];

    memset(w, 0, sizeof(*w));
    w->folder = folder;
    w->redact = redact;
    w->tail = -1;
    snprintf(path, sizeof(path), "%s/" FILE_NAME, folder);
    w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (w->fd < 0)
        return err_set(err, ERR_INTERNAL, "making %s: %s", path, strerror(errno));
    return 0;
}

static void add_seen(struct output_writer *w, uint16_t step, bool error_stream, const char *bytes,
                     size_t n, time_ms now)
{
    if (w->len > 0 && (w->step != step || w->error_stream != error_stream))
        output_writer_flush(w);
    while (n > 0) {
        size_t room = sizeof(w->piece) - w->len;
        size_t part = n < room ? n : room;

        if (w->len == 0) {
            w->step = step;
            w->error_stream = error_stream;
            w->at = now;
        }
        memcpy(w->piece + w->len, bytes, part);
        w->len += part;
        bytes += part;
        n -= part;
        if (w->len == sizeof(w->piece))
            output_writer_flush(w);
    }
}

static void pass(void *arg, const char *bytes, size_t n)
{
    struct output_writer *w = arg;

    /* A line is not cut where it need not be: who looks at a chunk by itself sees whole ones. */
    if (n <= sizeof(w->piece) && n > sizeof(w->piece) - w->len)
        output_writer_flush(w);
    add_seen(w, w->adding, w->adding_error, bytes, n, w->adding_at);
}

void output_writer_add(struct output_writer *w, uint16_t step, bool error_stream, const char *bytes,
                       size_t n, time_ms now)
{
    if (w->redact == NULL) {
        add_seen(w, step, error_stream, bytes, n, now);
        return;
    }
    w->adding = step;
    w->adding_at = now;
    w->adding_error = error_stream;
    redact_stream_add(&w->streams[error_stream], w->redact, bytes, n, pass, w);
}

void output_writer_end_step(struct output_writer *w, uint16_t step, time_ms now)
{
    w->adding = step;
    w->adding_at = now;
    for (int i = 0; i < 2; i++) {
        w->adding_error = i == 1;
        redact_stream_end(&w->streams[i], w->redact, pass, w);
    }
    output_writer_flush(w);
}

int64_t output_writer_left(const struct output_writer *w, time_ms now)
{
    int64_t left = w->at + OUTPUT_JOIN_MS - now;

    if (w->len == 0)
        return -1;
    return left < 0 || left > OUTPUT_JOIN_MS ? 0 : left;
}

void output_writer_close(struct output_writer *w)
{
    output_writer_flush(w);
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

/* Folding ------------------------------------------------------------------------------------- */

/* Numbers of the tails that are there: [first, last]; false = none. */
static bool find_tails(const char *folder, int64_t *ret_first, int64_t *ret_last)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    bool found = false;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        int64_t number;

        if (!str_starts(entry->d_name, TAIL_NAME) ||
            str_parse_int64(entry->d_name + strlen(TAIL_NAME), &number) < 0)
            continue;
        if (!found || number < *ret_first)
            *ret_first = number;
        if (!found || number > *ret_last)
            *ret_last = number;
        found = true;
    }
    if (dir != NULL)
        closedir(dir);
    return found;
}

/* Copy whole frames of one file behind the other; in front of the first a gap, where one is. */
static int copy_tail(int out, const char *path, bool gap, time_ms now)
{
    char frame[sizeof(struct output_frame) + MESSAGE_OUTPUT_CHUNK_MAX];
    struct output_frame head;
    int in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    FILE *file = in < 0 ? NULL : fdopen(in, "r");
    int rc = 0;

    if (file == NULL) {
        if (in >= 0)
            close(in);
        return -errno;
    }
    while (rc == 0 && fread(&head, 1, sizeof(head), file) == sizeof(head) &&
           head.mark == OUTPUT_MARK && head.len <= MESSAGE_OUTPUT_CHUNK_MAX &&
           fread(frame + sizeof(head), 1, head.len, file) == head.len) {
        if (gap) { /* the number of a chunk that is gone */
            size_t n = make_frame(frame, head.number - 1, now, head.step, true, GAP_TEXT,
                                  strlen(GAP_TEXT));
            gap = false;
            rc = file_write_fd(out, frame, n);
            if (fseek(file, (long)sizeof(head), SEEK_SET) != 0 ||
                fread(frame + sizeof(head), 1, head.len, file) != head.len)
                break;
        }
        memcpy(frame, &head, sizeof(head));
        if (rc == 0)
            rc = file_write_fd(out, frame, sizeof(head) + head.len);
    }
    (void)fclose(file);
    return rc;
}

/* The end of the last whole frame: a torn one would hide what is put behind it. */
static int64_t whole_size(int fd)
{
    struct output_frame head;
    struct stat st;
    int64_t at = 0;

    if (fstat(fd, &st) < 0)
        return 0;
    while (pread(fd, &head, sizeof(head), at) == sizeof(head) && head.mark == OUTPUT_MARK &&
           at + (int64_t)sizeof(head) + head.len <= st.st_size)
        at += (int64_t)sizeof(head) + head.len;
    return at;
}

int output_fold(const char *folder, time_ms now, struct err *err)
{
    char path[PATH_SIZE];
    int64_t first = 0, last = -1;
    int fd, rc = 0;

    snprintf(path, sizeof(path), "%s/" FILE_NAME, folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(err, ERR_INTERNAL, "opening %s: %s", path, strerror(errno));
    if (find_tails(folder, &first, &last)) {
        int64_t end = whole_size(fd);

        if (ftruncate(fd, end) < 0 || lseek(fd, end, SEEK_SET) < 0)
            rc = -errno;
        for (int64_t i = first; i <= last && rc == 0; i++) {
            tail_path(path, folder, i);
            rc = copy_tail(fd, path, i == first && first > 0, now);
        }
    }
    if (rc == 0 && fsync(fd) < 0)
        rc = -errno;
    close(fd);
    if (rc < 0)
        return err_set(err, ERR_INTERNAL, "folding the output in %s: %s", folder, strerror(-rc));
    for (int64_t i = first; i <= last; i++) {
        tail_path(path, folder, i);
        (void)unlink(path);
    }
    return 0;
}

/* Reading ------------------------------------------------------------------------------------- */

static int read_frames(struct output_reader *r, struct arena *arena, int fd,
                       const struct document *document, struct output_chunk *chunks, size_t *ret_n)
{
    size_t n = 0, bytes = 0;
    struct output_frame head;

    while (n < MESSAGE_OUTPUT_CHUNKS_MAX &&
           pread(fd, &head, sizeof(head), r->offset) == sizeof(head)) {
        struct output_chunk *chunk = &chunks[n];
        char *text;

        if (head.mark != OUTPUT_MARK || head.len > MESSAGE_OUTPUT_CHUNK_MAX ||
            head.step >= document->n_steps)
            return ERR_INVALID;
        if (bytes + head.len > MESSAGE_OUTPUT_BYTES_MAX)
            break;
        text = arena_alloc(arena, head.len);
        if (pread(fd, text, head.len, r->offset + (int64_t)sizeof(head)) != (ssize_t)head.len)
            break; /* still being written, or torn */
        *chunk = (struct output_chunk){.number = head.number,
                                       .step = document->steps[head.step].name,
                                       .error_stream = head.error_stream != 0,
                                       .at = head.at,
                                       .text = text,
                                       .len = head.len};
        r->offset += (int64_t)sizeof(head) + head.len;
        bytes += head.len;
        n++;
    }
    *ret_n = n;
    return 0;
}

int output_read(struct output_reader *reader, struct arena *arena, const char *folder,
                const struct document *document, struct output_chunk **ret_chunks, size_t *ret_n,
                struct err *err)
{
    const char *path = arena_printf(arena, "%s/" FILE_NAME, folder);
    struct output_chunk *chunks;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    size_t n = 0;
    int rc = 0;

    *ret_n = 0;
    if (fd < 0)
        return errno == ENOENT
                   ? 0
                   : err_set(err, ERR_INTERNAL, "opening %s: %s", path, strerror(errno));
    if (fstat(fd, &st) == 0 && st.st_size > reader->offset) {
        chunks = arena_array(arena, MESSAGE_OUTPUT_CHUNKS_MAX, sizeof(*chunks));
        rc = read_frames(reader, arena, fd, document, chunks, &n);
        if (rc < 0)
            (void)err_set(err, rc, "%s is not what was written (byte %" PRId64 ")", path,
                          reader->offset);
        *ret_chunks = chunks;
        *ret_n = rc < 0 ? 0 : n;
    }
    close(fd);
    return rc;
}
