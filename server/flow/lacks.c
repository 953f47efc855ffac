#include "server/flow/lacks.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/rules/release_plan.h"
#include "lib/rules/rules_check.h"
#include "lib/rules/rules_ci.h"
#include "lib/store/store_approval.h"
#include "lib/store/store_change.h"
#include "lib/store/store_check.h"
#include "lib/store/store_commit_check.h"
#include "lib/store/store_release.h"
#include "server/flow/candidates.h"
#include "server/flow/outlook.h"
#include "server/flow/plans.h"

#define CHANGES_MAX 1000
#define NAMED_MAX 5 /* changes that a cause names */

/* Loading ----------------------------------------------------------------------------------------- */

static bool needs_checks(const struct config_environment *e)
{
    for (size_t i = 0; i < e->n_needs; i++)
        if (e->needs[i]->check)
            return true;
    return false;
}

static int load_changes(struct candidates *c, struct lacks *l, struct err *err)
{
    int64_t live = c->outlook->facts.live_number;
    int rc = store_change_in_range(c->db, c->arena, c->repository->id, live, INT64_MAX, CHANGES_MAX,
                                   &l->changes, &l->n_changes, &l->more, err);

    /* Until something is known to be live the lane is code (C7). */
    for (size_t i = 0; i < l->n_changes && rc == 0 && live == 0; i++)
        l->changes[i].lane = LANE_CODE;
    return rc;
}

/* As stored, without what is supposed to be withdrawn, with what is supposed to be granted. */
static int load_approvals(struct candidates *c, struct lacks *l, struct err *err)
{
    const struct lacks_change *said = c->said;
    struct approval *stored;
    size_t n, cap = 0;
    int rc = store_approval_granted(c->db, c->arena, c->repository->id, c->environment->name,
                                    c->outlook->facts.live_number, &stored, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++)
        if (said == NULL ||
            (stored[i].id != said->withdrawn &&
             (said->granted == NULL || stored[i].release_number != said->granted->release_number ||
              !str_eq(stored[i].actor, said->granted->actor))))
            *ARENA_PUSH(c->arena, l->approvals, l->n_approvals, cap) = stored[i];
    if (rc == 0 && said != NULL && said->granted != NULL)
        *ARENA_PUSH(c->arena, l->approvals, l->n_approvals, cap) = *said->granted;
    return rc;
}

/* What was granted for another plan; once for each approval it is told and ended. */
static int find_void(struct candidates *c, struct lacks *l, struct err *err)
{
    size_t cap = 0;
    int rc = 0;

    for (size_t i = 0; i < l->n_approvals && rc == 0; i++) {
        const struct approval *a = &l->approvals[i];
        struct release release;
        char digest[PLAN_DIGEST_SIZE];
        const char *before = NULL, *now;
        if (a->id == 0)
            continue; /* only supposed */
        rc = store_release_by_number(c->db, c->arena, c->repository->id, a->release_number,
                                     &release, err);
        if (rc < 0)
            break;
        now = plan_digest_make(&l->plan, release.sha, digest);
        if (strcmp(digest, a->plan_digest) == 0)
            continue;
        rc = store_approval_plan(c->db, c->arena, a->plan_digest, &before, err);
        if (rc == 0)
            *ARENA_PUSH(c->arena, l->voided, l->n_voided, cap) =
                (struct lacks_void){a, plan_digest_differ(c->arena, before, now)};
    }
    return rc;
}

static int load_looked_at(struct candidates *c, struct lacks *l, struct err *err)
{
    const struct config_environment *e = c->environment;
    const struct check *said = c->said != NULL ? c->said->check : NULL;
    int rc = 0;

    l->looked_at = arena_array(c->arena, e->n_needs, sizeof(*l->looked_at));
    for (size_t i = 0; i < e->n_needs && rc == 0; i++) {
        struct lacks_looked_at *at = &l->looked_at[l->n_looked_at];
        size_t cap;
        if (!e->needs[i]->check)
            continue;
        at->environment = e->needs[i];
        rc =
            store_check_of_releases(c->db, c->arena, c->repository->id, at->environment->name,
                                    c->outlook->facts.live_number, &at->checks, &at->n_checks, err);
        cap = at->n_checks;
        if (rc == 0 && said != NULL && str_eq(said->environment, at->environment->name))
            *ARENA_PUSH(c->arena, at->checks, at->n_checks, cap) = *said; /* the last one counts */
        l->n_looked_at++;
    }
    return rc;
}

