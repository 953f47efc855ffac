#include "server/api/api_freeze.h"

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/calendar/when.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_journal.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_body.h"
#include "server/api/api_events.h"
#include "server/api/api_missing.h"
#include "server/api/api_stops.h"
#include "server/api/reply.h"

#define ANSWER_MAX ((size_t)4 << 20)
#define NAME_MAX_BYTES 64
#define WORD_MAX 160
#define LISTED_MAX 100 /* environments or repositories of one freeze */

/* One freeze on its way into the store or out of it. */
struct freezing {
    struct request *request;
    struct api_view view;
    struct freeze freeze;
    bool dry_run;
    const char *reason; /* of the removal, NULL */
    struct promises promises;
    struct err err;
};

static enum request_next answer(struct freezing *f, struct reply *reply, int rc, int status,
                                struct json_out *out, struct buf *buf)
{
    api_view_close(&f->view);
    if (rc < 0) {
        buf_deinit(buf);
        reply_error(f->request, reply, &f->err);
        return REQUEST_DONE;
    }
    json_end_object(out);
    reply_json_buf(f->request, reply, status, buf);
    return REQUEST_DONE;
}

/* In every environment that it covers. */
static int confirm(struct db *db, const struct freezing *f, struct err *err)
{
    const struct freeze *z = &f->freeze;
    int rc = 0;

    for (size_t i = 0; i < z->n_repositories || i == 0; i++)
        for (size_t k = 0; (k < z->n_environments || k == 0) && rc == 0; k++)
            rc =
                api_stops_confirm(db, f->request, z->n_repositories > 0 ? z->repositories[i] : NULL,
                                  z->n_environments > 0 ? z->environments[k] : NULL, err);
    if (rc == ERR_DENIED)
        return err_wrap(err, "freeze %s", z->name);
    return rc;
}

