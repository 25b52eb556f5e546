"""Timing that the peers' benches share. Every result is one line of JSON on the standard output."""

import json
import resource
import statistics
import time


def seconds(step):
    """The median time of a call: after a warm-up, at least a second of calls and at least 20 of them.

    Samples of short calls are means over as many calls as fill 2 ms, which the clock resolves."""
    for _ in range(5):
        step()
    start = time.perf_counter()
    step()
    once = max(time.perf_counter() - start, 1e-7)
    calls = max(1, int(2e-3 / once))
    samples, end = [], time.perf_counter() + 1.0
    while len(samples) < 20 or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(calls):
            step()
        samples.append((time.perf_counter() - start) / calls)
    return statistics.median(samples)


def report(work, peer, step):
    """Times a step and prints what it took."""
    print(json.dumps({"work": work, "peer": peer, "value": seconds(step)}), flush=True)


def report_memory(work, peer):
    """Prints the most memory that this process has had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"work": work, "peer": peer, "value": most}), flush=True)
