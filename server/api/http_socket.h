/*
 * http_socket: a socket that listens, on an address or at a path; who serves there is http_server's business.
 *
 * Between the two whoever connects waits in the kernel's queue, and so nobody is refused while a server starts.
 */
#ifndef SLIPWAY_SERVER_API_HTTP_SOCKET_H
#define SLIPWAY_SERVER_API_HTTP_SOCKET_H

#include <stddef.h>

#include "server/api/request.h"

struct err;

/*
 * `address`: "127.0.0.1:8700", "[::1]:8700", port 0 = a free one; for cli a path. The cli socket is made 0660; a stale one
 * is removed. The caller closes. ERR_INVALID: not an address; ERR_CONFLICT: somebody else is there; ERR_INTERNAL.
 */
int http_socket_open(enum listener listener, const char *address, int *ret_fd, struct err *err);

/* Where it really listens ("127.0.0.1:40123"). */
void http_socket_address(int fd, char *ret_address, size_t size);

#endif
