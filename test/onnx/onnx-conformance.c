/* Runs the ONNX backend test data through the importer and the reference evaluator.
 *
 *   onnx-conformance EXPECTED DATA SUITE...     check against the list
 *   onnx-conformance -list DATA SUITE...        print the list as it is now
 *
 * A case is DATA/SUITE/test_NAME/{model.onnx, test_data_set_0/{input,output}_I.pb}.  It is tried with
 * all inputs as function arguments ("plain"), and when the import fails, with all inputs but the first
 * turned into constants ("const").  EXPECTED lists the cases that may fail, `SUITE/NAME reason` per
 * line; a listed case that passes is an error.  Every case runs in a process of its own.
 *
 * REQUIRES: onnx-testdata
 * RUN: onnx-conformance %src/test/onnx/expected.txt %onnx_data node pytorch-converted pytorch-operator simple | FileCheck %s
 * RUN: echo "simple/sign_model x" > %t && not onnx-conformance %t %onnx_data simple | FileCheck --check-prefix=UNLISTED %s
 * RUN: echo "simple/single_relu_model x" > %t && not onnx-conformance %t %onnx_data simple | FileCheck --check-prefix=PASSES %s
 *
 * CHECK: node: {{[34][0-9][0-9]}} passed ({{[0-9]+}} plain, {{[0-9]+}} with constant inputs), {{[0-9]+}} expected failures, 0 unexpected
 * CHECK-NEXT: pytorch-converted: {{7[5-9]|8[0-2]}} passed {{.*}} 0 unexpected
 * CHECK-NEXT: pytorch-operator: {{2[1-9]|3[0-5]}} passed {{.*}} 0 unexpected
 * CHECK-NEXT: simple: {{.*}} 0 unexpected
 * UNLISTED: FAIL: simple/shrink: {{.*}}Shrink opset 10
 * PASSES: UNEXPECTED PASS: simple/single_relu_model: 
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/pb.h"
#include "qir/eval.h"
#include "qir/frontend.h"
#include "qir/samples.h"
#include "qir/support/file.h"
#include "qir/support/map.h"

enum { MAX_TENSORS = 64, PASS_PLAIN = 10, PASS_CONST = 11, FAIL = 12, TIMEOUT_S = 120 };

typedef struct test_case {
    qir_context *ctx;
    const char *dir;
    qir_strbuf messages;
    unsigned ninputs, noutputs;
    qir_tensor inputs[MAX_TENSORS], outputs[MAX_TENSORS];
} test_case;

static void on_message(void *user, const qir_diag *d)
{
    test_case *t = user;
    if (d->severity == QIR_ERROR && !t->messages.len)
        qir_strbuf_printf(&t->messages, "%s [%s]", d->text, d->code ? d->code : "");
    else if (d->severity == QIR_NOTE)
        qir_strbuf_printf(&t->messages, "; %s", d->text);
}

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* Loads kind_0.pb, kind_1.pb, ... */
static bool load_tensors(test_case *t, const char *kind, qir_tensor *out, unsigned *n)
{
    qir_arena *arena = qir_context_arena(t->ctx);
    for (*n = 0; *n < MAX_TENSORS; ++*n) {
        char *path = qir_arena_printf(arena, "%s/test_data_set_0/%s_%u.pb", t->dir, kind, *n);
        qir_bytes bytes;
        if (!exists(path))
            return true;
        if (!qir_read_file(qir_context_diag(t->ctx), arena, path, (size_t)1 << 30, "", &bytes) ||
            !qir_tensorproto_read(t->ctx, arena, path, bytes.data, bytes.len, &out[*n]))
            return false;
    }
    return true;
}

/* --- comparison ------------------------------------------------------------------------------- */

static double element(const qir_tensor *t, int64_t i)
{
    if (t->type->dtype == QIR_f64)
        return ((const double *)t->data)[i];
    return (double)((const float *)t->data)[i];
}

static bool close_enough(double got, double want)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want);
    return got == want || fabs(got - want) <= 1e-7 + 1e-3 * fabs(want);
}

static bool equal_tensors(test_case *t, unsigned index, const qir_tensor *got,
                          const qir_tensor *want)
{
    qir_dtype dtype = want->type->dtype;
    if (got->type != want->type) {
        qir_strbuf_printf(&t->messages, "result %u has type %s, expected %s", index,
                          qir_type_text(t->ctx, got->type), qir_type_text(t->ctx, want->type));
        return false;
    }
    if (dtype != QIR_f32 && dtype != QIR_f64) {
        if (memcmp(got->data, want->data, qir_type_bytes(want->type)) == 0)
            return true;
        qir_strbuf_printf(&t->messages, "result %u differs", index);
        return false;
    }
    for (int64_t i = 0; i < qir_type_elements(want->type); i++)
        if (!close_enough(element(got, i), element(want, i))) {
            qir_strbuf_printf(&t->messages, "result %u element %lld is %.9g, expected %.9g", index,
                              (long long)i, element(got, i), element(want, i));
            return false;
        }
    return true;
}

