#include "server/server.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/beside.h"
#include "lib/base/cage.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/heap.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/github/signature.h"
#include "lib/httpc/httpc.h"
#include "lib/model/config.h"
#include "lib/repo/keeper.h"
#include "lib/transport/aws_client.h"
#include "lib/store/db.h"
#include "lib/store/store.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_send.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_events.h"
#include "server/api/api_metrics.h"
#include "server/api/chain.h"
#include "server/api/disk.h"
#include "server/api/door.h"
#include "server/api/door_keys.h"
#include "server/api/http_library.h"
#include "server/api/http_server.h"
#include "server/api/http_socket.h"
#include "server/api/tries.h"
#include "server/configuration.h"
#include "server/flow/agenda.h"
#include "server/flow/flow.h"
#include "server/flow/recovery.h"
#include "server/flow/carrier.h"
#include "server/flow/roster.h"
#include "server/flow/signer.h"
#include "server/flow/snapshot.h"
#include "server/hands.h"
#include "server/loop.h"
#include "server/upkeep.h"

#define SECRET_MIN 32
#define EXIT_CONFIG 78
#define EXIT_IO 74
#define EXIT_BUSY 75
#define GIT_PATIENCE_MS 60000

struct server {
    bool restored;
    struct clock *clock;
    int64_t poll_hold_ms;
    struct keeper *keeper;
    struct store store;
    struct db *flow_db;
    struct writer *writer;
    struct snapshots snapshots;
    struct configuration configuration;
    struct secret *secrets[SIGNATURE_SECRETS_MAX];
    const struct secret *secret_list[SIGNATURE_SECRETS_MAX];
    size_t n_secrets;
    struct door_keys keys;
    char keys_folder[4096];
    struct signer *signer;
    char mirrors[4096];
    struct flow flow;
    struct loop *_Atomic loop; /* rung by the writer, which runs before it does */
    struct upkeep *upkeep;
    struct api api;
    int front_socket; /* until http_server has it; 0 = none */
    struct http_server *http;
    struct aws_client_counts aws_counts;
    int64_t aws_settle_ms;
    atomic_bool failed;
    atomic_bool rung; /* by hand: somebody rang since the last look ... */
    time_ms next;     /* ... which wants the next one then */
};

/* Parts ------------------------------------------------------------------------------------------- */

static void ring_flow(void *arg)
{
    struct server *s = arg;

    if (s->loop != NULL)
        loop_ring(s->loop);
    else
        atomic_store(&s->rung, true);
}

/* Who rests looks by himself when his rest is over. */
static void ring_record(void *arg)
{
    struct server *s = arg;

    /* Before there is a loop the flow is being made. */
    if (s->loop == NULL || record_pace_rest(&s->flow.record_pace, clock_mono(s->clock)) == 0)
        ring_flow(s);
}

static void ring_host(void *arg, const char *host_id)
{
    struct server *s = arg;

    door_ring(s->api.door, host_id);
    carrier_ring(s->api.carrier);
}

static bool host_waits(void *arg, const char *host_id)
{
    struct server *s = arg;

    return door_waits(s->api.door, host_id);
}

static bool hand_to_host(void *arg, const struct offer *offer)
{
    struct server *s = arg;

    return door_hand(s->api.door, offer);
}

static void tell(void *arg, unsigned topics)
{
    struct server *s = arg;

    api_events_publish(s->api.events, topics);
}

/* Side effects have stopped; main leaves its wait and ends the program. */
static void fail(struct server *s)
{
    if (!atomic_exchange(&s->failed, true))
        kill(getpid(), SIGTERM);
}

static void flow_failed(void *arg, const struct err *err)
{
    log_error("flow.failed", "err=%s", LOG(err->text));
    fail(arg);
}

static void store_damaged(void *arg, const struct err *err)
{
    (void)err; /* told where it was found */
    fail(arg);
}

static void writer_failed(void *arg)
{
    log_error("store.failed", "err=%s",
              LOG("a write could not be synced; the server stops and reads again"));
    fail(arg);
}

static bool is_ready(void *arg)
{
    struct server *s = arg;

    return s->loop != NULL && !atomic_load(&s->failed);
}

