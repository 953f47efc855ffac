/*
 * http_server: the real one, on loopback, asked in raw bytes. The order and the statuses of W2, drips, floods of
 * bytes, waiting and stopping; and that nothing is stored before a signature is right (T04). Framing: test_framing.
 */
#include <errno.h>
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/model/delivery.h"
#include "lib/store/store_delivery.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_events.h"
#include "server/api/http_server.h"
#include "tests/support/api_room.h"
#include "tests/support/raw_http.h"

#define SECRET API_ROOM_SECRET
#define MIB ((size_t)1 << 20)

static struct api_room room;
static const char *webhooks;

/* A delivery in raw bytes; NULL members are left out. */
struct sent {
    const char *method;
    const char *path;
    const char *event;
    const char *guid;
    const char *type;
    const char *length;    /* NULL = the right one, "" = none */
    const char *signature; /* NULL = the right one, "" = none */
    const char *more;      /* further header lines, each with CRLF */
    const char *body;
    size_t body_len;
};

#define GOOD                                                                                       \
    {                                                                                              \
        .method = "POST", .path = "/webhooks/github", .event = "push", .guid = "guid-1",           \
        .type = "application/json", .more = "", .body = "{}", .body_len = 2                        \
    }

static char *head_add(char *p, const char *name, const char *value)
{
    return value == NULL || value[0] == '\0' ? p : p + sprintf(p, "%s: %s\r\n", name, value);
}

/* The bytes of `sent`, malloc'd. */
static char *lay_down(const struct sent *sent, size_t *ret_len)
{
    char *bytes = malloc(4096 + sent->body_len);
    char signature[80] = "sha256=";
    char length[24];
    unsigned char digest[DIGEST_SIZE];
    char *p = bytes;

    digest_hmac_sha256(SECRET, strlen(SECRET), sent->body, sent->body_len, digest);
    digest_hex(digest, sizeof(digest), signature + 7);
    snprintf(length, sizeof(length), "%zu", sent->body_len);
    p += sprintf(p, "%s %s HTTP/1.1\r\nHost: hooks\r\n", sent->method, sent->path);
    p = head_add(p, "X-GitHub-Event", sent->event);
    p = head_add(p, "X-GitHub-Delivery", sent->guid);
    p = head_add(p, "Content-Type", sent->type);
    p = head_add(p, "Content-Length", sent->length != NULL ? sent->length : length);
    p = head_add(p, "X-Hub-Signature-256", sent->signature != NULL ? sent->signature : signature);
    p += sprintf(p, "%s\r\n", sent->more);
    memcpy(p, sent->body, sent->body_len);
    *ret_len = (size_t)(p - bytes) + sent->body_len;
    return bytes;
}

static struct raw_answer *deliver(const struct sent *sent)
{
    size_t len;
    char *bytes = lay_down(sent, &len);
    struct raw_answer *a = raw_http_ask(webhooks, bytes, len);

    free(bytes);
    return a;
}

static int status_of(const struct sent *sent)
{
    struct raw_answer *a = deliver(sent);
    int status = a->status;

    free(a);
    return status;
}

static int status_of_bytes(const char *address, const char *bytes, size_t len)
{
    struct raw_answer *a = raw_http_ask(address, bytes, len);
    int status = a->status;

    free(a);
    return status;
}
#define STATUS(address, text) status_of_bytes(address, text, sizeof(text) - 1)

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

/* W2 ---------------------------------------------------------------------------------------------- */

static void W2_a_signed_delivery_is_stored_and_then_answered_202(void **state)
{
    struct sent good = GOOD;
    int64_t before = api_room_deliveries(&room);
    unsigned rung = atomic_load(&room.rung);
    struct raw_answer *a;

    (void)state;
    good.guid = "w2-stored";
    a = deliver(&good);
    assert_int_equal(a->status, 202);
    assert_non_null(raw_http_header(a, "X-Request-Id"));
    assert_int_equal(api_room_deliveries(&room), before + 1);
    assert_int_equal(atomic_load(&room.rung), rung + 1);
    free(a);
    good.type = "application/x-www-form-urlencoded; charset=utf-8";
    good.guid = "w2-form";
    good.body = "payload=%7B%7D";
    good.body_len = strlen(good.body);
    assert_int_equal(status_of(&good), 202);
}

