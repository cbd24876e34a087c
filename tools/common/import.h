/* How a model is read: options that every tool which imports has. */
#ifndef QCC_TOOLS_IMPORT_H
#define QCC_TOOLS_IMPORT_H

#include "tool.h"
#include "qir/frontend.h"

typedef struct tool_import {
    cl_list bindings, const_inputs, inputs, outputs, params, preprocess, custom_ops;
    const char *model, *compat;
} tool_import;

#define TOOL_IMPORT_OPTIONS(i)                                                                     \
    {"bind", CL_LIST, &(i)->bindings, "NAME=N",                                                    \
     "value of a symbolic dimension; NAME<=N: size given at run time", 0, 0},                      \
    {"const-input", CL_LIST, &(i)->const_inputs, "NAME=FILE",                                      \
     "turn a graph input into a constant (.npy or .pb)", 0, 0},                                    \
    {"custom-op", CL_LIST, &(i)->custom_ops, "OPERATOR=SYMBOL[:TYPE,...]",                         \
     "an operator of the model is a call of this C function of yours (docs/abi.md)", 0, 0},        \
    {"inputs", CL_LIST, &(i)->inputs, "NAME,...",                                                  \
     "cut the model: these tensors become its inputs", 0, 0},                                      \
    {"outputs", CL_LIST, &(i)->outputs, "NAME,...",                                                \
     "cut the model: these tensors or nodes become its outputs", 0, 0},                            \
    {"model", CL_STRING, &(i)->model, "NAME", "which program of a .pt2 archive that holds several",    \
     0, 0},                                                                                        \
    {"preprocess", CL_LIST, &(i)->preprocess, "[INPUT=]HOW",                                       \
     "bytes to reals: raw, or scale=1/255,mean=A:B:C,std=D:E:F; compiled into the model", 0, 0},   \
    {"params", CL_LIST, &(i)->params, "SCOPE=FILE",                                                \
     "read the weights of a params scope from another file", 0, 0},                                \
    {"compat", CL_STRING, &(i)->compat, "NAME",                                                    \
     "arithmetic of another runtime: tflite (integer ops), xnnpack (dynamic products)", 0, 0}

/* The options for qir_import_file; lists live as long as the process. */
qir_import_options tool_import_options(const tool_import *i, const tool_common *common);

/* Applies -params, -compat and -preprocess.  False: diagnosed. */
bool tool_finish_import(qir_module *m, const tool_import *i);

#endif
