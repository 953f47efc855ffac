/* beside: see beside.h. */
#include "lib/base/beside.h"

static void *run(void *arg)
{
    struct beside *b = arg;

    b->rc = b->fn(b->arg, &b->err);
    return NULL;
}

void beside_begin(struct beside *b, beside_fn *fn, void *arg)
{
    *b = (struct beside){.fn = fn, .arg = arg};
    b->runs = pthread_create(&b->thread, NULL, run, b) == 0;
    if (!b->runs)
        (void)run(b);
}

int beside_end(struct beside *b, struct err *err)
{
    if (b->runs)
        pthread_join(b->thread, NULL);
    return b->rc < 0 ? err_set(err, (enum err_code)b->rc, "%s", b->err.text) : b->rc;
}
