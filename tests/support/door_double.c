/* door_double: see door_double.h. */
#include "tests/support/door_double.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/ssm/message_observe.h"
#include "lib/ssm/message_cancel.h"
#include "lib/ssm/message_output.h"
#include "lib/ssm/message_start.h"
#include "lib/ssm/sigv4.h"

#define HEAD_MAX 16384
#define BODY_MAX (1024 * 1024)
#define HOLD_S 4
#define SECRET "the secret of the double"
#define TOKEN "the-token-of-the-double"
#define OUTPUT_MAX (32 * 1024 * 1024)

/* One request as it came. */
struct asked {
    struct door_double *door;
    int fd;
    struct arena arena;
    char head[HEAD_MAX];
    char *body;
    size_t body_len;
    const char *method, *path, *target;
    struct sigv4_header headers[32];
    size_t n_headers;
};

/* Words ---------------------------------------------------------------------------------------- */

static struct door_double_word *add_word(struct door_double *d, const char *operation)
{
    struct door_double_word *w = &d->words[d->n_words];

    if (d->n_words == DOOR_DOUBLE_WORDS)
        abort();
    d->n_words++;
    *w = (struct door_double_word){.operation = arena_str(&d->arena, operation),
                                   .at = clock_mono(clock_system())};
    pthread_cond_broadcast(&d->changed);
    return w;
}

static void take_reply(struct asked *a, const struct cJSON *json)
{
    struct door_double *d = a->door;
    const char *payload = json_str(json, "Payload");
    struct door_double_word *w = add_word(d, "SendReply");
    struct err err = ERR_INIT;
    char host[21];

    if (!message_id_parse(json_str(json, "MessageId"), w->command_id, host) ||
        message_reply_parse(&d->arena, payload, strlen(payload), &w->reply, &err) < 0)
        abort();
    w->reply_id = arena_str(&d->arena, json_str(json, "ReplyId"));
    w->record_number = w->reply.record_number;
}

static void take_output(struct asked *a)
{
    struct door_double *d = a->door;
    struct door_double_word *w = add_word(d, "PutOutput");
    struct output_chunk *chunks;
    struct err err = ERR_INIT;

    if (message_output_parse(&a->arena, a->body, a->body_len, w->command_id, &chunks, &w->n_chunks,
                             &err) < 0)
        abort();
    for (size_t i = 0; i < w->n_chunks; i++) {
        if (d->output_len + chunks[i].len >= OUTPUT_MAX)
            abort();
        memcpy(d->output + d->output_len, chunks[i].text, chunks[i].len);
        d->output_len += chunks[i].len;
        d->output[d->output_len] = '\0';
        d->last_chunk = chunks[i].number;
    }
}

static void take_observation(struct asked *a)
{
    struct door_double *d = a->door;
    struct door_double_word *w = add_word(d, "Observe");
    struct message_observe observe;
    struct err err = ERR_INIT;

    if (message_observe_parse(&d->arena, a->body, a->body_len, &observe, &err) < 0)
        abort();
    w->journal_id = observe.journal_id;
    w->heard = observe.heard;
    w->strict = observe.strict;
    w->n_documents = observe.n_documents;
    w->record_number = observe.record_number;
}

/* Answers -------------------------------------------------------------------------------------- */

/* By its key, or by the one that is to follow, which is its key from then on. */
static bool is_of_host(struct door_double *d, const struct sigv4_authorization *auth,
                       const char *text)
{
    if (d->next_spki[0] != '\0' && sigv4_rsa_signature_is(d->next_spki, auth, text)) {
        memcpy(d->spki, d->next_spki, sizeof(d->spki));
        d->next_spki[0] = '\0';
        atomic_store(&d->wants_key, false);
        return true;
    }
    return sigv4_rsa_signature_is(d->spki, auth, text);
}

