#include "lib/rules/gate.h"

#include "lib/model/host.h"

/* Does a cause of that kind bind whoever asks? `named` = the act names it. */
static bool gate_binds(const struct gate_facts *f, enum cause_kind kind, bool named)
{
    switch (verdict_causes[kind].cells[f->pass]) {
    case CELL_BINDS:
    case CELL_UNLESS_STRICT: /* asked only for strict freezes */
        return true;
    case CELL_IF_NAMED:
        return !named;
    case CELL_PASSES:
    case CELL_NAMED:
    case CELL_CANCELS:
    case CELL_NONE:
        return false;
    }
    return true;
}

static void gate_bind(struct verdict *v, const struct gate_facts *f, bool named, struct cause cause)
{
    if (gate_binds(f, cause.kind, named))
        verdict_bind(v, &cause);
}

/* Before its start, or after the last instant at which it may still start (F7). */
static void gate_schedule(struct verdict *v, const struct gate_facts *f, time_ms now)
{
    if (now < f->start_at)
        gate_bind(v, f, false, (struct cause){.kind = CAUSE_SCHEDULE, .until = f->start_at});
    else if (now >= f->start_until)
        gate_bind(v, f, false,
                  (struct cause){.kind = CAUSE_SCHEDULE,
                                 .since = f->start_until,
                                 .until = VERDICT_NEVER});
    else if (gate_binds(f, CAUSE_SCHEDULE, false))
        verdict_change_at(v, f->start_until);
}

static void gate_windows(struct verdict *v, const struct gate_facts *f, time_ms now)
{
    enum cause_kind kind = f->windows_of_calendar ? CAUSE_CALENDAR : CAUSE_WINDOW;
    time_ms opens = VERDICT_NEVER;
    time_ms closes = 0;

    if (!f->limited || !gate_binds(f, kind, false))
        return;
    for (size_t i = 0; i < f->n_windows; i++) {
        const struct interval *w = &f->windows[i];
        if (w->from <= now && now < w->to && w->to > closes)
            closes = w->to;
        else if (w->from > now && w->from < opens)
            opens = w->from;
    }
    if (closes == 0)
        verdict_bind(v, &(struct cause){.kind = kind, .until = opens});
    else
        verdict_change_at(v, closes);
}

static void gate_freezes(struct verdict *v, const struct gate_facts *f, time_ms now)
{
    for (size_t i = 0; i < f->n_freezes; i++) {
        const struct interval *z = &f->freezes[i];
        bool passes =
            verdict_causes[CAUSE_FREEZE].cells[f->pass] == CELL_UNLESS_STRICT && !z->strict;
        if (passes || !gate_binds(f, CAUSE_FREEZE, false))
            continue;
        if (z->from <= now && now < z->to)
            verdict_bind(v, &(struct cause){.kind = CAUSE_FREEZE,
                                            .what = z->name,
                                            .since = z->from,
                                            .until = z->to});
        else if (z->from > now)
            verdict_change_at(v, z->from);
    }
}

/* An approval that expires before the start is none for it: that is told before it has expired. */
static void gate_lacks(struct verdict *v, const struct gate_facts *f, time_ms now)
{
    time_ms start = f->start_at != VERDICT_NEVER && f->start_at > now ? f->start_at : now;

    for (size_t i = 0; i < f->n_lacks; i++) {
        const struct gate_lack *l = &f->lacks[i];
        if (!gate_binds(f, l->kind, false))
            continue;
        if (start >= l->from)
            verdict_bind(v, &(struct cause){.kind = l->kind,
                                            .what = l->what,
                                            .who = l->who,
                                            .why = l->why,
                                            .command = l->command,
                                            .refused = l->refused,
                                            .since = l->since,
                                            .until = VERDICT_NEVER});
        else
            verdict_change_at(v, l->from);
    }
}

