/* event_hook: what GitHub says of the webhook or installation that brings its deliveries. */
#ifndef SLIPWAY_LIB_GITHUB_EVENT_HOOK_H
#define SLIPWAY_LIB_GITHUB_EVENT_HOOK_H

#include "lib/github/event.h"

struct cJSON;

/* Of the payload `root`; `action` is the event's. ERR_INVALID: it has not that shape. Ping asks for
 * nothing: one without a hook in it says nothing of one. */
int event_hook_read_ping(const struct cJSON *root, struct event_hook *out);
int event_hook_read_meta(const struct cJSON *root, const char *action, struct event_hook *out,
                         struct err *err);
int event_hook_read_installation(const struct cJSON *root, const char *action,
                                 struct event_hook *out, struct err *err);
int event_hook_read_repositories(struct arena *arena, const struct cJSON *root, const char *action,
                                 struct event_hook *out, struct err *err);

#endif