static int read_secrets(struct server *s, const struct config *config, struct err *err)
{
    if (config->webhook_secret_files.n > SIGNATURE_SECRETS_MAX)
        return err_set(err, ERR_INVALID, "at most %d webhook secrets", SIGNATURE_SECRETS_MAX);
    for (size_t i = 0; i < config->webhook_secret_files.n; i++) {
        int rc = secret_read_file(config->webhook_secret_files.items[i], SECRET_MIN, &s->secrets[i],
                                  err);
        if (rc < 0)
            return rc;
        s->secret_list[i] = s->secrets[i];
        s->n_secrets++;
    }
    return 0;
}

static int reread(void *arg, bool check, struct err *err)
{
    struct server *s = arg;

    return configuration_reread(&s->configuration, check, err);
}

static void refused_config(void *arg, char *ret_text, size_t size)
{
    struct server *s = arg;

    configuration_refused(&s->configuration, ret_text, size);
}

/* GitHub sends nothing twice by itself: what it sends while the server starts waits in the kernel's queue, and is not
 * refused. A socket that cannot be had is told of where it is opened again, behind the store's lock. */
static void listen_early(struct server *s, const struct config *config)
{
    (void)http_socket_open(LISTENER_WEBHOOKS, config->listen_webhooks, &s->front_socket, NULL);
}

/* Deliveries are stored before anything is thought about them (W2), so they are taken first: what comes while the rest of
 * the server is made ready waits in the store. */
static int open_front_door(struct server *s, const struct config *config, struct err *err)
{
    struct http_server_options options = {.body_budget = 0};

    options.listeners[LISTENER_WEBHOOKS] =
        (struct http_server_listener){.address = config->listen_webhooks,
                                      .socket = s->front_socket};
    s->front_socket = 0;
    s->api.clock = s->clock;
    s->api.writer = s->writer;
    s->api.version = SLIPWAY_VERSION;
    s->api.snapshots = &s->snapshots;
    s->api.webhook_secrets = s->secret_list;
    s->api.n_webhook_secrets = s->n_secrets;
    s->api.ring_flow = ring_flow;
    s->api.ring_record = ring_record;
    s->api.flow = s;
    s->api.disk = disk_new(config->state, 0);
    s->api.metrics = metrics_new();
    return http_server_start(&s->http, &options, &s->api, err);
}

static int open_other_doors(struct server *s, const struct config *config, struct err *err)
{
    const struct door_options door = {.credential_key = s->keys.credential,
                                      .hold_ms = s->poll_hold_ms};
    const char *addresses[LISTENER_COUNT] = {config->listen_webhooks, config->listen_agents,
                                             config->listen_web, config->listen_cli};
    int rc = 0;

    s->api.store_id = s->store.store_id;
    s->api.signer = s->signer;
    s->api.uid = geteuid();
    s->api.door = door_new(&door);
    s->api.events = api_events_new();
    s->api.tries = tries_new();
    s->api.chain = chain_new();
    s->api.is_ready = is_ready;
    s->api.reread = reread;
    s->api.refused_config = refused_config;
    s->api.server = s;
    for (int i = 0; i < LISTENER_COUNT; i++) {
        const struct http_server_listener wanted = {.address = addresses[i]};
        if (rc == 0 && i != LISTENER_WEBHOOKS)
            rc = http_server_open(s->http, (enum listener)i, &wanted, err);
    }
    return rc;
}

/* How GitHub is asked; without a token (NULL) it is not. */
static int read_token(const struct config *config, struct courier_options *ret_github,
                      struct err *err)
{
    struct courier_options github = {.api = config->github_api,
                                     .agent = "slipway/" SLIPWAY_VERSION};
    int rc = config->github_token_file == NULL
                 ? 0
                 : secret_read_file(config->github_token_file, 1, &github.token, err);

    if (rc < 0)
        return err_wrap(err, "github.token-file");
    *ret_github = github;
    return 0;
}

/* Logins and teams are asked of GitHub where the configuration has a token for it. */
static int start_roster(struct server *s, const struct config *config, struct err *err)
{
    struct roster_options options = {.clock = s->clock, .writer = s->writer};
    int rc = read_token(config, &options.github, err);

    if (rc == 0 && options.github.token != NULL)
        rc = roster_start(&options, &s->api.roster, err);
    s->configuration.roster = s->api.roster;
    return rc < 0 || s->api.roster == NULL
               ? rc
               : configuration_bind_people(&s->configuration, config, err);
}

static bool has_room(void *arg)
{
    struct server *s = arg;

    return !disk_look(s->api.disk, clock_mono(s->clock)).low;
}

