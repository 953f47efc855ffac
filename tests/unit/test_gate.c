/* gate: every cause, every column of the gate table, and the promise "holds until next_change". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/timestamp.h"
#include "lib/rules/gate.h"

#define MINUTE (60 * 1000)
#define NOW ((time_ms)1800000000000)

/* Facts against which nothing speaks at NOW. */
static struct gate_facts clear_facts(void)
{
    return (struct gate_facts){.start_at = NOW,
                               .start_until = VERDICT_NEVER,
                               .source_seen_at = NOW,
                               .start_within_ms = 2 * MINUTE};
}

static void nothing_configured_means_go(void **state)
{
    struct gate_facts f = clear_facts();
    struct verdict v = gate_judge(&f, NOW);

    (void)state;
    assert_true(v.go);
    assert_int_equal(v.n_causes, 0);
    assert_int_equal(v.next_change, NOW + GATE_SOURCE_FRESH_MS);
}

static void F7_before_its_time_it_waits_until_then(void **state)
{
    struct gate_facts f = clear_facts();
    struct verdict v;

    (void)state;
    f.start_at = NOW + MINUTE;
    f.start_until = NOW + 16 * MINUTE;
    v = gate_judge(&f, NOW);
    assert_false(v.go);
    assert_int_equal(v.causes[0].kind, CAUSE_SCHEDULE);
    assert_int_equal(v.next_change, NOW + MINUTE);
    assert_true(gate_judge(&f, NOW + MINUTE).go);
    f.source_seen_at = NOW + 16 * MINUTE;
    assert_true(gate_judge(&f, NOW + 16 * MINUTE - 1).go);
    v = gate_judge(&f, NOW + 16 * MINUTE);
    assert_false(v.go);
    assert_int_equal(v.causes[0].kind, CAUSE_SCHEDULE);
}

static void without_a_known_start_the_hosts_are_judged_all_the_same(void **state)
{
    const struct gate_host silent = {.name = "web-1", .known = true, .seen_at = NOW - 60 * MINUTE};
    struct gate_facts f = clear_facts();
    struct verdict v;

    (void)state;
    f.start_at = VERDICT_NEVER;
    f.hosts = &silent;
    f.n_hosts = 1;
    v = gate_judge(&f, NOW);
    assert_false(v.go);
    assert_non_null(verdict_cause(&v, CAUSE_SCHEDULE));
    assert_non_null(verdict_cause(&v, CAUSE_HOST_SILENT));
}

static void F3_a_freeze_beats_a_window(void **state)
{
    struct interval window = {.from = NOW - MINUTE, .to = NOW + 60 * MINUTE};
    struct interval freeze = {.from = NOW - 2 * MINUTE, .to = NOW + MINUTE, .name = "stock"};
    struct gate_facts f = clear_facts();
    struct verdict v;

    (void)state;
    f.windows = &window;
    f.limited = true;
    f.n_windows = 1;
    assert_true(gate_judge(&f, NOW).go);
    f.freezes = &freeze;
    f.n_freezes = 1;
    v = gate_judge(&f, NOW);
    assert_false(v.go);
    assert_non_null(verdict_cause(&v, CAUSE_FREEZE));
    assert_null(verdict_cause(&v, CAUSE_WINDOW));
    assert_int_equal(v.next_change, NOW + MINUTE);
    f.source_seen_at = NOW + MINUTE;
    assert_true(gate_judge(&f, NOW + MINUTE).go);
}

static void F3_intervals_are_half_open_and_any_open_window_suffices(void **state)
{
    struct interval windows[] = {{.from = NOW - MINUTE, .to = NOW},
                                 {.from = NOW, .to = NOW + MINUTE}};
    struct gate_facts f = clear_facts();

    (void)state;
    f.windows = windows;
    f.limited = true;
    f.n_windows = 2;
    assert_true(gate_judge(&f, NOW - 1).n_causes == 1); /* only its start lies ahead */
    assert_true(gate_judge(&f, NOW).go);
    assert_false(gate_judge(&f, NOW + MINUTE).go);
}