/* --- graph inputs --------------------------------------------------------------------------------- */

enum { MODEL_GRAPH = 7, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, VALUE_NAME = 1, TENSOR_NAME = 8 };

/* The string in field `number` of the message in `f`, interned. */
static const char *string_in(qir_context *ctx, const qir_pb *r, const qir_pb_field *f,
                             uint32_t number)
{
    qir_pb child;
    qir_pb_field g;
    const char *s, *name = "";
    size_t len;
    if (qir_pb_enter(r, f, &child))
        while (qir_pb_next(&child, &g))
            if (g.number == number && qir_pb_bytes(&child, &g, &s, &len))
                name = qir_intern(ctx, s, len);
    return name;
}

/* Names of the graph inputs that have no initializer, in order.  Read from the bytes, because the
 * import may be what failed. */
static unsigned input_names(test_case *t, const char *path, const char **names)
{
    qir_pb_file file;
    qir_pb_field f;
    qir_pb model, graph;
    qir_bytes bytes;
    qir_map initializers = {0};
    unsigned n = 0, kept = 0;
    if (!qir_read_file(qir_context_diag(t->ctx), qir_context_arena(t->ctx), path, (size_t)1 << 30,
                       "", &bytes))
        return 0;
    model = qir_pb_open(&file, t->ctx, path, bytes.data, bytes.len);
    while (qir_pb_next(&model, &f)) {
        if (f.number != MODEL_GRAPH || !qir_pb_enter(&model, &f, &graph))
            continue;
        for (qir_pb_field g; qir_pb_next(&graph, &g);) {
            if (g.number == GRAPH_INPUT && n < MAX_TENSORS)
                names[n++] = string_in(t->ctx, &graph, &g, VALUE_NAME);
            if (g.number == GRAPH_INITIALIZER)
                qir_map_put(&initializers, string_in(t->ctx, &graph, &g, TENSOR_NAME), t);
        }
    }
    for (unsigned i = 0; i < n; i++)
        if (!qir_map_has(&initializers, names[i]))
            names[kept++] = names[i];
    qir_map_free(&initializers);
    return kept;
}

/* --- one case ---------------------------------------------------------------------------------- */

static bool has_argument_types(test_case *t, const qir_func *f)
{
    for (uint32_t i = 0; i < f->body->nargs; i++)
        if (i >= t->ninputs || t->inputs[i].type != f->body->args[i]->type) {
            qir_strbuf_printf(&t->messages, "argument %u has another type than its data", i);
            return false;
        }
    return true;
}

/* Arguments are the first inputs: all of them, or only input 0. */
static bool evaluate(test_case *t, qir_func *f)
{
    qir_tensor out[MAX_TENSORS];
    qir_evaluator *e = qir_evaluator_create(f, NULL);
    bool ok = f->nresults <= MAX_TENSORS && has_argument_types(t, f) &&
              qir_evaluator_run(e, t->inputs, out);
    if (ok && f->nresults != t->noutputs) {
        qir_strbuf_printf(&t->messages, "%u results, expected %u", f->nresults, t->noutputs);
        ok = false;
    }
    for (uint32_t i = 0; ok && i < f->nresults; i++)
        ok = equal_tensors(t, i, &out[i], &t->outputs[i]);
    qir_evaluator_destroy(e);
    return ok;
}

static bool attempt(test_case *t, const char *model, const qir_import_options *opts)
{
    qir_module *m = qir_import_file(t->ctx, model, opts);
    bool ok = m && evaluate(t, qir_module_main(m));
    qir_module_destroy(m);
    return ok;
}

static bool attempt_const(test_case *t, const char *model)
{
    qir_arena *arena = qir_context_arena(t->ctx);
    const char *names[MAX_TENSORS], *list[MAX_TENSORS];
    unsigned n = input_names(t, model, names);
    for (unsigned i = 1; i < n; i++)
        list[i - 1] =
            qir_arena_printf(arena, "%s=%s/test_data_set_0/input_%u.pb", names[i], t->dir, i);
    return n > 1 &&
           attempt(t, model, &(qir_import_options){.const_inputs = list, .nconst_inputs = n - 1});
}

