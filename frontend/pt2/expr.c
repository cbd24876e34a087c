/* Integer expressions in the two forms of sympy that archives hold: srepr (nested calls) for sizes,
 * infix for the keys of range constraints.  One recursive descent for both. */
#include <ctype.h>
#include <string.h>

#include "pt2/symbols.h"
#include "qir/support/checked.h"

enum { MAX_DEPTH = 64 };

typedef struct parser {
    const char *p;
    pt2_symbol_fn symbol;
    void *user;
    unsigned depth;
    pt2_eval status;
} parser;

static int64_t bad(parser *s, pt2_eval why)
{
    if (s->status == PT2_EVAL_OK)
        s->status = why;
    return 0;
}

static bool take(parser *s, const char *token)
{
    size_t n = strlen(token);
    while (*s->p == ' ')
        s->p++;
    if (strncmp(s->p, token, n) != 0)
        return false;
    s->p += n;
    return true;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* --- operators, by the names of both forms --------------------------------------------------------- */
typedef bool (*operator_fn)(int64_t a, int64_t b, int64_t *out);

static bool sub(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_sub_overflow(a, b, out);
}

static bool divide(int64_t a, int64_t b, int64_t *out)
{
    if (b == 0 || (a == INT64_MIN && b == -1))
        return false;
    *out = floor_div(a, b);
    return true;
}

static bool modulo(int64_t a, int64_t b, int64_t *out)
{
    int64_t q;
    if (!divide(a, b, &q))
        return false;
    *out = a - q * b;
    return true;
}

static bool ceil_divide(int64_t a, int64_t b, int64_t *out)
{
    return a != INT64_MIN && divide(-a, b, out) && sub(0, *out, out);
}

static bool clean_divide(int64_t a, int64_t b, int64_t *out)
{
    return divide(a, b, out) && a % b == 0;
}

static bool power(int64_t a, int64_t b, int64_t *out)
{
    *out = 1;
    if (b < 0 || b > 63)
        return false;
    for (int64_t i = 0; i < b; i++)
        if (!qir_mul_i64(*out, a, out))
            return false;
    return true;
}

static bool larger(int64_t a, int64_t b, int64_t *out)
{
    *out = a > b ? a : b;
    return true;
}

static bool smaller(int64_t a, int64_t b, int64_t *out)
{
    *out = a < b ? a : b;
    return true;
}

static const struct {
    const char *name;
    operator_fn fn;
} functions[] = {{"Add", qir_add_i64},   {"Mul", qir_mul_i64},      {"Pow", power},
                 {"Max", larger},        {"Min", smaller},          {"FloorDiv", divide},
                 {"Mod", modulo},        {"PythonMod", modulo},     {"CeilDiv", ceil_divide},
                 {"CleanDiv", clean_divide}, {"IntTrueDiv", clean_divide}};

/* --- grammar ------------------------------------------------------------------------------------- */
static int64_t primary(parser *s);
static int64_t sum(parser *s);

static int64_t negated(parser *s)
{
    int64_t v = primary(s);
    return sub(0, v, &v) ? v : bad(s, PT2_EVAL_BAD);
}

static int64_t in_parentheses(parser *s)
{
    int64_t v = sum(s);
    return take(s, ")") ? v : bad(s, PT2_EVAL_BAD);
}

static int64_t number(parser *s)
{
    int64_t v = 0;
    while (isdigit((unsigned char)*s->p))
        if (!qir_mul_i64(v, 10, &v) || !qir_add_i64(v, *s->p++ - '0', &v))
            return bad(s, PT2_EVAL_BAD);
    return v;
}

static int64_t lookup(parser *s, const char *name, size_t len)
{
    int64_t v = 0;
    return s->symbol(s->user, name, len, &v) ? v : bad(s, PT2_EVAL_UNKNOWN_SYMBOL);
}

/* 's77', positive=True, integer=True) */
static int64_t quoted_symbol(parser *s)
{
    if (!take(s, "'"))
        return bad(s, PT2_EVAL_BAD);
    const char *name = s->p, *end = strchr(name, '\''), *close = end ? strchr(end, ')') : NULL;
    if (!close)
        return bad(s, PT2_EVAL_BAD);
    s->p = close + 1;
    return lookup(s, name, (size_t)(end - name));
}

static int64_t apply(parser *s, const char *name, size_t len)
{
    int64_t v = sum(s);
    operator_fn fn = NULL;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strlen(functions[i].name) == len && strncmp(functions[i].name, name, len) == 0)
            fn = functions[i].fn;
    if (!fn)
        return bad(s, PT2_EVAL_BAD);
    while (s->status == PT2_EVAL_OK && take(s, ",")) {
        int64_t w = sum(s);
        if (!fn(v, w, &v))
            return bad(s, PT2_EVAL_BAD);
    }
    return take(s, ")") ? v : bad(s, PT2_EVAL_BAD);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static int64_t word(parser *s)
{
    const char *name = s->p;
    while (is_word(*s->p))
        s->p++;
    size_t len = (size_t)(s->p - name);
    if (!take(s, "("))
        return lookup(s, name, len);
    if (len == 6 && strncmp(name, "Symbol", 6) == 0)
        return quoted_symbol(s);
    if (len == 7 && strncmp(name, "Integer", 7) == 0)
        return in_parentheses(s);
    return apply(s, name, len);
}

static int64_t atom(parser *s)
{
    if (take(s, "-"))
        return negated(s);
    if (take(s, "("))
        return in_parentheses(s);
    if (isdigit((unsigned char)*s->p))
        return number(s);
    return isalpha((unsigned char)*s->p) || *s->p == '_' ? word(s) : bad(s, PT2_EVAL_BAD);
}

/* Every nesting passes here. */
static int64_t primary(parser *s)
{
    if (s->depth == MAX_DEPTH)
        return bad(s, PT2_EVAL_BAD);
    s->depth++;
    int64_t v = atom(s);
    s->depth--;
    return v;
}

static int64_t product(parser *s)
{
    int64_t v = primary(s);
    while (s->status == PT2_EVAL_OK) {
        operator_fn fn = take(s, "**")   ? power
                         : take(s, "*")  ? qir_mul_i64
                         : take(s, "//") ? divide
                         : take(s, "%")  ? modulo
                                         : NULL;
        if (!fn)
            break;
        int64_t w = primary(s);
        if (!fn(v, w, &v))
            return bad(s, PT2_EVAL_BAD);
    }
    return v;
}

static int64_t sum(parser *s)
{
    int64_t v = product(s);
    while (s->status == PT2_EVAL_OK) {
        operator_fn fn = take(s, "+") ? qir_add_i64 : take(s, "-") ? sub : NULL;
        if (!fn)
            break;
        int64_t w = product(s);
        if (!fn(v, w, &v))
            return bad(s, PT2_EVAL_BAD);
    }
    return v;
}

pt2_eval pt2_expr_eval(const char *text, pt2_symbol_fn symbol, void *user, int64_t *out)
{
    parser s = {.p = text, .symbol = symbol, .user = user};
    *out = sum(&s);
    if (s.status == PT2_EVAL_OK && (take(&s, " "), *s.p))
        bad(&s, PT2_EVAL_BAD);
    return s.status;
}
