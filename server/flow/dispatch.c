/* dispatch: see dispatch.h. */
#include "server/flow/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/rules/migrate.h"
#include "lib/rules/progress.h"
#include "lib/rules/progress_index.h"
#include "lib/rules/settle.h"
#include "lib/rules/verdict.h"
#include "lib/ssm/envelope.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "lib/store/store_config.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_probe.h"
#include "server/flow/agenda.h"
#include "server/flow/bulk.h"
#include "server/flow/deploy.h"
#include "server/flow/flow.h"
#include "server/flow/handout.h"
#include "server/flow/naming.h"
#include "server/flow/rehearsal.h"
#include "server/flow/run_facts.h"
#include "server/flow/snapshot.h"

#define BATCH 16 /* followed on one snapshot, written by one post */

/* One deployment in its turn, and what all of a look share. */
struct turn {
    struct look *look;
    struct bulk *bulk;
    struct bulk_item *item;
    const struct config_environment *environment; /* NULL = it left the configuration */
    const struct deployment *deployment;
    const struct progress_facts *facts; /* while its moves are made */
    struct handout handout;             /* its commands that are let go */
};

/* One move on its way into the store. */
struct dispatched {
    struct turn *turn;
    const struct deployment *deployment;
    const struct progress_move *move;
    const char *subject;
    const struct invocation *signed_anew; /* RELEASE with a new envelope, RETRY, ATTEMPT_PLAN */
    struct attempt attempt;               /* ATTEMPT_PLAN */
    int changed;                          /* ATTEMPT_MOVE */
    char cancel_id[NAMES_UUID_SIZE];      /* CANCEL: of the message */
    int64_t protocol;                     /* ATTEMPT_PLAN: that its host speaks */
    time_ms now;
};

static int move_invocation(struct db *db, const struct dispatched *d, enum invocation_status to,
                           const char *details, const char *cause, struct err *err)
{
    const struct invocation *inv = d->move->invocation;
    const struct invocation_change change = {
        .status = to, .details = details, .cause = cause, .exit_code = -1, .commit_sha = ""};

    return store_command_move(db, inv->command_id, inv->host_id, inv->status, &change, d->now, err);
}

/* The same for one that nobody was handed: it may be on its way to its host by now. */
static int withdraw(struct db *db, const struct dispatched *d, enum invocation_status to,
                    const char *details, const char *cause, struct err *err)
{
    const struct invocation *inv = d->move->invocation;
    const struct invocation_change change = {.status = to, .details = details, .cause = cause};

    return store_command_withdraw(db, inv->command_id, inv->host_id, &change, d->now, err);
}

static int release(struct db *db, const struct dispatched *d, struct err *err)
{
    const struct invocation *inv = d->move->invocation;
    const bool waits = false; /* the bell is rung, and its poll asks */
    int rc = 0;

    if (d->signed_anew != NULL)
        rc = store_command_resign(db, inv->command_id, inv->host_id, d->signed_anew->envelope,
                                  d->signed_anew->signature, d->signed_anew->start_by, err);
    return rc < 0 ? rc : store_offer_hand_out(db, &inv, &waits, 1, d->now, 0, err);
}

/* The name of its database was looked up in the configuration of this look: it must still be the one in force. */
static int plan_attempt(struct db *db, struct dispatched *d, struct err *err)
{
    bool is_in_force = false;
    int rc = store_config_is_in_force(db, d->turn->look->snapshot->digest, &is_in_force, err);

    if (rc == 0 && !is_in_force)
        rc = err_set(err, ERR_CONFLICT, "another configuration is in force");
    if (rc == 0)
        rc = deploy_put(db, d->deployment, d->move->job, d->signed_anew, d->now, err);

    return rc < 0 ? rc : store_attempt_plan(db, &d->attempt, &d->attempt.id, err);
}

