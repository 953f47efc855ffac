#include "server/api/api_token.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_token.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_body.h"
#include "server/api/api_calendar.h"
#include "server/api/api_view.h"
#include "server/api/policy.h"
#include "server/api/reply.h"

#define PREFIX "slipway_" /* so that secret scanners know it */
#define LIST_MAX ((size_t)1 << 20)

/* One token, on its way into the store or out of it. */
struct change {
    struct request *request;
    struct token token;
    time_ms now;
};

static void add_rights(struct json_out *out, struct arena *arena, const char *rights)
{
    char *copy = arena_str(arena, rights);
    char *rest = NULL;

    json_begin_array(out, "rights");
    for (char *word = strtok_r(copy, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest))
        json_add_str(out, NULL, word);
    json_end_array(out);
}

enum request_next api_token_list(struct request *request, struct reply *reply)
{
    struct err err = ERR_INIT;
    struct token *tokens = NULL;
    struct api_view view;
    struct json_out out;
    struct buf buf;
    size_t n = 0;
    int rc = api_view_open(&view, request, &err);

    if (rc == 0)
        rc = store_token_list(view.db, request->arena, &tokens, &n, &err);
    api_view_close(&view);
    if (rc < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    buf_init(&buf, LIST_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_begin_array(&out, "tokens");
    for (size_t i = 0; i < n; i++) {
        json_begin_object(&out, NULL);
        json_add_str(&out, "name", tokens[i].name);
        add_rights(&out, request->arena, tokens[i].rights);
        json_add_time(&out, "created_at", tokens[i].created_at);
        json_add_str(&out, "created_by", tokens[i].created_by);
        json_add_time(&out, "expires_at", tokens[i].expires_at);
        json_add_time(&out, "used_at", tokens[i].used_at);
        json_end_object(&out);
    }
    json_end_array(&out);
    json_end_object(&out);
    reply_json_buf(request, reply, 200, &buf);
    return REQUEST_DONE;
}

/* Making one ------------------------------------------------------------------------------------ */

/* The list of rights as one comma list. Nobody gives what he has not. */
static int read_rights(const struct request *request, const struct cJSON *body,
                       const char **ret_rights, struct err *err)
{
    const struct cJSON *list = json_array(body, "rights");
    const char *rights = "";
    unsigned seen = 0;

    if (list == NULL || json_count(list) == 0)
        return err_set(err, ERR_INVALID, "rights: expected a list such as [\"view\"]");
    if (json_count(list) == 1 && str_eq(json_string_value(json_first(list)), API_CALENDAR_RIGHT)) {
        *ret_rights = API_CALENDAR_RIGHT; /* it reads the calendar and nothing else */
        return 0;
    }
    for (const struct cJSON *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *word = json_string_value(item);
        int right = word != NULL ? right_from_name(word) : -1;

        if (right < 0)
            return err_set(err, ERR_INVALID,
                           "rights: %.64s is none; there are view, approve-content, "
                           "approve-code, operate, hotfix, admin",
                           word != NULL ? word : "a member");
        if (!policy_allows(&request->actor, (enum right)right))
            return err_set(err, ERR_DENIED, "rights: you do not have %s yourself", word);
        if ((seen & RIGHT_BIT(right)) == 0)
            rights = arena_printf(request->arena, "%s%s%s", rights, seen != 0 ? "," : "", word);
        seen |= RIGHT_BIT(right);
    }
    *ret_rights = rights;
    return 0;
}

static int read_token(struct request *request, struct change *change, struct err *err)
{
    static const char *const keys[] = {"name", "rights", "for"};
    struct cJSON *body = NULL;
    int64_t lives_ms = 0;
    int rc = api_body_read(request, keys, 3, &body, err);

    if (rc == 0)
        rc = api_body_text(request, body, "name", 64, &change->token.name, err);
    if (rc == 0 && (change->token.name == NULL || !names_is_word(change->token.name)))
        rc = err_set(err, ERR_INVALID,
                     "name: expected letters, digits, dot, dash, underscore; at "
                     "most 64");
    if (rc == 0)
        rc = read_rights(request, body, &change->token.rights, err);
    if (rc == 0)
        rc = api_body_duration(body, "for", 0, &lives_ms, err);
    json_free(body);
    change->token.created_at = change->now;
    change->token.created_by = request->actor.name;
    change->token.expires_at = lives_ms != 0 ? change->now + lives_ms : 0;
    return rc;
}

static int journal(struct db *db, const struct change *change, const char *act, const char *detail,
                   struct err *err)
{
    const struct journal_entry entry = {
        .at = change->now,
        .actor = change->request->actor.name,
        .way = change->request->actor.way,
        .act = act,
        .subject = change->token.name,
        .detail = detail,
    };

    return store_journal_add(db, &entry, err);
}

static int write_token(struct db *db, void *arg, struct err *err)
{
    struct change *change = arg;
    int rc = policy_confirm(db, change->request, err);

    if (rc == 0)
        rc = store_token_put(db, &change->token, err);
    if (rc == ERR_CONFLICT)
        rc =
            err_set(err, rc, "the name %s is taken by a token; end that one first, or take another",
                    change->token.name);
    if (rc == 0)
        rc = journal(db, change, "token.add",
                     arena_printf(change->request->arena, "{\"rights\":\"%s\"}",
                                  change->token.rights),
                     err);
    return rc;
}

enum request_next api_token_create(struct request *request, struct reply *reply)
{
    struct change change = {.request = request, .now = clock_now(request->api->clock)};
    char secret[sizeof(PREFIX) + 43];
    char digest[DIGEST_HEX_SIZE];
    struct err err = ERR_INIT;
    struct json_out out;
    struct buf buf;
    int rc = read_token(request, &change, &err);

    if (rc == 0) {
        names_token_new(PREFIX, secret);
        digest_sha256_hex(secret, strlen(secret), digest);
        change.token.digest = digest;
        rc = writer_do(request->api->writer, write_token, &change, &err);
    }
    if (rc < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    buf_init(&buf, LIST_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "name", change.token.name);
    json_add_str(&out, "token", secret);
    add_rights(&out, request->arena, change.token.rights);
    json_add_time(&out, "expires_at", change.token.expires_at);
    json_end_object(&out);
    reply_json_buf(request, reply, 201, &buf);
    return REQUEST_DONE;
}

/* Ending one ------------------------------------------------------------------------------------ */

static int write_end(struct db *db, void *arg, struct err *err)
{
    struct change *change = arg;
    int rc = policy_confirm(db, change->request, err);

    if (rc == 0)
        rc = store_token_revoke(db, change->token.name, change->now, err);
    if (rc == ERR_CONFLICT)
        return err_set(err, ERR_NOT_FOUND, "no token %s is in use", change->token.name);
    if (rc == 0)
        rc = journal(db, change, "token.end", NULL, err);
    return rc;
}

enum request_next api_token_delete(struct request *request, struct reply *reply)
{
    struct change change = {.request = request,
                            .token = {.name = request->segments[0]},
                            .now = clock_now(request->api->clock)};
    struct err err = ERR_INIT;
    const char *json;

    if (writer_do(request->api->writer, write_end, &change, &err) < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    /* A segment of the path needs no escaping (routes.c). */
    json = arena_printf(request->arena, "{\"name\":\"%s\"}", change.token.name);
    reply_json(reply, 200, json, strlen(json));
    return REQUEST_DONE;
}
