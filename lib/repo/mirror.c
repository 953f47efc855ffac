#include "lib/repo/mirror.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <git2.h>

#include "lib/base/names.h"
#include "lib/base/str.h"

#define REF "refs/slipway/branch"
#define SUBJECT_MAX 200

void mirror_library_begin(void)
{
    git_libgit2_init();
    for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, "/etc/ssl/certs/ca-certificates.crt", NULL);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
}

static int failed(struct err *err, int code, const char *what)
{
    const git_error *e = git_error_last();

    return err_set(err, (enum err_code)code, "%s: %s", what,
                   e != NULL && e->message != NULL ? e->message : "git failed");
}

static int open_mirror(const char *folder, const char *name, bool create,
                       git_repository **ret_repository, struct err *err)
{
    char path[4096];
    const char *slash = strchr(name, '/');

    if (!names_is_repo(name))
        return err_set(err, ERR_INVALID, "\"%.100s\" is not the name of a repository", name);
    snprintf(path, sizeof(path), "%s/%.*s%%%s.git", folder, (int)(slash - name), name, slash + 1);
    if (git_repository_open_bare(ret_repository, path) == 0)
        return 0;
    if (!create)
        return failed(err, ERR_NOT_FOUND, "no mirror yet");
    if (git_repository_init(ret_repository, path, 1) < 0)
        return failed(err, ERR_INTERNAL, "making the mirror");
    return 0;
}

static int check_url(const struct mirror_source *s, struct err *err)
{
    if (str_starts(s->url, "https://"))
        return 0;
    for (size_t i = 0; str_starts(s->url, "file:///") && i < s->n_roots; i++) {
        const char *path = s->url + strlen("file://");
        size_t n = strlen(s->roots[i]);
        if (strncmp(path, s->roots[i], n) == 0 && path[n] == '/' && strstr(path, "/../") == NULL)
            return 0;
    }
    return err_set(err, ERR_DENIED, "only https, and file under mirror-roots, can be mirrored");
}

static int branch_tip(git_repository *repository, const struct mirror_source *s, char ret_tip[41],
                      struct err *err)
{
    git_oid tip;

    if (git_reference_name_to_id(&tip, repository, REF) < 0)
        return err_set(err, ERR_NOT_FOUND, "branch %s is not there", s->branch);
    git_oid_tostr(ret_tip, 41, &tip);
    return 0;
}

int mirror_fetch(const struct mirror_source *s, char ret_tip[41], struct err *err)
{
    git_fetch_options options;
    git_repository *repository = NULL;
    git_remote *remote = NULL;
    const git_remote_head **heads = NULL;
    char refspec[600];
    char *specs[1] = {refspec};
    git_strarray list = {specs, 1};
    bool found = false;
    size_t n = 0;
    int rc;

    if (!names_is_branch(s->branch))
        return err_set(err, ERR_INVALID, "\"%.100s\" is not the name of a branch", s->branch);
    if ((rc = check_url(s, err)) < 0 ||
        (rc = open_mirror(s->folder, s->name, true, &repository, err)) < 0)
        return rc;
    git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
    snprintf(refspec, sizeof(refspec), "+refs/heads/%s:" REF, s->branch);
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    options.prune = GIT_FETCH_NO_PRUNE;
    options.update_fetchhead = 0;
    options.proxy_opts.type = GIT_PROXY_NONE;
    if (git_remote_create_anonymous(&remote, repository, s->url) < 0 ||
        git_remote_connect(remote, GIT_DIRECTION_FETCH, &options.callbacks, &options.proxy_opts,
                           NULL) < 0 ||
        git_remote_ls(&heads, &n, remote) < 0) {
        rc = failed(err, ERR_UNREACHABLE, s->url);
        goto out;
    }
    for (size_t i = 0; i < n && !found; i++)
        found = str_starts(heads[i]->name, "refs/heads/") && str_eq(heads[i]->name + 11, s->branch);
    if (!found) {
        rc = err_set(err, ERR_NOT_FOUND, "branch %s is not in %s", s->branch, s->url);
        goto out;
    }
    if (git_remote_fetch(remote, &list, &options, NULL) < 0)
        rc = failed(err, ERR_UNREACHABLE, s->url);
    else
        rc = branch_tip(repository, s, ret_tip, err);
out:
    git_remote_free(remote);
    git_repository_free(repository);
    return rc;
}

