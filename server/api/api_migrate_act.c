/* api_migrate_act: see api_migrate_act.h. Judged and written in one transaction. */
#include "server/api/api_migrate_act.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_probe.h"
#include "server/api/api.h"
#include "server/api/api_act.h"
#include "server/api/api_body.h"
#include "server/api/api_events.h"
#include "server/api/api_migrate_facts.h"
#include "server/api/api_missing.h"
#include "server/api/api_view.h"
#include "server/api/api_write.h"
#include "server/api/policy.h"
#include "server/api/reply.h"
#include "server/flow/decide.h"

#define DATABASE_MAX 255

struct deciding {
    struct request *request;
    struct api_view view;
    const char *database;
    const char *reason;
    bool unprobed;
    enum settle_act act;
    const char *repository; /* forget; NULL = the only one */
    int64_t since;          /* forget */
    int64_t epoch;          /* of the attempt that the asker saw; 0 = he did not say */
    int64_t probe_id;
    const char *follows; /* what becomes of its deployment; NULL = nothing was settled */
};

static int read_body(struct deciding *d, const char *const *keys, size_t n, bool needs_reason,
                     struct cJSON **ret_body, struct err *err)
{
    int rc = api_body_read(d->request, keys, n, ret_body, err);

    if (rc == 0)
        rc = api_body_text(d->request, *ret_body, "database", DATABASE_MAX, &d->database, err);
    if (rc == 0 && d->database == NULL)
        rc = err_set(err, ERR_INVALID, "database: which one? `slipway migrate status` lists them");
    if (rc == 0 && needs_reason)
        rc = api_body_text(d->request, *ret_body, "reason", API_ACT_REASON_MAX, &d->reason, err);
    if (rc == 0 && json_get(*ret_body, "epoch") != NULL &&
        (!json_int(*ret_body, "epoch", &d->epoch) || d->epoch < 1))
        rc = err_set(err, ERR_INVALID, "epoch: expected that of the attempt that you saw");
    if (rc == 0 && needs_reason && (d->reason == NULL || d->reason[strspn(d->reason, " ")] == '\0'))
        rc = err_set(err, ERR_INVALID, "reason: say why; it is kept with the attempt");
    return rc;
}

/* May the asker operate where this attempt is? Asked in the transaction, of what is there then. */
static int may(struct deciding *d, struct db *db, const struct config_environment *environment,
               struct err *err)
{
    int rc = policy_confirm(db, d->request, err);

    if (rc < 0)
        return rc;
    if (environment != NULL)
        return policy_require(d->request, environment, RIGHT_OPERATE, err);
    if (!policy_allows(&d->request->actor, RIGHT_ADMIN))
        return err_set(
            err, ERR_DENIED,
            "%s may not decide about %s: its environment is configured no more, and then "
            "the right is admin",
            d->request->actor.name, d->database);
    return 0;
}

/* The attempt that holds the database, or the newest one. */
static int load(struct deciding *d, struct db *db, struct api_migrate_facts *f, struct err *err)
{
    struct attempt *attempts = NULL;
    size_t n = 0;
    int rc;

    *f = (struct api_migrate_facts){.environment = NULL};
    rc = store_attempt_of_database(db, d->request->arena, d->database, 1, &attempts, &n, err);

    if (rc == 0 && n == 0)
        rc = api_missing_database(d->database, err);
    if (rc == 0)
        rc = api_migrate_facts_load(db, d->request->arena, d->view.config, &attempts[0],
                                    d->view.now, f, err);
    if (rc == 0)
        rc = may(d, db, f->environment, err);
    if (rc == 0 && d->epoch != 0 && d->epoch != f->attempt.epoch)
        rc = err_set(err, ERR_CONFLICT,
                     "%s: you saw the attempt of epoch %lld, and the newest is that of epoch %lld, "
                     "%s. Look again: slipway migrate status %s",
                     d->database, (long long)d->epoch, (long long)f->attempt.epoch,
                     attempt_states[f->attempt.state].text, d->database);
    return rc;
}

