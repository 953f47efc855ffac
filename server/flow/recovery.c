#include "server/flow/recovery.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/base/zip.h"
#include "lib/github/github_api.h"
#include "lib/github/github_hook.h"
#include "lib/github/github_pull.h"
#include "lib/model/config.h"
#include "lib/rules/watermark.h"
#include "lib/store/store_config.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_repository.h"
#include "lib/store/writer.h"
#include "server/flow/snapshot.h"

#define EVERY_MS (INT64_C(5) * 60 * 1000)
#define PATIENCE_MS                                                                                \
    (INT64_C(5) * 1000) /* after a walk that was not complete; then twice as long ... */
#define SETTLE_MS (INT64_C(20) * 1000)
#define ANSWER_MAX ((size_t)32 << 20) /* one delivery has a payload of at most 25 MB in it */
#define PAYLOAD_MAX ((size_t)25 << 20)
#define PULL_PAGES_MAX 30
#define DELIVERY_PAGES_MAX 300
#define FOUND_MAX 200 /* in one walk: the rest is the next one's */
#define WEBHOOK_PATH "/webhooks/github"

/* A repository, as long as the process lives; made by the thread, never freed before the end. */
struct place {
    struct place *next;
    char *name;
    char owner[192];               /* repos/OWNER/NAME or orgs/OWNER; whose hook it is */
    int64_t hook;                  /* 0 = to be looked for */
    uint64_t walked;               /* the round in which this hook's list was walked */
    struct recovery_report report; /* under the mutex */
};

struct recovery {
    struct recovery_options options;
    char *base;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t some;
    atomic_bool stopping;
    mono_ms soon; /* 0 = nothing was turned away; under the mutex */
    struct place *places;
    uint64_t round;
    int64_t patience_ms; /* after the next walk that is not complete */
    struct github_api *api;
};

/* One walk over one repository. */
struct walk {
    struct recovery *r;
    struct place *place;
    const struct config *config;
    const struct config_repo *repo;
    struct arena *arena;
    struct repository repository;
    time_ms began;
    int64_t found;
    bool whole; /* nothing was left for the next walk */
};

/* The store -------------------------------------------------------------------------------------- */

static int with_reader(struct walk *w,
                       int (*fn)(struct walk *w, struct db *db, void *arg, struct err *err),
                       void *arg, struct err *err)
{
    struct db *db;
    int rc = db_pool_take(w->r->options.readers, &db, err);

    if (rc < 0)
        return rc;
    rc = fn(w, db, arg, err);
    db_pool_give(w->r->options.readers, db);
    return rc;
}

static int read_repository(struct walk *w, struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return store_repository_by_name(db, w->arena, w->repo->name, &w->repository, err);
}

struct mark {
    const char *source;
    time_ms at;
};

static int read_mark(struct walk *w, struct db *db, void *arg, struct err *err)
{
    struct mark *mark = arg;

    (void)w;
    return store_watermark(db, mark->source, &mark->at, err);
}

static int write_mark(struct db *db, void *arg, struct err *err)
{
    const struct mark *mark = arg;

    return store_watermark_set(db, mark->source, mark->at, err);
}

static int walked(struct walk *w, struct mark *mark, struct err *err)
{
    if (!w->whole)
        return 0;
    mark->at = watermark_after(w->began);
    return writer_do(w->r->options.writer, write_mark, mark, err);
}

struct taking {
    struct delivery delivery;
    const char *zstd;
    size_t zstd_len, size;
    int64_t id;
    bool known;
};

static int put(struct db *db, void *arg, struct err *err)
{
    struct taking *t = arg;

    return store_delivery_put(db, &t->delivery, t->zstd, t->zstd_len, t->size, &t->id, &t->known,
                              err);
}

/* What was missed enters as a delivery does. Takes `payload` over. */
static int take_in(struct walk *w, const char *guid, const char *event, enum delivery_origin origin,
                   char *payload, struct err *err)
{
    struct taking t = {.delivery = {.state = DELIVERY_RECEIVED, .origin = origin},
                       .size = strlen(payload)};
    char *zstd;
    int rc;

    if (t.size > PAYLOAD_MAX) {
        free(payload);
        return err_set(err, ERR_INVALID, "%s is larger than any event", guid);
    }
    (void)snprintf(t.delivery.guid, sizeof(t.delivery.guid), "%s", guid);
    (void)snprintf(t.delivery.event, sizeof(t.delivery.event), "%s", event);
    t.delivery.received_at = clock_now(w->r->options.clock);
    digest_sha256_hex(payload, t.size, t.delivery.body_digest);
    t.zstd = zstd = zip_compress(zip_of_thread(), payload, t.size, &t.zstd_len);
    rc = writer_do(w->r->options.writer, put, &t, err);
    free(zstd);
    free(payload);
    if (rc < 0 || t.known)
        return rc;
    w->found++;
    log_notice("recovery.found", "repo=%s delivery=%s event=%s origin=%s", LOG(w->repo->name),
               LOG(guid), LOG(event), delivery_origins[origin]);
    if (w->r->options.ring != NULL)
        w->r->options.ring(w->r->options.ring_arg);
    return 0;
}

