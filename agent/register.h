/*
 * register: makes this machine a host of one server: `slipway-agent --register`, once, with the line that
 * `slipway activation create` printed.
 *
 * Makes the host's RSA key, shows the activation's code, and pins the server's signing key and the store's
 * id, which came with the line by a way of their own: whoever answers at the URL cannot choose them. When it
 * returns, agent.conf is there and durable. May be tried again after a failure: the key stays the same.
 */
#ifndef SLIPWAY_AGENT_REGISTER_H
#define SLIPWAY_AGENT_REGISTER_H

#include "lib/base/arena.h"
#include "lib/base/err.h"

struct register_options {
    const char *state;
    const char *url;
    const char *activation_id;
    const char *code;
    const char *key; /* base64url of the server's public key, 43 letters */
    const char *store_id;
};

/* ERR_CONFLICT: it is registered already, as `ret_host_id`. */
int register_host(struct arena *arena, const struct register_options *options,
                  const char **ret_host_id, struct err *err);

#endif
