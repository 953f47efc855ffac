/*
 * door_double: a scripted door for the real slipway-agent: real sockets, real signatures, and answers that a
 * test chooses. It keeps all that the agent says.
 *
 * It listens on 127.0.0.1 on threads of its own. A test puts messages on the queue, waits for replies, and may
 * make the door deaf (connections are closed unread) or let it refuse replies. Texts that it gives out live
 * until door_double_down().
 */
#ifndef SLIPWAY_TESTS_SUPPORT_DOOR_DOUBLE_H
#define SLIPWAY_TESTS_SUPPORT_DOOR_DOUBLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/base/sign.h"
#include "lib/ssm/document.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_reply.h"

#define DOOR_DOUBLE_QUEUE 32
#define DOOR_DOUBLE_WORDS 4096

/* One thing the agent said. */
struct door_double_word {
    const char *operation; /* "SendReply", "PutOutput", "AcknowledgeMessage", "Observe" ... */
    char command_id[37];
    struct message_reply reply; /* SendReply */
    const char *reply_id;       /* SendReply; RequestStart: the nonce */
    size_t n_chunks;            /* PutOutput: 0 = a heartbeat */
    const char *journal_id;     /* Observe */
    const char *heard;          /* of an observation: what the door said last */
    bool strict;                /* Observe */
    size_t n_documents;         /* Observe: of its strict folder */
    int64_t record_number;      /* Observe, SendReply */
    mono_ms at;
};

/* Answers to RequestStart. */
enum door_double_permit {
    DOOR_DOUBLE_YES,
    DOOR_DOUBLE_NO,
    DOOR_DOUBLE_LATER, /* 500 */
    DOOR_DOUBLE_LOST,  /* the connection ends where the answer would be */
    DOOR_DOUBLE_OTHER, /* yes, to another question */
};

struct door_double {
    char url[64];
    char host_id[21];
    char store_id[NAMES_UUID_SIZE];
    char key_text[64]; /* base64url of the public key */
    struct sign_key *key;
    char spki[1024]; /* of the host that registered */
    int listener;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct arena arena; /* under the lock */
    struct message queue[DOOR_DOUBLE_QUEUE];
    size_t n_queue;
    struct door_double_word *words;
    size_t n_words;
    const char *announcements; /* of the answer to Observe, a JSON list; NULL = none */
    const char *redact;        /* patterns that come with each command; NULL = none */
    char *output;              /* of all commands, in the order of the chunks */
    size_t output_len;
    int64_t last_chunk;
    atomic_bool stop;
    atomic_bool deaf;
    atomic_bool refuses_replies; /* answers 500 */
    atomic_int proxied; /* so many replies meet a proxy's own page: 404, then 200, and so on */
    atomic_int permit;  /* how RequestStart is answered */
    atomic_int unsigned_calls; /* that should have been signed and were not, or wrongly */
    atomic_int sick;           /* so many times /up answers 503 before 200 */
    atomic_int open;           /* connections */
    atomic_int doubts;         /* so many observations are wanted once more */
    atomic_bool wants_key;     /* asks for another key; off once there is one that was used */
    char next_spki[1024];      /* the one it was told of */
};

void door_double_up(struct door_double *door);
void door_double_down(struct door_double *door);

/* An envelope of this door for its host; a new command id; start-by in a minute. Change what you like. */
struct envelope door_double_envelope(struct door_double *door);

/* Sign and queue; `document` is made into the envelope's digest unless that is set already. */
void door_double_send(struct door_double *door, struct envelope *envelope,
                      const struct document *document);
/* The same with a signature by this key, and this text in the place of the document's. */
void door_double_send_as(struct door_double *door, struct envelope *envelope,
                         const struct document *document, const struct sign_key *key,
                         const char *document_text);
/* Queue the very message of that command once more. */
void door_double_repeat(struct door_double *door, const char *command_id);

/* Queue the word that the command is to end; the id of that message's own. */
const char *door_double_cancel(struct door_double *door, const char *command_id);

/* Wait until the agent said so about a command; NULL = not within so many seconds. */
const struct door_double_word *door_double_wait(struct door_double *door, const char *command_id,
                                                enum message_reply_state state, int seconds);
/* How often it said so (distinct reply ids). */
size_t door_double_count(struct door_double *door, const char *command_id,
                         enum message_reply_state state);
/* Wait for the n-th word of that operation (1..). */
const struct door_double_word *door_double_wait_word(struct door_double *door,
                                                     const char *operation, size_t n, int seconds);
/* Wait until this text was printed. */
bool door_double_wait_output(struct door_double *door, const char *text, int seconds);
bool door_double_printed(struct door_double *door, const char *text);

#endif
