/* github_api: typed answers, bad days, where a question may go (T52), against a double of GitHub. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/secret.h"
#include "lib/github/github_api.h"
#include "lib/httpc/httpc.h"
#include "tests/support/github_double.h"

static struct github_double github;
static struct secret *token;
static struct github_api *api;

static struct github_api *api_at(const char *base)
{
    const struct github_api_options options = {.base = base,
                                               .token = token,
                                               .agent = "slipway/test",
                                               .timeout_ms = 2000};

    return github_api_new(&options);
}

static int up(void **state)
{
    (void)state;
    github_double_up(&github);
    github_double_account(&github, "Ana", 7);
    token = secret_new(GITHUB_DOUBLE_TOKEN, strlen(GITHUB_DOUBLE_TOKEN));
    api = api_at(github.url);
    return 0;
}

static int down(void **state)
{
    (void)state;
    github_api_free(api);
    secret_free(token);
    github_double_down(&github);
    return 0;
}

static void accounts_both_ways(void **state)
{
    struct github_api_account a;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(github_api_user(api, "ana", &a, &err), 0);
    assert_int_equal(a.id, 7);
    assert_string_equal(a.login, "Ana");
    assert_string_equal(github.last, "/users/ana");
    github_double_account(&github, "ana-new", 7);
    assert_int_equal(github_api_user(api, "ana", &a, &err), ERR_NOT_FOUND);
    assert_int_equal(github_api_account(api, 7, &a, &err), 0);
    assert_string_equal(a.login, "ana-new");
    assert_int_equal(github_api_account(api, 8, &a, &err), ERR_NOT_FOUND);
}

static void only_an_active_member_is_in_a_team(void **state)
{
    struct err err = ERR_INIT;
    bool member = true;

    (void)state;
    assert_int_equal(github_api_in_team(api, "acme/sre", "Ana", &member, &err), 0);
    assert_false(member);
    github_double_member(&github, "acme/sre", 7, "pending");
    assert_int_equal(github_api_in_team(api, "acme/sre", "Ana", &member, &err), 0);
    assert_false(member);
    github_double_member(&github, "acme/sre", 7, "active");
    assert_int_equal(github_api_in_team(api, "acme/sre", "Ana", &member, &err), 0);
    assert_true(member);
    assert_string_equal(github.last, "/orgs/acme/teams/sre/memberships/Ana");
}

static void T52_no_name_from_outside_becomes_another_path(void **state)
{
    static const char *const logins[] = {"",      "a/b", "../x",      "a?b",
                                         "a%2fb", "a b", "a\r\nX: y", "ä"};
    static const char *const teams[] = {"acme", "acme/", "/sre", "acme/../x", "acme/s/t", "a b/c"};
    struct github_api_account a;
    bool member;

    (void)state;
    for (size_t i = 0; i < sizeof(logins) / sizeof(*logins); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(github_api_user(api, logins[i], &a, &err), ERR_INVALID);
        assert_int_equal(github_api_in_team(api, "acme/sre", logins[i], &member, &err),
                         ERR_INVALID);
    }
    for (size_t i = 0; i < sizeof(teams) / sizeof(*teams); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(github_api_in_team(api, teams[i], "ana", &member, &err), ERR_INVALID);
    }
    assert_int_equal(atomic_load(&github.asked), 0);
}

static void bad_days_are_told_apart(void **state)
{
    static const struct {
        enum github_double_day day;
        int rc;
    } days[] = {{GITHUB_DOUBLE_BROKEN, ERR_UNKNOWN},
                {GITHUB_DOUBLE_OVER, ERR_BUSY},
                {GITHUB_DOUBLE_FORBIDDEN, ERR_DENIED},
                {GITHUB_DOUBLE_ODD, ERR_UNKNOWN},
                {GITHUB_DOUBLE_AWAY, ERR_UNKNOWN},
                {GITHUB_DOUBLE_SILENT, ERR_TIMEOUT},
                {GITHUB_DOUBLE_WELL, 0}};
    struct github_api_account a;

    (void)state;
    for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
        struct err err = ERR_INIT;
        int rc;
        atomic_store(&github.day, days[i].day);
        rc = github_api_user(api, "ana", &a, &err);
        if (rc != days[i].rc)
            fail_msg("day %d: %d, %s", days[i].day, rc, err.text);
        if (rc == ERR_BUSY)
            assert_int_equal(github_api_wait_ms(api), 7000);
        assert_null(strstr(err.text, GITHUB_DOUBLE_TOKEN));
    }
}

static time_ms seven_o_clock(struct clock *clock)
{
    (void)clock;
    return 1795503600000;
}

/* For so long it wants to be left alone, when it answers with these headers. */
static int64_t left_alone(const char *headers)
{
    struct github_api_account a;
    struct err err = ERR_INIT;

    github.over = headers;
    atomic_store(&github.day, GITHUB_DOUBLE_OVER);
    assert_int_equal(github_api_user(api, "ana", &a, &err), ERR_BUSY);
    return github_api_wait_ms(api);
}

