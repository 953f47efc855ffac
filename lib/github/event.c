#include "lib/github/event.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/github/event_check.h"
#include "lib/github/event_field.h"
#include "lib/github/event_form.h"
#include "lib/github/event_hook.h"
#include "lib/github/event_pull.h"

/* What each event must have in it, beside what its reader asks for. */
static const struct shape {
    const char *name;
    bool repository;    /* an object with id and full_name */
    bool action;        /* a text */
    const char *object; /* a member that is an object; NULL = its reader looks */
    const char *alien;  /* a member of another event that carries the same object; NULL = none */
} shapes[EVENT_KINDS_COUNT] = {
    [EVENT_PING] = {.name = "ping"},
    [EVENT_PULL_REQUEST] = {"pull_request", true, true, "pull_request", NULL},
    [EVENT_PULL_REQUEST_REVIEW] = {"pull_request_review", true, true, "review", NULL},
    [EVENT_ISSUE_COMMENT] = {"issue_comment", true, true, "comment", NULL},
    [EVENT_PUSH] = {.name = "push", .repository = true},
    [EVENT_CHECK_RUN] = {"check_run", true, false, "check_run", "deployment_status"},
    [EVENT_CHECK_SUITE] = {"check_suite", true, true, "check_suite", NULL},
    [EVENT_STATUS] = {.name = "status", .repository = true},
    [EVENT_REPOSITORY] = {.name = "repository", .repository = true, .action = true},
    [EVENT_META] = {"meta", false, true, "hook", NULL},
    [EVENT_INSTALLATION] = {"installation", false, true, "installation", NULL},
    [EVENT_INSTALLATION_REPOSITORIES] = {"installation_repositories", false, true, "installation",
                                         NULL},
    [EVENT_DEPLOYMENT] = {"deployment", true, true, "deployment", "deployment_status"},
    [EVENT_DEPLOYMENT_STATUS] = {"deployment_status", true, true, "deployment_status", NULL},
    [EVENT_RELEASE] = {"release", true, true, "release", NULL},
    [EVENT_MERGE_GROUP] = {"merge_group", true, true, "merge_group", NULL},
};

static enum event_kind kind_of(const char *name)
{
    for (int i = 0; i < EVENT_KINDS_COUNT; i++) {
        if (shapes[i].name != NULL && strcmp(shapes[i].name, name) == 0)
            return (enum event_kind)i;
    }
    return EVENT_OTHER;
}

/* Pushes --------------------------------------------------------------------------------------- */

/* A commit id or 40 zeros. */
static int read_end(const struct cJSON *root, const char *key, char ret_sha[41], struct err *err)
{
    const char *s = json_str(root, key);

    if (s == NULL || (!names_is_sha40(s) && !names_is_zero_sha(s)))
        return event_field_lacks(err, key, "a commit id or zeros");
    memcpy(ret_sha, s, 41);
    return 0;
}

/* Lower case, or NULL if it is no short word of printable ASCII. */
static const char *lower_word(struct arena *arena, const char *text, size_t max)
{
    size_t len = text != NULL ? strlen(text) : 0;
    char *word;

    if (len == 0 || len > max)
        return NULL;
    word = arena_str(arena, text);
    for (size_t i = 0; i < len; i++) {
        if (word[i] <= ' ' || word[i] > '~')
            return NULL;
        if (word[i] >= 'A' && word[i] <= 'Z')
            word[i] = (char)(word[i] - 'A' + 'a');
    }
    return word;
}

static bool is_told(const struct event_author *authors, size_t n, const struct event_author *a)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(authors[i].email, a->email) == 0 && strcmp(authors[i].login, a->login) == 0)
            return true;
    return false;
}

/* GitHub writes `username` only where it knows whose the address is. */
static void read_authors(struct arena *arena, const struct cJSON *root, struct event_push *out)
{
    struct event_author *authors = arena_array(arena, EVENT_AUTHORS_MAX, sizeof(*authors));

    out->authors = authors;
    for (const struct cJSON *c = json_first(json_array(root, "commits"));
         c != NULL && out->n_authors < EVENT_AUTHORS_MAX; c = json_next(c)) {
        const struct cJSON *author = json_object(c, "author");
        struct event_author a = {.email =
                                     lower_word(arena, json_str(author, "email"), EVENT_EMAIL_MAX),
                                 .login = lower_word(arena, json_str(author, "username"),
                                                     EVENT_LOGIN_MAX)};

        if (a.email != NULL && a.login != NULL && !is_told(authors, out->n_authors, &a))
            authors[out->n_authors++] = a;
    }
}

static int read_push(struct arena *arena, const struct cJSON *root, struct event_push *out,
                     struct err *err)
{
    const char *ref = json_str(root, "ref");
    int rc;

    if (ref == NULL || !str_starts(ref, "refs/") || !names_is_branch(ref))
        return event_field_lacks(err, "ref", "a full reference");
    rc = read_end(root, "before", out->before_sha, err);
    if (rc == 0)
        rc = read_end(root, "after", out->after_sha, err);
    if (rc < 0)
        return rc;
    out->ref = arena_str(arena, ref);
    out->created = event_field_flag(root, "created");
    out->deleted = event_field_flag(root, "deleted") || names_is_zero_sha(out->after_sha);
    out->forced = event_field_flag(root, "forced");
    read_authors(arena, root, out);
    return 0;
}

/* Repositories --------------------------------------------------------------------------------- */

/* An event about the repository itself has nothing else in it, so that no other event can be taken for one
 * that deletes or renames (T06). */
