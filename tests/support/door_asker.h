/*
 * door_asker: asks the door over a raw socket, signing as hosts, AWS callers or strangers do, and reads the
 * answer. Its own signer is lib/ssm's; process tests try the clients of others.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_DOOR_ASKER_H
#define SLIPWAY_TESTS_SUPPORT_DOOR_ASKER_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"

struct sign_rsa;

/* Where and when; texts of answers lie in the arena. */
struct door_asker {
    const char *address;
    struct arena *arena;
    time_ms now;
};

/* Who signs, and what is done to the request on its way. */
struct door_signer {
    const char *key_id;
    const char *secret;
    const char *token;
    const struct sign_rsa *rsa;
    const char *service;      /* NULL = the target's own */
    time_ms off;              /* of its clock */
    const char *body_as_sent; /* another body than the signed one */
    const char *host_as_sent; /* another Host than the signed one */
    bool chunked;
};

struct door_answer {
    int status;
    const char *type; /* "" = no error */
    const char *message;
    const char *body;
    const char *request_id;
};

/* The bytes of a request; without `signer` it is not signed. */
char *door_asker_bytes(const struct door_asker *asker, const char *target, const char *body,
                       const struct door_signer *signer);
struct door_answer door_asker_ask(const struct door_asker *asker, const char *target,
                                  const char *body, const struct door_signer *signer);

struct raw_answer;
/* The same of an answer that came otherwise; it is freed. */
struct door_answer door_asker_read(const struct door_asker *asker, struct raw_answer *answer);

/* Fails the test unless it has this error, "" = none. */
void door_asker_must_be(struct door_answer answer, const char *type);

/* A text at a path of the answer, "Messages.0.Payload"; "" if it is not there or no text. */
const char *door_asker_member(const struct door_asker *asker, struct door_answer answer,
                              const char *path);
/* A number there, or the number of members of a list; -1 if it is not there. */
long long door_asker_number(struct door_answer answer, const char *path);

#endif
