#include "lib/config/yaml_tree.h"

#include <assert.h>
#include <string.h>

#include <yaml.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"

#define DEPTH_MAX 32
#define NODES_MAX 50000

/* A container that is being filled. */
struct level {
    struct yaml_node *node;
    struct yaml_node **end; /* where the next child goes */
    struct yaml_node *key;  /* of a map: waits for its value */
};

struct reading {
    struct arena *arena;
    struct problems *problems;
    struct level levels[DEPTH_MAX + 1];
    size_t depth;
    size_t nodes;
    struct yaml_node *root;
    bool stopped;
};

static int line_of(const yaml_mark_t *mark)
{
    return (int)mark->line + 1;
}

static int column_of(const yaml_mark_t *mark)
{
    return (int)mark->column + 1;
}

static struct yaml_node *node_new(struct reading *r, enum yaml_kind kind, const yaml_mark_t *mark)
{
    struct yaml_node *node = arena_alloc(r->arena, sizeof(*node));

    node->kind = kind;
    node->line = line_of(mark);
    node->column = column_of(mark);
    if (++r->nodes > NODES_MAX && !r->stopped) {
        problems_error(r->problems, node->line, node->column, "more than %d values", NODES_MAX);
        r->stopped = true;
    }
    return node;
}

static void check_duplicate(struct reading *r, const struct level *level)
{
    for (struct yaml_node *n = level->node->first; n != NULL; n = n->next)
        if (strcmp(n->key->text, level->key->text) == 0) {
            problems_error(r->problems, level->key->line, level->key->column,
                           "key \"%s\" stands here twice, first in line %d", level->key->text,
                           n->key->line);
            return;
        }
}

/* Put a finished scalar, or a container that just began, where it belongs. */
static void place(struct reading *r, struct yaml_node *node)
{
    struct level *level = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;

    if (level == NULL) {
        r->root = node;
        return;
    }
    assert(level->node != NULL);
    if (level->node->kind == YAML_MAP && level->key == NULL) {
        if (node->kind != YAML_SCALAR) {
            problems_error(r->problems, node->line, node->column, "a key must be a plain word");
            r->stopped = true;
            return;
        }
        level->key = node;
        check_duplicate(r, level);
        return;
    }
    node->key = level->key;
    level->key = NULL;
    *level->end = node;
    level->end = &node->next;
}

static void open_container(struct reading *r, enum yaml_kind kind, const yaml_event_t *event)
{
    struct yaml_node *node = node_new(r, kind, &event->start_mark);

    place(r, node);
    if (r->depth == DEPTH_MAX) {
        problems_error(r->problems, node->line, node->column, "nested deeper than %d", DEPTH_MAX);
        r->stopped = true;
        return;
    }
    r->levels[r->depth++] = (struct level){.node = node, .end = &node->first};
}

static void refuse(struct reading *r, const yaml_event_t *event, const char *what)
{
    problems_error(r->problems, line_of(&event->start_mark), column_of(&event->start_mark),
                   "%s are not accepted here", what);
}

static void take(struct reading *r, const yaml_event_t *event)
{
    struct yaml_node *node;

    switch (event->type) {
    case YAML_ALIAS_EVENT:
        refuse(r, event, "aliases (*name)");
        r->stopped = true;
        break;
    case YAML_SCALAR_EVENT:
        if (event->data.scalar.anchor != NULL)
            refuse(r, event, "anchors (&name)");
        if (event->data.scalar.tag != NULL)
            refuse(r, event, "tags (!name)");
        node = node_new(r, YAML_SCALAR, &event->start_mark);
        node->text =
            arena_strn(r->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
        node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        if (strlen(node->text) != event->data.scalar.length)
            problems_error(r->problems, node->line, node->column, "a NUL character inside a value");
        place(r, node);
        break;
    case YAML_SEQUENCE_START_EVENT:
        if (event->data.sequence_start.anchor != NULL)
            refuse(r, event, "anchors (&name)");
        if (event->data.sequence_start.tag != NULL)
            refuse(r, event, "tags (!name)");
        open_container(r, YAML_LIST, event);
        break;
    case YAML_MAPPING_START_EVENT:
        if (event->data.mapping_start.anchor != NULL)
            refuse(r, event, "anchors (&name)");
        if (event->data.mapping_start.tag != NULL)
            refuse(r, event, "tags (!name)");
        open_container(r, YAML_MAP, event);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        r->depth--;
        break;
    case YAML_DOCUMENT_START_EVENT:
        if (r->root != NULL) {
            refuse(r, event, "several documents (---)");
            r->stopped = true;
        }
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
}

/* libyaml gives an offset for bytes that are not UTF-8: make it a line and a column. */
static bool check_utf8(const char *bytes, size_t len, struct problems *problems)
{
    int line = 1, column = 1;
    uint32_t code;

    for (size_t i = 0; i < len;) {
        size_t n = str_utf8_at(bytes + i, len - i, &code);
        if (n == 0) {
            problems_error(
                problems, line, column,
                "this byte is not UTF-8. Is the file Shift_JIS or EUC-JP? Save it as UTF-8");
            return false;
        }
        column++;
        if (code == '\n') {
            line++;
            column = 1;
        }
        i += n;
    }
    return true;
}

struct yaml_node *yaml_tree_read(struct arena *arena, const char *bytes, size_t len,
                                 struct problems *problems)
{
    struct reading r = {.arena = arena, .problems = problems};
    yaml_parser_t parser;
    bool done = false;

    if (!check_utf8(bytes, len, problems))
        return NULL;
    if (yaml_parser_initialize(&parser) != 1)
        abort();
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
    while (!done && !r.stopped) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) != 1) {
            problems_error(problems, line_of(&parser.problem_mark), column_of(&parser.problem_mark),
                           "not YAML: %s%s%s", parser.context != NULL ? parser.context : "",
                           parser.context != NULL ? ", " : "",
                           parser.problem != NULL ? parser.problem : "unreadable");
            r.stopped = true;
            break;
        }
        take(&r, &event);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return r.stopped ? NULL : r.root;
}

struct yaml_node *yaml_tree_get(struct yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != YAML_MAP)
        return NULL;
    for (struct yaml_node *n = map->first; n != NULL; n = n->next)
        if (strcmp(n->key->text, key) == 0) {
            n->used = true;
            return n;
        }
    return NULL;
}
