/*
 * sigv4: AWS Signature Version 4 in stages, each comparable with a published vector, for verifying
 * at the door and for signing on a host; with the RSA-PSS form by which hybrid agents ask for their
 * credentials (ssm-wire.md 2).
 *
 * Pure: the time is passed in. Header names are given in lower case. Texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_SIGV4_H
#define SLIPWAY_LIB_SSM_SIGV4_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct sign_rsa;

#define SIGV4_WINDOW_MS (5 * 60 * 1000) /* a date may lie so far from now, either way */
#define SIGV4_HEADERS_MAX 32            /* signed headers */
#define SIGV4_DATE_SIZE 17              /* "20261124T060000Z" and a NUL */
#define SIGV4_HEX_SIZE 65

struct sigv4_header {
    const char *name; /* lower case */
    const char *value;
};

struct sigv4_request {
    const char *method;
    const char *path;
    const char *query; /* raw, "" = none; at most 64 parameters, taken as the sender encoded them */
    const struct sigv4_header *headers;
    size_t n_headers;
    const char *body;
    size_t body_len;
};

/* What an Authorization header says. */
struct sigv4_authorization {
    const char *key_id;
    const char *date; /* yyyymmdd, of the scope */
    const char *region;
    const char *service;
    const char *signed_headers[SIGV4_HEADERS_MAX];
    size_t n_signed;
    const char *signed_list; /* "a;b;c", as it came */
    const char *signature;   /* 64 hex digits, or base64 in the RSA form */
};

/* Stages ------------------------------------------------------------------------------------- */

/* ERR_INVALID: it cannot be read (IncompleteSignatureException). */
int sigv4_parse(struct arena *arena, const char *authorization,
                struct sigv4_authorization *ret_auth, struct err *err);

/* The canonical request. Headers of one name are joined by commas; the payload hash is the value of
 * x-amz-content-sha256 where it is sent, else computed. NULL: too many parameters, or too long. */
char *sigv4_canonical(struct arena *arena, const struct sigv4_request *request,
                      const struct sigv4_authorization *auth);

char *sigv4_string_to_sign(struct arena *arena, const struct sigv4_authorization *auth,
                           const char *amz_date, const char *canonical);

void sigv4_signature(const char *secret, const struct sigv4_authorization *auth,
                     const char *string_to_sign, char out[SIGV4_HEX_SIZE]);

/* Verifying ---------------------------------------------------------------------------------- */

/*
 * All but the signature itself: what must be signed is (host, x-amz-date, x-amz-target, and
 * x-amz-security-token when it is sent), the date lies in the window and is the scope's, the
 * service is `service`, a payload hash that is sent is the body's. ERR_DENIED with the text of an
 * InvalidSignatureException; ERR_TIMEOUT where it is the date that lies outside. Gives the string to sign.
 */
int sigv4_check(struct arena *arena, const struct sigv4_request *request,
                const struct sigv4_authorization *auth, const char *service, time_ms now,
                const char **ret_string_to_sign, struct err *err);

/* Is it signed with `secret`? In constant time. */
bool sigv4_signature_is(const char *secret, const struct sigv4_authorization *auth,
                        const char *string_to_sign);

/* Is it signed by the private half of `spki` (lib/base/sign.h)? */
bool sigv4_rsa_signature_is(const char *spki, const struct sigv4_authorization *auth,
                            const char *string_to_sign);

/* Signing ------------------------------------------------------------------------------------ */

struct sigv4_signer {
    const char *key_id;
    const char *secret;         /* not used with `rsa` */
    const struct sign_rsa *rsa; /* the RSA-PSS form; NULL = the usual one */
    const char *region;
    const char *service;
};

/* The value of the Authorization header. `request->headers` are all that is to be signed, sorted by
 * name, x-amz-date among them. NULL: they are not, or it is too long. */
char *sigv4_authorize(struct arena *arena, const struct sigv4_signer *signer,
                      const struct sigv4_request *request, struct err *err);

/* The value of X-Amz-Date. */
void sigv4_date(time_ms now, char out[SIGV4_DATE_SIZE]);

#endif
