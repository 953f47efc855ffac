/* redact: what matches is hidden, in whatever pieces it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/redact.h"

static char seen[65536];
static size_t n_seen;

static void see(void *arg, const char *bytes, size_t n)
{
    (void)arg;
    assert_true(n_seen + n < sizeof(seen));
    memcpy(seen + n_seen, bytes, n);
    n_seen += n;
    seen[n_seen] = '\0';
}

static struct redact *patterns(const char *text)
{
    struct redact *r = NULL;
    struct err err = ERR_INIT;

    if (redact_parse(text, &r, &err) < 0)
        fail_msg("%s", err.text);
    return r;
}

static void T40_a_secret_is_hidden_wherever_it_is_cut(void **state)
{
    static const char text[] =
        "login token=hunter2 ok\nAKIAABCDEFGH and key: s3cr3t\nplain\nlast token=x";
    static const char wanted[] = "login *** ok\n*** and ***\nplain\nlast ***";
    struct redact *r = patterns("token=[^ ]+\nAKIA[A-Z]{8}\n# a comment\n\nkey: .*\n");
    struct redact_stream stream;

    (void)state;
    for (size_t a = 0; a < sizeof(text); a++)
        for (size_t b = a; b < sizeof(text); b++) {
            memset(&stream, 0, sizeof(stream));
            n_seen = 0;
            redact_stream_add(&stream, r, text, a, see, NULL);
            redact_stream_add(&stream, r, text + a, b - a, see, NULL);
            redact_stream_add(&stream, r, text + b, sizeof(text) - 1 - b, see, NULL);
            redact_stream_end(&stream, r, see, NULL);
            assert_string_equal(seen, wanted);
        }
    redact_free(r);
}

/* Patterns are held against bytes: a letter of several is cut like any other. */
static void T40_letters_of_several_bytes_are_hidden_wherever_they_are_cut(void **state)
{
    static const char text[] = "鍵: 合言葉は山川 です\npässwort=grün;ende\n";
    struct redact *r = patterns("合言葉は[^ ]*\npässwort=[^;]*");
    struct redact_stream stream;

    (void)state;
    for (size_t a = 0; a < sizeof(text); a++) {
        memset(&stream, 0, sizeof(stream));
        n_seen = 0;
        redact_stream_add(&stream, r, text, a, see, NULL);
        redact_stream_add(&stream, r, text + a, sizeof(text) - 1 - a, see, NULL);
        redact_stream_end(&stream, r, see, NULL);
        assert_string_equal(seen, "鍵: *** です\n***;ende\n");
    }
    redact_free(r);
}

static const char *hidden(const struct redact *r, const char *text)
{
    static char bytes[512];

    snprintf(bytes, sizeof(bytes), "%s", text);
    bytes[redact_bytes(r, bytes, strlen(bytes))] = '\0';
    return bytes;
}

static void T40_a_value_is_hidden_as_it_is_in_base64_and_in_a_url(void **state)
{
    static const char value[] = "p/ss+word>?~\xc3\xbc!";
    struct redact *r = redact_new();
    char raw[64], text[128];

    (void)state;
    redact_add_secret(r, value, strlen(value));
    redact_add_secret(r, "short", 5); /* it stands in too many words */
    assert_string_equal(hidden(r, "x=p/ss+word>?~\xc3\xbc!;"), "x=***;");
    assert_string_equal(hidden(r, "q=p%2Fss%2Bword%3E%3F~%C3%BC%21&r"), "q=***&r");
    assert_string_equal(hidden(r, "a short word"), "a short word");
    /* Wherever it begins in what was encoded: of its letters only the ones that it shares with others stay. */
    for (size_t before = 0; before < 7; before++) {
        snprintf(raw, sizeof(raw), "%.*s%s%s", (int)before, "Basic: ", value, "tail");
        digest_base64(raw, strlen(raw), text);
        assert_non_null(strstr(hidden(r, text), "***"));
        assert_true(strlen(hidden(r, text)) <= strlen(text) - 15);
    }
    redact_free(r);
}

