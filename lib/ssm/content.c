/* content: see content.h. Source: ssm-wire.md 5.3, 7. */
#include "lib/ssm/content.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/ssm/content_reference.h"
#include "lib/ssm/pattern.h"

#define NAME_MAX_BYTES 128
#define SHELL "aws:runShellScript"
#define POWERSHELL "aws:runPowerShellScript"

static const char *const usual_flaw = "the document";

/* Parameters ------------------------------------------------------------------------------------- */

static bool is_parameter_name(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]))
            return false;
    return n > 0 && n <= NAME_MAX_BYTES;
}

/* A number, or its decimal text; false: neither. Absent leaves it as it was. */
static bool take_number(const struct cJSON *json, const char *key, int64_t *value)
{
    const char *text = json_str(json, key);

    if (json_get(json, key) == NULL)
        return true;
    if (text != NULL)
        return str_parse_int64(text, value) == 0 && *value >= 0;
    return json_int(json, key, value) && *value >= 0;
}

static bool take_texts(struct arena *arena, const struct cJSON *list, const char *const **ret_items,
                       size_t *ret_n)
{
    const char **items = arena_array(arena, json_count(list), sizeof(*items));
    size_t n = 0;

    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        if (json_string_value(i) == NULL)
            return false;
        items[n++] = arena_str(arena, json_string_value(i));
    }
    *ret_items = items;
    *ret_n = n;
    return true;
}

static bool take_default(struct arena *arena, const struct cJSON *json, struct content_parameter *p)
{
    const struct cJSON *item = json_get(json, "default");
    const char *text = json_string_value(item);
    const char **one;

    if (item == NULL)
        return true;
    if (p->is_list)
        return json_is_array(item) && take_texts(arena, item, &p->values, &p->n_values);
    if (text == NULL)
        return false;
    one = arena_alloc(arena, sizeof(*one));
    *one = arena_str(arena, text);
    p->values = one;
    p->n_values = 1;
    return true;
}

/* What is odd about it, NULL = nothing. */
static const char *take_parameter(struct arena *arena, const struct cJSON *json,
                                  struct content_parameter *p, struct err *err)
{
    const char *type = json_str(json, "type");

    *p = (struct content_parameter){.name = arena_str(arena, json_key(json)),
                                    .description = arena_str(arena, json_str(json, "description")),
                                    .pattern = arena_str(arena, json_str(json, "allowedPattern")),
                                    .is_variable =
                                        str_eq(json_str(json, "interpolationType"), "ENV_VAR"),
                                    .min_items = -1,
                                    .max_items = -1,
                                    .min_chars = -1,
                                    .max_chars = -1};
    if (!json_is_object(json) || !is_parameter_name(p->name))
        return "a name of letters and digits, and an object";
    if (!str_eq(type, "String") && !str_eq(type, "StringList"))
        return "type: String or StringList";
    p->is_list = str_eq(type, "StringList");
    if (!take_default(arena, json, p))
        return "default: a value of its type";
    if (json_get(json, "allowedValues") != NULL &&
        (json_array(json, "allowedValues") == NULL ||
         !take_texts(arena, json_array(json, "allowedValues"), &p->allowed, &p->n_allowed)))
        return "allowedValues: a list of texts";
    if (!take_number(json, "minItems", &p->min_items) ||
        !take_number(json, "maxItems", &p->max_items) ||
        !take_number(json, "minChars", &p->min_chars) ||
        !take_number(json, "maxChars", &p->max_chars))
        return "minItems, maxItems, minChars, maxChars: numbers";
    if (json_get(json, "allowedPattern") != NULL && p->pattern == NULL)
        return "allowedPattern: a text";
    if (p->pattern != NULL && pattern_read(p->pattern, err) < 0)
        return arena_str(arena, err->text);
    return NULL;
}

static int take_parameters(struct arena *arena, const struct cJSON *object, struct content *c,
                           struct err *err)
{
    if (json_count(object) > CONTENT_PARAMETERS_MAX)
        return err_set(err, ERR_INVALID, "%s has over %d parameters", usual_flaw,
                       CONTENT_PARAMETERS_MAX);
    c->parameters = arena_array(arena, json_count(object), sizeof(*c->parameters));
    for (const struct cJSON *i = json_first(object); i != NULL; i = json_next(i)) {
        struct err own = ERR_INIT;
        const char *odd = take_parameter(arena, i, &c->parameters[c->n_parameters++], &own);

        if (odd != NULL)
            return err_set(err, ERR_INVALID, "parameter %.64s: expected %s", json_key(i), odd);
    }
    return 0;
}

/* Steps ------------------------------------------------------------------------------------------ */

