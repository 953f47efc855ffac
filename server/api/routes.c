#include "server/api/routes.h"

#include <string.h>

#include "server/api/api_agent.h"
#include "server/api/api_approval.h"
#include "server/api/api_audit.h"
#include "server/api/api_barrier.h"
#include "server/api/api_cancel.h"
#include "server/api/api_delivery.h"
#include "server/api/api_check.h"
#include "server/api/api_doctor.h"
#include "server/api/api_calendar.h"
#include "server/api/api_events.h"
#include "server/api/api_forecast.h"
#include "server/api/api_freeze.h"
#include "server/api/api_health.h"
#include "server/api/api_holidays.h"
#include "server/api/api_hold.h"
#include "server/api/api_host.h"
#include "server/api/api_key.h"
#include "server/api/api_metrics.h"
#include "server/api/api_moment.h"
#include "server/api/api_page.h"
#include "server/api/api_person.h"
#include "server/api/api_release.h"
#include "server/api/api_repository.h"
#include "server/api/api_retry.h"
#include "server/api/api_rollback.h"
#include "server/api/api_status.h"
#include "server/api/api_token.h"
#include "server/api/api_wish.h"
#include "server/api/door.h"
#include "server/api/receive.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define WEBHOOK_BODY (25 * MIB) /* GitHub sends at most 25 MB (github-wire.md 1) */
#define DOOR_BODY (256 * KIB)
#define API_BODY (1 * MIB)
#define HOLIDAYS_BODY (4 * MIB) /* a list of 2 MiB, as a text in JSON */

#define EVERYWHERE                                                                                 \
    (ON(LISTENER_WEBHOOKS) | ON(LISTENER_AGENTS) | ON(LISTENER_WEB) | ON(LISTENER_CLI))
#define API (ON(LISTENER_WEB) | ON(LISTENER_CLI))
#define WEB ON(LISTENER_WEB)

