/*
 * envelope: what the server signs and a host checks before it does anything (migrate.md 1, G3).
 *
 * The signature (Ed25519) is over the exact bytes of the envelope's text, never over re-written JSON.
 * Reading is strict: every member must be there with its type and grammar, and no other.
 */
#ifndef SLIPWAY_LIB_SSM_ENVELOPE_H
#define SLIPWAY_LIB_SSM_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/sign.h"
#include "lib/base/timestamp.h"
#include "lib/model/config.h"

#define ENVELOPE_PROTOCOL 1
#define ENVELOPE_MAX 16384

struct envelope {
    const char *store_id;        /* UUID */
    const char *command_id;      /* UUID */
    const char *host_id;         /* mi- */
    const char *host;            /* name */
    const char *repository;
    const char *environment;
    int64_t release;
    const char *database;        /* resolved name of a migrate job, NULL for others */
    int64_t epoch;               /* 0 without a database */
    const char *document;        /* name@version */
    const char *document_digest; /* SHA-256 of the document's exact bytes, hex */
    struct config_pairs parameters; /* reach scripts as SLIPWAY_NAME; names are [A-Z_]+ */
    time_ms start_by;            /* never starts after it, by the host's wall clock (G8) */
};

/* The exact text to sign, in the arena. */
const char *envelope_text(struct arena *arena, const struct envelope *envelope);

/* base64 of the signature over `text`. */
const char *envelope_sign(struct arena *arena, const struct sign_key *key, const char *text);

/* Check the signature, then read. ERR_DENIED: not signed by that key. ERR_INVALID: not an envelope. */
int envelope_open(struct arena *arena, const unsigned char public_key[SIGN_PUBLIC_SIZE], const char *text,
                  const char *signature, struct envelope *ret_envelope, struct err *err);

#endif
