/* aws_client: see aws_client.h. */
#include "lib/transport/aws_client.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/ssm/aws_answer.h"
#include "lib/ssm/aws_request.h"
#include "lib/ssm/sigv4.h"
#include "lib/transport/aws_credentials.h"

#define CALL_MS 10000

struct aws_client {
    struct arena arena; /* texts of the options */
    const char *region;
    const char *endpoint;
    bool is_theirs; /* AWS' own address: a public name, though perhaps of a private network */
    const char *ca_file;
    int64_t timeout_ms;
    const atomic_bool *stop;
    struct aws_client_counts *counts;
    struct httpc *httpc;
    struct aws_credentials *credentials;
};

/* SCHEME://HOST[:PORT], no path; where it may lead is judged at each call (lib/httpc). */
static bool is_endpoint(const char *text)
{
    const char *host = str_starts(text, "https://")  ? text + 8
                       : str_starts(text, "http://") ? text + 7
                                                     : "";

    return *host != '\0' && strpbrk(host, "/?#@ \t\r\n") == NULL;
}

int aws_client_open(const struct aws_client_options *options, struct aws_client **ret,
                    struct err *err)
{
    const char *bundle = getenv("AWS_CA_BUNDLE");
    struct aws_client *t;
    int rc;

    if (!aws_call_region_is(options->region))
        return err_set(err, ERR_INVALID, "\"%.60s\" is no region of AWS'",
                       options->region != NULL ? options->region : "");
    if (options->endpoint != NULL && !is_endpoint(options->endpoint))
        return err_set(err, ERR_INVALID, "\"%.100s\" is no endpoint: https://HOST[:PORT]",
                       options->endpoint);
    rc = httpc_begin(err);
    if (rc < 0)
        return rc;
    t = calloc(1, sizeof(*t));
    if (t == NULL)
        abort();
    arena_init(&t->arena);
    t->region = arena_str(&t->arena, options->region);
    t->is_theirs = options->endpoint == NULL;
    t->endpoint = t->is_theirs ? aws_call_endpoint(&t->arena, t->region)
                               : arena_str(&t->arena, options->endpoint);
    t->ca_file = arena_str(&t->arena, options->ca_file != NULL              ? options->ca_file
                                      : bundle != NULL && bundle[0] != '\0' ? bundle
                                                                            : NULL);
    t->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : CALL_MS;
    t->stop = options->stop;
    t->counts = options->counts;
    t->httpc = httpc_new();
    t->credentials = aws_credentials_new(
        &(struct aws_credentials_options){.profile = options->profile, .stop = options->stop});
    *ret = t;
    return 0;
}

void aws_client_close(struct aws_client *client)
{
    if (client == NULL)
        return;
    aws_credentials_free(client->credentials);
    httpc_free(client->httpc);
    arena_deinit(&client->arena);
    free(client);
}

const char *aws_client_endpoint(const struct aws_client *client)
{
    return client->endpoint;
}

/* One call -------------------------------------------------------------------------------------- */

struct aws_client_call aws_client_begin(struct aws_client *client, enum aws_call call, time_ms now)
{
    return (struct aws_client_call){.client = client,
                                    .call = call,
                                    .now = now,
                                    .began = clock_mono(clock_system())};
}

static time_ms now_of(const struct aws_client_call *c)
{
    return c->now + (clock_mono(clock_system()) - c->began);
}

static enum err_code code_of(enum aws_outcome outcome)
{
    switch (outcome) {
    case AWS_ABSENT:
        return ERR_NOT_FOUND;
    case AWS_REFUSED:
        return ERR_INVALID;
    case AWS_UNCLEAR:
        return ERR_TIMEOUT;
    case AWS_CREDENTIALS:
        return ERR_DENIED;
    default:
        return ERR_BUSY;
    }
}

/* Nobody knows whether it arrived: only a SendCommand does harm when it comes twice. */
static enum aws_outcome lost(enum aws_call call)
{
    return call == AWS_CALL_SEND ? AWS_UNCLEAR : AWS_AGAIN;
}

static enum aws_outcome no_answer(enum aws_call call, int rc, struct err *err)
{
    (void)err_wrap(err, "%s", aws_call_name(call));
    return rc == ERR_UNREACHABLE ? AWS_AGAIN : lost(call);
}

static int post(struct aws_client_call *c, const struct aws_keys *keys, const char *body,
                struct httpc_answer *ret_answer, struct err *err)
{
    struct aws_client *t = c->client;
    const struct sigv4_signer signer = {.key_id = keys->id,
                                        .secret = (const char *)secret_bytes(keys->secret),
                                        .region = t->region,
                                        .service = "ssm"};
    const struct aws_request request = {.url = t->endpoint,
                                        .target = aws_call_target(c->call),
                                        .body = body,
                                        .signer = &signer,
                                        .token = keys->token != NULL
                                                     ? (const char *)secret_bytes(keys->token)
                                                     : NULL,
                                        .now = now_of(c)};
    const char *headers[AWS_REQUEST_HEADERS];
    struct arena arena;
    int rc;