static bool is_signed(struct asked *a, bool by_key, const char *service)
{
    struct sigv4_request request = {.method = a->method,
                                    .path = a->path,
                                    .query = "",
                                    .headers = a->headers,
                                    .n_headers = a->n_headers,
                                    .body = a->body,
                                    .body_len = a->body_len};
    const char *authorization = NULL, *text;
    struct sigv4_authorization auth;
    struct err err = ERR_INIT;

    for (size_t i = 0; i < a->n_headers; i++)
        if (strcmp(a->headers[i].name, "authorization") == 0)
            authorization = a->headers[i].value;
    if (authorization == NULL || sigv4_parse(&a->arena, authorization, &auth, &err) < 0 ||
        sigv4_check(&a->arena, &request, &auth, service, clock_now(clock_system()), &text, &err) <
            0)
        return false;
    return by_key ? strcmp(auth.key_id, a->door->host_id) == 0 && is_of_host(a->door, &auth, text)
                  : sigv4_signature_is(SECRET, &auth, text);
}

/* The messages on the queue, or none after a while. */
static const char *give_messages(struct asked *a, const struct cJSON *json)
{
    struct door_double *d = a->door;
    struct timespec until;
    const char *body = NULL;
    struct err err = ERR_INIT;
    bool gone;
    char byte;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += HOLD_S;
    while (d->n_queue == 0 && !atomic_load(&d->stop) && !atomic_load(&d->deaf)) {
        if (pthread_cond_timedwait(&d->changed, &d->lock, &until) == ETIMEDOUT)
            break;
    }
    /* Not to an agent that was killed meanwhile. */
    gone = recv(a->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    if (message_answer_make(&a->arena, d->host_id, json_str(json, "MessagesRequestId"), d->queue,
                            gone ? 0 : d->n_queue, &body, &err) < 0)
        abort();
    if (!gone)
        d->n_queue = 0;
    return body;
}

static const char *give_permit(struct asked *a, int *ret_status)
{
    static const char other[] = "00000000-0000-4000-8000-000000000000";
    struct door_double *d = a->door;
    struct door_double_word *w = add_word(d, "RequestStart");
    struct message_start start;
    struct err err = ERR_INIT;
    const char *body = NULL;
    int how = atomic_load(&d->permit);

    if (message_start_parse(&d->arena, a->body, a->body_len, &start, &err) < 0)
        abort();
    snprintf(w->command_id, sizeof(w->command_id), "%s", start.command_id);
    w->reply_id = start.nonce;
    w->journal_id = start.journal_id;
    w->record_number = start.record_number;
    if (how == DOOR_DOUBLE_LATER) {
        *ret_status = 500;
        return "{\"__type\":\"InternalServerException\"}";
    }
    if (message_start_answer_make(&a->arena, how == DOOR_DOUBLE_OTHER ? other : start.nonce,
                                  how == DOOR_DOUBLE_NO ? "somebody has it" : NULL, &body,
                                  &err) < 0)
        abort();
    return how == DOOR_DOUBLE_LOST ? NULL : body;
}

static const char *answer_ours(struct asked *a, const struct cJSON *json, int *ret_status)
{
    struct door_double *d = a->door;
    const char *operation = strchr(a->target, '.') + 1;

    if (str_eq(operation, "GetMessages"))
        return give_messages(a, json);
    if (str_eq(operation, "SendReply")) {
        if (atomic_load(&d->refuses_replies)) {
            *ret_status = 500;
            add_word(d, "Refused")->reply_id = arena_str(&d->arena, json_str(json, "ReplyId"));
            return "{\"__type\":\"InternalServerException\"}";
        }
        take_reply(a, json);
        return "{}";
    }
    if (str_eq(operation, "PutOutput")) {
        take_output(a);
        return "{}";
    }
    if (str_eq(operation, "RequestStart"))
        return give_permit(a, ret_status);
    if (str_eq(operation, "Observe")) {
        take_observation(a);
        if (atomic_fetch_sub(&d->doubts, 1) > 0)
            return arena_printf(&a->arena,
                                "{\"StoreId\":\"%s\",\"Heard\":\"known\",\"Again\":true}",
                                d->store_id);
        return arena_printf(&a->arena, "{\"StoreId\":\"%s\",\"Heard\":\"then\"%s%s}", d->store_id,
                            d->announcements != NULL ? ",\"Announcements\":" : "",
                            d->announcements != NULL ? d->announcements : "");
    }
    (void)message_id_parse(json_str(json, "MessageId"), add_word(d, operation)->command_id,
                           (char[21]){0});
    return "{}";
}

static const char *answer(struct asked *a, const struct cJSON *json, int *ret_status)
{
    struct door_double *d = a->door;
    bool is_new_key = str_eq(a->target, "AmazonSSM.UpdateManagedInstancePublicKey");
    bool by_key = is_new_key || str_eq(a->target, "AmazonSSM.RequestManagedInstanceRoleToken");

    if (str_eq(a->target, "AmazonSSM.RegisterManagedInstance")) {
        if (!str_eq(json_str(json, "ActivationCode"), "good-code")) {
            *ret_status = 400;
            return "{\"__type\":\"InvalidActivation\",\"message\":\"the activation is not valid\"}";
        }
        snprintf(d->spki, sizeof(d->spki), "%s", json_str(json, "PublicKey"));
        return arena_printf(&a->arena, "{\"InstanceId\":\"%s\",\"Slipway\":{\"StoreId\":\"%s\"}}",
                            d->host_id, d->store_id);
    }
    if (!is_signed(a, by_key, str_starts(a->target, "EC2") ? "ec2messages" : "ssm")) {
        atomic_fetch_add(&d->unsigned_calls, 1);
        *ret_status = 400;
        return "{\"__type\":\"InvalidSignatureException\"}";
    }
    if (is_new_key) {
        snprintf(d->next_spki, sizeof(d->next_spki), "%s", json_str(json, "NewPublicKey"));
        return "{}";
    }
    if (by_key)
        return arena_printf(&a->arena,
                            "{\"AccessKeyId\":\"ASIADOUBLE\",\"SecretAccessKey\":\"" SECRET
                            "\",\"SessionToken\":\"" TOKEN
                            "\",\"TokenExpirationDate\":%lld,\"UpdateKeyPair\":%s}",
                            (long long)(clock_now(clock_system()) / 1000 + 3600),
                            atomic_load(&d->wants_key) ? "true" : "false");
    return answer_ours(a, json, ret_status);
}

/* HTTP ----------------------------------------------------------------------------------------- */

static bool read_head(struct asked *a, int fd)
{
    size_t n = 0;

    while (n < sizeof(a->head) - 1) {
        ssize_t got = recv(fd, a->head + n, 1, 0);

        if (got <= 0)
            return false;
        n++;
        if (n >= 4 && memcmp(a->head + n - 4, "\r\n\r\n", 4) == 0) {
            a->head[n - 2] = '\0';
            return true;
        }
    }
    return false;
}

static bool read_request(struct asked *a, int fd)
{
    size_t length = 0, n = 0;
    char *save = NULL, *line;

    a->n_headers = 0;
    a->target = "";
    if (!read_head(a, fd))
        return false;
    a->method = strtok_r(a->head, " ", &save);
    a->path = strtok_r(NULL, " ", &save);
    (void)strtok_r(NULL, "\n", &save);
    while ((line = strtok_r(NULL, "\r\n", &save)) != NULL && a->n_headers < 32) {
        char *value = strchr(line, ':');

        if (value == NULL)
            return false;
        *value++ = '\0';
        value += strspn(value, " ");
        for (char *p = line; *p != '\0'; p++)
            *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        a->headers[a->n_headers++] = (struct sigv4_header){line, value};
        if (strcmp(line, "content-length") == 0)
            length = strtoul(value, NULL, 10);
        if (strcmp(line, "x-amz-target") == 0)
            a->target = value;
    }
    a->body = arena_alloc(&a->arena, length + 1);
    a->body_len = length;
    while (n < length) {
        ssize_t got = recv(fd, a->body + n, length - n, 0);

        if (got <= 0)
            return false;
        n += (size_t)got;
    }
    return true;
}

/* `foreign`: not the door's own answer. */
static void respond_as(int fd, int status, const char *body, bool foreign)
{
    char head[256];
    size_t len = strlen(body);
    int n =
        snprintf(head, sizeof(head),
                 "HTTP/1.1 %d X\r\nContent-Type: %s\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 status,
                 foreign ? "text/html" : "application/x-amz-json-1.1\r\nx-amzn-RequestId: double",
                 len);

    (void)send(fd, head, (size_t)n, MSG_NOSIGNAL | MSG_MORE);
    (void)send(fd, body, len, MSG_NOSIGNAL);
}

static void respond(int fd, int status, const char *body)
{
    respond_as(fd, status, body, false);
}

static bool meets_a_proxy(struct asked *a, int fd)
{
    struct door_double *d = a->door;
    int left = str_ends(a->target, ".SendReply") ? atomic_load(&d->proxied) : 0;

    if (left <= 0)
        return false;
    atomic_store(&d->proxied, left - 1);
    respond_as(fd, left % 2 == 0 ? 404 : 200, "<html><h1>Back in a minute</h1></html>", true);
    return true;
}

static bool serve_one(struct asked *a, int fd)
{
    struct door_double *d = a->door;
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;
    const char *body;
    int status = 200;

    if (!read_request(a, fd) || atomic_load(&d->deaf))
        return false;
    if (str_eq(a->path, "/up")) {
        respond(fd, atomic_fetch_sub(&d->sick, 1) > 0 ? 503 : 200, "");
        return true;
    }
    if (meets_a_proxy(a, fd))
        return true;
    if (json_parse(a->body, a->body_len, NULL, &json, &err) < 0)
        abort();
    pthread_mutex_lock(&d->lock);
    body = answer(a, json, &status);
    pthread_mutex_unlock(&d->lock);
    json_free(json);
    if (body == NULL || atomic_load(&d->deaf)) /* it became so while a poll waited */
        return false;
    respond(fd, status, body);
    return true;
}

struct connection {
    struct door_double *door;
    int fd;
};

static void *serve(void *arg)
{
    struct connection c = *(struct connection *)arg;
    struct asked *a = calloc(1, sizeof(*a));

    free(arg);
    a->door = c.door;
    a->fd = c.fd;
    arena_init(&a->arena);
    for (;;) {
        struct pollfd p = {.fd = c.fd, .events = POLLIN};

        if (atomic_load(&c.door->stop) || poll(&p, 1, 100) < 0)
            break;
        if (p.revents == 0)
            continue;
        arena_reset(&a->arena);
        if (!serve_one(a, c.fd))
            break;
    }
    close(c.fd);
    arena_deinit(&a->arena);
    free(a);
    atomic_fetch_sub(&c.door->open, 1);
    return NULL;
}

static void *listen_on(void *arg)
{
    struct door_double *d = arg;

    while (!atomic_load(&d->stop)) {
        struct pollfd p = {.fd = d->listener, .events = POLLIN};
        struct connection *c;
        pthread_t thread;
        int fd;

        if (poll(&p, 1, 50) <= 0 || (fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC)) < 0)
            continue;
        c = calloc(1, sizeof(*c));
        *c = (struct connection){d, fd};
        atomic_fetch_add(&d->open, 1);
        if (pthread_create(&thread, NULL, serve, c) != 0)
            abort();
        pthread_detach(thread);
    }
    return NULL;
}

