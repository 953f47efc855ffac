/* power_vfs: see power_vfs.h. */
#include "tests/support/power_vfs.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#define SECTOR 512
#define DISKS_MAX 64
#define PATH_MAX_BYTES 1024

/* What a write or a truncation replaced. */
struct undo {
    struct undo *before;
    int64_t offset;
    int64_t size; /* of the file before it */
    size_t len;
    unsigned char bytes[];
};

/* One file by its path, whoever has it open. */
struct disk {
    char path[PATH_MAX_BYTES];
    struct undo *last; /* newest first, back to the last sync */
};

/* An open one; the system's own lies behind it. */
struct power_file {
    sqlite3_file base;
    struct disk *disk; /* NULL: a temporary file, not watched */
    sqlite3_file *real;
};

static struct {
    pthread_mutex_t lock;
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct disk disks[DISKS_MAX];
    size_t n_disks;
    bool off, lies;
    int64_t syncs, cut_at; /* 0 = never */
    enum power_loss loss;
    unsigned seed;
} power = {.lock = PTHREAD_MUTEX_INITIALIZER};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct power_file *)file)->real;
}

static struct disk *disk_of(const char *path)
{
    struct disk *disk;

    for (size_t i = 0; i < power.n_disks; i++)
        if (strcmp(power.disks[i].path, path) == 0)
            return &power.disks[i];
    assert(power.n_disks < DISKS_MAX && strlen(path) < PATH_MAX_BYTES);
    disk = &power.disks[power.n_disks++];
    snprintf(disk->path, sizeof(disk->path), "%s", path);
    return disk;
}

static void forget(struct disk *disk)
{
    while (disk->last != NULL) {
        struct undo *undo = disk->last;
        disk->last = undo->before;
        free(undo);
    }
}

/* Keep what lies at [offset, offset + len) and the size. */
static int remember(struct power_file *file, int64_t offset, size_t len)
{
    struct undo *undo = calloc(1, sizeof(*undo) + len);
    sqlite3_int64 size;
    int rc;

    if (undo == NULL)
        abort();
    rc = file->real->pMethods->xFileSize(file->real, &size);
    undo->offset = offset;
    undo->size = size;
    if (rc == SQLITE_OK && offset < size) {
        undo->len = offset + (int64_t)len > size ? (size_t)(size - offset) : len;
        rc = file->real->pMethods->xRead(file->real, undo->bytes, (int)undo->len, offset);
    }
    if (rc != SQLITE_OK) {
        free(undo);
        return rc;
    }
    undo->before = file->disk->last;
    file->disk->last = undo;
    return SQLITE_OK;
}

/* A file's methods -------------------------------------------------------------------------------- */

static int p_close(sqlite3_file *file)
{
    struct power_file *p = (struct power_file *)file;
    int rc = p->real->pMethods != NULL ? p->real->pMethods->xClose(p->real) : SQLITE_OK;

    file->pMethods = NULL;
    return rc;
}

static int p_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, n, offset);
}

static int p_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 offset)
{
    struct power_file *p = (struct power_file *)file;
    int rc;

    if (p->disk == NULL)
        return p->real->pMethods->xWrite(p->real, bytes, n, offset);
    pthread_mutex_lock(&power.lock);
    rc = power.off ? SQLITE_IOERR_WRITE : remember(p, offset, (size_t)n);
    if (rc == SQLITE_OK)
        rc = p->real->pMethods->xWrite(p->real, bytes, n, offset);
    pthread_mutex_unlock(&power.lock);
    return rc;
}

