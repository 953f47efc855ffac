/* door_targets: see door_targets.h. */
#include "server/api/door_targets.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/store_host.h"

#define IDS_MAX 50
#define VALUES_MAX 50

static bool is_key(const char *key)
{
    return strcasecmp(key, "InstanceIds") == 0 || strcmp(key, "tag-key") == 0 ||
           strcmp(key, "resource-groups:Name") == 0 ||
           strcmp(key, "resource-groups:ResourceTypeFilters") == 0 ||
           (str_starts(key, "tag:") && key[4] != '\0');
}

void door_targets_read(struct door_shape *s, struct door_targets *t)
{
    static const struct door_shape_rule key_rule = {
        .required = true,
        .min = 1,
        .max = 163,
        .fits = is_key,
        .pattern = "^(InstanceIds|tag:.+|tag-key|resource-groups:(Name|ResourceTypeFilters))$",
    };
    static const struct door_shape_rule any = {.required = true, .max = 256};
    struct arena *arena = s->call->request->arena;
    const struct cJSON *json = s->call->json;
    const struct cJSON *list = door_shape_list(s, json, "", "InstanceIds", false, IDS_MAX);
    size_t n = 0;

    *t = (struct door_targets){.n_ids = 0};
    door_shape_texts(s, list, "instanceIds", &door_shape_instance, &t->ids, &t->n_ids);
    list = door_shape_list(s, json, "", "Targets", false, DOOR_TARGETS_MAX);
    for (const struct cJSON *i = json_first(list); i != NULL && n < DOOR_TARGETS_MAX;
         i = json_next(i)) {
        struct door_targets_entry *e = &t->entries[n++];
        const char *path = arena_printf(arena, "targets.%zu.member.", n);

        e->key = door_shape_text(s, i, path, "Key", &key_rule);
        door_shape_texts(s, door_shape_list(s, i, path, "Values", false, VALUES_MAX),
                         arena_printf(arena, "%svalues", path), &any, &e->values, &e->n);
    }
    t->n_entries = n;
}

const char *door_targets_twice(const struct door_targets *t)
{
    for (size_t i = 0; i < t->n_ids; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(t->ids[i], t->ids[k]) == 0)
                return t->ids[i];
    return NULL;
}

/* Finding ---------------------------------------------------------------------------------------- */

struct found {
    struct db *db;
    struct arena *arena;
    struct door_targets_host *items;
    size_t n, cap;
};

/* Hosts that one value found: by id, as they come from the store. */
struct run {
    size_t begin, end;
};

static int by_host_id(const void *id, const void *item)
{
    return strcmp(id, ((const struct door_targets_host *)item)->host.id);
}

/* Was it named by its id, or found by an earlier value? Ten thousand hosts are not compared with each other. */
static bool has(const struct found *f, size_t n_ids, const struct run *runs, size_t n,
                const char *id)
{
    for (size_t i = 0; i < n_ids; i++)
        if (strcmp(f->items[i].host.id, id) == 0)
            return true;
    for (size_t i = 0; i < n; i++)
        if (runs[i].end > runs[i].begin &&
            bsearch(id, f->items + runs[i].begin, runs[i].end - runs[i].begin, sizeof(*f->items),
                    by_host_id) != NULL)
            return true;
    return false;
}

static int add(struct found *f, const struct host *host, struct err *err)
{
    struct door_targets_host *item = ARENA_PUSH(f->arena, f->items, f->n, f->cap);

    item->host = *host;
    return host->name[0] == '\0' ? 0 : store_host_tags(f->db, f->arena, host->id, &item->tags, err);
}

/* A host by its id; one that is not there is a deregistered one without a name. */
static int by_id(struct found *f, const char *id, struct host *ret_host, struct err *err)
{
    struct err own = ERR_INIT;
    int rc = store_host_by_id(f->db, f->arena, id, ret_host, &own);

    if (rc == 0 && ret_host->by_ssm)
        rc = ERR_NOT_FOUND; /* AWS' own: who wants to tell it something asks AWS */
    if (rc == ERR_NOT_FOUND) {
        *ret_host = (struct host){.name = "", .state = HOST_DEREGISTERED};
        memcpy(ret_host->id, id, strlen(id) < sizeof(ret_host->id) ? strlen(id) : 20);
        return 0;
    }
    if (rc < 0)
        *err = own;
    return rc;
}

