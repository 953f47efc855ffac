#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/redact.h"
#include "lib/base/str.h"
#include "lib/model/command.h"
#include "lib/model/host.h"
#include "lib/ssm/aws_outcome.h"
#include "lib/ssm/message_reply.h"
#include "lib/store/store_command.h"
#include "lib/store/store_host.h"
#include "lib/store/store_offer.h"
#include "lib/store/store_reply.h"
#include "lib/store/store_send.h"
#include "lib/store/writer.h"
#include "lib/transport/transport_ssm.h"
#include "server/flow/carriage.h"
#include "server/flow/snapshot.h"

#define LOOK_MS 2000
#define LOOK_EACH_MS                                                                               \
    150 /* ... and so long for each that is open: at most seven questions a second */
#define HEARD_EVERY_MS 15000
#define BEGUN_AFTER_MS 60000
#define ANSWERS_FROM                                                                               \
    100 /* numbers of chunks: what slipway-once was asked for stands behind what the run printed */
#define ASK_AGAIN_MS INT64_C(5000) /* doubled each time, up to a minute */
#define ASK_AGAIN_TURNS 4
#define ASK_AGAIN_MAX_MS 60000
#define FORGOTTEN_MS (INT64_C(60) * 60 * 1000) /* AWS answers, and does not know it any more */

/* What one look changes, decided before the transaction. */
struct words {
    const struct carriage *carriage;
    const struct send *send;
    const char *said;    /* AWS' word, NULL = the one of before */
    bool reached;        /* its host has it */
    bool lives;          /* ... and it runs there */
    const char *payload; /* of its host, as if it had sent it here; NULL = none */
    struct output_chunk *chunks;
    size_t n_chunks;
    const struct invocation_change *end; /* it never reached its host; NULL */
    struct send_change send_change;      /* .state as it is: none */
    const struct message_reply *journal; /* a word that names the journal it is from; NULL */
    bool proves;                         /* ... and a record of this very command in it */
    bool asks; /* slipway-once is to be asked what became of it: at once, then later and later */
};

/* Writing ----------------------------------------------------------------------------------------- */

/* AWS' own word, where no host has one to say. A command that has ended meanwhile stays as it is. */
static int end_command(struct db *db, const struct words *w, struct err *err)
{
    struct invocation_change to = *w->end;
    const struct send *s = w->send;
    struct invocation inv;
    struct arena arena;
    int rc;

    arena_init(&arena);
    rc = store_command_invocation(db, &arena, s->command_id, s->host_id, &inv, err);
    if (rc == 0 && inv.status == INVOCATION_CANCELLING && str_eq(to.details, "NotStarted"))
        to.status = INVOCATION_CANCELLED;
    if (rc == 0 && states_allows(invocation_statuses, (int)inv.status, (int)to.status)) {
        rc = store_command_move(db, s->command_id, s->host_id, inv.status, &to, w->carriage->now,
                                err);
        if (rc == 0)
            rc = carriage_journal(db, w->carriage->now, "invocation.move", s->command_id,
                                  to.details, err);
    }
    arena_deinit(&arena);
    return rc;
}

static int put_reply(struct db *db, const struct words *w, struct err *err)
{
    const struct send *s = w->send;
    char id[80];
    bool known;

    (void)snprintf(id, sizeof(id), "aws/%s/%s", s->id,
                   w->said != NULL ? w->said : send_states[w->send_change.state].text);
    return store_reply_put(db, id, s->command_id, s->host_id, w->payload, w->carriage->now, &known,
                           err);
}

