/* update_slice: the elements of u one by one, each if it lies inside.  Along all dimensions but one
 * that is known now; along `axis` an index is compared at run time. */
#include "kernels/copy.h"

typedef struct update {
    const qir_type *x, *u;
    unsigned axis;
    const int64_t *at;
    size_t nat;
    llb_val start;
    int64_t elem, strides[QIR_MAX_RANK];
} update;

static int64_t first_index(const update *p, unsigned d)
{
    return p->at[p->nat == 1 ? 0 : d];
}

/* The hyperplanes of u along the axis: to, from. */
static void plane(qcg *g, const update *p, llb_val to, llb_val from)
{
    int64_t strides[QIR_MAX_RANK];
    qcg_nest n = {.rank = p->u->rank, .nptr = 2, .elem = {p->elem, p->elem}, .ptr = {to, from}};
    qir_type_strides(p->u, strides);
    for (unsigned d = 0; d < n.rank; d++) {
        int64_t room = p->x->dims[d] - first_index(p, d);
        n.dim[d] = d == p->axis ? 1 : p->u->dims[d] < room ? p->u->dims[d] : room > 0 ? room : 0;
        n.step[0][d] = p->strides[d] * p->elem;
        n.step[1][d] = strides[d] * p->elem;
    }
    qcg_copy(g, &n);
}

static void planes(qcg *g, const update *p)
{
    int64_t strides[QIR_MAX_RANK], origin = 0;
    qir_type_strides(p->u, strides);
    for (unsigned d = 0; d < p->u->rank; d++)
        origin += d == p->axis ? 0 : first_index(p, d) * p->strides[d];
    llb_loop l;
    llb_begin(g, &l, 0, p->u->dims[p->axis], 1);
    llb_val index = llb_add(g, l.iv, llb_add(g, p->start, llb_i64(g, first_index(p, p->axis))));
    llb_if inside;
    llb_then(g, &inside,
             LLVMBuildICmp(g->b, LLVMIntULT, index, llb_i64(g, p->x->dims[p->axis]), ""));
    plane(g, p, llb_index(g, llb_at(g, g->out, origin * p->elem), index, p->strides[p->axis] * p->elem),
          llb_index(g, qcg_operand(g, 1), l.iv, strides[p->axis] * p->elem));
    llb_else(g, &inside);
    llb_endif(g, &inside);
    llb_end(g, &l);
}

bool qir_lower_update_slice(qcg *g)
{
    update p = {.x = qir_op_operand(g->op, 0)->type, .u = qir_op_operand(g->op, 1)->type};
    const qir_type *start = qir_op_operand(g->op, 2)->type;
    p.axis = (unsigned)qir_op_int(g->op, "axis");
    p.at = qir_op_ints(g->op, "at", &p.nat);
    p.elem = (int64_t)qir_dtype_bytes(p.x->dtype);
    qir_type_strides(p.x, p.strides);
    qcg_share_none(g); /* what is copied is updated */
    qcg_copy_unless_there(g, qir_type_elements(p.x), p.elem);
    if (qir_type_elements(p.u) == 0)
        return true;
    p.start = llb_load(g, qcg_storage(g, start->dtype), qcg_operand(g, 2),
                       (unsigned)qir_dtype_bytes(start->dtype));
    p.start = qir_dtype_is_signed(start->dtype)
                  ? LLVMBuildSExt(g->b, p.start, llb_int(g, 64), "")
                  : LLVMBuildZExt(g->b, p.start, llb_int(g, 64), "");
    planes(g, &p);
    return true;
}
