#include "server/api/api_metrics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_repository.h"
#include "lib/store/writer.h"
#include "lib/transport/aws_client.h"
#include "server/api/api.h"
#include "server/api/api_view.h"
#include "server/api/policy.h"
#include "server/api/reply.h"

#define PAGE_MAX ((size_t)4 << 20)

struct metrics {
    _Atomic uint64_t deliveries[METRICS_DELIVERIES_COUNT];
};

#define METRICS_TEXT(symbol, text) text,
static const char *const delivery_words[] = {METRICS_DELIVERIES(METRICS_TEXT)};

struct metrics *metrics_new(void)
{
    struct metrics *m = calloc(1, sizeof(*m));

    if (m == NULL)
        abort();
    return m;
}

void metrics_free(struct metrics *metrics)
{
    free(metrics);
}

void metrics_count_delivery(struct metrics *metrics, enum metrics_delivery what)
{
    atomic_fetch_add_explicit(&metrics->deliveries[what], 1, memory_order_relaxed);
}

/* Samples --------------------------------------------------------------------------------------- */

struct metrics_page {
    struct api_view *view;
    struct buf *buf;
    const char *metric; /* whose samples are written */
    struct err *err;
};

/* A label's value: backslash, quote and line end are escaped in this format. */
static void add_value(struct buf *buf, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            buf_addc(buf, '\\');
        if (*value == '\n')
            buf_adds(buf, "\\n");
        else
            buf_addc(buf, *value);
    }
}

/* Up to three labels, given as name and value, NULL after the last. */
static void sample(struct metrics_page *page, double value, const char *const *labels)
{
    buf_adds(page->buf, page->metric);
    for (size_t i = 0; labels[i] != NULL; i += 2) {
        buf_addf(page->buf, "%s%s=\"", i == 0 ? "{" : ",", labels[i]);
        add_value(page->buf, labels[i + 1]);
        buf_addc(page->buf, '"');
    }
    if (labels[0] != NULL)
        buf_addc(page->buf, '}');
    buf_addf(page->buf, " %.17g\n", value);
}

static int build_info(struct metrics_page *page)
{
    sample(page, 1, (const char *const[]){"version", page->view->request->api->version, NULL});
    return 0;
}

static int deliveries_total(struct metrics_page *page)
{
    const struct metrics *m = page->view->request->api->metrics;

    for (int i = 0; i < METRICS_DELIVERIES_COUNT; i++)
        sample(page, (double)atomic_load(&m->deliveries[i]),
               (const char *const[]){"result", delivery_words[i], NULL});
    return 0;
}

static int deliveries_waiting(struct metrics_page *page)
{
    int64_t n;
    int rc = store_delivery_waiting(page->view->db, &n, page->err);

    if (rc == 0)
        sample(page, (double)n, (const char *const[]){NULL});
    return rc;
}

static int writer_jobs(struct metrics_page *page)
{
    sample(page, (double)writer_counts(page->view->request->api->writer).jobs,
           (const char *const[]){NULL});
    return 0;
}

static int writer_commits(struct metrics_page *page)
{
    sample(page, (double)writer_counts(page->view->request->api->writer).commits,
           (const char *const[]){NULL});
    return 0;
}

