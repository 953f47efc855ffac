/* poll: see poll.h. */
#include "agent/poll.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "agent/cancel.h"
#include "agent/observe.h"
#include "agent/platform.h"
#include "agent/report.h"
#include "agent/run.h"
#include "agent/tidy.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/ssm/message.h"

#define VISIBILITY_S 10 /* in that time a message is acknowledged, or it comes again */
#define BACK_OFF_MS 1000
#define BACK_OFF_MAX_MS 30000
#define QUICK_MS 1000 /* an empty answer in less is no long poll: wait as Amazon's agent does */
#define QUICK_WAIT_MS 2000
#define NO_ROOM_MS                                                                                 \
    250 /* ... one without room is short: the place that is free next is taken soon */
#define STRANGER_MS 60000 /* the door does not know us, or is another's */
#define MESSAGES 4 /* that come at once: so much room there must be, or one would have none */
#define TIDY_EVERY_MS 3600000

struct polling {
    struct agent *agent;
    struct httpc *httpc;
    struct arena arena; /* of one round */
    mono_ms observe_at; /* 0 = before anything else */
    mono_ms tidy_at;
    unsigned tries;  /* that failed, one after the other */
    bool is_limited; /* this host has taken what it may, and that was said */
};

/* Sign of life ----------------------------------------------------------------------------------- */

static int tell_alive(struct polling *p, struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    const char *platform, *version;
    struct utsname system;
    struct json_out out;
    struct buf body;
    int rc;

    if (uname(&system) < 0)
        memset(&system, 0, sizeof(system));
    platform_read(&p->arena, &platform, &version);
    buf_init(&body, 4096);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_add_str(&out, "AgentName", "slipway-agent");
    json_add_str(&out, "AgentStatus", "Active");
    json_add_str(&out, "AgentVersion", SLIPWAY_VERSION);
    json_add_str(&out, "ComputerName", system.nodename);
    json_add_str(&out, "InstanceId", p->agent->config->host_id);
    json_add_str(&out, "PlatformName", platform);
    json_add_str(&out, "PlatformType", "Linux");
    json_add_str(&out, "PlatformVersion", version);
    json_end_object(&out);
    rc = session_call(p->agent->session, p->httpc, SESSION_UPDATE_INFORMATION, buf_str(&body),
                      &answer, err);
    httpc_answer_deinit(&answer);
    buf_deinit(&body);
    return rc;
}

/* What is true here, before anything is asked for, and from time to time. */
static int tell(struct polling *p, struct err *err)
{
    mono_ms now = clock_mono(p->agent->clock);
    bool first = p->observe_at == 0;
    int rc;

    if (!first && now < p->observe_at)
        return 0;
    rc = observe_tell(p->agent, p->httpc, err);
    if (rc == 0)
        rc = tell_alive(p, err);
    if (rc < 0)
        return rc;
    if (first)
        log_notice("agent.heard", "host=%s url=%s", p->agent->config->host_id,
                   LOG(p->agent->config->url));
    p->observe_at =
        now + OBSERVE_EVERY_MS / 2 + agent_back_off(1, OBSERVE_EVERY_MS / 2, OBSERVE_EVERY_MS / 2);
    return 0;
}

/* Commands --------------------------------------------------------------------------------------- */

/* Within the limit? What the door still holds waits there, as it does while five run (T37). */
static bool is_within(const struct polling *p, int64_t wanted)
{
    return agent_journal_room(p->agent->journal, clock_now(p->agent->clock)) >= wanted;
}

static bool has_place(const struct polling *p)
{
    return report_running(p->agent->report) < RUN_MAX;
}

static void say_limit(struct polling *p, bool is_limited)
{
    const struct agent_config *config = p->agent->config;

    if (is_limited && !p->is_limited)
        log_error("limit.reached", "host=%s limit=%s err=%s", config->host_id,
                  LOG(config->limit_text),
                  LOG("this host took as many commands as `limit` in " AGENT_CONFIG_FILE
                      " allows; what comes now waits at the door. Look who sends them; if all of "
                      "it is wanted, raise the limit and start the agent again"));
    else if (!is_limited && p->is_limited)
        log_notice("limit.over", "host=%s", config->host_id);
    p->is_limited = is_limited;
}

