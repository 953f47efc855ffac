#include "server/flow/clockwatch.h"

#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/store/store_config.h"
#include "lib/store/store_host.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_repository.h"
#include "lib/store/store_set_back.h"
#include "server/flow/flow.h"

#define JUMP_MS 30000
#define SLEPT_MS 5000
#define LAST_LINES 20

struct jump {
    time_ms from; /* what the clock said before, going on as time does */
    time_ms to;   /* what it says now */
};

static int apply(struct db *db, void *arg, struct err *err)
{
    const struct jump *j = arg;
    char from[TIMESTAMP_SIZE], to[TIMESTAMP_SIZE], detail[160];
    int rc;

    timestamp_format(j->from, from);
    timestamp_format(j->to, to);
    snprintf(detail, sizeof(detail), "{\"seconds\":%lld,\"from\":\"%s\",\"to\":\"%s\"}",
             (long long)(j->to - j->from) / 1000, from, to);
    rc = look_journal(db, j->to, "clock.jumped", "clock", detail, NULL, err);
    if (rc == 0)
        rc = store_watermark_seen_by(db, j->to, err);
    if (rc == 0)
        rc = store_watermark_set(db, CLOCKWATCH_MARK, j->to, err);
    if (rc == 0)
        rc =
            store_watermark_set(db, CLOCKWATCH_FORWARD, j->to > j->from ? j->to - j->from : 0, err);
    if (rc == 0)
        rc = store_watermark_set(db, CLOCKWATCH_BACK, j->to < j->from ? j->from - j->to : 0, err);
    if (rc == 0)
        rc = store_host_seen_by(db, j->to, err);
    if (rc == 0)
        rc = store_repository_seen_by(db, j->to, err);
    if (rc == 0 && j->to < j->from)
        rc = store_set_back(db, j->to, j->from - j->to, err);
    return rc;
}

static int tell(struct look *look, const struct jump *j, struct err *err)
{
    struct flow *flow = look->flow;
    struct jump jump = *j;

    log_warning("clock.jumped", "seconds=%lld", (long long)(j->to - j->from) / 1000);
    flow->heard_since = j->to;
    look->whole = true;
    if (j->to > j->from)
        flow->unattended = (struct flow_unattended){j->from, j->to, "clock-jumped"};
    return look_write(look, apply, &jump, FLOW_HOSTS | FLOW_DEPLOYMENTS, err);
}

/* What was written last was written later than now: the clock was set back while the server was down. The start
 * itself has written some lines already. */
static int look_back(struct look *look, struct err *err)
{
    struct journal_entry *last = NULL;
    time_ms latest = 0;
    size_t n = 0;
    int rc = store_journal_list(look->flow->db, look->arena, 0, LAST_LINES, &last, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        latest = last[i].at > latest ? last[i].at : latest;
    return rc < 0 || latest <= look->now + JUMP_MS
               ? rc
               : tell(look, &(struct jump){latest, look->now}, err);
}

/* The machine was suspended, or this process stopped: it looks much later than it meant to. Hosts could not report
 * meanwhile, and the first look comes before they do. */
static void look_late(struct look *look)
{
    struct flow *flow = look->flow;
    time_ms due = flow->wakes_at > flow->looked_at ? flow->wakes_at : flow->looked_at;

    if (flow->wakes_at == 0 || flow->looked_at == 0 || look->now - due <= SLEPT_MS)
        return;
    log_warning("flow.overslept", "seconds=%lld", (long long)(look->now - due) / 1000);
    flow->woke_at = look->now;
    flow->unattended = (struct flow_unattended){due, look->now, "server-slept"};
}

int clockwatch_look(struct look *look, struct err *err)
{
    struct flow *flow = look->flow;
    int64_t skew = look->now - clock_mono(flow->clock);
    int64_t jump = skew - flow->clock_skew;
    bool first = !flow->clock_known;

    flow->clock_skew = skew;
    flow->clock_known = true;
    if (jump <= JUMP_MS && jump >= -JUMP_MS)
        look_late(look);
    flow->looked_at = look->now;
    if (first) {
        flow->unattended = (struct flow_unattended){0, flow->heard_since, "server-down"};
        return look_back(look, err);
    }
    if (jump <= JUMP_MS && jump >= -JUMP_MS)
        return 0;
    return tell(look, &(struct jump){look->now - jump, look->now}, err);
}

const char *clockwatch_unattended(const struct flow *flow, time_ms at)
{
    const struct flow_unattended *u = &flow->unattended;

    return u->why != NULL && u->from <= at && at < u->to ? u->why : NULL;
}
