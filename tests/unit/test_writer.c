/* writer: one thread, one commit for what waits, each job whole or not at all. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/store/db.h"
#include "lib/store/store.h"
#include "lib/store/writer.h"

DB_STATEMENT(SQL_TEST_PUT, "INSERT INTO watermarks (source, at) VALUES ($1, $2)");
DB_STATEMENT(SQL_TEST_COUNT, "SELECT count(*), coalesce(max(at), 0) FROM watermarks");

struct room {
    char folder[64];
    struct store store;
    struct db *read;
    struct writer *writer;
};

static void room_open(struct room *room, const struct writer_options *options)
{
    struct err err = ERR_INIT;

    snprintf(room->folder, sizeof(room->folder), "%s/slipway-writer-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(room->folder));
    if (store_open(room->folder, "test", 1000, &room->store, &err) < 0 ||
        db_open_read(room->store.path, &room->read, &err) < 0 ||
        writer_start(&room->writer, room->store.db, options, &err) < 0)
        fail_msg("%s", err.text);
}

static void room_close(struct room *room)
{
    char line[128];

    writer_stop(room->writer);
    db_close(room->read);
    close(room->store.lock);
    snprintf(line, sizeof(line), "rm -rf '%s'", room->folder);
    assert_int_equal(system(line), 0);
}

static int64_t rows(struct room *room, int64_t *ret_last)
{
    struct err err = ERR_INIT;
    struct db_rows *found;
    int64_t n;

    assert_int_equal(db_query(room->read, &SQL_TEST_COUNT, &found, &err, ""), 0);
    assert_int_equal(db_next(found, &err), 1);
    n = db_int(found, 0);
    if (ret_last != NULL)
        *ret_last = db_int(found, 1);
    db_end(found);
    return n;
}

/* A job: writes its row; fails behind the write if it is to. */
struct job {
    struct room *room;
    int number;
    bool fails;
    pthread_mutex_t *gate; /* waits for it first, so that others pile up behind */
    atomic_bool has_begun;
    atomic_int *order; /* counts the jobs that were done */
    int done_as;
    int rc;
    bool visible; /* when it was done its row could be read */
};

static int put(struct db *db, void *arg, struct err *err)
{
    struct job *job = arg;
    char name[32];
    int rc;

    atomic_store(&job->has_begun, true);
    if (job->gate != NULL) {
        pthread_mutex_lock(job->gate);
        pthread_mutex_unlock(job->gate);
    }
    snprintf(name, sizeof(name), "job %d", job->number);
    rc = db_run(db, &SQL_TEST_PUT, err, "ti", name, (int64_t)job->number);
    return rc == 0 && job->fails ? err_set(err, ERR_CONFLICT, "job %d is stale", job->number) : rc;
}

static void done(void *arg, int rc, const struct err *err)
{
    struct job *job = arg;
    int64_t last = 0;

    (void)err;
    job->rc = rc;
    job->visible = rows(job->room, &last) > 0 && last >= job->number;
    job->done_as = atomic_load(job->order) + 1; /* of this one thread alone */
    atomic_store(job->order, job->done_as);
}

static int nothing(struct db *db, void *arg, struct err *err)
{
    (void)db, (void)arg, (void)err;
    return 0;
}

static void nothing_done(void *arg, int rc, const struct err *err)
{
    (void)arg, (void)rc, (void)err;
}

#define JOBS 50

static void what_waits_is_committed_once_in_order_and_a_job_that_fails_is_undone_alone(void **state)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job jobs[JOBS];
    struct writer_counts before, after;
    struct err err = ERR_INIT;
    struct room room;
    atomic_int order = 0;

    (void)state;
    room_open(&room, NULL);
    before = writer_counts(room.writer);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] =
            (struct job){.room = &room, .number = i + 1, .fails = i % 7 == 3, .order = &order};
        jobs[i].gate = i == 0 ? &gate : NULL;
        assert_int_equal(writer_post(room.writer, put, &jobs[i], done, &err), 0);
    }
    pthread_mutex_unlock(&gate);
    while (atomic_load(&order) < JOBS)
        usleep(1000);
    after = writer_counts(room.writer);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].done_as, i + 1);
        assert_int_equal(jobs[i].rc, i % 7 == 3 ? ERR_CONFLICT : 0);
        assert_true(jobs[i].visible || jobs[i].fails);
    }
    assert_int_equal(rows(&room, NULL), JOBS - 7);
    assert_int_equal(after.jobs - before.jobs, JOBS);
    assert_true(after.commits - before.commits <= 3); /* not fifty */
    room_close(&room);
}

