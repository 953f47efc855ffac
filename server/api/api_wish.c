#include "server/api/api_wish.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/calendar/occurrence.h"
#include "lib/store/store_release.h"
#include "lib/store/store_wish.h"
#include "server/api/api_act.h"
#include "server/api/api_body.h"
#include "server/api/api_environment.h"
#include "server/api/api_missing.h"
#include "server/api/api_shape.h"
#include "server/api/api_verdict.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"

#define WITH_MAX 20

struct wishing {
    struct api_act act;
    struct wish wish;
    struct release release;
    struct outlook *supposed; /* as if it were wished already */
    int64_t replaced;         /* the release that was wished for before, 0 = none */
    bool dry_run;
};

/* Checks ------------------------------------------------------------------------------------------ */

static int find_release(struct wishing *w, int64_t number)
{
    struct api_act *act = &w->act;
    int rc = store_release_by_number(act->view.db, act->request->arena, act->repository.id, number,
                                     &w->release, &act->err);

    if (rc == ERR_NOT_FOUND)
        rc = api_missing_release(act->repo,
                                 arena_printf(act->request->arena, "%lld", (long long)number),
                                 &act->err);
    if (rc == 0 && w->release.off_line)
        rc = err_set(&act->err, ERR_CONFLICT, "r%lld is no longer on %s", (long long)number,
                     act->repo->branch);
    return rc;
}

static const char *time_text(struct wishing *w, time_ms t)
{
    const struct api_environment env = {.config = w->act.environment};

    return api_environment_time(&w->act.view, &env, t);
}

/* On a schedule it is for one of its starts, one whose cut is still to come. */
static int choose_occurrence(struct wishing *w)
{
    const struct config_environment *e = w->act.environment;
    const struct calendar *calendar = w->act.view.snapshot->calendar;
    time_ms asked = w->wish.start_at;
    time_ms open = w->act.view.now + e->cut_off_ms + 1;
    struct occurrence next;

    if (e->at.n == 0)
        return 0; /* only windows: due whenever they are open */
    if (!occurrence_next(calendar, e, asked != 0 ? asked : open, &next))
        return err_set(&w->act.err, ERR_CONFLICT, "%s has no start within 400 days", e->name);
    if (asked != 0 && next.due_at != asked)
        return err_set(&w->act.err, ERR_INVALID, "%s has no start at %s; the next one is %s",
                       e->name, time_text(w, asked), time_text(w, next.due_at));
    if (next.due_at < open)
        return err_set(&w->act.err, ERR_CONFLICT,
                       "what goes out at %s was fixed already; a hotfix goes outside its time",
                       time_text(w, next.due_at));
    w->wish.start_at = next.due_at;
    return 0;
}

static int check_time(struct wishing *w)
{
    const struct config_environment *e = w->act.environment;

    if (e->on == CONFIG_ON_SCHEDULE)
        return choose_occurrence(w);
    if (w->wish.start_at != 0 && e->on == CONFIG_ON_MERGE)
        return err_set(&w->act.err, ERR_INVALID,
                       "at: %s takes each merge by itself and has no starts to choose from",
                       e->name);
    if (w->wish.start_at != 0 && w->wish.start_at <= w->act.view.now)
        return err_set(&w->act.err, ERR_INVALID, "at: %s is over", time_text(w, w->wish.start_at));
    return 0;
}

/* What is named must stand in the way: another number is a slip of the hand. What was rolled back anybody who asks
 * may name (R4); what is kept back only a hotfix passes (C3). `pull` 0 = the release itself. */
static int check_named(struct wishing *w, int64_t pull, int64_t release)
{
    const struct release_facts *f = &w->supposed->facts;
    const char *name = pull != 0 ? arena_printf(w->act.request->arena, "#%lld", (long long)pull)
                                 : arena_printf(w->act.request->arena, "r%lld", (long long)release);
    bool stands = false;

    for (size_t k = 0; k < f->n_barriers; k++) {
        const struct plan_barrier *b = &f->barriers[k];
        if (b->pull != pull || (pull == 0 && b->number != release) || b->number > w->release.number)
            continue;
        if (!b->rolled_back && !w->wish.hotfix)
            return err_set(&w->act.err, ERR_INVALID,
                           "with: %s is kept back; only a hotfix that names it passes that", name);
        stands = true;
    }
    return stands ? 0
                  : err_set(&w->act.err, ERR_INVALID,
                            "with: %s is neither kept back nor rolled back in what r%lld brings",
                            name, (long long)w->release.number);
}

static int check_with(struct wishing *w)
{
    int rc = 0;

    for (size_t i = 0; i < w->wish.n_with && rc == 0; i++)
        rc = check_named(w, w->wish.with[i], 0);
    for (size_t i = 0; i < w->wish.n_with_releases && rc == 0; i++)
        rc = check_named(w, 0, w->wish.with_releases[i]);
    return rc;
}

