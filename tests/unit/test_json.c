/* json: T09. The strict pass, the readers, the writer. Cases in the spirit of JSONTestSuite. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/json.h"

/* In a block of exactly that size, so that the sanitizer sees one byte too many. */
static int validate(const char *text, size_t n, const struct json_limits *limits, struct err *err)
{
    char *exact = malloc(n == 0 ? 1 : n);
    int rc;

    if (n > 0)
        memcpy(exact, text, n);
    rc = json_validate(exact, n, limits, err);
    free(exact);
    return rc;
}

static void good_json_is_taken(void **state)
{
    static const char *const cases[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1",
        "123",
        "1.5",
        "1e5",
        "1E+5",
        "1e-5",
        "0.0",
        "0e0",
        "20.0e-3",
        "1.7976931348623157e308",
        "5e-324",
        "1e-400",
        "\"\"",
        "\"a\"",
        "[]",
        "{}",
        " [ ] ",
        "\t{\r\n}\n",
        "[1,2,3]",
        "[[],[[]],{}]",
        "{\"a\":1}",
        "{\"\":0}",
        "{\"a\":{\"a\":{\"a\":1}}}", /* equal keys on different levels */
        "[{\"a\":1},{\"a\":2}]",     /* and in different objects */
        "{\"a\":{\"b\":1},\"b\":{\"a\":1}}",
        "{\"action\":1,\"Action\":2}", /* case matters */
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\\u00e9\\u20ac\"",
        "\"\\ud83d\\ude00\"",
        "\"\\uD83D\\uDE00\"",
        "\"\xf0\x9f\x98\x80\"",
        "\"\xc3\xbc\"",
        "\"\x7f\"",
        "\"\\u0001\"",
        "\"\xef\xbf\xbf\"",
        "\"\xe2\x80\xa8\"",
        "[\"a\",null,true,-1.5e3,{\"k\":[]}]",
        "123456789012345678901234567890123456789012345678901234567890123", /* 63 characters */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct err err = ERR_INIT;
        struct cJSON *json = NULL;
        if (validate(cases[i], strlen(cases[i]), NULL, &err) != 0)
            fail_msg("%s: %s", cases[i], err.text);
        if (json_parse(cases[i], strlen(cases[i]), NULL, &json, &err) != 0 || json == NULL)
            fail_msg("not parsed: %s: %s", cases[i], err.text);
        json_free(json);
    }
}

