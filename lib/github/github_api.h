/*
 * github_api: questions to GitHub's REST API, typed and bounded (github-wire.md 4).
 *
 * The base address and the token come from the configuration; owners, teams and logins are checked against their
 * grammar before they become part of a path, no address of a payload is ever called (threats.md, rule 10). A redirect
 * is repeated once, and only on the configured host. Certificates are always verified (T53); a public name that leads
 * to loopback or link-local, or for api.github.com to a private network, is refused (T52).
 *
 * One handle, one thread; it may block up to its deadline, so it belongs to a thread that may.
 */
#ifndef SLIPWAY_LIB_GITHUB_GITHUB_API_H
#define SLIPWAY_LIB_GITHUB_GITHUB_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct cJSON;
struct clock;
struct github_api;
struct secret;

#define GITHUB_API_LOGIN_SIZE 101

struct github_api_options {
    const char *base; /* https://api.github.com, https://HOST/api/v3; no slash at its end */
    const struct secret *token; /* outlives the handle */
    const char *agent;          /* User-Agent */
    int64_t timeout_ms;         /* of one question; 0 = 10,000 */
    size_t answer_max;          /* bytes of one answer; 0 = 4 MiB */
    const atomic_bool *stop;    /* NULL = never; as httpc has it */
    struct clock *clock;        /* for GitHub's limits; NULL = the machine's */
};

struct github_api *github_api_new(const struct github_api_options *options);
void github_api_free(struct github_api *api);

/*
 * GET base + `path`, which begins with '/' and was made of checked parts. `*ret_json` is the caller's; NULL if the
 * body is none. Any status but those that say "not now" is an answer. ERR_DENIED: the token may not, 401 or 403;
 * ERR_BUSY: over a rate limit, `github_api_wait_ms()` says for how long; ERR_UNREACHABLE, ERR_TIMEOUT: no answer;
 * ERR_UNKNOWN: 5xx, or an answer that is none.
 */
int github_api_get(struct github_api *api, const char *path, int *ret_status,
                   struct cJSON **ret_json, struct err *err);
/* The same where only 200 is an answer; `what` is asked for. ERR_NOT_FOUND: 404, which GitHub also says of what the token
 * may not see; ERR_UNKNOWN: any other status. */
int github_api_find(struct github_api *api, const char *path, const char *what,
                    struct cJSON **ret_json, struct err *err);
/* A reader's verdict `rc` on an answer, which is freed: one that is none is GitHub's trouble, not the caller's mistake. */
int github_api_was_read(struct cJSON *json, int rc);
/* After ERR_BUSY: how long GitHub asks to be left alone. */
int64_t github_api_wait_ms(const struct github_api *api);
/* A header of the last answer, such as "link"; NULL = absent. */
const char *github_api_header(struct github_api *api, const char *name);

struct github_api_account {
    int64_t id;
    char login[GITHUB_API_LOGIN_SIZE]; /* as GitHub writes it */
};
/* Who has this login now. ERR_NOT_FOUND: nobody. */
int github_api_user(struct github_api *api, const char *login,
                    struct github_api_account *ret_account, struct err *err);
/* The login of this account now. ERR_NOT_FOUND: there is none any more. */
int github_api_account(struct github_api *api, int64_t id, struct github_api_account *ret_account,
                       struct err *err);
/* Is the login an active member of the organisation's team? `team`: ORG/SLUG. */
int github_api_in_team(struct github_api *api, const char *team, const char *login,
                       bool *ret_member, struct err *err);

/* Readers of answers, for those above and the fuzzer. Pure; ERR_INVALID says what was expected. */
int github_api_read_account(const struct cJSON *json, struct github_api_account *ret_account,
                            struct err *err);
int github_api_read_membership(const struct cJSON *json, bool *ret_member, struct err *err);

#endif
