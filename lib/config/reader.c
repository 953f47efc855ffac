#include "lib/config/reader.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/calendar/zone.h"

#define KEYS_MAX 64

static void wrong(struct reader *r, const struct yaml_node *node, const char *expected)
{
    problems_error(r->problems, node->line, node->column, "%s%s%s is expected, this is %s",
                   node->key != NULL ? node->key->text : "", node->key != NULL ? ": " : "",
                   expected,
                   node->kind == YAML_SCALAR ? arena_printf(r->arena, "\"%.60s\"", node->text)
                   : node->kind == YAML_LIST ? "a list"
                                             : "a map");
}

bool reader_map(struct reader *r, struct yaml_node *node, const char *what, const char *const *keys)
{
    size_t n = 0;

    if (node == NULL)
        return false;
    if (node->kind != YAML_MAP) {
        wrong(r, node, what);
        return false;
    }
    while (n < KEYS_MAX && keys[n] != NULL)
        n++;
    for (struct yaml_node *child = node->first; child != NULL; child = child->next) {
        bool known = false;
        for (size_t i = 0; i < n && !known; i++)
            known = strcmp(child->key->text, keys[i]) == 0;
        if (!known) {
            problems_error(r->problems, child->key->line, child->key->column,
                           "unknown key \"%.60s\" in %s", child->key->text, what);
            problems_suggest(r->problems, str_nearest(child->key->text, keys, n));
        }
    }
    return true;
}

struct config_place reader_place(const struct reader *r, const struct yaml_node *node)
{
    return (struct config_place){r->file, node->line, node->column};
}

struct config_place reader_key_place(const struct reader *r, const struct yaml_node *node)
{
    return reader_place(r, node->key != NULL ? node->key : node);
}

void reader_text(struct reader *r, struct yaml_node *node, const char **value)
{
    if (node == NULL)
        return;
    if (node->kind != YAML_SCALAR || node->text[0] == '\0')
        wrong(r, node, "a text");
    else
        *value = node->text;
}

void reader_word(struct reader *r, struct yaml_node *node, const char *what, const char **value)
{
    if (node == NULL)
        return;
    if (node->kind != YAML_SCALAR || !names_is_word(node->text))
        wrong(r, node, arena_printf(r->arena, "%s (letters, digits, '.', '_', '-')", what));
    else
        *value = node->text;
}

void reader_path(struct reader *r, struct yaml_node *node, const char **value)
{
    const char *text = NULL;

    reader_text(r, node, &text);
    if (text == NULL)
        return;
    *value = text[0] == '/' ? text : arena_printf(r->arena, "%s/%s", r->folder, text);
}

static bool is_this_machine(const char *host)
{
    size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

    return (n == 9 && str_starts(host, "localhost")) || (n == 5 && str_starts(host, "[::1]")) ||
           (str_starts(host, "127.") && strspn(host, "0123456789.") == n);
}

void reader_server(struct reader *r, struct yaml_node *node, const char *key, bool path,
                   const char **value)
{
    const char *text = NULL, *host;
    size_t len;

    reader_text(r, node, &text);
    if (text == NULL)
        return;
    len = strlen(text);
    while (len > 0 && text[len - 1] == '/')
        len--;
    text = arena_strn(r->arena, text, len);
    host = str_starts(text, "https://") ? text + 8 : str_starts(text, "http://") ? text + 7 : "";
    if (*host == '\0' || *host == '/' || strpbrk(host, path ? "?#@ " : "/?#@ ") != NULL)
        problems_error(r->problems, node->line, node->column,
                       "%s: https://HOST[:PORT]%s is expected, this is \"%.100s\"", key,
                       path ? "[/PATH]" : "", text);
    else if (str_starts(text, "http://") && !is_this_machine(host))
        problems_error(r->problems, node->line, node->column,
                       "%s: only this machine is asked by plain http; write https://%.100s", key,
                       host);
    else
        *value = text;
}

void reader_int(struct reader *r, struct yaml_node *node, int64_t min, int64_t max, int64_t *value)
{
    int64_t v;

    if (node == NULL)
        return;
    if (node->kind != YAML_SCALAR || str_parse_int64(node->text, &v) < 0 || v < min || v > max)
        wrong(r, node,
              arena_printf(r->arena, "a whole number from %lld to %lld", (long long)min,
                           (long long)max));
    else
        *value = v;
}

void reader_bool(struct reader *r, struct yaml_node *node, bool *value)
{
    if (node == NULL)
        return;
    if (node->kind == YAML_SCALAR && strcmp(node->text, "true") == 0)
        *value = true;
    else if (node->kind == YAML_SCALAR && strcmp(node->text, "false") == 0)
        *value = false;
    else
        wrong(r, node, "true or false");
}

void reader_duration(struct reader *r, struct yaml_node *node, int64_t min_ms, int64_t *value)
{
    int64_t ms;

    if (node == NULL)
        return;
    if (node->kind != YAML_SCALAR || timestamp_parse_duration(node->text, &ms) < 0 || ms < min_ms)
        wrong(r, node, "a duration such as 30s, 10m, 2h or 7d");
    else
        *value = ms;
}

void reader_list(struct reader *r, struct yaml_node *node, struct config_list *value)
{
    size_t n = 0;

    if (node == NULL)
        return;
    if (node->kind == YAML_SCALAR) {
        value->items = arena_array(r->arena, 1, sizeof(*value->items));
        value->items[0] = node->text;
        value->n = 1;
        return;
    }
    if (node->kind != YAML_LIST) {
        wrong(r, node, "a word or a list of words");
        return;
    }
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next)
        n++;
    value->items = arena_array(r->arena, n, sizeof(*value->items));
    value->n = 0;
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next) {
        if (c->kind != YAML_SCALAR || c->text[0] == '\0')
            wrong(r, c, "a word");
        else
            value->items[value->n++] = c->text;
    }
}

