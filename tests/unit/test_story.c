/*
 * story: its doubles are what they say. The clock stands still, GitHub's deliveries are GitHub's, a host has a disk
 * and a memory; the runner is deterministic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/github/event.h"
#include "tests/support/story_expect.h"

#define PAGES                                                                                      \
    "  acme/pages:\n    mirror: GIT/acme/pages\n    root: /srv/pages\n    environments:\n"         \
    "      live:\n        on: merge\n        roles: { web: { agent: { hosts: [web-1] } } }\n"      \
    "    jobs:\n      publish:\n        runs-on: [web]\n        steps: [{ uses: activate }]\n"

static time_ms now_of(const struct story *s)
{
    return atomic_load(&s->clock.now);
}

static void the_clock_stands_still_until_it_is_told(void **state)
{
    struct story_clock clock;
    mono_ms mono;

    (void)state;
    story_clock_init(&clock, 1000);
    mono = clock_mono(&clock.clock);
    assert_int_equal(clock_now(&clock.clock), 1000);
    story_clock_pass(&clock, 3600000);
    assert_int_equal(clock_now(&clock.clock), 3601000);
    assert_true(clock_mono(&clock.clock) - mono >= 3600000); /* and what really passed */
    assert_true(clock_mono(&clock.clock) - mono < 3660000);
}

static void times_are_read_in_the_zone_of_the_story(void **state)
{
    (void)state;
    assert_int_equal(story_clock_at("Asia/Tokyo", "2026-11-24 15:00"), 1795500000000);
    assert_int_equal(story_clock_at("Asia/Tokyo", "2026-11-24 15:00:30"), 1795500030000);
    assert_int_equal(story_clock_at("Asia/Tokyo", "2026-11-24 06:00Z"), 1795500000000);
}

static void what_github_says_of_a_pull_request_is_read_as_it_was_meant(void **state)
{
    struct story *s = *state;
    struct story_github_pull *pull;
    struct event event;
    struct err err = ERR_INIT;
    const char *body;

    story_repository(s, "acme/pages");
    pull = story_github_open(&s->github, "acme/pages", 7, "A \"banner\"", now_of(s));
    body = story_github_pull_event(&s->github, pull, "opened");
    assert_int_equal(event_read("pull_request", false, body, strlen(body), &s->arena, &event, &err),
                     0);
    assert_string_equal(event.action, "opened");
    assert_string_equal(event.repository, "acme/pages");
    assert_int_equal(event.pull_request.number, 7);
    assert_string_equal(event.pull_request.title, "A \"banner\"");
    assert_true(event.pull_request.open && !event.pull_request.merged && !event.pull_request.fork);

    story_github_merge(&s->github, pull, now_of(s) + 5000);
    body = story_github_pull_event(&s->github, pull, "closed");
    assert_int_equal(event_read("pull_request", false, body, strlen(body), &s->arena, &event, &err),
                     0);
    assert_true(event.pull_request.merged && !event.pull_request.open);
    assert_string_equal(event.pull_request.merge_sha, pull->merge_sha);
    assert_int_equal(event.pull_request.merged_at, now_of(s) + 5000);

    body = story_github_push_event(&s->github, "acme/pages", pull->base_sha, pull->merge_sha);
    assert_int_equal(event_read("push", false, body, strlen(body), &s->arena, &event, &err), 0);
    assert_string_equal(event.push.ref, "refs/heads/main");
    assert_string_equal(event.push.after_sha, pull->merge_sha);
}

static void a_delivery_counts_as_accepted_only_if_it_was(void **state)
{
    struct story *s = *state;

    story_repository(s, "acme/pages");
    assert_int_equal(story_deliver(s, "ping", NULL, "{}"), 0); /* nobody is there */
    story_config(s, PAGES);
    assert_int_equal(story_deliver(s, "ping", "a guid with blanks", "{}"), 400);
    assert_int_equal(s->github.n_accepted, 0);
    assert_int_equal(story_deliver(s, "ping", NULL, "{}"), 202);
    assert_int_equal(s->github.n_accepted, 1);
    story_end(s);
}

static void a_silent_host_goes_on_and_tells_when_it_is_heard_again(void **state)
{
    struct story *s = *state;
    const struct story_host_run *run;

    story_repository(s, "acme/pages");
    story_config(s, PAGES);
    story_hosts(s, "web-1", NULL);
    run = &story_host(s, "web-1")->runs[0];
    story_host_is(s, "web-1", "publish", STORY_HOST_FALLS_SILENT);
    story_merge(s, "acme/pages", 1, "Banner");
    assert_int_equal(run->starts, 1);
    story_pass(s, 10000);
    assert_int_equal(run->stage, STORY_HOST_ENDED);
    story_expect_open(s, "acme/pages", "live", 2, "deploying");
    story_host_back(s, "web-1");
    story_expect_live(s, "acme/pages", "live", 2);
    story_end(s);
}

static void a_host_without_power_stands_still_and_does_not_know_its_end(void **state)
{
    struct story *s = *state;
    const struct story_host_run *run;

    story_repository(s, "acme/pages");
    story_config(s, PAGES);
    story_hosts(s, "web-1", NULL);
    run = &story_host(s, "web-1")->runs[0];
    story_host_is(s, "web-1", "publish", STORY_HOST_LOSES_POWER);
    story_merge(s, "acme/pages", 1, "Banner");
    story_pass(s, 60000);
    assert_int_equal(run->starts, 1);
    assert_int_equal(run->stage, STORY_HOST_STARTED);
    story_host_back(s, "web-1");
    assert_int_equal(run->stage, STORY_HOST_ENDED);
    story_expect_open(s, "acme/pages", "live", 2, "attention");
    story_end(s);
}

/* What it says is lost for a while: the message comes again, and is answered, not run. */
static void a_host_that_is_handed_a_command_again_does_not_start_it_again(void **state)
{
    struct story *s = *state;
    struct story_host *host;

    story_repository(s, "acme/pages");
    story_config(s, PAGES);
    story_hosts(s, "web-1", NULL);
    host = story_host(s, "web-1");
    host->mute_until = now_of(s) + 15000;
    story_host_script(host, "publish", STORY_HOST_SUCCEEDS, 30000);
    story_merge(s, "acme/pages", 1, "Banner");
    assert_int_equal(host->runs[0].times_handed, 2);
    assert_int_equal(host->runs[0].starts, 1);
    assert_int_equal(host->n_runs, 1);
    story_expect_live(s, "acme/pages", "live", 2);
    story_end(s);
}

static void a_story_told_twice_takes_the_same_time(void **state)
{
    time_ms ends[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct story *s;
        void *own;

        story_up(&own);
        s = own;
        story_repository(s, "acme/pages");
        story_config(s, PAGES);
        story_hosts(s, "web-1", NULL);
        story_merge(s, "acme/pages", 1, "Banner");
        story_pass(s, 90000);
        story_end(s);
        ends[i] = now_of(s);
        story_down(&own);
    }
    assert_int_equal(ends[0], ends[1]);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, story_up, story_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_stands_still_until_it_is_told),
        cmocka_unit_test(times_are_read_in_the_zone_of_the_story),
        STORY(what_github_says_of_a_pull_request_is_read_as_it_was_meant),
        STORY(a_delivery_counts_as_accepted_only_if_it_was),
        STORY(a_silent_host_goes_on_and_tells_when_it_is_heard_again),
        STORY(a_host_without_power_stands_still_and_does_not_know_its_end),
        STORY(a_host_that_is_handed_a_command_again_does_not_start_it_again),
        cmocka_unit_test(a_story_told_twice_takes_the_same_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
