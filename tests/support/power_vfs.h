/*
 * power_vfs: SQLite on a disk that loses power.
 *
 * A VFS around the system's own that becomes the default. What is written is seen at once, as from a page cache,
 * but counts as on the disk only once its file is synced. At a chosen sync the disk goes off: that sync, and
 * whatever is asked of the disk afterwards, fails. power_vfs_restore() then makes the files what the disk holds:
 *
 *      POWER_KEPT   all of the last sync: it came about and only its answer was lost, as when a process is
 *                   killed behind its commit
 *      POWER_LOST   nothing since the sync before
 *      POWER_TORN   of what was written since then, some sectors
 *
 * Locks and shared memory are the system's. One disk per process; any thread.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_POWER_VFS_H
#define SLIPWAY_TESTS_SUPPORT_POWER_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum power_loss { POWER_KEPT, POWER_LOST, POWER_TORN };

/* Connections that are opened from now on use it. Once per process. */
void power_vfs_install(void);

/* The disk goes off at the `nth` sync from now on, 1 = the next one; 0 = never. `seed` chooses sectors. */
void power_vfs_cut(int64_t nth, enum power_loss loss, unsigned seed);
/* Syncs until then; 0 = never. */
int64_t power_vfs_left(void);
bool power_vfs_is_off(void);
/* Syncs that succeeded since the disk was installed. */
int64_t power_vfs_syncs(void);

/* A disk that says yes to a sync and does nothing: what was written since is lost by LOST and TORN too. For tests
 * that must see the loss. */
void power_vfs_lie(bool lies);

/* The power is back; every connection is closed by then. */
void power_vfs_restore(void);

#endif
