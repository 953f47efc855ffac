#include "lib/github/event.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

static const struct {
    const char *name;
    enum event_kind kind;
} kinds[] = {
    {"ping", EVENT_PING},
    {"pull_request", EVENT_PULL_REQUEST},
    {"pull_request_review", EVENT_PULL_REQUEST_REVIEW},
    {"push", EVENT_PUSH},
};

static enum event_kind kind_of(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].kind;
    }
    return EVENT_OTHER;
}

/* Fields --------------------------------------------------------------------------------------- */

static const char *text(struct arena *arena, const struct cJSON *object, const char *key,
                        size_t max)
{
    const char *s = json_str(object, key);

    return s != NULL ? str_clean(arena, s, strlen(s), max) : NULL;
}

static const char *text_or_empty(struct arena *arena, const struct cJSON *object, const char *key,
                                 size_t max)
{
    const char *s = text(arena, object, key, max);

    return s != NULL ? s : "";
}

/* An id of GitHub: 1 to 2^53 - 1. */
static bool read_id(const struct cJSON *object, const char *key, int64_t *ret_id)
{
    int64_t id;

    if (!json_int(object, key, &id) || id <= 0)
        return false;
    *ret_id = id;
    return true;
}

static bool flag(const struct cJSON *object, const char *key)
{
    bool value;

    return json_bool(object, key, &value) && value;
}

static time_ms time_or_0(const struct cJSON *object, const char *key)
{
    const char *s = json_str(object, key);
    time_ms t;

    return s != NULL && timestamp_parse_rfc3339(s, &t) == 0 ? t : 0;
}

/* A commit id, or "" for anything else; all zeros are no commit. */
static void sha_or_empty(const struct cJSON *object, const char *key, char ret_sha[41])
{
    const char *s = json_str(object, key);

    ret_sha[0] = '\0';
    if (s != NULL && names_is_sha40(s))
        memcpy(ret_sha, s, 41);
}

static struct event_account account(struct arena *arena, const struct cJSON *object,
                                    const char *key)
{
    const struct cJSON *user = json_object(object, key);
    struct event_account a = {0};

    if (!read_id(user, "id", &a.id))
        return (struct event_account){0};
    a.login = text_or_empty(arena, user, "login", EVENT_NAME_MAX);
    return a;
}

static int lacks(struct err *err, const char *path, const char *expected)
{
    return err_set(err, ERR_INVALID, "%s: expected %s", path, expected);
}

/* A branch name that git would take, exactly as it came: it is compared with the configured one. */
static int read_branch(struct arena *arena, const struct cJSON *side, const char *path,
                       const char **ret_ref, struct err *err)
{
    const char *ref = json_str(side, "ref");

    if (ref == NULL || !names_is_branch(ref))
        return lacks(err, path, "a branch name");
    *ret_ref = arena_str(arena, ref);
    return 0;
}

/* Pull requests -------------------------------------------------------------------------------- */

/* The head lives elsewhere unless both repositories are there and are the same one. */
static bool is_fork(const struct cJSON *pr)
{
    int64_t head;
    int64_t base;

    if (!read_id(json_object(json_object(pr, "head"), "repo"), "id", &head) ||
        !read_id(json_object(json_object(pr, "base"), "repo"), "id", &base))
        return true;
    return head != base;
}

static bool has_label(const struct event_pull_request *pr, const char *label)
{
    for (size_t i = 0; i < pr->n_labels; i++) {
        if (strcmp(pr->labels[i], label) == 0)
            return true;
    }
    return false;
}

static int read_labels(struct arena *arena, const struct cJSON *pr, struct event_pull_request *out,
                       struct err *err)
{
    const struct cJSON *list = json_array(pr, "labels");
    size_t n = json_count(list);

