/*
 * the rules behind commands of AWS callers: rate control and clocks (ssm-wire.md 5), the status of the whole (4.3),
 * documents and parameters (7), patterns, output that is cut (6), what a key may (design.md 5, T61).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/rules/access.h"
#include "lib/rules/rate.h"
#include "lib/rules/rules_command.h"
#include "lib/rules/verdict.h"
#include "lib/ssm/content.h"
#include "lib/ssm/content_shell.h"
#include "lib/ssm/content_shipped.h"
#include "lib/ssm/content_types.h"
#include "lib/ssm/door_status.h"
#include "lib/ssm/output_cut.h"
#include "lib/ssm/pattern.h"

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

/* Rate ------------------------------------------------------------------------------------------- */

static void S5_numbers_and_percentages_are_resolved_downwards(void **state)
{
    size_t v;

    (void)state;
#define IS(text, n, least, expected)                                                               \
    (assert_true(rate_resolve(text, n, least, &v)), assert_int_equal(v, expected))
    IS("10", 50, 1, 10);
    IS("10%", 50, 0, 5);
    IS("10%", 9, 1, 1);
    IS("10%", 9, 0, 0);
    IS("0", 9, 0, 0);
    IS("100%", 7, 1, 7);
    assert_false(rate_resolve("101%", 1, 0, &v));
    assert_false(rate_resolve("-1", 1, 0, &v));
    assert_false(rate_resolve("", 1, 0, &v));
    assert_false(rate_resolve("%", 1, 0, &v));
    assert_false(rate_resolve("01", 1, 0, &v));
    assert_false(rate_resolve("12345678", 1, 0, &v));
    assert_false(rate_resolve("5 %", 1, 0, &v));
}

/* With 0 after the first error, with 3 after the fourth, with 10% of 50 after the sixth. */
static void S5_sending_stops_when_errors_exceed_the_budget(void **state)
{
    static const struct {
        const char *text;
        size_t n, stops_at;
    } cases[] = {{"0", 50, 1}, {"3", 50, 4}, {"10%", 50, 6}, {"100%", 50, 51}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rate rate = {.concurrency = 50, .ramp = RATE_BY_ACKNOWLEDGED};

        assert_true(rate_resolve(cases[i].text, cases[i].n, 0, &rate.max_errors));
        for (size_t errors = 0; errors <= cases[i].stops_at; errors++) {
            const struct rate_counts counts = {.errors = errors};

            assert_int_equal(rate_is_exceeded(&rate, &counts), errors >= cases[i].stops_at);
        }
    }
}

static void S5_the_ramp_doubles_by_acknowledgements(void **state)
{
    const struct rate rate = {.concurrency = 10, .max_errors = 0, .ramp = RATE_BY_ACKNOWLEDGED};
    static const struct {
        size_t released, taken, open, free;
    } cases[] = {
        {0, 0, 0, 1}, {1, 0, 1, 0}, {1, 1, 1, 2},   {3, 2, 3, 0},   {3, 3, 3, 4},
        {7, 6, 7, 0}, {7, 7, 7, 3}, {10, 7, 10, 0}, {10, 10, 9, 1}, {15, 15, 0, 10},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct rate_counts c = {.released = cases[i].released,
                                      .taken = cases[i].taken,
                                      .open = cases[i].open};

        if (rate_free(&rate, &c) != cases[i].free)
            fail_msg("case %zu: %zu", i, rate_free(&rate, &c));
    }
}

/* The status of the whole ------------------------------------------------------------------------ */

static struct door_target target(enum invocation_status status, const char *details)
{
    return (struct door_target){.host_id = "mi-00000000000000001",
                                .host = "h",
                                .status = status,
                                .details = details,
                                .released_at = 1,
                                .offered_at = status == INVOCATION_PENDING ? 0 : 1,
                                .acknowledged_at = status == INVOCATION_PENDING ? 0 : 1};
}

static struct rules_command_plan plan_of(const struct door_target *targets, size_t n,
                                         int64_t budget)
{
    const struct door_command command = {.concurrency = 50,
                                         .budget = budget,
                                         .timeout_s = 60,
                                         .execution_s = 60,
                                         .requested_at = 1000,
                                         .expires_at = 121000,
                                         .written_at = 1000,
                                         .n_targets = (int64_t)n};
    const struct rules_command_facts facts = {.command = &command,
                                              .targets = targets,
                                              .n_targets = n};
    struct rules_command_plan plan;

    rules_command_make(&facts, 2000, &arena, &plan);
    return plan;
}

