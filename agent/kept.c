/* kept: see kept.h. */
#include "agent/kept.h"

#include <string.h>

#include "agent/output.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/ssm/aws_outcome.h"

#define STREAM_MAX ((size_t)64 * 1024) /* above every room of aws_outcome_room() */

struct kept_step {
    size_t size;   /* bytes that it printed */
    size_t room;   /* of which so many are kept, */
    size_t begins; /* so many of them from its beginning */
    size_t at;     /* of the next byte */
    struct buf bytes;
};

struct kept {
    const struct document *document;
    bool error_stream;
    struct kept_step steps[DOCUMENT_STEPS_MAX];
};

typedef void kept_take(struct kept_step *step, const char *bytes, size_t n);

static void measure(struct kept_step *step, const char *bytes, size_t n)
{
    (void)bytes;
    step->size += n;
}

/* Bytes [from, until) of what comes now, as far as they lie in these of the whole. */
static void add_part(struct kept_step *step, const char *bytes, size_t n, size_t from, size_t until)
{
    size_t begin = step->at > from ? step->at : from;
    size_t end = step->at + n < until ? step->at + n : until;

    if (begin < end)
        buf_add(&step->bytes, bytes + (begin - step->at), end - begin);
}

static void keep(struct kept_step *step, const char *bytes, size_t n)
{
    size_t last = step->size - (step->room - step->begins);

    if (step->size <= step->room) {
        buf_add(&step->bytes, bytes, n);
    } else {
        add_part(step, bytes, n, 0, step->begins);
        if (step->at < last && step->at + n >= last)
            buf_addf(&step->bytes, "\n[%zu bytes left out]\n", step->size - step->room);
        add_part(step, bytes, n, last, step->size);
    }
    step->at += n;
}

static void walk(struct kept *k, const char *folder, kept_take *take)
{
    struct output_reader reader = {0};
    struct output_chunk *chunks;
    struct arena arena;
    struct err err = ERR_INIT;
    size_t n = 1;

    arena_init(&arena);
    while (n > 0 && output_read(&reader, &arena, folder, k->document, &chunks, &n, &err) == 0) {
        for (size_t i = 0; i < n; i++) {
            int number = document_step_number(k->document, chunks[i].step);

            if (chunks[i].error_stream == k->error_stream && number >= 0)
                take(&k->steps[number], chunks[i].text, chunks[i].len);
        }
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}

/* Two thirds are the last one's, whose output says most often why. */
static void share_out(struct kept *k, size_t room)
{
    size_t last = 0;

    for (size_t i = 0; i < k->document->n_steps; i++)
        if (k->steps[i].size > 0)
            last = i;
    for (size_t i = 0; i <= last; i++) {
        struct kept_step *step = &k->steps[i];

        step->room = last == 0 ? room : i == last ? room * 2 / 3 : room / 3 / last;
        step->begins = step->room / 4;
        buf_init(&step->bytes, STREAM_MAX);
    }
}

const char *kept_output(struct arena *arena, const char *folder, const struct document *document,
                        const char *command_id, bool error_stream)
{
    struct kept *k = arena_alloc(arena, sizeof(*k));
    const char *text;
    struct buf out;

    k->document = document;
    k->error_stream = error_stream;
    walk(k, folder, measure);
    share_out(k, (size_t)aws_outcome_room(document->n_steps, error_stream));
    walk(k, folder, keep);
    buf_init(&out, STREAM_MAX);
    for (size_t i = 0; i < document->n_steps; i++) {
        if (k->steps[i].size > 0) {
            aws_outcome_mark(&out, command_id, i + 1);
            buf_adds(&out, buf_str(&k->steps[i].bytes));
        }
        buf_deinit(&k->steps[i].bytes);
    }
    aws_outcome_mark(&out, command_id, 0);
    text = arena_str(arena, buf_str(&out));
    buf_deinit(&out);
    return text;
}
