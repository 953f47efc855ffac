/*
 * status: replies that come twice, late and in any order give the same end; what cannot be proven is
 * Unknown. The properties try every order of every way that an agent reports.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/ssm/status.h"

#define SHA "4f2c9e1a4f2c9e1a4f2c9e1a4f2c9e1a4f2c9e1a"
#define STEPS 3

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static struct message_reply_step ok_step = {
    .name = "fetch", .status = STEP_SUCCESS, .exit_code = 0, .started_at = 1, .ended_at = 2};
static struct message_reply_step bad_step = {
    .name = "web", .status = STEP_FAILED, .exit_code = 3, .started_at = 1, .ended_at = 2};
static struct result_line commit_line[] = {{"commit", "no sha"}, {"commit", SHA}};
static struct result_line unknown_line[] = {{"migrate", "changed"}, {"migrate", "unknown"}};

#define REPLY(...)                                                                                 \
    (struct message_reply)                                                                         \
    {                                                                                              \
        .trace = "", .reason = "", __VA_ARGS__                                                     \
    }

static struct message_reply ours(enum message_reply_state what, enum invocation_status status)
{
    return REPLY(.status = status, .state = what);
}

/* A flow in little: the invocation and its steps, as collect keeps them. */
struct kept {
    enum invocation_status status;
    bool began;
    char details[32];
    int64_t exit_code;
    enum step_status steps[STEPS];
};

static const char *const step_names[STEPS] = {"fetch", "web", "health"};

static void collect(struct kept *k, const struct message_reply *reply, bool has_database)
{
    const struct status_facts facts = {.now = k->status,
                                       .began = k->began,
                                       .has_database = has_database,
                                       .journal_is_known = true};
    struct status_change change;

    status_judge(&arena, &facts, reply, &change);
    assert_true(change.changes == (change.note == NULL));
    if (!change.changes)
        return;
    for (size_t i = 0; i < reply->n_steps; i++) {
        for (size_t s = 0; s < STEPS; s++) {
            if (str_eq(step_names[s], reply->steps[i].name) &&
                states_allows(step_statuses, (int)k->steps[s], (int)reply->steps[i].status))
                k->steps[s] = reply->steps[i].status;
        }
    }
    if (change.status == k->status)
        return;
    assert_true(states_allows(invocation_statuses, (int)k->status, (int)change.status));
    k->status = change.status;
    k->began = k->began || change.status == INVOCATION_IN_PROGRESS;
    snprintf(k->details, sizeof(k->details), "%s", change.details);
    k->exit_code = change.exit_code;
}

static struct kept start(void)
{
    return (struct kept){.status = INVOCATION_PENDING, .exit_code = -1};
}

/* Call `try` with every order of n replies, each order also with every reply said twice. */
static void each_order(const struct message_reply *replies, size_t n, bool has_database,
                       const struct kept *expected)
{
    size_t order[6];
    size_t orders = 1;

    for (size_t i = 2; i <= n; i++)
        orders *= i;
    for (size_t o = 0; o < orders * 2; o++) {
        size_t rest = o / 2;
        struct kept k = start();
        size_t n_left = n;
        size_t left[6];

        for (size_t i = 0; i < n; i++)
            left[i] = i;
        for (size_t i = 0; i < n; i++) {
            size_t at = rest % n_left;

            rest /= n_left;
            order[i] = left[at];
            memmove(left + at, left + at + 1, (n_left - at - 1) * sizeof(left[0]));
            n_left--;
        }
        for (size_t i = 0; i < n; i++) {
            collect(&k, &replies[order[i]], has_database);
            if (o % 2 == 1)
                collect(&k, &replies[order[i]], has_database);
        }
        assert_int_equal(k.status, expected->status);
        assert_string_equal(k.details, expected->details);
        assert_int_equal(k.exit_code, expected->exit_code);
        assert_memory_equal(k.steps, expected->steps, sizeof(k.steps));
    }
}

