#include "server/api/api_stops.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/zone.h"
#include "lib/model/config.h"
#include "server/api/api.h"
#include "server/api/api_shape.h"
#include "server/api/policy.h"
#include "server/flow/snapshot.h"

#define DRY_RUN "dry-run"

/* Is that what the query's parameter at `p` is called? */
static bool is_key(const char *p, size_t n, const char *key)
{
    return strlen(key) == n && strncmp(p, key, n) == 0;
}

int api_stops_query(const struct request *request, const char *const *keys, size_t n_keys,
                    bool *ret_dry_run, struct err *err)
{
    const char *dry = request_query(request, DRY_RUN);

    for (const char *p = request->query; *p != '\0';) {
        size_t len = strcspn(p, "&");
        size_t n = strcspn(p, "=&");
        bool known = is_key(p, n, DRY_RUN) || is_key(p, n, "lang");

        for (size_t i = 0; i < n_keys; i++)
            known = known || is_key(p, n, keys[i]);
        if (!known && n > 0)
            return err_set(err, ERR_INVALID, "unknown parameter \"%.*s\"; nothing was saved",
                           n < 64 ? (int)n : 64, p);
        p += len + (p[len] == '&');
    }
    if (dry != NULL && !str_eq(dry, "1") && !str_eq(dry, "0"))
        return err_set(err, ERR_INVALID, DRY_RUN ": expected 1 or 0; nothing was saved");
    *ret_dry_run = str_eq(dry, "1");
    return 0;
}

int api_stops_zone(const struct api_view *view, const struct config_environment *environment,
                   const struct zone **ret_zone, const char **ret_name, struct err *err)
{
    *ret_name = environment != NULL ? environment->timezone : view->config->timezone;
    return zone_open(*ret_name, ret_zone, err);
}

/* Shapes ------------------------------------------------------------------------------------------ */

static void add_text(struct json_out *out, const char *key, const struct api_view *view,
                     const struct zone *zone, time_ms t)
{
    char text[ZONE_TEXT_SIZE];

    if (t == 0 || t == VERDICT_NEVER) {
        json_add_null(out, key);
        return;
    }
    zone_text(zone, t, view->language, text);
    json_add_str(out, key, text);
}

int api_stops_hold(struct json_out *out, const char *key, const struct api_view *view,
                   const struct hold *h, struct err *err)
{
    const struct config_repo *repo = config_repo(view->config, h->repository);
    const struct zone *zone;
    const char *name;
    int rc = api_stops_zone(view,
                            repo != NULL && h->environment != NULL
                                ? config_environment(repo, h->environment)
                                : NULL,
                            &zone, &name, err);

    if (rc < 0)
        return rc;
    json_begin_object(out, key);
    api_shape_int_or_null(out, "id", h->id);
    json_add_str(out, "repository", h->repository);
    json_add_str(out, "environment", h->environment);
    json_add_str(out, "who", h->actor);
    json_add_str(out, "way", h->way);
    json_add_str(out, "reason", h->reason);
    json_add_time(out, "since", h->held_at);
    json_add_time(out, "until", h->until_at);
    add_text(out, "until_text", view, zone, h->until_at);
    json_add_str(out, "timezone", name);
    json_end_object(out);
    return 0;
}

static void add_repositories(struct json_out *out, const struct api_view *view,
                             const struct freeze *f)
{
    json_begin_array(out, "repositories");
    for (size_t i = 0; i < f->n_repositories; i++) {
        const struct config_repo *repo = config_repo(view->config, f->repositories[i]);

        if (repo != NULL && api_view_shows(view, repo))
            json_add_str(out, NULL, f->repositories[i]);
    }
    json_end_array(out);
}

