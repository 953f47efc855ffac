#include "server/flow/bulk.h"

#include "lib/base/log.h"
#include "lib/rules/verdict.h"
#include "lib/store/db.h"
#include "lib/store/writer.h"
#include "server/flow/agenda.h"
#include "server/flow/flow.h"

#define LATER_MS 100 /* the writer's queue is full */

struct bulk_move {
    struct bulk *bulk;
    struct bulk_item *item;
    int (*fn)(struct db *db, void *arg, struct err *err);
    void *arg;
    unsigned topics;
    void (*done)(struct look *look, void *arg);
    bool taken;
};

int bulk_begin(struct bulk *b, struct look *look, struct err *err)
{
    *b = (struct bulk){.look = look, .whole = look->arena};
    arena_init(&b->arena);
    look->arena = &b->arena;
    return db_read_begin(look->flow->db, err);
}

void bulk_end(struct bulk *b)
{
    db_read_end(b->look->flow->db);
    b->look->arena = b->whole;
    arena_deinit(&b->arena);
}

struct bulk_item *bulk_item(struct bulk *b, struct agenda_entry *entry)
{
    struct bulk_item *item = arena_alloc(&b->arena, sizeof(*item));

    *item = (struct bulk_item){.entry = entry, .next = VERDICT_NEVER};
    *ARENA_PUSH(&b->arena, b->items, b->n_items, b->cap_items) = item;
    return item;
}

void bulk_again(struct bulk_item *item, time_ms at)
{
    if (at < item->next)
        item->next = at;
}

void bulk_add(struct bulk *b, struct bulk_item *item,
              int (*fn)(struct db *db, void *arg, struct err *err), void *arg, unsigned topics,
              void (*done)(struct look *look, void *arg))
{
    *ARENA_PUSH(&b->arena, b->moves, b->n, b->cap) = (struct bulk_move){
        .bulk = b, .item = item, .fn = fn, .arg = arg, .topics = topics, .done = done};
}

/* What became of one. */
static int take(const struct bulk_move *move, const struct writer_job *job, struct err *err)
{
    struct bulk *b = move->bulk;

    switch (job->rc) {
    case 0:
        move->item->moved = true;
        b->topics |= move->topics;
        if (move->done != NULL)
            move->done(b->look, move->arg);
        return 0;
    case ERR_CONFLICT: /* somebody was faster: decide again */
        log_debug("flow.stale", "err=%s", LOG(job->err.text));
        move->item->moved = true;
        return 0;
    case ERR_BUSY:
        bulk_again(move->item, b->look->now + LATER_MS);
        return 0;
    default:
        *err = job->err;
        return job->rc;
    }
}

/* Hosts of the first ones are told while the next ones are written. */
static void told(void *arg, const struct writer_job *job)
{
    struct bulk_move *move = arg;
    struct bulk *b = move->bulk;

    move->taken = true;
    if (b->rc == 0)
        b->rc = take(move, job, &b->err);
}

static int write_all(struct bulk *b, struct err *err)
{
    const struct flow *flow = b->look->flow;
    struct writer_job *jobs = arena_array(&b->arena, b->n, sizeof(*jobs));
    int rc;

    for (size_t i = 0; i < b->n; i++)
        jobs[i] = (struct writer_job){.fn = b->moves[i].fn,
                                      .arg = b->moves[i].arg,
                                      .told = told,
                                      .told_arg = &b->moves[i]};
    rc = writer_do_jobs(flow->writer, jobs, b->n, err); /* ERR_BUSY: every job says so */
    if (rc == ERR_BUSY)
        rc = 0;
    for (size_t i = 0; i < b->n && rc == 0; i++)
        if (!b->moves[i].taken)
            told(&b->moves[i], &jobs[i]);
    if (rc == 0 && b->rc < 0) {
        rc = b->rc;
        *err = b->err;
    }
    if (rc == 0 && b->topics != 0 && flow->tell != NULL)
        flow->tell(flow->arg, b->topics);
    return rc;
}

int bulk_post(struct bulk *b, struct err *err)
{
    int rc;

    db_read_end(b->look->flow->db); /* what comes next sees what was written */
    rc = b->n > 0 ? write_all(b, err) : 0;
    for (size_t i = 0; i < b->n_items; i++) {
        struct bulk_item *item = b->items[i];
        if (item->entry != NULL)
            agenda_put(b->look, item->entry, item->next, item->moved);
        b->look->moved = b->look->moved || item->moved;
    }
    return rc;
}
