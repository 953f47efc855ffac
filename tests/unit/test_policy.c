/* policy: guessing (T45), writes that another site could forge (T43), what an anonymous sees (T47), the cli socket
 * (T48), tricks with paths (T46). */
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/store/store_repository.h"
#include "server/api/routes.h"
#include "server/api/tries.h"
#include "tests/support/api_room.h"
#include "tests/support/raw_http.h"

#define NOBODY 65534

/* %s: who may look; %s: the group that may operate. */
static const char house[] =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "trusted-proxies: [127.0.0.1]\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "rights: { view: [%s], operate: [\"group:%s\"] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      production: { on: release, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";

static struct api_room room;

static int add_repository(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return store_repository_ensure(db, "acme/shop", "main", err);
}

static void room_with(const char *viewers)
{
    const struct group *group = getgrgid(geteuid() == 0 ? NOBODY : getegid());
    char config[2048];

    log_init(LOG_LOGFMT, LOG_ERROR);
    snprintf(config, sizeof(config), house, viewers, group != NULL ? group->gr_name : "nogroup");
    api_room_up_with(&room, NULL, config);
    api_room_write(&room, add_repository, NULL);
}

static int up(void **state)
{
    (void)state;
    room_with("anyone");
    return 0;
}

static int up_closed(void **state)
{
    (void)state;
    room_with("");
    return 0;
}

static int down(void **state)
{
    (void)state;
    api_room_down(&room);
    return 0;
}

/* One request with these lines behind Host; the answer is the caller's to free. */
static struct raw_answer *ask(enum listener listener, const char *method, const char *target,
                              const char *lines, const char *body)
{
    char bytes[4096];
    size_t len = (size_t)snprintf(bytes, sizeof(bytes), "%s %s HTTP/1.1\r\nHost: h\r\n%s", method,
                                  target, lines);

    if (body != NULL)
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len,
                                "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                                strlen(body));
    len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "\r\n%s", body != NULL ? body : "");
    return raw_http_ask(http_server_address(room.server, listener), bytes, len);
}

static int status(enum listener listener, const char *method, const char *target, const char *lines,
                  const char *body)
{
    struct raw_answer *answer = ask(listener, method, target, lines, body);
    int s = answer->status;

    free(answer);
    return s;
}

static void make_token(const char *body, char lines[256])
{
    struct raw_answer *answer = ask(LISTENER_CLI, "POST", "/api/v1/tokens", "", body);
    struct cJSON *json = NULL;

    assert_int_equal(answer->status, 201);
    assert_int_equal(json_parse(answer->body, answer->body_len, NULL, &json, NULL), 0);
    snprintf(lines, 256, "Authorization: Bearer %s\r\n", json_str(json, "token"));
    json_free(json);
    free(answer);
}

/* Guessing -------------------------------------------------------------------------------------- */

static int guess(const char *from, const char *line)
{
    char lines[400];

    snprintf(lines, sizeof(lines), "X-Forwarded-For: %s\r\n%s", from, line);
    return status(LISTENER_WEB, "GET", "/api/v1/hosts", lines, NULL);
}

static void T45_after_ten_guesses_no_token_is_looked_at_from_there(void **state)
{
    char right[256];

    (void)state;
    make_token("{\"name\":\"right\",\"rights\":[\"admin\"]}", right);
    assert_int_equal(guess("192.0.2.1", right), 200);
    for (int i = 0; i < 10; i++)
        assert_int_equal(guess("192.0.2.1", "Authorization: Bearer slipway_guess\r\n"), 401);
    assert_int_equal(guess("192.0.2.1", "Authorization: Bearer slipway_guess\r\n"), 429);
    assert_int_equal(guess("192.0.2.1", right), 429); /* so a right one is not found out */
    assert_int_equal(guess("192.0.2.2", right), 200);
    assert_int_equal(guess("192.0.2.1", ""), 200); /* who shows none is anyone */
}

static void T45_a_wrong_and_an_ended_token_get_the_same_answer(void **state)
{
    struct raw_answer *wrong, *ended;
    char token[256];

    (void)state;
    make_token("{\"name\":\"gone\",\"rights\":[\"admin\"]}", token);
    assert_int_equal(status(LISTENER_CLI, "DELETE", "/api/v1/tokens/gone", "", NULL), 200);
    wrong = ask(LISTENER_WEB, "GET", "/api/v1/tokens", "Authorization: Bearer x\r\n", NULL);
    ended = ask(LISTENER_WEB, "GET", "/api/v1/tokens", token, NULL);
    assert_int_equal(wrong->status, 401);
    assert_int_equal(ended->status, 401);
    /* all but the id to quote */
    *strstr(wrong->body, "\"id\":\"") = '\0';
    *strstr(ended->body, "\"id\":\"") = '\0';
    assert_string_equal(wrong->body, ended->body);
    free(wrong);
    free(ended);
}

static void T45_the_wait_doubles_up_to_a_minute_and_is_forgotten(void **state)
{
    static const int64_t waits[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct tries *tries = tries_new();
    mono_ms now = 1000000;

    (void)state;
    for (int i = 0; i < 9; i++)
        tries_failed(tries, "2001:db8::1", now);
    assert_int_equal(tries_wait(tries, "2001:db8::1", now), 0);
    for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
        tries_failed(tries, "2001:db8::2", now); /* the same network */
        assert_int_equal(tries_wait(tries, "2001:db8::1", now), waits[i]);
        now += waits[i];
        assert_int_equal(tries_wait(tries, "2001:db8::1", now), 0);
    }
    assert_int_equal(tries_wait(tries, "2001:db8:0:1::1", now), 0);
    now += 15 * 60 * 1000 + 1;
    tries_failed(tries, "2001:db8::1", now);
    assert_int_equal(tries_wait(tries, "2001:db8::1", now), 0);
    /* More addresses than it remembers: bounded, and the newest is among them. */
    for (int i = 0; i < 3000; i++) {
        char address[32];
        snprintf(address, sizeof(address), "10.0.%d.%d", i / 250, i % 250);
        for (int k = 0; k < 10; k++)
            tries_failed(tries, address, now + i);
        assert_true(tries_wait(tries, address, now + i) > 0);
    }
    tries_free(tries);
}

/* Nobody's writes ------------------------------------------------------------------------------- */

/* A browser adds cookies and an origin to what another site's page makes it send, and nothing that page does not
 * know. Whatever anyone may, nothing is changed without a token. */
static void T43_on_web_nothing_changes_without_a_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_routes; i++) {
        char target[256], *brace;
        int got;

        if (str_eq(routes[i].method, "GET") || (routes[i].listeners & ON(LISTENER_WEB)) == 0)
            continue;
        assert_true(routes[i].right > RIGHT_VIEW);
        snprintf(target, sizeof(target), "%s", routes[i].pattern);
        while ((brace = strchr(target, '{')) != NULL) {
            char *end = strchr(brace, '}');
            *brace = '1';
            memmove(brace + 1, end + 1, strlen(end + 1) + 1);
        }
        got = status(LISTENER_WEB, routes[i].method, target,
                     "Origin: http://evil.example\r\nCookie: session=1\r\n",
                     routes[i].body_limit != 0 ? "{}" : NULL);
        if (got != 401)
            fail_msg("%s: %d", routes[i].name, got);
    }
}

