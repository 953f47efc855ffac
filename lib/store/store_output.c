#include "lib/store/store_output.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"

/* The rows of this release are found by its deployments and commands, then numbered by arrival; only
 * those of one page are read in full. */
DB_STATEMENT(
    SQL_OUTPUT_OF_RELEASE,
    "SELECT o.arrival, h.name, o.command_id, o.host_id, o.number, o.step, o.stream, o.at, o.text"
    " FROM output_chunks o JOIN hosts h ON h.id = o.host_id WHERE o.arrival IN ("
    "SELECT p.arrival FROM deployments d"
    " JOIN invocations i ON i.deployment_id = d.id"
    " JOIN output_chunks p ON p.command_id = i.command_id AND p.host_id = i.host_id"
    " JOIN hosts g ON g.id = i.host_id"
    " WHERE d.repository_id = $1 AND d.release_number = $2"
    " AND ($3 IS NULL OR d.environment = $3) AND ($4 IS NULL OR g.name = $4)"
    " AND p.arrival > $5 ORDER BY p.arrival LIMIT $6) ORDER BY o.arrival");

static void fill(struct db_rows *rows, struct arena *arena, struct output_line *line)
{
    struct output_chunk *c = &line->chunk;
    char stream[4];

    line->arrival = db_int(rows, 0);
    line->host = db_text(rows, arena, 1);
    db_copy(rows, 2, c->command_id, sizeof(c->command_id));
    db_copy(rows, 3, c->host_id, sizeof(c->host_id));
    c->number = db_int(rows, 4);
    c->step = db_text(rows, arena, 5);
    db_copy(rows, 6, stream, sizeof(stream));
    c->error_stream = strcmp(stream, "err") == 0;
    c->at = db_int(rows, 7);
    c->text = db_blob(rows, arena, 8, &c->len);
}

int store_output_of_release(struct db *db, struct arena *arena, int64_t repository_id,
                            int64_t release_number, const char *environment, const char *host,
                            int64_t after, size_t limit, struct output_line **ret_items,
                            size_t *ret_n, struct err *err)
{
    struct output_line *items = NULL;
    struct db_rows *rows;
    size_t n = 0;
    size_t cap = 0;
    int rc = db_query(db, &SQL_OUTPUT_OF_RELEASE, &rows, err, "iittii", repository_id,
                      release_number, environment, host, after, (int64_t)limit);

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0)
        fill(rows, arena, ARENA_PUSH(arena, items, n, cap));
    db_end(rows);
    if (rc < 0)
        return rc;
    *ret_items = items;
    *ret_n = n;
    return 0;
}

/* By the index of the host's own numbers; what follows the last one that is wanted is not read. */
DB_STATEMENT(SQL_OUTPUT_OF_STEP,
             "SELECT text FROM output_chunks WHERE command_id = $1 AND host_id = $2 AND step = $3"
             " AND stream = $4 ORDER BY number");

int store_output_of_step(struct db *db, struct arena *arena, const struct output_of_step *which,
                         size_t max, const char **ret_bytes, size_t *ret_len, struct err *err)
{
    struct db_rows *rows;
    struct buf buf;
    int rc = db_query(db, &SQL_OUTPUT_OF_STEP, &rows, err, "tttt", which->command_id,
                      which->host_id, which->step, which->error_stream ? "err" : "out");

    if (rc < 0)
        return rc;
    buf_init(&buf, max);
    while (buf.len < max && (rc = db_next(rows, err)) > 0) {
        size_t len;
        const char *text = db_blob(rows, arena, 0, &len);

        buf_add(&buf, text, len < max - buf.len ? len : max - buf.len);
    }
    db_end(rows);
    if (rc >= 0) {
        *ret_len = buf.len;
        *ret_bytes = arena_strn(arena, buf_str(&buf), buf.len);
    }
    buf_deinit(&buf);
    return rc < 0 ? rc : 0;
}
