/*
 * simulator: very many schedules of the migrate machine (sim_world.h), optimized and without sanitizers.
 *
 *      simulator [--first N] [--schedules N] [--trace]
 *
 * Each schedule is one seed; a bad one is said, with what is wrong, and told once more with --first SEED --schedules 1
 * --trace. At the end, how often each thing happened. Exit 1: a schedule is bad, or something never happened.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/sim_fault.h"
#include "tests/support/sim_world.h"

static size_t totals[SIM_HAPPENINGS_COUNT];

static int play(long first, long n)
{
    int bad = 0;

    for (long seed = first; seed < first + n && bad < 10; seed++) {
        const char *trouble = sim_fault_play((uint64_t)seed);

        for (int i = 0; i < SIM_HAPPENINGS_COUNT; i++)
            totals[i] += sim.counts[i];
        if (trouble != NULL) {
            printf("schedule %ld: %s\n", seed, trouble);
            bad++;
        }
    }
    return bad;
}

int main(int argc, char *argv[])
{
    static const struct option options[] = {{"first", required_argument, NULL, 'f'},
                                            {"schedules", required_argument, NULL, 'n'},
                                            {"trace", no_argument, NULL, 't'},
                                            {NULL, 0, NULL, 0}};
    long first = 1, n = 1000;
    int bad, c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'f')
            first = strtol(optarg, NULL, 10);
        else if (c == 'n')
            n = strtol(optarg, NULL, 10);
        else if (c == 't')
            sim_world_trace(true);
        else
            return 2;
    }
    arena_init(&sim.arena);
    bad = play(first, n);
    printf("%ld schedules from %ld on, %d bad\n", n, first, bad);
    for (int i = 0; i < SIM_HAPPENINGS_COUNT; i++) {
        printf("%12zu %s\n", totals[i], sim_world_text((enum sim_happening)i));
        if (totals[i] == 0 && n >= 400) {
            printf("that never happened\n");
            bad++;
        }
    }
    arena_deinit(&sim.arena);
    return bad > 0 ? 1 : 0;
}