static bool is_stopping(const struct walk *w)
{
    return atomic_load(&w->r->stopping);
}

/* Pull requests ---------------------------------------------------------------------------------- */

struct pulls {
    struct github_pull
        *items; /* changed since the watermark, and not known so; the last changed first */
    size_t n, cap;
    const struct github_pull *page;
    size_t n_page;
    time_ms since;
    bool end; /* the page reached back to the watermark */
};

static void guid_of(const struct walk *w, const struct github_pull *pull, char guid[129])
{
    (void)snprintf(guid, 129, "looked-up-%" PRId64 "-%" PRId64 "-%" PRId64, w->repository.id,
                   pull->number, pull->updated_at);
}

static bool is_known_so(const struct pull_request *known, const struct github_pull *pull)
{
    enum pull_request_state state = pull->merged ? PULL_REQUEST_MERGED
                                    : pull->open ? PULL_REQUEST_OPEN
                                                 : PULL_REQUEST_CLOSED;

    return known->updated_at >= pull->updated_at ||
           (known->state == state && known->draft == pull->draft &&
            str_eq(known->head_sha, pull->head_sha) && str_eq(known->title, pull->title));
}

static int sift_pulls(struct walk *w, struct db *db, void *arg, struct err *err)
{
    struct pulls *p = arg;

    for (size_t i = 0; i < p->n_page; i++) {
        const struct github_pull *pull = &p->page[i];
        struct pull_request known;
        struct delivery delivery;
        char guid[129];
        int rc;

        if (pull->updated_at < p->since) {
            p->end = true;
            return 0;
        }
        rc =
            store_pull_request_by_number(db, w->arena, w->repository.id, pull->number, &known, err);
        if (rc == 0 && is_known_so(&known, pull))
            continue;
        if (rc == 0 || rc == ERR_NOT_FOUND) {
            guid_of(w, pull, guid);
            rc = store_delivery_by_guid(db, w->arena, guid, &delivery, err);
            if (rc == 0)
                continue; /* asked already; the flow reads it, or it could not be read */
        }
        if (rc != ERR_NOT_FOUND)
            return rc;
        *ARENA_PUSH(w->arena, p->items, p->n, p->cap) = *pull;
    }
    return 0;
}

static int look_up(struct walk *w, const struct github_pull *pull, struct err *err)
{
    char *payload;
    char guid[129];
    int rc = github_pull_payload(w->r->api, w->repo->name, pull->number, &payload, err);

    if (rc == ERR_NOT_FOUND)
        return 0; /* between the two questions it went away */
    guid_of(w, pull, guid);
    return rc < 0 ? rc : take_in(w, guid, "pull_request", DELIVERY_LOOKED_UP, payload, err);
}

static int walk_pulls(struct walk *w, struct err *err)
{
    struct mark mark = {.source = arena_printf(w->arena, "pulls/%s", w->repo->name)};
    struct pulls p = {.n = 0};
    int rc = with_reader(w, read_mark, &mark, err);
    bool first = mark.at == 0;

    /* At first sight the newest page, whatever its age: what is open now is of interest. */
    p.since = first ? 0 : watermark_since(mark.at, w->began, 0);
    w->whole = true;
    for (int page = 1; rc == 0 && !p.end && !is_stopping(w); page++) {
        struct github_pull *items;
        if (page > PULL_PAGES_MAX)
            return err_set(err, ERR_UNKNOWN,
                           "over %d pull requests changed since they were compared last",
                           PULL_PAGES_MAX * GITHUB_PULL_PAGE);
        rc = github_pull_list(w->r->api, w->arena, w->repo->name, w->repo->branch, page, &items,
                              &p.n_page, err);
        p.page = items;
        if (rc == 0)
            rc = with_reader(w, sift_pulls, &p, err);
        p.end = p.end || first || p.n_page < GITHUB_PULL_PAGE;
    }
    /* The oldest first: what an interruption leaves is the newest, which the next walk reaches first. */
    for (size_t i = p.n; i > 0 && rc == 0; i--) {
        if (w->found >= FOUND_MAX || is_stopping(w)) {
            w->whole = false;
            break;
        }
        rc = look_up(w, &p.items[i - 1], err);
    }
    w->whole = w->whole && !is_stopping(w);
    return rc < 0 ? rc : walked(w, &mark, err);
}

