#include "lib/github/event_hook.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/names.h"
#include "lib/github/event_field.h"

#define REPOSITORIES_MAX 1000 /* of one change of an installation; GitHub's pages have fewer */

int event_hook_read_ping(const struct cJSON *root, struct event_hook *out)
{
    /* What removes a hook has a hook in it, too. */
    if (json_get(root, "action") == NULL && json_str(root, "zen") != NULL &&
        json_object(root, "hook") != NULL)
        (void)event_field_id(root, "hook_id", &out->id);
    out->state = EVENT_HOOK_PRESENT;
    return 0;
}

int event_hook_read_meta(const struct cJSON *root, const char *action, struct event_hook *out,
                         struct err *err)
{
    if (json_object(root, "hook") == NULL || !event_field_id(root, "hook_id", &out->id))
        return event_field_lacks(err, "hook, hook_id", "an object and a whole number");
    if (strcmp(action, "deleted") != 0)
        return event_field_lacks(err, "action", "deleted");
    out->state = EVENT_HOOK_REMOVED;
    return 0;
}

/* Every delivery of an App names its installation, but shortly; events about one name its account, and
 * no repository (T06: the event's name is not signed). */
static int read_own(const struct cJSON *root, struct event_hook *out, struct err *err)
{
    const struct cJSON *installation = json_object(root, "installation");

    if (!event_field_id(installation, "id", &out->id))
        return event_field_lacks(err, "installation.id", "a whole number");
    if (json_object(installation, "account") == NULL)
        return event_field_lacks(err, "installation.account", "an object");
    if (json_get(root, "repository") != NULL)
        return event_field_lacks(err, "repository", "nothing: this event has none");
    return 0;
}

int event_hook_read_installation(const struct cJSON *root, const char *action,
                                 struct event_hook *out, struct err *err)
{
    int rc = read_own(root, out, err);

    if (rc == 0 && json_get(root, "repositories_removed") != NULL)
        rc = event_field_lacks(err, "repositories_removed", "nothing: this event has none");
    out->state = strcmp(action, "deleted") == 0   ? EVENT_HOOK_REMOVED
                 : strcmp(action, "suspend") == 0 ? EVENT_HOOK_SUSPENDED
                                                  : EVENT_HOOK_PRESENT;
    return rc;
}

int event_hook_read_repositories(struct arena *arena, const struct cJSON *root, const char *action,
                                 struct event_hook *out, struct err *err)
{
    bool removed = strcmp(action, "removed") == 0;
    const struct cJSON *list =
        json_array(root, removed ? "repositories_removed" : "repositories_added");
    struct event_repository *items;
    size_t n = json_count(list);
    int rc = read_own(root, out, err);

    if (rc < 0)
        return rc;
    if (!removed && strcmp(action, "added") != 0)
        return event_field_lacks(err, "action", "added or removed");
    if (list == NULL || n > REPOSITORIES_MAX)
        return event_field_lacks(err, "repositories_added, repositories_removed",
                                 "lists of at most 1000");
    items = arena_array(arena, n, sizeof(*items));
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        struct event_repository r = {.name = json_str(i, "full_name")};
        if (!event_field_id(i, "id", &r.id) || r.name == NULL || !names_is_repo(r.name))
            return event_field_lacks(err, "repositories[]", "objects with id and full_name");
        r.name = arena_str(arena, r.name);
        items[out->n_repositories++] = r;
    }
    out->repositories = items;
    out->state = removed ? EVENT_HOOK_REMOVED : EVENT_HOOK_PRESENT;
    return 0;
}
