/* An announcement that is taken is within its limits and names two keys, and none that was not signed is verified; a list
 * of them is bounded. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/ssm/announcement.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct announcement_signed s = {.signature = "YQ=="}, *items;
    struct announcement a;
    struct err err = ERR_INIT;
    struct cJSON *json = NULL;
    struct arena arena;
    size_t n_items = 0;

    arena_init(&arena);
    s.text = arena_strn(&arena, (const char *)bytes, n);
    if (announcement_parse(&arena, s.text, &a, &err) == 0) {
        assert(strlen(s.text) <= ANNOUNCEMENT_MAX && names_is_uuid(a.store_id) && a.number >= 2);
        assert(memcmp(a.key, a.next_key, sizeof(a.key)) != 0);
        assert(announcement_verify(&a, &s, &err) == ERR_DENIED);
    }
    if (json_parse((const char *)bytes, n, NULL, &json, &err) == 0 &&
        announcement_list(&arena, json, "Announcements", &items, &n_items, &err) == 0)
        assert(n_items <= ANNOUNCEMENTS_MAX);
    json_free(json);
    arena_deinit(&arena);
    return 0;
}
