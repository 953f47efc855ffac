#include "tests/support/api_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/file.h"
#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/secret.h"
#include "lib/config/config_read.h"
#include "lib/store/store_delivery.h"
#include "lib/store/writer.h"
#include "server/api/api_events.h"
#include "server/api/api_metrics.h"
#include "server/api/chain.h"
#include "server/api/door.h"
#include "server/api/tries.h"
#include "server/flow/signer.h"

static const char usual_config[] = "version: 1\n"
                                   "url: https://slipway.example\n"
                                   "timezone: Asia/Tokyo\n"
                                   "language: en\n"
                                   "github: { webhook-secret-files: [webhook-secret] }\n"
                                   "rights:\n"
                                   "  view: [anyone]\n"
                                   "  operate: [\"token:deployer\"]\n"
                                   "repos:\n"
                                   "  acme/shop:\n"
                                   "    branch: main\n"
                                   "    mirror: https://github.com/acme/shop.git\n"
                                   "    root: /srv/shop\n"
                                   "    environments:\n"
                                   "      stage:\n"
                                   "        on: merge\n"
                                   "        roles: { web: { agent: { hosts: [stage-1] } } }\n"
                                   "      production:\n"
                                   "        on: release\n"
                                   "        needs: [stage]\n"
                                   "        roles: { web: { agent: { hosts: [web-1, web-2] } } }\n"
                                   "    jobs:\n"
                                   "      publish:\n"
                                   "        runs-on: [web]\n"
                                   "        steps: [{ uses: fetch }, { uses: publish }]\n";

/* Fail the test with the error's own words. */
static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static void ring(void *arg)
{
    struct api_room *room = arg;

    atomic_fetch_add(&room->rung, 1);
}

static struct snapshot *snapshot_of(const char *text, const char *folder)
{
    struct err err = ERR_INIT;
    struct problems problems;
    struct snapshot *snapshot = NULL;
    struct config *config = NULL;
    struct arena arena;
    int rc;

    arena_init(&arena);
    problems_init(&problems, &arena);
    rc = config_read_bytes(text, strlen(text), folder, &config, &problems, &err);
    arena_deinit(&arena);
    must(rc, &err);
    must(snapshot_make(config, clock_now(clock_system()), &snapshot, &err), &err);
    return snapshot;
}

static void open_store(struct api_room *room)
{
    struct err err = ERR_INIT;
    char state[96];

    snprintf(state, sizeof(state), "%s/state", room->folder);
    must(store_open(state, SLIPWAY_VERSION, clock_now(clock_system()), &room->store, &err), &err);
    snprintf(room->keys, sizeof(room->keys), "%s/keys", room->folder);
    must(file_mkdirs(room->keys, 0700, &err), &err);
    must(signer_open(room->keys, room->store.db, NULL, clock_now(clock_system()), &room->signer,
                     &err),
         &err);
    must(writer_start(&room->writer, room->store.db, NULL, &err), &err);
    must(db_pool_new(room->store.path, &room->readers, &err), &err);
}

static void open_server(struct api_room *room, const struct http_server_options *wanted)
{
    struct http_server_options options = {0};
    struct err err = ERR_INIT;

    if (wanted != NULL)
        options = *wanted;
    for (int i = 0; i < LISTENER_CLI; i++) {
        if (options.listeners[i].address == NULL)
            options.listeners[i].address = "127.0.0.1:0";
    }
    snprintf(room->cli, sizeof(room->cli), "%s/cli.sock", room->folder);
    options.listeners[LISTENER_CLI].address = room->cli;
    must(http_server_start(&room->server, &options, &room->api, &err), &err);
}

