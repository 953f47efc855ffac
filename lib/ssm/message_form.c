/* message_form: see message_form.h. Source: ssm-wire.md 12.1. */
#include "lib/ssm/message_form.h"

#include <string.h>

#include "lib/base/json.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message.h"

#define OWN_USUAL 1024 /* bytes */
#define UNBOUNDED                                                                                  \
    ((size_t)16 * MESSAGE_PAYLOAD_MAX) /* what is too long is told when it is filled */

static void take_piece(struct arena *arena, struct buf *buf, const char *end,
                       struct message_form_piece *ret_piece)
{
    struct buf escaped;

    buf_adds(buf, end);
    buf_init(&escaped, UNBOUNDED);
    json_escape(&escaped, buf_str(buf), buf->len);
    *ret_piece = (struct message_form_piece){
        .text = arena_strn(arena, buf_str(buf), buf->len),
        .len = buf->len,
        .escaped = arena_strn(arena, buf_str(&escaped), escaped.len),
        .escaped_len = escaped.len,
    };
    buf_deinit(&escaped);
    buf_reset(buf);
}

void message_form_make(struct arena *arena, const struct message_command *c,
                       struct message_form *ret_form)
{
    struct message_form *f = ret_form;
    struct json_out out;
    struct buf buf;

    buf_init(&buf, UNBOUNDED);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_raw(&out, "Parameters", c->parameters != NULL ? c->parameters : "{}");
    json_add_raw(&out, "DocumentContent", c->document);
    take_piece(arena, &buf, ",\"CommandId\":\"", &f->head);

    buf_adds(&buf, "\"");
    json_add_str(&out, "DocumentName", c->document_name);
    json_add_str(&out, "OutputS3KeyPrefix", "");
    json_add_str(&out, "OutputS3BucketName", "");
    json_add_str(&out, "CloudWatchLogGroupName", "");
    json_add_str(&out, "CloudWatchOutputEnabled", "false");
    take_piece(arena, &buf, "", &f->middle);
    take_piece(arena, &buf, "}", &f->end);

    json_add_str(&out, "Document", c->document);
    if (c->parameters != NULL)
        json_add_str(&out, "Parameters", c->parameters);
    if (c->redact != NULL)
        json_add_str(&out, "Redact", c->redact);
    take_piece(arena, &buf, "}}", &f->ours);
    buf_deinit(&buf);
}

static void add(struct buf *buf, const struct message_form_piece *piece)
{
    buf_add(buf, piece->text, piece->len);
}

static void add_own(struct buf *buf, const struct message_command *c)
{
    struct json_out out;

    buf_adds(buf, ",\"Slipway\":");
    json_out_init(&out, buf);
    json_begin_object(&out, NULL);
    json_add_int(&out, "Protocol", c->protocol != 0 ? c->protocol : ENVELOPE_PROTOCOL);
    json_add_str(&out, "Envelope", c->envelope);
    json_add_str(&out, "Signature", c->signature);
}

int message_form_fill(struct arena *arena, const struct message_form *form,
                      const struct message_command *c, struct message_form_filled *ret_filled,
                      struct err *err)
{
    struct message_form_filled *f = ret_filled;
    struct buf buf;
    int rc = 0;

    *f = (struct message_form_filled){.form = form};
    buf_init(&buf, MESSAGE_PAYLOAD_MAX);
    buf_expect(&buf, form->head.len + form->middle.len + form->ours.len + OWN_USUAL);
    add(&buf, &form->head);
    buf_adds(&buf, c->command_id);
    f->id_len = buf.len - form->head.len;
    add(&buf, &form->middle);
    if (c->envelope != NULL) {
        f->own_at = buf.len;
        add_own(&buf, c);
        f->own_len = buf.len - f->own_at;
    }
    add(&buf, c->envelope != NULL ? &form->ours : &form->end);
    if (buf.overflow)
        rc = err_set(err, ERR_INVALID, "payload of a command: over %zu bytes", buf.max);
    else
        f->payload = arena_strn(arena, buf_str(&buf), f->len = buf.len);
    buf_deinit(&buf);
    return rc;
}

static void add_escaped(struct buf *buf, const struct message_form_piece *piece)
{
    buf_add(buf, piece->escaped, piece->escaped_len);
}

void message_form_add(const struct message_form_filled *f, struct buf *buf)
{
    const struct message_form *form = f->form;

    buf_adds(buf, "\"");
    add_escaped(buf, &form->head);
    json_escape(buf, f->payload + form->head.len, f->id_len);
    add_escaped(buf, &form->middle);
    json_escape(buf, f->payload + f->own_at, f->own_len);
    add_escaped(buf, f->own_len != 0 ? &form->ours : &form->end);
    buf_adds(buf, "\"");
}
