/* document: exact bytes, read back strictly; the shipped scripts and how `uses` finds them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/ssm/document.h"
#include "lib/ssm/document_shipped.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static struct config_pair variables[] = {{"SLIPWAY_ROOT", "/srv/x"}, {"RAILS_ENV", "pro\"d\n"}};

static const struct document_step usual_steps[] = {
    {.action = DOCUMENT_RUN,
     .name = "fetch",
     .script = "echo \"$SLIPWAY_SHA\"\n",
     .working_directory = "",
     .run_as = "deploy",
     .timeout_s = 600,
     .environment = {.items = variables, .n = 2}},
    {.action = DOCUMENT_HEALTH,
     .name = "health",
     .http = "http://127.0.0.1:3000/up",
     .expect = 200,
     .within_s = 60},
    {.action = DOCUMENT_HEALTH,
     .name = "health-2",
     .script = "bin/up",
     .working_directory = "/srv/x/current",
     .run_as = "",
     .within_s = 30},
};

static struct document usual(void)
{
    struct document_step *steps = arena_alloc(&arena, sizeof(usual_steps));

    memcpy(steps, usual_steps, sizeof(usual_steps));
    return (struct document){.description = "web of acme/x", .steps = steps, .n_steps = 3};
}

static const char *text_of(const struct document *d, char digest[DIGEST_HEX_SIZE])
{
    struct err err = ERR_INIT;
    const char *text = NULL;

    if (document_make(&arena, d, &text, digest, &err) < 0)
        fail_msg("%s", err.text);
    return text;
}

static void bytes_are_schema_2_2(void **state)
{
    struct document d = usual();
    char digest[DIGEST_HEX_SIZE];

    (void)state;
    d.n_steps = 2;
    assert_string_equal(
        text_of(&d, digest),
        "{\"schemaVersion\":\"2.2\",\"description\":\"web of acme/x\",\"mainSteps\":["
        "{\"action\":\"aws:runShellScript\",\"name\":\"fetch\",\"inputs\":{\"runCommand\":[\"set "
        "-eu\","
        "\"echo \\\"$SLIPWAY_SHA\\\"\\n\"],\"workingDirectory\":\"\",\"environment\":{"
        "\"SLIPWAY_ROOT\":\"/srv/x\",\"RAILS_ENV\":\"pro\\\"d\\n\"},\"runAs\":\"deploy\","
        "\"timeoutSeconds\":\"600\",\"onFailure\":\"exit\"}},"
        "{\"action\":\"slipway:health\",\"name\":\"health\",\"inputs\":{\"http\":\"http://"
        "127.0.0.1:3000/up\",\"expect\":200,\"withinSeconds\":60}}]}");
}

static void same_document_gives_same_bytes_after_reading(void **state)
{
    struct document d = usual();
    char first[DIGEST_HEX_SIZE], second[DIGEST_HEX_SIZE];
    const char *text = text_of(&d, first);
    struct err err = ERR_INIT;
    struct document back;

    (void)state;
    assert_int_equal(document_parse(&arena, text, strlen(text), &back, &err), 0);
    assert_int_equal(back.n_steps, 3);
    assert_string_equal(text_of(&back, second), text);
    assert_string_equal(first, second);
    assert_null(back.steps[2].http);
    assert_string_equal(back.steps[2].script, "bin/up");
    assert_string_equal(back.steps[0].environment.items[1].value, "pro\"d\n");
    assert_int_equal(document_step_number(&back, "health"), 1);
    assert_int_equal(document_step_number(&back, "nothing"), -1);
}

static char *changed(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    assert_non_null(at);
    return arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void odd_documents_are_refused_by_the_host(void **state)
{
    static const struct {
        const char *from;
        const char *to;
    } cases[] = {
        {"\"2.2\"", "\"1.2\""},
        {"aws:runShellScript", "aws:runDocument"},
        {"\"name\":\"fetch\"", "\"name\":\"../x\""},
        {"\"name\":\"fetch\"", "\"name\":\"health\""},
        {"\"set -eu\"", "\"set -e\""},
        {"\"set -eu\",", ""},
        {"\"timeoutSeconds\":\"600\"", "\"timeoutSeconds\":\"4\""},
        {"\"timeoutSeconds\":\"600\"", "\"timeoutSeconds\":\"172801\""},
        {"\"timeoutSeconds\":\"600\"", "\"timeoutSeconds\":600"},
        {"\"onFailure\":\"exit\"", "\"onFailure\":\"successAndExit\""},
        {"\"runAs\":\"deploy\"", "\"runAs\":\"0\""},
        {"\"runAs\":\"deploy\"", "\"runAs\":\"-u\""},
        {"\"workingDirectory\":\"\"", "\"workingDirectory\":\"here\""},
        {"\"SLIPWAY_ROOT\"", "\"LD PRELOAD\""},
        {"\"SLIPWAY_ROOT\"", "\"\""},
        {"\"SLIPWAY_ROOT\"", "\"A=B\""},
        {"\"/srv/x\"", "5"},
        {"\"expect\":200", "\"expect\":99"},
        {"\"http\":\"http:", "\"http\":\"file:"},
        {"\"withinSeconds\":60", "\"withinSeconds\":0"},
        {"\"withinSeconds\":60", "\"withinSeconds\":60,\"more\":1"},
        {"\"description\"", "\"parameters\":{},\"description\""},
    };
    struct document d = usual();
    char digest[DIGEST_HEX_SIZE];
    const char *text = text_of(&d, digest);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *odd = changed(text, cases[i].from, cases[i].to);
        struct err err = ERR_INIT;
        struct document back;

        if (document_parse(&arena, odd, strlen(odd), &back, &err) != ERR_INVALID)
            fail_msg("taken: %s for %s", cases[i].to, cases[i].from);
    }
}

static void documents_over_64_kib_are_not_made(void **state)
{
    struct document d = usual();
    struct err err = ERR_INIT;
    char digest[DIGEST_HEX_SIZE];
    char *long_script = arena_alloc(&arena, DOCUMENT_MAX + 1);
    const char *text;

    (void)state;
    memset(long_script, 'a', DOCUMENT_MAX);
    d.steps[0].script = long_script;
    assert_int_equal(document_make(&arena, &d, &text, digest, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "64 KiB"));
}

/* Shipped documents --------------------------------------------------------------------------- */