/* For tests ------------------------------------------------------------------------------------- */

void door_double_up(struct door_double *d)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    unsigned char public_key[SIGN_PUBLIC_SIZE];

    memset(d, 0, sizeof(*d));
    arena_init(&d->arena);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    d->words = calloc(DOOR_DOUBLE_WORDS, sizeof(*d->words));
    d->output = calloc(1, OUTPUT_MAX);
    d->last_chunk = -1;
    d->key = sign_key_new();
    sign_key_public(d->key, public_key);
    digest_base64url(public_key, sizeof(public_key), d->key_text);
    names_uuid_new(d->store_id);
    snprintf(d->host_id, sizeof(d->host_id), "mi-0123456789abcdef0");
    d->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(d->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(d->listener, 16), 0);
    assert_int_equal(getsockname(d->listener, (struct sockaddr *)&address, &len), 0);
    snprintf(d->url, sizeof(d->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&d->thread, NULL, listen_on, d), 0);
}

void door_double_down(struct door_double *d)
{
    atomic_store(&d->stop, true);
    pthread_mutex_lock(&d->lock);
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->thread, NULL);
    while (atomic_load(&d->open) > 0)
        (void)poll(NULL, 0, 10);
    close(d->listener);
    sign_key_free(d->key);
    free(d->words);
    free(d->output);
    arena_deinit(&d->arena);
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->lock);
}

