/*
 * rules_command, all the way: each command of up to four hosts with each thing that a host can do, under each kind of
 * MaxConcurrency and MaxErrors, cancelled or not, and some larger ones by dice. At each step what ssm-wire.md 5 promises
 * holds, an end never changes (4.1), and the whole adds up to what 4.3 says, read from its table once more here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/rules/rate.h"
#include "lib/rules/rules_command.h"
#include "lib/rules/verdict.h"

#define HOSTS_MAX 40
#define BEGIN_MS 1000
#define TIMEOUT_S 60
#define EXECUTION_S 40
#define ROUNDS_MAX 2000

/* What a host does with what is released for it. */
enum fate {
    WELL,       /* takes it, begins, ends well */
    FAILS,      /* ends with an error */
    TIMES_OUT,  /* its agent says so */
    STAYS_AWAY, /* never asks for it */
    GOES_QUIET, /* takes it and is never heard of again */
    IS_REMOVED, /* is deregistered before it asks */
    FATES
};

struct course {
    struct door_command command;
    struct door_target targets[HOSTS_MAX];
    enum fate fates[HOSTS_MAX];
    size_t n;
    time_ms now;
    const char *told; /* how the course is named when it fails */
};

static struct arena arena;
static unsigned seed = 7;

static unsigned dice(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

static size_t of(const char *text, size_t n, size_t least)
{
    size_t value = 0;

    assert_true(rate_resolve(text, n, least, &value));
    return value;
}

static void begin(struct course *c, size_t n, const char *concurrency, const char *errors)
{
    c->n = n;
    c->now = BEGIN_MS;
    c->command = (struct door_command){.concurrency = (int64_t)of(concurrency, n, 1),
                                       .budget = (int64_t)of(errors, n, 0),
                                       .timeout_s = TIMEOUT_S,
                                       .execution_s = EXECUTION_S,
                                       .requested_at = BEGIN_MS,
                                       .expires_at = BEGIN_MS + (TIMEOUT_S + EXECUTION_S) * 1000,
                                       .n_targets = (int64_t)n,
                                       .written_at = BEGIN_MS};
    for (size_t i = 0; i < n; i++)
        c->targets[i] = (struct door_target){.host = "h",
                                             .host_state = HOST_REGISTERED,
                                             .status = INVOCATION_PENDING,
                                             .details = "Pending"};
}

static void must(bool is, const struct course *c, const char *what)
{
    if (is)
        return;
    print_error("%s: n=%zu concurrency=%lld budget=%lld at %lld, fates", what, c->n,
                (long long)c->command.concurrency, (long long)c->command.budget,
                (long long)(c->now - BEGIN_MS));
    for (size_t i = 0; i < c->n; i++)
        print_error(" %d(%s)", (int)c->fates[i], c->targets[i].details);
    fail_msg("%s", what);
}

static bool is_error(const struct door_target *t)
{
    return str_eq(t->details, "Failed") || str_eq(t->details, "ExecutionTimedOut");
}

static size_t count(const struct course *c, const char *details)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += str_eq(c->targets[i].details, details);
    return n;
}

static size_t errors_of(const struct course *c)
{
    return count(c, "Failed") + count(c, "ExecutionTimedOut");
}

/* What the flow does with a move --------------------------------------------------------------------- */

static void end(struct door_target *t, enum invocation_status status, const char *details)
{
    t->status = status;
    t->details = details;
}

static void release(struct course *c, struct door_target *t)
{
    size_t open = 0, released = 0, taken = 0, batch = 1;

    must(t->released_at == 0, c, "what was released is not released again");
    must(errors_of(c) <= (size_t)c->command.budget, c, "5.2 nothing is sent beyond the budget");
    must(c->command.cancel_at == 0, c, "nothing is sent of what was cancelled");
    t->released_at = c->now;
    for (size_t i = 0; i < c->n; i++) {
        const struct door_target *o = &c->targets[i];
        bool ended = invocation_has_ended(o->status);

        released += o->released_at != 0;
        open += o->released_at != 0 && !ended;
        taken += o->released_at != 0 && (ended || o->acknowledged_at != 0);
    }
    must(open <= (size_t)c->command.concurrency, c, "5.1 no more at once than MaxConcurrency");
    while (batch * 2 <= released)
        batch *= 2;
    if (batch < (size_t)c->command.concurrency)
        must(taken >= batch - 1, c, "5.1 one first, then two more, doubling as they are taken");
}

