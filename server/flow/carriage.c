#include "server/flow/carriage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/store/store_command.h"

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

void carriage_refused(struct carriage *c, const char *what, const struct err *err)
{
    (void)snprintf(c->trouble, sizeof(c->trouble), "%s: %s", what, err->text);
}

bool carriage_answered(struct carriage *c, const char *what, enum aws_outcome outcome,
                       const struct err *err)
{
    switch (outcome) {
    case AWS_OK:
    case AWS_ABSENT:
    case AWS_REFUSED:
        c->answered = true;
        return true;
    case AWS_AGAIN:
    case AWS_UNCLEAR:
    case AWS_CREDENTIALS:
    case AWS_OUTCOME_COUNT:
        break;
    }
    return carriage_failed(c, what, err);
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
