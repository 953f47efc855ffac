/* A configuration: any bytes are read, or refused with a place; what is accepted has a digest. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/config/config_read.h"
#include "lib/config/problems.h"
#include "lib/model/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems problems;
    struct config *config = NULL;
    struct err err = ERR_INIT;
    struct arena arena;

    if (size > 64 * 1024)
        return 0;
    arena_init(&arena);
    problems_init(&problems, &arena);
    if (config_read_bytes((const char *)data, size, "/nonexistent", &config, &problems, &err) ==
        0) {
        assert(problems.n_errors == 0);
        assert(config->text[0] == '{' && config->read_text == config->text);
        config_free(config);
    } else {
        assert(problems.n_errors > 0 && err.text[0] != '\0');
        for (size_t i = 0; i < problems.n; i++)
            assert(problems.items[i].text[0] != '\0' && problems.items[i].line >= 0);
    }
    arena_deinit(&arena);
    return 0;
}
