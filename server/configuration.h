/*
 * configuration: the file's configuration and the one in force, which may be another.
 *
 * It is read at the start, at a reload, and again when imported holidays change; put in force whole or not at all
 * (snapshots); and what the start alone reads is remembered, so that somebody who changed it is told to start again.
 * One at a time: whoever reads and puts in force holds the lock. The server fills what is borrowed, as its parts start.
 */
#ifndef SLIPWAY_SERVER_CONFIGURATION_H
#define SLIPWAY_SERVER_CONFIGURATION_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "server/api/request.h"

struct clock;
struct config;
struct db_pool;
struct roster;
struct secret;
struct snapshots;
struct writer;

struct configuration {
    /* Borrowed. */
    const char *path; /* of slipway.yml */
    struct clock *clock;
    struct snapshots *snapshots;
    struct writer *writer;
    struct db_pool *readers;
    struct roster *roster;               /* NULL = GitHub is asked about nobody */
    const struct secret *const *secrets; /* of webhooks: hidden in what is kept of others (T40) */
    size_t n_secrets;
    void (*changed)(void *arg); /* another one is in force */
    void *arg;

    /* Its own. */
    pthread_mutex_t lock;
    char
        *listen[LISTENER_COUNT]; /* of the first one, as the next three: a change needs a restart */
    char *state;
    char *secret_files;
    char *github;      /* API and token file */
    char refused[512]; /* why the file's is not in force; "" = it is */
};

void configuration_init(struct configuration *c, const char *path);
void configuration_deinit(struct configuration *c);

/* Read the file. Mistakes are told on stderr and the first one in `err`; warnings are logged if `warn`.
 * ERR_INVALID, ERR_NOT_FOUND and what reading files may give. The caller owns `ret_config`. */
int configuration_read(const struct configuration *c, bool warn, struct config **ret_config,
                       struct err *err);

/* What the start reads of it and no reload does. */
void configuration_remember(struct configuration *c, const struct config *config);

/* The start: with the holidays that were imported, in force before anything is decided. Takes `config` over, also
 * when it fails. */
int configuration_begin(struct configuration *c, struct config *config, struct err *err);

/* Logins of the configuration are bound to accounts at their first use, that is when it names them. */
int configuration_bind_people(struct configuration *c, const struct config *config,
                              struct err *err);

/* All or nothing: one with a mistake changes nothing, and is known as refused until the file is mended. Logs what
 * needs a restart. */
void configuration_reload(struct configuration *c);

/* In force again, with the holidays of now. An edit of the files comes into force by a reload, never beside something
 * else: ERR_CONFLICT if they say anything else, or have mistakes. `check` = only whether that would be so. */
int configuration_reread(struct configuration *c, bool check, struct err *err);

/* Why the file's is not in force; "" = it is. */
void configuration_refused(struct configuration *c, char *ret_text, size_t size);

#endif
