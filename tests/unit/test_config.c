/* config: the whole file, every mistake in one run, nothing configured is silently passed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/config/config_not_built.h"
#include "lib/config/config_read.h"

#define HEAD                                                                                       \
    "version: 1\n"                                                                                 \
    "github: { webhook-secret-files: [webhook-secret] }\n"                                         \
    "mirror-roots: [/srv/git]\n"                                                                   \
    "repos:\n"
#define REPO                                                                                       \
    "  acme/shop:\n"                                                                               \
    "    mirror: file:///srv/git/acme/shop.git\n"                                                  \
    "    root: /srv/shop\n"
#define STAGE "      stage: { on: merge, roles: { web: { agent: { hosts: [a, b] } } } }\n"
#define JOBS                                                                                       \
    "    jobs:\n"                                                                                  \
    "      web: { runs-on: [web], steps: [{ uses: fetch }, { uses: activate }] }\n"

struct outcome {
    struct arena arena;
    struct problems problems;
    struct config *config;
    struct err err;
    int rc;
};

static void read_text(struct outcome *o, const char *text)
{
    memset(o, 0, sizeof(*o));
    arena_init(&o->arena);
    problems_init(&o->problems, &o->arena);
    o->rc =
        config_read_bytes(text, strlen(text), "/etc/slipway", &o->config, &o->problems, &o->err);
    if (o->rc < 0)
        o->config = NULL;
}

static void outcome_end(struct outcome *o)
{
    config_free(o->config);
    arena_deinit(&o->arena);
}

static bool says(const struct outcome *o, const char *text)
{
    for (size_t i = 0; i < o->problems.n; i++)
        if (strstr(o->problems.items[i].text, text) != NULL)
            return true;
    return false;
}

static void expect_error(const char *text, const char *what, int line)
{
    struct outcome o;
    bool found = false;

    read_text(&o, text);
    for (size_t i = 0; i < o.problems.n; i++)
        found = found ||
                (strstr(o.problems.items[i].text, what) != NULL && !o.problems.items[i].warning &&
                 (line == 0 || o.problems.items[i].line == line));
    if (o.rc != ERR_INVALID || !found) {
        for (size_t i = 0; i < o.problems.n; i++)
            print_error("%d: %s\n", o.problems.items[i].line, o.problems.items[i].text);
        fail_msg("expected in line %d: %s", line, what);
    }
    outcome_end(&o);
}

/* What no probe stands for may run where it likes, and one job may migrate one database of several environments. */
static void M2_what_is_one_database_and_one_place_is_no_mistake(void **state)
{
    struct outcome o;

    (void)state;
    read_text(
        &o,
        "databases: { one: [acme/shop/stage/db, acme/shop/live/db] }\n" HEAD REPO
        "    environments:\n" STAGE
        "      live: { on: merge, roles: { web: { agent: { hosts: [c] } } } }\n"
        "    jobs:\n"
        "      m: { once: db, runs-on: [web], steps: [{ uses: fetch, run-as: git }, "
        "{ uses: migrate, with: { tool: rails }, env: { A: \"1\" } }, { run: x, env: { A: \"2\" } }] }\n"
        "      n: { once: queue, runs-on: [web], steps: [{ run: x, env: { A: \"1\" } }, "
        "{ run: x }] }\n");
    for (size_t i = 0; i < o.problems.n; i++)
        if (!o.problems.items[i].warning)
            fail_msg("%s", o.problems.items[i].text);
    assert_int_equal(o.rc, 0);
    outcome_end(&o);
}