static void F3_days_without_a_window_are_closed(void **state)
{
    struct gate_facts f = clear_facts();
    struct verdict v;

    (void)state;
    f.limited = true;
    v = gate_judge(&f, NOW);
    assert_false(v.go);
    assert_int_equal(v.causes[0].kind, CAUSE_WINDOW);
    assert_int_equal(v.causes[0].until, VERDICT_NEVER);
}

static void F4_a_hold_and_a_barrier_end_by_themselves(void **state)
{
    struct gate_hold hold = {.who = "ana", .until = NOW + MINUTE};
    struct gate_barrier barrier = {.pull = "#449", .until = NOW + 2 * MINUTE};
    struct gate_facts f = clear_facts();
    struct verdict v;

    (void)state;
    f.holds = &hold;
    f.n_holds = 1;
    f.barriers = &barrier;
    f.n_barriers = 1;
    assert_int_equal(gate_judge(&f, NOW).next_change, NOW + MINUTE);
    v = gate_judge(&f, NOW + MINUTE);
    assert_null(verdict_cause(&v, CAUSE_HOLD));
    assert_non_null(verdict_cause(&v, CAUSE_BARRIER));
    assert_false(gate_judge(&f, NOW + 2 * MINUTE - 1).go);
    assert_true(gate_judge(&f, NOW + 2 * MINUTE).go);
}

static void A3_an_approval_that_expires_before_the_start_is_none(void **state)
{
    struct gate_lack expires = {.kind = CAUSE_APPROVAL, .what = "#7", .from = NOW + MINUTE};
    struct gate_facts f = clear_facts();
    struct verdict v;

    (void)state;
    f.lacks = &expires;
    f.n_lacks = 1;
    assert_true(gate_judge(&f, NOW).go);
    f.start_at = NOW + MINUTE;
    f.start_until = NOW + 16 * MINUTE;
    v = gate_judge(&f, NOW);
    assert_non_null(verdict_cause(&v, CAUSE_APPROVAL)); /* told before it has expired */
}

static void a_source_not_seen_for_five_minutes_binds(void **state)
{
    struct gate_facts f = clear_facts();
    struct verdict v;

    (void)state;
    f.source_seen_at = NOW - GATE_SOURCE_FRESH_MS + 1;
    v = gate_judge(&f, NOW);
    assert_true(v.go);
    assert_int_equal(v.next_change, NOW + 1);
    v = gate_judge(&f, NOW + 1);
    assert_false(v.go);
    assert_int_equal(v.causes[0].kind, CAUSE_SOURCE_NOT_SEEN);
}

static void P2_a_silent_host_binds_until_start_within_and_no_longer(void **state)
{
    struct gate_host host = {.name = "web-2", .known = true, .seen_at = NOW - 2 * MINUTE};
    struct gate_facts f = clear_facts();
    struct verdict v;

    (void)state;
    f.hosts = &host;
    f.n_hosts = 1;
    v = gate_judge(&f, NOW);
    assert_false(v.go);
    assert_int_equal(v.causes[0].kind, CAUSE_HOST_SILENT);
    assert_string_equal(v.causes[0].what, "web-2");
    assert_int_equal(v.next_change, NOW + 2 * MINUTE);
    assert_true(gate_judge(&f, NOW + 2 * MINUTE).go);
}

static void a_host_nobody_registered_binds_until_somebody_does(void **state)
{
    struct gate_host host = {.name = "web-9"};
    struct gate_facts f = clear_facts();

    (void)state;
    f.hosts = &host;
    f.n_hosts = 1;
    f.source_seen_at = NOW + 60 * MINUTE;
    assert_int_equal(gate_judge(&f, NOW + 60 * MINUTE).causes[0].kind, CAUSE_NO_HOST);
}

static void a_setting_without_a_rule_binds_every_pass(void **state)
{
    struct gate_setting setting = {.setting = "between", .line = 41};

    (void)state;
    for (int pass = 0; pass < GATE_PASS_COUNT; pass++) {
        struct gate_facts f = clear_facts();
        struct verdict v;
        f.pass = (enum gate_pass)pass;
        f.not_built = &setting;
        f.n_not_built = 1;
        v = gate_judge(&f, NOW);
        assert_false(v.go);
        assert_int_equal(v.causes[0].kind, CAUSE_NOT_BUILT);
        assert_int_equal(v.causes[0].line, 41);
    }
}

