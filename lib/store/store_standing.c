#include "lib/store/store_standing.h"

#include "lib/store/store_open.h"

DB_STATEMENT(SQL_STANDING,
             "SELECT (SELECT max(id) FROM barriers), (SELECT max(id) FROM holds),"
             " (SELECT max(id) FROM freezes), EXISTS (SELECT 1 FROM barriers WHERE state = 'open'),"
             " EXISTS (SELECT 1 FROM holds WHERE lifted_at IS NULL),"
             " EXISTS (SELECT 1 FROM freezes WHERE removed_at IS NULL),"
             " EXISTS (SELECT 1 FROM wishes WHERE state = 'open'),"
             " EXISTS (SELECT 1 FROM rollbacks WHERE state = 'open'),"
             " (SELECT max(id) FROM rollbacks),"
             " EXISTS (SELECT 1 FROM baselines), EXISTS (SELECT 1 FROM invocations"
             " WHERE " STORE_OPEN_INVOCATION("") ")");

int store_standing_read(struct db *db, struct standing *ret_standing, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_STANDING, &rows, err, "");

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_standing = (struct standing){.newest_barrier = db_int(rows, 0),
                                          .newest_hold = db_int(rows, 1),
                                          .newest_freeze = db_int(rows, 2),
                                          .barriers = db_int(rows, 3) != 0,
                                          .holds = db_int(rows, 4) != 0,
                                          .freezes = db_int(rows, 5) != 0,
                                          .wishes = db_int(rows, 6) != 0,
                                          .rollbacks = db_int(rows, 7) != 0,
                                          .taken_back = db_int(rows, 8) != 0,
                                          .baselines = db_int(rows, 9) != 0,
                                          .running = db_int(rows, 10) != 0};
    db_end(rows);
    return rc < 0 ? rc : 0;
}

DB_STATEMENT(SQL_STANDING_WORK, "SELECT EXISTS (SELECT 1 FROM replies WHERE collected_at IS NULL),"
                                " EXISTS (SELECT 1 FROM deliveries WHERE state = 'received'),"
                                " EXISTS (SELECT 1 FROM door_commands WHERE ended_at IS NULL),"
                                " EXISTS (SELECT 1 FROM attempts WHERE settled_at IS NULL),"
                                " EXISTS (SELECT 1 FROM probes WHERE ended_at IS NULL)");

int store_standing_work(struct db *db, struct standing_work *ret_work, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_STANDING_WORK, &rows, err, "");

    if (rc < 0)
        return rc;
    rc = db_next(rows, err);
    if (rc > 0)
        *ret_work = (struct standing_work){.replies = db_int(rows, 0) != 0,
                                           .deliveries = db_int(rows, 1) != 0,
                                           .door_commands = db_int(rows, 2) != 0,
                                           .attempts = db_int(rows, 3) != 0,
                                           .probes = db_int(rows, 4) != 0};
    db_end(rows);
    return rc < 0 ? rc : 0;
}
