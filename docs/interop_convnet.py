"""losslab's convnet in PyTorch, and back. Needs PyTorch, NumPy and Pillow; docs/interop.md says more.

    python interop_convnet.py run MODEL FOLDER
        prints what `losslab predict --logits --model MODEL --image-folder FOLDER` prints, for images of the
        model's size
    python interop_convnet.py to-torch MODEL STATE.pt
        writes the weights as a state dict of ConvNet below
    python interop_convnet.py from-torch MODEL STATE.pt NEW
        writes such a state dict as a model of losslab; all else is taken from MODEL
"""

import csv
import pathlib
import sys

import numpy
import torch
from PIL import Image
from torch import nn

import interop_file


class Block(nn.Module):
    """norm(conv(x))."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.conv(x))

    def places(self, name):
        """Where each tensor of a file belongs."""
        yield f"{name}.weight", self.conv.weight, interop_file.CONV
        yield f"{name}.gamma", self.norm.weight, interop_file.VECTOR
        yield f"{name}.beta", self.norm.bias, interop_file.VECTOR
        yield f"{name}.running_mean", self.norm.running_mean, interop_file.VECTOR
        yield f"{name}.running_variance", self.norm.running_var, interop_file.VECTOR


class Residual(nn.Module):
    """relu(shortcut(x) + block(relu(block(x)))); the shortcut takes every second cell and adds channels
    of 0."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.blocks = nn.ModuleList([Block(inputs, outputs, stride), Block(outputs, outputs)])
        self.stride, self.more = stride, outputs - inputs

    def forward(self, x):
        branch = self.blocks[1](torch.relu(self.blocks[0](x)))
        shortcut = nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        return torch.relu(branch + shortcut)


class ConvNet(nn.Module):
    """Images [N, C, H, W] -> logits [N, outputs]."""

    def __init__(self, channels, outputs, width=16, depth=8):
        super().__init__()
        self.first, self.blocks, inputs = Block(channels, width), nn.ModuleDict(), width
        for stage in range(3):
            for number in range((depth - 2) // 6):
                stride = 2 if stage > 0 and number == 0 else 1
                self.blocks[f"stage{stage}_block{number}"] = Residual(inputs, width << stage, stride)
                inputs = width << stage
        self.last = nn.Linear(inputs, outputs)

    def forward(self, x):
        x = torch.relu(self.first(x))
        for block in self.blocks.values():
            x = block(x)
        return self.last(x.mean((2, 3)))

    def places(self):
        """Where each tensor of a file belongs."""
        yield from self.first.places("first")
        for name, block in self.blocks.items():
            for i, part in enumerate(block.blocks):
                yield from part.places(f"{name.replace('_', '.')}.conv{i}")
        yield "last.weight", self.last.weight, interop_file.LINEAR
        yield "last.bias", self.last.bias, interop_file.VECTOR


def build(info):
    """The network that a description asks for: two classes have one logit, more have one each."""
    name, _, parameters = info["model"].partition(":")
    if name != "convnet":
        raise ValueError(f"found a model {name}, expected convnet")
    parts = (part.partition("=") for part in parameters.split(",") if part)
    parameters = {key: int(value) for key, _, value in parts}
    classes = len(info["class_names"])
    return ConvNet(info["image"][2], 1 if classes == 2 else classes, **parameters)


def load(path):
    info, tensors = interop_file.read(path, "table")
    net = build(info).eval()
    interop_file.to_torch(net.places(), tensors)
    return info, net


def images(info, folder):
    """The network's input [N, C, H, W] in f32: (pixel - mean) / scale in f64, rounded once."""
    height, width, channels = info["image"]
    scalings = [column["encoding"]["number"]["scaling"] for column in info["encoder"]["columns"][:channels]]
    mean, scale = (numpy.array([scaling[key] for scaling in scalings]) for key in ("mean", "scale"))
    rows = []
    suffixes = (".png", ".jpg", ".jpeg")
    for path in sorted(p for p in pathlib.Path(folder).iterdir() if p.suffix.lower() in suffixes):
        image = Image.open(path).convert("L" if channels == 1 else "RGB")
        if image.size != (width, height):
            raise ValueError(f"{path}: {image.size[0]} x {image.size[1]}, expected {width} x {height}")
        pixels = numpy.asarray(image, dtype=numpy.float64).reshape(height, width, channels)
        rows.append(((pixels - mean) / scale).astype(numpy.float32))
    return torch.from_numpy(numpy.stack(rows)).permute(0, 3, 1, 2)


def main(command, *files):
    if command == "run":
        info, net = load(files[0])
        with torch.no_grad():
            logits = net(images(info, files[1]))
        names = info["class_names"]
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["row", *(["logit"] if len(names) == 2 else [f"logit_{name}" for name in names])])
        writer.writerows([i, *row] for i, row in enumerate(logits.tolist(), 1))
    elif command == "to-torch":
        torch.save(load(files[0])[1].state_dict(), files[1])
    elif command == "from-torch":
        info, net = load(files[0])
        net.load_state_dict(torch.load(files[1], weights_only=True))
        interop_file.write(files[2], "table", info, interop_file.from_torch(net.places()))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 3 else sys.exit(__doc__)
