#include "lib/rules/access.h"

#include <string.h>

#include "lib/base/str.h"

bool access_lists_document(const struct access_key *key, const char *name)
{
    for (size_t i = 0; i < key->documents.n; i++)
        if (strcmp(key->documents.items[i], "*") == 0 || strcmp(key->documents.items[i], name) == 0)
            return true;
    return false;
}

static const char *listed(struct arena *arena, const struct config_list *list)
{
    const char *text = list->n == 0 ? "none" : "";

    for (size_t i = 0; i < list->n; i++)
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", list->items[i]);
    return text;
}

const char *access_refuses_document(struct arena *arena, const struct access_key *key,
                                    const struct access_document *d)
{
    if (d->migrates)
        return arena_printf(arena,
                            "key %s may not run %s: it belongs to a migrate job, which runs only "
                            "in a deployment",
                            key->name, d->name);
    if (!key->shell && d->free_shell)
        return arena_printf(arena, "key %s may not run %s (shell: false); documents it may run: %s",
                            key->name, d->name, listed(arena, &key->documents));
    if (!access_lists_document(key, d->name))
        return arena_printf(arena, "key %s may not run %s; documents it may run: %s", key->name,
                            d->name, listed(arena, &key->documents));
    if (!key->shell && d->origin == ACCESS_MADE)
        return arena_printf(arena,
                            "key %s may not run %s (shell: false): it was made at the door; only "
                            "documents of the configuration and shipped ones",
                            key->name, d->name);
    if (!key->shell && d->unguarded != NULL)
        return arena_printf(arena,
                            "key %s may not run %s (shell: false): its parameter %s has no "
                            "allowedPattern",
                            key->name, d->name, d->unguarded);
    return NULL;
}

/* Each key that is listed is there with one of its values. */
static const char *missing_tag(const struct access_key *key, const struct config_pairs *tags)
{
    for (size_t i = 0; i < key->tags.n; i++) {
        const char *wanted = key->tags.items[i].key;
        bool found = false;

        for (size_t k = 0; k < key->tags.n && !found; k++) {
            if (strcmp(key->tags.items[k].key, wanted) != 0)
                continue;
            for (size_t t = 0; t < tags->n && !found; t++)
                found = strcmp(tags->items[t].key, wanted) == 0 &&
                        strcmp(tags->items[t].value, key->tags.items[k].value) == 0;
        }
        if (!found)
            return wanted;
    }
    return NULL;
}

static bool names_environment(struct arena *arena, const struct access_key *key,
                              const struct access_environment *e)
{
    const char *whole = arena_printf(arena, "%s/%s", e->repository, e->name);

    for (size_t i = 0; i < key->environments.n; i++)
        if (strcmp(key->environments.items[i], e->name) == 0 ||
            strcmp(key->environments.items[i], whole) == 0)
            return true;
    return false;
}

const char *access_refuses_host(struct arena *arena, const struct access_key *key,
                                const struct access_host *host)
{
    const char *missing = key->any_host ? NULL : missing_tag(key, host->tags);

    if (!key->any_host && key->tags.n == 0)
        return arena_printf(arena, "key %s names no host tags, so it reaches no host", key->name);
    if (missing != NULL)
        return arena_printf(arena, "key %s may not reach host %s (%s): its tag %s is another",
                            key->name, host->name, host->id, missing);
    for (size_t i = 0; i < host->n_environments; i++) {
        const struct access_environment *e = &host->environments[i];

        if (!names_environment(arena, key, e))
            return arena_printf(arena,
                                "key %s may not reach host %s (%s): it belongs to %s/%s, which "
                                "the key does not name",
                                key->name, host->name, host->id, e->repository, e->name);
    }
    return NULL;
}

const char *access_held(struct arena *arena, const struct access_host *host)
{
    for (size_t i = 0; i < host->n_environments; i++) {
        const struct access_environment *e = &host->environments[i];

        if (e->hold != NULL)
            return arena_printf(arena, "host %s (%s): %s/%s is held: %s", host->name, host->id,
                                e->repository, e->name, e->hold);
    }
    return NULL;
}
