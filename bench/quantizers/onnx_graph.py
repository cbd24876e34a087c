"""Evaluates a quantized ONNX graph exactly: ONNX Runtime with all optimizations off computes each pair of
QuantizeLinear and DequantizeLinear and the real operators between them as they are written, so no fused
integer kernel that saturates adds error."""
import numpy
import onnx
import onnx.version_converter
import onnxruntime

AROUND = ("QuantizeLinear", "DequantizeLinear", "Identity", "Reshape")  # what may follow the last softmax

OPERATORS = 13  # the operator set that quantizers want at least


def load(path):
    model = onnx.load(path)
    old = model.opset_import[0].version < OPERATORS
    return onnx.version_converter.convert_version(model, OPERATORS) if old else model


def logits(graph):
    """The name of the operand of the final softmax, or None."""
    made = {name: node for node in graph.node for name in node.output}
    node = made.get(graph.output[0].name)
    while node is not None and node.op_type in AROUND:
        node = made.get(node.input[0])
    return node.input[0] if node is not None and node.op_type in ("Softmax", "LogSoftmax") else None


def session(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def feeds(model, samples):
    """Every sample as the only input of the model."""
    one = model.graph.input[0]
    shape = [d.dim_value or 1 for d in one.type.tensor_type.shape.dim]
    return [{one.name: sample.reshape(shape)} for sample in samples]


def evaluate(model, samples):
    inner = logits(model.graph)
    if inner:
        model.graph.output.append(onnx.helper.make_tensor_value_info(inner, onnx.TensorProto.FLOAT, None))
    runs = session(model)
    found = [runs.run(None, feed) for feed in feeds(model, samples)]
    parts = [numpy.stack(part) for part in zip(*found)]
    return parts[0], parts[1] if inner else None
