/* names: what passes is safe in a path component, an environment value and a log line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/names.h"

typedef bool grammar(const char *s);

static void check(grammar *is, const char *const *good, const char *const *bad)
{
    for (; *good != NULL; good++)
        if (!is(*good))
            fail_msg("refused: %s", *good);
    for (; *bad != NULL; bad++)
        if (is(*bad))
            fail_msg("taken: %s", *bad);
    assert_false(is(NULL));
    assert_false(is(""));
}

/* Text of n times c. */
static const char *times(size_t n, char c)
{
    static char text[4][400];
    static unsigned next;
    char *out = text[next++ % 4];

    memset(out, c, n);
    out[n] = '\0';
    return out;
}

static void commits_are_40_lower_case_hex_digits(void **state)
{
    const char *const good[] = {"4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e1abcde", NULL};
    const char *const bad[] = {"4F2c9e14f2c9e14f2c9e14f2c9e14f2c9e1abcde",
                               "4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e1abcd",
                               "4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e1abcdef",
                               "4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e1abcdg",
                               "4f2c9e14f2c9e14f2c9e14f2c9e14f2c9e1abcd\n",
                               "0000000000000000000000000000000000000000",
                               "main",
                               NULL};

    (void)state;
    check(names_is_sha40, good, bad);
    assert_true(names_is_zero_sha(times(40, '0')));
    assert_false(names_is_zero_sha(times(39, '0')));
    assert_false(names_is_zero_sha(times(41, '0')));
    assert_false(names_is_zero_sha(NULL));
}

static void repositories_have_an_owner_and_a_name_and_no_way_up(void **state)
{
    const char *const good[] = {
        "acme/rails-app", "a/b", "Acme-Corp/site.github.io", "acme/.github", "a/_",
        "octo_corp/x",    NULL};
    const char *const bad[] = {"acme",      "acme/",     "/app",          "acme/..",
                               "acme/.",    "../app",    "acme/a/b",      "-acme/app",
                               "acme/-app", "acme/a b",  "acme/a\n",      "acme/a%2f",
                               "acme//app", "ac.me/app", "acme/\xc3\xbc", "a/b\\c",
                               "a/$(id)",   "a/b;c",     "acme/app.git/", NULL};
    char text[300];

    (void)state;
    check(names_is_repo, good, bad);
    snprintf(text, sizeof(text), "%s/%s", times(39, 'a'), times(100, 'b'));
    assert_true(names_is_repo(text));
    snprintf(text, sizeof(text), "%s/b", times(40, 'a'));
    assert_false(names_is_repo(text));
    snprintf(text, sizeof(text), "a/%s", times(101, 'b'));
    assert_false(names_is_repo(text));
}

/* git-check-ref-format(1), rules 1 to 10. */
static void branches_obey_git_and_never_look_like_an_option(void **state)
{
    const char *const good[] = {"main", "release/2026-11", "feature/a.b", "a@b", "gr\xc3\xbcn",
                                "a-",   "HEAD2",           "a/-b",        NULL};
    const char *const bad[] = {"-main",    "--upload-pack=x",
                               ".main",    "a/.b",
                               "a..b",     "a b",
                               "a~b",      "a^b",
                               "a:b",      "a?b",
                               "a*b",      "a[b",
                               "a\\b",     "a/",
                               "/a",       "a//b",
                               "a.",       "a.lock",
                               "x.lock/y", "a@{1}",
                               "@",        "a\x7f",
                               "a\x01",    "a\nb",
                               NULL};

    (void)state;
    check(names_is_branch, good, bad);
    assert_true(names_is_branch(times(255, 'a')));
    assert_false(names_is_branch(times(256, 'a')));
}

static void words_are_safe_as_one_component_of_a_path(void **state)
{
    const char *const good[] = {"production", "web-1", "a", "0", "Web_2.eu", NULL};
    const char *const bad[] = {".",   "..",  ".a",  "-a",       "_a",  "a/b",
                               "a b", "a\n", "a=b", "\xc3\xbc", "a\"", NULL};

    (void)state;
    check(names_is_word, good, bad);
    assert_true(names_is_word(times(64, 'a')));
    assert_false(names_is_word(times(65, 'a')));
    for (int c = 1; c < 256; c++) { /* each byte, first and behind the first */
        const char first[] = {(char)c, '\0'}, second[] = {'a', (char)c, '\0'};
        bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        assert_int_equal(names_is_word(first), letter);
        assert_int_equal(names_is_word(second), letter || c == '.' || c == '_' || c == '-');
    }
}

