/* strict: see strict.h. */
#include "agent/strict.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/document.h"

/* Root's or ours, and nobody else writes into it? */
static bool is_ours(const struct stat *st)
{
    return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & 0022) == 0;
}

/* A document of the folder, and nothing that others could change; the caller frees. */
static bool read_document(struct arena *arena, const char *folder, const char *file,
                          char **ret_text, size_t *ret_len)
{
    const char *path = arena_printf(arena, "%s/%s", folder, file);
    struct err err = ERR_INIT;
    struct stat st;

    *ret_text = NULL;
    return file[0] != '.' && lstat(path, &st) == 0 && S_ISREG(st.st_mode) && is_ours(&st) &&
           file_read_all(path, DOCUMENT_MAX, ret_text, ret_len, &err) == 0;
}

/* Root's or ours, and nobody else puts documents in. */
static int check_folder(const char *folder, struct err *err)
{
    struct stat st;

    if (lstat(folder, &st) < 0)
        return err_set(err, ERR_DENIED, "looking at %s: %s", folder, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_DENIED, "%s is not a folder", folder);
    if (!is_ours(&st))
        return err_set(err, ERR_DENIED,
                       "others can put documents into %s. It must be root's or this agent's, and "
                       "chmod go-w",
                       folder);
    return 0;
}

/* Room for one more: whoever may sign could fill the disk with what is refused. */
static void drop_oldest(int folder)
{
    char oldest[256] = "";
    struct timespec at = {0};
    const struct dirent *entry;
    DIR *dir = fdopendir(folder);
    struct stat st;
    size_t n = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.' || fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (n++ == 0 || st.st_mtim.tv_sec < at.tv_sec ||
            (st.st_mtim.tv_sec == at.tv_sec && st.st_mtim.tv_nsec < at.tv_nsec)) {
            at = st.st_mtim;
            snprintf(oldest, sizeof(oldest), "%s", entry->d_name);
        }
    }
    if (n >= STRICT_REFUSED_MAX)
        (void)unlinkat(folder, oldest, 0);
    if (dir != NULL)
        closedir(dir);
    else
        close(folder);
}

/* The bytes that were refused, for a person to look at. Best effort; the newest of each name. */
static const char *keep(struct arena *arena, const char *state, const char *name,
                        const char *document)
{
    const char *folder = arena_printf(arena, "%s/refused", state);
    const char *path = arena_printf(arena, "%s/%s", folder, name);
    struct err err = ERR_INIT;
    int fd;

    if (!names_is_document(name) || file_mkdirs(folder, 0700, &err) < 0)
        return NULL;
    fd = access(path, F_OK) < 0 ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0)
        drop_oldest(fd);
    return file_write_atomic(path, document, strlen(document), 0600, &err) < 0 ? NULL : path;
}

static int open_folder(const char *folder, DIR **ret_dir, struct err *err)
{
    int rc = check_folder(folder, err);

    if (rc == 0 && (*ret_dir = opendir(folder)) == NULL)
        rc = err_set(err, ERR_DENIED, "reading %s: %s", folder, strerror(errno));
    return rc < 0 ? err_wrap(err, "strict mode") : 0;
}

/* What it would run, each by its digest. Nothing if the folder is not as it must be: then it runs nothing. */
void strict_digests(struct arena *arena, const struct agent_config *config,
                    const char ***ret_digests, size_t *ret_n)
{
    const char **digests = arena_array(arena, STRICT_FILES_MAX, sizeof(*digests));
    const struct dirent *entry;
    struct err err = ERR_INIT;
    DIR *dir = NULL;
    size_t n = 0;

    if (open_folder(config->strict, &dir, &err) < 0)
        log_error("strict.folder", "err=%s", LOG(err.text));
    while (dir != NULL && n < STRICT_FILES_MAX && (entry = readdir(dir)) != NULL) {
        char digest[DIGEST_HEX_SIZE], *text;
        size_t len = 0;

        if (read_document(arena, config->strict, entry->d_name, &text, &len)) {
            digest_sha256_hex(text, len, digest);
            digests[n++] = arena_str(arena, digest);
        }
        free(text);
    }
    if (dir != NULL)
        closedir(dir);
    *ret_digests = digests;
    *ret_n = n;
}

int strict_check(struct arena *arena, const struct agent_config *config, const char *state,
                 const char *name, const char *document, struct err *err)
{
    const struct dirent *entry;
    const char *kept;
    bool found = false;
    DIR *dir;
    int rc;

    if (*config->strict == '\0')
        return 0;
    rc = open_folder(config->strict, &dir, err);
    if (rc < 0)
        return rc;
    for (int i = 0; i < STRICT_FILES_MAX && !found && (entry = readdir(dir)) != NULL; i++) {
        char *text;
        size_t len = 0;

        found = read_document(arena, config->strict, entry->d_name, &text, &len) &&
                len == strlen(document) && memcmp(text, document, len) == 0;
        free(text);
    }
    closedir(dir);
    if (found)
        return 0;
    kept = keep(arena, state, name, document);
    return err_set(err, ERR_DENIED, "strict mode: %s is not among the documents of %s. %s%s%s",
                   name, config->strict, kept != NULL ? "Read " : "", kept != NULL ? kept : "",
                   kept != NULL ? ", and copy it there if this host may run it" : "");
}
