/* keeper_frame: see keeper_frame.h. */
#include "lib/repo/keeper_frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/secret.h"

#define CHUNK 65536

static const char *const verbs[] = {
    [KEEPER_FETCH] = "fetch",
    [KEEPER_LINE] = "line",
    [KEEPER_PATHS] = "paths",
    [KEEPER_CONTAINS] = "contains",
};

/* Bytes ------------------------------------------------------------------------------------------ */

void keeper_frame_put(struct buf *out, uint64_t id, const char *text, size_t len)
{
    uint32_t n = (uint32_t)len;

    buf_add(out, &n, sizeof(n));
    buf_add(out, &id, sizeof(id));
    buf_add(out, text, len);
}

/* Drop bytes from the middle; large memory is given back once nothing is left in it. */
static void drop(struct buf *buf, size_t at, size_t n)
{
    buf->len -= n;
    memmove(buf->data + at, buf->data + at + n, buf->len - at);
    if (buf->len == 0 && buf->cap > 4 * CHUNK) {
        size_t max = buf->max;
        buf_deinit(buf);
        buf_init(buf, max);
    }
}

int keeper_frame_take(struct buf *in, size_t max, uint64_t id, struct arena *arena,
                      struct keeper_frame *ret_frame, bool *ret_got, struct err *err)
{
    size_t at = 0;

    *ret_got = false;
    while (in->len - at >= KEEPER_FRAME_HEAD) {
        struct keeper_frame frame;
        uint32_t n;
        memcpy(&n, in->data + at, sizeof(n));
        memcpy(&frame.id, in->data + at + sizeof(n), sizeof(frame.id));
        if (n > max)
            return err_set(err, ERR_INVALID, "a frame of %u bytes, at most %zu are allowed", n,
                           max);
        if (in->len - at - KEEPER_FRAME_HEAD < n)
            break;
        if (id == 0 || frame.id == id) {
            frame.text = arena_strn(arena, in->data + at + KEEPER_FRAME_HEAD, n);
            frame.len = n;
            drop(in, at, KEEPER_FRAME_HEAD + n);
            *ret_frame = frame;
            *ret_got = true;
            return 0;
        }
        at += KEEPER_FRAME_HEAD + n;
    }
    return 0;
}

int keeper_frame_fill(struct buf *in, int fd)
{
    char bytes[CHUNK];
    ssize_t got;

    do
        got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return ERR_BUSY;
    if (got <= 0)
        return ERR_UNREACHABLE;
    buf_add(in, bytes, (size_t)got);
    return in->overflow ? ERR_UNREACHABLE : 0;
}

