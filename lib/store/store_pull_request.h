/* store_pull_request: pull requests, their labels, reviews and timeline, and pushes. */
#ifndef SLIPWAY_LIB_STORE_STORE_PULL_REQUEST_H
#define SLIPWAY_LIB_STORE_STORE_PULL_REQUEST_H

#include "lib/model/pull_request.h"
#include "lib/store/db.h"

/*
 * Take over what an event says. Monotonic: merged is final, an older `updated_at` changes nothing, an
 * equal one counts (one second resolution). Arrival order does not change the end. `*ret_taken`: all of it; not of a
 * merge that is older than what is known, of which only that it was one is taken. Writer.
 */
int store_pull_request_put(struct db *db, const struct pull_request *pull, bool *ret_taken,
                           struct err *err);

/* Replace all labels. Writer. */
int store_pull_request_labels(struct db *db, int64_t repository_id, int64_t number,
                              const char *const *labels, size_t n, struct err *err);

struct pull_request_review {
    int64_t github_id;
    const char *state;
    const char *commit_sha;
    int64_t reviewer_id;
    const char *reviewer;
    time_ms submitted_at;
    time_ms reported_at; /* the pull request's `updated_at` in what said it */
};
/* Take over what is said of a review; the order of arrival does not change the end. Writer. */
int store_pull_request_review(struct db *db, int64_t repository_id, int64_t number,
                              const struct pull_request_review *review, struct err *err);

struct timeline_entry {
    int64_t number;
    time_ms at;
    const char *kind; /* event.action */
    int64_t actor_id;
    const char *actor;
    const char *detail; /* NULL */
    int64_t delivery_id;
};
/* Once for each delivery, however often it is read. Writer. */
int store_pull_request_happened(struct db *db, int64_t repository_id,
                                const struct timeline_entry *entry, struct err *err);
int store_pull_request_timeline(struct db *db, struct arena *arena, int64_t repository_id,
                                int64_t number, struct timeline_entry **ret_items, size_t *ret_n,
                                struct err *err);

int store_pull_request_is_known(struct db *db, int64_t repository_id, int64_t number,
                                bool *ret_known, struct err *err);

/* ERR_NOT_FOUND. */
int store_pull_request_by_number(struct db *db, struct arena *arena, int64_t repository_id,
                                 int64_t number, struct pull_request *ret_pull, struct err *err);

/* A pull request and the release whose commit is its merge commit. */
struct pull_in_release {
    struct pull_request pull;
    int64_t release_number;
};
/* Those in releases (from, to], newest release first. */
int store_pull_request_in_range(struct db *db, struct arena *arena, int64_t repository_id,
                                int64_t from, int64_t to, size_t limit,
                                struct pull_in_release **ret_items, size_t *ret_n, struct err *err);

int store_push_put(struct db *db, int64_t repository_id, const char *ref, const char *before,
                   const char *after, bool forced, int64_t pusher_id, const char *pusher,
                   time_ms now, int64_t delivery_id, struct err *err);

#endif
