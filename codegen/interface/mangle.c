/* Names from a model become C identifiers here, and nowhere else.
 *
 * A name that is harmless stays as it is.  Every other one is filtered to [A-Za-z0-9_] and gets a
 * hash of its bytes, so that different names stay different; names that already look hashed are
 * hashed again for the same reason. */
#include <string.h>
#include <strings.h>
#include "qir/codegen.h"
#include "qir/support/map.h"

enum { MAX_IDENTIFIER = 63, MAX_PREFIX = 47, HASH_DIGITS = 8 };

/* Keywords of C23 and C++20, the types that a generated header names (a member of that name would
 * change their meaning in C++), and lower-case macros of common hosts. */
static const char *const reserved[] = {
    "alignas", "alignof", "and", "and_eq", "asm", "assert", "atomic", "auto", "bitand", "bitor",
    "bool", "break", "case", "catch", "char", "char16_t", "char32_t", "char8_t", "class",
    "co_await", "co_return", "co_yield", "compl", "complex", "concept", "const", "const_cast",
    "consteval", "constexpr", "constinit", "continue", "decltype", "default", "delete", "do",
    "double", "dynamic_cast", "else", "enum", "environ", "errno", "explicit", "export", "extern",
    "false", "far", "float", "for", "friend", "goto", "i386", "if", "imaginary", "inline", "int",
    "int16_t", "int32_t", "int64_t", "int8_t", "interface", "linux", "long", "main", "mutable",
    "namespace", "near", "new", "noexcept", "noreturn", "not", "not_eq", "nullptr", "operator",
    "or", "or_eq", "pascal", "private", "protected", "ptrdiff_t", "public", "register",
    "reinterpret_cast", "requires", "restrict", "return", "short", "signed", "size_t", "sizeof",
    "small", "static", "static_assert", "static_cast", "stderr", "stdin", "stdout", "struct", "sun",
    "switch", "template", "this", "thread_local", "throw", "true", "try", "typedef", "typeid",
    "typename", "typeof", "typeof_unqual", "uint16_t", "uint32_t", "uint64_t", "uint8_t", "union",
    "unix", "unsigned", "using", "virtual", "void", "volatile", "wchar_t", "while", "xor", "xor_eq"};

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '_';
}

static bool is_reserved(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strlen(reserved[i]) == len && !memcmp(reserved[i], name, len))
            return true;
    return false;
}

/* INT_MAX, EOF and their kind: a macro of some header may have any all-capital name.  <inttypes.h>
 * alone mixes cases: PRId64, SCNx8. */
static bool may_be_macro(const char *name, size_t len)
{
    if (len > 3 && (!memcmp(name, "PRI", 3) || !memcmp(name, "SCN", 3)))
        return true;
    for (size_t i = 0; i < len; i++)
        if (is_lower(name[i]))
            return false;
    return len > 1 || name[0] == 'I';
}

static bool looks_hashed(const char *name, size_t len)
{
    if (len <= HASH_DIGITS || name[len - HASH_DIGITS - 1] != '_')
        return false;
    for (size_t i = len - HASH_DIGITS; i < len; i++)
        if (!is_digit(name[i]) && !(name[i] >= 'a' && name[i] <= 'f'))
            return false;
    return true;
}

static bool is_harmless(const char *name, size_t len)
{
    if (len == 0 || len > MAX_IDENTIFIER || is_digit(name[0]) || name[0] == '_')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_word(name[i]))
            return false;
    return !is_reserved(name, len) && !may_be_macro(name, len) && !looks_hashed(name, len);
}

/* The name's letters and digits, cut, and a hash of all of it: `most` bytes in all. */
static void write_hashed(const char *name, size_t len, size_t most, qir_strbuf *out)
{
    size_t room = most - HASH_DIGITS - 1;
    if (len == 0 || !(is_lower(name[0]) || is_upper(name[0]))) {
        qir_strbuf_putc(out, 't');
        room--;
    }
    for (size_t i = 0; i < len && i < room; i++)
        qir_strbuf_putc(out, is_word(name[i]) ? name[i] : '_');
    qir_strbuf_printf(out, "_%08x", (unsigned)(qir_hash_bytes(name, len) & 0xffffffffu));
}

void qir_mangle(const char *name, size_t len, qir_strbuf *out)
{
    if (is_harmless(name, len))
        qir_strbuf_write(out, name, len);
    else
        write_hashed(name, len, MAX_IDENTIFIER, out);
}

void qir_mangle_loosely(const char *text, size_t most, qir_strbuf *out)
{
    size_t start = out->len;
    bool gap = false;
    for (; *text && out->len - start < most; text++) {
        bool word = is_word(*text) && *text != '_';
        if (word && gap && out->len > start)
            qir_strbuf_putc(out, '_');
        if (word && out->len - start < most)
            qir_strbuf_putc(out, *text);
        gap = !word;
    }
}

/* ---- prefixes --------------------------------------------------------------------------------- */
/* qcc_model_info and other types that all headers share, and their macros; also what becomes such a name
 * when its other characters do ("qcc-model"). */
static bool is_ours(const char *name)
{
    return !strncasecmp(name, "qcc", 3) && (!is_word(name[3]) || name[3] == '_');
}

bool qir_is_prefix(const char *name)
{
    qir_strbuf whole = {0};
    qir_strbuf_printf(&whole, "%s_run", name);
    bool ok = strlen(name) <= MAX_PREFIX && is_harmless(whole.data, whole.len) && !is_ours(name);
    qir_strbuf_free(&whole);
    return ok;
}

void qir_make_prefix(const char *text, qir_strbuf *out)
{
    bool ours = is_ours(text);
    if (qir_is_prefix(text)) {
        qir_strbuf_puts(out, text);
        return;
    }
    qir_strbuf_puts(out, ours ? "m" : "");
    write_hashed(text, strlen(text), MAX_PREFIX - ours, out);
}
