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

#include "agent/guard.h"
#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define HEAD_SIZE 35 /* "LENGTH CHECK DIGEST " */
#define JSON_MAX 8192
#define NUMBER_MAX (INT64_C(1) << 52)
#define KIND_JOURNAL "journal" /* of the first record */

/* The highest epoch seen of a database. */
struct floor {
    char *database;
    int64_t epoch;
    char command_id[NAMES_UUID_SIZE];
};

struct agent_journal {
    char *state;
    int fd;
    bool is_new;
    bool is_broken; /* a write failed */
    char id[NAMES_UUID_SIZE];
    int64_t number;
    int64_t good; /* bytes up to the end of the last whole record */
    pthread_mutex_t lock;
    struct agent_journal_entry *entries; /* in the order they came */
    size_t n_entries, cap_entries;
    struct floor *floors;
    size_t n_floors;
};

#define KIND_TEXT(symbol, text) text,
static const char *const kind_texts[AGENT_JOURNAL_KINDS_COUNT] = {AGENT_JOURNAL_KINDS(KIND_TEXT)};

const char *agent_journal_kind_text(enum agent_journal_kind kind)
{
    return kind_texts[kind];
}

/* Commands ----------------------------------------------------------------------------------- */

static struct agent_journal_entry *entry_of(struct agent_journal *j, const char *command_id)
{
    for (size_t i = j->n_entries; i > 0; i--) { /* the newest is asked for most */
        if (strcmp(j->entries[i - 1].command_id, command_id) == 0)
            return &j->entries[i - 1];
    }
    return NULL;
}

static void note(struct agent_journal *j, const struct agent_journal_record *r, int64_t number)
{
    struct agent_journal_entry *e = entry_of(j, r->command_id);

    if (e == NULL) {
        if (j->n_entries == j->cap_entries) {
            j->cap_entries = j->cap_entries == 0 ? 64 : 2 * j->cap_entries;
            j->entries = realloc(j->entries, j->cap_entries * sizeof(*j->entries));
            if (j->entries == NULL)
                abort();
        }
        e = &j->entries[j->n_entries++];
        *e = (struct agent_journal_entry){.kind = AGENT_JOURNAL_NONE};
        snprintf(e->command_id, sizeof(e->command_id), "%s", r->command_id);
    }
    if (r->kind == AGENT_JOURNAL_REPORTED)
        e->end = e->kind;
    e->kind = r->kind;
    e->number = number;
    e->has_database = e->has_database || r->database != NULL;
    if (r->floor > 0)
        e->floor = r->floor;
    if (r->nonce != NULL)
        snprintf(e->nonce, sizeof(e->nonce), "%s", r->nonce);
}

static struct floor *floor_of(struct agent_journal *j, const char *database)
{
    for (size_t i = 0; i < j->n_floors; i++) {
        if (strcmp(j->floors[i].database, database) == 0)
            return &j->floors[i];
    }
    return NULL;
}

static void raise_floor(struct agent_journal *j, const char *database, int64_t epoch,
                        const char *command_id)
{
    struct floor *f = database != NULL ? floor_of(j, database) : NULL;

    if (database == NULL || epoch < 1 || (f != NULL && epoch <= f->epoch))
        return;
    if (f == NULL) {
        j->floors = realloc(j->floors, (j->n_floors + 1) * sizeof(*j->floors));
        if (j->floors == NULL)
            abort();
        f = &j->floors[j->n_floors++];
        f->database = strdup(database);
        if (f->database == NULL)
            abort();
    }
    f->epoch = epoch;
    snprintf(f->command_id, sizeof(f->command_id), "%s", command_id);
}

/* Reading ------------------------------------------------------------------------------------- */

static void check_of(const char *length, char out[9])
{
    char hex[DIGEST_HEX_SIZE];

    digest_sha256_hex(length, 8, hex);
    snprintf(out, 9, "%.8s", hex);
}

static int damaged(struct agent_journal *j, const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID, "journal damaged after record %lld (byte %lld): %s",
                   (long long)j->number, (long long)j->good, what);
}

static int take_kind(struct agent_journal *j, const struct cJSON *json, struct err *err)
{
    const char *text = json_str(json, "kind");
    struct agent_journal_record r = {.command_id = json_str(json, "command"),
                                     .database = json_str(json, "database"),
                                     .nonce = json_str(json, "nonce")};
    struct agent_journal_entry *e;

    if (j->number == 0) {
        const char *id = json_str(json, "id");

        if (!str_eq(text, KIND_JOURNAL) || !names_is_uuid(id))
            return damaged(j, "its first record does not name it", err);
        snprintf(j->id, sizeof(j->id), "%s", id);
        return 0;
    }
    if (!names_is_uuid(r.command_id))
        return damaged(j, "a record without a command", err);
    e = entry_of(j, r.command_id);
    for (int kind = 1; kind < AGENT_JOURNAL_KINDS_COUNT; kind++) {
        if (!str_eq(text, kind_texts[kind]))
            continue;
        if (!guard_may_follow(e != NULL ? e->kind : AGENT_JOURNAL_NONE,
                              (enum agent_journal_kind)kind))
            return damaged(j, "a record that may not stand there", err);
        r.kind = (enum agent_journal_kind)kind;
        (void)json_int(json, "epoch", &r.epoch);
        (void)json_int(json, "floor", &r.floor);
        note(j, &r, j->number + 1);
        raise_floor(j, r.database, r.epoch, r.command_id);
        return 0;
    }
    return damaged(j, "a record of an unknown kind", err);
}

