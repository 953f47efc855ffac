/*
 * The simulator's checker can fail: of each invariant the guard is left out of the simulated world, and it is named
 * (tests/support/sim_check.h). What guards it in the product is broken in tests/mutants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/sim_check.h"
#include "tests/support/sim_fault.h"
#include "tests/support/sim_journal.h"
#include "tests/support/sim_world.h"

#define SCHEDULES 200

/* One that lacks it, and of which that is so; an error of another kind may end it before. */
static bool is_met(int lacks, int schedules, bool (*is_so)(unsigned bit))
{
    bool met = false;

    arena_init(&sim.arena);
    sim.lacks = lacks;
    for (int seed = 1; seed <= schedules && !met; seed++) {
        (void)sim_fault_play((uint64_t)seed);
        met = is_so(1U << lacks % SIM_LACKS(0, 1));
    }
    sim.lacks = 0;
    arena_deinit(&sim.arena);
    return met;
}

static bool is_broken(unsigned bit)
{
    return (sim.broken & bit) != 0;
}

/* Does the checker say in one of so many schedules that it does not hold? */
static bool is_found(int lacks, int schedules)
{
    return is_met(lacks, schedules, is_broken);
}

/* In what an old store forgot, and in nothing that there is still. */
static bool is_broken_in_what_was_forgotten(unsigned bit)
{
    return (sim.forgotten & bit) != 0 && (sim.broken & bit) == 0;
}

static void I1_an_answer_before_the_sync_is_found(void **state)
{
    (void)state;
    assert_true(is_found(1, SCHEDULES));
}

static void I2_a_store_that_takes_a_second_unsettled_attempt_is_found(void **state)
{
    (void)state;
    assert_true(is_found(2, SCHEDULES));
}

static void I3_a_ledger_that_forgets_its_successes_is_found(void **state)
{
    (void)state;
    assert_true(is_found(3, SCHEDULES));
}

static void I4_a_journal_that_takes_started_twice_is_found(void **state)
{
    (void)state;
    assert_true(is_found(4, SCHEDULES));
}

static void I5_an_agent_that_takes_a_no_for_a_yes_is_found(void **state)
{
    (void)state;
    assert_true(is_found(5, SCHEDULES));
}

static void I6_a_start_by_approvals_of_another_plan_is_found(void **state)
{
    (void)state;
    assert_true(is_found(6, SCHEDULES));
}

static void I6_a_start_by_another_plan_than_was_cut_is_found(void **state)
{
    (void)state;
    assert_true(is_found(SIM_LACKS_PLAN, SCHEDULES));
}

static void I7_a_server_that_believes_what_comes_after_the_end_is_found(void **state)
{
    (void)state;
    assert_true(is_found(7, SCHEDULES));
}

static void I7_a_probe_that_speaks_of_what_failed_is_found(void **state)
{
    (void)state;
    assert_true(is_found(SIM_LACKS_ASKED, SCHEDULES));
}

static void I7_an_unknown_attempt_that_runs_again_is_found(void **state)
{
    (void)state;
    assert_true(is_found(SIM_LACKS_END, SCHEDULES));
}

static void I8_a_start_that_does_not_take_its_occurrence_is_found(void **state)
{
    (void)state;
    assert_true(is_found(8, SCHEDULES));
}

static void I8_what_an_old_store_forgot_is_found(void **state)
{
    (void)state;
    assert_true(is_met(8, SCHEDULES, is_broken_in_what_was_forgotten));
}

static void I9_a_host_that_obeys_another_store_is_found(void **state)
{
    (void)state;
    assert_true(is_found(9, SCHEDULES));
}

static void I10_a_journal_that_goes_on_in_the_file_of_another_is_found(void **state)
{
    (void)state;
    assert_true(is_found(10, SCHEDULES));
}

static void I10_a_line_that_was_changed_is_found(void **state)
{
    (void)state;
    arena_init(&sim.arena);
    assert_null(sim_fault_play(1));
    assert_int_equal(sim.broken, 0);
    sim_journal_tamper((int)sim_journal_count() / 2)->at++;
    sim_check_schedule();
    assert_int_equal(sim.broken, 1U << 10);
    arena_deinit(&sim.arena);
}

static void I11_a_host_without_the_lock_of_the_database_is_found(void **state)
{
    (void)state;
    assert_true(is_found(11, SCHEDULES));
}

static void I12_a_silence_that_never_becomes_unknown_is_found(void **state)
{
    (void)state;
    assert_true(is_found(12, SCHEDULES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(I1_an_answer_before_the_sync_is_found),
        cmocka_unit_test(I2_a_store_that_takes_a_second_unsettled_attempt_is_found),
        cmocka_unit_test(I3_a_ledger_that_forgets_its_successes_is_found),
        cmocka_unit_test(I4_a_journal_that_takes_started_twice_is_found),
        cmocka_unit_test(I5_an_agent_that_takes_a_no_for_a_yes_is_found),
        cmocka_unit_test(I6_a_start_by_approvals_of_another_plan_is_found),
        cmocka_unit_test(I6_a_start_by_another_plan_than_was_cut_is_found),
        cmocka_unit_test(I7_a_server_that_believes_what_comes_after_the_end_is_found),
        cmocka_unit_test(I7_a_probe_that_speaks_of_what_failed_is_found),
        cmocka_unit_test(I7_an_unknown_attempt_that_runs_again_is_found),
        cmocka_unit_test(I8_a_start_that_does_not_take_its_occurrence_is_found),
        cmocka_unit_test(I8_what_an_old_store_forgot_is_found),
        cmocka_unit_test(I9_a_host_that_obeys_another_store_is_found),
        cmocka_unit_test(I10_a_journal_that_goes_on_in_the_file_of_another_is_found),
        cmocka_unit_test(I10_a_line_that_was_changed_is_found),
        cmocka_unit_test(I11_a_host_without_the_lock_of_the_database_is_found),
        cmocka_unit_test(I12_a_silence_that_never_becomes_unknown_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
