/* httpc: where requests may go, what is never followed, and what a failure means for whoever asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/httpc/httpc.h"

/* One that answers every connection with the same bytes, then closes. */
struct canned {
    pthread_t thread;
    int fd;
    char url[64];
    const char *answer; /* NULL = never */
    char asked[4096];   /* what came last */
    int times;
};

static void *serve(void *arg)
{
    struct canned *c = arg;

    for (;;) {
        int fd = accept(c->fd, NULL, NULL);
        ssize_t n;

        if (fd < 0)
            return NULL;
        c->times++;
        n = recv(fd, c->asked, sizeof(c->asked) - 1, 0);
        c->asked[n > 0 ? n : 0] = '\0';
        if (c->answer == NULL) {
            char one;

            (void)recv(fd, &one, 1, 0); /* until the other side gives up */
        } else {
            (void)send(fd, c->answer, strlen(c->answer), MSG_NOSIGNAL);
        }
        close(fd);
    }
}

static void canned_up(struct canned *c, const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    *c = (struct canned){.answer = answer};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(c->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(c->fd, 8), 0);
    assert_int_equal(getsockname(c->fd, (struct sockaddr *)&at, &len), 0);
    snprintf(c->url, sizeof(c->url), "http://127.0.0.1:%d/up", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&c->thread, NULL, serve, c), 0);
}

static void canned_down(struct canned *c)
{
    shutdown(c->fd, SHUT_RDWR);
    pthread_join(c->thread, NULL);
    close(c->fd);
}

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
    canned_up(&c, "HTTP/1.1 503 Busy\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlater");
    r.url = c.url;
    assert_int_equal(httpc_send(httpc, &r, &answer, &err), 0);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.body, "later");
    assert_int_equal(answer.body_len, 5);
    assert_non_null(strstr(c.asked, "POST /up HTTP/1.1\r\n"));
    assert_non_null(strstr(c.asked, "X-One: 1\r\n"));
    assert_null(strstr(c.asked, "Expect"));
    httpc_answer_deinit(&answer);
    canned_down(&c);
}

static void redirects_are_not_followed(void **state)
{
    struct httpc_answer answer;
    struct err err = ERR_INIT;
    struct canned c;

    (void)state;
    canned_up(&c, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n"
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
    canned_up(&c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
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
    canned_up(&c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge");
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
    canned_up(&c, NULL);
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
    canned_up(&c, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
    assert_int_equal(get(c.url, &answer, &err), ERR_TIMEOUT);
    canned_down(&c);
}

static void health_names_both_statuses(void **state)
{
    struct err err = ERR_INIT;
    struct canned c;

    (void)state;
    canned_up(&c, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_int_equal(httpc_health(httpc, c.url, 503, 1000, &err), 0);
    assert_int_equal(httpc_health(httpc, c.url, 200, 1000, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.text, "answered 503, expected 200"));
    canned_down(&c);
    assert_int_equal(httpc_health(httpc, c.url, 200, 1000, &err), ERR_UNREACHABLE);
    assert_int_equal(httpc_health(httpc, "http://example.com/", 200, 1000, &err), ERR_INVALID);
}

static void unix_socket_is_asked_by_its_path(void **state)
{
    static const char answer_text[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct canned c = {.answer = answer_text};
    struct httpc_request request = {.method = "GET", .url = "http://localhost/api/v1/status"};
    struct httpc_answer answer;
    struct err err = ERR_INIT;

    (void)state;
    snprintf(at.sun_path, sizeof(at.sun_path), "/tmp/slipway-httpc-%d.sock", (int)getpid());
    unlink(at.sun_path);
    c.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(c.fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(c.fd, 8), 0);
    assert_int_equal(pthread_create(&c.thread, NULL, serve, &c), 0);
    assert_int_equal(httpc_send_unix(httpc, at.sun_path, &request, &answer, &err), 0);
    assert_string_equal(answer.body, "ok");
    httpc_answer_deinit(&answer);
    canned_down(&c);
    unlink(at.sun_path);
    assert_int_equal(httpc_send_unix(httpc, at.sun_path, &request, &answer, &err), ERR_UNREACHABLE);
    assert_non_null(strstr(err.text, at.sun_path));
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
