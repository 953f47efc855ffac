#include "server/api/api_forecast.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/when.h"
#include "lib/calendar/zone.h"
#include "lib/rules/soonest.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "server/api/api.h"
#include "server/api/api_environment.h"
#include "server/api/api_late.h"
#include "server/api/api_missing.h"
#include "server/api/api_rehearsal.h"
#include "server/api/api_shape.h"
#include "server/api/api_verdict.h"
#include "server/api/reply.h"
#include "server/flow/foresee.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"
#include "server/flow/times.h"

#define ANSWER_MAX ((size_t)16 << 20)
#define NEXT_DEFAULT 10
#define NEXT_MAX 200
#define DAY_MS INT64_C(86400000)

struct asking {
    struct request *request;
    struct api_view view;
    struct json_out out; /* an object is open in it */
    struct buf buf;
    struct err err;
    const char *environment; /* only this one; NULL = all */
};

/* ?environment=, which `repo` must have. */
static int read_environment(struct asking *a, const struct config_repo *repo)
{
    a->environment = request_query(a->request, "environment");
    if (a->environment != NULL && config_environment(repo, a->environment) == NULL)
        return api_missing_environment(repo, a->environment, &a->err);
    return 0;
}

static bool is_asked(const struct asking *a, const struct config_environment *e)
{
    return a->environment == NULL || strcmp(a->environment, e->name) == 0;
}

static int ask_open(struct asking *a, struct request *request)
{
    *a = (struct asking){.request = request, .err = ERR_INIT};
    buf_init(&a->buf, ANSWER_MAX);
    json_out_init(&a->out, &a->buf);
    json_begin_object(&a->out, NULL);
    return api_view_open(&a->view, request, &a->err);
}

static enum request_next ask_close(struct asking *a, struct reply *reply, int rc)
{
    json_end_object(&a->out);
    api_view_close(&a->view);
    if (rc < 0) {
        buf_deinit(&a->buf);
        reply_error(a->request, reply, &a->err);
    } else {
        reply_json_buf(a->request, reply, 200, &a->buf);
    }
    return REQUEST_DONE;
}

static void add_instant(struct asking *a, const struct config_environment *e, const char *key,
                        const char *text_key, time_ms t)
{
    const struct api_environment env = {.config = e};

    json_add_time(&a->out, key, t);
    api_shape_text_or_null(&a->out, text_key, api_environment_time(&a->view, &env, t));
}

/* The query's instant, as people type it, in `zone`; `otherwise` if absent. ERR_INVALID: before now. */
static int read_when(struct asking *a, const char *key, const char *zone_name, time_ms otherwise,
                     time_ms *ret_time)
{
    const char *text = request_query(a->request, key);
    struct when when = {.now = a->view.now};
    int rc;

    *ret_time = otherwise;
    if (text == NULL)
        return 0;
    rc = zone_open(zone_name, &when.zone, &a->err);
    if (rc == 0)
        rc = when_read(&when, text, ret_time, &a->err);
    if (rc < 0)
        return err_wrap(&a->err, "%s", key);
    if (*ret_time < a->view.now)
        return err_set(&a->err, ERR_INVALID, "%s: %s is over; what was is in the history", key,
                       text);
    return 0;
}

/* What a deployment there would do: hosts, and whether a migrate job is among its jobs. */
static int add_jobs(struct asking *a, const struct outlook *o, const struct config_environment *e,
                    int64_t repository_id, int64_t release_number)
{
    const char *estimate = NULL;
    bool migrates = false;
    int rc = 0;

    json_begin_array(&a->out, "hosts");
    for (size_t i = 0; i < o->facts.gate.n_hosts; i++)
        json_add_str(&a->out, NULL, o->facts.gate.hosts[i].name);
    json_end_array(&a->out);
    for (size_t i = 0; i < o->jobs.n_jobs; i++)
        migrates = migrates || o->jobs.jobs[i].job->once != NULL;
    json_add_bool(&a->out, "migrates", migrates);
    if (migrates)
        rc = api_rehearsal_estimate(&a->view, e, repository_id, release_number, &estimate, &a->err);
    json_add_str(&a->out, "migrate_text", estimate);
    return rc;
}

/* Forecast ---------------------------------------------------------------------------------------- */

