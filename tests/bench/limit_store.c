/* limit_store: see limit.h. */
#include "tests/bench/limit.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <microhttpd.h>
#include <sqlite3.h>

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct limit_row *first, **end;
    bool stopping;
    sqlite3 *sqlite;
    sqlite3_stmt *put, *begin, *commit;
} store = {.lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER};

static void must(int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
        return;
    fprintf(stderr, "bench_limit: %s\n", sqlite3_errmsg(store.sqlite));
    abort();
}

static void run(sqlite3_stmt *stmt)
{
    must(sqlite3_step(stmt));
    must(sqlite3_reset(stmt));
}

static void put_group(const struct limit_row *group)
{
    run(store.begin);
    for (const struct limit_row *r = group; r != NULL; r = r->next) {
        must(sqlite3_bind_text(store.put, 1, r->guid, -1, SQLITE_STATIC));
        must(sqlite3_bind_blob64(store.put, 2, r->body, r->len, SQLITE_STATIC));
        run(store.put);
    }
    run(store.commit);
}

static void *store_main(void *arg)
{
    (void)arg;
    for (;;) {
        struct limit_row *group;

        pthread_mutex_lock(&store.lock);
        while (store.first == NULL && !store.stopping)
            pthread_cond_wait(&store.some, &store.lock);
        group = store.first;
        store.first = NULL;
        store.end = &store.first;
        pthread_mutex_unlock(&store.lock);
        if (group == NULL)
            return NULL;
        put_group(group);
        while (group != NULL) {
            struct limit_row *next = group->next; /* the row is gone once it goes on */
            MHD_resume_connection(group->connection);
            group = next;
        }
    }
}

void limit_store_open(const char *path)
{
    static const char schema[] =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE deliveries (id INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE,"
        " body BLOB NOT NULL) STRICT";

    must(sqlite3_open(path, &store.sqlite));
    must(sqlite3_exec(store.sqlite, schema, NULL, NULL, NULL));
    must(sqlite3_prepare_v2(store.sqlite,
                            "INSERT OR IGNORE INTO deliveries (guid, body) VALUES ($1, $2)", -1,
                            &store.put, NULL));
    must(sqlite3_prepare_v2(store.sqlite, "BEGIN IMMEDIATE", -1, &store.begin, NULL));
    must(sqlite3_prepare_v2(store.sqlite, "COMMIT", -1, &store.commit, NULL));
    store.end = &store.first;
    if (pthread_create(&store.thread, NULL, store_main, NULL) != 0)
        abort();
}

void limit_store_put(struct limit_row *row)
{
    pthread_mutex_lock(&store.lock);
    row->next = NULL;
    *store.end = row;
    store.end = &row->next;
    pthread_cond_signal(&store.some);
    pthread_mutex_unlock(&store.lock);
}

void limit_store_close(void)
{
    if (store.sqlite == NULL)
        return;
    pthread_mutex_lock(&store.lock);
    store.stopping = true;
    pthread_cond_signal(&store.some);
    pthread_mutex_unlock(&store.lock);
    pthread_join(store.thread, NULL);
    sqlite3_finalize(store.put);
    sqlite3_finalize(store.begin);
    sqlite3_finalize(store.commit);
    sqlite3_close(store.sqlite);
}
