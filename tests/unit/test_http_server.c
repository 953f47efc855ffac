/*
 * http_server: the real one, on loopback, asked in raw bytes. The order and the statuses of W2, waiting and
 * stopping; and that nothing is stored before a signature is right (T04). Framing: test_framing; too much of
 * something: test_overload.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_events.h"
#include "server/api/http_server.h"
#include "tests/support/api_room.h"
#include "tests/support/raw_http.h"
#include "tests/support/sent.h"

static struct api_room room;
static const char *webhooks;

#define STATUS(address, text) sent_status_of_bytes(address, text, sizeof(text) - 1)

static int room_up(void **state)
{
    struct http_server_options options = {.body_budget = (size_t)40 << 20,
                                          .headers_ms = 600,
                                          .body_ms = 3000};

    (void)state;
    log_init(LOG_LOGFMT, LOG_ERROR);
    api_room_up(&room, &options);
    webhooks = http_server_address(room.server, LISTENER_WEBHOOKS);
    return 0;
}

static int room_down(void **state)
{
    (void)state;
    api_room_down(&room);
    return 0;
}

/* W2 ---------------------------------------------------------------------------------------------- */

static void W2_a_signed_delivery_is_stored_and_then_answered_202(void **state)
{
    struct sent good = SENT_GOOD;
    int64_t before = api_room_deliveries(&room);
    unsigned rung = atomic_load(&room.rung);
    struct raw_answer *a;

    (void)state;
    good.guid = "w2-stored";
    a = sent_ask(webhooks, &good);
    assert_int_equal(a->status, 202);
    assert_non_null(raw_http_header(a, "X-Request-Id"));
    assert_int_equal(api_room_deliveries(&room), before + 1);
    assert_int_equal(atomic_load(&room.rung), rung + 1);
    free(a);
    good.guid = "w2-blanks \t"; /* behind a value they are not of it (RFC 9110, 5.5) */
    assert_int_equal(sent_status(webhooks, &good), 202);
    good.guid = "w2-blanks";
    assert_int_equal(sent_status(webhooks, &good), 202);
    assert_int_equal(api_room_deliveries(&room), before + 2);
    good.type = "application/x-www-form-urlencoded; charset=utf-8";
    good.guid = "w2-form";
    good.body = "payload=%7B%7D";
    good.body_len = strlen(good.body);
    assert_int_equal(sent_status(webhooks, &good), 202);
}

static void W2_everything_that_is_signed_is_202(void **state)
{
    struct sent s = SENT_GOOD;

    (void)state;
    s.guid = "w2-unreadable";
    s.body = "not json \xff";
    s.body_len = 10;
    assert_int_equal(sent_status(webhooks, &s), 202);
    s.guid = "w2-unknown";
    s.event = "some_new_event";
    assert_int_equal(sent_status(webhooks, &s), 202);
    s.guid = "w2-empty";
    s.body = "";
    s.body_len = 0;
    assert_int_equal(sent_status(webhooks, &s), 202);
}

static void W3_a_known_guid_is_202_and_nothing_new(void **state)
{
    struct sent s = SENT_GOOD;
    int64_t before;

    (void)state;
    s.guid = "w3-twice";
    assert_int_equal(sent_status(webhooks, &s), 202);
    before = api_room_deliveries(&room);
    assert_int_equal(sent_status(webhooks, &s), 202);
    assert_int_equal(api_room_deliveries(&room), before);
}

