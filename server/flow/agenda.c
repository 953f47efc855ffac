#include "server/flow/agenda.h"

#include <stdlib.h>
#include <string.h>

#include "lib/model/config.h"
#include "lib/rules/verdict.h"
#include "server/flow/door_watch.h"
#include "server/flow/flow.h"
#include "server/flow/snapshot.h"

#define TURNS_MAX 50 /* of one entry in a row, without rest; then it takes a breath ... */
#define BREATH_MS 50 /* ... of so long: what never rests must not take the machine */

struct line {
    struct agenda_entry **heap; /* by `next`, the earliest first */
    size_t n_heap, cap_heap;
    struct agenda_entry *
        *queue; /* touched, from `first` on; what was taken otherwise is passed over */
    size_t first, n_queue, cap_queue;
};

struct agenda {
    const struct config *config;
    time_ms made_at; /* of the snapshot */
    char digest[65];
    struct agenda_entry *environments, *sources; /* in the order of the configuration */
    size_t *first; /* environment of each repository, and behind the last */
    size_t n_environments;
    bool is_old;
    size_t n_waiting;           /* for signs of hosts */
    struct agenda_entry **runs; /* by id */
    size_t n_runs, cap_runs;
    struct line lines[AGENDA_LINES];
    struct door_watch *commands;
};

static void *grown(void *items, size_t *cap, size_t n, size_t size)
{
    if (n < *cap)
        return items;
    *cap = *cap == 0 ? 64 : 2 * *cap;
    items = realloc(items, *cap * size);
    if (items == NULL)
        abort();
    return items;
}

/* The heap ----------------------------------------------------------------------------------------- */

static void place(struct line *l, size_t i, struct agenda_entry *e)
{
    l->heap[i - 1] = e;
    e->place = i;
}

static void rise(struct line *l, size_t i, struct agenda_entry *e)
{
    for (; i > 1 && l->heap[i / 2 - 1]->next > e->next; i /= 2)
        place(l, i, l->heap[i / 2 - 1]);
    place(l, i, e);
}

static void sink(struct line *l, size_t i, struct agenda_entry *e)
{
    for (size_t child; (child = 2 * i) <= l->n_heap; i = child) {
        if (child < l->n_heap && l->heap[child]->next < l->heap[child - 1]->next)
            child++;
        if (l->heap[child - 1]->next >= e->next)
            break;
        place(l, i, l->heap[child - 1]);
    }
    place(l, i, e);
}

static void heap_put(struct line *l, struct agenda_entry *e)
{
    if (e->next == VERDICT_NEVER)
        return;
    l->heap = grown(l->heap, &l->cap_heap, l->n_heap, sizeof(struct agenda_entry *));
    l->n_heap++;
    rise(l, l->n_heap, e);
}

static void heap_take(struct line *l, struct agenda_entry *e)
{
    struct agenda_entry *last;
    size_t i = e->place;

    if (i == 0)
        return;
    e->place = 0;
    last = l->heap[--l->n_heap];
    if (last == e)
        return;
    sink(l, i, last);
    rise(l, last->place, last);
}

/* Life ---------------------------------------------------------------------------------------------- */

bool agenda_is_of(const struct agenda *a, const struct snapshot *snapshot)
{
    return a != NULL && a->config == snapshot->config && a->made_at == snapshot->made_at &&
           strcmp(a->digest, snapshot->digest) == 0;
}

void agenda_open(struct agenda **agenda, const struct snapshot *snapshot)
{
    const struct config *config = snapshot->config;
    struct agenda *a;
    size_t n = 0;

    if (agenda_is_of(*agenda, snapshot))
        return;
    agenda_free(*agenda);
    for (size_t i = 0; i < config->n_repos; i++)
        n += config->repos[i].n_environments;
    a = calloc(1, sizeof(*a));
    if (a == NULL || (a->environments = calloc(n + 1, sizeof(*a->environments))) == NULL ||
        (a->sources = calloc(config->n_repos + 1, sizeof(*a->sources))) == NULL ||
        (a->first = calloc(config->n_repos + 1, sizeof(*a->first))) == NULL)
        abort();
    a->commands = door_watch_new();
    a->config = config;
    a->made_at = snapshot->made_at;
    memcpy(a->digest, snapshot->digest, sizeof(a->digest));
    for (size_t i = 0; i < config->n_repos; i++) {
        const struct config_repo *repo = &config->repos[i];
        a->sources[i] =
            (struct agenda_entry){.line = AGENDA_SOURCES, .repo = repo, .next = VERDICT_NEVER};
        for (size_t k = 0; k < repo->n_environments; k++)
            a->environments[a->n_environments++] =
                (struct agenda_entry){.line = AGENDA_ENVIRONMENTS,
                                      .repo = repo,
                                      .environment = &repo->environments[k],
                                      .next = VERDICT_NEVER};
        a->first[i + 1] = a->n_environments;
    }
    agenda_touch_repository(a, NULL);
    *agenda = a;
}