static int add_start(struct asking *a, const struct repository *repository,
                     const struct config_environment *e, const struct outlook *o,
                     const struct forecast_start *s)
{
    struct release release = {.number = 0};
    int rc = store_release_by_number(a->view.db, a->request->arena, repository->id,
                                     s->release_number, &release, &a->err);

    if (rc < 0)
        return rc;
    json_begin_object(&a->out, NULL);
    json_add_int(&a->out, "release", s->release_number);
    json_add_str(&a->out, "sha", release.sha);
    json_add_str(&a->out, "subject", release.subject);
    add_instant(a, e, "start_at", "start_text", s->at);
    json_add_bool(&a->out, "assumes", s->assumes);
    rc = add_jobs(a, o, e, repository->id, s->release_number);
    if (rc == 0)
        rc = api_shape_pulls(&a->out, "pulls", &a->view, repository->id,
                             s->from_number != 0 ? s->from_number : 1, s->release_number, &a->err);
    json_end_object(&a->out);
    return rc;
}

static int add_environment(struct asking *a, const struct repository *repository,
                           const struct foreseen *f, size_t index)
{
    const struct config_environment *e = &f->repo->environments[index];
    struct api_environment env;
    size_t n = 0;
    int rc = 0;

    json_begin_object(&a->out, NULL);
    json_add_str(&a->out, "name", e->name);
    json_add_str(&a->out, "timezone", e->timezone);
    json_begin_array(&a->out, "starts");
    for (size_t i = 0; i < f->n_starts && rc == 0; i++)
        if (f->starts[i].environment == index) {
            rc = add_start(a, repository, e, &f->outlooks[index], &f->starts[i]);
            n++;
        }
    json_end_array(&a->out);
    if (rc == 0 && n == 0) {
        rc = api_environment_load(&a->view, repository, e, &env, &a->err);
        if (rc == 0)
            rc = api_verdict_shape(&a->out, "waits", &a->view, &env, &a->err);
    } else {
        json_add_null(&a->out, "waits");
    }
    json_end_object(&a->out);
    return rc;
}

static int add_repository(struct asking *a, const struct config_repo *repo)
{
    struct repository repository;
    struct foreseen f;
    int rc =
        store_repository_by_name(a->view.db, a->request->arena, repo->name, &repository, &a->err);

    if (rc == ERR_NOT_FOUND)
        return 0; /* nothing of it was seen yet */
    if (rc == 0)
        rc = foresee(a->view.db, a->view.snapshot, repo, &repository, a->view.now,
                     a->request->arena, &f, &a->err);
    if (rc < 0)
        return rc;
    json_begin_object(&a->out, NULL);
    json_add_str(&a->out, "name", repo->name);
    json_begin_array(&a->out, "environments");
    for (size_t i = 0; i < repo->n_environments && rc == 0; i++)
        if (is_asked(a, &repo->environments[i]))
            rc = add_environment(a, &repository, &f, i);
    json_end_array(&a->out);
    json_end_object(&a->out);
    return rc;
}

/* ?repository= and ?environment=: names that do not exist are said, not answered with nothing. */
static int read_only(struct asking *a, const char *only)
{
    const struct config_repo *repo = only != NULL ? config_repo(a->view.config, only) : NULL;

    if (only == NULL && request_query(a->request, "environment") != NULL)
        return err_set(&a->err, ERR_INVALID, "environment: of which repository=?");
    if (only != NULL && (repo == NULL || !api_view_shows(&a->view, repo)))
        return api_missing_repository(only, &a->err);
    return repo == NULL ? 0 : read_environment(a, repo);
}

enum request_next api_forecast_get(struct request *request, struct reply *reply)
{
    const char *only = request_query(request, "repository");
    struct asking a;
    int rc = ask_open(&a, request);

    if (rc == 0)
        rc = read_only(&a, only);
    if (rc == 0) {
        json_add_time(&a.out, "at", a.view.now);
        json_add_time(&a.out, "until", a.view.now + FORESEE_MS);
        json_begin_array(&a.out, "repositories");
        for (size_t i = 0; i < a.view.config->n_repos && rc == 0; i++) {
            const struct config_repo *repo = &a.view.config->repos[i];
            if ((only == NULL || repo == config_repo(a.view.config, only)) &&
                api_view_shows(&a.view, repo))
                rc = add_repository(&a, repo);
        }
        json_end_array(&a.out);
    }
    return ask_close(&a, reply, rc);
}