static void W2_T03_each_fault_has_its_status_and_each_status_one_body(void **state)
{
    static const struct {
        const char *what;
        struct sent sent;
        int status;
    } cases[] = {
        {"other path", {.method = "POST", .path = "/x", .more = "", .body = ""}, 404},
        {"no slash", {.method = "POST", .path = "/webhooks/github/", .more = "", .body = ""}, 404},
        {"query is no other path",
         {.method = "POST",
          .path = "/webhooks/github?x",
          .event = "push",
          .guid = "q",
          .type = "text/plain",
          .more = "",
          .body = ""},
         415},
        {"GET", {.method = "GET", .path = "/webhooks/github", .more = "", .body = ""}, 405},
        {"odd method", {.method = "BREW", .path = "/webhooks/github", .more = "", .body = ""}, 405},
        {"no event",
         {.method = "POST",
          .path = "/webhooks/github",
          .guid = "g",
          .more = "",
          .type = "application/json",
          .body = "{}",
          .body_len = 2},
         400},
        {"no delivery",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "push",
          .more = "",
          .type = "application/json",
          .body = "{}",
          .body_len = 2},
         400},
        {"event twice",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "push",
          .guid = "g",
          .type = "application/json",
          .more = "X-GitHub-Event: push\r\n",
          .body = "{}",
          .body_len = 2},
         400},
        {"blank in delivery",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "push",
          .guid = "a b",
          .type = "application/json",
          .more = "",
          .body = "{}",
          .body_len = 2},
         400},
        {"event not ASCII",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "p\xc3\xbcsh",
          .guid = "g",
          .type = "application/json",
          .more = "",
          .body = "{}",
          .body_len = 2},
         400},
        {"no length",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "push",
          .guid = "g",
          .type = "application/json",
          .length = "",
          .more = "",
          .body = ""},
         411},
        {"too long",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "push",
          .guid = "g",
          .type = "application/json",
          .length = "26214401",
          .more = "",
          .body = ""},
         413},
        {"media type",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "push",
          .guid = "g",
          .type = "application/jsonx",
          .more = "",
          .body = "{}",
          .body_len = 2},
         415},
        {"no media type",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "push",
          .guid = "g",
          .more = "",
          .body = "{}",
          .body_len = 2},
         415},
        {"no signature",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "push",
          .guid = "g",
          .type = "application/json",
          .signature = "",
          .more = "",
          .body = "{}",
          .body_len = 2},
         401},
        {"SHA-1 only",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "push",
          .guid = "g",
          .type = "application/json",
          .signature = "",
          .more = "X-Hub-Signature: sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59\r\n",
          .body = "{}",
          .body_len = 2},
         401},
        {"signature twice",
         {.method = "POST",
          .path = "/webhooks/github",
          .event = "push",
          .guid = "g",
          .type = "application/json",
          .more = "X-Hub-Signature-256: sha256=00\r\n",
          .body = "{}",
          .body_len = 2},
         400},
    };
    int64_t before = api_room_deliveries(&room);
    uint64_t jobs = writer_counts(room.writer).jobs;
    struct raw_answer *first[600] = {NULL}; /* of each status */

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct raw_answer *a = sent_ask(webhooks, &cases[i].sent);

        if (a->status != cases[i].status)
            fail_msg("%s: %d, expected %d", cases[i].what, a->status, cases[i].status);
        if (first[a->status] == NULL) {
            first[a->status] = a;
            continue;
        }
        assert_string_equal(a->body, first[a->status]->body); /* T03: whatever the cause */
        free(a);
    }
    for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
        free(first[i]);
    assert_int_equal(api_room_deliveries(&room), before);
    assert_int_equal(writer_counts(room.writer).jobs, jobs); /* T04: the store was not even asked */
}

/* Each request has this fault and all those that come later in the order. */
static void W2_the_earlier_fault_wins(void **state)
{
    struct sent s = {.method = "PUT",
                     .path = "/x",
                     .length = "999999999",
                     .signature = "",
                     .body = "",
                     .more = "Host: again\r\n"};

    (void)state;
    assert_int_equal(sent_status(webhooks, &s), 400);
    s.more = "";
    assert_int_equal(sent_status(webhooks, &s), 404);
    s.path = "/webhooks/github";
    assert_int_equal(sent_status(webhooks, &s), 405);
    s.method = "POST";
    assert_int_equal(sent_status(webhooks, &s), 400);
    s.event = "push";
    assert_int_equal(sent_status(webhooks, &s), 400);
    s.guid = "g";
    assert_int_equal(sent_status(webhooks, &s), 413);
    s.length = "";
    assert_int_equal(sent_status(webhooks, &s), 411);
    s.length = "0";
    assert_int_equal(sent_status(webhooks, &s), 415);
    s.type = "application/json";
    assert_int_equal(sent_status(webhooks, &s), 401);
}

static void T03_bodies_are_fixed_per_status(void **state)
{
    struct sent wrong = SENT_GOOD;
    struct sent none = SENT_GOOD;
    struct raw_answer *a;
    struct raw_answer *b;

    (void)state;
    wrong.signature = "sha256=0000000000000000000000000000000000000000000000000000000000000000";
    none.signature = "";
    a = sent_ask(webhooks, &wrong);
    b = sent_ask(webhooks, &none);
    assert_int_equal(a->status, 401);
    assert_int_equal(b->status, 401);
    assert_string_equal(a->body, b->body);
    assert_string_equal(a->body, "signature check failed\n");
    assert_true(a->closed);
    assert_true(b->closed);
    free(a);
    free(b);
}