static void W2_everything_that_is_signed_is_202(void **state)
{
    struct sent s = GOOD;

    (void)state;
    s.guid = "w2-unreadable";
    s.body = "not json \xff";
    s.body_len = 10;
    assert_int_equal(status_of(&s), 202);
    s.guid = "w2-unknown";
    s.event = "some_new_event";
    assert_int_equal(status_of(&s), 202);
    s.guid = "w2-empty";
    s.body = "";
    s.body_len = 0;
    assert_int_equal(status_of(&s), 202);
}

static void W3_a_known_guid_is_202_and_nothing_new(void **state)
{
    struct sent s = GOOD;
    int64_t before;

    (void)state;
    s.guid = "w3-twice";
    assert_int_equal(status_of(&s), 202);
    before = api_room_deliveries(&room);
    assert_int_equal(status_of(&s), 202);
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
        struct raw_answer *a = deliver(&cases[i].sent);

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
    assert_int_equal(status_of(&s), 400);
    s.more = "";
    assert_int_equal(status_of(&s), 404);
    s.path = "/webhooks/github";
    assert_int_equal(status_of(&s), 405);
    s.method = "POST";
    assert_int_equal(status_of(&s), 400);
    s.event = "push";
    assert_int_equal(status_of(&s), 400);
    s.guid = "g";
    assert_int_equal(status_of(&s), 413);
    s.length = "";
    assert_int_equal(status_of(&s), 411);
    s.length = "0";
    assert_int_equal(status_of(&s), 415);
    s.type = "application/json";
    assert_int_equal(status_of(&s), 401);
}

static void T03_bodies_are_fixed_per_status(void **state)
{
    struct sent wrong = GOOD;
    struct sent none = GOOD;
    struct raw_answer *a;
    struct raw_answer *b;

    (void)state;
    wrong.signature = "sha256=0000000000000000000000000000000000000000000000000000000000000000";
    none.signature = "";
    a = deliver(&wrong);
    b = deliver(&none);
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
    struct sent s = GOOD;
    int64_t before = api_room_deliveries(&room);
    size_t len;
    char *bytes = lay_down(&s, &len);

    (void)state;
    bytes[len - 1] = ']';
    assert_int_equal(status_of_bytes(webhooks, bytes, len), 401);
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
        struct sent s = GOOD;
        s.signature = signatures[i % 4];
        s.type = i % 12 == 11 ? "text/plain" : s.type;
        s.event = i % 24 == 23 ? "" : s.event;
        assert_in_range(status_of(&s), 400, 415);
    }
    assert_int_equal(writer_counts(room.writer).jobs, jobs);
    assert_int_equal(atomic_load(&room.rung), rung);
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
    struct sent s = GOOD;
    char *body = malloc(26 * MIB);
    struct api_room patient;

    (void)state;
    patient_up(&patient);
    memset(body, ' ', 26 * MIB);
    s.guid = "w2-25-mib";
    s.body = body;
    s.body_len = 25 * MIB;
    assert_int_equal(status_of(&s), 202);
    s.guid = "w2-over";
    s.body_len = 25 * MIB + 1;
    assert_int_equal(status_of(&s), 413);
    s.body_len = 26 * MIB;
    assert_int_equal(status_of(&s), 413);
    free(body);
    webhooks = usual;
    api_room_down(&patient);
}

/* Two bodies of 25 MiB do not fit into the budget of 40 MiB at the same time. */
static void bodies_beyond_the_budget_are_503_and_may_be_sent_again(void **state)
{
    const char *usual = webhooks;
    struct sent s = GOOD;
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
    bytes = lay_down(&s, &len);
    raw_http_send(first, bytes, len - 1);
    a = deliver(&s);
    assert_int_equal(a->status, 503);
    assert_non_null(raw_http_header(a, "Retry-After"));
    free(a);
    raw_http_send(first, bytes + len - 1, 1);
    a = raw_http_read(first, 10);
    assert_int_equal(a->status, 202);
    free(a);
    close(first);
    assert_int_equal(status_of(&s), 202);
    free(bytes);
    free(body);
    webhooks = usual;
    api_room_down(&patient);
}