struct envelope door_double_envelope(struct door_double *d)
{
    char *id;

    pthread_mutex_lock(&d->lock);
    id = arena_alloc(&d->arena, NAMES_UUID_SIZE);
    pthread_mutex_unlock(&d->lock);
    names_uuid_new(id);
    return (struct envelope){.store_id = d->store_id,
                             .command_id = id,
                             .host_id = d->host_id,
                             .host = "app-1",
                             .repository = "acme/shop",
                             .environment = "stage",
                             .release = 7,
                             .document = "web@1",
                             .sha = "4f2c9e1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                             .previous_sha = "",
                             .roles = "web,worker",
                             .start_by = clock_now(clock_system()) + 60000};
}

void door_double_send_as(struct door_double *d, struct envelope *e, const struct document *document,
                         const struct sign_key *key, const char *document_text)
{
    char signature[ENVELOPE_SIGNATURE_SIZE], message_id[MESSAGE_ID_SIZE];
    struct message_command command = {.command_id = e->command_id,
                                      .document_name = "web",
                                      .signature = signature};
    struct message message = {.topic = MESSAGE_TOPIC_SEND,
                              .destination = d->host_id,
                              .created_at = clock_now(clock_system())};
    char *digest;
    struct err err = ERR_INIT;

    pthread_mutex_lock(&d->lock);
    digest = arena_alloc(&d->arena, DIGEST_HEX_SIZE);
    if (document_make(&d->arena, document, &command.document, digest, &err) < 0)
        fail_msg("%s", err.text);
    if (e->document_digest == NULL)
        e->document_digest = digest;
    if (document_text != NULL)
        command.document = document_text;
    if (d->redact != NULL) {
        char *redact_digest = arena_alloc(&d->arena, DIGEST_HEX_SIZE);
        digest_sha256_hex(d->redact, strlen(d->redact), redact_digest);
        e->redact_digest = redact_digest;
        command.redact = d->redact;
    }
    if (envelope_make(&d->arena, e, &command.envelope, &err) < 0)
        fail_msg("%s", err.text);
    envelope_sign(key, command.envelope, signature);
    if (message_command_make(&d->arena, &command, &message.payload, &err) < 0)
        fail_msg("%s", err.text);
    message_id_make(e->command_id, d->host_id, message_id);
    message.id = arena_str(&d->arena, message_id);
    assert_true(d->n_queue < DOOR_DOUBLE_QUEUE);
    d->queue[d->n_queue++] = message;
    /* Kept beyond the queue, for door_double_repeat(). */
    *add_word(d, "Queued") =
        (struct door_double_word){.operation = "Queued", .reply_id = message.payload};
    snprintf(d->words[d->n_words - 1].command_id, 37, "%s", e->command_id);
    pthread_mutex_unlock(&d->lock);
}

