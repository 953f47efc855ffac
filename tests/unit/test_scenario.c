/*
 * scenario: the runner of tests/scenarios can fail: a wrong expectation, a word it does not know, a time
 * that goes backwards. Each case writes a folder of its own and plays it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "tests/support/scenario.h"
#include "tests/support/scenario_words.h"

static const char config[] =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "github: { webhook-secret-files: [secret] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    environments:\n"
    "      stage: { on: merge, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "    jobs:\n"
    "      web: { runs-on: [web], steps: [{ run: \"true\" }] }\n";

#define BEGIN "at Tue 2026-11-24 14:20 Asia/Tokyo\n"
#define FACTS                                                                                      \
    BEGIN "source seen\nhost web-1 online\nrelease r1 code \"First sight\"\n"                      \
          "release r2 code \"Coupons\"  # a comment\n"
#define EXPECTED                                                                                   \
    "expect stage\n    cut r2\n    start at 14:20\n    nothing is against it\n"                    \
    "    next change at an event\n"

struct folder {
    char path[128];
    char story[160];
    struct scenario_report report;
    struct err err;
    int rc;
};

static void put(const char *folder, const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

static void play(struct folder *f, const char *story, bool write)
{
    const char *tmp = getenv("TMPDIR");

    memset(f, 0, sizeof(*f));
    snprintf(f->path, sizeof(f->path), "%s/slipway-story-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->path));
    snprintf(f->story, sizeof(f->story), "%s/story", f->path);
    put(f->path, "config.yml", config);
    put(f->path, "story", story);
    scenario_report_init(&f->report);
    f->rc = scenario_run(f->path, write, &f->report, &f->err);
}

static void end(struct folder *f)
{
    char command[160];

    scenario_report_deinit(&f->report);
    snprintf(command, sizeof(command), "rm -rf '%s'", f->path);
    assert_int_equal(system(command), 0);
}

/* The story cannot be played; the text says where and why. */
static void refused(const char *story, int line, const char *why)
{
    struct folder f;
    char place[200];

    play(&f, story, false);
    snprintf(place, sizeof(place), "%s:%d: ", f.story, line);
    if (f.rc != ERR_INVALID || strstr(f.err.text, place) != f.err.text ||
        strstr(f.err.text, why) == NULL)
        fail_msg("expected line %d and \"%s\", came %d: %s", line, why, f.rc, f.err.text);
    end(&f);
}

static void a_story_that_is_right_passes(void **state)
{
    struct folder f;

    (void)state;
    play(&f, FACTS EXPECTED, false);
    if (f.rc < 0 || f.report.n_differ > 0)
        fail_msg("%s%s", f.err.text, buf_str(&f.report.text));
    assert_int_equal(f.report.n_expected, 1);
    end(&f);
}

static void a_wrong_expectation_fails_and_shows_both(void **state)
{
    struct folder f;

    (void)state;
    play(&f, FACTS "expect stage\n    cut r3\n    next change 15:00\n", false);
    assert_int_equal(f.rc, 0);
    assert_int_equal(f.report.n_differ, 1);
    assert_non_null(strstr(buf_str(&f.report.text), "    cut r3\n"));
    assert_non_null(strstr(buf_str(&f.report.text), "    cut r2\n    start at 14:20\n"));
    end(&f);
}

static void a_line_more_or_less_is_a_difference(void **state)
{
    static const char *const stories[] = {FACTS "expect stage\n", FACTS EXPECTED "    and more\n"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct folder f;
        play(&f, stories[i], false);
        assert_int_equal(f.report.n_differ, 1);
        end(&f);
    }
}

static void writing_replaces_only_what_was_expected(void **state)
{
    struct folder f;
    size_t len;
    char *text;

    (void)state;
    play(&f, FACTS "expect stage\n    nonsense\n\n# the end\n", true);
    assert_int_equal(f.rc, 0);
    assert_int_equal(f.report.n_differ, 0);
    assert_int_equal(file_read_all(f.story, 65536, &text, &len, NULL), 0);
    assert_string_equal(text, FACTS EXPECTED "\n# the end\n");
    free(text);
    end(&f);
}

