/*
 * Hosts whose journal is in doubt, databases under several names, a server that dies around the permit: no second start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/names.h"
#include "server/server.h"
#include "tests/support/raw_http.h"
#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

#define DATABASE "acme/shop/production/primary-db"

static void production_migrates(struct story *s, enum story_host_way way)
{
    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_is(s, "batch-1", "migrate", way);
    story_at(s, "2026-11-24 15:00");
}

static void stage_success_is_not_production_success(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_SUCCEEDS);
    story_expect_attempt(s, "acme/shop/stage/primary-db", "succeeded");
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_starts(s, "stage-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_end(s);
}

#define SHARED "databases: { shop: [acme/shop/stage/primary-db, acme/admin/live/main] }\n"
#define ADMIN                                                                                      \
    "  acme/admin:\n"                                                                              \
    "    branch: main\n"                                                                           \
    "    mirror: GIT/acme/admin\n"                                                                 \
    "    root: /srv/admin\n"                                                                       \
    "    environments:\n"                                                                          \
    "      live: { on: merge, roles: { all: { agent: { hosts: [admin-1] } } } }\n"                 \
    "    jobs:\n"                                                                                  \
    "      migrate:\n"                                                                             \
    "        runs-on: [all]\n"                                                                     \
    "        once: main\n"                                                                         \
    "        steps: [{ uses: migrate, with: { tool: rails } }]\n"

static void failed_attempt_holds_shared_database(void **state)
{
    struct story *s = *state;

    story_repository(s, "acme/shop");
    story_repository(s, "acme/admin");
    story_config_with(s, SHARED,
                      arena_printf(&s->arena, "%s%s", story_shop_config(s, "at: [\"15:00\"]"),
                                   ADMIN));
    story_hosts(s, "stage-1", "batch-1", "batch-2", "web-1", "web-2", "admin-1", NULL);
    story_at(s, "2026-11-24 14:10");
    story_host_is(s, "stage-1", "migrate", STORY_HOST_FAILS);
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_attempt(s, "shop", "failed");
    story_merge(s, "acme/admin", 1, "Roles");
    story_expect_waits(s, "acme/admin", "live", "unsettled", "shop");
    story_expect_starts(s, "admin-1", "migrate", 2, 0);
    assert_int_equal(story_post(s, "/api/v1/migrate/abandon",
                                "{\"database\":\"shop\",\"reason\":\"rolled back by hand\"}"),
                     0);
    story_pass(s, 5000);
    story_expect_starts(s, "admin-1", "migrate", 2, 1);
    story_expect_attempt(s, "shop", "succeeded");
    /* Two repositories migrated it: whose successes are to be forgotten? */
    story_refused(s, "POST", "/api/v1/migrate/forget",
                  "{\"database\":\"shop\",\"since\":1,\"reason\":\"restored\"}", 422,
                  "which one? On shop migrated: acme/");
    /* The one that migrated it last leaves the configuration: the database is listed all the same. */
    story_config_with(s, "databases: { shop: [acme/shop/stage/primary-db] }\n",
                      story_shop_config(s, "at: [\"15:00\"]"));
    assert_non_null(strstr(story_ask(s, "GET", "/api/v1/migrate", NULL), "\"database\":\"shop\""));
    story_end(s);
}

/* As anybody with a browser. */
static const char *seen_by_anybody(struct story *s, const char *path)
{
    const char *request =
        arena_printf(&s->arena,
                     "GET %s HTTP/1.1\r\nHost: slipway.example\r\nConnection: close\r\n\r\n", path);
    struct raw_answer *answer =
        raw_http_ask(server_address(s->server, LISTENER_WEB), request, strlen(request));
    const char *body;

    assert_int_equal(answer->status, 200);
    body = arena_strn(&s->arena, answer->body, answer->body_len);
    free(answer);
    return body;
}

#define CLOSED_ADMIN ADMIN "    rights: { view: [\"token:chief\"] }\n"

