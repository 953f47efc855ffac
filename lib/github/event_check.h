/* event_check: check runs, check suites and statuses, as one kind of fact (lib/model/commit_check.h). */
#ifndef SLIPWAY_LIB_GITHUB_EVENT_CHECK_H
#define SLIPWAY_LIB_GITHUB_EVENT_CHECK_H

#include "lib/model/commit_check.h"

struct arena;
struct cJSON;
struct err;

/* Of the payload `root`. ERR_INVALID: it has not that shape. */
int event_check_read_run(struct arena *arena, const struct cJSON *root, struct commit_check *out,
                         struct err *err);
int event_check_read_suite(struct arena *arena, const struct cJSON *root, struct commit_check *out,
                           struct err *err);
int event_check_read_status(struct arena *arena, const struct cJSON *root, struct commit_check *out,
                            struct err *err);

#endif
