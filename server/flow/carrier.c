#include "server/flow/carrier.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/store/db.h"
#include "lib/store/store_send.h"
#include "lib/store/writer.h"
#include "lib/transport/transport_ssm.h"
#include "server/flow/carriage.h"
#include "server/flow/courier.h"
#include "server/flow/snapshot.h"

#define REST_MS 50
#define IDLE_MS 60000        /* without AWS, unless it is rung for */
#define LOOK_MS 1000         /* the clock of the rules may have moved on by then */
#define HOSTS_EVERY_MS 25000 /* a host is silent after a minute: one question may be lost */
#define HOSTS_AGAIN_MS 10000 /* where nobody answered */
#define SETTLE_MS 60000
#define PATIENCE_MAX_MS 60000
#define OPEN_MAX 1000

struct carrier {
    struct carrier_options options;
    struct courier courier;
    bool rung; /* under the mutex, as the next one */
    struct carrier_report report;

    struct db *db;
    struct transport_ssm *aws; /* NULL = the configuration has none */
    char asked[1024];          /* the settings that it was opened with */
    struct carriage carriage;  /* its places stay from round to round */
    bool has_begun;
    int64_t patience_ms;
    mono_ms not_before; /* AWS is left alone until then */
    time_ms configured_at;
    mono_ms hosts_at; /* who is there is asked again then */
};

/* A round ------------------------------------------------------------------------------------------ */

static bool wants_hosts(const struct config *config)
{
    for (size_t i = 0; i < config->n_repos; i++)
        for (size_t k = 0; k < config->repos[i].n_environments; k++)
            for (size_t r = 0; r < config->repos[i].environments[k].n_roles; r++)
                if (config->repos[i].environments[k].roles[r].ssm)
                    return true;
    return false;
}

/* By the settings in force; what was opened by others is closed. */
static void open_aws(struct carrier *c, const struct config *config)
{
    const struct aws_client_options options = {.region = config->aws_region,
                                               .endpoint = config->aws_endpoint,
                                               .profile = config->aws_profile,
                                               .stop = &c->courier.stopping,
                                               .counts = c->options.counts};
    char asked[sizeof(c->asked)] = "";
    struct err err = ERR_INIT;

    if (config->aws_region != NULL)
        (void)snprintf(asked, sizeof(asked), "%s\n%s\n%s", options.region,
                       options.endpoint != NULL ? options.endpoint : "",
                       options.profile != NULL ? options.profile : "");
    if (strcmp(asked, c->asked) == 0)
        return;
    transport_ssm_close(c->aws);
    c->aws = NULL;
    memcpy(c->asked, asked, sizeof(c->asked));
    c->not_before = c->hosts_at = 0;
    memset(c->carriage.rests, 0, sizeof(c->carriage.rests));
    c->patience_ms = CARRIAGE_PATIENCE_MS;
    if (*asked != '\0' && transport_ssm_open(&options, &c->aws, &err) < 0) {
        log_error("aws.not-opened", "err=%s", LOG(err.text));
        (void)snprintf(c->carriage.trouble, sizeof(c->carriage.trouble), "%s", err.text);
    }
}

static int write_interrupted(struct db *db, void *arg, struct err *err)
{
    (void)arg;
    return store_send_interrupted(db, err);
}

/* What an earlier process was asking when it ended: once. */
static bool begin(struct carrier *c)
{
    struct err err = ERR_INIT;

    if (!c->has_begun && writer_do(c->options.writer, write_interrupted, NULL, &err) < 0)
        return carriage_failed(&c->carriage, "what was sent before", &err);
    c->has_begun = true;
    return true;
}

/* What is not open any more is not looked at again. */
static void forget(struct carriage *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_places; i++)
        if (c->places[i].seen)
            c->places[n++] = c->places[i];
    c->n_places = n;
    for (size_t i = 0; i < n; i++)
        c->places[i].seen = false;
}