static void the_example_is_read_and_says_what_is_not_built(void **state)
{
    struct arena arena;
    struct problems problems;
    struct config *config = NULL;
    struct err err = ERR_INIT;
    const struct config_repo *app;
    const struct config_environment *production;

    (void)state;
    arena_init(&arena);
    problems_init(&problems, &arena);
    if (config_read(SLIPWAY_SOURCE_DIR "/deploy/examples/slipway.yml", &config, &problems, &err) <
        0) {
        for (size_t i = 0; i < problems.n; i++)
            print_error("%d: %s\n", problems.items[i].line, problems.items[i].text);
        fail_msg("%s", err.text);
    }
    app = config_repo(config, "acme/rails-app");
    production = config_environment(app, "production");
    assert_int_equal(production->on, CONFIG_ON_SCHEDULE);
    assert_int_equal(production->at.n, 2);
    assert_string_equal(production->at.items[1], "15:00:00");
    assert_int_equal(production->cut_off_ms, 600000);
    assert_string_equal(production->timezone, "Asia/Tokyo");
    assert_string_equal(production->needs[0]->name, "stage");
    assert_int_equal(app->n_jobs, 5);
    assert_string_equal(app->jobs[1].once, "primary-db");
    assert_string_equal(config_database(config, production, "primary-db", &arena),
                        "acme/rails-app/production/primary-db");
    assert_string_equal(app->jobs[2].steps[1].run_as, "root");
    assert_string_equal(app->jobs[2].steps[0].run_as, "deploy");
    assert_int_equal(production->approvals.code, 1);
    assert_int_equal(production->approvals.content, 0);
    assert_false(production->approvals.self);
    assert_int_equal(production->approvals.expire_ms, INT64_C(7) * 86400000);
    assert_int_equal(production->ci.n, 1);
    assert_string_equal(production->ci.items[0], "test");
    assert_false(production->check);
    assert_int_equal(production->n_unbuilt, 0);
    assert_true(production->roles[0].ssm);
    assert_string_equal(config->aws_region, "ap-northeast-1");
    config_free(config);
    arena_deinit(&arena);
}

static void aws_is_a_region_and_perhaps_an_endpoint_that_nobody_can_listen_to(void **state)
{
    static const char *const endpoints[] = {"https://vpce-1.ssm.example:8443",
                                            "http://127.0.0.1:8701", "http://localhost",
                                            "http://[::1]:1", "https://h/"};
    static const char *const plain[] = {"http://ssm.example", "http://127.0.0.1.example",
                                        "http://localhost.example", "http://10.0.0.1"};
    struct outcome o;
    char text[512];

    (void)state;
    read_text(&o, HEAD REPO
              "    environments:\n" STAGE JOBS
              "aws: { region: eu-west-1, endpoint: \"https://h:1/\", profile: slipway }\n");
    assert_int_equal(o.rc, 0);
    assert_string_equal(o.config->aws_region, "eu-west-1");
    assert_string_equal(o.config->aws_endpoint, "https://h:1");
    assert_string_equal(o.config->aws_profile, "slipway");
    assert_non_null(strstr(o.config->text, "\"region\":\"eu-west-1\""));
    outcome_end(&o);
    read_text(&o, HEAD REPO "    environments:\n" STAGE JOBS "aws: { region: eu-west-1 }\n");
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.problems.n, 0);
    assert_null(o.config->aws_endpoint);
    outcome_end(&o);
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        (void)snprintf(text, sizeof(text), "%saws: { region: eu-west-1, endpoint: \"%s\" }\n",
                       HEAD REPO "    environments:\n" STAGE JOBS, endpoints[i]);
        read_text(&o, text);
        assert_int_equal(o.rc, 0);
        outcome_end(&o);
    }
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        (void)snprintf(text, sizeof(text),
                       "version: 1\naws: { region: eu-west-1, endpoint: \"%s\" }\n", plain[i]);
        expect_error(text, "only this machine is asked by plain http", 2);
    }
    expect_error("version: 1\naws: { endpoint: \"https://h\" }\n", "`region` is missing", 2);
    expect_error("version: 1\naws: { region: eu.west }\n", "ap-northeast-1 is expected", 2);
    expect_error("version: 1\naws: { region: eu-west-1, endpoint: \"https://h/p\" }\n",
                 "https://HOST[:PORT] is expected", 2);
    expect_error("version: 1\naws: { region: eu-west-1, endpoint: \"https://u@h\" }\n",
                 "https://HOST[:PORT] is expected", 2);
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        (void)snprintf(text, sizeof(text), "version: 1\ngithub: { api: \"%s/api/v3\" }\n",
                       plain[i]);
        expect_error(text, "api: only this machine is asked by plain http", 2);
    }
    expect_error("version: 1\ngithub: { api: \"https://u@h/api/v3\" }\n",
                 "api: https://HOST[:PORT][/PATH] is expected", 2);
    expect_error("version: 1\ngithub: { api: \"https:///api/v3\" }\n", "is expected", 2);
    expect_error("version: 1\naws: { region: eu-west-1, profile: \"a]b\" }\n", "shared files", 2);
    expect_error("version: 1\naws: { region: eu-west-1, regoin: x }\n", "unknown key \"regoin\"",
                 2);
}

