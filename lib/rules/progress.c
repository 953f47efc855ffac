#include "lib/rules/progress.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/rules/migrate.h"
#include "lib/rules/progress_attempts.h"
#include "lib/rules/progress_cancel.h"
#include "lib/rules/progress_index.h"
#include "lib/rules/rate.h"
#include "lib/rules/verdict.h"

/* What the hosts of one job add up to; of each host its last try counts. */
struct tally {
    size_t n_hosts;
    size_t well;
    size_t errors; /* failed, timed out, undelivered: what counts against max-errors (P2) */
    size_t left_out;
    size_t unknown;
    size_t open;    /* released or running */
    size_t pending; /* not released yet */
    const struct invocation *first_error;
    const struct invocation *first_unknown;
};

struct round {
    const struct progress_facts *facts;
    time_ms now;
    struct arena *arena;
    struct progress_plan *plan;
    size_t cap;
    const struct job *failed; /* says why it stops; NULL = nothing failed yet */
    bool halted;              /* a migrate job ended badly: no other host is touched (M6) */
    bool *released;           /* by invocation: in this round */
};

static struct progress_move *move_add(struct round *r, enum progress_kind kind,
                                      const struct job *job)
{
    struct progress_move *m = ARENA_PUSH(r->arena, r->plan->moves, r->plan->n_moves, r->cap);

    m->kind = kind;
    m->job = job;
    return m;
}

static void look_again(struct round *r, time_ms at)
{
    if (at < r->plan->next_change)
        r->plan->next_change = at;
}

static bool same_host(const struct invocation *a, const struct invocation *b)
{
    return strcmp(a->host_id, b->host_id) == 0;
}

bool progress_is_left_out(const struct progress_facts *f, const char *host_id)
{
    for (size_t i = 0; i < f->n_left_out; i++)
        if (strcmp(f->left_out[i], host_id) == 0)
            return true;
    return false;
}

/* Later ones stand behind it. */
bool progress_is_last_try(const struct progress_facts *f, size_t i)
{
    struct progress_index_tries tries = progress_index_tries_like(f, i);
    size_t k;

    while (progress_index_next(&tries, &k))
        if (k > i && f->invocations[k].job_number == f->invocations[i].job_number)
            return false;
    return true;
}

static size_t tries_of(const struct progress_facts *f, const struct invocation *inv)
{
    struct progress_index_tries tries =
        progress_index_tries_like(f, (size_t)(inv - f->invocations));
    size_t n = 0, k;

    while (progress_index_next(&tries, &k))
        if (f->invocations[k].job_number == inv->job_number)
            n = f->invocations[k].again_at != 0 ? 0 : n + 1; /* a person's wish begins anew */
    return n;
}

/* Proven never to have begun: the agent said so, or nobody was ever told of it. */
static bool never_began(const struct invocation *inv)
{
    return inv->status == INVOCATION_FAILED && str_eq(inv->details, "NotStarted");
}

static bool is_left_out(const struct invocation *inv)
{
    return inv->status == INVOCATION_CANCELLED && str_eq(inv->details, "Terminated");
}

static struct tally tally_make(const struct progress_facts *f, const struct job *job)
{
    struct tally t = {.n_hosts = 0};

    for (size_t i = 0; i < f->n_invocations; i++) {
        const struct invocation *inv = &f->invocations[i];
        if (inv->job_number != job->number || !progress_is_last_try(f, i) ||
            progress_is_left_out(f, inv->host_id))
            continue;
        t.n_hosts++;
        if (inv->again_at != 0) {
            t.pending++;
        } else if (inv->status == INVOCATION_SUCCESS) {
            t.well++;
        } else if (is_left_out(inv)) {
            t.left_out++;
        } else if (invocation_has_ended(inv->status)) {
            t.errors++;
            if (t.first_error == NULL)
                t.first_error = inv;
        } else if (inv->status == INVOCATION_UNKNOWN) {
            t.unknown++;
            if (t.first_unknown == NULL)
                t.first_unknown = inv;
        } else if (inv->status == INVOCATION_PENDING && inv->released_at == 0) {
            t.pending++;
        } else {
            t.open++;
        }
    }
    return t;
}

static struct rate rate_of(const struct job *job)
{
    return (struct rate){.concurrency = (size_t)job->max_parallel,
                         .max_errors = (size_t)job->max_errors,
                         .ramp = job->ramp ? RATE_BY_SUCCESS : RATE_AT_ONCE};
}

