/* command_folder: who looks whether a command still runs is told the truth, or that it cannot be told now (G7). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/command_folder.h"
#include "agent/outcome.h"
#include "lib/base/file.h"

static struct arena arena;
static char folder[128];

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    snprintf(folder, sizeof(folder), "%.80s/slipway-command-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    command_folder_remove(folder);
    arena_deinit(&arena);
    return 0;
}

static int look(void)
{
    struct err err = ERR_INIT;
    int rc = command_folder_look(&arena, folder, &err);

    assert_true((rc == 0) == (err.text[0] == '\0'));
    return rc;
}

/* No descriptor is left: EMFILE for each open(). */
static void no_descriptors(struct rlimit *before)
{
    struct rlimit few;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
    few = *before;
    few.rlim_cur = (rlim_t)dup(0);
    close((int)few.rlim_cur);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static void G7_a_lock_is_held_free_or_cannot_be_seen(void **state)
{
    const char *lock = arena_printf(&arena, "%s/lock", folder);
    struct err err = ERR_INIT;
    struct rlimit before;
    int fd;

    (void)state;
    assert_int_equal(look(), 0); /* none there */
    assert_int_equal(command_folder_lock(&arena, folder, &fd, &err), 0);
    assert_int_equal(look(), ERR_BUSY);
    no_descriptors(&before);
    assert_int_equal(look(), ERR_INTERNAL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    close(fd);
    assert_int_equal(look(), 0);
    no_descriptors(&before);
    assert_int_equal(look(), ERR_INTERNAL); /* also of a free one nobody knows it then */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(symlink("elsewhere", lock), 0);
    assert_int_equal(look(), ERR_INTERNAL);
}

static void an_end_that_cannot_be_read_now_is_not_none(void **state)
{
    const struct message_reply end = {.status = INVOCATION_SUCCESS,
                                      .trace = "",
                                      .state = MESSAGE_REPLY_FINISHED,
                                      .reason = ""};
    const char *path = arena_printf(&arena, "%s/outcome", folder);
    struct err err = ERR_INIT;
    struct message_reply reply;
    struct rlimit before;
    int rc;

    (void)state;
    assert_true(outcome_is_none(outcome_read(&arena, folder, &reply, &err)));
    assert_int_equal(outcome_write(&arena, folder, &end, 1000, &err), 0);
    no_descriptors(&before);
    rc = outcome_read(&arena, folder, &reply, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(rc < 0);
    assert_false(outcome_is_none(rc));
    assert_int_equal(outcome_read(&arena, folder, &reply, &err), 0);
    assert_int_equal(file_write_atomic(path, "rot", 3, 0600, &err), 0);
    assert_true(outcome_is_none(outcome_read(&arena, folder, &reply, &err)));
}

#define HOUR ((time_ms)3600 * 1000)
#define NOW ((time_ms)1795334400000)

static const char *path_of(int i, const char *file)
{
    return arena_printf(&arena, "%s/commands/00000000-0000-4000-8000-%012d/%s", folder, i, file);
}

static struct command_folder_end ends[32]; /* of the i-th one */

static void make(int i, time_ms at)
{
    static const char *const files[] = {"envelope", "output", "outcome"};
    struct err err = ERR_INIT;

    assert_int_equal(file_mkdirs(path_of(i, ""), 0700, &err), 0);
    for (int f = 0; f < 3; f++)
        assert_int_equal(file_write_atomic(path_of(i, files[f]), "x", 1, 0600, &err), 0);
    ends[i] = (struct command_folder_end){.since = at, .at = at};
}

static struct command_folder_end end_of(void *arg, const char *command_id)
{
    (void)arg;
    return ends[strtol(strrchr(command_id, '-') + 1, NULL, 10)];
}

/* Also when it is asked again: what lost its output changed then, and is no newer for that. */
static void the_newest_keep_their_output_at_each_look(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++)
        make(i, NOW - (40 - i) * HOUR);
    for (int look = 0; look < 3; look++) {
        command_folder_prune(&arena, folder, NOW, end_of, NULL);
        for (int i = 0; i < 30; i++)
            assert_int_equal(access(path_of(i, "output"), F_OK) == 0, i >= 10);
    }
}

/* One that might have begun until next month is no newer for that. */
static void what_ended_last_keeps_its_output_whatever_its_start_by(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        make(i, NOW - (40 - i) * HOUR);
        if (i < 15)
            ends[i].since = NOW + 30 * 24 * HOUR;
    }
    command_folder_prune(&arena, folder, NOW, end_of, NULL);
    for (int i = 0; i < 30; i++)
        assert_int_equal(access(path_of(i, "output"), F_OK) == 0, i >= 10);
}

/* Whatever its files say of when they were written: here they are all of this minute. */
static void a_folder_goes_a_week_after_it_is_over(void **state)
{
    (void)state;
    make(1, NOW - COMMAND_FOLDER_KEPT_MS);
    make(2, NOW - COMMAND_FOLDER_KEPT_MS - 1000);
    make(3, NOW - HOUR);
    make(4, 0);
    command_folder_prune(&arena, folder, NOW, end_of, NULL);
    assert_int_equal(access(path_of(1, ""), F_OK), 0);
    assert_int_equal(access(path_of(2, ""), F_OK), -1);
    assert_int_equal(access(path_of(3, ""), F_OK), 0);
    command_folder_prune(&arena, folder, NOW + COMMAND_FOLDER_KEPT_MS, end_of, NULL);
    assert_int_equal(access(path_of(3, ""), F_OK), -1);
    assert_int_equal(access(path_of(4, "output"), F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(G7_a_lock_is_held_free_or_cannot_be_seen),
        TEST(an_end_that_cannot_be_read_now_is_not_none),
        TEST(the_newest_keep_their_output_at_each_look),
        TEST(what_ended_last_keeps_its_output_whatever_its_start_by),
        TEST(a_folder_goes_a_week_after_it_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
