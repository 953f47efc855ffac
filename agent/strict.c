/* strict: see strict.h. */
#include "agent/strict.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/document.h"

static bool has_bytes(struct arena *arena, const char *folder, const char *file,
                      const char *document)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    size_t len = 0;
    bool same = file_read_all(arena_printf(arena, "%s/%s", folder, file), DOCUMENT_MAX, &text, &len,
                              &err) == 0 &&
                len == strlen(document) && memcmp(text, document, len) == 0;

    free(text);
    return same;
}

/* Root's or ours, and nobody else puts documents in. */
static int check_folder(const char *folder, struct err *err)
{
    struct stat st;

    if (lstat(folder, &st) < 0)
        return err_set(err, ERR_DENIED, "looking at %s: %s", folder, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_DENIED, "%s is not a folder", folder);
    if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 0022) != 0)
        return err_set(err, ERR_DENIED,
                       "others can put documents into %s. It must be root's or this agent's, and "
                       "chmod go-w",
                       folder);
    return 0;
}

/* The bytes that were refused, for a person to look at. Best effort; the newest of each name. */
static const char *keep(struct arena *arena, const char *state, const char *name,
                        const char *document)
{
    const char *folder = arena_printf(arena, "%s/refused", state);
    const char *path = arena_printf(arena, "%s/%s", folder, name);
    struct err err = ERR_INIT;

    if (!names_is_document(name) || file_mkdirs(folder, 0700, &err) < 0 ||
        file_write_atomic(path, document, strlen(document), 0600, &err) < 0)
        return NULL;
    return path;
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
    rc = check_folder(config->strict, err);
    if (rc < 0)
        return err_wrap(err, "strict mode");
    dir = opendir(config->strict);
    if (dir == NULL)
        return err_set(err, ERR_DENIED, "strict mode: reading %s: %s", config->strict,
                       strerror(errno));
    for (int i = 0; i < STRICT_FILES_MAX && !found && (entry = readdir(dir)) != NULL; i++)
        found =
            entry->d_name[0] != '.' && has_bytes(arena, config->strict, entry->d_name, document);
    closedir(dir);
    if (found)
        return 0;
    kept = keep(arena, state, name, document);
    return err_set(err, ERR_DENIED, "strict mode: %s is not among the documents of %s. %s%s%s",
                   name, config->strict, kept != NULL ? "Read " : "", kept != NULL ? kept : "",
                   kept != NULL ? ", and copy it there if this host may run it" : "");
}
