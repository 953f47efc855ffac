#include "tests/support/stop_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_config.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_occurrence.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "lib/store/writer.h"
#include "server/flow/agenda.h"
#include "tests/support/raw_http.h"

#define MIDNIGHT INT64_C(1795446000000) /* of 24 November 2026 in Tokyo */
#define HOST "mi-0123456789abcdef0"

static const char config[] =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "rights: { view: [anyone], operate: [\"token:deployer\"] }\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      production:\n"
    "        on: schedule\n"
    "        at: [\"15:00\", \"17:00\"]\n"
    "        cut-off: 10m\n"
    "        grace: 15m\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "      east:\n"
    "        on: schedule\n"
    "        at: [\"15:00\", \"17:00\"]\n"
    "        cut-off: 10m\n"
    "        grace: 15m\n"
    "        rights: { operate: [\"token:chief\"] }\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "      night:\n"
    "        on: release\n"
    "        timezone: Europe/Berlin\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n"
    "  acme/site:\n"
    "    mirror: https://github.com/acme/site.git\n"
    "    root: /srv/site\n"
    "    environments:\n"
    "      live: { on: merge, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";

/* The room's clock; http threads read it too. */
static atomic_llong wall;

static time_ms wall_now(struct clock *clock)
{
    (void)clock;
    return (time_ms)atomic_load(&wall);
}

static mono_ms mono_now(struct clock *clock)
{
    return wall_now(clock); /* time passes, and nobody sets the clock */
}

static struct clock test_clock = {.now = wall_now, .mono = mono_now};

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static int add_host(struct db *db, time_ms now, struct err *err)
{
    const struct activation a = {.id = "5b2f6d0e-0000-4000-8000-000000000001",
                                 .code_digest = "x",
                                 .name = "web-1",
                                 .limit = 1,
                                 .created_at = now,
                                 .created_by = "uid:0",
                                 .expires_at = now * 2};
    const struct config_pairs none = {0};
    const struct host h = {.id = HOST,
                           .name = "web-1",
                           .state = HOST_REGISTERED,
                           .activation_id = a.id,
                           .registered_at = now};
    int rc = store_activation_put(db, &a, &none, err);

    return rc < 0 ? rc : store_host_register(db, &h, "fingerprint", "spki", err);
}

static int add_schedules(struct db *db, time_ms now, struct err *err)
{
    static const char *rules[] = {"15:00:00 Asia/Tokyo", "17:00:00 Asia/Tokyo"};
    int rc = store_schedule_keep(db, 1, "production", rules, 2, now, err);

    return rc < 0 ? rc : store_schedule_keep(db, 1, "east", rules, 2, now, err);
}

static int add_world(struct db *db, void *arg, struct err *err)
{
    struct stop_room *room = arg;
    const struct snapshot *snapshot = room->api.snapshots.current;
    time_ms now = wall_now(NULL);
    bool is_new;
    int rc = store_config_put(db, snapshot->digest, "{}", "start", now, &is_new, err);

    if (rc == 0)
        rc = store_repository_ensure(db, "acme/shop", "main", err);
    if (rc == 0)
        rc = store_repository_ensure(db, "acme/site", "main", err);
    if (rc == 0)
        rc = add_schedules(db, now, err);
    return rc < 0 ? rc : add_host(db, now, err);
}

static int freshen(struct db *db, void *arg, struct err *err)
{
    time_ms now = wall_now(NULL);
    int rc = store_host_seen(db, HOST, NULL, NULL, now, err);

    (void)arg;
    for (int64_t id = 1; id <= 2 && rc == 0; id++)
        rc = store_repository_fetched(db, id, "1111111111111111111111111111111111111111", now, now,
                                      err);
    return rc;
}

void stop_room_up(struct stop_room *room)
{
    stop_room_up_as(room, config);
}