static void T05_delivery_ids_are_short_and_printable(void **state)
{
    const char *const good[] = {"72d3162e-cc78-11e3-81ab-4c9367dc0958", "x", NULL};
    const char *const bad[] = {"a b", "a\n", "a\tb", "\x7f", "\xc3\xbc", NULL};

    (void)state;
    check(names_is_guid, good, bad);
    assert_true(names_is_guid(times(128, 'a')));
    assert_false(names_is_guid(times(129, 'a')));
}

static void ids_of_hosts_and_documents(void **state)
{
    const char *const hosts[] = {"mi-0123456789abcdef0", NULL};
    const char *const no_hosts[] = {"mi-0123456789abcdef",  "mi-0123456789abcdef01",
                                    "mi-0123456789ABCDEF0", "i-0123456789abcdef00",
                                    "MI-0123456789abcdef0", NULL};
    const char *const documents[] = {"fetch@1", "migrate@12", "a.b-c@999999", NULL};
    const char *const no_documents[] = {"fetch",     "fetch@",        "@1",
                                        "fetch@1a",  "fetch@-1",      "fe/ch@1",
                                        "fetch@1@2", "fetch@1000000", NULL};
    char text[100];

    (void)state;
    check(names_is_host_id, hosts, no_hosts);
    check(names_is_document, documents, no_documents);
    snprintf(text, sizeof(text), "%s@1", times(64, 'a'));
    assert_true(names_is_document(text));
    snprintf(text, sizeof(text), "%s@1", times(65, 'a'));
    assert_false(names_is_document(text));
}

static void new_ids_have_the_right_form_and_never_repeat(void **state)
{
    char ids[500][NAMES_UUID_SIZE];

    (void)state;
    for (size_t i = 0; i < 500; i++) {
        names_uuid_new(ids[i]);
        assert_true(names_is_uuid(ids[i]));
        assert_int_equal(ids[i][14], '4');
        assert_non_null(strchr("89ab", ids[i][19]));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    }
    assert_false(names_is_uuid("72D3162E-cc78-11e3-81ab-4c9367dc0958"));
    assert_false(names_is_uuid("72d3162ecc7811e381ab4c9367dc0958"));
    assert_false(names_is_uuid("72d3162e-cc78-11e3-81ab-4c9367dc095"));
    assert_false(names_is_uuid("72d3162e-cc78-11e3-81ab-4c9367dc09588"));
    assert_false(names_is_uuid("72d3162e-cc78-11e3-81ab_4c9367dc0958"));
    assert_false(names_is_uuid(NULL));
}

static void ids_with_a_time_sort_by_it(void **state)
{
    char before[NAMES_UUID_SIZE] = "", id[NAMES_UUID_SIZE];

    (void)state;
    for (long long ms = 1; ms < (1LL << 47); ms = ms * 3 + 1) {
        names_uuid_at(ms, id);
        assert_true(names_is_uuid(id));
        assert_int_equal(id[14], '7');
        assert_non_null(strchr("89ab", id[19]));
        assert_true(strcmp(before, id) < 0);
        memcpy(before, id, sizeof(id));
    }
    names_uuid_at(0x0123456789abLL, id);
    assert_memory_equal(id, "01234567-89ab-7", 15);
}

static void T45_tokens_carry_256_bits_behind_their_prefix(void **state)
{
    char a[8 + 44], b[8 + 44];

    (void)state;
    names_token_new("slipway_", a);
    names_token_new("slipway_", b);
    assert_int_equal(strlen(a), 8 + 43);
    assert_memory_equal(a, "slipway_", 8);
    assert_string_not_equal(a, b);
    assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                     strlen(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_are_40_lower_case_hex_digits),
        cmocka_unit_test(repositories_have_an_owner_and_a_name_and_no_way_up),
        cmocka_unit_test(branches_obey_git_and_never_look_like_an_option),
        cmocka_unit_test(words_are_safe_as_one_component_of_a_path),
        cmocka_unit_test(T05_delivery_ids_are_short_and_printable),
        cmocka_unit_test(ids_of_hosts_and_documents),
        cmocka_unit_test(new_ids_have_the_right_form_and_never_repeat),
        cmocka_unit_test(ids_with_a_time_sort_by_it),
        cmocka_unit_test(T45_tokens_carry_256_bits_behind_their_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
