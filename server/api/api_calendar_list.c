#include "server/api/api_calendar_list.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/calendar/interval.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/zone.h"
#include "lib/store/store_calendar.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_promise.h"
#include "lib/store/store_pull_request.h"
#include "server/flow/calendar_spans.h"
#include "server/flow/snapshot.h"

#define PROMISES_MAX 1000
#define PULLS_MAX 20

struct listing {
    struct api_view *view;
    const struct api_calendar_span *span;
    struct arena *arena;
    struct api_calendar_entry *items;
    size_t n, cap;
    int64_t sequence; /* of what comes from the configuration: it counts up when that differs */
    struct err *err;
};

bool api_calendar_list_shows(const struct api_view *view, const struct config_repo *repo, bool all)
{
    return repo != NULL && (all || api_view_shows(view, repo));
}

static struct api_calendar_entry *add(struct listing *l, struct api_calendar_entry entry)
{
    struct api_calendar_entry *added = ARENA_PUSH(l->arena, l->items, l->n, l->cap);

    *added = entry;
    return added;
}

/* Starts ------------------------------------------------------------------------------------------- */

/* Behind which release it begins: what its deployment began behind, else what is live now. */
static int64_t from_number(struct listing *l, const struct promise *p)
{
    struct db *db = l->view->db;
    struct deployment d;

    if (p->deployment_id != 0)
        return store_deployment_by_id(db, l->arena, p->deployment_id, &d, NULL) == 0
                   ? d.from_number
                   : p->release_number - 1;
    if (p->state == PROMISE_OPEN &&
        store_deployment_live(db, l->arena, p->repository_id, p->environment, &d, NULL) == 0)
        return d.release_number;
    return p->release_number - 1;
}

/* "#2 Coupons, #1 Cart" of what it would bring. */
static const char *pulls_of(struct listing *l, const struct promise *p)
{
    struct pull_in_release *pulls = NULL;
    const char *text = "";
    size_t n = 0;

    if (store_pull_request_in_range(l->view->db, l->arena, p->repository_id, from_number(l, p),
                                    p->release_number, PULLS_MAX, &pulls, &n, NULL) < 0)
        return text;
    for (size_t i = 0; i < n; i++)
        text = arena_printf(l->arena, "%s%s#%" PRId64 " %s", text, i > 0 ? ", " : "",
                            pulls[i].pull.number, pulls[i].pull.title);
    return text;
}

static bool shows(void *arg, const char *repository)
{
    const struct listing *l = arg;

    return api_calendar_list_shows(l->view, config_repo(l->view->config, repository), l->span->all);
}

static int add_starts(struct listing *l)
{
    const struct store_promise_filter filter = {shows, l};
    struct promise *items = NULL;
    size_t n = 0;
    int rc = store_promise_list(l->view->db, l->arena, l->span->changed_from, &filter, PROMISES_MAX,
                                &items, &n, l->err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct promise *p = &items[i];
        bool kept = p->state == PROMISE_KEPT;
        time_ms at = kept && p->started_at != 0 ? p->started_at : p->start_at;
        add(l, (struct api_calendar_entry){.kind = API_CALENDAR_START,
                                           .key = arena_printf(l->arena, "promise-%" PRId64, p->id),
                                           .sequence = p->sequence,
                                           .stamp = p->changed_at,
                                           .from = at,
                                           .to = at,
                                           .cancelled = p->state == PROMISE_WITHDRAWN,
                                           .started = kept,
                                           .lacks = p->lacks,
                                           .repository = p->repository,
                                           .environment = p->environment,
                                           .where = arena_printf(l->arena, "%s %s", p->repository,
                                                                 p->environment),
                                           .release = p->release_number,
                                           .pulls = pulls_of(l, p)});
    }
    return rc;
}

/* Windows ------------------------------------------------------------------------------------------ */

static const char *window_key(struct arena *arena, const char *repository, const char *environment,
                              time_ms from)
{
    return arena_printf(arena, "window-%s-%s-%" PRId64, repository, environment, from / 1000);
}

static void add_windows(struct listing *l, const struct config_environment *e)
{
    const struct zone *zone = calendar_zone(l->view->snapshot->calendar, e);
    struct interval *spans;
    bool by_calendar;
    size_t n;

    if (!interval_is_limited(e, &by_calendar))
        return;
    n = interval_windows(e, zone, l->span->from, l->span->windows_to, l->arena, &spans);
    for (size_t i = 0; i < n; i++)
        add(l, (struct api_calendar_entry){
                   .kind = API_CALENDAR_WINDOW,
                   .key = window_key(l->arena, e->repo->name, e->name, spans[i].from),
                   .sequence = l->sequence,
                   .stamp = l->view->snapshot->made_at,
                   .from = spans[i].from,
                   .to = spans[i].to,
                   .repository = e->repo->name,
                   .environment = e->name,
                   .where = arena_printf(l->arena, "%s %s", e->repo->name, e->name)});
}

/* Freezes ------------------------------------------------------------------------------------------ */

/* Does it end with that place? Two events of one name and time are one freeze. */
static bool ends_with(const char *list, const char *where)
{
    size_t n = strlen(list), m = strlen(where);

    return n >= m && strcmp(list + n - m, where) == 0 && (n == m || list[n - m - 1] == ' ');
}

static const char *freeze_key(struct arena *arena, const char *name, time_ms from)
{
    return arena_printf(arena, "freeze-%s-%" PRId64, name, from / 1000);
}

