#include "server/api/api_calendar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/calendar/ics_write.h"
#include "lib/calendar/interval.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/when.h"
#include "lib/calendar/zone.h"
#include "lib/store/store_token.h"
#include "server/api/api.h"
#include "server/api/api_calendar_list.h"
#include "server/api/api_shape.h"
#include "server/api/api_view.h"
#include "server/api/reply.h"
#include "server/api/tries.h"
#include "server/flow/calendar_spans.h"

#define ANSWER_MAX ((size_t)8 << 20)
#define DAY_MS INT64_C(86400000)
#define PAST_DAYS 30              /* promises that ended; readers learn of what was cancelled */
#define START_MS (15 * 60 * 1000) /* how long a start is shown: a calendar knows no instants */
#define DAYS_DEFAULT 14
#define DAYS_MAX 62

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
    mono_ms now = clock_mono(f->request->api->clock);
    char digest[DIGEST_HEX_SIZE];
    struct token found = {.id = 0};
    int rc;

    if (token == NULL) { /* what the asker may view anyway */
        for (size_t i = 0; i < f->view.config->n_repos; i++)
            if (api_view_shows(&f->view, &f->view.config->repos[i]))
                return 0;
        return f->view.config->n_repos == 0 ? 0 : 401;
    }
    if (tries_wait(f->request->api->tries, f->request->peer.address, now) > 0)
        return 429;
    digest_sha256_hex(token, strlen(token), digest);
    rc = store_token_by_digest(f->view.db, f->request->arena, digest, &found, &f->err);
    if (rc < 0 && rc != ERR_NOT_FOUND)
        return 503;
    if (rc < 0 || found.revoked_at != 0 ||
        (found.expires_at != 0 && f->view.now >= found.expires_at) ||
        !str_eq(found.rights, API_CALENDAR_RIGHT)) {
        tries_failed(f->request->api->tries, f->request->peer.address, now);
        return 401;
    }
    f->all = true;
    return 0;
}

/* The feed ----------------------------------------------------------------------------------------- */

static const char *description_of(struct arena *arena, const struct api_calendar_entry *c)
{
    if (c->kind == API_CALENDAR_START)
        return c->pulls[0] != '\0' ? c->pulls : NULL;
    return c->why == NULL ? c->where : arena_printf(arena, "%s: %s", c->where, c->why);
}

static const char *summary_of(struct arena *arena, const struct api_calendar_entry *c)
{
    if (c->kind == API_CALENDAR_START)
        return arena_printf(arena, "%s: r%" PRId64, c->where, c->release);
    return arena_printf(arena, "%s: %s", c->kind == API_CALENDAR_WINDOW ? "Open" : "Freeze",
                        c->kind == API_CALENDAR_WINDOW ? c->where : c->name);
}

/* A key of our own words stands as it is; what holds a person's words is hashed. */
static const char *uid_of(struct feed *f, const struct api_calendar_entry *c)
{
    struct arena *arena = f->request->arena;
    const char *host = f->request->api->store_id;
    char digest[DIGEST_HEX_SIZE];

    if (c->kind == API_CALENDAR_START)
        return arena_printf(arena, "%s@%s", c->key, host);
    digest_sha256_hex(c->key, strlen(c->key), digest);
    return arena_printf(arena, "%s-%.16s@%s", c->kind == API_CALENDAR_WINDOW ? "window" : "freeze",
                        digest, host);
}

static void add_event(struct feed *f, const struct api_calendar_entry *c)
{
    struct arena *arena = f->request->arena;
    struct ics_write_event event = {.uid = uid_of(f, c),
                                    .sequence = c->sequence,
                                    .stamp = c->stamp,
                                    .from = c->from,
                                    .to =
                                        c->kind == API_CALENDAR_START ? c->from + START_MS : c->to,
                                    .status = c->cancelled       ? ICS_WRITE_CANCELLED
                                              : c->lacks != NULL ? ICS_WRITE_TENTATIVE
                                                                 : ICS_WRITE_CONFIRMED,
                                    .summary = summary_of(arena, c),
                                    .description = description_of(arena, c)};

    if (c->kind == API_CALENDAR_START && f->view.config->url != NULL)
        event.url = arena_printf(arena, "%s/%s/releases/%" PRId64, f->view.config->url,
                                 c->repository, c->release);
    ics_write_event(&f->buf, &event);
}

