/* transport_ssm: see transport_ssm.h. */
#include "lib/transport/transport_ssm.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/str.h"

#define BODY_MAX ((size_t)1 << 20) /* a script, each character escaped */
#define PAGES_MAX 400              /* of one list: 20,000 entries */
#define CLOCKS_MS INT64_C(300000)  /* so far apart may theirs and ours be */

struct transport_ssm {
    struct aws_client *client;
};

int transport_ssm_open(const struct aws_client_options *options, struct transport_ssm **ret,
                       struct err *err)
{
    struct aws_client *client = NULL;
    int rc = aws_client_open(options, &client, err);

    if (rc < 0)
        return rc;
    *ret = calloc(1, sizeof(**ret));
    if (*ret == NULL)
        abort();
    (*ret)->client = client;
    return 0;
}

void transport_ssm_close(struct transport_ssm *ssm)
{
    if (ssm == NULL)
        return;
    aws_client_close(ssm->client);
    free(ssm);
}

const char *transport_ssm_endpoint(const struct transport_ssm *ssm)
{
    return aws_client_endpoint(ssm->client);
}

enum aws_outcome transport_ssm_send(struct transport_ssm *ssm, struct arena *arena,
                                    const struct aws_send *send, time_ms now,
                                    const char **ret_command_id, struct err *err)
{
    struct aws_client_call c = aws_client_begin(ssm->client, AWS_CALL_SEND, now);
    struct httpc_answer answer = {.status = 0};
    enum aws_outcome outcome;
    struct buf body;

    buf_init(&body, BODY_MAX);
    if (aws_call_write_send(&body, send, err) < 0)
        outcome = aws_client_not_sent(&c, err);
    else if ((outcome = aws_client_ask(&c, buf_str(&body), &answer, err)) == AWS_OK)
        outcome = aws_client_read(&c, aws_answer_send(arena, answer.body, answer.body_len,
                                                      ret_command_id, err));
    httpc_answer_deinit(&answer);
    buf_deinit(&body);
    return outcome;
}

enum aws_outcome transport_ssm_text(struct transport_ssm *ssm, struct arena *arena,
                                    const char *command_id, const char *instance_id, time_ms now,
                                    struct aws_invocation *ret, struct err *err)
{
    struct aws_client_call c = aws_client_begin(ssm->client, AWS_CALL_INVOCATION, now);
    struct httpc_answer answer = {.status = 0};
    enum aws_outcome outcome;
    struct buf body;

    buf_init(&body, BODY_MAX);
    aws_call_write_invocation(&body, command_id, instance_id);
    outcome = aws_client_ask(&c, buf_str(&body), &answer, err);
    if (outcome == AWS_OK)
        outcome = aws_client_read(&c, aws_answer_invocation(arena, answer.body, answer.body_len,
                                                            ret, err));
    httpc_answer_deinit(&answer);
    buf_deinit(&body);
    return outcome;
}

enum aws_outcome transport_ssm_cancel(struct transport_ssm *ssm, struct arena *arena,
                                      const char *command_id, const char *const *instance_ids,
                                      size_t n, time_ms now, struct err *err)
{
    struct aws_client_call c = aws_client_begin(ssm->client, AWS_CALL_CANCEL, now);
    struct httpc_answer answer = {.status = 0};
    enum aws_outcome outcome;
    struct buf body;

    (void)arena;
    buf_init(&body, BODY_MAX);
    if (aws_call_write_cancel(&body, command_id, instance_ids, n, err) < 0)
        outcome = aws_client_not_sent(&c, err);
    else
        outcome = aws_client_ask(&c, buf_str(&body), &answer, err);
    httpc_answer_deinit(&answer);
    buf_deinit(&body);
    return outcome;
}

/* Lists ----------------------------------------------------------------------------------------- */

/* One list, page after page: `write` asks for the one behind `token`, `take` reads it. */
struct paging {
    void (*write)(const struct paging *p, struct buf *buf, const char *token);
    int (*take)(struct paging *p, const char *body, size_t len, const char **ret_token,
                struct err *err);
    struct arena *arena;
    /* what is asked */
    const char *command_id;
    const char *comment;
    time_ms after;
    const struct aws_filter *filter;
    /* what was found */
    struct aws_command command; /* id NULL = none */
    struct aws_invocation *invocations;
    struct aws_host *hosts;
    size_t n, cap;
};