void door_double_send(struct door_double *d, struct envelope *e, const struct document *document)
{
    door_double_send_as(d, e, document, d->key, NULL);
}

void door_double_repeat(struct door_double *d, const char *command_id)
{
    char message_id[MESSAGE_ID_SIZE];

    message_id_make(command_id, d->host_id, message_id);
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->n_words; i++) {
        if (str_eq(d->words[i].operation, "Queued") && str_eq(d->words[i].command_id, command_id))
            d->queue[d->n_queue++] = (struct message){.topic = MESSAGE_TOPIC_SEND,
                                                      .destination = d->host_id,
                                                      .created_at = clock_now(clock_system()),
                                                      .id = arena_str(&d->arena, message_id),
                                                      .payload = d->words[i].reply_id};
    }
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

const char *door_double_cancel(struct door_double *d, const char *command_id)
{
    char message_id[MESSAGE_ID_SIZE];
    char *id;

    pthread_mutex_lock(&d->lock);
    id = arena_alloc(&d->arena, NAMES_UUID_SIZE);
    names_uuid_new(id);
    message_id_make(id, d->host_id, message_id);
    assert_true(d->n_queue < DOOR_DOUBLE_QUEUE);
    d->queue[d->n_queue++] =
        (struct message){.topic = MESSAGE_TOPIC_CANCEL,
                         .destination = d->host_id,
                         .created_at = clock_now(clock_system()),
                         .id = arena_str(&d->arena, message_id),
                         .payload = message_cancel_make(&d->arena, command_id, d->host_id)};
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    return id;
}