/* Where the i-th word of a list stands. */
static const struct yaml_node *word_node(const struct yaml_node *node, size_t i)
{
    const struct yaml_node *c = node->kind == YAML_LIST ? node->first : node;

    while (i-- > 0 && c->next != NULL)
        c = c->next;
    return c;
}

void reader_words(struct reader *r, struct yaml_node *node, const char *what,
                  struct config_list *value)
{
    reader_list(r, node, value);
    for (size_t i = 0; node != NULL && i < value->n; i++)
        if (!names_is_word(value->items[i]))
            wrong(r, word_node(node, i), what);
}

static bool is_variable(const char *s)
{
    if (!isalpha((unsigned char)*s) && *s != '_')
        return false;
    for (; *s != '\0'; s++)
        if (!isalnum((unsigned char)*s) && *s != '_')
            return false;
    return true;
}

void reader_pairs(struct reader *r, struct yaml_node *node, bool environment,
                  struct config_pairs *value)
{
    size_t n = 0;

    if (node == NULL)
        return;
    if (node->kind != YAML_MAP) {
        wrong(r, node, "a map of names and texts");
        return;
    }
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next)
        n++;
    value->items = arena_array(r->arena, n, sizeof(*value->items));
    value->n = 0;
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next) {
        if (c->kind != YAML_SCALAR) {
            wrong(r, c, "a text");
        } else if (environment &&
                   (!is_variable(c->key->text) || str_starts(c->key->text, "SLIPWAY_"))) {
            problems_error(r->problems, c->key->line, c->key->column,
                           "\"%.60s\" cannot be the name of an environment variable here",
                           c->key->text);
        } else {
            value->items[value->n++] = (struct config_pair){c->key->text, c->text};
        }
    }
}

int reader_choice(struct reader *r, struct yaml_node *node, const char *const *words, int otherwise)
{
    size_t n = 0;

    while (words[n] != NULL)
        n++;
    if (node == NULL)
        return otherwise;
    for (size_t i = 0; node->kind == YAML_SCALAR && i < n; i++)
        if (strcmp(node->text, words[i]) == 0)
            return (int)i;
    wrong(r, node,
          n == 2 ? arena_printf(r->arena, "%s or %s", words[0], words[1])
                 : arena_printf(r->arena, "one of %s, %s, %s%s%s", words[0], words[1], words[2],
                                n > 3 ? ", " : "", n > 3 ? words[3] : ""));
    if (node->kind == YAML_SCALAR)
        problems_suggest(r->problems, str_nearest(node->text, words, n));
    return otherwise;
}

/* A login, team:SLUG, team:ORG/SLUG, token:NAME, group:NAME; anyone may only look. */
static bool is_who(const char *who, bool view)
{
    const char *colon = strchr(who, ':');
    const char *rest = colon == NULL ? who : colon + 1;

    if (strcmp(who, "anyone") == 0)
        return view;
    if (colon != NULL && strncmp(who, "team:", 5) != 0 && strncmp(who, "token:", 6) != 0 &&
        strncmp(who, "group:", 6) != 0)
        return false;
    if (strncmp(who, "team:", 5) == 0 && strchr(rest, '/') != NULL)
        return names_is_repo(rest);
    return names_is_word(rest);
}

void reader_rights(struct reader *r, struct yaml_node *node, struct config_rights *rights)
{
    if (!reader_map(r, node, "rights",
                    READER_KEYS("view", "approve-content", "approve-code", "operate", "hotfix",
                                "admin")))
        return;
    for (int i = 0; i < CONFIG_RIGHTS; i++) {
        struct yaml_node *who = yaml_tree_get(node, config_right_names[i]);
        struct config_list list = {.n = 0};
        if (who == NULL)
            continue;
        reader_list(r, who, &list);
        for (size_t k = 0; k < list.n; k++)
            if (!is_who(list.items[k], i == CONFIG_VIEW))
                wrong(r, word_node(who, k),
                      i == CONFIG_VIEW ? "a login, team:SLUG, token:NAME, group:NAME or anyone"
                                       : "a login, team:SLUG, token:NAME or group:NAME");
        rights->who[i] = list;
    }
}

void reader_times(struct reader *r, struct yaml_node *node, struct config_list *value)
{
    reader_list(r, node, value);
    for (size_t i = 0; node != NULL && i < value->n; i++) {
        int h = -1, m = -1, s = 0, used = 0;
        const char *text = value->items[i];
        bool ok = (sscanf(text, "%2d:%2d%n", &h, &m, &used) == 2 && text[used] == '\0') ||
                  (sscanf(text, "%2d:%2d:%2d%n", &h, &m, &s, &used) == 3 && text[used] == '\0');
        ok = ok && strspn(text, "0123456789:") == strlen(text) && (used == 5 || used == 8);
        if (!ok || h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 59)
            wrong(r, word_node(node, i), "a time of day such as \"15:00\" (in quotes)");
        else
            value->items[i] = arena_printf(r->arena, "%02d:%02d:%02d", h, m, s);
    }
}

void reader_zone(struct reader *r, struct yaml_node *node, const char **value)
{
    const char *name = NULL;

    reader_text(r, node, &name);
    if (name == NULL)
        return;
    if (!zone_exists(name))
        wrong(r, node, "an IANA time zone such as Asia/Tokyo");
    else
        *value = name;
}