/* Two repositories on one database, and one of them is nobody's business: that it holds it is said, and no more than that. */
static void what_holds_a_database_and_may_not_be_seen_is_named_to_nobody(void **state)
{
    struct story *s = *state;
    const char *seen;

    story_repository(s, "acme/shop");
    story_repository(s, "acme/admin");
    story_config_with(s, SHARED,
                      arena_printf(&s->arena, "%s%s", story_shop_config(s, "at: [\"15:00\"]"),
                                   CLOSED_ADMIN));
    story_hosts(s, "stage-1", "batch-1", "batch-2", "web-1", "web-2", "admin-1", NULL);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_is(s, "admin-1", "migrate", STORY_HOST_FAILS);
    story_merge(s, "acme/admin", 1, "Roles");
    story_expect_attempt(s, "shop", "failed");
    for (int i = 0; i < 2; i++) { /* named, and in the list of all */
        seen = seen_by_anybody(s, i == 0 ? "/api/v1/migrate?database=shop" : "/api/v1/migrate");
        assert_non_null(strstr(seen, "is held by a migrate attempt of a repository that you may "
                                     "not see"));
        assert_non_null(strstr(seen, "\"attempts\":[]"));
        assert_null(strstr(seen, "admin-1"));
        assert_null(strstr(seen, "acme/admin"));
    }
    assert_non_null(strstr(story_ask(s, "GET", "/api/v1/migrate", NULL), "acme/admin"));
    assert_int_equal(story_post(s, "/api/v1/migrate/abandon",
                                "{\"database\":\"shop\",\"reason\":\"rolled back by hand\"}"),
                     0);
    assert_non_null(
        strstr(seen_by_anybody(s, "/api/v1/migrate?database=shop"), "nothing holds it"));
    story_merge(s, "acme/shop", 2, "Gifts"); /* that of the other stands behind it now */
    story_expect_attempt(s, "shop", "succeeded");
    seen = seen_by_anybody(s, "/api/v1/migrate?database=shop");
    assert_non_null(strstr(seen, "acme/shop"));
    assert_null(strstr(seen, "admin-1"));
    assert_null(strstr(seen, "acme/admin"));
    story_end(s);
}

/* Its disk goes back to before the permit while the command runs: it takes it for one that never began, and asks. */
static void host_restored_from_snapshot(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_script(story_host(s, "batch-1"), "migrate", STORY_HOST_SUCCEEDS, 30 * 60000);
    story_clock_pass(&s->clock, 50 * 60000 - 60000);
    story_amid(s, "2026-11-24 15:00:30");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_host_restore(story_host(s, "batch-1"));
    story_pass(s, 7 * 60000);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_expect_attempt(s, DATABASE, "unknown");
    story_expect_host(s, "batch-1", "barred");
    story_end(s);
}

static void an_idle_host_restored_from_a_snapshot_gets_nothing(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_SUCCEEDS);
    story_host(s, "batch-1")->record_number -= 2;
    story_pass(s, 60000);
    story_expect_host(s, "batch-1", "barred");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-25 11:00");
    /* Its key opens nothing: it gets no code, and so nothing is migrated without it. */
    story_expect_starts(s, "batch-1", "migrate", 3, 0);
    story_expect_starts(s, "batch-1", "fetch", 3, 0);
    story_end(s);
}

static void host_reimaged(void **state)
{
    struct story *s = *state;

    production_migrates(s, STORY_HOST_SUCCEEDS);
    names_uuid_new(story_host(s, "batch-1")->journal_id);
    story_host(s, "batch-1")->record_number = 1;
    story_pass(s, 60000);
    story_expect_host(s, "batch-1", "barred");
    assert_int_equal(story_post(s, "/api/v1/hosts/batch-1/accept-journal",
                                "{\"reason\":\"new disk\"}"),
                     0);
    story_pass(s, 60000);
    story_expect_host(s, "batch-1", "online");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-25 11:00");
    story_expect_starts(s, "batch-1", "migrate", 3, 1);
    story_end(s);
}

static void host_cloned(void **state)
{
    struct story *s = *state;
    char own[NAMES_UUID_SIZE];
    struct story_host *host;

    production_migrates(s, STORY_HOST_SUCCEEDS);
    host = story_host(s, "batch-1");
    memcpy(own, host->journal_id, sizeof(own));
    names_uuid_new(host->journal_id); /* the copy began a journal of its own */
    story_pass(s, 60000);
    story_expect_host(s, "batch-1", "barred");
    memcpy(host->journal_id, own, sizeof(own));
    story_pass(s, 60000);
    story_expect_told(s, "host.suspend", host->config.host_id, "two journals speak under one key");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-25 11:00");
    story_expect_starts(s, "batch-1", "migrate", 3, 0);
    story_end(s);
}

