#include "server/flow/bulk.h"

#include "lib/base/log.h"
#include "lib/rules/verdict.h"
#include "lib/store/db.h"
#include "lib/store/writer.h"
#include "server/flow/agenda.h"
#include "server/flow/snapshot.h"

#define LATER_MS 100      /* the writer's queue is full */
#define UNDER_WAY_MAX 512 /* moves that are written while the next items are judged */
#define PART 256          /* moves that are posted together: as many as a commit takes */

struct bulk_move {
    struct bulk *bulk;
    struct bulk_item *item;
    int (*fn)(struct db *db, void *arg, struct err *err);
    void *arg;
    unsigned topics;
    void (*done)(struct look *look, void *arg);
    bool again; /* it may be run again */
    bool taken;
};

struct bulk_part {
    struct arena arena;
    struct bulk_move *moves;
    size_t n, cap;
    struct writer_job *jobs;
    struct writer_sent *sent; /* it is under way */
};

static void open_part(struct bulk *b)
{
    struct bulk_part *part = arena_alloc(&b->arena, sizeof(*part));

    arena_init(&part->arena);
    *ARENA_PUSH(&b->arena, b->parts, b->n_parts, b->cap_parts) = part;
    b->own.arena = &part->arena;
}

static struct bulk_part *last_part(const struct bulk *b)
{
    return b->parts[b->n_parts - 1];
}

int bulk_begin(struct bulk *b, struct look *look, struct err *err)
{
    *b = (struct bulk){.look = &b->own,
                       .own = {.flow = look->flow,
                               .snapshot = snapshots_keep(look->snapshot),
                               .now = look->now,
                               .next = VERDICT_NEVER,
                               .whole = look->whole}};
    arena_init(&b->arena);
    open_part(b);
    b->is_reading = true;
    return db_read_begin(look->flow->db, err);
}

static void end_reading(struct bulk *b)
{
    if (b->is_reading)
        db_read_end(b->own.flow->db);
    b->is_reading = false;
}

void bulk_end(struct bulk *b)
{
    end_reading(b);
    for (size_t i = 0; i < b->n_parts; i++)
        writer_await(b->parts[i]->sent); /* after a failure: nothing is left under way */
    for (size_t i = 0; i < b->n_parts; i++)
        arena_deinit(&b->parts[i]->arena);
    arena_deinit(&b->arena);
    snapshots_give(b->own.snapshot);
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

void bulk_rest(struct bulk_item *item, time_ms at)
{
    item->rests = true;
    item->next = at;
}

static void add(struct bulk *b, const struct bulk_move *move)
{
    struct bulk_part *part = last_part(b);

    *ARENA_PUSH(&part->arena, part->moves, part->n, part->cap) = *move;
}

void bulk_add(struct bulk *b, struct bulk_item *item,
              int (*fn)(struct db *db, void *arg, struct err *err), void *arg, unsigned topics,
              void (*done)(struct look *look, void *arg))
{
    add(b, &(struct bulk_move){b, item, fn, arg, topics, done, .again = false});
}

void bulk_add_again(struct bulk *b, struct bulk_item *item,
                    int (*fn)(struct db *db, void *arg, struct err *err), void *arg,
                    unsigned topics, void (*done)(struct look *look, void *arg))
{
    add(b, &(struct bulk_move){b, item, fn, arg, topics, done, .again = true});
}

/* Writing ----------------------------------------------------------------------------------------- */

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
        move->item->stale = true;
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

static void make_jobs(struct bulk_part *part)
{
    part->jobs = arena_array(&part->arena, part->n, sizeof(*part->jobs));
    for (size_t i = 0; i < part->n; i++)
        part->jobs[i] = (struct writer_job){.fn = part->moves[i].fn,
                                            .arg = part->moves[i].arg,
                                            .again = part->moves[i].again,
                                            .told = told,
                                            .told_arg = &part->moves[i]};
}

static void note(struct bulk *b, int rc, const struct err *err)
{
    if (rc == 0 || rc == ERR_BUSY || b->rc < 0) /* ERR_BUSY: every job says so */
        return;
    b->rc = rc;
    b->err = *err;
}

/* From here until it is awaited its arena is the writer's. */
static void send(struct bulk *b, struct bulk_part *part)
{
    struct err err = ERR_INIT;

    make_jobs(part);
    note(b, writer_send(b->look->flow->writer, part->jobs, part->n, &part->sent, &err), &err);
    b->n_under_way += part->n;
}

void bulk_turn(struct bulk *b)
{
    struct bulk_part *part = last_part(b);

    if (part->n == 0 || part->n > PART || b->n_under_way >= UNDER_WAY_MAX)
        return;
    send(b, part);
    open_part(b);
}

/* Its jobs were told, or never taken. */
static void await(struct bulk *b, struct bulk_part *part)
{
    const struct flow *flow = b->look->flow;

    writer_await(part->sent);
    part->sent = NULL;
    for (size_t i = 0; i < part->n && b->rc == 0; i++)
        if (!part->moves[i].taken)
            told(&part->moves[i], &part->jobs[i]);
    if (b->rc == 0 && b->topics != 0 && flow->tell != NULL)
        flow->tell(flow->arg, b->topics);
    b->topics = 0;
}

/* Its last part is more than the writer's queue takes, perhaps. */
static bool is_large(const struct bulk *b)
{
    return last_part(b)->n > PART;
}

void bulk_send(struct bulk *b)
{
    struct bulk_part *last = last_part(b);

    end_reading(b); /* what comes next sees what was written */
    b->own.arena = &b->arena;
    if (!is_large(b) && last->n > 0)
        send(b, last);
}

bool bulk_await_until(struct bulk *b, time_ms until)
{
    for (; b->n_awaited < b->n_parts && b->rc == 0; b->n_awaited++) {
        struct bulk_part *part = b->parts[b->n_awaited];
        if (part->jobs == NULL)
            continue;
        if (!writer_await_until(part->sent, until))
            return false;
        await(b, part);
    }
    return true;
}

static int write_all(struct bulk *b, struct err *err)
{
    struct bulk_part *last = last_part(b);

    for (; b->n_awaited < b->n_parts && b->rc == 0; b->n_awaited++)
        if (b->parts[b->n_awaited]->jobs != NULL)
            await(b, b->parts[b->n_awaited]);
    if (b->rc == 0 && is_large(b)) {
        struct err own = ERR_INIT;
        make_jobs(last);
        note(b, writer_do_jobs(b->look->flow->writer, last->jobs, last->n, &own), &own);
        await(b, last);
    }
    if (b->rc < 0)
        *err = b->err;
    return b->rc;
}

/* Of what a look is told nothing is taken back. */
static void merge(struct look *look, const struct look *own)
{
    look->moved = look->moved || own->moved;
    look->unrest = look->unrest || own->unrest;
    look->started = look->started || own->started;
    look_again(look, own->next);
}

int bulk_take(struct bulk *b, struct look *look, struct err *err)
{
    int rc = write_all(b, err);

    for (size_t i = 0; i < b->n_items; i++) {
        struct bulk_item *item = b->items[i];
        bool unrest = item->moved && (!item->rests || item->stale);
        if (item->entry != NULL)
            agenda_put(b->look, item->entry, item->next, unrest);
        b->look->moved = b->look->moved || item->moved;
        b->look->unrest = b->look->unrest || unrest;
    }
    merge(look, &b->own);
    return rc;
}

int bulk_post(struct bulk *b, struct look *look, struct err *err)
{
    bulk_send(b);
    return bulk_take(b, look, err);
}
