/* What the outputs depend on, and which inputs are written to.  Exported graphs are not functional: an
 * operator that writes in place is needed if anything that may share the memory is. */
#include <string.h>

#include "pt2/import.h"

typedef struct liveness {
    pt2_import *imp;
    qir_map roots;      /* name -> name of what owns the memory, if it is another */
    qir_map live_roots; /* memory that something live reads */
} liveness;

static const char *root_of(const liveness *l, const char *name)
{
    const char *root = qir_map_get(&l->roots, name);
    return root ? root : name;
}

static void each_name(const pt2_arg *args, size_t n, void (*fn)(liveness *l, const char *name),
                      liveness *l)
{
    for (size_t i = 0; i < n; i++) {
        if (args[i].kind == PT2_TENSOR || args[i].kind == PT2_SYM)
            fn(l, args[i].s);
        else if (args[i].kind == PT2_LIST)
            each_name(args[i].items, args[i].n, fn, l);
    }
}

static void want(liveness *l, const char *name)
{
    qir_map_put(&l->imp->wanted, name, l);
    qir_map_put(&l->live_roots, root_of(l, name), l);
}

/* The operand whose memory the node may share or write to. */
static const char *self_of(const pt2_node *n)
{
    return n->nargs && n->args[0].kind == PT2_TENSOR ? n->args[0].s : NULL;
}

static void share(liveness *l, const pt2_node *n, const char *root)
{
    for (size_t i = 0; i < n->nouts; i++) {
        const pt2_arg *out = &n->outs[i];
        if (out->kind == PT2_TENSOR)
            qir_map_put(&l->roots, out->s, (void *)(uintptr_t)root);
        for (size_t k = 0; out->kind == PT2_LIST && k < out->n; k++)
            qir_map_put(&l->roots, out->items[k].s, (void *)(uintptr_t)root);
    }
}

static bool is_called_counter(const pt2_program *p, const char *input)
{
    static const char suffix[] = "num_batches_tracked";
    for (size_t i = 0; i < p->ninputs; i++) {
        const pt2_spec *s = &p->inputs[i];
        size_t n = s->arg.s && s->target && !strcmp(s->arg.s, input) ? strlen(s->target) : 0;
        if (n >= sizeof suffix - 1 && !strcmp(s->target + n - (sizeof suffix - 1), suffix))
            return true;
    }
    return false;
}

/* Does `n` do anything with the value but count it up? */
static bool uses(const pt2_node *n, const char *name)
{
    const char *self = self_of(n);
    for (size_t i = 1; i < n->nargs; i++)
        if (n->args[i].kind == PT2_TENSOR && !strcmp(n->args[i].s, name))
            return true;
    return self && !strcmp(self, name) && strcmp(n->target, "aten.add_.Tensor") != 0;
}

/* Batch norms count their batches, in programs of evaluation too (prepare_qat_pt2e).  A number that only counts
 * itself is no state of the model. */
static bool is_batch_counter(const liveness *l, const char *input)
{
    const pt2_program *p = &l->imp->program;
    if (!is_called_counter(p, input))
        return false;
    for (size_t i = 0; i < p->nnodes; i++)
        if (uses(&p->nodes[i], input))
            return false;
    return true;
}

static void find_roots(liveness *l)
{
    for (size_t i = 0; i < l->imp->program.nnodes; i++) {
        const pt2_node *n = &l->imp->program.nodes[i];
        bool in_place;
        const pt2_row *row = pt2_table_find(l->imp, n, &in_place);
        const char *self = self_of(n), *root = self ? root_of(l, self) : NULL;
        if (root && (in_place || (row && row->sharing != PT2_FRESH)))
            share(l, n, root);
        if (root && in_place && !is_batch_counter(l, root))
            qir_map_put(&l->imp->written, root, l);
        qir_arena_reset(l->imp->fe.scratch);
    }
}

static bool any_wanted(const liveness *l, const pt2_arg *outs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (outs[i].kind == PT2_LIST ? any_wanted(l, outs[i].items, outs[i].n)
                                     : outs[i].s && qir_map_has(&l->imp->wanted, outs[i].s))
            return true;
    return false;
}

static void mark(liveness *l, pt2_node *n)
{
    bool in_place;
    pt2_table_find(l->imp, n, &in_place);
    const char *self = self_of(n);
    n->live = any_wanted(l, n->outs, n->nouts) ||
              (in_place && self && qir_map_has(&l->live_roots, root_of(l, self)));
    if (n->live)
        each_name(n->args, n->nargs, want, l);
    qir_arena_reset(l->imp->fe.scratch);
}

/* Inputs that the program writes to, be it in place or as an output, go back to the caller. */
static void want_results(liveness *l)
{
    pt2_program *p = &l->imp->program;
    for (size_t i = 0; i < p->noutputs; i++)
        each_name(&p->outputs[i].arg, 1, want, l);
    for (size_t i = 0; i < p->ninputs; i++)
        if (p->inputs[i].arg.s && qir_map_has(&l->imp->written, p->inputs[i].arg.s))
            want(l, p->inputs[i].arg.s);
}

void pt2_find_live(pt2_import *imp)
{
    liveness l = {.imp = imp};
    find_roots(&l);
    want_results(&l);
    for (size_t i = imp->program.nnodes; i-- > 0;) /* users stand after what they use */
        mark(&l, &imp->program.nodes[i]);
    qir_map_free(&l.roots);
    qir_map_free(&l.live_roots);
}
