/*
 * host_key: the RSA key by which the door knows this host, in its state folder, 0600.
 *
 *      host-key.pem         the one that signs
 *      host-key-next.pem    made because the door asked for another; the door has been, or is about to be, told of
 *                           it. While both lie there the old one still signs, and the door takes either
 *
 * Killed between any two steps, the next time goes on with the one that was made.
 */
#ifndef SLIPWAY_AGENT_HOST_KEY_H
#define SLIPWAY_AGENT_HOST_KEY_H

#include "lib/base/err.h"
#include "lib/base/sign.h"

/* The one that signs. ERR_NOT_FOUND: there is none. */
int host_key_read(const char *state, struct sign_rsa **ret_rsa, struct err *err);
/* The same, or a new one. Durable when it returns. */
int host_key_open(const char *state, struct sign_rsa **ret_rsa, struct err *err);
/* Its lines are hidden in what scripts print; nothing happens if it cannot be read (slipway-once has none). */
struct redact;
void host_key_hide(const char *state, struct redact *redact);
/* The one that is to follow it: the one that was made before, or a new one. */
int host_key_next(const char *state, struct sign_rsa **ret_rsa, struct err *err);
/* The door knows the next one: from here on it signs. */
int host_key_follow(const char *state, struct err *err);

#endif
