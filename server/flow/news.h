/*
 * news: what changed in the store since the last look, and so whom the look concerns.
 *
 * Every change of state has its line in the journal, in the same transaction. So the journal tells what a bell rang
 * for: the lines behind the last one that was read name their repository or their host, and what belongs to it is
 * judged again. A line that names neither (a database, a freeze of all) concerns everybody, and so does an act that
 * nobody thought of here. Only moves of the flow's own rooms are passed over: they touch what hangs on them. A clock
 * that jumped, a first look and too many lines at once concern everybody, too.
 *
 * Some facts change without a line, because they change all the time: that a host was heard, and that a source was
 * seen. It matters only when the sign does not come, or comes again. When the next one may be missing is known
 * beforehand (a host's last sign and a minute): the look comes back at that instant, and asks the store once for
 * all hosts which did. Who is heard again after a silence is written with the host, in the order of their coming.
 * What waits for any sign is judged at every bell.
 */
#ifndef SLIPWAY_SERVER_FLOW_NEWS_H
#define SLIPWAY_SERVER_FLOW_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct look;

/* What is remembered between two looks; the flow's thread. */
struct news {
    bool has_begun;   /* there was a look; else everything is judged */
    int64_t read;     /* line of the journal up to which everything is known */
    time_ms came_at;  /* when the last host came ... */
    size_t n_came;    /* ... and how many did then: everybody knows of those, and of those before */
    time_ms heard_at; /* of hosts that fell silent up to here everybody knows */
    time_ms silent_at; /* when the next host may fall silent; VERDICT_NEVER = none is heard */
};

/* Touches the agenda. `rung`: something else than the time woke the flow. */
int news_look(struct look *look, bool rung, struct err *err);

#endif