/* They share a savepoint; who fails undoes his neighbours, who are run again, and nobody is there twice. */
static void what_may_be_run_again_is_there_once_whoever_fails_beside_it(void **state)
{
    struct writer_job jobs[JOBS];
    struct job args[JOBS];
    struct err err = ERR_INIT;
    struct room room;

    (void)state;
    for (int mode = 0; mode < 2; mode++) { /* all of them, or one in five that may not */
        room_open(&room, NULL);
        for (int i = 0; i < JOBS; i++) {
            args[i] = (struct job){.room = &room, .number = i + 1, .fails = i % 9 == 4};
            jobs[i] = (struct writer_job){put, &args[i], .again = mode == 0 || i % 5 != 0};
        }
        assert_int_equal(writer_do_jobs(room.writer, jobs, JOBS, &err), 0);
        for (int i = 0; i < JOBS; i++)
            assert_int_equal(jobs[i].rc, args[i].fails ? ERR_CONFLICT : 0);
        assert_int_equal(rows(&room, NULL), JOBS - 6);
        room_close(&room);
    }
}

/* A sender waits for each delivery, and nobody for what the flow writes; but that, too, comes to its turn. */
static void what_goes_ahead_is_done_first_and_the_rest_is_not_forgotten(void **state)
{
    struct writer_options options = {.group_max = 4};
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job rest[8], ahead[16], first;
    struct err err = ERR_INIT;
    struct room room;
    atomic_int order = 0;
    int n = 0;

    (void)state;
    room_open(&room, &options);
    pthread_mutex_lock(&gate);
    first = (struct job){.room = &room, .number = 1, .gate = &gate, .order = &order};
    assert_int_equal(writer_post(room.writer, put, &first, done, &err), 0);
    usleep(20000); /* it has the writer, the others wait */
    for (int i = 0; i < 8; i++) {
        rest[i] = (struct job){.room = &room, .number = 100 + i, .order = &order};
        assert_int_equal(writer_post(room.writer, put, &rest[i], done, &err), 0);
    }
    for (int i = 0; i < 16; i++) {
        ahead[i] = (struct job){.room = &room, .number = 200 + i, .order = &order};
        assert_int_equal(writer_post_ahead(room.writer, put, &ahead[i], done, &err), 0);
    }
    pthread_mutex_unlock(&gate);
    while (atomic_load(&order) < 25 && n++ < 5000)
        usleep(1000);
    assert_int_equal(atomic_load(&order), 25);
    assert_true(ahead[0].done_as < rest[0].done_as);
    assert_true(rest[0].done_as < ahead[15].done_as); /* not behind all that goes ahead */
    for (int i = 1; i < 8; i++)
        assert_true(rest[i - 1].done_as < rest[i].done_as);
    for (int i = 1; i < 16; i++)
        assert_true(ahead[i - 1].done_as < ahead[i].done_as);
    room_close(&room);
}

static void jobs_handed_in_together_are_one_commit_and_fail_alone(void **state)
{
    struct writer_job jobs[JOBS];
    struct job rows_of[JOBS];
    struct writer_counts before, after;
    struct err err = ERR_INIT;
    struct room room;
    atomic_int order = 0;

    (void)state;
    room_open(&room, NULL);
    for (int i = 0; i < JOBS; i++) {
        rows_of[i] =
            (struct job){.room = &room, .number = i + 1, .fails = i % 7 == 3, .order = &order};
        jobs[i] = (struct writer_job){.fn = put, .arg = &rows_of[i]};
    }
    before = writer_counts(room.writer);
    assert_int_equal(writer_do_jobs(room.writer, jobs, JOBS, &err), 0);
    after = writer_counts(room.writer);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(jobs[i].rc, i % 7 == 3 ? ERR_CONFLICT : 0);
    assert_string_equal(jobs[3].err.text, "job 4 is stale");
    assert_int_equal(rows(&room, NULL), JOBS - 7);
    assert_true(after.commits - before.commits <= 10); /* one, but for what its time cuts off */
    assert_int_equal(writer_do_jobs(room.writer, jobs, 0, &err), 0);
    room_close(&room);
}

