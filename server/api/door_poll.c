/* door_poll: see door_poll.h. */
#include "server/api/door_poll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_cancel.h"
#include "lib/ssm/message_form.h"
#include "lib/store/store_ask.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "server/api/api.h"
#include "server/api/door.h"
#include "server/api/door_bell.h"
#include "server/api/door_form.h"
#include "server/api/door_gift.h"
#include "server/api/door_offering.h"
#include "server/flow/redaction.h"

#define RETRY_MS 1000 /* after what could not be asked of the store */
#define REQUEST_ID_MAX 128
#define NAME_SIZE 65

/* Ten thousand of them wait: this is all that one keeps, on the heap; the request's arena is given back. */
struct poll {
    struct door_call call; /* its `own` is the poll */
    char host_name[NAME_SIZE];
    struct door_bell_waiter waiter; /* in the bell, until it is over */
    struct door_offering_place place;
    mono_ms deadline;
    char answer_to[REQUEST_ID_MAX + 1]; /* MessagesRequestId */
};

void door_poll_end(struct door_call *call)
{
    struct poll *poll = call->own;

    if (call->operation == NULL || call->operation->handler != door_poll_messages || poll == NULL)
        return;
    door_bell_leave(door_own_bell(call->door), &poll->waiter);
    door_gift_free(
        poll->waiter.gifts); /* of one that hung up: offered again when their time is over */
    free(poll);
}

/* Answering ----------------------------------------------------------------------------------- */

/* An answer that is being made. What its messages are made of is held until it is. */
struct telling {
    struct door_call *call;
    struct message *messages;
    size_t n;
    struct door_form **forms;
    size_t n_forms;
};

static void say_not_told(const struct telling *t, const char *command_id, const struct err *err)
{
    log_error("command.not-told", "command=%s host=%s err=%s", command_id, LOG(t->call->host.name),
              LOG(err->text));
}

/* What cannot be told is left out, and said: an error would count against the server (ssm-wire.md 10). */
static void add_message(struct telling *t, const struct door_form *form,
                        const struct message_command *command, time_ms at)
{
    const struct door_call *call = t->call;
    struct arena *arena = call->request->arena;
    struct message_form_filled *filled = arena_alloc(arena, sizeof(*filled));
    char *id = arena_alloc(arena, MESSAGE_ID_SIZE);
    struct err err = ERR_INIT;

    message_id_make(command->command_id, call->host.id, id);
    t->messages[t->n] = (struct message){
        .id = id,
        .destination = call->host.id,
        .topic = MESSAGE_TOPIC_SEND,
        .filled = filled,
        .created_at = at,
    };
    if (message_form_fill(arena, door_form_text(form), command, filled, &err) == 0)
        t->n++;
    else
        say_not_told(t, command->command_id, &err);
}

static void add_gift(struct telling *t, const struct door_gift *gift)
{
    const struct message_command command = {.command_id = gift->command_id,
                                            .envelope = gift->envelope,
                                            .signature = gift->signature,
                                            .protocol = t->call->host.protocol};

    add_message(t, gift->form, &command, gift->at);
}

/* The patterns that its envelope names. */
static int find_redact(const struct door_call *call, const char *envelope, const char **ret_text,
                       struct err *err)
{
    struct api *api = call->request->api;
    struct redaction found = {.text = NULL};
    struct db *db;
    int rc;

    *ret_text = NULL;
    if (!redaction_is_named(envelope))
        return 0;
    rc = db_pool_take(api->readers, &db, err);
    if (rc < 0)
        return rc;
    rc = redaction_find(db, call->request->arena, envelope, &found, ret_text, err);
    db_pool_give(api->readers, db);
    return rc;
}

static void add_offer(struct telling *t, const struct offer *offer, time_ms at)
{
    const struct invocation *i = &offer->invocation;
    struct message_command command = {
        .command_id = i->command_id,
        .document_name = offer->document_name,
        .document = offer->content,
        .envelope = *i->envelope != '\0' ? i->envelope : NULL, /* none for another agent */
        .signature = i->signature,
        .protocol = t->call->host.protocol,
        .parameters = offer->parameters,
    };
    struct err err = ERR_INIT;

    if (find_redact(t->call, i->envelope, &command.redact, &err) < 0) {
        say_not_told(t, i->command_id, &err);
        return;
    }
    t->forms[t->n_forms] = door_form_of(door_own_forms(t->call->door), &command);
    add_message(t, t->forms[t->n_forms++], &command, at);
}

/* The word to end a command that was handed out before (P6). */
static void add_cancel(struct telling *t, const struct cancel_offer *offer)
{
    const struct door_call *call = t->call;
    struct arena *arena = call->request->arena;
    char *id = arena_alloc(arena, MESSAGE_ID_SIZE);

    message_id_make(offer->cancel_id, call->host.id, id);
    t->messages[t->n++] = (struct message){
        .id = id,
        .destination = call->host.id,
        .topic = MESSAGE_TOPIC_CANCEL,
        .payload = message_cancel_make(arena, offer->command_id, call->host.id),
        .created_at = offer->asked_at,
    };
}

