/*
 * event: each event of github-wire.md 2, read into what the rules need; and each field that is read, removed, made null
 * and made another type (T10). What follows is in the table: the body is unreadable, or these members of the event are
 * others and no more. A field that a reader asks for and the table does not know fails the last test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/github/event.h"

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C40 "cccccccccccccccccccccccccccccccccccccccc"
#define AT(n) "2026-11-24T02:30:0" #n "Z"
#define MS(n) "179548740" #n "000"
#define REPOSITORY                                                                                 \
    "\"repository\":{\"id\":9,\"full_name\":\"acme/shop\",\"updated_at\":\"" AT(9) "\"}"
#define ANA "{\"id\":7,\"login\":\"ana\",\"type\":\"User\"}"
#define BOT "{\"id\":8,\"login\":\"ci\",\"type\":\"Bot\"}"
#define SENDER "\"sender\":" ANA
#define ABOUT REPOSITORY "," SENDER

#define UNREADABLE "!"
#define SAME "="

/* A member of the payload by its path; what changes in what is told when it is not there, is null, is of another type. */
struct field {
    const char *path, *removed, *nulled, *retyped;
};

/* An event, the payload, and all that is told of it. */
struct wire_event {
    const char *name, *payload, *told;
    struct field fields[48];
};

#define ALL(path, changed)                                                                         \
    {                                                                                              \
        path, changed, changed, changed                                                            \
    }

/* All of them have these. */
#define FIELDS_ABOUT(repository)                                                                   \
    ALL("repository", repository), ALL("repository.id", repository),                               \
        ALL("repository.full_name", repository), ALL("repository.updated_at", "repository_at=0"),  \
        ALL("sender", "sender=0 -"), ALL("sender.id", "sender=0 -"),                               \
        ALL("sender.login", "sender=7 "), ALL("sender.type", SAME)

