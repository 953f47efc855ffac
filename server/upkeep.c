#include "server/upkeep.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/store/db.h"
#include "lib/store/store.h"

#define FIRST_AFTER_S 2
#define EVERY_S (24 * 3600)

struct upkeep {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stopping;
    struct db *db;
    void (*damaged)(void *arg, const struct err *err);
    void *arg;
};

/* True when it is time to stop. */
static bool pause_for(struct upkeep *u, int seconds)
{
    struct timespec until;
    bool stopping;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&u->mutex);
    while (!u->stopping && pthread_cond_timedwait(&u->wake, &u->mutex, &until) == 0)
        ;
    stopping = u->stopping;
    pthread_mutex_unlock(&u->mutex);
    return stopping;
}

static void *upkeep_main(void *arg)
{
    struct upkeep *u = arg;

    (void)pthread_setname_np(pthread_self(), "upkeep");
    for (int wait = FIRST_AFTER_S; !pause_for(u, wait); wait = EVERY_S) {
        mono_ms began = clock_mono(clock_system());
        struct err err = ERR_INIT;
        if (store_check(u->db, &err) < 0) {
            log_error("store.damaged", "err=%s", LOG(err.text));
            u->damaged(u->arg, &err);
            break;
        }
        log_debug("store.checked", "ms=%lld", (long long)(clock_mono(clock_system()) - began));
    }
    return NULL;
}

int upkeep_start(struct upkeep **ret_upkeep, const char *path,
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