int api_stops_freeze(struct json_out *out, const char *key, const struct api_view *view,
                     const struct freeze *f, struct err *err)
{
    const struct zone *zone;
    int rc = zone_open(f->timezone, &zone, err);

    if (rc < 0)
        return rc;
    json_begin_object(out, key);
    api_shape_int_or_null(out, "id", f->id);
    json_add_str(out, "name", f->name);
    json_add_time(out, "from", f->from_at);
    add_text(out, "from_text", view, zone, f->from_at);
    json_add_time(out, "to", f->to_at);
    add_text(out, "to_text", view, zone, f->to_at);
    json_add_str(out, "timezone", f->timezone);
    json_add_bool(out, "active", f->from_at <= view->now && view->now < f->to_at);
    json_begin_array(out, "environments");
    for (size_t i = 0; i < f->n_environments; i++)
        json_add_str(out, NULL, f->environments[i]);
    json_end_array(out);
    add_repositories(out, view, f);
    json_begin_array(out, "allow");
    if (f->allow_rollback)
        json_add_str(out, NULL, "rollback");
    json_end_array(out);
    json_add_str(out, "who", f->actor);
    json_add_str(out, "way", f->way);
    json_add_str(out, "reason", f->reason);
    json_add_time(out, "added_at", f->added_at);
    json_end_object(out);
    return 0;
}

/* What moves -------------------------------------------------------------------------------------- */

static void add_start(struct json_out *out, const char *key, const char *text_key,
                      const struct api_view *view, const struct zone *zone, time_ms t)
{
    json_add_time(out, key, t == VERDICT_NEVER ? 0 : t);
    add_text(out, text_key, view, zone, t);
}

static int add_moved(struct json_out *out, struct api_view *view, const struct promises_moved *m,
                     struct err *err)
{
    const struct zone *zone = calendar_zone(view->snapshot->calendar, m->environment);
    int rc;

    json_begin_object(out, NULL);
    json_add_str(out, "repository", m->environment->repo->name);
    json_add_str(out, "environment", m->environment->name);
    json_add_int(out, "release", m->release->number);
    json_add_str(out, "sha", m->release->sha);
    json_add_str(out, "subject", m->release->subject);
    add_start(out, "before", "before_text", view, zone, m->before);
    add_start(out, "after", "after_text", view, zone, m->after);
    rc = api_shape_pulls(out, "pulls", view, m->repository_id,
                         m->live_number != 0 ? m->live_number : 1, m->release->number, err);
    json_end_object(out);
    return rc;
}

int api_stops_promises(struct json_out *out, struct api_view *view, const struct promises *p,
                       bool dry_run, struct err *err)
{
    int rc = 0;

    json_add_bool(out, "dry_run", dry_run);
    json_begin_array(out, "moved");
    for (size_t i = 0; i < p->n_moved && rc == 0; i++)
        rc = add_moved(out, view, &p->moved[i], err);
    json_end_array(out);
    json_begin_array(out, "under_way");
    for (size_t i = 0; i < p->n_under_way; i++) {
        json_begin_object(out, NULL);
        json_add_str(out, "repository", p->under_way[i].environment->repo->name);
        json_add_str(out, "environment", p->under_way[i].environment->name);
        json_add_int(out, "release", p->under_way[i].release_number);
        json_end_object(out);
    }
    json_end_array(out);
    return rc;
}

/* Who may ----------------------------------------------------------------------------------------- */

static int require_each(const struct request *request, const struct config *config,
                        const char *repository, const char *environment, struct err *err)
{
    const struct config_repo *only = repository != NULL ? config_repo(config, repository) : NULL;
    int rc = 0;

    for (size_t i = 0; i < config->n_repos && rc == 0; i++) {
        const struct config_repo *repo = &config->repos[i];

        if (repository != NULL && repo != only)
            continue;
        for (size_t k = 0; k < repo->n_environments && rc == 0; k++)
            if (environment == NULL || str_eq(environment, repo->environments[k].name))
                rc = policy_require(request, &repo->environments[k], RIGHT_OPERATE, err);
    }
    return rc;
}

int api_stops_confirm(struct db *db, const struct request *request, const char *repository,
                      const char *environment, struct err *err)
{
    const struct snapshot *snapshot;
    int rc = policy_confirm(db, request, err);

    if (rc < 0)
        return rc;
    snapshot = snapshots_take(request->api->snapshots);
    rc = require_each(request, snapshot->config, repository, environment, err);
    snapshots_give(snapshot);
    return rc;
}
