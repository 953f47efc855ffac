/*
 * mirror_git: what the files of the mirror share of libgit2: opening, commits, and its errors as ours.
 *
 * Included by the mirror's own files only; libgit2's types stay in this room.
 */
#ifndef SLIPWAY_LIB_REPO_MIRROR_GIT_H
#define SLIPWAY_LIB_REPO_MIRROR_GIT_H

#include "lib/base/err.h"
#include "lib/repo/git_library.h"
#include "lib/repo/mirror.h"

#define MIRROR_GIT_REF "refs/slipway/branch" /* the tip of the branch, as last fetched */

/* What libgit2 said last, with our context in front; `code` is ours. Returns it. */
int mirror_git_failed(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The code for what libgit2 said last: the network, what was sent, or ourselves. */
enum err_code mirror_git_code(void);

/* A mirror that is there. ERR_NOT_FOUND. */
int mirror_git_open(const struct mirror_range *range, git_repository **ret_repository,
                    struct err *err);

/* A commit by its 40 digits. ERR_INVALID, ERR_NOT_FOUND. */
int mirror_git_commit(git_repository *repository, const char *sha, git_commit **ret_commit,
                      struct err *err);

#endif
