/* Frames between server, keeper and worker: JSON, bounded, read strictly. */
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/repo/keeper.h"

static const char *const verbs[] = {"fetch", "line", "paths"};

static const char *finish(struct arena *arena, struct buf *buf)
{
    const char *text = buf->overflow ? NULL : arena_strn(arena, buf_str(buf), buf->len);

    buf_deinit(buf);
    return text;
}

const char *keeper_request_text(struct arena *arena, uint64_t id, const struct keeper_request *r)
{
    struct json_out o;
    struct buf buf;

    buf_init(&buf, KEEPER_FRAME_MAX);
    json_out_init(&o, &buf);
    json_begin_object(&o, NULL);
    json_add_int(&o, "id", (int64_t)id);
    json_add_str(&o, "verb", verbs[r->verb]);
    json_add_str(&o, "folder", r->source.folder);
    json_add_str(&o, "name", r->source.name);
    json_add_str(&o, "url", r->source.url);
    json_add_str(&o, "branch", r->source.branch);
    json_begin_array(&o, "roots");
    for (size_t i = 0; i < r->source.n_roots; i++)
        json_add_str(&o, NULL, r->source.roots[i]);
    json_end_array(&o);
    json_add_str(&o, "known", r->known);
    json_add_str(&o, "sha", r->sha);
    json_add_int(&o, "deadline_ms", r->deadline_ms);
    json_end_object(&o);
    return finish(arena, &buf);
}

int keeper_request_read(struct arena *arena, const char *text, size_t len, uint64_t *ret_id,
                        struct keeper_request *ret_request, struct err *err)
{
    struct keeper_request r = {.verb = KEEPER_FETCH};
    struct cJSON *json = NULL;
    const struct cJSON *roots;
    const char *verb, **list;
    int64_t id = 0;
    int found = -1;
    int rc = json_parse(text, len, NULL, &json, err);

    if (rc < 0)
        return rc;
    verb = json_str(json, "verb");
    for (int i = 0; verb != NULL && i < 3; i++)
        if (strcmp(verb, verbs[i]) == 0)
            found = i;
    r.source.folder = arena_str(arena, json_str(json, "folder"));
    r.source.name = arena_str(arena, json_str(json, "name"));
    r.source.url = arena_str(arena, json_str(json, "url"));
    r.source.branch = arena_str(arena, json_str(json, "branch"));
    r.known = arena_str(arena, json_str(json, "known"));
    r.sha = arena_str(arena, json_str(json, "sha"));
    roots = json_array(json, "roots");
    list = arena_array(arena, json_count(roots), sizeof(*list));
    for (const struct cJSON *i = json_first(roots); i != NULL; i = json_next(i))
        if (json_string_value(i) != NULL)
            list[r.source.n_roots++] = arena_str(arena, json_string_value(i));
    r.source.roots = list;
    if (found < 0 || !json_int(json, "id", &id) || id <= 0 ||
        !json_int(json, "deadline_ms", &r.deadline_ms) || r.source.folder == NULL ||
        r.source.name == NULL ||
        (found == KEEPER_FETCH ? r.source.url == NULL || r.source.branch == NULL : r.sha == NULL))
        rc = err_set(err, ERR_INVALID, "keeper: a request of another form");
    json_free(json);
    if (rc < 0)
        return rc;
    r.verb = (enum keeper_verb)found;
    *ret_id = (uint64_t)id;
    *ret_request = r;
    return 0;
}

const char *keeper_answer_text(struct arena *arena, enum keeper_verb verb,
                               const struct keeper_answer *a)
{
    struct json_out o;
    struct buf buf;

    buf_init(&buf, KEEPER_FRAME_MAX);
    json_out_init(&o, &buf);
    json_begin_object(&o, NULL);
    json_add_int(&o, "id", (int64_t)a->id);
    json_add_int(&o, "rc", a->rc);
    json_add_str(&o, "error", a->error);
    if (a->rc == 0 && verb == KEEPER_FETCH)
        json_add_str(&o, "tip", a->tip);
    if (a->rc == 0 && verb == KEEPER_LINE) {
        json_add_bool(&o, "rewritten", a->line.rewritten);
        json_add_bool(&o, "more", a->line.more);
        json_begin_array(&o, "commits");
        for (size_t i = 0; i < a->line.n; i++) {
            const struct mirror_commit *c = &a->line.commits[i];
            json_begin_object(&o, NULL);
            json_add_str(&o, "sha", c->sha);
            json_add_str(&o, "parent", c->parent_sha);
            json_add_int(&o, "at", c->committed_at);
            json_add_str(&o, "author", c->author);
            json_add_str(&o, "subject", c->subject);
            json_end_object(&o);
        }
        json_end_array(&o);
    }
    if (a->rc == 0 && verb == KEEPER_PATHS) {
        json_add_bool(&o, "truncated", a->paths.truncated);
        json_begin_array(&o, "paths");
        for (size_t i = 0; i < a->paths.n; i++)
            json_add_str(&o, NULL, a->paths.paths[i]);
        json_end_array(&o);
    }
    json_end_object(&o);
    return finish(arena, &buf);
}

static void take_sha(const struct cJSON *object, const char *key, char out[41])
{
    const char *sha = json_str(object, key);

    snprintf(out, 41, "%s", names_is_sha40(sha) ? sha : "");
}

static int take_commits(struct arena *arena, const struct cJSON *list, struct mirror_line *line)
{
    size_t n = json_count(list);

    if (n > MIRROR_LINE_MAX)
        return ERR_INVALID;
    line->commits = arena_array(arena, n, sizeof(*line->commits));
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        struct mirror_commit *c = &line->commits[line->n++];
        take_sha(i, "sha", c->sha);
        take_sha(i, "parent", c->parent_sha);
        json_int(i, "at", &c->committed_at);
        c->author = arena_str(arena, json_str(i, "author"));
        c->subject = arena_str(arena, json_str(i, "subject"));
        if (c->sha[0] == '\0' || c->author == NULL || c->subject == NULL)
            return ERR_INVALID;
    }
    return 0;
}

int keeper_answer_read(struct arena *arena, const char *text, size_t len,
                       struct keeper_answer *ret_answer, struct err *err)
{
    struct keeper_answer a = {.id = 0};
    struct cJSON *json = NULL;
    const struct cJSON *paths;
    int64_t id = 0, code = 0;
    int rc = json_parse(text, len, NULL, &json, err);

    if (rc < 0)
        return rc;
    if (!json_int(json, "id", &id) || id <= 0 || !json_int(json, "rc", &code) || code > 0 ||
        code < ERR_INTERNAL || take_commits(arena, json_array(json, "commits"), &a.line) < 0)
        rc = err_set(err, ERR_INVALID, "keeper: an answer of another form");
    a.id = (uint64_t)id;
    a.rc = (int)code;
    a.error = arena_str(arena, json_str(json, "error"));
    take_sha(json, "tip", a.tip);
    json_bool(json, "rewritten", &a.line.rewritten);
    json_bool(json, "more", &a.line.more);
    paths = json_array(json, "paths");
    json_bool(json, "truncated", &a.paths.truncated);
    a.paths.paths = arena_array(arena, json_count(paths), sizeof(*a.paths.paths));
    for (const struct cJSON *i = json_first(paths); i != NULL; i = json_next(i))
        if (json_string_value(i) != NULL)
            a.paths.paths[a.paths.n++] = arena_str(arena, json_string_value(i));
    json_free(json);
    if (rc == 0)
        *ret_answer = a;
    return rc;
}
