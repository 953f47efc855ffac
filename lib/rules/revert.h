/*
 * revert: which releases of a range cancel each other (C5).
 *
 * A commit says that it takes another one out again; a pull request says so of another pull request.
 * Both are facts of git and of GitHub's form, never guessed from the order of arrival. A revert that is
 * itself reverted in the range takes nothing out: what it took out stands again. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_REVERT_H
#define SLIPWAY_LIB_RULES_REVERT_H

#include <stddef.h>
#include <stdint.h>

/* Release `number` takes out what release `of` brought; `of` < `number`. */
struct revert {
    int64_t number;
    int64_t of;
};

/* The release in (from, to] by which `number` of the same range is cancelled: the one that takes it out,
 * or, for a revert, the one that it takes out. 0 = it stands. `list` has the newest reverts first. */
int64_t revert_cancelled_by(const struct revert *list, size_t n, int64_t from, int64_t to,
                            int64_t number);

#endif
