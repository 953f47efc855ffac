/*
 * message_form: what is the same in the messages of many hosts.
 *
 * The commands of a job differ by their ids, envelopes and signatures alone. Its document stands in each message twice,
 * and as a text within a text: here it is written once, with and without the backslashes that this takes, and of each
 * host only what is its own is put between. The one place that knows a payload's members. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_MESSAGE_FORM_H
#define SLIPWAY_LIB_SSM_MESSAGE_FORM_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

struct message_command;

struct message_form_piece {
    const char *text;
    size_t len;
    const char *escaped; /* the same as it stands in a JSON text, without quotes */
    size_t escaped_len;
};

/*
 *      head COMMAND middle                          end
 *      head COMMAND middle  protocol ... signature  ours    with an envelope
 */
struct message_form {
    struct message_form_piece head, middle, end, ours;
};

/* A payload, and where in it that stands which other hosts have otherwise. */
struct message_form_filled {
    const char *payload;
    size_t len;
    const struct message_form *form;
    size_t id_len;
    size_t own_at, own_len; /* behind the middle; 0 = nothing */
};

/* Of a command its ids, envelope, signature and protocol are not looked at. */
void message_form_make(struct arena *arena, const struct message_command *command,
                       struct message_form *ret_form);
/* Of the command these alone are. ERR_INVALID: over MESSAGE_PAYLOAD_MAX. */
int message_form_fill(struct arena *arena, const struct message_form *form,
                      const struct message_command *command, struct message_form_filled *ret_filled,
                      struct err *err);
/* The payload as a JSON text, with quotes. */
void message_form_add(const struct message_form_filled *filled, struct buf *buf);

#endif
