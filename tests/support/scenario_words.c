#include "tests/support/scenario_words.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/model/command.h"
#include "lib/store/writer.h"
#include "tests/support/scenario_choices.h"
#include "tests/support/scenario_facts.h"
#include "tests/support/scenario_said.h"
#include "tests/support/scenario_wishes.h"
#include "tests/support/scenario_stops.h"

const struct scenario_word scenario_words[] = {
    /* time, and what is in force */
    {"at WHEN", "time goes on to there: `[Tue] [2026-11-24] 15:00[:30] [Asia/Tokyo]`",
     .act = scenario_at},
    {"after DURATION", "time goes on by so much", .act = scenario_after},
    {"in REPOSITORY", "what follows is about this one; needed where several are configured",
     .act = scenario_in},
    {"reload FILE", "another configuration of this folder is in force", .act = scenario_reload},
    {"look", "the flow does what it has decided, everywhere, until nothing moves",
     .act = scenario_look},
    {"look once", "... one round of it", .act = scenario_look_once},
    {"server starts", "it hears nobody before: the server was down until now",
     .act = scenario_server_starts},
    /* the repository */
    {"source seen", "the mirror is fetched from here on, again and again",
     .fact = scenario_source_seen},
    {"source lost WHY", "from here on it cannot be fetched", .fact = scenario_source_lost},
    {"source rewritten", "the base branch was rewritten", .fact = scenario_source_rewritten},
    {"source restored", "the base branch is on our line again", .fact = scenario_source_restored},
    {"release RELEASE LANE SUBJECT", "a commit was merged and seen: code, content or unknown",
     .fact = scenario_release},
    /* stops of people; a TIME is what they type: 18:00, "tomorrow 09:00", +2h */
    {"hold ENV by PERSON because WHY", "nothing starts there until somebody lifts it",
     .fact = scenario_hold},
    {"hold ENV by PERSON because WHY until TIME", "... or until then", .fact = scenario_hold},
    {"hold all by PERSON because WHY", "the same for all environments of the repository",
     .fact = scenario_hold_all},
    {"hold all by PERSON because WHY until TIME", "... or until then", .fact = scenario_hold_all},
    {"unhold ENV", "the holds of that environment are lifted", .fact = scenario_unhold},
    {"unhold all", "those of the repository as a whole are", .fact = scenario_unhold_all},
    {"freeze NAME from TIME to TIME", "a freeze is added while the server runs, for everything",
     .fact = scenario_freeze},
    {"freeze NAME from TIME to TIME in ENV", "... for that environment",
     .fact = scenario_freeze_environment},
    {"thaw NAME", "it is removed", .fact = scenario_thaw},
    /* hosts */
    {"host HOST online", "it is registered and heard from here on", .fact = scenario_host_online},
    {"host HOST registered", "it is registered and was never heard",
     .fact = scenario_host_registered},
    {"host HOST silent", "it is not heard any more", .fact = scenario_host_silent},
    {"host HOST drained", "a person took it out", .fact = scenario_host_drained},
    {"host HOST returned", "a person put it back in", .fact = scenario_host_returned},
    {"host HOST strict", "it runs only documents of its own disk, where there are none",
     .fact = scenario_host_strict},
    {"host HOST strict with JOB", "... where there is that of one job",
     .fact = scenario_host_strict},
    /* deployments */
    {"deployed ENV RELEASE STATE", "a deployment of it ended so: succeeded, failed, cancelled ...",
     .fact = scenario_deployed},
    {"asked ENV RELEASE by PERSON", "a person asked for it in an environment `on: release`",
     .fact = scenario_asked},
    {"asked ENV RELEASE by PERSON for WHEN", "... for that start: a pin, or a go-live with a time",
     .fact = scenario_asked_for},
    {"hotfix ENV RELEASE by PERSON", "a person with the right asked for it past the gate",
     .fact = scenario_hotfix},
    {"hotfix ENV RELEASE by PERSON with PULL", "... and past the barrier of that pull request",
     .fact = scenario_hotfix_with},
    {"hotfix ENV RELEASE by PERSON unrehearsed", "... and past a missing rehearsal",
     .fact = scenario_hotfix_unrehearsed},
    {"pull PULL open TITLE", "a pull request, by its number, is not merged yet",
     .fact = scenario_pull_open},
    {"pull PULL merged RELEASE", "its merge is that release, and the event is here",
     .fact = scenario_pull_merged},
    {"pull PULL merged RELEASE by PERSON", "... and that person is its author (else mika is)",
     .fact = scenario_pull_merged},
    {"pull PULL pushed by PERSON", "that person pushes to its head; an open one moves on",
     .fact = scenario_said_pull_pushed},
    {"push RELEASE by PERSON", "that commit was pushed without a pull request",
     .fact = scenario_said_pushed},
    /* what people and CI say of it */
    {"approve ENV RELEASE by PERSON", "with the rights for both lanes; `somebody` has no account",
     .fact = scenario_said_approved},
    {"approve ENV RELEASE by PERSON for LANE", "... with the right for one of them",
     .fact = scenario_said_approved_lane},
    {"withdraw ENV RELEASE by PERSON", "that approval is taken back",
     .fact = scenario_said_withdrawn},
    {"check ENV RELEASE ok by PERSON", "somebody looked at it there",
     .fact = scenario_said_check_ok},
    {"check ENV RELEASE ng by PERSON because WHY", "... and it needs a fix",
     .fact = scenario_said_check_ng},
    {"check pull PULL ok by PERSON", "somebody looked at its head", .fact = scenario_said_pull_ok},
    {"check pull PULL ng by PERSON because WHY", "... and it needs a fix",
     .fact = scenario_said_pull_ng},
    {"ci RELEASE NAME WORD", "CI reports so of its commit: success, failure, in_progress ...",
     .fact = scenario_said_ci},
    {"barrier ENV PULL by PERSON WHY", "it may not go there until a person says so",
     .fact = scenario_barrier},
    {"barrier ENV PULL by PERSON WHY WHEN", "it may not go there before then",
     .fact = scenario_barrier},
    {"cleared ENV PULL", "it may go there again", .fact = scenario_cleared},
    {"reverts RELEASE RELEASE", "the first one takes out what the second brought",
     .fact = scenario_reverts},
    {"declared ENV RELEASE by PERSON", "a person said that it is live there",
     .fact = scenario_declared},
    {"adopted RELEASE", "the rewritten branch is the line; what is newer than that left it",
     .fact = scenario_adopted},
    {"cut ENV RELEASE", "a deployment of it is cut, whatever the gate says; it waits",
     .act = scenario_cut},
    {"deployment ENV STATE", "the open deployment is moved there", .fact = scenario_deployment},
    /* what people choose */
    {"cancelled ENV by PERSON because WHY", "a person wants the open deployment ended",
     .fact = scenario_cancelled},
    {"decided ENV JOB as ACT by PERSON because WHY",
     "of the attempt of a migrate job: retry, abandon, \"mark succeeded\", \"mark failed\"",
     .fact = scenario_decided},
    {"rollback ENV by PERSON because WHY",
     "a person wants the newest older release that succeeded back; what is open is to end first",
     .fact = scenario_rollback},
    {"rollback ENV by PERSON because WHY beside unsettled", "... beside an unsettled attempt",
     .fact = scenario_rollback_beside},
    {"rollback ENV to RELEASE by PERSON because WHY", "... or that one",
     .fact = scenario_rollback_to},
    {"asked ENV RELEASE by PERSON naming NAME",
     "a person asked for it and named what was rolled back: a pull request, or a release",
     .fact = scenario_asked_with},
    /* what runs */
    {"command JOB on HOST offered", "the host was handed its command, and did not answer",
     .fact = scenario_command_offered},
    {"command JOB on HOST taken", "... and has acknowledged it", .fact = scenario_command_taken},
    {"command JOB on HOST STATUS",
     "the host says so of its command: InProgress, Success, Failed ...",
     .fact = scenario_command_status},
    {"command JOB on HOST STATUS DETAILS", "... with SSM's details: NotStarted, Undeliverable ...",
     .fact = scenario_command_status},
    {"result JOB on HOST LINE", "a line of SLIPWAY_RESULT: `migrate=none`, `commit=...`",
     .fact = scenario_result},
    {"all of JOB succeed", "every host that is handed a command of it succeeds, until the job ends",
     .act = scenario_all_succeed},
};
const size_t n_scenario_words = sizeof(scenario_words) / sizeof(*scenario_words);

