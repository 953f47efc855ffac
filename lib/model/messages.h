/*
 * messages: every text that people read, in English and Japanese, by key. The table is made from
 * web/messages.tsv at build time; the page has the same as a module. Keys are sorted.
 */
#ifndef SLIPWAY_LIB_MODEL_MESSAGES_H
#define SLIPWAY_LIB_MODEL_MESSAGES_H

#include <stddef.h>

struct arena;

enum language { LANGUAGE_EN, LANGUAGE_JA, LANGUAGE_COUNT };

struct message {
    const char *key;
    const char *text[LANGUAGE_COUNT];
};

extern const struct message messages[];
extern const size_t n_messages;

/* "en", "ja"; anything else is English. */
enum language messages_language(const char *name);

/* The text of `key`; the key itself if there is none, so that a gap is seen and not hidden. */
const char *messages_text(enum language language, const char *key);

/* A value for a {name} in a text. */
struct message_value {
    const char *name;
    const char *value; /* NULL = "-" */
};

/* The text with its {names} filled in. */
char *messages_fill(struct arena *arena, enum language language, const char *key,
                    const struct message_value *values, size_t n);

#endif
