/* word: see word.h. */
#include "agent/word.h"

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_output.h"

#define BODY_MAX (2 * MESSAGE_REPLY_MAX + 4096) /* a payload as a JSON string */

static int send_reply(struct agent *agent, struct httpc *httpc, struct arena *arena,
                      const char *command_id, const char *reply_id, struct message_reply *reply,
                      struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    char message_id[MESSAGE_ID_SIZE];
    const char *payload;
    struct json_out out;
    struct buf body;
    int rc;

    reply->journal_id = agent_journal_id(agent->journal);
    reply->boot_id = agent->boot_id;
    reply->record_number = agent_journal_number(agent->journal);
    rc = message_reply_make(arena, reply, "slipway-agent", SLIPWAY_VERSION, clock_now(agent->clock),
                            &payload, err);
    if (rc < 0)
        return rc;
    message_id_make(command_id, agent->config->host_id, message_id);
    buf_init(&body, BODY_MAX);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_add_str(&out, "MessageId", message_id);
    json_add_str(&out, "Payload", payload);
    json_add_str(&out, "ReplyId", reply_id);
    json_end_object(&out);
    rc = session_call(agent->session, httpc, SESSION_SEND_REPLY, buf_str(&body), &answer, err);
    httpc_answer_deinit(&answer);
    buf_deinit(&body);
    return rc;
}

int word_reply(struct agent *agent, struct httpc *httpc, const char *command_id,
               const char *reply_id, const struct message_reply *reply, int64_t *ret_record,
               struct err *err)
{
    struct message_reply copy = *reply;
    struct arena arena;
    int rc;

    arena_init(&arena);
    pthread_mutex_lock(&agent->telling);
    rc = send_reply(agent, httpc, &arena, command_id, reply_id, &copy, err);
    pthread_mutex_unlock(&agent->telling);
    arena_deinit(&arena);
    if (rc == 0 && ret_record != NULL)
        *ret_record = copy.record_number;
    return rc;
}

int word_output(struct agent *agent, struct httpc *httpc, struct arena *arena,
                const char *command_id, const struct output_chunk *chunks, size_t n,
                struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    const char *body;
    int rc = message_output_make(arena, command_id, chunks, n, &body, err);

    if (rc == 0)
        rc = session_call(agent->session, httpc, SESSION_PUT_OUTPUT, body, &answer, err);
    httpc_answer_deinit(&answer);
    return rc;
}
