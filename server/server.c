#include "server/server.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/cage.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/config/config_holidays.h"
#include "lib/config/config_read.h"
#include "lib/model/config.h"
#include "lib/repo/keeper.h"
#include "lib/store/db.h"
#include "lib/store/store.h"
#include "lib/store/store_holiday.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_repository.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_journal.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_events.h"
#include "server/api/api_metrics.h"
#include "server/api/disk.h"
#include "server/api/door.h"
#include "server/api/door_keys.h"
#include "server/api/http_server.h"
#include "server/api/tries.h"
#include "server/flow/agenda.h"
#include "server/flow/flow.h"
#include "server/flow/recovery.h"
#include "server/flow/roster.h"
#include "server/flow/signer.h"
#include "server/flow/snapshot.h"
#include "server/loop.h"
#include "server/upkeep.h"

#define SECRETS_MAX 8
#define SECRET_MIN 32
#define EXIT_CONFIG 78
#define EXIT_IO 74
#define EXIT_BUSY 75
#define GIT_PATIENCE_MS 60000

struct server {
    const char *config_path;
    bool restored;
    struct clock *clock;
    int64_t poll_hold_ms;
    struct keeper *keeper;
    struct store store;
    struct db *flow_db;
    struct writer *writer;
    struct snapshots snapshots;
    pthread_mutex_t configuring; /* one configuration at a time is read and put in force */
    struct secret *secrets[SECRETS_MAX];
    const struct secret *secret_list[SECRETS_MAX];
    size_t n_secrets;
    struct door_keys keys;
    char keys_folder[4096];
    struct signer *signer;
    char mirrors[4096];
    struct flow flow;
    struct loop *loop;
    struct upkeep *upkeep;
    struct api api;
    struct http_server *http;
    char *listen[4]; /* of the first configuration, as the next two: a change needs a restart */
    char *state;
    char *secret_files;
    char *github; /* API and token file */
    char refused
        [512]; /* why the file's configuration is not in force; "" = it is. Under `configuring` */
    atomic_bool failed;
    atomic_bool rung; /* by hand: somebody rang since the last look ... */
    time_ms next;     /* ... which wants the next one then */
};

/* Configuration ----------------------------------------------------------------------------------- */

static void tell_problems(const struct problems *problems)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < problems->n; i++)
        problems_print(&problems->items[i], &text);
    (void)!file_write_fd(STDERR_FILENO, buf_str(&text), text.len);
    buf_deinit(&text);
}

/* "3 mistakes in the configuration" alone helps nobody who reads the journal. */
static void name_first(const struct problems *problems, struct err *err)
{
    for (size_t i = 0; i < problems->n; i++) {
        const struct problem *p = &problems->items[i];
        if (p->warning)
            continue;
        (void)err_wrap(err, "%s:%d: %s", p->file, p->line, p->text);
        return;
    }
}

static int read_config(const char *path, bool warn, struct config **ret_config, struct err *err)
{
    struct problems problems;
    struct arena arena;
    int rc;

    arena_init(&arena);
    problems_init(&problems, &arena);
    rc = config_read(path, ret_config, &problems, err);
    if (rc < 0) {
        tell_problems(&problems);
        name_first(&problems, err);
    }
    for (size_t i = 0; rc == 0 && warn && i < problems.n; i++)
        log_warning("config.warning", "file=%s line=%d text=%s", LOG(problems.items[i].file),
                    problems.items[i].line, LOG(problems.items[i].text));
    arena_deinit(&arena);
    return rc;
}

/* What the store must know of a configuration before anything is decided by it. */
struct accepting {
    const struct config *config;
    const char *by;
    time_ms now;
};

static int accept_config(struct db *db, void *arg, struct err *err)
{
    const struct accepting *a = arg;

    return snapshot_accept(db, a->config, a->by, a->now, err);
}

