#include "lib/store/store_person.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/store/db_list.h"

#define COLUMNS "shown, github_id, bound_at, bound_by, other_id, other_at"

bool store_person_is_login(const char *login)
{
    size_t len = login != NULL ? strlen(login) : 0;

    if (len == 0 || len > STORE_PERSON_LOGIN_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = login[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              strchr("-_[]", c) != NULL))
            return false;
    }
    return true;
}

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    struct person *p = item;

    *p = (struct person){.login = db_text(rows, arena, 0),
                         .github_id = db_int(rows, 1),
                         .bound_at = db_int(rows, 2),
                         .bound_by = db_text(rows, arena, 3),
                         .other_id = db_int(rows, 4),
                         .other_at = db_int(rows, 5)};
}

DB_STATEMENT(SQL_PERSON_IDS, "SELECT github_id, other_id FROM people WHERE login = lower($1)");
DB_STATEMENT(SQL_PERSON_BIND, "INSERT INTO people (login, shown, github_id, bound_at, bound_by)"
                              " VALUES (lower($1), $1, $2, $3, $4)");
DB_STATEMENT(SQL_PERSON_STRANGER,
             "UPDATE people SET other_id = $1, other_at = $2 WHERE login = lower($3)"
             " AND github_id <> $1");

int store_person_seen(struct db *db, const char *login, int64_t github_id, const char *by,
                      time_ms now, enum store_person_news *ret_news, struct err *err)
{
    int64_t bound = 0, other = 0;
    struct db_rows *rows;
    int rc;

    *ret_news = STORE_PERSON_KNOWN;
    if (github_id <= 0 || !store_person_is_login(login))
        return 0;
    if ((rc = db_query(db, &SQL_PERSON_IDS, &rows, err, "t", login)) < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0) {
        bound = db_int(rows, 0);
        other = db_int(rows, 1);
    }
    db_end(rows);
    if (rc < 0 || bound == github_id || other == github_id)
        return rc < 0 ? rc : 0;
    if (bound == 0) {
        *ret_news = STORE_PERSON_BOUND;
        return db_run(db, &SQL_PERSON_BIND, err, "tiit", login, github_id, now, by);
    }
    *ret_news = STORE_PERSON_STRANGER;
    return db_change(db, &SQL_PERSON_STRANGER, err, "iit", github_id, now, login);
}

/* Bound to nobody yet, or to another while this one waits at the door. */
DB_STATEMENT(SQL_PERSON_ACCEPT,
             "INSERT INTO people (login, shown, github_id, bound_at, bound_by)"
             " VALUES (lower($1), $1, $2, $3, 'person') ON CONFLICT (login) DO UPDATE"
             " SET github_id = excluded.github_id, bound_at = excluded.bound_at,"
             " bound_by = 'person', other_id = NULL, other_at = NULL"
             " WHERE other_id = excluded.github_id");

int store_person_accept(struct db *db, const char *login, int64_t github_id, time_ms now,
                        struct err *err)
{
    return db_change(db, &SQL_PERSON_ACCEPT, err, "tii", login, github_id, now);
}

DB_STATEMENT(SQL_PERSON_BY_LOGIN, "SELECT " COLUMNS " FROM people WHERE login = lower($1)");

int store_person_by_login(struct db *db, struct arena *arena, const char *login,
                          struct person *ret_person, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PERSON_BY_LOGIN, &rows, err, "t", login);

    return rc < 0 ? rc
                  : db_list_one(rows, arena, fill, ret_person, err,
                                "nobody was seen under the login %.100s", login);
}

DB_STATEMENT(SQL_PERSON_LOGINS,
             "SELECT login FROM people WHERE github_id = $1 ORDER BY login LIMIT 100");

int store_person_logins(struct db *db, struct arena *arena, int64_t github_id,
                        const char *const **ret_logins, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PERSON_LOGINS, &rows, err, "i", github_id);

    return rc < 0 ? rc : DB_LIST(rows, arena, db_list_text, ret_logins, ret_n, err);
}

DB_STATEMENT(SQL_PERSON_LIST,
             "SELECT " COLUMNS " FROM people WHERE login > lower($1) ORDER BY login LIMIT $2");

int store_person_list(struct db *db, struct arena *arena, const char *after, size_t limit,
                      struct person **ret_items, size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PERSON_LIST, &rows, err, "ti", after, (int64_t)limit);

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_PERSON_REFUSED, "SELECT " COLUMNS " FROM people WHERE other_id IS NOT NULL"
                                 " ORDER BY login LIMIT 100");

int store_person_refused(struct db *db, struct arena *arena, struct person **ret_items,
                         size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_PERSON_REFUSED, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill, ret_items, ret_n, err);
}

DB_STATEMENT(SQL_PERSON_ADDRESS_PUT,
             "INSERT INTO addresses (email, login, heard_at) VALUES ($1, $2, $3)"
             " ON CONFLICT DO NOTHING");

int store_person_address_put(struct db *db, const char *email, const char *login, time_ms now,
                             struct err *err)
{
    return db_run(db, &SQL_PERSON_ADDRESS_PUT, err, "tti", email, login, now);
}
