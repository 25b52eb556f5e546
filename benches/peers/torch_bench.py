"""PyTorch on the works of benches/compare.py, on request, see common.py:  python torch_bench.py THREADS

Eager code and torch.compile are both timed, images channels last and optimisers fused, as PyTorch is fastest.
`python torch_bench.py THREADS memory` prints the most memory, in bytes, that 20 steps of the detector
take."""

import resource
import sys

import torch
from common import serve
from torch import nn
from torch.nn import functional as F

THREADS = int(sys.argv[1])


def variants(step, eager="PyTorch"):
    """`step(f)` for f as it is and compiled, where `step` makes a training step out of a way to wrap
    functions."""
    return {
        eager: lambda: step(lambda f: f),
        "torch.compile": lambda: step(lambda f: torch.compile(f, dynamic=False)),
    }


def optimised(parameters, optimizer):
    if optimizer == "adam":
        return torch.optim.Adam(parameters, lr=1e-5, fused=True)
    return torch.optim.SGD(parameters, lr=1e-4, momentum=0.9, fused=True)


class Detector(nn.Module):
    """9 anchors at each of 8 x 8 positions, 3 classes."""

    def __init__(self):
        super().__init__()
        layers = []
        sizes = [(3, 16, 2), (16, 32, 2), (32, 64, 2), (64, 64, 1), (64, 64, 1), (64, 64, 1)]
        for inputs, outputs, stride in sizes:
            layers += [nn.Conv2d(inputs, outputs, 3, stride, 1), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.classes, self.boxes = nn.Conv2d(64, 27, 3, 1, 1), nn.Conv2d(64, 36, 3, 1, 1)

    def forward(self, x):
        x = self.features(x)
        rows = lambda y, width: y.permute(0, 2, 3, 1).reshape(len(x), -1, width)
        return rows(self.classes(x), 3), rows(self.boxes(x), 4)


def focal(logits, targets, reduce):
    """FL(2, .25) of independent logits."""
    p = torch.sigmoid(logits)
    ce = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    q = p + targets - 2 * p * targets
    return reduce((0.75 - 0.5 * targets) * q * q * ce)


def detector_step(wrap):
    net = Detector().to(memory_format=torch.channels_last)
    images = torch.randn(16, 3, 64, 64).to(memory_format=torch.channels_last)
    positive = torch.rand(16, 576) < 0.01
    classes = torch.zeros(16, 576, 3)
    classes[positive] = F.one_hot(torch.randint(0, 3, (int(positive.sum()),)), 3).float()
    codes, mask = torch.randn(16, 576, 4), positive.float()[..., None]
    count = mask.sum().clamp(min=1)

    def loss(images):
        logits, boxes = net(images)
        boxes = (F.smooth_l1_loss(boxes, codes, reduction="none") * mask).sum()
        return (focal(logits, classes, torch.sum) + boxes) / count

    loss, optimizer = wrap(loss), optimised(net.parameters(), "momentum")

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(images).backward()
        optimizer.step()

    return step


class Residual(nn.Module):
    """Two convolutions beside a shortcut that takes every second cell and adds channels of 0."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        conv = lambda inputs, stride: [
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        self.branch = nn.Sequential(*conv(inputs, stride), nn.ReLU(), *conv(outputs, 1))
        self.stride, self.more = stride, outputs - inputs

    def forward(self, x):
        shortcut = x
        if self.more:
            shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        return F.relu(self.branch(x) + shortcut)


def convnet_step(wrap):
    """He et al. 2016, section 4.2, with 8 layers."""
    first = [nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    blocks = [Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2)]
    net = nn.Sequential(*first, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    net = net.to(memory_format=torch.channels_last)
    images = torch.randn(128, 1, 28, 28).to(memory_format=torch.channels_last)
    classes = torch.randint(0, 10, (128,))
    loss = wrap(lambda x: F.cross_entropy(net(x), classes))
    optimizer = optimised(net.parameters(), "adam")

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(images).backward()
        optimizer.step()

    return step


def mlp_step(sizes, batch, optimizer):
    def make(wrap):
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        net, x = nn.Sequential(*layers[:-1]), torch.randn(batch, sizes[0])
        if sizes[-1] == 1:
            y, loss = (torch.rand(batch, 1) < 0.1).float(), F.binary_cross_entropy_with_logits
        else:
            y, loss = torch.randint(0, sizes[-1], (batch,)), F.cross_entropy
        forward, update = wrap(lambda x, y: loss(net(x), y)), optimised(net.parameters(), optimizer)

        def step():
            update.zero_grad(set_to_none=True)
            forward(x, y).backward()
            update.step()

        return step

    return make


def conv_step(n, channels, size, features, stride):
    last = lambda *shape: torch.randn(*shape).to(memory_format=torch.channels_last).requires_grad_()
    inputs = [
        last(n, channels, size, size),
        last(features, channels, 3, 3),
        torch.randn(features).requires_grad_(),
    ]
    upstream = torch.randn_like(F.conv2d(*inputs, stride, 1))

    def step():
        for x in inputs:
            x.grad = None
        F.conv2d(*inputs, stride, 1).backward(upstream)

    return step


def loss_step(loss, logits, targets):
    def make(wrap):
        x, f = logits.clone().requires_grad_(), wrap(loss)

        def step():
            x.grad = None
            f(x, targets).backward()

        return step

    return make


def gemm_step(m, k, n):
    a, b, c = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
    return lambda: torch.mm(a, b, out=c)


def sigmoid_data(n):
    return 2 * torch.randn(n), (torch.rand(n) < 0.01).float()


def makers(name):
    kind, *what = name.replace(",", "").split()
    numbers = [int(text) for text in what if text.isdigit()]
    if kind == "detector":
        return variants(detector_step, "PyTorch, channels last")
    if kind == "convnet":
        return variants(convnet_step, "PyTorch, channels last")
    if kind == "mlp":
        shape = {784: ((784, 256, 128, 10), 128), 32: ((32, 64, 64, 1), 256)}[numbers[0]]
        return variants(mlp_step(*shape, what[1]), "PyTorch, fused")
    if kind == "conv":
        case = [(8, 32, 32, 32, 1), (8, 64, 16, 64, 1), (8, 16, 64, 32, 2)][numbers[0]]
        return {"PyTorch, channels last": lambda: conv_step(*case)}
    if kind == "gemm":
        return {"PyTorch (MKL)": lambda: gemm_step(*numbers)}
    if kind == "focal":
        return variants(loss_step(lambda x, y: focal(x, y, torch.mean), *sigmoid_data(*numbers)))
    if kind == "softmax":
        rows, classes = numbers
        data = torch.randn(rows, classes), torch.randint(0, classes, (rows,))
        return variants(loss_step(F.cross_entropy, *data))
    return {}


def memory():
    step = detector_step(lambda f: f)
    for _ in range(20):
        step()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


torch.set_num_threads(THREADS)
torch.manual_seed(1)
if sys.argv[2:] == ["memory"]:
    memory()
else:
    serve(makers, torch._dynamo.reset)
