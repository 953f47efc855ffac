/*
 * scenario_words: the words of a story: what may stand in a line, and what it does.
 *
 * A word is a form and a function. In a form, capitals stand for something: RELEASE (r2), ENV, HOST,
 * JOB, DURATION (90s), LANE, STATE (of a deployment), STATUS (of a command on a host); any other capitals
 * for a word or "several words"; WHEN for the rest of the line. To add a fact: one function and one row.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_WORDS_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_WORDS_H

#include <stddef.h>

#include "lib/base/err.h"
#include "tests/support/scenario_world.h"

#define SCENARIO_WORDS_MAX 12 /* in one line */

struct scenario_arg {
    const char *text;
    int64_t number;                               /* RELEASE, DURATION (ms), LANE, STATE, STATUS */
    const struct config_environment *environment; /* ENV */
};

/* What the capitals of a form stand for in this line, in order. */
struct scenario_line {
    struct scenario_world *world;
    struct scenario_arg args[SCENARIO_WORDS_MAX];
    size_t n_args;
};

/* A fact writes rows: it runs as a job of the store's writer. */
typedef int scenario_fact_fn(struct db *db, const struct scenario_line *line, struct err *err);
/* An act moves the world: its time, its configuration, its flow. */
typedef int scenario_act_fn(const struct scenario_line *line, struct err *err);

struct scenario_word {
    const char *form;
    const char *means;
    scenario_fact_fn *fact; /* one of the two */
    scenario_act_fn *act;
};

extern const struct scenario_word scenario_words[];
extern const size_t n_scenario_words;

/* Cut a line into words; "several words" are one, `#` begins a comment. They lie in the arena. */
int scenario_words_split(struct arena *arena, const char *line, const char **ret_words,
                         size_t *ret_n, struct err *err);

/* Do what the words say. ERR_INVALID: nothing in the table fits; the text says what would. */
int scenario_words_play(struct scenario_world *world, const char *const *words, size_t n,
                        struct err *err);

/* The environment of that name in the story's repository. ERR_INVALID names those it has. */
int scenario_words_environment(struct scenario_world *world, const char *name,
                               const struct config_environment **ret_environment, struct err *err);

/* The table for people, as tests/scenarios/words.md holds it. */
struct buf;
void scenario_words_print(struct buf *buf);

#endif