static void gate_people(struct verdict *v, const struct gate_facts *f, time_ms now)
{
    for (size_t i = 0; i < f->n_holds; i++) {
        const struct gate_hold *h = &f->holds[i];
        if (now < h->until)
            gate_bind(v, f, false,
                      (struct cause){.kind = CAUSE_HOLD,
                                     .who = h->who,
                                     .why = h->why,
                                     .since = h->since,
                                     .until = h->until});
    }
    gate_lacks(v, f, now);
    for (size_t i = 0; i < f->n_barriers; i++) {
        const struct gate_barrier *b = &f->barriers[i];
        if (now < b->until)
            gate_bind(v, f, b->named,
                      (struct cause){.kind = b->rolled_back ? CAUSE_ROLLED_BACK : CAUSE_BARRIER,
                                     .what = b->pull,
                                     .who = b->who,
                                     .why = b->why,
                                     .since = b->since,
                                     .until = b->until});
    }
    if (f->pinned != NULL)
        gate_bind(v, f, false,
                  (struct cause){.kind = CAUSE_PINNED,
                                 .what = f->pinned,
                                 .who = f->pinned_by,
                                 .until = f->pinned_until});
    if (f->separate != NULL)
        gate_bind(v, f, false,
                  (struct cause){.kind = CAUSE_SEPARATE,
                                 .what = f->separate,
                                 .why = f->separate_why,
                                 .until = VERDICT_NEVER});
    if (f->not_asked)
        gate_bind(v, f, false, (struct cause){.kind = CAUSE_NOT_ASKED, .until = VERDICT_NEVER});
}

static void gate_proofs(struct verdict *v, const struct gate_facts *f)
{
    for (size_t i = 0; i < f->n_needs; i++) {
        const struct gate_need *n = &f->needs[i];
        if (!n->proven)
            gate_bind(v, f, false,
                      (struct cause){.kind = CAUSE_NEEDS,
                                     .what = n->environment,
                                     .until = VERDICT_NEVER});
        /* Who may pass an unproven environment has not passed the rehearsal with it. */
        if (n->unrehearsed != NULL && (n->proven || !gate_binds(f, CAUSE_NEEDS, false)))
            gate_bind(v, f, f->names_unrehearsed,
                      (struct cause){.kind = CAUSE_REHEARSAL,
                                     .what = n->unrehearsed,
                                     .until = VERDICT_NEVER});
    }
    if (f->failed_before)
        gate_bind(v, f, false,
                  (struct cause){.kind = CAUSE_FAILED_BEFORE,
                                 .since = f->failed_at,
                                 .until = VERDICT_NEVER});
    if (f->unsettled_database != NULL)
        gate_bind(v, f, f->names_unsettled,
                  (struct cause){.kind = CAUSE_UNSETTLED,
                                 .what = f->unsettled_database,
                                 .who = f->unsettled_host,
                                 .command = f->unsettled_command,
                                 .since = f->unsettled_since,
                                 .until = VERDICT_NEVER});
    if (f->open_deployment != NULL)
        gate_bind(v, f, false,
                  (struct cause){.kind = CAUSE_OPEN_DEPLOYMENT,
                                 .what = f->open_deployment,
                                 .why = deployment_states[f->open_state].text,
                                 .since = f->open_since,
                                 .until = VERDICT_NEVER});
}

static void gate_source(struct verdict *v, const struct gate_facts *f, time_ms now)
{
    if (f->rewritten != NULL)
        gate_bind(v, f, false,
                  (struct cause){.kind = CAUSE_REWRITTEN,
                                 .what = f->rewritten,
                                 .until = VERDICT_NEVER});
    if (!gate_binds(f, CAUSE_SOURCE_NOT_SEEN, false))
        return;
    if (f->source_seen_at == 0 || now - f->source_seen_at >= GATE_SOURCE_FRESH_MS)
        verdict_bind(v, &(struct cause){.kind = CAUSE_SOURCE_NOT_SEEN,
                                        .why = f->source_failure,
                                        .since = f->source_seen_at,
                                        .until = VERDICT_NEVER});
    else
        verdict_sign_at(v, f->source_seen_at + GATE_SOURCE_FRESH_MS);
}

/* Since when the window is open that is open now, with those that it follows without a gap. */
static time_ms open_since(const struct gate_facts *f, time_ms now)
{
    time_ms since = now;

    for (size_t i = f->n_windows; i > 0; i--)
        if (f->windows[i - 1].from <= since && since <= f->windows[i - 1].to)
            since = f->windows[i - 1].from;
    return since;
}

/* The first instant at which time itself let it start, as far as that is known: at its start, when the window opened, or
 * when the last freeze or hold was over. */
