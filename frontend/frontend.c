/* Chooses the frontend by the content of the file, not by its name. */
#include "formats.h"

#include "bounded/bounded.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "qir/support/file.h"
#include "qir/text.h"

/* Control characters that text does not contain. */
static bool is_binary(const unsigned char *s, size_t len)
{
    for (size_t i = 0; i < len && i < 256; i++)
        if (s[i] < 0x20 && s[i] != '\t' && s[i] != '\n' && s[i] != '\r' && s[i] != '\f')
            return true;
    return false;
}

/* ModelProto has no magic number: a binary file that begins with the tag of one of its fields. */
static bool begins_like_onnx(const unsigned char *s, size_t len)
{
    static const unsigned char tags[] = {0x08, 0x12, 0x1a, 0x22, 0x28, 0x32,
                                         0x3a, 0x42, 0x72, 0xa2, 0xca};
    return len >= 2 && memchr(tags, s[0], sizeof tags) && is_binary(s, len);
}

static bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}

static bool is_zip(const char *path, const unsigned char *s, size_t len)
{
    (void)path;
    return len >= 4 && memcmp(s, "PK\3\4", 4) == 0;
}

static bool is_tflite(const char *path, const unsigned char *s, size_t len)
{
    (void)path;
    return len >= 8 && memcmp(s + 4, "TFL3", 4) == 0;
}

static bool is_onnx(const char *path, const unsigned char *s, size_t len)
{
    (void)path;
    return begins_like_onnx(s, len);
}

/* What no other format claims, unless it cannot be text. */
static bool is_text(const char *path, const unsigned char *s, size_t len)
{
    if (len && s[0] >= 0x80 && s[0] < 0xc0 && is_binary(s, len))
        return false; /* no character begins so; .npy does */
    /* Nothing in the content speaks for text: then the name may say what was meant. */
    if ((len < 2 || (is_binary(s, len) && !memchr(s, '\n', len))) && ends_with(path, ".onnx"))
        return false;
    return !is_binary(s, len) || s[0] == 0 || memchr(s, '\n', len);
}

/* The directory of `path` for external data; -1 if it cannot be opened. */
static int open_directory(qir_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dir = !slash          ? "."
                      : slash == path ? "/"
                                      : qir_arena_strndup(arena, path, (size_t)(slash - path));
    return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static qir_module *import_onnx_file(qir_context *ctx, const char *path, const qir_bytes *bytes,
                                    const qir_import_options *opts)
{
    int dir_fd = strcmp(path, "-") == 0 ? -1 : open_directory(qir_context_arena(ctx), path);
    qir_module *m = qir_import_onnx(ctx, path, bytes->data, bytes->len, dir_fd, opts);
    if (dir_fd >= 0)
        close(dir_fd);
    return m;
}

static qir_module *refuse(qir_context *ctx, const char *path, const char *text)
{
    qir_error(qir_context_diag(ctx), qir_loc_offset(ctx, path, 0), "frontend.format", "%s", text);
    return NULL;
}

bool qir_import_plain(qir_context *ctx, const char *path, const qir_import_options *o)
{
    if (!o || !(o->nbindings || o->nconst_inputs || o->ninputs || o->noutputs || o->ncustom_ops))
        return true;
    refuse(ctx, path,
           "-bind, -const-input, -custom-op, -inputs and -outputs apply to exported models, this is QIR "
           "text");
    return false;
}

static qir_module *parse_text(qir_context *ctx, const char *path, const qir_bytes *bytes,
                              const qir_import_options *opts)
{
    qir_parse_options parse = {.max_source = opts ? opts->max_source : 0,
                               .first_line = 1,
                               .positions = opts && opts->positions};
    if (!qir_import_plain(ctx, path, opts))
        return NULL;
    /* The bytes live as long as the context: later messages can show the line too. */
    qir_diag_add_source(qir_context_diag(ctx), path, (const char *)bytes->data, bytes->len);
    return qir_parse(ctx, path, (const char *)bytes->data, bytes->len, &parse);
}

static qir_module *import_pt2_file(qir_context *ctx, const char *path, const qir_bytes *bytes,
                                   const qir_import_options *opts)
{
    return qir_import_pt2(ctx, path, bytes->data, bytes->len, opts);
}

static qir_module *import_tflite_file(qir_context *ctx, const char *path, const qir_bytes *bytes,
                                      const qir_import_options *opts)
{
    return qir_import_tflite(ctx, path, bytes->data, bytes->len, opts);
}

/* The bytes are in the arena of the context: weights are referenced in place. */
typedef struct format {
    const char *name;
    bool (*detect)(const char *path, const unsigned char *s, size_t len);
    qir_module *(*import)(qir_context *ctx, const char *path, const qir_bytes *bytes,
                          const qir_import_options *opts);
    void (*operators)(qir_supported_fn fn, void *user); /* NULL: none */
} format;

/* In this order: the first that claims the bytes imports them. */
static const format formats[] = {
    {"pt2", is_zip, import_pt2_file, pt2_supported_ops},
    {"tflite", is_tflite, import_tflite_file, tfl_supported_ops},
    {"onnx", is_onnx, import_onnx_file, onnx_supported_ops},
    {"qir", is_text, parse_text, NULL},
};

void qir_supported_ops(qir_supported_fn fn, void *user)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i].operators)
            formats[i].operators(fn, user);
}

/* One import of a file that is read already. */
typedef struct source {
    const format *format;
    const char *path;
    qir_bytes bytes;
} source;

static qir_module *import_source(void *user, qir_context *ctx, const qir_import_options *opts)
{
    const source *s = user;
    return s->format->import(ctx, s->path, &s->bytes, opts);
}

qir_module *qir_import_bytes(qir_context *ctx, const char *path, qir_bytes bytes,
                             const qir_import_options *opts)
{
    source s = {.path = path, .bytes = bytes};
    for (size_t i = 0; i < sizeof formats / sizeof *formats && !s.format; i++)
        if (formats[i].detect(path, s.bytes.data, s.bytes.len))
            s.format = &formats[i];
    if (s.format && bounded_requested(opts))
        return bounded_import(ctx, opts, import_source, &s);
    if (s.format) { /* once: then the bytes need not stay as they are */
        qir_import_options once = opts ? *opts : (qir_import_options){0};
        once.own_bytes = true;
        return import_source(&s, ctx, &once);
    }
    return refuse(ctx, path, "not an ONNX model, and not QIR text");
}

qir_module *qir_import_file(qir_context *ctx, const char *path, const qir_import_options *opts)
{
    size_t limit = opts && opts->max_source ? opts->max_source : (size_t)1 << 30;
    qir_bytes bytes;
    if (!qir_read_file(qir_context_diag(ctx), qir_context_arena(ctx), path, limit, "-fmax-source",
                       &bytes))
        return NULL;
    return qir_import_bytes(ctx, path, bytes, opts);
}
