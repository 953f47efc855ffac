/*
 * Which hosts a deployment uses: by tags of their activation, not those that are gone; several repositories and
 * environments on the same hosts, each with a track of its own (P7, I11).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/story_expect.h"

#define WEB_BY_TAGS                                                                                \
    "    environments:\n"                                                                          \
    "      production: { on: release, roles: { web: { agent: { tags: { Role: web } } } } }\n"      \
    "    jobs:\n"                                                                                  \
    "      web: { runs-on: [web], steps: [{ uses: fetch }, { uses: activate }] }\n"

/* Two environments of one repository, and another repository, all on the host `one`. */
#define SHARED                                                                                     \
    "    environments:\n"                                                                          \
    "      production: { on: release, roles: { web: { agent: { hosts: [one, two] } } } }\n"

#define JOBS                                                                                       \
    "    jobs:\n"                                                                                  \
    "      web: { runs-on: [web], max-parallel: 100%, steps: [{ uses: fetch }, { uses: activate }] }\n"

static void release(struct story *s, const char *repository, int number)
{
    story_act(s, "POST",
              arena_printf(&s->arena, "/api/v1/repos/%s/releases/%d/release", repository, number),
              "{}");
}

static void shop_by_tags(struct story *s, const char *top)
{
    story_repository(s, "acme/shop");
    story_config_with(s, top,
                      "  acme/shop:\n    mirror: GIT/acme/shop\n    root: /srv/shop\n" WEB_BY_TAGS);
    story_hosts(s, "web-1 Role=web", "web-2 Role=web", "batch-1 Role=batch", "plain", NULL);
    story_merge(s, "acme/shop", 1, "Coupons");
}

static void P7_a_role_by_tags_finds_its_hosts_and_new_ones_catch_up(void **state)
{
    struct story *s = *state;

    shop_by_tags(s, "");
    release(s, "acme/shop", 2);
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "web-1", "web", 2, 1);
    story_expect_starts(s, "web-2", "web", 2, 1);
    story_expect_starts(s, "batch-1", "web", 2, 0);
    story_expect_starts(s, "plain", "web", 2, 0);
    story_hosts(s, "web-3 Role=web", "batch-2 Role=batch", NULL);
    story_pass(s, 5000);
    story_expect_starts(s, "web-3", "web", 2, 1);
    story_expect_starts(s, "web-1", "web", 2, 1);
    story_expect_starts(s, "batch-2", "web", 2, 0);
    story_merge(s, "acme/shop", 2, "Gifts");
    release(s, "acme/shop", 3);
    story_expect_live(s, "acme/shop", "production", 3);
    story_expect_starts(s, "web-3", "web", 3, 1);
    story_end(s);
}

/* A machine that was taken away: for `gone-after` it binds and fails like any silent host, then nobody waits for it.
 * Heard again, it is back and catches up. */
static void P7_a_host_by_tags_that_is_silent_for_too_long_is_gone(void **state)
{
    struct story *s = *state;

    shop_by_tags(s, "gone-after: 1h\n");
    release(s, "acme/shop", 2);
    story_host_silent(s, "web-2");
    story_pass(s, INT64_C(50) * 60000);
    story_expect_host(s, "web-2", "silent");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_pass(s, INT64_C(11) * 60000);
    story_expect_host(s, "web-2", "gone");
    release(s, "acme/shop", 3);
    story_expect_live(s, "acme/shop", "production", 3); /* P1: every host of the snapshot */
    story_expect_starts(s, "web-1", "web", 3, 1);
    story_host_back(s, "web-2");
    story_pass(s, 5000);
    story_expect_host(s, "web-2", "online");
    story_expect_starts(s, "web-2", "web", 3, 1);
    story_end(s);
}