/* Of the pull requests, on the head that was merged (L1). */
static int load_pull_checks(struct candidates *c, struct lacks *l, struct err *err)
{
    const struct check *said = c->said != NULL ? c->said->check : NULL;

    l->of_pull = arena_array(c->arena, l->n_changes, sizeof(*l->of_pull));
    for (size_t i = 0; i < l->n_changes; i++) {
        const struct change *change = &l->changes[i];
        struct check *check = arena_alloc(c->arena, sizeof(*check));
        struct err own = ERR_INIT;
        bool found;
        int rc;
        if (change->pull == 0 || change->lane != LANE_CONTENT)
            continue;
        rc = candidates_maybe(store_check_of_pull(c->db, c->arena, c->repository->id, change->pull,
                                                  check, &own),
                              &found, &own, err);
        if (rc < 0)
            return rc;
        if (found && strcmp(check->sha, change->head_sha) == 0)
            l->of_pull[i] = check;
        if (said != NULL && said->pull_number == change->pull &&
            strcmp(said->sha, change->head_sha) == 0)
            l->of_pull[i] = said;
    }
    return 0;
}

int lacks_load(struct candidates *candidates, struct lacks *ret_lacks, struct err *err)
{
    const struct config_environment *e = candidates->environment;
    struct lacks *l = ret_lacks;
    bool checks = needs_checks(e);
    int rc = 0;

    *l = (struct lacks){.environment = e,
                        .live_number = candidates->outlook->facts.live_number,
                        .arena = candidates->arena,
                        .binds_plan = e->approvals.code > 0 || e->approvals.content > 0};
    if (l->binds_plan || checks)
        rc = load_changes(candidates, l, err);
    if (rc == 0 && l->binds_plan) {
        plans_make(candidates->snapshot, e, candidates->arena, &l->plan);
        rc = load_approvals(candidates, l, err);
        if (rc == 0)
            rc = find_void(candidates, l, err);
    }
    if (rc == 0 && checks)
        rc = store_check_newest(candidates->db, &l->newest_check, err);
    if (rc == 0 && checks)
        rc = load_looked_at(candidates, l, err);
    if (rc == 0 && checks)
        rc = load_pull_checks(candidates, l, err);
    return rc;
}

/* Judging ----------------------------------------------------------------------------------------- */

/* The changes that going to `number` brings: places [*ret_from, *ret_to) of the list. Of what came
 * before first sight nothing is known; r1 itself goes out only by name (C7). */
static void range_of(const struct lacks *l, int64_t number, size_t *ret_from, size_t *ret_to)
{
    int64_t base = l->live_number != 0 || number == 1 ? l->live_number : 1;
    size_t from = 0, to;

    while (from < l->n_changes && l->changes[from].release <= base)
        from++;
    to = from;
    while (to < l->n_changes && l->changes[to].release <= number)
        to++;
    *ret_from = from;
    *ret_to = to;
}

/* Are there changes below `number` that were not loaded? */
static bool is_beyond(const struct lacks *l, int64_t number)
{
    return l->more && l->n_changes > 0 && number > l->changes[l->n_changes - 1].release;
}

const char *lacks_change_name(struct arena *arena, const struct change *change)
{
    return change->pull != 0 ? arena_printf(arena, "#%lld", (long long)change->pull)
                             : arena_printf(arena, "r%lld", (long long)change->release);
}

