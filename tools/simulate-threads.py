#!/usr/bin/env python3
"""Says how long a network would take on more threads than the machine has cores, from the times of its tasks on few.

    cargo build --release -p ottava-cli
    tools/simulate-threads.py MODEL [--isa ISA] [--threads N,...] [--rounds N] [--ottava BINARY]

The plan for N threads is run with all its N threads, and each task's least time over all runs is what it takes when nothing else
runs. Tasks are then handed out as the parallel region does it: threads of even number take them from the front, others from the back,
whoever is free. A layer takes as long as its longest thread, and the network as long as its layers. Caches, memory and clock that
cores share do not show, nor does the wait for each other between layers.
"""

import argparse
import collections
import json
import subprocess
import tempfile


def tasks(arguments, threads):
    """The least time of each task in microseconds, by layer."""
    least = {}
    with tempfile.NamedTemporaryFile(suffix=".json") as trace:
        command = [arguments.ottava, "bench", arguments.model, "--threads", str(threads), "--runs", "4", "--trace", trace.name]
        command += ["--isa", arguments.isa] if arguments.isa else []
        for _ in range(arguments.rounds):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for event in json.load(open(trace.name))["traceEvents"]:
                if event.get("ph") == "X":
                    what = event["args"]
                    key = ((event["name"], what.get("layer"), what.get("part")), int(what["task"]))
                    least[key] = min(least.get(key, float("inf")), event["dur"])
    layers = collections.defaultdict(dict)
    for (layer, task), time in least.items():
        layers[layer][task] = time
    return [[of_layer[task] for task in sorted(of_layer)] for of_layer in layers.values()]


def longest(times, threads):
    """When the last thread is done with a layer's tasks."""
    busy, waiting = [0.0] * threads, collections.deque(times)
    while waiting:
        thread = min(range(threads), key=busy.__getitem__)
        busy[thread] += waiting.popleft() if thread % 2 == 0 else waiting.pop()
    return max(busy)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--isa")
    parser.add_argument("--threads", default="2,4,8")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ottava", default="target/release/ottava")
    arguments = parser.parse_args()
    alone = None
    print(f"{'threads':>7} {'ms':>8} {'all tasks, ms':>14} {'speed-up':>9}")
    for threads in [1] + [int(count) for count in arguments.threads.split(",")]:
        layers = tasks(arguments, threads)
        took = sum(longest(times, threads) for times in layers) / 1000
        alone = alone or took
        print(f"{threads:7} {took:8.2f} {sum(map(sum, layers)) / 1000:14.2f} {alone / took:9.2f}")


if __name__ == "__main__":
    main()
