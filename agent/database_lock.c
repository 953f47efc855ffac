/* database_lock: see database_lock.h. */
#include "agent/database_lock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/names.h"

#define FOLDER "databases"
#define LOOK_MS 50

/* What stands in it; for people, and no proof. */
static const char *holder_of(struct arena *arena, const char *path)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    size_t len;
    const char *holder = "another command";

    if (file_read_all(path, NAMES_UUID_SIZE, &text, &len, &err) == 0 && names_is_uuid(text))
        holder = arena_printf(arena, "command %s", text);
    free(text);
    return holder;
}

int database_lock_take(struct arena *arena, const char *state, const char *database,
                       const char *command_id, int wait_ms, int *ret_fd, struct err *err)
{
    const char *folder = arena_printf(arena, "%s/" FOLDER, state), *path;
    char digest[DIGEST_HEX_SIZE];
    int fd, rc;

    *ret_fd = -1;
    if (database == NULL)
        return 0;
    digest_sha256_hex(database, strlen(database), digest);
    path = arena_printf(arena, "%s/%s.lock", folder, digest);
    if ((rc = file_mkdirs(folder, 0700, err)) < 0)
        return rc;
    while ((rc = file_lock(path, &fd, err)) == ERR_BUSY && wait_ms > 0) {
        (void)poll(NULL, 0, LOOK_MS);
        wait_ms -= LOOK_MS;
    }
    if (rc == ERR_BUSY)
        return err_set(err, rc,
                       "something of %s is still there on this host, and may be at work in %s; it "
                       "holds %s (fuser -v says what it is)",
                       holder_of(arena, path), database, path);
    if (rc < 0)
        return rc;
    if (ftruncate(fd, 0) < 0 || file_write_fd(fd, command_id, strlen(command_id)) < 0) {
        close(fd);
        return err_set(err, ERR_INTERNAL, "writing %s: %s", path, strerror(errno));
    }
    *ret_fd = fd;
    return 0;
}

void database_lock_free(int fd)
{
    (void)flock(fd, LOCK_UN);
}
