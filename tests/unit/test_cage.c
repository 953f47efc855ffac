/* cage: T58. What is given up is gone, for children too. Each case runs in a child of its own. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cage.h"

/* In a child: the number of the first line that is not as it should be, 0 if all are. */
#define EXPECT(what)                                                                               \
    do {                                                                                           \
        if (!(what))                                                                               \
            return __LINE__;                                                                       \
    } while (0)

typedef int in_child(void);

static void runs(in_child *body)
{
    int ends[2], line = -1, status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        line = body();
        _exit(write(ends[1], &line, sizeof(line)) == sizeof(line) ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &line, sizeof(line)), sizeof(line));
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (line != 0)
        fail_msg("line %d does not hold in the cage", line);
}

static bool refused(long rc)
{
    return rc == -1 && errno == EPERM;
}

static int execute(void)
{
    char name[] = "true";
    char *argv[] = {name, NULL};
    char *environment[] = {NULL};

    return execve("/bin/true", argv, environment);
}

static int basics(void)
{
    struct rlimit core;
    struct stat st;
    char path[] = "/tmp/slipway-cage-XXXXXX";
    int fd;

    EXPECT(cage_basics(NULL) == 0);
    EXPECT(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
    EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
#ifndef SLIPWAY_SANITIZE
    EXPECT(prctl(PR_GET_DUMPABLE) == 0);
#endif
    fd = mkstemp(path);
    EXPECT(fd >= 0 && unlink(path) == 0);
    close(fd);
    fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0666);
    EXPECT(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0600 && unlink(path) == 0);
    return 0;
}

static void T58_no_core_no_new_privileges_no_open_files(void **state)
{
    (void)state;
    runs(basics);
}

static void *answer(void *arg)
{
    return arg;
}

/* What must not work, and what must. */
static int no_exec(void)
{
    pthread_t thread;
    void *got = NULL;
    int status, fd;
    pid_t pid;

    EXPECT(!cage_is_held());
    EXPECT(cage_no_exec(NULL) == 0);
    EXPECT(cage_is_held());
    EXPECT(refused(execute()));
    EXPECT(refused(syscall(SYS_execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0)));
    EXPECT(refused(mount("none", "/mnt", "tmpfs", 0, NULL)));
    EXPECT(refused(umount2("/mnt", 0)));
    EXPECT(refused(syscall(SYS_fsopen, "tmpfs", 0)));
    EXPECT(refused(syscall(SYS_open_tree, AT_FDCWD, "/", 0)));
    EXPECT(refused(syscall(SYS_keyctl, 0, -3, 0)));
    EXPECT(refused(syscall(SYS_add_key, "user", "a", "b", 1, -3)));
    EXPECT(refused(syscall(SYS_bpf, 0, NULL, 0)));
    EXPECT(refused(syscall(SYS_io_uring_setup, 1, NULL)));
    EXPECT(refused(syscall(SYS_kexec_load, 0, 0, NULL, 0)));
    EXPECT(refused(syscall(SYS_pidfd_getfd, -1, 0, 0)));
    EXPECT(refused(unshare(CLONE_NEWUSER)));
    EXPECT(refused(setns(0, 0)));
    EXPECT(refused(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL)));
    EXPECT(refused(syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL)));
    EXPECT(syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS);
#ifndef SLIPWAY_SANITIZE
    EXPECT(refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL)));
    EXPECT(refused(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0)));
#endif
    EXPECT(pthread_create(&thread, NULL, answer, &status) == 0);
    EXPECT(pthread_join(thread, &got) == 0 && got == &status);
    fd = open("/dev/null", O_RDWR);
    EXPECT(fd >= 0 && write(fd, "x", 1) == 1);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(fd >= 0 && listen(fd, 1) == 0);
    pid = fork(); /* a child is in the same cage */
    if (pid == 0)
        _exit(refused(execute()) && cage_is_held() ? 7 : 1);
    EXPECT(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
    return 0;
}

static void *wait_then_execute(void *arg)
{
    char byte;

    if (read(*(int *)arg, &byte, 1) != 1)
        return NULL;
    return refused(execute()) ? arg : NULL;
}

/* Threads of a library may be older than the filter. */
static int older_thread(void)
{
    int ends[2];
    pthread_t thread;
    void *got = NULL;

    EXPECT(pipe(ends) == 0);
    EXPECT(pthread_create(&thread, NULL, wait_then_execute, &ends[0]) == 0);
    EXPECT(cage_no_exec(NULL) == 0);
    EXPECT(write(ends[1], "x", 1) == 1);
    EXPECT(pthread_join(thread, &got) == 0 && got == &ends[0]);
    return 0;
}

static void T58_a_thread_that_was_there_before_is_held_too(void **state)
{
    (void)state;
    runs(older_thread);
}