/* Anonymous ------------------------------------------------------------------------------------- */

static bool is_open(const struct route *route)
{
    static const char *const open[] = {"health_live",      "health_ready", "page_board",
                                       "page_release",     "page_system",  "page_pull",
                                       "page_folder_file", "page_file"};

    for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
        if (str_eq(route->name, open[i]))
            return true;
    return false;
}

/* Where `view` does not name anyone: the fixed word, the page without any content, and nothing else. */
static void T47_an_anonymous_sees_the_fixed_word_and_an_empty_page(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_routes; i++) {
        char target[256], *brace;
        int got;

        if (!str_eq(routes[i].method, "GET") || (routes[i].listeners & ON(LISTENER_WEB)) == 0 ||
            is_open(&routes[i]))
            continue;
        snprintf(target, sizeof(target), "%s", routes[i].pattern);
        while ((brace = strchr(target, '{')) != NULL) {
            char *end = strchr(brace, '}');
            *brace = '1';
            memmove(brace + 1, end + 1, strlen(end + 1) + 1);
        }
        got = status(LISTENER_WEB, "GET", target, "", NULL);
        if (got != 401)
            fail_msg("%s shows something: %d", routes[i].name, got);
    }
    for (int l = 0; l < LISTENER_COUNT; l++) {
        struct raw_answer *answer = ask((enum listener)l, "GET", "/healthz", "", NULL);
        assert_int_equal(answer->status, 200);
        assert_true(answer->body_len < 16);
        free(answer);
    }
}

