/*
 * door_verify: who is at the door, and may this operation be opened by what is shown?
 *
 * The one verifier, before any operation (T33, T34). It reads; it writes nothing.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_VERIFY_H
#define SLIPWAY_SERVER_API_DOOR_VERIFY_H

struct door_call;
struct reply;
struct secret;

enum door_verify_verdict {
    DOOR_VERIFY_REFUSED, /* the reply says why */
    DOOR_VERIFY_KNOWN,   /* the body is read and the caller filled in */
    DOOR_VERIFY_UNKNOWN, /* the store cannot be asked now, says the call's error; nothing is answered */
};

/* Hold the request against its operation's proof. */
enum door_verify_verdict door_verify(struct door_call *call, const struct secret *credential_key,
                                     struct reply *reply);

#endif
