#include "cli/cli_command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "lib/base/str.h"

const struct command cli_command_table[] = {
    {"status", "[REPO] [--watch] [--at T]",
     "what is live, what is next and when, and why not yet; or what was, or will be, at T", "view",
     true, 0, 1, cli_status},
    {"releases", "REPO", "numbered releases and where each is", "view", true, 1, 1, cli_releases},
    {"show", "REPO rN", "one release: what is in it, its deployments, host by host", "view", true,
     2, 2, cli_show},
    {"logs", "REPO rN [--host HOST] [--environment ENV] [-f]", "what the hosts printed", "view",
     true, 2, 2, cli_logs},
    {"why", "REPO rN|#N [ENV] [--at T]",
     "why a release or pull request is not out yet, and when it will be", "view", true, 2, 3,
     cli_why},
    {"forecast", "[REPO [ENV]]", "what goes where and when, if nothing else happens", "view", true,
     0, 2, cli_forecast},
    {"schedule", "[--next N] [--from T]", "the next times at which something may start", "view",
     true, 0, 0, cli_forecast_schedule},
    {"calendar", "[--ics] [--from T] [--days N]",
     "two weeks, day by day: holidays, windows, freezes, promised starts", "view", true, 0, 0,
     cli_calendar},
    {"release",
     "REPO rN [ENV] [--at T] [--with #N -m WHY] [--wait] | REPO rN [ENV] --hotfix -m WHY [--with #N]"
     " [--unrehearsed] [--dry-run] [--yes]",
     "bring a release out: now, at a start, or as a hotfix outside its time", "operate", true, 2, 3,
     cli_release},
    {"cancel", "REPO [ENV] [-m WHY] [--wish] [--dry-run] [--yes]",
     "end the open deployment; where none is, take back a pin, a go-live or a hotfix", "operate",
     true, 1, 2, cli_cancel},
    {"retry", "REPO [ENV] [--leave-out HOST] [-m WHY] [--dry-run]",
     "try again what stopped: the hosts that failed and those that were not touched", "operate",
     true, 1, 2, cli_retry},
    {"rollback",
     "REPO [ENV] [--to rN] [--across-migration] [--beside-unsettled] -m WHY [--dry-run] [--yes]",
     "bring back the newest older release that succeeded, or rN; the environment is held",
     "operate", true, 1, 2, cli_rollback},
    {"approve", "REPO rN [ENV] [--withdraw] [-m WHY] [--dry-run]",
     "approve a release for an environment, or take your approval back", "approve-code", true, 2, 3,
     cli_approve},
    {"check", "REPO rN [ENV] --ok|--ng WHY [--dry-run] | REPO #N --ok|--ng WHY [--head SHA]",
     "say that it is ok where you looked at it, or needs a fix", "approve-content", true, 2, 3,
     cli_check},
    {"not-before", "REPO #N [T] -m WHY [--environment ENV] | REPO #N --clear | REPO",
     "keep a pull request back until T, or until it is cleared; list those", "operate", true, 1, 3,
     cli_not_before},
    {"baseline", "REPO ENV SHA -m WHY [--dry-run] [--yes]",
     "declare what is live where Slipway did not bring it", "operate", true, 3, 3, cli_baseline},
    {"adopt", "REPO -m WHY [--tip SHA] [--dry-run] [--yes]",
     "take the rewritten branch as the new line", "operate", true, 1, 1, cli_adopt},
    {"hold", "REPO [ENV] -m WHY [--until T] [--dry-run]",
     "nothing starts there until it is lifted, or until T", "operate", true, 1, 2, cli_hold},
    {"unhold", "REPO [ENV] [-m WHY] [--dry-run]", "lift the holds of that environment, or of REPO",
     "operate", true, 1, 2, cli_hold_lift},
    {"freeze add",
     "NAME --from T --to T -m WHY [--env ENV]... [--repo REPO]... [--allow rollback|none] [--dry-run]",
     "nothing starts from T to T", "operate", true, 1, 1, cli_freeze_add},
    {"freeze ls", "", "freezes that were added while running, in force or to come", "view", true, 0,
     0, cli_freeze_ls},
    {"freeze rm", "NAME [-m WHY] [--dry-run]", "remove a freeze that was added", "operate", true, 1,
     1, cli_freeze_rm},
    {"hosts", "", "machines that run commands, and when they were last heard", "view", true, 0, 0,
     cli_hosts},
    {"hosts drain", "HOST -m WHY", "nothing that is cut from now on goes to that host", "operate",
     true, 1, 1, cli_agent_drain},
    {"hosts undrain", "HOST -m WHY", "a drained host is in use again", "operate", true, 1, 1,
     cli_agent_undrain},
    {"documents", "REPO [FOLDER]", "what jobs run; written to FOLDER, for hosts in strict mode",
     "operate", true, 1, 2, cli_documents},
    {"migrate status", "[DATABASE]", "migrate jobs: who holds which database, and the ways out",
     "view", true, 0, 1, cli_migrate_status},
    {"migrate probe", "DATABASE", "ask a database, read-only: what is pending, who is there",
     "operate", true, 1, 1, cli_migrate_probe},
    {"migrate mark", "DATABASE succeeded|failed -m WHY [--epoch N] [--unprobed]",
     "say how an attempt ended", "operate", true, 2, 2, cli_migrate_mark},
    {"migrate retry", "DATABASE -m WHY [--epoch N] [--unprobed]", "let another attempt follow",
     "operate", true, 1, 1, cli_migrate_retry},
    {"migrate abandon", "DATABASE -m WHY [--epoch N]",
     "give an attempt up without saying how it ended", "operate", true, 1, 1, cli_migrate_abandon},
    {"migrate forget", "DATABASE --since rN -m WHY [--repo REPO]",
     "after a restore: let releases migrate again", "operate", true, 1, 1, cli_migrate_forget},
    {"agent accept-journal", "HOST -m WHY", "believe a host again whose journal was in doubt",
     "operate", true, 1, 1, cli_agent_accept_journal},
    {"agent revoke", "HOST -m WHY", "end the keys of a host at once", "admin", true, 1, 1,
     cli_agent_revoke},
    {"fence advance", "DATABASE -m WHY", "let a database go on whose hosts are ahead of the store",
     "admin", true, 1, 1, cli_agent_fence},
    {"signing-key announce", "[--for 30d] -m WHY",
     "make the next signing key and announce it to hosts", "admin", true, 0, 0,
     cli_signing_key_announce},
    {"signing-key turn", "[--anyway] -m WHY", "sign with the announced key from now on", "admin",
     true, 0, 0, cli_signing_key_turn},
    {"signing-key", "", "the keys that sign for hosts, and who does not know of the newest",
     "admin", true, 0, 0, cli_signing_key},
    {"activation create", "--name HOST | --prefix P [--tag K=V] [--limit N] [--for 24h]",
     "one line that registers an agent", "admin", true, 0, 0, cli_activation_create},
    {"activation ls", "", "activations and how often each was used", "admin", true, 0, 0,
     cli_activation_ls},
    {"commands", "", "what AWS clients sent at the door, and what became of it", "view", true, 0, 0,
     cli_commands},
    {"key add",
     "NAME --document D[,D] (--tag K=V[,K=V] | --any-host) [--environment E[,E]] [--shell] "
     "[--manage documents,hosts] [--for 90d]",
     "an access key for an AWS client at the door; its secret is shown once", "admin", true, 1, 1,
     cli_key_add},
    {"key ls", "", "access keys: what each may run, and where", "admin", true, 0, 0, cli_key_ls},
    {"key rm", "NAME", "end an access key at once", "admin", true, 1, 1, cli_key_rm},
    {"token add",
     "NAME --rights RIGHT[,RIGHT] [--scope REPO[/ENV]] | NAME --login LOGIN [--rights ...]"
     " [--scope ...] | NAME --feed  [--for 90d]",
     "a token for the API, for itself or for a person, or for the calendar feed; shown once",
     "admin", true, 1, 1, cli_token_add},
    {"token ls", "", "tokens, their rights and last use", "admin", true, 0, 0, cli_token_ls},
    {"token rm", "NAME", "end a token at once", "admin", true, 1, 1, cli_token_rm},
    {"people ls", "[--refused]",
     "logins of GitHub, the account that each means, and who came under one that is another's",
     "admin", true, 0, 0, cli_people_ls},
    {"people accept", "LOGIN [--id N] [-m WHY] [--dry-run] [--yes]",
     "the login means the account that came under it, or that you name, from now on", "admin", true,
     1, 1, cli_people_accept},
    {"events ls", "[--failed] [--before ID]",
     "what GitHub sent, newest first, and what became of it", "view", true, 0, 0, cli_events_ls},
    {"events show", "ID|GUID [--body]", "one delivery; its body takes the right operate", "view",
     true, 1, 1, cli_events_show},
    {"events replay", "ID|GUID [-m WHY] [--dry-run]", "have a delivery read again", "operate", true,
     1, 1, cli_events_replay},
    {"audit", "[--since T] | --verify",
     "who did what, when, by which way and why; or whether the journal's chain holds", "view", true,
     0, 0, cli_audit},
    {"holidays import", "FILE [--dry-run]",
     "let `holidays: jp` follow a list (.csv, .ics), in the years that it names", "admin", true, 1,
     1, cli_holidays_import},
    {"holidays ls", "", "years for which a list of holidays was imported", "view", true, 0, 0,
     cli_holidays_ls},
    {"doctor", "", "is everything well, and what to do if not", "view", true, 0, 0, cli_doctor},
    {"config check", "[FILE]",
     "every mistake of a configuration, what is not built, the next starts", "-", false, 0, 1,
     cli_config_check},
    {"version", "", "the version of this program", "-", false, 0, 0, cli_version},
};
const size_t cli_command_count = sizeof(cli_command_table) / sizeof(*cli_command_table);

