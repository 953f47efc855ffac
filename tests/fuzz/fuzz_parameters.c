/*
 * What a caller gives: a first line is a pattern, the rest the JSON of his parameters, against a document with one
 * parameter of each kind. What is taken is JSON again, holds only what was given, and matches.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/ssm/content.h"
#include "lib/ssm/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *values[] = {""};
    struct content_parameter parameters[] = {
        {.name = "one",
         .values = values,
         .n_values = 1,
         .min_items = -1,
         .max_items = -1,
         .min_chars = 1,
         .max_chars = 9},
        {.name = "many",
         .is_list = true,
         .values = values,
         .n_values = 1,
         .min_items = 1,
         .max_items = 3,
         .min_chars = -1,
         .max_chars = -1},
    };
    const struct content content = {.parameters = parameters, .n_parameters = 2};
    struct cJSON *json = NULL, *again = NULL;
    struct pattern *made = NULL;
    struct err err = ERR_INIT;
    struct arena arena;
    const char *text, *line, *taken;

    arena_init(&arena);
    text = arena_strn(&arena, (const char *)bytes, n);
    line = strchr(text, '\n');
    if (line != NULL) {
        const char *pattern = arena_strn(&arena, text, (size_t)(line - text));

        if (pattern_new(pattern, &made, &err) == 0) {
            assert(pattern_read(pattern, &err) == 0);
            parameters[0].pattern = pattern;
        }
        text = line + 1;
    }
    if (json_parse(text, strlen(text), NULL, &json, &err) == 0 && json_is_object(json) &&
        content_parameters(&arena, &content, json, &taken, &err) == 0) {
        const char *one;

        assert(json_parse(taken, strlen(taken), NULL, &again, &err) == 0);
        assert(json_count(again) <= 2);
        one = json_str(again, "one");
        assert(one == NULL || parameters[0].pattern == NULL || pattern_matches(made, one));
        assert(json_count(json_array(again, "many")) <= 3);
    }
    pattern_free(made);
    json_free(json);
    json_free(again);
    arena_deinit(&arena);
    return 0;
}
