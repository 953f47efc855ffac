#include "lib/github/event_field.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

const char *event_field_text(struct arena *arena, const struct cJSON *object, const char *key,
                             size_t max)
{
    const char *s = json_str(object, key);

    return s != NULL ? str_clean(arena, s, strlen(s), max) : NULL;
}

const char *event_field_text_or_empty(struct arena *arena, const struct cJSON *object,
                                      const char *key, size_t max)
{
    const char *s = event_field_text(arena, object, key, max);

    return s != NULL ? s : "";
}

bool event_field_id(const struct cJSON *object, const char *key, int64_t *ret_id)
{
    int64_t id;

    if (!json_int(object, key, &id) || id <= 0)
        return false;
    *ret_id = id;
    return true;
}

bool event_field_flag(const struct cJSON *object, const char *key)
{
    bool value;

    return json_bool(object, key, &value) && value;
}

time_ms event_field_time(const struct cJSON *object, const char *key)
{
    const char *s = json_str(object, key);
    time_ms t;

    return s != NULL && timestamp_parse_rfc3339(s, &t) == 0 ? t : 0;
}

void event_field_sha(const struct cJSON *object, const char *key, char ret_sha[41])
{
    const char *s = json_str(object, key);

    ret_sha[0] = '\0';
    if (s != NULL && names_is_sha40(s))
        memcpy(ret_sha, s, 41);
}

struct event_account event_field_account(struct arena *arena, const struct cJSON *object,
                                         const char *key)
{
    const struct cJSON *user = json_object(object, key);
    struct event_account a = {0};

    if (!event_field_id(user, "id", &a.id))
        return (struct event_account){0};
    a.login = event_field_text_or_empty(arena, user, "login", EVENT_NAME_MAX);
    a.bot = strcmp(event_field_text_or_empty(arena, user, "type", 16), "Bot") == 0;
    return a;
}

int event_field_lacks(struct err *err, const char *path, const char *expected)
{
    return err_set(err, ERR_INVALID, "%s: expected %s", path, expected);
}

int event_field_branch(struct arena *arena, const struct cJSON *side, const char *path,
                       const char **ret_ref, struct err *err)
{
    const char *ref = json_str(side, "ref");

    if (ref == NULL || !names_is_branch(ref))
        return event_field_lacks(err, path, "a branch name");
    *ret_ref = arena_str(arena, ref);
    return 0;
}
