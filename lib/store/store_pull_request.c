#include "lib/store/store_pull_request.h"

#include "lib/store/db_list.h"

DB_STATEMENT(
    SQL_PULL_PUT,
    "INSERT INTO pull_requests (repository_id, number, github_id, state, draft, fork, title, url,"
    " author_id, author, base_ref, head_ref, head_sha, merge_sha, merged_by_id, merged_by,"
    " opened_at, updated_at, closed_at, merged_at, reverts)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
    " $19, $20, $21)"
    " ON CONFLICT (repository_id, number) DO UPDATE SET"
    " github_id = excluded.github_id, state = excluded.state, draft = excluded.draft,"
    " fork = excluded.fork, title = excluded.title, url = excluded.url,"
    " author_id = excluded.author_id, author = excluded.author, base_ref = excluded.base_ref,"
    " head_ref = excluded.head_ref, head_sha = excluded.head_sha,"
    " merge_sha = coalesce(excluded.merge_sha, merge_sha),"
    " reverts = coalesce(excluded.reverts, reverts),"
    " merged_by_id = coalesce(excluded.merged_by_id, merged_by_id),"
    " merged_by = coalesce(excluded.merged_by, merged_by),"
    " opened_at = excluded.opened_at, updated_at = excluded.updated_at,"
    " closed_at = excluded.closed_at, merged_at = coalesce(excluded.merged_at, merged_at)"
    " WHERE excluded.updated_at >= updated_at AND (state <> 'merged' OR excluded.state = 'merged')");
/* What is known is later than the merge: it stays, but for what the merge alone can tell (W4). Which commit came of it may
 * be told late, too. */
DB_STATEMENT(SQL_PULL_MERGED,
             "UPDATE pull_requests SET state = 'merged', merge_sha = coalesce($1, merge_sha),"
             " merged_by_id = coalesce($2, merged_by_id), merged_by = coalesce($3, merged_by),"
             " closed_at = coalesce($4, closed_at), merged_at = coalesce($5, merged_at)"
             " WHERE repository_id = $6 AND number = $7"
             " AND (state <> 'merged' OR (merge_sha IS NULL AND $1 IS NOT NULL))");

int store_pull_request_put(struct db *db, const struct pull_request *p, bool *ret_taken,
                           struct err *err)
{
    int rc = db_change(db, &SQL_PULL_PUT, err, "iiitbbttIettteIeiiIII", p->repository_id, p->number,
                       p->github_id, pull_request_states[p->state].text, (int)p->draft,
                       (int)p->fork, p->title, p->url, p->author_id, p->author, p->base_ref,
                       p->head_ref, p->head_sha, p->merge_sha, p->merged_by_id, p->merged_by,
                       p->opened_at, p->updated_at, p->closed_at, p->merged_at, p->reverts);

    *ret_taken = rc == 0;
    if (rc == ERR_CONFLICT && p->state == PULL_REQUEST_MERGED)
        rc = db_change(db, &SQL_PULL_MERGED, err, "eIeIIii", p->merge_sha, p->merged_by_id,
                       p->merged_by, p->closed_at, p->merged_at, p->repository_id, p->number);
    return rc == ERR_CONFLICT ? 0 : rc;
}

DB_STATEMENT(SQL_PULL_LABELS_CLEAR,
             "DELETE FROM pull_request_labels WHERE repository_id = $1 AND number = $2");
DB_STATEMENT(SQL_PULL_LABEL_PUT,
             "INSERT OR IGNORE INTO pull_request_labels (repository_id, number, label)"
             " VALUES ($1, $2, $3)");

int store_pull_request_labels(struct db *db, int64_t repository_id, int64_t number,
                              const char *const *labels, size_t n, struct err *err)
{
    int rc = db_run(db, &SQL_PULL_LABELS_CLEAR, err, "ii", repository_id, number);

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = db_run(db, &SQL_PULL_LABEL_PUT, err, "iit", repository_id, number, labels[i]);
    return rc;
}

/* A dismissal is the last word on a review; else what was said later counts. */
DB_STATEMENT(
    SQL_PULL_REVIEW_PUT,
    "INSERT INTO pull_request_reviews (repository_id, number, github_id, state, commit_sha,"
    " reviewer_id, reviewer, submitted_at, reported_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    " ON CONFLICT (repository_id, number, github_id) DO UPDATE SET state = excluded.state,"
    " commit_sha = excluded.commit_sha, submitted_at = excluded.submitted_at,"
    " reported_at = excluded.reported_at WHERE (excluded.state = 'dismissed', excluded.reported_at)"
    " >= (state = 'dismissed', reported_at)");

int store_pull_request_review(struct db *db, int64_t repository_id, int64_t number,
                              const struct pull_request_review *v, struct err *err)
{
    return db_run(db, &SQL_PULL_REVIEW_PUT, err, "iiiteIeIi", repository_id, number, v->github_id,
                  v->state, v->commit_sha, v->reviewer_id, v->reviewer, v->submitted_at,
                  v->reported_at);
}

