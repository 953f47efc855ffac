/* door_reply: see door_reply.h. */
#include "server/api/door_reply.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_output.h"
#include "lib/ssm/message_reply.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "lib/store/store_reply.h"
#include "server/api/api.h"
#include "server/api/api_events.h"
#include "server/api/door_hide.h"

#define ID_MAX 128

/* One word about one command. */
struct word {
    char command_id[37];
    const char *reply_id;
    const char *payload;
    struct output_chunk *chunks;
    struct output_chunk *hidden; /* what they are alone; NULL = nothing is hidden */
    size_t n_chunks;
};

/* Somebody speaks for a host that he is not. */
static enum request_next refuse_cross_post(struct door_call *call, struct reply *reply,
                                           const char *message_id)
{
    log_error("door.cross-post", "host=%s id=%s message=%s peer=%s", LOG(call->host.name),
              call->host.id, LOG(message_id), LOG(call->request->peer.address));
    return door_call_refuse(call, reply, "InvalidMessageIdException",
                            "that message is another host's");
}

/* The word with its command from MessageId. NULL: refused, `*ret_next` is the answer. */
static struct word *word_new(struct door_call *call, struct reply *reply,
                             enum request_next *ret_next)
{
    const char *id = json_str(call->json, "MessageId");
    struct word *word = arena_alloc(call->request->arena, sizeof(*word));
    char host_id[21];

    if (!message_id_parse(id, word->command_id, host_id)) {
        *ret_next = door_call_refuse(call, reply, "InvalidMessageIdException",
                                     "MessageId must be aws.ssm.COMMAND.NODE");
        return NULL;
    }
    if (strcmp(host_id, call->host.id) != 0) {
        *ret_next = refuse_cross_post(call, reply, id);
        return NULL;
    }
    call->own = word;
    return word;
}

/* ERR_NOT_FOUND becomes the caller's mistake. */
static int check_command(struct db *db, struct door_call *call, const char *command_id,
                         const char *refusal, struct err *err)
{
    struct invocation invocation;
    int rc = store_command_invocation(db, call->request->arena, command_id, call->host.id,
                                      &invocation, err);

    if (rc == ERR_NOT_FOUND)
        call->refusal = refusal;
    return rc;
}

/* A word about a command that nobody knows any more, pruned or of a store before this one: Amazon's agent sends it
 * again every five minutes for two hours, keeps what it has to say of others behind it, and counts each refusal until it
 * sleeps. So it is thanked, and nothing is kept. Our own agent knows what to do with the refusal. */
static int check_word(struct db *db, struct door_call *call, const char *command_id,
                      bool *ret_is_of_nothing, struct err *err)
{
    bool exists = true;
    int rc = check_command(db, call, command_id, "InvalidMessageIdException", err);

    *ret_is_of_nothing = false;
    if (rc != ERR_NOT_FOUND || call->host.protocol != 0 ||
        store_command_exists(db, command_id, &exists, err) < 0 || exists)
        return rc;
    log_warning("reply.of-nothing", "command=%s host=%s err=%s", command_id, LOG(call->host.name),
                LOG("nobody knows that command any more; what its host said is dropped"));
    call->refusal = NULL;
    *ret_is_of_nothing = true;
    return 0;
}

/* Is it the message that asked the host to end a command? It is taken by any word about it, and what became of
 * the command is said of the command (ssm-wire.md 11). */
static int take_cancel(struct db *db, struct door_call *call, const char *id, bool *ret_was_one,
                       struct err *err)
{
    int rc = store_cancel_is_known(db, id, call->host.id, ret_was_one, err);

    return rc < 0 || !*ret_was_one ? rc : store_cancel_taken(db, id, call->host.id, call->now, err);
}

/* Acknowledgement ----------------------------------------------------------------------------- */

static int write_acknowledged(struct db *db, struct door_call *call, struct err *err)
{
    const struct word *word = call->own;
    bool was_cancel = false, is_of_nothing = false;
    int rc = take_cancel(db, call, word->command_id, &was_cancel, err);

    if (rc == 0 && !was_cancel)
        rc = check_word(db, call, word->command_id, &is_of_nothing, err);
    if (rc < 0 || was_cancel || is_of_nothing)
        return rc;
    rc = store_offer_acknowledged(db, word->command_id, call->host.id, call->now, err);
    return rc == ERR_CONFLICT ? 0 : rc; /* again */
}

enum request_next door_reply_acknowledge(struct door_call *call, struct reply *reply)
{
    enum request_next next = REQUEST_DONE;

    if (word_new(call, reply, &next) == NULL)
        return next;
    return door_call_write(call, reply, write_acknowledged, door_call_done_and_ring);
}

/* Replies ------------------------------------------------------------------------------------- */

