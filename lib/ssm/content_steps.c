/* content_steps: see content_steps.h. Source: ssm-wire.md 7.1, 7.2, 7.3, 13. */
#include "lib/ssm/content_steps.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/content_reference.h"

#define SHELL "aws:runShellScript"
#define PLATFORM "Linux" /* slipway-agent runs nowhere else */
#define ENV_VAR_PREFIX "SSM_"

struct filling {
    struct arena *arena;
    const struct content *content;
    const struct cJSON *given;
};

/* Values ----------------------------------------------------------------------------------------- */

static const struct content_parameter *parameter_of(const struct filling *f,
                                                    const struct content_reference *r)
{
    for (size_t i = 0; i < f->content->n_parameters; i++) {
        const struct content_parameter *p = &f->content->parameters[i];

        if (strlen(p->name) == r->len && strncmp(p->name, r->name, r->len) == 0)
            return p;
    }
    return NULL;
}

/* What stands for a parameter: what was given, else its default. */
static size_t values_of(const struct filling *f, const struct content_parameter *p,
                        const char *const **ret_values)
{
    const struct cJSON *given = json_get(f->given, p->name);
    const char **values;
    size_t n = 0;

    if (given == NULL) {
        *ret_values = p->values;
        return p->n_values;
    }
    values = arena_array(f->arena, json_count(given) + 1, sizeof(*values));
    if (json_string_value(given) != NULL)
        values[n++] = json_string_value(given);
    for (const struct cJSON *i = json_is_array(given) ? json_first(given) : NULL; i != NULL;
         i = json_next(i))
        if (json_string_value(i) != NULL)
            values[n++] = json_string_value(i);
    *ret_values = values;
    return n;
}

/* As text inside of another: a string as it is with `$$` as `$`, a list as JSON. */
static void add_value(const struct filling *f, const struct content_parameter *p, struct buf *out)
{
    const char *const *values;
    size_t n = values_of(f, p, &values);
    struct json_out json;
    struct buf list;

    buf_init(&list, CONTENT_STEPS_SCRIPT_MAX);
    if (p->is_list) {
        json_out_init(&json, &list);
        json_begin_array(&json, NULL);
        for (size_t i = 0; i < n; i++)
            json_add_str(&json, NULL, values[i]);
        json_end_array(&json);
    } else if (n > 0) {
        buf_adds(&list, values[0]);
    }
    for (const char *c = buf_str(&list); *c != '\0' && !out->overflow; c++) {
        if (c[0] == '$' && c[1] == '$')
            c++;
        buf_add(out, c, 1);
    }
    out->overflow = out->overflow || list.overflow;
    buf_deinit(&list);
}

/* One pass: what a value brings with it is not looked at again. */
static void fill_into(const struct filling *f, const char *text, struct buf *out)
{
    struct content_reference r;

    while (!out->overflow && content_reference_next(text, &r)) {
        const struct content_parameter *p = parameter_of(f, &r);

        buf_add(out, text, (size_t)(r.begin - text));
        if (p != NULL)
            add_value(f, p, out);
        else
            buf_add(out, r.begin, (size_t)(r.end - r.begin));
        text = r.end;
    }
    buf_adds(out, text);
}

/* NULL: it became too long. */
static const char *fill(const struct filling *f, const char *text)
{
    const char *filled = NULL;
    struct buf out;

    buf_init(&out, CONTENT_STEPS_SCRIPT_MAX);
    fill_into(f, text, &out);
    if (!out.overflow)
        filled = arena_strn(f->arena, buf_str(&out), out.len);
    buf_deinit(&out);
    return filled;
}

static const char *filled_member(const struct filling *f, const struct cJSON *object,
                                 const char *key)
{
    const char *text = json_str(object, key);

    return text != NULL ? fill(f, text) : NULL;
}

/* Scripts ---------------------------------------------------------------------------------------- */

static void add_line(struct buf *out, bool *first, const char *line, const struct filling *f)
{
    if (!*first)
        buf_adds(out, "\n");
    *first = false;
    if (f != NULL)
        fill_into(f, line, out);
    else
        buf_adds(out, line);
}

/* A line of runCommand; one that is a parameter and nothing else is all of its lines. */
static void add_item(const struct filling *f, const char *text, struct buf *out, bool *first)
{
    struct content_reference r;
    const struct content_parameter *p =
        content_reference_whole(text, &r) ? parameter_of(f, &r) : NULL;
    const char *const *values;
    size_t n;

    if (p == NULL || !p->is_list) {
        add_line(out, first, text, f);
        return;
    }
    n = values_of(f, p, &values);
    for (size_t i = 0; i < n; i++)
        add_line(out, first, values[i], NULL);
}

