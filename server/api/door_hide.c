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

struct output_chunk *door_hide_chunks(struct door_call *call, const struct output_chunk *chunks,
                                      size_t n)
{
    const struct snapshot *snapshot = snapshots_take(call->request->api->snapshots);
    struct arena *arena = call->request->arena;
    struct output_chunk *hidden = NULL;

    if (snapshot->redact != NULL) {
        hidden = arena_array(arena, n, sizeof(*hidden));
        for (size_t i = 0; i < n; i++) {
            char *text = arena_alloc(arena, chunks[i].len + 1);
            memcpy(text, chunks[i].text, chunks[i].len);
            hidden[i] = chunks[i];
            hidden[i].text = text;
            hidden[i].len = redact_bytes(snapshot->redact, text, chunks[i].len);
        }
    }
    snapshots_give(snapshot);
    return hidden;
}

/* What there is of `before` from its last line end on, and of `c` up to its first: is that together something else to
 * hide than alone? Short, for the writer waits. */
static bool is_one(struct arena *arena, const struct redact *redact,
                   const struct output_chunk *before, size_t line, const struct output_chunk *c)
{
    const char *end = memchr(c->text, '\n', c->len);
    size_t head = end != NULL ? (size_t)(end - c->text) : c->len, n_joined, n_apart;
    char *joined, *apart;

    head = head < REDACT_OVERLAP ? head : REDACT_OVERLAP;
    joined = arena_alloc(arena, line + head + 1);
    apart = arena_alloc(arena, line + head + 1);
    memcpy(joined, before->text + before->len - line, line);
    memcpy(joined + line, c->text, head);
    memcpy(apart, joined, line + head);
    n_apart = line + redact_bytes(redact, apart + line, head);
    n_joined = redact_bytes(redact, joined, line + head);
    return n_joined != n_apart || memcmp(joined, apart, n_joined) != 0;
}

/* The open line goes over to the new chunk and is hidden there. */
static int take_over(struct db *db, struct arena *arena, const struct redact *redact,
                     struct output_chunk *before, size_t line, struct output_chunk *c,
                     struct err *err)
{
    char *joined = arena_alloc(arena, line + c->len + 1);

    memcpy(joined, before->text + before->len - line, line);
    memcpy(joined + line, c->text, c->len);
    c->len = redact_bytes(redact, joined, line + c->len);
    c->text = joined;
    before->len -= line;
    return store_command_chunk_cut(db, before, err);
}

static int join(struct db *db, struct arena *arena, const struct redact *redact,
                const struct output_chunk *hidden, struct output_chunk *c, struct err *err)
{
    struct output_chunk before = {.len = 0};
    struct err own = ERR_INIT;
    size_t line;
    int rc = store_command_chunk_before(db, arena, c, &before, &own);

    if (rc == ERR_CONFLICT)
        return 0; /* again: it is dropped */
    if (rc < 0 && rc != ERR_NOT_FOUND) {
        *err = own;
        return rc;
    }
    line = open_line(&before);
    if (line >= STARS_LEN &&
        memcmp(before.text + before.len - STARS_LEN, REDACT_STARS, STARS_LEN) == 0) {
        c->text = hidden->text;
        c->len = hidden->len;
        hide_rest(c);
    } else if (line > 0 && is_one(arena, redact, &before, line, c)) {
        return take_over(db, arena, redact, &before, line, c, err);
    } else {
        c->text = hidden->text;
        c->len = hidden->len;
    }
    return 0;
}

int door_hide_join(struct db *db, struct door_call *call, const struct output_chunk *hidden,
                   struct output_chunk *chunk, struct err *err)
{
    const struct snapshot *snapshot = snapshots_take(call->request->api->snapshots);
    int rc = join(db, call->request->arena, snapshot->redact, hidden, chunk, err);

    snapshots_give(snapshot);
    return rc;
}
