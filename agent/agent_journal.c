/* agent_journal: see agent_journal.h. */
#include "agent/agent_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/compact.h"
#include "agent/guard.h"
#include "agent/intake.h"
#include "agent/journal_line.h"
#include "agent/known.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

struct agent_journal {
    char *state;
    int fd;
    bool is_new;
    bool is_broken; /* a write failed */
    char id[NAMES_UUID_SIZE];
    int64_t number;
    int64_t good;  /* bytes up to the end of the last whole record */
    bool in_kept;  /* reading: what was kept when it was written anew */
    int64_t kept;  /* lines of that */
    int64_t since; /* records behind them */
    pthread_mutex_t lock;
    struct known known;
    struct intake intake;
};

#define KIND_TEXT(symbol, text) text,
static const char *const kind_texts[AGENT_JOURNAL_KINDS_COUNT] = {AGENT_JOURNAL_KINDS(KIND_TEXT)};

const char *agent_journal_kind_text(enum agent_journal_kind kind)
{
    return kind_texts[kind];
}

/* Reading ------------------------------------------------------------------------------------- */

static int damaged(struct agent_journal *j, const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID, "journal damaged after record %lld (byte %lld): %s",
                   (long long)j->number, (long long)j->good, what);
}

static enum agent_journal_kind kind_of(const char *text)
{
    for (int kind = 1; text != NULL && kind < AGENT_JOURNAL_KINDS_COUNT; kind++) {
        if (str_eq(text, kind_texts[kind]))
            return (enum agent_journal_kind)kind;
    }
    return AGENT_JOURNAL_NONE;
}

/* 0 = it is not there. */
static time_ms time_of(const struct cJSON *json, const char *key)
{
    const char *text = json_str(json, key);
    time_ms t = 0;

    return text != NULL && timestamp_parse_rfc3339(text, &t) == 0 ? t : 0;
}

static int take_first(struct agent_journal *j, const struct cJSON *json, int64_t number,
                      struct err *err)
{
    const char *id = json_str(json, "id");

    if (!str_eq(json_str(json, "kind"), COMPACT_KIND_JOURNAL) || !names_is_uuid(id))
        return damaged(j, "its first record does not name it", err);
    (void)json_bool(json, "anew", &j->in_kept);
    if (number < 1 || (!j->in_kept && number != 1))
        return damaged(j, "its number is not the next one", err);
    snprintf(j->id, sizeof(j->id), "%s", id);
    j->known.forgotten_until = time_of(json, "forgotten_until");
    j->number = number;
    return 0;
}

static int take_record(struct agent_journal *j, const struct cJSON *json, struct err *err)
{
    struct agent_journal_record r = {.kind = kind_of(json_str(json, "kind")),
                                     .command_id = json_str(json, "command"),
                                     .database = json_str(json, "database"),
                                     .start_by = time_of(json, "start_by"),
                                     .nonce = json_str(json, "nonce")};

    if (!names_is_uuid(r.command_id))
        return damaged(j, "a record without a command", err);
    if (r.kind == AGENT_JOURNAL_NONE)
        return damaged(j, "a record of an unknown kind", err);
    if (!guard_may_follow(known_kind(&j->known, known_find(&j->known, r.command_id)), r.kind))
        return damaged(j, "a record that may not stand there", err);
    (void)json_int(json, "epoch", &r.epoch);
    (void)json_int(json, "floor", &r.floor);
    (void)known_note(&j->known, &r, time_of(json, "at"));
    return 0;
}

static int take_floor(struct agent_journal *j, const struct cJSON *json, struct err *err)
{
    const char *database = json_str(json, "database"), *id = json_str(json, "command");
    int64_t epoch = 0;

    if (database == NULL || !names_is_uuid(id) || !json_int(json, "epoch", &epoch) || epoch < 1)
        return damaged(j, "a floor that is none", err);
    known_raise(&j->known, database, epoch, id);
    return 0;
}

