"""losslab's detectors in PyTorch, and back. Needs PyTorch, NumPy and Pillow; docs/interop.md says more.

    python interop_detector.py run MODEL FOLDER
        prints what `losslab predict --logits --model MODEL --images FOLDER` prints
    python interop_detector.py to-torch MODEL STATE.pt
        writes the weights as a state dict of Detector below
    python interop_detector.py from-torch MODEL STATE.pt NEW
        writes such a state dict as a model of losslab; all else is taken from MODEL
"""

import json
import math
import pathlib
import sys

import numpy
import torch
from PIL import Image
from torch import nn

import interop_file


class Block(nn.Module):
    """relu(norm(conv(x))). Levels share all but the statistics of batch norm."""

    def __init__(self, network, inputs, outputs, stride=1, levels=1):
        super().__init__()
        norm, self.levels = network["norm"], levels
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=norm == "none")
        if norm == "batch":
            self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for _ in range(levels))
            for other in self.norms[1:]:
                other.weight, other.bias = self.norms[0].weight, self.norms[0].bias
        elif norm == "group":
            self.norms = nn.ModuleList([nn.GroupNorm(network["groups"], outputs)] * levels)
        else:
            self.norms = nn.ModuleList([nn.Identity()] * levels)

    def forward(self, x, level=0):
        return torch.relu(self.norms[level](self.conv(x)))

    def places(self, name):
        """Where each tensor of a file belongs."""
        yield f"{name}.weight", self.conv.weight, interop_file.CONV
        if self.conv.bias is not None:
            yield f"{name}.bias", self.conv.bias, interop_file.VECTOR
            return
        yield f"{name}.gamma", self.norms[0].weight, interop_file.VECTOR
        yield f"{name}.beta", self.norms[0].bias, interop_file.VECTOR
        for level, norm in enumerate(self.norms):
            if isinstance(norm, nn.BatchNorm2d):
                prefix = name if self.levels == 1 else f"{name}.level{level}"
                yield f"{prefix}.running_mean", norm.running_mean, interop_file.VECTOR
                yield f"{prefix}.running_variance", norm.running_var, interop_file.VECTOR


class Subnet(nn.Module):
    """Blocks and a last convolution, shared by all levels: [N, C, H, W] -> [N, H * W * anchors, numbers]."""

    def __init__(self, network, inputs, numbers):
        super().__init__()
        width, depth = network["head"]
        levels, anchors = len(network["strides"]), len(network["anchor_shapes"][0])
        self.numbers = numbers
        self.blocks = nn.ModuleList(
            Block(network, width if i else inputs, width, levels=levels) for i in range(depth)
        )
        self.last = nn.Conv2d(width if depth else inputs, anchors * numbers, 3, padding=1)

    def forward(self, x, level):
        for block in self.blocks:
            x = block(x, level)
        # Channels last, as losslab computes throughout: row by row, cell by cell, anchor by anchor.
        return self.last(x).permute(0, 2, 3, 1).reshape(len(x), -1, self.numbers)

    def places(self, name):
        for i, block in enumerate(self.blocks):
            yield from block.places(f"{name}.{i}")
        yield from conv_places(f"{name}.last", self.last)


def conv_places(name, conv):
    yield f"{name}.weight", conv.weight, interop_file.CONV
    yield f"{name}.bias", conv.bias, interop_file.VECTOR


class Detector(nn.Module):
    """Backbone, top-down pyramid if there is more than one level, and the two subnets."""

    def __init__(self, info):
        super().__init__()
        network = info["network"]
        stages, levels, head = network["stages"], len(network["strides"]), network["head"][0]
        halvings = int(math.log2(network["strides"][-1]))
        self.backbone, taps, inputs = nn.ModuleList(), [], info["channels"]
        for number, (width, depth) in enumerate(stages):
            for i in range(depth):
                # The first convolution of a stage halves the image, as long as that is needed.
                stride = 2 if i == 0 and number < halvings else 1
                self.backbone.append(Block(network, inputs, width, stride=stride))
                inputs = width
            # The coarsest level stands behind everything, each finer one before the halving that leads to the
            # next.
            if number == len(stages) - 1 or halvings - levels <= number < halvings - 1:
                taps.append((len(self.backbone) - 1, width))
        self.taps = [block for block, _ in taps]
        if levels > 1:
            self.lateral = nn.ModuleList(nn.Conv2d(width, head, 1) for _, width in taps)
            self.smooth = nn.ModuleList(nn.Conv2d(head, head, 3, padding=1) for _ in taps)
            inputs = head
        self.class_subnet = Subnet(network, inputs, len(info["categories"]))
        self.box_subnet = Subnet(network, inputs, 4)

    def forward(self, x):
        """Images [N, C, H, W] -> class logits [N, anchors, classes], box codes [N, anchors, 4]; levels
        finest first."""
        levels = []
        for i, block in enumerate(self.backbone):
            x = block(x)
            if i in self.taps:
                levels.append(x)
        if len(levels) > 1:
            levels = self.pyramid(levels)
        outputs = [(self.class_subnet(x, level), self.box_subnet(x, level)) for level, x in enumerate(levels)]
        return tuple(torch.cat(parts, dim=1) for parts in zip(*outputs))

    def pyramid(self, levels):
        merged = None
        for level in reversed(range(len(levels))):
            own = self.lateral[level](levels[level])
            if merged is not None:
                # Each cell becomes 2 x 2; where the finer level has an odd size, the last row or column is
                # cut off.
                above = nn.functional.interpolate(merged, scale_factor=2, mode="nearest")
                own = own + above[:, :, : own.shape[2], : own.shape[3]]
            merged, levels[level] = own, self.smooth[level](own)
        return levels

    def places(self):
        """Where each tensor of a file belongs."""
        for i, block in enumerate(self.backbone):
            yield from block.places(f"backbone.{i}")
        if len(self.taps) > 1:
            for level in range(len(self.taps)):
                yield from conv_places(f"pyramid.lateral{level}", self.lateral[level])
                yield from conv_places(f"pyramid.smooth{level}", self.smooth[level])
        yield from self.class_subnet.places("class")
        yield from self.box_subnet.places("box")


