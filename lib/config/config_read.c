#include "lib/config/config_read.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/file.h"
#include "lib/base/names.h"
#include "lib/base/redact.h"
#include "lib/base/str.h"
#include "lib/config/reader.h"
#include "lib/config/yaml_tree.h"

#define FILE_MAX (1024 * 1024)
#define FILES_MAX 64
#define REPOS_MAX 1000
#define GONE_AFTER_MS INT64_C(86400000)
/* Before that a host that runs something is only unknown. */
#define GONE_AFTER_MIN_MS INT64_C(300000)

static const char *const top_keys[] = {
    "version",      "url",        "webhooks-url", "agents-url", "listen",    "trusted-proxies",
    "timezone",     "language",   "github",       "aws",        "rights",    "calendars",
    "freezes",      "notify",     "databases",    "repos",      "state",     "metrics-from",
    "mirror-roots", "gone-after", "redact",       "sign-in",    "documents", NULL};

static void defaults(struct config *c)
{
    c->listen_webhooks = "127.0.0.1:8700";
    c->listen_agents = "127.0.0.1:8701";
    c->listen_web = "127.0.0.1:8702";
    c->listen_cli = "/run/slipway/cli.sock";
    c->gone_after_ms = GONE_AFTER_MS;
    c->timezone = "UTC";
    c->language = "en";
    c->state = "/var/lib/slipway";
    c->github_web = "https://github.com";
    c->github_api = "https://api.github.com";
}

/* ADDRESS:PORT, [ADDRESS]:PORT. */
static void read_address(struct reader *r, struct yaml_node *node, const char **value)
{
    const char *text = NULL, *colon;
    int64_t port;

    reader_text(r, node, &text);
    if (text == NULL)
        return;
    colon = strrchr(text, ':');
    if (colon == NULL || colon == text || str_parse_int64(colon + 1, &port) < 0 || port < 0 ||
        port > 65535)
        problems_error(r->problems, node->line, node->column,
                       "%s: ADDRESS:PORT is expected, this is \"%.60s\"", node->key->text, text);
    else
        *value = text;
}

static void read_github(struct reader *r, struct yaml_node *node)
{
    struct config_list files = {.n = 0};
    const char *token_file = NULL;

    if (node == NULL ||
        !reader_map(r, node, "github",
                    READER_KEYS("app-id", "private-key-file", "webhook-secret-files", "api", "web",
                                "token-file", "client-id", "client-secret-file")))
        return;
    reader_list(r, yaml_tree_get(node, "webhook-secret-files"), &files);
    for (size_t i = 0; i < files.n; i++)
        if (files.items[i][0] != '/')
            files.items[i] = arena_printf(r->arena, "%s/%s", r->folder, files.items[i]);
    r->config->webhook_secret_files = files;
    reader_text(r, yaml_tree_get(node, "web"), &r->config->github_web);
    reader_server(r, yaml_tree_get(node, "api"), "api", true, &r->config->github_api);
    reader_text(r, yaml_tree_get(node, "token-file"), &token_file);
    if (token_file != NULL)
        r->config->github_token_file = token_file[0] == '/'
                                           ? token_file
                                           : arena_printf(r->arena, "%s/%s", r->folder, token_file);
}

static void read_databases(struct reader *r, struct yaml_node *node)
{
    struct config *c = r->config;

    if (node == NULL)
        return;
    if (node->kind != YAML_MAP) {
        problems_error(r->problems, node->line, node->column, "databases: a map is expected");
        return;
    }
    r->databases = reader_key_place(r, node);
    for (struct yaml_node *d = node->first; d != NULL; d = d->next) {
        struct config_database *database =
            ARENA_PUSH(r->arena, c->databases, c->n_databases, r->cap_databases);
        database->name = d->key->text;
        if (!names_is_word(database->name))
            problems_error(r->problems, d->key->line, d->key->column,
                           "\"%.60s\" cannot be a name here", database->name);
        reader_list(r, d, &database->members);
    }
}

/* A pattern stands on a line of its own on its way to the hosts. */
static void check_pattern(struct reader *r, const struct yaml_node *node, const char *text)
{
    struct redact *redact = NULL;
    struct err err = ERR_INIT;
    size_t n = strlen(text);

    if (n == 0 || *text == '#' || text[n - 1] == ' ' || strpbrk(text, "\r\n") != NULL)
        problems_error(
            r->problems, node->line, node->column,
            "redact: \"%.60s\": a pattern is one line, does not begin with # (write [#]) "
            "and does not end with a blank (write [ ])",
            text);
    else if (redact_parse(text, &redact, &err) < 0)
        problems_error(r->problems, node->line, node->column, "redact: %s",
                       str_starts(err.text, "line 1: ") ? err.text + 8 : err.text);
    redact_free(redact);
}

