/* deployment_plan: which hosts a deployment uses (P4, P7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/config/config_read.h"
#include "lib/rules/deployment_plan.h"

#define NOW INT64_C(1763962200000)
#define DAY INT64_C(86400000)

static const char text[] =
    "version: 1\ngithub: { webhook-secret-files: [s] }\nrepos:\n  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n    environments:\n      production:\n"
    "        on: release\n        roles:\n"
    "          web: { agent: { tags: { Service: shop, Role: web } } }\n"
    "          batch: { agent: { hosts: [batch-1] } }\n    jobs:\n"
    "      web: { runs-on: [web], steps: [{ run: \"true\" }] }\n"
    "      both: { runs-on: [web, batch], steps: [{ run: \"true\" }] }\n";

static struct arena arena;
static struct config *config;
static struct config_pair web[] = {{"Role", "web"}, {"Service", "shop"}, {"Rack", "7"}};
static struct config_pair other[] = {{"Role", "web"}, {"Service", "admin"}};

static struct host host(const char *name, struct config_pair *tags, size_t n)
{
    return (struct host){.name = name,
                         .state = HOST_REGISTERED,
                         .registered_at = NOW - 9 * DAY,
                         .seen_at = NOW,
                         .tags = {.items = tags, .n = n}};
}

/* "batch-1 web-1" of that job; "" where it is left out. */
static const char *hosts_of(const struct host *hosts, size_t n, const char *job,
                            struct deployment_plan *ret_plan)
{
    const struct deployment_fleet fleet = {.hosts = hosts,
                                           .n_hosts = n,
                                           .gone_after_ms = DAY,
                                           .now = NOW};
    const char *names = "";

    deployment_plan_make(&config->repos[0].environments[0], &fleet, &arena, ret_plan);
    for (size_t j = 0; j < ret_plan->n_jobs; j++)
        for (size_t i = 0;
             strcmp(ret_plan->jobs[j].job->name, job) == 0 && i < ret_plan->jobs[j].n_hosts; i++)
            names = arena_printf(&arena, "%s%s%s", names, *names != '\0' ? " " : "",
                                 ret_plan->jobs[j].hosts[i].name);
    return names;
}

static void P7_a_role_by_tags_finds_those_that_have_them_all(void **state)
{
    const struct host hosts[] = {host("admin-1", other, 2), host("plain", NULL, 0),
                                 host("web-1", web, 3), host("web-2", web, 2)};
    struct deployment_plan plan;

    (void)state;
    assert_string_equal(hosts_of(hosts, 4, "web", &plan), "web-1 web-2");
    assert_null(plan.role_without_host);
    assert_string_equal(hosts_of(hosts, 4, "both", &plan), "batch-1 web-1 web-2");
    assert_string_equal(hosts_of(hosts, 2, "web", &plan), "");
    assert_string_equal(plan.role_without_host, "web"); /* no success of nothing */
}

static void P7_who_is_found_by_tags_and_silent_for_too_long_is_gone(void **state)
{
    struct host hosts[] = {host("batch-1", web, 2), host("web-1", web, 2), host("web-2", web, 2)};
    struct deployment_plan plan;

    (void)state;
    hosts[0].seen_at = NOW - 8 * DAY; /* its name stands in the configuration */
    hosts[1].seen_at = NOW - DAY + 1;
    hosts[2].seen_at = NOW - DAY;
    assert_string_equal(hosts_of(hosts, 3, "both", &plan), "batch-1 web-1");
    assert_int_equal(plan.gone_at, NOW + 1);
    assert_string_equal(hosts_of(hosts, 3, "web", &plan), "web-1");
    hosts[2].seen_at = 0; /* never heard: since it registered */
    hosts[2].registered_at = NOW - DAY + 5;
    assert_string_equal(hosts_of(hosts, 3, "web", &plan), "web-1 web-2");
}

static void P7_drained_ones_are_left_out_and_the_role_still_has_hosts(void **state)
{
    struct host hosts[] = {host("batch-1", NULL, 0), host("web-1", web, 2)};
    struct deployment_plan plan;

    (void)state;
    hosts[1].drained_at = NOW - 1;
    assert_string_equal(hosts_of(hosts, 2, "both", &plan), "batch-1");
    assert_null(plan.role_without_host);
    hosts[1].state = HOST_BARRED; /* beside it */
    assert_string_equal(hosts_of(hosts, 2, "both", &plan), "batch-1");
}

/* A1: the plan that is approved has both jobs, whoever is registered. */
static void A1_the_jobs_of_a_plan_do_not_depend_on_hosts(void **state)
{
    struct deployment_plan plan;

    (void)state;
    deployment_plan_make(&config->repos[0].environments[0], NULL, &arena, &plan);
    assert_int_equal(plan.n_jobs, 2);
    assert_string_equal(plan.jobs[0].job->name, "web");
}

static int up(void **state)
{
    struct problems problems;
    struct err err = ERR_INIT;

    (void)state;
    arena_init(&arena);
    problems_init(&problems, &arena);
    return config_read_bytes(text, strlen(text), "/", &config, &problems, &err);
}

static int down(void **state)
{
    (void)state;
    config_free(config);
    arena_deinit(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P7_a_role_by_tags_finds_those_that_have_them_all),
        cmocka_unit_test(P7_who_is_found_by_tags_and_silent_for_too_long_is_gone),
        cmocka_unit_test(P7_drained_ones_are_left_out_and_the_role_still_has_hosts),
        cmocka_unit_test(A1_the_jobs_of_a_plan_do_not_depend_on_hosts),
    };

    return cmocka_run_group_tests(tests, up, down);
}
