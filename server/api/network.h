/*
 * network: whoever is counted as one when requests, tries or bytes are limited: an address of IPv4, or a network of 64
 * bits of IPv6, of which everybody has as many addresses as he likes.
 */
#ifndef SLIPWAY_SERVER_API_NETWORK_H
#define SLIPWAY_SERVER_API_NETWORK_H

#include <stdbool.h>

struct network {
    unsigned char bytes[16]; /* 4 or 8 of the address, behind 4 or 6; all zeros: no address */
};

/* Of a numeric address; what is none (the unix socket) gives all zeros. An IPv4 address in IPv6's clothes is IPv4. */
struct network network_of(const char *address);
bool network_equal(struct network a, struct network b);
/* Of this machine, or no address at all. */
bool network_is_here(struct network network);

#endif
