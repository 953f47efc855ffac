/*
 * github_hook: webhooks as GitHub keeps them, and its list of what they were to deliver (github-wire.md 4, hook log).
 *
 * Which hook is ours is told by its address. The list is asked page by page, the newest first; GitHub keeps three days
 * of it. What it says of success is not believed: a GUID that is not known here did not come (W5).
 */
#ifndef SLIPWAY_LIB_GITHUB_GITHUB_HOOK_H
#define SLIPWAY_LIB_GITHUB_GITHUB_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct arena;
struct cJSON;
struct github_api;

#define GITHUB_HOOK_CURSOR_SIZE 256
#define GITHUB_HOOK_PAGE 100

struct github_hook {
    int64_t id;
    bool active;
    const char *url; /* foreign text; "" = none */
};

/* One try to deliver. */
struct github_delivery {
    int64_t id;
    char guid[129];
    char event[65];
    time_ms delivered_at;
};

/* The hooks of `owner`: "repos/OWNER/NAME" or "orgs/OWNER", made of checked names. At most a page. ERR_NOT_FOUND: there
 * is no such owner, or the token may not see its hooks (GitHub hides behind 404); else as github_api_get(). */
int github_hook_list(struct github_api *api, struct arena *arena, const char *owner,
                     struct github_hook **ret_items, size_t *ret_n, struct err *err);

/* A page of what hook `id` delivered, newest first. `cursor`: "" = from the newest on; the next page's is put there,
 * "" = that was the last. ERR_NOT_FOUND: that hook is gone. */
int github_hook_deliveries(struct github_api *api, struct arena *arena, const char *owner,
                           int64_t id, char cursor[GITHUB_HOOK_CURSOR_SIZE],
                           struct github_delivery **ret_items, size_t *ret_n, struct err *err);

/* What GitHub sent in that try: the payload's text, which the caller frees. ERR_NOT_FOUND: it is no longer kept. */
int github_hook_payload(struct github_api *api, const char *owner, int64_t hook, int64_t delivery,
                        char **ret_payload, struct err *err);

/* Readers of answers, for those above and the fuzzer. Pure; ERR_INVALID says what was expected. Elements that are odd
 * are left out of lists: one of them must not hide the rest. */
int github_hook_read_list(const struct cJSON *json, struct arena *arena,
                          struct github_hook **ret_items, size_t *ret_n, struct err *err);
int github_hook_read_deliveries(const struct cJSON *json, struct arena *arena,
                                struct github_delivery **ret_items, size_t *ret_n, struct err *err);
int github_hook_read_payload(const struct cJSON *json, char **ret_payload, struct err *err);
/* The cursor of rel="next" in a Link header; "" = none, or none that may become part of a path. */
void github_hook_read_cursor(const char *link, char ret_cursor[GITHUB_HOOK_CURSOR_SIZE]);

#endif