static void T09_bad_json_is_refused_with_a_place(void **state)
{
    static const char *const cases[] = {
        /* structure */
        "",
        " ",
        "[",
        "]",
        "{",
        "}",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1,,2]",
        "[1 2]",
        "[1}",
        "{1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1]",
        "{a:1}",
        "{'a':1}",
        "{\"a\" 1}",
        "{\"a\"::1}",
        "{null:1}",
        "{[]:1}",
        "[\"a\":1]",
        "1 2",
        "[] []",
        "{}x",
        "[]]",
        "{}}",
        "//c\n1",
        "1//c",
        "/**/1",
        "[1,/**/2]",
        "\xef\xbb\xbf{}",
        "[\v1]",
        "[\f1]",
        "\xc2\xa0[]",
        "[1\x00]",
        "&",
        "*",
        /* words */
        "nul",
        "nulll",
        "Null",
        "TRUE",
        "tru",
        "fals",
        "undefined",
        "NaN",
        "Infinity",
        "-Infinity",
        "-NaN",
        "nan",
        /* numbers */
        "01",
        "-01",
        "00",
        "+1",
        "-",
        "--1",
        "1.",
        ".5",
        "-.5",
        "1.e3",
        "1e",
        "1e+",
        "1e-",
        "1e1.5",
        "1.2.3",
        "0x1",
        "1_000",
        "1,0",
        "1a",
        "1e5e5",
        "\xef\xbc\x91",
        "1e309",
        "-1e309",
        "1e999999999999",
        "1234567890123456789012345678901234567890123456789012345678901234", /* 64: cJSON cuts */
        /* strings */
        "\"",
        "\"a",
        "'a'",
        "\"\n\"",
        "\"\t\"",
        "\"\x01\"",
        "\"\x1f\"",
        "\"\\a\"",
        "\"\\x41\"",
        "\"\\'\"",
        "\"\\\"",
        "\"\\",
        "\"\\u\"",
        "\"\\u1\"",
        "\"\\u12\"",
        "\"\\u123\"",
        "\"\\u12g4\"",
        "\"\\U0041\"",
        "\"\\u+041\"",
        "\"\\u 041\"",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "{\"a\\u0000\":1}",
        /* surrogates */
        "\"\\ud800\"",
        "\"\\udfff\"",
        "\"\\ud800x\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud83d\\ude0\"",
        "\"\\ud83d\\",
        "\"\\ud83d\\u",
        /* UTF-8 */
        "\"\x80\"",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xc1\xbf\"",
        "\"\xe0\x80\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xf0\x80\x80\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xc3\"",
        "\"\xe2\x82\"",
        "\"\xf0\x9f\x98\"",
        "\"\xc3(\"",
        "{\"\xff\":1}",
        "\xff",
        /* duplicate keys */
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{\"\":1,\"\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"\\n\":1,\"\\u000a\":2}",
        "{\"/\":1,\"\\/\":2}",
        "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}",
        "{\"\xc3\xbc\":1,\"\\u00FC\":2}",
        "{\"\xe2\x82\xac\":1,\"\\u20ac\":2}",
        "{\"a\":{\"b\":1,\"c\":{},\"b\":2}}",
        "{\"a\":{\"b\":1},\"a\":0}",
        "[[{\"a\":[],\"a\":[]}]]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct err err = ERR_INIT;
        struct cJSON *json = NULL;
        if (validate(cases[i], strlen(cases[i]), NULL, &err) != ERR_INVALID)
            fail_msg("taken: %s", cases[i]);
        assert_non_null(strstr(err.text, " at byte "));
        assert_int_equal(json_parse(cases[i], strlen(cases[i]), NULL, &json, &err), ERR_INVALID);
        assert_null(json);
    }
}

static void T09_a_raw_nul_is_refused_wherever_it_stands(void **state)
{
    const char text[] = "{\"a\":[1,true,\"b\"]}";
    char bytes[sizeof(text)];

    (void)state;
    for (size_t at = 0; at <= sizeof(text) - 1; at++) {
        memcpy(bytes, text, at);
        bytes[at] = '\0';
        memcpy(bytes + at + 1, text + at, sizeof(text) - 1 - at);
        assert_int_equal(validate(bytes, sizeof(bytes), NULL, NULL), ERR_INVALID);
    }
}

static void T09_each_beginning_of_a_text_is_refused(void **state)
{
    const char text[] =
        "{\"a\\u00fc\\ud83d\\ude00\":[1.5e3,true,false,null,\"b\\n\xc3\xbc\"],\"c\":{}}";

    (void)state;
    assert_int_equal(validate(text, sizeof(text) - 1, NULL, NULL), 0);
    for (size_t n = 0; n < sizeof(text) - 1; n++)
        assert_int_equal(validate(text, n, NULL, NULL), ERR_INVALID);
}

static void errors_say_what_and_where(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{\"a\":1,\"b\":2,\"a\":3}", "duplicate key at byte 16"},
        {"[1,\"\\u0000\"]", "\\u0000 is not accepted at byte 10"},
        {"[1] x", "more text behind the value at byte 4"},
        {"[1,", "text ends too early at byte 3"},
        {"{\"a\" 1}", "':' is expected at byte 5"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(validate(cases[i].text, strlen(cases[i].text), NULL, &err), ERR_INVALID);
        assert_string_equal(err.text, cases[i].message);
    }
}

