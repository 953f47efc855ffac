/* The permit (G6) and the doubt (T35): who may begin, whose word is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/rules/doubt.h"
#include "lib/rules/permit.h"

#define NOW 1000000

static struct invocation inv;
static struct host host;
static struct attempt attempt;
static struct permit_facts facts;
static struct permit_question question;
static const char *why;

static int up(void **state)
{
    (void)state;
    inv = (struct invocation){.status = INVOCATION_PENDING,
                              .released_at = 1,
                              .offered_at = 2,
                              .start_by = NOW + 1};
    host = (struct host){.state = HOST_REGISTERED,
                         .journal_id = "j",
                         .boot_id = "b",
                         .record_number = 5,
                         .protocol = 2};
    attempt = (struct attempt){.state = ATTEMPT_ACCEPTED};
    facts =
        (struct permit_facts){.invocation = &inv, .host = &host, .attempt = &attempt, .now = NOW};
    question = (struct permit_question){.nonce = "n",
                                        .journal_id = "j",
                                        .boot_id = "b",
                                        .record_number = 6};
    return 0;
}

static enum permit_answer judge(void)
{
    enum permit_answer answer = permit_judge(&facts, &question, &why);

    assert_int_equal(answer == PERMIT_NO, why != NULL);
    return answer;
}

static void given(const char *nonce, const char *boot)
{
    snprintf(inv.permit_nonce, sizeof(inv.permit_nonce), "%s", nonce);
    snprintf(inv.permit_boot_id, sizeof(inv.permit_boot_id), "%s", boot);
    inv.permitted_at = NOW - 1;
    attempt.state = ATTEMPT_PERMITTED;
}

static void G6_the_first_nonce_has_it_and_the_same_one_again(void **state)
{
    (void)state;
    assert_int_equal(judge(), PERMIT_FIRST);
    given("n", "b");
    assert_int_equal(judge(), PERMIT_AGAIN);
    inv.status = INVOCATION_IN_PROGRESS; /* its word that it began came before the question */
    inv.began_at = NOW;
    assert_int_equal(judge(), PERMIT_AGAIN);
    question.nonce = "m";
    assert_int_equal(judge(), PERMIT_NO);
    question.nonce = "n";
    question.boot_id = "c";
    assert_int_equal(judge(), PERMIT_NO);
}

static void G6_each_cause_alone_refuses(void **state)
{
    for (int i = 0; i < 13; i++) {
        (void)up(state);
        switch (i) {
        case 0:
            inv.released_at = 0;
            break;
        case 1:
            inv.status = INVOCATION_CANCELLED;
            break;
        case 2:
            inv.status = INVOCATION_UNKNOWN;
            break;
        case 3:
            inv.status = INVOCATION_IN_PROGRESS; /* began without a permit */
            break;
        case 4:
            facts.now = inv.start_by;
            break;
        case 5:
            host.suspended_at = 1;
            break;
        case 6:
            host.state = HOST_BARRED;
            break;
        case 7:
            question.journal_id = "k";
            break;
        case 8:
            question.record_number = 4;
            break;
        case 9:
            attempt.settled_at = 1;
            break;
        case 10:
            attempt.state = ATTEMPT_UNKNOWN;
            break;
        case 11:
            inv.cancel_at = 1;
            break;
        default:
            facts.is_fenced = true;
            break;
        }
        if (judge() != PERMIT_NO)
            fail_msg("cause %d gives a permit", i);
    }
}

static void a_barred_host_runs_what_touches_no_database(void **state)
{
    (void)state;
    facts.attempt = NULL;
    host.state = HOST_BARRED;
    question.journal_id = "k";
    question.record_number = 1;
    assert_int_equal(judge(), PERMIT_FIRST);
}

static void it_never_began_is_believed_of_who_holds_the_permit_on_its_boot(void **state)
{
    (void)state;
    assert_null(permit_disbelief(&inv, NULL, "c"));
    given("n", "b");
    assert_null(permit_disbelief(&inv, "n", "b"));
    assert_non_null(permit_disbelief(&inv, "n", "c"));
    assert_non_null(permit_disbelief(&inv, "m", "b"));
    assert_non_null(permit_disbelief(&inv, NULL, "b"));
}

