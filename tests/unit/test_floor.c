/* floor: what a host remembers proves that the store has forgotten, or proves nothing (0135). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/rules/floor.h"

static const struct floor_word word = {.database = "acme/shop/production/primary-db",
                                       .epoch = 57,
                                       .command_id = "c"};

static void G5_an_epoch_under_a_command_that_the_store_knows_proves_nothing(void **state)
{
    const struct floor_facts facts = {.knows_database = true, .knows_command = true, .epoch = 57};

    (void)state;
    assert_int_equal(floor_judge(&facts, &word), FLOOR_KNOWN);
}

/* Higher than all it gave, as high as the last, or passed since: under a command of its own none of them is anybody's. */
static void G5_an_epoch_that_the_store_never_gave_proves_that_it_forgot(void **state)
{
    (void)state;
    for (int64_t epoch = 0; epoch < 100; epoch++) {
        const struct floor_facts facts = {.knows_database = epoch > 0, .epoch = epoch};

        assert_int_equal(floor_judge(&facts, &word), FLOOR_FORGOTTEN);
    }
}

static void G5_what_somebody_has_looked_after_is_nothing_new(void **state)
{
    struct floor_facts facts = {.knows_database = true, .epoch = 58, .looked_epoch = 57};

    (void)state;
    assert_int_equal(floor_judge(&facts, &word), FLOOR_KNOWN);
    facts.looked_epoch = 56;
    assert_int_equal(floor_judge(&facts, &word), FLOOR_FORGOTTEN);
}

static void G5_what_stands_for_it_is_told_once(void **state)
{
    struct floor_facts facts = {.knows_database = true,
                                .epoch = 41,
                                .is_fenced = true,
                                .fence_epoch = 57};

    (void)state;
    assert_int_equal(floor_judge(&facts, &word), FLOOR_STANDS);
    facts.fence_epoch = 0; /* it stands for another reason, and has to go over this one, too */
    assert_int_equal(floor_judge(&facts, &word), FLOOR_FORGOTTEN);
}

/* A late order meets a later one that the store gave since: no proof. */
static void G5_a_declined_order_proves_it_only_by_an_epoch_that_was_never_given(void **state)
{
    struct floor_facts facts = {.knows_database = true, .epoch = 41};

    (void)state;
    assert_true(floor_is_ahead(&facts, 41, 57));
    assert_true(floor_is_ahead(&facts, 41, 41)); /* its own, under another command */
    assert_false(floor_is_ahead(&facts, 40, 41));
    facts.looked_epoch = 57;
    assert_false(floor_is_ahead(&facts, 41, 57));
}

/* One host's word must not use the numbers up for all others, who then could not be asked any more. */
static void G5_a_host_that_says_too_much_is_believed_so_far(void **state)
{
    struct floor_facts facts = {.knows_database = true, .epoch = 41};
    const struct floor_word lie = {.database = "d", .epoch = INT64_C(1) << 52, .command_id = "c"};

    (void)state;
    assert_int_equal(floor_believed(&facts, 57), 57);
    assert_int_equal(floor_believed(&facts, lie.epoch), 41 + FLOOR_AHEAD_MAX);
    assert_int_equal(floor_judge(&facts, &lie), FLOOR_FORGOTTEN);
    facts.is_fenced = true;
    facts.fence_epoch = floor_believed(&facts, lie.epoch);
    assert_int_equal(floor_judge(&facts, &lie), FLOOR_STANDS); /* told once */
}

static void why_names_host_epoch_command_and_what_is_here(void **state)
{
    struct floor_facts facts = {.knows_database = true, .epoch = 41};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_non_null(strstr(floor_why(&arena, &facts, &word, "batch-1"),
                           "host batch-1 has seen epoch 57 (command c), and this server is at 41"));
    facts.epoch = 60;
    assert_non_null(strstr(floor_why(&arena, &facts, &word, "batch-1"), "never gave"));
    facts.knows_database = false;
    assert_non_null(strstr(floor_why(&arena, &facts, &word, "batch-1"), "knows of no"));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(G5_an_epoch_under_a_command_that_the_store_knows_proves_nothing),
        cmocka_unit_test(G5_an_epoch_that_the_store_never_gave_proves_that_it_forgot),
        cmocka_unit_test(G5_what_somebody_has_looked_after_is_nothing_new),
        cmocka_unit_test(G5_what_stands_for_it_is_told_once),
        cmocka_unit_test(G5_a_declined_order_proves_it_only_by_an_epoch_that_was_never_given),
        cmocka_unit_test(G5_a_host_that_says_too_much_is_believed_so_far),
        cmocka_unit_test(why_names_host_epoch_command_and_what_is_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
