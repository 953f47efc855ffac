/* SLIPWAY_RESULT: foreign lines, bounded before they are believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/result_file.h"
#include "lib/base/file.h"
#include "lib/base/redact.h"
#include "lib/ssm/message_reply.h"

static struct arena arena;
static struct result_lines lines;

static void add(const char *text)
{
    result_lines_add(&arena, &lines, text, strlen(text));
}

static void lines_come_in_order_and_the_last_one_counts(void **state)
{
    (void)state;
    add("commit=4f2c9e1\nprocess-commit=1\n\nmigrate=changed\n");
    add("migrate=none\nnote=a=b c");
    assert_int_equal(lines.n, 5);
    assert_int_equal(lines.n_odd, 0);
    assert_string_equal(lines.lines[0].key, "commit");
    assert_string_equal(lines.lines[4].value, "a=b c");
    assert_true(result_lines_say(&lines, "migrate", "none"));
    assert_false(result_lines_say(&lines, "migrate", "changed"));
    assert_false(result_lines_say(&lines, "pending", "0"));
}

static void odd_lines_are_left_out_and_counted(void **state)
{
    char with_nul[] = "com\0mit=x\n";

    (void)state;
    add("no equals sign\n=value\n-dash=1\nbad key=1\nok=1\n$(id)=1\n");
    result_lines_add(&arena, &lines, with_nul, sizeof(with_nul) - 1);
    assert_int_equal(lines.n, 1);
    assert_string_equal(lines.lines[0].key, "ok");
    assert_int_equal(lines.n_odd, 6);
}

static void values_are_clean_and_short(void **state)
{
    char text[3000];

    (void)state;
    add("note=a\x1b[31mred\r\n");
    assert_null(strchr(lines.lines[0].value, '\x1b'));
    assert_null(strchr(lines.lines[0].value, '\r'));
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "note=", 5);
    text[sizeof(text) - 1] = '\0';
    add(text);
    assert_true(strlen(lines.lines[1].value) <= MESSAGE_REPLY_RESULT_MAX);
}

static void there_are_at_most_so_many_and_so_much(void **state)
{
    char text[1100];

    (void)state;
    for (int i = 0; i < MESSAGE_REPLY_RESULTS_MAX + 10; i++)
        add("n=1\n");
    assert_true(lines.n < MESSAGE_REPLY_RESULTS_MAX); /* some are kept for what the rules read */
    assert_int_equal(lines.n + lines.n_odd, MESSAGE_REPLY_RESULTS_MAX + 10);
    lines = (struct result_lines){.n = 0};
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "note=", 5);
    text[1000] = '\0';
    for (int i = 0; i < 100; i++) {
        add(text);
        add("\n");
    }
    assert_true(lines.bytes <= RESULT_LINES_BYTES_MAX);
    assert_true(lines.n < 100);
}

static void the_last_line_that_the_rules_read_always_fits(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct err err = ERR_INIT;
    char folder[128], path[160];
    FILE *file;

    (void)state;
    add("migrate=changed\n");
    for (int i = 0; i < MESSAGE_REPLY_RESULTS_MAX + 10; i++)
        add("n=1\n");
    add("migrate=unknown\npending=1\nmigrate=unknown\n");
    assert_true(result_lines_say(&lines, "migrate", "unknown"));
    assert_true(result_lines_say(&lines, "pending", "1"));
    assert_true(lines.n <= MESSAGE_REPLY_RESULTS_MAX);
    lines = (struct result_lines){.n = 0};
    snprintf(folder, sizeof(folder), "%.80s/slipway-result-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/result", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 50000; i++)
        fprintf(file, "note=line %d of a script that talks a lot\n", i);
    fputs("migrate=unknown", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(result_file_read(&arena, &lines, path, &err), 0);
    assert_true(result_lines_say(&lines, "migrate", "unknown"));
    assert_true(lines.n_odd > 40000);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_line_without_an_end_is_no_line(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct err err = ERR_INIT;
    char folder[128], path[160];
    FILE *file;

    (void)state;
    snprintf(folder, sizeof(folder), "%.80s/slipway-result-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/result", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("a=1\nb=", file);
    for (int i = 0; i < 200000; i++)
        fputc('x', file);
    fputs("\nmigrate=none\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(result_file_read(&arena, &lines, path, &err), 0);
    assert_string_equal(lines.lines[0].key, "a");
    assert_true(result_lines_say(&lines, "migrate", "none"));
    assert_true(lines.n_odd > 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void only_a_regular_file_is_read(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct err err = ERR_INIT;
    char folder[128], path[160];

    (void)state;
    snprintf(folder, sizeof(folder), "%.80s/slipway-result-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/result", folder);
    assert_int_equal(result_file_read(&arena, &lines, path, &err), 0); /* none: nothing was said */
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(result_file_read(&arena, &lines, path, &err), ERR_INVALID);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* and nobody waits for a writer */
    assert_int_equal(result_file_read(&arena, &lines, path, &err), ERR_INVALID);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(lines.n, 0);
    assert_int_equal(file_write_atomic(path, "a=1\nb=2", 7, 0600, &err), 0);
    assert_int_equal(result_file_read(&arena, &lines, path, &err), 0);
    assert_int_equal(lines.n, 2);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void T40_a_value_is_hidden_before_it_is_cut(void **state)
{
    char text[MESSAGE_REPLY_RESULT_MAX + 64];
    struct redact *redact;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(redact_parse("hunter[0-9]+\n", &redact, &err), 0);
    lines.redact = redact;
    snprintf(text, sizeof(text), "note=%*s", (int)MESSAGE_REPLY_RESULT_MAX - 6, "");
    memset(text + 5, 'x', MESSAGE_REPLY_RESULT_MAX - 6);
    strcat(text, "hunter22\nmigrate=changed\n"); /* the cut is behind its sixth letter */
    add(text);
    assert_null(strstr(lines.lines[0].value, "hunter"));
    assert_string_equal(lines.lines[1].value, "changed");
    redact_free(redact);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    lines = (struct result_lines){.n = 0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_come_in_order_and_the_last_one_counts),
        TEST(odd_lines_are_left_out_and_counted),
        TEST(values_are_clean_and_short),
        TEST(T40_a_value_is_hidden_before_it_is_cut),
        TEST(there_are_at_most_so_many_and_so_much),
        TEST(the_last_line_that_the_rules_read_always_fits),
        TEST(a_line_without_an_end_is_no_line),
        TEST(only_a_regular_file_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
