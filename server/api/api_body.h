/*
 * api_body: the JSON object that a request of the API carries, validated before it is read.
 */
#ifndef SLIPWAY_SERVER_API_API_BODY_H
#define SLIPWAY_SERVER_API_API_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "server/api/request.h"

struct cJSON;
struct err;
struct when;

/* `keys` are the members there may be; another one is an error that names the nearest. An empty body
 * is an empty object. ERR_INVALID. The tree is the caller's: json_free(). */
int api_body_read(const struct request *request, const char *const *keys, size_t n_keys,
                  struct cJSON **ret_body, struct err *err);

/* A text of at most `max` bytes without control characters; `*ret_text` NULL if it is absent. It lies
 * in the request's arena. */
int api_body_text(const struct request *request, const struct cJSON *body, const char *key,
                  size_t max, const char **ret_text, struct err *err);

/* true or false; false if it is absent. */
int api_body_flag(const struct cJSON *body, const char *key, bool *ret_value, struct err *err);

/* "24h", "30d"; `otherwise` if it is absent. */
int api_body_duration(const struct cJSON *body, const char *key, int64_t otherwise, int64_t *ret_ms,
                      struct err *err);

/* An instant as people type it (lib/calendar/when.h); 0 if it is absent. */
int api_body_when(const struct cJSON *body, const char *key, const struct when *when,
                  time_ms *ret_time, struct err *err);

/* A list of texts, each of at most `max` bytes and clean, in the request's arena; none if it is absent. */
int api_body_list(const struct request *request, const struct cJSON *body, const char *key,
                  size_t max, const char ***ret_items, size_t *ret_n, struct err *err);

#endif
