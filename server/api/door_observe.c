/* door_observe: see door_observe.h. */
#include "server/api/door_observe.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/rules/doubt.h"
#include "lib/ssm/announcement.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message_observe.h"
#include "lib/store/store_ask.h"
#include "lib/store/store_command.h"
#include "lib/store/store_host.h"
#include "lib/store/store_host_document.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_signing_key.h"
#include "server/api/api.h"
#include "server/api/api_events.h"
#include "server/api/door.h"
#include "server/api/door_floor.h"

#define ANSWER_MAX (2 * ANNOUNCEMENTS_MAX * ANNOUNCEMENT_MAX + 4096)

struct observed {
    struct message_observe said;
    const char *known; /* what is known of the host now, for its next word */
    bool again;        /* it may be an older word: it is to be said once more */
};

static struct observed *said_in(const struct door_call *call)
{
    return call->own;
}

static int bar(struct db *db, struct door_call *call, const struct host *known, enum doubt doubt,
               const char *why, struct err *err)
{
    const struct message_observe *o = &said_in(call)->said;
    const struct journal_entry entry = {
        .at = call->now,
        .actor = arena_printf(call->request->arena, "host:%s", known->id),
        .way = "door",
        .act = doubt == DOUBT_SUSPEND ? "host.suspend" : "host.bar",
        .subject = known->id,
        .reason = why,
    };
    bool is_other = !str_eq(known->journal_id, o->journal_id);
    int rc;

    log_error("host.barred", "host=%s id=%s suspended=%d err=%s", LOG(known->name), known->id,
              doubt == DOUBT_SUSPEND, LOG(why));
    if (known->state == HOST_BARRED && doubt == DOUBT_BAR &&
        (!is_other || str_eq(known->doubt_journal_id, o->journal_id)))
        return 0; /* as before */
    rc = store_host_doubt(db, known->id, why, is_other ? o->journal_id : NULL,
                          doubt == DOUBT_SUSPEND, call->now, err);
    if (rc == 0 && known->state != HOST_BARRED)
        rc = store_host_move(db, known->id, known->state, HOST_BARRED, err);
    if (rc == 0)
        rc = store_ask_end(db, known->id, err);
    if (rc == 0)
        rc = store_command_doubt(db, known->id, why, err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One digest for the list: what was said before is written once. NULL = it runs what is signed. */
static const char *strict_of(struct arena *arena, const struct message_observe *o)
{
    char digest[DIGEST_HEX_SIZE];
    struct buf buf;

    if (!o->strict)
        return NULL;
    if (o->n_documents > 1)
        qsort(o->documents, o->n_documents, sizeof(*o->documents), by_text);
    buf_init(&buf, DIGEST_HEX_SIZE * MESSAGE_OBSERVE_DOCUMENTS_MAX);
    for (size_t i = 0; i < o->n_documents; i++)
        buf_addf(&buf, "%s\n", o->documents[i]);
    digest_sha256_hex(buf_str(&buf), buf.len, digest);
    buf_deinit(&buf);
    return arena_str(arena, digest);
}

/* What it would run: another list is news for what waits for it. */
static int write_documents(struct db *db, struct door_call *call, const struct host *known,
                           struct err *err)
{
    const struct message_observe *o = &said_in(call)->said;
    const char *strict = strict_of(call->request->arena, o);
    const struct journal_entry entry = {
        .at = call->now,
        .actor = arena_printf(call->request->arena, "host:%s", known->id),
        .way = "door",
        .act = "host.documents",
        .subject = known->id,
        .detail = arena_printf(call->request->arena, "{\"strict\":%s,\"documents\":%zu}",
                               o->strict ? "true" : "false", o->n_documents),
    };
    int rc;

    if (str_eq(known->strict, strict))
        return 0;
    rc = store_host_document_set(db, known->id, strict, o->documents, o->n_documents, err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

/* What its journal knows it has. What it was handed and does not name was lost on the way, for all we know: it is offered again
 * under the same id, and proves by its word alone that it never began (migrate.md 10). */
static int write_open(struct db *db, struct door_call *call, const struct host *known,
                      struct err *err)
{
    const struct message_observe *o = &said_in(call)->said;
    int rc = 0;

    for (size_t i = 0; i < o->n_open && rc == 0; i++)
        rc = store_ask_named(db, o->open[i].command_id, known->id, call->now, err);
    return rc < 0 ? rc : store_ask_not_named(db, known->id, call->now, err);
}

/* What the store has forgotten, and its hosts have not (docs/decisions/0135). */
static int write_floors(struct db *db, struct door_call *call, const struct host *known,
                        struct err *err)
{
    const struct message_observe *o = &said_in(call)->said;
    int rc = 0;

    for (size_t i = 0; i < o->n_floors && rc == 0; i++) {
        const struct message_floor *f = &o->floors[i];
        const struct floor_word word = {f->database, f->epoch, f->command_id};

        rc = door_floor_hear(db, call, known, &word, err);
    }
    return rc;
}

/* The known journal stays the known one when it is in doubt: a person accepts the other. */
static int write_believed(struct db *db, struct door_call *call, const struct host *known,
                          struct err *err)
{
    const struct message_observe *o = &said_in(call)->said;
    int rc = write_documents(db, call, known, err);

    if (rc == 0 && o->key != NULL)
        rc = store_signing_key_known(db, known->id, o->key, err);
    if (rc == 0 && known->seen_at != 0 && !host_is_online(known, call->now))
        rc = store_host_came(db, known->id, call->now, err);
    if (rc == 0)
        rc = store_host_seen(db, known->id,
                             *o->agent_version != '\0'
                                 ? arena_printf(call->request->arena, "slipway-agent %s",
                                                o->agent_version)
                                 : NULL,
                             NULL, call->now, err);
    return rc;
}

static int write_observed(struct db *db, struct door_call *call, struct err *err)
{
    struct arena *arena = call->request->arena;
    struct observed *observed = said_in(call);
    const struct message_observe *o = &observed->said;
    const struct doubt_word word = {.protocol = o->protocol,
                                    .journal_id = o->journal_id,
                                    .boot_id = o->boot_id,
                                    .record_number = o->record_number,
                                    .heard = o->heard};
    const char *why;
    enum doubt doubt;
    struct host known;
    int rc = store_host_by_id(db, arena, call->host.id, &known, err);

    if (rc < 0)
        return rc;
    doubt = doubt_judge(arena, &known, &word, &why);
    observed->again = doubt == DOUBT_AGAIN;
    if (doubt == DOUBT_BAR || doubt == DOUBT_SUSPEND)
        rc = bar(db, call, &known, doubt, why, err);
    else if (doubt == DOUBT_NONE &&
             (rc = store_host_observed(db, known.id, o->protocol, o->journal_id, o->boot_id,
                                       o->record_number, err)) == 0)
        rc = write_open(db, call, &known, err);
    /* Whatever is thought of its journal: the epochs in it were signed here. */
    if (rc == 0)
        rc = write_floors(db, call, &known, err);
    if (rc == 0 && !observed->again)
        rc = write_believed(db, call, &known, err);
    if (rc == 0)
        rc = store_host_by_id(db, arena, call->host.id, &known, err);
    if (rc == 0)
        observed->known = doubt_known(arena, &known);
    return rc;
}

/* What follows the key that it pinned, also if it was away when that was announced. */
static int find_announcements(struct door_call *call, struct announcement_signed *items,
                              size_t *ret_n, struct err *err)
{
    struct api *api = call->request->api;
    struct signing_key *keys;
    struct db *db;
    size_t n = 0;
    int rc = db_pool_take(api->readers, &db, err);

    if (rc < 0)
        return rc;
    rc = store_signing_key_list(db, call->request->arena, &keys, &n, err);
    db_pool_give(api->readers, db);
    *ret_n = 0;
    for (size_t i = 0; i < n && rc == 0; i++)
        if (keys[i].announcement != NULL && *ret_n < ANNOUNCEMENTS_MAX)
            items[(*ret_n)++] =
                (struct announcement_signed){keys[i].announcement, keys[i].signature};
    return rc;
}

static enum request_next answer_observed(struct door_call *call, struct reply *reply)
{
    const struct api *api = call->request->api;
    struct announcement_signed announced[ANNOUNCEMENTS_MAX];
    struct err err = ERR_INIT;
    struct json_out out;
    struct buf buf;
    size_t n;

    api_events_publish(api->events, API_EVENTS_HOSTS);
    api->ring_flow(api->flow);
    if (find_announcements(call, announced, &n, &err) < 0)
        return door_call_fault(call, reply, err.text);
    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "StoreId", api->store_id);
    json_add_str(&out, "Heard", said_in(call)->known);
    if (said_in(call)->again)
        json_add_bool(&out, "Again", true);
    announcement_add_list(&out, "Announcements", announced, n);
    json_end_object(&out);
    return door_call_answer_buf(call, reply, &buf);
}

enum request_next door_observe(struct door_call *call, struct reply *reply)
{
    struct request *request = call->request;
    struct observed *observed = arena_alloc(request->arena, sizeof(*observed));
    struct message_observe *o = &observed->said;
    struct err err = ERR_INIT;

    if (message_observe_parse(request->arena, request->body, request->body_len, o, &err) < 0)
        return door_call_refuse(call, reply, "ValidationException", err.text);
    if (!envelope_speaks(o->protocol))
        return door_call_refuse(call, reply, "ValidationException",
                                arena_printf(request->arena,
                                             "protocol %lld is not spoken here, only %d and %d",
                                             (long long)o->protocol, ENVELOPE_PROTOCOL_OLDEST,
                                             ENVELOPE_PROTOCOL));
    observed->again = false;
    call->own = observed;
    return door_call_write(call, reply, write_observed, answer_observed);
}
