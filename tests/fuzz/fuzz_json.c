/* Any bytes are refused with a reason, or read; what was read is written, read again and written again
 * with the same result. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/json.h"

#define DEPTH (JSON_OUT_DEPTH - 1)

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
    struct json_limits limits = {.depth = DEPTH};
    struct err err = ERR_INIT;
    struct buf once, twice;

    if (json_validate((const char *)bytes, n, &limits, &err) < 0) {
        assert(err.code == ERR_INVALID && err.text[0] != '\0');
        return 0;
    }
    buf_init(&once, 8 * n + 64);
    buf_init(&twice, 8 * n + 64);
    write_again((const char *)bytes, n, &once);
    write_again(once.data, once.len, &twice);
    assert(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    buf_deinit(&once);
    buf_deinit(&twice);
    return 0;
}
