#include "server/upkeep.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/store/db.h"
#include "lib/store/store.h"
#include "server/api/chain.h"
#include "server/prune.h"

#define FIRST_AFTER_MS 2000
#define EVERY_MS (3600 * 1000)
#define CHECK_EACH 24       /* rounds: each night */
#define BETWEEN_TAKES_MS 20 /* others come first */

struct upkeep {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stopping;
    struct db *db;
    struct writer *writer;
    struct chain *chain;
    struct clock *clock;
    void (*damaged)(void *arg, const struct err *err);
    void *arg;
};

/* True when it is time to stop. */
static bool pause_for(struct upkeep *u, int64_t ms)
{
    struct timespec until;
    bool stopping;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&u->mutex);
    while (!u->stopping && pthread_cond_timedwait(&u->wake, &u->mutex, &until) == 0)
        ;
    stopping = u->stopping;
    pthread_mutex_unlock(&u->mutex);
    return stopping;
}

static bool pause_between(void *arg)
{
    return pause_for(arg, BETWEEN_TAKES_MS);
}

/* False: the store is damaged, and that is told. */
static bool check(struct upkeep *u)
{
    mono_ms began = clock_mono(u->clock);
    struct err err = ERR_INIT;

    if (store_check(u->db, &err) < 0) {
        log_error("store.damaged", "err=%s", LOG(err.text));
        u->damaged(u->arg, &err);
        return false;
    }
    log_debug("store.checked", "ms=%lld", (long long)(clock_mono(u->clock) - began));
    return true;
}

/* Every row of the journal: also those that doctor need not read any more (A5). */
static void check_journal(struct upkeep *u)
{
    struct err err = ERR_INIT;
    int64_t bad = 0;

    if (chain_read_again(u->chain, u->db, pause_between, u, &bad, &err) < 0)
        log_warning("journal.not-read", "err=%s", LOG(err.text));
    else if (bad != 0)
        log_error("journal.changed", "row=%lld", (long long)bad);
}

static void take_out_what_is_old(struct upkeep *u)
{
    struct prune prune = {.db = u->db,
                          .writer = u->writer,
                          .now = clock_now(u->clock),
                          .pause = pause_between,
                          .arg = u};
    struct err err = ERR_INIT;

    if (prune_all(&prune, &err) < 0)
        log_warning("store.not-pruned", "err=%s", LOG(err.text));
    if (prune.bodies + prune.chunks + prune.replies > 0)
        log_notice("store.pruned", "bodies=%zu chunks=%zu replies=%zu", prune.bodies, prune.chunks,
                   prune.replies);
}

static void *upkeep_main(void *arg)
{
    struct upkeep *u = arg;
    int64_t wait = FIRST_AFTER_MS;

    (void)pthread_setname_np(pthread_self(), "upkeep");
    for (unsigned round = 0; !pause_for(u, wait); round++) {
        if (round % CHECK_EACH == 0 && !check(u))
            break;
        if (round % CHECK_EACH == 0)
            check_journal(u);
        take_out_what_is_old(u);
        wait = EVERY_MS;
    }
    return NULL;
}

int upkeep_start(struct upkeep **ret_upkeep, const char *path, struct writer *writer,
                 struct chain *chain, struct clock *clock,
                 void (*damaged)(void *arg, const struct err *err), void *arg, struct err *err)
{
    struct upkeep *u = calloc(1, sizeof(*u));
    pthread_condattr_t attr;
    int rc;

    if (u == NULL)
        abort();
    rc = db_open_read(path, &u->db, err);
    if (rc < 0) {
        free(u);
        return rc;
    }
    u->writer = writer;
    u->chain = chain;
    u->clock = clock;
    u->damaged = damaged;
    u->arg = arg;
    pthread_mutex_init(&u->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&u->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&u->thread, NULL, upkeep_main, u) != 0) {
        db_close(u->db);
        free(u);
        return err_set(err, ERR_INTERNAL, "the thread of the upkeep cannot be started");
    }
    *ret_upkeep = u;
    return 0;
}

void upkeep_stop(struct upkeep *u)
{
    if (u == NULL)
        return;
    pthread_mutex_lock(&u->mutex);
    u->stopping = true;
    pthread_cond_signal(&u->wake);
    pthread_mutex_unlock(&u->mutex);
    pthread_join(u->thread, NULL);
    db_close(u->db);
    pthread_cond_destroy(&u->wake);
    pthread_mutex_destroy(&u->mutex);
    free(u);
}
