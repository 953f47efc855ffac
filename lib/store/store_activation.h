/* store_activation: what hosts may register with. */
#ifndef SLIPWAY_LIB_STORE_STORE_ACTIVATION_H
#define SLIPWAY_LIB_STORE_STORE_ACTIVATION_H

#include "lib/model/config.h"
#include "lib/store/db.h"

struct activation {
    const char *id;          /* UUID */
    const char *code_digest; /* SHA-256 of the code, hex */
    const char *name;        /* the one host it is for, or NULL */
    const char *prefix;      /* hosts get PREFIX1, PREFIX2 ..., or NULL */
    int64_t limit;
    int64_t registrations;
    time_ms created_at;
    const char *created_by;
    time_ms expires_at;
    time_ms deleted_at;
};

/* Writer. */
int store_activation_put(struct db *db, const struct activation *activation,
                         const struct config_pairs *tags, struct err *err);
/* ERR_NOT_FOUND. */
int store_activation_by_id(struct db *db, struct arena *arena, const char *id,
                           struct activation *ret_activation, struct err *err);
int store_activation_list(struct db *db, struct arena *arena, struct activation **ret_items,
                          size_t *ret_n, struct err *err);
/* What an AWS caller said of one that he made; the flat ids of `activation_words`. */
struct activation_words {
    const char *iam_role;
    const char *description;  /* NULL */
    const char *default_name; /* NULL */
};
int store_activation_say(struct db *db, const char *id, const struct activation_words *words,
                         struct err *err);
struct activation_said {
    struct activation activation;
    struct activation_words words;
};
/* Those of one maker that were not deleted, with an id behind `after`, by id. */
int store_activation_of(struct db *db, struct arena *arena, const char *created_by,
                        const char *after, size_t limit, struct activation_said **ret_items,
                        size_t *ret_n, struct err *err);
int store_activation_tags(struct db *db, struct arena *arena, const char *id,
                          struct config_pairs *ret_tags, struct err *err);
/* ERR_CONFLICT: it was deleted before. Writer. */
int store_activation_delete(struct db *db, const char *id, time_ms now, struct err *err);
/* One more registration; ERR_CONFLICT at the limit, past the end, or deleted. Writer. */
int store_activation_count(struct db *db, const char *id, time_ms now, struct err *err);

#endif