size_t progress_allowed(const struct job *job, size_t n_ended_well)
{
    return job->ramp ? rate_doubling((size_t)job->max_parallel, n_ended_well)
                     : (size_t)job->max_parallel;
}

/* Its host may still run what an earlier deployment of the track told it. */
static bool runs_earlier(const struct progress_facts *f, const struct invocation *inv)
{
    for (size_t i = 0; i < f->n_earlier; i++)
        if (same_host(&f->earlier[i], inv))
            return true;
    return false;
}

/* Another command of this track on the same host that may still run, or is released in this very round by
 * another job (I11). */
static bool track_is_busy(const struct round *r, const struct invocation *inv)
{
    const struct progress_facts *f = r->facts;
    struct progress_index_tries tries =
        progress_index_tries_like(f, (size_t)(inv - f->invocations));
    size_t i;

    while (progress_index_next(&tries, &i)) {
        const struct invocation *other = &f->invocations[i];

        if (r->released[i])
            return true;
        if (other == inv || other->again_at != 0)
            continue;
        if (invocation_may_run(other->status) ||
            (other->status == INVOCATION_PENDING && other->released_at != 0))
            return true;
    }
    return runs_earlier(f, inv);
}

/* It cannot be handed out, and waits no longer for that than for a host that does not come. */
static void wait_for_earlier(struct round *r, const struct job *job, const struct invocation *inv,
                             time_ms since)
{
    time_ms limit = since + job->start_within_ms;
    struct progress_move *m;

    if (r->now < limit) {
        look_again(r, limit);
        return;
    }
    m = move_add(r, PROGRESS_UNDELIVERED, job);
    m->invocation = inv;
    m->cause = "it may still run the command of an earlier deployment";
}

/* What is unknown keeps its track, and the deployment stops over it anyway. */
static bool is_out(const struct progress_facts *f, int job_number,
                   struct progress_index_tries tries)
{
    size_t i;

    while (progress_index_next(&tries, &i)) {
        const struct invocation *other = &f->invocations[i];
        /* Whoever could not do a migrate job that another did, or a person settled, is as good as before. */
        if (f->jobs[other->job_number].database != NULL &&
            (f->jobs[other->job_number].state == JOB_SUCCEEDED ||
             progress_attempts_is_settled(f, other)))
            continue;
        if (other->job_number != job_number && progress_is_last_try(f, i) && other->again_at == 0 &&
            (other->status == INVOCATION_UNKNOWN ||
             (invocation_has_ended(other->status) && other->status != INVOCATION_SUCCESS)))
            return true;
    }
    return progress_is_left_out(f, tries.host_id);
}

bool progress_is_out(const struct progress_facts *f, int job_number, const char *host_id)
{
    return is_out(f, job_number, progress_index_tries(f, host_id));
}

/* Its host is there and never answered: it is asked for a moment, and proves that it never began, before it is called unknown. */
static time_ms lost_at(const struct round *r, const struct host *host, const struct invocation *inv)
{
    bool is_asked = host != NULL && host->protocol >= HOST_PROTOCOL_PERMIT &&
                    host_is_online(host, r->now) && inv->redeliver_at != 0 && inv->cancel_at == 0 &&
                    inv->permit_nonce[0] == '\0';

    return inv->start_by + (is_asked ? PROGRESS_ASKED_MS : 0);
}

/* One that was released: delivered in time? heard of? (P2, M5) */
static void judge_open(struct round *r, const struct job *job, const struct invocation *inv)
{
    const struct host *host = progress_index_host(r->facts, inv->host_id);
    time_ms limit = inv->released_at + job->start_within_ms;
    time_ms heard = inv->heard_at;

    if (inv->status == INVOCATION_PENDING && inv->acknowledged_at == 0) {
        if (r->now < limit) {
            look_again(r, limit);
        } else if (inv->offered_at == 0) {
            move_add(r, PROGRESS_UNDELIVERED, job)->invocation = inv;
        } else if (r->now < inv->start_by) {
            look_again(r, inv->start_by);
        } else if (r->now >= lost_at(r, host, inv)) {
            move_add(r, PROGRESS_LOST, job)->invocation = inv;
        } else { /* at the latest; or when it is not there any more */
            look_again(r, lost_at(r, host, inv));
            look_again(r, host->seen_at + HOST_SILENT_AFTER_MS);
        }
        return;
    }
    /* Another agent sends no heartbeats of a command: its own polls must do. */
    if (host != NULL && host->protocol == 0 && host->seen_at > heard)
        heard = host->seen_at;
    if (heard < inv->acknowledged_at)
        heard = inv->acknowledged_at;
    if (heard < r->facts->heard_since)
        heard = r->facts->heard_since;
    if (r->now - heard >= HOST_UNKNOWN_AFTER_MS)
        move_add(r, PROGRESS_LOST, job)->invocation = inv;
    else
        look_again(r, heard + HOST_UNKNOWN_AFTER_MS);
}

