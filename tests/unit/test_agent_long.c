/* slipway-agent, the real program, after a long time and under a server that runs wild: what it takes, what it still knows, and that
 * its journal does not grow for ever (threats.md T37, migrate.md 4). */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "agent/intake.h"
#include "lib/base/clock.h"
#include "tests/support/agent_room.h"
#include "tests/support/old_journal.h"

#define DAY ((time_ms)24 * 3600 * 1000)

static time_ms now_of(void)
{
    return clock_now(clock_system());
}

static bool says_in_time(const char *folder, const char *name, const char *wanted)
{
    for (int i = 0; i < AGENT_ROOM_LONG_S * 50; i++) {
        if (agent_room_says(folder, name, wanted))
            return true;
        (void)poll(NULL, 0, 20);
    }
    return false;
}

/* The door hands out without being asked to. What is over the limit is left, whatever comes; a start gives nothing back. A cancel
 * and what is known have their way. */
static void T37_a_host_takes_so_many_commands_and_no_more(void **state)
{
    struct old_journal old = {.state = agent_room.state};
    const struct door_double_word *word;
    const char *first, *over;
    char line[700];

    (void)state;
    agent_room_up(true);
    snprintf(line, sizeof(line), "sed -i 's|^limit = .*|limit = 10 + 10/h|' '%s/agent.conf'",
             agent_room.state);
    assert_int_equal(system(line), 0); // NOLINT(cert-env33-c): names of our own
    old_journal_add(&old, 0, 9, now_of());
    agent_room_start();
    first = agent_room_send(AGENT_ROOM_COUNT);
    assert_non_null(
        door_double_wait(&agent_room.door, first, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    over = agent_room_send(AGENT_ROOM_COUNT);
    door_double_repeat(&agent_room.door, first);
    assert_true(says_in_time(agent_room.folder, "log", "command.repeated"));
    (void)door_double_cancel(&agent_room.door, over);
    word = door_double_wait(&agent_room.door, over, MESSAGE_REPLY_DECLINED, AGENT_ROOM_LONG_S);
    assert_non_null(word);
    assert_string_equal(word->reply.reason, "cancelled before it began");
    assert_int_equal(agent_room_lines("runs"), 1);
    assert_true(agent_room_says(agent_room.folder, "log", "limit.reached"));
    assert_true(agent_room_says(agent_room.folder, "log", "raise the limit"));
    agent_room_down();
}

/* Nobody signed a word that something is to end. What never came leaves a line here for a month: so many, and then it waits at the
 * door, unacknowledged and unwritten, and is no end of what runs. */
static void T37_a_host_keeps_so_many_cancels_of_what_never_came(void **state)
{
    static const char *const never = "aaaaaaaa-0000-4000-8000-000000000001";
    static const char *const over = "aaaaaaaa-0000-4000-8000-000000000002";
    struct old_journal old = {.state = agent_room.state};
    const struct door_double_word *word;
    const char *id;

    (void)state;
    agent_room_up(true);
    old_journal_add_cancelled(&old, 0, INTAKE_CANCELS_AT_ONCE - 1, now_of());
    agent_room_start();
    (void)door_double_cancel(&agent_room.door, never);
    word = door_double_wait(&agent_room.door, never, MESSAGE_REPLY_DECLINED, AGENT_ROOM_LONG_S);
    assert_non_null(word);
    (void)door_double_cancel(&agent_room.door, over);
    assert_true(says_in_time(agent_room.folder, "log", "cancels.limit-reached"));
    id = agent_room_send(AGENT_ROOM_COUNT "echo up; sleep 60");
    assert_true(door_double_wait_output(&agent_room.door, "up", AGENT_ROOM_LONG_S));
    (void)door_double_cancel(&agent_room.door, id);
    word = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(word);
    assert_int_equal(word->reply.status, INVOCATION_CANCELLED);
    assert_int_equal(door_double_count(&agent_room.door, over, MESSAGE_REPLY_DECLINED), 0);
    assert_false(agent_room_says(agent_room.state, "journal", over));
    agent_room_down();
}

/* What had to begin before the journal's memory may have been here: it is not begun, and nobody hears that it never was (G4). */
static void G4_an_order_of_a_forgotten_time_is_unknown(void **state)
{
    struct old_journal old = {.state = agent_room.state};
    const struct door_double_word *word;
    const char *id;

    (void)state;
    agent_room_up(true);
    old_journal_forgot(&old, now_of() + 600000);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT);
    word = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_UNKNOWN, AGENT_ROOM_LONG_S);
    assert_non_null(word);
    assert_non_null(strstr(word->reply.reason, "it may have run it"));
    assert_int_equal(word->record_number, 4712);
    assert_int_equal(door_double_count(&agent_room.door, id, MESSAGE_REPLY_DECLINED), 0);
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

/* Its id and its number stay, so nobody at the door is in doubt; what runs, runs on. */
static void C9_the_journal_is_written_anew_at_a_start(void **state)
{
    struct old_journal old = {.state = agent_room.state, .step_ms = 1000};
    const struct door_double_word *word;
    char path[256];
    struct stat st;
    const char *id;

    (void)state;
    agent_room_up(true);
    old_journal_add(&old, 0, 250, now_of() - 40 * DAY);
    agent_room_start();
    word = door_double_wait_word(&agent_room.door, "Observe", 1, AGENT_ROOM_LONG_S);
    assert_non_null(word);
    assert_int_equal(word->record_number, 1251);
    assert_string_equal(word->journal_id, "11111111-1111-4111-8111-111111111111");
    assert_true(says_in_time(agent_room.folder, "log", "journal.anew"));
    snprintf(path, sizeof(path), "%s/journal", agent_room.state);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 1000);
    id = agent_room_send(AGENT_ROOM_COUNT);
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_stop(), 0);
    agent_room_start();
    word = door_double_wait_word(&agent_room.door, "Observe", 2, AGENT_ROOM_LONG_S);
    assert_non_null(word);
    assert_in_range(word->record_number, 1255, 1256);
    assert_false(agent_room_says(agent_room.folder, "log", "journal.damaged"));
    agent_room_down();
}

#define TEST(name) cmocka_unit_test_teardown(name, agent_room_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(T37_a_host_takes_so_many_commands_and_no_more),
        TEST(T37_a_host_keeps_so_many_cancels_of_what_never_came),
        TEST(G4_an_order_of_a_forgotten_time_is_unknown),
        TEST(C9_the_journal_is_written_anew_at_a_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
