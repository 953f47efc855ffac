#include "tests/support/scenario_choices.h"

#include "lib/store/store_cancel.h"
#include "lib/store/store_deployment.h"

int scenario_cancelled(struct db *db, const struct scenario_line *l, struct err *err)
{
    const struct cancel cancel = {.actor = l->args[1].text,
                                  .reason = l->args[2].text,
                                  .cause = arena_printf(&l->world->arena, "cancelled by %s: %s",
                                                        l->args[1].text, l->args[2].text),
                                  .at = l->world->clock.now};
    struct deployment open;
    bool ended;
    int rc = scenario_world_deployment(l->world, l->args[0].environment, &open, err);

    return rc < 0 ? rc : store_cancel_deployment(db, &open, &cancel, &ended, err);
}
