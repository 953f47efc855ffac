/*
 * cage_filters: compiles what the server and its keeper are refused (lib/base/cage.h), at build time.
 *
 *   cage_filters OUT.c           struct cage_filter cage_filter_server and cage_filter_keeper (lib/base/cage_filter.h)
 *
 * A server would do it at each start otherwise, and have libseccomp in its memory for that. The output depends on the
 * names below, the architecture and libseccomp's version alone. Source: seccomp(2).
 */
#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <seccomp.h>

#define INSTRUCTIONS_MAX 4096 /* BPF_MAXINSNS: the kernel takes no more */

/*
 * What no part of the server has any use for: other programs, other processes, mounts, keys,
 * modules, the clock; io_uring, which would do system calls that no filter sees. Names: what the
 * architecture lacks, libseccomp passes over; what libseccomp does not know ends the build.
 */
/* clang-format off */
static const char *const forbidden[] = {
    "execve", "execveat",
    "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "swapon", "swapoff", "quotactl", "open_by_handle_at",
    "setns", "unshare", "personality",
    "reboot", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
    "keyctl", "add_key", "request_key",
    "bpf", "userfaultfd", "perf_event_open", "process_vm_writev", "pidfd_getfd", "kcmp",
    "io_uring_setup", "io_uring_enter", "io_uring_register",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
    "sethostname", "setdomainname", "ioperm", "iopl", "syslog", "vhangup", "acct",
#ifndef SLIPWAY_SANITIZE
    "ptrace", "process_vm_readv", /* the leak checker stops threads by ptrace */
#endif
};
/* clang-format on */

/* The keeper speaks over its socketpair and calls out; nobody calls in. Not bind: the C library's
 * resolver binds a netlink socket to see whether there is IPv6. */
static const char *const forbidden_to_keeper[] = {"listen",   "accept",    "accept4",
                                                  "setuid",   "setgid",    "setreuid",
                                                  "setregid", "setresuid", "setresgid"};

static int refuse(scmp_filter_ctx ctx, const char *const *calls, size_t n)
{
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++) {
        int call = seccomp_syscall_resolve_name(calls[i]);
        if (call == __NR_SCMP_ERROR) {
            fprintf(stderr, "cage_filters: this libseccomp knows no %s\n", calls[i]);
            return -ENOSYS;
        }
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), call, 0);
    }
    return rc;
}

/*
 * clone makes threads and the keeper's workers, but no namespaces. The flags of clone3 lie in
 * memory, where no filter looks, so it is "not there" and the C library takes clone.
 */
static int refuse_namespaces(scmp_filter_ctx ctx)
{
    static const scmp_datum_t flags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                         CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
    int rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
    return rc;
}

static int fill(scmp_filter_ctx ctx, bool keeper)
{
    int rc = refuse(ctx, forbidden, sizeof(forbidden) / sizeof(*forbidden));

    if (rc == 0)
        rc = refuse_namespaces(ctx);
    if (rc == 0 && keeper)
        rc = refuse(ctx, forbidden_to_keeper,
                    sizeof(forbidden_to_keeper) / sizeof(*forbidden_to_keeper));
    return rc;
}

/* The number of instructions. */
static int compile(scmp_filter_ctx ctx, struct sock_filter *code)
{
    FILE *file = tmpfile();
    size_t n = 0;
    int rc = file == NULL ? -errno : seccomp_export_bpf(ctx, fileno(file));

    if (rc == 0) {
        rewind(file);
        n = fread(code, sizeof(*code), INSTRUCTIONS_MAX + 1, file);
        rc = ferror(file) ? -EIO : n == 0 || n > INSTRUCTIONS_MAX ? -E2BIG : (int)n;
    }
    if (file != NULL)
        (void)fclose(file);
    return rc;
}

static int print(FILE *out, const char *name, bool keeper)
{
    static struct sock_filter code[INSTRUCTIONS_MAX + 1];
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int n = ctx == NULL ? -ENOMEM : fill(ctx, keeper);

    if (n == 0)
        n = compile(ctx, code);
    if (ctx != NULL)
        seccomp_release(ctx);
    if (n < 0)
        return n;
    fprintf(out, "static const struct sock_filter %s[] = {\n", name);
    for (int i = 0; i < n; i++)
        fprintf(out, "    {%u, %u, %u, %uu},\n", code[i].code, code[i].jt, code[i].jf, code[i].k);
    fprintf(out, "};\nconst struct cage_filter cage_filter_%s = {%d, %s};\n", name, n, name);
    return 0;
}

int main(int argc, char **argv)
{
    FILE *out = argc == 2 ? fopen(argv[1], "wb") : NULL;
    int rc = argc != 2 ? -EINVAL : out == NULL ? -errno : 0;

    if (rc == 0) {
        fprintf(out, "/* Made by cmake/cage_filters.c. */\n#include \"lib/base/cage_filter.h\"\n");
        if ((rc = print(out, "server", false)) == 0)
            rc = print(out, "keeper", true);
        if (fclose(out) != 0 && rc == 0)
            rc = -errno;
    }
    if (rc < 0)
        fprintf(stderr, "cage_filters: %s\n",
                argc == 2 ? strerror(-rc) : "usage: cage_filters OUT.c");
    return argc == 2 && rc == 0 ? 0 : 1;
}
