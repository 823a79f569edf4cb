#!/usr/bin/env python3
"""Runs recorded networks with libottava_delegate.so in whatever host of the delegate this Python has, and compares with the recordings.

    hosts.py LIBRARY MODELS [--times [--command OTTAVA]]

A host is ai-edge-litert, tflite-runtime or TensorFlow. Every network has to be one part, on 1 and on 2 threads, with the recorded bytes.
`--times` measures one thread beside the host's own kernels (XNNPACK), in the same process and in turns. `--command` tells the command
`ottava`, and adds what the delegate takes above `ottava bench` of the same file, in turns too. tools/test-delegate-hosts.sh runs this in
several hosts.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy

QUANTIZED = [
    "mobilenet_v1_0.25_128_quant",
    "mobilenet_v2_1.0_224_quant",
    "mobilenet_v2_keras_int8",
    "deeplabv3_mnv2_dm05_pascal_quant",
    "inception_v3_int8",
    "inception_v3_uint8",
]
# Runs of each in a turn, and turns, of which there is one more that warms up. Turns are long, because the first runs after the other
# kernels' find the caches and the branch predictors full of those.
RUNS, TURNS = 50, 9
# Runs and turns beside the command, which warms up by itself.
COMMAND_RUNS, COMMAND_TURNS = 100, 5


def host():
    """Name and version of the host, its interpreter, and what loads delegates."""
    try:
        import ai_edge_litert
        from ai_edge_litert.interpreter import Interpreter, load_delegate

        return f"ai-edge-litert {ai_edge_litert.__version__}", Interpreter, load_delegate
    except ImportError:
        pass
    try:
        import tflite_runtime
        from tflite_runtime.interpreter import Interpreter, load_delegate

        return f"tflite-runtime {tflite_runtime.__version__}", Interpreter, load_delegate
    except ImportError:
        import tensorflow

        lite = tensorflow.lite
        return f"TensorFlow {tensorflow.__version__}", lite.Interpreter, lite.experimental.load_delegate


class Network:
    """A file in the host, with the recordings of it."""

    def __init__(self, make, models, name):
        self.make, self.name, self.path = make, name, str(models / f"{name}.tflite")
        inputs = sorted(models.glob(f"golden/{name}.*.input.npy"))
        self.recordings = [
            (numpy.load(file), numpy.load(str(file).replace(".input.npy", ".output0.npy"))) for file in inputs
        ]
        if not inputs:
            raise SystemExit(f"error: {name} has no recordings in {models}/golden")

    def interpreter(self, threads, delegate=None):
        delegates = [delegate] if delegate else None
        made = self.make(model_path=self.path, num_threads=threads, experimental_delegates=delegates)
        made.allocate_tensors()
        return made

    def check(self, load, library):
        for threads in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                report = pathlib.Path(folder) / "report"
                interpreter = self.interpreter(threads, load(library, {"num_threads": threads, "report": report}))
                for value, wanted in self.recordings:
                    got = run(interpreter, value)
                    if got.tobytes() != wanted.tobytes():
                        raise SystemExit(f"error: {self.name}: {numpy.count_nonzero(got != wanted)} values differ")
                del interpreter
                parts = [json.loads(line)["nodes"] for line in report.read_text().splitlines()]
                if len(parts) != 1 or parts[0] != list(range(len(parts[0]))):
                    raise SystemExit(f"error: {self.name}: the parts are {parts}")
        print(f"{self.name}: {len(parts[0])} operators in one part, {len(self.recordings)} recordings on 1 and 2 threads")

    def measure(self, load, library, command):
        """Prints medians in ms: with the delegate, and with the host's own kernels; and what the first is above the command's."""
        both = [self.interpreter(1, load(library, {"num_threads": 1})), self.interpreter(1)]
        times = [[], []]
        for interpreter in both:
            run(interpreter, self.recordings[0][0])
        for turn in range(TURNS + 1):
            for interpreter, mine in zip(both, times):
                measured = invocations(interpreter, RUNS)
                if turn:
                    mine += measured
        ours, theirs = (statistics.median(mine) for mine in times)
        above = f" {self.above(both[0], command):.0f} |" if command else ""
        print(f"| {self.name} | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} |{above}", flush=True)

    def above(self, interpreter, command):
        """The median of what the interpreter takes longer than the command, in us."""
        differences = []
        for _ in range(COMMAND_TURNS):
            ours = statistics.median(invocations(interpreter, COMMAND_RUNS))
            said = subprocess.run(
                [command, "bench", self.path, "--threads", "1", "--runs", str(COMMAND_RUNS), "--json", "-"],
                check=True,
                capture_output=True,
            )
            differences.append(1e3 * (ours - json.loads(said.stdout)["latency_ms"]["median"]))
        return statistics.median(differences)


def invocations(interpreter, count):
    """Times of so many runs, in ms."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        interpreter.invoke()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def run(interpreter, value):
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("--times", action="store_true", help="measure instead")
    parser.add_argument("--command", metavar="OTTAVA", help="with --times, the command to compare with as well")
    args = parser.parse_args()
    name, make, load = host()
    print(name)
    networks = [Network(make, args.models, network) for network in QUANTIZED]
    if args.times:
        above = (" above `bench`, us |", "--:|") if args.command else ("", "")
        print(f"| network | with the delegate, ms | the host's own kernels, ms | ratio |{above[0]}\n|---|--:|--:|--:|{above[1]}")
    for network in networks:
        if args.times:
            network.measure(load, args.library, args.command)
        else:
            network.check(load, args.library)


if __name__ == "__main__":
    main()