static int p_truncate(sqlite3_file *file, sqlite3_int64 to)
{
    struct power_file *p = (struct power_file *)file;
    sqlite3_int64 size;
    int rc;

    if (p->disk == NULL)
        return p->real->pMethods->xTruncate(p->real, to);
    pthread_mutex_lock(&power.lock);
    rc = power.off ? SQLITE_IOERR_TRUNCATE : p->real->pMethods->xFileSize(p->real, &size);
    if (rc == SQLITE_OK)
        rc = remember(p, to, size > to ? (size_t)(size - to) : 0);
    if (rc == SQLITE_OK)
        rc = p->real->pMethods->xTruncate(p->real, to);
    pthread_mutex_unlock(&power.lock);
    return rc;
}

static int p_sync(sqlite3_file *file, int flags)
{
    struct power_file *p = (struct power_file *)file;
    int rc = SQLITE_OK;

    (void)flags; /* this disk needs no other to hold what it was told */
    if (p->disk == NULL)
        return SQLITE_OK;
    pthread_mutex_lock(&power.lock);
    if (power.off) {
        rc = SQLITE_IOERR_FSYNC;
    } else if (power.cut_at != 0 && --power.cut_at == 0) {
        power.off = true;
        rc = SQLITE_IOERR_FSYNC;
    } else {
        power.syncs++;
        if (!power.lies)
            forget(p->disk);
    }
    pthread_mutex_unlock(&power.lock);
    return rc;
}

static int p_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int p_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int p_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int p_reserved(sqlite3_file *file, int *ret_is)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_is);
}

static int p_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int p_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int p_device(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int p_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_at)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret_at);
}

static int p_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void p_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int p_shm_unmap(sqlite3_file *file, int delete)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

/* Version 2: with shared memory for the log, without mapped pages, which would go past us. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = p_close,
    .xRead = p_read,
    .xWrite = p_write,
    .xTruncate = p_truncate,
    .xSync = p_sync,
    .xFileSize = p_size,
    .xLock = p_lock,
    .xUnlock = p_unlock,
    .xCheckReservedLock = p_reserved,
    .xFileControl = p_control,
    .xSectorSize = p_sector,
    .xDeviceCharacteristics = p_device,
    .xShmMap = p_shm_map,
    .xShmLock = p_shm_lock,
    .xShmBarrier = p_shm_barrier,
    .xShmUnmap = p_shm_unmap,
};

/* The disk's own -------------------------------------------------------------------------------- */

static int p_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
    struct power_file *p = (struct power_file *)file;
    int rc;

    (void)vfs;
    memset(p, 0, sizeof(*p));
    p->real = (sqlite3_file *)(p + 1);
    if (path != NULL && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0) {
        pthread_mutex_lock(&power.lock);
        p->disk = disk_of(path);
        pthread_mutex_unlock(&power.lock);
    }
    rc = power.real->xOpen(power.real, path, p->real, flags, ret_flags);
    if (rc == SQLITE_OK)
        p->base.pMethods = &methods;
    return rc;
}

/* A log that is done with goes; with it what might have been lost of it. */
static int p_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    pthread_mutex_lock(&power.lock);
    if (power.off) {
        pthread_mutex_unlock(&power.lock);
        return SQLITE_IOERR_DELETE;
    }
    for (size_t i = 0; i < power.n_disks; i++)
        if (strcmp(power.disks[i].path, path) == 0)
            forget(&power.disks[i]);
    pthread_mutex_unlock(&power.lock);
    return power.real->xDelete(power.real, path, sync_folder);
}

void power_vfs_install(void)
{
    if (power.real != NULL)
        return;
    power.real = sqlite3_vfs_find(NULL);
    power.vfs = *power.real;
    power.vfs.pNext = NULL;
    power.vfs.zName = "power";
    power.vfs.szOsFile = (int)sizeof(struct power_file) + power.real->szOsFile;
    power.vfs.xOpen = p_open;
    power.vfs.xDelete = p_delete;
    if (sqlite3_vfs_register(&power.vfs, 1) != SQLITE_OK)
        abort();
}

