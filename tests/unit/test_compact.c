/* The journal written anew: what stays known, what is forgotten, and a crash at each step (C9, migrate.md 4). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent_journal.h"
#include "agent/compact.h"
#include "agent/intake.h"
#include "lib/base/file.h"
#include "tests/support/old_journal.h"

#define NOW 1795334400000
#define AFTER 100 /* records */
#define DAY ((time_ms)24 * 3600 * 1000)
#define JOURNAL "11111111-1111-4111-8111-111111111111"
#define A "aaaaaaaa-0000-4000-8000-000000000001"
#define B "bbbbbbbb-0000-4000-8000-000000000002"
#define NONCE "cccccccc-0000-4000-8000-000000000003"

static char folder[128], path[160];

/* In the place of libc's: what becomes of the k-th of these calls. */
enum way { FAILS, DIES_BEFORE, DIES_IN_THE_MIDDLE, DIES_AFTER };
static struct {
    int left; /* until it comes to it; 0 = never */
    enum way way;
} fault;

static char steps[4096]; /* what was called */

/* Does it come to it, and was it before the call? */
static bool is_due(const char *step)
{
    if (strlen(steps) + strlen(step) < sizeof(steps))
        strcat(steps, step);
    if (fault.left == 0 || --fault.left > 0)
        return false;
    if (fault.way == DIES_BEFORE)
        _exit(9);
    errno = EIO;
    return true;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    bool due = is_due("write ");
    ssize_t done;

    if (due && fault.way == FAILS)
        return -1;
    done = syscall(SYS_write, fd, bytes, due && fault.way == DIES_IN_THE_MIDDLE ? n / 2 : n);
    if (due)
        _exit(9);
    return done;
}

static int called(bool due, long number, long a, long b, long c, long d)
{
    int rc;

    if (due && fault.way == FAILS)
        return -1;
    rc = (int)syscall(number, a, b, c, d, 0);
    if (due)
        _exit(9);
    return rc;
}

/* Nothing here is about power; a kill loses no page. */
int fsync(int fd)
{
    return called(is_due("sync "), SYS_fcntl, fd, F_GETFD, 0, 0) < 0 ? -1 : 0;
}

int rename(const char *from, const char *to)
{
    return called(is_due("rename "), SYS_renameat2, AT_FDCWD, (long)from, AT_FDCWD, (long)to);
}

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    memset(&fault, 0, sizeof(fault));
    snprintf(folder, sizeof(folder), "%.80s/slipway-compact-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/journal", folder);
    return 0;
}

static int tear_down(void **state)
{
    char command[256];

    (void)state;
    fault.left = 0;
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command); // NOLINT(cert-env33-c): a name that mkdtemp made
}

static struct agent_journal *open_it(void)
{
    struct agent_journal *j = NULL;
    struct err err = ERR_INIT;

    if (agent_journal_open(folder, NOW, &j, &err) < 0)
        fail_msg("%s", err.text);
    return j;
}

static int add(struct agent_journal *j, struct agent_journal_record record, time_ms now)
{
    struct err err = ERR_INIT;

    return agent_journal_add(j, &record, now, &err);
}

static enum agent_journal_kind last(struct agent_journal *j, const char *command_id)
{
    struct agent_journal_entry e;

    return agent_journal_find(j, command_id, &e) ? e.kind : AGENT_JOURNAL_NONE;
}

static enum agent_journal_kind last_of(struct agent_journal *j, int64_t i)
{
    char id[NAMES_UUID_SIZE];

    old_journal_command(i, id);
    return last(j, id);
}

static bool is_reported(void *arg, const struct agent_journal_entry *entry)
{
    (void)arg;
    return entry->kind == AGENT_JOURNAL_REPORTED;
}

static const struct agent_journal_rule rule = {.after = AFTER, .is_over = is_reported};

static bool compact(struct agent_journal *j, time_ms now)
{
    struct err err = ERR_INIT;
    bool done;

    if (agent_journal_compact(j, now, &rule, &done, &err) < 0)
        fail_msg("%s", err.text);
    return done;
}

