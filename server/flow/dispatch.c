/* dispatch: see dispatch.h. */
#include "server/flow/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/model/host.h"
#include "lib/model/send.h"
#include "lib/rules/progress.h"
#include "lib/rules/progress_index.h"
#include "lib/rules/verdict.h"
#include "lib/ssm/envelope.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "server/flow/agenda.h"
#include "server/flow/bulk.h"
#include "server/flow/deploy.h"
#include "server/flow/dispatch_attempt.h"
#include "server/flow/flow.h"
#include "server/flow/run_facts.h"
#include "server/flow/snapshot.h"

#define BATCH 16 /* followed on one snapshot, written by one post */

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

/* One that failed leaves nothing behind that waits. */
static int end_deployment(struct db *db, const struct dispatched *d, struct err *err)
{
    const struct progress_move *m = d->move;
    int rc = store_deployment_move(db, d->deployment->id, d->deployment->state, m->deployment_state,
                                   m->cause, d->now, err);

    if (rc == 0 && m->deployment_state == DEPLOYMENT_FAILED)
        rc = store_deployment_sweep(db, d->deployment->id, d->now, err);
    return rc;
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
        return dispatch_attempt_write(db, d, err);
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
        return end_deployment(db, d, err);
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

/* What its host speaks, and who carries it there. */
static int find_way(struct dispatch_turn *t, struct deploy_order *order, struct err *err)
{
    const struct host *host = progress_index_host(t->facts, order->host_id);
    struct host read;
    int rc = 0;

    if (host == NULL) {
        rc = store_host_by_id(t->look->flow->db, t->look->arena, order->host_id, &read, err);
        host = &read;
    }
    if (rc < 0)
        return rc;
    order->protocol = host->protocol;
    order->by_ssm = host->by_ssm;
    return 0;
}

int dispatch_sign(struct look *look, struct dispatched *d, const struct invocation *like,
                  const char *id, int64_t epoch, struct err *err)
{
    struct invocation *inv = arena_alloc(look->arena, sizeof(*inv));
    struct deploy_order order = {.deployment = d->deployment,
                                 .job = d->move->job,
                                 .host_id = like->host_id,
                                 .host = like->host,
                                 .roles = like->roles,
                                 .epoch = epoch,
                                 .start_by = look->now + d->move->job->start_within_ms};
    int rc = find_way(d->turn, &order, err);

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

void dispatch_post(struct dispatched *d)
{
    bulk_add(d->turn->bulk, d->turn->item, apply, d, FLOW_DEPLOYMENTS, written);
}

static int again(struct dispatched *d, struct err *err)
{
    char id[NAMES_UUID_SIZE];
    int rc;

    names_uuid_at(d->now, id);
    rc = dispatch_sign(d->turn->look, d, d->move->invocation, id, 0, err);
    if (rc == 0)
        dispatch_post(d);
    return rc;
}

/* Less than its delivery limit is left: signed anew under the same id. An attempt was just signed, unless
 * its host was busy. Nobody was ever offered the old envelope. */
static bool must_be_signed(const struct dispatch_turn *t, const struct progress_move *m)
{
    const struct host *host = progress_index_host(t->facts, m->invocation->host_id);
    int64_t limit = m->job->start_within_ms;
    int64_t grace = host != NULL && host->by_ssm ? SEND_GRACE_MS : 0;

    return m->invocation->start_by - grace <
           t->look->now + (m->attempt != NULL ? limit / 2 : limit);
}

static int release_one(struct dispatched *d, struct err *err)
{
    const struct attempt *attempt = d->move->attempt;
    const struct invocation *inv = d->move->invocation;
    int rc;

    if (!must_be_signed(d->turn, d->move)) {
        handout_add(&d->turn->handout, d->move->job, inv);
        return 0;
    }
    d->subject = subject_of(d);
    rc = dispatch_sign(d->turn->look, d, inv, inv->command_id, attempt != NULL ? attempt->epoch : 0,
                       err);
    if (rc == 0)
        dispatch_post(d);
    return rc;
}

static int do_move(struct dispatch_turn *t, const struct progress_move *m, struct err *err)
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
        return dispatch_attempt_plan(d, err);
    case PROGRESS_RETRY:
        return again(d, err);
    case PROGRESS_ATTEMPT_MOVE:
        return dispatch_attempt_move(d, err);
    case PROGRESS_ATTEMPT_ALARM:
        return dispatch_attempt_alarm(d, err);
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
    dispatch_post(d);
    return 0;
}

/* What was decided begins jobs and lets go commands, and nothing else: what follows is known, as if it were written. Hosts
 * are read once, and not again while thousands of them are told. */
static bool begins_only(const struct dispatch_turn *t, const struct progress_plan *plan)
{
    for (size_t i = 0; i < plan->n_moves; i++)
        if (plan->moves[i].kind != PROGRESS_JOB_START &&
            (plan->moves[i].kind != PROGRESS_RELEASE || must_be_signed(t, &plan->moves[i])))
            return false;
    return plan->n_moves > 0;
}

static int follow(struct dispatch_turn *t, struct err *err)
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
    if (rc == 0 && begins_only(t, &plan_made) && run_facts_play(look, &f, &plan_made, &rest))
        bulk_rest(t->item, rest);
    t->facts = NULL;
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
    struct dispatch_turn *t = arena_alloc(look->arena, sizeof(*t));
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
    *t = (struct dispatch_turn){.look = look,
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
