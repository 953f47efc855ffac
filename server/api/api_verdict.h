/*
 * api_verdict: go or not as people and programs read it: each cause as a sentence, with who can end it and until when.
 */
#ifndef SLIPWAY_SERVER_API_API_VERDICT_H
#define SLIPWAY_SERVER_API_API_VERDICT_H

#include "server/api/api_view.h"

struct api_environment;
struct cause;
struct err;
struct json_out;
struct release;
struct verdict;

/* A cause in the reader's language; when it ends is told beside it. */
const char *api_verdict_text(struct api_view *view, const struct cause *cause);

/* The object `key` (Verdict), or null without a candidate. */
int api_verdict_shape(struct json_out *out, const char *key, struct api_view *view,
                      const struct api_environment *env, struct err *err);

/* Why not yet, for one release that waits here; the object `key`, or null. */
int api_verdict_waits(struct json_out *out, const char *key, struct api_view *view,
                      const struct api_environment *env, const struct release *release,
                      struct err *err);

/* The array `key` of causes (Cause). `env` NULL: without the text of when each ends. */
void api_verdict_causes(struct json_out *out, const char *key, struct api_view *view,
                        const struct api_environment *env, const struct verdict *verdict);

#endif