/* Paths ----------------------------------------------------------------------------------------- */

static void T46_the_route_that_was_judged_is_the_one_that_runs(void **state)
{
    static const char *const tricks[] = {
        "/api/v1/tokens;x",          "/api/v1/%74okens",        "/api/v1//tokens",
        "/api/v1/hosts/../tokens",   "/api/v1/./tokens",        "/api/v1/tokens/",
        "/api/v1/tokens%00",         "/API/v1/tokens",          "/api/v1/hosts%2f..%2ftokens",
        "/status.txt/api/v1/tokens", "/assets/../api/v1/tokens"};
    char view[256];

    (void)state;
    make_token("{\"name\":\"view\",\"rights\":[\"view\"]}", view);
    for (size_t i = 0; i < sizeof(tricks) / sizeof(*tricks); i++) {
        int got = status(LISTENER_WEB, "GET", tricks[i], view, NULL);
        if (got != 400 && got != 404)
            fail_msg("%s: %d", tricks[i], got);
    }
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/tokens?path=/api/v1/hosts", view, NULL),
                     403);
    assert_int_equal(status(LISTENER_WEB, "HEAD", "/api/v1/tokens", view, NULL), 403);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/hosts",
                            "X-HTTP-Method-Override: DELETE\r\nX-Original-URL: /api/v1/tokens\r\n",
                            NULL),
                     200);
    assert_int_equal(status(LISTENER_WEB, "PUT", "/api/v1/tokens", view, "{}"), 405);
    assert_int_equal(status(LISTENER_WEB, "TRACE", "/api/v1/tokens", view, NULL), 405);
}

/* The cli socket -------------------------------------------------------------------------------- */

/* As another user, in that group; -1 = could not even connect. */
static int status_as(gid_t group, const char *method, const char *target, const char *body)
{
    int told[2], got = -1;
    pid_t child;

    assert_int_equal(pipe(told), 0);
    child = fork();
    if (child == 0) {
        if (setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0 ||
            setresuid(NOBODY, NOBODY, NOBODY) != 0)
            _exit(1);
        got = status(LISTENER_CLI, method, target, "", body);
        _exit(write(told[1], &got, sizeof(got)) != (ssize_t)sizeof(got));
    }
    close(told[1]);
    if (read(told[0], &got, sizeof(got)) != (ssize_t)sizeof(got))
        got = -1;
    close(told[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return got;
}

static void T48_on_the_cli_socket_the_kernel_says_who_it_is(void **state)
{
    static const char hold[] = "{\"environment\":\"production\",\"reason\":\"r\"}";

    (void)state;
    assert_int_equal(api_room_cli_mode(&room), 0660);
    assert_int_equal(status(LISTENER_CLI, "GET", "/api/v1/tokens", "", NULL), 200);
    if (geteuid() != 0)
        return; /* nobody else to be */
    assert_int_equal(chmod(room.folder, 0711), 0);
    assert_int_equal(chmod(room.cli, 0666), 0); /* as if it were theirs */
    assert_int_equal(status_as(NOBODY, "POST", "/api/v1/repos/acme/shop/holds", hold), 201);
    assert_int_equal(status_as(NOBODY, "GET", "/api/v1/tokens", NULL), 403);
    assert_int_equal(status_as(NOBODY - 1, "POST", "/api/v1/repos/acme/shop/holds", hold), 403);
    assert_int_equal(status_as(NOBODY - 1, "GET", "/api/v1/status", NULL), 403);
}

#define ROOM(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM(T45_after_ten_guesses_no_token_is_looked_at_from_there),
        ROOM(T45_a_wrong_and_an_ended_token_get_the_same_answer),
        cmocka_unit_test(T45_the_wait_doubles_up_to_a_minute_and_is_forgotten),
        ROOM(T43_on_web_nothing_changes_without_a_token),
        cmocka_unit_test_setup_teardown(T47_an_anonymous_sees_the_fixed_word_and_an_empty_page,
                                        up_closed, down),
        ROOM(T46_the_route_that_was_judged_is_the_one_that_runs),
        ROOM(T48_on_the_cli_socket_the_kernel_says_who_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
