/*
 * The front door when the program is killed and when its disk fails: I1, and W7's and W3's "once".
 *
 * The real daemon, its real store. It is killed under load at a moment that a seed chooses; or the k-th write, sync or
 * truncation of the store fails, is cut short by a full disk, or is the last thing that happens (tests/support/
 * faulty_io). Then it is started again on what is there. SLIPWAY_FAULT="K:KIND" repeats one of these; with SLIPWAY_DEEP=1
 * each k is tried with each kind, several at a time.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/receiver.h"

#define STRIDE 11
#define SWEEP_SECONDS 1300 /* then what is left of all faults is left, and that fails */
#define SWEEP_JOBS 4
#define SWEEP_JOBS_MAX 32

static bool deep(void)
{
    const char *value = getenv("SLIPWAY_DEEP");

    return value != NULL && strcmp(value, "1") == 0;
}

static unsigned dice(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Killed ------------------------------------------------------------------------------------------ */

/* The same store from kill to kill: what was lost once stays lost. */
static void I1_every_202_has_its_row_after_kill_9_under_load(void **state)
{
    int runs = deep() ? 200 : 4;
    size_t before = 0;
    struct receiver r;

    (void)state;
    if (getenv("SLIPWAY_FAULT") != NULL)
        skip();
    receiver_up(&r);
    for (int i = 0; i < runs; i++) {
        unsigned seed = (unsigned)i + 1;
        struct receiver_load *load;

        if (!receiver_start(&r, NULL))
            fail_msg("run %d: it did not start again", i);
        load = receiver_begin(&r, 1 + (int)(dice(&seed) % 16), 0, 0);
        usleep(20000 + dice(&seed) % 300000);
        receiver_kill(&r);
        receiver_end(load);
        if (i % 20 == 19 || i + 1 == runs) {
            assert_true(receiver_start(&r, NULL));
            receiver_check(&r);
            receiver_stop(&r);
            assert_true(r.n_accepted >
                        before); /* one that is killed after 20 ms may have said nothing */
            before = r.n_accepted;
        }
    }
    print_message("# %d kills, %zu answered 202\n", runs, r.n_accepted);
    receiver_down(&r);
}

/* A disk that fails --------------------------------------------------------------------------------- */

/* What the log of faulty_io says of the run. */
struct told {
    long calls;
    bool fault;       /* it came to it */
    bool failed_sync; /* a sync was the one */
    bool tried_again; /* and the store was written or synced after it */
};

static struct told read_log(struct receiver *r)
{
    const char *path = arena_printf(&r->arena, "%s/faults", r->folder);
    char operation[16], file[64], end[8], line[256];
    struct told told = {.calls = 0};
    bool has_log =
        false; /* before that the store is being made: SQLite takes back what it began, nobody was told */
    FILE *log = fopen(path, "r");

    while (log != NULL && fgets(line, sizeof(line), log) != NULL) {
        if (sscanf(line, "%ld %15s %63s %7s", &told.calls, operation, file, end) != 4)
            continue;
        has_log |= strstr(file, "-wal") != NULL;
        if (told.failed_sync && strstr(file, "-shm") == NULL)
            told.tried_again = true;
        if (strcmp(end, "fault") == 0) {
            told.fault = true;
            told.failed_sync |= has_log && strstr(operation, "sync") != NULL;
        }
    }
    if (log != NULL)
        fclose(log);
    (void)unlink(path);
    return told;
}

static const char *const kinds[] = {"sync", "eio", "enospc", "torn", "kill"};
#define N_KINDS 5

/* A new store, one fault, some deliveries; then what must be true. False: there are not so many calls. */
static bool fail_once(long k, const char *kind, long *ret_calls)
{
    struct receiver r;
    struct told told;
    const char *environment[5] = {NULL};

    receiver_up(&r);
    environment[0] =
        arena_printf(&r.arena, "LD_PRELOAD=%s/tests/support/faulty_io.so", SLIPWAY_BUILD_DIR);
    environment[1] = arena_printf(&r.arena, "FAULTY_IO=%ld:%s", k, kind);
    environment[2] = arena_printf(&r.arena, "FAULTY_IO_FOLDER=%s/state", r.folder);
    environment[3] = arena_printf(&r.arena, "FAULTY_IO_LOG=%s/faults", r.folder);
    if (receiver_start(&r, environment)) {
        receiver_end(receiver_begin(&r, 4, 3000, 5));
        usleep(350000); /* recorded, and the checkpoint of a writer that has nothing to do */
        if (r.pid != 0 && !receiver_ends(&r, 0))
            receiver_stop(&r);
    }
    told = read_log(&r);
    *ret_calls = told.calls;
    if (told.failed_sync && told.tried_again)
        fail_msg("%s at call %ld: the store was touched after a sync had failed", kind, k);
    if (!receiver_is_restarted(&r))
        fail_msg("%s at call %ld: it ended %d, and systemd would leave it so", kind, k, r.status);
    if (!receiver_start(&r, NULL))
        fail_msg("%s at call %ld: it does not start on what is there", kind, k);
    receiver_end(receiver_begin(&r, 1, 3000, 2));
    receiver_check(&r);
    receiver_stop(&r);
    assert_true(WIFEXITED(r.status) && WEXITSTATUS(r.status) == 0);
    receiver_down(&r);
    return told.fault;
}

/* SLIPWAY_SWEEP_FROM and _TO: these calls only, to go on where another run was cut short. SLIPWAY_SWEEP_SECONDS: so long it
 * may take. SLIPWAY_SWEEP_JOBS: so many at a time; each run waits more than it works. */
static long of_sweep(const char *name, long otherwise)
{
    char variable[64];
    const char *value;

    snprintf(variable, sizeof(variable), "SLIPWAY_SWEEP_%s", name);
    value = getenv(variable);
    return value != NULL ? strtol(value, NULL, 10) : otherwise;
}

/* Calls FIRST, FIRST + STRIDE, ... with each kind, one lane after the other: a sweep that is cut short has seen some of all
 * parts. Shared by the processes that take the lanes. */
struct sweep {
    long from, to;
    time_t end;
    atomic_long next_lane, of_kind[N_KINDS];
    atomic_bool cut_short;
};

static void sweep_lane(struct sweep *sweep, long lane)
{
    long kind = lane % N_KINDS, n;

    for (long k = sweep->from + lane / N_KINDS; k <= sweep->to; k += STRIDE) {
        if (time(NULL) >= sweep->end) {
            atomic_store(&sweep->cut_short, true);
            return;
        }
        if (!fail_once(k, kinds[kind], &n))
            return;
        atomic_fetch_add(&sweep->of_kind[kind], 1);
    }
}

/* A run that fails says so, and ends its process. */
static pid_t begin_sweeping(struct sweep *sweep)
{
    pid_t pid;
    long lane;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid != 0)
        return pid;
    while ((lane = atomic_fetch_add(&sweep->next_lane, 1)) < STRIDE * N_KINDS)
        sweep_lane(sweep, lane);
    _exit(0);
}

