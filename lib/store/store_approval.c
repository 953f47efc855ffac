#include "lib/store/store_approval.h"

#include <string.h>

#include "lib/store/db_list.h"

/* Plans ------------------------------------------------------------------------------------------- */

DB_STATEMENT(SQL_APPROVAL_PLAN_PUT, "INSERT OR IGNORE INTO plans (digest, text) VALUES ($1, $2)");

int store_approval_plan_put(struct db *db, const char *digest, const char *text, struct err *err)
{
    return db_run(db, &SQL_APPROVAL_PLAN_PUT, err, "tt", digest, text);
}

DB_STATEMENT(SQL_APPROVAL_PLAN, "SELECT text FROM plans WHERE digest = $1");

int store_approval_plan(struct db *db, struct arena *arena, const char *digest,
                        const char **ret_text, struct err *err)
{
    return db_string(db, &SQL_APPROVAL_PLAN, arena, ret_text, err, "t", digest);
}

/* Acts -------------------------------------------------------------------------------------------- */

DB_STATEMENT(
    SQL_APPROVAL_GRANT,
    "INSERT INTO approvals (repository_id, environment, release_number, plan_digest, state,"
    " actor, way, reason, github_id, login, code, content, granted_at)"
    " VALUES ($1, $2, $3, $4, 'granted', $5, $6, $7, $8, $9, $10, $11, $12)");

int store_approval_grant(struct db *db, const struct approval *a, int64_t *ret_id, struct err *err)
{
    int rc = db_run(db, &SQL_APPROVAL_GRANT, err, "itittteItbbi", a->repository_id, a->environment,
                    a->release_number, a->plan_digest, a->actor, a->way, a->reason, a->account.id,
                    a->account.login, (int)a->code, (int)a->content, a->granted_at);

    if (rc == 0)
        *ret_id = db_last_id(db);
    return rc;
}

DB_STATEMENT(SQL_APPROVAL_WITHDRAW,
             "UPDATE approvals SET state = 'withdrawn', ended_at = $1, ended_by = $2"
             " WHERE id = $3 AND state = 'granted'");

int store_approval_withdraw(struct db *db, int64_t id, const char *by, time_ms now, struct err *err)
{
    return db_change(db, &SQL_APPROVAL_WITHDRAW, err, "iti", now, by, id);
}

DB_STATEMENT(SQL_APPROVAL_VOID,
             "UPDATE approvals SET state = 'void', ended_at = $1, ended_by = 'slipway', ended = $2"
             " WHERE id = $3 AND state = 'granted'");

int store_approval_void(struct db *db, int64_t id, const char *why, time_ms now, struct err *err)
{
    return db_change(db, &SQL_APPROVAL_VOID, err, "iti", now, why, id);
}

/* Reading ----------------------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
    "id, repository_id, environment, release_number, plan_digest, state, actor, way, reason,"      \
    " github_id, login, code, content, granted_at, ended_at, ended_by, ended FROM approvals"

static void fill_approval(struct db_rows *rows, struct arena *arena, void *item)
{
    struct approval *a = item;

    *a = (struct approval){.id = db_int(rows, 0),
                           .repository_id = db_int(rows, 1),
                           .environment = db_text(rows, arena, 2),
                           .release_number = db_int(rows, 3),
                           .state = (enum approval_state)states_find(approval_states,
                                                                     APPROVAL_STATES_COUNT,
                                                                     db_text(rows, arena, 5)),
                           .actor = db_text(rows, arena, 6),
                           .way = db_text(rows, arena, 7),
                           .reason = db_text(rows, arena, 8),
                           .account = {db_int(rows, 9), db_text(rows, arena, 10)},
                           .code = db_int(rows, 11) != 0,
                           .content = db_int(rows, 12) != 0,
                           .granted_at = db_int(rows, 13),
                           .ended_at = db_int(rows, 14),
                           .ended_by = db_text(rows, arena, 15),
                           .ended = db_text(rows, arena, 16)};
    db_copy(rows, 4, a->plan_digest, sizeof(a->plan_digest));
}

DB_STATEMENT(SQL_APPROVAL_GRANTED,
             "SELECT " COLUMNS " WHERE repository_id = $1 AND environment = $2"
             " AND release_number > $3 AND state = 'granted' ORDER BY id LIMIT 2000");

int store_approval_granted(struct db *db, struct arena *arena, int64_t repository_id,
                           const char *environment, int64_t after, struct approval **ret_items,
                           size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_APPROVAL_GRANTED, &rows, err, "iti", repository_id, environment, after);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_approval, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_APPROVAL_LIST, "SELECT " COLUMNS " WHERE repository_id = $1 AND environment = $2"
                                " AND release_number = $3 ORDER BY id DESC LIMIT 200");

int store_approval_list(struct db *db, struct arena *arena, int64_t repository_id,
                        const char *environment, int64_t release_number,
                        struct approval **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_APPROVAL_LIST, &rows, err, "iti", repository_id, environment,
                      release_number);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_approval, ret_items, ret_n, err);
}

/* What a start stood on --------------------------------------------------------------------------- */

DB_STATEMENT(SQL_APPROVAL_USED,
             "INSERT INTO deployment_approvals (deployment_id, approval_id)"
             " SELECT $1, id FROM approvals WHERE id = $2 AND state = 'granted'");

int store_approval_used(struct db *db, int64_t deployment_id, int64_t id, struct err *err)
{
    return db_change(db, &SQL_APPROVAL_USED, err, "ii", deployment_id, id);
}

DB_STATEMENT(SQL_APPROVAL_NEEDED, "UPDATE deployments SET approvals_needed = $1 WHERE id = $2");

int store_approval_needed(struct db *db, int64_t deployment_id, int64_t n, struct err *err)
{
    return db_change(db, &SQL_APPROVAL_NEEDED, err, "ii", n, deployment_id);
}

/* Different persons: by account, and all of no known account are one. */
DB_STATEMENT(SQL_APPROVAL_MISSING,
             "SELECT r.name || '/' || d.environment || '/r' || d.release_number"
             " FROM deployments d JOIN repositories r ON r.id = d.repository_id"
             " WHERE d.started_at IS NOT NULL AND d.approvals_needed > 0 AND d.approvals_needed > ("
             " SELECT count(DISTINCT coalesce(a.github_id, lower(a.login), 0))"
             " FROM deployment_approvals u JOIN approvals a ON a.id = u.approval_id"
             " WHERE u.deployment_id = d.id AND a.repository_id = d.repository_id"
             " AND a.environment = d.environment AND a.release_number = d.release_number"
             " AND a.plan_digest = d.plan_digest AND a.granted_at <= d.started_at"
             " AND (a.ended_at IS NULL OR a.ended_at >= d.started_at)) ORDER BY d.id");

int store_approval_missing(struct db *db, struct arena *arena, const char *const **ret_items,
                           size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_APPROVAL_MISSING, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, db_list_text, ret_items, ret_n, err);
}