static void nested(struct buf *buf, size_t depth, const char *open, const char *inner, char close)
{
    buf_reset(buf);
    for (size_t i = 0; i < depth; i++)
        buf_adds(buf, open);
    buf_adds(buf, inner);
    for (size_t i = 0; i < depth; i++)
        buf_addc(buf, close);
}

static void T09_depth_is_64_unless_told(void **state)
{
    struct json_limits three = {.depth = 3};
    struct err err = ERR_INIT;
    struct buf buf;

    (void)state;
    buf_init(&buf, 64 << 20);
    nested(&buf, 64, "[", "", ']');
    assert_int_equal(validate(buf.data, buf.len, NULL, &err), 0);
    nested(&buf, 65, "[", "", ']');
    assert_int_equal(validate(buf.data, buf.len, NULL, &err), ERR_INVALID);
    assert_string_equal(err.text, "nested too deeply at byte 64");
    nested(&buf, 64, "{\"a\":", "1", '}');
    assert_int_equal(validate(buf.data, buf.len, NULL, &err), 0);
    nested(&buf, 65, "{\"a\":", "1", '}');
    assert_int_equal(validate(buf.data, buf.len, NULL, &err), ERR_INVALID);
    nested(&buf, 3, "[", "1", ']');
    assert_int_equal(validate(buf.data, buf.len, &three, &err), 0);
    nested(&buf, 4, "[", "1", ']');
    assert_int_equal(validate(buf.data, buf.len, &three, &err), ERR_INVALID);
    nested(&buf, 10 << 20, "[", "", ']'); /* no recursion that ends the stack */
    assert_int_equal(validate(buf.data, buf.len, NULL, &err), ERR_INVALID);
    buf_deinit(&buf);
}

static void T09_nodes_are_counted_with_their_keys(void **state)
{
    struct json_limits limits = {.nodes = 7};
    struct err err = ERR_INIT;
    struct buf buf;

    (void)state;
    assert_int_equal(validate("[1,2,3,4,5,6]", 13, &limits, &err), 0);
    assert_int_equal(validate("[1,2,3,4,5,6,7]", 15, &limits, &err), ERR_INVALID);
    assert_int_equal(validate("{\"a\":1,\"b\":2,\"c\":3}", 19, &limits, &err), 0);
    assert_int_equal(validate("{\"a\":1,\"b\":2,\"c\":[3]}", 21, &limits, &err), ERR_INVALID);
    buf_init(&buf, 4 << 20);
    buf_addc(&buf, '[');
    for (int i = 0; i < 999998; i++)
        buf_adds(&buf, "0,");
    buf_adds(&buf, "0]");
    assert_int_equal(validate(buf.data, buf.len, NULL, &err), 0); /* with the array: 1,000,000 */
    buf.len--;
    buf_adds(&buf, ",0]");
    assert_int_equal(validate(buf.data, buf.len, NULL, &err), ERR_INVALID);
    buf_deinit(&buf);
}

/* How many keys there are, and how alike they are, decides how they are compared. The last one is the middle one again,
 * or one more. */
static void T09_a_duplicate_is_found_among_any_number_of_keys(void **state)
{
    (void)state;
    for (int n = 1; n <= 260; n += n < 30 ? 1 : 23) {
        for (int twice = 0; twice <= 1; twice++) {
            int last = twice ? n / 2 : n;
            struct err err = ERR_INIT;
            struct buf text;
            int rc;

            buf_init(&text, 64 << 10);
            buf_adds(&text, "{");
            for (int i = 0; i < n; i++) /* one length, one beginning, one end */
                buf_addf(&text, "\"same_beginning_%03d_same_ending\":%d,", i, i);
            buf_addf(&text, "\"same_beginning_%03d_same_ending\":0}", last);
            rc = json_validate(buf_str(&text), text.len, NULL, &err);
            assert_int_equal(rc, twice ? ERR_INVALID : 0);
            buf_reset(&text);
            buf_adds(&text, "{");
            for (int i = 0; i < n; i++)
                buf_addf(&text, "\"%x\":%d,", i * 40503, i);
            buf_addf(&text, "\"%x\":0}", last * 40503);
            rc = json_validate(buf_str(&text), text.len, NULL, &err);
            assert_int_equal(rc, twice ? ERR_INVALID : 0);
            buf_deinit(&text);
        }
    }
}

