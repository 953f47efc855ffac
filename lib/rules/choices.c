#include "lib/rules/choices.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/rules/progress_cancel.h"

#define CHOICES_KEY(symbol, text) text,
static const char *const keys[CHOICES_COUNT] = {CHOICES(CHOICES_KEY)};

const char *choices_key(enum choice_kind kind)
{
    return keys[kind];
}

struct listing {
    const struct choices_facts *facts;
    struct arena *arena;
    struct choices *choices;
    size_t cap;
};

static struct choice *add(struct listing *l, enum choice_kind kind)
{
    struct choice *c = ARENA_PUSH(l->arena, l->choices->items, l->choices->n, l->cap);

    c->kind = kind;
    c->until = VERDICT_NEVER;
    return c;
}

struct verdict choices_gate_of_retry(const struct gate_facts *gate, time_ms now)
{
    struct gate_facts g = *gate;

    g.pass = GATE_RETRY;
    g.start_at = now;
    g.start_until = VERDICT_NEVER;
    g.role_without_host = NULL; /* its hosts are those of its cut (P4) */
    g.n_hosts = 0;
    return gate_judge(&g, now);
}

static void refuse_by(struct listing *l, struct choice *c, const struct verdict *verdict)
{
    struct cause *cause;

    if (c->refusal != CHOICE_OPEN || verdict->go)
        return;
    cause = arena_alloc(l->arena, sizeof(*cause));
    *cause = verdict->causes[0];
    c->refusal = CHOICE_GATE;
    c->cause = cause;
    c->until = cause->until;
}

/* What judges the act itself says whether it is open. */
static void judge_retry(struct listing *l, struct choice *c)
{
    const struct choices_facts *f = l->facts;
    struct rules_retry judged = rules_retry_judge(f->open, c->host, f->now, l->arena);
    struct verdict gate;

    switch (judged.answer) {
    case RULES_RETRY_GOES:
    case RULES_RETRY_NO_SUCH_HOST: /* hosts come from the deployment itself */
        break;
    case RULES_RETRY_NOT_STOPPED:
        c->refusal = CHOICE_IS_ENDING;
        return;
    case RULES_RETRY_UNSETTLED:
        c->refusal = CHOICE_UNSETTLED;
        c->database = judged.attempt->database;
        c->state = attempt_states[judged.attempt->state].text;
        return;
    case RULES_RETRY_STILL_RUNS:
        c->refusal = CHOICE_STILL_RUNS;
        c->host = judged.invocation->host;
        c->until = judged.until;
        return;
    case RULES_RETRY_NOBODY_LEFT:
        c->refusal = CHOICE_NOBODY_LEFT;
        return;
    }
    gate = choices_gate_of_retry(f->gate, f->now);
    refuse_by(l, c, &gate);
}

static bool went_wrong(const struct choices_facts *f, size_t at)
{
    const struct invocation *inv = &f->open->invocations[at];

    if (f->open->jobs[inv->job_number].database != NULL || !progress_is_last_try(f->open, at) ||
        progress_is_left_out(f->open, inv->host_id))
        return false;
    return inv->status == INVOCATION_UNKNOWN || inv->status == INVOCATION_FAILED ||
           inv->status == INVOCATION_TIMED_OUT;
}

static bool is_listed(const struct listing *l, const char *host)
{
    for (size_t i = 0; i < l->choices->n; i++)
        if (l->choices->items[i].kind == CHOICE_LEAVE_OUT &&
            strcmp(l->choices->items[i].host, host) == 0)
            return true;
    return false;
}

/* Each host that stands in the way. */
static void add_hosts(struct listing *l)
{
    for (size_t i = 0; i < l->facts->open->n_invocations; i++) {
        const char *host = l->facts->open->invocations[i].host;
        struct choice *c;

        if (!went_wrong(l->facts, i) || is_listed(l, host))
            continue;
        c = add(l, CHOICE_LEAVE_OUT);
        c->host = host;
        judge_retry(l, c);
        c->host = host; /* also where another one still runs */
    }
}

static bool is_ending(const struct choices_facts *f)
{
    return f->open->deployment->cancel_at != 0;
}

static void add_way_back(struct listing *l)
{
    const struct choices_facts *f = l->facts;
    struct choice *c = add(l, CHOICE_ROLL_BACK);

    c->release = f->way_back.target;
    c->touched_only = f->way_back.touched_only;
    c->across = f->way_back_across;
    if (f->way_back.answer == RULES_ROLLBACK_NOTHING_TOUCHED)
        c->refusal = CHOICE_UNTOUCHED;
    else if (f->way_back.answer != RULES_ROLLBACK_GOES)
        c->refusal = CHOICE_NO_WAY_BACK;
    if (c->refusal != CHOICE_OPEN || f->rollback == NULL)
        return;
    /* What a rollback waits a moment for, and what it passes once it is named, does not refuse it. */
    for (size_t i = 0; i < f->rollback->n_causes && c->refusal == CHOICE_OPEN; i++) {
        enum cause_kind kind = f->rollback->causes[i].kind;
        struct verdict one = verdict_go();

        c->beside = c->beside || kind == CAUSE_UNSETTLED;
        if (kind == CAUSE_HOST_SILENT || kind == CAUSE_HOST_LACKS_DOCUMENT ||
            kind == CAUSE_UNSETTLED)
            continue;
        verdict_bind(&one, &f->rollback->causes[i]);
        refuse_by(l, c, &one);
    }
}

static void add_cancel(struct listing *l)
{
    struct choice *c = add(l, CHOICE_CANCEL);

    c->as_failed = progress_cancel_touched_any(l->facts->open);
    if (is_ending(l->facts))
        c->refusal = CHOICE_IS_ENDING;
}

static void add_attempt(struct listing *l, const struct choices_attempt *a)
{
    static const enum choice_kind of_act[SETTLE_ACTS_COUNT] = {CHOICE_MARK_SUCCEEDED,
                                                               CHOICE_MARK_FAILED,
                                                               CHOICE_NEW_ATTEMPT, CHOICE_ABANDON};
    struct choice *c = add(l, CHOICE_PROBE);

    c->database = a->settle.attempt->database;
    c->refusal = a->probed ? CHOICE_PROBED : CHOICE_OPEN;
    for (int act = 0; act < SETTLE_ACTS_COUNT; act++) {
        c = add(l, of_act[act]);
        c->database = a->settle.attempt->database;
        c->epoch = a->settle.attempt->epoch;
        c->why = settle_refusal(l->arena, &a->settle, (enum settle_act)act);
        c->refusal = c->why != NULL ? CHOICE_SETTLE : CHOICE_OPEN;
    }
}

void choices_make(const struct choices_facts *facts, struct arena *arena,
                  struct choices *ret_choices)
{
    struct listing l = {.facts = facts, .arena = arena, .choices = ret_choices};

    *ret_choices = (struct choices){.n = 0};
    for (size_t i = 0; i < facts->n_attempts; i++)
        add_attempt(&l, &facts->attempts[i]);
    judge_retry(&l, add(&l, CHOICE_RETRY));
    add_hosts(&l);
    add_way_back(&l);
    add_cancel(&l);
}
