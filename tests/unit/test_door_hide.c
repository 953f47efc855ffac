/*
 * door: what hosts say is stored without secrets, also of an agent that hides nothing: one value, cut at each byte, in
 * output as it comes, in results and in reasons (threats.md T40).
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
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/ssm/message_output.h"
#include "lib/store/db.h"
#include "lib/store/store_command.h"
#include "tests/support/door_room.h"

static const char config[] =
    "version: 1\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "redact: [\"token=[^ ]+\", \"合言葉は.*\"]\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      stage: { on: merge, roles: { web: { agent: { hosts: [stage-1] } } } }\n"
    "    jobs: { web: { runs-on: [web], steps: [{ run: \"true\" }] } }\n";

static struct door_signer caller;
static const struct door_guest *g;
static const char *command, *message;
static int64_t next; /* number of the chunk that follows */

static int set_up(void **state)
{
    struct door_answer a;

    (void)state;
    door_room_up(config);
    caller = door_room_any_key();
    g = door_room_guest("stage-1", "Role=web");
    a = door_room_call(
        &caller, "SendCommand",
        "{'DocumentName':'AWS-RunShellScript','Parameters':{'commands':['x']},'InstanceIds':['%s']}",
        g->id);
    door_asker_must_be(a, "");
    command = door_room_text(a, "Command.CommandId");
    message = door_room_text(door_room_poll(g), "Messages.0.MessageId");
    next = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    door_room_down();
    return 0;
}

static void print(const char *text, size_t len)
{
    const struct output_chunk chunk = {
        .number = next++, .step = "x", .at = 5, .text = text, .len = len};
    struct err err = ERR_INIT;
    const char *body;

    assert_int_equal(message_output_make(&door_room.arena, command, &chunk, 1, &body, &err), 0);
    door_asker_must_be(door_room_ask("Slipway.PutOutput", body, &g->session), "");
}

/* All that is stored of it, from chunk `from` on. */
static const char *stored(int64_t from)
{
    struct output_chunk *chunks;
    const char *all = "";
    struct err err = ERR_INIT;
    struct db *db;
    size_t n;

    assert_int_equal(db_pool_take(door_room.api.readers, &db, &err), 0);
    assert_int_equal(store_command_chunks(db, &door_room.arena, command, g->id, from - 1, 1000,
                                          &chunks, &n, &err),
                     0);
    db_pool_give(door_room.api.readers, db);
    for (size_t i = 0; i < n; i++)
        all = arena_printf(&door_room.arena, "%s%.*s", all, (int)chunks[i].len, chunks[i].text);
    return all;
}

static void T40_output_is_hidden_at_the_door_wherever_a_chunk_ends(void **state)
{
    static const char line[] = "a token=hunter2 b 合言葉は山川\n";

    (void)state;
    for (size_t at = 1; at < sizeof(line) - 1; at++) {
        int64_t from = next;
        const char *is;

        print(line, at);
        print(line + at, sizeof(line) - 1 - at);
        is = stored(from);
        if (strstr(is, "hunter2") != NULL || strstr(is, "ter2") != NULL ||
            strstr(is, "山") != NULL || strstr(is, "川") != NULL || strncmp(is, "a ***", 5) != 0 ||
            strstr(is, " b ***") == NULL || is[strlen(is) - 1] != '\n')
            fail_msg("cut at %zu it is stored as: %s", at, is);
    }
}

static void T40_what_three_chunks_hold_between_them_is_hidden(void **state)
{
    int64_t from = next;

    (void)state;
    print("token=hun", 9);
    print("ter2hunte", 9);
    print("r2 end\n", 7);
    assert_null(strstr(stored(from), "hun"));
    assert_null(strstr(stored(from), "r2"));
    assert_non_null(strstr(stored(from), " end\n"));
}

static void a_chunk_that_comes_again_takes_nothing_off_the_one_before(void **state)
{
    int64_t from = next;

    (void)state;
    print("to", 2);
    print("ken=hunter2\n", 12);
    next--;
    print("ken=hunter2\n", 12);
    assert_string_equal(stored(from), "***\n");
}

/* Amazon's agent tells it all at once, in its own shape. */
static void T40_replies_are_hidden_before_they_are_stored(void **state)
{
    struct door_answer a;

    (void)state;
    door_room_reply(g, message,
                    "{'documentStatus':'Failed','documentTraceOutput':'token=hunter2',"
                    "'runtimeStatus':{'aws:runShellScript':{'status':'Failed','code':1,"
                    "'standardOutput':'one token=hunter2\\nand \\u5408言葉は山川',"
                    "'standardError':'token=hunter2'}}}");
    door_room_look();
    a = door_room_call(&caller, "GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s'}",
                       command, g->id);
    assert_string_equal(door_room_text(a, "Status"), "Failed");
    assert_string_equal(door_room_text(a, "StandardOutputContent"), "one ***\nand ***");
    assert_string_equal(door_room_text(a, "StandardErrorContent"), "***");
}

/* A NUL in what a step printed: the reply is read as it is elsewhere, and what is spelled otherwise in JSON is found. */
static void T40_a_nul_in_a_reply_hides_nothing_from_the_patterns(void **state)
{
    struct door_answer a;

    (void)state;
    door_room_reply(g, message,
                    "{'documentStatus':'Failed','documentTraceOutput':'\\u0000',"
                    "'runtimeStatus':{'aws:runShellScript':{'status':'Failed','code':1,"
                    "'standardOutput':'one \\u0074oken=hunter2\\nand token=\\u0068unter2',"
                    "'standardError':'\\u0000'}}}");
    door_room_look();
    a = door_room_call(&caller, "GetCommandInvocation", "{'CommandId':'%s','InstanceId':'%s'}",
                       command, g->id);
    assert_string_equal(door_room_text(a, "Status"), "Failed");
    assert_string_equal(door_room_text(a, "StandardOutputContent"), "one ***\nand ***");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T40_output_is_hidden_at_the_door_wherever_a_chunk_ends),
        cmocka_unit_test(T40_what_three_chunks_hold_between_them_is_hidden),
        cmocka_unit_test(a_chunk_that_comes_again_takes_nothing_off_the_one_before),
        cmocka_unit_test(T40_replies_are_hidden_before_they_are_stored),
    };
    /* A command ends once: a room of its own. */
    const struct CMUnitTest another[] = {
        cmocka_unit_test(T40_a_nul_in_a_reply_hides_nothing_from_the_patterns),
    };
    int failed;

    log_init(LOG_AUTO, LOG_ERROR);
    failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return failed + cmocka_run_group_tests(another, set_up, tear_down);
}
