/*
 * writer_queue: what waits for the writer, in its order. Nothing is locked here.
 */
#ifndef SLIPWAY_LIB_STORE_WRITER_QUEUE_H
#define SLIPWAY_LIB_STORE_WRITER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/store/writer.h"

struct task {
    struct task *next;
    writer_fn *fn;
    writer_done *done;
    void *arg;
    bool again; /* may be run again after it was undone */
    bool ahead; /* goes before those that do not */
    int rc;
    struct err err;
};

struct queue {
    struct task *first, **end;
    size_t n;
};

static inline void writer_queue_init(struct queue *q)
{
    q->first = NULL;
    q->end = &q->first;
    q->n = 0;
}

/* The list from `first` to `*end`, of `n`. */
static inline void writer_queue_add(struct queue *q, struct task *first, struct task **end,
                                    size_t n)
{
    *q->end = first;
    q->end = end;
    q->n += n;
}

/* NULL = it is empty. */
static inline struct task *writer_queue_pop(struct queue *q)
{
    struct task *task = q->first;

    if (task == NULL)
        return NULL;
    q->first = task->next;
    if (q->first == NULL)
        q->end = &q->first;
    q->n--;
    task->next = NULL;
    return task;
}

static inline void writer_queue_push_front(struct queue *q, struct task *task)
{
    task->next = q->first;
    if (q->first == NULL)
        q->end = &task->next;
    q->first = task;
    q->n++;
}

#endif
