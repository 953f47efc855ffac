/* carry: a journal that is new, or whose carrying over was cut short, forgets nothing that may have begun. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/carry.h"
#include "agent/command_folder.h"
#include "agent/key_chain.h"
#include "lib/base/file.h"

#define COMMANDS 3

static struct {
    struct arena arena;
    char folder[128];
    char ids[COMMANDS][NAMES_UUID_SIZE];
    struct agent_config config;
    struct agent agent;
} w;

static int set_up(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    memset(&w, 0, sizeof(w));
    arena_init(&w.arena);
    snprintf(w.folder, sizeof(w.folder), "%.80s/slipway-carry-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(w.folder));
    agent_config_init(&w.config);
    w.agent = (struct agent){.state = w.folder, .config = &w.config, .clock = clock_system()};
    assert_int_equal(key_chain_open(w.folder, &w.config, &w.agent.keys, &err), 0);
    for (int i = 0; i < COMMANDS; i++)
        names_uuid_new(w.ids[i]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    agent_journal_free(w.agent.journal);
    key_chain_free(w.agent.keys);
    command_folder_remove(w.folder);
    arena_deinit(&w.arena);
    return 0;
}

static void make(int i, const char *file)
{
    const char *folder = command_folder_path(&w.arena, w.folder, w.ids[i]);
    struct err err = ERR_INIT;

    assert_int_equal(file_mkdirs(folder, 0700, &err), 0);
    assert_int_equal(file_write_atomic(arena_printf(&w.arena, "%s/%s", folder, file), "", 0, 0600,
                                       &err),
                     0);
}

static size_t opened(void)
{
    struct err err = ERR_INIT;
    size_t n;

    agent_journal_free(w.agent.journal);
    w.agent.journal = NULL;
    if (agent_journal_open(w.folder, 1, &w.agent.journal, &err) < 0 ||
        carry_over(&w.agent, &n, &err) < 0)
        fail_msg("%s", err.text);
    return n;
}

static enum agent_journal_kind known(int i)
{
    struct agent_journal_entry entry = {.kind = AGENT_JOURNAL_NONE};

    (void)agent_journal_find(w.agent.journal, w.ids[i], &entry);
    return entry.kind;
}

static void a_new_journal_knows_every_folder(void **state)
{
    (void)state;
    assert_int_equal(opened(), 0); /* no command ever came */
    assert_int_equal(unlink(arena_printf(&w.arena, "%s/journal", w.folder)), 0);
    make(0, "lock");
    make(1, "outcome");
    assert_int_equal(opened(), 2);
    assert_int_equal(known(0), AGENT_JOURNAL_CARRIED);
    assert_int_equal(known(1), AGENT_JOURNAL_CARRIED);
    assert_int_equal(opened(), 0);
}

/* Killed in the middle: the journal is not new any more, and what may have begun is carried all the same. What was only
 * claimed, as by an agent that is killed before `accepted` stands there, is claimed again. */
static void a_carrying_over_that_was_cut_short_goes_on(void **state)
{
    (void)state;
    assert_int_equal(opened(), 0);
    make(0, "output");
    make(1, "outcome");
    make(2, "lock");
    assert_int_equal(opened(), 2);
    assert_int_equal(known(0), AGENT_JOURNAL_CARRIED);
    assert_int_equal(known(1), AGENT_JOURNAL_CARRIED);
    assert_int_equal(known(2), AGENT_JOURNAL_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_journal_knows_every_folder),
        TEST(a_carrying_over_that_was_cut_short_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