static void T09_a_duplicate_is_found_at_any_distance_among_many_keys(void **state)
{
    struct err err = ERR_INIT;
    struct buf buf;

    (void)state;
    buf_init(&buf, 16 << 20);
    for (int twin = -1; twin < 200000; twin += 49999) {
        buf_reset(&buf);
        buf_addc(&buf, '{');
        for (int i = 0; i < 200000; i++) /* objects between keep keys of their own */
            buf_addf(&buf, "\"key%d\":%s,", i, i % 1000 == 0 ? "{\"key0\":1,\"key1\":2}" : "1");
        if (twin < 0)
            buf_adds(&buf, "\"key\":0}");
        else
            buf_addf(&buf, "\"key%d\":0}", twin);
        assert_false(buf.overflow);
        assert_int_equal(json_validate(buf.data, buf.len, NULL, &err), twin < 0 ? 0 : ERR_INVALID);
    }
    assert_non_null(strstr(err.text, "duplicate key at byte "));
    buf_deinit(&buf);
}

static struct cJSON *parsed(const char *text)
{
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;

    if (json_parse(text, strlen(text), NULL, &json, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return json;
}

static void T09_look_ups_are_case_sensitive(void **state)
{
    struct cJSON *json = parsed("{\"Action\":\"forged\",\"ACTION\":\"forged\"}");

    (void)state;
    assert_null(json_str(json, "action"));
    json_free(json);
    json = parsed("{\"Action\":\"forged\",\"action\":\"opened\"}");
    assert_string_equal(json_str(json, "action"), "opened");
    json_free(json);
}

static void T09_ids_are_whole_numbers_below_two_to_the_53(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"2147483648", true, INT64_C(2147483648)}, /* where valueint stops */
        {"9007199254740991", true, INT64_C(9007199254740991)},
        {"-9007199254740991", true, INT64_C(-9007199254740991)},
        {"1e3", true, 1000},
        {"9007199254740992", false, 0},
        {"9007199254740993", false, 0},
        {"-9007199254740992", false, 0},
        {"18446744073709551616", false, 0},
        {"1e300", false, 0},
        {"1.5", false, 0},
        {"-0.5", false, 0},
        {"\"7\"", false, 0},
        {"null", false, 0},
        {"true", false, 0},
        {"[7]", false, 0},
        {"{}", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[100];
        struct cJSON *json;
        int64_t value = 42;
        snprintf(text, sizeof(text), "{\"id\":%s}", cases[i].text);
        json = parsed(text);
        if (json_int(json, "id", &value) != cases[i].good)
            fail_msg("%s", cases[i].text);
        assert_true(value == (cases[i].good ? cases[i].value : 42));
        json_free(json);
    }
}

static void T10_absent_null_and_of_another_type_are_never_dereferenced(void **state)
{
    static const char *const texts[] = {"null",        "1",
                                        "\"s\"",       "[]",
                                        "{}",          "{\"k\":null}",
                                        "{\"k\":1}",   "{\"k\":\"s\"}",
                                        "{\"k\":[]}",  "{\"k\":{}}",
                                        "{\"k\":true}"};

    (void)state;
    for (size_t i = 0; i <= sizeof(texts) / sizeof(*texts); i++) {
        struct cJSON *json = i == 0 ? NULL : parsed(texts[i - 1]);
        int64_t number = 42;
        bool truth = true;
        assert_true(json_str(json, "k") == NULL || i == 8);
        assert_true(json_array(json, "k") == NULL || i == 9);
        assert_true(json_object(json, "k") == NULL || i == 10);
        assert_int_equal(json_bool(json, "k", &truth), i == 11);
        assert_int_equal(json_int(json, "k", &number), i == 7);
        assert_true((json_get(json, "k") != NULL) == (i >= 7));
        assert_null(json_get(json_object(json, "k"), "deeper"));
        assert_true(json_string_value(json) == NULL || i == 3);
        assert_int_equal(json_is_object(json), i >= 5);
        assert_int_equal(json_is_array(json), i == 4);
        assert_int_equal(json_is_null(json), i == 1);
        assert_int_equal(json_count(json), i >= 6 ? 1 : 0);
        assert_true((json_first(json) != NULL) == (i >= 6));
        json_free(json);
    }
    assert_null(json_next(NULL));
    assert_null(json_key(NULL));
}

static void children_are_walked_in_order(void **state)
{
    struct cJSON *json = parsed("{\"a\":1,\"b\":[10,20,30],\"c\":null}");
    const struct cJSON *item = json_first(json);
    int64_t value = 0, sum = 0;

    (void)state;
    assert_int_equal(json_count(json), 3);
    assert_string_equal(json_key(item), "a");
    item = json_next(item);
    assert_string_equal(json_key(item), "b");
    for (const struct cJSON *x = json_first(item); x != NULL; x = json_next(x)) {
        assert_true(json_item_int(x, &value));
        assert_null(json_key(x));
        sum = sum * 100 + value;
    }
    assert_int_equal(sum, 102030);
    item = json_next(item);
    assert_true(json_is_null(item));
    assert_null(json_next(item));
    json_free(json);
}

static void texts_arrive_unescaped(void **state)
{
    struct cJSON *json = parsed("{\"a\":\"\\u00fc\\ud83d\\ude00\\n\\/\xc3\xbc\"}");

    (void)state;
    assert_string_equal(json_str(json, "a"), "\xc3\xbc\xf0\x9f\x98\x80\n/\xc3\xbc");
    json_free(json);
}

static void the_writer_writes_each_kind_of_value(void **state)
{
    struct json_out out;
    struct buf buf;

    (void)state;
    buf_init(&buf, 10000);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "s", "a\"b\\c\nd\x01\x7f");
    json_add_str(&out, "none", NULL);
    json_add_strn(&out, "part", "abcdef", 3);
    json_add_int(&out, "i", INT64_MIN);
    json_add_double(&out, "d", 0.25);
    json_add_double(&out, "nan", (double)NAN);
    json_add_bool(&out, "yes", true);
    json_add_bool(&out, "no", false);
    json_add_null(&out, "null");
    json_add_time(&out, "at", INT64_C(1795500000000));
    json_add_time(&out, "never", 0);
    json_add_raw(&out, "raw", "[1,2]");
    json_begin_array(&out, "list");
    json_add_int(&out, NULL, 1);
    json_begin_object(&out, NULL);
    json_end_object(&out);
    json_begin_array(&out, NULL);
    json_end_array(&out);
    json_add_str(&out, NULL, "x");
    json_end_array(&out);
    json_begin_object(&out, "k\"ey");
    json_add_int(&out, "a", 1);
    json_end_object(&out);
    json_end_object(&out);
    assert_string_equal(
        buf_str(&buf),
        "{\"s\":\"a\\\"b\\\\c\\nd\\u0001\\u007f\",\"none\":null,\"part\":\"abc\","
        "\"i\":-9223372036854775808,\"d\":0.25,\"nan\":null,\"yes\":true,\"no\":false,\"null\":null,"
        "\"at\":\"2026-11-24T06:00:00.000Z\",\"never\":null,\"raw\":[1,2],"
        "\"list\":[1,{},[],\"x\"],\"k\\\"ey\":{\"a\":1}}");
    assert_int_equal(json_validate(buf.data, buf.len, NULL, NULL), 0);
    buf_deinit(&buf);
}

