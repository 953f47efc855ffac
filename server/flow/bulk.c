#include "server/flow/bulk.h"

#include "lib/base/log.h"
#include "lib/rules/verdict.h"
#include "lib/store/db.h"
#include "lib/store/writer.h"
#include "server/flow/agenda.h"
#include "server/flow/flow.h"

#define LATER_MS 100 /* the writer's queue is full */
#define PART 256     /* moves that are posted together: as many as a commit takes */

struct bulk_move {
    struct bulk_item *item;
    int (*fn)(struct db *db, void *arg, struct err *err);
    void *arg;
    unsigned topics;
    void (*done)(struct look *look, void *arg);
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
    *ARENA_PUSH(&b->arena, b->moves, b->n, b->cap) =
        (struct bulk_move){.item = item, .fn = fn, .arg = arg, .topics = topics, .done = done};
}

/* What became of one. */
static int take(struct bulk *b, const struct bulk_move *move, const struct writer_job *job,
                unsigned *topics, struct err *err)
{
    switch (job->rc) {
    case 0:
        move->item->moved = true;
        *topics |= move->topics;
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

/* In parts: hosts of the first one are told while the next one is written. */
static int write_part(struct bulk *b, struct bulk_move *moves, size_t n, unsigned *topics,
                      struct err *err)
{
    struct writer_job *jobs = arena_array(&b->arena, n, sizeof(*jobs));
    int rc;

    for (size_t i = 0; i < n; i++)
        jobs[i] = (struct writer_job){.fn = moves[i].fn, .arg = moves[i].arg};
    rc = writer_do_jobs(b->look->flow->writer, jobs, n, err); /* ERR_BUSY: every job says so */
    if (rc == ERR_BUSY)
        rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = take(b, &moves[i], &jobs[i], topics, err);
    return rc;
}

static int write_all(struct bulk *b, struct err *err)
{
    const struct flow *flow = b->look->flow;
    unsigned topics = 0;
    int rc = 0;

    for (size_t at = 0; at < b->n && rc == 0; at += PART)
        rc = write_part(b, &b->moves[at], b->n - at < PART ? b->n - at : PART, &topics, err);
    if (rc == 0 && topics != 0 && flow->tell != NULL)
        flow->tell(flow->arg, topics);
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