static int write_feed(struct feed *f)
{
    const struct api_calendar_span span = {.from = f->view.now,
                                           .to = f->view.now + CALENDAR_SPANS_FREEZE_DAYS * DAY_MS,
                                           .windows_to =
                                               f->view.now + CALENDAR_SPANS_WINDOW_DAYS * DAY_MS,
                                           .changed_from = f->view.now - PAST_DAYS * DAY_MS,
                                           .all = f->all};
    struct api_calendar_entry *items = NULL;
    size_t n = 0;
    int rc = api_calendar_list_load(&f->view, &span, &items, &n, &f->err);

    ics_write_begin(&f->buf, "Slipway");
    for (size_t i = 0; rc == 0 && i < n; i++)
        add_event(f, &items[i]);
    ics_write_end(&f->buf);
    if (rc == 0 && f->buf.overflow)
        rc = err_set(&f->err, ERR_INTERNAL, "the calendar has more than %zu MiB", ANSWER_MAX >> 20);
    return rc;
}

static enum request_next answer_feed(struct feed *f, struct reply *reply, int status, int rc)
{
    api_view_close(&f->view);
    if (status != 0) {
        reply_refuse(f->request, reply, status,
                     "this address is not, or no longer, good for reading");
    } else if (rc < 0) {
        reply_error(f->request, reply, &f->err);
    } else {
        reply_body(reply, 200, "text/calendar; charset=utf-8",
                   arena_strn(f->request->arena, buf_str(&f->buf), f->buf.len), f->buf.len);
        reply_header(reply, "Cache-Control", "private, max-age=300");
    }
    buf_deinit(&f->buf);
    return REQUEST_DONE;
}

enum request_next api_calendar_feed(struct request *request, struct reply *reply)
{
    struct feed f = {.request = request, .err = ERR_INIT};
    int rc = api_view_open(&f.view, request, &f.err);
    int status = rc == 0 ? admit(&f) : 0;

    buf_init(&f.buf, ANSWER_MAX);
    if (rc == 0 && status == 0)
        rc = write_feed(&f);
    return answer_feed(&f, reply, status, rc);
}

/* Days --------------------------------------------------------------------------------------------- */

struct days {
    struct feed *f;
    struct json_out out;
    const struct zone *zone; /* the server's: in which days are told */
    int64_t first;           /* since 1970-01-01 */
    int64_t n;
    struct api_calendar_entry *entries;
    size_t n_entries;
};

static int read_days(struct days *d)
{
    struct feed *f = d->f;
    const char *text = request_query(f->request, "from");
    struct when when = {.now = f->view.now};
    struct zone_local local;
    time_ms from = f->view.now;
    int rc = zone_open(f->view.config->timezone, &when.zone, &f->err);

    if (rc == 0 && text != NULL && (rc = when_read(&when, text, &from, &f->err)) < 0)
        return err_wrap(&f->err, "from");
    if (rc == 0)
        rc = request_query_int(f->request, "days", 1, DAYS_MAX, DAYS_DEFAULT, &d->n, &f->err);
    if (rc < 0)
        return rc;
    d->zone = when.zone;
    local = zone_local(d->zone, from);
    d->first = timestamp_days_from_civil(local.year, local.month, local.day);
    return 0;
}

/* The first instant of a local day; of one that does not exist, that of the next. */
static time_ms day_begins(const struct days *d, int64_t day)
{
    struct zone_local local = {.hour = 0};
    time_ms t = 0;

    timestamp_civil_from_days(day, &local.year, &local.month, &local.day);
    return zone_instant(d->zone, &local, &t) == 0 ? t : day_begins(d, day + 1);
}

static int by_time(const void *x, const void *y)
{
    const struct api_calendar_entry *a = x, *b = y;

    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (int)a->kind - (int)b->kind;
}

static void add_text_time(struct days *d, const char *key, time_ms t)
{
    char text[ZONE_TEXT_SIZE];

    zone_text(d->zone, t, d->f->view.language, text);
    json_add_str(&d->out, key, text);
}

