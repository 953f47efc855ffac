/*
 * api: the endpoints over the real server and store: who may what, what bad input is told, what a
 * release looks like once rows are there, and that answers have the members the document promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/secret.h"
#include "lib/base/log.h"
#include "lib/model/command.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_command.h"
#include "lib/store/store_config.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "server/api/api_metrics.h"
#include "tests/support/api_room.h"
#include "tests/support/raw_http.h"

static struct api_room room;

/* Asking ------------------------------------------------------------------------------------------ */

struct asked {
    int status;
    struct raw_answer *answer;
    struct cJSON *json; /* NULL if the body is none */
};

static struct asked ask(enum listener listener, const char *method, const char *target,
                        const char *token, const char *body)
{
    char *bytes = malloc(8192 + (body != NULL ? strlen(body) : 0));
    struct err err = ERR_INIT;
    struct asked asked = {0};
    size_t len = (size_t)sprintf(bytes, "%s %s HTTP/1.1\r\nHost: h\r\n", method, target);

    if (token != NULL)
        len += (size_t)sprintf(bytes + len, "Authorization: Bearer %s\r\n", token);
    if (body != NULL)
        len += (size_t)sprintf(bytes + len,
                               "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                               strlen(body));
    len += (size_t)sprintf(bytes + len, "\r\n%s", body != NULL ? body : "");
    asked.answer = raw_http_ask(http_server_address(room.server, listener), bytes, len);
    asked.status = asked.answer->status;
    (void)json_parse(asked.answer->body, asked.answer->body_len, NULL, &asked.json, &err);
    free(bytes);
    return asked;
}

static void done(struct asked *asked)
{
    free(asked->answer);
    json_free(asked->json);
}

static int status(enum listener listener, const char *method, const char *target, const char *token,
                  const char *body)
{
    struct asked a = ask(listener, method, target, token, body);
    int s = a.status;

    done(&a);
    return s;
}

/* A token with these rights, made on the cli socket. */
static void make_token(const char *name, const char *rights, char token[128])
{
    char body[256];
    struct asked a;

    snprintf(body, sizeof(body), "{\"name\":\"%s\",\"rights\":%s}", name, rights);
    a = ask(LISTENER_CLI, "POST", "/api/v1/tokens", NULL, body);
    assert_int_equal(a.status, 201);
    snprintf(token, 128, "%s", json_str(a.json, "token"));
    assert_true(strncmp(token, "slipway_", 8) == 0);
    done(&a);
}

/* Rows -------------------------------------------------------------------------------------------- */

#define SHA1 "1111111111111111111111111111111111111111"
#define SHA2 "2222222222222222222222222222222222222222"
#define SHA3 "3333333333333333333333333333333333333333"
#define COMMAND "01930000-0000-7000-8000-000000000001"
#define HOST "mi-0123456789abcdef0"
#define NOW ((time_ms)1795497000000)

static int add_release(struct db *db, const char *sha, const char *subject, struct err *err)
{
    struct release r = {.repository_id = 1,
                        .subject = subject,
                        .author = "mika",
                        .committed_at = NOW,
                        .seen_at = NOW,
                        .n_paths = -1};
    int64_t number;

    memcpy(r.sha, sha, 41);
    return store_release_append(db, &r, &number, err);
}

static int add_pull(struct db *db, int64_t number, const char *sha, struct err *err)
{
    struct pull_request p = {.repository_id = 1,
                             .number = number,
                             .github_id = 1000 + number,
                             .state = PULL_REQUEST_MERGED,
                             .title = "Winter <b>sale</b>",
                             .url = "https://github.com/acme/shop/pull/7",
                             .author_id = 5,
                             .author = "mika",
                             .base_ref = "main",
                             .head_ref = "sale",
                             .opened_at = NOW,
                             .updated_at = NOW,
                             .closed_at = NOW,
                             .merged_at = NOW};
    bool taken;

    memcpy(p.head_sha, sha, 41);
    memcpy(p.merge_sha, sha, 41);
    return store_pull_request_put(db, &p, &taken, err);
}

static int add_host(struct db *db, struct err *err)
{
    const struct activation a = {.id = "5b2f6d0e-0000-4000-8000-000000000001",
                                 .code_digest = "x",
                                 .name = "stage-1",
                                 .limit = 1,
                                 .created_at = NOW,
                                 .created_by = "uid:0",
                                 .expires_at = NOW * 2};
    const struct config_pairs none = {0};
    const struct host h = {.id = HOST,
                           .name = "stage-1",
                           .state = HOST_REGISTERED,
                           .activation_id = a.id,
                           .registered_at = NOW};
    int rc = store_activation_put(db, &a, &none, err);

    return rc < 0 ? rc : store_host_register(db, &h, "fingerprint", "spki", err);
}

static int add_deployment(struct db *db, struct err *err)
{
    char digest[DIGEST_HEX_SIZE];
    bool is_new;
    struct deployment d = {.repository_id = 1,
                           .environment = "stage",
                           .kind = DEPLOYMENT_RELEASE,
                           .release_number = 2,
                           .lane = LANE_CODE,
                           .trigger = DEPLOYMENT_ON_MERGE,
                           .state = DEPLOYMENT_WAITING,
                           .config_digest = digest,
                           .plan_digest = digest,
                           .rows_expected = 1,
                           .cut_at = NOW,
                           .start_at = NOW};
    struct job job = {.name = "publish",
                      .max_parallel = 1,
                      .start_within_ms = 120000,
                      .timeout_ms = 600000,
                      .state = JOB_WAITING,
                      .document_digest = digest};
    struct command c = {.id = COMMAND,
                        .document_digest = digest,
                        .parameters = "{}",
                        .requested_at = NOW,
                        .requested_by = "deployment"};
    struct invocation i = {.command_id = COMMAND,
                           .host_id = HOST,
                           .roles = "web",
                           .status = INVOCATION_PENDING,
                           .details = "Pending",
                           .envelope = "{}",
                           .signature = "x",
                           .start_by = NOW * 2,
                           .exit_code = -1};
    struct output_chunk out = {.command_id = COMMAND,
                               .host_id = HOST,
                               .step = "fetch",
                               .at = NOW,
                               .text = "hello \xff\n",
                               .len = 8};
    int rc;

    digest_sha256_hex("x", 1, digest);
    memcpy(d.sha, SHA2, 41);
    rc = store_config_put(db, digest, "{}", "start", NOW, &is_new, err);
    if (rc == 0)
        rc = store_command_document(db, digest, "publish", "1", "{}", err);
    if (rc == 0)
        rc = store_deployment_insert(db, &d, &d.id, err);
    job.deployment_id = c.deployment_id = i.deployment_id = d.id;
    if (rc == 0)
        rc = store_deployment_job(db, &job, err);
    if (rc == 0)
        rc = store_command_insert(db, &c, err);
    if (rc == 0)
        rc = store_command_invoke(db, &i, err);
    if (rc == 0)
        rc = store_command_chunk(db, &out, err);
    out.number = 1;
    out.error_stream = true;
    if (rc == 0)
        rc = store_command_chunk(db, &out, err);
    if (rc == 0)
        rc = store_deployment_move(db, d.id, DEPLOYMENT_WAITING, DEPLOYMENT_DEPLOYING, NULL, NOW,
                                   err);
    return rc;
}

static int add_rows(struct db *db, void *arg, struct err *err)
{
    int rc = store_repository_ensure(db, "acme/shop", "main", err);

    (void)arg;
    if (rc == 0)
        rc = add_release(db, SHA1, "baseline", err);
    if (rc == 0)
        rc = add_release(db, SHA2, "Winter sale (#7)", err);
    if (rc == 0)
        rc = add_release(db, SHA3, "Spring sale (#8)", err);
    if (rc == 0)
        rc = add_pull(db, 7, SHA2, err);
    if (rc == 0)
        rc = add_pull(db, 8, SHA3, err);
    if (rc == 0)
        rc = add_host(db, err);
    return rc < 0 ? rc : add_deployment(db, err);
}

/* A house of its own: a proxy in front, and a production with rights of its own. */
static const char other_house[] =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "trusted-proxies: [127.0.0.1]\n"
    "metrics-from: [10.0.0.9]\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "rights: { view: [], operate: [\"token:deployer\"] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    branch: main\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      stage: { on: release, roles: { web: { agent: { hosts: [stage-1] } } } }\n"
    "      production:\n"
    "        on: release\n"
    "        needs: [stage]\n"
    "        rights: { operate: [\"token:chief\"] }\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";

static int room_up(void **state)
{
    (void)state;
    log_init(LOG_LOGFMT, LOG_ERROR);
    api_room_up(&room, NULL);
    api_room_write(&room, add_rows, NULL);
    return 0;
}

static int other_room_up(void **state)
{
    (void)state;
    log_init(LOG_LOGFMT, LOG_ERROR);
    api_room_up_with(&room, NULL, other_house);
    api_room_write(&room, add_rows, NULL);
    return 0;
}

static int room_down(void **state)
{
    (void)state;
    api_room_down(&room);
    return 0;
}

/* Rights ------------------------------------------------------------------------------------------ */

/* Silence of what is none would be taken for "it printed nothing". */
static void output_of_an_environment_or_host_that_is_none_is_a_mistake(void **state)
{
    static const char logs[] = "/api/v1/repos/acme/shop/releases/3/logs";
    char path[128];

    (void)state;
    assert_int_equal(status(LISTENER_CLI, "GET", logs, NULL, NULL), 200);
    (void)snprintf(path, sizeof(path), "%s?environment=production", logs);
    assert_int_equal(status(LISTENER_CLI, "GET", path, NULL, NULL), 200);
    (void)snprintf(path, sizeof(path), "%s?environment=prod", logs);
    assert_int_equal(status(LISTENER_CLI, "GET", path, NULL, NULL), 404);
    (void)snprintf(path, sizeof(path), "%s?host=web-9", logs);
    assert_int_equal(status(LISTENER_CLI, "GET", path, NULL, NULL), 404);
}

static void A4_who_may_what(void **state)
{
    static const char wish[] = "/api/v1/repos/acme/shop/releases/3/release";
    char viewer[128];
    char operator[128];
    char admin[128];
    char deployer[128];

    (void)state;
    make_token("viewer", "[\"view\"]", viewer);
    make_token("operator", "[\"operate\"]", operator);
    make_token("admin", "[\"admin\"]", admin);
    make_token("deployer", "[\"view\"]", deployer); /* the configuration gives it operate */

    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/status", NULL, NULL), 200);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/status", "slipway_wrong", NULL), 401);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/tokens", NULL, NULL), 401);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/tokens", viewer, NULL), 403);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/tokens", operator, NULL), 403);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/tokens", admin, NULL), 200);
    assert_int_equal(status(LISTENER_WEB, "POST", wish, NULL, "{}"), 401);
    assert_int_equal(status(LISTENER_WEB, "POST", wish, viewer, "{}"), 403);
    assert_int_equal(status(LISTENER_WEB, "POST", wish, admin, "{}"), 403);
    assert_int_equal(status(LISTENER_WEB, "POST", wish, operator, "{}"), 202);
    assert_int_equal(status(LISTENER_WEB, "POST", wish, deployer, "{}"), 202);
    assert_int_equal(status(LISTENER_CLI, "POST", wish, NULL, "{}"), 202);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/doctor", viewer, NULL), 200);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/deliveries/1?body=1", viewer, NULL), 403);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/repos/acme/shop/documents", viewer, NULL),
                     403);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/repos/acme/shop/documents", operator,
                            NULL),
                     200);
    assert_int_equal(status(LISTENER_WEB, "GET", "/metrics", NULL, NULL), 401);
    assert_int_equal(status(LISTENER_WEB, "GET", "/metrics", viewer, NULL), 200);
}

