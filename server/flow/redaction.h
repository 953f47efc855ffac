/*
 * redaction: the patterns that a host hides in what it prints, which its envelope names by their digest.
 *
 * They go with the command, since a host keeps no configuration. Most envelopes name none.
 */
#ifndef SLIPWAY_SERVER_FLOW_REDACTION_H
#define SLIPWAY_SERVER_FLOW_REDACTION_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

struct db;

/* What was found last; zeroed at first. Many envelopes name the same. */
struct redaction {
    char digest[65]; /* "" = none */
    const char *text;
};

/* Only then the store is asked. */
bool redaction_is_named(const char *envelope);
/* Those that this envelope names: NULL = none. In `known` what was found before, and is now. */
int redaction_find(struct db *db, struct arena *arena, const char *envelope,
                   struct redaction *known, const char **ret_text, struct err *err);

#endif
