/* signer: made once and the same from then on; the one in force is what the store says; a crash between two steps is one
 * or the other. */
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

#include "lib/base/arena.h"
#include "lib/base/file.h"
#include "lib/store/db.h"
#include "lib/store/store.h"
#include "lib/store/store_signing_key.h"
#include "server/flow/signer.h"

static char folder[64], keys[96];
static struct store store;
static struct arena arena;

static int set_up(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    arena_init(&arena);
    snprintf(folder, sizeof(folder), "/tmp/slipway-signer-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(keys, sizeof(keys), "%s/keys", folder);
    assert_int_equal(file_mkdirs(keys, 0700, &err), 0);
    assert_int_equal(store_open(arena_printf(&arena, "%s/state", folder), "1", 1, &store, &err), 0);
    return 0;
}

static int tear_down(void **state)
{
    char line[160];

    (void)state;
    db_close(store.db);
    close(store.lock);
    snprintf(line, sizeof(line), "rm -rf '%s'", folder);
    arena_deinit(&arena);
    return system(line); // NOLINT(cert-env33-c)
}

/* As at a start. */
static struct signer *opened(void)
{
    struct signer *s;
    struct err err = ERR_INIT;

    if (signer_open(keys, store.db, NULL, 1, &s, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

static void announced(int64_t number, const char *key)
{
    const struct signing_key row = {.number = number,
                                    .key = key,
                                    .announcement = "{}",
                                    .signature = "x",
                                    .announced_at = 2,
                                    .until = 3};
    struct err err = ERR_INIT;

    assert_int_equal(store_signing_key_put(store.db, &row, &err), 0);
}

static const char *text_of(struct signer *s)
{
    return arena_str(&arena, signer_text(s));
}

static void a_turn_over_is_what_the_store_says(void **state)
{
    struct signer *s = opened();
    const char *first = text_of(s), *next, *again;
    struct err err = ERR_INIT;
    struct stat st;

    (void)state;
    assert_int_equal(stat(arena_printf(&arena, "%s/signing-key.pem", keys), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(signer_prepare(s, 2, true, &next, &err), 0);
    next = arena_str(&arena, next);
    assert_string_not_equal(next, first);
    signer_free(s); /* killed before it was announced */

    s = opened();
    assert_string_equal(text_of(s), first);
    assert_int_equal(signer_prepare(s, 2, true, &again, &err), 0);
    assert_string_equal(again, next); /* never another one under a number */
    announced(2, next);
    signer_free(s); /* killed behind it */

    s = opened();
    assert_string_equal(text_of(s), first);
    assert_int_equal(store_signing_key_turn(store.db, 2, 4, &err), 0);
    signer_free(s); /* killed before this process signed by it */

    s = opened();
    assert_string_equal(text_of(s), next);
    signer_free(s);
}

static void one_key_at_a_time_is_announced(void **state)
{
    struct signer *s = opened();
    const struct signing_key third = {.number = 3,
                                      .key = "k3",
                                      .announcement = "{}",
                                      .signature = "x",
                                      .announced_at = 2,
                                      .until = 3};
    struct err err = ERR_INIT;

    (void)state;
    announced(2, "k2");
    assert_int_equal(store_signing_key_put(store.db, &third, &err), ERR_CONFLICT);
    signer_free(s);
}

static void a_key_that_is_gone_or_another_one_stops_the_start(void **state)
{
    const char *path = arena_printf(&arena, "%s/signing-key.pem", keys);
    struct err err = ERR_INIT;
    struct signer *s = opened();

    (void)state;
    signer_free(s);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(signer_open(keys, store.db, NULL, 1, &s, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "signing-key.pem"));
    assert_int_equal(access(path, F_OK),
                     -1); /* and none is made in its place: no host would believe it */
}

static void keys_that_others_can_read_or_that_are_none_are_refused(void **state)
{
    const char *path = arena_printf(&arena, "%s/signing-key.pem", keys);
    static const char text[] = "-----BEGIN PRIVATE KEY-----\nnothing of a key\n";
    struct err err = ERR_INIT;
    struct signer *s = opened();
    struct stat st;

    (void)state;
    signer_free(s);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(signer_open(keys, store.db, NULL, 1, &s, &err), ERR_DENIED);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, &err), 0);
    assert_int_equal(signer_open(keys, store.db, NULL, 1, &s, &err), ERR_INVALID);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, sizeof(text) - 1);
}

/* The folder of keys is from before the turn-over, the store from after it, or the other way round. */
static void a_backup_of_one_half_is_said(void **state)
{
    struct err err = ERR_INIT;
    struct signer *s = opened();
    const char *next;

    (void)state;
    assert_int_equal(signer_prepare(s, 2, true, &next, &err), 0);
    announced(2, next);
    assert_int_equal(store_signing_key_turn(store.db, 2, 4, &err), 0);
    signer_free(s);
    assert_int_equal(unlink(arena_printf(&arena, "%s/signing-key-2.pem", keys)), 0);
    assert_int_equal(signer_open(keys, store.db, NULL, 1, &s, &err), ERR_NOT_FOUND);
    assert_int_equal(rename(arena_printf(&arena, "%s/signing-key.pem", keys),
                            arena_printf(&arena, "%s/signing-key-2.pem", keys)),
                     0);
    assert_int_equal(signer_open(keys, store.db, NULL, 1, &s, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.text, "Put the right file back"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_turn_over_is_what_the_store_says),
        TEST(one_key_at_a_time_is_announced),
        TEST(a_key_that_is_gone_or_another_one_stops_the_start),
        TEST(keys_that_others_can_read_or_that_are_none_are_refused),
        TEST(a_backup_of_one_half_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
