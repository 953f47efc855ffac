/* People: logins and the accounts they mean, tokens that stand for a person, whom a person accepts (A4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_repository.h"
#include "server/flow/people.h"
#include "tests/support/api_room.h"
#include "tests/support/raw_http.h"

#define PEOPLE "/api/v1/people"
#define TOKENS "/api/v1/tokens"
#define HOLDS "/api/v1/repos/acme/shop/holds"

static const char house[] =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "rights: { view: [anyone], operate: [Ana, li], admin: [ana, \"token:chief\"] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      stage: { on: merge, roles: { web: { agent: { hosts: [stage-1] } } } }\n"
    "      production:\n"
    "        on: release\n"
    "        needs: [stage]\n"
    "        rights: { operate: [ana] }\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";

static struct api_room room;

static int add_repository(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return store_repository_ensure(db, "acme/shop", "main", err);
}

static int up(void **state)
{
    (void)state;
    log_init(LOG_LOGFMT, LOG_ERROR);
    api_room_up_with(&room, NULL, house);
    api_room_write(&room, add_repository, NULL);
    return 0;
}

static int down(void **state)
{
    (void)state;
    api_room_down(&room);
    return 0;
}

/* Asking ------------------------------------------------------------------------------------------ */

/* The body of the answer, to be freed; `token` NULL = over the cli socket, as the server's own user. */
static struct cJSON *ask(const char *token, const char *method, const char *target,
                         const char *body, int status)
{
    enum listener listener = token == NULL ? LISTENER_CLI : LISTENER_WEB;
    struct cJSON *json = NULL;
    struct raw_answer *raw;
    char bytes[4096];
    size_t len =
        (size_t)snprintf(bytes, sizeof(bytes), "%s %s HTTP/1.1\r\nHost: h\r\n", method, target);

    if (token != NULL && token[0] != '\0')
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "Authorization: Bearer %s\r\n",
                                token);
    if (body != NULL)
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len,
                                "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                                strlen(body));
    len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "\r\n%s", body != NULL ? body : "");
    raw = raw_http_ask(http_server_address(room.server, listener), bytes, len);
    (void)json_parse(raw->body, raw->body_len, NULL, &json, NULL);
    if (raw->status != status)
        print_error("%s %s %s: %d instead of %d: %s\n", method, target, body != NULL ? body : "",
                    raw->status, status, raw->body);
    assert_int_equal(raw->status, status);
    free(raw);
    return json;
}

static void expect(const char *token, const char *method, const char *target, const char *body,
                   int status, const char *says)
{
    struct cJSON *json = ask(token, method, target, body, status);
    const char *detail = json_str(json, "detail");

    if (says != NULL && (detail == NULL || strstr(detail, says) == NULL))
        fail_msg("%s %s: \"%s\" does not say \"%s\"", method, target, detail != NULL ? detail : "-",
                 says);
    json_free(json);
}

static void make_token(const char *body, char token[128])
{
    struct cJSON *json = ask(NULL, "POST", TOKENS, body, 201);

    snprintf(token, 128, "%s", json_str(json, "token"));
    json_free(json);
}

struct sight {
    const char *login;
    int64_t id;
};

static int write_sight(struct db *db, void *arg, struct err *err)
{
    const struct sight *sight = arg;

    return people_seen(db, sight->login, sight->id, "delivery", 1000, err);
}

/* A signed delivery had this login with this id. */
static void seen(const char *login, int64_t id)
{
    struct sight sight = {login, id};

    api_room_write(&room, write_sight, &sight);
}

/* "act actor subject" of the journal's newest line. */
static void newest_line(char *text, size_t size)
{
    struct journal_entry *items;
    struct arena arena;
    struct db *db;
    size_t n;

    arena_init(&arena);
    assert_int_equal(db_pool_take(room.readers, &db, NULL), 0);
    assert_int_equal(store_journal_list(db, &arena, 0, 1, &items, &n, NULL), 0);
    db_pool_give(room.readers, db);
    assert_int_equal(n, 1);
    snprintf(text, size, "%s %s %s %s", items[0].act, items[0].actor, items[0].subject,
             items[0].detail);
    arena_deinit(&arena);
}

