/* Parser driver: checks the source as a whole, runs the grammar, resolves what is left, verifies.
 * Also the diagnostics of the parser and its recovery after errors. */
#include <stdio.h>
#include <string.h>
#include "parse_priv.h"

static const size_t DEFAULT_MAX_SOURCE = (size_t)1 << 30;
static const size_t LARGEST_SOURCE = ((size_t)1 << 31) - 16; /* lengths in the scanner are int */

/* --- diagnostics ------------------------------------------------------------------------------ */
const qir_loc *parse_loc(parser *p, pos at)
{
    return qir_loc_file(p->ctx, p->file, at.line, at.col);
}

const qir_loc *parse_placed_loc(parser *p, pos at)
{
    if (!p->loc)
        return parse_loc(p, at);
    if (!p->opts || !p->opts->positions)
        return p->loc;
    return qir_loc_listed(p->ctx, p->loc, p->file, at.line, at.col);
}

bool parse_error(parser *p, pos at, const char *code, const char *fmt, ...)
{
    qir_strbuf text = {0};
    va_list ap;
    va_start(ap, fmt);
    qir_strbuf_vprintf(&text, fmt, ap);
    va_end(ap);
    qir_error(p->diag, parse_loc(p, at), code, "%s", qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    p->bad = true;
    p->nerrors++;
    return false;
}

int parse_print_slice(slice s)
{
    return s.len > 80 ? 80 : (int)s.len;
}

const char *parse_intern(parser *p, slice s)
{
    return qir_intern(p->ctx, s.len ? s.s : "", s.len);
}

void parse_unexpected(parser *p, pos at, const char *expected)
{
    const char *join = expected[0] ? ", expected " : "";
    p->skip = true;
    p->keep_token = p->line_start && p->offset != p->kept_offset;
    if (p->at_end)
        parse_error(p, at, "qir.syntax", "unexpected end of file%s%s", join, expected);
    else
        parse_error(p, at, "qir.syntax", "unexpected '%.*s'%s%s", parse_print_slice(p->token),
                    p->token.s, join, expected);
}

/* --- recovery --------------------------------------------------------------------------------- */
static bool token_is(const parser *p, const char *word)
{
    return p->token.len == strlen(word) && !memcmp(p->token.s, word, p->token.len);
}

/* Can the current token, first on its line, be the start of a statement here? */
static bool starts_statement(const parser *p)
{
    if (p->token.len == 0)
        return false;
    if (p->in_body)
        return p->token.s[0] == '%' || p->token.s[0] == '}' || token_is(p, "return");
    if (p->in_module)
        return token_is(p, "func") || token_is(p, "const") || token_is(p, "params") ||
               token_is(p, "}");
    return token_is(p, "module") || p->token.s[0] == '!';
}

void parse_reset_statement(parser *p)
{
    p->bad = false;
    p->loc = NULL;
    p->results.len = p->operands.len = p->attrs.len = p->items.len = 0;
    p->types.len = p->loc_parts.len = p->model_names.len = 0;
}

bool parse_recover(parser *p)
{
    bool keep = p->keep_token && starts_statement(p);
    if (keep) {
        p->skip = false;
        p->kept_offset = p->offset;
    }
    parse_reset_statement(p);
    return !keep;
}

/* --- the source as a whole -------------------------------------------------------------------- */
static pos position_of(const parser *p, size_t offset)
{
    pos at = p->at;
    for (size_t i = 0; i < offset; i++) {
        at.col++;
        if (p->text[i] == '\n')
            at = (pos){at.line + 1, 1};
    }
    return at;
}

/* Length of the UTF-8 sequence at `s`, 0 if there is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n == 0 || s[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static bool all_ascii(const unsigned char *s)
{
    uint64_t w;
    memcpy(&w, s, sizeof w);
    return (w & UINT64_C(0x8080808080808080)) == 0;
}

static bool check_encoding(parser *p)
{
    const unsigned char *s = (const unsigned char *)p->text;
    const char *nul = memchr(p->text, 0, p->len);
    if (p->len >= 2 && (!memcmp(s, "\xff\xfe", 2) || !memcmp(s, "\xfe\xff", 2)))
        return parse_error(p, p->at, "qir.encoding", "source is UTF-16, expected UTF-8");
    if (nul)
        return parse_error(p, position_of(p, (size_t)(nul - p->text)), "qir.nul",
                           "NUL byte in source");
    for (size_t i = 0, n; i < p->len; i += n) {
        n = i + 8 <= p->len && all_ascii(s + i) ? 8 : utf8_length(s + i, p->len - i);
        if (n == 0)
            return parse_error(p, position_of(p, i), "qir.encoding",
                               "byte 0x%02x is not valid UTF-8", s[i]);
    }
    return true;
}

static bool check_size(parser *p)
{
    size_t limit = p->opts && p->opts->max_source ? p->opts->max_source : DEFAULT_MAX_SOURCE;
    if (limit > LARGEST_SOURCE)
        limit = LARGEST_SOURCE;
    if (p->len > limit)
        return parse_error(p, p->at, "qir.size", "source larger than %zu bytes (-fmax-source)",
                           limit);
    if (p->len >= 3 && !memcmp(p->text, "\xef\xbb\xbf", 3)) {
        p->text += 3;
        p->len -= 3;
    }
    return true;
}

/* --- driver ----------------------------------------------------------------------------------- */
static void free_parser(parser *p)
{
    qir_vec_free(&p->results);
    qir_vec_free(&p->operands);
    qir_vec_free(&p->values_of_op);
    qir_vec_free(&p->attrs);
    qir_vec_free(&p->items);
    qir_vec_free(&p->types);
    qir_vec_free(&p->loc_parts);
    qir_vec_free(&p->quant.scales);
    qir_vec_free(&p->quant.zero_points);
    qir_vec_free(&p->model_names);
    qir_vec_free(&p->symbols);
    qir_vec_free(&p->fixups);
    qir_vec_free(&p->const_fixups);
    qir_vec_free(&p->const_names);
    qir_vec_free(&p->func_positions);
    qir_map_free(&p->values);
    qir_map_free(&p->bad_consts);
    qir_map_free(&p->funcs);
    qir_map_free(&p->aliases);
    freelocale(p->c_locale);
}

static const char *directory_of(qir_context *ctx, const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? qir_intern(ctx, file, slash == file ? 1 : (size_t)(slash - file)) : NULL;
}

static bool parse_source(parser *p)
{
    if (!check_size(p) || !check_encoding(p))
        return false;
    bool ok = lexer_run(p);
    if (p->nerrors == 0 && !p->module)
        parse_error(p, p->at, "qir.empty", "no module in source, expected 'module @name { ... }'");
    return ok && p->nerrors == 0;
}

qir_module *qir_parse(qir_context *ctx, const char *file, const char *text, size_t len,
                      const qir_parse_options *opts)
{
    uint32_t first = opts && opts->first_line ? opts->first_line : 1;
    bool own_source = !opts || opts->first_line == 0;
    parser p = {.ctx = ctx, .diag = qir_context_diag(ctx), .file = qir_intern_cstr(ctx, file),
                .text = text, .len = len, .opts = opts, .at = {first, 1},
                .kept_offset = SIZE_MAX, .c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (own_source)
        qir_diag_add_source(p.diag, p.file, text, len);
    unsigned before = qir_diag_error_count(p.diag);
    bool ok = parse_source(&p) && qir_diag_error_count(p.diag) == before;
    qir_module *m = p.module;
    if (m)
        m->source_dir = opts && opts->source_dir ? qir_intern_cstr(ctx, opts->source_dir)
                                                 : directory_of(ctx, file);
    if (ok && !(opts && opts->no_verify))
        ok = qir_verify(m);
    free_parser(&p);
    if (own_source)
        qir_diag_remove_source(p.diag, p.file);
    if (!ok && m)
        qir_module_destroy(m);
    return ok ? m : NULL;
}
