/* door_gift: see door_gift.h. */
#include "server/api/door_gift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ssm/message.h"
#include "lib/store/store_offer.h"
#include "server/api/door_form.h"

struct door_gift *door_gift_new(struct door_form_keep *forms, const struct offer *offer)
{
    const struct invocation *i = &offer->invocation;
    const struct message_command command = {.document_name = offer->document_name,
                                            .document = offer->content,
                                            .parameters = offer->parameters,
                                            .redact = offer->redact};
    size_t envelope_size = strlen(i->envelope) + 1, signature_size = strlen(i->signature) + 1;
    struct door_gift *gift = malloc(sizeof(*gift) + envelope_size + signature_size);

    if (gift == NULL)
        abort();
    *gift = (struct door_gift){.form = door_form_of(forms, &command), .at = i->offered_at};
    snprintf(gift->command_id, sizeof(gift->command_id), "%s", i->command_id);
    memcpy(gift->texts, i->envelope, envelope_size);
    memcpy(gift->texts + envelope_size, i->signature, signature_size);
    gift->envelope = envelope_size > 1 ? gift->texts : NULL;
    gift->signature = gift->texts + envelope_size;
    return gift;
}

void door_gift_free(struct door_gift *gifts)
{
    for (struct door_gift *next; gifts != NULL; gifts = next) {
        next = gifts->next;
        door_form_let_go(gifts->form);
        free(gifts);
    }
}