/* What GitHub said while nobody listened is asked for where there is a token (W5). */
static int start_recovery(struct server *s, const struct config *config, struct err *err)
{
    struct recovery *recovery = NULL;
    struct recovery_options options = {.clock = s->clock,
                                       .writer = s->writer,
                                       .readers = s->api.readers,
                                       .secret = s->secret_list[0],
                                       .snapshots = &s->snapshots,
                                       .ring = ring_flow,
                                       .has_room = has_room,
                                       .ring_arg = s};
    int rc = read_token(config, &options.github, err);

    if (rc == 0 && options.github.token != NULL)
        rc = recovery_start(&options, &recovery, err);
    s->api.recovery = recovery;
    return rc;
}

static void carrier_told(void *arg, bool hosts, bool output)
{
    struct server *s = arg;

    if (hosts)
        api_events_publish(s->api.events, API_EVENTS_HOSTS);
    if (output)
        api_events_publish(s->api.events, API_EVENTS_OUTPUT);
}

/* Hosts by SSM. It sleeps where the configuration has none; one that gets some by a reload needs no restart. */
static int start_carrier(struct server *s, struct err *err)
{
    const struct carrier_options options = {.store = s->store.path,
                                            .clock = s->clock,
                                            .writer = s->writer,
                                            .snapshots = &s->snapshots,
                                            .ring = ring_flow,
                                            .tell = carrier_told,
                                            .arg = s,
                                            .counts = &s->aws_counts,
                                            .settle_ms = s->aws_settle_ms};
    struct carrier *carrier = NULL;
    int rc = carrier_start(&options, &carrier, err);

    s->api.aws_counts = &s->aws_counts;
    s->api.carrier = carrier;
    return rc;
}

static int start_flow(struct server *s, bool by_hand, struct err *err)
{
    int rc = db_open_read(s->store.path, &s->flow_db, err);
    struct loop *loop = NULL;

    if (rc < 0)
        return rc;
    s->flow = (struct flow){.clock = s->clock,
                            .db = s->flow_db,
                            .writer = s->writer,
                            .keeper = s->keeper,
                            .snapshots = &s->snapshots,
                            .signer = s->signer,
                            .store_id = s->store.store_id,
                            .mirrors = s->mirrors,
                            .heard_since = clock_now(s->clock),
                            .ring_host = ring_host,
                            .host_waits = host_waits,
                            .hand_to_host = hand_to_host,
                            .tell = tell,
                            .arg = s};
    if (!by_hand && (rc = loop_start(&loop, &s->flow, flow_failed, s, err)) == 0) {
        s->loop = loop;
        loop_ring(loop); /* whoever rang between its first look and now rang at nothing */
    }
    return rc;
}

static void tell_addresses(const struct server *s)
{
    for (int i = 0; i < LISTENER_COUNT; i++) {
        const char *address = http_server_address(s->http, (enum listener)i);
        if (address != NULL)
            log_notice("listening", "listener=%s address=%s", listener_name((enum listener)i),
                       LOG(address));
    }
}

/* What each start calls. libmicrohttpd takes longest, and is needed last. */
static int load_libraries(void *arg, struct err *err)
{
    int rc = digest_begin(err);

    (void)arg;
    return rc < 0 ? rc : http_library_load(err);
}

