/* What a host gives back of its disk: never on the word of its own clock alone (C9, docs/decisions/0171). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "agent/command_folder.h"
#include "agent/host_key.h"
#include "agent/key_chain.h"
#include "agent/state_folder.h"
#include "agent/tidy.h"
#include "lib/base/file.h"
#include "tests/support/agent_room.h"
#include "tests/support/old_journal.h"

#define DAY ((time_ms)24 * 3600 * 1000)
#define COMMANDS 250 /* of five records each: enough to be written anew */
#define OTHER "aaaaaaaa-0000-4000-8000-000000000001"

/* The agent's parts at a door that has the right time, with clocks of their own. */
static struct {
    struct clock clock;
    time_ms ahead;  /* how far its wall clock is */
    mono_ms passed; /* how much more the monotonic one says */
    struct agent_config config;
    struct agent agent;
    struct arena arena;
    struct sign_rsa *rsa;
    struct httpc *httpc;
    atomic_bool stop;
} host;

static time_ms now_of(struct clock *clock)
{
    (void)clock;
    return clock_now(clock_system()) + host.ahead;
}

static mono_ms mono_of(struct clock *clock)
{
    (void)clock;
    return clock_mono(clock_system()) + host.passed;
}

static const char *folder_of(int64_t i)
{
    char id[NAMES_UUID_SIZE];

    old_journal_command(i, id);
    return command_folder_path(&host.arena, agent_room.state, id);
}

/* A folder with what it printed, as each command leaves it. */
static void make_folder(const char *path)
{
    struct err err = ERR_INIT;

    assert_int_equal(file_mkdirs(path, 0700, &err), 0);
    assert_int_equal(file_write_atomic(arena_printf(&host.arena, "%s/output", path), "x", 1, 0600,
                                       &err),
                     0);
}

/* Commands whose newest was over so long ago, and that one's folder. */
static void up(time_ms ago)
{
    struct old_journal old = {.state = agent_room.state};
    struct err err = ERR_INIT;

    agent_room_up(true);
    memset(&host, 0, sizeof(host));
    arena_init(&host.arena);
    host.clock = (struct clock){.now = now_of, .mono = mono_of};
    old_journal_add(&old, 0, COMMANDS, clock_now(clock_system()) - ago);
    host.agent = (struct agent){.state = agent_room.state,
                                .config = &host.config,
                                .clock = &host.clock,
                                .stop = &host.stop};
    if (state_folder_open(&host.arena, agent_room.state, "", &host.config, &host.agent.keys, &err) <
            0 ||
        host_key_read(agent_room.state, &host.rsa, &err) < 0 ||
        agent_journal_open(agent_room.state, clock_now(clock_system()), &host.agent.journal, &err) <
            0)
        fail_msg("%s", err.text);
    host.agent.session =
        session_new(&host.config, host.rsa, agent_room.state, &host.clock, &host.stop);
    host.httpc = httpc_new();
    make_folder(folder_of(COMMANDS - 1));
}

static int down(void **state)
{
    httpc_free(host.httpc);
    session_free(host.agent.session);
    agent_journal_free(host.agent.journal);
    key_chain_free(host.agent.keys);
    sign_rsa_free(host.rsa);
    arena_deinit(&host.arena);
    return agent_room_tear_down(state);
}

static bool is_heard(void)
{
    struct httpc_answer answer = {.status = 0};
    struct err err = ERR_INIT;
    int rc = session_call(host.agent.session, host.httpc, SESSION_UPDATE_INFORMATION, "{}", &answer,
                          &err);

    httpc_answer_deinit(&answer);
    return rc == 0;
}

static size_t n_known(void)
{
    struct agent_journal_entry entry;
    char id[NAMES_UUID_SIZE];
    size_t n = 0;

    for (int64_t i = 0; i < COMMANDS; i++) {
        old_journal_command(i, id);
        n += agent_journal_find(host.agent.journal, id, &entry);
    }
    return n;
}

static bool has(const char *path)
{
    return access(path, F_OK) == 0;
}

static bool is_written_anew(void)
{
    char *text = agent_room_text(arena_printf(&host.arena, "%s/journal", agent_room.state));
    bool is_anew = strstr(text, "\"anew\":true") != NULL;

    free(text);
    return is_anew;
}

/* It boots a year ahead, before it has the time from anywhere: the door takes none of its calls. */
static void C9_a_host_that_boots_a_year_ahead_forgets_nothing(void **state)
{
    (void)state;
    up(DAY);
    host.ahead = 366 * DAY;
    assert_false(is_heard());
    assert_int_equal(session_now(host.agent.session), 0);
    tidy_disk(&host.agent, &host.arena);
    assert_int_equal(n_known(), COMMANDS);
    assert_true(has(folder_of(COMMANDS - 1)));
    assert_false(is_written_anew());
}

