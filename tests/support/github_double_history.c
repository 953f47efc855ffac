#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "tests/support/github_double.h"

#define ANSWER_MAX ((size_t)64 << 20)

static char *detach(struct buf *buf)
{
    char *text = buf_detach(buf, NULL);

    assert_non_null(text);
    return text;
}

static char *text_of(const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    return copy;
}

static char *not_found(int *ret_status)
{
    *ret_status = 404;
    return text_of("{\"message\":\"Not Found\"}");
}

static long number_in(const char *query, const char *key, long otherwise)
{
    const char *at = query != NULL ? strstr(query, key) : NULL;

    return at == NULL ? otherwise : strtol(at + strlen(key), NULL, 10);
}

static char *list_hooks(struct github_double *d, const char *owner, int *ret_status)
{
    struct buf buf;
    bool some = false;

    if (d->no_hooks)
        return not_found(ret_status);
    buf_init(&buf, ANSWER_MAX);
    buf_adds(&buf, "[");
    for (int i = 0; i < GITHUB_DOUBLE_MAX; i++)
        if (d->hooks[i].id != 0 && strcmp(d->hooks[i].owner, owner) == 0) {
            buf_addf(&buf,
                     "%s{\"type\":\"Repository\",\"id\":%lld,\"name\":\"web\",\"active\":true,"
                     "\"events\":[\"*\"],\"config\":{\"content_type\":\"json\",\"url\":\"%s\"}}",
                     some ? "," : "", (long long)d->hooks[i].id, d->hooks[i].url);
            some = true;
        }
    buf_adds(&buf, "]");
    *ret_status = 200;
    return detach(&buf);
}

/* Newest first; the cursor is the id below which the next page begins. */
static char *list_sent(struct github_double *d, const char *owner, int64_t hook, const char *query,
                       int *ret_status, char *ret_link, size_t link_size)
{
    long below = number_in(query, "cursor=v1_", 0);
    size_t page = d->page != 0 ? d->page : (size_t)number_in(query, "per_page=", 30);
    size_t n = 0;
    struct buf buf;

    if (d->no_hooks)
        return not_found(ret_status);
    buf_init(&buf, ANSWER_MAX);
    buf_adds(&buf, "[");
    for (size_t i = d->n_sent; i > 0; i--) {
        const struct github_double_sent *s = &d->sent[i - 1];
        if (s->hook != hook || (below != 0 && s->id >= below))
            continue;
        if (n == page) {
            (void)snprintf(ret_link, link_size,
                           "Link: <%s/%s/hooks/%lld/deliveries?per_page=%zu&cursor=v1_%lld>; "
                           "rel=\"next\"\r\n",
                           d->url, owner, (long long)hook, page, (long long)s->id + 1);
            break;
        }
        buf_addf(&buf,
                 "%s{\"id\":%lld,\"guid\":\"%s\",\"delivered_at\":\"%s\",\"redelivery\":false,"
                 "\"duration\":0.1,\"status\":\"OK\",\"status_code\":200,\"event\":\"%s\","
                 "\"action\":null,\"installation_id\":null,\"repository_id\":1}",
                 n > 0 ? "," : "", (long long)s->id, s->guid, s->at, s->event);
        n++;
    }
    buf_adds(&buf, "]");
    *ret_status = 200;
    return detach(&buf);
}

static char *one_sent(struct github_double *d, int64_t hook, int64_t id, int *ret_status)
{
    d->n_payloads++;
    for (size_t i = 0; i < d->n_sent; i++)
        if (d->sent[i].id == id && d->sent[i].hook == hook && id != d->forgotten) {
            struct buf buf;
            buf_init(&buf, ANSWER_MAX);
            buf_addf(&buf, "{\"id\":%lld,\"guid\":\"%s\",\"event\":\"%s\",\"request\":{",
                     (long long)id, d->sent[i].guid, d->sent[i].event);
            buf_addf(&buf,
                     "\"headers\":{\"X-GitHub-Event\":\"%s\"},\"payload\":", d->sent[i].event);
            buf_adds(&buf, d->sent[i].payload);
            buf_adds(&buf, "},\"response\":{\"headers\":{},\"payload\":null}}");
            *ret_status = 200;
            return detach(&buf);
        }
    return not_found(ret_status);
}

/* The last changed first. */
static char *list_pulls(struct github_double *d, const char *query, int *ret_status)
{
    size_t per = (size_t)number_in(query, "per_page=", 30);
    size_t skip = (size_t)(number_in(query, "&page=", 1) - 1) * per;
    struct buf buf;
    size_t n = 0;

    buf_init(&buf, ANSWER_MAX);
    buf_adds(&buf, "[");
    for (size_t i = d->n_pulls; i > 0 && n < per; i--) {
        if (skip > 0) {
            skip--;
            continue;
        }
        buf_adds(&buf, n++ > 0 ? "," : "");
        buf_adds(&buf, d->pulls[i - 1].json);
    }
    buf_adds(&buf, "]");
    *ret_status = 200;
    return detach(&buf);
}

