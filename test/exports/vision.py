"""Image networks with random weights, as torch modules: the published architectures, written down
compactly so that no model zoo is needed."""
import torch
from torch import nn
from torch.nn import functional as F


def conv_bn(cin, cout, k=3, stride=1, groups=1, act=nn.ReLU):
    layers = [nn.Conv2d(cin, cout, k, stride, k // 2, groups=groups, bias=False),
              nn.BatchNorm2d(cout)]
    return nn.Sequential(*layers, *([act()] if act else []))


def width(v):
    """Channels in multiples of 8, never more than a tenth below `v`."""
    w = max(8, int(v + 4) // 8 * 8)
    return w + 8 if w < 0.9 * v else w


class SqueezeExcite(nn.Module):
    def __init__(self, c, squeezed, act, gate):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(c, squeezed, 1), nn.Conv2d(squeezed, c, 1)
        self.act, self.gate = act(), gate()

    def forward(self, x):
        return x * self.gate(self.fc2(self.act(self.fc1(F.adaptive_avg_pool2d(x, 1)))))


class Inverted(nn.Module):
    """Expand, depthwise, (squeeze and excite), project; added to the input where shapes allow."""

    def __init__(self, cin, hidden, cout, k, stride, act, se=None):
        super().__init__()
        layers = [conv_bn(cin, hidden, 1, act=act)] if hidden != cin else []
        layers.append(conv_bn(hidden, hidden, k, stride, hidden, act))
        layers += [se] if se else []
        self.body = nn.Sequential(*layers, conv_bn(hidden, cout, 1, act=None))
        self.residual = stride == 1 and cin == cout

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


class Classifier(nn.Module):
    def __init__(self, features, head):
        super().__init__()
        self.features, self.head = nn.Sequential(*features), head

    def forward(self, x):
        return self.head(torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1))


def mobilenet_v2():
    layers, cin = [conv_bn(3, 32, stride=2, act=nn.ReLU6)], 32
    for expand, c, n, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                 (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(n):
            layers.append(Inverted(cin, cin * expand, c, 3, stride if i == 0 else 1, nn.ReLU6))
            cin = c
    layers.append(conv_bn(cin, 1280, 1, act=nn.ReLU6))
    return Classifier(layers, nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000)))


def mobilenet_v3_small():
    rows = ((3, 16, 16, 1, 0, 2), (3, 72, 24, 0, 0, 2), (3, 88, 24, 0, 0, 1), (5, 96, 40, 1, 1, 2),
            (5, 240, 40, 1, 1, 1), (5, 240, 40, 1, 1, 1), (5, 120, 48, 1, 1, 1),
            (5, 144, 48, 1, 1, 1), (5, 288, 96, 1, 1, 2), (5, 576, 96, 1, 1, 1),
            (5, 576, 96, 1, 1, 1))
    layers, cin = [conv_bn(3, 16, stride=2, act=nn.Hardswish)], 16
    for k, hidden, c, se, hard, stride in rows:
        excite = SqueezeExcite(hidden, width(hidden // 4), nn.ReLU, nn.Hardsigmoid) if se else None
        act = nn.Hardswish if hard else nn.ReLU
        layers.append(Inverted(cin, hidden, c, k, stride, act, excite))
        cin = c
    layers.append(conv_bn(cin, 576, 1, act=nn.Hardswish))
    return Classifier(layers, nn.Sequential(nn.Linear(576, 1024), nn.Hardswish(), nn.Dropout(0.2),
                                            nn.Linear(1024, 1000)))


def efficientnet_b0():
    layers, cin = [conv_bn(3, 32, stride=2, act=nn.SiLU)], 32
    for expand, k, c, n, stride in ((1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2),
                                    (6, 3, 80, 3, 2), (6, 5, 112, 3, 1), (6, 5, 192, 4, 2),
                                    (6, 3, 320, 1, 1)):
        for i in range(n):
            se = SqueezeExcite(cin * expand, cin // 4, nn.SiLU, nn.Sigmoid)
            layers.append(Inverted(cin, cin * expand, c, k, stride if i == 0 else 1, nn.SiLU, se))
            cin = c
    layers.append(conv_bn(cin, 1280, 1, act=nn.SiLU))
    return Classifier(layers, nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000)))


class Bottleneck(nn.Module):
    def __init__(self, cin, mid, stride):
        super().__init__()
        self.body = nn.Sequential(conv_bn(cin, mid, 1), conv_bn(mid, mid, 3, stride),
                                  conv_bn(mid, 4 * mid, 1, act=None))
        same = stride == 1 and cin == 4 * mid
        self.shortcut = nn.Identity() if same else conv_bn(cin, 4 * mid, 1, stride, act=None)

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


def resnet50():
    layers, cin = [conv_bn(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)], 64
    for mid, n, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(n):
            layers.append(Bottleneck(cin, mid, stride if i == 0 else 1))
            cin = 4 * mid
    return Classifier(layers, nn.Linear(2048, 1000))


class DenseLayer(nn.Module):
    def __init__(self, cin, growth):
        super().__init__()
        self.body = nn.Sequential(nn.BatchNorm2d(cin), nn.ReLU(), conv_bn(cin, 4 * growth, 1),
                                  nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False))

    def forward(self, x):
        return torch.cat([x, self.body(x)], 1)


