/* The canonical text of a configuration: what it means, not how it was written. Its digest is what a
 * deployment was cut under; secrets are only names of files, so none can be in it. */
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/config/reader.h"

#define TEXT_MAX (8 * 1024 * 1024)

static void add_list(struct json_out *o, const char *key, const struct config_list *list)
{
    json_begin_array(o, key);
    for (size_t i = 0; i < list->n; i++)
        json_add_str(o, NULL, list->items[i]);
    json_end_array(o);
}

static void add_pairs(struct json_out *o, const char *key, const struct config_pairs *pairs)
{
    json_begin_object(o, key);
    for (size_t i = 0; i < pairs->n; i++)
        json_add_str(o, pairs->items[i].key, pairs->items[i].value);
    json_end_object(o);
}

static void add_rights(struct json_out *o, const struct config_rights *rights)
{
    json_begin_object(o, "rights");
    for (int i = 0; i < CONFIG_RIGHTS; i++)
        add_list(o, config_right_names[i], &rights->who[i]);
    json_end_object(o);
}

static void add_window(struct json_out *o, const char *key, const struct almanac_window *w)
{
    json_begin_object(o, key);
    json_add_str(o, "calendar", w->calendar != NULL ? w->calendar->name : NULL);
    json_add_int(o, "days", w->days);
    json_add_int(o, "from", w->from);
    json_add_int(o, "to", w->to);
    json_end_object(o);
}

static void add_moment(struct json_out *o, const char *key, struct almanac_moment m)
{
    json_add_int(o, key, m.day * ALMANAC_DAY + m.second);
}

static void add_calendar(struct json_out *o, const struct almanac_calendar *c)
{
    json_begin_object(o, c->name);
    json_add_int(o, "days", c->days);
    json_add_bool(o, "jp", c->japan);
    if (c->imported != 0)
        json_add_int(o, "imported", c->imported);
    json_begin_array(o, "holidays");
    for (size_t i = 0; i < c->n_holidays; i++)
        json_add_int(o, NULL, c->holidays[i].day);
    json_end_array(o);
    json_begin_array(o, "closed");
    for (size_t i = 0; i < c->n_closed; i++) {
        json_add_int(o, NULL, c->closed[i].from);
        json_add_int(o, NULL, c->closed[i].to);
    }
    json_end_array(o);
    json_end_object(o);
}

static void add_event(struct json_out *o, const struct almanac_event *e)
{
    json_begin_object(o, NULL);
    json_add_str(o, "name", e->name);
    if (e->local) {
        add_moment(o, "from", e->from);
        add_moment(o, "to", e->to);
    } else {
        json_add_int(o, "from_at", e->from_at);
        json_add_int(o, "to_at", e->to_at);
    }
    json_end_object(o);
}

static void add_freeze(struct json_out *o, const struct config_freeze *freeze)
{
    const struct almanac_freeze *f = &freeze->freeze;

    json_begin_object(o, NULL);
    json_add_str(o, "name", f->name);
    json_add_str(o, "timezone", f->timezone);
    json_add_bool(o, "strict", f->strict);
    add_list(o, "environments", &freeze->environments);
    add_list(o, "repos", &freeze->repos);
    if (f->kind == ALMANAC_DATES) {
        add_moment(o, "from", f->from);
        add_moment(o, "to", f->to);
    } else if (f->kind == ALMANAC_DAYS) {
        add_window(o, "window", &f->window);
    }
    json_begin_array(o, "events");
    for (size_t i = 0; i < f->n_events; i++)
        add_event(o, &f->events[i]);
    json_end_array(o);
    json_end_object(o);
}

static void add_environment(struct json_out *o, const struct config_environment *e)
{
    json_begin_object(o, e->name);
    json_add_str(o, "on", config_on_names[e->on]);
    add_list(o, "at", &e->at);
    json_add_str(o, "timezone", e->timezone);
    json_begin_array(o, "between");
    for (size_t i = 0; i < e->n_windows; i++)
        add_window(o, NULL, &e->windows[i]);
    json_end_array(o);
    json_add_str(o, "calendar", e->calendar != NULL ? e->calendar->name : NULL);
    json_add_int(o, "delay_ms", e->delay_ms);
    json_add_int(o, "cut_off_ms", e->cut_off_ms);
    json_add_int(o, "grace_ms", e->grace_ms);
    json_add_str(o, "url", e->url);
    json_add_int(o, "after_failure", e->after_failure);
    json_begin_object(o, "approvals");
    json_add_int(o, "code", e->approvals.code);
    json_add_int(o, "content", e->approvals.content);
    json_add_bool(o, "self", e->approvals.self);
    json_add_int(o, "expire_ms", e->approvals.expire_ms);
    json_end_object(o);
    add_list(o, "ci", &e->ci);
    json_add_bool(o, "check", e->check);
    json_begin_array(o, "needs");
    for (size_t i = 0; i < e->n_needs; i++)
        json_add_str(o, NULL, e->needs[i]->name);
    json_end_array(o);
    json_begin_object(o, "roles");
    for (size_t i = 0; i < e->n_roles; i++) {
        json_begin_object(o, e->roles[i].name);
        json_add_bool(o, "ssm", e->roles[i].ssm);
        add_list(o, "hosts", &e->roles[i].hosts);
        add_pairs(o, "tags", &e->roles[i].tags);
        json_end_object(o);
    }
    json_end_object(o);
    add_rights(o, &e->rights);
    json_begin_array(o, "not_built");
    for (size_t i = 0; i < e->n_unbuilt; i++)
        json_add_str(o, NULL, e->unbuilt[i].setting);
    json_end_array(o);
    json_end_object(o);
}

