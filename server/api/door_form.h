/*
 * door_form: the document that many hosts are told, as their messages have it, made once (decision 110).
 *
 * The last one is kept: a thousand hosts ask for the same within a second. Any thread.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_FORM_H
#define SLIPWAY_SERVER_API_DOOR_FORM_H

struct door_form;
struct door_form_keep;
struct message_command;
struct message_form;

struct door_form_keep *door_form_keep_new(void);
void door_form_keep_free(
    struct door_form_keep *forms); /* nobody holds one any more; accepts NULL */

/* Held until it is let go. Of the command its document, parameters and patterns are looked at. */
struct door_form *door_form_of(struct door_form_keep *forms, const struct message_command *command);
const struct message_form *door_form_text(const struct door_form *form);
void door_form_let_go(struct door_form *form); /* accepts NULL */

#endif
