#include "server/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/config/config_holidays.h"
#include "lib/config/config_read.h"
#include "lib/model/config.h"
#include "lib/store/db.h"
#include "lib/store/store_holiday.h"
#include "lib/store/store_journal.h"
#include "lib/store/writer.h"
#include "server/flow/roster.h"
#include "server/flow/snapshot.h"

/* The file --------------------------------------------------------------------------------------- */

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

int configuration_read(const struct configuration *c, bool warn, struct config **ret_config,
                       struct err *err)
{
    struct problems problems;
    struct arena arena;
    int rc;

    arena_init(&arena);
    problems_init(&problems, &arena);
    rc = config_read(c->path, ret_config, &problems, err);
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

/* What the start alone reads ----------------------------------------------------------------------- */

/* Texts in one, to see whether they are others. */
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

void configuration_remember(struct configuration *c, const struct config *config)
{
    const char *addresses[LISTENER_COUNT] = {config->listen_webhooks, config->listen_agents,
                                             config->listen_web, config->listen_cli};

    for (int i = 0; i < LISTENER_COUNT; i++)
        c->listen[i] = strdup(addresses[i]);
    c->state = strdup(config->state);
    c->secret_files = list_text(&config->webhook_secret_files);
    c->github = github_text(config);
}

/* The new value is not in force, and that is said. */
static void tell_restart(const struct configuration *c, const struct config *config)
{
    const char *addresses[LISTENER_COUNT] = {config->listen_webhooks, config->listen_agents,
                                             config->listen_web, config->listen_cli};
    char *secret_files = list_text(&config->webhook_secret_files);
    char *github = github_text(config);

    for (int i = 0; i < LISTENER_COUNT; i++)
        if (!str_eq(c->listen[i], addresses[i]))
            log_warning("config.restart-needed", "setting=listen.%s",
                        listener_name((enum listener)i));
    if (!str_eq(c->state, config->state))
        log_warning("config.restart-needed", "setting=state");
    if (!str_eq(c->secret_files, secret_files))
        log_warning("config.restart-needed", "setting=github.webhook-secret-files");
    if (!str_eq(c->github, github))
        log_warning("config.restart-needed", "setting=github.api, github.token-file");
    free(secret_files);
    free(github);
}

/* In force ---------------------------------------------------------------------------------------- */

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
static int put_holidays(struct configuration *c, struct config *config, struct err *err)
{
    struct almanac_holiday *items = NULL;
    struct arena arena;
    unsigned years = 0;
    struct db *db;
    size_t n = 0;
    int rc = db_pool_take(c->readers, &db, err);

    if (rc < 0)
        return rc;
    arena_init(&arena);
    rc = store_holiday_list(db, &arena, &items, &n, &years, err);
    if (rc == 0)
        config_holidays_put(config, items, n, years);
    arena_deinit(&arena);
    db_pool_give(c->readers, db);
    return rc;
}

/* Secrets that the server knows are in nothing that it keeps of others (T40). */
static void hide_own(const struct configuration *c, struct snapshot *snapshot)
{
    const char *token_file = snapshot->config->github_token_file;
    struct secret *token = NULL;
    struct err err = ERR_INIT;

    for (size_t i = 0; i < c->n_secrets; i++)
        snapshot_hide(snapshot, c->secrets[i]);
    /* One that cannot be read is said where it is used. */
    if (token_file != NULL && secret_read_file(token_file, 1, &token, &err) == 0)
        snapshot_hide(snapshot, token);
    secret_free(token);
}

/* What cannot be resolved is not accepted, and what cannot be accepted is not in force. Takes `config` over. */
static int put_in_force(struct configuration *c, struct config *config, const char *by,
                        struct err *err)
{
    time_ms now = clock_now(c->clock);
    struct accepting a = {config, by, now};
    struct snapshot *snapshot;
    int rc = put_holidays(c, config, err);

