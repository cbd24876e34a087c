/* Programs of torch.export: whole archives as they come, and (what does not begin like a zip file) the
 * text of a program, put into an archive whose checksums are right. */
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "fuzz.h"
#include "qir/frontend.h"

#define TENSOR(dtype)                                                                              \
    "{\"dtype\":" dtype ",\"sizes\":[{\"as_int\":2},{\"as_int\":2}],\"strides\":[{\"as_int\":2},"     \
    "{\"as_int\":1}],\"storage_offset\":{\"as_int\":0},\"layout\":7}"
static const char weights[] = "{\"config\":{\"w\":{\"path_name\":\"weight_0\",\"tensor_meta\":" TENSOR(
    "7") "},\"codes\":{\"path_name\":\"weight_0\",\"tensor_meta\":" TENSOR("2") "}}}";

static void add(zip_t *z, const char *name, const void *data, size_t size)
{
    zip_int64_t i = zip_file_add(z, name, zip_source_buffer(z, data, size, 0), 0);
    zip_set_file_compression(z, (zip_uint64_t)i, ZIP_CM_STORE, 0);
}

/* The archive in memory of its own; the caller frees it. */
static void *wrap(const uint8_t *data, size_t size, size_t *len)
{
    zip_error_t error;
    zip_stat_t st;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_source_keep(source);
    zip_t *z = zip_open_from_source(source, ZIP_TRUNCATE, &error);
    add(z, "a/archive_format", "pt2", 3);
    add(z, "a/models/m.json", data, size);
    add(z, "a/data/weights/weight_0", "\1\2\3\4\0\0\200\77\0\0\0\100\0\0\0\0", 16);
    add(z, "a/data/weights/m_weights_config.json", weights, strlen(weights));
    add(z, "a/data/constants/m_constants_config.json", "{\"config\":{}}", 13);
    zip_close(z);
    zip_source_stat(source, &st);
    void *bytes = malloc(st.size);
    zip_source_open(source);
    *len = (size_t)zip_source_read(source, bytes, st.size);
    zip_source_close(source);
    zip_source_free(source);
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const bindings[] = {"x.0=2", "x.1=2", "s0=2", "s9=2"};
    const qir_import_options opts = {.bindings = bindings, .nbindings = 4};
    size_t len = size;
    void *made = size && data[0] == 'P' ? NULL : wrap(data, size, &len);
    qir_context *ctx = quiet_context();
    qir_module *m = qir_import_pt2(ctx, "fuzz.pt2", made ? made : data, len, &opts);
    qir_module_destroy(m);
    qir_context_destroy(ctx);
    free(made);
    return 0;
}
