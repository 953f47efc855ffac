/*
 * slipway-agent, the program that is shipped, on a disk that fails: the k-th write, sync, truncation or rename of its journal,
 * each kind of fault (faulty_io). Started again on what is there, it ends the command, or says that it never began, or that
 * nobody knows; what it says is true, and nothing ran twice (G4). The journal is an old one: once the door took a call it is
 * written anew (C9), so that is among what fails; its id and its number stay, and of yesterday's commands all are known.
 *
 * A sample of them; SLIPWAY_DEEP=1 tries each. SLIPWAY_FAULT="K:KIND" repeats one.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent_journal.h"
#include "lib/base/clock.h"
#include "tests/support/agent_room.h"
#include "tests/support/old_journal.h"

static const char *const kinds[] = {"sync", "eio", "enospc", "torn", "kill"};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

/* The journal says that the door has its end. */
static bool is_reported(const char *id)
{
    char wanted[128];

    snprintf(wanted, sizeof(wanted), "\"kind\":\"reported\",\"command\":\"%s\"", id);
    return agent_room_says(agent_room.state, "journal", wanted);
}

static bool is_written_anew(void)
{
    return agent_room_says(agent_room.state, "journal", "\"anew\":true");
}

/* What the log of faulty_io says of the run. */
struct told {
    long calls;
    bool fault;       /* it came to it */
    bool tried_again; /* and the journal was written after a sync had failed */
};

static struct told read_log(const char *path)
{
    char line[256], operation[16], file[64], end[8];
    struct told told = {.calls = 0};
    bool failed_sync = false;
    FILE *log = fopen(path, "r");

    while (log != NULL && fgets(line, sizeof(line), log) != NULL) {
        if (sscanf(line, "%ld %15s %63s %7s", &told.calls, operation, file, end) != 4)
            continue;
        told.tried_again |= failed_sync && strcmp(operation, "write") == 0;
        told.fault |= strcmp(end, "fault") == 0;
        failed_sync |= strcmp(end, "fault") == 0 && strcmp(operation, "fsync") == 0 &&
                       strcmp(file, "journal") == 0;
    }
    if (log != NULL)
        fclose(log);
    return told;
}

static void set_fault(long k, const char *kind, const char *log)
{
    char value[64];

    snprintf(value, sizeof(value), "%ld:%s", k, kind);
    (void)setenv("LD_PRELOAD", SLIPWAY_BUILD_DIR "/tests/support/faulty_io.so", 1);
    (void)setenv("FAULTY_IO", value, 1);
    (void)setenv("FAULTY_IO_FOLDER", agent_room.state, 1);
    (void)setenv("FAULTY_IO_FILE", "/journal", 1);
    (void)setenv("FAULTY_IO_LOG", log, 1);
}

/* That it ended, never began, or that nobody knows; NULL: it did not say so yet. */
static const struct door_double_word *last_word(const char *id)
{
    static const enum message_reply_state ends[] = {MESSAGE_REPLY_FINISHED, MESSAGE_REPLY_DECLINED,
                                                    MESSAGE_REPLY_UNKNOWN};
    const struct door_double_word *word = NULL;

    for (size_t i = 0; i < 3 && word == NULL; i++)
        word = door_double_wait(&agent_room.door, id, ends[i], 0);
    return word;
}

/* 150 commands of forty days ago, which are forgotten, and as many of yesterday. */
static void make_old_journal(void)
{
    struct old_journal old = {.state = agent_room.state, .database = "shop", .step_ms = 1000};

    old_journal_add(&old, 0, 150, clock_now(clock_system()) - (time_ms)40 * 24 * 3600 * 1000);
    old.database = NULL;
    old_journal_add(&old, 150, 150, clock_now(clock_system()) - (time_ms)24 * 3600 * 1000);
}

static void check_old_journal(long k, const char *kind)
{
    struct agent_journal_entry entry;
    struct agent_journal *journal = NULL;
    char id[NAMES_UUID_SIZE];
    struct err err = ERR_INIT;

    if (agent_journal_open(agent_room.state, clock_now(clock_system()), &journal, &err) < 0)
        fail_msg("%s at call %ld: %s", kind, k, err.text);
    if (strcmp(agent_journal_id(journal), "11111111-1111-4111-8111-111111111111") != 0 ||
        agent_journal_number(journal) <= 1501 || agent_journal_floor(journal, "shop", id) != 150)
        fail_msg("%s at call %ld: it is another journal", kind, k);
    for (int i = 150; i < 300; i++) {
        old_journal_command(i, id);
        if (!agent_journal_find(journal, id, &entry) || entry.kind != AGENT_JOURNAL_REPORTED)
            fail_msg("%s at call %ld: command %d is not known any more", kind, k, i);
    }
    agent_journal_free(journal);
}

