#include "tests/support/acts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/str.h"
#include "lib/base/zip.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_repository.h"
#include "server/flow/people.h"

#define SHOP "/api/v1/repos/acme/shop"
#define SITE "/api/v1/repos/acme/site"
#define NEW_TIP "2222222222222222222222222222222222222222"

/* A list names a whole year. */
#define HOLIDAYS                                                                                   \
    "2027-01-01,a\\n2027-02-11,b\\n2027-03-21,c\\n2027-04-29,d\\n2027-05-03,e\\n"                  \
    "2027-05-04,f\\n2027-05-05,g\\n2027-07-19,h\\n2027-08-11,i\\n2027-11-03,j\\n2027-11-23,k\\n"

const struct act acts[] = {
    {"release_wish", SHOP "/releases/3/release", "{\"environment\":\"night\",\"reason\":\"asked\"}",
     202, "release.wish"},
    {"release_hotfix", SHOP "/releases/3/hotfix",
     "{\"environment\":\"production\",\"reason\":\"checkout is down\"}", 202, "release.hotfix"},
    {"wish_withdraw", SHOP "/wish", "{\"environment\":\"night\",\"reason\":\"not now\"}", 200,
     "wish.withdraw"},
    {"barrier_set", SHOP "/pulls/7/barrier",
     "{\"environment\":\"production\",\"not_before\":\"2026-12-01 10:00\",\"reason\":\"press\"}",
     201, "barrier.set"},
    {"barrier_lift", SHOP "/pulls/7/barrier",
     "{\"environment\":\"production\",\"reason\":\"told\"}", 200, "barrier.lift"},
    {"baseline_declare", SHOP "/environments/production/baseline",
     "{\"sha\":\"SHA1\",\"reason\":\"by hand\"}", 201, "environment.baseline"},
    {"repository_adopt", SITE "/adopt", "{\"tip\":\"" NEW_TIP "\",\"reason\":\"secret removed\"}",
     202, "repository.adopt"},
    {"hold_add", SHOP "/holds",
     "{\"environment\":\"production\",\"reason\":\"stock check\",\"until\":\"18:00\"}", 201,
     "hold.add"},
    {"hold_lift", SHOP "/holds?environment=production&reason=done", NULL, 200, "hold.lift"},
    {"freeze_add", "/api/v1/freezes",
     "{\"name\":\"sale\",\"from\":\"2026-12-25\",\"to\":\"2027-01-04\",\"reason\":\"sale\","
     "\"environments\":[\"production\"],\"repositories\":[\"acme/shop\"],\"allow\":[\"rollback\"]}",
     201, "freeze.add"},
    {"freeze_remove", "/api/v1/freezes?name=sale&reason=over", NULL, 200, "freeze.remove"},
    {"activation_create", "/api/v1/activations",
     "{\"prefix\":\"web-\",\"tags\":{\"role\":\"web\"},\"limit\":2,\"for\":\"24h\"}", 201,
     "activation.create"},
    {"deployment_cancel", SHOP "/cancel",
     "{\"environment\":\"production\",\"reason\":\"it came back by itself\"}", 202,
     "wish.withdraw"},
    {"deployment_retry", SHOP "/retry", "{\"environment\":\"east\",\"reason\":\"room again\"}", 202,
     "deployment.retry"},
    {"rollback_ask", SHOP "/rollback",
     "{\"environment\":\"night\",\"to\":\"r1\",\"reason\":\"cannot order\"}", 202, "rollback.ask"},
    {"holidays_import", "/api/v1/holidays", "{\"source\":\"2027.csv\",\"list\":\"" HOLIDAYS "\"}",
     201, "holidays.import"},
    {"key_create", "/api/v1/keys",
     "{\"name\":\"ci\",\"documents\":[\"clear-cache\"],\"tags\":[\"role=web\"],"
     "\"environments\":[\"production\"]}",
     201, "key.add"},
    {"key_delete", "/api/v1/keys/ci", NULL, 200, "key.end"},
    {"token_create", "/api/v1/tokens",
     "{\"name\":\"bot\",\"rights\":[\"view\",\"operate\"],\"scope\":\"acme/shop\",\"for\":\"90d\"}",
     201, "token.add"},
    {"token_delete", "/api/v1/tokens/bot", NULL, 200, "token.end"},
    {"migrate_probe", "/api/v1/migrate/probe", "{\"database\":\"main\",\"reason\":\"how is it\"}",
     202, "attempt.probe"},
    {"migrate_mark", "/api/v1/migrate/mark",
     "{\"database\":\"main\",\"outcome\":\"succeeded\",\"unprobed\":true,\"reason\":\"seen\"}", 200,
     "attempt.decide"},
    {"migrate_retry", "/api/v1/migrate/retry",
     "{\"database\":\"main2\",\"reason\":\"again\",\"unprobed\":true}", 200, "attempt.decide"},
    {"migrate_abandon", "/api/v1/migrate/abandon", "{\"database\":\"main3\",\"reason\":\"later\"}",
     200, "attempt.decide"},
    {"migrate_forget", "/api/v1/migrate/forget",
     "{\"database\":\"old\",\"since\":1,\"reason\":\"restored a dump\"}", 200, "attempt.forget"},
    {"agent_accept_journal", "/api/v1/hosts/batch-9/accept-journal",
     "{\"reason\":\"its disk was restored\"}", 200, "host.accept-journal"},
    {"host_drain", "/api/v1/hosts/batch-8/drain", "{\"reason\":\"new disk\"}", 200, "host.drain"},
    {"host_undrain", "/api/v1/hosts/batch-8/undrain", "{\"reason\":\"it is in\"}", 200,
     "host.undrain"},
    {"agent_revoke", "/api/v1/hosts/batch-8/revoke", "{\"reason\":\"stolen\"}", 200, "host.revoke"},
    {"signing_key_announce", "/api/v1/signing-key/announce", "{\"reason\":\"it is old\"}", 200,
     "signing-key.announce"},
    {"signing_key_turn", "/api/v1/signing-key/turn", "{\"reason\":\"hosts know of it\"}", 200,
     "signing-key.turn"},
    {"fence_advance", "/api/v1/fence", "{\"database\":\"shop\",\"reason\":\"looked at it\"}", 200,
     "database.advance"},
    {"approval_grant", SHOP "/releases/2/approval",
     "{\"environment\":\"gated\",\"reason\":\"read it\"}", 201, "approval.grant"},
    {"approval_withdraw", SHOP "/releases/2/approval",
     "{\"environment\":\"gated\",\"reason\":\"found something\"}", 200, "approval.withdraw"},
    {"check_release", SHOP "/releases/2/check",
     "{\"environment\":\"looked\",\"ok\":false,\"reason\":\"old price\"}", 201, "check.needs-fix"},
    {"check_pull", SHOP "/pulls/7/check", "{\"ok\":true,\"reason\":\"fine\"}", 201, "check.ok"},
    {"person_accept", "/api/v1/people/li/accept", "{\"id\":9,\"reason\":\"new colleague\"}", 200,
     "person.accept"},
    {"delivery_replay", "/api/v1/deliveries/1/replay",
     "{\"reason\":\"the repository is ours now\"}", 202, "delivery.replay"},
};
const size_t n_acts = sizeof(acts) / sizeof(*acts);

