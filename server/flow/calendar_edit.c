#include "server/flow/calendar_edit.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/calendar/occurrence.h"
#include "lib/model/config.h"
#include "lib/store/store_occurrence.h"

#define DAY_MS INT64_C(86400000)
#define BEHIND_MS (31 * DAY_MS) /* nothing older is decided any more */
#define AHEAD_MS (400 * DAY_MS) /* so long a configuration may stand */
#define PORTION 128
#define DATE_ROOM 11 /* with its blank */

/* Local dates with starts in [from, to), each once, with a blank behind each. */
static char *days_between(const struct calendar *calendar, const struct config_environment *e,
                          time_ms from, time_ms to, struct arena *arena)
{
    size_t room = (size_t)((to - from) / DAY_MS + 3) * DATE_ROOM, n = PORTION, len = 0;
    char *days = arena_alloc(arena, room + 1);
    struct occurrence found[PORTION];

    days[0] = '\0';
    while (n == PORTION) {
        n = occurrence_list(calendar, e, from, to, found, PORTION);
        for (size_t i = 0; i < n; i++) {
            from = found[i].due_at + 1;
            if (len + DATE_ROOM > room ||
                (len > 0 && strncmp(days + len - DATE_ROOM, found[i].date, DATE_ROOM - 1) == 0))
                continue;
            memcpy(days + len, found[i].date, DATE_ROOM - 1);
            memcpy(days + len + DATE_ROOM - 1, " ", 2);
            len += DATE_ROOM;
        }
    }
    return days;
}

/* Each `at` begins anew behind what it would have had on a day that was none. */
static int pass_over(struct db *db, const struct calendar *calendar,
                     const struct config_environment *e, int64_t repository_id, const char *was,
                     time_ms known_until, time_ms now, struct arena *arena, struct err *err)
{
    struct occurrence found[PORTION];
    time_ms from = now - BEHIND_MS;
    size_t n = PORTION;
    int rc = 0;

    while (rc == 0 && n == PORTION) {
        n = occurrence_list(calendar, e, from, now + 1, found, PORTION);
        for (size_t i = 0; i < n && rc == 0; i++) {
            from = found[i].due_at + 1;
            if (found[i].due_at < known_until && strstr(was, found[i].date) == NULL)
                rc = store_schedule_not_before(db, repository_id, e->name,
                                               arena_printf(arena, "%s %s", found[i].time,
                                                            e->timezone),
                                               from, err);
        }
    }
    return rc;
}

int calendar_edit_keep(struct db *db, const struct calendar *calendar,
                       const struct config_environment *e, int64_t repository_id, time_ms now,
                       struct err *err)
{
    struct err own = ERR_INIT;
    struct arena arena;
    time_ms known_until;
    const char *was;
    int rc;

    if (e->at.n == 0)
        return 0;
    arena_init(&arena);
    rc = store_schedule_days(db, &arena, repository_id, e->name, &was, &known_until, &own);
    if (rc == 0)
        rc = pass_over(db, calendar, e, repository_id, was, known_until, now, &arena, err);
    else if (rc == ERR_NOT_FOUND)
        rc = 0;
    else
        *err = own;
    if (rc == 0)
        rc = store_schedule_days_put(db, repository_id, e->name,
                                     days_between(calendar, e, now - BEHIND_MS, now + AHEAD_MS,
                                                  &arena),
                                     now + AHEAD_MS, err);
    arena_deinit(&arena);
    return rc;
}
