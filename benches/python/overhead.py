#!/usr/bin/env python3
"""Measures what Python adds: the goals of the package, on this machine, as a table.

    overhead.py MODELS [--command OTTAVA]

It runs in an environment that has the wheel and ai-edge-litert. Times of interpreters are medians of turns in one process; the command is
`ottava bench` of the same build, which has no Python in it [the package's].
"""

import argparse
import gc
import json
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


def above_the_command(path, command, turns=7, runs=300):
    """What setting, running and reading take above a run of the session, in us."""
    _, whole = ready(Interpreter, path)
    differences = []
    for _ in range(turns):
        mine = statistics.median(invocations(whole, runs))
        said = subprocess.run(
            [*command, "bench", str(path), "--threads", "1", "--runs", str(runs), "--json", "-"], check=True, capture_output=True
        )
        differences.append(mine - 1e3 * json.loads(said.stdout)["latency_ms"]["median"])
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
    """Bytes that a second interpreter of a file adds, and those of its arena."""
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
    parser.add_argument("--command", metavar="OTTAVA", help="the command to compare with")
    args = parser.parse_args()
    command = [args.command] if args.command else [sys.executable, "-m", "ottava"]
    inception = args.models / "inception_v3_int8.tflite"
    print("| what | measured | goal |\n|---|--:|--:|")
    above = above_the_command(args.models / "mobilenet_v1_0.25_128_quant.tflite", command)
    print(f"| set, invoke and get above the session's run, MobileNet v1 0.25 | {above:.1f} us | 25 us |", flush=True)
    print(f"| import beyond NumPy | {imports():.1f} ms | 60 ms |", flush=True)
    ours, theirs = beside_litert(inception)
    print(f"| Inception v3 int8, one thread, beside LiteRT's default ({ours / 1e3:.1f} and {theirs / 1e3:.1f} ms) | {ours / theirs:.2f} | 0.75 |")
    added, arena, _ = second_interpreter(inception)
    print(f"| a second interpreter of Inception v3 beyond its arena of {arena / 1e6:.2f} MB | {(added - arena) / 1e6:.2f} MB | 1 MB |")


if __name__ == "__main__":
    main()