static const struct wire_event wire_events[] = {
    {"pull_request",
     "{\"action\":\"closed\",\"number\":12,\"label\":{\"name\":\"lp\"},\"pull_request\":{\"id\":4442074271,"
     "\"number\":12,\"state\":\"closed\",\"draft\":true,\"merged\":true,\"title\":\"Revert \\\"Cart\\\"\","
     "\"body\":\"Reverts acme/shop#11\",\"html_url\":\"https://github.com/acme/shop/pull/12\",\"user\":" ANA
     ",\"merged_by\":" BOT
     ",\"created_at\":\"" AT(1) "\",\"updated_at\":\"" AT(4) "\",\"closed_at\":\"" AT(3) "\",\"merged_at\":\"" AT(
         2) "\",\"merge_commit_sha\":\"" C40 "\",\"labels\":[{\"name\":\"lp\"}],"
            "\"base\":{\"ref\":\"main\",\"repo\":{\"id\":9}},\"head\":{\"ref\":\"topic\",\"sha\":\"" B40
            "\",\"repo\":{\"id\":9}}}," ABOUT "}",
     "action=closed|repository=9 acme/shop|repository_at=" MS(
         9) "|sender=7 ana|label=lp|"
            "pull=4442074271 12|open=0|draft=1|merged=1|fork=0|title=Revert \"Cart\"|"
            "url=https://github.com/acme/shop/pull/12|reverts=11|author=7 ana|merged_by=8 ci bot|base=main|"
            "head=topic " B40 "|merge=" C40 "|opened_at=" MS(1) "|updated_at=" MS(
                4) "|closed_at=" MS(3) "|merged_at=" MS(2) "|labels=lp",
     {FIELDS_ABOUT(UNREADABLE),
      ALL("action", UNREADABLE),
      {"number", SAME, SAME, UNREADABLE},
      ALL("label", "label="),
      ALL("label.name", "label="),
      ALL("pull_request", UNREADABLE),
      ALL("pull_request.id", UNREADABLE),
      ALL("pull_request.number", UNREADABLE),
      ALL("pull_request.state", UNREADABLE),
      ALL("pull_request.draft", "draft=0"),
      {"pull_request.merged", UNREADABLE, "merged=0|merged_by=0 -|merge=", UNREADABLE},
      ALL("pull_request.title", "title=|reverts=0"),
      ALL("pull_request.body", "reverts=0"),
      ALL("pull_request.html_url", "url="),
      ALL("pull_request.user", "author=0 -"),
      ALL("pull_request.user.id", "author=0 -"),
      ALL("pull_request.user.login", "author=7 "),
      ALL("pull_request.merged_by", "merged_by=0 -"),
      ALL("pull_request.merged_by.type", "merged_by=8 ci"),
      ALL("pull_request.created_at", UNREADABLE),
      ALL("pull_request.updated_at", UNREADABLE),
      ALL("pull_request.closed_at", "closed_at=0"),
      ALL("pull_request.merged_at", "merged_at=0"),
      ALL("pull_request.merge_commit_sha", "merge="),
      ALL("pull_request.labels", "labels=none"),
      ALL("pull_request.labels.0.name", "labels="),
      ALL("pull_request.base", UNREADABLE),
      ALL("pull_request.base.ref", UNREADABLE),
      ALL("pull_request.base.repo", "fork=1"),
      ALL("pull_request.base.repo.id", "fork=1"),
      ALL("pull_request.head", UNREADABLE),
      ALL("pull_request.head.ref", UNREADABLE),
      ALL("pull_request.head.sha", UNREADABLE),
      ALL("pull_request.head.repo", "fork=1"),
      ALL("pull_request.head.repo.id", "fork=1")}},
    {"pull_request_review",
     "{\"action\":\"submitted\",\"review\":{\"id\":31,\"state\":\"APPROVED\",\"commit_id\":\"" B40
     "\",\"user\":" ANA ",\"submitted_at\":\"" AT(
         5) "\"},\"pull_request\":{\"id\":70,\"number\":12,"
            "\"state\":\"open\",\"title\":\"Cart\",\"created_at\":\"" AT(1) "\",\"updated_at\":\"" AT(
                4) "\",\"closed_at\":null,\"merged_at\":null,\"html_url\":\"https://github.com/acme/shop/pull/12\","
                   "\"base\":{\"ref\":\"main\",\"repo\":{\"id\":9}},\"head\":{\"ref\":\"topic\",\"sha\":\"" B40
                   "\",\"repo\":{\"id\":9}}}," ABOUT "}",
     "action=submitted|repository=9 acme/shop|repository_at=" MS(
         9) "|sender=7 ana|label=|pull=70 12|"
            "open=1|draft=0|merged=0|fork=0|title=Cart|url=https://github.com/acme/shop/pull/12|reverts=0|"
            "author=0 -|merged_by=0 -|base=main|head=topic " B40
            "|merge=|opened_at=" MS(1) "|updated_at=" MS(
                4) "|closed_at=0|merged_at=0|labels=none|review=31 approved|reviewed=" B40
                   "|reviewer=7 ana|"
                   "submitted_at=" MS(5),
     {FIELDS_ABOUT(UNREADABLE), ALL("action", UNREADABLE), ALL("review", UNREADABLE),
      ALL("review.id", UNREADABLE), ALL("review.state", UNREADABLE),
      ALL("review.commit_id", "reviewed="), ALL("review.user", "reviewer=0 -"),
      ALL("review.submitted_at", "submitted_at=0"), ALL("pull_request", UNREADABLE),
      ALL("pull_request.updated_at", UNREADABLE), ALL("pull_request.head.repo", "fork=1")}},
    {"issue_comment",
     "{\"action\":\"created\",\"issue\":{\"number\":12,\"pull_request\":{}},\"comment\":{\"id\":80,"
     "\"body\":\"/approve\\nthank you\",\"created_at\":\"" AT(5) "\",\"updated_at\":\"" AT(
         6) "\",\"user\":" ANA "}," ABOUT "}",
     "action=created|repository=9 acme/shop|repository_at=" MS(
         9) "|sender=7 ana|label=|"
            "comment=80 12 on a pull request|commenter=7 ana|line=/approve|created_at=" MS(
                5) "|edited_at=" MS(6),
     {FIELDS_ABOUT(UNREADABLE), ALL("action", UNREADABLE), ALL("issue", UNREADABLE),
      ALL("issue.number", UNREADABLE), ALL("issue.pull_request", "comment=80 12 on an issue"),
      ALL("comment", UNREADABLE), ALL("comment.id", UNREADABLE), ALL("comment.body", UNREADABLE),
      ALL("comment.created_at", UNREADABLE), ALL("comment.updated_at", UNREADABLE),
      ALL("comment.user", "commenter=0 -")}},
    {"push",
     "{\"ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":\"" B40 "\",\"created\":true,"
     "\"deleted\":true,\"forced\":true,\"commits\":[{\"author\":{\"email\":\"Ana@acme.example\","
     "\"username\":\"Ana\"}}]," ABOUT "}",
     "action=|repository=9 acme/shop|repository_at=" MS(
         9) "|sender=7 ana|label=|ref=refs/heads/main|"
            "before=" A40 "|after=" B40
            "|created=1|deleted=1|forced=1|authors=ana@acme.example ana",
     {FIELDS_ABOUT(UNREADABLE), ALL("ref", UNREADABLE), ALL("before", UNREADABLE),
      ALL("after", UNREADABLE), ALL("created", "created=0"), ALL("deleted", "deleted=0"),
      ALL("forced", "forced=0"), ALL("commits", "authors="), ALL("commits.0.author", "authors="),
      ALL("commits.0.author.email", "authors="), ALL("commits.0.author.username", "authors=")}},
    {"check_run",
     "{\"action\":\"completed\",\"check_run\":{\"id\":51,\"head_sha\":\"" B40
     "\",\"name\":\"build\","
     "\"status\":\"completed\",\"conclusion\":\"success\",\"app\":{\"id\":15,\"slug\":\"actions\"},"
     "\"started_at\":\"" AT(1) "\",\"completed_at\":\"" AT(2) "\"}," ABOUT "}",
     "action=completed|repository=9 acme/shop|repository_at=" MS(
         9) "|sender=7 ana|label=|check=51 " B40
            "|kind=check-run|name=build|app=15|slug=actions|state=passed success|began_at=" MS(
                1) "|reported_at=" MS(2),
     {FIELDS_ABOUT(UNREADABLE), ALL("action", "action="), ALL("check_run", UNREADABLE),
      ALL("check_run.id", UNREADABLE), ALL("check_run.head_sha", UNREADABLE),
      ALL("check_run.name", UNREADABLE), ALL("check_run.status", "state=pending requested"),
      ALL("check_run.conclusion", "state=pending completed"), ALL("check_run.app", "app=0|slug="),
      ALL("check_run.app.id", "app=0"), ALL("check_run.app.slug", "slug="),
      ALL("check_run.started_at", "began_at=0"),
      ALL("check_run.completed_at", "reported_at=" MS(1))}},
    {"check_suite",
     "{\"action\":\"completed\",\"check_suite\":{\"id\":52,\"head_sha\":\"" B40
     "\",\"status\":\"completed\","
     "\"conclusion\":\"failure\",\"app\":{\"id\":15,\"slug\":\"actions\"},\"created_at\":\"" AT(
         1) "\",\"updated_at\":\"" AT(2) "\"}," ABOUT "}",
     "action=completed|repository=9 acme/shop|repository_at=" MS(
         9) "|sender=7 ana|label=|check=52 " B40
            "|kind=check-suite|name=52|app=15|slug=actions|state=failed failure|began_at=" MS(
                1) "|reported_at=" MS(2),
     {FIELDS_ABOUT(UNREADABLE), ALL("action", UNREADABLE), ALL("check_suite", UNREADABLE),
      ALL("check_suite.id", UNREADABLE), ALL("check_suite.head_sha", UNREADABLE),
      ALL("check_suite.conclusion", "state=pending completed"),
      ALL("check_suite.created_at", "began_at=0"), ALL("check_suite.updated_at", "reported_at=0")}},
    {"status",
     "{\"id\":53,\"sha\":\"" B40
     "\",\"context\":\"ci/old\",\"state\":\"success\",\"created_at\":\"" AT(
         1) "\",\"updated_at\":\"" AT(2) "\"," ABOUT "}",
     "action=|repository=9 acme/shop|repository_at=" MS(
         9) "|sender=7 ana|label=|check=53 " B40
            "|kind=status|name=ci/old|app=0|slug=-|state=passed success|began_at=" MS(
                1) "|reported_at=" MS(2),
     {FIELDS_ABOUT(UNREADABLE), ALL("id", UNREADABLE), ALL("sha", UNREADABLE),
      ALL("context", UNREADABLE), ALL("state", UNREADABLE), ALL("created_at", "began_at=0"),
      ALL("updated_at", "reported_at=0")}},
    {"repository",
     "{\"action\":\"renamed\",\"changes\":{\"repository\":{\"name\":{\"from\":\"old\"}}}," ABOUT
     "}",
     "action=renamed|repository=9 acme/shop|repository_at=" MS(9) "|sender=7 ana|label=",
     {FIELDS_ABOUT(UNREADABLE), ALL("action", UNREADABLE), ALL("changes", SAME)}},
    {"meta",
     "{\"action\":\"deleted\",\"hook_id\":21,\"hook\":{\"id\":21}," ABOUT "}",
     "action=deleted|repository=9 acme/shop|repository_at=" MS(
         9) "|sender=7 ana|label=|hook=21 removed|"
            "of=",
     {ALL("repository", "repository=0 |repository_at=0"), ALL("action", UNREADABLE),
      ALL("hook", UNREADABLE), ALL("hook_id", UNREADABLE)}},
    {"ping",
     "{\"zen\":\"Keep it logically awesome.\",\"hook_id\":21,\"hook\":{\"id\":21}," ABOUT "}",
     "action=|repository=9 acme/shop|repository_at=" MS(
         9) "|sender=7 ana|label=|hook=21 present|of=",
     {ALL("repository", "repository=0 |repository_at=0"), ALL("zen", "hook=0 present"),
      ALL("hook", "hook=0 present"), ALL("hook_id", "hook=0 present")}},
    {"installation",
     "{\"action\":\"suspend\",\"installation\":{\"id\":31,\"account\":{\"id\":5}},\"repositories\":[]," SENDER
     "}",
     "action=suspend|repository=0 |repository_at=0|sender=7 ana|label=|hook=31 suspended|of=",
     {ALL("action", UNREADABLE), ALL("installation", UNREADABLE),
      ALL("installation.id", UNREADABLE), ALL("installation.account", UNREADABLE)}},
    {"installation_repositories",
     "{\"action\":\"removed\",\"installation\":{\"id\":31,\"account\":{\"id\":5}},\"repositories_added\":[],"
     "\"repositories_removed\":[{\"id\":9,\"full_name\":\"acme/shop\"}]," SENDER "}",
     "action=removed|repository=0 |repository_at=0|sender=7 ana|label=|hook=31 removed|of=9 acme/shop",
     {ALL("action", UNREADABLE), ALL("installation.id", UNREADABLE),
      ALL("installation.account", UNREADABLE), ALL("repositories_added", SAME),
      ALL("repositories_removed", UNREADABLE), ALL("repositories_removed.0.id", UNREADABLE),
      ALL("repositories_removed.0.full_name", UNREADABLE)}},
    {"deployment",
     "{\"action\":\"created\",\"deployment\":{\"id\":61}," ABOUT "}",
     "action=created|repository=9 acme/shop|repository_at=" MS(9) "|sender=7 ana|label=",
     {FIELDS_ABOUT(UNREADABLE), ALL("action", UNREADABLE), ALL("deployment", UNREADABLE)}},
    {"deployment_status",
     "{\"action\":\"created\",\"deployment\":{\"id\":61},\"deployment_status\":{\"id\":62}," ABOUT
     "}",
     "action=created|repository=9 acme/shop|repository_at=" MS(9) "|sender=7 ana|label=",
     {FIELDS_ABOUT(UNREADABLE), ALL("action", UNREADABLE), ALL("deployment_status", UNREADABLE)}},
    {"release",
     "{\"action\":\"published\",\"release\":{\"id\":63}," ABOUT "}",
     "action=published|repository=9 acme/shop|repository_at=" MS(9) "|sender=7 ana|label=",
     {FIELDS_ABOUT(UNREADABLE), ALL("action", UNREADABLE), ALL("release", UNREADABLE)}},
    {"merge_group",
     "{\"action\":\"destroyed\",\"reason\":\"merged\",\"merge_group\":{\"head_sha\":\"" B40
     "\"}," ABOUT "}",
     "action=destroyed|repository=9 acme/shop|repository_at=" MS(9) "|sender=7 ana|label=",
     {FIELDS_ABOUT(UNREADABLE), ALL("action", UNREADABLE), ALL("merge_group", UNREADABLE)}},
};
#define N_WIRE_EVENTS (sizeof(wire_events) / sizeof(*wire_events))