int keeper_frame_flush(struct buf *out, int fd)
{
    size_t sent = 0;
    int rc = out->overflow ? ERR_UNREACHABLE : 0;

    while (rc == 0 && sent < out->len) {
        ssize_t n = send(fd, out->data + sent, out->len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        else if (n == 0 || errno != EINTR)
            rc = ERR_UNREACHABLE;
    }
    if (sent > 0) {
        size_t len = out->len;
        drop(out, 0, sent);
        if (out->data != NULL)
            secret_wipe(out->data + out->len, len - out->len); /* a request can carry a token */
    }
    return rc;
}

/* Requests --------------------------------------------------------------------------------------- */

static char *finish(struct arena *arena, struct buf *buf)
{
    char *text = buf->overflow ? NULL : arena_strn(arena, buf_str(buf), buf->len);

    if (buf->data != NULL)
        secret_wipe(buf->data, buf->len);
    buf_deinit(buf);
    return text;
}

char *keeper_frame_request_text(struct arena *arena, const struct keeper_request *r)
{
    struct json_out o;
    struct buf buf;

    buf_init(&buf, KEEPER_FRAME_REQUEST_MAX);
    json_out_init(&o, &buf);
    json_begin_object(&o, NULL);
    json_add_str(&o, "verb", verbs[r->verb]);
    json_add_str(&o, "folder", r->source.folder);
    json_add_str(&o, "name", r->source.name);
    json_add_str(&o, "url", r->source.url);
    json_add_str(&o, "branch", r->source.branch);
    json_begin_array(&o, "roots");
    for (size_t i = 0; i < r->source.n_roots; i++)
        json_add_str(&o, NULL, r->source.roots[i]);
    json_end_array(&o);
    json_add_str(&o, "authorization", r->source.authorization);
    json_add_str(&o, "ca_file", r->source.ca_file);
    json_add_str(&o, "known", r->known);
    json_add_str(&o, "sha", r->sha);
    json_add_int(&o, "max", (int64_t)r->max);
    json_add_int(&o, "deadline_ms", r->deadline_ms);
    json_end_object(&o);
    return finish(arena, &buf);
}

static bool read_verb(const struct cJSON *json, enum keeper_verb *ret_verb)
{
    const char *name = json_str(json, "verb");

    for (int i = 0; name != NULL && i < KEEPER_VERBS; i++)
        if (strcmp(name, verbs[i]) == 0) {
            *ret_verb = (enum keeper_verb)i;
            return true;
        }
    return false;
}

/* A text or nothing. */
static bool read_sha(struct arena *arena, const struct cJSON *json, const char *key,
                     const char **ret_sha)
{
    const char *sha = json_str(json, key);

    *ret_sha = arena_str(arena, sha);
    return sha == NULL || names_is_sha40(sha);
}

static bool read_roots(struct arena *arena, const struct cJSON *list, struct mirror_source *s)
{
    size_t n = json_count(list);
    const char **roots;

    if (n > KEEPER_FRAME_ROOTS_MAX)
        return false;
    roots = arena_array(arena, n, sizeof(*roots));
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        const char *root = json_string_value(i);
        if (root == NULL)
            return false;
        roots[s->n_roots++] = arena_str(arena, root);
    }
    s->roots = roots;
    return true;
}

static bool read_source(struct arena *arena, const struct cJSON *json, struct mirror_source *s)
{
    s->folder = arena_str(arena, json_str(json, "folder"));
    s->name = arena_str(arena, json_str(json, "name"));
    s->url = arena_str(arena, json_str(json, "url"));
    s->branch = arena_str(arena, json_str(json, "branch"));
    s->authorization = arena_str(arena, json_str(json, "authorization"));
    s->ca_file = arena_str(arena, json_str(json, "ca_file"));
    return s->folder != NULL && s->folder[0] != '\0' && names_is_repo(s->name) &&
           read_roots(arena, json_array(json, "roots"), s);
}

/* Does it have what its verb needs? */
static bool is_complete(const struct keeper_request *r)
{
    switch (r->verb) {
    case KEEPER_FETCH:
        return r->source.url != NULL && names_is_branch(r->source.branch);
    case KEEPER_LINE:
    case KEEPER_PATHS:
        return r->sha != NULL;
    case KEEPER_CONTAINS:
        return r->sha != NULL && r->known != NULL;
    case KEEPER_VERBS:
        break;
    }
    return false;
}

int keeper_frame_request_read(struct arena *arena, const char *text, size_t len,
                              struct keeper_request *ret_request, struct err *err)
{
    struct keeper_request r = {.verb = KEEPER_FETCH};
    struct cJSON *json = NULL;
    int64_t max = 0;
    int rc = json_parse(text, len, NULL, &json, err);

    if (rc < 0)
        return err_wrap(err, "a request to the git keeper");
    if (!read_verb(json, &r.verb) || !read_source(arena, json, &r.source) ||
        !read_sha(arena, json, "known", &r.known) || !read_sha(arena, json, "sha", &r.sha) ||
        !json_int(json, "max", &max) || max < 0 || max > UINT32_MAX ||
        !json_int(json, "deadline_ms", &r.deadline_ms) || r.deadline_ms < 1 ||
        r.deadline_ms > KEEPER_DEADLINE_MAX_MS || !is_complete(&r))
        rc = err_set(err, ERR_INVALID, "a request to the git keeper has another form");
    json_free(json);
    if (rc < 0)
        return rc;
    r.max = (size_t)max;
    *ret_request = r;
    return 0;
}

