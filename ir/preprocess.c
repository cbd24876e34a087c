/* Preprocessing of bytes: its text form, and the attribute of functions that holds it. */
#include "qir/preprocess.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- text ------------------------------------------------------------------------------------- */
/* A number or a fraction, finite. */
static bool read_number(const char **p, float *out)
{
    char *end;
    double v = strtod(*p, &end);
    if (end == *p)
        return false;
    if (*end == '/') {
        const char *below = end + 1;
        double d = strtod(below, &end);
        if (end == below || d == 0.0)
            return false;
        v /= d;
    }
    *p = end;
    *out = (float)v;
    return isfinite(*out);
}

/* Up to four numbers with ':' between; the last repeats. */
static bool read_channels(const char **p, float out[QIR_PREPROCESS_CHANNELS])
{
    int n = 0;
    do {
        if (n == QIR_PREPROCESS_CHANNELS || !read_number(p, &out[n]))
            return false;
        n++;
    } while (**p == ':' && (*p)++);
    for (; n < QIR_PREPROCESS_CHANNELS; n++)
        out[n] = out[n - 1];
    return true;
}

static bool read_entry(const char **p, qir_preprocess *out)
{
    if (!strncmp(*p, "scale=", 6)) {
        *p += 6;
        return read_number(p, &out->scale);
    }
    if (!strncmp(*p, "mean=", 5)) {
        *p += 5;
        return read_channels(p, out->mean);
    }
    if (strncmp(*p, "std=", 4))
        return false;
    *p += 4;
    return read_channels(p, out->std);
}

const char *qir_preprocess_read(const char *text, qir_preprocess *out)
{
    *out = (qir_preprocess){.scale = 1.0f / 255.0f, .std = {1.0f, 1.0f, 1.0f, 1.0f}};
    if (!strcmp(text, "raw")) {
        out->scale = 1.0f;
        out->raw = true;
        return NULL;
    }
    const char *p = text;
    do {
        if (!read_entry(&p, out))
            return "cannot read the preprocessing";
    } while (*p == ',' && p++);
    if (*p)
        return "cannot read the end of the preprocessing";
    for (int c = 0; c < QIR_PREPROCESS_CHANNELS; c++)
        if (out->std[c] == 0.0f)
            return "a std of 0 divides by zero";
    return NULL;
}

bool qir_preprocess_parse(qir_diag_engine *diag, const char *text, qir_preprocess *out)
{
    const char *problem = qir_preprocess_read(text, out);
    return !problem ||
           qir_error(diag, NULL, "samples.preprocess",
                     "%s; expected raw or a list like scale=1/255,mean=0.5:0.5:0.5,std=0.5", problem);
}

/* What repeats the number before it is left out. */
static void print_channels(const char *name, const float *v, qir_strbuf *out)
{
    int n = QIR_PREPROCESS_CHANNELS;
    while (n > 1 && v[n - 1] == v[n - 2])
        n--;
    for (int c = 0; c < n; c++) {
        qir_strbuf_puts(out, c ? ":" : name);
        qir_strbuf_float(out, v[c]);
    }
}

void qir_preprocess_print(const qir_preprocess *p, qir_strbuf *out)
{
    if (p->raw) {
        qir_strbuf_puts(out, "raw");
        return;
    }
    qir_strbuf_puts(out, "scale=");
    qir_strbuf_float(out, p->scale);
    print_channels(",mean=", p->mean, out);
    print_channels(",std=", p->std, out);
}

float qir_preprocess_byte(const qir_preprocess *p, float byte, int64_t channel)
{
    int64_t c = channel < QIR_PREPROCESS_CHANNELS ? channel : QIR_PREPROCESS_CHANNELS - 1;
    return (byte * p->scale - p->mean[c]) / p->std[c];
}

/* --- images ----------------------------------------------------------------------------------- */
bool qir_type_image_axes(const qir_type *type, qir_image_axes *out)
{
    if (type->rank != 3 && !(type->rank == 4 && type->dims[0] == 1))
        return false;
    unsigned first = type->rank - 3;
    const int64_t *d = type->dims + first;
    if (d[0] == 1 || d[0] == 3)
        *out = (qir_image_axes){first, first + 1, first + 2};
    else
        *out = (qir_image_axes){first + 2, first, first + 1};
    return d[0] == 1 || d[0] == 3 || d[2] == 1 || d[2] == 3;
}

