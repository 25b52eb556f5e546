"""losslab beside PyTorch and JAX on the same works, as a Markdown table of times and ratios.

    python3 benches/compare.py [--python PYTHON] [--rounds 3] [--only limits,detector,memory,start,mlp,conv,gemm,losses]

PYTHON is an interpreter that has PyTorch and JAX, or one of them; who is absent is left out, and it says so. The rest
needs nothing but Rust and Python. Ours and the peers take turns, --rounds times; figures are medians over the rounds, and
ratios are of these medians, since other users of a machine disturb single runs. Every peer has what makes it fast: an
allocator that keeps its memory, fused optimisers, channels last, compilation; the ratio is to the fastest.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "benches" / "peers"
SQUARES = [(n, n, n) for n in (256, 512, 1024, 2048)]
SKINNY = [(1024, 64, 64), (64, 576, 4096), (256, 784, 128)]
UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}
# glibc keeps freed memory instead of returning it: page faults would take most of the time of large arrays.
ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "20000000000",
    "MALLOC_TOP_PAD_": "67108864",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


def divan(bench, threads, *filters):
    """The medians of a bench, in seconds by path: {"detector_b16/2": 0.0057}."""
    # As long as the peers are timed: on a shared machine a short bench sees one neighbour only.
    text = cargo(bench, threads, "--min-time", "1", *filters)
    medians, path = {}, []
    for line in text.splitlines():
        row = re.match(r"((?:│  |   )*)[├╰]─ (.*)", line)
        if not row:
            continue
        cells = row[2].split("│")
        name = re.split(r"\s{2,}", cells[0].strip())[0]
        path[len(row[1]) // 3 :] = [name]
        if len(cells) > 2 and cells[2].strip():
            number, unit = cells[2].split()
            medians["/".join(path)] = float(number) * UNITS[unit]
    return medians, text


def cargo(bench, threads, *filters):
    command = ["cargo", "bench", "--quiet", "--bench", bench, "--", *filters]
    return run(command, RAYON_NUM_THREADS=str(threads))


def run(command, **environment):
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr[-2000:]}")
    return done.stdout


class Figures:
    """What was measured: figures[work][system] is a list with one entry per round."""

    def __init__(self, python):
        self.python, self.figures, self.versions = python, {}, set()
        self.peers = {}
        for module in ("torch", "jax"):
            try:
                run([python, "-c", f"import {module}"])
                self.peers[module] = PEERS / f"{module}_bench.py"
            except (RuntimeError, OSError):
                print(f"{module} is absent from {python}: left out", file=sys.stderr)

    def add(self, work, system, value):
        self.figures.setdefault(work, {}).setdefault(system, []).append(value)

    def peer(self, module, group, threads, *more):
        """Runs a group of a peer on so many threads, a single one on a processor of its own."""
        if module not in self.peers:
            return
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment = os.environ | ALLOCATOR | dict.fromkeys(names, str(threads))
        # XLA takes its number of threads from the processors that it may use.
        pin = (lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})) if threads == 1 else None
        command = [self.python, self.peers[module], group, str(threads), *more]
        done = subprocess.run(command, cwd=PEERS, env=environment, capture_output=True, text=True, preexec_fn=pin)
        if done.returncode != 0:
            print(f"{module} fails on {group}: {done.stderr[-1000:]}", file=sys.stderr)
        self.versions |= set(re.findall(r"^(?:PyTorch|JAX) \S+", done.stderr, re.MULTILINE))
        for line in done.stdout.splitlines():
            result = json.loads(line)
            self.add((result["work"], threads), result["peer"], result["value"])


def detector(figures):
    for threads in (1, 2):
        medians, _ = divan("detector", threads)
        figures.add(("detector", threads), "losslab", medians[f"detector_b16/{threads}"])
    figures.peer("torch", "detector", 2)


def memory(figures):
    most = re.search(r"VmHWM:\s+(\d+) kB", cargo("detector", 2, "detector_b16"))
    if most:
        figures.add(("memory", 2), "losslab", 1024 * int(most[1]))
    figures.peer("torch", "memory", 2)


def start(figures):
    """The whole of a training of one epoch on 400 rows, against the import of a peer alone."""
    run(["cargo", "build", "--quiet", "--release"])
    model = ROOT / "target" / "tmp" / "compare.safetensors"
    model.parent.mkdir(parents=True, exist_ok=True)
    training = ["train", "--synthetic", "rows=400,ratio=9", "--epochs", "1", "--quiet", "--save", model]
    commands = {"losslab": [ROOT / "target" / "release" / "losslab", *training]}
    for module in figures.peers:
        commands[f"import {module}"] = [figures.python, "-c", f"import {module}"]
    for system, command in commands.items():
        begun = time.perf_counter()
        run(command)
        figures.add(("start", 2), system, time.perf_counter() - begun)


def mlp(figures):
    medians, _ = divan("mlp", 2)
    for path, median in medians.items():
        shape, threads, optimizer = path.split("/")
        figures.add((f"mlp {shape.split('_')[1]} {optimizer}", int(threads)), "losslab", median)
    for threads in (1, 2):
        figures.peer("torch", "mlp", threads)
        figures.peer("jax", "mlp", threads)


def conv(figures):
    medians, _ = divan("conv", 2, "forward_and_backward")
    for case in range(3):
        figures.add((f"conv {case}", 2), "losslab", medians[f"forward_and_backward/2/{case}"])
    figures.peer("torch", "conv", 2)


def gemm(figures):
    for line in cargo("gemm", 1).splitlines():
        row = re.match(r"(\d+, \d+, \d+) +(\S+) +\S+ +\S+ +(\S+)", line)
        if row:
            m, k, n = map(int, row[1].split(","))
            operations = 2 * m * k * n
            figures.add((f"gemm {row[1]}", 1), "losslab", operations / float(row[2]) / 1e9)
            figures.add((f"gemm {row[1]}", 1), "matrixmultiply", operations / float(row[3]) / 1e9)
    figures.peer("torch", "gemm", 1, *(",".join(map(str, shape)) for shape in SQUARES + SKINNY))


def losses(figures):
    for threads in (1, 2):
        medians, _ = divan("losses", threads, "sigmoid", "softmax_ce")
        for path, median in medians.items():
            bench, *rest = path.split("/")
            if bench == "sigmoid" and rest[1] == "focal:gamma=2,alpha=0.25":
                figures.add((f"focal {rest[0]}", threads), "losslab", median)
            elif bench == "softmax_ce":
                figures.add((f"softmax {rest[0].strip('()')}", threads), "losslab", median)
        figures.peer("torch", "losses", threads)
        figures.peer("jax", "losses", threads)


def limits(figures):
    """What the machine itself can do."""
    for threads, read, operations in re.findall(r"threads (\d): reading (\S+) GB/s(?:, (\d+) GFLOP/s)?", cargo("limits", 2)):
        figures.add(("limit read", int(threads)), "machine", float(read))
        if operations:
            figures.add(("limit operations", int(threads)), "machine", float(operations))


GROUPS = {"limits": limits, "detector": detector, "memory": memory, "start": start, "mlp": mlp, "conv": conv, "gemm": gemm, "losses": losses}

# What is printed: text, work, threads (the best of several), unit, and what one unit is.
LOGIT = "ns per logit"
ROWS = [
    ("detector step, batch 16 (1157 MFLOP)", "detector", [2], "ms", 1e-3),
    ("MLP 784-256-128-10, batch 128, momentum", "mlp 784 momentum", [1, 2], "ms", 1e-3),
    ("the same, Adam", "mlp 784 adam", [1, 2], "ms", 1e-3),
    ("MLP 32-64-64-1, batch 256, momentum", "mlp 32 momentum", [1, 2], "µs", 1e-6),
    ("the same, Adam", "mlp 32 adam", [1, 2], "µs", 1e-6),
    ("conv 8x32x32x32 to 32, forward and backward", "conv 0", [2], "ms", 1e-3),
    ("conv 8x16x16x64 to 64", "conv 1", [2], "ms", 1e-3),
    ("conv 8x64x64x16 to 32, stride 2", "conv 2", [2], "ms", 1e-3),
    *((f"GEMM {n}^3", f"gemm {n}, {n}, {n}", [1], "GFLOP/s", 2 * n**3 / 1e9) for n, _, _ in SQUARES),
    *((f"GEMM {m}, {k}, {n}", f"gemm {m}, {k}, {n}", [1], "GFLOP/s", 2 * m * k * n / 1e9) for m, k, n in SKINNY),
    ("focal loss, value + gradient of 1e6 logits", "focal 1000000", [1], LOGIT, 1e-3),
    ("the same of 16e6", "focal 16000000", [2], LOGIT, 16e-3),
    ("softmax CE, value + gradient, 65536 x 10", "softmax 65536, 10", [2], LOGIT, 655360e-9),
    ("the same, 8192 x 1000", "softmax 8192, 1000", [2], LOGIT, 8192e-6),
    ("detector step, peak memory", "memory", [2], "MB", 1e6),
    ("start to the end of a first epoch, or import", "start", [2], "ms", 1e-3),
]


def table(figures):
    print("| work | threads | losslab | fastest peer | ratio | others |\n|---|---|---|---|---|---|")
    for text, work, threads, unit, one in ROWS:
        medians = {}
        for n in threads:
            for system, values in figures.figures.get((work, n), {}).items():
                medians[system] = min(statistics.median(values), medians.get(system, float("inf")))
        ours = medians.pop("losslab", None)
        if ours is None:
            continue
        show = lambda seconds: f"{one / seconds if unit == 'GFLOP/s' else seconds / one:.3g}"
        peers = sorted(medians.items(), key=lambda item: item[1])
        best = f"{show(peers[0][1])} {peers[0][0]} | {peers[0][1] / ours:.2f}" if peers else "- | -"
        others = "; ".join(f"{show(value)} {name}" for name, value in peers[1:])
        print(f"| {text}, {unit} | {' or '.join(map(str, threads))} | {show(ours)} | {best} | {others} |")
    one, two = (figures.figures.get(("detector", n), {}).get("losslab") for n in (1, 2))
    if one and two:
        scaling = statistics.median(one) / statistics.median(two)
        print(f"| detector step, two threads over one | | {scaling:.2f} | | | |")
    for text, work in [("multiply-adds in registers, GFLOP/s", "limit operations"), ("reading memory, GB/s", "limit read")]:
        values = [figures.figures.get((work, n), {}).get("machine") for n in (1, 2)]
        if all(values):
            print(f"| the machine: {text} | 1; 2 | {'; '.join(f'{statistics.median(v):.3g}' for v in values)} | | | |")


def machine():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return "unknown processor"
    name = re.search(r"model name\s*: (.*)", text)
    return f"{name[1] if name else 'unknown processor'}, AVX-512: {'yes' if 'avx512f' in text else 'no'}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="an interpreter with PyTorch and JAX")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(GROUPS), help="groups of works, separated by commas")
    arguments = parser.parse_args()
    groups = arguments.only.split(",")
    unknown = [group for group in groups if group not in GROUPS]
    if unknown:
        parser.error(f"found {', '.join(unknown)}, expected some of {', '.join(GROUPS)}")
    figures = Figures(arguments.python)
    for group in groups:
        for number in range(arguments.rounds):
            print(f"{group}, round {number + 1} of {arguments.rounds}", file=sys.stderr)
            GROUPS[group](figures)
    versions = ", ".join(sorted(figures.versions)) or "no peers"
    print(f"{machine()}, {os.cpu_count()} cores; {versions}; {datetime.date.today()}; medians of {arguments.rounds} rounds\n")
    table(figures)


main()