/* What an event says, member by member ------------------------------------------------------------ */

static void say(struct buf *told, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct buf *told, const char *format, ...)
{
    char line[2048];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (told->len != 0)
        buf_add(told, "|", 1);
    buf_add(told, line, strlen(line));
}

static const char *whose(struct arena *arena, struct event_account a)
{
    return arena_printf(arena, "%" PRId64 " %s%s", a.id, a.login != NULL ? a.login : "-",
                        a.bot ? " bot" : "");
}

static void tell_pull(struct buf *told, struct arena *arena, const struct event_pull_request *p)
{
    const char *labels = p->has_labels ? "" : "none";

    for (size_t i = 0; i < p->n_labels; i++)
        labels = arena_printf(arena, "%s%s", labels, p->labels[i]);
    say(told, "pull=%" PRId64 " %" PRId64, p->id, p->number);
    say(told, "open=%d|draft=%d|merged=%d|fork=%d", p->open, p->draft, p->merged, p->fork);
    say(told, "title=%s|url=%s|reverts=%" PRId64, p->title, p->url, p->reverts);
    say(told, "author=%s", whose(arena, p->author));
    say(told, "merged_by=%s", whose(arena, p->merged_by));
    say(told, "base=%s|head=%s %s|merge=%s", p->base_ref, p->head_ref, p->head_sha, p->merge_sha);
    say(told, "opened_at=%" PRId64 "|updated_at=%" PRId64, p->opened_at, p->updated_at);
    say(told, "closed_at=%" PRId64 "|merged_at=%" PRId64, p->closed_at, p->merged_at);
    say(told, "labels=%s", labels);
}

