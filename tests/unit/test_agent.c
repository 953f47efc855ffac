/* slipway-agent, the real program, against a scripted door (tests/support/door_double): who it trusts, what
 * runs and how, what is refused. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent_config.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/rules/migrate.h"
#include "lib/ssm/announcement.h"
#include "tests/support/agent_room.h"

/* Registration ---------------------------------------------------------------------------------- */

static void T33_registration_pins_the_key_and_the_store(void **state)
{
    char short_key[] = "abc";
    struct stat st;
    char path[512];

    (void)state;
    agent_room_up(false);
    assert_int_equal(agent_room_register(short_key, AGENT_ROOM_WORD("good-code")), 2);
    assert_int_equal(agent_room_register(agent_room.door.key_text, AGENT_ROOM_WORD("bad-code")), 2);
    assert_int_equal(agent_room_register(agent_room.door.key_text, AGENT_ROOM_WORD("good-code")),
                     0);
    assert_true(agent_room_says(agent_room.state, "agent.conf", agent_room.door.key_text));
    assert_true(agent_room_says(agent_room.state, "agent.conf", agent_room.door.store_id));
    assert_true(agent_room_says(agent_room.state, "agent.conf", agent_room.door.host_id));
    snprintf(path, sizeof(path), "%s/host-key.pem", agent_room.state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(agent_room.state, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    /* A second time would make another host of it. */
    assert_int_equal(agent_room_register(agent_room.door.key_text, AGENT_ROOM_WORD("good-code")),
                     1);
    assert_true(agent_room_says(agent_room.folder, "log", "is host mi-0123456789abcdef0"));
    agent_room_down();
}

static void T33_a_server_with_another_store_registers_nobody(void **state)
{
    char other[NAMES_UUID_SIZE];
    char id[] = "11111111-2222-4333-8444-555555555555";

    (void)state;
    agent_room_up(false);
    names_uuid_new(other);
    assert_int_equal(agent_room_exit(agent_room_program(AGENT_ROOM_ARGS(
                                         AGENT_ROOM_WORD("--register"), AGENT_ROOM_WORD("--url"),
                                         agent_room.door.url, AGENT_ROOM_WORD("--id"), id,
                                         AGENT_ROOM_WORD("--code"), AGENT_ROOM_WORD("good-code"),
                                         AGENT_ROOM_WORD("--key"), agent_room.door.key_text,
                                         AGENT_ROOM_WORD("--store"), other,
                                         AGENT_ROOM_WORD("--state"), agent_room.state)),
                                     AGENT_ROOM_LONG_S),
                     1);
    assert_true(agent_room_says(agent_room.folder, "log", "it is another one"));
    assert_false(agent_room_says(agent_room.state, "agent.conf", "host"));
    agent_room_down();
}

static void T38_open_modes_refuse_to_start(void **state)
{
    static const char *const names[] = {"agent.conf", "host-key.pem", "journal",
                                        "lock",       "fingerprint",  "commands"};
    struct stat st;
    char path[512];

    (void)state;
    agent_room_up(true);
    assert_int_equal(chmod(agent_room.state, 0750), 0);
    agent_room_start();
    assert_int_equal(agent_room_exit(agent_room.agent, AGENT_ROOM_LONG_S), 77);
    assert_true(agent_room_says(agent_room.folder, "log", "chmod 700"));
    assert_int_equal(chmod(agent_room.state, 0700), 0);
    /* Each file, not the key alone: all that is there once it has run. */
    agent_room_start();
    assert_non_null(door_double_wait_word(&agent_room.door, "Observe", 1, AGENT_ROOM_LONG_S));
    assert_non_null(door_double_wait(&agent_room.door, agent_room_send("true"),
                                     MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_stop(), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", agent_room.state, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0077, 0);
        for (mode_t bit = 1; bit <= 040; bit <<= 1) {
            assert_int_equal(chmod(path, st.st_mode | bit), 0);
            agent_room_start();
            assert_int_equal(agent_room_exit(agent_room.agent, AGENT_ROOM_LONG_S), 77);
            assert_true(agent_room_says(agent_room.folder, "log", path));
        }
        assert_int_equal(chmod(path, st.st_mode), 0);
    }
    /* A journal that is a link leads elsewhere. */
    snprintf(path, sizeof(path), "%s/journal", agent_room.state);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/tmp/elsewhere", path), 0);
    agent_room_start();
    assert_int_equal(agent_room_exit(agent_room.agent, AGENT_ROOM_LONG_S), 77);
    assert_true(agent_room_says(agent_room.folder, "log", "it leads elsewhere"));
    agent_room.agent = 0;
    agent_room_down();
}

static void two_agents_on_one_host(void **state)
{
    pid_t second;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    assert_non_null(door_double_wait_word(&agent_room.door, "Observe", 1, AGENT_ROOM_LONG_S));
    second = agent_room_program(AGENT_ROOM_ARGS(AGENT_ROOM_WORD("--state"), agent_room.state));
    assert_int_equal(agent_room_exit(second, AGENT_ROOM_LONG_S), 75);
    assert_true(agent_room_says(agent_room.folder, "log", "another slipway-agent runs"));
    agent_room_down();
}

/* Running --------------------------------------------------------------------------------------- */

static void two_steps_run_stream_and_report(void **state)
{
    struct document_step steps[2];
    const struct document document = {.description = "", .steps = steps, .n_steps = 2};
    const struct door_double_word *accepted, *started, *finished, *chunk;
    struct envelope e;
    char path[512];
    time_ms late;
    char *text;

    (void)state;
    agent_room_up(true);
    steps[0] =
        agent_room_script("first",
                          "date +%s%3N > \"$FOLDER/printed\"; echo early; sleep 2\n"
                          "echo \"$SLIPWAY_SHA $SLIPWAY_RELEASE $SLIPWAY_ROLE $SLIPWAY_HOST\" >&2\n"
                          "echo note=first >> \"$SLIPWAY_RESULT\"");
    steps[1] =
        agent_room_script("second", "echo commit=$SLIPWAY_SHA >> \"$SLIPWAY_RESULT\"; exit 3");
    agent_room_start();
    e = door_double_envelope(&agent_room.door);
    door_double_send(&agent_room.door, &e, &document);
    assert_true(door_double_wait_output(&agent_room.door, "early\n", AGENT_ROOM_LONG_S));
    late = clock_now(clock_system());
    assert_null(door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED, 0));
    finished =
        door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    /* Seen while it ran, and soon: 200 ms are promised, a busy machine may be late. */
    snprintf(path, sizeof(path), "%s/printed", agent_room.folder);
    text = agent_room_text(path);
    assert_true(late - strtoll(text, NULL, 10) < 1500);
    free(text);
    accepted = door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_ACCEPTED, 0);
    started = door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_STARTED, 0);
    chunk = door_double_wait_word(&agent_room.door, "PutOutput", 1, 0);
    assert_true(accepted->at <= started->at && started->at <= chunk->at);
    assert_true(accepted->record_number < started->record_number);
    assert_true(started->record_number < finished->record_number);
    assert_non_null(
        door_double_wait_word(&agent_room.door, "AcknowledgeMessage", 1, AGENT_ROOM_LONG_S));
    assert_true(
        door_double_printed(&agent_room.door,
                            "4f2c9e1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa r7 web,worker app-1\n"));
    assert_int_equal(finished->reply.status, INVOCATION_FAILED);
    assert_int_equal(finished->reply.n_steps, 2);
    assert_int_equal(finished->reply.steps[0].status, STEP_SUCCESS);
    assert_int_equal(finished->reply.steps[1].status, STEP_FAILED);
    assert_int_equal(finished->reply.steps[1].exit_code, 3);
    assert_int_equal(finished->reply.n_results, 2);
    assert_string_equal(finished->reply.results[1].key, "commit");
    assert_string_equal(finished->reply.results[1].value, e.sha);
    assert_int_equal(door_double_count(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED), 1);
    agent_room_down();
}

