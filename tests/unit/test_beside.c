/* beside: one thing on a thread of its own, and what became of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>

#include <cmocka.h>

#include "lib/base/beside.h"

struct meeting {
    pthread_barrier_t both;
    pthread_t who;
};

static int meet(void *arg, struct err *err)
{
    struct meeting *m = arg;

    (void)err;
    m->who = pthread_self();
    pthread_barrier_wait(&m->both); /* for ever, if the caller does not go on */
    return 7;
}

static int refuse(void *arg, struct err *err)
{
    return err_set(err, ERR_BUSY, "%s is taken", (const char *)arg);
}

static void its_caller_goes_on_meanwhile(void **state)
{
    struct meeting m;
    struct beside b;
    struct err err = ERR_INIT;

    (void)state;
    pthread_barrier_init(&m.both, NULL, 2);
    beside_begin(&b, "meets", meet, &m);
    pthread_barrier_wait(&m.both);
    assert_int_equal(beside_end(&b, &err), 7);
    assert_false(pthread_equal(m.who, pthread_self()));
    pthread_barrier_destroy(&m.both);
}

static void what_went_wrong_is_told_at_the_end(void **state)
{
    char house[] = "the house";
    struct beside b;
    struct err err = ERR_INIT;

    (void)state;
    beside_begin(&b, "refuses", refuse, house);
    assert_int_equal(beside_end(&b, &err), ERR_BUSY);
    assert_string_equal(err.text, "the house is taken");
    beside_begin(&b, "refuses", refuse, house);
    assert_int_equal(beside_end(&b, NULL), ERR_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_caller_goes_on_meanwhile),
        cmocka_unit_test(what_went_wrong_is_told_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