const struct route *acts_route(const struct act *act)
{
    for (size_t i = 0; i < n_routes; i++)
        if (str_eq(routes[i].name, act->route))
            return &routes[i];
    fail_msg("acts: no route %s", act->route);
    return NULL;
}

const struct act *acts_of(const char *route)
{
    for (size_t i = 0; i < n_acts; i++)
        if (str_eq(acts[i].route, route))
            return &acts[i];
    return NULL;
}

/* The room -------------------------------------------------------------------------------------- */

/* A migrate job on a database, and how it ended. */
#define MIGRATED(command, database, state, settled)                                                    \
    "INSERT INTO commands (id, deployment_id, job_number, document_digest, parameters, requested_at,"  \
    " requested_by) VALUES ('" command "', 901, 0, 'd', '{}', 1, 'deployment');"                       \
    "INSERT INTO invocations (command_id, host_id, deployment_id, job_number, roles, status, details," \
    " start_by) VALUES ('" command                                                                     \
    "', 'mi-00000000000000008', 901, 0, 'x', 'Unknown', 'Unknown', 1);"                                \
    "INSERT INTO attempts (database, repository_id, release_number, n, epoch, deployment_id,"          \
    " job_number, command_id, host_id, state, planned_at, settled_at) VALUES ('" database              \
    "', 1, 1,"                                                                                         \
    " 1, 1, 901, 0, '" command "', 'mi-00000000000000008', '" state "', 1, " settled ");"

