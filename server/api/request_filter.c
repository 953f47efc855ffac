#include "server/api/request_filter.h"

#include <string.h>
#include <strings.h>

/* Fields that have one value. A second one is how two programs come to read two requests. */
#define SINGLE(name)                                                                               \
    {                                                                                              \
        name, name " came twice"                                                                   \
    }
static const struct single {
    const char *name, *why;
} single[] = {
    SINGLE("Host"),
    SINGLE("Content-Length"),
    SINGLE("Transfer-Encoding"),
    SINGLE("Content-Type"),
    SINGLE("Content-Encoding"),
    SINGLE("Expect"),
    SINGLE("X-Hub-Signature-256"),
    SINGLE("X-GitHub-Event"),
    SINGLE("X-GitHub-Delivery"),
    SINGLE("Authorization"),
    SINGLE("X-Amz-Target"),
    SINGLE("X-Amz-Date"),
    SINGLE("X-Amz-Security-Token"),
    SINGLE("X-Amz-Content-Sha256"),
    SINGLE("X-Forwarded-For"),
    SINGLE("Cookie"),
    SINGLE("Origin"),
    SINGLE("Referer"),
    SINGLE("User-Agent"),
    SINGLE("If-None-Match"),
    SINGLE("If-Modified-Since"),
    SINGLE("Last-Event-ID"),
    SINGLE("Range"),
};

#define N_SINGLE (sizeof(single) / sizeof(single[0]))

static bool is_token_byte(unsigned char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL; /* RFC 9110, 5.6.2 */
}

static bool is_hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool header_is(const struct request_header *h, const char *name)
{
    return strlen(name) == h->name_len && strncasecmp(h->name, name, h->name_len) == 0;
}

/* GET, POST ...: upper-case letters only, so that no second spelling of a method exists. */
static const char *judge_method(const char *method)
{
    size_t len = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    if (len == 0 || len > 16 || method[len] != '\0')
        return "method is not a word of capital letters";
    return NULL;
}

static const char *judge_target(const char *target)
{
    size_t len = strlen(target);

    if (len == 0 || target[0] != '/')
        return "target does not begin with a slash";
    if (len > REQUEST_FILTER_TARGET_MAX)
        return "target is too long";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)target[i];

        if (c <= 0x20 || c >= 0x7f || strchr("\"<>\\^`{|}#", c) != NULL)
            return "target has a byte that no target has";
        if (c == '%') {
            if (len - i < 3 || !is_hex((unsigned char)target[i + 1]) ||
                !is_hex((unsigned char)target[i + 2]))
                return "target has a broken escape";
            if (target[i + 1] == '0' && target[i + 2] == '0')
                return "target has an escaped NUL";
        }
    }
    return NULL;
}

static const char *judge_header(const struct request_header *h)
{
    if (h->name_len == 0)
        return "header without a name";
    for (size_t i = 0; i < h->name_len; i++) {
        if (!is_token_byte((unsigned char)h->name[i]))
            return "header name is not a token";
    }
    for (size_t i = 0; i < h->value_len; i++) {
        unsigned char c = (unsigned char)h->value[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return "control byte in a header value";
    }
    return NULL;
}

/* Every byte between the method and the last value is one we were shown, or the separator it must be. */
static const char *judge_distances(const struct request_filter_input *in)
{
    const char *end = in->method + strlen(in->method);

    if (in->target != end + 1)
        return "more than one blank before the target";
    end = in->target + strlen(in->target_text); /* shorter than it was if a NUL came inside */
    if (in->version != end + 1)
        return "target and version are not one blank apart";
    end = in->version + strlen(in->version);
    for (size_t i = 0; i < in->n_headers; i++) {
        const struct request_header *h = &in->headers[i];
        const char *colon = h->name + h->name_len; /* libmicrohttpd put a NUL over it */

        if (h->name != end + 2)
            return "line does not end in CRLF, is folded or has a NUL";
        if (h->value <= colon)
            return "header value does not follow its name";
        for (const char *p = colon + 1; p < h->value; p++) {
            if (*p != ' ' && *p != '\t')
                return "bytes between a header name and its value";
        }
        end = h->value + h->value_len;
    }
    /* CRLF CRLF. The library cuts a value at a NUL, takes bare LF, and takes a line that begins with
     * a colon for the empty one: what the sender meant as headers would be read as a body. */
    if (in->n_headers > 0 && in->body != end + 4)
        return "headers do not end in CRLF and an empty line";
    return NULL;
}

static const char *judge_counts(const struct request_filter_input *in)
{
    unsigned seen[N_SINGLE] = {0};
    const struct request_header *length = NULL;
    const struct request_header *coding = NULL;

    for (size_t i = 0; i < in->n_headers; i++) {
        const struct request_header *h = &in->headers[i];

        for (size_t k = 0; k < N_SINGLE; k++) {
            if (header_is(h, single[k].name) && ++seen[k] > 1)
                return single[k].why;
        }
        if (header_is(h, "Content-Length"))
            length = h;
        if (header_is(h, "Transfer-Encoding"))
            coding = h;
    }
    if (seen[0] != 1)
        return "no Host";
    if (length != NULL && coding != NULL)
        return "Content-Length with Transfer-Encoding";
    if (length != NULL && request_filter_length(length->value, length->value_len) < 0)
        return "Content-Length is not a number";
    if (coding != NULL && !in->chunked)
        return "Transfer-Encoding is not taken here";
    if (coding != NULL && (coding->value_len != 7 || strncasecmp(coding->value, "chunked", 7) != 0))
        return "transfer coding is not chunked";
    return NULL;
}

long long request_filter_length(const char *text, size_t len)
{
    long long n = 0;

    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (len == 0 || len > 18)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        n = n * 10 + (text[i] - '0');
    }
    return n;
}

const char *request_filter_judge(const struct request_filter_input *in)
{
    const char *why = judge_method(in->method);

    if (why == NULL)
        why = judge_target(in->target_text);
    if (why != NULL)
        return why;
    if (strcmp(in->version, "HTTP/1.1") != 0 && strcmp(in->version, "HTTP/1.0") != 0)
        return "version is neither HTTP/1.1 nor HTTP/1.0";
    if (in->n_headers > REQUEST_FILTER_HEADERS_MAX)
        return "too many headers";
    why = judge_distances(in);
    for (size_t i = 0; why == NULL && i < in->n_headers; i++)
        why = judge_header(&in->headers[i]);
    return why != NULL ? why : judge_counts(in);
}