#define S(...) target(__VA_ARGS__)
#define WHOLE(budget, status_, details_, ...)                                                      \
    do {                                                                                           \
        struct door_target t[] = {__VA_ARGS__};                                                    \
        struct rules_command_plan p = plan_of(t, sizeof(t) / sizeof(t[0]), budget);                \
        if (p.status != (status_) || strcmp(p.details, details_) != 0)                             \
            fail_msg("line %d: %s/%s", __LINE__, invocation_statuses[p.status].text, p.details);   \
    } while (0)

static void S4_the_whole_is_what_its_hosts_add_up_to(void **state)
{
    const struct door_target good = S(INVOCATION_SUCCESS, "Success"),
                             bad = S(INVOCATION_FAILED, "Failed"),
                             slow = S(INVOCATION_TIMED_OUT, "ExecutionTimedOut"),
                             lost = S(INVOCATION_TIMED_OUT, "DeliveryTimedOut"),
                             stopped = S(INVOCATION_CANCELLED, "Cancelled"),
                             ended = S(INVOCATION_CANCELLED, "Terminated"),
                             gone = S(INVOCATION_FAILED, "Undeliverable"),
                             odd = S(INVOCATION_FAILED, "InvalidPlatform"),
                             denied = S(INVOCATION_FAILED, "AccessDenied"),
                             open = S(INVOCATION_IN_PROGRESS, "InProgress"),
                             waits = S(INVOCATION_PENDING, "Pending");

    (void)state;
    WHOLE(0, INVOCATION_PENDING, "Pending", waits, waits);
    WHOLE(0, INVOCATION_IN_PROGRESS, "InProgress", waits, open);
    WHOLE(0, INVOCATION_IN_PROGRESS, "InProgress", good, waits);
    WHOLE(0, INVOCATION_SUCCESS, "Success", good, good);
    WHOLE(0, INVOCATION_FAILED, "Failed", good, bad);
    WHOLE(1, INVOCATION_FAILED, "Incomplete", good, bad);
    WHOLE(1, INVOCATION_FAILED, "Failed", bad, bad);
    WHOLE(0, INVOCATION_TIMED_OUT, "ExecutionTimedOut", good, slow);
    WHOLE(0, INVOCATION_FAILED, "Failed", bad, slow);
    WHOLE(0, INVOCATION_CANCELLED, "Cancelled", stopped, ended);
    WHOLE(0, INVOCATION_TIMED_OUT, "DeliveryTimedOut", good, lost);
    WHOLE(1, INVOCATION_FAILED, "Incomplete", good, lost);
    WHOLE(0, INVOCATION_FAILED, "Failed", gone, odd, denied);
    WHOLE(0, INVOCATION_SUCCESS, "Success", good, gone, odd, denied);
    WHOLE(0, INVOCATION_FAILED, "Incomplete", good, stopped);
    {
        struct rules_command_plan p = plan_of(NULL, 0, 0);

        assert_int_equal(p.status, INVOCATION_SUCCESS);
        assert_string_equal(p.details, "NoInstancesInTag");
    }
}

static void S5_both_clocks_end_what_did_not_start_and_what_did_not_end(void **state)
{
    struct door_target waits = S(INVOCATION_PENDING, "Pending"),
                       begun = S(INVOCATION_IN_PROGRESS, "InProgress");
    struct door_command command = {.concurrency = 1,
                                   .timeout_s = 60,
                                   .execution_s = 40,
                                   .requested_at = 1000,
                                   .expires_at = 101000,
                                   .written_at = 1000};
    struct rules_command_facts facts = {.command = &command, .targets = &waits, .n_targets = 1};
    struct rules_command_plan plan;

    (void)state;
    rules_command_make(&facts, 60999, &arena, &plan);
    assert_int_equal(plan.n_moves, 0);
    assert_int_equal(plan.next_change, 61000);
    rules_command_make(&facts, 61000, &arena, &plan);
    assert_int_equal(plan.moves[0].kind, RULES_COMMAND_WITHDRAW);
    assert_string_equal(plan.moves[0].details, "DeliveryTimedOut");
    facts.targets = &begun;
    rules_command_make(&facts, 100999, &arena, &plan);
    assert_int_equal(plan.n_moves, 0);
    assert_int_equal(plan.next_change, 101000);
    rules_command_make(&facts, 101000, &arena, &plan);
    assert_int_equal(plan.moves[0].kind, RULES_COMMAND_EXPIRE);
    assert_string_equal(plan.moves[0].details, "DeliveryTimedOut");
}

