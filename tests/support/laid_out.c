#include "tests/support/laid_out.h"

#include <stdio.h>
#include <string.h>

/* The line at `p`, its end cut off; where the next one begins, NULL if there is no line end. Lines end
 * in LF, with a CR before it or not. */
static char *cut_line(char *p, const char *end)
{
    char *lf = memchr(p, '\n', (size_t)(end - p));

    if (lf == NULL)
        return NULL;
    *lf = '\0';
    if (lf > p && lf[-1] == '\r')
        lf[-1] = '\0';
    return lf + 1;
}

/* METHOD SP TARGET SP VERSION: the target begins behind the first blank and its successors, and ends
 * at the last one. */
static bool lay_out_first_line(struct laid_out *l, char *line)
{
    char *blank = strchr(line, ' ');
    char *last;

    if (blank == NULL)
        return false;
    *blank = '\0';
    l->input.method = line;
    l->input.target = blank + 1 + strspn(blank + 1, " ");
    last = (char *)(size_t)l->input.target + strlen(l->input.target);
    if (*l->input.target == '\0')
        return false;
    l->input.version = NULL;
    for (char *p = last; p > l->input.target; p--) {
        if (*p == ' ') {
            *p = '\0';
            l->input.version = p + 1;
            break;
        }
    }
    snprintf(l->target, sizeof(l->target), "%s", l->input.target);
    l->input.target_text = l->target;
    return l->input.version != NULL;
}

static bool lay_out_header(struct laid_out *l, char *line)
{
    struct request_header *h = &l->headers[l->input.n_headers];
    char *colon = strchr(line, ':');

    if (colon == NULL || l->input.n_headers == LAID_OUT_HEADERS)
        return false;
    l->input.n_headers++;
    h->name = line;
    h->name_len = (size_t)(colon - line);
    *colon = '\0';
    h->value = colon + 1 + strspn(colon + 1, " \t");
    h->value_len = strlen(h->value);
    return true;
}

bool lay_out(struct laid_out *l, const char *raw, size_t len)
{
    char *line = l->buffer;
    char *end;

    if (len > LAID_OUT_MAX)
        return false;
    memset(l, 0, sizeof(*l));
    memcpy(l->buffer, raw, len);
    end = l->buffer + len;
    l->input.headers = l->headers;
    for (bool first = true;; first = false) {
        char *next = cut_line(line, end);

        if (next == NULL)
            return false;
        /* A line that begins with a colon ends the headers too, but for the first of them. */
        if (!first &&
            ((*line == '\0' && next - line <= 2) || (*line == ':' && l->input.n_headers > 0))) {
            l->input.body = next;
            return true;
        }
        if (first ? !lay_out_first_line(l, line) : !lay_out_header(l, line))
            return false;
        line = next;
    }
}
