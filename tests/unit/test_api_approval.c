/*
 * Approvals and checks over HTTP, as persons with tokens of their own: T22 to T26 of the threats, as far as they are asked
 * for by API.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/store/store_check.h"
#include "lib/store/store_pull_request.h"
#include "server/flow/people.h"
#include "tests/support/stop_room.h"

#define SHOP "/api/v1/repos/acme/shop"
#define APPROVAL SHOP "/releases/2/approval"
#define IN_PRODUCTION "{\"environment\":\"production\"}"

static const char config[] =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "rights: { view: [anyone], approve-code: [ana, ken, \"token:bot\"], approve-content: [mika] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      stage: { on: release, check: required, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "      production:\n"
    "        on: schedule\n"
    "        at: [\"15:00\", \"17:00\"]\n"
    "        approvals: { code: 1 }\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "      last: { on: release, needs: [stage], roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n"
    "  acme/site:\n"
    "    mirror: https://github.com/acme/site.git\n"
    "    root: /srv/site\n"
    "    environments:\n"
    "      live: { on: merge, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";

static struct stop_room room;
static char ana[128], ken[128], mika[128], bot[128];

static int add_people(struct db *db, void *arg, struct err *err)
{
    static const char *const logins[] = {"ana", "ken", "mika"};
    int rc = 0;

    (void)arg;
    for (int i = 0; i < 3 && rc == 0; i++)
        rc = people_seen(db, logins[i], 41 + i, "delivery", 1000, err);
    return rc;
}

/* #7 is ken's. */
static int own(struct db *db, void *arg, struct err *err)
{
    struct pull_request pull;
    struct arena arena;
    bool taken;
    int rc;

    (void)arg;
    arena_init(&arena);
    rc = store_pull_request_by_number(db, &arena, 1, 7, &pull, err);
    pull.author_id = 42;
    pull.author = "ken";
    pull.updated_at++;
    if (rc == 0)
        rc = store_pull_request_put(db, &pull, &taken, err);
    arena_deinit(&arena);
    return rc;
}

static void make_token(const char *body, char *token, size_t size)
{
    struct stop_answer a = stop_room_ask(&room, NULL, "POST", "/api/v1/tokens", body);

    if (a.status != 201)
        fail_msg("%d: %s", a.status, json_str(a.json, "detail"));
    snprintf(token, size, "%s", json_str(a.json, "token"));
    stop_room_answered(&a);
}

static int up(void **state)
{
    (void)state;
    stop_room_up_as(&room, config);
    stop_room_release(&room, "acme/shop", 0);
    stop_room_release(&room, "acme/shop", 7);
    api_room_write(&room.api, add_people, NULL);
    api_room_write(&room.api, own, NULL);
    make_token("{\"name\":\"a\",\"login\":\"ana\"}", ana, sizeof(ana));
    make_token("{\"name\":\"k\",\"login\":\"ken\"}", ken, sizeof(ken));
    make_token("{\"name\":\"m\",\"login\":\"mika\"}", mika, sizeof(mika));
    make_token("{\"name\":\"bot\",\"rights\":[\"view\"]}", bot, sizeof(bot));
    return 0;
}

static int down(void **state)
{
    (void)state;
    stop_room_down(&room);
    return 0;
}

static void refused(const char *token, const char *method, const char *target, const char *body,
                    int status, const char *text)
{
    struct stop_answer a = stop_room_ask(&room, token, method, target, body);
    const char *detail = json_str(a.json, "detail");

    if (a.status != status || detail == NULL || strstr(detail, text) == NULL)
        fail_msg("%s %s: %d, %s", method, target, a.status, detail != NULL ? detail : "-");
    stop_room_answered(&a);
}

static void T24_the_author_is_refused_whatever_token_he_takes(void **state)
{
    (void)state;
    refused(ken, "POST", APPROVAL, IN_PRODUCTION, 403, "made some of #7");
    refused(bot, "POST", APPROVAL, IN_PRODUCTION, 403, "nobody knows whose account");
    refused(NULL, "POST", APPROVAL, IN_PRODUCTION, 403, "nobody knows whose account");
    refused(mika, "POST", APPROVAL, IN_PRODUCTION, 403, "approve-code: ana, ken, token:bot");
    assert_int_equal(stop_room_journal(&room, "approval.grant"), 0);
}

