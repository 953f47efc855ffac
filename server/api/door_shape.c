/* door_shape: see door_shape.h. Source: ssm-wire.md 1 (codes), 3 (patterns). */
#include "server/api/door_shape.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define VALUE_SHOWN 100
#define TOLD_MAX 20

void door_shape_init(struct door_shape *s, struct door_call *call)
{
    *s = (struct door_shape){.call = call, .broken = ""};
}

bool door_shape_is_well(const struct door_shape *s)
{
    return s->n_broken == 0 && s->odd_type == NULL;
}

enum request_next door_shape_refuse(const struct door_shape *s, struct reply *reply)
{
    struct arena *arena = s->call->request->arena;

    if (s->odd_type != NULL)
        return door_call_refuse(s->call, reply, "SerializationException",
                                arena_printf(arena, "%s has the wrong type", s->odd_type));
    return door_call_refuse(s->call, reply, "ValidationException",
                            arena_printf(arena, "%zu validation error%s detected: %s", s->n_broken,
                                         s->n_broken == 1 ? "" : "s", s->broken));
}

static void odd_type(struct door_shape *s, const char *path, const char *key)
{
    if (s->odd_type == NULL)
        s->odd_type = arena_printf(s->call->request->arena, "%s%s", path, key);
}

void door_shape_break(struct door_shape *s, const char *value, const char *path,
                      const char *constraint)
{
    struct arena *arena = s->call->request->arena;
    const char *shown =
        value == NULL
            ? "null"
            : arena_printf(arena, "'%s'", str_clean(arena, value, strlen(value), VALUE_SHOWN));

    s->n_broken++;
    if (s->n_broken <= TOLD_MAX)
        s->broken =
            arena_printf(arena, "%s%sValue %s at '%s' failed to satisfy constraint: Member must %s",
                         s->broken, s->n_broken > 1 ? "; " : "", shown, path, constraint);
}

/* "targets.1.member." and "Key": the path as AWS writes it. */
static const char *path_of(struct door_shape *s, const char *path, const char *key)
{
    char *whole = arena_printf(s->call->request->arena, "%s%s", path, key);
    char *first = whole + strlen(path);

    *first = (char)tolower((unsigned char)*first);
    return whole;
}

static size_t characters(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static const char *joined(struct arena *arena, const char *const *words)
{
    const char *text = "";

    for (size_t i = 0; words[i] != NULL; i++)
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", words[i]);
    return text;
}

static bool is_word_of(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], text) == 0)
            return true;
    return false;
}

static void judge_text(struct door_shape *s, const char *text, const char *path,
                       const struct door_shape_rule *rule)
{
    struct arena *arena = s->call->request->arena;
    size_t n = characters(text);

    if (n < rule->min)
        door_shape_break(s, text, path,
                         arena_printf(arena, "have length greater than or equal to %zu",
                                      rule->min));
    else if (rule->max != 0 && n > rule->max)
        door_shape_break(s, text, path,
                         arena_printf(arena, "have length less than or equal to %zu", rule->max));
    else if (rule->words != NULL && !is_word_of(text, rule->words))
        door_shape_break(s, text, path,
                         arena_printf(arena, "satisfy enum value set: [%s]",
                                      joined(arena, rule->words)));
    else if (rule->fits != NULL && !rule->fits(text))
        door_shape_break(s, text, path,
                         arena_printf(arena, "satisfy regular expression pattern: %s",
                                      rule->pattern));
}

const char *door_shape_text(struct door_shape *s, const struct cJSON *object, const char *path,
                            const char *key, const struct door_shape_rule *rule)
{
    const struct cJSON *item = json_get(object, key);
    const char *text = json_string_value(item);

    if (item == NULL) {
        if (rule->required)
            door_shape_break(s, NULL, path_of(s, path, key), "not be null");
        return NULL;
    }
    if (text == NULL)
        odd_type(s, path, key);
    else
        judge_text(s, text, path_of(s, path, key), rule);
    return text;
}

int64_t door_shape_int(struct door_shape *s, const struct cJSON *object, const char *key,
                       int64_t min, int64_t max, int64_t otherwise)
{
    struct arena *arena = s->call->request->arena;
    int64_t value = otherwise;
    const char *shown;

    if (json_get(object, key) == NULL)
        return otherwise;
    if (!json_int(object, key, &value)) {
        odd_type(s, "", key);
        return otherwise;
    }
    shown = arena_printf(arena, "%lld", (long long)value);
    if (value < min)
        door_shape_break(s, shown, path_of(s, "", key),
                         arena_printf(arena, "have value greater than or equal to %lld",
                                      (long long)min));
    else if (value > max)
        door_shape_break(s, shown, path_of(s, "", key),
                         arena_printf(arena, "have value less than or equal to %lld",
                                      (long long)max));
    return value;
}

