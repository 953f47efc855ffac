/* The flow's thread: what wakes it, and what of its time was sleep (F9). The flow itself is in the place of the real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "server/flow/flow.h"
#include "server/loop.h"

#define HOUR_MS 3600000
#define LOOKS_MAX 8
#define LONG_S 20

/* A machine's clock for the loop, an hour of which passes in no time. */
static atomic_llong passed;

static time_ms now_of(struct clock *clock)
{
    struct timespec t;

    (void)clock;
    clock_gettime(CLOCK_REALTIME, &t);
    return (time_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000 + atomic_load(&passed);
}

static struct clock machine = {.now = now_of, .mono = now_of};

/* In the place of lib/base/clock.c: the loop sets its alarm where the clock is the machine's. */
struct clock *clock_system(void)
{
    return &machine;
}

/* What the k-th look is to do, and what it found. */
static struct {
    int64_t takes_ms, sleeps_ms; /* sleeps: until its `next`; 0 = for long */
    int rc;
    time_ms looked_at, wakes_at, began_at, ended_at;
} looks[LOOKS_MAX];
static atomic_int n_looks, n_ended, n_failed, n_audits;
static struct loop *_Atomic rung_by_audit; /* somebody rings while everything is judged */
static atomic_bool audit_moves;

int flow_look(struct flow *flow, time_ms *ret_next, struct err *err)
{
    int k = atomic_load(&n_looks);

    if (k == LOOKS_MAX)
        return err_set(err, ERR_INTERNAL, "too many looks");
    looks[k].looked_at = flow->looked_at;
    looks[k].wakes_at = flow->wakes_at;
    looks[k].began_at = flow->looked_at = clock_now(flow->clock); /* as clockwatch does */
    atomic_fetch_add(&passed, looks[k].takes_ms);
    looks[k].ended_at = clock_now(flow->clock);
    *ret_next = looks[k].ended_at + (looks[k].sleeps_ms != 0 ? looks[k].sleeps_ms : HOUR_MS / 2);
    atomic_fetch_add(&n_looks, 1);
    return looks[k].rc < 0 ? err_set(err, looks[k].rc, "no disk") : 0;
}

int flow_look_at_all(struct flow *flow, bool *ret_moved, time_ms *ret_next, struct err *err)
{
    struct loop *loop = atomic_load(&rung_by_audit);

    (void)err;
    if (loop != NULL)
        loop_ring(loop);
    *ret_moved = atomic_load(&audit_moves);
    *ret_next = clock_now(flow->clock) + HOUR_MS;
    atomic_fetch_add(&n_audits, 1);
    return 0;
}

void flow_end(struct flow *flow)
{
    (void)flow;
    atomic_fetch_add(&n_ended, 1);
}

static void failed(void *arg, const struct err *err)
{
    (void)arg;
    assert_string_equal(err->text, "no disk");
    atomic_fetch_add(&n_failed, 1);
}

static void wait_for(const atomic_int *count, int n)
{
    for (int i = 0; i < LONG_S * 1000 && atomic_load(count) < n; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(atomic_load(count), n);
}

static struct loop *start(struct flow *flow)
{
    struct err err = ERR_INIT;
    struct loop *loop = NULL;

    if (loop_start(&loop, flow, failed, NULL, &err) < 0)
        fail_msg("%s", err.text);
    return loop;
}

static int set_up(void **state)
{
    (void)state;
    memset(looks, 0, sizeof(looks));
    atomic_store(&n_looks, 0);
    atomic_store(&n_ended, 0);
    atomic_store(&n_failed, 0);
    atomic_store(&n_audits, 0);
    atomic_store(&audit_moves, false);
    atomic_store(&rung_by_audit, NULL);
    atomic_store(&passed, 0);
    return 0;
}

/* It took twenty seconds to look. What the machine was doing then was no sleep: it heard its hosts all the while. */
static void F9_a_long_look_is_no_sleep(void **state)
{
    struct flow flow = {.clock = clock_system()};
    struct loop *loop;

    (void)state;
    looks[0].takes_ms = 20000;
    loop = start(&flow);
    wait_for(&n_looks, 1);
    loop_ring(loop);
    wait_for(&n_looks, 2);
    assert_in_range(looks[1].looked_at, looks[0].ended_at, looks[1].began_at);
    assert_int_equal(looks[1].wakes_at, looks[0].ended_at + HOUR_MS / 2);
    loop_stop(loop);
    loop_ring(loop); /* a commit that ends later does */
    loop_free(loop);
    assert_int_equal(atomic_load(&n_ended), 1);
}

/* But where the machine slept behind it, that is seen. The first times it may still have been on its way to rest. */
static void F9_what_passes_behind_a_look_is_sleep(void **state)
{
    struct flow flow = {.clock = clock_system()};
    struct loop *loop;
    bool seen = false;

    (void)state;
    loop = start(&flow);
    wait_for(&n_looks, 1);
    for (int k = 1; k < LOOKS_MAX - 1 && !seen; k++) {
        nanosleep(&(struct timespec){.tv_nsec = k * 20000000L}, NULL);
        atomic_fetch_add(&passed, HOUR_MS / 4);
        loop_ring(loop);
        wait_for(&n_looks, k + 1);
        seen = looks[k].began_at - looks[k].looked_at >= HOUR_MS / 4;
    }
    assert_true(seen);
    loop_stop(loop);
    loop_free(loop);
}

static void its_time_wakes_it_and_nobody_need_ring(void **state)
{
    struct flow flow = {.clock = clock_system()};
    struct loop *loop;

    (void)state;
    looks[0].sleeps_ms = 30;
    loop = start(&flow);
    wait_for(&n_looks, 2);
    assert_true(looks[1].began_at >= looks[1].wakes_at);
    assert_true(flow.timed);
    loop_stop(loop);
    loop_free(loop);
}

static void a_look_that_fails_is_said_and_is_the_last(void **state)
{
    struct flow flow = {.clock = clock_system()};
    struct loop *loop;

    (void)state;
    looks[0].rc = ERR_INTERNAL;
    loop = start(&flow);
    wait_for(&n_failed, 1);
    wait_for(&n_ended, 1);
    loop_ring(loop);
    loop_stop(loop);
    loop_free(loop);
    assert_int_equal(atomic_load(&n_looks), 1);
}

/* How often the audit says that nobody was told of what moved, after it ran once. */
static int missed(bool moves, bool rings)
{
    struct flow flow = {.clock = clock_system()};
    FILE *log = tmpfile();
    int to = dup(STDERR_FILENO), n = 0;
    struct loop *loop;
    char line[512];

    assert_non_null(log);
    log_init(LOG_LOGFMT, LOG_ERROR);
    (void)dup2(fileno(log), STDERR_FILENO);
    (void)set_up(NULL);
    atomic_store(&audit_moves, moves);
    looks[1].takes_ms = HOUR_MS;
    loop = start(&flow);
    atomic_store(&rung_by_audit, rings ? loop : NULL);
    wait_for(&n_looks, 1);
    loop_ring(loop);
    wait_for(&n_audits, 1);
    if (moves) /* it is said before the next look, and before this test rings to stop */
        wait_for(&n_looks, 3);
    loop_stop(loop);
    loop_free(loop);
    (void)dup2(to, STDERR_FILENO);
    close(to);
    rewind(log);
    while (fgets(line, sizeof(line), log) != NULL)
        n += strstr(line, "flow.missed") != NULL;
    fclose(log);
    return n;
}

static void what_moves_by_the_audit_was_missed_unless_somebody_rang_meanwhile(void **state)
{
    (void)state;
    assert_int_equal(missed(true, false), 1);
    assert_int_equal(missed(false, false), 0);
    assert_int_equal(missed(true, true),
                     0); /* it came just now: a delivery, an answer to a person */
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(F9_a_long_look_is_no_sleep),
        TEST(F9_what_passes_behind_a_look_is_sleep),
        TEST(its_time_wakes_it_and_nobody_need_ring),
        TEST(what_moves_by_the_audit_was_missed_unless_somebody_rang_meanwhile),
        TEST(a_look_that_fails_is_said_and_is_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