void stop_room_up_as(struct stop_room *room, const char *yaml)
{
    struct err err = ERR_INIT;

    *room = (struct stop_room){.next = 0};
    log_init(LOG_LOGFMT, LOG_ERROR);
    atomic_store(&wall, MIDNIGHT + 14 * INT64_C(3600000));
    api_room_up_as(&room->api, yaml, &test_clock);
    room->flow = (struct flow){.clock = &test_clock,
                               .writer = room->api.writer,
                               .snapshots = &room->api.snapshots,
                               .signer = room->api.signer,
                               .store_id = room->api.store.store_id,
                               .mirrors = room->api.folder};
    must(db_open_read(room->api.store.path, &room->flow.db, &err), &err);
    api_room_write(&room->api, add_world, room);
    api_room_write(&room->api, freshen, NULL);
}

void stop_room_down(struct stop_room *room)
{
    agenda_free(room->flow.agenda);
    db_close(room->flow.db);
    api_room_down(&room->api);
}

void stop_room_restart(struct stop_room *room, void (*between)(void))
{
    struct err err = ERR_INIT;

    agenda_free(room->flow.agenda);
    db_close(room->flow.db);
    api_room_close(&room->api);
    if (between != NULL)
        between();
    api_room_open(&room->api);
    room->flow.agenda = NULL;
    room->flow.writer = room->api.writer;
    room->flow.signer = room->api.signer;
    room->flow.store_id = room->api.store.store_id;
    must(db_open_read(room->api.store.path, &room->flow.db, &err), &err);
}

void stop_room_look_on(struct stop_room *room)
{
    for (int i = 0; i < 6; i++) {
        struct err err = ERR_INIT;

        if (flow_look(&room->flow, &room->next, &err) < 0)
            return;
        /* What was posted is written. */
        (void)writer_do(room->api.writer, api_room_nothing, NULL, &err);
    }
}

time_ms stop_room_at(struct stop_room *room, const char *time)
{
    int hour, minute, second = 0;

    assert_true(sscanf(time, "%d:%d:%d", &hour, &minute, &second) >= 2);
    atomic_store(&wall, MIDNIGHT + ((int64_t)hour * 3600 + minute * 60 + second) * 1000);
    api_room_write(&room->api, freshen, NULL);
    return wall_now(NULL);
}

void stop_room_look(struct stop_room *room)
{
    struct err err = ERR_INIT;

    unsigned rung = atomic_load(&room->api.rung);
    time_ms next;
    bool moved;

    room->flow.timed = rung == room->heard;
    room->heard = rung;
    if (!room->flow.timed || wall_now(NULL) >= room->next)
        must(flow_look(&room->flow, &room->next, &err), &err);
    must(flow_look_at_all(&room->flow, &moved, &next, &err), &err);
    if (moved)
        fail_msg("the flow came to rest, but not everything did: see what was just written");
    if (next < room->next)
        fail_msg("the flow looks again %lld ms after something may change",
                 (long long)(room->next - next));
}

void stop_room_write(struct stop_room *room, int (*fn)(struct db *db, void *arg, struct err *err),
                     void *arg)
{
    api_room_write(&room->api, fn, arg);
    atomic_fetch_add(&room->api.rung, 1);
}

struct releasing {
    int64_t repository_id;
    const char *repository;
    int64_t pull;
};