/* Another journal than the known one: nothing is begun there until a person accepts it. What is under way has its own words. */
static int bar(struct db *db, const struct words *w, const struct host *host, struct err *err)
{
    static const char why[] = "slipway-once has another journal there than the one that is known";
    const char *other = w->journal->journal_id;
    int rc;

    if (host->state == HOST_DEREGISTERED ||
        (host->state == HOST_BARRED && str_eq(host->doubt_journal_id, other)))
        return 0; /* as before */
    log_error("host.barred", "host=%s id=%s suspended=0 err=%s", LOG(host->name), host->id, why);
    rc = store_host_doubt(db, host->id, why, other, false, w->carriage->now, err);
    if (rc == 0 && host->state != HOST_BARRED)
        rc = store_host_move(db, host->id, host->state, HOST_BARRED, err);
    return rc < 0 ? rc : carriage_journal(db, w->carriage->now, "host.bar", host->id, why, err);
}

/* From here on another one is another: a declining word from it is not believed. One that knows nothing of the command
 * becomes the known one by nobody's word: it may be the second, on a disk that was made anew (migrate.md 3). */
static int know_journal(struct db *db, const struct words *w, struct err *err)
{
    const struct message_reply *r = w->journal;
    struct arena arena;
    struct host host;
    int rc;

    arena_init(&arena);
    rc = store_host_by_id(db, &arena, w->send->host_id, &host, err);
    if (rc == 0 && host.journal_id == NULL && w->proves)
        rc = store_host_observed(db, host.id, HOST_PROTOCOL_PERMIT, r->journal_id, r->boot_id,
                                 r->record_number, err);
    else if (rc == 0 && host.journal_id != NULL && !str_eq(host.journal_id, r->journal_id))
        rc = bar(db, w, &host, err);
    arena_deinit(&arena);
    return rc;
}

static int put_question(struct db *db, const struct words *w, struct err *err)
{
    struct send ask = {.act = SEND_REVOKE, .state = SEND_INTENDED};
    bool is_asked = false;
    int64_t n = 0;
    int rc = store_send_asks(db, w->send->command_id, &n, &is_asked, err);

    if (rc < 0 || is_asked)
        return rc;
    ask.intended_at = w->carriage->now + (n == 0                ? 0
                                          : n < ASK_AGAIN_TURNS ? ASK_AGAIN_MS << n
                                                                : ASK_AGAIN_MAX_MS);
    names_uuid_at(ask.intended_at, ask.id);
    memcpy(ask.command_id, w->send->command_id, sizeof(ask.command_id));
    memcpy(ask.host_id, w->send->host_id, sizeof(ask.host_id));
    rc = store_send_intend(db, &ask, err);
    return rc < 0 ? rc
                  : carriage_journal(db, w->carriage->now, "attempt.revoke", w->send->command_id,
                                     w->said != NULL ? w->said : w->send_change.note, err);
}

static int write_words(struct db *db, void *arg, struct err *err)
{
    const struct words *w = arg;
    const struct send *s = w->send;
    time_ms now = w->carriage->now;
    int rc = w->said != NULL ? store_send_said(db, s->id, w->said, now, err) : 0;

    if (rc == 0 && w->reached && s->act == SEND_RUN) {
        rc = store_offer_acknowledged(db, s->command_id, s->host_id, now, err);
        rc = rc == ERR_CONFLICT ? 0 : rc; /* it was before */
    }
    for (size_t i = 0; i < w->n_chunks && rc == 0; i++)
        rc = store_command_chunk(db, &w->chunks[i], err);
    if (rc == 0 && w->payload != NULL)
        rc = put_reply(db, w, err);
    if (rc == 0 && (w->lives || w->payload != NULL))
        rc = store_command_heard(db, s->command_id, s->host_id, now, err);
    if (rc == 0 && w->end != NULL)
        rc = end_command(db, w, err);
    if (rc == 0 && w->journal != NULL)
        rc = know_journal(db, w, err);
    if (rc == 0 && w->send_change.state != s->state)
        rc = store_send_move(db, s->id, s->state, &w->send_change, err);
    if (rc == 0 && w->asks)
        rc = put_question(db, w, err);
    return rc;
}

