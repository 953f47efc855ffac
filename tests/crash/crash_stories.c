/*
 * Stories again, their server killed at its commits: the same end.
 *
 * The stories are the programs of tests/stories; STORY_CRASH lets the disk of the server die at syncs that a seed
 * chooses (tests/support/story.h): behind the commit, in the middle of it, or before anything of it is on the disk.
 * What a story expects is what it expects without. Here a short run; with SLIPWAY_DEEP=1 more of them, and
 * the main job once for each of its commits.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define STORIES SLIPWAY_BUILD_DIR "/tests/stories"
#define SWEEP_MAX 2000    /* more commits than the main job has */
#define SWEEP_SECONDS 900 /* then what is left of it is left */

static bool deep(void)
{
    const char *value = getenv("SLIPWAY_DEEP");

    return value != NULL && strcmp(value, "1") == 0;
}

static void print_end(const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return;
    (void)fseek(file, 0, SEEK_END);
    (void)fseek(file, ftell(file) > 6000 ? -6000 : -ftell(file), SEEK_CUR);
    while (fgets(line, sizeof(line), file) != NULL)
        print_error("    %s", line);
    fclose(file);
}

/* How many crashes its tests came through; the test fails if one did not. */
static long crashes_in(const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");
    long all = 0, n;

    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "# crashes %ld", &n) == 1)
            all += n;
    fclose(file);
    return all;
}

static long tell_story(const char *name, const char *crash)
{
    char out[256], program[512];
    int status = 0;
    long crashes;
    pid_t child;

    snprintf(out, sizeof(out), "%s/story.out",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    snprintf(program, sizeof(program), "%s/%s", STORIES, name);
    child = fork();
    if (child == 0) {
        int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        /* A story that fails leaves everything behind; a leak is found where it comes through. */
        if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || setenv("STORY_CRASH", crash, 1) != 0 ||
            setenv("ASAN_OPTIONS", "detect_leaks=0", 1) != 0)
            _exit(2);
        execl(program, program, (char *)NULL);
        _exit(2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    crashes = crashes_in(out);
    if (status != 0) {
        print_end(out);
        fail_msg("STORY_CRASH=%s %s does not end as it does without (%d)", crash, program, status);
    }
    print_message("# %s, %s: %ld crashes\n", name, crash, crashes);
    (void)unlink(out);
    return crashes;
}

static void the_main_job_ends_the_same_however_often_the_server_dies(void **state)
{
    (void)state;
    assert_true(tell_story("story_main_job", "1:40") >= 3);
}

/* Not those that restart the server themselves, nor those that ask for a state in between by the second: each start
 * gives hosts a new minute before they count as silent. */
static void these_stories_end_the_same(void **state)
{
    static const char *const told[][2] = {
        {"story_main_job", "1:25"},   {"story_main_job", "3:11"}, {"story_candidates", "1:25"},
        {"story_candidates", "3:11"}, {"story_time", "1:25"},     {"story_late", "1:25"},
        {"story_hosts", "1:25"}};

    (void)state;
    if (!deep())
        skip();
    for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
        (void)tell_story(told[i][0], told[i][1]);
}

/* In strides, so that a run that is cut short has seen something of all parts. */
static void the_main_job_ends_the_same_after_each_of_its_commits(void **state)
{
    time_t end = time(NULL) + SWEEP_SECONDS;
    long last = SWEEP_MAX;

    (void)state;
    if (!deep())
        skip();
    for (long first = 1; first <= 7; first++)
        for (long n = first; n <= last && time(NULL) < end; n += 7) {
            char crash[32];
            snprintf(crash, sizeof(crash), "%ld:=%ld", n, n);
            if (tell_story("story_main_job", crash) == 0)
                last = n - 1; /* the story is over before its n-th sync */
        }
    assert_in_range(last, 20, SWEEP_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_main_job_ends_the_same_however_often_the_server_dies),
        cmocka_unit_test(these_stories_end_the_same),
        cmocka_unit_test(the_main_job_ends_the_same_after_each_of_its_commits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
