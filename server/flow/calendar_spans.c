#include "server/flow/calendar_spans.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/calendar/interval.h"
#include "lib/calendar/occurrence.h"
#include "lib/model/config.h"
#include "lib/store/store_calendar.h"
#include "lib/store/store_repository.h"

#define DAY_MS INT64_C(86400000)
#define AHEAD_MS (400 * DAY_MS) /* so long a configuration may stand */
#define FRESH_MS (200 * DAY_MS) /* what is known so far need not be written again */
#define SPANS_MAX ((size_t)4 << 20)

struct told_span {
    bool freeze;
    time_ms from, to;
    const char *name;
};

struct told_spans { /* by their begin, windows first */
    struct told_span *items;
    size_t n, cap;
};

struct keeping {
    struct db *db;
    const struct calendar *calendar;
    const struct config *config;
    time_ms now;
    struct arena *arena;
    struct calendar_told *told; /* as it stands */
    size_t n_told;
    bool *kept;       /* of each: its environment is in the configuration */
    int64_t sequence; /* of what differs now */
};

static void add_all(struct keeping *k, const struct interval *found, size_t n, bool freeze,
                    struct told_spans *ret)
{
    for (size_t i = 0; i < n; i++)
        *ARENA_PUSH(k->arena, ret->items, ret->n, ret->cap) =
            (struct told_span){.freeze = freeze,
                               .from = found[i].from,
                               .to = found[i].to,
                               .name = !freeze                 ? ""
                                       : found[i].name != NULL ? found[i].name
                                                               : CALENDAR_SPANS_UNNAMED};
}

static struct told_spans spans_of(struct keeping *k, const struct config_environment *e)
{
    const struct zone *zone = calendar_zone(k->calendar, e);
    struct told_spans spans = {.items = NULL};
    struct interval *found;
    bool by_calendar;
    size_t n;

    if (interval_is_limited(e, &by_calendar)) {
        n = interval_windows(e, zone, k->now, k->now + AHEAD_MS, k->arena, &found);
        add_all(k, found, n, false, &spans);
    }
    n = interval_freezes(k->config, e, zone, k->now, k->now + AHEAD_MS, k->arena, &found);
    add_all(k, found, n, true, &spans);
    return spans;
}

/* A line for each. */
static const char *write_spans(struct keeping *k, const struct told_spans *spans)
{
    const char *text;
    struct buf buf;

    buf_init(&buf, SPANS_MAX);
    for (size_t i = 0; i < spans->n; i++) {
        const struct told_span *s = &spans->items[i];
        if (strchr(s->name, '\n') == NULL)
            buf_addf(&buf, "%c %" PRId64 " %" PRId64 " %s\n", s->freeze ? 'f' : 'w', s->from / 1000,
                     s->to / 1000, s->name);
    }
    text = buf.overflow ? "" : arena_str(k->arena, buf_str(&buf));
    buf_deinit(&buf);
    return text;
}

static struct told_spans read_spans(struct keeping *k, const char *text)
{
    struct told_spans spans = {.items = NULL};

    while (text[0] != '\0' && text[1] == ' ') {
        size_t len = strcspn(text, "\n");
        char *end;
        struct told_span s = {.freeze = text[0] == 'f'};
        s.from = strtoll(text + 2, &end, 10) * 1000;
        s.to = strtoll(end, &end, 10) * 1000;
        if (*end == ' ')
            end++;
        s.name = arena_strn(k->arena, end, (size_t)(text + len - end));
        *ARENA_PUSH(k->arena, spans.items, spans.n, spans.cap) = s;
        text += len + (text[len] == '\n');
    }
    return spans;
}

/* The one of that kind, begin and name, best with that end; both lists are in order, so the search goes on where it
 * ended. */
static const struct told_span *find(const struct told_spans *spans, size_t *from,
                                    const struct told_span *wanted)
{
    const struct told_span *found = NULL;

    while (*from < spans->n && (spans->items[*from].freeze < wanted->freeze ||
                                (spans->items[*from].freeze == wanted->freeze &&
                                 spans->items[*from].from / 1000 < wanted->from / 1000)))
        ++*from;
    for (size_t i = *from; i < spans->n; i++) {
        const struct told_span *s = &spans->items[i];
        if (s->freeze != wanted->freeze || s->from / 1000 != wanted->from / 1000)
            break;
        if (str_eq(s->name, wanted->name) && (found == NULL || s->to / 1000 == wanted->to / 1000))
            found = s;
    }
    return found;
}

