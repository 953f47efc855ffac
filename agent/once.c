/* once: see once.h. */
#include "agent/once.h"

#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/carry.h"
#include "agent/command_folder.h"
#include "agent/database_lock.h"
#include "agent/host_key.h"
#include "agent/kept.h"
#include "agent/key_chain.h"
#include "agent/observe.h"
#include "agent/order.h"
#include "agent/outcome.h"
#include "agent/output.h"
#include "agent/permit_ask.h"
#include "agent/state_folder.h"
#include "agent/supervise.h"
#include "agent/tidy.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/ssm/aws_outcome.h"

#define LOCK_TRIES 600 /* a tenth of a second each: another command asks for its permit */
#define LOOK_MS 100
#define REVOKED "revoked"
#define SET_UP "set it up first: slipway-once --set-up --host ID --key KEY --store STORE"
#define UNPROVEN "it was started, its supervisor is gone, and nothing says how it ended"

struct once {
    const struct once_options *options;
    struct arena *arena;
    struct agent_config config;
    struct agent agent;
    struct key_chain *keys;
    struct order_host host;
    struct order order;
    char id[NAMES_UUID_SIZE];
    const char *folder;
    atomic_bool stop;
    int lock_fd; /* -1 = the journal is not ours now */
};

/* The journal ------------------------------------------------------------------------------------ */

static int take_journal(struct once *o, struct err *err)
{
    const char *path = arena_printf(o->arena, "%s/lock", o->options->state);
    int rc = ERR_BUSY;

    for (int i = 0; i < LOCK_TRIES && rc == ERR_BUSY; i++) {
        if (i > 0)
            (void)poll(NULL, 0, LOOK_MS);
        rc = file_lock(path, &o->lock_fd, err);
    }
    if (rc == ERR_BUSY)
        return err_set(err, rc, "another slipway-once has held the journal for a minute");
    /* A damaged one is left for a person: here is no server that would bar this host. */
    if (rc == 0)
        rc = agent_journal_open(o->options->state, clock_now(o->agent.clock), &o->agent.journal,
                                err);
    if (rc == ERR_INVALID)
        rc = err_wrap(err, "nothing runs on this host until somebody has looked at its journal");
    if (rc == 0)
        agent_journal_limit(o->agent.journal, &o->config.limit);
    o->host = (struct order_host){o->options->state, &o->config, o->keys, o->agent.journal};
    return rc;
}

static void give_journal(struct once *o)
{
    agent_journal_free(o->agent.journal);
    o->agent.journal = NULL;
    if (o->lock_fd >= 0)
        close(o->lock_fd);
    o->lock_fd = -1;
}

static int add(struct once *o, const struct agent_journal_record *record, struct err *err)
{
    return agent_journal_add(o->agent.journal, record, clock_now(o->agent.clock), err);
}

/* Opening ---------------------------------------------------------------------------------------- */

/* Which command? What is said of it is checked by order_open(). */
static int read_id(struct once *o, struct err *err)
{
    struct message_command command;
    int rc = message_command_parse(o->arena, o->options->payload, strlen(o->options->payload),
                                   &command, err);

    if (rc < 0)
        return rc;
    if (!names_is_uuid(command.command_id))
        return err_set(err, ERR_INVALID, "the order has no command id");
    memcpy(o->id, command.command_id, sizeof(o->id));
    o->order.id = o->id;
    o->folder = command_folder_path(o->arena, o->options->state, o->id);
    return 0;
}

static int open_once(struct once *o, struct arena *arena, const struct once_options *options,
                     struct err *err)
{
    size_t carried;
    int rc;

    *o = (struct once){.options = options, .arena = arena, .lock_fd = -1};
    atomic_init(&o->stop, false);
    o->agent = (struct agent){.state = options->state,
                              .config = &o->config,
                              .clock = clock_system(),
                              .stop = &o->stop};
    pthread_mutex_init(&o->agent.telling, NULL);
    if ((rc = state_folder_open(arena, options->state, SET_UP, &o->config, &o->keys, err)) < 0 ||
        (rc = agent_read_boot_id(&o->agent, err)) < 0 || (rc = read_id(o, err)) < 0)
        return rc;
    if (options->instance != NULL && !str_eq(options->instance, o->config.host_id))
        return err_set(err, ERR_DENIED,
                       "AWS calls this machine %.40s, and " AGENT_CONFIG_FILE " says %s; nothing "
                       "is run",
                       options->instance, o->config.host_id);
    o->agent.keys = o->keys;
    rc = take_journal(o, err);
    if (rc == 0)
        rc = carry_over(&o->agent, &carried, err);
    if (rc == 0 && carried > 0)
        log_warning("journal.new", "carried=%zu err=%s", carried,
                    LOG("there are commands of another journal; they are not begun again"));
    return rc;
}