void power_vfs_cut(int64_t nth, enum power_loss loss, unsigned seed)
{
    pthread_mutex_lock(&power.lock);
    power.cut_at = nth;
    if (nth != 0) { /* what was lost in the last cut stays lost */
        power.loss = loss;
        power.seed = seed;
    }
    pthread_mutex_unlock(&power.lock);
}

int64_t power_vfs_left(void)
{
    int64_t left;

    pthread_mutex_lock(&power.lock);
    left = power.cut_at;
    pthread_mutex_unlock(&power.lock);
    return left;
}

bool power_vfs_is_off(void)
{
    bool off;

    pthread_mutex_lock(&power.lock);
    off = power.off;
    pthread_mutex_unlock(&power.lock);
    return off;
}

int64_t power_vfs_syncs(void)
{
    int64_t syncs;

    pthread_mutex_lock(&power.lock);
    syncs = power.syncs;
    pthread_mutex_unlock(&power.lock);
    return syncs;
}

void power_vfs_lie(bool lies)
{
    pthread_mutex_lock(&power.lock);
    power.lies = lies;
    pthread_mutex_unlock(&power.lock);
}

/* Did this sector go back to what it was? The same for each write to it. */
static bool is_lost(const struct disk *disk, int64_t sector)
{
    uint64_t x = power.seed * 0x9e3779b97f4a7c15u + (uint64_t)sector * 0xbf58476d1ce4e5b9u +
                 (uint64_t)(disk - power.disks);

    x ^= x >> 31;
    x *= 0x94d049bb133111ebu;
    x ^= x >> 29;
    return power.loss != POWER_TORN || (x & 1) != 0;
}

static void put_back(const struct disk *disk, int fd, const struct undo *undo)
{
    for (size_t done = 0; done < undo->len;) {
        int64_t at = undo->offset + (int64_t)done;
        size_t n = SECTOR - (size_t)(at % SECTOR);

        if (n > undo->len - done)
            n = undo->len - done;
        if (is_lost(disk, at / SECTOR) && pwrite(fd, undo->bytes + done, n, at) != (ssize_t)n)
            abort();
        done += n;
    }
}

/* Sectors that did not exist are zeros where they were lost and the file's length was not. */
static void cut_back(const struct disk *disk, int fd, int64_t size)
{
    static const unsigned char zeros[SECTOR];
    struct stat st;

    if (is_lost(disk, -1)) {
        if (ftruncate(fd, size) != 0)
            abort();
        return;
    }
    if (fstat(fd, &st) != 0)
        abort();
    for (int64_t at = size; at < st.st_size;) {
        size_t n = SECTOR - (size_t)(at % SECTOR);

        if (at + (int64_t)n > st.st_size)
            n = (size_t)(st.st_size - at);
        if (is_lost(disk, at / SECTOR) && pwrite(fd, zeros, n, at) != (ssize_t)n)
            abort();
        at += (int64_t)n;
    }
}

static void restore(struct disk *disk)
{
    int64_t size = -1;
    bool kept = power.loss == POWER_KEPT; /* what the kernel has outlives the process */
    int fd = disk->last != NULL && !kept ? open(disk->path, O_RDWR | O_CLOEXEC) : -1;

    for (const struct undo *undo = disk->last; fd >= 0 && undo != NULL; undo = undo->before) {
        put_back(disk, fd, undo);
        size = undo->size;
    }
    if (fd >= 0) {
        cut_back(disk, fd, size);
        (void)close(fd);
    }
    forget(disk);
}

void power_vfs_restore(void)
{
    char shared[PATH_MAX_BYTES + 8];

    pthread_mutex_lock(&power.lock);
    for (size_t i = 0; i < power.n_disks; i++) {
        restore(&power.disks[i]);
        snprintf(shared, sizeof(shared), "%s-shm", power.disks[i].path);
        (void)unlink(shared);
    }
    power.n_disks = 0;
    power.off = false;
    power.cut_at = 0;
    pthread_mutex_unlock(&power.lock);
}