static void read_redact(struct reader *r, struct yaml_node *node)
{
    struct config_list patterns = {.n = 0};
    const struct yaml_node *at;
    const char *text = "";

    reader_list(r, node, &patterns);
    if (node == NULL || patterns.n == 0)
        return;
    if (patterns.n > REDACT_PATTERNS_MAX)
        problems_error(r->problems, node->line, node->column, "redact: at most %d patterns",
                       REDACT_PATTERNS_MAX);
    at = node->kind == YAML_LIST ? node->first : node;
    for (size_t i = 0; i < patterns.n; i++) {
        check_pattern(r, at, patterns.items[i]);
        text = arena_printf(r->arena, "%s%s\n", text, patterns.items[i]);
        at = at->next != NULL ? at->next : at;
    }
    r->config->redact = text;
}

static void read_top(struct reader *r, struct yaml_node *root)
{
    static const char *const languages[] = {"en", "ja", NULL};
    struct config *c = r->config;
    struct yaml_node *listen = yaml_tree_get(root, "listen");
    struct yaml_node *version = yaml_tree_get(root, "version");

    if (version == NULL || version->kind != YAML_SCALAR || strcmp(version->text, "1") != 0)
        problems_error(r->problems, version != NULL ? version->line : 1,
                       version != NULL ? version->column : 1, "the file must say `version: 1`");
    reader_text(r, yaml_tree_get(root, "url"), &c->url);
    reader_text(r, yaml_tree_get(root, "webhooks-url"), &c->webhooks_url);
    reader_text(r, yaml_tree_get(root, "agents-url"), &c->agents_url);
    if (listen != NULL &&
        reader_map(r, listen, "listen", READER_KEYS("webhooks", "agents", "web", "cli"))) {
        read_address(r, yaml_tree_get(listen, "webhooks"), &c->listen_webhooks);
        read_address(r, yaml_tree_get(listen, "agents"), &c->listen_agents);
        read_address(r, yaml_tree_get(listen, "web"), &c->listen_web);
        reader_path(r, yaml_tree_get(listen, "cli"), &c->listen_cli);
    }
    reader_list(r, yaml_tree_get(root, "trusted-proxies"), &c->trusted_proxies);
    reader_list(r, yaml_tree_get(root, "metrics-from"), &c->metrics_from);
    reader_list(r, yaml_tree_get(root, "mirror-roots"), &c->mirror_roots);
    read_redact(r, yaml_tree_get(root, "redact"));
    reader_duration(r, yaml_tree_get(root, "gone-after"), GONE_AFTER_MIN_MS, &c->gone_after_ms);
    reader_zone(r, yaml_tree_get(root, "timezone"), &c->timezone);
    c->language = languages[reader_choice(r, yaml_tree_get(root, "language"), languages, 0)];
    reader_path(r, yaml_tree_get(root, "state"), &c->state);
    reader_rights(r, yaml_tree_get(root, "rights"), &c->rights);
    read_github(r, yaml_tree_get(root, "github"));
    config_aws_read(r, yaml_tree_get(root, "aws"));
    read_databases(r, yaml_tree_get(root, "databases"));
}

static void read_repos(struct reader *r, struct yaml_node *root)
{
    struct yaml_node *repos = yaml_tree_get(root, "repos");
    size_t n = 0;

    if (repos == NULL)
        return;
    if (repos->kind != YAML_MAP) {
        problems_error(r->problems, repos->line, repos->column, "repos: a map is expected");
        return;
    }
    for (struct yaml_node *c = repos->first; c != NULL; c = c->next)
        n++;
    if (n + r->config->n_repos > REPOS_MAX) {
        problems_error(r->problems, repos->line, repos->column, "at most %d repositories",
                       REPOS_MAX);
        return;
    }
    for (struct yaml_node *c = repos->first; c != NULL; c = c->next) {
        const struct config_repo *other = config_repo(r->config, c->key->text);
        if (other != NULL)
            problems_error(r->problems, c->key->line, c->key->column,
                           "repository %.140s is configured already, as %.140s in %s, line %d",
                           c->key->text, other->name, other->place.file, (int)other->place.line);
        else
            config_repo_read(r, c);
    }
}

