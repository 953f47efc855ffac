/*
 * reaper: ends connections by total time, and wakes requests that wait.
 *
 * libmicrohttpd knows inactivity only: a client that sends one byte a second stays for ever. The
 * reaper notes each connection with the moment by which its present phase must be over, and shuts
 * the socket down when it is not; libmicrohttpd then sees the end of the stream. A request that
 * waits has no such moment, but perhaps one at which it wants to be woken.
 *
 * It also drains: after an early refusal (413 before 26 MB were sent) the kernel would answer the
 * rest with a reset that can destroy the answer on its way. So the socket is kept open a little
 * under a second descriptor and what still comes is read and dropped.
 *
 * When a crowd has left, of connections or of large bodies, it has malloc give back what that had.
 *
 * One thread, started by http_server. Its calls come from http threads; deadlines are plain atomic
 * stores, so that they cost nothing on the way of a request. The table is locked while a socket is
 * shut down, and a connection leaves the table before its descriptor is closed: no other file can
 * have got that number. Lock order: table, then exchange, then libmicrohttpd's own.
 */
#ifndef SLIPWAY_SERVER_API_REAPER_H
#define SLIPWAY_SERVER_API_REAPER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/timestamp.h"

struct clock;
struct err;
struct reaper;
struct reaper_entry;
struct request;

/* What a connection is at. Where there are too many, those are ended first that lose least: */
enum reaper_phase {
    REAPER_IDLE, /* between two requests: nothing is lost */
    REAPER_TAKES, /* an answer that is taken slowly: what was asked is done. Nobody says it of his own */
    REAPER_HEADERS, /* a request, perhaps */
    REAPER_ANSWER, /* an answer on its way, until a second has gone: then it counts as REAPER_TAKES */
    REAPER_BODY,   /* a request that is half here */
};

/* `clock` tells the monotonic time that all deadlines here are in. */
int reaper_start(struct reaper **ret_reaper, struct clock *clock, struct err *err);
void reaper_stop(struct reaper *reaper); /* accepts NULL; all connections must have left */

/* A connection of `listener` was accepted, and has `ms` for its first headers; `fd` stays the caller's. */
struct reaper_entry *reaper_note(struct reaper *reaper, int fd, const void *listener, int64_t ms);
/* There are too many on `listener`: end one of the first phase that any is in, of those the one that has used up most of
 * its time, of those alike the one that came first; never `newest`, nor one that waits or is being worked for. False: all
 * of them are. So who sends a request at once gets through beside any number that drip or do nothing. `*ret_phase`: what
 * was cut off. */
bool reaper_make_room(struct reaper *reaper, const void *listener,
                      const struct reaper_entry *newest, enum reaper_phase *ret_phase);
/* It is about to be closed. `drain`: go on reading from it for a while. */
void reaper_forget(struct reaper *reaper, struct reaper_entry *entry, bool drain);

/* From here on it is in `phase`, which must be over in `ms`. Said again of the same phase, it has `ms` anew and goes on. */
void reaper_expect(struct reaper *reaper, struct reaper_entry *entry, enum reaper_phase phase,
                   int64_t ms);

/* `request` waits on this connection; resume it at `deadline`, 0 = only when asked. */
void reaper_waits(struct reaper *reaper, struct reaper_entry *entry, struct request *request,
                  mono_ms deadline);
/* It waits no more. After this the reaper does not touch it. */
void reaper_moves_on(struct reaper *reaper, struct reaper_entry *entry);

/* Much memory was used and is not any more: in a second malloc is made to give it back. Any thread. */
void reaper_crowd_left(struct reaper *reaper);

/* Resume everything that waits; returns how many that are. */
size_t reaper_resume_all(struct reaper *reaper);
size_t reaper_connections(struct reaper *reaper);

#endif
