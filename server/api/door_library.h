/*
 * door_library: the documents that a caller can name: shipped ones, those of the configuration, and those that
 * were made at the door, in that order (ssm-wire.md 3.6, 7; design.md 5).
 */
#ifndef SLIPWAY_SERVER_API_DOOR_LIBRARY_H
#define SLIPWAY_SERVER_API_DOOR_LIBRARY_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/rules/access.h"
#include "lib/ssm/content.h"

struct arena;
struct config;
struct db;

struct door_library_entry {
    const char *name;
    enum access_origin origin;
    int64_t version, latest_version, default_version;
    const char *version_name; /* NULL */
    const char *target_type;  /* NULL */
    const char *text;         /* exact bytes, JSON */
    const char *digest;       /* SHA-256 of them, hex */
    const char *source;       /* YAML, where its maker wrote it so; NULL = `text` */
    const char *hash;         /* SHA-256 of what its maker wrote */
    const char *owner;
    time_ms created_at; /* 0 = with the program, or the configuration */
    struct content content;
};

/* `version` as the wire has it, NULL = $DEFAULT; `version_name` wins over it, NULL = none. A name may be an ARN.
 * ERR_NOT_FOUND: no such document; ERR_CONFLICT: it has no such version. */
int door_library_find(struct db *db, struct arena *arena, const struct config *config,
                      const char *name, const char *version, const char *version_name,
                      struct door_library_entry *ret_entry, struct err *err);

/* Those with a name behind `after`, by name, at most `limit`, each in its default version. */
int door_library_page(struct db *db, struct arena *arena, const struct config *config,
                      const char *after, size_t limit, struct door_library_entry **ret_items,
                      size_t *ret_n, struct err *err);

/* What the rule asks of it. */
struct access_document door_library_facts(const struct door_library_entry *entry);

/* Names that callers cannot make. */
bool door_library_is_reserved(const struct config *config, const char *name);
/* The name in an ARN, or the name itself. */
const char *door_library_bare_name(const char *name);
/* Does a migrate job run what has this name? Nobody else does. */
bool door_library_migrates(const char *name);

#endif