/* The server dies whenever somebody has something to do. */
static void restart_always(struct story *s)
{
    story_reopen(s);
}

/* It gave the permit and died before the answer arrived, twice; the host asks each time with the same nonce. */
static void server_killed_around_permit(void **state)
{
    struct story *s = *state;
    struct story_host *batch;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    batch = story_host(s, "batch-1");
    batch->loses_permit_of = "migrate";
    batch->permits_lost = 2;
    s->between = restart_always;
    story_at(s, "2026-11-24 15:00");
    s->between = NULL;
    assert_int_equal(batch->permits_lost, 0);
    story_expect_live(s, "acme/shop", "production", 2);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_end(s);
}

#define FENCE "{\"database\":\"" DATABASE "\",\"reason\":\"restored, looked at\"}"

static void files(const struct story *s, const char *line)
{
    char command[1024];

    snprintf(command, sizeof(command), "cd '%s' && %s", s->folder, line);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): a folder of our own
}

/* Who takes its name over ends its keys: what it runs nobody will hear of. */
static void M5_what_a_replaced_host_runs_is_unknown_at_once(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_script(story_host(s, "batch-1"), "migrate", STORY_HOST_SUCCEEDS, 30 * 60000);
    story_amid(s, "2026-11-24 15:02");
    story_expect_attempt(s, DATABASE, "running");
    files(s, "mv batch-1 replaced"); /* another machine: another disk */
    story_hosts(s, "batch-1", NULL);
    story_expect_attempt(s, DATABASE, "unknown");
    assert_non_null(strstr(story_ask(s, "GET", "/api/v1/migrate", NULL), "took the name"));
    story_end(s);
}

/* Yesterday's store knows nothing of what production ran since, and would migrate again with an epoch that was used:
 * the host says so, and the database stands until a person lets it go on. */
static void server_restored_from_backup(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_stop(s);
    files(s, "cp -a state backup");
    story_start(s);
    story_at(s, "2026-11-24 15:00");
    story_expect_live(s, "acme/shop", "production", 2);
    story_stop(s);
    files(s, "rm -rf state && mv backup state");
    story_start(s);
    story_at(s, "2026-11-24 15:05");
    story_pass(s, 60000);
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_told(s, "database.fence", DATABASE, "behind");
    story_until(s, "2026-11-24 15:30"); /* no time lets it go on */
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_act(s, "POST", "/api/v1/fence", FENCE);
    story_pass(s, 60000);
    story_expect_attempt(s, DATABASE, "succeeded");
    story_expect_starts(s, "batch-1", "migrate", 2, 2); /* a person decided that it may */
    story_end(s);
}

/* The same, but nobody needs another release: no order is refused, for none is given. The host says what it has seen as soon as
 * it says anything, and the database stands (docs/decisions/0135); no other does. */
static void G5_a_restored_store_is_found_out_by_what_its_hosts_have_seen(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_expect_attempt(s, "acme/shop/stage/primary-db", "succeeded");
    story_stop(s);
    files(s, "cp -a state backup");
    story_start(s);
    story_at(s, "2026-11-24 15:00");
    story_expect_attempt(s, DATABASE, "succeeded");
    story_restart(s);
    story_pass(s, 60000); /* what it has seen is told, and proves nothing to who knows it */
    story_expect_untold(s, "database.fence", DATABASE);
    story_at(s, "2026-11-24 18:00"); /* nothing starts before tomorrow */
    story_stop(s);
    files(s, "rm -rf state && mv backup state");
    story_start(s);
    story_pass(s, 90000);
    story_expect_told(s, "database.fence", DATABASE, "slipway fence advance " DATABASE " -m WHY");
    assert_non_null(strstr(story_ask(s, "GET", "/api/v1/migrate?database=" DATABASE, NULL),
                           "host batch-1 has seen epoch 1 (command "));
    story_expect_untold(s, "database.fence", "acme/shop/stage/primary-db");
    story_act(s, "POST", "/api/v1/fence", FENCE);
    story_pass(s, 60000); /* somebody has looked: the same word again is nothing new */
    story_refused(s, "POST", "/api/v1/fence", FENCE, 409, "does not stand");
    story_end(s);
}