void agenda_free(struct agenda *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->n_runs; i++)
        free(a->runs[i]);
    for (size_t i = 0; i < AGENDA_LINES; i++) {
        free(a->lines[i].heap);
        free(a->lines[i].queue);
    }
    door_watch_free(a->commands);
    free(a->runs);
    free(a->environments);
    free(a->sources);
    free(a->first);
    free(a);
}

bool agenda_is_new(struct agenda *a)
{
    bool is_new = !a->is_old;

    a->is_old = true;
    return is_new;
}

/* Runs ----------------------------------------------------------------------------------------------- */

/* The place of the first run whose id is not smaller. */
static size_t run_place(const struct agenda *a, int64_t id)
{
    size_t low = 0, high = a->n_runs;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (a->runs[middle]->deployment_id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct agenda_entry *run_of(const struct agenda *a, int64_t id)
{
    size_t i = run_place(a, id);

    return i < a->n_runs && a->runs[i]->deployment_id == id ? a->runs[i] : NULL;
}

static struct agenda_entry *add_run(struct agenda *a, int64_t id, const struct config_repo *repo,
                                    const struct config_environment *environment)
{
    struct agenda_entry *run = malloc(sizeof(*run));
    size_t i = run_place(a, id);

    if (run == NULL)
        abort();
    *run = (struct agenda_entry){.line = AGENDA_RUNS,
                                 .repo = repo,
                                 .environment = environment,
                                 .deployment_id = id,
                                 .next = VERDICT_NEVER};
    a->runs = grown(a->runs, &a->cap_runs, a->n_runs, sizeof(struct agenda_entry *));
    memmove(&a->runs[i + 1], &a->runs[i], (a->n_runs - i) * sizeof(struct agenda_entry *));
    a->runs[i] = run;
    a->n_runs++;
    return run;
}

struct agenda_entry *agenda_run(struct agenda *a, int64_t id, const struct config_repo *repo,
                                const struct config_environment *environment)
{
    struct agenda_entry *run = run_of(a, id);

    if (run == NULL) {
        run = add_run(a, id, repo, environment);
        agenda_touch(a, run);
    }
    return run;
}

void agenda_run_at(struct agenda *a, int64_t id, const struct config_repo *repo,
                   const struct config_environment *environment, time_ms next)
{
    struct agenda_entry *run =
        run_of(a, id); /* a look may have met it before its commit was heard of */

    if (run != NULL && run->next <= next)
        return;
    if (run == NULL)
        run = add_run(a, id, repo, environment);
    heap_take(&a->lines[AGENDA_RUNS], run);
    run->next = next;
    heap_put(&a->lines[AGENDA_RUNS], run);
}

void agenda_drop(struct agenda *a, struct agenda_entry *run)
{
    struct line *l = &a->lines[AGENDA_RUNS];
    size_t i = run_place(a, run->deployment_id);

    heap_take(l, run);
    agenda_wait_for_signs(a, run, false);
    for (size_t k = l->first; k < l->n_queue; k++)
        if (l->queue[k] == run)
            l->queue[k] = NULL;
    memmove(&a->runs[i], &a->runs[i + 1], (a->n_runs - i - 1) * sizeof(struct agenda_entry *));
    a->n_runs--;
    free(run);
}

/* Touching -------------------------------------------------------------------------------------------- */

static void enqueue(struct line *l, struct agenda_entry *e)
{
    if (l->n_queue == l->cap_queue && l->first > 0) {
        l->n_queue -= l->first;
        memmove(l->queue, l->queue + l->first, l->n_queue * sizeof(struct agenda_entry *));
        l->first = 0;
    }
    l->queue = grown(l->queue, &l->cap_queue, l->n_queue, sizeof(struct agenda_entry *));
    l->queue[l->n_queue++] = e;
}

void agenda_touch(struct agenda *a, struct agenda_entry *e)
{
    if (e->touched)
        return;
    e->touched = true;
    if (!e->in_hand)
        enqueue(&a->lines[e->line], e);
}

struct door_watch *agenda_commands(struct agenda *a)
{
    return a->commands;
}

void agenda_wait_for_signs(struct agenda *a, struct agenda_entry *e, bool waits)
{
    a->n_waiting += (size_t)waits - (size_t)e->waits_for_signs;
    e->waits_for_signs = waits;
}

void agenda_touch_waiting(struct agenda *a)
{
    if (a->n_waiting == 0)
        return;
    for (size_t i = 0; i < a->n_environments; i++)
        if (a->environments[i].waits_for_signs)
            agenda_touch(a, &a->environments[i]);
    for (size_t i = 0; i < a->n_runs; i++)
        if (a->runs[i]->waits_for_signs)
            agenda_touch(a, a->runs[i]);
}

void agenda_touch_environments(struct agenda *a, const struct config_repo *repo)
{
    size_t from = repo == NULL ? 0 : a->first[repo - a->config->repos];
    size_t to = repo == NULL ? a->n_environments : a->first[repo - a->config->repos + 1];

    for (size_t i = from; i < to; i++)
        agenda_touch(a, &a->environments[i]);
}

void agenda_touch_environment(struct agenda *a, const struct config_environment *environment)
{
    const struct config_repo *repo = environment->repo;

    agenda_touch(a, &a->environments[a->first[repo - a->config->repos] +
                                     (size_t)(environment - repo->environments)]);
    for (size_t i = 0; i < a->n_runs; i++)
        if (a->runs[i]->environment == environment)
            agenda_touch(a, a->runs[i]);
}

static void touch_sources(struct agenda *a, const struct config_repo *repo)
{
    size_t from = repo == NULL ? 0 : (size_t)(repo - a->config->repos);
    size_t to = repo == NULL ? a->config->n_repos : from + 1;

    for (size_t i = from; i < to; i++)
        agenda_touch(a, &a->sources[i]);
}

struct agenda_entry *agenda_source(struct agenda *a, const struct config_repo *repo)
{
    return &a->sources[repo - a->config->repos];
}

static bool needs(const struct config_environment *e, const struct config_environment *before)
{
    for (size_t i = 0; i < e->n_needs; i++)
        if (e->needs[i] == before || needs(e->needs[i], before))
            return true;
    return false;
}

void agenda_touch_needing(struct agenda *a, const struct config_environment *environment)
{
    size_t repo = (size_t)(environment->repo - a->config->repos);

    for (size_t i = a->first[repo]; i < a->first[repo + 1]; i++)
        if (needs(a->environments[i].environment, environment))
            agenda_touch(a, &a->environments[i]);
}

void agenda_touch_repository(struct agenda *a, const struct config_repo *repo)
{
    agenda_touch_environments(a, repo);
    touch_sources(a, repo);
    agenda_touch_runs(a, repo);
}

void agenda_touch_runs(struct agenda *a, const struct config_repo *repo)
{
    for (size_t i = 0; i < a->n_runs; i++)
        if (repo == NULL || a->runs[i]->repo == repo)
            agenda_touch(a, a->runs[i]);
}

bool agenda_touch_run(struct agenda *a, int64_t id)
{
    struct agenda_entry *run = run_of(a, id);

    if (run != NULL)
        agenda_touch(a, run);
    return run != NULL;
}

/* Taking ------------------------------------------------------------------------------------------------ */

/* The first of the queue that is touched still. */
static struct agenda_entry *touched_first(struct line *l)
{
    while (l->first < l->n_queue) {
        struct agenda_entry *e = l->queue[l->first];
        if (e != NULL && e->touched && !e->in_hand)
            return e;
        l->first++;
    }
    l->first = 0;
    l->n_queue = 0;
    return NULL;
}

/* The one that is due first; the look comes back when one will be. */
static struct agenda_entry *due_first(struct look *look, struct line *l)
{
    if (l->n_heap > 0 && l->heap[0]->next <= look->now)
        return l->heap[0];
    if (l->n_heap > 0)
        look_again(look, l->heap[0]->next);
    return touched_first(l);
}

struct agenda_entry *agenda_take(struct look *look, enum agenda_line line)
{
    struct line *l = &look->flow->agenda->lines[line];
    struct agenda_entry *e = due_first(look, l);

    if (e == NULL)
        return NULL;
    heap_take(l, e);
    e->touched = false;
    e->in_hand = true;
    return e;
}

void agenda_put(struct look *look, struct agenda_entry *e, time_ms next, bool moved)
{
    struct line *l = &look->flow->agenda->lines[e->line];

    e->turns = moved || next <= look->now ? e->turns + 1 : 0;
    /* With the others that are due it keeps its turn. */
    if (moved)
        next = e->next < look->now ? e->next : look->now;
    if (e->turns >= TURNS_MAX) {
        e->turns = 0;
        next = look->now + BREATH_MS;
    }
    e->next = next;
    e->in_hand = false;
    if (e->touched)
        enqueue(l, e);
    heap_put(l, e);
    look_again(look, next);
}

time_ms agenda_next(const struct agenda *agenda, enum agenda_line line)
{
    const struct line *l = &agenda->lines[line];

    return l->n_heap > 0 ? l->heap[0]->next : VERDICT_NEVER;
}

bool agenda_has_due(struct look *look, enum agenda_line line)
{
    return due_first(look, &look->flow->agenda->lines[line]) != NULL;
}