static void close_once(struct once *o)
{
    give_journal(o);
    key_chain_free(o->keys);
    pthread_mutex_destroy(&o->agent.telling);
}

/* Ends ------------------------------------------------------------------------------------------- */

static struct once_answer answer_of(enum message_reply_state state, const char *reason)
{
    return (struct once_answer){.state = state, .reason = reason};
}

/* Is there an end on disk, and does anybody still run it? Who cannot be seen may. In this order: who lets go of the lock wrote before. The
 * reply lies in our arena; looks without an end leave nothing behind, for there are many of them. */
static bool look_at(struct once *o, struct message_reply *reply, bool *ret_ended)
{
    struct arena scratch;
    struct err err = ERR_INIT;
    bool is_held;
    int rc;

    arena_init(&scratch);
    is_held = command_folder_look(&scratch, o->folder, &err) < 0;
    rc = outcome_read(&scratch, o->folder, reply, &err);
    *ret_ended = rc == 0 && reply->state == MESSAGE_REPLY_FINISHED &&
                 (rc = outcome_read(o->arena, o->folder, reply, &err)) == 0;
    is_held = is_held || (rc < 0 && !outcome_is_none(rc));
    arena_deinit(&scratch);
    return is_held;
}

/* What it printed since the last look, to where the other agent reads. */
static void copy_output(struct once *o, struct output_reader *reader)
{
    struct output_chunk *chunks;
    struct arena arena;
    struct err err = ERR_INIT;
    size_t n = 1;

    arena_init(&arena);
    while (n > 0 &&
           output_read(reader, &arena, o->folder, &o->order.document, &chunks, &n, &err) == 0)
        for (size_t i = 0; i < n; i++)
            (void)fwrite(chunks[i].text, 1, chunks[i].len,
                         chunks[i].error_stream ? o->options->error : o->options->out);
    (void)fflush(o->options->out);
    (void)fflush(o->options->error);
    arena_deinit(&arena);
}

/* The same at the end, before its folder may go. */
static void keep_output(struct once *o, struct once_answer *ret)
{
    if (!o->options->tells_first)
        return;
    ret->kept = kept_output(o->arena, o->folder, &o->order.document, o->id, false);
    ret->kept_error = kept_output(o->arena, o->folder, &o->order.document, o->id, true);
}

static int write_finished(struct once *o, const struct message_reply *reply, struct err *err)
{
    struct agent_journal_record record = {.kind = AGENT_JOURNAL_FINISHED,
                                          .command_id = o->id,
                                          .status = invocation_statuses[reply->status].text,
                                          .exit_code = -1,
                                          .ended_at = clock_now(o->agent.clock)};
    int rc;

    for (size_t i = 0; i < reply->n_steps; i++)
        if (reply->steps[i].exit_code >= 0)
            record.exit_code = reply->steps[i].exit_code;
    rc = add(o, &record, err);
    return rc == ERR_CONFLICT ? 0 : rc; /* the other one, who waited too, wrote it */
}

/* It was started, by us or by whoever came first: wait for its end. */
static int follow(struct once *o, struct once_answer *ret, struct err *err)
{
    struct output_reader reader = {0};
    struct message_reply reply;
    bool ended, is_held;
    int rc;

    give_journal(o);
    for (;;) {
        is_held = look_at(o, &reply, &ended);
        if (!o->options->tells_first)
            copy_output(o, &reader);
        if (ended || !is_held)
            break;
        (void)poll(NULL, 0, LOOK_MS);
    }
    *ret = answer_of(ended ? MESSAGE_REPLY_FINISHED : MESSAGE_REPLY_UNKNOWN, ended ? "" : UNPROVEN);
    keep_output(o, ret);
    if (ended)
        ret->reply = reply;
    rc = take_journal(o, err);
    if (rc == 0 && !ended)
        return 0;
    if (rc == 0)
        rc = write_finished(o, &reply, err);
    if (rc == 0)
        tidy_disk_of_once(&o->agent, o->arena, o->id);
    if (rc < 0) /* its end is on disk all the same, and that is what is said */
        log_warning("once.not-noted", "command=%s err=%s", o->id, LOG(err->text));
    return 0;
}

