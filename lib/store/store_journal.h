/*
 * store_journal: each act and each decision, chained by hash from the first row (A5).
 *
 * A row's hash is the SHA-256 of the previous hash and the row's columns, each with its length in
 * front, so that no column can flow into the next. Written in the transaction of the act itself.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_JOURNAL_H
#define SLIPWAY_LIB_STORE_STORE_JOURNAL_H

#include "lib/base/digest.h"
#include "lib/store/db.h"

struct journal_entry {
    int64_t id;
    time_ms at;
    const char *actor; /* github:ID:LOGIN, token:NAME, uid:N, host:ID, slipway */
    const char *way;   /* cli, api, webhook, door, ssm, timer */
    const char *act;   /* noun.verb */
    const char *subject;
    const char *detail; /* JSON object; NULL = {} */
    const char *reason; /* NULL */
};

/* Writer. */
int store_journal_add(struct db *db, const struct journal_entry *entry, struct err *err);

/* Walk the chain from its first row. `*ret_bad` = id of the first row that does not fit, 0 = all do. */
int store_journal_verify(struct db *db, int64_t *ret_rows, int64_t *ret_bad, struct err *err);

/* The same for up to about `rows` rows behind row `after` (0 = the first; `rows` 0 = all), whose own hash is
 * taken as it stands: whoever walks in parts begins at 0. Returns 1 if there may be more. `*ret_last` = the
 * last row that fits. ERR_NOT_FOUND: there is no row `after`. */
int store_journal_verify_behind(struct db *db, int64_t after, size_t rows, int64_t *ret_last,
                                int64_t *ret_bad, struct err *err);

/* The hash of a row as it stands. ERR_NOT_FOUND. */
int store_journal_hash(struct db *db, int64_t id, char ret_hash[DIGEST_HEX_SIZE], struct err *err);

/* The first row at or after `since`; 0 = there is none. */
int store_journal_since(struct db *db, time_ms since, int64_t *ret_id, struct err *err);

/* Newest first; `before` = 0 from the newest on. */
int store_journal_list(struct db *db, struct arena *arena, int64_t before, size_t limit,
                       struct journal_entry **ret_items, size_t *ret_n, struct err *err);

/* Behind `after`, up to `until`, oldest first, without the moves of the flow's rooms: they know what hangs on them. */
int store_journal_news(struct db *db, struct arena *arena, int64_t after, int64_t until,
                       size_t limit, struct journal_entry **ret_items, size_t *ret_n,
                       struct err *err);
/* The last row; 0 = there is none. */
int store_journal_end(struct db *db, int64_t *ret_id, struct err *err);

#endif