static const char *script_of(const struct filling *f, const struct cJSON *inputs)
{
    const struct cJSON *lines = json_get(inputs, "runCommand");
    const char *script = NULL;
    bool first = true;
    struct buf out;

    buf_init(&out, CONTENT_STEPS_SCRIPT_MAX);
    if (json_string_value(lines) != NULL)
        add_item(f, json_string_value(lines), &out, &first);
    for (const struct cJSON *i = json_is_array(lines) ? json_first(lines) : NULL; i != NULL;
         i = json_next(i))
        if (json_string_value(i) != NULL)
            add_item(f, json_string_value(i), &out, &first);
    if (!out.overflow)
        script = arena_strn(f->arena, buf_str(&out), out.len);
    buf_deinit(&out);
    return script;
}

/* Anything but a number in range means the usual time (ssm-wire.md 5.3). */
static int64_t timeout_of(const struct filling *f, const struct cJSON *inputs)
{
    const char *text = filled_member(f, inputs, "timeoutSeconds");
    int64_t seconds = 0;

    if (text != NULL ? str_parse_int64(text, &seconds) < 0
                     : !json_int(inputs, "timeoutSeconds", &seconds))
        return CONTENT_TIMEOUT_USUAL_S;
    return seconds < CONTENT_TIMEOUT_MIN_S || seconds > CONTENT_TIMEOUT_MAX_S
               ? CONTENT_TIMEOUT_USUAL_S
               : seconds;
}

static bool is_variable(const char *name)
{
    size_t n = strlen(name);

    return n > 0 && n <= 128 && (name[0] < '0' || name[0] > '9') &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == n;
}

static bool put_variable(struct document_step *s, const char *name, const char *value)
{
    if (value == NULL || s->environment.n == DOCUMENT_VARIABLES_MAX)
        return false;
    s->environment.items[s->environment.n++] = (struct config_pair){.key = name, .value = value};
    return true;
}

/* `environment` of the step, and parameters that want to be variables too. */
static bool take_environment(const struct filling *f, const struct cJSON *inputs,
                             struct document_step *s)
{
    const struct cJSON *object = json_object(inputs, "environment");
    bool ok = true;

    s->environment.items =
        arena_array(f->arena, DOCUMENT_VARIABLES_MAX, sizeof(*s->environment.items));
    for (size_t i = 0; i < f->content->n_parameters && ok; i++) {
        const struct content_parameter *p = &f->content->parameters[i];

        if (p->is_variable)
            ok = put_variable(s, arena_printf(f->arena, ENV_VAR_PREFIX "%s", p->name),
                              fill(f, arena_printf(f->arena, "{{%s}}", p->name)));
    }
    for (const struct cJSON *i = json_first(object); i != NULL && ok; i = json_next(i))
        ok = is_variable(json_key(i)) && json_string_value(i) != NULL &&
             put_variable(s, arena_str(f->arena, json_key(i)), fill(f, json_string_value(i)));
    return ok;
}

/* Steps ------------------------------------------------------------------------------------------ */

/* The two sides of StringEquals differ: why the step is skipped. NULL = it is not. */
static const char *skipped(const struct filling *f, const struct cJSON *json)
{
    const struct cJSON *pair = json_array(json_object(json, "precondition"), "StringEquals");
    const char *sides[2] = {NULL, NULL};
    size_t n = 0;

    if (pair == NULL)
        return NULL;
    for (const struct cJSON *i = json_first(pair); i != NULL && n < 2; i = json_next(i)) {
        const char *text = json_string_value(i);

        sides[n] = str_eq(text, "platformType") ? PLATFORM : text != NULL ? fill(f, text) : NULL;
        n++;
    }
    return str_eq(sides[0], sides[1]) && sides[0] != NULL
               ? NULL
               : arena_printf(f->arena, "skipped: its precondition is not met (%.100s, %.100s)",
                              sides[0] != NULL ? sides[0] : "", sides[1] != NULL ? sides[1] : "");
}

static enum document_failure failure_of(const struct cJSON *inputs)
{
    const char *word = json_str(inputs, "onFailure");

    return str_eq(word, "exit")             ? DOCUMENT_FAILURE_EXITS
           : str_eq(word, "successAndExit") ? DOCUMENT_FAILURE_SUCCEEDS
                                            : DOCUMENT_FAILURE_GOES_ON;
}

