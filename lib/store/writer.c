#include "lib/store/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/store/db.h"
#include "lib/store/writer_queue.h"

#define QUEUE_MAX 4096
#define GROUP_MAX 256
#define GROUP_MS 4   /* of one transaction, without its commit */
#define AHEAD_MAX 32 /* of what goes ahead, while something else waits, which then ... */
#define BESIDE_MS 2  /* ... has so much of the same transaction */
#define WAL_MAX (4 * 1024 * 1024)            /* from here on it is copied at once ... */
#define WAL_PUT_OFF_MAX (1024 * 1024 * 1024) /* ... unless something is due: then from here on */
#define CLEAR_MS 50                          /* it is put off when something is due so soon */
#define STALE_MS 1000                        /* ... but not longer, when nobody says so again */
#define IDLE_MS 200

DB_STATEMENT(SQL_WRITER_BEGIN, "BEGIN IMMEDIATE");
DB_STATEMENT(SQL_WRITER_COMMIT, "COMMIT");
DB_STATEMENT(SQL_WRITER_ROLLBACK, "ROLLBACK");
DB_STATEMENT(SQL_WRITER_JOB, "SAVEPOINT job");
DB_STATEMENT(SQL_WRITER_JOB_UNDO, "ROLLBACK TO job");
DB_STATEMENT(SQL_WRITER_JOB_END, "RELEASE job");

struct writer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t some; /* there is a task, or it is time to stop */
    struct db *db;
    struct queue front, rest;
    atomic_bool someone_waits; /* at the front, since the group was taken */
    bool passed_over;          /* the rest had nothing of the last group: the next one is its own */
    size_t queue_max, group_max;
    bool stopping;
    atomic_bool broken;
    atomic_uint_fast64_t jobs, commits, ahead;
    atomic_int_fast64_t due_at; /* something is, on the monotonic clock */
    int64_t put_off_max;        /* of the log, by the room that there was ... */
    mono_ms room_at;            /* ... then */
    void (*tell)(void *arg);
    void *tell_arg;
};

static void run_one(struct writer *w, struct task *task)
{
    task->rc = db_run(w->db, &SQL_WRITER_JOB, &task->err, "");
    if (task->rc < 0)
        return;
    task->rc = task->fn(w->db, task->arg, &task->err);
    if (task->rc < 0) {
        /* A savepoint that cannot be undone leaves the transaction unknown: give all of it up. */
        if (db_run(w->db, &SQL_WRITER_JOB_UNDO, NULL, "") < 0 ||
            db_run(w->db, &SQL_WRITER_JOB_END, NULL, "") < 0)
            atomic_store(&w->broken, true);
        return;
    }
    if (db_run(w->db, &SQL_WRITER_JOB_END, &task->err, "") < 0)
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
    db_give_up(w->db);
    fail_all(group, err);
    if (w->tell != NULL)
        w->tell(w->tell_arg);
}

static int undo(struct writer *w, bool all)
{
    int rc = all ? db_run(w->db, &SQL_WRITER_ROLLBACK, NULL, "")
                 : db_run(w->db, &SQL_WRITER_JOB_UNDO, NULL, "");

    if (rc == 0)
        rc = all ? db_run(w->db, &SQL_WRITER_BEGIN, NULL, "")
                 : db_run(w->db, &SQL_WRITER_JOB_END, NULL, "");
    return rc;
}

/* One group's time. */
struct turn {
    const struct task *group;
    mono_ms began;
    mono_ms rest_began; /* 0 = it has not come to one that does not go ahead */
};

static bool is_over(struct writer *w, struct turn *turn, const struct task *next)
{
    mono_ms now = clock_mono(clock_system());

    if (!next->ahead && turn->rest_began == 0)
        turn->rest_began = now;
    if (!next->ahead && (turn->group->ahead || atomic_load(&w->someone_waits)))
        return now - turn->rest_began >= BESIDE_MS;
    return now - turn->began >= GROUP_MS;
}

/* Those that may be run again need no savepoint each, which costs more than most of them do: a copy of every page that they
 * change. They share one, or, at the beginning, the transaction itself. One that fails undoes them all; then each runs
 * alone. The last that ran. */
static struct task *run_together(struct writer *w, struct turn *turn, struct task *first)
{
    bool all = first == turn->group;
    struct task *last = first;

