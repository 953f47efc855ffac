/* sim_store: see sim_store.h. */
#include "tests/support/sim_store.h"

#include <stdio.h>
#include <string.h>

void sim_store_write(struct sim_store *s, struct sim_entry entry)
{
    entry.owner = SIM_SERVER;
    s->journal = sim_journal_add(s->journal, entry);
}

bool sim_store_has_delivery(const struct sim_store *s, int delivery)
{
    return (s->deliveries[delivery / 64] >> delivery % 64 & 1) != 0;
}

void sim_store_register(struct host *h, int number)
{
    *h = (struct host){.name = sim_world_name('h', number), .state = HOST_REGISTERED};
    snprintf(h->id, sizeof(h->id), "%s", sim_world_name('h', number));
}

void sim_store_reset(struct sim_store *s)
{
    static const char *const repositories[SIM_LINES] = {"acme/shop", "acme/admin", "acme/stock"};
    static const char *const databases[SIM_DATABASES] = {"shop", "stock"};

    memset(s, 0, sizeof(*s));
    for (int i = 0; i < SIM_LINES; i++) {
        struct sim_line *l = &s->lines[i];

        l->database = i < 2 ? 0 : 1;
        l->deployment = (struct deployment){.id = i + 1,
                                            .repository = repositories[i],
                                            .environment = "production",
                                            .state = DEPLOYMENT_SUCCEEDED};
        l->newest = 1;
        l->digest = 1;
        l->undecided = 1;
        l->job = (struct job){.name = "migrate",
                              .database = databases[l->database],
                              .state = JOB_RUNNING,
                              .start_within_ms = 60000,
                              .max_parallel = 1,
                              .candidates = "h0,h1,h2"};
    }
    for (int i = 0; i < SIM_HOSTS; i++)
        sim_store_register(&s->hosts[i], i);
}

struct sim_place sim_store_place(struct sim_line *line, size_t i)
{
    return (struct sim_place){line, i, &line->invocations[i], &line->attempts[i]};
}

bool sim_store_find(struct sim_store *s, int command, struct sim_place *ret)
{
    struct sim_line *line = &s->lines[sim.truths[command].line];

    for (size_t i = 0; i < line->n; i++)
        if (line->commands[i] == command) {
            *ret = sim_store_place(line, i);
            return true;
        }
    return false;
}

const struct attempt *sim_store_unsettled(const struct sim_store *s, int database)
{
    for (int l = 0; l < SIM_LINES; l++)
        for (size_t i = 0; s->lines[l].database == database && i < s->lines[l].n; i++)
            if (s->lines[l].attempts[i].settled_at == 0)
                return &s->lines[l].attempts[i];
    return NULL;
}

const struct attempt *sim_store_success(const struct sim_line *line)
{
    for (size_t i = 0; i < line->n; i++)
        if (line->attempts[i].state == ATTEMPT_SUCCEEDED &&
            line->attempts[i].release_number == line->deployment.release_number)
            return &line->attempts[i];
    return NULL;
}

void sim_store_succeeds(struct sim_place p)
{
    const struct attempt *other = NULL;

    for (size_t i = 0; i < p.line->n && other == NULL; i++)
        if (i != p.i && p.line->attempts[i].state == ATTEMPT_SUCCEEDED &&
            p.line->attempts[i].release_number == p.attempt->release_number)
            other = &p.line->attempts[i];
    if (other != NULL)
        sim_world_wrong("I3: its release succeeded there before", p.line->commands[p.i]);
    p.attempt->state = ATTEMPT_SUCCEEDED;
}

time_ms sim_store_holder_seen_at(const struct sim_store *s, int database)
{
    time_ms at = 0;

    for (int l = 0; l < SIM_LINES; l++)
        for (size_t i = 0; s->lines[l].database == database && i < s->lines[l].n; i++)
            if (s->lines[l].holder_seen_at[i] > at)
                at = s->lines[l].holder_seen_at[i];
    return at;
}

/* G1: the unique index on what is unsettled, and the epoch that rises in the same transaction. */
static bool is_refused(const struct sim_store *s, const struct sim_line *line, int64_t epoch)
{
    return epoch <= s->databases[line->database].epoch ||
           sim_store_unsettled(s, line->database) != NULL;
}

bool sim_store_plan(struct sim_store *s, struct sim_line *line, int command, int64_t epoch,
                    const struct host *host, time_ms now, time_ms start_by)
{
    size_t i = line->n;

    if (sim.lacks == 2)
        epoch = s->databases[line->database].epoch + 1;
    else if (is_refused(s, line, epoch))
        return false;
    s->databases[line->database].epoch = epoch;
    line->n++;
    line->commands[i] = command;
    line->holder_seen_at[i] = 0;
    line->probes[i] = (struct probe){.id = 0};
    line->invocations[i] = (struct invocation){.host = host->name,
                                               .details = "Pending",
                                               .start_by = start_by,
                                               .released_at = now};
    snprintf(line->invocations[i].command_id, 37, "%s", sim_world_name('c', command));
    snprintf(line->invocations[i].host_id, 21, "%s", host->id);
    line->attempts[i] = (struct attempt){.id = command,
                                         .database = line->job.database,
                                         .release_number = line->deployment.release_number,
                                         .n = (int64_t)(i - line->first) + 1,
                                         .epoch = epoch,
                                         .host = host->name,
                                         .planned_at = now};
    snprintf(line->attempts[i].command_id, 37, "%s", sim_world_name('c', command));
    snprintf(line->attempts[i].host_id, 21, "%s", host->id);
    sim_store_write(s, (struct sim_entry){.act = SIM_ACT_PLAN,
                                          .command = command,
                                          .line = (int)(line - s->lines),
                                          .release = (int)line->deployment.release_number,
                                          .what = (int)(host - s->hosts),
                                          .more = (int)epoch});
    return true;
}
