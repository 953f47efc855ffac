/* store_door_document: documents that AWS callers made at the door, and their versions. */
#ifndef SLIPWAY_LIB_STORE_STORE_DOOR_DOCUMENT_H
#define SLIPWAY_LIB_STORE_STORE_DOOR_DOCUMENT_H

#include "lib/store/db.h"

/* At most so many names (ssm-wire.md 8). */
#define STORE_DOOR_DOCUMENT_MAX 500
#define STORE_DOOR_DOCUMENT_VERSIONS_MAX 1000

struct door_document {
    const char *name;
    int64_t latest_version;
    int64_t default_version;
    const char *target_type; /* NULL */
    time_ms created_at;
    const char *created_by; /* key:NAME */
};

struct door_document_version {
    int64_t version;
    const char *digest;
    const char *version_name; /* NULL */
    const char *content;      /* JSON */
    const char *source;       /* YAML, as it was given; NULL = `content` */
    time_ms created_at;
};

/* ERR_NOT_FOUND. */
int store_door_document(struct db *db, struct arena *arena, const char *name,
                        struct door_document *ret_document, struct err *err);
/* Those with a name behind `after`, by name. */
int store_door_document_page(struct db *db, struct arena *arena, const char *after, size_t limit,
                             struct door_document **ret_items, size_t *ret_n, struct err *err);
int store_door_document_count(struct db *db, int64_t *ret_n, struct err *err);

/* ERR_NOT_FOUND. */
int store_door_document_version(struct db *db, struct arena *arena, const char *name,
                                int64_t version, struct door_document_version *ret_version,
                                struct err *err);
/* By its name, or by its content: the number, 0 = none. */
int store_door_document_version_named(struct db *db, const char *name, const char *version_name,
                                      int64_t *ret_version, struct err *err);
int store_door_document_version_of(struct db *db, const char *name, const char *digest,
                                   int64_t *ret_version, struct err *err);

/* Version 1 of a new name. ERR_CONFLICT: it is taken. The bytes are kept before: store_command_document(). */
int store_door_document_create(struct db *db, const struct door_document *document,
                               const struct door_document_version *version, struct err *err);
/* The next version. ERR_CONFLICT: the latest is another than `latest`, or the version's name is taken. */
int store_door_document_update(struct db *db, const char *name, int64_t latest,
                               const struct door_document_version *version, const char *created_by,
                               struct err *err);
/* ERR_CONFLICT: no such document. */
int store_door_document_default(struct db *db, const char *name, int64_t version, struct err *err);
int store_door_document_delete(struct db *db, const char *name, struct err *err);

#endif
