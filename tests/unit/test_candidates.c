/*
 * candidates: what was rolled back is kept back however much of it there is, and whatever else is kept back (R4).
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
#include "lib/rules/release_plan.h"
#include "lib/store/store_rollback.h"
#include "tests/support/scenario.h"

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

static void put(const char *folder, const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

static void play(const char *story)
{
    const char *tmp = getenv("TMPDIR");
    struct scenario_report report;
    struct err err = ERR_INIT;
    char folder[128], command[160];
    int rc;

    snprintf(folder, sizeof(folder), "%s/slipway-candidates-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    put(folder, "config.yml", config);
    put(folder, "story", story);
    scenario_report_init(&report);
    rc = scenario_run(folder, false, &report, &err);
    if (rc < 0 || report.n_differ > 0)
        fail_msg("%s%s", err.text, buf_str(&report.text));
    scenario_report_deinit(&report);
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a folder of our own */
}

/* From r2 on to `last` all went out and back again; the next release takes all of it out but the last one. */
static void reverts_all_but_the_last(struct buf *story, int last)
{
    buf_adds(story, "at Tue 2026-11-24 15:00 Asia/Tokyo\nsource seen\nhost web-1 online\n"
                    "release r1 code \"First sight\"\ndeployed stage r1 succeeded\n");
    for (int r = 2; r <= last; r++)
        buf_addf(story, "release r%d code \"Release %d\"\n", r, r);
    buf_addf(story,
             "deployed stage r%d succeeded\nafter 60s\n"
             "rollback stage by ana because \"cannot order\"\nlook\nall of web succeed\nlook\n"
             "unhold stage\nrelease r%d code \"Out again\"\n",
             last, last + 1);
    for (int r = 2; r < last; r++)
        buf_addf(story, "reverts r%d r%d\n", last + 1, r);
}

static void expect_held_by(struct buf *story, int last)
{
    buf_addf(story,
             "expect stage\n    wait with r%d\n    start at 15:01\n"
             "    because rolled-back r%d by ana: cannot order, since 15:01\n"
             "    next change at an event\n",
             last + 1, last);
}

static void holds(int last)
{
    struct buf story;

    buf_init(&story, 1 << 16);
    reverts_all_but_the_last(&story, last);
    expect_held_by(&story, last);
    play(buf_str(&story));
    buf_deinit(&story);
}

static void R4_more_than_can_be_told_of_is_kept_back(void **state)
{
    (void)state;
    holds(RELEASE_PLAN_BARRIERS_MAX + 2);
}

static void R4_more_than_the_store_tells_at_once_is_kept_back(void **state)
{
    (void)state;
    holds(STORE_ROLLBACK_TAKEN_MAX + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R4_more_than_can_be_told_of_is_kept_back),
        cmocka_unit_test(R4_more_than_the_store_tells_at_once_is_kept_back),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