static bool put(struct carriage *c, struct words *w)
{
    struct err err = ERR_INIT;
    int rc = writer_do(c->writer, write_words, w, &err);

    if (rc < 0 && rc != ERR_CONFLICT)
        return carriage_failed(c, w->send->command_id, &err);
    c->moved = c->moved || w->payload != NULL || w->end != NULL || w->reached;
    c->printed = c->printed || w->n_chunks > 0;
    return true;
}

/* As its host would say it --------------------------------------------------------------------------- */

static bool make_payload(struct carriage *c, struct words *w, const struct message_reply *reply)
{
    struct err err = ERR_INIT;

    if (message_reply_make(c->arena, reply, "aws-ssm", "1", c->now, &w->payload, &err) < 0)
        return carriage_failed(c, w->send->command_id, &err);
    w->payload = message_reply_hide(c->arena, w->payload, c->snapshot->redact);
    return true;
}

static void add_chunk(struct carriage *c, struct words *w, const struct message_reply_step *step,
                      bool error_stream, const char *text, size_t *cap)
{
    struct output_chunk *chunk;
    char *copy;

    if (text == NULL || *text == '\0')
        return;
    copy = arena_str(c->arena, text);
    chunk = ARENA_PUSH(c->arena, w->chunks, w->n_chunks, *cap);
    *chunk = (struct output_chunk){.number = (int64_t)w->n_chunks - 1 +
                                             (w->send->act == SEND_REVOKE ? ANSWERS_FROM : 0),
                                   .step = step->name,
                                   .error_stream = error_stream,
                                   .at = step->ended_at != 0 ? step->ended_at : c->now,
                                   .text = copy,
                                   .len = redact_bytes(c->snapshot->redact, copy, strlen(copy))};
    memcpy(chunk->command_id, w->send->command_id, sizeof(chunk->command_id));
    memcpy(chunk->host_id, w->send->host_id, sizeof(chunk->host_id));
}

/* Deployments show output as chunks; a reply of theirs carries none. */
static void take_output(struct carriage *c, struct words *w, struct message_reply *reply)
{
    size_t cap = 0;

    for (size_t i = 0; i < reply->n_steps; i++) {
        struct message_reply_step *s = &reply->steps[i];

        add_chunk(c, w, s, false, s->output, &cap);
        add_chunk(c, w, s, true, s->error_output, &cap);
        s->output = s->error_output = NULL;
    }
}

void carriage_words_never(struct carriage *c, const struct send *send, enum send_state state,
                          const char *why)
{
    const struct invocation_change never = {.status = INVOCATION_FAILED,
                                            .details = "NotStarted",
                                            .cause = why,
                                            .exit_code = -1,
                                            .commit_sha = ""};
    struct words w = {.carriage = c,
                      .send = send,
                      .end = send->act == SEND_RUN ? &never : NULL,
                      .send_change = {.state = state, .note = why}};

    (void)put(c, &w);
}

void carriage_words_late(struct carriage *c, const struct send *send, const char *why)
{
    const struct invocation_change late = {.status = INVOCATION_TIMED_OUT,
                                           .details = "DeliveryTimedOut",
                                           .cause = why,
                                           .exit_code = -1,
                                           .commit_sha = ""};
    struct words w = {.carriage = c,
                      .send = send,
                      .end = &late,
                      .send_change = {.state = SEND_GIVEN_UP, .note = why}};
    struct carriage_order o;
    struct err err = ERR_INIT;

    if (carriage_order_load(c, send->command_id, send->host_id, &o, &err) < 0)
        (void)carriage_failed(c, send->command_id, &err);
    else if (o.is_once) /* an attempt that timed out is unknown; this one AWS never had */
        carriage_words_never(c, send, SEND_GIVEN_UP, why);
    else
        (void)put(c, &w);
}

/* Looking -------------------------------------------------------------------------------------------- */