static void add_job(struct json_out *o, const struct config_job *job)
{
    json_begin_object(o, job->name);
    add_list(o, "runs_on", &job->runs_on);
    json_begin_array(o, "needs");
    for (size_t i = 0; i < job->n_needs; i++)
        json_add_str(o, NULL, job->needs[i]->name);
    json_end_array(o);
    add_list(o, "environments", &job->environments);
    json_add_str(o, "once", job->once);
    json_add_str(o, "primary", job->primary);
    json_add_str(o, "probe", job->probe);
    json_add_int(o, "kill_after_ms", job->kill_after_ms);
    json_add_int(o, "max_parallel", job->max_parallel);
    json_add_bool(o, "percent", job->max_parallel_percent);
    json_add_int(o, "max_errors", job->max_errors);
    json_add_int(o, "start_within_ms", job->start_within_ms);
    json_add_int(o, "timeout_ms", job->timeout_ms);
    json_add_str(o, "health_http", job->health.http);
    json_add_str(o, "health_run", job->health.run);
    json_add_int(o, "health_expect", job->health.expect);
    json_add_int(o, "health_within_ms", job->health.within_ms);
    add_pairs(o, "env", &job->env);
    json_begin_array(o, "steps");
    for (size_t i = 0; i < job->n_steps; i++) {
        const struct config_step *s = &job->steps[i];
        json_begin_object(o, NULL);
        json_add_str(o, "name", s->name);
        json_add_str(o, "run", s->run);
        json_add_str(o, "uses", s->uses);
        add_pairs(o, "with", &s->with);
        add_pairs(o, "env", &s->env);
        json_add_str(o, "run_as", s->run_as);
        json_add_str(o, "working_directory", s->working_directory);
        json_end_object(o);
    }
    json_end_array(o);
    json_end_object(o);
}

static void add_repo(struct json_out *o, const struct config_repo *repo)
{
    json_begin_object(o, repo->name);
    json_add_str(o, "branch", repo->branch);
    json_add_str(o, "mirror", repo->mirror);
    add_list(o, "content", &repo->content);
    json_add_str(o, "root", repo->root);
    json_add_int(o, "keep", repo->keep);
    json_add_str(o, "language", repo->language);
    json_begin_object(o, "environments");
    for (size_t i = 0; i < repo->n_environments; i++)
        add_environment(o, &repo->environments[i]);
    json_end_object(o);
    json_begin_object(o, "jobs");
    for (size_t i = 0; i < repo->n_jobs; i++)
        add_job(o, &repo->jobs[i]);
    json_end_object(o);
    json_end_object(o);
}

void config_text_make(struct config *config)
{
    struct json_out o;
    struct buf text;

    buf_init(&text, TEXT_MAX);
    json_out_init(&o, &text);
    json_begin_object(&o, NULL);
    json_add_str(&o, "url", config->url);
    json_add_str(&o, "agents_url", config->agents_url);
    json_add_str(&o, "timezone", config->timezone);
    json_add_str(&o, "language", config->language);
    json_add_int(&o, "gone_after_ms", config->gone_after_ms);
    add_list(&o, "mirror_roots", &config->mirror_roots);
    if (config->redact != NULL)
        json_add_str(&o, "redact", config->redact);
    if (config->aws_region != NULL) {
        json_begin_object(&o, "aws");
        json_add_str(&o, "region", config->aws_region);
        json_add_str(&o, "endpoint", config->aws_endpoint);
        json_add_str(&o, "profile", config->aws_profile);
        json_end_object(&o);
    }
    add_rights(&o, &config->rights);
    json_begin_object(&o, "databases");
    for (size_t i = 0; i < config->n_databases; i++)
        add_list(&o, config->databases[i].name, &config->databases[i].members);
    json_end_object(&o);
    if (config->n_documents > 0) {
        json_begin_object(&o, "documents");
        for (size_t i = 0; i < config->n_documents; i++)
            json_add_str(&o, config->documents[i].name, config->documents[i].text);
        json_end_object(&o);
    }
    json_begin_object(&o, "calendars");
    for (size_t i = 0; i < config->n_calendars; i++)
        add_calendar(&o, &config->calendars[i]);
    json_end_object(&o);
    json_begin_array(&o, "freezes");
    for (size_t i = 0; i < config->n_freezes; i++)
        add_freeze(&o, &config->freezes[i]);
    json_end_array(&o);
    json_begin_object(&o, "repos");
    for (size_t i = 0; i < config->n_repos; i++)
        add_repo(&o, &config->repos[i]);
    json_end_object(&o);
    json_end_object(&o);
    config->text = arena_strn(config->arena, buf_str(&text), text.len);
    buf_deinit(&text);
}