static void a_token_that_was_ended_gives_nothing(void **state)
{
    char token[128];

    (void)state;
    make_token("short-lived", "[\"admin\"]", token);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/tokens", token, NULL), 200);
    assert_int_equal(status(LISTENER_CLI, "DELETE", "/api/v1/tokens/short-lived", NULL, NULL), 200);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/tokens", token, NULL), 401);
    assert_int_equal(status(LISTENER_CLI, "DELETE", "/api/v1/tokens/short-lived", NULL, NULL), 404);
}

static void nobody_gives_a_right_he_has_not(void **state)
{
    char token[128];

    (void)state;
    make_token("only-admin", "[\"admin\"]", token);
    assert_int_equal(status(LISTENER_WEB, "POST", "/api/v1/tokens", token,
                            "{\"name\":\"more\",\"rights\":[\"hotfix\"]}"),
                     403);
    assert_int_equal(status(LISTENER_WEB, "POST", "/api/v1/tokens", token,
                            "{\"name\":\"less\",\"rights\":[\"view\"]}"),
                     201);
}

static int metrics_through(const char *forwarded)
{
    char bytes[256];
    size_t len =
        (size_t)snprintf(bytes, sizeof(bytes), "GET /metrics HTTP/1.1\r\nHost: h\r\n%s%s%s\r\n",
                         forwarded != NULL ? "X-Forwarded-For: " : "",
                         forwarded != NULL ? forwarded : "", forwarded != NULL ? "\r\n" : "");
    struct raw_answer *a = raw_http_ask(http_server_address(room.server, LISTENER_WEB), bytes, len);
    int s = a->status;

    free(a);
    return s;
}

