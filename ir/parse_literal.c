/* Literals of the text form: numbers, strings, hexadecimal bytes, lists. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "parse_priv.h"

/* Number tokens are at most 255 bytes (MAX_TOKEN in lexer.l). */
static const char *terminated(slice text, char buf[256])
{
    memcpy(buf, text.s, text.len);
    buf[text.len] = 0;
    return buf;
}

bool parse_int(parser *p, pos at, slice text, int64_t *out)
{
    char buf[256];
    errno = 0;
    long long v = strtoll(terminated(text, buf), NULL, 10);
    if (errno == ERANGE)
        return parse_error(p, at, "int.range", "integer %.*s does not fit in 64 bits",
                           parse_print_slice(text), text.s);
    *out = v;
    return true;
}

bool parse_f32(parser *p, pos at, slice text, float *out)
{
    char buf[256];
    float v = strtof_l(terminated(text, buf), NULL, p->c_locale);
    bool written_inf = text.s[text.len - 1] == 'f';
    if (isinf(v) && !written_inf)
        return parse_error(p, at, "float.range", "%.*s is too large for f32",
                           parse_print_slice(text), text.s);
    *out = v;
    return true;
}

/* --- strings ---------------------------------------------------------------------------------- */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes the escape after a backslash at s[i]; returns the bytes it takes, 0 if it is wrong. */
static size_t unescape(slice s, size_t i, char *out)
{
    char c = i < s.len ? s.s[i] : 0;
    if (c == '"' || c == '\\') {
        *out = c;
        return 1;
    }
    if (c == 'n' || c == 't') {
        *out = c == 'n' ? '\n' : '\t';
        return 1;
    }
    if (c != 'x' || i + 2 >= s.len)
        return 0;
    int hi = hex_digit(s.s[i + 1]), lo = hex_digit(s.s[i + 2]);
    *out = (char)(hi * 16 + lo);
    return hi >= 0 && lo >= 0 ? 3 : 0;
}

slice parse_string(parser *p, pos at, slice quoted)
{
    slice s = {quoted.s + 1, quoted.len - 2};
    if (!memchr(s.s, '\\', s.len))
        return s;
    char *buf = malloc(s.len);
    size_t n = 0;
    for (size_t i = 0; buf && i < s.len; n++) {
        size_t taken = 1;
        if (s.s[i] != '\\') {
            buf[n] = s.s[i];
        } else if ((taken = 1 + unescape(s, i + 1, &buf[n])) == 1) {
            parse_error(p, at, "qir.string",
                        "unknown escape in string, expected \\\\, \\\", \\n, \\t or \\xNN");
            break;
        }
        i += taken;
    }
    slice r = {buf ? qir_intern(p->ctx, buf, n) : "", buf ? n : 0};
    free(buf);
    return r;
}

bool parse_no_nul(parser *p, pos at, slice s)
{
    return !s.len || !memchr(s.s, 0, s.len) ||
           parse_error(p, at, "qir.string", "NUL byte in a name");
}

bool parse_is_number(slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.s[i] < '0' || name.s[i] > '9')
            return false;
    return name.len > 0;
}

/* --- bytes ------------------------------------------------------------------------------------ */
bool parse_is_hex(slice s)
{
    return s.len >= 2 && s.s[0] == '0' && s.s[1] == 'x';
}

unsigned char *parse_hex(parser *p, pos at, slice s, size_t *len)
{
    if (!parse_is_hex(s) || s.len % 2) {
        parse_error(p, at, "const.hex", "expected \"0x\" and an even number of hex digits");
        return NULL;
    }
    size_t n = s.len / 2 - 1;
    unsigned char *bytes = qir_arena_alloc(p->module ? p->module->arena : qir_context_arena(p->ctx), n);
    for (size_t i = 0; i < n; i++) {
        int hi = hex_digit(s.s[2 * i + 2]), lo = hex_digit(s.s[2 * i + 3]);
        if (hi < 0 || lo < 0) {
            parse_error(p, at, "const.hex", "expected hex digits after \"0x\"");
            return NULL;
        }
        bytes[i] = (unsigned char)(hi * 16 + lo);
    }
    *len = n;
    return bytes;
}

literal parse_list(parser *p, pos at, size_t first)
{
    return (literal){.kind = LIT_LIST, .at = at, .first = first, .count = p->items.len - first};
}