static enum request_next answer(struct door_call *call, struct reply *reply)
{
    struct poll *poll = call->own;
    const struct door_offering_place *place = &poll->place;
    struct arena *arena = call->request->arena;
    struct door_gift *gifts = door_bell_take(door_own_bell(call->door), &poll->waiter);
    size_t most = place->n_cancels + place->n + DOOR_BELL_GIFTS;
    struct telling t = {.call = call,
                        .messages = arena_array(arena, most, sizeof(*t.messages)),
                        .forms = arena_array(arena, most, sizeof(struct door_form *))};
    struct err err = ERR_INIT;
    const char *body = "";

    for (size_t i = 0; i < place->n_cancels; i++)
        add_cancel(&t, &place->cancels[i]);
    for (size_t i = 0; i < place->n; i++)
        add_offer(&t, &place->offers[i], place->at);
    for (const struct door_gift *gift = gifts; gift != NULL; gift = gift->next)
        add_gift(&t, gift);
    if (message_answer_make(arena, call->host.id, poll->answer_to, t.messages, t.n, &body, &err) <
        0) {
        log_error("command.not-told", "host=%s err=%s", LOG(call->host.name), LOG(err.text));
        (void)message_answer_make(arena, call->host.id, poll->answer_to, NULL, 0, &body, &err);
    }
    for (size_t i = 0; i < t.n_forms; i++)
        door_form_let_go(t.forms[i]);
    door_gift_free(gifts);
    return door_call_answer(call, reply, body);
}

static enum request_next answer_nothing(struct door_call *call, struct reply *reply)
{
    struct poll *poll = call->own;

    poll->place.n = poll->place.n_cancels = 0;
    return answer(call, reply);
}

/* Waiting ------------------------------------------------------------------------------------- */

static enum request_next look(struct request *request, struct reply *reply);

/* Nobody waits for it any more, or not here. */
static bool is_sent_home(const struct poll *poll)
{
    return atomic_load(&poll->waiter.superseded) || request_is_stopping(poll->waiter.request);
}

/* An agent that gets errors soon, ten in a row, pauses for a quarter of an hour (ssm-wire.md 10): what cannot be told
 * now is asked again later, and in the end answered as if there were nothing. */
static enum request_next wait_for(struct door_call *call, bool failed)
{
    struct request *request = call->request;
    const struct poll *poll = call->own;
    mono_ms until = poll->deadline;

    if (failed) {
        mono_ms soon = clock_mono(request->api->clock) + RETRY_MS;

        until = soon < until ? soon : until;
    }
    request_drop_memory(request); /* what this look allocated */
    request_then(request, look);
    request_wake_at(request, until);
    return REQUEST_WAITS;
}

/* Offering ------------------------------------------------------------------------------------ */

static void say_offered(const struct door_call *call, const struct door_offering_place *place)
{
    for (size_t i = 0; i < place->n; i++)
        log_notice("command.offered", "command=%s host=%s document=%s again=%d",
                   place->offers[i].invocation.command_id, LOG(call->host.name),
                   LOG(place->offers[i].document_name),
                   place->offers[i].invocation.offered_at != 0);
    for (size_t i = 0; i < place->n_cancels; i++)
        log_notice("command.cancel-offered", "command=%s host=%s", place->cancels[i].command_id,
                   LOG(call->host.name));
}

static enum request_next offered(struct request *request, struct reply *reply)
{
    struct door_call *call = request->state;
    struct poll *poll = call->own;
    struct door_offering_place *place = &poll->place;

    if (!atomic_load(&place->done))
        return REQUEST_WAITS; /* rung or stopped meanwhile: the commit is still under way */
    if (place->n + place->n_cancels > 0) {
        say_offered(call, place);
        return answer(call, reply);
    }
    if (is_sent_home(poll) || clock_mono(request->api->clock) >= poll->deadline)
        return answer_nothing(call, reply);
    if (place->rc < 0)
        return wait_for(call, true);
    return look(request, reply); /* somebody else took it */
}