static void T58_nothing_is_executed_mounted_traced_or_unkeyed(void **state)
{
    (void)state;
    runs(no_exec);
}

static int keeper(void)
{
    int status, pair[2], fd;
    pid_t pid;

    EXPECT(cage_keeper(NULL) == 0);
    EXPECT(refused(execute()));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(fd >= 0 && refused(listen(fd, 1)));
    EXPECT(refused(accept(fd, NULL, NULL)));
    EXPECT(refused(setuid(getuid())));
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    pid = fork();
    if (pid == 0)
        _exit(refused(execute()) && write(pair[1], "x", 1) == 1 ? 7 : 1);
    EXPECT(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
    return 0;
}

static void T58_the_keeper_forks_workers_but_listens_to_nobody(void **state)
{
    (void)state;
    runs(keeper);
}

static char folder[] = "/tmp/slipway-cage-XXXXXX";

static const char *in_folder(const char *name)
{
    static char paths[8][200];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static bool opens(const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void *read_other(void *arg)
{
    return opens(in_folder("other/file"), O_RDONLY) ? NULL : arg;
}

static int files(void)
{
    const char *readable[] = {in_folder("read"), in_folder("one.conf"), in_folder("not-there")};
    const char *writable[] = {in_folder("write")};
    struct cage_report report;
    pthread_t later;
    void *refused_to = NULL;
    bool held = true;

    cage_report(&report);
    EXPECT(!report.files);
    EXPECT(cage_files(readable, 3, writable, 1, &held, NULL) == 0);
    EXPECT(held == (report.landlock_abi > 0));
    cage_report(&report);
    EXPECT(report.files == held);
    EXPECT(opens(in_folder("write/new"), O_CREAT | O_RDWR));
    EXPECT(rename(in_folder("write/new"), in_folder("write/newer")) == 0);
    EXPECT(mkdir(in_folder("write/under"), 0700) == 0);
    EXPECT(opens(in_folder("write/newer"), O_RDONLY) && unlink(in_folder("write/newer")) == 0);
    EXPECT(opens(in_folder("read/file"), O_RDONLY));
    EXPECT(opens(in_folder("one.conf"), O_RDONLY));
    if (!held) /* this kernel has no Landlock: said, not hidden; nothing more to see */
        return 0;
    EXPECT(!opens(in_folder("read/file"), O_RDWR) && errno == EACCES);
    EXPECT(!opens(in_folder("read/new"), O_CREAT | O_WRONLY));
    EXPECT(!opens(in_folder("one.conf"), O_WRONLY));
    EXPECT(!opens(in_folder("other/file"), O_RDONLY) && errno == EACCES);
    EXPECT(!opens("/etc/passwd", O_RDONLY));
    EXPECT(pthread_create(&later, NULL, read_other, &held) == 0); /* who is begun after that, too */
    EXPECT(pthread_join(later, &refused_to) == 0 && refused_to == &held);
    EXPECT(unlink(in_folder("other/file")) < 0);
    EXPECT(rename(in_folder("write/under"), in_folder("other/under")) < 0);
    EXPECT(mkfifo(in_folder("write/pipe"), 0600) < 0);
    EXPECT(execute() < 0 && errno == EACCES);
    return 0;
}

static void T58_only_the_named_files_are_reached_or_the_kernel_is_said_to_lack_it(void **state)
{
    static const char *const folders[] = {"read", "write", "other"};

    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(mkdir(in_folder(folders[i]), 0700), 0);
    assert_true(opens(in_folder("read/file"), O_CREAT | O_WRONLY));
    assert_true(opens(in_folder("other/file"), O_CREAT | O_WRONLY));
    assert_true(opens(in_folder("one.conf"), O_CREAT | O_WRONLY));
    runs(files);
    assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static int report(void)
{
    struct cage_report before, after;

    cage_report(&before);
    EXPECT(!before.no_exec && !before.files);
    EXPECT(cage_basics(NULL) == 0);
    cage_report(&after);
    EXPECT(after.no_new_privs && after.no_core && !after.no_exec);
    EXPECT(after.landlock_abi == before.landlock_abi && after.landlock_abi >= 0);
    EXPECT(cage_no_exec(NULL) == 0);
    cage_report(&after);
    EXPECT(after.no_exec);
    return 0;
}

static void doctor_can_tell_what_holds(void **state)
{
    (void)state;
    runs(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T58_no_core_no_new_privileges_no_open_files),
        cmocka_unit_test(T58_a_thread_that_was_there_before_is_held_too),
        cmocka_unit_test(T58_nothing_is_executed_mounted_traced_or_unkeyed),
        cmocka_unit_test(T58_the_keeper_forks_workers_but_listens_to_nobody),
        cmocka_unit_test(T58_only_the_named_files_are_reached_or_the_kernel_is_said_to_lack_it),
        cmocka_unit_test(doctor_can_tell_what_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
