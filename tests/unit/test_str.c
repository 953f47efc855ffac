/* str: T42 and small things about texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

static void null_equals_only_null(void **state)
{
    (void)state;
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
    assert_false(str_eq("", NULL));
    assert_true(str_eq("a", "a"));
    assert_false(str_eq("a", "A"));
}

static void beginnings_and_ends(void **state)
{
    (void)state;
    assert_true(str_starts("refs/heads/main", "refs/heads/"));
    assert_true(str_starts("a", ""));
    assert_false(str_starts("re", "refs"));
    assert_false(str_starts(NULL, ""));
    assert_true(str_ends("a.lock", ".lock"));
    assert_false(str_ends("lock", ".lock"));
    assert_false(str_ends(NULL, ""));
}

static void the_word_that_was_meant_is_found(void **state)
{
    static const char *const words[] = {"environments", "timezone", "hosts", "on", "jobs", "needs"};
    static const struct {
        const char *typed, *meant;
    } cases[] = {
        {"enviroments", "environments"},
        {"timezoen", "timezone"},
        {"host", "hosts"},
        {"no", "on"},
        {"job", "jobs"},
        {"neds", "needs"},
        {"timezone", "timezone"},
        {"database", NULL},
        {"x", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *found = str_nearest(cases[i].typed, words, 6);
        if (!str_eq(found, cases[i].meant))
            fail_msg("%s: %s", cases[i].typed, found == NULL ? "nothing" : found);
    }
}

static void a_very_long_word_is_near_nothing(void **state)
{
    static const char *const words[] = {"hosts"};
    char word[5000];

    (void)state;
    memset(word, 'h', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    assert_null(str_nearest(word, words, 1));
}

static void numbers_are_whole_texts_that_fit(void **state)
{
    static const char *const refused[] = {
        "",
        " 1",
        "1 ",
        "+1",
        "--1",
        "-",
        "0x10",
        "1e3",
        "1.0",
        "1\n",
        "９",
        "1,000",
        "9223372036854775808",
        "-9223372036854775809",
    };
    int64_t value = 77;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        assert_int_equal(str_parse_int64(refused[i], &value), ERR_INVALID);
        assert_int_equal(value, 77);
    }
    assert_int_equal(str_parse_int64(NULL, &value), ERR_INVALID);
    assert_int_equal(str_parse_int64("9223372036854775807", &value), 0);
    assert_true(value == INT64_MAX);
    assert_int_equal(str_parse_int64("-9223372036854775808", &value), 0);
    assert_true(value == INT64_MIN);
    assert_int_equal(str_parse_int64("0042", &value), 0);
    assert_int_equal(value, 42);
}

/* Writes the UTF-8 of a code point, also of those that have none. */
static size_t encode(uint32_t c, size_t len, char *out)
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    if (len == 1) {
        out[0] = (char)c;
        return 1;
    }
    for (size_t i = len; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 63));
    out[0] = (char)(lead[len] | c);
    return len;
}

static void utf8_takes_each_code_point_in_its_shortest_form_only(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x1fffff; c++) {
        size_t shortest = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        bool exists = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        for (size_t len = shortest; len <= 4; len++) {
            char bytes[4];
            uint32_t read = 0;
            size_t n = encode(c, len, bytes);
            size_t got = str_utf8_at(bytes, n, &read);
            if (exists && len == shortest) {
                if (got != n || read != c)
                    fail_msg("U+%04X was not read", c);
                if (str_utf8_at(bytes, n - 1, &read) != 0)
                    fail_msg("U+%04X cut short was read", c);
            } else if (got != 0) {
                fail_msg("U+%04X in %zu bytes was read", c, len);
            }
        }
    }
    assert_true(str_is_utf8("", 0));
    assert_true(str_is_utf8("gr\xc3\xbc\xc3\x9f", 6));
    assert_false(str_is_utf8("gr\xc3\xbc\xc3", 5));
    assert_false(str_is_utf8("\x80", 1));
    assert_false(str_is_utf8("\xff", 1));
}

