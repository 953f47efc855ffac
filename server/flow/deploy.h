/*
 * deploy: the cut: an outlook becomes a deployment with its jobs, commands and invocations.
 *
 * At the cut everything is frozen (P4): commit, range, hosts, documents with their exact bytes,
 * parameters, the digest that approvals bind (A1). Commands of jobs without `once` are signed here; the
 * start only releases them. Rows are written in slices; a deployment with missing rows cannot start and
 * is undone at the next look.
 */
#ifndef SLIPWAY_SERVER_FLOW_DEPLOY_H
#define SLIPWAY_SERVER_FLOW_DEPLOY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/model/command.h"
#include "lib/model/config.h"
#include "lib/model/deployment.h"

struct arena;
struct bulk;
struct bulk_item;
struct db;
struct deployment_plan;
struct look;
struct outlook;

#define DEPLOY_SLICE 200 /* rows that are written at once */

/* All that is written at a cut. */
struct cut {
    struct look *look;
    struct arena *arena; /* of what it was made from */
    const struct outlook *outlook;
    const struct config_environment *environment;
    const struct deployment_plan *plan; /* its jobs and hosts */
    struct deployment deployment;       /* its id is known once it is written */
    struct job *jobs;
    const char *subject;   /* owner/name/environment/rN */
    const char *plan_text; /* what its digest is of (A1) */
    const char **contents; /* documents of the jobs */
    size_t n_jobs;
    struct invocation *rows;
    size_t n_rows, cap;
};

/* What the plan of the outlook says is cut: its target, or what late hosts need (P7). Rows and signatures are made, and
 * nothing is written. */
int deploy_make(struct look *look, const struct outlook *outlook,
                const struct config_environment *environment, struct cut **ret_cut,
                struct err *err);
/* Its moves: the deployment with its jobs, then its rows in slices. */
void deploy_post(struct bulk *bulk, struct bulk_item *item, struct cut *cut);
/* Both. */
int deploy_cut(struct bulk *bulk, struct bulk_item *item, const struct outlook *outlook,
               const struct config_environment *environment, struct err *err);

/* Deployment and jobs, in the states that they say, with the cut's line; and a slice of its rows. Writer. What must not
 * have come in between (stops) is for the caller to look at. */
int deploy_write(struct db *db, struct cut *cut, struct err *err);
int deploy_write_rows(struct db *db, struct cut *cut, size_t from, struct err *err);
/* Says it in the log. */
void deploy_tell(const struct cut *cut);

/* May the job change what a host runs? Fetched code is not in use yet, and a migrate job is about a database. */
bool deploy_touches(const struct config_job *job);

/* A command for one host of a deployment: id, envelope and signature, in the look's arena. */
struct deploy_order {
    const struct deployment *deployment;
    const struct job *job;
    const char *host_id;
    const char *host;
    const char *roles;
    int64_t epoch;    /* of a migrate job, else 0 */
    int64_t protocol; /* that the host speaks; 0 = the newest */
    bool by_ssm;      /* AWS carries it: its word comes later (SEND_GRACE_MS) */
    time_ms start_by; /* of the envelope */
};
int deploy_sign(struct look *look, const struct deploy_order *order, const char *command_id,
                struct invocation *ret_invocation, struct err *err);

/* Write command and invocation. Writer. */
int deploy_put(struct db *db, const struct deployment *deployment, const struct job *job,
               const struct invocation *invocation, time_ms now, struct err *err);

#endif
