/* cli_repo: what the verbs about one repository's releases share. */
#ifndef SLIPWAY_CLI_CLI_REPO_H
#define SLIPWAY_CLI_CLI_REPO_H

#include <stdbool.h>

struct arena;
struct cJSON;
struct invoke;

/* "/api/v1/repos/OWNER/NAME/releases[/N]REST"; number 0 = the list. The words were checked. */
const char *cli_repo_path(struct arena *arena, const char *repo, long long number,
                          const char *rest);

/* "/api/v1/repos/OWNER/NAME/REST". */
const char *cli_repo_act_path(struct arena *arena, const char *repo, const char *rest);

/* Send a JSON object that `out` holds, print the answer for --json. 0, or the exit status. */
struct client_answer;
struct json_out;
int cli_repo_ask(struct invoke *invoke, const char *method, const char *path, struct json_out *out,
                 struct client_answer *ret_answer);

/* Danger asks where somebody can answer; `yes` answers. `why` says what stands against going on where nobody can.
 * 0, or the exit status. */
int cli_repo_confirm(bool yes, const char *question, const char *why);

/* "#449" or "449"; -1 if it is none. */
int cli_repo_pull_number(const char *word, long long *ret_number);

/* The texts of a list of causes, a line each, on stdout. */
void cli_repo_causes(struct arena *arena, const struct cJSON *causes);

/* What has stopped, who may decide it and what he may do (Attention), on stdout. */
void cli_repo_attention(struct arena *arena, const char *repo, const struct cJSON *attention);

/* Print a text that is not ours, cleaned. */
const char *cli_repo_clean(struct arena *arena, const char *text);

/* REPO, and rN if `ret_number` is not NULL, are well formed: 0, or the exit status. */
int cli_repo_words(struct invoke *invoke, long long *ret_number);

/* "stage live, production scheduled" */
const char *cli_repo_places(struct arena *arena, const struct cJSON *release);

/* "#2 Coupons, #1 ...": its member `pulls`, and a list of them. */
const char *cli_repo_pulls(struct arena *arena, const struct cJSON *release);
const char *cli_repo_pulls_of(struct arena *arena, const struct cJSON *list);

#endif