/* What a proxy adds is believed, what its client wrote before it is not. */
static void T47_a_peer_is_who_the_trusted_proxy_says(void **state)
{
    (void)state;
    assert_int_equal(metrics_through(NULL), 401);
    assert_int_equal(metrics_through("10.0.0.9"), 200);
    assert_int_equal(metrics_through("10.0.0.9, 127.0.0.1"), 200);
    assert_int_equal(metrics_through("10.0.0.9, 10.0.0.8"), 401);
    assert_int_equal(metrics_through("10.0.0.8, 10.0.0.9"), 200);
    assert_int_equal(metrics_through("10.0.0.9, nonsense"), 401);
    assert_int_equal(metrics_through(""), 401);
}

static void A4_rights_of_an_environment_replace_those_of_the_top(void **state)
{
    static const char wish[] = "/api/v1/repos/acme/shop/releases/3/release";
    char deployer[128];
    char chief[128];

    (void)state;
    make_token("deployer", "[\"view\"]", deployer);
    make_token("chief", "[\"view\"]", chief);
    assert_int_equal(status(LISTENER_WEB, "POST", wish, deployer, "{\"environment\":\"stage\"}"),
                     202);
    assert_int_equal(status(LISTENER_WEB, "POST", wish, deployer,
                            "{\"environment\":\"production\"}"),
                     403);
    assert_int_equal(status(LISTENER_WEB, "POST", wish, chief, "{\"environment\":\"production\"}"),
                     202);
    assert_int_equal(status(LISTENER_WEB, "POST", wish, chief, "{\"environment\":\"stage\"}"), 403);
    assert_int_equal(status(LISTENER_WEB, "GET", "/api/v1/status", NULL, NULL),
                     401); /* empty = nobody */
    assert_int_equal(status(LISTENER_WEB, "GET", "/status.txt", NULL, NULL), 401);
    assert_int_equal(status(LISTENER_WEB, "GET", "/", NULL, NULL), 200);
}

