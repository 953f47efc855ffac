/* docs/openapi.yaml: each route against it both ways: what was taken is described, what it refuses is refused, and each
 * answer has the described status, type and shape (tests/support/openapi_check.mjs). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "server/api/routes.h"
#include "tests/support/acts.h"
#include "tests/support/raw_http.h"

static struct stop_room room;
static FILE *checker; /* standard input of openapi_check.mjs */

static int up(void **state)
{
    (void)state;
    acts_room_up(&room);
    checker = popen("node " SLIPWAY_SOURCE_DIR "/tests/support/openapi_check.mjs", "w");
    assert_non_null(checker);
    return 0;
}

static int down(void **state)
{
    (void)state;
    stop_room_down(&room);
    return 0;
}

/* Ask over the cli socket and hand the exchange to the checker. `shape`: if it is refused with 422, then for its
 * members, and the document must refuse them, too. */
static int exchange(const char *method, const char *target, const char *body, bool shape)
{
    struct raw_answer *answer;
    struct json_out out;
    struct buf line;
    char bytes[8192];
    int status;
    size_t len =
        (size_t)snprintf(bytes, sizeof(bytes), "%s %s HTTP/1.1\r\nHost: h\r\n", method, target);

    if (body != NULL)
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len,
                                "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                                strlen(body));
    len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "\r\n%s", body != NULL ? body : "");
    answer = raw_http_ask(http_server_address(room.api.server, LISTENER_CLI), bytes, len);
    status = answer->status;
    buf_init(&line, 1 << 20);
    json_out_init(&out, &line);
    json_begin_object(&out, NULL);
    json_add_str(&out, "method", method);
    json_add_str(&out, "target", target);
    json_add_str(&out, "body", body);
    json_add_int(&out, "status", status);
    json_add_str(&out, "type",
                 raw_http_header(answer, "Content-Type") != NULL
                     ? raw_http_header(answer, "Content-Type")
                     : "");
    json_add_strn(&out, "answer", answer->body, answer->body_len);
    json_add_bool(&out, "shape", shape);
    json_end_object(&out);
    fprintf(checker, "%s\n", buf_str(&line));
    buf_deinit(&line);
    free(answer);
    return status;
}

/* An act's body with one member more, or with the first one's value of another type. */
static void spoilt(const char *body, bool more, char *out, size_t size)
{
    const char *colon = strchr(body, ':');

    if (more)
        (void)snprintf(out, size, "{\"no_such_member\":1,%s", body + 1);
    else
        (void)snprintf(out, size, "%.*s{},\"x_rest\"%s", (int)(colon + 1 - body), body, colon);
}

static void write_all(void)
{
    char body[2048], dry[300];

    for (size_t i = 0; i < n_acts; i++) {
        const struct act *act = &acts[i];
        const char *method = acts_route(act)->method;

        if (act->body != NULL) {
            spoilt(act->body, true, body, sizeof(body));
            assert_int_equal(exchange(method, act->target, body, true), 422);
            spoilt(act->body, false, body, sizeof(body));
            assert_int_equal(exchange(method, act->target, body, true), 422);
        }
        (void)snprintf(dry, sizeof(dry), "%s%cdry-run=1", act->target,
                       strchr(act->target, '?') != NULL ? '&' : '?');
        acts_body(&room, act, body, sizeof(body));
        (void)exchange(method, dry, act->body != NULL ? body : NULL, false);
        if (exchange(method, act->target, act->body != NULL ? body : NULL, false) != act->status)
            fail_msg("%s was not taken", act->route);
    }
}

/* Every GET of the API, at what the room has. */
static void read_all(void)
{
    static const char *const targets[] = {
        "/api/v1/status",
        "/api/v1/moment?at=2026-11-24%2012:00",
        "/api/v1/repos/acme/shop/releases",
        "/api/v1/repos/acme/shop/releases?limit=1",
        "/api/v1/repos/acme/shop/releases/2",
        "/api/v1/repos/acme/shop/releases/2/logs",
        "/api/v1/repos/acme/shop/releases/99",
        "/api/v1/repos/acme/shop/barriers",
        "/api/v1/repos/acme/shop/documents",
        "/api/v1/repos/acme/shop/why?release=2",
        "/api/v1/repos/acme/none/releases",
        "/api/v1/forecast",
        "/api/v1/schedule?next=3",
        "/api/v1/calendar",
        "/api/v1/holidays",
        "/api/v1/holds",
        "/api/v1/freezes",
        "/api/v1/hosts",
        "/api/v1/activations",
        "/api/v1/signing-key",
        "/api/v1/tokens",
        "/api/v1/keys",
        "/api/v1/people",
        "/api/v1/audit?since=24h&limit=5",
        "/api/v1/audit/verify",
        "/api/v1/doctor",
        "/api/v1/deliveries",
        "/api/v1/deliveries/1",
        "/api/v1/commands",
        "/api/v1/migrate",
        "/api/v1/migrate?database=main",
    };

    for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++)
        (void)exchange("GET", targets[i], NULL, false);
}

static void each_route_is_as_the_document_says(void **state)
{
    int status;

    (void)state;
    (void)exchange("GET", "/api/v1/holds", NULL, false); /* empty lists, too */
    write_all();
    acts_do(&room, acts_of("hold_add"));
    acts_do(&room, acts_of("freeze_add"));
    acts_do(&room, acts_of("barrier_set"));
    acts_do(&room, acts_of("token_create"));
    acts_do(&room, acts_of("release_wish"));
    stop_room_look(&room);
    read_all();
    status = pclose(checker);
    assert_int_equal(WEXITSTATUS(status), 0); /* what does not fit is printed above */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_route_is_as_the_document_says, up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
