/* rules_approval: A2 and A3 as a matrix of persons, changes and settings (T24), and properties over random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rules/rules_approval.h"
#include "lib/rules/verdict.h"

#define NOW ((time_ms)1800000000000)
#define HOUR (60 * INT64_C(60000))

static const struct account ana = {1, "ana"}, ken = {2, "ken"}, li = {3, "li"};
static const struct account by_login = {0, "Ana"}, nobody = {0, NULL};

static struct approval by(const struct account *account)
{
    return (struct approval){.account = *account, .code = true, .content = true, .granted_at = NOW};
}

static struct change made_by(const struct account *makers, size_t n, enum lane lane)
{
    return (struct change){.release = 7, .pull = 7, .lane = lane, .makers = makers, .n_makers = n};
}

static struct rules_approval_answer judge(struct config_approvals rule,
                                          const struct change *changes, size_t n_changes,
                                          const struct approval *approvals, size_t n_approvals,
                                          time_ms now)
{
    const struct rules_approval_facts f = {.rule = rule,
                                           .changes = changes,
                                           .n_changes = n_changes,
                                           .approvals = approvals,
                                           .n_approvals = n_approvals};

    return rules_approval_judge(&f, now);
}

static void A2_an_approval_counts_for_what_its_person_did_not_make(void **state)
{
    static const struct account makers[] = {{1, "ana"}, {2, "ken"}};
    const struct {
        const struct account *who;
        bool self;
        enum rules_approval_word word;
    } rows[] = {
        {&ana, false, RULES_APPROVAL_OWN},      /* author */
        {&ken, false, RULES_APPROVAL_OWN},      /* last pusher, or a commit author */
        {&by_login, false, RULES_APPROVAL_OWN}, /* without a number the login is compared */
        {&li, false, RULES_APPROVAL_COUNTS},    {&nobody, false, RULES_APPROVAL_NOBODY},
        {&ana, true, RULES_APPROVAL_COUNTS},    {&nobody, true, RULES_APPROVAL_COUNTS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct config_approvals rule = {.code = 1, .self = rows[i].self};
        const struct change change = made_by(makers, 2, LANE_CODE);
        const struct approval approval = by(rows[i].who);
        bool counts = rows[i].word == RULES_APPROVAL_COUNTS;
        assert_int_equal(rules_approval_of(&rule, &change, &approval, NOW), rows[i].word);
        assert_int_equal(judge(rule, &change, 1, &approval, 1, NOW).approved, counts);
    }
}

static void A2_a_renamed_account_is_the_same_and_a_reused_login_another(void **state)
{
    static const struct account renamed = {1, "ana-the-great"}, reused = {9, "ana"};
    const struct config_approvals rule = {.code = 1};
    const struct change change = made_by(&ana, 1, LANE_CODE);
    struct approval approval = by(&renamed);

    (void)state;
    assert_int_equal(rules_approval_of(&rule, &change, &approval, NOW), RULES_APPROVAL_OWN);
    approval = by(&reused);
    assert_int_equal(rules_approval_of(&rule, &change, &approval, NOW), RULES_APPROVAL_COUNTS);
}

static void T24_in_a_batch_of_two_authors_each_may_approve_the_others_part(void **state)
{
    const struct config_approvals rule = {.code = 1};
    const struct change batch[] = {made_by(&ana, 1, LANE_CODE), made_by(&ken, 1, LANE_CODE)};
    const struct approval said[] = {by(&ana), by(&ken), by(&li)};
    struct rules_approval_answer answer;

    (void)state;
    answer = judge(rule, batch, 2, &said[0], 1, NOW); /* ana: ken's part only */
    assert_false(answer.approved);
    assert_ptr_equal(answer.first, &batch[0]);
    assert_int_equal(answer.n_lacking, 1);
    answer = judge(rule, batch, 2, &said[1], 1, NOW);
    assert_false(answer.approved);
    assert_ptr_equal(answer.first, &batch[1]);
    assert_true(judge(rule, batch, 2, said, 2, NOW).approved); /* both: each other's */
    assert_true(judge(rule, batch, 2, &said[2], 1, NOW).approved);
    assert_false(judge((struct config_approvals){.code = 2}, batch, 2, said, 2, NOW).approved);
    assert_true(judge((struct config_approvals){.code = 2}, batch, 2, said, 3, NOW).approved);
    assert_true(
        judge((struct config_approvals){.code = 2, .self = true}, batch, 2, said, 2, NOW).approved);
}

static void A2_each_change_needs_the_number_of_its_lane_by_that_right(void **state)
{
    const struct change batch[] = {made_by(&ana, 1, LANE_CODE), made_by(&ken, 1, LANE_CONTENT)};
    struct approval said[] = {by(&li), by(&li)};

    (void)state;
    said[0].content = false;
    said[1].code = false;
    assert_true(judge((struct config_approvals){.code = 1}, batch, 2, &said[0], 1, NOW).approved);
    assert_false(judge((struct config_approvals){.code = 1}, batch, 2, &said[1], 1, NOW).approved);
    assert_true(
        judge((struct config_approvals){.content = 1}, batch, 2, &said[1], 1, NOW).approved);
    assert_false(
        judge((struct config_approvals){.code = 1, .content = 1}, batch, 2, &said[0], 1, NOW)
            .approved);
    assert_true(
        judge((struct config_approvals){.code = 0, .content = 0}, batch, 2, NULL, 0, NOW).approved);
}

