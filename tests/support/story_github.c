/* story_github: see story_github.h. */
#include "tests/support/story_github.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "tests/support/raw_http.h"

#define EXAMPLES                                                                                   \
    SLIPWAY_SOURCE_DIR                                                                             \
    "/tests/npm/node_modules/@octokit/webhooks-examples/api.github.com/index.json"
#define BODY_MAX ((size_t)1 << 20)
#define FIELDS_MAX 40
#define REPOSITORY_ID 640000001

/* Payloads --------------------------------------------------------------------------------------- */

/* A value in the place of the example's: "pull_request.head.sha". */
struct field {
    const char *path;
    const char *json;
    bool used;
};

struct filling {
    struct json_out out;
    struct arena *arena;
    struct field fields[FIELDS_MAX];
    size_t n;
};

static void set_json(struct filling *f, const char *path, const char *json)
{
    assert_true(f->n < FIELDS_MAX);
    f->fields[f->n++] = (struct field){.path = path, .json = json};
}

static void set_text(struct filling *f, const char *path, const char *text)
{
    struct json_out out;
    struct buf buf;

    buf_init(&buf, 4096);
    json_out_init(&out, &buf);
    json_add_str(&out, NULL, text);
    set_json(f, path, arena_str(f->arena, buf_str(&buf)));
    buf_deinit(&buf);
}

static void set_int(struct filling *f, const char *path, int64_t value)
{
    set_json(f, path, arena_printf(f->arena, "%lld", (long long)value));
}

static void set_time(struct filling *f, const char *path, time_ms t)
{
    char text[TIMESTAMP_SIZE];

    if (t == 0) {
        set_json(f, path, "null");
        return;
    }
    timestamp_format(t / 1000 * 1000, text); /* GitHub tells whole seconds */
    text[19] = 'Z';
    text[20] = '\0';
    set_text(f, path, text);
}

static struct field *field_at(struct filling *f, const char *path)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->fields[i].path, path) == 0)
            return &f->fields[i];
    return NULL;
}

static void fill(struct filling *f, const struct cJSON *parent, const struct cJSON *item,
                 const char *key, const char *path);

static void fill_children(struct filling *f, const struct cJSON *item, const char *path)
{
    for (const struct cJSON *c = json_first(item); c != NULL; c = json_next(c)) {
        const char *key = json_is_object(item) ? json_key(c) : NULL;
        fill(f, item, c, key,
             key == NULL       ? "[]"
             : path[0] == '\0' ? key
                               : arena_printf(f->arena, "%s.%s", path, key));
    }
}

static void fill(struct filling *f, const struct cJSON *parent, const struct cJSON *item,
                 const char *key, const char *path)
{
    struct field *field = field_at(f, path);
    int64_t number;
    bool flag;

    if (field != NULL) {
        field->used = true;
        json_add_raw(&f->out, key, field->json);
    } else if (json_is_object(item)) {
        json_begin_object(&f->out, key);
        fill_children(f, item, path);
        json_end_object(&f->out);
    } else if (json_is_array(item)) {
        json_begin_array(&f->out, key);
        fill_children(f, item, path);
        json_end_array(&f->out);
    } else if (json_string_value(item) != NULL) {
        json_add_str(&f->out, key, json_string_value(item));
    } else if (json_item_int(item, &number)) {
        json_add_int(&f->out, key, number);
    } else if (key != NULL && json_bool(parent, key, &flag)) {
        json_add_bool(&f->out, key, flag);
    } else {
        json_add_null(&f->out, key);
    }
}

/* Behind the object that begins at `p`. */
static const char *behind_object(const char *p)
{
    int depth = 0;

    for (bool text = false; *p != '\0'; p++) {
        if (text && *p == '\\')
            p++;
        else if (*p == '"')
            text = !text;
        else if (!text && *p == '{')
            depth++;
        else if (!text && *p == '}' && --depth == 0)
            return p + 1;
    }
    fail_msg("GitHub's examples end in the middle");
    return NULL;
}

/* Where the object in [p, end) begins whose first member is `member`: "name": "push". NULL = there is none. */
static const char *object_with(const char *p, const char *end, const char *member)
{
    size_t len = strlen(member);

    while ((p = memchr(p, '{', (size_t)(end - p))) != NULL) {
        const char *first = p + 1;
        while (first < end && (*first == ' ' || *first == '\n'))
            first++;
        if ((size_t)(end - first) >= len && memcmp(first, member, len) == 0)
            return p;
        p = behind_object(p);
    }
    return NULL;
}

