/* message: see message.h. */
#include "lib/ssm/message.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message_form.h"

#define ID_PREFIX "aws.ssm."
#define MESSAGES_MAX 16 /* of one answer that are looked at */

/* The text in `buf`, which is emptied, kept in the arena. */
static int finish(struct arena *arena, struct buf *buf, const char *what, const char **ret_text,
                  struct err *err)
{
    int rc = 0;

    if (buf->overflow)
        rc = err_set(err, ERR_INVALID, "%s: over %zu bytes", what, buf->max);
    else
        *ret_text = arena_strn(arena, buf_str(buf), buf->len);
    buf_deinit(buf);
    return rc;
}

/* The payload of a command -------------------------------------------------------------------- */

int message_command_make(struct arena *arena, const struct message_command *c,
                         const char **ret_payload, struct err *err)
{
    struct message_form_filled filled;
    struct message_form form;
    int rc;

    message_form_make(arena, c, &form);
    rc = message_form_fill(arena, &form, c, &filled, err);
    if (rc == 0)
        *ret_payload = filled.payload;
    return rc;
}

static int take_command(struct arena *arena, const struct cJSON *json, struct message_command *c,
                        struct err *err)
{
    const struct cJSON *ours = json_object(json, "Slipway");
    int64_t protocol = 0;

    *c = (struct message_command){
        .command_id = arena_str(arena, json_str(json, "CommandId")),
        .document_name = arena_str(arena, json_str(json, "DocumentName")),
        .document = arena_str(arena, json_str(ours, "Document")),
        .envelope = arena_str(arena, json_str(ours, "Envelope")),
        .signature = arena_str(arena, json_str(ours, "Signature")),
        .parameters = arena_str(arena, json_str(ours, "Parameters")),
        .redact = arena_str(arena, json_str(ours, "Redact")),
    };
    if (!names_is_uuid(c->command_id) || c->document_name == NULL)
        return err_set(err, ERR_INVALID, "payload: CommandId or DocumentName is odd");
    if (ours == NULL)
        return err_set(err, ERR_INVALID, "payload of command %s: no signed envelope",
                       c->command_id);
    if (!json_int(ours, "Protocol", &protocol) || !envelope_speaks(protocol))
        return err_set(err, ERR_INVALID,
                       "payload of command %s: protocol %lld, this one speaks %d and %d",
                       c->command_id, (long long)protocol, ENVELOPE_PROTOCOL_OLDEST,
                       ENVELOPE_PROTOCOL);
    if (c->document == NULL || c->envelope == NULL || c->signature == NULL)
        return err_set(err, ERR_INVALID,
                       "payload of command %s: Envelope, Signature and Document are expected",
                       c->command_id);
    return 0;
}

int message_command_parse(struct arena *arena, const char *payload, size_t len,
                          struct message_command *ret_command, struct err *err)
{
    const struct json_limits limits = {.depth = 16, .nodes = 40000};
    struct message_command command;
    struct cJSON *json = NULL;
    int rc;

    if (len > MESSAGE_PAYLOAD_MAX)
        return err_set(err, ERR_INVALID, "payload: %zu bytes, at most %d", len,
                       MESSAGE_PAYLOAD_MAX);
    rc = json_parse(payload, len, &limits, &json, err);
    if (rc < 0)
        return err_wrap(err, "payload");
    rc = take_command(arena, json, &command, err);
    json_free(json);
    if (rc == 0)
        *ret_command = command;
    return rc;
}

/* Ids ----------------------------------------------------------------------------------------- */

void message_id_make(const char *command_id, const char *host_id, char out[MESSAGE_ID_SIZE])
{
    size_t n = strlen(ID_PREFIX);
    size_t command_len = strnlen(command_id, 36);
    size_t host_len = strnlen(host_id, 20);

    memcpy(out, ID_PREFIX, n);
    memcpy(out + n, command_id, command_len);
    out[n + command_len] = '.';
    memcpy(out + n + command_len + 1, host_id, host_len);
    out[n + command_len + 1 + host_len] = '\0';
}