/* It is stepped while the agent runs: what is old is old by the monotonic clock, from what the door took. */
static void C9_a_clock_that_is_stepped_forgets_nothing(void **state)
{
    time_ms now;

    (void)state;
    up(DAY);
    assert_true(is_heard());
    host.ahead = 366 * DAY;
    assert_false(is_heard()); /* which is no agreement */
    now = session_now(host.agent.session);
    assert_in_range(now, clock_now(clock_system()) - 60000, clock_now(clock_system()));
    tidy_disk(&host.agent, &host.arena);
    assert_int_equal(n_known(), COMMANDS);
    assert_true(has(folder_of(COMMANDS - 1)));
    assert_true(is_written_anew()); /* and yet there is room */
    assert_false(agent_journal_forgot(host.agent.journal, clock_now(clock_system()) - 2 * DAY));
}

static void C9_what_is_a_month_old_by_the_doors_clock_goes(void **state)
{
    (void)state;
    up(DAY);
    assert_true(is_heard());
    host.passed = 40 * DAY; /* and its own clock stands still */
    tidy_disk(&host.agent, &host.arena);
    assert_false(has(folder_of(COMMANDS - 1)));
    assert_int_equal(n_known(), 0);
    assert_true(agent_journal_forgot(host.agent.journal, clock_now(clock_system()) - DAY));
}

/* What was written while the clock was behind, by years: its start-by is the server's. */
static void C9_what_a_clock_that_was_behind_wrote_is_not_old(void **state)
{
    const struct agent_journal_record accepted = {.kind = AGENT_JOURNAL_ACCEPTED,
                                                  .command_id = OTHER,
                                                  .envelope_digest = "00",
                                                  .start_by = clock_now(clock_system())};
    const struct agent_journal_record declined = {.kind = AGENT_JOURNAL_DECLINED,
                                                  .command_id = OTHER,
                                                  .why = "it was stopped"};
    const struct agent_journal_record reported = {.kind = AGENT_JOURNAL_REPORTED,
                                                  .command_id = OTHER};
    struct agent_journal_entry entry;
    struct err err = ERR_INIT;
    const char *folder;

    (void)state;
    up(40 * DAY);
    folder = command_folder_path(&host.arena, agent_room.state, OTHER);
    make_folder(folder);
    assert_int_equal(agent_journal_add(host.agent.journal, &accepted, DAY, &err), 0);
    assert_int_equal(agent_journal_add(host.agent.journal, &declined, DAY, &err), 0);
    assert_int_equal(agent_journal_add(host.agent.journal, &reported, DAY, &err), 0);
    assert_true(is_heard());
    tidy_disk(&host.agent, &host.arena);
    assert_int_equal(n_known(), 0);
    assert_true(agent_journal_find(host.agent.journal, OTHER, &entry));
    assert_true(has(folder));
}

/* slipway-once has no door: it knows no time later than the start-by of what it has just carried out. */
static void add_ended(const char *id, time_ms start_by, time_ms at)
{
    const struct agent_journal_record declined = {.kind = AGENT_JOURNAL_DECLINED,
                                                  .command_id = id,
                                                  .why = "revoked",
                                                  .start_by = start_by};
    struct err err = ERR_INIT;

    assert_int_equal(agent_journal_add(host.agent.journal, &declined, at, &err), 0);
}

static void C9_once_counts_by_the_start_by_of_its_order(void **state)
{
    static const char *const newer[] = {"aaaaaaaa-0000-4000-8000-000000000002",
                                        "aaaaaaaa-0000-4000-8000-000000000003"};
    time_ms now = clock_now(clock_system());
    const char *folder;

    (void)state;
    up(DAY);
    folder = command_folder_path(&host.arena, agent_room.state, OTHER);
    make_folder(folder);
    add_ended(OTHER, now - DAY, now - DAY);
    add_ended(newer[0], now + 600000, now);
    host.ahead = 366 * DAY;
    tidy_disk_of_once(&host.agent, &host.arena, newer[0]);
    assert_true(has(folder));
    add_ended(newer[1], now + 7 * DAY, now + 7 * DAY - 600000);
    tidy_disk_of_once(&host.agent, &host.arena, newer[1]);
    assert_false(has(folder));
}

#define TEST(name) cmocka_unit_test_teardown(name, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(C9_a_host_that_boots_a_year_ahead_forgets_nothing),
        TEST(C9_a_clock_that_is_stepped_forgets_nothing),
        TEST(C9_what_is_a_month_old_by_the_doors_clock_goes),
        TEST(C9_what_a_clock_that_was_behind_wrote_is_not_old),
        TEST(C9_once_counts_by_the_start_by_of_its_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
