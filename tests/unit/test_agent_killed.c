/* slipway-agent, the real program, when it, its supervisor, its journal or the door goes: nothing runs twice,
 * nothing is lost, and what cannot be proven is called unknown (migrate.md 5 and 8). */
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

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/ssm/message_start.h"
#include "tests/support/agent_room.h"

/* Killed ----------------------------------------------------------------------------------------- */

static void agent_killed_after_exec(void **state)
{
    const struct door_double_word *finished;
    const char *id;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT "echo before; sleep 2; echo after; "
                                          "echo note=kept >> \"$SLIPWAY_RESULT\"");
    assert_true(agent_room_wait_lines("runs", 1));
    agent_room_kill();
    agent_room_start();
    finished = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_int_equal(finished->reply.status, INVOCATION_SUCCESS);
    assert_int_equal(finished->reply.n_results, 1);
    assert_true(door_double_printed(&agent_room.door, "after"));
    assert_int_equal(agent_room_lines("runs"), 1);
    assert_int_equal(door_double_count(&agent_room.door, id, MESSAGE_REPLY_FINISHED), 1);
    /* Once more: it is reported, so nothing is said again. */
    agent_room_wait_reported();
    assert_int_equal(agent_room_stop(), 0);
    agent_room_start();
    assert_non_null(door_double_wait_word(&agent_room.door, "Observe", 3, AGENT_ROOM_LONG_S));
    (void)poll(NULL, 0, 500);
    assert_int_equal(door_double_count(&agent_room.door, id, MESSAGE_REPLY_FINISHED), 1);
    agent_room_down();
}

/* A package is upgraded while a command runs: the file is another one, the new agent takes the old supervisor up. */
static void agent_upgraded_in_mid_run(void **state)
{
    const struct door_double_word *finished;
    char program[512], line[2048];
    const char *id, *later;

    (void)state;
    agent_room_up(true);
    snprintf(program, sizeof(program), "%s/slipway-agent", agent_room.folder);
    snprintf(line, sizeof(line), "cp '%s' '%s' && cp '%s' '%s.new'", agent_room.program, program,
             agent_room.program, program);
    assert_int_equal(system(line), 0); // NOLINT(cert-env33-c): names of our own
    agent_room.program = program;
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT "echo before; sleep 3; echo after\n"
                                          "echo note=kept >> \"$SLIPWAY_RESULT\"");
    assert_true(agent_room_wait_lines("runs", 1));
    /* As dpkg does it: the new file takes the name, the old one is gone; then the service is restarted. */
    assert_int_equal(unlink(program), 0);
    snprintf(line, sizeof(line), "%s.new", program);
    assert_int_equal(rename(line, program), 0);
    assert_int_equal(agent_room_stop(), 0);
    agent_room_start();
    finished = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_int_equal(finished->reply.status, INVOCATION_SUCCESS);
    assert_int_equal(finished->reply.n_results, 1);
    assert_true(door_double_printed(&agent_room.door, "after"));
    assert_int_equal(agent_room_lines("runs"), 1);
    assert_int_equal(door_double_count(&agent_room.door, id, MESSAGE_REPLY_UNKNOWN), 0);
    /* And the new one runs what comes. */
    later = agent_room_send(AGENT_ROOM_COUNT);
    assert_non_null(
        door_double_wait(&agent_room.door, later, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 2);
    agent_room_down();
}

static void it_ended_while_no_agent_was_there(void **state)
{
    const struct door_double_word *finished;
    const char *id;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT "sleep 1; echo said-alone; exit 7");
    assert_true(agent_room_wait_lines("runs", 1));
    agent_room_kill();
    (void)poll(NULL, 0, 2500);
    agent_room_start();
    finished = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_int_equal(finished->reply.steps[0].exit_code, 7);
    assert_true(door_double_printed(&agent_room.door, "said-alone"));
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

static void agent_killed_before_permit(void **state)
{
    const char *id;

    (void)state;
    agent_room_up(true);
    atomic_store(&agent_room.door.refuses_replies, true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT);
    /* Claimed, and not begun: the door has not heard of it. */
    assert_non_null(door_double_wait_word(&agent_room.door, "Refused", 2, AGENT_ROOM_LONG_S));
    assert_true(agent_room_says(agent_room.state, "journal", "\"kind\":\"accepted\""));
    agent_room_kill();
    atomic_store(&agent_room.door.refuses_replies, false);
    agent_room_start();
    agent_room_expect_declined(id, "stopped before it was started");
    agent_room_down();
}

