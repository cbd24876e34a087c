/* State of one parse, shared by the lexer, the grammar and the actions.
 *
 * The grammar (parser.y) only recognises; it calls the parse_* functions below, which build the
 * module.  What a statement is made of is gathered in the vectors of `parser` and used up at its
 * end.  Slices point into the source text (borrowed) or at interned strings. */
#ifndef QIR_PARSE_PRIV_H
#define QIR_PARSE_PRIV_H

#include <locale.h>
#include <setjmp.h>
#include "qir/builder.h"
#include "qir/ops.h"
#include "qir/support/map.h"
#include "qir/support/vec.h"
#include "qir/text.h"

typedef struct slice {
    const char *s;
    size_t len;
} slice;

typedef struct pos {
    uint32_t line, col;
} pos;

/* A literal before it is known what type it must have. */
typedef enum literal_kind {
    LIT_INT,
    LIT_FLOAT,
    LIT_BOOL,
    LIT_STRING,
    LIT_TYPE,
    LIT_LIST
} literal_kind;

typedef struct literal {
    literal_kind kind;
    bool b;
    pos at;
    slice text;           /* INT, FLOAT: digits; STRING: contents */
    const qir_type *type; /* TYPE */
    size_t first, count;  /* LIST: range of parser.items */
} literal;

typedef struct named_literal {
    slice name;
    pos at;
    literal value;
} named_literal;

/* A reference to a value or constant, or a name being defined. */
typedef struct name_ref {
    char sigil; /* '%', '@', or 'n' for an absent operand */
    slice name;
    pos at;
} name_ref;

/* What a name stands for.  `value` NULL: used but not defined yet, or its definition was wrong
 * (`poisoned`), which silences its uses. */
typedef struct symbol {
    qir_value *value;
    slice name;
    pos at;
    bool defined, poisoned;
} symbol;

typedef struct fixup { /* an operand that waits for a later definition */
    qir_op *op;
    uint32_t index;
    size_t symbol; /* index into parser.symbols or parser.const_names */
} fixup;

/* Quantization parameters while they are read. */
typedef struct quant_parts {
    qir_quant q;
    bool seen_params, seen_axis, seen_group;
    QIR_VEC(float) scales;
    QIR_VEC(int32_t) zero_points;
} quant_parts;

typedef struct parser {
    qir_context *ctx;
    qir_diag_engine *diag;
    qir_module *module;
    const char *file, *text;
    size_t len;
    locale_t c_locale;
    jmp_buf bail;
    const qir_parse_options *opts;

    /* lexer */
    size_t offset;   /* of the next token */
    pos at;          /* of the next token */
    slice token;     /* the current one */
    bool line_start; /* the current token is the first on its line */
    bool skip;       /* after an error: go on at the next statement */

    /* recovery */
    bool in_module, in_body, keep_token, at_end;
    size_t kept_offset;

    /* statement */
    bool bad;           /* an error was reported in it */
    const qir_loc *loc; /* its loc(...); NULL: none */
    QIR_VEC(name_ref) results;
    QIR_VEC(name_ref) operands;
    QIR_VEC(qir_value *) values_of_op;
    QIR_VEC(named_literal) attrs;
    QIR_VEC(literal) items;
    QIR_VEC(const qir_type *) types;
    QIR_VEC(const qir_loc *) loc_parts;
    quant_parts quant;

    /* function signature */
    qir_func *func;
    slice func_name;
    pos func_at;
    QIR_VEC(const char *) model_names;

    /* names */
    QIR_VEC(symbol) symbols;
    qir_map values, funcs;       /* name -> index + 1 in symbols, func_positions */
    qir_map aliases, bad_consts; /* name -> qir_quant; names whose definition was wrong */
    QIR_VEC(fixup) fixups;
    QIR_VEC(fixup) const_fixups;
    QIR_VEC(name_ref) const_names;
    QIR_VEC(pos) func_positions;
    unsigned nerrors;
} parser;

