#include "lib/github/github_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/httpc/httpc.h"

#define TIMEOUT_MS 10000 /* GitHub cancels its calls after about ten seconds */
#define ANSWER_MAX ((size_t)4 << 20)
#define URL_MAX_BYTES 1024
#define WAIT_MIN_S 1
#define WAIT_USUAL_S 60
#define WAIT_MAX_S (60 * 60)

struct github_api {
    struct github_api_options options;
    struct httpc *httpc;
    bool is_public; /* GitHub's own: no private network can be meant */
    int64_t wait_ms;
    int64_t patience_s; /* where the next refusal does not say for how long */
};

struct github_api *github_api_new(const struct github_api_options *options)
{
    struct github_api *api = calloc(1, sizeof(*api));

    if (api == NULL)
        abort();
    api->options = *options;
    if (api->options.clock == NULL)
        api->options.clock = clock_system();
    api->patience_s = WAIT_USUAL_S;
    api->httpc = httpc_new();
    api->is_public = str_eq(options->base, "https://api.github.com");
    return api;
}

void github_api_free(struct github_api *api)
{
    if (api == NULL)
        return;
    httpc_free(api->httpc);
    free(api);
}

/* Asking ---------------------------------------------------------------------------------------- */

static int send_one(struct github_api *api, const char *url, struct httpc_answer *ret_answer,
                    struct err *err)
{
    const struct secret *token = api->options.token;
    char authorization[1024] = "", agent[128];
    const char *headers[] = {"Accept: application/vnd.github+json",
                             "X-GitHub-Api-Version: 2022-11-28", agent, authorization, NULL};
    const struct httpc_request request = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .timeout_ms = api->options.timeout_ms > 0 ? api->options.timeout_ms : TIMEOUT_MS,
        .answer_max = api->options.answer_max > 0 ? api->options.answer_max : ANSWER_MAX,
        .public_only = true,
        .private_ok = !api->is_public,
        .stop = api->options.stop};
    int rc;

    (void)snprintf(agent, sizeof(agent), "User-Agent: %.100s", api->options.agent);
    if (secret_len(token) > sizeof(authorization) - 32)
        return err_set(err, ERR_INVALID, "the token of github.token-file is too long");
    (void)snprintf(authorization, sizeof(authorization), "Authorization: Bearer %.*s",
                   (int)secret_len(token), (const char *)secret_bytes(token));
    rc = httpc_send(api->httpc, &request, ret_answer, err);
    secret_wipe(authorization, sizeof(authorization));
    return rc;
}

/* Scheme, host and port are those of the base: the address goes on with a slash behind them. */
static bool is_on_host(const struct github_api *api, const char *url)
{
    const char *base = api->options.base;
    const char *host = strstr(base, "://");
    size_t len = host == NULL ? 0 : (size_t)(host + 3 - base) + strcspn(host + 3, "/");

    return len > 0 && strncmp(url, base, len) == 0 && url[len] == '/';
}

static int64_t header_number(struct github_api *api, const char *name)
{
    const char *text = httpc_header(api->httpc, name);
    int64_t value;

    return text != NULL && str_parse_int64(text, &value) == 0 && value >= 0 ? value : -1;
}

/* github-wire.md 4, Rate limits: Retry-After, else the reset of what is used up, else a minute, and then longer. */
static int64_t seconds_to_wait(struct github_api *api, int64_t after, int64_t remaining)
{
    int64_t now = clock_now(api->options.clock) / 1000;
    int64_t reset = header_number(api, "x-ratelimit-reset");

    if (after < 0 && remaining == 0 && reset > now)
        after = reset - now;
    if (after < 0) {
        after = api->patience_s;
        api->patience_s *= 2;
    }
    return after < WAIT_MIN_S ? WAIT_MIN_S : after > WAIT_MAX_S ? WAIT_MAX_S : after;
}