static void A1_another_person_approves_and_the_answer_says_how_it_stands(void **state)
{
    struct stop_answer a = stop_room_ask(&room, ana, "POST", APPROVAL "?dry-run=1", IN_PRODUCTION);
    const struct cJSON *change;
    bool approved = false;

    (void)state;
    assert_int_equal(a.status, 200);
    assert_true(json_bool(a.json, "approved", &approved) && approved);
    stop_room_answered(&a);
    assert_int_equal(stop_room_journal(&room, "approval.grant"), 0);
    a = stop_room_ask(&room, ana, "POST", APPROVAL, IN_PRODUCTION);
    assert_int_equal(a.status, 201);
    change = json_first(json_array(a.json, "changes"));
    assert_string_equal(json_str(change, "change"), "#7");
    assert_string_equal(json_str(json_object(a.json, "approval"), "login"), "ana");
    assert_non_null(json_str(a.json, "start_text"));
    stop_room_answered(&a);
    refused(ana, "POST", APPROVAL, IN_PRODUCTION, 409, "already");
    assert_int_equal(stop_room_journal(&room, "approval.grant"), 1);
}

static void T23_what_was_not_looked_at_is_not_approved(void **state)
{
    (void)state;
    refused(ana, "POST", APPROVAL,
            "{\"environment\":\"production\",\"plan\":"
            "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
            409, "changed since it was shown");
}

static void T25_a_missing_approval_is_told_with_the_command_everywhere(void **state)
{
    struct stop_answer a = stop_room_ask(&room, ana, "GET", SHOP "/releases/2", NULL);
    bool found = false;

    (void)state;
    for (const struct cJSON *v = json_first(json_array(a.json, "verdicts")); v != NULL;
         v = json_next(v))
        for (const struct cJSON *c = json_first(json_array(v, "causes")); c != NULL;
             c = json_next(c))
            if (str_eq(json_str(c, "cause"), "approval")) {
                found = true;
                assert_string_equal(json_str(c, "command"),
                                    "slipway approve acme/shop r2 production");
                assert_non_null(strstr(json_str(c, "text"), "code 0/1"));
            }
    assert_true(found);
    stop_room_answered(&a);
}

static void A2_only_his_own_is_taken_back_and_then_it_waits_again(void **state)
{
    (void)state;
    assert_int_equal(stop_room_status(&room, ana, "POST", APPROVAL, IN_PRODUCTION), 201);
    refused(ken, "DELETE", APPROVAL, IN_PRODUCTION, 404, "has not approved");
    assert_int_equal(stop_room_status(&room, ana, "DELETE", APPROVAL, IN_PRODUCTION), 200);
    stop_room_at(&room, "15:00");
    stop_room_look(&room);
    stop_room_look(&room);
    assert_string_equal(stop_room_state(&room, "acme/shop", "production"), "");
    assert_int_equal(stop_room_status(&room, ana, "POST", APPROVAL, IN_PRODUCTION), 201);
    stop_room_look(&room);
    stop_room_look(&room);
    assert_string_equal(stop_room_state(&room, "acme/shop", "production"), "deploying");
    refused(ana, "DELETE", APPROVAL, IN_PRODUCTION, 409, "has started");
}

/* #7 is merged, so its head does not move; what a page showed may be older all the same. */
static void T22_a_check_belongs_to_the_head_that_was_shown(void **state)
{
    (void)state;
    refused(mika, "POST", SHOP "/pulls/7/check",
            "{\"ok\":true,\"head\":\"9b07d22000000000000000000000000000000000\"}", 409,
            "Please look again");
    refused(mika, "POST", SHOP "/pulls/7/check", "{\"ok\":false}", 422, "reason");
    refused(bot, "POST", SHOP "/pulls/7/check", "{\"ok\":true}", 403, "approve-content");
    assert_int_equal(stop_room_status(&room, mika, "POST", SHOP "/pulls/7/check", "{\"ok\":true}"),
                     201);
    assert_int_equal(stop_room_journal(&room, "check.ok"), 1);
}

