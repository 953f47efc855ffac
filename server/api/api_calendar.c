#include "server/api/api_calendar.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/calendar/ics_write.h"
#include "lib/calendar/interval.h"
#include "lib/calendar/occurrence.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_promise.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_token.h"
#include "server/api/api.h"
#include "server/api/api_view.h"
#include "server/api/reply.h"
#include "server/flow/snapshot.h"

#define ANSWER_MAX ((size_t)8 << 20)
#define DAY_MS INT64_C(86400000)
#define PAST_DAYS 30              /* promises that ended; readers learn of what was cancelled */
#define FUTURE_DAYS 60            /* freezes */
#define START_MS (15 * 60 * 1000) /* how long a start is shown: a calendar knows no instants */
#define PROMISES_MAX 1000

struct feed {
    struct request *request;
    struct api_view view;
    struct buf buf;
    bool all; /* by a token of its own: every repository */
    struct err err;
};

/* 0; 401 and no reason that would tell a wrong token from an ended one. */
static int admit(struct feed *f)
{
    const char *token = request_query(f->request, "token");
    char digest[DIGEST_HEX_SIZE];
    struct token found = {.id = 0};
    int rc;

    if (token == NULL) { /* what the asker may view anyway */
        for (size_t i = 0; i < f->view.config->n_repos; i++)
            if (api_view_shows(&f->view, &f->view.config->repos[i]))
                return 0;
        return f->view.config->n_repos == 0 ? 0 : 401;
    }
    digest_sha256_hex(token, strlen(token), digest);
    rc = store_token_by_digest(f->view.db, f->request->arena, digest, &found, &f->err);
    if (rc < 0 && rc != ERR_NOT_FOUND)
        return 503;
    if (rc < 0 || found.revoked_at != 0 ||
        (found.expires_at != 0 && f->view.now >= found.expires_at) ||
        !str_eq(found.rights, API_CALENDAR_RIGHT))
        return 401;
    f->all = true;
    return 0;
}

static bool shows(struct feed *f, const struct config_repo *repo)
{
    return repo != NULL && (f->all || api_view_shows(&f->view, repo));
}

/* "#2 Coupons, #1 Cart" of what it would bring. */
static const char *pulls_of(struct feed *f, const struct promise *p)
{
    struct arena *arena = f->request->arena;
    struct pull_in_release *pulls = NULL;
    const char *text = "";
    size_t n = 0;

    if (store_pull_request_in_range(f->view.db, arena, p->repository_id, p->release_number - 1,
                                    p->release_number, 20, &pulls, &n, NULL) < 0)
        return text;
    for (size_t i = 0; i < n; i++)
        text = arena_printf(arena, "%s%s#%" PRId64 " %s", text, i > 0 ? ", " : "",
                            pulls[i].pull.number, pulls[i].pull.title);
    return text;
}

static void add_promise(struct feed *f, const struct promise *p)
{
    struct arena *arena = f->request->arena;
    const char *pulls = pulls_of(f, p);
    time_ms from = p->state == PROMISE_KEPT && p->started_at != 0 ? p->started_at : p->start_at;
    struct ics_write_event event = {
        .uid = arena_printf(arena, "promise-%" PRId64 "@%s", p->id, f->request->api->store_id),
        .sequence = p->sequence,
        .stamp = p->changed_at,
        .from = from,
        .to = from + START_MS,
        .status = p->state == PROMISE_WITHDRAWN ? ICS_WRITE_CANCELLED
                  : p->lacks != NULL            ? ICS_WRITE_TENTATIVE
                                                : ICS_WRITE_CONFIRMED,
        .summary = arena_printf(arena, "%s %s: r%" PRId64, p->repository, p->environment,
                                p->release_number),
        .description = pulls[0] != '\0' ? pulls : NULL,
    };

    if (f->view.config->url != NULL)
        event.url = arena_printf(arena, "%s/%s/releases/%" PRId64, f->view.config->url,
                                 p->repository, p->release_number);
    ics_write_event(&f->buf, &event);
}

