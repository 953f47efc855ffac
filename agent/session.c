/* session: see session.h. */
#include "agent/session.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host_key.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/ssm/aws_request.h"
#include "lib/ssm/message.h"
#include "lib/ssm/sigv4.h"

#define LONG_POLL_MS 40000 /* the door holds a poll for 15 s */
#define CALL_MS 20000
#define LIFE_MIN_MS 60000 /* of credentials, whatever the clocks say */
#define LIFE_MAX_MS ((int64_t)12 * 3600 * 1000)
#define TEXT_MAX 2048 /* of key id, secret, token */

static const struct {
    const char *target;
    const char *service;
    int64_t timeout_ms;
    size_t answer_max;
} operations[] = {
    [SESSION_UPDATE_INFORMATION] = {"AmazonSSM.UpdateInstanceInformation", "ssm", CALL_MS, 0},
    [SESSION_GET_MESSAGES] = {"EC2WindowsMessageDeliveryService.GetMessages", "ec2messages",
                              LONG_POLL_MS, MESSAGE_ANSWER_MAX},
    [SESSION_ACKNOWLEDGE] = {"EC2WindowsMessageDeliveryService.AcknowledgeMessage", "ec2messages",
                             CALL_MS, 0},
    [SESSION_SEND_REPLY] = {"EC2WindowsMessageDeliveryService.SendReply", "ec2messages", CALL_MS,
                            0},
    [SESSION_PUT_OUTPUT] = {"Slipway.PutOutput", "ssm", CALL_MS, 0},
    [SESSION_OBSERVE] = {"Slipway.Observe", "ssm", CALL_MS, 0},
    [SESSION_REQUEST_START] = {"Slipway.RequestStart", "ssm", CALL_MS, 0},
};
#define TARGET_TOKEN "AmazonSSM.RequestManagedInstanceRoleToken"
#define TARGET_NEW_KEY "AmazonSSM.UpdateManagedInstancePublicKey"
#define TARGET_REGISTER "AmazonSSM.RegisterManagedInstance"

struct credentials {
    char key_id[TEXT_MAX];
    char secret[TEXT_MAX];
    char token[TEXT_MAX];
    mono_ms renew_at;
    unsigned generation; /* 0 = there are none */
};

struct session {
    const struct agent_config *config;
    const struct sign_rsa *rsa;
    struct sign_rsa *next_rsa; /* the one that followed, now `rsa`; NULL = none did */
    const char *state;
    struct clock *clock;
    const atomic_bool *stop;
    pthread_mutex_t lock; /* what follows, and the key */
    struct credentials credentials;
    time_ms agreed_at; /* the date of a call that the door took; 0 = none */
    mono_ms agreed_mono;
};

struct session *session_new(const struct agent_config *config, const struct sign_rsa *rsa,
                            const char *state, struct clock *clock, const atomic_bool *stop)
{
    struct session *s = calloc(1, sizeof(*s));

    if (s == NULL)
        abort();
    s->config = config;
    s->rsa = rsa;
    s->state = state;
    s->clock = clock;
    s->stop = stop;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void session_free(struct session *session)
{
    if (session == NULL)
        return;
    pthread_mutex_destroy(&session->lock);
    secret_wipe(&session->credentials, sizeof(session->credentials));
    sign_rsa_free(session->next_rsa);
    free(session);
}

/* One request ---------------------------------------------------------------------------------- */

struct asking {
    const char *url;
    const char *target;
    const char *body;
    int64_t timeout_ms;
    size_t answer_max;
    const atomic_bool *stop;
    const struct sigv4_signer *signer; /* NULL = not signed */
    const char *token;                 /* NULL = none */
    time_ms now;
};

/* Which of our codes an answer that is not 200 stands for. */
static int judge(struct arena *arena, const struct asking *a, const struct httpc_answer *answer,
                 struct err *err)
{
    static const char *const denied[] = {
        "ExpiredTokenException",         "UnrecognizedClientException",
        "InvalidSignatureException",     "IncompleteSignatureException",
        "AccessDeniedException",         "MissingAuthenticationTokenException",
        "AuthorizationFailureException", "MachineFingerprintDoesNotMatch",
    };
    static const char *const later[] = {"ThrottlingException", "TooManyRequestsException",
                                        "TooManyUpdates", "RequestTimeoutException"};
    const struct aws_request_error said = aws_request_error(arena, answer->body, answer->body_len);
    enum err_code code = answer->status >= 500 || answer->status == 429 || answer->status == 408
                             ? ERR_BUSY
                             : ERR_INVALID;

    for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++)
        code = str_eq(said.type, denied[i]) ? ERR_DENIED : code;
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        code = str_eq(said.type, later[i]) ? ERR_BUSY : code;
    return err_set(err, code, "%s answered %d %.80s: %.300s", a->target, answer->status, said.type,
                   said.text);
}