static int take_json(struct agent_journal *j, const char *text, size_t len, struct err *err)
{
    struct err own = ERR_INIT;
    struct cJSON *json = NULL;
    int64_t number = 0;
    int rc;

    if (json_parse(text, len, NULL, &json, &own) < 0)
        return damaged(j, own.text, err);
    if (!json_int(json, "number", &number) || number != j->number + 1)
        rc = damaged(j, "its number is not the next one", err);
    else
        rc = take_kind(j, json, err);
    json_free(json);
    if (rc == 0)
        j->number++;
    return rc;
}

/* Nothing but NULs from here on: a file system that had room for the record, but not its bytes. */
static bool rest_is_blank(FILE *file, const char *head, size_t n)
{
    int c;

    for (size_t i = 0; i < n; i++) {
        if (head[i] != '\0')
            return false;
    }
    while ((c = getc(file)) != EOF) {
        if (c != '\0')
            return false;
    }
    return true;
}

/* One record. `*ret_more` false: the file ends here, perhaps with a torn one. */
static int read_record(struct agent_journal *j, FILE *file, bool *ret_more, struct err *err)
{
    char head[HEAD_SIZE], check[9], digest[DIGEST_HEX_SIZE], json[JSON_MAX + 2];
    char length[9] = "";
    size_t len, got = fread(head, 1, sizeof(head), file);
    int rc;

    *ret_more = false;
    if (got < sizeof(head) || (head[0] == '\0' && rest_is_blank(file, head, got)))
        return ferror(file) ? damaged(j, "it cannot be read", err) : 0;
    memcpy(length, head, 8);
    check_of(length, check);
    if (memcmp(head + 9, check, 8) != 0 || head[8] != ' ' || head[17] != ' ' || head[34] != ' ')
        return damaged(j, "the head of a record has a wrong checksum", err);
    len = strtoul(length, NULL, 16);
    if (len > JSON_MAX)
        return damaged(j, "a record is too long", err);
    got = fread(json, 1, len + 1, file);
    if (got < len + 1)
        return ferror(file) ? damaged(j, "it cannot be read", err) : 0;
    digest_sha256_hex(json, len, digest);
    if (memcmp(head + 18, digest, 16) != 0 || json[len] != '\n')
        return damaged(j, "a whole record has a wrong checksum", err);
    json[len] = '\0';
    rc = take_json(j, json, len, err);
    if (rc == 0) {
        j->good += (int64_t)(HEAD_SIZE + len + 1);
        *ret_more = true;
    }
    return rc;
}

static int read_all(struct agent_journal *j, struct err *err)
{
    int fd = dup(j->fd);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    bool more = true;
    int rc = 0;

    if (file == NULL)
        return err_set(err, ERR_INTERNAL, "reading the journal: %s", strerror(errno));
    while (more && rc == 0)
        rc = read_record(j, file, &more, err);
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
    char line[HEAD_SIZE + JSON_MAX + 2], length[9], check[9], digest[DIGEST_HEX_SIZE];
    struct err own = ERR_INIT;
    int n, rc;

    if (json->overflow)
        return err_set(err, ERR_INVALID, "a record of the journal has over %d bytes", JSON_MAX);
    snprintf(length, sizeof(length), "%08zx", json->len);
    check_of(length, check);
    digest_sha256_hex(buf_str(json), json->len, digest);
    n = snprintf(line, sizeof(line), "%s %s %.16s %s\n", length, check, digest, buf_str(json));
    rc = file_write_fd(j->fd, line, (size_t)n);
    if (rc < 0) {
        errno = -rc;
        return broken(j, "written", err);
    }
    if (fsync(j->fd) < 0)
        return broken(j, "synced", err);
    if (file_sync_dir(j->state, &own) < 0)
        return broken(j, "synced", err);
    j->good += n;
    j->number++;
    return 0;
}

static void begin_record(struct agent_journal *j, struct buf *buf, struct json_out *out,
                         time_ms now, const char *kind)
{
    buf_init(buf, JSON_MAX);
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
    begin_record(j, &buf, &out, now, KIND_JOURNAL);
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
    const struct agent_journal_entry *e = entry_of(j, r->command_id);
    enum agent_journal_kind last = e != NULL ? e->kind : AGENT_JOURNAL_NONE;
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
        note(j, r, j->number);
        raise_floor(j, r->database, r->epoch, r->command_id);
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
    for (size_t i = 0; i < j->n_floors; i++)
        free(j->floors[i].database);
    free(j->floors);
    free(j->entries);
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
    const struct agent_journal_entry *e;

    pthread_mutex_lock(&j->lock);
    e = entry_of(j, command_id);
    if (e != NULL)
        *ret_entry = *e;
    pthread_mutex_unlock(&j->lock);
    return e != NULL;
}

int64_t agent_journal_floor(struct agent_journal *j, const char *database, char *ret_command_id)
{
    const struct floor *f;
    int64_t epoch = 0;

    pthread_mutex_lock(&j->lock);
    f = floor_of(j, database);
    if (f != NULL) {
        epoch = f->epoch;
        memcpy(ret_command_id, f->command_id, NAMES_UUID_SIZE);
    }
    pthread_mutex_unlock(&j->lock);
    return epoch;
}

void agent_journal_open_commands(struct agent_journal *j, struct arena *arena,
                                 struct agent_journal_entry **ret_entries, size_t *ret_n)
{
    struct agent_journal_entry *open;
    size_t n = 0, cap = 0;

    open = NULL;
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < j->n_entries; i++) {
        if (j->entries[i].kind != AGENT_JOURNAL_REPORTED)
            *ARENA_PUSH(arena, open, n, cap) = j->entries[i];
    }
    pthread_mutex_unlock(&j->lock);
    *ret_entries = open;
    *ret_n = n;
}
