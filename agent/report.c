/* report: see report.h. */
#include "agent/report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "agent/command_folder.h"
#include "agent/outcome.h"
#include "agent/output.h"
#include "agent/word.h"
#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/ssm/message_output.h"

#define IDLE_MS 60000 /* nothing is watched */
#define PROBE_MS 1000 /* between two looks whether a supervisor still lives */
#define BATCHES 8     /* of output, before other commands have their turn */
#define BACK_OFF_MS 1000
#define BACK_OFF_MAX_MS 30000

struct watched {
    struct watched *next;
    char id[NAMES_UUID_SIZE];
    enum report_stage stage;
    struct arena arena; /* order, why, folder: as long as it is watched */
    const char *folder;
    const char *why;
    struct command_order order;
    bool has_order; /* false: its folder cannot be read, there is only its end to tell */

    struct output_reader reader;
    bool output_is_over;                  /* the door refuses it, or it is damaged */
    struct timespec seen;                 /* of the outcome that was read last */
    bool told_start;                      /* started, or unknown */
    size_t told_steps;                    /* that have ended */
    int64_t told_record;                  /* record number that went with the word `unknown` */
    char reply_id[NAMES_UUID_SIZE];       /* of the reply that is tried; "" = none */
    enum message_reply_state reply_state; /* what that one says */
    size_t reply_steps;
    mono_ms probe_at;
    mono_ms beat_at;
    mono_ms try_at;
    unsigned tries; /* that failed, one after the other */
    bool is_done;
};

struct report {
    struct agent *agent;
    struct httpc *httpc;
    pthread_t thread;
    bool is_started;
    pthread_mutex_t lock; /* the list and the stages; what is behind a pointer is the thread's */
    pthread_cond_t wake;
    struct watched *first;
};

/* Life ------------------------------------------------------------------------------------------ */

struct report *report_new(struct agent *agent)
{
    struct report *r = calloc(1, sizeof(*r));
    pthread_condattr_t attr;

    if (r == NULL)
        abort();
    r->agent = agent;
    r->httpc = httpc_new();
    pthread_mutex_init(&r->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->wake, &attr);
    pthread_condattr_destroy(&attr);
    return r;
}

static void watched_free(struct watched *w)
{
    arena_deinit(&w->arena);
    free(w);
}