static void tell_push(struct buf *told, struct arena *arena, const struct event_push *p)
{
    const char *authors = "";

    for (size_t i = 0; i < p->n_authors; i++)
        authors = arena_printf(arena, "%s%s %s", authors, p->authors[i].email, p->authors[i].login);
    say(told, "ref=%s|before=%s|after=%s", p->ref, p->before_sha, p->after_sha);
    say(told, "created=%d|deleted=%d|forced=%d|authors=%s", p->created, p->deleted, p->forced,
        authors);
}

static void tell_check(struct buf *told, const struct commit_check *c)
{
    say(told, "check=%" PRId64 " %s", c->github_id, c->sha);
    say(told, "kind=%s|name=%s|app=%" PRId64 "|slug=%s", commit_check_kinds[c->kind].text, c->name,
        c->app_id, c->app != NULL ? c->app : "-");
    say(told, "state=%s %s", commit_check_states[c->state].text, c->word);
    say(told, "began_at=%" PRId64 "|reported_at=%" PRId64, c->began_at, c->reported_at);
}

static void tell_hook(struct buf *told, struct arena *arena, const struct event_hook *h)
{
    static const char *const states[] = {"present", "removed", "suspended"};
    const char *of = "";

    for (size_t i = 0; i < h->n_repositories; i++)
        of = arena_printf(arena, "%s%" PRId64 " %s", of, h->repositories[i].id,
                          h->repositories[i].name);
    say(told, "hook=%" PRId64 " %s|of=%s", h->id, states[h->state], of);
}

