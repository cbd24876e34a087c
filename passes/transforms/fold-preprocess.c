/* Changes: arguments of reals for which the function says how bytes become reals (preprocess.h) into u8
 * arguments, channels last, and the computation of their reals into tables of the 256 bytes:
 *   quantize(arg)  -> lookup(bytes, @table of quantized values), transposed to the argument's order
 *   arg            -> lookup(bytes, @table of reals), likewise
 * A table that only adds a constant is none: the bytes are the quantized values with another zero point.
 * Requires: nothing is packed.  Leaves: every value behind the tables; the function's attribute. */
#include <string.h>
#include "qir/ops.h"
#include "qir/pass.h"

typedef struct fold {
    qir_pass *pass;
    qir_module *m;
    qir_preprocess how;
    qir_value *arg;       /* of bytes */
    const qir_type *type; /* that it had */
    int64_t channels;
    bool moved; /* channels from last to before height and width */
    qir_builder at;
} fold;

/* --- values of bytes -------------------------------------------------------------------------- */

/* The shape of the bytes with elements of `like`. */
static const qir_type *in_pixel_order(const fold *f, const qir_type *like)
{
    return qir_type_with_shape(f->m->ctx, like, f->arg->type->dims, f->arg->type->rank, NULL);
}

/* Of a row per channel, or of one where all are equal. */
static const unsigned char *make_table(const fold *f, const qir_type *t, int64_t *rows)
{
    size_t bytes = 256 * qir_dtype_bytes(t->dtype);
    unsigned char *table = qir_arena_alloc(f->m->arena, (size_t)f->channels * bytes);
    qir_preprocess_table(&f->how, t, f->channels, table);
    bool equal = true;
    for (int64_t c = 1; equal && c < f->channels; c++)
        equal = !memcmp(table, table + (size_t)c * bytes, bytes);
    *rows = equal ? 1 : f->channels;
    return table;
}

/* Does each byte become itself, but for the sign bit of i8? */
static bool is_plain(const qir_type *t, const unsigned char *table)
{
    unsigned char sign = t->dtype == QIR_i8 ? 0x80 : 0;
    if (!qir_type_is_byte_quant(t))
        return false;
    for (int byte = 0; byte < 256; byte++)
        if (table[byte] != (byte ^ sign))
            return false;
    return true;
}

/* The bytes as they are, then with the zero point of `t`. */
static qir_value *relabelled(fold *f, const qir_type *t)
{
    int32_t zp = t->quant->zero_point[0] + (t->dtype == QIR_i8 ? 128 : 0);
    const qir_quant *q =
        qir_quant_per_tensor(f->m->ctx, QIR_u8, 0, 255, t->quant->scale[0], zp, NULL);
    const qir_type *bytes = q ? qir_type_with_quant(f->m->ctx, f->arg->type, q, NULL) : NULL;
    if (!bytes)
        return NULL;
    qir_value *v = qir_build1(&f->at, QIR_OP_storage_cast, &f->arg, 1, QIR_NO_ATTRS, bytes);
    qir_pass_count(f->pass, "plain", 1);
    return v && t->dtype == QIR_i8
               ? qir_build1(&f->at, QIR_OP_requantize, &v, 1, QIR_NO_ATTRS, in_pixel_order(f, t))
               : v;
}

static qir_value *looked_up(fold *f, const qir_type *t, const void *table, int64_t rows)
{
    int64_t dims[] = {rows, 256};
    bool one = rows == 1;
    const qir_type *type = qir_type_with_shape(f->m->ctx, t, dims + one, 2 - one, NULL);
    if (!type)
        return NULL;
    qir_const *c = qir_const_create(f->m, "pixels", type, table, false, f->at.loc);
    qir_value *operands[] = {f->arg, &c->value};
    qir_pass_count(f->pass, "tables", 1);
    return qir_build1(&f->at, QIR_OP_lookup, operands, 2, QIR_NO_ATTRS, in_pixel_order(f, t));
}

