#include "server/flow/decide.h"

#include "lib/base/str.h"
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

/* Only what stopped over it: a deployment that was cancelled, or has ended otherwise, stays as it is. */
static int move_deployment(struct db *db, struct arena *arena, const struct attempt *a,
                           enum settle_act act, const struct attempt_decision *decision,
                           struct err *err)
{
    bool goes_on = act == SETTLE_SUCCEEDED || act == SETTLE_RETRY;
    struct deployment d;
    int rc = store_deployment_by_id(db, arena, a->deployment_id, &d, err);

    if (rc < 0 || d.state != DEPLOYMENT_ATTENTION || d.cancel_at != 0)
        return rc;
    if (goes_on)
        rc = revive_jobs(db, arena, a, decision->at, err);
    if (rc == 0)
        rc = store_deployment_move(db, d.id, DEPLOYMENT_ATTENTION,
                                   goes_on ? DEPLOYMENT_DEPLOYING : DEPLOYMENT_FAILED,
                                   goes_on ? NULL
                                           : arena_printf(arena, "its migrate job: %s by %s: %s",
                                                          decision->decision, decision->by,
                                                          decision->reason),
                                   decision->at, err);
    if (rc == 0 && !goes_on)
        rc = store_deployment_sweep(db, d.id, decision->at, err);
    return rc;
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