static enum aws_outcome ask_page(struct aws_client_call *c, struct paging *p, const char *token,
                                 const char **ret_next, struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    enum aws_outcome outcome;
    struct buf body;

    buf_init(&body, BODY_MAX);
    p->write(p, &body, token);
    outcome = aws_client_ask(c, buf_str(&body), &answer, err);
    if (outcome == AWS_OK)
        outcome = aws_client_read(c, p->take(p, answer.body, answer.body_len, ret_next, err));
    httpc_answer_deinit(&answer);
    buf_deinit(&body);
    return outcome;
}

static enum aws_outcome ask_pages(struct aws_client_call *c, struct paging *p, struct err *err)
{
    const char *token = NULL, *next = NULL;

    for (size_t page = 0; page < PAGES_MAX; page++) {
        enum aws_outcome outcome = ask_page(c, p, token, &next, err);

        if (outcome != AWS_OK)
            return outcome;
        if (next == NULL)
            return AWS_OK;
        if (str_eq(next, token))
            break;
        token = next;
    }
    (void)err_set(err, ERR_BUSY, "%s: AWS' list does not end", aws_call_name(c->call));
    return AWS_AGAIN;
}

static void write_commands(const struct paging *p, struct buf *buf, const char *token)
{
    aws_call_write_commands(buf, p->after, token);
}

static int take_commands(struct paging *p, const char *body, size_t len, const char **ret_token,
                         struct err *err)
{
    struct aws_command *page;
    size_t n;
    int rc = aws_answer_commands(p->arena, body, len, &page, &n, ret_token, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        if (str_eq(page[i].comment, p->comment) &&
            (p->command.id == NULL || page[i].requested_at < p->command.requested_at))
            p->command = page[i];
    return rc;
}

enum aws_outcome transport_ssm_find(struct transport_ssm *ssm, struct arena *arena,
                                    const char *comment, time_ms after, time_ms now,
                                    const char **ret_command_id, struct err *err)
{
    struct aws_client_call c = aws_client_begin(ssm->client, AWS_CALL_COMMANDS, now);
    struct paging p = {.write = write_commands,
                       .take = take_commands,
                       .arena = arena,
                       .comment = comment,
                       .after = after - CLOCKS_MS};
    enum aws_outcome outcome = ask_pages(&c, &p, err);

    if (outcome == AWS_OK)
        *ret_command_id = p.command.id;
    return outcome;
}

static void write_invocations(const struct paging *p, struct buf *buf, const char *token)
{
    aws_call_write_invocations(buf, p->command_id, token);
}

/* While the list is read things move, and one may be on two pages: what has ended is the later word. */
static void take_one(struct paging *p, const struct aws_invocation *one)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->invocations[i].instance_id, one->instance_id)) {
            if (!invocation_has_ended(p->invocations[i].status))
                p->invocations[i] = *one;
            return;
        }
    *ARENA_PUSH(p->arena, p->invocations, p->n, p->cap) = *one;
}

static int take_invocations(struct paging *p, const char *body, size_t len, const char **ret_token,
                            struct err *err)
{
    struct aws_invocation *page;
    size_t n;
    int rc = aws_answer_invocations(p->arena, body, len, &page, &n, ret_token, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        if (str_eq(page[i].command_id, p->command_id))
            take_one(p, &page[i]);
    return rc;
}

static int by_instance(const void *a, const void *b)
{
    const struct aws_invocation *x = a, *y = b;

    return strcmp(x->instance_id, y->instance_id);
}

enum aws_outcome transport_ssm_look(struct transport_ssm *ssm, struct arena *arena,
                                    const char *command_id, time_ms now,
                                    struct aws_invocation **ret, size_t *ret_n, struct err *err)
{
    struct aws_client_call c = aws_client_begin(ssm->client, AWS_CALL_INVOCATIONS, now);
    struct paging p = {.write = write_invocations,
                       .take = take_invocations,
                       .arena = arena,
                       .command_id = command_id};
    enum aws_outcome outcome = ask_pages(&c, &p, err);