static off_t size(void)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* 15 commands of 40 days ago, 15 of yesterday, one that asks for its permit and one that was declined for its epoch. */
static struct agent_journal *a_busy_month(void)
{
    struct old_journal old = {.state = folder, .database = "shop", .step_ms = 1000};
    struct agent_journal *j;

    old_journal_add(&old, 0, 15, NOW - 40 * DAY);
    old.database = NULL;
    old_journal_add(&old, 15, 15, NOW - DAY);
    j = open_it();
    assert_int_equal(agent_journal_number(j), 151);
    assert_int_equal(add(j,
                         (struct agent_journal_record){.kind = AGENT_JOURNAL_ACCEPTED,
                                                       .command_id = A,
                                                       .envelope_digest = "00"},
                         NOW),
                     0);
    assert_int_equal(add(j,
                         (struct agent_journal_record){.kind = AGENT_JOURNAL_ASKING,
                                                       .command_id = A,
                                                       .nonce = NONCE},
                         NOW),
                     0);
    assert_int_equal(add(j,
                         (struct agent_journal_record){.kind = AGENT_JOURNAL_DECLINED,
                                                       .command_id = B,
                                                       .why = "behind",
                                                       .floor = 15},
                         NOW),
                     0);
    return j;
}

/* What must hold before and after it, and after any crash between. */
static void expect_all(struct agent_journal *j)
{
    struct agent_journal_entry e;
    struct agent_journal_entry *open;
    struct message_floor *floors;
    char id[NAMES_UUID_SIZE], holder[NAMES_UUID_SIZE];
    struct arena arena;
    size_t n;

    assert_string_equal(agent_journal_id(j), JOURNAL);
    assert_false(agent_journal_is_new(j));
    assert_int_equal(agent_journal_number(j), 154);
    for (int i = 15; i < 30; i++)
        assert_int_equal(last_of(j, i), AGENT_JOURNAL_REPORTED);
    assert_true(agent_journal_find(j, A, &e));
    assert_int_equal(e.kind, AGENT_JOURNAL_ASKING);
    assert_string_equal(e.nonce, NONCE);
    assert_true(agent_journal_find(j, B, &e));
    assert_int_equal(e.kind, AGENT_JOURNAL_DECLINED);
    assert_int_equal(e.floor, 15);
    assert_int_equal(agent_journal_floor(j, "shop", holder), 15);
    old_journal_command(14, id);
    assert_string_equal(holder, id);
    arena_init(&arena);
    agent_journal_open_commands(j, &arena, &open, &n);
    assert_int_equal(n, 2);
    agent_journal_floors(j, &arena, "shop", 10, &floors,
                         &n); /* and what it tells of those before */
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) {
        old_journal_command(14 - (int64_t)i, id);
        assert_int_equal(floors[i].epoch, 15 - (int64_t)i);
        assert_string_equal(floors[i].command_id, id);
    }
    arena_deinit(&arena);
}

static void C9_what_is_over_leaves_a_line_and_after_thirty_days_none(void **state)
{
    struct agent_journal *j = a_busy_month();
    off_t before = size();

    (void)state;
    expect_all(j);
    assert_true(compact(j, NOW));
    for (int round = 0; round < 2; round++) { /* in memory, and read again */
        expect_all(j);
        for (int i = 0; i < 15; i++)
            assert_int_equal(last_of(j, i), AGENT_JOURNAL_NONE);
        agent_journal_free(j);
        j = open_it();
    }
    assert_true(size() * 4 < before);
    /* It goes on where it was. */
    assert_int_equal(add(j,
                         (struct agent_journal_record){.kind = AGENT_JOURNAL_STARTED,
                                                       .command_id = A,
                                                       .boot_id = "x"},
                         NOW),
                     0);
    assert_int_equal(agent_journal_number(j), 155);
    agent_journal_free(j);
    j = open_it();
    assert_int_equal(agent_journal_number(j), 155);
    assert_int_equal(last(j, A), AGENT_JOURNAL_STARTED);
    agent_journal_free(j);
}

