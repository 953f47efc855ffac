/*
 * limit: the two limit servers of tests/bench. `bare` reads and drops a body; `full` also checks its HMAC
 * and stores one row under a unique id, synced with others in one commit before the 202: the least that a
 * durable receiver can cost. They refuse nothing that is odd and think about nothing afterwards. Both
 * are the floor and the ceiling that slipwayd is measured against, so they are written to be fast.
 *
 *      bench_limit bare 127.0.0.1:PORT
 *      bench_limit full 127.0.0.1:PORT SECRET-FILE DATABASE
 *
 * It prints "ready" once it listens and ends at SIGTERM.
 */
#ifndef SLIPWAY_TESTS_BENCH_LIMIT_H
#define SLIPWAY_TESTS_BENCH_LIMIT_H

#include <stddef.h>

struct MHD_Connection;

#define LIMIT_GUID_MAX 64

/* One row on its way; the writer resumes `connection` once it is synced. */
struct limit_row {
    struct limit_row *next;
    struct MHD_Connection *connection;
    char guid[LIMIT_GUID_MAX];
    const char *body;
    size_t len;
};

/* One thread with one connection to SQLite: WAL, synchronous=FULL, what waits is one commit. */
void limit_store_open(const char *path);
void limit_store_put(struct limit_row *row);
void limit_store_close(void);

#endif