/* The move itself; `act` names it in the journal, NULL = it needs no line of its own. */
static int make_move(struct db *db, struct dispatched *d, const char **ret_act, struct err *err)
{
    const struct progress_move *m = d->move;

    switch (m->kind) {
    case PROGRESS_JOB_START:
        *ret_act = "job.start";
        return store_deployment_job_move(db, d->deployment->id, m->job->number, m->job->state,
                                         JOB_RUNNING, NULL, d->now, err);
    case PROGRESS_RELEASE:
        *ret_act = "invocation.release";
        return release(db, d, err);
    case PROGRESS_RETRY:
        *ret_act = "invocation.again";
        return deploy_put(db, d->deployment, m->job, d->signed_anew, d->now, err);
    case PROGRESS_UNDELIVERED:
        *ret_act = "invocation.undelivered";
        return withdraw(db, d, INVOCATION_TIMED_OUT, "DeliveryTimedOut",
                        m->cause != NULL ? m->cause : "it did not take its command in time", err);
    case PROGRESS_LOST:
        *ret_act = "invocation.lost";
        return move_invocation(db, d, INVOCATION_UNKNOWN, "Unknown",
                               "it fell silent; it may have run, or still be running", err);
    case PROGRESS_LEAVE_OUT:
        *ret_act = NULL;
        return withdraw(db, d, INVOCATION_CANCELLED, "Terminated", NULL, err);
    case PROGRESS_CANCEL:
        *ret_act = "invocation.cancel";
        return store_cancel_ask(db, m->invocation->command_id, m->invocation->host_id,
                                m->invocation->status, d->cancel_id, d->now, err);
    case PROGRESS_ATTEMPT_PLAN:
        *ret_act = "attempt.plan";
        return plan_attempt(db, d, err);
    case PROGRESS_ATTEMPT_MOVE:
        *ret_act = "attempt.move";
        return store_attempt_move(db, m->attempt->id, m->attempt->state, m->attempt_state,
                                  d->changed, d->now, err);
    case PROGRESS_ATTEMPT_ALARM:
        *ret_act = "attempt.alarm";
        return store_attempt_alarm(db, m->attempt->id, d->now, err);
    case PROGRESS_JOB_END:
        *ret_act = "job.end";
        return store_deployment_job_move(db, d->deployment->id, m->job->number, m->job->state,
                                         m->job_state, m->cause, d->now, err);
    case PROGRESS_DEPLOYMENT_END:
        *ret_act = "deployment.end";
        return store_deployment_move(db, d->deployment->id, d->deployment->state,
                                     m->deployment_state, m->cause, d->now, err);
    }
    return 0;
}

int dispatch_line(struct db *db, time_ms now, const struct dispatch_line *l, struct err *err)
{
    char detail[256];

    snprintf(detail, sizeof(detail),
             "{\"deployment\":%lld,\"job\":\"%.64s\",\"command\":\"%.36s\",\"to\":\"%s\"}",
             (long long)l->deployment_id, l->job, l->command, l->to);
    return look_journal(db, now, l->act, l->subject, detail, l->cause, err);
}

static int apply(struct db *db, void *arg, struct err *err)
{
    struct dispatched *d = arg;
    const struct progress_move *m = d->move;
    const char *act = NULL;
    int rc = make_move(db, d, &act, err);
    struct dispatch_line l = {.act = act,
                              .subject = d->subject,
                              .deployment_id = d->deployment->id,
                              .job = m->job != NULL ? m->job->name : "",
                              .command = m->invocation != NULL    ? m->invocation->command_id
                                         : d->signed_anew != NULL ? d->signed_anew->command_id
                                                                  : "",
                              .to = m->kind == PROGRESS_ATTEMPT_MOVE
                                        ? attempt_states[m->attempt_state].text
                                    : m->kind == PROGRESS_JOB_END ? job_states[m->job_state].text
                                    : m->kind == PROGRESS_DEPLOYMENT_END
                                        ? deployment_states[m->deployment_state].text
                                        : "",
                              .cause = m->cause};

    return rc < 0 || act == NULL ? rc : dispatch_line(db, d->now, &l, err);
}