/* The door gave the permit, and no answer comes: whoever is killed then stands at `asking`, and never began. */
static void agent_killed_between_permit_and_exec(void **state)
{
    const struct door_double_word *asked, *again, *declined;
    const char *id;

    (void)state;
    agent_room_up(true);
    atomic_store(&agent_room.door.permit, DOOR_DOUBLE_LOST);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT);
    asked = door_double_wait_word(&agent_room.door, "RequestStart", 1, AGENT_ROOM_LONG_S);
    again = door_double_wait_word(&agent_room.door, "RequestStart", 2, AGENT_ROOM_LONG_S);
    assert_non_null(again);
    /* The nonce makes the answer repeatable. It stands in the journal before it is asked. */
    assert_string_equal(asked->reply_id, again->reply_id);
    assert_true(agent_room_says(agent_room.state, "journal", asked->reply_id));
    agent_room_kill();
    atomic_store(&agent_room.door.permit, DOOR_DOUBLE_YES);
    agent_room_start();
    agent_room_expect_declined(id, "stopped before it was started");
    declined = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_DECLINED, 0);
    assert_string_equal(declined->reply.nonce, asked->reply_id);
    agent_room_down();
}

/* Until something stands there. */
static void wait_journal(const char *text)
{
    for (int i = 0; i < AGENT_ROOM_LONG_S * 50; i++) {
        if (agent_room_says(agent_room.state, "journal", text))
            return;
        (void)poll(NULL, 0, 20);
    }
    fail_msg("the journal never said %s", text);
}

/* The supervisor alone, of a command that stands at `accepted`: the lock, its go and its word are ours. */
static pid_t supervise_by_hand(char *id, int *ret_go)
{
    char *argv[] = {AGENT_ROOM_WORD("slipway-agent"),
                    AGENT_ROOM_WORD("--state"),
                    agent_room.state,
                    AGENT_ROOM_WORD("--supervise"),
                    id,
                    NULL};
    int go[2], ready[2], lock, fds[3];
    struct err err = ERR_INIT;
    char path[512], word;
    pid_t pid;

    snprintf(path, sizeof(path), "%s/commands/%s/lock", agent_room.state, id);
    assert_int_equal(file_lock(path, &lock, &err), 0);
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        const int from[3] = {lock, go[0], ready[1]};

        for (int i = 0; i < 3; i++)
            fds[i] = fcntl(from[i], F_DUPFD, 64);
        for (int i = 0; i < 3; i++)
            (void)dup2(fds[i], 3 + i);
        execv(agent_room.program, argv);
        _exit(127);
    }
    close(lock);
    close(go[0]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &word, 1), 1);
    close(ready[0]);
    *ret_go = go[1];
    return pid;
}

/* Between the answer and the first step lies a write to the journal, and a supervisor that may be stopped: whoever
 * decided meanwhile that nothing runs shall be right. */
static void G6_nothing_begins_by_a_permit_that_became_too_old(void **state)
{
    char path[512], *outcome;
    mono_ms asked_at;
    char id[37];
    pid_t pid;
    int go;

    (void)state;
    agent_room_up(true);
    atomic_store(&agent_room.door.refuses_replies, true);
    for (int is_old = 1; is_old >= 0; is_old--) {
        agent_room_start();
        snprintf(id, sizeof(id), "%s", agent_room_send(AGENT_ROOM_COUNT));
        wait_journal(id);
        agent_room_kill();
        pid = supervise_by_hand(id, &go);
        asked_at = clock_mono(clock_system()) - (is_old ? MESSAGE_START_LIFE_MS : 0);
        assert_int_equal(write(go, &asked_at, sizeof(asked_at)), sizeof(asked_at));
        close(go);
        assert_int_equal(agent_room_exit(pid, AGENT_ROOM_LONG_S), 0);
        snprintf(path, sizeof(path), "%s/commands/%s/outcome", agent_room.state, id);
        outcome = agent_room_text(path);
        assert_int_equal(agent_room_lines("runs"), is_old ? 0 : 1);
        assert_true(strstr(outcome, "finished") != NULL);
        assert_true((strstr(outcome, "not begun: its permit was") != NULL) == (is_old == 1));
        free(outcome);
    }
    agent_room_down();
}

