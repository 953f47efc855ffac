#include "lib/rules/rules_command.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/rules/rate.h"
#include "lib/rules/verdict.h"

/* What the invocations add up to. */
struct tally {
    size_t n;
    size_t open;     /* not ended */
    size_t begun;    /* of those: left Pending */
    size_t failed;   /* Failed, ExecutionTimedOut */
    size_t timeouts; /* of those: ExecutionTimedOut */
    size_t undelivered;
    size_t cancelled;
    size_t unreachable; /* Undeliverable, InvalidPlatform, AccessDenied */
    struct rate_counts rate;
};

static bool is_unreachable(const struct door_target *t)
{
    /* NotStarted: its host has proven that it never began. */
    return str_eq(t->details, "Undeliverable") || str_eq(t->details, "InvalidPlatform") ||
           str_eq(t->details, "AccessDenied") || str_eq(t->details, "NotStarted");
}

static void count_ended(struct tally *tally, const struct door_target *t)
{
    switch (t->status) {
    case INVOCATION_SUCCESS:
        tally->rate.well++;
        break;
    case INVOCATION_FAILED:
        if (is_unreachable(t))
            tally->unreachable++;
        else
            tally->failed++;
        break;
    case INVOCATION_TIMED_OUT:
        if (str_eq(t->details, "DeliveryTimedOut")) {
            tally->undelivered++;
        } else {
            tally->failed++;
            tally->timeouts++;
        }
        break;
    case INVOCATION_CANCELLED:
        tally->cancelled++;
        break;
    default:
        break;
    }
}

static struct tally tally_make(const struct rules_command_facts *f)
{
    struct tally tally = {.n = f->n_targets};

    for (size_t i = 0; i < f->n_targets; i++) {
        const struct door_target *t = &f->targets[i];
        bool ended = invocation_has_ended(t->status);

        if (t->released_at != 0)
            tally.rate.released++;
        if (t->released_at != 0 && (ended || t->acknowledged_at != 0))
            tally.rate.taken++;
        if (ended) {
            count_ended(&tally, t);
            continue;
        }
        tally.open++;
        if (t->status != INVOCATION_PENDING || t->acknowledged_at != 0)
            tally.begun++;
        if (t->released_at != 0)
            tally.rate.open++;
    }
    tally.rate.errors = tally.failed;
    return tally;
}

static void say(struct rules_command_plan *plan, enum invocation_status status, const char *details)
{
    plan->status = status;
    plan->details = details;
}

/* 4.3, in its order. */
static void judge_ended(const struct rules_command_facts *f, const struct tally *t,
                        struct rules_command_plan *plan)
{
    size_t budget = (size_t)f->command->budget;

    plan->ended = true;
    if (f->torn)
        say(plan, INVOCATION_CANCELLED, "Cancelled");
    else if (t->n == 0)
        say(plan, INVOCATION_SUCCESS, "NoInstancesInTag");
    else if (t->failed > budget && t->timeouts == t->failed)
        say(plan, INVOCATION_TIMED_OUT, "ExecutionTimedOut");
    else if (t->failed > budget)
        say(plan, INVOCATION_FAILED, "Failed");
    else if (t->cancelled == t->n)
        say(plan, INVOCATION_CANCELLED, "Cancelled");
    else if (t->undelivered > budget)
        say(plan, INVOCATION_TIMED_OUT, "DeliveryTimedOut");
    else if (t->unreachable == t->n)
        say(plan, INVOCATION_FAILED, "Failed");
    else if (t->undelivered + t->cancelled + t->failed > 0)
        say(plan, INVOCATION_FAILED, "Incomplete");
    else
        say(plan, INVOCATION_SUCCESS, "Success");
}

static void judge(const struct rules_command_facts *f, const struct tally *t,
                  struct rules_command_plan *plan)
{
    plan->n_completed = (int64_t)(t->n - t->open);
    plan->n_errors = (int64_t)t->failed;
    plan->n_undelivered = (int64_t)t->undelivered;
    if (t->open == 0 && (f->torn || f->command->written_at != 0))
        judge_ended(f, t, plan);
    else if (f->command->cancel_at != 0)
        say(plan, INVOCATION_CANCELLING, "Cancelling");
    else if (t->begun == 0 && t->open == t->n)
        say(plan, INVOCATION_PENDING, "Pending");
    else
        say(plan, INVOCATION_IN_PROGRESS, "InProgress");
}

/* Moves ------------------------------------------------------------------------------------------ */

struct round {
    const struct rules_command_facts *facts;
    time_ms now;
    struct arena *arena;
    struct rules_command_plan *plan;
    size_t cap;
    size_t free_places;
    bool stopped; /* its errors are too many */
    time_ms start_by;
};

