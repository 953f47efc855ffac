/*
 * api_events: server-sent events for those who watch: what changed, not how.
 *
 * `event: change`, `id: N`, `data: {"topics":["status","hosts"]}`; the page then asks again for what
 * it shows. N counts changes since the server began; a client that comes back with Last-Event-ID
 * and missed some is told once that everything may have changed. A comment line every 20 s shows
 * that the line is alive. At most API_EVENTS_WATCHERS_MAX at once, then 503.
 *
 * api_events_publish() may be called from any thread; the streams run on http threads.
 */
#ifndef SLIPWAY_SERVER_API_API_EVENTS_H
#define SLIPWAY_SERVER_API_API_EVENTS_H

#include "server/api/request.h"

#define API_EVENTS_WATCHERS_MAX 64

struct api_events;

#define API_EVENTS_TOPICS(X)                                                                       \
    X(API_EVENTS_STATUS, "status")     /* anything that the Board shows */                         \
    X(API_EVENTS_RELEASES, "releases") /* new releases, deployments, their hosts and steps */      \
    X(API_EVENTS_LOGS, "logs")         /* output came */                                           \
    X(API_EVENTS_HOSTS, "hosts")                                                                   \
    X(API_EVENTS_CONFIG, "config")

#define API_EVENTS_ENUM(symbol, text) symbol,
enum api_events_topic { API_EVENTS_TOPICS(API_EVENTS_ENUM) API_EVENTS_TOPICS_COUNT };

struct api_events *api_events_new(void);
void api_events_free(struct api_events *events); /* after http_server_stop(); accepts NULL */

/* `topics`: 1u << API_EVENTS_STATUS and so on. */
void api_events_publish(struct api_events *events, unsigned topics);

enum request_next api_events_get(struct request *request, struct reply *reply);

#endif
