/*
 * door_document: documents, for AWS callers (ssm-wire.md 3.6): CreateDocument and its kin. Making and changing
 * them wants a key that manages documents; a key sees all (door_catalog), and runs those that it lists. Operations of the table
 * in door.c.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_DOCUMENT_H
#define SLIPWAY_SERVER_API_DOOR_DOCUMENT_H

#include "server/api/door_call.h"

enum request_next door_document_create(struct door_call *call, struct reply *reply);
enum request_next door_document_update(struct door_call *call, struct reply *reply);
enum request_next door_document_default(struct door_call *call, struct reply *reply);
enum request_next door_document_delete(struct door_call *call, struct reply *reply);

#endif
