#!/usr/bin/env python3
"""Trains the classifier of this example on scikit-learn's digits and writes what is checked in here:

    digits.onnx   float model, opset 13: conv + batch norm, depthwise + batch norm, pointwise, a
                  residual block, max pool, global average pool, linear
    calib.npy     100 training digits, f32 [100,1,8,8], pixel / 16
    test.npy      797 test digits, u8 [797,1,8,8], pixels 0..16
    labels.npy    their labels, u8 [797]

    pip install torch scikit-learn onnx && ./train.py
"""
import os

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
TEST = 797
EPSILON = 1e-5


class ConvBN(nn.Module):
    def __init__(self, inputs, outputs, kernel, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=EPSILON)

    def forward(self, x):
        return self.bn(self.conv(x))


class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = ConvBN(1, 16, 3)
        self.depthwise = ConvBN(16, 16, 3, groups=16)
        self.pointwise = ConvBN(16, 32, 1)
        self.res1 = ConvBN(32, 32, 3)
        self.res2 = ConvBN(32, 32, 3)
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = F.relu(self.depthwise(x))
        x = F.max_pool2d(F.relu(self.pointwise(x)), 2)
        x = F.relu(x + self.res2(F.relu(self.res1(x))))
        return self.fc(x.mean((2, 3)))


def load():
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(images))
    images, labels = images[order].astype(np.uint8).reshape(-1, 8, 8), labels[order].astype(np.uint8)
    return images[:-TEST], labels[:-TEST], images[-TEST:], labels[-TEST:]


def as_input(images):
    return torch.from_numpy(images.astype(np.float32) / 16)[:, None]


def train(images, labels):
    torch.manual_seed(1)
    model = Digits()
    x, y = as_input(images), torch.from_numpy(labels.astype(np.int64))
    epochs, batch = 60, 50
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, epochs * (len(x) // batch))
    for _ in range(epochs):
        for part in torch.randperm(len(x)).split(batch)[:len(x) // batch]:
            shift = [int(s) for s in torch.randint(-1, 2, (2,))]
            loss = F.cross_entropy(model(torch.roll(x[part], shift, (2, 3))), y[part],
                                   label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


class Graph:
    """Writes the model as ONNX with its batch norms kept, so that qcc has something to fold."""

    def __init__(self, state):
        self.state, self.nodes, self.constants = state, [], []

    def constant(self, key):
        if key not in {c.name for c in self.constants}:
            self.constants.append(numpy_helper.from_array(self.state[key].numpy(), key))
        return key

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def conv_bn(self, x, name, kernel, groups=1, relu=True):
        pad = kernel // 2
        y = self.node("Conv", [x, self.constant(name + ".conv.weight")], name + ".conv",
                      kernel_shape=[kernel] * 2, pads=[pad] * 4, group=groups)
        statistics = ["weight", "bias", "running_mean", "running_var"]
        y = self.node("BatchNormalization", [y] + [self.constant(f"{name}.bn.{s}") for s in statistics],
                      name + ".bn", epsilon=EPSILON)
        return self.node("Relu", [y], name + ".relu") if relu else y


def export(model):
    g = Graph(model.state_dict())
    x = g.conv_bn("image", "stem", 3)
    x = g.conv_bn(x, "depthwise", 3, groups=16)
    x = g.conv_bn(x, "pointwise", 1)
    x = g.node("MaxPool", [x], "pool", kernel_shape=[2, 2], strides=[2, 2])
    y = g.conv_bn(g.conv_bn(x, "res1", 3), "res2", 3, relu=False)
    x = g.node("Relu", [g.node("Add", [x, y], "sum")], "sum.relu")
    x = g.node("Flatten", [g.node("GlobalAveragePool", [x], "mean")], "features", axis=1)
    g.node("Gemm", [x, g.constant("fc.weight"), g.constant("fc.bias")], "logits", transB=1)
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(g.nodes, "digits", [tensor("image", TensorProto.FLOAT, [1, 1, 8, 8])],
                              [tensor("logits", TensorProto.FLOAT, [1, 10])], g.constants)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    proto.ir_version = 8
    onnx.checker.check_model(proto)
    onnx.save(proto, os.path.join(HERE, "digits.onnx"))


def main():
    images, labels, test_images, test_labels = load()
    model = train(images, labels)
    with torch.no_grad():
        right = (model(as_input(test_images)).argmax(1).numpy() == test_labels).mean()
    print(f"top-1 on {TEST} test digits: {100 * right:.2f} %")
    export(model)
    np.save(os.path.join(HERE, "calib.npy"), as_input(images[:100]).numpy())
    np.save(os.path.join(HERE, "test.npy"), test_images[:, None])
    np.save(os.path.join(HERE, "labels.npy"), test_labels)


if __name__ == "__main__":
    main()