static long tell_of(const struct sweep *sweep)
{
    long runs = 0;

    for (int i = 0; i < N_KINDS; i++) {
        long n = atomic_load(&sweep->of_kind[i]);
        print_message("# %s: %ld\n", kinds[i], n);
        /* Syncs have numbers of their own, and there are few. */
        if (n == 0 && (strcmp(kinds[i], "sync") != 0 || sweep->from == 1))
            fail_msg("no fault of the kind %s came to pass", kinds[i]);
        runs += n;
    }
    print_message("# calls %ld to %s: %s\n", sweep->from,
                  sweep->to == LONG_MAX ? "the end" : getenv("SLIPWAY_SWEEP_TO"),
                  atomic_load(&sweep->cut_short) ? "CUT SHORT: what is left was not tried"
                                                 : "each call, each kind");
    return runs;
}

static long fail_everywhere(void)
{
    struct sweep *sweep =
        mmap(NULL, sizeof(*sweep), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    long jobs = of_sweep("JOBS", SWEEP_JOBS), runs;
    pid_t pids[SWEEP_JOBS_MAX];
    bool all_well = true;

    assert_true(sweep != MAP_FAILED);
    assert_in_range(jobs, 1, SWEEP_JOBS_MAX);
    sweep->from = of_sweep("FROM", 1);
    sweep->to = of_sweep("TO", LONG_MAX);
    sweep->end = time(NULL) + of_sweep("SECONDS", SWEEP_SECONDS);
    for (long i = 0; i < jobs; i++)
        pids[i] = begin_sweeping(sweep);
    for (long i = 0; i < jobs; i++) {
        int status;
        all_well &= waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status) &&
                    WEXITSTATUS(status) == 0;
    }
    runs = tell_of(sweep);
    if (!all_well)
        fail_msg("a fault was not survived: see above");
    if (atomic_load(&sweep->cut_short))
        fail_msg("the sweep was cut short");
    assert_int_equal(munmap(sweep, sizeof(*sweep)), 0);
    return runs;
}

static void I1_every_202_has_its_row_when_the_kth_write_or_sync_fails(void **state)
{
    unsigned seed = 7;
    long calls = 0, syncs = 20, runs = 0; /* so many syncs there are */
    int came = 0;

    (void)state;
    assert_false(fail_once(0, "eio", &calls)); /* how many there are */
    assert_true(calls > 40);
    if (getenv("SLIPWAY_FAULT") != NULL) {
        const char *fault = getenv("SLIPWAY_FAULT");
        if (!fail_once(strtol(fault, NULL, 10), strchr(fault, ':') + 1, &calls))
            print_message("# it did not come to pass: there are %ld calls\n", calls);
    } else if (deep()) {
        runs = fail_everywhere();
    } else {
        for (; runs < 10; runs++) {
            long n, k = 1 + (long)(dice(&seed) % (unsigned)(runs % 5 == 0 ? syncs : calls));
            came += fail_once(k, kinds[runs % 5], &n);
        }
        assert_in_range(
            came, 4, 10); /* where a run has fewer calls than the first one had, some do not come */
    }
    print_message("# %ld faults, about %ld calls in a run\n", runs, calls);
}

/* An argument chooses tests by a pattern. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(I1_every_202_has_its_row_after_kill_9_under_load),
        cmocka_unit_test(I1_every_202_has_its_row_when_the_kth_write_or_sync_fails),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
