/*
 * problems: everything that is wrong with a configuration, in one run, each with its place.
 */
#ifndef SLIPWAY_LIB_CONFIG_PROBLEMS_H
#define SLIPWAY_LIB_CONFIG_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;

struct problem {
    bool warning; /* else an error */
    const char *file;
    int line; /* from 1; 0 = the file as a whole */
    int column;
    const char *text;
    const char *excerpt;    /* the line, NULL */
    const char *suggestion; /* "did you mean ...", NULL */
};

#define PROBLEMS_MAX 200

struct problems {
    struct arena *arena;
    const char *file;  /* being read */
    const char *bytes; /* its text, for excerpts */
    size_t len;
    struct problem *items;
    size_t n;
    size_t cap;
    size_t n_errors;
};

void problems_init(struct problems *problems, struct arena *arena);
/* What follows is about another file, whose text is not at hand: no excerpts, unless it is the same. */
void problems_move(struct problems *problems, const char *file);
void problems_error(struct problems *problems, int line, int column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void problems_warn(struct problems *problems, int line, int column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* "did you mean X" on the last one; NULL does nothing. */
void problems_suggest(struct problems *problems, const char *word);

/* As people read it: file:line:column, text, excerpt, caret, suggestion. */
void problems_print(const struct problem *problem, struct buf *buf);

#endif
