/* Any bytes are refused with a reason, or read; the tree is the one that cJSON reads itself; what was read is written,
 * read again and written again with the same result. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "lib/base/json.h"

#define DEPTH (JSON_OUT_DEPTH - 1)
/* Values, for each fourth length: the usual limit is more than a short text can hold. */
#define FEW 100
#define TEXT_MAX ((size_t)64 << 20)

static void copy(struct json_out *out, const char *key, const struct cJSON *item)
{
    int64_t number;

    if (json_is_object(item) || json_is_array(item)) {
        bool object = json_is_object(item);
        object ? json_begin_object(out, key) : json_begin_array(out, key);
        for (const struct cJSON *x = json_first(item); x != NULL; x = json_next(x)) {
            assert(!object || json_key(x) != NULL);
            if (object && !json_is_null(x)) /* the first of that name is the only one */
                assert(json_get(item, json_key(x)) == x);
            copy(out, object ? json_key(x) : NULL, x);
        }
        object ? json_end_object(out) : json_end_array(out);
    } else if (json_string_value(item) != NULL) {
        json_add_str(out, key, json_string_value(item));
    } else if (json_item_int(item, &number)) {
        assert(number < INT64_C(9007199254740992) && number > INT64_C(-9007199254740992));
        json_add_int(out, key, number);
    } else {
        json_add_null(out, key);
    }
}

/* One item and what is in it. */
static void compare(const struct cJSON *ours, const struct cJSON *cjsons)
{
    const struct cJSON *a = ours->child, *b = cjsons->child, *last = NULL;

    assert(ours->type == cjsons->type && ours->valueint == cjsons->valueint);
    assert(memcmp(&ours->valuedouble, &cjsons->valuedouble, sizeof(double)) == 0);
    assert((ours->string == NULL) == (cjsons->string == NULL));
    assert(ours->string == NULL || strcmp(ours->string, cjsons->string) == 0);
    assert((ours->valuestring == NULL) == (cjsons->valuestring == NULL));
    assert(ours->valuestring == NULL || strcmp(ours->valuestring, cjsons->valuestring) == 0);
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        assert(last == NULL || a->prev == last);
        compare(a, b);
        last = a;
    }
    assert(a == NULL && b == NULL);
    assert(last == NULL || ours->child->prev == last);
}

static void compare_with_cjson(const char *bytes, size_t n)
{
    const struct json_limits limits = {.depth = DEPTH};
    char *text = malloc(n + 1);
    struct cJSON *ours = NULL;
    cJSON *cjsons;

    assert(text != NULL);
    memcpy(text, bytes, n);
    text[n] = '\0';
    cjsons = cJSON_ParseWithLengthOpts(text, n + 1, NULL, 1);
    assert(cjsons != NULL && json_parse(bytes, n, &limits, &ours, NULL) == 0);
    compare(ours, cjsons);
    json_free(ours);
    cJSON_Delete(cjsons);
    free(text);
}

static void write_again(const char *bytes, size_t n, struct buf *buf)
{
    struct json_limits limits = {.depth = DEPTH};
    struct err err = ERR_INIT;
    struct cJSON *json = NULL;
    struct json_out out;
    int rc = json_parse(bytes, n, &limits, &json, &err);

    assert(rc == 0);
    json_out_init(&out, buf);
    copy(&out, NULL, json);
    json_free(json);
    assert(!buf->overflow);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct json_limits limits = {.depth = DEPTH, .nodes = n % 4 == 0 ? FEW : 0};
    static struct buf once,
        twice; /* taken once: what is taken for each run costs more than the run */
    struct err err = ERR_INIT;

    if (json_validate((const char *)bytes, n, &limits, &err) < 0) {
        assert(err.code == ERR_INVALID && err.text[0] != '\0');
        return 0;
    }
    compare_with_cjson((const char *)bytes, n);
    if (once.max == 0) {
        buf_init(&once, TEXT_MAX);
        buf_init(&twice, TEXT_MAX);
    }
    buf_reset(&once);
    buf_reset(&twice);
    write_again((const char *)bytes, n, &once);
    write_again(once.data, once.len, &twice);
    assert(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    return 0;
}
