/*
 * door: what a host says of itself, and the permit it asks for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_observe.h"
#include "lib/ssm/message_start.h"
#include "lib/store/store_command.h"
#include "lib/store/store_host.h"
#include "lib/store/store_host_document.h"
#include "lib/store/store_journal.h"
#include "lib/store/writer.h"
#include "tests/support/host_room.h"
#include "tests/support/raw_http.h"

/* What a host says of itself ------------------------------------------------------------------- */

static struct door_answer observe(const struct host_room_guest *g, const char *journal,
                                  int64_t record, int64_t protocol)
{
    const struct message_observe o = {.journal_id = journal,
                                      .boot_id = HOST_ROOM_BOOT,
                                      .record_number = record,
                                      .protocol = protocol,
                                      .agent_version = "0.1.0"};
    struct err err = ERR_INIT;
    const char *body;

    assert_int_equal(message_observe_make(&host_room.arena, &o, &body, &err), 0);
    return host_room_ask("Slipway.Observe", body, &g->session);
}

static void observation_is_kept_and_tells_the_store(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct door_answer asked = observe(&g, HOST_ROOM_JOURNAL, 5, 1);
    struct host host;

    (void)state;
    door_asker_must_be(asked, "");
    assert_string_equal(host_room_member(asked, "StoreId"), host_room.api.store.store_id);
    host = host_room_host_of(g.id);
    assert_string_equal(host.journal_id, HOST_ROOM_JOURNAL);
    assert_string_equal(host.boot_id, HOST_ROOM_BOOT);
    assert_int_equal(host.record_number, 5);
    assert_int_equal(host.protocol, 1);
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 5, 1), "");
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 9, 1), "");
    assert_int_equal(host_room_host_of(g.id).state, HOST_REGISTERED);
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 9, ENVELOPE_PROTOCOL + 1),
                       "ValidationException");
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 9, 0), "ValidationException");
}

static int old_word(struct db *db, void *arg, struct err *err)
{
    const struct host_room_guest *g = arg;

    return store_host_recorded(db, g->id, HOST_ROOM_JOURNAL, 7, err);
}

/* A reply that was stored before the machine booted again is read after it observed: no second machine has its key. */
static void T35_a_word_of_the_boot_before_makes_no_second_machine(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct err err = ERR_INIT;

    (void)state;
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 5, 2), "");
    assert_int_equal(writer_do(host_room.api.api.writer, old_word, &g, &err), 0);
    assert_int_equal(host_room_host_of(g.id).record_number, 7);
    assert_string_equal(host_room_host_of(g.id).boot_id, HOST_ROOM_BOOT);
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 8, 2), "");
    assert_int_equal(host_room_host_of(g.id).state, HOST_REGISTERED);
}

static int64_t lines_of(const char *act)
{
    struct journal_entry *lines = NULL;
    struct err err = ERR_INIT;
    int64_t end = 0, n = 0;
    struct db *db;
    size_t all = 0;

    assert_int_equal(db_pool_take(host_room.api.readers, &db, &err), 0);
    assert_int_equal(store_journal_end(db, &end, &err), 0);
    assert_int_equal(store_journal_news(db, &host_room.arena, 0, end, 1000, &lines, &all, &err), 0);
    db_pool_give(host_room.api.readers, db);
    for (size_t i = 0; i < all; i++)
        n += strcmp(lines[i].act, act) == 0;
    return n;
}

static bool has_document(const char *id, const char *digest)
{
    struct err err = ERR_INIT;
    struct db *db;
    bool has = false;

    assert_int_equal(db_pool_take(host_room.api.readers, &db, &err), 0);
    assert_int_equal(store_host_document_has(db, id, digest, &has, &err), 0);
    db_pool_give(host_room.api.readers, db);
    return has;
}

