/* The sample stream: binds sources to the arguments of a function and reads one sample of each at a
 * time into buffers that are made once. */
#include "io/samples_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "qir/support/vec.h"

typedef struct input {
    qir_feed feed;
    qir_preprocess pre;
    qir_source *source;
} input;

struct qir_samples {
    qir_context *ctx;
    input *inputs;
    uint32_t ninputs;
    QIR_VEC(qir_zip *) archives;
    QIR_VEC(char *) paths;
    int64_t count;
};

static bool fail(const qir_samples *s, const char *path, const char *code, const char *what)
{
    const qir_loc *loc = path ? qir_loc_file(s->ctx, path, 0, 0) : NULL;
    return qir_error(qir_context_diag(s->ctx), loc, code, "%s", what);
}

/* --- names ------------------------------------------------------------------------------------ */
static const char *argument_name(const qir_func *f, uint32_t i)
{
    if (f->arg_names && f->arg_names[i])
        return f->arg_names[i];
    return f->body->args[i]->name ? f->body->args[i]->name : "?";
}

static input *find(qir_samples *s, const qir_func *f, const char *name, size_t len)
{
    for (uint32_t i = 0; i < s->ninputs; i++) {
        const char *model = s->inputs[i].feed.name, *local = f->body->args[i]->name;
        if (strlen(model) == len && !memcmp(model, name, len))
            return &s->inputs[i];
        if (local && strlen(local) == len && !memcmp(local, name, len))
            return &s->inputs[i];
    }
    return NULL;
}

static void print_names(const qir_samples *s, qir_strbuf *b)
{
    for (uint32_t i = 0; i < s->ninputs; i++)
        qir_strbuf_printf(b, i ? ", '%s'" : "'%s'", s->inputs[i].feed.name);
}

static bool fail_names(const qir_samples *s, const char *path, const char *what)
{
    qir_strbuf names = {0};
    print_names(s, &names);
    qir_error(qir_context_diag(s->ctx), qir_loc_file(s->ctx, path, 0, 0), "samples.input",
              "%s; the inputs are %s", what, qir_strbuf_cstr(&names));
    qir_strbuf_free(&names);
    return false;
}

/* --- binding ---------------------------------------------------------------------------------- */
static bool bind(qir_samples *s, input *in, const char *path)
{
    if (in->source)
        return fail_names(s, path, "an input is given twice");
    in->source = qir_source_open(&in->feed, path);
    return in->source != NULL;
}

static bool is_archive(const char *path)
{
    size_t len = strlen(path);
    return len > 4 && !strcmp(path + len - 4, ".npz");
}

/* `x.npy` holds input x. */
static bool is_member(const char *member, const char *name)
{
    size_t len = name ? strlen(name) : 0;
    return name && !strncmp(member, name, len) && (!member[len] || !strcmp(member + len, ".npy"));
}

static bool bind_member(qir_samples *s, input *in, qir_zip *z, const char *path, const char *local)
{
    bool only = s->ninputs == 1 && qir_zip_count(z) == 1;
    for (size_t i = 0; i < qir_zip_count(z); i++) {
        const char *member = qir_zip_name(z, i);
        if (!only && !is_member(member, in->feed.name) && !is_member(member, local))
            continue;
        in->source = qir_source_open_member(&in->feed, z, i);
        return in->source != NULL;
    }
    return fail_names(s, path, "the archive has no member for every input");
}

static bool bind_archive(qir_samples *s, const qir_func *f, const char *path)
{
    qir_zip *z = qir_zip_open_file(s->ctx, path);
    if (!z)
        return false;
    qir_vec_push(&s->archives, z);
    for (uint32_t i = 0; i < s->ninputs; i++) {
        if (s->inputs[i].source)
            return fail_names(s, path, "an input is given twice");
        if (!bind_member(s, &s->inputs[i], z, path, f->body->args[i]->name))
            return false;
    }
    return true;
}

