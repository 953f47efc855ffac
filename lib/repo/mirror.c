/* mirror: see mirror.h. The library's settings, where a mirror lies, what a killed worker left in it. */
#include "lib/repo/mirror.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/repo/git_library.h"

/* A worker has 1 GiB of address space: packs are looked at through small windows, few at a time. */
#define WINDOW ((size_t)16 << 20)
#define WINDOWS ((size_t)256 << 20)
#define WINDOW_FILES ((size_t)128)
#define CACHE ((ssize_t)32 << 20)

void mirror_library_begin(const char *ca_file)
{
    git_libgit2_init();
    for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0); /* mirror-roots decides */
    git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, ca_file == NULL ? MIRROR_CA_FILE : ca_file,
                     NULL);
    git_libgit2_opts(GIT_OPT_SET_USER_AGENT, "slipway/" SLIPWAY_VERSION);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, WINDOW);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, WINDOWS);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, WINDOW_FILES);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, CACHE);
    git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, (size_t)MIRROR_OBJECTS_MAX);
    git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, (size_t)MIRROR_OBJECT_MAX);
}

int mirror_path(const char *folder, const char *name, char *out, size_t size, struct err *err)
{
    const char *slash = name == NULL ? NULL : strchr(name, '/');
    int n;

    if (!names_is_repo(name))
        return err_set(err, ERR_INVALID, "\"%.100s\" is not the name of a repository",
                       name == NULL ? "" : name);
    n = snprintf(out, size, "%s/%.*s%%%s.git", folder, (int)(slash - name), name, slash + 1);
    if (n < 0 || (size_t)n >= size)
        return err_set(err, ERR_INVALID, "the folder of mirrors has too long a name");
    return 0;
}

/* libgit2 names what is not finished `*.lock`, or `WHAT_git2_XXXXXX`. */
static int remove_leftover(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    const char *name = path + at->base;

    (void)st;
    if (kind == FTW_F && (str_ends(name, ".lock") || strstr(name, "_git2_") != NULL))
        unlink(path);
    return 0;
}

void mirror_sweep_one(const char *path)
{
    nftw(path, remove_leftover, 8, FTW_PHYS);
}

void mirror_sweep(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *e;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        char path[4096];
        if (str_ends(e->d_name, ".git") &&
            snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) < (int)sizeof(path))
            mirror_sweep_one(path);
    }
    if (dir != NULL)
        closedir(dir);
}