/* Facts in which exactly one cause speaks, for each cause that has a fact of its own. */
static struct gate_facts facts_with(enum cause_kind kind, bool named)
{
    static const struct interval before = {.from = NOW - 2 * MINUTE, .to = NOW - MINUTE};
    static const struct interval around = {.from = NOW - MINUTE,
                                           .to = NOW + MINUTE,
                                           .name = "z",
                                           .strict = true};
    static const struct gate_hold hold = {.who = "ana",
                                          .why = "stock",
                                          .since = NOW - MINUTE,
                                          .until = VERDICT_NEVER};
    static const struct gate_need unproven = {.environment = "stage"};
    static const struct gate_need unrehearsed = {.environment = "stage",
                                                 .proven = true,
                                                 .unrehearsed = "stage"};
    static const struct gate_barrier barriers[] = {
        {.pull = "#449", .who = "ana", .until = NOW + 1},
        {.pull = "#449", .who = "ana", .until = NOW + 1, .named = true}};
    static const struct gate_barrier taken_back[] = {
        {.pull = "#449", .who = "ana", .until = VERDICT_NEVER, .rolled_back = true},
        {.pull = "#449", .who = "ana", .until = VERDICT_NEVER, .rolled_back = true, .named = true}};
    static const struct gate_lack lacks[] = {
        {.kind = CAUSE_APPROVAL, .what = "#7", .who = "team:sre", .why = "code 0/1"},
        {.kind = CAUSE_CHECK, .what = "stage", .who = "team:creative"},
        {.kind = CAUSE_CI, .what = "test"}};
    static const struct gate_setting setting = {.setting = "merge: on-release", .line = 7};
    static const struct gate_host silent = {.name = "a", .known = true, .seen_at = 1};
    static const struct gate_host lacking = {.name = "a",
                                             .known = true,
                                             .seen_at = NOW,
                                             .lacks = "fetch@2"};
    struct gate_facts f = clear_facts();

    f.names_unrehearsed = f.names_unsettled = named;
    switch (kind) {
    case CAUSE_SCHEDULE:
        f.start_at = NOW + 1;
        break;
    case CAUSE_WINDOW:
        f.windows = &before;
        f.limited = true;
        f.n_windows = 1;
        break;
    case CAUSE_CALENDAR:
        f.windows = &before;
        f.limited = true;
        f.n_windows = 1;
        f.windows_of_calendar = true;
        break;
    case CAUSE_FREEZE:
        f.freezes = &around;
        f.n_freezes = 1;
        break;
    case CAUSE_HOLD:
        f.holds = &hold;
        f.n_holds = 1;
        break;
    case CAUSE_APPROVAL:
        f.lacks = &lacks[0];
        f.n_lacks = 1;
        break;
    case CAUSE_CHECK:
        f.lacks = &lacks[1];
        f.n_lacks = 1;
        break;
    case CAUSE_CI:
        f.lacks = &lacks[2];
        f.n_lacks = 1;
        break;
    case CAUSE_NEEDS:
        f.needs = &unproven;
        f.n_needs = 1;
        break;
    case CAUSE_REHEARSAL:
        f.needs = &unrehearsed;
        f.n_needs = 1;
        break;
    case CAUSE_BARRIER:
        f.barriers = &barriers[named];
        f.n_barriers = 1;
        break;
    case CAUSE_ROLLED_BACK:
        f.barriers = &taken_back[named];
        f.n_barriers = 1;
        break;
    case CAUSE_PINNED:
        f.pinned = "r7";
        f.pinned_until = NOW + 1;
        break;
    case CAUSE_SEPARATE:
        f.separate = "r7";
        break;
    case CAUSE_UNSETTLED:
        f.unsettled_database = "shop";
        break;
    case CAUSE_OPEN_DEPLOYMENT:
        f.open_deployment = "r7";
        break;
    case CAUSE_REWRITTEN:
        f.rewritten = "4f2c9e1";
        break;
    case CAUSE_SOURCE_NOT_SEEN:
        f.source_seen_at = 0;
        break;
    case CAUSE_HOST_LACKS_DOCUMENT:
        f.hosts = &lacking;
        f.n_hosts = 1;
        break;
    case CAUSE_HOST_SILENT:
        f.hosts = &silent;
        f.n_hosts = 1;
        break;
    case CAUSE_NO_HOST:
        f.role_without_host = "web";
        break;
    case CAUSE_FAILED_BEFORE:
        f.failed_before = true;
        break;
    case CAUSE_NOT_ASKED:
        f.not_asked = true;
        break;
    case CAUSE_NOT_BUILT:
        f.not_built = &setting;
        f.n_not_built = 1;
        break;
    case CAUSE_EXCLUDED:
    case CAUSE_COUNT:
        break;
    }
    return f;
}