static void what_is_sent_is_written_while_the_sender_goes_on(void **state)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct err err = ERR_INIT;
    struct writer_job first[2], second[2];
    struct writer_sent *one, *two, *none = NULL;
    struct job jobs[4];
    struct room room;

    (void)state;
    room_open(&room, &(struct writer_options){.queue_max = 6});
    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct job){.room = &room,
                               .number = i + 1,
                               .fails = i == 1,
                               .gate = i == 0 ? &gate : NULL};
        *(i < 2 ? &first[i] : &second[i - 2]) = (struct writer_job){.fn = put, .arg = &jobs[i]};
    }
    pthread_mutex_lock(&gate);
    assert_int_equal(writer_send(room.writer, first, 2, &one, &err), 0);
    assert_int_equal(writer_send(room.writer, second, 2, &two, &err), 0);
    assert_int_equal(rows(&room, NULL), 0); /* we are here, and the first one waits for us */
    assert_false(writer_await_until(one, 0));
    assert_false(writer_await_until(two, clock_now(clock_system()) + 10));
    pthread_mutex_unlock(&gate);
    assert_true(writer_await_until(two, INT64_MAX));
    assert_true(writer_await_until(NULL, 0));
    writer_await(two);
    assert_int_equal(rows(&room, NULL), 3);
    writer_await(one);
    assert_int_equal(first[0].rc, 0);
    assert_int_equal(first[1].rc, ERR_CONFLICT);
    assert_string_equal(first[1].err.text, "job 2 is stale");
    assert_int_equal(second[1].rc, 0);
    writer_await(NULL);
    for (size_t i = 0; i < 2; i++)
        first[i] = (struct writer_job){.fn = put, .arg = &jobs[i]};
    pthread_mutex_lock(&gate);
    atomic_store(&jobs[0].has_begun, false);
    assert_int_equal(writer_send(room.writer, first, 1, &one, &err), 0);
    while (!atomic_load(&jobs[0].has_begun))
        usleep(100);
    for (int i = 0; i < 100 && none == NULL; i++) /* until nothing goes in any more */
        if (writer_post(room.writer, nothing, NULL, nothing_done, &err) < 0)
            break;
    assert_int_equal(writer_send(room.writer, &first[1], 1, &none, &err), ERR_BUSY);
    assert_null(none);
    assert_int_equal(first[1].rc, ERR_BUSY);
    pthread_mutex_unlock(&gate);
    writer_await(one);
    room_close(&room);
}

static void jobs_that_have_no_room_together_go_in_one_part_after_the_other(void **state)
{
    const struct writer_options small = {.queue_max = 4};
    struct writer_job jobs[5];
    struct job rows_of[5];
    struct err err = ERR_INIT;
    struct room room;
    atomic_int order = 0;

    (void)state;
    room_open(&room, &small);
    for (int i = 0; i < 5; i++) {
        rows_of[i] = (struct job){.room = &room, .number = i + 1, .order = &order};
        jobs[i] = (struct writer_job){.fn = put, .arg = &rows_of[i]};
    }
    assert_int_equal(writer_do_jobs(room.writer, jobs, 5, &err), 0);
    assert_int_equal(jobs[4].rc, 0);
    assert_int_equal(rows(&room, NULL), 5);
    room_close(&room);
}

static int slow(struct db *db, void *arg, struct err *err)
{
    (void)db, (void)arg, (void)err;
    usleep(2000);
    return 0;
}

static void a_transaction_ends_when_its_time_is_over(void **state)
{
    struct writer_job jobs[10] = {{.fn = NULL}};
    struct writer_counts before, after;
    struct err err = ERR_INIT;
    struct room room;

    (void)state;
    room_open(&room, NULL);
    for (int i = 0; i < 10; i++)
        jobs[i].fn = slow;
    before = writer_counts(room.writer);
    assert_int_equal(writer_do_jobs(room.writer, jobs, 10, &err), 0);
    after = writer_counts(room.writer);
    assert_int_equal(after.jobs - before.jobs, 10);
    assert_true(after.commits - before.commits >= 4); /* at most five of 2 ms in one of 4 ms */
    room_close(&room);
}

