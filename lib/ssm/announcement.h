/*
 * announcement: the server's signing key names its successor (docs/decisions/0070-the-turn-over-of-the-signing-key.md).
 *
 * A JSON text whose exact bytes the older key signs. The server makes it, stores it and hands it out with each answer to
 * Slipway.Observe; a host that believes the older key believes the next one from then on, and no other way leads to a
 * key. `until` bounds how long it may be taken up: a host that was away for longer is registered anew.
 *
 * Pure. Texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_ANNOUNCEMENT_H
#define SLIPWAY_LIB_SSM_ANNOUNCEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/sign.h"
#include "lib/base/timestamp.h"
#include "lib/ssm/envelope.h"

#define ANNOUNCEMENT_MAX 1024 /* bytes of its text */
#define ANNOUNCEMENTS_MAX 16  /* that a server hands out, and a host keeps */

struct cJSON;
struct json_out;

struct announcement {
    const char *store_id;
    int64_t number; /* of the next key: 2.. */
    unsigned char key[SIGN_PUBLIC_SIZE];
    unsigned char next_key[SIGN_PUBLIC_SIZE];
    time_ms until;
};

/* As it travels. */
struct announcement_signed {
    const char *text;
    const char *signature; /* base64 */
};

/* By the older key. */
void announcement_make(struct arena *arena, const struct announcement *announcement,
                       const struct sign_key *key, struct announcement_signed *ret_signed);

/* Form alone: ERR_INVALID names the member. What it says of itself, before anybody believes it. */
int announcement_parse(struct arena *arena, const char *text, struct announcement *ret_announcement,
                       struct err *err);

/* Is it signed by the key that it names as the older one? ERR_DENIED. */
int announcement_verify(const struct announcement *announcement,
                        const struct announcement_signed *as_signed, struct err *err);

/* The member `key` of an object: nothing if there are none. */
void announcement_add_list(struct json_out *out, const char *key,
                           const struct announcement_signed *items, size_t n);
/* ERR_INVALID: too many, or one that has no text or signature. An absent member is an empty list. */
int announcement_list(struct arena *arena, const struct cJSON *object, const char *key,
                      struct announcement_signed **ret_items, size_t *ret_n, struct err *err);

#endif
