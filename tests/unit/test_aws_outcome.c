/* What AWS says of an invocation, as a host of ours would have said it (ssm-wire.md 4; migrate.md 9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/ssm/aws_outcome.h"
#include "lib/ssm/output_cut.h"

#define ID "11111111-2222-4333-8444-555555555555"
#define OTHER "11111111-2222-4333-8444-666666666666"
#define JOURNAL "22222222-2222-4333-8444-555555555555"
#define BOOT "33333333-2222-4333-8444-555555555555"
#define HEAD AWS_OUTCOME_BEGIN "\ncommand=" ID "\n"
#define DONE AWS_OUTCOME_END "\n"
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct arena arena;
static struct document_step steps[] = {{.name = "fetch"}, {.name = "migrate"}};
static const struct document document = {.steps = steps, .n_steps = 2};
static struct message_reply reply;

static enum aws_outcome_word hear(const char *details, const char *output, bool is_order)
{
    const struct aws_outcome_facts facts = {.command_id = ID,
                                            .document = &document,
                                            .is_order = is_order,
                                            .details = details,
                                            .response_code = 1,
                                            .output = output};

    return aws_outcome_read(&arena, &facts, &reply);
}

static void expect(enum aws_outcome_word word, enum aws_outcome_word wanted,
                   enum message_reply_state state, enum invocation_status status)
{
    assert_int_equal(word, wanted);
    assert_string_equal(message_reply_state_text(reply.state), message_reply_state_text(state));
    assert_string_equal(invocation_statuses[reply.status].text, invocation_statuses[status].text);
}

static void what_we_do_not_know_is_no_news(void **state)
{
    static const char *const words[] = {"Pending",  "Delayed",     "",
                                        "Success ", "Resurrected", "NoInstancesInTag"};

    (void)state;
    for (size_t i = 0; i < LENGTH(words); i++)
        for (int is_order = 0; is_order < 2; is_order++)
            assert_int_equal(hear(words[i], HEAD "state=finished\nstatus=Success\n" DONE, is_order),
                             AWS_OUTCOME_NOTHING);
}

static void a_block_tells_steps_results_and_end(void **state)
{
    (void)state;
    expect(hear("Failed",
                HEAD "step.1=InProgress -1 1000 0\nstep.1=Success 0 1000 2000\n"
                     "results=bm90ZT1hIGIKY29tbWl0PTRmMmM5ZTEK\nstep.2=Failed 3 2000 3500\n"
                     "future=1\nstate=finished\nstatus=Failed\nreason=step migrate: no\n" DONE
                     "\n----- slipway " ID " step 1 -----\nfirst\n\n----- slipway " ID
                     " step 2 -----\nno end\n----- slipway " ID " end -----\n",
                false),
           AWS_OUTCOME_TOLD, MESSAGE_REPLY_FINISHED, INVOCATION_FAILED);
    assert_int_equal(reply.steps[0].status, STEP_SUCCESS);
    assert_int_equal(reply.steps[0].exit_code, 0);
    assert_int_equal(reply.steps[0].started_at, 1000);
    assert_int_equal(reply.steps[0].ended_at, 2000);
    assert_string_equal(reply.steps[0].name, "fetch");
    assert_int_equal(reply.steps[1].status, STEP_FAILED);
    assert_int_equal(reply.steps[1].exit_code, 3);
    assert_int_equal(reply.n_results, 2);
    assert_string_equal(reply.results[0].value, "a b");
    assert_string_equal(reply.results[1].key, "commit");
    assert_string_equal(reply.reason, "step migrate: no");
    assert_string_equal(reply.steps[0].output, "first\n");
    assert_string_equal(reply.steps[1].output, "no end");
    assert_null(reply.steps[0].error_output);
}

/* Only at the very beginning, under its own id: a step may print whatever it likes. */
static void what_a_step_prints_is_no_report(void **state)
{
    static const char *const outputs[] = {
        "x\n" HEAD "state=finished\nstatus=Success\n" DONE,
        "\n" HEAD "state=finished\nstatus=Success\n" DONE,
        AWS_OUTCOME_BEGIN "\ncommand=" OTHER "\nstate=finished\nstatus=Success\n" DONE,
        HEAD "state=finished\nstatus=Success\n", /* cut */
        HEAD "state=finished\n" DONE,            /* how? */
        HEAD "state=finished\nstatus=InProgress\n" DONE,
        HEAD "state=declined\n" DONE, /* nobody declines who has no journal */
        HEAD DONE,
        HEAD,
        AWS_OUTCOME_BEGIN,
        ""};

    (void)state;
    for (size_t i = 0; i < LENGTH(outputs); i++) {
        expect(hear("Success", outputs[i], false), AWS_OUTCOME_TOLD, MESSAGE_REPLY_UNKNOWN,
               INVOCATION_IN_PROGRESS);
        expect(hear("Success", outputs[i], true), AWS_OUTCOME_ASK, MESSAGE_REPLY_UNKNOWN,
               INVOCATION_IN_PROGRESS);
        expect(hear("Failed", outputs[i], false), AWS_OUTCOME_TOLD, MESSAGE_REPLY_FINISHED,
               INVOCATION_FAILED);
    }
    /* A later block does not speak over the first. */
    expect(hear("Failed",
                HEAD "state=finished\nstatus=Failed\n" DONE HEAD
                     "state=finished\nstatus=Success\n" DONE,
                false),
           AWS_OUTCOME_TOLD, MESSAGE_REPLY_FINISHED, INVOCATION_FAILED);
}

