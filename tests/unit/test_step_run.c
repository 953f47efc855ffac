/* step_run: a script that is to end ends, however early that is said, and what it holds it holds (P6, G7). */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/command_folder.h"
#include "agent/step_health.h"
#include "agent/step_run.h"
#include "lib/base/file.h"

static struct {
    struct arena arena;
    char folder[128];
    struct run_as user;
    struct output_writer output;
    struct cancel_watch cancel;
    struct step_run run;
} w;

static int set_up(void **state)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
    struct err err = ERR_INIT;

    (void)state;
    memset(&w, 0, sizeof(w));
    arena_init(&w.arena);
    snprintf(w.folder, sizeof(w.folder), "%.80s/slipway-step-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(w.folder));
    assert_int_equal(run_as_find(&w.arena, "", &w.user, &err), 0);
    assert_int_equal(output_writer_open(&w.output, w.folder, NULL, &err), 0);
    w.cancel =
        (struct cancel_watch){.fd = -1, .path = arena_printf(&w.arena, "%s/cancel", w.folder)};
    w.run = (struct step_run){.working_directory = w.folder,
                              .environment = environment,
                              .user = &w.user,
                              .umask = 022,
                              .lock_fds = {-1, -1},
                              .cancel = &w.cancel,
                              .output = &w.output,
                              .clock = clock_system()};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    output_writer_close(&w.output);
    command_folder_remove(w.folder);
    arena_deinit(&w.arena);
    return 0;
}

static struct step_end ran(const char *script)
{
    struct step_end end = {STEP_PENDING, -1};
    struct err err = ERR_INIT;

    w.run.script = script;
    if (step_run_script(&w.run, &end, &err) < 0)
        fail_msg("%s", err.text);
    return end;
}

/* Also where the child that was just forked has no group of its own yet. */
static void P6_who_is_to_end_at_once_ends(void **state)
{
    struct step_end end;

    (void)state;
    w.run.end_at = 1;
    for (int i = 0; i < 3; i++) {
        end = ran("sleep 3");
        assert_int_equal(end.status, STEP_TIMED_OUT);
        assert_int_equal(end.exit_code, 137);
    }
    w.run.end_at = 0;
    w.cancel.asked = true;
    for (int i = 0; i < 3; i++) {
        end = ran("sleep 3");
        assert_int_equal(end.status, STEP_CANCELLED);
        assert_int_equal(end.exit_code, 137);
    }
}

static int lock(const char *name)
{
    struct err err = ERR_INIT;
    int fd = -1;

    assert_int_equal(file_lock(arena_printf(&w.arena, "%s/%s", w.folder, name), &fd, &err), 0);
    return fd;
}

/* How many descriptors a script has, and does it have the locks? */
static size_t descriptors(bool *ret_locks)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    size_t len, n = 0;

    assert_int_equal(ran("ls -l /proc/$$/fd > fds").exit_code, 0);
    assert_int_equal(file_read_all(arena_printf(&w.arena, "%s/fds", w.folder), 4096, &text, &len,
                                   &err),
                     0);
    for (const char *at = text; (at = strstr(at, " -> ")) != NULL; at++)
        n++;
    *ret_locks = strstr(text, "/folder\n") != NULL && strstr(text, "/database\n") != NULL;
    free(text);
    return n;
}

static void G7_a_script_has_its_locks_or_does_not_run(void **state)
{
    struct rlimit before, few;
    int other = open("/dev/null", O_RDONLY);
    size_t own;
    bool locks;

    (void)state;
    own = descriptors(&locks); /* 0, 1, 2, and what the shell itself opens */
    assert_true(own <= 4);
    assert_false(locks);
    w.run.lock_fds[0] = lock("folder");
    w.run.lock_fds[1] = lock("database");
    assert_int_equal(descriptors(&locks), own + STEP_RUN_LOCKS);
    assert_true(locks);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 128; /* some services have no more */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(descriptors(&locks), own + STEP_RUN_LOCKS);
    assert_true(locks);
    few.rlim_cur = 48;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(ran("echo ran > there").exit_code, 126);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_not_equal(access(arena_printf(&w.arena, "%s/there", w.folder), F_OK), 0);
    close(w.run.lock_fds[0]);
    close(w.run.lock_fds[1]);
    close(other);
}

/* `kill-after` of a migrate job also ends a check of its health that hangs. */
static void M5_kill_after_ends_a_check_that_hangs(void **state)
{
    const struct document_step step = {.action = DOCUMENT_HEALTH,
                                       .name = "health",
                                       .within_s = 60,
                                       .working_directory = "",
                                       .run_as = ""};
    struct err err = ERR_INIT;
    struct step_end end;

    (void)state;
    w.run.lock_fds[0] = lock("folder");
    w.run.lock_fds[1] = lock("database");
    w.run.end_at = clock_mono(clock_system()) + 200;
    w.run.script = "sleep 3";
    assert_int_equal(step_health_wait(&step, &w.run, &end, &err), 0);
    assert_int_equal(end.status, STEP_TIMED_OUT);
    close(w.run.lock_fds[0]);
    close(w.run.lock_fds[1]);
}

/* A script that begins and cannot be watched would have an end that is guessed. */
static void M7_a_script_that_cannot_be_watched_is_not_begun(void **state)
{
    struct rlimit before, few;
    struct step_end end = {STEP_PENDING, -1};
    struct err err = ERR_INIT;
    int first = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    w.run.script = "touch began; sleep 0.3; touch went-on";
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = (rlim_t)first + 4; /* its two pipes, and no more */
    close(first);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_true(step_run_script(&w.run, &end, &err) < 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_non_null(strstr(err.text, "starting a script"));
    (void)poll(NULL, 0, 200);
    assert_int_equal(access(arena_printf(&w.arena, "%s/began", w.folder), F_OK), -1);
}

/* The wall clock, set back an hour by whoever likes, as soon as somebody printed. */
static struct {
    struct clock clock;
    int n;
} set_back;

static time_ms now_back(struct clock *clock)
{
    (void)clock;
    return clock_now(clock_system()) - (set_back.n++ > 0 ? 3600000 : 0);
}

static mono_ms mono_true(struct clock *clock)
{
    (void)clock;
    return clock_mono(clock_system());
}

static void F9_output_does_not_wait_for_a_clock_that_was_set_back(void **state)
{
    struct step_end end;

    (void)state;
    set_back.clock = (struct clock){now_back, mono_true};
    w.run.clock = &set_back.clock;
    end = ran("echo seen; sleep 0.4; grep -q seen output"); /* the file that the agent tells from */
    assert_int_equal(end.exit_code, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(P6_who_is_to_end_at_once_ends),
        TEST(G7_a_script_has_its_locks_or_does_not_run),
        TEST(M5_kill_after_ends_a_check_that_hangs),
        TEST(M7_a_script_that_cannot_be_watched_is_not_begun),
        TEST(F9_output_does_not_wait_for_a_clock_that_was_set_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
