/* What the provenance note says: model, ranges, options, and how each op is quantized.  No path and no
 * time gets into it, so that the same build gives the same bytes anywhere. */
#include "provenance_entry.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "json.h"
#include "qir/kernel_plan.h"
#include "qir/model_hash.h"
#include "qir/ops.h"
#include "qir/quant.h"
#include "qir/support/map.h"
#include "version.h"

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

static note_table table_of(const qcc_driver *d, const char *is)
{
    return (note_table){.arena = qir_context_arena(d->ctx), .is = is};
}

static void const_facts(note_table *out, const qir_op *op)
{
    const qir_type *t = weights_of(op);
    qir_strbuf text = {0};
    if (!t)
        return;
    note_put_type(&text, t);
    note_fact_of(out, "weights", &text);
    if (t->quant && t->quant->count) {
        note_put_scales(&text, t->quant);
        note_fact_of(out, "weight scale", &text);
    }
    note_hash(out, "constants", hash_of_constants(op));
    qir_strbuf_free(&text);
}

void qcc_note_ops(qcc_driver *d)
{
    char number[32];
    size_t n = 0;
    note_table out = table_of(d, "op");
    qir_for_each_op(op, qir_module_main(d->module)->body) {
        snprintf(number, sizeof number, "%s %zu", qir_op_name(op), ++n);
        if (qir_op_arithmetic(op) == QIR_ARITH_NONE)
            continue;
        note_entry(&out, name_of(op, number));
        note_fact(&out, "op", qir_op_name(op));
        note_type_facts(&out, op->results[0].type);
        const_facts(&out, op);
    }
    note_put(&out, &d->note.ops);
}

static const qir_type *packed_operand(const qir_op *op)
{
    for (uint32_t i = 0; i < op->noperands; i++) {
        const qir_value *x = qir_op_operand(op, i);
        if (x && x->type->kind == QIR_PACKED)
            return x->type;
    }
    return NULL;
}

/* Which kernels a level computes with, and how the weights lie in memory that were packed for them. */
static void put_kernels(qir_strbuf *out, const qcc_driver *d, const qir_variant *v)
{
    char number[32];
    size_t n = 0;
    note_table t = table_of(d, "kernel");
    qir_for_each_op(op, qir_module_main(v->module)->body) {
        snprintf(number, sizeof number, "%s %zu", qir_op_name(op), ++n);
        if (!qir_op_has_kernel(op))
            continue;
        qir_kernel_plan plan;
        qir_kernel_plan_get(v->level, op, &plan);
        const qir_type *packed = packed_operand(op);
        note_entry(&t, name_of(op, number));
        note_fact(&t, "level", qir_level_get(v->level)->name);
        note_fact(&t, "kernel", qir_kernel_name(plan.kernel));
        if (packed)
            note_fact(&t, "packing", qir_packing_get(packed->packing)->name);
    }
    note_put(&t, out);
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
        {"weights", o->weights},   {"keep-float", o->keep_float}, {"accuracy", d->accuracy ? qcc_accuracy_name(d->accuracy) : o->accuracy},
        {"int16", o->int16},
        {"io", o->io},             {"min-sqnr", o->min_sqnr},     {"max-drop", o->max_drop},
        {"passes", o->passes},     {"compat", o->import.compat},  {"model", o->import.model},
        {"mcpu", o->cpu},          {"mattr", o->attrs},
    };
    const struct {
        const char *name;
        const cl_list *values;
    } lists[] = {{"bind", &o->import.bindings}, {"inputs", &o->import.inputs}, {"outputs", &o->import.outputs}};
    const struct {
        const char *name;
        bool given;
    } flags[] = {{"weights-file", o->weights_file != NULL}, {"fselftest", o->selftest}, {"fthreads", o->threads},
                 {"fmin-memory", o->min_memory}, {"fno-fuse-rows", o->no_fuse_rows}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        put_option(out, words[i].name, words[i].value);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].given)
            qir_strbuf_printf(out, "%s-%s", out->len ? " " : "", flags[i].name);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (size_t k = 0; k < lists[i].values->len; k++)
            put_option(out, lists[i].name, lists[i].values->items[k]);
}

static void put_model(qir_strbuf *out, const qcc_driver *d)
{
    qir_strbuf text = {0};
    note_table t = table_of(d, "model");
    note_entry(&t, d->codegen.name);
    note_fact(&t, "qcc", QCC_VERSION);
    note_hash(&t, "model", d->note.model);
    if (d->note.profile)
        note_hash(&t, "profile", d->note.profile);
    note_fact(&t, "target", d->codegen.triple);
    for (size_t i = 0; i < d->nvariants; i++)
        qir_strbuf_printf(&text, "%s%s", i ? "," : "", qir_level_get(d->variants[i].level)->name);
    note_fact_of(&t, "levels", &text);
    put_options(&text, d);
    note_fact_of(&t, "options", &text);
    note_put(&t, out);
    qir_strbuf_free(&text);
}

static void add_tensor(note_table *out, const char *name, const qir_type *t, const char *otherwise)
{
    qir_strbuf text = {0};
    note_entry(out, name ? name : otherwise);
    note_put_shape(&text, t);
    note_fact_of(out, "shape", &text);
    note_type_facts(out, t);
    qir_strbuf_free(&text);
}

static void put_inputs(qir_strbuf *out, const qcc_driver *d, const qir_func *f)
{
    note_table t = table_of(d, "input");
    for (uint32_t i = 0; i < f->body->nargs; i++) {
        qir_preprocess p;
        qir_strbuf text = {0};
        add_tensor(&t, f->arg_names ? f->arg_names[i] : NULL, f->body->args[i]->type, f->body->args[i]->name);
        if (qir_func_preprocess(f, i, &p))
            qir_preprocess_print(&p, &text);
        note_fact_of(&t, "preprocess", &text);
        qir_strbuf_free(&text);
    }
    note_put(&t, out);
}

static void put_outputs(qir_strbuf *out, const qcc_driver *d, const qir_func *f)
{
    note_table t = table_of(d, "output");
    for (uint32_t i = 0; i < f->nresults; i++)
        add_tensor(&t, f->result_names ? f->result_names[i] : NULL, f->result_types[i], "output");
    note_put(&t, out);
}

const char *qcc_provenance(qcc_driver *d)
{
    if (d->opts->no_provenance)
        return NULL;
    qir_strbuf out = {0};
    put_model(&out, d);
    put_inputs(&out, d, qir_module_main(d->module));
    put_outputs(&out, d, qir_module_main(d->module));
    if (d->note.ops.len > 1)
        qir_strbuf_printf(&out, ",%s", d->note.ops.data + 1); /* without its bracket */
    for (size_t i = 0; i < d->nvariants; i++)
        put_kernels(&out, d, &d->variants[i]);
    qir_strbuf_puts(&out, "]\n");
    const char *text = qir_arena_strndup(qir_context_arena(d->ctx), out.data, out.len);
    qir_strbuf_free(&out);
    return text;
}
