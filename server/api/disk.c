#include "server/api/disk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "lib/base/log.h"

#define EVERY_MS 1000

struct disk {
    char *folder;
    uint64_t needed;
    pthread_mutex_t lock; /* all below */
    mono_ms asked_at;     /* INT64_MIN = never */
    struct disk_room room;
};

struct disk *disk_new(const char *folder, uint64_t needed)
{
    struct disk *d = calloc(1, sizeof(*d));

    if (d == NULL || (d->folder = strdup(folder)) == NULL)
        abort();
    d->needed = needed != 0 ? needed : DISK_NEEDED;
    d->asked_at = INT64_MIN;
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void disk_free(struct disk *d)
{
    if (d == NULL)
        return;
    pthread_mutex_destroy(&d->lock);
    free(d->folder);
    free(d);
}

bool disk_judge(uint64_t free, uint64_t needed, bool was_low)
{
    return was_low ? free < needed || free - needed < DISK_MORE : free < needed;
}

static void ask(struct disk *d)
{
    struct statvfs v;
    uint64_t free;
    bool was = d->room.low;

    if (statvfs(d->folder, &v) < 0)
        return;
    free = (uint64_t)v.f_bavail * v.f_frsize;
    d->room = (struct disk_room){.low = disk_judge(free, d->needed, was),
                                 .free_mib = free >> 20,
                                 .needed_mib = d->needed >> 20};
    if (d->room.low != was)
        log_error(was ? "disk.enough" : "disk.low", "free_mib=%llu needed_mib=%llu text=%s",
                  (unsigned long long)d->room.free_mib, (unsigned long long)d->room.needed_mib,
                  LOG(was ? "deliveries are taken again"
                          : "deliveries are refused until there is more room"));
}

struct disk_room disk_look(struct disk *d, mono_ms now)
{
    struct disk_room room;

    if (d == NULL)
        return (struct disk_room){.low = false};
    pthread_mutex_lock(&d->lock);
    if (d->asked_at == INT64_MIN || now - d->asked_at >= EVERY_MS) {
        d->asked_at = now;
        ask(d);
    }
    room = d->room;
    pthread_mutex_unlock(&d->lock);
    return room;
}
