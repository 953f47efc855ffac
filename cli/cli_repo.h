/* cli_repo: what the verbs about one repository's releases share. */
#ifndef SLIPWAY_CLI_CLI_REPO_H
#define SLIPWAY_CLI_CLI_REPO_H

struct arena;
struct cJSON;
struct invoke;

/* "/api/v1/repos/OWNER/NAME/releases[/N]REST"; number 0 = the list. The words were checked. */
const char *cli_repo_path(struct arena *arena, const char *repo, long long number,
                          const char *rest);

/* REPO, and rN if `ret_number` is not NULL, are well formed: 0, or the exit status. */
int cli_repo_words(struct invoke *invoke, long long *ret_number);

/* "stage live, production scheduled" */
const char *cli_repo_places(struct arena *arena, const struct cJSON *release);

/* "#2 Coupons, #1 ..." */
const char *cli_repo_pulls(struct arena *arena, const struct cJSON *release);

#endif