    if (list == NULL)
        return 0;
    if (n > EVENT_LABELS_MAX)
        return lacks(err, "pull_request.labels", "at most 100 labels");
    out->has_labels = true;
    out->labels = arena_array(arena, n, sizeof(*out->labels));
    for (const struct cJSON *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *label = text(arena, item, "name", EVENT_NAME_MAX);

        if (label == NULL || label[0] == '\0')
            return lacks(err, "pull_request.labels[].name", "a text");
        if (!has_label(out, label))
            out->labels[out->n_labels++] = label;
    }
    return 0;
}

/* A page to show: only a web address, else nothing. */
static const char *page_url(struct arena *arena, const struct cJSON *pr)
{
    const char *url = text(arena, pr, "html_url", 1024);

    return url != NULL && str_starts(url, "https://") ? url : "";
}

static void read_merge(const struct cJSON *pr, struct arena *arena, struct event_pull_request *out)
{
    bool merged = false;

    out->closed_at = time_or_0(pr, "closed_at");
    out->merged_at = time_or_0(pr, "merged_at");
    /* The schema allows null where GitHub does not know yet: that is not merged. */
    out->has_merged = json_bool(pr, "merged", &merged) || json_null(pr, "merged");
    out->merged = out->has_merged && merged;
    /* Before the merge, and on a close without one, the field holds a test merge that is on no
     * branch (github-wire.md 2). */
    if (out->merged) {
        sha_or_empty(pr, "merge_commit_sha", out->merge_sha);
        out->merged_by = account(arena, pr, "merged_by");
    }
}

/* GitHub's button writes `Revert "TITLE"` and a line "Reverts OWNER/NAME#12"; of a revert `Reapply`. Both
 * must be there, and the repository must be this one: people write about reverts, too (C5). */
static int64_t reverted_pull(const struct cJSON *root, const struct cJSON *pr)
{
    static const char says[] = "Reverts ";
    const char *title = json_str(pr, "title");
    const char *name = json_str(json_object(root, "repository"), "full_name");
    const char *line = json_str(pr, "body");
    size_t n = name != NULL ? strlen(name) : 0;

    if (n == 0 || !(str_starts(title, "Revert \"") || str_starts(title, "Reapply \"")))
        return 0;
    for (; line != NULL; line = strchr(line, '\n')) {
        char digits[20] = "";
        int64_t number;
        line += *line == '\n';
        if (!str_starts(line, says) || strncasecmp(line + sizeof(says) - 1, name, n) != 0 ||
            line[sizeof(says) - 1 + n] != '#')
            continue;
        line += sizeof(says) + n;
        snprintf(digits, sizeof(digits), "%.*s", (int)strspn(line, "0123456789"), line);
        if (str_parse_int64(digits, &number) == 0 && number > 0)
            return number;
    }
    return 0;
}

static int read_pull_request(struct arena *arena, const struct cJSON *root,
                             struct event_pull_request *out, struct err *err)
{
    const struct cJSON *pr = json_object(root, "pull_request");
    const struct cJSON *head = json_object(pr, "head");
    const struct cJSON *base = json_object(pr, "base");
    const char *state = json_str(pr, "state");
    int64_t number;
    int rc;

    if (pr == NULL)
        return lacks(err, "pull_request", "an object");
    if (!read_id(pr, "id", &out->id))
        return lacks(err, "pull_request.id", "a whole number");
    if (!read_id(pr, "number", &out->number))
        return lacks(err, "pull_request.number", "a whole number");
    if (json_get(root, "number") != NULL &&
        (!read_id(root, "number", &number) || number != out->number))
        return lacks(err, "number", "the same as pull_request.number");
    if (state == NULL || (strcmp(state, "open") != 0 && strcmp(state, "closed") != 0))
        return lacks(err, "pull_request.state", "open or closed");
    if (json_str(pr, "title") == NULL)
        return lacks(err, "pull_request.title", "a text");
    out->updated_at = time_or_0(pr, "updated_at");
    out->opened_at = time_or_0(pr, "created_at");
    if (out->updated_at == 0 || out->opened_at == 0)
        return lacks(err, "pull_request.created_at, updated_at", "times");
    rc = read_branch(arena, base, "pull_request.base.ref", &out->base_ref, err);
    if (rc < 0)
        return rc;
    /* Only shown: a head may have a name that we would never hand to git. */
    out->head_ref = text_or_empty(arena, head, "ref", EVENT_NAME_MAX);
    if (out->head_ref[0] == '\0')
        return lacks(err, "pull_request.head.ref", "a branch name");
    sha_or_empty(head, "sha", out->head_sha);
    if (out->head_sha[0] == '\0')
        return lacks(err, "pull_request.head.sha", "a commit id");