static void a_full_queue_says_so_and_takes_nothing(void **state)
{
    const struct writer_options small = {.queue_max = 4};
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job jobs[16];
    struct writer_job several[2] = {{.fn = put, .arg = &jobs[0]}, {.fn = put, .arg = &jobs[1]}};
    struct err err = ERR_INIT;
    struct room room;
    atomic_int order = 0;
    int taken = 0, refused = 0;

    (void)state;
    room_open(&room, &small);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 16; i++) {
        jobs[i] = (struct job){.room = &room, .number = i + 1, .order = &order, .gate = &gate};
        if (writer_post(room.writer, put, &jobs[i], done, &err) == 0)
            taken++;
        else
            refused++;
    }
    assert_true(refused > 0);
    assert_int_equal(err.code, ERR_BUSY);
    assert_int_equal(writer_do_jobs(room.writer, several, 2, &err), ERR_BUSY);
    assert_int_equal(several[1].rc, ERR_BUSY);
    pthread_mutex_unlock(&gate);
    while (atomic_load(&order) < taken)
        usleep(1000);
    assert_int_equal(rows(&room, NULL), taken);
    room_close(&room);
}

static void who_stops_it_finishes_what_waits(void **state)
{
    struct job jobs[20];
    struct err err = ERR_INIT;
    struct room room;
    atomic_int order = 0;

    (void)state;
    room_open(&room, NULL);
    for (int i = 0; i < 20; i++) {
        jobs[i] = (struct job){.room = &room, .number = i + 1, .order = &order};
        assert_int_equal(writer_post(room.writer, put, &jobs[i], done, &err), 0);
    }
    writer_stop(room.writer);
    room.writer = NULL;
    assert_int_equal(atomic_load(&order), 20);
    assert_int_equal(rows(&room, NULL), 20);
    room_close(&room);
}

static atomic_int told;

static void tell(void *arg)
{
    (void)arg;
    atomic_fetch_add(&told, 1);
}

/* A deferred constraint is judged by COMMIT itself: the one failure of a commit that can be made at will. */
static int spoil(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return db_exec(db,
                   "PRAGMA defer_foreign_keys = ON;"
                   " INSERT INTO schedules (repository_id, environment, rule, since)"
                   " VALUES (999, 'x', 'x', 1)",
                   err);
}

static void a_commit_that_fails_breaks_the_writer_and_nothing_is_tried_again(void **state)
{
    struct err err = ERR_INIT;
    struct room room;
    struct job job = {.number = 1};

    (void)state;
    room_open(&room, NULL);
    job.room = &room;
    writer_on_broken(room.writer, tell, NULL);
    assert_int_equal(writer_do(room.writer, spoil, NULL, &err), ERR_INTERNAL);
    assert_true(writer_is_broken(room.writer));
    assert_int_equal(atomic_load(&told), 1);
    assert_int_equal(writer_do(room.writer, put, &job, &err), ERR_INTERNAL);
    assert_int_equal(rows(&room, NULL), 0);
    room_close(&room);
}

DB_STATEMENT(SQL_TEST_TOUCH, "UPDATE watermarks SET at = at + 1");

static int fill_pages(struct db *db, void *arg, struct err *err)
{
    char name[1000];
    int rc = 0;

    (void)arg;
    for (int i = 0; i < 400 && rc == 0; i++) {
        snprintf(name, sizeof(name), "%0*d", (int)sizeof(name) - 1, i);
        rc = db_run(db, &SQL_TEST_PUT, err, "ti", name, (int64_t)i);
    }
    return rc;
}

static int touch_pages(struct db *db, void *arg, struct err *err)
{
    int rc = db_run(db, &SQL_TEST_TOUCH, err, "");
    char path[64], to[256];

    for (int fd = 0; fd < 256; fd++) {
        ssize_t n;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        n = readlink(path, to, sizeof(to) - 1);
        to[n < 0 ? 0 : n] = '\0';
        if (strstr(to, "etilqs") != NULL)
            *(bool *)arg = true;
    }
    return rc;
}

/* The server may not make files outside of its own folders. */
static void a_large_job_needs_no_temporary_file(void **state)
{
    struct err err = ERR_INIT;
    struct room room;
    bool found = false;

    (void)state;
    room_open(&room, NULL);
    assert_int_equal(writer_do(room.writer, fill_pages, NULL, &err), 0);
    assert_int_equal(writer_do(room.writer, touch_pages, &found, &err), 0);
    assert_false(found);
    room_close(&room);
}

