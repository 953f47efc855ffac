/*
 * sigv4: the published vectors of AWS' test suite (aws-sig-v4-test-suite), stage by stage, and what
 * must be refused. Key and time are the suite's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/sign.h"
#include "lib/ssm/sigv4.h"

#define KEY_ID "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define DATE "20150830T123600Z"
#define NOW ((time_ms)1440938160000)

static struct arena arena;

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

static const struct sigv4_signer signer = {.key_id = KEY_ID,
                                           .secret = SECRET,
                                           .region = "us-east-1",
                                           .service = "service"};

/* Published vectors --------------------------------------------------------------------------- */

#define HOST                                                                                       \
    {                                                                                              \
        "host", "example.amazonaws.com"                                                            \
    }
#define AT                                                                                         \
    {                                                                                              \
        "x-amz-date", DATE                                                                         \
    }

static const struct {
    const char *name;
    const char *method;
    const char *query;
    struct sigv4_header headers[6];
    const char *body;
    const char *signature;
} vectors[] = {
    {"get-vanilla",
     "GET",
     "",
     {HOST, AT},
     "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key-case",
     "GET",
     "Param2=value2&Param1=value1",
     {HOST, AT},
     "",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-value",
     "GET",
     "Param1=value2&Param1=value1",
     {HOST, AT},
     "",
     "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
    {"get-header-key-duplicate",
     "GET",
     "",
     {HOST, {"my-header1", "value2"}, {"my-header1", "value2"}, {"my-header1", "value1"}, AT},
     "",
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-trim",
     "GET",
     "",
     {HOST, {"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}, AT},
     "",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"post-vanilla",
     "POST",
     "",
     {HOST, AT},
     "",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-x-www-form-urlencoded",
     "POST",
     "",
     {{"content-type", "application/x-www-form-urlencoded"}, HOST, AT},
     "Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
};

static struct sigv4_request request_of(size_t i)
{
    struct sigv4_request r = {.method = vectors[i].method,
                              .path = "/",
                              .query = vectors[i].query,
                              .headers = vectors[i].headers,
                              .body = vectors[i].body,
                              .body_len = strlen(vectors[i].body)};

    while (r.n_headers < 6 && vectors[i].headers[r.n_headers].name != NULL)
        r.n_headers++;
    return r;
}

/* The list with each name once, as the header carries it. */
static const char *list_of(const struct sigv4_request *r)
{
    char *list = arena_str(&arena, "");

    for (size_t i = 0; i < r->n_headers; i++) {
        if (i > 0 && strcmp(r->headers[i].name, r->headers[i - 1].name) == 0)
            continue;
        list = arena_printf(&arena, "%s%s%s", list, *list != '\0' ? ";" : "", r->headers[i].name);
    }
    return list;
}

static void published_vectors_are_verified(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct sigv4_request r = request_of(i);
        struct sigv4_authorization auth;
        struct err err = ERR_INIT;
        const char *text;

        assert_int_equal(
            sigv4_parse(&arena,
                        arena_printf(&arena,
                                     "AWS4-HMAC-SHA256 Credential=" KEY_ID
                                     "/20150830/us-east-1/service/aws4_request, SignedHeaders=%s, "
                                     "Signature=%s",
                                     list_of(&r), vectors[i].signature),
                        &auth, &err),
            0);
        text = sigv4_string_to_sign(&arena, &auth, DATE, sigv4_canonical(&arena, &r, &auth));
        if (!sigv4_signature_is(SECRET, &auth, text))
            fail_msg("%s: another signature; string to sign:\n%s", vectors[i].name, text);
        assert_false(sigv4_signature_is(SECRET "x", &auth, text));
    }
}

static void stages_of_get_vanilla_are_the_published_ones(void **state)
{
    struct sigv4_request r = request_of(0);
    struct sigv4_authorization auth = {.key_id = KEY_ID,
                                       .date = "20150830",
                                       .region = "us-east-1",
                                       .service = "service",
                                       .signed_headers = {"host", "x-amz-date"},
                                       .n_signed = 2,
                                       .signed_list = "host;x-amz-date"};
    const char *canonical = sigv4_canonical(&arena, &r, &auth);

    (void)state;
    assert_string_equal(canonical,
                        "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
                        "host;x-amz-date\n"
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(sigv4_string_to_sign(&arena, &auth, DATE, canonical),
                        "AWS4-HMAC-SHA256\n20150830T123600Z\n"
                        "20150830/us-east-1/service/aws4_request\n"
                        "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
}

static void what_is_signed_is_the_published_header(void **state)
{
    struct sigv4_request r = request_of(6);
    struct err err = ERR_INIT;

    (void)state;
    assert_string_equal(
        sigv4_authorize(&arena, &signer, &r, &err),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
}

static void date_has_aws_form(void **state)
{
    char date[SIGV4_DATE_SIZE];

    (void)state;
    sigv4_date(NOW, date);
    assert_string_equal(date, DATE);
}

/* Parsing ------------------------------------------------------------------------------------- */

#define SCOPE "AKID/20150830/us-east-1/ssm/aws4_request"

static void odd_authorizations_are_incomplete(void **state)
{
    static const char *const odd[] = {
        "",
        "Bearer x",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA512 Credential=" SCOPE ", SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=" SCOPE ", Signature=x",
        "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=host, Signature=x, Signature=y",
        "AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=, Signature=x",
        "AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=host;host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=Host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=" SCOPE "/more, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/aws4_request, SignedHeaders=host, "
        "Signature=x",
        "AWS4-HMAC-SHA256 Credential=/20150830/us-east-1/ssm/aws4_request, SignedHeaders=host, "
        "Signature=x",
        "AWS4-HMAC-SHA256 Credential=AKID/2015083x/us-east-1/ssm/aws4_request, SignedHeaders=host, "
        "Signature=x",
    };
    struct sigv4_authorization auth;

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct err err = ERR_INIT;

        if (sigv4_parse(&arena, odd[i], &auth, &err) != ERR_INVALID)
            fail_msg("taken: %s", odd[i]);
    }
}

static void base64_signature_is_kept_whole(void **state)
{
    struct sigv4_authorization auth;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(sigv4_parse(&arena,
                                 "AWS4-HMAC-SHA256 Credential=mi-0123456789abcdef0/20150830/r/ssm/"
                                 "aws4_request, SignedHeaders=a;b, Signature=ab+/cd==",
                                 &auth, &err),
                     0);
    assert_string_equal(auth.key_id, "mi-0123456789abcdef0");
    assert_string_equal(auth.signature, "ab+/cd==");
    assert_int_equal(auth.n_signed, 2);
}

/* Checking ------------------------------------------------------------------------------------ */

static const struct sigv4_header usual[] = {{"content-type", "application/x-amz-json-1.1"},
                                            {"host", "127.0.0.1:8701"},
                                            {"x-amz-date", DATE},
                                            {"x-amz-target", "AmazonSSM.X"}};

static int check(const struct sigv4_header *headers, size_t n, const char *list,
                 const char *service, const char *scope_date, time_ms now, struct err *err)
{
    struct sigv4_request r = {.method = "POST",
                              .path = "/",
                              .query = "",
                              .headers = headers,
                              .n_headers = n,
                              .body = "{}",
                              .body_len = 2};
    struct sigv4_authorization auth;
    const char *text;

    assert_int_equal(sigv4_parse(&arena,
                                 arena_printf(&arena,
                                              "AWS4-HMAC-SHA256 Credential=K/%s/r/ssm/aws4_request,"
                                              "SignedHeaders=%s,Signature=x",
                                              scope_date, list),
                                 &auth, err),
                     0);
    return sigv4_check(&arena, &r, &auth, service, now, &text, err);
}

static void needed_headers_must_be_signed(void **state)
{
    static const char *const lists[] = {"x-amz-date;x-amz-target", "host;x-amz-target",
                                        "host;x-amz-date", "host;x-amz-date;x-amz-target;absent"};
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(check(usual, 4, "host;x-amz-date;x-amz-target", "ssm", "20150830", NOW, &err),
                     0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(check(usual, 4, lists[i], "ssm", "20150830", NOW, &err), ERR_DENIED);
}

static void session_token_must_be_signed_when_it_is_sent(void **state)
{
    struct sigv4_header headers[5];
    struct err err = ERR_INIT;

    (void)state;
    memcpy(headers, usual, sizeof(usual));
    headers[4] = (struct sigv4_header){"x-amz-security-token", "t"};
    assert_int_equal(check(headers, 5, "host;x-amz-date;x-amz-target", "ssm", "20150830", NOW,
                           &err),
                     ERR_DENIED);
    assert_int_equal(check(headers, 5, "host;x-amz-date;x-amz-security-token;x-amz-target", "ssm",
                           "20150830", NOW, &err),
                     0);
}

static void date_must_lie_within_five_minutes_and_be_the_scopes(void **state)
{
    static const struct {
        time_ms off;
        int rc;
    } times[] = {{0, 0},
                 {SIGV4_WINDOW_MS, 0},
                 {-SIGV4_WINDOW_MS, 0},
                 {SIGV4_WINDOW_MS + 1, ERR_TIMEOUT},
                 {-SIGV4_WINDOW_MS - 1, ERR_TIMEOUT}};
    const char *list = "host;x-amz-date;x-amz-target";
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(check(usual, 4, list, "ssm", "20150830", NOW + times[i].off, &err),
                         times[i].rc);
    assert_int_equal(check(usual, 4, list, "ssm", "20150831", NOW, &err), ERR_DENIED);
    assert_int_equal(check(usual, 4, list, "ec2messages", "20150830", NOW, &err), ERR_DENIED);
}

static void payload_hash_that_is_sent_must_be_the_bodys(void **state)
{
    struct sigv4_header headers[5];
    const char *list = "host;x-amz-content-sha256;x-amz-date;x-amz-target";
    struct err err = ERR_INIT;
    char hash[DIGEST_HEX_SIZE];

    (void)state;
    memcpy(headers, usual, sizeof(usual));
    digest_sha256_hex("{}", 2, hash);
    headers[4] = (struct sigv4_header){"x-amz-content-sha256", hash};
    assert_int_equal(check(headers, 5, list, "ssm", "20150830", NOW, &err), 0);
    headers[4].value = "UNSIGNED-PAYLOAD";
    assert_int_equal(check(headers, 5, list, "ssm", "20150830", NOW, &err), ERR_DENIED);
}

static void more_parameters_than_are_looked_at_are_refused(void **state)
{
    struct sigv4_authorization auth = {.signed_list = ""};
    struct sigv4_request r = {.method = "GET", .path = "/", .body = ""};
    char query[512] = "";

    (void)state;
    for (int i = 0; i < 64; i++)
        strcat(query, "a=1&");
    query[strlen(query) - 1] = '\0';
    r.query = query;
    assert_non_null(sigv4_canonical(&arena, &r, &auth));
    strcat(query, "&b=2");
    assert_null(sigv4_canonical(&arena, &r, &auth));
}

/* The RSA form -------------------------------------------------------------------------------- */

static void rsa_form_signs_the_same_string(void **state)
{
    struct sign_rsa *rsa = sign_rsa_new(2048);
    char *spki = sign_rsa_spki(rsa);
    const struct sigv4_signer by_key = {.key_id = "mi-0123456789abcdef0",
                                        .rsa = rsa,
                                        .region = "r",
                                        .service = "ssm"};
    struct sigv4_request r = {.method = "POST",
                              .path = "/",
                              .query = "",
                              .headers = usual,
                              .n_headers = 4,
                              .body = "{}",
                              .body_len = 2};
    struct sigv4_authorization auth;
    struct err err = ERR_INIT;
    char *changed;
    const char *text;

    (void)state;
    assert_int_equal(sigv4_parse(&arena, sigv4_authorize(&arena, &by_key, &r, &err), &auth, &err),
                     0);
    assert_int_equal(sigv4_check(&arena, &r, &auth, "ssm", NOW, &text, &err), 0);
    assert_int_equal(strlen(auth.signature), 344);
    assert_true(sigv4_rsa_signature_is(spki, &auth, text));
    assert_false(sigv4_rsa_signature_is(spki, &auth, arena_printf(&arena, "%s ", text)));
    changed = arena_str(&arena, auth.signature);
    changed[100] = changed[100] == 'A' ? 'B' : 'A';
    auth.signature = changed;
    assert_false(sigv4_rsa_signature_is(spki, &auth, text));
    free(spki);
    sign_rsa_free(rsa);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(published_vectors_are_verified),
        TEST(stages_of_get_vanilla_are_the_published_ones),
        TEST(what_is_signed_is_the_published_header),
        TEST(date_has_aws_form),
        TEST(odd_authorizations_are_incomplete),
        TEST(base64_signature_is_kept_whole),
        TEST(needed_headers_must_be_signed),
        TEST(session_token_must_be_signed_when_it_is_sent),
        TEST(date_must_lie_within_five_minutes_and_be_the_scopes),
        TEST(payload_hash_that_is_sent_must_be_the_bodys),
        TEST(more_parameters_than_are_looked_at_are_refused),
        TEST(rsa_form_signs_the_same_string),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