/* Bad input ----------------------------------------------------------------------------------------- */

static void bad_bodies_are_told_what_was_expected(void **state)
{
    static const struct {
        const char *target;
        const char *body;
        const char *says;
    } cases[] = {
        {"/api/v1/tokens", "", "name"},
        {"/api/v1/tokens", "[]", "object"},
        {"/api/v1/tokens", "{", ""},
        {"/api/v1/tokens", "{\"name\":\"a\",\"name\":\"b\"}", ""},
        {"/api/v1/tokens", "{\"nmae\":\"a\"}", "did you mean name"},
        {"/api/v1/tokens", "{\"name\":\"a b\",\"rights\":[\"view\"]}", "name"},
        {"/api/v1/tokens", "{\"name\":\"a\",\"rights\":[]}", "rights"},
        {"/api/v1/tokens", "{\"name\":\"a\",\"rights\":[\"root\"]}", "root"},
        {"/api/v1/tokens", "{\"name\":\"a\",\"rights\":[\"view\"],\"for\":\"soon\"}", "for"},
        {"/api/v1/activations", "{}", "name and prefix"},
        {"/api/v1/activations", "{\"name\":\"a\",\"prefix\":\"b\"}", "name and prefix"},
        {"/api/v1/activations", "{\"name\":\"a\",\"limit\":5}", "limit"},
        {"/api/v1/activations", "{\"prefix\":\"a\",\"limit\":0}", "limit"},
        {"/api/v1/activations", "{\"name\":\"a\",\"tags\":[]}", "tags"},
        {"/api/v1/activations", "{\"name\":\"a\",\"tags\":{\"k\":7}}", "k"},
        {"/api/v1/repos/acme/shop/releases/3/release", "{\"reason\":\"a\\u001bb\"}", "reason"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct asked a = ask(LISTENER_CLI, "POST", cases[i].target, NULL, cases[i].body);

        if (a.status != 422)
            fail_msg("%s: %d", cases[i].body, a.status);
        assert_string_equal(raw_http_header(a.answer, "Content-Type"), "application/problem+json");
        assert_string_equal(json_str(a.json, "id"), raw_http_header(a.answer, "X-Request-Id"));
        if (strstr(json_str(a.json, "detail"), cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].body, json_str(a.json, "detail"));
        done(&a);
    }
}

static void what_is_not_there_is_404_with_its_name(void **state)
{
    static const char *const targets[] = {
        "/api/v1/repos/acme/other/releases",  "/api/v1/repos/acme/shop/releases/99",
        "/api/v1/repos/acme/shop/releases/0", "/api/v1/repos/acme/shop/releases/03",
        "/api/v1/repos/acme/shop/releases/x", "/api/v1/repos/acme/shop/releases/99/logs",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct asked a = ask(LISTENER_CLI, "GET", targets[i], NULL, NULL);

        if (a.status != 404)
            fail_msg("%s: %d", targets[i], a.status);
        done(&a);
    }
    assert_int_equal(status(LISTENER_CLI, "GET", "/api/v1/repos/acme/shop/releases?limit=0", NULL,
                            NULL),
                     422);
    assert_int_equal(status(LISTENER_CLI, "GET", "/api/v1/repos/acme/shop/releases?limit=a", NULL,
                            NULL),
                     422);
    assert_int_equal(status(LISTENER_CLI, "POST", "/api/v1/repos/acme/shop/releases/3/release",
                            NULL, "{\"environment\":\"moon\"}"),
                     404);
}

static void a_form_of_another_site_cannot_post(void **state)
{
    static const char raw[] = "POST /api/v1/tokens HTTP/1.1\r\nHost: h\r\n"
                              "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}";
    struct raw_answer *a =
        raw_http_ask(http_server_address(room.server, LISTENER_CLI), raw, sizeof(raw) - 1);

    (void)state;
    assert_int_equal(a->status, 422);
    free(a);
}

/* Shapes ------------------------------------------------------------------------------------------ */

static const struct cJSON *nth(const struct cJSON *array, size_t n)
{
    const struct cJSON *item = json_first(array);

    while (n-- > 0)
        item = json_next(item);
    assert_non_null(item);
    return item;
}

static void releases_come_newest_first_in_pages(void **state)
{
    struct asked a =
        ask(LISTENER_WEB, "GET", "/api/v1/repos/acme/shop/releases?limit=2", NULL, NULL);
    const struct cJSON *list = json_array(a.json, "releases");
    int64_t number;

    (void)state;
    assert_int_equal(a.status, 200);
    assert_int_equal(json_count(list), 2);
    assert_true(json_int(nth(list, 0), "number", &number) && number == 3);
    assert_true(json_int(a.json, "next", &number) && number == 2);
    assert_string_equal(json_str(nth(list, 1), "subject"), "Winter sale (#7)");
    assert_int_equal(json_count(json_array(nth(list, 1), "pulls")), 1);
    assert_string_equal(json_str(nth(json_array(nth(list, 1), "environments"), 0), "state"),
                        "staging");
    done(&a);
    a = ask(LISTENER_WEB, "GET", "/api/v1/repos/acme/shop/releases?before=2", NULL, NULL);
    assert_int_equal(json_count(json_array(a.json, "releases")), 1);
    assert_true(json_is_null(json_get(a.json, "next")) || json_get(a.json, "next") == NULL);
    done(&a);
}

static void a_release_shows_its_deployments_hosts_and_what_it_lacks(void **state)
{
    struct asked a = ask(LISTENER_WEB, "GET", "/api/v1/repos/acme/shop/releases/2", NULL, NULL);
    const struct cJSON *d = nth(json_array(a.json, "deployments"), 0);
    const struct cJSON *job = nth(json_array(d, "jobs"), 0);
    const struct cJSON *host = nth(json_array(job, "hosts"), 0);

    (void)state;
    assert_int_equal(a.status, 200);
    assert_string_equal(json_str(d, "state"), "deploying");
    assert_string_equal(json_str(job, "name"), "publish");
    assert_string_equal(json_str(host, "host"), "stage-1");
    assert_string_equal(json_str(host, "status"), "Pending");
    assert_int_equal(json_count(json_array(a.json, "not_included")), 1);
    assert_string_equal(json_str(nth(json_array(a.json, "pulls"), 0), "title"),
                        "Winter <b>sale</b>");
    done(&a);
}

static void output_is_followed_from_where_one_was(void **state)
{
    struct asked a =
        ask(LISTENER_WEB, "GET", "/api/v1/repos/acme/shop/releases/2/logs", NULL, NULL);
    const struct cJSON *chunks = json_array(a.json, "chunks");
    char target[200];
    bool running;

    (void)state;
    assert_int_equal(json_count(chunks), 2);
    assert_string_equal(json_str(nth(chunks, 0), "text"), "hello \xef\xbf\xbd\n");
    assert_string_equal(json_str(nth(chunks, 1), "stream"), "err");
    assert_true(json_bool(a.json, "running", &running) && running);
    snprintf(target, sizeof(target), "/api/v1/repos/acme/shop/releases/2/logs?after=%s",
             json_str(a.json, "next"));
    done(&a);
    a = ask(LISTENER_WEB, "GET", target, NULL, NULL);
    assert_int_equal(json_count(json_array(a.json, "chunks")), 0);
    done(&a);
    a = ask(LISTENER_WEB, "GET", "/api/v1/repos/acme/shop/releases/2/logs?host=other", NULL, NULL);
    assert_int_equal(json_count(json_array(a.json, "chunks")), 0);
    done(&a);
    a = ask(LISTENER_WEB, "GET",
            "/api/v1/repos/acme/shop/releases/2/logs?environment=stage&host=stage-1", NULL, NULL);
    assert_int_equal(json_count(json_array(a.json, "chunks")), 2);
    done(&a);
    /* What the command line asks when nobody chose: everything. */
    a = ask(LISTENER_CLI, "GET",
            "/api/v1/repos/acme/shop/releases/2/logs?host=&environment=&after=0", NULL, NULL);
    assert_int_equal(json_count(json_array(a.json, "chunks")), 2);
    done(&a);
}

static void the_board_speaks_the_readers_language(void **state)
{
    struct asked a = ask(LISTENER_WEB, "GET", "/api/v1/status?lang=ja", NULL, NULL);
    const struct cJSON *repo = nth(json_array(a.json, "repositories"), 0);

    (void)state;
    assert_string_equal(json_str(a.json, "language"), "ja");
    assert_string_equal(json_str(repo, "name"), "acme/shop");
    assert_int_equal(json_count(json_array(repo, "environments")), 2);
    assert_string_equal(json_str(nth(json_array(repo, "environments"), 0), "state"), "staging");
    done(&a);
    a = ask(LISTENER_WEB, "GET", "/api/v1/status", NULL, NULL);
    assert_string_equal(json_str(a.json, "language"), "en");
    done(&a);
    a = ask(LISTENER_WEB, "GET", "/status.txt", NULL, NULL);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.answer->body, "acme/shop (main)"));
    done(&a);
}

