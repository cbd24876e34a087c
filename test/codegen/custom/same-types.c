// The types in headers of models are those of qir/custom.h.
// REQUIRES: llvm
// RUN: rm -rf %t && mkdir %t && %mkonnx %S/Inputs/swish.txt -o %t/model.onnx
// RUN: qcc -target x86_64 %t/model.onnx -custom-op=com.acme::Swish=acme_swish -custom-op=com.acme::Swish=acme_swish:f32[1x4x3x3],i32[] -o %t/model.o
// RUN: %cc -std=c11 -Wall -Wextra -Werror -fsyntax-only -I %t -I %src/ir/include %s
#include "model.h"
#undef QCC_TENSOR_INFO
#undef QCC_CUSTOM
#define qcc_tensor_info other_tensor_info
#define qcc_attribute other_attribute
#define qcc_custom other_custom
#include <qir/custom.h>
#undef qcc_tensor_info
#undef qcc_attribute
#undef qcc_custom

#define SAME(type, member)                                                                         \
    _Static_assert(offsetof(qcc_##type, member) == offsetof(other_##type, member), #member);        \
    _Static_assert(sizeof(((qcc_##type *)0)->member) == sizeof(((other_##type *)0)->member), #member);

_Static_assert(sizeof(qcc_tensor_info) == sizeof(other_tensor_info), "tensor_info");
_Static_assert(sizeof(qcc_attribute) == sizeof(other_attribute), "attribute");
_Static_assert(sizeof(qcc_custom) == sizeof(other_custom), "custom");
SAME(tensor_info, name) SAME(tensor_info, dtype) SAME(tensor_info, shape) SAME(tensor_info, bytes)
SAME(tensor_info, rank) SAME(tensor_info, scale) SAME(tensor_info, zero_point)
SAME(attribute, name) SAME(attribute, count) SAME(attribute, ints) SAME(attribute, floats)
SAME(attribute, text)
SAME(custom, version) SAME(custom, input_count) SAME(custom, output_count)
SAME(custom, attribute_count) SAME(custom, tensors) SAME(custom, attributes)
