/*
 * api_events: server-sent events for those who watch: what changed, not how.
 *
 * `event: change`, `id: N`, `data: {"topics":["releases","hosts"]}`; the page then asks again for what
 * it shows. N counts changes since the server began; a client that comes back with Last-Event-ID
 * and missed some is told once that everything may have changed. A comment line every 20 s shows
 * that the line is alive. At most API_EVENTS_WATCHERS_MAX at once, then 503.
 *
 * api_events_publish() may be called from any thread; the streams run on http threads.
 */
#ifndef SLIPWAY_SERVER_API_API_EVENTS_H
#define SLIPWAY_SERVER_API_API_EVENTS_H

#include "server/api/request.h"
#include "server/flow/flow.h"

#define API_EVENTS_WATCHERS_MAX 64

struct api_events;

/* What may change. The first ones are the flow's own bits (flow.h), so that it can be passed on as
 * it is told. */
#define API_EVENTS_TOPICS(X)                                                                       \
    X(API_EVENTS_DELIVERIES, FLOW_DELIVERIES, "deliveries")                                        \
    X(API_EVENTS_RELEASES, FLOW_RELEASES, "releases")                                              \
    X(API_EVENTS_DEPLOYMENTS, FLOW_DEPLOYMENTS, "deployments")                                     \
    X(API_EVENTS_HOSTS, FLOW_HOSTS, "hosts")                                                       \
    X(API_EVENTS_OUTPUT, 1u << 8, "output")                                                        \
    X(API_EVENTS_CONFIG, 1u << 9, "config")

#define API_EVENTS_ENUM(symbol, bit, text) symbol = (bit),
enum api_events_topic { API_EVENTS_TOPICS(API_EVENTS_ENUM) };

struct api_events *api_events_new(void);
void api_events_free(struct api_events *events); /* after http_server_stop(); accepts NULL */

/* `topics`: bits of enum api_events_topic. */
void api_events_publish(struct api_events *events, unsigned topics);

enum request_next api_events_get(struct request *request, struct reply *reply);

#endif
