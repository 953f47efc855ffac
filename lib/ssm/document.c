/* document: see document.h. Source: ssm-wire.md 7.1. */
#include "lib/ssm/document.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

#define ACTION_RUN "aws:runShellScript"
#define ACTION_HEALTH "slipway:health"
#define FIRST_LINE "set -eu"
#define TIMEOUT_MIN_S 5
#define TIMEOUT_DIGITS 7
#define DESCRIPTION_MAX 256
#define PATH_MAX_BYTES 1024
#define URL_MAX 512
#define WITHIN_MAX_S 3600

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Grammars ----------------------------------------------------------------------------------- */

static bool is_variable(const char *name)
{
    size_t n = strlen(name);

    if (n == 0 || n > 128 || (name[0] >= '0' && name[0] <= '9'))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (name[i] != '_' && strchr(letters, name[i]) == NULL)
            return false;
    }
    return true;
}

/* A login: what useradd of Debian makes, and no number. */
static bool is_user(const char *s)
{
    size_t n = strlen(s);

    if (n > 32 || (s[0] >= '0' && s[0] <= '9') || s[0] == '-')
        return false;
    for (size_t i = 0; i < n; i++) {
        if (strchr("_.-", s[i]) == NULL && strchr(letters, s[i]) == NULL)
            return false;
    }
    return true;
}

static const char *odd_in_environment(const struct config_pairs *pairs)
{
    if (pairs->n > DOCUMENT_VARIABLES_MAX)
        return "environment (too many)";
    for (size_t i = 0; i < pairs->n; i++) {
        const struct config_pair *pair = &pairs->items[i];

        if (pair->key == NULL || pair->value == NULL || !is_variable(pair->key))
            return "environment";
        for (size_t k = 0; k < i; k++) {
            if (str_eq(pairs->items[k].key, pair->key))
                return "environment (one name twice)";
        }
    }
    return NULL;
}

static const char *odd_in_script(const struct document_step *s)
{
    if (s->script == NULL || *s->script == '\0')
        return "runCommand";
    if (s->working_directory == NULL || strlen(s->working_directory) > PATH_MAX_BYTES ||
        (*s->working_directory != '\0' && *s->working_directory != '/'))
        return "workingDirectory";
    if (s->run_as == NULL || !is_user(s->run_as))
        return "runAs";
    return odd_in_environment(&s->environment);
}

static const char *odd_in_run(const struct document_step *s)
{
    if (s->timeout_s < TIMEOUT_MIN_S || s->timeout_s > DOCUMENT_TIMEOUT_MAX_S)
        return "timeoutSeconds";
    return odd_in_script(s);
}

static const char *odd_in_health(const struct document_step *s)
{
    if (s->within_s < 1 || s->within_s > WITHIN_MAX_S)
        return "withinSeconds";
    if (s->http == NULL)
        return odd_in_script(s);
    if (strlen(s->http) > URL_MAX ||
        (!str_starts(s->http, "http://") && !str_starts(s->http, "https://")))
        return "http";
    return s->expect < 100 || s->expect > 599 ? "expect" : NULL;
}

/* What is wrong with step `i`, or NULL. */
static const char *odd_member(const struct document *d, size_t i)
{
    const struct document_step *s = &d->steps[i];

    if (s->name == NULL || !names_is_word(s->name))
        return "name";
    for (size_t k = 0; k < i; k++) {
        if (str_eq(d->steps[k].name, s->name))
            return "name (there twice)";
    }
    return s->action == DOCUMENT_RUN ? odd_in_run(s) : odd_in_health(s);
}

static int check(const struct document *d, struct err *err)
{
    if (d->n_steps == 0 || d->n_steps > DOCUMENT_STEPS_MAX)
        return err_set(err, ERR_INVALID, "document: %zu steps, 1 to %d are expected", d->n_steps,
                       DOCUMENT_STEPS_MAX);
    if (d->description == NULL || strlen(d->description) > DESCRIPTION_MAX)
        return err_set(err, ERR_INVALID, "document: description is missing or over %d bytes",
                       DESCRIPTION_MAX);
    for (size_t i = 0; i < d->n_steps; i++) {
        const char *odd = odd_member(d, i);

        if (odd != NULL)
            return err_set(err, ERR_INVALID, "document: step %zu (%.64s): %s is odd", i + 1,
                           d->steps[i].name != NULL ? d->steps[i].name : "", odd);
    }
    return 0;
}

