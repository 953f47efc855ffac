/* request_filter: T07. Each case lies in memory as libmicrohttpd would leave it (support/laid_out.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/api/request_filter.h"
#include "tests/support/laid_out.h"

static const char *judge_bytes(const char *raw, size_t len, bool chunked)
{
    static struct laid_out l;

    if (!lay_out(&l, raw, len))
        return "refused by the library";
    l.input.chunked = chunked;
    return request_filter_judge(&l.input);
}

#define JUDGE(text) judge_bytes(text, sizeof(text) - 1, false)
#define POST "POST /webhooks/github HTTP/1.1\r\nHost: h\r\n"

static void a_usual_delivery_passes(void **state)
{
    (void)state;
    assert_null(JUDGE(POST
                      "Content-Length: 12\r\nX-GitHub-Event: push\r\nX-GitHub-Delivery: a-b\r\n"
                      "X-Hub-Signature: sha1=x\r\nX-Hub-Signature-256: sha256=y\r\n"
                      "Content-Type: application/json\r\nAccept: */*\r\n\r\n"));
    assert_null(JUDGE("GET /api/v1/status?lang=ja&at=1%202 HTTP/1.1\r\nHost: h\r\nX-Empty:\r\n"
                      "X-Tab:\ta\tb \r\nX-High: \xe3\x81\x82\r\n\r\n"));
    assert_null(JUDGE("GET / HTTP/1.0\r\nHost: h\r\n\r\n"));
}