/* They come in the next round: what is known of them stays. */
static void keep_rest(struct carriage *c, const struct send *open, size_t n)
{
    for (size_t i = 0; i < n; i++)
        carriage_place(c, open[i].id)->seen = true;
}

/* `*ret_open`: how many AWS has, or may have. */
static void ask(struct carrier *c, size_t *ret_open)
{
    struct carriage *w = &c->carriage;
    struct err err = ERR_INIT;
    mono_ms began;
    struct send *open;
    size_t n = 0;

    if (w->mono >= c->hosts_at && carriage_may(w, CARRIAGE_HOSTS)) {
        c->hosts_at = w->mono + carriage_jitter(HOSTS_EVERY_MS);
        if (!carriage_hosts(w)) /* in the rounds until then it is the others' turn */
            c->hosts_at = w->over ? courier_now() + carriage_jitter(HOSTS_AGAIN_MS) : w->mono;
    }
    if (!w->over)
        carriage_cancels(w);
    if (carriage_may(w, CARRIAGE_SEND))
        carriage_sends_begin(w);
    if (store_send_open(c->db, w->arena, OPEN_MAX, &open, &n, &err) < 0)
        (void)carriage_failed(w, "what was sent", &err);
    began = courier_now();
    for (size_t i = 0; i < n; i++) {
        if (courier_now() - began > CARRIAGE_ROUND_MS) {
            keep_rest(w, open + i, n - i);
            w->more = true;
            break;
        }
        if (open[i].state == SEND_SENT)
            carriage_words(w, &open[i]);
        else
            carriage_sends_go_on(w, &open[i]);
    }
    forget(w);
    *ret_open = n;
}

/* While AWS is left alone: what it has nothing of may be over all the same. */
static void wait_on(struct carrier *c, size_t *ret_open)
{
    struct err err = ERR_INIT;
    struct send *open;

    if (store_send_open(c->db, c->carriage.arena, OPEN_MAX, &open, ret_open, &err) < 0)
        (void)carriage_failed(&c->carriage, "what was sent", &err);
    for (size_t i = 0; i < *ret_open; i++)
        (void)carriage_sends_end(&c->carriage, &open[i]);
}

static void leave_alone(struct carrier *c)
{
    c->not_before = c->carriage.mono + carriage_jitter(c->patience_ms);
    c->patience_ms = c->patience_ms * 2 < PATIENCE_MAX_MS ? c->patience_ms * 2 : PATIENCE_MAX_MS;
}

/* But for the number that AWS gives each question. */
static bool is_same(const char *a, const char *b)
{
    const char *end = strstr(a, " (request ");
    size_t n = end != NULL ? (size_t)(end - a) : strlen(a);

    return strncmp(a, b, n) == 0 && (end != NULL || b[n] == '\0');
}

static void say(struct carrier *c, bool wanted, size_t open)
{
    struct carriage *w = &c->carriage;
    struct carrier_report *r = &c->report;
    const char *trouble = carriage_trouble(w);

    if (atomic_load(&c->courier.stopping))
        return;
    pthread_mutex_lock(&c->courier.mutex);
    if (*trouble != '\0' && !is_same(trouble, r->trouble))
        log_warning("aws.trouble", "err=%s", LOG(trouble));
    r->wanted = wanted;
    r->open = open;
    if (w->answered)
        r->answered_at = w->now;
    (void)snprintf(r->endpoint, sizeof(r->endpoint), "%s",
                   c->aws != NULL ? transport_ssm_endpoint(c->aws) : "");
    (void)snprintf(r->trouble, sizeof(r->trouble), "%s", trouble);
    pthread_mutex_unlock(&c->courier.mutex);
    if (w->hosts || w->printed)
        c->options.tell(c->options.arg, w->hosts, w->printed);
    if (w->moved)
        c->options.ring(c->options.arg);
}