static int run_case(const char *dir, int message_fd)
{
    test_case t = {.ctx = qir_context_create(NULL, NULL), .dir = dir};
    char *model = qir_arena_printf(qir_context_arena(t.ctx), "%s/model.onnx", dir);
    int result = FAIL;
    qir_diag_set_handler(qir_context_diag(t.ctx), on_message, &t);
    if (load_tensors(&t, "input", t.inputs, &t.ninputs) &&
        load_tensors(&t, "output", t.outputs, &t.noutputs)) {
        if (attempt(&t, model, NULL))
            result = PASS_PLAIN;
        else if (attempt_const(&t, model))
            result = PASS_CONST;
    }
    if (t.messages.len && write(message_fd, t.messages.data, t.messages.len) < 0)
        result = FAIL;
    return result;
}

/* In a child process; the message of a failure into `message`. */
static int run_isolated(const char *dir, char *message, size_t size)
{
    int fds[2], status = 0;
    ssize_t n = 0, got = 0;
    if (pipe(fds) != 0)
        return FAIL;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        alarm(TIMEOUT_S);
        _exit(run_case(dir, fds[1]));
    }
    close(fds[1]);
    while ((size_t)got + 1 < size && (n = read(fds[0], message + got, size - 1 - (size_t)got)) > 0)
        got += n;
    message[got] = 0;
    close(fds[0]);
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) >= PASS_PLAIN)
        return WEXITSTATUS(status);
    snprintf(message, size, "crashed or ran out of time (status %d)", status);
    return -1;
}

/* --- all cases ---------------------------------------------------------------------------------- */

typedef struct totals {
    unsigned plain, constant, expected, unexpected;
} totals;

static int only_tests(const struct dirent *d)
{
    return strncmp(d->d_name, "test_", 5) == 0;
}

/* `expected` NULL: print the list. */
static void report(const char *suite, const char *name, int result, const char *message,
                   const qir_map *expected, totals *sum)
{
    char key[512];
    int len = snprintf(key, sizeof key, "%s/%s", suite, name);
    bool passed = result == PASS_PLAIN || result == PASS_CONST;
    bool listed = expected && qir_strmap_has(expected, key, (size_t)len);
    sum->plain += result == PASS_PLAIN;
    sum->constant += result == PASS_CONST;
    if (!expected && !passed)
        printf("%s %s\n", key, message);
    if (expected && passed == listed) {
        sum->unexpected++;
        printf("%s: %s: %s\n", passed ? "UNEXPECTED PASS" : "FAIL", key, passed ? "" : message);
    } else if (result == -1) { /* a crash is never expected */
        sum->unexpected++;
        printf("CRASH: %s: %s\n", key, message);
    } else {
        sum->expected += !passed;
    }
}

static void run_suite(const char *data, const char *suite, const qir_map *expected, totals *sum)
{
    char dir[4096], message[1024];
    struct dirent **entries;
    snprintf(dir, sizeof dir, "%s/%s", data, suite);
    int n = scandir(dir, &entries, only_tests, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(dir, sizeof dir, "%s/%s/%s", data, suite, entries[i]->d_name);
        int result = run_isolated(dir, message, sizeof message);
        report(suite, entries[i]->d_name + 5, result, message, expected, sum);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    if (expected)
        printf("%s: %u passed (%u plain, %u with constant inputs), %u expected failures, %u "
               "unexpected\n",
               suite, sum->plain + sum->constant, sum->plain, sum->constant, sum->expected,
               sum->unexpected);
}

/* Lines `SUITE/NAME reason`; '#' starts a comment. */
static bool read_expected(qir_arena *arena, const char *path, qir_map *out)
{
    qir_diag_engine *diag = qir_diag_engine_create();
    qir_bytes bytes;
    bool ok = qir_read_file(diag, arena, path, 1 << 24, "", &bytes);
    const char *p = ok ? (const char *)bytes.data : "";
    while (*p) {
        size_t line = strcspn(p, "\n"), name = strcspn(p, " \n");
        if (name && *p != '#')
            qir_strmap_put(out, p, name, arena);
        p += line + (p[line] == '\n');
    }
    qir_diag_engine_destroy(diag);
    return ok;
}

int main(int argc, char **argv)
{
    qir_map expected = {0};
    qir_arena *arena = qir_arena_create(NULL, NULL);
    if (argc < 4) {
        fprintf(stderr, "usage: onnx-conformance (EXPECTED | -list) DATA SUITE...\n");
        return 2;
    }
    bool list = strcmp(argv[1], "-list") == 0;
    if (!list && !read_expected(arena, argv[1], &expected))
        return 1;
    unsigned unexpected = 0;
    for (int i = 3; i < argc; i++) {
        totals sum = {0};
        run_suite(argv[2], argv[i], list ? NULL : &expected, &sum);
        unexpected += sum.unexpected;
    }
    qir_map_free(&expected);
    qir_arena_destroy(arena);
    return unexpected ? 1 : 0;
}