static void S5_what_its_host_cannot_tell_is_not_delivered_in_time(void **state)
{
    struct door_target lost = S(INVOCATION_UNKNOWN, "Unknown"),
                       declined = S(INVOCATION_FAILED, "NotStarted");
    struct door_command command = {.concurrency = 1,
                                   .timeout_s = 60,
                                   .expires_at = 101000,
                                   .written_at = 1000};
    struct rules_command_facts facts = {.command = &command, .targets = &lost, .n_targets = 1};
    struct rules_command_plan plan;

    (void)state;
    lost.offered_at = lost.released_at = 1000;
    rules_command_make(&facts, 2000, &arena, &plan);
    assert_int_equal(plan.moves[0].kind, RULES_COMMAND_EXPIRE);
    assert_int_equal(plan.moves[0].status, INVOCATION_TIMED_OUT);
    assert_string_equal(plan.moves[0].details, "DeliveryTimedOut");
    /* What its host proved never to have begun is no error of the script. */
    facts.targets = &declined;
    rules_command_make(&facts, 2000, &arena, &plan);
    assert_true(plan.ended);
    assert_int_equal(plan.n_errors, 0);
    assert_string_equal(plan.details, "Failed");
}

static void what_waits_behind_a_deployment_lets_others_go_first(void **state)
{
    struct door_target targets[2] = {S(INVOCATION_PENDING, "Pending"),
                                     S(INVOCATION_PENDING, "Pending")};
    struct rules_command_plan plan;

    (void)state;
    targets[0].released_at = targets[1].released_at = 0;
    targets[0].waits = true;
    plan = plan_of(targets, 2, 0);
    assert_int_equal(plan.n_moves, 1);
    assert_ptr_equal(plan.moves[0].target, &targets[1]);
}

static void half_written_command_of_an_earlier_run_ends_cancelled(void **state)
{
    struct door_target waits = S(INVOCATION_PENDING, "Pending");
    const struct door_command command = {.concurrency = 1, .timeout_s = 60, .n_targets = 2};
    struct rules_command_facts facts = {.command = &command,
                                        .targets = &waits,
                                        .n_targets = 1,
                                        .torn = true};
    struct rules_command_plan plan;

    (void)state;
    waits.released_at = 0;
    rules_command_make(&facts, 5, &arena, &plan);
    assert_int_equal(plan.moves[0].kind, RULES_COMMAND_WITHDRAW);
    waits.status = INVOCATION_CANCELLED;
    waits.details = "Cancelled";
    rules_command_make(&facts, 5, &arena, &plan);
    assert_true(plan.ended);
    assert_int_equal(plan.status, INVOCATION_CANCELLED);
}

/* Documents -------------------------------------------------------------------------------------- */