    first->rc = all ? 0 : db_run(w->db, &SQL_WRITER_JOB, &first->err, "");
    if (first->rc < 0)
        return first;
    for (;; last = last->next) {
        last->rc = last->fn(w->db, last->arg, &last->err);
        atomic_fetch_add(&w->jobs, 1);
        if (last->rc < 0 || last->next == NULL || !last->next->again ||
            is_over(w, turn, last->next))
            break;
    }
    if (last->rc == 0) {
        if (!all && db_run(w->db, &SQL_WRITER_JOB_END, NULL, "") < 0)
            atomic_store(&w->broken, true);
        return last;
    }
    if (undo(w, all) < 0)
        atomic_store(&w->broken, true);
    for (struct task *t = first; !atomic_load(&w->broken); t = t->next) {
        t->err = (struct err)ERR_INIT;
        run_one(w, t);
        if (t == last)
            break;
    }
    return last;
}

/* Run tasks until they are done or their time is over; the first one that did not get its turn. */
static struct task *run_tasks(struct writer *w, struct task *group)
{
    struct turn turn = {group, clock_mono(clock_system()), 0};
    struct task *last = NULL;

    for (struct task *t = group; t != NULL && !atomic_load(&w->broken); t = last->next) {
        if (last != NULL && is_over(w, &turn, t)) {
            last->next = NULL;
            return t;
        }
        if (t->again) {
            last = run_together(w, &turn, t);
        } else {
            run_one(w, t);
            atomic_fetch_add(&w->jobs, 1);
            last = t;
        }
    }
    return NULL;
}

/* One commit; what its time did not suffice for. */
static struct task *run_group(struct writer *w, struct task *group)
{
    struct task *rest = NULL;
    struct err err = ERR_INIT;

    if (atomic_load(&w->broken)) {
        err_set(&err, ERR_INTERNAL, "the store cannot be written any more; the server stops");
        fail_all(group, &err);
    } else if (db_run(w->db, &SQL_WRITER_BEGIN, &err, "") < 0) {
        break_down(w, group, &err);
    } else {
        rest = run_tasks(w, group);
        if (atomic_load(&w->broken)) {
            err_set(&err, ERR_INTERNAL, "a savepoint could not be undone");
            db_run(w->db, &SQL_WRITER_ROLLBACK, NULL, "");
            break_down(w, group, &err);
        } else if (db_run(w->db, &SQL_WRITER_COMMIT, &err, "") < 0) {
            break_down(w, group, &err); /* unknown, not undone: read again by a new process */
        } else {
            atomic_fetch_add(&w->commits, 1);
        }
    }
    finish(group);
    return rest;
}

/* The log takes at most half of the room that is left: a checkpoint may want as much again. */
static int64_t put_off_max(struct writer *w, mono_ms now)
{
    int64_t half;

    if (now - w->room_at >= STALE_MS) {
        half = db_room_bytes(w->db) / 2;
        w->put_off_max = half < WAL_PUT_OFF_MAX ? half : WAL_PUT_OFF_MAX;
        w->room_at = now;
    }
    return w->put_off_max;
}

/* It copies some thousand pages all over the file and syncs them: tens of milliseconds in which nothing is committed. */
static bool is_put_off(struct writer *w)
{
    mono_ms now = clock_mono(clock_system()), due = atomic_load(&w->due_at);

    return due < now + CLEAR_MS && due > now - STALE_MS &&
           db_wal_bytes(w->db) < put_off_max(w, now);
}

/* A checkpoint that readers hold up is made later; one that fails is not tried again. */
static void checkpoint(struct writer *w)
{
    struct err err = ERR_INIT;
    int rc = atomic_load(&w->broken) ? 0 : db_checkpoint(w->db, &err);

    if (rc < 0 && rc != ERR_BUSY)
        break_down(w, NULL, &err);
}

/* Queues ----------------------------------------------------------------------------------------- */

/* What did not get its turn has the next one. */
static void give_back(struct writer *w, struct task *list)
{
    struct task *backwards = NULL, *next;

    for (; list != NULL; list = next) {
        next = list->next;
        list->next = backwards;
        backwards = list;
    }
    pthread_mutex_lock(&w->mutex);
    for (; backwards != NULL; backwards = next) {
        next = backwards->next;
        writer_queue_push_front(backwards->ahead ? &w->front : &w->rest, backwards);
    }
    pthread_mutex_unlock(&w->mutex);
}

/* Up to group_max tasks, or NULL if it is time to stop; waits. */
static struct task *take_group(struct writer *w)
{
    struct task *group = NULL, **end = &group;
    size_t ahead;

