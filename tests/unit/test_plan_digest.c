/* plan_digest: what an approval binds, and what leaves it as it is (A1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/config/config_read.h"
#include "lib/rules/plan_digest.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"

/* Pieces of a configuration, so that one can be exchanged at a time. */
struct pieces {
    const char *roles, *schedule, *run, *env, *with, *run_as, *folder, *health, *at_once, *errors,
        *once, *root, *mirror, *extra_job;
};

static const struct pieces usual = {
    .roles = "web: { agent: { hosts: [web-1] } }, db: { agent: { hosts: [db-1] } }",
    .schedule = "on: merge",
    .run = "bin/switch",
    .env = "{ RAILS_ENV: production, A: b }",
    .with = "{ unit: puma }",
    .run_as = "deploy",
    .folder = "/srv",
    .health = "{ http: \"http://127.0.0.1/up\" }",
    .at_once = "50%",
    .errors = "1",
    .once = "primary-db",
    .root = "/srv/shop",
    .mirror = "https://github.com/acme/shop.git",
    .extra_job = "",
};

static const struct plan_digest_document documents[] = {
    {"migrate", "migrate-check@1", "11"},
    {"migrate", "migrate-run@1", "22"},
    {"restart", "restart@1", "33"},
};

struct made {
    struct arena arena;
    struct config *config;
    const char *text;
    char digest[PLAN_DIGEST_SIZE];
};

static void make_of(struct made *m, const struct pieces *p, const char *sha, size_t n_documents)
{
    struct problems problems;
    struct plan_digest plan;
    struct err err = ERR_INIT;
    char text[4096];

    arena_init(&m->arena);
    problems_init(&problems, &m->arena);
    snprintf(
        text, sizeof(text),
        "version: 1\ngithub: { webhook-secret-files: [secret] }\nrepos:\n  acme/shop:\n"
        "    mirror: %s\n    root: %s\n    environments:\n"
        "      production: { %s, roles: { %s } }\n    jobs:\n"
        "      migrate: { runs-on: db, once: %s, steps: [{ uses: migrate, with: { tool: rails } "
        "}] }\n"
        "      web:\n        needs: [migrate]\n        runs-on: [web, db]\n        max-parallel: %s\n"
        "        max-errors: %s\n"
        "        health: %s\n        env: %s\n        run-as: %s\n        steps:\n"
        "          - { name: switch, run: \"%s\", working-directory: %s }\n"
        "          - { uses: restart, with: %s }\n%s",
        p->mirror, p->root, p->schedule, p->roles, p->once, p->at_once, p->errors, p->health,
        p->env, p->run_as, p->run, p->folder, p->with, p->extra_job);
    if (config_read_bytes(text, strlen(text), "/etc/slipway", &m->config, &problems, &err) < 0) {
        for (size_t i = 0; i < problems.n; i++)
            print_error("%d: %s\n", problems.items[i].line, problems.items[i].text);
        fail_msg("%s", err.text);
    }
    plan_digest_init(&plan, m->config, &m->config->repos[0].environments[0], documents, n_documents,
                     &m->arena);
    m->text = plan_digest_make(&plan, sha, m->digest);
}

static void unmake(struct made *m)
{
    config_free(m->config);
    arena_deinit(&m->arena);
}

/* The text, byte for byte, and its digest as sha256sum tells it. */
static void A1_the_text_and_its_digest_are_golden(void **state)
{
    static const char golden[] =
        "{\"commit\":\"0123456789abcdef0123456789abcdef01234567\",\"environment\":\"acme/shop/p"
        "roduction\",\"jobs\":[{\"database\":\"acme/shop/production/primary-db\",\"health\":nul"
        "l,\"limits\":{\"max-errors\":0,\"max-parallel\":1,\"max-parallel-percent\":false,\"sta"
        "rt-within\":120000,\"timeout\":3600000},\"name\":\"migrate\",\"needs\":[],\"roles\":["
        "\"db\"],\"steps\":[{\"documents\":[{\"digest\":\"11\",\"name\":\"migrate-check@1\"},{"
        "\"digest\":\"22\",\"name\":\"migrate-run@1\"}],\"env\":{},\"name\":\"migrate\",\"run-a"
        "s\":\"\",\"script\":null,\"with\":{\"tool\":\"rails\"},\"working-directory\":\"\"}]},{"
        "\"database\":null,\"health\":{\"expect\":200,\"http\":\"http://127.0.0.1/up\",\"script"
        "\":null,\"within\":30000},\"limits\":{\"max-errors\":1,\"max-parallel\":50,\"max-paral"
        "lel-percent\":true,\"start-within\":120000,\"timeout\":3600000},\"name\":\"web\",\"nee"
        "ds\":[\"migrate\"],\"roles\":[\"web\",\"db\"],\"steps\":[{\"documents\":[],\"env\":{\""
        "A\":\"b\",\"RAILS_ENV\":\"production\"},\"name\":\"switch\",\"run-as\":\"deploy\",\"sc"
        "ript\":\"23820e497ec435c6902458ac0d21978bbbe1c81f0a037fbf2f5ddfa5fd312a60\",\"with\":{"
        "},\"working-directory\":\"/srv\"},{\"documents\":[{\"digest\":\"33\",\"name\":\"restar"
        "t@1\"}],\"env\":{\"A\":\"b\",\"RAILS_ENV\":\"production\"},\"name\":\"restart\",\"run-"
        "as\":\"deploy\",\"script\":null,\"with\":{\"unit\":\"puma\"},\"working-directory\":\""
        "\"}]}]}";
    struct made m;

    (void)state;
    make_of(&m, &usual, SHA, 3);
    assert_string_equal(m.text, golden);
    assert_string_equal(m.digest,
                        "ebc255c3ce298743244059ff95cef0d3d1af6d30fc68b4131bd97f2199d6c554");
    unmake(&m);
}