static void results_in_any_order_give_the_same_end(void **state)
{
    const struct message_reply good[] = {
        ours(MESSAGE_REPLY_ACCEPTED, INVOCATION_IN_PROGRESS),
        ours(MESSAGE_REPLY_STARTED, INVOCATION_IN_PROGRESS),
        REPLY(.status = INVOCATION_IN_PROGRESS, .state = MESSAGE_REPLY_STARTED, .steps = &ok_step,
              .n_steps = 1),
        REPLY(.status = INVOCATION_SUCCESS, .state = MESSAGE_REPLY_FINISHED, .steps = &ok_step,
              .n_steps = 1),
    };
    const struct kept well = {.status = INVOCATION_SUCCESS,
                              .details = "Success",
                              .exit_code = 0,
                              .steps = {STEP_SUCCESS}};
    struct message_reply bad[4];
    const struct kept failed = {.status = INVOCATION_FAILED,
                                .details = "Failed",
                                .exit_code = 3,
                                .steps = {STEP_SUCCESS, STEP_FAILED}};

    (void)state;
    each_order(good, 4, false, &well);
    each_order(good, 4, true, &well);
    memcpy(bad, good, sizeof(bad));
    bad[3] = REPLY(.status = INVOCATION_FAILED, .state = MESSAGE_REPLY_FINISHED, .steps = &bad_step,
                   .n_steps = 1);
    each_order(bad, 4, false, &failed);
}

/* Amazon's agent: its last reply of several steps is empty (ssm-wire.md 12.2). */
static void empty_last_reply_keeps_the_steps_in_any_order(void **state)
{
    const struct message_reply replies[] = {
        REPLY(.status = INVOCATION_IN_PROGRESS),
        REPLY(.status = INVOCATION_IN_PROGRESS, .steps = &ok_step, .n_steps = 1),
        REPLY(.status = INVOCATION_IN_PROGRESS, .steps = &bad_step, .n_steps = 1),
        REPLY(.status = INVOCATION_FAILED),
    };
    const struct kept failed = {.status = INVOCATION_FAILED,
                                .details = "Failed",
                                .exit_code = -1,
                                .steps = {STEP_SUCCESS, STEP_FAILED}};

    (void)state;
    each_order(replies, 4, false, &failed);
}

static void true_end_replaces_unknown_in_any_order(void **state)
{
    const struct message_reply replies[] = {
        ours(MESSAGE_REPLY_STARTED, INVOCATION_IN_PROGRESS),
        ours(MESSAGE_REPLY_UNKNOWN, INVOCATION_IN_PROGRESS),
        REPLY(.status = INVOCATION_SUCCESS, .state = MESSAGE_REPLY_FINISHED, .steps = &ok_step,
              .n_steps = 1),
    };
    const struct kept well = {.status = INVOCATION_SUCCESS,
                              .details = "Success",
                              .exit_code = 0,
                              .steps = {STEP_SUCCESS}};
    const struct kept unknown = {.status = INVOCATION_UNKNOWN,
                                 .details = "Unknown",
                                 .exit_code = -1};

    (void)state;
    each_order(replies, 3, true, &well);
    each_order(replies, 2, true, &unknown);
}

static void declined_in_any_order_is_proven_not_to_have_begun(void **state)
{
    const struct message_reply replies[] = {
        ours(MESSAGE_REPLY_ACCEPTED, INVOCATION_IN_PROGRESS),
        ours(MESSAGE_REPLY_DECLINED, INVOCATION_FAILED),
    };
    const struct kept not_started = {.status = INVOCATION_FAILED,
                                     .details = "NotStarted",
                                     .exit_code = -1};

    (void)state;
    each_order(replies, 2, true, &not_started);
}

static struct status_change judge(enum invocation_status now, bool began, bool has_database,
                                  bool journal_is_known, const struct message_reply *reply)
{
    const struct status_facts facts = {.now = now,
                                       .began = began,
                                       .has_database = has_database,
                                       .journal_is_known = journal_is_known};
    struct status_change change;

    status_judge(&arena, &facts, reply, &change);
    return change;
}

