/* cancel: see cancel.h. */
#include "agent/cancel.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/command_folder.h"
#include "agent/report.h"
#include "lib/base/arena.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/ssm/message_cancel.h"

#define FILE_NAME "cancel"
#define GONE_MS 20 /* between two looks whether a group is gone */

bool cancel_is_asked(struct arena *arena, const char *folder)
{
    return access(arena_printf(arena, "%s/" FILE_NAME, folder), F_OK) == 0;
}

/* The message ------------------------------------------------------------------------------------ */

static void acknowledge(struct agent *agent, struct httpc *httpc, const char *message_id)
{
    struct httpc_answer answer = {.status = 0};
    struct err err = ERR_INIT;
    char body[128];

    snprintf(body, sizeof(body), "{\"MessageId\":\"%s\"}", message_id);
    if (session_call(agent->session, httpc, SESSION_ACKNOWLEDGE, body, &answer, &err) < 0)
        log_warning("cancel.not-acknowledged", "message=%s err=%s", LOG(message_id), LOG(err.text));
    httpc_answer_deinit(&answer);
}

/* Each leaves a line for a month, and no order of the server's stands behind it. What is over it waits at the door. */
static bool has_room(struct agent *agent)
{
    bool is_full = agent_journal_cancel_room(agent->journal, clock_now(agent->clock)) < 1;

    if (is_full && !agent->cancels_wait)
        log_error("cancels.limit-reached", "host=%s err=%s", agent->config->host_id,
                  LOG("this host was told to end so many commands that never came here that it "
                      "writes no more of them down; they wait at the door. Look who sends them"));
    else if (!is_full && agent->cancels_wait)
        log_notice("cancels.limit-over", "host=%s", agent->config->host_id);
    agent->cancels_wait = is_full;
    return !is_full;
}

/* It never came, and if it still does it is known. */
static int never(struct agent *agent, const char *command_id, struct err *err)
{
    static const char *const why = "cancelled before it began";
    const struct agent_journal_record record = {.kind = AGENT_JOURNAL_DECLINED,
                                                .command_id = command_id,
                                                .why = why};
    int rc = agent_journal_add(agent->journal, &record, clock_now(agent->clock), err);

    if (rc == 0)
        report_watch(agent->report, command_id, REPORT_DECLINED, why);
    else
        agent_fail(agent, err);
    return rc;
}

static int write_file(struct agent *agent, struct arena *arena, const char *command_id,
                      struct err *err)
{
    const char *folder = command_folder_path(arena, agent->state, command_id);

    return file_write_atomic(arena_printf(arena, "%s/" FILE_NAME, folder), "", 0, 0600, err);
}

/* 0: it needs no more words. */
static int take(struct agent *agent, struct arena *arena, const char *command_id, struct err *err)
{
    struct agent_journal_entry entry;

    if (!agent_journal_find(agent->journal, command_id, &entry))
        return has_room(agent) ? never(agent, command_id, err)
                               : err_set(err, ERR_BUSY, "too many of those that never came");
    switch (entry.kind) {
    case AGENT_JOURNAL_ACCEPTED:
    case AGENT_JOURNAL_ASKING:
    case AGENT_JOURNAL_STARTED:
        return write_file(agent, arena, command_id, err);
    default: /* it has ended, or nobody here runs it: what is known of it is told already */
        return 0;
    }
}

bool cancel_message(struct agent *agent, struct httpc *httpc, const struct message *message)
{
    char command_id[37], host_id[21];
    struct err err = ERR_INIT;
    struct arena arena;
    int rc;

    arena_init(&arena);
    rc =
        message_cancel_parse(message->payload, strlen(message->payload), command_id, host_id, &err);
    if (rc == 0 && strcmp(host_id, agent->config->host_id) != 0)
        rc = err_set(&err, ERR_DENIED, "it is for host %s, this is %s", host_id,
                     agent->config->host_id);
    if (rc < 0) {
        log_error("cancel.refused", "message=%s err=%s", LOG(message->id), LOG(err.text));
        acknowledge(agent, httpc, message->id); /* it is as odd the next time */
    } else if (take(agent, &arena, command_id, &err) == 0) {
        log_notice("command.cancel", "command=%s", command_id);
        acknowledge(agent, httpc, message->id);
    } else if (err.code != ERR_BUSY) { /* that was said, once for all of them */
        log_error("cancel.waits", "command=%s err=%s", command_id, LOG(err.text));
    }
    arena_deinit(&arena);
    return err.code != ERR_BUSY;
}

/* The supervisor's side -------------------------------------------------------------------------- */

void cancel_watch_open(struct cancel_watch *watch, struct arena *arena, const char *folder)
{
    *watch = (struct cancel_watch){.path = arena_printf(arena, "%s/" FILE_NAME, folder)};
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->fd >= 0 && inotify_add_watch(watch->fd, folder, IN_CREATE | IN_MOVED_TO) < 0)
        cancel_watch_close(watch);
}

void cancel_watch_close(struct cancel_watch *watch)
{
    if (watch->fd >= 0)
        close(watch->fd);
    watch->fd = -1;
}

bool cancel_watch_asked(struct cancel_watch *watch)
{
    char events[4096];

    while (watch->fd >= 0 && read(watch->fd, events, sizeof(events)) > 0)
        ;
    if (!watch->asked)
        watch->asked = access(watch->path, F_OK) == 0;
    return watch->asked;
}

void cancel_wait_gone(int64_t pgid)
{
    while (kill(-(pid_t)pgid, 0) == 0 || errno == EPERM) {
        while (waitpid(-(pid_t)pgid, NULL, WNOHANG) > 0) /* orphans that became ours */
            ;
        (void)poll(NULL, 0, GONE_MS);
    }
}