/* Cut out as text before it is parsed: the whole file is four megabytes, and a large process forks slowly. */
static struct cJSON *read_example(const char *event, const char *first_member)
{
    struct err err = ERR_INIT;
    struct cJSON *json = NULL;
    char name[64], *text;
    const char *at, *end;
    size_t len;

    if (file_read_all(EXAMPLES, (size_t)64 << 20, &text, &len, &err) < 0)
        fail_msg("%s (npm ci in tests/npm)", err.text);
    snprintf(name, sizeof(name), "\"name\": \"%s\"", event);
    at = object_with(text, text + len, name);
    end = at != NULL ? behind_object(at) : NULL;
    at = at != NULL ? strstr(at, "\"examples\": [") : NULL;
    at = at != NULL ? object_with(at, end, first_member) : NULL;
    if (at == NULL)
        fail_msg("GitHub has no example of %s with %s", event, first_member);
    if (json_parse(at, (size_t)(behind_object(at) - at), NULL, &json, &err) < 0)
        fail_msg("GitHub's example of %s: %s", event, err.text);
    free(text);
    return json;
}

/* GitHub's example of that event; read once, kept for the life of the program. */
static const struct cJSON *example(const char *event, const char *first_member)
{
    static struct {
        const char *event, *first_member;
        struct cJSON *json;
    } read[4];

    for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++) {
        if (read[i].json == NULL) {
            read[i].event = event;
            read[i].first_member = first_member;
            read[i].json = read_example(event, first_member);
        }
        if (strcmp(read[i].event, event) == 0 && strcmp(read[i].first_member, first_member) == 0)
            return read[i].json;
    }
    fail_msg("more kinds of deliveries than expected");
    return NULL;
}