static int ask(struct httpc *httpc, const struct asking *a, struct httpc_answer *ret_answer,
               struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    const struct aws_request request = {.url = a->url,
                                        .target = a->target,
                                        .body = a->body,
                                        .signer = a->signer,
                                        .token = a->token,
                                        .now = a->now};
    const char *headers[AWS_REQUEST_HEADERS];
    struct arena arena;
    int rc;

    arena_init(&arena);
    rc = aws_request_headers(&arena, &request, headers, err);
    if (rc == 0) {
        const struct httpc_request sent = {.method = "POST",
                                           .url = arena_printf(&arena, "%s/", a->url),
                                           .headers = headers,
                                           .body = a->body,
                                           .body_len = strlen(a->body),
                                           .timeout_ms = a->timeout_ms,
                                           .answer_max = a->answer_max,
                                           .stop = a->stop};
        rc = httpc_send(httpc, &sent, &answer, err);
    }
    /* A proxy has pages of its own, with any status. Only the server's word may end anything. */
    if (rc == 0 && httpc_header(httpc, AWS_REQUEST_ID) == NULL)
        rc = err_set(err, ERR_BUSY,
                     "%s: %d came from something in front of the server, or %s is not the address "
                     "of its agents' listener",
                     a->target, answer.status, a->url);
    else if (rc == 0 && answer.status != 200)
        rc = judge(&arena, a, &answer, err);
    if (rc == 0) {
        *ret_answer = answer;
        answer.body = NULL;
    }
    httpc_answer_deinit(&answer);
    arena_deinit(&arena);
    return rc;
}

/* Credentials ---------------------------------------------------------------------------------- */

static int take_credentials(struct session *s, const struct httpc_answer *answer, bool *ret_new_key,
                            struct err *err)
{
    struct credentials *c = &s->credentials;
    const char *key_id, *secret, *token;
    struct cJSON *json = NULL;
    int64_t expires = 0, life;
    int rc = json_parse(answer->body, answer->body_len, NULL, &json, err);

    if (rc < 0)
        return rc;
    key_id = json_str(json, "AccessKeyId");
    secret = json_str(json, "SecretAccessKey");
    token = json_str(json, "SessionToken");
    if (key_id == NULL || secret == NULL || token == NULL || strlen(key_id) >= TEXT_MAX ||
        strlen(secret) >= TEXT_MAX || strlen(token) >= TEXT_MAX ||
        !json_int(json, "TokenExpirationDate", &expires)) {
        rc = err_set(err, ERR_BUSY, "the answer with the credentials is not complete");
        goto out;
    }
    snprintf(c->key_id, TEXT_MAX, "%s", key_id);
    snprintf(c->secret, TEXT_MAX, "%s", secret);
    snprintf(c->token, TEXT_MAX, "%s", token);
    life = expires * 1000 - clock_now(s->clock);
    life = life < LIFE_MIN_MS ? LIFE_MIN_MS : life > LIFE_MAX_MS ? LIFE_MAX_MS : life;
    c->renew_at = clock_mono(s->clock) + life / 2;
    c->generation++;
    (void)json_bool(json, "UpdateKeyPair", ret_new_key);
out:
    json_free(json);
    return rc;
}

/* A call that the host signs with its own key. */
static int ask_by_key(struct session *s, struct httpc *httpc, const char *target, const char *body,
                      struct httpc_answer *ret_answer, struct err *err)
{
    const struct sigv4_signer signer = {.key_id = s->config->host_id,
                                        .rsa = s->rsa,
                                        .region = s->config->region,
                                        .service = "ssm"};
    const struct asking a = {.url = s->config->url,
                             .target = target,
                             .body = body,
                             .timeout_ms = CALL_MS,
                             .stop = s->stop,
                             .signer = &signer,
                             .now = clock_now(s->clock)};

    return ask(httpc, &a, ret_answer, err);
}

/* The door wants another key. It is told, by the old one, before the new one signs; what fails is tried again at the
 * next renewal, with the same key (ssm-wire.md 9.2). */