/* Schedule ---------------------------------------------------------------------------------------- */

/* One instant at which the calendar, freezes and holds let an environment start. */
struct opening {
    const struct config_environment *environment;
    time_ms at;
    int64_t release_number; /* foreseen to start then, 0 = none */
};

struct openings {
    struct opening *items;
    size_t n, cap;
    time_ms known_until; /* where there are fewer than were asked for: so far it was looked */
};

static int by_time(const void *x, const void *y)
{
    const struct opening *a = x, *b = y;

    return a->at < b->at ? -1 : a->at > b->at;
}

static int64_t release_at(const struct foreseen *f, size_t index, time_ms t)
{
    for (size_t i = 0; f != NULL && i < f->n_starts; i++)
        if (f->starts[i].environment == index && f->starts[i].at == t)
            return f->starts[i].release_number;
    return 0;
}

/* One environment while its times are listed. */
struct walk {
    struct asking *a;
    const struct config_environment *e;
    struct outlook *outlook; /* of `from` */
    time_ms from;
    struct gate_facts gate;
};

/* Windows, freezes and people's stops up to behind `t`, if there are more. */
static bool reach(struct walk *w, time_ms t)
{
    struct gate_facts *gate = &w->outlook->facts.gate;

    if (!times_reach(w->a->view.snapshot, w->e, w->from, t, w->a->request->arena, gate))
        return false;
    stops_bind(&w->outlook->stops, w->a->request->arena, gate);
    w->gate = *gate;
    return true;
}

/* The next set time from `*t` on that can start; `*t` is behind it then. False: there is no more. */
static bool next_set_time(struct walk *w, time_ms *t, time_ms *ret_at)
{
    struct gate_facts *g = &w->gate;
    struct occurrence o;

    while (occurrence_next(w->a->view.snapshot->calendar, w->e, *t, &o)) {
        time_ms until = o.due_at + w->e->grace_ms;
        while (reach(w, until))
            ;
        if (g->horizon != 0 && until > g->horizon)
            return false;
        *t = o.due_at + 1;
        g->start_at = o.due_at;
        g->start_until = until;
        if (soonest_start(g, w->from, ret_at))
            return true;
        if (*ret_at == VERDICT_NEVER)
            return false;
        if (*t < *ret_at - w->e->grace_ms) /* none before that can */
            *t = *ret_at - w->e->grace_ms;
    }
    return false;
}

/* ... of an environment without set times: the beginning of a window, where it can start. */
static bool next_window(struct walk *w, time_ms *t, time_ms *ret_at)
{
    struct gate_facts *g = &w->gate;

    do {
        g->start_at = *t;
        g->start_until = g->horizon;
        if (!soonest_start(g, *t, ret_at))
            continue;
        *t = *ret_at + 1;
        for (size_t i = 0; i < g->n_windows; i++)
            if (g->windows[i].from <= *ret_at && *ret_at < g->windows[i].to)
                *t = g->windows[i].to;
        return true;
    } while (reach(w, g->horizon));
    return false;
}

/* Set times, each where it can start; without set times, the beginnings of windows. */
static void add_openings(struct walk *w, const struct foreseen *f, size_t index, size_t max,
                         struct openings *list)
{
    time_ms t = w->from, at = 0, known = w->from + TIMES_DAYS_MAX * DAY_MS;
    size_t n = 0;

    w->gate = w->outlook->facts.gate;
    if (w->e->at.n == 0 && !w->gate.limited)
        return; /* at each merge, or when somebody asks */
    while (n < max && (w->e->at.n > 0 ? next_set_time(w, &t, &at) : next_window(w, &t, &at))) {
        *ARENA_PUSH(w->a->request->arena, list->items, list->n, list->cap) =
            (struct opening){w->e, at, release_at(f, index, at)};
        n++;
    }
    if (n < max && known < list->known_until)
        list->known_until = known;
}

