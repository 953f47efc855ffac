/* event_pull: pull requests, reviews of them, and comments on them, as event.h has them. */
#ifndef SLIPWAY_LIB_GITHUB_EVENT_PULL_H
#define SLIPWAY_LIB_GITHUB_EVENT_PULL_H

#include "lib/github/event.h"

struct cJSON;

/* Of the payload `root`. ERR_INVALID: it has not that shape. */
int event_pull_read(struct arena *arena, const struct cJSON *root, struct event_pull_request *out,
                    struct err *err);
int event_pull_read_review(struct arena *arena, const struct cJSON *root, struct event_review *out,
                           struct err *err);
int event_pull_read_comment(struct arena *arena, const struct cJSON *root,
                            struct event_comment *out, struct err *err);

#endif
