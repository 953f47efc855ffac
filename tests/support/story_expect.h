/*
 * story_expect: what a story says must be so. Asked of the API, as page and command line ask, and of the store for
 * what the API does not tell. Each fails the test with what is there instead.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_STORY_EXPECT_H
#define SLIPWAY_TESTS_SUPPORT_STORY_EXPECT_H

#include <stdint.h>

#include "tests/support/story.h"

/* Release `number` is live; 0 = nothing is. */
void story_expect_live(struct story *s, const char *repository, const char *environment,
                       int64_t number);
/* The open deployment is of that release and in that state; 0 and NULL = none is open. */
void story_expect_open(struct story *s, const char *repository, const char *environment,
                       int64_t number, const char *state);
/* The last deployment of that release there is in that state; NULL = it never had one. */
void story_expect_last(struct story *s, const char *repository, const char *environment,
                       int64_t number, const char *state);
/* It started, and at that instant. */
void story_expect_started(struct story *s, const char *repository, const char *environment,
                          int64_t number, const char *when);
/* That release is next, promised for that time (NULL = no time is known); 0 = nothing is next. */
void story_expect_next(struct story *s, const char *repository, const char *environment,
                       int64_t number, const char *when);
/* A cause binds what is next, and its text has `text` in it (NULL = any). */
void story_expect_waits(struct story *s, const char *repository, const char *environment,
                        const char *cause, const char *text);
/* The page of a release says that cause for the environment, with `text` in it. */
void story_expect_lacks(struct story *s, const char *repository, int64_t number,
                        const char *environment, const char *cause, const char *text);
/* How an occurrence was decided: "2026-11-24 15:00:00"; NULL = not yet. */
void story_expect_decision(struct story *s, const char *environment, const char *occurrence,
                           const char *decision);
/* The job of that release was started on that host so often. */
void story_expect_starts(struct story *s, const char *host, const char *job, int64_t number,
                         size_t times);
/* The second host began when the first had ended. */
void story_expect_one_by_one(struct story *s, const char *job, int64_t number, const char *first,
                             const char *second);
/* State of the newest attempt on a database; NULL = there is none. */
void story_expect_attempt(struct story *s, const char *database, const char *state);
/* State of a pull request, and the release that it is in (0 = none). */
void story_expect_pull(struct story *s, const char *repository, int number, const char *state,
                       int64_t release);
/* The word that people see for a host: online, silent. */
/* What the Board says under `key` ("banner", "clock"): a sentence with `text` in it; NULL = nothing. */
void story_expect_board(struct story *s, const char *key, const char *text);

void story_expect_host(struct story *s, const char *host, const char *state);
/* How many rows a table has. */
void story_expect_count(struct story *s, const char *table, int64_t n);
/* The newest journal line of that act on that subject has `text` in its detail or reason. */
void story_expect_told(struct story *s, const char *act, const char *subject, const char *text);
/* The journal has no line of that act on that subject. */
void story_expect_untold(struct story *s, const char *act, const char *subject);
/* The word that people see for the environment. */
void story_expect_shown(struct story *s, const char *repository, const char *environment,
                        const char *word);

#endif
