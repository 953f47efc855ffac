#include "server/flow/recovery_walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/zip.h"
#include "lib/github/body_time.h"
#include "lib/github/github_api.h"
#include "lib/github/github_hook.h"
#include "lib/github/github_pull.h"
#include "lib/github/signature.h"
#include "lib/model/config.h"
#include "lib/rules/watermark.h"
#include "lib/store/store_config.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_repository.h"
#include "lib/store/writer.h"

#define PAYLOAD_MAX ((size_t)25 << 20)
#define PULL_PAGES_MAX 30
#define DELIVERY_PAGES_MAX 300
#define TRIES_MAX 20  /* walks, the last of them five minutes apart: more than an hour */
#define OUTAGE 5      /* in a row */
#define FOUND_MAX 200 /* in one walk: the rest is the next one's */
#define WEBHOOK_PATH "/webhooks/github"

/* The store -------------------------------------------------------------------------------------- */

static int with_reader(struct recovery_walk *w,
                       int (*fn)(struct recovery_walk *w, struct db *db, void *arg,
                                 struct err *err),
                       void *arg, struct err *err)
{
    struct db *db;
    int rc = db_pool_take(w->readers, &db, err);

    if (rc < 0)
        return rc;
    rc = fn(w, db, arg, err);
    db_pool_give(w->readers, db);
    return rc;
}

static int read_repository(struct recovery_walk *w, struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return store_repository_by_name(db, w->arena, w->repo->name, &w->repository, err);
}

struct mark {
    const char *source;
    time_ms at;
};

static int read_mark(struct recovery_walk *w, struct db *db, void *arg, struct err *err)
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

static int walked(struct recovery_walk *w, struct mark *mark, struct err *err)
{
    if (!w->whole)
        return 0;
    mark->at = watermark_after(w->began);
    return writer_do(w->writer, write_mark, mark, err);
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
static int take_in(struct recovery_walk *w, const char *guid, const char *event,
                   enum delivery_origin origin, char *payload, struct err *err)
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
    t.delivery.received_at = clock_now(w->clock);
    signature_mark_unsigned(w->secret, payload, t.size, t.delivery.body_mark);
    t.delivery.body_at = body_time(payload, t.size, false);
    t.zstd = zstd = zip_compress(zip_of_thread(), payload, t.size, &t.zstd_len);
    rc = writer_do(w->writer, put, &t, err);
    free(zstd);
    free(payload);
    if (rc < 0 || t.known)
        return rc;
    w->found++;
    log_notice("recovery.found", "repo=%s delivery=%s event=%s origin=%s", LOG(w->repo->name),
               LOG(guid), LOG(event), delivery_origins[origin]);
    if (w->ring != NULL)
        w->ring(w->ring_arg);
    return 0;
}

static bool is_stopping(const struct recovery_walk *w)
{
    return atomic_load(w->stopping);
}

static int check_room(const struct recovery_walk *w, struct err *err)
{
    return w->has_room == NULL || w->has_room(w->ring_arg)
               ? 0
               : err_set(err, ERR_BUSY,
                         "the disk has no room for deliveries; what was missed is asked for later");
}

/* Misses ----------------------------------------------------------------------------------------- */

static struct recovery_miss *miss_of(struct recovery_misses *m, int64_t what)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->items[i].what == what)
            return &m->items[i];
    return NULL;
}

static bool is_given_up(const struct recovery_walk *w, int64_t what)
{
    const struct recovery_miss *miss = miss_of(w->misses, what);

    return miss != NULL && miss->tries >= TRIES_MAX;
}

/* It came, or not: of one that GitHub does not hand out the rest goes on. Else `rc`. */
static int weigh(struct recovery_walk *w, int64_t what, int rc, struct err *err)
{
    struct recovery_misses *m = w->misses;
    struct recovery_miss *miss = miss_of(m, what);

    if (rc != ERR_UNKNOWN && rc != ERR_INVALID) {
        w->in_a_row = 0;
        if (rc == 0 && miss != NULL)
            *miss = m->items[--m->n];
        return rc;
    }
    if (miss == NULL) {
        if (m->n == RECOVERY_MISSES_MAX) /* the oldest begins anew */
            memmove(m->items, m->items + 1, --m->n * sizeof(*m->items));
        miss = &m->items[m->n++];
        *miss = (struct recovery_miss){.what = what};
    }
    (void)snprintf(m->last, sizeof(m->last), "%s", err->text);
    if (++miss->tries == TRIES_MAX) {
        m->given_up++;
        log_error("recovery.given-up", "repo=%s err=%s", LOG(w->repo->name), LOG(err->text));
    } else {
        w->whole = false;
    }
    return ++w->in_a_row >= OUTAGE ? rc : 0;
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

static void guid_of(const struct recovery_walk *w, const struct github_pull *pull, char guid[129])
{
    (void)snprintf(guid, 129, "looked-up-%" PRId64 "-%" PRId64 "-%" PRId64, w->repository.id,
                   pull->number, pull->updated_at);
}

static bool is_known_so(const struct pull_request *known, const struct github_pull *pull)
{
    enum pull_request_state state = pull->merged ? PULL_REQUEST_MERGED
                                    : pull->open ? PULL_REQUEST_OPEN
                                                 : PULL_REQUEST_CLOSED;

    if (pull->merged && (known->state != PULL_REQUEST_MERGED || known->merge_sha[0] == '\0'))
        return false; /* final, whatever was told later and of the same second (W4) */
    return known->updated_at > pull->updated_at ||
           (known->state == state && known->draft == pull->draft &&
            str_eq(known->head_sha, pull->head_sha) && str_eq(known->title, pull->title));
}

static int sift_pulls(struct recovery_walk *w, struct db *db, void *arg, struct err *err)
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
            if (rc == 0 && delivery.origin == DELIVERY_LOOKED_UP)
                continue; /* asked already; the flow reads it, or it could not be read */
            rc = rc == 0 ? ERR_NOT_FOUND : rc; /* somebody else called his so */
        }
        if (rc != ERR_NOT_FOUND)
            return rc;
        *ARENA_PUSH(w->arena, p->items, p->n, p->cap) = *pull;
    }
    return 0;
}

