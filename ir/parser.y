/* Grammar of the text form (docs/langref.md).  It only recognises: the parse_* actions build.  There
 * is no recursion but in left-recursive lists, so the stack depth is bounded by the grammar. */
%require "3.8"
%define api.prefix {qir_yy}
%define api.pure full
%define api.location.type {pos}
%define parse.error custom
%define lr.default-reduction consistent
%locations
%param {void *scanner}
%parse-param {parser *p}
%expect 0

%code requires {
#include "parse_priv.h"
}
%union {
    slice text;
    literal lit;
    elem elem;
    const qir_type *type;
    const qir_loc *loc;
    const_init init;
    size_t mark;
}
%code {
#include "lexer.h"
#define YYMAXDEPTH 500
#define YYLLOC_DEFAULT(cur, rhs, n) ((cur) = (n) ? YYRHSLOC(rhs, 1) : YYRHSLOC(rhs, 0))

static void qir_yyerror(const pos *at, void *scanner, parser *p, const char *msg)
{
    (void)scanner;
    parse_error(p, *at, "qir.syntax", "%s", msg);
}
}

%token <text> QIR "'qir'" MODULE "'module'" PARAMS "'params'" CONST "'const'" FUNC "'func'"
%token <text> ATTRIBUTES "'attributes'" EXTERNAL "'external'" TENSOR "'tensor'"
%token <text> PACKED "'packed'" QUANT "'quant'" DENSE "'dense'" SPLAT "'splat'" LOC "'loc'"
%token <text> NONE "'none'" TRUE "'true'" FALSE "'false'"
%token <text> IDENT "identifier" INT "integer" FLOAT "float" STRING "string" DIMS "dimensions"
%token <text> VALUE "%value" SYMBOL "@symbol" ALIAS "!alias"
%token ARROW "'->'"
%token YYEOF 0 "end of file"

%type <text> ident order_opt number
%type <lit> literal
%type <elem> element quant_type
%type <type> type tensor_type
%type <loc> loc_part
%type <init> initializer
%type <mark> list_begin

%%
start: version_opt top_items;
version_opt: %empty | QIR INT      { parse_version(p, @2, $2); };
top_items: %empty | top_items top_item;
top_item:
    ALIAS '=' quant_type            { parse_alias_def(p, @1, $1, $3); }
  | module
  | error                           { if (parse_recover(p)) yyclearin; yyerrok;
                                      if (p->at_end) YYABORT; }
  ;

module:
    MODULE module_name attributes_opt loc_opt '{'
                                    { parse_module_begin(p, @1, $<text>2); }
    items '}'                       { parse_module_end(p); }
  ;
module_name:
    %empty                          { $<text>$ = (slice){NULL, 0}; }
  | SYMBOL                          { $<text>$ = $1; }
  ;
items: %empty | items item;
item:
    PARAMS SYMBOL '=' EXTERNAL '<' STRING '>' loc_opt
                                    { parse_params(p, @2, $2, $6); }
  | CONST SYMBOL ':' type '=' initializer loc_opt
                                    { parse_const(p, @2, $2, $4, &$6); }
  | func
  | error                           { if (parse_recover(p)) yyclearin; yyerrok;
                                      if (p->at_end) YYABORT; }
  ;

initializer:
    DENSE '<' list '>'              { $$ = (const_init){CONST_LIST, @1, $<lit>3, {0}, {0}}; }
  | DENSE '<' STRING '>'            { $$ = (const_init){CONST_HEX, @3, {.text = $3}, {0}, {0}}; }
  | SPLAT '<' literal '>'           { $$ = (const_init){CONST_SPLAT, @3, $3, {0}, {0}}; }
  | SYMBOL '[' STRING ']'           { $$ = (const_init){CONST_PARAM, @1, {0}, $1, $3}; }
  ;

func:
    FUNC SYMBOL                     { parse_func_begin(p, @2, $2); }
    '(' args_opt ')' ARROW '(' func_results_opt ')' attributes_opt loc_opt '{'
                                    { parse_body_begin(p); }
    ops '}'                         { parse_func_end(p); }
  ;
args_opt: %empty | args;
args: arg | args ',' arg;
arg: VALUE ':' type attr_dict_opt   { parse_arg(p, @1, $1, $3); };
func_results_opt: %empty | func_results;
func_results: func_result | func_results ',' func_result;
func_result: type attr_dict_opt     { parse_result(p, @1, $1); };

ops: %empty | ops op;
op:
    result_names '=' IDENT operands attr_dict_opt types_opt loc_opt
                                    { parse_op(p, @3, $3); }
  | IDENT operands attr_dict_opt types_opt loc_opt
                                    { parse_op(p, @1, $1); }
  | error                           { parse_op_failed(p); if (parse_recover(p)) yyclearin; yyerrok;
                                      if (p->at_end) YYABORT; }
  ;
result_names: result_name | result_names ',' result_name;
result_name: VALUE                  { qir_vec_push(&p->results, ((name_ref){'%', $1, @1})); };
operands: '(' ')' | '(' operand_list ')';
operand_list: operand | operand_list ',' operand;
operand:
    VALUE                           { qir_vec_push(&p->operands, ((name_ref){'%', $1, @1})); }
  | SYMBOL                          { qir_vec_push(&p->operands, ((name_ref){'@', $1, @1})); }
  | NONE                            { qir_vec_push(&p->operands, ((name_ref){'n', {0}, @1})); }
  ;
