/*
 * key_chain and announcement: whose signature a host believes. Only what was announced under a key that is believed,
 * in time, and only one successor of each (docs/decisions/0070; threats.md T31).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "agent/key_chain.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/names.h"
#include "lib/base/sign.h"

#define NOW INT64_C(1795497000000)
#define DAY INT64_C(86400000)
#define N_KEYS 4

static struct {
    struct arena arena;
    char folder[128];
    struct sign_key *keys[N_KEYS]; /* the first is pinned */
    struct agent_config config;
    struct key_chain *chain;
    struct envelope envelope;
} w;

static int set_up(void **state)
{
    static char ids[2][NAMES_UUID_SIZE];
    struct err err = ERR_INIT;

    (void)state;
    memset(&w, 0, sizeof(w));
    arena_init(&w.arena);
    snprintf(w.folder, sizeof(w.folder), "%.80s/slipway-keys-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(w.folder));
    for (int i = 0; i < N_KEYS; i++)
        w.keys[i] = sign_key_new();
    agent_config_init(&w.config);
    names_uuid_new(ids[0]);
    names_uuid_new(ids[1]);
    w.config.store_id = ids[0];
    sign_key_public(w.keys[0], w.config.key);
    w.envelope =
        (struct envelope){.store_id = ids[0],
                          .command_id = ids[1],
                          .host_id = "mi-0123456789abcdef0",
                          .host = "web-1",
                          .repository = "acme/shop",
                          .environment = "production",
                          .release = 2,
                          .document = "web@1",
                          .document_digest =
                              "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
                          .sha = "4f2c9e1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                          .previous_sha = "",
                          .roles = "web",
                          .start_by = NOW};
    assert_int_equal(key_chain_open(w.folder, &w.config, &w.chain, &err), 0);
    return 0;
}

static int tear_down(void **state)
{
    char line[200];

    (void)state;
    key_chain_free(w.chain);
    for (int i = 0; i < N_KEYS; i++)
        sign_key_free(w.keys[i]);
    arena_deinit(&w.arena);
    snprintf(line, sizeof(line), "rm -rf '%s'", w.folder);
    return system(line); // NOLINT(cert-env33-c): a name that mkdtemp made
}

static struct announcement from_to(int from, int to)
{
    struct announcement a = {.store_id = w.config.store_id,
                             .number = to + 2,
                             .until = NOW + 30 * DAY};

    sign_key_public(w.keys[from], a.key);
    sign_key_public(w.keys[to], a.next_key);
    return a;
}

static int take_signed(const struct announcement_signed *s, time_ms now, bool *ret_new,
                       struct err *err)
{
    return key_chain_take(w.chain, s, now, ret_new, err);
}

/* As that key would announce it. */
static int take(const struct announcement *a, int by, time_ms now, struct err *err)
{
    struct announcement_signed s;
    bool is_new;

    *err = (struct err)ERR_INIT;
    announcement_make(&w.arena, a, w.keys[by], &s);
    return take_signed(&s, now, &is_new, err);
}

static void must_take(int from, int to)
{
    struct announcement a = from_to(from, to);
    struct err err = ERR_INIT;

    if (take(&a, from, NOW, &err) != 0)
        fail_msg("%s", err.text);
}

static int judge(int by, time_ms now, struct err *err)
{
    char signature[ENVELOPE_SIGNATURE_SIZE];
    struct envelope e;
    const char *text;

    *err = (struct err)ERR_INIT;
    assert_int_equal(envelope_make(&w.arena, &w.envelope, &text, err), 0);
    envelope_sign(w.keys[by], text, signature);
    return key_chain_judge(w.chain, &w.arena, text, signature, now, &e, err);
}

static void reopen(void)
{
    struct err err = ERR_INIT;

    key_chain_free(w.chain);
    w.chain = NULL;
    if (key_chain_open(w.folder, &w.config, &w.chain, &err) < 0)
        fail_msg("%s", err.text);
}

static void T31_a_key_that_was_not_announced_signs_nothing(void **state)
{
    struct announcement a;
    struct err err;

    (void)state;
    assert_int_equal(judge(0, NOW, &err), 0);
    assert_int_equal(judge(1, NOW, &err), ERR_DENIED);
    /* Announced by itself, or under one that nobody here believes. */
    a = from_to(0, 1);
    assert_int_equal(take(&a, 1, NOW, &err), ERR_DENIED);
    a = from_to(2, 1);
    assert_int_equal(take(&a, 2, NOW, &err), ERR_DENIED);
    assert_int_equal(judge(1, NOW, &err), ERR_DENIED);
    must_take(0, 1);
    assert_int_equal(judge(1, NOW, &err), 0);
    assert_int_equal(judge(2, NOW, &err), ERR_DENIED);
}

static void T31_an_announcement_of_another_store_is_anothers(void **state)
{
    struct announcement a = from_to(0, 1);
    char other[NAMES_UUID_SIZE];
    struct err err;

    (void)state;
    names_uuid_new(other);
    a.store_id = other;
    assert_int_equal(take(&a, 0, NOW, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "this host belongs to"));
    assert_int_equal(judge(1, NOW, &err), ERR_DENIED);
}

static void T31_each_bit_of_an_announcement_is_signed(void **state)
{
    struct announcement a = from_to(0, 1);
    struct announcement_signed s;
    struct err err;
    bool is_new;
    char *text;

    (void)state;
    announcement_make(&w.arena, &a, w.keys[0], &s);
    text = arena_str(&w.arena, s.text);
    s.text = text;
    for (size_t i = 0; text[i] != '\0'; i++) {
        text[i] ^= 1;
        err = (struct err)ERR_INIT;
        if (text[i] != '\0')
            assert_int_not_equal(take_signed(&s, NOW, &is_new, &err), 0);
        text[i] ^= 1;
    }
    assert_int_equal(take_signed(&s, NOW, &is_new, &err), 0);
    assert_true(is_new);
}

/* Who has the older key later, stolen or found in a backup, names no other one. */
static void T31_a_key_names_one_successor_and_no_other(void **state)
{
    struct announcement a;
    struct err err;

    (void)state;
    must_take(0, 1);
    must_take(0, 1); /* said again with each answer */
    a = from_to(0, 2);
    assert_int_equal(take(&a, 0, NOW, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "has named another one before"));
    a = from_to(1, 0); /* nor back */
    assert_int_equal(take(&a, 1, NOW, &err), ERR_DENIED);
    assert_int_equal(judge(2, NOW, &err), ERR_DENIED);
}

static void a_host_that_was_away_follows_all_that_was_announced(void **state)
{
    char newest[DIGEST_BASE64_SIZE(SIGN_PUBLIC_SIZE)], wanted[sizeof(newest)];
    struct announcement a = from_to(2, 3);
    unsigned char raw[SIGN_PUBLIC_SIZE];
    struct err err;

    (void)state;
    assert_int_equal(take(&a, 2, NOW, &err), ERR_DENIED); /* in order alone */
    must_take(0, 1);
    must_take(1, 2);
    must_take(2, 3);
    reopen();
    key_chain_newest(w.chain, newest);
    sign_key_public(w.keys[3], raw);
    digest_base64url(raw, sizeof(raw), wanted);
    assert_string_equal(newest, wanted);
    assert_int_equal(judge(3, NOW, &err), 0);
}

/* It registered after the first turn-over: what lies before its pinned key is none of its business. */
static void what_was_announced_before_its_time_is_known(void **state)
{
    struct announcement a = from_to(3, 0);
    struct err err;

    (void)state;
    assert_int_equal(take(&a, 3, NOW, &err), 0);
    assert_int_equal(judge(3, NOW, &err), ERR_DENIED);
}

static void T31_away_for_too_long_it_says_what_to_do(void **state)
{
    struct announcement a = from_to(0, 1);
    struct err err;

    (void)state;
    assert_int_equal(take(&a, 0, NOW + 30 * DAY + 1, &err), ERR_TIMEOUT);
    assert_non_null(strstr(err.text, "slipway activation create"));
    assert_non_null(strstr(err.text, w.folder));
    /* ... also to whoever looks at what became of a command. */
    assert_int_equal(judge(1, NOW + 31 * DAY, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "slipway activation create"));
    reopen();
    assert_int_equal(judge(1, NOW + 31 * DAY, &err), ERR_DENIED);
}

static void T31_the_older_key_ends_a_day_after_the_next_one_signed(void **state)
{
    struct err err;

    (void)state;
    must_take(0, 1);
    assert_int_equal(judge(0, NOW + 90 * DAY, &err), 0); /* announced, and not turned over yet */
    assert_int_equal(judge(1, NOW + 91 * DAY, &err), 0);
    assert_int_equal(judge(0, NOW + 92 * DAY, &err), 0); /* signed before, and on its way */
    reopen();
    assert_int_equal(judge(0, NOW + 92 * DAY, &err), 0);
    assert_int_equal(judge(0, NOW + 92 * DAY + 1, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "restored from a backup"));
    assert_int_equal(judge(1, NOW + 99 * DAY, &err), 0);
}

/* What is kept is checked from the pinned key on: a line that somebody wrote into it is no key. */
static void T31_what_is_kept_must_follow_from_the_pinned_key(void **state)
{
    struct announcement a = from_to(2, 3);
    struct announcement_signed s;
    struct err err = ERR_INIT;
    struct key_chain *other;
    char path[200], *text;
    size_t len;

    (void)state;
    must_take(0, 1);
    snprintf(path, sizeof(path), "%s/signing-keys", w.folder);
    assert_int_equal(file_read_all(path, 65536, &text, &len, &err), 0);
    free(text);
    announcement_make(&w.arena, &a, w.keys[2], &s);
    text = arena_printf(&w.arena, "[{\"text\":\"%s\",\"signature\":\"%s\",\"in_force_at\":0}]",
                        "{}", s.signature);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, &err), 0);
    assert_int_equal(key_chain_open(w.folder, &w.config, &other, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "nothing is run until somebody has looked"));
}

