/* log: one event, one line, whatever is in it (T42). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

static char captured[70000];
static int pipe_ends[2], real_stderr;

/* From here on standard error goes into `captured`, not a terminal. */
static void capture(enum log_format format, enum log_level least)
{
    assert_int_equal(pipe2(pipe_ends, O_NONBLOCK), 0);
    real_stderr = dup(STDERR_FILENO);
    dup2(pipe_ends[1], STDERR_FILENO);
    log_init(format, least);
}

static const char *released(void)
{
    ssize_t n = read(pipe_ends[0], captured, sizeof(captured) - 1);

    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    captured[n < 0 ? 0 : n] = '\0';
    return captured;
}

static size_t lines_of(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void a_line_has_priority_time_level_event_and_fields(void **state)
{
    const char *line;

    (void)state;
    capture(LOG_AUTO, LOG_NOTICE);
    log_notice("deployment.started", "deployment=%d repo=%s", 7, LOG("acme/app"));
    line = released();
    assert_memory_equal(line, "<5>time=20", 10);
    assert_string_equal(line + 3 + 5 + 24,
                        " level=notice event=deployment.started deployment=7 repo=acme/app\n");
}

static void priorities_are_journalds_and_lower_levels_are_dropped(void **state)
{
    (void)state;
    capture(LOG_LOGFMT, LOG_WARNING);
    log_debug("d", "a=1");
    log_notice("n", "a=1");
    log_warning("w", "a=1");
    log_error("e", "%s", "");
    released();
    assert_int_equal(lines_of(captured), 2);
    assert_memory_equal(captured, "<4>time=", 8);
    assert_non_null(strstr(captured, "level=warning event=w a=1\n<3>time="));
    assert_non_null(strstr(captured, "level=error event=e\n"));
}

static void tokens_are_quoted_only_where_needed(void **state)
{
    (void)state;
    assert_string_equal(log_token("acme/app"), "acme/app");
    assert_string_equal(log_token(""), "\"\"");
    assert_string_equal(log_token(NULL), "-");
    assert_string_equal(log_token("two words"), "\"two words\"");
    assert_string_equal(log_token("a=b"), "\"a=b\"");
    assert_string_equal(log_token("say \"hi\" \\o/"), "\"say \\\"hi\\\" \\\\o/\"");
    assert_string_equal(log_token("\x1b]0;x\x07"
                                  "evil\r\nlevel=error"),
                        "\"evillevel=error\"");
}

static void T42_a_token_is_bounded_and_valid_whatever_comes(void **state)
{
    char text[5000];

    (void)state;
    for (int c = 1; c < 256; c++) {
        const char *token;
        memset(text, c, sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        token = log_token(text);
        assert_true(strlen(token) < 512);
        assert_true(str_is_utf8(token, strlen(token)));
        assert_true(token[0] != '"' || (strlen(token) > 1 && token[strlen(token) - 1] == '"'));
    }
}

static void eight_tokens_of_one_line_live_together(void **state)
{
    (void)state;
    capture(LOG_LOGFMT, LOG_NOTICE);
    log_notice("many", "a=%s b=%s c=%s d=%s e=%s f=%s g=%s h=%s", LOG("1"), LOG("2"), LOG("3"),
               LOG("4"), LOG("5"), LOG("6"), LOG("7"), LOG("8"));
    assert_non_null(strstr(released(), "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8\n"));
}

static void T42_no_text_forges_a_line_even_if_it_was_not_cleaned(void **state)
{
    static const enum log_format formats[] = {LOG_TEXT, LOG_LOGFMT, LOG_JSON};
    /* NOLINTNEXTLINE(misc-misleading-bidirectional) */
    const char *evil = "x\n<3>time=now level=error event=forged\r\x1b[2J\xe2\x80\xae\xff";

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        capture(formats[i], LOG_NOTICE);
        log_notice("e", "raw=%s", evil);
        log_notice("e", "token=%s", LOG(evil));
        released();
        assert_int_equal(lines_of(captured), 2);
        assert_null(strpbrk(captured, "\r\x1b"));
        /* NOLINTNEXTLINE(misc-misleading-bidirectional) */
        assert_null(strstr(captured, "\xe2\x80\xae"));
        assert_true(str_is_utf8(captured, strlen(captured)));
    }
}

static void json_lines_have_the_fields_as_members(void **state)
{
    struct err err = ERR_INIT;
    struct cJSON *json = NULL;

    (void)state;
    capture(LOG_JSON, LOG_NOTICE);
    log_notice("deployment.started", "deployment=%d host=%s err=%s empty=%s", 7, LOG("web-1"),
               LOG("said \"no\" \\ a=b"), LOG(""));
    released();
    assert_int_equal(lines_of(captured), 1);
    assert_int_equal(json_parse(captured, strlen(captured), NULL, &json, &err), 0);
    assert_string_equal(json_str(json, "level"), "notice");
    assert_string_equal(json_str(json, "event"), "deployment.started");
    assert_int_equal(strlen(json_str(json, "time")), 24);
    assert_string_equal(json_str(json, "deployment"), "7");
    assert_string_equal(json_str(json, "host"), "web-1");
    assert_string_equal(json_str(json, "err"), "said \"no\" \\ a=b");
    assert_string_equal(json_str(json, "empty"), "");
    assert_null(json_get(json, "text"));
    json_free(json);
}

static void what_is_no_field_is_kept_as_text_in_json(void **state)
{
    static const struct {
        const char *fields, *text;
    } cases[] = {
        {"plain words", "plain words"},
        {"a=1 then words", "then words"},
        {"a=1 b=\"open", "b=\"open"},
        {"a=1 b=\"x\"y", "b=\"x\"y"},
        {"=1", "=1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct cJSON *json = NULL;
        capture(LOG_JSON, LOG_NOTICE);
        log_notice("e", "%s", cases[i].fields);
        released();
        assert_int_equal(json_parse(captured, strlen(captured), NULL, &json, NULL), 0);
        assert_string_equal(json_str(json, "text"), cases[i].text);
        json_free(json);
    }
}

static void the_longest_line_is_still_one_valid_line(void **state)
{
    static const char *const pieces[] = {"k=", "a= ", "\"", "\\", "a=\" ", "\xff", "x"};
    char text[9000];

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        struct cJSON *json = NULL;
        struct err err = ERR_INIT;
        text[0] = '\0';
        for (size_t n = 0; n + 8 < sizeof(text); n += strlen(pieces[i]))
            memcpy(text + n, pieces[i], strlen(pieces[i]) + 1);
        capture(LOG_JSON, LOG_NOTICE);
        log_notice("e", "%s", text);
        released();
        assert_int_equal(lines_of(captured), 1);
        /* Equal keys are the writer's own fault; all else must hold. */
        if (json_parse(captured, strlen(captured), NULL, &json, &err) < 0)
            assert_non_null(strstr(err.text, "duplicate key"));
        json_free(json);
    }
}

static void what_strangers_cause_is_said_so_often_in_a_second_and_the_rest_counted(void **state)
{
    struct log_outside o = {0};
    uint64_t unsaid;

    (void)state;
    for (int i = 0; i < LOG_OUTSIDE; i++)
        assert_true(log_outside_says(&o, 7, &unsaid));
    for (int i = 0; i < 1000; i++)
        assert_false(log_outside_says(&o, 7, &unsaid));
    assert_true(log_outside_says(&o, 8, &unsaid));
    assert_int_equal(unsaid, 1000);
    assert_true(log_outside_says(&o, 8, &unsaid));
    assert_int_equal(unsaid, 0);
    capture(LOG_LOGFMT, LOG_NOTICE);
    for (int i = 0; i < 10000; i++)
        log_outside(&o, "http.refused", "peer=%s", LOG("192.0.2.1"));
    assert_in_range(lines_of(released()), 1, 60); /* it may take some seconds */
}

static void what_was_not_said_is_told_by_the_next_line(void **state)
{
    struct log_outside o = {.unsaid = 41};

    (void)state;
    capture(LOG_LOGFMT, LOG_NOTICE);
    log_outside(&o, "http.refused", "peer=%s", LOG("192.0.2.1"));
    assert_non_null(strstr(released(), "event=http.refused peer=192.0.2.1 unsaid=41\n"));
}

static void a_line_that_is_full_leaves_it_to_the_next_one(void **state)
{
    struct log_outside o = {.unsaid = 41};
    char text[20000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    capture(LOG_LOGFMT, LOG_NOTICE);
    log_outside(&o, "http.refused", "peer=%s", text);
    assert_null(strstr(released(), "unsaid="));
    assert_int_equal(o.unsaid, 41);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_priority_time_level_event_and_fields),
        cmocka_unit_test(priorities_are_journalds_and_lower_levels_are_dropped),
        cmocka_unit_test(tokens_are_quoted_only_where_needed),
        cmocka_unit_test(T42_a_token_is_bounded_and_valid_whatever_comes),
        cmocka_unit_test(eight_tokens_of_one_line_live_together),
        cmocka_unit_test(T42_no_text_forges_a_line_even_if_it_was_not_cleaned),
        cmocka_unit_test(json_lines_have_the_fields_as_members),
        cmocka_unit_test(what_is_no_field_is_kept_as_text_in_json),
        cmocka_unit_test(the_longest_line_is_still_one_valid_line),
        cmocka_unit_test(what_strangers_cause_is_said_so_often_in_a_second_and_the_rest_counted),
        cmocka_unit_test(what_was_not_said_is_told_by_the_next_line),
        cmocka_unit_test(a_line_that_is_full_leaves_it_to_the_next_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
