/*
 * story_github: the double of GitHub in a story: real git repositories, pull requests, signed deliveries.
 *
 * The payloads are GitHub's own examples (npm @octokit/webhooks-examples, as tests/unit/test_event reads
 * them) with the story's values in the place of theirs; a value whose place is not in the example fails the
 * test. Pull requests are squashed: one commit on the base branch for each. Which deliveries were answered 202
 * is remembered (I1).
 */
#ifndef SLIPWAY_TESTS_SUPPORT_STORY_GITHUB_H
#define SLIPWAY_TESTS_SUPPORT_STORY_GITHUB_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"
#include "tests/support/git_room.h"

#define STORY_GITHUB_SECRET "a webhook secret of 32 bytes here"
#define STORY_GITHUB_PULLS_MAX 32
#define STORY_GITHUB_ACCEPTED_MAX 256

/* State and times as GitHub would tell them now. */
struct story_github_pull {
    const char *repository; /* "acme/shop" */
    int number;
    const char *title;
    char head_sha[41]; /* made up: heads are never fetched */
    char base_sha[41]; /* main when it was opened */
    char merge_sha[41];
    bool merged;
    time_ms opened_at, updated_at, merged_at;
};

struct story_github {
    struct git_room git;
    struct arena arena;
    struct story_github_pull pulls[STORY_GITHUB_PULLS_MAX];
    size_t n_pulls;
    const char *accepted[STORY_GITHUB_ACCEPTED_MAX]; /* GUIDs answered 202 */
    size_t n_accepted;
    int n_guids;
};

void story_github_up(struct story_github *github);
void story_github_down(struct story_github *github);

/* A repository with one commit; it is cloned from file:///.../git/OWNER/NAME. */
void story_github_repository(struct story_github *github, const char *repository);
/* A commit straight onto main; its id. */
const char *story_github_commit(struct story_github *github, const char *repository,
                                const char *title);
/* Nobody can fetch from it until it is shown again. */
void story_github_hide(struct story_github *github, const char *repository);
void story_github_show(struct story_github *github, const char *repository);

/* Open at `now`; merge at `now`. Nothing is delivered. */
struct story_github_pull *story_github_open(struct story_github *github, const char *repository,
                                            int number, const char *title, time_ms now);
void story_github_merge(struct story_github *github, struct story_github_pull *pull, time_ms now);
struct story_github_pull *story_github_pull(struct story_github *github, const char *repository,
                                            int number);

/* Bodies. `action`: opened, closed. A push of main from its commit before to `after`. */
const char *story_github_pull_event(struct story_github *github,
                                    const struct story_github_pull *pull, const char *action);
const char *story_github_push_event(struct story_github *github, const char *repository,
                                    const char *before, const char *after);

/* An id that no delivery had yet. */
const char *story_github_guid(struct story_github *github);

/* Deliver to "127.0.0.1:N"; `guid` NULL = a new one. The status of the answer. */
int story_github_deliver(struct story_github *github, const char *address, const char *event,
                         const char *guid, const char *body);

#endif
