#include "server/flow/tell.h"

#include <stdio.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/rules/rules_promise.h"
#include "lib/store/store_promise.h"
#include "server/flow/bulk.h"
#include "server/flow/flow.h"
#include "server/flow/outlook.h"

struct telling {
    enum rules_promise_move move;
    const struct promise *open; /* NULL with MAKE */
    struct promise promise;
    const char *subject;
    time_ms now;
};

static const char *const acts[] = {[RULES_PROMISE_MAKE] = "promise.made",
                                   [RULES_PROMISE_CHANGE] = "promise.moved",
                                   [RULES_PROMISE_WITHDRAW] = "promise.withdrawn"};

/* What brings more, or lacks something else now, at the same time, is no move. */
static const char *act_of(const struct telling *t)
{
    return t->open != NULL && t->move == RULES_PROMISE_CHANGE &&
                   t->open->start_at == t->promise.start_at
               ? "promise.changed"
               : acts[t->move];
}

static int apply(struct db *db, void *arg, struct err *err)
{
    const struct telling *t = arg;
    char from[TIMESTAMP_SIZE] = "", to[TIMESTAMP_SIZE] = "";
    char detail[160];
    int rc;

    if (t->open != NULL)
        timestamp_format(t->open->start_at, from);
    if (t->open != NULL && t->move == RULES_PROMISE_WITHDRAW) {
        rc = store_promise_withdraw(db, t->open->id, t->now, err);
    } else {
        timestamp_format(t->promise.start_at, to);
        rc = t->move == RULES_PROMISE_MAKE ? store_promise_make(db, &t->promise, t->now, err)
                                           : store_promise_change(db, &t->promise, t->now, err);
    }
    snprintf(detail, sizeof(detail), "{\"release\":%lld,\"from\":\"%s\",\"to\":\"%s\"}",
             (long long)t->promise.release_number, from, to);
    return rc < 0 ? rc
                  : look_journal(db, t->now, act_of(t), t->subject, detail, t->promise.lacks, err);
}

/* One line, in the words of the journal. */
static void say(const struct telling *t)
{
    char from[TIMESTAMP_SIZE] = "-", to[TIMESTAMP_SIZE] = "-";

    if (t->open != NULL)
        timestamp_format(t->open->start_at, from);
    if (t->move != RULES_PROMISE_WITHDRAW)
        timestamp_format(t->promise.start_at, to);
    log_notice(act_of(t), "what=%s/r%lld from=%s to=%s lacks=%s", LOG(t->subject),
               (long long)t->promise.release_number, from, to, LOG(t->promise.lacks));
}

int tell_promise(struct look *look, struct bulk *bulk, struct bulk_item *item,
                 const struct outlook *outlook, const char *environment, const char *subject,
                 struct err *err)
{
    struct telling *t = arena_alloc(look->arena, sizeof(*t));
    struct promise *open = arena_alloc(look->arena, sizeof(*open));
    struct err own = ERR_INIT;
    int rc = store_promise_open(look->flow->db, look->arena, outlook->repository_id, environment,
                                open, &own);

    if (rc < 0 && rc != ERR_NOT_FOUND) {
        *err = own;
        return rc;
    }
    *t = (struct telling){.open = rc == 0 ? open : NULL, .subject = subject, .now = look->now};
    t->promise = t->open != NULL ? *open
                                 : (struct promise){.repository_id = outlook->repository_id,
                                                    .environment = environment};
    t->move =
        rules_promise_judge(t->open, &outlook->plan, outlook->promised_at, look->now, &t->promise);
    if (t->move == RULES_PROMISE_STANDS)
        return 0;
    say(t);
    bulk_add(bulk, item, apply, t, FLOW_DEPLOYMENTS, NULL);
    return 0;
}
