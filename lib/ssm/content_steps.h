/*
 * content_steps: the steps of a caller's document with his values put in, as slipway-agent runs them
 * (ssm-wire.md 7.3, 13).
 *
 * The server sends document and parameters apart, as it does to every agent; whoever runs them substitutes:
 * one pass, typed, names that are unknown stay. What comes out is a struct document, so that supervisor,
 * output and reports need not know where it came from; its steps say that they run as SSM's agent would run
 * them. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_CONTENT_STEPS_H
#define SLIPWAY_LIB_SSM_CONTENT_STEPS_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/ssm/content.h"
#include "lib/ssm/document.h"

/* Bytes of one script with its values in it: Linux takes no more as one argument. */
#define CONTENT_STEPS_SCRIPT_MAX (120 * 1024)

/*
 * `text` is the document, `parameters` the JSON object beside it. ERR_INVALID: it cannot be read, a script
 * would be over its limit, or a step that is not skipped here is none that slipway-agent runs.
 */
int content_steps_make(struct arena *arena, const char *text, size_t len, const char *parameters,
                       struct document *ret_document, struct err *err);

/* Why slipway-agent cannot run it at all; NULL = it can. */
const char *content_steps_refuse(struct arena *arena, const struct content *content);

#endif