static void five_mistakes_are_told_in_one_run_with_line_column_and_excerpt(void **state)
{
    struct outcome o;
    struct buf text;

    (void)state;
    read_text(&o, HEAD REPO
              "    brnch: main\n"
              "    environments:\n"
              "      stage: { on: merg, roles: { web: { agent: { hosts: [a] } } } }\n"
              "      production: { on: schedule, at: 25:00, needs: [stge], roles: { web: { "
              "agent: { hosts: [b] } } } }\n"
              "    jobs:\n"
              "      web: { runs-on: [web], steps: [{ uses: fetsch }] }\n");
    assert_int_equal(o.rc, ERR_INVALID);
    assert_int_equal(o.problems.n_errors, 5);
    assert_true(says(&o, "unknown key \"brnch\""));
    assert_true(says(&o, "\"merg\""));
    assert_true(says(&o, "time of day"));
    assert_true(says(&o, "stge"));
    assert_true(says(&o, "fetsch"));
    buf_init(&text, 100000);
    for (size_t i = 0; i < o.problems.n; i++)
        problems_print(&o.problems.items[i], &text);
    assert_non_null(strstr(buf_str(&text), "slipway.yml:8:5: error: unknown key \"brnch\""));
    assert_non_null(strstr(buf_str(&text), "did you mean \"branch\"?"));
    assert_non_null(strstr(buf_str(&text), "    brnch: main"));
    buf_deinit(&text);
    outcome_end(&o);
}

