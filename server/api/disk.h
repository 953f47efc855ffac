/*
 * disk: is there room for what comes next?
 *
 * A store that runs full in the middle of a commit stops the server. So deliveries are refused while there is
 * still room for what is under way: below 256 MiB, until 64 MiB more are free again. Any thread; the file system is
 * asked at most once a second.
 */
#ifndef SLIPWAY_SERVER_API_DISK_H
#define SLIPWAY_SERVER_API_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"

struct disk;

#define DISK_NEEDED ((uint64_t)256 << 20)
#define DISK_MORE ((uint64_t)64 << 20)

struct disk_room {
    bool low;
    uint64_t free_mib, needed_mib; /* for people */
};

/* `folder`: where the store lies; `needed` in bytes, 0 = DISK_NEEDED. */
struct disk *disk_new(const char *folder, uint64_t needed);
void disk_free(struct disk *disk); /* accepts NULL */

/* At `now`. NULL, or a file system that does not answer, is never low. */
struct disk_room disk_look(struct disk *disk, mono_ms now);

/* Pure: is it low with `free` bytes, given whether it was? */
bool disk_judge(uint64_t free, uint64_t needed, bool was_low);

#endif
