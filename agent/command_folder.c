/* command_folder: see command_folder.h. */
#include "agent/command_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/key_chain.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/names.h"
#include "lib/base/redact.h"
#include "lib/base/str.h"
#include "lib/ssm/content_steps.h"
#include "lib/ssm/message.h"

#define COMMANDS "commands"

const char *command_folder_path(struct arena *arena, const char *state, const char *command_id)
{
    return arena_printf(arena, "%s/" COMMANDS "/%s", state, command_id);
}

static int write_file(struct arena *arena, const char *folder, const char *name, const char *text,
                      struct err *err)
{
    return file_write_atomic(arena_printf(arena, "%s/%s", folder, name), text, strlen(text), 0600,
                             err);
}

static int read_file(struct arena *arena, const char *folder, const char *name, size_t max,
                     const char **ret_text, struct err *err)
{
    char *bytes = NULL;
    size_t len;
    int rc = file_read_all(arena_printf(arena, "%s/%s", folder, name), max, &bytes, &len, err);

    if (rc == 0)
        *ret_text = arena_strn(arena, bytes, len);
    free(bytes);
    return rc;
}

int command_folder_make(struct arena *arena, const char *state, const char *command_id,
                        const struct message_command *c, struct err *err)
{
    const char *folder = command_folder_path(arena, state, command_id);
    int rc = file_mkdirs(folder, 0700, err), lock;

    /* Never another file in place of the one that somebody may hold. */
    if (rc == 0 && (rc = command_folder_lock(arena, folder, &lock, err)) == 0)
        close(lock);
    if (rc == 0)
        rc = write_file(arena, folder, "envelope", c->envelope, err);
    if (rc == 0)
        rc = write_file(arena, folder, "signature", c->signature, err);
    if (rc == 0)
        rc = write_file(arena, folder, "document", c->document, err);
    if (rc == 0 && c->parameters != NULL)
        rc = write_file(arena, folder, "parameters", c->parameters, err);
    if (rc == 0 && c->redact != NULL)
        rc = write_file(arena, folder, "redact", c->redact, err);
    return rc;
}

/* Both are there, or neither. */
static bool is_digest_of(const char *text, const char *expected)
{
    char digest[DIGEST_HEX_SIZE];

    if (text == NULL || expected == NULL)
        return text == expected;
    digest_sha256_hex(text, strlen(text), digest);
    return str_eq(digest, expected);
}

int command_folder_document(struct arena *arena, const struct envelope *envelope,
                            const struct message_command *c, struct document *ret_document,
                            struct err *err)
{
    if (!is_digest_of(c->document, envelope->document_digest))
        return err_set(err, ERR_DENIED, "its document is not the one that was signed");
    if (!is_digest_of(c->parameters, envelope->parameters_digest))
        return err_set(err, ERR_DENIED, "its parameters are not those that were signed");
    if (!is_digest_of(c->redact, envelope->redact_digest))
        return err_set(err, ERR_DENIED,
                       "the patterns of what it must hide are not those that were signed");
    return c->parameters != NULL
               ? content_steps_make(arena, c->document, strlen(c->document), c->parameters,
                                    ret_document, err)
               : document_parse(arena, c->document, strlen(c->document), ret_document, err);
}

int command_folder_order(struct arena *arena, struct key_chain *keys, const char *folder,
                         struct command_order *ret_order, struct err *err)
{
    const char *envelope = "", *signature = "";
    struct message_command c = {.document = ""};
    struct command_order order;
    int rc;

    if ((rc = read_file(arena, folder, "envelope", ENVELOPE_MAX, &envelope, err)) < 0 ||
        (rc = read_file(arena, folder, "signature", 1024, &signature, err)) < 0 ||
        (rc = read_file(arena, folder, "document", DOCUMENT_MAX, &c.document, err)) < 0 ||
        (rc = key_chain_read(keys, arena, envelope, signature, &order.envelope, err)) < 0)
        return rc;
    if (order.envelope.parameters_digest != NULL)
        rc = read_file(arena, folder, "parameters", DOCUMENT_MAX, &c.parameters, err);
    if (rc == 0 && order.envelope.redact_digest != NULL)
        rc = read_file(arena, folder, "redact", REDACT_TEXT_MAX, &c.redact, err);
    if (rc == 0)
        rc = command_folder_document(arena, &order.envelope, &c, &order.document, err);
    order.redact = c.redact;
    if (rc == 0)
        *ret_order = order;
    return rc;
}

