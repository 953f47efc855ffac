/* yaml_json: see yaml_json.h. */
#include "lib/config/yaml_json.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/config/problems.h"
#include "lib/config/yaml_tree.h"

static bool is_one_of(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

/* A whole number as JSON writes it; what has other zeros or signs in front is a text. */
static bool is_whole(const char *text, int64_t *ret_value)
{
    const char *digits = *text == '-' ? text + 1 : text;

    return (digits[0] != '0' || digits[1] == '\0') && digits[0] >= '0' && digits[0] <= '9' &&
           strlen(digits) <= 15 && strcmp(text, "-0") != 0 && str_parse_int64(text, ret_value) == 0;
}

static void add_scalar(struct json_out *out, const char *key, const struct yaml_node *node)
{
    static const char *const yes[] = {"true", "True", "TRUE", NULL};
    static const char *const no[] = {"false", "False", "FALSE", NULL};
    static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
    int64_t value;

    if (!node->is_plain)
        json_add_str(out, key, node->text);
    else if (is_one_of(node->text, yes) || is_one_of(node->text, no))
        json_add_bool(out, key, is_one_of(node->text, yes));
    else if (is_one_of(node->text, nothing))
        json_add_str(out, key, NULL);
    else if (is_whole(node->text, &value))
        json_add_int(out, key, value);
    else
        json_add_str(out, key, node->text);
}

/* Its depth is bounded by yaml_tree. */
static void add_node(struct json_out *out, const char *key, const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR) {
        add_scalar(out, key, node);
        return;
    }
    if (node->kind == YAML_LIST)
        json_begin_array(out, key);
    else
        json_begin_object(out, key);
    for (const struct yaml_node *i = node->first; i != NULL; i = i->next)
        add_node(out, node->kind == YAML_MAP ? i->key->text : NULL, i);
    if (node->kind == YAML_LIST)
        json_end_array(out);
    else
        json_end_object(out);
}

int yaml_json(struct arena *arena, const char *bytes, size_t len, size_t max, const char **ret_json,
              struct err *err)
{
    struct problems problems;
    struct yaml_node *root;
    struct json_out out;
    struct buf buf;
    int rc = 0;

    problems_init(&problems, arena);
    root = yaml_tree_read(arena, bytes, len, &problems);
    for (size_t i = 0; i < problems.n; i++)
        if (!problems.items[i].warning)
            return err_set(err, ERR_INVALID, "line %d, column %d: %.300s", problems.items[i].line,
                           problems.items[i].column, problems.items[i].text);
    if (root == NULL)
        return err_set(err, ERR_INVALID, "there is no document in it");
    buf_init(&buf, max);
    json_out_init(&out, &buf);
    add_node(&out, NULL, root);
    if (buf.overflow)
        rc = err_set(err, ERR_INVALID, "as JSON it has over %zu bytes", max);
    else
        *ret_json = arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return rc;
}
