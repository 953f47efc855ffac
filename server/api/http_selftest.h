/*
 * http_selftest: does the request filter still see what it must see?
 *
 * The filter leans on how libmicrohttpd 0.9.75 leaves a request in its buffer. Another version may
 * do it otherwise, and then the filter would refuse everything, or worse, nothing. So at start
 * http_server sends one good and some bad requests through a daemon like each that it opens.
 */
#ifndef SLIPWAY_SERVER_API_HTTP_SELFTEST_H
#define SLIPWAY_SERVER_API_HTTP_SELFTEST_H

struct MHD_Daemon;
struct err;

/* `name` is for the error: ERR_INTERNAL if an answer is not the expected one. */
int http_selftest(struct MHD_Daemon *daemon, const char *name, struct err *err);

#endif