static void T41_whatever_bytes_are_written_the_result_is_valid_json(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 10000);
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            const char bytes[] = {'x', (char)a, (char)b};
            struct json_out out;
            buf_reset(&buf);
            json_out_init(&out, &buf);
            json_begin_array(&out, NULL);
            json_add_strn(&out, NULL, bytes, sizeof(bytes));
            json_end_array(&out);
            /* A NUL is the one thing that we write and would not read. */
            if (a != 0 && b != 0 && json_validate(buf.data, buf.len, NULL, NULL) < 0)
                fail_msg("%02x %02x: %s", a, b, buf_str(&buf));
        }
    buf_reset(&buf);
    {
        struct json_out out;
        json_out_init(&out, &buf);
        json_add_str(&out, NULL, "cut \xe2\x82 and \xff");
        assert_string_equal(buf_str(&buf), "\"cut \xef\xbf\xbd\xef\xbf\xbd and \xef\xbf\xbd\"");
    }
    buf_deinit(&buf);
}

/* Eight bytes are looked at together: each byte at each place among others, and what is read is what was written. */
static void what_is_escaped_stands_at_any_place(void **state)
{
    struct buf buf, own;

    (void)state;
    buf_init(&buf, 10000);
    buf_init(&own, 10000);
    for (int c = 1; c < 0x80; c++)
        for (int at = 0; at < 19; at++) {
            char text[20] = "0123\"567\\9abcde\nghi";
            struct json_out out;
            struct cJSON *back;
            struct err err = ERR_INIT;

            text[at] = (char)c;
            buf_reset(&buf);
            json_out_init(&out, &buf);
            json_begin_object(&out, NULL);
            json_add_str(&out, "s", text);
            json_end_object(&out);
            assert_int_equal(json_parse(buf.data, buf.len, NULL, &back, &err), 0);
            assert_string_equal(json_str(back, "s"), text);
            json_free(back);
            buf_reset(&own); /* the same in two pieces, put between its quotes */
            buf_adds(&own, "{\"s\":\"");
            json_escape(&own, text, (size_t)at);
            json_escape(&own, text + at, strlen(text) - (size_t)at);
            buf_adds(&own, "\"}");
            assert_string_equal(buf_str(&own), buf_str(&buf));
        }
    buf_deinit(&buf);
    buf_deinit(&own);
}

