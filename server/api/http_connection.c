#include "server/api/http_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "server/api/api.h"
#include "server/api/api_metrics.h"
#include "server/api/shares.h"
#include "server/flow/recovery.h"

#define GROUPS_MAX 256
#define USER_TIMEOUT_MS 30000 /* a peer that acknowledges nothing for so long is gone */

/* Who is at the other end of the cli socket: user and groups as the kernel knows them. */
static void peer_of_process(struct http_connection *c, int fd)
{
    gid_t groups[GROUPS_MAX];
    socklen_t groups_size = sizeof(groups);
    struct ucred credentials;
    socklen_t size = sizeof(credentials);
    size_t n;

    (void)snprintf(c->peer.address, sizeof(c->peer.address), "unix");
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return;
    c->peer.uid = credentials.uid;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_size) < 0)
        groups_size = 0;
    n = groups_size / sizeof(groups[0]);
    c->groups = calloc(n + 1, sizeof(*c->groups));
    if (c->groups == NULL)
        abort();
    c->groups[0] = credentials.gid;
    for (size_t i = 0; i < n; i++)
        c->groups[i + 1] = groups[i];
    c->peer.groups = c->groups;
    c->peer.n_groups = n + 1;
}

/* A socket for both kinds of addresses calls 10.0.0.9 ::ffff:10.0.0.9; people and their configuration do not. */
static void write_address(const struct sockaddr *address, char *text, size_t size)
{
    const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;

    if (address->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text,
                        (socklen_t)size);
    else if (IN6_IS_ADDR_V4MAPPED(six))
        (void)inet_ntop(AF_INET, &six->s6_addr[12], text, (socklen_t)size);
    else
        (void)inet_ntop(AF_INET6, six, text, (socklen_t)size);
}

static void peer_of_address(struct http_connection *c, struct MHD_Connection *connection, int fd)
{
    const struct sockaddr *address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    int timeout = USER_TIMEOUT_MS;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
    write_address(address, c->peer.address, sizeof(c->peer.address));
}

enum MHD_Result http_connection_accept(void *cls, const struct sockaddr *address, socklen_t len)
{
    const struct http_listener *listener = cls;
    char text[INET6_ADDRSTRLEN];

    (void)len;
    if (listener->listener == LISTENER_CLI || listener->self_test)
        return MHD_YES;
    write_address(address, text, sizeof(text));
    return shares_have_room(listener->comers, text) ? MHD_YES : MHD_NO;
}

/* Somebody must go. Who was cut off while a request was on its way, or its answer, may have been GitHub. */
static bool make_room(struct http_listener *listener, const struct http_connection *c)
{
    struct http_shared *shared = listener->shared;
    enum reaper_phase cut;

    if (!reaper_make_room(shared->reaper, listener, c->entry, &cut))
        return false;
    if (listener->listener == LISTENER_WEBHOOKS && cut == REAPER_BODY)
        metrics_count_delivery(shared->api->metrics, METRICS_DELIVERY_SHED);
    if (listener->listener == LISTENER_WEBHOOKS && cut >= REAPER_HEADERS)
        recovery_soon(shared->api->recovery);
    return true;
}

void http_connection_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct http_listener *listener = cls;
    struct http_shared *shared = listener->shared;
    struct http_connection *c = *socket_context;
    int fd;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (c == NULL)
            return;
        reaper_forget(shared->reaper, c->entry, c->drain);
        atomic_fetch_sub(&listener->n_connections, 1);
        shares_give(listener->comers, c->share);
        free(c->groups);
        free(c);
        *socket_context = NULL;
        return;
    }
    fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        abort();
    c->peer.uid = -1;
    if (listener->listener == LISTENER_CLI)
        peer_of_process(c, fd);
    else if (listener->self_test)
        (void)snprintf(c->peer.address, sizeof(c->peer.address), "127.0.0.1");
    else
        peer_of_address(c, connection, fd);
    (void)shares_take(listener->comers, c->peer.address, &c->share);
    c->entry = reaper_note(shared->reaper, fd, listener, shared->options.headers_ms);
    c->over_limit = atomic_fetch_add(&listener->n_connections, 1) >= listener->max_connections &&
                    !make_room(listener, c);
    *socket_context = c;
}
