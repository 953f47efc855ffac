/* store_delivery: webhook requests as they came, and what became of them. */
#ifndef SLIPWAY_LIB_STORE_STORE_DELIVERY_H
#define SLIPWAY_LIB_STORE_STORE_DELIVERY_H

#include "lib/model/delivery.h"
#include "lib/store/db.h"

/* Store one with its compressed body. A GUID that is known changes nothing and gives that row's id
 * (W3). Where `repeat_of` is 0 it is found by the body's mark and time. What it writes does not grow with what is
 * there already, and an equal body is kept once. Writer. */
int store_delivery_put(struct db *db, const struct delivery *delivery, const void *zstd,
                       size_t zstd_len, size_t size, int64_t *ret_id, bool *ret_known,
                       struct err *err);

/* The first with that event and body, by its mark and time; 0 = there is none. */
int store_delivery_by_body(struct db *db, const struct delivery *delivery, int64_t *ret_id,
                           struct err *err);

/* Is what is stored as `id` that event with that body? Of a GUID that was known. */
int store_delivery_says(struct db *db, int64_t id, const struct delivery *delivery, bool *ret_same,
                        struct err *err);

/* Those still `received`, oldest first. */
int store_delivery_open(struct db *db, struct arena *arena, size_t limit,
                        struct delivery **ret_items, size_t *ret_n, struct err *err);

/* The compressed body and its original size. ERR_NOT_FOUND once it was pruned. */
int store_delivery_body(struct db *db, struct arena *arena, int64_t id, const void **ret_zstd,
                        size_t *ret_len, size_t *ret_size, struct err *err);

/* Count an attempt before the work (W7). Writer. */
int store_delivery_begin(struct db *db, int64_t id, struct err *err);

/* Out of `received`. Writer. */
int store_delivery_close(struct db *db, int64_t id, enum delivery_state state, const char *action,
                         const char *repository, const char *note, time_ms now, struct err *err);

/* Newest first; `before` = 0 from the newest on. */
int store_delivery_list(struct db *db, struct arena *arena, int64_t before, size_t limit,
                        struct delivery **ret_items, size_t *ret_n, struct err *err);

/* The same of those that are unreadable or quarantined. */
int store_delivery_failed(struct db *db, struct arena *arena, int64_t before, size_t limit,
                          struct delivery **ret_items, size_t *ret_n, struct err *err);

/* By our id, or by GitHub's GUID. ERR_NOT_FOUND. */
int store_delivery_by_id(struct db *db, struct arena *arena, int64_t id,
                         struct delivery *ret_delivery, struct err *err);
int store_delivery_by_guid(struct db *db, struct arena *arena, const char *guid,
                           struct delivery *ret_delivery, struct err *err);

/* A person has it read again, as if it had come just now. ERR_CONFLICT: it waits to be read, or its body
 * is no longer kept. Writer. */
int store_delivery_replay(struct db *db, int64_t id, struct err *err);

/* How many are `received`. */
int store_delivery_waiting(struct db *db, int64_t *ret_n, struct err *err);

#endif
