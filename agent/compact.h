/*
 * compact: the journal of a host written anew, without what is over (migrate.md 4: kept at least 30 days).
 *
 *      {"number":812,"kind":"journal","id":"...","anew":true,"forgotten_until":...}
 *      {"kind":"floor","database":"...","epoch":57,"command":"..."}                      of each database the four highest, for ever
 *      {"kind":"kept","command":"...","last":"reported","end":"finished",...}            of what is over, one line
 *      {"number":790,"kind":"accepted","command":"...",...}                              all else, as it was
 *      {"number":812,"kind":"end-of-kept","lines":41}
 *      {"number":813,...}                                                                from here on it goes on as ever
 *
 * The id of the journal and its number stay. What is over has ended and was told, and has no folder any more. Of that a line
 * is left, so that the command stays known; thirty days after its last record, or its start-by if that is later, it is
 * forgotten. The latest start-by of those stands in the first line: an order that had to begin by then may be one of them,
 * whatever the clock says now, and is answered with "unknown".
 *
 * The new file is whole and synced before it gets its name; a half-made one has another, and is removed at the next try.
 */
#ifndef SLIPWAY_AGENT_COMPACT_H
#define SLIPWAY_AGENT_COMPACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent_journal.h"
#include "agent/known.h"
#include "lib/base/err.h"

#define COMPACT_KIND_JOURNAL                                                                       \
    "journal" /* of the first line, also of one that was never written anew */
#define COMPACT_KIND_FLOOR "floor"
#define COMPACT_KIND_KEPT "kept"
#define COMPACT_KIND_END "end-of-kept"
#define COMPACT_KEPT_MS ((int64_t)30 * 24 * 3600 * 1000)

enum compact_fate {
    COMPACT_WHOLE,     /* as it is */
    COMPACT_SHORT,     /* one line */
    COMPACT_FORGOTTEN, /* none */
};

/* `is_over`: it has ended, was told, and nothing of it lies on the disk. `now` is no word of this host's clock alone: what it says is
 * forgotten is gone (tidy.h). Pure. */
enum compact_fate compact_judge(const struct agent_journal_entry *entry, bool is_over, time_ms now);

/* Since when one that is over is so. Its start-by is the server's: a record that was written by a clock that was behind makes it no
 * older than that. Pure. */
time_ms compact_over_since(const struct agent_journal_entry *entry);

struct compact {
    const char *state; /* folder */
    const char *id;    /* of the journal */
    int64_t number;    /* of its newest record */
    time_ms now;
    const struct known *known;
    const struct agent_journal_rule *rule;
};

/* What stands in the new file. */
struct compact_made {
    struct known known;
    int fd; /* open for appending */
    int64_t size;
    int64_t lines; /* that were kept */
};

/* Write STATE/journal.new, synced. The old one is as it was, also after an error. `*ret_made` is to be deinitialised. */
int compact_write(const struct compact *compact, struct compact_made *ret_made, struct err *err);
void compact_made_deinit(struct compact_made *made);

/* Give it the journal's name. ERR_BUSY: it has not got it, and the old one goes on; ERR_INTERNAL: after a crash either may be there,
 * and nothing may be appended to one of them. */
int compact_install(const char *state, struct err *err);

/* What a crash left. Best effort. */
void compact_remove(const char *state);

#endif
