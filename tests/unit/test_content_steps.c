/* content_steps: values go into a caller's document as agents put them there, in one pass (ssm-wire.md 7.3). And
 * course: what comes after each of its steps (13). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/course.h"
#include "lib/base/str.h"
#include "lib/ssm/content_shipped.h"
#include "lib/ssm/content_steps.h"

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

/* ' stands for ". */
static const char *quoted(const char *text)
{
    char *copy = arena_strn(&arena, text, strlen(text));

    for (char *p = copy; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    return copy;
}

static int make(const char *text, const char *parameters, struct document *ret, struct err *err)
{
    text = quoted(text);
    return content_steps_make(&arena, text, strlen(text), quoted(parameters), ret, err);
}

#define PARAMETERS                                                                                 \
    "'parameters':{'one':{'type':'String','default':'d'},'two':{'type':'String','default':''},"    \
    "'many':{'type':'StringList','default':['a','b']},"                                            \
    "'shown':{'type':'String','default':'s','interpolationType':'ENV_VAR'}}"
#define WITH(step) "{'schemaVersion':'2.2'," PARAMETERS ",'mainSteps':[" step "]}"
#define RUN(name, inputs) "{'action':'aws:runShellScript','name':'" name "','inputs':{" inputs "}}"

static void S7_values_are_put_in_once_and_by_their_type(void **state)
{
    static const struct {
        const char *lines, *parameters, *script;
    } cases[] = {
        {"['echo {{ one }}']", "{}", "echo d"},
        {"['echo {{one}}{{\\n one\\t}}']", "{'one':'x'}", "echo xx"},
        {"['a','{{ many }}','z']", "{}", "a\na\nb\nz"},
        {"'{{ many }}'", "{'many':['p','q','r']}", "p\nq\nr"},
        {"['echo {{ many }}']", "{}", "echo [\"a\",\"b\"]"},
        {"['{{ one }}','{{ two }}']", "{'one':'{{ two }}','two':'{{ one }}'}",
         "{{ two }}\n{{ one }}"},
        {"['{{ one }}x']", "{'one':'a$$b$$$c'}", "a$b$$cx"},
        {"['{{ none }} {{ ssm:one }} {{ a-b }} {{one']", "{}",
         "{{ none }} {{ ssm:one }} {{ a-b }} {{one"},
    };
    struct document d;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = arena_printf(&arena, WITH(RUN("s", "'runCommand':%s")), cases[i].lines);

        if (make(text, cases[i].parameters, &d, &err) < 0)
            fail_msg("%s: %s", cases[i].lines, err.text);
        assert_string_equal(d.steps[0].script, cases[i].script);
    }
}

static void S7_what_a_step_says_beside_its_script(void **state)
{
    struct document d;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(make(WITH(RUN("s", "'runCommand':['x'],'workingDirectory':'/srv/{{ one }}',"
                                        "'timeoutSeconds':'{{ two }}','onFailure':'exit',"
                                        "'environment':{'A':'{{ many }}'}")),
                          "{'two':'77'}", &d, &err),
                     0);
    assert_true(d.steps[0].as_ssm);
    assert_string_equal(d.steps[0].working_directory, "/srv/d");
    assert_int_equal(d.steps[0].timeout_s, 77);
    assert_int_equal(d.steps[0].on_failure, DOCUMENT_FAILURE_EXITS);
    assert_int_equal(d.steps[0].environment.n, 2);
    assert_string_equal(d.steps[0].environment.items[0].key, "SSM_shown");
    assert_string_equal(d.steps[0].environment.items[0].value, "s");
    assert_string_equal(d.steps[0].environment.items[1].value, "[\"a\",\"b\"]");
    /* Without a sensible time the usual one; a folder that is not absolute is the agent's own. */
    for (size_t i = 0; i < 4; i++) {
        static const char *const times[] = {"'4'", "172801", "'x'", "''"};
        const char *text = arena_printf(
            &arena,
            WITH(RUN("s", "'runCommand':['x'],'workingDirectory':'srv','timeoutSeconds':%s")),
            times[i]);

        assert_int_equal(make(text, "{}", &d, &err), 0);
        assert_int_equal(d.steps[0].timeout_s, CONTENT_TIMEOUT_USUAL_S);
        assert_string_equal(d.steps[0].working_directory, "");
    }
}