def load(path):
    info, tensors = interop_file.read(path, "boxes")
    detector = Detector(info).eval()
    interop_file.to_torch(detector.places(), tensors)
    return info, detector


def save(path, info, detector):
    interop_file.write(path, "boxes", info, interop_file.from_torch(detector.places()))


# From an image file to the network's input.


def taps(old, scale, new):
    """The weights [new, old] by which pixels of an axis are averaged: a triangle, widened when shrinking."""
    centre = (numpy.arange(new)[:, None] + 0.5) / scale
    distance = numpy.abs(numpy.arange(old) + 0.5 - centre) / max(1 / scale, 1)
    weights = numpy.maximum(1 - distance, 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(numpy.float32)


def letterbox(pixels, width, height):
    """The image as large as it fits, in the middle of its mean colour. 8 bits in, 8 bits out; sides round
    half up."""
    old_height, old_width, channels = pixels.shape
    if (old_width, old_height) == (width, height):
        return pixels
    scale = min(width / old_width, height / old_height)
    inner_width = min(max(math.floor(old_width * scale + 0.5), 1), width)
    inner_height = min(max(math.floor(old_height * scale + 0.5), 1), height)
    inner = pixels.astype(numpy.float32)
    if scale != 1:
        inner = numpy.einsum("yj,jkc->ykc", taps(old_height, scale, inner_height), inner)
        inner = numpy.einsum("xk,ykc->yxc", taps(old_width, scale, inner_width), inner)
        inner = numpy.floor(inner + 0.5)
    mean = numpy.floor(pixels.reshape(-1, channels).mean(axis=0) + 0.5)
    fitted = numpy.tile(mean.astype(numpy.uint8), (height, width, 1))
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    fitted[top : top + inner_height, left : left + inner_width] = numpy.clip(inner, 0, 255)
    return fitted


def encode(info, path):
    """The network's input for an image file, [1, channels, height, width] in f32."""
    image = Image.open(path)
    if image.mode == "P" or "A" in image.mode:
        image = image.convert("RGB" if image.mode in ("P", "RGBA") else "L")  # transparency is left out
    pixels = numpy.asarray(image.convert("L" if info["channels"] == 1 else "RGB"))
    pixels = letterbox(pixels.reshape(image.height, image.width, info["channels"]), *info["size"])
    mean, scale = (numpy.array(info["network"][key], dtype=numpy.float32) for key in ("mean", "scale"))
    return torch.from_numpy((pixels.astype(numpy.float32) - mean) * scale).permute(2, 0, 1)[None]


def outputs(info, detector, folder):
    """Class logits and box codes of each image of a folder."""
    suffixes = (".png", ".jpg", ".jpeg")
    paths = sorted(path for path in pathlib.Path(folder).iterdir() if path.suffix.lower() in suffixes)
    all_outputs = []
    for path in paths:
        with torch.no_grad():
            logits, codes = detector(encode(info, path))
        logits, codes = logits[0].tolist(), codes[0].tolist()
        all_outputs.append({"file_name": path.name, "class_logits": logits, "box_codes": codes})
    return all_outputs


def main(command, *files):
    info, detector = load(files[0])
    if command == "run":
        print(json.dumps(outputs(info, detector, files[1])))
    elif command == "to-torch":
        torch.save(detector.state_dict(), files[1])
    elif command == "from-torch":
        detector.load_state_dict(torch.load(files[1], weights_only=True))
        save(files[2], info, detector)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 3 else sys.exit(__doc__)
