#include "server/flow/bulk_line.h"

#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/rules/verdict.h"
#include "server/flow/agenda.h"
#include "server/flow/bulk.h"

#define BULKS_MAX 16
#define MOVES_MAX 128 /* some commits: more would only make what was decided older */

static void end(struct bulk *b)
{
    bulk_end(b);
    free(b);
}

int bulk_line_begin(struct look *look, struct bulk **ret_bulk, struct err *err)
{
    struct bulk *b = malloc(sizeof(*b));
    int rc;

    if (b == NULL)
        abort();
    rc = bulk_begin(b, look, err);
    *ret_bulk = rc < 0 ? NULL : b;
    if (rc < 0)
        end(b);
    return rc;
}

void bulk_line_give_up(struct bulk *b)
{
    end(b);
}

/* The oldest; what it moved may concern others, which are due then. */
static int take(struct look *look, struct err *err)
{
    struct flow *flow = look->flow;
    struct bulk *b = flow->bulks;
    int rc = bulk_take(b, look, err);

    flow->bulks = b->next;
    end(b);
    look->more = look->more || agenda_has_due(look, AGENDA_ENVIRONMENTS) ||
                 agenda_has_due(look, AGENDA_RUNS);
    return rc;
}

static bool is_full(const struct flow *flow)
{
    size_t n = 0, moves = 0;

    for (const struct bulk *b = flow->bulks; b != NULL; b = b->next) {
        n++;
        moves += b->n_under_way;
    }
    return n > BULKS_MAX || moves > MOVES_MAX;
}

int bulk_line_add(struct look *look, struct bulk *b, struct err *err)
{
    struct bulk **last = &look->flow->bulks;
    int rc = 0;

    bulk_send(b);
    while (*last != NULL)
        last = &(*last)->next;
    *last = b;
    while (rc == 0 && is_full(look->flow))
        rc = take(look, err);
    return rc;
}

/* By a clock of a test's nothing becomes due meanwhile. */
static time_ms due_at(const struct look *look)
{
    if (look->unrest || look->more)
        return 0;
    return look->flow->clock == clock_system() ? look->next : VERDICT_NEVER;
}

int bulk_line_rest(struct look *look, struct err *err)
{
    struct flow *flow = look->flow;
    int rc = 0;

    while (rc == 0 && flow->bulks != NULL && bulk_await_until(flow->bulks, due_at(look)))
        rc = take(look, err);
    look->more = look->more || flow->bulks != NULL;
    return rc;
}

int bulk_line_clear(struct look *look, struct err *err)
{
    int rc = 0;

    while (rc == 0 && look->flow->bulks != NULL)
        rc = take(look, err);
    return rc;
}

void bulk_line_drop(struct flow *flow)
{
    for (struct bulk *b; (b = flow->bulks) != NULL;) {
        flow->bulks = b->next;
        end(b);
    }
}