static void an_activation_prints_the_line_for_the_host(void **state)
{
    struct asked a = ask(LISTENER_CLI, "POST", "/api/v1/activations", NULL,
                         "{\"name\":\"web-1\",\"tags\":{\"Role\":\"web\"},\"for\":\"30d\"}");
    const char *command = json_str(a.json, "command");

    (void)state;
    assert_int_equal(a.status, 201);
    assert_non_null(strstr(command, "slipway-agent --register --url http://"));
    assert_non_null(strstr(command, json_str(a.json, "code")));
    assert_non_null(strstr(command, json_str(a.json, "store")));
    done(&a);
    a = ask(LISTENER_CLI, "GET", "/api/v1/activations", NULL, NULL);
    assert_null(strstr(a.answer->body, "act_")); /* a code is shown once */
    done(&a);
}

/* The labels of a sample are those that the table (and with it docs/reference.md) says, in its order. */
static void expect_labels(const char *page, const struct metrics_row *row)
{
    char begin[128], said[256] = "";
    const char *sample, *end;

    (void)snprintf(begin, sizeof(begin), "\n%s%s", row->name, *row->labels != '\0' ? "{" : " ");
    sample = strstr(page, begin);
    if (sample == NULL)
        return; /* there is nothing to count at the moment */
    sample += strlen(begin);
    end = strchr(sample, '\n');
    for (const char *quote = strchr(sample, '"');
         *row->labels != '\0' && quote != NULL && quote < end; quote = strchr(quote + 1, '"')) {
        size_t n = strlen(said), len = (size_t)(quote - 1 - sample);
        (void)snprintf(said + n, sizeof(said) - n, "%s%.*s", n > 0 ? ", " : "", (int)len, sample);
        quote = strchr(quote + 1, '"');
        sample = quote + 2; /* behind the comma */
    }
    assert_string_equal(said, row->labels);
}

