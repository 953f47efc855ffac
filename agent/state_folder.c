/* state_folder: see state_folder.h. */
#include "agent/state_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/key_chain.h"
#include "lib/base/file.h"
#include "lib/base/str.h"

static int check_one(const char *state, const char *name, const struct stat *st, struct err *err)
{
    bool is_folder = S_ISDIR(st->st_mode);

    if (!is_folder && !S_ISREG(st->st_mode))
        return err_set(
            err, ERR_DENIED,
            "%s/%s is neither a file nor a folder (a link, perhaps): it leads elsewhere. "
            "Look where it comes from, and remove it",
            state, name);
    if (st->st_uid != geteuid())
        return err_set(err, ERR_DENIED,
                       "%s/%s belongs to user %u, not to the one this runs as (%u)", state, name,
                       (unsigned)st->st_uid, (unsigned)geteuid());
    if ((st->st_mode & 0077) != 0)
        return err_set(err, ERR_DENIED, "%s/%s is open to others (mode %04o). Run chmod %s on it",
                       state, name, (unsigned)st->st_mode & 07777, is_folder ? "700" : "600");
    return 0;
}

int state_folder_check(const char *state, struct err *err)
{
    const struct dirent *entry;
    struct stat st;
    DIR *dir;
    int rc = file_check_dir(state, true, err);

    if (rc < 0)
        return rc;
    dir = opendir(state);
    if (dir == NULL)
        return err_set(err, ERR_DENIED, "reading %s: %s", state, strerror(errno));
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
            continue;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            rc = check_one(state, entry->d_name, &st, err);
    }
    closedir(dir);
    return rc;
}

int state_folder_open(struct arena *arena, const char *state, const char *first,
                      struct agent_config *config, struct key_chain **ret_keys, struct err *err)
{
    int rc = state_folder_check(state, err);

    if (rc == 0)
        rc = agent_config_read(arena, state, config, err);
    if (rc == ERR_NOT_FOUND)
        return err_set(err, rc, "%s has no " AGENT_CONFIG_FILE ": %s", state, first);
    return rc < 0 ? rc : key_chain_open(state, config, ret_keys, err);
}
