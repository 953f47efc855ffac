/*
 * github_pull: pull requests as GitHub's API tells them, for what no event told (github-wire.md 4, closed PRs, one PR).
 *
 * The answer about one becomes the payload of an event, so that it is stored, read and replayed like everything else that
 * GitHub says. Its action is `looked_up`, which GitHub does not send.
 */
#ifndef SLIPWAY_LIB_GITHUB_GITHUB_PULL_H
#define SLIPWAY_LIB_GITHUB_GITHUB_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct arena;
struct cJSON;
struct github_api;

#define GITHUB_PULL_PAGE 100
#define GITHUB_PULL_ACTION "looked_up"

/* One of a list: enough to see whether we know it so. */
struct github_pull {
    int64_t number;
    time_ms updated_at;
    bool open, merged, draft;
    char head_sha[41]; /* "" = none that is one */
    const char *title; /* foreign text */
};

/* Page `page` (from 1) of the pull requests into `branch` of OWNER/NAME, open or not, the last changed first. Fewer than
 * a page: there are no more. ERR_NOT_FOUND: no such repository, or the token may not see it. */
int github_pull_list(struct github_api *api, struct arena *arena, const char *repository,
                     const char *branch, int page, struct github_pull **ret_items, size_t *ret_n,
                     struct err *err);

/* What is so of that one now, as the payload of a `pull_request` event; the caller frees it. ERR_NOT_FOUND. */
int github_pull_payload(struct github_api *api, const char *repository, int64_t number,
                        char **ret_payload, struct err *err);

/* Readers of answers, for those above and the fuzzer. Pure; ERR_INVALID says what was expected. */
int github_pull_read_list(const struct cJSON *json, struct arena *arena,
                          struct github_pull **ret_items, size_t *ret_n, struct err *err);
int github_pull_read_payload(const struct cJSON *json, char **ret_payload, struct err *err);

#endif