static struct progress_move *release(struct round *r, const struct job *job,
                                     const struct invocation *inv)
{
    struct progress_move *m = move_add(r, PROGRESS_RELEASE, job);

    m->invocation = inv;
    r->released[inv - r->facts->invocations] = true;
    return m;
}

/* Moves of the invocations of a running job, or of one that starts in this very round. */
static void drive_hosts(struct round *r, const struct job *job, const struct tally *t)
{
    const struct progress_facts *f = r->facts;
    const struct rate rate = rate_of(job);
    const struct rate_counts counts = {.open = t->open, .well = t->well, .errors = t->errors};
    bool stopped = rate_is_exceeded(&rate, &counts) || t->unknown > 0;
    size_t free_places = rate_free(&rate, &counts);
    time_ms since = job->retried_at > job->started_at ? job->retried_at : job->started_at;

    if (job->state == JOB_WAITING)
        since = r->now;
    for (size_t i = 0; i < f->n_invocations; i++) {
        const struct invocation *inv = &f->invocations[i];
        if (inv->job_number != job->number || !progress_is_last_try(f, i) ||
            invocation_has_ended(inv->status) || inv->status == INVOCATION_UNKNOWN)
            continue;
        if (inv->released_at != 0) {
            judge_open(r, job, inv);
        } else if (stopped || is_out(f, job->number, progress_index_tries_like(f, i))) {
            move_add(r, PROGRESS_LEAVE_OUT, job)->invocation = inv;
        } else if (free_places > 0 && !r->halted && !track_is_busy(r, inv)) {
            (void)release(r, job, inv);
            free_places--;
        } else if (free_places > 0 && !r->halted && runs_earlier(f, inv)) {
            wait_for_earlier(r, job, inv, since);
        }
    }
}

/* Tries that provably never began get a new command: the same host, the same job. */
static bool renew_tries(struct round *r, const struct job *job)
{
    const struct progress_facts *f = r->facts;
    bool any = false;

    for (size_t i = 0; i < f->n_invocations && job->database == NULL; i++) {
        const struct invocation *inv = &f->invocations[i];
        if (inv->job_number == job->number && progress_is_last_try(f, i) &&
            !progress_is_left_out(f, inv->host_id) &&
            (inv->again_at != 0 || (never_began(inv) && tries_of(f, inv) < PROGRESS_TRIES_MAX))) {
            move_add(r, PROGRESS_RETRY, job)->invocation = inv;
            any = true;
        }
    }
    return any;
}

static void job_end(struct round *r, const struct job *job, enum job_state state, const char *cause)
{
    struct progress_move *m = move_add(r, PROGRESS_JOB_END, job);

    m->job_state = state;
    m->cause = cause;
}

static const char *why_of(struct round *r, const struct invocation *inv)
{
    return arena_printf(r->arena, "%s: %s", inv->host,
                        inv->cause != NULL ? inv->cause : inv->details);
}

static const char halted_cause[] = "stopped, since a migrate job failed";

static void drive_job(struct round *r, const struct job *job)
{
    struct tally t;

    if (renew_tries(r, job))
        return;
    t = tally_make(r->facts, job);
    drive_hosts(r, job, &t);
    if (t.open > 0)
        return;
    if (t.unknown > 0)
        job_end(r, job, JOB_FAILED, why_of(r, t.first_unknown));
    else if (t.errors > (size_t)job->max_errors)
        job_end(r, job, JOB_FAILED, why_of(r, t.first_error));
    else if (t.pending == 0 && t.errors > 0)
        job_end(r, job, JOB_SUCCEEDED,
                arena_printf(r->arena, "%zu of %zu hosts failed, within max-errors", t.errors,
                             t.n_hosts));
    else if (t.pending == 0)
        job_end(r, job, JOB_SUCCEEDED, NULL);
    else if (r->halted)
        job_end(r, job, JOB_CANCELLED, halted_cause);
}