static time_ms allowed_at(const struct gate_facts *f, time_ms now)
{
    time_ms at = f->due_at != 0 ? f->due_at : f->start_at;

    if (f->limited && gate_binds(f, f->windows_of_calendar ? CAUSE_CALENDAR : CAUSE_WINDOW, false))
        at = open_since(f, now) > at ? open_since(f, now) : at;
    if (!gate_binds(f, CAUSE_FREEZE, false) || !gate_binds(f, CAUSE_HOLD, false))
        return at;
    for (size_t i = 0; i < f->n_freezes; i++)
        if (f->freezes[i].to <= now && f->freezes[i].to > at)
            at = f->freezes[i].to;
    for (size_t i = 0; i < f->n_holds; i++)
        if (f->holds[i].until <= now && f->holds[i].until > at)
            at = f->holds[i].until;
    return f->held_until <= now && f->held_until > at ? f->held_until : at;
}

/* A host that is silent, or lacks what is planned, binds for `start-within`; then it starts without
 * waiting longer, and the host counts against its job's error budget (P2). */
static void gate_hosts(struct verdict *v, const struct gate_facts *f, time_ms now)
{
    time_ms until = f->start_at < VERDICT_NEVER - f->start_within_ms
                        ? allowed_at(f, now) + f->start_within_ms
                        : VERDICT_NEVER; /* no start is known */

    if (f->role_without_host != NULL)
        gate_bind(v, f, false,
                  (struct cause){.kind = CAUSE_NO_HOST,
                                 .what = f->role_without_host,
                                 .until = VERDICT_NEVER});
    for (size_t i = 0; i < f->n_hosts; i++) {
        const struct gate_host *h = &f->hosts[i];
        if (!h->known)
            gate_bind(v, f, false,
                      (struct cause){.kind = CAUSE_NO_HOST,
                                     .what = h->name,
                                     .until = VERDICT_NEVER});
        else if (now < until && now - h->seen_at >= HOST_SILENT_AFTER_MS)
            gate_bind(v, f, false,
                      (struct cause){.kind = CAUSE_HOST_SILENT,
                                     .what = h->name,
                                     .since = h->seen_at,
                                     .until = until});
        else if (now < until) {
            verdict_sign_at(v, h->seen_at + HOST_SILENT_AFTER_MS);
            if (h->lacks != NULL)
                gate_bind(v, f, false,
                          (struct cause){.kind = CAUSE_HOST_LACKS_DOCUMENT,
                                         .what = h->name,
                                         .why = h->lacks,
                                         .until = until});
        }
    }
}

struct verdict gate_judge(const struct gate_facts *facts, time_ms now)
{
    struct verdict v = verdict_go();

    gate_schedule(&v, facts, now);
    gate_windows(&v, facts, now);
    gate_freezes(&v, facts, now);
    if (facts->horizon != 0)
        verdict_change_at(&v, facts->horizon);
    gate_people(&v, facts, now);
    gate_proofs(&v, facts);
    gate_source(&v, facts, now);
    gate_hosts(&v, facts, now);
    for (size_t i = 0; i < facts->n_not_built; i++)
        gate_bind(&v, facts, false,
                  (struct cause){.kind = CAUSE_NOT_BUILT,
                                 .what = facts->not_built[i].setting,
                                 .line = facts->not_built[i].line,
                                 .until = VERDICT_NEVER});
    return v;
}

static bool binds_too(const struct verdict *v, const struct cause *cause)
{
    for (size_t i = 0; i < v->n_causes; i++)
        if (v->causes[i].kind == cause->kind && v->causes[i].what == cause->what)
            return true;
    return false;
}

struct verdict gate_passed(const struct gate_facts *facts, time_ms now)
{
    struct gate_barrier unnamed[VERDICT_CAUSES_MAX];
    struct gate_facts normal = *facts;
    struct verdict bound = gate_judge(facts, now);
    struct verdict all, passed = verdict_go();

    normal.pass = GATE_NORMAL;
    normal.names_unrehearsed = false;
    normal.names_unsettled = false;
    normal.n_barriers =
        facts->n_barriers < VERDICT_CAUSES_MAX ? facts->n_barriers : VERDICT_CAUSES_MAX;
    normal.barriers = unnamed;
    for (size_t i = 0; i < normal.n_barriers; i++) {
        unnamed[i] = facts->barriers[i];
        unnamed[i].named = false;
    }
    all = gate_judge(&normal, now);
    for (size_t i = 0; i < all.n_causes; i++)
        if (verdict_causes[all.causes[i].kind].cells[facts->pass] != CELL_BINDS &&
            !binds_too(&bound, &all.causes[i]))
            verdict_bind(&passed, &all.causes[i]);
    return passed;
}
