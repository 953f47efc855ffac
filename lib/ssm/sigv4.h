/*
 * sigv4: AWS Signature Version 4 in stages, for verifying at the door and for signing on a host, with
 * the RSA-PSS form that hybrid agents use for their first two calls (ssm-wire.md 2).
 *
 * Pure but for the clock value that is passed in. Header names are given lower-case.
 */
#ifndef SLIPWAY_LIB_SSM_SIGV4_H
#define SLIPWAY_LIB_SSM_SIGV4_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct sign_rsa;

#define SIGV4_WINDOW_MS (5 * 60 * 1000)
#define SIGV4_HEADERS_MAX 32

struct sigv4_header {
    const char *name;        /* lower case */
    const char *value;
};

struct sigv4_request {
    const char *method;
    const char *path;
    const char *query;       /* raw, "" = none */
    const struct sigv4_header *headers;
    size_t n_headers;
    const char *body;
    size_t body_len;
};

/* What an Authorization header says. Texts lie in the arena. */
struct sigv4_authorization {
    const char *key_id;
    const char *date;        /* yyyymmdd */
    const char *region;
    const char *service;
    const char *signed_headers[SIGV4_HEADERS_MAX];
    size_t n_signed;
    const char *signed_list; /* "a;b;c" */
    const char *signature;   /* 64 hex digits, or base64 for the RSA form */
};

/* ERR_INVALID: it cannot be parsed (IncompleteSignatureException). */
int sigv4_parse(struct arena *arena, const char *authorization, struct sigv4_authorization *ret_auth,
                struct err *err);

/* Stages. */
char *sigv4_canonical(struct arena *arena, const struct sigv4_request *request,
                      const struct sigv4_authorization *auth);
char *sigv4_string_to_sign(struct arena *arena, const struct sigv4_authorization *auth,
                           const char *amz_date, const char *canonical);
/* 64 hex digits. */
void sigv4_signature(const char *secret, const struct sigv4_authorization *auth,
                     const char *string_to_sign, char out[65]);

/*
 * Everything but the signature: headers that must be signed are, the date is in the window and that of
 * the scope, the service is `service`, a payload hash that is sent is the body's. ERR_DENIED with the text
 * of an InvalidSignatureException. Gives the string to sign.
 */
int sigv4_check(struct arena *arena, const struct sigv4_request *request,
                const struct sigv4_authorization *auth, const char *service, time_ms now,
                const char **ret_string_to_sign, struct err *err);

/* Constant-time. */
bool sigv4_signature_is(const char *secret, const struct sigv4_authorization *auth,
                        const char *string_to_sign);

/* The Authorization header of a request of our own. `headers` hold all that is to be signed, sorted by
 * name, x-amz-date among them. With `rsa` the signature is RSA-PSS and `secret` is not used. */
char *sigv4_authorize(struct arena *arena, const struct sigv4_request *request, const char *key_id,
                      const char *secret, const struct sign_rsa *rsa, const char *region,
                      const char *service, const char *amz_date);

/* "20261124T060000Z". */
void sigv4_date(time_ms now, char out[17]);

#endif
