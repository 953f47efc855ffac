/*
 * envelope: what the server signs for one command on one host (migrate.md 1).
 *
 * A JSON text whose exact bytes are signed with Ed25519 and travel as one string member, so nothing
 * is ever serialised again to be checked. The server makes it at the cut; the host opens it before
 * anything else and then holds it against what it knows: pinned key and store id, its own id, the
 * document's digest, the epoch floor, start-by. Those comparisons are the host's; here are form and
 * signature. Strict on purpose: a missing, unknown or odd member is refused, whoever signed it (T31).
 *
 * Pure. Texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_ENVELOPE_H
#define SLIPWAY_LIB_SSM_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/sign.h"
#include "lib/base/timestamp.h"

/* What is spoken between server and host: this one and the one before. Since 2 a host asks for a permit before it
 * begins, and keeps an epoch floor (HOST_PROTOCOL_PERMIT); one that speaks 1 gets no migrate job. */
#define ENVELOPE_PROTOCOL 2
#define ENVELOPE_PROTOCOL_OLDEST 1
#define ENVELOPE_MAX 8192                                               /* bytes of its text */
#define ENVELOPE_SIGNATURE_SIZE DIGEST_BASE64_SIZE(SIGN_SIGNATURE_SIZE) /* base64 and a NUL */

/*
 * The members Repository, Environment, HostName and Release are also parameters of the scripts
 * (REPO, ENVIRONMENT, HOST, and RELEASE as "r128", "" for 0); the text has both, they must agree.
 */
struct envelope {
    /*
     * A command of an AWS caller (decision 31): SHA-256 of the exact bytes of its parameters, hex, which the
     * host puts into the document. Such a command belongs to no repository, environment, release, database or
     * role: those members are not in its text, and "", 0 and NULL here. NULL = a job's.
     */
    const char *parameters_digest;
    int64_t protocol;       /* in which it is written; 0 = the newest */
    const char *store_id;   /* UUID */
    const char *command_id; /* UUID */
    const char *host_id;    /* mi-..., of AWS also i-...: member Host */
    const char *host;       /* its name: member HostName */
    const char *repository; /* owner/name */
    const char *environment;
    int64_t release;             /* 0 = of no release */
    const char *database;        /* resolved name of a migrate job, else NULL */
    int64_t epoch;               /* 0 without a database, else at least 1 */
    const char *document;        /* name@version; a caller's has longer names */
    const char *document_digest; /* SHA-256 of the document's exact bytes, hex */
    const char *redact_digest;   /* SHA-256 of the patterns that the host hides, hex; NULL = none */
    const char *sha;             /* parameter SHA: the commit */
    const char *previous_sha;    /* parameter PREVIOUS_SHA; "" = unknown */
    const char *roles;           /* parameter ROLE: comma list */
    const char *attempt;         /* parameter ATTEMPT: the command that a probe asks about; NULL */
    time_ms start_by;            /* the host never starts it later (G8) */
};

/* Is that protocol spoken here? */
static inline bool envelope_speaks(int64_t protocol)
{
    return protocol >= ENVELOPE_PROTOCOL_OLDEST && protocol <= ENVELOPE_PROTOCOL;
}

/* The exact bytes. ERR_INVALID: a member breaks its grammar; a programming mistake upstream. */
int envelope_make(struct arena *arena, const struct envelope *envelope, const char **ret_text,
                  struct err *err);

/* base64 of the signature over `text`. */
void envelope_sign(const struct sign_key *key, const char *text, char out[ENVELOPE_SIGNATURE_SIZE]);

/* Form alone: ERR_INVALID names the member. */
int envelope_parse(struct arena *arena, const char *text, size_t len, struct envelope *ret_envelope,
                   struct err *err);

/* Signature first, then form. ERR_DENIED: not signed by that key. */
int envelope_open(struct arena *arena, const unsigned char public_key[SIGN_PUBLIC_SIZE],
                  const char *text, const char *signature, struct envelope *ret_envelope,
                  struct err *err);

/* What scripts get besides SLIPWAY_RESULT: SLIPWAY_SHA, _PREVIOUS_SHA, _REPO, _ENVIRONMENT, _ROLE,
 * _HOST, _RELEASE. `out` has room for ENVELOPE_VARIABLES; values live in the arena. */
#define ENVELOPE_VARIABLES 7
struct envelope_variable {
    const char *name;
    const char *value;
};
void envelope_variables(struct arena *arena, const struct envelope *envelope,
                        struct envelope_variable out[ENVELOPE_VARIABLES]);

#endif