static int add_promises(struct feed *f)
{
    struct promise *items = NULL;
    size_t n = 0;
    int rc = store_promise_list(f->view.db, f->request->arena, f->view.now - PAST_DAYS * DAY_MS,
                                PROMISES_MAX, &items, &n, &f->err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        if (shows(f, config_repo(f->view.config, items[i].repository)))
            add_promise(f, &items[i]);
    return rc;
}

/* A freeze once, with all the environments that it covers at those instants. */
struct frozen {
    struct interval span;
    const char *where;
    time_ms stamp;
};

struct frozen_list {
    struct frozen *items;
    size_t n, cap;
};

static void note_freeze(struct feed *f, struct frozen_list *list, const struct interval *span,
                        time_ms stamp, const struct config_environment *e)
{
    struct arena *arena = f->request->arena;
    const char *where = arena_printf(arena, "%s %s", e->repo->name, e->name);
    struct frozen *added;

    for (size_t i = 0; i < list->n; i++) {
        struct frozen *known = &list->items[i];
        if (known->span.from == span->from && known->span.to == span->to &&
            str_eq(known->span.name, span->name)) {
            known->where = arena_printf(arena, "%s, %s", known->where, where);
            return;
        }
    }
    added = ARENA_PUSH(arena, list->items, list->n, list->cap);
    *added = (struct frozen){.span = *span, .where = where, .stamp = stamp};
}

/* Those of the configuration, and those that people added. */
static int load_freezes(struct feed *f, const struct config_environment *e,
                        const struct freeze *people, size_t n_people, struct frozen_list *list)
{
    time_ms until = f->view.now + FUTURE_DAYS * DAY_MS;
    struct interval *spans;
    size_t n = interval_freezes(f->view.config, e, calendar_zone(f->view.snapshot->calendar, e),
                                f->view.now, until, f->request->arena, &spans);

    for (size_t i = 0; i < n; i++)
        note_freeze(f, list, &spans[i], f->view.snapshot->made_at, e);
    for (size_t i = 0; i < n_people; i++) {
        const struct interval span = {people[i].from_at, people[i].to_at, people[i].name, false};
        if (store_freeze_covers(&people[i], e->repo->name, e->name) && span.from < until)
            note_freeze(f, list, &span, people[i].added_at, e);
    }
    return 0;
}

static void add_frozen(struct feed *f, const struct frozen *z)
{
    struct arena *arena = f->request->arena;
    char digest[DIGEST_HEX_SIZE];
    const char *name = z->span.name != NULL ? z->span.name : "freeze";
    const char *key = arena_printf(arena, "%s %" PRId64, name, z->span.from);
    struct ics_write_event event = {.stamp = z->stamp,
                                    .from = z->span.from,
                                    .to = z->span.to,
                                    .summary = arena_printf(arena, "Freeze: %s", name),
                                    .description = z->where};

    digest_sha256_hex(key, strlen(key), digest);
    event.uid = arena_printf(arena, "freeze-%.16s@%s", digest, f->request->api->store_id);
    ics_write_event(&f->buf, &event);
}

static int add_freezes(struct feed *f)
{
    struct frozen_list list = {.n = 0};
    struct freeze *people = NULL;
    size_t n = 0;
    int rc = store_freeze_list(f->view.db, f->request->arena, f->view.now, &people, &n, &f->err);

    for (size_t i = 0; rc == 0 && i < f->view.config->n_repos; i++) {
        const struct config_repo *repo = &f->view.config->repos[i];
        for (size_t k = 0; rc == 0 && shows(f, repo) && k < repo->n_environments; k++)
            rc = load_freezes(f, &repo->environments[k], people, n, &list);
    }
    for (size_t i = 0; rc == 0 && i < list.n; i++)
        add_frozen(f, &list.items[i]);
    return rc;
}

enum request_next api_calendar_feed(struct request *request, struct reply *reply)
{
    struct feed f = {.request = request, .err = ERR_INIT};
    int rc = api_view_open(&f.view, request, &f.err);
    int status = rc == 0 ? admit(&f) : 0;

    buf_init(&f.buf, ANSWER_MAX);
    if (rc == 0 && status == 0) {
        ics_write_begin(&f.buf, "Slipway");
        rc = add_promises(&f);
        if (rc == 0)
            rc = add_freezes(&f);
        ics_write_end(&f.buf);
    }
    api_view_close(&f.view);
    if (status != 0) {
        reply_refuse(request, reply, status, "this address is not, or no longer, good for reading");
    } else if (rc < 0) {
        reply_error(request, reply, &f.err);
    } else {
        reply_body(reply, 200, "text/calendar; charset=utf-8",
                   arena_strn(request->arena, buf_str(&f.buf), f.buf.len), f.buf.len);
        reply_header(reply, "Cache-Control", "private, max-age=300");
    }
    buf_deinit(&f.buf);
    return REQUEST_DONE;
}
