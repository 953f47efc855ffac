/*
 * event: what a delivery says, as far as Slipway needs it.
 *
 * Pure: bytes in, a struct out, all in one arena. Called by the flow's record stage long after the
 * 202; the body was signed, yet its content is foreign. Every field may be missing, null or of
 * another type; what is not there is said to be not there, nothing is dereferenced unproven
 * (threats.md T10). A body that has not the shape its event needs is unreadable, with a reason
 * (T06). Shapes: github-wire.md 2.
 *
 * Texts are cleaned (UTF-8, without control and bidirectional marks) and bounded; URLs in payloads
 * are shown to people and never called.
 */
#ifndef SLIPWAY_LIB_GITHUB_EVENT_H
#define SLIPWAY_LIB_GITHUB_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/commit_check.h"

struct arena;
struct err;

#define EVENT_BODY_MAX ((size_t)25 << 20) /* of JSON, after url-decoding */
#define EVENT_TITLE_MAX 300               /* bytes; GitHub's own limit is 256 characters */
#define EVENT_NAME_MAX 255    /* branches, labels, logins, URLs are cut or refused here */
#define EVENT_LABELS_MAX 100  /* what GitHub allows on one pull request */
#define EVENT_AUTHORS_MAX 100 /* of the commits of one push */
#define EVENT_EMAIL_MAX 100
#define EVENT_LOGIN_MAX 100

#define EVENT_COMMENT_MAX 1024 /* bytes of a comment's first line; the rest is never looked at */

enum event_kind {
    EVENT_OTHER, /* known to GitHub, nothing to us: acknowledged */
    EVENT_PING,
    EVENT_PULL_REQUEST,
    EVENT_PULL_REQUEST_REVIEW,
    EVENT_ISSUE_COMMENT,
    EVENT_PUSH,
    EVENT_CHECK_RUN,
    EVENT_CHECK_SUITE,
    EVENT_STATUS,
    EVENT_REPOSITORY,
    EVENT_META,
    EVENT_INSTALLATION,
    EVENT_INSTALLATION_REPOSITORIES,
    EVENT_DEPLOYMENT,
    EVENT_DEPLOYMENT_STATUS,
    EVENT_RELEASE,
    EVENT_MERGE_GROUP,
    EVENT_KINDS_COUNT
};

/* An account. id 0 = absent or gone; GitHub sends null for deleted ones. */
struct event_account {
    int64_t id;
    const char *login; /* NULL with id 0 */
    bool bot;          /* GitHub says that it is one */
};

struct event_pull_request {
    int64_t id;
    int64_t number;
    bool open; /* `state` is "open" */
    bool draft;
    bool merged;     /* only a JSON true counts, or `merged_at` where `merged` cannot be there */
    bool has_merged; /* this payload carries `merged`; reviews do not */
    bool fork;       /* head.repo is null or another repository than base.repo */
    const char *title;
    const char *url; /* html_url; "" if it is odd */
    int64_t
        reverts; /* the pull request that this one reverts, by GitHub's own form of title and body
                      * ("Revert ...", "Reverts owner/name#12"); 0 = none */
    struct event_account author;
    struct event_account merged_by;
    const char *base_ref;
    const char *head_ref;
    char head_sha[41];
    char merge_sha[41]; /* "" unless merged and a proper commit id */
    time_ms opened_at;
    time_ms updated_at;
    time_ms closed_at; /* 0 = null or absent */
    time_ms merged_at;
    const char **labels; /* without repeats */
    size_t n_labels;
    bool has_labels; /* `labels` was there: the list is the whole truth at that time */
};

struct event_review {
    int64_t id;
    const char *state; /* lower case: approved, changes_requested, commented, dismissed, pending */
    char commit_sha[41]; /* "" = null or odd */
    struct event_account reviewer;
    time_ms submitted_at; /* 0 = null or absent */
};

/* A comment on a pull request. Only `created` by its author can be a command (T21). */
struct event_comment {
    int64_t id;
    int64_t number; /* of the pull request */
    bool on_pull;   /* false: on an issue, and the rest is empty */
    struct event_account author;
    const char *first_line; /* exactly as it came, cut at EVENT_COMMENT_MAX bytes */
    bool cut;               /* it was longer */
    time_ms created_at;
    time_ms updated_at;
};

/* Whose an address is, as GitHub says it of a commit. */
struct event_author {
    const char *email; /* lower case */
    const char *login; /* lower case */
};

struct event_push {
    const char *ref;     /* full: refs/heads/main */
    char before_sha[41]; /* 40 zeros = the branch is new */
    char after_sha[41];  /* 40 zeros = the branch is gone */
    bool created;
    bool deleted;
    bool forced;
    const struct event_author
        *authors; /* of its commits, each once, as far as GitHub knows the account */
    size_t n_authors;
};

/* A repository that an installation gained or lost. */
struct event_repository {
    int64_t id;
    const char *name; /* full_name, "" = odd */
};

/* What brings deliveries to us: a webhook, or an App's installation. */
enum event_hook_state { EVENT_HOOK_PRESENT, EVENT_HOOK_REMOVED, EVENT_HOOK_SUSPENDED };
struct event_hook {
    int64_t id; /* of the webhook or installation; 0 = nothing is said of one */
    enum event_hook_state state;
    const struct event_repository
        *repositories; /* of installation_repositories: those it is about */
    size_t n_repositories;
};

struct event {
    enum event_kind kind;
    const char *action;     /* "" = this event has none */
    int64_t repository_id;  /* 0 = no repository in it */
    const char *repository; /* full_name, "" = none */
    time_ms repository_at;  /* its updated_at; 0 = not said */
    struct event_account sender;
    const char *label;                      /* of labeled and unlabeled, "" = none */
    struct event_pull_request pull_request; /* of pull_request and pull_request_review */
    struct event_review review;             /* of pull_request_review */
    struct event_comment comment;           /* of issue_comment */
    struct event_push push;                 /* of push */
    struct commit_check check;              /* of check_run, check_suite and status; its
                                             * repository_id is 0, times are 0 where not said */
    struct event_hook hook; /* of ping, meta, installation, installation_repositories */
};

/*
 * Read `body` as an `event_name` event. `form`: it is url-encoded and the JSON is in its field
 * `payload`. ERR_INVALID: unreadable; the text says which field was expected and what came.
 */
int event_read(const char *event_name, bool form, const char *body, size_t len, struct arena *arena,
               struct event *ret_event, struct err *err);
/* The same in the body itself, which is altered; a NUL stands behind it. */
int event_read_here(const char *event_name, bool form, char *body, size_t len, struct arena *arena,
                    struct event *ret_event, struct err *err);

#endif
