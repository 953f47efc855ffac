#include "server/api/api_token.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/rules/rights.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_person.h"
#include "lib/store/store_token.h"
#include "server/api/api.h"
#include "server/api/api_body.h"
#include "server/api/api_calendar.h"
#include "server/api/api_view.h"
#include "server/api/api_write.h"
#include "server/api/policy.h"
#include "server/api/reply.h"
#include "server/flow/roster.h"

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

static int add_tokens(struct api_view *view, struct json_out *out, struct err *err)
{
    struct token *tokens = NULL;
    size_t n = 0;
    int rc = store_token_list(view->db, view->request->arena, &tokens, &n, err);

    json_begin_array(out, "tokens");
    for (size_t i = 0; i < n; i++) {
        json_begin_object(out, NULL);
        json_add_str(out, "name", tokens[i].name);
        add_rights(out, view->request->arena, tokens[i].rights);
        json_add_str(out, "login", tokens[i].login);
        json_add_str(out, "scope", tokens[i].scope);
        json_add_time(out, "created_at", tokens[i].created_at);
        json_add_str(out, "created_by", tokens[i].created_by);
        json_add_time(out, "expires_at", tokens[i].expires_at);
        json_add_time(out, "used_at", tokens[i].used_at);
        json_end_object(out);
    }
    json_end_array(out);
    return rc;
}

enum request_next api_token_list(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, LIST_MAX, add_tokens);
}

/* Making one ------------------------------------------------------------------------------------ */

static int add_right(const struct request *request, const char *word, unsigned *seen,
                     const char **rights, struct err *err)
{
    int right = word != NULL ? right_from_name(word) : -1;

    if (right < 0)
        return err_set(err, ERR_INVALID,
                       "rights: %.64s is none; there are view, approve-content, "
                       "approve-code, operate, hotfix, admin",
                       word != NULL ? word : "a member");
    if (!policy_allows(&request->actor, (enum right)right))
        return err_set(err, ERR_DENIED, "rights: you do not have %s yourself", word);
    if ((*seen & RIGHT_BIT(right)) == 0)
        *rights = arena_printf(request->arena, "%s%s%s", *rights, *seen != 0 ? "," : "", word);
    *seen |= RIGHT_BIT(right);
    return 0;
}

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
        int rc = add_right(request, json_string_value(item), &seen, &rights, err);

        if (rc < 0)
            return rc;
    }
    *ret_rights = rights;
    return 0;
}

/* All that the asker has: the most that a token of his making can have. */
static const char *all_rights(const struct request *request)
{
    struct err err = ERR_INIT;
    const char *rights = "";
    unsigned seen = 0;

    for (int right = RIGHT_VIEW; right < RIGHT_COUNT; right++)
        if (policy_allows(&request->actor, (enum right)right))
            (void)add_right(request, right_name((enum right)right), &seen, &rights, &err);
    return rights;
}

/* Whose acts are whose hangs on this: nobody makes a token that speaks for somebody else, but who holds the
 * machine (docs/decisions/0040-people-and-tokens.md). */
static int read_login(struct request *request, struct change *change, const char *login,
                      struct err *err)
{
    struct api_view view;
    struct person person = {.github_id = 0};
    int rc = api_view_open(&view, request, err);

    if (rc == 0)
        rc = store_person_by_login(view.db, request->arena, login, &person, err);
    api_view_close(&view);
    if (rc == ERR_NOT_FOUND && request->api->roster != NULL) {
        roster_bind(request->api->roster, login);
        return err_set(err, ERR_BUSY,
                       "login: GitHub is being asked who %.100s is; ask again in a second", login);
    }
    if (rc == ERR_NOT_FOUND)
        return err_set(
            err, ERR_CONFLICT,
            "login: nobody was seen under %.100s yet. The first signed delivery in which it "
            "appears binds it, or: slipway people accept %.100s --id N",
            login, login);
    if (rc < 0)
        return rc;
    if (!request->actor.house && request->actor.github_id != person.github_id)
        return err_set(
            err, ERR_DENIED,
            "login: a token that stands for %s is made on the server's machine by root or the "
            "server's user, or by %s",
            person.login, person.login);
    change->token.login = person.login;
    change->token.github_id = person.github_id;
    return 0;
}

