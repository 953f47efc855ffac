#include "lib/config/config_not_built.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/config/reader.h"

const struct config_not_built config_not_built[] = {
    {"top", "notify", false},
    {"top", "sign-in", false},
    {"top", "github.app-id", false},
    {"top", "github.private-key-file", false},
    {"top", "github.client-id", false},
    {"top", "github.client-secret-file", false},
    {"repository", "content.max-file", false},
    {"repository", "content.types", false},
    {"environment", "on: pull-request", true},
    {"environment", "merge: before", false},
    {"environment", "merge: on-release", true},
};
const size_t n_config_not_built = sizeof(config_not_built) / sizeof(*config_not_built);

static const struct config_not_built *row_of(const char *where, const char *setting)
{
    for (size_t i = 0; i < n_config_not_built; i++)
        if (strcmp(config_not_built[i].where, where) == 0 &&
            strcmp(config_not_built[i].setting, setting) == 0)
            return &config_not_built[i];
    return NULL;
}

static void add_to(struct reader *r, struct config_environment *e, const char *setting, int line)
{
    struct config_unbuilt *grown = arena_array(r->arena, e->n_unbuilt + 1, sizeof(*grown));

    if (e->n_unbuilt > 0)
        memcpy(grown, e->unbuilt, e->n_unbuilt * sizeof(*grown));
    grown[e->n_unbuilt++] =
        (struct config_unbuilt){.setting = setting, .line = line, .binds = true};
    e->unbuilt = grown;
}

static void note_at(struct reader *r, const char *where, const char *setting,
                    const struct config_place *at, struct config_environment *e)
{
    const struct config_not_built *row = row_of(where, setting);

    if (row == NULL)
        return; /* its rule was built: the line is gone from the table */
    if (row->binds) {
        problems_warn(r->problems, at->line, at->column,
                      "%s has no rule in this version: no deployment starts where it is set",
                      setting);
        if (e != NULL)
            add_to(r, e, setting, at->line);
    } else {
        problems_warn(r->problems, at->line, at->column, "%s does nothing in this version",
                      setting);
    }
}

/* Say it, and bind `e` (NULL: nothing to bind) if the table says so. */
static void note(struct reader *r, const char *where, const char *setting,
                 const struct yaml_node *node, struct config_environment *e)
{
    const struct config_place at = reader_key_place(r, node);

    note_at(r, where, setting, &at, e);
}

void config_not_built_environment(struct reader *r, struct yaml_node *node,
                                  struct config_environment *e)
{
    static const char *const merges[] = {"on-release", "before", NULL};
    struct yaml_node *merge = yaml_tree_get(node, "merge");

    if (e->on == CONFIG_ON_PULL_REQUEST)
        note(r, "environment", "on: pull-request", yaml_tree_get(node, "on"), e);
    if (merge != NULL)
        note(r, "environment",
             reader_choice(r, merge, merges, 0) == 0 ? "merge: on-release" : "merge: before", merge,
             e);
}

void config_not_built_repo(struct reader *r, struct yaml_node *node, struct config_repo *repo)
{
    struct yaml_node *content = yaml_tree_get(node, "content");

    (void)repo;
    if (yaml_tree_get(content, "max-file") != NULL)
        note(r, "repository", "content.max-file", yaml_tree_get(content, "max-file"), NULL);
    if (yaml_tree_get(content, "types") != NULL)
        note(r, "repository", "content.types", yaml_tree_get(content, "types"), NULL);
}

void config_not_built_top(struct reader *r, struct yaml_node *node)
{
    struct yaml_node *github = yaml_tree_get(node, "github");

    for (size_t i = 0; i < n_config_not_built; i++) {
        const struct config_not_built *row = &config_not_built[i];
        struct yaml_node *found;
        if (strcmp(row->where, "top") != 0)
            continue;
        found = str_starts(row->setting, "github.") ? yaml_tree_get(github, row->setting + 7)
                                                    : yaml_tree_get(node, row->setting);
        if (found != NULL)
            note(r, "top", row->setting, found, NULL);
    }
}
