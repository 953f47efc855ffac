/*
 * mirror_makers: who else wrote what one commit of the first-parent line brings (A2).
 *
 * The authors of the commits behind its other parents, as far as they are not behind the first one, and the co-authors
 * whom these commits and itself name (`Co-authored-by:`): what a merge brings in, and what a squash folded into one.
 * Its own author is told elsewhere. Addresses only: whose they are is not git's to know.
 */
#ifndef SLIPWAY_LIB_REPO_MIRROR_MAKERS_H
#define SLIPWAY_LIB_REPO_MIRROR_MAKERS_H

#include <git2/types.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/repo/mirror.h"

/* Fills `makers`, `n_makers` and `more_makers` of `c`. */
int mirror_makers_read(struct arena *arena, git_repository *repository, const git_commit *commit,
                       struct mirror_commit *c, struct err *err);

#endif