/* Every case of threats.md 5.6 that the library accepts. */
static void T07_framing_that_two_programs_read_differently_is_refused(void **state)
{
    (void)state;
    assert_non_null(JUDGE(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"));
    assert_non_null(JUDGE(POST "Content-Length: 5\r\nContent-Length: 0\r\n\r\n"));
    assert_non_null(JUDGE(POST "Content-Length: 0\r\ncontent-length: 5\r\n\r\n"));
    assert_non_null(JUDGE(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"));
    assert_non_null(JUDGE(POST "Content-Length : 5\r\n\r\n"));
    assert_non_null(JUDGE(POST "X-\x01: 5\r\n\r\n"));
    assert_non_null(JUDGE(POST "X\tY: 5\r\n\r\n"));
    assert_non_null(JUDGE(POST "X(Y): 5\r\n\r\n"));
    assert_non_null(JUDGE(POST ": 5\r\n\r\n"));
    assert_non_null(JUDGE("POST / HTTP/1.1\nHost: h\r\nX: y\r\n\r\n"));
    assert_non_null(JUDGE("POST / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"));
    assert_non_null(JUDGE(POST "Host: h\r\n\r\n"));
    assert_non_null(JUDGE(POST "host: other\r\n\r\n"));
    assert_non_null(JUDGE(POST "X-Hub-Signature-256: a\r\nX-Hub-Signature-256: b\r\n\r\n"));
    assert_non_null(JUDGE(POST "X-GitHub-Event: push\r\nX-GITHUB-EVENT: push\r\n\r\n"));
    assert_non_null(JUDGE(POST "X-GitHub-Delivery: a\r\nX-GitHub-Delivery: b\r\n\r\n"));
    assert_non_null(JUDGE("POST http://h/webhooks/github HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE("POST /webhooks/github%00x HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE("POST /?a=%00 HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE("POST /%zz HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE("POST /% HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE(POST "X: a\0evil\r\nY: b\r\n\r\n"));
    assert_non_null(JUDGE("POST /a\0b HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE(POST "X: a\x01 b\r\n\r\n"));
    assert_non_null(JUDGE(POST "X: a\x7f\r\n\r\n"));
    assert_non_null(JUDGE(POST "X: a\rY: b\r\nZ: c\r\n\r\n"));
    assert_non_null(JUDGE("POST  / HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE("POST /a\tb HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE("post / HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE("POST / HTTP/1.2\r\nHost: h\r\n\r\n"));
    assert_non_null(JUDGE("POST / HTTP/1.1\r\nX: no host\r\n\r\n"));
}

/* Who reads the log can tell which program on the way wrote it. */
static void a_header_that_came_twice_is_named(void **state)
{
    (void)state;
    assert_string_equal(JUDGE(POST
                              "X-Forwarded-For: 10.0.0.1\r\nx-forwarded-for: 10.0.0.2\r\n\r\n"),
                        "X-Forwarded-For came twice");
    assert_string_equal(JUDGE(POST "host: other\r\n\r\n"), "Host came twice");
}

/* The library shows nothing of what lies behind the last value but its length. */
static void T07_the_headers_end_where_everybody_sees_their_end(void **state)
{
    (void)state;
    assert_null(JUDGE(POST "X: a\r\n\r\n"));
    assert_null(JUDGE(POST "X: a \t\r\n\r\n"));
    assert_null(JUDGE(POST "X:\r\n\r\n"));
    assert_non_null(JUDGE(POST "X: a\0evil\r\n\r\n"));
    assert_non_null(JUDGE(POST "X: a\0\r\n\r\n"));
    assert_non_null(JUDGE(POST "X: a\n\r\n"));
    assert_non_null(JUDGE(POST "X: a\r\n\n"));
    assert_non_null(JUDGE(POST "X: a\n\n"));
    assert_non_null(JUDGE(POST "X: a\r\n: b\r\n\r\n"));
    assert_non_null(JUDGE(POST "X: a\r\n:\r\n\r\n"));
    assert_non_null(JUDGE(POST "X: a\r\n: b\r\nY: c\r\n\r\n"));
}

/* A folded line becomes a new name elsewhere in memory: the distance to the line before jumps. */
static void T07_a_name_that_is_not_where_it_was_received_is_refused(void **state)
{
    static struct laid_out l;
    char elsewhere[] = "X-Afolded";

    (void)state;
    (void)lay_out(&l, POST "X-A: v\r\nX-B: w\r\n\r\n", sizeof(POST "X-A: v\r\nX-B: w\r\n\r\n") - 1);
    assert_null(request_filter_judge(&l.input));
    l.headers[1].name = elsewhere;
    l.headers[1].name_len = strlen(elsewhere);
    assert_non_null(request_filter_judge(&l.input));
}

static void a_length_is_digits_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        long long n;
    } cases[] = {{"0", 0},
                 {"26214400", 26214400},
                 {"007", 7},
                 {"1 ", 1},
                 {"", -1},
                 {"+5", -1},
                 {"-1", -1},
                 {"5, 5", -1},
                 {"0x5", -1},
                 {"5 6", -1},
                 {"1e3", -1},
                 {"999999999999999999", 999999999999999999},
                 {"9999999999999999999", -1}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(request_filter_length(cases[i].text, strlen(cases[i].text)), cases[i].n);
}

static void chunked_passes_only_where_it_is_taken(void **state)
{
    static const char raw[] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n";
    static const char gzip[] =
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
    static const char both[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n";
    static const char twice[] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n";

    (void)state;
    assert_non_null(judge_bytes(both, sizeof(both) - 1, true));
    assert_non_null(judge_bytes(twice, sizeof(twice) - 1, true));
    assert_null(judge_bytes(raw, sizeof(raw) - 1, true));
    assert_non_null(judge_bytes(raw, sizeof(raw) - 1, false));
    assert_non_null(judge_bytes(gzip, sizeof(gzip) - 1, true));
}

/* Any single byte of a good request turned into a NUL, CR, LF or control byte is noticed, but where
 * it makes another good request (inside a value, say) or lies in the last line's end. */
static void T07_no_control_byte_hides_anywhere_before_the_last_line_end(void **state)
{
    static const char raw[] = POST "Content-Length: 12\r\nX-Last: abc\r\n\r\n";
    static const char bad[] = {'\0', '\x01', '\x08', '\x1f', '\x7f'};
    size_t from = sizeof("POST ") - 1;
    size_t last_value = (size_t)(strstr(raw, "abc") - raw);

    (void)state;
    for (size_t i = from; i < last_value; i++) {
        if (raw[i] == ' ' || raw[i] == ':' || raw[i] == '\r' || raw[i] == '\n')
            continue; /* separators are the parser's: other cases */
        for (size_t k = 0; k < sizeof(bad); k++) {
            char copy[sizeof(raw)];

            memcpy(copy, raw, sizeof(raw));
            copy[i] = bad[k];
            if (judge_bytes(copy, sizeof(raw) - 1, false) == NULL)
                fail_msg("byte %zu turned into 0x%02x passed", i, (unsigned)(unsigned char)bad[k]);
        }
    }
}

static void too_much_of_anything_is_refused(void **state)
{
    static char raw[8000];
    size_t len = (size_t)snprintf(raw, sizeof(raw), "GET /");

    (void)state;
    memset(raw + len, 'a', 4096);
    len += 4096;
    len += (size_t)snprintf(raw + len, sizeof(raw) - len, " HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_non_null(judge_bytes(raw, len, false));

    len = (size_t)snprintf(raw, sizeof(raw), "GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < REQUEST_FILTER_HEADERS_MAX; i++)
        len += (size_t)snprintf(raw + len, sizeof(raw) - len, "X-%d: a\r\n", i);
    len += (size_t)snprintf(raw + len, sizeof(raw) - len, "\r\n");
    assert_non_null(judge_bytes(raw, len, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usual_delivery_passes),
        cmocka_unit_test(T07_framing_that_two_programs_read_differently_is_refused),
        cmocka_unit_test(a_header_that_came_twice_is_named),
        cmocka_unit_test(T07_the_headers_end_where_everybody_sees_their_end),
        cmocka_unit_test(T07_a_name_that_is_not_where_it_was_received_is_refused),
        cmocka_unit_test(a_length_is_digits_and_nothing_else),
        cmocka_unit_test(chunked_passes_only_where_it_is_taken),
        cmocka_unit_test(T07_no_control_byte_hides_anywhere_before_the_last_line_end),
        cmocka_unit_test(too_much_of_anything_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
