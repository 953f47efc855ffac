/*
 * event_field: single fields of a payload, read so that nothing is dereferenced unproven (T10).
 *
 * For the files that read events; objects may be NULL, then all in them is absent. Texts are cleaned and cut,
 * and live in the arena.
 */
#ifndef SLIPWAY_LIB_GITHUB_EVENT_FIELD_H
#define SLIPWAY_LIB_GITHUB_EVENT_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/json.h"
#include "lib/github/event.h"

/* NULL = absent or no text. */
const char *event_field_text(struct arena *arena, const struct cJSON *object, const char *key,
                             size_t max);
const char *event_field_text_or_empty(struct arena *arena, const struct cJSON *object,
                                      const char *key, size_t max);
/* An id of GitHub: 1 to 2^53 - 1; false leaves *ret_id as it was. */
bool event_field_id(const struct cJSON *object, const char *key, int64_t *ret_id);
/* A JSON true, nothing else. */
bool event_field_flag(const struct cJSON *object, const char *key);
/* 0 = absent, or no time of RFC 3339. */
time_ms event_field_time(const struct cJSON *object, const char *key);
/* A commit id, or "" for anything else; all zeros are no commit. */
void event_field_sha(const struct cJSON *object, const char *key, char ret_sha[41]);
/* id 0 for anything that is no account. */
struct event_account event_field_account(struct arena *arena, const struct cJSON *object,
                                         const char *key);
/* A branch name that git would take, exactly as it came: it is compared with the configured one. */
int event_field_branch(struct arena *arena, const struct cJSON *side, const char *path,
                       const char **ret_ref, struct err *err);
/* ERR_INVALID: what was expected at `path`. */
int event_field_lacks(struct err *err, const char *path, const char *expected);

#endif
