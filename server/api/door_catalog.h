/*
 * door_catalog: documents as AWS callers look them up: get, describe, list (ssm-wire.md 3.6). And the words in which
 * a document is told, for whoever changes one (door_document). On http threads.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_CATALOG_H
#define SLIPWAY_SERVER_API_DOOR_CATALOG_H

#include "server/api/door_call.h"
#include "server/api/door_library.h"

door_call_fn door_catalog_get;
door_call_fn door_catalog_describe;
door_call_fn door_catalog_list;

/* `version` and `version_name` as door_library_find() has them; all of the entry lies in the call's arena. */
int door_catalog_find(struct door_call *call, const char *name, const char *version,
                      const char *version_name, struct door_library_entry *ret_entry,
                      struct err *err);
/* The answer for whom it failed. */
enum request_next door_catalog_refuse(struct door_call *call, struct reply *reply, int rc,
                                      const struct err *err);

/* {KEY: DocumentDescription} is the answer. */
enum request_next door_catalog_answer(struct door_call *call, struct reply *reply, const char *key,
                                      const struct door_library_entry *entry);

/* A number as the wire has it: a text. */
void door_catalog_add_number(struct json_out *out, struct door_call *call, const char *key,
                             int64_t value);

#endif
