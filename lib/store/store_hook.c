#include "lib/store/store_hook.h"

#include "lib/store/db_list.h"

DB_STATEMENT(SQL_HOOK_PUT,
             "INSERT INTO hooks (kind, github_id, repository, state, changed_at)"
             " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind, github_id, repository) DO UPDATE SET"
             " state = excluded.state, changed_at = excluded.changed_at"
             " WHERE excluded.changed_at >= changed_at");

int store_hook_put(struct db *db, const struct hook *h, struct err *err)
{
    return db_run(db, &SQL_HOOK_PUT, err, "titti", h->kind, h->github_id, h->repository, h->state,
                  h->changed_at);
}

static void fill_hook(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct hook *)item = (struct hook){.kind = db_text(rows, arena, 0),
                                         .github_id = db_int(rows, 1),
                                         .repository = db_text(rows, arena, 2),
                                         .state = db_text(rows, arena, 3),
                                         .changed_at = db_int(rows, 4)};
}

/* A webhook of an owner serves all of his; an installation only what was chosen for it. */
DB_STATEMENT(
    SQL_HOOK_LOST,
    "SELECT kind, github_id, repository, state, changed_at FROM hooks gone WHERE state <> 'present'"
    " AND NOT EXISTS (SELECT 1 FROM hooks serving WHERE serving.state = 'present'"
    "  AND (serving.kind, serving.github_id) <> (gone.kind, gone.github_id)"
    "  AND (serving.repository = gone.repository"
    "   OR (serving.repository = '' AND serving.kind = 'webhook'))) ORDER BY changed_at LIMIT 20");

int store_hook_lost(struct db *db, struct arena *arena, struct hook **ret_items, size_t *ret_n,
                    struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOOK_LOST, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_hook, ret_items, ret_n, err);
}