    pthread_mutex_lock(&w->mutex);
    while (w->front.n + w->rest.n == 0 && !w->stopping) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += IDLE_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (db_wal_bytes(w->db) == 0 || atomic_load(&w->broken)) {
            pthread_cond_wait(&w->some, &w->mutex);
        } else if (pthread_cond_timedwait(&w->some, &w->mutex, &until) != 0 && !is_put_off(w)) {
            pthread_mutex_unlock(&w->mutex);
            checkpoint(w);
            pthread_mutex_lock(&w->mutex);
            if (w->front.n + w->rest.n == 0 && !w->stopping)
                pthread_cond_wait(&w->some, &w->mutex);
        }
    }
    ahead = w->rest.n == 0 ? w->group_max : w->passed_over ? 0 : AHEAD_MAX;
    for (size_t n = 0; n < w->group_max; n++) {
        struct task *task = writer_queue_pop(n < ahead && w->front.n > 0 ? &w->front : &w->rest);
        if (task == NULL)
            break;
        w->passed_over = task->ahead && w->rest.n > 0;
        *end = task;
        end = &task->next;
    }
    atomic_store(&w->someone_waits, w->front.n > 0);
    pthread_mutex_unlock(&w->mutex);
    return group;
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct task *group, *left;

    (void)pthread_setname_np(pthread_self(), "writer");
    while ((group = take_group(w)) != NULL) {
        left = run_group(w, group);
        w->passed_over = w->passed_over || (left != NULL && left->ahead);
        give_back(w, left);
        if (db_wal_bytes(w->db) >= WAL_MAX && !is_put_off(w))
            checkpoint(w);
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
    atomic_init(&w->due_at, INT64_MAX);
    w->room_at = -STALE_MS;
    writer_queue_init(&w->front);
    writer_queue_init(&w->rest);
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

static struct task *task_new(writer_fn *fn, void *arg, writer_done *done, bool again)
{
    struct task *task = calloc(1, sizeof(*task));

    if (task == NULL)
        abort();
    task->fn = fn;
    task->arg = arg;
    task->done = done;
    task->again = again;
    return task;
}

/* `n` tasks in a list, or none of them. */
static int enqueue(struct writer *w, struct task *first, size_t n, struct err *err)
{
    struct queue *queue = first->ahead ? &w->front : &w->rest;
    struct task **end = &first->next;
    bool room;

    while (*end != NULL)
        end = &(*end)->next;
    pthread_mutex_lock(&w->mutex);
    room = w->front.n + w->rest.n + n <= w->queue_max && !w->stopping;
    if (room) {
        writer_queue_add(queue, first, end, n);
        if (first->ahead)
            atomic_store(&w->someone_waits, true);
        pthread_cond_signal(&w->some);
    }
    pthread_mutex_unlock(&w->mutex);
    return room ? 0 : err_set(err, ERR_BUSY, "the store has too much to write at the moment");
}

static int refuse_broken(const struct writer *w, struct err *err)
{
    return atomic_load(&w->broken)
               ? err_set(err, ERR_INTERNAL,
                         "the store cannot be written any more; the server stops")
               : 0;
}

static int post(struct writer *w, struct task *task, struct err *err)
{
    int rc = refuse_broken(w, err);

    if (rc == 0)
        rc = enqueue(w, task, 1, err);
    if (rc < 0)
        free(task);
    return rc;
}

int writer_post(struct writer *w, writer_fn *fn, void *arg, writer_done *done, struct err *err)
{
    return post(w, task_new(fn, arg, done, false), err);
}

int writer_post_ahead(struct writer *w, writer_fn *fn, void *arg, writer_done *done,
                      struct err *err)
{
    struct task *task = task_new(fn, arg, done, true);

    task->ahead = true;
    atomic_fetch_add(&w->ahead, 1);
    return post(w, task, err);
}

struct waited {
    struct writer_sent *sent;
    struct writer_job *job;
};

/* Jobs under way, and where those who wait for them sleep. */
struct writer_sent {
    pthread_mutex_t mutex;
    pthread_cond_t done;
    size_t n_done; /* they end in their order */
    size_t wanted; /* the sleeper wakes when so many are */
    size_t n_told; /* of whose end the sleeper has heard */
    size_t n;
    struct waited waited[];
};

static int waited_run(struct db *db, void *arg, struct err *err)
{
    const struct waited *waited = arg;

    return waited->job->fn(db, waited->job->arg, err);
}

static void waited_done(void *arg, int rc, const struct err *err)
{
    const struct waited *waited = arg;
    struct writer_sent *sent = waited->sent;

    pthread_mutex_lock(&sent->mutex);
    waited->job->rc = rc;
    waited->job->err = *err;
    if (++sent->n_done == sent->wanted)
        pthread_cond_signal(&sent->done);
    pthread_mutex_unlock(&sent->mutex);
}

static struct writer_sent *sent_new(struct writer_job *jobs, size_t n, struct task **ret_first)
{
    struct writer_sent *sent = calloc(1, sizeof(*sent) + n * sizeof(sent->waited[0]));
    struct task *first = NULL;

    if (sent == NULL)
        abort();
    pthread_mutex_init(&sent->mutex, NULL);
    pthread_cond_init(&sent->done, NULL);
    sent->n = n;
    for (size_t i = n; i-- > 0;) {
        struct task *task = task_new(waited_run, &sent->waited[i], waited_done, jobs[i].again);
        sent->waited[i] = (struct waited){sent, &jobs[i]};
        task->next = first;
        first = task;
    }
    *ret_first = first;
    return sent;
}

static void sent_free(struct writer_sent *sent)
{
    pthread_cond_destroy(&sent->done);
    pthread_mutex_destroy(&sent->mutex);
    free(sent);
}

int writer_send(struct writer *w, struct writer_job *jobs, size_t n, struct writer_sent **ret_sent,
                struct err *err)
{
    int rc = refuse_broken(w, err);
    struct task *first = NULL;

    *ret_sent = NULL;
    if (rc == 0)
        *ret_sent = sent_new(jobs, n, &first);
    if (rc == 0 && n > 0)
        rc = enqueue(w, first, n, err);
    if (rc == 0)
        return 0;
    for (struct task *next; first != NULL; first = next) {
        next = first->next;
        free(first);
    }
    if (*ret_sent != NULL)
        sent_free(*ret_sent);
    *ret_sent = NULL;
    for (size_t i = 0; i < n; i++)
        jobs[i].rc = rc;
    return rc;
}

/* `until` NULL: however long it takes. false = they are not done by then. */
static bool wait_for(struct writer_sent *sent, size_t n, const struct timespec *until)
{
    bool done;
    int rc = 0;

    pthread_mutex_lock(&sent->mutex);
    sent->wanted = n;
    while (sent->n_done < n && rc == 0)
        rc = until == NULL ? pthread_cond_wait(&sent->done, &sent->mutex)
                           : pthread_cond_timedwait(&sent->done, &sent->mutex, until);
    done = sent->n_done >= n;
    pthread_mutex_unlock(&sent->mutex);
    return done;
}

static bool hear(struct writer_sent *sent, const struct timespec *until)
{
    for (; sent->n_told < sent->n; sent->n_told++) {
        const struct writer_job *job = sent->waited[sent->n_told].job;
        if (job->told == NULL)
            continue;
        if (!wait_for(sent, sent->n_told + 1, until))
            return false;
        job->told(job->told_arg, job);
    }
    return wait_for(sent, sent->n, until);
}

bool writer_await_until(struct writer_sent *sent, int64_t wall_ms)
{
    const struct timespec until = {.tv_sec = (time_t)(wall_ms / 1000),
                                   .tv_nsec = (long)(wall_ms % 1000) * 1000000};

    return sent == NULL || hear(sent, &until);
}

void writer_await(struct writer_sent *sent)
{
    if (sent == NULL)
        return;
    (void)hear(sent, NULL);
    sent_free(sent);
}

static int do_slice(struct writer *w, struct writer_job *jobs, size_t n, struct err *err)
{
    struct writer_sent *sent;
    int rc = writer_send(w, jobs, n, &sent, err);

    writer_await(sent);
    return rc;
}

int writer_do_jobs(struct writer *w, struct writer_job *jobs, size_t n, struct err *err)
{
    size_t slice = w->queue_max / 4 + 1, done = 0;
    struct err own = ERR_INIT;
    int rc = 0;

    while (done < n && rc == 0) {
        size_t wanted = n - done < slice ? n - done : slice;

        rc = do_slice(w, jobs + done, wanted, &own);
        done += rc == 0 ? wanted : 0;
    }
    for (size_t i = done; i < n; i++) {
        jobs[i].rc = rc;
        jobs[i].err = own;
    }
    if (rc == ERR_BUSY && done > 0)
        return 0; /* some were done: each says so itself */
    if (rc < 0 && err != NULL)
        *err = own;
    return rc;
}

int writer_do(struct writer *writer, writer_fn *fn, void *arg, struct err *err)
{
    struct writer_job job = {.fn = fn, .arg = arg};
    int rc = writer_do_jobs(writer, &job, 1, err);

    if (rc == 0 && job.rc < 0 && err != NULL)
        *err = job.err;
    return job.rc;
}

void writer_expect(struct writer *writer, int64_t in_ms)
{
    mono_ms now = clock_mono(clock_system());

    atomic_store(&writer->due_at, in_ms < INT64_MAX - now ? now + in_ms : INT64_MAX);
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
                                  .commits = atomic_load(&writer->commits),
                                  .ahead = atomic_load(&writer->ahead)};
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
    checkpoint(writer);
    db_close(writer->db);
    pthread_cond_destroy(&writer->some);
    pthread_mutex_destroy(&writer->mutex);
    free(writer);
}