/* `name=path` where name is an input, else a bare path. */
static bool bind_path(qir_samples *s, const qir_func *f, const char *path)
{
    const char *eq = strchr(path, '=');
    input *in = eq ? find(s, f, path, (size_t)(eq - path)) : NULL;
    if (in)
        return bind(s, in, eq + 1);
    if (eq && access(path, F_OK))
        return fail_names(s, path, "the name before '=' is no input");
    if (is_archive(path))
        return bind_archive(s, f, path);
    if (s->ninputs == 1)
        return bind(s, &s->inputs[0], path);
    return fail_names(s, path, "with several inputs samples are given as NAME=PATH or as one .npz");
}

static bool check_counts(qir_samples *s)
{
    for (uint32_t i = 0; i < s->ninputs; i++) {
        const input *in = &s->inputs[i];
        if (!in->source)
            return qir_error(qir_context_diag(s->ctx), NULL, "samples.input",
                             "no samples for input '%s', give %s=PATH", in->feed.name,
                             in->feed.name);
        int64_t n = qir_source_count(in->source);
        if (i && n != s->count)
            return qir_error(qir_context_diag(s->ctx), NULL, "samples.count",
                             "input '%s' has %lld samples, input '%s' has %lld", in->feed.name,
                             (long long)n, s->inputs[0].feed.name, (long long)s->count);
        s->count = n;
    }
    return true;
}

/* --- opening ---------------------------------------------------------------------------------- */
static bool make_inputs(qir_samples *s, const qir_func *f)
{
    s->ninputs = f->body->nargs;
    s->inputs = calloc(s->ninputs ? s->ninputs : 1, sizeof *s->inputs);
    if (!s->inputs)
        return fail(s, NULL, "samples.memory", "out of memory");
    for (uint32_t i = 0; i < s->ninputs; i++) {
        const qir_type *t = f->body->args[i]->type;
        qir_feed *feed = &s->inputs[i].feed;
        *feed = (qir_feed){.ctx = s->ctx, .name = argument_name(f, i), .type = t};
        if (qir_func_preprocess(f, i, &s->inputs[i].pre))
            feed->pre = &s->inputs[i].pre;
        if (!qir_type_is_static(t))
            return qir_error(qir_context_diag(s->ctx), NULL, "samples.shape",
                             "input '%s' has a dimension that is not known; bind it at import "
                             "(-bind name=value)",
                             feed->name);
        size_t bytes = qir_type_bytes(t);
        feed->data = calloc(bytes ? bytes : 1, 1);
        if (!feed->data)
            return fail(s, NULL, "samples.memory", "out of memory");
    }
    return true;
}

qir_samples *qir_samples_open(qir_func *f, const char *const *paths, size_t npaths)
{
    qir_samples *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->ctx = f->module->ctx;
    bool ok = make_inputs(s, f);
    for (size_t i = 0; ok && i < npaths; i++) {
        char *path = strdup(paths[i]); /* sources keep pointing at it */
        qir_vec_push(&s->paths, path);
        ok = path && bind_path(s, f, path);
    }
    if (!ok || !check_counts(s)) {
        qir_samples_close(s);
        return NULL;
    }
    return s;
}

void qir_samples_close(qir_samples *s)
{
    if (!s)
        return;
    for (uint32_t i = 0; s->inputs && i < s->ninputs; i++) {
        qir_source_close(s->inputs[i].source);
        free(s->inputs[i].feed.data);
    }
    for (size_t i = 0; i < s->archives.len; i++)
        qir_zip_close(s->archives.data[i]);
    for (size_t i = 0; i < s->paths.len; i++)
        free(s->paths.data[i]);
    qir_vec_free(&s->archives);
    qir_vec_free(&s->paths);
    free(s->inputs);
    free(s);
}

int64_t qir_samples_count(const qir_samples *s)
{
    return s->count;
}

bool qir_samples_read(qir_samples *s, int64_t i, qir_tensor *in)
{
    if (i < 0 || i >= s->count)
        return qir_error(qir_context_diag(s->ctx), NULL, "samples.index",
                         "sample %lld of %lld does not exist", (long long)i, (long long)s->count);
    for (uint32_t k = 0; k < s->ninputs; k++) {
        if (!qir_source_read(s->inputs[k].source, &s->inputs[k].feed, i))
            return false;
        in[k] = (qir_tensor){s->inputs[k].feed.type, s->inputs[k].feed.data};
    }
    return true;
}
