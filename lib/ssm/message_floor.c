/* message_floor: see message_floor.h. */
#include "lib/ssm/message_floor.h"

#include <string.h>

#include "lib/base/names.h"
#include "lib/base/str.h"

#define DATABASE_MAX 400
#define EPOCH_MAX (INT64_C(1) << 52)

void message_floor_add(struct json_out *out, const struct message_floor *floors, size_t n)
{
    if (n == 0)
        return;
    json_begin_array(out, "Floors");
    for (size_t i = 0; i < n && i < MESSAGE_FLOORS_MAX; i++) {
        json_begin_object(out, NULL);
        json_add_str(out, "Database", floors[i].database);
        json_add_int(out, "Epoch", floors[i].epoch);
        json_add_str(out, "CommandId", floors[i].command_id);
        json_end_object(out);
    }
    json_end_array(out);
}

int message_floor_take(struct arena *arena, const struct cJSON *json,
                       struct message_floor **ret_floors, size_t *ret_n, struct err *err)
{
    const struct cJSON *array = json_array(json, "Floors");
    struct message_floor *floors;
    size_t n = 0;

    if (json_count(array) > MESSAGE_FLOORS_MAX)
        return err_set(err, ERR_INVALID, "over %d floors", MESSAGE_FLOORS_MAX);
    floors = arena_array(arena, json_count(array), sizeof(*floors));
    for (const struct cJSON *i = json_first(array); i != NULL; i = json_next(i)) {
        const char *database = json_str(i, "Database"), *command = json_str(i, "CommandId");
        struct message_floor *f = &floors[n++];

        if (database == NULL || *database == '\0' || strlen(database) > DATABASE_MAX ||
            !names_is_uuid(command) || !json_int(i, "Epoch", &f->epoch) || f->epoch < 1 ||
            f->epoch > EPOCH_MAX)
            return err_set(err, ERR_INVALID, "a floor is odd");
        f->database = str_clean(arena, database, strlen(database), DATABASE_MAX);
        f->command_id = arena_str(arena, command);
    }
    *ret_floors = floors;
    *ret_n = n;
    return 0;
}
