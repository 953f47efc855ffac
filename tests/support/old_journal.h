/*
 * old_journal: lines that a host's journal has after a long time, written without a sync each, for tests of what becomes of them.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_OLD_JOURNAL_H
#define SLIPWAY_TESTS_SUPPORT_OLD_JOURNAL_H

#include <stdint.h>

#include "lib/base/names.h"
#include "lib/base/timestamp.h"

/* The id of the i-th command. */
void old_journal_command(int64_t i, char id[NAMES_UUID_SIZE]);

/*
 * Append commands first..first+n-1 of that way to STATE/journal, a minute apart from `at` on; each ran, ended and was reported. The
 * journal is begun where there is none. Gives the number of its newest record.
 */
struct old_journal {
    const char *state;
    const char *database; /* of all of them, with epochs i + 1; NULL = none */
    int64_t number;       /* of the newest record so far */
    int64_t step_ms;      /* between two of them */
};
void old_journal_add(struct old_journal *journal, int64_t first, int64_t n, time_ms at);

/* Append commands that were cancelled before they came, and that was told. */
void old_journal_add_cancelled(struct old_journal *journal, int64_t first, int64_t n, time_ms at);

/* Begin one that was written anew, and forgot commands that had to begin by then. */
void old_journal_forgot(struct old_journal *journal, time_ms until);

#endif
