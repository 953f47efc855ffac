/*
 * docs/reference.md and the tables agree, both ways: commands, gate causes, metrics, settings that are not built.
 * Routes have docs/openapi.yaml (test_router). SLIPWAY_WRITE=1 writes the page anew from the tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli_command.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/config/config_not_built.h"
#include "lib/model/messages.h"
#include "lib/rules/verdict.h"
#include "server/api/api_metrics.h"

#define PAGE SLIPWAY_SOURCE_DIR "/docs/reference.md"
#define PAGE_MAX (1024 * 1024)

static const char *const cells[] = {[CELL_BINDS] = "binds",
                                    [CELL_PASSES] = "passes",
                                    [CELL_NAMED] = "passes, named",
                                    [CELL_IF_NAMED] = "binds unless the act names it",
                                    [CELL_UNLESS_STRICT] = "passes unless `allow: []`",
                                    [CELL_CANCELS] = "cancels it, then goes",
                                    [CELL_NONE] = "–"};

/* A text's {names} are what the cause brings; '|' would end the cell. */
static void add_cell(struct buf *page, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            buf_addc(page, '\\');
        buf_addc(page, *text);
    }
}

static void write_page(struct buf *page)
{
    buf_adds(
        page,
        "# Reference\n\nMade from the tables of the program; a test holds this page to them.\n\n"
        "## Commands\n\n| command | arguments | does | right |\n|---|---|---|---|\n");
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct command *row = &cli_command_table[i];
        buf_addf(page, "| `slipway %s` | ", row->name);
        add_cell(page, row->args);
        buf_addf(page, " | %s | %s |\n", row->summary, row->right);
    }
    buf_adds(
        page,
        "\n## Gate causes\n\nWho asks, and what stands in the way. `{what}`, `{who}` and `{why}` are "
        "filled in.\n\n| cause | text | normal | hotfix | rollback | late host | retry |\n"
        "|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < CAUSE_COUNT; i++) {
        char key[64];
        snprintf(key, sizeof(key), "cause.%s", verdict_causes[i].key);
        buf_addf(page, "| `%s` | ", verdict_causes[i].key);
        add_cell(page, messages_text(LANGUAGE_EN, key));
        for (int pass = 0; pass < GATE_PASS_COUNT; pass++)
            buf_addf(page, " | %s", cells[verdict_causes[i].cells[pass]]);
        buf_adds(page, " |\n");
    }
    buf_adds(
        page,
        "\n## Metrics\n\n`GET /metrics` on the web listener, for a token with `view` or an address of "
        "`metrics-from`.\n\n| metric | type | labels | means |\n|---|---|---|---|\n");
    for (size_t i = 0; i < metrics_table_count; i++)
        buf_addf(page, "| `%s` | %s | %s | %s |\n", metrics_table[i].name, metrics_table[i].type,
                 metrics_table[i].labels, metrics_table[i].help);
    buf_adds(
        page,
        "\n## Settings without a rule in this version\n\nRead and checked. What binds lets no deployment "
        "start where it is set (cause `not-built`).\n\n| where | setting | |\n|---|---|---|\n");
    for (size_t i = 0; i < n_config_not_built; i++)
        buf_addf(page, "| %s | `%s` | %s |\n", config_not_built[i].where,
                 config_not_built[i].setting,
                 config_not_built[i].binds ? "binds" : "does nothing yet");
}

static void the_page_says_what_the_tables_say(void **state)
{
    struct buf page;
    char *bytes = NULL;
    size_t len = 0;

    (void)state;
    buf_init(&page, PAGE_MAX);
    write_page(&page);
    if (getenv("SLIPWAY_WRITE") != NULL)
        assert_int_equal(file_write_atomic(PAGE, buf_str(&page), page.len, 0644, NULL), 0);
    assert_int_equal(file_read_all(PAGE, PAGE_MAX, &bytes, &len, NULL), 0);
    assert_string_equal(bytes, buf_str(&page));
    free(bytes);
    buf_deinit(&page);
}

static void every_cause_has_a_text_in_both_languages(void **state)
{
    (void)state;
    for (int i = 0; i < CAUSE_COUNT; i++) {
        char key[64];
        snprintf(key, sizeof(key), "cause.%s", verdict_causes[i].key);
        assert_string_not_equal(messages_text(LANGUAGE_EN, key), key);
        assert_string_not_equal(messages_text(LANGUAGE_JA, key), key);
    }
}

static void every_command_says_how_it_is_used_and_who_may(void **state)
{
    static const char *const rights[] = {"-",       "view",         "approve-content",
                                         "operate", "approve-code", "admin"};

    (void)state;
    for (size_t i = 0; i < cli_command_count; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof(rights) / sizeof(*rights); k++)
            known = known || strcmp(cli_command_table[i].right, rights[k]) == 0;
        assert_true(known);
        assert_true(strlen(cli_command_table[i].summary) > 10);
        assert_non_null(cli_command_table[i].run);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(cli_command_table[i].name, cli_command_table[k].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_says_what_the_tables_say),
        cmocka_unit_test(every_cause_has_a_text_in_both_languages),
        cmocka_unit_test(every_command_says_how_it_is_used_and_who_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