/* All of a delivery but its last byte, of so many blanks: it holds its memory. */
static int held(const char *guid, size_t n)
{
    struct sent s = GOOD;
    char *body = malloc(n);
    int fd = raw_http_open(webhooks);
    size_t len;
    char *bytes;

    memset(body, ' ', n);
    s.guid = guid;
    s.body = body;
    s.body_len = n;
    bytes = lay_down(&s, &len);
    raw_http_send(fd, bytes, len - 1);
    free(bytes);
    free(body);
    return fd;
}

static int status_of_size(const char *guid, size_t n)
{
    struct sent s = GOOD;
    char *body = malloc(n);
    int status;

    memset(body, ' ', n);
    s.guid = guid;
    s.body = body;
    s.body_len = n;
    status = status_of(&s);
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
    struct sent s = GOOD;
    struct err err = ERR_INIT;
    struct raw_answer *a;

    (void)state;
    sem_init(&stuck, 0, 0);
    s.guid = "queue-full";
    assert_int_equal(writer_post(room.writer, wait_for_it, NULL, nothing_done, &err), 0);
    while (writer_post(room.writer, do_nothing, NULL, nothing_done, &err) == 0)
        continue;
    assert_int_equal(err.code, ERR_BUSY);
    a = deliver(&s);
    assert_int_equal(a->status, 503);
    assert_string_equal(raw_http_header(a, "Retry-After"), "60");
    assert_string_equal(a->body, "busy, retry later\n");
    free(a);
    sem_post(&stuck);
    while (writer_do(room.writer, do_nothing, NULL, &err) != 0) /* behind all that waited */
        usleep(1000);
    assert_int_equal(status_of(&s), 202);
    sem_destroy(&stuck);
}

/* What waits for its commit takes room, too: as much as it has once it was compressed. */
static void T08_what_waits_for_its_commit_counts_as_a_body(void **state)
{
    const struct http_server_options options = {.body_budget = 8 * MIB, .body_ms = 100000};
    const char *usual = webhooks;
    struct sent s = GOOD;
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
    bytes = lay_down(&s, &len);
    first = raw_http_open(webhooks);
    raw_http_send(first, bytes, len);
    free(bytes);
    usleep(500000); /* read and compressed by now; if not, it counts anyway */
    s.guid = "too-much";
    s.body_len = 3 * MIB; /* of 8 MiB large ones have 6 */
    bytes = lay_down(&s, &len);
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
        status = status_of(&s);
    }
    assert_int_equal(status, 202);
    free(noise);
    webhooks = usual;
    api_room_down(&small);
    sem_destroy(&stuck);
}

/* T07 --------------------------------------------------------------------------------------------- */

#define HEAD "POST /webhooks/github HTTP/1.1\r\nHost: h\r\n"

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
    struct sent s = GOOD;
    static char body[200];
    size_t len;
    char *bytes;
    int64_t ms;

    (void)state;
    memset(body, ' ', sizeof(body));
    s.body = body;
    s.body_len = sizeof(body);
    s.guid = "drip";
    bytes = lay_down(&s, &len);
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
    struct sent s = GOOD;
    int fds[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        fds[i] = raw_http_open(webhooks);
        raw_http_send(fds[i], HEAD, sizeof(HEAD) - 1);
    }
    s.guid = "beside-drips";
    assert_int_equal(status_of(&s), 202);
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
            struct sent s = GOOD;
            char guid[32];
            snprintf(guid, sizeof(guid), "beside-%d", i);
            s.guid = guid;
            answered += status_of(&s) == 202;
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

