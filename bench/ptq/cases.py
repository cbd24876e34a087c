"""The labelled models of the folder QCC_MODELS: files in the formats that there are, samples, labels.  The first
samples calibrate, the others score."""
import array
import os
from dataclasses import dataclass
from functools import partial

import samples

UNSEEN = 8000  # the models of pt2/ were trained on the digits before


@dataclass
class Case:
    """`files`: by format, the first is what qcc reads.  `data`: gives (floats, shape, labels)."""
    name: str
    files: dict
    data: object

    def file(self, models, kind):
        return os.path.join(models, self.files[kind]) if kind in self.files else None

    def is_there(self, models):
        return all(os.path.exists(self.file(models, kind)) for kind in self.files)


def mnist(models, scale=1 / 255, mean=0.0, std=1.0, shape=(1, 28, 28), start=0):
    values, _, labels = samples.mnist(models, scale, mean, std)
    return values[start * 784:], shape, labels[start:]


def padded(models):
    """28x28 in the middle of 32x32 zeros."""
    values, _, labels = mnist(models, start=UNSEEN)
    out, side = array.array("f"), array.array("f", bytes(8))
    for i in range(0, len(values), 784):
        out.extend(array.array("f", bytes(4 * 64)))
        for y in range(0, 784, 28):
            out.extend(side + values[i + y:i + y + 28] + side)
        out.extend(array.array("f", bytes(4 * 64)))
    return out, (1, 32, 32), labels


def arrays(inputs, labels, kind):
    """The digits of scikit-learn; `kind` of the elements of the labels."""
    def read(models):
        values = array.array("f", samples.read_npy(os.path.join(models, inputs)))
        return values, (1, 8, 8), array.array(kind, samples.read_npy(os.path.join(models, labels)))
    return read


def cifar(order, **how):
    return partial(samples.cifar, order=order, **how)


CASES = (
    Case("resnet8", {"onnx": "mlperf_tiny_ic/ic_resnet8_f32.onnx"}, cifar("nchw")),
    Case("resnet8_wide", {"tflite": "mlperf_tiny_ic/pretrainedResnet_large_float.tflite"}, cifar("nhwc")),
    Case("resnet20", {"onnx": "resnet20_cifar/resnet20_cifar10_f32.onnx"}, cifar("nchw", **samples.PHOTOS)),
    Case("mnist_valid", {"onnx": "mnist/mnist_valid_f32.onnx"}, mnist),
    Case("mnist_dw", {"onnx": "mnist/mnist_dw_f32.onnx"}, mnist),
    Case("mnist_resnet", {"onnx": "mnist/mnist_resnet_f32.onnx"}, mnist),
    Case("mnist_burn", {"onnx": "mnist/mnist_burn.onnx"}, partial(mnist, mean=0.1307, std=0.3081)),
    Case("mnist_8", {"onnx": "mnist/mnist-8.onnx"}, partial(mnist, scale=1.0)),
    Case("mnist_conv_fc", {"tflite": "mnist/conv_fc_mnist.tflite"}, partial(mnist, shape=(28, 28, 1))),
    Case("mnist_mlp", {"pt2": "pt2/mnist_mlp/float.pt2"}, partial(mnist, shape=(784,), start=UNSEEN)),
    Case("mbv2_mnist32", {"pt2": "pt2/mbv2_mnist32/float.pt2"}, padded),
    Case("digits_cnn", {"pt2": "pt2/digits_cnn/float.pt2", "onnx": "pt2/digits_cnn/float.onnx"},
         arrays("pt2/digits_cnn/test_x.npy", "pt2/digits_cnn/test_y.npy", "q")),
    Case("digits_eager", {"onnx": "pt2/eager_quantized/float.onnx"},
         arrays("pt2/eager_quantized/inputs.npy", "pt2/eager_quantized/labels.npy", "q")),
)