/* Deliveries ------------------------------------------------------------------------------------- */

static bool is_ours(const struct walk *w, const struct github_hook *hook)
{
    const char *url = w->config->webhooks_url;
    size_t len = url != NULL ? strlen(url) : 0;

    while (len > 0 && url[len - 1] == '/')
        len--;
    if (!hook->active || url == NULL)
        return hook->active && str_ends(hook->url, WEBHOOK_PATH);
    return strncmp(hook->url, url, len) == 0 && (hook->url[len] == '\0' || hook->url[len] == '/');
}

/* The webhook that brings this repository's events: its own, or its owner's. */
static int find_hook(struct walk *w, struct err *err)
{
    const char *slash = strchr(w->repo->name, '/');
    char owners[2][192];
    int denied = 0;

    (void)snprintf(owners[0], sizeof(owners[0]), "repos/%s", w->repo->name);
    (void)snprintf(owners[1], sizeof(owners[1]), "orgs/%.*s", (int)(slash - w->repo->name),
                   w->repo->name);
    for (int i = 0; i < 2; i++) {
        struct github_hook *hooks;
        size_t n = 0;
        struct err own = ERR_INIT;
        int rc = github_hook_list(w->r->api, w->arena, owners[i], &hooks, &n, &own);

        if (rc == ERR_NOT_FOUND || rc == ERR_DENIED) {
            denied++;
            continue;
        }
        if (rc < 0) {
            *err = own;
            return rc;
        }
        for (size_t k = 0; k < n; k++)
            if (is_ours(w, &hooks[k])) {
                w->place->hook = hooks[k].id;
                memcpy(w->place->owner, owners[i], sizeof(owners[i]));
                return 0;
            }
    }
    return denied > 0
               ? err_set(err, ERR_DENIED,
                         "the token of github.token-file may not read the webhooks of %s",
                         w->repo->name)
               : err_set(err, ERR_NOT_FOUND, "no active webhook of %s leads to %s", w->repo->name,
                         w->config->webhooks_url != NULL ? w->config->webhooks_url : WEBHOOK_PATH);
}

struct listed {
    struct github_delivery *items; /* not known here; the newest first */
    size_t n, cap;
    const struct github_delivery *page;
    size_t n_page;
    time_ms since;
    bool end;
};

static bool is_listed(const struct listed *l, const char *guid)
{
    for (size_t i = l->n; i > 0; i--) /* tries of one event lie close together */
        if (strcmp(l->items[i - 1].guid, guid) == 0)
            return true;
    return false;
}

static int sift_deliveries(struct walk *w, struct db *db, void *arg, struct err *err)
{
    struct listed *l = arg;

    for (size_t i = 0; i < l->n_page; i++) {
        const struct github_delivery *d = &l->page[i];
        struct delivery known;
        int rc;

        if (d->delivered_at < l->since) {
            l->end = true;
            return 0;
        }
        if (d->delivered_at > w->began - WATERMARK_FRESH_MS)
            continue; /* it may be on its way */
        rc = store_delivery_by_guid(db, w->arena, d->guid, &known, err);
        if (rc == ERR_NOT_FOUND && !is_listed(l, d->guid))
            *ARENA_PUSH(w->arena, l->items, l->n, l->cap) = *d;
        else if (rc < 0 && rc != ERR_NOT_FOUND)
            return rc;
    }
    return 0;
}

static int fetch(struct walk *w, const struct github_delivery *d, struct err *err)
{
    char *payload;
    int rc = github_hook_payload(w->r->api, w->place->owner, w->place->hook, d->id, &payload, err);

    if (rc == ERR_NOT_FOUND)
        return 0; /* no longer kept; the pull requests are compared all the same */
    return rc < 0 ? rc : take_in(w, d->guid, d->event, DELIVERY_FETCHED, payload, err);
}

