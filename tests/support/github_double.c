#include "tests/support/github_double.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct answer {
    int status;
    char head[512];
    char body[512];
    char *long_body; /* malloc'ed, instead of `body` */
};

static void say(struct answer *a, int status, const char *body)
{
    a->status = status;
    (void)snprintf(a->body, sizeof(a->body), "%s", body);
}

static void say_account(struct github_double *d, struct answer *a, const char *login, int64_t id)
{
    for (int i = 0; i < GITHUB_DOUBLE_MAX; i++)
        if (d->accounts[i].id != 0 && (login != NULL ? strcasecmp(d->accounts[i].login, login) == 0
                                                     : d->accounts[i].id == id)) {
            a->status = 200;
            (void)snprintf(a->body, sizeof(a->body),
                           "{\"login\":\"%s\",\"id\":%lld,\"type\":\"User\"}", d->accounts[i].login,
                           (long long)d->accounts[i].id);
            return;
        }
    say(a, 404, "{\"message\":\"Not Found\"}");
}

static void say_membership(struct github_double *d, struct answer *a, const char *team,
                           const char *login)
{
    int64_t id = 0;

    for (int i = 0; i < GITHUB_DOUBLE_MAX; i++)
        if (d->accounts[i].id != 0 && strcasecmp(d->accounts[i].login, login) == 0)
            id = d->accounts[i].id;
    for (int i = 0; i < GITHUB_DOUBLE_MAX; i++)
        if (id != 0 && d->members[i].id == id && strcasecmp(d->members[i].team, team) == 0) {
            a->status = 200;
            (void)snprintf(a->body, sizeof(a->body), "{\"role\":\"member\",\"state\":\"%s\"}",
                           d->members[i].state);
            return;
        }
    say(a, 404, "{\"message\":\"Not Found\"}");
}

static void say_what_is_asked(struct github_double *d, struct answer *a, const char *path)
{
    char one[64], two[64], three[64];
    long long id;
    int end = 0;

    a->long_body = github_double_history(d, path, &a->status, a->head, sizeof(a->head));
    if (a->long_body != NULL)
        return;
    if (sscanf(path, "/users/%63[^/]%n", one, &end) == 1 && path[end] == '\0')
        say_account(d, a, one, 0);
    else if (sscanf(path, "/user/%lld%n", &id, &end) == 1 && path[end] == '\0')
        say_account(d, a, NULL, id);
    else if (sscanf(path, "/orgs/%63[^/]/teams/%63[^/]/memberships/%63[^/]%n", one, two, three,
                    &end) == 3 &&
             path[end] == '\0') {
        char team[130];
        (void)snprintf(team, sizeof(team), "%s/%s", one, two);
        say_membership(d, a, team, three);
    } else
        say(a, 404, "{\"message\":\"Not Found\"}");
}

static void say_by_the_day(struct github_double *d, struct answer *a, const char *path)
{
    bool moved = strncmp(path, "/api/v3/", 8) == 0;

    switch ((enum github_double_day)atomic_load(&d->day)) {
    case GITHUB_DOUBLE_BROKEN:
        say(a, 502, "<html>bad gateway</html>");
        break;
    case GITHUB_DOUBLE_OVER:
        say(a, d->over != NULL ? 403 : 429, "{\"message\":\"API rate limit exceeded\"}");
        (void)snprintf(a->head, sizeof(a->head), "%s",
                       d->over != NULL ? d->over : "Retry-After: 7\r\n");
        break;
    case GITHUB_DOUBLE_FORBIDDEN:
        say(a, 403, "{\"message\":\"Resource not accessible by personal access token\"}");
        break;
    case GITHUB_DOUBLE_ODD:
        say(a, 200, "\"ana\\u0000\"");
        break;
    case GITHUB_DOUBLE_MOVED:
        if (moved) {
            say_what_is_asked(d, a, path + 7);
            break;
        }
        say(a, 301, "{\"message\":\"Moved Permanently\"}");
        (void)snprintf(a->head, sizeof(a->head), "Location: %s/api/v3%s\r\n", d->url, path);
        break;
    case GITHUB_DOUBLE_AWAY:
        say(a, 302, "{}");
        (void)snprintf(a->head, sizeof(a->head), "Location: http://127.0.0.1:9/steal\r\n");
        break;
    default:
        say_what_is_asked(d, a, path);
        break;
    }
}

