/*
 * deployment plan: which jobs a deployment has, in which order, on which hosts.
 *
 * From the configuration and the registered hosts, at the cut (P4: a snapshot). A job runs once per host
 * however many of its roles the host has. Pure; everything lies in the caller's arena.
 */
#ifndef SLIPWAY_LIB_RULES_DEPLOYMENT_PLAN_H
#define SLIPWAY_LIB_RULES_DEPLOYMENT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/model/config.h"
#include "lib/model/host.h"

struct planned_host {
    const char *name;        /* as configured */
    const struct host *host; /* NULL: nobody registered under that name */
    const char *roles;       /* comma list, those of this job */
};

struct planned_job {
    const struct config_job *job;
    int needs[32]; /* places in the plan's list */
    size_t n_needs;
    struct planned_host *hosts; /* by name; those that are drained or gone are left out */
    size_t n_hosts;
    int64_t max_parallel; /* hosts at once, percentages resolved (at least 1) */
    bool ramp;            /* one host first, then doubling (P3) */
};

struct deployment_plan {
    struct planned_job *jobs; /* each behind what it needs */
    size_t n_jobs;
    const char *role_without_host; /* a role of one of the jobs that resolves to nothing, NULL */
    time_ms
        gone_at; /* the first of those found by tags is gone then, unless it is heard; 0 = none is */
};

/* The machines there are. A role by names finds those, whoever is registered; one by tags finds the registered hosts
 * that have them all, as long as they are not gone. */
struct deployment_fleet {
    const struct host *hosts; /* with the tags that roles ask for */
    size_t n_hosts;
    int64_t gone_after_ms;
    time_ms now;
};

/*
 * The same plan without migrate jobs, and on those of its hosts alone that are named (NULL = all): what a rollback
 * or a late host needs. A job that loses all its hosts is left out; what needed it waits for what that one needed.
 */
void deployment_plan_narrow(const struct deployment_plan *plan, const char *const *names,
                            size_t n_names, struct arena *arena, struct deployment_plan *ret_plan);

/* `fleet` NULL: which jobs in which order, whatever hosts there are. */
void deployment_plan_make(const struct config_environment *environment,
                          const struct deployment_fleet *fleet, struct arena *arena,
                          struct deployment_plan *ret_plan);

#endif