static void declined_is_not_believed_against_what_was_said(void **state)
{
    const struct message_reply declined = ours(MESSAGE_REPLY_DECLINED, INVOCATION_FAILED);

    (void)state;
    assert_int_equal(judge(INVOCATION_IN_PROGRESS, true, true, true, &declined).status,
                     INVOCATION_UNKNOWN);
    assert_int_equal(judge(INVOCATION_UNKNOWN, true, true, true, &declined).status,
                     INVOCATION_UNKNOWN);
    assert_int_equal(judge(INVOCATION_PENDING, false, true, false, &declined).status,
                     INVOCATION_UNKNOWN);
    /* The server had given the host up; it comes back and proves that it never began. */
    assert_string_equal(judge(INVOCATION_UNKNOWN, false, true, true, &declined).details,
                        "NotStarted");
}

static void M7_somebody_elses_migration_lock_is_unknown(void **state)
{
    const struct message_reply reply =
        REPLY(.status = INVOCATION_FAILED, .state = MESSAGE_REPLY_FINISHED, .steps = &bad_step,
              .n_steps = 1, .results = unknown_line, .n_results = 2);

    (void)state;
    assert_int_equal(judge(INVOCATION_IN_PROGRESS, true, true, true, &reply).status,
                     INVOCATION_UNKNOWN);
    assert_int_equal(judge(INVOCATION_IN_PROGRESS, true, false, true, &reply).status,
                     INVOCATION_FAILED);
}

/* What people write under `set -e`: `rails db:migrate || echo migrate=unknown >> "$SLIPWAY_RESULT"`. */
static void M7_migrate_unknown_is_unknown_whatever_the_script_ends_with(void **state)
{
    const struct message_reply reply =
        REPLY(.status = INVOCATION_SUCCESS, .state = MESSAGE_REPLY_FINISHED, .steps = &ok_step,
              .n_steps = 1, .results = unknown_line, .n_results = 2);

    (void)state;
    assert_int_equal(judge(INVOCATION_IN_PROGRESS, true, true, true, &reply).status,
                     INVOCATION_UNKNOWN);
    assert_int_equal(judge(INVOCATION_IN_PROGRESS, true, false, true, &reply).status,
                     INVOCATION_SUCCESS);
}

/* People are told what the script told, and not what is usual. */
static void M7_the_note_of_the_script_says_why_it_is_unknown(void **state)
{
    struct result_line lines[] = {{"note", "the connection broke"}, {"migrate", "unknown"}};
    struct message_reply reply =
        REPLY(.status = INVOCATION_FAILED, .state = MESSAGE_REPLY_FINISHED, .steps = &bad_step,
              .n_steps = 1, .results = lines, .n_results = 2);

    (void)state;
    assert_string_equal(judge(INVOCATION_IN_PROGRESS, true, true, true, &reply).cause,
                        "the connection broke");
    reply.results++;
    reply.n_results--;
    assert_string_equal(judge(INVOCATION_IN_PROGRESS, true, true, true, &reply).cause,
                        "its own script says that nobody knows how far it came");
}

/* Whoever killed the client (an oom killer, a person) did not end what it had sent to the database. */
static void M5_a_killed_client_is_unknown_and_not_a_failure(void **state)
{
    struct message_reply_step killed = {
        .name = "migrate", .status = STEP_FAILED, .exit_code = 137, .started_at = 1, .ended_at = 2};
    const struct message_reply reply =
        REPLY(.status = INVOCATION_FAILED, .state = MESSAGE_REPLY_FINISHED, .steps = &killed,
              .n_steps = 1);

    (void)state;
    assert_int_equal(judge(INVOCATION_IN_PROGRESS, true, true, true, &reply).status,
                     INVOCATION_UNKNOWN);
    assert_string_equal(judge(INVOCATION_IN_PROGRESS, true, true, true, &reply).cause,
                        "step migrate was ended by signal 9; its SQL may live on in the database");
    assert_int_equal(judge(INVOCATION_IN_PROGRESS, true, false, true, &reply).status,
                     INVOCATION_FAILED);
    killed.exit_code = 255; /* a program's own, such as ssh's */
    assert_int_equal(judge(INVOCATION_IN_PROGRESS, true, true, true, &reply).status,
                     INVOCATION_FAILED);
}

