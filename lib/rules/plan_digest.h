/*
 * plan digest: what an approval binds, and what a cut freezes (A1).
 *
 * SHA-256 of a canonical text: JSON without white space, members of each object by name, of environment,
 * commit, and jobs in order with their scripts and shipped documents by digest, their configured
 * parameters and their role names. Hosts, times, texts of pull requests and what Slipway fills in
 * (SLIPWAY_*) are not in it. So a host more, another window or a new title leaves an approval as it is,
 * and another script, variable, user or limit does not. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_PLAN_DIGEST_H
#define SLIPWAY_LIB_RULES_PLAN_DIGEST_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/model/config.h"

#define PLAN_DIGEST_SIZE 65

/* A shipped document behind a `uses` of the configuration; migrate stands for two of them. */
struct plan_digest_document {
    const char *uses; /* as configured: "fetch", "fetch@1" */
    const char *name; /* "fetch@1" */
    const char *digest;
};

struct plan_digest {
    const struct config *config; /* maps databases */
    const struct config_environment *environment;
    const struct plan_digest_document *documents; /* of every `uses` of its jobs, in order */
    size_t n_documents;
    const char *jobs; /* the text of its jobs, the same for every commit; made by _init */
    struct arena *arena;
};

/* What all commits have in common. Its texts live in `arena`. */
void plan_digest_init(struct plan_digest *plan, const struct config *config,
                      const struct config_environment *environment,
                      const struct plan_digest_document *documents, size_t n_documents,
                      struct arena *arena);

/* The canonical text for one commit, in the arena, and its digest. */
const char *plan_digest_make(const struct plan_digest *plan, const char *sha,
                             char ret_digest[PLAN_DIGEST_SIZE]);

/* The jobs in which two such texts differ, as a comma list in the arena; "" = in none, or they cannot be
 * read. A job that only one of them has differs. */
const char *plan_digest_differ(struct arena *arena, const char *before, const char *after);

#endif
