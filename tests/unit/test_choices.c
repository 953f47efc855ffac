/* choices: what is offered is what goes, by the rules that judge the acts themselves (P5, M6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rules/choices.h"
#include "lib/rules/migrate.h"

#define NOW INT64_C(1795446000000)

struct world {
    struct deployment deployment;
    struct job job;
    struct invocation hosts[2];
    struct attempt attempt;
    struct progress_facts open;
    struct gate_facts gate;
    struct gate_hold hold;
    struct verdict rollback;
    struct choices_attempt attempts[1];
    struct choices_facts facts;
    struct choices choices;
    struct arena arena;
};

/* web-1 failed, web-2 was not touched; r3 may be gone back to. */
static void init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    arena_init(&w->arena);
    w->deployment = (struct deployment){.state = DEPLOYMENT_ATTENTION, .release_number = 4};
    w->job = (struct job){.name = "web", .touches = true, .state = JOB_FAILED, .timeout_ms = 1000};
    w->hosts[0] = (struct invocation){.host = "web-1",
                                      .host_id = "mi-1",
                                      .status = INVOCATION_FAILED,
                                      .details = "Failed",
                                      .offered_at = NOW - 100};
    w->hosts[1] = (struct invocation){.host = "web-2",
                                      .host_id = "mi-2",
                                      .status = INVOCATION_CANCELLED,
                                      .details = "Terminated"};
    w->open = (struct progress_facts){.deployment = &w->deployment,
                                      .jobs = &w->job,
                                      .n_jobs = 1,
                                      .invocations = w->hosts,
                                      .n_invocations = 2,
                                      .attempts = &w->attempt};
    w->gate = (struct gate_facts){.source_seen_at = NOW};
    w->rollback = verdict_go();
    w->facts = (struct choices_facts){.open = &w->open,
                                      .gate = &w->gate,
                                      .way_back = {.answer = RULES_ROLLBACK_GOES,
                                                   .target = 3,
                                                   .touched_only = true},
                                      .rollback = &w->rollback,
                                      .attempts = w->attempts,
                                      .now = NOW};
}

static const struct choice *find(struct world *w, enum choice_kind kind)
{
    const struct choice *found = NULL;

    choices_make(&w->facts, &w->arena, &w->choices);
    for (size_t i = 0; i < w->choices.n; i++)
        if (w->choices.items[i].kind == kind) {
            assert_null(found); /* once */
            found = &w->choices.items[i];
        }
    return found;
}

static enum choice_refusal refusal(struct world *w, enum choice_kind kind)
{
    const struct choice *c = find(w, kind);

    assert_non_null(c);
    return c->refusal;
}

static void P5_the_four_ways_are_offered_and_who_failed_can_be_left_out(void **state)
{
    const struct choice *c;
    struct world w;

    (void)state;
    init(&w);
    assert_int_equal(refusal(&w, CHOICE_RETRY), CHOICE_OPEN);
    assert_int_equal(refusal(&w, CHOICE_CANCEL), CHOICE_OPEN);
    c = find(&w, CHOICE_LEAVE_OUT);
    assert_string_equal(c->host, "web-1");
    assert_int_equal(c->refusal, CHOICE_OPEN);
    c = find(&w, CHOICE_ROLL_BACK);
    assert_int_equal(c->refusal, CHOICE_OPEN);
    assert_int_equal(c->release, 3);
    assert_true(c->touched_only);
    assert_false(c->across || c->beside);
    assert_true(find(&w, CHOICE_CANCEL)->as_failed);
    assert_null(find(&w, CHOICE_PROBE));
    arena_deinit(&w.arena);
}

