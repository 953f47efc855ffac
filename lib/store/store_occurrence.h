/* store_occurrence: what was decided about each `at` of an environment, once (F6, I8). */
#ifndef SLIPWAY_LIB_STORE_STORE_OCCURRENCE_H
#define SLIPWAY_LIB_STORE_STORE_OCCURRENCE_H

#include "lib/store/db.h"

struct occurrence_key {
    int64_t repository_id;
    const char *environment;
    const char *date; /* YYYY-MM-DD */
    const char *time; /* HH:MM:SS */
};

/* ERR_CONFLICT: it is decided already. `cause` may be NULL, `deployment_id` 0. Writer. */
int store_occurrence_decide(struct db *db, const struct occurrence_key *key, time_ms due_at,
                            const char *decision, const char *cause, int64_t deployment_id,
                            time_ms now, struct err *err);

int store_occurrence_is_decided(struct db *db, const struct occurrence_key *key, bool *ret_decided,
                                struct err *err);

/* due_at of the latest decided one, 0 = none. */
int store_occurrence_latest(struct db *db, int64_t repository_id, const char *environment,
                            time_ms *ret_due_at, struct err *err);

/*
 * Since when this `at` (with its zone) is in the schedule: an occurrence from before is not fired by an
 * edit (F6). Makes the row if there is none; forgets those not among `rules`. Writer.
 */
int store_schedule_keep(struct db *db, int64_t repository_id, const char *environment,
                        const char *const *rules, size_t n, time_ms now, struct err *err);
/* 0 = not in the schedule. */
int store_schedule_since(struct db *db, int64_t repository_id, const char *environment,
                         const char *rule, time_ms *ret_since, struct err *err);
/* ... the one that is in it longest. */
int store_schedule_oldest(struct db *db, int64_t repository_id, const char *environment,
                          time_ms *ret_since, struct err *err);

/* Occurrences of this `at` from before `since` are not ours, either. Never moves it back. Writer. */
int store_schedule_not_before(struct db *db, int64_t repository_id, const char *environment,
                              const char *rule, time_ms since, struct err *err);

/* The local dates on which an environment had starts when its calendar was last accepted, with blanks; as far as
 * `ret_known_until`. ERR_NOT_FOUND: it never was. */
int store_schedule_days(struct db *db, struct arena *arena, int64_t repository_id,
                        const char *environment, const char **ret_days, time_ms *ret_known_until,
                        struct err *err);
/* Writer. */
int store_schedule_days_put(struct db *db, int64_t repository_id, const char *environment,
                            const char *days, time_ms known_until, struct err *err);

#endif