/* --- parse.c: driver and diagnostics ------------------------------------------------------------ */
const qir_loc *parse_loc(parser *p, pos at);
/* The loc(...) of the statement, else its position. */
const qir_loc *parse_placed_loc(parser *p, pos at);
/* Reports an error in the current statement; returns false. */
bool parse_error(parser *p, pos at, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void parse_unexpected(parser *p, pos at, const char *expected);
/* After `error` in the grammar: true when the offending token starts the next statement. */
bool parse_recover(parser *p);
void parse_reset_statement(parser *p);
const char *parse_intern(parser *p, slice s);
int parse_print_slice(slice s); /* length for "%.*s", cut to a readable size */

/* --- lexer.l ------------------------------------------------------------------------------------ */
bool lexer_run(parser *p); /* parses p->text; false when the grammar gave up */

/* --- parse_literal.c ---------------------------------------------------------------------------- */
bool parse_int(parser *p, pos at, slice text, int64_t *out);
bool parse_f32(parser *p, pos at, slice text, float *out);
slice parse_string(parser *p, pos at, slice quoted); /* removes quotes and escapes */
bool parse_is_hex(slice s);                          /* "0x..." */
bool parse_is_number(slice name); /* all digits: such a name means "unnamed" */
/* Names, paths and keys are C strings: reports a NUL byte in one. */
bool parse_no_nul(parser *p, pos at, slice s);
/* Bytes of "0x..." into the arena of the module; NULL: diagnosed. */
unsigned char *parse_hex(parser *p, pos at, slice s, size_t *len);
literal parse_list(parser *p, pos at, size_t first);

/* --- parse_type.c ------------------------------------------------------------------------------- */
typedef struct elem { /* element of a tensor */
    qir_dtype dtype;
    const qir_quant *quant;
    bool ok;
} elem;
elem parse_dtype(parser *p, pos at, slice name);
elem parse_alias_use(parser *p, pos at, slice name);
void parse_alias_def(parser *p, pos at, slice name, elem e);
const qir_type *parse_tensor(parser *p, pos at, slice dims, elem e, slice order);
const qir_type *parse_packed(parser *p, pos at, slice packing, const qir_type *logical);
void parse_quant_begin(parser *p, pos at, slice storage, const slice *range);
void parse_quant_expressed(parser *p, pos at, slice name);
void parse_quant_scale(parser *p, pos at, slice scale, const slice *zero_point);
void parse_quant_hex(parser *p, pos at, slice scales, const slice *zero_points);
void parse_quant_setting(parser *p, pos at, slice name, const slice *value);
void parse_quant_params(parser *p, pos at); /* a parameter list was read */
elem parse_quant_end(parser *p, pos at);

/* --- parse_attr.c ------------------------------------------------------------------------------- */
void parse_attr_add(parser *p, pos at, slice name, literal value);
/* The gathered attributes as a dictionary.  `opcode` < 0: kinds follow from the literals. */
const qir_dict *parse_attrs(parser *p, int opcode);
/* The `name` of {name = "..."} on arguments and results; other attributes are errors. */
const char *parse_model_name(parser *p);

/* --- parse_const.c ------------------------------------------------------------------------------ */
typedef enum const_form { CONST_LIST, CONST_HEX, CONST_SPLAT, CONST_PARAM } const_form;
typedef struct const_init {
    const_form form;
    pos at;
    literal value; /* LIST, HEX (string), SPLAT */
    slice scope, key;
} const_init;
void parse_const(parser *p, pos at, slice name, const qir_type *type, const const_init *init);
void parse_params(parser *p, pos at, slice name, slice path);

/* --- parse_module.c ----------------------------------------------------------------------------- */
void parse_version(parser *p, pos at, slice number);
void parse_module_begin(parser *p, pos at, slice name);
void parse_module_end(parser *p);
void parse_func_begin(parser *p, pos at, slice name);
void parse_arg(parser *p, pos at, slice name, const qir_type *type);
void parse_result(parser *p, pos at, const qir_type *type);
void parse_body_begin(parser *p);
void parse_func_end(parser *p);
void parse_loc_part(parser *p, const qir_loc *loc);
void parse_loc_fused(parser *p);
const qir_loc *parse_loc_name(parser *p, slice s);
const qir_loc *parse_loc_file(parser *p, pos at, slice file, slice line, slice col);

/* --- parse_op.c --------------------------------------------------------------------------------- */
void parse_op(parser *p, pos at, slice mnemonic);
void parse_op_failed(parser *p); /* poisons the results of a statement that did not parse */
bool parse_define(parser *p, name_ref name, qir_value *value); /* NULL value: poisoned */
void parse_resolve_values(parser *p);                          /* at the end of a function */
void parse_resolve_consts(parser *p);                          /* at the end of the module */

#endif
