/*
 * door_shape: reads the members of a caller's request by their limits (ssm-wire.md 1 and 3).
 *
 * AWS' clients check little themselves, so everything is checked here. Broken limits are collected
 * and told together, as AWS does; a member of the wrong JSON type ends it. One reader per call, in
 * the arena of its request.
 *
 *      door_shape_init(&s, call);
 *      comment = door_shape_text(&s, call->json, "", "Comment", &(struct door_shape_rule){.max = 100});
 *      if (!door_shape_is_well(&s))
 *          return door_shape_refuse(&s, reply);
 */
#ifndef SLIPWAY_SERVER_API_DOOR_SHAPE_H
#define SLIPWAY_SERVER_API_DOOR_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/api/door_call.h"

struct door_shape {
    struct door_call *call;
    const char *broken; /* constraints, "; " between them */
    size_t n_broken;
    const char *odd_type; /* a member of the wrong type; NULL */
};

/* What a text must be. Zeroed: any text, absent too. Lengths count characters; `max` 0 = none. */
struct door_shape_rule {
    bool required;
    size_t min, max;
    bool (*fits)(const char *text);
    const char *pattern;      /* how `fits` is told */
    const char *const *words; /* NULL-terminated; the enum */
};

void door_shape_init(struct door_shape *shape, struct door_call *call);
bool door_shape_is_well(const struct door_shape *shape);
enum request_next door_shape_refuse(const struct door_shape *shape, struct reply *reply);

/* `path` stands in front of the member's name: "" or "targets.1.member.". NULL = absent. */
const char *door_shape_text(struct door_shape *shape, const struct cJSON *object, const char *path,
                            const char *key, const struct door_shape_rule *rule);
/* `otherwise` if it is absent. */
int64_t door_shape_int(struct door_shape *shape, const struct cJSON *object, const char *key,
                       int64_t min, int64_t max, int64_t otherwise);
bool door_shape_bool(struct door_shape *shape, const struct cJSON *object, const char *key);
/* Epoch seconds, perhaps with a fraction; 0 = absent. */
time_ms door_shape_time(struct door_shape *shape, const struct cJSON *object, const char *key);
/* NULL = absent; with `required` an empty one counts as absent. */
const struct cJSON *door_shape_list(struct door_shape *shape, const struct cJSON *object,
                                    const char *path, const char *key, bool required, size_t max);
const struct cJSON *door_shape_object(struct door_shape *shape, const struct cJSON *object,
                                      const char *key);
/* The strings of a list, each by `rule`. */
void door_shape_texts(struct door_shape *shape, const struct cJSON *list, const char *path,
                      const struct door_shape_rule *rule, const char ***ret_items, size_t *ret_n);

/* A limit that the caller found broken. */
void door_shape_break(struct door_shape *shape, const char *value, const char *path,
                      const char *constraint);

/* Grammars that several operations share. */
bool door_shape_is_instance(const char *text);
bool door_shape_is_document(const char *text); /* DocumentARN */
bool door_shape_is_document_name(const char *text);
bool door_shape_is_version(const char *text);
extern const struct door_shape_rule door_shape_instance, door_shape_document, door_shape_version,
    door_shape_command;

#endif
