/* platform: see platform.h. */
#include "agent/platform.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/str.h"

#define FILE_MAX 65536

/* The value of a key, without quotes; "" = not there. */
static const char *value_of(struct arena *arena, const char *text, const char *key)
{
    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t n = end != NULL ? (size_t)(end - line) : strlen(line);
        size_t len = strlen(key);

        if (n > len && strncmp(line, key, len) == 0 && line[len] == '=') {
            const char *value = line + len + 1;

            n -= len + 1;
            if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
                value++;
                n -= 2;
            }
            return str_clean(arena, value, n, 60);
        }
        line = end != NULL ? end + 1 : NULL;
    }
    return "";
}

void platform_read(struct arena *arena, const char **ret_name, const char **ret_version)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    size_t len;

    if (file_read_all("/etc/os-release", FILE_MAX, &text, &len, &err) < 0)
        text = NULL;
    *ret_name = value_of(arena, text, "NAME");
    *ret_version = value_of(arena, text, "VERSION_ID");
    free(text);
}