static int agents_seen(struct metrics_page *page)
{
    struct host *hosts;
    size_t n;
    int rc = store_host_list(page->view->db, page->view->request->arena, &hosts, &n, page->err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        sample(page, (double)hosts[i].seen_at / 1000,
               (const char *const[]){"host", hosts[i].name, NULL});
    return rc;
}

static int mirrors_fetched(struct metrics_page *page)
{
    struct repository *repositories;
    size_t n;
    int rc = store_repository_list(page->view->db, page->view->request->arena, &repositories, &n,
                                   page->err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        sample(page, (double)repositories[i].fetched_at / 1000,
               (const char *const[]){"repository", repositories[i].name, NULL});
    return rc;
}

/* Questions to AWS by operation and outcome; none is shown that never came up. */
static int aws_calls_total(struct metrics_page *page)
{
    const struct aws_client_counts *counts = page->view->request->api->aws_counts;

    for (int call = 0; counts != NULL && call < AWS_CALL_COUNT; call++)
        for (int o = 0; o < AWS_OUTCOME_COUNT; o++) {
            unsigned long long n = atomic_load(&counts->calls[call][o]);
            if (n > 0)
                sample(page, (double)n,
                       (const char *const[]){"call", aws_call_name((enum aws_call)call), "outcome",
                                             aws_call_outcome_name((enum aws_outcome)o), NULL});
        }
    return 0;
}

/* Those under way, by environment: what an operator watches. */
static int deployments_open(struct metrics_page *page)
{
    struct deployment *open;
    size_t n;
    int rc =
        store_deployment_all_open(page->view->db, page->view->request->arena, &open, &n, page->err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        sample(page, 1,
               (const char *const[]){"repository", open[i].repository, "environment",
                                     open[i].environment, "state",
                                     deployment_states[open[i].state].text, NULL});
    return rc;
}

const struct metrics_row metrics_table[] = {
    {"slipway_build_info", "gauge", "version", "The version that runs.", build_info},
    {"slipway_webhook_deliveries_total", "counter", "result",
     "Requests at the webhooks listener by result.", deliveries_total},
    {"slipway_deliveries_waiting", "gauge", "", "Deliveries stored and not yet read.",
     deliveries_waiting},
    {"slipway_deployments_open", "gauge", "repository, environment, state",
     "Deployments waiting, deploying or in attention.", deployments_open},
    {"slipway_agent_last_seen_timestamp_seconds", "gauge", "host", "When a host was last heard.",
     agents_seen},
    {"slipway_aws_calls_total", "counter", "call, outcome",
     "Questions to AWS Systems Manager by how they ended.", aws_calls_total},
    {"slipway_mirror_fetched_timestamp_seconds", "gauge", "repository",
     "When a repository was last read.", mirrors_fetched},
    {"slipway_writer_jobs_total", "counter", "", "Transactions executed since the start.",
     writer_jobs},
    {"slipway_writer_commits_total", "counter", "",
     "Commits since the start; each serves several jobs.", writer_commits},
};
const size_t metrics_table_count = sizeof(metrics_table) / sizeof(*metrics_table);

/* Who may ask --------------------------------------------------------------------------------------- */

static bool is_listed(const struct config_list *list, const char *address)
{
    for (size_t i = 0; i < list->n; i++) {
        if (str_eq(list->items[i], address))
            return true;
    }
    return false;
}

enum request_next api_metrics_get(struct request *request, struct reply *reply)
{
    struct err err = ERR_INIT;
    struct api_view view;
    struct buf buf;
    struct metrics_page page = {.view = &view, .buf = &buf, .err = &err};
    int rc = api_view_open(&view, request, &err);
    bool allowed = rc == 0 && (request->actor.token != NULL
                                   ? policy_allows(&request->actor, RIGHT_VIEW)
                                   : is_listed(&view.config->metrics_from, request->peer.address));

    buf_init(&buf, PAGE_MAX);
    for (size_t i = 0; allowed && rc == 0 && i < metrics_table_count; i++) {
        buf_addf(&buf, "# HELP %s %s\n# TYPE %s %s\n", metrics_table[i].name, metrics_table[i].help,
                 metrics_table[i].name, metrics_table[i].type);
        page.metric = metrics_table[i].name;
        rc = metrics_table[i].samples(&page);
    }
    api_view_close(&view);
    if (rc < 0)
        reply_error(request, reply, &err);
    else if (!allowed)
        reply_refuse(request, reply, 401, "a token, or an address of metrics-from");
    else
        reply_body(reply, 200, "text/plain; version=0.0.4; charset=utf-8",
                   arena_strn(request->arena, buf_str(&buf), buf.len), buf.len);
    buf_deinit(&buf);
    return REQUEST_DONE;
}