static const char *add_rights(struct arena *arena, const char *list,
                              const struct config_environment *e, enum config_right right)
{
    const struct config_list *who = &e->rights.who[right];

    list = arena_printf(arena, "%s%s%s: ", list, list[0] != '\0' ? "; " : "",
                        config_right_names[right]);
    for (size_t i = 0; i < who->n; i++)
        list = arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "", who->items[i]);
    return who->n > 0 ? list : arena_printf(arena, "%s-", list);
}

const char *lacks_who(struct arena *arena, const struct config_environment *environment, bool code,
                      bool content)
{
    const char *list = "";

    if (code)
        list = add_rights(arena, list, environment, CONFIG_APPROVE_CODE);
    if (content)
        list = add_rights(arena, list, environment, CONFIG_APPROVE_CONTENT);
    return list;
}

void lacks_approvals(const struct lacks *lacks, int64_t number, const char *sha,
                     struct rules_approval_facts *ret_facts, char ret_digest[PLAN_DIGEST_SIZE])
{
    struct approval *mine = NULL;
    size_t n = 0, cap = 0, from, to;

    (void)plan_digest_make(&lacks->plan, sha, ret_digest);
    range_of(lacks, number, &from, &to);
    for (size_t i = 0; i < lacks->n_approvals; i++) {
        const struct approval *a = &lacks->approvals[i];
        if (a->release_number == number && (a->id == 0 || strcmp(a->plan_digest, ret_digest) == 0))
            *ARENA_PUSH(lacks->arena, mine, n, cap) = *a;
    }
    *ret_facts = (struct rules_approval_facts){.rule = lacks->environment->approvals,
                                               .changes = lacks->changes + from,
                                               .n_changes = to - from,
                                               .approvals = mine,
                                               .n_approvals = n};
}

/* Why more are wanted than configured. */
static const char *unknown_makers(struct arena *arena, const struct change *change)
{
    return change->n_unknown == 0
               ? ""
               : arena_printf(arena, " (%zu of its commits' authors %s no known account)",
                              change->n_unknown, change->n_unknown == 1 ? "has" : "have");
}

/* "code 0/1, content 1/2": of the first of each lane that has too few. */
static const char *shares(struct candidates *c, const struct rules_approval_facts *f)
{
    const char *text = "";

    for (int content = 0; content <= 1; content++)
        for (size_t i = 0; i < f->n_changes; i++) {
            const struct change *change = &f->changes[i];
            int64_t has, needs;
            if ((change->lane == LANE_CONTENT) != (content == 1))
                continue;
            has = rules_approval_has(f, change, c->now);
            needs = rules_approval_needs(&f->rule, change);
            if (has >= needs)
                continue;
            text = arena_printf(c->arena, "%s%s%s %lld/%lld%s", text, text[0] != '\0' ? ", " : "",
                                content == 1 ? "content" : "code", (long long)has, (long long)needs,
                                unknown_makers(c->arena, change));
            break;
        }
    return text;
}

static const char *lacking(struct candidates *c, const struct rules_approval_facts *f)
{
    const char *text = "";
    size_t named = 0;

    for (size_t i = 0; i < f->n_changes; i++) {
        const struct change *change = &f->changes[i];
        if (rules_approval_has(f, change, c->now) >= rules_approval_needs(&f->rule, change))
            continue;
        if (named++ == NAMED_MAX)
            return arena_printf(c->arena, "%s, ...", text);
        text = arena_printf(c->arena, "%s%s%s", text, text[0] != '\0' ? ", " : "",
                            lacks_change_name(c->arena, change));
    }
    return text;
}

struct collected {
    struct gate_lack *items;
    size_t n, cap;
};

static void add(struct candidates *c, struct collected *to, const struct gate_lack *lack)
{
    *ARENA_PUSH(c->arena, to->items, to->n, to->cap) = *lack;
}