/* Hosts may know of more than this store does: nothing is migrated before a person has looked (G5). */
static int write_restored(struct db *db, void *arg, struct err *err)
{
    const struct server *s = arg;
    const struct journal_entry entry = {.at = clock_now(s->clock),
                                        .actor = "slipway",
                                        .way = "timer",
                                        .act = "store.restored",
                                        .subject = s->store.store_id};
    int rc = store_attempt_fence_all(db, "the store was restored from a backup", entry.at, err);

    if (rc == 0)
        rc = store_send_restored(db, err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

static int start_writer(struct server *s, struct err *err)
{
    int rc = writer_start(&s->writer, s->store.db, NULL, err);

    if (rc == 0)
        writer_on_broken(s->writer, writer_failed, s);
    return rc;
}

static int open_keys(struct server *s, struct err *err)
{
    struct db *db;
    int rc = file_mkdirs(s->keys_folder, 0700, err);

    if (rc < 0 || (rc = door_keys_open(s->keys_folder, &s->keys, err)) < 0 ||
        (rc = db_pool_take(s->api.readers, &db, err)) < 0)
        return rc;
    rc = signer_open(s->keys_folder, db, s->writer, clock_now(s->clock), &s->signer, err);
    db_pool_give(s->api.readers, db);
    return rc;
}

/* What all but deliveries needs. */
static int open_rest(struct server *s, const struct config *config, struct err *err)
{
    int rc;

    snprintf(s->mirrors, sizeof(s->mirrors), "%s/mirrors", config->state);
    snprintf(s->keys_folder, sizeof(s->keys_folder), "%s/keys", config->state);
    if ((rc = file_mkdirs(s->mirrors, 0700, err)) == 0 &&
        (rc = db_pool_new(s->store.path, &s->api.readers, err)) == 0)
        rc = open_keys(s, err);
    if (rc == 0 && s->restored)
        rc = writer_do(s->writer, write_restored, s, err);
    return rc;
}

static void configuration_changed(void *arg)
{
    struct server *s = arg;

    api_events_publish(s->api.events, API_EVENTS_CONFIG);
    ring_flow(s);
    carrier_ring(s->api.carrier);
}

/* Takes `config` over. */
static int begin_configuration(struct server *s, struct config *config, struct err *err)
{
    struct configuration *c = &s->configuration;

    c->clock = s->clock;
    c->snapshots = &s->snapshots;
    c->writer = s->writer;
    c->readers = s->api.readers;
    c->secrets = s->secret_list;
    c->n_secrets = s->n_secrets;
    c->changed = configuration_changed;
    c->arg = s;
    configuration_remember(c, config);
    return configuration_begin(c, config, err);
}

/* The configuration in force, and who acts by it. Takes `config` over. */
static int start_acting(struct server *s, struct config *config, bool by_hand, int *ret_exit,
                        struct err *err)
{
    const struct snapshot *snapshot;
    int rc = begin_configuration(s, config, err);

    *ret_exit = rc == ERR_CONFLICT || rc == ERR_INVALID ? EXIT_CONFIG : EXIT_IO;
    if (rc < 0)
        return rc;
    snapshot = snapshots_take(&s->snapshots);
    rc = start_roster(s, snapshot->config, err);
    if (rc == 0)
        rc = start_recovery(s, snapshot->config, err);
    if (rc == 0)
        rc = open_other_doors(s, snapshot->config, err);
    snapshots_give(snapshot);
    if (rc == 0)
        rc = start_flow(s, by_hand, err);
    if (rc == 0)
        rc = start_carrier(s, err);
    if (rc == 0)
        rc = upkeep_start(&s->upkeep, s->store.path, s->writer, s->api.chain, s->clock,
                          store_damaged, s, err);
    return rc;
}

/* What is read with hands that hold everything: configuration, secrets, and whether the store is ours. */
static int gather(struct server *s, struct config **ret_config, int *ret_exit, struct err *err)
{
    int rc = configuration_read(&s->configuration, true, ret_config, err);

    *ret_exit = EXIT_CONFIG;
    if (rc < 0)
        return rc;
    listen_early(s, *ret_config);
    if ((rc = read_secrets(s, *ret_config, err)) < 0)
        return rc;
    rc = store_take((*ret_config)->state, &s->store, err);
    /* A folder or a library may be there again in a moment. */
    *ret_exit = rc == ERR_BUSY ? EXIT_BUSY : EXIT_IO;
    if (rc == 0 && ((*ret_config)->github_token_file != NULL || (*ret_config)->aws_region != NULL))
        rc = httpc_begin(err);
    return rc;
}

/* What the writer begins with. OpenSSL, which names a store, is found while it can be read from anywhere. */
static int open_store(struct server *s, const struct config *config, bool uncaged, struct err *err)
{
    int rc = digest_begin(err);

    if (rc < 0)
        return rc;
    if (!uncaged && (rc = hands_hold(config, s->configuration.path, err)) < 0)
        return rc;
    return store_begin(&s->store, SLIPWAY_VERSION, clock_now(s->clock), err);
}

int server_start(const struct server_options *options, struct server **ret_server, int *ret_exit,
                 struct err *err)
{
    struct server *s = calloc(1, sizeof(*s));
    struct config *config = NULL;
    struct beside libraries;
    int rc, loaded;

    if (s == NULL)
        abort();
    s->restored = options->restored;
    s->clock = options->clock != NULL ? options->clock : clock_system();
    s->poll_hold_ms = options->poll_hold_ms;
    s->store.lock = -1;
    snapshots_init(&s->snapshots);
    configuration_init(&s->configuration, options->config);
    *ret_exit = EXIT_IO;
    /* Before any thread, library or secret. */
    if ((rc = keeper_spawn(&s->keeper, err)) < 0 || (rc = cage_basics(err)) < 0)
        goto out;
    beside_begin(&libraries, "libraries", load_libraries, NULL);
    heap_populate();
    if ((rc = gather(s, &config, ret_exit, err)) == 0)
        rc = open_store(s, config, options->uncaged, err);
    loaded = beside_end(&libraries, rc < 0 ? NULL : err);
    if (rc == 0)
        rc = loaded;
    if (rc == 0)
        rc = start_writer(s, err);
    if (rc == 0 && !options->uncaged)
        rc = cage_no_exec(err); /* before the first byte from outside */
    if (rc == 0)
        rc = open_front_door(s, config, err);
    if (rc == 0)
        rc = open_rest(s, config, err);
    if (rc < 0)
        config_free(config);
    else
        rc = start_acting(s, config, options->by_hand, ret_exit, err);
    if (rc == 0)
        tell_addresses(s);
out:
    if (rc < 0) {
        server_stop(s);
        return rc;
    }
    *ret_exit = 0;
    *ret_server = s;
    return 0;
}

void server_reload(struct server *s)
{
    configuration_reload(&s->configuration);
}

/* By hand ----------------------------------------------------------------------------------------- */

static int nothing(struct db *db, void *arg, struct err *err)
{
    (void)db, (void)arg, (void)err;
    return 0;
}

int server_look(struct server *s, time_ms *ret_next, struct err *err)
{
    struct pollfd answer = {.fd = keeper_fd(s->keeper), .events = POLLIN};
    int rc = writer_do(s->writer, nothing, NULL, err);
    time_ms now = clock_now(s->clock);
    bool alarm = now >= s->next || now - clock_mono(s->clock) != s->flow.clock_skew;

    s->flow.timed = !atomic_exchange(&s->rung, false);
    if (rc == 0 && (alarm || !s->flow.timed))
        rc = flow_look(&s->flow, &s->next, err);
    while (rc == 0 && reconcile_is_asking(s->flow.reconcile)) {
        if (poll(&answer, 1, GIT_PATIENCE_MS) <= 0)
            return err_set(err, ERR_TIMEOUT, "git did not answer");
        rc = flow_look(&s->flow, &s->next, err);
    }
    *ret_next = s->next;
    return rc;
}

int server_look_at_all(struct server *s, bool *ret_moved, time_ms *ret_next, struct err *err)
{
    return flow_look_at_all(&s->flow, ret_moved, ret_next, err);
}

const char *server_address(const struct server *server, enum listener listener)
{
    return http_server_address(server->http, listener);
}

bool server_has_failed(const struct server *server)
{
    return atomic_load(&server->failed);
}

void server_stop(struct server *s)
{
    if (s == NULL)
        return;
    http_server_stop(s->http, 3000);
    upkeep_stop(s->upkeep);
    recovery_stop(s->api.recovery);
    carrier_stop(s->api.carrier);
    loop_stop(s->loop);
    roster_stop(s->api.roster);
    reconcile_free(s->flow.reconcile);
    agenda_free(s->flow.agenda);
    db_close(s->flow_db);
    db_pool_free(s->api.readers);
    if (s->writer != NULL)
        writer_stop(s->writer);
    else
        db_close(s->store.db);
    loop_free(s->loop); /* rung by what was still written */
    carrier_free(s->api.carrier);
    door_free(s->api.door);
    disk_free(s->api.disk);
    api_events_free(s->api.events);
    metrics_free(s->api.metrics);
    tries_free(s->api.tries);
    chain_free(s->api.chain);
    door_keys_deinit(&s->keys);
    signer_free(s->signer);
    snapshots_deinit(&s->snapshots);
    for (size_t i = 0; i < s->n_secrets; i++)
        secret_free(s->secrets[i]);
    keeper_free(s->keeper);
    configuration_deinit(&s->configuration);
    if (s->store.lock >= 0)
        close(s->store.lock);
    if (s->front_socket > 0)
        close(s->front_socket);
    free(s);
}
