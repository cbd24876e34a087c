/* Private interface between the walker of TensorFlow Lite graphs, its tables (map.def, options.def)
 * and the translators.
 *
 * Quantization is a property of the file's tensors, not of its operators.  Translators see real
 * values only: a quantized operand arrives dequantized, and what is set as a quantized result is
 * quantized, so that one translation serves every type and the passes find the integer ops. */
#ifndef QIR_FRONTEND_TFLITE_IMPORT_H
#define QIR_FRONTEND_TFLITE_IMPORT_H

#include "core/fe.h"
#include "tflite/model.h"

typedef struct tfl_call tfl_call;
typedef bool (*tfl_fn)(tfl_call *c);

enum { TFL_ANY = 255 };
/* In const_in: takes 16-bit activations; operands before the last one may be omitted. */
#define TFL_WIDE (1u << 31)
#define TFL_HOLES (1u << 30)

/* Numbers of the builtin operators. */
typedef enum tfl_builtin {
#define N(number, name) TFL_OP_##name = number,
#include "tflite/names.def"
#undef N
    TFL_NUM_BUILTINS
} tfl_builtin;

/* Options tables: numbers of the union BuiltinOptions. */
typedef enum tfl_options {
    TFL_None,
#define OPTIONS(name, number) TFL_##name = number,
#define FIELD(options, id, name, kind, dflt)
#include "tflite/options.def"
#undef OPTIONS
#undef FIELD
} tfl_options;

typedef enum tfl_kind { TFL_BYTE, TFL_INT, TFL_FLOAT } tfl_kind;

/* A row of map.def. */
typedef struct tfl_row {
    tfl_builtin op;
    int version; /* newest that is known */
    unsigned char min_in, max_in, max_out;
    uint32_t const_in; /* bit i: operand i must be a constant; TFL_WIDE, TFL_HOLES */
    tfl_options options;
    tfl_fn fn;
    qir_opcode opcode;
} tfl_row;

typedef struct tfl_import {
    fe_builder fe;
    tfl_model model;
    qir_value **stored; /* of each tensor: as the file has it; NULL: not defined yet */
    qir_value **real;   /* of each quantized tensor: dequantized, once that is needed */
} tfl_import;

/* One operator being translated. */
struct tfl_call {
    tfl_import *imp;
    fe_builder *fe;
    const tfl_operator *node;
    const tfl_row *row;
    qir_value **in; /* node->nin entries, NULL where omitted */
    unsigned nin;
};

/* --- cut.c -------------------------------------------------------------------------------------- */
/* -inputs and -outputs: changes the decoded model.  False: diagnosed. */
bool tfl_cut(tfl_import *imp);

/* --- table.c ---------------------------------------------------------------------------------- */
/* The row that translates an operator; NULL: none does. */
const tfl_row *tfl_table_find(const tfl_operator *n);
/* --- op_custom.c --- */
bool tfl_find_custom(const tfl_import *imp, const tfl_operator *n, fe_custom *out);
bool tfl_custom(tfl_call *c, const fe_custom *custom);

/* The operator's name in the schema, or the custom one's own. */
const char *tfl_operator_name(const tfl_operator *n);
/* Diagnoses all operators that no row takes, in one error.  True: there are none. */
bool tfl_check_supported(tfl_import *imp);

/* Fields of the options, by name; absent ones have the schema's defaults. */
int64_t tfl_int(const tfl_call *c, const char *name);
float tfl_float(const tfl_call *c, const char *name);
bool tfl_has_field(const tfl_call *c, const char *name);

/* --- values.c: tensors ------------------------------------------------------------------------ */
/* The tensor's type in QIR.  NULL: diagnosed. */
const qir_type *tfl_stored_type(tfl_import *imp, const tfl_tensor *t);
/* The tensor as the file has it; constants on first use.  NULL: undefined, or diagnosed. */
qir_value *tfl_stored(tfl_import *imp, int32_t tensor);
qir_value *tfl_real(tfl_import *imp, int32_t tensor);
bool tfl_define(tfl_import *imp, int32_t tensor, qir_value *v);

/* --- call.c: what translators use ------------------------------------------------------------- */
/* Operand i; NULL if omitted. */
qir_value *tfl_in(const tfl_call *c, unsigned i);
const tfl_tensor *tfl_in_tensor(const tfl_call *c, unsigned i);
const tfl_tensor *tfl_out_tensor(const tfl_call *c, unsigned i);
/* Sets result i: applies the options' fused activation, then brings it to the tensor's type. */
bool tfl_set(tfl_call *c, unsigned i, qir_value *v);
/* Sets the next value of the state that operand i holds. */
bool tfl_set_state(tfl_call *c, unsigned i, qir_value *v);
/* One of ActivationFunctionType. */
qir_value *tfl_activate(tfl_call *c, qir_value *v, int64_t activation);
qir_value *tfl_clamp(tfl_call *c, qir_value *v, float min, float max);

/* All elements of a constant operand of integers, exactly `n` of them.  NULL: diagnosed. */
const int64_t *tfl_ints(tfl_call *c, unsigned operand, size_t n);
/* A constant operand's one integer, as an axis of rank `rank`. */
bool tfl_axis_operand(tfl_call *c, unsigned operand, unsigned rank, int64_t *out);

/* [N, H, W, C] as [N, C, H, W], and result 0 from there. */
qir_value *tfl_channels_first(tfl_call *c, qir_value *v);
bool tfl_set_channels_first(tfl_call *c, qir_value *v);

/* --- translators, named in map.def ------------------------------------------------------------ */
#define ROW(op, version, min_in, max_in, max_out, consts, options, fn, qir)                  \
    bool tfl_##fn(tfl_call *c);
#include "tflite/map.def"
#undef ROW

#endif