static int write_reply(struct db *db, struct door_call *call, struct err *err)
{
    const struct word *word = call->own;
    bool known, was_cancel = false, is_of_nothing = false;
    int rc = take_cancel(db, call, word->command_id, &was_cancel, err);

    if (rc == 0 && !was_cancel)
        rc = check_word(db, call, word->command_id, &is_of_nothing, err);
    if (rc < 0 || was_cancel || is_of_nothing)
        return rc;
    rc = store_reply_put(db, word->reply_id, word->command_id, call->host.id, word->payload,
                         call->now, &known, err);
    if (rc == 0)
        rc = store_command_heard(db, word->command_id, call->host.id, call->now, err);
    return rc;
}

/* The host stands in front: an id that another host made can hide nothing of this one. */
static const char *own_reply_id(struct door_call *call, const char *id)
{
    return arena_printf(call->request->arena, "%s/%s", call->host.id, id);
}

enum request_next door_reply_send(struct door_call *call, struct reply *reply)
{
    const char *id = json_str(call->json, "ReplyId");
    const char *payload = json_str(call->json, "Payload");
    enum request_next next = REQUEST_DONE;
    struct word *word = word_new(call, reply, &next);

    if (word == NULL)
        return next;
    if (!names_is_guid(id) || payload == NULL || strlen(payload) > MESSAGE_REPLY_MAX)
        return door_call_refuse(call, reply, "ValidationException",
                                "ReplyId and a Payload of at most 200 KiB are expected");
    word->reply_id = own_reply_id(call, id);
    word->payload = door_hide_payload(call, payload);
    return door_call_write(call, reply, write_reply, door_call_done_and_ring);
}

/*
 * The agent could not take the message: no handler for it, or it could not be read. It is not a
 * reply of its own kind to the flow: it is stored as the reply that SSM's agents send for a
 * document they could not read. For a migrate job a person decides.
 */
enum request_next door_reply_fail(struct door_call *call, struct reply *reply)
{
    struct arena *arena = call->request->arena;
    const char *type = json_str(call->json, "FailureType");
    enum request_next next = REQUEST_DONE;
    struct word *word = word_new(call, reply, &next);

    if (word == NULL)
        return next;
    if (!str_eq(type, "InternalHandlerException") && !str_eq(type, "NoHandlerExists"))
        return door_call_refuse(call, reply, "ValidationException",
                                "FailureType is InternalHandlerException or NoHandlerExists");
    word->reply_id = own_reply_id(call, arena_printf(arena, "fail-%s", word->command_id));
    word->payload = arena_printf(
        arena,
        "{\"documentStatus\":\"Failed\",\"documentTraceOutput\":\"the agent refused it: %s\","
        "\"runtimeStatus\":{}}",
        type);
    return door_call_write(call, reply, write_reply, door_call_done_and_ring);
}

/* Nothing is deleted: the acknowledgement already ended its delivery. */
enum request_next door_reply_delete(struct door_call *call, struct reply *reply)
{
    enum request_next next = REQUEST_DONE;

    return word_new(call, reply, &next) == NULL ? next : door_call_answer(call, reply, "{}");
}

/* Output -------------------------------------------------------------------------------------- */

static int write_output(struct db *db, struct door_call *call, struct err *err)
{
    struct word *word = call->own;
    int rc = check_command(db, call, word->command_id, "InvalidCommandId", err);

    if (rc == 0)
        rc = store_command_heard(db, word->command_id, call->host.id, call->now, err);
    for (size_t i = 0; i < word->n_chunks && rc == 0; i++) {
        memcpy(word->chunks[i].host_id, call->host.id, sizeof(word->chunks[i].host_id));
        if (word->hidden != NULL)
            rc = door_hide_join(db, call, &word->hidden[i], &word->chunks[i], err);
        if (rc == 0)
            rc = store_command_chunk(db, &word->chunks[i], err);
    }
    return rc;
}

static enum request_next output_kept(struct door_call *call, struct reply *reply)
{
    const struct word *word = call->own;

    if (word->n_chunks > 0)
        api_events_publish(call->request->api->events, API_EVENTS_OUTPUT);
    return door_call_answer(call, reply, "{}");
}

enum request_next door_reply_output(struct door_call *call, struct reply *reply)
{
    struct request *request = call->request;
    struct word *word = arena_alloc(request->arena, sizeof(*word));
    struct err err = ERR_INIT;

    if (message_output_parse(request->arena, request->body, request->body_len, word->command_id,
                             &word->chunks, &word->n_chunks, &err) < 0)
        return door_call_refuse(call, reply, "ValidationException", err.text);
    word->hidden = door_hide_chunks(call, word->chunks, word->n_chunks);
    call->own = word;
    return door_call_write(call, reply, write_output, output_kept);
}
