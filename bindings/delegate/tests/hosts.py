#!/usr/bin/env python3
"""Runs recorded networks with libottava_delegate.so in whatever host of the delegate this Python has, and compares with the recordings.

    hosts.py LIBRARY MODELS [--times]

A host is ai-edge-litert, tflite-runtime or TensorFlow. Every network has to be one part, on 1 and on 2 threads, with the recorded bytes.
`--times` measures one thread beside the host's own kernels (XNNPACK), in the same process and in turns. tools/test-delegate-hosts.sh runs
this in several hosts.
"""

import argparse
import json
import pathlib
import statistics
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
# Runs of each in a turn, and turns, of which there is one more that warms up.
RUNS, TURNS = 10, 9


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

    def measure(self, load, library):
        """Medians in ms: with the delegate, and with the host's own kernels."""
        both = [self.interpreter(1, load(library, {"num_threads": 1})), self.interpreter(1)]
        times = [[], []]
        for interpreter in both:
            run(interpreter, self.recordings[0][0])
        for turn in range(TURNS + 1):
            for interpreter, mine in zip(both, times):
                for _ in range(RUNS):
                    start = time.perf_counter()
                    interpreter.invoke()
                    if turn:
                        mine.append(1e3 * (time.perf_counter() - start))
        ours, theirs = (statistics.median(mine) for mine in times)
        print(f"| {self.name} | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} |")


def run(interpreter, value):
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("--times", action="store_true", help="measure instead")
    args = parser.parse_args()
    name, make, load = host()
    print(name)
    networks = [Network(make, args.models, network) for network in QUANTIZED]
    if args.times:
        print("| network | with the delegate, ms | the host's own kernels, ms | ratio |\n|---|--:|--:|--:|")
    for network in networks:
        (network.measure if args.times else network.check)(load, args.library)


if __name__ == "__main__":
    main()
