/* message_output: see message_output.h. */
#include "lib/ssm/message_output.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

#define BODY_MAX (240 * 1024) /* below the door's own limit */
#define NUMBER_MAX (INT64_C(1) << 40)
#define STEP_MAX 128

/* A step of a caller's document may be called anything (ssm-wire.md 7.1). */
static bool is_step(const char *name)
{
    size_t n = name != NULL ? strlen(name) : 0;

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return n > 0 && n <= STEP_MAX;
}

static int check(const struct output_chunk *chunks, size_t n, struct err *err)
{
    size_t bytes = 0;

    if (n > MESSAGE_OUTPUT_CHUNKS_MAX)
        return err_set(err, ERR_INVALID, "output: %zu chunks, at most %d", n,
                       MESSAGE_OUTPUT_CHUNKS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (chunks[i].number < 0 || chunks[i].number > NUMBER_MAX || chunks[i].at < 0 ||
            !is_step(chunks[i].step))
            return err_set(err, ERR_INVALID, "output: Number, Step or At of a chunk is odd");
        if (chunks[i].len > MESSAGE_OUTPUT_CHUNK_MAX)
            return err_set(err, ERR_INVALID, "output: a chunk of %zu bytes, at most %d",
                           chunks[i].len, MESSAGE_OUTPUT_CHUNK_MAX);
        bytes += chunks[i].len;
    }
    if (bytes > MESSAGE_OUTPUT_BYTES_MAX)
        return err_set(err, ERR_INVALID, "output: %zu bytes in one call, at most %d", bytes,
                       MESSAGE_OUTPUT_BYTES_MAX);
    return 0;
}

int message_output_make(struct arena *arena, const char *command_id,
                        const struct output_chunk *chunks, size_t n, const char **ret_body,
                        struct err *err)
{
    int rc = check(chunks, n, err);
    char base64[DIGEST_BASE64_SIZE(MESSAGE_OUTPUT_CHUNK_MAX)];
    struct json_out out;
    struct buf buf;

    if (rc < 0)
        return rc;
    buf_init(&buf, BODY_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "CommandId", command_id);
    json_begin_array(&out, "Chunks");
    for (size_t i = 0; i < n; i++) {
        json_begin_object(&out, NULL);
        json_add_int(&out, "Number", chunks[i].number);
        json_add_str(&out, "Step", chunks[i].step);
        json_add_str(&out, "Stream", chunks[i].error_stream ? "err" : "out");
        json_add_int(&out, "At", chunks[i].at);
        digest_base64(chunks[i].text, chunks[i].len, base64);
        json_add_str(&out, "Bytes", base64);
        json_end_object(&out);
    }
    json_end_array(&out);
    json_end_object(&out);
    if (buf.overflow)
        rc = err_set(err, ERR_INVALID, "output: over %d bytes", BODY_MAX);
    else
        *ret_body = arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return rc;
}

static int take_chunk(struct arena *arena, const struct cJSON *json, const char *command_id,
                      struct output_chunk *c)
{
    const char *stream = json_str(json, "Stream");
    const char *bytes = json_str(json, "Bytes");
    unsigned char *text;
    size_t len;
    int n;

    if (!json_int(json, "Number", &c->number) || !json_int(json, "At", &c->at) || bytes == NULL ||
        (!str_eq(stream, "out") && !str_eq(stream, "err")))
        return ERR_INVALID;
    len = strlen(bytes);
    if (len >= DIGEST_BASE64_SIZE(MESSAGE_OUTPUT_CHUNK_MAX))
        return ERR_INVALID;
    text = arena_alloc(arena, len + 1);
    n = digest_unbase64(bytes, len, text, MESSAGE_OUTPUT_CHUNK_MAX);
    if (n < 0)
        return ERR_INVALID;
    memcpy(c->command_id, command_id, sizeof(c->command_id));
    c->step = arena_str(arena, json_str(json, "Step"));
    c->error_stream = stream[0] == 'e';
    c->text = (const char *)text;
    c->len = (size_t)n;
    return 0;
}

static int take(struct arena *arena, const struct cJSON *json, char command_id[37],
                struct output_chunk **ret_chunks, size_t *ret_n, struct err *err)
{
    const char *id = json_str(json, "CommandId");
    const struct cJSON *array = json_array(json, "Chunks");
    struct output_chunk *chunks;
    size_t n = 0;

    if (!names_is_uuid(id) || array == NULL)
        return err_set(err, ERR_INVALID, "output: CommandId and Chunks are expected");
    if (json_count(array) > MESSAGE_OUTPUT_CHUNKS_MAX)
        return err_set(err, ERR_INVALID, "output: over %d chunks", MESSAGE_OUTPUT_CHUNKS_MAX);
    memcpy(command_id, id, 37);
    chunks = arena_array(arena, json_count(array), sizeof(*chunks));
    for (const struct cJSON *i = json_first(array); i != NULL; i = json_next(i)) {
        if (take_chunk(arena, i, id, &chunks[n]) < 0)
            return err_set(err, ERR_INVALID, "output: chunk %zu is odd", n + 1);
        n++;
    }
    *ret_chunks = chunks;
    *ret_n = n;
    return check(chunks, n, err);
}

int message_output_parse(struct arena *arena, const char *body, size_t len, char ret_command_id[37],
                         struct output_chunk **ret_chunks, size_t *ret_n, struct err *err)
{
    const struct json_limits limits = {.depth = 4, .nodes = 2000};
    struct cJSON *json = NULL;
    int rc = json_parse(body, len, &limits, &json, err);

    if (rc < 0)
        return err_wrap(err, "output");
    rc = take(arena, json, ret_command_id, ret_chunks, ret_n, err);
    json_free(json);
    return rc;
}