static void add(struct round *r, enum rules_command_kind kind, const struct door_target *t,
                enum invocation_status status, const char *details, const char *cause)
{
    *ARENA_PUSH(r->arena, r->plan->moves, r->plan->n_moves, r->cap) = (struct rules_command_move){
        .kind = kind, .target = t, .status = status, .details = details, .cause = cause};
}

static void look_again(struct round *r, time_ms at)
{
    if (at < r->plan->next_change)
        r->plan->next_change = at;
}

/* Nobody was handed it. */
static void drive_pending(struct round *r, const struct door_target *t)
{
    const struct rules_command_facts *f = r->facts;
    const struct door_command *c = f->command;

    if (c->cancel_at != 0 || f->torn)
        add(r, RULES_COMMAND_WITHDRAW, t, INVOCATION_CANCELLED, "Cancelled",
            f->torn ? "it was not written to its end" : NULL);
    else if (f->revoked != NULL)
        add(r, RULES_COMMAND_WITHDRAW, t, INVOCATION_FAILED, "AccessDenied", f->revoked);
    else if (t->host_state == HOST_DEREGISTERED)
        add(r, RULES_COMMAND_WITHDRAW, t, INVOCATION_FAILED, "Undeliverable",
            "the host was deregistered");
    else if (r->now >= r->start_by)
        add(r, RULES_COMMAND_WITHDRAW, t, INVOCATION_TIMED_OUT, "DeliveryTimedOut",
            t->waits ? "it waited behind a deployment or a hold of its host"
                     : "it was not delivered in time");
    else if (r->stopped) /* released, too: nobody was sent it (5.2) */
        add(r, RULES_COMMAND_WITHDRAW, t, INVOCATION_CANCELLED, "Terminated",
            "the command had too many errors");
    else if (t->released_at != 0)
        look_again(r, r->start_by);
    else if (c->written_at != 0 && r->free_places > 0 && !t->waits) {
        add(r, RULES_COMMAND_RELEASE, t, t->status, "", NULL);
        r->free_places--;
    } else {
        look_again(r, r->start_by);
    }
}

/* Its host may have it. A time-out here is our word, never ExecutionTimedOut (5.3). */
static void drive_offered(struct round *r, const struct door_target *t)
{
    const struct door_command *c = r->facts->command;

    if (r->now >= c->expires_at) {
        add(r, RULES_COMMAND_EXPIRE, t, INVOCATION_TIMED_OUT, "DeliveryTimedOut",
            "no end came before it expired");
        return;
    }
    if (t->status == INVOCATION_UNKNOWN) { /* there is no such word at the door (5.3) */
        add(r, RULES_COMMAND_EXPIRE, t, INVOCATION_TIMED_OUT, "DeliveryTimedOut",
            "its host cannot say how it ended");
        return;
    }
    if (t->host_state == HOST_DEREGISTERED && t->acknowledged_at == 0) {
        add(r, RULES_COMMAND_EXPIRE, t, INVOCATION_FAILED, "Undeliverable",
            "the host was deregistered");
        return;
    }
    if (c->cancel_at != 0 && t->cancel_at == 0)
        add(r, RULES_COMMAND_CANCEL, t, INVOCATION_CANCELLING, "Cancelling", NULL);
    look_again(r, c->expires_at);
}

bool rules_command_is_torn(const struct door_command *c, time_ms listening_since, time_ms now)
{
    return c->written_at == 0 &&
           (c->requested_at < listening_since || now >= c->requested_at + RULES_COMMAND_WRITING_MS);
}

void rules_command_make(const struct rules_command_facts *facts, time_ms now, struct arena *arena,
                        struct rules_command_plan *ret_plan)
{
    const struct door_command *c = facts->command;
    const struct rate rate = {.concurrency = (size_t)c->concurrency,
                              .max_errors = (size_t)c->budget,
                              .ramp = RATE_BY_ACKNOWLEDGED};
    struct round r = {.facts = facts, .now = now, .arena = arena, .plan = ret_plan};
    struct tally tally = tally_make(facts);

    *ret_plan = (struct rules_command_plan){.next_change = VERDICT_NEVER};
    r.free_places = rate_free(&rate, &tally.rate);
    r.stopped = rate_is_exceeded(&rate, &tally.rate);
    r.start_by = c->requested_at + c->timeout_s * 1000;
    judge(facts, &tally, ret_plan);
    if (c->written_at == 0 && !facts->torn)
        look_again(&r, c->requested_at + RULES_COMMAND_WRITING_MS);
    for (size_t i = 0; i < facts->n_targets && ret_plan->n_moves < RULES_COMMAND_MOVES_MAX; i++) {
        const struct door_target *t = &facts->targets[i];

        if (invocation_has_ended(t->status))
            continue;
        if (t->status == INVOCATION_PENDING && t->offered_at == 0)
            drive_pending(&r, t);
        else
            drive_offered(&r, t);
    }
}
