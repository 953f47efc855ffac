/*
 * signer: the keys by which this server signs for its hosts, and the one that is in force.
 *
 *      keys/signing-key.pem      the first one, made at the first start; hosts pin its public half
 *      keys/signing-key-N.pem    number N, made when it is announced (store_signing_key.h)
 *
 * Which one is in force stands in the store. The flow signs, http threads announce and turn over; a key that was handed out
 * lives as long as the signer.
 */
#ifndef SLIPWAY_SERVER_FLOW_SIGNER_H
#define SLIPWAY_SERVER_FLOW_SIGNER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct db;
struct sign_key;
struct signer;
struct writer;

/* Of one key without a file; takes it over. */
struct signer *signer_new(struct sign_key *key);

/*
 * The key in force by the store, which learns of the first one: through `writer`, or, where none runs yet (NULL), by `db`.
 * `folder` outlives it. ERR_NOT_FOUND: the store names a key whose file is not there; ERR_CONFLICT: it is another key; ERR_DENIED: a file
 * that others can read.
 */
int signer_open(const char *folder, struct db *db, struct writer *writer, time_ms now,
                struct signer **ret_signer, struct err *err);
void signer_free(struct signer *signer); /* accepts NULL */

const struct sign_key *signer_key(struct signer *signer);
/* Its public half, base64url, as activations print it. */
const char *signer_text(struct signer *signer);

/* Have key `number` ready: read from its file, which is made if `make`. Its public half as a text. */
int signer_prepare(struct signer *signer, int64_t number, bool make, const char **ret_text,
                   struct err *err);
/* From now on that one signs. It was prepared. */
void signer_turn(struct signer *signer, int64_t number);

#endif
