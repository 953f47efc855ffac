/* carriage: who is throttled rests alone; who reaches nobody leaves AWS alone with everything (carrier.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "server/flow/carriage.h"
#include "server/flow/courier.h"

static struct carriage c;

static int set_up(void **state)
{
    (void)state;
    memset(&c, 0, sizeof(c));
    c.clock = clock_system();
    carriage_tick(&c);
    return 0;
}

static bool answered(enum carriage_kind kind, enum aws_outcome outcome, enum err_code code)
{
    struct err err = ERR_INIT;

    if (outcome != AWS_OK)
        (void)err_set(&err, code, "Rate exceeded");
    return carriage_answered(&c, kind, "sending", outcome, &err);
}

static void what_aws_throttles_rests_alone_and_longer_each_time(void **state)
{
    int64_t last = 0;

    (void)state;
    for (int times = 0; times < 6; times++) {
        assert_false(answered(CARRIAGE_SEND, AWS_AGAIN, ERR_BUSY));
        assert_false(carriage_may(&c, CARRIAGE_SEND));
        assert_true(carriage_may(&c, CARRIAGE_LOOK));
        assert_true(carriage_may(&c, CARRIAGE_CANCEL));
        assert_true(carriage_may(&c, CARRIAGE_HOSTS));
        assert_true(c.rests[CARRIAGE_SEND].patience_ms > last || last == CARRIAGE_REST_MAX_MS);
        last = c.rests[CARRIAGE_SEND].patience_ms;
    }
    assert_int_equal(last, CARRIAGE_REST_MAX_MS);
    assert_string_equal(carriage_trouble(&c), "sending: Rate exceeded");
    /* One that waits for it waits as long, and is not looked at all the time. */
    assert_false(carriage_may_now(&c, CARRIAGE_SEND, carriage_place(&c, "x")));
    assert_int_equal(carriage_place(&c, "x")->next, c.rests[CARRIAGE_SEND].until);
    c.mono = c.rests[CARRIAGE_SEND].until;
    assert_true(carriage_may_now(&c, CARRIAGE_SEND, carriage_place(&c, "x")));
    assert_true(answered(CARRIAGE_SEND, AWS_REFUSED, ERR_INVALID));
    assert_int_equal(c.rests[CARRIAGE_SEND].patience_ms, 0);
    free(c.places);
}

static void who_reaches_nobody_or_has_no_keys_asks_nothing_more(void **state)
{
    static const struct {
        enum aws_outcome outcome;
        enum err_code code;
    } rows[] = {{AWS_AGAIN, ERR_UNREACHABLE},
                {AWS_AGAIN, ERR_TIMEOUT},
                {AWS_UNCLEAR, ERR_TIMEOUT},
                {AWS_CREDENTIALS, ERR_DENIED}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        c.over = false;
        assert_false(answered(CARRIAGE_LOOK, rows[i].outcome, rows[i].code));
        assert_true(c.over);
        assert_false(carriage_may(&c, CARRIAGE_HOSTS));
        assert_int_equal(c.rests[CARRIAGE_LOOK].until, 0);
    }
}

/* One command whose answer is odd, or that AWS never answers for, holds up nobody else. */
static void what_cannot_be_read_is_put_off_alone(void **state)
{
    struct carriage_place *place = carriage_place(&c, "x");
    struct err err = ERR_INIT;
    int64_t last = 0;

    (void)state;
    assert_false(answered(CARRIAGE_LOOK, AWS_AGAIN, ERR_INVALID));
    assert_false(c.over);
    assert_true(c.answered);
    assert_true(carriage_may(&c, CARRIAGE_LOOK));
    assert_string_equal(carriage_trouble(&c), "sending: Rate exceeded");
    (void)err_set(&err, ERR_INVALID, "envelope: odd");
    carriage_unreadable(&c, CARRIAGE_SEND, "x", &err);
    assert_false(c.over);
    assert_false(carriage_may_now(&c, CARRIAGE_LOOK, place));
    for (int times = 0; times < 6; times++) {
        carriage_later(place);
        assert_true(place->patience_ms > last || place->patience_ms == 60000);
        assert_true(place->next >= c.mono + place->patience_ms / 2);
        last = place->patience_ms;
    }
    assert_int_equal(last, 60000);
    (void)err_set(&err, ERR_INTERNAL, "disk I/O error");
    carriage_unreadable(&c, CARRIAGE_SEND, "x", &err);
    assert_true(c.over);
    free(c.places);
}

static void a_refusal_is_told_until_it_is_answered_otherwise(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    (void)err_set(&err, ERR_INVALID, "AccessDenied");
    carriage_refused(&c, CARRIAGE_LOOK, "how a command goes", &err);
    carriage_tick(&c);
    assert_string_equal(carriage_trouble(&c), "how a command goes: AccessDenied");
    assert_true(answered(CARRIAGE_SEND, AWS_OK, ERR_BUSY));
    assert_string_equal(carriage_trouble(&c), "how a command goes: AccessDenied");
    assert_true(answered(CARRIAGE_LOOK, AWS_OK, ERR_BUSY));
    assert_string_equal(carriage_trouble(&c), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_aws_throttles_rests_alone_and_longer_each_time, set_up),
        cmocka_unit_test_setup(what_cannot_be_read_is_put_off_alone, set_up),
        cmocka_unit_test_setup(a_refusal_is_told_until_it_is_answered_otherwise, set_up),
        cmocka_unit_test_setup(who_reaches_nobody_or_has_no_keys_asks_nothing_more, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