/* A word of the document's author that says yes: true, or "true". */
static bool says_true(const struct cJSON *inputs, const char *key)
{
    bool flag = false;

    return str_eq(json_str(inputs, key), "true") ||
           (json_item_bool(json_get(inputs, key), &flag) && flag);
}

static int take_step(const struct filling *f, const struct content_step *known,
                     const struct cJSON *json, const struct cJSON *inputs, struct document_step *s,
                     struct err *err)
{
    const char *folder = filled_member(f, inputs, "workingDirectory");

    *s = (struct document_step){.action = DOCUMENT_RUN,
                                .name = known->name,
                                .as_ssm = true,
                                .skipped = skipped(f, json),
                                .script = "",
                                .working_directory = "",
                                .run_as = "",
                                .timeout_s = timeout_of(f, inputs),
                                .on_failure = failure_of(inputs),
                                .success_exits = str_eq(json_str(inputs, "onSuccess"), "exit"),
                                .is_final = says_true(inputs, "finallyStep")};
    if (s->skipped != NULL)
        return 0;
    if (strcmp(known->action, SHELL) != 0)
        return err_set(err, ERR_INVALID, "step %s: slipway-agent does not run %s", known->name,
                       known->action);
    s->script = script_of(f, inputs);
    if (s->script == NULL)
        return err_set(err, ERR_INVALID, "step %s: with its values the script has over %d bytes",
                       known->name, CONTENT_STEPS_SCRIPT_MAX);
    if (folder != NULL && *folder == '/') /* else where the agent is */
        s->working_directory = folder;
    if (!take_environment(f, inputs, s))
        return err_set(err, ERR_INVALID, "step %s: its environment is odd, or over %d variables",
                       known->name, DOCUMENT_VARIABLES_MAX);
    return 0;
}

static int take_all(const struct filling *f, const struct cJSON *json, struct document *d,
                    struct err *err)
{
    bool is_old = strcmp(f->content->schema_version, "1.2") == 0;
    const struct cJSON *i = is_old ? json_first(json_object(json, "runtimeConfig"))
                                   : json_first(json_array(json, "mainSteps"));
    int rc = 0;

    for (size_t n = 0; n < f->content->n_steps && rc == 0; n++, i = json_next(i)) {
        const struct cJSON *properties = json_get(i, "properties");
        const struct cJSON *inputs = !is_old                     ? json_object(i, "inputs")
                                     : json_is_array(properties) ? json_first(properties)
                                                                 : properties;

        rc = take_step(f, &f->content->steps[n], is_old ? NULL : i, inputs, &d->steps[n], err);
    }
    d->n_steps = f->content->n_steps;
    return rc;
}

int content_steps_make(struct arena *arena, const char *text, size_t len, const char *parameters,
                       struct document *ret_document, struct err *err)
{
    const struct json_limits limits = {.depth = 16, .nodes = 20000};
    struct content content;
    struct filling f = {.arena = arena, .content = &content};
    struct document document = {.description = ""};
    struct cJSON *json = NULL, *given = NULL;
    enum content_flaw flaw;
    int rc = content_parse(arena, text, len, &content, &flaw, err);

    if (rc < 0)
        return rc;
    if (content.n_steps > DOCUMENT_STEPS_MAX)
        return err_set(err, ERR_INVALID, "%zu steps, slipway-agent runs at most %d",
                       content.n_steps, DOCUMENT_STEPS_MAX);
    rc = json_parse(text, len, &limits, &json, err);
    if (rc == 0)
        rc = json_parse(parameters, strlen(parameters), &limits, &given, err);
    if (rc == 0) {
        f.given = given;
        document.description = content.description;
        document.steps = arena_array(arena, content.n_steps, sizeof(*document.steps));
        rc = take_all(&f, json, &document, err);
    }
    json_free(json);
    json_free(given);
    if (rc == 0)
        *ret_document = document;
    return rc;
}

const char *content_steps_refuse(struct arena *arena, const struct content *c)
{
    if (c->n_steps > DOCUMENT_STEPS_MAX)
        return arena_printf(arena, "it has %zu steps, slipway-agent runs at most %d", c->n_steps,
                            DOCUMENT_STEPS_MAX);
    for (size_t i = 0; i < c->n_steps; i++)
        if ((c->steps[i].platforms & CONTENT_LINUX) != 0 && strcmp(c->steps[i].action, SHELL) != 0)
            return arena_printf(arena, "slipway-agent does not run %s (step %s)",
                                c->steps[i].action, c->steps[i].name);
    return NULL;
}
