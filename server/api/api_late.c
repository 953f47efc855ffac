#include "server/api/api_late.h"

#include "lib/base/arena.h"
#include "lib/model/messages.h"
#include "server/api/api_verdict.h"
#include "server/flow/catch_up.h"
#include "server/flow/outlook.h"

const char *api_late_text(struct api_view *view, const struct outlook *o,
                          const struct catch_up_host *late)
{
    struct arena *arena = view->request->arena;
    const struct release_plan *plan = &o->plan;
    const struct message_value values[] = {
        {"who", late->name},
        {"what", arena_printf(arena, "r%lld", (long long)o->live.release_number)},
        {"n", arena_printf(arena, "%d", late->n_failed)},
        {"why", plan->late_verdict.n_causes > 0
                    ? api_verdict_text(view, &plan->late_verdict.causes[0])
                    : NULL},
    };
    const char *key = arena_printf(arena, "late.%s", late_keys[late->why]);

    if (late->why == LATE_NOW && plan->late != PLAN_LATE_GOES)
        key = arena_printf(arena, "late.%s", release_plan_late[plan->late]);
    else if (late->why == LATE_NOW && plan->late_verdict.n_causes > 0)
        key = "late.bound";
    return messages_fill(arena, view->language, key, values, 4);
}

void api_late_add(struct json_out *out, struct api_view *view, const struct api_environment *env)
{
    const struct outlook *o = env->outlook;

    json_begin_array(out, "late");
    for (size_t i = 0; o != NULL && i < o->n_late; i++) {
        json_begin_object(out, NULL);
        json_add_str(out, "host", o->late[i].name);
        json_add_str(out, "state", late_keys[o->late[i].why]);
        json_add_str(out, "text", api_late_text(view, o, &o->late[i]));
        json_end_object(out);
    }
    json_end_array(out);
}
