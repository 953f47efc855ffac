/*
 * sim_ledger: the server of the simulator, its store, and the people who decide (migrate.md 6, 7).
 *
 * What it comes to believe by itself is held against what is true. The store is a value: a backup is a copy of it. Each
 * release of one repository is deployed to one environment and migrates one database.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_LEDGER_H
#define SLIPWAY_TESTS_SUPPORT_SIM_LEDGER_H

#include "lib/model/attempt.h"
#include "lib/model/command.h"
#include "lib/model/deployment.h"
#include "lib/model/host.h"
#include "lib/model/probe.h"
#include "tests/support/sim_world.h"

struct sim_ledger { /* what is on the server's disk */
    struct deployment deployment;
    struct job job;
    struct invocation invocations[SIM_COMMANDS];
    struct attempt attempts[SIM_COMMANDS];
    int commands[SIM_COMMANDS]; /* number of each */
    size_t n, first;            /* those of the deployment are first.. */
    struct host hosts[SIM_HOSTS];
    struct probe probe;
    time_ms holder_seen_at;
    int64_t epoch, fence_epoch;
    time_ms fenced_at;
    bool is_fenced;
};

struct sim_server {
    struct sim_ledger ledger;
    time_ms off; /* of its clock */
    time_ms down_until, heard_since, probe_at;
    int next_command;
};
extern struct sim_server sim_server;

void sim_ledger_reset(void);
bool sim_ledger_is_up(void);
void sim_ledger_down(time_ms until);
/* `is_told`: started with --restored, so that every database stands. Else its hosts must find out (G5). */
void sim_ledger_restore(const struct sim_ledger *backup, bool is_told);

void sim_ledger_hear(const struct sim_note *note);
/* One look of the flow. `between`: what happens between deciding and writing; NULL. */
void sim_ledger_step(void (*between)(void));
/* People: a fence is advanced, a barred host accepted, an attempt settled, a deployment cancelled. */
void sim_ledger_people(void);
/* Every attempt but the newest is settled. */
bool sim_ledger_is_settled(void);

#endif
