#include "server/flow/deploy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/model/send.h"
#include "lib/rules/lane.h"
#include "lib/ssm/envelope.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_occurrence.h"
#include "lib/store/store_release.h"
#include "lib/store/store_rollback.h"
#include "lib/store/store_wish.h"
#include "server/flow/bulk.h"
#include "server/flow/flow.h"
#include "server/flow/job_document.h"
#include "server/flow/outlook.h"
#include "server/flow/plans.h"
#include "server/flow/seal.h"
#include "server/flow/snapshot.h"

#define MIGRATE_START_BY_MS 60000
#define MIGRATE_START_BY_SSM_MS (INT64_C(10) * 60 * 1000) /* migrate.md 4 */

/* Some of its rows. */
struct slice {
    struct cut *cut;
    size_t from;
};

static bool proves_commit(const struct config_job *job)
{
    for (size_t i = 0; i < job->n_steps; i++)
        if (str_starts(job->steps[i].uses, "activate") || str_starts(job->steps[i].uses, "publish"))
            return true;
    return false;
}

bool deploy_touches(const struct config_job *job)
{
    if (job->once != NULL)
        return false;
    for (size_t i = 0; i < job->n_steps; i++)
        if (!str_starts(job->steps[i].uses, "fetch"))
            return true;
    return job->health.run != NULL;
}

static int make_job(struct cut *c, size_t number, struct err *err)
{
    const struct planned_job *planned = &c->plan->jobs[number];
    const struct config_job *config = planned->job;
    struct arena *arena = c->arena;
    struct job *job = &c->jobs[number];
    char digest[DIGEST_HEX_SIZE];
    int rc =
        job_document_make(arena, c->environment->repo, config, &c->contents[number], digest, err);

    if (rc < 0)
        return rc;
    *job = (struct job){.number = (int)number,
                        .name = config->name,
                        .n_needs = planned->n_needs,
                        .max_parallel = planned->max_parallel,
                        .max_errors = config->max_errors,
                        .ramp = planned->ramp,
                        .start_within_ms = config->start_within_ms,
                        .timeout_ms = config->timeout_ms,
                        .proves_commit = proves_commit(config),
                        .touches = deploy_touches(config),
                        .document_digest = arena_str(arena, digest),
                        .candidates = ""};
    memcpy(job->needs, planned->needs, sizeof(job->needs));
    if (config->once == NULL)
        return 0;
    job->database = config_database(c->look->snapshot->config, c->environment, config->once, arena);
    if (!config->start_within_set)
        job->start_within_ms = MIGRATE_START_BY_MS;
    for (size_t i = 0; i < planned->n_hosts; i++) {
        if (!config->start_within_set && planned->hosts[i].host->by_ssm)
            job->start_within_ms = MIGRATE_START_BY_SSM_MS;
        job->candidates = arena_printf(arena, "%s%s%s", job->candidates, i > 0 ? "," : "",
                                       planned->hosts[i].name);
        if (str_eq(config->primary, planned->hosts[i].name))
            job->primary_host = config->primary;
    }
    return 0;
}

/* Commands ---------------------------------------------------------------------------------------- */

int deploy_sign(struct look *look, const struct deploy_order *order, const char *command_id,
                struct invocation *ret_invocation, struct err *err)
{
    const struct deployment *d = order->deployment;
    struct invocation *inv = ret_invocation;
    struct envelope envelope = {.protocol = order->protocol,
                                .command_id = command_id,
                                .host_id = order->host_id,
                                .host = order->host,
                                .repository = d->repository,
                                .environment = d->environment,
                                .release = d->release_number,
                                .database = order->job->database,
                                .epoch = order->epoch,
                                .document = arena_printf(look->arena, "%s@1", order->job->name),
                                .document_digest = order->job->document_digest,
                                .sha = d->sha,
                                .previous_sha = d->from_sha,
                                .roles = order->roles,
                                .start_by = order->start_by};
    struct seal seal = {.text = "", .signature = ""};
    int rc;

