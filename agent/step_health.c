/* step_health: see step_health.h. */
#include "agent/step_health.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/httpc/httpc.h"

#define BETWEEN_MS 1000
#define ONE_TRY_MS 5000
#define EXIT_CANCELLED 137 /* as if it had been killed (ssm-wire.md 13) */

static void tell(const struct step_run *run, bool error_stream, const char *text)
{
    output_writer_add(run->output, run->number, error_stream, text, strlen(text),
                      clock_now(run->clock));
    output_writer_flush(run->output);
}

/* One try; 0 = it is well. `said` keeps what was told last, to say only what is new. */
static int try_http(struct httpc *httpc, const struct document_step *step,
                    const struct step_run *run, mono_ms end_at, char said[1024])
{
    int64_t left = end_at - clock_mono(run->clock);
    struct err err = ERR_INIT;
    int rc =
        httpc_health(httpc, step->http, step->expect, left < ONE_TRY_MS ? left : ONE_TRY_MS, &err);
    char line[1100];

    if (rc < 0 && !str_eq(said, err.text)) {
        snprintf(said, 1024, "%s", err.text);
        snprintf(line, sizeof(line), "%s\n", err.text);
        tell(run, true, line);
    }
    return rc;
}

static int try_script(const struct step_run *run, mono_ms end_at, struct step_end *end, int *ret_rc,
                      struct err *err)
{
    struct step_run once = *run;

    if (run->lock_fds[0] < 0) /* beside a database only `kill-after` kills, which stands there */
        once.end_at = end_at;
    *ret_rc = step_run_script(&once, end, err);
    return end->status == STEP_SUCCESS ? 0 : ERR_CONFLICT;
}

/* `kill-after` of a migrate job came meanwhile. */
static bool is_over(const struct step_run *run, const struct step_end *end)
{
    return run->lock_fds[0] >= 0 && end->status == STEP_TIMED_OUT;
}

/* The next try, or a cancel. */
static void wait_between(const struct step_run *run, int64_t ms)
{
    struct pollfd p = {.fd = run->cancel->fd, .events = POLLIN};

    (void)poll(&p, 1, (int)ms);
}

int step_health_wait(const struct document_step *step, const struct step_run *run,
                     struct step_end *ret_end, struct err *err)
{
    mono_ms end_at = clock_mono(run->clock) + step->within_s * 1000;
    struct httpc *httpc = step->http != NULL ? httpc_new() : NULL;
    char said[1024] = "", line[1100];
    struct step_end end = {STEP_FAILED, -1};
    bool is_well = false;
    int rc = 0;

    while (!is_well && rc == 0 && !is_over(run, &end) && clock_mono(run->clock) < end_at &&
           !cancel_watch_asked(run->cancel)) {
        int64_t left;

        is_well = (httpc != NULL ? try_http(httpc, step, run, end_at, said)
                                 : try_script(run, end_at, &end, &rc, err)) == 0;
        left = end_at - clock_mono(run->clock);
        if (!is_well && left > 0 && !is_over(run, &end))
            wait_between(run, left < BETWEEN_MS ? left : BETWEEN_MS);
    }
    httpc_free(httpc);
    if (rc < 0)
        return rc;
    if (!is_well && cancel_watch_asked(run->cancel)) {
        *ret_end = (struct step_end){STEP_CANCELLED, EXIT_CANCELLED};
        return 0;
    }
    if (is_over(run, &end)) {
        *ret_end = end;
        return 0;
    }
    if (!is_well)
        snprintf(line, sizeof(line), "not well within %lld s\n", (long long)step->within_s);
    else if (step->http != NULL)
        snprintf(line, sizeof(line), "%.900s answered %lld\n", step->http, (long long)step->expect);
    else
        snprintf(line, sizeof(line), "it is well\n");
    tell(run, !is_well, line);
    *ret_end = (struct step_end){is_well ? STEP_SUCCESS : STEP_FAILED, is_well ? 0 : 1};
    return 0;
}
