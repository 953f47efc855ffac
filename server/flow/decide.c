#include "server/flow/decide.h"

#include "lib/base/arena.h"
#include "lib/rules/progress_attempts.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "server/flow/evidence.h"

/* The job of the attempt runs on, and what was stopped for its sake with it. */
static int revive_jobs(struct db *db, struct arena *arena, const struct attempt *a, time_ms now,
                       struct err *err)
{
    struct job *jobs;
    size_t n;
    int rc = store_deployment_jobs(db, arena, a->deployment_id, &jobs, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++) {
        bool is_its_own = jobs[i].number == a->job_number && jobs[i].state == JOB_FAILED;

        if (is_its_own || (jobs[i].state == JOB_CANCELLED && jobs[i].started_at != 0))
            rc = store_deployment_job_move(db, a->deployment_id, jobs[i].number, jobs[i].state,
                                           JOB_RUNNING, NULL, now, err);
    }
    return rc;
}

/* Its command ended with the decision: the track of its host is free, and what comes late is evidence. */
static int end_command(struct db *db, struct arena *arena, const struct attempt *a,
                       enum settle_act act, const struct attempt_decision *decision,
                       struct err *err)
{
    bool well = act == SETTLE_SUCCEEDED;
    const struct invocation_change change = {
        .status = well ? INVOCATION_SUCCESS : INVOCATION_FAILED,
        .details = well ? "Success" : "Failed",
        .cause =
            arena_printf(arena, "nobody knew its end; %s by %s", decision->decision, decision->by),
        .exit_code = -1,
        .commit_sha = ""};
    struct invocation inv;
    int rc = store_command_invocation(db, arena, a->command_id, a->host_id, &inv, err);

    if (rc < 0 || inv.status != INVOCATION_UNKNOWN)
        return rc;
    return store_command_move(db, a->command_id, a->host_id, inv.status, &change, decision->at,
                              err);
}

/* It goes on, or ends as failed: at once where it stands, else when what still runs of it has ended (lib/rules/progress).
 * One that is being cancelled, or has ended, stays as it is. */
static int move_deployment(struct db *db, struct arena *arena, const struct attempt *a,
                           enum settle_act act, const struct attempt_decision *decision,
                           struct err *err)
{
    bool goes_on = act == SETTLE_SUCCEEDED || act == SETTLE_RETRY;
    struct deployment d;
    int rc = store_deployment_by_id(db, arena, a->deployment_id, &d, err);

    if (rc < 0 || !deployment_is_open(d.state) || d.cancel_at != 0)
        return rc;
    if (goes_on)
        rc = revive_jobs(db, arena, a, decision->at, err);
    if (rc < 0 || d.state != DEPLOYMENT_ATTENTION)
        return rc;
    rc = store_deployment_move(db, d.id, DEPLOYMENT_ATTENTION,
                               goes_on ? DEPLOYMENT_DEPLOYING : DEPLOYMENT_FAILED,
                               goes_on ? NULL
                                       : progress_attempts_cause(arena, decision->decision,
                                                                 decision->by, decision->reason),
                               decision->at, err);
    if (rc == 0 && !goes_on)
        rc = store_deployment_sweep(db, d.id, decision->at, err);
    return rc;
}

/* Another database of the deployment that waits for a decision; NULL = there is none. */
static int find_other(struct db *db, struct arena *arena, const struct attempt *a,
                      const char **ret_database, struct err *err)
{
    struct attempt *attempts;
    size_t n;
    int rc = store_attempt_of_deployment(db, arena, a->deployment_id, &attempts, &n, err);

    *ret_database = NULL;
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (attempts[i].id != a->id && attempts[i].settled_at == 0 &&
            (attempts[i].state == ATTEMPT_FAILED || attempts[i].state == ATTEMPT_UNKNOWN))
            *ret_database = attempts[i].database;
    return rc;
}

int decide_follows(struct db *db, struct arena *arena, const struct attempt *a, enum settle_act act,
                   const char **ret_text, struct err *err)
{
    bool retries = act == SETTLE_RETRY, goes_on = retries || act == SETTLE_SUCCEEDED;
    const char *other = NULL;
    struct deployment d;
    int rc = store_deployment_by_id(db, arena, a->deployment_id, &d, err);

    if (rc == 0)
        rc = find_other(db, arena, a, &other, err);
    if (rc < 0)
        return rc;
    if (!deployment_is_open(d.state))
        *ret_text = "settled; its deployment has ended, and the next one may migrate";
    else if (d.cancel_at != 0)
        *ret_text = "settled; its deployment is being cancelled, and nothing more of it follows";
    else if (!goes_on)
        *ret_text = d.state == DEPLOYMENT_ATTENTION
                        ? "settled; its deployment ends as failed"
                        : "settled; its deployment ends as failed when what still runs of it has "
                          "ended";
    else if (other != NULL)
        *ret_text = arena_printf(arena, "settled; %s when %s is decided, too",
                                 retries ? "another attempt follows, with a higher epoch,"
                                         : "its deployment goes on",
                                 other);
    else
        *ret_text = retries ? "settled; another attempt follows, with a higher epoch"
                            : "settled; its deployment goes on";
    return 0;
}

int decide_write(struct db *db, struct arena *arena, const struct attempt *a, enum settle_act act,
                 const struct attempt_decision *decision, const struct journal_entry *entry,
                 struct err *err)
{
    enum attempt_state to = act == SETTLE_SUCCEEDED ? ATTEMPT_SUCCEEDED
                            : act == SETTLE_FAILED  ? ATTEMPT_FAILED
                                                    : a->state;
    struct journal_entry line = *entry;
    int rc = evidence_keep(db, arena, a, decision->at, err); /* as it is at this moment */

    if (rc == 0)
        rc = store_attempt_decide(db, a, to, decision, err);
    if (rc == 0)
        rc = end_command(db, arena, a, act, decision, err);
    if (rc == 0)
        rc = move_deployment(db, arena, a, act, decision, err);
    line.act = "attempt.decide";
    line.subject = a->database;
    line.reason = decision->reason;
    line.detail =
        arena_printf(arena,
                     "{\"decision\":\"%s\",\"release\":%lld,\"epoch\":%lld,\"host\":\"%s\","
                     "\"was\":\"%s\",\"to\":\"%s\",\"command\":\"%s\"}",
                     decision->decision, (long long)a->release_number, (long long)a->epoch, a->host,
                     attempt_states[a->state].text, attempt_states[to].text, a->command_id);
    return rc < 0 ? rc : store_journal_add(db, &line, err);
}
