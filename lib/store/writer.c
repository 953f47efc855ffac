#include "lib/store/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "lib/store/db.h"

#define QUEUE_MAX 4096
#define GROUP_MAX 256
#define WAL_MAX (4 * 1024 * 1024)
#define IDLE_MS 200

struct task {
    struct task *next;
    writer_fn *fn;
    writer_done *done;
    void *arg;
    int rc;
    struct err err;
};

struct writer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t some; /* there is a task, or it is time to stop */
    struct db *db;
    struct task *first, **end;
    size_t n;
    size_t queue_max, group_max;
    bool stopping;
    atomic_bool broken;
    atomic_uint_fast64_t jobs, commits;
    void (*tell)(void *arg);
    void *tell_arg;
};

static void run_one(struct writer *w, struct task *task)
{
    task->rc = db_exec(w->db, "SAVEPOINT job", &task->err);
    if (task->rc < 0)
        return;
    task->rc = task->fn(w->db, task->arg, &task->err);
    if (task->rc < 0) {
        /* A savepoint that cannot be undone leaves the transaction unknown: give all of it up. */
        if (db_exec(w->db, "ROLLBACK TO job", NULL) < 0 || db_exec(w->db, "RELEASE job", NULL) < 0)
            atomic_store(&w->broken, true);
        return;
    }
    if (db_exec(w->db, "RELEASE job", &task->err) < 0)
        atomic_store(&w->broken, true);
}

static void finish(struct task *list)
{
    while (list != NULL) {
        struct task *next = list->next;
        list->done(list->arg, list->rc, &list->err);
        free(list);
        list = next;
    }
}

static void fail_all(struct task *list, const struct err *err)
{
    for (struct task *t = list; t != NULL; t = t->next) {
        t->rc = ERR_INTERNAL;
        t->err = *err;
    }
}

static void break_down(struct writer *w, struct task *group, const struct err *err)
{
    atomic_store(&w->broken, true);
    fail_all(group, err);
    if (w->tell != NULL)
        w->tell(w->tell_arg);
}

static void run_group(struct writer *w, struct task *group)
{
    struct err err = ERR_INIT;

    if (atomic_load(&w->broken)) {
        err_set(&err, ERR_INTERNAL, "the store cannot be written any more; the server stops");
        fail_all(group, &err);
    } else if (db_exec(w->db, "BEGIN IMMEDIATE", &err) < 0) {
        break_down(w, group, &err);
    } else {
        for (struct task *t = group; t != NULL && !atomic_load(&w->broken); t = t->next) {
            run_one(w, t);
            atomic_fetch_add(&w->jobs, 1);
        }
        if (atomic_load(&w->broken)) {
            err_set(&err, ERR_INTERNAL, "a savepoint could not be undone");
            db_exec(w->db, "ROLLBACK", NULL);
            break_down(w, group, &err);
        } else if (db_exec(w->db, "COMMIT", &err) < 0) {
            break_down(w, group, &err); /* unknown, not undone: read again by a new process */
        } else {
            atomic_fetch_add(&w->commits, 1);
        }
    }
    finish(group);
}

/* Up to group_max tasks, or NULL if it is time to stop; waits. */
static struct task *take_group(struct writer *w)
{
    struct task *group;
    struct task **end;
    size_t n = 0;

    pthread_mutex_lock(&w->mutex);
    while (w->first == NULL && !w->stopping) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += IDLE_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (db_wal_bytes(w->db) == 0) {
            pthread_cond_wait(&w->some, &w->mutex);
        } else if (pthread_cond_timedwait(&w->some, &w->mutex, &until) != 0) {
            pthread_mutex_unlock(&w->mutex);
            db_checkpoint(w->db, NULL);
            pthread_mutex_lock(&w->mutex);
            if (w->first == NULL && !w->stopping)
                pthread_cond_wait(&w->some, &w->mutex);
        }
    }
    group = w->first;
    end = &group;
    while (*end != NULL && n < w->group_max) {
        end = &(*end)->next;
        n++;
    }
    w->first = *end;
    *end = NULL;
    if (w->first == NULL)
        w->end = &w->first;
    w->n -= n;
    pthread_mutex_unlock(&w->mutex);
    return group;
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct task *group;

    while ((group = take_group(w)) != NULL) {
        run_group(w, group);
        if (db_wal_bytes(w->db) >= WAL_MAX)
            db_checkpoint(w->db, NULL);
    }
    return NULL;
}