static void T01_one_wrong_byte_of_the_body_stores_nothing(void **state)
{
    struct sent s = SENT_GOOD;
    int64_t before = api_room_deliveries(&room);
    size_t len;
    char *bytes = sent_bytes(&s, &len);

    (void)state;
    bytes[len - 1] = ']';
    assert_int_equal(sent_status_of_bytes(webhooks, bytes, len), 401);
    assert_int_equal(api_room_deliveries(&room), before);
    free(bytes);
}

/* T04: whoever has not signed reaches neither the writer nor the flow. 10,000 with SLIPWAY_DEEP=1. */
static void T04_bad_requests_never_reach_the_store(void **state)
{
    static const char *const signatures[] = {
        "", "sha1=0000000000000000000000000000000000000000", "sha256=00",
        "sha256=0000000000000000000000000000000000000000000000000000000000000000"};
    const char *deep = getenv("SLIPWAY_DEEP");
    int n = deep != NULL && strcmp(deep, "1") == 0 ? 10000 : 600;
    uint64_t jobs = writer_counts(room.writer).jobs;
    unsigned rung = atomic_load(&room.rung);

    (void)state;
    for (int i = 0; i < n; i++) {
        struct sent s = SENT_GOOD;
        s.signature = signatures[i % 4];
        s.type = i % 12 == 11 ? "text/plain" : s.type;
        s.event = i % 24 == 23 ? "" : s.event;
        assert_in_range(sent_status(webhooks, &s), 400, 415);
    }
    assert_int_equal(writer_counts(room.writer).jobs, jobs);
    assert_int_equal(atomic_load(&room.rung), rung);
}

/* T07 --------------------------------------------------------------------------------------------- */

/* The library takes a line that begins with a colon for the end of the headers, and shows nothing of
 * what stood behind the last value. */
static void T07_no_request_hides_behind_the_last_header(void **state)
{
#define HEALTH "GET /healthz HTTP/1.1\r\nHost: h\r\n"
#define CASE(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        CASE(HEALTH ": a\r\n" HEALTH "\r\n"), CASE(HEALTH ":\r\n\r\n"),
        CASE(HEALTH "X-A: a\0b\r\n\r\n"),     CASE(HEALTH "X-A: a\0\r\n\r\n"),
        CASE(HEALTH "X-A: a\n\r\n"),          CASE(HEALTH "X-A: a\r\n\n"),
    };
#undef CASE

    (void)state;
    assert_int_equal(STATUS(webhooks, "\r\n" HEALTH "X-A: a  \r\n\r\n"), 200);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct raw_answer *a = raw_http_ask(webhooks, cases[i].bytes, cases[i].len);

        if (a->status != 400 || !a->closed)
            fail_msg("case %zu: %d%s", i, a->status, a->closed ? "" : ", and stays open");
        free(a);
    }
#undef HEALTH
}

/* Waiting ----------------------------------------------------------------------------------------- */

struct sender {
    int first;
    int answered;
};

static void *send_fifty(void *arg)
{
    struct sender *sender = arg;
    int fd = raw_http_open(webhooks);

    for (int i = 0; i < 50; i++) {
        struct sent s = SENT_GOOD;
        struct raw_answer *a;
        char guid[32];
        size_t len;
        char *bytes;

        snprintf(guid, sizeof(guid), "many-%d", sender->first + i);
        s.guid = guid;
        bytes = sent_bytes(&s, &len);
        raw_http_send(fd, bytes, len);
        a = raw_http_read(fd, 20);
        sender->answered += a->status == 202;
        free(a);
        free(bytes);
    }
    close(fd);
    return NULL;
}

static void I1_each_202_of_many_at_once_has_its_row(void **state)
{
    enum { N = 12 };
    struct sender senders[N];
    pthread_t threads[N];
    int64_t before = api_room_deliveries(&room);
    int answered = 0;

    (void)state;
    for (int i = 0; i < N; i++) {
        senders[i] = (struct sender){.first = i * 50};
        pthread_create(&threads[i], NULL, send_fifty, &senders[i]);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        answered += senders[i].answered;
    }
    assert_int_equal(answered, N * 50);
    assert_int_equal(api_room_deliveries(&room), before + N * 50);
}

/* Others -------------------------------------------------------------------------------------------- */

