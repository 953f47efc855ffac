#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/model/host.h"
#include "lib/store/store_aws_host.h"
#include "lib/store/store_send.h"
#include "lib/store/writer.h"
#include "lib/transport/transport_ssm.h"
#include "server/flow/carriage.h"
#include "server/flow/snapshot.h"

#define IDS_MAX 50 /* in one question */
#define TEXT_MAX 150
#define OPEN_MAX 1000
#define ONCE_TAG "slipway-once" /* whoever installed it on an instance says so by this tag */

/* What the roles by ssm of all environments ask for, each once. */
struct selection {
    const char **ids;
    size_t n_ids, cap_ids;
    const struct config_pair **tags;
    size_t n_tags, cap_tags;
    bool migrates; /* one of them may get a migrate job */
};

static void add_id(struct arena *arena, struct selection *s, const char *id)
{
    for (size_t i = 0; i < s->n_ids; i++)
        if (strcmp(s->ids[i], id) == 0)
            return;
    *ARENA_PUSH(arena, s->ids, s->n_ids, s->cap_ids) = id;
}

static void add_tag(struct arena *arena, struct selection *s, const struct config_pair *tag)
{
    for (size_t i = 0; i < s->n_tags; i++)
        if (strcmp(s->tags[i]->key, tag->key) == 0 && strcmp(s->tags[i]->value, tag->value) == 0)
            return;
    *ARENA_PUSH(arena, s->tags, s->n_tags, s->cap_tags) = tag;
}

static void add_roles(struct arena *arena, struct selection *s, const struct config_environment *e)
{
    for (size_t i = 0; i < e->n_roles; i++) {
        const struct config_role *r = &e->roles[i];

        for (size_t k = 0; k < e->repo->n_jobs; k++)
            s->migrates = s->migrates || (r->ssm && e->repo->jobs[k].once != NULL);
        for (size_t k = 0; r->ssm && k < r->hosts.n; k++)
            add_id(arena, s, r->hosts.items[k]);
        for (size_t k = 0; r->ssm && k < r->tags.n; k++)
            add_tag(arena, s, &r->tags.items[k]);
    }
}

/* One answer of AWS, written down together. `tag` NULL: they were asked for by their ids. */
struct told {
    const struct aws_host *hosts;
    size_t n;
    const struct config_pair *tag;
    bool once;        /* these have slipway-once; whoever among them is in no role is left alone */
    const char **ids; /* those that are AWS' alone */
    size_t n_ids;
    time_ms now;
    bool changed;
    struct arena *arena;
};

/* Foreign: for people, and short. NULL: nothing was told. */
static const char *text(struct arena *arena, const char *before, const char *told)
{
    if (*told == '\0')
        return NULL;
    told = arena_printf(arena, "%s%s", before, told);
    return str_clean(arena, told, strlen(told), TEXT_MAX);
}

static int write_host(struct db *db, const struct told *t, const struct aws_host *told,
                      bool *ret_came, struct err *err)
{
    struct host host = {.agent = text(t->arena, "amazon-ssm-agent ", told->agent_version),
                        .platform = text(t->arena,
                                         *told->platform_name != '\0'
                                             ? arena_printf(t->arena, "%s ", told->platform_name)
                                             : "",
                                         told->platform_version),
                        .platform_type = text(t->arena, "", told->platform_type),
                        .computer_name = text(t->arena, "", told->name),
                        .ip_address = text(t->arena, "", told->ip)};

    memcpy(host.id, told->id, strlen(told->id) + 1);
    return store_aws_host_told(db, &host, told->online, t->now, ret_came, err);
}

static int write_told(struct db *db, void *arg, struct err *err)
{
    struct told *t = arg;
    int rc = 0;

    t->n_ids = 0;
    t->changed = false;
    for (size_t i = 0; i < t->n && t->once; i++)
        t->ids[t->n_ids++] = t->hosts[i].id;
    if (t->once)
        return store_aws_host_once(db, t->ids, t->n_ids, t->now, &t->changed, err);
    for (size_t i = 0; i < t->n && rc == 0; i++) {
        struct err own = ERR_INIT;
        bool came = false;

        if (!names_is_machine_id(t->hosts[i].id))
            continue;
        rc = write_host(db, t, &t->hosts[i], &came, &own);
        if (rc == 0)
            t->ids[t->n_ids++] = t->hosts[i].id;
        else if (rc != ERR_CONFLICT)
            *err = own;
        else
            log_error("aws.host-not-taken", "id=%s err=%s", LOG(t->hosts[i].id), LOG(own.text));
        rc = rc == ERR_CONFLICT ? 0 : rc;
        t->changed = t->changed || came;
    }
    if (rc == 0 && t->tag != NULL) {
        bool changed = false;

        rc = store_aws_host_tagged(db, t->tag, t->ids, t->n_ids, t->now, &changed, err);
        t->changed = t->changed || changed;
    }
    return rc;
}

