/*
 * access: what an access key may do at the door (design.md 5, threats.md T61).
 *
 * A command of the door is not a deployment: no schedule, no approval. So it can do less, and every
 * refusal has a reason that the caller is told. Pure; reasons lie in the arena.
 */
#ifndef SLIPWAY_LIB_RULES_ACCESS_H
#define SLIPWAY_LIB_RULES_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/model/access_key.h"

/* Where a document comes from: who could have written its script. */
enum access_origin {
    ACCESS_SHIPPED,    /* deploy/documents: part of the program */
    ACCESS_CONFIGURED, /* `documents:` of the configuration */
    ACCESS_MADE,       /* by an AWS caller, at the door */
};

struct access_document {
    const char *name;
    enum access_origin origin;
    bool free_shell;       /* its script is a parameter: AWS-RunShellScript */
    bool migrates;         /* of a migrate job */
    const char *unguarded; /* a parameter without allowedPattern, NULL = none */
};

/* May the key run it? NULL, or why not. */
const char *access_refuses_document(struct arena *arena, const struct access_key *key,
                                    const struct access_document *document);

/* An environment that a host belongs to. */
struct access_environment {
    const char *repository;
    const char *name;
    const char *hold; /* reason of the hold that binds it now, NULL = none */
};

struct access_host {
    const char *id;
    const char *name;
    const struct config_pairs *tags;
    const struct access_environment *environments;
    size_t n_environments;
};

/* May the key reach it at all: tags and environments? NULL, or why not. */
const char *access_refuses_host(struct arena *arena, const struct access_key *key,
                                const struct access_host *host);

/* Is it under a hold? NULL, or which. */
const char *access_held(struct arena *arena, const struct access_host *host);

/* Is a name in the key's list of documents? */
bool access_lists_document(const struct access_key *key, const char *name);

#endif
