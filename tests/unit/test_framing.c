/*
 * Framing (T07, threats.md 5.6): what two programs could read differently is refused by the real listener, whatever the
 * library makes of it. Each case is a delivery that is signed and would be taken; one thing about its frame is odd, and
 * it has a test of its own by its name. docs/front-door.md has the list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "server/api/http_server.h"
#include "tests/support/api_room.h"
#include "tests/support/raw_http.h"

static struct api_room room;
static const char *webhooks;

/* `@` stands for the lines of a good delivery of `{}`: event, id, media type, signature; `~` for the same without CR. */
struct framing {
    const char *name;
    const char *bytes;
    size_t len;
};

#define LINE "POST /webhooks/github HTTP/1.1\r\n"
#define HEAD LINE "Host: h\r\n@"
#define BODY "\r\n{}"
#define LENGTH "Content-Length: 2\r\n"
#define FRAMING(name, text)                                                                        \
    {                                                                                              \
#name, text, sizeof(text) - 1                                                              \
    }

static const struct framing framings[] = {
    FRAMING(T07_two_lengths_that_agree, HEAD LENGTH LENGTH BODY),
    FRAMING(T07_length_5_then_0, HEAD "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello"),
    FRAMING(T07_length_0_then_5, HEAD "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello"),
    FRAMING(T07_length_with_chunked,
            HEAD LENGTH "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    FRAMING(T07_chunked_alone, HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    FRAMING(T07_unknown_transfer_coding, HEAD "Transfer-Encoding: gzip\r\n\r\n"),
    FRAMING(T07_no_length, HEAD "\r\n"),
    FRAMING(T07_length_beyond_all_numbers, HEAD "Content-Length: 99999999999999999999999\r\n" BODY),
    FRAMING(T07_length_below_zero, HEAD "Content-Length: -1\r\n" BODY),
    FRAMING(T07_length_with_a_sign, HEAD "Content-Length: +2\r\n" BODY),
    FRAMING(T07_length_in_hex, HEAD "Content-Length: 0x2\r\n" BODY),
    FRAMING(T07_length_as_a_list, HEAD "Content-Length: 2, 2\r\n" BODY),
    FRAMING(T07_blank_before_the_colon, HEAD "Content-Length : 2\r\n" BODY),
    FRAMING(T07_control_byte_in_a_header_name, HEAD "X-\x01: a\r\n" LENGTH BODY),
    FRAMING(T07_line_without_a_name, HEAD ": a\r\n" LENGTH BODY),
    FRAMING(T07_line_without_a_colon, HEAD "X-A\r\n" LENGTH BODY),
    FRAMING(T07_bare_line_feed_behind_a_header, HEAD "X-A: a\n" LENGTH BODY),
    FRAMING(T07_bare_line_feed_behind_the_first_line,
            "POST /webhooks/github HTTP/1.1\nHost: h\r\n@" LENGTH BODY),
    FRAMING(T07_bare_line_feeds_alone,
            "POST /webhooks/github HTTP/1.1\nHost: h\n~Content-Length: 2\n\n{}"),
    FRAMING(T07_carriage_return_in_a_header_value, HEAD "X-A: a\rX-B: b\r\n" LENGTH BODY),
    FRAMING(T07_folded_header, HEAD "X-A: a\r\n b\r\n" LENGTH BODY),
    FRAMING(T07_folded_header_with_a_tab, HEAD "X-A: a\r\n\tb\r\n" LENGTH BODY),
    FRAMING(T07_two_hosts, HEAD "Host: other\r\n" LENGTH BODY),
    FRAMING(T07_no_host, LINE "@" LENGTH BODY),
    FRAMING(T07_two_signatures, HEAD "X-Hub-Signature-256: sha256=00\r\n" LENGTH BODY),
    FRAMING(T07_two_events, HEAD "X-GitHub-Event: push\r\n" LENGTH BODY),
    FRAMING(T07_two_deliveries, HEAD "X-GITHUB-DELIVERY: other\r\n" LENGTH BODY),
    FRAMING(T07_absolute_target,
            "POST http://h/webhooks/github HTTP/1.1\r\nHost: h\r\n@" LENGTH BODY),
    FRAMING(T07_authority_before_the_path,
            "POST //h/webhooks/github HTTP/1.1\r\nHost: h\r\n@" LENGTH BODY),
    FRAMING(T07_escaped_nul_in_the_path,
            "POST /webhooks/github%00x HTTP/1.1\r\nHost: h\r\n@" LENGTH BODY),
    FRAMING(T07_nul_in_the_path, "POST /webhooks/github\0x HTTP/1.1\r\nHost: h\r\n@" LENGTH BODY),
    FRAMING(T07_escaped_dots_in_the_path,
            "POST /x/%2e%2e/webhooks/github HTTP/1.1\r\nHost: h\r\n@" LENGTH BODY),
    FRAMING(T07_dots_in_the_path,
            "POST /x/../webhooks/github HTTP/1.1\r\nHost: h\r\n@" LENGTH BODY),
    FRAMING(T07_escaped_letter_in_the_path,
            "POST /webhooks/git%68ub HTTP/1.1\r\nHost: h\r\n@" LENGTH BODY),
    FRAMING(T07_two_blanks_before_the_target,
            "POST  /webhooks/github HTTP/1.1\r\nHost: h\r\n@" LENGTH BODY),
    FRAMING(T07_nul_in_a_header_value, HEAD "X-A: a\0b\r\n" LENGTH BODY),
    FRAMING(T07_nul_in_the_last_header_value, HEAD LENGTH "X-A: a\0b\r\n" BODY),
    FRAMING(T07_control_byte_in_a_header_value, HEAD "X-A: a\x0b"
                                                     "b\r\n" LENGTH BODY),
    FRAMING(T07_other_version, "POST /webhooks/github HTTP/2.0\r\nHost: h\r\n@" LENGTH BODY),
    FRAMING(T07_no_version, "POST /webhooks/github\r\n\r\n"),
    FRAMING(T07_bytes_of_tls, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
};
#define N_FRAMINGS (sizeof(framings) / sizeof(*framings))

static int room_up(void **state)
{
    (void)state;
    log_init(LOG_LOGFMT, LOG_ERROR);
    api_room_up(&room, NULL);
    webhooks = http_server_address(room.server, LISTENER_WEBHOOKS);
    return 0;
}

static int room_down(void **state)
{
    (void)state;
    api_room_down(&room);
    return 0;
}

/* The answer to `f` with its mark replaced. */
static struct raw_answer *ask(const struct framing *f)
{
    const char *crlf = memchr(f->bytes, '@', f->len), *lf = memchr(f->bytes, '~', f->len);
    const char *mark = crlf != NULL ? crlf : lf, *end = crlf != NULL ? "\r\n" : "\n";
    size_t before = mark != NULL ? (size_t)(mark - f->bytes) : f->len, len = before;
    unsigned char digest[DIGEST_SIZE];
    char bytes[2048], hex[DIGEST_HEX_SIZE];

    digest_hmac_sha256(API_ROOM_SECRET, strlen(API_ROOM_SECRET), "{}", 2, digest);
    digest_hex(digest, sizeof(digest), hex);
    memcpy(bytes, f->bytes, before);
    if (mark != NULL) {
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len,
                                "X-GitHub-Event: push%sX-GitHub-Delivery: %s%sContent-Type: "
                                "application/json%sX-Hub-Signature-256: sha256=%s%s",
                                end, f->name, end, end, hex, end);
        memcpy(bytes + len, mark + 1, f->len - before - 1);
        len += f->len - before - 1;
    }
    return raw_http_ask(webhooks, bytes, len);
}

/* Refused by us or the library, with the connection, and nothing is stored. */
static void is_refused(void **state)
{
    const struct framing *f = *state;
    int64_t before = api_room_deliveries(&room);
    struct raw_answer *a = ask(f);
    int status = a->status;
    bool closed = a->closed;

    free(a);
    if (status != 0 && status != 400 && status != 404 && status != 411 && status != 413 &&
        status != 505)
        fail_msg("%s: %d", f->name, status);
    if (!closed)
        fail_msg("%s: the connection stays open", f->name);
    assert_int_equal(api_room_deliveries(&room), before);
}

/* So the cases are odd by their frame alone. */
static void a_delivery_in_a_plain_frame_is_taken(void **state)
{
    static const struct framing plain = FRAMING(plain, HEAD LENGTH "X-Last:  a \t\r\n" BODY);
    int64_t before = api_room_deliveries(&room);
    struct raw_answer *a = ask(&plain);

    (void)state;
    assert_int_equal(a->status, 202);
    assert_int_equal(api_room_deliveries(&room), before + 1);
    free(a);
}

int main(void)
{
    struct CMUnitTest tests[N_FRAMINGS + 1] = {
        cmocka_unit_test(a_delivery_in_a_plain_frame_is_taken)};

    for (size_t i = 0; i < N_FRAMINGS; i++)
        tests[i + 1] = (struct CMUnitTest){.name = framings[i].name,
                                           .test_func = is_refused,
                                           .initial_state = (void *)(uintptr_t)&framings[i]};
    return cmocka_run_group_tests(tests, room_up, room_down);
}
