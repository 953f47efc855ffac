/* Instants at a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/ago.h"

static void an_instant_is_told_in_the_largest_unit_of_which_there_are_two(void **state)
{
    static const struct {
        const char *instant;
        const char *text;
    } rows[] = {
        {"2026-11-24T05:59:57.900Z", "2 s ago"}, {"2026-11-24T06:00:00.000Z", "0 s ago"},
        {"2026-11-24T05:58:01Z", "119 s ago"},   {"2026-11-24T05:58:00Z", "2 min ago"},
        {"2026-11-24T04:00:01Z", "119 min ago"}, {"2026-11-24T04:00:00Z", "2 h ago"},
        {"2026-11-22T06:00:01Z", "47 h ago"},    {"2026-11-22T06:00:00Z", "2 d ago"},
        {"2026-11-24T15:00:01+09:00", "in 1 s"}, {"2026-11-25T05:00:00Z", "in 23 h"},
        {"2027-01-01T06:00:00Z", "in 38 d"},     {NULL, "never"},
        {"next Tuesday", "next Tuesday"},
    };
    struct arena arena;
    time_ms now = 0;

    (void)state;
    arena_init(&arena);
    assert_int_equal(timestamp_parse_rfc3339("2026-11-24T06:00:00Z", &now), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(ago_text(&arena, rows[i].instant, now), rows[i].text);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instant_is_told_in_the_largest_unit_of_which_there_are_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
