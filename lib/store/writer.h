/*
 * writer: the one thread that writes.
 *
 * It takes short prepared transactions from a bounded queue, runs what waits inside one IMMEDIATE
 * transaction, each in a savepoint of its own, and commits once for all (group commit): what one sync
 * costs is shared. A job that fails is rolled back alone; jobs that say they may be run again share a
 * savepoint, and where one of them fails all are undone and run one by one. Deliveries go ahead of what was
 * queued before them, and what the flow writes has a part of each commit still. A commit that fails is
 * unknown, not undone, so the writer is broken from then on, every waiting and later call gets
 * ERR_INTERNAL, and the server exits to read the truth again (design.md 7). So it is with a checkpoint
 * whose sync fails: what the kernel could not write it may call clean afterwards, and a second sync that
 * succeeds would prove nothing.
 * A commit holds what fits into a few milliseconds; the rest makes the next one. It checkpoints when idle,
 * and at the latest every 4 MiB of the log, or, as long as something is due, every GiB: what is due at a
 * time does not wait for that.
 */
#ifndef SLIPWAY_LIB_STORE_WRITER_H
#define SLIPWAY_LIB_STORE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct db;
struct writer;
struct writer_sent;

/* Runs on the writer's thread inside a savepoint; a negative value undoes it. */
typedef int writer_fn(struct db *db, void *arg, struct err *err);

/* Runs on the writer's thread after the commit. `rc` is the job's, or the commit's. */
typedef void writer_done(void *arg, int rc, const struct err *err);

struct writer_options {
    size_t queue_max; /* jobs waiting; 0 = 4096 */
    size_t group_max; /* jobs in one commit; 0 = 256 */
};

/* Takes `db` over. `options` may be NULL. */
int writer_start(struct writer **ret_writer, struct db *db, const struct writer_options *options,
                 struct err *err);

/* Run `fn` and wait for its commit. */
int writer_do(struct writer *writer, writer_fn *fn, void *arg, struct err *err);

/* One of several that are handed in together; `rc` and `err` are filled. `told` runs on the thread that waits, as soon
 * as that job's commit is known and while later ones are written; NULL = nobody. Not for jobs that were not taken. */
struct writer_job {
    writer_fn *fn;
    void *arg;
    bool
        again; /* it may be run again after it was undone: what it changes beside the store is the same then */
    int rc;
    struct err err;
    void (*told)(void *arg, const struct writer_job *job);
    void *told_arg;
};

/* Queue all `n` of them, in order, each a job of its own that fails alone, and wait for the commit of the last. Many
 * go in one part after the other, so that whoever posts one meanwhile finds a place: there may be more than the queue
 * takes. ERR_BUSY, ERR_INTERNAL: nothing was taken, and every `rc` says so; else 0, look at each. */
int writer_do_jobs(struct writer *writer, struct writer_job *jobs, size_t n, struct err *err);

/* The same for at most some hundreds, without waiting: until writer_await() the writer has the jobs and what their `arg`
 * points to. ERR_BUSY, ERR_INTERNAL: nothing was taken, every `rc` says so, and `*ret_sent` is NULL. */
int writer_send(struct writer *writer, struct writer_job *jobs, size_t n,
                struct writer_sent **ret_sent, struct err *err);
/* Wait for the commit of the last; then look at each. Accepts NULL. */
void writer_await(struct writer_sent *sent);
/* ... until that time of the machine's clock at the latest, 0 = not at all: those whose commit is known by then are told.
 * true = all are; writer_await() is still owed, and does not wait then. Accepts NULL. */
bool writer_await_until(struct writer_sent *sent, int64_t wall_ms);

/* Queue `fn`; `done` is called later. ERR_BUSY: the queue is full, nothing was taken. */
int writer_post(struct writer *writer, writer_fn *fn, void *arg, writer_done *done,
                struct err *err);

/* The same for what somebody outside waits for: it goes ahead of all that does not, and may be run again. */
int writer_post_ahead(struct writer *writer, writer_fn *fn, void *arg, writer_done *done,
                      struct err *err);

/* Something is due in so many milliseconds, INT64_MAX = nothing is known of: no checkpoint is begun that would hold it up,
 * unless the log grows too large. To be said again each time that it is another; after a second it is forgotten. Any thread. */
void writer_expect(struct writer *writer, int64_t in_ms);

bool writer_is_broken(const struct writer *writer);

/* Called once, on the writer's thread, when a commit fails. Set before other threads post. */
void writer_on_broken(struct writer *writer, void (*tell)(void *arg), void *arg);

struct writer_counts {
    uint64_t jobs;
    uint64_t commits;
    uint64_t ahead; /* that were to go ahead, since they were queued */
};
struct writer_counts writer_counts(const struct writer *writer);

/* Finish what waits, checkpoint, close. Accepts NULL. */
void writer_stop(struct writer *writer);

#endif