/* None of the observations of batch-1 arrives, so nobody can tell: batch-2 takes the release again, by an epoch that batch-1 has
 * seen. The next order is above all of them, and batch-1 takes it; but it says what stands below, and gets no permit. */
static void G5_the_question_for_a_permit_is_the_last_that_finds_it_out(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_stop(s);
    files(s, "cp -a state backup");
    story_start(s);
    story_at(s, "2026-11-24 15:00");
    story_expect_starts(s, "batch-1", "migrate", 2, 1);
    story_host(s, "batch-1")->observed_at = INT64_MAX / 2; /* not once more */
    story_at(s, "2026-11-24 18:00");
    story_stop(s);
    files(s, "rm -rf state && mv backup state");
    story_start(s);
    story_act(s, "POST", "/api/v1/hosts/batch-1/drain", "{\"reason\":\"looks odd\"}");
    story_at(s, "2026-11-25 11:00");
    story_pass(s, 30000);
    story_expect_starts(s, "batch-2", "migrate", 2, 1);
    story_act(s, "POST", "/api/v1/hosts/batch-1/undrain", "{\"reason\":\"looks well\"}");
    story_merge(s, "acme/shop", 2, "Gifts");
    story_at(s, "2026-11-25 15:00");
    story_pass(s, 30000);
    story_expect_told(s, "database.fence", DATABASE, "which this server never gave");
    story_expect_starts(s, "batch-1", "migrate", 3, 0);
    story_expect_starts(s, "batch-2", "migrate", 3, 0);
    story_end(s);
}

#define NAMED(name) "{\"database\":\"" name "\",\"reason\":\"looked at\"}"

/* The backup is older than the first migrate job of production, which runs when its batch-1 falls silent: batch-2 has
 * seen no epoch of that database and would take any. `--restored` lets also stand what the store has no row for. */
static void G5_a_restored_store_lets_a_database_stand_that_it_never_knew(void **state)
{
    struct story *s = *state;

    story_shop(s);
    story_at(s, "2026-11-24 14:10");
    story_merge(s, "acme/shop", 1, "Coupons");
    story_stop(s);
    files(s, "cp -a state backup");
    story_start(s);
    story_host_is(s, "batch-1", "migrate", STORY_HOST_FALLS_SILENT);
    story_at(s, "2026-11-24 15:00");
    story_stop(s);
    files(s, "rm -rf state && mv backup state");
    s->restored = true;
    story_start(s);
    s->restored = false;
    story_pass(s, 60000);
    story_expect_waits(s, "acme/shop", "production", "unsettled",
                       "Database " DATABASE " stands: the store may have forgotten");
    story_restart(s); /* no start forgets it */
    story_pass(s, 60000);
    story_expect_starts(s, "batch-2", "migrate", 2, 0);
    story_refused(s, "POST", "/api/v1/fence", NAMED("acme/shop/production/primary"), 404,
                  "no environment has a database");
    story_act(s, "POST", "/api/v1/fence", NAMED(DATABASE));
    story_refused(s, "POST", "/api/v1/fence", NAMED(DATABASE), 409, "does not stand");
    story_end(s);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(stage_success_is_not_production_success),
        STORY(failed_attempt_holds_shared_database),
        STORY(what_holds_a_database_and_may_not_be_seen_is_named_to_nobody),
        STORY(host_restored_from_snapshot),
        STORY(an_idle_host_restored_from_a_snapshot_gets_nothing),
        STORY(host_reimaged),
        STORY(host_cloned),
        STORY(server_killed_around_permit),
        STORY(M5_what_a_replaced_host_runs_is_unknown_at_once),
        STORY(server_restored_from_backup),
        STORY(G5_a_restored_store_is_found_out_by_what_its_hosts_have_seen),
        STORY(G5_the_question_for_a_permit_is_the_last_that_finds_it_out),
        STORY(G5_a_restored_store_lets_a_database_stand_that_it_never_knew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
