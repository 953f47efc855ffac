/* What has to be said anew about the next start of an environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/rules/rules_promise.h"

#define NOW 1000000
#define LATER 2000000

static const struct plan_release r2 = {.number = 2}, r3 = {.number = 3};

static struct release_plan plan_of(const struct plan_release *target, time_ms start_at,
                                   enum cause_kind binds)
{
    struct release_plan plan = {.target = target, .start_at = start_at, .verdict = verdict_go()};

    if (binds != CAUSE_COUNT)
        verdict_bind(&plan.verdict, &(struct cause){.kind = binds, .until = start_at});
    return plan;
}

static void only_what_differs_from_what_people_were_told_is_said(void **state)
{
    static const struct promise told = {.release_number = 2, .start_at = LATER};
    static const struct promise told_approval = {.release_number = 2,
                                                 .start_at = LATER,
                                                 .lacks = "approval"};
    static const struct {
        const struct promise *open;
        const struct plan_release *target;
        time_ms start_at;
        enum cause_kind binds;
        enum rules_promise_move move;
        const char *lacks;
    } rows[] = {
        /* nothing was told */
        {NULL, NULL, VERDICT_NEVER, CAUSE_COUNT, RULES_PROMISE_STANDS, NULL},
        {NULL, &r2, VERDICT_NEVER, CAUSE_NOT_ASKED, RULES_PROMISE_STANDS, NULL},
        {NULL, &r2, NOW, CAUSE_COUNT, RULES_PROMISE_STANDS, NULL}, /* it simply happens */
        {NULL, &r2, NOW + 1, CAUSE_SCHEDULE, RULES_PROMISE_MAKE, NULL},
        {NULL, &r2, LATER, CAUSE_APPROVAL, RULES_PROMISE_MAKE, "approval"},
        /* r2 at LATER was told */
        {&told, &r2, LATER, CAUSE_SCHEDULE, RULES_PROMISE_STANDS, NULL},
        {&told, &r2, LATER, CAUSE_FREEZE, RULES_PROMISE_STANDS, NULL},
        {&told, &r2, LATER + 1, CAUSE_WINDOW, RULES_PROMISE_CHANGE, NULL},
        {&told, &r3, LATER, CAUSE_SCHEDULE, RULES_PROMISE_CHANGE, NULL},
        {&told, &r2, LATER, CAUSE_HOLD, RULES_PROMISE_CHANGE, "hold"},
        {&told_approval, &r2, LATER, CAUSE_CALENDAR, RULES_PROMISE_CHANGE, NULL},
        {&told_approval, &r2, LATER, CAUSE_APPROVAL, RULES_PROMISE_STANDS, NULL},
        {&told, NULL, VERDICT_NEVER, CAUSE_COUNT, RULES_PROMISE_WITHDRAW, NULL},
        {&told, &r2, VERDICT_NEVER, CAUSE_SCHEDULE, RULES_PROMISE_WITHDRAW, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct release_plan plan = plan_of(rows[i].target, rows[i].start_at, rows[i].binds);
        struct promise said = {.id = 7};
        enum rules_promise_move move =
            rules_promise_judge(rows[i].open, &plan, rows[i].start_at, NOW, &said);

        if (move != rows[i].move)
            fail_msg("row %zu: %d instead of %d", i, (int)move, (int)rows[i].move);
        if (move != RULES_PROMISE_MAKE && move != RULES_PROMISE_CHANGE)
            continue;
        assert_int_equal(said.id, 7);
        assert_int_equal(said.release_number, rows[i].target->number);
        assert_int_equal(said.start_at, rows[i].start_at);
        if (rows[i].lacks == NULL)
            assert_null(said.lacks);
        else
            assert_string_equal(said.lacks, rows[i].lacks);
    }
}

/* Inside grace the start is in the past; what was told stays told until it starts or is deferred (F7). */
static void F7_a_start_that_is_late_inside_its_grace_is_still_the_one_that_was_told(void **state)
{
    static const struct promise told = {.release_number = 2, .start_at = NOW - 60000};
    struct release_plan plan = plan_of(&r2, NOW - 60000, CAUSE_COUNT);
    struct promise said = {.id = 0};

    (void)state;
    assert_int_equal(rules_promise_judge(&told, &plan, plan.start_at, NOW, &said),
                     RULES_PROMISE_STANDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_differs_from_what_people_were_told_is_said),
        cmocka_unit_test(F7_a_start_that_is_late_inside_its_grace_is_still_the_one_that_was_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
