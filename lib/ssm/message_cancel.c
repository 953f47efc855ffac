/* message_cancel: see message_cancel.h. */
#include "lib/ssm/message_cancel.h"

#include "lib/base/json.h"
#include "lib/ssm/message.h"

const char *message_cancel_make(struct arena *arena, const char *command_id, const char *host_id)
{
    char id[MESSAGE_ID_SIZE];

    message_id_make(command_id, host_id, id);
    return arena_printf(arena, "{\"CancelMessageId\":\"%s\"}", id);
}

int message_cancel_parse(const char *payload, size_t len, char ret_command_id[37],
                         char ret_host_id[21], struct err *err)
{
    const struct json_limits limits = {.depth = 4, .nodes = 100};
    struct cJSON *json = NULL;
    int rc;

    if (len > MESSAGE_CANCEL_MAX)
        return err_set(err, ERR_INVALID, "payload of a cancel: %zu bytes, at most %d", len,
                       MESSAGE_CANCEL_MAX);
    rc = json_parse(payload, len, &limits, &json, err);
    if (rc < 0)
        return err_wrap(err, "payload of a cancel");
    if (!message_id_parse(json_str(json, "CancelMessageId"), ret_command_id, ret_host_id))
        rc = err_set(err, ERR_INVALID,
                     "payload of a cancel: CancelMessageId must be aws.ssm.COMMAND.NODE");
    json_free(json);
    return rc;
}
