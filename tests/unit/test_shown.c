/* shown: the rows of ux.md's table, in their order, and that the word is total. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/model/messages.h"
#include "lib/rules/shown.h"

static struct verdict bound_by(enum cause_kind a, enum cause_kind b)
{
    struct verdict v = verdict_go();
    struct cause first = {.kind = a, .until = VERDICT_NEVER};
    struct cause second = {.kind = b, .until = VERDICT_NEVER};

    verdict_bind(&v, &first);
    if (b != a)
        verdict_bind(&v, &second);
    return v;
}

static enum shown candidate(enum cause_kind a, enum cause_kind b, bool on_release, bool has_start)
{
    struct verdict v = bound_by(a, b);
    struct shown_facts f = {.is_candidate = true,
                            .on_release = on_release,
                            .has_start = has_start,
                            .verdict = &v};

    return shown_judge(&f);
}

static void an_earlier_row_wins(void **state)
{
    struct verdict held = bound_by(CAUSE_HOLD, CAUSE_APPROVAL);
    struct shown_facts f = {.ended = true,
                            .attempt_unknown = true,
                            .has_deployment = true,
                            .deployment = DEPLOYMENT_ATTENTION,
                            .is_live = true,
                            .is_candidate = true,
                            .verdict = &held};

    (void)state;
    assert_int_equal(shown_judge(&f), SHOWN_ENDED);
    f.ended = false;
    assert_int_equal(shown_judge(&f), SHOWN_UNKNOWN);
    f.attempt_unknown = false;
    assert_int_equal(shown_judge(&f), SHOWN_FAILED);
    f.deployment = DEPLOYMENT_DEPLOYING;
    assert_int_equal(shown_judge(&f), SHOWN_DEPLOYING);
    f.needed = true;
    assert_int_equal(shown_judge(&f), SHOWN_STAGING);
    f.deployment = DEPLOYMENT_SUCCEEDED;
    assert_int_equal(shown_judge(&f), SHOWN_LIVE);
    f.is_live = false;
    assert_int_equal(shown_judge(&f), SHOWN_HELD);
}

static void a_failure_is_shown_until_something_newer_was_cut(void **state)
{
    struct shown_facts f = {.has_deployment = true, .deployment = DEPLOYMENT_FAILED};

    (void)state;
    assert_int_equal(shown_judge(&f), SHOWN_FAILED);
    f.cut_since = true;
    assert_int_equal(shown_judge(&f), SHOWN_RECEIVED);
}

static void a_candidate_says_what_it_waits_for(void **state)
{
    (void)state;
    assert_int_equal(candidate(CAUSE_FREEZE, CAUSE_SCHEDULE, false, true), SHOWN_HELD);
    assert_int_equal(candidate(CAUSE_APPROVAL, CAUSE_SCHEDULE, false, true), SHOWN_YOUR_TURN);
    assert_int_equal(candidate(CAUSE_SCHEDULE, CAUSE_WINDOW, false, true), SHOWN_SCHEDULED);
    assert_int_equal(candidate(CAUSE_SCHEDULE, CAUSE_SCHEDULE, false, false), SHOWN_RECEIVED);
    assert_int_equal(candidate(CAUSE_NOT_ASKED, CAUSE_NOT_ASKED, true, false), SHOWN_YOUR_TURN);
    assert_int_equal(candidate(CAUSE_NOT_ASKED, CAUSE_NEEDS, true, false), SHOWN_RECEIVED);
    assert_int_equal(candidate(CAUSE_NEEDS, CAUSE_SCHEDULE, false, true), SHOWN_RECEIVED);
}

/* Every combination of facts and any one cause has a word, and the word has texts. */
static void every_combination_has_a_word_with_texts(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 256; bits++) {
        for (int deployment = 0; deployment < DEPLOYMENT_STATES_COUNT; deployment++) {
            for (int cause = 0; cause <= CAUSE_COUNT; cause++) {
                struct verdict v = cause < CAUSE_COUNT
                                       ? bound_by((enum cause_kind)cause, (enum cause_kind)cause)
                                       : verdict_go();
                struct shown_facts f = {.ended = bits & 1,
                                        .attempt_unknown = bits & 2,
                                        .has_deployment = bits & 4,
                                        .deployment = (enum deployment_state)deployment,
                                        .cut_since = bits & 8,
                                        .needed = bits & 16,
                                        .is_live = bits & 32,
                                        .is_candidate = bits & 64,
                                        .on_release = bits & 128,
                                        .has_start = true,
                                        .verdict = &v};

                assert_in_range(shown_judge(&f), 0, SHOWN_COUNT - 1);
            }
        }
    }
    for (int shown = 0; shown < SHOWN_COUNT; shown++) {
        char key[64];

        snprintf(key, sizeof(key), "state.%s", shown_key((enum shown)shown));
        assert_string_not_equal(messages_text(LANGUAGE_EN, key), key);
        assert_string_not_equal(messages_text(LANGUAGE_JA, key), key);
    }
}

static void the_headline_names_the_worst(void **state)
{
    (void)state;
    assert_int_equal(shown_worse(SHOWN_LIVE, SHOWN_FAILED), SHOWN_FAILED);
    assert_int_equal(shown_worse(SHOWN_UNKNOWN, SHOWN_HELD), SHOWN_UNKNOWN);
    assert_int_equal(shown_worse(SHOWN_RECEIVED, SHOWN_LIVE), SHOWN_RECEIVED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_earlier_row_wins),
        cmocka_unit_test(a_failure_is_shown_until_something_newer_was_cut),
        cmocka_unit_test(a_candidate_says_what_it_waits_for),
        cmocka_unit_test(every_combination_has_a_word_with_texts),
        cmocka_unit_test(the_headline_names_the_worst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