/* [.., H, W, C] to [.., C, H, W] */
static qir_value *in_old_order(fold *f, qir_value *v, const qir_type *t)
{
    int64_t perm[QIR_MAX_RANK] = {0};
    unsigned rank = t->rank;
    perm[rank - 3] = rank - 1;
    perm[rank - 2] = rank - 3;
    perm[rank - 1] = rank - 2;
    return qir_build1(&f->at, QIR_OP_transpose, &v, 1,
                      QIR_ATTRS({"perm", qir_attr_ints(f->m->ctx, perm, rank)}), t);
}

/* What the bytes become as elements of `t`, in the order of the old argument. */
static qir_value *values_of(fold *f, const qir_type *t)
{
    int64_t rows;
    const unsigned char *table = make_table(f, t, &rows);
    qir_value *v =
        rows == 1 && is_plain(t, table) ? relabelled(f, t) : looked_up(f, t, table, rows);
    return v && f->moved ? in_old_order(f, v, t) : v;
}

/* --- users ------------------------------------------------------------------------------------ */
typedef struct site {
    qir_op *user; /* NULL: done */
    uint32_t operand;
    const qir_type *type; /* that it makes of the argument */
} site;

static size_t find_sites(const fold *f, site **out)
{
    size_t n = 0;
    qir_for_each_use(use, f->arg)
        n++;
    site *s = *out = QIR_NEW_ARRAY(qir_pass_arena(f->pass), site, n);
    n = 0;
    qir_for_each_use(use, f->arg) {
        qir_op *op = use->user;
        const qir_type *t = op->opcode == QIR_OP_quantize ? op->results[0].type : f->type;
        s[n++] = (site){op, (uint32_t)(use - op->operands),
                        !t->quant || qir_quant_is_per_tensor(t->quant) ? t : f->type};
    }
    return n;
}

static void give(const fold *f, const site *s, qir_value *v)
{
    if (s->type == f->type)
        qir_op_set_operand(s->user, s->operand, v);
    else
        qir_replace_op(s->user, v);
}

static bool change_users(fold *f, site *sites, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const qir_type *t = sites[i].type;
        qir_value *v = sites[i].user ? values_of(f, t) : NULL;
        if (sites[i].user && !v)
            return false;
        for (size_t k = i; k < n; k++)
            if (sites[k].user && sites[k].type == t) {
                give(f, &sites[k], v);
                sites[k].user = NULL;
            }
    }
    return true;
}

static bool change(fold *f)
{
    site *sites;
    size_t n = find_sites(f, &sites);
    const qir_type *pixels =
        qir_preprocess_pixels(f->m->ctx, f->type, &f->channels, &f->moved);
    if (!pixels)
        return false;
    f->arg->type = pixels;
    qir_pass_count(f->pass, "arguments", 1);
    return change_users(f, sites, n);
}

static bool run(qir_pass *p, qir_module *m)
{
    qir_func *f = qir_module_main(m);
    for (uint32_t i = 0; f && i < f->body->nargs; i++) {
        qir_value *arg = f->body->args[i];
        fold o = {.pass = p, .m = m, .arg = arg, .type = arg->type};
        bool bytes = arg->type->dtype == QIR_u8 && !arg->type->quant;
        o.at = qir_builder_before(f->body->first);
        o.at.loc = qir_loc_name(m->ctx, "preprocess");
        if (!bytes && qir_func_preprocess(f, i, &o.how) && !o.how.raw && !change(&o))
            return false;
    }
    return true;
}

static const char *const statistics[] = {"arguments", "tables", "plain", NULL};

QIR_PASS(fold_preprocess, .name = "fold-preprocess",
         .summary = "Let callers pass bytes of images: preprocessing becomes part of the model.",
         .doc = "Follows the function's attribute `preprocess` (`qcc -preprocess`). What quantizes the "
                "argument, or else the argument, becomes a table of the 256 bytes, of each channel "
                "where they differ; the argument becomes u8 with the channel last. Where quantizing "
                "gives the bytes back, they are used as they are.\n"
                "\n"
                "Changes: argument types. Requires: nothing. Leaves: every other value.",
         .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_LAYOUTS | QIR_STAGE_PACKED,
         .statistics = statistics, .run = run)