static void C6_what_was_pushed_without_a_pull_request_needs_the_number_of_code(void **state)
{
    const struct change pushed = {.release = 8, .lane = LANE_CODE, .makers = &ken, .n_makers = 1};
    const struct approval said[] = {by(&ken), by(&ana)};

    (void)state;
    assert_false(judge((struct config_approvals){.code = 1}, &pushed, 1, said, 1, NOW).approved);
    assert_true(judge((struct config_approvals){.code = 1}, &pushed, 1, said, 2, NOW).approved);
}

static void A2_who_may_be_the_unknown_author_does_not_approve_alone(void **state)
{
    const struct change unknown = made_by(NULL, 0, LANE_CODE);
    const struct approval said[] = {by(&ana), by(&ken)};

    (void)state;
    assert_false(judge((struct config_approvals){.code = 1}, &unknown, 1, said, 1, NOW).approved);
    assert_true(judge((struct config_approvals){.code = 1}, &unknown, 1, said, 2, NOW).approved);
    assert_true(judge((struct config_approvals){.code = 1, .self = true}, &unknown, 1, said, 1, NOW)
                    .approved);
    assert_true(judge((struct config_approvals){.code = 0}, &unknown, 1, NULL, 0, NOW).approved);
}

/* Behind a merge, or folded by a squash: the author is known, others are not. */
static void A2_each_maker_who_is_not_known_wants_one_more(void **state)
{
    struct change change = made_by(&li, 1, LANE_CODE);
    const struct approval said[] = {by(&ana), by(&ken)};

    (void)state;
    change.n_unknown = 1;
    assert_false(judge((struct config_approvals){.code = 1}, &change, 1, said, 1, NOW).approved);
    assert_true(judge((struct config_approvals){.code = 1}, &change, 1, said, 2, NOW).approved);
    change.n_unknown = 2; /* both may be his */
    assert_false(judge((struct config_approvals){.code = 1}, &change, 1, said, 2, NOW).approved);
    assert_true(judge((struct config_approvals){.code = 1, .self = true}, &change, 1, said, 1, NOW)
                    .approved);
    assert_true(judge((struct config_approvals){.code = 0}, &change, 1, NULL, 0, NOW).approved);
    change.n_makers = 0; /* one of them is the author */
    change.n_unknown = 1;
    assert_true(judge((struct config_approvals){.code = 1}, &change, 1, said, 2, NOW).approved);
}

static void A2_one_person_is_one_however_he_comes_in(void **state)
{
    const struct change change = made_by(&ken, 1, LANE_CODE);
    const struct approval twice[] = {by(&ana), by(&ana), by(&by_login)};
    const struct approval strangers[] = {by(&nobody), by(&nobody), by(&ana)};

    (void)state;
    assert_false(judge((struct config_approvals){.code = 2}, &change, 1, twice, 3, NOW).approved);
    assert_false(
        judge((struct config_approvals){.code = 2, .self = true}, &change, 1, strangers, 2, NOW)
            .approved);
    assert_true(
        judge((struct config_approvals){.code = 2, .self = true}, &change, 1, strangers, 3, NOW)
            .approved);
}

static void A3_an_approval_expires_and_it_is_known_when(void **state)
{
    const struct config_approvals rule = {.code = 2, .expire_ms = 24 * HOUR};
    const struct change change = made_by(&ken, 1, LANE_CODE);
    struct approval said[] = {by(&ana), by(&li), by(&ana)};
    struct rules_approval_answer answer;

    (void)state;
    said[1].granted_at = NOW - 10 * HOUR;
    said[2].granted_at = NOW - 20 * HOUR; /* the same person's later one counts */
    answer = judge(rule, &change, 1, said, 3, NOW);
    assert_true(answer.approved);
    assert_int_equal(answer.until, NOW + 14 * HOUR);
    assert_true(judge(rule, &change, 1, said, 3, answer.until - 1).approved);
    assert_false(judge(rule, &change, 1, said, 3, answer.until).approved);
    answer = judge((struct config_approvals){.code = 2}, &change, 1, said, 3, NOW);
    assert_int_equal(answer.until, VERDICT_NEVER);
}

