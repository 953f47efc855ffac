/* door_keys: made once, the same from then on, and refused when others can read them. */
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
#include "server/api/door_keys.h"

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/slipway-keys-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path_of("credential-key"));
    return rmdir(folder);
}

static void the_key_is_made_once_and_private(void **state)
{
    struct door_keys first, second;
    struct err err = ERR_INIT;
    struct stat st;

    (void)state;
    assert_int_equal(door_keys_open(folder, &first, &err), 0);
    assert_int_equal(door_keys_open(folder, &second, &err), 0);
    assert_true(secret_equal(first.credential, secret_bytes(second.credential),
                             secret_len(second.credential)));
    assert_int_equal(secret_len(first.credential), 64);
    assert_int_equal(stat(path_of("credential-key"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    door_keys_deinit(&first);
    door_keys_deinit(&second);
}

static void keys_that_others_can_read_are_refused(void **state)
{
    struct door_keys keys;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(door_keys_open(folder, &keys, &err), 0);
    door_keys_deinit(&keys);
    assert_int_equal(chmod(path_of("credential-key"), 0640), 0);
    assert_int_equal(door_keys_open(folder, &keys, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "credential-key"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_key_is_made_once_and_private),
        TEST(keys_that_others_can_read_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
