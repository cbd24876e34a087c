/* Fake quantization, which training leaves in a graph: quantize and dequantize at once.  What still measures its
 * range belongs to training; such a graph is to be converted before it is exported. */
#include <inttypes.h>

#include "pt2/import.h"

static const char advice[] = "export the model after convert_pt2e or convert_fx, or set it to eval() and switch its "
                             "observers off with apply(disable_observer)";

/* The narrowest type that holds all codes. */
static bool choose_storage(pt2_call *c, fe_qparams *p)
{
    static const qir_dtype types[] = {QIR_u8, QIR_i8, QIR_u16, QIR_i16, QIR_i32};
    int64_t lo = pt2_int(c, "quant_min"), hi = pt2_int(c, "quant_max");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (lo >= hi || lo < qir_dtype_min(types[i]) || hi > qir_dtype_max(types[i]))
            continue;
        fe_qparams_init(p, NULL, NULL, types[i]);
        p->qmin = (int32_t)lo;
        p->qmax = (int32_t)hi;
        return true;
    }
    return fe_error(c->fe, "quant.range", "codes from %" PRId64 " to %" PRId64 ", expected a range of at most 32 bits",
                    lo, hi);
}

static bool is_constant(const qir_value *v)
{
    return v && v->kind == QIR_VALUE_CONST;
}

/* A scale or zero point, number or tensor, as a constant. */
static bool read_param(pt2_call *c, const char *name, qir_dtype type, qir_value **out)
{
    *out = pt2_as(c, pt2_get(c, name), type);
    return *out && (is_constant(*out) ||
                    fe_error(c->fe, "qat.training", "%s is computed from the data: this is a model in training; %s", name,
                             advice));
}

/* Per tensor, or per index of `axis` unless that is -1. */
static bool set_fake_quantized(pt2_call *c, int64_t axis)
{
    fe_qparams p;
    qir_value *x = pt2_self(c);
    if (!x || !choose_storage(c, &p) || !read_param(c, "scale", QIR_f32, &p.scale) ||
        !read_param(c, "zero_point", QIR_i32, &p.zp) ||
        (axis != -1 && !fe_qparams_axis(c->fe, &p, x->type, axis)))
        return false;
    if (pt2_wanted(c, 1))
        return fe_error(c->fe, "qat.training", "its mask is used, which only training needs; %s", advice);
    return pt2_set(c, 0, fe_dequantize(c->fe, fe_quantize(c->fe, x, &p), &p));
}

/* A switch that is a tensor of one element; false: not known, diagnosed. */
static bool read_switch(pt2_call *c, const char *name, bool *on)
{
    size_t n = 0;
    qir_value *v = pt2_tensor(c, name);
    const int64_t *value = is_constant(v) ? fe_const_ints(c->fe, v, &n) : NULL;
    if (n != 1)
        return fe_error(c->fe, "qat.training", "%s is not a constant; %s", name, advice);
    *on = *value != 0;
    return true;
}

/* Switched off it is the identity. */
static bool set_switched(pt2_call *c, const char *name, int64_t axis)
{
    bool on = false;
    return read_switch(c, name, &on) && (on ? set_fake_quantized(c, axis) : pt2_set(c, 0, pt2_self(c)));
}

bool pt2_op_fake_quantize(pt2_call *c)
{
    return set_fake_quantized(c, -1);
}

bool pt2_op_fake_quantize_switched(pt2_call *c)
{
    return set_switched(c, "fake_quant_enabled", -1);
}

bool pt2_op_fake_quantize_channel(pt2_call *c)
{
    return set_fake_quantized(c, pt2_int(c, "axis"));
}

/* With its observer off the state stays as it was: results of the functional form are its operands. */
static bool keep_state(pt2_call *c)
{
    static const char *const state[] = {"running_min", "running_max", "scale", "zero_point"};
    for (unsigned i = 0; i + 2 < c->nouts && i < sizeof state / sizeof *state; i++)
        if (pt2_wanted(c, i + 2) && !pt2_set(c, i + 2, pt2_tensor(c, state[i])))
            return false;
    return true;
}

bool pt2_op_fake_quantize_fused(pt2_call *c)
{
    bool measures = false;
    if (!read_switch(c, "observer_on", &measures))
        return false;
    if (measures)
        return fe_error(c->fe, "qat.training", "still measures its range, which changes with every input; %s", advice);
    return keep_state(c) && 
           set_switched(c, "fake_quant_on", pt2_bool(c, "per_row_fake_quant") ? pt2_int(c, "ch_axis") : -1);
}
