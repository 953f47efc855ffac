/* known: see known.h. */
#include "agent/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_SIZE 16

/* Of the few that ask for it. */
struct more {
    int64_t floor;
    char nonce[NAMES_UUID_SIZE];
};

struct known_command {
    unsigned char id[ID_SIZE];
    time_ms at;       /* of its last record */
    time_ms start_by; /* 0 = not said */
    struct more *more;
    uint8_t kind, end; /* enum agent_journal_kind */
};

static void *grown(void *array, size_t size)
{
    array = realloc(array, size);
    if (array == NULL)
        abort();
    return array;
}

/* Ids ------------------------------------------------------------------------------------------ */

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Lower case and dashes, as names_is_uuid() wants it. */
static void id_of(const char *text, unsigned char id[ID_SIZE])
{
    for (size_t i = 0; i < ID_SIZE; i++, text += 2) {
        text += *text == '-';
        id[i] = (unsigned char)(nibble(text[0]) << 4 | nibble(text[1]));
    }
}

static void text_of(const unsigned char id[ID_SIZE], char text[NAMES_UUID_SIZE])
{
    for (size_t i = 0; i < ID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        text += snprintf(text, 3, "%02x", id[i]);
    }
}

/* The last bytes of an id are chance, whatever made it. */
static size_t place_of(const struct known *k, const unsigned char id[ID_SIZE])
{
    uint64_t word;
    size_t at;

    memcpy(&word, id + 8, sizeof(word));
    at = (size_t)(word * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (k->n_places - 1);
    while (k->places[at] != 0 && memcmp(k->commands[k->places[at] - 1].id, id, ID_SIZE) != 0)
        at = (at + 1) & (k->n_places - 1);
    return at;
}

static void make_places(struct known *k)
{
    k->n_places = k->n_places == 0 ? 128 : 2 * k->n_places;
    free(k->places);
    k->places = calloc(k->n_places, sizeof(*k->places));
    if (k->places == NULL)
        abort();
    for (size_t i = 0; i < k->n; i++)
        k->places[place_of(k, k->commands[i].id)] = (uint32_t)i + 1;
}

/* Commands ------------------------------------------------------------------------------------- */

void known_deinit(struct known *k)
{
    for (size_t i = 0; i < k->n; i++)
        free(k->commands[i].more);
    for (size_t i = 0; i < k->n_floors; i++)
        free(k->floors[i].database);
    free(k->commands);
    free(k->places);
    free(k->floors);
    *k = (struct known){.n = 0};
}

size_t known_find(const struct known *k, const char *command_id)
{
    unsigned char id[ID_SIZE];
    uint32_t found;

    if (k->n_places == 0)
        return KNOWN_NOT;
    id_of(command_id, id);
    found = k->places[place_of(k, id)];
    return found == 0 ? KNOWN_NOT : found - 1;
}

static struct known_command *add(struct known *k, const char *command_id)
{
    struct known_command *c;

    if (k->n == k->cap) {
        k->cap = k->cap == 0 ? 64 : k->cap + k->cap / 2;
        k->commands = grown(k->commands, k->cap * sizeof(*k->commands));
    }
    c = &k->commands[k->n++];
    *c = (struct known_command){.kind = AGENT_JOURNAL_NONE};
    id_of(command_id, c->id);
    if (k->n * 2 > k->n_places)
        make_places(k);
    else
        k->places[place_of(k, c->id)] = (uint32_t)k->n;
    return c;
}

static struct more *more_of(struct known_command *c)
{
    if (c->more == NULL) {
        c->more = calloc(1, sizeof(*c->more));
        if (c->more == NULL)
            abort();
    }
    return c->more;
}

bool known_note(struct known *k, const struct agent_journal_record *r, time_ms at)
{
    size_t number = known_find(k, r->command_id);
    struct known_command *c = number == KNOWN_NOT ? add(k, r->command_id) : &k->commands[number];

    if (r->kind == AGENT_JOURNAL_REPORTED)
        c->end = c->kind;
    c->kind = (uint8_t)r->kind;
    c->at = at;
    if (r->start_by > 0)
        c->start_by = r->start_by;
    if (r->floor > 0)
        more_of(c)->floor = r->floor;
    if (r->nonce != NULL)
        snprintf(more_of(c)->nonce, NAMES_UUID_SIZE, "%s", r->nonce);
    if (r->kind == AGENT_JOURNAL_REPORTED && c->end != AGENT_JOURNAL_DECLINED) {
        free(c->more); /* only who says that it never began is asked for them */
        c->more = NULL;
    }
    known_raise(k, r->database, r->epoch, r->command_id);
    return number == KNOWN_NOT;
}

void known_put(struct known *k, const struct agent_journal_entry *e)
{
    struct known_command *c = add(k, e->command_id);

    c->kind = (uint8_t)e->kind;
    c->end = (uint8_t)e->end;
    c->at = e->at;
    c->start_by = e->start_by;
    if (e->floor > 0)
        more_of(c)->floor = e->floor;
    if (e->nonce[0] != '\0')
        memcpy(more_of(c)->nonce, e->nonce, NAMES_UUID_SIZE);
}

void known_entry(const struct known *k, size_t number, struct agent_journal_entry *ret_entry)
{
    const struct known_command *c = &k->commands[number];

    *ret_entry = (struct agent_journal_entry){.kind = (enum agent_journal_kind)c->kind,
                                              .end = (enum agent_journal_kind)c->end,
                                              .at = c->at,
                                              .start_by = c->start_by};
    text_of(c->id, ret_entry->command_id);
    if (c->more != NULL) {
        ret_entry->floor = c->more->floor;
        memcpy(ret_entry->nonce, c->more->nonce, NAMES_UUID_SIZE);
    }
}

enum agent_journal_kind known_kind(const struct known *k, size_t number)
{
    return number == KNOWN_NOT ? AGENT_JOURNAL_NONE
                               : (enum agent_journal_kind)k->commands[number].kind;
}

/* Floors --------------------------------------------------------------------------------------- */

const struct known_floor *known_floor(const struct known *k, const char *database)
{
    for (size_t i = 0; i < k->n_floors; i++) {
        if (strcmp(k->floors[i].database, database) == 0)
            return &k->floors[i];
    }
    return NULL;
}

void known_raise(struct known *k, const char *database, int64_t epoch, const char *command_id)
{
    const struct known_floor *found = database != NULL ? known_floor(k, database) : NULL;
    struct known_floor *f;

    if (database == NULL || epoch < 1 || (found != NULL && epoch <= found->seen[0].epoch))
        return;
    if (found != NULL) {
        f = &k->floors[found - k->floors];
    } else {
        k->floors = grown(k->floors, (k->n_floors + 1) * sizeof(*k->floors));
        f = &k->floors[k->n_floors++];
        *f = (struct known_floor){.database = strdup(database)};
        if (f->database == NULL)
            abort();
    }
    memmove(&f->seen[1], &f->seen[0], (KNOWN_EPOCHS - 1) * sizeof(f->seen[0]));
    f->seen[0].epoch = epoch;
    snprintf(f->seen[0].command_id, sizeof(f->seen[0].command_id), "%s", command_id);
}
