/* What a restart of the host's side finds: the table of migrate.md 5, row by row and as a whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/observe.h"

static enum observe_action decide(enum agent_journal_kind last, bool is_held, bool has_end)
{
    const struct observe_facts facts = {.last = last, .is_held = is_held, .has_end = has_end};

    return observe_decide(&facts);
}

static void nothing_about_the_id_is_a_new_command(void **state)
{
    (void)state;
    assert_int_equal(decide(AGENT_JOURNAL_NONE, false, false), OBSERVE_NEW);
}

static void accepted_or_asking_with_a_free_lock_never_started(void **state)
{
    (void)state;
    assert_int_equal(decide(AGENT_JOURNAL_ACCEPTED, false, false), OBSERVE_NOT_STARTED);
    assert_int_equal(decide(AGENT_JOURNAL_ASKING, false, false), OBSERVE_NOT_STARTED);
}

static void accepted_with_a_held_lock_is_looked_at_again(void **state)
{
    (void)state;
    assert_int_equal(decide(AGENT_JOURNAL_ACCEPTED, true, false), OBSERVE_WAIT);
    assert_int_equal(decide(AGENT_JOURNAL_ASKING, true, false), OBSERVE_WAIT);
}

static void started_with_a_held_lock_is_taken_up(void **state)
{
    (void)state;
    assert_int_equal(decide(AGENT_JOURNAL_STARTED, true, false), OBSERVE_TAKE_UP);
}

static void started_and_finished_is_reported(void **state)
{
    (void)state;
    assert_int_equal(decide(AGENT_JOURNAL_STARTED, false, true), OBSERVE_REPORT);
    assert_int_equal(decide(AGENT_JOURNAL_STARTED, true, true), OBSERVE_REPORT);
    assert_int_equal(decide(AGENT_JOURNAL_FINISHED, false, true), OBSERVE_REPORT);
}

static void started_with_a_free_lock_and_no_end_is_unknown(void **state)
{
    (void)state;
    assert_int_equal(decide(AGENT_JOURNAL_STARTED, false, false), OBSERVE_UNKNOWN);
}

/* EMFILE, EIO, a disk that is read-only: not even that it is free. */
static void what_cannot_be_looked_at_is_looked_at_again(void **state)
{
    struct observe_facts facts = {.is_unseen = true};

    (void)state;
    for (enum agent_journal_kind last = AGENT_JOURNAL_NONE; last < AGENT_JOURNAL_KINDS_COUNT;
         last++) {
        facts.last = last;
        assert_int_equal(observe_decide(&facts), last == AGENT_JOURNAL_NONE       ? OBSERVE_NEW
                                                 : last == AGENT_JOURNAL_DECLINED ? OBSERVE_REPORT
                                                 : last == AGENT_JOURNAL_REPORTED ? OBSERVE_CLOSED
                                                                                  : OBSERVE_WAIT);
    }
}

static void of_another_journal_is_unknown_unless_its_end_is_on_disk(void **state)
{
    (void)state;
    assert_int_equal(decide(AGENT_JOURNAL_CARRIED, false, false), OBSERVE_UNKNOWN);
    assert_int_equal(decide(AGENT_JOURNAL_CARRIED, true, false), OBSERVE_TAKE_UP); /* it runs */
    assert_int_equal(decide(AGENT_JOURNAL_CARRIED, false, true), OBSERVE_REPORT);
}

static void an_end_that_is_gone_from_the_disk_is_not_made_up(void **state)
{
    (void)state;
    assert_int_equal(decide(AGENT_JOURNAL_FINISHED, false, false), OBSERVE_UNKNOWN);
}

static void declined_is_told_and_reported_is_closed(void **state)
{
    (void)state;
    assert_int_equal(decide(AGENT_JOURNAL_DECLINED, false, false), OBSERVE_REPORT);
    for (int i = 0; i < 4; i++)
        assert_int_equal(decide(AGENT_JOURNAL_REPORTED, i & 1, i & 2), OBSERVE_CLOSED);
}

/* Over all facts: only what is not known may be new, only what never started is said not to have. */
static void nothing_that_is_known_becomes_new_and_nothing_that_began_not_started(void **state)
{
    (void)state;
    for (int kind = 0; kind < AGENT_JOURNAL_KINDS_COUNT; kind++) {
        for (int i = 0; i < 4; i++) {
            enum observe_action a = decide((enum agent_journal_kind)kind, i & 1, i & 2);

            assert_int_equal(a == OBSERVE_NEW, kind == AGENT_JOURNAL_NONE);
            if (a == OBSERVE_NOT_STARTED)
                assert_true(kind == AGENT_JOURNAL_ACCEPTED || kind == AGENT_JOURNAL_ASKING);
            if (a == OBSERVE_UNKNOWN)
                assert_false((i & 2) != 0);
        }
    }
}

/* So that ten thousand agents do not come back at once. */
static void each_wait_is_twice_the_last_up_to_a_bound_and_half_of_it_by_chance(void **state)
{
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    for (unsigned tries = 1; tries <= 40; tries++) {
        int64_t whole = tries < 6 ? INT64_C(1000) << (tries - 1) : 30000;

        for (int i = 0; i < 100; i++) {
            int64_t ms = agent_back_off(tries, 1000, 30000);

            assert_true(ms >= whole / 2 && ms <= whole);
            least = tries == 40 && ms < least ? ms : least;
            most = tries == 40 && ms > most ? ms : most;
        }
    }
    assert_true(most - least > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_about_the_id_is_a_new_command),
        cmocka_unit_test(accepted_or_asking_with_a_free_lock_never_started),
        cmocka_unit_test(accepted_with_a_held_lock_is_looked_at_again),
        cmocka_unit_test(started_with_a_held_lock_is_taken_up),
        cmocka_unit_test(started_and_finished_is_reported),
        cmocka_unit_test(started_with_a_free_lock_and_no_end_is_unknown),
        cmocka_unit_test(what_cannot_be_looked_at_is_looked_at_again),
        cmocka_unit_test(of_another_journal_is_unknown_unless_its_end_is_on_disk),
        cmocka_unit_test(an_end_that_is_gone_from_the_disk_is_not_made_up),
        cmocka_unit_test(declined_is_told_and_reported_is_closed),
        cmocka_unit_test(each_wait_is_twice_the_last_up_to_a_bound_and_half_of_it_by_chance),
        cmocka_unit_test(nothing_that_is_known_becomes_new_and_nothing_that_began_not_started),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
