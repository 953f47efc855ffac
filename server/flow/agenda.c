#include "server/flow/agenda.h"

#include <stdlib.h>
#include <string.h>

#include "lib/model/config.h"
#include "lib/rules/verdict.h"
#include "server/flow/flow.h"
#include "server/flow/snapshot.h"

struct run {
    int64_t deployment_id;
    struct agenda_entry entry;
};

struct agenda {
    const struct config *config;
    time_ms made_at; /* of the snapshot */
    char digest[65];
    size_t *first; /* of each repository, in `entries` */
    struct agenda_entry *entries;
    size_t n;
    struct run *
        runs; /* by id; those that ended stay until there is another configuration, or many of them */
    size_t n_runs, cap_runs;
};

#define RUNS_KEPT 10000

static bool is_of(const struct agenda *a, const struct snapshot *snapshot)
{
    return a != NULL && a->config == snapshot->config && a->made_at == snapshot->made_at &&
           strcmp(a->digest, snapshot->digest) == 0;
}

void agenda_open(struct agenda **agenda, const struct snapshot *snapshot)
{
    const struct config *config = snapshot->config;
    struct agenda *a;

    if (is_of(*agenda, snapshot))
        return;
    agenda_free(*agenda);
    a = calloc(1, sizeof(*a));
    if (a == NULL || (a->first = calloc(config->n_repos + 1, sizeof(*a->first))) == NULL)
        abort();
    a->config = config;
    a->made_at = snapshot->made_at;
    memcpy(a->digest, snapshot->digest, sizeof(a->digest));
    for (size_t i = 0; i < config->n_repos; i++) {
        a->first[i] = a->n;
        a->n += config->repos[i].n_environments;
    }
    a->entries = calloc(a->n + 1, sizeof(*a->entries));
    if (a->entries == NULL)
        abort();
    agenda_touch(a, NULL);
    *agenda = a;
}

void agenda_free(struct agenda *a)
{
    if (a == NULL)
        return;
    free(a->first);
    free(a->entries);
    free(a->runs);
    free(a);
}

struct agenda_entry *agenda_environment(struct agenda *a, size_t repo, size_t environment)
{
    return &a->entries[a->first[repo] + environment];
}

struct agenda_entry *agenda_deployment(struct agenda *a, int64_t id)
{
    size_t i = a->n_runs;

    while (i > 0 && a->runs[i - 1].deployment_id > id)
        i--;
    if (i > 0 && a->runs[i - 1].deployment_id == id)
        return &a->runs[i - 1].entry;
    if (a->n_runs >= RUNS_KEPT) {
        a->n_runs = 0; /* those that run still are due once more */
        i = 0;
    }
    if (a->n_runs == a->cap_runs) {
        a->cap_runs = a->cap_runs == 0 ? 64 : 2 * a->cap_runs;
        a->runs = realloc(a->runs, a->cap_runs * sizeof(*a->runs));
        if (a->runs == NULL)
            abort();
    }
    memmove(&a->runs[i + 1], &a->runs[i], (a->n_runs - i) * sizeof(*a->runs));
    a->n_runs++;
    a->runs[i] = (struct run){.deployment_id = id, .entry = {.touched = true}};
    return &a->runs[i].entry;
}

static bool needs(const struct config_environment *e, const struct config_environment *before)
{
    for (size_t i = 0; i < e->n_needs; i++)
        if (e->needs[i] == before || needs(e->needs[i], before))
            return true;
    return false;
}

void agenda_touch(struct agenda *a, const struct config_environment *environment)
{
    for (size_t i = 0; i < a->config->n_repos; i++) {
        const struct config_repo *repo = &a->config->repos[i];
        if (environment != NULL && environment->repo != repo)
            continue;
        for (size_t k = 0; k < repo->n_environments; k++) {
            const struct config_environment *e = &repo->environments[k];
            if (environment == NULL || e == environment || needs(e, environment))
                a->entries[a->first[i] + k].touched = true;
        }
    }
}

bool agenda_is_due(struct look *look, const struct agenda_entry *entry)
{
    if (look->whole || entry->touched || entry->next <= look->now)
        return true;
    look_again(look, entry->next);
    return false;
}

struct agenda_judging agenda_begin(struct look *look, struct agenda_entry *entry)
{
    struct agenda_judging j = {look, entry, look->next, look->moved};

    look->next = VERDICT_NEVER;
    look->moved = false;
    return j;
}

bool agenda_end(const struct agenda_judging *j)
{
    struct look *look = j->look;
    bool moved = look->moved;

    j->entry->next = look->next;
    j->entry->touched = moved;
    look_again(look, j->next);
    look->moved = moved || j->moved;
    return moved;
}