/* Splitting --------------------------------------------------------------------------------------- */

int scenario_words_split(struct arena *arena, const char *line, const char **ret_words,
                         size_t *ret_n, struct err *err)
{
    const char *p = line;
    size_t n = 0;

    for (;;) {
        size_t len;
        p += strspn(p, " \t");
        if (*p == '\0' || *p == '#')
            break;
        if (n == SCENARIO_WORDS_MAX)
            return err_set(err, ERR_INVALID, "a line has at most %d words", SCENARIO_WORDS_MAX);
        if (*p == '"') {
            len = strcspn(++p, "\"");
            if (p[len] == '\0')
                return err_set(err, ERR_INVALID, "a quote is opened and not closed");
            ret_words[n++] = arena_strn(arena, p, len);
            p += len + 1;
        } else {
            len = strcspn(p, " \t");
            ret_words[n++] = arena_strn(arena, p, len);
            p += len;
        }
    }
    *ret_n = n;
    return 0;
}

/* Capitals ---------------------------------------------------------------------------------------- */

int scenario_words_environment(struct scenario_world *w, const char *name,
                               const struct config_environment **ret_environment, struct err *err)
{
    const struct config_repo *repo;
    const char *names = "";
    int rc = scenario_world_repository(w, &repo, NULL, err);

    if (rc < 0)
        return rc;
    *ret_environment = config_environment(repo, name);
    if (*ret_environment != NULL)
        return 0;
    for (size_t i = 0; i < repo->n_environments; i++)
        names =
            arena_printf(&w->arena, "%s%s%s", names, i > 0 ? ", " : "", repo->environments[i].name);
    return err_set(err, ERR_INVALID, "%s has no environment %s; it has %s", repo->name, name,
                   names);
}