/* Two hosts, one of them barred, and a database that stands behind a fence; night has r2, and had r1 before;
 * in east a deployment has stopped, and in south one that migrates. */
static const char migrate_world[] =
    "INSERT INTO activations (id, code_digest, prefix, registration_limit, created_at, created_by,"
    " expires_at) VALUES ('5b2f6d0e-0000-4000-8000-000000000009', 'x', 'batch-', 9, 1, 'uid:0', 2);"
    "INSERT INTO hosts (id, name, state, activation_id, fingerprint, registered_at, journal_id, doubt)"
    " VALUES ('mi-00000000000000008', 'batch-8', 'registered',"
    " '5b2f6d0e-0000-4000-8000-000000000009', 'f8', 1, 'j8', NULL),"
    " ('mi-00000000000000009', 'batch-9', 'barred',"
    " '5b2f6d0e-0000-4000-8000-000000000009', 'f9', 1, 'j9', 'another journal');"
    "INSERT INTO databases (name, epoch, fenced_at, fence_epoch, fence_why)"
    " VALUES ('shop', 41, 1, 57, 'epoch 41 is behind 57'), ('main', 1, NULL, NULL, NULL),"
    " ('main2', 1, NULL, NULL, NULL), ('main3', 1, NULL, NULL, NULL), ('old', 1, NULL, NULL, NULL);"
    "INSERT INTO baselines (repository_id, environment, release_number, actor, way, reason,"
    " declared_at) VALUES (1, 'night', 1, 'uid:0', 'cli', 'by hand', 1),"
    " (1, 'night', 2, 'uid:0', 'cli', 'by hand', 2);"
    "INSERT OR IGNORE INTO configs (digest, text, accepted_at, accepted_by)"
    " VALUES ('acts', '{}', 1, 'start');"
    "INSERT INTO documents (digest, name, version, content) VALUES ('acts', 'publish', '1', '{}');"
    "INSERT INTO deployments (id, repository_id, environment, kind, release_number, sha, lane, trigger,"
    " state, config_digest, plan_digest, rows_expected, cut_at, start_at, started_at, stopped_at)"
    " VALUES (900, 1, 'east', 'release', 2, '3333333333333333333333333333333333333333', 'code',"
    " 'schedule', 'attention', 'acts', 'acts', 0, 1, 1, 1, 2);"
    "INSERT INTO jobs (deployment_id, number, name, needs, max_parallel, max_errors, ramp,"
    " start_within_ms, timeout_ms, proves_commit, touches, document_digest, candidates, state)"
    " VALUES (900, 0, 'publish', '[]', 1, 0, 1, 120000, 60000, 1, 1, 'acts', '', 'failed');"
    "INSERT INTO documents (digest, name, version, content) VALUES ('d', 'migrate', '1', '{}');";

