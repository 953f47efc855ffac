#include "lib/base/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

/* What no part of the server has any use for. */
static const int forbidden[] = {
    SCMP_SYS(execve),        SCMP_SYS(execveat),      SCMP_SYS(mount),          SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),    SCMP_SYS(chroot),        SCMP_SYS(swapon),         SCMP_SYS(swapoff),
    SCMP_SYS(reboot),        SCMP_SYS(init_module),   SCMP_SYS(finit_module),   SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),    SCMP_SYS(keyctl),        SCMP_SYS(add_key),        SCMP_SYS(request_key),
    SCMP_SYS(bpf),           SCMP_SYS(setns),         SCMP_SYS(unshare),        SCMP_SYS(userfaultfd),
    SCMP_SYS(process_vm_writev), SCMP_SYS(perf_event_open), SCMP_SYS(acct),     SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime), SCMP_SYS(sethostname),   SCMP_SYS(personality),    SCMP_SYS(ioperm),
    SCMP_SYS(iopl),          SCMP_SYS(quotactl),      SCMP_SYS(open_by_handle_at),
#ifndef SLIPWAY_SANITIZE
    SCMP_SYS(ptrace),        SCMP_SYS(process_vm_readv),
#endif
};

static const int forbidden_to_keeper[] = {SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
                                          SCMP_SYS(setuid), SCMP_SYS(setgid)};

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

static int refuse(scmp_filter_ctx ctx, const int *calls, size_t n)
{
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
    return rc;
}

static int cage_load(bool keeper, struct err *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int rc = ctx == NULL ? -ENOMEM : refuse(ctx, forbidden, sizeof(forbidden) / sizeof(*forbidden));

    if (rc == 0 && keeper)
        rc = refuse(ctx, forbidden_to_keeper,
                    sizeof(forbidden_to_keeper) / sizeof(*forbidden_to_keeper));
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    return rc == 0 ? 0 : err_set(err, ERR_INTERNAL, "loading the seccomp profile: %s", strerror(-rc));
}

int cage_no_exec(struct err *err)
{
    return cage_load(false, err);
}

int cage_keeper(struct err *err)
{
    return cage_load(true, err);
}

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                                                     \
    (READS | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                       \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |  \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)

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
    struct landlock_ruleset_attr attr = {.handled_access_fs = WRITES};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    int rc = 0;

    *ret_held = false;
    if (ruleset < 0)
        return 0;
    if (allow(ruleset, readable, n_readable, READS) < 0 ||
        allow(ruleset, writable, n_writable, WRITES) < 0 ||
        syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        rc = err_set(err, ERR_INTERNAL, "restricting files by Landlock: %s", strerror(errno));
    close(ruleset);
    *ret_held = rc == 0;
    return rc;
}

bool cage_is_held(void)
{
    char line[256];
    bool held = false;
    FILE *f = fopen("/proc/self/status", "re");

    if (f == NULL)
        return false;
    while (fgets(line, sizeof(line), f) != NULL)
        if (strncmp(line, "Seccomp:", 8) == 0)
            held = atoi(line + 8) == 2;
    fclose(f);
    return held;
}