static int find_protocol(struct turn *t, const char *host_id, int64_t *ret_protocol,
                         struct err *err)
{
    const struct host *known = progress_index_host(t->facts, host_id);
    struct host host;
    int rc = known != NULL
                 ? 0
                 : store_host_by_id(t->look->flow->db, t->look->arena, host_id, &host, err);

    *ret_protocol = known != NULL ? known->protocol : rc == 0 ? host.protocol : 0;
    return rc;
}

/* Signing anew: same host, same job; what was in the old envelope stays, but for id, epoch, start-by. */
static int sign(struct look *look, struct dispatched *d, const struct invocation *like,
                const char *id, int64_t epoch, struct err *err)
{
    struct invocation *inv = arena_alloc(look->arena, sizeof(*inv));
    struct deploy_order order = {.deployment = d->deployment,
                                 .job = d->move->job,
                                 .host_id = like->host_id,
                                 .host = like->host,
                                 .roles = like->roles,
                                 .epoch = epoch,
                                 .protocol = d->protocol,
                                 .start_by = look->now + d->move->job->start_within_ms};
    int rc = d->move->kind == PROGRESS_ATTEMPT_PLAN
                 ? 0
                 : find_protocol(d->turn, like->host_id, &order.protocol, err);

    if (rc == 0)
        rc = deploy_sign(look, &order, id, inv, err);
    if (rc == 0)
        d->signed_anew = inv;
    return rc;
}

static const char *subject_of(const struct dispatched *d)
{
    const struct deployment *deployment = d->deployment;

    return arena_printf(d->turn->look->arena, "%s/%s/r%lld", deployment->repository,
                        deployment->environment, (long long)deployment->release_number);
}

/* What hangs on it when it is written. */
static void written(struct look *look, void *arg)
{
    const struct dispatched *d = arg;
    const struct config_environment *e = d->turn->environment;
    struct agenda *agenda = look->flow->agenda;

    switch (d->move->kind) {
    case PROGRESS_RELEASE:
    case PROGRESS_CANCEL:
        if (look->flow->ring_host != NULL)
            look->flow->ring_host(look->flow->arg, d->move->invocation->host_id);
        break;
    case PROGRESS_ATTEMPT_PLAN:
    case PROGRESS_ATTEMPT_MOVE: /* databases may be shared over repositories */
        agenda_touch_environments(agenda, e == NULL || look->snapshot->config->n_databases > 0
                                              ? NULL
                                              : e->repo);
        agenda_touch_runs(agenda, NULL);
        break;
    case PROGRESS_DEPLOYMENT_END:
        agenda_touch_environments(agenda, e == NULL ? NULL : e->repo);
        break;
    case PROGRESS_JOB_START:
    case PROGRESS_RETRY:
    case PROGRESS_UNDELIVERED:
    case PROGRESS_LOST:
    case PROGRESS_LEAVE_OUT:
    case PROGRESS_ATTEMPT_ALARM:
    case PROGRESS_JOB_END:
        break;
    }
}

static void post(struct dispatched *d)
{
    bulk_add(d->turn->bulk, d->turn->item, apply, d, FLOW_DEPLOYMENTS, written);
}

static void wait_for_signs(struct dispatched *d)
{
    agenda_wait_for_signs(d->turn->look->flow->agenda, d->turn->item->entry, true);
}

static void end_job(struct dispatched *d, enum job_state state, const char *cause)
{
    struct progress_move *end = arena_alloc(d->turn->look->arena, sizeof(*end));

    *end = (struct progress_move){.kind = PROGRESS_JOB_END,
                                  .job = d->move->job,
                                  .job_state = state,
                                  .cause = cause};
    d->move = end;
    post(d);
}

