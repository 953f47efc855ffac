/* json_tree: valid JSON as cJSON's tree. For json.c alone. */
#ifndef SLIPWAY_LIB_BASE_JSON_TREE_H
#define SLIPWAY_LIB_BASE_JSON_TREE_H

#include <stddef.h>

struct arena;
struct cJSON;

/* `text` is one value that json_validate() took, `len` bytes and a NUL. It is altered: keys and texts of the tree lie in it. Items
 * lie in the arena, but for the outermost, which is filled. */
void json_tree(char *text, size_t len, struct arena *arena, struct cJSON *ret_root);

#endif
