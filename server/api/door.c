/* door: see door.h. */
#include "server/api/door.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/store_offer.h"
#include "server/api/api.h"
#include "server/api/door_access.h"
#include "server/api/door_activation.h"
#include "server/api/door_bell.h"
#include "server/api/door_form.h"
#include "server/api/door_gift.h"
#include "server/api/door_call.h"
#include "server/api/door_cancel.h"
#include "server/api/door_catalog.h"
#include "server/api/door_document.h"
#include "server/api/door_history.h"
#include "server/api/door_host.h"
#include "server/api/door_observe.h"
#include "server/api/door_inventory.h"
#include "server/api/door_offering.h"
#include "server/api/door_poll.h"
#include "server/api/door_registration.h"
#include "server/api/door_reply.h"
#include "server/api/door_send.h"
#include "server/api/door_start.h"
#include "server/api/door_verify.h"

#define HOLD_MS 15000

#define SSM(name) .target = "AmazonSSM." name, .service = "ssm"
#define CALLER(name) SSM(name), .proof = DOOR_CALL_ACCESS_KEY
#define MDS(name) .target = "EC2WindowsMessageDeliveryService." name, .service = "ec2messages"
#define OURS(name) .target = "Slipway." name, .service = "ssm"

/* Without a word about its proof an operation wants session credentials. */
static const struct door_call_operation operations[] = {
    {SSM("RegisterManagedInstance"), .proof = DOOR_CALL_ACTIVATION,
     .handler = door_registration_add},
    {SSM("RequestManagedInstanceRoleToken"), .proof = DOOR_CALL_HOST_KEY,
     .handler = door_host_role_token},
    {SSM("UpdateManagedInstancePublicKey"), .proof = DOOR_CALL_HOST_KEY,
     .handler = door_host_update_key},
    {SSM("UpdateInstanceInformation"), .handler = door_host_information},
    {SSM("ListInstanceAssociations"), .handler = door_host_no_associations},
    {SSM("ListAssociations"), .handler = door_host_no_associations},
    {SSM("UpdateInstanceAssociationStatus"), .handler = door_host_nothing},
    {SSM("PutComplianceItems"), .handler = door_host_nothing},
    {SSM("PutInventory"), .handler = door_host_nothing},
    {SSM("GetParameters"), .handler = door_host_no_parameters},

    {MDS("GetMessages"), .handler = door_poll_messages},
    {MDS("AcknowledgeMessage"), .handler = door_reply_acknowledge},
    {MDS("SendReply"), .handler = door_reply_send},
    {MDS("FailMessage"), .handler = door_reply_fail},
    {MDS("DeleteMessage"), .handler = door_reply_delete},

    {CALLER("SendCommand"), .handler = door_send_command},
    {CALLER("CancelCommand"), .handler = door_cancel_command},
    {CALLER("GetCommandInvocation"), .handler = door_history_invocation},
    {CALLER("ListCommands"), .handler = door_history_commands},
    {CALLER("ListCommandInvocations"), .handler = door_history_invocations},
    {CALLER("CreateDocument"), .handler = door_document_create},
    {CALLER("UpdateDocument"), .handler = door_document_update},
    {CALLER("UpdateDocumentDefaultVersion"), .handler = door_document_default},
    {CALLER("DeleteDocument"), .handler = door_document_delete},
    {CALLER("GetDocument"), .handler = door_catalog_get},
    {CALLER("DescribeDocument"), .handler = door_catalog_describe},
    {CALLER("ListDocuments"), .handler = door_catalog_list},
    {CALLER("DescribeInstanceInformation"), .handler = door_inventory_describe},
    {CALLER("DeregisterManagedInstance"), .handler = door_inventory_deregister},
    {CALLER("CreateActivation"), .handler = door_activation_create},
    {CALLER("DescribeActivations"), .handler = door_activation_describe},
    {CALLER("DeleteActivation"), .handler = door_activation_delete},

    {OURS("PutOutput"), .handler = door_reply_output},
    {OURS("Observe"), .handler = door_observe},
    {OURS("RequestStart"), .handler = door_start_request},
};

struct door {
    struct door_options options;
    struct door_bell *bell;
    struct door_offering *offering;
    struct door_form_keep *forms;
};

struct door *door_new(const struct door_options *options)
{
    struct door *door = calloc(1, sizeof(*door));

    if (door == NULL)
        abort();
    door->options = *options;
    door->bell = door_bell_new();
    door->offering = door_offering_new();
    door->forms = door_form_keep_new();
    return door;
}

void door_free(struct door *door)
{
    if (door == NULL)
        return;
    door_bell_free(door->bell);
    door_offering_free(door->offering);
    door_form_keep_free(door->forms);
    free(door);
}

void door_ring(struct door *door, const char *host_id)
{
    door_bell_ring(door->bell, host_id);
}

bool door_waits(struct door *door, const char *host_id)
{
    return door_bell_waits(door->bell, host_id);
}

bool door_hand(struct door *door, const struct offer *offer)
{
    struct door_gift *gift = door_gift_new(door->forms, offer);
    bool handed = door_bell_hand(door->bell, offer->invocation.host_id, gift);

    if (!handed)
        door_gift_free(gift);
    return handed;
}

struct door_bell *door_own_bell(struct door *door)
{
    return door->bell;
}

struct door_form_keep *door_own_forms(struct door *door)
{
    return door->forms;
}

struct door_offering *door_own_offering(struct door *door)
{
    return door->offering;
}

const struct secret *door_credential_key(const struct door *door)
{
    return door->options.credential_key;
}

int64_t door_hold_ms(const struct door *door)
{
    return door->options.hold_ms != 0 ? door->options.hold_ms : HOLD_MS;
}

static const struct door_call_operation *find_operation(const char *target)
{
    for (size_t i = 0; target != NULL && i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (strcmp(operations[i].target, target) == 0)
            return &operations[i];
    }
    return NULL;
}

static void call_end(struct request *request)
{
    struct door_call *call = request->state;

    json_free(call->json);
    call->json = NULL;
    door_poll_end(call); /* the call is its own */
}

/* Who asks, and then what he asks for. */
static enum request_next admit(struct request *request, struct reply *reply)
{
    struct door_call *call = request->state;

    switch (door_verify(call, call->door->options.credential_key, reply)) {
    case DOOR_VERIFY_REFUSED:
        return REQUEST_DONE;
    case DOOR_VERIFY_UNKNOWN:
        return call->operation->handler == door_poll_messages
                   ? door_poll_put_off(call, reply, admit)
                   : door_call_fault(call, reply, call->err.text);
    case DOOR_VERIFY_KNOWN:
        break;
    }
    if (call->operation->proof == DOOR_CALL_SESSION)
        door_host_seen(call);
    else if (call->operation->proof == DOOR_CALL_ACCESS_KEY)
        door_access_used(call);
    return call->operation->handler(call, reply);
}

enum request_next door_post(struct request *request, struct reply *reply)
{
    struct door_call *call = arena_alloc(request->arena, sizeof(*call));

    call->request = request;
    call->door = request->api->door;
    call->now = clock_now(request->api->clock);
    request->state = call;
    request->end = call_end;
    call->operation = find_operation(request_header(request, "X-Amz-Target"));
    if (call->operation == NULL)
        return door_call_refuse(call, reply, "UnknownOperationException",
                                "no such operation at this door");
    return admit(request, reply);
}
