"""losslab's classifiers of rows in PyTorch, and back. Needs PyTorch and NumPy; docs/interop.md says more.

    python interop_mlp.py run MODEL TABLE.csv
        prints what `losslab predict --logits --model MODEL --csv TABLE.csv` prints
    python interop_mlp.py to-torch MODEL STATE.pt
        writes the weights as a state dict of Mlp below
    python interop_mlp.py from-torch MODEL STATE.pt NEW
        writes such a state dict as a model of losslab; all else is taken from MODEL
    python interop_mlp.py train TABLE.csv LABEL NEW
        trains a model with PyTorch and writes it with a description made from the table
"""

import csv
import statistics
import sys

import numpy
import torch
from torch import nn

import interop_file

MISSING = {"", "?", "na", "n/a", "nan", "null"}  # in any case


class Mlp(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in zip(sizes, sizes[1:]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)

    def places(self):
        """Where each tensor of a file belongs."""
        for i, layer in enumerate(self.layers):
            yield f"layer{i}.weight", layer.weight, interop_file.LINEAR
            yield f"layer{i}.bias", layer.bias, interop_file.VECTOR


def hidden_widths(spec):
    """The widths of the hidden layers: "mlp:hidden=7x4", "mlp:hidden=none"; "mlp" alone has 64 and 64,
    "linear" none."""
    name, _, params = spec.partition(":")
    hidden = dict(param.split("=") for param in params.split(",") if param).get("hidden", "64x64")
    if name not in ("mlp", "linear"):
        raise ValueError(f"a model {spec}, expected mlp or linear")
    return [] if name == "linear" or hidden == "none" else [int(width) for width in hidden.split("x")]


def build(info):
    """The network that a description asks for: two classes have one logit, more have one each."""
    classes, hidden = len(info["class_names"]), hidden_widths(info["model"])
    return Mlp([sum(map(width, info["encoder"]["columns"])), *hidden, 1 if classes == 2 else classes])


def load(path):
    info, tensors = interop_file.read(path, "table")
    mlp = build(info)
    interop_file.to_torch(mlp.places(), tensors)
    return info, mlp


def save(path, info, mlp):
    interop_file.write(path, "table", info, interop_file.from_torch(mlp.places()))


# From a row of a table to the network's input.


def read_table(path):
    """The rows of a comma-separated file, as dictionaries of texts without blanks around them."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        return [{name.strip(): cell.strip() for name, cell in row.items()} for row in csv.DictReader(file)]


def width(column):
    """Inputs that a column becomes."""
    one_hot = column["encoding"].get("one_hot")
    return len(one_hot["levels"]) + one_hot["missing"] if one_hot else 1


def encode(info, rows):
    """The network's input, [rows, inputs] in f32. Computed in f64 and rounded once, as losslab does it."""
    parts = []
    for column in info["encoder"]["columns"]:
        cells, encoding = [row[column["name"]] for row in rows], column["encoding"]
        missing = numpy.array([cell.lower() in MISSING for cell in cells])
        if "number" in encoding:
            fill, scaling = encoding["number"]["fill"], encoding["number"]["scaling"]
            read = numpy.float32 if encoding["number"].get("rounded") else float
            numbers = [fill if gap else float(read(cell)) for cell, gap in zip(cells, missing)]
            parts.append(((numpy.array(numbers) - scaling["mean"]) / scaling["scale"])[:, None])
        else:
            # A level that training has not met is 0 everywhere, and so is a gap if there was none.
            one_hot, cells = encoding["one_hot"], numpy.array(cells)
            parts += [((cells == level) & ~missing)[:, None] for level in one_hot["levels"]]
            parts += [missing[:, None]] if one_hot["missing"] else []
    return torch.from_numpy(numpy.concatenate(parts, axis=1).astype(numpy.float32))


def print_logits(info, logits, file=sys.stdout):
    names = info["class_names"]
    columns = ["logit"] if len(names) == 2 else [f"logit_{name}" for name in names]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["row", *columns])
    writer.writerows([i, *row] for i, row in enumerate(logits.tolist(), 1))


# A model from nothing.


def describe(rows, label, hidden):
    """A description for a table: what losslab has to know beside the weights."""
    labels = sorted({row[label] for row in rows})
    counts = [sum(row[label] == value for row in rows) for value in labels]
    if len(labels) == 2 and counts[0] < counts[1]:  # the positive class is the second one: here the rarer
        labels, counts = labels[::-1], counts[::-1]
    return {
        "model": "mlp:hidden=" + ("x".join(map(str, hidden)) or "none"),
        # What it was trained with: `predict` undoes the bias that some losses give probabilities.
        "loss": "ce",
        "seed": 0,
        "class_counts": counts,
        "encoder": {"columns": [describe_column(name, rows) for name in rows[0] if name != label]},
        "class_names": labels,
        "label_values": [[value, i] for i, value in enumerate(labels)],
        "threshold": 0.5 if len(labels) == 2 else None,
        "trained_on": ["a table, by PyTorch", ""],  # name and fingerprint; any texts
        "test_metrics": {},
    }


def describe_column(name, rows):
    cells = [row[name] for row in rows]
    present = [cell for cell in cells if cell.lower() not in MISSING]
    try:
        numbers = [float(numpy.float32(cell)) for cell in present]
    except ValueError:
        levels = sorted(set(present))
        one_hot = {"levels": levels, "missing": len(present) < len(cells)}
        return {"name": name, "encoding": {"one_hot": one_hot}}
    fill = statistics.median(numbers)
    numbers += [fill] * (len(cells) - len(numbers))
    scale = statistics.pstdev(numbers)
    scaling = {"mean": statistics.fmean(numbers), "scale": scale or 1.0, "constant": scale == 0.0}
    return {"name": name, "encoding": {"number": {"fill": fill, "scaling": scaling}}}


def train(rows, label, hidden=(16, 16), epochs=100):
    """An ordinary training on all rows."""
    info = describe(rows, label, hidden)
    x, mlp = encode(info, rows), build(info)
    class_of = dict(info["label_values"])
    y = torch.tensor([class_of[row[label]] for row in rows])
    optimizer = torch.optim.Adam(mlp.parameters(), lr=0.01)
    for _ in range(epochs):
        z = mlp(x)
        if len(class_of) == 2:
            loss = nn.functional.binary_cross_entropy_with_logits(z[:, 0], y.float())
        else:
            loss = nn.functional.cross_entropy(z, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return info, mlp


def main(command, *files):
    torch.manual_seed(0)
    if command == "run":
        info, mlp = load(files[0])
        with torch.no_grad():
            print_logits(info, mlp(encode(info, read_table(files[1]))))
    elif command == "to-torch":
        torch.save(load(files[0])[1].state_dict(), files[1])
    elif command == "from-torch":
        info, mlp = load(files[0])
        mlp.load_state_dict(torch.load(files[1], weights_only=True))
        save(files[2], info, mlp)
    elif command == "train":
        save(files[2], *train(read_table(files[0]), files[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 3 else sys.exit(__doc__)