/* An end without its host: it never had the command. */
static const struct invocation_change *never_reached(const char *details)
{
    static const struct {
        const char *details;
        struct invocation_change change;
    } ends[] = {
        {"DeliveryTimedOut",
         {INVOCATION_TIMED_OUT, "DeliveryTimedOut",
          "AWS says that it did not take its command in time", -1, ""}},
        {"Undeliverable",
         {INVOCATION_FAILED, "Undeliverable", "AWS could not deliver its command", -1, ""}},
        {"InvalidPlatform",
         {INVOCATION_FAILED, "Undeliverable", "AWS says that its platform is not the document's",
          -1, ""}},
        {"AccessDenied",
         {INVOCATION_FAILED, "Undeliverable", "AWS says that we may not use this host", -1, ""}},
    };

    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        if (str_eq(ends[i].details, details))
            return &ends[i].change;
    return NULL;
}

/* Is its host there, as far as AWS says? Else a command that AWS calls InProgress may have died with it. */
static bool is_there(struct carriage *c, const char *host_id)
{
    struct err err = ERR_INIT;
    struct host host;

    return store_host_by_id(c->db, c->arena, host_id, &host, &err) == 0 &&
           host_is_online(&host, c->now);
}

static enum aws_outcome_word read_outcome(struct carriage *c, const struct carriage_order *o,
                                          const struct aws_invocation *i,
                                          struct message_reply *ret_reply)
{
    const struct aws_outcome_facts facts = {.command_id = o->invocation.command_id,
                                            .document = &o->document,
                                            .is_order = o->is_once,
                                            .details = i->details,
                                            .response_code = i->response_code,
                                            .output = i->output,
                                            .error_output = i->error_output};

    return aws_outcome_read(c->arena, &facts, ret_reply);
}

/* slipway-once ends at once where it does not begin: whose script runs for so long has begun. From then on people are told
 * when it takes longer than it should (M5). */
static bool runs_on(const struct carriage *c, const struct send *send,
                    const struct carriage_order *o, const struct aws_invocation *i)
{
    return o->is_once && send->act == SEND_RUN && str_eq(send->word, "InProgress") &&
           str_eq(i->details, "InProgress") && o->invocation.status == INVOCATION_PENDING &&
           c->now - send->word_at >= BEGUN_AFTER_MS;
}

static void say_running(struct carriage *c, const struct send *send, struct carriage_place *place,
                        const struct carriage_order *o, const struct aws_invocation *i)
{
    struct words w = {.carriage = c, .send = send, .send_change = {.state = send->state}};
    bool is_new = !str_eq(send->word, i->details), begins = runs_on(c, send, o, i);
    struct message_reply reply;

    w.reached = read_outcome(c, o, i, &reply) == AWS_OUTCOME_TOLD;
    w.lives = w.reached && c->now - place->heard_at >= HEARD_EVERY_MS && is_there(c, send->host_id);
    if (!is_new && !w.lives && !begins)
        return;
    w.said = is_new ? i->details : NULL;
    if (w.lives)
        place->heard_at = c->now;
    if (begins)
        reply.state = MESSAGE_REPLY_STARTED;
    if (((is_new && w.reached && send->act == SEND_RUN) || begins) && !make_payload(c, &w, &reply))
        return;
    (void)put(c, &w);
}

/* It is known whether it began, or ended: no more needs to be asked. */
static bool settles(const struct message_reply *reply)
{
    return reply->state == MESSAGE_REPLY_FINISHED || reply->state == MESSAGE_REPLY_DECLINED ||
           reply->state == MESSAGE_REPLY_UNKNOWN;
}

/* Did AWS say that the run itself had begun, or how its script ended? Also where that cannot be read. */
static bool has_begun(struct carriage *c, const struct carriage_order *o)
{
    static const char *const words[] = {"InProgress", "Success", "Failed", "ExecutionTimedOut"};
    struct err err = ERR_INIT;
    struct send *sends;
    size_t n = 0;

    if (o->invocation.acknowledged_at != 0 ||
        store_send_of_command(c->db, c->arena, o->invocation.command_id, &sends, &n, &err) < 0)
        return true;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
            if (sends[i].act == SEND_RUN && str_eq(sends[i].word, words[k]))
                return true;
    return false;
}

