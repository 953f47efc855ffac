/*
 * mirror_fetch: bring one branch into the mirror.
 *
 * The address is looked at before libgit2 sees it: libgit2 also speaks ssh, git and plain http, decodes
 * percent signs in file addresses and follows a `.git` file to anywhere, so a file address is resolved
 * here and the place that it really means must lie under a root. https keeps to the host that was named:
 * a redirect to another is refused (T52), no proxy is taken from the environment.
 */
#include "lib/repo/mirror.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/repo/mirror_copy.h"
#include "lib/repo/mirror_git.h"

#define URL_MAX 1024
#define HEADER_MAX 8192

/* One fetch while it runs. */
struct fetching {
    const struct mirror_source *source;
    char ref[300];       /* the branch over there */
    char from[PATH_MAX]; /* what libgit2 is given: the address, or the resolved place of a file: */
    git_repository *repository;
    git_repository *local; /* file: what is fetched from */
    git_remote *remote;    /* https */
    git_fetch_options options;
    char header[HEADER_MAX];
    char *headers[1];
    bool too_large;
};

static int denied(const struct fetching *f, const char *why, struct err *err)
{
    return err_set(err, ERR_DENIED, "%s is not fetched: %s", f->source->name, why);
}

static bool is_printable(const char *text, size_t max)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    return n <= max;
}

