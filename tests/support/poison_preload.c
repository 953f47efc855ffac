/*
 * poison: a shared object for LD_PRELOAD with a cJSON that dies of one word.
 *
 *      POISON_WORD=KEY=TEXT a field of this name with this text ends the program by SIGABRT, in the middle of reading it
 *
 * It stands before the library's own function, so the program is the one that is shipped and everything around the
 * accident is real: the thread that reads, what was counted before, what the disk holds.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

typedef cJSON *find_fn(const cJSON *object, const char *key);

cJSON *cJSON_GetObjectItemCaseSensitive(const cJSON *object, const char *key)
{
    const char *word = getenv("POISON_WORD");
    union {
        void *symbol; /* what dlsym() gives, as a function */
        find_fn *find;
    } own = {.symbol = dlsym(RTLD_NEXT, "cJSON_GetObjectItemCaseSensitive")};
    cJSON *item;

    if (own.find == NULL)
        abort();
    item = own.find(object, key);
    if (word != NULL && item != NULL && item->valuestring != NULL &&
        strncmp(word, key, strlen(key)) == 0 && word[strlen(key)] == '=' &&
        strcmp(item->valuestring, word + strlen(key) + 1) == 0)
        abort();
    return item;
}
