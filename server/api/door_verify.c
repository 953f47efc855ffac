/* door_verify: see door_verify.h. Source: ssm-wire.md 1 (codes), 2, 9.1, 9.2. */
#include "server/api/door_verify.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/ssm/sigv4.h"
#include "lib/store/store_access_key.h"
#include "lib/store/store_activation.h"
#include "server/api/api.h"
#include "server/api/door_access.h"
#include "server/api/door_call.h"
#include "server/api/door_credentials.h"

#define NOT_KNOWN "The security token included in the request is invalid"
#define SUSPENDED                                                                                  \
    "the key of this host is suspended: its journal went back, or another machine has it too. "    \
    "Run on the server: slipway agent accept-journal, or revoke it and register anew"
#define NOT_SIGNED "The request signature we calculated does not match the signature you provided"

/* A refusal on its way to the reply; NULL code = none. */
struct refusal {
    const char *code;
    const char *text;
    bool fault;
    bool later; /* nothing is wrong with who asks: he shall try again */
};

static struct refusal refuse(const char *code, const char *text)
{
    return (struct refusal){.code = code, .text = text};
}

static struct refusal fault(struct door_call *call, const struct err *err)
{
    return (struct refusal){.code = "",
                            .text = arena_str(call->request->arena, err->text),
                            .fault = true};
}

static const struct refusal fine;

/* The request as the signature sees it. */
static struct sigv4_request signed_request(const struct request *r)
{
    struct sigv4_header *headers = arena_array(r->arena, r->n_headers, sizeof(*headers));

    for (size_t i = 0; i < r->n_headers; i++) {
        char *name = arena_strn(r->arena, r->headers[i].name, r->headers[i].name_len);

        for (char *p = name; *p != '\0'; p++)
            *p = (char)tolower((unsigned char)*p);
        headers[i].name = name;
        headers[i].value = r->headers[i].value;
    }
    return (struct sigv4_request){.method = r->method,
                                  .path = r->path,
                                  .query = r->query,
                                  .headers = headers,
                                  .n_headers = r->n_headers,
                                  .body = r->body,
                                  .body_len = r->body_len};
}

/* The host, whatever its state. */
static struct refusal load_host(struct door_call *call, struct db *db, const char *id)
{
    struct err err = ERR_INIT;
    int rc = store_host_by_id(db, call->request->arena, id, &call->host, &err);

    if (rc == ERR_NOT_FOUND)
        return refuse("UnrecognizedClientException", NOT_KNOWN);
    return rc < 0 ? fault(call, &err) : fine;
}

/* By the host's own key: its id stands where the access key id does. */
static struct refusal verify_key(struct door_call *call, struct db *db,
                                 const struct sigv4_authorization *auth, const char *text)
{
    struct err err = ERR_INIT;
    struct refusal refusal;
    const char **keys;
    size_t n;

    if (!names_is_host_id(auth->key_id))
        return refuse("UnrecognizedClientException", NOT_KNOWN);
    refusal = load_host(call, db, auth->key_id);
    if (refusal.code != NULL)
        return refusal;
    if (store_host_keys(db, call->request->arena, call->host.id, &keys, &n, &err) < 0)
        return fault(call, &err);
    for (size_t i = 0; i < n && call->spki == NULL; i++) {
        if (sigv4_rsa_signature_is(keys[i], auth, text))
            call->spki = keys[i];
    }
    if (call->spki == NULL)
        return refuse("InvalidSignatureException", NOT_SIGNED);
    if (call->host.suspended_at != 0)
        return refuse("UnrecognizedClientException", SUSPENDED);
    /* On this word agents sleep for up to a day: only for a node that is really gone. */
    if (call->host.state == HOST_DEREGISTERED)
        return refuse("AccessDeniedException", "this node was deregistered");
    return fine;
}

static struct refusal verify_session(struct door_call *call, struct db *db,
                                     const struct secret *key,
                                     const struct sigv4_authorization *auth, const char *text)
{
    const char *token = request_header(call->request, "X-Amz-Security-Token");
    struct door_credentials credentials;
    struct refusal refusal = fine;

    if (token == NULL || door_credentials_open(key, token, &credentials) < 0 ||
        strcmp(credentials.key_id, auth->key_id) != 0)
        return refuse("UnrecognizedClientException", NOT_KNOWN);
    if (!sigv4_signature_is(credentials.secret, auth, text))
        refusal = refuse("InvalidSignatureException", NOT_SIGNED);
    else if (credentials.expires_at <= call->now)
        refusal = refuse("ExpiredTokenException",
                         "The security token included in the request is expired");
    else
        refusal = load_host(call, db, credentials.host_id);
    secret_wipe(&credentials, sizeof(credentials));
    if (refusal.code == NULL && call->host.state == HOST_DEREGISTERED)
        refusal = refuse("UnrecognizedClientException", NOT_KNOWN);
    else if (refusal.code == NULL && call->host.suspended_at != 0)
        refusal = refuse("UnrecognizedClientException", SUSPENDED);
    return refusal;
}

