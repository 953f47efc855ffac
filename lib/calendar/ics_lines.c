#include "lib/calendar/ics_lines.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/str.h"
#include "lib/base/timestamp.h"
#include "lib/calendar/zone.h"

#define SHOWN_MAX 60 /* of a value, in a message */
#define DEPTH_MAX 8

/* One logical line: folded ones are joined. */
struct line {
    int number; /* of its first physical line, from 1 */
    const char *name;
    const char *zone;  /* the parameter TZID, NULL = none */
    bool range;        /* has the parameter RANGE */
    const char *value; /* "" = none */
};

struct walk {
    const char *rest;
    const char *end;
    int number;
    struct arena *arena;
    const char *inside[DEPTH_MAX]; /* names of the components that are open */
    size_t depth;
    const char **zones; /* that the file defines itself */
    size_t n_zones, cap_zones;
};

/* Behind the next line end that is not followed by a blank. */
static const char *logical_end(const char *p, const char *end)
{
    while (p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        p = stop == NULL ? end : stop + 1;
        if (p >= end || (*p != ' ' && *p != '\t'))
            break;
    }
    return p;
}

/* The next logical line, without its folds. */
static char *unfold(struct walk *w)
{
    const char *end = logical_end(w->rest, w->end);
    char *text = arena_alloc(w->arena, (size_t)(end - w->rest) + 1);
    size_t n = 0;

    while (w->rest < end) {
        const char *stop = memchr(w->rest, '\n', (size_t)(end - w->rest));
        size_t len = (size_t)((stop == NULL ? end : stop) - w->rest);
        bool cr = len > 0 && w->rest[len - 1] == '\r';
        memcpy(text + n, w->rest, len - cr);
        n += len - cr;
        w->rest = stop == NULL ? end : stop + 1;
        w->rest += w->rest < end; /* the blank of a fold */
        w->number++;
    }
    text[n] = '\0';
    return text;
}

/* The end of a name, parameter or its value: `stops` count outside of quotes. */
static char *part_end(char *p, const char *stops)
{
    bool quoted = false;

    for (; *p != '\0' && (quoted || strchr(stops, *p) == NULL); p++)
        quoted ^= *p == '"';
    return p;
}

static const char *unquote(char *text)
{
    size_t n = strlen(text);

    if (n < 2 || text[0] != '"' || text[n - 1] != '"')
        return text;
    text[n - 1] = '\0';
    return text + 1;
}

static bool next_line(struct walk *w, struct line *line)
{
    char *p, *end;

    if (w->rest >= w->end)
        return false;
    *line = (struct line){.number = w->number + 1, .value = ""};
    p = unfold(w);
    line->name = p;
    end = part_end(p, ";:");
    while (*end == ';') {
        char *parameter = end + 1;
        *end = '\0';
        end = part_end(parameter, ";:");
        line->range |= strncasecmp(parameter, "RANGE=", 6) == 0;
        if (strncasecmp(parameter, "TZID=", 5) == 0) {
            char after = *end;
            *end = '\0';
            line->zone = unquote(arena_str(w->arena, parameter + 5));
            *end = after;
        }
    }
    if (*end == ':') {
        *end = '\0';
        line->value = end + 1;
    }
    return true;
}

static bool is_in(const struct walk *w, const char *component)
{
    return w->depth > 0 && strcasecmp(w->inside[w->depth - 1], component) == 0;
}

/* Dates ------------------------------------------------------------------------------------------- */

static bool is_clock(const char *text)
{
    int h = 0, m = 0, s = 0;

    return sscanf(text, "T%2d%2d%2d", &h, &m, &s) == 3 && h < 24 && m < 60 && s <= 60;
}

/* 20261225, 20261225T180000, 20261225T180000Z. */
static int check_date(const struct line *line, const char *text, size_t n, struct err *err)
{
    int year = 0, month = 0, day = 0;
    bool form = n == 8 || n == 15 || (n == 16 && text[15] == 'Z');

    for (size_t i = 0; form && i < n && i < 15; i++)
        form = i == 8 ? text[i] == 'T' : text[i] >= '0' && text[i] <= '9';
    if (!form || sscanf(text, "%4d%2d%2d", &year, &month, &day) != 3)
        return err_set(err, ERR_INVALID,
                       "line %d: %.20s \"%.*s\": a date such as 20261225 or 20261225T180000Z is "
                       "expected",
                       line->number, line->name, (int)(n > SHOWN_MAX ? SHOWN_MAX : n), text);
    if (!timestamp_civil_exists(year, month, day))
        return err_set(err, ERR_INVALID, "line %d: %.20s: there is no day %04d-%02d-%02d",
                       line->number, line->name, year, month, day);
    if (n > 8 && !is_clock(text + 8))
        return err_set(err, ERR_INVALID, "line %d: %.20s: there is no time %.2s:%.2s:%.2s",
                       line->number, line->name, text + 9, text + 11, text + 13);
    return 0;
}

/* A list of them. */
static int check_dates(const struct line *line, struct err *err)
{
    const char *p = line->value;
    int rc = 0;

    do {
        size_t n = strcspn(p, ",");
        rc = check_date(line, p, n, err);
        p += n + (p[n] == ',');
    } while (rc == 0 && *p != '\0');
    return rc;
}