/* P1: who was in the snapshot is waited for, also when it is gone meanwhile; a person leaves it out. */
static void P1_a_host_that_goes_during_a_deployment_is_no_success(void **state)
{
    struct story *s = *state;

    shop_by_tags(s, "gone-after: 1h\n");
    story_host_silent(s, "web-2");
    story_pass(s, 120000);
    release(s, "acme/shop", 2);
    story_pass(s, INT64_C(10) * 60000);
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_pass(s, INT64_C(70) * 60000);
    story_expect_host(s, "web-2", "gone");
    story_expect_open(s, "acme/shop", "production", 2, "attention");
    story_act(s, "POST", "/api/v1/repos/acme/shop/retry",
              "{\"leave_out\":\"web-2\",\"reason\":\"it is gone\"}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

/* The last one is gone: that is a clear stop, and no success of nothing. */
static void P7_a_role_without_hosts_binds(void **state)
{
    struct story *s = *state;

    story_repository(s, "acme/shop");
    story_config(s, "  acme/shop:\n    mirror: GIT/acme/shop\n    root: /srv/shop\n" WEB_BY_TAGS);
    story_hosts(s, "plain", NULL);
    story_merge(s, "acme/shop", 1, "Coupons");
    release(s, "acme/shop", 2);
    story_expect_waits(s, "acme/shop", "production", "no-host", "web");
    story_expect_count(s, "deployments", 0);
    story_hosts(s, "web-1 Role=web", NULL);
    story_pass(s, 5000);
    story_expect_live(s, "acme/shop", "production", 2);
    story_end(s);
}

static void shared(struct story *s)
{
    story_repository(s, "acme/shop");
    story_repository(s, "acme/admin");
    story_config(s,
                 "  acme/shop:\n    mirror: GIT/acme/shop\n    root: /srv/shop\n" SHARED
                 "      stage: { on: release, roles: { web: { agent: { hosts: [one] } } } }\n" JOBS
                 "  acme/admin:\n    mirror: GIT/acme/admin\n    root: /srv/admin\n" SHARED JOBS);
    story_hosts(s, "one", "two", NULL);
    story_merge(s, "acme/shop", 1, "Coupons");
    story_merge(s, "acme/admin", 1, "Reports");
}

static time_ms began(struct story *s, const char *host, const char *repository,
                     const char *environment)
{
    const struct story_host *h = story_host(s, host);

    for (size_t i = 0; i < h->n_runs; i++)
        if (strcmp(h->runs[i].repository, repository) == 0 &&
            strcmp(h->runs[i].environment, environment) == 0)
            return h->runs[i].started_at;
    fail_msg("%s never ran anything of %s %s", host, repository, environment);
    return 0;
}

/* Each takes a minute, and all three end within two: none waits for another. */
static void I11_tracks_on_one_host_run_beside_each_other(void **state)
{
    struct story *s = *state;
    time_ms shop, stage, admin;

    shared(s);
    story_host_script(story_host(s, "one"), "web", STORY_HOST_SUCCEEDS, 60000);
    story_host_script(story_host(s, "two"), "web", STORY_HOST_SUCCEEDS, 60000);
    (void)story_ask(s, "POST", "/api/v1/repos/acme/shop/releases/2/release?environment=production",
                    "{\"environment\":\"production\"}");
    (void)story_ask(s, "POST", "/api/v1/repos/acme/shop/releases/2/release?environment=stage",
                    "{\"environment\":\"stage\"}");
    (void)story_ask(s, "POST", "/api/v1/repos/acme/admin/releases/2/release", "{}");
    story_settle(s);
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_live(s, "acme/shop", "stage", 2);
    story_expect_live(s, "acme/admin", "production", 2);
    shop = began(s, "one", "acme/shop", "production");
    stage = began(s, "one", "acme/shop", "stage");
    admin = began(s, "one", "acme/admin", "production");
    assert_true(llabs(shop - stage) < 30000 && llabs(shop - admin) < 30000);
    story_end(s);
}

/* It comes back to three tracks, and to each as it is there. */
static void P7_a_shared_host_catches_up_in_each_of_its_tracks(void **state)
{
    struct story *s = *state;

    shared(s);
    story_act(s, "POST", "/api/v1/hosts/one/drain", "{\"reason\":\"new disk\"}");
    release(s, "acme/admin", 2);
    story_expect_live(s, "acme/admin", "production", 2);
    story_act(s, "POST", "/api/v1/repos/acme/shop/releases/2/release",
              "{\"environment\":\"production\"}");
    story_expect_live(s, "acme/shop", "production", 2);
    story_act(s, "POST", "/api/v1/repos/acme/shop/holds",
              "{\"environment\":\"production\",\"reason\":\"stock check\"}");
    story_act(s, "POST", "/api/v1/hosts/one/undrain", "{\"reason\":\"it is in\"}");
    story_expect_starts(s, "one", "web", 2,
                        1); /* of admin alone: the hold of one track is no other's */
    assert_true(began(s, "one", "acme/admin", "production") > 0);
    story_act(s, "DELETE", "/api/v1/repos/acme/shop/holds?environment=production", NULL);
    story_expect_starts(s, "one", "web", 2, 2);
    assert_true(began(s, "one", "acme/shop", "production") > 0);
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(P7_a_role_by_tags_finds_its_hosts_and_new_ones_catch_up),
        STORY(P7_a_host_by_tags_that_is_silent_for_too_long_is_gone),
        STORY(P1_a_host_that_goes_during_a_deployment_is_no_success),
        STORY(P7_a_role_without_hosts_binds),
        STORY(I11_tracks_on_one_host_run_beside_each_other),
        STORY(P7_a_shared_host_catches_up_in_each_of_its_tracks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