static void odd_lines_are_no_steps(void **state)
{
    static const char *const lines[] = {"step.0=Failed 3 1 2",
                                        "step.3=Failed 3 1 2",
                                        "step.1=Odd 3 1 2",
                                        "step.1=Failed x 1 2",
                                        "step.1=Failed 3 1",
                                        "step.1=Failed 3 1 2 3 4",
                                        "step.1=Failed -2 1 2",
                                        "step.1=Failed 3 1e9 2",
                                        "step.=Failed 3 1 2",
                                        "step.1 Failed 3 1 2",
                                        "step.-1=Failed 3 1 2",
                                        "step.1=Failed 99999999999 1 2",
                                        "results=%%%",
                                        "journal=x " BOOT " 1",
                                        "journal=" JOURNAL " " BOOT " -1",
                                        "nonce=x",
                                        "floor=-1",
                                        "result.a b=c"};

    (void)state;
    for (size_t i = 0; i < LENGTH(lines); i++) {
        expect(hear("Failed",
                    arena_printf(&arena, HEAD "%s\nstate=finished\nstatus=Failed\n" DONE, lines[i]),
                    false),
               AWS_OUTCOME_TOLD, MESSAGE_REPLY_FINISHED, INVOCATION_FAILED);
        for (size_t k = 0; k < 2; k++)
            assert_int_equal(reply.steps[k].status, STEP_PENDING);
        assert_null(reply.journal_id);
        assert_null(reply.nonce);
        assert_int_equal(reply.floor, 0);
        assert_int_equal(reply.n_results, 0);
    }
}

/* Ended from outside: the step that ran then is the one that ended. */
static void a_script_that_was_ended_is_read_as_far_as_it_came(void **state)
{
    static const struct {
        const char *details;
        enum invocation_status status;
        enum step_status step;
        int64_t code;
    } ends[] = {{"ExecutionTimedOut", INVOCATION_TIMED_OUT, STEP_TIMED_OUT, 137},
                {"TimedOut", INVOCATION_TIMED_OUT, STEP_TIMED_OUT, 137},
                {"Cancelled", INVOCATION_CANCELLED, STEP_CANCELLED, 137},
                {"Failed", INVOCATION_FAILED, STEP_FAILED, -1}};

    (void)state;
    for (size_t i = 0; i < LENGTH(ends); i++) {
        expect(hear(ends[i].details, HEAD "step.1=Success 0 1 2\nstep.2=InProgress -1 2 0\n",
                    false),
               AWS_OUTCOME_TOLD, MESSAGE_REPLY_FINISHED, ends[i].status);
        assert_int_equal(reply.steps[0].status, STEP_SUCCESS);
        assert_int_equal(reply.steps[1].status, ends[i].step);
        assert_int_equal(reply.steps[1].exit_code, ends[i].code);
        assert_non_null(strstr(reply.reason, "step migrate: "));
        assert_non_null(strstr(reply.reason, ends[i].details));
    }
}

