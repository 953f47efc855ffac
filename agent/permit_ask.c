/* permit_ask: see permit_ask.h. */
#include "agent/permit_ask.h"

#include "agent/guard.h"
#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message_start.h"

#define ASK_FIRST_MS 250
#define ASK_MAX_MS 4000

struct asking {
    struct agent *agent;
    struct httpc *httpc;
    struct arena arena;
    struct message_start start;
    struct permit *permit;
};

/* One question. ERR_DENIED: the answer is no, or start-by passed; else codes of session_call(). */
static int ask_once(struct asking *a, struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    struct agent *agent = a->agent;
    const char *body, *why = NULL;
    int rc;

    arena_reset(&a->arena);
    a->permit->asked_at = clock_mono(agent->clock);
    pthread_mutex_lock(&agent->telling);
    a->start.record_number = agent_journal_number(agent->journal);
    if (a->permit->database != NULL)
        agent_journal_floors(agent->journal, &a->arena, a->permit->database, MESSAGE_FLOORS_MAX,
                             &a->start.floors, &a->start.n_floors);
    rc = message_start_make(&a->arena, &a->start, &body, err);
    if (rc == 0)
        rc = session_call(agent->session, a->httpc, SESSION_REQUEST_START, body, &answer, err);
    pthread_mutex_unlock(&agent->telling);
    if (rc == 0 && message_start_answer_parse(&a->arena, answer.body, answer.body_len,
                                              a->permit->nonce, &why, err) < 0)
        rc = ERR_BUSY; /* that was no answer: ask again */
    httpc_answer_deinit(&answer);
    if (rc == 0 && why != NULL)
        rc = err_set(err, ERR_DENIED, "no permit: %s", why);
    else if (rc == ERR_DENIED)
        rc = ERR_BUSY; /* credentials: not a word about the permit */
    return rc;
}

static int ask(struct asking *a, time_ms start_by, struct err *err)
{
    struct agent *agent = a->agent;

    for (unsigned tries = 1; !guard_is_late(clock_now(agent->clock), start_by); tries++) {
        int rc = ask_once(a, err);

        if (atomic_load(agent->stop))
            return ERR_CONFLICT;
        if (rc == ERR_DENIED || (rc < 0 && !session_is_later(rc)))
            return rc;
        if (rc == 0 && !guard_is_stale(clock_mono(agent->clock), a->permit->asked_at) &&
            !guard_is_late(clock_now(agent->clock), start_by))
            return 0;
        if (tries == 1 && rc < 0)
            log_warning("permit.waits", "command=%s err=%s", a->start.command_id, LOG(err->text));
        agent_sleep(agent, agent_back_off(tries, ASK_FIRST_MS, ASK_MAX_MS));
    }
    return err_set(err, ERR_TIMEOUT, "expired: no permit came before start-by");
}

static struct asking asking_of(struct agent *agent, struct httpc *httpc, const char *command_id,
                               struct permit *permit)
{
    return (struct asking){.agent = agent,
                           .httpc = httpc,
                           .start = {.command_id = command_id,
                                     .nonce = permit->nonce,
                                     .journal_id = agent_journal_id(agent->journal),
                                     .boot_id = agent->boot_id,
                                     .protocol = ENVELOPE_PROTOCOL},
                           .permit = permit};
}

int permit_ask(struct agent *agent, struct httpc *httpc, const char *command_id, time_ms start_by,
               struct permit *permit, struct err *err)
{
    struct asking a = asking_of(agent, httpc, command_id, permit);
    const struct agent_journal_record record = {.kind = AGENT_JOURNAL_ASKING,
                                                .command_id = command_id,
                                                .nonce = permit->nonce};
    int rc;

    names_uuid_new(permit->nonce);
    rc = agent_journal_add(agent->journal, &record, clock_now(agent->clock), err);
    if (rc < 0) {
        agent_fail(agent, err);
        return rc;
    }
    arena_init(&a.arena);
    rc = ask(&a, start_by, err);
    arena_deinit(&a.arena);
    return rc;
}

void permit_ask_again(struct agent *agent, struct httpc *httpc, const char *command_id,
                      time_ms start_by, struct permit *permit)
{
    struct asking a = asking_of(agent, httpc, command_id, permit);
    mono_ms before = permit->asked_at;
    struct err err = ERR_INIT;

    if (!guard_is_stale(clock_mono(agent->clock), permit->asked_at))
        return;
    arena_init(&a.arena);
    if (ask(&a, start_by, &err) < 0) {
        permit->asked_at = before;
        log_error("permit.too-old", "command=%s err=%s", command_id, LOG(err.text));
    }
    arena_deinit(&a.arena);
}
