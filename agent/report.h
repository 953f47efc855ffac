/*
 * report: reads behind the supervisors and tells the door, until the door has acknowledged it.
 *
 * A thread of its own with a connection of its own. Per command, in this order: that it was started; what
 * it prints, within 200 ms; each step that has ended; a heartbeat every 15 s; its end, once all it printed
 * is told; then the record `reported`. What cannot be told now is told later. It also finds out when a
 * supervisor is gone without an end: then the outcome is unknown, and that is told.
 */
#ifndef SLIPWAY_AGENT_REPORT_H
#define SLIPWAY_AGENT_REPORT_H

#include <stddef.h>

#include "agent/agent.h"
#include "lib/base/err.h"
#include "lib/ssm/message_reply.h"

/* Between two looks at what a supervisor wrote: with its OUTPUT_JOIN_MS and what follows on the way, output is seen within
 * 200 ms. */
#define REPORT_TICK_MS 50

enum report_stage {
    REPORT_RUNNING,  /* a supervisor has it, or had: its folder tells */
    REPORT_UNKNOWN,  /* its end cannot be proven; should it come nevertheless, it is told too */
    REPORT_DECLINED, /* will never run */
};

struct report *report_new(struct agent *agent);
int report_start(struct report *report, struct err *err);
/* Ends the thread; what is not told yet is told after the next start. */
void report_stop(struct report *report);
void report_free(struct report *report);

/* From here on it is this one's to tell. `why` for people, "" = none. Nothing happens if it is watched
 * already. Any thread. */
void report_watch(struct report *report, const char *command_id, enum report_stage stage,
                  const char *why);

/* How many commands run now. Any thread. */
size_t report_running(struct report *report);

#endif