static void T37_what_a_strict_host_would_run_is_kept_and_only_news_is_written(void **state)
{
    static const char one[] = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    static const char two[] = "55136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    struct message_observe o = {.journal_id = HOST_ROOM_JOURNAL,
                                .boot_id = HOST_ROOM_BOOT,
                                .protocol = 1,
                                .agent_version = "0.1.0"};
    const char *lists[][2] = {{one, two}, {two, one}, {two}};
    static const size_t lengths[] = {2, 2, 1};
    struct host_room_guest g = host_room_web_1();
    struct err err = ERR_INIT;
    const char *body;

    (void)state;
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 1, 1), "");
    assert_null(host_room_host_of(g.id).strict);
    assert_int_equal(lines_of("host.documents"), 0);
    o.strict = true;
    for (size_t i = 0; i < 3; i++) {
        o.record_number = (int64_t)i + 1;
        o.documents = lists[i];
        o.n_documents = lengths[i];
        assert_int_equal(message_observe_make(&host_room.arena, &o, &body, &err), 0);
        door_asker_must_be(host_room_ask("Slipway.Observe", body, &g.session), "");
        assert_non_null(host_room_host_of(g.id).strict);
        assert_int_equal(has_document(g.id, one), i < 2);
        assert_true(has_document(g.id, two));
        assert_int_equal(lines_of("host.documents"), i < 2 ? 1 : 2);
    }
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 9, 1), ""); /* it is strict no more */
    assert_null(host_room_host_of(g.id).strict);
    assert_false(has_document(g.id, two));
}

static void T34_a_protocol_that_went_back_bars_the_host(void **state)
{
    struct host_room_guest g = host_room_web_1();

    (void)state;
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 9, 1), "");
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 10, 2), "");
    assert_int_equal(host_room_host_of(g.id).state, HOST_REGISTERED);
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 11, 1), "");
    assert_int_equal(host_room_host_of(g.id).state, HOST_BARRED);
    assert_int_equal(host_room_host_of(g.id).protocol, 2);
    assert_non_null(strstr(host_room_host_of(g.id).doubt, "protocol went back"));
}

static void journal_that_went_back_bars_the_host(void **state)
{
    struct host_room_guest g = host_room_web_1();

    (void)state;
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 9, 1), "");
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 8, 1), "");
    assert_int_equal(host_room_host_of(g.id).state, HOST_BARRED);
    assert_int_equal(host_room_host_of(g.id).record_number, 9);
    /* Restored or copied: its key opens nothing, by whichever way it comes (T35). */
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 10, 1), "UnrecognizedClientException");
    door_asker_must_be(host_room_role_token(&g.by_key, HOST_ROOM_PRINT_1),
                       "UnrecognizedClientException");
}

static const char *heard_in(const struct door_answer *answer)
{
    struct err err = ERR_INIT;
    struct cJSON *json = NULL;
    const char *heard;

    assert_int_equal(json_parse(answer->body, strlen(answer->body), NULL, &json, &err), 0);
    heard = arena_str(&host_room.arena, json_str(json, "Heard"));
    json_free(json);
    assert_non_null(heard);
    return heard;
}

static struct door_answer observe_heard(const struct host_room_guest *g, int64_t record,
                                        const char *heard)
{
    const struct message_observe o = {.journal_id = HOST_ROOM_JOURNAL,
                                      .boot_id = HOST_ROOM_BOOT,
                                      .record_number = record,
                                      .protocol = ENVELOPE_PROTOCOL,
                                      .heard = heard,
                                      .agent_version = "0.1.0"};
    struct err err = ERR_INIT;
    const char *body;

    assert_int_equal(message_observe_make(&host_room.arena, &o, &body, &err), 0);
    return host_room_ask("Slipway.Observe", body, &g->session);
}

/* The server stood still: its host gave up waiting for the answer, went on, and observed again. Read in another order the first
 * is no journal that went back. A host that is asked again and says the same is one. */