    out->open = strcmp(state, "open") == 0;
    out->draft = flag(pr, "draft");
    out->fork = is_fork(pr);
    out->title = text(arena, pr, "title", EVENT_TITLE_MAX);
    out->url = page_url(arena, pr);
    out->reverts = reverted_pull(root, pr);
    out->author = account(arena, pr, "user");
    read_merge(pr, arena, out);
    return read_labels(arena, pr, out, err);
}

static int read_review(struct arena *arena, const struct cJSON *root, struct event_review *out,
                       struct err *err)
{
    static const char *const states[] = {"approved", "changes_requested", "commented", "dismissed",
                                         "pending"};
    const struct cJSON *review = json_object(root, "review");
    const char *state = json_str(review, "state");

    if (review == NULL)
        return lacks(err, "review", "an object");
    if (!read_id(review, "id", &out->id))
        return lacks(err, "review.id", "a whole number");
    for (size_t i = 0; state != NULL && i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcasecmp(state, states[i]) == 0)
            out->state = states[i];
    }
    if (out->state == NULL)
        return lacks(err, "review.state", "one of GitHub's review states");
    sha_or_empty(review, "commit_id", out->commit_sha);
    out->reviewer = account(arena, review, "user");
    out->submitted_at = time_or_0(review, "submitted_at");
    return 0;
}

/* Pushes --------------------------------------------------------------------------------------- */

/* A commit id or 40 zeros. */
static int read_end(const struct cJSON *root, const char *key, char ret_sha[41], struct err *err)
{
    const char *s = json_str(root, key);

    if (s == NULL || (!names_is_sha40(s) && !names_is_zero_sha(s)))
        return lacks(err, key, "a commit id or zeros");
    memcpy(ret_sha, s, 41);
    return 0;
}

static int read_push(struct arena *arena, const struct cJSON *root, struct event_push *out,
                     struct err *err)
{
    const char *ref = json_str(root, "ref");
    int rc;

    if (ref == NULL || !str_starts(ref, "refs/") || !names_is_branch(ref))
        return lacks(err, "ref", "a full reference");
    rc = read_end(root, "before", out->before_sha, err);
    if (rc == 0)
        rc = read_end(root, "after", out->after_sha, err);
    if (rc < 0)
        return rc;
    out->ref = arena_str(arena, ref);
    out->created = flag(root, "created");
    out->deleted = flag(root, "deleted") || names_is_zero_sha(out->after_sha);
    out->forced = flag(root, "forced");
    return 0;
}

/* The whole ------------------------------------------------------------------------------------ */

static bool needs_repository(enum event_kind kind)
{
    return kind != EVENT_OTHER && kind != EVENT_PING;
}

static int read_repository(struct arena *arena, const struct cJSON *root, struct event *event,
                           struct err *err)
{
    const struct cJSON *repository = json_object(root, "repository");
    const char *name = json_str(repository, "full_name");
    bool whole =
        read_id(repository, "id", &event->repository_id) && name != NULL && names_is_repo(name);

    if (!whole) {
        event->repository_id = 0;
        event->repository = "";
        return needs_repository(event->kind)
                   ? lacks(err, "repository", "an object with id and full_name")
                   : 0;
    }
    event->repository = arena_str(arena, name);
    return 0;
}