static unsigned platforms_of(const char *action)
{
    if (strcmp(action, SHELL) == 0)
        return CONTENT_LINUX | CONTENT_MACOS;
    return CONTENT_LINUX | CONTENT_MACOS | CONTENT_WINDOWS;
}

static bool is_script(const struct cJSON *inputs)
{
    const struct cJSON *script = json_get(inputs, "runCommand");

    if (json_string_value(script) != NULL)
        return true;
    for (const struct cJSON *i = json_first(script); i != NULL; i = json_next(i))
        if (json_string_value(i) == NULL)
            return false;
    return json_is_array(script) && json_count(script) > 0;
}

/* A text or a number, as text. */
static const char *timeout_of(struct arena *arena, const struct cJSON *inputs)
{
    const char *text = json_str(inputs, "timeoutSeconds");
    int64_t number;

    if (text != NULL)
        return arena_str(arena, text);
    if (json_int(inputs, "timeoutSeconds", &number))
        return arena_printf(arena, "%lld", (long long)number);
    return NULL;
}

static bool is_precondition(const struct cJSON *json)
{
    const struct cJSON *pair = json_array(json, "StringEquals");

    return json == NULL || (json_is_object(json) && json_count(json) == 1 &&
                            json_count(pair) == 2 && json_string_value(json_first(pair)) != NULL &&
                            json_string_value(json_next(json_first(pair))) != NULL);
}

/* {StringEquals: [platformType, X]} narrows where the step does anything. */
static unsigned narrowed(const struct cJSON *precondition, unsigned platforms)
{
    const struct cJSON *pair = json_array(precondition, "StringEquals");
    const char *a = json_string_value(json_first(pair));
    const char *b = pair != NULL ? json_string_value(json_next(json_first(pair))) : NULL;
    const char *value = str_eq(a, "platformType") ? b : str_eq(b, "platformType") ? a : NULL;

    if (str_eq(value, "Linux"))
        return platforms & CONTENT_LINUX;
    if (str_eq(value, "MacOS"))
        return platforms & CONTENT_MACOS;
    if (str_eq(value, "Windows"))
        return CONTENT_WINDOWS;
    return platforms;
}

/* A text that a person can read in one line. */
static bool is_step_name(const char *name)
{
    size_t n = name != NULL ? strlen(name) : 0;

    for (size_t i = 0; i < n; i++)
        if (iscntrl((unsigned char)name[i]))
            return false;
    return n > 0 && n <= NAME_MAX_BYTES;
}

static const char *take_step(struct arena *arena, const struct cJSON *json, struct content *c)
{
    struct content_step *s = &c->steps[c->n_steps];
    const struct cJSON *inputs = json_object(json, "inputs");
    const struct cJSON *precondition = json_get(json, "precondition");

    *s = (struct content_step){.name = arena_str(arena, json_str(json, "name")),
                               .action = arena_str(arena, json_str(json, "action")),
                               .timeout = timeout_of(arena, inputs)};
    if (s->action == NULL || !str_starts(s->action, "aws:"))
        return "action: aws:...";
    if (!is_step_name(s->name) || content_step_number(c, s->name) >= 0)
        return "name: a text, once";
    if (!is_precondition(precondition))
        return "precondition: {StringEquals: [a, b]}";
    if ((strcmp(s->action, SHELL) == 0 || strcmp(s->action, POWERSHELL) == 0) && !is_script(inputs))
        return "inputs.runCommand: a list of lines";
    s->platforms = narrowed(precondition, platforms_of(s->action));
    c->platforms |= s->platforms;
    c->n_steps++;
    return NULL;
}

static int take_main_steps(struct arena *arena, const struct cJSON *list, struct content *c,
                           struct err *err)
{
    if (json_count(list) == 0 || json_count(list) > CONTENT_STEPS_MAX)
        return err_set(err, ERR_INVALID, "%s: mainSteps: 1 to %d are expected", usual_flaw,
                       CONTENT_STEPS_MAX);
    c->steps = arena_array(arena, json_count(list), sizeof(*c->steps));
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        const char *odd = take_step(arena, i, c);

        if (odd != NULL)
            return err_set(err, ERR_INVALID, "step %zu: expected %s", c->n_steps + 1, odd);
    }
    return 0;
}

