/* message_start: see message_start.h. */
#include "lib/ssm/message_start.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

#define BODY_MAX 4096
#define WHY_MAX 500
#define RECORD_MAX (INT64_C(1) << 52)

static const struct json_limits limits = {.depth = 3, .nodes = 64};

static int finish(struct arena *arena, struct json_out *out, const char **ret_body, struct err *err)
{
    struct buf *buf = out->buf;
    int rc = 0;

    json_end_object(out);
    if (buf->overflow)
        rc = err_set(err, ERR_INVALID, "question for a permit: over %d bytes", BODY_MAX);
    else
        *ret_body = arena_strn(arena, buf_str(buf), buf->len);
    buf_deinit(buf);
    return rc;
}

int message_start_make(struct arena *arena, const struct message_start *s, const char **ret_body,
                       struct err *err)
{
    struct json_out out;
    struct buf buf;

    buf_init(&buf, BODY_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "CommandId", s->command_id);
    json_add_str(&out, "Nonce", s->nonce);
    json_add_str(&out, "JournalId", s->journal_id);
    json_add_str(&out, "BootId", s->boot_id);
    json_add_int(&out, "RecordNumber", s->record_number);
    json_add_int(&out, "Protocol", s->protocol);
    message_floor_add(&out, s->floors, s->n_floors);
    return finish(arena, &out, ret_body, err);
}

static int take(struct arena *arena, const struct cJSON *json, struct message_start *s,
                struct err *err)
{
    const struct {
        const char *key;
        const char **to;
    } ids[] = {
        {"CommandId", &s->command_id},
        {"Nonce", &s->nonce},
        {"JournalId", &s->journal_id},
        {"BootId", &s->boot_id},
    };

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        *ids[i].to = arena_str(arena, json_str(json, ids[i].key));
        if (!names_is_uuid(*ids[i].to))
            return err_set(err, ERR_INVALID, "question for a permit: %s is no UUID", ids[i].key);
    }
    if (!json_int(json, "RecordNumber", &s->record_number) || s->record_number < 0 ||
        s->record_number > RECORD_MAX)
        return err_set(err, ERR_INVALID, "question for a permit: RecordNumber is odd");
    if (!json_int(json, "Protocol", &s->protocol) || s->protocol < 0)
        return err_set(err, ERR_INVALID, "question for a permit: Protocol is odd");
    return message_floor_take(arena, json, &s->floors, &s->n_floors, err) < 0
               ? err_wrap(err, "question for a permit")
               : 0;
}

int message_start_parse(struct arena *arena, const char *body, size_t len,
                        struct message_start *ret_start, struct err *err)
{
    struct message_start start = {.nonce = NULL};
    struct cJSON *json = NULL;
    int rc;

    if (len > BODY_MAX)
        return err_set(err, ERR_INVALID, "question for a permit: over %d bytes", BODY_MAX);
    rc = json_parse(body, len, &limits, &json, err);
    if (rc < 0)
        return err_wrap(err, "question for a permit");
    rc = take(arena, json, &start, err);
    json_free(json);
    if (rc == 0)
        *ret_start = start;
    return rc;
}

int message_start_answer_make(struct arena *arena, const char *nonce, const char *why,
                              const char **ret_body, struct err *err)
{
    struct json_out out;
    struct buf buf;

    buf_init(&buf, BODY_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_bool(&out, "Permit", why == NULL);
    json_add_str(&out, "Nonce", nonce);
    if (why != NULL)
        json_add_str(&out, "Why", why);
    return finish(arena, &out, ret_body, err);
}

int message_start_answer_parse(struct arena *arena, const char *body, size_t len, const char *nonce,
                               const char **ret_why, struct err *err)
{
    struct cJSON *json = NULL;
    const char *why;
    bool permit = false;
    int rc;

    if (len > BODY_MAX)
        return err_set(err, ERR_INVALID, "answer about a permit: over %d bytes", BODY_MAX);
    rc = json_parse(body, len, &limits, &json, err);
    if (rc < 0)
        return err_wrap(err, "answer about a permit");
    why = json_str(json, "Why");
    if (!json_bool(json, "Permit", &permit) || (permit && why != NULL))
        rc = err_set(err, ERR_INVALID, "answer about a permit: neither yes nor no");
    else if (!str_eq(json_str(json, "Nonce"), nonce))
        rc = err_set(err, ERR_INVALID, "answer about a permit: it is to another question");
    else if (permit)
        *ret_why = NULL;
    else
        *ret_why = why != NULL ? str_clean(arena, why, strlen(why), WHY_MAX)
                               : "the server gave no permit, and no reason";
    json_free(json);
    return rc;
}
