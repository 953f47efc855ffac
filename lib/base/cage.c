/* cage: see cage.h. Sources: seccomp(2), landlock(7), prctl(2). */
#include "lib/base/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cage_filter.h"

static bool files_held; /* by cage_files of this process; the kernel has no question for it */

int cage_basics(struct err *err)
{
    struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};

    umask(077);
    if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_set(err, ERR_INTERNAL, "giving up privileges: %s", strerror(errno));
#ifndef SLIPWAY_SANITIZE
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    return 0;
}

static int cage_load(const struct cage_filter *filter, struct err *err)
{
    const struct sock_fprog program = {.len = filter->len,
                                       .filter = (struct sock_filter *)(uintptr_t)filter->code};
    long rc;

    /* A thread that a library started already is held as well. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        (rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program)) <
            0)
        return err_set(err, ERR_INTERNAL, "loading the seccomp profile: %s", strerror(errno));
    return rc == 0 ? 0
                   : err_set(err, ERR_INTERNAL,
                             "loading the seccomp profile: thread %ld has one of its own", rc);
}

int cage_no_exec(struct err *err)
{
    return cage_load(&cage_filter_server, err);
}

int cage_keeper(struct err *err)
{
    return cage_load(&cage_filter_keeper, err);
}

/* Rights that newer kernels know; the headers of Debian 12 have the first, not the second. */
#define TRUNCATE_ABI 3
#define TRUNCATE (UINT64_C(1) << 14)
#define REFER_ABI 2

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                                                     \
    (READS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                       \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |  \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER |       \
     TRUNCATE)
/* Granted nowhere: programs, devices, pipes with a name. */
#define NEVER                                                                                      \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |   \
     LANDLOCK_ACCESS_FS_MAKE_FIFO)
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE)

/* What the kernel offers: 0 = nothing, else the ABI. */
static int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return abi < 0 ? 0 : (int)abi;
}

static __u64 known(__u64 access, int abi)
{
    if (abi < TRUNCATE_ABI)
        access &= ~TRUNCATE;
    if (abi < REFER_ABI)
        access &= ~(__u64)LANDLOCK_ACCESS_FS_REFER;
    return access;
}

static int allow(int ruleset, const char *const *paths, size_t n, __u64 access)
{
    for (size_t i = 0; i < n; i++) {
        struct landlock_path_beneath_attr beneath = {.allowed_access = access};
        struct stat st;
        int rc;
        beneath.parent_fd = open(paths[i], O_PATH | O_CLOEXEC);
        if (beneath.parent_fd < 0)
            continue;
        if (fstat(beneath.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
            beneath.allowed_access &= OF_FILES;
        rc = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
        close(beneath.parent_fd);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int cage_files(const char *const *readable, size_t n_readable, const char *const *writable,
               size_t n_writable, bool *ret_held, struct err *err)
{
    int abi = landlock_abi();
    struct landlock_ruleset_attr attr = {.handled_access_fs = known(WRITES | NEVER, abi)};
    int ruleset;
    int rc = 0;

    if (abi == 0) {
        *ret_held = false;
        return 0;
    }
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return err_set(err, ERR_INTERNAL, "making a Landlock ruleset: %s", strerror(errno));
    if (allow(ruleset, readable, n_readable, READS) < 0 ||
        allow(ruleset, writable, n_writable, known(WRITES, abi)) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        rc = err_set(err, ERR_INTERNAL, "restricting files by Landlock: %s", strerror(errno));
    close(ruleset);
    if (rc == 0)
        *ret_held = files_held = true;
    return rc;
}

bool cage_is_held(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}

void cage_report(struct cage_report *ret_report)
{
    struct rlimit core;

    *ret_report = (struct cage_report){
        .no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
        .no_exec = cage_is_held(),
        .no_core = getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0,
        .files = files_held,
        .landlock_abi = landlock_abi(),
    };
}
