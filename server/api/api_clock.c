#include "server/api/api_clock.h"

#include <stdlib.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/calendar/zone.h"
#include "lib/store/store_config.h"
#include "server/api/api_shape.h"
#include "server/flow/clockwatch.h"

#define TOLD_MS INT64_C(86400000)

static int load(const struct api_view *view, struct api_clock *clock, struct err *err)
{
    time_ms forward = 0, back = 0;
    int rc = store_watermark(view->db, CLOCKWATCH_MARK, &clock->at, err);

    if (rc == 0)
        rc = store_watermark(view->db, CLOCKWATCH_FORWARD, &forward, err);
    if (rc == 0)
        rc = store_watermark(view->db, CLOCKWATCH_BACK, &back, err);
    if (clock->at != 0 && view->now - clock->at >= TOLD_MS)
        clock->at = 0;
    clock->by_ms = forward - back;
    return rc;
}

static const char *sentence(const struct api_view *view, const struct api_clock *clock)
{
    struct arena *arena = view->request->arena;
    int64_t seconds = llabs((long long)clock->by_ms) / 1000;
    size_t n = 0;
    for (size_t i = 0; i < view->config->n_repos; i++)
        n += view->config->repos[i].n_environments;
    const struct message_value values[] = {
        {"time", arena_printf(arena, "%lld:%02lld:%02lld", (long long)(seconds / 3600),
                              (long long)(seconds / 60 % 60), (long long)(seconds % 60))},
        {"when", clock->when},
        {"n", arena_printf(arena, "%zu", n)},
    };

    return messages_fill(arena, view->language, clock->by_ms < 0 ? "clock.back" : "clock.forward",
                         values, 3);
}

int api_clock_load(const struct api_view *view, struct api_clock *ret_clock, struct err *err)
{
    char when[ZONE_TEXT_SIZE] = "";
    const struct zone *zone;
    int rc;

    *ret_clock = (struct api_clock){.when = ""};
    rc = load(view, ret_clock, err);
    if (rc < 0 || ret_clock->at == 0)
        return rc;
    if (zone_open(view->config->timezone, &zone, NULL) == 0)
        zone_text(zone, ret_clock->at, view->language, when);
    ret_clock->when = arena_str(view->request->arena, when);
    ret_clock->text = sentence(view, ret_clock);
    return 0;
}

void api_clock_shape(struct json_out *out, const char *key, const struct api_clock *clock)
{
    if (clock->at == 0) {
        json_add_null(out, key);
        return;
    }
    json_begin_object(out, key);
    json_add_time(out, "at", clock->at);
    json_add_int(out, "seconds", clock->by_ms / 1000);
    json_add_str(out, "text", clock->text);
    json_end_object(out);
}
