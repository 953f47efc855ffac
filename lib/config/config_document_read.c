/*
 * config_document_read: `documents:`, scripts that AWS callers may run by name (design.md 5): a map of names to
 * files beside the configuration. Here only that each can be read and is JSON; that it is a document of SSM is
 * said when the configuration is put in force (server/flow/snapshot.c), since this room does not know the wire.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/config/config_days.h"
#include "lib/config/reader.h"

#define DOCUMENT_MAX ((size_t)64 * 1024)
#define DOCUMENTS_MAX 200

static bool is_name(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && strchr("_-.", name[i]) == NULL)
            return false;
    return n >= 3 && n <= 128 && strncasecmp(name, "aws", 3) != 0 &&
           strncasecmp(name, "amazon", 6) != 0 && strncasecmp(name, "amzn", 4) != 0 &&
           strncasecmp(name, "slipway", 7) != 0;
}

static void read_one(struct reader *r, struct yaml_node *node, struct config_document *document)
{
    const char *file = NULL;
    struct err err = ERR_INIT;
    char *bytes;
    size_t len;

    reader_text(r, node, &file);
    if (file == NULL)
        return;
    bytes = config_days_file(r, node, file, DOCUMENT_MAX, &len);
    if (bytes == NULL)
        return;
    if (json_validate(bytes, len, NULL, &err) < 0)
        config_days_wrong(r, node, arena_printf(r->arena, "%.200s: %s", file, err.text));
    document->text = arena_strn(r->arena, bytes, len);
    free(bytes);
}

void config_document_read(struct reader *r, struct yaml_node *node)
{
    struct config *config = r->config;
    size_t cap = 0;

    if (node == NULL)
        return;
    if (node->kind != YAML_MAP) {
        config_days_wrong(r, node, "documents: a map of names to files is expected");
        return;
    }
    for (struct yaml_node *n = node->first; n != NULL; n = n->next) {
        struct config_document *document =
            ARENA_PUSH(r->arena, config->documents, config->n_documents, cap);

        *document = (struct config_document){.name = n->key->text,
                                             .text = "",
                                             .place = reader_place(r, n->key)};
        if (!is_name(document->name))
            config_days_wrong(r, n->key,
                              "the name of a document: 3 to 128 letters, digits, dots, dashes, "
                              "underscores; not beginning with aws, amazon, amzn or slipway");
        if (config->n_documents > DOCUMENTS_MAX)
            config_days_wrong(r, n->key, "too many documents");
        read_one(r, n, document);
    }
}