static void up(struct api_room *room, const struct http_server_options *options, const char *config,
               struct clock *clock, int64_t poll_hold_ms)
{
    memset(room, 0, sizeof(*room));
    snprintf(room->folder, sizeof(room->folder), "/tmp/slipway-api-XXXXXX");
    assert_non_null(mkdtemp(room->folder));
    open_store(room);
    snapshots_init(&room->snapshots);
    snapshots_set(&room->snapshots, snapshot_of(config, room->folder));
    room->secret = secret_new(API_ROOM_SECRET, strlen(API_ROOM_SECRET));
    room->secrets[0] = room->secret;
    room->credential_key = secret_new("a credential key of 32 bytes ...", 32);
    room->api = (struct api){
        .clock = clock,
        .readers = room->readers,
        .writer = room->writer,
        .version = SLIPWAY_VERSION,
        .store_id = room->store.store_id,
        .signer = room->signer,
        .uid = getuid(),
        .snapshots = &room->snapshots,
        .webhook_secrets = room->secrets,
        .n_webhook_secrets = 1,
        .ring_flow = ring,
        .ring_record = ring,
        .flow = room,
        .door = door_new(&(struct door_options){.credential_key = room->credential_key,
                                                .hold_ms = poll_hold_ms}),
        .events = api_events_new(),
        .metrics = metrics_new(),
        .chain = chain_new(),
        .tries = tries_new(),
    };
    open_server(room, options);
}

void api_room_up_with(struct api_room *room, const struct http_server_options *options,
                      const char *config)
{
    up(room, options, config, clock_system(), 0);
}

void api_room_up_at(struct api_room *room, struct clock *clock, int64_t poll_hold_ms)
{
    up(room, NULL, usual_config, clock, poll_hold_ms);
}

void api_room_up_as(struct api_room *room, const char *config, struct clock *clock)
{
    up(room, NULL, config, clock, 0);
}

void api_room_up_as_held(struct api_room *room, const char *config, struct clock *clock,
                         int64_t poll_hold_ms)
{
    up(room, NULL, config, clock, poll_hold_ms);
}

void api_room_up(struct api_room *room, const struct http_server_options *options)
{
    api_room_up_with(room, options, usual_config);
}

void api_room_config(struct api_room *room, const char *config)
{
    snapshots_set(&room->snapshots, snapshot_of(config, room->folder));
}

void api_room_stop_server(struct api_room *room)
{
    http_server_stop(room->server, 2000);
    room->server = NULL;
}

void api_room_close(struct api_room *room)
{
    http_server_stop(room->server, 2000);
    writer_stop(room->writer);
    db_pool_free(room->readers);
    signer_free(room->signer);
    (void)close(room->store.lock);
}

void api_room_open(struct api_room *room)
{
    open_store(room);
    room->api.writer = room->writer;
    room->api.readers = room->readers;
    room->api.signer = room->signer;
    room->api.store_id = room->store.store_id;
    open_server(room, NULL);
}

void api_room_reopen(struct api_room *room)
{
    api_room_close(room);
    api_room_open(room);
}

int api_room_nothing(struct db *db, void *arg, struct err *err)
{
    (void)db, (void)arg, (void)err;
    return 0;
}

void api_room_down(struct api_room *room)
{
    char command[128];

    http_server_stop(room->server, 2000);
    writer_stop(room->writer);
    db_pool_free(room->readers);
    signer_free(room->signer);
    (void)close(room->store.lock);
    door_free(room->api.door);
    api_events_free(room->api.events);
    metrics_free(room->api.metrics);
    tries_free(room->api.tries);
    chain_free(room->api.chain);
    snapshots_deinit(&room->snapshots);
    secret_free(room->secret);
    secret_free(room->credential_key);
    snprintf(command, sizeof(command), "rm -rf %s", room->folder);
    assert_int_equal(system(command), 0);
}

int64_t api_room_deliveries(struct api_room *room)
{
    struct err err = ERR_INIT;
    struct delivery *items;
    struct arena arena;
    struct db *db;
    size_t n;

    arena_init(&arena);
    must(db_pool_take(room->readers, &db, &err), &err);
    must(store_delivery_list(db, &arena, 0, 100000, &items, &n, &err), &err);
    db_pool_give(room->readers, db);
    arena_deinit(&arena);
    return (int64_t)n;
}

int api_room_cli_mode(const struct api_room *room)
{
    struct stat st;

    assert_int_equal(lstat(room->cli, &st), 0);
    return (int)(st.st_mode & 07777);
}

void api_room_write(struct api_room *room, int (*fn)(struct db *db, void *arg, struct err *err),
                    void *arg)
{
    struct err err = ERR_INIT;

    must(writer_do(room->writer, fn, arg, &err), &err);
}
