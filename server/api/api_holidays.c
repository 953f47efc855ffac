#include "server/api/api_holidays.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/calendar/holidays_read.h"
#include "lib/calendar/interval.h"
#include "lib/config/config_holidays.h"
#include "lib/store/store_holiday.h"
#include "lib/store/store_journal.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_body.h"
#include "server/api/api_stops.h"
#include "server/api/api_view.h"
#include "server/api/policy.h"
#include "server/api/reply.h"

#define ANSWER_MAX ((size_t)4 << 20)
#define SOURCE_MAX 200
#define DAYS_MIN 10 /* of a year: Japan has sixteen or more; fewer is a list that is not whole */

struct import {
    struct request *request;
    struct api_view view;
    struct almanac_holiday *items;
    size_t n;
    unsigned years;
    const char *source;
    bool dry_run;
    struct err err;
};

static int64_t first_day(int64_t year)
{
    return timestamp_days_from_civil(year, 1, 1);
}

/* A list replaces whole years: one that names a single day of a year would make the others business days. */
static int check_years(struct import *im)
{
    for (int64_t year = ALMANAC_YEAR_FIRST; year <= ALMANAC_YEAR_LAST; year++) {
        int days = 0;
        if ((im->years & ALMANAC_YEAR_BIT(year)) == 0)
            continue;
        for (size_t i = 0; i < im->n; i++)
            days += im->items[i].day >= first_day(year) && im->items[i].day < first_day(year + 1);
        if (days < DAYS_MIN)
            return err_set(
                &im->err, ERR_INVALID,
                "list: %d has %d holiday%s in it; a list replaces the whole year, so name "
                "all of its days; nothing was saved",
                (int)year, days, days == 1 ? "" : "s");
    }
    return 0;
}

static int read_import(struct import *im)
{
    static const char *const keys[] = {"list", "source"};
    struct arena *arena = im->request->arena;
    struct cJSON *body = NULL;
    const char *list;
    int rc = api_stops_query(im->request, NULL, 0, &im->dry_run, &im->err);

    if (rc == 0)
        rc = api_body_read(im->request, keys, 2, &body, &im->err);
    if (rc == 0)
        rc = api_body_text(im->request, body, "source", SOURCE_MAX, &im->source, &im->err);
    list = json_str(body, "list");
    if (rc == 0 && list == NULL)
        rc = err_set(&im->err, ERR_INVALID,
                     "list: expected lines such as 2027-11-23,NAME or an iCalendar file");
    if (rc == 0) {
        rc = holidays_read(list, strlen(list), arena, &im->items, &im->n, &im->err);
        if (rc < 0)
            rc = err_wrap(&im->err, "%s", im->source != NULL ? im->source : "list");
    }
    json_free(body);
    if (rc < 0)
        return rc;
    if (im->source == NULL)
        im->source = "list";
    im->n = config_holidays_years(im->items, im->n, &im->years);
    if (im->years == 0)
        return err_set(&im->err, ERR_INVALID,
                       "%s: no holiday of %d to %d is in it; nothing was saved", im->source,
                       ALMANAC_YEAR_FIRST, ALMANAC_YEAR_LAST);
    return check_years(im);
}