static char *one_pull(struct github_double *d, int64_t number, int *ret_status)
{
    d->n_looked_up++;
    for (size_t i = d->n_pulls; i > 0; i--)
        if (d->pulls[i - 1].number == number) {
            *ret_status = 200;
            return text_of(d->pulls[i - 1].json);
        }
    return not_found(ret_status);
}

char *github_double_history(struct github_double *d, const char *path, int *ret_status,
                            char *ret_link, size_t link_size)
{
    const char *query = strchr(path, '?');
    char bare[256], owner[130], a[64], b[64];
    long long hook, id;
    int end = 0, head = 0;

    (void)snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(path, "?"), path);
    if (sscanf(bare, "/repos/%63[^/]/%63[^/]/%n", a, b, &head) == 2 && head > 0)
        (void)snprintf(owner, sizeof(owner), "repos/%s/%s", a, b);
    else if (sscanf(bare, "/orgs/%63[^/]/hook%n", a, &head) == 1 && head > 0) {
        head -= 4;
        (void)snprintf(owner, sizeof(owner), "orgs/%s", a);
    } else
        return NULL;
    if (strcmp(bare + head, "hooks") == 0)
        return list_hooks(d, owner, ret_status);
    if (sscanf(bare + head, "hooks/%lld/deliveries/%lld%n", &hook, &id, &end) == 2 &&
        bare[head + end] == '\0')
        return one_sent(d, hook, id, ret_status);
    if (sscanf(bare + head, "hooks/%lld/deliveries%n", &hook, &end) == 1 && end > 0 &&
        bare[head + end] == '\0')
        return list_sent(d, owner, hook, query, ret_status, ret_link, link_size);
    if (strcmp(bare + head, "pulls") == 0)
        return list_pulls(d, query, ret_status);
    if (sscanf(bare + head, "pulls/%lld%n", &id, &end) == 1 && bare[head + end] == '\0')
        return one_pull(d, id, ret_status);
    return NULL;
}

/* What a test says ------------------------------------------------------------------------------- */

void github_double_hook(struct github_double *d, const char *owner, int64_t id, const char *url)
{
    int i = 0;

    pthread_mutex_lock(&d->mutex);
    while (i < GITHUB_DOUBLE_MAX && d->hooks[i].id != 0)
        i++;
    assert_true(i < GITHUB_DOUBLE_MAX);
    d->hooks[i].id = id;
    (void)snprintf(d->hooks[i].owner, sizeof(d->hooks[i].owner), "%s", owner);
    (void)snprintf(d->hooks[i].url, sizeof(d->hooks[i].url), "%s", url);
    pthread_mutex_unlock(&d->mutex);
}

void github_double_sent(struct github_double *d, int64_t hook, const char *guid, const char *event,
                        const char *at, const char *payload)
{
    struct github_double_sent *s;

    pthread_mutex_lock(&d->mutex);
    assert_true(d->n_sent < GITHUB_DOUBLE_HISTORY);
    s = &d->sent[d->n_sent];
    s->hook = hook;
    s->id = INT64_C(33535994659) + (int64_t)d->n_sent++; /* past 2^31, as GitHub's are */
    (void)snprintf(s->guid, sizeof(s->guid), "%s", guid);
    (void)snprintf(s->event, sizeof(s->event), "%s", event);
    (void)snprintf(s->at, sizeof(s->at), "%s", at);
    s->payload = text_of(payload);
    pthread_mutex_unlock(&d->mutex);
}

void github_double_pull(struct github_double *d, int64_t number, const char *at, const char *json)
{
    struct github_double_pull *p;

    pthread_mutex_lock(&d->mutex);
    assert_true(d->n_pulls < GITHUB_DOUBLE_HISTORY);
    for (size_t i = 0; i < d->n_pulls; i++)
        if (d->pulls[i].number == number) { /* as it was is gone */
            free(d->pulls[i].json);
            memmove(&d->pulls[i], &d->pulls[i + 1], (--d->n_pulls - i) * sizeof(d->pulls[0]));
        }
    p = &d->pulls[d->n_pulls++];
    p->number = number;
    (void)snprintf(p->at, sizeof(p->at), "%s", at);
    p->json = text_of(json);
    pthread_mutex_unlock(&d->mutex);
}

void github_double_forget(struct github_double *d)
{
    for (size_t i = 0; i < d->n_sent; i++)
        free(d->sent[i].payload);
    for (size_t i = 0; i < d->n_pulls; i++)
        free(d->pulls[i].json);
}