static void journal_ends_with(const char *expected)
{
    char line[400];

    newest_line(line, sizeof(line));
    assert_string_equal(line, expected);
}

/* Tests ------------------------------------------------------------------------------------------- */

static void A4_a_token_that_stands_for_a_person_has_what_the_person_has(void **state)
{
    char ana[128], li[128];

    (void)state;
    seen("Ana", 7);
    seen("li", 8);
    make_token("{\"name\":\"ana-laptop\",\"login\":\"ana\"}", ana);
    make_token("{\"name\":\"li-laptop\",\"login\":\"li\"}", li);
    expect(ana, "POST", HOLDS, "{\"environment\":\"production\",\"reason\":\"r\"}", 201, NULL);
    journal_ends_with("hold.add github:7:Ana acme/shop/production {\"hold\":1}");
    expect(li, "POST", HOLDS, "{\"environment\":\"stage\",\"reason\":\"r\"}", 201, NULL);
    expect(li, "POST", HOLDS, "{\"environment\":\"production\",\"reason\":\"r\"}", 403,
           "github:8:li may not do this in production of acme/shop: it takes the right operate, "
           "which is given to ana");
    expect(li, "GET", TOKENS, NULL, 403, "which is given to ana, token:chief");
    expect(ana, "GET", TOKENS, NULL, 200, NULL);
}

static void A4_a_login_is_bound_once_and_ids_are_compared(void **state)
{
    char ana[128];

    (void)state;
    seen("ana", 7);
    journal_ends_with("person.bind slipway ana {\"id\":7,\"by\":\"delivery\"}");
    make_token("{\"name\":\"t\",\"login\":\"ANA\"}", ana);
    expect(ana, "GET", TOKENS, NULL, 200, NULL);
    seen("ana", 7);
    seen("ana-new", 7); /* she was renamed; the configuration still says ana */
    expect(ana, "GET", TOKENS, NULL, 200, NULL);
}

static void T60_another_account_under_a_known_login_is_refused_until_it_is_accepted(void **state)
{
    char first[128], second[128];
    struct cJSON *list;

    (void)state;
    seen("ana", 7);
    make_token("{\"name\":\"first\",\"login\":\"ana\"}", first);
    seen("ana", 66);
    journal_ends_with("person.refuse slipway ana {\"id\":66,\"by\":\"delivery\"}");
    seen("ana-two", 66);
    make_token("{\"name\":\"second\",\"login\":\"ana-two\"}", second);
    expect(second, "GET", TOKENS, NULL, 403, NULL); /* that its login was ana gives it nothing */
    expect(first, "GET", TOKENS, NULL, 200, NULL);
    list = ask(NULL, "GET", PEOPLE, NULL, 200);
    assert_int_equal(json_count(json_array(list, "refused")), 1);
    assert_int_equal(json_count(json_array(list, "people")), 2);
    json_free(list);

    expect(NULL, "POST", PEOPLE "/ana/accept", "{\"id\":67}", 409, "is 66, not 67");
    expect(NULL, "POST", PEOPLE "/ana/accept?dry-run=1", "{}", 200, NULL);
    expect(first, "GET", TOKENS, NULL, 200, NULL);
    expect(NULL, "POST", PEOPLE "/ANA/accept", "{\"reason\":\"hired\"}", 200, NULL);
    expect(second, "GET", TOKENS, NULL, 200, NULL);
    expect(first, "GET", TOKENS, NULL, 403, NULL);
    expect(NULL, "POST", PEOPLE "/ana/accept", "{}", 409, "no other one came");
}

static void an_account_that_was_not_seen_is_named_by_its_number(void **state)
{
    char li[128];

    (void)state;
    expect(NULL, "POST", TOKENS, "{\"name\":\"t\",\"login\":\"li\"}", 409, "people accept li --id");
    expect(NULL, "POST", PEOPLE "/li/accept", "{}", 404, "name its id");
    expect(NULL, "POST", PEOPLE "/li/accept", "{\"id\":0}", 422, "id");
    expect(NULL, "POST", PEOPLE "/li/accept", "{\"id\":\"8\"}", 422, "id");
    expect(NULL, "POST", PEOPLE "/l.i/accept", "{\"id\":8}", 404, "no login");
    expect(NULL, "POST", PEOPLE "/li/accept", "{\"id\":8}", 200, NULL);
    make_token("{\"name\":\"t\",\"login\":\"li\"}", li);
    expect(li, "POST", HOLDS, "{\"environment\":\"stage\",\"reason\":\"r\"}", 201, NULL);
    expect(NULL, "POST", PEOPLE "/li/accept", "{\"id\":9}", 409, "no other one came");
}

