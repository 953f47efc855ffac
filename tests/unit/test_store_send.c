/* store_send, store_aws_host: what goes out by AWS, as rows; and the hosts that AWS tells of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "lib/base/arena.h"
#include "lib/model/host.h"
#include "lib/store/store.h"
#include "lib/store/store_aws_host.h"
#include "lib/store/store_host.h"
#include "lib/store/store_send.h"

#define NOW ((time_ms)1795500000000)
#define HOST "i-0123456789abcdef0"
#define OTHER "i-0123456789abcdef1"
#define COMMAND "aaaaaaaa-0000-4000-8000-000000000001"
#define ASK "bbbbbbbb-0000-4000-8000-000000000002"
#define AT_AWS "cccccccc-0000-4000-8000-000000000003"

struct room {
    char folder[256];
    struct store store;
    sqlite3 *sqlite; /* without foreign keys: the rows around it are no matter here */
    struct arena arena;
};

static void run(struct room *room, const char *sql)
{
    char *why = NULL;

    if (sqlite3_exec(room->sqlite, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", why, sql);
}

static void tell(struct room *room, const char *id, bool online, time_ms now, bool *ret_came)
{
    struct host host = {.agent = "amazon-ssm-agent 3", .platform = "Debian 12"};
    struct err err = ERR_INIT;

    memcpy(host.id, id, strlen(id) + 1);
    assert_int_equal(store_aws_host_told(room->store.db, &host, online, now, ret_came, &err), 0);
}

static int up(void **state)
{
    struct room *room = calloc(1, sizeof(*room));
    const char *tmp = getenv("TMPDIR");
    struct err err = ERR_INIT;
    bool came;

    assert_non_null(room);
    snprintf(room->folder, sizeof(room->folder), "%.200s/slipway-send-XXXXXX",
             tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(room->folder));
    assert_int_equal(store_open(room->folder, "test", NOW, &room->store, &err), 0);
    assert_int_equal(sqlite3_open(room->store.path, &room->sqlite), SQLITE_OK);
    arena_init(&room->arena);
    tell(room, HOST, true, NOW, &came);
    assert_true(came);
    run(room,
        "INSERT INTO documents (digest, name, version, content) VALUES ('d', 'j', '1', '{}')");
    run(room, "INSERT INTO commands (id, document_digest, parameters, requested_at, requested_by)"
              " VALUES ('" COMMAND "', 'd', '{}', 1, 'deployment')");
    run(room, "INSERT INTO invocations (command_id, host_id, roles, status, details, start_by,"
              " released_at) VALUES ('" COMMAND "', '" HOST "', '', 'Pending', 'Pending',"
              " 1795500100000, 1795499999000)");
    *state = room;
    return 0;
}

static int down(void **state)
{
    struct room *room = *state;
    char line[320];

    sqlite3_close(room->sqlite);
    db_close(room->store.db);
    close(room->store.lock);
    arena_deinit(&room->arena);
    snprintf(line, sizeof(line), "rm -rf '%s'", room->folder);
    free(room);
    return system(line); // NOLINT(cert-env33-c): a name that mkdtemp made
}

static size_t n_due(struct room *room, time_ms now)
{
    struct err err = ERR_INIT;
    struct send_due *due;
    size_t n;

    assert_int_equal(store_send_due(room->store.db, &room->arena, now, 10, &due, &n, &err), 0);
    return n;
}

static const struct send run_of_it = {.id = COMMAND,
                                      .act = SEND_RUN,
                                      .command_id = COMMAND,
                                      .host_id = HOST,
                                      .state = SEND_INTENDED,
                                      .intended_at = NOW,
                                      .tried_at = NOW};

static struct send only_open(struct room *room)
{
    struct err err = ERR_INIT;
    struct send *items;
    size_t n;

    assert_int_equal(store_send_open(room->store.db, &room->arena, 10, &items, &n, &err), 0);
    assert_int_equal(n, 1);
    return items[0];
}

static void I4_a_command_is_sent_once(void **state)
{
    struct room *room = *state;
    struct db *db = room->store.db;
    struct err err = ERR_INIT;

    assert_int_equal(n_due(room, NOW), 1);
    assert_int_equal(n_due(room, NOW + 100000), 0); /* its start-by is past */
    assert_int_equal(store_send_intend(db, &run_of_it, &err), 0);
    assert_int_equal(n_due(room, NOW), 0);
    assert_int_equal(store_send_intend(db, &run_of_it, &err), ERR_CONFLICT);
    run(room, "UPDATE invocations SET offered_at = NULL"); /* as of a backup */
    assert_int_equal(n_due(room, NOW), 1);
    assert_int_equal(store_send_intend(db, &run_of_it, &err), ERR_CONFLICT);
}

static void I4_what_was_asked_when_the_server_ended_is_unclear(void **state)
{
    const struct send_change sent = {.state = SEND_SENT, .aws_id = AT_AWS};
    const struct send_change ended = {.state = SEND_ENDED};
    struct room *room = *state;
    struct db *db = room->store.db;
    struct err err = ERR_INIT;
    struct send s;

    assert_int_equal(store_send_intend(db, &run_of_it, &err), 0);
    assert_int_equal(store_send_try(db, COMMAND, 0, &err), 0); /* throttled: provably not heard */
    assert_int_equal(store_send_interrupted(db, &err), 0);
    assert_int_equal(only_open(room).state, SEND_INTENDED);
    assert_int_equal(store_send_try(db, COMMAND, NOW + 1, &err), 0);
    assert_int_equal(store_send_interrupted(db, &err), 0);
    assert_int_equal(only_open(room).state, SEND_UNCLEAR);
    assert_int_equal(store_send_try(db, COMMAND, NOW + 2, &err), ERR_CONFLICT);
    assert_int_equal(store_send_move(db, COMMAND, SEND_UNCLEAR, &sent, &err), 0);
    assert_int_equal(store_send_said(db, COMMAND, "InProgress", NOW + 3, &err), 0);
    s = only_open(room);
    assert_int_equal(s.state, SEND_SENT);
    assert_string_equal(s.aws_id, AT_AWS);
    assert_string_equal(s.word, "InProgress");
    assert_int_equal(store_send_move(db, COMMAND, SEND_UNCLEAR, &sent, &err), ERR_CONFLICT);
    assert_int_equal(store_send_move(db, COMMAND, SEND_SENT, &ended, &err), 0);
    assert_int_equal(store_send_move(db, COMMAND, SEND_ENDED, &sent, &err), ERR_INTERNAL);
}

/* What the backup was about to send, whoever wrote on may have sent: AWS is asked first. A question harms nobody twice. */
static void I4_what_a_restored_store_was_to_send_is_looked_for(void **state)
{
    struct send ask = {.id = ASK, .act = SEND_REVOKE, .command_id = COMMAND, .host_id = HOST};
    struct room *room = *state;
    struct db *db = room->store.db;
    struct err err = ERR_INIT;
    struct send *items;
    size_t n;

    assert_int_equal(store_send_intend(db, &run_of_it, &err), 0);
    assert_int_equal(store_send_try(db, COMMAND, 0, &err), 0);
    assert_int_equal(store_send_intend(db, &ask, &err), 0);
    assert_int_equal(store_send_restored(db, &err), 0);
    assert_int_equal(store_send_open(db, &room->arena, 10, &items, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_int_equal(items[0].state, SEND_UNCLEAR);
    assert_int_equal(items[1].state, SEND_INTENDED);
}

static void a_revoke_is_asked_one_at_a_time(void **state)
{
    struct send ask = {.id = ASK, .act = SEND_REVOKE, .command_id = COMMAND, .host_id = HOST};
    const struct send_change given_up = {.state = SEND_GIVEN_UP, .note = "a person decided"};
    struct room *room = *state;
    struct db *db = room->store.db;
    struct err err = ERR_INIT;
    bool asks = true;
    int64_t n = 7;

    assert_int_equal(store_send_asks(db, COMMAND, &n, &asks, &err), 0);
    assert_true(n == 0 && !asks);
    assert_int_equal(store_send_intend(db, &ask, &err), 0);
    assert_int_equal(n_due(room, NOW), 1); /* the command itself was not sent by it */
    assert_int_equal(store_send_asks(db, COMMAND, &n, &asks, &err), 0);
    assert_true(n == 1 && asks);
    assert_int_equal(store_send_move(db, ASK, SEND_INTENDED, &given_up, &err), 0);
    assert_int_equal(store_send_asks(db, COMMAND, &n, &asks, &err), 0);
    assert_true(n == 1 && !asks);
}

static void a_host_of_aws_is_heard_when_it_is_online(void **state)
{
    struct room *room = *state;
    struct db *db = room->store.db;
    struct err err = ERR_INIT;
    struct host host;
    bool came;

    assert_int_equal(store_host_by_name(db, &room->arena, HOST, &host, &err), 0);
    assert_true(host.by_ssm && host_is_online(&host, NOW) && host.activation_id == NULL);
    tell(room, HOST, false, NOW + 70000, &came);
    assert_false(came);
    assert_int_equal(store_host_by_id(db, &room->arena, HOST, &host, &err), 0);
    assert_false(host_is_online(&host, NOW + 70000));
    tell(room, HOST, true, NOW + 71000, &came);
    assert_true(came);
    tell(room, HOST, true, NOW + 72000, &came);
    assert_false(came);
    run(room, "UPDATE hosts SET state = 'deregistered'");
    tell(room, HOST, true, NOW + 200000, &came); /* a person took it out */
    assert_false(came);
    assert_int_equal(store_host_by_id(db, &room->arena, HOST, &host, &err), 0);
    assert_int_equal(host.state, HOST_DEREGISTERED);
}

static void tags_are_those_that_aws_has(void **state)
{
    static const char *const both[] = {HOST, OTHER}, *const strangers[] = {OTHER, "i-00000000"};
    const struct config_pair web = {.key = "Role", .value = "web"};
    const struct config_pair db_role = {.key = "Role", .value = "db"};
    struct room *room = *state;
    struct db *db = room->store.db;
    struct config_pairs tags;
    struct err err = ERR_INIT;
    struct host host, *hosts;
    bool changed;
    size_t n;

    tell(room, OTHER, true, NOW, &changed);
    assert_int_equal(store_aws_host_tagged(db, &web, both, 2, NOW, &changed, &err), 0);
    assert_true(changed);
    assert_int_equal(store_aws_host_tagged(db, &web, both, 2, NOW, &changed, &err), 0);
    assert_false(changed);
    assert_int_equal(store_aws_host_tagged(db, &db_role, both, 1, NOW, &changed, &err), 0);
    assert_int_equal(store_host_tags(db, &room->arena, HOST, &tags, &err), 0);
    assert_true(tags.n == 1 && strcmp(tags.items[0].value, "db") == 0);
    assert_int_equal(store_aws_host_tagged(db, &web, NULL, 0, NOW, &changed, &err), 0);
    assert_int_equal(store_host_tagged(db, &room->arena, "Role", "web", &hosts, &n, &err), 0);
    assert_true(changed && n == 0);

    assert_int_equal(store_aws_host_once(db, strangers, 2, NOW, &changed, &err), 0);
    assert_int_equal(store_host_by_id(db, &room->arena, OTHER, &host, &err), 0);
    assert_true(changed && host.protocol == HOST_PROTOCOL_PERMIT);
    assert_int_equal(store_aws_host_once(db, NULL, 0, NOW, &changed, &err), 0);
    assert_int_equal(store_host_by_id(db, &room->arena, OTHER, &host, &err), 0);
    assert_true(changed && host.protocol == 0);
}

static time_ms clear_at(struct room *room, const char *database)
{
    struct err err = ERR_INIT;
    time_ms at = -1;

    assert_int_equal(store_send_clear_at(room->store.db, database, &at, &err), 0);
    return at;
}

/* Whoever decided what about it, and in whichever deployment (migrate.md 6). */
static void M2_an_order_that_aws_may_still_bring_is_waited_for(void **state)
{
    static const char *const none[] = {"UPDATE attempts SET gone_at = 3",
                                       "UPDATE invocations SET status = 'Success'",
                                       "UPDATE sends SET state = 'refused'",
                                       "UPDATE sends SET state = 'given-up'",
                                       "UPDATE invocations SET exit_code = 1"};
    const time_ms start_by = 1795500100000;
    struct room *room = *state;
    struct err err = ERR_INIT;

    run(room, "INSERT INTO attempts (database, repository_id, release_number, n, epoch,"
              " deployment_id, job_number, command_id, host_id, state, planned_at, settled_at,"
              " decision) VALUES ('shop', 1, 1, 1, 1, 1, 0, '" COMMAND "', '" HOST "', 'failed', 1,"
              " 2, 'abandon')");
    assert_int_equal(clear_at(room, "shop"), 0); /* AWS never had it */
    assert_int_equal(store_send_intend(room->store.db, &run_of_it, &err), 0);
    assert_int_equal(clear_at(room, "shop"), start_by);
    assert_int_equal(clear_at(room, "another"), 0);
    run(room, "UPDATE sends SET state = 'lost'");
    assert_int_equal(clear_at(room, "shop"), start_by);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        run(room, none[i]);
        assert_int_equal(clear_at(room, "shop"), 0);
        run(room, "UPDATE attempts SET gone_at = NULL, state = 'succeeded'"); /* so it was marked */
        run(room, "UPDATE sends SET state = 'sent'");
        run(room, "UPDATE invocations SET exit_code = -1, status = 'Unknown'");
        assert_int_equal(clear_at(room, "shop"), start_by);
    }
}

static void no_agent_takes_the_name_of_an_instance(void **state)
{
    struct host host = {.id = "mi-0123456789abcdef0", .name = OTHER, .activation_id = "x"};
    struct room *room = *state;
    struct host told = {.id = "mi-0123456789abcdef0"};
    struct err err = ERR_INIT;
    bool came;

    assert_int_equal(store_host_register(room->store.db, &host, "f", "k", &err), ERR_CONFLICT);
    run(room, "INSERT INTO hosts (id, name, state, activation_id, fingerprint, registered_at)"
              " VALUES ('mi-0123456789abcdef0', 'web-1', 'registered', 'x', '', 1)");
    assert_int_equal(store_aws_host_told(room->store.db, &told, true, NOW, &came, &err),
                     ERR_CONFLICT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(I4_a_command_is_sent_once),
        TEST(I4_what_was_asked_when_the_server_ended_is_unclear),
        TEST(I4_what_a_restored_store_was_to_send_is_looked_for),
        TEST(a_revoke_is_asked_one_at_a_time),
        TEST(a_host_of_aws_is_heard_when_it_is_online),
        TEST(tags_are_those_that_aws_has),
        TEST(M2_an_order_that_aws_may_still_bring_is_waited_for),
        TEST(no_agent_takes_the_name_of_an_instance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