/* Doubt ---------------------------------------------------------------------------------------- */

static enum doubt doubts(struct doubt_word word)
{
    struct arena arena;
    const char *told;
    enum doubt doubt;

    arena_init(&arena);
    doubt = doubt_judge(&arena, &host, &word, &told);
    assert_int_equal(doubt != DOUBT_NONE, told != NULL);
    arena_deinit(&arena);
    return doubt;
}

static void T35_what_a_host_says_of_itself_is_held_against_what_it_said(void **state)
{
    const struct doubt_word fine = {.protocol = 2,
                                    .journal_id = "j",
                                    .boot_id = "b",
                                    .record_number = 5};
    struct doubt_word word = fine;

    (void)state;
    assert_int_equal(doubts(fine), DOUBT_NONE);
    word.boot_id = "c"; /* it was booted */
    assert_int_equal(doubts(word), DOUBT_NONE);
    host.boot_id = "c";
    host.earlier_boot_id = "b";
    assert_int_equal(doubts(word), DOUBT_NONE);
    assert_int_equal(doubts(fine), DOUBT_SUSPEND); /* back to the boot before: there are two */
    (void)up(state);
    word = fine;
    word.record_number = 4;
    assert_int_equal(doubts(word), DOUBT_SUSPEND);
    word = fine;
    word.journal_id = "k";
    assert_int_equal(doubts(word), DOUBT_BAR);
    host.doubt_journal_id = "k";
    assert_int_equal(doubts(word), DOUBT_BAR);
    assert_int_equal(doubts(fine), DOUBT_SUSPEND);
    (void)up(state);
    word = fine;
    word.protocol = 1;
    assert_int_equal(doubts(word), DOUBT_BAR);
    host = (struct host){.state =
                             HOST_REGISTERED}; /* never heard: whatever it says is the first word */
    assert_int_equal(doubts(word), DOUBT_NONE);
}

/* Given up by its host and read behind the next one, it is no journal that went back; said again it is. */
static void a_word_that_may_have_come_late_is_to_be_said_again(void **state)
{
    struct doubt_word word = {
        .protocol = 2, .journal_id = "j", .boot_id = "b", .record_number = 4, .heard = ""};
    char newest[64];

    (void)state;
    assert_int_equal(doubts(word), DOUBT_AGAIN);
    snprintf(newest, sizeof(newest), "%s", "j b 5 ");
    word.heard = newest;
    assert_int_equal(doubts(word), DOUBT_SUSPEND);
    word.heard = "j b 3 "; /* before two others */
    assert_int_equal(doubts(word), DOUBT_AGAIN);
    word.record_number = 6; /* nothing is wrong with it, whenever it was said */
    assert_int_equal(doubts(word), DOUBT_NONE);
    host.record_number = 7; /* as a reply may say meanwhile */
    assert_int_equal(doubts(word), DOUBT_AGAIN);
    word.journal_id = "k";
    assert_int_equal(doubts(word), DOUBT_AGAIN);
    word.heard = "j b 7 ";
    assert_int_equal(doubts(word), DOUBT_BAR);
    host.doubt_journal_id = "k";
    word.journal_id = "j";
    word.record_number = 8;
    assert_int_equal(doubts(word), DOUBT_AGAIN); /* before the other spoke, or behind it? */
    word.heard = "j b 7 k";
    assert_int_equal(doubts(word), DOUBT_SUSPEND);
}

#define TEST(name) cmocka_unit_test_setup(name, up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(G6_the_first_nonce_has_it_and_the_same_one_again),
        TEST(G6_each_cause_alone_refuses),
        TEST(a_barred_host_runs_what_touches_no_database),
        TEST(it_never_began_is_believed_of_who_holds_the_permit_on_its_boot),
        TEST(a_word_that_may_have_come_late_is_to_be_said_again),
        TEST(T35_what_a_host_says_of_itself_is_held_against_what_it_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
