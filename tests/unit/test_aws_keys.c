/* aws_keys: keys as AWS' shared files and its services write them; nothing else becomes a header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/secret.h"
#include "lib/ssm/aws_keys.h"

static const char credentials[] = "# of the machine\n"
                                  "[default]\n"
                                  "aws_access_key_id = AKIADEFAULT\n"
                                  "aws_secret_access_key=secret/default+1=\r\n"
                                  "\n"
                                  "[ship]\n"
                                  "; temporary\n"
                                  "aws_access_key_id\t=\tASIASHIP\n"
                                  "aws_secret_access_key = s\n"
                                  "aws_session_token = t/+=\n"
                                  "s3 =\n"
                                  "  aws_access_key_id = AKIANESTED\n"
                                  "[ empty ]\n"
                                  "region = eu-west-1\n"
                                  "[half]\n"
                                  "aws_access_key_id = AKIAHALF\n"
                                  "[process]\n"
                                  "credential_process = /bin/x";
static const char config[] = "[default]\n"
                             "aws_access_key_id = AKIACONFIG\n"
                             "aws_secret_access_key = c\n"
                             "[profile  ship]\n"
                             "aws_access_key_id = AKIAPROFILE\n"
                             "aws_secret_access_key = p\n"
                             "[other]\n"
                             "aws_access_key_id = AKIAOTHER\n"
                             "aws_secret_access_key = o\n"
                             "[profile role]\n"
                             "role_arn = arn:aws:iam::1:role/x\n"
                             "source_profile = default\n";

static void must_find(const char *text, enum aws_keys_file file, const char *profile,
                      const char *id, const char *secret, const char *token)
{
    struct aws_keys keys = {.ends_at = 7};
    struct err err = ERR_INIT;

    if (aws_keys_from_file(text, strlen(text), file, profile, &keys, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(keys.id, id);
    assert_string_equal((const char *)secret_bytes(keys.secret), secret);
    if (token == NULL)
        assert_null(keys.token);
    else
        assert_string_equal((const char *)secret_bytes(keys.token), token);
    assert_int_equal(keys.ends_at, 0);
    aws_keys_deinit(&keys);
}

static void must_not(const char *text, enum aws_keys_file file, const char *profile, int rc,
                     const char *why)
{
    struct aws_keys keys = {.ends_at = 7};
    struct err err = ERR_INIT;

    assert_int_equal(aws_keys_from_file(text, strlen(text), file, profile, &keys, &err), rc);
    if (strstr(err.text, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, why);
    assert_int_equal(keys.ends_at, 7); /* nothing was returned */
}

static void a_profile_gives_its_own_keys_and_no_others(void **state)
{
    (void)state;
    must_find(credentials, AWS_KEYS_CREDENTIALS, "default", "AKIADEFAULT",
              "secret/default+1=", NULL);
    must_find(credentials, AWS_KEYS_CREDENTIALS, "ship", "ASIASHIP", "s", "t/+=");
    must_find(config, AWS_KEYS_CONFIG, "default", "AKIACONFIG", "c", NULL);
    must_find(config, AWS_KEYS_CONFIG, "ship", "AKIAPROFILE", "p", NULL);
}

static void what_a_profile_lacks_is_said_and_no_secret_is(void **state)
{
    (void)state;
    must_not(credentials, AWS_KEYS_CREDENTIALS, "nobody", ERR_NOT_FOUND, "no profile nobody");
    must_not(credentials, AWS_KEYS_CREDENTIALS, "empty", ERR_NOT_FOUND, "has no aws_access_key_id");
    must_not(credentials, AWS_KEYS_CREDENTIALS, "half", ERR_INVALID,
             "the secret of access key AKIAHALF");
    must_not(credentials, AWS_KEYS_CREDENTIALS, "process", ERR_DENIED,
             "credential_process, which is not built");
    must_not(config, AWS_KEYS_CONFIG, "role", ERR_DENIED, "role_arn, which is not built");
    /* In the config file a profile says that it is one. */
    must_not(config, AWS_KEYS_CONFIG, "other", ERR_NOT_FOUND, "no profile other");
    must_not("", AWS_KEYS_CONFIG, "default", ERR_NOT_FOUND, "no profile");
    must_not("[default]\naws_access_key_id=a b\naws_secret_access_key=s\n", AWS_KEYS_CREDENTIALS,
             "default", ERR_INVALID, "the access key id is none");
    must_not("[default]\naws_access_key_id=a/b\naws_secret_access_key=s\n", AWS_KEYS_CREDENTIALS,
             "default", ERR_INVALID, "the access key id is none");
}

static void what_could_end_a_header_is_no_key(void **state)
{
    struct aws_keys keys = {.ends_at = 0};
    struct err err = ERR_INIT;
    char *large = calloc(1, 9000);

    (void)state;
    memset(large, 'a', 8999);
    assert_int_equal(aws_keys_make("A\r\nX: 1", "s", NULL, 0, &keys, &err), ERR_INVALID);
    assert_int_equal(aws_keys_make("A", "secret words", NULL, 0, &keys, &err), ERR_INVALID);
    assert_null(strstr(err.text, "secret words"));
    assert_int_equal(aws_keys_make("A", "s", "t\nX: 1", 0, &keys, &err), ERR_INVALID);
    assert_int_equal(aws_keys_make("A", large, NULL, 0, &keys, &err), ERR_INVALID);
    assert_int_equal(aws_keys_make(large, "s", NULL, 0, &keys, &err), ERR_INVALID);
    assert_int_equal(aws_keys_make("A", "s", large, 0, &keys, &err), ERR_INVALID);
    assert_int_equal(aws_keys_make(NULL, "s", NULL, 0, &keys, &err), ERR_INVALID);
    assert_int_equal(aws_keys_make("A", NULL, NULL, 0, &keys, &err), ERR_INVALID);
    assert_int_equal(aws_keys_make("A", "s", "", 0, &keys, &err), 0);
    assert_null(keys.token);
    aws_keys_deinit(&keys);
    aws_keys_deinit(NULL);
    free(large);
}

static void an_answer_has_an_end_or_none(void **state)
{
    static const char good[] =
        "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"s\","
        "\"Token\":\"t\",\"Expiration\":\"2026-11-25T06:00:00Z\"}";
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"{\"Code\":\"AssumeRoleUnauthorizedAccess\"}", "AssumeRoleUnauthorizedAccess"},
        {"{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":\"soon\"}", "Expiration"},
        {"{\"AccessKeyId\":\"A\"}", "secret of access key A"},
        {"<html>", ""},
        {"", ""},
    };
    struct aws_keys keys;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(aws_keys_from_answer(good, strlen(good), &keys, &err), 0);
    assert_string_equal(keys.id, "ASIA1");
    assert_string_equal((const char *)secret_bytes(keys.token), "t");
    assert_int_equal(keys.ends_at, INT64_C(1795586400000));
    aws_keys_deinit(&keys);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(aws_keys_from_answer(bad[i].text, strlen(bad[i].text), &keys, &err),
                         ERR_INVALID);
        assert_non_null(strstr(err.text, bad[i].why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_gives_its_own_keys_and_no_others),
        cmocka_unit_test(what_a_profile_lacks_is_said_and_no_secret_is),
        cmocka_unit_test(what_could_end_a_header_is_no_key),
        cmocka_unit_test(an_answer_has_an_end_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
