/*
 * log: one line per event, `key=value`, to standard error. lib/ is silent; loops and handlers log.
 *
 *      log_notice("deployment.started", "deployment=%" PRId64 " repo=%s host=%s", id, LOG(name),
 *                 LOG(host));
 *
 * LOG(x) makes a foreign text one safe token, quoted where that is needed (control characters,
 * escapes and line ends are gone, T42; about 250 bytes are kept); it lives until the thread's
 * eighth next LOG, so a line has at most eight. Fields are `key=value` with one blank between; that
 * form becomes members of JSON. notice: something an operator waits for; warning: we will try
 * again; error: someone should look. Never a secret, never a body. Each line is one write(2); any
 * thread.
 *
 *      text     06:00:00.000 notice  deployment.started     deployment=7 repo=acme/app
 *      logfmt   <5>time=2026-11-24T06:00:00.000Z level=notice event=deployment.started deployment=7
 *      json     {"time":"...","level":"notice","event":"deployment.started","deployment":"7"}
 */
#ifndef SLIPWAY_LIB_BASE_LOG_H
#define SLIPWAY_LIB_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_NOTICE, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_AUTO, LOG_TEXT, LOG_LOGFMT, LOG_JSON };

/* Before threads start. AUTO: text on a terminal, else logfmt; logfmt has journald's priority in
 * front where standard error is no terminal. Lines below `level` are dropped. */
void log_init(enum log_format format, enum log_level level);

/* Are lines of that level written? */
bool log_says(enum log_level level);

void log_line(enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Nothing is made of what is not said: this one stands where every microsecond counts. */
#define log_debug(event, ...)                                                                      \
    do {                                                                                           \
        if (log_says(LOG_DEBUG))                                                                   \
            log_line(LOG_DEBUG, event, __VA_ARGS__);                                               \
    } while (0)
#define log_notice(event, ...) log_line(LOG_NOTICE, event, __VA_ARGS__)
#define log_warning(event, ...) log_line(LOG_WARNING, event, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)

/*
 * Lines that strangers can cause as often as they like: LOG_OUTSIDE of one event in a second; those left out are counted,
 * and the next one that is written says how many (`unsaid=N`).
 *
 *      static struct log_outside refusals;
 *      log_outside(&refusals, "webhook.refused", "status=%d peer=%s", status, LOG(peer));
 */
#define LOG_OUTSIDE 20

struct log_outside {
    atomic_int_fast64_t second;
    atomic_uint_fast64_t said, unsaid;
};

/* Is one more said in that second? `*ret_unsaid`: so many were not, since the last one. */
bool log_outside_says(struct log_outside *o, int64_t second, uint64_t *ret_unsaid);

void log_outside(struct log_outside *o, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* A foreign text as one token of a line. NULL is "-". */
const char *log_token(const char *text);
#define LOG(text) log_token(text)

#endif
