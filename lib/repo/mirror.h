/*
 * mirror: a bare copy of a configured repository, and the few questions the server has about it.
 *
 * Only the keeper's workers call this (and tests): every function may be killed at any point. Nothing
 * is checked out, no submodule is followed, only https and, under the allowed roots, file (T51).
 * The folder of mirrors is ours; a mirror is OWNER%NAME.git in it.
 */
#ifndef SLIPWAY_LIB_REPO_MIRROR_H
#define SLIPWAY_LIB_REPO_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"

#define MIRROR_LINE_MAX 1000  /* commits in one answer */
#define MIRROR_PATHS_MAX 3000 /* paths in one answer */

/* Once in each worker, before anything else. `roots`: folders from which file: may come. */
void mirror_library_begin(void);

struct mirror_source {
    const char *folder; /* of all mirrors */
    const char *name;   /* owner/name */
    const char *url;
    const char *branch;
    const char *const *roots;
    size_t n_roots;
};

/* Fetch the branch; its tip. ERR_UNREACHABLE, ERR_NOT_FOUND (no such branch), ERR_DENIED (the address). */
int mirror_fetch(const struct mirror_source *source, char ret_tip[41], struct err *err);

struct mirror_commit {
    char sha[41];
    char parent_sha[41]; /* first parent, "" for a root */
    time_ms committed_at;
    const char *author;  /* name, cleaned */
    const char *subject; /* first line, cleaned, at most 200 bytes */
};

struct mirror_line {
    struct mirror_commit *commits; /* just after `known` up to `tip`, oldest first */
    size_t n;
    bool rewritten; /* `known` is not on tip's first-parent line */
    bool more;      /* there were more than MIRROR_LINE_MAX: the oldest were given */
};

/* The first-parent line. Without `known` (NULL): only the tip. */
int mirror_line(struct arena *arena, const char *folder, const char *name, const char *known,
                const char *tip, struct mirror_line *ret_line, struct err *err);

struct mirror_paths {
    const char **paths;
    size_t n;
    bool truncated;
};

/* Paths that differ between a commit and its first parent; a rename counts as both. */
int mirror_paths(struct arena *arena, const char *folder, const char *name, const char *sha,
                 struct mirror_paths *ret_paths, struct err *err);

#endif
