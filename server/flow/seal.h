/*
 * seal: the envelope of one command as hosts will check it: this store's, with what they must hide, signed.
 *
 * Jobs, probes and commands of AWS callers are sealed here, so that none of them forgets what belongs to all.
 */
#ifndef SLIPWAY_SERVER_FLOW_SEAL_H
#define SLIPWAY_SERVER_FLOW_SEAL_H

#include "lib/base/err.h"

struct envelope;
struct look;

struct seal {
    const char *text; /* its exact bytes */
    const char *signature;
};

/* `envelope` without store and redaction, which are filled in. Texts live as long as the look. ERR_INVALID names a member
 * that breaks its grammar. */
int seal_make(struct look *look, struct envelope *envelope, struct seal *ret_seal, struct err *err);

#endif