/* Answers ---------------------------------------------------------------------------------------- */

static void add_line(struct json_out *o, const struct mirror_line *line)
{
    json_add_bool(o, "rewritten", line->rewritten);
    json_add_bool(o, "more", line->more);
    json_begin_array(o, "commits");
    for (size_t i = 0; i < line->n; i++) {
        const struct mirror_commit *c = &line->commits[i];
        json_begin_object(o, NULL);
        json_add_str(o, "sha", c->sha);
        json_add_str(o, "parent", c->parent_sha[0] == '\0' ? NULL : c->parent_sha);
        json_add_int(o, "parents", c->n_parents);
        json_add_int(o, "at", c->committed_at);
        json_add_str(o, "author", c->author);
        json_add_str(o, "author_email", c->author_email);
        json_add_str(o, "committer_email", c->committer_email);
        json_add_str(o, "subject", c->subject);
        json_begin_array(o, "reverts");
        for (size_t k = 0; k < c->n_reverts; k++)
            json_add_str(o, NULL, c->reverts[k]);
        json_end_array(o);
        json_begin_array(o, "makers");
        for (size_t k = 0; k < c->n_makers; k++)
            json_add_str(o, NULL, c->makers[k]);
        json_end_array(o);
        json_add_bool(o, "more_makers", c->more_makers);
        json_end_object(o);
    }
    json_end_array(o);
}

char *keeper_frame_answer_text(struct arena *arena, enum keeper_verb verb,
                               const struct keeper_answer *a)
{
    struct json_out o;
    struct buf buf;

    buf_init(&buf, KEEPER_FRAME_ANSWER_MAX);
    json_out_init(&o, &buf);
    json_begin_object(&o, NULL);
    json_add_int(&o, "rc", a->rc);
    if (a->rc < 0) {
        json_add_str(&o, "error", a->error == NULL ? "" : a->error);
    } else if (verb == KEEPER_FETCH) {
        json_add_str(&o, "tip", a->tip);
        json_add_bool(&o, "changed", a->changed);
    } else if (verb == KEEPER_LINE) {
        add_line(&o, &a->line);
    } else if (verb == KEEPER_PATHS) {
        json_add_bool(&o, "truncated", a->paths.truncated);
        json_begin_array(&o, "paths");
        for (size_t i = 0; i < a->paths.n; i++)
            json_add_str(&o, NULL, a->paths.paths[i]);
        json_end_array(&o);
    } else {
        json_add_bool(&o, "contains", a->contains);
    }
    json_end_object(&o);
    return finish(arena, &buf);
}

static bool copy_sha(const struct cJSON *json, const char *key, char out[41])
{
    const char *sha = json_str(json, key);

    if (!names_is_sha40(sha))
        return false;
    memcpy(out, sha, 41);
    return true;
}

/* A text of at most so many bytes. */
static bool read_text(struct arena *arena, const struct cJSON *json, const char *key, size_t max,
                      const char **ret_text)
{
    const char *text = json_str(json, key);

    if (text == NULL || strlen(text) > max)
        return false;
    *ret_text = arena_str(arena, text);
    return true;
}

static bool read_reverts(const struct cJSON *json, struct mirror_commit *c)
{
    for (const struct cJSON *i = json_first(json_array(json, "reverts")); i != NULL;
         i = json_next(i)) {
        const char *sha = json_string_value(i);
        if (!names_is_sha40(sha) || c->n_reverts == MIRROR_REVERTS_MAX)
            return false;
        memcpy(c->reverts[c->n_reverts++], sha, 41);
    }
    return true;
}

