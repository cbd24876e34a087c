/* PNG by libpng's simplified interface, JPEG by libjpeg with an error handler that jumps back,
 * PPM/PGM (P5, P6) by hand.  Grey from colour: (299 R + 587 G + 114 B + 500) / 1000, in PPM here;
 * the libraries use their own conversion. */
#include "io/image.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <jpeglib.h>
#include <png.h>

typedef struct job {
    qir_context *ctx;
    const char *path;
    const unsigned char *data;
    size_t len;
    qir_image *want;
} job;

static bool fail(const job *j, const char *what)
{
    return qir_error(qir_context_diag(j->ctx), qir_loc_file(j->ctx, j->path, 0, 0), "image.read",
                     "%s", what);
}

static bool check_size(const job *j, int64_t height, int64_t width)
{
    if (height == j->want->height && width == j->want->width)
        return true;
    return qir_error(
        qir_context_diag(j->ctx), qir_loc_file(j->ctx, j->path, 0, 0), "image.size",
        "the image is %lld x %lld pixels (height x width), the input takes %lld x %lld; "
        "resize it first",
        (long long)height, (long long)width, (long long)j->want->height, (long long)j->want->width);
}

/* --- PNG -------------------------------------------------------------------------------------- */
static bool decode_png(const job *j)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, j->data, j->len))
        return fail(j, image.message);
    bool ok = check_size(j, image.height, image.width);
    if (ok) {
        image.format = j->want->channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
        png_color black = {0, 0, 0};
        ok =
            png_image_finish_read(&image, &black, j->want->data, 0, NULL) || fail(j, image.message);
    }
    png_image_free(&image);
    return ok;
}

/* --- JPEG ------------------------------------------------------------------------------------- */
typedef struct jpeg_job {
    struct jpeg_error_mgr errors; /* first: libjpeg hands out its address */
    jmp_buf back;
    char text[JMSG_LENGTH_MAX];
} jpeg_job;

static void jpeg_failed(j_common_ptr info)
{
    jpeg_job *e = (jpeg_job *)info->err;
    info->err->format_message(info, e->text);
    longjmp(e->back, 1);
}

/* Warnings mean that pixels were made up (a file cut short, bad codes): an error here. */
static void jpeg_message(j_common_ptr info, int level)
{
    if (level < 0)
        jpeg_failed(info);
}

static void jpeg_rows(const job *j, struct jpeg_decompress_struct *info)
{
    jpeg_start_decompress(info);
    size_t stride = (size_t)(j->want->width * j->want->channels);
    while (info->output_scanline < info->output_height) {
        JSAMPROW row = j->want->data + info->output_scanline * stride;
        jpeg_read_scanlines(info, &row, 1);
    }
    jpeg_finish_decompress(info);
}

static bool decode_jpeg(const job *j)
{
    struct jpeg_decompress_struct info;
    jpeg_job e;
    info.err = jpeg_std_error(&e.errors);
    e.errors.error_exit = jpeg_failed;
    e.errors.emit_message = jpeg_message;
    e.text[0] = 0;
    if (setjmp(e.back)) {
        jpeg_destroy_decompress(&info);
        return fail(j, e.text);
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, j->data, j->len);
    jpeg_read_header(&info, TRUE);
    info.out_color_space = j->want->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    info.dct_method = JDCT_ISLOW;
    bool ok = check_size(j, info.image_height, info.image_width);
    if (ok)
        jpeg_rows(j, &info);
    jpeg_destroy_decompress(&info);
    return ok;
}

/* --- PPM, PGM --------------------------------------------------------------------------------- */
/* One number of the header; comments run from '#' to the end of the line. */
static bool ppm_number(const job *j, size_t *at, int64_t *out)
{
    while (*at < j->len && (isspace(j->data[*at]) || j->data[*at] == '#')) {
        if (j->data[*at] == '#')
            while (*at < j->len && j->data[*at] != '\n')
                ++*at;
        else
            ++*at;
    }
    int64_t v = 0;
    size_t first = *at;
    for (; *at < j->len && isdigit(j->data[*at]) && v < 1000000; ++*at)
        v = v * 10 + (j->data[*at] - '0');
    *out = v;
    return *at > first && *at < j->len;
}

static unsigned char grey(const unsigned char *p)
{
    return (unsigned char)((299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000);
}

static void ppm_pixels(const job *j, const unsigned char *src, int64_t have)
{
    int64_t n = j->want->height * j->want->width, want = j->want->channels;
    unsigned char *dst = j->want->data;
    for (int64_t i = 0; i < n; i++, src += have, dst += want) {
        if (have == want)
            memcpy(dst, src, (size_t)have);
        else if (want == 1)
            dst[0] = grey(src);
        else
            dst[0] = dst[1] = dst[2] = src[0];
    }
}

static bool decode_ppm(const job *j)
{
    int64_t have = j->data[1] == '6' ? 3 : 1, width, height, most;
    size_t at = 2;
    if (!ppm_number(j, &at, &width) || !ppm_number(j, &at, &height) || !ppm_number(j, &at, &most))
        return fail(j, "bad PPM header, expected width, height and the largest value");
    if (most != 255)
        return fail(j, "only PPM and PGM files with a largest value of 255 are supported");
    if (!check_size(j, height, width))
        return false;
    if (j->len - (at + 1) < (size_t)(height * width * have))
        return fail(j, "the PPM file is too short for its size");
    ppm_pixels(j, j->data + at + 1, have);
    return true;
}

/* --- by format -------------------------------------------------------------------------------- */
static const struct {
    const char *magic;
    size_t len;
    bool (*decode)(const job *j);
} formats[] = {{"\x89PNG\r\n\x1a\n", 8, decode_png},
               {"\xff\xd8\xff", 3, decode_jpeg},
               {"P5", 2, decode_ppm},
               {"P6", 2, decode_ppm}};
enum { NFORMATS = sizeof formats / sizeof *formats };

static int format_of(const unsigned char *data, size_t len)
{
    int i = 0;
    while (i < NFORMATS && (len < formats[i].len || memcmp(data, formats[i].magic, formats[i].len)))
        i++;
    return i;
}

bool qir_image_known(const unsigned char *data, size_t len)
{
    return format_of(data, len) < NFORMATS;
}

bool qir_image_decode(qir_context *ctx, qir_arena *arena, const char *path,
                      const unsigned char *data, size_t len, qir_image *want)
{
    job j = {ctx, path, data, len, want};
    int format = format_of(data, len);
    if (format == NFORMATS)
        return fail(&j, "not a PNG, JPEG, PPM or PGM image");
    want->data =
        qir_arena_array(arena, (size_t)(want->height * want->width), (size_t)want->channels);
    return formats[format].decode(&j);
}
