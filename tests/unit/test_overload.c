/*
 * The front door when there is too much of something: bodies, bytes that drip, connections, what waits for the store. Who
 * is shed, in which order, and that it is as before afterwards (T08).
 */
#include <semaphore.h>
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
#include "lib/base/log.h"
#include "lib/store/writer.h"
#include "server/api/api_events.h"
#include "server/api/http_server.h"
#include "tests/support/api_room.h"
#include "tests/support/raw_http.h"
#include "tests/support/sent.h"

#define MIB ((size_t)1 << 20)
#define HEAD "POST /webhooks/github HTTP/1.1\r\nHost: h\r\n"

static struct api_room room;
static const char *webhooks;

static int room_up(void **state)
{
    struct http_server_options options = {.body_budget = 40 * MIB,
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

/* Sizes ------------------------------------------------------------------------------------------- */

/* A room where nobody is hurried: a slow machine sends 25 MiB slowly. `webhooks` is its listener then. */
static void patient_up(struct api_room *patient)
{
    const struct http_server_options options = {.body_budget = 40 * MIB, .body_ms = 100000};

    api_room_up(patient, &options);
    webhooks = http_server_address(patient->server, LISTENER_WEBHOOKS);
}

static void W2_25_MiB_are_taken_and_one_byte_more_is_413(void **state)
{
    const char *usual = webhooks;
    struct sent s = SENT_GOOD;
    char *body = malloc(26 * MIB);
    struct api_room patient;

    (void)state;
    patient_up(&patient);
    memset(body, ' ', 26 * MIB);
    s.guid = "w2-25-mib";
    s.body = body;
    s.body_len = 25 * MIB;
    assert_int_equal(sent_status(webhooks, &s), 202);
    s.guid = "w2-over";
    s.body_len = 25 * MIB + 1;
    assert_int_equal(sent_status(webhooks, &s), 413);
    s.body_len = 26 * MIB;
    assert_int_equal(sent_status(webhooks, &s), 413);
    free(body);
    webhooks = usual;
    api_room_down(&patient);
}

/* Two bodies of 25 MiB do not fit into the budget of 40 MiB at the same time. */
static void bodies_beyond_the_budget_are_503_and_may_be_sent_again(void **state)
{
    const char *usual = webhooks;
    struct sent s = SENT_GOOD;
    char *body = malloc(25 * MIB);
    struct api_room patient;
    size_t len;
    char *bytes;
    int first;
    struct raw_answer *a;

    (void)state;
    patient_up(&patient);
    first = raw_http_open(webhooks);
    memset(body, ' ', 25 * MIB);
    s.guid = "budget-1";
    s.body = body;
    s.body_len = 25 * MIB;
    bytes = sent_bytes(&s, &len);
    raw_http_send(first, bytes, len - 1);
    a = sent_ask(webhooks, &s);
    assert_int_equal(a->status, 503);
    assert_non_null(raw_http_header(a, "Retry-After"));
    free(a);
    raw_http_send(first, bytes + len - 1, 1);
    a = raw_http_read(first, 10);
    assert_int_equal(a->status, 202);
    free(a);
    close(first);
    assert_int_equal(sent_status(webhooks, &s), 202);
    free(bytes);
    free(body);
    webhooks = usual;
    api_room_down(&patient);
}

/* All of a delivery but its last byte, of so many blanks: it holds its memory. */
static int held(const char *guid, size_t n)
{
    struct sent s = SENT_GOOD;
    char *body = malloc(n);
    int fd = raw_http_open(webhooks);
    size_t len;
    char *bytes;

    memset(body, ' ', n);
    s.guid = guid;
    s.body = body;
    s.body_len = n;
    bytes = sent_bytes(&s, &len);
    raw_http_send(fd, bytes, len - 1);
    free(bytes);
    free(body);
    return fd;
}

static int status_of_size(const char *guid, size_t n)
{
    struct sent s = SENT_GOOD;
    char *body = malloc(n);
    int status;

    memset(body, ' ', n);
    s.guid = guid;
    s.body = body;
    s.body_len = n;
    status = sent_status(webhooks, &s);
    free(body);
    return status;
}

/* Of 40 MiB large bodies have 30: 25 and 4 are held, 3 more do not fit, what GitHub sends does. */
static void T08_large_bodies_are_shed_first(void **state)
{
    const char *usual = webhooks;
    struct api_room patient;
    int first, second, status = 0;

    (void)state;
    patient_up(&patient);
    first = held("large-1", 25 * MIB);
    second = held("large-2", 4 * MIB);
    for (int i = 0; i < 500 && status != 503; i++) {
        (void)usleep(20000); /* until the others have come */
        status = status_of_size("large-3", 3 * MIB);
    }
    assert_int_equal(status, 503);
    assert_int_equal(status_of_size("small-1", 900 * 1024), 202);
    close(first);
    close(second);
    for (int i = 0; i < 500 && status != 202; i++) {
        (void)usleep(20000); /* until their memory is given back */
        status = status_of_size("large-4", 3 * MIB);
    }
    assert_int_equal(status, 202);
    webhooks = usual;
    api_room_down(&patient);
}

/* A writer that is stuck ---------------------------------------------------------------------------- */

static sem_t stuck;

static int wait_for_it(struct db *db, void *arg, struct err *err)
{
    (void)db;
    (void)arg;
    (void)err;
    (void)sem_wait(&stuck);
    return 0;
}

static int do_nothing(struct db *db, void *arg, struct err *err)
{
    (void)db;
    (void)arg;
    (void)err;
    return 0;
}

static void nothing_done(void *arg, int rc, const struct err *err)
{
    (void)arg;
    (void)rc;
    (void)err;
}

static void W2_a_full_queue_is_503_and_nothing_is_half_stored(void **state)
{
    struct sent s = SENT_GOOD;
    struct err err = ERR_INIT;
    struct raw_answer *a;

    (void)state;
    sem_init(&stuck, 0, 0);
    s.guid = "queue-full";
    assert_int_equal(writer_post(room.writer, wait_for_it, NULL, nothing_done, &err), 0);
    while (writer_post(room.writer, do_nothing, NULL, nothing_done, &err) == 0)
        continue;
    assert_int_equal(err.code, ERR_BUSY);
    a = sent_ask(webhooks, &s);
    assert_int_equal(a->status, 503);
    assert_string_equal(raw_http_header(a, "Retry-After"), "60");
    assert_string_equal(a->body, "busy, retry later\n");
    free(a);
    sem_post(&stuck);
    while (writer_do(room.writer, do_nothing, NULL, &err) != 0) /* behind all that waited */
        usleep(1000);
    assert_int_equal(sent_status(webhooks, &s), 202);
    sem_destroy(&stuck);
}

/* What waits for its commit takes room, too: as much as it has once it was compressed. */
static void T08_what_waits_for_its_commit_counts_as_a_body(void **state)
{
    const struct http_server_options options = {.body_budget = 8 * MIB, .body_ms = 100000};
    const char *usual = webhooks;
    struct sent s = SENT_GOOD;
    char *noise = malloc(4 * MIB);
    struct api_room small;
    struct err err = ERR_INIT;
    struct raw_answer *a;
    unsigned seed = 1;
    size_t len;
    char *bytes;
    int first, second, status = 0;

    (void)state;
    for (size_t i = 0; i < 4 * MIB; i++)
        noise[i] = (char)((seed = seed * 1664525u + 1013904223u) >> 24);
    api_room_up(&small, &options);
    webhooks = http_server_address(small.server, LISTENER_WEBHOOKS);
    sem_init(&stuck, 0, 0);
    assert_int_equal(writer_post(small.writer, wait_for_it, NULL, nothing_done, &err), 0);
    s.body = noise;
    s.body_len = 4 * MIB;
    s.guid = "waits";
    bytes = sent_bytes(&s, &len);
    first = raw_http_open(webhooks);
    raw_http_send(first, bytes, len);
    free(bytes);
    usleep(500000); /* read and compressed by now; if not, it counts anyway */
    s.guid = "too-much";
    s.body_len = 3 * MIB; /* of 8 MiB large ones have 6 */
    bytes = sent_bytes(&s, &len);
    second = raw_http_open(webhooks);
    raw_http_send(second, bytes, len - s.body_len);
    a = raw_http_read(second, 2);
    sem_post(&stuck);
    assert_non_null(a);
    assert_int_equal(a->status, 503);
    free(a);
    a = raw_http_read(first, 10);
    assert_int_equal(a->status, 202);
    free(a);
    close(first);
    close(second);
    free(bytes);
    for (int i = 0; i < 500 && status != 202; i++) {
        usleep(20000); /* until all of it was given back */
        status = sent_status(webhooks, &s);
    }
    assert_int_equal(status, 202);
    free(noise);
    webhooks = usual;
    api_room_down(&small);
    sem_destroy(&stuck);
}

/* T08 --------------------------------------------------------------------------------------------- */

/* Milliseconds until the other side ends a connection that gets a byte of `bytes` each 50 ms. */
static int64_t drip(const char *address, const char *bytes, size_t from, size_t len)
{
    struct clock *clock = clock_system();
    mono_ms begun = clock_mono(clock);
    int fd = raw_http_open(address);
    char one;

    raw_http_send(fd, bytes, from);
    for (size_t i = from; i < len; i++) {
        raw_http_send(fd, bytes + i, 1);
        usleep(50000);
        if (recv(fd, &one, 1, MSG_DONTWAIT) == 0)
            break;
    }
    close(fd);
    return clock_mono(clock) - begun;
}

static void T08_a_drip_of_headers_or_body_ends_by_total_time(void **state)
{
    struct sent s = SENT_GOOD;
    static char body[200];
    size_t len;
    char *bytes;
    int64_t ms;

    (void)state;
    memset(body, ' ', sizeof(body));
    s.body = body;
    s.body_len = sizeof(body);
    s.guid = "drip";
    bytes = sent_bytes(&s, &len);
    ms = drip(webhooks, bytes, 0, len);
    assert_in_range(ms, 500, 2500);
    /* The first line at once: the time of a request begins with it, and is no longer for that. */
    ms = drip(webhooks, bytes, (size_t)(strstr(bytes, "Host") - bytes), len);
    assert_in_range(ms, 500, 2500);
    ms = drip(webhooks, bytes, len - sizeof(body), len);
    assert_in_range(ms, 2800, 6000);
    free(bytes);
}

static void T08_many_that_drip_do_not_keep_others_out(void **state)
{
    enum { N = 200 };
    struct sent s = SENT_GOOD;
    int fds[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        fds[i] = raw_http_open(webhooks);
        raw_http_send(fds[i], HEAD, sizeof(HEAD) - 1);
    }
    s.guid = "beside-drips";
    assert_int_equal(sent_status(webhooks, &s), 202);
    for (int i = 0; i < N; i++)
        close(fds[i]);
}

/* More drips than there is room for: whoever sends his request at once gets through, and the oldest drip makes room. */
static void T08_the_oldest_drip_makes_room_for_whoever_comes(void **state)
{
    enum { ROOM = 50, N = 400 };
    const char *usual = webhooks;
    struct http_server_options options = {.headers_ms = 60000};
    struct api_room small;
    int fds[N], answered = 0, ended = 0;
    mono_ms began;

    (void)state;
    options.listeners[LISTENER_WEBHOOKS] = (struct http_server_listener){.max_connections = ROOM};
    api_room_up(&small, &options);
    webhooks = http_server_address(small.server, LISTENER_WEBHOOKS);
    began = clock_mono(clock_system());
    for (int i = 0; i < N; i++) {
        fds[i] = raw_http_open(webhooks);
        raw_http_send(fds[i], HEAD, sizeof(HEAD) - 1);
        if (i % 20 == 19) {
            struct sent s = SENT_GOOD;
            char guid[32];
            snprintf(guid, sizeof(guid), "beside-%d", i);
            s.guid = guid;
            answered += sent_status(webhooks, &s) == 202;
        }
    }
    assert_int_equal(answered, N / 20);
    assert_in_range(clock_mono(clock_system()) - began, 0, 30000);
    for (int i = 0; i < N; i++) {
        char one;
        ended += recv(fds[i], &one, 1, MSG_DONTWAIT) == 0;
        close(fds[i]);
    }
    assert_in_range(ended, N - ROOM - 64, N);
    webhooks = usual;
    api_room_down(&small);
}

/* Between two requests a connection has its time, too. */
static void T08_an_idle_connection_ends(void **state)
{
    const char *usual = webhooks;
    const struct http_server_options options = {.idle_ms = 300};
    struct clock *clock = clock_system();
    struct api_room idle;
    struct sent s = SENT_GOOD;
    mono_ms began;
    size_t len;
    char *bytes, one;
    int fd;

    (void)state;
    api_room_up(&idle, &options);
    webhooks = http_server_address(idle.server, LISTENER_WEBHOOKS);
    fd = raw_http_open(webhooks);
    bytes = sent_bytes(&s, &len);
    for (int i = 0; i < 2; i++) { /* the second one on the same connection */
        struct raw_answer *a;
        raw_http_send(fd, bytes, len);
        a = raw_http_read(fd, 10);
        assert_int_equal(a->status, 202);
        free(a);
    }
    began = clock_mono(clock);
    assert_int_equal(recv(fd, &one, 1, 0), 0);
    assert_in_range(clock_mono(clock) - began, 200, 5000);
    close(fd);
    free(bytes);
    webhooks = usual;
    api_room_down(&idle);
}

/* As many as there is room for have delivered and do nothing: who delivers slowly beside them is not cut off for it. */
static void T08_who_is_idle_makes_room_before_who_delivers(void **state)
{
    enum { ROOM = 50, IDLE = 60, N = 20 };
    const char *usual = webhooks;
    struct http_server_options options = {.headers_ms = 60000};
    struct api_room small;
    struct raw_answer *a;
    struct sent s = SENT_GOOD;
    int idle[IDLE], fds[N], answered = 0;
    char guid[32];
    size_t len;

    (void)state;
    options.listeners[LISTENER_WEBHOOKS] = (struct http_server_listener){.max_connections = ROOM};
    api_room_up(&small, &options);
    webhooks = http_server_address(small.server, LISTENER_WEBHOOKS);
    s.guid = guid;
    for (int i = 0; i < IDLE + N; i++) {
        int fd = raw_http_open(webhooks);
        snprintf(guid, sizeof(guid), "idle-%d", i);
        char *bytes = sent_bytes(&s, &len);
        raw_http_send(fd, bytes, i < IDLE ? len : len - 1);
        free(bytes);
        if (i < IDLE) {
            idle[i] = fd;
            free(raw_http_read(fd, 10));
        } else {
            fds[i - IDLE] = fd;
        }
    }
    for (int i = 0; i < N; i++) {
        raw_http_send(fds[i], "}", 1);
        a = raw_http_read(fds[i], 10);
        answered += a != NULL && a->status == 202;
        free(a);
        close(fds[i]);
    }
    for (int i = 0; i < IDLE; i++)
        close(idle[i]);
    assert_int_equal(answered, N);
    a = raw_http_ask(webhooks, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 34);
    assert_int_equal(a->status, 200);
    assert_true(a->closed); /* nobody without the secret can be idle here */
    free(a);
    webhooks = usual;
    api_room_down(&small);
}

/* Nobody can go: all of them wait for something of ours. Whoever comes is told so, and may come again. */
static void T08_where_nobody_can_make_room_the_answer_is_503(void **state)
{
    enum { ROOM = 3 };
    static const char events[] = "GET /api/v1/events HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char health[] = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
    struct http_server_options options = {.headers_ms = 60000};
    struct api_room small;
    struct raw_answer *a;
    const char *web;
    int fds[ROOM], status = 0;

    (void)state;
    options.listeners[LISTENER_WEB] = (struct http_server_listener){.max_connections = ROOM};
    api_room_up(&small, &options);
    web = http_server_address(small.server, LISTENER_WEB);
    for (int i = 0; i < ROOM; i++) {
        char text[4096];
        size_t len = 0;
        fds[i] = raw_http_open(web);
        raw_http_send(fds[i], events, sizeof(events) - 1);
        while (len < sizeof(text) && memmem(text, len, "retry:", 6) == NULL)
            len += (size_t)recv(fds[i], text + len, sizeof(text) - len, 0);
    }
    usleep(100000); /* until they wait for more */
    a = raw_http_ask(web, health, sizeof(health) - 1);
    assert_int_equal(a->status, 503);
    assert_non_null(raw_http_header(a, "Retry-After"));
    assert_true(a->closed);
    free(a);
    close(fds[0]);
    for (int i = 0; i < 500 && status != 200; i++) {
        usleep(10000); /* until it is seen to be gone */
        api_events_publish(small.api.events, API_EVENTS_HOSTS);
        status = sent_status_of_bytes(web, health, sizeof(health) - 1);
    }
    assert_int_equal(status, 200);
    for (int i = 1; i < ROOM; i++)
        close(fds[i]);
    api_room_down(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(W2_25_MiB_are_taken_and_one_byte_more_is_413),
        cmocka_unit_test(bodies_beyond_the_budget_are_503_and_may_be_sent_again),
        cmocka_unit_test(T08_large_bodies_are_shed_first),
        cmocka_unit_test(W2_a_full_queue_is_503_and_nothing_is_half_stored),
        cmocka_unit_test(T08_a_drip_of_headers_or_body_ends_by_total_time),
        cmocka_unit_test(T08_many_that_drip_do_not_keep_others_out),
        cmocka_unit_test(T08_the_oldest_drip_makes_room_for_whoever_comes),
        cmocka_unit_test(T08_what_waits_for_its_commit_counts_as_a_body),
        cmocka_unit_test(T08_an_idle_connection_ends),
        cmocka_unit_test(T08_where_nobody_can_make_room_the_answer_is_503),
        cmocka_unit_test(T08_who_is_idle_makes_room_before_who_delivers),
    };

    return cmocka_run_group_tests(tests, room_up, room_down);
}
