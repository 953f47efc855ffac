#include "lib/rules/rules_approval.h"

#include "lib/rules/verdict.h"

time_ms rules_approval_expires_at(const struct config_approvals *rule,
                                  const struct approval *approval)
{
    return rule->expire_ms == 0 ? VERDICT_NEVER : approval->granted_at + rule->expire_ms;
}

enum rules_approval_word rules_approval_of(const struct config_approvals *rule,
                                           const struct change *change,
                                           const struct approval *approval, time_ms now)
{
    if (!(change->lane == LANE_CONTENT ? approval->content : approval->code))
        return RULES_APPROVAL_OTHER_LANE;
    if (now >= rules_approval_expires_at(rule, approval))
        return RULES_APPROVAL_EXPIRED;
    if (rule->self)
        return RULES_APPROVAL_COUNTS;
    if (!account_is_known(&approval->account))
        return RULES_APPROVAL_NOBODY;
    for (size_t i = 0; i < change->n_makers; i++)
        if (account_same(&change->makers[i], &approval->account))
            return RULES_APPROVAL_OWN;
    return RULES_APPROVAL_COUNTS;
}

int64_t rules_approval_needs(const struct config_approvals *rule, const struct change *change)
{
    int64_t n = change->lane == LANE_CONTENT ? rule->content : rule->code;

    if (n == 0 || rule->self)
        return n;
    if (change->n_unknown > 0)
        return n + (int64_t)change->n_unknown;
    return change->n_makers == 0 ? n + 1 : n;
}

/* Nobody knows who the unknown ones are: they may all be one. */
static bool same_person(const struct approval *a, const struct approval *b)
{
    if (!account_is_known(&a->account) || !account_is_known(&b->account))
        return account_is_known(&a->account) == account_is_known(&b->account);
    return account_same(&a->account, &b->account);
}

/* Is there one of the same person that counts longer, or as long and comes before it? */
static bool is_outdone(const struct rules_approval_facts *f, const struct change *change, size_t at,
                       time_ms now)
{
    const struct approval *a = &f->approvals[at];

    for (size_t i = 0; i < f->n_approvals; i++) {
        const struct approval *b = &f->approvals[i];
        if (i == at || !same_person(a, b) ||
            rules_approval_of(&f->rule, change, b, now) != RULES_APPROVAL_COUNTS)
            continue;
        if (b->granted_at > a->granted_at || (b->granted_at == a->granted_at && i < at))
            return true;
    }
    return false;
}

int64_t rules_approval_has(const struct rules_approval_facts *facts, const struct change *change,
                           time_ms now)
{
    int64_t n = 0;

    for (size_t i = 0; i < facts->n_approvals; i++)
        n += rules_approval_of(&facts->rule, change, &facts->approvals[i], now) ==
                 RULES_APPROVAL_COUNTS &&
             !is_outdone(facts, change, i, now);
    return n;
}

/* The first instant after `now` at which the change has too few: it has enough now. */
static time_ms enough_until(const struct rules_approval_facts *f, const struct change *change,
                            time_ms now)
{
    int64_t needs = rules_approval_needs(&f->rule, change);
    time_ms until = VERDICT_NEVER;

    if (needs == 0 || f->rule.expire_ms == 0)
        return VERDICT_NEVER;
    for (size_t i = 0; i < f->n_approvals; i++) {
        time_ms t = rules_approval_expires_at(&f->rule, &f->approvals[i]);
        if (t > now && t < until && rules_approval_has(f, change, t) < needs)
            until = t;
    }
    return until;
}

struct rules_approval_answer rules_approval_judge(const struct rules_approval_facts *facts,
                                                  time_ms now)
{
    struct rules_approval_answer answer = {.until = VERDICT_NEVER};

    for (size_t i = 0; i < facts->n_changes; i++) {
        const struct change *change = &facts->changes[i];
        if (rules_approval_has(facts, change, now) >= rules_approval_needs(&facts->rule, change)) {
            time_ms until = enough_until(facts, change, now);
            if (until < answer.until)
                answer.until = until;
            continue;
        }
        if (answer.first == NULL)
            answer.first = change;
        answer.n_lacking++;
        if (change->lane == LANE_CONTENT)
            answer.lacks_content = true;
        else
            answer.lacks_code = true;
    }
    answer.approved = answer.n_lacking == 0;
    return answer;
}
