/* door_form: see door_form.h. */
#include "server/api/door_form.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_form.h"

struct door_form {
    struct arena arena;
    struct message_command made_of;
    struct message_form text;
    atomic_uint holders;
};

struct door_form_keep {
    pthread_mutex_t lock;
    struct door_form *last; /* held by this; NULL = none yet */
};

struct door_form_keep *door_form_keep_new(void)
{
    struct door_form_keep *forms = calloc(1, sizeof(*forms));

    if (forms == NULL || pthread_mutex_init(&forms->lock, NULL) != 0)
        abort();
    return forms;
}

void door_form_keep_free(struct door_form_keep *forms)
{
    if (forms == NULL)
        return;
    door_form_let_go(forms->last);
    pthread_mutex_destroy(&forms->lock);
    free(forms);
}

void door_form_let_go(struct door_form *form)
{
    if (form == NULL || atomic_fetch_sub(&form->holders, 1) > 1)
        return;
    arena_deinit(&form->arena);
    free(form);
}

const struct message_form *door_form_text(const struct door_form *form)
{
    return &form->text;
}

static struct door_form *form_new(const struct message_command *c)
{
    struct door_form *form = calloc(1, sizeof(*form));
    struct arena *arena;

    if (form == NULL)
        abort();
    arena = &form->arena;
    arena_init(arena);
    form->made_of = (struct message_command){.document_name = arena_str(arena, c->document_name),
                                             .document = arena_str(arena, c->document),
                                             .parameters = arena_str(arena, c->parameters),
                                             .redact = arena_str(arena, c->redact)};
    message_form_make(arena, &form->made_of, &form->text);
    atomic_init(&form->holders, 1);
    return form;
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_of(const struct door_form *form, const struct message_command *c)
{
    const struct message_command *made_of = &form->made_of;

    return same(made_of->document_name, c->document_name) && same(made_of->document, c->document) &&
           same(made_of->parameters, c->parameters) && same(made_of->redact, c->redact);
}

struct door_form *door_form_of(struct door_form_keep *forms, const struct message_command *command)
{
    struct door_form *form;

    pthread_mutex_lock(&forms->lock);
    form = forms->last;
    if (form == NULL || !is_of(form, command)) {
        door_form_let_go(form);
        form = forms->last = form_new(command);
    }
    atomic_fetch_add(&form->holders, 1);
    pthread_mutex_unlock(&forms->lock);
    return form;
}