/* As many as there is room for have delivered and do nothing: who delivers slowly beside them is not cut off for it. */
static void T08_who_is_idle_makes_room_before_who_delivers(void **state)
{
    enum { ROOM = 50, IDLE = 60, N = 20 };
    const char *usual = webhooks;
    struct http_server_options options = {.headers_ms = 60000};
    struct api_room small;
    struct raw_answer *a;
    struct sent s = GOOD;
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
        char *bytes = lay_down(&s, &len);
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
        HEAD "X-Forwarded-For: 203.0.113.7\r\n"
             "Content-Type: application/json\r\n"
             "X-GitHub-Event: push\r\nX-GitHub-Delivery: g\r\n"
             "X-Hub-Signature-256: sha256="
             "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
             "\r\nContent-Length: 2\r\n\r\n";
    const char *usual = webhooks;
    struct http_server_options options = {.headers_ms = 60000, .body_ms = 60000};
    struct api_room behind;
    struct raw_answer *a;
    int fds[SHARE], status = 0;
    char other[sizeof(from) + 32];

    (void)state;
    options.listeners[LISTENER_WEBHOOKS] = (struct http_server_listener){.max_per_address = SHARE};
    api_room_up_with(&behind, &options, behind_a_proxy);
    webhooks = http_server_address(behind.server, LISTENER_WEBHOOKS);
    for (int i = 0; i < SHARE; i++) { /* their bodies do not come */
        fds[i] = raw_http_open(webhooks);
        raw_http_send(fds[i], from, sizeof(from) - 1);
    }
    for (int i = 0; i < 500 && status != 503; i++) {
        usleep(10000); /* until all of them were taken in */
        a = raw_http_ask(webhooks, from, sizeof(from) - 1);
        status = a->status;
        free(a);
    }
    assert_int_equal(status, 503);
    snprintf(other, sizeof(other), "%s{}", from);
    memcpy(strstr(other, "203.0.113.7"), "203.0.113.8", 11);
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
    webhooks = usual;
    api_room_down(&behind);
}

/* All of a delivery but its last byte, from an address that the proxy names. */
static int held_of(const char *address, size_t n)
{
    struct sent s = GOOD;
    char *body = malloc(n), more[64];
    int fd = raw_http_open(webhooks);
    size_t len;
    char *bytes;

    memset(body, ' ', n);
    snprintf(more, sizeof(more), "X-Forwarded-For: %s\r\n", address);
    s.more = more;
    s.body = body;
    s.body_len = n;
    bytes = lay_down(&s, &len);
    raw_http_send(fd, bytes, len - 1);
    free(bytes);
    free(body);
    return fd;
}

/* All of it. */
static int status_of_address(const char *address, const char *guid, size_t n)
{
    struct sent s = GOOD;
    char *body = malloc(n), more[64];
    int status;

    memset(body, ' ', n);
    snprintf(more, sizeof(more), "X-Forwarded-For: %s\r\n", address);
    s.more = more;
    s.guid = guid;
    s.body = body;
    s.body_len = n;
    status = status_of(&s);
    free(body);
    return status;
}

/* Half of the memory for bodies, of whatever size: bodies as small as GitHub's are no way around it. */
static void T08_one_address_has_half_of_the_room_for_bodies(void **state)
{
    const struct http_server_options options = {.body_budget = 40 * MIB, .body_ms = 100000};
    const char *usual = webhooks;
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
    webhooks = usual;
    api_room_down(&behind);
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
        struct sent s = GOOD;
        struct raw_answer *a;
        char guid[32];
        size_t len;
        char *bytes;

        snprintf(guid, sizeof(guid), "many-%d", sender->first + i);
        s.guid = guid;
        bytes = lay_down(&s, &len);
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

/* Last: it stops the server while requests wait. */
static bool is_refused(const struct sockaddr_in *where)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool refused =
        connect(fd, (const struct sockaddr *)where, sizeof(*where)) < 0 && errno == ECONNREFUSED;

    close(fd);
    return refused;
}

/* The socket of this process that listens there. */
static int listening_fd(const struct sockaddr_in *where)
{
    for (int fd = 3; fd < 1024; fd++) {
        struct sockaddr_in at = {0};
        socklen_t size = sizeof(at), length = sizeof(int);
        int listens = 0;

        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens &&
            getsockname(fd, (struct sockaddr *)&at, &size) == 0 && at.sin_family == AF_INET &&
            at.sin_port == where->sin_port)
            return fd;
    }
    return -1;
}

