#include "server/api/reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "server/api/request.h"

#define NEVER INT64_MAX
#define PAUSE_MS 50 /* between two looks: thousands of deadlines cost twenty scans a second */
#define CROWD 128   /* connections: when so many have left, memory is given back */
#define GIVE_BACK_MS 1000
#define ANSWER_MS 1000 /* until then an answer is on its way */
#define DRAINS_MAX 64  /* sockets drained at once; beyond, they are closed without */
#define DRAIN_MS 2000
#define DRAIN_BYTES (64 << 20)

struct reaper_entry {
    struct reaper_entry *previous;
    struct reaper_entry *next;
    int fd;
    const void *listener;
    _Atomic mono_ms deadline; /* of the phase, or of the wait; NEVER = none */
    _Atomic enum reaper_phase phase;
    _Atomic mono_ms since;   /* when that began */
    struct request *waiting; /* under the table's lock; NULL = nobody waits */
};

struct drain {
    int fd;
    mono_ms until;
    size_t bytes;
};

struct reaper {
    pthread_t thread;
    struct clock *clock;
    int bell;             /* eventfd: look again */
    _Atomic mono_ms wake; /* when the thread will look by itself */
    atomic_bool stop;
    _Atomic mono_ms give_back_at; /* memory, then; 0 = nothing to give back */

    pthread_mutex_t lock; /* all below */
    struct reaper_entry *first;
    size_t n_entries;
    size_t most; /* n_entries at its highest since memory was given back */
    struct drain drains[DRAINS_MAX];
    size_t n_drains;
};

