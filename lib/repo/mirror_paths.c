/*
 * mirror_paths: what changed between two commits, as paths.
 *
 * The answer decides lanes, so it must not be made to look smaller or tamer than the change is: what
 * is cut off, and what no honest tree has, is told as `truncated`, which counts as code. The
 * comparison is ended as soon as the answer is full.
 */
#include "lib/repo/mirror.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/repo/mirror_git.h"

struct collecting {
    struct arena *arena;
    struct mirror_paths paths;
    size_t cap, max, bytes;
};

/* Git itself refuses such trees, but a pack can carry them: "a/../b", "a//b". */
static bool has_odd_part(const char *path)
{
    for (const char *part = path;; part++) {
        size_t n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && strncmp(part, "..", 2) == 0))
            return true;
        part += n;
        if (*part == '\0')
            return false;
    }
}

/* False: the answer is full. */
static bool add(struct collecting *c, const char *path)
{
    size_t n = strlen(path);
    const char *shown;

    if (c->paths.n == c->max || c->bytes + n > MIRROR_PATHS_BYTES) {
        c->paths.truncated = true;
        return false;
    }
    shown = str_clean(c->arena, path, n, 3 * n);
    if (has_odd_part(path) || !str_eq(shown, path)) /* no text, or one that tries to deceive */
        c->paths.truncated = true;
    c->bytes += n;
    *ARENA_PUSH(c->arena, c->paths.paths, c->paths.n, c->cap) = shown;
    return true;
}

/* Called for each difference as it is found; 1 = do not keep it there too, below 0 = enough. */
static int take_delta(const git_diff *diff, const git_diff_delta *delta, const char *pathspec,
                      void *arg)
{
    const char *path = delta->new_file.path, *old = delta->old_file.path;

    (void)diff;
    (void)pathspec;
    if (path != NULL && !add(arg, path))
        return GIT_EUSER;
    if (old != NULL && !str_eq(old, path) && !add(arg, old))
        return GIT_EUSER;
    return 1;
}

static int tree_of(git_repository *repository, const char *sha, git_commit **ret_commit,
                   git_tree **ret_tree, struct err *err)
{
    int rc = mirror_git_commit(repository, sha, ret_commit, err);

    if (rc == 0 && git_commit_tree(ret_tree, *ret_commit) < 0)
        rc = mirror_git_failed(err, ERR_INTERNAL, "reading the tree of %s", sha);
    return rc;
}

/* The tree to compare with: of `from`, of the first parent, or none for a root. */
static int old_tree(git_repository *repository, const struct mirror_range *range,
                    const git_commit *commit, git_tree **ret_tree, struct err *err)
{
    git_commit *old = NULL;
    char sha[41];
    int rc = 0;

    if (range->from != NULL || git_commit_parentcount(commit) > 0) {
        if (range->from == NULL)
            git_oid_tostr(sha, sizeof(sha), git_commit_parent_id(commit, 0));
        rc = tree_of(repository, range->from != NULL ? range->from : sha, &old, ret_tree, err);
    }
    git_commit_free(old);
    return rc;
}

int mirror_paths(struct arena *arena, const struct mirror_range *range,
                 struct mirror_paths *ret_paths, struct err *err)
{
    struct collecting c = {.arena = arena, .max = range->max};
    git_diff_options options;
    git_repository *repository = NULL;
    git_commit *commit = NULL;
    git_tree *tree = NULL, *old = NULL;
    git_diff *diff = NULL;
    int rc = mirror_git_open(range, &repository, err);

    if (c.max == 0 || c.max > MIRROR_PATHS_MAX)
        c.max = MIRROR_PATHS_MAX;
    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags = GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
    options.notify_cb = take_delta;
    options.payload = &c;
    if (rc == 0)
        rc = tree_of(repository, range->to, &commit, &tree, err);
    if (rc == 0)
        rc = old_tree(repository, range, commit, &old, err);
    if (rc == 0) {
        int git_code = git_diff_tree_to_tree(&diff, repository, old, tree, &options);
        if (git_code < 0 && git_code != GIT_EUSER)
            rc = mirror_git_failed(err, ERR_INTERNAL, "comparing commits of %s", range->name);
    }
    git_diff_free(diff);
    git_tree_free(old);
    git_tree_free(tree);
    git_commit_free(commit);
    git_repository_free(repository);
    if (rc == 0)
        *ret_paths = c.paths;
    return rc;
}