static int walk_list(struct walk *w, struct err *err)
{
    struct mark mark = {.source = arena_printf(w->arena, "deliveries/%" PRId64, w->place->hook)};
    char cursor[GITHUB_HOOK_CURSOR_SIZE] = "";
    struct listed l = {.n = 0};
    int rc = with_reader(w, read_mark, &mark, err);

    if (rc == 0 && watermark_has_gap(mark.at, w->began, WATERMARK_LIST_KEPT_MS))
        log_warning("recovery.gap", "repo=%s err=%s", LOG(w->repo->name),
                    "GitHub keeps deliveries for three days, and Slipway was away for longer: "
                    "pull requests and the branch are compared, older comments and reviews are "
                    "not");
    l.since = watermark_since(mark.at, w->began, WATERMARK_LIST_KEPT_MS);
    w->whole = true;
    for (int page = 0; rc == 0 && !l.end && !is_stopping(w); page++) {
        struct github_delivery *items;
        if (page == DELIVERY_PAGES_MAX)
            return err_set(err, ERR_UNKNOWN, "over %d deliveries since they were compared last",
                           DELIVERY_PAGES_MAX * GITHUB_HOOK_PAGE);
        rc = github_hook_deliveries(w->r->api, w->arena, w->place->owner, w->place->hook, cursor,
                                    &items, &l.n_page, err);
        l.page = items;
        if (rc == 0)
            rc = with_reader(w, sift_deliveries, &l, err);
        l.end = l.end || cursor[0] == '\0';
    }
    for (size_t i = l.n; i > 0 && rc == 0; i--) {
        if (w->found >= FOUND_MAX || is_stopping(w)) {
            w->whole = false;
            break;
        }
        rc = fetch(w, &l.items[i - 1], err);
    }
    w->whole = w->whole && !is_stopping(w);
    if (rc == ERR_NOT_FOUND)
        w->place->hook = 0; /* it is gone; another one may be there */
    return rc < 0 ? rc : walked(w, &mark, err);
}

/* An owner's webhook serves several repositories: its list is walked once in a round. */
static bool was_walked(const struct walk *w)
{
    for (const struct place *p = w->r->places; p != NULL; p = p->next)
        if (p != w->place && p->hook == w->place->hook && p->walked == w->r->round)
            return true;
    return false;
}

static int walk_deliveries(struct walk *w, struct err *err)
{
    int rc = w->place->hook == 0 ? find_hook(w, err) : 0;

    if (rc < 0 || was_walked(w))
        return rc;
    w->place->walked = w->r->round;
    return walk_list(w, err);
}

/* A round ---------------------------------------------------------------------------------------- */

static struct place *place_of(struct recovery *r, const char *name)
{
    struct place *p;