static const char *detail_of(const struct freezing *f)
{
    const struct freeze *z = &f->freeze;
    const char *text;
    struct json_out out;
    struct buf buf;

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_int(&out, "freeze", z->id);
    json_add_time(&out, "from", z->from_at);
    json_add_time(&out, "to", z->to_at);
    json_add_bool(&out, "allow_rollback", z->allow_rollback);
    json_begin_array(&out, "environments");
    for (size_t i = 0; i < z->n_environments; i++)
        json_add_str(&out, NULL, z->environments[i]);
    json_end_array(&out);
    json_begin_array(&out, "repositories");
    for (size_t i = 0; i < z->n_repositories; i++)
        json_add_str(&out, NULL, z->repositories[i]);
    json_end_array(&out);
    json_end_object(&out);
    text = arena_strn(f->request->arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

static int journal(struct db *db, const struct freezing *f, const char *act, const char *reason,
                   struct err *err)
{
    const struct journal_entry entry = {.at = f->view.now,
                                        .actor = f->request->actor.name,
                                        .way = f->request->actor.way,
                                        .act = act,
                                        .subject = f->freeze.name,
                                        .detail = detail_of(f),
                                        .reason = reason};

    return store_journal_add(db, &entry, err);
}

/* Saved on the writer, or only confirmed: a dry run asks for the same right. */
static int act(struct freezing *f, int (*write)(struct db *db, void *arg, struct err *err))
{
    struct api *api = f->request->api;
    int rc;

    if (f->dry_run)
        return confirm(f->view.db, f, &f->err);
    rc = writer_do(api->writer, write, f, &f->err);
    if (rc == 0) {
        api->ring_flow(api->flow);
        api_events_publish(api->events, API_EVENTS_DEPLOYMENTS);
    }
    return rc;
}

static int suppose(struct freezing *f, const struct stops_change *change)
{
    return promises_suppose(f->view.db, f->view.snapshot, change, f->view.now, f->request->arena,
                            &f->promises, &f->err);
}

/* The list ---------------------------------------------------------------------------------------- */

static bool may_see(const struct freezing *f, const struct freeze *z)
{
    for (size_t i = 0; i < z->n_repositories; i++) {
        const struct config_repo *repo = config_repo(f->view.config, z->repositories[i]);

        if (repo != NULL && api_view_shows(&f->view, repo))
            return true;
    }
    return z->n_repositories == 0;
}

enum request_next api_freeze_list(struct request *request, struct reply *reply)
{
    struct freezing f = {.request = request};
    struct freeze *items = NULL;
    struct json_out out;
    struct buf buf;
    size_t n = 0;
    int rc = api_view_open(&f.view, request, &f.err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    if (rc == 0)
        rc = store_freeze_list(f.view.db, request->arena, f.view.now, &items, &n, &f.err);
    json_begin_array(&out, "freezes");
    for (size_t i = 0; i < n && rc == 0; i++)
        if (may_see(&f, &items[i]))
            rc = api_stops_freeze(&out, NULL, &f.view, &items[i], &f.err);
    json_end_array(&out);
    return answer(&f, reply, rc, 200, &out, &buf);
}

/* Adding one -------------------------------------------------------------------------------------- */

/* Each name stands for something that is configured; a misspelt one would freeze nothing. */
static int check_repositories(struct freezing *f)
{
    const struct config *config = f->view.config;

    for (size_t i = 0; i < f->freeze.n_repositories; i++) {
        const struct config_repo *repo = config_repo(config, f->freeze.repositories[i]);

        if (repo == NULL || !api_view_shows(&f->view, repo))
            return api_missing_repository(f->freeze.repositories[i], &f->err);
    }
    return 0;
}

static bool is_environment(const struct freezing *f, const char *name)
{
    const struct config *config = f->view.config;

    for (size_t i = 0; i < config->n_repos; i++)
        if (store_freeze_covers(&(struct freeze){.repositories = f->freeze.repositories,
                                                 .n_repositories = f->freeze.n_repositories},
                                config->repos[i].name, NULL) &&
            config_environment(&config->repos[i], name) != NULL)
            return true;
    return false;
}

static int check_environments(struct freezing *f)
{
    for (size_t i = 0; i < f->freeze.n_environments; i++)
        if (!is_environment(f, f->freeze.environments[i]))
            return err_set(&f->err, ERR_NOT_FOUND,
                           "no repository that is meant has an environment %s",
                           f->freeze.environments[i]);
    return 0;
}

/* `from` is read as of now, `to` as of `from`: --from 18:00 --to 09:00 is one night. */
static int read_interval(struct freezing *f, const struct cJSON *body)
{
    struct when when = {.now = f->view.now};
    struct freeze *z = &f->freeze;
    int rc = api_stops_zone(&f->view, NULL, &when.zone, &z->timezone, &f->err);

    if (rc == 0)
        rc = api_body_when(body, "from", &when, &z->from_at, &f->err);
    when.after = z->from_at;
    when.end = true;
    if (rc == 0)
        rc = api_body_when(body, "to", &when, &z->to_at, &f->err);
    if (rc < 0)
        return rc;
    if (z->from_at == 0 || z->to_at == 0)
        return err_set(&f->err, ERR_INVALID,
                       "%s: a freeze needs its beginning and its end, such as 2026-12-25 18:00",
                       z->from_at == 0 ? "from" : "to");
    if (z->to_at <= z->from_at)
        return err_set(&f->err, ERR_INVALID,
                       "to: %s is not after from: %s (times are read in %s); nothing was saved",
                       json_str(body, "to"), json_str(body, "from"), z->timezone);
    if (z->to_at <= f->view.now)
        return err_set(&f->err, ERR_INVALID,
                       "to: %s has passed (times are read in %s); nothing was saved",
                       json_str(body, "to"), z->timezone);
    return 0;
}

/* ["rollback"], the usual, or []: nothing but a hotfix and what is under way passes. */
static int read_allow(struct freezing *f, const struct cJSON *body)
{
    const char **words;
    size_t n;
    int rc = api_body_list(f->request, body, "allow", WORD_MAX, &words, &n, &f->err);

    if (rc == 0 && (n > 1 || (n == 1 && !str_eq(words[0], "rollback"))))
        rc = err_set(&f->err, ERR_INVALID, "allow: expected [\"rollback\"] or []");
    f->freeze.allow_rollback = json_array(body, "allow") == NULL || n == 1;
    return rc;
}

static int read_names(struct freezing *f, const struct cJSON *body)
{
    struct freeze *z = &f->freeze;
    int rc = api_body_text(f->request, body, "name", NAME_MAX_BYTES, &z->name, &f->err);

    if (rc == 0 && (z->name == NULL || z->name[0] == '\0'))
        rc = err_set(&f->err, ERR_INVALID, "name: a freeze needs one, such as year-end");
    if (rc == 0)
        rc = api_body_text(f->request, body, "reason", API_STOPS_REASON_MAX, &z->reason, &f->err);
    if (rc == 0 && (z->reason == NULL || z->reason[0] == '\0'))
        rc = err_set(&f->err, ERR_INVALID,
                     "reason: a freeze needs one; everybody who waits will read it");
    if (rc == 0)
        rc = api_body_list(f->request, body, "repositories", WORD_MAX, &z->repositories,
                           &z->n_repositories, &f->err);
    if (rc == 0)
        rc = api_body_list(f->request, body, "environments", WORD_MAX, &z->environments,
                           &z->n_environments, &f->err);
    if (rc == 0 && (z->n_repositories > LISTED_MAX || z->n_environments > LISTED_MAX))
        rc = err_set(&f->err, ERR_INVALID, "at most %d repositories and environments", LISTED_MAX);
    if (rc == 0)
        rc = check_repositories(f);
    return rc < 0 ? rc : check_environments(f);
}

static int read_freeze(struct freezing *f)
{
    static const char *const keys[] = {"name",         "from",   "to",   "environments",
                                       "repositories", "reason", "allow"};
    struct cJSON *body = NULL;
    int rc = api_stops_query(f->request, NULL, 0, &f->dry_run, &f->err);

    if (rc == 0)
        rc = api_body_read(f->request, keys, sizeof(keys) / sizeof(keys[0]), &body, &f->err);
    if (rc == 0)
        rc = read_names(f, body);
    if (rc == 0)
        rc = read_interval(f, body);
    if (rc == 0)
        rc = read_allow(f, body);
    json_free(body);
    f->freeze.actor = f->request->actor.name;
    f->freeze.way = f->request->actor.way;
    f->freeze.added_at = f->view.now;
    return rc;
}

static int write_freeze(struct db *db, void *arg, struct err *err)
{
    struct freezing *f = arg;
    int rc = confirm(db, f, err);

    if (rc == 0)
        rc = store_freeze_put(db, &f->freeze, &f->freeze.id, err);
    if (rc == ERR_CONFLICT)
        return err_set(err, ERR_CONFLICT, "there is a freeze %s already; remove it first",
                       f->freeze.name);
    return rc < 0 ? rc : journal(db, f, "freeze.add", f->freeze.reason, err);
}

/* A dry run has to see what saving would see. */
static int check_name(struct freezing *f)
{
    struct freeze *items;
    size_t n;
    int rc = store_freeze_list(f->view.db, f->request->arena, f->view.now, &items, &n, &f->err);

    for (size_t i = 0; i < n && rc == 0; i++)
        if (str_eq(items[i].name, f->freeze.name))
            rc = err_set(&f->err, ERR_CONFLICT, "there is a freeze %s already; remove it first",
                         f->freeze.name);
    return rc;
}

enum request_next api_freeze_add(struct request *request, struct reply *reply)
{
    struct freezing f = {.request = request};
    const struct stops_change change = {.freeze = &f.freeze};
    struct json_out out;
    struct buf buf;
    int rc = api_view_open(&f.view, request, &f.err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    if (rc == 0)
        rc = read_freeze(&f);
    if (rc == 0)
        rc = check_name(&f);
    if (rc == 0)
        rc = suppose(&f, &change);
    if (rc == 0)
        rc = act(&f, write_freeze);
    if (rc == 0)
        rc = api_stops_freeze(&out, "freeze", &f.view, &f.freeze, &f.err);
    if (rc == 0)
        rc = api_stops_promises(&out, &f.view, &f.promises, f.dry_run, &f.err);
    return answer(&f, reply, rc, f.dry_run ? 200 : 201, &out, &buf);
}

/* Removing one ------------------------------------------------------------------------------------ */

static int find_freeze(struct db *db, struct freezing *f, const char *name, struct err *err)
{
    struct freeze *items;
    size_t n;
    int rc = store_freeze_list(db, f->request->arena, f->view.now, &items, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++)
        if (str_eq(items[i].name, name)) {
            f->freeze = items[i];
            return 0;
        }
    return rc < 0
               ? rc
               : err_set(
                     err, ERR_NOT_FOUND,
                     "no freeze %s that was added here is in force or to come; slipway freeze ls lists them",
                     name);
}

static int write_removal(struct db *db, void *arg, struct err *err)
{
    struct freezing *f = arg;
    const struct freeze_removal removal = {.actor = f->request->actor.name,
                                           .way = f->request->actor.way,
                                           .reason = f->reason,
                                           .at = f->view.now};
    int rc = confirm(db, f, err);

    if (rc == 0)
        rc = store_freeze_remove(db, f->freeze.id, &removal, err);
    return rc < 0 ? rc : journal(db, f, "freeze.remove", f->reason, err);
}

static int read_removal(struct freezing *f)
{
    static const char *const keys[] = {"name", "reason"};
    const char *name = request_query(f->request, "name");
    const char *reason = request_query(f->request, "reason");
    int rc = api_stops_query(f->request, keys, 2, &f->dry_run, &f->err);

    if (rc == 0 && name == NULL)
        rc = err_set(&f->err, ERR_INVALID, "name: which freeze?");
    if (rc == 0 && reason != NULL && reason[0] != '\0') {
        f->reason = str_clean(f->request->arena, reason, strlen(reason), API_STOPS_REASON_MAX);
        if (!str_eq(f->reason, reason))
            rc = err_set(&f->err, ERR_INVALID,
                         "reason: at most %d bytes, without control characters",
                         API_STOPS_REASON_MAX);
    }
    return rc < 0 ? rc : find_freeze(f->view.db, f, name, &f->err);
}

enum request_next api_freeze_remove(struct request *request, struct reply *reply)
{
    struct freezing f = {.request = request};
    const struct stops_change change = {.removed = &f.freeze};
    struct json_out out;
    struct buf buf;
    int rc = api_view_open(&f.view, request, &f.err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    if (rc == 0)
        rc = read_removal(&f);
    if (rc == 0)
        rc = suppose(&f, &change);
    if (rc == 0)
        rc = act(&f, write_removal);
    if (rc == 0)
        rc = api_stops_freeze(&out, "freeze", &f.view, &f.freeze, &f.err);
    if (rc == 0)
        rc = api_stops_promises(&out, &f.view, &f.promises, f.dry_run, &f.err);
    return answer(&f, reply, rc, 200, &out, &buf);
}