    arena_init(&arena);
    rc = aws_request_headers(&arena, &request, headers, err);
    if (rc == 0) {
        const struct httpc_request sent = {.method = "POST",
                                           .url = arena_printf(&arena, "%s/", t->endpoint),
                                           .headers = headers,
                                           .body = body,
                                           .body_len = strlen(body),
                                           .timeout_ms = t->timeout_ms,
                                           .answer_max = AWS_ANSWER_MAX,
                                           .public_only = t->is_theirs,
                                           .private_ok = true,
                                           .once = c->call == AWS_CALL_SEND,
                                           .ca_file = t->ca_file,
                                           .stop = t->stop};
        rc = httpc_send(t->httpc, &sent, ret_answer, err);
    } else {
        rc = ERR_UNREACHABLE; /* nothing was sent */
    }
    arena_deinit(&arena);
    return rc;
}

/* What AWS said that is not 200. */
static enum aws_outcome refused(struct aws_client_call *c, const struct aws_keys *keys,
                                const struct httpc_answer *answer, struct err *err)
{
    const char *request_id = httpc_header(c->client->httpc, AWS_REQUEST_ID);
    struct aws_request_error said;
    enum aws_outcome outcome;
    struct arena arena;

    if (request_id == NULL) {
        (void)err_set(err, code_of(lost(c->call)),
                      "%s: %d came from something between here and AWS, or %s is not its address",
                      aws_call_name(c->call), answer->status, c->client->endpoint);
        return lost(c->call);
    }
    arena_init(&arena);
    said = aws_request_error(&arena, answer->body, answer->body_len);
    outcome = aws_call_judge(c->call, answer->status, said.type);
    if (outcome == AWS_CREDENTIALS) {
        const char *date = httpc_header(c->client->httpc, "date");

        (void)err_set(
            err, ERR_DENIED,
            "%s: AWS does not take access key %s (%s): %.60s: %.300s. Its clock says %.40s "
            "(request %.60s)",
            aws_call_name(c->call), keys->id, aws_credentials_source(c->client->credentials),
            said.type, said.text, date != NULL ? date : "nothing", request_id);
    } else {
        (void)err_set(err, code_of(outcome), "%s: AWS answered %d %.80s: %.500s (request %.60s)",
                      aws_call_name(c->call), answer->status, said.type, said.text, request_id);
    }
    arena_deinit(&arena);
    return outcome;
}

static enum aws_outcome ask_once(struct aws_client_call *c, const char *body,
                                 struct httpc_answer *ret_answer, struct err *err)
{
    const struct aws_keys *keys = NULL;
    struct httpc_answer answer = {.status = 0};
    enum aws_outcome outcome = AWS_OK;
    int rc = aws_credentials_get(c->client->credentials, c->client->httpc, now_of(c), &keys, err);

    if (rc < 0) {
        (void)err_wrap(err, "%s was not sent", aws_call_name(c->call));
        return rc == ERR_UNREACHABLE || rc == ERR_TIMEOUT || rc == ERR_BUSY ? AWS_AGAIN
                                                                            : AWS_CREDENTIALS;
    }
    rc = post(c, keys, body, &answer, err);
    if (rc < 0)
        return no_answer(c->call, rc, err);
    if (answer.status != 200 || httpc_header(c->client->httpc, AWS_REQUEST_ID) == NULL)
        outcome = refused(c, keys, &answer, err);
    if (outcome == AWS_OK) {
        *ret_answer = answer;
        answer.body = NULL;
    }
    httpc_answer_deinit(&answer);
    return outcome;
}

static enum aws_outcome counted(struct aws_client_call *c, enum aws_outcome outcome)
{
    struct aws_client_counts *counts = c->client->counts;

    if (counts != NULL)
        atomic_fetch_add_explicit(&counts->calls[c->call][outcome], 1, memory_order_relaxed);
    return outcome;
}

/* Refused keys may have ended before their time, or been replaced: it is asked once more with others, if there are. */
enum aws_outcome aws_client_ask(struct aws_client_call *c, const char *body,
                                struct httpc_answer *ret_answer, struct err *err)
{
    struct aws_client *client = c->client;
    enum aws_outcome outcome = ask_once(c, body, ret_answer, err);

    if (outcome == AWS_CREDENTIALS && aws_credentials_source(client->credentials)[0] != '\0' &&
        aws_credentials_replace(client->credentials, client->httpc, now_of(c)))
        outcome = ask_once(c, body, ret_answer, err);
    return outcome == AWS_OK ? AWS_OK : counted(c, outcome);
}

enum aws_outcome aws_client_read(struct aws_client_call *c, int rc)
{
    return counted(c, rc == 0 ? AWS_OK : lost(c->call));
}

enum aws_outcome aws_client_not_sent(struct aws_client_call *c, struct err *err)
{
    (void)err_wrap(err, "%s was not sent", aws_call_name(c->call));
    return counted(c, AWS_REFUSED);
}