static void A2_an_address_of_github_names_an_account_and_no_other_does(void **state)
{
    static const struct {
        const char *email;
        int64_t id;
        const char *login;
    } rows[] = {
        {"41+ana@users.noreply.github.com", 41, "ana"},
        {"ana@users.noreply.github.com", 0, "ana"},
        {"41+ana@USERS.noreply.GitHub.com", 41, "ana"},
        {"ana@acme.example", 0, NULL},
        {"ana@users.noreply.github.com.acme.example", 0, NULL},
        {"x+ana@users.noreply.github.com", 0, NULL},
        {"0+ana@users.noreply.github.com", 0, NULL},
        {"99999999999999999999999999+ana@users.noreply.github.com", 0, NULL},
        {"41+@users.noreply.github.com", 0, NULL},
        {"@users.noreply.github.com", 0, NULL},
        {"users.noreply.github.com", 0, NULL},
        {"", 0, NULL},
        {NULL, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct account account = {0, NULL};
        char login[16];
        assert_int_equal(account_of_email(rows[i].email, login, sizeof(login), &account),
                         rows[i].login != NULL);
        assert_int_equal(account.id, rows[i].id);
        if (rows[i].login != NULL)
            assert_string_equal(account.login, rows[i].login);
    }
}

/* Random batches, persons and settings --------------------------------------------------------------- */

static uint64_t seed;

static size_t pick(size_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(seed >> 33) % n;
}

struct random_case {
    struct account people[5];
    struct account makers[4][3];
    struct change changes[4];
    struct approval approvals[6];
    struct rules_approval_facts f;
};

static void make_case(struct random_case *c)
{
    *c = (struct random_case){.f = {.changes = c->changes, .approvals = c->approvals}};
    for (size_t i = 0; i < 4; i++)
        c->people[i] = (struct account){(int64_t)i + 1, NULL}; /* the fifth is not known */
    c->f.rule = (struct config_approvals){.code = (int64_t)pick(3),
                                          .content = (int64_t)pick(3),
                                          .self = pick(4) == 0,
                                          .expire_ms = pick(2) == 0 ? 0 : 24 * HOUR};
    c->f.n_changes = pick(5);
    for (size_t i = 0; i < c->f.n_changes; i++) {
        size_t n = pick(4);
        for (size_t k = 0; k < n; k++)
            c->makers[i][k] = c->people[pick(4)];
        c->changes[i] = made_by(c->makers[i], n, pick(2) == 0 ? LANE_CODE : LANE_CONTENT);
    }
    c->f.n_approvals = pick(7);
    for (size_t i = 0; i < c->f.n_approvals; i++) {
        c->approvals[i] = by(&c->people[pick(5)]);
        c->approvals[i].code = pick(3) != 0;
        c->approvals[i].content = pick(3) != 0;
        c->approvals[i].granted_at = NOW - (time_ms)pick(30) * HOUR;
    }
}

static void A2_never_by_its_makers_alone_and_it_holds_until_it_says(void **state)
{
    (void)state;
    seed = 20261129;
    for (int round = 0; round < 20000; round++) {
        struct random_case c;
        struct rules_approval_answer answer;
        make_case(&c);
        answer = rules_approval_judge(&c.f, NOW);
        /* One approval less is never more approved, and what is approved holds until then. */
        if (answer.approved && answer.until != VERDICT_NEVER) {
            assert_true(rules_approval_judge(&c.f, answer.until - 1).approved);
            assert_false(rules_approval_judge(&c.f, answer.until).approved);
        }
        if (!answer.approved && c.f.n_approvals > 0) {
            c.f.n_approvals--;
            assert_false(rules_approval_judge(&c.f, NOW).approved);
            c.f.n_approvals++;
        }
        if (!answer.approved || c.f.rule.self)
            continue;
        for (size_t i = 0; i < c.f.n_changes; i++) {
            const struct change *change = &c.changes[i];
            int64_t wanted = change->lane == LANE_CONTENT ? c.f.rule.content : c.f.rule.code;
            int64_t others = 0;
            for (int64_t id = 1; id <= 4; id++) {
                bool is_maker = false, said = false;
                for (size_t k = 0; k < change->n_makers; k++)
                    is_maker = is_maker || change->makers[k].id == id;
                for (size_t k = 0; k < c.f.n_approvals; k++)
                    said = said || (c.approvals[k].account.id == id &&
                                    (change->lane == LANE_CONTENT ? c.approvals[k].content
                                                                  : c.approvals[k].code) &&
                                    (c.f.rule.expire_ms == 0 ||
                                     NOW < c.approvals[k].granted_at + c.f.rule.expire_ms));
                others += said && !is_maker;
            }
            assert_true(others >= wanted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(A2_an_approval_counts_for_what_its_person_did_not_make),
        cmocka_unit_test(A2_a_renamed_account_is_the_same_and_a_reused_login_another),
        cmocka_unit_test(T24_in_a_batch_of_two_authors_each_may_approve_the_others_part),
        cmocka_unit_test(A2_each_change_needs_the_number_of_its_lane_by_that_right),
        cmocka_unit_test(C6_what_was_pushed_without_a_pull_request_needs_the_number_of_code),
        cmocka_unit_test(A2_who_may_be_the_unknown_author_does_not_approve_alone),
        cmocka_unit_test(A2_each_maker_who_is_not_known_wants_one_more),
        cmocka_unit_test(A2_one_person_is_one_however_he_comes_in),
        cmocka_unit_test(A3_an_approval_expires_and_it_is_known_when),
        cmocka_unit_test(A2_an_address_of_github_names_an_account_and_no_other_does),
        cmocka_unit_test(A2_never_by_its_makers_alone_and_it_holds_until_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