static int add_release(struct db *db, void *arg, struct err *err)
{
    static int made;
    const struct releasing *r = arg;
    time_ms now = wall_now(NULL);
    struct release release = {.repository_id = r->repository_id,
                              .subject = "A change",
                              .author = "mika",
                              .committed_at = now,
                              .seen_at = now,
                              .n_paths = 1};
    struct pull_request pull = {.repository_id = r->repository_id,
                                .number = r->pull,
                                .github_id = 1000 + r->pull,
                                .state = PULL_REQUEST_MERGED,
                                .title = "Winter sale",
                                .url = "https://github.com/acme/shop/pull/7",
                                .author_id = 5,
                                .author = "mika",
                                .base_ref = "main",
                                .head_ref = "sale",
                                .opened_at = now,
                                .updated_at = now,
                                .closed_at = now,
                                .merged_at = now};
    const struct journal_entry line = {.at = now,
                                       .actor = "room",
                                       .way = "test",
                                       .act = "release.number",
                                       .subject = r->repository};
    int64_t number;
    bool taken;
    int rc;

    snprintf(release.sha, sizeof(release.sha), "%040x", 0x10000 + ++made);
    memcpy(pull.head_sha, release.sha, sizeof(pull.head_sha));
    memcpy(pull.merge_sha, release.sha, sizeof(pull.merge_sha));
    rc = store_release_append(db, &release, &number, err);
    if (rc == 0)
        rc = store_release_paths(db, r->repository_id, number, LANE_CODE, 1, err);
    if (rc == 0 && r->pull != 0)
        rc = store_pull_request_put(db, &pull, &taken, err);
    return rc < 0 ? rc : store_journal_add(db, &line, err);
}

static int64_t repository_id(const char *repository)
{
    return str_eq(repository, "acme/shop") ? 1 : 2;
}

void stop_room_release(struct stop_room *room, const char *repository, int64_t pull)
{
    struct releasing r = {repository_id(repository), repository, pull};

    stop_room_write(room, add_release, &r);
}

bool stop_room_deployment(struct stop_room *room, const char *repository, const char *environment,
                          struct deployment *ret_deployment)
{
    static struct arena arena;
    struct err err = ERR_INIT;
    struct deployment *items;
    size_t n;

    arena_deinit(&arena);
    arena_init(&arena);
    must(store_deployment_list(room->flow.db, &arena, repository_id(repository), environment, 0, 1,
                               &items, &n, &err),
         &err);
    if (n > 0)
        *ret_deployment = items[0];
    return n > 0;
}

const char *stop_room_state(struct stop_room *room, const char *repository, const char *environment)
{
    struct deployment d;

    return stop_room_deployment(room, repository, environment, &d) ? deployment_states[d.state].text
                                                                   : "";
}

struct stop_answer stop_room_ask(struct stop_room *room, const char *token, const char *method,
                                 const char *target, const char *body)
{
    enum listener listener = token == NULL ? LISTENER_CLI : LISTENER_WEB;
    struct stop_answer answer = {0};
    struct raw_answer *raw;
    char bytes[8192];
    size_t len =
        (size_t)snprintf(bytes, sizeof(bytes), "%s %s HTTP/1.1\r\nHost: h\r\n", method, target);

    if (token != NULL && token[0] != '\0')
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "Authorization: Bearer %s\r\n",
                                token);
    if (body != NULL)
        len += (size_t)snprintf(bytes + len, sizeof(bytes) - len,
                                "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                                strlen(body));
    len += (size_t)snprintf(bytes + len, sizeof(bytes) - len, "\r\n%s", body != NULL ? body : "");
    assert_true(len < sizeof(bytes));
    raw = raw_http_ask(http_server_address(room->api.server, listener), bytes, len);
    answer.status = raw->status;
    if (json_parse(raw->body, raw->body_len, NULL, &answer.json, NULL) < 0)
        answer.json = NULL;
    free(raw);
    return answer;
}

void stop_room_answered(struct stop_answer *answer)
{
    json_free(answer->json);
    *answer = (struct stop_answer){0};
}

int stop_room_status(struct stop_room *room, const char *token, const char *method,
                     const char *target, const char *body)
{
    struct stop_answer a = stop_room_ask(room, token, method, target, body);
    int status = a.status;

    stop_room_answered(&a);
    return status;
}

size_t stop_room_journal(struct stop_room *room, const char *act)
{
    struct err err = ERR_INIT;
    struct journal_entry *items;
    struct arena arena;
    size_t n, found = 0;

    arena_init(&arena);
    must(store_journal_list(room->flow.db, &arena, 0, 500, &items, &n, &err), &err);
    for (size_t i = 0; i < n; i++)
        found += str_eq(items[i].act, act);
    arena_deinit(&arena);
    return found;
}
