/*
 * docs/configuration.md is true: its example is read without a word, it names every key that the reader knows,
 * and it says of each setting without a rule that it has none, no more and no less.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/config/config_not_built.h"
#include "lib/config/config_read.h"

#define PAGE SLIPWAY_SOURCE_DIR "/docs/configuration.md"
#define FILE_MAX (1024 * 1024)
#define BINDS "**Not built, binds: `"
#define NOTHING "**Not built, does nothing: `"

/* Where lib/config says which keys there are: READER_KEYS(...), and the list of the top. */
static const char *const sources[] = {"config_read.c",      "config_aws_read.c",
                                      "config_repo_read.c", "config_job_read.c",
                                      "config_not_built.c", "reader.c"};

static char *read_text(const char *path)
{
    char *text = NULL;
    size_t len;

    if (file_read_all(path, FILE_MAX, &text, &len, NULL) < 0)
        fail_msg("%s cannot be read", path);
    return text;
}

static void the_example_of_the_page_is_read_without_a_word(void **state)
{
    static const char begin[] = "```yaml\n";
    char *page = read_text(PAGE);
    const char *example = strstr(page, begin);
    const char *end = example == NULL ? NULL : strstr(example, "\n```\n");
    struct config *config = NULL;
    struct problems problems;
    struct err err = ERR_INIT;
    struct arena arena;
    int rc;

    (void)state;
    assert_non_null(example);
    assert_non_null(end);
    arena_init(&arena);
    problems_init(&problems, &arena);
    example += strlen(begin);
    rc = config_read_bytes(example, (size_t)(end + 1 - example), "/etc/slipway", &config, &problems,
                           &err);
    for (size_t i = 0; i < problems.n; i++)
        print_error("%d: %s\n", problems.items[i].line, problems.items[i].text);
    assert_int_equal(rc, 0);
    assert_int_equal(problems.n, 0);
    for (size_t i = 0; i < config->n_repos; i++)
        for (size_t k = 0; k < config->repos[i].n_environments; k++)
            assert_int_equal(config->repos[i].environments[k].n_unbuilt, 0);
    config_free(config);
    arena_deinit(&arena);
    free(page);
}

/* Each "word" in quotes up to `end`; how many there were. */
static size_t expect_words(const char *page, const char *text, const char *end, const char *file)
{
    size_t n = 0;

    for (;;) {
        const char *open = memchr(text, '"', (size_t)(end - text));
        const char *close = open == NULL ? NULL : memchr(open + 1, '"', (size_t)(end - open - 1));
        char key[80];
        if (close == NULL)
            return n;
        (void)snprintf(key, sizeof(key), "`%.*s`", (int)(close - open - 1), open + 1);
        if (strstr(page, key) == NULL)
            fail_msg("docs/configuration.md does not name %s, which %s reads", key, file);
        text = close + 1;
        n++;
    }
}

static void every_key_of_the_reader_is_named_in_the_page(void **state)
{
    char *page = read_text(PAGE);
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
        char path[512];
        char *source;
        (void)snprintf(path, sizeof(path), SLIPWAY_SOURCE_DIR "/lib/config/%s", sources[i]);
        source = read_text(path);
        for (const char *p = source; (p = strstr(p, "READER_KEYS(")) != NULL; p++)
            n += expect_words(page, p, strchr(p, ')'), sources[i]);
        if (strstr(source, "top_keys[] = {") != NULL) {
            const char *top = strstr(source, "top_keys[] = {");
            n += expect_words(page, top, strchr(top, '}'), sources[i]);
        }
        free(source);
    }
    assert_true(n > 100); /* the lists were found */
    free(page);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
        n++;
    return n;
}

static void what_is_not_built_is_said_in_the_page_and_nothing_else(void **state)
{
    char *page = read_text(PAGE);

    (void)state;
    for (size_t i = 0; i < n_config_not_built; i++) {
        char mark[160];
        (void)snprintf(mark, sizeof(mark), "%s%s`**", config_not_built[i].binds ? BINDS : NOTHING,
                       config_not_built[i].setting);
        if (count(page, mark) != 1)
            fail_msg("docs/configuration.md must say once: %s", mark);
    }
    if (count(page, BINDS) + count(page, NOTHING) != n_config_not_built)
        fail_msg("docs/configuration.md says of a setting that it is not built, and it is");
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_page_is_read_without_a_word),
        cmocka_unit_test(every_key_of_the_reader_is_named_in_the_page),
        cmocka_unit_test(what_is_not_built_is_said_in_the_page_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