/* Of a migrate job: what slipway-once said, or that it has to be asked. A journal that takes back what AWS had begun may be one that
 * was restored to before (migrate.md 5): its record number alone does not show that. */
static void fill_order(struct carriage *c, struct words *w, const struct carriage_order *o,
                       enum aws_outcome_word word, struct message_reply *reply)
{
    struct message_reply *told = arena_alloc(c->arena, sizeof(*told));

    *told = *reply;
    w->journal = told->journal_id != NULL ? told : NULL;
    w->proves = reply->state == MESSAGE_REPLY_FINISHED || reply->state == MESSAGE_REPLY_STARTED;
    w->asks = word == AWS_OUTCOME_ASK || !settles(reply);
    if (o->invocation.status == INVOCATION_CANCELLING && reply->state == MESSAGE_REPLY_STARTED)
        (void)carriage_cancels_run(c, w->send->command_id, w->send->host_id);
    if (w->send->act == SEND_REVOKE && reply->state == MESSAGE_REPLY_DECLINED && has_begun(c, o)) {
        reply->journal_id = NULL; /* nor does it say that its supervisor is gone */
        reply->state = MESSAGE_REPLY_UNKNOWN;
        reply->reason = "slipway-once says that it never began, and AWS said that its script had: "
                        "its journal may have been lost or restored";
    }
}

/* AWS' own clock is over for one that it had brought: no end was heard of it, and its script has ended itself by then. */
static const struct invocation_change no_end = {
    .status = INVOCATION_TIMED_OUT,
    .details = "ExecutionTimedOut",
    .cause = "it began, and AWS heard no end of it within its limits",
    .exit_code = -1,
    .commit_sha = ""};

static void say_end(struct carriage *c, const struct send *send, const struct carriage_order *o,
                    const struct aws_invocation *i)
{
    struct words w = {.carriage = c,
                      .send = send,
                      .said = i->details,
                      .send_change = {.state = SEND_ENDED}};
    struct message_reply reply;
    enum aws_outcome_word word;

    w.end = o->is_once ? NULL : never_reached(i->details);
    if (w.end != NULL && o->invocation.acknowledged_at != 0)
        w.end = &no_end;
    if (w.end == NULL) {
        word = read_outcome(c, o, i, &reply);
        if (word == AWS_OUTCOME_NOTHING)
            return;
        w.reached = word == AWS_OUTCOME_TOLD && reply.state != MESSAGE_REPLY_DECLINED;
        if (o->is_once)
            fill_order(c, &w, o, word, &reply);
        if (send->act == SEND_RUN || settles(&reply))
            take_output(c, &w, &reply);
        /* Whoever is asked says it better; who cannot be asked either says that nobody knows. */
        if ((word == AWS_OUTCOME_TOLD || send->act == SEND_REVOKE) && !make_payload(c, &w, &reply))
            return;
    }
    if (put(c, &w))
        log_notice("aws.ended", "command=%s host=%s act=%s word=%s", send->command_id,
                   send->host_id, send_acts[send->act].text, LOG(i->details));
}

void carriage_words_ask(struct carriage *c, const struct send *send, enum send_state state,
                        const char *why)
{
    struct words w = {.carriage = c,
                      .send = send,
                      .send_change = {.state = state, .note = why},
                      .asks = true};

    (void)put(c, &w);
}

