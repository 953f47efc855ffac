/*
 * shares: how much of a listener one address takes up at this moment (threats.md T08).
 *
 * Requests are counted, and connections in a table of their own. Behind a reverse proxy every connection has the proxy's address, so libmicrohttpd's limit by address says nothing;
 * here the address is the one that a trusted proxy names (rule 8). Whoever has his share is answered 503 like everybody
 * whose turn it is not, and others still come in. Loopback and the unix socket are not counted. An IPv6 network of 64
 * bits counts as one address.
 *
 * A share exists as long as a request of that address is in the house: at most one for each connection. Any thread.
 */
#ifndef SLIPWAY_SERVER_API_SHARES_H
#define SLIPWAY_SERVER_API_SHARES_H

#include <stdbool.h>
#include <stddef.h>

struct share;
struct shares;

/* `requests` at once, and `bytes` of bodies, are one address's at most. */
struct shares *shares_new(unsigned requests, size_t bytes);
void shares_free(struct shares *shares); /* accepts NULL; everything must have been given back */

/* One more request of `address`. `*ret_share` NULL = that address is not counted. False: it has its share. */
bool shares_take(struct shares *shares, const char *address, struct share **ret_share);
/* Whether that would be true now. Takes nothing. */
bool shares_have_room(struct shares *shares, const char *address);
/* Its request is over. Accepts NULL. */
void shares_give(struct shares *shares, struct share *share);

/* So many bytes more, or less, of bodies. False: nothing was taken. `share` NULL: always true. */
bool shares_take_bytes(const struct shares *shares, struct share *share, size_t bytes);
void shares_give_bytes(struct share *share, size_t bytes);

#endif
