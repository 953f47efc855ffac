/* slipway-agent, the real program, told to end what it runs: the process group is gone before it says so (P6). */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <cmocka.h>

#include "tests/support/agent_room.h"

/* The process whose id the script wrote to that file. */
static pid_t pid_in(const char *name)
{
    char path[256];
    char *text;
    pid_t pid;

    snprintf(path, sizeof(path), "%s/%s", agent_room.folder, name);
    text = agent_room_text(path);
    pid = (pid_t)strtol(text, NULL, 10);
    free(text);
    assert_true(pid > 1);
    return pid;
}

static bool is_gone(pid_t pid)
{
    return kill(pid, 0) < 0 && errno == ESRCH;
}

static const struct door_double_word *expect_cancelled(const char *id)
{
    const struct door_double_word *finished =
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);

    assert_non_null(finished);
    assert_int_equal(finished->reply.status, INVOCATION_CANCELLED);
    return finished;
}

static void P6_the_whole_group_is_gone_before_it_is_said(void **state)
{
    const struct door_double_word *finished;
    const char *id, *cancel;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT
                         "sleep 60 & echo $! > \"$FOLDER/child\"; echo up; wait; echo after");
    assert_true(door_double_wait_output(&agent_room.door, "up", AGENT_ROOM_LONG_S));
    assert_false(is_gone(pid_in("child")));
    cancel = door_double_cancel(&agent_room.door, id);
    finished = expect_cancelled(id);
    assert_true(is_gone(pid_in("child")));
    assert_int_equal(finished->reply.steps[0].status, STEP_CANCELLED);
    assert_int_equal(finished->reply.steps[0].exit_code, 137);
    assert_false(door_double_printed(&agent_room.door, "after"));
    /* The message itself is acknowledged, and nothing is said of it (ssm-wire.md 11). */
    assert_int_equal(door_double_count(&agent_room.door, cancel, MESSAGE_REPLY_FINISHED), 0);
    assert_non_null(
        door_double_wait_word(&agent_room.door, "AcknowledgeMessage", 2, AGENT_ROOM_LONG_S));
    agent_room_down();
}

static void P6_it_is_ended_by_whoever_takes_it_up_again(void **state)
{
    const char *id;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT "echo $$ > \"$FOLDER/child\"; sleep 60");
    assert_true(agent_room_wait_lines("child", 1));
    agent_room_kill();
    (void)door_double_cancel(&agent_room.door, id);
    agent_room_start();
    (void)expect_cancelled(id);
    assert_true(is_gone(pid_in("child")));
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

static void P6_a_health_check_is_not_waited_for(void **state)
{
    struct document_step steps[2];
    const struct document document = {.description = "", .steps = steps, .n_steps = 2};
    const struct door_double_word *finished;
    struct envelope e;

    (void)state;
    agent_room_up(true);
    atomic_store(&agent_room.door.sick, 100000);
    agent_room_start();
    steps[0] = agent_room_script("only", AGENT_ROOM_COUNT "echo up");
    steps[1] = (struct document_step){.action = DOCUMENT_HEALTH,
                                      .name = "health",
                                      .http = arena_printf(&agent_room.door.arena, "%s/up",
                                                           agent_room.door.url),
                                      .expect = 200,
                                      .within_s = 300,
                                      .run_as = "",
                                      .working_directory = ""};
    e = door_double_envelope(&agent_room.door);
    door_double_send(&agent_room.door, &e, &document);
    assert_true(door_double_wait_output(&agent_room.door, "503", AGENT_ROOM_LONG_S));
    (void)door_double_cancel(&agent_room.door, e.command_id);
    finished = expect_cancelled(e.command_id);
    assert_int_equal(finished->reply.steps[0].status, STEP_SUCCESS);
    assert_int_equal(finished->reply.steps[1].status, STEP_CANCELLED);
    agent_room_down();
}

static void P6_what_is_cancelled_before_it_came_never_runs(void **state)
{
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    struct envelope e;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    step = agent_room_script("only", AGENT_ROOM_COUNT);
    e = door_double_envelope(&agent_room.door);
    (void)door_double_cancel(&agent_room.door, e.command_id);
    agent_room_expect_declined(e.command_id, "cancelled before it began");
    door_double_send(&agent_room.door, &e, &document);
    assert_non_null(
        door_double_wait_word(&agent_room.door, "AcknowledgeMessage", 2, AGENT_ROOM_LONG_S));
    (void)poll(NULL, 0, 300);
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

static void P6_an_end_that_came_first_stays_as_it_was(void **state)
{
    const struct door_double_word *finished;
    const char *id;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT "exit 3");
    finished = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    (void)door_double_cancel(&agent_room.door, id);
    assert_non_null(
        door_double_wait_word(&agent_room.door, "AcknowledgeMessage", 2, AGENT_ROOM_LONG_S));
    assert_int_equal(finished->reply.status, INVOCATION_FAILED);
    assert_int_equal(door_double_count(&agent_room.door, id, MESSAGE_REPLY_FINISHED), 1);
    agent_room_down();
}

#define TEST(name) cmocka_unit_test_teardown(name, agent_room_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(P6_the_whole_group_is_gone_before_it_is_said),
        TEST(P6_it_is_ended_by_whoever_takes_it_up_again),
        TEST(P6_a_health_check_is_not_waited_for),
        TEST(P6_what_is_cancelled_before_it_came_never_runs),
        TEST(P6_an_end_that_came_first_stays_as_it_was),
    };

    /* As the first process of many a container: whoever loses its parent becomes ours, and we come for nobody. */
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
