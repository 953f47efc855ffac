/* file: replaced whole, read bounded, locked once. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/file.h"

static char folder[] = "/tmp/slipway-file-XXXXXX";

static const char *in_folder(const char *name)
{
    static char paths[4][300];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static size_t entries(const char *path)
{
    DIR *dir = opendir(path);
    size_t n = 0;

    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void what_is_written_is_read_with_its_mode_whatever_the_umask(void **state)
{
    mode_t before = umask(077);
    struct err err = ERR_INIT;
    char *bytes;
    size_t n;

    (void)state;
    assert_int_equal(file_mkdirs(in_folder("w"), 0750, &err), 0);
    assert_int_equal(file_write_atomic(in_folder("w/a"), "one\0two", 7, 0640, &err), 0);
    umask(before);
    assert_int_equal(mode_of(in_folder("w/a")), 0640);
    assert_int_equal(file_read_all(in_folder("w/a"), 7, &bytes, &n, &err), 0);
    assert_int_equal(n, 7);
    assert_memory_equal(bytes, "one\0two", 8);
    free(bytes);
    assert_int_equal(file_write_atomic(in_folder("w/a"), "", 0, 0600, &err), 0);
    assert_int_equal(mode_of(in_folder("w/a")), 0600);
    assert_int_equal(file_read_all(in_folder("w/a"), 0, &bytes, &n, &err), 0);
    assert_string_equal(bytes, "");
    free(bytes);
    assert_int_equal(entries(in_folder("w")), 1); /* no temporary file stays */
}

static void a_file_over_the_bound_is_refused(void **state)
{
    struct err err = ERR_INIT;
    char *big = calloc(1, 100000), *bytes = NULL;
    size_t n;

    (void)state;
    assert_int_equal(file_write_atomic(in_folder("big"), big, 100000, 0600, &err), 0);
    assert_int_equal(file_read_all(in_folder("big"), 99999, &bytes, &n, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "has more than 99999 bytes"));
    assert_null(bytes);
    assert_int_equal(file_read_all("/dev/zero", 1000, &bytes, &n, &err), ERR_INVALID);
    assert_int_equal(file_read_all(in_folder("big"), 100000, &bytes, &n, &err), 0);
    assert_int_equal(n, 100000);
    free(bytes);
    free(big);
}

static void errors_name_the_file(void **state)
{
    struct err err = ERR_INIT;
    char *bytes;
    size_t n;

    (void)state;
    assert_int_equal(file_read_all(in_folder("none"), 9, &bytes, &n, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, in_folder("none")));
    assert_true(file_read_all(folder, 9, &bytes, &n, &err) < 0);
    assert_int_equal(file_write_atomic(in_folder("none/a"), "x", 1, 0600, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "none/a"));
    assert_int_equal(file_sync_dir(in_folder("none"), &err), ERR_NOT_FOUND);
    assert_int_equal(file_sync_dir(folder, &err), 0);
}

