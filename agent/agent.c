/* agent: see agent.h. */
#include "agent/agent.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/log.h"

#define SLICE_MS 250

void agent_fail(struct agent *agent, const struct err *err)
{
    if (!atomic_exchange(&agent->failed, true))
        log_error("agent.failed", "err=%s", LOG(err->text));
    atomic_store(agent->stop, true);
}

int agent_read_boot_id(struct agent *agent, struct err *err)
{
    char *text = NULL;
    size_t len;
    int rc = file_read_all("/proc/sys/kernel/random/boot_id", 64, &text, &len, err);

    if (rc == 0) {
        text[strcspn(text, "\n")] = '\0';
        if (!names_is_uuid(text))
            rc = err_set(err, ERR_INTERNAL, "the kernel's boot id is odd");
        else
            memcpy(agent->boot_id, text, sizeof(agent->boot_id));
    }
    free(text);
    return rc;
}

void agent_sleep(const struct agent *agent, int64_t ms)
{
    mono_ms until = clock_mono(agent->clock) + ms;

    while (!atomic_load(agent->stop)) {
        int64_t left = until - clock_mono(agent->clock);

        if (left <= 0)
            return;
        (void)poll(NULL, 0, (int)(left < SLICE_MS ? left : SLICE_MS));
    }
}

int64_t agent_back_off(unsigned tries, int64_t first_ms, int64_t max_ms)
{
    int64_t ms = first_ms;
    uint32_t chance;

    for (unsigned i = 1; i < tries && ms < max_ms; i++)
        ms *= 2;
    ms = ms < max_ms ? ms : max_ms;
    digest_random(&chance, sizeof(chance));
    return ms / 2 + (int64_t)(chance % (uint32_t)(ms / 2 + 1));
}