static int look_up(struct recovery_walk *w, const struct github_pull *pull, struct err *err)
{
    char *payload;
    char guid[129];
    int rc = check_room(w, err);

    if (rc == 0)
        rc = github_pull_payload(w->api, w->repo->name, pull->number, &payload, err);
    if (rc == ERR_NOT_FOUND)
        return 0; /* between the two questions it went away */
    guid_of(w, pull, guid);
    if (rc == 0)
        rc = take_in(w, guid, "pull_request", DELIVERY_LOOKED_UP, payload, err);
    return weigh(w, -pull->number, rc, err);
}

int recovery_walk_pulls(struct recovery_walk *w, struct err *err)
{
    struct mark mark = {0};
    struct pulls p = {.n = 0};
    int rc = with_reader(w, read_repository, NULL, err);
    bool first;

    /* By its row: it goes on under another name. */
    mark.source = arena_printf(w->arena, "pulls/%" PRId64, w->repository.id);
    if (rc == 0)
        rc = with_reader(w, read_mark, &mark, err);
    first = mark.at == 0;
    /* At first sight the newest page, whatever its age: what is open now is of interest. */
    p.since = first ? 0 : watermark_since(mark.at, w->began, 0);
    w->whole = true;
    for (int page = 1; rc == 0 && !p.end && !is_stopping(w); page++) {
        struct github_pull *items;
        if (page > PULL_PAGES_MAX) {
            log_warning("recovery.gap", "repo=%s err=%s", LOG(w->repo->name),
                        "over 3000 pull requests changed since they were compared last: the "
                        "newest are compared, and the branch");
            break;
        }
        rc = github_pull_list(w->api, w->arena, w->repo->name, w->repo->branch, page, &items,
                              &p.n_page, err);
        p.page = items;
        if (rc == 0)
            rc = with_reader(w, sift_pulls, &p, err);
        p.end = p.end || first || p.n_page < GITHUB_PULL_PAGE;
    }
    /* The oldest first: what an interruption leaves is the newest, which the next walk reaches first. */
    for (size_t i = p.n; i > 0 && rc == 0; i--) {
        if (is_given_up(w, -p.items[i - 1].number))
            continue;
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

static bool is_ours(const struct recovery_walk *w, const struct github_hook *hook)
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
int recovery_walk_find_hook(struct recovery_walk *w, struct err *err)
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
        int rc = github_hook_list(w->api, w->arena, owners[i], &hooks, &n, &own);

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
                w->hook->id = hooks[k].id;
                memcpy(w->hook->owner, owners[i], sizeof(w->hook->owner));
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

static int sift_deliveries(struct recovery_walk *w, struct db *db, void *arg, struct err *err)
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

static int fetch(struct recovery_walk *w, const struct github_delivery *d, struct err *err)
{
    char *payload;
    int rc = check_room(w, err);

    if (rc == 0)
        rc = github_hook_payload(w->api, w->hook->owner, w->hook->id, d->id, &payload, err);
    if (rc == ERR_NOT_FOUND)
        return 0; /* no longer kept; the pull requests are compared all the same */
    if (rc == 0)
        rc = take_in(w, d->guid, d->event, DELIVERY_FETCHED, payload, err);
    return weigh(w, d->id, rc, err);
}

int recovery_walk_deliveries(struct recovery_walk *w, struct err *err)
{
    struct mark mark = {.source = arena_printf(w->arena, "deliveries/%" PRId64, w->hook->id)};
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
        if (page == DELIVERY_PAGES_MAX) {
            log_warning("recovery.gap", "repo=%s err=%s", LOG(w->repo->name),
                        "over 30000 deliveries since they were compared last: the newest are "
                        "fetched, pull requests and the branch are compared");
            break;
        }
        rc = github_hook_deliveries(w->api, w->arena, w->hook->owner, w->hook->id, cursor, &items,
                                    &l.n_page, err);
        l.page = items;
        if (rc == 0)
            rc = with_reader(w, sift_deliveries, &l, err);
        l.end = l.end || cursor[0] == '\0';
    }
    for (size_t i = l.n; i > 0 && rc == 0; i--) {
        if (is_given_up(w, l.items[i - 1].id))
            continue;
        if (w->found >= FOUND_MAX || is_stopping(w)) {
            w->whole = false;
            break;
        }
        rc = fetch(w, &l.items[i - 1], err);
    }
    w->whole = w->whole && !is_stopping(w);
    if (rc == ERR_NOT_FOUND)
        w->hook->id = 0; /* it is gone; another one may be there */
    return rc < 0 ? rc : walked(w, &mark, err);
}
