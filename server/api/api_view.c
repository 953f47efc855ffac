#include "server/api/api_view.h"

#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/db.h"
#include "lib/store/store_repository.h"
#include "server/api/api.h"
#include "server/api/api_missing.h"
#include "server/api/policy.h"
#include "server/api/reply.h"
#include "server/flow/snapshot.h"

#define LANGUAGE_COOKIE "slipway-lang="

/* The language that a tag such as "ja-JP" begins with; -1 = none of ours. */
static int language_of(const char *tag)
{
    static const char *const ours[LANGUAGE_COUNT] = {[LANGUAGE_EN] = "en", [LANGUAGE_JA] = "ja"};

    for (int i = 0; i < LANGUAGE_COUNT; i++) {
        if (strncasecmp(tag, ours[i], 2) == 0 && strchr("-;,. ", tag[2]) != NULL)
            return i;
    }
    return -1;
}

/* The first of ours in the list; browsers send it in the order of preference. */
static int language_accepted(const char *list)
{
    while (list != NULL && *list != '\0') {
        int language = language_of(list + strspn(list, " \t"));

        if (language >= 0)
            return language;
        list = strchr(list, ',');
        if (list != NULL)
            list++;
    }
    return -1;
}

enum language api_view_language(const struct request *request, const struct config *config)
{
    const char *asked = request_query(request, "lang");
    const char *cookies = request_header(request, "Cookie");
    const char *cookie = cookies != NULL ? strstr(cookies, LANGUAGE_COOKIE) : NULL;
    int language = asked != NULL ? language_of(asked) : -1;

    if (language < 0 && cookie != NULL)
        language = language_of(cookie + strlen(LANGUAGE_COOKIE));
    if (language < 0)
        language = language_accepted(request_header(request, "Accept-Language"));
    return language >= 0 ? (enum language)language : messages_language(config->language);
}

int api_view_open(struct api_view *view, struct request *request, struct err *err)
{
    const struct api *api = request->api;

    *view = (struct api_view){.request = request};
    view->snapshot = snapshots_take(api->snapshots);
    view->config = view->snapshot->config;
    view->now = clock_now(api->clock);
    view->language = api_view_language(request, view->config);
    return db_pool_take(api->readers, &view->db, err);
}

void api_view_close(struct api_view *view)
{
    if (view->db != NULL)
        db_pool_give(view->request->api->readers, view->db);
    if (view->snapshot != NULL)
        snapshots_give(view->snapshot);
}

enum request_next api_view_answer(struct request *request, struct reply *reply, size_t max,
                                  api_view_write *write)
{
    struct err err = ERR_INIT;
    struct api_view view;
    struct json_out out;
    struct buf buf;
    int rc = api_view_open(&view, request, &err);

    buf_init(&buf, max);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    if (rc == 0)
        rc = write(&view, &out, &err);
    json_end_object(&out);
    api_view_close(&view);
    if (rc < 0) {
        buf_deinit(&buf);
        reply_error(request, reply, &err);
    } else {
        reply_json_buf(request, reply, 200, &buf);
    }
    return REQUEST_DONE;
}

int api_view_repository(struct api_view *view, const struct config_repo **ret_repo,
                        struct repository *ret_repository, struct err *err)
{
    struct request *request = view->request;
    const char *name =
        arena_printf(request->arena, "%s/%s", request->segments[0], request->segments[1]);
    const struct config_repo *repo = config_repo(view->config, name);
    int rc;

    if (repo == NULL || !api_view_shows(view, repo))
        return api_missing_repository(name, err);
    rc = store_repository_by_name(view->db, request->arena, name, ret_repository, err);
    if (rc == ERR_NOT_FOUND) {
        *ret_repository = (struct repository){.name = name, .branch = repo->branch};
        rc = 0;
    }
    if (rc == 0)
        *ret_repo = repo;
    return rc;
}

int api_view_number(const struct api_view *view, size_t segment, int64_t *ret_number,
                    struct err *err)
{
    const char *text = view->request->segments[segment];

    if (strspn(text, "0123456789") != strlen(text) || text[0] == '0' ||
        str_parse_int64(text, ret_number) < 0)
        return err_set(err, ERR_NOT_FOUND, "release %s: expected a number such as 128", text);
    return 0;
}

bool api_view_shows(const struct api_view *view, const struct config_repo *repo)
{
    return (policy_rights_in_repo(view->request, repo) & RIGHT_BIT(RIGHT_VIEW)) != 0;
}