def densenet121(growth=32):
    layers, c = [conv_bn(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)], 64
    for block, n in enumerate((6, 12, 24, 16)):
        for _ in range(n):
            layers.append(DenseLayer(c, growth))
            c += growth
        layers += [nn.BatchNorm2d(c), nn.ReLU()]
        if block < 3:
            layers += [nn.Conv2d(c, c // 2, 1, bias=False), nn.AvgPool2d(2)]
            c //= 2
    return Classifier(layers, nn.Linear(c, 1000))


class UNet(nn.Module):
    def __init__(self, base=16, depth=4):
        super().__init__()
        sizes = [base << i for i in range(depth)]
        double = lambda a, b: nn.Sequential(conv_bn(a, b), conv_bn(b, b))
        self.down = nn.ModuleList(double(a, b) for a, b in zip([3] + sizes, sizes))
        self.middle = double(sizes[-1], 2 * sizes[-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, 2) for c in sizes[::-1])
        self.merge = nn.ModuleList(double(2 * c, c) for c in sizes[::-1])
        self.head = nn.Conv2d(base, 2, 1)

    def forward(self, x):
        skips = []
        for block in self.down:
            skips.append(block(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.middle(x)
        for up, merge, skip in zip(self.up, self.merge, skips[::-1]):
            x = merge(torch.cat([skip, up(x)], 1))
        return self.head(x)


class C2f(nn.Module):
    """Split in two, a bottleneck on one half, all joined."""

    def __init__(self, cin, cout):
        super().__init__()
        self.half = cout // 2
        self.enter = conv_bn(cin, cout, 1, act=nn.SiLU)
        self.body = nn.Sequential(conv_bn(self.half, self.half, act=nn.SiLU),
                                  conv_bn(self.half, self.half, act=nn.SiLU))
        self.leave = conv_bn(3 * self.half, cout, 1, act=nn.SiLU)

    def forward(self, x):
        a, b = self.enter(x).split((self.half, self.half), 1)
        return self.leave(torch.cat([a, b, b + self.body(b)], 1))


class Sppf(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.enter = conv_bn(c, c // 2, 1, act=nn.SiLU)
        self.leave = conv_bn(2 * c, c, 1, act=nn.SiLU)

    def forward(self, x):
        x = [self.enter(x)]
        for _ in range(3):
            x.append(F.max_pool2d(x[-1], 5, 1, 2))
        return self.leave(torch.cat(x, 1))


class Yolo(nn.Module):
    """Backbone, one step up and down the pyramid, and a decoupled head with its box decoding."""

    def __init__(self, classes=80, bins=16):
        super().__init__()
        down = lambda a, b: nn.Sequential(conv_bn(a, b, 3, 2, act=nn.SiLU), C2f(b, b))
        self.stem = conv_bn(3, 16, 3, 2, act=nn.SiLU)
        self.p3, self.p4, self.p5 = nn.Sequential(down(16, 32), down(32, 64)), down(64, 128), \
            nn.Sequential(down(128, 256), Sppf(256))
        self.up4, self.up3 = C2f(384, 128), C2f(192, 64)
        self.box = nn.ModuleList(nn.Conv2d(c, 4 * bins, 1) for c in (64, 128))
        self.cls = nn.ModuleList(nn.Conv2d(c, classes, 1) for c in (64, 128))
        self.classes, self.bins = classes, bins

    def decode(self, raw):
        box, cls = raw.split((4 * self.bins, self.classes), 1)
        n = box.shape[-1]
        share = box.reshape(1, 4, self.bins, n).transpose(1, 2).softmax(1)
        centre = torch.arange(self.bins, dtype=torch.float32).view(1, self.bins, 1, 1)
        return torch.cat([(share * centre).sum(1), cls.sigmoid()], 1)

    def forward(self, x):
        p3 = self.p3(self.stem(x))
        p4 = self.p4(p3)
        p4 = self.up4(torch.cat([F.interpolate(self.p5(p4), scale_factor=2.0), p4], 1))
        p3 = self.up3(torch.cat([F.interpolate(p4, scale_factor=2.0), p3], 1))
        raw = [torch.cat([b(p), c(p)], 1).flatten(2)
               for b, c, p in zip(self.box, self.cls, (p3, p4))]
        return self.decode(torch.cat(raw, 2))
