/* door_offering: see door_offering.h. */
#include "server/api/door_offering.h"

#include <pthread.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/store/store_ask.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/door_poll.h"

#define BATCH_MAX 64  /* polls of one job: some milliseconds */
#define OFFERS_MAX 4  /* in one answer: each may have half a megabyte */
#define CANCELS_MAX 8 /* ... and these are small */

struct batch {
    struct door_offering *offering;
    struct api *api;
    struct door_offering_place *first, **end;
    size_t n;
};

struct door_offering {
    pthread_mutex_t lock;
    struct batch *open; /* its job waits, and it takes more; NULL = the next one begins another */
};

struct door_offering *door_offering_new(void)
{
    struct door_offering *offering = calloc(1, sizeof(*offering));

    if (offering == NULL || pthread_mutex_init(&offering->lock, NULL) != 0)
        abort();
    return offering;
}

void door_offering_free(struct door_offering *offering)
{
    if (offering == NULL)
        return;
    pthread_mutex_destroy(&offering->lock);
    free(offering);
}

/* On the writer's thread ------------------------------------------------------------------------- */

static int offer_commands(struct db *db, struct door_offering_place *p, struct err *err)
{
    int rc = store_offer_list(db, p->request->arena, p->host_id, p->at, OFFERS_MAX, &p->offers,
                              &p->n, err);

    for (size_t i = 0; i < p->n && rc == 0; i++)
        rc = store_offer_made(db, p->offers[i].invocation.command_id, p->host_id, p->at,
                              p->at + COMMAND_VISIBILITY_MS, err);
    return rc;
}

/* What its host never answered is asked about, each in the very words that it was handed. */
static int offer_asks(struct db *db, struct door_offering_place *p, struct err *err)
{
    struct arena *arena = p->request->arena;
    const char **ids;
    size_t n;
    int rc = store_ask_list(db, arena, p->host_id, p->at, OFFERS_MAX, &ids, &n, err);

    if (rc == 0 && n > 0)
        p->offers = arena_array(arena, n, sizeof(*p->offers));
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = store_offer_find(db, arena, ids[i], p->host_id, &p->offers[p->n], err);
        if (rc == 0)
            rc = store_ask_put_off(db, ids[i], p->host_id, p->at, err);
        p->n += rc == 0;
    }
    return rc;
}

static int offer_cancels(struct db *db, struct door_offering_place *p, struct err *err)
{
    int rc = store_cancel_offers(db, p->request->arena, p->host_id, p->at, CANCELS_MAX, &p->cancels,
                                 &p->n_cancels, err);

    for (size_t i = 0; i < p->n_cancels && rc == 0; i++)
        rc = store_cancel_offered(db, p->cancels[i].cancel_id, p->at + COMMAND_VISIBILITY_MS, err);
    return rc;
}

static int write_batch(struct db *db, void *arg, struct err *err)
{
    struct batch *batch = arg;
    time_ms now = clock_now(batch->api->clock);
    int rc = 0;

    pthread_mutex_lock(&batch->offering->lock);
    if (batch->offering->open == batch)
        batch->offering->open = NULL; /* from here on nobody joins */
    pthread_mutex_unlock(&batch->offering->lock);
    for (struct door_offering_place *p = batch->first; p != NULL && rc == 0; p = p->next) {
        p->at = now;
        rc = p->room ? offer_commands(db, p, err) : 0;
        if (rc == 0 && p->room && p->n == 0)
            rc = offer_asks(db, p, err);
        if (rc == 0)
            rc = offer_cancels(db, p, err);
    }
    return rc;
}

/* After the commit. The last look at a place: its request may end at once. */
static void batch_done(void *arg, int rc, const struct err *err)
{
    struct batch *batch = arg;
    struct api *api = batch->api;
    size_t n_offered = 0;

    if (rc < 0)
        log_warning("poll.put-off", "polls=%zu err=%s", batch->n, LOG(err->text));
    pthread_mutex_lock(&batch->offering->lock);
    if (batch->offering->open == batch) /* it was never run */
        batch->offering->open = NULL;
    pthread_mutex_unlock(&batch->offering->lock);
    for (struct door_offering_place *p = batch->first, *next; p != NULL; p = next) {
        struct request *request = p->request;

        next = p->next;
        n_offered += rc < 0 ? 0 : p->n;
        p->rc = rc;
        if (rc < 0)
            p->n = p->n_cancels = 0;
        atomic_store(&p->done, true);
        request_resume(request);
        request_let_go(request);
    }
    free(batch);
    if (n_offered > 0)
        api->ring_flow(api->flow);
}

/* On http threads -------------------------------------------------------------------------------- */

static struct batch *batch_new(struct door_offering *offering, struct api *api)
{
    struct batch *batch = calloc(1, sizeof(*batch));

    if (batch == NULL)
        abort();
    batch->offering = offering;
    batch->api = api;
    batch->end = &batch->first;
    return batch;
}

static void add(struct batch *batch, struct door_offering_place *place)
{
    *batch->end = place;
    batch->end = &place->next;
    batch->n++;
}

int door_offering_join(struct door_offering *offering, struct api *api,
                       struct door_offering_place *place, struct err *err)
{
    struct batch *batch;
    int rc = 0;

    place->next = NULL;
    place->offers = NULL;
    place->cancels = NULL;
    place->n = place->n_cancels = 0;
    atomic_store(&place->done, false);
    request_hold(place->request);
    pthread_mutex_lock(&offering->lock);
    if (offering->open != NULL) {
        batch = offering->open;
        add(batch, place);
        if (batch->n == BATCH_MAX)
            offering->open = NULL;
    } else {
        batch = batch_new(offering, api);
        add(batch, place);
        rc = writer_post(api->writer, write_batch, batch, batch_done, err);
        if (rc < 0)
            free(batch);
        else
            offering->open = batch; /* its job waits for this lock, if it runs already */
    }
    pthread_mutex_unlock(&offering->lock);
    if (rc < 0)
        request_let_go(place->request);
    return rc;
}