static const char attempts_world[] =
    "INSERT INTO deployments (id, repository_id, environment, kind, release_number, sha, lane,"
    " trigger, state, config_digest, plan_digest, rows_expected, cut_at, start_at) VALUES (901, 1,"
    " 'south', 'release', 1, '1111111111111111111111111111111111111111', 'code', 'merge',"
    " 'attention', (SELECT digest FROM configs LIMIT 1), 'x', 0, 1, 1);"
    "INSERT INTO jobs (deployment_id, number, name, needs, database, max_parallel, max_errors, ramp,"
    " start_within_ms, timeout_ms, proves_commit, touches, document_digest, candidates, state)"
    " VALUES (901, 0, 'migrate', '[]', 'main', 1, 0, 0, 1, 1, 0, 0, 'd', '', 'failed');" MIGRATED(
        "01930000-0000-7000-8000-0000000000a0", "main", "unknown", "NULL")
        MIGRATED("01930000-0000-7000-8000-0000000000a1", "main2", "unknown", "NULL")
            MIGRATED("01930000-0000-7000-8000-0000000000a2", "main3", "unknown", "NULL")
                MIGRATED("01930000-0000-7000-8000-0000000000a3", "old", "succeeded", "2");

/* A delivery that was ignored. */
static int add_delivery(struct db *db, struct err *err)
{
    const struct delivery d = {.guid = "one",
                               .event = "push",
                               .received_at = 1795500000000,
                               .body_mark = "x"};
    struct zip *zip = zip_new();
    size_t len;
    char *packed = zip_compress(zip, "{}", 2, &len);
    int64_t id;
    bool known;
    int rc = store_delivery_put(db, &d, packed, len, 2, &id, &known, err);

    free(packed);
    zip_free(zip);
    return rc < 0 ? rc
                  : store_delivery_close(db, id, DELIVERY_IGNORED, "", "acme/other",
                                         "not a configured repository", d.received_at, err);
}