static void a_script_that_said_nothing_is_told_by_its_first_error(void **state)
{
    const struct aws_outcome_facts facts = {
        .command_id = ID,
        .document = &document,
        .details = "Failed",
        .error_output =
            "\nslipway: this is for other machines\nfailed to run commands: exit status 1"};

    (void)state;
    assert_int_equal(aws_outcome_read(&arena, &facts, &reply), AWS_OUTCOME_TOLD);
    assert_string_equal(reply.reason, "slipway: this is for other machines");
    (void)hear("Failed", NULL, false);
    assert_string_equal(reply.reason, "AWS says Failed, and the script told nothing (exit code 1)");
}

/* Of a job AWS' word is enough; of an order nothing but the journal of slipway-once is (migrate.md 9). */
static void what_never_arrived_is_no_proof_for_an_order(void **state)
{
    static const char *const words[] = {"DeliveryTimedOut", "Undeliverable", "Terminated",
                                        "InvalidPlatform", "AccessDenied"};

    (void)state;
    for (size_t i = 0; i < LENGTH(words); i++) {
        expect(hear(words[i], NULL, false), AWS_OUTCOME_TOLD, MESSAGE_REPLY_DECLINED,
               INVOCATION_IN_PROGRESS);
        assert_non_null(strstr(reply.reason, words[i]));
        expect(hear(words[i], NULL, true), AWS_OUTCOME_ASK, MESSAGE_REPLY_UNKNOWN,
               INVOCATION_IN_PROGRESS);
    }
}

static void an_order_is_believed_by_its_journal_alone(void **state)
{
    static const char *const all[] = {"Success", "Failed", "Cancelled", "ExecutionTimedOut"};
    static const struct {
        const char *block;
        enum message_reply_state state;
        enum invocation_status status;
    } told[] = {
        {"state=finished\nstatus=Success\n", MESSAGE_REPLY_FINISHED, INVOCATION_SUCCESS},
        {"state=finished\nstatus=Failed\n", MESSAGE_REPLY_FINISHED, INVOCATION_FAILED},
        {"state=declined\nreason=revoked\n", MESSAGE_REPLY_DECLINED, INVOCATION_IN_PROGRESS},
        {"state=unknown\nreason=x\n", MESSAGE_REPLY_UNKNOWN, INVOCATION_IN_PROGRESS},
        {"state=started\nreason=it runs\n", MESSAGE_REPLY_STARTED, INVOCATION_IN_PROGRESS},
    };

    (void)state;
    for (size_t i = 0; i < LENGTH(all); i++) {
        for (size_t k = 0; k < LENGTH(told); k++) {
            expect(hear(all[i],
                        arena_printf(&arena, HEAD "journal=" JOURNAL " " BOOT " 7\n%s" DONE,
                                     told[k].block),
                        true),
                   AWS_OUTCOME_TOLD, told[k].state, told[k].status);
            assert_string_equal(reply.journal_id, JOURNAL);
            assert_string_equal(reply.boot_id, BOOT);
            assert_int_equal(reply.record_number, 7);
            expect(hear(all[i], arena_printf(&arena, HEAD "%s" DONE, told[k].block), true),
                   AWS_OUTCOME_ASK, MESSAGE_REPLY_UNKNOWN, INVOCATION_IN_PROGRESS);
        }
        expect(hear(all[i], NULL, true), AWS_OUTCOME_ASK, MESSAGE_REPLY_UNKNOWN,
               INVOCATION_IN_PROGRESS);
    }
    /* That its script began is not that it began. */
    expect(hear("InProgress", NULL, true), AWS_OUTCOME_TOLD, MESSAGE_REPLY_ACCEPTED,
           INVOCATION_IN_PROGRESS);
    expect(hear("InProgress", NULL, false), AWS_OUTCOME_TOLD, MESSAGE_REPLY_OTHER,
           INVOCATION_IN_PROGRESS);
    expect(hear("Cancelling", NULL, false), AWS_OUTCOME_TOLD, MESSAGE_REPLY_OTHER,
           INVOCATION_IN_PROGRESS);
}

