#include "lib/store/store_cancel.h"

#include "lib/store/db_list.h"
#include "lib/store/store_deployment.h"

DB_STATEMENT(SQL_CANCEL_DEPLOYMENT,
             "UPDATE deployments SET cancel_at = $1, cancel_by = $2, cancel_reason = $3"
             " WHERE id = $4 AND state = $5 AND cancel_at IS NULL");

int store_cancel_deployment(struct db *db, const struct deployment *d, const struct cancel *cancel,
                            bool *ret_ended, struct err *err)
{
    bool waits = d->state == DEPLOYMENT_WAITING;
    int rc;

    if (!deployment_is_open(d->state))
        return err_set(err, ERR_CONFLICT, "deployment %lld has ended", (long long)d->id);
    rc = db_change(db, &SQL_CANCEL_DEPLOYMENT, err, "iteit", cancel->at, cancel->actor,
                   cancel->reason, d->id, deployment_states[d->state].text);
    if (rc == 0 && waits)
        rc = store_deployment_move(db, d->id, DEPLOYMENT_WAITING, DEPLOYMENT_CANCELLED,
                                   cancel->cause, cancel->at, err);
    if (rc == 0 && waits)
        rc = store_deployment_sweep(db, d->id, cancel->at, err);
    if (rc == 0)
        *ret_ended = waits;
    return rc;
}

DB_STATEMENT(SQL_CANCEL_ASK,
             "UPDATE invocations SET status = 'Cancelling', details = 'Cancelling', cancel_id = $1,"
             " cancel_at = $2 WHERE command_id = $3 AND host_id = $4 AND status = $5"
             " AND offered_at IS NOT NULL");

int store_cancel_ask(struct db *db, const char *command_id, const char *host_id,
                     enum invocation_status from, const char *cancel_id, time_ms now,
                     struct err *err)
{
    if (!states_allows(invocation_statuses, (int)from, INVOCATION_CANCELLING))
        return err_set(err, ERR_INTERNAL, "an invocation cannot go from %s to Cancelling",
                       invocation_statuses[from].text);
    return db_change(db, &SQL_CANCEL_ASK, err, "tittt", cancel_id, now, command_id, host_id,
                     invocation_statuses[from].text);
}

static void fill_cancel_offer(struct db_rows *rows, struct arena *arena, void *item)
{
    struct cancel_offer *o = item;

    (void)arena;
    db_copy(rows, 0, o->command_id, sizeof(o->command_id));
    db_copy(rows, 1, o->cancel_id, sizeof(o->cancel_id));
    o->asked_at = db_int(rows, 2);
}

DB_STATEMENT(SQL_CANCEL_OFFERS,
             "SELECT command_id, cancel_id, cancel_at FROM invocations WHERE host_id = $1"
             " AND status = 'Cancelling' AND cancel_taken_at IS NULL"
             " AND (cancel_redeliver_at IS NULL OR cancel_redeliver_at <= $2)"
             " ORDER BY coalesce(cancel_redeliver_at, 0), cancel_at LIMIT $3");

int store_cancel_offers(struct db *db, struct arena *arena, const char *host_id, time_ms now,
                        size_t limit, struct cancel_offer **ret_items, size_t *ret_n,
                        struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CANCEL_OFFERS, &rows, err, "tii", host_id, now, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_cancel_offer, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_CANCEL_OFFERED,
             "UPDATE invocations SET cancel_redeliver_at = $1 WHERE cancel_id = $2");

int store_cancel_offered(struct db *db, const char *cancel_id, time_ms redeliver_at,
                         struct err *err)
{
    return db_change(db, &SQL_CANCEL_OFFERED, err, "it", redeliver_at, cancel_id);
}

DB_STATEMENT(SQL_CANCEL_KNOWN, "SELECT 1 FROM invocations WHERE cancel_id = $1 AND host_id = $2");

int store_cancel_is_known(struct db *db, const char *cancel_id, const char *host_id,
                          bool *ret_known, struct err *err)
{
    return db_exists(db, &SQL_CANCEL_KNOWN, ret_known, err, "tt", cancel_id, host_id);
}

DB_STATEMENT(SQL_CANCEL_TAKEN,
             "UPDATE invocations SET cancel_taken_at = coalesce(cancel_taken_at, $1), heard_at = $1"
             " WHERE cancel_id = $2 AND host_id = $3");

int store_cancel_taken(struct db *db, const char *cancel_id, const char *host_id, time_ms now,
                       struct err *err)
{
    return db_change(db, &SQL_CANCEL_TAKEN, err, "itt", now, cancel_id, host_id);
}
