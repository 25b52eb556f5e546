"""losslab beside PyTorch and JAX on the same works, as a Markdown table of times and ratios.

    python3 benches/compare.py [--python PYTHON] [--rounds 10]
        [--only limits,detector,convnet,memory,start,mlp,conv,gemm,losses]

PYTHON is an interpreter that has PyTorch and JAX, or one of them; who is absent is left out, and it says so.
The rest needs nothing but Rust and Python. Ours and the peers take turns of a quarter of a second, --rounds
times for each work: on a shared machine the speed changes from second to second. Times are medians over the
rounds, and a ratio is the median of those of each round, to the peer that is fastest by its median. Every
peer has what makes it fast: an allocator that keeps its memory, fused optimisers, channels last, compilation.
"""

import argparse
import datetime
import itertools
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
# glibc keeps freed memory instead of returning it: page faults would take most of the time of large arrays.
ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "20000000000",
    "MALLOC_TOP_PAD_": "67108864",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


NAMES = {"torch": "PyTorch", "jax": "JAX"}


def run(command, **environment):
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr[-2000:]}")
    return done.stdout


def bench(name, threads, *filters):
    return run(["cargo", "bench", "--quiet", "--bench", name, "--", *filters], RAYON_NUM_THREADS=str(threads))


class Player:
    """A process that does works when their names are asked for."""

    def __init__(self, command, threads, environment):
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
        environment = os.environ | environment | dict.fromkeys(names, str(threads))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.ended = False
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, preexec_fn=own_processors(threads), **pipes
        )

    def turn(self, work):
        """The seconds of one turn, by system; of none if it does not know the work."""
        try:
            self.process.stdin.write(work + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            raise RuntimeError(f"{' '.join(map(str, self.process.args))} ended at {work}") from None


def own_processors(threads):
    """What keeps a process to as many processors as it has threads, where the system can: XLA has a thread
    for each that it may use."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    return lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


class Figures:
    """What was measured: figures[work, threads][system] is a list with one entry per round."""

    def __init__(self, python, rounds):
        self.python, self.rounds, self.figures, self.players = python, rounds, {}, {}
        self.peers, self.versions = [], []
        for module in ("torch", "jax"):
            try:
                version = run([python, "-c", f"import {module}; print({module}.__version__)"]).strip()
                self.peers.append(module)
                self.versions.append(f"{NAMES[module]} {version}")
            except (RuntimeError, OSError):
                print(f"{module} is absent from {python}: left out", file=sys.stderr)

    def add(self, work, threads, system, value):
        self.figures.setdefault((work, threads), {}).setdefault(system, []).append(value)

    def player(self, system, threads):
        """The process of a system on so many threads, which stays."""
        if (system, threads) not in self.players:
            if system == "losslab":
                built = run(["cargo", "bench", "--bench", "turns", "--no-run", "--message-format", "json"])
                artifacts = [line for line in map(json.loads, built.splitlines()) if line.get("executable")]
                command = [line["executable"] for line in artifacts if line["target"]["name"] == "turns"]
                environment = {}
            else:
                command, environment = [self.python, PEERS / f"{system}_bench.py"], ALLOCATOR
            self.players[system, threads] = Player([*command, str(threads)], threads, environment)
        return self.players[system, threads]

    def turn(self, work, player):
        """A turn of a player; of one that has ended nothing, and why."""
        try:
            return {} if player.ended else player.turn(work)
        except RuntimeError as error:
            player.ended = True
            print(error, file=sys.stderr)
            return {}

    def take_turns(self, work, threads):
        """All systems, on each of these numbers of threads, --rounds times; the first turn of each is not
        counted."""
        players = [(n, self.player("losslab", n)) for n in threads]
        if not all(player.turn(work) for _, player in players):
            raise RuntimeError(f"benches/turns.rs knows no work {work}")
        for n, module in itertools.product(threads, self.peers):
            player = self.player(module, n)
            self.turn(work, player)
            players.append((n, player))
        for number in range(self.rounds):
            # The other way round every second time: no process always follows the same one.
            for n, player in players if number % 2 else players[::-1]:
                for system, value in self.turn(work, player).items():
                    self.add(work, n, system, value)


def works(kinds):
    """A group of the table's works."""

    def measure(figures):
        for _, work, threads, *_ in ROWS:
            if work.split()[0] in kinds:
                print(f"{work}", file=sys.stderr)
                figures.take_turns(work, threads)

    return measure


def scaling(figures):
    """The detector on two threads, beside the peers, and on one."""
    works(["detector"])(figures)
    players = [figures.player("losslab", n) for n in (1, 2)]
    players[0].turn("detector")
    for _ in range(figures.rounds):
        one, two = (player.turn("detector")["losslab"] for player in players)
        figures.add("scaling", 2, "losslab", one / two)


def memory(figures):
    most = re.search(r"VmHWM:\s+(\d+) kB", bench("detector", 2, "detector_b16"))
    if most:
        figures.add("memory", 2, "losslab", 1024 * int(most[1]))
    if "torch" in figures.peers:
        command = [figures.python, PEERS / "torch_bench.py", "2", "memory"]
        figures.add("memory", 2, "PyTorch", int(run(command, **ALLOCATOR)))


def start(figures):
    """The whole of a training of one epoch on 400 rows, against the import of a peer alone."""
    run(["cargo", "build", "--quiet", "--release"])
    model = ROOT / "target" / "tmp" / "compare.safetensors"
    model.parent.mkdir(parents=True, exist_ok=True)
    training = ["train", "--synthetic", "rows=400,ratio=9", "--epochs", "1"]
    training += ["--quiet", "--force", "--save", model]
    commands = {"losslab": [ROOT / "target" / "release" / "losslab", *training]}
    for module in figures.peers:
        commands[f"import {module}"] = [figures.python, "-c", f"import {module}"]
    for _ in range(3):
        for system, command in commands.items():
            begun = time.perf_counter()
            run(command)
            figures.add("start", 2, system, time.perf_counter() - begun)


def limits(figures):
    """What the machine itself can do."""
    for _ in range(3):
        line = r"threads (\d): reading (\S+) GB/s(?:, (\d+) GFLOP/s)?"
        for threads, read, operations in re.findall(line, bench("limits", 2)):
            figures.add("limit read", int(threads), "machine", float(read))
            if operations:
                figures.add("limit operations", int(threads), "machine", float(operations))


GROUPS = {
    "limits": limits,
    "detector": scaling,
    "convnet": works(["convnet"]),
    "memory": memory,
    "start": start,
    "mlp": works(["mlp"]),
    "conv": works(["conv"]),
    "gemm": works(["gemm"]),
    "losses": works(["focal", "softmax"]),
}

# What is printed: text, work, threads (the best of several), unit, and what one unit is.
LOGIT = "ns per logit"
ROWS = [
    ("detector step, batch 16 (1157 MFLOP)", "detector", [2], "ms", 1e-3),
    ("convnet step, width 16, depth 8, 28x28, batch 128 (7.0 GFLOP)", "convnet", [2], "ms", 1e-3),
    ("MLP 784-256-128-10, batch 128, momentum", "mlp 784 momentum", [1, 2], "ms", 1e-3),
    ("the same, Adam", "mlp 784 adam", [1, 2], "ms", 1e-3),
    ("MLP 32-64-64-1, batch 256, momentum", "mlp 32 momentum", [1, 2], "µs", 1e-6),
    ("the same, Adam", "mlp 32 adam", [1, 2], "µs", 1e-6),
    ("conv 8x32x32x32 to 32, forward and backward", "conv 0", [2], "ms", 1e-3),
    ("conv 8x16x16x64 to 64", "conv 1", [2], "ms", 1e-3),
    ("conv 8x64x64x16 to 32, stride 2", "conv 2", [2], "ms", 1e-3),
    *((f"GEMM {n}^3", f"gemm {n}, {n}, {n}", [1], "GFLOP/s", 2 * n**3 / 1e9) for n, _, _ in SQUARES),
    *(
        (f"GEMM {m}, {k}, {n}", f"gemm {m}, {k}, {n}", [1], "GFLOP/s", 2 * m * k * n / 1e9)
        for m, k, n in SKINNY
    ),
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
        # Each system on the number of threads that suits it best.
        times = {}
        for n in threads:
            for system, values in figures.figures.get((work, n), {}).items():
                times[system] = min(values, times.get(system, values), key=statistics.median)
        ours = times.pop("losslab", None)
        if ours is None:
            continue
        show = lambda seconds: f"{one / seconds if unit == 'GFLOP/s' else seconds / one:.3g}"
        peers = [(name, statistics.median(values)) for name, values in times.items()]
        peers.sort(key=lambda peer: peer[1])
        best = "- | -"
        if peers:
            name, median = peers[0]
            ratio = statistics.median(theirs / own for theirs, own in zip(times[name], ours))
            best = f"{show(median)} {name} | {ratio:.2f}"
        others = "; ".join(f"{show(value)} {name}" for name, value in peers[1:])
        ours = show(statistics.median(ours))
        print(f"| {text}, {unit} | {' or '.join(map(str, threads))} | {ours} | {best} | {others} |")
    middle = lambda work, n: statistics.median(next(iter(figures.figures[work, n].values())))
    if ("scaling", 2) in figures.figures:
        print(f"| detector step, two threads over one | | {middle('scaling', 2):.2f} | | | |")
    limits = [
        ("multiply-adds in registers, GFLOP/s", "limit operations"),
        ("reading memory, GB/s", "limit read"),
    ]
    for text, work in limits:
        if (work, 2) in figures.figures:
            both = "; ".join(f"{middle(work, n):.3g}" for n in (1, 2))
            print(f"| the machine: {text} | 1; 2 | {both} | | | |")


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
    parser.add_argument("--rounds", type=int, default=10, help="turns of each system on each work")
    parser.add_argument("--only", default=",".join(GROUPS), help="groups of works, separated by commas")
    arguments = parser.parse_args()
    groups = arguments.only.split(",")
    unknown = [group for group in groups if group not in GROUPS]
    if unknown:
        parser.error(f"found {', '.join(unknown)}, expected some of {', '.join(GROUPS)}")
    figures = Figures(arguments.python, arguments.rounds)
    for group in groups:
        GROUPS[group](figures)
    versions = ", ".join(figures.versions) or "no peers"
    rounds = f"medians of {arguments.rounds} rounds"
    print(f"{machine()}, {os.cpu_count()} cores; {versions}; {datetime.date.today()}; {rounds}\n")
    table(figures)


main()