static void ring(struct reaper *r)
{
    uint64_t one = 1;

    /* A full counter means that it is rung already. */
    while (write(r->bell, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

static void set_deadline(struct reaper *r, struct reaper_entry *e, mono_ms deadline)
{
    if (deadline == 0)
        deadline = NEVER;
    atomic_store(&e->deadline, deadline);
    if (deadline < atomic_load(&r->wake))
        ring(r);
}

/* Shut down or resume what is due; the next moment to look. Under the lock. */
static mono_ms look(struct reaper *r, mono_ms now)
{
    mono_ms next = NEVER;

    for (struct reaper_entry *e = r->first; e != NULL; e = e->next) {
        mono_ms deadline = atomic_load(&e->deadline);

        if (deadline > now) {
            if (deadline < next)
                next = deadline;
            continue;
        }
        /* Only if the http thread has not set a new one meanwhile. */
        if (!atomic_compare_exchange_strong(&e->deadline, &deadline, NEVER)) {
            next = now;
            continue;
        }
        if (e->waiting != NULL)
            request_resume(e->waiting);
        else
            (void)shutdown(e->fd, SHUT_RDWR);
    }
    return next;
}

static bool drain_is_over(struct drain *d, mono_ms now)
{
    char sink[16384];

    for (int i = 0; i < 64; i++) {
        ssize_t n = recv(d->fd, sink, sizeof(sink), MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return true;
        if (n < 0)
            break;
        d->bytes += (size_t)n;
    }
    return now >= d->until || d->bytes > DRAIN_BYTES;
}

static void drain_all(struct reaper *r, mono_ms now)
{
    for (size_t i = 0; i < r->n_drains;) {
        if (!drain_is_over(&r->drains[i], now)) {
            i++;
            continue;
        }
        (void)close(r->drains[i].fd);
        r->drains[i] = r->drains[--r->n_drains];
    }
}

/* What many had lies scattered, and malloc keeps pages that it could give back. When it has become quiet. */
static mono_ms give_back(struct reaper *r, mono_ms now, mono_ms next)
{
    mono_ms at = atomic_load(&r->give_back_at);

    if (at == 0)
        return next;
    if (now < at)
        return at < next ? at : next;
    atomic_store(&r->give_back_at, 0);
    (void)malloc_trim(0);
    return next;
}

static int timeout_until(mono_ms next, mono_ms now, bool draining)
{
    int64_t ms = next == NEVER ? -1 : next - now;

    if (draining && (ms < 0 || ms > PAUSE_MS))
        return PAUSE_MS;
    if (ms < 0)
        return -1;
    return ms > 60000 ? 60000 : (int)ms;
}

static void *reaper_main(void *arg)
{
    struct reaper *r = arg;
    struct pollfd fds[1 + DRAINS_MAX];

    (void)pthread_setname_np(pthread_self(), "reaper");
    while (!atomic_load(&r->stop)) {
        mono_ms now = clock_mono(r->clock);
        mono_ms next;
        nfds_t n = 1;
        uint64_t rung;

        atomic_store(&r->wake, NEVER); /* whoever sets a deadline from here on rings */
        pthread_mutex_lock(&r->lock);
        next = look(r, now);
        drain_all(r, now);
        for (size_t i = 0; i < r->n_drains; i++)
            fds[n++] = (struct pollfd){.fd = r->drains[i].fd, .events = POLLIN};
        pthread_mutex_unlock(&r->lock);
        next = give_back(r, now, next);

        if (next < now + PAUSE_MS)
            next = now + PAUSE_MS;
        atomic_store(&r->wake, next);
        fds[0] = (struct pollfd){.fd = r->bell, .events = POLLIN};
        (void)poll(fds, n, timeout_until(next, now, n > 1));
        (void)!read(r->bell, &rung, sizeof(rung));
    }
    return NULL;
}

int reaper_start(struct reaper **ret_reaper, struct clock *clock, struct err *err)
{
    struct reaper *r = calloc(1, sizeof(*r));
    int rc;

    if (r == NULL)
        abort();
    r->clock = clock;
    atomic_store(&r->wake, NEVER);
    pthread_mutex_init(&r->lock, NULL);
    r->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->bell < 0) {
        rc = err_set(err, ERR_INTERNAL, "making the reaper's bell: %s", strerror(errno));
        goto fail;
    }
    rc = pthread_create(&r->thread, NULL, reaper_main, r);
    if (rc != 0) {
        rc = err_set(err, ERR_INTERNAL, "starting the reaper's thread: %s", strerror(rc));
        (void)close(r->bell);
        goto fail;
    }
    *ret_reaper = r;
    return 0;
fail:
    pthread_mutex_destroy(&r->lock);
    free(r);
    return rc;
}

void reaper_stop(struct reaper *r)
{
    if (r == NULL)
        return;
    atomic_store(&r->stop, true);
    ring(r);
    pthread_join(r->thread, NULL);
    for (size_t i = 0; i < r->n_drains; i++)
        (void)close(r->drains[i].fd);
    while (r->first != NULL) {
        struct reaper_entry *e = r->first;

        r->first = e->next;
        free(e);
    }
    (void)close(r->bell);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

struct reaper_entry *reaper_note(struct reaper *r, int fd, const void *listener, int64_t ms)
{
    struct reaper_entry *e = calloc(1, sizeof(*e));

    if (e == NULL)
        abort();
    e->fd = fd;
    e->listener = listener;
    atomic_store(&e->deadline, NEVER);
    pthread_mutex_lock(&r->lock);
    e->next = r->first;
    if (r->first != NULL)
        r->first->previous = e;
    r->first = e;
    r->n_entries++;
    if (r->n_entries > r->most)
        r->most = r->n_entries;
    pthread_mutex_unlock(&r->lock);
    reaper_expect(r, e, REAPER_HEADERS, ms);
    return e;
}

/* Who can go. */
struct leaver {
    struct reaper_entry *entry;
    mono_ms deadline;
    enum reaper_phase phase;
};

static bool can_go(struct reaper_entry *e, mono_ms now, struct leaver *ret_leaver)
{
    ret_leaver->entry = e;
    ret_leaver->deadline = atomic_load(&e->deadline); /* first: it is what is exchanged */
    ret_leaver->phase = atomic_load(&e->phase);
    if (ret_leaver->phase == REAPER_ANSWER && now - atomic_load(&e->since) >= ANSWER_MS)
        ret_leaver->phase = REAPER_TAKES;
    return e->waiting == NULL && ret_leaver->deadline != NEVER;
}

/* Under the lock; `entry` NULL = nobody can. The newest comes first in the table. */
static struct leaver who_goes(const struct reaper *r, const void *listener,
                              const struct reaper_entry *newest, mono_ms now)
{
    struct leaver first = {0};
    struct leaver c;

    for (struct reaper_entry *e = r->first; e != NULL; e = e->next) {
        if (e->listener != listener || e == newest || !can_go(e, now, &c))
            continue;
        if (first.entry == NULL || c.phase < first.phase ||
            (c.phase == first.phase && c.deadline <= first.deadline))
            first = c;
    }
    return first;
}

bool reaper_make_room(struct reaper *r, const void *listener, const struct reaper_entry *newest,
                      enum reaper_phase *ret_phase)
{
    mono_ms now = clock_mono(r->clock);
    struct leaver c;

    pthread_mutex_lock(&r->lock);
    do { /* an http thread may have gone on with it meanwhile: then another one goes */
        c = who_goes(r, listener, newest, now);
    } while (c.entry != NULL &&
             !atomic_compare_exchange_strong(&c.entry->deadline, &c.deadline, NEVER));
    if (c.entry != NULL)
        (void)shutdown(c.entry->fd, SHUT_RDWR);
    pthread_mutex_unlock(&r->lock);
    *ret_phase = c.phase;
    return c.entry != NULL;
}

void reaper_crowd_left(struct reaper *r)
{
    mono_ms none = 0;

    if (atomic_compare_exchange_strong(&r->give_back_at, &none,
                                       clock_mono(r->clock) + GIVE_BACK_MS))
        ring(r);
}

void reaper_forget(struct reaper *r, struct reaper_entry *e, bool drain)
{
    bool rings = false;

    pthread_mutex_lock(&r->lock);
    if (e->previous != NULL)
        e->previous->next = e->next;
    else
        r->first = e->next;
    if (e->next != NULL)
        e->next->previous = e->previous;
    r->n_entries--;
    if (drain && r->n_drains < DRAINS_MAX) {
        int fd = fcntl(e->fd, F_DUPFD_CLOEXEC, 0);

        if (fd >= 0) {
            r->drains[r->n_drains++] =
                (struct drain){.fd = fd, .until = clock_mono(r->clock) + DRAIN_MS};
            rings = true;
        }
    }
    if (r->most >= CROWD && r->n_entries < r->most / 4) {
        r->most = r->n_entries;
        reaper_crowd_left(r);
    }
    pthread_mutex_unlock(&r->lock);
    free(e);
    if (rings)
        ring(r);
}

void reaper_expect(struct reaper *r, struct reaper_entry *e, enum reaper_phase phase, int64_t ms)
{
    mono_ms now = clock_mono(r->clock);

    if (atomic_load(&e->phase) != phase) { /* the http thread's own: nobody else sets it */
        atomic_store(&e->since, now);
        atomic_store(&e->phase, phase);
    }
    set_deadline(r, e, now + ms);
}

void reaper_waits(struct reaper *r, struct reaper_entry *e, struct request *request,
                  mono_ms deadline)
{
    pthread_mutex_lock(&r->lock);
    e->waiting = request;
    pthread_mutex_unlock(&r->lock);
    set_deadline(r, e, deadline);
}

void reaper_moves_on(struct reaper *r, struct reaper_entry *e)
{
    set_deadline(r, e, 0); /* first: a past one without a waiter would be a shutdown */
    pthread_mutex_lock(&r->lock);
    e->waiting = NULL;
    pthread_mutex_unlock(&r->lock);
}

size_t reaper_resume_all(struct reaper *r)
{
    size_t n = 0;

    pthread_mutex_lock(&r->lock);
    for (struct reaper_entry *e = r->first; e != NULL; e = e->next) {
        if (e->waiting != NULL) {
            request_resume(e->waiting);
            n++;
        }
    }
    pthread_mutex_unlock(&r->lock);
    return n;
}

size_t reaper_connections(struct reaper *r)
{
    size_t n;

    pthread_mutex_lock(&r->lock);
    n = r->n_entries;
    pthread_mutex_unlock(&r->lock);
    return n;
}
