/* A document that is taken is within its limits; its parameters, and what stands for their values, change nothing. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/ssm/content.h"
#include "lib/ssm/content_shell.h"
#include "lib/ssm/content_steps.h"
#include "lib/ssm/content_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct content content;
    struct document document;
    enum content_flaw flaw = CONTENT_FLAW_OTHER;
    struct err err = ERR_INIT;
    struct arena arena;

    arena_init(&arena);
    if (content_parse(&arena, (const char *)bytes, n, &content, &flaw, &err) == 0) {
        const char *text = arena_strn(&arena, (const char *)bytes, n);

        assert(content.n_steps > 0 && content.n_steps <= CONTENT_STEPS_MAX);
        assert(content.n_parameters <= CONTENT_PARAMETERS_MAX);
        for (size_t i = 0; i < content.n_steps; i++)
            assert(content_step_number(&content, content.steps[i].name) >= 0);
        assert(content_timeout_s(&content, NULL) >=
               (int64_t)content.n_steps * CONTENT_TIMEOUT_MIN_S);
        (void)content_unguarded(&content);
        (void)content_shell_is_free(text);
        (void)content_types_check(text, n, &err);
        (void)content_steps_refuse(&arena, &content);
        if (content_steps_make(&arena, text, n, "{}", &document, &err) == 0)
            assert(document.n_steps == content.n_steps);
    } else {
        assert(err.text[0] != '\0');
    }
    arena_deinit(&arena);
    return 0;
}
