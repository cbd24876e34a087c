/* Names from a model become C identifiers here, and nowhere else.
 *
 * A name that is harmless stays as it is.  Every other one is filtered to [A-Za-z0-9_] and gets a
 * hash of its bytes, so that different names stay different; names that already look hashed are
 * hashed again for the same reason. */
#include <string.h>
#include "qir/codegen.h"
#include "qir/support/map.h"

enum { MAX_IDENTIFIER = 63, HASH_DIGITS = 8, MAX_STEM = MAX_IDENTIFIER - HASH_DIGITS - 1 };

/* Keywords of C11 and C++20, and lower-case macros of common hosts. */
static const char *const reserved[] = {
    "alignas", "alignof", "and", "and_eq", "asm", "assert", "atomic", "auto", "bitand", "bitor",
    "bool", "break", "case", "catch", "char", "char8_t", "char16_t", "char32_t", "class", "co_await",
    "co_return", "co_yield", "compl", "complex", "concept", "const", "const_cast", "consteval",
    "constexpr", "constinit", "continue", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "errno", "explicit", "export", "extern", "false", "float", "for",
    "friend", "goto", "i386", "if", "imaginary", "inline", "int", "linux", "long", "main", "mutable",
    "namespace", "new", "noexcept", "noreturn", "not", "not_eq", "operator", "or", "or_eq",
    "private", "protected", "public", "register", "reinterpret_cast", "requires", "restrict",
    "return", "short", "signed", "sizeof", "static", "static_assert", "static_cast", "stderr",
    "stdin", "stdout", "struct", "switch", "template", "this", "thread_local", "throw", "true", "try",
    "typedef", "typeid", "typename", "typeof", "union", "unix", "unsigned", "using", "virtual",
    "void", "volatile", "wchar_t", "while", "xor", "xor_eq"};

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

/* INT_MAX, EOF and their kind: a macro of some header may have any all-capital name. */
static bool may_be_macro(const char *name, size_t len)
{
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

void qir_mangle(const char *name, size_t len, qir_strbuf *out)
{
    if (is_harmless(name, len)) {
        qir_strbuf_write(out, name, len);
        return;
    }
    size_t room = MAX_STEM;
    if (len == 0 || !(is_lower(name[0]) || is_upper(name[0]))) {
        qir_strbuf_putc(out, 't');
        room--;
    }
    for (size_t i = 0; i < len && i < room; i++)
        qir_strbuf_putc(out, is_word(name[i]) ? name[i] : '_');
    qir_strbuf_printf(out, "_%08x", (unsigned)(qir_hash_bytes(name, len) & 0xffffffffu));
}
