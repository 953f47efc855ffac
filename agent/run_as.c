/* run_as: see run_as.h. */
#include "agent/run_as.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "lib/base/str.h"

#define RECORD_SIZE 16384

static int look_up(struct arena *arena, const char *name, uid_t uid, struct run_as *ret_user)
{
    char *room = arena_alloc(arena, RECORD_SIZE);
    struct passwd record, *found = NULL;
    int failed = name != NULL ? getpwnam_r(name, &record, room, RECORD_SIZE, &found)
                              : getpwuid_r(uid, &record, room, RECORD_SIZE, &found);

    if (failed != 0 || found == NULL)
        return ERR_NOT_FOUND;
    *ret_user = (struct run_as){.name = record.pw_name,
                                .home = record.pw_dir,
                                .uid = record.pw_uid,
                                .gid = record.pw_gid};
    return 0;
}

int run_as_find(struct arena *arena, const char *user, struct run_as *ret_user, struct err *err)
{
    struct run_as own, other;

    /* A user without an entry (some containers) still is one. */
    if (look_up(arena, NULL, geteuid(), &own) < 0)
        own = (struct run_as){.name = arena_printf(arena, "%u", (unsigned)geteuid()),
                              .home = "/",
                              .uid = geteuid()};
    own.gid = getegid();
    own.is_own = true;
    if (*user == '\0' || str_eq(user, own.name)) {
        *ret_user = own;
        return 0;
    }
    if (geteuid() != 0)
        return err_set(err, ERR_DENIED,
                       "it is to run as %.64s, and only an agent that runs as root can do that; "
                       "this one runs as %.64s",
                       user, own.name);
    if (look_up(arena, user, 0, &other) < 0)
        return err_set(err, ERR_NOT_FOUND, "it is to run as %.64s, and this host has no such user",
                       user);
    *ret_user = other;
    return 0;
}

int run_as_become(const struct run_as *user)
{
    if (user->is_own)
        return 0;
    if (initgroups(user->name, user->gid) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
        setresuid(user->uid, user->uid, user->uid) < 0)
        return -errno;
    /* Proven, not believed: there must be no way back. */
    if (user->uid != 0 && setuid(0) == 0)
        return -EPERM;
    return 0;
}
