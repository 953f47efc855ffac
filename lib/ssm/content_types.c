#include "lib/ssm/content_types.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/json.h"

static bool is_absent(const struct cJSON *item)
{
    return item == NULL || json_is_null(item);
}

static bool is_text(const struct cJSON *json, const char *key)
{
    const struct cJSON *item = json_get(json, key);

    return is_absent(item) || json_string_value(item) != NULL;
}

static bool is_whole(const struct cJSON *json, const char *key)
{
    int64_t number;

    return is_absent(json_get(json, key)) || json_int(json, key, &number);
}

static int must_be(bool is, const char *where, const char *which, const char *what, struct err *err)
{
    return is ? 0
              : err_set(err, ERR_INVALID, "%s%s%.64s: expected %s", where, which != NULL ? " " : "",
                        which != NULL ? which : "", what);
}

static int check_parameters(const struct cJSON *parameters, struct err *err)
{
    int rc = 0;

    for (const struct cJSON *p = json_first(parameters); p != NULL && rc == 0; p = json_next(p))
        rc = must_be(is_text(p, "description"), "parameter", json_key(p), "description: a text",
                     err);
    return rc;
}

static int check_steps(const struct cJSON *steps, struct err *err)
{
    int rc = 0;

    for (const struct cJSON *s = json_first(steps); s != NULL && rc == 0; s = json_next(s)) {
        const char *name = json_str(s, "name");

        rc = must_be(is_text(s, "onFailure"), "step", name, "onFailure: a text", err);
        if (rc == 0)
            rc = must_be(is_whole(s, "maxAttempts") && is_whole(s, "timeoutSeconds"), "step", name,
                         "maxAttempts, timeoutSeconds: whole numbers; a text is for the inputs",
                         err);
    }
    return rc;
}

static int check_actions(const struct cJSON *actions, struct err *err)
{
    int rc = 0;

    for (const struct cJSON *a = json_first(actions); a != NULL && rc == 0; a = json_next(a))
        rc = must_be(json_is_object(a) && is_text(a, "description"), "runtimeConfig", json_key(a),
                     "an object, description: a text", err);
    return rc;
}

int content_types_check(const char *text, size_t len, struct err *err)
{
    const struct json_limits limits = {.depth = 16, .nodes = 20000};
    struct cJSON *json = NULL;
    int rc = json_parse(text, len, &limits, &json, err);

    if (rc < 0)
        return rc;
    rc = must_be(is_text(json, "description"), "description", NULL, "a text", err);
    if (rc == 0)
        rc = check_parameters(json_object(json, "parameters"), err);
    if (rc == 0)
        rc = check_steps(json_array(json, "mainSteps"), err);
    if (rc == 0)
        rc = check_actions(json_object(json, "runtimeConfig"), err);
    json_free(json);
    return rc;
}
