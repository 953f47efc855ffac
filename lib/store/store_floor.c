#include "lib/store/store_floor.h"

#include "lib/store/db_list.h"
#include "lib/store/store_attempt.h"

DB_STATEMENT(SQL_FLOOR_DATABASE, "SELECT epoch, coalesce(looked_epoch, 0), fenced_at IS NOT NULL,"
                                 " coalesce(fence_epoch, 0) FROM databases WHERE name = $1");
DB_STATEMENT(SQL_FLOOR_COMMAND, "SELECT 1 FROM attempts WHERE command_id = $1");

static void fill(struct db_rows *rows, struct arena *arena, void *item)
{
    (void)arena;
    *(struct floor_facts *)item = (struct floor_facts){.knows_database = true,
                                                       .epoch = db_int(rows, 0),
                                                       .looked_epoch = db_int(rows, 1),
                                                       .is_fenced = db_int(rows, 2) != 0,
                                                       .fence_epoch = db_int(rows, 3)};
}

int store_floor_facts(struct db *db, const struct floor_word *word, struct floor_facts *ret_facts,
                      struct err *err)
{
    struct err own = ERR_INIT;
    struct db_rows *rows;
    int rc = db_query(db, &SQL_FLOOR_DATABASE, &rows, err, "t", word->database);

    *ret_facts = (struct floor_facts){.knows_database = false};
    if (rc < 0)
        return rc;
    rc = db_list_one(rows, NULL, fill, ret_facts, &own, "no database %s", word->database);
    if (rc < 0 && rc != ERR_NOT_FOUND) {
        *err = own;
        return rc;
    }
    return db_exists(db, &SQL_FLOOR_COMMAND, &ret_facts->knows_command, err, "t", word->command_id);
}

DB_STATEMENT(SQL_FLOOR_RAN, "SELECT 1 FROM attempts WHERE database = $1 AND host_id = $2 LIMIT 1");

int store_floor_ran(struct db *db, const char *database, const char *host_id, bool *ret_ran,
                    struct err *err)
{
    return db_exists(db, &SQL_FLOOR_RAN, ret_ran, err, "tt", database, host_id);
}

DB_STATEMENT(SQL_FLOOR_ADD,
             "INSERT INTO databases (name, epoch) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING");

int store_floor_fence(struct db *db, const struct floor_word *word, const char *why, time_ms now,
                      struct err *err)
{
    int rc = db_run(db, &SQL_FLOOR_ADD, err, "t", word->database);

    return rc < 0 ? rc : store_attempt_fence(db, word->database, word->epoch, why, now, err);
}

DB_STATEMENT(SQL_FLOOR_FORGOT, "SELECT coalesce(forgot_at, 0) FROM databases WHERE name = $1");

int store_floor_forgot_at(struct db *db, const char *database, time_ms *ret_at, struct err *err)
{
    return db_number(db, &SQL_FLOOR_FORGOT, ret_at, err, "t", database);
}
