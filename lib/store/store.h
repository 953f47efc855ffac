/*
 * store: opening the file that is the truth.
 *
 * The folder is ours alone (0700), the file 0600 and made exclusively, the instance lock held, the
 * schema that of this program: each migration is known by number, name and digest, and an altered or
 * newer history refuses to start. Called before anybody else has the store.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_H
#define SLIPWAY_LIB_STORE_STORE_H

#include "lib/base/err.h"
#include "lib/base/names.h"
#include "lib/base/timestamp.h"

struct db;

struct store {
    char path[4096]; /* of the file */
    char store_id[NAMES_UUID_SIZE];
    struct db *db;       /* read-write; handed to the writer */
    int lock;            /* descriptor of the instance lock */
    int64_t incarnation; /* row of this start */
};

/* The folder, which is made if it is missing, the lock, and the file, which is laid out if there is none. It is ours
 * until `ret_store->lock` is closed. A server calls it before its hands are held, so nothing is read of what the file
 * has. ERR_BUSY: another server has it. */
int store_take(const char *folder, struct store *ret_store, struct err *err);
/* What is in the file of a taken store, and this start in it. On failure the lock is closed, too. ERR_CONFLICT: another
 * schema. */
int store_begin(struct store *store, const char *version, time_ms now, struct err *err);
/* Both. */
int store_open(const char *folder, const char *version, time_ms now, struct store *ret_store,
               struct err *err);

/* Check pages and indexes, table by table, so that no read lasts long. ERR_INTERNAL says what is broken. On a
 * read-only connection. */
int store_check(struct db *db, struct err *err);

#endif
