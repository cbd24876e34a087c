/* Members of a PT2 archive: root folder, programs, lists of payloads. */
#include "pt2/archive.h"

#include <stdarg.h>
#include <string.h>

#include "qir/support/suggest.h"

bool pt2_archive_fail(const pt2_archive *a, const char *code, const char *fmt, ...)
{
    qir_strbuf text = {0};
    va_list ap;
    va_start(ap, fmt);
    qir_strbuf_vprintf(&text, fmt, ap);
    va_end(ap);
    qir_error(qir_context_diag(a->ctx), qir_loc_file(a->ctx, a->path, 0, 0), code, "%s",
              qir_strbuf_cstr(&text));
    qir_strbuf_free(&text);
    return false;
}

static bool has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}

/* --- what a zip file may be instead -------------------------------------------------------------- */
#define EXPORT_AGAIN                                                                               \
    "load it with that release and save it with torch 2.9 or later: "                              \
    "torch.export.save(torch.export.load('old.pt2'), 'new.pt2')"

typedef struct lookalike {
    const char *suffix, *code, *text;
} lookalike;
/* In order: an archive with a graph that can be read has been recognised before. */
static const lookalike lookalikes[] = {
    {"serialized_exported_program.json", "pt2.format",
     "written by torch 2.8 or older, with pickled weights, which qcc does not run; " EXPORT_AGAIN},
    {"constants.pkl", "pt2.pickle",
     "a TorchScript archive, which is pickled code; export the model again with torch.export.save("
     "torch.export.export(model.eval(), inputs), 'model.pt2'), models quantized in eager mode with "
     "torch.onnx.export(model, inputs, 'model.onnx', dynamo=False)"},
    {"data.pkl", "pt2.pickle",
     "a pickled checkpoint without a graph, which qcc does not run; load it in Python and save the "
     "model with torch.export.save(torch.export.export(model.eval(), inputs), 'model.pt2')"},
    {".npy", "frontend.format", "an .npz archive holds arrays, not a model"},
};

static bool refuse_other(const pt2_archive *a)
{
    for (size_t k = 0; k < sizeof lookalikes / sizeof *lookalikes; k++)
        for (size_t i = 0; i < qir_zip_count(a->zip); i++)
            if (has_suffix(qir_zip_name(a->zip, i), lookalikes[k].suffix))
                return pt2_archive_fail(a, lookalikes[k].code, "%s", lookalikes[k].text);
    return pt2_archive_fail(a, "pt2.format",
                            "a zip archive, but no exported program: it has no 'archive_format'");
}

/* --- root ------------------------------------------------------------------------------------ */
static bool find_root(pt2_archive *a)
{
    static const char mark[] = "archive_format";
    for (size_t i = 0; i < qir_zip_count(a->zip); i++) {
        const char *name = qir_zip_name(a->zip, i), *slash = strchr(name, '/');
        size_t len = slash ? (size_t)(slash + 1 - name) : 0;
        if (strcmp(name + len, mark) != 0)
            continue;
        if (a->root)
            return pt2_archive_fail(a, "pt2.format", "the archive has two roots");
        a->root = qir_intern(a->ctx, name, len);
    }
    return a->root || refuse_other(a);
}

bool pt2_archive_view(pt2_archive *a, const char *member, qir_bytes *out)
{
    const char *name = qir_arena_printf(a->arena, "%s%s", a->root, member);
    size_t i, len = strlen(name);
    qir_bytes *seen = qir_strmap_get(&a->views, name, len);
    if (!seen) {
        if (!qir_zip_find(a->zip, name, &i))
            return pt2_archive_fail(a, "pt2.member", "the archive has no member '%s'", member);
        seen = QIR_NEW(a->arena, qir_bytes);
        if (!qir_zip_view(a->zip, i, seen))
            return false;
        qir_strmap_put(&a->views, name, len, seen);
    }
    *out = *seen;
    return true;
}

/* A member that holds one word. */
static bool check_word(pt2_archive *a, const char *member, const char *expected, const char *code)
{
    size_t i;
    qir_bytes text;
    if (!qir_zip_find(a->zip, qir_arena_printf(a->arena, "%s%s", a->root, member), &i))
        return true; /* old writers left the others out, their values are these */
    if (!pt2_archive_view(a, member, &text))
        return false;
    size_t len = text.len;
    while (len && (text.data[len - 1] == '\n' || text.data[len - 1] == '\r'))
        len--;
    if (len == strlen(expected) && memcmp(text.data, expected, len) == 0)
        return true;
    return pt2_archive_fail(a, code, "'%s' is '%.*s', expected '%s'", member,
                            (int)(len < 20 ? len : 20), (const char *)text.data, expected);
}

bool pt2_archive_open(pt2_archive *a, qir_context *ctx, qir_arena *arena, const char *path,
                      qir_bytes bytes)
{
    *a = (pt2_archive){.ctx = ctx, .arena = arena, .path = path};
    a->zip = qir_zip_open_bytes(ctx, path, bytes);
    return a->zip && find_root(a) && check_word(a, "archive_format", "pt2", "pt2.format") &&
           check_word(a, "archive_version", "0", "pt2.version") &&
           check_word(a, "byteorder", "little", "pt2.version");
}