const struct route routes[] = {
    {.name = "receive_webhook",
     .listeners = ON(LISTENER_WEBHOOKS),
     .method = "POST",
     .pattern = "/webhooks/github",
     .body_limit = WEBHOOK_BODY,
     .begin = receive_begin,
     .piece = receive_piece,
     .handler = receive_delivery,
     .summary = "A delivery of GitHub"},
    {.name = "door",
     .listeners = ON(LISTENER_AGENTS),
     .method = "POST",
     .pattern = "/",
     .body_limit = DOOR_BODY,
     .chunked = true,
     .handler = door_post,
     .summary = "AWS Systems Manager's wire, for agents and AWS clients"},
    {.name = "health_live",
     .listeners = EVERYWHERE,
     .method = "GET",
     .pattern = "/healthz",
     .handler = api_health_live,
     .summary = "A fixed word while the process serves"},
    {.name = "health_ready",
     .listeners = WEB,
     .method = "GET",
     .pattern = "/readyz",
     .handler = api_health_ready,
     .summary = "Whether it can take and store work"},
    {.name = "metrics",
     .listeners = WEB,
     .method = "GET",
     .pattern = "/metrics",
     .handler = api_metrics_get,
     .summary = "Counters in Prometheus' text format"},

    {.name = "status_get",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/status",
     .right = RIGHT_VIEW,
     .scope = ROUTE_ANYWHERE,
     .handler = api_status_get,
     .summary = "What is live, what is next and when, and why not yet"},
    {.name = "moment",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/moment",
     .right = RIGHT_VIEW,
     .scope = ROUTE_ANYWHERE,
     .handler = api_moment_get,
     .summary = "What was, or will be, live at an instant"},
    {.name = "release_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/repos/{owner}/{name}/releases",
     .right = RIGHT_VIEW,
     .scope = ROUTE_REPOSITORY,
     .handler = api_release_list,
     .summary = "Releases of a repository, newest first"},
    {.name = "release_get",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/repos/{owner}/{name}/releases/{number}",
     .right = RIGHT_VIEW,
     .scope = ROUTE_REPOSITORY,
     .handler = api_release_get,
     .summary = "One release: its pull requests, deployments, hosts, verdicts"},
    {.name = "release_logs",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/repos/{owner}/{name}/releases/{number}/logs",
     .right = RIGHT_VIEW,
     .scope = ROUTE_REPOSITORY,
     .handler = api_release_logs,
     .summary = "What its commands printed"},
    {.name = "release_wish",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/releases/{number}/release",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_wish_release,
     .summary = "Ask for a release to go out: now, or at a start"},
    {.name = "release_hotfix",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/releases/{number}/hotfix",
     .right = RIGHT_HOTFIX,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_wish_hotfix,
     .summary = "Bring a release out past what a hotfix may pass"},
    {.name = "wish_withdraw",
     .listeners = API,
     .method = "DELETE",
     .pattern = "/api/v1/repos/{owner}/{name}/wish",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_wish_withdraw,
     .summary = "Take back what was asked for and has not been cut"},
    {.name = "deployment_cancel",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/cancel",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_cancel_open,
     .summary = "End the open deployment, or take back what was asked for"},
    {.name = "deployment_retry",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/retry",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_retry_go,
     .summary = "Try again what stopped, perhaps without one of its hosts"},
    {.name = "rollback_ask",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/rollback",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_rollback_ask,
     .summary = "Bring an old release back"},
    {.name = "approval_grant",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/releases/{number}/approval",
     .right = RIGHT_APPROVE_CODE,
     .or_right = RIGHT_APPROVE_CONTENT,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_approval_grant,
     .summary = "Approve a release for an environment"},
    {.name = "approval_withdraw",
     .listeners = API,
     .method = "DELETE",
     .pattern = "/api/v1/repos/{owner}/{name}/releases/{number}/approval",
     .right = RIGHT_APPROVE_CODE,
     .or_right = RIGHT_APPROVE_CONTENT,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_approval_withdraw,
     .summary = "Take one's own approval back"},
    {.name = "check_release",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/releases/{number}/check",
     .right = RIGHT_APPROVE_CODE,
     .or_right = RIGHT_APPROVE_CONTENT,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_check_release,
     .summary = "Say that a release is ok where it was looked at, or needs a fix"},
    {.name = "check_pull",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/pulls/{number}/check",
     .right = RIGHT_APPROVE_CONTENT,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_check_pull,
     .summary = "Say that the head of a pull request is ok, or needs a fix"},
    {.name = "barrier_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/repos/{owner}/{name}/barriers",
     .right = RIGHT_VIEW,
     .scope = ROUTE_REPOSITORY,
     .handler = api_barrier_list,
     .summary = "Pull requests that may not go out yet"},
    {.name = "barrier_set",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/pulls/{number}/barrier",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_barrier_set,
     .summary = "Keep a pull request back until a time"},
    {.name = "barrier_lift",
     .listeners = API,
     .method = "DELETE",
     .pattern = "/api/v1/repos/{owner}/{name}/pulls/{number}/barrier",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_barrier_lift,
     .summary = "Let it go out again"},
    {.name = "baseline_declare",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/environments/{environment}/baseline",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_repository_baseline,
     .summary = "Declare what is live in an environment"},
    {.name = "repository_adopt",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/adopt",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_REPOSITORY,
     .body_limit = API_BODY,
     .handler = api_repository_adopt,
     .summary = "Take the rewritten branch as the new line"},
    {.name = "forecast",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/forecast",
     .right = RIGHT_VIEW,
     .scope = ROUTE_ANYWHERE,
     .handler = api_forecast_get,
     .summary = "What goes where and when, if nothing else happens"},
    {.name = "schedule",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/schedule",
     .right = RIGHT_VIEW,
     .scope = ROUTE_ANYWHERE,
     .handler = api_forecast_schedule,
     .summary = "The next instants at which something may start"},
    {.name = "calendar",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/calendar",
     .right = RIGHT_VIEW,
     .scope = ROUTE_ANYWHERE,
     .handler = api_calendar_get,
     .summary = "Days with their promised starts, windows, freezes and holidays"},
    {.name = "holidays_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/holidays",
     .right = RIGHT_VIEW,
     .scope = ROUTE_ANYWHERE,
     .handler = api_holidays_list,
     .summary = "Years for which a list of Japan's holidays was imported"},
    {.name = "holidays_import",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/holidays",
     .right = RIGHT_ADMIN,
     .body_limit = HOLIDAYS_BODY,
     .handler = api_holidays_import,
     .summary = "Let `holidays: jp` follow a list, in the years that it names"},
    {.name = "release_why",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/repos/{owner}/{name}/why",
     .right = RIGHT_VIEW,
     .scope = ROUTE_REPOSITORY,
     .handler = api_forecast_why,
     .summary = "Why a release or pull request is not out yet, and when it will be"},
    {.name = "hold_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/holds",
     .right = RIGHT_VIEW,
     .scope = ROUTE_ANYWHERE,
     .handler = api_hold_list,
     .summary = "Holds that are open"},
    {.name = "hold_add",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/repos/{owner}/{name}/holds",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_hold_add,
     .summary = "Hold an environment, or all of a repository"},
    {.name = "hold_lift",
     .listeners = API,
     .method = "DELETE",
     .pattern = "/api/v1/repos/{owner}/{name}/holds",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ENVIRONMENT,
     .handler = api_hold_lift,
     .summary = "Lift the holds of an environment, or of a repository as a whole"},
    {.name = "freeze_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/freezes",
     .right = RIGHT_VIEW,
     .scope = ROUTE_ANYWHERE,
     .handler = api_freeze_list,
     .summary = "Freezes that were added while running, in force or to come"},
    {.name = "freeze_add",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/freezes",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ANY_ENVIRONMENT,
     .body_limit = API_BODY,
     .handler = api_freeze_add,
     .summary = "Add a freeze"},
    {.name = "freeze_remove",
     .listeners = API,
     .method = "DELETE",
     .pattern = "/api/v1/freezes",
     .right = RIGHT_OPERATE,
     .scope = ROUTE_ANY_ENVIRONMENT,
     .handler = api_freeze_remove,
     .summary = "Remove a freeze"},
    {.name = "host_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/hosts",
     .right = RIGHT_VIEW,
     .handler = api_host_list,
     .summary = "Hosts, and when they were last heard"},
    {.name = "agent_accept_journal",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/hosts/{host}/accept-journal",
     .right = RIGHT_OPERATE,
     .body_limit = API_BODY,
     .handler = api_agent_accept_journal,
     .summary = "Believe the journal that a host names next"},
    {.name = "agent_revoke",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/hosts/{host}/revoke",
     .right = RIGHT_ADMIN,
     .body_limit = API_BODY,
     .handler = api_agent_revoke,
     .summary = "End the keys of a host at once"},
    {.name = "fence_advance",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/fence",
     .right = RIGHT_ADMIN,
     .body_limit = API_BODY,
     .handler = api_agent_fence,
     .summary = "Let a database go on whose hosts are ahead of the store"},
    {.name = "activation_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/activations",
     .right = RIGHT_ADMIN,
     .handler = api_host_activations,
     .summary = "Activations that hosts may register with"},
    {.name = "activation_create",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/activations",
     .right = RIGHT_ADMIN,
     .body_limit = API_BODY,
     .handler = api_host_activate,
     .summary = "Let a host, or several, register"},
    {.name = "key_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/keys",
     .right = RIGHT_ADMIN,
     .handler = api_key_list,
     .summary = "Access keys of AWS callers, without their secrets"},
    {.name = "key_create",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/keys",
     .right = RIGHT_ADMIN,
     .body_limit = API_BODY,
     .handler = api_key_create,
     .summary = "Make an access key; its secret is shown once"},
    {.name = "key_delete",
     .listeners = API,
     .method = "DELETE",
     .pattern = "/api/v1/keys/{key}",
     .right = RIGHT_ADMIN,
     .handler = api_key_delete,
     .summary = "End an access key"},
    {.name = "token_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/tokens",
     .right = RIGHT_ADMIN,
     .handler = api_token_list,
     .summary = "Tokens, without their secrets"},
    {.name = "token_create",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/tokens",
     .right = RIGHT_ADMIN,
     .body_limit = API_BODY,
     .handler = api_token_create,
     .summary = "Make a token; it is shown once"},
    {.name = "token_delete",
     .listeners = API,
     .method = "DELETE",
     .pattern = "/api/v1/tokens/{token}",
     .right = RIGHT_ADMIN,
     .handler = api_token_delete,
     .summary = "End a token"},
    {.name = "person_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/people",
     .right = RIGHT_ADMIN,
     .handler = api_person_list,
     .summary = "Logins of GitHub and the account that each means"},
    {.name = "person_accept",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/people/{login}/accept",
     .right = RIGHT_ADMIN,
     .body_limit = API_BODY,
     .handler = api_person_accept,
     .summary = "Let a login mean another account from now on"},
    {.name = "delivery_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/deliveries",
     .right = RIGHT_VIEW,
     .handler = api_delivery_list,
     .summary = "What GitHub sent, newest first, and what became of it"},
    {.name = "delivery_get",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/deliveries/{delivery}",
     .right = RIGHT_VIEW,
     .handler = api_delivery_get,
     .summary = "One delivery, by its id or GUID"},
    {.name = "delivery_replay",
     .listeners = API,
     .method = "POST",
     .pattern = "/api/v1/deliveries/{delivery}/replay",
     .right = RIGHT_OPERATE,
     .body_limit = API_BODY,
     .handler = api_delivery_replay,
     .summary = "Have a delivery read again"},
    {.name = "audit_list",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/audit",
     .right = RIGHT_VIEW,
     .handler = api_audit_list,
     .summary = "The journal: each act and decision, newest first"},
    {.name = "audit_verify",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/audit/verify",
     .right = RIGHT_VIEW,
     .handler = api_audit_verify,
     .summary = "Does the journal's chain hold?"},
    {.name = "doctor",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/doctor",
     .right = RIGHT_OPERATE,
     .handler = api_doctor_get,
     .summary = "Checks of this installation, each with its fix"},
    {.name = "events",
     .listeners = API,
     .method = "GET",
     .pattern = "/api/v1/events",
     .right = RIGHT_VIEW,
     .scope = ROUTE_ANYWHERE,
     .handler = api_events_get,
     .summary = "Server-sent events: what changed"},

    {.name = "calendar_feed",
     .listeners = WEB,
     .method = "GET",
     .pattern = "/calendar.ics",
     .handler = api_calendar_feed,
     .summary = "Promised starts, windows and freezes, for calendars"},
    {.name = "page_status_text",
     .listeners = WEB,
     .method = "GET",
     .pattern = "/status.txt",
     .right = RIGHT_VIEW,
     .scope = ROUTE_ANYWHERE,
     .handler = api_status_text,
     .summary = "The Board as plain text"},
    {.name = "page_board",
     .listeners = WEB,
     .method = "GET",
     .pattern = "/",
     .handler = api_page_index,
     .summary = "The page"},
    {.name = "page_release",
     .listeners = WEB,
     .method = "GET",
     .pattern = "/{owner}/{name}/releases/{number}",
     .handler = api_page_index,
     .summary = "The page, at a release"},
    {.name = "page_pull",
     .listeners = WEB,
     .method = "GET",
     .pattern = "/{owner}/{name}/pull/{number}",
     .handler = api_page_index,
     .summary = "The page, at a pull request"},
    {.name = "page_folder_file",
     .listeners = WEB,
     .method = "GET",
     .pattern = "/assets/{folder}/{file}",
     .handler = api_page_file,
     .summary = "The same, of a folder of the page"},
    {.name = "page_file",
     .listeners = WEB,
     .method = "GET",
     .pattern = "/assets/{file}",
     .handler = api_page_file,
     .summary = "A script, style or picture of the page"},
};