/* A maintenance page, a 404, a login form: only the door's own word ends the telling. */
static void an_end_is_told_until_the_door_itself_has_it(void **state)
{
    const char *id;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT "sleep 0.5; exit 7");
    assert_true(agent_room_wait_lines("runs", 1));
    atomic_store(&agent_room.door.proxied, 2);
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_int_equal(atomic_load(&agent_room.door.proxied), 0);
    agent_room_down();
}

static int zombies_of(const char *parent)
{
    char command[256], text[32] = "";
    FILE *list;

    snprintf(command, sizeof(command), "ps -o stat= --ppid %s | grep -c ^Z", parent);
    list = popen(command, "r"); /* NOLINT(cert-env33-c): words of our own */
    assert_non_null(list);
    (void)fgets(text, sizeof(text), list);
    (void)pclose(list);
    return atoi(text); /* NOLINT(cert-err34-c) */
}

/* In a container it may be process 1, whom the kernel gives each supervisor. */
static void as_process_1_it_leaves_no_zombies(void **state)
{
    static char program[256];
    char path[64], script[1024], agent[32] = "";
    struct err err = ERR_INIT;
    char *text;
    int n;

    (void)state;
    if (geteuid() != 0 || system("unshare -pf true") != 0) /* NOLINT(cert-env33-c) */
        skip();
    agent_room_up(true);
    snprintf(program, sizeof(program), "%s/as-process-1", agent_room.folder);
    n = snprintf(script, sizeof(script), "#!/bin/sh\nexec unshare -pf --kill-child %s \"$@\"\n",
                 agent_room.program);
    assert_int_equal(file_write_atomic(program, script, (size_t)n, 0700, &err), 0);
    agent_room.program = program;
    agent_room_start();
    for (int i = 0; i < 3; i++)
        assert_non_null(door_double_wait(&agent_room.door, agent_room_send("true"),
                                         MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", agent_room.agent, agent_room.agent);
    text = agent_room_text(path);
    assert_int_equal(sscanf(text, "%31s", agent), 1);
    free(text);
    for (int i = 0; i < 20 && zombies_of(agent) > 0; i++)
        (void)poll(NULL, 0, 50);
    assert_int_equal(zombies_of(agent), 0);
    agent_room_kill();
    agent_room_down();
}

static void a_failed_step_ends_the_command(void **state)
{
    struct document_step steps[2];
    const struct document document = {.description = "", .steps = steps, .n_steps = 2};
    const struct door_double_word *finished;
    struct envelope e;

    (void)state;
    agent_room_up(true);
    /* 194 would reboot the host at Amazon's agent. */
    steps[0] = agent_room_script("first", "exit 194");
    steps[1] = agent_room_script("second", AGENT_ROOM_COUNT);
    agent_room_start();
    e = door_double_envelope(&agent_room.door);
    door_double_send(&agent_room.door, &e, &document);
    finished =
        door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_int_equal(finished->reply.status, INVOCATION_FAILED);
    assert_int_equal(finished->reply.steps[0].exit_code, 194);
    assert_int_equal(finished->reply.steps[1].status, STEP_PENDING);
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

static void health_is_asked_until_it_is_well(void **state)
{
    char url[128];
    struct document_step steps[2];
    const struct document document = {.description = "", .steps = steps, .n_steps = 2};
    const struct door_double_word *finished;
    struct envelope e;

    (void)state;
    agent_room_up(true);
    snprintf(url, sizeof(url), "%s/up", agent_room.door.url);
    atomic_store(&agent_room.door.sick, 2);
    steps[0] = (struct document_step){
        .action = DOCUMENT_HEALTH, .name = "health", .http = url, .expect = 200, .within_s = 30};
    steps[1] =
        agent_room_script("again", "echo tried >> \"$FOLDER/tries\"; [ -e \"$FOLDER/well\" ] || "
                                   "{ touch \"$FOLDER/well\"; exit 1; }");
    steps[1].action = DOCUMENT_HEALTH;
    steps[1].within_s = 30;
    agent_room_start();
    e = door_double_envelope(&agent_room.door);
    door_double_send(&agent_room.door, &e, &document);
    finished =
        door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_int_equal(finished->reply.status, INVOCATION_SUCCESS);
    assert_true(door_double_printed(&agent_room.door, "answered 503, expected 200"));
    assert_true(door_double_printed(&agent_room.door, "answered 200"));
    assert_int_equal(agent_room_lines("tries"), 2);
    agent_room_down();
}

static void health_that_never_comes_fails_in_time(void **state)
{
    char url[128];
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    const struct door_double_word *finished;
    struct envelope e;

    (void)state;
    agent_room_up(true);
    snprintf(url, sizeof(url), "%s/up", agent_room.door.url);
    atomic_store(&agent_room.door.sick, 1000);
    step = (struct document_step){
        .action = DOCUMENT_HEALTH, .name = "health", .http = url, .expect = 200, .within_s = 2};
    agent_room_start();
    e = door_double_envelope(&agent_room.door);
    door_double_send(&agent_room.door, &e, &document);
    finished =
        door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_int_equal(finished->reply.status, INVOCATION_FAILED);
    assert_true(door_double_printed(&agent_room.door, "not well within 2 s"));
    agent_room_down();
}

static void T39_a_script_gets_nothing_of_the_agents_own(void **state)
{
    const char *id;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send("env; echo \"umask=$(umask)\"; ls /proc/self/fd | tr '\\n' ' '\n"
                         "echo; if [ -t 0 ] || (: < /dev/tty) 2>/dev/null; then echo HAS_TTY; fi\n"
                         "echo \"group=$(ps -o pgid= -p $$ | tr -d ' ') self=$$\"");
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_false(door_double_printed(&agent_room.door, "AGENTS_OWN_SECRET"));
    assert_false(door_double_printed(&agent_room.door, "HAS_TTY"));
    assert_true(door_double_printed(&agent_room.door, "umask=0022"));
    assert_true(door_double_printed(&agent_room.door, "PATH=/usr/local/sbin:/usr/local/bin:"));
    assert_true(door_double_printed(&agent_room.door, "LANG=C\n"));
    assert_true(door_double_printed(&agent_room.door, "0 1 2 3 \n")); /* 3 is ls's own */
    assert_false(door_double_printed(&agent_room.door, "PGAPPNAME"));
    agent_room_down();
}

static void a_time_limit_kills_the_group(void **state)
{
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    const struct door_double_word *ended;
    struct envelope plain;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    step = agent_room_script("slow", "(sleep 8; echo survived >> \"$FOLDER/runs\") & sleep 60");
    step.timeout_s = 5;
    plain = door_double_envelope(&agent_room.door);
    door_double_send(&agent_room.door, &plain, &document);
    ended = door_double_wait(&agent_room.door, plain.command_id, MESSAGE_REPLY_FINISHED,
                             AGENT_ROOM_LONG_S);
    assert_non_null(ended);
    assert_int_equal(ended->reply.status, INVOCATION_TIMED_OUT);
    assert_int_equal(ended->reply.steps[0].status, STEP_TIMED_OUT);
    (void)poll(NULL, 0, 4500);
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

/* A migrate job that takes long: with the longest limit there is it is left alone, with `kill-after` it is ended, and
 * then nobody knows (M5). */
static const struct door_double_word *slow_migrate(int64_t limit_s, struct envelope *ret_envelope)
{
    struct document_step step = agent_room_script(
        "slow", "sleep 7; echo \"as $PGAPPNAME $PGOPTIONS\"; echo done >> \"$FOLDER/migrated\"");
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};

    agent_room_up(true);
    agent_room_start();
    step.timeout_s = limit_s;
    *ret_envelope = door_double_envelope(&agent_room.door);
    ret_envelope->database = "acme/shop/stage/primary";
    ret_envelope->epoch = 1;
    door_double_send(&agent_room.door, ret_envelope, &document);
    return door_double_wait(&agent_room.door, ret_envelope->command_id, MESSAGE_REPLY_FINISHED,
                            AGENT_ROOM_LONG_S);
}

static void alarm_kills_nothing(void **state)
{
    const struct door_double_word *ended;
    struct envelope e;

    (void)state;
    ended = slow_migrate(DOCUMENT_TIMEOUT_MAX_S, &e);
    assert_non_null(ended);
    assert_int_equal(ended->reply.status, INVOCATION_SUCCESS);
    assert_int_equal(agent_room_lines("migrated"), 1);
    assert_true(door_double_printed(&agent_room.door, "-c client_connection_check_interval=1000"));
    agent_room_down();
}

static void kill_after_ends_unknown(void **state)
{
    struct invocation inv = {.status = INVOCATION_TIMED_OUT,
                             .details = "ExecutionTimedOut",
                             .offered_at = 1};
    const struct door_double_word *ended;
    struct envelope e;

    (void)state;
    ended = slow_migrate(5, &e);
    assert_non_null(ended);
    assert_int_equal(ended->reply.status, INVOCATION_TIMED_OUT);
    assert_int_equal(agent_room_lines("migrated"), 0);
    /* What the server makes of it: its SQL may live on. */
    assert_int_equal(migrate_state_of(ATTEMPT_RUNNING, &inv), ATTEMPT_UNKNOWN);
    agent_room_down();
}

/* A copy of the server has the same key and another store: hosts refuse it (G3). */
static void second_copy_of_the_server(void **state)
{
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    char other[NAMES_UUID_SIZE];
    struct envelope e;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    step = agent_room_script("only", AGENT_ROOM_COUNT);
    names_uuid_new(other);
    e = door_double_envelope(&agent_room.door);
    e.store_id = other;
    door_double_send(&agent_room.door, &e, &document);
    agent_room_expect_declined(e.command_id, "this host belongs to");
    agent_room_down();
}

static void a_silent_command_is_heard_of_every_15_seconds(void **state)
{
    const struct door_double_word *beat;
    const char *id;
    mono_ms began;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send("sleep 17");
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_STARTED, AGENT_ROOM_LONG_S));
    began = clock_mono(clock_system());
    beat = door_double_wait_word(&agent_room.door, "PutOutput", 1, AGENT_ROOM_LONG_S);
    assert_non_null(beat);
    assert_int_equal(beat->n_chunks, 0);
    assert_string_equal(beat->command_id, id);
    assert_in_range(beat->at - began, 13000, 16900);
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    agent_room_down();
}

static void migrate_none_skips_the_rest(void **state)
{
    struct document_step steps[2];
    const struct document document = {.description = "", .steps = steps, .n_steps = 2};
    const struct door_double_word *finished;
    struct envelope e;

    (void)state;
    agent_room_up(true);
    steps[0] = agent_room_script("check", "echo migrate=none >> \"$SLIPWAY_RESULT\"");
    steps[1] = agent_room_script("migrate", AGENT_ROOM_COUNT);
    agent_room_start();
    e = door_double_envelope(&agent_room.door);
    e.database = "acme/shop/stage/primary";
    e.epoch = 3;
    door_double_send(&agent_room.door, &e, &document);
    finished =
        door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_int_equal(finished->reply.status, INVOCATION_SUCCESS);
    assert_int_equal(finished->reply.steps[1].status, STEP_SUCCESS);
    assert_int_equal(finished->reply.steps[1].exit_code, -1);
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

static void T56_endless_output_is_cut_in_its_middle(void **state)
{
    const char *id;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send("echo the-beginning; head -c 20000000 /dev/zero | tr '\\0' x\n"
                         "echo; echo the-end");
    assert_non_null(door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, 60));
    assert_true(door_double_printed(&agent_room.door, "the-beginning"));
    assert_true(door_double_printed(&agent_room.door, "some output was left out here"));
    assert_true(door_double_printed(&agent_room.door, "the-end"));
    assert_true(agent_room.door.output_len <= 8 * 1024 * 1024 + 100);
    assert_true(agent_room.door.output_len >= 6 * 1024 * 1024);
    agent_room_down();
}

/* What is refused ------------------------------------------------------------------------------- */

static void poll_answer_sent_twice(void **state)
{
    const char *id;

    (void)state;
    agent_room_up(true);
    id = agent_room_send(AGENT_ROOM_COUNT "sleep 1");
    door_double_repeat(&agent_room.door, id); /* in the same answer */
    agent_room_start();
    assert_true(agent_room_wait_lines("runs", 1));
    door_double_repeat(&agent_room.door, id); /* while it runs */
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    agent_room_wait_reported();
    door_double_repeat(&agent_room.door, id); /* after its end: told once more, not run */
    assert_non_null(
        door_double_wait_word(&agent_room.door, "AcknowledgeMessage", 4, AGENT_ROOM_LONG_S));
    for (int i = 0; i < 100 && door_double_count(&agent_room.door, id, MESSAGE_REPLY_FINISHED) < 2;
         i++)
        (void)poll(NULL, 0, 50);
    assert_int_equal(door_double_count(&agent_room.door, id, MESSAGE_REPLY_FINISHED), 2);
    assert_int_equal(door_double_count(&agent_room.door, id, MESSAGE_REPLY_UNKNOWN), 0);
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

static void command_after_start_by(void **state)
{
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    struct envelope e;

    (void)state;
    agent_room_up(true);
    step = agent_room_script("only", AGENT_ROOM_COUNT);
    e = door_double_envelope(&agent_room.door);
    e.start_by = clock_now(clock_system()) - 1000;
    door_double_send(&agent_room.door, &e, &document);
    agent_room_start();
    agent_room_expect_declined(e.command_id, "expired");
    agent_room_down();
}

static void T31_what_was_not_signed_for_this_host_is_refused(void **state)
{
    struct sign_key *other = sign_key_new();
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    struct envelope forged, moved, edited, foreign;
    char store[NAMES_UUID_SIZE];

    (void)state;
    agent_room_up(true);
    step = agent_room_script("only", AGENT_ROOM_COUNT);
    agent_room_start();
    forged = door_double_envelope(&agent_room.door);
    door_double_send_as(&agent_room.door, &forged, &document, other, NULL);
    moved = door_double_envelope(&agent_room.door);
    moved.host_id = "mi-99999999999999999";
    moved.host = "app-3";
    door_double_send(&agent_room.door, &moved, &document);
    foreign = door_double_envelope(&agent_room.door);
    names_uuid_new(store);
    foreign.store_id = store;
    door_double_send(&agent_room.door, &foreign, &document);
    agent_room_expect_declined(forged.command_id, "sign");
    agent_room_expect_declined(moved.command_id, "signed for host app-3");
    agent_room_expect_declined(foreign.command_id, "this host belongs to");
    /* Other bytes than those whose digest was signed. */
    edited = door_double_envelope(&agent_room.door);
    edited.document_digest = "0000000000000000000000000000000000000000000000000000000000000001";
    door_double_send(&agent_room.door, &edited, &document);
    agent_room_expect_declined(edited.command_id, "not the one that was signed");
    assert_true(agent_room_says(agent_room.folder, "log", "command.refused"));
    sign_key_free(other);
    agent_room_down();
}

static void T31_a_refused_id_stays_refused(void **state)
{
    struct sign_key *other = sign_key_new();
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    struct envelope e;

    (void)state;
    agent_room_up(true);
    step = agent_room_script("only", AGENT_ROOM_COUNT);
    agent_room_start();
    e = door_double_envelope(&agent_room.door);
    door_double_send_as(&agent_room.door, &e, &document, other, NULL);
    agent_room_expect_declined(e.command_id, "sign");
    /* `declined` was told as "will never run": so it does not, whoever signs it now. */
    door_double_send(&agent_room.door, &e, &document);
    assert_non_null(
        door_double_wait_word(&agent_room.door, "AcknowledgeMessage", 2, AGENT_ROOM_LONG_S));
    agent_room_expect_declined(e.command_id, "sign");
    sign_key_free(other);
    agent_room_down();
}

/* Strict mode: the server may choose among what lies on this host's disk, and bring nothing (T37). */
static void T37_strict_mode_runs_only_what_lies_on_its_own_disk(void **state)
{
    const struct door_double_word *said;
    const char *id, *again;
    char documents[200], line[700];

    (void)state;
    agent_room_up(true);
    snprintf(documents, sizeof(documents), "%s/documents", agent_room.folder);
    assert_int_equal(mkdir(documents, 0755), 0);
    snprintf(line, sizeof(line), "sed -i 's|^strict = .*|strict = %s|' '%s/agent.conf'", documents,
             agent_room.state);
    assert_int_equal(system(line), 0); // NOLINT(cert-env33-c): names of our own
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT);
    agent_room_expect_declined(id, "strict mode: web@1 is not among the documents of");
    /* What was refused lies there to be read. Copied, its very bytes run; one byte more, and they do not. */
    snprintf(line, sizeof(line), "cp '%s/refused/web@1' '%s/only'", agent_room.state, documents);
    assert_int_equal(system(line), 0); // NOLINT(cert-env33-c)
    again = agent_room_send(AGENT_ROOM_COUNT);
    assert_non_null(
        door_double_wait(&agent_room.door, again, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 1);
    id = agent_room_send(AGENT_ROOM_COUNT " ");
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_DECLINED, AGENT_ROOM_LONG_S));
    /* What lies there is told, so that nothing is planned that it would refuse; links, and what others write, is not. */
    snprintf(line, sizeof(line),
             "cp '%s/only' '%s/open' && chmod 666 '%s/open' && ln -s only '%s/link'", documents,
             documents, documents, documents);
    assert_int_equal(system(line), 0); // NOLINT(cert-env33-c)
    assert_int_equal(agent_room_stop(), 0);
    agent_room_start();
    said = door_double_wait_word(&agent_room.door, "Observe", 2, AGENT_ROOM_LONG_S);
    assert_non_null(said);
    assert_true(said->strict);
    assert_int_equal(said->n_documents, 1);
    /* A file, and a folder, that others write to is none. */
    assert_int_equal(chmod(documents, 0777), 0);
    id = agent_room_send(AGENT_ROOM_COUNT);
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_DECLINED, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

/* What the door heard of it before goes back with each word: who repeats the newest has said it after all others. */
static void a_door_that_doubts_its_word_hears_it_again_with_what_it_answered(void **state)
{
    const struct door_double_word *said;

    (void)state;
    agent_room_up(true);
    atomic_store(&agent_room.door.doubts, 2);
    agent_room_start();
    said = door_double_wait_word(&agent_room.door, "Observe", 3, AGENT_ROOM_LONG_S);
    assert_non_null(said);
    assert_string_equal(said->heard, "known");
    said = door_double_wait_word(&agent_room.door, "Observe", 1, 0);
    assert_string_equal(said->heard, "");
    assert_non_null(door_double_wait(&agent_room.door, agent_room_send("true"),
                                     MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_stop(), 0);
    agent_room_down();
}

/* Hidden before it leaves the host, in whatever pieces it comes; a list that cannot be read stops what would print. */
static void T40_what_is_configured_is_hidden_before_it_leaves_the_host(void **state)
{
    const struct door_double_word *finished;
    struct err err = ERR_INIT;
    char path[200], line[700];
    const char *id;

    (void)state;
    agent_room_up(true);
    snprintf(path, sizeof(path), "%s/patterns", agent_room.folder);
    snprintf(line, sizeof(line), "sed -i 's|^redact = .*|redact = %s|' '%s/agent.conf'", path,
             agent_room.state);
    assert_int_equal(system(line), 0); // NOLINT(cert-env33-c): names of our own
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT);
    agent_room_expect_declined(id, "redact, ");
    assert_int_equal(file_write_atomic(path, "# ours\ntoken=[^ ]+\n", 19, 0600, &err), 0);
    id = agent_room_send(
        "printf 'a tok'; sleep 0.3; printf 'en=hun'; sleep 0.3; echo 'ter2 b'\n"
        "printf 'token=hunter2' >&2; echo note=token=hunter2 >> \"$SLIPWAY_RESULT\"\n"
        "echo plain");
    finished = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_true(door_double_printed(&agent_room.door, "a *** b\n"));
    assert_true(door_double_printed(&agent_room.door, "plain\n"));
    assert_string_equal(finished->reply.results[0].value, "***");
    assert_null(strstr(agent_room.door.output, "hunter"));
    snprintf(line, sizeof(line), "! grep -r hunter '%s'/commands/*/output '%s'/commands/*/outcome",
             agent_room.state, agent_room.state);
    assert_int_equal(system(line), 0); // NOLINT(cert-env33-c)
    agent_room_down();
}

/* What the server names is hidden with what the host names; lines that fit into a chunk are not cut. */
static void T40_what_the_server_names_is_hidden_before_it_leaves_the_host(void **state)
{
    const char *id;

    (void)state;
    agent_room_up(true);
    agent_room.door.redact = "token=[^ ]+\n合言葉は.*\n";
    agent_room_start();
    id = agent_room_send(
        "printf 'a tok'; sleep 0.3; printf 'en=hun'; sleep 0.3; echo 'ter2 b'\n"
        "printf '\\345\\220'; sleep 0.3; printf '\\210言葉は山川\\n'\n"
        "printf 'token=hunter2' >&2; echo note=token=hunter2 >> \"$SLIPWAY_RESULT\"\n"
        "for i in 1 2 3 4 5 6 7 8 9; do printf '%03990d token=hunter2 x\\n' \"$i\"; done");
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_true(door_double_printed(&agent_room.door, "a *** b\n"));
    assert_true(door_double_printed(&agent_room.door, "9 *** x\n"));
    assert_null(strstr(agent_room.door.output, "hunter"));
    assert_null(strstr(agent_room.door.output, "山"));
    agent_room_down();
}

/* A script that runs as the agent's user can read it; what it prints of it is seen by nobody. */
static void T40_the_hosts_own_key_is_hidden_in_what_scripts_print(void **state)
{
    const char *id;
    char *pem, line[400];

    (void)state;
    agent_room_up(true);
    agent_room_start();
    snprintf(line, sizeof(line),
             "printf 'half a line'; sleep 0.3; echo; cat '%s/host-key.pem'; echo end",
             agent_room.state);
    id = agent_room_send(line);
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_true(door_double_printed(&agent_room.door, "half a line\n"));
    assert_true(door_double_printed(&agent_room.door, "***\n***\n"));
    snprintf(line, sizeof(line), "%s/host-key.pem", agent_room.state);
    pem = agent_room_text(line);
    for (char *at = strtok(pem, "\n"); at != NULL; at = strtok(NULL, "\n"))
        if (*at != '-')
            assert_null(strstr(agent_room.door.output, at));
    free(pem);
    agent_room_down();
}

static const char *send_by(const struct sign_key *key)
{
    struct document_step step = agent_room_script("only", "echo done");
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    struct envelope e = door_double_envelope(&agent_room.door);

    door_double_send_as(&agent_room.door, &e, &document, key, NULL);
    return e.command_id;
}

static void must_end(const char *id)
{
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
}

/* The whole way on the host: announced, kept over a restart, also what is signed by the older one, and no other. */
static void T31_the_agent_follows_the_key_that_was_announced_and_no_other(void **state)
{
    struct sign_key *next = sign_key_new(), *other = sign_key_new();
    struct announcement a = {.store_id = agent_room.door.store_id, .number = 2};
    struct announcement_signed s;
    struct arena arena;
    struct json_out out;
    struct buf buf;
    char *list;

    (void)state;
    agent_room_up(true);
    arena_init(&arena);
    agent_room_start();
    agent_room_expect_declined(send_by(next), "not signed by the key");
    a.store_id = agent_room.door.store_id;
    a.until = clock_now(clock_system()) + 60000;
    sign_key_public(agent_room.door.key, a.key);
    sign_key_public(next, a.next_key);
    announcement_make(&arena, &a, agent_room.door.key, &s);
    buf_init(&buf, 8192);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    announcement_add_list(&out, "A", &s, 1);
    json_end_object(&out);
    list = arena_str(&arena, strchr(buf_str(&buf), '['));
    list[strlen(list) - 1] = '\0'; /* of the object */
    buf_deinit(&buf);
    assert_int_equal(agent_room_stop(), 0);
    agent_room.door.announcements = list;
    agent_room_start(); /* it says at its start what is true, and hears of it */
    must_end(send_by(next));
    assert_int_equal(agent_room_stop(), 0);
    agent_room.door.announcements = NULL;
    agent_room_start();
    must_end(send_by(next));
    must_end(send_by(agent_room.door.key));
    agent_room_expect_declined(send_by(other), "not signed by the key");
    arena_deinit(&arena);
    sign_key_free(next);
    sign_key_free(other);
    agent_room_down();
}

static void another_user_needs_an_agent_that_is_root(void **state)
{
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    struct envelope e;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    step = agent_room_script("only", AGENT_ROOM_COUNT);
    step.run_as = geteuid() == 0 ? "no-such-user" : "root";
    e = door_double_envelope(&agent_room.door);
    door_double_send(&agent_room.door, &e, &document);
    agent_room_expect_declined(e.command_id,
                               geteuid() == 0 ? "no such user" : "only an agent that runs as root");
    agent_room_down();
}

static void T39_run_as_becomes_that_user_for_good(void **state)
{
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    const struct door_double_word *finished;
    /* Another user must be able to pass; where TMPDIR lies nobody else may. */
    char run_dir[] = "/tmp/slipway-run-XXXXXX";
    struct agent_config config;
    struct err err = ERR_INIT;
    struct arena arena;
    struct envelope e;

    (void)state;
    if (geteuid() != 0)
        skip();
    agent_room_up(true);
    assert_non_null(mkdtemp(run_dir));
    assert_int_equal(chmod(run_dir, 0711), 0);
    arena_init(&arena);
    assert_int_equal(agent_config_read(&arena, agent_room.state, &config, &err), 0);
    config.run_dir = run_dir;
    assert_int_equal(agent_config_write(agent_room.state, &config, &err), 0);
    arena_deinit(&arena);
    agent_room_start();
    step =
        agent_room_script("only", "id; echo note=mine >> \"$SLIPWAY_RESULT\"; echo home=$HOME\n"
                                  "cat \"$SLIPWAY_RESULT\"; echo more > \"$SLIPWAY_RESULT.log\"");
    step.run_as = "nobody";
    e = door_double_envelope(&agent_room.door);
    door_double_send(&agent_room.door, &e, &document);
    finished =
        door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_int_equal(finished->reply.status, INVOCATION_SUCCESS);
    assert_true(door_double_printed(&agent_room.door, "(nobody)"));
    assert_false(door_double_printed(&agent_room.door, "(root)"));
    assert_int_equal(finished->reply.n_results, 1);
    assert_int_equal(rmdir(run_dir), 0); /* nothing was left in it */
    agent_room_down();
}

#define TEST(name) cmocka_unit_test_teardown(name, agent_room_tear_down)

/* ssm-wire.md 9.2: the door is told of the new key by the old one; the new one signs after a restart, too. */
static void S9_the_door_asks_for_another_key_and_gets_one(void **state)
{
    char *next = NULL;

    (void)state;
    agent_room_up(true);
    atomic_store(&agent_room.door.wants_key, true);
    agent_room_start();
    assert_non_null(door_double_wait_word(&agent_room.door, "Observe", 1, AGENT_ROOM_LONG_S));
    assert_string_not_equal(agent_room.door.next_spki, "");
    next = agent_room_text(
        arena_printf(&agent_room.door.arena, "%s/host-key-next.pem", agent_room.state));
    assert_string_equal(next, "");
    free(next);
    agent_room_kill();
    agent_room_start();
    assert_non_null(door_double_wait_word(&agent_room.door, "Observe", 2, AGENT_ROOM_LONG_S));
    assert_string_equal(agent_room.door.next_spki, ""); /* it was used */
    assert_int_equal(atomic_load(&agent_room.door.unsigned_calls), 0);
    agent_room_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(T33_registration_pins_the_key_and_the_store),
        TEST(T33_a_server_with_another_store_registers_nobody),
        TEST(T38_open_modes_refuse_to_start),
        TEST(two_agents_on_one_host),
        TEST(two_steps_run_stream_and_report),
        TEST(an_end_is_told_until_the_door_itself_has_it),
        TEST(as_process_1_it_leaves_no_zombies),
        TEST(a_failed_step_ends_the_command),
        TEST(health_is_asked_until_it_is_well),
        TEST(health_that_never_comes_fails_in_time),
        TEST(T39_a_script_gets_nothing_of_the_agents_own),
        TEST(a_time_limit_kills_the_group),
        TEST(alarm_kills_nothing),
        TEST(kill_after_ends_unknown),
        TEST(second_copy_of_the_server),
        TEST(a_silent_command_is_heard_of_every_15_seconds),
        TEST(migrate_none_skips_the_rest),
        TEST(T56_endless_output_is_cut_in_its_middle),
        TEST(poll_answer_sent_twice),
        TEST(command_after_start_by),
        TEST(T31_what_was_not_signed_for_this_host_is_refused),
        TEST(T31_a_refused_id_stays_refused),
        TEST(T37_strict_mode_runs_only_what_lies_on_its_own_disk),
        TEST(a_door_that_doubts_its_word_hears_it_again_with_what_it_answered),
        TEST(T40_what_is_configured_is_hidden_before_it_leaves_the_host),
        TEST(T40_what_the_server_names_is_hidden_before_it_leaves_the_host),
        TEST(T40_the_hosts_own_key_is_hidden_in_what_scripts_print),
        TEST(T31_the_agent_follows_the_key_that_was_announced_and_no_other),
        TEST(another_user_needs_an_agent_that_is_root),
        TEST(T39_run_as_becomes_that_user_for_good),
        TEST(S9_the_door_asks_for_another_key_and_gets_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