static int take_kept(struct agent_journal *j, const struct cJSON *json, struct err *err)
{
    const char *id = json_str(json, "command"), *nonce = json_str(json, "nonce");
    struct agent_journal_entry e = {.kind = kind_of(json_str(json, "last")),
                                    .end = kind_of(json_str(json, "end")),
                                    .at = time_of(json, "at"),
                                    .start_by = time_of(json, "start_by")};

    if (!names_is_uuid(id) || e.kind == AGENT_JOURNAL_NONE ||
        known_find(&j->known, id) != KNOWN_NOT)
        return damaged(j, "a kept command that may not stand there", err);
    (void)json_int(json, "floor", &e.floor);
    memcpy(e.command_id, id, sizeof(e.command_id));
    if (nonce != NULL)
        snprintf(e.nonce, sizeof(e.nonce), "%s", nonce);
    known_put(&j->known, &e);
    return 0;
}

/* A line of what was kept. The last of them says how many there are, so that none is missing. */
static int take_line_of_kept(struct agent_journal *j, const struct cJSON *json, struct err *err)
{
    const char *kind = json_str(json, "kind");
    int64_t lines = 0;

    if (str_eq(kind, COMPACT_KIND_END)) {
        if (!json_int(json, "lines", &lines) || lines != j->kept)
            return damaged(j, "lines of what was kept are missing", err);
        j->in_kept = false;
        return 0;
    }
    j->kept++;
    return str_eq(kind, COMPACT_KIND_FLOOR)  ? take_floor(j, json, err)
           : str_eq(kind, COMPACT_KIND_KEPT) ? take_kept(j, json, err)
                                             : take_record(j, json, err);
}

static int take_line(struct agent_journal *j, const struct journal_line *line, struct err *err)
{
    struct err own = ERR_INIT;
    struct cJSON *json = NULL;
    int64_t number = 0;
    int rc;

    if (json_parse(line->text + JOURNAL_LINE_HEAD, line->len, NULL, &json, &own) < 0)
        return damaged(j, own.text, err);
    (void)json_int(json, "number", &number);
    if (j->number == 0) {
        rc = take_first(j, json, number, err);
    } else if (j->in_kept) {
        rc = take_line_of_kept(j, json, err);
    } else if (number != j->number + 1) {
        rc = damaged(j, "its number is not the next one", err);
    } else {
        rc = take_record(j, json, err);
        j->number += rc == 0;
        j->since += rc == 0;
    }
    json_free(json);
    if (rc == 0)
        j->good += (int64_t)line->size;
    return rc;
}

static int read_all(struct agent_journal *j, struct err *err)
{
    int fd = dup(j->fd), rc = 0;
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    enum journal_line_found found = JOURNAL_LINE_WHOLE;
    struct journal_line line;
    const char *wrong = "";

    if (file == NULL)
        return err_set(err, ERR_INTERNAL, "reading the journal: %s", strerror(errno));
    while (rc == 0 && (found = journal_line_read(&line, file, &wrong)) == JOURNAL_LINE_WHOLE)
        rc = take_line(j, &line, err);
    if (rc == 0 && found == JOURNAL_LINE_DAMAGED)
        rc = damaged(j, wrong, err);
    if (rc == 0 && j->in_kept) /* it was whole before it got its name */
        rc = damaged(j, "it ends within what was kept", err);
    (void)fclose(file);
    return rc;
}

/* Writing ------------------------------------------------------------------------------------- */

static int broken(struct agent_journal *j, const char *what, struct err *err)
{
    j->is_broken = true;
    return err_set(err, ERR_INTERNAL, "the journal in %s cannot be %s: %s", j->state, what,
                   strerror(errno));
}

/* Append one line, sync file and folder. */
static int append(struct agent_journal *j, const struct buf *json, struct err *err)
{
    struct err own = ERR_INIT;
    struct journal_line line;
    int rc;

    if (json->overflow)
        return err_set(err, ERR_INVALID, "a record of the journal has over %d bytes",
                       JOURNAL_LINE_JSON_MAX);
    journal_line_make(&line, buf_str(json), json->len);
    rc = file_write_fd(j->fd, line.text, line.size);
    if (rc < 0) {
        errno = -rc;
        return broken(j, "written", err);
    }
    if (fsync(j->fd) < 0)
        return broken(j, "synced", err);
    if (file_sync_dir(j->state, &own) < 0)
        return broken(j, "synced", err);
    j->good += (int64_t)line.size;
    j->number++;
    return 0;
}

