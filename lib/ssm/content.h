/*
 * content: a document that a caller names at the door, SSM's schema 2.2 or 1.2 (ssm-wire.md 7).
 *
 * Not lib/ssm/document.h, which is the one narrow form that deployments send: this one is written by
 * others, has parameters, and is handed to the agent as it came, with the parameters beside it; the
 * agent substitutes. Here are the checks before that: form, parameters, what its steps are called and
 * how long they may take. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_CONTENT_H
#define SLIPWAY_LIB_SSM_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

#define CONTENT_MAX ((size_t)64 * 1024) /* bytes, with the parameters of a call */
#define CONTENT_STEPS_MAX 100
#define CONTENT_PARAMETERS_MAX 100
#define CONTENT_TIMEOUT_USUAL_S 3600
#define CONTENT_TIMEOUT_MIN_S 5
#define CONTENT_TIMEOUT_MAX_S 172800

struct cJSON;
struct buf;

struct content_parameter {
    const char *name;
    bool is_list; /* StringList; else String */
    const char *description;
    const char *const *values; /* its default; NULL = it must be given */
    size_t n_values;
    const char *const *allowed; /* allowedValues; NULL = any */
    size_t n_allowed;
    const char *pattern;                                /* NULL */
    int64_t min_items, max_items, min_chars, max_chars; /* -1 = none */
    bool is_variable; /* interpolationType ENV_VAR: also SSM_<name> in the script's environment */
};

struct content_step {
    const char *name; /* what PluginName is: the step's, or in 1.2 the action's */
    const char *action;
    const char *timeout; /* as written: seconds, or "{{ parameter }}"; NULL = none */
    unsigned platforms;  /* where it does anything: bits of enum content_platform */
};

enum content_platform { CONTENT_LINUX = 1, CONTENT_MACOS = 2, CONTENT_WINDOWS = 4 };

struct content {
    const char *schema_version;
    const char *description;
    struct content_parameter *parameters;
    size_t n_parameters;
    struct content_step *steps;
    size_t n_steps;
    unsigned platforms; /* bits of enum content_platform */
};

/* What is wrong with one. */
enum content_flaw { CONTENT_FLAW_SIZE, CONTENT_FLAW_SCHEMA, CONTENT_FLAW_OTHER };

/* `*ret_flaw` is set with ERR_INVALID. */
int content_parse(struct arena *arena, const char *text, size_t len, struct content *ret_content,
                  enum content_flaw *ret_flaw, struct err *err);

/* Where a document comes in: can each allowedPattern be used? May cost some ms. ERR_INVALID. */
int content_check_patterns(const struct content *content, struct err *err);
/* The first parameter without allowedPattern, NULL = all have one. */
const char *content_unguarded(const struct content *content);
/* Number of the step of that name, -1 = none. */
int content_step_number(const struct content *content, const char *name);

/*
 * What a caller gives: an object of lists. ERR_INVALID: unknown, missing, or against one of the
 * constraints. `*ret_json` is the object by the document's types, with what was given and nothing
 * else; `len` of document and it together is the caller's to bound.
 */
int content_parameters(struct arena *arena, const struct content *content,
                       const struct cJSON *given, const char **ret_json, struct err *err);

/* Seconds that all steps may take, by the parameters (an object as above). */
int64_t content_timeout_s(const struct content *content, const struct cJSON *parameters);

bool content_runs_on(const struct content *content, const char *platform_type);

#endif