static int load_openings(struct asking *a, time_ms from, size_t max, struct openings *list)
{
    int rc = 0;

    for (size_t i = 0; i < a->view.config->n_repos && rc == 0; i++) {
        const struct config_repo *repo = &a->view.config->repos[i];
        struct repository repository;
        struct foreseen f;
        if (!api_view_shows(&a->view, repo))
            continue;
        rc = store_repository_by_name(a->view.db, a->request->arena, repo->name, &repository,
                                      &a->err);
        if (rc == ERR_NOT_FOUND) {
            rc = 0;
            continue;
        }
        if (rc == 0)
            rc = foresee(a->view.db, a->view.snapshot, repo, &repository, a->view.now,
                         a->request->arena, &f, &a->err);
        for (size_t k = 0; k < repo->n_environments && rc == 0; k++) {
            struct outlook then = f.outlooks[k];
            /* Windows and freezes are known for some weeks: later ones are looked up there. */
            if (from > a->view.now)
                rc = outlook_make_ahead(a->view.db, a->view.snapshot, &repository,
                                        &repo->environments[k], from, a->request->arena, &then,
                                        &a->err);
            if (rc == 0)
                add_openings(&(struct walk){.a = a,
                                            .e = &repo->environments[k],
                                            .outlook = &then,
                                            .from = from},
                             &f, k, max, list);
        }
    }
    if (list->n > 0)
        qsort(list->items, list->n, sizeof(*list->items), by_time);
    return rc;
}

/* The server's zone: it is about all environments. */
static int add_known_until(struct asking *a, const struct openings *list, size_t next)
{
    bool fewer = list->n < next && list->known_until != VERDICT_NEVER;
    char text[ZONE_TEXT_SIZE] = "";
    const struct zone *zone;
    int rc = zone_open(a->view.config->timezone, &zone, &a->err);

    if (rc == 0 && fewer)
        zone_text(zone, list->known_until, a->view.language, text);
    json_add_time(&a->out, "known_until", fewer ? list->known_until : 0);
    api_shape_text_or_null(&a->out, "known_until_text", fewer ? text : NULL);
    return rc;
}

enum request_next api_forecast_schedule(struct request *request, struct reply *reply)
{
    struct openings list = {.known_until = VERDICT_NEVER};
    struct asking a;
    int64_t next = NEXT_DEFAULT;
    time_ms from = 0;
    int rc = ask_open(&a, request);

    if (rc == 0)
        rc = request_query_int(request, "next", 1, NEXT_MAX, NEXT_DEFAULT, &next, &a.err);
    if (rc == 0)
        rc = read_when(&a, "from", a.view.config->timezone, a.view.now, &from);
    if (rc == 0)
        rc = load_openings(&a, from, (size_t)next, &list);
    json_add_time(&a.out, "from", from);
    json_begin_array(&a.out, "starts");
    for (size_t i = 0; rc == 0 && i < list.n && i < (size_t)next; i++) {
        const struct opening *o = &list.items[i];
        json_begin_object(&a.out, NULL);
        json_add_str(&a.out, "repository", o->environment->repo->name);
        json_add_str(&a.out, "environment", o->environment->name);
        add_instant(&a, o->environment, "start_at", "start_text", o->at);
        api_shape_int_or_null(&a.out, "release", o->release_number);
        json_end_object(&a.out);
    }
    json_end_array(&a.out);
    if (rc == 0)
        rc = add_known_until(&a, &list, (size_t)next);
    return ask_close(&a, reply, rc);
}

/* Why --------------------------------------------------------------------------------------------- */

/* ?release=N, or the release that holds the pull request ?pull=N. */
static int find_asked(struct asking *a, const struct repository *repository,
                      struct release *ret_release)
{
    int64_t release = 0, pull = 0;
    struct pull_request found = {.number = 0};
    int rc = request_query_int(a->request, "release", 1, INT32_MAX, 0, &release, &a->err);

    if (rc == 0)
        rc = request_query_int(a->request, "pull", 1, INT32_MAX, 0, &pull, &a->err);
    if (rc == 0 && (release == 0) == (pull == 0))
        return err_set(&a->err, ERR_INVALID, "expected either release=N or pull=N");
    if (rc == 0 && release != 0)
        return store_release_by_number(a->view.db, a->request->arena, repository->id, release,
                                       ret_release, &a->err);
    if (rc == 0)
        rc = store_pull_request_by_number(a->view.db, a->request->arena, repository->id, pull,
                                          &found, &a->err);
    if (rc < 0)
        return rc;
    if (found.state != PULL_REQUEST_MERGED)
        return err_set(&a->err, ERR_NOT_FOUND, "#%lld is not merged: no release holds it",
                       (long long)pull);
    rc = store_release_by_sha(a->view.db, a->request->arena, repository->id, found.merge_sha,
                              ret_release, &a->err);
    if (rc == ERR_NOT_FOUND)
        return err_set(&a->err, ERR_NOT_FOUND,
                       "#%lld is merged; its commit was not seen on the branch yet",
                       (long long)pull);
    return rc;
}