static int take_environment(struct scenario_world *w, struct scenario_arg *arg, struct err *err)
{
    return scenario_words_environment(w, arg->text, &arg->environment, err);
}

static int take_release(struct scenario_world *w, struct scenario_arg *arg, struct err *err)
{
    (void)w;
    if (arg->text[0] != 'r' || str_parse_int64(arg->text + 1, &arg->number) < 0 || arg->number < 1)
        return err_set(err, ERR_INVALID, "a release is expected, as in r2, not %s", arg->text);
    return 0;
}

static int take_duration(struct scenario_world *w, struct scenario_arg *arg, struct err *err)
{
    (void)w;
    if (timestamp_parse_duration(arg->text, &arg->number) < 0)
        return err_set(err, ERR_INVALID, "a duration is expected, as in 90s or 10m, not %s",
                       arg->text);
    return 0;
}

static int take_lane(struct scenario_world *w, struct scenario_arg *arg, struct err *err)
{
    (void)w;
    arg->number = lane_from_name(arg->text);
    if (arg->number == LANE_UNKNOWN && strcmp(arg->text, "unknown") != 0)
        return err_set(err, ERR_INVALID, "a lane is code, content or unknown, not %s", arg->text);
    return 0;
}

static int take_entry(struct scenario_world *w, struct scenario_arg *arg,
                      const struct state_entry *entries, size_t n, struct err *err)
{
    const char *texts = "";

    arg->number = states_find(entries, n, arg->text);
    if (arg->number >= 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        texts = arena_printf(&w->arena, "%s%s%s", texts, i > 0 ? ", " : "", entries[i].text);
    return err_set(err, ERR_INVALID, "one of %s is expected, not %s", texts, arg->text);
}

static int take_state(struct scenario_world *w, struct scenario_arg *arg, struct err *err)
{
    return take_entry(w, arg, deployment_states, DEPLOYMENT_STATES_COUNT, err);
}

static int take_status(struct scenario_world *w, struct scenario_arg *arg, struct err *err)
{
    return take_entry(w, arg, invocation_statuses, INVOCATION_STATUSES_COUNT, err);
}

static const struct {
    const char *name;
    int (*take)(struct scenario_world *w, struct scenario_arg *arg, struct err *err);
} capitals[] = {
    {"ENV", take_environment}, {"RELEASE", take_release}, {"DURATION", take_duration},
    {"LANE", take_lane},       {"STATE", take_state},     {"STATUS", take_status},
};

static int take(struct scenario_world *w, const char *name, struct scenario_arg *arg,
                struct err *err)
{
    for (size_t i = 0; i < sizeof(capitals) / sizeof(*capitals); i++)
        if (strcmp(capitals[i].name, name) == 0)
            return capitals[i].take(w, arg, err);
    return 0;
}

/* Playing ----------------------------------------------------------------------------------------- */

/* How many of the form's own words stand in the line where they should; -1: it is another form. */
static int fits(const char *const *form, size_t n_form, const char *const *words, size_t n)
{
    bool rest = strcmp(form[n_form - 1], "WHEN") == 0;
    int own = 0;

    if (rest ? n < n_form : n != n_form)
        return -1;
    for (size_t i = 0; i < n_form; i++) {
        if (isupper((unsigned char)form[i][0]))
            continue;
        if (strcmp(form[i], words[i]) != 0)
            return -1;
        own++;
    }
    return own;
}

struct playing {
    const struct scenario_word *word;
    struct scenario_line line;
};

static int play_fact(struct db *db, void *arg, struct err *err)
{
    struct playing *p = arg;

    return p->word->fact(db, &p->line, err);
}

static int play(struct playing *p, const char *const *form, size_t n_form, const char *const *words,
                size_t n, struct err *err)
{
    struct scenario_world *w = p->line.world;

    for (size_t i = 0; i < n_form; i++) {
        struct scenario_arg *arg = &p->line.args[p->line.n_args];
        int rc;
        if (!isupper((unsigned char)form[i][0]))
            continue;
        arg->text = words[i];
        if ((rc = take(w, form[i], arg, err)) < 0)
            return rc;
        p->line.n_args++;
    }
    for (size_t i = n_form; i < n; i++)
        p->line.args[p->line.n_args++].text = words[i];
    return p->word->act != NULL ? p->word->act(&p->line, err)
                                : writer_do(w->writer, play_fact, p, err);
}

static int not_a_word(struct scenario_world *w, const char *word, struct err *err)
{
    const char **first = arena_array(&w->arena, n_scenario_words + 1, sizeof(*first));
    const char *text = "", *near;

    first[n_scenario_words] = "expect";
    for (size_t i = 0; i < n_scenario_words; i++) {
        const char *form = scenario_words[i].form;
        first[i] = arena_strn(&w->arena, form, strcspn(form, " "));
        if (strcmp(first[i], word) == 0)
            text = arena_printf(&w->arena, "%s%s`%s`", text, text[0] != '\0' ? " or " : "", form);
    }
    if (text[0] != '\0')
        return err_set(err, ERR_INVALID, "%s is expected", text);
    near = str_nearest(word, first, n_scenario_words + 1);
    return err_set(err, ERR_INVALID, "a story has no word \"%s\"%s%s%s", word,
                   near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                   near != NULL ? "\"?" : "");
}

int scenario_words_play(struct scenario_world *w, const char *const *words, size_t n,
                        struct err *err)
{
    struct playing best = {.line = {.world = w}};
    const char *best_form[SCENARIO_WORDS_MAX];
    size_t n_best = 0;
    int most = -1;

    for (size_t i = 0; i < n_scenario_words; i++) {
        const char *form[SCENARIO_WORDS_MAX];
        size_t n_form;
        int own, rc = scenario_words_split(&w->arena, scenario_words[i].form, form, &n_form, err);
        if (rc < 0)
            return rc;
        own = fits(form, n_form, words, n);
        if (own <= most)
            continue;
        most = own;
        best.word = &scenario_words[i];
        memcpy(best_form, form, sizeof(form));
        n_best = n_form;
    }
    if (best.word == NULL)
        return not_a_word(w, words[0], err);
    if (!w->is_open && best.word->act != scenario_at)
        return err_set(err, ERR_INVALID, "a story begins with `at WHEN`");
    return play(&best, best_form, n_best, words, n, err);
}

void scenario_words_print(struct buf *buf)
{
    for (size_t i = 0; i < n_scenario_words; i++)
        buf_addf(buf, "| `%s` | %s |\n", scenario_words[i].form, scenario_words[i].means);
}
