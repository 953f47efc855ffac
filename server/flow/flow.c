#include "server/flow/flow.h"

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/rules/verdict.h"
#include "lib/store/db.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_standing.h"
#include "lib/store/writer.h"
#include "server/flow/agenda.h"
#include "server/flow/bulk_line.h"
#include "server/flow/clockwatch.h"
#include "server/flow/evidence.h"
#include "server/flow/probing.h"
#include "server/flow/snapshot.h"

#define ROUNDS_MAX 50 /* of one call; then the loop turns once and comes back ... */
#define BREATH_MS 50  /* ... after so long: work that never rests must not take the machine */

void look_again(struct look *look, time_ms at)
{
    if (at < look->next)
        look->next = at;
}

int look_write_jobs(struct look *look, struct writer_job *jobs, size_t n, unsigned topics,
                    struct err *err)
{
    struct flow *flow = look->flow;
    struct err own = ERR_INIT;
    bool moved = false;
    int rc = writer_do_jobs(flow->writer, jobs, n, &own);

    if (rc == ERR_BUSY) {
        look_again(look, look->now + 100);
        return 0;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (jobs[i].rc == ERR_CONFLICT) {
            log_debug("flow.stale", "err=%s", LOG(jobs[i].err.text));
            look->moved = look->unrest = true; /* somebody was faster: decide again */
        } else if (jobs[i].rc == ERR_BUSY) {
            look_again(look, look->now + 100);
        } else if (jobs[i].rc < 0) {
            rc = jobs[i].rc;
            own = jobs[i].err;
        } else {
            moved = true;
        }
    }
    if (rc < 0) {
        if (err != NULL)
            *err = own;
        return rc;
    }
    if (moved) {
        look->moved = look->unrest = true;
        if (flow->tell != NULL && topics != 0)
            flow->tell(flow->arg, topics);
    }
    return 0;
}

int look_write(struct look *look, int (*fn)(struct db *db, void *arg, struct err *err), void *arg,
               unsigned topics, struct err *err)
{
    struct writer_job job = {.fn = fn, .arg = arg};

    return look_write_jobs(look, &job, 1, topics, err);
}

int look_journal(struct db *db, time_ms now, const char *act, const char *subject,
                 const char *detail, const char *reason, struct err *err)
{
    const struct journal_entry entry = {.at = now,
                                        .actor = "slipway",
                                        .way = "timer",
                                        .act = act,
                                        .subject = subject,
                                        .detail = detail,
                                        .reason = reason};

    return store_journal_add(db, &entry, err);
}

/* Every room that has work, once; what came since rings the bell. `rung`: something else than the time woke the flow; `whole`: everything is judged. */
static int look_once(struct flow *flow, struct arena *arena, bool rung, bool whole,
                     struct look *look, struct err *err)
{
    struct standing_work work;
    bool rests;
    int rc;

    *look = (struct look){.flow = flow,
                          .snapshot = snapshots_take(flow->snapshots),
                          .arena = arena,
                          .now = clock_now(flow->clock),
                          .next = VERDICT_NEVER,
                          .whole = whole};
    rc = agenda_is_of(flow->agenda, look->snapshot) ? 0 : bulk_line_clear(look, err);
    agenda_open(&flow->agenda, look->snapshot);
    rests = record_rests(look); /* asked first: who comes later than what is read now then rings */
    if (rc == 0)
        rc = store_standing_work(flow->db, &work, err);
    if (rc == 0)
        rc = clockwatch_look(look, err);
    if (rc == 0 && work.replies)
        rc = collect_look(look, err);
    if (rc == 0 && work.deliveries && !rests)
        rc = record_look(look, err);
    if (rc == 0 && (rc = news_look(look, rung, err)) == 0 &&
        (rc = reconcile_look(look, err)) == 0 && (rc = schedule_look(look, err)) == 0)
        rc = dispatch_look(look, err);
    if (rc == 0 && work.door_commands)
        rc = dispatch_door_look(look, err);
    if (rc == 0 && work.attempts)
        rc = evidence_look(look, err);
    if (rc == 0 && work.probes)
        rc = probing_look(look, err);
    if (rc == 0)
        rc = whole ? bulk_line_clear(look, err) : bulk_line_rest(look, err);
    snapshots_give(look->snapshot);
    return rc;
}

/* The writer does not begin what takes long shortly before a start. Deliveries and replies have no instant that is kept. */
static void announce(const struct look *look)
{
    const struct flow *flow = look->flow;
    time_ms next = agenda_next(flow->agenda, AGENDA_ENVIRONMENTS);

    writer_expect(flow->writer, look->started || flow->bulks != NULL ? 0
                                : next == VERDICT_NEVER              ? INT64_MAX
                                                        : next - clock_now(flow->clock));
}

/* By the machine's clock the loop comes back at once: what is written then is not waited for in between. */
static bool goes_on(const struct look *look, int moved)
{
    return look->more && moved < ROUNDS_MAX && look->flow->clock == clock_system();
}

void flow_end(struct flow *flow)
{
    bulk_line_drop(flow);
}

int flow_look(struct flow *flow, time_ms *ret_next, struct err *err)
{
    struct arena arena;
    struct look look;
    int rc = 0, moved = 0;

    arena_init(&arena);
    for (int i = 0; i < ROUNDS_MAX; i++) {
        rc = look_once(flow, &arena, i == 0 && !flow->timed, false, &look, err);
        /* What starts comes to its rest by itself. */
        moved = look.started ? 0 : moved + (look.unrest && !look.more);
        announce(&look);
        if (rc < 0 || (!look.unrest && !look.more))
            break;
        arena_reset(&arena);
    }
    if (rc == 0 && !goes_on(&look, moved))
        rc = bulk_line_clear(&look, err);
    if (rc < 0)
        bulk_line_drop(flow);
    arena_deinit(&arena);
    if (rc == 0)
        *ret_next = moved == ROUNDS_MAX        ? look.now + BREATH_MS
                    : look.unrest || look.more ? look.now
                                               : look.next;
    return rc;
}

int flow_look_at_all(struct flow *flow, bool *ret_moved, time_ms *ret_next, struct err *err)
{
    struct arena arena;
    struct look look;
    bool whole = true;
    int rc;

    *ret_moved = false;
    arena_init(&arena);
    do {
        rc = look_once(flow, &arena, false, whole, &look, err);
        *ret_moved = *ret_moved || look.moved;
        whole = false;
        arena_reset(&arena);
    } while (rc == 0 && look.more && !look.moved);
    if (rc == 0)
        rc = bulk_line_clear(&look, err);
    bulk_line_drop(flow);
    *ret_moved = *ret_moved || look.moved;
    arena_deinit(&arena);
    *ret_next = look.next;
    return rc;
}