static void S7_a_precondition_that_is_not_met_skips_its_step(void **state)
{
    static const struct {
        const char *pair;
        bool skips;
    } cases[] = {{"['platformType','Linux']", false},  {"['Linux','platformType']", false},
                 {"['platformType','Windows']", true}, {"['{{ one }}','d']", false},
                 {"['{{ one }}','e']", true},          {"['platformType','{{ one }}']", true}};
    struct document d;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text =
            arena_printf(&arena,
                         WITH("{'action':'aws:runShellScript','name':'s','precondition':"
                              "{'StringEquals':%s},'inputs':{'runCommand':['x']}}"),
                         cases[i].pair);

        if (make(text, "{}", &d, &err) < 0)
            fail_msg("%s", err.text);
        if ((d.steps[0].skipped != NULL) != cases[i].skips)
            fail_msg("%s: %s", cases[i].pair, d.steps[0].skipped);
    }
}

static void S13_what_our_agent_does_not_run_is_said(void **state)
{
    struct document d;
    struct content c;
    enum content_flaw flaw;
    struct err err = ERR_INIT;
    const char *elsewhere = WITH("{'action':'aws:downloadContent','name':'s'}"), *text;

    (void)state;
    assert_int_equal(make(elsewhere, "{}", &d, &err), ERR_INVALID);
    assert_string_equal(err.text, "step s: slipway-agent does not run aws:downloadContent");
    text = quoted(elsewhere);
    assert_int_equal(content_parse(&arena, text, strlen(text), &c, &flaw, &err), 0);
    assert_string_equal(content_steps_refuse(&arena, &c),
                        "slipway-agent does not run aws:downloadContent (step s)");
    /* A step for another system is none of its business. */
    text =
        quoted(WITH("{'action':'aws:runPowerShellScript','name':'w','precondition':"
                    "{'StringEquals':['platformType','Windows']},'inputs':{'runCommand':['x']}}"));
    assert_int_equal(content_parse(&arena, text, strlen(text), &c, &flaw, &err), 0);
    assert_null(content_steps_refuse(&arena, &c));
    assert_int_equal(content_steps_make(&arena, text, strlen(text), "{}", &d, &err), 0);
    assert_non_null(d.steps[0].skipped);
}

static void S7_a_script_that_its_values_make_too_long_is_refused(void **state)
{
    char *value = arena_alloc(&arena, 40001);
    struct document d;
    struct err err = ERR_INIT;

    (void)state;
    memset(value, 'v', 40000);
    value[40000] = '\0';
    assert_int_equal(make(WITH(RUN("s", "'runCommand':['{{ one }}{{ one }}{{ one }}x']")),
                          arena_printf(&arena, "{'one':'%s'}", value), &d, &err),
                     0);
    assert_int_equal(make(WITH(RUN("s", "'runCommand':['{{ one }}{{ one }}{{ one }}{{ one }}']")),
                          arena_printf(&arena, "{'one':'%s'}", value), &d, &err),
                     ERR_INVALID);
}

static void S7_the_shipped_shell_of_schema_1_2_runs_its_lines(void **state)
{
    const struct content_shipped *shell = content_shipped_find("AWS-RunShellScript");
    struct document d;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(content_steps_make(&arena, shell->text, shell->len,
                                        "{\"commands\":[\"a\",\"b {{ c }}\"],"
                                        "\"executionTimeout\":\"9\"}",
                                        &d, &err),
                     0);
    assert_int_equal(d.n_steps, 1);
    assert_string_equal(d.steps[0].name, "aws:runShellScript");
    assert_string_equal(d.steps[0].script, "a\nb {{ c }}");
    assert_int_equal(d.steps[0].timeout_s, 9);
}

/* The course --------------------------------------------------------------------------------------- */

#define STEPS_MAX 4

/* Let the steps end with these codes (-1 = cancelled, -2 = at its time limit); the words that are told of them
 * and of the whole: S F T C, - = never touched. */