static int decline(struct once *o, const char *why, struct once_answer *ret, struct err *err)
{
    int rc = order_decline(&o->host, clock_now(o->agent.clock), &o->order, why, err);

    if (rc == 0)
        *ret = answer_of(MESSAGE_REPLY_DECLINED, arena_str(o->arena, why));
    return rc;
}

/* Running ---------------------------------------------------------------------------------------- */

/* Whose word it is: without a journal the server believes none (migrate.md 5). */
static void put_journal(struct once *o, struct once_answer *ret)
{
    struct agent_journal_entry entry;

    memcpy(ret->id, o->id, sizeof(ret->id));
    ret->reply.state = ret->state;
    if (*ret->reason != '\0' || ret->reply.reason == NULL)
        ret->reply.reason = ret->reason;
    ret->reply.journal_id = NULL; /* of an end on disk nobody's */
    if (o->options->tells_first && ret->kept == NULL)
        ret->kept = "";
    if (o->agent.journal == NULL)
        return;
    ret->reply.journal_id = arena_str(o->arena, agent_journal_id(o->agent.journal));
    ret->reply.boot_id = arena_str(o->arena, o->agent.boot_id);
    ret->reply.record_number = agent_journal_number(o->agent.journal);
    if (ret->state != MESSAGE_REPLY_DECLINED ||
        !agent_journal_find(o->agent.journal, o->id, &entry))
        return;
    ret->reply.floor = entry.floor;
    ret->reply.nonce = entry.nonce[0] != '\0' ? arena_str(o->arena, entry.nonce) : NULL;
}

/* The way to the server's door, where there is one. */
struct way {
    struct sign_rsa *rsa;
    struct httpc *httpc;
};

static int open_way(struct once *o, struct way *way, struct err *err)
{
    int rc = agent_config_speaks(&o->config, err);

    if (rc == 0)
        rc = host_key_read(o->options->state, &way->rsa, err);
    if (rc < 0)
        return rc;
    way->httpc = httpc_new();
    o->agent.session =
        session_new(&o->config, way->rsa, o->options->state, o->agent.clock, &o->stop);
    return 0;
}

static void close_way(struct once *o, struct way *way)
{
    session_free(o->agent.session);
    o->agent.session = NULL;
    httpc_free(way->httpc);
    sign_rsa_free(way->rsa);
}

/* From `started` on it may have run; what lets the supervisor go comes after it. */
static int let_go(struct once *o, struct supervise_child *child, struct way *way, struct err *err)
{
    time_ms start_by = o->order.envelope.start_by;
    struct permit permit = {.database = o->order.envelope.database,
                            .asked_at = SUPERVISE_NO_PERMIT};
    struct agent_journal_record record = {.kind = AGENT_JOURNAL_STARTED,
                                          .command_id = o->id,
                                          .boot_id = o->agent.boot_id,
                                          .pid = child->pid,
                                          .pid_started = child->started};
    int rc = 0;

    if (way->httpc != NULL)
        rc = permit_ask(&o->agent, way->httpc, o->id, start_by, &permit, err);
    if (rc == 0)
        rc = add(o, &record, err);
    if (rc < 0)
        return rc;
    if (way->httpc != NULL)
        permit_ask_again(&o->agent, way->httpc, o->id, start_by, &permit);
    supervise_go(child, permit.asked_at);
    return 0;
}