static void nothing_begins_without_a_permit(void **state)
{
    const char *id;

    (void)state;
    agent_room_up(true);
    atomic_store(&agent_room.door.permit, DOOR_DOUBLE_NO);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT);
    agent_room_expect_declined(id, "no permit: somebody has it");
    /* A yes to another question is none. */
    atomic_store(&agent_room.door.permit, DOOR_DOUBLE_OTHER);
    id = agent_room_send(AGENT_ROOM_COUNT);
    assert_non_null(door_double_wait_word(&agent_room.door, "RequestStart", 3, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 0);
    atomic_store(&agent_room.door.permit, DOOR_DOUBLE_YES);
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

/* What stands behind the last whole record was never acted upon; it is dropped, and the journal stays the same. */
static void journal_torn(void **state)
{
    const struct door_double_word *before, *after;
    const char *id;
    char path[512];
    FILE *file;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT);
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    before = door_double_wait_word(&agent_room.door, "Observe", 1, 0);
    agent_room_wait_reported();
    assert_int_equal(agent_room_stop(), 0);
    snprintf(path, sizeof(path), "%s/journal", agent_room.state);
    file = fopen(path, "a");
    assert_non_null(file);
    (void)fputs("000000d7 5bf1bd73 cae96a5f5770d398 {\"number\":6,\"at", file);
    (void)fclose(file);
    agent_room_start();
    after = door_double_wait_word(&agent_room.door, "Observe", 2, AGENT_ROOM_LONG_S);
    assert_non_null(after);
    assert_string_equal(before->journal_id, after->journal_id);
    assert_true(after->record_number > before->record_number);
    door_double_repeat(&agent_room.door, id);
    assert_non_null(
        door_double_wait_word(&agent_room.door, "AcknowledgeMessage", 2, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

/* The fencing token: a server that was restored from a backup counts anew, and its hosts do not (G5). */
static void server_restored_from_backup(void **state)
{
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    const struct door_double_word *declined;
    struct envelope e;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    step = agent_room_script("migrate", AGENT_ROOM_COUNT);
    e = door_double_envelope(&agent_room.door);
    e.database = "acme/shop/stage/primary";
    e.epoch = 57;
    door_double_send(&agent_room.door, &e, &document);
    assert_non_null(door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED,
                                     AGENT_ROOM_LONG_S));
    for (int64_t epoch = 41; epoch <= 57; epoch += 16) { /* below it, and equal under another id */
        e = door_double_envelope(&agent_room.door);
        e.database = "acme/shop/stage/primary";
        e.epoch = epoch;
        door_double_send(&agent_room.door, &e, &document);
        declined = door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_DECLINED,
                                    AGENT_ROOM_LONG_S);
        assert_non_null(declined);
        assert_int_equal(declined->reply.floor, 57);
        assert_non_null(strstr(declined->reply.reason, "is behind 57 for acme/shop/stage/primary"));
        assert_non_null(strstr(declined->reply.reason, "slipway fence advance"));
    }
    /* Another agent process knows it too, tells it of what the one before it could not, and another database has a floor
     * of its own. */
    agent_room_kill();
    atomic_store(&agent_room.door.refuses_replies, true);
    agent_room_start();
    e = door_double_envelope(&agent_room.door);
    e.database = "acme/shop/stage/primary";
    e.epoch = 56;
    door_double_send(&agent_room.door, &e, &document);
    wait_journal(e.command_id);
    agent_room_kill();
    atomic_store(&agent_room.door.refuses_replies, false);
    agent_room_start();
    declined =
        door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_DECLINED, AGENT_ROOM_LONG_S);
    assert_non_null(declined);
    assert_int_equal(declined->reply.floor, 57);
    e = door_double_envelope(&agent_room.door);
    e.database = "acme/shop/production/primary";
    e.epoch = 1;
    door_double_send(&agent_room.door, &e, &document);
    assert_non_null(door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED,
                                     AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 2);
    agent_room_down();
}