/* Members of each object by name: the text is the only one for its meaning. */
static void expect_sorted(const struct cJSON *json)
{
    const char *before = NULL;

    for (const struct cJSON *c = json_first(json); c != NULL; c = json_next(c)) {
        if (json_is_object(json)) {
            if (before != NULL && strcmp(before, json_key(c)) >= 0)
                fail_msg("%s comes behind %s", json_key(c), before);
            before = json_key(c);
        }
        if (json_is_object(c) || json_is_array(c))
            expect_sorted(c);
    }
}

static void A1_the_text_is_canonical(void **state)
{
    struct cJSON *json = NULL;
    struct made m;

    (void)state;
    make_of(&m, &usual, SHA, 3);
    assert_null(strchr(m.text, ' '));
    assert_int_equal(json_parse(m.text, strlen(m.text), NULL, &json, NULL), 0);
    expect_sorted(json);
    json_free(json);
    unmake(&m);
}

static void expect(const struct pieces *p, bool same, const char *jobs, const char *what)
{
    struct made before, after;

    make_of(&before, &usual, SHA, 3);
    make_of(&after, p, SHA, 3);
    if ((strcmp(before.digest, after.digest) == 0) != same)
        fail_msg("%s: the digest is %s", what, same ? "another" : "the same");
    assert_string_equal(plan_digest_differ(&before.arena, before.text, after.text), jobs);
    unmake(&before);
    unmake(&after);
}

static void A1_what_changes_the_plan_changes_the_digest_and_names_the_job(void **state)
{
    struct pieces p;

    (void)state;
#define CHANGED(member, value, jobs)                                                               \
    do {                                                                                           \
        p = usual;                                                                                 \
        p.member = (value);                                                                        \
        expect(&p, false, (jobs), #member);                                                        \
    } while (0)
    CHANGED(run, "bin/other", "web");
    CHANGED(env, "{ RAILS_ENV: staging, A: b }", "web");
    CHANGED(with, "{ unit: sidekiq }", "web");
    CHANGED(run_as, "root", "web");
    CHANGED(folder, "/srv/other", "web");
    CHANGED(health, "{ run: \"true\" }", "web");
    CHANGED(at_once, "1", "web");
    CHANGED(errors, "0", "web");
    CHANGED(once, "other-db", "migrate");
    CHANGED(extra_job, "      note: { runs-on: web, steps: [{ run: \"true\" }] }\n", "note");
#undef CHANGED
}

static void A1_hosts_times_and_what_slipway_fills_in_do_not(void **state)
{
    struct pieces p;

    (void)state;
#define KEPT(member, value)                                                                        \
    do {                                                                                           \
        p = usual;                                                                                 \
        p.member = (value);                                                                        \
        expect(&p, true, "", #member);                                                             \
    } while (0)
    KEPT(roles, "web: { agent: { hosts: [web-1, web-2] } }, db: { agent: { hosts: [db-9] } }");
    KEPT(schedule, "on: schedule, at: [\"15:00\"], grace: 1h");
    KEPT(env, "{ A: b, RAILS_ENV: production }");
    KEPT(root, "/srv/elsewhere");
    KEPT(mirror, "https://git.example.com/acme/shop.git");
#undef KEPT
}

static void A1_commit_and_shipped_documents_are_part_of_it(void **state)
{
    struct made usually, other_commit, other_document;

    (void)state;
    make_of(&usually, &usual, SHA, 3);
    make_of(&other_commit, &usual, "1123456789abcdef0123456789abcdef01234567", 3);
    make_of(&other_document, &usual, SHA, 2);
    assert_string_not_equal(usually.digest, other_commit.digest);
    assert_string_not_equal(usually.digest, other_document.digest);
    assert_string_equal(plan_digest_differ(&usually.arena, usually.text, other_document.text),
                        "web");
    unmake(&usually);
    unmake(&other_commit);
    unmake(&other_document);
}

static void what_is_no_plan_differs_in_no_job(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_string_equal(plan_digest_differ(&arena, NULL, "{}"), "");
    assert_string_equal(plan_digest_differ(&arena, "{", "{}"), "");
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(A1_the_text_and_its_digest_are_golden),
        cmocka_unit_test(A1_the_text_is_canonical),
        cmocka_unit_test(A1_what_changes_the_plan_changes_the_digest_and_names_the_job),
        cmocka_unit_test(A1_hosts_times_and_what_slipway_fills_in_do_not),
        cmocka_unit_test(A1_commit_and_shipped_documents_are_part_of_it),
        cmocka_unit_test(what_is_no_plan_differs_in_no_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