static int read_with(struct wishing *w)
{
    const struct cJSON *list = json_array(w->act.body, "with");
    int64_t *numbers = arena_array(w->act.request->arena, WITH_MAX, sizeof(*numbers));
    int64_t *releases = arena_array(w->act.request->arena, WITH_MAX, sizeof(*releases));

    if (json_get(w->act.body, "with") != NULL && list == NULL)
        return err_set(&w->act.err, ERR_INVALID, "with: expected a list of pull requests");
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        const char *text = json_string_value(i);
        bool full = w->wish.n_with == WITH_MAX || w->wish.n_with_releases == WITH_MAX;
        bool good = !full &&
                    (text == NULL ? json_item_int(i, &numbers[w->wish.n_with++])
                                  : text[0] == 'r' &&
                                        str_parse_int64(text + 1,
                                                        &releases[w->wish.n_with_releases++]) == 0);
        if (!good)
            return err_set(
                &w->act.err, ERR_INVALID,
                "with: expected at most %d numbers of pull requests, or releases such as "
                "\"r5\"",
                WITH_MAX);
    }
    w->wish.with = numbers;
    w->wish.with_releases = releases;
    return 0;
}

static int suppose(struct wishing *w)
{
    struct api_act *act = &w->act;
    int64_t live;
    int rc;

    w->wish.repository_id = act->repository.id;
    w->wish.environment = act->environment->name;
    w->wish.release_number = w->release.number;
    w->wish.actor = act->request->actor.name;
    w->wish.way = act->request->actor.way;
    w->wish.reason = act->reason;
    w->wish.wished_at = act->view.now;
    w->supposed = arena_alloc(act->request->arena, sizeof(*w->supposed));
    rc =
        outlook_suppose(act->view.db, act->view.snapshot, &act->repository, act->environment,
                        &w->wish, NULL, act->view.now, act->request->arena, w->supposed, &act->err);
    live = rc == 0 ? w->supposed->facts.live_number : 0;
    if (rc == 0 && live != 0 && w->release.number <= live)
        rc = err_set(&act->err, ERR_CONFLICT, "r%lld is live in %s already (r%lld)",
                     (long long)w->release.number, act->environment->name, (long long)live);
    return rc;
}

/* Writing ----------------------------------------------------------------------------------------- */

static const char *detail_of(struct wishing *w)
{
    struct json_out out;
    struct buf buf;
    const char *text;

    buf_init(&buf, 65536);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_int(&out, "wish", w->wish.id);
    json_add_time(&out, "start_at", w->wish.start_at);
    api_shape_int_or_null(&out, "replaces", w->replaced);
    if (w->wish.hotfix || w->wish.n_with + w->wish.n_with_releases > 0) {
        json_add_bool(&out, "unrehearsed", w->wish.unrehearsed);
        json_begin_array(&out, "with");
        for (size_t i = 0; i < w->wish.n_with; i++)
            json_add_int(&out, NULL, w->wish.with[i]);
        for (size_t i = 0; i < w->wish.n_with_releases; i++)
            json_add_str(&out, NULL,
                         arena_printf(w->act.request->arena, "r%lld",
                                      (long long)w->wish.with_releases[i]));
        json_end_array(&out);
        json_begin_array(&out, "passes");
        for (size_t i = 0; i < w->supposed->plan.passed.n_causes; i++)
            json_add_str(&out, NULL, verdict_cause_key(w->supposed->plan.passed.causes[i].kind));
        json_end_array(&out);
    }
    json_end_object(&out);
    text = arena_str(w->act.request->arena, buf_str(&buf));
    buf_deinit(&buf);
    return text;
}

static int write_wish(struct db *db, void *arg, struct err *err)
{
    struct wishing *w = arg;
    const char *subject = arena_printf(w->act.request->arena, "/%s/r%lld", w->wish.environment,
                                       (long long)w->wish.release_number);
    int rc = store_wish_put(db, &w->wish, &w->wish.id, &w->replaced, err);

    return rc < 0 ? rc
                  : api_act_confirm(&w->act, db, w->wish.hotfix ? "release.hotfix" : "release.wish",
                                    subject, detail_of(w), err);
}

static int answer(struct wishing *w)
{
    struct json_out *out = &w->act.out;
    struct api_environment env;
    time_ms start = 0; /* as far as time and people's stops decide */
    int rc;

    if (w->dry_run) {
        json_add_null(out, "wish");
    } else {
        json_begin_object(out, "wish");
        json_add_int(out, "id", w->wish.id);
        json_add_str(out, "environment", w->wish.environment);
        json_add_int(out, "release", w->wish.release_number);
        json_add_time(out, "start_at", w->wish.start_at);
        api_shape_text_or_null(out, "start_text", time_text(w, w->wish.start_at));
        api_shape_int_or_null(out, "replaces", w->replaced);
        json_end_object(out);
    }
    if (w->supposed->promised_at != VERDICT_NEVER)
        start = w->supposed->promised_at;
    json_add_time(out, "start_at", start);
    api_shape_text_or_null(out, "start_text", time_text(w, start));
    api_verdict_causes(out, "passes", &w->act.view, NULL, &w->supposed->plan.passed);
    api_verdict_causes(out, "lacks", &w->act.view, NULL, &w->supposed->plan.verdict);
    /* The verdict is as it is after the wish, so the environment is read again. */
    rc = api_environment_load(&w->act.view, &w->act.repository, w->act.environment, &env,
                              &w->act.err);
    return rc < 0 ? rc : api_verdict_shape(out, "verdict", &w->act.view, &env, &w->act.err);
}

