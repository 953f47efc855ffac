/*
 * api_metrics: counters of this process and gauges of the store, in Prometheus' text format.
 *
 * One table of metrics: name, type, help. Label values come from closed lists or the
 * configuration, never from requests. To those with a token that may view, and to the addresses of
 * `metrics-from`.
 */
#ifndef SLIPWAY_SERVER_API_API_METRICS_H
#define SLIPWAY_SERVER_API_API_METRICS_H

#include <stddef.h>

#include "server/api/request.h"

struct metrics;
struct metrics_page;

/* What there is to read; docs/reference.md is made from it. */
struct metrics_row {
    const char *name;
    const char *type;   /* counter, gauge */
    const char *labels; /* "repository, environment"; "" = none */
    const char *help;
    int (*samples)(struct metrics_page *page);
};
extern const struct metrics_row metrics_table[];
extern const size_t metrics_table_count;

/* What became of a request at the webhooks listener. */
#define METRICS_DELIVERIES(X)                                                                      \
    X(METRICS_DELIVERY_STORED, "stored")                                                           \
    X(METRICS_DELIVERY_KNOWN, "known")                                                             \
    X(METRICS_DELIVERY_OTHER, "other")       /* another body under a known GUID: not taken */      \
    X(METRICS_DELIVERY_REFUSED, "refused")   /* 400 to 415 */                                      \
    X(METRICS_DELIVERY_UNSIGNED, "unsigned") /* 401 */                                             \
    X(METRICS_DELIVERY_SHED, "shed")         /* 503: GitHub will not send it again by itself */

#define METRICS_ENUM(symbol, text) symbol,
enum metrics_delivery { METRICS_DELIVERIES(METRICS_ENUM) METRICS_DELIVERIES_COUNT };

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);
void metrics_count_delivery(struct metrics *metrics, enum metrics_delivery what);

enum request_next api_metrics_get(struct request *request, struct reply *reply);

#endif
