/* YAML that is taken becomes JSON that our own strict reader takes. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/config/yaml_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct json_limits limits = {.depth = 64, .nodes = 1000000};
    struct err err = ERR_INIT;
    struct cJSON *json = NULL;
    const char *text;
    struct arena arena;

    arena_init(&arena);
    if (yaml_json(&arena, (const char *)bytes, n, (size_t)1 << 20, &text, &err) == 0) {
        if (json_parse(text, strlen(text), &limits, &json, &err) < 0)
            assert(strlen(text) == 0);
        json_free(json);
    } else {
        assert(err.text[0] != '\0');
    }
    arena_deinit(&arena);
    return 0;
}
