/* Constants, one behind another: see image.h. */
#include "image.h"

#include "qir/support/arena.h"
#include "qir/support/vec.h"

typedef struct chunk {
    const void *data;
    size_t at, bytes;
} chunk;

struct qcg_image {
    qir_arena *arena;
    QIR_VEC(chunk) chunks;
    qir_map known; /* bytes -> its number, from 1 on */
    size_t start, bytes;
};

qcg_image *qcg_image_create(qir_arena *arena, size_t start)
{
    qcg_image *image = QIR_NEW(arena, qcg_image);
    *image = (qcg_image){.arena = arena, .start = start, .bytes = start};
    return image;
}

/* Constants are not freed while code is generated, but kernels' own tables may be: a copy is kept. */
size_t qcg_image_place(qcg_image *image, const void *data, size_t bytes, unsigned align)
{
    size_t number = (size_t)(uintptr_t)qir_strmap_get(&image->known, data, bytes);
    if (number && image->chunks.data[number - 1].at % align == 0)
        return image->chunks.data[number - 1].at;
    size_t at = (image->bytes + align - 1) / align * align;
    chunk c = {qir_arena_copy(image->arena, data, bytes), at, bytes};
    qir_vec_push(&image->chunks, c);
    qir_strmap_put(&image->known, c.data, bytes, (void *)(uintptr_t)image->chunks.len);
    image->bytes = at + bytes;
    return at;
}

size_t qcg_image_bytes(const qcg_image *image)
{
    return image->bytes;
}

void qcg_image_put(const qcg_image *image, void (*put)(void *user, const void *data, size_t bytes), void *user)
{
    static const char zeros[4096];
    size_t at = image->start;
    for (size_t i = 0; i < image->chunks.len; i++) {
        const chunk *c = &image->chunks.data[i];
        if (c->at > at)
            put(user, zeros, c->at - at);
        put(user, c->data, c->bytes);
        at = c->at + c->bytes;
    }
}
