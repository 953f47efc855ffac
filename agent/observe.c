/* observe: see observe.h. */
#include "agent/observe.h"

#include <stdio.h>
#include <string.h>

#include "agent/carry.h"
#include "agent/command_folder.h"
#include "agent/key_chain.h"
#include "agent/outcome.h"
#include "agent/report.h"
#include "agent/strict.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message_observe.h"

#define TELLS_MAX 3 /* in a row */
#define WAIT_MS 100
#define WAITS 100 /* a supervisor that was never let go ends at once */

/* The journal ------------------------------------------------------------------------------------ */

int observe_open_journal(struct agent *agent, struct err *err)
{
    time_ms now = clock_now(agent->clock);
    struct err own = ERR_INIT;
    struct arena arena;
    const char *aside;
    size_t n = 0;
    int rc;

    arena_init(&arena);
    rc = agent_journal_open(agent->state, now, &agent->journal, &own);
    if (rc == ERR_INVALID) {
        rc = agent_journal_set_aside(agent->state, now, &arena, &aside, err);
        if (rc == 0) {
            log_error("journal.damaged", "kept=%s err=%s", LOG(aside), LOG(own.text));
            rc = agent_journal_open(agent->state, now, &agent->journal, &own);
        }
    }
    if (rc < 0 && own.code != 0)
        *err = own;
    if (rc == 0)
        rc = carry_over(agent, &n, err);
    if (rc == 0 && n > 0)
        log_error("journal.new", "carried=%zu err=%s", n,
                  LOG("there are commands of an older journal; the server bars this host from "
                      "migrate jobs until somebody runs: slipway agent accept-journal"));
    arena_deinit(&arena);
    return rc;
}

static const char *const action_texts[] = {
    [OBSERVE_NEW] = "new",
    [OBSERVE_WAIT] = "wait",
    [OBSERVE_NOT_STARTED] = "not-started",
    [OBSERVE_TAKE_UP] = "take-up",
    [OBSERVE_REPORT] = "report",
    [OBSERVE_UNKNOWN] = "unknown",
    [OBSERVE_CLOSED] = "closed",
};

/* Taking up -------------------------------------------------------------------------------------- */

static int look(struct agent *agent, struct arena *arena, const struct agent_journal_entry *entry,
                enum observe_action *ret_action, struct err *err)
{
    const char *folder = command_folder_path(arena, agent->state, entry->command_id);
    struct observe_facts facts = {.last = entry->kind};
    struct message_reply reply = {.reason = ""};
    int rc = command_folder_look(arena, folder, err);

    /* In this order: whoever lets go of the lock has written the end before. */
    facts.is_held = rc == ERR_BUSY;
    if (rc == 0 || rc == ERR_BUSY)
        rc = outcome_read(arena, folder, &reply, err);
    facts.has_end = rc == 0 && reply.state == MESSAGE_REPLY_FINISHED;
    facts.is_unseen = rc < 0 && !outcome_is_none(rc);
    *ret_action = observe_decide(&facts);
    return outcome_is_none(rc) ? 0 : rc;
}

static int not_started(struct agent *agent, const char *command_id, struct err *err)
{
    static const char *const why = "the agent was stopped before it was started";
    const struct agent_journal_record record = {.kind = AGENT_JOURNAL_DECLINED,
                                                .command_id = command_id,
                                                .why = why};
    int rc = agent_journal_add(agent->journal, &record, clock_now(agent->clock), err);

    if (rc == 0)
        report_watch(agent->report, command_id, REPORT_DECLINED, why);
    return rc;
}