static void GATE_a_hold_binds_retry_and_leave_out_and_not_the_others(void **state)
{
    struct world w;

    (void)state;
    init(&w);
    w.hold = (struct gate_hold){.who = "ana", .why = "stock", .since = 1, .until = NOW + 5};
    w.gate.holds = &w.hold;
    w.gate.n_holds = 1;
    assert_int_equal(refusal(&w, CHOICE_RETRY), CHOICE_GATE);
    assert_int_equal(find(&w, CHOICE_RETRY)->cause->kind, CAUSE_HOLD);
    assert_int_equal(find(&w, CHOICE_RETRY)->until, NOW + 5);
    assert_int_equal(refusal(&w, CHOICE_LEAVE_OUT), CHOICE_GATE);
    assert_int_equal(refusal(&w, CHOICE_ROLL_BACK), CHOICE_OPEN);
    assert_int_equal(refusal(&w, CHOICE_CANCEL), CHOICE_OPEN);
    arena_deinit(&w.arena);
}

static void I11_who_may_still_run_is_named_with_its_end(void **state)
{
    const struct choice *c;
    struct world w;

    (void)state;
    init(&w);
    w.hosts[0].status = INVOCATION_UNKNOWN;
    c = find(&w, CHOICE_RETRY);
    assert_int_equal(c->refusal, CHOICE_STILL_RUNS);
    assert_string_equal(c->host, "web-1");
    assert_int_equal(c->until, NOW - 100 + 1000);
    assert_int_equal(refusal(&w, CHOICE_LEAVE_OUT), CHOICE_OPEN); /* it is the one */
    arena_deinit(&w.arena);
}

static void P5_what_is_being_ended_offers_nothing_more(void **state)
{
    struct world w;

    (void)state;
    init(&w);
    w.deployment.cancel_at = NOW;
    assert_int_equal(refusal(&w, CHOICE_RETRY), CHOICE_IS_ENDING);
    assert_int_equal(refusal(&w, CHOICE_CANCEL), CHOICE_IS_ENDING);
    arena_deinit(&w.arena);
}

static void R1_each_reason_why_there_is_no_way_back(void **state)
{
    static const enum choice_refusal expected[] = {
        [RULES_ROLLBACK_GOES] = CHOICE_OPEN,
        [RULES_ROLLBACK_NOTHING_LIVE] = CHOICE_NO_WAY_BACK,
        [RULES_ROLLBACK_NO_TARGET] = CHOICE_NO_WAY_BACK,
        [RULES_ROLLBACK_NOT_OLDER] = CHOICE_NO_WAY_BACK,
        [RULES_ROLLBACK_NEVER_THERE] = CHOICE_NO_WAY_BACK,
        [RULES_ROLLBACK_NOTHING_TOUCHED] = CHOICE_UNTOUCHED};
    struct world w;

    (void)state;
    init(&w);
    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
        w.facts.way_back.answer = (enum rules_rollback_answer)i;
        assert_int_equal(refusal(&w, CHOICE_ROLL_BACK), expected[i]);
    }
    arena_deinit(&w.arena);
}

static void R2_a_way_back_names_what_it_passes_and_is_refused_by_the_rest(void **state)
{
    struct cause cause = {.kind = CAUSE_UNSETTLED, .until = VERDICT_NEVER};
    struct world w;

    (void)state;
    init(&w);
    w.facts.way_back_across = true;
    verdict_bind(&w.rollback, &cause);
    cause.kind = CAUSE_HOST_SILENT; /* it waits a moment for that one */
    verdict_bind(&w.rollback, &cause);
    assert_int_equal(refusal(&w, CHOICE_ROLL_BACK), CHOICE_OPEN);
    assert_true(find(&w, CHOICE_ROLL_BACK)->across);
    assert_true(find(&w, CHOICE_ROLL_BACK)->beside);
    cause.kind = CAUSE_FREEZE; /* with `allow: []` */
    verdict_bind(&w.rollback, &cause);
    assert_int_equal(refusal(&w, CHOICE_ROLL_BACK), CHOICE_GATE);
    assert_int_equal(find(&w, CHOICE_ROLL_BACK)->cause->kind, CAUSE_FREEZE);
    arena_deinit(&w.arena);
}

