"""What the peers' benches share: works are made and timed when their names are asked for, one turn at a time.

A bench reads the name of a work per line of its input, and answers with a line of the seconds that it takes,
by who does it: {"JAX jit": 0.0012}. So does ours, `../turns.rs`, with the same lengths of turns and
samples."""

import json
import os
import statistics
import sys
import time

TURN, SAMPLES, SAMPLE = 0.25, 3, 2e-3


def seconds(step):
    """The median time of a call in one turn. Short ones are timed several at a time, which the clock
    resolves."""

    def timed(calls):
        start = time.perf_counter()
        for _ in range(calls):
            step()
        return (time.perf_counter() - start) / calls

    step()
    calls = max(1, int(SAMPLE / max(timed(1), 1e-7)))
    samples, begun = [], time.perf_counter()
    while len(samples) < SAMPLES or time.perf_counter() - begun < TURN:
        samples.append(timed(calls))
    return statistics.median(samples)


def serve(makers, between=lambda: None):
    """Answers until the input ends. `makers(name)` has a function for each system, which makes the step of
    that work; what one cannot make is left out. `between` is called where a new work begins."""
    name, steps = None, {}
    # What libraries print goes elsewhere than the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        if line.strip() != name:
            name, steps = line.strip(), {}
            between()
            for system, make in makers(name).items():
                try:
                    step = make()
                    for _ in range(5):
                        step()
                    steps[system] = step
                except Exception as error:  # no C++ compiler to compile with, for one
                    print(f"{system} fails on {name}: {error}"[:300], file=sys.stderr)
        print(json.dumps({system: seconds(step) for system, step in steps.items()}), file=answers, flush=True)