static int take_up(struct agent *agent, struct arena *arena,
                   const struct agent_journal_entry *entry, struct err *err)
{
    enum observe_action action = OBSERVE_WAIT;
    int rc = look(agent, arena, entry, &action, err);

    for (int i = 0; (rc < 0 || action == OBSERVE_WAIT) && i < WAITS && !atomic_load(agent->stop);
         i++) {
        agent_sleep(agent, WAIT_MS);
        rc = look(agent, arena, entry, &action, err);
    }
    if (rc < 0)
        return err_wrap(err, "command %s", entry->command_id);
    log_notice("command.found", "command=%s journal=%s then=%s", entry->command_id,
               agent_journal_kind_text(entry->kind), action_texts[action]);
    switch (action) {
    case OBSERVE_NOT_STARTED:
        return not_started(agent, entry->command_id, err);
    case OBSERVE_TAKE_UP:
        report_watch(agent->report, entry->command_id, REPORT_RUNNING, "");
        return 0;
    case OBSERVE_REPORT:
        report_watch(agent->report, entry->command_id,
                     entry->kind == AGENT_JOURNAL_DECLINED ? REPORT_DECLINED : REPORT_RUNNING,
                     entry->kind == AGENT_JOURNAL_DECLINED ? "declined" : "");
        return 0;
    case OBSERVE_UNKNOWN:
        report_watch(agent->report, entry->command_id, REPORT_UNKNOWN,
                     entry->kind == AGENT_JOURNAL_STARTED
                         ? "it was started, its supervisor is gone, and nothing says how it ended"
                         : "the journal of this host is not the one that knew of it");
        return 0;
    case OBSERVE_WAIT:
        return err_set(err, ERR_BUSY, "command %s is held by somebody, but was never started",
                       entry->command_id);
    case OBSERVE_NEW:
    case OBSERVE_CLOSED:
        break;
    }
    return 0;
}

int observe_take_up(struct agent *agent, struct err *err)
{
    struct agent_journal_entry *entries;
    struct arena arena;
    size_t n;
    int rc = 0;

    arena_init(&arena);
    agent_journal_open_commands(agent->journal, &arena, &entries, &n);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = take_up(agent, &arena, &entries[i], err);
    arena_deinit(&arena);
    return rc;
}

/* Telling ---------------------------------------------------------------------------------------- */

static enum message_reply_state state_of(enum agent_journal_kind kind)
{
    switch (kind) {
    case AGENT_JOURNAL_STARTED:
        return MESSAGE_REPLY_STARTED;
    case AGENT_JOURNAL_FINISHED:
        return MESSAGE_REPLY_FINISHED;
    case AGENT_JOURNAL_DECLINED:
        return MESSAGE_REPLY_DECLINED;
    case AGENT_JOURNAL_CARRIED:
        return MESSAGE_REPLY_UNKNOWN;
    case AGENT_JOURNAL_NONE:
    case AGENT_JOURNAL_ACCEPTED:
    case AGENT_JOURNAL_ASKING:
    case AGENT_JOURNAL_REPORTED:
    case AGENT_JOURNAL_KINDS_COUNT:
        break;
    }
    return MESSAGE_REPLY_ACCEPTED;
}

/* What one answer wants. */
struct told {
    bool
        new_key; /* it was announced: the server waits to hear that it is believed before it signs by it */
    bool again; /* for all it knows this was an older word that came late */
};

static int make_body(struct agent *agent, struct arena *arena, const char **ret_body,
                     struct err *err)
{
    struct message_observe observe = {.journal_id = agent_journal_id(agent->journal),
                                      .boot_id = agent->boot_id,
                                      .record_number = agent_journal_number(agent->journal),
                                      .protocol = ENVELOPE_PROTOCOL,
                                      .agent_version = SLIPWAY_VERSION};
    struct agent_journal_entry *entries;
    char key[DIGEST_BASE64_SIZE(SIGN_PUBLIC_SIZE)];
    size_t n;

