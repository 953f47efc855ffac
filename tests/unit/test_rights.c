/* rights: who may what at which place (A4); every way to be meant, and nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rules/rights.h"

#define VIEW RIGHT_BIT(RIGHT_VIEW)
#define OPERATE RIGHT_BIT(RIGHT_OPERATE)
#define ADMIN RIGHT_BIT(RIGHT_ADMIN)

/* One word in one right, asked by one asker at acme/shop/production. */
static unsigned given_to(const char *who, enum right right, const struct rights_asker *asker)
{
    const char *words[] = {who};
    struct config_rights rights = {0};
    const struct rights_place place = {.rights = &rights,
                                       .repository = "acme/shop",
                                       .environment = "production",
                                       .owner = "acme"};

    rights.who[right - 1] = (struct config_list){.items = words, .n = 1};
    return rights_of(asker, &place);
}

static void A4_each_way_to_be_meant(void **state)
{
    const char *groups[] = {"slipway"}, *logins[] = {"ana", "ana-new"};
    const struct rights_team teams[] = {{"acme/sre", RIGHTS_INSIDE},
                                        {"acme/creative", RIGHTS_OUTSIDE},
                                        {"other/sre", RIGHTS_INSIDE}};
    const struct rights_asker token = {.token = "bot", .limit = RIGHT_ALL};
    const struct rights_asker member = {.groups = groups, .n_groups = 1, .limit = RIGHT_ALL};
    const struct rights_asker ana = {
        .logins = logins, .n_logins = 2, .teams = teams, .n_teams = 3, .limit = RIGHT_ALL};

    (void)state;
    assert_int_equal(given_to("token:bot", RIGHT_OPERATE, &token), OPERATE | VIEW);
    assert_int_equal(given_to("token:bo", RIGHT_OPERATE, &token), 0);
    assert_int_equal(given_to("bot", RIGHT_OPERATE, &token), 0);
    assert_int_equal(given_to("group:slipway", RIGHT_OPERATE, &member), OPERATE | VIEW);
    assert_int_equal(given_to("slipway", RIGHT_OPERATE, &member), 0);
    assert_int_equal(given_to("group:Slipway", RIGHT_OPERATE, &member), 0);
    assert_int_equal(given_to("ana", RIGHT_ADMIN, &ana), ADMIN | VIEW);
    assert_int_equal(given_to("Ana-New", RIGHT_ADMIN, &ana), ADMIN | VIEW);
    assert_int_equal(given_to("ana-", RIGHT_ADMIN, &ana), 0);
    assert_int_equal(given_to("team:sre", RIGHT_OPERATE, &ana), OPERATE | VIEW);
    assert_int_equal(given_to("team:Acme/SRE", RIGHT_OPERATE, &ana), OPERATE | VIEW);
    assert_int_equal(given_to("team:other/sre", RIGHT_OPERATE, &ana), OPERATE | VIEW);
    assert_int_equal(given_to("team:creative", RIGHT_OPERATE, &ana), 0);
    assert_int_equal(given_to("team:unknown", RIGHT_OPERATE, &ana), 0);
    assert_int_equal(given_to("sre", RIGHT_OPERATE, &ana), 0);
}

static void A4_anyone_may_look_and_nothing_else(void **state)
{
    const struct rights_asker web = {.anyone = true, .limit = RIGHT_ALL};
    const struct rights_asker other = {.limit = RIGHT_ALL};

    (void)state;
    assert_int_equal(given_to("anyone", RIGHT_VIEW, &web), VIEW);
    assert_int_equal(given_to("anyone", RIGHT_OPERATE, &web), 0);
    assert_int_equal(given_to("anyone", RIGHT_VIEW, &other), 0);
}

static void A4_each_right_includes_view_and_no_other(void **state)
{
    const char *logins[] = {"ana"};
    const struct rights_asker ana = {.logins = logins, .n_logins = 1, .limit = RIGHT_ALL};

    (void)state;
    for (int right = RIGHT_VIEW; right < RIGHT_COUNT; right++)
        assert_int_equal(given_to("ana", (enum right)right, &ana), RIGHT_BIT(right) | VIEW);
}

