/*
 * tries: how often somebody guessed.
 *
 * Ten tokens that are none from one address, then each further one doubles the time for which no token is
 * looked at from there: 1 s, 2 s, up to a minute (threats.md T45). The answer while it lasts is the same for a right
 * one, so guessing on tells nothing. A quarter of an hour without a wrong one forgets it. An IPv6 network of 64
 * bits counts as one address. Bounded: a full table forgets who has been quiet longest.
 *
 * Any thread.
 */
#ifndef SLIPWAY_SERVER_API_TRIES_H
#define SLIPWAY_SERVER_API_TRIES_H

#include <stdint.h>

#include "lib/base/timestamp.h"

struct tries;

struct tries *tries_new(void);
void tries_free(struct tries *tries);

/* How long no token is looked at from this address; 0 = now. `tries` NULL = never counted. */
int64_t tries_wait(struct tries *tries, const char *address, mono_ms now);
/* A token that is none came from there. */
void tries_failed(struct tries *tries, const char *address, mono_ms now);

#endif
