#include "server/api/examination.h"

#include <stdio.h>

#include "lib/base/arena.h"
#include "lib/calendar/zone.h"

static const char *const state_words[] = {"ok", "warn", "fail"};

void examination_say(struct examination *x, const struct finding *f)
{
    struct arena *arena = x->view->request->arena;
    enum language language = x->view->language;
    char key[64];

    json_begin_object(x->out, NULL);
    json_add_str(x->out, "name",
                 f->about != NULL ? arena_printf(arena, "%s %s", f->name, f->about) : f->name);
    json_add_str(x->out, "state", state_words[f->state]);
    (void)snprintf(key, sizeof(key), "doctor.%s.%s", f->name, state_words[f->state]);
    json_add_str(x->out, "text", messages_fill(arena, language, key, f->values, f->n_values));
    (void)snprintf(key, sizeof(key), "doctor.%s.fix", f->name);
    json_add_str(x->out, "fix",
                 f->state == CHECK_OK
                     ? NULL
                     : messages_fill(arena, language, key, f->values, f->n_values));
    json_end_object(x->out);
}

const char *examination_number(struct examination *x, int64_t n)
{
    return arena_printf(x->view->request->arena, "%lld", (long long)n);
}

const char *examination_when(struct examination *x, time_ms at)
{
    const struct zone *zone;
    char text[ZONE_TEXT_SIZE] = "-";

    if (at != 0 && zone_open(x->view->config->timezone, &zone, NULL) == 0)
        zone_text(zone, at, x->view->language, text);
    return arena_str(x->view->request->arena, text);
}
