/* script_environment: see script_environment.h. */
#include "agent/script_environment.h"

#include <stdbool.h>
#include <string.h>

/* Agent's own, and one step's: all names fit. */
#define NAMES_MAX (DOCUMENT_VARIABLES_MAX + ENVELOPE_VARIABLES + 16)

struct list {
    struct arena *arena;
    const char *lines[NAMES_MAX + 1];
    size_t n;
};

/* A later one of the same name takes the place of the one before. */
static void put(struct list *list, const char *name, const char *value)
{
    size_t len = strlen(name), i = 0;

    while (i < list->n && (strncmp(list->lines[i], name, len) != 0 || list->lines[i][len] != '='))
        i++;
    if (i == NAMES_MAX)
        return;
    list->lines[i] = arena_printf(list->arena, "%s=%s", name, value);
    list->n += i == list->n;
}

static void put_of_job(struct list *list, const struct envelope *envelope)
{
    struct envelope_variable variables[ENVELOPE_VARIABLES];

    envelope_variables(list->arena, envelope, variables);
    for (size_t i = 0; i < ENVELOPE_VARIABLES; i++)
        put(list, variables[i].name, variables[i].value);
}

/* What scripts find that were written for SSM's agent. */
static void put_of_door(struct list *list, const struct script_environment_facts *facts)
{
    put(list, "AWS_SSM_INSTANCE_ID", facts->envelope->host_id);
    put(list, "AWS_SSM_REGION_NAME", facts->config->region);
    put(list, "AWS_SSM_PLATFORM_NAME", facts->platform_name);
    put(list, "AWS_SSM_PLATFORM_VERSION", facts->platform_version);
    put(list, "SSM_COMMAND_ID", facts->envelope->command_id);
}

const char *const *script_environment_make(struct arena *arena,
                                           const struct script_environment_facts *facts)
{
    const struct config_pairs *step = &facts->step->environment;
    struct list list = {.arena = arena};
    const char **lines;

    put(&list, "HOME", facts->home);
    put(&list, "LANG", facts->config->lang);
    if (facts->envelope->database != NULL) {
        put(&list, "PGAPPNAME", arena_printf(arena, "slipway-%s", facts->envelope->command_id));
        put(&list, "PGOPTIONS", "-c client_connection_check_interval=1000");
    }
    for (size_t i = 0; i < step->n; i++)
        put(&list, step->items[i].key, step->items[i].value);
    put(&list, "PATH", facts->config->path);
    put(&list, "SLIPWAY_SYSTEMCTL", facts->config->systemctl);
    put(&list, "SLIPWAY_HOST_ROOT", facts->config->host_root);
    if (facts->envelope->parameters_digest != NULL)
        put_of_door(&list, facts);
    else
        put_of_job(&list, facts->envelope);
    if (facts->envelope->attempt != NULL)
        put(&list, "SLIPWAY_ATTEMPT", facts->envelope->attempt);
    if (facts->envelope->database != NULL) { /* for a fence of the application's own (G10) */
        put(&list, "SLIPWAY_DATABASE", facts->envelope->database);
        put(&list, "SLIPWAY_EPOCH", arena_printf(arena, "%lld", (long long)facts->envelope->epoch));
    }
    put(&list, "SLIPWAY_RESULT", facts->result_path);
    lines = arena_array(arena, list.n + 1, sizeof(*lines));
    memcpy(lines, list.lines, list.n * sizeof(*lines));
    return lines;
}