static const char *quoted(const char *text)
{
    char *copy = arena_str(&arena, text);

    for (char *p = copy; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    return copy;
}

#define STEPS                                                                                      \
    "'mainSteps':[{'action':'aws:runShellScript','name':'one','inputs':{'runCommand':['id']}}]"

static int parse(const char *text, struct content *ret, enum content_flaw *flaw)
{
    const char *json = quoted(text);
    struct err err = ERR_INIT;

    return content_parse(&arena, json, strlen(json), ret, flaw, &err);
}

static void S7_each_flaw_of_a_document_is_found(void **state)
{
    static const char *const bad[] = {
        "[]",
        "{}",
        "{'schemaVersion':'0.3'," STEPS "}",
        "{'schemaVersion':2.2," STEPS "}",
        "{'schemaVersion':'2.2'}",
        "{'schemaVersion':'2.2','mainSteps':[]}",
        "{'schemaVersion':'2.2','mainSteps':[{'name':'a'}]}",
        "{'schemaVersion':'2.2','mainSteps':[{'action':'aws:runShellScript','name':'a','inputs':{}}]}",
        "{'schemaVersion':'2.2','mainSteps':[{'action':'aws:runShellScript','name':'a','inputs':"
        "{'runCommand':[1]}}]}",
        "{'schemaVersion':'2.2','mainSteps':[{'action':'aws:x','name':'a'},{'action':'aws:x','name':'a'}]}",
        "{'schemaVersion':'2.2','mainSteps':[{'action':'aws:x','name':'a','precondition':{'a':1}}]}",
        "{'schemaVersion':'2.2','parameters':{'a-b':{'type':'String'}}," STEPS "}",
        "{'schemaVersion':'2.2','parameters':{'a':{'type':'Boolean'}}," STEPS "}",
        "{'schemaVersion':'2.2','parameters':{'a':{'type':'String','default':['x']}}," STEPS "}",
        "{'schemaVersion':'2.2','parameters':{'a':{'type':'StringList','default':'x'}}," STEPS "}",
        "{'schemaVersion':'2.2','parameters':{'a':{'type':'String','allowedValues':'x'}}," STEPS
        "}",
        "{'schemaVersion':'2.2','parameters':{'a':{'type':'String','allowedPattern':'('}}," STEPS
        "}",
        "{'schemaVersion':'2.2','parameters':{'a':{'type':'String','minChars':'x'}}," STEPS "}",
        "{'schemaVersion':'1.2','runtimeConfig':{'aws:runShellScript':{'properties':[]}}}",
        "{'schemaVersion':'1.2','runtimeConfig':{}}",
    };
    enum content_flaw flaw;
    struct content c;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (parse(bad[i], &c, &flaw) == 0)
            fail_msg("%s is taken", bad[i]);
    assert_int_equal(parse("{'schemaVersion':'2.2'," STEPS "}", &c, &flaw), 0);
}

/* Amazon's agent reads the whole at once: one member of another type, and the command fails on every host. */
static void S12_a_document_has_the_types_that_amazons_agent_reads(void **state)
{
#define STEP_WITH(more)                                                                            \
    "{'schemaVersion':'2.2','mainSteps':[{'action':'aws:runShellScript','name':'one'," more        \
    ",'inputs':{'runCommand':['id'],'timeoutSeconds':'600','onFailure':'exit'}}]}"
    static const struct {
        const char *text;
        bool fits;
    } all[] = {
        {"{'schemaVersion':'2.2','description':'d'," STEPS "}", true},
        {"{'schemaVersion':'2.2','description':null," STEPS "}", true},
        {"{'schemaVersion':'2.2','description':1," STEPS "}", false},
        {"{'schemaVersion':'2.2','parameters':{'a':{'type':'String','description':['d']}}," STEPS
         "}",
         false},
        {STEP_WITH("'timeoutSeconds':600,'maxAttempts':1,'onFailure':'exit'"), true},
        {STEP_WITH("'timeoutSeconds':'600'"), false},
        {STEP_WITH("'maxAttempts':1.5"), false},
        {STEP_WITH("'onFailure':true"), false},
        {"{'schemaVersion':'1.2','runtimeConfig':{'aws:runShellScript':{'description':'d','properties':"
         "[{'id':'0.aws:runShellScript','runCommand':['id'],'timeoutSeconds':'600'}]}}}",
         true},
        {"{'schemaVersion':'1.2','runtimeConfig':{'aws:runShellScript':{'description':1,'properties':"
         "[{'runCommand':['id']}]}}}",
         false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const char *json = quoted(all[i].text);
        struct err err = ERR_INIT;
        enum content_flaw flaw;
        struct content c;

        assert_int_equal(parse(all[i].text, &c, &flaw), 0);
        if ((content_types_check(json, strlen(json), &err) == 0) != all[i].fits)
            fail_msg("%s: %s", json, err.text);
    }
    for (size_t i = 0, n; i < (content_shipped_all(&n), n); i++) {
        const struct content_shipped *shipped = &content_shipped_all(&n)[i];
        struct err err = ERR_INIT;

        assert_int_equal(content_types_check(shipped->text, shipped->len, &err), 0);
    }
}

static void S7_shipped_documents_are_documents_and_guard_what_they_must(void **state)
{
    size_t n;
    const struct content_shipped *all = content_shipped_all(&n);

    (void)state;
    assert_true(n >= 2);
    for (size_t i = 0; i < n; i++) {
        struct err err = ERR_INIT;
        enum content_flaw flaw;
        struct content c;

        if (content_parse(&arena, all[i].text, all[i].len, &c, &flaw, &err) < 0)
            fail_msg("%s: %s", all[i].name, err.text);
        assert_int_equal(content_shell_is_free(all[i].text),
                         strcmp(all[i].name, "AWS-RunShellScript") == 0);
        if (strncmp(all[i].name, "Slipway-", 8) == 0)
            assert_null(content_unguarded(&c));
    }
}

static int give(const char *parameters, const char *given, const char **ret)
{
    struct content c;
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;
    enum content_flaw flaw;
    int rc;

    assert_int_equal(parse(arena_printf(&arena,
                                        "{'schemaVersion':'2.2','parameters':{%s}," STEPS "}",
                                        parameters),
                           &c, &flaw),
                     0);
    given = quoted(given);
    assert_int_equal(json_parse(given, strlen(given), NULL, &json, &err), 0);
    rc = content_parameters(&arena, &c, json, ret, &err);
    json_free(json);
    return rc;
}

static void S7_parameters_hold_every_constraint(void **state)
{
    static const struct {
        const char *parameters, *given;
        int rc;
    } cases[] = {
        {"'a':{'type':'String'}", "{'a':['x']}", 0},
        {"'a':{'type':'String'}", "{}", -1},
        {"'a':{'type':'String','default':''}", "{}", 0},
        {"'a':{'type':'String'}", "{'a':'x'}", -1},
        {"'a':{'type':'String'}", "{'a':['x','y']}", -1},
        {"'a':{'type':'String'}", "{'a':[]}", -1},
        {"'a':{'type':'String'}", "{'a':[1]}", -1},
        {"'a':{'type':'String','default':''}", "{'b':['x']}", -1},
        {"'a':{'type':'StringList'}", "{'a':['x','y']}", 0},
        {"'a':{'type':'StringList','minItems':2}", "{'a':['x']}", -1},
        {"'a':{'type':'StringList','maxItems':1}", "{'a':['x','y']}", -1},
        {"'a':{'type':'StringList','allowedValues':['x']}", "{'a':['x','y']}", -1},
        {"'a':{'type':'String','allowedValues':['x']}", "{'a':['x']}", 0},
        {"'a':{'type':'String','minChars':2}", "{'a':['\xc3\xa9']}", -1},
        {"'a':{'type':'String','maxChars':1}", "{'a':['\xc3\xa9']}", 0},
        {"'a':{'type':'String','maxChars':1}", "{'a':['xy']}", -1},
        {"'a':{'type':'String','allowedPattern':'[0-9]+'}", "{'a':['12']}", 0},
        {"'a':{'type':'String','allowedPattern':'[0-9]+'}", "{'a':['1; id']}", -1},
    };
    const char *json;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (give(cases[i].parameters, cases[i].given, &json) != cases[i].rc)
            fail_msg("%s %s", cases[i].parameters, cases[i].given);
    assert_int_equal(give("'a':{'type':'String'},'b':{'type':'StringList','default':[]}",
                          "{'a':['x'],'b':['y']}", &json),
                     0);
    assert_string_equal(json, "{\"a\":\"x\",\"b\":[\"y\"]}");
}

static void S5_execution_timeout_is_the_sum_of_the_steps(void **state)
{
    struct content c;
    enum content_flaw flaw;
    struct cJSON *json;
    struct err err = ERR_INIT;
    const struct content_shipped *shell = content_shipped_find("AWS-RunShellScript");
#define STEP(name, timeout)                                                                        \
    "{'action':'aws:runShellScript','name':'" name "','inputs':{'runCommand':['id'],"              \
    "'timeoutSeconds':" timeout "}}"

    (void)state;
    assert_int_equal(
        parse("{'schemaVersion':'2.2','parameters':{'t':{'type':'String','default':'90'}},"
              "'mainSteps':[" STEP("a", "'60'") "," STEP("b", "5") "," STEP("c", "'4'") "," STEP(
                  "d", "'{{ t }}'") "," STEP("e", "'172801'") "]}",
              &c, &flaw),
        0);
    assert_int_equal(content_timeout_s(&c, NULL), 60 + 5 + 3600 + 90 + 3600);
    assert_int_equal(content_parse(&arena, shell->text, shell->len, &c, &flaw, &err), 0);
    assert_int_equal(content_timeout_s(&c, NULL), 3600);
    assert_int_equal(json_parse("{\"executionTimeout\":\"7\"}", 24, NULL, &json, &err), 0);
    assert_int_equal(content_timeout_s(&c, json), 7);
    json_free(json);
    assert_int_equal(content_step_number(&c, "aws:runShellScript"), 0);
}

static bool matches(const char *pattern, const char *value)
{
    struct pattern *made = NULL;
    struct err err = ERR_INIT;
    bool is;

    if (pattern_new(pattern, &made, &err) < 0)
        fail_msg("%s", err.text);
    is = pattern_matches(made, value);
    pattern_free(made);
    return is;
}

static void patterns_match_the_whole_value_or_are_refused(void **state)
{
    static const struct {
        const char *pattern, *value;
        bool matches;
    } cases[] = {
        {"^[0-9a-f]{4}$", "00ff", true},
        {"^[0-9a-f]{4}$", "00fg", false},
        {"[0-9]+", "1", true},
        {"[0-9]+", "1;id", false},
        {"\\d{2,3}", "12", true},
        {"\\d{2,3}", "1", false},
        {"(?:a|b)c", "bc", true},
        {"a|b", "ab", false},
        {"[\\w.-]+", "a_b.c-d", true},
        {"[\\w.-]+", "a b", false},
        {"\\.", ".", true},
        {"\\.", "x", false},
        {"a+?b*", "aab", true},
        {"[^;]*", "a;b", false},
        {"[]a]+", "]a", true},
        {"\\S+", "a b", false},
        {"^a$", "a\n", false},
        {".*", "", true},
        {"[\\]x]", "]", true},
        {"[a\\-z]", "-", true},
        {"[a\\-z]", "m", false},
        {"([a-z0-9-]{1,63}[.]){1,8}[a-z]{2,63}", "www.example", true},
        {"(a|b{2}|)c", "bbc", true},
        {"(a|)c", "c", true},
        {"(a*b?)*c", "aabac", true},
        {"[a-z]{4096}", "a", false},
    };
    static const char *const refused[] = {"(",       "[a",     "(?=a)", "(a)\\1",
                                          "a{9999}", "\\p{L}", "(?i)a", "((a{200}){200})",
                                          "a**",     "\\",     "a{x}",  "[[:alpha:]]",
                                          "[z-a]",   "*a",     "{2}",   "a)(b"};
    struct pattern *pattern = NULL;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (matches(cases[i].pattern, cases[i].value) != cases[i].matches)
            fail_msg("%s and %s", cases[i].pattern, cases[i].value);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (pattern_new(refused[i], &pattern, &err) == 0)
            fail_msg("%s is taken", refused[i]);
}

/* The C library writes repetitions out: gigabytes and minutes for thirty bytes. What is taken is done in a moment. */
static void T61_a_pattern_cannot_take_long(void **state)
{
    static const char *const refused[] = {"(a*){0,1000}",
                                          "((a?){0,30}){0,30}",
                                          "(a?b?c?d?e?){0,200}",
                                          "(a|b*){2}",
                                          "((((a{1,10}){1,10}){1,10}){1,20})",
                                          "[a-z]{1,4096}",
                                          "([a-z]{1,64}){1,64}",
                                          "a{0,600}b{0,600}",
                                          "(a{0,600}|b{0,600})",
                                          "((a{0,40}b){0,30})",
                                          "(((((a?)+)+)+)+)+",
                                          "(a*)+",
                                          "(a?){1,}",
                                          "((((((((((((((((a)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+",
                                          "((((((((((((a){1,}){1,}){1,}){1,}){1,}){1,}){1,}){1,})"
                                          "{1,}){1,}){1,}){1,}"},
                             *const taken[] = {"[a-z]{1,1000}",
                                               "((a{1,10}){1,10}){1,10}",
                                               "(((((a|aa|ab)?x){1,5}){1,5}){1,4})*",
                                               "([ab]{0,400}c?)*",
                                               "[a-z]{4096}",
                                               "[a-z]+(-[a-z0-9]+)*",
                                               "(([a-z]{1,}/?)+,)*x+",
                                               "((((((a)+)+)+)+)+)+",
                                               "(a+b*){0,}"};
    char *value = arena_alloc(&arena, 60001);
    struct pattern *pattern = NULL;
    struct rusage before, after;
    struct err err = ERR_INIT;

    (void)state;
    memset(value, 'a', 60000);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (pattern_read(refused[i], &err) == 0)
            fail_msg("%s is taken", refused[i]);
    getrusage(RUSAGE_SELF, &before);
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (pattern_new(taken[i], &pattern, &err) < 0)
            fail_msg("%s", err.text);
        (void)pattern_matches(pattern, value);
        pattern_free(pattern);
    }
    getrusage(RUSAGE_SELF, &after);
    assert_in_range(after.ru_utime.tv_sec - before.ru_utime.tv_sec, 0, 5);
    assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 300 * 1024);
}