/* No host for the migrate job: a clear stop after its limit, a wait before. */
static void no_host(struct dispatched *d, bool primary_is_out)
{
    const char *cause = "no host that may run the migrate job is online";
    struct look *look = d->turn->look;
    time_ms limit = d->move->job->started_at + d->move->job->start_within_ms;

    if (look->now < limit) {
        wait_for_signs(d);
        bulk_again(d->turn->item, limit);
        return;
    }
    if (d->move->job->primary_host != NULL)
        cause = arena_printf(look->arena,
                             primary_is_out
                                 ? "%s is the primary of the migrate job, and gets nothing more "
                                   "here: it failed or was left out"
                                 : "%s is offline; it is the primary of the migrate job",
                             d->move->job->primary_host);
    end_job(d, JOB_FAILED, cause);
}

/* Cut under a name that is in force no more: under it the ledger would not see who holds the database now. */
static bool is_renamed(struct dispatched *d)
{
    const struct job *job = d->move->job;
    const char *name =
        naming_of(d->turn->look->arena, d->turn->look->snapshot->config, d->deployment->repository,
                  d->deployment->environment, job->name, job->database);

    if (str_eq(name, job->database))
        return false;
    end_job(d, JOB_FAILED,
            arena_printf(d->turn->look->arena,
                         "the configuration no longer calls its database %s; cancel this "
                         "deployment, and send the release again",
                         job->database));
    return true;
}

