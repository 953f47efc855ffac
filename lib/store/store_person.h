/*
 * store_person: which account at GitHub a login means (A4).
 *
 * A login is bound to the numeric id under which it is seen first and stays so. Another id under the same
 * login is remembered beside it and has nothing, until a person accepts it.
 */
#ifndef SLIPWAY_LIB_STORE_STORE_PERSON_H
#define SLIPWAY_LIB_STORE_STORE_PERSON_H

#include "lib/store/db.h"

#define STORE_PERSON_LOGIN_MAX 100 /* bytes; GitHub allows 39, and more for bots */

enum store_person_news {
    STORE_PERSON_KNOWN,    /* nothing changed */
    STORE_PERSON_BOUND,    /* the login is bound now */
    STORE_PERSON_STRANGER, /* another account under a known login, seen now */
};

struct person {
    const char *login; /* as GitHub writes it */
    int64_t github_id;
    time_ms bound_at;
    const char *bound_by; /* delivery, github, person */
    int64_t other_id;     /* 0 = none */
    time_ms other_at;
};

/* This login came with this id. `by`: delivery or github. A login that is none of GitHub's, or no id,
 * changes nothing. Writer. */
int store_person_seen(struct db *db, const char *login, int64_t github_id, const char *by,
                      time_ms now, enum store_person_news *ret_news, struct err *err);
/* A person says whom it means from now on. ERR_CONFLICT: it is bound, and no other account came under it. Writer. */
int store_person_accept(struct db *db, const char *login, int64_t github_id, time_ms now,
                        struct err *err);

/* ERR_NOT_FOUND. */
int store_person_by_login(struct db *db, struct arena *arena, const char *login,
                          struct person *ret_person, struct err *err);
/* The logins that are bound to an id; at most 100. */
int store_person_logins(struct db *db, struct arena *arena, int64_t github_id,
                        const char *const **ret_logins, size_t *ret_n, struct err *err);
/* By login, those behind `after`; "" from the first. */
int store_person_list(struct db *db, struct arena *arena, const char *after, size_t limit,
                      struct person **ret_items, size_t *ret_n, struct err *err);
/* Those under whose login another account came; at most 100. */
int store_person_refused(struct db *db, struct arena *arena, struct person **ret_items,
                         size_t *ret_n, struct err *err);

/* What GitHub allows in logins, with the [bot] of apps. */
bool store_person_is_login(const char *login);

/* GitHub said whose that address is; both lower case (A2). Writer. */
int store_person_address_put(struct db *db, const char *email, const char *login, time_ms now,
                             struct err *err);

#endif
