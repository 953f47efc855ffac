#include "lib/store/store_retry.h"

#include "lib/store/db_list.h"

DB_STATEMENT(SQL_RETRY_AGAIN,
             "UPDATE invocations SET again_at = $1 WHERE command_id = $2 AND host_id = $3"
             " AND status = $4 AND again_at IS NULL");

int store_retry_again(struct db *db, const struct invocation *i, time_ms now, struct err *err)
{
    return db_change(db, &SQL_RETRY_AGAIN, err, "ittt", now, i->command_id, i->host_id,
                     invocation_statuses[i->status].text);
}

DB_STATEMENT(SQL_RETRY_JOB,
             "UPDATE jobs SET state = 'running', cause = NULL, ended_at = NULL, retried_at = $1"
             " WHERE deployment_id = $2 AND number = $3 AND state = $4");

int store_retry_job(struct db *db, int64_t deployment_id, const struct job *job, time_ms now,
                    struct err *err)
{
    if (!states_allows(job_states, (int)job->state, JOB_RUNNING))
        return err_set(err, ERR_INTERNAL, "a job cannot go from %s to running",
                       job_states[job->state].text);
    return db_change(db, &SQL_RETRY_JOB, err, "iiit", now, deployment_id, (int64_t)job->number,
                     job_states[job->state].text);
}

DB_STATEMENT(SQL_RETRY_LEAVE_OUT,
             "INSERT INTO left_out (deployment_id, host_id, actor, reason, left_at)"
             " VALUES ($1, $2, $3, $4, $5)");

int store_retry_leave_out(struct db *db, int64_t deployment_id, const char *host_id,
                          const char *actor, const char *reason, time_ms now, struct err *err)
{
    return db_run(db, &SQL_RETRY_LEAVE_OUT, err, "ittei", deployment_id, host_id, actor, reason,
                  now);
}

DB_STATEMENT(SQL_RETRY_LEFT_OUT,
             "SELECT host_id FROM left_out WHERE deployment_id = $1 ORDER BY host_id");

int store_retry_left_out(struct db *db, struct arena *arena, int64_t deployment_id,
                         const char ***ret_ids, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_RETRY_LEFT_OUT, &rows, err, "i", deployment_id);

    return rc < 0 ? rc : DB_LIST(rows, arena, db_list_text, ret_ids, ret_n, err);
}