static int check_zone(const struct walk *w, const struct line *line, struct err *err)
{
    if (line->zone == NULL || zone_exists(line->zone))
        return 0;
    for (size_t i = 0; i < w->n_zones; i++)
        if (strcmp(w->zones[i], line->zone) == 0)
            return 0;
    return err_set(
        err, ERR_INVALID,
        "line %d: no time zone \"%.60s\" is known here, and the file does not define it; "
        "an IANA name such as Asia/Tokyo is expected",
        line->number, line->zone);
}

/* Rules ------------------------------------------------------------------------------------------- */

/* The value of a part of a rule, "" if it is not there. */
static const char *rule_part(struct arena *arena, const char *rule, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = rule; *p != '\0'; p += strcspn(p, ";"), p += *p == ';')
        if (strncasecmp(p, name, len) == 0 && p[len] == '=')
            return arena_strn(arena, p + len + 1, strcspn(p + len + 1, ";"));
    return "";
}

static bool is_one_of(const char *word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(word, words[i]) == 0)
            return true;
    return false;
}

static int check_rule(struct arena *arena, const struct line *line, struct err *err)
{
    static const char *const seldom[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
    static const char *const often[] = {"SECONDLY", "MINUTELY", "HOURLY"};
    const char *freq = rule_part(arena, line->value, "FREQ");
    const char *until = rule_part(arena, line->value, "UNTIL");
    const char *count = rule_part(arena, line->value, "COUNT");
    int64_t number = 0;

    if (is_one_of(freq, often, 3))
        return err_set(err, ERR_INVALID,
                       "line %d: this rule repeats more often than daily; write it as one event or "
                       "as a freeze with `days`",
                       line->number);
    if (!is_one_of(freq, seldom, 4))
        return err_set(
            err, ERR_INVALID,
            "line %d: the rule \"%.60s\" cannot be read: FREQ= DAILY, WEEKLY, MONTHLY or "
            "YEARLY is expected",
            line->number, line->value);
    if (until[0] == '\0' && count[0] == '\0')
        return err_set(
            err, ERR_INVALID,
            "line %d: this rule repeats without an end; give it UNTIL or COUNT, or write "
            "it as a freeze with `days`",
            line->number);
    if (until[0] != '\0')
        return check_date(line, until, strlen(until), err);
    return str_parse_int64(count, &number) < 0 || number < 1
               ? err_set(err, ERR_INVALID, "line %d: COUNT=%.20s: a number from 1 on is expected",
                         line->number, count)
               : 0;
}

/* The file ----------------------------------------------------------------------------------------- */

static int check_line(struct walk *w, const struct line *line, struct err *err)
{
    static const char *const dates[] = {"DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"};

    if (!is_in(w, "VEVENT"))
        return 0;
    if (is_one_of(line->name, dates, 5)) {
        int rc = check_zone(w, line, err);
        if (line->range)
            return err_set(
                err, ERR_INVALID,
                "line %d: a change of this and all later ones (RANGE) cannot be read; end the old "
                "event with UNTIL and write the later ones as another event",
                line->number);
        if (strchr(line->value, '/') != NULL)
            return err_set(
                err, ERR_INVALID,
                "line %d: %.20s with a period cannot be read; write it as an event of its own",
                line->number, line->name);
        return rc < 0 ? rc : check_dates(line, err);
    }
    return strcasecmp(line->name, "RRULE") == 0 ? check_rule(w->arena, line, err) : 0;
}

static int check_nesting(struct walk *w, const struct line *line, struct err *err)
{
    if (strcasecmp(line->name, "BEGIN") == 0) {
        if (w->depth == DEPTH_MAX)
            return err_set(err, ERR_INVALID, "line %d: components are nested too deep",
                           line->number);
        w->inside[w->depth++] = line->value;
    } else if (strcasecmp(line->name, "END") == 0) {
        if (!is_in(w, line->value))
            return err_set(err, ERR_INVALID, "line %d: END:%.40s ends nothing that has begun",
                           line->number, line->value);
        w->depth--;
    }
    return 0;
}

static struct walk walk_of(const char *bytes, size_t len, struct arena *arena)
{
    struct walk w = {.rest = bytes, .end = bytes + len, .arena = arena};

    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        w.rest += 3;
    return w;
}

int ics_lines_check(const char *bytes, size_t len, struct arena *arena, struct err *err)
{
    struct walk zones = walk_of(bytes, len, arena), w;
    struct line line;
    int rc = 0;

    while (rc == 0 && next_line(&zones, &line)) { /* they may stand behind the events */
        rc = check_nesting(&zones, &line, err);
        if (rc == 0 && is_in(&zones, "VTIMEZONE") && strcasecmp(line.name, "TZID") == 0)
            *ARENA_PUSH(arena, zones.zones, zones.n_zones, zones.cap_zones) = line.value;
    }
    if (rc == 0 && zones.depth > 0)
        return err_set(err, ERR_INVALID, "the file ends inside of %.40s: END:%.40s is missing",
                       zones.inside[zones.depth - 1], zones.inside[zones.depth - 1]);
    w = walk_of(bytes, len, arena);
    w.zones = zones.zones;
    w.n_zones = zones.n_zones;
    while (rc == 0 && next_line(&w, &line)) {
        rc = check_nesting(&w, &line, err);
        if (rc == 0)
            rc = check_line(&w, &line, err);
    }
    return rc;
}
