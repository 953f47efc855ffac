/* progress_index: see progress_index.h. */
#include "lib/rules/progress_index.h"

#include <stdlib.h>
#include <string.h>

/* One entry of either list: whose it is, and the number in the facts. */
struct entry {
    const char *host_id;
    size_t number;
};

struct progress_index {
    struct entry *invocations; /* by host, then by number */
    size_t *firsts;            /* of each invocation: where its host's entries begin */
    struct entry *hosts;       /* by host */
};

static int by_host(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->host_id, y->host_id);

    if (order != 0)
        return order;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void note_firsts(struct progress_index *index, size_t n)
{
    size_t first = 0;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(index->invocations[i].host_id, index->invocations[first].host_id) != 0)
            first = i;
        index->firsts[index->invocations[i].number] = first;
    }
}

const struct progress_index *progress_index_make(const struct progress_facts *f,
                                                 struct arena *arena)
{
    struct progress_index *index = arena_alloc(arena, sizeof(*index));

    index->invocations = arena_array(arena, f->n_invocations, sizeof(*index->invocations));
    for (size_t i = 0; i < f->n_invocations; i++)
        index->invocations[i] = (struct entry){f->invocations[i].host_id, i};
    if (f->n_invocations > 0)
        qsort(index->invocations, f->n_invocations, sizeof(*index->invocations), by_host);
    index->firsts = arena_array(arena, f->n_invocations, sizeof(*index->firsts));
    note_firsts(index, f->n_invocations);
    index->hosts = arena_array(arena, f->n_hosts, sizeof(*index->hosts));
    for (size_t i = 0; i < f->n_hosts; i++)
        index->hosts[i] = (struct entry){f->hosts[i].id, i};
    if (f->n_hosts > 0)
        qsort(index->hosts, f->n_hosts, sizeof(*index->hosts), by_host);
    return index;
}

/* The first entry that is not before this host. */
static size_t find(const struct entry *entries, size_t n, const char *host_id)
{
    size_t from = 0;

    while (from < n) {
        size_t middle = from + (n - from) / 2;

        if (strcmp(entries[middle].host_id, host_id) < 0)
            from = middle + 1;
        else
            n = middle;
    }
    return from;
}

struct progress_index_tries progress_index_tries(const struct progress_facts *f,
                                                 const char *host_id)
{
    return (struct progress_index_tries){.facts = f,
                                         .host_id = host_id,
                                         .at = f->index == NULL ? 0
                                                                : find(f->index->invocations,
                                                                       f->n_invocations, host_id),
                                         .end = f->n_invocations};
}

struct progress_index_tries progress_index_tries_like(const struct progress_facts *f, size_t number)
{
    return (struct progress_index_tries){.facts = f,
                                         .host_id = f->invocations[number].host_id,
                                         .at = f->index == NULL ? 0 : f->index->firsts[number],
                                         .end = f->n_invocations};
}

bool progress_index_next(struct progress_index_tries *t, size_t *ret_number)
{
    const struct progress_facts *f = t->facts;

    for (; t->at < t->end; t->at++) {
        size_t i = f->index == NULL ? t->at : f->index->invocations[t->at].number;

        if (strcmp(f->invocations[i].host_id, t->host_id) == 0) {
            *ret_number = i;
            t->at++;
            return true;
        }
        if (f->index != NULL)
            break; /* they stand together */
    }
    return false;
}

const struct host *progress_index_host(const struct progress_facts *f, const char *host_id)
{
    size_t at = f->index == NULL ? 0 : find(f->index->hosts, f->n_hosts, host_id);

    for (; at < f->n_hosts; at++) {
        size_t i = f->index == NULL ? at : f->index->hosts[at].number;

        if (strcmp(f->hosts[i].id, host_id) == 0)
            return &f->hosts[i];
        if (f->index != NULL)
            break;
    }
    return NULL;
}