/* Holidays that somebody imported, over those of the rule. */
static int put_holidays(struct server *s, struct config *config, struct err *err)
{
    struct almanac_holiday *items = NULL;
    struct arena arena;
    unsigned years = 0;
    struct db *db;
    size_t n = 0;
    int rc = db_pool_take(s->api.readers, &db, err);

    if (rc < 0)
        return rc;
    arena_init(&arena);
    rc = store_holiday_list(db, &arena, &items, &n, &years, err);
    if (rc == 0)
        config_holidays_put(config, items, n, years);
    arena_deinit(&arena);
    db_pool_give(s->api.readers, db);
    return rc;
}

/* Secrets that the server knows are in nothing that it keeps of others (T40). */
static void hide_own(const struct server *s, struct snapshot *snapshot)
{
    const char *token_file = snapshot->config->github_token_file;
    struct secret *token = NULL;
    struct err err = ERR_INIT;

    for (size_t i = 0; i < s->n_secrets; i++)
        snapshot_hide(snapshot, s->secrets[i]);
    /* One that cannot be read is said where it is used. */
    if (token_file != NULL && secret_read_file(token_file, 1, &token, &err) == 0)
        snapshot_hide(snapshot, token);
    secret_free(token);
}

/* All or nothing: what cannot be resolved is not accepted, and what cannot be accepted is not in force. Takes
 * `config` over. */
static int put_in_force(struct server *s, struct config *config, const char *by, struct err *err)
{
    time_ms now = clock_now(s->clock);
    struct accepting a = {config, by, now};
    struct snapshot *snapshot;
    int rc = snapshot_make(config, now, &snapshot, err);

    if (rc < 0)
        return rc;
    hide_own(s, snapshot);
    rc = writer_do(s->writer, accept_config, &a, err);
    if (rc == 0)
        snapshots_set(&s->snapshots, snapshot);
    else
        snapshots_give(snapshot);
    return rc;
}

/* At first use, that is when the configuration names them. */
static int bind_people(struct server *s, const struct config *config, struct err *err)
{
    struct db *db;
    int rc = db_pool_take(s->api.readers, &db, err);

    if (rc < 0)
        return rc;
    rc = roster_bind_all(s->api.roster, db, config, err);
    db_pool_give(s->api.readers, db);
    return rc;
}

/* Parts ------------------------------------------------------------------------------------------- */

static void ring_flow(void *arg)
{
    struct server *s = arg;

    if (s->loop != NULL)
        loop_ring(s->loop);
    else
        atomic_store(&s->rung, true);
}

static void ring_host(void *arg, const char *host_id)
{
    struct server *s = arg;

    door_ring(s->api.door, host_id);
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

/* The names in one text, to see whether they are others. */
static char *list_text(const struct config_list *list)
{
    struct buf text;
    char *copy;

    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < list->n; i++)
        buf_addf(&text, "%s\n", list->items[i]);
    copy = strdup(buf_str(&text));
    buf_deinit(&text);
    if (copy == NULL)
        abort();
    return copy;
}

static char *github_text(const struct config *config)
{
    const char *items[] = {config->github_api,
                           config->github_token_file != NULL ? config->github_token_file : ""};
    const struct config_list list = {.items = items, .n = 2};

    return list_text(&list);
}