static void apply(struct course *c, const struct rules_command_move *m)
{
    struct door_target *t = &c->targets[m->target - c->targets];

    must(!invocation_has_ended(t->status), c, "4.1 an end never changes");
    switch (m->kind) {
    case RULES_COMMAND_RELEASE:
        release(c, t);
        return;
    case RULES_COMMAND_WITHDRAW:
        must(t->offered_at == 0, c, "what a host may have is not withdrawn");
        if (str_eq(m->details, "Terminated"))
            must(errors_of(c) > (size_t)c->command.budget, c,
                 "5.2 Terminated is beyond the budget");
        break;
    case RULES_COMMAND_EXPIRE:
        must(t->offered_at != 0, c, "what nobody was handed does not expire");
        must(!str_eq(m->details, "ExecutionTimedOut"), c, "5.3 never without the agent's word");
        break;
    case RULES_COMMAND_CANCEL:
        must(t->cancel_at == 0, c, "a host is asked once to end it");
        t->cancel_at = c->now;
        t->status = INVOCATION_CANCELLING;
        t->details = "Cancelling";
        return;
    }
    if (str_eq(m->details, "DeliveryTimedOut"))
        must(c->now >= (t->offered_at == 0 ? BEGIN_MS + TIMEOUT_S * 1000 : c->command.expires_at),
             c, "5.3 not before its clock");
    end(t, m->status, m->details);
}

/* What the hosts do ------------------------------------------------------------------------------------ */

/* One thing that this host would do now; false: nothing any more. */
static bool act(struct course *c, size_t i)
{
    struct door_target *t = &c->targets[i];

    if (invocation_has_ended(t->status) || t->released_at == 0)
        return false;
    if (t->offered_at == 0) {
        if (c->fates[i] == IS_REMOVED && t->host_state == HOST_REGISTERED) {
            t->host_state = HOST_DEREGISTERED;
            return true;
        }
        if (c->fates[i] == STAYS_AWAY || c->fates[i] == IS_REMOVED)
            return false;
        t->offered_at = c->now;
        return true;
    }
    if (t->acknowledged_at == 0) {
        t->acknowledged_at = c->now;
        if (t->status == INVOCATION_PENDING)
            end(t, INVOCATION_IN_PROGRESS, "InProgress");
        return true;
    }
    if (c->fates[i] == GOES_QUIET)
        return false;
    if (c->fates[i] == WELL && t->status == INVOCATION_CANCELLING)
        end(t, INVOCATION_CANCELLED, "Cancelled");
    else if (c->fates[i] == WELL)
        end(t, INVOCATION_SUCCESS, "Success");
    else if (c->fates[i] == FAILS)
        end(t, INVOCATION_FAILED, "Failed");
    else
        end(t, INVOCATION_TIMED_OUT, "ExecutionTimedOut");
    return true;
}

/* Somebody, from a place that the dice name. */
static bool anybody(struct course *c)
{
    size_t from = c->n > 0 ? dice((unsigned)c->n) : 0;

    for (size_t k = 0; k < c->n; k++)
        if (act(c, (from + k) % c->n))
            return true;
    return false;
}

/* 4.3, read once more ----------------------------------------------------------------------------------- */

static const char *whole(const struct course *c)
{
    size_t f = errors_of(c), d = count(c, "DeliveryTimedOut"), budget = (size_t)c->command.budget;
    size_t cancelled = count(c, "Cancelled") + count(c, "Terminated");
    size_t unreachable = count(c, "Undeliverable");

    if (c->n == 0)
        return "Success/NoInstancesInTag";
    if (f > budget)
        return count(c, "ExecutionTimedOut") == f ? "TimedOut/ExecutionTimedOut" : "Failed/Failed";
    if (cancelled == c->n)
        return "Cancelled/Cancelled";
    if (d > budget)
        return "TimedOut/DeliveryTimedOut";
    if (unreachable == c->n)
        return "Failed/Failed";
    return d + cancelled + f > 0 ? "Failed/Incomplete" : "Success/Success";
}