static void each_mistake_has_its_words_and_place(void **state)
{
    (void)state;
    expect_error("version: 1\nmackerel: { service: acme }\n", "unknown key \"mackerel\"", 2);
    expect_error(HEAD REPO REPO "    environments:\n" STAGE JOBS, "stands here twice", 8);
    expect_error("version: 2\n", "version: 1", 1);
    expect_error("version: 1\nrepos: {}\n", "webhook-secret-files is missing", 0);
    expect_error("a: &x 1\nb: *x\n", "anchors", 1);
    expect_error("a: !tag 1\n", "tags", 1);
    expect_error("version: 1\n---\nversion: 1\n", "several documents", 2);
    expect_error("version: 1\nurl: \x83\x65\n", "Save it as UTF-8", 2);
    expect_error("version: [1\n", "not YAML", 0);
    expect_error("version: 1\nredact:\n  - ok\n  - \"(\"\n", "is no pattern", 4);
    expect_error("version: 1\nredact: [\"x*\"]\n", "matches nothing at all", 2);
    expect_error("version: 1\nredact: [\"#x\"]\n", "write [#]", 2);
    expect_error("version: 1\nredact: [\"a\\nb\"]\n", "one line", 2);
    expect_error(HEAD "  acme/shop: { mirror: \"ssh://x/y\" }\n", "https://", 5);
    expect_error(HEAD "  acme/shop: { mirror: file:///etc/passwd }\n", "mirror-roots", 5);
    expect_error(HEAD "  acme/shop: { mirror: file:///srv/git/../x }\n", "mirror-roots", 5);
    expect_error(HEAD "  acme/shop: { mirror: \"https://u:p@github.com/x/y\" }\n",
                 "no user or token", 5);
    expect_error(HEAD REPO "    environments:\n" STAGE "    jobs:\n"
                           "      web: { runs-on: [wbe], steps: [{ run: x }] }\n",
                 "wbe", 11);
    expect_error(HEAD REPO
                 "    environments:\n" STAGE "    jobs:\n"
                 "      web: { runs-on: [web], start-within: 31d, steps: [{ run: x }] }\n",
                 "`start-within` is 30d at most", 11);
    expect_error(HEAD REPO "    environments:\n" STAGE "    jobs:\n"
                           "      x: { needs: [y], runs-on: [web], steps: [{ run: x }] }\n"
                           "      y: { needs: [x], runs-on: [web], steps: [{ run: x }] }\n",
                 "needs itself", 0);
    expect_error(HEAD REPO
                 "    environments:\n" STAGE "    jobs:\n"
                 "      m: { once: db, primary: c, runs-on: [web], steps: [{ run: x }] }\n",
                 "not among its hosts", 0);
    expect_error(HEAD REPO "    environments:\n" STAGE "    jobs:\n"
                           "      m: { once: db, runs-on: [web], probe: { run: x }, steps: [{ run: "
                           "x, env: { A: \"1\" } }, { name: run, run: x, env: { A: \"2\" } }] }\n",
                 "step run of job m runs in another place than step step-1", 11);
    expect_error(HEAD REPO "    environments:\n" STAGE "    jobs:\n"
                           "      m: { once: db, runs-on: [web], steps: [{ uses: migrate, with: { "
                           "tool: rails } }, { name: b, uses: migrate, run-as: b }] }\n",
                 "step b of job m runs in another place than step migrate", 11);
    /* M2: the second would be told as done. */
    expect_error(HEAD REPO "    environments:\n" STAGE "    jobs:\n"
                           "      m: { once: db, runs-on: [web], steps: [{ run: x }] }\n"
                           "      n: { once: db, runs-on: [web], steps: [{ run: x }] }\n",
                 "job m in stage and job n in stage migrate one database, acme/shop/stage/db", 12);
    expect_error(
        "databases: { one: [acme/shop/stage/db, acme/shop/live/old] }\n" HEAD REPO
        "    environments:\n" STAGE
        "      live: { on: merge, roles: { web: { agent: { hosts: [c] } } } }\n"
        "    jobs:\n"
        "      m: { once: db, runs-on: [web], environments: [stage], steps: [{ run: x }] }\n"
        "      n: { once: old, runs-on: [web], environments: [live], steps: [{ run: x }] }\n",
        "job m in stage and job n in live migrate one database, one", 14);
    expect_error(HEAD REPO
                 "    environments:\n" STAGE "    jobs:\n"
                 "      m: { runs-on: [web], steps: [{ uses: restart, with: { command: x } }] }\n",
                 "absolute path", 0);
    expect_error(HEAD REPO
                 "    environments:\n"
                 "      p: { on: schedule, at: \"15:00\", timezone: Asia/Tokio, roles: { web: { "
                 "agent: { hosts: [a] } } } }\n" JOBS,
                 "time zone", 9);
    expect_error(
        HEAD REPO
        "    environments:\n"
        "      p: { on: merge, at: \"15:00\", roles: { web: { agent: { hosts: [a] } } } }\n" JOBS,
        "`at` goes with on: schedule", 9);
    expect_error(HEAD REPO
                 "    environments:\n" STAGE "    jobs:\n"
                 "      w: { runs-on: [web], env: { SLIPWAY_SHA: x }, steps: [{ run: x }] }\n",
                 "SLIPWAY_SHA", 0);
    expect_error("rights: { operate: [anyone] }\n", "group:NAME", 1);
    expect_error(HEAD REPO
                 "    environments:\n"
                 "      p: { on: merge, roles: { web: { ssm: { tags: { R: w } } } } }\n" JOBS,
                 "aws: { region: REGION }", 9);
    expect_error("aws: { region: us-east-1 }\n" HEAD REPO "    environments:\n"
                 "      p: { on: merge, roles: { web: { ssm: { hosts: [web-1] } } } }\n" JOBS,
                 "instance id at AWS", 0);
    expect_error(
        HEAD REPO
        "    environments:\n"
        "      p: { on: merge, roles: { web: { agent: { hosts: [i-0123456789abcdef0] } } } }\n" JOBS,
        "such hosts are by `ssm`", 0);
}

static void deep_and_large_files_are_refused(void **state)
{
    char text[4096] = "a: ";

    (void)state;
    for (int i = 0; i < 1000; i++)
        strcat(text, "[");
    expect_error(text, "nested deeper", 1);
}

static void an_at_without_brackets_and_a_plain_hour_stay_text(void **state)
{
    struct outcome o;

    (void)state;
    read_text(
        &o, HEAD REPO
        "    environments:\n"
        "      p: { on: schedule, at: 15:00:30, roles: { web: { agent: { hosts: [a] } } } }\n" JOBS);
    assert_int_equal(o.rc, 0);
    assert_string_equal(o.config->repos[0].environments[0].at.items[0], "15:00:30");
    outcome_end(&o);
}

static void the_text_follows_the_meaning_not_the_form(void **state)
{
    struct outcome a, b, c;

    (void)state;
    read_text(&a, HEAD REPO "    environments:\n" STAGE JOBS);
    read_text(&b, "# a comment\n" HEAD REPO "    environments:\n" STAGE "    branch: main\n" JOBS);
    read_text(&c, HEAD REPO "    environments:\n" STAGE "    branch: trunk\n" JOBS);
    assert_int_equal(a.rc, 0);
    assert_string_equal(a.config->text, b.config->text);
    assert_string_not_equal(a.config->text, c.config->text);
    outcome_end(&a);
    outcome_end(&b);
    outcome_end(&c);
}