/* One for all the environments that it covers at those instants. */
static void note_freeze(struct listing *l, struct api_calendar_entry entry,
                        const struct config_environment *e)
{
    const char *where = arena_printf(l->arena, "%s %s", e->repo->name, e->name);

    for (size_t i = 0; i < l->n; i++) {
        struct api_calendar_entry *known = &l->items[i];
        if (known->kind == API_CALENDAR_FREEZE && known->from == entry.from &&
            known->to == entry.to && str_eq(known->key, entry.key)) {
            if (!ends_with(known->where, where))
                known->where = arena_printf(l->arena, "%s, %s", known->where, where);
            return;
        }
        if (known->kind == API_CALENDAR_FREEZE && str_eq(known->key, entry.key))
            entry.key = arena_printf(l->arena, "%s-%" PRId64, entry.key, entry.to / 1000);
    }
    entry.where = where;
    add(l, entry);
}

static void add_configured(struct listing *l, const struct config_environment *e)
{
    const struct zone *zone = calendar_zone(l->view->snapshot->calendar, e);
    struct interval *spans;
    size_t n =
        interval_freezes(l->view->config, e, zone, l->span->from, l->span->to, l->arena, &spans);

    for (size_t i = 0; i < n; i++) {
        const char *name = spans[i].name != NULL ? spans[i].name : CALENDAR_SPANS_UNNAMED;
        note_freeze(l,
                    (struct api_calendar_entry){.kind = API_CALENDAR_FREEZE,
                                                .key = freeze_key(l->arena, name, spans[i].from),
                                                .sequence = l->sequence,
                                                .stamp = l->view->snapshot->made_at,
                                                .from = spans[i].from,
                                                .to = spans[i].to,
                                                .name = name},
                    e);
    }
}

static void add_people(struct listing *l, const struct freeze *z,
                       const struct config_environment *e)
{
    bool removed = z->removed_at != 0;

    if (!store_freeze_covers(z, e->repo->name, e->name) || z->from_at >= l->span->to)
        return;
    note_freeze(l,
                (struct api_calendar_entry){.kind = API_CALENDAR_FREEZE,
                                            .key = arena_printf(l->arena, "freeze-added-%" PRId64,
                                                                z->id),
                                            .sequence = removed ? 1 : 0,
                                            .stamp = removed ? z->removed_at : z->added_at,
                                            .from = z->from_at,
                                            .to = z->to_at,
                                            .cancelled = removed,
                                            .name = z->name,
                                            .why = z->reason},
                e);
}

static int add_environments(struct listing *l)
{
    struct freeze *people = NULL, *removed = NULL;
    size_t n = 0, n_removed = 0;
    int rc = store_freeze_list(l->view->db, l->arena, l->span->from, &people, &n, l->err);

    if (rc == 0)
        rc = store_freeze_removed(l->view->db, l->arena, l->span->changed_from, &removed,
                                  &n_removed, l->err);
    for (size_t i = 0; rc == 0 && i < l->view->config->n_repos; i++) {
        const struct config_repo *repo = &l->view->config->repos[i];
        for (size_t k = 0; k < repo->n_environments; k++) {
            const struct config_environment *e = &repo->environments[k];
            if (!api_calendar_list_shows(l->view, repo, l->span->all))
                continue;
            add_windows(l, e);
            add_configured(l, e);
            for (size_t f = 0; f < n; f++)
                add_people(l, &people[f], e);
            for (size_t f = 0; f < n_removed; f++)
                add_people(l, &removed[f], e);
        }
    }
    return rc;
}

/* Dropped ------------------------------------------------------------------------------------------ */

static bool is_known(const struct listing *l, const char *key)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->items[i].key, key))
            return true;
    return false;
}

/* What the feed told of another configuration, and what is not any more. */
static int add_dropped(struct listing *l)
{
    struct calendar_dropped *items = NULL;
    size_t n = 0;
    int rc = store_calendar_dropped(l->view->db, l->arena, l->span->changed_from, l->view->now,
                                    &items, &n, l->err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct calendar_dropped *d = &items[i];
        const char *key = d->freeze
                              ? freeze_key(l->arena, d->name, d->from_at)
                              : window_key(l->arena, d->repository, d->environment, d->from_at);
        if (is_known(l, key) || (!l->span->all && !shows(l, d->repository)))
            continue;
        add(l, (struct api_calendar_entry){.kind = d->freeze ? API_CALENDAR_FREEZE
                                                             : API_CALENDAR_WINDOW,
                                           .key = key,
                                           .sequence = l->sequence,
                                           .stamp = d->dropped_at,
                                           .from = d->from_at,
                                           .to = d->to_at,
                                           .cancelled = true,
                                           .repository = d->freeze ? NULL : d->repository,
                                           .environment = d->freeze ? NULL : d->environment,
                                           .where = arena_printf(l->arena, "%s %s", d->repository,
                                                                 d->environment),
                                           .name = d->freeze ? d->name : NULL});
    }
    return rc;
}

int api_calendar_list_load(struct api_view *view, const struct api_calendar_span *span,
                           struct api_calendar_entry **ret_items, size_t *ret_n, struct err *err)
{
    struct listing l = {.view = view, .span = span, .arena = view->request->arena, .err = err};
    int rc = store_calendar_sequence(view->db, &l.sequence, err);

    if (rc == 0)
        rc = add_starts(&l);
    if (rc == 0)
        rc = add_environments(&l);
    if (rc == 0)
        rc = add_dropped(&l);
    if (rc < 0)
        return rc;
    *ret_items = l.items;
    *ret_n = l.n;
    return 0;
}
