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

#include "lib/base/err.h"
#include "lib/model/command.h"
#include "lib/model/config.h"
#include "lib/model/deployment.h"

struct bulk;
struct bulk_item;
struct look;
struct outlook;

/* Cut the plan's target: rows and signatures are made, and added to the bulk. */
int deploy_cut(struct bulk *bulk, struct bulk_item *item, const struct outlook *outlook,
               const struct config_environment *environment, struct err *err);

/* Cut what late hosts need: what is live, without migrating (P7). */
int deploy_catch_up(struct bulk *bulk, struct bulk_item *item, const struct outlook *outlook,
                    const struct config_environment *environment, struct err *err);

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
    time_ms start_by;
};
int deploy_sign(struct look *look, const struct deploy_order *order, const char *command_id,
                struct invocation *ret_invocation, struct err *err);

/* Write command and invocation. Writer. */
struct db;
int deploy_put(struct db *db, const struct deployment *deployment, const struct job *job,
               const struct invocation *invocation, time_ms now, struct err *err);

#endif
