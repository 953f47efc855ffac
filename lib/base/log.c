/* log: see log.h. Its settings are written once, before threads start. */
#include "lib/base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/base/timestamp.h"

#define LINE_MAX_BYTES 4096
#define TOKEN_MAX 512
#define TOKENS 8
#define JSON_GROWTH 3 /* `k= ` becomes `"k":"",`; control characters are gone by then */

static enum log_format format = LOG_TEXT;
static enum log_level least = LOG_NOTICE;
static bool to_journal; /* not a terminal: lines carry the priority that journald reads */

static const char *const names[] = {"debug", "notice", "warning", "error"};
static const char *const priorities[] = {"<7>", "<5>", "<4>", "<3>"}; /* journald's */

void log_init(enum log_format wanted, enum log_level level)
{
    to_journal = isatty(STDERR_FILENO) == 0;
    if (wanted == LOG_AUTO)
        wanted = to_journal ? LOG_LOGFMT : LOG_TEXT;
    format = wanted;
    least = level;
}

static bool is_plain(const char *s)
{
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++)
        if (*s == ' ' || *s == '"' || *s == '=' || *s == '\\')
            return false;
    return true;
}

const char *log_token(const char *text)
{
    static _Thread_local char tokens[TOKENS][TOKEN_MAX];
    static _Thread_local unsigned next;
    char *out = tokens[next++ % TOKENS];
    struct arena arena;
    const char *clean;
    size_t used = 0;

    if (text == NULL)
        return "-";
    arena_init(&arena);
    clean = str_clean(&arena, text, strlen(text), TOKEN_MAX / 2 - 2);
    if (is_plain(clean)) {
        snprintf(out, TOKEN_MAX, "%s", clean);
    } else {
        out[used++] = '"';
        for (; *clean != '\0' && used < TOKEN_MAX - 3; clean++) {
            if (*clean == '"' || *clean == '\\')
                out[used++] = '\\';
            out[used++] = *clean;
        }
        out[used++] = '"';
        out[used] = '\0';
    }
    arena_deinit(&arena);
    return out;
}

static bool is_key_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/*
 * `key=value key="quoted value"` as members of the open object, all texts. What is not of that form
 * stands as a whole under "text"; nothing is lost.
 */
static void add_fields(struct json_out *out, const char *fields)
{
    char key[64], value[LINE_MAX_BYTES];

    while (*fields != '\0') {
        const char *p = fields;
        size_t n = 0, len = 0;
        while (is_key_letter(*p) && n < sizeof(key) - 1)
            key[n++] = *p++;
        key[n] = '\0';
        if (n == 0 || *p++ != '=')
            break;
        if (*p == '"') {
            for (p++; *p != '\0' && *p != '"'; p++) {
                if (*p == '\\' && p[1] != '\0')
                    p++;
                value[len++] = *p;
            }
            if (*p++ != '"')
                break;
        } else {
            while (*p != '\0' && *p != ' ')
                value[len++] = *p++;
        }
        if (*p != '\0' && *p != ' ')
            break;
        json_add_strn(out, key, value, len);
        fields = p + strspn(p, " ");
    }
    if (*fields != '\0')
        json_add_str(out, "text", fields);
}

bool log_says(enum log_level level)
{
    return level >= least;
}

/* `raw`: its fields. */
static void say(enum log_level level, const char *event, const char *raw)
{
    char at[TIMESTAMP_SIZE];
    const char *fields;
    struct arena arena;
    struct buf line;

    arena_init(&arena);
    /* Once more as a whole: one line, even where LOG was forgotten. */
    fields = str_clean(&arena, raw, strlen(raw), LINE_MAX_BYTES);
    timestamp_format(clock_now(clock_system()), at);
    buf_init(&line, JSON_GROWTH * LINE_MAX_BYTES + 1024);
    if (format == LOG_JSON) {
        struct json_out out;
        json_out_init(&out, &line);
        json_begin_object(&out, NULL);
        json_add_str(&out, "time", at);
        json_add_str(&out, "level", names[level]);
        json_add_str(&out, "event", event);
        add_fields(&out, fields);
        json_end_object(&out);
    } else if (format == LOG_LOGFMT) {
        buf_addf(&line, "%stime=%s level=%s event=%s%s%s", to_journal ? priorities[level] : "", at,
                 names[level], event, *fields == '\0' ? "" : " ", fields);
    } else {
        buf_addf(&line, "%.12s %-7s %-22s %s", at + 11, names[level], event, fields);
    }
    buf_addc(&line, '\n');
    (void)!file_write_fd(STDERR_FILENO, line.data, line.len);
    buf_deinit(&line);
    arena_deinit(&arena);
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
    char raw[LINE_MAX_BYTES];
    va_list args;

    if (!log_says(level))
        return;
    va_start(args, fmt);
    vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    say(level, event, raw);
}

bool log_outside_says(struct log_outside *o, int64_t second, uint64_t *ret_unsaid)
{
    int_fast64_t was = atomic_load(&o->second);

    *ret_unsaid = 0;
    if (was != second && atomic_compare_exchange_strong(&o->second, &was, second))
        atomic_store(&o->said, 0);
    if (atomic_fetch_add(&o->said, 1) >= LOG_OUTSIDE) {
        atomic_fetch_add(&o->unsaid, 1);
        return false;
    }
    *ret_unsaid = atomic_exchange(&o->unsaid, 0);
    return true;
}

/* Only whole: a number that was cut off would be another one. */
static bool has_added(char raw[LINE_MAX_BYTES], int n, uint64_t unsaid)
{
    char text[40];
    int len = snprintf(text, sizeof(text), " unsaid=%" PRIu64, unsaid);

    if (n < 0 || n + len >= LINE_MAX_BYTES)
        return false;
    memcpy(raw + n, text, (size_t)len + 1);
    return true;
}

void log_outside(struct log_outside *o, const char *event, const char *fmt, ...)
{
    char raw[LINE_MAX_BYTES];
    uint64_t unsaid;
    va_list args;
    int n;

    if (!log_says(LOG_NOTICE) || !log_outside_says(o, clock_mono(clock_system()) / 1000, &unsaid))
        return;
    va_start(args, fmt);
    n = vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    if (unsaid > 0 && !has_added(raw, n, unsaid))
        atomic_fetch_add(&o->unsaid, unsaid);
    say(LOG_NOTICE, event, raw);
}