static void a_word_that_is_not_known_is_refused(void **state)
{
    (void)state;
    refused(BEGIN "relaese r1 code \"x\"\n", 2, "did you mean \"release\"");
    refused(BEGIN "host web-1 onlin\n", 2, "`host HOST online` or `host HOST registered`");
    refused(BEGIN "release r1 lane \"x\"\n", 2, "a lane is code, content or unknown, not lane");
    refused(BEGIN "release 1 code \"x\"\n", 2, "a release is expected, as in r2, not 1");
    refused(BEGIN "release r1 code \"x\n", 2, "a quote is opened and not closed");
    refused(BEGIN "deployed stage r1 done\n", 2, "one of waiting, deploying, succeeded");
}

static void a_name_that_is_not_configured_is_refused(void **state)
{
    (void)state;
    refused(BEGIN "in acme/shopp\n", 2, "repository acme/shopp is not in the configuration");
    refused(BEGIN "expect production\n", 2,
            "acme/shop has no environment production; it has stage");
    refused(BEGIN "host web-2 silent\n", 2, "host web-2 is not registered");
    refused(BEGIN "command web on web-1 Success\n", 2, "web-1 has no command of job web");
    refused(BEGIN "expect stage moves\n", 2, "no deployment is open in stage");
}

static void time_does_not_go_back(void **state)
{
    (void)state;
    refused(BEGIN "at 14:19\n", 2, "not later than before");
    refused(BEGIN "at 14:20\n", 2, "not later than before");
    refused("source seen\n", 1, "a story begins with `at WHEN`");
    refused("at 14:20 Asia/Tokyo\n", 1, "the first time of a story names its date");
    refused("at 2026-11-24 14:20\n", 1, "the first time of a story names its zone");
    refused("at Mon 2026-11-24 14:20 Asia/Tokyo\n", 1, "that day is a Tue, not a Mon");
    refused("at 2026-03-08 02:30 America/New_York\n", 1, "there is no such time on that day");
}

static void a_story_expects_something(void **state)
{
    struct folder f;

    (void)state;
    play(&f, FACTS, false);
    assert_int_equal(f.rc, ERR_INVALID);
    assert_non_null(strstr(f.err.text, "it expects nothing"));
    end(&f);
    refused(BEGIN "    cut r2\n", 2, "stands only below an `expect`");
}

/* words.md is the table; SLIPWAY_WRITE=1 writes it anew. */
static void every_word_is_told(void **state)
{
    static const char path[] = SLIPWAY_SOURCE_DIR "/tests/scenarios/words.md";
    struct buf table;
    size_t len;
    char *text;

    (void)state;
    buf_init(&table, 65536);
    buf_adds(&table,
             "# The words of a story\n\nMade from the table in `tests/support/scenario_words.c`"
             " by `SLIPWAY_WRITE=1 build/dev/tests/unit/test_scenario`.\n\n"
             "| line | what it does |\n|---|---|\n");
    scenario_words_print(&table);
    if (getenv("SLIPWAY_WRITE") != NULL)
        assert_int_equal(file_write_atomic(path, buf_str(&table), table.len, 0644, NULL), 0);
    assert_int_equal(file_read_all(path, 65536, &text, &len, NULL), 0);
    assert_string_equal(text, buf_str(&table));
    free(text);
    buf_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_story_that_is_right_passes),
        cmocka_unit_test(a_wrong_expectation_fails_and_shows_both),
        cmocka_unit_test(a_line_more_or_less_is_a_difference),
        cmocka_unit_test(writing_replaces_only_what_was_expected),
        cmocka_unit_test(a_word_that_is_not_known_is_refused),
        cmocka_unit_test(a_name_that_is_not_configured_is_refused),
        cmocka_unit_test(time_does_not_go_back),
        cmocka_unit_test(a_story_expects_something),
        cmocka_unit_test(every_word_is_told),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
