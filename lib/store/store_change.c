#include "lib/store/store_change.h"

#include "lib/base/arena.h"

/* Two pull requests may share a merge commit: GitHub marks one that another one contained as merged too. */
/* The `+` leads to the index: by the key alone each release would be looked for among all pull requests. */
DB_STATEMENT(SQL_CHANGE_IN_RANGE,
             "SELECT r.number, r.lane, p.number, p.head_sha, p.author_id, p.author, r.author_email"
             " FROM releases r LEFT JOIN pull_requests p ON p.merge_sha = r.sha"
             " AND +p.repository_id = r.repository_id AND p.state = 'merged'"
             " WHERE r.repository_id = $1 AND r.number > $2 AND r.number <= $3 AND r.off_line = 0"
             " ORDER BY r.number, p.number LIMIT $4");
/* The last who pushed to the head branch; at one second several count. */
DB_STATEMENT(SQL_CHANGE_PUSHER_OF_PULL,
             "SELECT DISTINCT actor_id, actor FROM pull_request_timeline"
             " WHERE repository_id = $1 AND number = $2 AND kind = 'pull_request.synchronize'"
             " AND at = (SELECT max(at) FROM pull_request_timeline WHERE repository_id = $1"
             " AND number = $2 AND kind = 'pull_request.synchronize')");
/* A push brings several commits, and names its ends. One of a tag or another branch may end there, too, and brings none. */
DB_STATEMENT(SQL_CHANGE_PUSHER,
             "SELECT DISTINCT p.pusher_id, p.pusher FROM repositories t"
             " JOIN pushes p ON p.repository_id = t.id AND p.ref = 'refs/heads/' || t.branch"
             " JOIN releases b ON b.repository_id = p.repository_id AND b.sha = p.after_sha"
             " LEFT JOIN releases a ON a.repository_id = p.repository_id AND a.sha = p.before_sha"
             " WHERE t.id = $1 AND b.number >= $2 AND b.number < $2 + 1000"
             " AND coalesce(a.number, $2 - 1) < $2");

/* Who else wrote what the release brings, and whose the address is, where GitHub said so. */
DB_STATEMENT(SQL_CHANGE_OTHERS,
             "SELECT m.email, a.login FROM release_makers m LEFT JOIN addresses a"
             " ON a.email = m.email WHERE m.repository_id = $1 AND m.number = $2");

struct makers {
    struct account *items;
    size_t n, cap;
};

static void add_maker(struct arena *arena, struct makers *makers, int64_t id, const char *login)
{
    const struct account account = {id, login};

    if (!account_is_known(&account))
        return;
    for (size_t i = 0; i < makers->n; i++)
        if (account_same(&makers->items[i], &account))
            return;
    *ARENA_PUSH(arena, makers->items, makers->n, makers->cap) = account;
}

/* Whom the commit names as its author, where its address is one of GitHub's own. */
static struct account committed_by(struct arena *arena, const char *email)
{
    struct account account;
    char login[101];

    if (!account_of_email(email, login, sizeof(login), &account))
        return (struct account){0, NULL};
    account.login = arena_str(arena, login);
    return account;
}

static int add_makers(struct db *db, struct arena *arena, const struct statement *statement,
                      int64_t repository_id, int64_t number, struct makers *makers, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, statement, &rows, err, "ii", repository_id, number);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        add_maker(arena, makers, db_int(rows, 0), db_text(rows, arena, 1));
    db_end(rows);
    return rc;
}

static int add_others(struct db *db, struct arena *arena, int64_t repository_id, struct change *c,
                      struct makers *makers, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CHANGE_OTHERS, &rows, err, "ii", repository_id, c->release);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        struct account account = committed_by(arena, db_text(rows, arena, 0));

        if (!account_is_known(&account))
            account.login = db_text(rows, arena, 1);
        if (account_is_known(&account))
            add_maker(arena, makers, account.id, account.login);
        else
            c->n_unknown++;
    }
    db_end(rows);
    return rc;
}

static int fill_makers(struct db *db, struct arena *arena, int64_t repository_id, struct change *c,
                       struct err *err)
{
    struct makers makers = {.n = 0};
    int rc;

    for (size_t i = 0; i < c->n_makers; i++)
        add_maker(arena, &makers, c->makers[i].id, c->makers[i].login);
    rc = c->pull != 0
             ? add_makers(db, arena, &SQL_CHANGE_PUSHER_OF_PULL, repository_id, c->pull, &makers,
                          err)
             : add_makers(db, arena, &SQL_CHANGE_PUSHER, repository_id, c->release, &makers, err);
    if (rc == 0)
        rc = add_others(db, arena, repository_id, c, &makers, err);
    c->makers = makers.items;
    c->n_makers = makers.n;
    return rc;
}

int store_change_in_range(struct db *db, struct arena *arena, int64_t repository_id, int64_t from,
                          int64_t to, size_t limit, struct change **ret_items, size_t *ret_n,
                          bool *ret_more, struct err *err)
{
    struct change *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_CHANGE_IN_RANGE, &rows, err, "iiii", repository_id, from, to,
                      (int64_t)limit + 1);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        struct change *c = ARENA_PUSH(arena, items, n, cap);
        struct account *author = arena_array(arena, 2, sizeof(*author));
        *c = (struct change){.release = db_int(rows, 0), .pull = db_int(rows, 2)};
        c->lane = c->pull != 0 ? lane_from_name(db_text(rows, arena, 1)) : LANE_CODE;
        db_copy(rows, 3, c->head_sha, sizeof(c->head_sha));
        author[0] = (struct account){db_int(rows, 4), db_text(rows, arena, 5)};
        author[1] = committed_by(arena, db_text(rows, arena, 6));
        c->makers = author;
        c->n_makers = 2;
    }
    db_end(rows);
    *ret_more = n > limit;
    n = *ret_more ? limit : n;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = fill_makers(db, arena, repository_id, &items[i], err);
    if (rc == 0) {
        *ret_items = items;
        *ret_n = n;
    }
    return rc;
}