static bool read_makers(struct arena *arena, const struct cJSON *json, struct mirror_commit *c)
{
    for (const struct cJSON *i = json_first(json_array(json, "makers")); i != NULL;
         i = json_next(i)) {
        const char *email = json_string_value(i);
        if (email == NULL || strlen(email) > MIRROR_PERSON_MAX || c->n_makers == MIRROR_MAKERS_MAX)
            return false;
        c->makers[c->n_makers++] = arena_str(arena, email);
    }
    return json_array(json, "makers") != NULL && json_bool(json, "more_makers", &c->more_makers);
}

static bool read_commit(struct arena *arena, const struct cJSON *json, struct mirror_commit *c)
{
    int64_t parents = 0;

    if (!copy_sha(json, "sha", c->sha) || !json_int(json, "parents", &parents) || parents < 0 ||
        parents > UINT16_MAX || (parents > 0 && !copy_sha(json, "parent", c->parent_sha)) ||
        !json_int(json, "at", &c->committed_at) || c->committed_at < 0 ||
        !read_text(arena, json, "author", MIRROR_PERSON_MAX, &c->author) ||
        !read_text(arena, json, "author_email", MIRROR_PERSON_MAX, &c->author_email) ||
        !read_text(arena, json, "committer_email", MIRROR_PERSON_MAX, &c->committer_email) ||
        !read_text(arena, json, "subject", MIRROR_SUBJECT_MAX, &c->subject) ||
        !read_reverts(json, c) || !read_makers(arena, json, c))
        return false;
    c->n_parents = (unsigned)parents;
    return true;
}

static bool read_line(struct arena *arena, const struct cJSON *json, struct mirror_line *line)
{
    const struct cJSON *list = json_array(json, "commits");
    size_t n = json_count(list);

    if (list == NULL || n > MIRROR_LINE_MAX || !json_bool(json, "rewritten", &line->rewritten) ||
        !json_bool(json, "more", &line->more))
        return false;
    line->commits = arena_array(arena, n, sizeof(*line->commits));
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i))
        if (!read_commit(arena, i, &line->commits[line->n++]))
            return false;
    return true;
}

static bool read_paths(struct arena *arena, const struct cJSON *json, struct mirror_paths *paths)
{
    const struct cJSON *list = json_array(json, "paths");
    size_t n = json_count(list);

    if (list == NULL || n > MIRROR_PATHS_MAX || !json_bool(json, "truncated", &paths->truncated))
        return false;
    paths->paths = arena_array(arena, n, sizeof(*paths->paths));
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        if (json_string_value(i) == NULL)
            return false;
        paths->paths[paths->n++] = arena_str(arena, json_string_value(i));
    }
    return true;
}

static bool read_result(struct arena *arena, const struct cJSON *json, enum keeper_verb verb,
                        struct keeper_answer *a)
{
    switch (verb) {
    case KEEPER_FETCH:
        return copy_sha(json, "tip", a->tip) && json_bool(json, "changed", &a->changed);
    case KEEPER_LINE:
        return read_line(arena, json, &a->line);
    case KEEPER_PATHS:
        return read_paths(arena, json, &a->paths);
    case KEEPER_CONTAINS:
        return json_bool(json, "contains", &a->contains);
    case KEEPER_VERBS:
        break;
    }
    return false;
}

int keeper_frame_answer_read(struct arena *arena, const char *text, size_t len,
                             enum keeper_verb verb, struct keeper_answer *ret_answer,
                             struct err *err)
{
    struct keeper_answer a = {.id = 0};
    struct cJSON *json = NULL;
    int64_t code = 0;
    int rc = json_parse(text, len, NULL, &json, err);

    if (rc < 0)
        return err_wrap(err, "an answer of the git keeper");
    if (!json_int(json, "rc", &code) || code > 0 || code < ERR_INTERNAL ||
        (code < 0 ? !read_text(arena, json, "error", sizeof(err->text), &a.error)
                  : !read_result(arena, json, verb, &a)))
        rc = err_set(err, ERR_INVALID, "an answer of the git keeper has another form");
    json_free(json);
    a.rc = (int)code;
    if (rc == 0)
        *ret_answer = a;
    return rc;
}