static void each_metric_of_the_table_is_served_with_its_type_and_labels(void **state)
{
    char viewer[128];
    struct asked a;

    (void)state;
    make_token("prometheus", "[\"view\"]", viewer);
    a = ask(LISTENER_WEB, "GET", "/metrics", viewer, NULL);
    assert_int_equal(a.status, 200);
    for (size_t i = 0; i < metrics_table_count; i++) {
        char line[160];
        (void)snprintf(line, sizeof(line), "# TYPE %s %s\n", metrics_table[i].name,
                       metrics_table[i].type);
        assert_non_null(strstr(a.answer->body, line));
        expect_labels(a.answer->body, &metrics_table[i]);
    }
    done(&a);
}

/* How often the front door came to this end, as the page of metrics says it. */
static int counted(const char *token, const char *result)
{
    struct asked a = ask(LISTENER_WEB, "GET", "/metrics", token, NULL);
    char begin[80];
    const char *line;
    int n;

    (void)snprintf(begin, sizeof(begin), "slipway_webhook_deliveries_total{result=\"%s\"} ",
                   result);
    line = strstr(a.answer->body, begin);
    n = line != NULL ? atoi(line + strlen(begin)) : 0;
    done(&a);
    return n;
}

static int deliver_by(const char *secret, const char *guid, const char *body)
{
    char bytes[1024], hex[DIGEST_HEX_SIZE];
    unsigned char digest[DIGEST_SIZE];
    struct raw_answer *a;
    int status_there, len;

    digest_hmac_sha256(secret, strlen(secret), body, strlen(body), digest);
    digest_hex(digest, sizeof(digest), hex);
    len = snprintf(bytes, sizeof(bytes),
                   "POST /webhooks/github HTTP/1.1\r\nHost: h\r\nX-GitHub-Event: push\r\n"
                   "X-GitHub-Delivery: %s\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\nX-Hub-Signature-256: sha256=%s\r\n\r\n%s",
                   guid, strlen(body), hex, body);
    a = raw_http_ask(http_server_address(room.server, LISTENER_WEBHOOKS), bytes, (size_t)len);
    status_there = a->status;
    free(a);
    return status_there;
}