static void answer(struct github_double *d, int fd, const char *request)
{
    struct answer a = {.status = 0};
    const char *body;
    char path[512] = "", bytes[2048];
    int n;

    if (sscanf(request, "GET %511s", path) != 1)
        say(&a, 405, "{}");
    else if (strcasestr(request, "\r\nUser-Agent: slipway/") == NULL ||
             strcasestr(request, "\r\nX-GitHub-Api-Version: 2022-11-28\r\n") == NULL)
        say(&a, 400, "{}");
    else if (strstr(request, "\r\nAuthorization: Bearer " GITHUB_DOUBLE_TOKEN "\r\n") == NULL)
        say(&a, 401, "{\"message\":\"Bad credentials\"}");
    pthread_mutex_lock(&d->mutex);
    (void)snprintf(d->last, sizeof(d->last), "%s", path);
    if (a.status == 0)
        say_by_the_day(d, &a, path);
    pthread_mutex_unlock(&d->mutex);
    body = a.long_body != NULL ? a.long_body : a.body;
    n = snprintf(bytes, sizeof(bytes),
                 "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n"
                 "Connection: close\r\n\r\n",
                 a.status, a.head, strlen(body));
    (void)send(fd, bytes, (size_t)n, MSG_NOSIGNAL | MSG_MORE);
    (void)send(fd, body, strlen(body), MSG_NOSIGNAL);
    free(a.long_body);
}

static void *serve(void *arg)
{
    struct github_double *d = arg;
    int fd;

    while ((fd = accept(d->fd, NULL, NULL)) >= 0) {
        char request[4096];
        size_t len = 0;
        ssize_t n = 1;

        request[0] = '\0';
        while (n > 0 && strstr(request, "\r\n\r\n") == NULL && len < sizeof(request) - 1) {
            n = recv(fd, request + len, sizeof(request) - 1 - len, 0);
            len += n > 0 ? (size_t)n : 0;
            request[len] = '\0';
        }
        atomic_fetch_add(&d->asked, 1);
        if (atomic_load(&d->day) == GITHUB_DOUBLE_SILENT)
            (void)recv(fd, request, 1, 0); /* until the other side gives up */
        else
            answer(d, fd, request);
        close(fd);
    }
    return NULL;
}

void github_double_up(struct github_double *d)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    memset(d, 0, sizeof(*d));
    pthread_mutex_init(&d->mutex, NULL);
    d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(d->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(d->fd, 8), 0);
    assert_int_equal(getsockname(d->fd, (struct sockaddr *)&at, &len), 0);
    (void)snprintf(d->url, sizeof(d->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&d->thread, NULL, serve, d), 0);
}

void github_double_down(struct github_double *d)
{
    shutdown(d->fd, SHUT_RDWR);
    pthread_join(d->thread, NULL);
    close(d->fd);
    github_double_forget(d);
    pthread_mutex_destroy(&d->mutex);
}

void github_double_account(struct github_double *d, const char *login, int64_t id)
{
    int unused = -1;

    pthread_mutex_lock(&d->mutex);
    for (int i = 0; i < GITHUB_DOUBLE_MAX; i++) {
        if (d->accounts[i].id == id || strcasecmp(d->accounts[i].login, login) == 0)
            d->accounts[i].id = 0;
        if (d->accounts[i].id == 0)
            unused = i;
    }
    assert_true(unused >= 0);
    d->accounts[unused].id = id;
    (void)snprintf(d->accounts[unused].login, sizeof(d->accounts[unused].login), "%s", login);
    pthread_mutex_unlock(&d->mutex);
}

void github_double_member(struct github_double *d, const char *team, int64_t id, const char *state)
{
    int at = -1;

    pthread_mutex_lock(&d->mutex);
    for (int i = GITHUB_DOUBLE_MAX - 1; i >= 0; i--)
        if (d->members[i].id == 0 ||
            (d->members[i].id == id && strcasecmp(d->members[i].team, team) == 0))
            at = i;
    for (int i = 0; i < GITHUB_DOUBLE_MAX; i++)
        if (d->members[i].id == id && strcasecmp(d->members[i].team, team) == 0)
            at = i;
    assert_true(at >= 0);
    d->members[at].id = state != NULL ? id : 0;
    d->members[at].state = state;
    (void)snprintf(d->members[at].team, sizeof(d->members[at].team), "%s", team);
    pthread_mutex_unlock(&d->mutex);
}