static int start(struct once *o, struct err *err)
{
    struct way way = {.httpc = NULL};
    struct supervise_child child = {.go_fd = -1};
    struct supervise_locks locks;
    int rc;

    if ((rc = command_folder_lock(o->arena, o->folder, &locks.folder, err)) < 0)
        return rc;
    rc = database_lock_take(o->arena, o->options->state, o->order.envelope.database, o->id,
                            DATABASE_LOCK_WAIT_MS, &locks.database, err);
    if (rc == 0)
        rc = supervise_start(o->options->state, o->id, locks, &child, err);
    if (locks.database >= 0)
        close(locks.database);
    close(locks.folder);
    if (rc < 0)
        return rc;
    if (*o->config.url != '\0')
        rc = open_way(o, &way, err);
    if (rc == 0)
        rc = let_go(o, &child, &way, err);
    if (rc < 0)
        supervise_give_up(&child);
    close_way(o, &way);
    return rc;
}

/* Here is no door at which it could wait (T37). */
static int check_limit(struct once *o, time_ms now, struct err *err)
{
    return agent_journal_room(o->agent.journal, now) > 0
               ? 0
               : err_set(
                     err, ERR_BUSY,
                     "not begun: this host took as many commands as `limit = %s` in " AGENT_CONFIG_FILE
                     " allows. Look who sends them; if all of it is wanted, "
                     "raise the limit",
                     o->config.limit_text);
}

static int run_new(struct once *o, struct once_answer *ret, struct err *err)
{
    time_ms now = clock_now(o->agent.clock);
    struct err why = ERR_INIT;
    int rc = order_open(o->arena, &o->host, o->options->payload, now, &o->order, &why);

    if (rc == 0 && order_is_forgotten(&o->host, &o->order)) {
        *ret = answer_of(MESSAGE_REPLY_UNKNOWN, ORDER_FORGOTTEN);
        return 0;
    }
    if (rc == 0)
        rc = order_check(o->arena, &o->host, now, &o->order, &why);
    if (rc == 0)
        rc = check_limit(o, now, &why);
    if (rc == 0)
        rc = order_claim(o->arena, &o->host, now, &o->order, &why);
    if (rc == 0)
        rc = start(o, &why);
    if (rc < 0)
        return decline(o, why.text, ret, err);
    return follow(o, ret, err);
}

/* What a look at a command that is known finds; the same table as the agent's at its start. */
static enum observe_action known(struct once *o, const struct agent_journal_entry *entry)
{
    struct observe_facts facts = {.last = entry->kind};
    enum observe_action action;
    struct message_reply reply;

    /* We hold the journal, so nobody is between `accepted` and `started`: a supervisor that holds the lock there
     * was never let go and ends at once. */
    do {
        facts.is_held = look_at(o, &reply, &facts.has_end);
        action = observe_decide(&facts);
        if (action == OBSERVE_WAIT)
            (void)poll(NULL, 0, LOOK_MS);
    } while (action == OBSERVE_WAIT);
    return action;
}

static int run_known(struct once *o, const struct agent_journal_entry *entry,
                     struct once_answer *ret, struct err *err)
{
    struct err own = ERR_INIT;

    /* The steps' names, for what it printed. Whose order it is was checked when it was claimed. */
    (void)order_open(o->arena, &o->host, o->options->payload, clock_now(o->agent.clock), &o->order,
                     &own);
    if (entry->kind == AGENT_JOURNAL_DECLINED) {
        *ret = answer_of(MESSAGE_REPLY_DECLINED, "declined before");
        return 0;
    }
    switch (known(o, entry)) {
    case OBSERVE_NOT_STARTED:
        return decline(o, "slipway-once was stopped before it was started", ret, err);
    case OBSERVE_TAKE_UP:
    case OBSERVE_REPORT:
        return follow(o, ret, err);
    default:
        *ret = answer_of(MESSAGE_REPLY_UNKNOWN, UNPROVEN);
        return 0;
    }
}

int once_run(struct arena *arena, const struct once_options *options, struct once_answer *ret,
             struct err *err)
{
    struct agent_journal_entry entry;
    struct once o;
    int rc = open_once(&o, arena, options, err);

    if (rc == 0)
        rc = agent_journal_find(o.agent.journal, o.id, &entry) ? run_known(&o, &entry, ret, err)
                                                               : run_new(&o, ret, err);
    if (rc == 0)
        put_journal(&o, ret);
    close_once(&o);
    return rc;
}

/* Revoking --------------------------------------------------------------------------------------- */