/* Thirty days count from its last record, or from its start-by if that is later: SSM's may lie a month ahead. */
static void C9_thirty_days_are_thirty_days(void **state)
{
    struct agent_journal_entry e = {.at = NOW - 30 * DAY, .start_by = NOW - 30 * DAY};

    (void)state;
    assert_int_equal(compact_judge(&e, true, NOW), COMPACT_SHORT);
    assert_int_equal(compact_judge(&e, true, NOW + 1), COMPACT_FORGOTTEN);
    assert_int_equal(compact_judge(&e, false, NOW + 1), COMPACT_WHOLE);
    e.start_by = NOW + 1;
    assert_int_equal(compact_judge(&e, true, NOW + 1 + 30 * DAY), COMPACT_SHORT);
    assert_int_equal(compact_judge(&e, true, NOW + 2 + 30 * DAY), COMPACT_FORGOTTEN);
}

/* An order like one that was forgotten is not new, whatever the clock says: it may have been here (G4, G8). */
static void G4_what_was_forgotten_is_never_taken_for_new(void **state)
{
    struct agent_journal *j = a_busy_month();
    struct old_journal old = {.state = folder, .step_ms = 1000, .number = 154};
    time_ms newest = NOW - 40 * DAY + 14 * 1000 + 60000;

    (void)state;
    assert_false(agent_journal_forgot(j, 1));
    assert_true(compact(j, NOW));
    for (int round = 0; round < 2; round++) {
        assert_true(agent_journal_forgot(j, newest));
        assert_false(agent_journal_forgot(j, newest + 1));
        agent_journal_free(j);
        j = open_it();
    }
    agent_journal_free(j);
    /* Another time that forgets nothing forgets not that either. */
    old_journal_add(&old, 1000, 25, NOW - DAY);
    j = open_it();
    assert_true(compact(j, NOW));
    assert_true(agent_journal_forgot(j, newest));
    assert_false(agent_journal_forgot(j, newest + 1));
    agent_journal_free(j);
}

/* In this order: its bytes, its name, the folder. */
static void C9_it_is_on_the_disk_before_it_has_the_name(void **state)
{
    struct agent_journal *j = a_busy_month();

    (void)state;
    steps[0] = '\0';
    assert_true(compact(j, NOW));
    assert_string_equal(steps, "write sync rename sync ");
    agent_journal_free(j);
}

static void C9_it_is_written_anew_where_that_is_worth_while(void **state)
{
    struct old_journal old = {.state = folder, .step_ms = 1000};
    struct agent_journal *j;

    (void)state;
    old_journal_add(&old, 0, 19, NOW - DAY); /* 95 records */
    j = open_it();
    assert_false(compact(j, NOW));
    agent_journal_free(j);
    old_journal_add(&old, 19, 1, NOW - DAY);
    j = open_it();
    assert_true(compact(j, NOW));
    assert_false(compact(j, NOW));
    agent_journal_free(j);
    j = open_it();
    assert_false(compact(j, NOW)); /* also after a restart */
    agent_journal_free(j);
}