static bool tell(struct carriage *c, struct told *t)
{
    struct err err = ERR_INIT;

    t->ids = arena_array(c->arena, t->n, sizeof(*t->ids));
    if (writer_do(c->writer, write_told, t, &err) < 0)
        return carriage_failed(c, "hosts", &err);
    c->hosts = c->hosts || t->changed;
    c->moved = c->moved || t->changed;
    return true;
}

static bool ask(struct carriage *c, const struct aws_filter *filter, const struct config_pair *tag,
                bool once)
{
    struct told t = {.now = c->now, .tag = tag, .once = once, .arena = c->arena};
    struct aws_host *hosts = NULL;
    struct err err = ERR_INIT;
    enum aws_outcome outcome;

    carriage_tick(c);
    outcome = transport_ssm_hosts(c->aws, c->arena, filter, 1, c->now, &hosts, &t.n, &err);
    t.hosts = hosts;
    if (!carriage_answered(c, CARRIAGE_HOSTS, "which hosts there are", outcome, &err))
        return false;
    if (outcome != AWS_REFUSED)
        return tell(c, &t);
    if (tag != NULL || once || filter->n_values == 1) { /* what is known of them stays */
        carriage_refused(c, CARRIAGE_HOSTS, "which hosts there are", &err);
        return false;
    }
    for (size_t i = 0; i < filter->n_values && carriage_may(c, CARRIAGE_HOSTS);
         i++) { /* one that is none spoils all */
        const struct aws_filter one = {.key = filter->key,
                                       .values = filter->values + i,
                                       .n_values = 1};
        (void)ask(c, &one, NULL, false);
    }
    return carriage_may(c, CARRIAGE_HOSTS);
}

/* Whatever the configuration says by now: whether what is under way there lives is known by them alone. */
static void add_open(struct carriage *c, struct selection *s)
{
    struct err err = ERR_INIT;
    struct send *open;
    size_t n = 0;

    if (store_send_open(c->db, c->arena, OPEN_MAX, &open, &n, &err) < 0)
        (void)carriage_failed(c, "what was sent", &err);
    for (size_t i = 0; i < n; i++)
        add_id(c->arena, s, open[i].host_id);
}

bool carriage_hosts(struct carriage *c)
{
    const struct config *config = c->snapshot->config;
    struct selection s = {.n_ids = 0};

    *c->rests[CARRIAGE_HOSTS].refused = '\0';
    for (size_t i = 0; i < config->n_repos; i++)
        for (size_t k = 0; k < config->repos[i].n_environments; k++)
            add_roles(c->arena, &s, &config->repos[i].environments[k]);
    add_open(c, &s);
    for (size_t from = 0; from < s.n_ids && carriage_may(c, CARRIAGE_HOSTS); from += IDS_MAX) {
        const struct aws_filter filter = {.key = "InstanceIds",
                                          .values = s.ids + from,
                                          .n_values =
                                              s.n_ids - from < IDS_MAX ? s.n_ids - from : IDS_MAX};
        (void)ask(c, &filter, NULL, false);
    }
    for (size_t i = 0; i < s.n_tags && carriage_may(c, CARRIAGE_HOSTS); i++) {
        const struct aws_filter filter = {.key = arena_printf(c->arena, "tag:%s", s.tags[i]->key),
                                          .values = &s.tags[i]->value,
                                          .n_values = 1};
        (void)ask(c, &filter, s.tags[i], false);
    }
    if (carriage_may(c, CARRIAGE_HOSTS) && s.migrates) {
        const char *const value = ONCE_TAG;
        const struct aws_filter filter = {.key = "tag-key", .values = &value, .n_values = 1};
        (void)ask(c, &filter, NULL, true);
    }
    return carriage_may(c, CARRIAGE_HOSTS);
}
