/* envelope: only whole, signed, well-formed envelopes are opened; no member can be changed (T31). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/ssm/envelope.h"

#define SHA "4f2c9e1a4f2c9e1a4f2c9e1a4f2c9e1a4f2c9e1a"
#define OLD "1111111111111111111111111111111111111111"

static struct arena arena;
static struct sign_key *key;
static unsigned char public_key[SIGN_PUBLIC_SIZE];

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    key = sign_key_new();
    sign_key_public(key, public_key);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    sign_key_free(key);
    return 0;
}

static struct envelope usual(void)
{
    return (struct envelope){
        .store_id = "0b1c2d3e-0000-4000-8000-000000000001",
        .command_id = "01930000-0000-7000-8000-000000000001",
        .host_id = "mi-0123456789abcdef0",
        .host = "batch-1",
        .repository = "acme/rails-app",
        .environment = "production",
        .release = 128,
        .database = "acme/rails-app/production/primary-db",
        .epoch = 7,
        .document = "migrate@1",
        .document_digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        .sha = SHA,
        .previous_sha = OLD,
        .roles = "batch,worker",
        .start_by = 1795497000000,
    };
}

static const char *text_of(const struct envelope *e)
{
    struct err err = ERR_INIT;
    const char *text = NULL;

    if (envelope_make(&arena, e, &text, &err) < 0)
        fail_msg("%s", err.text);
    return text;
}

static int open_text(const char *text, struct envelope *ret, struct err *err)
{
    char signature[ENVELOPE_SIGNATURE_SIZE];

    envelope_sign(key, text, signature);
    return envelope_open(&arena, public_key, text, signature, ret, err);
}

static void envelope_comes_out_as_it_went_in(void **state)
{
    struct envelope e = usual();
    struct err err = ERR_INIT;
    struct envelope back;

    (void)state;
    assert_int_equal(open_text(text_of(&e), &back, &err), 0);
    assert_string_equal(text_of(&back), text_of(&e));
    assert_string_equal(back.database, e.database);
    assert_int_equal(back.epoch, 7);
    assert_int_equal(back.start_by, e.start_by);
}

/* Not in its document: so that is the same for each attempt, and may lie on the disk of a strict host. */
static void M6_a_probe_names_the_attempt_that_it_asks_about(void **state)
{
    struct envelope e = usual();
    struct err err = ERR_INIT;
    struct envelope back;
    const char *text;

    (void)state;
    assert_int_equal(open_text(text_of(&e), &back, &err), 0);
    assert_null(back.attempt);
    e.attempt = "01930000-0000-7000-8000-000000000009";
    assert_int_equal(open_text(text_of(&e), &back, &err), 0);
    assert_string_equal(back.attempt, e.attempt);
    e.attempt = "$(reboot)";
    assert_int_equal(envelope_make(&arena, &e, &text, &err), ERR_INVALID);
}

static void job_without_database_has_epoch_zero(void **state)
{
    struct envelope e = usual();
    struct err err = ERR_INIT;
    struct envelope back;
    const char *text;

    (void)state;
    e.database = NULL;
    assert_int_equal(envelope_make(&arena, &e, &text, &err), ERR_INVALID);
    e.epoch = 0;
    e.previous_sha = "";
    assert_int_equal(open_text(text_of(&e), &back, &err), 0);
    assert_null(back.database);
    assert_string_equal(back.previous_sha, "");
}

static void T31_each_changed_byte_is_denied(void **state)
{
    struct envelope e = usual();
    char signature[ENVELOPE_SIGNATURE_SIZE];
    char *text = arena_str(&arena, text_of(&e));
    struct envelope back;

    (void)state;
    envelope_sign(key, text, signature);
    for (size_t i = 0; text[i] != '\0'; i++) {
        struct err err = ERR_INIT;

        text[i] ^= 1;
        assert_int_equal(envelope_open(&arena, public_key, text, signature, &back, &err),
                         ERR_DENIED);
        text[i] ^= 1;
    }
}

static void T31_other_servers_key_is_denied(void **state)
{
    struct sign_key *other = sign_key_new();
    struct envelope e = usual();
    char signature[ENVELOPE_SIGNATURE_SIZE];
    struct err err = ERR_INIT;
    struct envelope back;

    (void)state;
    envelope_sign(other, text_of(&e), signature);
    assert_int_equal(envelope_open(&arena, public_key, text_of(&e), signature, &back, &err),
                     ERR_DENIED);
    assert_int_equal(envelope_open(&arena, public_key, text_of(&e), "", &back, &err), ERR_DENIED);
    sign_key_free(other);
}

