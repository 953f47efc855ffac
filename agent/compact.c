/* compact: see compact.h. */
#include "agent/compact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/journal_line.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define PATH_SIZE 4096
#define FILE_NEW AGENT_JOURNAL_FILE ".new"
#define CHUNK 65536

enum compact_fate compact_judge(const struct agent_journal_entry *entry, bool is_over, time_ms now)
{
    if (!is_over)
        return COMPACT_WHOLE;
    return now - compact_over_since(entry) > COMPACT_KEPT_MS ? COMPACT_FORGOTTEN : COMPACT_SHORT;
}

time_ms compact_over_since(const struct agent_journal_entry *entry)
{
    return entry->at > entry->start_by ? entry->at : entry->start_by;
}

/* Writing -------------------------------------------------------------------------------------- */

struct writing {
    const struct compact *c;
    struct compact_made *made;
    uint8_t *fates; /* enum compact_fate, of each that is known */
    struct buf out; /* what was not written yet */
    struct buf json;
    struct json_out members;
};

static int path_of(const char *state, const char *name, char path[PATH_SIZE], struct err *err)
{
    return snprintf(path, PATH_SIZE, "%s/%s", state, name) < PATH_SIZE
               ? 0
               : err_set(err, ERR_INVALID, "path too long: %s", state);
}

static int flush(struct writing *w, struct err *err)
{
    int rc = file_write_fd(w->made->fd, buf_str(&w->out), w->out.len);

    if (rc < 0)
        return err_set(err, ERR_BUSY, "writing %s/" FILE_NEW ": %s", w->c->state, strerror(-rc));
    w->made->size += (int64_t)w->out.len;
    buf_reset(&w->out);
    return 0;
}

static int put(struct writing *w, const struct journal_line *line, struct err *err)
{
    buf_add(&w->out, line->text, line->size);
    return w->out.len >= CHUNK ? flush(w, err) : 0;
}

static struct json_out *begin(struct writing *w, bool has_number, const char *kind)
{
    buf_reset(&w->json);
    json_out_init(&w->members, &w->json);
    json_begin_object(&w->members, NULL);
    if (has_number)
        json_add_int(&w->members, "number", w->c->number);
    json_add_str(&w->members, "kind", kind);
    return &w->members;
}

static int end(struct writing *w, struct err *err)
{
    struct journal_line line;

    json_end_object(&w->members);
    if (w->json.overflow)
        return err_set(err, ERR_BUSY, "a line of the journal has over %d bytes",
                       JOURNAL_LINE_JSON_MAX);
    journal_line_make(&line, buf_str(&w->json), w->json.len);
    return put(w, &line, err);
}

/* What stays, and what is known of it afterwards --------------------------------------------------- */

static int decide(struct writing *w, struct err *err)
{
    const struct known *before = w->c->known;
    struct known *after = &w->made->known;
    struct agent_journal_entry entry;
    struct json_out *out;

    after->forgotten_until = before->forgotten_until;
    for (size_t i = 0; i < before->n; i++) {
        known_entry(before, i, &entry);
        w->fates[i] =
            (uint8_t)compact_judge(&entry, w->c->rule->is_over(w->c->rule->arg, &entry), w->c->now);
        if (w->fates[i] != COMPACT_FORGOTTEN)
            known_put(after, &entry);
        else if (entry.start_by > after->forgotten_until)
            after->forgotten_until = entry.start_by;
    }
    out = begin(w, true, COMPACT_KIND_JOURNAL);
    json_add_time(out, "at", w->c->now);
    json_add_str(out, "id", w->c->id);
    json_add_bool(out, "anew", true);
    json_add_time(out, "forgotten_until", after->forgotten_until);
    return end(w, err);
}

static int put_floor(struct writing *w, const char *database, const struct known_epoch *e,
                     struct err *err)
{
    struct json_out *out = begin(w, false, COMPACT_KIND_FLOOR);
    int rc;

    json_add_str(out, "database", database);
    json_add_int(out, "epoch", e->epoch);
    json_add_str(out, "command", e->command_id);
    rc = end(w, err);
    known_raise(&w->made->known, database, e->epoch, e->command_id);
    w->made->lines++;
    return rc;
}

/* The highest last, as they came. */
static int put_floors(struct writing *w, struct err *err)
{
    const struct known *k = w->c->known;
    int rc = 0;

    for (size_t i = 0; i < k->n_floors * KNOWN_EPOCHS && rc == 0; i++) {
        const struct known_floor *f = &k->floors[i / KNOWN_EPOCHS];
        const struct known_epoch *e = &f->seen[KNOWN_EPOCHS - 1 - i % KNOWN_EPOCHS];

        if (e->epoch > 0)
            rc = put_floor(w, f->database, e, err);
    }
    return rc;
}

static int put_short(struct writing *w, const struct agent_journal_entry *e, struct err *err)
{
    struct json_out *out = begin(w, false, COMPACT_KIND_KEPT);

    json_add_str(out, "command", e->command_id);
    json_add_time(out, "at", e->at);
    json_add_str(out, "last", agent_journal_kind_text(e->kind));
    if (e->end != AGENT_JOURNAL_NONE)
        json_add_str(out, "end", agent_journal_kind_text(e->end));
    if (e->start_by > 0)
        json_add_time(out, "start_by", e->start_by);
    if (e->floor > 0)
        json_add_int(out, "floor", e->floor);
    if (e->nonce[0] != '\0')
        json_add_str(out, "nonce", e->nonce);
    w->made->lines++;
    return end(w, err);
}