static void T35_an_observation_that_comes_late_suspends_nobody(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct door_answer said = observe_heard(&g, 9, "");
    const char *heard = heard_in(&said);

    (void)state;
    assert_null(strstr(said.body, "Again"));
    door_asker_must_be(observe_heard(&g, 12, heard), "");
    said = observe_heard(&g, 10, heard); /* said before it, and read behind it */
    assert_int_equal(said.status, 200);
    assert_non_null(strstr(said.body, "\"Again\":true"));
    assert_int_equal(host_room_host_of(g.id).state, HOST_REGISTERED);
    assert_int_equal(host_room_host_of(g.id).suspended_at, 0);
    assert_int_equal(host_room_host_of(g.id).record_number, 12);
    door_asker_must_be(observe_heard(&g, 13, heard), ""); /* it goes on as if nothing had been */
    said = observe_heard(&g, 10, heard);
    heard = heard_in(&said);
    door_asker_must_be(observe_heard(&g, 10, heard), ""); /* asked again it says so again */
    assert_int_equal(host_room_host_of(g.id).state, HOST_BARRED);
    assert_true(host_room_host_of(g.id).suspended_at > 0);
}

/* Lost on its way, or on its way still: it is told again. Only what its host says of it ends it. */
static void what_an_observation_does_not_name_comes_again_and_ends_nothing(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct host_room_command sending = {.host_id = g.id, .release = true};
    struct message_observe_command open = {.command_id = HOST_ROOM_COMMAND,
                                           .state = MESSAGE_REPLY_ACCEPTED};
    const struct message_observe names_it = {.journal_id = HOST_ROOM_JOURNAL,
                                             .boot_id = HOST_ROOM_BOOT,
                                             .record_number = 6,
                                             .protocol = ENVELOPE_PROTOCOL,
                                             .agent_version = "0.1.0",
                                             .open = &open,
                                             .n_open = 1};
    struct message *messages;
    struct err err = ERR_INIT;
    const char *body;

    (void)state;
    api_room_write(&host_room.api, host_room_command, &sending);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 1);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 0);
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 5, ENVELOPE_PROTOCOL), "");
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages),
                     1); /* and not in ten seconds */
    assert_int_equal(message_observe_make(&host_room.arena, &names_it, &body, &err), 0);
    door_asker_must_be(host_room_ask("Slipway.Observe", body, &g.session), "");
    assert_true(host_room_invocation_of(g.id).acknowledged_at != 0);
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 6, ENVELOPE_PROTOCOL),
                       ""); /* an older one, read behind it */
    atomic_store(&host_room.now_off, 60000);
    assert_int_equal(host_room_messages_in(host_room_poll(&g), &messages), 0);
    assert_int_equal(host_room_invocation_of(g.id).status, INVOCATION_PENDING);
}

static void T35_two_journals_under_one_key_suspend_it(void **state)
{
    struct host_room_guest g = host_room_web_1();

    (void)state;
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 9, 1), "");
    door_asker_must_be(observe(&g, HOST_ROOM_OTHER_JOURNAL, 3, 1), "");
    assert_int_equal(host_room_host_of(g.id).suspended_at, 0); /* it may have been made anew */
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 10, 1), "");
    assert_true(host_room_host_of(g.id).suspended_at > 0); /* no: both are there */
    door_asker_must_be(observe(&g, HOST_ROOM_OTHER_JOURNAL, 4, 1), "UnrecognizedClientException");
}

/* The permit ----------------------------------------------------------------------------------- */

#define OTHER_BOOT "33333333-2222-4333-8444-777777777777"
#define NONCE_1 "aaaaaaaa-0000-4000-8000-000000000001"
#define NONCE_2 "aaaaaaaa-0000-4000-8000-000000000002"

static int cancel_it(struct db *db, void *arg, struct err *err)
{
    const struct invocation_change change = {.status = INVOCATION_CANCELLED,
                                             .details = "Cancelled",
                                             .exit_code = -1,
                                             .commit_sha = ""};

    return store_command_move(db, HOST_ROOM_COMMAND, arg, INVOCATION_PENDING, &change, 2, err);
}

static const char *permit(const struct host_room_guest *g, const char *nonce, const char *boot)
{
    const struct message_start start = {.command_id = HOST_ROOM_COMMAND,
                                        .nonce = nonce,
                                        .journal_id = HOST_ROOM_JOURNAL,
                                        .boot_id = boot,
                                        .record_number = 7,
                                        .protocol = ENVELOPE_PROTOCOL};
    struct err err = ERR_INIT;
    struct door_answer asked;
    const char *body, *why;

    assert_int_equal(message_start_make(&host_room.arena, &start, &body, &err), 0);
    asked = host_room_ask("Slipway.RequestStart", body, &g->session);
    door_asker_must_be(asked, "");
    assert_int_equal(message_start_answer_parse(&host_room.arena, asked.body, strlen(asked.body),
                                                nonce, &why, &err),
                     0);
    return why != NULL ? why : "yes";
}

