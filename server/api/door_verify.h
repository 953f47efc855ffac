/*
 * door_verify: who is at the door, and may this operation be opened by what is shown?
 *
 * The one verifier, before any operation (T33, T34). It reads; it writes nothing.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_VERIFY_H
#define SLIPWAY_SERVER_API_DOOR_VERIFY_H

#include <stdbool.h>

struct door_call;
struct reply;
struct secret;

/* Hold the request against its operation's proof. True: the body is read and the caller filled in.
 * False: the reply says why not. */
bool door_verify(struct door_call *call, const struct secret *credential_key, struct reply *reply);

#endif