static const char *play(struct document_step *steps, size_t n, const int *codes)
{
    struct message_reply_step told[STEPS_MAX] = {{.status = STEP_PENDING}};
    const struct document document = {.steps = steps, .n_steps = n};
    struct message_reply reply = {.steps = told, .n_steps = n};
    struct course course = {.document = &document, .reply = &reply};
    static const char words[] = "-.SFTC";
    char *said = arena_alloc(&arena, STEPS_MAX + 3);
    size_t ran = 0;

    for (size_t i = 0; i < n;) {
        struct step_end end = {codes[ran] == 0    ? STEP_SUCCESS
                               : codes[ran] == -1 ? STEP_CANCELLED
                               : codes[ran] == -2 ? STEP_TIMED_OUT
                                                  : STEP_FAILED,
                               codes[ran] < 0 ? 137 : codes[ran]};

        ran++;
        i = course_after(&course, i, end, false);
    }
    for (size_t i = 0; i < n; i++)
        said[i] = words[told[i].status == STEP_PENDING       ? 0
                        : told[i].status == STEP_IN_PROGRESS ? 1
                        : told[i].status == STEP_SUCCESS     ? 2
                        : told[i].status == STEP_FAILED      ? 3
                        : told[i].status == STEP_TIMED_OUT   ? 4
                                                             : 5];
    said[n] = ' ';
    said[n + 1] = reply.status == INVOCATION_SUCCESS     ? 'S'
                  : reply.status == INVOCATION_FAILED    ? 'F'
                  : reply.status == INVOCATION_TIMED_OUT ? 'T'
                                                         : 'C';
    return arena_printf(&arena, "%.*s %zu", (int)n + 2, said, ran);
}

static void S13_what_comes_after_each_end_of_a_step(void **state)
{
    static const struct document_step
        on = {.as_ssm = true, .on_failure = DOCUMENT_FAILURE_GOES_ON},
        stop = {.as_ssm = true, .on_failure = DOCUMENT_FAILURE_EXITS},
        fine = {.as_ssm = true, .on_failure = DOCUMENT_FAILURE_SUCCEEDS},
        last = {.as_ssm = true, .on_failure = DOCUMENT_FAILURE_GOES_ON, .is_final = true},
        once = {.as_ssm = true, .on_failure = DOCUMENT_FAILURE_GOES_ON, .success_exits = true},
        job = {.on_failure = DOCUMENT_FAILURE_STOPS};
    struct {
        struct document_step steps[3];
        int codes[3];
        const char *said; /* steps, the whole, how many ran */
    } cases[] = {
        {{on, on, on}, {0, 0, 0}, "SSS S 3"},   {{on, on, on}, {1, 0, 0}, "FSS F 3"},
        {{on, on, on}, {0, -2, 0}, "STS T 3"},  {{on, on, on}, {-2, 3, 0}, "TFS F 3"},
        {{on, on, on}, {0, 137, 0}, "STS T 3"}, {{on, on, on}, {0, -1}, "SCC C 2"},
        {{on, on, on}, {1, -1}, "FCC F 2"},     {{on, on, last}, {-1}, "CCC C 1"},
        {{on, on, on}, {168}, "SSS S 1"},       {{on, on, last}, {168, 0}, "SSS S 2"},
        {{on, on, on}, {0, 169}, "SFS F 2"},    {{on, on, on}, {194, 0, 0}, "FSS F 3"},
        {{stop, on, on}, {1}, "FSS F 1"},       {{stop, on, last}, {1, 4}, "FSF F 2"},
        {{stop, on, on}, {-2}, "TSS T 1"},      {{fine, on, on}, {1}, "SSS S 1"},
        {{once, on, on}, {0}, "SSS S 1"},       {{once, on, on}, {1, 0, 0}, "FSS F 3"},
        {{job, job, job}, {0, 1}, "SF- F 2"},   {{job, job, job}, {0, 0, 0}, "SSS S 3"},
        {{job, job, job}, {168}, "F-- F 1"},    {{job, job, job}, {137}, "F-- F 1"},
        {{job, job, job}, {-2}, "T-- T 1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *said = play(cases[i].steps, 3, cases[i].codes);

        if (!str_eq(said, cases[i].said))
            fail_msg("case %zu: %s, expected %s", i, said, cases[i].said);
    }
    assert_string_equal(course_remark(&arena, &on, (struct step_end){STEP_FAILED, 3}),
                        "failed to run commands: exit status 3");
    assert_null(course_remark(&arena, &on, (struct step_end){STEP_SUCCESS, 0}));
    assert_null(course_remark(&arena, &job, (struct step_end){STEP_FAILED, 3}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(S7_values_are_put_in_once_and_by_their_type),
        cmocka_unit_test(S7_what_a_step_says_beside_its_script),
        cmocka_unit_test(S7_a_precondition_that_is_not_met_skips_its_step),
        cmocka_unit_test(S13_what_our_agent_does_not_run_is_said),
        cmocka_unit_test(S7_a_script_that_its_values_make_too_long_is_refused),
        cmocka_unit_test(S7_the_shipped_shell_of_schema_1_2_runs_its_lines),
        cmocka_unit_test(S13_what_comes_after_each_end_of_a_step),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
