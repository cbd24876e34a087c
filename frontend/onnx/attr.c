/* Decodes AttributeProto: one payload, checked against the declared type. */
#include "onnx/model.h"

enum { /* field numbers of AttributeProto */
       A_NAME = 1,
       A_F = 2,
       A_I = 3,
       A_S = 4,
       A_T = 5,
       A_G = 6,
       A_FLOATS = 7,
       A_INTS = 8,
       A_STRINGS = 9,
       A_TENSORS = 10,
       A_GRAPHS = 11,
       A_TYPE = 20,
       A_REF = 21,
       A_SPARSE = 22,
       A_SPARSES = 23
};

/* The type that a payload field stands for; NONE for fields that are no payload. */
static onnx_attr_type payload_type(uint32_t field)
{
    static const unsigned char types[] = {
        [A_F] = ONNX_ATTR_FLOAT,       [A_I] = ONNX_ATTR_INT,
        [A_S] = ONNX_ATTR_STRING,      [A_T] = ONNX_ATTR_TENSOR,
        [A_G] = ONNX_ATTR_GRAPH,       [A_FLOATS] = ONNX_ATTR_FLOATS,
        [A_INTS] = ONNX_ATTR_INTS,     [A_STRINGS] = ONNX_ATTR_STRINGS,
        [A_TENSORS] = ONNX_ATTR_OTHER, [A_GRAPHS] = ONNX_ATTR_OTHER,
        [A_SPARSE] = ONNX_ATTR_OTHER,  [A_SPARSES] = ONNX_ATTR_OTHER,
    };
    return field < sizeof types ? (onnx_attr_type)types[field] : ONNX_ATTR_NONE;
}

static bool is_list(onnx_attr_type t)
{
    return t == ONNX_ATTR_INTS || t == ONNX_ATTR_FLOATS || t == ONNX_ATTR_STRINGS;
}

typedef struct attr_reader {
    qir_arena *arena;
    qir_pb message;
    onnx_attr *attr;
    onnx_attr_type payload;
} attr_reader;

static bool fail(const attr_reader *a, const char *text)
{
    return qir_pb_fail(a->message.file, a->message.start, "onnx.attr", "attribute '%s': %s",
                       a->attr->name, text);
}

static bool read_tensor(attr_reader *a, const qir_pb *r, const qir_pb_field *f)
{
    qir_pb child;
    qir_tensorproto *t = QIR_NEW(a->arena, qir_tensorproto);
    a->attr->t = t;
    return qir_pb_enter(r, f, &child) && qir_tensorproto_parse(&child, t);
}

static bool read_graph(attr_reader *a, const qir_pb *r, const qir_pb_field *f)
{
    qir_pb child;
    a->attr->g = QIR_NEW(a->arena, onnx_graph);
    return qir_pb_enter(r, f, &child) && onnx_graph_read(a->arena, &child, a->attr->g);
}

/* First pass: everything but lists, which are only counted. */
static bool read_field(attr_reader *a, const qir_pb *r, const qir_pb_field *f)
{
    onnx_attr *attr = a->attr;
    int64_t type;
    onnx_attr_type payload = payload_type(f->number);
    if (payload != ONNX_ATTR_NONE) {
        if (a->payload != ONNX_ATTR_NONE && a->payload != payload)
            return fail(a, "several payloads");
        a->payload = payload;
    }
    switch (f->number) {
    case A_NAME: return onnx_read_name(r, f, &attr->name);
    case A_F: return qir_pb_float(r, f, &attr->f);
    case A_I: return qir_pb_int(r, f, &attr->i);
    case A_S: return onnx_read_name(r, f, &attr->s);
    case A_T: return read_tensor(a, r, f);
    case A_G: return read_graph(a, r, f);
    case A_INTS: return qir_pb_ints(r, f, NULL, 0, &attr->n);
    case A_FLOATS: return qir_pb_floats(r, f, NULL, 0, &attr->n);
    case A_STRINGS: attr->n++; return true;
    case A_TYPE:
        if (!qir_pb_int(r, f, &type))
            return false;
        attr->type = type < 0 || type >= ONNX_ATTR_OTHER ? ONNX_ATTR_OTHER : (onnx_attr_type)type;
        return true;
    case A_REF: return onnx_read_name(r, f, &attr->ref);
    }
    return true;
}

/* Second pass: the lists, now that their length is known. */
static bool read_lists(attr_reader *a)
{
    onnx_attr *attr = a->attr;
    size_t n = 0;
    int64_t *ints = QIR_NEW_ARRAY(a->arena, int64_t, attr->n);
    float *floats = QIR_NEW_ARRAY(a->arena, float, attr->n);
    qir_pb r = a->message;
    qir_pb_field f;
    attr->ints = ints;
    attr->floats = floats;
    attr->strings =
        QIR_NEW_ARRAY(a->arena, const char *, attr->type == ONNX_ATTR_STRINGS ? attr->n : 0);
    while (qir_pb_next(&r, &f)) {
        if (f.number == A_INTS && !qir_pb_ints(&r, &f, ints, attr->n, &n))
            return false;
        if (f.number == A_STRINGS && !onnx_read_name(&r, &f, &attr->strings[n++]))
            return false;
        if (f.number == A_FLOATS && !qir_pb_floats(&r, &f, floats, attr->n, &n))
            return false;
    }
    return !r.file->failed;
}

/* Old exporters leave the type out: then the payload decides.  An empty list has no payload. */
static bool check_type(attr_reader *a)
{
    onnx_attr *attr = a->attr;
    if (attr->type == ONNX_ATTR_NONE)
        attr->type = a->payload;
    if (a->payload != ONNX_ATTR_NONE && a->payload != attr->type && attr->type != ONNX_ATTR_OTHER)
        return fail(a, "payload differs from the declared type");
    if (attr->ref)
        return a->payload == ONNX_ATTR_NONE || fail(a, "a reference has no value of its own");
    if (attr->type == ONNX_ATTR_TENSOR && !attr->t)
        return fail(a, "no tensor");
    if (attr->type == ONNX_ATTR_GRAPH && !attr->g)
        return fail(a, "no graph");
    if (attr->n > ONNX_MAX_LIST)
        return fail(a, "list has more than 2^20 entries");
    return true;
}

bool onnx_attr_read(qir_arena *arena, const qir_pb *message, onnx_attr *out)
{
    *out = (onnx_attr){.name = "", .s = "", .offset = message->start};
    attr_reader a = {.arena = arena, .message = *message, .attr = out};
    qir_pb r = *message;
    qir_pb_field f;
    while (qir_pb_next(&r, &f))
        if (!read_field(&a, &r, &f))
            return false;
    if (r.file->failed || !check_type(&a))
        return false;
    return !is_list(out->type) || read_lists(&a);
}