int cli_command_error(int status, const char *try, const char *fmt, ...)
{
    va_list args;

    fputs("slipway: error: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputs(".", stderr);
    if (try != NULL)
        fprintf(stderr, " Try: %s", try);
    fputs("\n", stderr);
    return status;
}

int cli_command_usage(const struct invoke *invoke, const char *fmt, ...)
{
    va_list args;

    fputs("slipway: error: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, ".\nusage: slipway %s %s\n", invoke->command->name, invoke->command->args);
    return COMMAND_USAGE;
}

static void take_out(struct invoke *invoke, int at, int n)
{
    for (int i = at; i + n < invoke->argc; i++)
        invoke->argv[i] = invoke->argv[i + n];
    invoke->argc -= n;
}

const char *cli_command_option(struct invoke *invoke, const char *name)
{
    size_t n = strlen(name);

    for (int i = 0; i < invoke->argc; i++) {
        const char *word = invoke->argv[i];
        if (strcmp(word, name) == 0 && i + 1 < invoke->argc) {
            const char *value = invoke->argv[i + 1];
            take_out(invoke, i, 2);
            return value;
        }
        if (strncmp(word, name, n) == 0 && word[n] == '=') {
            take_out(invoke, i, 1);
            return word + n + 1;
        }
    }
    return NULL;
}

bool cli_command_flag(struct invoke *invoke, const char *name)
{
    for (int i = 0; i < invoke->argc; i++)
        if (strcmp(invoke->argv[i], name) == 0) {
            take_out(invoke, i, 1);
            return true;
        }
    return false;
}

/* Any verb that changes something can be tried: the server makes the change with every check, and undoes it. Verbs
 * that say more themselves have taken the word out before. */
static void take_dry_run(struct invoke *invoke)
{
    if (str_eq(invoke->command->right, "view") || str_eq(invoke->command->right, "-") ||
        !cli_command_flag(invoke, "--dry-run"))
        return;
    client_try(invoke->client);
    fputs("A dry run: nothing is changed. It would have said:\n", stderr);
}

int cli_command_options_end(struct invoke *invoke)
{
    take_dry_run(invoke);
    for (int i = 0; i < invoke->argc; i++)
        if (invoke->argv[i][0] == '-' && invoke->argv[i][1] != '\0')
            return cli_command_usage(invoke, "unknown option %s, or its value is missing",
                                     invoke->argv[i]);
    if (invoke->argc < invoke->command->min_args)
        return cli_command_usage(invoke, "%s needs more words", invoke->command->name);
    if (invoke->argc > invoke->command->max_args)
        return cli_command_usage(invoke, "\"%s\" is one word too many",
                                 invoke->argv[invoke->command->max_args]);
    return 0;
}

int cli_command_release_number(const char *word, long long *ret_number)
{
    int64_t number;

    if (str_parse_int64(word[0] == 'r' ? word + 1 : word, &number) < 0 || number < 1)
        return -1;
    *ret_number = number;
    return 0;
}