    *inv = (struct invocation){.host = order->host,
                               .deployment_id = d->id,
                               .job_number = order->job->number,
                               .roles = order->roles,
                               .start_by = order->start_by + (order->by_ssm ? SEND_GRACE_MS : 0)};
    snprintf(inv->command_id, sizeof(inv->command_id), "%s", command_id);
    snprintf(inv->host_id, sizeof(inv->host_id), "%s", order->host_id);
    rc = seal_make(look, &envelope, &seal, err);
    inv->envelope = seal.text;
    inv->signature = seal.signature;
    return rc;
}

int deploy_put(struct db *db, const struct deployment *deployment, const struct job *job,
               const struct invocation *invocation, time_ms now, struct err *err)
{
    struct command command = {.deployment_id = deployment->id,
                              .job_number = job->number,
                              .document_digest = job->document_digest,
                              .parameters = "{}",
                              .requested_at = now,
                              .requested_by = "deployment"};
    int rc;

    memcpy(command.id, invocation->command_id, sizeof(command.id));
    rc = store_command_insert(db, &command, err);
    return rc < 0 ? rc : store_command_invoke(db, invocation, err);
}

/* Until when a command of this job may begin: the limits of the jobs before it come first. */
static time_ms start_by_of(const struct cut *c, size_t number)
{
    time_ms base = c->deployment.start_at > c->look->now ? c->deployment.start_at : c->look->now;
    time_ms limit = base + c->environment->grace_ms;

    for (size_t i = 0; i < number; i++) {
        const struct planned_job *p = &c->plan->jobs[i];
        int64_t turns = ((int64_t)p->n_hosts + p->max_parallel - 1) / p->max_parallel;
        limit += turns * (c->jobs[i].timeout_ms + c->jobs[i].start_within_ms);
    }
    return limit + c->jobs[number].start_within_ms;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* In the order of the hosts: what is released together lies together in the store. */
static char (*make_ids(const struct cut *c, size_t n))[NAMES_UUID_SIZE]
{
    char(*ids)[NAMES_UUID_SIZE] = arena_array(c->arena, n, sizeof(*ids));

    for (size_t i = 0; i < n; i++)
        names_uuid_at(c->look->now, ids[i]);
    if (n > 1)
        qsort(ids, n, sizeof(*ids), by_id);
    return ids;
}

static int make_rows(struct cut *c, size_t number, struct err *err)
{
    const struct planned_job *planned = &c->plan->jobs[number];
    char(*ids)[NAMES_UUID_SIZE] = make_ids(c, planned->n_hosts);
    int rc = 0;

    /* A migrate attempt is planned, signed and offered when its turn comes. */
    for (size_t i = 0; i < planned->n_hosts && c->jobs[number].database == NULL && rc == 0; i++) {
        const struct planned_host *h = &planned->hosts[i];
        const struct deploy_order order = {.deployment = &c->deployment,
                                           .job = &c->jobs[number],
                                           .host_id = h->host->id,
                                           .host = h->name,
                                           .roles = h->roles,
                                           .protocol = h->host->protocol,
                                           .by_ssm = h->host->by_ssm,
                                           .start_by = start_by_of(c, number)};
        rc = deploy_sign(c->look, &order, ids[i], ARENA_PUSH(c->arena, c->rows, c->n_rows, c->cap),
                         err);
    }
    return rc;
}

/* Writing ----------------------------------------------------------------------------------------- */

int deploy_write(struct db *db, struct cut *c, struct err *err)
{
    struct deployment *d = &c->deployment;
    char detail[160];
    int rc = store_deployment_insert(db, d, &d->id, err);

    if (rc == 0)
        rc = store_deployment_plan(db, d->id, c->plan_text, err);
    for (size_t i = 0; i < c->n_jobs && rc == 0; i++) {
        c->jobs[i].deployment_id = d->id;
        rc = store_command_document(db, c->jobs[i].document_digest, c->jobs[i].name, "1",
                                    c->contents[i], err);
        if (rc == 0)
            rc = store_deployment_job(db, &c->jobs[i], err);
    }
    if (rc == 0 && d->wish_id != 0)
        rc = store_wish_take(db, d->wish_id, d->id, err);
    if (rc == 0 && d->kind == DEPLOYMENT_ROLLBACK)
        rc = store_rollback_take(db, c->outlook->rollback.id, d->id, err);
    snprintf(detail, sizeof(detail), "{\"deployment\":%lld,\"plan\":\"%.64s\"}", (long long)d->id,
             d->plan_digest);
    if (rc == 0)
        rc = look_journal(db, d->cut_at, "deployment.cut", c->subject, detail, NULL, err);
    if (rc < 0)
        d->id = 0; /* there are no rows for it either */
    return rc;
}

static int apply_cut(struct db *db, void *arg, struct err *err)
{
    struct cut *c = arg;
    const struct deployment *d = &c->deployment;
    int rc = stops_unchanged(db, &c->outlook->stops, d->repository_id, d->repository,
                             d->environment, d->cut_at, err);

    return rc < 0 ? rc : deploy_write(db, c, err);
}

int deploy_write_rows(struct db *db, struct cut *c, size_t from, struct err *err)
{
    int rc = 0;

    for (size_t i = from; i < c->n_rows && i < from + DEPLOY_SLICE && rc == 0; i++) {
        c->rows[i].deployment_id = c->deployment.id;
        rc = deploy_put(db, &c->deployment, &c->jobs[c->rows[i].job_number], &c->rows[i],
                        c->deployment.cut_at, err);
    }
    return rc;
}

static int apply_slice(struct db *db, void *arg, struct err *err)
{
    const struct slice *s = arg;

    if (s->cut->deployment.id == 0)
        return err_set(err, ERR_CONFLICT, "its deployment was not written");
    return deploy_write_rows(db, s->cut, s->from, err);
}

/* The wish that this cut comes from, 0 = none. */
static int64_t wish_of(const struct outlook *o)
{
    if (o->plan.hotfix)
        return o->hotfix.id;
    return o->plan.wish ? o->wish.id : 0;
}

static void fill_deployment(struct cut *c)
{
    const struct outlook *o = c->outlook;
    const struct release_plan *plan = &o->plan;
    struct deployment *d = &c->deployment;

    *d = (struct deployment){.repository_id = o->repository_id,
                             .repository = c->environment->repo->name,
                             .environment = c->environment->name,
                             .kind = DEPLOYMENT_RELEASE,
                             .release_number = plan->target->number,
                             .from_number = o->has_live ? o->live.release_number : 0,
                             .lane = LANE_CODE,
                             .trigger = plan->occurrence.date[0] != '\0' ? DEPLOYMENT_ON_SCHEDULE
                                        : wish_of(o) != 0                ? DEPLOYMENT_ON_RELEASE
                                                                         : o->facts.on,
                             .wish_id = wish_of(o),
                             .hotfix = plan->hotfix,
                             .config_digest = c->look->snapshot->digest,
                             .cut_at = c->look->now,
                             .start_at =
                                 plan->start_at < c->look->now ? c->look->now : plan->start_at,
                             .start_until = plan->start_until};
    if (d->start_until == VERDICT_NEVER)
        d->start_until = d->start_at + c->environment->grace_ms; /* then it is cut anew (C2) */
    memcpy(d->sha, plan->target->sha, sizeof(d->sha));
    if (o->has_live)
        memcpy(d->from_sha, o->live.sha, sizeof(d->from_sha));
    if (plan->occurrence.date[0] != '\0') {
        memcpy(d->occurrence_date, plan->occurrence.date, sizeof(d->occurrence_date));
        memcpy(d->occurrence_time, plan->occurrence.time, sizeof(d->occurrence_time));
        d->start_at = plan->start_at;
        d->start_until = plan->start_until;
    }
}

/* It brings back the target over what is left, which its hosts know as the one before (R1). */
static int fill_rollback(struct cut *c, struct err *err)
{
    const struct rollback *r = &c->outlook->rollback;
    struct deployment *d = &c->deployment;
    struct release left;
    int rc = store_release_by_number(c->look->flow->db, c->arena, d->repository_id, r->left_number,
                                     &left, err);

    d->kind = DEPLOYMENT_ROLLBACK;
    d->trigger = DEPLOYMENT_ON_RELEASE;
    d->wish_id = 0;
    d->from_number = r->left_number;
    if (rc == 0)
        memcpy(d->from_sha, left.sha, sizeof(d->from_sha));
    return rc;
}

/* Frozen here: what an approval must have been for (A1). */
static void make_plan(struct cut *c)
{
    struct plan_digest plan;
    char digest[PLAN_DIGEST_SIZE];

    plans_make(c->look->snapshot, c->environment, c->arena, &plan);
    c->plan_text = plan_digest_make(&plan, c->deployment.sha, digest);
    c->deployment.plan_digest = arena_str(c->arena, digest);
}

void deploy_tell(const struct cut *cut)
{
    const struct deployment *d = &cut->deployment;

    log_notice("deployment.cut", "deployment=%lld repo=%s environment=%s release=r%lld sha=%s",
               (long long)d->id, LOG(d->repository), LOG(d->environment),
               (long long)d->release_number, d->sha);
}

static void tell(struct look *look, void *arg)
{
    (void)look;
    deploy_tell(arg);
}

void deploy_post(struct bulk *bulk, struct bulk_item *item, struct cut *c)
{
    bulk_add(bulk, item, apply_cut, c, FLOW_DEPLOYMENTS, tell);
    for (size_t from = 0; from < c->n_rows; from += DEPLOY_SLICE) {
        struct slice *s = arena_alloc(c->arena, sizeof(*s));
        *s = (struct slice){c, from};
        bulk_add(bulk, item, apply_slice, s, 0, NULL);
    }
}

/* Jobs, documents, commands and rows of what `deployment` and `plan` say. */
static int make(struct cut *c, struct err *err)
{
    struct deployment *d = &c->deployment;
    int rc = 0;

    c->subject = arena_printf(c->arena, "%s/%s/r%lld", d->repository, d->environment,
                              (long long)d->release_number);
    c->n_jobs = c->plan->n_jobs;
    c->jobs = arena_array(c->arena, c->n_jobs, sizeof(*c->jobs));
    c->contents = arena_array(c->arena, c->n_jobs, sizeof(*c->contents));
    for (size_t i = 0; i < c->n_jobs && rc == 0; i++)
        rc = make_job(c, i, err);
    for (size_t i = 0; i < c->n_jobs && rc == 0; i++)
        rc = make_rows(c, i, err);
    if (rc < 0)
        return rc;
    make_plan(c);
    d->rows_expected = (int64_t)c->n_rows;
    if (d->from_number != 0 && d->from_number < d->release_number)
        rc = store_release_lane(c->look->flow->db, d->repository_id, d->from_number,
                                d->release_number, &d->lane, err);
    return rc;
}

static int make_cut(struct cut *c, struct err *err)
{
    const struct outlook *o = c->outlook;
    int rc = 0;

    fill_deployment(c);
    if (o->plan.rollback)
        rc = fill_rollback(c, err);
    c->plan = o->plan.rollback ? &o->rollback_jobs : &o->jobs;
    return rc < 0 ? rc : make(c, err);
}

static int make_catch_up(struct cut *c, struct err *err)
{
    const struct outlook *o = c->outlook;
    time_ms now = c->look->now;

    c->plan = &o->late_jobs;
    c->deployment = (struct deployment){.repository_id = o->repository_id,
                                        .repository = c->environment->repo->name,
                                        .environment = c->environment->name,
                                        .kind = DEPLOYMENT_CATCH_UP,
                                        .release_number = o->live.release_number,
                                        .from_number = o->live.release_number,
                                        .lane = LANE_CODE,
                                        .trigger = o->facts.on,
                                        .config_digest = c->look->snapshot->digest,
                                        .cut_at = now,
                                        .start_at = now,
                                        .start_until = now + c->environment->grace_ms};
    memcpy(c->deployment.sha, o->live.sha, sizeof(c->deployment.sha));
    return make(c, err);
}

int deploy_make(struct look *look, const struct outlook *outlook,
                const struct config_environment *environment, struct cut **ret_cut, struct err *err)
{
    struct cut *c = arena_alloc(look->arena, sizeof(*c));

    *c = (struct cut){.look = look,
                      .arena = look->arena,
                      .outlook = outlook,
                      .environment = environment};
    *ret_cut = c;
    return outlook->plan.action == PLAN_CATCH_UP ? make_catch_up(c, err) : make_cut(c, err);
}

int deploy_cut(struct bulk *bulk, struct bulk_item *item, const struct outlook *outlook,
               const struct config_environment *environment, struct err *err)
{
    struct cut *c;
    int rc = deploy_make(bulk->look, outlook, environment, &c, err);

    if (rc == 0)
        deploy_post(bulk, item, c);
    return rc;
}
