/*
 * faulty_io: a shared object for LD_PRELOAD that lets the k-th write, sync, truncation or new name of a store, or of an
 * agent's journal, fail.
 *
 *      FAULTY_IO=K:KIND     the K-th call from the start of the program on, 1 = the first, 0 = none
 *          eio              it fails with EIO; those after it do not
 *          sync             the same, for the K-th sync
 *          enospc           it and every later write fail with ENOSPC
 *          torn             half of it is written, then the program is killed (a sync or truncation: killed before)
 *          kill             it is done, then the program is killed
 *      FAULTY_IO_FOLDER     only files below it
 *      FAULTY_IO_FILE       and only those with this in their name, /slipway.db if it is not set; if it is, also the folder
 *      FAULTY_IO_LOG        a line for each call: NUMBER OPERATION PATH ok|fault
 *
 * It goes around libc's functions, which is where SQLite's own calls go, so the program is the one that is shipped.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { NONE, EIO_ONCE, SYNC, FULL, TORN, KILLED };

static struct {
    pthread_once_t once;
    pthread_mutex_t lock;
    const char *folder, *file;
    int log;
    long nth, calls, syncs;
    enum kind kind;
    bool full;
} faulty = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER, .log = -1};

static void read_environment(void)
{
    static const char *const kinds[] = {"none", "eio", "sync", "enospc", "torn", "kill"};
    const char *fault = getenv("FAULTY_IO");
    const char *log = getenv("FAULTY_IO_LOG");
    const char *kind = fault != NULL ? strchr(fault, ':') : NULL;

    faulty.folder = getenv("FAULTY_IO_FOLDER");
    faulty.file = getenv("FAULTY_IO_FILE");
    if (log != NULL)
        faulty.log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (kind == NULL)
        return;
    faulty.nth = strtol(fault, NULL, 10);
    for (int i = 0; i < 6; i++)
        if (strcmp(kind + 1, kinds[i]) == 0)
            faulty.kind = (enum kind)i;
}

/* Is it one of the store's files? Its path, then. */
static bool is_ours(int fd, char *path, size_t size)
{
    char link[64];
    ssize_t n;

    (void)pthread_once(&faulty.once, read_environment);
    if (faulty.folder == NULL)
        return false;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, size - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    if (faulty.file != NULL && strcmp(path, faulty.folder) == 0)
        return true;
    return strncmp(path, faulty.folder, strlen(faulty.folder)) == 0 &&
           strstr(path, faulty.file != NULL ? faulty.file : "/slipway.db") != NULL;
}

static void say(long number, const char *operation, const char *path, bool fault)
{
    char line[512];
    int n = snprintf(line, sizeof(line), "%ld %s %s %s\n", number, operation,
                     strrchr(path, '/') + 1, fault ? "fault" : "ok");

    if (faulty.log >= 0 && n > 0)
        (void)!syscall(SYS_write, faulty.log, line, (size_t)n);
}

/* What is to become of this call. */
static enum kind judge(const char *operation, const char *path, bool writes)
{
    enum kind kind = NONE;
    bool hit;

    pthread_mutex_lock(&faulty.lock);
    faulty.calls++;
    faulty.syncs += strstr(operation, "sync") != NULL ? 1 : 0;
    hit = faulty.kind != SYNC ? faulty.calls == faulty.nth
                              : faulty.syncs == faulty.nth && strstr(operation, "sync") != NULL;
    if (hit)
        kind = faulty.kind == SYNC ? EIO_ONCE : faulty.kind;
    if (hit && kind == FULL)
        faulty.full = true;
    if (faulty.full)
        kind = writes ? FULL : NONE; /* a full disk can still be synced */
    say(faulty.calls, operation, path, kind != NONE);
    pthread_mutex_unlock(&faulty.lock);
    return kind;
}

static void die(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

static ssize_t faulty_write(const char *operation, int fd, const void *bytes, size_t n, off_t at)
{
    char path[512];
    enum kind kind = NONE;
    size_t len = n;
    ssize_t done;

    if (is_ours(fd, path, sizeof(path)))
        kind = judge(operation, path, true);
    if (kind == EIO_ONCE || kind == FULL) {
        errno = kind == FULL ? ENOSPC : EIO;
        return -1;
    }
    if (kind == TORN)
        len = n / 2;
    done = at < 0 ? syscall(SYS_write, fd, bytes, len) : syscall(SYS_pwrite64, fd, bytes, len, at);
    if (kind == TORN || kind == KILLED)
        die();
    return done;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    return faulty_write("write", fd, bytes, n, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return faulty_write("pwrite", fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return faulty_write("pwrite", fd, bytes, n, at);
}

static int faulty_call(const char *operation, long number, int fd, long argument)
{
    char path[512];
    enum kind kind = NONE;
    int rc;

    if (is_ours(fd, path, sizeof(path)))
        kind = judge(operation, path, number == SYS_ftruncate);
    if (kind == EIO_ONCE || kind == FULL) {
        errno = kind == FULL ? ENOSPC : EIO;
        return -1;
    }
    if (kind == TORN)
        die();
    rc = (int)syscall(number, fd, argument);
    if (kind == KILLED)
        die();
    return rc;
}

int fsync(int fd)
{
    return faulty_call("fsync", SYS_fsync, fd, 0);
}

int fdatasync(int fd)
{
    return faulty_call("fdatasync", SYS_fdatasync, fd, 0);
}

int ftruncate(int fd, off_t length)
{
    return faulty_call("ftruncate", SYS_ftruncate, fd, length);
}

int ftruncate64(int fd, off64_t length)
{
    return faulty_call("ftruncate", SYS_ftruncate, fd, length);
}

/* To the name of a file of ours. */
int rename(const char *from, const char *to)
{
    enum kind kind = NONE;
    int rc;

    (void)pthread_once(&faulty.once, read_environment);
    if (faulty.folder != NULL && faulty.file != NULL &&
        strncmp(to, faulty.folder, strlen(faulty.folder)) == 0 && strstr(to, faulty.file) != NULL)
        kind = judge("rename", to, true);
    if (kind == EIO_ONCE || kind == FULL) {
        errno = kind == FULL ? ENOSPC : EIO;
        return -1;
    }
    if (kind == TORN)
        die();
    rc = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (kind == KILLED)
        die();
    return rc;
}