/* True: there is more to do at once. */
static bool make_round(struct carrier *c, struct arena *arena)
{
    struct carriage *w = &c->carriage;
    const struct snapshot *snapshot = snapshots_take(c->options.snapshots);
    bool wanted = wants_hosts(snapshot->config);
    size_t open = 0;

    w->db = c->db;
    w->writer = c->options.writer;
    w->snapshot = snapshot;
    w->arena = arena;
    w->clock = c->options.clock;
    carriage_tick(w);
    w->settle_ms = c->options.settle_ms != 0 ? c->options.settle_ms : SETTLE_MS;
    w->moved = w->hosts = w->printed = w->over = w->answered = w->more = false;
    if (snapshot->made_at != c->configured_at)
        c->hosts_at = 0; /* other roles, perhaps */
    c->configured_at = snapshot->made_at;
    open_aws(c, snapshot->config);
    w->aws = c->aws;
    if (w->mono >= c->not_before && c->aws != NULL) {
        *w->trouble = '\0';
        if (begin(c))
            ask(c, &open);
        if (w->over)
            leave_alone(c);
        else
            c->patience_ms = CARRIAGE_PATIENCE_MS;
    } else {
        wait_on(c, &open);
    }
    say(c, wanted || open > 0, open);
    snapshots_give(snapshot);
    return w->more && !w->over;
}

/* Life -------------------------------------------------------------------------------------------------- */

/* When the next of what is open is looked at. */
static mono_ms soonest(const struct carrier *c)
{
    mono_ms at = courier_now() + (c->aws != NULL ? LOOK_MS : IDLE_MS);

    for (size_t i = 0; i < c->carriage.n_places && c->aws != NULL; i++)
        if (c->carriage.places[i].next < at)
            at = c->carriage.places[i].next;
    return at < c->not_before ? c->not_before : at;
}

/* Until the bell, or so long. False: it is time to stop. */
static bool wait_for_work(struct carrier *c, bool more)
{
    mono_ms least = courier_now() + REST_MS, until = soonest(c);

    if (until < least) /* whatever is open: never without a rest */
        until = least;

    pthread_mutex_lock(&c->courier.mutex);
    while (!more && !c->rung && courier_now() < until && !atomic_load(&c->courier.stopping))
        courier_wait(&c->courier, until);
    c->rung = false;
    pthread_mutex_unlock(&c->courier.mutex);
    return !atomic_load(&c->courier.stopping);
}

static void *carrier_main(void *arg)
{
    struct carrier *c = arg;
    bool more = true;

    while (wait_for_work(c, more)) {
        struct arena arena;

        arena_init(&arena);
        more = make_round(c, &arena);
        arena_deinit(&arena);
    }
    return NULL;
}

static void close_all(struct carrier *c)
{
    transport_ssm_close(c->aws);
    c->aws = NULL;
    db_close(c->db);
    c->db = NULL;
}

int carrier_start(const struct carrier_options *options, struct carrier **ret_carrier,
                  struct err *err)
{
    struct carrier *c = calloc(1, sizeof(*c));
    int rc;

    if (c == NULL)
        abort();
    c->options = *options;
    c->patience_ms = CARRIAGE_PATIENCE_MS;
    rc = db_open_read(options->store, &c->db, err);
    if (rc == 0)
        rc = courier_start(&c->courier, NULL, "the carrier", carrier_main, c, err);
    if (rc == 0) {
        *ret_carrier = c;
        return 0;
    }
    close_all(c);
    free(c);
    return rc;
}

void carrier_stop(struct carrier *c)
{
    if (c == NULL)
        return;
    courier_stop(&c->courier);
    close_all(c);
}

void carrier_free(struct carrier *c)
{
    if (c == NULL)
        return;
    courier_free(&c->courier);
    free(c->carriage.places);
    free(c);
}

void carrier_ring(struct carrier *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->courier.mutex);
    c->rung = true;
    courier_ring(&c->courier);
    pthread_mutex_unlock(&c->courier.mutex);
}

void carrier_report(struct carrier *c, struct carrier_report *ret_report)
{
    *ret_report = (struct carrier_report){.wanted = false};
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->courier.mutex);
    *ret_report = c->report;
    pthread_mutex_unlock(&c->courier.mutex);
}
