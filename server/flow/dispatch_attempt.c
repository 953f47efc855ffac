#include "server/flow/dispatch_attempt.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/model/host.h"
#include "lib/rules/migrate.h"
#include "lib/rules/progress_attempts.h"
#include "lib/rules/settle.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_config.h"
#include "lib/store/store_host.h"
#include "lib/store/store_probe.h"
#include "lib/store/store_send.h"
#include "server/flow/agenda.h"
#include "server/flow/bulk.h"
#include "server/flow/deploy.h"
#include "server/flow/naming.h"
#include "server/flow/rehearsal.h"
#include "server/flow/snapshot.h"

/* The name of its database was looked up in the configuration of this look: it must still be the one in force. */
int dispatch_attempt_write(struct db *db, struct dispatched *d, struct err *err)
{
    bool is_in_force = false;
    int rc = store_config_is_in_force(db, d->turn->look->snapshot->digest, &is_in_force, err);

    if (rc == 0 && !is_in_force)
        rc = err_set(err, ERR_CONFLICT, "another configuration is in force");
    if (rc == 0)
        rc = deploy_put(db, d->deployment, d->move->job, d->signed_anew, d->now, err);

    return rc < 0 ? rc : store_attempt_plan(db, &d->attempt, &d->attempt.id, err);
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
    dispatch_post(d);
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

int dispatch_attempt_plan(struct dispatched *d, struct err *err)
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
    time_ms clear_at = 0;
    int rc = check_ledger(d, &go, err);

    if (rc < 0 || !go)
        return rc;
    /* slipway-once asks for no permit: what AWS was handed for this database, and may still bring, is waited for (migrate.md 6). Put
     * off by the five minutes (SEND_GRACE_MS). */
    if ((rc = store_send_clear_at(look->flow->db, job->database, &clear_at, err)) < 0)
        return rc;
    if (look->now < clear_at) {
        bulk_again(d->turn->item, clear_at);
        return 0;
    }
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
    like.roles = job->name;
    if ((rc = dispatch_sign(look, d, &like, id, epoch, err)) < 0)
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
    dispatch_post(d);
    return 0;
}

int dispatch_attempt_move(struct dispatched *d, struct err *err)
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
    dispatch_post(d);
    return 0;
}

int dispatch_attempt_alarm(struct dispatched *d, struct err *err)
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
    dispatch_post(d);
    return 0;
}
