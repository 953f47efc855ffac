/*
 * snapshot: one accepted configuration, resolved and immutable, shared by reference count.
 *
 * Made by main at start and at each reload (all or nothing); taken and given back by the flow for
 * each look and by http threads for each request. The last one to give it back frees it.
 */
#ifndef SLIPWAY_SERVER_FLOW_SNAPSHOT_H
#define SLIPWAY_SERVER_FLOW_SNAPSHOT_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct arena;
struct calendar;
struct config;
struct config_repo;
struct db;
struct redact;
struct secret;

struct snapshot {
    struct config *config;
    struct calendar *calendar; /* `at` of each environment, up to the horizon */
    char digest[65];           /* of the configuration's canonical text */
    char redact_digest[65];    /* of its patterns, which hosts get; "" = it has none */
    struct redact *redact;     /* what is hidden before it is stored; NULL = nothing */
    time_ms made_at;
    atomic_int refs;
};

/* The one in force. */
struct snapshots {
    pthread_mutex_t mutex;
    struct snapshot *current;
};

void snapshots_init(struct snapshots *snapshots);
void snapshots_deinit(struct snapshots *snapshots);

/* Resolve `config` as of `now`; takes it over, also when it fails. */
int snapshot_make(struct config *config, time_ms now, struct snapshot **ret_snapshot,
                  struct err *err);

/* A value of the server's own is hidden, too. Before the snapshot is in force. */
void snapshot_hide(struct snapshot *snapshot, const struct secret *secret);

/* What the store must know of a configuration before anything is decided by it: its text, its repositories,
 * since when each `at` is in a schedule; with the journal line. `by` is "start" or "reload". Writer. */
int snapshot_accept(struct db *db, const struct config *config, const char *by, time_ms now,
                    struct err *err);

/* ... of one of its repositories: its row, and its environments. `calendar` NULL: its days are as they were accepted. */
int snapshot_accept_repository(struct db *db, const struct calendar *calendar, struct arena *arena,
                               const struct config_repo *repo, time_ms now, struct err *err);

/* Put `snapshot` in force; the one before lives until its last user gives it back. */
void snapshots_set(struct snapshots *snapshots, struct snapshot *snapshot);

/* A counted reference; never NULL once one was set. */
const struct snapshot *snapshots_take(struct snapshots *snapshots);
/* One more, of one that is held. */
const struct snapshot *snapshots_keep(const struct snapshot *snapshot);
void snapshots_give(const struct snapshot *snapshot);

#endif
