#!/usr/bin/env python3
"""Times every 3x3 layer of a network both ways, direct and by Winograd transforms, and says which one the plan takes.

    cargo build --release -p ottava-cli
    tools/measure-winograd.py MODEL [--isa ISA] [--threads N] [--rounds N] [--runs N] [--ottava BINARY]

A round runs `ottava bench` once each with `--winograd never`, `always` and `auto`, in turns; a time is the median of the
rounds' medians. The last column says by how much the plan's choice is slower than the other way, where it is. Fails if that is
more than 3 % and 3 microseconds for a layer.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile

WAYS = ["never", "always", "auto"]
MOST_SLOWER = 0.03
LEAST_MICROSECONDS = 3


def layers(arguments, way):
    """Kernel, shape and median time of each layer."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [arguments.ottava, "bench", arguments.model, "--threads", str(arguments.threads)]
        command += ["--winograd", way, "--runs", str(arguments.runs), "--json", report.name]
        command += ["--isa", arguments.isa] if arguments.isa else []
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return {layer["name"]: layer for layer in json.load(open(report.name))["layers"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--isa")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--ottava", default="target/release/ottava")
    arguments = parser.parse_args()
    rounds = [{way: layers(arguments, way) for way in WAYS} for _ in range(arguments.rounds)]

    def median(way, name):
        return statistics.median(of_round[way][name]["median_us"] for of_round in rounds)

    slower, totals = [], dict.fromkeys(WAYS, 0.0)
    print(f"{'layer':28} {'output':20} {'direct':>9} {'Winograd':>9} {'ratio':>6}  plan")
    for name, layer in rounds[0]["always"].items():
        if not layer["kernel"].startswith("winograd"):
            continue
        direct, winograd = median("never", name), median("always", name)
        takes = rounds[0]["auto"][name]["kernel"].startswith("winograd")
        chosen, other = (winograd, direct) if takes else (direct, winograd)
        loss = chosen / other - 1
        bad = loss > MOST_SLOWER and chosen - other > LEAST_MICROSECONDS
        slower += [name] if bad else []
        for way, time in zip(WAYS, [direct, winograd, chosen]):
            totals[way] += time
        note = f"  {loss:+.1%}" if loss > 0 else ""
        shape = "x".join(str(n) for n in layer["output_shape"])
        print(f"{name:28} {shape:20} {direct:9.1f} {winograd:9.1f} {direct / winograd:6.2f}  {'Winograd' if takes else 'direct'}{note}")
    print("sums in us: " + ", ".join(f"{label} {totals[way]:.0f}" for way, label in zip(WAYS, ["direct", "Winograd", "plan"])))
    if slower:
        print(f"slower by more than {MOST_SLOWER:.0%} than the other way: {', '.join(slower)}", file=sys.stderr)
    return bool(slower)


if __name__ == "__main__":
    sys.exit(main())
