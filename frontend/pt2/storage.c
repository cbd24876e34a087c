/* Parameters and buffers: strided views of storages.  What is contiguous stays where the file has it. */
#include <string.h>

#include "pt2/import.h"
#include "qir/support/checked.h"

static bool fail(pt2_import *imp, const pt2_spec *spec, const char *text)
{
    return fe_error_at(&imp->fe, imp->loc, "storage", "'%s' (%s) %s", spec->target, spec->arg.s,
                       text);
}

static const pt2_payload *find_payload(pt2_import *imp, const pt2_spec *spec)
{
    const pt2_archive *a = &imp->archive;
    const qir_map *map = spec->role == PT2_CONSTANT ? &a->constants : &a->weights;
    const pt2_payload *p = qir_strmap_get(map, spec->target, strlen(spec->target));
    if (!p)
        fe_error_at(&imp->fe, imp->loc, "member", "the archive has no data of '%s'", spec->target);
    else if (p->pickled)
        fe_error_at(&imp->fe, imp->loc, "pickle",
                    "'%s' is pickled, which qcc does not run: it is a tensor subclass; call "
                    "torchao.utils.unwrap_tensor_subclass(model) before torch.export.export",
                    spec->target);
    else if (!p->has_meta)
        fail(imp, spec, "has no description of its elements");
    return imp->fe.failed ? NULL : p;
}

const qir_type *pt2_meta_type(pt2_import *imp, const char *what, const pt2_meta *meta)
{
    int64_t dims[QIR_MAX_RANK];
    qir_dtype dtype;
    bool ok = true;
    if (!pt2_dtype(meta->dtype, &dtype))
        fe_error_at(&imp->fe, imp->loc, "type", "'%s' has element type %s, which is not supported",
                    what, pt2_dtype_name(imp->fe.ctx, meta->dtype));
    else if (meta->rank > QIR_MAX_RANK)
        fe_error_at(&imp->fe, imp->loc, "shape", "'%s' has rank %zu, which is above %d", what,
                    meta->rank, QIR_MAX_RANK);
    for (size_t i = 0; i < meta->rank && ok && !imp->fe.failed; i++)
        ok = pt2_size_eval(imp, &meta->sizes[i], &dims[i]);
    if (!ok || imp->fe.failed)
        return NULL;
    const qir_type *t = qir_tensor_type(imp->fe.ctx, dtype, dims, (unsigned)meta->rank, imp->loc);
    imp->fe.failed = imp->fe.failed || !t;
    return t;
}

/* Element strides; those of dimensions of size 1 mean nothing.  `last`: index of the last element. */
typedef struct layout {
    int64_t strides[QIR_MAX_RANK], offset, last;
    bool contiguous;
} layout;

static bool read_layout(pt2_import *imp, const pt2_meta *meta, const qir_type *t, layout *out)
{
    int64_t dense = 1;
    out->contiguous = true;
    if (!pt2_size_eval(imp, &meta->offset, &out->offset) || out->offset < 0)
        return false;
    out->last = out->offset;
    for (unsigned i = t->rank; i-- > 0;) {
        int64_t reach;
        if (!pt2_size_eval(imp, &meta->strides[i], &out->strides[i]))
            return false;
        if (t->dims[i] > 1) {
            out->contiguous = out->contiguous && out->strides[i] == dense;
            if (out->strides[i] < 0 ||
                !qir_mul_i64(out->strides[i], t->dims[i] - 1, &reach) ||
                !qir_add_i64(out->last, reach, &out->last))
                return false;
        }
        dense *= t->dims[i];
    }
    return true;
}

/* Row-major copy of a strided tensor: the last dimension innermost. */
static void gather(const qir_type *t, const layout *l, const unsigned char *from, unsigned char *to)
{
    size_t size = qir_dtype_bytes(t->dtype);
    int64_t index[QIR_MAX_RANK] = {0}, at = l->offset;
    for (int64_t n = qir_type_elements(t); n > 0; n--) {
        memcpy(to, from + (size_t)at * size, size);
        to += size;
        for (unsigned i = t->rank; i-- > 0;) {
            at += l->strides[i];
            if (++index[i] < t->dims[i])
                break;
            at -= l->strides[i] * t->dims[i];
            index[i] = 0;
        }
    }
}

static bool check_bools(const qir_type *t, const unsigned char *data)
{
    for (int64_t i = 0; t->dtype == QIR_i1 && i < qir_type_elements(t); i++)
        if (data[i] > 1)
            return false;
    return true;
}

/* The elements in row-major order; NULL: diagnosed. */
static const void *elements(pt2_import *imp, const pt2_spec *spec, const pt2_payload *p,
                            const qir_type *t)
{
    static const unsigned char none[16];
    size_t size = qir_dtype_bytes(t->dtype);
    int64_t n = qir_type_elements(t);
    qir_bytes storage;
    layout l;
    if (n == 0)
        return none;
    if (!pt2_archive_view(&imp->archive, p->member, &storage)) {
        imp->fe.failed = true;
        return NULL;
    }
    int64_t held = (int64_t)(storage.len / size);
    if (!read_layout(imp, &p->meta, t, &l) || l.last >= held)
        return fail(imp, spec, "reaches outside its storage"), NULL;
    const unsigned char *data = storage.data + (size_t)l.offset * size;
    if (!l.contiguous || (uintptr_t)data % size) {
        if (n > held && n > 1 << 24) /* an expanded tensor: small in the file, of any size here */
            return fail(imp, spec, "is far larger than its storage"), NULL;
        unsigned char *copy = qir_arena_alloc(imp->fe.m->arena, (size_t)n * size);
        gather(t, &l, storage.data, copy);
        data = copy;
    }
    return check_bools(t, data) ? data : (fail(imp, spec, "holds bytes that are no booleans"), NULL);
}

qir_value *pt2_load(pt2_import *imp, const pt2_spec *spec)
{
    fe_builder *fe = &imp->fe;
    const pt2_payload *p = find_payload(imp, spec);
    const pt2_meta *meta = qir_strmap_get(&imp->program.tensors, spec->arg.s, strlen(spec->arg.s));
    const qir_type *t = p ? pt2_meta_type(imp, spec->target, &p->meta) : NULL;
    if (!t)
        return NULL;
    if (!meta || pt2_meta_type(imp, spec->arg.s, meta) != t)
        return fail(imp, spec, "differs in type between the graph and the list of weights"), NULL;
    const void *data = elements(imp, spec, p, t);
    if (!data)
        return NULL;
    return fe_add_const(fe, fe_identifier(fe, spec->target), t, data, false,
                        qir_loc_name(fe->ctx, *spec->target ? spec->target : "parameter"));
}
