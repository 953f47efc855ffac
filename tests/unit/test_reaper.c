/* reaper: who goes where there are too many (T08). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "server/api/reaper.h"
#include "server/api/request.h"

/* Connections of one listener, by a clock that stands still until it is moved. */
enum { MANY = 8, LONG = 60000 };

static _Atomic mono_ms the_time;

static mono_ms mono(struct clock *clock)
{
    (void)clock;
    return atomic_load(&the_time);
}

static struct clock still = {.mono = mono};
static const int listener;

struct room {
    struct reaper *reaper;
    struct reaper_entry *entries[MANY];
    int near[MANY], far[MANY]; /* what the reaper knows, and who is at the other end */
    int n;
};

static int come(struct room *r)
{
    int pair[2];

    assert_true(r->n < MANY);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    r->near[r->n] = pair[0];
    r->far[r->n] = pair[1];
    r->entries[r->n] = reaper_note(r->reaper, pair[0], &listener, LONG);
    return r->n++;
}

static void pass(int64_t ms)
{
    atomic_fetch_add(&the_time, ms);
}

static void is_at(struct room *r, int i, enum reaper_phase phase)
{
    reaper_expect(r->reaper, r->entries[i], phase, LONG);
}

static bool was_cut(const struct room *r, int i)
{
    char one;

    return recv(r->far[i], &one, 1, MSG_DONTWAIT) == 0;
}

/* Make room for `newest` (-1 = somebody else); who went, -1 = nobody. */
static int who_goes(struct room *r, int newest)
{
    enum reaper_phase phase;
    bool before[MANY];
    int who = -1;

    for (int i = 0; i < r->n; i++)
        before[i] = was_cut(r, i);
    if (!reaper_make_room(r->reaper, &listener, newest >= 0 ? r->entries[newest] : NULL, &phase))
        return -1;
    for (int i = 0; i < r->n; i++) {
        if (was_cut(r, i) && !before[i]) {
            assert_int_equal(who, -1); /* one goes, not two */
            who = i;
        }
    }
    assert_true(who >= 0);
    return who;
}

static int room_up(void **state)
{
    struct room *r = calloc(1, sizeof(*r));

    if (r == NULL || reaper_start(&r->reaper, &still, NULL) < 0)
        return -1;
    *state = r;
    return 0;
}

static int room_down(void **state)
{
    struct room *r = *state;

    for (int i = 0; i < r->n; i++) {
        reaper_forget(r->reaper, r->entries[i], false);
        close(r->near[i]);
        close(r->far[i]);
    }
    reaper_stop(r->reaper);
    free(r);
    return 0;
}

static void T08_who_came_first_goes_first_also_within_a_millisecond(void **state)
{
    struct room *r = *state;

    for (int i = 0; i < 3; i++)
        come(r);
    for (int i = 0; i < 3; i++)
        assert_int_equal(who_goes(r, -1), i);
    assert_int_equal(who_goes(r, -1), -1);
}

static void T08_who_just_came_never_goes(void **state)
{
    struct room *r = *state;
    int newest = come(r);

    assert_int_equal(who_goes(r, newest), -1);
    assert_false(was_cut(r, newest));
}

static void T08_those_go_first_that_lose_least(void **state)
{
    struct room *r = *state;
    int body = come(r), headers = come(r), answer = come(r), idle = come(r), old_answer = come(r);

    is_at(r, old_answer, REAPER_ANSWER);
    pass(1000);
    is_at(r, body, REAPER_BODY);
    is_at(r, headers, REAPER_HEADERS);
    is_at(r, answer, REAPER_ANSWER);
    is_at(r, idle, REAPER_IDLE);
    assert_int_equal(who_goes(r, -1), idle);
    assert_int_equal(who_goes(r, -1), old_answer);
    assert_int_equal(who_goes(r, -1), headers);
    assert_int_equal(who_goes(r, -1), answer);
    assert_int_equal(who_goes(r, -1), body);
    assert_int_equal(who_goes(r, -1), -1);
}

/* What was asked is done, and who asked does not know it yet. */
static void T08_an_answer_on_its_way_is_not_cut_for_whoever_drips(void **state)
{
    struct room *r = *state;
    int asked = come(r);
    int drips = come(r);

    is_at(r, asked, REAPER_ANSWER);
    pass(999);
    for (int i = 0; i < 3; i++)
        assert_int_equal(who_goes(r, come(r)), drips + i);
    assert_false(was_cut(r, asked));
    pass(1); /* it is not taken: so it is one more of those that hold others up */
    assert_int_equal(who_goes(r, come(r)), asked);
}

static void T08_who_takes_an_answer_drop_by_drop_is_not_at_its_beginning_for_ever(void **state)
{
    struct room *r = *state;
    int asked = come(r);

    is_at(r, asked, REAPER_ANSWER);
    pass(600);
    is_at(r, asked, REAPER_ANSWER); /* one more piece of it */
    pass(600);
    come(r);
    assert_int_equal(who_goes(r, -1), asked);
}

static void who_is_worked_for_or_of_another_listener_never_goes(void **state)
{
    struct room *r = *state;
    enum reaper_phase phase;
    static const int another;
    struct request request = {.path = ""};
    int worked_for = come(r), waits = come(r);

    reaper_moves_on(r->reaper, r->entries[worked_for]);
    reaper_waits(r->reaper, r->entries[waits], &request, mono(&still) + LONG);
    assert_int_equal(who_goes(r, -1), -1);
    come(r);
    assert_false(reaper_make_room(r->reaper, &another, NULL, &phase));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(T08_who_came_first_goes_first_also_within_a_millisecond,
                                        room_up, room_down),
        cmocka_unit_test_setup_teardown(T08_who_just_came_never_goes, room_up, room_down),
        cmocka_unit_test_setup_teardown(T08_those_go_first_that_lose_least, room_up, room_down),
        cmocka_unit_test_setup_teardown(T08_an_answer_on_its_way_is_not_cut_for_whoever_drips,
                                        room_up, room_down),
        cmocka_unit_test_setup_teardown(
            T08_who_takes_an_answer_drop_by_drop_is_not_at_its_beginning_for_ever, room_up,
            room_down),
        cmocka_unit_test_setup_teardown(who_is_worked_for_or_of_another_listener_never_goes,
                                        room_up, room_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
