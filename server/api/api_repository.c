#include "server/api/api_repository.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/store/store_baseline.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "server/api/api_act.h"
#include "server/api/api_body.h"
#include "server/api/api_shape.h"
#include "server/api/api_write.h"
#include "server/flow/outlook.h"

#define SHA_SHORT 7 /* hex digits that people copy at least */

/* What is live ------------------------------------------------------------------------------------ */

struct declaring {
    struct api_act act;
    struct release release;
    struct baseline baseline;
    int64_t before; /* what counted as live; 0 = nothing did */
};

static int find_live(struct declaring *d)
{
    struct api_act *act = &d->act;
    struct outlook *o = arena_alloc(act->request->arena, sizeof(*o));
    int rc = outlook_make(act->view.db, act->view.snapshot, &act->repository, act->environment,
                          act->view.now, act->request->arena, o, &act->err);

    d->before = rc == 0 ? o->facts.live_number : 0;
    return rc;
}

/* The release of that commit. One from before r1 has no number: then what is live stays unknown. */
static int find_commit(struct declaring *d)
{
    struct api_act *act = &d->act;
    const char *sha = NULL;
    size_t n = 0;
    int rc = api_body_text(act->request, act->body, "sha", 40, &sha, &act->err);

    if (rc == 0 && (sha == NULL || strlen(sha) < SHA_SHORT || !names_is_hex(sha, strlen(sha))))
        rc = err_set(&act->err, ERR_INVALID,
                     "sha: expected %d to 40 lower-case hex digits of a commit", SHA_SHORT);
    if (rc == 0)
        rc = store_release_by_prefix(act->view.db, act->request->arena, act->repository.id, sha,
                                     &d->release, &n, &act->err);
    if (rc == 0 && n == 0)
        rc = err_set(&act->err, ERR_NOT_FOUND,
                     "no release of %s has commit %s; releases begin at first sight, with r1",
                     act->repo->name, sha);
    if (rc == 0 && n > 1)
        rc = err_set(&act->err, ERR_CONFLICT, "sha: several releases begin with %s", sha);
    return rc;
}

static int write_baseline(struct db *db, void *arg, struct err *err)
{
    struct declaring *d = arg;
    const char *subject = arena_printf(d->act.request->arena, "/%s/r%lld", d->baseline.environment,
                                       (long long)d->baseline.release_number);
    const char *detail = arena_printf(d->act.request->arena, "{\"sha\":\"%s\"}", d->release.sha);
    int rc = store_baseline_put(db, &d->baseline, &d->baseline.id, err);

    return rc < 0 ? rc : api_act_confirm(&d->act, db, "environment.baseline", subject, detail, err);
}

enum request_next api_repository_baseline(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"sha", "reason"};
    struct declaring d = {.baseline = {.id = 0}};
    struct api_act *act = &d.act;
    int rc = api_act_open(act, request, reply, keys, 2);

    if (rc == 0)
        rc = api_act_environment(act, request->segments[2], RIGHT_OPERATE);
    if (rc == 0)
        rc = api_act_reason(act, true);
    if (rc == 0)
        rc = find_commit(&d);
    if (rc == 0)
        rc = find_live(&d);
    if (rc < 0)
        return api_act_close(act, rc, 0);
    d.baseline.repository_id = act->repository.id;
    d.baseline.environment = act->environment->name;
    d.baseline.release_number = d.release.number;
    d.baseline.actor = request->actor.name;
    d.baseline.way = request->actor.way;
    d.baseline.reason = act->reason;
    d.baseline.declared_at = act->view.now;
    rc = api_act_write(act, write_baseline, &d);
    json_add_bool(&act->out, "dry_run", api_write_is_dry(request));
    json_add_str(&act->out, "environment", d.baseline.environment);
    api_shape_int_or_null(&act->out, "before", d.before);
    json_add_int(&act->out, "release", d.release.number);
    json_add_str(&act->out, "sha", d.release.sha);
    return api_act_close(act, rc, 201);
}

/* The new line ------------------------------------------------------------------------------------ */

static int write_adoption(struct db *db, void *arg, struct err *err)
{
    struct api_act *act = arg;
    const char *tip = act->repository.rewritten_sha;
    const char *detail = arena_printf(act->request->arena, "{\"tip\":\"%s\"}", tip);
    int rc = store_repository_adopt(db, act->repository.id, tip, act->view.now, err);

    return rc < 0 ? rc : api_act_confirm(act, db, "repository.adopt", "", detail, err);
}

/* With `tip` it is that tip or none: what a person looked at (T22). */
enum request_next api_repository_adopt(struct request *request, struct reply *reply)
{
    static const char *const keys[] = {"tip", "reason"};
    struct api_act act;
    const char *tip = NULL;
    int rc = api_act_open(&act, request, reply, keys, 2);

    if (rc == 0)
        rc = api_act_reason(&act, true);
    if (rc == 0)
        rc = api_body_text(request, act.body, "tip", 40, &tip, &act.err);
    if (rc == 0 && act.repository.rewritten_sha[0] == '\0')
        rc = err_set(&act.err, ERR_CONFLICT, "%s was not rewritten: there is nothing to adopt",
                     act.repo->branch);
    if (rc == 0 && tip != NULL && strcmp(tip, act.repository.rewritten_sha) != 0)
        rc = err_set(&act.err, ERR_CONFLICT, "the new tip is %.12s by now, not %.12s",
                     act.repository.rewritten_sha, tip);
    if (rc == 0)
        rc = api_act_write(&act, write_adoption, &act);
    json_add_bool(&act.out, "dry_run", api_write_is_dry(request));
    json_add_str(&act.out, "tip", act.repository.rewritten_sha);
    api_shape_text_or_null(&act.out, "before", act.repository.tip_sha);
    return api_act_close(&act, rc, 202);
}