/* Is it that folder, or in it? Both without links and "..". */
static bool is_beneath(const char *path, const char *folder)
{
    size_t n = strlen(folder);

    while (n > 0 && folder[n - 1] == '/')
        n--;
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool roots_hold(const struct mirror_source *s, const char *place, bool resolve)
{
    for (size_t i = 0; i < s->n_roots; i++) {
        char root[PATH_MAX];
        if (s->roots[i][0] != '/')
            continue;
        if (resolve ? realpath(s->roots[i], root) != NULL && is_beneath(place, root)
                    : is_beneath(place, s->roots[i]))
            return true;
    }
    return false;
}

/* Open it, and see where it keeps its parts: a `.git` file can name any folder. */
static int open_local(struct fetching *f, struct err *err)
{
    char path[PATH_MAX], objects[PATH_MAX];

    if (git_repository_open_ext(&f->local, f->from, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) < 0)
        return mirror_git_failed(err, ERR_UNREACHABLE, "cannot fetch %s from %s", f->source->name,
                                 f->source->url);
    if (realpath(git_repository_path(f->local), path) == NULL ||
        realpath(git_repository_commondir(f->local), objects) == NULL ||
        !roots_hold(f->source, path, true) || !roots_hold(f->source, objects, true))
        return denied(f, "its repository leads out of mirror-roots", err);
    return 0;
}

static int resolve_file(struct fetching *f, struct err *err)
{
    static const char outside[] = "file: must lie under one of mirror-roots";
    const char *path = f->source->url + strlen("file://");

    if (strlen(path) >= URL_MAX || strchr(path, '%') != NULL || strstr(path, "/../") != NULL ||
        str_ends(path, "/..") || !roots_hold(f->source, path, false))
        return denied(f, outside, err);
    if (realpath(path, f->from) == NULL)
        return err_set(err, ERR_UNREACHABLE, "cannot fetch %s from %s: %s", f->source->name,
                       f->source->url, strerror(errno));
    if (!roots_hold(f->source, f->from, true))
        return denied(f, outside, err);
    return open_local(f, err);
}

static int resolve_https(struct fetching *f, struct err *err)
{
    const char *host = f->source->url + strlen("https://");
    size_t n = strcspn(host, "/?#");

    if (n == 0 || !is_printable(f->source->url, URL_MAX))
        return denied(f, "that is no address", err);
    if (memchr(host, '@', n) != NULL)
        return denied(f, "no user or token belongs into its address", err);
    snprintf(f->from, sizeof(f->from), "%s", f->source->url);
    if (f->source->authorization == NULL)
        return 0;
    if (strpbrk(f->source->authorization, "\r\n") != NULL ||
        snprintf(f->header, sizeof(f->header), "Authorization: %s", f->source->authorization) >=
            (int)sizeof(f->header))
        return denied(f, "its token is not one", err);
    f->headers[0] = f->header;
    f->options.custom_headers = (git_strarray){f->headers, 1};
    return 0;
}

static int resolve(struct fetching *f, struct err *err)
{
    if (str_starts(f->source->url, "https://"))
        return resolve_https(f, err);
    if (str_starts(f->source->url, "file:///"))
        return resolve_file(f, err);
    return denied(f, "only https:, and file: under mirror-roots, can be mirrored", err);
}

static int open_or_make(struct fetching *f, struct err *err)
{
    char path[4096];
    int rc = mirror_path(f->source->folder, f->source->name, path, sizeof(path), err);

    if (rc < 0)
        return rc;
    mirror_sweep_one(path);
    if (git_repository_open_bare(&f->repository, path) < 0 &&
        git_repository_init(&f->repository, path, 1) < 0)
        return mirror_git_failed(err, ERR_INTERNAL, "making the mirror of %s", f->source->name);
    return 0;
}

static int watch_size(const git_indexer_progress *progress, void *arg)
{
    struct fetching *f = arg;

    f->too_large = progress->received_bytes > (size_t)MIRROR_FETCH_MAX;
    return f->too_large ? -1 : 0;
}

/* `git_code` is what libgit2 returned. */
static int unfetched(const struct fetching *f, int git_code, struct err *err)
{
    const struct mirror_source *s = f->source;

    if (f->too_large)
        return err_set(err, ERR_INVALID, "cannot fetch %s from %s: it is larger than %lld GiB",
                       s->name, s->url, MIRROR_FETCH_MAX >> 30);
    if (git_code == GIT_EAUTH)
        return err_set(err, ERR_DENIED, "cannot fetch %s from %s: %s", s->name, s->url,
                       s->authorization == NULL ? "it wants a login, and no token is configured"
                                                : "it does not accept the token");
    return mirror_git_failed(err, mirror_git_code(), "cannot fetch %s from %s", s->name, s->url);
}

/* The two ways, each in two steps: what is the tip over there, and bring it. */
static int ask_local(struct fetching *f, git_oid *ret_tip)
{
    return git_reference_name_to_id(ret_tip, f->local, f->ref);
}

static int ask_remote(struct fetching *f, git_oid *ret_tip)
{
    git_remote_connect_options connect = {.version = GIT_REMOTE_CONNECT_OPTIONS_VERSION};
    const git_remote_head **heads = NULL;
    size_t n = 0;
    int rc;

    connect.callbacks = f->options.callbacks;
    connect.proxy_opts = f->options.proxy_opts;
    connect.follow_redirects = f->options.follow_redirects;
    connect.custom_headers = f->options.custom_headers;
    if ((rc = git_remote_create_anonymous(&f->remote, f->repository, f->from)) < 0 ||
        (rc = git_remote_connect_ext(f->remote, GIT_DIRECTION_FETCH, &connect)) < 0 ||
        (rc = git_remote_ls(&heads, &n, f->remote)) < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (str_eq(heads[i]->name, f->ref)) {
            git_oid_cpy(ret_tip, &heads[i]->oid);
            return 0;
        }
    return GIT_ENOTFOUND;
}

static int bring_remote(struct fetching *f)
{
    char refspec[400], *specs[1] = {refspec};
    git_strarray list = {specs, 1};

    snprintf(refspec, sizeof(refspec), "+%s:" MIRROR_GIT_REF, f->ref);
    return git_remote_fetch(f->remote, &list, &f->options, NULL);
}

/* The branch may have moved since it was looked up: what was fetched counts. */
static int take_tip(struct fetching *f, git_oid *ret_tip, struct err *err)
{
    git_commit *commit = NULL;

    if (git_reference_name_to_id(ret_tip, f->repository, MIRROR_GIT_REF) < 0)
        return mirror_git_failed(err, ERR_NOT_FOUND, "branch %s of %s was not fetched",
                                 f->source->branch, f->source->name);
    if (git_commit_lookup(&commit, f->repository, ret_tip) < 0)
        return mirror_git_failed(err, ERR_INVALID, "branch %s of %s is no commit",
                                 f->source->branch, f->source->name);
    git_commit_free(commit);
    return 0;
}

static void set_options(struct fetching *f)
{
    git_fetch_options_init(&f->options, GIT_FETCH_OPTIONS_VERSION);
    f->options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    f->options.prune = GIT_FETCH_NO_PRUNE;
    f->options.update_fetchhead = 0;
    f->options.proxy_opts.type = GIT_PROXY_NONE;
    f->options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    f->options.callbacks.transfer_progress = watch_size;
    f->options.callbacks.payload = f;
}

static int fetch(struct fetching *f, struct mirror_fetched *fetched, struct err *err)
{
    git_oid old, tip;
    bool had = git_reference_name_to_id(&old, f->repository, MIRROR_GIT_REF) == 0;
    int rc = f->local != NULL ? ask_local(f, &tip) : ask_remote(f, &tip);

    if (rc == GIT_ENOTFOUND)
        return err_set(err, ERR_NOT_FOUND, "branch %s not found in %s", f->source->branch,
                       f->source->url);
    if (rc == 0 && (!had || !git_oid_equal(&old, &tip)))
        rc = f->local != NULL ? mirror_copy(f->local, f->repository, had ? &old : NULL, &tip)
                              : bring_remote(f);
    if (rc < 0)
        return unfetched(f, rc, err);
    if ((rc = take_tip(f, &tip, err)) < 0)
        return rc;
    fetched->changed = !had || !git_oid_equal(&old, &tip);
    git_oid_tostr(fetched->tip, sizeof(fetched->tip), &tip);
    return 0;
}

int mirror_fetch(const struct mirror_source *source, struct mirror_fetched *ret_fetched,
                 struct err *err)
{
    struct fetching f = {.source = source};
    struct mirror_fetched fetched;
    int rc;

    if (!names_is_branch(source->branch))
        return err_set(err, ERR_INVALID, "\"%.100s\" is not the name of a branch", source->branch);
    snprintf(f.ref, sizeof(f.ref), "refs/heads/%s", source->branch);
    set_options(&f);
    rc = resolve(&f, err);
    if (rc == 0)
        rc = open_or_make(&f, err);
    if (rc == 0)
        rc = fetch(&f, &fetched, err);
    git_remote_free(f.remote);
    git_repository_free(f.local);
    git_repository_free(f.repository);
    if (rc == 0)
        *ret_fetched = fetched;
    return rc;
}
