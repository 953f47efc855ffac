/* secret: read only from files that nobody else can read; compared whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/secret.h"

static char folder[] = "/tmp/slipway-secret-XXXXXX";
static char path[sizeof(folder) + 20];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/webhook.key", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void put(const void *bytes, size_t n, mode_t mode)
{
    FILE *f;

    unlink(path);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static void assert_holds(const char *file, size_t n, const char *expected, size_t expected_n)
{
    struct secret *secret = NULL;
    struct err err = ERR_INIT;

    put(file, n, 0600);
    assert_int_equal(secret_read_file(path, 1, &secret, &err), 0);
    assert_int_equal(secret_len(secret), expected_n);
    assert_memory_equal(secret_bytes(secret), expected, expected_n);
    secret_free(secret);
}

static void one_line_end_is_dropped_and_nothing_else(void **state)
{
    (void)state;
    assert_holds("abc", 3, "abc", 3);
    assert_holds("abc\n", 4, "abc", 3);
    assert_holds("abc\n\n", 5, "abc\n", 4);
    assert_holds(" abc \r\n", 7, " abc \r", 6);
    assert_holds("a\0b\n", 4, "a\0b", 3);
}

static void a_file_that_others_can_read_is_refused_and_says_what_to_do(void **state)
{
    struct secret *secret = NULL;
    struct err err = ERR_INIT;
    char expected[200];

    (void)state;
    for (unsigned mode = 0400; mode <= 0777; mode++) {
        bool fit = (mode & 0077) == 0;
        put("0123456789", 10, mode);
        assert_int_equal(secret_read_file(path, 1, &secret, &err), fit ? 0 : ERR_DENIED);
        if (!fit) {
            snprintf(expected, sizeof(expected), "(mode %04o). Run chmod 600 on it", mode);
            assert_non_null(strstr(err.text, expected));
            assert_null(secret);
        }
        secret_free(secret);
        secret = NULL;
    }
    put("0123456789", 10, 0640);
    assert_int_equal(secret_read_file(path, 1, &secret, &err), ERR_DENIED);
    snprintf(expected, sizeof(expected),
             "secret file %s is readable by group (mode 0640). Run chmod 600 on it", path);
    assert_string_equal(err.text, expected);
}

static void a_short_or_endless_secret_is_refused_without_showing_it(void **state)
{
    struct secret *secret = NULL;
    struct err err = ERR_INIT;
    char *big = malloc(65538);

    (void)state;
    put("hunter2hunter2\n", 15, 0600);
    assert_int_equal(secret_read_file(path, 32, &secret, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "holds 14 bytes, at least 32 are needed"));
    assert_null(strstr(err.text, "hunter2"));
    assert_int_equal(secret_read_file(path, 14, &secret, &err), 0);
    secret_free(secret);
    secret = NULL;
    memset(big, 'x', 65538);
    put(big, 65537, 0600);
    assert_int_equal(secret_read_file(path, 1, &secret, &err), ERR_INVALID);
    put(big, 65536, 0600);
    assert_int_equal(secret_read_file(path, 1, &secret, &err), 0);
    assert_int_equal(secret_len(secret), 65536);
    secret_free(secret);
    free(big);
}

static void T50_links_folders_pipes_and_absent_files_are_refused(void **state)
{
    char link_path[sizeof(path) + 8];
    struct secret *secret = NULL;
    struct err err = ERR_INIT;

    (void)state;
    put("0123456789", 10, 0600);
    snprintf(link_path, sizeof(link_path), "%s.link", path);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(secret_read_file(link_path, 1, &secret, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "is a symbolic link"));
    unlink(link_path);
    assert_int_equal(secret_read_file(folder, 1, &secret, &err), ERR_INVALID);
    assert_int_equal(mkfifo(link_path, 0600), 0); /* must not wait for a writer */
    assert_int_equal(secret_read_file(link_path, 1, &secret, &err), ERR_INVALID);
    unlink(link_path);
    assert_int_equal(secret_read_file(link_path, 1, &secret, &err), ERR_NOT_FOUND);
    assert_null(secret);
}

static void T01_equal_means_each_byte_and_the_length(void **state)
{
    struct secret *secret = secret_new("0123456789abcdef", 16);
    char guess[17] = "0123456789abcdef";

    (void)state;
    assert_true(secret_equal(secret, guess, 16));
    assert_false(secret_equal(secret, guess, 15));
    assert_false(secret_equal(secret, guess, 17));
    assert_false(secret_equal(secret, "", 0));
    for (size_t i = 0; i < 16; i++) {
        guess[i] ^= 1;
        assert_false(secret_equal(secret, guess, 16));
        guess[i] ^= 1;
    }
    secret_free(secret);
    secret = secret_new(NULL, 0);
    assert_true(secret_equal(secret, "", 0));
    secret_free(secret);
    secret_free(NULL);
}

static void wiped_is_wiped(void **state)
{
    char bytes[64];

    (void)state;
    memset(bytes, 'k', sizeof(bytes));
    secret_wipe(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        assert_int_equal(bytes[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_end_is_dropped_and_nothing_else),
        cmocka_unit_test(a_file_that_others_can_read_is_refused_and_says_what_to_do),
        cmocka_unit_test(a_short_or_endless_secret_is_refused_without_showing_it),
        cmocka_unit_test(T50_links_folders_pipes_and_absent_files_are_refused),
        cmocka_unit_test(T01_equal_means_each_byte_and_the_length),
        cmocka_unit_test(wiped_is_wiped),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
