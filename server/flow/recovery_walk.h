/*
 * recovery_walk: over what GitHub has of one repository, back to the watermark: its pull requests, and what its webhook
 * was to deliver. What is not known here is asked for and put into the store as a delivery (recovery.h).
 *
 * On the thread of recovery; each question to the store takes a reader for that long only.
 */
#ifndef SLIPWAY_SERVER_FLOW_RECOVERY_WALK_H
#define SLIPWAY_SERVER_FLOW_RECOVERY_WALK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/repository.h"

struct arena;
struct clock;
struct config;
struct config_repo;
struct db_pool;
struct github_api;
struct secret;
struct writer;

/* The webhook that brings a repository's events. */
struct recovery_hook {
    char owner[192]; /* repos/OWNER/NAME or orgs/OWNER; whose it is */
    int64_t id;      /* 0 = to be looked for */
};

/* What GitHub lists and does not hand out, as it should: tried in some walks more, then given up, so that it holds up
 * nothing behind it. */
#define RECOVERY_MISSES_MAX 64
struct recovery_misses {
    struct recovery_miss {
        int64_t what; /* a delivery's id, or less than 0: a pull request's number */
        int tries;
    } items[RECOVERY_MISSES_MAX];
    size_t n;
    int given_up;
    char last[200]; /* why, of the last one */
};

struct recovery_walk {
    struct github_api *api;
    struct clock *clock;
    struct writer *writer;
    struct db_pool *readers;
    const struct secret *secret; /* of the webhook */
    void (*ring)(void *arg);     /* something was found; NULL = nobody listens */
    void *ring_arg;
    const atomic_bool *stopping;
    const struct config *config;
    const struct config_repo *repo;
    struct recovery_hook *hook;
    struct recovery_misses *misses;
    bool (*has_room)(void *arg); /* on the disk; NULL = always */
    int in_a_row;                /* that GitHub did not hand out: so many are an outage */
    struct arena *arena;
    struct repository repository; /* filled by the first walk */
    time_ms began;
    int64_t found;
    bool whole; /* nothing was left for the next walk */
};

/* Over the pull requests. Errors as github_api_get() and of the store; the watermark moves after a whole walk only. */
int recovery_walk_pulls(struct recovery_walk *walk, struct err *err);

/* ERR_DENIED: the token may not see webhooks; ERR_NOT_FOUND: none leads here. */
int recovery_walk_find_hook(struct recovery_walk *walk, struct err *err);
/* Over the list of what `hook` delivered. */
int recovery_walk_deliveries(struct recovery_walk *walk, struct err *err);

#endif