static void too_long_an_answer_is_seen_in_the_buf(void **state)
{
    struct json_out out;
    struct buf buf;

    (void)state;
    buf_init(&buf, 20);
    json_out_init(&out, &buf);
    json_begin_array(&out, NULL);
    for (int i = 0; i < 100; i++)
        json_add_int(&out, NULL, 12345);
    json_end_array(&out);
    assert_true(buf.overflow);
    assert_true(buf.len <= 20);
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_json_is_taken),
        cmocka_unit_test(T09_bad_json_is_refused_with_a_place),
        cmocka_unit_test(T09_a_raw_nul_is_refused_wherever_it_stands),
        cmocka_unit_test(T09_each_beginning_of_a_text_is_refused),
        cmocka_unit_test(errors_say_what_and_where),
        cmocka_unit_test(T09_depth_is_64_unless_told),
        cmocka_unit_test(T09_nodes_are_counted_with_their_keys),
        cmocka_unit_test(T09_a_duplicate_is_found_among_any_number_of_keys),
        cmocka_unit_test(T09_a_duplicate_is_found_at_any_distance_among_many_keys),
        cmocka_unit_test(T09_look_ups_are_case_sensitive),
        cmocka_unit_test(T09_ids_are_whole_numbers_below_two_to_the_53),
        cmocka_unit_test(T10_absent_null_and_of_another_type_are_never_dereferenced),
        cmocka_unit_test(children_are_walked_in_order),
        cmocka_unit_test(texts_arrive_unescaped),
        cmocka_unit_test(the_writer_writes_each_kind_of_value),
        cmocka_unit_test(T41_whatever_bytes_are_written_the_result_is_valid_json),
        cmocka_unit_test(what_is_escaped_stands_at_any_place),
        cmocka_unit_test(too_long_an_answer_is_seen_in_the_buf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