static const char config[] =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "rights: { view: [anyone], operate: [ken] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      production:\n"
    "        on: schedule\n"
    "        at: [\"15:00\", \"17:00\"]\n"
    "        cut-off: 10m\n"
    "        grace: 15m\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "      east:\n"
    "        on: schedule\n"
    "        at: [\"15:00\", \"17:00\"]\n"
    "        cut-off: 10m\n"
    "        grace: 15m\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "      night:\n"
    "        on: release\n"
    "        timezone: Europe/Berlin\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "      south: { on: release, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "      looked: { on: release, check: required, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "      gated:\n"
    "        on: release\n"
    "        needs: [looked]\n"
    "        approvals: { code: 1, self: true }\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n"
    "  acme/site:\n"
    "    mirror: https://github.com/acme/site.git\n"
    "    root: /srv/site\n"
    "    environments:\n"
    "      live: { on: merge, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";

/* r2 is where people look at it. */
static int add_looked(struct db *db, const struct stop_room *room, struct err *err)
{
    struct deployment d = {.repository_id = 1,
                           .environment = "looked",
                           .kind = DEPLOYMENT_RELEASE,
                           .release_number = 2,
                           .sha = "2222222222222222222222222222222222222222",
                           .lane = LANE_CODE,
                           .trigger = DEPLOYMENT_ON_RELEASE,
                           .config_digest = room->api.snapshots.current->digest,
                           .plan_digest = "0",
                           .cut_at = 1000,
                           .start_at = 1000};
    int64_t id = 0;
    int rc = store_deployment_insert(db, &d, &id, err);

    if (rc == 0)
        rc = store_deployment_move(db, id, DEPLOYMENT_WAITING, DEPLOYMENT_DEPLOYING, NULL, 2000,
                                   err);
    return rc < 0 ? rc
                  : store_deployment_move(db, id, DEPLOYMENT_DEPLOYING, DEPLOYMENT_SUCCEEDED, NULL,
                                          3000, err);
}

static int add_world(struct db *db, void *arg, struct err *err)
{
    int rc = db_exec(db, migrate_world, err);

    if (rc == 0)
        rc = db_exec(db, attempts_world, err);
    if (rc == 0)
        rc = people_seen(db, "li", 8, "delivery", 1000, err);

    if (rc == 0)
        rc = people_seen(db, "li", 9, "delivery", 2000, err);
    if (rc == 0)
        rc = add_delivery(db, err);
    if (rc == 0)
        rc = add_looked(db, arg, err);
    return rc < 0 ? rc : store_repository_rewritten(db, 2, NEW_TIP, err);
}

void acts_room_up(struct stop_room *room)
{
    stop_room_up_as(room, config);
    stop_room_release(room, "acme/shop", 0);
    stop_room_release(room, "acme/shop", 7);
    stop_room_release(room, "acme/shop", 0);
    stop_room_release(room, "acme/site", 0);
    api_room_write(&room->api, add_world, room);
}

/* Doing ----------------------------------------------------------------------------------------- */

/* Commits differ from room to room: SHA1 in a body stands for that of r1. */
void acts_body(struct stop_room *room, const struct act *act, char *out, size_t size)
{
    const char *body = act->body;
    const char *mark = body != NULL ? strstr(body, "SHA1") : NULL;
    struct stop_answer a;

    if (mark == NULL) {
        (void)snprintf(out, size, "%s", body != NULL ? body : "");
        return;
    }
    a = stop_room_ask(room, NULL, "GET", SHOP "/releases/1", NULL);
    (void)snprintf(out, size, "%.*s%s%s", (int)(mark - body), body, json_str(a.json, "sha"),
                   mark + 4);
    stop_room_answered(&a);
}

struct stop_answer acts_ask(struct stop_room *room, const char *token, const struct act *act,
                            const char *target)
{
    char body[1024];

    acts_body(room, act, body, sizeof(body));
    return stop_room_ask(room, token, acts_route(act)->method, target,
                         act->body != NULL ? body : NULL);
}

void acts_do(struct stop_room *room, const struct act *act)
{
    struct stop_answer a = acts_ask(room, NULL, act, act->target);

    if (a.status != act->status)
        fail_msg("%s: %d, %s", act->route, a.status,
                 json_str(a.json, "detail") != NULL ? json_str(a.json, "detail") : "-");
    stop_room_answered(&a);
}

/* The store --------------------------------------------------------------------------------------- */

static void digest_rows(sqlite3 *db, const char *table, struct digest *digest)
{
    sqlite3_stmt *stmt;
    char sql[256];

    (void)snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1, 2", table);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    digest_add(digest, table, strlen(table));
    while (sqlite3_step(stmt) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            char head[32];
            if (str_eq(sqlite3_column_name(stmt, i), "used_at"))
                continue;
            (void)snprintf(head, sizeof(head), "%d,%d:", sqlite3_column_type(stmt, i),
                           sqlite3_column_bytes(stmt, i));
            digest_add(digest, head, strlen(head));
            digest_add(digest, sqlite3_column_blob(stmt, i), (size_t)sqlite3_column_bytes(stmt, i));
        }
    sqlite3_finalize(stmt);
}

void acts_store_digest(struct stop_room *room, char ret_digest[65])
{
    struct digest *digest = digest_new();
    unsigned char raw[DIGEST_SIZE];
    sqlite3_stmt *tables;
    sqlite3 *db;
    int n = 0;

    assert_int_equal(sqlite3_open_v2(room->api.store.path, &db,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT name FROM sqlite_schema WHERE type = 'table'"
                                        " AND name NOT LIKE 'sqlite_%'"
                                        " AND name NOT IN ('journal', 'incarnations')"
                                        " ORDER BY name",
                                        -1, &tables, NULL),
                     SQLITE_OK);
    for (; sqlite3_step(tables) == SQLITE_ROW; n++)
        digest_rows(db, (const char *)sqlite3_column_text(tables, 0), digest);
    sqlite3_finalize(tables);
    sqlite3_close(db);
    assert_true(n > 30);
    digest_final(digest, raw);
    digest_free(digest);
    digest_hex(raw, sizeof(raw), ret_digest);
}

int64_t acts_journal_rows(struct stop_room *room)
{
    int64_t rows = 0, bad = 0;

    assert_int_equal(store_journal_verify(room->flow.db, &rows, &bad, NULL), 0);
    assert_int_equal(bad, 0);
    return rows;
}