    key_chain_newest(agent->keys, key);
    observe.key = key;
    observe.heard = agent->heard;
    agent_journal_open_commands(agent->journal, arena, &entries, &n);
    if (n > MESSAGE_OBSERVE_OPEN_MAX) {
        entries += n - MESSAGE_OBSERVE_OPEN_MAX; /* the newest */
        n = MESSAGE_OBSERVE_OPEN_MAX;
    }
    observe.open = arena_array(arena, n, sizeof(*observe.open));
    for (size_t i = 0; i < n; i++)
        observe.open[observe.n_open++] =
            (struct message_observe_command){.command_id = entries[i].command_id,
                                             .state = state_of(entries[i].kind)};
    agent_journal_floors(agent->journal, arena, NULL, MESSAGE_FLOORS_MAX, &observe.floors,
                         &observe.n_floors);
    observe.strict = *agent->config->strict != '\0';
    if (observe.strict)
        strict_digests(arena, agent->config, &observe.documents, &observe.n_documents);
    return message_observe_make(arena, &observe, ret_body, err);
}

/* Keys that the server announces. What is not believed is said, and changes nothing. */
static void take_keys(struct agent *agent, struct arena *arena, const struct cJSON *json,
                      bool *ret_new)
{
    struct announcement_signed *items;
    struct err err = ERR_INIT;
    size_t n = 0;

    if (announcement_list(arena, json, "Announcements", &items, &n, &err) < 0)
        log_error("signing-key.refused", "err=%s", LOG(err.text));
    for (size_t i = 0; i < n; i++) {
        bool is_new;

        if (key_chain_take(agent->keys, &items[i], clock_now(agent->clock), &is_new, &err) < 0)
            log_error("signing-key.refused", "err=%s", LOG(err.text));
        else if (is_new)
            log_notice("signing-key.announced", "host=%s", agent->config->host_id);
        *ret_new = *ret_new || is_new;
    }
}

/* What the server knows of this host goes back to it with the next word, which is proof that it is the newer one. */
static void take_heard(struct agent *agent, const struct cJSON *json, bool *ret_again)
{
    const char *heard = json_str(json, "Heard");

    if (heard != NULL && strlen(heard) < sizeof(agent->heard))
        snprintf(agent->heard, sizeof(agent->heard), "%s", heard);
    (void)json_bool(json, "Again", ret_again);
}

static int take_answer(struct agent *agent, struct arena *arena, const struct httpc_answer *answer,
                       struct told *told, struct err *err)
{
    struct cJSON *json = NULL;
    int rc = json_parse(answer->body, answer->body_len, NULL, &json, err);

    if (rc < 0)
        return ERR_BUSY;
    if (!str_eq(json_str(json, "StoreId"), agent->config->store_id))
        rc = err_set(err, ERR_DENIED,
                     "the server's store is %.40s, this host belongs to %s; nothing of it is run",
                     json_str(json, "StoreId") != NULL ? json_str(json, "StoreId") : "(none)",
                     agent->config->store_id);
    else {
        take_keys(agent, arena, json, &told->new_key);
        take_heard(agent, json, &told->again);
    }
    json_free(json);
    return rc;
}

static int tell_once(struct agent *agent, struct httpc *httpc, struct told *told, struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    struct arena arena;
    const char *body;
    int rc;

    arena_init(&arena);
    pthread_mutex_lock(&agent->telling);
    rc = make_body(agent, &arena, &body, err);
    if (rc == 0)
        rc = session_call(agent->session, httpc, SESSION_OBSERVE, body, &answer, err);
    pthread_mutex_unlock(&agent->telling);
    if (rc == 0)
        rc = take_answer(agent, &arena, &answer, told, err);
    httpc_answer_deinit(&answer);
    arena_deinit(&arena);
    return rc;
}

int observe_tell(struct agent *agent, struct httpc *httpc, struct err *err)
{
    struct told told;
    int rc;

    for (int i = 0; i < TELLS_MAX; i++) {
        told = (struct told){.new_key = false};
        rc = tell_once(agent, httpc, &told, err);
        if (rc < 0 || (!told.new_key && !told.again))
            return rc;
    }
    return told.again ? err_set(err, ERR_BUSY,
                                "the server wants to hear once more which journal this host has")
                      : 0;
}