/* Until the agent has ended by itself, or has told all there is. */
static void run_into_it(long k, const char *kind, const char *id)
{
    for (int i = 0; i < AGENT_ROOM_LONG_S * 100; i++) {
        int status;

        if (waitpid(agent_room.agent, &status, WNOHANG) == agent_room.agent) {
            agent_room.agent = 0;
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                fail_msg("%s at call %ld: it ended with 0, and systemd would leave it so", kind, k);
            return;
        }
        if (last_word(id) != NULL && is_reported(id))
            return;
        (void)poll(NULL, 0, 10);
    }
    fail_msg("%s at call %ld: nothing came of it", kind, k);
}

/* Its last word, and whether that is so. */
static void check_end(long k, const char *kind, const char *id)
{
    const struct door_double_word *word = last_word(id);
    size_t ran;

    for (int i = 0; i < AGENT_ROOM_LONG_S * 50 && word == NULL; i++) {
        (void)poll(NULL, 0, 20);
        word = last_word(id);
    }
    ran = agent_room_lines("runs");
    if (word == NULL)
        fail_msg("%s at call %ld: it never said what became of it", kind, k);
    if (ran > 1)
        fail_msg("%s at call %ld: it ran %zu times", kind, k, ran);
    if (word->reply.state == MESSAGE_REPLY_FINISHED &&
        (ran != 1 || word->reply.status != INVOCATION_SUCCESS))
        fail_msg("%s at call %ld: it says that it ended, and ran %zu times", kind, k, ran);
    if (word->reply.state == MESSAGE_REPLY_DECLINED && ran != 0)
        fail_msg("%s at call %ld: it says that it never began, and it ran", kind, k);
    if (agent_room_says(agent_room.folder, "log", "journal.damaged"))
        fail_msg("%s at call %ld: what a fault left is taken for damage", kind, k);
}

/* And be there. */
static void start_again(const char *id)
{
    size_t n = 1;

    while (door_double_wait_word(&agent_room.door, "Observe", n, 0) != NULL)
        n++;
    agent_room_start();
    assert_non_null(door_double_wait_word(&agent_room.door, "Observe", n, AGENT_ROOM_LONG_S));
    door_double_repeat(&agent_room.door, id); /* as the door does until it is acknowledged */
}

/* False: there are not so many calls. */
static bool fail_once(long k, const char *kind, long *ret_calls)
{
    const char *bin = getenv("SLIPWAY_BIN");
    char program[512], log[512];
    struct told told;
    const char *id;
    int code = 0;

    agent_room_up(true);
    snprintf(program, sizeof(program), "%s/slipway-agent", bin != NULL ? bin : "");
    if (bin != NULL && access(program, X_OK) == 0)
        agent_room.program = program;
    snprintf(log, sizeof(log), "%s/faults", agent_room.folder);
    make_old_journal();
    set_fault(k, kind, log);
    agent_room_start();
    (void)unsetenv("LD_PRELOAD");
    id = agent_room_send(AGENT_ROOM_COUNT);
    run_into_it(k, kind, id);
    if (agent_room.agent != 0)
        code = agent_room_stop(); /* the fault may be in its last word to itself */
    told = read_log(log);
    if (code != 0 && !told.fault)
        fail_msg("%s at call %ld: it ended with %d", kind, k, code);
    *ret_calls = told.calls;
    if (told.tried_again)
        fail_msg("%s at call %ld: the journal was written after a sync had failed", kind, k);
    start_again(id);
    check_end(k, kind, id);
    for (int i = 0; i < AGENT_ROOM_LONG_S * 50 && !(is_reported(id) && is_written_anew()); i++)
        (void)poll(NULL, 0, 20);
    assert_int_equal(agent_room_stop(), 0);
    check_old_journal(k, kind);
    if (!is_written_anew())
        fail_msg("%s at call %ld: it was never written anew", kind, k);
    agent_room_down();
    return told.fault;
}

static void G4_what_it_says_is_true_when_the_kth_write_or_sync_of_its_journal_fails(void **state)
{
    const char *fault = getenv("SLIPWAY_FAULT"), *deep = getenv("SLIPWAY_DEEP");
    long calls = 0, runs = 0, n;

    (void)state;
    if (fault != NULL) {
        (void)fail_once(strtol(fault, NULL, 10), strchr(fault, ':') + 1, &n);
        return;
    }
    assert_false(fail_once(0, "eio", &calls)); /* how many there are */
    assert_true(calls > 15);
    if (deep != NULL && strcmp(deep, "1") == 0) {
        for (size_t i = 0; i < KINDS; i++)
            for (long k = 1; fail_once(k, kinds[i], &n); k++)
                runs++;
        assert_true(runs >= calls * 4);
    } else {
        for (time_t day = time(NULL) / 86400; runs < 4; runs++) /* another sample each day */
            (void)fail_once(1 + (day * 7 + runs * calls / 4) % calls, kinds[(day + runs) % KINDS],
                            &n);
    }
    print_message("# %ld faults, %ld calls in a run\n", runs, calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            G4_what_it_says_is_true_when_the_kth_write_or_sync_of_its_journal_fails,
            agent_room_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