static bool matches(const struct door_targets_entry *e, const struct door_targets_host *h)
{
    for (size_t i = 0; i < e->n; i++) {
        if (strcasecmp(e->key, "InstanceIds") == 0 && strcmp(e->values[i], h->host.id) == 0)
            return true;
        for (size_t k = 0; k < h->tags.n; k++) {
            const struct config_pair *tag = &h->tags.items[k];

            if (strcmp(e->key, "tag-key") == 0 && strcmp(tag->key, e->values[i]) == 0)
                return true;
            if (str_starts(e->key, "tag:") && strcmp(e->key + 4, tag->key) == 0 &&
                strcmp(tag->value, e->values[i]) == 0)
                return true;
        }
    }
    return false;
}

/* Whom the first entry alone means. */
static int candidates(struct found *f, const struct door_targets_entry *e, const char *value,
                      struct host **ret_items, size_t *ret_n, struct err *err)
{
    *ret_items = NULL;
    *ret_n = 0;
    if (strcasecmp(e->key, "InstanceIds") == 0) {
        if (!door_shape_is_instance(value))
            return 0;
        *ret_items = arena_alloc(f->arena, sizeof(**ret_items));
        *ret_n = 1;
        return by_id(f, value, *ret_items, err);
    }
    if (strcmp(e->key, "tag-key") == 0)
        return store_host_tagged(f->db, f->arena, value, NULL, ret_items, ret_n, err);
    if (str_starts(e->key, "tag:"))
        return store_host_tagged(f->db, f->arena, e->key + 4, value, ret_items, ret_n, err);
    return 0; /* resource groups: there are none here */
}

static bool stood_before(const struct door_targets_entry *e, size_t v)
{
    for (size_t i = 0; i < v; i++)
        if (strcmp(e->values[i], e->values[v]) == 0)
            return true;
    return false;
}

/* Of those that one value of the first entry means, who fits the others, too. */
static int add_run(struct found *f, const struct door_targets *t, const char *value,
                   const struct run *runs, size_t n_runs, struct err *err)
{
    struct host *hosts;
    size_t n;
    int rc = candidates(f, &t->entries[0], value, &hosts, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++) {
        bool wanted = true;

        if (hosts[i].state == HOST_DEREGISTERED || hosts[i].by_ssm ||
            has(f, t->n_ids, runs, n_runs, hosts[i].id))
            continue;
        rc = add(f, &hosts[i], err);
        for (size_t k = 1; k < t->n_entries; k++)
            wanted = wanted && matches(&t->entries[k], &f->items[f->n - 1]);
        if (!wanted)
            f->n--;
    }
    return rc;
}

static int add_matching(struct found *f, const struct door_targets *t, struct err *err)
{
    const struct door_targets_entry *first = &t->entries[0];
    struct run runs[VALUES_MAX];
    size_t n_runs = 0;
    int rc = 0;

    for (size_t v = 0; v < first->n && rc == 0; v++) {
        struct run run = {.begin = f->n};

        if (stood_before(first, v))
            continue;
        rc = add_run(f, t, first->values[v], runs, n_runs, err);
        run.end = f->n;
        runs[n_runs++] = run;
    }
    return rc;
}

int door_targets_find(struct db *db, struct arena *arena, const struct door_targets *t,
                      struct door_targets_host **ret_items, size_t *ret_n, struct err *err)
{
    struct found f = {.db = db, .arena = arena};
    int rc = 0;

    for (size_t i = 0; i < t->n_ids && rc == 0; i++) {
        struct host host;

        rc = by_id(&f, t->ids[i], &host, err);
        if (rc == 0)
            rc = add(&f, &host, err);
    }
    if (rc == 0 && t->n_entries > 0)
        rc = add_matching(&f, t, err);
    *ret_items = f.items;
    *ret_n = f.n;
    return rc;
}
