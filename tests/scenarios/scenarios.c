/*
 * scenarios: every folder beside this file is a case: its facts, and what is decided on them.
 *
 *      build/dev/tests/scenarios/scenarios [PART OF A NAME...]      only those whose name contains one of them
 *      SLIPWAY_WRITE=1 build/dev/tests/scenarios/scenarios NAME     replace what is expected by what is found
 *
 * What is promised at the end of a story is held to, too; with SLIPWAY_DEEP=1 at each of its expectations.
 * README.md beside it tells how to write one.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "tests/support/scenario.h"

#define FOLDER SLIPWAY_SOURCE_DIR "/tests/scenarios"

static size_t n_promised; /* in all of them */

static void scenario_holds(void **state)
{
    struct scenario_report report;
    struct err err = ERR_INIT;
    bool differs;
    int rc;

    scenario_report_init(&report);
    rc = scenario_run(*state, getenv("SLIPWAY_WRITE") != NULL, &report, &err);
    if (rc == 0 && report.n_differ == 0 && str_eq(getenv("SLIPWAY_DEEP"), "1"))
        rc = scenario_promises(*state, &report, &err);
    n_promised += report.n_promised;
    differs = report.n_differ > 0 || report.n_broken > 0;
    if (differs)
        print_error("%s", buf_str(&report.text));
    scenario_report_deinit(&report);
    if (rc < 0)
        fail_msg("%s", err.text);
    if (differs)
        fail_msg(
            "it decided otherwise; if that is right: SLIPWAY_WRITE=1, and read the difference");
}

static int is_scenario(const struct dirent *entry)
{
    return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    bool wanted = argc < 2;

    for (int i = 1; i < argc; i++)
        wanted = wanted || strstr(name, argv[i]) != NULL;
    return wanted;
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    struct CMUnitTest *tests;
    struct arena arena;
    size_t n_tests = 0;
    int rc, n = scandir(FOLDER, &entries, is_scenario, alphasort);

    if (n <= 0) {
        fprintf(stderr, "no scenario in %s\n", FOLDER);
        return 1;
    }
    log_init(LOG_LOGFMT, LOG_ERROR);
    arena_init(&arena);
    tests = arena_array(&arena, (size_t)n, sizeof(*tests));
    for (int i = 0; i < n; i++) {
        const char *name = arena_str(&arena, entries[i]->d_name);
        if (is_wanted(name, argc, argv))
            tests[n_tests++] =
                (struct CMUnitTest){.name = name,
                                    .test_func = scenario_holds,
                                    .initial_state = arena_printf(&arena, "%s/%s", FOLDER, name)};
        free(entries[i]);
    }
    free(entries);
    rc = _cmocka_run_group_tests("scenarios", tests, n_tests, NULL, NULL);
    print_message("%zu promises were held to\n", n_promised);
    arena_deinit(&arena);
    return n_tests == 0 ? 1 : rc;
}