static int put_all_short(struct writing *w, struct err *err)
{
    struct agent_journal_entry entry;
    int rc = 0;

    for (size_t i = 0; i < w->c->known->n && rc == 0; i++) {
        if (w->fates[i] != COMPACT_SHORT)
            continue;
        known_entry(w->c->known, i, &entry);
        rc = put_short(w, &entry, err);
    }
    return rc;
}

/* One line of the old file: of a command that stays whole, or nothing to us. */
static int copy_line(struct writing *w, const struct journal_line *line, struct err *err)
{
    struct cJSON *json = NULL;
    const char *kind, *id;
    bool is_whole;
    size_t number;
    int rc = json_parse(line->text + JOURNAL_LINE_HEAD, line->len, NULL, &json, err);

    if (rc < 0)
        return rc;
    kind = json_str(json, "kind");
    id = json_str(json, "command");
    number =
        id != NULL && !str_eq(kind, COMPACT_KIND_FLOOR) ? known_find(w->c->known, id) : KNOWN_NOT;
    is_whole = number != KNOWN_NOT && w->fates[number] == COMPACT_WHOLE;
    json_free(json);
    if (!is_whole)
        return 0;
    w->made->lines++;
    return put(w, line, err);
}

static int copy_whole(struct writing *w, const char *path, struct err *err)
{
    const char *wrong = "it ends too soon";
    enum journal_line_found found;
    struct journal_line line;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc = 0;
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

    if (file == NULL)
        return err_set(err, ERR_BUSY, "reading %s: %s", path, strerror(errno));
    while (rc == 0 && (found = journal_line_read(&line, file, &wrong)) == JOURNAL_LINE_WHOLE)
        rc = copy_line(w, &line, err);
    if (rc == 0 && found == JOURNAL_LINE_DAMAGED)
        rc = err_set(err, ERR_BUSY, "reading %s: %s", path, wrong);
    (void)fclose(file);
    return rc;
}

static int put_end(struct writing *w, struct err *err)
{
    struct json_out *out = begin(w, true, COMPACT_KIND_END);
    int rc;

    json_add_int(out, "lines", w->made->lines);
    rc = end(w, err);
    if (rc == 0)
        rc = flush(w, err);
    if (rc == 0 && fsync(w->made->fd) < 0)
        rc = err_set(err, ERR_BUSY, "syncing %s/" FILE_NEW ": %s", w->c->state, strerror(errno));
    return rc;
}

int compact_write(const struct compact *c, struct compact_made *ret_made, struct err *err)
{
    char path[PATH_SIZE], old[PATH_SIZE];
    struct writing w = {.c = c, .made = ret_made};
    int rc;

    *ret_made = (struct compact_made){.fd = -1};
    if (path_of(c->state, FILE_NEW, path, err) < 0 ||
        path_of(c->state, AGENT_JOURNAL_FILE, old, err) < 0)
        return ERR_BUSY;
    (void)unlink(path);
    ret_made->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (ret_made->fd < 0)
        return err_set(err, ERR_BUSY, "writing %s: %s", path, strerror(errno));
    w.fates = calloc(c->known->n + 1, sizeof(*w.fates));
    if (w.fates == NULL)
        abort();
    buf_init(&w.out, CHUNK + JOURNAL_LINE_SIZE);
    buf_init(&w.json, JOURNAL_LINE_JSON_MAX);
    if ((rc = decide(&w, err)) == 0 && (rc = put_floors(&w, err)) == 0 &&
        (rc = put_all_short(&w, err)) == 0 && (rc = copy_whole(&w, old, err)) == 0)
        rc = put_end(&w, err);
    buf_deinit(&w.out);
    buf_deinit(&w.json);
    free(w.fates);
    if (rc < 0)
        (void)unlink(path);
    return rc < 0 ? ERR_BUSY : 0;
}

void compact_made_deinit(struct compact_made *made)
{
    known_deinit(&made->known);
    if (made->fd >= 0)
        close(made->fd);
    made->fd = -1;
}

/* Names ---------------------------------------------------------------------------------------- */

int compact_install(const char *state, struct err *err)
{
    char from[PATH_SIZE], to[PATH_SIZE];
    struct err own = ERR_INIT;

    if (path_of(state, FILE_NEW, from, err) < 0 || path_of(state, AGENT_JOURNAL_FILE, to, err) < 0)
        return ERR_BUSY;
    if (rename(from, to) < 0) {
        (void)err_set(err, ERR_BUSY, "renaming %s: %s", from, strerror(errno));
        (void)unlink(from);
        return ERR_BUSY;
    }
    return file_sync_dir(state, &own) < 0 ? err_set(err, ERR_INTERNAL, "%s", own.text) : 0;
}

void compact_remove(const char *state)
{
    char path[PATH_SIZE];
    struct err err = ERR_INIT;

    if (path_of(state, FILE_NEW, path, &err) == 0)
        (void)unlink(path);
}