static void every_cause_binds_exactly_where_the_gate_table_says(void **state)
{
    (void)state;
    for (int kind = 0; kind < CAUSE_COUNT; kind++) {
        if (kind == CAUSE_EXCLUDED)
            continue; /* found by the plan, not by the gate */
        for (int pass = 0; pass < GATE_PASS_COUNT; pass++) {
            for (int named = 0; named < 2; named++) {
                struct gate_facts f = facts_with((enum cause_kind)kind, named != 0);
                enum gate_cell cell = verdict_causes[kind].cells[pass];
                bool binds = cell == CELL_BINDS || cell == CELL_UNLESS_STRICT ||
                             (cell == CELL_IF_NAMED && named == 0);
                struct verdict v;
                f.pass = (enum gate_pass)pass;
                v = gate_judge(&f, NOW);
                if (binds != (verdict_cause(&v, (enum cause_kind)kind) != NULL) || binds == v.go)
                    fail_msg("cause %s, pass %d, named %d",
                             verdict_cause_key((enum cause_kind)kind), pass, named);
            }
        }
    }
}

static void a_hotfix_names_what_it_passes_and_what_it_does_not(void **state)
{
    struct gate_barrier barriers[] = {{.pull = "#449", .until = NOW + MINUTE, .named = true},
                                      {.pull = "#450", .until = NOW + MINUTE}};
    struct interval freeze = {.from = NOW, .to = NOW + MINUTE, .name = "stock"};
    struct gate_hold hold = {.who = "ana", .until = VERDICT_NEVER};
    struct gate_facts f = clear_facts();
    struct verdict v;

    (void)state;
    f.pass = GATE_HOTFIX;
    f.barriers = barriers;
    f.n_barriers = 2;
    f.freezes = &freeze;
    f.n_freezes = 1;
    f.holds = &hold;
    f.n_holds = 1;
    v = gate_passed(&f, NOW);
    assert_int_equal(v.n_causes, 3);
    assert_non_null(verdict_cause(&v, CAUSE_FREEZE));
    assert_non_null(verdict_cause(&v, CAUSE_HOLD));
    assert_string_equal(verdict_cause(&v, CAUSE_BARRIER)->what, "#449");
    v = gate_judge(&f, NOW);
    assert_int_equal(v.n_causes, 1);
    assert_string_equal(v.causes[0].what, "#450");
    f.pass = GATE_NORMAL;
    assert_int_equal(gate_passed(&f, NOW).n_causes, 0); /* naming alone passes nothing */
}

static void M8_who_passes_needs_has_not_passed_the_rehearsal(void **state)
{
    struct gate_need need = {.environment = "stage", .unrehearsed = "stage"};
    struct gate_facts f = clear_facts();
    struct verdict v;

    (void)state;
    f.needs = &need;
    f.n_needs = 1;
    v = gate_judge(&f, NOW);
    assert_int_equal(v.n_causes, 1); /* one of them says enough */
    assert_int_equal(v.causes[0].kind, CAUSE_NEEDS);
    f.pass = GATE_HOTFIX;
    v = gate_judge(&f, NOW);
    assert_int_equal(v.n_causes, 1);
    assert_int_equal(v.causes[0].kind, CAUSE_REHEARSAL);
    f.names_unrehearsed = true;
    assert_true(gate_judge(&f, NOW).go);
}

