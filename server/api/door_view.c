/* door_view: see door_view.h. */
#include "server/api/door_view.h"

#include <string.h>

#include "lib/ssm/output_cut.h"
#include "lib/store/store_command.h"
#include "lib/store/store_door_command.h"
#include "lib/store/store_output.h"

#define CHARACTER_MAX 4 /* bytes */

int door_view_load(struct db *db, struct arena *arena, const char *command_id, const char *host_id,
                   struct door_view *ret_view, struct err *err)
{
    struct door_view v = {.n_steps = 0};
    int rc = store_command_invocation(db, arena, command_id, host_id, &v.invocation, err);

    if (rc == 0)
        rc = store_command_steps(db, arena, command_id, host_id, &v.steps, &v.n_steps, err);
    if (rc == 0)
        *ret_view = v;
    return rc;
}

int door_view_content(struct db *db, struct arena *arena, const char *command_id,
                      struct content *ret_content, struct err *err)
{
    enum content_flaw flaw;
    const char *text;
    int rc = store_door_command_content(db, arena, command_id, &text, err);

    return rc < 0 ? rc : content_parse(arena, text, strlen(text), ret_content, &flaw, err);
}

const struct step *door_view_step(const struct door_view *v, int number)
{
    for (size_t i = 0; i < v->n_steps; i++)
        if (v->steps[i].number == number)
            return &v->steps[i];
    return NULL;
}

static bool has_ended(const struct step *s)
{
    return s != NULL && s->status != STEP_PENDING && s->status != STEP_IN_PROGRESS;
}

const struct step *door_view_end(const struct step *s)
{
    static const struct step not_ended = {.exit_code = -1};

    return has_ended(s) ? s : &not_ended;
}

/* Agents tell of a step when it has ended. So the first one that has not is what runs; those behind it wait. */
static bool is_its_turn(const struct door_view *v, int number)
{
    for (int i = 0; i < number; i++)
        if (!has_ended(door_view_step(v, i)))
            return false;
    return true;
}

struct door_status door_view_status(const struct door_view *v, int number, time_ms now)
{
    const struct step *s = door_view_step(v, number);
    struct door_status whole = door_status_of(&v->invocation, now);

    if (has_ended(s))
        return door_status_of_step(s->status);
    if (invocation_has_ended(v->invocation.status))
        return whole;
    if (s != NULL ? s->status == STEP_IN_PROGRESS : is_its_turn(v, number))
        return whole; /* Delayed, InProgress, Cancelling: what is said of the whole is of this one */
    return door_status_of_step(STEP_PENDING);
}

/* What slipway-agent printed of it to one stream, which it sends in chunks: their beginning is enough. */
static int stream_of(struct db *db, struct arena *arena, const struct door_view *v,
                     const char *step, bool error_stream, size_t characters, const char **ret_text,
                     struct err *err)
{
    const struct output_of_step which = {.command_id = v->invocation.command_id,
                                         .host_id = v->invocation.host_id,
                                         .step = step,
                                         .error_stream = error_stream};
    const char *bytes;
    size_t len;
    int rc = store_output_of_step(db, arena, &which, characters * CHARACTER_MAX, &bytes, &len, err);

    if (rc == 0)
        *ret_text = output_cut(arena, bytes, len, characters);
    return rc;
}

int door_view_output(struct db *db, struct arena *arena, const struct door_view *v, int number,
                     const char *step, const char **ret_out, const char **ret_err, struct err *err)
{
    int rc = store_door_command_output_of(db, arena, v->invocation.command_id,
                                          v->invocation.host_id, number, ret_out, ret_err, err);

    if (rc < 0 || **ret_out != '\0' || **ret_err != '\0')
        return rc;
    rc = stream_of(db, arena, v, step, false, OUTPUT_CUT_OUT, ret_out, err);
    return rc < 0 ? rc : stream_of(db, arena, v, step, true, OUTPUT_CUT_ERR, ret_err, err);
}