const size_t n_routes = sizeof(routes) / sizeof(routes[0]);

/* Names that people and machines may have: what GitHub allows in owners and repositories, and our
 * own numbers and file names. So a segment can hold neither an escape nor dots alone. */
static bool is_segment(const char *s, size_t len)
{
    size_t dots = 0;

    if (len == 0 || len > 128)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];

        if (c == '.')
            dots++;
        else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   c == '-' || c == '_'))
            return false;
    }
    return dots < len;
}

static bool matches(const char *pattern, const char *path, struct routes_found *found)
{
    const char *p = path;

    found->n_segments = 0;
    while (*pattern != '\0') {
        size_t len;

        if (*pattern != '{') {
            if (*pattern++ != *p++)
                return false;
            continue;
        }
        len = strcspn(p, "/");
        if (!is_segment(p, len))
            return false;
        found->segments[found->n_segments].offset = (size_t)(p - path);
        found->segments[found->n_segments].len = len;
        found->n_segments++;
        p += len;
        pattern = strchr(pattern, '}') + 1;
    }
    return *p == '\0';
}

static void allow_add(struct routes_found *found, const char *method)
{
    if (found->allow[0] != '\0')
        (void)strncat(found->allow, ", ", sizeof(found->allow) - strlen(found->allow) - 1);
    (void)strncat(found->allow, method, sizeof(found->allow) - strlen(found->allow) - 1);
}

enum routes_match routes_find(enum listener listener, const char *method, const char *path,
                              struct routes_found *ret_found)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    struct routes_found found = {0};

    for (size_t i = 0; i < n_routes; i++) {
        if ((routes[i].listeners & ON(listener)) == 0 || !matches(routes[i].pattern, path, &found))
            continue;
        if (strcmp(routes[i].method, wanted) == 0) {
            found.route = &routes[i];
            found.allow[0] = '\0';
            *ret_found = found;
            return ROUTES_FOUND;
        }
        allow_add(&found, routes[i].method);
        if (strcmp(routes[i].method, "GET") == 0)
            allow_add(&found, "HEAD");
    }
    if (found.allow[0] == '\0')
        return ROUTES_NO_PATH;
    *ret_found = found;
    return ROUTES_NO_METHOD;
}