static enum request_next wish(struct wishing *w, int rc)
{
    int64_t number = 0;

    if (rc == 0)
        rc = api_view_number(&w->act.view, 2, &number, &w->act.err);
    if (rc == ERR_NOT_FOUND)
        rc = api_missing_release(w->act.repo, w->act.request->segments[2], &w->act.err);
    if (rc == 0)
        rc = find_release(w, number);
    if (rc == 0)
        rc = suppose(w);
    if (rc == 0)
        rc = check_with(w);
    if (rc == 0 && !w->dry_run)
        rc = api_act_write(&w->act, write_wish, w);
    if (rc == 0)
        rc = answer(w);
    return api_act_close(&w->act, rc, w->dry_run ? 200 : 202);
}

enum request_next api_wish_release(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "at", "with", "reason", "dry_run"};
    struct wishing w = {.replaced = 0};
    int rc = api_act_open(&w.act, request, reply, keys, 5);

    if (rc == 0)
        rc = api_act_environment_of_body(&w.act, RIGHT_OPERATE);
    if (rc == 0)
        rc = read_with(&w);
    if (rc == 0) /* who sends again what was rolled back says why (R4) */
        rc = api_act_reason(&w.act, w.wish.n_with + w.wish.n_with_releases > 0);
    if (rc == 0)
        rc = api_act_time(&w.act, "at", &w.wish.start_at);
    if (rc == 0)
        rc = check_time(&w);
    if (rc == 0)
        rc = api_body_flag(w.act.body, "dry_run", &w.dry_run, &w.act.err);
    return wish(&w, rc);
}

enum request_next api_wish_hotfix(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "with", "unrehearsed", "reason", "dry_run"};
    struct wishing w = {.wish = {.hotfix = true}};
    int rc = api_act_open(&w.act, request, reply, keys, 5);

    if (rc == 0)
        rc = api_act_environment_of_body(&w.act, RIGHT_HOTFIX);
    if (rc == 0)
        rc = api_act_reason(&w.act, true);
    if (rc == 0)
        rc = read_with(&w);
    if (rc == 0)
        rc = api_body_flag(w.act.body, "unrehearsed", &w.wish.unrehearsed, &w.act.err);
    if (rc == 0)
        rc = api_body_flag(w.act.body, "dry_run", &w.dry_run, &w.act.err);
    return wish(&w, rc);
}

int api_wish_ask(struct api_act *act, int64_t number, struct wish *ret_wish)
{
    struct wishing w = {.act = *act};
    int rc = check_time(&w);

    if (rc == 0)
        rc = find_release(&w, number);
    if (rc == 0)
        rc = suppose(&w);
    if (rc == 0)
        rc = api_act_write(&w.act, write_wish, &w);
    act->err = w.act.err;
    *ret_wish = w.wish;
    return rc;
}

/* Taking back --------------------------------------------------------------------------------------- */

static int write_withdrawal(struct db *db, void *arg, struct err *err)
{
    struct wishing *w = arg;
    const char *subject = arena_printf(w->act.request->arena, "/%s/r%lld", w->wish.environment,
                                       (long long)w->wish.release_number);
    int rc = store_wish_withdraw(db, w->wish.id, w->act.view.now, err);

    return rc < 0 ? rc : api_act_confirm(&w->act, db, "wish.withdraw", subject, NULL, err);
}

enum request_next api_wish_withdraw(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"environment", "reason"};
    struct wishing w = {.replaced = 0};
    struct api_act *act = &w.act;
    int rc = api_act_open(act, request, reply, keys, 2);

    if (rc == 0)
        rc = api_act_environment_of_body(act, RIGHT_OPERATE);
    if (rc == 0)
        rc = api_act_reason(act, false);
    /* A hotfix before the pin or go-live that it went before. */
    for (int hotfix = 1; rc == 0 && hotfix >= 0; hotfix--) {
        rc = store_wish_open(act->view.db, request->arena, act->repository.id,
                             act->environment->name, hotfix == 1, &w.wish, &act->err);
        if (rc == ERR_NOT_FOUND && hotfix == 1)
            rc = 0;
        else
            break;
    }
    if (rc == 0)
        rc = api_act_write(act, write_withdrawal, &w);
    json_add_str(&act->out, "environment", w.wish.environment);
    json_add_int(&act->out, "release", w.wish.release_number);
    return api_act_close(act, rc, 200);
}