static void each_shipped_document_is_found_by_name_and_version(void **state)
{
    static const char *const names[] = {"activate",    "fetch",   "migrate-check",
                                        "migrate-run", "publish", "restart"};
    const struct document_shipped *all;
    size_t n;

    (void)state;
    all = document_shipped_all(&n);
    assert_true(n >= 6);
    for (size_t i = 0; i < n; i++)
        assert_ptr_equal(document_shipped_find(all[i].name), &all[i]);
    for (size_t i = 0; i < 6; i++) {
        const struct document_shipped *found = document_shipped_find(names[i]);
        char digest[DIGEST_HEX_SIZE];

        assert_non_null(found);
        assert_true(str_starts(found->name, names[i]));
        digest_sha256_hex(found->script, found->len, digest);
        assert_string_equal(digest, found->digest);
    }
    assert_null(document_shipped_find("fetch@0"));
    assert_null(document_shipped_find("fetch@99"));
    assert_null(document_shipped_find("fet"));
    assert_null(document_shipped_find(""));
}

static void T30_no_shipped_script_has_a_place_for_pasted_values(void **state)
{
    const struct document_shipped *all;
    size_t n;

    (void)state;
    all = document_shipped_all(&n);
    for (size_t i = 0; i < n; i++) {
        assert_null(strstr(all[i].script, "{{"));
        assert_null(strstr(all[i].script, "eval"));
        assert_int_equal(strlen(all[i].script), all[i].len);
    }
}

static void uses_migrate_is_check_and_run(void **state)
{
    struct document_step steps[DOCUMENT_SHIPPED_STEPS];
    struct err err = ERR_INIT;
    size_t n;

    (void)state;
    assert_int_equal(document_shipped_steps(&arena, "migrate", "migrate", steps, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_string_equal(steps[0].name, "check");
    assert_string_equal(steps[1].name, "migrate");
    assert_ptr_equal(steps[0].script, document_shipped_find("migrate-check@1")->script);
    assert_int_equal(document_shipped_steps(&arena, "migrate@1", "schema", steps, &n, &err), 0);
    assert_string_equal(steps[1].name, "schema");
    assert_int_equal(document_shipped_steps(&arena, "fetch@1", "fetch", steps, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(document_shipped_steps(&arena, "fetsch", "x", steps, &n, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "activate@1, fetch@1, migrate@1, publish@1, restart@1"));
}

static const char *value_of(const struct config_pairs *pairs, const char *key)
{
    for (size_t i = 0; i < pairs->n; i++) {
        if (strcmp(pairs->items[i].key, key) == 0)
            return pairs->items[i].value;
    }
    return NULL;
}

static void settings_reach_scripts_and_win_over_env(void **state)
{
    const struct document_settings settings = {.root = "/srv/x",
                                               .keep = 5,
                                               .mirror = "https://example.com/x.git",
                                               .branch = "main"};
    struct config_pair with_items[] = {{"unit", "puma"}};
    struct config_pair env_items[] = {{"SLIPWAY_ROOT", "/"}, {"RAILS_ENV", "production"}};
    struct config_pairs with = {.items = with_items, .n = 1};
    struct config_pairs env = {.items = env_items, .n = 2};
    struct config_pairs out;

    (void)state;
    document_shipped_environment(&arena, &settings, &with, &env, &out);
    assert_string_equal(value_of(&out, "SLIPWAY_ROOT"), "/srv/x");
    assert_string_equal(value_of(&out, "SLIPWAY_KEEP"), "5");
    assert_string_equal(value_of(&out, "SLIPWAY_WITH_UNIT"), "puma");
    assert_string_equal(value_of(&out, "RAILS_ENV"), "production");
    assert_int_equal(out.n, 6);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_are_schema_2_2),
        TEST(same_document_gives_same_bytes_after_reading),
        TEST(odd_documents_are_refused_by_the_host),
        TEST(documents_over_64_kib_are_not_made),
        TEST(each_shipped_document_is_found_by_name_and_version),
        TEST(T30_no_shipped_script_has_a_place_for_pasted_values),
        TEST(uses_migrate_is_check_and_run),
        TEST(settings_reach_scripts_and_win_over_env),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