static int read_root(struct arena *arena, const struct cJSON *root, struct event *event,
                     struct err *err)
{
    int rc;

    if (!json_is_object(root))
        return lacks(err, "the payload", "an object");
    event->action = text_or_empty(arena, root, "action", EVENT_NAME_MAX);
    event->sender = account(arena, root, "sender");
    event->label = text_or_empty(arena, json_object(root, "label"), "name", EVENT_NAME_MAX);
    rc = read_repository(arena, root, event, err);
    if (rc < 0)
        return rc;
    switch (event->kind) {
    case EVENT_PULL_REQUEST:
    case EVENT_PULL_REQUEST_REVIEW:
        if (event->action[0] == '\0')
            return lacks(err, "action", "a text");
        rc = read_pull_request(arena, root, &event->pull_request, err);
        if (rc == 0 && event->kind == EVENT_PULL_REQUEST && !event->pull_request.has_merged)
            rc = lacks(err, "pull_request.merged", "true or false");
        if (rc == 0 && event->kind == EVENT_PULL_REQUEST_REVIEW)
            rc = read_review(arena, root, &event->review, err);
        return rc;
    case EVENT_PUSH:
        return read_push(arena, root, &event->push, err);
    case EVENT_PING:
    case EVENT_OTHER:
        break;
    }
    return 0;
}

/* Form bodies ---------------------------------------------------------------------------------- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static int decode_form(const char *bytes, size_t len, char *out, size_t *ret_len, struct err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '%') {
            out[n++] = bytes[i] == '+' ? ' ' : bytes[i];
            continue;
        }
        if (len - i < 3 || hex_value(bytes[i + 1]) < 0 || hex_value(bytes[i + 2]) < 0)
            return err_set(err, ERR_INVALID, "payload: broken escape at byte %zu", i);
        out[n++] = (char)(hex_value(bytes[i + 1]) * 16 + hex_value(bytes[i + 2]));
        i += 2;
    }
    *ret_len = n;
    return 0;
}

/* The one field `payload` of a url-encoded body. Two of them would be two events in one. */
static int read_form(const char *body, size_t len, struct arena *arena, const char **ret_json,
                     size_t *ret_len, struct err *err)
{
    static const char key[] = "payload=";
    const size_t key_len = sizeof(key) - 1;
    const char *found = NULL;
    size_t found_len = 0;
    char *decoded;
    int rc;

    for (size_t at = 0; at < len;) {
        const char *end = memchr(body + at, '&', len - at);
        size_t n = end != NULL ? (size_t)(end - (body + at)) : len - at;

        if (n >= key_len && memcmp(body + at, key, key_len) == 0) {
            if (found != NULL)
                return err_set(err, ERR_INVALID, "form: more than one field `payload`");
            found = body + at + key_len;
            found_len = n - key_len;
        }
        at += n + 1;
    }
    if (found == NULL)
        return err_set(err, ERR_INVALID, "form: no field `payload`");
    decoded = arena_alloc(arena, found_len + 1);
    rc = decode_form(found, found_len, decoded, ret_len, err);
    if (rc == 0)
        *ret_json = decoded;
    return rc;
}

int event_read(const char *event_name, bool form, const char *body, size_t len, struct arena *arena,
               struct event *ret_event, struct err *err)
{
    struct event event = {.kind = kind_of(event_name)};
    const char *json = body;
    size_t json_len = len;
    struct cJSON *root = NULL;
    int rc = 0;

    if (len > EVENT_BODY_MAX)
        return err_set(err, ERR_INVALID, "body: at most %zu bytes, got %zu", EVENT_BODY_MAX, len);
    if (form)
        rc = read_form(body, len, arena, &json, &json_len, err);
    if (rc == 0)
        rc = json_parse(json, json_len, NULL, &root, err);
    if (rc == 0)
        rc = read_root(arena, root, &event, err);
    json_free(root);
    if (rc == 0)
        *ret_event = event;
    return rc;
}