static int deliver(const char *guid, const char *body)
{
    return deliver_by(API_ROOM_SECRET, guid, body);
}

/* The GUID is not signed: whoever sends another body under a known one is answered like everybody, and it is told. */
static void W3_another_body_under_a_known_guid_is_not_taken_and_told(void **state)
{
    int64_t rows;
    char viewer[128];

    (void)state;
    make_token("counts", "[\"view\"]", viewer);
    assert_int_equal(deliver("guid-other", "{\"a\":1}"), 202);
    rows = api_room_deliveries(&room);
    assert_int_equal(counted(viewer, "known"), 0);
    assert_int_equal(deliver("guid-other", "{\"a\":1}"), 202);
    assert_int_equal(counted(viewer, "known"), 1);
    assert_int_equal(counted(viewer, "other"), 0);
    assert_int_equal(deliver("guid-other", "{\"a\":2}"), 202);
    assert_int_equal(counted(viewer, "other"), 1);
    assert_int_equal(counted(viewer, "known"), 1);
    assert_int_equal(counted(viewer, "stored"), 1);
    assert_int_equal(api_room_deliveries(&room), rows);
}

static int64_t delivery_says(const char *guid, const char *key)
{
    char target[64];
    struct asked a;
    int64_t id = 0;

    snprintf(target, sizeof(target), "/api/v1/deliveries/%s", guid);
    a = ask(LISTENER_CLI, "GET", target, NULL, NULL);
    assert_int_equal(a.status, 200);
    (void)json_int(a.json, key, &id);
    done(&a);
    return id;
}

static void secrets_are(const struct secret *const *secrets, size_t n)
{
    room.api.webhook_secrets = secrets;
    room.api.n_webhook_secrets = n;
}

#define OLD API_ROOM_SECRET
#define NEW "another webhook secret, 32 bytes"

/* As the manual has it: the new one is added, GitHub's is changed, the old one goes. What somebody kept of any of these times
 * is known as long as its signature is valid, and what GitHub tries again is never called another. */
static void T05_W3_an_equal_body_is_known_when_secrets_were_exchanged(void **state)
{
    struct secret *fresh = secret_new(NEW, strlen(NEW));
    const struct secret *const both[] = {room.secret, fresh}, *const turned[] = {fresh,
                                                                                 room.secret};
    char viewer[128];
    int64_t first, second;
    int other;

    (void)state;
    make_token("turns", "[\"view\"]", viewer);
    assert_int_equal(deliver_by(OLD, "turn-1", "{\"a\":31}"), 202);
    secrets_are(both, 2);
    assert_int_equal(deliver_by(NEW, "turn-2", "{\"a\":32}"), 202);
    first = delivery_says("turn-1", "id");
    second = delivery_says("turn-2", "id");
    assert_int_equal(deliver_by(OLD, "turn-3", "{\"a\":31}"), 202);
    assert_int_equal(deliver_by(NEW, "turn-4", "{\"a\":32}"), 202);
    assert_int_equal(deliver_by(NEW, "turn-5", "{\"a\":31}"), 202); /* by another hook */
    secrets_are(turned, 2);
    assert_int_equal(deliver_by(NEW, "turn-6", "{\"a\":31}"), 202);
    assert_int_equal(deliver_by(OLD, "turn-7", "{\"a\":32}"), 202);
    secrets_are(&turned[0], 1);
    assert_int_equal(deliver_by(NEW, "turn-8", "{\"a\":32}"), 202);
    assert_int_equal(deliver_by(NEW, "turn-9", "{\"a\":31}"), 202);
    assert_int_equal(deliver_by(OLD, "turn-10", "{\"a\":31}"), 401);
    assert_int_equal(delivery_says("turn-1", "repeat_of"), 0);
    assert_int_equal(delivery_says("turn-2", "repeat_of"), 0);
    assert_int_equal(delivery_says("turn-3", "repeat_of"), first);
    assert_int_equal(delivery_says("turn-4", "repeat_of"), second);
    assert_int_equal(delivery_says("turn-5", "repeat_of"), first);
    assert_int_equal(delivery_says("turn-6", "repeat_of"), first);
    assert_int_equal(delivery_says("turn-7", "repeat_of"), second);
    assert_int_equal(delivery_says("turn-8", "repeat_of"), second);
    assert_int_equal(delivery_says("turn-9", "repeat_of"),
                     first); /* the first, and no repeat of it */

    other = counted(viewer, "other");
    assert_int_equal(deliver_by(NEW, "turn-1", "{\"a\":31}"),
                     202); /* no mark fits, the body does */
    assert_int_equal(counted(viewer, "other"), other);
    assert_int_equal(deliver_by(NEW, "turn-1", "{\"a\":33}"), 202);
    assert_int_equal(counted(viewer, "other"), other + 1);
    secrets_are(room.secrets, 1);
    secret_free(fresh);
}

