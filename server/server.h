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
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "server/api/request.h"

struct clock;
struct server;

struct server_options {
    const char *config; /* path of slipway.yml */
    bool restored; /* from a backup: every database stands until somebody advances its epoch (G5) */
    bool uncaged;  /* tests of parts only: leave out seccomp and Landlock */

    /* Stories: the same server with a time of its own, whose flow looks when it is told to. */
    struct clock *clock;  /* NULL = the machine's */
    bool by_hand;         /* no loop: server_look() */
    int64_t poll_hold_ms; /* how long hosts' polls are held, as struct door_options has it */
};

/* Exit status of the program for what can go wrong at start (ux.md, Exit). */
int server_start(const struct server_options *options, struct server **ret_server, int *ret_exit,
                 struct err *err);

/* All or nothing: a configuration with a mistake changes nothing. Logs each mistake and what needs a
 * restart; the flow then says each promise that moved. */
void server_reload(struct server *server);

/* `by_hand`: if somebody rang, the time has come or the clock was set, look until nothing moves and git owes no answer; `ret_next` as in
 * flow_look(). Counts what was
 * handed to the writer before. ERR_TIMEOUT: git did not answer. */
int server_look(struct server *server, time_ms *ret_next, struct err *err);
/* As flow_look_at_all(). */
int server_look_at_all(struct server *server, bool *ret_moved, time_ms *ret_next, struct err *err);

/* Where a listener really listens; a port 0 of the configuration is known only here. */
const char *server_address(const struct server *server, enum listener listener);

/* Something ended that the server cannot do without (store, keeper): stop and exit non-zero. */
bool server_has_failed(const struct server *server);

/* Stop accepting, end what waits, write what is written, close. Accepts NULL. */
void server_stop(struct server *server);

#endif
