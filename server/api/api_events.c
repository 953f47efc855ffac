#include "server/api/api_events.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "server/api/api.h"
#include "server/api/reply.h"

#define HEARTBEAT_MS 20000
#define KEPT 256 /* changes remembered for those who come back */
#define ALL_TOPICS (~0u)

#define TOPIC_ROW(symbol, bit, text) {bit, text},
static const struct {
    unsigned bit;
    const char *text;
} topic_rows[] = {API_EVENTS_TOPICS(TOPIC_ROW)};

#define N_TOPICS (sizeof(topic_rows) / sizeof(topic_rows[0]))

/* One stream; in the arena of its request. */
struct watcher {
    struct request *request;
    uint64_t seen; /* last change it was told */
    bool greeted;
    mono_ms beat_at;
};

struct api_events {
    pthread_mutex_t lock;
    uint64_t last;         /* number of the newest change; 0 = none yet */
    unsigned topics[KEPT]; /* of change N at N % KEPT */
    struct watcher *watchers[API_EVENTS_WATCHERS_MAX];
    size_t n_watchers;
};

struct api_events *api_events_new(void)
{
    struct api_events *e = calloc(1, sizeof(*e));

    if (e == NULL)
        abort();
    pthread_mutex_init(&e->lock, NULL);
    return e;
}

void api_events_free(struct api_events *e)
{
    if (e == NULL)
        return;
    pthread_mutex_destroy(&e->lock);
    free(e);
}

void api_events_publish(struct api_events *e, unsigned topics)
{
    pthread_mutex_lock(&e->lock);
    e->last++;
    e->topics[e->last % KEPT] = topics;
    /* A watcher leaves the list under this lock before its request ends, so each is alive here. */
    for (size_t i = 0; i < e->n_watchers; i++)
        request_resume(e->watchers[i]->request);
    pthread_mutex_unlock(&e->lock);
}

/* What changed after `seen`; everything if that is no longer known. */
static unsigned changed_since(const struct api_events *e, uint64_t seen)
{
    unsigned topics = 0;

    if (seen > e->last || e->last - seen > KEPT)
        return ALL_TOPICS;
    for (uint64_t n = seen + 1; n <= e->last; n++)
        topics |= e->topics[n % KEPT];
    return topics;
}

/* One event as text; its length, or 0 if it does not fit. */
static size_t write_change(char *bytes, size_t max, uint64_t id, unsigned topics)
{
    char text[256];
    size_t len =
        (size_t)snprintf(text, sizeof(text), "id: %llu\nevent: change\ndata: {\"topics\":[",
                         (unsigned long long)id);
    const char *comma = "";

    for (size_t i = 0; i < N_TOPICS; i++) {
        if ((topics & topic_rows[i].bit) == 0)
            continue;
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%s\"%s\"", comma, topic_rows[i].text);
        comma = ",";
    }
    len += (size_t)snprintf(text + len, sizeof(text) - len, "]}\n\n");
    if (len > max)
        return 0;
    memcpy(bytes, text, len);
    return len;
}

static size_t write_text(char *bytes, size_t max, const char *text)
{
    size_t len = strlen(text);

    if (len > max)
        return 0;
    memcpy(bytes, text, len);
    return len;
}

static ssize_t stream(struct request *request, char *bytes, size_t max)
{
    struct api_events *e = request->api->events;
    struct watcher *w = request->state;
    mono_ms now = clock_mono(request->api->clock);
    uint64_t last;
    unsigned topics;
    size_t n = 0;

    pthread_mutex_lock(&e->lock);
    last = e->last;
    topics = changed_since(e, w->seen);
    pthread_mutex_unlock(&e->lock);

    if (!w->greeted) {
        /* How long a browser waits before it comes back, and a first byte for proxies. */
        n = write_text(bytes, max, "retry: 3000\n\n");
        w->greeted = true;
    } else if (w->seen != last) {
        n = write_change(bytes, max, last, topics);
        w->seen = last;
    } else if (now >= w->beat_at) {
        n = write_text(bytes, max, ":\n\n");
    }
    if (n > 0)
        w->beat_at = now + HEARTBEAT_MS;
    else
        request_wake_at(request, w->beat_at);
    return (ssize_t)n;
}

static void stream_end(struct request *request)
{
    struct api_events *e = request->api->events;
    struct watcher *w = request->state;

    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < e->n_watchers; i++) {
        if (e->watchers[i] == w) {
            e->watchers[i] = e->watchers[--e->n_watchers];
            break;
        }
    }
    pthread_mutex_unlock(&e->lock);
}

/* Where to go on: behind the event a client saw last; else from now. A number that we never gave
 * comes from before a restart: everything may have changed. */
static uint64_t first_seen(const struct api_events *e, const char *last_event_id)
{
    int64_t id;

    if (last_event_id == NULL)
        return e->last;
    if (str_parse_int64(last_event_id, &id) < 0 || id < 0)
        return e->last;
    return (uint64_t)id == e->last ? e->last : (uint64_t)id;
}

enum request_next api_events_get(struct request *request, struct reply *reply)
{
    struct api_events *e = request->api->events;
    struct watcher *w = arena_alloc(request->arena, sizeof(*w));
    bool room;

    w->request = request;
    w->beat_at = clock_mono(request->api->clock) + HEARTBEAT_MS;
    request->state = w;
    pthread_mutex_lock(&e->lock);
    w->seen = first_seen(e, request_header(request, "Last-Event-ID"));
    room = e->n_watchers < API_EVENTS_WATCHERS_MAX;
    if (room)
        e->watchers[e->n_watchers++] = w;
    pthread_mutex_unlock(&e->lock);
    if (!room) {
        reply_header(reply, "Retry-After", "15");
        reply_refuse(request, reply, 503, "too many are watching; ask again, or poll");
        return REQUEST_DONE;
    }
    reply_stream(reply, "text/event-stream", stream, stream_end);
    return REQUEST_DONE;
}