bool door_shape_bool(struct door_shape *s, const struct cJSON *object, const char *key)
{
    bool value = false;

    if (json_get(object, key) != NULL && !json_bool(object, key, &value))
        odd_type(s, "", key);
    return value;
}

time_ms door_shape_time(struct door_shape *s, const struct cJSON *object, const char *key)
{
    const struct cJSON *item = json_get(object, key);
    double seconds = 0;

    if (item == NULL)
        return 0;
    if (!json_double(object, key, &seconds) || seconds < 1 || seconds > 253402300799.0) {
        odd_type(s, "", key);
        return 0;
    }
    return (time_ms)(seconds * 1000.0 + 0.5);
}

const struct cJSON *door_shape_list(struct door_shape *s, const struct cJSON *object,
                                    const char *path, const char *key, bool required, size_t max)
{
    struct arena *arena = s->call->request->arena;
    const struct cJSON *item = json_get(object, key);

    if (item != NULL && !json_is_array(item)) {
        odd_type(s, path, key);
        return NULL;
    }
    if (required && (item == NULL || json_count(item) == 0))
        door_shape_break(s, item == NULL ? NULL : "[]", path_of(s, path, key),
                         item == NULL ? "not be null" : "have length greater than or equal to 1");
    else if (item != NULL && json_count(item) > max)
        door_shape_break(s, arena_printf(arena, "[%zu members]", json_count(item)),
                         path_of(s, path, key),
                         arena_printf(arena, "have length less than or equal to %zu", max));
    return item;
}

const struct cJSON *door_shape_object(struct door_shape *s, const struct cJSON *object,
                                      const char *key)
{
    const struct cJSON *item = json_get(object, key);

    if (item == NULL || json_is_object(item))
        return item;
    odd_type(s, "", key);
    return NULL;
}

void door_shape_texts(struct door_shape *s, const struct cJSON *list, const char *path,
                      const struct door_shape_rule *rule, const char ***ret_items, size_t *ret_n)
{
    struct arena *arena = s->call->request->arena;
    const char **items = arena_array(arena, json_count(list), sizeof(*items));
    size_t n = 0;

    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        const char *text = json_string_value(i);

        if (text == NULL) {
            odd_type(s, path, "");
            break;
        }
        items[n++] = text;
        judge_text(s, text, arena_printf(arena, "%s.%zu.member", path, n), rule);
    }
    *ret_items = items;
    *ret_n = n;
}

/* Grammars -------------------------------------------------------------------------------------- */

static bool all_of(const char *text, const char *more)
{
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr(more, *text) == NULL)
            return false;
    return true;
}

bool door_shape_is_instance(const char *text)
{
    size_t n = strlen(text);

    if (str_starts(text, "mi-"))
        return n == 20 && all_of(text + 3, "_");
    return str_starts(text, "i-") && (n == 10 || n == 19) && all_of(text + 2, "_");
}

bool door_shape_is_document(const char *text)
{
    size_t n = strlen(text);

    return n >= 3 && n <= 128 && all_of(text, "_-.:/");
}

bool door_shape_is_document_name(const char *text)
{
    size_t n = strlen(text);

    return n >= 3 && n <= 128 && all_of(text, "_-.");
}

bool door_shape_is_version(const char *text)
{
    int64_t number;

    return strcmp(text, "$LATEST") == 0 || strcmp(text, "$DEFAULT") == 0 ||
           (*text != '0' && *text != '-' && str_parse_int64(text, &number) == 0);
}

const struct door_shape_rule door_shape_instance = {
    .required = true,
    .fits = door_shape_is_instance,
    .pattern = "(^i-(\\w{8}|\\w{17})$)|(^mi-\\w{17}$)",
};
const struct door_shape_rule door_shape_document = {
    .required = true,
    .fits = door_shape_is_document,
    .pattern = "^[a-zA-Z0-9_\\-.:/]{3,128}$",
};
const struct door_shape_rule door_shape_version = {
    .fits = door_shape_is_version,
    .pattern = "([$]LATEST|[$]DEFAULT|^[1-9][0-9]*$)",
};
const struct door_shape_rule door_shape_command = {.required = true, .min = 36, .max = 36};