/* A list may have thousands of values: its pattern is read once. */
static void T61_thousands_of_values_are_held_to_a_pattern_at_once(void **state)
{
    struct content c;
    enum content_flaw flaw;
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;
    struct rusage before, after;
    const char *taken;
    struct buf buf;

    (void)state;
    assert_int_equal(parse("{'schemaVersion':'2.2','parameters':{'l':{'type':'StringList',"
                           "'allowedPattern':'[a-z]{1,1000}'}}," STEPS "}",
                           &c, &flaw),
                     0);
    buf_init(&buf, (size_t)1 << 20);
    for (int i = 0; i < 15000; i++)
        buf_adds(&buf, i == 0 ? "{\"l\":[\"ab\"" : ",\"ab\"");
    buf_adds(&buf, "]}");
    assert_int_equal(json_parse(buf_str(&buf), buf.len, NULL, &json, &err), 0);
    getrusage(RUSAGE_SELF, &before);
    assert_int_equal(content_parameters(&arena, &c, json, &taken, &err), 0);
    getrusage(RUSAGE_SELF, &after);
    assert_in_range(after.ru_utime.tv_sec - before.ru_utime.tv_sec, 0, 3);
    json_free(json);
    buf_deinit(&buf);
}

/* Output ----------------------------------------------------------------------------------------- */

