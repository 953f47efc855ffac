/* api_migrate_facts: what is known of the attempt that holds a database, for whoever shows or decides. */
#ifndef SLIPWAY_SERVER_API_API_MIGRATE_FACTS_H
#define SLIPWAY_SERVER_API_API_MIGRATE_FACTS_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/model/command.h"
#include "lib/model/config.h"
#include "lib/model/deployment.h"
#include "lib/rules/settle.h"

struct db;

struct api_migrate_facts {
    struct attempt attempt;
    struct invocation invocation;
    struct deployment deployment;
    const struct config_environment *environment; /* NULL = it is configured no more */
    struct probe *probes;                         /* newest first */
    size_t n_probes;
    struct settle_facts settle; /* `attempt` NULL: none is unsettled */
    const char *
        touched; /* hosts on which another job of its deployment may have changed something, "a, b";
                            NULL = none, or it is settled */
    bool is_silent; /* permitted or running, and not heard for a minute */
};

/* Of this attempt. */
int api_migrate_facts_load(struct db *db, struct arena *arena, const struct config *config,
                           const struct attempt *attempt, time_ms now,
                           struct api_migrate_facts *ret_facts, struct err *err);

#endif