static void the_door_is_told_before_anything_begins(void **state)
{
    const char *id;

    (void)state;
    agent_room_up(true);
    atomic_store(&agent_room.door.refuses_replies, true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT);
    assert_non_null(door_double_wait_word(&agent_room.door, "Refused", 2, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 0);
    atomic_store(&agent_room.door.refuses_replies, false);
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

/* Its answer was lost, but the door may have it: under the same id the end would be taken for the same word, and lost. */
static void an_end_never_goes_under_the_id_of_an_earlier_word(void **state)
{
    const struct door_double_word *refused, *finished;
    struct err err = ERR_INIT;
    const char *id;
    char path[512];

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT "while [ ! -e \"$FOLDER/go\" ]; do sleep 0.05; done");
    assert_true(agent_room_wait_lines("runs", 1));
    atomic_store(&agent_room.door.refuses_replies, true);
    agent_room_kill(); /* the next one takes it up, and says first that it runs */
    agent_room_start();
    refused = door_double_wait_word(&agent_room.door, "Refused", 1, AGENT_ROOM_LONG_S);
    assert_non_null(refused);
    snprintf(path, sizeof(path), "%s/go", agent_room.folder);
    assert_int_equal(file_write_atomic(path, "", 0, 0600, &err), 0);
    (void)poll(NULL, 0, 1000);
    atomic_store(&agent_room.door.refuses_replies, false);
    finished = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_string_not_equal(finished->reply_id, refused->reply_id);
    agent_room_down();
}

static void supervisor_killed(void **state)
{
    struct document_step step;
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    const struct door_double_word *unknown, *declined;
    struct envelope e, second;
    pid_t supervisor;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    step = agent_room_script("migrate", AGENT_ROOM_COUNT
                             "exec 3>&-; sleep 5; echo ended >> \"$FOLDER/ended\"");
    e = door_double_envelope(&agent_room.door);
    e.database = "acme/shop/stage/primary";
    e.epoch = 1;
    door_double_send(&agent_room.door, &e, &document);
    assert_true(agent_room_wait_lines("runs", 1));
    supervisor = agent_room_supervisor();
    assert_true(supervisor > 1);
    assert_int_equal(kill(supervisor, SIGKILL), 0);
    /* The command holds the lock (G7): it does not look like an end. Also not to the next agent. And whoever abandons the
     * attempt all the same starts no second client beside it. */
    second = door_double_envelope(&agent_room.door);
    second.database = e.database;
    second.epoch = 2;
    door_double_send(&agent_room.door, &second, &document);
    declined = door_double_wait(&agent_room.door, second.command_id, MESSAGE_REPLY_DECLINED,
                                AGENT_ROOM_LONG_S);
    assert_non_null(declined);
    assert_non_null(strstr(declined->reply.reason, e.command_id));
    assert_int_equal(door_double_count(&agent_room.door, e.command_id, MESSAGE_REPLY_UNKNOWN), 0);
    agent_room_kill();
    agent_room_start();
    (void)poll(NULL, 0, 500);
    assert_int_equal(door_double_count(&agent_room.door, e.command_id, MESSAGE_REPLY_UNKNOWN), 0);
    assert_int_equal(agent_room_lines("ended"), 0);
    unknown =
        door_double_wait(&agent_room.door, e.command_id, MESSAGE_REPLY_UNKNOWN, AGENT_ROOM_LONG_S);
    assert_non_null(unknown);
    assert_int_equal(agent_room_lines("ended"), 1);
    assert_int_equal(door_double_count(&agent_room.door, e.command_id, MESSAGE_REPLY_FINISHED), 0);
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

/* A look that fails is no end: what cannot be seen may run. */
static void a_lock_that_cannot_be_looked_at_is_not_free(void **state)
{
    const struct door_double_word *finished;
    char lock[512], aside[520];
    const char *id;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT "sleep 3");
    assert_true(agent_room_wait_lines("runs", 1));
    snprintf(lock, sizeof(lock), "%s/commands/%s/lock", agent_room.state, id);
    snprintf(aside, sizeof(aside), "%s.aside", lock);
    assert_int_equal(rename(lock, aside), 0);
    assert_int_equal(symlink("lock.aside", lock), 0); /* ELOOP for whoever opens it */
    (void)poll(NULL, 0, 1500);
    assert_int_equal(rename(aside, lock), 0);
    finished = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_int_equal(finished->reply.status, INVOCATION_SUCCESS);
    assert_int_equal(door_double_count(&agent_room.door, id, MESSAGE_REPLY_UNKNOWN), 0);
    agent_room_down();
}

static void a_lost_end_is_unknown(void **state)
{
    const struct door_double_word *unknown;
    const char *id;
    char path[512];
    char *text;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT
                         "echo $$ > \"$FOLDER/pid\"; echo seen-before; exec sleep 30");
    assert_true(door_double_wait_output(&agent_room.door, "seen-before", AGENT_ROOM_LONG_S));
    assert_int_equal(kill(agent_room_supervisor(), SIGKILL), 0);
    unknown = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_UNKNOWN, AGENT_ROOM_LONG_S);
    assert_non_null(unknown);
    assert_int_equal(unknown->reply.n_steps, 1);
    assert_int_equal(unknown->reply.steps[0].status, STEP_IN_PROGRESS);
    /* It is not run again, whoever asks. */
    door_double_repeat(&agent_room.door, id);
    assert_non_null(
        door_double_wait_word(&agent_room.door, "AcknowledgeMessage", 2, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 1);
    /* What the lost supervisor left running is this test's to end. */
    snprintf(path, sizeof(path), "%s/pid", agent_room.folder);
    text = agent_room_text(path);
    assert_true(strtol(text, NULL, 10) > 1);
    assert_int_equal(kill((pid_t)strtol(text, NULL, 10), SIGKILL), 0);
    free(text);
    agent_room_down();
}