/* 1.2: an action's name, and in its `properties` what it does. */
static int take_runtime_config(struct arena *arena, const struct cJSON *object, struct content *c,
                               struct err *err)
{
    if (json_count(object) == 0 || json_count(object) > CONTENT_STEPS_MAX)
        return err_set(err, ERR_INVALID, "%s: runtimeConfig: an object of actions is expected",
                       usual_flaw);
    c->steps = arena_array(arena, json_count(object), sizeof(*c->steps));
    for (const struct cJSON *i = json_first(object); i != NULL; i = json_next(i)) {
        const struct cJSON *properties = json_get(i, "properties");
        const struct cJSON *first = json_is_array(properties) ? json_first(properties) : properties;
        struct content_step *s = &c->steps[c->n_steps++];

        *s = (struct content_step){.name = arena_str(arena, json_key(i)),
                                   .action = arena_str(arena, json_key(i)),
                                   .timeout = timeout_of(arena, first)};
        if (!str_starts(s->action, "aws:") || !is_step_name(s->name) || !json_is_object(first))
            return err_set(err, ERR_INVALID, "runtimeConfig %.64s: expected aws:..., properties",
                           s->name);
        if (strcmp(s->action, SHELL) == 0 && !is_script(first))
            return err_set(err, ERR_INVALID, "runtimeConfig %.64s: expected runCommand", s->name);
        s->platforms = platforms_of(s->action);
        c->platforms |= s->platforms;
    }
    return 0;
}

/* The whole -------------------------------------------------------------------------------------- */

static int take(struct arena *arena, const struct cJSON *json, struct content *c,
                enum content_flaw *flaw, struct err *err)
{
    int rc;

    c->schema_version = arena_str(arena, json_str(json, "schemaVersion"));
    c->description = arena_str(arena, json_str(json, "description"));
    if (c->description == NULL)
        c->description = "";
    if (!str_eq(c->schema_version, "2.2") && !str_eq(c->schema_version, "1.2")) {
        *flaw = CONTENT_FLAW_SCHEMA;
        return err_set(err, ERR_INVALID, "schemaVersion: 2.2 and 1.2 are understood, not %.16s",
                       c->schema_version != NULL ? c->schema_version : "(none)");
    }
    if (json_get(json, "parameters") != NULL && json_object(json, "parameters") == NULL)
        return err_set(err, ERR_INVALID, "parameters: an object is expected");
    rc = take_parameters(arena, json_object(json, "parameters"), c, err);
    if (rc < 0)
        return rc;
    return strcmp(c->schema_version, "2.2") == 0
               ? take_main_steps(arena, json_array(json, "mainSteps"), c, err)
               : take_runtime_config(arena, json_object(json, "runtimeConfig"), c, err);
}

int content_parse(struct arena *arena, const char *text, size_t len, struct content *ret_content,
                  enum content_flaw *ret_flaw, struct err *err)
{
    const struct json_limits limits = {.depth = 16, .nodes = 20000};
    struct content content = {.n_steps = 0};
    enum content_flaw flaw = CONTENT_FLAW_OTHER;
    struct cJSON *json = NULL;
    int rc;

    if (len > CONTENT_MAX) {
        *ret_flaw = CONTENT_FLAW_SIZE;
        return err_set(err, ERR_INVALID, "%s has %zu bytes, at most %zu", usual_flaw, len,
                       CONTENT_MAX);
    }
    rc = json_parse(text, len, &limits, &json, err);
    if (rc == 0)
        rc = take(arena, json, &content, &flaw, err);
    json_free(json);
    if (rc == 0)
        *ret_content = content;
    else
        *ret_flaw = flaw;
    return rc;
}

int content_check_patterns(const struct content *c, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < c->n_parameters && rc == 0; i++) {
        struct pattern *pattern = NULL;

        if (c->parameters[i].pattern == NULL)
            continue;
        rc = pattern_new(c->parameters[i].pattern, &pattern, err);
        if (rc < 0)
            err_wrap(err, "parameter %.64s", c->parameters[i].name);
        pattern_free(pattern);
    }
    return rc;
}

const char *content_unguarded(const struct content *c)
{
    for (size_t i = 0; i < c->n_parameters; i++)
        if (c->parameters[i].pattern == NULL)
            return c->parameters[i].name;
    return NULL;
}

int content_step_number(const struct content *c, const char *name)
{
    for (size_t i = 0; i < c->n_steps; i++)
        if (str_eq(c->steps[i].name, name))
            return (int)i;
    return -1;
}

/* Values ----------------------------------------------------------------------------------------- */

