#include "server/flow/carriage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/store/store_command.h"
#include "lib/store/store_journal.h"
#include "server/flow/courier.h"

#define LATER_MS 5000
#define LATER_MAX_MS 60000

int carriage_order_load(struct carriage *c, const char *command_id, const char *host_id,
                        struct carriage_order *o, struct err *err)
{
    int rc = store_command_invocation(c->db, c->arena, command_id, host_id, &o->invocation, err);

    if (rc == 0)
        rc = store_offer_find(c->db, c->arena, command_id, host_id, &o->offer, err);
    if (rc == 0)
        rc = envelope_parse(c->arena, o->invocation.envelope, strlen(o->invocation.envelope),
                            &o->envelope, err);
    if (rc == 0)
        rc =
            document_parse(c->arena, o->offer.content, strlen(o->offer.content), &o->document, err);
    o->is_once = rc == 0 && o->envelope.database != NULL;
    return rc;
}

bool carriage_failed(struct carriage *c, const char *what, const struct err *err)
{
    c->over = true;
    (void)snprintf(c->trouble, sizeof(c->trouble), "%s: %s", what, err->text);
    return false;
}

void carriage_refused(struct carriage *c, enum carriage_kind kind, const char *what,
                      const struct err *err)
{
    struct carriage_rest *r = &c->rests[kind];

    (void)snprintf(r->refused, sizeof(r->refused), "%s: %s", what, err->text);
}

const char *carriage_trouble(const struct carriage *c)
{
    const char *why = c->trouble;

    for (int kind = 0; kind < CARRIAGE_KINDS && *why == '\0'; kind++)
        if (courier_now() < c->rests[kind].until)
            why = c->rests[kind].why;
    for (int kind = 0; kind < CARRIAGE_KINDS && *why == '\0'; kind++)
        why = c->rests[kind].refused;
    return why;
}

void carriage_tick(struct carriage *c)
{
    c->now = clock_now(c->clock);
    c->mono = courier_now();
}

bool carriage_may(const struct carriage *c, enum carriage_kind kind)
{
    return !c->over && c->mono >= c->rests[kind].until;
}

bool carriage_may_now(const struct carriage *c, enum carriage_kind kind,
                      struct carriage_place *place)
{
    if (place->next < c->rests[kind].until)
        place->next = c->rests[kind].until;
    return !c->over && c->mono >= place->next;
}

void carriage_later(struct carriage_place *place)
{
    place->patience_ms = place->patience_ms == 0                 ? LATER_MS
                         : place->patience_ms * 2 < LATER_MAX_MS ? place->patience_ms * 2
                                                                 : LATER_MAX_MS;
    place->next = courier_now() + carriage_jitter(place->patience_ms);
}

void carriage_unreadable(struct carriage *c, enum carriage_kind kind, const char *id,
                         const struct err *err)
{
    if (err->code != ERR_INVALID && err->code != ERR_NOT_FOUND) {
        (void)carriage_failed(c, id, err);
        return;
    }
    carriage_refused(c, kind, id, err);
    carriage_later(carriage_place(c, id));
}

/* Twice as long as the last time. */
static void rest(struct carriage *c, enum carriage_kind kind, const char *what,
                 const struct err *err)
{
    struct carriage_rest *r = &c->rests[kind];

    r->patience_ms = r->patience_ms == 0                         ? CARRIAGE_PATIENCE_MS
                     : r->patience_ms * 2 < CARRIAGE_REST_MAX_MS ? r->patience_ms * 2
                                                                 : CARRIAGE_REST_MAX_MS;
    r->until = courier_now() + carriage_jitter(r->patience_ms);
    (void)snprintf(r->why, sizeof(r->why), "%s: %s", what, err->text);
}

bool carriage_answered(struct carriage *c, enum carriage_kind kind, const char *what,
                       enum aws_outcome outcome, const struct err *err)
{
    switch (outcome) {
    case AWS_OK:
    case AWS_ABSENT:
    case AWS_REFUSED:
        c->answered = true;
        c->rests[kind].patience_ms = 0;
        if (kind == CARRIAGE_LOOK)
            *c->rests[kind].refused = '\0';
        return true;
    case AWS_AGAIN:
        if (err->code == ERR_INVALID) { /* somebody was, and it is this one that cannot be read */
            c->answered = true;
            carriage_refused(c, kind, what, err);
            return false;
        }
        if (err->code != ERR_BUSY) /* nobody was reached */
            break;
        rest(c, kind, what, err);
        return false;
    case AWS_UNCLEAR:
    case AWS_CREDENTIALS:
    case AWS_OUTCOME_COUNT:
        break;
    }
    return carriage_failed(c, what, err);
}

int carriage_journal(struct db *db, time_ms now, const char *act, const char *command_id,
                     const char *reason, struct err *err)
{
    const struct journal_entry entry = {.at = now,
                                        .actor = "slipway",
                                        .way = "ssm",
                                        .act = act,
                                        .subject = command_id,
                                        .reason = reason};

    return store_journal_add(db, &entry, err);
}

int64_t carriage_jitter(int64_t ms)
{
    unsigned char byte = 0;

    digest_random(&byte, sizeof(byte));
    return ms * 3 / 4 + ms * byte / 512; /* three quarters to one and a quarter */
}

struct carriage_place *carriage_place(struct carriage *c, const char *id)
{
    struct carriage_place *p;

    for (size_t i = 0; i < c->n_places; i++)
        if (strcmp(c->places[i].id, id) == 0)
            return &c->places[i];
    if (c->n_places == c->cap_places) {
        c->cap_places = c->cap_places == 0 ? 64 : 2 * c->cap_places;
        c->places = realloc(c->places, c->cap_places * sizeof(*c->places));
        if (c->places == NULL)
            abort();
    }
    p = &c->places[c->n_places++];
    *p = (struct carriage_place){.next = 0};
    (void)snprintf(p->id, sizeof(p->id), "%s", id);
    return p;
}