void pt2_archive_close(pt2_archive *a)
{
    qir_zip_close(a->zip);
    qir_map_free(&a->weights);
    qir_map_free(&a->constants);
    qir_map_free(&a->views);
}

/* --- programs ---------------------------------------------------------------------------------- */
/* The program that member i holds, or NULL. */
static const char *program_name(const pt2_archive *a, size_t i)
{
    static const char folder[] = "models/", extension[] = ".json";
    const char *name = qir_zip_name(a->zip, i);
    size_t root = strlen(a->root);
    if (strncmp(name, a->root, root) != 0 ||
        strncmp(name + root, folder, strlen(folder)) != 0 || !has_suffix(name, extension))
        return NULL;
    name += root + strlen(folder);
    return qir_arena_strndup(a->arena, name, strlen(name) - strlen(extension));
}

static bool no_program(const pt2_archive *a)
{
    for (size_t i = 0; i < qir_zip_count(a->zip); i++)
        if (strstr(qir_zip_name(a->zip, i), "data/aotinductor/"))
            return pt2_archive_fail(a, "pt2.format",
                                    "an AOTInductor package holds compiled code, no graph; save the "
                                    "exported program with torch.export.save");
    return pt2_archive_fail(a, "pt2.format", "the archive holds no program (models/NAME.json)");
}

bool pt2_archive_choose(pt2_archive *a, const char *wanted, const char **out)
{
    qir_strbuf names = {0};
    size_t n = 0;
    *out = NULL;
    for (size_t i = 0; i < qir_zip_count(a->zip); i++) {
        const char *name = program_name(a, i);
        if (!name)
            continue;
        qir_strbuf_printf(&names, "%s'%s'", n++ ? ", " : "", name);
        if (!wanted || strcmp(name, wanted) == 0)
            *out = name;
    }
    bool ok = n && *out && (wanted || n == 1);
    if (!n)
        no_program(a);
    else if (!*out)
        pt2_archive_fail(a, "pt2.model", "-model=%s: the archive holds %s", wanted,
                         qir_strbuf_cstr(&names));
    else if (!ok)
        pt2_archive_fail(a, "pt2.model", "the archive holds %zu programs: choose one with "
                         "-model=NAME, NAME is one of %s", n, qir_strbuf_cstr(&names));
    qir_strbuf_free(&names);
    return ok;
}

/* --- payloads ------------------------------------------------------------------------------------ */
typedef struct payload_reader {
    pt2_archive *a;
    qir_map *map;
    const char *folder;
} payload_reader;

static bool add_payload(void *user, const char *key, const qir_json *j)
{
    const payload_reader *r = user;
    pt2_payload *p = QIR_NEW(r->a->arena, pt2_payload);
    qir_json path, pickled, meta;
    const char *name;
    if (!qir_json_member(j, "path_name", &path) || !qir_json_string(&path, &name) ||
        !qir_json_optional(j, "use_pickle", &pickled) ||
        (pickled.value && !qir_json_bool(&pickled, &p->pickled)) ||
        !qir_json_optional(j, "tensor_meta", &meta) ||
        (meta.value && !pt2_meta_read(r->a->arena, &meta, &p->meta)))
        return false;
    p->has_meta = meta.value != NULL;
    p->member = qir_arena_printf(r->a->arena, "%s%s", r->folder, name);
    key = qir_intern_cstr(r->a->ctx, key);
    qir_strmap_put(r->map, key, strlen(key), p);
    return true;
}

static bool read_payloads(pt2_archive *a, const char *member, const char *folder, qir_map *map)
{
    payload_reader r = {a, map, folder};
    qir_json_file file;
    qir_json config;
    qir_bytes text;
    if (!pt2_archive_view(a, member, &text) ||
        !qir_json_open(&file, a->ctx, a->path, member, "pt2.schema", text))
        return false;
    qir_json root = qir_json_root(&file);
    bool ok = qir_json_member(&root, "config", &config) && qir_json_each(&config, add_payload, &r);
    qir_json_close(&file);
    return ok;
}

bool pt2_archive_payloads(pt2_archive *a, const char *program)
{
    const char *weights =
        qir_arena_printf(a->arena, "data/weights/%s_weights_config.json", program);
    const char *constants =
        qir_arena_printf(a->arena, "data/constants/%s_constants_config.json", program);
    const char *old = qir_arena_printf(a->arena, "%sdata/weights/%s.pt", a->root, program);
    size_t i;
    if (qir_zip_find(a->zip, old, &i))
        return pt2_archive_fail(a, "pt2.format",
                                "written by torch 2.8, with pickled weights, which qcc does not run; "
                                EXPORT_AGAIN);
    return read_payloads(a, weights, "data/weights/", &a->weights) &&
           read_payloads(a, constants, "data/constants/", &a->constants);
}