static void a_team_that_is_not_known_gives_nothing(void **state)
{
    const struct rights_team teams[] = {{"acme/sre", RIGHTS_NOT_KNOWN}};
    const struct rights_asker li = {.teams = teams, .n_teams = 1, .limit = RIGHT_ALL};

    (void)state;
    assert_int_equal(given_to("team:sre", RIGHT_OPERATE, &li), 0);
}

static void what_a_token_may_at_most_bounds_what_its_person_has(void **state)
{
    const char *logins[] = {"ana"};
    const struct rights_asker ana = {.logins = logins, .n_logins = 1, .limit = VIEW | OPERATE};

    (void)state;
    assert_int_equal(given_to("ana", RIGHT_OPERATE, &ana), OPERATE | VIEW);
    assert_int_equal(given_to("ana", RIGHT_ADMIN, &ana), VIEW);
}

static void nothing_outside_the_scope(void **state)
{
    static const struct {
        const char *scope, *repository, *environment;
        unsigned has;
    } cases[] = {
        {NULL, NULL, NULL, OPERATE | VIEW},
        {"acme/shop", NULL, NULL, 0},
        {"acme/shop", "acme/shop", NULL, OPERATE | VIEW},
        {"acme/shop", "acme/shop", "production", OPERATE | VIEW},
        {"Acme/Shop", "acme/shop", "production", OPERATE | VIEW},
        {"Acme/Shop/Production", "acme/shop", "production", 0},
        {"acme/shop", "acme/shop2", "production", 0},
        {"acme/shop2", "acme/shop", "production", 0},
        {"acme/shop/stage", "acme/shop", "stage", OPERATE | VIEW},
        {"acme/shop/stage", "acme/shop", "stage-2", 0},
        {"acme/shop/stage", "acme/shop", "production", 0},
        {"acme/shop/stage", "acme/shop", NULL, VIEW},
        {"acme/shop/stage", NULL, NULL, 0},
    };
    const struct config_rights nobody = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct rights_asker asker = {.own = OPERATE,
                                           .limit = RIGHT_ALL,
                                           .scope = cases[i].scope};
        const struct rights_place place = {.rights = &nobody,
                                           .repository = cases[i].repository,
                                           .environment = cases[i].environment};
        if (rights_of(&asker, &place) != cases[i].has)
            fail_msg("case %zu", i);
    }
    assert_true(rights_is_scope("acme/shop") && rights_is_scope("acme/shop/stage"));
    assert_false(rights_is_scope("acme") || rights_is_scope("acme/shop/") ||
                 rights_is_scope("acme/shop/stage/x") || rights_is_scope("acme/../stage"));
}

static void a_team_at_the_top_is_that_of_the_one_owner(void **state)
{
    struct config_repo one[] = {{.name = "acme/shop"}, {.name = "Acme/site"}};
    struct config_repo two[] = {{.name = "acme/shop"}, {.name = "other/site"}};
    const struct config same = {.repos = one, .n_repos = 2}, mixed = {.repos = two, .n_repos = 2};
    char owner[RIGHTS_OWNER_SIZE];

    (void)state;
    assert_string_equal(rights_place_top(&same, owner).owner, "acme");
    assert_null(rights_place_top(&mixed, owner).owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(A4_each_way_to_be_meant),
        cmocka_unit_test(A4_anyone_may_look_and_nothing_else),
        cmocka_unit_test(A4_each_right_includes_view_and_no_other),
        cmocka_unit_test(a_team_that_is_not_known_gives_nothing),
        cmocka_unit_test(what_a_token_may_at_most_bounds_what_its_person_has),
        cmocka_unit_test(nothing_outside_the_scope),
        cmocka_unit_test(a_team_at_the_top_is_that_of_the_one_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
