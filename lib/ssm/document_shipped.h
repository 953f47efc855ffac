/*
 * document_shipped: the scripts behind `uses:` (deploy/documents), part of server and agent.
 *
 * A file NAME@VERSION.sh never changes once it was released; a change is a new version, so a host in
 * strict mode can know them by digest. `migrate` is two of them: migrate-check and migrate-run.
 * Constant data; any thread.
 */
#ifndef SLIPWAY_LIB_SSM_DOCUMENT_SHIPPED_H
#define SLIPWAY_LIB_SSM_DOCUMENT_SHIPPED_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/ssm/document.h"

struct document_shipped {
    const char *name; /* name@version */
    const char *script;
    size_t len;
    const char *digest; /* SHA-256 of `script`, hex: what hosts report in Slipway.Observe */
};

/* All of them, by name. */
const struct document_shipped *document_shipped_all(size_t *ret_n);

/* "fetch" is the newest, "fetch@1" that one; NULL if there is none. */
const struct document_shipped *document_shipped_find(const char *name);

/* What `uses` stands for, in order, as run steps with only name and script filled: one, or for migrate
 * check and migrate. `step_name` names the (last) step. ERR_NOT_FOUND lists those there are. */
#define DOCUMENT_SHIPPED_STEPS 2
int document_shipped_steps(struct arena *arena, const char *uses, const char *step_name,
                           struct document_step ret_steps[DOCUMENT_SHIPPED_STEPS], size_t *ret_n,
                           struct err *err);

/* Variables of a step: `env` of the configuration, then those by which shipped scripts get their
 * settings: SLIPWAY_ROOT, _KEEP, _MIRROR, _BRANCH and SLIPWAY_WITH_<KEY> for each of `with`. Ours win
 * over an `env` of the same name. `with` and `env` may be NULL. */
struct document_settings {
    const char *root; /* NULL = none */
    int64_t keep;
    const char *mirror;
    const char *branch;
};
void document_shipped_environment(struct arena *arena, const struct document_settings *settings,
                                  const struct config_pairs *with, const struct config_pairs *env,
                                  struct config_pairs *ret_environment);

#endif
