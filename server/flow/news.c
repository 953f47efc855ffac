#include "server/flow/news.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/model/host.h"
#include "lib/rules/verdict.h"
#include "lib/store/store_host.h"
#include "lib/store/store_journal.h"
#include "server/flow/agenda.h"
#include "server/flow/door_watch.h"
#include "server/flow/flow.h"
#include "server/flow/snapshot.h"

#define LINES_MAX 200 /* so many at once concern everybody, ... */
#define HOSTS_MAX 50  /* ... and so many hosts */

/* Acts on which no judgement of an environment stands: of the door's own commands, of its documents and keys, of what
 * GitHub sent. A command, a permit and a delivery have rooms of their own. */
static bool concerns_nobody(const struct journal_entry *line)
{
    static const char *const areas[] = {"activation.", "command.", "delivery.", "document.",
                                        "key.",        "permit.",  "token."};

    for (size_t i = 0; i < sizeof(areas) / sizeof(*areas); i++)
        if (str_starts(line->act, areas[i]))
            return true;
    return false;
}

/* "acme/shop", "acme/shop/production/r7", "acme/shop r7"; NULL = none of the configuration. */
static const struct config_repo *repo_of(const struct config *config, const char *subject)
{
    for (size_t i = 0; i < config->n_repos; i++) {
        size_t n = strlen(config->repos[i].name);
        if (strncmp(subject, config->repos[i].name, n) == 0 &&
            (subject[n] == '\0' || subject[n] == '/' || subject[n] == ' '))
            return &config->repos[i];
    }
    return NULL;
}

/* Hosts ------------------------------------------------------------------------------------------ */

/* The environments that find it, and what runs there. */
static int touch_host(struct look *look, const struct host *host, struct err *err)
{
    const struct config *config = look->snapshot->config;
    struct config_pairs tags = {.n = 0};
    int rc = store_host_tags(look->flow->db, look->arena, host->id, &tags, err);

    for (size_t i = 0; rc == 0 && i < config->n_repos; i++)
        for (size_t k = 0; k < config->repos[i].n_environments; k++)
            if (config_environment_finds(&config->repos[i].environments[k], host->name, &tags))
                agenda_touch_environment(look->flow->agenda, &config->repos[i].environments[k]);
    return rc;
}

static int touch_hosts(struct look *look, const struct host *hosts, size_t n, struct err *err)
{
    int rc = 0;

    look->whole = look->whole || n >= HOSTS_MAX;
    for (size_t i = 0; i < n && !look->whole && rc == 0; i++)
        rc = touch_host(look, &hosts[i], err);
    return rc;
}

/* Who came since somebody asked: registered machines that spoke again. */
static int greet(struct look *look, struct err *err)
{
    struct news *news = &look->flow->news;
    struct host *hosts = NULL;
    size_t n = 0;
    int rc = 0;

    if (!look->whole)
        rc = store_host_came_since(look->flow->db, look->arena, news->came_at,
                                   news->n_came + HOSTS_MAX, &hosts, &n, err);
    /* One of the last may have come again. */
    if (n > 0 && n <= news->n_came && hosts[n - 1].came_at == news->came_at)
        return rc;
    if (rc == 0)
        rc = touch_hosts(look, hosts, n, err);
    if (rc == 0 && look->whole)
        return store_host_came_last(look->flow->db, &news->came_at, &news->n_came, err);
    if (rc < 0 || n == 0)
        return rc;
    news->came_at = hosts[n - 1].came_at;
    for (news->n_came = 0; news->n_came < n; news->n_came++)
        if (hosts[n - 1 - news->n_came].came_at != news->came_at)
            break;
    return 0;
}

/* Which fell silent since somebody asked? And when may the next? */
static int listen(struct look *look, struct err *err)
{
    struct news *news = &look->flow->news;
    time_ms until = look->now - HOST_SILENT_AFTER_MS, oldest = 0;
    struct host *hosts;
    size_t n;
    int rc =
        store_host_fell_silent(look->flow->db, look->arena, news->heard_at - HOST_SILENT_AFTER_MS,
                               until, HOSTS_MAX, &hosts, &n, err);

    if (rc == 0)
        rc = store_host_oldest_sign(look->flow->db, until, &oldest, err);
    if (rc == 0)
        rc = touch_hosts(look, hosts, n, err);
    news->heard_at = look->now;
    news->silent_at = oldest != 0 ? oldest + HOST_SILENT_AFTER_MS : VERDICT_NEVER;
    return rc;
}

static bool must_listen(const struct look *look, bool rung)
{
    const struct news *news = &look->flow->news;

    return look->whole || look->now >= news->silent_at ||
           (rung && news->silent_at == VERDICT_NEVER);
}

/* The journal ------------------------------------------------------------------------------------- */

static int touch(struct look *look, const struct journal_entry *line, struct err *err)
{
    struct host host;

    if (str_starts(line->act, "command."))
        door_watch_touch(agenda_commands(look->flow->agenda), line->subject);
    if (str_starts(line->act, "host."))
        door_watch_touch_all(agenda_commands(look->flow->agenda));
    if (concerns_nobody(line))
        return 0;
    if (str_starts(line->act, "host.") &&
        store_host_by_id(look->flow->db, look->arena, line->subject, &host, NULL) == 0)
        return touch_host(look, &host, err);
    agenda_touch_repository(look->flow->agenda, repo_of(look->snapshot->config, line->subject));
    return 0;
}

static int read_lines(struct look *look, int64_t until, struct err *err)
{
    struct journal_entry *lines;
    size_t n;
    int rc = store_journal_news(look->flow->db, look->arena, look->flow->news.read, until,
                                LINES_MAX, &lines, &n, err);

    look->whole = look->whole || (rc == 0 && n == LINES_MAX);
    for (size_t i = 0; rc == 0 && !look->whole && i < n; i++)
        rc = touch(look, &lines[i], err);
    return rc;
}

int news_look(struct look *look, bool rung, struct err *err)
{
    struct news *news = &look->flow->news;
    int64_t end = 0;
    int rc = store_journal_end(look->flow->db, &end, err);

    look->whole = look->whole || !news->has_begun;
    news->has_begun = true;
    if (rc == 0 && !look->whole && end > news->read)
        rc = read_lines(look, end, err);
    news->read = end;
    if (rc == 0)
        rc = greet(look, err);
    if (rc == 0 && must_listen(look, rung))
        rc = listen(look, err);
    if (rung)
        agenda_touch_waiting(look->flow->agenda);
    if (rc == 0 && look->whole)
        agenda_touch_repository(look->flow->agenda, NULL);
    look_again(look, news->silent_at);
    return rc;
}
