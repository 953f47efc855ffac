/* httpc: where requests may go, what is never followed, and what a failure means for whoever asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/httpc/httpc.h"
#include "tests/support/canned.h"

static struct httpc *httpc;

static int set_up(void **state)
{
    (void)state;
    httpc = httpc_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    httpc_free(httpc);
    return 0;
}

static int get(const char *url, struct httpc_answer *answer, struct err *err)
{
    const struct httpc_request request = {.method = "GET", .url = url, .timeout_ms = 3000};

    return httpc_send(httpc, &request, answer, err);
}

static void plain_http_goes_only_to_this_machine(void **state)
{
    static const char *const refused[] = {
        "http://example.com/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1:80@example.com/",
        "http://127.0.0.1@example.com/",
        "http://localhost.example.com/",
        "http://169.254.169.253/",
        "http://[::2]/",
        "ftp://127.0.0.1/",
        "file:///etc/hostname",
        "https://user:secret@127.0.0.1/",
        "//127.0.0.1/",
        "127.0.0.1",
        "",
    };
    static const char *const allowed[] = {"http://127.0.0.1:1/",  "http://127.0.0.9:1/x?y",
                                          "http://localhost:1/",  "http://[::1]:1/",
                                          "https://127.0.0.1:1/", "HTTP://127.1:1/"};
    struct httpc_answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct err err = ERR_INIT;

        if (get(refused[i], &answer, &err) != ERR_INVALID)
            fail_msg("not refused: %s (%s)", refused[i], err.text);
    }
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        struct err err = ERR_INIT;

        if (get(allowed[i], &answer, &err) != ERR_UNREACHABLE)
            fail_msg("%s: %s", allowed[i], err.text);
    }
}

static void answer_and_status_come_back_whatever_the_status(void **state)
{
    static const char *const headers[] = {"X-One: 1", "Content-Type: application/json", NULL};
    const struct httpc_request request = {.method = "POST",
                                          .headers = headers,
                                          .body = "{}",
                                          .body_len = 2};
    struct httpc_request r = request;
    struct httpc_answer answer;
    struct err err = ERR_INIT;
    struct canned c;

    (void)state;
    canned_say(&c, "HTTP/1.1 503 Busy\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlater");
    r.url = c.url;
    assert_int_equal(httpc_send(httpc, &r, &answer, &err), 0);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.body, "later");
    assert_int_equal(answer.body_len, 5);
    assert_non_null(strstr(canned_asked(&c), "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(canned_asked(&c), "X-One: 1\r\n"));
    assert_null(strstr(canned_asked(&c), "Expect"));
    httpc_answer_deinit(&answer);
    canned_down(&c);
}

static void redirects_are_not_followed(void **state)
{
    struct httpc_answer answer;
    struct err err = ERR_INIT;
    struct canned c;

    (void)state;
    canned_say(&c, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n"
                   "Connection: close\r\n\r\n");
    assert_int_equal(get(c.url, &answer, &err), 0);
    assert_int_equal(answer.status, 302);
    assert_string_equal(answer.body, "");
    assert_int_equal(c.times, 1);
    httpc_answer_deinit(&answer);
    canned_down(&c);
}

static void proxies_of_the_environment_are_not_used(void **state)
{
    struct httpc_answer answer;
    struct err err = ERR_INIT;
    struct canned c;

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
    canned_say(&c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_int_equal(get(c.url, &answer, &err), 0);
    httpc_answer_deinit(&answer);
    canned_down(&c);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void answer_over_its_limit_is_refused(void **state)
{
    struct httpc_request request = {.method = "GET", .answer_max = 4};
    struct httpc_answer answer;
    struct err err = ERR_INIT;
    struct canned c;

    (void)state;
    canned_say(&c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge");
    request.url = c.url;
    assert_int_equal(httpc_send(httpc, &request, &answer, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "too large"));
    request.answer_max = 5;
    assert_int_equal(httpc_send(httpc, &request, &answer, &err), 0);
    httpc_answer_deinit(&answer);
    canned_down(&c);
}

static void line_end_in_a_header_is_refused(void **state)
{
    static const char *const headers[] = {"X: 1\r\nY: 2", NULL};
    const struct httpc_request request = {.method = "GET",
                                          .url = "http://127.0.0.1:1/",
                                          .headers = headers};
    struct httpc_answer answer;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(httpc_send(httpc, &request, &answer, &err), ERR_INVALID);
}

/* What was asked may have happened: that is another answer than "not sent". */
static void silence_after_sending_is_a_timeout_and_nobody_there_is_unreachable(void **state)
{
    struct httpc_request request = {.method = "GET", .timeout_ms = 300};
    mono_ms began = clock_mono(clock_system());
    struct httpc_answer answer;
    struct err err = ERR_INIT;
    struct canned c;

    (void)state;
    canned_say(&c, NULL);
    request.url = c.url;
    assert_int_equal(httpc_send(httpc, &request, &answer, &err), ERR_TIMEOUT);
    assert_true(clock_mono(clock_system()) - began < 2500);
    canned_down(&c);
    assert_int_equal(get(c.url, &answer, &err), ERR_UNREACHABLE);
    assert_non_null(strstr(err.text, c.url));
}

