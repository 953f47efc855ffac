/*
 * api_room: the HTTP side with a real store, writer and configuration in a folder of its own, and
 * nothing behind it: no flow looks, so what a request stores stays as it was stored.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_API_ROOM_H
#define SLIPWAY_TESTS_SUPPORT_API_ROOM_H

#include <stdatomic.h>
#include <stdint.h>

#include "lib/store/store.h"
#include "server/api/api.h"
#include "server/api/http_server.h"
#include "server/flow/snapshot.h"

#define API_ROOM_SECRET "a webhook secret of 32 bytes here"

struct api_room {
    char folder[64];
    char cli[96];
    struct store store;
    char keys[96];         /* folder of the signing keys */
    struct signer *signer; /* opened and closed with the store */
    struct writer *writer;
    struct db_pool *readers;
    struct snapshots snapshots;
    struct secret *secret;
    const struct secret *secrets[1];
    struct api api;
    struct secret *credential_key; /* of the door */
    struct http_server *server;
    atomic_uint rung; /* times the flow's doorbell was rung */
};

/* Fails the test if anything does. Addresses of the listeners are filled in; `options` may be NULL. */
void api_room_up(struct api_room *room, const struct http_server_options *options);
/* The same with a configuration of its own (YAML). */
void api_room_up_with(struct api_room *room, const struct http_server_options *options,
                      const char *config);
/* The same with a clock of the test's own, which the handlers read, and polls that are held so long. */
void api_room_up_at(struct api_room *room, struct clock *clock, int64_t poll_hold_ms);
/* The same with both. */
void api_room_up_as(struct api_room *room, const char *config, struct clock *clock);
/* The same with both, and polls that are held so long. */
void api_room_up_as_held(struct api_room *room, const char *config, struct clock *clock,
                         int64_t poll_hold_ms);
/* Everything is closed and opened again, but for the configuration: what was not stored is forgotten. */
void api_room_reopen(struct api_room *room);
/* The same in two steps. In between nothing of the store is open. */
void api_room_close(struct api_room *room);
void api_room_open(struct api_room *room);
/* Another configuration (YAML) is in force, as after a reload; the store is not told. */
void api_room_config(struct api_room *room, const char *config);
void api_room_stop_server(struct api_room *room);
void api_room_down(struct api_room *room);

int64_t api_room_deliveries(struct api_room *room);
int api_room_cli_mode(const struct api_room *room);

/* For api_room_write(): when it is done, so is all that was posted before it. */
int api_room_nothing(struct db *db, void *arg, struct err *err);

/* Run `fn` on the writer; fails the test if it fails. */
void api_room_write(struct api_room *room, int (*fn)(struct db *db, void *arg, struct err *err),
                    void *arg);

#endif