/* Making ------------------------------------------------------------------------------------- */

static void add_script(struct json_out *out, const struct document_step *s)
{
    json_begin_array(out, "runCommand");
    json_add_str(out, NULL, FIRST_LINE);
    json_add_str(out, NULL, s->script);
    json_end_array(out);
    json_add_str(out, "workingDirectory", s->working_directory);
    json_begin_object(out, "environment");
    for (size_t i = 0; i < s->environment.n; i++)
        json_add_str(out, s->environment.items[i].key, s->environment.items[i].value);
    json_end_object(out);
    json_add_str(out, "runAs", s->run_as);
}

static void add_step(struct json_out *out, struct arena *arena, const struct document_step *s)
{
    json_begin_object(out, NULL);
    json_add_str(out, "action", s->action == DOCUMENT_RUN ? ACTION_RUN : ACTION_HEALTH);
    json_add_str(out, "name", s->name);
    json_begin_object(out, "inputs");
    if (s->action == DOCUMENT_RUN) {
        add_script(out, s);
        json_add_str(out, "timeoutSeconds", arena_printf(arena, "%lld", (long long)s->timeout_s));
        json_add_str(out, "onFailure", "exit");
    } else {
        if (s->http != NULL) {
            json_add_str(out, "http", s->http);
            json_add_int(out, "expect", s->expect);
        } else {
            add_script(out, s);
        }
        json_add_int(out, "withinSeconds", s->within_s);
    }
    json_end_object(out);
    json_end_object(out);
}

int document_make(struct arena *arena, const struct document *d, const char **ret_text,
                  char ret_digest[DIGEST_HEX_SIZE], struct err *err)
{
    int rc = check(d, err);
    struct json_out out;
    struct buf buf;

    if (rc < 0)
        return rc;
    buf_init(&buf, DOCUMENT_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "schemaVersion", "2.2");
    json_add_str(&out, "description", d->description);
    json_begin_array(&out, "mainSteps");
    for (size_t i = 0; i < d->n_steps; i++)
        add_step(&out, arena, &d->steps[i]);
    json_end_array(&out);
    json_end_object(&out);
    if (buf.overflow) {
        buf_deinit(&buf);
        return err_set(err, ERR_INVALID, "document: over %d KiB; make its scripts shorter",
                       DOCUMENT_MAX / 1024);
    }
    digest_sha256_hex(buf_str(&buf), buf.len, ret_digest);
    *ret_text = arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return 0;
}

/* Reading ------------------------------------------------------------------------------------ */

static bool has_only(const struct cJSON *object, const char *const *keys, size_t n)
{
    size_t known = 0;

    for (size_t i = 0; i < n; i++)
        known += json_get(object, keys[i]) != NULL;
    return json_is_object(object) && known == n && json_count(object) == n;
}

static int take_environment(struct arena *arena, const struct cJSON *object,
                            struct config_pairs *ret_pairs)
{
    struct config_pairs pairs = {.n = 0};

    if (json_count(object) > DOCUMENT_VARIABLES_MAX)
        return ERR_INVALID;
    pairs.items = arena_array(arena, json_count(object), sizeof(*pairs.items));
    for (const struct cJSON *item = json_first(object); item != NULL; item = json_next(item)) {
        const char *value = json_string_value(item);

        if (value == NULL)
            return ERR_INVALID;
        pairs.items[pairs.n++] = (struct config_pair){.key = arena_str(arena, json_key(item)),
                                                      .value = arena_str(arena, value)};
    }
    *ret_pairs = pairs;
    return 0;
}

/* runCommand is ["set -eu", SCRIPT]. */
static const char *take_script(struct arena *arena, const struct cJSON *inputs,
                               struct document_step *s)
{
    const struct cJSON *lines = json_array(inputs, "runCommand");
    const struct cJSON *first = json_first(lines);

    if (json_count(lines) != 2 || !str_eq(json_string_value(first), FIRST_LINE))
        return "runCommand";
    if (json_object(inputs, "environment") == NULL ||
        take_environment(arena, json_object(inputs, "environment"), &s->environment) < 0)
        return "environment";
    s->script = arena_str(arena, json_string_value(json_next(first)));
    s->working_directory = arena_str(arena, json_str(inputs, "workingDirectory"));
    s->run_as = arena_str(arena, json_str(inputs, "runAs"));
    return NULL;
}

