/*
 * document: steps as an SSM document of schema 2.2 (ssm-wire.md 7.1), and back.
 *
 * Two members of a step's inputs are ours and ignored by other agents: `runAs`, and the action
 * `slipway:health`. The exact bytes matter: their SHA-256 is in the signed envelope.
 */
#ifndef SLIPWAY_LIB_SSM_DOCUMENT_H
#define SLIPWAY_LIB_SSM_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/model/config.h"

#define DOCUMENT_MAX (256 * 1024)
#define DOCUMENT_STEPS_MAX 66
#define DOCUMENT_TIMEOUT_MAX 172800 /* seconds: the largest SSM allows */

struct document_step {
    const char *name;
    const char *script;             /* for sh; NULL in a health step */
    struct config_pairs environment;
    const char *run_as;             /* "" = the agent's own user */
    const char *working_directory;  /* "" = none */
    int64_t timeout_seconds;
    const char *health_http;        /* of a health step: GET it until ... */
    int64_t health_expect;          /* ... it answers so ... */
    int64_t health_within_seconds;  /* ... or that long; also a health script is tried so long if > 0 */
};

struct document {
    const char *description;
    struct document_step *steps;
    size_t n_steps;
};

/* The bytes to send, in the arena. */
const char *document_text(struct arena *arena, const struct document *document);

/* Strict where we run it: our actions, names, bounded sizes. ERR_INVALID. */
int document_read(struct arena *arena, const char *text, size_t len, struct document *ret_document,
                  struct err *err);

/* A shipped script by "fetch" (the newest) or "fetch@1"; NULL = none. `*ret_name` is name@version. */
const char *document_shipped(struct arena *arena, const char *name, const char **ret_name);

#endif