static void S6_output_is_cut_between_characters(void **state)
{
    char *text = arena_alloc(&arena, 9001);

    (void)state;
    assert_string_equal(output_cut(&arena, "abc", 3, 2), "ab");
    assert_string_equal(output_cut(&arena, "\xe3\x81\x82\xe3\x81\x84", 6, 1), "\xe3\x81\x82");
    assert_string_equal(output_cut(&arena, "a\xe3\x81", 3, 9), "a"); /* cut by the sender */
    assert_string_equal(output_cut(&arena, "a\xe3z", 3, 9), "a\xef\xbf\xbdz"); /* broken inside */
    assert_string_equal(output_cut(&arena, "a\xf0\x9f\x98", 4, 9), "a");
    assert_string_equal(output_cut_both(&arena, "out", ""), "out");
    assert_string_equal(output_cut_both(&arena, "", "err"), "\n----------ERROR-------\nerr");
    memset(text, 'x', 9000);
    assert_int_equal(strlen(output_cut_both(&arena, text, "")), 2500);
    assert_int_equal(strlen(output_cut_both(&arena, text, text)),
                     2500 - strlen("\n----------ERROR-------\n") % 2);
    assert_true(strlen(output_cut_both(&arena, text, "short")) <= 2500);
}

/* Words ------------------------------------------------------------------------------------------ */