/* False: it was not reached. */
static bool kill_at(int k, enum way way, bool *ret_anew)
{
    struct agent_journal *j;
    int status;
    pid_t pid;

    (void)unlink(path);
    agent_journal_free(a_busy_month());
    pid = fork();
    if (pid == 0) {
        j = open_it();
        fault.left = k;
        fault.way = way;
        (void)compact(j, NOW);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    j = open_it();
    expect_all(j);
    *ret_anew = last_of(j, 0) == AGENT_JOURNAL_NONE;
    agent_journal_free(j);
    return WEXITSTATUS(status) != 0;
}

/* Dead before, in and after each write, sync and rename: the old one or the new one is there, and either knows what it must. */
static void C9_killed_at_any_step_it_is_the_old_one_or_the_new_one(void **state)
{
    (void)state;
    for (enum way way = DIES_BEFORE; way <= DIES_AFTER; way++) {
        bool anew = false, was_anew = false;
        int k = 1;

        while (kill_at(k, way, &anew)) {
            assert_true(anew || !was_anew);
            was_anew = anew;
            k++;
        }
        assert_true(k > 4); /* write, sync, rename, the folder's sync */
        assert_true(anew);
    }
}

/* A disk that is full, or sick: the old one goes on. But where nobody knows which of the two is there, nothing may follow. */
static void C9_a_failed_one_changes_nothing_or_ends_it(void **state)
{
    struct err err = ERR_INIT;
    bool done = false;
    int rc = 0, failed = 0;

    (void)state;
    for (int k = 1; !done && rc != ERR_INTERNAL; k++) {
        struct agent_journal *j;

        (void)unlink(path);
        j = a_busy_month();
        fault.left = k;
        rc = agent_journal_compact(j, NOW, &rule, &done, &err);
        fault.left = 0;
        if (rc == ERR_BUSY) {
            failed++;
            expect_all(j);
            assert_int_equal(add(j,
                                 (struct agent_journal_record){.kind = AGENT_JOURNAL_STARTED,
                                                               .command_id = A,
                                                               .boot_id = "x"},
                                 NOW),
                             0);
        } else if (rc == ERR_INTERNAL) { /* the folder's sync: the name may go back */
            assert_int_equal(add(j,
                                 (struct agent_journal_record){.kind = AGENT_JOURNAL_STARTED,
                                                               .command_id = A,
                                                               .boot_id = "x"},
                                 NOW),
                             ERR_INTERNAL);
        }
        agent_journal_free(j);
    }
    assert_int_equal(rc, ERR_INTERNAL);
    assert_true(failed >= 3); /* write, sync, rename */
}

/* A line that is missing, there twice, or cut off behind a whole one is damage: nothing of it was ever torn. */
static void C9_what_was_kept_is_whole_or_damaged(void **state)
{
    struct agent_journal *j = a_busy_month();
    struct err err = ERR_INIT;
    char *bytes, *copy;
    size_t len, cuts = 0;

    (void)state;
    assert_true(compact(j, NOW));
    agent_journal_free(j);
    assert_int_equal(file_read_all(path, 1 << 20, &bytes, &len, &err), 0);
    copy = malloc(2 * len);
    assert_non_null(copy);
    for (char *at = bytes, *next; *at != '\0'; at = next) {
        size_t head = (size_t)(at - bytes), line;

        next = strchr(at, '\n') + 1;
        line = (size_t)(next - at);
        if (cuts++ % 4 != 0 && (size_t)(next - bytes) < len &&
            strstr(at, "end-of-kept") != at + 36 && head + 2 * line < len)
            continue;
        memcpy(copy, bytes, head);
        memcpy(copy + head, next, len - head - line);
        for (int way = 0; way < 3; way++) {
            /* without it; cut before it; with it twice */
            size_t size = way == 0 ? len - line : way == 1 ? head : len + line;
            int fd;

            if (way == 2) {
                memcpy(copy, bytes, head + line);
                memcpy(copy + head + line, at, len - head);
            }
            if (size == 0)
                continue;
            fd = open(path, O_WRONLY | O_TRUNC);
            assert_int_equal(syscall(SYS_write, fd, copy, size), (ssize_t)size);
            close(fd);
            if (agent_journal_open(folder, NOW, &j, &err) != ERR_INVALID)
                fail_msg("line %zu, way %d: not seen", cuts, way);
        }
    }
    free(copy);
    free(bytes);
}

static void C9_a_half_made_one_is_dropped(void **state)
{
    struct agent_journal *j;
    char other[192];
    int fd;

    (void)state;
    agent_journal_free(a_busy_month());
    snprintf(other, sizeof(other), "%s.new", path);
    fd = open(other, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(syscall(SYS_write, fd, "half", 4), 4);
    close(fd);
    j = open_it();
    expect_all(j);
    assert_int_equal(access(other, F_OK), -1);
    agent_journal_free(j);
}

/* Whoever has the pace reads it from the journal: a start gives nothing back (T37). */
static void T37_what_a_host_took_is_not_given_back_by_a_start(void **state)
{
    const struct pace_limit limit = {.at_once = 200, .per_hour = 60};
    struct old_journal old = {.state = folder, .step_ms = 0};
    struct agent_journal *j;

    (void)state;
    old_journal_add(&old, 0, 150, NOW);
    for (int round = 0; round < 2; round++) {
        j = open_it();
        agent_journal_limit(j, &limit);
        assert_int_equal(agent_journal_room(j, NOW), 50);
        assert_int_equal(agent_journal_room(j, NOW + 600000), 60);
        (void)compact(j, NOW);
        agent_journal_free(j);
    }
}

/* What never came has a limit of its own, whatever that of commands is; the month around it is no matter (T37). */
static void T37_cancels_of_what_never_came_are_counted(void **state)
{
    const struct pace_limit limit = {.at_once = 100000, .per_hour = 100};
    struct old_journal old = {.state = folder, .step_ms = 0};
    struct agent_journal *j;

    (void)state;
    old_journal_add(&old, 0, 50, NOW);
    old_journal_add_cancelled(&old, 100, INTAKE_CANCELS_AT_ONCE - 2, NOW);
    for (int round = 0; round < 3; round++) {
        j = open_it();
        agent_journal_limit(j, &limit);
        assert_int_equal(agent_journal_cancel_room(j, NOW), 2 - round);
        assert_int_equal(agent_journal_cancel_room(j, NOW + 2 * 3600000),
                         2 - round + 2 * INTAKE_CANCELS_PER_HOUR);
        if (round < 2)
            assert_int_equal(add(j,
                                 (struct agent_journal_record){.kind = AGENT_JOURNAL_DECLINED,
                                                               .command_id = round == 0 ? A : B,
                                                               .why = "cancelled before it began"},
                                 NOW),
                             0);
        assert_int_equal(agent_journal_cancel_room(j, NOW), round < 2 ? 1 - round : 0);
        (void)compact(j, NOW);
        agent_journal_free(j);
    }
}

/* A year of a host that gets two hundred commands a day, in the worst moment: just before it is written anew. */
static void C9_a_year_of_a_busy_host_fits(void **state)
{
    const char *deep = getenv("SLIPWAY_DEEP");
    const int a_day = deep != NULL && strcmp(deep, "1") == 0 ? 200 : 2;
    struct old_journal old = {.state = folder, .step_ms = DAY / a_day};
    struct rusage before, after;
    struct agent_journal *j;
    off_t most = 0;
    int times = 0;
    double seconds;

    (void)state;
    for (int day = 0; day < 366; day++) {
        old_journal_add(&old, (int64_t)day * a_day, a_day, NOW + day * DAY);
        most = size() > most ? size() : most;
        if (day % 10 != 0 && day < 360) /* not each day, for the sake of the test's time */
            continue;
        j = open_it();
        assert_int_equal(agent_journal_number(j), old.number);
        times += compact(j, NOW + (day + 1) * DAY);
        for (int i = 0; i < 30 * a_day && i < (day + 1) * a_day; i += 7)
            assert_int_equal(last_of(j, (int64_t)(day + 1) * a_day - 1 - i),
                             AGENT_JOURNAL_REPORTED);
        agent_journal_free(j);
    }
    getrusage(RUSAGE_SELF, &before);
    j = open_it();
    getrusage(RUSAGE_SELF, &after);
    seconds = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) +
              (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e6;
    print_message("# %d a day: at most %lld bytes, %d times anew, a start reads it in %.3f s\n",
                  a_day, (long long)most, times, seconds);
    assert_true(most < (off_t)a_day * 30 * 1024 + 1024 * 1024);
    agent_journal_free(j);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(C9_what_is_over_leaves_a_line_and_after_thirty_days_none),
        TEST(C9_thirty_days_are_thirty_days),
        TEST(C9_it_is_on_the_disk_before_it_has_the_name),
        TEST(G4_what_was_forgotten_is_never_taken_for_new),
        TEST(C9_it_is_written_anew_where_that_is_worth_while),
        TEST(C9_killed_at_any_step_it_is_the_old_one_or_the_new_one),
        TEST(C9_a_failed_one_changes_nothing_or_ends_it),
        TEST(C9_what_was_kept_is_whole_or_damaged),
        TEST(C9_a_half_made_one_is_dropped),
        TEST(T37_what_a_host_took_is_not_given_back_by_a_start),
        TEST(T37_cancels_of_what_never_came_are_counted),
        TEST(C9_a_year_of_a_busy_host_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