static void tell_comment(struct buf *told, struct arena *arena, const struct event_comment *c)
{
    say(told, "comment=%" PRId64 " %" PRId64 " on %s", c->id, c->number,
        c->on_pull ? "a pull request" : "an issue");
    say(told, "commenter=%s|line=%s", whose(arena, c->author), c->first_line);
    say(told, "created_at=%" PRId64 "|edited_at=%" PRId64, c->created_at, c->updated_at);
}

static void tell(struct buf *told, struct arena *arena, const struct event *e)
{
    const struct event_review *r = &e->review;

    say(told, "action=%s|repository=%" PRId64 " %s", e->action, e->repository_id, e->repository);
    say(told, "repository_at=%" PRId64 "|sender=%s|label=%s", e->repository_at,
        whose(arena, e->sender), e->label);
    if (e->kind == EVENT_PULL_REQUEST || e->kind == EVENT_PULL_REQUEST_REVIEW)
        tell_pull(told, arena, &e->pull_request);
    if (e->kind == EVENT_PULL_REQUEST_REVIEW)
        say(told, "review=%" PRId64 " %s|reviewed=%s|reviewer=%s|submitted_at=%" PRId64, r->id,
            r->state, r->commit_sha, whose(arena, r->reviewer), r->submitted_at);
    if (e->kind == EVENT_ISSUE_COMMENT)
        tell_comment(told, arena, &e->comment);
    if (e->kind == EVENT_PUSH)
        tell_push(told, arena, &e->push);
    if (e->kind == EVENT_CHECK_RUN || e->kind == EVENT_CHECK_SUITE || e->kind == EVENT_STATUS)
        tell_check(told, &e->check);
    if (e->kind == EVENT_PING || e->kind == EVENT_META || e->kind == EVENT_INSTALLATION ||
        e->kind == EVENT_INSTALLATION_REPOSITORIES)
        tell_hook(told, arena, &e->hook);
}

