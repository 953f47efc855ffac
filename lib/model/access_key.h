/*
 * access key: what an AWS caller signs with at the door, and what it may do there (design.md 5).
 *
 * A command of the door passes no schedule and needs no approval, so a key can do less than a
 * deployment: only what it lists. Empty lists mean nothing.
 */
#ifndef SLIPWAY_LIB_MODEL_ACCESS_KEY_H
#define SLIPWAY_LIB_MODEL_ACCESS_KEY_H

#include <stdbool.h>

#include "lib/base/timestamp.h"
#include "lib/model/config.h"

#define ACCESS_KEY_ID_SIZE 21 /* AKIA, 16 capitals or digits, NUL */

struct access_key {
    const char *id;
    const char *name;
    struct config_list documents;    /* names; "*" = any that it may run otherwise */
    struct config_pairs tags;        /* of hosts; one key with several values: any of them */
    struct config_list environments; /* NAME, or owner/name/NAME */
    bool any_host;                   /* tags do not bind it */
    bool shell; /* any script: AWS-RunShellScript, documents made at the door */
    bool manages_documents;
    bool manages_hosts;
    time_ms created_at;
    const char *created_by;
    time_ms expires_at; /* 0 = never */
    time_ms used_at;
    time_ms ended_at;
};

#endif
