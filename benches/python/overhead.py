#!/usr/bin/env python3
"""Measures what Python adds: the goals of the package, on this machine, as a table.

    overhead.py MODELS

It runs in an environment that has the wheel and ai-edge-litert. Times are medians; those of two interpreters are taken in turns in one process.
"""

import argparse
import gc
import pathlib
import statistics
import subprocess
import sys
import time

import numpy

import ottava
from ottava.interpreter import Interpreter


def invocations(call, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        times.append(1e6 * (time.perf_counter() - start))
    return times


def ready(kind, path, **options):
    interpreter = kind(str(path), num_threads=1, **options)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()[0]
    value = numpy.zeros(details["shape"], details["dtype"])
    output = interpreter.get_output_details()[0]["index"]

    def whole():
        interpreter.set_tensor(details["index"], value)
        interpreter.invoke()
        interpreter.get_tensor(output)

    return interpreter, whole


def above_the_session(path, runs=3000):
    """What setting, running and reading take above the run of the session that they contain, in us."""
    interpreter, whole = ready(Interpreter, path)
    differences = []
    for _ in range(runs):
        (taken,) = invocations(whole, 1)
        # Its native form, since a table of layers would push what is measured out of the caches.
        differences.append(taken - interpreter._interpreter.profile()[0] / 1e3)
    return statistics.median(differences)


def beside_litert(path, turns=7, runs=20):
    """Our time and that of LiteRT's default, in us."""
    from ai_edge_litert.interpreter import Interpreter as Other

    both = [ready(Interpreter, path)[1], ready(Other, path)[1]]
    times = [[], []]
    for turn in range(turns + 1):
        for whole, mine in zip(both, times):
            measured = invocations(whole, runs)
            if turn:
                mine += measured
    return [statistics.median(mine) for mine in times]


def imports(turns=15):
    """What importing the package takes beyond NumPy, in ms."""
    text = "import time; import numpy; s = time.perf_counter(); import ottava, ottava.interpreter; print(time.perf_counter() - s)"
    run = lambda: float(subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True).stdout)
    run()
    return 1e3 * statistics.median(run() for _ in range(turns))


def resident():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmRSS"))


def second_interpreter(path):
    """Bytes that a second interpreter of a file adds, and those of its arena. To be asked for first: memory that was freed would hide some."""
    first, whole = ready(Interpreter, path)
    whole()
    gc.collect()
    before = resident()
    second, whole = ready(Interpreter, path)
    whole()
    return resident() - before, second._plan.memory()["arena_bytes"], first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path)
    args = parser.parse_args()
    inception = args.models / "inception_v3_int8.tflite"
    print("| what | measured | goal |\n|---|--:|--:|")
    added, arena, _ = second_interpreter(inception)
    above = above_the_session(args.models / "mobilenet_v1_0.25_128_quant.tflite")
    print(f"| set, invoke and get above the session's run, MobileNet v1 0.25 | {above:.1f} us | 25 us |", flush=True)
    print(f"| import beyond NumPy | {imports():.1f} ms | 60 ms |", flush=True)
    ours, theirs = beside_litert(inception)
    print(f"| Inception v3 int8, one thread, beside LiteRT's default ({ours / 1e3:.1f} and {theirs / 1e3:.1f} ms) | {ours / theirs:.2f} | 0.75 |")
    print(f"| a second interpreter of Inception v3 beyond its arena of {arena / 1e6:.2f} MB | {(added - arena) / 1e6:.2f} MB | 1 MB |")


if __name__ == "__main__":
    main()
