/*
 * event: GitHub's own example payloads are read, and none of their fields can hurt by being absent,
 * null or of another type (T10). Needs `npm ci` in tests/npm, which tests/run does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/github/event.h"

#define EXAMPLES                                                                                   \
    SLIPWAY_SOURCE_DIR                                                                             \
    "/tests/npm/node_modules/@octokit/webhooks-examples/api.github.com/index.json"
#define TEXT_MAX ((size_t)1 << 20)

static struct cJSON *examples; /* [{name, examples: [payload]}] */

static int read_examples(void **state)
{
    static const struct json_limits limits = {.depth = 64, .nodes = 4000000};
    struct err err = ERR_INIT;
    char *bytes;
    size_t len;

    (void)state;
    if (file_read_all(EXAMPLES, (size_t)64 << 20, &bytes, &len, &err) < 0 ||
        json_parse(bytes, len, &limits, &examples, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    free(bytes);
    return 0;
}

static int free_examples(void **state)
{
    (void)state;
    json_free(examples);
    return 0;
}

/* Writing a payload with one field changed ------------------------------------------------------ */

enum change { CHANGE_NONE, CHANGE_REMOVE, CHANGE_NULL, CHANGE_RETYPE, CHANGE_HUGE, CHANGE_COUNT };

struct writing {
    struct json_out out;
    enum change change;
    size_t at; /* the member with this number is changed */
    size_t n;  /* members so far */
};

static void write_value(struct writing *w, const struct cJSON *parent, const struct cJSON *item,
                        const char *key);

static void write_children(struct writing *w, const struct cJSON *item)
{
    for (const struct cJSON *c = json_first(item); c != NULL; c = json_next(c))
        write_value(w, item, c, json_is_object(item) ? json_key(c) : NULL);
}

/* Something of another type than `item`. */
static void write_retyped(struct writing *w, const struct cJSON *item, const char *key)
{
    if (json_string_value(item) != NULL) {
        json_add_int(&w->out, key, 7);
    } else if (json_is_object(item) || json_is_array(item)) {
        json_add_str(&w->out, key, "text");
    } else {
        json_begin_object(&w->out, key);
        json_end_object(&w->out);
    }
}

/* The same type, but a value that nobody expects. */
static void write_huge(struct writing *w, const struct cJSON *item, const char *key)
{
    static char big[5001];

    memset(big, 'x', sizeof(big) - 1);
    if (json_string_value(item) != NULL)
        json_add_str(&w->out, key, big);
    else if (json_is_object(item) || json_is_array(item))
        json_add_raw(&w->out, key, "[[[[[[[[]]]]]]]]");
    else
        json_add_raw(&w->out, key, "9007199254740993");
}

static void write_scalar(struct writing *w, const struct cJSON *parent, const struct cJSON *item,
                         const char *key)
{
    int64_t number;
    bool flag;

    if (json_string_value(item) != NULL)
        json_add_str(&w->out, key, json_string_value(item));
    else if (json_is_null(item))
        json_add_null(&w->out, key);
    else if (json_item_int(item, &number))
        json_add_int(&w->out, key, number);
    else if (key != NULL && json_bool(parent, key, &flag))
        json_add_bool(&w->out, key, flag);
    else
        json_add_double(&w->out, key, 0.5);
}

/* Every object and list, and of the rest what has a name that is read anywhere: the most of a payload are
 * addresses to call, which nobody looks at. */
static bool matters(const struct cJSON *item, const char *key)
{
    static const char *const keys[] = {
        "action",       "after",        "before",    "body",      "closed_at",        "commit_id",
        "completed_at", "conclusion",   "context",   "created",   "created_at",       "deleted",
        "draft",        "forced",       "full_name", "head_sha",  "hook_id",          "html_url",
        "id",           "login",        "merged",    "merged_at", "merge_commit_sha", "name",
        "number",       "ref",          "sha",       "slug",      "started_at",       "state",
        "status",       "submitted_at", "title",     "type",      "updated_at",       "zen",
    };

    if (key == NULL || json_is_object(item) || json_is_array(item))
        return key != NULL;
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static void write_value(struct writing *w, const struct cJSON *parent, const struct cJSON *item,
                        const char *key)
{
    enum change change = matters(item, key) && w->n++ == w->at ? w->change : CHANGE_NONE;

    switch (change) {
    case CHANGE_REMOVE:
        return;
    case CHANGE_NULL:
        json_add_null(&w->out, key);
        return;
    case CHANGE_RETYPE:
        write_retyped(w, item, key);
        return;
    case CHANGE_HUGE:
        write_huge(w, item, key);
        return;
    default:
        break;
    }
    if (json_is_object(item)) {
        json_begin_object(&w->out, key);
        write_children(w, item);
        json_end_object(&w->out);
    } else if (json_is_array(item)) {
        json_begin_array(&w->out, key);
        write_children(w, item);
        json_end_array(&w->out);
    } else {
        write_scalar(w, parent, item, key);
    }
}

/* `payload` as text, its member number `at` changed; returns how many members there are. */
static size_t write_payload(const struct cJSON *payload, enum change change, size_t at,
                            struct buf *buf)
{
    struct writing w = {.change = change, .at = at};

    buf_reset(buf);
    json_out_init(&w.out, buf);
    write_value(&w, NULL, payload, NULL);
    assert_false(buf->overflow);
    return w.n;
}

static int read_text(const char *name, const char *text, size_t len, struct arena *arena,
                     struct event *event, struct err *err)
{
    /* A copy of exactly that size, so that the address sanitizer sees a read beyond it. */
    char *exact = malloc(len != 0 ? len : 1);
    int rc;

    memcpy(exact, text, len);
    rc = event_read(name, false, exact, len, arena, event, err);
    free(exact);
    return rc;
}

#define FOR_EACH_EXAMPLE(group, payload)                                                           \
    for (const struct cJSON *group = json_first(examples); group != NULL;                          \
         group = json_next(group))                                                                 \
        for (const struct cJSON *payload = json_first(json_array(group, "examples"));              \
             payload != NULL; payload = json_next(payload))

static void every_example_of_github_is_readable(void **state)
{
    struct buf buf;
    size_t n = 0;
    size_t pulls = 0;

    (void)state;
    buf_init(&buf, TEXT_MAX);
    FOR_EACH_EXAMPLE(group, payload)
    {
        struct arena arena;
        struct event event;
        struct err err = ERR_INIT;
        const char *name = json_str(group, "name");

        arena_init(&arena);
        (void)write_payload(payload, CHANGE_NONE, 0, &buf);
        if (read_text(name, buf.data, buf.len, &arena, &event, &err) < 0)
            fail_msg("%s: %s", name, err.text);
        n++;
        if (event.kind == EVENT_PULL_REQUEST || event.kind == EVENT_PULL_REQUEST_REVIEW) {
            pulls++;
            assert_true(event.pull_request.number > 0);
            assert_true(event.repository_id > 0);
            assert_int_equal(strlen(event.pull_request.head_sha), 40);
            assert_string_equal(event.pull_request.merge_sha, ""); /* no example is merged */
        }
        if (event.kind == EVENT_PUSH)
            assert_true(strncmp(event.push.ref, "refs/", 5) == 0);
        arena_deinit(&arena);
    }
    assert_true(n > 300);
    assert_true(pulls > 10);
    buf_deinit(&buf);
}

/* What GitHub's schemas allow and no example shows: all that may be null is null, all that may be there is there. */
static void every_payload_that_githubs_schemas_allow_is_readable(void **state)
{
    FILE *made = popen("node " SLIPWAY_SOURCE_DIR "/tests/support/schema_instances.mjs", "r");
    struct json_limits limits = {.depth = 64, .nodes = 1000000};
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    struct buf buf;
    int n = 0, pulls = 0, reviews = 0, pushes = 0;

    (void)state;
    assert_non_null(made);
    buf_init(&buf, TEXT_MAX);
    while ((len = getline(&line, &cap, made)) > 0) {
        struct arena arena;
        struct event event;
        struct err err = ERR_INIT;
        struct cJSON *row = NULL;

        arena_init(&arena);
        assert_int_equal(json_parse(line, (size_t)len, &limits, &row, &err), 0);
        (void)write_payload(json_object(row, "payload"), CHANGE_NONE, 0, &buf);
        if (read_text(json_str(row, "event"), buf.data, buf.len, &arena, &event, &err) < 0)
            fail_msg("%s: %s", json_str(row, "of"), err.text);
        n++;
        pulls += event.kind == EVENT_PULL_REQUEST && event.pull_request.number > 0;
        reviews += event.kind == EVENT_PULL_REQUEST_REVIEW && event.review.id > 0;
        pushes += event.kind == EVENT_PUSH && strcmp(event.push.ref, "refs/heads/main") == 0;
        json_free(row);
        arena_deinit(&arena);
    }
    free(line);
    assert_int_equal(pclose(made), 0);
    assert_true(n > 400);
    assert_int_equal(pulls, 2 * 21); /* each action, bare and full */
    assert_int_equal(reviews, 2 * 3);
    assert_int_equal(pushes, 2);
    buf_deinit(&buf);
}

/* All that is read into something, or has a shape to keep. */
static const char *const read_names[] = {
    "pull_request",
    "pull_request_review",
    "issue_comment",
    "push",
    "check_run",
    "check_suite",
    "status",
    "repository",
    "meta",
    "installation",
    "installation_repositories",
    "deployment",
    "deployment_status",
    "release",
    "merge_group",
    "ping",
};
#define N_READ_NAMES (sizeof(read_names) / sizeof(*read_names))

static bool is_read(const char *name)
{
    for (size_t i = 0; i < N_READ_NAMES; i++)
        if (strcmp(read_names[i], name) == 0)
            return true;
    return false;
}

/* Each member of a payload of each event that we read, changed in turn: an answer, no crash, and a reason. With
 * SLIPWAY_DEEP=1 of every payload. */
static void T10_any_field_removed_nulled_retyped_or_huge_is_survived(void **state)
{
    struct buf buf;
    const char *value = getenv("SLIPWAY_DEEP");
    bool deep = value != NULL && strcmp(value, "1") == 0;
    size_t refused = 0;
    size_t read = 0;

    (void)state;
    buf_init(&buf, TEXT_MAX);
    FOR_EACH_EXAMPLE(group, payload)
    {
        const char *name = json_str(group, "name");
        size_t n;

        if (!is_read(name) || (!deep && payload != json_first(json_array(group, "examples"))))
            continue;
        n = write_payload(payload, CHANGE_NONE, 0, &buf);
        for (size_t at = 0; at < n; at++) {
            for (int change = CHANGE_REMOVE; change < CHANGE_COUNT; change++) {
                struct arena arena;
                struct event event;
                struct err err = ERR_INIT;

                arena_init(&arena);
                (void)write_payload(payload, (enum change)change, at, &buf);
                if (read_text(name, buf.data, buf.len, &arena, &event, &err) < 0) {
                    assert_int_equal(err.code, ERR_INVALID);
                    assert_string_not_equal(err.text, "");
                    refused++;
                } else {
                    assert_true(strlen(event.action) <= EVENT_NAME_MAX);
                    assert_true(strlen(event.repository) <= EVENT_NAME_MAX);
                    read++;
                }
                arena_deinit(&arena);
            }
        }
    }
    assert_true(refused > 300);
    assert_true(read > 1500);
    buf_deinit(&buf);
}

/* Bodies that are also of the shape of another event, by what they have in them: a review comment has no
 * review; whoever has a review is told like one, and what a deployment is told by does nothing at all. */
static bool may_pass(const char *name, const struct cJSON *payload, const char *as)
{
    if (strcmp(as, "ping") == 0)
        return true; /* asks for nothing; that it says nothing is tested below */
    if (strcmp(as, "pull_request_review") == 0)
        return json_object(payload, "review") != NULL;
    if (strcmp(as, "deployment") == 0 || strcmp(as, "deployment_status") == 0)
        return json_object(payload, as) != NULL;
    /* A star: the same members as a repository that was created or deleted, save `starred_at`. */
    return strcmp(as, "repository") == 0 && strcmp(name, "watch") == 0;
}

/* T06: the header is not signed, so the body must have the shape of the event it is said to be. */
static void T06_a_body_under_another_events_name_is_unreadable(void **state)
{
    const char *last = "";
    struct buf buf;
    size_t nth = 0;
    size_t n = 0;

    (void)state;
    buf_init(&buf, TEXT_MAX);
    FOR_EACH_EXAMPLE(group, payload)
    {
        const char *name = json_str(group, "name");

        if (strcmp(name, last) != 0)
            nth = 0;
        last = name;
        if (nth++ >= 2) /* two of each event: 58 events, 16 names */
            continue;
        (void)write_payload(payload, CHANGE_NONE, 0, &buf);
        for (size_t i = 0; i < N_READ_NAMES; i++) {
            struct arena arena;
            struct event event;
            struct err err = ERR_INIT;
            bool read;

            if (strcmp(name, read_names[i]) == 0)
                continue;
            arena_init(&arena);
            read = read_text(read_names[i], buf.data, buf.len, &arena, &event, &err) == 0;
            if (read && !may_pass(name, payload, read_names[i]))
                fail_msg("a body of %s was read as %s", name, read_names[i]);
            if (read)
                assert_int_equal(event.hook.id, 0); /* nothing is removed or set up by it */
            n++;
            arena_deinit(&arena);
        }
    }
    assert_true(n > 1200);
    buf_deinit(&buf);
}

/* A merged pull request, which the examples lack. */
#define SHA "\"4f2c9e1bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\""

static struct event merged_event(struct arena *arena, const char *merged, const char *sha,
                                 const char *head_repo)
{
    struct event event = {0};
    struct err err = ERR_INIT;
    const char *text = arena_printf(
        arena,
        "{\"action\":\"closed\",\"number\":7,\"pull_request\":{\"id\":4442074271,\"number\":7,"
        "\"state\":\"closed\",\"title\":\"Winter \\u202esale\\nbanner\",\"draft\":false,"
        "\"html_url\":\"https://github.com/acme/shop/pull/7\","
        "\"created_at\":\"2026-11-24T01:00:00Z\",\"updated_at\":\"2026-11-24T05:10:00Z\","
        "\"closed_at\":\"2026-11-24T05:10:00Z\",\"merged_at\":\"2026-11-24T05:10:00Z\","
        "\"merged\":%s,\"merge_commit_sha\":%s,\"merged_by\":{\"id\":5,\"login\":\"ana\"},"
        "\"user\":null,\"labels\":[{\"name\":\"x\"},{\"name\":\"x\"},{\"name\":\"y\"}],"
        "\"base\":{\"ref\":\"main\",\"repo\":{\"id\":9}},"
        "\"head\":{\"ref\":\"-weird\",\"sha\":\"4f2c9e1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
        "\"repo\":%s}},\"repository\":{\"id\":9,\"full_name\":\"acme/shop\"},"
        "\"sender\":{\"id\":5,\"login\":\"ana\"}}",
        merged, sha, head_repo);

    if (read_text("pull_request", text, strlen(text), arena, &event, &err) < 0)
        fail_msg("%s", err.text);
    return event;
}

static void a_merged_pull_request_says_all_that_we_need(void **state)
{
    struct arena arena;
    struct event e;

    (void)state;
    arena_init(&arena);
    e = merged_event(&arena, "true", SHA, "{\"id\":9}");
    assert_int_equal(e.kind, EVENT_PULL_REQUEST);
    assert_string_equal(e.action, "closed");
    assert_int_equal(e.repository_id, 9);
    assert_string_equal(e.repository, "acme/shop");
    assert_true(e.pull_request.merged);
    assert_false(e.pull_request.open);
    assert_false(e.pull_request.fork);
    assert_true(e.pull_request.id == 4442074271);
    assert_string_equal(e.pull_request.merge_sha, "4f2c9e1bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    assert_string_equal(e.pull_request.merged_by.login, "ana");
    assert_int_equal(e.pull_request.author.id, 0);
    assert_null(e.pull_request.author.login);
    assert_null(strstr(e.pull_request.title, "\xe2\x80\xae"));
    assert_null(strchr(e.pull_request.title, '\n'));
    assert_true(e.pull_request.merged_at == 1795497000000);
    assert_true(e.pull_request.has_labels);
    assert_int_equal(e.pull_request.n_labels, 2);
    arena_deinit(&arena);
}

static void only_a_json_true_means_merged(void **state)
{
    struct arena arena;
    struct event e;

    (void)state;
    arena_init(&arena);
    e = merged_event(&arena, "false", SHA, "{\"id\":9}");
    assert_false(e.pull_request.merged);
    assert_string_equal(e.pull_request.merge_sha, ""); /* a test merge, on no branch */
    assert_int_equal(e.pull_request.merged_by.id, 0);
    arena_deinit(&arena);
}

/* What people name so holds up nothing, least of all a merge. */
static void labels_that_show_nothing_are_passed_over(void **state)
{
    static const char *const odd[] = {"{\"name\":\"\u200b\"}", "{\"id\":7}", "{\"name\":null}",
                                      "8"};
    struct arena arena;
    struct event e;
    struct err err = ERR_INIT;
    struct buf buf;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i <= sizeof(odd) / sizeof(odd[0]); i++) {
        bool many = i == sizeof(odd) / sizeof(odd[0]);
        buf_init(&buf, 65536);
        buf_addf(
            &buf,
            "{\"action\":\"closed\",\"pull_request\":{\"id\":4,\"number\":7,\"state\":\"closed\","
            "\"title\":\"\u200b\",\"merged\":true,\"merge_commit_sha\":" SHA
            ",\"created_at\":\"2026-11-24T01:00:00Z\",\"updated_at\":\"2026-11-24T05:10:00Z\","
            "\"base\":{\"ref\":\"main\"},\"head\":{\"ref\":\"\u200b\",\"sha\":" SHA
            "},\"labels\":[%s,{\"name\":\"go\"}",
            many ? "{\"name\":\"first\"}" : odd[i]);
        for (int k = 0; many && k < 200; k++)
            buf_addf(&buf, ",{\"name\":\"l%d\"}", k);
        buf_addf(&buf, "]},\"repository\":{\"id\":9,\"full_name\":\"acme/shop\"}}");
        if (read_text("pull_request", buf.data, buf.len, &arena, &e, &err) < 0)
            fail_msg("%zu: %s", i, err.text);
        assert_true(e.pull_request.merged);
        assert_int_equal(e.pull_request.n_labels, many ? EVENT_LABELS_MAX : 1);
        assert_string_equal(e.pull_request.labels[many ? 1 : 0], "go");
        buf_deinit(&buf);
    }
    arena_deinit(&arena);
}

static void an_odd_merge_commit_is_to_be_looked_up_not_believed(void **state)
{
    static const char *const odd[] = {"null",
                                      "\"\"",
                                      "7",
                                      "\"HEAD\"",
                                      "\"0000000000000000000000000000000000000000\"",
                                      "\"4F2C9E1BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB\"",
                                      "\"--upload-pack=xxxxxxxxxxxxxxxxxxxxxxxxxxx\""};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct event e = merged_event(&arena, "true", odd[i], "{\"id\":9}");

        assert_true(e.pull_request.merged);
        assert_string_equal(e.pull_request.merge_sha, "");
    }
    arena_deinit(&arena);
}

static void W6_a_head_that_is_gone_elsewhere_or_unclear_is_a_fork(void **state)
{
    static const char *const forks[] = {"null", "{\"id\":10}", "{}", "{\"id\":\"9\"}", "\"x\""};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(forks) / sizeof(forks[0]); i++)
        assert_true(merged_event(&arena, "true", SHA, forks[i]).pull_request.fork);
    assert_false(merged_event(&arena, "true", SHA, "{\"id\":9}").pull_request.fork);
    arena_deinit(&arena);
}

static int read_plain(const char *name, bool form, const char *text, struct event *event,
                      struct arena *arena)
{
    struct err err = ERR_INIT;

    return event_read(name, form, text, strlen(text), arena, event, &err);
}

static void T09_hostile_json_is_unreadable(void **state)
{
    static const char *const bodies[] = {
        "",
        "null",
        "[]",
        "{",
        "{} {}",
        "{\"action\":\"a\",\"action\":\"b\"}",
        "{\"zen\":\"\\u0000\"}",
        "\xef\xbb\xbf{}",
        "{\"a\":\"\xff\"}",
    };
    struct arena arena;
    struct event event;
    char *deep = malloc(200002);

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_int_equal(read_plain("ping", false, bodies[i], &event, &arena), ERR_INVALID);
    memset(deep, '[', 100000);
    memset(deep + 100000, ']', 100000);
    deep[200000] = '\0';
    assert_int_equal(read_plain("ping", false, deep, &event, &arena), ERR_INVALID);
    assert_int_equal(read_plain("ping", false, "{\"zen\":\"x\"}", &event, &arena), 0);
    assert_int_equal(read_plain("something_new", false, "{\"action\":\"x\"}", &event, &arena), 0);
    assert_int_equal(event.kind, EVENT_OTHER);
    free(deep);
    arena_deinit(&arena);
}

static void a_form_has_one_payload_and_is_decoded(void **state)
{
    struct arena arena;
    struct event e = {0};

    (void)state;
    arena_init(&arena);
    assert_int_equal(read_plain("ping", true, "payload=%7B%22action%22%3A%22a+b%22%7D", &e, &arena),
                     0);
    assert_string_equal(e.action, "a b");
    assert_int_equal(read_plain("ping", true, "x=1&payload=%7b%7d&y=", &e, &arena), 0);
    assert_int_equal(read_plain("ping", true, "payload=%7B%7D&payload=%7B%7D", &e, &arena),
                     ERR_INVALID);
    assert_int_equal(read_plain("ping", true, "payload=%7B%7", &e, &arena), ERR_INVALID);
    assert_int_equal(read_plain("ping", true, "payload=%zz", &e, &arena), ERR_INVALID);
    assert_int_equal(read_plain("ping", true, "payload=%00%7B%7D", &e, &arena), ERR_INVALID);
    assert_int_equal(read_plain("ping", true, "{}", &e, &arena), ERR_INVALID);
    assert_int_equal(read_plain("ping", true, "", &e, &arena), ERR_INVALID);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_of_github_is_readable),
        cmocka_unit_test(every_payload_that_githubs_schemas_allow_is_readable),
        cmocka_unit_test(T10_any_field_removed_nulled_retyped_or_huge_is_survived),
        cmocka_unit_test(T06_a_body_under_another_events_name_is_unreadable),
        cmocka_unit_test(a_merged_pull_request_says_all_that_we_need),
        cmocka_unit_test(only_a_json_true_means_merged),
        cmocka_unit_test(labels_that_show_nothing_are_passed_over),
        cmocka_unit_test(an_odd_merge_commit_is_to_be_looked_up_not_believed),
        cmocka_unit_test(W6_a_head_that_is_gone_elsewhere_or_unclear_is_a_fork),
        cmocka_unit_test(T09_hostile_json_is_unreadable),
        cmocka_unit_test(a_form_has_one_payload_and_is_decoded),
    };

    return cmocka_run_group_tests(tests, read_examples, free_examples);
}