static bool has_room(struct polling *p)
{
    say_limit(p, !is_within(p, MESSAGES));
    return !p->is_limited && has_place(p);
}

static int ask(struct polling *p, bool room, struct message **ret_messages, size_t *ret_n,
               struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    char request_id[NAMES_UUID_SIZE], body[256];
    int rc;

    names_uuid_new(request_id);
    /* Without room it is asked only whether something that runs is to end. */
    snprintf(body, sizeof(body),
             "{\"Destination\":\"%s\",\"MessagesRequestId\":\"%s\","
             "\"VisibilityTimeoutInSeconds\":%d%s}",
             p->agent->config->host_id, request_id, VISIBILITY_S, room ? "" : ",\"SlipwayRoom\":0");
    rc = session_call(p->agent->session, p->httpc, SESSION_GET_MESSAGES, body, &answer, err);
    if (rc == 0)
        rc =
            message_answer_parse(&p->arena, answer.body, answer.body_len, ret_messages, ret_n, err);
    httpc_answer_deinit(&answer);
    return rc;
}

/* How many of them were taken. */
static size_t take(struct polling *p, const struct message *messages, size_t n)
{
    struct agent *agent = p->agent;
    size_t taken = 0;

    for (size_t i = 0; i < n && !atomic_load(agent->stop); i++) {
        if (str_starts(messages[i].topic, MESSAGE_TOPIC_CANCEL)) {
            taken += cancel_message(agent, p->httpc, &messages[i]);
        } else { /* what finds no room is not acknowledged, so it comes again */
            taken += run_message(agent, p->httpc, &messages[i], has_place(p) && is_within(p, 1));
        }
    }
    return taken;
}

static int poll_once(struct polling *p, struct err *err)
{
    struct agent *agent = p->agent;
    mono_ms began = clock_mono(agent->clock);
    bool had_room = has_room(p), is_limited = p->is_limited;
    struct message *messages = NULL;
    size_t n = 0;
    int rc = ask(p, had_room, &messages, &n, err);

    if (rc < 0)
        return rc;
    n = take(p, messages, n);
    if (n == 0 && clock_mono(agent->clock) - began < QUICK_MS)
        agent_sleep(agent,
                    had_room || is_limited
                        ? QUICK_WAIT_MS + agent_back_off(1, QUICK_WAIT_MS / 4, QUICK_WAIT_MS / 4)
                        : NO_ROOM_MS);
    return 0;
}

/* Room on the disk ------------------------------------------------------------------------------- */

static void tidy(struct polling *p)
{
    mono_ms now = clock_mono(p->agent->clock);

    if (p->tidy_at != 0 && now < p->tidy_at)
        return;
    p->tidy_at = now + TIDY_EVERY_MS;
    tidy_disk(p->agent, &p->arena);
}

/* The loop --------------------------------------------------------------------------------------- */

static void back_off(struct polling *p, int rc, const struct err *err)
{
    int64_t ms = agent_back_off(++p->tries, BACK_OFF_MS, BACK_OFF_MAX_MS);

    if (rc == ERR_DENIED)
        ms = agent_back_off(1, STRANGER_MS, STRANGER_MS);
    if (p->tries == 1 || rc == ERR_DENIED)
        log_warning("poll.waits", "ms=%lld err=%s", (long long)ms, LOG(err->text));
    /* Whoever answered so may be a server that was started anew: say again what is true here. */
    p->observe_at = 0;
    agent_sleep(p->agent, ms);
}

void poll_run(struct agent *agent)
{
    struct polling p = {.agent = agent, .httpc = httpc_new()};

    arena_init(&p.arena);
    while (!atomic_load(agent->stop)) {
        struct err err = ERR_INIT;
        int rc;

        arena_reset(&p.arena);
        rc = tell(&p, &err);
        if (rc == 0)
            tidy(&p);
        if (rc == 0 && !atomic_load(agent->stop))
            rc = poll_once(&p, &err);
        if (rc == 0)
            p.tries = 0;
        else if (!atomic_load(agent->stop))
            back_off(&p, rc, &err);
    }
    arena_deinit(&p.arena);
    httpc_free(p.httpc);
}