/* What is told of `text`; UNREADABLE if it cannot be read, and then there is a reason. */
static const char *told_of(struct arena *arena, const char *name, const char *text, size_t len)
{
    struct event event = {.kind = EVENT_OTHER};
    struct err err = ERR_INIT;
    struct buf told;
    const char *said;

    if (event_read(name, false, text, len, arena, &event, &err) < 0) {
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_not_equal(err.text, "");
        return UNREADABLE;
    }
    buf_init(&told, 8192);
    tell(&told, arena, &event);
    said = arena_str(arena, buf_str(&told));
    buf_deinit(&told);
    return said;
}

/* One field changed ------------------------------------------------------------------------------- */

enum change { REMOVED, NULLED, RETYPED, CHANGES };
static const char *const changes[] = {"removed", "nulled", "retyped"};

struct writing {
    struct json_out out;
    struct arena *arena;
    const char *path; /* of what is changed */
    enum change change;
    int changed;
};

static void write_item(struct writing *w, const struct cJSON *item, const char *key,
                       const char *path)
{
    int64_t number;
    bool flag;

    if (strcmp(path, w->path) == 0) {
        bool text = json_string_value(item) != NULL;
        w->changed++;
        if (w->change == NULLED)
            json_add_null(&w->out, key);
        else if (w->change == RETYPED && text)
            json_add_int(&w->out, key, 7);
        else if (w->change == RETYPED)
            json_add_str(&w->out, key, "true");
        return;
    }
    if (json_is_object(item) || json_is_array(item)) {
        int n = 0;
        json_is_object(item) ? json_begin_object(&w->out, key) : json_begin_array(&w->out, key);
        for (const struct cJSON *c = json_first(item); c != NULL; c = json_next(c), n++) {
            const char *own = json_is_object(item) ? json_key(c) : NULL;
            const char *name = own != NULL ? own : arena_printf(w->arena, "%d", n);
            write_item(w, c, own,
                       path[0] == '\0' ? name : arena_printf(w->arena, "%s.%s", path, name));
        }
        json_is_object(item) ? json_end_object(&w->out) : json_end_array(&w->out);
    } else if (json_string_value(item) != NULL) {
        json_add_str(&w->out, key, json_string_value(item));
    } else if (json_item_int(item, &number)) {
        json_add_int(&w->out, key, number);
    } else if (json_item_bool(item, &flag)) {
        json_add_bool(&w->out, key, flag);
    } else {
        json_add_null(&w->out, key);
    }
}

