/*
 * kill_at: a shared object for LD_PRELOAD that kills the program (-9) at the k-th boundary of what it keeps on disk.
 *
 *      KILL_AT=FILE     "FILE.daemon", "FILE.agent", "FILE.supervisor": a counter for each program, see struct counter
 *
 * A boundary is where another process would find something else on the disk, or where the next thing is told to
 * somebody:
 *
 *      daemon       before the first page of a commit is written to the log of the store; after the commit's sync
 *      agent        before a record of the journal, after it, after its sync
 *      supervisor   before and after each outcome gets its name
 *
 * Counters are files and not variables: they go on over restarts, over all supervisors of a host, and say how many
 * boundaries there are. A program whose counter is not there is left alone. The writes themselves that fail or are cut
 * short are faulty_io's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum program { DAEMON, AGENT, SUPERVISOR };

/* In the byte order of the machine; tests/support/real_world.py writes and reads it. */
struct counter {
    _Atomic int64_t left;   /* boundaries until it is killed; 0 or less = it is not */
    _Atomic int64_t passed; /* boundaries so far */
    char where[48];         /* of the last kill */
};

static struct {
    pthread_once_t once;
    enum program program;
    struct counter *counter; /* NULL = left alone */
    atomic_bool has_synced;  /* what the daemon writes next is a new commit */
} kill_at = {.once = PTHREAD_ONCE_INIT, .has_synced = true};

static enum program program_of(void)
{
    char line[4096];
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);
    enum program program = AGENT;

    if (fd >= 0)
        close(fd);
    line[n > 0 ? n : 0] = '\0';
    if (strstr(line, "slipwayd") != NULL)
        program = DAEMON;
    for (ssize_t i = 0; i < n; i += (ssize_t)strlen(line + i) + 1)
        if (strcmp(line + i, "--supervise") == 0)
            program = SUPERVISOR;
    return program;
}

static void open_counter(void)
{
    static const char *const names[] = {"daemon", "agent", "supervisor"};
    const char *file = getenv("KILL_AT");
    char path[512];
    void *at;
    int fd;

    if (file == NULL)
        return;
    kill_at.program = program_of();
    snprintf(path, sizeof(path), "%s.%s", file, names[kill_at.program]);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    at = mmap(NULL, sizeof(struct counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED)
        kill_at.counter = at;
}

static bool watches(enum program program)
{
    (void)pthread_once(&kill_at.once, open_counter);
    return kill_at.counter != NULL && kill_at.program == program;
}

static void boundary(const char *where)
{
    struct counter *c = kill_at.counter;

    atomic_fetch_add(&c->passed, 1);
    if (atomic_load(&c->left) <= 0 || atomic_fetch_sub(&c->left, 1) != 1)
        return;
    snprintf(c->where, sizeof(c->where), "%s", where);
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

static bool ends_with(int fd, const char *end)
{
    char link[64], path[512];
    size_t len = strlen(end);
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    return n > (ssize_t)len && memcmp(path + n - len, end, len) == 0;
}

/* Writes ---------------------------------------------------------------------------------------- */

ssize_t write(int fd, const void *bytes, size_t n)
{
    bool ours = watches(AGENT) && ends_with(fd, "/journal");
    ssize_t done;

    if (ours)
        boundary("before a record");
    done = syscall(SYS_write, fd, bytes, n);
    if (ours)
        boundary("after a record");
    return done;
}

static ssize_t write_at(int fd, const void *bytes, size_t n, off_t at)
{
    if (watches(DAEMON) && ends_with(fd, "/slipway.db-wal") &&
        atomic_exchange(&kill_at.has_synced, false))
        boundary("before a commit");
    return syscall(SYS_pwrite64, fd, bytes, n, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return write_at(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return write_at(fd, bytes, n, at);
}

/* Syncs ----------------------------------------------------------------------------------------- */

static int sync_of(long number, int fd)
{
    int rc = (int)syscall(number, fd);

    if (watches(DAEMON) && ends_with(fd, "/slipway.db-wal")) {
        atomic_store(&kill_at.has_synced, true);
        boundary("after a commit");
    } else if (watches(AGENT) && ends_with(fd, "/journal")) {
        boundary("after the sync of a record");
    }
    return rc;
}

int fsync(int fd)
{
    return sync_of(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_of(SYS_fdatasync, fd);
}

/* Names ----------------------------------------------------------------------------------------- */

int rename(const char *from, const char *to)
{
    size_t n = strlen(to);
    bool ours = watches(SUPERVISOR) && n > 8 && strcmp(to + n - 8, "/outcome") == 0;
    int rc;

    if (ours)
        boundary("before an outcome");
    rc = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (ours)
        boundary("after an outcome");
    return rc;
}