static void journal_bit_flipped(void **state)
{
    const struct door_double_word *before, *after;
    const char *id;
    char path[512];
    char *text;
    size_t len;
    struct err err = ERR_INIT;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT);
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    before = door_double_wait_word(&agent_room.door, "Observe", 1, 0);
    agent_room_wait_reported();
    assert_int_equal(agent_room_stop(), 0);
    snprintf(path, sizeof(path), "%s/journal", agent_room.state);
    assert_int_equal(file_read_all(path, 1 << 20, &text, &len, &err), 0);
    text[len / 2] ^= 1;
    assert_int_equal(file_write_atomic(path, text, len, 0600, &err), 0);
    free(text);
    agent_room_start();
    after = door_double_wait_word(&agent_room.door, "Observe", 2, AGENT_ROOM_LONG_S);
    assert_non_null(after);
    assert_string_not_equal(before->journal_id, after->journal_id);
    door_double_repeat(&agent_room.door, id);
    assert_non_null(
        door_double_wait_word(&agent_room.door, "AcknowledgeMessage", 2, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 1);
    assert_true(agent_room_says(agent_room.folder, "log", "journal.damaged"));
    agent_room_down();
}

static void sigterm_ends_the_agent_and_not_its_commands(void **state)
{
    const char *id;
    mono_ms began;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT "sleep 3; echo ended >> \"$FOLDER/ended\"");
    assert_true(agent_room_wait_lines("runs", 1));
    began = clock_mono(clock_system());
    assert_int_equal(agent_room_stop(), 0);
    assert_true(clock_mono(clock_system()) - began < 3000);
    assert_int_equal(agent_room_lines("ended"), 0);
    assert_true(agent_room_wait_lines("ended", 1));
    agent_room_start();
    assert_non_null(
        door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S));
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

static void a_deaf_door_loses_nothing(void **state)
{
    const struct door_double_word *finished;
    const char *id;

    (void)state;
    agent_room_up(true);
    agent_room_start();
    id = agent_room_send(AGENT_ROOM_COUNT "sleep 1; echo said-to-nobody");
    assert_true(agent_room_wait_lines("runs", 1));
    atomic_store(&agent_room.door.deaf, true);
    (void)poll(NULL, 0, 3000);
    atomic_store(&agent_room.door.deaf, false);
    finished = door_double_wait(&agent_room.door, id, MESSAGE_REPLY_FINISHED, AGENT_ROOM_LONG_S);
    assert_non_null(finished);
    assert_true(door_double_printed(&agent_room.door, "said-to-nobody"));
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

#define TEST(name) cmocka_unit_test_teardown(name, agent_room_tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(agent_killed_after_exec),
        TEST(agent_upgraded_in_mid_run),
        TEST(it_ended_while_no_agent_was_there),
        TEST(agent_killed_before_permit),
        TEST(agent_killed_between_permit_and_exec),
        TEST(nothing_begins_without_a_permit),
        TEST(G6_nothing_begins_by_a_permit_that_became_too_old),
        TEST(journal_torn),
        TEST(server_restored_from_backup),
        TEST(the_door_is_told_before_anything_begins),
        TEST(an_end_never_goes_under_the_id_of_an_earlier_word),
        TEST(supervisor_killed),
        TEST(a_lock_that_cannot_be_looked_at_is_not_free),
        TEST(a_lost_end_is_unknown),
        TEST(journal_bit_flipped),
        TEST(sigterm_ends_the_agent_and_not_its_commands),
        TEST(a_deaf_door_loses_nothing),
    };

    if (argc > 1) /* a pattern chooses tests */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