    if (rc < 0) {
        config_free(config);
        return rc;
    }
    rc = snapshot_make(config, now, &snapshot, err);
    if (rc < 0)
        return rc;
    hide_own(c, snapshot);
    rc = writer_do(c->writer, accept_config, &a, err);
    if (rc == 0)
        snapshots_set(c->snapshots, snapshot);
    else
        snapshots_give(snapshot);
    return rc;
}

int configuration_begin(struct configuration *c, struct config *config, struct err *err)
{
    return put_in_force(c, config, "start", err);
}

int configuration_bind_people(struct configuration *c, const struct config *config, struct err *err)
{
    struct db *db;
    int rc = db_pool_take(c->readers, &db, err);

    if (rc < 0)
        return rc;
    rc = roster_bind_all(c->roster, db, config, err);
    db_pool_give(c->readers, db);
    return rc;
}

/* Another one ------------------------------------------------------------------------------------- */

/* The flow says which promises moved (server/flow/tell.h). Takes `config` over. */
static int replace(struct configuration *c, struct config *config, const char *by, struct err *err)
{
    const struct snapshot *snapshot;
    struct err own = ERR_INIT;
    int rc = put_in_force(c, config, by, err);

    if (rc < 0)
        return rc;
    c->refused[0] = '\0';
    snapshot = snapshots_take(c->snapshots);
    log_notice("config.accepted", "by=%s digest=%.12s", by, snapshot->digest);
    if (configuration_bind_people(c, snapshot->config, &own) < 0)
        log_warning("roster.bind", "err=%s", LOG(own.text));
    snapshots_give(snapshot);
    c->changed(c->arg);
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
static void refuse(struct configuration *c, const struct err *why)
{
    struct refusal refusal = {why->text, clock_now(c->clock)};
    struct err own = ERR_INIT;

    (void)snprintf(c->refused, sizeof(c->refused), "%s", why->text);
    log_error("config.refused", "err=%s text=%s", LOG(why->text),
              LOG("what was in force stays in force"));
    if (writer_do(c->writer, write_refusal, &refusal, &own) < 0)
        log_warning("config.refused", "err=%s", LOG(own.text));
}

void configuration_reload(struct configuration *c)
{
    struct config *config = NULL;
    struct err err = ERR_INIT;
    int rc;

    pthread_mutex_lock(&c->lock);
    rc = configuration_read(c, true, &config, &err);
    if (rc == 0) {
        tell_restart(c, config);
        rc = replace(c, config, "reload", &err);
    }
    if (rc < 0)
        refuse(c, &err);
    pthread_mutex_unlock(&c->lock);
}

/* Without what was imported: what its files say. */
static bool says_the_same(const struct config *a, const struct config *b)
{
    return strcmp(a->read_text, b->read_text) == 0;
}

int configuration_reread(struct configuration *c, bool check, struct err *err)
{
    const struct snapshot *snapshot;
    struct config *config = NULL;
    int rc;

    pthread_mutex_lock(&c->lock);
    rc = configuration_read(c, false, &config, err);
    snapshot = snapshots_take(c->snapshots);
    if (rc < 0)
        rc = err_set(err, ERR_CONFLICT,
                     "%s has mistakes now and could not be read again; mend it first "
                     "(slipway config check)",
                     c->path);
    else if (!says_the_same(config, snapshot->config))
        rc = err_set(err, ERR_CONFLICT,
                     "%s was changed and is not in force yet; reload it first "
                     "(systemctl reload slipwayd)",
                     c->path);
    snapshots_give(snapshot);
    if (rc < 0 || check)
        config_free(config);
    else
        rc = replace(c, config, "holidays", err);
    pthread_mutex_unlock(&c->lock);
    return rc;
}

void configuration_refused(struct configuration *c, char *ret_text, size_t size)
{
    pthread_mutex_lock(&c->lock);
    (void)snprintf(ret_text, size, "%s", c->refused);
    pthread_mutex_unlock(&c->lock);
}

void configuration_init(struct configuration *c, const char *path)
{
    *c = (struct configuration){.path = path};
    pthread_mutex_init(&c->lock, NULL);
}

void configuration_deinit(struct configuration *c)
{
    for (int i = 0; i < LISTENER_COUNT; i++)
        free(c->listen[i]);
    free(c->state);
    free(c->secret_files);
    free(c->github);
    pthread_mutex_destroy(&c->lock);
}