/* "a=1|b=2" with what `other` says of its members. */
static const char *with(struct arena *arena, const char *told, const char *other)
{
    while (strcmp(other, SAME) != 0 && *other != '\0') {
        size_t len = strcspn(other, "|"), key = strcspn(other, "=") + 1;
        const char *at = told;
        while (strncmp(at, other, key) != 0) {
            at = strchr(at, '|');
            assert_non_null(at);
            at++;
        }
        told = arena_printf(arena, "%.*s%.*s%s", (int)(at - told), told, (int)len, other,
                            at + strcspn(at, "|"));
        other += len + (other[len] == '|');
    }
    return told;
}

static void change_field(struct arena *arena, const struct wire_event *w, const struct cJSON *json,
                         const struct field *f)
{
    const char *expected[CHANGES] = {f->removed, f->nulled, f->retyped};

    for (int change = 0; change < CHANGES; change++) {
        struct writing writing = {.arena = arena, .path = f->path, .change = (enum change)change};
        const char *told, *wanted;
        struct buf text;

        buf_init(&text, 16384);
        json_out_init(&writing.out, &text);
        write_item(&writing, json, NULL, "");
        if (writing.changed != 1)
            fail_msg("%s: there is no %s in it", w->name, f->path);
        told = told_of(arena, w->name, text.data, text.len);
        wanted = strcmp(expected[change], UNREADABLE) == 0 ? UNREADABLE
                                                           : with(arena, w->told, expected[change]);
        if (strcmp(told, wanted) != 0)
            fail_msg("%s: %s %s\nis  %s\nnot %s", w->name, f->path, changes[change], told, wanted);
        buf_deinit(&text);
    }
}

static void each_event_is_read_into_what_the_rules_need(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_WIRE_EVENTS; i++) {
        const struct wire_event *w = &wire_events[i];
        struct arena arena;

        arena_init(&arena);
        assert_string_equal(told_of(&arena, w->name, w->payload, strlen(w->payload)), w->told);
        arena_deinit(&arena);
    }
}

static void T10_each_field_removed_nulled_or_retyped_changes_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_WIRE_EVENTS; i++) {
        const struct wire_event *w = &wire_events[i];
        struct cJSON *json = NULL;
        struct err err = ERR_INIT;
        struct arena arena;

        arena_init(&arena);
        assert_int_equal(json_parse(w->payload, strlen(w->payload), NULL, &json, &err), 0);
        for (const struct field *f = w->fields; f->path != NULL; f++)
            change_field(&arena, w, json, f);
        json_free(json);
        arena_deinit(&arena);
    }
}

