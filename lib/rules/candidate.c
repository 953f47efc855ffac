#include "lib/rules/candidate.h"

bool candidate_is_proven(const struct plan_release *r)
{
    for (size_t i = 0; i < r->n_needs; i++)
        if (!r->needs[i].proven || r->needs[i].unrehearsed != NULL)
            return false;
    return true;
}

bool candidate_is_allowed(const struct plan_release *r, time_ms start)
{
    for (size_t i = 0; i < r->n_lacks; i++)
        if (start >= r->lacks[i].from)
            return false;
    return true;
}

bool candidate_is_ready(const struct plan_release *r, time_ms start)
{
    return candidate_is_proven(r) && candidate_is_allowed(r, start) && !r->failed && !r->off_line;
}

/* May it still get there without a person? What was passed by in the environment before is not proven
 * by itself any more. */
static bool candidate_may_come(const struct plan_release *r)
{
    for (size_t i = 0; i < r->n_needs; i++)
        if (!r->needs[i].proven && r->needs[i].passed_by)
            return false;
    for (size_t i = 0; i < r->n_lacks; i++)
        if (r->lacks[i].refused)
            return false;
    return !r->failed && !r->off_line;
}

/* A start at an occurrence brings only what was there at its cut: a promise is not widened later. */
static bool candidate_is_in_time(const struct release_facts *f, const struct plan_release *r,
                                 const struct plan_occurrence *at)
{
    return at->date[0] == '\0' || r->seen_at <= at->due_at - f->cut_off_ms;
}

bool candidate_has_barrier(const struct release_facts *f, const struct plan_barrier *b,
                           int64_t number)
{
    return b->number > f->live_number && b->number <= number &&
           (b->reverted_in == 0 || number < b->reverted_in);
}

bool candidate_wish_names(const struct plan_wish *wish, const struct plan_barrier *b)
{
    for (size_t i = 0; wish != NULL && b->pull != 0 && i < wish->n_with; i++)
        if (wish->with[i] == b->pull)
            return true;
    for (size_t i = 0; wish != NULL && b->pull == 0 && i < wish->n_with_releases; i++)
        if (wish->with_releases[i] == b->number)
            return true;
    return false;
}

bool candidate_is_behind(const struct release_facts *f, const struct plan_wish *wish,
                         int64_t number, time_ms start)
{
    for (size_t i = 0; i < f->n_barriers; i++)
        if (candidate_has_barrier(f, &f->barriers[i], number) && start < f->barriers[i].until &&
            !(f->barriers[i].rolled_back && candidate_wish_names(wish, &f->barriers[i])))
            return true;
    return false;
}

const struct plan_release *candidate_oldest(const struct release_facts *f, int64_t below)
{
    for (size_t i = 0; i < f->n_releases && f->releases[i].number < below; i++)
        if (f->releases[i].number > 1 && candidate_may_come(&f->releases[i]))
            return &f->releases[i];
    return NULL;
}

const struct plan_barrier *candidate_apart_from(const struct release_facts *f, time_ms now)
{
    for (size_t i = 0; i < f->n_apart; i++)
        if (f->apart[i].number > f->live_number && now < f->apart[i].until &&
            candidate_oldest(f, f->apart[i].number) != NULL)
            return &f->apart[i];
    return NULL;
}

bool candidate_is_pinned_later(const struct release_facts *f, int64_t number, time_ms start)
{
    return f->on == DEPLOYMENT_ON_SCHEDULE && f->wish.release != NULL &&
           number >= f->wish.release->number && start < f->wish.at;
}

const struct plan_release *candidate_newest(const struct release_facts *f,
                                            const struct plan_occurrence *at, time_ms start,
                                            bool ready)
{
    const struct plan_barrier *apart = candidate_apart_from(f, start);

    for (size_t i = f->n_releases; i > 0; i--) {
        const struct plan_release *r = &f->releases[i - 1];
        if (r->number == 1 || !candidate_is_in_time(f, r, at) ||
            candidate_is_pinned_later(f, r->number, at->date[0] != '\0' ? at->due_at : start) ||
            (apart != NULL && r->number >= apart->number))
            continue;
        if (!ready ||
            (candidate_is_ready(r, start) && !candidate_is_behind(f, NULL, r->number, start)))
            return r;
    }
    return NULL;
}

time_ms candidate_due_at(const struct release_facts *f, const struct plan_release *r)
{
    return r->seen_at + f->delay_ms;
}

/* Where a merge waits for its delay, the newest whose delay is over goes, else the one that is due first:
 * the next merge does not push the last one away. */
static const struct plan_release *choose_due(const struct release_facts *f,
                                             const struct plan_release *newest, time_ms start)
{
    const struct plan_occurrence none = {.due_at = 0};
    const struct plan_release *first = newest;

    for (size_t i = f->n_releases; i > 0; i--) {
        const struct plan_release *r = &f->releases[i - 1];
        if (r->number > newest->number || r->number == 1 || !candidate_is_in_time(f, r, &none) ||
            !candidate_is_ready(r, start) || candidate_is_behind(f, NULL, r->number, start))
            continue;
        if (candidate_due_at(f, r) <= start)
            return r;
        first = r;
    }
    return first;
}

const struct plan_release *candidate_choose(const struct release_facts *f,
                                            const struct plan_occurrence *at, time_ms start)
{
    const struct plan_release *r = candidate_newest(f, at, start, true);

    if (r == NULL)
        return candidate_newest(f, at, start, false);
    return f->on == DEPLOYMENT_ON_MERGE && f->delay_ms > 0 ? choose_due(f, r, start) : r;
}