static int write_import(struct db *db, void *arg, struct err *err)
{
    struct import *im = arg;
    struct arena *arena = im->request->arena;
    const struct journal_entry entry = {.at = im->view.now,
                                        .actor = im->request->actor.name,
                                        .way = im->request->actor.way,
                                        .act = "holidays.import",
                                        .subject = im->source,
                                        .detail = arena_printf(arena, "{\"days\":%zu,\"years\":%u}",
                                                               im->n, im->years)};
    int rc = policy_confirm(db, im->request, err);

    if (rc == 0)
        rc = store_holiday_import(db, im->items, im->n, im->years, im->source,
                                  im->request->actor.name, im->view.now, err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

/* Saved and in force, or only looked at. */
static int act(struct import *im)
{
    struct api *api = im->request->api;
    int rc = api->reread != NULL ? api->reread(api->server, true, &im->err) : 0;

    if (rc < 0 || im->dry_run)
        return rc;
    rc = writer_do(api->writer, write_import, im, &im->err);
    if (rc == 0 && api->reread != NULL)
        rc = api->reread(api->server, false, &im->err);
    return rc;
}

/* The answer --------------------------------------------------------------------------------------- */

static void add_day(struct json_out *out, int64_t day, const char *name)
{
    char date[32];
    int64_t year;
    int month, dom;

    timestamp_civil_from_days(day, &year, &month, &dom);
    (void)snprintf(date, sizeof(date), "%04d-%02d-%02d", (int)year, month, dom);
    json_begin_object(out, NULL);
    json_add_str(out, "date", date);
    json_add_str(out, "name", name);
    json_end_object(out);
}

/* Days of the year that are off by `is` and not by `was`. */
static void add_difference(struct json_out *out, const char *key, const struct almanac_calendar *is,
                           const struct almanac_calendar *was, int64_t year)
{
    json_begin_array(out, key);
    for (int64_t day = first_day(year); day < first_day(year + 1); day++) {
        const char *name = interval_day_off(is, day, LANGUAGE_JA);
        if (name != NULL && interval_day_off(was, day, LANGUAGE_JA) == NULL)
            add_day(out, day, name);
    }
    json_end_array(out);
}

/* What changes for those who see it, against what held before. */
static int add_years(struct import *im, struct json_out *out)
{
    struct almanac_calendar was = {.japan = true};
    const struct almanac_calendar is = {.japan = true,
                                        .imported = im->years,
                                        .holidays = im->items,
                                        .n_holidays = im->n};
    struct almanac_holiday *items = NULL;
    int rc = store_holiday_list(im->view.db, im->request->arena, &items, &was.n_holidays,
                                &was.imported, &im->err);

    was.holidays = items;
    json_begin_array(out, "years");
    for (int64_t year = ALMANAC_YEAR_FIRST; year <= ALMANAC_YEAR_LAST && rc == 0; year++) {
        if ((im->years & ALMANAC_YEAR_BIT(year)) == 0)
            continue;
        json_begin_object(out, NULL);
        json_add_int(out, "year", year);
        add_difference(out, "added", &is, &was, year);
        add_difference(out, "removed", &was, &is, year);
        json_end_object(out);
    }
    json_end_array(out);
    return rc;
}

enum request_next api_holidays_import(struct request *request, struct reply *reply)
{
    struct import im = {.request = request, .err = ERR_INIT};
    struct json_out out;
    struct buf buf;
    int rc = api_view_open(&im.view, request, &im.err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    if (rc == 0)
        rc = read_import(&im);
    json_add_bool(&out, "dry_run", im.dry_run);
    json_add_str(&out, "source", im.source);
    if (rc == 0)
        rc = add_years(&im, &out); /* before it is saved: what held until now */
    json_end_object(&out);
    if (rc == 0)
        rc = act(&im);
    api_view_close(&im.view);
    if (rc < 0) {
        buf_deinit(&buf);
        reply_error(request, reply, &im.err);
    } else {
        reply_json_buf(request, reply, im.dry_run ? 200 : 201, &buf);
    }
    return REQUEST_DONE;
}

static int list_years(struct api_view *view, struct json_out *out, struct err *err)
{
    struct holiday_year *years = NULL;
    size_t n = 0;
    int rc = store_holiday_years(view->db, view->request->arena, &years, &n, err);

    json_begin_array(out, "years");
    for (size_t i = 0; i < n; i++) {
        json_begin_object(out, NULL);
        json_add_int(out, "year", years[i].year);
        json_add_int(out, "days", years[i].n);
        json_add_str(out, "source", years[i].source);
        json_add_str(out, "who", years[i].actor);
        json_add_time(out, "imported_at", years[i].imported_at);
        json_end_object(out);
    }
    json_end_array(out);
    return rc;
}

enum request_next api_holidays_list(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, ANSWER_MAX, list_years);
}
