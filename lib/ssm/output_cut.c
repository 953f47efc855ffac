/* output_cut: see output_cut.h. */
#include "lib/ssm/output_cut.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/str.h"

#define ERROR_LINE "\n----------ERROR-------\n"
#define MARKER "\n---Output truncated---"

/* Bytes of a character that begins at `p` and is cut by the end of the text. */
static bool is_cut_at_end(const unsigned char *p, size_t left)
{
    size_t wanted = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 1;

    if (wanted <= left || wanted == 1)
        return false;
    for (size_t i = 1; i < left; i++)
        if ((p[i] & 0xc0) != 0x80)
            return false;
    return true;
}

const char *output_cut(struct arena *arena, const char *bytes, size_t len, size_t max)
{
    struct buf buf;
    const char *text;
    size_t i = 0;

    buf_init(&buf, 4 * max);
    for (size_t n = 0; i < len && n < max; n++) {
        uint32_t code;
        size_t size = str_utf8_at(bytes + i, len - i, &code);

        if (size == 0 && is_cut_at_end((const unsigned char *)bytes + i, len - i))
            break;
        if (size == 0)
            buf_adds(&buf, "\xef\xbf\xbd");
        else
            buf_add(&buf, bytes + i, size);
        i += size > 0 ? size : 1;
    }
    text = arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

static size_t characters(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static const char *part(struct arena *arena, const char *text, size_t max)
{
    if (characters(text) <= max)
        return text;
    return arena_printf(arena, "%s" MARKER,
                        output_cut(arena, text, strlen(text), max - strlen(MARKER)));
}

const char *output_cut_both(struct arena *arena, const char *out, const char *err)
{
    size_t room, half, n_out = characters(out), n_err = characters(err);

    if (n_err == 0)
        return part(arena, out, OUTPUT_CUT_BOTH);
    room = OUTPUT_CUT_BOTH - strlen(ERROR_LINE);
    half = room / 2;
    if (n_out + n_err <= room)
        return arena_printf(arena, "%s" ERROR_LINE "%s", out, err);
    /* Whoever is short leaves his room to the other. */
    return arena_printf(arena, "%s" ERROR_LINE "%s",
                        part(arena, out, n_err < half ? room - n_err : half),
                        part(arena, err, n_out < half ? room - n_out : half));
}
