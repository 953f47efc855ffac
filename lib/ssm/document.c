#include "lib/ssm/document.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/embed.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

extern const struct embedded_file document_files[];
extern const size_t n_document_files;

static void add_step(struct json_out *o, struct arena *arena, const struct document_step *s)
{
    json_begin_object(o, NULL);
    json_add_str(o, "action", s->health_http != NULL ? "slipway:health" : "aws:runShellScript");
    json_add_str(o, "name", s->name);
    json_begin_object(o, "inputs");
    if (s->health_http != NULL) {
        json_add_str(o, "http", s->health_http);
        json_add_int(o, "expect", s->health_expect);
    } else {
        json_begin_array(o, "runCommand");
        json_add_str(o, NULL, "set -eu");
        json_add_str(o, NULL, s->script);
        json_end_array(o);
        json_add_str(o, "workingDirectory", s->working_directory);
        json_add_str(o, "timeoutSeconds", arena_printf(arena, "%lld", (long long)s->timeout_seconds));
        json_add_str(o, "onFailure", "exit");
        json_begin_object(o, "environment");
        for (size_t i = 0; i < s->environment.n; i++)
            json_add_str(o, s->environment.items[i].key, s->environment.items[i].value);
        json_end_object(o);
        json_add_str(o, "runAs", s->run_as);
    }
    if (s->health_within_seconds > 0)
        json_add_int(o, "withinSeconds", s->health_within_seconds);
    json_end_object(o);
    json_end_object(o);
}

