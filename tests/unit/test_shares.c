/* shares and networks: what one address may have at once (T08, rule 8). */
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

#include "lib/base/log.h"
#include "server/api/http_server.h"
#include "server/api/network.h"
#include "server/api/shares.h"
#include "tests/support/api_room.h"
#include "tests/support/raw_http.h"
#include "tests/support/sent.h"

static void a_network_of_ipv6_and_ipv4_in_its_clothes_count_as_one(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } pairs[] = {{"203.0.113.7", "203.0.113.7", true},
                 {"203.0.113.7", "203.0.113.8", false},
                 {"203.0.113.7", "::ffff:203.0.113.7", true},
                 {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
                 {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
                 {"::", "0.0.0.0", false}};

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
        assert_int_equal(network_equal(network_of(pairs[i].a), network_of(pairs[i].b)),
                         pairs[i].equal);
    assert_true(network_is_here(network_of("127.0.0.1")));
    assert_true(network_is_here(network_of("127.9.9.9")));
    assert_true(network_is_here(network_of("::1")));
    assert_true(network_is_here(network_of("::ffff:127.0.0.1")));
    assert_true(network_is_here(network_of("unix")));
    assert_false(network_is_here(network_of("::2")));
    assert_false(network_is_here(network_of("10.0.0.1")));
}

static void T08_one_address_has_so_many_requests_and_no_more(void **state)
{
    struct shares *shares = shares_new(3, 1000);
    struct share *a[3], *b, *none;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(shares_take(shares, "203.0.113.7", &a[i]));
    assert_false(shares_take(shares, "203.0.113.7", &none));
    assert_null(none);
    assert_false(shares_have_room(shares, "203.0.113.7"));
    assert_true(shares_have_room(shares, "203.0.113.8"));
    assert_true(shares_take(shares, "203.0.113.8", &b));
    shares_give(shares, a[0]);
    assert_true(shares_take(shares, "203.0.113.7", &a[0]));
    for (int i = 0; i < 100; i++)
        assert_true(shares_take(shares, "127.0.0.1", &none));
    assert_null(none);
    for (int i = 0; i < 3; i++)
        shares_give(shares, a[i]);
    shares_give(shares, b);
    shares_give(shares, NULL);
    shares_free(shares);
}

static void T08_one_address_has_so_many_bytes_and_no_more(void **state)
{
    struct shares *shares = shares_new(3, 1000);
    struct share *a, *b;

    (void)state;
    assert_true(shares_take(shares, "203.0.113.7", &a));
    assert_true(shares_take(shares, "203.0.113.7", &b));
    assert_true(shares_take_bytes(shares, a, 600));
    assert_false(shares_take_bytes(shares, b, 401));
    assert_true(shares_take_bytes(shares, b, 400));
    assert_true(shares_take_bytes(shares, NULL, 4000));
    shares_give_bytes(a, 600);
    assert_true(shares_take_bytes(shares, b, 600));
    shares_give_bytes(b, 1000);
    shares_give(shares, a);
    shares_give(shares, b);
    shares_free(shares);
}

static void T08_very_many_addresses_are_told_apart(void **state)
{
    enum { N = 2000 };
    struct shares *shares = shares_new(1, 1000);
    static struct share *held[N];
    char address[32];

    (void)state;
    for (int i = 0; i < N; i++) {
        struct share *none;
        snprintf(address, sizeof(address), "203.0.%d.%d", i / 250, i % 250 + 1);
        assert_true(shares_take(shares, address, &held[i]));
        assert_false(shares_take(shares, address, &none));
    }
    for (int i = 0; i < N; i++)
        shares_give(shares, held[(i * 7) % N]);
    shares_free(shares);
}

/* Through the listener --------------------------------------------------------------------------- */

#define MIB ((size_t)1 << 20)
#define HEAD "POST /webhooks/github HTTP/1.1\r\nHost: h\r\n"

static const char *webhooks;

static const char behind_a_proxy[] =
    "version: 1\n"
    "trusted-proxies: [127.0.0.1]\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      production: { on: release, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";

/* One address behind a proxy has its share, and the rest of the house is for others (rule 8). */
static void T08_an_address_that_a_proxy_names_has_its_share_and_no_more(void **state)
{
    enum { SHARE = 8 };
    static const char from[] =
        HEAD "X-Forwarded-For: 203.0.113.7\r\nExpect: 100-continue\r\n"
             "Content-Type: application/json\r\n"
             "X-GitHub-Event: push\r\nX-GitHub-Delivery: g\r\n"
             "X-Hub-Signature-256: sha256="
             "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
             "\r\nContent-Length: 2\r\n\r\n";
    struct http_server_options options = {.headers_ms = 60000, .body_ms = 60000};
    struct api_room behind;
    struct raw_answer *a;
    int fds[SHARE], status;
    char other[sizeof(from) + 32], go_on[64];

    (void)state;
    options.listeners[LISTENER_WEBHOOKS] = (struct http_server_listener){.max_per_address = SHARE};
    api_room_up_with(&behind, &options, behind_a_proxy);
    webhooks = http_server_address(behind.server, LISTENER_WEBHOOKS);
    for (int i = 0; i < SHARE; i++) { /* their bodies do not come */
        fds[i] = raw_http_open(webhooks);
        raw_http_send(fds[i], from, sizeof(from) - 1);
        assert_true(recv(fds[i], go_on, sizeof(go_on) - 1, 0) > 0); /* it was taken in */
        assert_memory_equal(go_on, "HTTP/1.1 100 ", 13);
    }
    a = raw_http_ask(webhooks, from, sizeof(from) - 1);
    status = a->status;
    free(a);
    assert_int_equal(status, 503);
    snprintf(other, sizeof(other), "%s{}", from);
    memcpy(strstr(other, "203.0.113.7"), "203.0.113.8", 11);
    memcpy(strstr(other, "Expect"), "Unwant", 6); /* the answer is read, and nothing before it */
    a = raw_http_ask(webhooks, other, strlen(other)); /* somebody else is only looked at */
    assert_int_equal(a->status, 401);
    free(a);
    for (int i = 0; i < SHARE; i++)
        close(fds[i]);
    memcpy(strstr(other, "203.0.113.8"), "203.0.113.7", 11);
    for (int i = 0; i < 500 && status != 401; i++) {
        usleep(10000); /* until they are gone */
        a = raw_http_ask(webhooks, other, strlen(other));
        status = a->status;
        free(a);
    }
    assert_int_equal(status, 401);
    api_room_down(&behind);
}

/* All of a delivery but its last byte, from an address that the proxy names. */
static int held_of(const char *address, size_t n)
{
    struct sent s = SENT_GOOD;
    char *body = malloc(n), more[64];
    int fd = raw_http_open(webhooks);
    size_t len;
    char *bytes;

    memset(body, ' ', n);
    snprintf(more, sizeof(more), "X-Forwarded-For: %s\r\n", address);
    s.more = more;
    s.body = body;
    s.body_len = n;
    bytes = sent_bytes(&s, &len);
    raw_http_send(fd, bytes, len - 1);
    free(bytes);
    free(body);
    return fd;
}

/* All of it. */
static int status_of_address(const char *address, const char *guid, size_t n)
{
    struct sent s = SENT_GOOD;
    char *body = malloc(n), more[64];
    int status;

    memset(body, ' ', n);
    snprintf(more, sizeof(more), "X-Forwarded-For: %s\r\n", address);
    s.more = more;
    s.guid = guid;
    s.body = body;
    s.body_len = n;
    status = sent_status(webhooks, &s);
    free(body);
    return status;
}

/* Half of the memory for bodies, of whatever size: bodies as small as GitHub's are no way around it. */
static void T08_one_address_has_half_of_the_room_for_bodies(void **state)
{
    const struct http_server_options options = {.body_budget = 40 * MIB, .body_ms = 100000};
    struct api_room behind;
    int fds[21], status = 0;

    (void)state;
    api_room_up_with(&behind, &options, behind_a_proxy);
    webhooks = http_server_address(behind.server, LISTENER_WEBHOOKS);
    fds[0] = held_of("203.0.113.7", 10 * MIB); /* and as much in small ones */
    for (int i = 1; i < 21; i++)
        fds[i] = held_of("203.0.113.7", MIB / 2 - 1024);
    for (int i = 0; i < 500 && status != 503; i++) {
        usleep(20000); /* until all of them have come */
        status = status_of_address("203.0.113.7", "one-more", 900 * 1024);
    }
    assert_int_equal(status, 503);
    assert_int_equal(status_of_address("203.0.113.8", "small", 900 * 1024), 202);
    assert_int_equal(status_of_address("203.0.113.8", "large", 3 * MIB), 202);
    for (int i = 0; i < 21; i++)
        close(fds[i]);
    for (int i = 0; i < 500 && status != 202; i++) {
        usleep(20000); /* until it was given back */
        status = status_of_address("203.0.113.7", "again", 900 * 1024);
    }
    assert_int_equal(status, 202);
    api_room_down(&behind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_of_ipv6_and_ipv4_in_its_clothes_count_as_one),
        cmocka_unit_test(T08_one_address_has_so_many_requests_and_no_more),
        cmocka_unit_test(T08_one_address_has_so_many_bytes_and_no_more),
        cmocka_unit_test(T08_very_many_addresses_are_told_apart),
        cmocka_unit_test(T08_an_address_that_a_proxy_names_has_its_share_and_no_more),
        cmocka_unit_test(T08_one_address_has_half_of_the_room_for_bodies),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