/* I7: over everything that an invocation can be and a reply can say. */
static void I7_terminal_states_never_change(void **state)
{
    static const enum invocation_status words[] = {INVOCATION_IN_PROGRESS, INVOCATION_SUCCESS,
                                                   INVOCATION_FAILED, INVOCATION_TIMED_OUT,
                                                   INVOCATION_CANCELLED};

    (void)state;
    for (int now = 0; now < INVOCATION_STATUSES_COUNT; now++) {
        for (int what = 0; what < MESSAGE_REPLY_STATES_COUNT; what++) {
            for (size_t w = 0; w < 5; w++) {
                for (int bits = 0; bits < 8; bits++) {
                    const struct message_reply reply =
                        ours((enum message_reply_state)what, words[w]);
                    struct status_change change =
                        judge((enum invocation_status)now, bits & 1, bits & 2, bits & 4, &reply);

                    if (what == MESSAGE_REPLY_FINISHED && w == 0)
                        continue; /* refused when it is read */
                    assert_true((int)change.status == now ||
                                states_allows(invocation_statuses, now, (int)change.status));
                    if (invocation_has_ended((enum invocation_status)now))
                        assert_int_equal(change.status, now);
                    assert_true(change.changes || change.note != NULL);
                }
            }
        }
    }
}

static void fresh_in_progress_after_the_end_is_dropped(void **state)
{
    const struct message_reply reply = REPLY(.status = INVOCATION_IN_PROGRESS);
    struct status_change change = judge(INVOCATION_SUCCESS, true, false, true, &reply);

    (void)state;
    assert_false(change.changes);
    assert_string_equal(change.note, "InProgress came when it was Success");
}

static void commit_is_the_last_line_that_is_one(void **state)
{
    const struct message_reply reply =
        REPLY(.status = INVOCATION_SUCCESS, .state = MESSAGE_REPLY_FINISHED, .results = commit_line,
              .n_results = 2);

    (void)state;
    assert_string_equal(judge(INVOCATION_IN_PROGRESS, true, false, true, &reply).commit_sha, SHA);
}

static void failure_says_which_step(void **state)
{
    const struct message_reply reply =
        REPLY(.status = INVOCATION_FAILED, .state = MESSAGE_REPLY_FINISHED, .steps = &bad_step,
              .n_steps = 1);

    (void)state;
    assert_string_equal(judge(INVOCATION_IN_PROGRESS, true, false, true, &reply).cause,
                        "step web ended with 3");
}

static void words_of_steps_map_as_documented(void **state)
{
    enum step_status step;
    enum invocation_status status;

    (void)state;
    assert_true(status_of_step("SuccessAndReboot", &step) && step == STEP_SUCCESS);
    assert_true(status_of_step("Skipped", &step) && step == STEP_SUCCESS);
    assert_true(status_of_step("NotStarted", &step) && step == STEP_PENDING);
    assert_true(status_of_step("TimedOut", &step) && step == STEP_TIMED_OUT);
    assert_false(status_of_step("success", &step));
    assert_false(status_of_step(NULL, &step));
    assert_true(status_of_document("SuccessAndReboot", &status) && status == INVOCATION_SUCCESS);
    assert_false(status_of_document("Pending", &status));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(results_in_any_order_give_the_same_end),
        TEST(empty_last_reply_keeps_the_steps_in_any_order),
        TEST(true_end_replaces_unknown_in_any_order),
        TEST(declined_in_any_order_is_proven_not_to_have_begun),
        TEST(declined_is_not_believed_against_what_was_said),
        TEST(M7_somebody_elses_migration_lock_is_unknown),
        TEST(M7_migrate_unknown_is_unknown_whatever_the_script_ends_with),
        TEST(M7_the_note_of_the_script_says_why_it_is_unknown),
        TEST(M5_a_killed_client_is_unknown_and_not_a_failure),
        TEST(I7_terminal_states_never_change),
        TEST(fresh_in_progress_after_the_end_is_dropped),
        TEST(commit_is_the_last_line_that_is_one),
        TEST(failure_says_which_step),
        TEST(words_of_steps_map_as_documented),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