/* Written, and read again; then as the door's own words, and read again. */
static void what_slipway_once_writes_is_read(void **state)
{
    struct message_reply_step ran[] = {
        {.name = "fetch", .status = STEP_SUCCESS, .exit_code = 0, .started_at = 5, .ended_at = 6},
        {.name = "migrate",
         .status = STEP_FAILED,
         .exit_code = 75,
         .started_at = 6,
         .ended_at = 9}};
    struct result_line lines[MESSAGE_REPLY_RESULTS_MAX];
    struct message_reply wrote = {.status = INVOCATION_FAILED,
                                  .state = MESSAGE_REPLY_FINISHED,
                                  .reason = "step migrate: odd",
                                  .journal_id = JOURNAL,
                                  .boot_id = BOOT,
                                  .record_number = 41,
                                  .steps = ran,
                                  .n_steps = 2,
                                  .results = lines,
                                  .n_results = LENGTH(lines)};
    struct err err = ERR_INIT;
    struct message_reply again;
    const char *payload;
    struct buf buf;

    (void)state;
    for (size_t i = 0; i < LENGTH(lines); i++)
        lines[i] = (struct result_line){.key = "note", .value = arena_printf(&arena, "%0200zu", i)};
    lines[LENGTH(lines) - 1] = (struct result_line){.key = "migrate", .value = "unknown"};
    buf_init(&buf, 1 << 20);
    aws_outcome_write(&buf, ID, &wrote);
    assert_true(buf.len + (size_t)aws_outcome_room(2, false) < OUTPUT_CUT_OUT);
    expect(hear("Failed", buf_str(&buf), true), AWS_OUTCOME_TOLD, MESSAGE_REPLY_FINISHED,
           INVOCATION_FAILED);
    assert_int_equal(reply.steps[1].exit_code, 75);
    assert_int_equal(reply.steps[1].started_at, 6);
    assert_int_equal(reply.record_number, 41);
    assert_string_equal(reply.reason, "step migrate: odd");
    assert_string_equal(reply.results[reply.n_results - 1].value, "unknown");
    assert_true(reply.n_results > 10);
    buf_reset(&buf);
    wrote.state = MESSAGE_REPLY_DECLINED;
    wrote.nonce = OTHER;
    wrote.floor = 57;
    aws_outcome_write(&buf, ID, &wrote);
    expect(hear("Failed", buf_str(&buf), true), AWS_OUTCOME_TOLD, MESSAGE_REPLY_DECLINED,
           INVOCATION_IN_PROGRESS);
    assert_string_equal(reply.nonce, OTHER);
    assert_int_equal(reply.floor, 57);
    buf_deinit(&buf);
    /* One without a journal is a reply, too. */
    (void)hear("Cancelled", HEAD "step.1=InProgress -1 2 0\n", false);
    assert_int_equal(message_reply_make(&arena, &reply, "amazon-ssm-agent", "", 0, &payload, &err),
                     0);
    assert_int_equal(message_reply_parse(&arena, payload, strlen(payload), &again, &err), 0);
    assert_int_equal(again.state, MESSAGE_REPLY_FINISHED);
    assert_int_equal(again.status, INVOCATION_CANCELLED);
    assert_int_equal(again.steps[0].status, STEP_CANCELLED);
    assert_null(again.journal_id);
}

/* Block and output of the longest document stay below what Amazon keeps. */
static void the_room_is_never_more_than_there_is(void **state)
{
    (void)state;
    for (size_t n = 1; n <= DOCUMENT_STEPS_MAX; n++) {
        /* A step: two lines of numbers, and a mark on each stream; job.sh tells 2800 and 2000 bytes in base64. */
        size_t out = 120 + 1100 + n * (2 * 56 + 70) + 4 * ((2800 + 2000 + 130) / 3) + 20 + 70;
        size_t err = n * 70 + 70 + 60;

        assert_true(aws_outcome_room(n, false) >= 1000 && aws_outcome_room(n, true) >= 1000);
        if (n <= 60)
            assert_true(out + (size_t)aws_outcome_room(n, false) <= OUTPUT_CUT_OUT);
        assert_true(err + (size_t)aws_outcome_room(n, true) <= OUTPUT_CUT_ERR);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_do_not_know_is_no_news),
        cmocka_unit_test(a_block_tells_steps_results_and_end),
        cmocka_unit_test(what_a_step_prints_is_no_report),
        cmocka_unit_test(odd_lines_are_no_steps),
        cmocka_unit_test(a_script_that_was_ended_is_read_as_far_as_it_came),
        cmocka_unit_test(a_script_that_said_nothing_is_told_by_its_first_error),
        cmocka_unit_test(what_never_arrived_is_no_proof_for_an_order),
        cmocka_unit_test(an_order_is_believed_by_its_journal_alone),
        cmocka_unit_test(what_slipway_once_writes_is_read),
        cmocka_unit_test(the_room_is_never_more_than_there_is),
    };
    int failed;

    arena_init(&arena);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_deinit(&arena);
    return failed;
}
