/* The generated interface as data: the model's tensor names made safe and unique, and the numbers
 * that plan-memory found. */
#include "interface/abi.h"
#include "interface/cpu.h"
#include "target.h"
#include "interface/selftest.h"
#include "interface/weights_file.h"
#include "kernels/share.h"
#include <string.h>
#include "qir/preprocess.h"
#include "qir/support/map.h"

const char *qcg_c_type(const qir_type *t)
{
    switch (t->dtype) {
    case QIR_f32:
        return "float";
    case QIR_f64:
        return "double";
    case QIR_f16:
    case QIR_bf16:
    case QIR_u16:
        return "uint16_t";
    case QIR_i1:
    case QIR_u2:
    case QIR_u4:
    case QIR_u8:
        return "uint8_t";
    case QIR_i2:
    case QIR_i4:
    case QIR_i8:
        return "int8_t";
    case QIR_i16:
        return "int16_t";
    case QIR_i32:
        return "int32_t";
    case QIR_i64:
        return "int64_t";
    case QIR_u32:
        return "uint32_t";
    case QIR_u64:
        return "uint64_t";
    case QIR_NUM_DTYPES:
        break;
    }
    return "unsigned char";
}

static char *upper_case(qir_arena *arena, const char *s)
{
    char *copy = qir_arena_strndup(arena, s, strlen(s));
    for (char *p = copy; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    return copy;
}

/* `base`, or `base`_2, `base`_3, ... when taken; no longer than identifiers may be. */
static const char *make_unique(qir_arena *arena, qir_map *taken, const char *base)
{
    const char *name = base;
    for (unsigned n = 2; qir_strmap_has(taken, name, strlen(name)); n++)
        name = qir_arena_printf(arena, "%.52s_%u", base, n);
    qir_strmap_put(taken, name, strlen(name), (void *)name);
    return name;
}

static const char *mangled(qir_arena *arena, const char *name)
{
    qir_strbuf text = {0};
    qir_mangle(name, strlen(name), &text);
    const char *copy = qir_arena_strndup(arena, text.data, text.len);
    qir_strbuf_free(&text);
    return copy;
}

/* A member may not be called like its struct (C++), nor like a macro of the header. */
static void take_own_names(qir_arena *arena, qir_map *taken, const char *name)
{
    static const char *const own[] = {"inputs", "outputs", "run", "run_at", "run_mt"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        char *text = qir_arena_printf(arena, "%s_%s", name, own[i]);
        qir_strmap_put(taken, text, strlen(text), text);
    }
}

static void name_tensors(qir_arena *arena, const char *prefix, qcg_tensor_abi *tensors, uint32_t n,
                         const char *const *model_names, const char *otherwise)
{
    qir_map fields = {0}, macros = {0};
    take_own_names(arena, &fields, prefix);
    for (uint32_t i = 0; i < n; i++) {
        const char *name = model_names ? model_names[i] : NULL;
        if (!name || !*name)
            name = n == 1 ? otherwise : qir_arena_printf(arena, "%s%u", otherwise, i);
        tensors[i].field = make_unique(arena, &fields, mangled(arena, name));
        tensors[i].macro = make_unique(arena, &macros, upper_case(arena, tensors[i].field));
    }
    qir_map_free(&fields);
    qir_map_free(&macros);
}

static size_t module_int(const qir_module *m, const char *name)
{
    const qir_attr *a = qir_dict_get(m->attrs, qir_intern_cstr(m->ctx, name));
    return a && a->kind == QIR_ATTR_INT && a->u.i > 0 ? (size_t)a->u.i : 0;
}

/* Of an argument that is pixels now: how they become reals. */
static const char *preprocess_of(const qir_func *f, uint32_t arg)
{
    const qir_type *t = f->body->args[arg]->type;
    qir_preprocess p;
    if (t->quant || t->dtype != QIR_u8 || !qir_func_preprocess(f, arg, &p))
        return NULL;
    qir_strbuf text = {0};
    qir_preprocess_print(&p, &text);
    const char *interned = qir_intern_cstr(f->module->ctx, qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    return interned;
}

static bool check_main(qir_module *m, const char *name)
{
    qir_diag_engine *diag = qir_context_diag(m->ctx);
    if (!qir_module_main(m))
        return qir_error(diag, m->loc, "codegen.main",
                         "nothing to compile: expected a function @main or a single function");
    return qir_is_prefix(name) ||
           qir_error(diag, NULL, "name.prefix",
                     "'%s' cannot be the prefix of C names; expected letters, digits and "
                     "underscores, first a letter, at most 47, and not 'qcc'",
                     name);
}

static void take_tensors(const qir_func *f, qir_arena *arena, qcg_abi *abi)
{
    abi->nin = f->body->nargs;
    abi->nout = f->nresults;
    abi->in = QIR_NEW_ARRAY(arena, qcg_tensor_abi, abi->nin);
    abi->out = QIR_NEW_ARRAY(arena, qcg_tensor_abi, abi->nout);
    for (uint32_t i = 0; i < abi->nin; i++)
        abi->in[i] = (qcg_tensor_abi){.type = f->body->args[i]->type,
                                      .preprocess = preprocess_of(f, i),
                                      .size_limit = qir_func_size_limit(f, i)};
    for (uint32_t i = 0; i < abi->nout; i++)
        abi->out[i].type = f->result_types[i];
    name_tensors(arena, abi->name, abi->in, abi->nin, f->arg_names, "input");
    name_tensors(arena, abi->name, abi->out, abi->nout, f->result_names, "output");
    for (uint32_t k = 0; k < abi->nout; k++)
        if (qir_func_updated_arg(f, k) >= 0)
            abi->out[k].updates = abi->in[qir_func_updated_arg(f, k)].field;
}

/* The member behind the inputs: a name that none of them has. */
static const char *weights_member(qir_arena *arena, const qcg_abi *abi)
{
    const char *name = "weights";
    for (unsigned n = 2, i = 0; i < abi->nin; i++)
        if (!strcmp(abi->in[i].field, name)) {
            name = qir_arena_printf(arena, "weights_%u", n++);
            i = -1u; /* and from the first again */
        }
    return name;
}

static size_t whole_lines(size_t bytes)
{
    return (bytes + QCG_SCRATCH_ALIGN - 1) / QCG_SCRATCH_ALIGN * QCG_SCRATCH_ALIGN;
}

/* Workspace of the ops and regions that tasks may share. */
static size_t task_bytes(const qir_codegen_options *opts, const qir_variant *v, qir_arena *arena)
{
    size_t most = 0;
    qir_rows r;
    qir_for_each_op(op, qir_module_main(v->module)->body) {
        bool fused = qir_rows_get(v->level, op, arena, &r);
        size_t bytes = fused ? r.bytes : qir_level_workspace(v->level, op);
        unsigned tasks = fused ? qcg_share_rows_tasks(v->level, &r, opts->share_grain)
                               : qcg_share_tasks(v->level, op, opts->share_grain);
        if (tasks > 1 && bytes > most)
            most = bytes;
        if (fused)
            op_next = r.step[r.nsteps - 1].op->next;
    }
    return whole_lines(most);
}

static void take_level(const qir_codegen_options *opts, const qir_variant *v, qcg_abi *abi)
{
    size_t arena = module_int(v->module, "arena"), bound = module_int(v->module, "arena_bound");
    const char *features = qcg_features(v->module->ctx, opts, v->level);
    abi->levels[abi->nlevels] = qir_level_get(v->level)->name;
    abi->features[abi->nlevels++] = features;
    abi->arena_bytes = arena > abi->arena_bytes ? arena : abi->arena_bytes;
    size_t work = task_bytes(opts, v, qir_context_arena(v->module->ctx));
    abi->task_bytes = work > abi->task_bytes ? work : abi->task_bytes;
    abi->scratch_bound = bound > abi->scratch_bound ? bound : abi->scratch_bound;
    abi->asks_cpu = abi->asks_cpu || qcg_cpu_is_asked(opts->triple, features);
}

bool qcg_abi_get(const qir_codegen_options *opts, const qir_variant *variants, size_t n,
                 qcg_abi *abi)
{
    qir_module *m = variants[0].module;
    qir_arena *arena = qir_context_arena(m->ctx);
    if (!check_main(m, opts->name))
        return false;
    *abi = (qcg_abi){.name = opts->name,
                     .upper = upper_case(arena, opts->name),
                     .triple = opts->triple,
                     .threads = opts->share_grain != 0,
                     .levels = QIR_NEW_ARRAY(arena, const char *, n),
                     .features = QIR_NEW_ARRAY(arena, const char *, n)};
    take_tensors(qir_module_main(m), arena, abi);
    if (opts->weights)
        abi->weights = weights_member(arena, abi);
    if (opts->weights && opts->weights->len)
        qcg_abi_take_weights(abi, opts->weights);
    for (size_t i = 0; i < n; i++)
        take_level(opts, &variants[i], abi);
    abi->scratch_bytes = abi->arena_bytes + (abi->asks_cpu ? QCG_SCRATCH_ALIGN : 0);
    if (opts->selftest)
        abi->selftest_bytes = qcg_selftest_place(abi, abi->nin + abi->nout);
    abi->tasks_at = abi->task_bytes ? whole_lines(abi->scratch_bytes) : abi->scratch_bytes;
    return qcg_find_customs(m, abi);
}

size_t qcg_abi_scratch_mt(const qcg_abi *abi, size_t tasks)
{
    return abi->tasks_at + (tasks - 1) * abi->task_bytes;
}

const char *qcg_level_list(const qcg_abi *abi, qir_arena *arena)
{
    const char *list = abi->levels[0];
    for (size_t i = 1; i < abi->nlevels; i++)
        list = qir_arena_printf(arena, "%s,%s", list, abi->levels[i]);
    return list;
}