static void permit_answer_lost(void **state)
{
    struct host_room_guest g = host_room_web_1();

    (void)state;
    host_room_put(&g, true);
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 5, ENVELOPE_PROTOCOL), "");
    assert_string_equal(permit(&g, NONCE_1, HOST_ROOM_BOOT), "yes");
    /* The answer was lost: the same question gets the same answer, however often. */
    assert_string_equal(permit(&g, NONCE_1, HOST_ROOM_BOOT), "yes");
    assert_string_equal(permit(&g, NONCE_1, HOST_ROOM_BOOT), "yes");
    assert_non_null(strstr(permit(&g, NONCE_2, HOST_ROOM_BOOT), "given to another question"));
    assert_non_null(strstr(permit(&g, NONCE_1, OTHER_BOOT), "before this host was booted"));
    assert_int_equal(host_room_host_of(g.id).record_number, 7);
    door_asker_must_be(host_room_ask("Slipway.RequestStart", "{}", &g.session),
                       "ValidationException");
}

static void no_permit_for_what_is_not_released_or_was_cancelled(void **state)
{
    struct host_room_guest g = host_room_web_1();

    (void)state;
    host_room_put(&g, false);
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 5, ENVELOPE_PROTOCOL), "");
    assert_non_null(strstr(permit(&g, NONCE_1, HOST_ROOM_BOOT), "not released"));
    api_room_write(&host_room.api, cancel_it, (void *)(uintptr_t)g.id);
    assert_string_not_equal(permit(&g, NONCE_1, HOST_ROOM_BOOT), "yes");
}

static void after_a_permit_nothing_is_simply_cancelled(void **state)
{
    struct host_room_guest g = host_room_web_1();
    struct err err = ERR_INIT;

    (void)state;
    host_room_put(&g, true);
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 5, ENVELOPE_PROTOCOL), "");
    assert_string_equal(permit(&g, NONCE_1, HOST_ROOM_BOOT), "yes");
    assert_int_equal(writer_do(host_room.api.writer, cancel_it, (void *)(uintptr_t)g.id, &err),
                     ERR_CONFLICT);
}

static void another_journal_bars_the_host_and_does_not_become_the_known_one(void **state)
{
    struct host_room_guest g = host_room_web_1();

    (void)state;
    door_asker_must_be(observe(&g, HOST_ROOM_JOURNAL, 9, 1), "");
    door_asker_must_be(observe(&g, HOST_ROOM_OTHER_JOURNAL, 100, 1), "");
    door_asker_must_be(observe(&g, HOST_ROOM_OTHER_JOURNAL, 101, 1), "");
    assert_int_equal(host_room_host_of(g.id).state, HOST_BARRED);
    assert_string_equal(host_room_host_of(g.id).journal_id, HOST_ROOM_JOURNAL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, host_room_set_up, host_room_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(observation_is_kept_and_tells_the_store),
        TEST(T35_a_word_of_the_boot_before_makes_no_second_machine),
        TEST(T37_what_a_strict_host_would_run_is_kept_and_only_news_is_written),
        TEST(T34_a_protocol_that_went_back_bars_the_host),
        TEST(what_an_observation_does_not_name_comes_again_and_ends_nothing),
        TEST(T35_an_observation_that_comes_late_suspends_nobody),
        TEST(T35_two_journals_under_one_key_suspend_it),
        TEST(permit_answer_lost),
        TEST(no_permit_for_what_is_not_released_or_was_cancelled),
        TEST(after_a_permit_nothing_is_simply_cancelled),
        TEST(journal_that_went_back_bars_the_host),
        TEST(another_journal_bars_the_host_and_does_not_become_the_known_one),
    };

    return host_room_tests(tests);
}