/* Ids above 2^53 are none, an action in other letters is none (T09). */
static void T09_odd_ids_and_letters_are_not_taken_for_near_ones(void **state)
{
    static const char *const bodies[] = {
        "{\"ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":\"" B40
        "\",\"repository\":{\"id\":9007199254740993,\"full_name\":\"acme/shop\"}}",
        "{\"ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":\"" B40
        "\",\"repository\":{\"id\":9.5,\"full_name\":\"acme/shop\"}}",
        "{\"ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":\"" B40
        "\",\"repository\":{\"id\":0,\"full_name\":\"acme/shop\"}}",
        "{\"ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":\"" B40
        "\",\"repository\":{\"id\":-9,\"full_name\":\"acme/shop\"}}",
        "{\"Ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":\"" B40 "\"," REPOSITORY "}",
        "{\"ref\":\"refs/heads/main\\u0000x\",\"before\":\"" A40 "\",\"after\":\"" B40
        "\"," REPOSITORY "}",
        "{\"ref\":\"refs/heads/main\",\"before\":\"" A40 "\",\"after\":\"" B40 "\"," REPOSITORY
        ",\"ref\":\"refs/heads/x\"}",
    };
    struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
        assert_string_equal(told_of(&arena, "push", bodies[i], strlen(bodies[i])), UNREADABLE);
    arena_deinit(&arena);
}

/* The table is whole ------------------------------------------------------------------------------- */

static bool is_in_the_table(const char *key, size_t len)
{
    for (size_t i = 0; i < N_WIRE_EVENTS; i++)
        for (const struct field *f = wire_events[i].fields; f->path != NULL; f++) {
            const char *last = strrchr(f->path, '.');
            last = last != NULL ? last + 1 : f->path;
            if (strlen(last) == len && strncmp(last, key, len) == 0)
                return true;
        }
    return false;
}

/* The first text that a call to a reader of fields is given, in one source of lib/github. */
static int count_asked(const char *path)
{
    static const char *const calls[] = {"json_", "event_field_"};
    struct err err = ERR_INIT;
    char *source = NULL;
    size_t len;
    int n = 0;

    assert_int_equal(file_read_all(path, (size_t)1 << 20, &source, &len, &err), 0);
    for (size_t c = 0; c < 2; c++)
        for (const char *at = source; (at = strstr(at, calls[c])) != NULL; at++) {
            const char *quote = at + strcspn(at, "\";{");
            size_t key = *quote == '"' ? strcspn(quote + 1, "\"") : 0;
            if (key == 0 || strncmp(at, "event_field_lacks", 17) == 0 ||
                strspn(quote + 1, "abcdefghijklmnopqrstuvwxyz_") != key)
                continue;
            if (!is_in_the_table(quote + 1, key))
                fail_msg("%s reads %.*s; the table of fields does not know it", path, (int)key,
                         quote + 1);
            n++;
        }
    free(source);
    return n;
}

static void T10_no_field_is_read_that_the_table_does_not_know(void **state)
{
    static const char *const sources[] = {"event.c", "event_check.c", "event_hook.c",
                                          "event_pull.c"};
    int n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
        char path[256];
        snprintf(path, sizeof(path), SLIPWAY_SOURCE_DIR "/lib/github/%s", sources[i]);
        n += count_asked(path);
    }
    assert_true(n > 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_is_read_into_what_the_rules_need),
        cmocka_unit_test(T10_each_field_removed_nulled_or_retyped_changes_what_the_table_says),
        cmocka_unit_test(T09_odd_ids_and_letters_are_not_taken_for_near_ones),
        cmocka_unit_test(T10_no_field_is_read_that_the_table_does_not_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