static void S4_unknown_has_no_word_at_the_door(void **state)
{
    struct invocation i = {.status = INVOCATION_UNKNOWN, .details = "Unknown"};
    char text[DOOR_STATUS_DURATION_SIZE];

    (void)state;
    assert_string_equal(door_status_of(&i, 5).details, "InProgress");
    i.status = INVOCATION_PENDING;
    assert_string_equal(door_status_of(&i, 5).status, "Pending");
    i.offered_at = 1, i.redeliver_at = 4;
    assert_string_equal(door_status_of(&i, 5).status, "Delayed");
    i.acknowledged_at = 3;
    assert_string_equal(door_status_of(&i, 5).status, "InProgress");
    /* slipway-agent declined it: nothing began, and SSM has no word for that. */
    i.status = INVOCATION_FAILED, i.details = "NotStarted";
    assert_string_equal(door_status_of(&i, 5).details, "Undeliverable");
    i.status = INVOCATION_CANCELLED;
    assert_string_equal(door_status_of(&i, 5).details, "Cancelled");
    assert_string_equal(door_status_of_step(STEP_TIMED_OUT).details, "ExecutionTimedOut");
    door_status_duration(52, text);
    assert_string_equal(text, "PT0.052S");
    door_status_duration(3725007, text);
    assert_string_equal(text, "PT1H2M5.007S");
}

