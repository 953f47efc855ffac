/* aws_credentials: real files, and services on loopback; keys are renewed before they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/file.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/httpc/httpc.h"
#include "lib/transport/aws_credentials.h"
#include "tests/support/canned.h"

#define NOW INT64_C(1795586400000) /* 2026-11-25T06:00:00Z */
#define ENV_MAX 16

/* An environment of the test's own: AWS' names in that of the process do not matter. */
static struct {
    const char *name, *value;
} environment[ENV_MAX];
static size_t n_environment;
static char folder[64];
static struct arena arena;
static struct httpc *httpc;
static struct aws_credentials *credentials;
static const struct aws_keys *keys;
static struct err err;

static const char *ask_environment(void *arg, const char *name)
{
    (void)arg;
    for (size_t i = n_environment; i > 0; i--)
        if (str_eq(environment[i - 1].name, name))
            return environment[i - 1].value;
    return NULL;
}

static void put(const char *name, const char *value)
{
    assert_true(n_environment < ENV_MAX);
    environment[n_environment].name = name;
    environment[n_environment++].value = value;
}

static const char *path_of(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static void write_file(const char *name, const char *text)
{
    assert_int_equal(file_write_atomic(path_of(name), text, strlen(text), 0600, &err), 0);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    (void)snprintf(folder, sizeof(folder), "/tmp/slipway-aws-XXXXXX");
    assert_non_null(mkdtemp(folder));
    n_environment = 0;
    put("HOME", folder);
    put("AWS_EC2_METADATA_DISABLED", "true");
    httpc = httpc_new();
    credentials = NULL;
    err = (struct err)ERR_INIT;
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    aws_credentials_free(credentials);
    httpc_free(httpc);
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    arena_deinit(&arena);
    return 0;
}

static int get(const char *profile, time_ms now)
{
    if (credentials == NULL)
        credentials = aws_credentials_new(
            &(struct aws_credentials_options){.profile = profile, .environment = ask_environment});
    return aws_credentials_get(credentials, httpc, now, &keys, &err);
}

static void must_be(const char *profile, time_ms now, const char *id, const char *source)
{
    if (get(profile, now) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(keys->id, id);
    assert_string_equal(aws_credentials_source(credentials), source);
}

static const char file[] = "[default]\naws_access_key_id=AKIAFILE\naws_secret_access_key=f\n"
                           "[ship]\naws_access_key_id=AKIASHIP\naws_secret_access_key=s\n";

/* Files and environment ------------------------------------------------------------------------ */

static void the_environment_comes_before_the_files_unless_a_profile_is_configured(void **state)
{
    (void)state;
    write_file("shared", file);
    put("AWS_SHARED_CREDENTIALS_FILE", path_of("shared"));
    must_be(NULL, NOW, "AKIAFILE", "profile default");
    aws_credentials_free(credentials), credentials = NULL;
    put("AWS_PROFILE", "ship");
    must_be(NULL, NOW, "AKIASHIP", "profile ship");
    aws_credentials_free(credentials), credentials = NULL;
    put("AWS_ACCESS_KEY_ID", "AKIAENV");
    put("AWS_SECRET_ACCESS_KEY", "e");
    put("AWS_SESSION_TOKEN", "t");
    must_be(NULL, NOW, "AKIAENV", "environment");
    assert_string_equal((const char *)secret_bytes(keys->token), "t");
    aws_credentials_free(credentials), credentials = NULL;
    must_be("default", NOW, "AKIAFILE", "profile default");
    assert_null(keys->token);
}

static void a_file_under_home_is_found_and_read_again_when_it_changed(void **state)
{
    (void)state;
    assert_int_equal(file_mkdirs(path_of(".aws"), 0700, &err), 0);
    write_file(".aws/config", "[default]\nregion=x\n[profile ship]\naws_access_key_id=AKIACONFIG\n"
                              "aws_secret_access_key=c\n");
    must_be("ship", NOW, "AKIACONFIG", "profile ship");
    write_file(".aws/credentials", file); /* this one comes first */
    must_be("ship", NOW + 59000, "AKIACONFIG", "profile ship");
    must_be("ship", NOW + 60000, "AKIASHIP", "profile ship");
    assert_false(aws_credentials_replace(credentials, httpc, NOW + 60001)); /* the same ones */
    write_file(".aws/credentials", "[ship]\naws_access_key_id=AKIANEXT\naws_secret_access_key=s\n");
    assert_true(aws_credentials_replace(credentials, httpc, NOW + 60002));
    must_be("ship", NOW + 60002, "AKIANEXT", "profile ship");
}

/* The tools would become that role; we would ask as somebody else. */
static void a_profile_that_is_a_role_in_one_file_is_not_taken_from_the_other(void **state)
{
    (void)state;
    assert_int_equal(file_mkdirs(path_of(".aws"), 0700, &err), 0);
    write_file(".aws/credentials", file);
    write_file(".aws/config", "[profile ship]\nrole_arn=arn:aws:iam::1:role/x\n");
    assert_int_equal(get("ship", NOW), ERR_DENIED);
    assert_non_null(strstr(err.text, "role_arn, which is not built"));
}

static void what_was_set_up_and_fails_is_told_and_not_passed_over(void **state)
{
    (void)state;
    put("AWS_ACCESS_KEY_ID", "AKIAENV");
    assert_int_equal(get(NULL, NOW), ERR_INVALID);
    assert_non_null(strstr(err.text, "AWS_ACCESS_KEY_ID of the environment"));
    assert_null(strstr(err.text, "no credentials"));
    aws_credentials_free(credentials), credentials = NULL;
    assert_int_equal(get("ship", NOW), ERR_DENIED);
    assert_non_null(strstr(err.text, "profile ship"));
    assert_non_null(strstr(err.text, ".aws/credentials"));
}

/* Homes are hidden from the unit: that sets up nothing. One that lies there and may not be read does. */
static void a_home_that_is_hidden_is_none_and_a_file_that_is_locked_is_told(void **state)
{
    (void)state;
    write_file("hidden", ""); /* nobody looks behind it, not even root */
    put("HOME", path_of("hidden"));
    assert_int_equal(get(NULL, NOW), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "no credentials for AWS"));
    aws_credentials_free(credentials), credentials = NULL;
    put("HOME", folder);
    assert_int_equal(file_mkdirs(path_of(".aws/credentials"), 0700, &err),
                     0); /* unreadable, also by root */
    assert_true(get(NULL, NOW) < 0 && strstr(err.text, "no credentials") == NULL);
    assert_non_null(strstr(err.text, ".aws/credentials"));
}

/* A build of tests has no endpoint and no keys: nothing is sent anywhere. */
static void without_any_source_nothing_is_asked(void **state)
{
    (void)state;
    assert_int_equal(get(NULL, NOW), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "no credentials for AWS"));
}

