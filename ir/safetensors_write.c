/* Writing safetensors files: the header's length, a JSON header padded so that the data is aligned to
 * 64 bytes, the data. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "qir/params.h"
#include "qir/support/checked.h"
#include "safetensors.h"

static size_t tensor_bytes(const qir_safetensor *t)
{
    size_t bytes = qir_dtype_bytes(t->dtype);
    for (unsigned i = 0; i < t->rank; i++)
        bytes *= (size_t)t->dims[i];
    return bytes;
}

static json_t *entry_of(const qir_safetensor *t, size_t begin, size_t end)
{
    json_t *shape = json_array();
    for (unsigned i = 0; i < t->rank; i++)
        json_array_append_new(shape, json_integer(t->dims[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", st_dtype_name(t->dtype), "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)end);
}

bool qir_safetensors_write(qir_diag_engine *diag, const qir_safetensor *tensors, size_t n,
                           qir_strbuf *out)
{
    json_t *root = json_object();
    size_t at = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        size_t end = at + tensor_bytes(&tensors[i]);
        if (json_object_set_new(root, tensors[i].key, entry_of(&tensors[i], at, end)))
            ok = qir_error(diag, NULL, "st.key", "tensor name '%.80s' is not valid UTF-8",
                           tensors[i].key);
        at = end;
    }
    char *text = ok ? json_dumps(root, JSON_COMPACT) : NULL;
    size_t len = text ? strlen(text) : 0, padded = 0;
    qir_align_up(len + 8, 64, &padded);
    for (int i = 0; text && i < 8; i++)
        qir_strbuf_putc(out, (char)((padded - 8) >> (8 * i) & 255));
    qir_strbuf_write(out, text ? text : "", len);
    for (size_t i = len + 8; text && i < padded; i++)
        qir_strbuf_putc(out, ' ');
    for (size_t i = 0; text && i < n; i++)
        qir_strbuf_write(out, tensors[i].data, tensor_bytes(&tensors[i]));
    free(text);
    json_decref(root);
    return ok;
}
