#include "lib/rules/rules_rollback.h"

static bool succeeded_there(const struct rules_rollback_facts *f, int64_t number)
{
    for (size_t i = 0; i < f->n_succeeded; i++)
        if (f->succeeded[i] == number)
            return true;
    return false;
}

/* The newest older than `left`. */
static int64_t newest_before(const struct rules_rollback_facts *f, int64_t left)
{
    int64_t newest = 0;

    for (size_t i = 0; i < f->n_succeeded; i++)
        if (f->succeeded[i] < left && f->succeeded[i] > newest)
            newest = f->succeeded[i];
    return newest;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct rules_rollback rules_rollback_judge(const struct rules_rollback_facts *f)
{
    bool half_way = f->open != NULL && f->open_touched && f->open->kind != DEPLOYMENT_CATCH_UP;
    struct rules_rollback r = {.left = half_way ? f->open->release_number : f->live_number};

    if (r.left == 0) {
        r.answer = RULES_ROLLBACK_NOTHING_LIVE;
        return r;
    }
    r.newest = larger(r.left, f->live_number);
    if (half_way && f->open->kind == DEPLOYMENT_ROLLBACK)
        r.newest = larger(r.newest, f->open->from_number);
    if (f->to != 0 && f->to >= r.left) {
        r.answer = RULES_ROLLBACK_NOT_OLDER;
        return r;
    }
    if (f->to != 0 && !succeeded_there(f, f->to)) {
        r.answer = RULES_ROLLBACK_NEVER_THERE;
        return r;
    }
    r.target = f->to != 0 ? f->to : newest_before(f, r.left);
    if (r.target == 0) {
        r.answer = RULES_ROLLBACK_NO_TARGET;
        return r;
    }
    /* The rest runs it already: only what was touched goes back. */
    r.touched_only = half_way && r.target == f->live_number;
    if (r.touched_only && !f->open_touched_hosts) {
        r.answer = RULES_ROLLBACK_NOTHING_TOUCHED;
        r.target = 0;
    }
    return r;
}