static void T50_a_planted_link_is_replaced_not_followed(void **state)
{
    struct err err = ERR_INIT;
    struct stat st;
    char *bytes;
    size_t n;

    (void)state;
    assert_int_equal(file_write_atomic(in_folder("victim"), "untouched", 9, 0600, &err), 0);
    assert_int_equal(symlink(in_folder("victim"), in_folder("planted")), 0);
    assert_int_equal(file_write_atomic(in_folder("planted"), "new", 3, 0600, &err), 0);
    assert_int_equal(lstat(in_folder("planted"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(file_read_all(in_folder("victim"), 99, &bytes, &n, &err), 0);
    assert_string_equal(bytes, "untouched");
    free(bytes);
    assert_int_equal(symlink(in_folder("victim"), in_folder("lock-link")), 0);
    assert_int_equal(file_lock(in_folder("lock-link"), &(int){0}, &err), ERR_DENIED);
}

#define WRITERS 4

static char shared[300];

static void *write_often(void *arg)
{
    char text[5000];

    memset(text, *(const char *)arg, sizeof(text));
    for (int i = 0; i < 40; i++)
        if (file_write_atomic(shared, text, sizeof(text), 0600, NULL) < 0)
            return arg;
    return NULL;
}

static void a_reader_sees_one_writers_bytes_whole(void **state)
{
    static char letters[WRITERS] = {'a', 'b', 'c', 'd'};
    pthread_t threads[WRITERS];
    struct err err = ERR_INIT;
    void *failed;

    (void)state;
    snprintf(shared, sizeof(shared), "%s", in_folder("shared"));
    assert_int_equal(file_write_atomic(shared, "", 0, 0600, &err), 0);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_often, &letters[i]), 0);
    for (int i = 0; i < 200; i++) {
        char *bytes;
        size_t n;
        assert_int_equal(file_read_all(shared, 5000, &bytes, &n, &err), 0);
        assert_true(n == 0 || n == 5000);
        for (size_t k = 1; k < n; k++)
            assert_int_equal(bytes[k], bytes[0]);
        free(bytes);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

static void folders_are_made_down_to_the_last(void **state)
{
    mode_t before = umask(077);
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(file_mkdirs(in_folder("x/y//z/"), 0755, &err), 0);
    umask(before);
    assert_int_equal(mode_of(in_folder("x")), 0755);
    assert_int_equal(mode_of(in_folder("x/y/z")), 0755);
    assert_int_equal(file_mkdirs(in_folder("x/y"), 0700, &err), 0);
    assert_int_equal(mode_of(in_folder("x/y")), 0755); /* it was there: left as it is */
    assert_int_equal(file_write_atomic(in_folder("plain"), "", 0, 0600, &err), 0);
    assert_int_equal(file_mkdirs(in_folder("plain"), 0700, &err), ERR_INVALID);
    assert_true(file_mkdirs(in_folder("plain/under"), 0700, &err) < 0);
    assert_int_equal(file_mkdirs("", 0700, &err), ERR_INVALID);
}

static void a_lock_is_held_once_and_falls_with_its_holder(void **state)
{
    struct err err = ERR_INIT;
    int fd = -1, again = -1, status;
    pid_t pid;

    (void)state;
    assert_int_equal(file_lock(in_folder("lock"), &fd, &err), 0);
    assert_int_equal(mode_of(in_folder("lock")), 0600);
    assert_int_equal(file_lock(in_folder("lock"), &again, &err), ERR_BUSY);
    assert_non_null(strstr(err.text, "is held by another process"));
    assert_int_equal(again, -1);
    close(fd);
    pid = fork();
    if (pid == 0) { /* takes it and is gone without a word */
        _exit(file_lock(in_folder("lock"), &fd, NULL) == 0 ? 7 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(file_lock(in_folder("lock"), &fd, &err), 0);
    close(fd);
}

static void T55_a_folder_open_to_others_is_refused_and_says_what_to_do(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(file_mkdirs(in_folder("state"), 0700, &err), 0);
    for (unsigned mode = 0700; mode <= 0777; mode++) {
        assert_int_equal(chmod(in_folder("state"), mode), 0);
        assert_int_equal(file_check_dir(in_folder("state"), true, &err),
                         (mode & 0077) == 0 ? 0 : ERR_DENIED);
        assert_int_equal(file_check_dir(in_folder("state"), false, &err),
                         (mode & 0022) == 0 ? 0 : ERR_DENIED);
    }
    assert_non_null(strstr(err.text, "Run chmod go-w on it"));
    assert_int_equal(file_check_dir(in_folder("nowhere"), true, &err), ERR_NOT_FOUND);
    assert_int_equal(file_write_atomic(in_folder("flat"), "", 0, 0600, &err), 0);
    assert_int_equal(file_check_dir(in_folder("flat"), true, &err), ERR_INVALID);
    assert_int_equal(chmod(in_folder("state"), 0700), 0);
    assert_int_equal(symlink(in_folder("state"), in_folder("state-link")), 0);
    assert_int_equal(file_check_dir(in_folder("state-link"), true, &err), ERR_INVALID);
}

static void all_bytes_go_out_or_the_reason_comes_back(void **state)
{
    int ends[2];
    char got[4];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(file_write_fd(ends[1], "abc", 3), 0);
    assert_int_equal(read(ends[0], got, sizeof(got)), 3);
    close(ends[0]);
    close(ends[1]);
    assert_true(file_write_fd(ends[1], "abc", 3) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_with_its_mode_whatever_the_umask),
        cmocka_unit_test(a_file_over_the_bound_is_refused),
        cmocka_unit_test(errors_name_the_file),
        cmocka_unit_test(T50_a_planted_link_is_replaced_not_followed),
        cmocka_unit_test(a_reader_sees_one_writers_bytes_whole),
        cmocka_unit_test(folders_are_made_down_to_the_last),
        cmocka_unit_test(a_lock_is_held_once_and_falls_with_its_holder),
        cmocka_unit_test(T55_a_folder_open_to_others_is_refused_and_says_what_to_do),
        cmocka_unit_test(all_bytes_go_out_or_the_reason_comes_back),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
