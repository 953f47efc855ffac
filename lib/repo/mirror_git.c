/* mirror_git: see mirror_git.h. */
#include "lib/repo/mirror_git.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/names.h"

int mirror_git_failed(struct err *err, enum err_code code, const char *fmt, ...)
{
    const git_error *e = git_error_last();
    char what[800];
    va_list args;

    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    return err_set(err, code, "%s: %s", what,
                   e != NULL && e->message != NULL ? e->message : "git failed");
}

enum err_code mirror_git_code(void)
{
    const git_error *e = git_error_last();

    switch (e == NULL ? GIT_ERROR_NONE : e->klass) {
    case GIT_ERROR_NOMEMORY:
    case GIT_ERROR_OS:
    case GIT_ERROR_REFERENCE:
    case GIT_ERROR_FILESYSTEM:
    case GIT_ERROR_THREAD:
        return ERR_INTERNAL;
    case GIT_ERROR_INDEXER:
    case GIT_ERROR_ODB:
    case GIT_ERROR_OBJECT:
    case GIT_ERROR_ZLIB:
    case GIT_ERROR_SHA:
        return ERR_INVALID;
    default:
        return ERR_UNREACHABLE;
    }
}

int mirror_git_open(const struct mirror_range *range, git_repository **ret_repository,
                    struct err *err)
{
    char path[4096];
    int rc = mirror_path(range->folder, range->name, path, sizeof(path), err);

    if (rc < 0)
        return rc;
    if (git_repository_open_bare(ret_repository, path) < 0)
        return mirror_git_failed(err, ERR_NOT_FOUND, "there is no mirror of %s yet", range->name);
    return 0;
}

int mirror_git_commit(git_repository *repository, const char *sha, git_commit **ret_commit,
                      struct err *err)
{
    git_oid id;
    int rc;

    if (!names_is_sha40(sha))
        return err_set(err, ERR_INVALID, "a commit id of 40 digits is expected");
    git_oid_fromstr(&id, sha);
    rc = git_commit_lookup(ret_commit, repository, &id);
    if (rc < 0)
        return mirror_git_failed(err, rc == GIT_ENOTFOUND ? ERR_NOT_FOUND : ERR_INTERNAL,
                                 "reading commit %s", sha);
    return 0;
}