/* `timeout-minutes` of a migrate job tells people, and kills nothing (M5). */
static void sound_alarm(struct round *r, const struct attempt *attempt,
                        const struct invocation *inv)
{
    const struct job *job = &r->facts->jobs[attempt->job_number];
    time_ms at = migrate_alarm_at(attempt, inv, job->timeout_ms);
    struct progress_move *m;

    if (at == 0)
        return;
    if (r->now < at) {
        look_again(r, at);
        return;
    }
    m = move_add(r, PROGRESS_ATTEMPT_ALARM, job);
    m->attempt = attempt;
    m->invocation = inv;
}

/* Attempts follow what is known of their command, also when the deployment stopped: late truth (M5). */
static bool follow_attempts(struct round *r)
{
    const struct progress_facts *f = r->facts;
    bool any = false;

    for (size_t i = 0; i < f->n_attempts; i++) {
        const struct attempt *attempt = &f->attempts[i];
        const struct invocation *inv = progress_attempts_invocation(f, attempt);
        enum attempt_state state;
        struct progress_move *m;
        if (inv == NULL || attempt->settled_at != 0)
            continue;
        state = migrate_state_of(attempt->state, inv);
        if (!states_allows(attempt_states, (int)attempt->state, (int)state)) {
            sound_alarm(r, attempt, inv); /* after a move it is looked at again */
            continue;
        }
        m = move_add(r, PROGRESS_ATTEMPT_MOVE, &f->jobs[attempt->job_number]);
        m->attempt = attempt;
        m->invocation = inv;
        m->attempt_state = state;
        any = true;
    }
    return any;
}

/* Another attempt, if one may still begin. What failed of the other jobs stops one that nobody asked for. */
static void plan_attempt(struct round *r, const struct job *job, bool wanted)
{
    if (r->halted)
        job_end(r, job, JOB_CANCELLED, halted_cause);
    else if (r->failed != NULL && !wanted)
        job_end(r, job, JOB_CANCELLED,
                arena_printf(r->arena, "stopped, since job %s failed", r->failed->name));
    else
        move_add(r, PROGRESS_ATTEMPT_PLAN, job);
}

/* Its command may run, or wait for its host. What was not let go yet goes no more where nothing may begin, and never to a
 * host that is out: another one needs another attempt (M1). */
static void drive_attempt(struct round *r, const struct job *job, const struct attempt *attempt,
                          const struct invocation *inv)
{
    const struct progress_facts *f = r->facts;

    if (inv->released_at != 0)
        judge_open(r, job, inv);
    else if (r->halted || progress_is_out(f, job->number, inv->host_id))
        move_add(r, PROGRESS_LEAVE_OUT, job)->invocation = inv;
    else if (!track_is_busy(r, inv))
        release(r, job, inv)->attempt = attempt;
    else if (runs_earlier(f, inv))
        wait_for_earlier(r, job, inv, attempt->planned_at);
}

/* The migrate job: its one attempt is planned when its turn comes (M1), and follows its invocation. */
static void drive_migrate(struct round *r, const struct job *job)
{
    const struct attempt *attempt = progress_attempts_last(r->facts, job);
    const struct invocation *inv;

    if (attempt == NULL) {
        plan_attempt(r, job, false);
        return;
    }
    inv = progress_attempts_invocation(r->facts, attempt);
    if (inv == NULL)
        return; /* command and attempt are written together: cannot be */
    if (progress_attempts_is_wanted(job, attempt)) {
        plan_attempt(r, job, true);
        return;
    }
    switch (attempt->state) {
    case ATTEMPT_SUCCEEDED:
        job_end(r, job, JOB_SUCCEEDED, NULL); /* `migrate=none` stands among its results */
        break;
    case ATTEMPT_NOT_STARTED:
        if (attempt->n < MIGRATE_TRIES_MAX)
            plan_attempt(r, job, false);
        else
            job_end(r, job, JOB_FAILED, why_of(r, inv));
        break;
    case ATTEMPT_CANCELLED: /* before anybody was told of it */
        plan_attempt(r, job, false);
        break;
    case ATTEMPT_FAILED:
    case ATTEMPT_UNKNOWN:
        job_end(r, job, JOB_FAILED, why_of(r, inv));
        break;
    case ATTEMPT_PLANNED:
    case ATTEMPT_OFFERED:
    case ATTEMPT_ACCEPTED:
    case ATTEMPT_PERMITTED:
    case ATTEMPT_RUNNING:
        drive_attempt(r, job, attempt, inv);
        break;
    case ATTEMPT_STATES_COUNT:
        break;
    }
}

static bool needs_are_met(const struct progress_facts *f, const struct job *job)
{
    for (size_t i = 0; i < job->n_needs; i++)
        if (f->jobs[job->needs[i]].state != JOB_SUCCEEDED)
            return false;
    return true;
}