static struct journal_entry line_of(const struct deciding *d)
{
    return (struct journal_entry){.at = d->view.now,
                                  .actor = d->request->actor.name,
                                  .way = d->request->actor.way,
                                  .subject = d->database,
                                  .reason = d->reason};
}

static enum request_next answer(struct deciding *d, struct reply *reply, int rc, struct err *err,
                                int status)
{
    struct request *request = d->request;
    struct json_out out;
    struct buf buf;

    api_view_close(&d->view);
    if (rc < 0) {
        reply_error(request, reply, err);
        return REQUEST_DONE;
    }
    api_events_publish(request->api->events, API_EVENTS_DEPLOYMENTS);
    request->api->ring_flow(request->api->flow);
    buf_init(&buf, 4096);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "database", d->database);
    if (d->follows != NULL)
        json_add_str(&out, "follows", d->follows);
    json_end_object(&out);
    reply_json_buf(request, reply, status, &buf);
    return REQUEST_DONE;
}

/* Settling --------------------------------------------------------------------------------------- */

static int write_settled(struct db *db, void *arg, struct err *err)
{
    struct deciding *d = arg;
    const struct attempt_decision decision = {.decision = settle_act_text(d->act),
                                              .by = d->request->actor.name,
                                              .reason = d->reason,
                                              .at = d->view.now};
    const struct journal_entry entry = line_of(d);
    struct api_migrate_facts f;
    const char *why;
    int rc = load(d, db, &f, err);

    if (rc < 0)
        return rc;
    f.settle.unprobed = d->unprobed;
    why = settle_refusal(d->request->arena, &f.settle, d->act);
    if (why != NULL)
        return err_set(err, ERR_CONFLICT, "%s: %s", d->database, why);
    rc = decide_follows(db, d->request->arena, &f.attempt, d->act, &d->follows, err);
    return rc < 0 ? rc
                  : decide_write(db, d->request->arena, &f.attempt, d->act, &decision, &entry, err);
}

static int read_outcome(struct deciding *d, const struct cJSON *body, struct err *err)
{
    const char *outcome = NULL;
    int rc = api_body_text(d->request, body, "outcome", 16, &outcome, err);

    if (rc < 0)
        return rc;
    if (str_eq(outcome, "succeeded"))
        d->act = SETTLE_SUCCEEDED;
    else if (str_eq(outcome, "failed"))
        d->act = SETTLE_FAILED;
    else
        rc = err_set(err, ERR_INVALID, "outcome: expected succeeded or failed");
    return rc;
}

static enum request_next settle(struct request *request, struct reply *reply, enum settle_act act,
                                const char *const *keys, size_t n_keys)
{
    bool marks = act == SETTLE_SUCCEEDED;
    struct deciding d = {.request = request, .act = act};
    struct cJSON *body = NULL;
    struct err err = ERR_INIT;
    int rc = api_view_open(&d.view, request, &err);

    if (rc == 0)
        rc = read_body(&d, keys, n_keys, true, &body, &err);
    if (rc == 0)
        rc = api_body_flag(body, "unprobed", &d.unprobed, &err);
    if (rc == 0 && marks)
        rc = read_outcome(&d, body, &err);
    json_free(body);
    if (rc == 0)
        rc = api_write_do(request, write_settled, &d, &err);
    return answer(&d, reply, rc, &err, 200);
}

enum request_next api_migrate_act_mark(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"database", "reason", "epoch", "unprobed", "outcome"};

    return settle(request, reply, SETTLE_SUCCEEDED, keys, 5);
}

enum request_next api_migrate_act_retry(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"database", "reason", "epoch", "unprobed"};

    return settle(request, reply, SETTLE_RETRY, keys, 4);
}

enum request_next api_migrate_act_abandon(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"database", "reason", "epoch"};

    return settle(request, reply, SETTLE_ABANDON, keys, 3);
}

/* Asking ----------------------------------------------------------------------------------------- */