static void nobody_makes_a_token_that_speaks_for_somebody_else(void **state)
{
    char ana[128], chief[128], own[128];
    struct cJSON *json;

    (void)state;
    seen("ana", 7);
    seen("li", 8);
    make_token("{\"name\":\"ana-laptop\",\"login\":\"ana\"}", ana);
    make_token("{\"name\":\"chief\",\"rights\":[\"admin\"]}", chief);
    expect(ana, "POST", TOKENS, "{\"name\":\"x\",\"login\":\"li\"}", 403, "stands for li");
    expect(chief, "POST", TOKENS, "{\"name\":\"x\",\"login\":\"li\"}", 403, "stands for li");
    json = ask(ana, "POST", TOKENS, "{\"name\":\"phone\",\"login\":\"ana\",\"rights\":[\"view\"]}",
               201);
    snprintf(own, sizeof(own), "%s", json_str(json, "token"));
    json_free(json);
    expect(own, "GET", TOKENS, NULL, 403, NULL); /* at most what it says */
    expect(own, "GET", "/api/v1/hosts", NULL, 200, NULL);
}

static void a_token_has_nothing_outside_its_scope(void **state)
{
    char stage[128];

    (void)state;
    make_token("{\"name\":\"t\",\"rights\":[\"operate\",\"admin\"],\"scope\":\"acme/shop/stage\"}",
               stage);
    expect(stage, "POST", HOLDS, "{\"environment\":\"stage\",\"reason\":\"r\"}", 201, NULL);
    expect(stage, "POST", HOLDS, "{\"environment\":\"production\",\"reason\":\"r\"}", 403, NULL);
    expect(stage, "POST", HOLDS, "{\"reason\":\"r\"}", 403, NULL);
    expect(stage, "GET", TOKENS, NULL, 403, NULL);
    expect(stage, "GET", "/api/v1/repos/acme/shop/releases", NULL, 200, NULL);
    expect(NULL, "POST", TOKENS, "{\"name\":\"u\",\"rights\":[\"view\"],\"scope\":\"acme\"}", 422,
           "scope");
}

static void a_dry_run_leaves_nothing(void **state)
{
    struct cJSON *json;

    (void)state;
    seen("ana", 7);
    json = ask(NULL, "POST", TOKENS "?dry-run=1", "{\"name\":\"t\",\"rights\":[\"view\"]}", 201);
    assert_null(json_str(json, "token"));
    json_free(json);
    journal_ends_with("person.bind slipway ana {\"id\":7,\"by\":\"delivery\"}");
    expect(NULL, "DELETE", TOKENS "/t", NULL, 404, "no token t");
    expect(NULL, "POST", TOKENS "?dry-run=yes", "{\"name\":\"t\",\"rights\":[\"view\"]}", 422,
           "dry-run");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(A4_a_token_that_stands_for_a_person_has_what_the_person_has,
                                        up, down),
        cmocka_unit_test_setup_teardown(A4_a_login_is_bound_once_and_ids_are_compared, up, down),
        cmocka_unit_test_setup_teardown(
            T60_another_account_under_a_known_login_is_refused_until_it_is_accepted, up, down),
        cmocka_unit_test_setup_teardown(an_account_that_was_not_seen_is_named_by_its_number, up,
                                        down),
        cmocka_unit_test_setup_teardown(nobody_makes_a_token_that_speaks_for_somebody_else, up,
                                        down),
        cmocka_unit_test_setup_teardown(a_token_has_nothing_outside_its_scope, up, down),
        cmocka_unit_test_setup_teardown(a_dry_run_leaves_nothing, up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
