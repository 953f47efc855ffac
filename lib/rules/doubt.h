/*
 * doubt: may what a host says of itself be believed? Judged at each `Slipway.Observe` (migrate.md 3 and 5, T35).
 *
 * A host whose journal is another one, or whose protocol went back, is barred from migrate jobs. One whose records
 * went back, or under whose key two journals or two boots speak in turns, was restored or copied: its key is
 * suspended too. A person ends either (`slipway agent accept-journal`). Pure.
 */
#ifndef SLIPWAY_LIB_RULES_DOUBT_H
#define SLIPWAY_LIB_RULES_DOUBT_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/model/host.h"

enum doubt {
    DOUBT_NONE,
    DOUBT_AGAIN, /* it may be an older word that came late: nothing of it is believed, it is to be said again */
    DOUBT_BAR,     /* no migrate job; all it has open is unknown */
    DOUBT_SUSPEND, /* and its key opens nothing any more */
};

struct doubt_word {
    int64_t protocol;
    const char *journal_id;
    const char *boot_id;
    int64_t record_number;
    const char *
        heard; /* doubt_known() as it was answered to the host last, "" = it was not; NULL = it does not say */
};

/* What is known of a host, for the answer to it. It is another text after each word that was believed and said anything new:
 * a word that repeats the newest one was said after all of them. */
const char *doubt_known(struct arena *arena, const struct host *known);

/* `ret_why` for people, NULL = nothing is wrong. */
enum doubt doubt_judge(struct arena *arena, const struct host *known, const struct doubt_word *word,
                       const char **ret_why);

#endif