bool message_id_parse(const char *id, char ret_command_id[37], char ret_host_id[21])
{
    char command_id[37];

    if (id == NULL || strlen(id) != MESSAGE_ID_SIZE - 1 || !str_starts(id, ID_PREFIX))
        return false;
    id += strlen(ID_PREFIX);
    memcpy(command_id, id, 36);
    command_id[36] = '\0';
    if (!names_is_uuid(command_id) || id[36] != '.' || !names_is_host_id(id + 37))
        return false;
    memcpy(ret_command_id, command_id, sizeof(command_id));
    memcpy(ret_host_id, id + 37, 21);
    return true;
}

/* The answer of GetMessages -------------------------------------------------------------------- */

static void add_message(struct json_out *out, const struct message *m)
{
    const char *payload = m->filled != NULL ? m->filled->payload : m->payload;
    char digest[DIGEST_HEX_SIZE];

    digest_sha256_hex(payload, strlen(payload), digest);
    json_begin_object(out, NULL);
    json_add_time(out, "CreatedDate", m->created_at);
    json_add_str(out, "Destination", m->destination);
    json_add_str(out, "MessageId", m->id);
    if (m->filled != NULL) {
        json_add_raw(out, "Payload", "");
        message_form_add(m->filled, out->buf);
    } else {
        json_add_str(out, "Payload", payload);
    }
    json_add_str(out, "PayloadDigest", digest);
    json_add_str(out, "Topic", m->topic);
    json_end_object(out);
}

int message_answer_make(struct arena *arena, const char *destination, const char *request_id,
                        const struct message *messages, size_t n, const char **ret_body,
                        struct err *err)
{
    struct json_out out;
    struct buf buf;
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += messages[i].filled != NULL ? messages[i].filled->len : strlen(messages[i].payload);
    buf_init(&buf, MESSAGE_ANSWER_MAX);
    buf_expect(&buf, len + len / 2 + (n + 1) * 512); /* with its backslashes */
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "Destination", destination);
    json_add_str(&out, "MessagesRequestId", request_id);
    json_begin_array(&out, "Messages");
    for (size_t i = 0; i < n; i++)
        add_message(&out, &messages[i]);
    json_end_array(&out);
    json_end_object(&out);
    return finish(arena, &buf, "answer to a poll", ret_body, err);
}

/* False: it is left out. */
static bool take_message(struct arena *arena, const struct cJSON *json, struct message *m)
{
    const char *sent = json_str(json, "PayloadDigest");
    char digest[DIGEST_HEX_SIZE];

    *m = (struct message){
        .id = arena_str(arena, json_str(json, "MessageId")),
        .destination = arena_str(arena, json_str(json, "Destination")),
        .topic = arena_str(arena, json_str(json, "Topic")),
        .payload = arena_str(arena, json_str(json, "Payload")),
    };
    if (m->id == NULL || m->destination == NULL || m->topic == NULL || m->payload == NULL ||
        timestamp_parse_rfc3339(json_str(json, "CreatedDate"), &m->created_at) < 0)
        return false;
    digest_sha256_hex(m->payload, strlen(m->payload), digest);
    return str_eq(sent, digest);
}

int message_answer_parse(struct arena *arena, const char *body, size_t len,
                         struct message **ret_messages, size_t *ret_n, struct err *err)
{
    const struct json_limits limits = {.depth = 8, .nodes = 1000};
    const struct cJSON *array;
    struct message *messages;
    struct cJSON *json = NULL;
    size_t n = 0;
    int rc;

    if (len > MESSAGE_ANSWER_MAX)
        return err_set(err, ERR_INVALID, "answer to a poll: over %d bytes", MESSAGE_ANSWER_MAX);
    rc = json_parse(body, len, &limits, &json, err);
    if (rc < 0)
        return err_wrap(err, "answer to a poll");
    array = json_array(json, "Messages");
    messages = arena_array(arena, MESSAGES_MAX, sizeof(*messages));
    for (const struct cJSON *i = json_first(array); i != NULL && n < MESSAGES_MAX; i = json_next(i))
        n += take_message(arena, i, &messages[n]);
    json_free(json);
    *ret_messages = messages;
    *ret_n = n;
    return 0;
}