/* One file. The first is slipway.yml, the others come from conf.d and hold parts of it. */
static void read_file(struct reader *r, const char *file, const char *bytes, size_t len, bool first)
{
    struct yaml_node *root;

    r->file = arena_str(r->arena, file);
    r->problems->file = arena_str(r->problems->arena, file);
    r->problems->bytes = arena_strn(r->problems->arena, bytes, len); /* for excerpts, to the end */
    r->problems->len = len;
    root = yaml_tree_read(r->arena, bytes, len, r->problems);
    if (root == NULL && r->problems->n_errors == 0)
        problems_error(r->problems, 1, 1, "the file is empty");
    if (root == NULL)
        return;
    if (first ? !reader_map(r, root, "the configuration", top_keys)
              : !reader_map(r, root, "a file of conf.d",
                            READER_KEYS("repos", "calendars", "freezes")))
        return;
    if (first) {
        read_top(r, root);
        config_document_read(r, yaml_tree_get(root, "documents"));
    }
    config_calendar_read(r, yaml_tree_get(root, "calendars"));
    config_freeze_read(r, yaml_tree_get(root, "freezes"));
    read_repos(r, root);
    config_not_built_top(r, root);
}

/* The list of repositories grew while it was read, and moved. */
static void own_environments(struct config *config)
{
    for (size_t i = 0; i < config->n_repos; i++)
        for (size_t k = 0; k < config->repos[i].n_environments; k++)
            config->repos[i].environments[k].repo = &config->repos[i];
}

static int finish(struct reader *r, struct config **ret_config, struct err *err)
{
    size_t n;

    own_environments(r->config);
    config_check(r);
    n = r->problems->n_errors;
    r->problems->bytes = NULL;
    if (n > 0) {
        config_free(r->config);
        return err_set(err, ERR_INVALID, "%zu mistake%s in the configuration", n,
                       n == 1 ? "" : "s");
    }
    config_text_make(r->config);
    r->config->read_text = r->config->text;
    *ret_config = r->config;
    return 0;
}

static void begin(struct reader *r, const char *folder, struct problems *problems)
{
    struct arena *arena = malloc(sizeof(*arena));

    if (arena == NULL)
        abort();
    arena_init(arena);
    *r = (struct reader){.arena = arena, .problems = problems};
    r->config = arena_alloc(arena, sizeof(*r->config));
    r->config->arena = arena;
    r->folder = arena_str(arena, folder);
    defaults(r->config);
}

int config_read_bytes(const char *bytes, size_t len, const char *folder, struct config **ret_config,
                      struct problems *problems, struct err *err)
{
    struct reader r;

    begin(&r, folder, problems);
    read_file(&r, "slipway.yml", bytes, len, true);
    return finish(&r, ret_config, err);
}

static int yml_only(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && str_ends(entry->d_name, ".yml");
}

static int read_parts(struct reader *r, const char *folder, struct err *err)
{
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, yml_only, alphasort);
    int rc = 0;

    for (int i = 0; i < n; i++) {
        const char *path = arena_printf(r->arena, "%s/%s", folder, entries[i]->d_name);
        char *bytes;
        size_t len;
        free(entries[i]);
        if (rc < 0 || i >= FILES_MAX)
            continue;
        rc = file_read_all(path, FILE_MAX, &bytes, &len, err);
        if (rc == 0) {
            read_file(r, path, bytes, len, false);
            free(bytes);
        }
    }
    free(entries);
    return rc;
}

int config_read(const char *path, struct config **ret_config, struct problems *problems,
                struct err *err)
{
    const char *slash = strrchr(path, '/');
    struct reader r;
    char *bytes, *whole;
    size_t len;
    int rc = file_read_all(path, FILE_MAX, &bytes, &len, err);

    if (rc < 0)
        return err_wrap(err, "configuration");
    whole = slash == NULL ? realpath(".", NULL) : NULL;
    if (slash != NULL) {
        char *folder = strndup(path, (size_t)(slash - path) + (slash == path));
        whole = folder == NULL ? NULL : realpath(folder, NULL);
        free(folder);
    }
    begin(&r, whole != NULL ? whole : ".", problems);
    free(whole);
    read_file(&r, path, bytes, len, true);
    free(bytes);
    rc = read_parts(&r, arena_printf(r.arena, "%s/conf.d", r.folder), err);
    if (rc < 0) {
        config_free(r.config);
        return err_wrap(err, "configuration");
    }
    return finish(&r, ret_config, err);
}
