/*
 * yaml_tree: a YAML file as nodes that know where they stand.
 *
 * libyaml scans; this turns its events into scalars, lists and maps, and refuses what a configuration
 * must not have: anchors, aliases, tags, several documents, duplicate keys, depth over 32. Scalars are
 * text: `on` and `15:00` stay themselves. All problems go to the list, reading goes on where it can.
 */
#ifndef SLIPWAY_LIB_CONFIG_YAML_TREE_H
#define SLIPWAY_LIB_CONFIG_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/config/problems.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_kind kind;
    int line;                /* from 1 */
    int column;              /* from 1, in characters */
    const char *text;        /* of a scalar */
    bool is_plain;           /* it stands there without quotes, on its line */
    struct yaml_node *key;   /* in a map: the scalar in front */
    struct yaml_node *first; /* children */
    struct yaml_node *next;
    bool used; /* somebody read it: what is left over is an unknown key */
};

/* The tree of these bytes, in the arena; NULL if there is none to go on with (problems say why). */
struct yaml_node *yaml_tree_read(struct arena *arena, const char *bytes, size_t len,
                                 struct problems *problems);

/* The value of `key` in a map; marks it as used. NULL = absent, or `map` is no map. */
struct yaml_node *yaml_tree_get(struct yaml_node *map, const char *key);

#endif