/* On the http thread: is there anything? Without a write, for the many that find nothing. */
static int has_work(struct door_call *call, bool *ret_has, struct err *err)
{
    struct api *api = call->request->api;
    const struct poll *poll = call->own;
    time_ms now = clock_now(api->clock);
    struct cancel_offer *cancels;
    struct offer *offers;
    const char **asks;
    struct db *db;
    size_t n = 0, n_cancels = 0;
    int rc = db_pool_take(api->readers, &db, err);

    if (rc < 0)
        return rc;
    if (poll->place.room)
        rc = store_offer_list(db, call->request->arena, call->host.id, now, 1, &offers, &n, err);
    if (rc == 0 && n == 0)
        rc = store_cancel_offers(db, call->request->arena, call->host.id, now, 1, &cancels,
                                 &n_cancels, err);
    if (rc == 0 && poll->place.room && n + n_cancels == 0)
        rc = store_ask_list(db, call->request->arena, call->host.id, now, 1, &asks, &n, err);
    db_pool_give(api->readers, db);
    *ret_has = n + n_cancels > 0;
    return rc;
}

/* At the beginning, at each ring, at the end of the time. Who rings knows that there is something. */
static enum request_next look(struct request *request, struct reply *reply)
{
    struct door_call *call = request->state;
    struct poll *poll = call->own;
    bool has = atomic_exchange(&poll->waiter.rung, false);
    struct err err = ERR_INIT;
    int rc = 0;

    if (is_sent_home(poll) || door_bell_was_handed(door_own_bell(call->door), &poll->waiter))
        return answer_nothing(call, reply); /* but for what it was handed */
    if (!has)
        rc = has_work(call, &has, &err);
    if (rc == 0 && has) {
        request_then(request, offered);
        rc = door_offering_join(door_own_offering(call->door), request->api, &poll->place, &err);
        if (rc == 0)
            return REQUEST_WAITS;
    }
    if (clock_mono(request->api->clock) >= poll->deadline)
        return answer_nothing(call, reply);
    if (rc < 0)
        log_warning("poll.put-off", "host=%s err=%s", LOG(call->host.name), LOG(err.text));
    return wait_for(call, rc < 0);
}

enum request_next door_poll_put_off(struct door_call *call, struct reply *reply, request_fn *again)
{
    struct request *request = call->request;
    mono_ms now = clock_mono(request->api->clock);
    struct err err = ERR_INIT;
    const char *body = "{}";

    if (call->put_off_until == 0) {
        call->put_off_until = now + door_hold_ms(call->door);
        log_warning("poll.put-off", "peer=%s err=%s", LOG(request->peer.address),
                    LOG(call->err.text));
    }
    if (now >= call->put_off_until || request_is_stopping(request)) {
        (void)message_answer_make(request->arena, "", "", NULL, 0, &body, &err);
        return door_call_answer(call, reply, body);
    }
    request_then(request, again);
    request_wake_at(request,
                    now + RETRY_MS < call->put_off_until ? now + RETRY_MS : call->put_off_until);
    return REQUEST_WAITS;
}

/* From here on nothing of it lies in the request's arena. */
static struct poll *poll_new(struct door_call *call, const char *answer_to)
{
    struct poll *poll = calloc(1, sizeof(*poll));
    struct host *host;

    if (poll == NULL)
        abort();
    poll->call = *call;
    poll->call.json = NULL;
    poll->call.own = poll;
    host = &poll->call.host;
    *host = (struct host){.state = host->state, .protocol = host->protocol};
    memcpy(host->id, call->host.id, sizeof(host->id));
    snprintf(poll->host_name, sizeof(poll->host_name), "%s", call->host.name);
    host->name = poll->host_name;
    snprintf(poll->answer_to, sizeof(poll->answer_to), "%s", answer_to);
    json_free(call->json);
    call->json = NULL;
    call->request->state = &poll->call;
    return poll;
}

enum request_next door_poll_messages(struct door_call *call, struct reply *reply)
{
    struct request *request = call->request;
    bool has_room;
    const char *answer_to;
    struct poll *poll;
    int64_t room;

    if (!str_eq(json_str(call->json, "Destination"), call->host.id))
        return door_call_refuse(call, reply, "InvalidDestinationException",
                                "Destination must be the caller's own id");
    if (!door_call_text(call, "MessagesRequestId", REQUEST_ID_MAX, &answer_to))
        return door_call_refuse(call, reply, "ValidationException",
                                "MessagesRequestId is a text of at most 128 bytes");
    has_room = !json_int(call->json, "SlipwayRoom", &room) || room != 0;
    poll = poll_new(call, answer_to);
    poll->deadline = clock_mono(request->api->clock) +
                     (has_room ? door_hold_ms(poll->call.door) : DOOR_POLL_NO_ROOM_MS);
    poll->place.room = poll->waiter.takes = has_room;
    poll->place.request = poll->waiter.request = request;
    memcpy(poll->place.host_id, poll->call.host.id, sizeof(poll->place.host_id));
    memcpy(poll->waiter.host_id, poll->call.host.id, sizeof(poll->waiter.host_id));
    request_drop_memory(request); /* the call as it came is gone, too */
    door_bell_wait(door_own_bell(poll->call.door), &poll->waiter);
    return look(request, reply);
}