static void T47_an_outsider_sees_one_word_on_each_listener(void **state)
{
    static const char ask[] = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";

    (void)state;
    for (int i = 0; i < LISTENER_COUNT; i++) {
        struct raw_answer *a =
            raw_http_ask(http_server_address(room.server, (enum listener)i), ask, sizeof(ask) - 1);

        assert_int_equal(a->status, 200);
        assert_string_equal(a->body, "ok\n");
        free(a);
    }
    assert_int_equal(STATUS(webhooks, "GET /api/v1/status HTTP/1.1\r\nHost: h\r\n\r\n"), 404);
    assert_int_equal(STATUS(webhooks, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"), 404);
    assert_int_equal(STATUS(http_server_address(room.server, LISTENER_WEB),
                            "GET /api/v1/tokens HTTP/1.1\r\nHost: h\r\n\r\n"),
                     401);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

/* A socket for both kinds of addresses says ::ffff:127.0.0.1, and the configuration says 127.0.0.1. */
static void T47_an_address_is_the_same_on_a_socket_for_both_kinds(void **state)
{
    static const char house[] =
        "version: 1\n"
        "metrics-from: [127.0.0.1]\n"
        "github: { webhook-secret-files: [webhook-secret] }\n"
        "repos:\n"
        "  acme/shop:\n"
        "    mirror: https://github.com/acme/shop.git\n"
        "    root: /srv/shop\n"
        "    environments:\n"
        "      production: { on: release, roles: { web: { agent: { hosts: [web-1] } } } }\n"
        "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";
    struct http_server_options options = {0};
    struct api_room both;
    int status;

    (void)state;
    if (!has_ipv6())
        skip();
    options.listeners[LISTENER_WEB] = (struct http_server_listener){.address = "[::]:0"};
    api_room_up_with(&both, &options, house);
    status = STATUS(http_server_address(both.server, LISTENER_WEB),
                    "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    api_room_down(&both);
    assert_int_equal(status, 200);
}

static void T46_other_spellings_and_methods_reach_nothing_on_web(void **state)
{
    const char *web = http_server_address(room.server, LISTENER_WEB);

    (void)state;
    assert_int_equal(STATUS(web, "GET /api/v1/tokens;x HTTP/1.1\r\nHost: h\r\n\r\n"), 404);
    assert_int_equal(STATUS(web, "GET /api/v1%2ftokens HTTP/1.1\r\nHost: h\r\n\r\n"), 404);
    assert_int_equal(STATUS(web, "GET //api/v1/tokens HTTP/1.1\r\nHost: h\r\n\r\n"), 404);
    assert_int_equal(STATUS(web, "GET /api/v1/x/../tokens HTTP/1.1\r\nHost: h\r\n\r\n"), 404);
    assert_int_equal(STATUS(web, "HEAD /api/v1/tokens HTTP/1.1\r\nHost: h\r\n\r\n"), 401);
    assert_int_equal(STATUS(web, "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"), 405);
    assert_int_equal(STATUS(web, "POST /api/v1/tokens HTTP/1.1\r\nHost: h\r\n"
                                 "X-HTTP-Method-Override: GET\r\nContent-Length: 0\r\n\r\n"),
                     401);
}

static void sse_tells_what_changed_and_ends_with_the_server(void **state)
{
    static const char ask[] = "GET /api/v1/events HTTP/1.1\r\nHost: h\r\n\r\n";
    int fd = raw_http_open(http_server_address(room.server, LISTENER_WEB));
    char text[4096];
    size_t len = 0;

    (void)state;
    raw_http_send(fd, ask, sizeof(ask) - 1);
    while (len < sizeof(text) - 1 && memmem(text, len, "retry:", 6) == NULL)
        len += (size_t)recv(fd, text + len, sizeof(text) - 1 - len, 0);
    api_events_publish(room.api.events, API_EVENTS_HOSTS | API_EVENTS_OUTPUT);
    while (len < sizeof(text) - 1 && memmem(text, len, "]}", 2) == NULL)
        len += (size_t)recv(fd, text + len, sizeof(text) - 1 - len, 0);
    text[len] = '\0';
    assert_non_null(strstr(text, "event: change\ndata: {\"topics\":[\"hosts\",\"output\"]}"));
    close(fd);
}

static void T48_the_cli_socket_is_0660_and_knows_its_peer(void **state)
{
    (void)state;
    assert_int_equal(api_room_cli_mode(&room), 0660);
    assert_int_equal(STATUS(http_server_address(room.server, LISTENER_CLI),
                            "GET /api/v1/tokens HTTP/1.1\r\nHost: h\r\n\r\n"),
                     200);
}

/* The writer, in the midst of something. */
static sem_t stuck;

static int wait_for_it(struct db *db, void *arg, struct err *err)
{
    (void)db;
    (void)arg;
    (void)err;
    (void)sem_wait(&stuck);
    return 0;
}

static void nothing_done(void *arg, int rc, const struct err *err)
{
    (void)arg;
    (void)rc;
    (void)err;
}

/* The status that a delivery on a connection of its own is answered with. */
static int status_of(const char *bytes, size_t len)
{
    struct raw_answer *a = raw_http_ask(webhooks, bytes, len);
    int status = a->status;

    free(a);
    return status;
}

static void *stop_in_time(void *server)
{
    http_server_stop(server, 10000);
    return NULL;
}

/* What waits for its commit gets its answer; who comes meanwhile may come again, and nothing is stored of it. */
static void a_stop_tells_who_comes_to_come_again_and_answers_who_came_before(void **state)
{
    const char *usual = webhooks;
    struct sent s = SENT_GOOD, late = SENT_GOOD;
    struct api_room small;
    struct err err = ERR_INIT;
    struct raw_answer *a;
    pthread_t stopping;
    char *bytes, *more;
    size_t len, more_len;
    int waits, said = 0;

    (void)state;
    api_room_up(&small, NULL);
    webhooks = http_server_address(small.server, LISTENER_WEBHOOKS);
    sem_init(&stuck, 0, 0);
    assert_int_equal(writer_post(small.writer, wait_for_it, NULL, nothing_done, &err), 0);
    bytes = sent_bytes(&s, &len);
    late.signature = "sha256=0000000000000000000000000000000000000000000000000000000000000000";
    more = sent_bytes(&late, &more_len);
    waits = raw_http_open(webhooks);
    raw_http_send(waits, bytes, len);
    usleep(200000); /* until it waits for its commit */
    pthread_create(&stopping, NULL, stop_in_time, small.server);
    for (int i = 0; i < 500 && said != 503;
         i++) { /* until it has begun to stop its signature is wrong */
        said = status_of(more, more_len);
        usleep(10000);
    }
    assert_int_equal(said, 503);
    sem_post(&stuck);
    a = raw_http_read(waits, 10);
    assert_int_equal(a->status, 202);
    pthread_join(stopping, NULL);
    assert_int_equal(api_room_deliveries(&small), 1);
    free(a);
    free(bytes);
    free(more);
    close(waits);
    small.server = NULL;
    api_room_down(&small);
    sem_destroy(&stuck);
    webhooks = usual;
}

/* Last: it stops the server while requests wait. */
static void a_stop_answers_what_waits(void **state)
{
    static const char ask[] = "GET /api/v1/events HTTP/1.1\r\nHost: h\r\n\r\n";
    int fds[8];

    (void)state;
    for (int i = 0; i < 8; i++) {
        fds[i] = raw_http_open(http_server_address(room.server, LISTENER_WEB));
        raw_http_send(fds[i], ask, sizeof(ask) - 1);
    }
    usleep(200000);
    api_room_stop_server(&room);
    for (int i = 0; i < 8; i++) {
        char bytes[4096];
        ssize_t n;

        while ((n = recv(fds[i], bytes, sizeof(bytes), 0)) > 0)
            continue;
        assert_int_equal(n, 0);
        close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W2_a_signed_delivery_is_stored_and_then_answered_202),
        cmocka_unit_test(W2_everything_that_is_signed_is_202),
        cmocka_unit_test(W3_a_known_guid_is_202_and_nothing_new),
        cmocka_unit_test(W2_T03_each_fault_has_its_status_and_each_status_one_body),
        cmocka_unit_test(W2_the_earlier_fault_wins),
        cmocka_unit_test(T03_bodies_are_fixed_per_status),
        cmocka_unit_test(T01_one_wrong_byte_of_the_body_stores_nothing),
        cmocka_unit_test(T04_bad_requests_never_reach_the_store),
        cmocka_unit_test(T07_no_request_hides_behind_the_last_header),
        cmocka_unit_test(I1_each_202_of_many_at_once_has_its_row),
        cmocka_unit_test(T47_an_outsider_sees_one_word_on_each_listener),
        cmocka_unit_test(T47_an_address_is_the_same_on_a_socket_for_both_kinds),
        cmocka_unit_test(T46_other_spellings_and_methods_reach_nothing_on_web),
        cmocka_unit_test(sse_tells_what_changed_and_ends_with_the_server),
        cmocka_unit_test(T48_the_cli_socket_is_0660_and_knows_its_peer),
        cmocka_unit_test(a_stop_tells_who_comes_to_come_again_and_answers_who_came_before),
        cmocka_unit_test(a_stop_answers_what_waits),
    };

    return cmocka_run_group_tests(tests, room_up, room_down);
}
