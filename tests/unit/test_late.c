/* late: who misses what is live, who gets it now, and who is not asked again (P7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/rules/late.h"

#define NOW INT64_C(1763962200000)
#define LIVE "1111111111111111111111111111111111111111"
#define OLD "2222222222222222222222222222222222222222"

static struct host host;

/* It runs what is live, and was there when that was cut. */
static struct late_facts facts(void)
{
    host = (struct host){.state = HOST_REGISTERED,
                         .registered_at = NOW - 9000000,
                         .seen_at = NOW - 1000};
    return (struct late_facts){.host = &host,
                               .live_sha = LIVE,
                               .has_last = true,
                               .last_sha = LIVE,
                               .last_well = true,
                               .last_cut_at = NOW - 600000,
                               .turn_at = NOW - 600000};
}

static void P7_who_came_since_its_turn_and_runs_something_else_gets_it_now(void **state)
{
    struct late_facts f = facts();

    (void)state;
    host.came_at = NOW - 5000;
    assert_int_equal(late_judge(&f, NOW), LATE_HAS_IT); /* a silence alone changes nothing */
    f.last_sha = OLD;
    assert_int_equal(late_judge(&f, NOW), LATE_NOW);
    f.last_sha = LIVE;
    f.last_well = false;
    assert_int_equal(late_judge(&f, NOW), LATE_NOW);
    f.has_last = false;
    f.turn_at = 0;
    assert_int_equal(late_judge(&f, NOW), LATE_NOW);
    host.came_at = 0; /* new here, and nobody ever told it anything */
    assert_int_equal(late_judge(&f, NOW), LATE_NOW);
}

/* It failed, or a person left it out: nothing happens behind his back. */
static void P7_who_had_its_turn_waits_until_it_comes_anew(void **state)
{
    struct late_facts f = facts();

    (void)state;
    f.last_well = false;
    assert_int_equal(late_judge(&f, NOW), LATE_HAD_TURN);
    host.came_at = f.turn_at;
    assert_int_equal(late_judge(&f, NOW), LATE_HAD_TURN);
    host.came_at = f.turn_at + 1;
    assert_int_equal(late_judge(&f, NOW), LATE_NOW);
    host.came_at = 0;
    host.put_back_at = f.turn_at + 1;
    assert_int_equal(late_judge(&f, NOW), LATE_NOW);
}

/* One that its catching up takes down each time would go on for ever. */
static void P7_after_three_tries_it_is_left_alone(void **state)
{
    struct late_facts f = facts();

    (void)state;
    f.last_well = false;
    host.came_at = NOW - 5000;
    f.n_failed = LATE_TRIES - 1;
    assert_int_equal(late_judge(&f, NOW), LATE_NOW);
    f.n_failed = LATE_TRIES;
    assert_int_equal(late_judge(&f, NOW), LATE_GIVEN_UP);
}

static void silent_and_barred_hosts_say_what_they_wait_for(void **state)
{
    struct late_facts f = facts();

    (void)state;
    host.came_at = NOW - 5000;
    f.last_sha = OLD;
    host.seen_at = NOW - HOST_SILENT_AFTER_MS;
    assert_int_equal(late_judge(&f, NOW), LATE_SILENT);
    host.seen_at = NOW;
    f.busy = true;
    assert_int_equal(late_judge(&f, NOW), LATE_BUSY); /* I11 */
    host.state = HOST_BARRED;
    assert_int_equal(late_judge(&f, NOW), LATE_BARRED);
}

/* What was brought by hand is declared; only a host that registered since then can lack it. */
static void C7_what_a_person_declared_is_not_brought_to_hosts_that_were_there(void **state)
{
    struct late_facts f = facts();

    (void)state;
    f.declared_at = NOW - 300000;
    f.last_sha = OLD;
    host.came_at = NOW - 5000;
    assert_int_equal(late_judge(&f, NOW), LATE_HAS_IT);
    f.last_cut_at = f.declared_at + 1; /* something else came to it since */
    assert_int_equal(late_judge(&f, NOW), LATE_NOW);
    f = facts();
    f.declared_at = NOW - 300000;
    f.has_last = false;
    f.turn_at = 0;
    assert_int_equal(late_judge(&f, NOW), LATE_HAS_IT);
    host.registered_at = NOW - 5000;
    assert_int_equal(late_judge(&f, NOW), LATE_NOW);
}

/* Whoever was in the snapshot of what is live and stayed needs no question to the store. */
static void who_stayed_is_not_asked(void **state)
{
    struct late_facts f = facts();

    (void)state;
    assert_false(late_is_possible(&host, f.turn_at));
    host.came_at = f.turn_at + 1;
    assert_true(late_is_possible(&host, f.turn_at));
    host.came_at = 0;
    host.put_back_at = f.turn_at + 1;
    assert_true(late_is_possible(&host, f.turn_at));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P7_who_came_since_its_turn_and_runs_something_else_gets_it_now),
        cmocka_unit_test(P7_who_had_its_turn_waits_until_it_comes_anew),
        cmocka_unit_test(P7_after_three_tries_it_is_left_alone),
        cmocka_unit_test(silent_and_barred_hosts_say_what_they_wait_for),
        cmocka_unit_test(C7_what_a_person_declared_is_not_brought_to_hosts_that_were_there),
        cmocka_unit_test(who_stayed_is_not_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