static void *stop_in_time(void *server)
{
    http_server_stop(server, 10000);
    return NULL;
}

/* A thread that is about to accept must not find another file under its number. */
static void a_stop_refuses_who_comes_and_keeps_the_socket_until_its_threads_have_ended(void **state)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    const char *usual = webhooks;
    struct sent s = GOOD;
    struct api_room small;
    struct err err = ERR_INIT;
    struct raw_answer *a;
    struct stat before, after;
    pthread_t stopping;
    char *bytes;
    size_t len;
    int fd, waits;

    (void)state;
    api_room_up(&small, NULL);
    webhooks = http_server_address(small.server, LISTENER_WEBHOOKS);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons((uint16_t)atoi(strrchr(webhooks, ':') + 1));
    fd = listening_fd(&where);
    assert_int_equal(fstat(fd, &before), 0);
    sem_init(&stuck, 0, 0);
    assert_int_equal(writer_post(small.writer, wait_for_it, NULL, nothing_done, &err), 0);
    bytes = lay_down(&s, &len);
    waits = raw_http_open(webhooks);
    raw_http_send(waits, bytes, len);
    usleep(200000); /* until it waits for its commit */
    pthread_create(&stopping, NULL, stop_in_time, small.server);
    for (int i = 0; i < 500 && !is_refused(&where); i++)
        usleep(10000);
    assert_true(is_refused(&where));
    assert_int_equal(fstat(fd, &after), 0);
    assert_true(after.st_dev == before.st_dev && after.st_ino == before.st_ino);
    sem_post(&stuck);
    a = raw_http_read(waits, 10);
    assert_int_equal(a->status, 202);
    pthread_join(stopping, NULL);
    assert_true(fstat(fd, &after) < 0 || after.st_ino != before.st_ino);
    free(a);
    free(bytes);
    close(waits);
    small.server = NULL;
    api_room_down(&small);
    sem_destroy(&stuck);
    webhooks = usual;
}

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
        cmocka_unit_test(W2_25_MiB_are_taken_and_one_byte_more_is_413),
        cmocka_unit_test(bodies_beyond_the_budget_are_503_and_may_be_sent_again),
        cmocka_unit_test(T08_large_bodies_are_shed_first),
        cmocka_unit_test(W2_a_full_queue_is_503_and_nothing_is_half_stored),
        cmocka_unit_test(T07_no_request_hides_behind_the_last_header),
        cmocka_unit_test(T08_a_drip_of_headers_or_body_ends_by_total_time),
        cmocka_unit_test(T08_many_that_drip_do_not_keep_others_out),
        cmocka_unit_test(T08_the_oldest_drip_makes_room_for_whoever_comes),
        cmocka_unit_test(T08_what_waits_for_its_commit_counts_as_a_body),
        cmocka_unit_test(T08_who_is_idle_makes_room_before_who_delivers),
        cmocka_unit_test(T08_an_address_that_a_proxy_names_has_its_share_and_no_more),
        cmocka_unit_test(T08_one_address_has_half_of_the_room_for_bodies),
        cmocka_unit_test(I1_each_202_of_many_at_once_has_its_row),
        cmocka_unit_test(T47_an_outsider_sees_one_word_on_each_listener),
        cmocka_unit_test(T47_an_address_is_the_same_on_a_socket_for_both_kinds),
        cmocka_unit_test(T46_other_spellings_and_methods_reach_nothing_on_web),
        cmocka_unit_test(sse_tells_what_changed_and_ends_with_the_server),
        cmocka_unit_test(T48_the_cli_socket_is_0660_and_knows_its_peer),
        cmocka_unit_test(
            a_stop_refuses_who_comes_and_keeps_the_socket_until_its_threads_have_ended),
        cmocka_unit_test(a_stop_answers_what_waits),
    };

    return cmocka_run_group_tests(tests, room_up, room_down);
}