/* What a key may --------------------------------------------------------------------------------- */

static void T61_each_refusal_names_its_reason(void **state)
{
    static const char *listed[] = {"clear-cache"};
    struct access_key key = {.name = "ci", .documents = {.items = listed, .n = 1}};
    struct access_document d = {.name = "clear-cache", .origin = ACCESS_CONFIGURED};
    struct config_pair role[] = {{"Role", "web"}, {"Role", "app"}, {"Tier", "1"}};
    struct config_pairs tags = {.items = role, .n = 1};
    struct access_environment production = {.repository = "acme/shop", .name = "production"};
    struct access_host host = {.id = "mi-1", .name = "web-1", .tags = &tags};

    (void)state;
    assert_null(access_refuses_document(&arena, &key, &d));
    d.unguarded = "ref";
    assert_non_null(strstr(access_refuses_document(&arena, &key, &d), "ref has no allowedPattern"));
    d.unguarded = NULL, d.origin = ACCESS_MADE;
    assert_non_null(strstr(access_refuses_document(&arena, &key, &d), "made at the door"));
    key.shell = true;
    assert_null(access_refuses_document(&arena, &key, &d));
    d.name = "other";
    assert_non_null(strstr(access_refuses_document(&arena, &key, &d), "may run: clear-cache"));
    d.migrates = true;
    assert_non_null(strstr(access_refuses_document(&arena, &key, &d), "migrate job"));

    assert_non_null(strstr(access_refuses_host(&arena, &key, &host), "no host tags"));
    key.tags = (struct config_pairs){.items = role, .n = 2};
    assert_null(access_refuses_host(&arena, &key, &host)); /* web or app */
    key.tags.n = 3;
    assert_non_null(strstr(access_refuses_host(&arena, &key, &host), "Tier"));
    key.any_host = true;
    assert_null(access_refuses_host(&arena, &key, &host));
    host.environments = &production, host.n_environments = 1;
    assert_non_null(strstr(access_refuses_host(&arena, &key, &host), "acme/shop/production"));
    key.environments =
        (struct config_list){.items = (const char *[]){"acme/shop/production"}, .n = 1};
    assert_null(access_refuses_host(&arena, &key, &host));
    assert_null(access_held(&arena, &host));
    production.hold = "slow";
    assert_non_null(strstr(access_held(&arena, &host), "slow"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(S5_numbers_and_percentages_are_resolved_downwards),
        TEST(S5_sending_stops_when_errors_exceed_the_budget),
        TEST(S5_the_ramp_doubles_by_acknowledgements),
        TEST(S4_the_whole_is_what_its_hosts_add_up_to),
        TEST(S5_both_clocks_end_what_did_not_start_and_what_did_not_end),
        TEST(S5_what_its_host_cannot_tell_is_not_delivered_in_time),
        TEST(what_waits_behind_a_deployment_lets_others_go_first),
        TEST(half_written_command_of_an_earlier_run_ends_cancelled),
        TEST(S7_each_flaw_of_a_document_is_found),
        TEST(S12_a_document_has_the_types_that_amazons_agent_reads),
        TEST(S7_shipped_documents_are_documents_and_guard_what_they_must),
        TEST(S7_parameters_hold_every_constraint),
        TEST(S5_execution_timeout_is_the_sum_of_the_steps),
        TEST(patterns_match_the_whole_value_or_are_refused),
        TEST(T61_a_pattern_cannot_take_long),
        TEST(T61_thousands_of_values_are_held_to_a_pattern_at_once),
        TEST(S6_output_is_cut_between_characters),
        TEST(S4_unknown_has_no_word_at_the_door),
        TEST(T61_each_refusal_names_its_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
