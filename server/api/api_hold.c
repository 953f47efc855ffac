#include "server/api/api_hold.h"

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/calendar/when.h"
#include "lib/store/store_hold.h"
#include "lib/store/store_journal.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_body.h"
#include "server/api/api_events.h"
#include "server/api/api_missing.h"
#include "server/api/api_stops.h"
#include "server/api/reply.h"

#define ANSWER_MAX ((size_t)4 << 20)
#define ENVIRONMENT_MAX 64

/* One hold on its way into the store, or those that are lifted. */
struct holding {
    struct request *request;
    struct api_view view;
    const struct config_repo *repo;
    struct repository repository;
    const struct config_environment *environment; /* NULL = all of the repository */
    bool dry_run;
    struct hold hold;
    struct hold *lifted; /* exactly of this scope */
    size_t n_lifted;
    struct hold *open; /* all that bind any environment of the repository */
    size_t n_open;
    const char *reason; /* of the lift, NULL */
    struct promises promises;
    struct err err;
};

static enum request_next answer(struct holding *h, struct reply *reply, int rc, int status,
                                struct json_out *out, struct buf *buf)
{
    api_view_close(&h->view);
    if (rc < 0) {
        buf_deinit(buf);
        reply_error(h->request, reply, &h->err);
        return REQUEST_DONE;
    }
    json_end_object(out);
    reply_json_buf(h->request, reply, status, buf);
    return REQUEST_DONE;
}

/* The repository of the path, the environment `name` of it (NULL = all), and the right there. */
static int find_scope(struct holding *h, const char *name)
{
    int rc = api_view_repository(&h->view, &h->repo, &h->repository, &h->err);

    if (rc < 0)
        return rc;
    if (name != NULL) {
        h->environment = config_environment(h->repo, name);
        if (h->environment == NULL)
            return api_missing_environment(h->repo, name, &h->err);
    }
    if (h->repository.id == 0)
        return err_set(&h->err, ERR_BUSY, "%s was configured a moment ago; try again",
                       h->repo->name);
    return 0;
}

static const char *scope_name(const struct holding *h)
{
    return h->environment != NULL ? h->environment->name : NULL;
}

static int confirm(struct db *db, struct holding *h, struct err *err)
{
    return api_stops_confirm(db, h->request, h->repo->name, scope_name(h), err);
}

static int journal(struct db *db, const struct holding *h, const char *act, int64_t id,
                   time_ms until, const char *reason, struct err *err)
{
    char until_text[TIMESTAMP_SIZE];
    struct arena *arena = h->request->arena;
    struct journal_entry entry = {
        .at = h->view.now,
        .actor = h->request->actor.name,
        .way = h->request->actor.way,
        .act = act,
        .subject = h->environment != NULL
                       ? arena_printf(arena, "%s/%s", h->repo->name, h->environment->name)
                       : h->repo->name,
        .detail = arena_printf(arena, "{\"hold\":%lld}", (long long)id),
        .reason = reason,
    };

    if (until != 0) {
        timestamp_format(until, until_text);
        entry.detail =
            arena_printf(arena, "{\"hold\":%lld,\"until\":\"%s\"}", (long long)id, until_text);
    }
    return store_journal_add(db, &entry, err);
}

/* After a commit: the flow decides again, those who watch look again. */
static void tell(const struct request *request)
{
    request->api->ring_flow(request->api->flow);
    api_events_publish(request->api->events, API_EVENTS_DEPLOYMENTS);
}

/* The list ---------------------------------------------------------------------------------------- */