static void fill(struct arena *arena, const git_commit *commit, struct mirror_commit *c)
{
    const git_signature *author = git_commit_author(commit);
    const char *message = git_commit_message(commit);

    git_oid_tostr(c->sha, sizeof(c->sha), git_commit_id(commit));
    if (git_commit_parentcount(commit) > 0)
        git_oid_tostr(c->parent_sha, sizeof(c->parent_sha), git_commit_parent_id(commit, 0));
    c->committed_at = (time_ms)git_commit_time(commit) * 1000;
    c->author = str_clean(arena, author->name, strlen(author->name), 100);
    message += strspn(message, "\n");
    c->subject = str_clean(arena, message, strcspn(message, "\n"), SUBJECT_MAX);
}

static void reverse(struct mirror_commit *c, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct mirror_commit other = c[i];
        c[i] = c[n - 1 - i];
        c[n - 1 - i] = other;
    }
}

int mirror_line(struct arena *arena, const char *folder, const char *name, const char *known,
                const char *tip, struct mirror_line *ret_line, struct err *err)
{
    struct mirror_line line = {.n = 0};
    git_repository *repository = NULL;
    size_t cap = 0;
    git_oid at, stop;
    int rc;

    if (!names_is_sha40(tip) || (known != NULL && !names_is_sha40(known)))
        return err_set(err, ERR_INVALID, "a commit id of 40 digits is expected");
    if ((rc = open_mirror(folder, name, false, &repository, err)) < 0)
        return rc;
    git_oid_fromstr(&at, tip);
    if (known != NULL)
        git_oid_fromstr(&stop, known);
    for (;;) {
        git_commit *commit = NULL;
        unsigned parents;
        if (known != NULL && git_oid_equal(&at, &stop))
            break;
        if (git_commit_lookup(&commit, repository, &at) < 0) {
            rc = failed(err, ERR_INTERNAL, "reading a commit");
            break;
        }
        fill(arena, commit, ARENA_PUSH(arena, line.commits, line.n, cap));
        parents = git_commit_parentcount(commit);
        if (parents > 0)
            git_oid_cpy(&at, git_commit_parent_id(commit, 0));
        git_commit_free(commit);
        if (known == NULL)
            break;
        if (parents == 0) {
            line.rewritten = true;
            break;
        }
    }
    git_repository_free(repository);
    if (rc < 0)
        return rc;
    if (line.rewritten)
        line.n = 1; /* the tip alone: the rest is not ours */
    reverse(line.commits, line.n);
    if (line.n > MIRROR_LINE_MAX) {
        line.n = MIRROR_LINE_MAX;
        line.more = true;
    }
    *ret_line = line;
    return 0;
}

struct collecting {
    struct arena *arena;
    struct mirror_paths paths;
    size_t cap;
};

static void add_path(struct collecting *c, const char *path)
{
    if (path == NULL)
        return;
    if (c->paths.n == MIRROR_PATHS_MAX)
        c->paths.truncated = true;
    else
        *ARENA_PUSH(c->arena, c->paths.paths, c->paths.n, c->cap) = arena_str(c->arena, path);
}

static int take_delta(const git_diff_delta *delta, float progress, void *arg)
{
    (void)progress;
    add_path(arg, delta->new_file.path);
    if (delta->old_file.path != NULL && !str_eq(delta->old_file.path, delta->new_file.path))
        add_path(arg, delta->old_file.path);
    return 0;
}

int mirror_paths(struct arena *arena, const char *folder, const char *name, const char *sha,
                 struct mirror_paths *ret_paths, struct err *err)
{
    struct collecting c = {.arena = arena};
    git_repository *repository = NULL;
    git_commit *commit = NULL, *parent = NULL;
    git_tree *tree = NULL, *old = NULL;
    git_diff *diff = NULL;
    git_oid id;
    int rc;

    if (!names_is_sha40(sha))
        return err_set(err, ERR_INVALID, "a commit id of 40 digits is expected");
    if ((rc = open_mirror(folder, name, false, &repository, err)) < 0)
        return rc;
    git_oid_fromstr(&id, sha);
    if (git_commit_lookup(&commit, repository, &id) < 0 || git_commit_tree(&tree, commit) < 0 ||
        (git_commit_parentcount(commit) > 0 &&
         (git_commit_parent(&parent, commit, 0) < 0 || git_commit_tree(&old, parent) < 0)) ||
        git_diff_tree_to_tree(&diff, repository, old, tree, NULL) < 0 ||
        git_diff_foreach(diff, take_delta, NULL, NULL, NULL, &c) < 0)
        rc = failed(err, ERR_INTERNAL, "comparing commits");
    git_diff_free(diff);
    git_tree_free(old);
    git_tree_free(tree);
    git_commit_free(parent);
    git_commit_free(commit);
    git_repository_free(repository);
    if (rc == 0)
        *ret_paths = c.paths;
    return rc;
}