static void readers_cannot_write(void **state)
{
    struct err err = ERR_INIT;
    struct room room;

    (void)state;
    room_open(&room, NULL);
    assert_true(db_run(room.read, &SQL_TEST_PUT, &err, "ti", "x", (int64_t)1) < 0);
    assert_int_equal(rows(&room, NULL), 0);
    room_close(&room);
}

/* As long as somebody reads, SQLite goes on behind what it has copied: that is not copied, and synced, again and again. */
static void what_was_copied_into_the_file_is_not_in_the_log_any_more_also_while_somebody_reads(
    void **state)
{
    struct err err = ERR_INIT;
    struct room room = {.writer = NULL};
    int64_t filled;
    struct db *db;

    (void)state;
    room_open(&room, NULL);
    writer_stop(room.writer);
    room.writer = NULL;
    assert_int_equal(db_open_write(room.store.path, &db, &err), 0);
    for (int64_t i = 0; i < 100; i++) {
        char name[32];

        snprintf(name, sizeof(name), "source %d", (int)i);
        assert_int_equal(db_run(db, &SQL_TEST_PUT, &err, "ti", name, i), 0);
    }
    filled = db_wal_bytes(db);
    assert_int_equal(db_read_begin(room.read, &err), 0);
    assert_int_equal(rows(&room, NULL), 100);
    assert_int_equal(db_checkpoint(db, &err), 0);
    assert_int_equal(db_wal_bytes(db), 0);
    assert_int_equal(db_run(db, &SQL_TEST_PUT, &err, "ti", "z", (int64_t)100), 0);
    assert_in_range(db_wal_bytes(db), 1, filled / 10);
    db_read_end(room.read);
    db_close(db);
    room_close(&room);
}

static int64_t file_bytes(const struct room *room)
{
    struct stat st;

    assert_int_equal(stat(room->store.path, &st), 0);
    return st.st_size;
}

/* A checkpoint takes tens of milliseconds; pages come into the file by it alone. */
static void while_something_is_due_the_log_waits_and_is_copied_when_it_is_over(void **state)
{
    struct err err = ERR_INIT;
    struct room room;
    bool found = false;
    int64_t before;

    (void)state;
    room_open(&room, NULL);
    before = file_bytes(&room);
    writer_expect(room.writer, 10);
    assert_int_equal(writer_do(room.writer, fill_pages, NULL, &err), 0);
    for (int i = 0; i < 16; i++) { /* some 130 pages each */
        writer_expect(room.writer, 10);
        assert_int_equal(writer_do(room.writer, touch_pages, &found, &err), 0);
    }
    assert_int_equal(writer_do(room.writer, nothing, NULL, &err), 0);
    assert_int_equal(file_bytes(&room), before);
    writer_expect(room.writer, INT64_MAX);
    assert_int_equal(writer_do(room.writer, nothing, NULL, &err), 0);
    assert_int_equal(writer_do(room.writer, nothing, NULL, &err), 0); /* behind it */
    assert_true(file_bytes(&room) > before);
    room_close(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            what_waits_is_committed_once_in_order_and_a_job_that_fails_is_undone_alone),
        cmocka_unit_test(jobs_handed_in_together_are_one_commit_and_fail_alone),
        cmocka_unit_test(what_may_be_run_again_is_there_once_whoever_fails_beside_it),
        cmocka_unit_test(what_goes_ahead_is_done_first_and_the_rest_is_not_forgotten),
        cmocka_unit_test(what_is_sent_is_written_while_the_sender_goes_on),
        cmocka_unit_test(jobs_that_have_no_room_together_go_in_one_part_after_the_other),
        cmocka_unit_test(a_transaction_ends_when_its_time_is_over),
        cmocka_unit_test(a_full_queue_says_so_and_takes_nothing),
        cmocka_unit_test(who_stops_it_finishes_what_waits),
        cmocka_unit_test(a_commit_that_fails_breaks_the_writer_and_nothing_is_tried_again),
        cmocka_unit_test(a_large_job_needs_no_temporary_file),
        cmocka_unit_test(readers_cannot_write),
        cmocka_unit_test(while_something_is_due_the_log_waits_and_is_copied_when_it_is_over),
        cmocka_unit_test(
            what_was_copied_into_the_file_is_not_in_the_log_any_more_also_while_somebody_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
