"""Reads and writes the model files of losslab, which docs/interop.md describes.

A safetensors file is the length of a JSON header (8 bytes, little-endian), the header, and the numbers of all
tensors. losslab adds a description of the model to the header, as a JSON text under "losslab". With the
package safetensors, `load_file` and `save_file(tensors, path, metadata={"losslab": text})` do the same; here
it is done by hand, so that nothing is needed but PyTorch and NumPy.
"""

import json

import numpy
import torch

# The order of axes: losslab's axes in the order that PyTorch has them.
VECTOR = (0,)  # [n]: biases and what belongs to norms
LINEAR = (1, 0)  # [in, out] -> [out, in]
CONV = (3, 2, 0, 1)  # [height, width, in, out] -> [out, in, height, width]


def read(path, task):
    """The description of a model of this task ("table" or "boxes"), and its tensors, axes in losslab's
    order."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        numbers = file.read()
    top = json.loads(header.pop("__metadata__")["losslab"])
    if top["version"] != 1 or top["task"] != task:
        found = f"version {top['version']} of {top['task']}"
        raise ValueError(f"{path}: found {found}, expected version 1 of {task}")
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        array = numpy.frombuffer(numbers[start:end], "<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return top["model"], tensors


def write(path, task, description, tensors):
    """Writes such a file. All tensors become f32, the only type that losslab reads."""
    header = {"__metadata__": {"losslab": json.dumps({"version": 1, "task": task, "model": description})}}
    numbers = b""
    for name, tensor in sorted(tensors.items()):
        data = tensor.detach().cpu().numpy().astype("<f4").tobytes()
        place = [len(numbers), len(numbers) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": place}
        numbers += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + numbers)


def to_torch(places, tensors):
    """Copies the tensors of a file into a module. Places are (name in the file, tensor, order of axes)."""
    for name, target, axes in places:
        found = tensors[name].permute(axes)
        if found.shape != target.shape:
            shapes = f"found {list(found.shape)} in PyTorch's order, expected {list(target.shape)}"
            raise ValueError(f"{name}: {shapes}")
        with torch.no_grad():
            target.copy_(found)


def from_torch(places):
    """The tensors of a module as a file has them: names and order of axes of losslab."""
    back = lambda axes: [axes.index(i) for i in range(len(axes))]
    return {name: tensor.detach().permute(back(axes)).contiguous() for name, tensor, axes in places}
