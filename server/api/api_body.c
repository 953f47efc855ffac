#include "server/api/api_body.h"

#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/base/timestamp.h"
#include "lib/calendar/when.h"

static bool says_json(const struct request *request)
{
    static const char type[] = "application/json";
    const char *value = request_header(request, "Content-Type");
    size_t len = strlen(type);

    return value != NULL && strncasecmp(value, type, len) == 0 &&
           strchr("; \t", value[len]) != NULL;
}

static int check_keys(const struct cJSON *body, const char *const *keys, size_t n_keys,
                      struct err *err)
{
    for (const struct cJSON *item = json_first(body); item != NULL; item = json_next(item)) {
        const char *near = str_nearest(json_key(item), keys, n_keys);
        bool known = false;

        for (size_t i = 0; i < n_keys; i++)
            known = known || strcmp(json_key(item), keys[i]) == 0;
        if (!known)
            return err_set(err, ERR_INVALID, "unknown member \"%.64s\"%s%s", json_key(item),
                           near != NULL ? "; did you mean " : "", near != NULL ? near : "");
    }
    return 0;
}

int api_body_read(const struct request *request, const char *const *keys, size_t n_keys,
                  struct cJSON **ret_body, struct err *err)
{
    static const struct json_limits limits = {.depth = 8, .nodes = 10000};
    const char *bytes = request->body_len != 0 ? request->body : "{}";
    struct cJSON *body = NULL;
    int rc;

    if (request->body_len != 0 && !says_json(request))
        return err_set(err, ERR_INVALID, "Content-Type: expected application/json");
    rc = json_parse(bytes, request->body_len != 0 ? request->body_len : strlen(bytes), &limits,
                    &body, err);
    if (rc == 0 && !json_is_object(body))
        rc = err_set(err, ERR_INVALID, "body: expected an object");
    if (rc == 0)
        rc = check_keys(body, keys, n_keys, err);
    if (rc < 0) {
        json_free(body);
        return rc;
    }
    *ret_body = body;
    return 0;
}

/* A text within its size and without control characters. */
static int take_text(const struct request *request, const char *key, const char *text, size_t max,
                     const char **ret_text, struct err *err)
{
    char *clean;

    if (text == NULL)
        return err_set(err, ERR_INVALID, "%s: expected a text", key);
    if (strlen(text) > max)
        return err_set(err, ERR_INVALID, "%s: at most %zu bytes", key, max);
    clean = str_clean(request->arena, text, strlen(text), max);
    if (strcmp(clean, text) != 0)
        return err_set(err, ERR_INVALID, "%s: has control characters", key);
    *ret_text = clean;
    return 0;
}

int api_body_flag(const struct cJSON *body, const char *key, bool *ret_value, struct err *err)
{
    *ret_value = false;
    if (json_get(body, key) == NULL || json_bool(body, key, ret_value))
        return 0;
    return err_set(err, ERR_INVALID, "%s: expected true or false", key);
}

int api_body_text(const struct request *request, const struct cJSON *body, const char *key,
                  size_t max, const char **ret_text, struct err *err)
{
    const struct cJSON *item = json_get(body, key);

    if (item == NULL || json_is_null(item)) {
        *ret_text = NULL;
        return 0;
    }
    return take_text(request, key, json_string_value(item), max, ret_text, err);
}

int api_body_duration(const struct cJSON *body, const char *key, int64_t otherwise, int64_t *ret_ms,
                      struct err *err)
{
    const struct cJSON *item = json_get(body, key);
    const char *text = json_string_value(item);
    int64_t ms;

    if (item == NULL || json_is_null(item)) {
        *ret_ms = otherwise;
        return 0;
    }
    if (text == NULL || timestamp_parse_duration(text, &ms) < 0 || ms <= 0)
        return err_set(err, ERR_INVALID, "%s: expected a duration such as 24h or 30d", key);
    *ret_ms = ms;
    return 0;
}

int api_body_when(const struct cJSON *body, const char *key, const struct when *when,
                  time_ms *ret_time, struct err *err)
{
    const struct cJSON *item = json_get(body, key);
    const char *text = json_string_value(item);
    int rc;

    if (item == NULL || json_is_null(item)) {
        *ret_time = 0;
        return 0;
    }
    if (text == NULL)
        return err_set(err, ERR_INVALID, "%s: expected a text such as \"18:00\"", key);
    rc = when_read(when, text, ret_time, err);
    return rc < 0 ? err_wrap(err, "%s", key) : 0;
}

int api_body_list(const struct request *request, const struct cJSON *body, const char *key,
                  size_t max, const char ***ret_items, size_t *ret_n, struct err *err)
{
    const struct cJSON *list = json_get(body, key);
    const char **items;
    size_t n = 0;
    int rc = 0;

    if (list != NULL && !json_is_null(list) && !json_is_array(list))
        return err_set(err, ERR_INVALID, "%s: expected a list of texts", key);
    list = json_array(body, key);
    items = arena_array(request->arena, json_count(list), sizeof(*items));
    for (const struct cJSON *i = json_first(list); i != NULL && rc == 0; i = json_next(i))
        rc = take_text(request, key, json_string_value(i), max, &items[n++], err);
    if (rc == 0) {
        *ret_items = items;
        *ret_n = n;
    }
    return rc;
}
