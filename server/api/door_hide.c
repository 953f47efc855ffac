/* door_hide: see door_hide.h. */
#include "server/api/door_hide.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/redact.h"
#include "lib/ssm/message_reply.h"
#include "lib/store/store_command.h"
#include "server/api/api.h"
#include "server/flow/snapshot.h"

#define STARS_LEN (sizeof(REDACT_STARS) - 1)

const char *door_hide_payload(struct door_call *call, const char *payload)
{
    const struct snapshot *snapshot = snapshots_take(call->request->api->snapshots);
    const char *hidden = message_reply_hide(call->request->arena, payload, snapshot->redact);

    snapshots_give(snapshot);
    return hidden;
}

/* What of it has no line end behind it, as far as a secret may reach. */
static size_t open_line(const struct output_chunk *c)
{
    size_t n = 0;

    while (n < c->len && n < REDACT_OVERLAP && c->text[c->len - 1 - n] != '\n')
        n++;
    return n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind stars that end a chunk the rest of what they hide may come: up to the next blank it is hidden with them. */
static void hide_rest(struct output_chunk *c)
{
    size_t n = 0;

    while (n < c->len && !is_blank(c->text[n]))
        n++;
    if (n == c->len) { /* nor does it end here */
        c->text = REDACT_STARS;
        c->len = STARS_LEN;
        return;
    }
    c->text += n;
    c->len -= n;
}

/*
 * `line` bytes of `before` have no end yet. If what they are together with the new ones is to be hidden, they go over to
 * the new chunk and are hidden there.
 */
static int hide_across(struct db *db, struct arena *arena, const struct redact *redact,
                       struct output_chunk *before, size_t line, struct output_chunk *c,
                       struct err *err)
{
    size_t n = line + c->len;
    char *joined = arena_alloc(arena, n), *apart = arena_alloc(arena, n);
    size_t n_apart = line, n_joined;

    if (line > 0) /* else `before` may have no text at all */
        memcpy(joined, before->text + before->len - line, line);
    if (c->len > 0)
        memcpy(joined + line, c->text, c->len);
    memcpy(apart, joined, n);
    n_apart += redact_bytes(redact, apart + line, c->len);
    n_joined = redact_bytes(redact, joined, n);
    if (n_joined == n_apart && memcmp(joined, apart, n_joined) == 0) {
        c->text = apart + line;
        c->len = n_apart - line;
        return 0;
    }
    c->text = joined;
    c->len = n_joined;
    before->len -= line;
    return store_command_chunk_cut(db, before, err);
}

static int hide(struct db *db, struct arena *arena, const struct redact *redact,
                struct output_chunk *c, struct err *err)
{
    struct output_chunk before;
    struct err own = ERR_INIT;
    size_t line = 0;
    int rc = store_command_chunk_before(db, arena, c, &before, &own);

    if (rc == ERR_CONFLICT)
        return 0; /* again: it is dropped */
    if (rc < 0 && rc != ERR_NOT_FOUND) {
        *err = own;
        return rc;
    }
    if (rc == 0)
        line = open_line(&before);
    if (line >= STARS_LEN &&
        memcmp(before.text + before.len - STARS_LEN, REDACT_STARS, STARS_LEN) == 0) {
        hide_rest(c);
        line = 0;
    }
    if (rc == ERR_NOT_FOUND)
        before.len = 0;
    return hide_across(db, arena, redact, &before, line, c, err);
}

int door_hide_chunk(struct db *db, struct door_call *call, struct output_chunk *chunk,
                    struct err *err)
{
    const struct snapshot *snapshot = snapshots_take(call->request->api->snapshots);
    int rc = 0;

    if (snapshot->redact != NULL)
        rc = hide(db, call->request->arena, snapshot->redact, chunk, err);
    snapshots_give(snapshot);
    return rc;
}
