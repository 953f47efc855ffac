#include "lib/github/event_pull.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/github/event_field.h"

/* The head lives elsewhere unless both repositories are there and are the same one. */
static bool is_fork(const struct cJSON *pr)
{
    int64_t head;
    int64_t base;

    if (!event_field_id(json_object(json_object(pr, "head"), "repo"), "id", &head) ||
        !event_field_id(json_object(json_object(pr, "base"), "repo"), "id", &base))
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

/* One that is no text, or shows nothing, is no label that anything here could ask for. */
static void read_labels(struct arena *arena, const struct cJSON *pr, struct event_pull_request *out)
{
    const struct cJSON *list = json_array(pr, "labels");
    size_t n = json_count(list);

    if (list == NULL)
        return;
    if (n > EVENT_LABELS_MAX)
        n = EVENT_LABELS_MAX;
    out->has_labels = true;
    out->labels = arena_array(arena, n, sizeof(*out->labels));
    for (const struct cJSON *item = json_first(list); item != NULL && out->n_labels < n;
         item = json_next(item)) {
        const char *label = event_field_text_or_empty(arena, item, "name", EVENT_NAME_MAX);

        if (label[0] != '\0' && !has_label(out, label))
            out->labels[out->n_labels++] = label;
    }
}

/* A page to show: only a web address, or one of this machine, else nothing. */
static const char *page_url(struct arena *arena, const struct cJSON *pr)
{
    const char *url = event_field_text(arena, pr, "html_url", 1024);

    return url != NULL && (str_starts(url, "https://") || str_starts(url, "http://127.0.0.1:"))
               ? url
               : "";
}

static void read_merge(const struct cJSON *pr, struct arena *arena, struct event_pull_request *out)
{
    bool merged = false;

    out->closed_at = event_field_time(pr, "closed_at");
    out->merged_at = event_field_time(pr, "merged_at");
    /* The schema allows null where GitHub does not know yet: that is not merged. */
    out->has_merged = json_bool(pr, "merged", &merged) || json_null(pr, "merged");
    /* The payload of a review has no `merged`; a time of it has who was merged only. */
    out->merged = out->has_merged ? merged : !out->open && out->merged_at != 0;
    /* Before the merge, and on a close without one, the field holds a test merge that is on no
     * branch (github-wire.md 2). */
    if (out->merged) {
        event_field_sha(pr, "merge_commit_sha", out->merge_sha);
        out->merged_by = event_field_account(arena, pr, "merged_by");
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

int event_pull_read(struct arena *arena, const struct cJSON *root, struct event_pull_request *out,
                    struct err *err)
{
    const struct cJSON *pr = json_object(root, "pull_request");
    const struct cJSON *head = json_object(pr, "head");
    const struct cJSON *base = json_object(pr, "base");
    const char *state = json_str(pr, "state");
    int64_t number;
    int rc;

    if (pr == NULL)
        return event_field_lacks(err, "pull_request", "an object");
    if (!event_field_id(pr, "id", &out->id))
        return event_field_lacks(err, "pull_request.id", "a whole number");
    if (!event_field_id(pr, "number", &out->number))
        return event_field_lacks(err, "pull_request.number", "a whole number");
    if (json_get(root, "number") != NULL &&
        (!event_field_id(root, "number", &number) || number != out->number))
        return event_field_lacks(err, "number", "the same as pull_request.number");
    if (state == NULL || (strcmp(state, "open") != 0 && strcmp(state, "closed") != 0))
        return event_field_lacks(err, "pull_request.state", "open or closed");
    out->updated_at = event_field_time(pr, "updated_at");
    out->opened_at = event_field_time(pr, "created_at");
    if (out->updated_at == 0 || out->opened_at == 0)
        return event_field_lacks(err, "pull_request.created_at, updated_at", "times");
    rc = event_field_branch(arena, base, "pull_request.base.ref", &out->base_ref, err);
    if (rc < 0)
        return rc;
    /* Only shown: a head may have a name that we would never hand to git. */
    out->head_ref = event_field_text_or_empty(arena, head, "ref", EVENT_NAME_MAX);
    if (json_str(head, "ref") == NULL)
        return event_field_lacks(err, "pull_request.head.ref", "a branch name");
    event_field_sha(head, "sha", out->head_sha);
    if (out->head_sha[0] == '\0')
        return event_field_lacks(err, "pull_request.head.sha", "a commit id");

    out->open = strcmp(state, "open") == 0;
    out->draft = event_field_flag(pr, "draft");
    out->fork = is_fork(pr);
    out->title = event_field_text_or_empty(arena, pr, "title", EVENT_TITLE_MAX);
    out->url = page_url(arena, pr);
    out->reverts = reverted_pull(root, pr);
    out->author = event_field_account(arena, pr, "user");
    read_merge(pr, arena, out);
    read_labels(arena, pr, out);
    return 0;
}

int event_pull_read_review(struct arena *arena, const struct cJSON *root, struct event_review *out,
                           struct err *err)
{
    static const char *const states[] = {"approved", "changes_requested", "commented", "dismissed",
                                         "pending"};
    const struct cJSON *review = json_object(root, "review");
    const char *state = json_str(review, "state");

    if (review == NULL)
        return event_field_lacks(err, "review", "an object");
    if (!event_field_id(review, "id", &out->id))
        return event_field_lacks(err, "review.id", "a whole number");
    for (size_t i = 0; state != NULL && i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcasecmp(state, states[i]) == 0)
            out->state = states[i];
    }
    if (out->state == NULL)
        return event_field_lacks(err, "review.state", "one of GitHub's review states");
    event_field_sha(review, "commit_id", out->commit_sha);
    out->reviewer = event_field_account(arena, review, "user");
    out->submitted_at = event_field_time(review, "submitted_at");
    return 0;
}

/* Comments -------------------------------------------------------------------------------------- */

/* Verbs are byte strings, so nothing is cleaned here; what is shown is cleaned where it is shown. */
static void read_first_line(struct arena *arena, const char *body, struct event_comment *out)
{
    size_t n = strcspn(body, "\r\n");

    out->cut = n > EVENT_COMMENT_MAX;
    if (out->cut)
        for (n = EVENT_COMMENT_MAX; (body[n] & 0xC0) == 0x80; n--) /* not inside a character */
            ;
    out->first_line = arena_strn(arena, body, n);
}

int event_pull_read_comment(struct arena *arena, const struct cJSON *root,
                            struct event_comment *out, struct err *err)
{
    const struct cJSON *issue = json_object(root, "issue");
    const struct cJSON *comment = json_object(root, "comment");
    const char *body = json_str(comment, "body");

    if (!event_field_id(issue, "number", &out->number))
        return event_field_lacks(err, "issue.number", "a whole number");
    if (!event_field_id(comment, "id", &out->id))
        return event_field_lacks(err, "comment.id", "a whole number");
    if (body == NULL)
        return event_field_lacks(err, "comment.body", "a text");
    out->created_at = event_field_time(comment, "created_at");
    out->updated_at = event_field_time(comment, "updated_at");
    if (out->created_at == 0 || out->updated_at == 0)
        return event_field_lacks(err, "comment.created_at, updated_at", "times");
    out->on_pull = json_object(issue, "pull_request") != NULL;
    out->author = event_field_account(arena, comment, "user");
    read_first_line(arena, body, out);
    return 0;
}
