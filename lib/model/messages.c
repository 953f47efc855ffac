#include "lib/model/messages.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"

#define FILLED_MAX 4096

enum language messages_language(const char *name)
{
    return name != NULL && strncmp(name, "ja", 2) == 0 ? LANGUAGE_JA : LANGUAGE_EN;
}

static int by_key(const void *key, const void *message)
{
    return strcmp(key, ((const struct message *)message)->key);
}

const char *messages_text(enum language language, const char *key)
{
    const struct message *m = bsearch(key, messages, n_messages, sizeof(*messages), by_key);

    return m == NULL ? key : m->text[language];
}

static const char *value_of(const char *name, size_t len, const struct message_value *values,
                            size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(values[i].name) == len && strncmp(values[i].name, name, len) == 0)
            return values[i].value == NULL ? "-" : values[i].value;
    return NULL;
}

char *messages_fill(struct arena *arena, enum language language, const char *key,
                    const struct message_value *values, size_t n)
{
    const char *p = messages_text(language, key);
    struct buf out;
    char *text;

    buf_init(&out, FILLED_MAX);
    while (*p != '\0') {
        size_t plain = strcspn(p, "{");
        const char *end;
        const char *value;
        buf_add(&out, p, plain);
        p += plain;
        end = strchr(p, '}');
        if (*p == '\0' || end == NULL)
            break;
        value = value_of(p + 1, (size_t)(end - p - 1), values, n);
        if (value != NULL)
            buf_adds(&out, value);
        else
            buf_add(&out, p, (size_t)(end - p + 1));
        p = end + 1;
    }
    text = arena_str(arena, buf_str(&out));
    buf_deinit(&out);
    return text;
}