/* Values alone: what is no beginning of one is passed on at once, so that half a line is seen while it is one. */
static void T40_values_are_hidden_wherever_they_are_cut_and_nothing_else_waits(void **state)
{
    static const char text[] = "a MIIEvQIBAD b\nMIIEMIIEvQIBAD and MIIEvQ";
    struct redact *r = redact_new();
    struct redact_stream stream;

    (void)state;
    redact_add_value(r, "MIIEvQIBAD", 10);
    for (size_t a = 0; a < sizeof(text); a++) {
        memset(&stream, 0, sizeof(stream));
        n_seen = 0;
        redact_stream_add(&stream, r, text, a, see, NULL);
        redact_stream_add(&stream, r, text + a, sizeof(text) - 1 - a, see, NULL);
        redact_stream_end(&stream, r, see, NULL);
        assert_string_equal(seen, "a *** b\nMIIE*** and MIIEvQ");
    }
    n_seen = 0;
    memset(&stream, 0, sizeof(stream));
    redact_stream_add(&stream, r, "50% MI", 6, see, NULL);
    assert_string_equal(seen, "50% ");
    redact_stream_add(&stream, r, "le", 2, see, NULL);
    assert_string_equal(seen, "50% MIle");
    redact_free(r);
}

/* No line end for ever: it is passed on in parts, and what lies across two of them is hidden, too. */
static void T40_a_line_without_end_hides_what_lies_across_its_parts(void **state)
{
    struct redact *r = patterns("token=[a-z0-9]+");
    static struct redact_stream stream;
    static char line[3 * REDACT_LINE_MAX];

    (void)state;
    for (size_t at = REDACT_LINE_MAX - 40; at < REDACT_LINE_MAX + 40; at++) {
        memset(line, '.', sizeof(line));
        memcpy(line + at, "token=hunter2", 13);
        memset(&stream, 0, sizeof(stream));
        n_seen = 0;
        for (size_t i = 0; i < sizeof(line); i += 100)
            redact_stream_add(&stream, r, line + i, sizeof(line) - i < 100 ? sizeof(line) - i : 100,
                              see, NULL);
        redact_stream_end(&stream, r, see, NULL);
        assert_null(strstr(seen, "hunter"));
        assert_null(strstr(seen, "token"));
        assert_int_equal(n_seen, sizeof(line) - 10);
    }
    redact_free(r);
}

static void it_never_grows_and_bytes_that_are_no_text_stay(void **state)
{
    struct redact *r = patterns("a\nbb\nccc+");
    char bytes[] = "a-bb-cccccc-\0-a";
    size_t n = redact_bytes(r, bytes, sizeof(bytes) - 1);

    (void)state;
    assert_memory_equal(bytes, "*-**-***-\0-*", n);
    assert_int_equal(n, 12);
    assert_int_equal(redact_bytes(NULL, bytes, 5), 5);
    redact_free(r);
}

static void a_mistake_names_its_line(void **state)
{
    static const struct {
        const char *text, *error;
    } bad[] = {{"fine\n(", "line 2: \"(\" is no pattern"},
               {"x*", "line 1: \"x*\" matches nothing at all"},
               {"\n\n[a", "line 3"}};
    struct redact *r;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = ERR_INIT;

        assert_int_equal(redact_parse(bad[i].text, &r, &err), ERR_INVALID);
        assert_non_null(strstr(err.text, bad[i].error));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T40_a_secret_is_hidden_wherever_it_is_cut),
        cmocka_unit_test(T40_letters_of_several_bytes_are_hidden_wherever_they_are_cut),
        cmocka_unit_test(T40_a_value_is_hidden_as_it_is_in_base64_and_in_a_url),
        cmocka_unit_test(T40_values_are_hidden_wherever_they_are_cut_and_nothing_else_waits),
        cmocka_unit_test(T40_a_line_without_end_hides_what_lies_across_its_parts),
        cmocka_unit_test(it_never_grows_and_bytes_that_are_no_text_stay),
        cmocka_unit_test(a_mistake_names_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