static void judge(const struct course *c, const struct rules_command_plan *p)
{
    size_t ended = 0, waiting = 0;

    for (size_t i = 0; i < c->n; i++) {
        ended += invocation_has_ended(c->targets[i].status);
        waiting += c->targets[i].status == INVOCATION_PENDING && c->targets[i].acknowledged_at == 0;
    }
    must(p->ended == (ended == c->n), c, "4.3 it ends with the last of its hosts");
    must(p->n_completed == (int64_t)ended && p->n_errors == (int64_t)errors_of(c) &&
             p->n_undelivered == (int64_t)count(c, "DeliveryTimedOut"),
         c, "3.1 the counts");
    if (p->ended)
        must(strcmp(arena_printf(&arena, "%s/%s", invocation_statuses[p->status].text, p->details),
                    whole(c)) == 0,
             c, p->details);
    else if (c->command.cancel_at != 0)
        must(p->status == INVOCATION_CANCELLING, c, "4.3 Cancelling while something is open");
    else
        must(p->status == (waiting == c->n ? INVOCATION_PENDING : INVOCATION_IN_PROGRESS), c,
             "4.3 Pending until one has left it");
}

/* The course -------------------------------------------------------------------------------------------- */

static void play(struct course *c, int cancel_in)
{
    struct rules_command_plan plan = {.ended = false};

    arena_init(&arena);
    for (int round = 0; !plan.ended; round++) {
        const struct rules_command_facts facts = {.command = &c->command,
                                                  .targets = c->targets,
                                                  .n_targets = c->n};

        must(round < ROUNDS_MAX, c, "it comes to an end");
        if (round == cancel_in)
            c->command.cancel_at = c->now;
        rules_command_make(&facts, c->now, &arena, &plan);
        judge(c, &plan);
        for (size_t i = 0; i < plan.n_moves; i++)
            apply(c, &plan.moves[i]);
        for (size_t i = 0; i < c->n && errors_of(c) > (size_t)c->command.budget; i++)
            must(c->targets[i].status != INVOCATION_PENDING || c->targets[i].offered_at != 0, c,
                 "5.2 what was not sent when the errors were too many is Terminated");
        if (plan.ended || anybody(c) || plan.n_moves > 0)
            continue;
        must(plan.next_change != VERDICT_NEVER && plan.next_change > c->now, c,
             "what waits knows until when");
        c->now = plan.next_change;
    }
    if (c->command.concurrency == 1)
        must(errors_of(c) <= (size_t)c->command.budget + 1, c, "5.2 one at a time: one error more");
    for (size_t i = 0; i < c->n; i++)
        must(!is_error(&c->targets[i]) || c->fates[i] == FAILS || c->fates[i] == TIMES_OUT, c,
             "5.2 undelivered is no error");
    arena_deinit(&arena);
}

static const char *const concurrencies[] = {"1", "2", "50%", "100%"}, *const budgets[] = {"0", "1",
                                                                                          "50%",
                                                                                          "100%"};

static void S5_each_command_of_up_to_four_hosts_keeps_its_rate_and_comes_to_its_end(void **state)
{
    (void)state;
    for (size_t n = 0, courses = 1; n <= 4; n++, courses *= FATES)
        for (size_t number = 0; number < courses; number++)
            for (size_t k = 0; k < 16; k++)
                for (int cancel_in = -1; cancel_in < (n < 4 ? 3 : 0); cancel_in++) {
                    struct course c;

                    begin(&c, n, concurrencies[k / 4], budgets[k % 4]);
                    for (size_t i = 0, rest = number; i < n; i++, rest /= FATES)
                        c.fates[i] = (enum fate)(rest % FATES);
                    play(&c, cancel_in);
                }
}

static void S5_so_do_larger_ones(void **state)
{
    static const char *const more[] = {"3", "7", "10%", "33%", "9999999"};

    (void)state;
    for (int i = 0; i < 400; i++) {
        unsigned bad = dice(4); /* of some courses none, of others nearly all */
        struct course c;

        begin(&c, 1 + dice(HOSTS_MAX), more[dice(5)], more[dice(5)]);
        for (size_t k = 0; k < c.n; k++)
            c.fates[k] = dice(4) < bad ? (enum fate)dice(FATES) : WELL;
        play(&c, dice(3) == 0 ? (int)dice(40) : -1);
    }
}

/* Rounded down, and MaxConcurrency at least one. */
static void S5_each_percentage_of_each_number_of_hosts(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 200; n++)
        for (size_t percent = 0; percent <= 100; percent++) {
            char text[8];
            size_t expected = 0;

            snprintf(text, sizeof(text), "%zu%%", percent);
            while ((expected + 1) * 100 <= n * percent)
                expected++;
            assert_int_equal(of(text, n, 0), expected);
            assert_int_equal(of(text, n, 1), expected > 0 ? expected : 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(S5_each_command_of_up_to_four_hosts_keeps_its_rate_and_comes_to_its_end),
        cmocka_unit_test(S5_so_do_larger_ones),
        cmocka_unit_test(S5_each_percentage_of_each_number_of_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
