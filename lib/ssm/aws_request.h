/*
 * aws_request: one question in AWS' JSON protocol, version 1.1: its headers, signed, and what an error says
 * (ssm-wire.md 1, 2). Hosts ask the door with it, the `ssm` transport asks AWS.
 *
 * Pure: the time is passed in. Texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_AWS_REQUEST_H
#define SLIPWAY_LIB_SSM_AWS_REQUEST_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct sigv4_signer;

#define AWS_REQUEST_HEADERS 8 /* at most, with the NULL behind them */
#define AWS_REQUEST_ID                                                                             \
    "x-amzn-RequestId" /* AWS and the door send it with each answer; nothing else does */

struct aws_request {
    const char *url;    /* SCHEME://HOST[:PORT], no path: what is asked is always "/" */
    const char *target; /* FAMILY.Operation */
    const char *body;
    const struct sigv4_signer *signer; /* NULL = it is not signed */
    const char *token;                 /* of temporary credentials; NULL = none */
    time_ms now;
};

/* "Name: value", NULL-terminated. ERR_INVALID: it cannot be signed. */
int aws_request_headers(struct arena *arena, const struct aws_request *request,
                        const char *ret_headers[AWS_REQUEST_HEADERS], struct err *err);

struct aws_request_error {
    const char *type; /* the part behind '#' of `__type`; "" = the body names none */
    const char *text; /* for people, foreign; "" = none */
};

/* Of any body, whatever it is. */
struct aws_request_error aws_request_error(struct arena *arena, const char *body, size_t len);

#endif
