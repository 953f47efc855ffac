/* InstanceIds and Targets of a SendCommand: what is taken without a word is within the limits of the wire. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "server/api/door_targets.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    struct request request = {.arena = &arena};
    struct door_call call = {.request = &request};
    struct door_targets targets;
    struct err err = ERR_INIT;
    struct door_shape shape;

    arena_init(&arena);
    if (json_parse((const char *)bytes, n, NULL, &call.json, &err) == 0) {
        door_shape_init(&shape, &call);
        door_targets_read(&shape, &targets);
        if (door_shape_is_well(&shape)) {
            assert(targets.n_ids <= 50 && targets.n_entries <= DOOR_TARGETS_MAX);
            for (size_t i = 0; i < targets.n_ids; i++)
                assert(door_shape_is_instance(targets.ids[i]));
            for (size_t i = 0; i < targets.n_entries; i++)
                assert(targets.entries[i].key != NULL && targets.entries[i].n <= 50);
            (void)door_targets_twice(&targets);
        }
        json_free(call.json);
    }
    arena_deinit(&arena);
    return 0;
}
