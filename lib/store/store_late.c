#include "lib/store/store_late.h"

#include <string.h>

#include "lib/model/deployment.h"
#include "lib/model/host.h"

/* Deployments and jobs newest first, of each job the newest try first. What was superseded never began. A catch-up
 * that a person ended is his word about all of its hosts. */
DB_STATEMENT(
    SQL_LATE_HISTORY,
    "SELECT d.id, d.kind, d.state, d.sha, d.cut_at, i.job_number, i.status, i.offered_at IS NOT NULL,"
    " i.released_at IS NOT NULL OR (d.kind = 'catch-up' AND d.cancel_at IS NOT NULL)"
    "  OR EXISTS (SELECT 1 FROM left_out l WHERE l.deployment_id = d.id AND l.host_id = i.host_id)"
    " FROM invocations i"
    " JOIN deployments d ON d.id = i.deployment_id"
    " JOIN jobs j ON j.deployment_id = i.deployment_id AND j.number = i.job_number"
    " JOIN commands c ON c.id = i.command_id"
    " WHERE i.host_id = $1 AND d.repository_id = $2 AND d.environment = $3"
    " AND j.touches = 1 AND d.state <> 'superseded'"
    " ORDER BY i.deployment_id DESC, i.job_number, c.requested_at DESC, i.command_id DESC LIMIT 200");

/* One deployment's part of it. */
struct part {
    int64_t id;
    bool catch_up;
    bool to_live;
    bool failed; /* the deployment did */
    bool offered;
    bool turn;
    bool well;
    int64_t job;
    char sha[41];
    time_ms cut_at;
};

static void take_row(struct db_rows *rows, struct part *p, const char *live_sha)
{
    char text[16];

    if (p->id == 0) {
        *p = (struct part){.id = db_int(rows, 0), .well = true, .job = -1};
        db_copy(rows, 1, text, sizeof(text));
        p->catch_up = strcmp(text, deployment_kinds[DEPLOYMENT_CATCH_UP].text) == 0;
        db_copy(rows, 2, text, sizeof(text));
        p->failed = strcmp(text, deployment_states[DEPLOYMENT_FAILED].text) == 0;
        db_copy(rows, 3, p->sha, sizeof(p->sha));
        p->to_live = strcmp(p->sha, live_sha) == 0;
        p->cut_at = db_int(rows, 4);
    }
    p->offered = p->offered || db_int(rows, 7) != 0;
    p->turn = p->turn || db_int(rows, 8) != 0;
    if (db_int(rows, 5) == p->job)
        return; /* an earlier try */
    p->job = db_int(rows, 5);
    db_copy(rows, 6, text, sizeof(text));
    p->well = p->well && strcmp(text, "Success") == 0;
}

static void add_part(struct late_history *h, const struct part *p, const struct host *host,
                     bool *counts)
{
    if (p->id == 0)
        return;
    if (p->turn && h->turn_at == 0)
        h->turn_at = p->cut_at;
    if (p->offered && h->last_id == 0) {
        h->last_id = p->id;
        memcpy(h->last_sha, p->sha, sizeof(h->last_sha));
        h->last_well = p->well;
        h->last_cut_at = p->cut_at;
    }
    if (!p->turn)
        return;
    *counts = *counts && p->catch_up && p->to_live && p->failed && p->cut_at >= host->put_back_at;
    h->n_failed += *counts;
}

int store_late_history(struct db *db, const struct host *host, int64_t repository_id,
                       const char *environment, const char *live_sha,
                       struct late_history *ret_history, struct err *err)
{
    struct late_history h = {.last_id = 0};
    struct part part = {.id = 0};
    bool counts = true;
    struct db_rows *rows;
    int rc =
        db_query(db, &SQL_LATE_HISTORY, &rows, err, "tit", host->id, repository_id, environment);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        if (part.id != 0 && db_int(rows, 0) != part.id) {
            add_part(&h, &part, host, &counts);
            part.id = 0;
        }
        take_row(rows, &part, live_sha);
    }
    add_part(&h, &part, host, &counts);
    db_end(rows);
    if (rc < 0)
        return rc;
    *ret_history = h;
    return 0;
}