void report_free(struct report *r)
{
    struct watched *w, *next;

    if (r == NULL)
        return;
    for (w = r->first; w != NULL; w = next) {
        next = w->next;
        watched_free(w);
    }
    httpc_free(r->httpc);
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

void report_watch(struct report *r, const char *command_id, enum report_stage stage,
                  const char *why)
{
    struct watched *w = calloc(1, sizeof(*w));
    struct err err = ERR_INIT;

    if (w == NULL)
        abort();
    arena_init(&w->arena);
    snprintf(w->id, sizeof(w->id), "%s", command_id);
    w->stage = stage;
    w->why = arena_str(&w->arena, why);
    w->folder = command_folder_path(&w->arena, r->agent->state, command_id);
    w->has_order = command_folder_order(&w->arena, r->agent->keys, w->folder, &w->order, &err) == 0;
    pthread_mutex_lock(&r->lock);
    for (const struct watched *other = r->first; other != NULL && w != NULL; other = other->next) {
        if (strcmp(other->id, command_id) == 0 && !other->is_done) {
            watched_free(w);
            w = NULL;
        }
    }
    if (w != NULL) {
        w->next = r->first;
        r->first = w;
    }
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

size_t report_running(struct report *r)
{
    size_t n = 0;

    pthread_mutex_lock(&r->lock);
    for (const struct watched *w = r->first; w != NULL; w = w->next)
        n += w->stage == REPORT_RUNNING && !w->is_done;
    pthread_mutex_unlock(&r->lock);
    return n;
}

/* Telling ---------------------------------------------------------------------------------------- */

/* One look at one command. */
struct look {
    struct report *report;
    struct agent *agent;
    struct watched *w;
    struct arena *arena; /* of this look */
    mono_ms now;
    bool has_end; /* `reply` is an exit record */
    bool has_reply;
    bool is_held; /* somebody runs it */
    struct message_reply reply;
};

static size_t ended_steps(const struct message_reply *reply)
{
    size_t n = 0;

    for (size_t i = 0; i < reply->n_steps; i++)
        n += reply->steps[i].status != STEP_PENDING && reply->steps[i].status != STEP_IN_PROGRESS;
    return n;
}

/* An id means one word: that of a try whose answer was lost may stand at the door, and nothing is read under it again. */
static void name_reply(struct watched *w, const struct message_reply *reply)
{
    size_t steps = ended_steps(reply);

    if (w->reply_id[0] != '\0' && w->reply_state == reply->state && w->reply_steps == steps)
        return;
    names_uuid_new(w->reply_id);
    w->reply_state = reply->state;
    w->reply_steps = steps;
}

/* A reply of this command. 0: it is acknowledged, or refused for good, which is said and ends it too. */
static int tell(struct look *l, const struct message_reply *reply, int64_t *ret_record,
                struct err *err)
{
    struct watched *w = l->w;
    int rc;

    name_reply(w, reply);
    rc = word_reply(l->agent, l->report->httpc, w->id, w->reply_id, reply, ret_record, err);
    if (rc < 0 && !session_is_later(rc)) {
        log_error("reply.refused", "command=%s state=%s err=%s", w->id,
                  message_reply_state_text(reply->state), LOG(err->text));
        rc = 0;
    }
    if (rc == 0) {
        w->reply_id[0] = '\0';
        w->beat_at = l->now + MESSAGE_OUTPUT_HEARTBEAT_MS;
    }
    return rc;
}

static int put_chunks(struct look *l, const struct output_chunk *chunks, size_t n, struct err *err)
{
    int rc = word_output(l->agent, l->report->httpc, l->arena, l->w->id, chunks, n, err);

    if (rc == 0)
        l->w->beat_at = l->now + MESSAGE_OUTPUT_HEARTBEAT_MS;
    return rc;
}

/* What it printed since the last look. `*ret_all`: there is no more for now. */
static int tell_output(struct look *l, bool *ret_all, struct err *err)
{
    struct watched *w = l->w;
    int rc = 0;

    *ret_all = false;
    for (int i = 0; i < BATCHES; i++) {
        struct output_reader ahead = w->reader;
        struct output_chunk *chunks;
        size_t n = 0;

        if (!w->output_is_over)
            rc = output_read(&ahead, l->arena, w->folder, &w->order.document, &chunks, &n, err);
        if (rc == 0 && n > 0)
            rc = put_chunks(l, chunks, n, err);
        if (rc < 0 && session_is_later(rc))
            return rc;
        if (rc < 0) {
            log_error("output.refused", "command=%s err=%s", w->id, LOG(err->text));
            w->output_is_over = true;
            rc = 0;
        }
        if (n == 0 || w->output_is_over) {
            *ret_all = true;
            return 0;
        }
        w->reader = ahead;
    }
    return 0;
}

static int beat(struct look *l, struct err *err)
{
    int rc;

    if (l->now < l->w->beat_at)
        return 0;
    l->w->beat_at = l->now + MESSAGE_OUTPUT_HEARTBEAT_MS;
    rc = put_chunks(l, NULL, 0, err);
    return rc < 0 && !session_is_later(rc) ? 0 : rc;
}

/* Looking ---------------------------------------------------------------------------------------- */

/* The outcome, if it is another than the one that was read last. What cannot be read now is an error: it may be an end. */
static int read_outcome(struct look *l, bool anyway, struct err *err)
{
    const char *path = arena_printf(l->arena, "%s/outcome", l->w->folder);
    struct stat st;
    int rc;

    if (stat(path, &st) < 0)
        return errno == ENOENT
                   ? 0
                   : err_set(err, ERR_INTERNAL, "looking at %s: %s", path, strerror(errno));
    if (!anyway && st.st_mtim.tv_sec == l->w->seen.tv_sec &&
        st.st_mtim.tv_nsec == l->w->seen.tv_nsec)
        return 0;
    rc = outcome_read(l->arena, l->w->folder, &l->reply, err);
    if (rc < 0 && !outcome_is_none(rc))
        return rc;
    if (rc < 0)
        log_warning("outcome.unreadable", "command=%s err=%s", l->w->id, LOG(err->text));
    l->has_reply = rc == 0;
    l->has_end = rc == 0 && l->reply.state == MESSAGE_REPLY_FINISHED;
    if (!l->has_end) /* an end is read again until it is told */
        l->w->seen = st.st_mtim;
    return 0;
}

/* First the lock, then the outcome: whoever let go of the one had written the other. Where a look fails nothing is told,
 * least of all that nobody runs it. */
static int look_at(struct look *l, struct err *err)
{
    int rc;

    l->is_held = true;
    if ((rc = read_outcome(l, false, err)) < 0 || l->has_end || l->now < l->w->probe_at)
        return rc;
    rc = command_folder_look(l->arena, l->w->folder, err);
    l->is_held = rc == ERR_BUSY;
    if (rc < 0 && rc != ERR_BUSY)
        return rc;
    l->w->probe_at = l->now + PROBE_MS;
    return l->is_held ? 0 : read_outcome(l, true, err);
}

/* Journal lines ---------------------------------------------------------------------------------- */

/* 0, or the agent must end. ERR_CONFLICT is none: it stands there already. */
static int journal(struct look *l, const struct agent_journal_record *record, struct err *err)
{
    int rc = agent_journal_add(l->agent->journal, record, clock_now(l->agent->clock), err);

    if (rc == ERR_CONFLICT)
        return 0;
    if (rc < 0)
        agent_fail(l->agent, err);
    return rc;
}

static int close_it(struct look *l, int64_t record_number, const char *why, struct err *err)
{
    const struct agent_journal_record record = {.kind = AGENT_JOURNAL_REPORTED,
                                                .command_id = l->w->id,
                                                .acknowledged = record_number,
                                                .why = why};
    int rc = journal(l, &record, err);

    pthread_mutex_lock(&l->report->lock);
    l->w->is_done = rc == 0;
    pthread_mutex_unlock(&l->report->lock);
    return rc;
}

/* Ends ------------------------------------------------------------------------------------------- */

static int tell_end(struct look *l, struct err *err)
{
    struct message_reply *reply = &l->reply;
    struct agent_journal_record record = {.kind = AGENT_JOURNAL_FINISHED,
                                          .command_id = l->w->id,
                                          .status = invocation_statuses[reply->status].text,
                                          .exit_code = -1};
    int64_t number = 0;
    int rc;

    for (size_t i = 0; i < reply->n_steps; i++) {
        if (reply->steps[i].ended_at != 0) {
            record.exit_code = reply->steps[i].exit_code;
            record.ended_at = reply->steps[i].ended_at;
        }
    }
    rc = journal(l, &record, err);
    if (rc == 0)
        rc = tell(l, reply, &number, err);
    if (rc < 0)
        return rc;
    log_notice("command.finished", "command=%s status=%s exit=%lld", l->w->id, record.status,
               (long long)record.exit_code);
    return close_it(l, number, NULL, err);
}

static int tell_unknown(struct look *l, int64_t *ret_record, struct err *err)
{
    struct message_reply reply = {.trace = ""};

    if (l->has_reply)
        reply = l->reply;
    reply.status = INVOCATION_IN_PROGRESS;
    reply.state = MESSAGE_REPLY_UNKNOWN;
    reply.reason = l->w->why;
    return tell(l, &reply, ret_record, err);
}

static int tell_declined(struct look *l, struct err *err)
{
    struct message_reply reply = {.status = INVOCATION_FAILED,
                                  .trace = "",
                                  .state = MESSAGE_REPLY_DECLINED,
                                  .reason = l->w->why};
    struct agent_journal_entry entry;
    int64_t number = 0;
    int rc;

    /* Who holds the permit, if anybody does: the one that may say that it never began. And the floor, also after a
     * restart: who is not told of it offers the next epoch, and so on until one is high enough (G5). */
    if (agent_journal_find(l->agent->journal, l->w->id, &entry)) {
        reply.floor = entry.floor;
        if (entry.nonce[0] != '\0')
            reply.nonce = entry.nonce;
    }
    rc = tell(l, &reply, &number, err);

    return rc < 0 ? rc : close_it(l, number, l->w->why, err);
}

/* Lock free, nothing finished: it began, and nobody can say how it ended (migrate.md 5). */
static int lose(struct look *l, struct err *err)
{
    struct watched *w = l->w;

    if (output_fold(w->folder, clock_now(l->agent->clock), err) < 0)
        log_warning("output.not-folded", "command=%s err=%s", w->id, LOG(err->text));
    pthread_mutex_lock(&l->report->lock);
    w->stage = REPORT_UNKNOWN;
    pthread_mutex_unlock(&l->report->lock);
    w->why = "it was started, its supervisor is gone, and nothing says how it ended";
    w->told_start = false;
    w->reply_id[0] = '\0';
    w->seen = (struct timespec){0}; /* how far it came goes with the word */
    log_error("command.unknown", "command=%s err=%s", w->id, LOG(w->why));
    return 0;
}

static int tell_running(struct look *l, struct err *err)
{
    struct message_reply reply = {.status = INVOCATION_IN_PROGRESS,
                                  .trace = "",
                                  .state = MESSAGE_REPLY_STARTED,
                                  .reason = ""};
    size_t ended = l->has_reply ? ended_steps(&l->reply) : 0;
    int rc = 0;

    if (l->has_reply && !l->has_end)
        reply = l->reply;
    if (!l->w->told_start || ended > l->w->told_steps) {
        rc = tell(l, &reply, NULL, err);
        if (rc < 0) {
            l->w->seen = (struct timespec){0}; /* read again, to be told */
            return rc;
        }
        l->w->told_start = true;
        l->w->told_steps = ended > l->w->told_steps ? ended : l->w->told_steps;
    }
    return rc;
}

static int advance(struct look *l, struct err *err)
{
    struct watched *w = l->w;
    bool all = true;
    int rc = 0;

    if (w->stage == REPORT_DECLINED)
        return tell_declined(l, err);
    if ((rc = look_at(l, err)) < 0)
        return rc;
    if (w->stage == REPORT_RUNNING && !l->has_end)
        rc = tell_running(l, err);
    else if (w->stage == REPORT_UNKNOWN && !w->told_start && !l->has_end) {
        rc = tell_unknown(l, &w->told_record, err);
        w->told_start = rc == 0;
    }
    if (rc == 0 && w->has_order)
        rc = tell_output(l, &all, err);
    if (rc < 0 || !all)
        return rc;
    if (l->has_end)
        return tell_end(l, err);
    if (l->is_held)
        return beat(l, err);
    return w->stage == REPORT_RUNNING ? lose(l, err) : close_it(l, w->told_record, "unknown", err);
}

/* The thread -------------------------------------------------------------------------------------- */

static void look_one(struct report *r, struct watched *w, struct arena *arena)
{
    struct look l = {
        .report = r, .agent = r->agent, .w = w, .arena = arena, .now = clock_mono(r->agent->clock)};
    struct err err = ERR_INIT;

    if (l.now < w->try_at)
        return;
    if (advance(&l, &err) == 0) {
        w->tries = 0;
        return;
    }
    if (w->tries++ == 0)
        log_warning("report.waits", "command=%s err=%s", w->id, LOG(err.text));
    w->try_at =
        clock_mono(r->agent->clock) + agent_back_off(w->tries, BACK_OFF_MS, BACK_OFF_MAX_MS);
}

/* Sleep until the next tick, or a new command. Gives the first of the list; those that are done go. */
static struct watched *wait_for_tick(struct report *r)
{
    struct watched **at = &r->first, *first;
    struct timespec until;
    int64_t ms;

    pthread_mutex_lock(&r->lock);
    while (*at != NULL) {
        struct watched *w = *at;

        if (w->is_done) {
            *at = w->next;
            watched_free(w);
        } else {
            at = &w->next;
        }
    }
    ms = r->first != NULL ? REPORT_TICK_MS : IDLE_MS;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    if (!atomic_load(r->agent->stop))
        (void)pthread_cond_timedwait(&r->wake, &r->lock, &until);
    first = r->first;
    pthread_mutex_unlock(&r->lock);
    return first;
}

static void *run_thread(void *arg)
{
    struct report *r = arg;
    struct arena arena;

    arena_init(&arena);
    while (!atomic_load(r->agent->stop)) {
        /* New ones are put in front, so what follows in the list stays where it is. */
        for (struct watched *w = wait_for_tick(r); w != NULL && !atomic_load(r->agent->stop);
             w = w->next) {
            look_one(r, w, &arena);
            arena_reset(&arena);
        }
    }
    arena_deinit(&arena);
    return NULL;
}

int report_start(struct report *r, struct err *err)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&r->thread, NULL, run_thread, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return err_set(err, ERR_INTERNAL, "starting a thread: %s", strerror(failed));
    r->is_started = true;
    return 0;
}

void report_stop(struct report *r)
{
    if (!r->is_started)
        return;
    pthread_mutex_lock(&r->lock);
    pthread_cond_broadcast(&r->wake);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    r->is_started = false;
}
