/* What the provenance note says: model, ranges, options, and how each op is quantized.  No path and no
 * time gets into it, so that the same build gives the same bytes anywhere. */
#include "provenance.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "json.h"
#include "qir/model_hash.h"
#include "qir/ops.h"
#include "qir/quant.h"
#include "qir/support/map.h"
#include "version.h"

/* --- entries ---------------------------------------------------------------------------------- */
static void begin(qir_strbuf *out, const char *is, const char *name)
{
    qir_strbuf_puts(out, out->len ? ",\n{\"is\":" : "[\n{\"is\":");
    json_string(out, is);
    qir_strbuf_puts(out, ",\"name\":");
    json_string(out, name);
}

static void fact(qir_strbuf *out, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    qir_strbuf_printf(out, ",\"%s\":", key);
    json_string(out, value);
}

/* Hands a text over and empties it. */
static void fact_of(qir_strbuf *out, const char *key, qir_strbuf *text)
{
    if (text->len)
        fact(out, key, qir_strbuf_cstr(text));
    text->len = 0;
}

static void hash(qir_strbuf *out, const char *key, uint64_t value)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, value);
    fact(out, key, text);
}

static void end(qir_strbuf *out)
{
    qir_strbuf_putc(out, '}');
}

/* --- types ------------------------------------------------------------------------------------ */
/* "int8" where it is quantized, else "f32". */
static void put_type(qir_strbuf *out, const qir_type *t)
{
    if (t->quant)
        qir_strbuf_printf(out, "%s%u%s", qir_dtype_is_signed(t->dtype) ? "int" : "uint",
                          qir_dtype_bits(t->dtype), t->quant->dynamic ? " dynamic" : "");
    else
        qir_strbuf_puts(out, qir_dtype_name(t->dtype));
}

/* One scale as it is; of several the number and the extremes. */
static void put_scales(qir_strbuf *out, const qir_quant *q)
{
    float least = q->scale[0], most = q->scale[0];
    for (size_t i = 1; i < q->count; i++) {
        least = q->scale[i] < least ? q->scale[i] : least;
        most = q->scale[i] > most ? q->scale[i] : most;
    }
    if (q->count > 1)
        qir_strbuf_printf(out, "%zu of ", q->count);
    qir_strbuf_float(out, least);
    if (q->count == 1)
        return;
    qir_strbuf_puts(out, " to ");
    qir_strbuf_float(out, most);
}

static void put_shape(qir_strbuf *out, const qir_type *t)
{
    qir_strbuf_putc(out, '[');
    for (unsigned i = 0; i < t->rank; i++)
        qir_strbuf_printf(out, i ? ",%" PRId64 : "%" PRId64, t->dims[i]);
    qir_strbuf_putc(out, ']');
}

static void type_facts(qir_strbuf *out, const qir_type *t)
{
    qir_strbuf text = {0};
    put_type(&text, t);
    fact_of(out, "type", &text);
    if (t->quant && t->quant->count) {
        put_scales(&text, t->quant);
        fact_of(out, "scale", &text);
        if (t->quant->count == 1) {
            qir_strbuf_int(&text, t->quant->zero_point[0]);
            fact_of(out, "zero point", &text);
        }
    }
    qir_strbuf_free(&text);
}

/* --- ops -------------------------------------------------------------------------------------- */
static const char *name_of(const qir_op *op, const char *otherwise)
{
    const char *name = qir_loc_first_name(op->loc);
    return name ? name : op->results[0].name ? op->results[0].name : otherwise;
}

/* Type of the op's weight, or of the first constant where it has none; NULL: it reads none. */
static const qir_type *weights_of(const qir_op *op)
{
    int weight = qir_op_weight(op);
    const qir_const *c = weight < 0 ? NULL : qir_value_const(qir_op_operand(op, (uint32_t)weight));
    for (uint32_t i = 0; i < op->noperands && !c; i++)
        c = qir_value_const(qir_op_operand(op, i));
    const qir_type *t = c ? c->value.type : NULL;
    return t && t->kind == QIR_PACKED ? t->logical : t;
}

static uint64_t hash_of_constants(const qir_op *op)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < op->noperands; i++) {
        qir_const *c = qir_value_const(qir_op_operand(op, i));
        const void *data = c ? qir_const_data(c) : NULL;
        if (data)
            sum = sum * 31 + qir_hash_bytes(data, qir_type_bytes(c->value.type));
    }
    return sum;
}

static void const_facts(qir_strbuf *out, const qir_op *op)
{
    const qir_type *t = weights_of(op);
    qir_strbuf text = {0};
    if (!t)
        return;
    put_type(&text, t);
    fact_of(out, "weights", &text);
    if (t->quant && t->quant->count) {
        put_scales(&text, t->quant);
        fact_of(out, "weight scale", &text);
    }
    hash(out, "constants", hash_of_constants(op));
    qir_strbuf_free(&text);
}

void qcc_note_ops(qcc_driver *d)
{
    char number[32];
    size_t n = 0;
    qir_strbuf *out = &d->note.ops;
    qir_for_each_op(op, qir_module_main(d->module)->body) {
        snprintf(number, sizeof number, "%s %zu", qir_op_name(op), ++n);
        if (qir_op_arithmetic(op) == QIR_ARITH_NONE)
            continue;
        begin(out, "op", name_of(op, number));
        fact(out, "op", qir_op_name(op));
        type_facts(out, op->results[0].type);
        const_facts(out, op);
        end(out);
    }
}