int writer_start(struct writer **ret_writer, struct db *db, const struct writer_options *options,
                 struct err *err)
{
    struct writer *w = calloc(1, sizeof(*w));

    if (w == NULL)
        abort();
    w->db = db;
    w->end = &w->first;
    w->queue_max = options != NULL && options->queue_max != 0 ? options->queue_max : QUEUE_MAX;
    w->group_max = options != NULL && options->group_max != 0 ? options->group_max : GROUP_MAX;
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->some, NULL);
    if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
        free(w);
        return err_set(err, ERR_INTERNAL, "the writer's thread cannot be started");
    }
    *ret_writer = w;
    return 0;
}

int writer_post(struct writer *w, writer_fn *fn, void *arg, writer_done *done, struct err *err)
{
    struct task *task;

    if (atomic_load(&w->broken))
        return err_set(err, ERR_INTERNAL, "the store cannot be written any more; the server stops");
    task = calloc(1, sizeof(*task));
    if (task == NULL)
        abort();
    task->fn = fn;
    task->done = done;
    task->arg = arg;
    pthread_mutex_lock(&w->mutex);
    if (w->n >= w->queue_max || w->stopping) {
        pthread_mutex_unlock(&w->mutex);
        free(task);
        return err_set(err, ERR_BUSY, "the store has too much to write at the moment");
    }
    *w->end = task;
    w->end = &task->next;
    w->n++;
    pthread_cond_signal(&w->some);
    pthread_mutex_unlock(&w->mutex);
    return 0;
}

/* For writer_do: where the answer goes. */
struct waiter {
    writer_fn *fn;
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t done;
    bool is_done;
    int rc;
    struct err err;
};

static int waiter_run(struct db *db, void *arg, struct err *err)
{
    struct waiter *waiter = arg;

    return waiter->fn(db, waiter->arg, err);
}

static void waiter_done(void *arg, int rc, const struct err *err)
{
    struct waiter *waiter = arg;

    pthread_mutex_lock(&waiter->mutex);
    waiter->rc = rc;
    waiter->err = *err;
    waiter->is_done = true;
    pthread_cond_signal(&waiter->done);
    pthread_mutex_unlock(&waiter->mutex);
}

int writer_do(struct writer *writer, writer_fn *fn, void *arg, struct err *err)
{
    struct waiter waiter = {.fn = fn,
                            .arg = arg,
                            .mutex = PTHREAD_MUTEX_INITIALIZER,
                            .done = PTHREAD_COND_INITIALIZER};
    int rc = writer_post(writer, waiter_run, &waiter, waiter_done, err);

    if (rc < 0)
        return rc;
    pthread_mutex_lock(&waiter.mutex);
    while (!waiter.is_done)
        pthread_cond_wait(&waiter.done, &waiter.mutex);
    pthread_mutex_unlock(&waiter.mutex);
    if (waiter.rc < 0 && err != NULL)
        *err = waiter.err;
    return waiter.rc;
}

bool writer_is_broken(const struct writer *writer)
{
    return atomic_load(&writer->broken);
}

void writer_on_broken(struct writer *writer, void (*tell)(void *arg), void *arg)
{
    writer->tell = tell;
    writer->tell_arg = arg;
}

struct writer_counts writer_counts(const struct writer *writer)
{
    return (struct writer_counts){.jobs = atomic_load(&writer->jobs),
                                  .commits = atomic_load(&writer->commits)};
}

void writer_stop(struct writer *writer)
{
    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_signal(&writer->some);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    if (!atomic_load(&writer->broken))
        db_checkpoint(writer->db, NULL);
    db_close(writer->db);
    pthread_cond_destroy(&writer->some);
    pthread_mutex_destroy(&writer->mutex);
    free(writer);
}