static bool is_over_limit(struct github_api *api, int status, const struct cJSON *json)
{
    int64_t after = header_number(api, "retry-after");
    int64_t remaining = header_number(api, "x-ratelimit-remaining");
    const char *message = json_str(json, "message");

    if (status != 429 &&
        (status != 403 || (after < 0 && remaining != 0 &&
                           (message == NULL || strstr(message, "rate limit") == NULL)))) {
        api->patience_s = WAIT_USUAL_S;
        return false;
    }
    api->wait_ms = seconds_to_wait(api, after, remaining) * 1000;
    if (api->patience_s > WAIT_MAX_S)
        api->patience_s = WAIT_MAX_S;
    return true;
}

/* What the status says about us and not about what was asked. */
static int judge(struct github_api *api, const char *path, int status, const struct cJSON *json,
                 struct err *err)
{
    if (is_over_limit(api, status, json))
        return err_set(err, ERR_BUSY, "GitHub asks to be left alone for %" PRId64 " s",
                       api->wait_ms / 1000);
    if (status == 401 || status == 403)
        return err_set(err, ERR_DENIED, "GitHub answered %d to %s: the token may not ask that",
                       status, path);
    if (status >= 500 || status < 200)
        return err_set(err, ERR_UNKNOWN, "GitHub answered %d to %s", status, path);
    return 0;
}

int github_api_get(struct github_api *api, const char *path, int *ret_status,
                   struct cJSON **ret_json, struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    struct cJSON *json = NULL;
    char url[URL_MAX_BYTES];
    int n = snprintf(url, sizeof(url), "%s%s", api->options.base, path);
    int rc;

    *ret_json = NULL;
    if (n < 0 || (size_t)n >= sizeof(url))
        return err_set(err, ERR_INVALID, "the address of a question to GitHub is too long");
    for (int hop = 0;; hop++) {
        const char *to;

        rc = send_one(api, url, &answer, err);
        if (rc < 0)
            return err_wrap(err, "GitHub");
        to = httpc_redirect(api->httpc);
        if (to == NULL)
            break;
        httpc_answer_deinit(&answer);
        if (hop > 0 || !is_on_host(api, to) || strlen(to) >= sizeof(url))
            return err_set(err, ERR_UNKNOWN, "GitHub sends the question %s elsewhere: not followed",
                           path);
        (void)snprintf(url, sizeof(url), "%s", to);
    }
    if (json_parse(answer.body, answer.body_len, NULL, &json, NULL) < 0)
        json = NULL;
    rc = judge(api, path, answer.status, json, err);
    if (rc == 0) {
        *ret_status = answer.status;
        *ret_json = json;
        json = NULL;
    }
    json_free(json);
    httpc_answer_deinit(&answer);
    return rc;
}

int github_api_find(struct github_api *api, const char *path, const char *what,
                    struct cJSON **ret_json, struct err *err)
{
    int status;
    int rc = github_api_get(api, path, &status, ret_json, err);

    if (rc == 0 && status == 200)
        return 0;
    if (rc == 0) {
        json_free(*ret_json);
        *ret_json = NULL;
        rc = status == 404 ? err_set(err, ERR_NOT_FOUND, "GitHub shows no %s at %s", what, path)
                           : err_set(err, ERR_UNKNOWN, "GitHub answered %d to %s", status, path);
    }
    return rc;
}

int github_api_was_read(struct cJSON *json, int rc)
{
    json_free(json);
    return rc == ERR_INVALID ? ERR_UNKNOWN : rc;
}

int64_t github_api_wait_ms(const struct github_api *api)
{
    return api->wait_ms;
}

const char *github_api_header(struct github_api *api, const char *name)
{
    return httpc_header(api->httpc, name);
}

/* Accounts -------------------------------------------------------------------------------------- */

