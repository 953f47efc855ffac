#include "cli/cli_moved.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define LINE_MAX_BYTES 400

const char *cli_moved_path(struct arena *arena, const char *path, const char *key,
                           const char *value)
{
    char *escaped;
    size_t n = 0;

    if (value == NULL)
        return path;
    escaped = arena_alloc(arena, strlen(value) * 3 + 1);
    for (const char *p = value; *p != '\0'; p++) {
        if (isalnum((unsigned char)*p) || strchr("-._~", *p) != NULL)
            escaped[n++] = *p;
        else
            n += (size_t)sprintf(escaped + n, "%%%02X", (unsigned)(unsigned char)*p);
    }
    return arena_printf(arena, "%s%c%s=%s", path, strchr(path, '?') == NULL ? '?' : '&', key,
                        escaped);
}

static const char *clean(struct arena *arena, const char *text)
{
    return text == NULL ? "" : str_clean(arena, text, strlen(text), LINE_MAX_BYTES);
}

static const char *start_text(struct arena *arena, const struct cJSON *m, const char *key)
{
    const char *text = json_str(m, key);

    return text != NULL ? clean(arena, text) : "not before somebody acts";
}

void cli_moved_print(struct arena *arena, const struct cJSON *answer)
{
    const struct cJSON *moved = json_array(answer, "moved");
    bool dry = false;

    json_bool(answer, "dry_run", &dry);
    if (json_count(moved) == 0)
        printf("No promised start %s.\n", dry ? "would move" : "moved");
    else
        printf("Promised starts that %s:\n", dry ? "would move" : "moved");
    for (const struct cJSON *m = json_first(moved); m != NULL; m = json_next(m)) {
        const char *pulls = cli_repo_pulls(arena, m);
        int64_t number = 0;

        json_int(m, "release", &number);
        printf("  %s %s r%" PRId64 ": %s -> %s\n", clean(arena, json_str(m, "repository")),
               clean(arena, json_str(m, "environment")), number,
               start_text(arena, m, "before_text"), start_text(arena, m, "after_text"));
        if (pulls[0] != '\0')
            printf("    %s\n", clean(arena, pulls));
    }
    for (const struct cJSON *u = json_first(json_array(answer, "under_way")); u != NULL;
         u = json_next(u)) {
        int64_t number = 0;

        json_int(u, "release", &number);
        printf("%s %s: r%" PRId64 " has started; it goes on.\n",
               clean(arena, json_str(u, "repository")), clean(arena, json_str(u, "environment")),
               number);
    }
    if (dry)
        printf("Nothing was saved (--dry-run).\n");
}
