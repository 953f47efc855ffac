/* shares and networks: what one address may have at once (T08, rule 8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/api/network.h"
#include "server/api/shares.h"

static void a_network_of_ipv6_and_ipv4_in_its_clothes_count_as_one(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } pairs[] = {{"203.0.113.7", "203.0.113.7", true},
                 {"203.0.113.7", "203.0.113.8", false},
                 {"203.0.113.7", "::ffff:203.0.113.7", true},
                 {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
                 {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
                 {"::", "0.0.0.0", false}};

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
        assert_int_equal(network_equal(network_of(pairs[i].a), network_of(pairs[i].b)),
                         pairs[i].equal);
    assert_true(network_is_here(network_of("127.0.0.1")));
    assert_true(network_is_here(network_of("127.9.9.9")));
    assert_true(network_is_here(network_of("::1")));
    assert_true(network_is_here(network_of("::ffff:127.0.0.1")));
    assert_true(network_is_here(network_of("unix")));
    assert_false(network_is_here(network_of("::2")));
    assert_false(network_is_here(network_of("10.0.0.1")));
}

static void T08_one_address_has_so_many_requests_and_no_more(void **state)
{
    struct shares *shares = shares_new(3, 1000);
    struct share *a[3], *b, *none;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(shares_take(shares, "203.0.113.7", &a[i]));
    assert_false(shares_take(shares, "203.0.113.7", &none));
    assert_null(none);
    assert_false(shares_have_room(shares, "203.0.113.7"));
    assert_true(shares_have_room(shares, "203.0.113.8"));
    assert_true(shares_take(shares, "203.0.113.8", &b));
    shares_give(shares, a[0]);
    assert_true(shares_take(shares, "203.0.113.7", &a[0]));
    for (int i = 0; i < 100; i++)
        assert_true(shares_take(shares, "127.0.0.1", &none));
    assert_null(none);
    for (int i = 0; i < 3; i++)
        shares_give(shares, a[i]);
    shares_give(shares, b);
    shares_give(shares, NULL);
    shares_free(shares);
}

static void T08_one_address_has_so_many_bytes_and_no_more(void **state)
{
    struct shares *shares = shares_new(3, 1000);
    struct share *a, *b;

    (void)state;
    assert_true(shares_take(shares, "203.0.113.7", &a));
    assert_true(shares_take(shares, "203.0.113.7", &b));
    assert_true(shares_take_bytes(shares, a, 600));
    assert_false(shares_take_bytes(shares, b, 401));
    assert_true(shares_take_bytes(shares, b, 400));
    assert_true(shares_take_bytes(shares, NULL, 4000));
    shares_give_bytes(a, 600);
    assert_true(shares_take_bytes(shares, b, 600));
    shares_give_bytes(b, 1000);
    shares_give(shares, a);
    shares_give(shares, b);
    shares_free(shares);
}

static void T08_very_many_addresses_are_told_apart(void **state)
{
    enum { N = 2000 };
    struct shares *shares = shares_new(1, 1000);
    static struct share *held[N];
    char address[32];

    (void)state;
    for (int i = 0; i < N; i++) {
        struct share *none;
        snprintf(address, sizeof(address), "203.0.%d.%d", i / 250, i % 250 + 1);
        assert_true(shares_take(shares, address, &held[i]));
        assert_false(shares_take(shares, address, &none));
    }
    for (int i = 0; i < N; i++)
        shares_give(shares, held[(i * 7) % N]);
    shares_free(shares);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_of_ipv6_and_ipv4_in_its_clothes_count_as_one),
        cmocka_unit_test(T08_one_address_has_so_many_requests_and_no_more),
        cmocka_unit_test(T08_one_address_has_so_many_bytes_and_no_more),
        cmocka_unit_test(T08_very_many_addresses_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