enum request_next api_hold_list(struct request *request, struct reply *reply)
{
    struct holding h = {.request = request};
    struct json_out out;
    struct buf buf;
    int rc = api_view_open(&h.view, request, &h.err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    if (rc == 0)
        rc = store_hold_list(h.view.db, request->arena, h.view.now, &h.open, &h.n_open, &h.err);
    json_begin_array(&out, "holds");
    for (size_t i = 0; i < h.n_open && rc == 0; i++) {
        const struct config_repo *repo = config_repo(h.view.config, h.open[i].repository);

        if (repo != NULL && api_view_shows(&h.view, repo))
            rc = api_stops_hold(&out, NULL, &h.view, &h.open[i], &h.err);
    }
    json_end_array(&out);
    return answer(&h, reply, rc, 200, &out, &buf);
}

/* Holding ----------------------------------------------------------------------------------------- */

static int read_until(struct holding *h, const struct cJSON *body)
{
    struct when when = {.now = h->view.now, .end = true};
    const char *zone_name;
    int rc = api_stops_zone(&h->view, h->environment, &when.zone, &zone_name, &h->err);

    if (rc == 0)
        rc = api_body_when(body, "until", &when, &h->hold.until_at, &h->err);
    if (rc == 0 && h->hold.until_at != 0 && h->hold.until_at <= h->view.now)
        rc = err_set(&h->err, ERR_INVALID,
                     "until: %s has passed (times are read in %s); nothing was saved",
                     json_str(body, "until"), zone_name);
    return rc;
}

static int read_hold(struct holding *h)
{
    static const char *const keys[] = {"environment", "reason", "until"};
    struct cJSON *body = NULL;
    const char *environment = NULL;
    int rc = api_stops_query(h->request, NULL, 0, &h->dry_run, &h->err);

    if (rc == 0)
        rc = api_body_read(h->request, keys, 3, &body, &h->err);
    if (rc == 0)
        rc = api_body_text(h->request, body, "environment", ENVIRONMENT_MAX, &environment, &h->err);
    if (rc == 0)
        rc = find_scope(h, environment);
    if (rc == 0)
        rc = api_body_text(h->request, body, "reason", API_STOPS_REASON_MAX, &h->hold.reason,
                           &h->err);
    if (rc == 0 && (h->hold.reason == NULL || h->hold.reason[0] == '\0'))
        rc = err_set(&h->err, ERR_INVALID,
                     "reason: a hold needs one; everybody who waits will read it");
    if (rc == 0)
        rc = read_until(h, body);
    json_free(body);
    h->hold.repository_id = h->repository.id;
    h->hold.repository = h->repo != NULL ? h->repo->name : NULL;
    h->hold.environment = scope_name(h);
    h->hold.actor = h->request->actor.name;
    h->hold.way = h->request->actor.way;
    h->hold.held_at = h->view.now;
    return rc;
}

static int write_hold(struct db *db, void *arg, struct err *err)
{
    struct holding *h = arg;
    int rc = confirm(db, h, err);

    if (rc == 0)
        rc = store_hold_put(db, &h->hold, &h->hold.id, err);
    return rc < 0 ? rc
                  : journal(db, h, "hold.add", h->hold.id, h->hold.until_at, h->hold.reason, err);
}

/* Saved on the writer, or only confirmed: a dry run asks for the same right. */
static int act(struct holding *h, int (*write)(struct db *db, void *arg, struct err *err))
{
    int rc;

    if (h->dry_run)
        return confirm(h->view.db, h, &h->err);
    rc = writer_do(h->request->api->writer, write, h, &h->err);
    if (rc == 0)
        tell(h->request);
    return rc;
}

static int suppose(struct holding *h, const struct stops_change *change)
{
    return promises_suppose(h->view.db, h->view.snapshot, change, h->view.now, h->request->arena,
                            &h->promises, &h->err);
}

enum request_next api_hold_add(struct request *request, struct reply *reply)
{
    struct holding h = {.request = request};
    const struct stops_change change = {.hold = &h.hold};
    struct json_out out;
    struct buf buf;
    int rc = api_view_open(&h.view, request, &h.err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    if (rc == 0)
        rc = read_hold(&h);
    if (rc == 0)
        rc = suppose(&h, &change);
    if (rc == 0)
        rc = act(&h, write_hold);
    if (rc == 0)
        rc = api_stops_hold(&out, "hold", &h.view, &h.hold, &h.err);
    if (rc == 0)
        rc = api_stops_promises(&out, &h.view, &h.promises, h.dry_run, &h.err);
    return answer(&h, reply, rc, h.dry_run ? 200 : 201, &out, &buf);
}

/* Lifting ----------------------------------------------------------------------------------------- */

/* Those of exactly this scope: what somebody else said of another scope stays. */
static int find_lifted(struct db *db, struct holding *h, struct err *err)
{
    size_t cap = 0;
    int rc = store_hold_open(db, h->request->arena, h->repository.id, NULL, h->view.now, &h->open,
                             &h->n_open, err);

    h->lifted = NULL;
    h->n_lifted = 0;
    for (size_t i = 0; i < h->n_open && rc == 0; i++)
        if (str_eq(h->open[i].environment, scope_name(h)))
            *ARENA_PUSH(h->request->arena, h->lifted, h->n_lifted, cap) = h->open[i];
    if (rc < 0 || h->n_lifted > 0)
        return rc;
    for (size_t i = 0; i < h->n_open; i++) {
        const char *other = h->open[i].environment;

        if (other == NULL)
            return err_set(err, ERR_NOT_FOUND, "%s of %s is held with all of %s: lift that one",
                           h->environment->name, h->repo->name, h->repo->name);
        if (h->environment == NULL)
            return err_set(err, ERR_NOT_FOUND, "%s is not held as a whole, but its %s is",
                           h->repo->name, other);
    }
    return err_set(err, ERR_NOT_FOUND, "nothing holds %s%s%s",
                   h->environment != NULL ? h->environment->name : "",
                   h->environment != NULL ? " of " : "", h->repo->name);
}

static int write_lift(struct db *db, void *arg, struct err *err)
{
    struct holding *h = arg;
    const struct hold_lift lift = {.actor = h->request->actor.name,
                                   .way = h->request->actor.way,
                                   .reason = h->reason,
                                   .at = h->view.now};
    int rc = confirm(db, h, err);

    if (rc == 0)
        rc = find_lifted(db, h, err);
    for (size_t i = 0; i < h->n_lifted && rc == 0; i++) {
        rc = store_hold_lift(db, h->lifted[i].id, &lift, err);
        if (rc == 0)
            rc = journal(db, h, "hold.lift", h->lifted[i].id, 0, h->reason, err);
    }
    return rc;
}

static int read_lift(struct holding *h)
{
    static const char *const keys[] = {"environment", "reason"};
    const char *reason = request_query(h->request, "reason");
    int rc = api_stops_query(h->request, keys, 2, &h->dry_run, &h->err);

    if (rc == 0)
        rc = find_scope(h, request_query(h->request, "environment"));
    if (rc < 0 || reason == NULL || reason[0] == '\0')
        return rc;
    h->reason = str_clean(h->request->arena, reason, strlen(reason), API_STOPS_REASON_MAX);
    if (!str_eq(h->reason, reason))
        return err_set(&h->err, ERR_INVALID, "reason: at most %d bytes, without control characters",
                       API_STOPS_REASON_MAX);
    return 0;
}

/* `lifted`, and what still stops environments of the repository. */
static int add_lifted(struct json_out *out, struct holding *h)
{
    int rc = 0;

    json_begin_array(out, "lifted");
    for (size_t i = 0; i < h->n_lifted && rc == 0; i++)
        rc = api_stops_hold(out, NULL, &h->view, &h->lifted[i], &h->err);
    json_end_array(out);
    json_begin_array(out, "remain");
    for (size_t i = 0; i < h->n_open && rc == 0; i++)
        if (!str_eq(h->open[i].environment, scope_name(h)))
            rc = api_stops_hold(out, NULL, &h->view, &h->open[i], &h->err);
    json_end_array(out);
    return rc;
}

enum request_next api_hold_lift(struct request *request, struct reply *reply)
{
    struct holding h = {.request = request};
    struct stops_change change = {.hold = NULL};
    struct json_out out;
    struct buf buf;
    int rc = api_view_open(&h.view, request, &h.err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    if (rc == 0)
        rc = read_lift(&h);
    if (rc == 0)
        rc = find_lifted(h.view.db, &h, &h.err);
    change.lifted = h.lifted;
    change.n_lifted = h.n_lifted;
    if (rc == 0)
        rc = suppose(&h, &change);
    if (rc == 0)
        rc = act(&h, write_lift);
    if (rc == 0)
        rc = add_lifted(&out, &h);
    if (rc == 0)
        rc = api_stops_promises(&out, &h.view, &h.promises, h.dry_run, &h.err);
    return answer(&h, reply, rc, 200, &out, &buf);
}
