#include "lib/github/github_hook.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/github/github_api.h"

/* Readers --------------------------------------------------------------------------------------- */

int github_hook_read_list(const struct cJSON *json, struct arena *arena,
                          struct github_hook **ret_items, size_t *ret_n, struct err *err)
{
    struct github_hook *items = NULL;
    size_t n = 0, cap = 0;

    if (!json_is_array(json))
        return err_set(err, ERR_INVALID, "GitHub's webhooks: no list");
    for (const struct cJSON *i = json_first(json); i != NULL; i = json_next(i)) {
        const char *url = json_str(json_object(i, "config"), "url");
        struct github_hook hook = {.active = true, .url = ""};
        if (!json_int(i, "id", &hook.id) || hook.id <= 0)
            continue;
        json_bool(i, "active", &hook.active);
        if (url != NULL)
            hook.url = arena_str(arena, url);
        *ARENA_PUSH(arena, items, n, cap) = hook;
    }
    *ret_items = items;
    *ret_n = n;
    return 0;
}

/* The GUID as the front door takes it: one printable word (W2). */
static bool read_word(const struct cJSON *json, const char *key, char *word, size_t size)
{
    const char *value = json_str(json, key);
    size_t len = value != NULL ? strlen(value) : 0;

    if (len == 0 || len >= size)
        return false;
    for (size_t i = 0; i < len; i++)
        if (value[i] <= ' ' || value[i] > '~')
            return false;
    memcpy(word, value, len + 1);
    return true;
}

int github_hook_read_deliveries(const struct cJSON *json, struct arena *arena,
                                struct github_delivery **ret_items, size_t *ret_n, struct err *err)
{
    struct github_delivery *items = NULL;
    size_t n = 0, cap = 0;

    if (!json_is_array(json))
        return err_set(err, ERR_INVALID, "GitHub's deliveries: no list");
    for (const struct cJSON *i = json_first(json); i != NULL; i = json_next(i)) {
        struct github_delivery d = {.id = 0};
        if (json_int(i, "id", &d.id) && d.id > 0 && read_word(i, "guid", d.guid, sizeof(d.guid)) &&
            read_word(i, "event", d.event, sizeof(d.event)) &&
            timestamp_parse_rfc3339(json_str(i, "delivered_at"), &d.delivered_at) == 0)
            *ARENA_PUSH(arena, items, n, cap) = d;
    }
    *ret_items = items;
    *ret_n = n;
    return 0;
}

int github_hook_read_payload(const struct cJSON *json, char **ret_payload, struct err *err)
{
    const struct cJSON *payload = json_object(json_object(json, "request"), "payload");

    if (payload == NULL)
        return err_set(err, ERR_INVALID, "a delivery of GitHub's: `request.payload` is no object");
    *ret_payload = json_print(payload);
    return 0;
}

/* <https://api.github.com/...?per_page=100&cursor=v1_123>; rel="next", <...>; rel="prev" */
void github_hook_read_cursor(const char *link, char ret_cursor[GITHUB_HOOK_CURSOR_SIZE])
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~%";
    const char *at = link;

    ret_cursor[0] = '\0';
    while (at != NULL && (at = strchr(at, '<')) != NULL) {
        const char *end = strchr(at, '>');
        const char *cursor, *next;
        size_t len;

        if (end == NULL)
            return;
        next = strchr(end, '<');
        cursor = strstr(at, "cursor=");
        if (cursor != NULL && cursor < end && (cursor[-1] == '?' || cursor[-1] == '&') &&
            strstr(end, "rel=\"next\"") != NULL &&
            (next == NULL || strstr(end, "rel=\"next\"") < next)) {
            cursor += strlen("cursor=");
            len = strspn(cursor, letters);
            if (len < GITHUB_HOOK_CURSOR_SIZE && (cursor[len] == '&' || cursor + len == end)) {
                memcpy(ret_cursor, cursor, len);
                ret_cursor[len] = '\0';
            }
            return;
        }
        at = next;
    }
}

/* Questions ------------------------------------------------------------------------------------- */

int github_hook_list(struct github_api *api, struct arena *arena, const char *owner,
                     struct github_hook **ret_items, size_t *ret_n, struct err *err)
{
    struct cJSON *json;
    char path[256];
    int rc;

    (void)snprintf(path, sizeof(path), "/%s/hooks?per_page=%d", owner, GITHUB_HOOK_PAGE);
    rc = github_api_find(api, path, "webhooks", &json, err);
    return rc < 0 ? rc
                  : github_api_was_read(json,
                                        github_hook_read_list(json, arena, ret_items, ret_n, err));
}

int github_hook_deliveries(struct github_api *api, struct arena *arena, const char *owner,
                           int64_t id, char cursor[GITHUB_HOOK_CURSOR_SIZE],
                           struct github_delivery **ret_items, size_t *ret_n, struct err *err)
{
    struct cJSON *json;
    char path[768];
    int rc;

    (void)snprintf(path, sizeof(path), "/%s/hooks/%" PRId64 "/deliveries?per_page=%d%s%s", owner,
                   id, GITHUB_HOOK_PAGE, cursor[0] != '\0' ? "&cursor=" : "", cursor);
    rc = github_api_find(api, path, "deliveries", &json, err);
    if (rc < 0)
        return rc;
    github_hook_read_cursor(github_api_header(api, "link"), cursor);
    return github_api_was_read(json,
                               github_hook_read_deliveries(json, arena, ret_items, ret_n, err));
}

int github_hook_payload(struct github_api *api, const char *owner, int64_t hook, int64_t delivery,
                        char **ret_payload, struct err *err)
{
    struct cJSON *json;
    char path[256];
    int rc;

    (void)snprintf(path, sizeof(path), "/%s/hooks/%" PRId64 "/deliveries/%" PRId64, owner, hook,
                   delivery);
    rc = github_api_find(api, path, "delivery", &json, err);
    return rc < 0 ? rc
                  : github_api_was_read(json, github_hook_read_payload(json, ret_payload, err));
}