static void begin_record(struct agent_journal *j, struct buf *buf, struct json_out *out,
                         time_ms now, const char *kind)
{
    buf_init(buf, JOURNAL_LINE_JSON_MAX);
    json_out_init(out, buf);
    json_begin_object(out, NULL);
    json_add_int(out, "number", j->number + 1);
    json_add_time(out, "at", now);
    json_add_str(out, "kind", kind);
}

static int begin_journal(struct agent_journal *j, time_ms now, struct err *err)
{
    struct json_out out;
    struct buf buf;
    int rc;

    names_uuid_new(j->id);
    begin_record(j, &buf, &out, now, COMPACT_KIND_JOURNAL);
    json_add_str(&out, "id", j->id);
    json_end_object(&out);
    rc = append(j, &buf, err);
    buf_deinit(&buf);
    j->is_new = true;
    return rc;
}

static void add_members(struct json_out *out, const struct agent_journal_record *r)
{
    json_add_str(out, "command", r->command_id);
    switch (r->kind) {
    case AGENT_JOURNAL_ACCEPTED:
        json_add_str(out, "envelope", r->envelope_digest);
        json_add_str(out, "database", r->database);
        json_add_int(out, "epoch", r->epoch);
        if (r->start_by > 0)
            json_add_time(out, "start_by", r->start_by);
        break;
    case AGENT_JOURNAL_ASKING:
        json_add_str(out, "nonce", r->nonce);
        break;
    case AGENT_JOURNAL_STARTED:
        json_add_str(out, "boot", r->boot_id);
        json_add_int(out, "pid", r->pid);
        json_add_int(out, "pid_started", r->pid_started);
        break;
    case AGENT_JOURNAL_FINISHED:
        json_add_str(out, "status", r->status);
        json_add_int(out, "exit_code", r->exit_code);
        json_add_time(out, "ended_at", r->ended_at);
        break;
    case AGENT_JOURNAL_REPORTED:
        json_add_int(out, "acknowledged", r->acknowledged);
        json_add_str(out, "why", r->why);
        break;
    case AGENT_JOURNAL_DECLINED:
        json_add_str(out, "why", r->why);
        if (r->database != NULL) {
            json_add_str(out, "database", r->database);
            json_add_int(out, "epoch", r->epoch);
        }
        if (r->floor > 0)
            json_add_int(out, "floor", r->floor);
        if (r->start_by > 0)
            json_add_time(out, "start_by", r->start_by);
        break;
    case AGENT_JOURNAL_CARRIED:
        if (r->database != NULL) {
            json_add_str(out, "database", r->database);
            json_add_int(out, "epoch", r->epoch);
        }
        break;
    case AGENT_JOURNAL_NONE:
    case AGENT_JOURNAL_KINDS_COUNT:
        break;
    }
}

static int add(struct agent_journal *j, const struct agent_journal_record *r, time_ms now,
               struct err *err)
{
    enum agent_journal_kind last = known_kind(&j->known, known_find(&j->known, r->command_id));
    struct json_out out;
    struct buf buf;
    int rc;

    if (j->is_broken)
        return err_set(err, ERR_INTERNAL, "the journal in %s could not be written", j->state);
    if (!guard_may_follow(last, r->kind))
        return err_set(err, ERR_CONFLICT, "command %s is %s, it cannot be %s", r->command_id,
                       last == AGENT_JOURNAL_NONE ? "not known" : kind_texts[last],
                       kind_texts[r->kind]);
    begin_record(j, &buf, &out, now, kind_texts[r->kind]);
    add_members(&out, r);
    json_end_object(&out);
    rc = append(j, &buf, err);
    buf_deinit(&buf);
    if (rc == 0) {
        j->since++;
        if (known_note(&j->known, r, now))
            intake_take(&j->intake, r->kind, r->start_by, now);
    }
    return rc;
}

int agent_journal_add(struct agent_journal *j, const struct agent_journal_record *record,
                      time_ms now, struct err *err)
{
    int rc;

    pthread_mutex_lock(&j->lock);
    rc = add(j, record, now, err);
    pthread_mutex_unlock(&j->lock);
    return rc;
}

