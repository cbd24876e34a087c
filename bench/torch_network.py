"""Networks as torch modules, in float; peers/executorch.py quantizes them.  Needs torch."""
import torch

from network import LEVELS, Network, Tensor


class Steps(torch.nn.Module):
    """Runs [(result, module or function, operands)]; the last result is the output."""

    def __init__(self, steps):
        super().__init__()
        self.layers = torch.nn.ModuleList(s[1] for s in steps if isinstance(s[1], torch.nn.Module))
        self.steps = steps

    def forward(self, x):
        values = {"input": x}
        for t, layer, operands in self.steps:
            values[t] = layer(*(values[name] for name in operands))
        return values[t]


class TorchNetwork(Network):
    def __init__(self, name, dims):
        super().__init__(name, False)
        self.steps, self.input = [], Tensor("input", dims, "input")

    def finish(self, _):
        return Steps(self.steps).eval()

    def step(self, t, dims, act, layer, *operands):
        self.steps.append((t, layer, operands))
        if act in ("relu", "relu6"):
            clamp = torch.nn.ReLU() if act == "relu" else torch.nn.ReLU6()
            self.steps.append((t + "_a", clamp, (t,)))
            t += "_a"
        return Tensor(t, dims, act)

    def filled(self, layer, w):
        codes = torch.frombuffer(bytearray(w.codes), dtype=torch.uint8).long()
        values = torch.tensor(LEVELS)[codes] * w.gain
        with torch.no_grad():
            layer.weight.copy_(values.reshape(layer.weight.shape))
            layer.bias.copy_(torch.tensor(w.bias))
        return layer

    def emit_conv(self, t, dims, act, x, w, stride, pads, groups):
        top, left, bottom, right = pads
        even = (top, left) == (bottom, right)
        n, c, kh, kw = w.dims
        layer = torch.nn.Conv2d(c * groups, n, (kh, kw), stride, (top, left) if even else 0, groups=groups)
        name = x.name
        if not even:
            self.steps.append((t + "_p", torch.nn.ZeroPad2d((left, right, top, bottom)), (name,)))
            name = t + "_p"
        return self.step(t, dims, act, self.filled(layer, w), name)

    def emit_add(self, t, dims, act, a, b):
        return self.step(t, dims, act, torch.add, a.name, b.name)

    def emit_max_pool(self, t, dims, act, x, kernel, stride, pad):
        return self.step(t, dims, None, torch.nn.MaxPool2d(kernel, stride, pad), x.name)

    def emit_average(self, t, dims, act, x):
        return self.step(t, dims, None, lambda v: v.mean((2, 3)), x.name)

    def emit_linear(self, t, dims, act, x, w):
        return self.step(t, dims, act, self.filled(torch.nn.Linear(w.dims[1], w.dims[0]), w), x.name)
