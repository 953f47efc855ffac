/*
 * yaml_json: a YAML text as JSON: documents of AWS callers, which may come in either (ssm-wire.md 3.6).
 *
 * Plain scalars keep the type that YAML's core schema gives them (whole numbers, true, false, null); all others, and
 * numbers with a point, are texts. What yaml_tree refuses (anchors, aliases, tags, several documents, a key
 * twice) is refused here: what is stored must be what everybody reads.
 */
#ifndef SLIPWAY_LIB_CONFIG_YAML_JSON_H
#define SLIPWAY_LIB_CONFIG_YAML_JSON_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

/* ERR_INVALID names line and column. */
int yaml_json(struct arena *arena, const char *bytes, size_t len, size_t max, const char **ret_json,
              struct err *err);

#endif
