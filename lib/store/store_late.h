/* store_late: what changed a host of an environment last, and when it last had its turn (P7). */
#ifndef SLIPWAY_LIB_STORE_STORE_LATE_H
#define SLIPWAY_LIB_STORE_STORE_LATE_H

#include <stdbool.h>

#include "lib/base/timestamp.h"
#include "lib/store/db.h"

struct host;

struct late_history {
    int64_t
        last_id; /* of the newest deployment that told it to do something there; 0 = none ever did */
    char last_sha[41];
    bool last_well; /* the last try of each of its jobs succeeded */
    time_ms last_cut_at;
    time_ms turn_at; /* cut of the newest in which it had its turn, or was left out; 0 = none */
    int n_failed; /* newest catch-ups to `live_sha` that failed one behind the other, since it was put back */
};

/* Only jobs that change what a host runs count. */
int store_late_history(struct db *db, const struct host *host, int64_t repository_id,
                       const char *environment, const char *live_sha,
                       struct late_history *ret_history, struct err *err);

#endif