int command_folder_lock(struct arena *arena, const char *folder, int *ret_fd, struct err *err)
{
    return file_lock(arena_printf(arena, "%s/lock", folder), ret_fd, err);
}

bool command_folder_may_have_begun(struct arena *arena, const char *folder)
{
    return access(arena_printf(arena, "%s/output", folder), F_OK) == 0 ||
           access(arena_printf(arena, "%s/outcome", folder), F_OK) == 0;
}

int command_folder_look(struct arena *arena, const char *folder, struct err *err)
{
    const char *path = arena_printf(arena, "%s/lock", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc = 0;

    if (fd < 0)
        return errno == ENOENT
                   ? 0
                   : err_set(err, ERR_INTERNAL, "looking at %s: %s", path, strerror(errno));
    if (flock(fd, LOCK_SH | LOCK_NB) < 0)
        rc = errno == EWOULDBLOCK
                 ? err_set(err, ERR_BUSY, "%s is held by another process", path)
                 : err_set(err, ERR_INTERNAL, "looking at %s: %s", path, strerror(errno));
    close(fd);
    return rc;
}

/* All ------------------------------------------------------------------------------------------ */

int command_folder_all(struct arena *arena, const char *state, const char ***ret_ids, size_t *ret_n,
                       struct err *err)
{
    const char *path = arena_printf(arena, "%s/" COMMANDS, state);
    const char **ids = NULL;
    const struct dirent *entry;
    size_t n = 0, cap = 0;
    DIR *dir = opendir(path);

    if (dir == NULL)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INTERNAL, "reading %s: %s", path,
                       strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        if (names_is_uuid(entry->d_name))
            *ARENA_PUSH(arena, ids, n, cap) = arena_str(arena, entry->d_name);
    }
    closedir(dir);
    *ret_ids = ids;
    *ret_n = n;
    return 0;
}

/* Remove all that is in the folder, `depth` levels down, then the folder. Links are not followed. */
static void remove_tree(int parent, const char *name, int depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
            continue;
        if (unlinkat(fd, entry->d_name, 0) < 0 && depth > 0)
            remove_tree(fd, entry->d_name, depth - 1);
    }
    if (dir != NULL)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

/* What a script left behind may be deep; deeper than this stays. */
#define DEPTH_MAX 16

void command_folder_remove(const char *path)
{
    remove_tree(AT_FDCWD, path, DEPTH_MAX);
}

struct over {
    const char *id;
    struct command_folder_end end;
};

static int newest_first(const void *a, const void *b)
{
    const struct over *x = a, *y = b;

    return x->end.at < y->end.at ? 1 : x->end.at > y->end.at ? -1 : 0;
}

void command_folder_prune(struct arena *arena, const char *state, time_ms now,
                          struct command_folder_end (*end_of)(void *arg, const char *command_id),
                          void *arg)
{
    int commands =
        open(arena_printf(arena, "%s/" COMMANDS, state), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct err err = ERR_INIT;
    const char **ids;
    struct over *all;
    size_t n, n_all = 0;

    if (commands < 0 || command_folder_all(arena, state, &ids, &n, &err) < 0) {
        if (commands >= 0)
            close(commands);
        return;
    }
    all = arena_array(arena, n, sizeof(*all));
    for (size_t i = 0; i < n; i++) {
        all[n_all] = (struct over){ids[i], end_of(arg, ids[i])};
        n_all += all[n_all].end.since != 0;
    }
    qsort(all, n_all, sizeof(*all), newest_first);
    for (size_t i = 0; i < n_all; i++) {
        if (now - all[i].end.since > COMMAND_FOLDER_KEPT_MS)
            remove_tree(commands, all[i].id, DEPTH_MAX);
        else if (i >= COMMAND_FOLDER_OUTPUT_KEPT)
            (void)unlinkat(commands, arena_printf(arena, "%s/output", all[i].id), 0);
    }
    close(commands);
}