/* AWS answers, and shows nothing of it: so it is in the first half minute; later it was forgotten, after a month. */
static void wait_for_sight(struct carriage *c, const struct send *send,
                           struct carriage_place *place, bool is_once)
{
    struct words w = {.carriage = c,
                      .send = send,
                      .send_change = {.state = SEND_LOST, .note = "AWS does not know it any more"}};
    struct message_reply reply = {.status = INVOCATION_FAILED,
                                  .trace = "",
                                  .state = MESSAGE_REPLY_UNKNOWN,
                                  .reason = "AWS does not know the command any more"};

    if (place->absent_since == 0)
        place->absent_since = c->mono;
    if (c->mono - place->absent_since < FORGOTTEN_MS)
        return;
    if (is_once)
        carriage_words_ask(c, send, SEND_LOST, w.send_change.note);
    else if (make_payload(c, &w, &reply))
        (void)put(c, &w);
}

/* Half of the time is for them, the rest for what is to be sent. */
static mono_ms next_look(const struct carriage *c)
{
    int64_t each = 2 * c->look_ms > LOOK_EACH_MS ? 2 * c->look_ms : LOOK_EACH_MS;
    int64_t all = (int64_t)c->n_places * each;

    return c->mono + carriage_jitter(all > LOOK_MS ? all : LOOK_MS);
}

/* All of its output is in an answer of its own; the list cuts it, and with it what the script told. False: it could not be
 * had yet, or AWS does not know there that it ended. */
static bool read_whole(struct carriage *c, const struct send *send, struct carriage_place *place,
                       struct aws_invocation *i)
{
    struct aws_invocation whole = *i;
    struct err err = ERR_INIT;
    enum aws_outcome outcome =
        transport_ssm_text(c->aws, c->arena, send->aws_id, send->host_id, c->now, &whole, &err);

    if (!carriage_answered(c, CARRIAGE_LOOK, "what it printed", outcome, &err)) {
        carriage_later(place);
        return false;
    }
    if (outcome == AWS_REFUSED)
        carriage_refused(c, CARRIAGE_LOOK, "what it printed", &err);
    if (outcome != AWS_OK || (whole.known && !invocation_has_ended(whole.status)))
        return false;
    i->response_code = whole.response_code;
    i->output = whole.output;
    i->error_output = whole.error_output;
    return true;
}

void carriage_words(struct carriage *c, const struct send *send)
{
    struct carriage_place *place = carriage_place(c, send->id);
    struct aws_invocation *items = NULL, *found = NULL;
    struct carriage_order o;
    struct err err = ERR_INIT;
    enum aws_outcome outcome;
    mono_ms began;
    size_t n = 0;

    place->seen = true;
    carriage_tick(c);
    if (!carriage_may_now(c, CARRIAGE_LOOK, place))
        return;
    began = c->mono;
    outcome = transport_ssm_look(c->aws, c->arena, send->aws_id, c->now, &items, &n, &err);
    carriage_tick(c);
    c->look_ms = (c->look_ms * 7 + (c->mono - began)) / 8;
    if (!carriage_answered(c, CARRIAGE_LOOK, "how a command goes", outcome, &err)) {
        carriage_later(place);
        return;
    }
    place->next = next_look(c);
    if (outcome == AWS_REFUSED) {
        carriage_refused(c, CARRIAGE_LOOK, "how a command goes", &err);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (strcmp(items[i].instance_id, send->host_id) == 0)
            found = &items[i];
    if (carriage_order_load(c, send->command_id, send->host_id, &o, &err) < 0) {
        carriage_unreadable(c, CARRIAGE_LOOK, send->id, &err);
        return;
    }
    if (found == NULL || !invocation_has_ended(found->status))
        place->patience_ms = 0;
    if (found == NULL) {
        wait_for_sight(c, send, place, o.is_once);
        return;
    }
    place->absent_since = 0;
    if (!found->known || !invocation_has_ended(found->status))
        say_running(c, send, place, &o, found);
    else if ((!o.is_once && never_reached(found->details) != NULL) ||
             read_whole(c, send, place, found))
        say_end(c, send, &o, found);
}
