/*
 * account: a person or bot at GitHub, as far as it is known: the numeric id is what is compared (A4).
 */
#ifndef SLIPWAY_LIB_MODEL_ACCOUNT_H
#define SLIPWAY_LIB_MODEL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account {
    int64_t id;        /* 0 = not known */
    const char *login; /* NULL = not known */
};

/* Is anything known of it? */
bool account_is_known(const struct account *account);

/* By id; by login, in either case of letters, where one of the two has no id. Two of which nothing is
 * known are not the same. */
bool account_same(const struct account *a, const struct account *b);

/* GitHub's own addresses name an account: ID+LOGIN@users.noreply.github.com, or LOGIN@... of old ones. False:
 * another address, which names nobody. `*ret_account` has its login in `login`, of `size` bytes. */
bool account_of_email(const char *email, char *login, size_t size, struct account *ret_account);

#endif
