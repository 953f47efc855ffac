/* document_shipped: see document_shipped.h. */
#include "lib/ssm/document_shipped.h"

#include <ctype.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/embed.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

/* generated/document_files.c: deploy/documents, NAME@VERSION.sh, sorted. */
extern const struct embedded_file document_files[];
extern const size_t n_document_files;

#define SHIPPED_MAX 64
#define SUFFIX ".sh"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct document_shipped table[SHIPPED_MAX];
static char names[SHIPPED_MAX][80];
static size_t n_table;

static void fill_table(void)
{
    for (size_t i = 0; i < n_document_files && n_table < SHIPPED_MAX; i++) {
        const struct embedded_file *file = &document_files[i];
        size_t len = strlen(file->name);

        if (!str_ends(file->name, SUFFIX) || len - strlen(SUFFIX) >= sizeof(names[0]))
            continue;
        memcpy(names[n_table], file->name, len - strlen(SUFFIX));
        if (!names_is_document(names[n_table]))
            abort(); /* a file of our own with a name that nothing could ask for */
        table[n_table] = (struct document_shipped){
            .name = names[n_table],
            .script = (const char *)file->bytes,
            .len = file->len,
            .digest = file->sha256,
        };
        n_table++;
    }
}

const struct document_shipped *document_shipped_all(size_t *ret_n)
{
    (void)pthread_once(&once, fill_table);
    *ret_n = n_table;
    return table;
}

static long version_of(const char *name)
{
    return strtol(strchr(name, '@') + 1, NULL, 10);
}

const struct document_shipped *document_shipped_find(const char *name)
{
    const struct document_shipped *found = NULL;
    size_t len = strcspn(name, "@");
    const struct document_shipped *all;
    size_t n;

    all = document_shipped_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (strncmp(all[i].name, name, len) != 0 || all[i].name[len] != '@')
            continue;
        if (name[len] == '@') {
            if (strcmp(all[i].name, name) == 0)
                return &all[i];
        } else if (found == NULL || version_of(all[i].name) > version_of(found->name)) {
            found = &all[i];
        }
    }
    return found;
}

/* "fetch, migrate, ...", as `uses:` names them. */
static const char *list_names(struct arena *arena)
{
    const char *list = "";
    const struct document_shipped *all;
    size_t n;

    all = document_shipped_all(&n);
    for (size_t i = 0; i < n; i++) {
        const char *name = str_starts(all[i].name, "migrate-run@")
                               ? arena_printf(arena, "migrate%s", strchr(all[i].name, '@'))
                               : all[i].name;

        if (!str_starts(all[i].name, "migrate-check@") &&
            !str_starts(all[i].name, "migrate-probe@"))
            list = arena_printf(arena, "%s%s%s", list, *list != '\0' ? ", " : "", name);
    }
    return list;
}

/* Of `uses`, with what stands in front of its version replaced by `name`. */
static const struct document_shipped *find_part(struct arena *arena, const char *name,
                                                const char *uses)
{
    const char *at = strchr(uses, '@');

    return document_shipped_find(arena_printf(arena, "%s%s", name, at != NULL ? at : ""));
}

int document_shipped_steps(struct arena *arena, const char *uses, const char *step_name,
                           struct document_step ret_steps[DOCUMENT_SHIPPED_STEPS], size_t *ret_n,
                           struct err *err)
{
    bool migrates = strcmp(uses, "migrate") == 0 || str_starts(uses, "migrate@");
    const struct document_shipped *check =
        migrates ? find_part(arena, "migrate-check", uses) : NULL;
    const struct document_shipped *run =
        migrates ? find_part(arena, "migrate-run", uses) : document_shipped_find(uses);
    size_t n = 0;

    if (run == NULL || (migrates && check == NULL))
        return err_set(err, ERR_NOT_FOUND, "no document %.80s is shipped; there are %s", uses,
                       list_names(arena));
    if (check != NULL)
        ret_steps[n++] = (struct document_step){.action = DOCUMENT_RUN,
                                                .name = "check",
                                                .script = check->script,
                                                .working_directory = "",
                                                .run_as = ""};
    ret_steps[n++] = (struct document_step){.action = DOCUMENT_RUN,
                                            .name = step_name,
                                            .script = run->script,
                                            .working_directory = "",
                                            .run_as = ""};
    *ret_n = n;
    return 0;
}

/* Variables ---------------------------------------------------------------------------------- */

/* A later one of the same name wins. */
static void put(struct arena *arena, struct config_pairs *pairs, size_t *cap, const char *key,
                const char *value)
{
    for (size_t i = 0; i < pairs->n; i++) {
        if (strcmp(pairs->items[i].key, key) == 0) {
            pairs->items[i].value = value;
            return;
        }
    }
    *ARENA_PUSH(arena, pairs->items, pairs->n, *cap) =
        (struct config_pair){.key = key, .value = value};
}

/* "unit" -> SLIPWAY_WITH_UNIT */
static const char *with_name(struct arena *arena, const char *key)
{
    char *name = arena_printf(arena, "SLIPWAY_WITH_%s", key);

    for (char *p = name; *p != '\0'; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    return name;
}

void document_shipped_environment(struct arena *arena, const struct document_settings *settings,
                                  const struct config_pairs *with, const struct config_pairs *env,
                                  struct config_pairs *ret_environment)
{
    struct config_pairs pairs = {.n = 0};
    size_t cap = 0;

    for (size_t i = 0; env != NULL && i < env->n; i++)
        put(arena, &pairs, &cap, env->items[i].key, env->items[i].value);
    if (settings->root != NULL)
        put(arena, &pairs, &cap, "SLIPWAY_ROOT", settings->root);
    put(arena, &pairs, &cap, "SLIPWAY_KEEP",
        arena_printf(arena, "%lld", (long long)settings->keep));
    put(arena, &pairs, &cap, "SLIPWAY_MIRROR", settings->mirror);
    put(arena, &pairs, &cap, "SLIPWAY_BRANCH", settings->branch);
    for (size_t i = 0; with != NULL && i < with->n; i++)
        put(arena, &pairs, &cap, with_name(arena, with->items[i].key), with->items[i].value);
    *ret_environment = pairs;
}