/* How the weights of a level lie in memory, which is what its kernels differ in. */
static void put_kernels(qir_strbuf *out, const qir_variant *v)
{
    char number[32];
    size_t n = 0;
    qir_for_each_op(op, qir_module_main(v->module)->body) {
        const qir_type *packed = NULL;
        snprintf(number, sizeof number, "%s %zu", qir_op_name(op), ++n);
        for (uint32_t i = 0; i < op->noperands && !packed; i++) {
            const qir_value *x = qir_op_operand(op, i);
            packed = x && x->type->kind == QIR_PACKED ? x->type : NULL;
        }
        if (!packed)
            continue;
        begin(out, "kernel", name_of(op, number));
        fact(out, "level", qir_level_get(v->level)->name);
        fact(out, "kernel", qir_packing_get(packed->packing)->name);
        end(out);
    }
}

/* --- the model -------------------------------------------------------------------------------- */
bool qcc_note_model(qcc_driver *d)
{
    qir_model_hash h;
    if ((d->opts->no_provenance && !d->opts->weights_file) || d->last + 2 < qcc_num_phases)
        return true;
    bool ok = qir_model_hash_of(d->module, &h);
    d->note.model = h.model;
    return ok;
}

void qcc_note_profile(qcc_driver *d, const qir_profile *p)
{
    qir_strbuf text = {0};
    qir_profile_print(p, &text);
    d->note.profile = qir_hash_bytes(text.data, text.len);
    qir_strbuf_free(&text);
}

static void put_option(qir_strbuf *out, const char *name, const char *value)
{
    if (value)
        qir_strbuf_printf(out, "%s-%s=%s", out->len ? " " : "", name, value);
}

/* What makes a difference and is no file. */
static void put_options(qir_strbuf *out, const qcc_driver *d)
{
    const qcc_options *o = d->opts;
    const struct {
        const char *name, *value;
    } words[] = {
        {"quantize", o->quantize}, {"quantizer", o->quantizer},   {"observer", o->observer},
        {"weights", o->weights},   {"keep-float", o->keep_float}, {"accuracy", d->fast ? "fast" : o->accuracy},
        {"io", o->io},             {"min-sqnr", o->min_sqnr},     {"max-drop", o->max_drop},
        {"passes", o->passes},     {"compat", o->import.compat},  {"model", o->import.model},
        {"mcpu", o->cpu},          {"mattr", o->attrs},
    };
    const struct {
        const char *name;
        const cl_list *values;
    } lists[] = {{"bind", &o->import.bindings}, {"inputs", &o->import.inputs}, {"outputs", &o->import.outputs}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        put_option(out, words[i].name, words[i].value);
    if (o->weights_file)
        qir_strbuf_puts(out, out->len ? " -weights-file" : "-weights-file");
    if (o->selftest)
        qir_strbuf_puts(out, out->len ? " -fselftest" : "-fselftest");
    if (o->threads)
        qir_strbuf_puts(out, out->len ? " -fthreads" : "-fthreads");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (size_t k = 0; k < lists[i].values->len; k++)
            put_option(out, lists[i].name, lists[i].values->items[k]);
}

static void put_model(qir_strbuf *out, const qcc_driver *d)
{
    qir_strbuf text = {0};
    begin(out, "model", d->codegen.name);
    fact(out, "qcc", QCC_VERSION);
    hash(out, "model", d->note.model);
    if (d->note.profile)
        hash(out, "profile", d->note.profile);
    fact(out, "target", d->codegen.triple);
    for (size_t i = 0; i < d->nvariants; i++)
        qir_strbuf_printf(&text, "%s%s", i ? "," : "", qir_level_get(d->variants[i].level)->name);
    fact_of(out, "levels", &text);
    put_options(&text, d);
    fact_of(out, "options", &text);
    end(out);
    qir_strbuf_free(&text);
}

static void put_tensor(qir_strbuf *out, const char *is, const char *name, const qir_type *t,
                       const char *otherwise)
{
    qir_strbuf text = {0};
    begin(out, is, name ? name : otherwise);
    put_shape(&text, t);
    fact_of(out, "shape", &text);
    type_facts(out, t);
    qir_strbuf_free(&text);
}

static void put_interface(qir_strbuf *out, const qir_func *f)
{
    for (uint32_t i = 0; i < f->body->nargs; i++) {
        qir_preprocess p;
        qir_strbuf text = {0};
        put_tensor(out, "input", f->arg_names ? f->arg_names[i] : NULL, f->body->args[i]->type,
                   f->body->args[i]->name);
        if (qir_func_preprocess(f, i, &p))
            qir_preprocess_print(&p, &text);
        fact_of(out, "preprocess", &text);
        end(out);
        qir_strbuf_free(&text);
    }
    for (uint32_t i = 0; i < f->nresults; i++) {
        put_tensor(out, "output", f->result_names ? f->result_names[i] : NULL, f->result_types[i],
                   "output");
        end(out);
    }
}

const char *qcc_provenance(qcc_driver *d)
{
    if (d->opts->no_provenance)
        return NULL;
    qir_strbuf out = {0};
    put_model(&out, d);
    put_interface(&out, qir_module_main(d->module));
    if (d->note.ops.len > 1)
        qir_strbuf_printf(&out, ",%s", d->note.ops.data + 1); /* without its bracket */
    for (size_t i = 0; i < d->nvariants; i++)
        put_kernels(&out, &d->variants[i]);
    qir_strbuf_puts(&out, "]\n");
    const char *text = qir_arena_strndup(qir_context_arena(d->ctx), out.data, out.len);
    qir_strbuf_free(&out);
    return text;
}
