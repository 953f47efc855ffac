/* beside: see beside.h. */
#include "lib/base/beside.h"

static void *run(void *arg)
{
    struct beside *b = arg;

    if (b->runs)
        (void)pthread_setname_np(pthread_self(), b->name);
    b->rc = b->fn(b->arg, &b->err);
    return NULL;
}

void beside_begin(struct beside *b, const char *name, beside_fn *fn, void *arg)
{
    *b = (struct beside){.name = name, .fn = fn, .arg = arg, .runs = true};
    if (pthread_create(&b->thread, NULL, run, b) == 0)
        return;
    b->runs = false;
    (void)run(b);
}

int beside_end(struct beside *b, struct err *err)
{
    if (b->runs)
        pthread_join(b->thread, NULL);
    return b->rc < 0 ? err_set(err, (enum err_code)b->rc, "%s", b->err.text) : b->rc;
}
