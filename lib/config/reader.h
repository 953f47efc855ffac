/*
 * reader: how the parts of the configuration are taken out of nodes. Private to lib/config.
 *
 * Each taker accepts an absent node (the default stays), reports what is wrong with its place, and
 * leaves a value that is safe to go on with.
 */
#ifndef SLIPWAY_LIB_CONFIG_READER_H
#define SLIPWAY_LIB_CONFIG_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/problems.h"
#include "lib/config/yaml_tree.h"
#include "lib/model/config.h"

/* A calendar that is meant by its name: it may stand further down, or in another file. */
struct reader_wanted {
    const struct almanac_calendar **slot;
    const char *name;
    struct config_place place;
};

struct reader {
    struct arena *arena;
    struct problems *problems;
    struct config *config;
    const char *file;
    const char *folder;            /* where relative paths begin */
    struct config_place databases; /* where `databases` stands; line 0 = nowhere */
    struct reader_wanted *wanted;
    size_t n_wanted, cap_wanted;
    size_t cap_repos, cap_databases, cap_unbuilt, cap_calendars, cap_freezes;
};

#define READER_KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* `node` is a map whose keys are all among `keys`; each other key is an error with a suggestion. */
bool reader_map(struct reader *r, struct yaml_node *node, const char *what,
                const char *const *keys);
struct config_place reader_place(const struct reader *r, const struct yaml_node *node);
/* Of a map's value: where its key stands. */
struct config_place reader_key_place(const struct reader *r, const struct yaml_node *node);

void reader_text(struct reader *r, struct yaml_node *node, const char **value);
void reader_word(struct reader *r, struct yaml_node *node, const char *what, const char **value);
void reader_path(struct reader *r, struct yaml_node *node,
                 const char **value); /* absolute, from folder */
/* A server that is asked: https://HOST[:PORT], or plain http to this machine, without its last slashes; `path`: one may
 * follow. */
void reader_server(struct reader *r, struct yaml_node *node, const char *key, bool path,
                   const char **value);
void reader_int(struct reader *r, struct yaml_node *node, int64_t min, int64_t max, int64_t *value);
void reader_bool(struct reader *r, struct yaml_node *node, bool *value);
void reader_duration(struct reader *r, struct yaml_node *node, int64_t min_ms, int64_t *value);
void reader_list(struct reader *r, struct yaml_node *node,
                 struct config_list *value); /* one word is a list */
void reader_words(struct reader *r, struct yaml_node *node, const char *what,
                  struct config_list *value);
void reader_pairs(struct reader *r, struct yaml_node *node, bool environment,
                  struct config_pairs *value);
/* One of `words` (NULL-terminated): its index, or `otherwise`. */
int reader_choice(struct reader *r, struct yaml_node *node, const char *const *words,
                  int otherwise);
void reader_rights(struct reader *r, struct yaml_node *node, struct config_rights *rights);
void reader_times(struct reader *r, struct yaml_node *node,
                  struct config_list *value); /* HH:MM[:SS] */
void reader_zone(struct reader *r, struct yaml_node *node, const char **value);

void config_repo_read(struct reader *r, struct yaml_node *node);
void config_job_read(struct reader *r, struct config_repo *repo, struct yaml_node *node,
                     struct config_job *job);

/* `calendars`, `freezes`, and when an environment is due. */
void config_calendar_read(struct reader *r, struct yaml_node *node);
void config_freeze_read(struct reader *r, struct yaml_node *node);
void config_when_read(struct reader *r, struct yaml_node *node,
                      struct config_environment *environment);
/* `aws` */
void config_aws_read(struct reader *r, struct yaml_node *node);
/* `documents` */
void config_document_read(struct reader *r, struct yaml_node *node);
/* When everything was read: calendars that are meant by name; names in freezes. */
void config_when_read_check(struct reader *r);
void config_freeze_read_check(struct reader *r);

/* Note settings that are not built (config_not_built.c). */
void config_not_built_environment(struct reader *r, struct yaml_node *node,
                                  struct config_environment *environment);
void config_not_built_top(struct reader *r, struct yaml_node *node);
void config_not_built_repo(struct reader *r, struct yaml_node *node, struct config_repo *repo);

/* Names across the file, cycles, sums. */
void config_check(struct reader *r);

/* Canonical text and digest of what was read. */
void config_text_make(struct config *config);

#endif
