/*
 * properties: many small worlds, fast.   properties CASES [FIRST SEED]
 *
 * Compiled with optimization and without sanitizers, so that 100,000 cases cost seconds; tests/unit/test_properties
 * runs it, and plays some of the same worlds with sanitizers itself. Prints a line for each property; exit code 1 if
 * one does not hold, with the seed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/small_world.h"

int main(int argc, char **argv)
{
    uint64_t cases = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    size_t broken[SMALL_PROPERTIES] = {0};
    struct small_report r = {.n_looks = 0};
    struct arena arena;
    int bad = 0;

    arena_init(&arena);
    for (uint64_t seed = first; seed < first + cases; seed++) {
        for (int i = 0; i < SMALL_PROPERTIES; i++)
            r.wrong[i] = NULL;
        small_world_play(seed, &arena, &r);
        for (int i = 0; i < SMALL_PROPERTIES; i++)
            if (r.wrong[i] != NULL && broken[i]++ < 3)
                printf("%s: %s\n", small_property_names[i], r.wrong[i]);
        arena_reset(&arena);
    }
    for (int i = 0; i < SMALL_PROPERTIES; i++) {
        printf("%s: %zu of %llu cases broken\n", small_property_names[i], broken[i],
               (unsigned long long)cases);
        bad |= broken[i] > 0;
    }
    printf("%zu looks, %zu starts, %zu foreseen, %zu edits, %zu waits\n", r.n_looks, r.n_starts,
           r.n_foreseen, r.n_edits, r.n_waits);
    arena_deinit(&arena);
    return bad;
}