/* It is under way at that moment: nothing is against it any more, and nothing more is to come. */
static bool goes_out(const struct outlook *o, int64_t release)
{
    return o->has_open && o->open.kind == DEPLOYMENT_RELEASE &&
           o->open.state == DEPLOYMENT_DEPLOYING && o->open.release_number >= release;
}

static int add_why(struct asking *a, const struct repository *repository, const struct foreseen *f,
                   size_t index, const struct release *release, time_ms at)
{
    const struct config_environment *e = &f->repo->environments[index];
    const struct forecast_start *start = foresee_start(f, index, release->number);
    struct outlook *o = arena_alloc(a->request->arena, sizeof(*o));
    struct api_environment env;
    struct verdict verdict = verdict_go();
    bool is_live;
    int rc = foresee_outlook(a->view.db, a->view.snapshot, repository, e, a->view.now, at,
                             a->request->arena, o, &a->err);

    if (rc == 0)
        rc = api_environment_load(&a->view, repository, e, &env, &a->err);
    if (rc < 0)
        return rc;
    is_live = o->facts.live_number >= release->number;
    if (!is_live && !goes_out(o, release->number))
        verdict = release_plan_judge(&o->facts, &o->plan, release->number, at);
    json_begin_object(&a->out, NULL);
    json_add_str(&a->out, "environment", e->name);
    json_add_str(&a->out, "timezone", e->timezone);
    json_add_str(&a->out, "state", shown_key(api_environment_shows(&env, release->number, NULL)));
    json_add_bool(&a->out, "live", is_live);
    json_add_bool(&a->out, "go", !is_live && verdict.go && !goes_out(o, release->number));
    api_verdict_causes(&a->out, "causes", &a->view, &env, &verdict);
    add_instant(a, e, "start_at", "start_text", is_live || start == NULL ? 0 : start->at);
    api_shape_int_or_null(&a->out, "with_release",
                          is_live || start == NULL ? 0 : start->release_number);
    json_add_bool(&a->out, "assumes", !is_live && start != NULL && start->assumes);
    rc = add_jobs(a, o, e, repository->id, start != NULL ? start->release_number : release->number);
    if (o->facts.live_number != release->number) /* they miss what is live, and no other */
        env.outlook = NULL;
    api_late_add(&a->out, &a->view, &env);
    json_end_object(&a->out);
    return rc;
}

enum request_next api_forecast_why(struct request *request, struct reply *reply)
{
    const struct config_repo *repo = NULL;
    struct repository repository;
    struct release release = {.number = 0};
    struct foreseen f = {.repo = NULL};
    struct asking a;
    time_ms at = 0;
    int rc = ask_open(&a, request);

    if (rc == 0)
        rc = api_view_repository(&a.view, &repo, &repository, &a.err);
    if (rc == 0)
        rc = read_environment(&a, repo);
    if (rc == 0)
        rc = read_when(&a, "at",
                       a.environment != NULL ? config_environment(repo, a.environment)->timezone
                                             : repo->environments[0].timezone,
                       a.view.now, &at);
    if (rc == 0)
        rc = find_asked(&a, &repository, &release);
    if (rc == 0)
        rc = foresee(a.view.db, a.view.snapshot, repo, &repository, a.view.now, request->arena, &f,
                     &a.err);
    if (rc < 0 || repo == NULL)
        return ask_close(&a, reply, rc);
    json_add_str(&a.out, "repository", repo->name);
    json_add_int(&a.out, "release", release.number);
    json_add_str(&a.out, "sha", release.sha);
    json_add_str(&a.out, "subject", release.subject);
    json_add_time(&a.out, "at", at);
    json_begin_array(&a.out, "environments");
    for (size_t i = 0; i < repo->n_environments && rc == 0; i++)
        if (is_asked(&a, &repo->environments[i]))
            rc = add_why(&a, &repository, &f, i, &release, at);
    json_end_array(&a.out);
    return ask_close(&a, reply, rc);
}
