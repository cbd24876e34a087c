/* What one row of the generated table says (engine/code.c writes it). */
#ifndef QCC_DIFFER_CASE_H
#define QCC_DIFFER_CASE_H

#include <stddef.h>
#include <stdint.h>

/* As in every generated header (codegen/header.c). */
typedef struct tensor_info {
    char name[64];
    char dtype[8];
    int64_t shape[8];
    uint64_t bytes;
    uint32_t rank;
    float scale;
    int32_t zero_point;
    uint32_t reserved;
} tensor_info;

typedef int run_fn(const void *inputs, const void *outputs, void *scratch, size_t bytes);
typedef int run_at_fn(int level, const void *inputs, const void *outputs, void *scratch, size_t bytes);

typedef struct model_info {
    uint32_t version, input_count, output_count, scratch_align;
    uint64_t scratch_bytes;
    char name[64];
    char levels[64];
    const tensor_info *tensors;
    run_fn *run;
    run_at_fn *run_at;
} model_info;

struct test_case {
    const char *name;
    uint64_t levels; /* of the object; it is run at each */
    const model_info *info;
    const uint8_t *in, *want; /* all inputs, all results, one after the other */
};

extern const struct test_case cases[];
extern const uint64_t case_count;

#endif
