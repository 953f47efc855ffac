/*
 * json: outside JSON is first validated strictly, then made cJSON's tree; ours is written straight into
 * a buf.
 *
 * Debian's cJSON accepts and alters too much for bytes from outside (threats.md 5.8), so one strict
 * pass comes first: UTF-8, no NUL in any form, no lone surrogates, RFC 8259 numbers that fit a
 * double and have at most 63 characters, bounded depth and nodes, no duplicate keys, the whole
 * input. cJSON.h is included only in json.c and json_tree.c. Readers are case-sensitive and accept NULL, so that
 * `json_int(json_object(x, "a"), "b", &v)` is safe.
 */
#ifndef SLIPWAY_LIB_BASE_JSON_H
#define SLIPWAY_LIB_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct cJSON;

struct json_limits {
    size_t depth; /* of arrays and objects; 0 = 64, at most 1000 (cJSON's own limit) */
    size_t nodes; /* values and keys; 0 = 1,000,000 */
};

/* The strict pass alone. ERR_INVALID names what and at which byte. NULL limits = the defaults. */
int json_validate(const char *bytes, size_t len, const struct json_limits *limits, struct err *err);

/* Validate, then read. The tree is the caller's: json_free(). */
int json_parse(const char *bytes, size_t len, const struct json_limits *limits,
               struct cJSON **ret_json, struct err *err);
/* The same in the text itself, `len` bytes and a NUL, which is altered and must outlive the tree: nothing is copied. */
int json_parse_here(char *text, size_t len, const struct json_limits *limits,
                    struct cJSON **ret_json, struct err *err);
void json_free(struct cJSON *json);

/* Readers. JSON null counts as absent. */
const struct cJSON *json_get(const struct cJSON *object, const char *key);
const struct cJSON *json_object(const struct cJSON *object, const char *key);
const struct cJSON *json_array(const struct cJSON *object, const char *key);
const char *json_str(const struct cJSON *object, const char *key); /* NULL = absent, or no string */
/* A whole number with |x| < 2^53, else false and *ret_value as it was. */
bool json_int(const struct cJSON *object, const char *key, int64_t *ret_value);
bool json_double(const struct cJSON *object, const char *key, double *ret_value);
bool json_bool(const struct cJSON *object, const char *key, bool *ret_value);
/* It is there, and null: for the few fields where that says something else than absence. */
bool json_null(const struct cJSON *object, const char *key);

const char *json_string_value(const struct cJSON *item); /* NULL = no string */
bool json_item_int(const struct cJSON *item, int64_t *ret_value);
bool json_item_bool(const struct cJSON *item, bool *ret_value);
bool json_is_null(const struct cJSON *item);
bool json_is_object(const struct cJSON *item);
bool json_is_array(const struct cJSON *item);
/* The same value; the order of an object's members does not matter. */
bool json_same(const struct cJSON *a, const struct cJSON *b);

/* As text again, compact; whole numbers below 2^53 stay what they are. The caller frees it. */
char *json_print(const struct cJSON *json);

/* Children of an object or array, in order. */
const struct cJSON *json_first(const struct cJSON *container);
const struct cJSON *json_next(const struct cJSON *item);
const char *json_key(const struct cJSON *item);
size_t json_count(const struct cJSON *container);

/*
 * Writer. Members come out in the order of the calls; `key` is NULL inside arrays and at the top.
 * Invalid UTF-8 in strings becomes U+FFFD. Unbalanced calls, or a key missing or too many, are
 * programming errors (asserted). Too long is seen in the buf (`overflow`).
 */
#define JSON_OUT_DEPTH 32
struct json_out {
    struct buf *buf;
    unsigned depth;
    bool some[JSON_OUT_DEPTH + 1];   /* this level has a member already */
    bool object[JSON_OUT_DEPTH + 1]; /* it is an object: members need a key; in an array none has */
};

void json_out_init(struct json_out *out, struct buf *buf);
void json_begin_object(struct json_out *out, const char *key);
void json_end_object(struct json_out *out);
void json_begin_array(struct json_out *out, const char *key);
void json_end_array(struct json_out *out);
void json_add_str(struct json_out *out, const char *key, const char *s); /* NULL: null */
void json_add_strn(struct json_out *out, const char *key, const char *s, size_t n);
void json_add_int(struct json_out *out, const char *key, int64_t value);
void json_add_double(struct json_out *out, const char *key, double value);
void json_add_bool(struct json_out *out, const char *key, bool value);
void json_add_null(struct json_out *out, const char *key);
void json_add_time(struct json_out *out, const char *key, time_ms t);       /* RFC 3339; 0: null */
void json_add_raw(struct json_out *out, const char *key, const char *json); /* text that is JSON */

/* What stands between the quotes of a text, for one that is put together of pieces. */
void json_escape(struct buf *buf, const char *s, size_t n);

#endif