/* A disk that is full: what could not be kept is not believed. */
static void what_cannot_be_kept_is_not_believed(void **state)
{
    struct announcement a = from_to(0, 1);
    char aside[200];
    struct err err;

    (void)state;
    snprintf(aside, sizeof(aside), "%s.aside", w.folder);
    assert_int_equal(rename(w.folder, aside), 0);
    assert_true(take(&a, 0, NOW, &err) < 0);
    assert_int_equal(judge(1, NOW, &err), ERR_DENIED);
    assert_int_equal(rename(aside, w.folder), 0);
    must_take(0, 1);
    assert_int_equal(judge(1, NOW, &err), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(T31_a_key_that_was_not_announced_signs_nothing),
        TEST(T31_an_announcement_of_another_store_is_anothers),
        TEST(T31_each_bit_of_an_announcement_is_signed),
        TEST(T31_a_key_names_one_successor_and_no_other),
        TEST(a_host_that_was_away_follows_all_that_was_announced),
        TEST(what_was_announced_before_its_time_is_known),
        TEST(T31_away_for_too_long_it_says_what_to_do),
        TEST(T31_the_older_key_ends_a_day_after_the_next_one_signed),
        TEST(T31_what_is_kept_must_follow_from_the_pinned_key),
        TEST(what_cannot_be_kept_is_not_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