static void answer_cut_off_is_a_timeout(void **state)
{
    struct httpc_answer answer;
    struct err err = ERR_INIT;
    struct canned c;

    (void)state;
    canned_say(&c, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
    assert_int_equal(get(c.url, &answer, &err), ERR_TIMEOUT);
    canned_down(&c);
}

static void health_names_both_statuses(void **state)
{
    struct err err = ERR_INIT;
    struct canned c;

    (void)state;
    canned_say(&c, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_int_equal(httpc_health(httpc, c.url, 503, 1000, &err), 0);
    assert_int_equal(httpc_health(httpc, c.url, 200, 1000, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.text, "answered 503, expected 200"));
    canned_down(&c);
    assert_int_equal(httpc_health(httpc, c.url, 200, 1000, &err), ERR_UNREACHABLE);
    assert_int_equal(httpc_health(httpc, "http://example.com/", 200, 1000, &err), ERR_INVALID);
}

static void unix_socket_is_asked_by_its_path(void **state)
{
    char path[64];
    struct canned c = {
        .answers = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"},
        .n_answers = 1,
        .unix_path = path};
    struct httpc_request request = {.method = "GET", .url = "http://localhost/api/v1/status"};
    struct httpc_answer answer;
    struct err err = ERR_INIT;

    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/slipway-httpc-%d.sock", (int)getpid());
    canned_up(&c);
    assert_int_equal(httpc_send_unix(httpc, path, &request, &answer, &err), 0);
    assert_string_equal(answer.body, "ok");
    httpc_answer_deinit(&answer);
    canned_down(&c);
    assert_int_equal(httpc_send_unix(httpc, path, &request, &answer, &err), ERR_UNREACHABLE);
    assert_non_null(strstr(err.text, path));
}

/* libcurl repeats a request when a connection that it kept ends under it; whoever asked would not hear of it. */
static void what_must_not_come_twice_comes_once(void **state)
{
    static const char kept[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct canned c = {.answers = {kept}, .n_answers = 1, .keeps = true};
    struct httpc_request r = {
        .method = "POST", .body = "{}", .body_len = 2, .timeout_ms = 3000, .once = true};
    struct httpc_answer answer;
    struct err err = ERR_INIT;

    (void)state;
    canned_up(&c);
    r.url = c.url;
    assert_int_equal(get(c.url, &answer, &err), 0);
    httpc_answer_deinit(&answer);
    /* The kept one would take it, end, and leave it to be sent anew: three requests. */
    assert_int_equal(httpc_send(httpc, &r, &answer, &err), 0);
    httpc_answer_deinit(&answer);
    assert_int_equal(c.times, 2);
    canned_down(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plain_http_goes_only_to_this_machine),
        TEST(answer_and_status_come_back_whatever_the_status),
        TEST(redirects_are_not_followed),
        TEST(proxies_of_the_environment_are_not_used),
        TEST(answer_over_its_limit_is_refused),
        TEST(line_end_in_a_header_is_refused),
        TEST(silence_after_sending_is_a_timeout_and_nobody_there_is_unreachable),
        TEST(answer_cut_off_is_a_timeout),
        TEST(health_names_both_statuses),
        TEST(unix_socket_is_asked_by_its_path),
        TEST(what_must_not_come_twice_comes_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