/* In every state: what settle.h refuses is refused here with its words, the rest is open. */
static void M6_the_ways_out_of_an_attempt_are_those_of_settle(void **state)
{
    static const enum choice_kind of_act[] = {CHOICE_MARK_SUCCEEDED, CHOICE_MARK_FAILED,
                                              CHOICE_NEW_ATTEMPT, CHOICE_ABANDON};
    struct world w;

    (void)state;
    init(&w);
    w.attempt = (struct attempt){.database = "shop", .host = "batch-1"};
    w.open.n_attempts = w.facts.n_attempts = 1;
    w.attempts[0].settle = (struct settle_facts){.attempt = &w.attempt, .now = NOW};
    for (int s = 0; s < ATTEMPT_STATES_COUNT; s++) {
        w.attempt.state = (enum attempt_state)s;
        for (int act = 0; act < SETTLE_ACTS_COUNT; act++) {
            const char *why = settle_refusal(&w.arena, &w.attempts[0].settle, (enum settle_act)act);
            const struct choice *c = find(&w, of_act[act]);
            assert_string_equal(c->database, "shop");
            assert_int_equal(c->refusal, why != NULL ? CHOICE_SETTLE : CHOICE_OPEN);
            if (why != NULL)
                assert_string_equal(c->why, why);
        }
        assert_int_equal(refusal(&w, CHOICE_PROBE), CHOICE_OPEN);
        assert_int_equal(refusal(&w, CHOICE_RETRY), CHOICE_UNSETTLED);
    }
    w.attempts[0].probed = true;
    assert_int_equal(refusal(&w, CHOICE_PROBE), CHOICE_PROBED);
    arena_deinit(&w.arena);
}

/* The store may have forgotten a permit that was given just before it was restored. */
static void G5_a_fence_stands_for_as_long_as_a_forgotten_permit_lives(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);
    assert_string_equal(
        settle_fence_refusal(&arena, 1000, 1000 + SETTLE_PERMIT_LIFE_MS - 1),
        "the store may have forgotten a permit, and one may still be used; ask again "
        "in 1 s");
    assert_null(settle_fence_refusal(&arena, 1000, 1000 + SETTLE_PERMIT_LIFE_MS));
    arena_deinit(&arena);
}

/* Its host fell silent with a permit in its hand: what a probe saw before it was over is no look. */
static void M6_a_probe_counts_that_was_asked_when_no_permit_could_be_used_any_more(void **state)
{
    struct attempt a = {.id = 1, .state = ATTEMPT_UNKNOWN, .host = "batch-1"};
    struct probe p = {.attempt_id = 1, .ended_at = NOW, .pending = 1};
    struct settle_facts f = {.attempt = &a,
                             .probe = &p,
                             .permitted_at = NOW - 2 * SETTLE_PERMIT_LIFE_MS,
                             .quiet_since = NOW - 2 * SETTLE_PERMIT_LIFE_MS,
                             .now = NOW};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    p.asked_at = NOW - SETTLE_PERMIT_LIFE_MS - 1;
    assert_non_null(strstr(settle_refusal(&arena, &f, SETTLE_RETRY), "slipway migrate probe"));
    p.pending = 0;
    assert_non_null(strstr(settle_refusal(&arena, &f, SETTLE_SUCCEEDED), "could still begin"));
    p.asked_at = NOW - SETTLE_PERMIT_LIFE_MS;
    assert_null(settle_refusal(&arena, &f, SETTLE_RETRY));
    assert_null(settle_refusal(&arena, &f, SETTLE_SUCCEEDED));
    a.gone_at = NOW - 2 * SETTLE_PERMIT_LIFE_MS; /* its supervisor is gone, and begins nothing */
    p.asked_at = a.gone_at;
    f.quiet_since = a.gone_at;
    assert_null(settle_refusal(&arena, &f, SETTLE_RETRY));
    f.is_over = true; /* nothing of its deployment follows any more, whatever was looked at */
    f.unprobed = true;
    assert_non_null(strstr(settle_refusal(&arena, &f, SETTLE_RETRY), "would follow"));
    assert_null(settle_refusal(&arena, &f, SETTLE_ABANDON));
    f.is_over = f.unprobed = false;
    f.permitted_at =
        a.gone_at -
        1000; /* ... more, but what it began in that second is not seen by a probe of before */
    p.asked_at = a.gone_at - 1;
    assert_non_null(strstr(settle_refusal(&arena, &f, SETTLE_SUCCEEDED), "could still begin"));
    p.asked_at = a.gone_at;
    assert_null(settle_refusal(&arena, &f, SETTLE_SUCCEEDED));
    arena_deinit(&arena);
}

