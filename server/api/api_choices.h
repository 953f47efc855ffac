/*
 * api_choices: what has stopped, why and since when, who may decide it, and what he may do: the object `attention` of
 * Board and release. The choices are those of lib/rules/choices; here they get their words.
 */
#ifndef SLIPWAY_SERVER_API_API_CHOICES_H
#define SLIPWAY_SERVER_API_API_CHOICES_H

#include "lib/base/json.h"

struct api_environment;
struct api_view;
struct buf;
struct err;

/* The object `key` (Attention in docs/openapi.yaml), or null where nothing has stopped. */
int api_choices_shape(struct json_out *out, const char *key, struct api_view *view,
                      const struct api_environment *environment, struct err *err);

/* The same as lines of plain text; nothing where nothing has stopped. */
int api_choices_text(struct buf *buf, struct api_view *view,
                     const struct api_environment *environment, struct err *err);

#endif
