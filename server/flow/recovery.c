#include "server/flow/recovery.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/github/github_api.h"
#include "lib/model/config.h"
#include "server/flow/courier.h"
#include "server/flow/recovery_walk.h"
#include "server/flow/snapshot.h"

#define EVERY_MS (INT64_C(5) * 60 * 1000)
#define PATIENCE_MS                                                                                \
    (INT64_C(5) * 1000) /* after a walk that was not complete; then twice as long ... */
#define SETTLE_MS (INT64_C(20) * 1000)
#define ANSWER_MAX ((size_t)32 << 20) /* one delivery has a payload of at most 25 MB in it */

/* A repository, as long as the process lives; made by the thread, never freed before the end. */
struct place {
    struct place *next;
    char *name;
    struct recovery_hook hook;
    struct recovery_misses misses;
    uint64_t walked;               /* the round in which this hook's list was walked */
    struct recovery_report report; /* under the mutex */
};

struct recovery {
    struct recovery_options options;
    struct courier courier;
    mono_ms soon; /* 0 = nothing was turned away; under the mutex */
    struct place *places;
    uint64_t round;
    int64_t patience_ms; /* after the next walk that is not complete */
    int64_t soon_ms;     /* from recovery_soon() to the walk; under the mutex */
    bool called;         /* this round was asked for */
    int64_t found;       /* in this round */
};

/* A round ---------------------------------------------------------------------------------------- */

/* An owner's webhook serves several repositories: its list is walked once in a round. */
static bool was_walked(const struct recovery *r, const struct place *place)
{
    for (const struct place *p = r->places; p != NULL; p = p->next)
        if (p != place && p->hook.id == place->hook.id && p->walked == r->round)
            return true;
    return false;
}

static struct place *place_of(struct recovery *r, const char *name)
{
    struct place *p;

    for (p = r->places; p != NULL; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p;
    p = calloc(1, sizeof(*p));
    if (p == NULL || (p->name = strdup(name)) == NULL)
        abort();
    pthread_mutex_lock(&r->courier.mutex);
    p->next = r->places;
    r->places = p;
    pthread_mutex_unlock(&r->courier.mutex);
    return p;
}

static int walk_deliveries(struct recovery *r, struct place *place, struct recovery_walk *w,
                           struct err *err)
{
    int rc = place->hook.id == 0 ? recovery_walk_find_hook(w, err) : 0;