/* Was it far enough ahead to be told, and is it still to come, or on? */
static bool may_be_told(const struct keeping *k, const struct told_span *s)
{
    int64_t days = s->freeze ? CALENDAR_SPANS_FREEZE_DAYS : CALENDAR_SPANS_WINDOW_DAYS;

    return s->to > k->now && s->from < k->now + days * DAY_MS;
}

/* What is not any more is noted. `ret_differs`: something is another one, as far as both lists reach. */
static int compare(struct keeping *k, const struct calendar_told *told, const struct told_spans *is,
                   bool *ret_differs, struct err *err)
{
    struct told_spans was = read_spans(k, told->spans);
    size_t at = 0;
    int rc = 0;

    for (size_t i = 0; i < was.n && rc == 0; i++) {
        const struct told_span *s = &was.items[i];
        const struct told_span *now = s->to > k->now ? find(is, &at, s) : s;
        *ret_differs = *ret_differs || now == NULL || now->to / 1000 != s->to / 1000;
        if (now == NULL && may_be_told(k, s))
            rc =
                store_calendar_drop(k->db,
                                    &(struct calendar_dropped){.repository_id = told->repository_id,
                                                               .environment = told->environment,
                                                               .freeze = s->freeze,
                                                               .name = s->name,
                                                               .from_at = s->from,
                                                               .to_at = s->to,
                                                               .dropped_at = k->now},
                                    err);
    }
    at = 0;
    for (size_t i = 0; i < is->n && !*ret_differs; i++)
        *ret_differs =
            is->items[i].from < told->known_until && find(&was, &at, &is->items[i]) == NULL;
    return rc;
}

static struct calendar_told *told_of(struct keeping *k, int64_t repository_id,
                                     const char *environment)
{
    for (size_t i = 0; i < k->n_told; i++)
        if (k->told[i].repository_id == repository_id &&
            str_eq(k->told[i].environment, environment)) {
            k->kept[i] = true;
            return &k->told[i];
        }
    return NULL;
}

static int keep_environment(struct keeping *k, int64_t repository_id,
                            const struct config_environment *e, struct err *err)
{
    const struct calendar_told *told = told_of(k, repository_id, e->name);
    struct calendar_told now = {.repository_id = repository_id,
                                .environment = e->name,
                                .known_until = k->now + AHEAD_MS,
                                .sequence = k->sequence};
    struct told_spans is = spans_of(k, e);
    bool differs = told == NULL;
    int rc = told != NULL ? compare(k, told, &is, &differs, err) : 0;

    if (rc < 0 || (!differs && told != NULL && told->known_until > k->now + FRESH_MS))
        return rc;
    if (!differs && told != NULL)
        now.sequence = told->sequence;
    now.spans = write_spans(k, &is);
    return store_calendar_put(k->db, &now, err);
}

/* Environments that are in no configuration any more. */
static int drop_others(struct keeping *k, struct err *err)
{
    const struct told_spans none = {.items = NULL};
    int rc = 0;

    for (size_t i = 0; i < k->n_told && rc == 0; i++) {
        struct calendar_told *t = &k->told[i];
        bool differs = false;
        if (k->kept[i] || t->spans[0] == '\0')
            continue;
        rc = compare(k, t, &none, &differs, err);
        t->spans = "";
        t->sequence = k->sequence;
        if (rc == 0)
            rc = store_calendar_put(k->db, t, err);
    }
    return rc;
}

int calendar_spans_keep(struct db *db, const struct calendar *calendar, const struct config *config,
                        time_ms now, struct err *err)
{
    struct arena arena;
    struct keeping k = {
        .db = db, .calendar = calendar, .config = config, .now = now, .arena = &arena};
    int rc;

    arena_init(&arena);
    rc = store_calendar_told(db, &arena, &k.told, &k.n_told, err);
    if (rc == 0)
        rc = store_calendar_sequence(db, &k.sequence, err);
    k.sequence++;
    k.kept = arena_array(&arena, k.n_told, sizeof(*k.kept));
    for (size_t i = 0; i < config->n_repos && rc == 0; i++) {
        const struct config_repo *repo = &config->repos[i];
        struct repository row;
        rc = store_repository_by_name(db, &arena, repo->name, &row, err);
        for (size_t e = 0; e < repo->n_environments && rc == 0; e++)
            rc = keep_environment(&k, row.id, &repo->environments[e], err);
    }
    if (rc == 0)
        rc = drop_others(&k, err);
    arena_deinit(&arena);
    return rc;
}