static void replace_key(struct session *s, struct httpc *httpc)
{
    struct httpc_answer answer = {.status = 0};
    struct sign_rsa *next = NULL;
    struct err err = ERR_INIT;
    char body[1024], *spki;
    int rc = host_key_next(s->state, &next, &err);

    if (rc == 0) {
        spki = sign_rsa_spki(next);
        snprintf(body, sizeof(body), "{\"NewPublicKey\":\"%s\",\"NewPublicKeyType\":\"Rsa\"}",
                 spki);
        free(spki);
        rc = ask_by_key(s, httpc, TARGET_NEW_KEY, body, &answer, &err);
        httpc_answer_deinit(&answer);
    }
    if (rc == 0)
        rc = host_key_follow(s->state, &err);
    if (rc < 0) {
        log_warning("key.not-replaced", "host=%s err=%s", s->config->host_id, LOG(err.text));
        sign_rsa_free(next);
        return;
    }
    log_notice("key.replaced", "host=%s", s->config->host_id);
    sign_rsa_free(s->next_rsa);
    s->rsa = s->next_rsa = next;
}

static int renew(struct session *s, struct httpc *httpc, struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    bool new_key = false;
    char body[128];
    int rc;

    snprintf(body, sizeof(body), "{\"Fingerprint\":\"%s\"}", s->config->fingerprint);
    rc = ask_by_key(s, httpc, TARGET_TOKEN, body, &answer, err);
    if (rc == 0) {
        rc = take_credentials(s, &answer, &new_key, err);
        secret_wipe(answer.body, answer.body_len);
    }
    httpc_answer_deinit(&answer);
    if (rc == 0 && new_key)
        replace_key(s, httpc);
    return rc < 0 ? err_wrap(err, "asking for credentials") : 0;
}

/* A copy of the current ones. `stale`: those that were refused; 0 = none. */
static int credentials_now(struct session *s, struct httpc *httpc, unsigned stale,
                           struct credentials *ret_credentials, struct err *err)
{
    struct credentials *c = &s->credentials;
    bool is_old;
    int rc = 0;

    pthread_mutex_lock(&s->lock);
    is_old = c->generation != 0 && clock_mono(s->clock) >= c->renew_at;
    if (c->generation == 0 || c->generation == stale || is_old)
        rc = renew(s, httpc, err);
    /* Half of their life is left: they still serve. */
    if (rc < 0 && is_old && c->generation != stale)
        rc = 0;
    if (rc == 0)
        *ret_credentials = *c;
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* Calls ----------------------------------------------------------------------------------------- */

static int call_once(struct session *s, struct httpc *httpc, enum session_operation operation,
                     const char *body, const struct credentials *c, struct httpc_answer *ret_answer,
                     struct err *err)
{
    const struct sigv4_signer signer = {.key_id = c->key_id,
                                        .secret = c->secret,
                                        .region = s->config->region,
                                        .service = operations[operation].service};
    const struct asking a = {.url = s->config->url,
                             .target = operations[operation].target,
                             .body = body,
                             .timeout_ms = operations[operation].timeout_ms,
                             .answer_max = operations[operation].answer_max,
                             .stop = s->stop,
                             .signer = &signer,
                             .token = c->token,
                             .now = clock_now(s->clock)};
    mono_ms mono = clock_mono(s->clock);
    int rc = ask(httpc, &a, ret_answer, err);

    if (rc == 0) {
        pthread_mutex_lock(&s->lock);
        s->agreed_at = a.now;
        s->agreed_mono = mono;
        pthread_mutex_unlock(&s->lock);
    }
    return rc;
}

time_ms session_now(struct session *s)
{
    time_ms now = 0;

    pthread_mutex_lock(&s->lock);
    if (s->agreed_at != 0)
        now = s->agreed_at + (clock_mono(s->clock) - s->agreed_mono);
    pthread_mutex_unlock(&s->lock);
    return now;
}

int session_call(struct session *s, struct httpc *httpc, enum session_operation operation,
                 const char *body, struct httpc_answer *ret_answer, struct err *err)
{
    struct credentials c = {.generation = 0};
    int rc = credentials_now(s, httpc, 0, &c, err);

    if (rc == 0)
        rc = call_once(s, httpc, operation, body, &c, ret_answer, err);
    else if (rc == ERR_INVALID) /* of the question for credentials, not of this one */
        rc = ERR_DENIED;
    if (rc == ERR_DENIED && c.generation != 0) {
        rc = credentials_now(s, httpc, c.generation, &c, err);
        if (rc == 0)
            rc = call_once(s, httpc, operation, body, &c, ret_answer, err);
        else if (rc == ERR_INVALID)
            rc = ERR_DENIED;
    }
    secret_wipe(&c, sizeof(c));
    return rc;
}

int session_register(struct httpc *httpc, const char *url, const char *body,
                     struct httpc_answer *ret_answer, struct err *err)
{
    const struct asking a = {.url = url,
                             .target = TARGET_REGISTER,
                             .body = body,
                             .timeout_ms = CALL_MS};

    return ask(httpc, &a, ret_answer, err);
}