const char *document_text(struct arena *arena, const struct document *d)
{
    struct json_out o;
    struct buf buf;
    const char *text;

    buf_init(&buf, DOCUMENT_MAX);
    json_out_init(&o, &buf);
    json_begin_object(&o, NULL);
    json_add_str(&o, "schemaVersion", "2.2");
    json_add_str(&o, "description", d->description);
    json_begin_array(&o, "mainSteps");
    for (size_t i = 0; i < d->n_steps; i++)
        add_step(&o, arena, &d->steps[i]);
    json_end_array(&o);
    json_end_object(&o);
    text = buf.overflow ? NULL : arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

/* runCommand: its lines, joined. */
static const char *join(struct arena *arena, const struct cJSON *lines)
{
    struct buf buf;
    const char *text;

    buf_init(&buf, DOCUMENT_MAX);
    for (const struct cJSON *l = json_first(lines); l != NULL; l = json_next(l)) {
        if (json_string_value(l) == NULL) {
            buf_deinit(&buf);
            return NULL;
        }
        buf_adds(&buf, json_string_value(l));
        buf_addc(&buf, '\n');
    }
    text = buf.overflow || buf.len == 0 ? NULL : arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

static int take_script(struct arena *arena, const struct cJSON *inputs, struct document_step *s,
                       struct err *err)
{
    const struct cJSON *environment = json_object(inputs, "environment");
    const char *seconds = json_str(inputs, "timeoutSeconds");
    const char *folder = json_str(inputs, "workingDirectory");
    const char *run_as = json_str(inputs, "runAs");

    s->script = join(arena, json_array(inputs, "runCommand"));
    if (s->script == NULL)
        return err_set(err, ERR_INVALID, "step %s has no runCommand", s->name);
    if (seconds == NULL || str_parse_int64(seconds, &s->timeout_seconds) < 0 || s->timeout_seconds < 5 ||
        s->timeout_seconds > DOCUMENT_TIMEOUT_MAX)
        return err_set(err, ERR_INVALID, "step %s: timeoutSeconds from 5 to %d is expected", s->name,
                       DOCUMENT_TIMEOUT_MAX);
    s->working_directory = arena_str(arena, folder == NULL ? "" : folder);
    if (s->working_directory[0] != '\0' && s->working_directory[0] != '/')
        return err_set(err, ERR_INVALID, "step %s: workingDirectory must be absolute", s->name);
    s->run_as = arena_str(arena, run_as == NULL ? "" : run_as);
    if (s->run_as[0] != '\0' && !names_is_word(s->run_as))
        return err_set(err, ERR_INVALID, "step %s: runAs is not a user's name", s->name);
    s->environment.items = arena_array(arena, json_count(environment), sizeof(*s->environment.items));
    for (const struct cJSON *e = json_first(environment); e != NULL; e = json_next(e)) {
        const char *key = json_key(e);
        if (json_string_value(e) == NULL || key[0] == '\0' || strchr(key, '=') != NULL)
            return err_set(err, ERR_INVALID, "step %s: environment of another form", s->name);
        s->environment.items[s->environment.n++] =
            (struct config_pair){arena_str(arena, key), arena_str(arena, json_string_value(e))};
    }
    return 0;
}

static int take_step(struct arena *arena, const struct cJSON *json, struct document_step *s,
                     struct err *err)
{
    const struct cJSON *inputs = json_object(json, "inputs");
    const char *action = json_str(json, "action");

    s->name = arena_str(arena, json_str(json, "name"));
    if (!names_is_word(s->name) || action == NULL || inputs == NULL)
        return err_set(err, ERR_INVALID, "a step needs action, name and inputs");
    s->run_as = s->working_directory = "";
    json_int(inputs, "withinSeconds", &s->health_within_seconds);
    if (s->health_within_seconds < 0 || s->health_within_seconds > 86400)
        return err_set(err, ERR_INVALID, "step %s: withinSeconds up to a day", s->name);
    if (strcmp(action, "aws:runShellScript") == 0)
        return take_script(arena, inputs, s, err);
    if (strcmp(action, "slipway:health") != 0)
        return err_set(err, ERR_INVALID, "step %s: unknown action %s", s->name, action);
    s->health_http = arena_str(arena, json_str(inputs, "http"));
    if (s->health_http == NULL || !json_int(inputs, "expect", &s->health_expect))
        return err_set(err, ERR_INVALID, "step %s: http and expect are needed", s->name);
    return 0;
}

int document_read(struct arena *arena, const char *text, size_t len, struct document *ret_document,
                  struct err *err)
{
    struct document d = {.n_steps = 0};
    struct cJSON *json = NULL;
    const struct cJSON *steps;
    int rc;

    if (len > DOCUMENT_MAX)
        return err_set(err, ERR_INVALID, "the document is over %d bytes", DOCUMENT_MAX);
    if ((rc = json_parse(text, len, NULL, &json, err)) < 0)
        return rc;
    steps = json_array(json, "mainSteps");
    d.description = arena_str(arena, json_str(json, "description"));
    if (!str_eq(json_str(json, "schemaVersion"), "2.2"))
        rc = err_set(err, ERR_INVALID, "schemaVersion 2.2 is expected");
    else if (json_count(steps) < 1 || json_count(steps) > DOCUMENT_STEPS_MAX)
        rc = err_set(err, ERR_INVALID, "1 to %d steps are expected", DOCUMENT_STEPS_MAX);
    else
        d.steps = arena_array(arena, json_count(steps), sizeof(*d.steps));
    for (const struct cJSON *s = json_first(steps); s != NULL && rc == 0; s = json_next(s))
        rc = take_step(arena, s, &d.steps[d.n_steps++], err);
    json_free(json);
    if (rc == 0)
        *ret_document = d;
    return rc;
}

const char *document_shipped(struct arena *arena, const char *name, const char **ret_name)
{
    const struct embedded_file *best = NULL;
    size_t n = strlen(name);
    long newest = 0;

    for (size_t i = 0; i < n_document_files; i++) {
        const struct embedded_file *f = &document_files[i];
        if (strncmp(f->name, name, n) != 0)
            continue;
        if (strcmp(f->name + n, ".sh") == 0) {
            best = f;
            break;
        }
        if (f->name[n] == '@' && strtol(f->name + n + 1, NULL, 10) > newest) {
            newest = strtol(f->name + n + 1, NULL, 10);
            best = f;
        }
    }
    if (best == NULL)
        return NULL;
    *ret_name = arena_strn(arena, best->name, strlen(best->name) - strlen(".sh"));
    return (const char *)best->bytes;
}