static int take_back(struct once *o, struct once_answer *ret, struct err *err)
{
    struct agent_journal_entry entry;
    bool is_known = agent_journal_find(o->agent.journal, o->id, &entry);
    struct message_reply reply;
    bool ended;
    int rc = 0;

    if (is_known && entry.kind == AGENT_JOURNAL_DECLINED) {
        *ret = answer_of(MESSAGE_REPLY_DECLINED, "declined before");
        ret->was_first = true;
        return 0;
    }
    if (!is_known && order_is_forgotten(&o->host, &o->order)) {
        *ret = answer_of(MESSAGE_REPLY_UNKNOWN, ORDER_FORGOTTEN);
        return 0;
    }
    if (!is_known || known(o, &entry) == OBSERVE_NOT_STARTED) {
        rc = decline(o, REVOKED, ret, err);
        ret->was_first = rc == 0;
        return rc;
    }
    if (look_at(o, &reply, &ended) && !ended)
        *ret = answer_of(MESSAGE_REPLY_STARTED, "it runs");
    else if (ended) {
        *ret = answer_of(MESSAGE_REPLY_FINISHED, "");
        ret->reply = reply;
    } else {
        *ret = answer_of(MESSAGE_REPLY_UNKNOWN, UNPROVEN);
    }
    return 0;
}

int once_revoke(struct arena *arena, const struct once_options *options, struct once_answer *ret,
                struct err *err)
{
    struct once o;
    int rc = open_once(&o, arena, options, err);

    /* Whose word is it? An order that is not the server's for this host revokes nothing. */
    if (rc == 0)
        rc = order_open(arena, &o.host, options->payload, clock_now(o.agent.clock), &o.order, err);
    *ret = (struct once_answer){.reason = ""};
    if (rc == 0)
        rc = take_back(&o, ret, err);
    if (rc == 0)
        put_journal(&o, ret);
    close_once(&o);
    return rc;
}

/* Keys ------------------------------------------------------------------------------------------- */

int once_keys(struct arena *arena, const char *state, const char *json, size_t *ret_n,
              struct err *err)
{
    struct announcement_signed *items;
    struct key_chain *keys = NULL;
    struct agent_config config;
    struct cJSON *tree = NULL;
    size_t n = 0;
    bool is_new;
    int rc;

    *ret_n = 0;
    if ((rc = state_folder_open(arena, state, SET_UP, &config, &keys, err)) < 0)
        return rc;
    rc = json_parse(json, strlen(json), NULL, &tree, err);
    if (rc == 0)
        rc = announcement_list(arena, tree, "Announcements", &items, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = key_chain_take(keys, &items[i], clock_now(clock_system()), &is_new, err);
        *ret_n += is_new;
    }
    json_free(tree);
    key_chain_free(keys);
    return rc;
}

/* Saying ----------------------------------------------------------------------------------------- */

void once_print(FILE *out, FILE *error, const struct once_answer *a)
{
    struct buf buf;

    buf_init(&buf, MESSAGE_REPLY_MAX);
    if (a->kept == NULL)
        buf_addc(&buf, '\n'); /* what it printed stands above, perhaps without a line end */
    aws_outcome_write(&buf, a->id, &a->reply);
    (void)fprintf(out, "%s%s", buf_str(&buf), a->kept != NULL ? a->kept : "");
    (void)fprintf(error, "%s", a->kept_error != NULL ? a->kept_error : "");
    (void)fflush(out);
    (void)fflush(error);
    buf_deinit(&buf);
}

int once_exit_code(const struct once_answer *a)
{
    int64_t code = 0;

    if (a->state == MESSAGE_REPLY_DECLINED)
        return ONCE_EXIT_NOT_STARTED;
    if (a->state != MESSAGE_REPLY_FINISHED)
        return ONCE_EXIT_UNKNOWN;
    if (a->reply.status == INVOCATION_SUCCESS)
        return 0;
    for (size_t i = 0; i < a->reply.n_steps; i++)
        if (a->reply.steps[i].exit_code > 0)
            code = a->reply.steps[i].exit_code;
    return code < 1 || code > 125 || code == ONCE_EXIT_UNKNOWN || code == ONCE_EXIT_NOT_STARTED
               ? 1
               : (int)code;
}