/* `from` replaced by `to`, once. */
static char *changed(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    assert_non_null(at);
    return arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void signed_but_odd_envelopes_are_refused(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *says;
    } cases[] = {
        {"\"Protocol\":2", "\"Protocol\":3", "protocol"},
        {"\"Protocol\":2", "\"Protocol\":0", "protocol"},
        {"\"Protocol\":2", "\"Protocol\":\"2\"", "protocol"},
        {"\"Epoch\":7", "\"Epoch\":0", "Epoch"},
        {"\"Epoch\":7", "\"Epoch\":7.5", "Epoch"},
        {"\"Epoch\":7,", "", "members"},
        {"\"Epoch\":7", "\"Epoch\":7,\"More\":1", "More"},
        {"\"Epoch\":7", "\"Epoch\":7,\"RedactDigest\":null", "members"},
        {"\"Epoch\":7", "\"Epoch\":7,\"RedactDigest\":5", "members"},
        {"\"Epoch\":7", "\"Epoch\":7,\"RedactDigest\":\"ab\"", "RedactDigest"},
        {"\"Epoch\":7,", "\"RedactDigest\":\"ab\",", "members"},
        {"\"Release\":128", "\"Release\":129", "RELEASE"},
        {"\"Release\":128", "\"Release\":-1", "Release"},
        {"\"Host\":\"mi-", "\"Host\":\"m-", "Host"},
        {"\"HostName\":\"batch-1\"", "\"HostName\":\"batch-2\"", "HOST"},
        {"\"HostName\":\"batch-1\"", "\"HostName\":\"$(id)\"", "HostName"},
        {"\"Environment\":\"production\"", "\"Environment\":\"stage\"", "ENVIRONMENT"},
        {"\"Repository\":\"acme/rails-app\"", "\"Repository\":\"acme/other\"", "REPO"},
        {"\"SHA\":\"4f2c", "\"SHA\":\"4F2C", "SHA"},
        {"\"SHA\":\"4f2c", "\"SHA\":\"--upload-pack=x", "SHA"},
        {"\"ROLE\":\"batch,worker\"", "\"ROLE\":\"batch,\"", "ROLE"},
        {"\"ROLE\":\"batch,worker\"", "\"ROLE\":\"a;b\"", "ROLE"},
        {"\"ROLE\":", "\"OTHER\":", "OTHER"},
        {"\"Database\":\"acme", "\"Database\":\"-acme", "Database"},
        {"\"Database\":\"acme/rails-app/production/primary-db\"", "\"Database\":5", "Database"},
        {"\"Document\":\"migrate@1\"", "\"Document\":\"migrate\"", "Document"},
        {"\"StartBy\":1795497000000", "\"StartBy\":0", "StartBy"},
        {"\"StoreId\":\"0b", "\"StoreId\":\"0B", "StoreId"},
    };
    struct envelope e = usual();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = ERR_INIT;
        struct envelope back;

        if (open_text(changed(text_of(&e), cases[i].from, cases[i].to), &back, &err) !=
                ERR_INVALID ||
            strstr(err.text, cases[i].says) == NULL)
            fail_msg("%s for %s: %s", cases[i].to, cases[i].from, err.text);
    }
}

static void no_text_that_is_not_an_object_is_opened(void **state)
{
    static const char *const texts[] = {"", "{}", "[]", "null", "{\"Protocol\":1}", "{", "1"};
    struct envelope back;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct err err = ERR_INIT;

        assert_int_equal(open_text(texts[i], &back, &err), ERR_INVALID);
    }
}

static void scripts_get_seven_variables(void **state)
{
    struct envelope_variable v[ENVELOPE_VARIABLES];
    struct envelope e = usual();

    (void)state;
    envelope_variables(&arena, &e, v);
    assert_string_equal(v[0].name, "SLIPWAY_SHA");
    assert_string_equal(v[0].value, SHA);
    assert_string_equal(v[6].name, "SLIPWAY_RELEASE");
    assert_string_equal(v[6].value, "r128");
    e.release = 0;
    envelope_variables(&arena, &e, v);
    assert_string_equal(v[6].value, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Of an AWS caller: no repository, environment, commit or role, but the digest of its parameters (decision 31). */
static struct envelope of_a_caller(void)
{
    struct envelope e = usual();

    e.repository = e.environment = e.sha = e.previous_sha = e.roles = "";
    e.release = e.epoch = 0;
    e.database = NULL;
    e.document = "AWS-RunShellScript@1";
    e.parameters_digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    return e;
}

static void a_callers_envelope_comes_out_as_it_went_in_and_no_member_can_be_left_out(void **state)
{
    static const char *const extra[] = {"\"SHA\":\"\",", "\"Database\":null,", "\"Release\":0,"};
    struct envelope e = of_a_caller(), back;
    const char *text = text_of(&e), *comma;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(open_text(text, &back, &err), 0);
    assert_string_equal(back.parameters_digest, e.parameters_digest);
    assert_string_equal(back.document, e.document);
    assert_string_equal(back.repository, "");
    assert_null(back.database);
    assert_int_equal(back.start_by, e.start_by);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(open_text(arena_printf(&arena, "{%s%s", extra[i], text + 1), &back, &err),
                         ERR_INVALID);
    comma = strchr(text, ',');
    assert_int_equal(open_text(arena_printf(&arena, "{%s", comma + 1), &back, &err), ERR_INVALID);
    e.parameters_digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8A";
    assert_int_equal(envelope_make(&arena, &e, &text, &err), ERR_INVALID);
    e = of_a_caller();
    e.document = "../x@1";
    assert_int_equal(envelope_make(&arena, &e, &text, &err), ERR_INVALID);
    /* A job's is no caller's by leaving things out. */
    e = usual();
    e.repository = "";
    assert_int_equal(envelope_make(&arena, &e, &text, &err), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(envelope_comes_out_as_it_went_in),
        TEST(M6_a_probe_names_the_attempt_that_it_asks_about),
        TEST(job_without_database_has_epoch_zero),
        TEST(T31_each_changed_byte_is_denied),
        TEST(T31_other_servers_key_is_denied),
        TEST(signed_but_odd_envelopes_are_refused),
        TEST(no_text_that_is_not_an_object_is_opened),
        TEST(scripts_get_seven_variables),
        TEST(a_callers_envelope_comes_out_as_it_went_in_and_no_member_can_be_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
