/*
 * key_chain: whose signature this host believes: the pinned key, and each that was announced under the one before it
 * (docs/decisions/0070-the-turn-over-of-the-signing-key.md).
 *
 * The pinned key stands in agent.conf. What was announced since is kept, signed as it came, in STATE/signing-keys, and is
 * checked from the pinned key on whenever it is read: nobody gets a key in by writing to that file alone. A key announces
 * one successor and no other. An older key is believed for another day after its successor signed for the first time.
 *
 * Used by the agent's threads, by slipway-once, and by supervisors, which only read.
 */
#ifndef SLIPWAY_AGENT_KEY_CHAIN_H
#define SLIPWAY_AGENT_KEY_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/agent_config.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/ssm/announcement.h"
#include "lib/ssm/envelope.h"

#define KEY_CHAIN_OLDER_MS                                                                         \
    ((time_ms)24 * 3600 * 1000) /* what was signed before the turn may still come */

struct key_chain;

/* `config` outlives it. ERR_INVALID: what is kept does not follow from the pinned key; nothing may be run. */
int key_chain_open(const char *state, const struct agent_config *config,
                   struct key_chain **ret_chain, struct err *err);
void key_chain_free(struct key_chain *chain); /* accepts NULL */

/*
 * The server says that. 0: it is believed from now on, durable when it returns, and `*ret_new`; or it is known, or of a
 * time before this host. ERR_DENIED: not announced under a key that is believed here, or under one that has named
 * another; ERR_TIMEOUT: it came too late, and the text says what to do.
 */
int key_chain_take(struct key_chain *chain, const struct announcement_signed *announcement,
                   time_ms now, bool *ret_new, struct err *err);

/* An envelope signed by one of them, whenever that was: for what was claimed here before. ERR_DENIED: by none. */
int key_chain_read(struct key_chain *chain, struct arena *arena, const char *text,
                   const char *signature, struct envelope *ret_envelope, struct err *err);

/* One that comes now. ERR_DENIED also if its key is one of before; a newer key that signs for the first time is noted. */
int key_chain_judge(struct key_chain *chain, struct arena *arena, const char *text,
                    const char *signature, time_ms now, struct envelope *ret_envelope,
                    struct err *err);

/* The newest key that is believed, base64url. */
void key_chain_newest(struct key_chain *chain, char out[DIGEST_BASE64_SIZE(SIGN_PUBLIC_SIZE)]);

#endif
