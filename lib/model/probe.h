/*
 * probe: a read-only question to a database, asked on a healthy host from the release's checkout: what is pending, and
 * who is there (migrate.md 7).
 */
#ifndef SLIPWAY_LIB_MODEL_PROBE_H
#define SLIPWAY_LIB_MODEL_PROBE_H

#include <stdint.h>

#include "lib/base/timestamp.h"

struct probe {
    int64_t id;
    int64_t attempt_id;
    char command_id[37]; /* "" = not sent yet */
    char host_id[21];
    const char *host; /* name, NULL = not sent yet */
    time_ms asked_at;
    const char *asked_by;
    time_ms ended_at; /* 0 = no answer yet */
    int64_t pending;  /* -1 = it did not say */
    int64_t holders;  /* -1 = it did not say */
    const char *note; /* NULL */
};

#endif