static int read_secrets(struct server *s, const struct config *config, struct err *err)
{
    s->state = strdup(config->state);
    s->secret_files = list_text(&config->webhook_secret_files);
    s->github = github_text(config);
    if (config->webhook_secret_files.n > SECRETS_MAX)
        return err_set(err, ERR_INVALID, "at most %d webhook secrets", SECRETS_MAX);
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

static int reread(void *arg, bool check, struct err *err);
static void refused_config(void *arg, char *ret_text, size_t size);

static int start_http(struct server *s, const struct config *config, struct err *err)
{
    struct http_server_options options = {.body_budget = 0};
    const struct door_options door = {.credential_key = s->keys.credential,
                                      .hold_ms = s->poll_hold_ms};
    const char *addresses[LISTENER_COUNT] = {config->listen_webhooks, config->listen_agents,
                                             config->listen_web, config->listen_cli};

    for (int i = 0; i < LISTENER_COUNT; i++) {
        options.listeners[i].address = addresses[i];
        s->listen[i] = strdup(addresses[i]);
    }
    s->api.clock = s->clock;
    s->api.writer = s->writer;
    s->api.version = SLIPWAY_VERSION;
    s->api.store_id = s->store.store_id;
    s->api.signer = s->signer;
    s->api.uid = geteuid();
    s->api.snapshots = &s->snapshots;
    s->api.webhook_secrets = s->secret_list;
    s->api.n_webhook_secrets = s->n_secrets;
    s->api.ring_flow = ring_flow;
    s->api.flow = s;
    s->api.door = door_new(&door);
    s->api.disk = disk_new(config->state, 0);
    s->api.events = api_events_new();
    s->api.metrics = metrics_new();
    s->api.tries = tries_new();
    s->api.is_ready = is_ready;
    s->api.reread = reread;
    s->api.refused_config = refused_config;
    s->api.server = s;
    return http_server_start(&s->http, &options, &s->api, err);
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
    return rc < 0 || s->api.roster == NULL ? rc : bind_people(s, config, err);
}

/* What GitHub said while nobody listened is asked for where there is a token (W5). */
static int start_recovery(struct server *s, const struct config *config, struct err *err)
{
    struct recovery_options options = {.clock = s->clock,
                                       .writer = s->writer,
                                       .readers = s->api.readers,
                                       .snapshots = &s->snapshots,
                                       .ring = ring_flow,
                                       .ring_arg = s};
    int rc = read_token(config, &options.github, err);

    if (rc == 0 && options.github.token != NULL)
        rc = recovery_start(&options, &s->api.recovery, err);
    return rc;
}

static int start_flow(struct server *s, bool by_hand, struct err *err)
{
    int rc = db_open_read(s->store.path, &s->flow_db, err);

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
                            .tell = tell,
                            .arg = s};
    return by_hand ? 0 : loop_start(&s->loop, &s->flow, flow_failed, s, err);
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

/* Hands off everything but our own folders, what the configuration names, and what libraries read. Before
 * any thread; a kernel without Landlock is a warning that doctor repeats. */
static int hold_files(const struct server *s, const struct config *config, struct err *err)
{
    const char *readable[17 + SECRETS_MAX] = {"/etc", "/usr/share/zoneinfo", "/usr/lib", "/lib",
                                              "/proc"};
    char config_folder[4096], socket_folder[4096];
    const char *writable[] = {config->state, socket_folder, "/dev/null"};
    size_t n = 5;
    bool held = false;
    int rc = file_mkdirs(config->state, 0700, err);

    if (rc < 0)
        return err_wrap(err, "state folder");
    file_folder(s->config_path, config_folder, sizeof(config_folder));
    file_folder(config->listen_cli, socket_folder, sizeof(socket_folder));
    readable[n++] = config_folder;
    for (size_t i = 0; i < config->webhook_secret_files.n && i < SECRETS_MAX; i++)
        readable[n++] = config->webhook_secret_files.items[i];
    if (config->github_token_file != NULL)
        readable[n++] = config->github_token_file;
    rc = cage_files(readable, n, writable, sizeof(writable) / sizeof(*writable), &held, err);
    if (rc == 0 && !held)
        log_warning("cage.files", "text=%s", LOG("this kernel has no Landlock"));
    return rc;
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

    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

static int start_store(struct server *s, const struct config *config, int *ret_exit,
                       struct err *err)
{
    int rc = store_open(config->state, SLIPWAY_VERSION, clock_now(s->clock), &s->store, err);

    *ret_exit = rc == ERR_BUSY ? EXIT_BUSY : EXIT_IO;
    if (rc < 0)
        return rc;
    snprintf(s->mirrors, sizeof(s->mirrors), "%s/mirrors", config->state);
    snprintf(s->keys_folder, sizeof(s->keys_folder), "%s/keys", config->state);
    if ((rc = file_mkdirs(s->mirrors, 0700, err)) < 0 ||
        (rc = file_mkdirs(s->keys_folder, 0700, err)) < 0 ||
        (rc = door_keys_open(s->keys_folder, &s->keys, err)) < 0 ||
        (rc = signer_open(s->keys_folder, s->store.db, clock_now(s->clock), &s->signer, err)) < 0 ||
        (rc = writer_start(&s->writer, s->store.db, NULL, err)) < 0)
        return rc;
    writer_on_broken(s->writer, writer_failed, s);
    if (s->restored && (rc = writer_do(s->writer, write_restored, s, err)) < 0)
        return rc;
    return db_pool_new(s->store.path, &s->api.readers, err);
}

int server_start(const struct server_options *options, struct server **ret_server, int *ret_exit,
                 struct err *err)
{
    struct server *s = calloc(1, sizeof(*s));
    struct config *config = NULL;
    const struct snapshot *snapshot;
    int rc;

    if (s == NULL)
        abort();
    s->config_path = options->config;
    s->restored = options->restored;
    s->clock = options->clock != NULL ? options->clock : clock_system();
    s->poll_hold_ms = options->poll_hold_ms;
    s->store.lock = -1;
    snapshots_init(&s->snapshots);
    pthread_mutex_init(&s->configuring, NULL);
    *ret_exit = EXIT_IO;
    /* Before any thread, library or secret. */
    if ((rc = keeper_spawn(&s->keeper, err)) < 0 || (rc = cage_basics(err)) < 0)
        goto out;
    *ret_exit = EXIT_CONFIG;
    if ((rc = read_config(options->config, true, &config, err)) < 0)
        goto out;
    rc = read_secrets(s, config, err);
    if (rc == 0 && !options->uncaged)
        rc = hold_files(s, config, err);
    if (rc == 0)
        rc = start_store(s, config, ret_exit, err);
    if (rc < 0) {
        config_free(config);
        goto out;
    }
    *ret_exit = EXIT_IO;
    if ((rc = put_holidays(s, config, err)) < 0) {
        config_free(config);
        goto out;
    }
    if ((rc = put_in_force(s, config, "start", err)) < 0)
        goto out;
    snapshot = snapshots_take(&s->snapshots);
    rc = start_roster(s, snapshot->config, err);
    if (rc == 0)
        rc = start_recovery(s, snapshot->config, err);
    if (rc == 0)
        rc = start_http(s, snapshot->config, err);
    snapshots_give(snapshot);
    if (rc == 0)
        rc = start_flow(s, options->by_hand, err);
    if (rc == 0)
        rc = upkeep_start(&s->upkeep, s->store.path, s->writer, s->clock, store_damaged, s, err);
    if (rc == 0 && !options->uncaged)
        rc = cage_no_exec(err);
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

/* Reload ------------------------------------------------------------------------------------------ */

/* What is read at the start alone: the new value is not in force, and that is said. */
static void tell_restart(const struct server *s, const struct config *config)
{
    const char *addresses[LISTENER_COUNT] = {config->listen_webhooks, config->listen_agents,
                                             config->listen_web, config->listen_cli};
    char *secret_files = list_text(&config->webhook_secret_files);
    char *github = github_text(config);

    for (int i = 0; i < LISTENER_COUNT; i++)
        if (!str_eq(s->listen[i], addresses[i]))
            log_warning("config.restart-needed", "setting=listen.%s",
                        listener_name((enum listener)i));
    if (!str_eq(s->state, config->state))
        log_warning("config.restart-needed", "setting=state");
    if (!str_eq(s->secret_files, secret_files))
        log_warning("config.restart-needed", "setting=github.webhook-secret-files");
    if (!str_eq(s->github, github))
        log_warning("config.restart-needed", "setting=github.api, github.token-file");
    free(secret_files);
    free(github);
}

/* The flow says which promises moved (server/flow/tell.h). */
static int reload(struct server *s, struct config *config, const char *by, struct err *err)
{
    int rc = put_in_force(s, config, by, err);
    struct err own = ERR_INIT;

    if (rc < 0)
        return rc;
    s->refused[0] = '\0';
    log_notice("config.accepted", "by=%s digest=%.12s", by, config->digest);
    if (bind_people(s, config, &own) < 0)
        log_warning("roster.bind", "err=%s", LOG(own.text));
    api_events_publish(s->api.events, API_EVENTS_CONFIG);
    ring_flow(s);
    return 0;
}

struct refusal {
    const char *why;
    time_ms now;
};

static int write_refusal(struct db *db, void *arg, struct err *err)
{
    const struct refusal *refusal = arg;
    const struct journal_entry entry = {.at = refusal->now,
                                        .actor = "slipway",
                                        .way = "timer",
                                        .act = "config.refuse",
                                        .subject = "reload",
                                        .reason = refusal->why};

    return store_journal_add(db, &entry, err);
}

/* What was in force stays so; that the file says something else is known until it is mended. */
static void refuse(struct server *s, const struct err *why)
{
    struct refusal refusal = {why->text, clock_now(s->clock)};
    struct err own = ERR_INIT;

    (void)snprintf(s->refused, sizeof(s->refused), "%s", why->text);
    log_error("config.refused", "err=%s text=%s", LOG(why->text),
              LOG("what was in force stays in force"));
    if (writer_do(s->writer, write_refusal, &refusal, &own) < 0)
        log_warning("config.refused", "err=%s", LOG(own.text));
}

static void refused_config(void *arg, char *ret_text, size_t size)
{
    struct server *s = arg;

    pthread_mutex_lock(&s->configuring);
    (void)snprintf(ret_text, size, "%s", s->refused);
    pthread_mutex_unlock(&s->configuring);
}

void server_reload(struct server *s)
{
    struct config *config = NULL;
    struct err err = ERR_INIT;
    int rc;

    pthread_mutex_lock(&s->configuring);
    rc = read_config(s->config_path, true, &config, &err);
    if (rc == 0) {
        tell_restart(s, config);
        rc = put_holidays(s, config, &err);
        if (rc < 0)
            config_free(config);
    }
    if (rc == 0)
        rc = reload(s, config, "reload", &err);
    if (rc < 0)
        refuse(s, &err);
    pthread_mutex_unlock(&s->configuring);
}

/* Its digest without what was imported: what its files say. */
static bool says_the_same(const struct config *a, const struct config *b)
{
    return strcmp(a->read_digest, b->read_digest) == 0;
}

/* An edit of the files comes into force by a reload, and never beside something else. */
static int reread(void *arg, bool check, struct err *err)
{
    struct server *s = arg;
    const struct snapshot *snapshot;
    struct config *config = NULL;
    int rc;

    pthread_mutex_lock(&s->configuring);
    rc = read_config(s->config_path, false, &config, err);
    snapshot = snapshots_take(&s->snapshots);
    if (rc < 0)
        rc = err_set(err, ERR_CONFLICT,
                     "%s has mistakes now and could not be read again; mend it first "
                     "(slipway config check)",
                     s->config_path);
    else if (!says_the_same(config, snapshot->config))
        rc = err_set(err, ERR_CONFLICT,
                     "%s was changed and is not in force yet; reload it first "
                     "(systemctl reload slipwayd)",
                     s->config_path);
    snapshots_give(snapshot);
    if (rc == 0 && !check)
        rc = put_holidays(s, config, err);
    if (rc < 0 || check)
        config_free(config);
    else
        rc = reload(s, config, "holidays", err);
    pthread_mutex_unlock(&s->configuring);
    return rc;
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
    loop_stop(s->loop);
    roster_stop(s->api.roster);
    reconcile_free(s->flow.reconcile);
    agenda_free(s->flow.agenda);
    db_close(s->flow_db);
    db_pool_free(s->api.readers);
    writer_stop(s->writer);
    door_free(s->api.door);
    disk_free(s->api.disk);
    api_events_free(s->api.events);
    metrics_free(s->api.metrics);
    tries_free(s->api.tries);
    door_keys_deinit(&s->keys);
    signer_free(s->signer);
    snapshots_deinit(&s->snapshots);
    for (size_t i = 0; i < s->n_secrets; i++)
        secret_free(s->secrets[i]);
    for (int i = 0; i < LISTENER_COUNT; i++)
        free(s->listen[i]);
    free(s->state);
    free(s->secret_files);
    free(s->github);
    keeper_free(s->keeper);
    pthread_mutex_destroy(&s->configuring);
    if (s->store.lock >= 0)
        close(s->store.lock);
    free(s);
}