static void add_entry(struct days *d, const struct api_calendar_entry *c)
{
    static const char *const kinds[] = {"start", "window", "freeze"};
    struct json_out *o = &d->out;

    json_begin_object(o, NULL);
    json_add_str(o, "kind", kinds[c->kind]);
    json_add_time(o, "from", c->from);
    add_text_time(d, "from_text", c->from);
    json_add_time(o, "to", c->to);
    add_text_time(d, "to_text", c->to);
    json_add_str(o, "where", c->where);
    json_add_str(o, "repository", c->repository);
    json_add_str(o, "environment", c->environment);
    json_add_str(o, "name", c->name);
    json_add_str(o, "reason", c->why);
    api_shape_int_or_null(o, "release", c->release);
    json_add_bool(o, "started", c->started);
    json_add_str(o, "lacks", c->lacks);
    json_add_str(o, "pulls", c->pulls != NULL && c->pulls[0] != '\0' ? c->pulls : NULL);
    json_end_object(o);
}

/* Calendars for which that day is none: a holiday or a closed period by its name, a weekday without. */
static void add_days_off(struct days *d, int64_t day)
{
    const struct config *config = d->f->view.config;

    json_begin_array(&d->out, "off");
    for (size_t i = 0; i < config->n_calendars; i++) {
        const struct almanac_calendar *c = &config->calendars[i];
        const char *name = interval_day_off(c, day, d->f->view.language);
        if (interval_day_counts(c, day))
            continue;
        json_begin_object(&d->out, NULL);
        json_add_str(&d->out, "calendar", c->name);
        json_add_str(&d->out, "name", name != NULL && name[0] != '\0' ? name : NULL);
        json_end_object(&d->out);
    }
    json_end_array(&d->out);
}

/* What goes on over midnight stands with the day on which it begins, or with the first that is shown. */
static void add_day(struct days *d, int64_t day)
{
    time_ms from = day_begins(d, day), to = day_begins(d, day + 1);
    char date[32];
    int64_t year;
    int month, dom;

    timestamp_civil_from_days(day, &year, &month, &dom);
    (void)snprintf(date, sizeof(date), "%04d-%02d-%02d", (int)year, month, dom);
    json_begin_object(&d->out, NULL);
    json_add_str(&d->out, "date", date);
    add_text_time(d, "text", from);
    add_days_off(d, day);
    json_begin_array(&d->out, "entries");
    for (size_t i = 0; i < d->n_entries; i++) {
        const struct api_calendar_entry *c = &d->entries[i];
        time_ms shown = c->from < from && day == d->first && c->to > from ? from : c->from;
        if (!c->cancelled && shown >= from && shown < to)
            add_entry(d, c);
    }
    json_end_array(&d->out);
    json_end_object(&d->out);
}

static int write_days(struct days *d)
{
    struct feed *f = d->f;
    struct api_calendar_span span = {.changed_from = f->view.now - PAST_DAYS * DAY_MS};
    int rc = read_days(d);

    if (rc < 0)
        return rc;
    span.from = day_begins(d, d->first);
    span.to = span.windows_to = day_begins(d, d->first + d->n);
    rc = api_calendar_list_load(&f->view, &span, &d->entries, &d->n_entries, &f->err);
    if (rc < 0)
        return rc;
    if (d->n_entries > 0)
        qsort(d->entries, d->n_entries, sizeof(*d->entries), by_time);
    json_add_str(&d->out, "timezone", f->view.config->timezone);
    json_begin_array(&d->out, "days");
    for (int64_t i = 0; i < d->n; i++)
        add_day(d, d->first + i);
    json_end_array(&d->out);
    return 0;
}

static enum request_next answer_days(struct feed *f, struct reply *reply)
{
    struct days d = {.f = f};
    int rc;

    json_out_init(&d.out, &f->buf);
    json_begin_object(&d.out, NULL);
    rc = write_days(&d);
    json_end_object(&d.out);
    api_view_close(&f->view);
    if (rc < 0) {
        buf_deinit(&f->buf);
        reply_error(f->request, reply, &f->err);
    } else {
        reply_json_buf(f->request, reply, 200, &f->buf);
    }
    return REQUEST_DONE;
}

enum request_next api_calendar_get(struct request *request, struct reply *reply)
{
    const char *as = request_query(request, "as");
    struct feed f = {.request = request, .err = ERR_INIT};
    int rc = api_view_open(&f.view, request, &f.err);

    buf_init(&f.buf, ANSWER_MAX);
    if (rc == 0 && as != NULL && !str_eq(as, "ics") && !str_eq(as, "json"))
        rc = err_set(&f.err, ERR_INVALID, "as: expected json or ics");
    if (rc == 0 && !str_eq(as, "ics"))
        return answer_days(&f, reply);
    if (rc == 0)
        rc = write_feed(&f);
    return answer_feed(&f, reply, 0, rc);
}
