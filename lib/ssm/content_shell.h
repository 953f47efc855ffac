/*
 * content_shell: what can somebody run by the values that he puts into a document? (design.md 5, threats.md T61)
 *
 * Values are pasted into shell scripts as text (ssm-wire.md 7.3). A key with `shell: false` may run documents
 * whose scripts somebody trusted wrote, and only fill in what these foresaw. Two questions hold that, both
 * asked of every SendCommand of such a key:
 *
 *      does a parameter stand where the shell looks for a program?      then the document is a free shell
 *      is a value that is pasted into a script more than one word?      then it is refused, whatever its
 *                                                                       allowedPattern lets through
 *
 * What must hold blanks or quotes belongs into the step's `environment`, which no shell reads. Pure; texts
 * lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_CONTENT_SHELL_H
#define SLIPWAY_LIB_SSM_CONTENT_SHELL_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/ssm/content.h"

/* Does a parameter of the document `text` choose what is run? True also for one that cannot be read. */
bool content_shell_is_free(const char *text);

/* Letters, digits and @%+=:,./_- , and no option. */
bool content_shell_is_word(const char *value);

/*
 * Why these parameters (JSON by the types of the document, as content_parameters() gives them) may not go
 * into the document's scripts; NULL = they may. Defaults are the author's, and are not looked at.
 */
const char *content_shell_refuse(struct arena *arena, const char *text, const char *parameters);

#endif