/* With it go the first of its commands; the attempt of a migrate job is planned in the next round. */
static void start_job(struct round *r, const struct job *job)
{
    struct tally t;

    move_add(r, PROGRESS_JOB_START, job);
    if (job->database != NULL || renew_tries(r, job))
        return;
    t = tally_make(r->facts, job);
    drive_hosts(r, job, &t);
}

/* Attention keeps everything as it is; a person, or `after-failure`, decides (P5). */
static void end_deployment(struct round *r, const struct job *failed, bool all_done, bool all_well)
{
    const struct attempt *attempt;
    struct progress_move *m;

    if (failed == NULL && !all_done)
        return;
    m = move_add(r, PROGRESS_DEPLOYMENT_END, failed);
    m->deployment_state = failed == NULL && all_well ? DEPLOYMENT_SUCCEEDED : DEPLOYMENT_ATTENTION;
    /* A late host that cannot catch up stands in nobody's way: it is tried again when it comes anew (P7). */
    if (m->deployment_state == DEPLOYMENT_ATTENTION &&
        r->facts->deployment->kind == DEPLOYMENT_CATCH_UP)
        m->deployment_state = DEPLOYMENT_FAILED;
    if (failed != NULL)
        m->cause = arena_printf(r->arena, "job %s: %s", failed->name,
                                failed->cause != NULL ? failed->cause : "failed");
    else if (!all_well)
        m->cause = "some hosts did not get it";
    if ((attempt = progress_attempts_given_up(r->facts)) != NULL) {
        m->deployment_state = DEPLOYMENT_FAILED;
        m->cause = progress_attempts_cause(r->arena, attempt->decision, attempt->decided_by,
                                           attempt->reason);
    }
}

static void make(const struct progress_facts *facts, time_ms now, struct arena *arena,
                 struct progress_plan *ret_plan)
{
    struct round r = {.facts = facts,
                      .now = now,
                      .arena = arena,
                      .plan = ret_plan,
                      .released = arena_array(arena, facts->n_invocations, sizeof(*r.released))};
    const struct job *failed = NULL;
    bool any_running = false;
    bool all_done = true;
    bool all_well = true;

    *ret_plan = (struct progress_plan){.next_change = VERDICT_NEVER};
    for (size_t i = 0; i < facts->n_jobs; i++) {
        const struct job *job = &facts->jobs[i];
        any_running = any_running || job->state == JOB_RUNNING;
        all_done = all_done && job->state == JOB_SUCCEEDED;
        r.halted = r.halted || progress_attempts_halt(facts, job);
        /* The one that failed says why, not the one that was stopped for it. */
        if ((job->state == JOB_FAILED && (failed == NULL || failed->state != JOB_FAILED)) ||
            (job->state == JOB_CANCELLED && failed == NULL))
            failed = job;
    }
    r.failed = failed;
    for (size_t i = 0; i < facts->n_invocations; i++)
        if (facts->jobs[facts->invocations[i].job_number].database == NULL &&
            progress_is_last_try(facts, i) && facts->invocations[i].status != INVOCATION_SUCCESS &&
            !progress_is_left_out(facts, facts->invocations[i].host_id))
            all_well = false;
    /* What follows is asked again with the new states. */
    if (follow_attempts(&r))
        return;
    if (facts->deployment->cancel_at != 0 && deployment_is_open(facts->deployment->state)) {
        progress_cancel_make(facts, now, arena, ret_plan);
        return;
    }
    if (facts->deployment->state != DEPLOYMENT_DEPLOYING)
        return;
    for (size_t i = 0; i < facts->n_jobs; i++) {
        const struct job *job = &facts->jobs[i];
        if (job->state == JOB_WAITING && failed == NULL && needs_are_met(facts, job))
            start_job(&r, job);
        else if (job->state == JOB_RUNNING && job->database != NULL)
            drive_migrate(&r, job);
        else if (job->state == JOB_RUNNING)
            drive_job(&r, job);
    }
    if (ret_plan->n_moves == 0 && !any_running)
        end_deployment(&r, failed, all_done, all_well);
}

void progress_make(const struct progress_facts *facts, time_ms now, struct arena *arena,
                   struct progress_plan *ret_plan)
{
    struct progress_facts by_host = *facts;

    if (by_host.index == NULL)
        by_host.index = progress_index_make(facts, arena);
    make(&by_host, now, arena, ret_plan);
}
