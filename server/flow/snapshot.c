#include "server/flow/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/redact.h"
#include "lib/base/secret.h"
#include "lib/calendar/occurrence.h"
#include "lib/model/config.h"
#include "lib/ssm/content.h"
#include "lib/store/store_config.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_occurrence.h"
#include "lib/store/store_repository.h"
#include "server/flow/calendar_edit.h"
#include "server/flow/calendar_spans.h"
#include "server/flow/naming.h"
#include "server/flow/renaming.h"

void snapshots_init(struct snapshots *snapshots)
{
    pthread_mutex_init(&snapshots->mutex, NULL);
    snapshots->current = NULL;
}

/* What lib/config cannot know: that a document for AWS callers is one. */
static int check_documents(const struct config *config, struct err *err)
{
    struct arena arena;
    int rc = 0;

    arena_init(&arena);
    for (size_t i = 0; i < config->n_documents && rc == 0; i++) {
        const struct config_document *d = &config->documents[i];
        enum content_flaw flaw;
        struct content content;

        rc = content_parse(&arena, d->text, strlen(d->text), &content, &flaw, err);
        if (rc == 0)
            rc = content_check_patterns(&content, err);
        if (rc < 0)
            rc = err_wrap(err, "%s:%d:%d: documents: %s", d->place.file, d->place.line,
                          d->place.column, d->name);
    }
    arena_deinit(&arena);
    return rc;
}

static int make_redact(struct snapshot *s, const struct config *config, struct err *err)
{
    if (config->redact == NULL)
        return 0;
    digest_sha256_hex(config->redact, strlen(config->redact), s->redact_digest);
    return redact_parse(config->redact, &s->redact, err);
}

void snapshot_hide(struct snapshot *snapshot, const struct secret *secret)
{
    if (snapshot->redact == NULL)
        snapshot->redact = redact_new();
    redact_add_secret(snapshot->redact, secret_bytes(secret), secret_len(secret));
}

static void digest_of(const struct config *config, char ret_digest[DIGEST_HEX_SIZE])
{
    digest_sha256_hex(config->text, strlen(config->text), ret_digest);
}

int snapshot_make(struct config *config, time_ms now, struct snapshot **ret_snapshot,
                  struct err *err)
{
    struct snapshot *s = calloc(1, sizeof(*s));
    int rc;

    if (s == NULL)
        abort();
    rc = check_documents(config, err);
    if (rc == 0)
        rc = make_redact(s, config, err);
    if (rc == 0)
        rc = calendar_new(config, &s->calendar, err);
    if (rc < 0) {
        redact_free(s->redact);
        config_free(config);
        free(s);
        return rc;
    }
    s->config = config;
    digest_of(config, s->digest);
    s->made_at = now;
    atomic_init(&s->refs, 1);
    *ret_snapshot = s;
    return 0;
}

static int accept_environment(struct db *db, const struct calendar *calendar, int64_t repository_id,
                              const struct config_environment *e, time_ms now, struct err *err)
{
    struct arena arena;
    const char **rules;
    int rc;

    arena_init(&arena);
    rules = arena_array(&arena, e->at.n, sizeof(*rules));
    for (size_t i = 0; i < e->at.n; i++)
        rules[i] = arena_printf(&arena, "%s %s", e->at.items[i], e->timezone);
    rc = store_schedule_keep(db, repository_id, e->name, rules, e->at.n, now, err);
    if (rc == 0 && calendar != NULL)
        rc = calendar_edit_keep(db, calendar, e, repository_id, now, err);
    arena_deinit(&arena);
    return rc;
}

static int accept_journal(struct db *db, const char *digest, const char *by, bool is_new,
                          time_ms now, struct err *err)
{
    char detail[96];
    const struct journal_entry entry = {.at = now,
                                        .actor = "slipway",
                                        .way = "timer",
                                        .act = "config.accept",
                                        .subject = by,
                                        .detail = detail};

    snprintf(detail, sizeof(detail), "{\"digest\":\"%s\",\"new\":%s}", digest,
             is_new ? "true" : "false");
    return store_journal_add(db, &entry, err);
}

int snapshot_accept_repository(struct db *db, const struct calendar *calendar, struct arena *arena,
                               const struct config_repo *repo, time_ms now, struct err *err)
{
    struct repository row;
    int rc = store_repository_ensure(db, repo->name, repo->branch, err);

    if (rc == 0)
        rc = store_repository_by_name(db, arena, repo->name, &row, err);
    for (size_t k = 0; k < repo->n_environments && rc == 0; k++)
        rc = accept_environment(db, calendar, row.id, &repo->environments[k], now, err);
    return rc;
}

static int accept_redact(struct db *db, const struct config *config, struct err *err)
{
    char digest[DIGEST_HEX_SIZE];

    if (config->redact == NULL)
        return 0;
    digest_sha256_hex(config->redact, strlen(config->redact), digest);
    return store_config_redaction_put(db, digest, config->redact, err);
}

int snapshot_accept(struct db *db, const struct config *config, const char *by, time_ms now,
                    struct err *err)
{
    struct calendar *calendar = NULL;
    char digest[DIGEST_HEX_SIZE];
    struct arena arena;
    bool is_new = false;
    int rc = calendar_new(config, &calendar, err);

    digest_of(config, digest);
    if (rc == 0)
        rc = store_config_put(db, digest, config->text, by, now, &is_new, err);
    if (rc == 0)
        rc = accept_redact(db, config, err);
    arena_init(&arena);
    for (size_t i = 0; i < config->n_repos && rc == 0; i++) {
        const struct config_repo *repo = &config->repos[i];
        rc = renaming_follow(db, &arena, config, repo->name, now, err);
        if (rc == 0)
            rc = snapshot_accept_repository(db, calendar, &arena, repo, now, err);
    }
    if (rc == 0)
        rc = calendar_spans_keep(db, calendar, config, now, err);
    if (rc == 0)
        rc = naming_check(db, &arena, config, err);
    arena_deinit(&arena);
    calendar_free(calendar);
    return rc < 0 ? rc : accept_journal(db, digest, by, is_new, now, err);
}

const struct snapshot *snapshots_keep(const struct snapshot *snapshot)
{
    atomic_fetch_add(&((struct snapshot *)(uintptr_t)snapshot)->refs, 1);
    return snapshot;
}

void snapshots_give(const struct snapshot *snapshot)
{
    struct snapshot *s =
        (struct snapshot *)(uintptr_t)snapshot; /* const to its users, counted here */

    if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    calendar_free(s->calendar);
    redact_free(s->redact);
    config_free(s->config);
    free(s);
}

void snapshots_set(struct snapshots *snapshots, struct snapshot *snapshot)
{
    struct snapshot *before;

    pthread_mutex_lock(&snapshots->mutex);
    before = snapshots->current;
    snapshots->current = snapshot;
    pthread_mutex_unlock(&snapshots->mutex);
    snapshots_give(before);
}

const struct snapshot *snapshots_take(struct snapshots *snapshots)
{
    struct snapshot *s;

    pthread_mutex_lock(&snapshots->mutex);
    s = snapshots->current;
    if (s != NULL)
        atomic_fetch_add(&s->refs, 1);
    pthread_mutex_unlock(&snapshots->mutex);
    return s;
}

void snapshots_deinit(struct snapshots *snapshots)
{
    snapshots_give(snapshots->current);
    snapshots->current = NULL;
    pthread_mutex_destroy(&snapshots->mutex);
}
