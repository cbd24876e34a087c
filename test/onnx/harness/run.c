/* One case: import, evaluate, compile; first with all inputs as arguments, then with constants. */
#include "harness.h"

const char *const verdict_names[] = {"refused", "evaluated", "compiled", "crashed"};
const char *const mode_names[] = {"plain", "const", "folded"};

static void take_bits(qir_tensor *t, const qir_type *type)
{
    if (t->type->dtype == QIR_u16 && type->dtype == QIR_bf16 && qir_type_same_shape(t->type, type))
        t->type = type;
}

/* The test data have the bits of bfloat16 tensors as integers. */
static void name_bfloats(test_case *t, const qir_func *f)
{
    for (uint32_t i = 0; i < f->body->nargs && i < t->ninputs; i++)
        take_bits(&t->inputs[i], f->body->args[i]->type);
    for (uint32_t i = 0; i < f->nresults && i < t->noutputs; i++)
        take_bits(&t->outputs[i], f->result_types[i]);
}

static bool check_arguments(test_case *t, const qir_func *f)
{
    for (uint32_t i = 0; i < f->body->nargs; i++)
        if (i >= t->ninputs || t->inputs[i].type != f->body->args[i]->type) {
            qir_strbuf_printf(&t->message, "argument %u has another type than its data", i);
            return false;
        }
    return true;
}

/* Arguments are the first inputs: all of them, only input 0, or none. */
static verdict run_module(test_case *t, qir_module *m)
{
    qir_func *f = qir_module_main(m);
    qir_tensor out[MAX_TENSORS];
    qir_evaluator *e = qir_evaluator_create(f, NULL);
    verdict v = REFUSED;
    name_bfloats(t, f);
    if (f->nresults <= MAX_TENSORS && check_arguments(t, f) &&
        qir_evaluator_run(e, t->inputs, out) && check_results(t, f, out))
        v = check_compiled(t, m, t->inputs, out) ? COMPILED : EVALUATED;
    qir_evaluator_destroy(e);
    return v;
}

static verdict attempt(test_case *t, mode m)
{
    const char *list[MAX_TENSORS];
    unsigned first = m == CONST ? 1 : 0, n = 0;
    qir_arena *arena = qir_context_arena(t->ctx);
    for (unsigned i = first; m != PLAIN && i < t->nnames; i++)
        list[n++] =
            qir_arena_printf(arena, "%s=%s/test_data_set_0/input_%u.pb", t->names[i], t->dir, i);
    qir_import_options opts = {.const_inputs = list, .nconst_inputs = n};
    t->message.len = 0;
    qir_module *module = qir_import_file(t->ctx, t->model, &opts);
    verdict v = module ? run_module(t, module) : REFUSED;
    qir_module_destroy(module);
    return v;
}

verdict run_case(test_case *t, mode *out)
{
    verdict best = attempt(t, PLAIN);
    *out = PLAIN;
    for (mode m = CONST; m < NUM_MODES && best != COMPILED; m++) {
        if (t->nnames < (m == CONST ? 2 : 1) || (m == FOLDED && best == EVALUATED))
            continue;
        qir_strbuf before = t->message;
        t->message = (qir_strbuf){0};
        verdict v = attempt(t, m);
        if (v > best)
            *out = m, best = v;
        else if (best == EVALUATED) /* what compiles not is what counts */
            t->message = before;
    }
    return best;
}