const qir_type *qir_preprocess_pixels(qir_context *ctx, const qir_type *t, int64_t *channels,
                                      bool *moved)
{
    qir_image_axes axes;
    int64_t dims[QIR_MAX_RANK];
    memcpy(dims, t->dims, t->rank * sizeof *dims);
    bool image = qir_type_image_axes(t, &axes);
    *channels = image ? t->dims[axes.channel] : 1;
    *moved = image && axes.channel < axes.height;
    if (*moved) {
        dims[t->rank - 3] = t->dims[axes.height];
        dims[t->rank - 2] = t->dims[axes.width];
        dims[t->rank - 1] = *channels;
    }
    return qir_tensor_type(ctx, QIR_u8, dims, t->rank, NULL);
}

/* --- the attribute ---------------------------------------------------------------------------- */
static const char *attr_name(const qir_func *f)
{
    return qir_intern_cstr(f->module->ctx, "preprocess");
}

static const char *text_of(const qir_func *f, uint32_t arg)
{
    const qir_attr *a = qir_dict_get(f->attrs, attr_name(f));
    return a && a->kind == QIR_ATTR_STRINGS && arg < a->len ? a->u.strings[arg] : "";
}

bool qir_func_preprocess(const qir_func *f, uint32_t arg, qir_preprocess *out)
{
    const char *text = text_of(f, arg);
    return *text && !qir_preprocess_read(text, out);
}

static bool takes_reals(const qir_type *t)
{
    return qir_dtype_is_float(t->dtype) || (t->quant && qir_quant_is_per_tensor(t->quant));
}

static const char *arg_name(const qir_func *f, uint32_t i)
{
    const char *name = f->arg_names ? f->arg_names[i] : NULL;
    return name ? name : f->body->args[i]->name ? f->body->args[i]->name : "?";
}

static bool fail(const qir_func *f, const char *name, const char *what)
{
    qir_strbuf names = {0};
    for (uint32_t i = 0; i < f->body->nargs; i++)
        qir_strbuf_printf(&names, "%s'%s'", i ? ", " : "", arg_name(f, i));
    qir_error(qir_context_diag(f->module->ctx), f->loc, "samples.preprocess",
              "-preprocess=%.*s: %s; the inputs are %s", (int)strcspn(name, "="), name, what,
              qir_strbuf_cstr(&names));
    qir_strbuf_free(&names);
    return false;
}

/* The argument that INPUT names; nargs: none. */
static uint32_t find(const qir_func *f, const char *name, size_t len)
{
    uint32_t i = 0;
    for (; i < f->body->nargs; i++) {
        const char *local = f->body->args[i]->name, *model = arg_name(f, i);
        if ((strlen(model) == len && !memcmp(model, name, len)) ||
            (local && strlen(local) == len && !memcmp(local, name, len)))
            break;
    }
    return i;
}

/* The argument that HOW alone is for: the only one of reals, or that already has a text. */
static bool find_only(const qir_func *f, const char *text, uint32_t *arg)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->body->nargs; i++)
        if (takes_reals(f->body->args[i]->type) || *text_of(f, i)) {
            *arg = i;
            n++;
        }
    return n == 1 || fail(f, text, n ? "several inputs take reals, write -preprocess=INPUT=HOW"
                                     : "no input takes reals");
}

static bool set(qir_func *f, uint32_t arg, const qir_preprocess *p)
{
    qir_context *ctx = f->module->ctx;
    qir_strbuf text = {0};
    qir_preprocess_print(p, &text);
    const char *new_text = qir_intern_cstr(ctx, qir_strbuf_cstr(&text)), *old = text_of(f, arg);
    qir_strbuf_free(&text);
    if (!strcmp(old, new_text))
        return true;
    if (*old)
        return qir_error(qir_context_diag(ctx), f->loc, "samples.preprocess",
                         "input '%s' has its preprocessing already: %s; leave out -preprocess",
                         arg_name(f, arg), old);
    if (!takes_reals(f->body->args[arg]->type))
        return fail(f, arg_name(f, arg), "this input takes no reals");
    const char **texts = QIR_NEW_ARRAY(f->module->arena, const char *, f->body->nargs);
    for (uint32_t i = 0; i < f->body->nargs; i++)
        texts[i] = i == arg ? new_text : text_of(f, i);
    f->attrs = qir_dict_set(ctx, f->attrs, attr_name(f),
                            qir_attr_strings(ctx, texts, f->body->nargs));
    return true;
}

bool qir_func_set_preprocess(qir_func *f, const char *const *texts, size_t n)
{
    qir_diag_engine *diag = qir_context_diag(f->module->ctx);
    for (size_t i = 0; i < n; i++) {
        const char *how = texts[i], *eq = strchr(how, '=');
        qir_preprocess p;
        uint32_t arg = eq ? find(f, how, (size_t)(eq - how)) : f->body->nargs;
        bool named = arg < f->body->nargs;
        if (!qir_preprocess_parse(diag, named ? eq + 1 : how, &p) ||
            !(named || find_only(f, how, &arg)) || !set(f, arg, &p))
            return false;
    }
    return true;
}