static void T42_what_a_terminal_or_log_would_act_on_is_dropped(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain text", "plain text"},
        {"\x1b]0;owned\x07title", "title"},
        {"\x1b]0;owned\x1b\\title", "title"},
        {"\x1b[31mred\x1b[0m", "red"},
        {"\x1b[1;2;3Hmoved", "moved"},
        {"\x1bPq#0\x1b\\after", "after"},
        {"\x1b(Bcharset", "charset"},
        {"\x1b"
         "c"
         "reset",
         "reset"},
        {"a\x1b", "a"},
        {"a\x1b[", "a"},
        {"a\x1b[31", "a"},
        {"a\x1b[3\xc3\xbc", "a\xc3\xbc"}, /* a broken sequence cuts no character */
        {"a\x1b\xc3\xbc", "a\xc3\xbc"},
        {"\x1b]0;open\nnext", "next"}, /* and eats no line */
        {"one\r\ntwo\tthree", "onetwothree"},
        {"level=notice\nlevel=error event=forged", "level=noticelevel=error event=forged"},
        /* NOLINTNEXTLINE(misc-misleading-bidirectional) */
        {"safe\xe2\x80\xae"
         "gnp.exe",
         "safegnp.exe"}, /* U+202E */
        /* NOLINTNEXTLINE(misc-misleading-bidirectional) */
        {"a\xe2\x81\xa6"
         "b\xe2\x81\xa9",
         "ab"}, /* U+2066, U+2069 */
        {"a\xe2\x80\xa8"
         "b",
         "ab"}, /* U+2028 */
        {"a\xef\xbb\xbf"
         "b",
         "ab"}, /* U+FEFF */
        {"a\xc2\x9b"
         "31mb",
         "a31mb"}, /* C1 CSI */
        {"a\x7f"
         "b",
         "ab"},
        {"a\xf3\xa0\x81\x81"
         "b",
         "ab"}, /* a tag, U+E0041 */
        {"bad\xff"
         "end",
         "bad\xef\xbf\xbd"
         "end"},
        {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(str_clean(&arena, cases[i].in, strlen(cases[i].in), 1000),
                            cases[i].out);
    arena_deinit(&arena);
}

static void T42_whatever_two_bytes_follow_an_escape_nothing_dangerous_stays(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            const char bytes[] = {'x', 0x1b, (char)a, (char)b, 'y'};
            const char *clean = str_clean(&arena, bytes, sizeof(bytes), 100);
            assert_true(str_is_utf8(clean, strlen(clean)));
            assert_true(clean[0] == 'x');
            for (const char *p = clean; *p != '\0'; p++)
                if ((unsigned char)*p < 0x20 || *p == 0x7f)
                    fail_msg("%02x %02x leaves %02x", a, b, (unsigned char)*p);
            arena_reset(&arena);
        }
    arena_deinit(&arena);
}

static void cleaning_leaves_each_seen_character_alone(void **state)
{
    char text[96] = "";
    struct arena arena;

    (void)state;
    for (int c = 0x20; c < 0x7f; c++)
        text[c - 0x20] = (char)c;
    arena_init(&arena);
    assert_string_equal(str_clean(&arena, text, 95, 1000), text);
    arena_deinit(&arena);
}

static void cleaning_cuts_between_characters(void **state)
{
    const char *text = "a\xc3\xbc\xe6\x97\xa5";
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_string_equal(str_clean(&arena, text, 6, 0), "");
    assert_string_equal(str_clean(&arena, text, 6, 1), "a");
    assert_string_equal(str_clean(&arena, text, 6, 2), "a");
    assert_string_equal(str_clean(&arena, text, 6, 3), "a\xc3\xbc");
    assert_string_equal(str_clean(&arena, text, 6, 5), "a\xc3\xbc");
    assert_string_equal(str_clean(&arena, text, 6, 6), text);
    assert_string_equal(str_clean(&arena, "a\0b", 3, 9), "ab");
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_equals_only_null),
        cmocka_unit_test(beginnings_and_ends),
        cmocka_unit_test(the_word_that_was_meant_is_found),
        cmocka_unit_test(a_very_long_word_is_near_nothing),
        cmocka_unit_test(numbers_are_whole_texts_that_fit),
        cmocka_unit_test(utf8_takes_each_code_point_in_its_shortest_form_only),
        cmocka_unit_test(T42_what_a_terminal_or_log_would_act_on_is_dropped),
        cmocka_unit_test(T42_whatever_two_bytes_follow_an_escape_nothing_dangerous_stays),
        cmocka_unit_test(cleaning_leaves_each_seen_character_alone),
        cmocka_unit_test(cleaning_cuts_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