#define ON_SCHEDULE(when)                                                                          \
    "    environments:\n      p: { on: schedule, " when                                            \
    ", roles: { web: { agent: { hosts: [a] } } } }\n" JOBS

/* What is wrong, where, and what to do: line 1 is what stands in front, line 9 the environment. */
static void F3_mistakes_about_time_are_told_with_their_place(void **state)
{
    static const struct {
        const char *top; /* calendars or freezes */
        const char *when;
        const char *what;
    } rows[] = {
        {"", "at: \"15:00\", between: [{ from: \"09:00\", to: \"12:00\" }]",
         "at 15:00 lies outside `between` of environment p: it could never start"},
        {"", "between: [{ from: \"09:00\", to: \"09:00\" }]", "a window is empty"},
        {"", "between: [{ from: \"09:00\" }]", "a window needs `from` and `to`"},
        {"", "at: \"15:00\", calendar: busines", "there is no calendar \"busines\""},
        {"", "between: [{ calendar: none, from: \"09:00\", to: \"10:00\" }]",
         "there is no calendar \"none\""},
        {"", "at: \"15:00\", delay: 5m", "`delay` goes with on: merge"},
        {"calendars: { business: { days: [mon, tusday] } }\n", "at: \"15:00\"", "\"tusday\""},
        {"calendars: { business: { holidays: fr } }\n", "at: \"15:00\"",
         "holidays: jp, or the name of a file"},
        {"calendars: { business: { holidays: no.csv } }\n", "at: \"15:00\"", "no.csv"},
        {"calendars: { business: { closed: [{ from: 2026-12-31, to: 2026-12-30 }] } }\n",
         "at: \"15:00\"", "ends before it begins"},
        {"freezes: [{ name: x, from: 2026-02-30, to: 2026-03-01 }]\n", "at: \"15:00\"",
         "there is no day 2026-02-30"},
        {"freezes: [{ name: x, from: 2026-12-25, to: 2038-01-01 }]\n", "at: \"15:00\"",
         "dates from 2020 to 2037"},
        {"freezes: [{ name: x, from: 2026-12-25 18:00, to: 2026-12-25 18:00 }]\n", "at: \"15:00\"",
         "this freeze is empty"},
        {"freezes: [{ name: x, from: 25 December, to: 2026-12-26 }]\n", "at: \"15:00\"",
         "a date such as 2026-12-25"},
        {"freezes: [{ name: x, from: 2026-12-25 }]\n", "at: \"15:00\"",
         "a freeze needs `from` and `to`, or `ics-file`"},
        {"freezes: [{ name: x, ics-file: none.ics }]\n", "at: \"15:00\"", "none.ics"},
        {"freezes: [{ name: x, ics-file: x.ics, from: 2026-12-01, to: 2026-12-10 }]\n",
         "at: \"15:00\"", "`from` and `to`, or `ics-file`"},
        {"freezes: [{ name: x, from: 2026-12-25, to: 2026-12-25, timezone: Mars }]\n",
         "at: \"15:00\"", "an IANA time zone"},
        {"freezes: [{ name: x, from: 2026-12-25, to: 2026-12-25, environments: [prod] }]\n",
         "at: \"15:00\"", "names environment \"prod\""},
        {"freezes: [{ name: x, from: 2026-12-25, to: 2026-12-25, repos: [a/c] }]\n",
         "at: \"15:00\"", "not a configured repository"},
        {"freezes: [{ name: x, from: 2026-12-25, to: 2026-12-25, allow: [hotfix] }]\n",
         "at: \"15:00\"", "allow: [rollback] or []"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char text[2048];
        snprintf(text, sizeof(text), "%s" HEAD REPO ON_SCHEDULE("%s"), rows[i].top, rows[i].when);
        expect_error(text, rows[i].what, rows[i].top[0] != '\0' ? 1 : 9);
    }
}

/* Of what a day has no room for nothing would be heard again: it is refused. */
static void F6_more_set_times_than_a_day_is_looked_through_for_are_refused(void **state)
{
    struct outcome o;
    char at[97 * 9 + 1] = "", text[2048];

    (void)state;
    for (int i = 0; i < 97; i++)
        snprintf(at + strlen(at), sizeof(at) - strlen(at), "\"%02d:%02d\",", i / 5, i % 5 * 10);
    snprintf(text, sizeof(text), HEAD REPO ON_SCHEDULE("at: [%s]"), at);
    expect_error(text, "environment p has 97 set times; at most 96 a day are possible", 9);
    at[96 * 8 - 1] = '\0';
    snprintf(text, sizeof(text), HEAD REPO ON_SCHEDULE("at: [%s]"), at);
    read_text(&o, text);
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.config->repos[0].environments[0].at.n, 96);
    outcome_end(&o);
}