    if (rc < 0 || was_walked(r, place))
        return rc;
    place->walked = r->round;
    return recovery_walk_deliveries(w, err);
}

/* `rc` of the whole; `lists` has a text where deliveries cannot be compared. */
static void report(struct recovery *r, struct place *place, const struct recovery_walk *w, int rc,
                   const struct err *err, const struct err *lists)
{
    struct recovery_report *report = &place->report;
    bool lacks = rc == 0 && !w->whole && place->misses.n > 0;
    const char *trouble = atomic_load(&r->courier.stopping) ? ""
                          : rc < 0                          ? err->text
                          : lacks                           ? place->misses.last
                                                            : "";
    struct err given_up = ERR_INIT;

    if (place->misses.given_up > 0 && lists->text[0] == '\0') {
        (void)err_set(&given_up, ERR_UNKNOWN, "%d of what was missed was given up: %s",
                      place->misses.given_up, place->misses.last);
        lists = &given_up;
    }

    if (trouble[0] != '\0' && !str_eq(report->trouble, trouble))
        log_warning("recovery.unfinished", "repo=%s err=%s", LOG(place->name), LOG(trouble));
    if (lists->text[0] != '\0' && !str_eq(report->lists, lists->text))
        log_warning("recovery.no-list", "repo=%s err=%s", LOG(place->name), LOG(lists->text));
    pthread_mutex_lock(&r->courier.mutex);
    report->found += w->found;
    (void)snprintf(report->trouble, sizeof(report->trouble), "%s", trouble);
    (void)snprintf(report->lists, sizeof(report->lists), "%s", lists->text);
    if (rc == 0 && w->whole)
        report->compared_at = w->began;
    pthread_mutex_unlock(&r->courier.mutex);
}

/* `*ret_whole`: nothing was left over. */
static int walk_repository(struct recovery *r, const struct config *config,
                           const struct config_repo *repo, bool *ret_whole, struct err *err)
{
    struct place *place = place_of(r, repo->name);
    struct arena arena;
    struct recovery_walk w = {.api = r->courier.api,
                              .clock = r->options.clock,
                              .writer = r->options.writer,
                              .readers = r->options.readers,
                              .secret = r->options.secret,
                              .ring = r->options.ring,
                              .ring_arg = r->options.ring_arg,
                              .stopping = &r->courier.stopping,
                              .config = config,
                              .repo = repo,
                              .hook = &place->hook,
                              .misses = &place->misses,
                              .has_room = r->options.has_room,
                              .arena = &arena,
                              .began = clock_now(r->options.clock)};
    struct err lists = ERR_INIT, own = ERR_INIT;
    bool pulls_whole;
    int rc;

    arena_init(&arena);
    rc = recovery_walk_pulls(&w, err);
    pulls_whole = w.whole && rc == 0;
    if (rc != ERR_BUSY) { /* who may not ask for the one may ask for the other */
        int listed = walk_deliveries(r, place, &w, &own);
        /* That the token may not, or that there is no webhook, is known and said; it is no reason to try harder. */
        if (listed == ERR_DENIED || listed == ERR_NOT_FOUND)
            lists = own;
        else if (listed < 0 && rc == 0)
            *err = own;
        if (rc == 0 && listed != ERR_DENIED && listed != ERR_NOT_FOUND)
            rc = listed;
    }
    w.whole = w.whole && pulls_whole;
    report(r, place, &w, rc, err, &lists);
    *ret_whole = w.whole;
    r->found += w.found;
    arena_deinit(&arena);
    return rc;
}

/* When to walk next, in ms from now. */
static int64_t walk_all(struct recovery *r)
{
    const struct snapshot *snapshot = snapshots_take(r->options.snapshots);
    const struct config *config = snapshot->config;
    int64_t left_alone = 0, wait;
    bool all = true;

    r->round++;
    r->found = 0;
    for (size_t i = 0; i < config->n_repos && left_alone == 0 && !atomic_load(&r->courier.stopping);
         i++) {
        struct err err = ERR_INIT;
        bool whole = true;
        int rc = walk_repository(r, config, &config->repos[i], &whole, &err);

        if (rc == ERR_BUSY) /* all questions count for one limit */
            left_alone = github_api_wait_ms(r->courier.api);
        all = all && rc == 0 && whole;
    }
    snapshots_give(snapshot);
    pthread_mutex_lock(&r->courier.mutex);
    r->soon_ms = !r->called || r->found > 0  ? r->options.settle_ms
                 : r->soon_ms * 2 < EVERY_MS ? r->soon_ms * 2
                                             : EVERY_MS;
    pthread_mutex_unlock(&r->courier.mutex);
    wait = all ? EVERY_MS : r->patience_ms;
    r->patience_ms = all                             ? PATIENCE_MS
                     : r->patience_ms * 2 < EVERY_MS ? r->patience_ms * 2
                                                     : EVERY_MS;
    return wait > left_alone ? wait : left_alone;
}

static void sleep_for(struct recovery *r, int64_t wait)
{
    mono_ms due = courier_now() + wait;

    pthread_mutex_lock(&r->courier.mutex);
    while (!atomic_load(&r->courier.stopping)) {
        mono_ms until = r->soon != 0 && r->soon < due ? r->soon : due;
        if (courier_now() >= until)
            break;
        courier_wait(&r->courier, until);
    }
    r->called = r->soon != 0;
    r->soon = 0;
    pthread_mutex_unlock(&r->courier.mutex);
}

static void *recovery_main(void *arg)
{
    struct recovery *r = arg;

    while (!atomic_load(&r->courier.stopping))
        sleep_for(r, walk_all(r));
    return NULL;
}

void recovery_soon(struct recovery *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->courier.mutex);
    if (r->soon == 0) { /* the first one decides: a flood does not put it off for ever */
        r->soon = courier_now() + r->soon_ms;
        courier_ring(&r->courier);
    }
    pthread_mutex_unlock(&r->courier.mutex);
}

void recovery_report(struct recovery *r, const char *repository, struct recovery_report *ret_report)
{
    *ret_report = (struct recovery_report){.compared_at = 0};
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->courier.mutex);
    for (const struct place *p = r->places; p != NULL; p = p->next)
        if (strcmp(p->name, repository) == 0)
            *ret_report = p->report;
    pthread_mutex_unlock(&r->courier.mutex);
}

/* Life -------------------------------------------------------------------------------------------- */

int recovery_start(const struct recovery_options *options, struct recovery **ret_recovery,
                   struct err *err)
{
    struct recovery *r = calloc(1, sizeof(*r));
    int rc;

    if (r == NULL)
        abort();
    r->options = *options;
    r->options.github.answer_max = ANSWER_MAX;
    if (r->options.settle_ms == 0)
        r->options.settle_ms = SETTLE_MS;
    r->patience_ms = PATIENCE_MS;
    r->soon_ms = r->options.settle_ms;
    rc = courier_start(&r->courier, &r->options.github, "recovery", recovery_main, r, err);
    if (rc < 0)
        free(r);
    else
        *ret_recovery = r;
    return rc;
}

void recovery_stop(struct recovery *r)
{
    if (r == NULL)
        return;
    courier_stop(&r->courier);
    courier_free(&r->courier);
    while (r->places != NULL) {
        struct place *p = r->places;
        r->places = p->next;
        free(p->name);
        free(p);
    }
    free(r);
}