static int64_t characters(const char *text)
{
    int64_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static int check_value(const struct content_parameter *p, const struct pattern *pattern,
                       const char *value, struct err *err)
{
    bool found = p->allowed == NULL;

    for (size_t i = 0; i < p->n_allowed && !found; i++)
        found = strcmp(p->allowed[i], value) == 0;
    if (!found)
        return err_set(err, ERR_INVALID, "%.200s is not one of allowedValues", value);
    if (p->min_chars >= 0 && characters(value) < p->min_chars)
        return err_set(err, ERR_INVALID, "shorter than minChars %lld", (long long)p->min_chars);
    if (p->max_chars >= 0 && characters(value) > p->max_chars)
        return err_set(err, ERR_INVALID, "longer than maxChars %lld", (long long)p->max_chars);
    if (pattern != NULL && !pattern_matches(pattern, value))
        return err_set(err, ERR_INVALID, "%.200s does not match %.200s", value, p->pattern);
    return 0;
}

static int check_list(const struct content_parameter *p, const struct cJSON *list, struct err *err)
{
    int64_t n = (int64_t)json_count(list);
    struct pattern *pattern = NULL;
    int rc = 0;

    if (!json_is_array(list))
        return err_set(err, ERR_INVALID, "a list of texts is expected");
    if (!p->is_list && n != 1)
        return err_set(err, ERR_INVALID, "a String has one value, not %lld", (long long)n);
    if (p->min_items >= 0 && n < p->min_items)
        return err_set(err, ERR_INVALID, "fewer than minItems %lld", (long long)p->min_items);
    if (p->max_items >= 0 && n > p->max_items)
        return err_set(err, ERR_INVALID, "more than maxItems %lld", (long long)p->max_items);
    if (p->pattern != NULL)
        rc = pattern_new(p->pattern, &pattern, err);
    for (const struct cJSON *i = json_first(list); i != NULL && rc == 0; i = json_next(i))
        rc = json_string_value(i) == NULL ? err_set(err, ERR_INVALID, "a list of texts is expected")
                                          : check_value(p, pattern, json_string_value(i), err);
    pattern_free(pattern);
    return rc;
}

static const struct content_parameter *find(const struct content *c, const char *name)
{
    for (size_t i = 0; i < c->n_parameters; i++)
        if (strcmp(c->parameters[i].name, name) == 0)
            return &c->parameters[i];
    return NULL;
}

static void add_value(struct json_out *out, const struct content_parameter *p,
                      const struct cJSON *list)
{
    if (!p->is_list) {
        json_add_str(out, p->name, json_string_value(json_first(list)));
        return;
    }
    json_begin_array(out, p->name);
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i))
        json_add_str(out, NULL, json_string_value(i));
    json_end_array(out);
}

int content_parameters(struct arena *arena, const struct content *c, const struct cJSON *given,
                       const char **ret_json, struct err *err)
{
    struct json_out out;
    struct buf buf;
    int rc = 0;

    for (size_t i = 0; i < c->n_parameters; i++)
        if (c->parameters[i].values == NULL && json_get(given, c->parameters[i].name) == NULL)
            return err_set(err, ERR_INVALID, "parameter %s must be given", c->parameters[i].name);
    buf_init(&buf, 4 * CONTENT_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    for (const struct cJSON *i = json_first(given); i != NULL && rc == 0; i = json_next(i)) {
        const struct content_parameter *p = find(c, json_key(i));

        if (json_is_null(i))
            continue;
        if (p == NULL)
            rc = err_set(err, ERR_INVALID, "the document has no parameter %.100s", json_key(i));
        else if ((rc = check_list(p, i, err)) < 0)
            rc = err_wrap(err, "parameter %s", p->name);
        else
            add_value(&out, p, i);
    }
    if (rc == 0) {
        json_end_object(&out);
        if (buf.overflow)
            rc = err_set(err, ERR_INVALID, "the parameters are too long");
        else
            *ret_json = arena_strn(arena, buf_str(&buf), buf.len);
    }
    buf_deinit(&buf);
    return rc;
}

static int64_t step_timeout(const struct content *c, const struct content_step *s,
                            const struct cJSON *parameters)
{
    const char *text = s->timeout;
    struct content_reference r;
    bool is_one = text != NULL && content_reference_whole(text, &r);
    int64_t seconds;

    for (size_t i = 0; i < c->n_parameters && is_one; i++) {
        const struct content_parameter *p = &c->parameters[i];

        if (strlen(p->name) != r.len || strncmp(p->name, r.name, r.len) != 0)
            continue;
        text = json_str(parameters, p->name);
        if (text == NULL && p->n_values == 1)
            text = p->values[0];
        break;
    }
    if (text == NULL || str_parse_int64(text, &seconds) < 0 || seconds < CONTENT_TIMEOUT_MIN_S ||
        seconds > CONTENT_TIMEOUT_MAX_S)
        return CONTENT_TIMEOUT_USUAL_S;
    return seconds;
}

int64_t content_timeout_s(const struct content *c, const struct cJSON *parameters)
{
    int64_t sum = 0;

    for (size_t i = 0; i < c->n_steps; i++)
        sum += step_timeout(c, &c->steps[i], parameters);
    return sum;
}

bool content_runs_on(const struct content *c, const char *platform_type)
{
    unsigned bit = str_eq(platform_type, "Windows") ? CONTENT_WINDOWS
                   : str_eq(platform_type, "MacOS") ? CONTENT_MACOS
                                                    : CONTENT_LINUX;

    return (c->platforms & bit) != 0;
}