DB_STATEMENT(
    SQL_PULL_HAPPENED,
    "INSERT INTO pull_request_timeline (repository_id, number, at, kind, actor_id, actor, detail,"
    " delivery_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    " ON CONFLICT (repository_id, number, delivery_id) DO NOTHING");

int store_pull_request_happened(struct db *db, int64_t repository_id,
                                const struct timeline_entry *e, struct err *err)
{
    return db_run(db, &SQL_PULL_HAPPENED, err, "iiitIeei", repository_id, e->number, e->at, e->kind,
                  e->actor_id, e->actor, e->detail, e->delivery_id);
}

static void fill_timeline_entry(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct timeline_entry *)item = (struct timeline_entry){.number = db_int(rows, 0),
                                                             .at = db_int(rows, 1),
                                                             .kind = db_text(rows, arena, 2),
                                                             .actor_id = db_int(rows, 3),
                                                             .actor = db_text(rows, arena, 4),
                                                             .detail = db_text(rows, arena, 5),
                                                             .delivery_id = db_int(rows, 6)};
}

DB_STATEMENT(
    SQL_PULL_TIMELINE,
    "SELECT number, at, kind, actor_id, actor, detail, delivery_id FROM pull_request_timeline"
    " WHERE repository_id = $1 AND number = $2 ORDER BY delivery_id LIMIT 500");

int store_pull_request_timeline(struct db *db, struct arena *arena, int64_t repository_id,
                                int64_t number, struct timeline_entry **ret_items, size_t *ret_n,
                                struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PULL_TIMELINE, &rows, err, "ii", repository_id, number);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_timeline_entry, ret_items, ret_n, err);
}

#define COLUMNS                                                                                      \
    "p.repository_id, p.number, p.github_id, p.state, p.draft, p.fork, p.title, p.url, p.author_id," \
    " p.author, p.base_ref, p.head_ref, p.head_sha, p.merge_sha, p.merged_by_id, p.merged_by,"       \
    " p.opened_at, p.updated_at, p.closed_at, p.merged_at, p.reverts"

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct pull_request *p = item;
    char state[16];

    p->repository_id = db_int(rows, 0);
    p->number = db_int(rows, 1);
    p->github_id = db_int(rows, 2);
    db_copy(rows, 3, state, sizeof(state));
    p->state =
        (enum pull_request_state)states_find(pull_request_states, PULL_REQUEST_STATES_COUNT, state);
    p->draft = db_int(rows, 4) != 0;
    p->fork = db_int(rows, 5) != 0;
    p->title = db_text(rows, arena, 6);
    p->url = db_text(rows, arena, 7);
    p->author_id = db_int(rows, 8);
    p->author = db_text(rows, arena, 9);
    p->base_ref = db_text(rows, arena, 10);
    p->head_ref = db_text(rows, arena, 11);
    db_copy(rows, 12, p->head_sha, sizeof(p->head_sha));
    db_copy(rows, 13, p->merge_sha, sizeof(p->merge_sha));
    p->merged_by_id = db_int(rows, 14);
    p->merged_by = db_text(rows, arena, 15);
    p->opened_at = db_int(rows, 16);
    p->updated_at = db_int(rows, 17);
    p->closed_at = db_int(rows, 18);
    p->merged_at = db_int(rows, 19);
    p->reverts = db_int(rows, 20);
}

DB_STATEMENT(SQL_PULL_BY_NUMBER,
             "SELECT " COLUMNS
             " FROM pull_requests p WHERE p.repository_id = $1 AND p.number = $2");

int store_pull_request_by_number(struct db *db, struct arena *arena, int64_t repository_id,
                                 int64_t number, struct pull_request *ret_pull, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PULL_BY_NUMBER, &rows, err, "ii", repository_id, number);

    return rc < 0 ? rc
                  : db_list_one(rows, arena, fill, ret_pull, err, "no pull request #%lld is known",
                                (long long)number);
}

DB_STATEMENT(SQL_PULL_IS_KNOWN,
             "SELECT 1 FROM pull_requests WHERE repository_id = $1 AND number = $2");

int store_pull_request_is_known(struct db *db, int64_t repository_id, int64_t number,
                                bool *ret_known, struct err *err)
{
    return db_exists(db, &SQL_PULL_IS_KNOWN, ret_known, err, "ii", repository_id, number);
}

static void fill_pull_in_release(struct db_rows *rows, struct arena *arena, void *item)
{
    struct pull_in_release *found = item;

    fill(rows, arena, &found->pull);
    found->release_number = db_int(rows, 21);
}

/* The `+` leads to the index: by the key alone each release would be looked for among all pull requests. */
DB_STATEMENT(SQL_PULL_IN_RANGE,
             "SELECT " COLUMNS ", r.number FROM releases r JOIN pull_requests p"
             " ON p.merge_sha = r.sha AND +p.repository_id = r.repository_id"
             " WHERE r.repository_id = $1 AND r.number > $2 AND r.number <= $3"
             " AND r.off_line = 0 AND p.state = 'merged' ORDER BY r.number DESC LIMIT $4");

int store_pull_request_in_range(struct db *db, struct arena *arena, int64_t repository_id,
                                int64_t from, int64_t to, size_t limit,
                                struct pull_in_release **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PULL_IN_RANGE, &rows, err, "iiii", repository_id, from, to,
                      (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_pull_in_release, ret_items, ret_n, err);
}

DB_STATEMENT(
    SQL_PUSH_PUT,
    "INSERT OR IGNORE INTO pushes (repository_id, ref, before_sha, after_sha, forced, pusher_id, pusher,"
    " received_at, delivery_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");

int store_push_put(struct db *db, int64_t repository_id, const char *ref, const char *before,
                   const char *after, bool forced, int64_t pusher_id, const char *pusher,
                   time_ms now, int64_t delivery_id, struct err *err)
{
    return db_run(db, &SQL_PUSH_PUT, err, "itttbIeii", repository_id, ref, before, after,
                  (int)forced, pusher_id, pusher, now, delivery_id);
}