#define KEYS(array) array, sizeof(array) / sizeof((array)[0])

static const char *take_run(struct arena *arena, const struct cJSON *inputs,
                            struct document_step *s)
{
    static const char *const keys[] = {"runCommand", "workingDirectory", "environment",
                                       "runAs",      "timeoutSeconds",   "onFailure"};
    const char *timeout = json_str(inputs, "timeoutSeconds");

    if (!has_only(inputs, KEYS(keys)))
        return "inputs";
    if (!str_eq(json_str(inputs, "onFailure"), "exit"))
        return "onFailure";
    if (timeout == NULL || strlen(timeout) > TIMEOUT_DIGITS ||
        str_parse_int64(timeout, &s->timeout_s) < 0)
        return "timeoutSeconds";
    return take_script(arena, inputs, s);
}

static const char *take_health(struct arena *arena, const struct cJSON *inputs,
                               struct document_step *s)
{
    static const char *const by_http[] = {"http", "expect", "withinSeconds"};
    static const char *const by_script[] = {"runCommand", "workingDirectory", "environment",
                                            "runAs", "withinSeconds"};

    (void)json_int(inputs, "withinSeconds", &s->within_s);
    if (has_only(inputs, KEYS(by_script)))
        return take_script(arena, inputs, s);
    if (!has_only(inputs, KEYS(by_http)) || json_str(inputs, "http") == NULL)
        return "inputs";
    s->http = arena_str(arena, json_str(inputs, "http"));
    (void)json_int(inputs, "expect", &s->expect);
    return NULL;
}

/* The member that is odd, or NULL; grammars are check()'s. */
static const char *take_step(struct arena *arena, const struct cJSON *json, struct document_step *s)
{
    static const char *const keys[] = {"action", "name", "inputs"};
    const char *action = json_str(json, "action");

    if (!has_only(json, KEYS(keys)))
        return "its members";
    s->name = arena_str(arena, json_str(json, "name"));
    if (str_eq(action, ACTION_RUN)) {
        s->action = DOCUMENT_RUN;
        return take_run(arena, json_object(json, "inputs"), s);
    }
    s->action = DOCUMENT_HEALTH;
    return str_eq(action, ACTION_HEALTH) ? take_health(arena, json_object(json, "inputs"), s)
                                         : "action";
}

static int take(struct arena *arena, const struct cJSON *json, struct document *d, struct err *err)
{
    static const char *const keys[] = {"schemaVersion", "description", "mainSteps"};
    const struct cJSON *steps = json_array(json, "mainSteps");

    if (!has_only(json, KEYS(keys)) || steps == NULL ||
        !str_eq(json_str(json, "schemaVersion"), "2.2"))
        return err_set(err, ERR_INVALID,
                       "document: schemaVersion 2.2, description and mainSteps are expected");
    if (json_count(steps) > DOCUMENT_STEPS_MAX)
        return err_set(err, ERR_INVALID, "document: over %d steps", DOCUMENT_STEPS_MAX);
    d->description = arena_str(arena, json_str(json, "description"));
    d->steps = arena_array(arena, json_count(steps), sizeof(*d->steps));
    for (const struct cJSON *item = json_first(steps); item != NULL; item = json_next(item)) {
        const char *odd = take_step(arena, item, &d->steps[d->n_steps]);

        d->n_steps++;
        if (odd != NULL)
            return err_set(err, ERR_INVALID, "document: step %zu: %s is odd", d->n_steps, odd);
    }
    return check(d, err);
}

int document_parse(struct arena *arena, const char *text, size_t len, struct document *ret_document,
                   struct err *err)
{
    const struct json_limits limits = {.depth = 6, .nodes = 20000};
    struct document document = {.n_steps = 0};
    struct cJSON *json = NULL;
    int rc;

    if (len > DOCUMENT_MAX)
        return err_set(err, ERR_INVALID, "document: %zu bytes, at most %d", len, DOCUMENT_MAX);
    rc = json_parse(text, len, &limits, &json, err);
    if (rc < 0)
        return err_wrap(err, "document");
    rc = take(arena, json, &document, err);
    json_free(json);
    if (rc == 0)
        *ret_document = document;
    return rc;
}

int document_step_number(const struct document *document, const char *name)
{
    for (size_t i = 0; i < document->n_steps; i++) {
        if (str_eq(document->steps[i].name, name))
            return (int)i;
    }
    return -1;
}
