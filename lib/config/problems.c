#include "lib/config/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#define TEXT_MAX 600
#define EXCERPT_MAX 160

void problems_init(struct problems *problems, struct arena *arena)
{
    *problems = (struct problems){.arena = arena, .file = "slipway.yml"};
}

void problems_move(struct problems *problems, const char *file)
{
    if (str_eq(problems->file, file))
        return;
    problems->file = arena_str(problems->arena, file);
    problems->bytes = NULL;
}

static const char *excerpt_of(const struct problems *problems, int line)
{
    const char *p = problems->bytes;
    const char *end = p == NULL ? NULL : p + problems->len;

    for (int i = 1; p != NULL && i < line; i++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p == NULL ? NULL : p + 1;
    }
    if (p == NULL || p >= end || line == 0)
        return NULL;
    end = memchr(p, '\n', (size_t)(end - p)) != NULL ? memchr(p, '\n', (size_t)(end - p)) : end;
    return str_clean(problems->arena, p, (size_t)(end - p), EXCERPT_MAX);
}

__attribute__((format(printf, 5, 0))) static void add(struct problems *problems, bool warning,
                                                      int line, int column, const char *fmt,
                                                      va_list args)
{
    char text[TEXT_MAX];
    struct problem *p;

    problems->n_errors += !warning;
    if (problems->n == PROBLEMS_MAX)
        return;
    vsnprintf(text, sizeof(text), fmt, args);
    p = ARENA_PUSH(problems->arena, problems->items, problems->n, problems->cap);
    p->warning = warning;
    p->file = problems->file;
    p->line = line;
    p->column = column;
    p->text = str_clean(problems->arena, text, strlen(text), TEXT_MAX);
    p->excerpt = excerpt_of(problems, line);
}

void problems_error(struct problems *problems, int line, int column, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(problems, false, line, column, fmt, args);
    va_end(args);
}

void problems_warn(struct problems *problems, int line, int column, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add(problems, true, line, column, fmt, args);
    va_end(args);
}

void problems_suggest(struct problems *problems, const char *word)
{
    if (word != NULL && problems->n > 0)
        problems->items[problems->n - 1].suggestion =
            arena_printf(problems->arena, "did you mean \"%s\"?", word);
}

void problems_print(const struct problem *problem, struct buf *buf)
{
    const char *kind = problem->warning ? "warning" : "error";

    if (problem->line > 0)
        buf_addf(buf, "%s:%d:%d: %s: %s\n", problem->file, problem->line, problem->column, kind,
                 problem->text);
    else
        buf_addf(buf, "%s: %s: %s\n", problem->file, kind, problem->text);
    if (problem->excerpt != NULL) {
        buf_addf(buf, "  %5d | %s\n        | ", problem->line, problem->excerpt);
        for (int i = 1; i < problem->column && i < EXCERPT_MAX; i++)
            buf_addc(buf, ' ');
        buf_adds(buf, "^\n");
    }
    if (problem->suggestion != NULL)
        buf_addf(buf, "        = %s\n", problem->suggestion);
}