/* Life --------------------------------------------------------------------------------------- */

static int open_file(struct agent_journal *j, bool *ret_made, struct err *err)
{
    char path[4096];
    struct stat st;

    if (snprintf(path, sizeof(path), "%s/%s", j->state, AGENT_JOURNAL_FILE) >= (int)sizeof(path))
        return err_set(err, ERR_INVALID, "path too long: %s", j->state);
    j->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->fd < 0 || fstat(j->fd, &st) < 0)
        return err_set(err, errno == ELOOP ? ERR_DENIED : ERR_INTERNAL, "opening %s: %s", path,
                       errno == ELOOP ? "it is a link" : strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0077) != 0)
        return err_set(err, ERR_DENIED,
                       "%s must be a file of this user that others cannot read (mode %04o). Run "
                       "chmod 600 on it",
                       path, (unsigned)st.st_mode & 07777);
    *ret_made = st.st_size == 0;
    return 0;
}

int agent_journal_open(const char *state, time_ms now, struct agent_journal **ret_journal,
                       struct err *err)
{
    struct agent_journal *j = calloc(1, sizeof(*j));
    bool made = false;
    int rc;

    if (j == NULL || (j->state = strdup(state)) == NULL)
        abort();
    j->fd = -1;
    pthread_mutex_init(&j->lock, NULL);
    compact_remove(state);
    rc = open_file(j, &made, err);
    if (rc == 0 && !made)
        rc = read_all(j, err);
    /* What is behind the last whole record was torn by a crash, and never acted upon. */
    if (rc == 0 && (ftruncate(j->fd, j->good) < 0 || fsync(j->fd) < 0))
        rc = broken(j, "cut to its last whole record", err);
    if (rc == 0 && j->number == 0)
        rc = begin_journal(j, now, err);
    if (rc == 0)
        *ret_journal = j;
    else
        agent_journal_free(j);
    return rc;
}

void agent_journal_free(struct agent_journal *j)
{
    if (j == NULL)
        return;
    if (j->fd >= 0)
        close(j->fd);
    pthread_mutex_destroy(&j->lock);
    known_deinit(&j->known);
    free(j->state);
    free(j);
}

int agent_journal_set_aside(const char *state, time_ms now, struct arena *arena,
                            const char **ret_path, struct err *err)
{
    const char *from = arena_printf(arena, "%s/%s", state, AGENT_JOURNAL_FILE);
    const char *to = arena_printf(arena, "%s.damaged-%lld", from, (long long)now);

    if (rename(from, to) < 0)
        return err_set(err, ERR_INTERNAL, "renaming %s: %s", from, strerror(errno));
    *ret_path = to;
    return file_sync_dir(state, err);
}

/* Asking ------------------------------------------------------------------------------------- */

bool agent_journal_is_new(const struct agent_journal *j)
{
    return j->is_new;
}

const char *agent_journal_id(const struct agent_journal *j)
{
    return j->id;
}

int64_t agent_journal_number(struct agent_journal *j)
{
    int64_t number;

    pthread_mutex_lock(&j->lock);
    number = j->number;
    pthread_mutex_unlock(&j->lock);
    return number;
}

bool agent_journal_find(struct agent_journal *j, const char *command_id,
                        struct agent_journal_entry *ret_entry)
{
    size_t number;

    pthread_mutex_lock(&j->lock);
    number = known_find(&j->known, command_id);
    if (number != KNOWN_NOT)
        known_entry(&j->known, number, ret_entry);
    pthread_mutex_unlock(&j->lock);
    return number != KNOWN_NOT;
}

int64_t agent_journal_floor(struct agent_journal *j, const char *database, char *ret_command_id)
{
    const struct known_floor *f;
    int64_t epoch = 0;

    pthread_mutex_lock(&j->lock);
    f = known_floor(&j->known, database);
    if (f != NULL) {
        epoch = f->seen[0].epoch;
        memcpy(ret_command_id, f->seen[0].command_id, NAMES_UUID_SIZE);
    }
    pthread_mutex_unlock(&j->lock);
    return epoch;
}

