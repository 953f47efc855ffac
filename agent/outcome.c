/* outcome: see outcome.h. */
#include "agent/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"

#define FILE_NAME "outcome"
#define NOBODY "00000000-0000-0000-0000-000000000000" /* filled in by the agent */
#define HEAD_SIZE (DIGEST_HEX_SIZE - 1 + 1)           /* digits and a line end */

int outcome_write(struct arena *arena, const char *folder, const struct message_reply *reply,
                  time_ms now, struct err *err)
{
    struct message_reply copy = *reply;
    char digest[DIGEST_HEX_SIZE];
    const char *payload, *text;
    int rc;

    copy.journal_id = NOBODY;
    copy.boot_id = NOBODY;
    copy.record_number = 0;
    rc = message_reply_make(arena, &copy, "slipway-agent", SLIPWAY_VERSION, now, &payload, err);
    if (rc < 0)
        return rc;
    digest_sha256_hex(payload, strlen(payload), digest);
    text = arena_printf(arena, "%s\n%s", digest, payload);
    return file_write_atomic(arena_printf(arena, "%s/" FILE_NAME, folder), text, strlen(text), 0600,
                             err);
}

int outcome_read(struct arena *arena, const char *folder, struct message_reply *ret_reply,
                 struct err *err)
{
    const char *path = arena_printf(arena, "%s/" FILE_NAME, folder);
    char digest[DIGEST_HEX_SIZE];
    char *text = NULL;
    size_t len;
    int rc = file_read_all(path, MESSAGE_REPLY_MAX + HEAD_SIZE, &text, &len, err);

    if (rc < 0)
        return rc;
    if (len <= HEAD_SIZE || text[HEAD_SIZE - 1] != '\n') {
        rc = err_set(err, ERR_INVALID, "%s is too short", path);
        goto out;
    }
    digest_sha256_hex(text + HEAD_SIZE, len - HEAD_SIZE, digest);
    if (memcmp(text, digest, HEAD_SIZE - 1) != 0) {
        rc = err_set(err, ERR_INVALID, "%s has a wrong checksum", path);
        goto out;
    }
    rc = message_reply_parse(arena, text + HEAD_SIZE, len - HEAD_SIZE, ret_reply, err);
out:
    free(text);
    return rc;
}

bool outcome_is_none(int rc)
{
    return rc == ERR_NOT_FOUND || rc == ERR_INVALID;
}
