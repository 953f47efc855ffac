/*
 * mirror_copy: bring one branch into the mirror from a repository on this machine.
 *
 * libgit2's own way for such addresses copies the objects of every ref there, also of unmerged heads
 * (W6); this takes what the branch reaches and the mirror lacks. For mirror_fetch.c alone.
 */
#ifndef SLIPWAY_LIB_REPO_MIRROR_COPY_H
#define SLIPWAY_LIB_REPO_MIRROR_COPY_H

#include "lib/base/err.h"
#include "lib/repo/git_library.h"

/*
 * Copy what `tip` reaches and the mirror lacks, then point our ref to it. `had`: the tip that the
 * mirror has, or NULL. Returns libgit2's code. Its size is bounded by the worker's largest file.
 */
int mirror_copy(git_repository *from, git_repository *to, const git_oid *had, const git_oid *tip);

#endif