static int read_alone(const struct cJSON *root, struct err *err)
{
    static const char *const members[] = {"action",     "repository",   "sender", "organization",
                                          "enterprise", "installation", "changes"};

    for (const struct cJSON *i = json_first(root); i != NULL; i = json_next(i)) {
        size_t k = 0;
        while (k < sizeof(members) / sizeof(*members) && strcmp(members[k], json_key(i)) != 0)
            k++;
        if (k == sizeof(members) / sizeof(*members))
            return event_field_lacks(err, "the payload", "a repository and nothing else");
    }
    return 0;
}

static int read_repository(struct arena *arena, const struct cJSON *root, struct event *event,
                           struct err *err)
{
    const struct cJSON *repository = json_object(root, "repository");
    const char *name = json_str(repository, "full_name");
    bool whole = event_field_id(repository, "id", &event->repository_id) && name != NULL &&
                 names_is_repo(name);

    if (!whole) {
        event->repository_id = 0;
        event->repository = "";
        return shapes[event->kind].repository
                   ? event_field_lacks(err, "repository", "an object with id and full_name")
                   : 0;
    }
    event->repository = arena_str(arena, name);
    event->repository_at = event_field_time(repository, "updated_at");
    return 0;
}

/* The whole ------------------------------------------------------------------------------------ */

static int read_kind(struct arena *arena, const struct cJSON *root, struct event *event,
                     struct err *err)
{
    int rc;

    switch (event->kind) {
    case EVENT_PULL_REQUEST:
        rc = event_pull_read(arena, root, &event->pull_request, err);
        return rc == 0 && !event->pull_request.has_merged
                   ? event_field_lacks(err, "pull_request.merged", "true or false")
                   : rc;
    case EVENT_PULL_REQUEST_REVIEW:
        rc = event_pull_read(arena, root, &event->pull_request, err);
        return rc < 0 ? rc : event_pull_read_review(arena, root, &event->review, err);
    case EVENT_ISSUE_COMMENT:
        return event_pull_read_comment(arena, root, &event->comment, err);
    case EVENT_PUSH:
        return read_push(arena, root, &event->push, err);
    case EVENT_CHECK_RUN:
        return event_check_read_run(arena, root, &event->check, err);
    case EVENT_CHECK_SUITE:
        return event_check_read_suite(arena, root, &event->check, err);
    case EVENT_STATUS:
        return event_check_read_status(arena, root, &event->check, err);
    case EVENT_REPOSITORY:
        return read_alone(root, err);
    case EVENT_PING:
        return event_hook_read_ping(root, &event->hook);
    case EVENT_META:
        return event_hook_read_meta(root, event->action, &event->hook, err);
    case EVENT_INSTALLATION:
        return event_hook_read_installation(root, event->action, &event->hook, err);
    case EVENT_INSTALLATION_REPOSITORIES:
        return event_hook_read_repositories(arena, root, event->action, &event->hook, err);
    case EVENT_DEPLOYMENT:
    case EVENT_DEPLOYMENT_STATUS:
    case EVENT_RELEASE:
    case EVENT_MERGE_GROUP:
    case EVENT_OTHER:
    case EVENT_KINDS_COUNT:
        break;
    }
    return 0;
}

static int read_root(struct arena *arena, const struct cJSON *root, struct event *event,
                     struct err *err)
{
    const struct shape *shape = &shapes[event->kind];
    int rc;

    if (!json_is_object(root))
        return event_field_lacks(err, "the payload", "an object");
    event->action = event_field_text_or_empty(arena, root, "action", EVENT_NAME_MAX);
    event->sender = event_field_account(arena, root, "sender");
    event->label =
        event_field_text_or_empty(arena, json_object(root, "label"), "name", EVENT_NAME_MAX);
    rc = read_repository(arena, root, event, err);
    if (rc < 0)
        return rc;
    if (shape->action && event->action[0] == '\0')
        return event_field_lacks(err, "action", "a text");
    if (shape->object != NULL && json_object(root, shape->object) == NULL)
        return event_field_lacks(err, shape->object, "an object");
    if (shape->alien != NULL && json_get(root, shape->alien) != NULL)
        return event_field_lacks(err, shape->alien, "nothing: this event has none");
    return read_kind(arena, root, event, err);
}

int event_read_here(const char *event_name, bool form, char *body, size_t len, struct arena *arena,
                    struct event *ret_event, struct err *err)
{
    struct event event = {.kind = kind_of(event_name)};
    char *json = body;
    size_t json_len = len;
    struct cJSON *root = NULL;
    int rc = 0;

    if (len > EVENT_BODY_MAX)
        return err_set(err, ERR_INVALID, "body: at most %zu bytes, got %zu", EVENT_BODY_MAX, len);
    if (form)
        rc = event_form_read(body, len, arena, &json, &json_len, err);
    if (rc == 0)
        rc = json_parse_here(json, json_len, NULL, &root, err);
    if (rc == 0)
        rc = read_root(arena, root, &event, err);
    json_free(root);
    if (rc == 0)
        *ret_event = event;
    return rc;
}

int event_read(const char *event_name, bool form, const char *body, size_t len, struct arena *arena,
               struct event *ret_event, struct err *err)
{
    char *copy = malloc(len + 1);
    int rc;

    if (copy == NULL)
        abort();
    memcpy(copy, body, len);
    copy[len] = '\0';
    rc = event_read_here(event_name, form, copy, len, arena, ret_event, err);
    free(copy);
    return rc;
}