bool agent_journal_forgot(struct agent_journal *j, time_ms start_by)
{
    bool forgot;

    pthread_mutex_lock(&j->lock);
    forgot = guard_is_forgotten(start_by, j->known.forgotten_until);
    pthread_mutex_unlock(&j->lock);
    return forgot;
}

void agent_journal_limit(struct agent_journal *j, const struct pace_limit *limit)
{
    struct agent_journal_entry e;
    time_ms at = 0;

    pthread_mutex_lock(&j->lock);
    intake_begin(&j->intake, limit);
    for (size_t i = 0; i < j->known.n; i++) {
        known_entry(&j->known, i, &e);
        at = e.at > at ? e.at : at;
        intake_take(&j->intake, e.end != AGENT_JOURNAL_NONE ? e.end : e.kind, e.start_by, at);
    }
    pthread_mutex_unlock(&j->lock);
}

static int64_t room_of(struct agent_journal *j, struct pace *pace, time_ms now)
{
    int64_t room;

    pthread_mutex_lock(&j->lock);
    room = pace_room(pace, now);
    pthread_mutex_unlock(&j->lock);
    return room;
}

int64_t agent_journal_room(struct agent_journal *j, time_ms now)
{
    return room_of(j, &j->intake.commands, now);
}

int64_t agent_journal_cancel_room(struct agent_journal *j, time_ms now)
{
    return room_of(j, &j->intake.cancels, now);
}

void agent_journal_floors(struct agent_journal *j, struct arena *arena, const char *database,
                          size_t max, struct message_floor **ret_floors, size_t *ret_n)
{
    struct message_floor *floors = arena_array(arena, max, sizeof(*floors));
    size_t n = 0;

    pthread_mutex_lock(&j->lock);
    for (size_t depth = 0; depth < KNOWN_EPOCHS; depth++)
        for (size_t i = 0; i < j->known.n_floors && n < max; i++) {
            const struct known_floor *f = &j->known.floors[i];
            const struct known_epoch *e = &f->seen[depth];

            if (e->epoch > 0 && (database == NULL || strcmp(f->database, database) == 0))
                floors[n++] = (struct message_floor){arena_str(arena, f->database), e->epoch,
                                                     arena_str(arena, e->command_id)};
        }
    pthread_mutex_unlock(&j->lock);
    *ret_floors = floors;
    *ret_n = n;
}

void agent_journal_open_commands(struct agent_journal *j, struct arena *arena,
                                 struct agent_journal_entry **ret_entries, size_t *ret_n)
{
    struct agent_journal_entry *open = NULL;
    size_t n = 0, cap = 0;

    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < j->known.n; i++) {
        if (known_kind(&j->known, i) != AGENT_JOURNAL_REPORTED)
            known_entry(&j->known, i, ARENA_PUSH(arena, open, n, cap));
    }
    pthread_mutex_unlock(&j->lock);
    *ret_entries = open;
    *ret_n = n;
}

/* Anew --------------------------------------------------------------------------------------- */

/* The new one has the name: from here on records go there. */
static void take_over(struct agent_journal *j, struct compact_made *made)
{
    struct known before = j->known;
    int fd = j->fd;

    j->known = made->known;
    j->fd = made->fd;
    j->good = made->size;
    j->kept = made->lines;
    j->since = 0;
    made->known = before;
    made->fd = fd;
}

static int write_anew(struct agent_journal *j, const struct compact *compact, struct err *err)
{
    struct compact_made made = {.fd = -1};
    int rc = compact_write(compact, &made, err);

    if (rc == 0)
        rc = compact_install(j->state, err);
    if (rc == 0)
        take_over(j, &made);
    else if (rc == ERR_INTERNAL)
        j->is_broken = true;
    compact_made_deinit(&made);
    return rc;
}

int agent_journal_compact(struct agent_journal *j, time_ms now,
                          const struct agent_journal_rule *rule, bool *ret_done, struct err *err)
{
    struct compact compact = {
        .state = j->state, .id = j->id, .now = now, .known = &j->known, .rule = rule};
    int rc = 0;

    *ret_done = false;
    pthread_mutex_lock(&j->lock);
    compact.number = j->number;
    if (!j->is_broken && j->since >= rule->after && j->since >= j->kept) {
        rc = write_anew(j, &compact, err);
        *ret_done = rc == 0;
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}
