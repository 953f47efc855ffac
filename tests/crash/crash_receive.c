/*
 * The front door when the program is killed and when its disk fails: I1, and W7's and W3's "once".
 *
 * The real daemon, its real store. It is killed under load at a moment that a seed chooses; or the k-th write, sync or
 * truncation of the store fails, is cut short by a full disk, or is the last thing that happens (tests/support/
 * faulty_io). Then it is started again on what is there. SLIPWAY_FAULT="K:KIND" repeats one of these.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/receiver.h"

#define STRIDE 11
#define SWEEP_SECONDS 1300 /* then what is left of all faults is left, and that is said */

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

/* SLIPWAY_SWEEP_SECONDS: so long it may take, for who has the whole night. SLIPWAY_SWEEP_FROM and _TO: these calls only,
 * to go on where another run was cut short, or to run in parts beside each other. */
static long of_sweep(const char *name, long otherwise)
{
    char variable[64];
    const char *value;

    snprintf(variable, sizeof(variable), "SLIPWAY_SWEEP_%s", name);
    value = getenv(variable);
    return value != NULL ? strtol(value, NULL, 10) : otherwise;
}

/* Each call of a run with each kind; in strides, so that a run that is cut short has seen some of all parts. */
static long fail_everywhere(void)
{
    time_t end = time(NULL) + of_sweep("SECONDS", SWEEP_SECONDS);
    long from = of_sweep("FROM", 1), to = of_sweep("TO", LONG_MAX);
    long of_kind[sizeof(kinds) / sizeof(*kinds)] = {0}, runs = 0, n;

    for (long first = from; first < from + STRIDE; first++)
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
            for (long k = first; k <= to && time(NULL) < end && fail_once(k, kinds[i], &n);
                 k += STRIDE)
                of_kind[i]++;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        print_message("# %s: %ld\n", kinds[i], of_kind[i]);
        if (of_kind[i] == 0)
            fail_msg("no fault of the kind %s came to pass", kinds[i]);
        runs += of_kind[i];
    }
    print_message("# calls %ld to %s: %s\n", from,
                  to == LONG_MAX ? "the end" : getenv("SLIPWAY_SWEEP_TO"),
                  time(NULL) < end ? "to the end: each call, each kind"
                                   : "CUT SHORT: what is left was not tried");
    /* Who says how long it may take, or which calls, wants all of them. */
    if (time(NULL) >= end &&
        (getenv("SLIPWAY_SWEEP_SECONDS") != NULL || getenv("SLIPWAY_SWEEP_TO") != NULL))
        fail_msg("the sweep was cut short");
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