    for (p = r->places; p != NULL; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p;
    p = calloc(1, sizeof(*p));
    if (p == NULL || (p->name = strdup(name)) == NULL)
        abort();
    pthread_mutex_lock(&r->mutex);
    p->next = r->places;
    r->places = p;
    pthread_mutex_unlock(&r->mutex);
    return p;
}

static void report(struct walk *w, int rc, const struct err *err, int lists_rc,
                   const struct err *lists)
{
    struct recovery *r = w->r;
    struct recovery_report *report = &w->place->report;

    if (rc < 0 && !is_stopping(w) && !str_eq(report->trouble, err->text))
        log_warning("recovery.unfinished", "repo=%s err=%s", LOG(w->repo->name), LOG(err->text));
    if (lists_rc < 0 && !str_eq(report->lists, lists->text))
        log_warning("recovery.no-list", "repo=%s err=%s", LOG(w->repo->name), LOG(lists->text));
    pthread_mutex_lock(&r->mutex);
    report->found += w->found;
    (void)snprintf(report->trouble, sizeof(report->trouble), "%s", rc < 0 ? err->text : "");
    (void)snprintf(report->lists, sizeof(report->lists), "%s", lists_rc < 0 ? lists->text : "");
    if (rc == 0 && w->whole)
        report->compared_at = w->began;
    pthread_mutex_unlock(&r->mutex);
}

/* `*ret_whole`: nothing was left over. */
static int walk_repository(struct recovery *r, const struct config *config,
                           const struct config_repo *repo, bool *ret_whole, struct err *err)
{
    struct arena arena;
    struct walk w = {.r = r,
                     .place = place_of(r, repo->name),
                     .config = config,
                     .repo = repo,
                     .arena = &arena,
                     .began = clock_now(r->options.clock)};
    struct err lists = ERR_INIT;
    int lists_rc = 0;
    bool pulls_whole;
    int rc;

    arena_init(&arena);
    rc = with_reader(&w, read_repository, NULL, err);
    if (rc == 0)
        rc = walk_pulls(&w, err);
    pulls_whole = w.whole;
    if (rc == 0) {
        rc = walk_deliveries(&w, err);
        /* That the token may not, or that there is no webhook, is known and said; it is no reason to try harder. */
        if (rc == ERR_DENIED || rc == ERR_NOT_FOUND) {
            lists_rc = rc;
            lists = *err;
            rc = 0;
        }
    }
    w.whole = w.whole && pulls_whole;
    report(&w, rc, err, lists_rc, &lists);
    *ret_whole = w.whole;
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
    for (size_t i = 0; i < config->n_repos && left_alone == 0 && !atomic_load(&r->stopping); i++) {
        struct err err = ERR_INIT;
        bool whole = true;
        int rc = walk_repository(r, config, &config->repos[i], &whole, &err);

        if (rc == ERR_BUSY) /* all questions count for one limit */
            left_alone = github_api_wait_ms(r->api);
        all = all && rc == 0 && whole;
    }
    snapshots_give(snapshot);
    wait = all ? EVERY_MS : r->patience_ms;
    r->patience_ms = all                             ? PATIENCE_MS
                     : r->patience_ms * 2 < EVERY_MS ? r->patience_ms * 2
                                                     : EVERY_MS;
    return wait > left_alone ? wait : left_alone;
}

static struct timespec at_mono(mono_ms at)
{
    return (struct timespec){.tv_sec = at / 1000, .tv_nsec = (long)(at % 1000) * 1000000};
}

/* Real time, also where the clock of the rules is a test's: it is GitHub and the network that are waited for. */
static mono_ms own_mono(void)
{
    return clock_mono(clock_system());
}

static void sleep_for(struct recovery *r, int64_t wait)
{
    mono_ms due = own_mono() + wait;

    pthread_mutex_lock(&r->mutex);
    while (!atomic_load(&r->stopping)) {
        mono_ms until = r->soon != 0 && r->soon < due ? r->soon : due;
        struct timespec at = at_mono(until);
        if (own_mono() >= until)
            break;
        (void)pthread_cond_timedwait(&r->some, &r->mutex, &at);
    }
    r->soon = 0;
    pthread_mutex_unlock(&r->mutex);
}

static void *recovery_main(void *arg)
{
    struct recovery *r = arg;

    while (!atomic_load(&r->stopping))
        sleep_for(r, walk_all(r));
    return NULL;
}

void recovery_soon(struct recovery *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->mutex);
    if (r->soon == 0) { /* the first one decides: a flood does not put it off for ever */
        r->soon = own_mono() + r->options.settle_ms;
        pthread_cond_signal(&r->some);
    }
    pthread_mutex_unlock(&r->mutex);
}

void recovery_report(struct recovery *r, const char *repository, struct recovery_report *ret_report)
{
    *ret_report = (struct recovery_report){.compared_at = 0};
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->mutex);
    for (const struct place *p = r->places; p != NULL; p = p->next)
        if (strcmp(p->name, repository) == 0)
            *ret_report = p->report;
    pthread_mutex_unlock(&r->mutex);
}

/* Life -------------------------------------------------------------------------------------------- */

static void free_all(struct recovery *r)
{
    while (r->places != NULL) {
        struct place *p = r->places;
        r->places = p->next;
        free(p->name);
        free(p);
    }
    github_api_free(r->api);
    secret_free(r->options.token);
    pthread_cond_destroy(&r->some);
    pthread_mutex_destroy(&r->mutex);
    free(r->base);
    free(r);
}

int recovery_start(const struct recovery_options *options, struct recovery **ret_recovery,
                   struct err *err)
{
    struct recovery *r = calloc(1, sizeof(*r));
    pthread_condattr_t attr;

    if (r == NULL || (r->base = strdup(options->api)) == NULL)
        abort();
    r->options = *options;
    if (r->options.settle_ms == 0)
        r->options.settle_ms = SETTLE_MS;
    r->patience_ms = PATIENCE_MS;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->some, &attr);
    pthread_condattr_destroy(&attr);
    r->api = github_api_new(&(struct github_api_options){.base = r->base,
                                                         .token = r->options.token,
                                                         .agent = r->options.agent,
                                                         .timeout_ms = r->options.timeout_ms,
                                                         .answer_max = ANSWER_MAX,
                                                         .stop = &r->stopping});
    if (pthread_create(&r->thread, NULL, recovery_main, r) != 0) {
        free_all(r);
        return err_set(err, ERR_INTERNAL, "the thread of recovery cannot be started");
    }
    *ret_recovery = r;
    return 0;
}

void recovery_stop(struct recovery *r)
{
    if (r == NULL)
        return;
    atomic_store(&r->stopping, true);
    pthread_mutex_lock(&r->mutex);
    pthread_cond_signal(&r->some);
    pthread_mutex_unlock(&r->mutex);
    pthread_join(r->thread, NULL);
    free_all(r);
}