static int read_scope(const struct request *request, struct change *change,
                      const struct cJSON *body, struct err *err)
{
    int rc = api_body_text(request, body, "scope", 200, &change->token.scope, err);

    if (rc == 0 && change->token.scope != NULL && !rights_is_scope(change->token.scope))
        rc = err_set(err, ERR_INVALID, "scope: expected OWNER/NAME or OWNER/NAME/ENVIRONMENT");
    return rc;
}

static int read_members(struct request *request, struct change *change, const struct cJSON *body,
                        struct err *err)
{
    const char *login = NULL;
    int64_t lives_ms = 0;
    int rc = api_body_text(request, body, "name", 64, &change->token.name, err);

    if (rc == 0 && (change->token.name == NULL || !names_is_word(change->token.name)))
        rc = err_set(err, ERR_INVALID,
                     "name: expected letters, digits, dot, dash, underscore; at "
                     "most 64");
    if (rc == 0)
        rc = api_body_text(request, body, "login", STORE_PERSON_LOGIN_MAX, &login, err);
    if (rc == 0 && login != NULL && json_get(body, "rights") == NULL)
        change->token.rights = all_rights(request);
    else if (rc == 0)
        rc = read_rights(request, body, &change->token.rights, err);
    if (rc == 0 && login != NULL && str_eq(change->token.rights, API_CALENDAR_RIGHT))
        rc = err_set(err, ERR_INVALID, "login: a token for the calendar stands for nobody");
    if (rc == 0)
        rc = read_scope(request, change, body, err);
    if (rc == 0)
        rc = api_body_duration(body, "for", 0, &lives_ms, err);
    if (rc == 0 && login != NULL)
        rc = read_login(request, change, login, err);
    change->token.created_at = change->now;
    change->token.created_by = request->actor.name;
    change->token.expires_at = lives_ms != 0 ? change->now + lives_ms : 0;
    return rc;
}

static int read_token(struct request *request, struct change *change, struct err *err)
{
    static const char *const keys[] = {"name", "rights", "for", "login", "scope"};
    struct cJSON *body = NULL;
    int rc = api_body_read(request, keys, sizeof(keys) / sizeof(*keys), &body, err);

    if (rc == 0)
        rc = read_members(request, change, body, err);
    json_free(body);
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

/* None of these texts needs escaping: each passed its grammar. */
static const char *detail_of(const struct change *change)
{
    struct arena *arena = change->request->arena;
    const struct token *token = &change->token;
    const char *person = token->login == NULL
                             ? ""
                             : arena_printf(arena, ",\"login\":\"%s\",\"id\":%lld", token->login,
                                            (long long)token->github_id);
    const char *scope =
        token->scope == NULL ? "" : arena_printf(arena, ",\"scope\":\"%s\"", token->scope);

    return arena_printf(arena, "{\"rights\":\"%s\"%s%s}", token->rights, person, scope);
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
        rc = journal(db, change, "token.add", detail_of(change), err);
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
        rc = api_write_do(request, write_token, &change, &err);
    }
    if (rc < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    buf_init(&buf, LIST_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "name", change.token.name);
    json_add_str(&out, "token", api_write_is_dry(request) ? NULL : secret);
    add_rights(&out, request->arena, change.token.rights);
    json_add_str(&out, "login", change.token.login);
    json_add_str(&out, "scope", change.token.scope);
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
        return err_set(err, ERR_NOT_FOUND, "no token %s is in use; slipway token ls lists them",
                       change->token.name);
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

    if (api_write_do(request, write_end, &change, &err) < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    /* A segment of the path needs no escaping (routes.c). */
    json = arena_printf(request->arena, "{\"name\":\"%s\"}", change.token.name);
    reply_json(reply, 200, json, strlen(json));
    return REQUEST_DONE;
}
