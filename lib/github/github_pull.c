#include "lib/github/github_pull.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/github/event.h"
#include "lib/github/event_field.h"
#include "lib/github/github_api.h"

#define PAYLOAD_MAX ((size_t)25 << 20)

/* Readers --------------------------------------------------------------------------------------- */

int github_pull_read_list(const struct cJSON *json, struct arena *arena,
                          struct github_pull **ret_items, size_t *ret_n, struct err *err)
{
    struct github_pull *items = NULL;
    size_t n = 0, cap = 0;

    if (!json_is_array(json))
        return err_set(err, ERR_INVALID, "GitHub's pull requests: no list");
    for (const struct cJSON *i = json_first(json); i != NULL; i = json_next(i)) {
        struct github_pull pull = {.number = 0};
        if (!json_int(i, "number", &pull.number) || pull.number <= 0 ||
            timestamp_parse_rfc3339(json_str(i, "updated_at"), &pull.updated_at) < 0)
            return err_set(err, ERR_INVALID,
                           "GitHub's pull requests: `number` or `updated_at` is none");
        pull.open = str_eq(json_str(i, "state"), "open");
        pull.merged = event_field_time(i, "merged_at") != 0;
        pull.draft = event_field_flag(i, "draft");
        event_field_sha(json_object(i, "head"), "sha", pull.head_sha);
        pull.title = event_field_text_or_empty(arena, i, "title", EVENT_TITLE_MAX);
        *ARENA_PUSH(arena, items, n, cap) = pull;
    }
    *ret_items = items;
    *ret_n = n;
    return 0;
}

int github_pull_read_payload(const struct cJSON *json, char **ret_payload, struct err *err)
{
    const struct cJSON *repository = json_object(json_object(json, "base"), "repo");
    char *pull, *repo;
    struct json_out out;
    struct buf buf;
    int64_t number;
    int rc = 0;

    if (!json_int(json, "number", &number) || number <= 0 || repository == NULL)
        return err_set(err, ERR_INVALID,
                       "a pull request of GitHub's: `number` or `base.repo` is none");
    pull = json_print(json);
    repo = json_print(repository);
    buf_init(&buf, PAYLOAD_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "action", GITHUB_PULL_ACTION);
    json_add_int(&out, "number", number);
    json_add_raw(&out, "pull_request", pull);
    json_add_raw(&out, "repository", repo);
    json_end_object(&out);
    free(pull);
    free(repo);
    if (buf.overflow)
        rc = err_set(err, ERR_INVALID, "a pull request of GitHub's is larger than any event");
    else
        *ret_payload = buf_detach(&buf, NULL);
    buf_deinit(&buf);
    return rc;
}

/* Questions ------------------------------------------------------------------------------------- */

/* Branch names have letters that mean something else in a query. */
static const char *escaped(struct arena *arena, const char *text)
{
    struct buf buf;
    const char *out;

    buf_init(&buf, 4096);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        if ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
            *c == '-' || *c == '_' || *c == '.')
            buf_addf(&buf, "%c", *c);
        else
            buf_addf(&buf, "%%%02X", *c);
    out = arena_strn(arena, buf.data, buf.len);
    buf_deinit(&buf);
    return out;
}

int github_pull_list(struct github_api *api, struct arena *arena, const char *repository,
                     const char *branch, int page, struct github_pull **ret_items, size_t *ret_n,
                     struct err *err)
{
    const char *path = arena_printf(
        arena, "/repos/%s/pulls?state=all&sort=updated&direction=desc&base=%s&per_page=%d&page=%d",
        repository, escaped(arena, branch), GITHUB_PULL_PAGE, page);
    struct cJSON *json;
    int rc = github_api_find(api, path, "pull request", &json, err);

    return rc < 0 ? rc
                  : github_api_was_read(json,
                                        github_pull_read_list(json, arena, ret_items, ret_n, err));
}

int github_pull_payload(struct github_api *api, const char *repository, int64_t number,
                        char **ret_payload, struct err *err)
{
    struct cJSON *json;
    char path[256];
    int rc;

    (void)snprintf(path, sizeof(path), "/repos/%s/pulls/%" PRId64, repository, number);
    rc = github_api_find(api, path, "pull request", &json, err);
    return rc < 0 ? rc
                  : github_api_was_read(json, github_pull_read_payload(json, ret_payload, err));
}