/* In a path: letters, digits, dash and underscore only; the brackets of apps' logins are escaped away. */
static bool is_plain(const char *login)
{
    size_t len = strlen(login);

    return len > 0 && len < GITHUB_API_LOGIN_SIZE &&
           strspn(login, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == len;
}

int github_api_read_account(const struct cJSON *json, struct github_api_account *ret_account,
                            struct err *err)
{
    const char *login = json_str(json, "login");
    int64_t id = 0;

    if (!json_int(json, "id", &id) || id <= 0)
        return err_set(err, ERR_INVALID, "an account of GitHub's: `id` is no number of one");
    if (login == NULL || !is_plain(login))
        return err_set(err, ERR_INVALID, "an account of GitHub's: `login` is none");
    ret_account->id = id;
    (void)snprintf(ret_account->login, sizeof(ret_account->login), "%s", login);
    return 0;
}

static int ask_account(struct github_api *api, const char *path,
                       struct github_api_account *ret_account, struct err *err)
{
    struct cJSON *json;
    int status;
    int rc = github_api_get(api, path, &status, &json, err);

    if (rc < 0)
        return rc;
    if (status == 404)
        rc = err_set(err, ERR_NOT_FOUND, "GitHub knows nobody at %s", path);
    else if (status != 200)
        rc = err_set(err, ERR_UNKNOWN, "GitHub answered %d to %s", status, path);
    else if (github_api_read_account(json, ret_account, err) < 0)
        rc = err_set(err, ERR_UNKNOWN, "GitHub's answer to %s is no account", path);
    json_free(json);
    return rc;
}

int github_api_user(struct github_api *api, const char *login,
                    struct github_api_account *ret_account, struct err *err)
{
    char path[160];
    int rc;

    if (!is_plain(login))
        return err_set(err, ERR_INVALID, "%.100s is no login of GitHub's", login);
    (void)snprintf(path, sizeof(path), "/users/%s", login);
    rc = ask_account(api, path, ret_account, err);
    /* A renamed account is led to under its new name: that login is nobody's now. */
    if (rc == 0 && strcasecmp(ret_account->login, login) != 0)
        rc = err_set(err, ERR_NOT_FOUND, "GitHub knows nobody under %s", login);
    return rc;
}

int github_api_account(struct github_api *api, int64_t id, struct github_api_account *ret_account,
                       struct err *err)
{
    char path[64];
    int rc;

    (void)snprintf(path, sizeof(path), "/user/%" PRId64, id);
    rc = ask_account(api, path, ret_account, err);
    if (rc == 0 && ret_account->id != id)
        rc = err_set(err, ERR_UNKNOWN, "GitHub answered with another account than %" PRId64, id);
    return rc;
}

/* Teams ----------------------------------------------------------------------------------------- */

int github_api_read_membership(const struct cJSON *json, bool *ret_member, struct err *err)
{
    const char *state = json_str(json, "state");

    if (state == NULL || (!str_eq(state, "active") && !str_eq(state, "pending")))
        return err_set(err, ERR_INVALID,
                       "a membership of GitHub's: `state` is neither active nor pending");
    *ret_member = str_eq(state, "active");
    return 0;
}

int github_api_in_team(struct github_api *api, const char *team, const char *login,
                       bool *ret_member, struct err *err)
{
    const char *slash = strchr(team, '/');
    struct cJSON *json;
    char path[512];
    int status, rc;

    if (slash == NULL || !names_is_repo(team) || !is_plain(login))
        return err_set(err, ERR_INVALID, "%.100s is no team, or %.100s no login of GitHub's", team,
                       login);
    (void)snprintf(path, sizeof(path), "/orgs/%.*s/teams/%s/memberships/%s", (int)(slash - team),
                   team, slash + 1, login);
    rc = github_api_get(api, path, &status, &json, err);
    if (rc < 0)
        return rc;
    if (status == 404)
        *ret_member = false;
    else if (status != 200 || github_api_read_membership(json, ret_member, err) < 0)
        rc = err_set(err, ERR_UNKNOWN, "GitHub answered %d to %s, and no membership", status, path);
    json_free(json);
    return rc;
}
