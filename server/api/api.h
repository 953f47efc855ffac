/*
 * api: what handlers may reach. Filled by the server before it opens the listener whose handlers reach it, then constant
 * but for what says it is shared; every http thread reads it. Deliveries are taken first: for those the webhook secrets,
 * the writer, `disk` and `metrics` are enough.
 */
#ifndef SLIPWAY_SERVER_API_API_H
#define SLIPWAY_SERVER_API_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/timestamp.h"

struct api_events;
struct chain;
struct clock;
struct err;
struct db_pool;
struct disk;
struct door;
struct metrics;
struct recovery;
struct aws_client_counts;
struct carrier;
struct roster;
struct secret;
struct signer;
struct snapshots;
struct tries;
struct writer;

struct api {
    struct clock *clock;
    struct db_pool *readers; /* take one, give it back before the handler returns */
    struct writer *writer;
    const char *version;   /* of the program */
    const char *store_id;  /* UUID */
    struct signer *signer; /* of commands; what activations print is the key in force */
    uid_t uid;             /* the server's own; it has all rights on the cli socket */

    struct snapshots *snapshots; /* the configuration in force: take it, give it back */

    const struct secret *const *webhook_secrets; /* each at least 32 bytes (W1) */
    size_t n_webhook_secrets;

    void (*ring_flow)(void *flow);   /* there is something new; any thread, after the commit */
    void (*ring_record)(void *flow); /* there is a delivery; the same */
    void *flow;

    struct door *door;         /* agents' listener; door.h */
    struct api_events *events; /* who watches; api_events.h */
    struct metrics *metrics;   /* counters; api_metrics.h */
    struct disk *disk;         /* room for what comes next; NULL = never asked */
    struct chain *chain;       /* of the journal: how far it was read; chain.h */
    struct tries *tries;       /* who guesses tokens; tries.h */
    struct recovery *_Atomic
        recovery; /* what GitHub said and we did not hear; NULL = it is not asked, or not yet */
    struct carrier *_Atomic carrier;            /* to hosts by SSM; NULL = not yet */
    const struct aws_client_counts *aws_counts; /* how its questions ended; NULL = there is none */
    struct roster *roster; /* what GitHub says of people; NULL = it is not asked */

    /* The state of things outside this room, as short texts for doctor and readyz. Optional. */
    bool (*is_ready)(void *server);
    /* Why the configuration that stands in the file was refused; "" = it is in force. */
    void (*refused_config)(void *server, char *ret_text, size_t size);
    /* Put the configuration in force anew, with what the store now holds of it (holidays). `check`: only say
     * whether that could be done. ERR_CONFLICT: its files were changed and not reloaded. Any thread. Optional. */
    int (*reread)(void *server, bool check, struct err *err);
    void *server;
};

#endif
