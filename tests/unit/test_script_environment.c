/* What a script finds in its environment, and what a job can and cannot change there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/script_environment.h"

static struct arena arena;
static const char *const *lines;

static const struct envelope plain = {.command_id = "aaaaaaaa-0000-4000-8000-000000000001",
                                      .host = "app-1",
                                      .repository = "acme/shop",
                                      .environment = "stage",
                                      .release = 128,
                                      .sha = "4f2c9e1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                      .previous_sha = "",
                                      .roles = "web,$(touch x)"};

static const char *value_of(const char *name)
{
    size_t len = strlen(name);
    const char *found = NULL;

    for (size_t i = 0; lines[i] != NULL; i++) {
        if (strncmp(lines[i], name, len) == 0 && lines[i][len] == '=') {
            assert_null(found); /* each name once */
            found = lines[i] + len + 1;
        }
    }
    return found;
}

static void make(const struct envelope *envelope, struct config_pair *pairs, size_t n)
{
    static struct agent_config config;
    const struct document_step step = {.environment = {.items = pairs, .n = n}};

    agent_config_init(&config);
    config.host_root = "/srv/one";
    lines =
        script_environment_make(&arena,
                                &(struct script_environment_facts){.config = &config,
                                                                   .envelope = envelope,
                                                                   .step = &step,
                                                                   .home = "/home-of/deploy",
                                                                   .result_path = "/state/result"});
}

static void values_of_the_envelope_and_the_host_reach_the_script(void **state)
{
    struct config_pair env[] = {{"RAILS_ENV", "production"}, {"SLIPWAY_ROOT", "/srv/shop"}};

    (void)state;
    make(&plain, env, 2);
    assert_string_equal(value_of("SLIPWAY_SHA"), plain.sha);
    assert_string_equal(value_of("SLIPWAY_PREVIOUS_SHA"), "");
    assert_string_equal(value_of("SLIPWAY_REPO"), "acme/shop");
    assert_string_equal(value_of("SLIPWAY_ENVIRONMENT"), "stage");
    assert_string_equal(value_of("SLIPWAY_RELEASE"), "r128");
    assert_string_equal(value_of("SLIPWAY_ROLE"), "web,$(touch x)"); /* a value, never run */
    assert_string_equal(value_of("SLIPWAY_HOST"), "app-1");
    assert_string_equal(value_of("SLIPWAY_RESULT"), "/state/result");
    assert_string_equal(value_of("SLIPWAY_ROOT"), "/srv/shop");
    assert_string_equal(value_of("SLIPWAY_HOST_ROOT"), "/srv/one");
    assert_string_equal(value_of("SLIPWAY_SYSTEMCTL"), "/usr/bin/systemctl");
    assert_string_equal(value_of("RAILS_ENV"), "production");
    assert_string_equal(value_of("HOME"), "/home-of/deploy");
}

static void T39_a_job_cannot_change_the_path_or_stand_in_for_the_envelope(void **state)
{
    struct config_pair env[] = {
        {"PATH", "/tmp/evil"},      {"SLIPWAY_SHA", "another"}, {"SLIPWAY_RESULT", "/etc/passwd"},
        {"SLIPWAY_HOST_ROOT", "/"}, {"HOME", "/srv/home"},      {"LANG", "ja_JP.UTF-8"}};

    (void)state;
    make(&plain, env, 6);
    assert_string_equal(value_of("PATH"),
                        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    assert_string_equal(value_of("SLIPWAY_SHA"), plain.sha);
    assert_string_equal(value_of("SLIPWAY_RESULT"), "/state/result");
    assert_string_equal(value_of("SLIPWAY_HOST_ROOT"), "/srv/one");
    assert_string_equal(value_of("HOME"), "/srv/home");
    assert_string_equal(value_of("LANG"), "ja_JP.UTF-8");
}

static void beside_a_database_lost_backends_can_be_found_and_end_soon(void **state)
{
    struct envelope migrate = plain;
    struct config_pair env[] = {{"PGOPTIONS", ""}};

    (void)state;
    make(&plain, NULL, 0);
    assert_null(value_of("PGAPPNAME"));
    assert_null(value_of("PGOPTIONS"));
    assert_null(value_of("SLIPWAY_EPOCH"));
    migrate.database = "acme/shop/stage/primary";
    migrate.epoch = 41;
    make(&migrate, NULL, 0);
    assert_string_equal(value_of("PGAPPNAME"), "slipway-aaaaaaaa-0000-4000-8000-000000000001");
    assert_string_equal(value_of("PGOPTIONS"), "-c client_connection_check_interval=1000");
    assert_string_equal(value_of("SLIPWAY_DATABASE"), "acme/shop/stage/primary");
    assert_string_equal(value_of("SLIPWAY_EPOCH"), "41");
    make(&migrate, env, 1); /* PgBouncer refuses start-up options: `env` wins */
    assert_string_equal(value_of("PGOPTIONS"), "");
}

static void nothing_else_is_there(void **state)
{
    size_t n = 0;

    (void)state;
    make(&plain, NULL, 0);
    while (lines[n] != NULL)
        n++;
    assert_int_equal(n, 5 + 7 + 1);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
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
        TEST(values_of_the_envelope_and_the_host_reach_the_script),
        TEST(T39_a_job_cannot_change_the_path_or_stand_in_for_the_envelope),
        TEST(beside_a_database_lost_backends_can_be_found_and_end_soon),
        TEST(nothing_else_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