/* The turn of a job that would plan an attempt: each thing alone stands in its way. */
static void M2_G1_nothing_is_planned_beside_what_holds_the_database(void **state)
{
    const struct attempt other = {.id = 7};
    struct migrate_ledger l = {.holder_seen_at = NOW - SETTLE_RETRY_AFTER_MS};

    (void)state;
    assert_int_equal(migrate_turn(&l, NOW), MIGRATE_GO);
    assert_int_equal(migrate_turn(&l, NOW - 1), MIGRATE_NOT_CLEAR);
    l.success = &other;
    assert_int_equal(migrate_turn(&l, NOW), MIGRATE_DONE);
    l.unsettled = &other;
    assert_int_equal(migrate_turn(&l, NOW), MIGRATE_HELD);
    l = (struct migrate_ledger){.is_fenced = true};
    assert_int_equal(migrate_turn(&l, NOW), MIGRATE_HELD);
}

/* Somebody wants its end before it began: it is not running by that, and the host's word that it never began settles it. */
static void P6_a_cancel_does_not_say_that_it_began(void **state)
{
    struct invocation inv = {.status = INVOCATION_CANCELLING,
                             .details = "Cancelling",
                             .offered_at = 1};

    (void)state;
    assert_int_equal(migrate_state_of(ATTEMPT_PLANNED, &inv), ATTEMPT_OFFERED);
    inv.acknowledged_at = 2;
    assert_int_equal(migrate_state_of(ATTEMPT_OFFERED, &inv), ATTEMPT_ACCEPTED);
    inv.permitted_at = 3;
    assert_int_equal(migrate_state_of(ATTEMPT_ACCEPTED, &inv), ATTEMPT_PERMITTED);
    inv.status = INVOCATION_CANCELLED;
    inv.details = "NotStarted";
    assert_int_equal(migrate_state_of(ATTEMPT_PERMITTED, &inv), ATTEMPT_NOT_STARTED);
    assert_true(states_allows(attempt_states, ATTEMPT_PERMITTED, ATTEMPT_NOT_STARTED));
    inv.status = INVOCATION_CANCELLING;
    inv.began_at = 4;
    assert_int_equal(migrate_state_of(ATTEMPT_PERMITTED, &inv), ATTEMPT_RUNNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(P6_a_cancel_does_not_say_that_it_began),
        cmocka_unit_test(M6_a_probe_counts_that_was_asked_when_no_permit_could_be_used_any_more),
        cmocka_unit_test(M2_G1_nothing_is_planned_beside_what_holds_the_database),
        cmocka_unit_test(G5_a_fence_stands_for_as_long_as_a_forgotten_permit_lives),
        cmocka_unit_test(P5_the_four_ways_are_offered_and_who_failed_can_be_left_out),
        cmocka_unit_test(GATE_a_hold_binds_retry_and_leave_out_and_not_the_others),
        cmocka_unit_test(I11_who_may_still_run_is_named_with_its_end),
        cmocka_unit_test(P5_what_is_being_ended_offers_nothing_more),
        cmocka_unit_test(R1_each_reason_why_there_is_no_way_back),
        cmocka_unit_test(R2_a_way_back_names_what_it_passes_and_is_refused_by_the_rest),
        cmocka_unit_test(M6_the_ways_out_of_an_attempt_are_those_of_settle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