/* 0, and `*ret` is that attempt, or NULL. */
static int found(int rc, const struct attempt *attempt, const struct attempt **ret,
                 const struct err *own, struct err *err)
{
    *ret = rc == 0 ? attempt : NULL;
    if (rc < 0 && rc != ERR_NOT_FOUND)
        *err = *own;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int load_ledger(struct dispatched *d, struct migrate_ledger *l, struct err *err)
{
    struct look *look = d->turn->look;
    struct db *db = look->flow->db;
    const char *database = d->move->job->database;
    struct attempt *two = arena_array(look->arena, 2, sizeof(*two));
    struct err own = ERR_INIT;
    int rc = store_attempt_is_fenced(db, database, &l->is_fenced, err);

    if (rc == 0)
        rc = found(store_attempt_unsettled(db, look->arena, database, &two[0], &own), &two[0],
                   &l->unsettled, &own, err);
    if (rc == 0)
        rc = found(store_attempt_success(db, look->arena, database, d->deployment->repository_id,
                                         d->deployment->release_number, &two[1], &own),
                   &two[1], &l->success, &own, err);
    return rc < 0 ? rc : store_probe_holder_seen(db, database, &l->holder_seen_at, err);
}

/* Abandoned or marked, the last attempt may still run inside the database: that, too, is waited for. */
static int check_ledger(struct dispatched *d, bool *ret_go, struct err *err)
{
    struct migrate_ledger ledger = {.unsettled = NULL};
    int rc;

    *ret_go = false;
    if (is_renamed(d))
        return 0;
    if ((rc = load_ledger(d, &ledger, err)) < 0)
        return rc;
    switch (migrate_turn(&ledger, d->turn->look->now)) {
    case MIGRATE_GO:
        *ret_go = true;
        break;
    case MIGRATE_HELD:
        wait_for_signs(d);
        break;
    case MIGRATE_DONE:
        end_job(d, JOB_SUCCEEDED, "done in an earlier deployment of this release");
        break;
    case MIGRATE_NOT_CLEAR:
        bulk_again(d->turn->item, settle_clear_at(ledger.holder_seen_at));
        break;
    }
    return 0;
}

static int plan(struct dispatched *d, struct err *err)
{
    struct look *look = d->turn->look;
    const struct job *job = d->move->job;
    struct host *hosts, *candidates;
    const struct host *host;
    struct invocation like = {.roles = ""};
    char id[NAMES_UUID_SIZE];
    int64_t epoch;
    size_t n = 0, n_hosts;
    bool go, primary_is_out = false;
    int rc = check_ledger(d, &go, err);

    if (rc < 0 || !go)
        return rc;
    if ((rc = store_host_list(look->flow->db, look->arena, &hosts, &n_hosts, err)) < 0)
        return rc;
    candidates = arena_array(look->arena, n_hosts, sizeof(*candidates));
    for (size_t i = 0; i < n_hosts; i++) {
        if (!str_list_has(job->candidates, hosts[i].name))
            continue;
        if (!progress_is_out(d->turn->facts, job->number, hosts[i].id))
            candidates[n++] = hosts[i];
        else if (str_eq(job->primary_host, hosts[i].name))
            primary_is_out = true;
    }
    host = migrate_choose_host(candidates, n, job->primary_host, look->now);
    if (host == NULL) {
        no_host(d, primary_is_out);
        return 0;
    }
    if ((rc = store_attempt_epoch(look->flow->db, job->database, &epoch, err)) < 0)
        return rc;
    names_uuid_at(look->now, id);
    memcpy(like.host_id, host->id, sizeof(like.host_id));
    like.host = host->name;
    d->protocol = host->protocol;
    like.roles = job->name;
    if ((rc = sign(look, d, &like, id, epoch, err)) < 0)
        return rc;
    d->attempt = (struct attempt){.database = job->database,
                                  .repository_id = d->deployment->repository_id,
                                  .release_number = d->deployment->release_number,
                                  .epoch = epoch,
                                  .deployment_id = d->deployment->id,
                                  .job_number = job->number,
                                  .planned_at = look->now};
    memcpy(d->attempt.command_id, id, sizeof(d->attempt.command_id));
    memcpy(d->attempt.host_id, host->id, sizeof(d->attempt.host_id));
    log_notice("attempt.planned", "database=%s host=%s epoch=%lld release=r%lld",
               LOG(job->database), LOG(host->name), (long long)epoch,
               (long long)d->deployment->release_number);
    post(d);
    return 0;
}

static int again(struct dispatched *d, struct err *err)
{
    char id[NAMES_UUID_SIZE];
    int rc;

    names_uuid_at(d->now, id);
    rc = sign(d->turn->look, d, d->move->invocation, id, 0, err);
    if (rc == 0)
        post(d);
    return rc;
}

/* Less than its delivery limit is left: signed anew under the same id. An attempt was just signed, unless
 * its host was busy. Nobody was ever offered the old envelope. */
static bool must_be_signed(const struct progress_move *m, time_ms now)
{
    int64_t limit = m->job->start_within_ms;

    return m->invocation->start_by < now + (m->attempt != NULL ? limit / 2 : limit);
}

static int release_one(struct dispatched *d, struct err *err)
{
    const struct attempt *attempt = d->move->attempt;
    const struct invocation *inv = d->move->invocation;
    int rc;

    if (!must_be_signed(d->move, d->now)) {
        handout_add(&d->turn->handout, d->move->job, inv);
        return 0;
    }
    d->subject = subject_of(d);
    rc = sign(d->turn->look, d, inv, inv->command_id, attempt != NULL ? attempt->epoch : 0, err);
    if (rc == 0)
        post(d);
    return rc;
}

static int move_attempt(struct dispatched *d, struct err *err)
{
    struct look *look = d->turn->look;
    struct result_line *lines;
    size_t n;
    int rc = 0;

    d->changed = -1;
    if (d->move->attempt_state == ATTEMPT_SUCCEEDED) {
        rc = store_command_results(look->flow->db, look->arena, d->move->invocation->command_id,
                                   d->move->invocation->host_id, &lines, &n, err);
        if (rc == 0)
            d->changed = migrate_changed(lines, n);
    }
    if (rc < 0)
        return rc;
    log_notice("attempt.moved", "database=%s host=%s from=%s to=%s",
               LOG(d->move->attempt->database), LOG(d->move->attempt->host),
               attempt_states[d->move->attempt->state].text,
               attempt_states[d->move->attempt_state].text);
    post(d);
    return 0;
}

/* It takes longer than `timeout-minutes`: that is told, and nothing else is done (M5). */
static int alarm_people(struct dispatched *d, struct err *err)
{
    struct look *look = d->turn->look;
    const struct config *config = look->snapshot->config;
    const struct config_repo *repo = config_repo(config, d->deployment->repository);
    const struct config_environment *e =
        repo != NULL ? config_environment(repo, d->deployment->environment) : NULL;
    struct progress_move *told = arena_alloc(look->arena, sizeof(*told));
    struct rehearsal r = {NULL, 0};
    int rc = 0;

    for (size_t i = 0; e != NULL && i < repo->n_jobs && rc == 0; i++)
        if (str_eq(repo->jobs[i].name, d->move->job->name) && repo->jobs[i].once != NULL)
            rc = rehearsal_find(look->flow->db, look->arena, config, e, &repo->jobs[i],
                                d->deployment->repository_id, d->deployment->release_number, &r,
                                err);
    if (rc < 0)
        return rc;
    *told = *d->move;
    told->cause = arena_printf(look->arena, "it runs longer than %lld minutes; nothing is stopped",
                               (long long)d->move->job->timeout_ms / 60000);
    if (r.environment != NULL)
        told->cause = arena_printf(look->arena, "%s. It took %lld s in %s", told->cause,
                                   (long long)r.took_ms / 1000, r.environment);
    d->move = told;
    d->subject = told->attempt->database;
    log_error("attempt.alarm", "database=%s host=%s release=r%lld err=%s", LOG(d->subject),
              LOG(told->attempt->host), (long long)told->attempt->release_number, LOG(told->cause));
    post(d);
    return 0;
}

static int do_move(struct turn *t, const struct progress_move *m, struct err *err)
{
    const struct deployment *deployment = t->deployment;
    struct dispatched *d = arena_alloc(t->look->arena, sizeof(*d));

    *d = (struct dispatched){
        .turn = t, .deployment = deployment, .move = m, .now = t->look->now, .changed = -1};
    if (m->kind == PROGRESS_RELEASE)
        return release_one(d, err);
    d->subject = subject_of(d);
    switch (m->kind) {
    case PROGRESS_ATTEMPT_PLAN:
        return plan(d, err);
    case PROGRESS_RETRY:
        return again(d, err);
    case PROGRESS_ATTEMPT_MOVE:
        return move_attempt(d, err);
    case PROGRESS_ATTEMPT_ALARM:
        return alarm_people(d, err);
    case PROGRESS_CANCEL: /* its host is asked by a message of its own (P6) */
        names_uuid_at(d->now, d->cancel_id);
        break;
    case PROGRESS_DEPLOYMENT_END:
        log_notice("deployment.end",
                   "deployment=%lld repo=%s environment=%s release=r%lld state=%s cause=%s",
                   (long long)deployment->id, LOG(deployment->repository),
                   LOG(deployment->environment), (long long)deployment->release_number,
                   deployment_states[m->deployment_state].text, LOG(m->cause));
        break;
    case PROGRESS_JOB_START:
    case PROGRESS_RELEASE:
    case PROGRESS_UNDELIVERED:
    case PROGRESS_LOST:
    case PROGRESS_LEAVE_OUT:
    case PROGRESS_JOB_END:
        break;
    }
    post(d);
    return 0;
}

/* What was decided begins jobs and lets go commands, and nothing else: what follows is known, as if it were written. Hosts
 * are read once, and not again while thousands of them are told. */
static bool begins_only(const struct turn *t, const struct progress_plan *plan)
{
    for (size_t i = 0; i < plan->n_moves; i++)
        if (plan->moves[i].kind != PROGRESS_JOB_START &&
            (plan->moves[i].kind != PROGRESS_RELEASE ||
             must_be_signed(&plan->moves[i], t->look->now)))
            return false;
    return plan->n_moves > 0;
}

static int follow(struct turn *t, struct err *err)
{
    struct look *look = t->look;
    struct progress_plan plan_made;
    struct run_facts f;
    time_ms rest;
    int rc = run_facts_load(look, t->deployment, &f, err);

    if (rc < 0)
        return rc;
    agenda_wait_for_signs(look->flow->agenda, t->item->entry,
                          run_facts_is_unsettled(f.known.attempts, f.known.n_attempts));
    t->facts = &f.known;
    progress_make(&f.known, look->now, look->arena, &plan_made);
    bulk_again(t->item, run_facts_next(&f.known, &plan_made, look->now));
    for (size_t i = 0; i < plan_made.n_moves && rc == 0; i++)
        rc = do_move(t, &plan_made.moves[i], err);
    handout_post(&t->handout);
    t->facts = NULL;
    if (rc == 0 && begins_only(t, &plan_made) && run_facts_play(look, &f, &plan_made, &rest))
        bulk_rest(t->item, rest);
    return rc;
}

/* Does it still need somebody who follows it? One that ended does while its attempts are not settled. */
static int is_followed(struct look *look, const struct deployment *d, bool *ret_is, struct err *err)
{
    struct attempt *attempts;
    size_t n;
    int rc;

    *ret_is = deployment_is_open(d->state);
    if (*ret_is)
        return 0;
    rc = store_attempt_of_deployment(look->flow->db, look->arena, d->id, &attempts, &n, err);
    *ret_is = rc == 0 && run_facts_is_unsettled(attempts, n);
    return rc;
}

static int follow_one(struct bulk *bulk, struct agenda_entry *entry, struct err *err)
{
    struct look *look = bulk->look;
    struct deployment *deployment = arena_alloc(look->arena, sizeof(*deployment));
    struct turn *t = arena_alloc(look->arena, sizeof(*t));
    bool followed = false;
    int rc =
        store_deployment_by_id(look->flow->db, look->arena, entry->deployment_id, deployment, err);

    if (rc == 0)
        rc = is_followed(look, deployment, &followed, err);
    if (rc < 0)
        return rc;
    if (!followed) {
        agenda_drop(look->flow->agenda, entry);
        return 0;
    }
    *t = (struct turn){.look = look,
                       .bulk = bulk,
                       .item = bulk_item(bulk, entry),
                       .environment = entry->environment,
                       .deployment = deployment};
    t->handout = (struct handout){.bulk = bulk, .item = t->item, .deployment = deployment};
    if (deployment->state == DEPLOYMENT_WAITING)
        return 0; /* until it starts it is the schedule's */
    return follow(t, err);
}

/* Up to BATCH of those that are due. */
static int follow_batch(struct look *look, struct err *err)
{
    struct agenda_entry *entry;
    size_t n = 0;
    struct bulk bulk;
    int rc = bulk_begin(&bulk, look, err);

    while (rc == 0 && n++ < BATCH && (entry = agenda_take(look, AGENDA_RUNS)) != NULL) {
        rc = follow_one(&bulk, entry, err);
        bulk_turn(&bulk);
    }
    if (rc == 0)
        rc = bulk_post(&bulk, look, err);
    bulk_end(&bulk);
    return rc;
}

/* Whatever runs, also what ran before this process. */
static int find_runs(struct look *look, struct err *err)
{
    struct deployment *open;
    size_t n;
    int rc = store_deployment_to_follow(look->flow->db, look->arena, &open, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct config_repo *repo = config_repo(look->snapshot->config, open[i].repository);
        struct agenda_entry *run =
            agenda_run(look->flow->agenda, open[i].id, repo,
                       repo == NULL ? NULL : config_environment(repo, open[i].environment));
        agenda_touch(look->flow->agenda, run);
    }
    return rc;
}

int dispatch_look(struct look *look, struct err *err)
{
    int rc = 0;

    agenda_open(&look->flow->agenda, look->snapshot);
    if (agenda_is_new(look->flow->agenda) || look->whole)
        rc = find_runs(look, err);
    if (rc == 0 && agenda_has_due(look, AGENDA_RUNS))
        rc = follow_batch(look, err);
    look->more = look->more || agenda_has_due(look, AGENDA_RUNS);
    return rc;
}
