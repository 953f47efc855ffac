#include "lib/rules/revert.h"

#include <stdbool.h>

#define CANCELLED_MAX 256

/* Those that cancel each other, as pairs, newest first. */
struct cancelled {
    struct revert pairs[CANCELLED_MAX];
    size_t n;
};

static bool is_taken_out(const struct cancelled *c, int64_t number)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->pairs[i].of == number)
            return true;
    return false;
}

static int64_t partner_of(const struct cancelled *c, int64_t number)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->pairs[i].number == number)
            return c->pairs[i].of;
        if (c->pairs[i].of == number)
            return c->pairs[i].number;
    }
    return 0;
}

/* The newest reverts speak first: one that was taken out itself says nothing any more. */
int64_t revert_cancelled_by(const struct revert *list, size_t n, int64_t from, int64_t to,
                            int64_t number)
{
    struct cancelled c = {.n = 0};

    for (size_t i = 0; i < n && c.n < CANCELLED_MAX; i++) {
        const struct revert *r = &list[i];
        bool within = r->of > from && r->number <= to && r->of < r->number;
        if (within && !is_taken_out(&c, r->number) && !is_taken_out(&c, r->of))
            c.pairs[c.n++] = *r;
    }
    return partner_of(&c, number);
}
