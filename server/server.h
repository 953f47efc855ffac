/*
 * server: the parts of slipwayd, in the order they start and, backwards, stop.
 *
 *      keeper (before all else) -> configuration, secrets -> store, lock -> keys -> writer
 *        -> what was accepted is written -> http listeners -> flow -> no exec from here on
 *
 * Owned and called by main's thread alone.
 */
#ifndef SLIPWAY_SERVER_SERVER_H
#define SLIPWAY_SERVER_SERVER_H

#include <stdbool.h>

#include "lib/base/err.h"

struct server;

struct server_options {
    const char *config; /* path of slipway.yml */
    bool uncaged;       /* tests of parts only: leave out seccomp and Landlock */
};

/* Exit status of the program for what can go wrong at start (ux.md, Exit). */
int server_start(const struct server_options *options, struct server **ret_server, int *ret_exit,
                 struct err *err);

/* All or nothing: a configuration with a mistake changes nothing. Logs each mistake and what needs a
 * restart; the flow then says each promise that moved. */
void server_reload(struct server *server);

/* Something ended that the server cannot do without (store, keeper): stop and exit non-zero. */
bool server_has_failed(const struct server *server);

/* Stop accepting, end what waits, write what is written, close. Accepts NULL. */
void server_stop(struct server *server);

#endif