static int write_probe(struct db *db, void *arg, struct err *err)
{
    struct deciding *d = arg;
    struct journal_entry entry = line_of(d);
    struct api_migrate_facts f;
    int rc = load(d, db, &f, err);

    if (rc == 0 && f.settle.attempt == NULL)
        rc = err_set(err, ERR_CONFLICT, "no attempt holds %s; there is nothing to find out",
                     d->database);
    if (rc < 0)
        return rc;
    rc = store_probe_ask(db, f.attempt.id, d->request->actor.name, d->view.now, &d->probe_id, err);
    if (rc == ERR_CONFLICT)
        return err_set(err, rc, "%s is being probed already; wait for the answer", d->database);
    entry.act = "attempt.probe";
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

enum request_next api_migrate_act_probe(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"database", "reason"};
    struct deciding d = {.request = request};
    struct cJSON *body = NULL;
    struct err err = ERR_INIT;
    int rc = api_view_open(&d.view, request, &err);

    if (rc == 0)
        rc = read_body(&d, keys, 2, false, &body, &err);
    if (rc == 0)
        rc = api_body_text(request, body, "reason", API_ACT_REASON_MAX, &d.reason, &err);
    json_free(body);
    if (rc == 0)
        rc = api_write_do(request, write_probe, &d, &err);
    return answer(&d, reply, rc, &err, 202);
}

/* After a restore -------------------------------------------------------------------------------- */

/* Whose successes: those of one repository, by the right of where it migrated last. Several want one to be named. */
static int load_repository(struct deciding *d, struct db *db, struct api_migrate_facts *f,
                           struct err *err)
{
    struct attempt *attempts = NULL;
    const char *names = NULL;
    bool found = false;
    size_t n = 0;
    int rc = store_attempt_of_repositories(db, d->request->arena, d->database, &attempts, &n, err);

    for (size_t i = 0; i < n && rc == 0 && !found; i++) {
        rc = api_migrate_facts_load(db, d->request->arena, d->view.config, &attempts[i],
                                    d->view.now, f, err);
        if (rc < 0)
            return rc;
        found = n == 1 ? d->repository == NULL || str_eq(d->repository, f->deployment.repository)
                       : str_eq(d->repository, f->deployment.repository);
        names = names == NULL
                    ? f->deployment.repository
                    : arena_printf(d->request->arena, "%s, %s", names, f->deployment.repository);
    }
    if (rc == 0 && n == 0)
        return api_missing_database(d->database, err);
    if (rc == 0 && !found)
        return err_set(err, ERR_INVALID, "repository: which one? On %s migrated: %s", d->database,
                       names);
    return rc < 0 ? rc : may(d, db, f->environment, err);
}

static int write_forgotten(struct db *db, void *arg, struct err *err)
{
    struct deciding *d = arg;
    const struct attempt_decision decision = {.decision = "forget",
                                              .by = d->request->actor.name,
                                              .reason = d->reason,
                                              .at = d->view.now};
    struct journal_entry entry = line_of(d);
    struct api_migrate_facts f = {.n_probes = 0};
    int rc = load_repository(d, db, &f, err);

    if (rc < 0)
        return rc;
    rc = store_attempt_forget(db, d->database, f.attempt.repository_id, d->since, &decision, err);
    if (rc == ERR_CONFLICT)
        return err_set(err, rc, "nothing succeeded on %s from r%lld on; there is nothing to forget",
                       d->database, (long long)d->since);
    entry.act = "attempt.forget";
    entry.detail = arena_printf(d->request->arena, "{\"since\":%lld}", (long long)d->since);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

enum request_next api_migrate_act_forget(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"database", "reason", "since", "repository"};
    struct deciding d = {.request = request};
    struct cJSON *body = NULL;
    struct err err = ERR_INIT;
    int rc = api_view_open(&d.view, request, &err);

    if (rc == 0)
        rc = read_body(&d, keys, 4, true, &body, &err);
    if (rc == 0)
        rc = api_body_text(request, body, "repository", 200, &d.repository, &err);
    if (rc == 0 && (!json_int(body, "since", &d.since) || d.since < 1))
        rc = err_set(&err, ERR_INVALID, "since: expected the number of a release");
    json_free(body);
    if (rc == 0)
        rc = api_write_do(request, write_forgotten, &d, &err);
    return answer(&d, reply, rc, &err, 200);
}