static const char *body_of(struct filling *f, const struct cJSON *like)
{
    const char *body;
    struct buf buf;

    buf_init(&buf, BODY_MAX);
    json_out_init(&f->out, &buf);
    fill(f, NULL, like, NULL, "");
    for (size_t i = 0; i < f->n; i++)
        if (!f->fields[i].used)
            fail_msg("GitHub's example has no %s", f->fields[i].path);
    assert_false(buf.overflow);
    body = arena_strn(f->arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return body;
}

static void set_repository(struct filling *f, const char *at, const char *repository)
{
    const char *slash = strchr(repository, '/');
    int64_t id = REPOSITORY_ID;

    for (const char *p = repository; *p != '\0'; p++)
        id += *p * (p - repository + 1); /* one of its own for each name */
    set_int(f, arena_printf(f->arena, "%s.id", at), id);
    set_text(f, arena_printf(f->arena, "%s.full_name", at), repository);
    set_text(f, arena_printf(f->arena, "%s.name", at), slash + 1);
}

const char *story_github_pull_event(struct story_github *github,
                                    const struct story_github_pull *pull, const char *action)
{
    struct filling f = {.arena = &github->arena};
    bool open = strcmp(action, "opened") == 0;

    set_int(&f, "number", pull->number);
    set_int(&f, "pull_request.number", pull->number);
    set_int(&f, "pull_request.id", 2100000000 + pull->number);
    set_text(&f, "pull_request.state", open ? "open" : "closed");
    set_text(&f, "pull_request.title", pull->title);
    set_text(&f, "pull_request.head.sha", pull->head_sha);
    set_text(&f, "pull_request.base.ref", "main");
    set_text(&f, "pull_request.base.sha", pull->base_sha);
    set_time(&f, "pull_request.created_at", pull->opened_at);
    set_time(&f, "pull_request.updated_at", open ? pull->opened_at : pull->updated_at);
    set_time(&f, "pull_request.closed_at", open ? 0 : pull->updated_at);
    set_time(&f, "pull_request.merged_at", open ? 0 : pull->merged_at);
    set_json(&f, "pull_request.merged", !open && pull->merged ? "true" : "false");
    if (open || !pull->merged)
        set_json(&f, "pull_request.merge_commit_sha", "null");
    else
        set_text(&f, "pull_request.merge_commit_sha", pull->merge_sha);
    set_repository(&f, "repository", pull->repository);
    set_repository(&f, "pull_request.head.repo", pull->repository);
    set_repository(&f, "pull_request.base.repo", pull->repository);
    return body_of(&f, example("pull_request",
                               open ? "\"action\": \"opened\"" : "\"action\": \"closed\""));
}

const char *story_github_push_event(struct story_github *github, const char *repository,
                                    const char *before, const char *after)
{
    struct filling f = {.arena = &github->arena};

    set_text(&f, "ref", "refs/heads/main");
    set_text(&f, "before", before);
    set_text(&f, "after", after);
    set_repository(&f, "repository", repository);
    return body_of(&f, example("push", "\"ref\": "));
}

/* Delivering ------------------------------------------------------------------------------------- */

const char *story_github_guid(struct story_github *github)
{
    return arena_printf(&github->arena, "72d3162e-cc78-11e3-81ab-%012d", ++github->n_guids);
}

int story_github_deliver(struct story_github *github, const char *address, const char *event,
                         const char *guid, const char *body)
{
    struct secret *secret = secret_new(STORY_GITHUB_SECRET, strlen(STORY_GITHUB_SECRET));
    unsigned char mac[DIGEST_SIZE];
    char signature[DIGEST_HEX_SIZE];
    struct raw_answer *answer;
    const char *bytes;
    int status;

    digest_hmac_sha256(secret_bytes(secret), secret_len(secret), body, strlen(body), mac);
    digest_hex(mac, sizeof(mac), signature);
    secret_free(secret);
    if (guid == NULL)
        guid = story_github_guid(github);
    bytes = arena_printf(&github->arena,
                         "POST /webhooks/github HTTP/1.1\r\nHost: %s\r\n"
                         "Content-Type: application/json\r\nUser-Agent: GitHub-Hookshot/044aadd\r\n"
                         "X-GitHub-Event: %s\r\nX-GitHub-Delivery: %s\r\n"
                         "X-Hub-Signature-256: sha256=%s\r\nContent-Length: %zu\r\n\r\n%s",
                         address, event, guid, signature, strlen(body), body);
    answer = raw_http_ask(address, bytes, strlen(bytes));
    status = answer->status;
    free(answer);
    if (status == 202) {
        assert_true(github->n_accepted < STORY_GITHUB_ACCEPTED_MAX);
        github->accepted[github->n_accepted++] = guid;
    }
    return status;
}

/* Repositories and pull requests ------------------------------------------------------------------- */

static const char *folder_of(struct story_github *github, const char *repository)
{
    return git_room_path(&github->git, "git/%s", repository);
}

void story_github_repository(struct story_github *github, const char *repository)
{
    (void)git_room_repo(&github->git, repository);
}

const char *story_github_commit(struct story_github *github, const char *repository,
                                const char *title)
{
    const char *folder = folder_of(github, repository);

    git_room_git(&github->git, folder, "commit", "-q", "--allow-empty", "-m", title, NULL);
    return git_room_git(&github->git, folder, "rev-parse", "HEAD", NULL);
}

void story_github_hide(struct story_github *github, const char *repository)
{
    const char *folder = folder_of(github, repository);

    assert_int_equal(rename(folder, arena_printf(&github->arena, "%s-hidden", folder)), 0);
}

void story_github_show(struct story_github *github, const char *repository)
{
    const char *folder = folder_of(github, repository);

    assert_int_equal(rename(arena_printf(&github->arena, "%s-hidden", folder), folder), 0);
}

struct story_github_pull *story_github_pull(struct story_github *github, const char *repository,
                                            int number)
{
    for (size_t i = 0; i < github->n_pulls; i++)
        if (github->pulls[i].number == number &&
            strcmp(github->pulls[i].repository, repository) == 0)
            return &github->pulls[i];
    return NULL;
}

struct story_github_pull *story_github_open(struct story_github *github, const char *repository,
                                            int number, const char *title, time_ms now)
{
    struct story_github_pull *pull = &github->pulls[github->n_pulls];
    const char *base =
        git_room_git(&github->git, folder_of(github, repository), "rev-parse", "HEAD", NULL);

    assert_true(github->n_pulls++ < STORY_GITHUB_PULLS_MAX);
    *pull = (struct story_github_pull){.repository = repository,
                                       .number = number,
                                       .title = title,
                                       .opened_at = now,
                                       .updated_at = now};
    snprintf(pull->base_sha, sizeof(pull->base_sha), "%s", base);
    snprintf(pull->head_sha, sizeof(pull->head_sha), "%040d", 7000 + number);
    return pull;
}

void story_github_merge(struct story_github *github, struct story_github_pull *pull, time_ms now)
{
    const char *sha =
        story_github_commit(github, pull->repository,
                            arena_printf(&github->arena, "%s (#%d)", pull->title, pull->number));

    snprintf(pull->merge_sha, sizeof(pull->merge_sha), "%s", sha);
    pull->merged = true;
    pull->merged_at = pull->updated_at = now;
}

void story_github_up(struct story_github *github)
{
    *github = (struct story_github){.n_pulls = 0};
    git_room_up(&github->git);
    arena_init(&github->arena);
}

void story_github_down(struct story_github *github)
{
    arena_deinit(&github->arena);
    git_room_down(&github->git);
}