types_opt: %empty | ':' op_type | ':' '(' op_types ')';
op_types: op_type | op_types ',' op_type;
op_type: type                       { qir_vec_push(&p->types, $1); };

attributes_opt: %empty | ATTRIBUTES attr_dict;
attr_dict_opt: %empty | attr_dict;
attr_dict: '{' '}' | '{' attrs '}';
attrs: attr | attrs ',' attr;
attr:
    ident                           { literal unit = {.kind = LIT_BOOL, .b = true, .at = @1};
                                      parse_attr_add(p, @1, $1, unit); }
  | ident '=' literal               { parse_attr_add(p, @1, $1, $3); }
  | ident '=' list                  { parse_attr_add(p, @1, $1, $<lit>3); }
  ;
ident:
    IDENT | QIR | MODULE | PARAMS | CONST | FUNC | ATTRIBUTES | EXTERNAL | TENSOR | PACKED | QUANT
  | DENSE | SPLAT | LOC | NONE | TRUE | FALSE
  ;
literal:
    INT                             { $$ = (literal){.kind = LIT_INT, .at = @1, .text = $1}; }
  | FLOAT                           { $$ = (literal){.kind = LIT_FLOAT, .at = @1, .text = $1}; }
  | TRUE                            { $$ = (literal){.kind = LIT_BOOL, .at = @1, .b = true}; }
  | FALSE                           { $$ = (literal){.kind = LIT_BOOL, .at = @1, .b = false}; }
  | STRING                          { $$ = (literal){.kind = LIT_STRING, .at = @1, .text = $1}; }
  | type                            { $$ = (literal){.kind = LIT_TYPE, .at = @1, .type = $1}; }
  ;
list:
    list_begin ']'                  { $<lit>$ = parse_list(p, @1, $1); }
  | list_begin list_items ']'       { $<lit>$ = parse_list(p, @1, $1); }
  ;
list_begin: '['                     { $$ = p->items.len; };
list_items: list_item | list_items ',' list_item;
list_item: literal                  { qir_vec_push(&p->items, $1); };

type:
    tensor_type
  | PACKED '<' IDENT ',' tensor_type '>' { $$ = parse_packed(p, @3, $3, $5); }
  ;
tensor_type:
    TENSOR '<' element order_opt '>'      { $$ = parse_tensor(p, @1, (slice){0}, $3, $4); }
  | TENSOR '<' DIMS element order_opt '>' { $$ = parse_tensor(p, @1, $3, $4, $5); }
  ;
order_opt:
    %empty                          { $$ = (slice){0}; }
  | ',' IDENT                       { $$ = $2; }
  ;
element:
    IDENT                           { $$ = parse_dtype(p, @1, $1); }
  | ALIAS                           { $$ = parse_alias_use(p, @1, $1); }
  | quant_type
  ;

quant_type:
    QUANT '<' quant_storage ':' IDENT { parse_quant_expressed(p, @5, $5); }
    quant_settings '>'              { $$ = parse_quant_end(p, @1); }
  ;
quant_storage:
    IDENT                           { parse_quant_begin(p, @1, $1, NULL); }
  | IDENT '<' INT ':' INT '>'       { slice range[2] = {$3, $5};
                                      parse_quant_begin(p, @1, $1, range); }
  ;
quant_settings: %empty | quant_settings ',' quant_setting;
quant_setting:
    IDENT                           { parse_quant_setting(p, @1, $1, NULL); }
  | IDENT '=' INT                   { parse_quant_setting(p, @1, $1, &$3); }
  | quant_pair                      { parse_quant_params(p, @1); }
  | '{' quant_pairs '}'             { parse_quant_params(p, @1); }
  | DENSE '<' STRING '>'            { parse_quant_hex(p, @3, $3, NULL); }
  | DENSE '<' STRING '>' ':' DENSE '<' STRING '>'
                                    { parse_quant_hex(p, @3, $3, &$8); }
  ;
quant_pairs: quant_pair | quant_pairs ',' quant_pair;
quant_pair:
    number                          { parse_quant_scale(p, @1, $1, NULL); }
  | number ':' INT                  { parse_quant_scale(p, @1, $1, &$3); }
  ;
number: INT | FLOAT;

loc_opt: %empty | LOC '(' loc_body ')';
loc_body:
    loc_part                        { parse_loc_part(p, $1); }
  | IDENT '[' loc_parts ']'         { parse_loc_fused(p); }
  ;
loc_parts: fused_part | loc_parts ',' fused_part;
fused_part: loc_part                { qir_vec_push(&p->loc_parts, $1); };
loc_part:
    STRING                          { $$ = parse_loc_name(p, $1); }
  | STRING ':' INT ':' INT          { $$ = parse_loc_file(p, @1, $1, $3, $5); }
  ;
%%

/* "expected X or Y, got Z". */
static int yyreport_syntax_error(const yypcontext_t *ctx, void *scanner, parser *p)
{
    (void)scanner;
    enum { MOST = 5 };
    yysymbol_kind_t want[MOST];
    int n = yypcontext_expected_tokens(ctx, want, MOST);
    char text[256];
    size_t len = 0;
    text[0] = 0;
    for (int i = 0; i < n && len < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
                                i == 0 ? "" : i + 1 < n ? ", " : " or ", yysymbol_name(want[i]));
    p->at_end = yypcontext_token(ctx) == YYSYMBOL_YYEOF;
    parse_unexpected(p, *yypcontext_location(ctx), text);
    return 0;
}