/* Wait until `found` is not NULL any more. Under the lock. */
static const struct door_double_word *wait_for(
    struct door_double *d, int seconds,
    const struct door_double_word *(*find)(struct door_double *d, const void *arg), const void *arg)
{
    const struct door_double_word *found;
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&d->lock);
    while ((found = find(d, arg)) == NULL) {
        if (pthread_cond_timedwait(&d->changed, &d->lock, &until) == ETIMEDOUT)
            break;
    }
    if (found == NULL)
        found = find(d, arg);
    pthread_mutex_unlock(&d->lock);
    return found;
}

struct wanted {
    const char *text; /* command id, operation or output */
    enum message_reply_state state;
    size_t n;
};

static const struct door_double_word *find_reply(struct door_double *d, const void *arg)
{
    const struct wanted *w = arg;

    for (size_t i = 0; i < d->n_words; i++) {
        if (str_eq(d->words[i].operation, "SendReply") && str_eq(d->words[i].command_id, w->text) &&
            d->words[i].reply.state == w->state)
            return &d->words[i];
    }
    return NULL;
}

static const struct door_double_word *find_word(struct door_double *d, const void *arg)
{
    const struct wanted *w = arg;
    size_t n = 0;

    for (size_t i = 0; i < d->n_words; i++) {
        if (str_eq(d->words[i].operation, w->text) && ++n == w->n)
            return &d->words[i];
    }
    return NULL;
}

static const struct door_double_word *find_output(struct door_double *d, const void *arg)
{
    static const struct door_double_word there = {.operation = "PutOutput"};
    const struct wanted *w = arg;

    return strstr(d->output, w->text) != NULL ? &there : NULL;
}

const struct door_double_word *door_double_wait(struct door_double *d, const char *command_id,
                                                enum message_reply_state state, int seconds)
{
    const struct wanted w = {.text = command_id, .state = state};

    return wait_for(d, seconds, find_reply, &w);
}

const struct door_double_word *door_double_wait_word(struct door_double *d, const char *operation,
                                                     size_t n, int seconds)
{
    const struct wanted w = {.text = operation, .n = n};

    return wait_for(d, seconds, find_word, &w);
}

bool door_double_wait_output(struct door_double *d, const char *text, int seconds)
{
    const struct wanted w = {.text = text};

    return wait_for(d, seconds, find_output, &w) != NULL;
}

bool door_double_printed(struct door_double *d, const char *text)
{
    return door_double_wait_output(d, text, 0);
}

size_t door_double_count(struct door_double *d, const char *command_id,
                         enum message_reply_state state)
{
    size_t n = 0;

    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->n_words; i++) {
        const struct door_double_word *w = &d->words[i];
        bool is_new = str_eq(w->operation, "SendReply") && str_eq(w->command_id, command_id) &&
                      w->reply.state == state;

        for (size_t k = 0; k < i && is_new; k++)
            is_new = !str_eq(d->words[k].operation, "SendReply") ||
                     !str_eq(d->words[k].reply_id, w->reply_id);
        n += is_new;
    }
    pthread_mutex_unlock(&d->lock);
    return n;
}