/* An unknown key and one that ended are told alike. */
static struct refusal verify_access_key(struct door_call *call, struct db *db,
                                        const struct secret *key,
                                        const struct sigv4_authorization *auth, const char *text)
{
    char secret[DOOR_ACCESS_SECRET_SIZE];
    struct access_key found;
    struct err err = ERR_INIT;
    bool is_signed;
    int rc;

    if (!door_access_is_id(auth->key_id))
        return refuse("UnrecognizedClientException", NOT_KNOWN);
    rc = store_access_key_by_id(db, call->request->arena, auth->key_id, &found, &err);
    if (rc < 0 && rc != ERR_NOT_FOUND)
        return fault(call, &err);
    if (rc == ERR_NOT_FOUND || found.ended_at != 0)
        return refuse("UnrecognizedClientException", NOT_KNOWN);
    door_access_secret(key, found.id, secret);
    is_signed = sigv4_signature_is(secret, auth, text);
    secret_wipe(secret, sizeof(secret));
    if (!is_signed)
        return refuse("InvalidSignatureException", NOT_SIGNED);
    if (found.expires_at != 0 && found.expires_at <= call->now)
        return refuse("ExpiredTokenException", "The access key has expired");
    call->key = found;
    return fine;
}

static struct refusal verify_signature(struct door_call *call, struct db *db,
                                       const struct secret *key)
{
    const char *authorization = request_header(call->request, "Authorization");
    struct sigv4_request request = signed_request(call->request);
    struct arena *arena = call->request->arena;
    struct sigv4_authorization auth;
    struct err err = ERR_INIT;
    const char *text;
    int rc;

    if (authorization == NULL)
        return refuse("MissingAuthenticationTokenException", "Missing Authentication Token");
    if (sigv4_parse(arena, authorization, &auth, &err) < 0)
        return refuse("IncompleteSignatureException", arena_str(arena, err.text));
    rc = sigv4_check(arena, &request, &auth, call->operation->service, call->now, &text, &err);
    /* A host whose clock is wrong shall neither sleep over it nor give up (ssm-wire.md 9.2). */
    if (rc == ERR_TIMEOUT && call->operation->proof == DOOR_CALL_HOST_KEY)
        return (struct refusal){.code = "InternalServerError",
                                .text = arena_str(arena, err.text),
                                .later = true};
    if (rc < 0)
        return refuse("InvalidSignatureException", arena_str(arena, err.text));
    switch (call->operation->proof) {
    case DOOR_CALL_HOST_KEY:
        return verify_key(call, db, &auth, text);
    case DOOR_CALL_ACCESS_KEY:
        return verify_access_key(call, db, key, &auth, text);
    case DOOR_CALL_SESSION:
    case DOOR_CALL_ACTIVATION:
        break;
    }
    return verify_session(call, db, key, &auth, text);
}

/* By id and code; a wrong code and an unknown id are told alike. */
static struct refusal verify_activation(struct door_call *call, struct db *db)
{
    const char *id = json_str(call->json, "ActivationId");
    const char *code = json_str(call->json, "ActivationCode");
    char digest[DIGEST_HEX_SIZE];
    struct err err = ERR_INIT;
    int rc;

    if (!names_is_uuid(id) || code == NULL)
        return refuse("InvalidActivation", "the activation is not valid");
    rc = store_activation_by_id(db, call->request->arena, id, &call->activation, &err);
    if (rc < 0 && rc != ERR_NOT_FOUND)
        return fault(call, &err);
    digest_sha256_hex(code, strlen(code), digest);
    if (rc == ERR_NOT_FOUND || call->activation.deleted_at != 0 ||
        !digest_equal(digest, call->activation.code_digest, DIGEST_HEX_SIZE - 1))
        return refuse("InvalidActivation", "the activation is not valid");
    if (call->activation.expires_at <= call->now)
        return refuse("ActivationExpired", "the activation has expired; make a new one");
    return fine;
}

/* The body is an object, after the signature over it was right. */
static struct refusal read_body(struct door_call *call)
{
    const struct json_limits limits = {.depth = 32, .nodes = 20000};
    struct request *request = call->request;
    struct err err = ERR_INIT;
    int rc = json_parse(request->body, request->body_len, &limits, &call->json, &err);

    if (rc < 0)
        return refuse("SerializationException", arena_str(request->arena, err.text));
    return json_is_object(call->json) ? fine
                                      : refuse("SerializationException", "an object is expected");
}

enum door_verify_verdict door_verify(struct door_call *call, const struct secret *credential_key,
                                     struct reply *reply)
{
    bool by_code = call->operation->proof == DOOR_CALL_ACTIVATION;
    struct db_pool *readers = call->request->api->readers;
    struct refusal refusal;
    struct db *db;

    if (db_pool_take(readers, &db, &call->err) < 0)
        return DOOR_VERIFY_UNKNOWN;
    refusal = by_code ? read_body(call) : verify_signature(call, db, credential_key);
    if (refusal.code == NULL)
        refusal = by_code ? verify_activation(call, db) : read_body(call);
    db_pool_give(readers, db);
    if (refusal.code == NULL)
        return DOOR_VERIFY_KNOWN;
    if (refusal.fault) {
        err_set(&call->err, ERR_INTERNAL, "%s", refusal.text);
        return DOOR_VERIFY_UNKNOWN;
    }
    if (refusal.later)
        (void)door_call_put_off(call, reply, refusal.code, refusal.text);
    else
        (void)door_call_refuse(call, reply, refusal.code, refusal.text);
    return DOOR_VERIFY_REFUSED;
}