/* Services ------------------------------------------------------------------------------------- */

static const char *ok(const char *body)
{
    return arena_printf(&arena,
                        "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                        strlen(body), body);
}

static const char *some_keys(const char *id, const char *end)
{
    return ok(arena_printf(&arena,
                           "{\"Code\":\"Success\",\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"s\","
                           "\"Token\":\"t\",\"Expiration\":\"%s\"}",
                           id, end));
}

static void a_container_is_asked_with_its_token_and_anew_before_the_keys_end(void **state)
{
    struct canned c = {
        .answers = {some_keys("ASIAONE", "2026-11-25T07:00:00Z"),
                    "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                    some_keys("ASIATWO", "2026-11-25T08:00:00Z")},
        .n_answers = 3};

    (void)state;
    canned_up(&c);
    write_file("token", "first\n");
    put("AWS_CONTAINER_CREDENTIALS_FULL_URI", arena_printf(&arena, "%s/keys?x=1", c.url));
    put("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path_of("token"));
    must_be(NULL, NOW, "ASIAONE", "container");
    assert_non_null(strstr(c.asked[0], "GET /keys?x=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(c.asked[0], "Authorization: first\r\n"));
    must_be(NULL, NOW + 54 * 60000, "ASIAONE", "container");
    assert_int_equal(c.times, 1);
    /* Five minutes before the end; the service is not well: the old ones hold, and it is left alone for a while. */
    write_file("token", "second");
    must_be(NULL, NOW + 55 * 60000, "ASIAONE", "container");
    assert_int_equal(c.times, 2);
    must_be(NULL, NOW + 55 * 60000 + 29000, "ASIAONE", "container");
    assert_int_equal(c.times, 2);
    must_be(NULL, NOW + 55 * 60000 + 30000, "ASIATWO", "container");
    assert_non_null(strstr(c.asked[2], "Authorization: second\r\n"));
    canned_down(&c);
    /* They end, and nobody gives new ones. */
    assert_int_equal(get(NULL, NOW + 120 * 60000), ERR_UNREACHABLE);
    assert_non_null(strstr(err.text, "credentials of the container"));
    assert_string_equal(aws_credentials_source(credentials), "");
}

static void a_container_elsewhere_is_not_asked_in_the_clear(void **state)
{
    (void)state;
    put("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://198.51.100.1/keys");
    assert_int_equal(get(NULL, NOW), ERR_INVALID);
    assert_non_null(strstr(err.text, "only https"));
    aws_credentials_free(credentials), credentials = NULL;
    put("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@198.51.100.1/keys");
    assert_int_equal(get(NULL, NOW), ERR_INVALID);
    assert_non_null(strstr(err.text, "address of the container"));
}

static void the_machines_role_is_asked_by_version_two_only(void **state)
{
    struct canned c = {.answers = {ok("TOKEN=="), ok("slipway-role\n"),
                                   some_keys("ASIAROLE", "2026-11-25T12:00:00Z")},
                       .n_answers = 3};

    (void)state;
    canned_up(&c);
    put("AWS_EC2_METADATA_DISABLED", "false");
    put("AWS_EC2_METADATA_SERVICE_ENDPOINT", arena_printf(&arena, "%s/", c.url));
    must_be(NULL, NOW, "ASIAROLE", "role slipway-role of this machine");
    assert_int_equal(c.times, 3);
    assert_non_null(strstr(c.asked[0], "PUT /latest/api/token HTTP/1.1\r\n"));
    assert_non_null(strstr(c.asked[0], "X-aws-ec2-metadata-token-ttl-seconds: 600\r\n"));
    assert_non_null(
        strstr(c.asked[1], "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n"));
    assert_non_null(strstr(c.asked[1], "X-aws-ec2-metadata-token: TOKEN==\r\n"));
    assert_non_null(strstr(c.asked[2], "/security-credentials/slipway-role HTTP/1.1\r\n"));
    canned_down(&c);
}

static void a_machine_without_a_role_and_old_keys_are_told(void **state)
{
    struct canned c = {
        .answers = {ok("T"), "HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                    ok("T"), ok("../../x\n"), ok("T"), ok("r"),
                    some_keys("ASIAOLD", "2026-11-25T06:00:00Z")},
        .n_answers = 7};

    (void)state;
    canned_up(&c);
    put("AWS_EC2_METADATA_DISABLED", "false");
    put("AWS_EC2_METADATA_SERVICE_ENDPOINT", c.url);
    assert_int_equal(get(NULL, NOW), ERR_DENIED);
    assert_non_null(strstr(err.text, "answered 404"));
    assert_non_null(strstr(err.text, "no credentials for AWS in the environment"));
    assert_int_equal(get(NULL, NOW), ERR_DENIED);
    assert_non_null(strstr(err.text, "this machine has no role"));
    assert_int_equal(get(NULL, NOW), ERR_BUSY);
    assert_non_null(strstr(err.text, "have ended"));
    canned_down(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_environment_comes_before_the_files_unless_a_profile_is_configured),
        TEST(a_file_under_home_is_found_and_read_again_when_it_changed),
        TEST(a_profile_that_is_a_role_in_one_file_is_not_taken_from_the_other),
        TEST(what_was_set_up_and_fails_is_told_and_not_passed_over),
        TEST(a_home_that_is_hidden_is_none_and_a_file_that_is_locked_is_told),
        TEST(without_any_source_nothing_is_asked),
        TEST(a_container_is_asked_with_its_token_and_anew_before_the_keys_end),
        TEST(a_container_elsewhere_is_not_asked_in_the_clear),
        TEST(the_machines_role_is_asked_by_version_two_only),
        TEST(a_machine_without_a_role_and_old_keys_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
