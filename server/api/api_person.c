#include "server/api/api_person.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_person.h"
#include "server/api/api.h"
#include "server/api/api_body.h"
#include "server/api/api_view.h"
#include "server/api/api_write.h"
#include "server/api/policy.h"
#include "server/api/reply.h"

#define ANSWER_MAX ((size_t)1 << 20)
#define PAGE 200
#define REASON_MAX 500

static void add_person(struct json_out *out, const struct person *p)
{
    json_begin_object(out, NULL);
    json_add_str(out, "login", p->login);
    json_add_int(out, "id", p->github_id);
    json_add_time(out, "bound_at", p->bound_at);
    json_add_str(out, "bound_by", p->bound_by);
    if (p->other_id != 0)
        json_add_int(out, "refused_id", p->other_id);
    else
        json_add_str(out, "refused_id", NULL);
    json_add_time(out, "refused_at", p->other_at);
    json_end_object(out);
}

static int add_people(struct api_view *view, struct json_out *out, struct err *err)
{
    const char *after = request_query(view->request, "after");
    struct person *people = NULL;
    size_t n = 0;
    int rc = store_person_list(view->db, view->request->arena, after != NULL ? after : "", PAGE,
                               &people, &n, err);

    json_begin_array(out, "people");
    for (size_t i = 0; i < n; i++)
        add_person(out, &people[i]);
    json_end_array(out);
    json_add_str(out, "next", n == PAGE ? people[n - 1].login : NULL);
    return rc;
}

static int add_refused(struct api_view *view, struct json_out *out, struct err *err)
{
    struct person *people = NULL;
    size_t n = 0;
    int rc = store_person_refused(view->db, view->request->arena, &people, &n, err);

    json_begin_array(out, "refused");
    for (size_t i = 0; i < n; i++)
        add_person(out, &people[i]);
    json_end_array(out);
    return rc;
}

static int add_all(struct api_view *view, struct json_out *out, struct err *err)
{
    int rc = add_refused(view, out, err);

    return rc < 0 ? rc : add_people(view, out, err);
}

enum request_next api_person_list(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, ANSWER_MAX, add_all);
}

/* Accepting ------------------------------------------------------------------------------------- */

struct acceptance {
    struct request *request;
    const char *login;
    const char *reason;
    int64_t id;     /* that it means from now on */
    int64_t before; /* that it meant; 0 = nobody */
    time_ms now;
};

/* Whom to accept: the account that came under the login, or, where nobody did yet, the one that is named. */
static int choose(struct acceptance *a, struct db *db, int64_t named, struct err *err)
{
    struct person person = {.github_id = 0};
    int rc = store_person_by_login(db, a->request->arena, a->login, &person, err);

    if (rc < 0 && rc != ERR_NOT_FOUND)
        return rc;
    a->before = person.github_id;
    if (rc == 0 && person.other_id == 0)
        return err_set(err, ERR_CONFLICT,
                       "%s means the account %" PRId64 ", and no other one came under that login",
                       person.login, person.github_id);
    if (rc == 0 && named != 0 && named != person.other_id)
        return err_set(err, ERR_CONFLICT,
                       "id: the account that came under %s is %" PRId64 ", not %" PRId64,
                       person.login, person.other_id, named);
    if (rc == ERR_NOT_FOUND && named == 0)
        return err_set(err, ERR_NOT_FOUND,
                       "nobody was seen under the login %s yet; name its id, as "
                       "https://api.github.com/users/%s tells it",
                       a->login, a->login);
    a->id = rc == 0 ? person.other_id : named;
    return 0;
}

static int read_acceptance(struct acceptance *a, struct err *err)
{
    static const char *const keys[] = {"id", "reason"};
    struct cJSON *body = NULL;
    struct api_view view;
    int64_t named = 0;
    int rc = api_body_read(a->request, keys, 2, &body, err);

    a->login = a->request->segments[0];
    if (rc == 0 && json_get(body, "id") != NULL && (!json_int(body, "id", &named) || named <= 0))
        rc = err_set(err, ERR_INVALID, "id: expected the number of an account at GitHub");
    if (rc == 0)
        rc = api_body_text(a->request, body, "reason", REASON_MAX, &a->reason, err);
    json_free(body);
    if (rc < 0)
        return rc;
    if (!store_person_is_login(a->login))
        return err_set(err, ERR_NOT_FOUND, "%.128s is no login of GitHub's", a->login);
    rc = api_view_open(&view, a->request, err);
    if (rc == 0)
        rc = choose(a, view.db, named, err);
    api_view_close(&view);
    return rc;
}

static int write_acceptance(struct db *db, void *arg, struct err *err)
{
    struct acceptance *a = arg;
    struct arena *arena = a->request->arena;
    const struct journal_entry entry = {
        .at = a->now,
        .actor = a->request->actor.name,
        .way = a->request->actor.way,
        .act = "person.accept",
        .subject = a->login,
        .detail =
            arena_printf(arena, "{\"id\":%" PRId64 ",\"before\":%" PRId64 "}", a->id, a->before),
        .reason = a->reason,
    };
    int rc = policy_confirm(db, a->request, err);

    if (rc == 0)
        rc = store_person_accept(db, a->login, a->id, a->now, err);
    if (rc == ERR_CONFLICT)
        rc = err_set(err, rc, "%s: somebody else decided a moment ago; look again", a->login);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

enum request_next api_person_accept(struct request *request, struct reply *reply)
{
    struct acceptance a = {.request = request, .now = clock_now(request->api->clock)};
    struct err err = ERR_INIT;
    struct json_out out;
    struct buf buf;
    int rc = read_acceptance(&a, &err);

    if (rc == 0)
        rc = api_write_do(request, write_acceptance, &a, &err);
    if (rc < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "login", a.login);
    json_add_int(&out, "id", a.id);
    if (a.before != 0)
        json_add_int(&out, "before_id", a.before);
    else
        json_add_str(&out, "before_id", NULL);
    json_add_bool(&out, "dry_run", api_write_is_dry(request));
    json_end_object(&out);
    reply_json_buf(request, reply, 200, &buf);
    return REQUEST_DONE;
}
