#include "lib/rules/verdict.h"

#define VERDICT_CAUSE_ROW(symbol, key, n, h, r, l, y) {key, {n, h, r, l, y}},
const struct cause_row verdict_causes[CAUSE_COUNT] = {GATE_CAUSES(VERDICT_CAUSE_ROW)};

struct verdict verdict_go(void)
{
    return (struct verdict){.go = true, .next_change = VERDICT_NEVER, .wakes_at = VERDICT_NEVER};
}

void verdict_bind(struct verdict *verdict, const struct cause *cause)
{
    verdict->go = false;
    if (verdict->n_causes < VERDICT_CAUSES_MAX)
        verdict->causes[verdict->n_causes++] = *cause;
    else
        verdict->n_left_out++;
    verdict_change_at(verdict, cause->until);
}

void verdict_change_at(struct verdict *verdict, time_ms at)
{
    verdict_sign_at(verdict, at);
    if (at < verdict->wakes_at)
        verdict->wakes_at = at;
}

void verdict_sign_at(struct verdict *verdict, time_ms at)
{
    if (at < verdict->next_change)
        verdict->next_change = at;
}

void verdict_change_with(struct verdict *verdict, const struct verdict *other)
{
    verdict_sign_at(verdict, other->next_change);
    if (other->wakes_at < verdict->wakes_at)
        verdict->wakes_at = other->wakes_at;
}

const struct cause *verdict_cause(const struct verdict *verdict, enum cause_kind kind)
{
    for (size_t i = 0; i < verdict->n_causes; i++)
        if (verdict->causes[i].kind == kind)
            return &verdict->causes[i];
    return NULL;
}

const char *verdict_cause_key(enum cause_kind kind)
{
    return verdict_causes[kind].key;
}
