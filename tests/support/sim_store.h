/*
 * sim_store: what is on the disk of the simulator's server, and what its schema refuses (G1).
 *
 * A value: a backup is a copy of it. Each line is one repository on its way to one environment, release after release, and
 * migrates one database; the first two share theirs.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_STORE_H
#define SLIPWAY_TESTS_SUPPORT_SIM_STORE_H

#include "lib/model/attempt.h"
#include "lib/model/command.h"
#include "lib/model/deployment.h"
#include "lib/model/host.h"
#include "lib/model/probe.h"
#include "tests/support/sim_github.h"
#include "tests/support/sim_journal.h"
#include "tests/support/sim_world.h"

#define SIM_LINE_COMMANDS 16
#define SIM_APPROVALS 8

struct sim_approval {
    int who; /* 0 = there is none */
    int release, digest;
    time_ms granted_at;
};

struct sim_line {
    struct deployment deployment;
    struct job job;
    int database;
    struct invocation invocations[SIM_LINE_COMMANDS];
    struct attempt attempts[SIM_LINE_COMMANDS];
    struct probe probes[SIM_LINE_COMMANDS];    /* the newest that was answered, of each */
    time_ms holder_seen_at[SIM_LINE_COMMANDS]; /* by one of its probes */
    int commands[SIM_LINE_COMMANDS];           /* number of each */
    size_t n, first;                           /* those of the deployment are first.. */
    int newest;                                /* release that a delivery told of */
    bool again;                                /* what went out is deployed once more */
    int digest, cut_digest; /* of the plan as it would be cut now, and as it was */
    struct sim_approval approvals[SIM_APPROVALS];
    int undecided; /* occurrences before that one are decided */
};

struct sim_database {
    int64_t epoch, fence_epoch, looked_epoch;
    time_ms fenced_at, forgot_at;
    bool is_fenced;
};

struct sim_store {
    struct sim_line lines[SIM_LINES];
    struct sim_database databases[SIM_DATABASES];
    struct host hosts[SIM_HOSTS];
    time_ms restored_at; /* 0 = it was not */
    uint64_t deliveries[SIM_DELIVERIES / 64 + 1];
    time_ms watermark;
    int journal; /* its newest line */
};

/* One command's place. */
struct sim_place {
    struct sim_line *line;
    size_t i;
    struct invocation *invocation;
    struct attempt *attempt;
};

void sim_store_reset(struct sim_store *store);
/* A line of its journal. */
void sim_store_write(struct sim_store *store, struct sim_entry entry);
bool sim_store_has_delivery(const struct sim_store *store, int delivery);
void sim_store_register(struct host *host, int number);
/* False: the store does not know it. */
bool sim_store_find(struct sim_store *store, int command, struct sim_place *ret_place);
struct sim_place sim_store_place(struct sim_line *line, size_t i);

/* What holds the database of a line; NULL. */
const struct attempt *sim_store_unsettled(const struct sim_store *store, int database);
/* The release of the line's deployment was migrated before; NULL = no. */
const struct attempt *sim_store_success(const struct sim_line *line);
/* Its attempt becomes a success, which is the only one of its release there (I3). */
void sim_store_succeeds(struct sim_place place);
/* When somebody was last seen in it by a probe. */
time_ms sim_store_holder_seen_at(const struct sim_store *store, int database);

/* One insert, as the schema lets it in: the epoch rises, and nothing is unsettled there. False: refused. */
bool sim_store_plan(struct sim_store *store, struct sim_line *line, int command, int64_t epoch,
                    const struct host *host, time_ms now, time_ms start_by);

#endif
