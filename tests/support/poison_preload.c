/*
 * poison: a shared object for LD_PRELOAD with a cJSON that dies of one word.
 *
 *      POISON_WORD=WORD     a text with this word in it ends the program by SIGABRT, in the middle of reading it
 *
 * It stands before the library's own function, so the program is the one that is shipped and everything around the
 * accident is real: the thread that reads, what was counted before, what the disk holds.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

struct cJSON;
typedef struct cJSON *parse_fn(const char *text, size_t len, const char **ret_end, int terminated);
parse_fn cJSON_ParseWithLengthOpts;

struct cJSON *cJSON_ParseWithLengthOpts(const char *text, size_t len, const char **ret_end,
                                        int terminated)
{
    const char *word = getenv("POISON_WORD");
    union {
        void *symbol; /* what dlsym() gives, as a function */
        parse_fn *parse;
    } own = {.symbol = dlsym(RTLD_NEXT, "cJSON_ParseWithLengthOpts")};

    if (own.parse == NULL ||
        (word != NULL && text != NULL && memmem(text, len, word, strlen(word)) != NULL))
        abort();
    return own.parse(text, len, ret_end, terminated);
}