static void hosts_and_doctor_answer(void **state)
{
    struct asked a = ask(LISTENER_CLI, "GET", "/api/v1/hosts", NULL, NULL);

    (void)state;
    assert_string_equal(json_str(nth(json_array(a.json, "hosts"), 0), "state"), "silent");
    done(&a);
    a = ask(LISTENER_CLI, "GET", "/api/v1/doctor", NULL, NULL);
    assert_int_equal(a.status, 200);
    for (const struct cJSON *c = json_first(json_array(a.json, "checks")); c != NULL;
         c = json_next(c)) {
        if (strncmp(json_str(c, "text"), "doctor.", 7) == 0)
            fail_msg("%s has no text", json_str(c, "text"));
        assert_true(strcmp(json_str(c, "state"), "ok") == 0 || json_str(c, "fix") != NULL);
        assert_null(strchr(json_str(c, "text"), '{'));
    }
    done(&a);
}

/* T41: what may run on the page is ours alone. */
static void T41_the_page_comes_with_its_policy_and_a_tag(void **state)
{
    static const char again[] = "GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: %s\r\n\r\n";
    struct asked a = ask(LISTENER_WEB, "GET", "/acme/shop/releases/2", NULL, NULL);
    char bytes[512];
    size_t len;

    (void)state;
    assert_int_equal(a.status, 200);
    assert_non_null(
        strstr(a.answer->head, "Content-Security-Policy: default-src 'none'; script-src 'self'"));
    assert_string_equal(raw_http_header(a.answer, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(raw_http_header(a.answer, "Referrer-Policy"), "no-referrer");
    len = (size_t)snprintf(bytes, sizeof(bytes), again, raw_http_header(a.answer, "ETag"));
    done(&a);
    a.answer = raw_http_ask(http_server_address(room.server, LISTENER_WEB), bytes, len);
    assert_int_equal(a.answer->status, 304);
    free(a.answer);
    assert_int_equal(status(LISTENER_WEB, "GET", "/assets/none.js", NULL, NULL), 404);
    assert_int_equal(status(LISTENER_WEB, "GET", "/assets/../index.html", NULL, NULL), 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(A4_who_may_what),
        cmocka_unit_test(a_token_that_was_ended_gives_nothing),
        cmocka_unit_test(nobody_gives_a_right_he_has_not),
        cmocka_unit_test(bad_bodies_are_told_what_was_expected),
        cmocka_unit_test(what_is_not_there_is_404_with_its_name),
        cmocka_unit_test(a_form_of_another_site_cannot_post),
        cmocka_unit_test(releases_come_newest_first_in_pages),
        cmocka_unit_test(a_release_shows_its_deployments_hosts_and_what_it_lacks),
        cmocka_unit_test(output_is_followed_from_where_one_was),
        cmocka_unit_test(the_board_speaks_the_readers_language),
        cmocka_unit_test(an_activation_prints_the_line_for_the_host),
        cmocka_unit_test(output_of_an_environment_or_host_that_is_none_is_a_mistake),
        cmocka_unit_test(hosts_and_doctor_answer),
        cmocka_unit_test(W3_another_body_under_a_known_guid_is_not_taken_and_told),
        cmocka_unit_test(T05_W3_an_equal_body_is_known_when_secrets_were_exchanged),
        cmocka_unit_test(each_metric_of_the_table_is_served_with_its_type_and_labels),
        cmocka_unit_test(T41_the_page_comes_with_its_policy_and_a_tag),
    };

    const struct CMUnitTest others[] = {
        cmocka_unit_test(T47_a_peer_is_who_the_trusted_proxy_says),
        cmocka_unit_test(A4_rights_of_an_environment_replace_those_of_the_top),
    };
    int failed = cmocka_run_group_tests(tests, room_up, room_down);

    return failed + cmocka_run_group_tests(others, other_room_up, room_down);
}