    if (outcome != AWS_OK)
        return outcome;
    if (p.n > 0)
        qsort(p.invocations, p.n, sizeof(*p.invocations), by_instance);
    *ret = p.invocations;
    *ret_n = p.n;
    return AWS_OK;
}

/* Hosts ----------------------------------------------------------------------------------------- */

static void write_hosts(const struct paging *p, struct buf *buf, const char *token)
{
    aws_call_write_hosts(buf, p->filter, token);
}

static int take_hosts(struct paging *p, const char *body, size_t len, const char **ret_token,
                      struct err *err)
{
    struct aws_host *page;
    size_t n;
    int rc = aws_answer_hosts(p->arena, body, len, &page, &n, ret_token, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        *ARENA_PUSH(p->arena, p->hosts, p->n, p->cap) = page[i];
    return rc;
}

static int by_id(const void *a, const void *b)
{
    const struct aws_host *x = a, *y = b;

    return strcmp(x->id, y->id);
}

/* Sorted, each once. */
static void put_in_order(struct paging *p)
{
    size_t n = 0;

    if (p->n == 0)
        return;
    qsort(p->hosts, p->n, sizeof(*p->hosts), by_id);
    for (size_t i = 0; i < p->n; i++)
        if (n == 0 || strcmp(p->hosts[n - 1].id, p->hosts[i].id) != 0)
            p->hosts[n++] = p->hosts[i];
    p->n = n;
}

/* All that one filter finds: AWS takes so many values of it at a time. */
static enum aws_outcome ask_filter(struct aws_client_call *c, struct paging *p,
                                   const struct aws_filter *filter, struct err *err)
{
    enum aws_outcome outcome = AWS_OK;

    p->hosts = NULL;
    p->n = p->cap = 0;
    for (size_t i = 0; i < filter->n_values && outcome == AWS_OK; i += AWS_CALL_HOSTS_MAX) {
        size_t left = filter->n_values - i;
        const struct aws_filter part = {.key = filter->key,
                                        .values = filter->values + i,
                                        .n_values =
                                            left < AWS_CALL_HOSTS_MAX ? left : AWS_CALL_HOSTS_MAX};

        p->filter = &part;
        outcome = ask_pages(c, p, err);
        p->filter = NULL;
    }
    put_in_order(p);
    return outcome;
}

/* Both are sorted. */
static void keep_common(struct aws_host *hosts, size_t *n, const struct paging *other)
{
    size_t kept = 0;

    for (size_t i = 0, k = 0; i < *n; i++) {
        while (k < other->n && strcmp(other->hosts[k].id, hosts[i].id) < 0)
            k++;
        if (k < other->n && strcmp(other->hosts[k].id, hosts[i].id) == 0)
            hosts[kept++] = hosts[i];
    }
    *n = kept;
}

enum aws_outcome transport_ssm_hosts(struct transport_ssm *ssm, struct arena *arena,
                                     const struct aws_filter *filters, size_t n_filters,
                                     time_ms now, struct aws_host **ret, size_t *ret_n,
                                     struct err *err)
{
    struct aws_client_call c = aws_client_begin(ssm->client, AWS_CALL_HOSTS, now);
    struct paging p = {.write = write_hosts, .take = take_hosts, .arena = arena};
    struct aws_host *found = NULL;
    enum aws_outcome outcome;
    size_t n = 0;

    if (n_filters == 0) {
        outcome = ask_pages(&c, &p, err);
        put_in_order(&p);
        found = p.hosts;
        n = p.n;
    }
    /* How AWS joins several filters is not written down for tags: each is asked by itself, and joined here. */
    for (size_t i = 0; i < n_filters; i++) {
        outcome = ask_filter(&c, &p, &filters[i], err);
        if (outcome != AWS_OK)
            break;
        if (i == 0) {
            found = p.hosts;
            n = p.n;
        } else {
            keep_common(found, &n, &p);
        }
        if (n == 0)
            break;
    }
    if (outcome != AWS_OK)
        return outcome;
    *ret = found;
    *ret_n = n;
    return AWS_OK;
}
