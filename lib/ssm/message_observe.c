/* message_observe: see message_observe.h. */
#include "lib/ssm/message_observe.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"

#define BODY_MAX (200 * 1024)
#define VERSION_MAX 64
#define RECORD_MAX (INT64_C(1) << 52)

int message_observe_make(struct arena *arena, const struct message_observe *o,
                         const char **ret_body, struct err *err)
{
    struct json_out out;
    struct buf buf;
    int rc = 0;

    buf_init(&buf, BODY_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "JournalId", o->journal_id);
    json_add_str(&out, "BootId", o->boot_id);
    json_add_int(&out, "RecordNumber", o->record_number);
    json_add_int(&out, "Protocol", o->protocol);
    json_add_str(&out, "AgentVersion", o->agent_version);
    if (o->key != NULL)
        json_add_str(&out, "Key", o->key);
    if (o->heard != NULL)
        json_add_str(&out, "Heard", o->heard);
    json_begin_array(&out, "Open");
    for (size_t i = 0; i < o->n_open && i < MESSAGE_OBSERVE_OPEN_MAX; i++) {
        json_begin_object(&out, NULL);
        json_add_str(&out, "CommandId", o->open[i].command_id);
        json_add_str(&out, "State", message_reply_state_text(o->open[i].state));
        json_end_object(&out);
    }
    json_end_array(&out);
    message_floor_add(&out, o->floors, o->n_floors);
    if (o->strict) {
        json_begin_array(&out, "Strict");
        for (size_t i = 0; i < o->n_documents && i < MESSAGE_OBSERVE_DOCUMENTS_MAX; i++)
            json_add_str(&out, NULL, o->documents[i]);
        json_end_array(&out);
    }
    json_end_object(&out);
    if (buf.overflow)
        rc = err_set(err, ERR_INVALID, "observation: over %d bytes", BODY_MAX);
    else
        *ret_body = arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return rc;
}

static int state_of(const char *text)
{
    for (int i = MESSAGE_REPLY_ACCEPTED; i < MESSAGE_REPLY_STATES_COUNT; i++) {
        if (str_eq(text, message_reply_state_text((enum message_reply_state)i)))
            return i;
    }
    return -1;
}

static int take_open(struct arena *arena, const struct cJSON *array, struct message_observe *o,
                     struct err *err)
{
    if (json_count(array) > MESSAGE_OBSERVE_OPEN_MAX)
        return err_set(err, ERR_INVALID, "observation: over %d open commands",
                       MESSAGE_OBSERVE_OPEN_MAX);
    o->open = arena_array(arena, json_count(array), sizeof(*o->open));
    for (const struct cJSON *i = json_first(array); i != NULL; i = json_next(i)) {
        const char *id = json_str(i, "CommandId");
        int state = state_of(json_str(i, "State"));

        if (!names_is_uuid(id) || state < 0)
            return err_set(err, ERR_INVALID, "observation: an open command is odd");
        o->open[o->n_open++] =
            (struct message_observe_command){.command_id = arena_str(arena, id),
                                             .state = (enum message_reply_state)state};
    }
    return 0;
}

static int take_documents(struct arena *arena, const struct cJSON *array, struct message_observe *o,
                          struct err *err)
{
    o->strict = array != NULL;
    if (json_count(array) > MESSAGE_OBSERVE_DOCUMENTS_MAX)
        return err_set(err, ERR_INVALID, "observation: over %d documents",
                       MESSAGE_OBSERVE_DOCUMENTS_MAX);
    o->documents = arena_array(arena, json_count(array), sizeof(*o->documents));
    for (const struct cJSON *i = json_first(array); i != NULL; i = json_next(i)) {
        if (!names_is_hex(json_string_value(i), 64))
            return err_set(err, ERR_INVALID, "observation: a document is odd");
        o->documents[o->n_documents++] = arena_str(arena, json_string_value(i));
    }
    return 0;
}

static int take(struct arena *arena, const struct cJSON *json, struct message_observe *o,
                struct err *err)
{
    const char *version = json_str(json, "AgentVersion");
    unsigned char raw[SIGN_PUBLIC_SIZE];
    int rc;

    o->journal_id = arena_str(arena, json_str(json, "JournalId"));
    o->boot_id = arena_str(arena, json_str(json, "BootId"));
    if (!names_is_uuid(o->journal_id) || !names_is_uuid(o->boot_id))
        return err_set(err, ERR_INVALID, "observation: JournalId or BootId is no UUID");
    if (!json_int(json, "RecordNumber", &o->record_number) || o->record_number < 0 ||
        o->record_number > RECORD_MAX)
        return err_set(err, ERR_INVALID, "observation: RecordNumber is odd");
    if (!json_int(json, "Protocol", &o->protocol) || o->protocol < 0)
        return err_set(err, ERR_INVALID, "observation: Protocol is odd");
    o->key = arena_str(arena, json_str(json, "Key"));
    if (o->key != NULL &&
        digest_unbase64url(o->key, strlen(o->key), raw, sizeof(raw)) != (int)sizeof(raw))
        return err_set(err, ERR_INVALID, "observation: Key is odd");
    o->heard = arena_str(arena, json_str(json, "Heard"));
    if (o->heard != NULL && strlen(o->heard) >= MESSAGE_OBSERVE_HEARD_SIZE)
        return err_set(err, ERR_INVALID, "observation: Heard is too long");
    o->agent_version =
        version != NULL ? str_clean(arena, version, strlen(version), VERSION_MAX) : "";
    rc = take_open(arena, json_array(json, "Open"), o, err);
    if (rc == 0 && message_floor_take(arena, json, &o->floors, &o->n_floors, err) < 0)
        rc = err_wrap(err, "observation");
    return rc < 0 ? rc : take_documents(arena, json_array(json, "Strict"), o, err);
}

int message_observe_parse(struct arena *arena, const char *body, size_t len,
                          struct message_observe *ret_observe, struct err *err)
{
    const struct json_limits limits = {.depth = 4, .nodes = 8000};
    struct message_observe observe = {.n_open = 0};
    struct cJSON *json = NULL;
    int rc = json_parse(body, len, &limits, &json, err);

    if (rc < 0)
        return err_wrap(err, "observation");
    rc = take(arena, json, &observe, err);
    json_free(json);
    if (rc == 0)
        *ret_observe = observe;
    return rc;
}