/* Retry-After, else the reset, else a minute and then longer; an hour at the most, and never at once. */
static void who_is_over_a_limit_waits_as_long_as_github_says(void **state)
{
    static struct clock clock = {.now = seven_o_clock};
    const struct github_api_options options = {.base = github.url,
                                               .token = token,
                                               .agent = "slipway/test",
                                               .clock = &clock};
    struct github_api_account a;
    struct err err = ERR_INIT;

    (void)state;
    github_api_free(api);
    api = github_api_new(&options);
    assert_int_equal(left_alone("Retry-After: 90\r\nX-RateLimit-Remaining: 0\r\n"), 90000);
    assert_int_equal(left_alone("Retry-After: 0\r\n"), 1000);
    assert_int_equal(left_alone("Retry-After: 9223372036854775807\r\n"), 3600000);
    assert_int_equal(left_alone("X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1795504200\r\n"),
                     600000);
    assert_int_equal(left_alone(
                         "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 9223372036854775807\r\n"),
                     3600000);
    /* It is over, and still it says so. */
    assert_int_equal(left_alone("X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1795503600\r\n"),
                     60000);
    assert_int_equal(left_alone(""), 120000);
    assert_int_equal(left_alone("X-RateLimit-Remaining: 4000\r\n"), 240000);
    atomic_store(&github.day, GITHUB_DOUBLE_WELL);
    assert_int_equal(github_api_user(api, "ana", &a, &err), 0);
    assert_int_equal(left_alone(""), 60000);
}

static void T52_a_redirect_is_repeated_once_and_only_on_the_configured_host(void **state)
{
    struct github_api_account a;
    struct err err = ERR_INIT;
    int asked;

    (void)state;
    atomic_store(&github.day, GITHUB_DOUBLE_MOVED);
    assert_int_equal(github_api_user(api, "ana", &a, &err), 0);
    assert_int_equal(atomic_load(&github.asked), 2);
    atomic_store(&github.day, GITHUB_DOUBLE_AWAY);
    asked = atomic_load(&github.asked);
    assert_int_equal(github_api_user(api, "ana", &a, &err), ERR_UNKNOWN);
    assert_int_equal(atomic_load(&github.asked), asked + 1);
}

static void another_token_is_denied(void **state)
{
    struct secret *other = secret_new("ghp_other", 9);
    const struct github_api_options options = {.base = github.url,
                                               .token = other,
                                               .agent = "slipway/test",
                                               .timeout_ms = 2000};
    struct github_api *own = github_api_new(&options);
    struct github_api_account a;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(github_api_user(own, "ana", &a, &err), ERR_DENIED);
    github_api_free(own);
    secret_free(other);
}

/* Addresses that the resolver may give for a public name. */
static void T52_where_a_public_name_may_lead(void **state)
{
    static const struct {
        const char *address;
        bool is_public, with_private;
    } rows[] = {
        {"140.82.112.3", true, true},
        {"127.0.0.1", false, false},
        {"169.254.169.254", false, false},
        {"0.0.0.0", false, false},
        {"10.1.2.3", false, true},
        {"172.16.0.1", false, true},
        {"172.32.0.1", true, true},
        {"192.168.1.1", false, true},
        {"100.64.0.1", false, true},
        {"224.0.0.1", false, false},
        {"255.255.255.255", false, false},
        {"::1", false, false},
        {"fe80::1", false, false},
        {"fd00::1", false, true},
        {"::ffff:127.0.0.1", false, false},
        {"::ffff:10.0.0.1", false, true},
        {"2606:50c0::1", true, true},
        {"ff02::1", false, false},
        {"::", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct sockaddr_in four = {.sin_family = AF_INET};
        struct sockaddr_in6 six = {.sin6_family = AF_INET6};
        const struct sockaddr *at = (const struct sockaddr *)&six;
        if (inet_pton(AF_INET, rows[i].address, &four.sin_addr) == 1)
            at = (const struct sockaddr *)&four;
        else
            assert_int_equal(inet_pton(AF_INET6, rows[i].address, &six.sin6_addr), 1);
        if (httpc_address_is_public(at, false) != rows[i].is_public ||
            httpc_address_is_public(at, true) != rows[i].with_private)
            fail_msg("%s", rows[i].address);
    }
}

/* A name that is no constant and leads to this machine; libcurl resolves *.localhost by itself. */
static void T52_a_name_that_leads_to_loopback_is_refused(void **state)
{
    struct httpc *httpc = httpc_new();
    char url[96];
    struct httpc_request request = {.method = "GET", .url = url, .timeout_ms = 2000};
    struct httpc_answer answer = {.status = 0};
    struct err err = ERR_INIT;

    (void)state;
    snprintf(url, sizeof(url), "https://github.localhost:%s/", strrchr(github.url, ':') + 1);
    assert_int_not_equal(httpc_send(httpc, &request, &answer, &err), 0); /* TLS with nobody */
    while (atomic_load(&github.asked) == 0)
        ; /* but it did come */
    request.public_only = true;
    request.private_ok = true;
    assert_int_equal(httpc_send(httpc, &request, &answer, &err), ERR_UNREACHABLE);
    httpc_free(httpc);
    github_double_account(&github, "li", 8);
    assert_int_equal(atomic_load(&github.asked), 1);
}

#define ROOM(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM(accounts_both_ways),
        ROOM(only_an_active_member_is_in_a_team),
        ROOM(T52_no_name_from_outside_becomes_another_path),
        ROOM(bad_days_are_told_apart),
        ROOM(who_is_over_a_limit_waits_as_long_as_github_says),
        ROOM(T52_a_redirect_is_repeated_once_and_only_on_the_configured_host),
        ROOM(another_token_is_denied),
        cmocka_unit_test(T52_where_a_public_name_may_lead),
        ROOM(T52_a_name_that_leads_to_loopback_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