static uint64_t seed = 88172645463325252u;
static time_ms random_ms(time_ms range)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (time_ms)(seed % (uint64_t)range);
}

static void a_verdict_is_constant_until_its_next_change(void **state)
{
    (void)state;
    for (int round = 0; round < 100000; round++) {
        struct interval windows[3], freezes[3];
        struct gate_host host = {.name = "a", .known = true, .seen_at = NOW - random_ms(90000)};
        struct gate_facts f = clear_facts();
        struct verdict first;
        for (int i = 0; i < 3; i++) {
            windows[i].from = NOW + random_ms(600000) - 300000;
            windows[i].to = windows[i].from + 1 + random_ms(200000);
            freezes[i] = (struct interval){.from = NOW + random_ms(600000) - 300000};
            freezes[i].to = freezes[i].from + 1 + random_ms(100000);
        }
        f.windows = windows;
        f.limited = random_ms(2) == 0;
        f.n_windows = (size_t)random_ms(4);
        f.freezes = freezes;
        f.n_freezes = (size_t)random_ms(4);
        f.start_at = NOW + random_ms(200000) - 100000;
        f.start_until = f.start_at + random_ms(300000);
        f.source_seen_at = NOW - random_ms(400000);
        f.hosts = &host;
        f.n_hosts = 1;
        first = gate_judge(&f, NOW);
        assert_true(first.next_change > NOW);
        for (int probe = 0; probe < 8; probe++) {
            time_ms end = first.next_change == VERDICT_NEVER ? NOW + 900000 : first.next_change;
            struct verdict v = gate_judge(&f, NOW + random_ms(end - NOW));
            assert_int_equal(v.go, first.go);
            assert_int_equal(v.n_causes, first.n_causes);
            for (size_t i = 0; i < v.n_causes; i++)
                assert_int_equal(v.causes[i].kind, first.causes[i].kind);
        }
    }
}

static void adding_a_freeze_never_makes_a_start_possible(void **state)
{
    (void)state;
    for (int round = 0; round < 100000; round++) {
        struct interval freeze = {.from = NOW + random_ms(100000) - 50000};
        struct gate_facts f = clear_facts();
        bool before;
        freeze.to = freeze.from + random_ms(100000);
        f.start_at = NOW + random_ms(2000) - 1000;
        before = gate_judge(&f, NOW).go;
        f.freezes = &freeze;
        f.n_freezes = 1;
        assert_true(before || !gate_judge(&f, NOW).go);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_configured_means_go),
        cmocka_unit_test(F7_before_its_time_it_waits_until_then),
        cmocka_unit_test(without_a_known_start_the_hosts_are_judged_all_the_same),
        cmocka_unit_test(F3_a_freeze_beats_a_window),
        cmocka_unit_test(F3_intervals_are_half_open_and_any_open_window_suffices),
        cmocka_unit_test(F3_days_without_a_window_are_closed),
        cmocka_unit_test(F4_a_hold_and_a_barrier_end_by_themselves),
        cmocka_unit_test(A3_an_approval_that_expires_before_the_start_is_none),
        cmocka_unit_test(a_source_not_seen_for_five_minutes_binds),
        cmocka_unit_test(P2_a_silent_host_binds_until_start_within_and_no_longer),
        cmocka_unit_test(a_host_nobody_registered_binds_until_somebody_does),
        cmocka_unit_test(a_setting_without_a_rule_binds_every_pass),
        cmocka_unit_test(every_cause_binds_exactly_where_the_gate_table_says),
        cmocka_unit_test(a_hotfix_names_what_it_passes_and_what_it_does_not),
        cmocka_unit_test(M8_who_passes_needs_has_not_passed_the_rehearsal),
        cmocka_unit_test(a_verdict_is_constant_until_its_next_change),
        cmocka_unit_test(adding_a_freeze_never_makes_a_start_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
