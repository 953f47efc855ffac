/*
 * release: a number and a commit of a repository's base branch (design.md 3, W4).
 *
 * Every first-parent commit gets the next number when the mirror first sees it; r1 is the baseline.
 * Which pull requests a release holds is derived: those whose merge commit is its commit.
 */
#ifndef SLIPWAY_LIB_MODEL_RELEASE_H
#define SLIPWAY_LIB_MODEL_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"

enum lane {
    LANE_UNKNOWN,
    LANE_CODE,
    LANE_CONTENT
}; /* unknown = paths not looked at yet; counts as code */

const char *lane_name(enum lane lane);      /* NULL for unknown */
enum lane lane_from_name(const char *name); /* NULL or another word: unknown */

struct release {
    int64_t repository_id;
    int64_t number;
    char sha[41];
    char parent_sha[41];      /* "" for a root commit */
    const char *subject;      /* foreign text */
    const char *author;       /* foreign text */
    const char *author_email; /* foreign text, only written; NULL = not known */
    time_ms committed_at;
    time_ms seen_at;
    enum lane lane;
    int64_t n_paths; /* -1 = not looked at yet */
    bool off_line;   /* no longer on the branch (C6) */
};

#endif
