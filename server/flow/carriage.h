/*
 * carriage: one round of the carrier: what it works on, and what it found out (carrier.h).
 *
 * carriage_hosts asks who is there, carriage_sends hands commands over to AWS, carriage_words brings back what AWS says of
 * them. Each asks AWS one question at a time; the first that gets no answer ends the round, and AWS is left alone for a
 * while. Nothing of a round is remembered but when each send is looked at again.
 */
#ifndef SLIPWAY_SERVER_FLOW_CARRIAGE_H
#define SLIPWAY_SERVER_FLOW_CARRIAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/send.h"
#include "lib/model/command.h"
#include "lib/ssm/aws_call.h"
#include "lib/ssm/document.h"
#include "lib/ssm/envelope.h"
#include "lib/store/store_offer.h"

struct arena;
struct clock;
struct db;
struct snapshot;
struct transport_ssm;
struct writer;

/* When a send is looked at again. The machine's clock: AWS is waited for. */
#define CARRIAGE_FIRST_LOOK_MS 1000 /* after AWS was asked for something */

#define CARRIAGE_ROUND_MS 2000     /* of one thing; then the others have their turn */
#define CARRIAGE_PATIENCE_MS 1000  /* AWS is left alone so long; then twice as long ... */
#define CARRIAGE_REST_MAX_MS 15000 /* ... up to that, for one kind of question */

/* Kinds of questions that AWS counts apart: where it throttles one the others go on. */
enum carriage_kind {
    CARRIAGE_SEND,
    CARRIAGE_CANCEL,
    CARRIAGE_LOOK,
    CARRIAGE_HOSTS,
    CARRIAGE_KINDS
};

struct carriage_rest {
    mono_ms until;       /* AWS is asked none of these before; 0 = it is asked */
    int64_t patience_ms; /* for how long it was left alone last */
    char why[256];
    char refused[256]; /* it was answered no last, until it is answered otherwise; "" */
};

struct carriage_place {
    char id[37];
    mono_ms next;
    int64_t patience_ms;  /* how long it was put off last, for want of an answer; 0 = it had one */
    mono_ms absent_since; /* AWS answers, and knows nothing of it since; 0 = it does */
    time_ms heard_at;     /* that AWS said it runs was written last */
    bool seen;            /* in this round */
};

struct carriage {
    struct db *db; /* read-only */
    struct writer *writer;
    const struct snapshot *snapshot;
    struct arena *arena;
    struct transport_ssm *aws;
    struct clock *clock;
    time_ms now; /* by the clock of the rules; both of the last carriage_tick() */
    mono_ms mono;
    int64_t settle_ms; /* what AWS knows nothing of for so long it never had */

    struct carriage_rest rests[CARRIAGE_KINDS];
    int64_t look_ms; /* how long AWS takes to say how a command goes */
    struct carriage_place *places;
    size_t n_places, cap_places;

    bool moved;   /* something for the flow to look at */
    bool hosts;   /* ... for the pages */
    bool printed; /* ... for who reads output */
    bool over;    /* AWS is asked nothing more in this round */
    bool answered;
    bool more;         /* to be sent: the next round is at once */
    char trouble[256]; /* why it is over; "" = it is not */
};

/* It is later now: before each question, for each may take seconds, and is signed with `now`. */
void carriage_tick(struct carriage *carriage);
/* May AWS be asked this now? */
bool carriage_may(const struct carriage *carriage, enum carriage_kind kind);
/* The same about this one, which then waits until it may. */
bool carriage_may_now(const struct carriage *carriage, enum carriage_kind kind,
                      struct carriage_place *place);
/* Did AWS answer? If it said "later", this kind of question rests, longer each time; if nothing, the round is over. An
 * answer that cannot be read is none to this question, and ends nothing else. */
bool carriage_answered(struct carriage *carriage, enum carriage_kind kind, const char *what,
                       enum aws_outcome outcome, const struct err *err);
/* It answered no. The round goes on; people are told until such a question is answered otherwise. */
void carriage_refused(struct carriage *carriage, enum carriage_kind kind, const char *what,
                      const struct err *err);
/* Why not all went well, for people; "" = it did. */
const char *carriage_trouble(const struct carriage *carriage);
/* Nothing came of asking for this one: others have their turn first, longer each time. */
void carriage_later(struct carriage_place *place);
/* What the store has of one cannot be used: it alone is put off. If the store itself fails, the round is over. */
void carriage_unreadable(struct carriage *carriage, enum carriage_kind kind, const char *id,
                         const struct err *err);
/* The store cannot be read or written: the round is over, too. Always false. */
bool carriage_failed(struct carriage *carriage, const char *what, const struct err *err);

/* A line of the journal, inside its transaction. Not of the flow's own: it is news there. */
int carriage_journal(struct db *db, time_ms now, const char *act, const char *command_id,
                     const char *reason, struct err *err);

/* About so long: not everybody comes back at once. */
int64_t carriage_jitter(int64_t ms);

struct carriage_place *carriage_place(struct carriage *carriage, const char *id);

/* Who is there: the roles by ssm of the configuration. False: it is not whole. */
bool carriage_hosts(struct carriage *carriage);
/* Commands that wait for a host of AWS; then those that AWS does not have yet, or is not known to have. */
void carriage_sends_begin(struct carriage *carriage);
void carriage_sends_go_on(struct carriage *carriage, const struct send *send);
/* AWS has nothing of it, and nobody wants it sent any more: it is over, without asking AWS. False: it is not. */
bool carriage_sends_end(struct carriage *carriage, const struct send *send);
/* Commands that are to be ended. */
void carriage_cancels(struct carriage *carriage);
/* What a send carries: the command as it was signed, and what it runs. */
struct carriage_order {
    struct invocation invocation; /* with its envelope */
    struct offer offer;
    struct envelope envelope;
    struct document document;
    bool is_once; /* of a migrate job: slipway-once runs it */
};
int carriage_order_load(struct carriage *carriage, const char *command_id, const char *host_id,
                        struct carriage_order *ret_order, struct err *err);

/* What AWS says of one that it has. */
void carriage_words(struct carriage *carriage, const struct send *send);

/* Nothing of this send runs, or ever will: said as its host would. The send moves to `state`. */
void carriage_words_never(struct carriage *carriage, const struct send *send, enum send_state state,
                          const char *why);

/* The same of one that AWS did not take within its limit: its host counts as not reached. */
void carriage_words_late(struct carriage *carriage, const struct send *send, const char *why);

/* Of a migrate job: this send is over (`state`), and slipway-once on its host is to be asked what became of the command. */
void carriage_words_ask(struct carriage *carriage, const struct send *send, enum send_state state,
                        const char *why);
/* AWS is asked to end the command's own send. False: it was not heard. */
bool carriage_cancels_run(struct carriage *carriage, const char *command_id, const char *host_id);

#endif