static void C1_a_release_is_checked_only_where_it_is_there(void **state)
{
    (void)state;
    refused(ana, "POST", SHOP "/releases/2/check", "{\"ok\":true}", 409, "nobody can see it");
    refused(ana, "POST", SHOP "/releases/2/check", "{\"ok\":true,\"environment\":\"production\"}",
            409, "asks for no check");
}

/* Property: no approval counts for another digest ------------------------------------------------- */

#define PLANS 3

static unsigned seed;

static unsigned below(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % n;
}

/* The same but for a value of the job: another plan, so another digest. */
static void use_plan(int n)
{
    static const char head[] = "publish: { runs-on: [web], ";
    const char *at = strstr(config, head);
    char text[sizeof(config) + 64];

    snprintf(text, sizeof(text), "%.*s%senv: { PLAN: \"%d\" }, %s", (int)(at - config), config,
             head, n, at + sizeof(head) - 1);
    api_room_config(&room.api, text);
}

static bool waits_for_approval(void)
{
    struct stop_answer a = stop_room_ask(&room, "", "GET", SHOP "/releases/2", NULL);
    bool waits = false;

    assert_int_equal(a.status, 200);
    for (const struct cJSON *v = json_first(json_array(a.json, "verdicts")); v != NULL;
         v = json_next(v))
        for (const struct cJSON *c = json_first(json_array(v, "causes")); c != NULL;
             c = json_next(c))
            waits = waits || (str_eq(json_str(v, "environment"), "production") &&
                              str_eq(json_str(c, "cause"), "approval"));
    stop_room_answered(&a);
    return waits;
}

/* What must be so: ana has said yes to one plan (-1 = to none), until she takes it back, or a look of the flow finds
 * another plan in force: void is final. */
static void one_step(int *plan, int *said)
{
    int status;

    switch (below(5)) {
    case 0:
    case 1:
        *plan = (int)below(PLANS);
        use_plan(*plan);
        break;
    case 2:
        stop_room_look(&room);
        if (*said != *plan)
            *said = -1;
        break;
    case 3:
        status = stop_room_status(&room, ana, "POST", APPROVAL, IN_PRODUCTION);
        if (status == 201)
            *said = *plan;
        else if (status != 409 || *said < 0)
            fail_msg("an approval was answered with %d", status);
        break;
    default:
        status = stop_room_status(&room, ana, "DELETE", APPROVAL, IN_PRODUCTION);
        if (status == 200)
            *said = -1;
        else if (*said >= 0)
            fail_msg("what is there was not taken back: %d", status);
    }
}

static void A1_no_approval_counts_for_another_digest(void **state)
{
    const char *wanted = getenv("SLIPWAY_SEQUENCES");
    int runs = wanted != NULL ? (int)strtol(wanted, NULL, 10) : 1;
    int plan = 0, said = -1, approved = 0;

    (void)state;
    use_plan(plan);
    for (int run = 0; run < runs; run++) {
        seed = (unsigned)run + 1;
        for (int i = 0; i < 150; i++) {
            one_step(&plan, &said);
            if (waits_for_approval() == (said == plan))
                fail_msg("run %d, step %d: plan %d %s", run, i, plan,
                         said == plan ? "is approved and waits"
                                      : "is not approved and does not wait");
            approved += said == plan;
        }
    }
    assert_true(approved > 20);
}

#define ROOM(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM(T24_the_author_is_refused_whatever_token_he_takes),
        ROOM(A1_another_person_approves_and_the_answer_says_how_it_stands),
        ROOM(T23_what_was_not_looked_at_is_not_approved),
        ROOM(T25_a_missing_approval_is_told_with_the_command_everywhere),
        ROOM(A2_only_his_own_is_taken_back_and_then_it_waits_again),
        ROOM(T22_a_check_belongs_to_the_head_that_was_shown),
        ROOM(A1_no_approval_counts_for_another_digest),
        ROOM(C1_a_release_is_checked_only_where_it_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
