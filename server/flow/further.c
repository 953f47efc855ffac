#include "server/flow/further.h"

#include "lib/rules/candidate.h"
#include "server/flow/candidates.h"
#include "server/flow/outlook.h"

#define PAGES_MAX 8 /* of proven ones, behind one bound */

/* Is one loaded below `bound` that could go now, and that was there at the cut of any start that may still happen? */
static bool has_ready(const struct candidates *c, int64_t bound)
{
    const struct release_facts *f = &c->outlook->facts;
    time_ms seen = c->now - f->grace_ms - f->cut_off_ms - f->delay_ms;

    for (size_t i = 0; i < f->n_releases && f->releases[i].number < bound; i++)
        if (f->releases[i].number > 1 && f->releases[i].seen_at <= seen &&
            candidate_is_ready(&f->releases[i], c->now))
            return true;
    return false;
}

/* The highest of those things below `bound` before which a release may have to stop: 0 = there is none. */
static int64_t next_bound(const struct candidates *c, int64_t bound)
{
    const struct release_facts *f = &c->outlook->facts;
    int64_t next = 0;

    for (size_t i = 0; i < f->n_barriers; i++)
        if (f->barriers[i].number < bound && f->barriers[i].number > next)
            next = f->barriers[i].number;
    for (size_t i = 0; i < f->n_apart; i++)
        if (f->apart[i].number < bound && f->apart[i].number > next)
            next = f->apart[i].number;
    if (f->wish.release != NULL && f->wish.release->number < bound &&
        f->wish.release->number > next)
        next = f->wish.release->number; /* a pin: what is older goes before it */
    return next;
}

/* One page just below the bound, whatever is in it; then what is proven. */
static int load_below(struct candidates *c, int64_t bound, struct err *err)
{
    const struct release_facts *f = &c->outlook->facts;
    const struct config_environment *e = c->environment;
    const char *proven_in = e->n_needs > 0 ? e->needs[0]->name : NULL;
    size_t n = CANDIDATES_MAX;
    int rc = 0;

    if (f->releases[0].number >= bound)
        rc = candidates_page(c, bound, NULL, &n, err);
    for (int i = 0; i < PAGES_MAX && rc == 0 && n > 0 && !has_ready(c, bound); i++)
        rc = candidates_page(c, f->releases[0].number, proven_in, &n, err);
    return rc;
}

int further_load(struct candidates *c, struct err *err)
{
    const struct release_facts *f = &c->outlook->facts;
    int rc = 0;

    if (f->n_releases < CANDIDATES_MAX)
        return 0;
    for (int64_t bound = INT64_MAX; bound > f->live_number + 1 && rc == 0;
         bound = next_bound(c, bound))
        if (!has_ready(c, bound))
            rc = load_below(c, bound, err);
    return rc;
}