static void add_approvals(struct candidates *c, const struct lacks *l,
                          const struct release *release, struct collected *to)
{
    const struct config_environment *e = c->environment;
    struct rules_approval_answer answer;
    struct rules_approval_facts f;
    char digest[PLAN_DIGEST_SIZE];
    struct gate_lack lack = {.kind = CAUSE_APPROVAL};

    lacks_approvals(l, release->number, release->sha, &f, digest);
    answer = rules_approval_judge(&f, c->now);
    if (is_beyond(l, release->number)) {
        lack.what = "> 1000";
        lack.why = "";
    } else if (!answer.approved) {
        lack.what = lacking(c, &f);
        lack.why = shares(c, &f);
        lack.who = lacks_who(c->arena, e, answer.lacks_code, answer.lacks_content);
    } else if (answer.until != VERDICT_NEVER) {
        lack.from = answer.until; /* without a `why`: it has enough until then */
        lack.what = arena_printf(c->arena, "r%lld", (long long)release->number);
        lack.who = lacks_who(c->arena, e, e->approvals.code > 0, e->approvals.content > 0);
    } else {
        return;
    }
    lack.command = arena_printf(c->arena, "slipway approve %s r%lld %s", c->repository->name,
                                (long long)release->number, e->name);
    add(c, to, &lack);
}

static const struct check *check_of(const struct lacks_looked_at *at, int64_t number)
{
    for (size_t i = at->n_checks; i > 0; i--)
        if (at->checks[i - 1].release_number == number)
            return &at->checks[i - 1];
    return NULL;
}

static void add_checks(struct candidates *c, const struct lacks *l, const struct release *release,
                       struct collected *to)
{
    size_t from, end;

    range_of(l, release->number, &from, &end);
    for (size_t i = 0; i < l->n_looked_at; i++) {
        const struct lacks_looked_at *at = &l->looked_at[i];
        const struct rules_check_facts f = {.changes = l->changes + from,
                                            .of_pull = l->of_pull + from,
                                            .n_changes = end - from,
                                            .of_release = check_of(at, release->number)};
        struct rules_check_answer answer = rules_check_judge(&f);
        struct gate_lack lack = {.kind = CAUSE_CHECK, .what = at->environment->name};
        if (answer.checked && !is_beyond(l, release->number))
            continue;
        if (answer.refused != NULL) {
            lack.refused = true;
            lack.who = answer.refused->actor;
            lack.why = answer.refused->reason;
            lack.since = answer.refused->checked_at;
        } else {
            lack.who =
                lacks_who(c->arena, at->environment, answer.lacks_code, answer.lacks_content);
        }
        lack.command = arena_printf(c->arena, "slipway check %s r%lld %s --ok", c->repository->name,
                                    (long long)release->number, at->environment->name);
        add(c, to, &lack);
    }
}

static int add_ci(struct candidates *c, const struct release *release, struct collected *to,
                  struct err *err)
{
    const struct config_list *names = &c->environment->ci;
    struct commit_check *checks;
    size_t n;
    int rc =
        store_commit_check_list(c->db, c->arena, c->repository->id, release->sha, &checks, &n, err);

    for (size_t i = 0; i < names->n && rc == 0; i++) {
        const struct commit_check *worst;
        struct gate_lack lack = {.kind = CAUSE_CI, .what = names->items[i]};
        if (rules_ci_is_green(checks, n, names->items[i], &worst))
            continue;
        if (worst != NULL) {
            lack.why = worst->word;
            lack.since = worst->reported_at;
            lack.refused = worst->state == COMMIT_CHECK_FAILED;
        }
        add(c, to, &lack);
    }
    return rc;
}

int lacks_of(struct candidates *candidates, const struct lacks *lacks,
             const struct release *release, struct plan_release *plan, struct err *err)
{
    struct collected to = {.n = 0};
    int rc = 0;

    if (lacks->binds_plan)
        add_approvals(candidates, lacks, release, &to);
    if (lacks->n_looked_at > 0)
        add_checks(candidates, lacks, release, &to);
    if (candidates->environment->ci.n > 0)
        rc = add_ci(candidates, release, &to, err);
    plan->lacks = to.items;
    plan->n_lacks = to.n;
    return rc;
}
