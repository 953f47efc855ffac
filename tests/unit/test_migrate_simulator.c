/*
 * The migrate machine in a world in which all goes wrong (tests/support/sim_world.h): no second start, no guessed end, and
 * when faults stop everything ends or waits for a person. I1 to I12 are asked of all journals there ever were
 * (tests/support/sim_check.h); of a real store at the end of each story (tests/support/invariants.h).
 *
 * Some schedules here, with sanitizers, and 20,000 in the program `simulator` beside this one; SLIPWAY_SCHEDULES plays as
 * many as it says, from SLIPWAY_SEED on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sim_fault.h"
#include "tests/support/sim_world.h"

static long number_of(const char *variable, long otherwise)
{
    const char *text = getenv(variable);

    return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

/* SLIPWAY_CASES: a guard was removed, and the program beside this one still has it. */
static void no_second_start_and_no_guessed_end(void **state)
{
    long first = number_of("SLIPWAY_SEED", 1);
    long n = getenv("SLIPWAY_CASES") != NULL ? 4000 : 100;

    (void)state;
    arena_init(&sim.arena);
    for (long seed = first; seed < first + n; seed++) {
        const char *trouble = sim_fault_play((uint64_t)seed);

        if (trouble != NULL)
            fail_msg("schedule %ld: %s", seed, trouble);
    }
    arena_deinit(&sim.arena);
}

/* A simulator in which nothing happens proves nothing: each fault and each outcome is met. */
static void nor_in_very_many_schedules(void **state)
{
    long n = number_of("SLIPWAY_SCHEDULES", 20000);
    char command[512], line[256];
    FILE *pipe;

    (void)state;
    if (getenv("SLIPWAY_CASES") != NULL)
        skip();
    snprintf(command, sizeof(command), "%s/tests/unit/simulator --first %ld --schedules %ld",
             SLIPWAY_BUILD_DIR, number_of("SLIPWAY_SEED", 1), n);
    pipe = popen(command, "r"); // NOLINT(cert-env33-c): a path of our own
    assert_non_null(pipe);
    while (fgets(line, sizeof(line), pipe) != NULL)
        print_message("%s", line);
    assert_int_equal(pclose(pipe), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_second_start_and_no_guessed_end),
        cmocka_unit_test(nor_in_very_many_schedules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
