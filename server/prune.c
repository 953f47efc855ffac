#include "server/prune.h"

#include "lib/store/store_prune.h"
#include "lib/store/writer.h"

static int take_bodies(struct db *db, void *arg, struct err *err)
{
    return store_prune_bodies(db, arg, err);
}

static int take_output(struct db *db, void *arg, struct err *err)
{
    return store_prune_output(db, arg, err);
}

static int take_replies(struct db *db, void *arg, struct err *err)
{
    return store_prune_replies(db, arg, err);
}

typedef int find_fn(struct db *db, time_ms before, int64_t after, struct store_prune_page *ret_page,
                    struct err *err);

static int prune_kind(struct prune *p, find_fn *find, writer_fn *take, time_ms before,
                      size_t *ret_taken, struct err *err)
{
    struct store_prune_page page = {.last = 0};
    int rc;

    do {
        rc = find(p->db, before, page.last, &page, err);
        if (rc < 0 || page.n == 0)
            continue;
        rc = writer_do(p->writer, take, &page, err);
        if (rc < 0)
            break;
        *ret_taken += page.n;
        if (p->pause(p->arg))
            break;
    } while (rc == 0 && !page.is_last);
    return rc == ERR_BUSY ? 0 : rc;
}

int prune_all(struct prune *p, struct err *err)
{
    int rc = prune_kind(p, store_prune_find_bodies, take_bodies, p->now - PRUNE_BODY_MS, &p->bodies,
                        err);

    if (rc == 0)
        rc = prune_kind(p, store_prune_find_output, take_output, p->now - PRUNE_OUTPUT_MS,
                        &p->chunks, err);
    if (rc == 0)
        rc = prune_kind(p, store_prune_find_replies, take_replies, p->now - PRUNE_OUTPUT_MS,
                        &p->replies, err);
    return rc;
}