/* What waits for a check must be there: a setting that holds nothing back would only look like one. */
static void what_belongs_to_a_release_is_checked_for_sense(void **state)
{
    static const struct {
        const char *environment;
        const char *what;
    } rows[] = {
        {"on: merge, check: required", "nothing needs it, so nothing would wait"},
        {"on: merge, ci: [test, Test]", "stands twice in `ci`"},
        {"on: merge, approvals: { code: 21 }", "approvals"},
        {"on: merge, approvals: { code: 1, expire: 30s }", "expire"},
        {"on: merge, approvals: { coed: 1 }", "coed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct outcome o;
        char text[2048];
        bool found = false;
        snprintf(
            text, sizeof(text),
            HEAD REPO
            "    environments:\n      p: { %s, roles: { web: { agent: { hosts: [a] } } } }\n" JOBS,
            rows[i].environment);
        read_text(&o, text);
        for (size_t k = 0; k < o.problems.n; k++)
            found = found || strstr(o.problems.items[k].text, rows[i].what) != NULL ||
                    (o.problems.items[k].excerpt != NULL &&
                     strstr(o.problems.items[k].excerpt, rows[i].what) != NULL);
        if (o.rc == 0 || !found)
            fail_msg("%s: no problem says %s", rows[i].environment, rows[i].what);
        outcome_end(&o);
    }
}

/* Each line of the table, in a file that sets it: it binds, or is said to do nothing. */
static void every_setting_without_a_rule_is_told(void **state)
{
    static const char *const environment[][2] = {
        {"on: pull-request", "on: pull-request"},
        {"merge: on-release", "on: merge, merge: on-release"},
    };
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(environment) / sizeof(*environment); i++) {
        struct outcome o;
        char text[2048];
        snprintf(
            text, sizeof(text),
            HEAD REPO
            "    environments:\n      p: { %s, roles: { web: { agent: { hosts: [a] } } } }\n" JOBS,
            environment[i][1]);
        read_text(&o, text);
        assert_int_equal(o.rc, 0);
        assert_int_equal(o.config->repos[0].environments[0].n_unbuilt, 1);
        assert_string_equal(o.config->repos[0].environments[0].unbuilt[0].setting,
                            environment[i][0]);
        assert_int_equal(o.config->repos[0].environments[0].unbuilt[0].line, 9);
        assert_int_equal(o.problems.n, 1);
        outcome_end(&o);
    }
    for (size_t i = 0; i < n_config_not_built; i++)
        if (config_not_built[i].binds)
            seen++;
    assert_int_equal(seen, 2); /* each rule that is built removes its line, and is counted here */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(M2_what_is_one_database_and_one_place_is_no_mistake),
        cmocka_unit_test(the_example_is_read_and_says_what_is_not_built),
        cmocka_unit_test(aws_is_a_region_and_perhaps_an_endpoint_that_nobody_can_listen_to),
        cmocka_unit_test(five_mistakes_are_told_in_one_run_with_line_column_and_excerpt),
        cmocka_unit_test(each_mistake_has_its_words_and_place),
        cmocka_unit_test(deep_and_large_files_are_refused),
        cmocka_unit_test(an_at_without_brackets_and_a_plain_hour_stay_text),
        cmocka_unit_test(the_text_follows_the_meaning_not_the_form),
        cmocka_unit_test(F3_mistakes_about_time_are_told_with_their_place),
        cmocka_unit_test(F6_more_set_times_than_a_day_is_looked_through_for_are_refused),
        cmocka_unit_test(what_belongs_to_a_release_is_checked_for_sense),
        cmocka_unit_test(every_setting_without_a_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
