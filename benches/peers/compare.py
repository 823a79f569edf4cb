#!/usr/bin/env python3
"""Latency of one model in Ottava and its peers on this machine, interleaved in rounds.

    python3 -m venv .venv && .venv/bin/pip install -r benches/peers/requirements.txt
    cargo build --release -p ottava-cli
    .venv/bin/python benches/peers/compare.py MODEL.tflite [--threads 1] [--rounds 5] [--json FILE]

Every engine gets the same file, the same random input and the same number of threads. Each round runs every engine
in a process of its own: a few runs to warm up, then `--runs` timed ones; what counts is the median of all timed runs of
all rounds. `openvino` may use every instruction of the CPU; `openvino vnni` is held to AVX-512 VNNI, `ottava vnni` likewise.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

WARMUP = 5


def dense_input(shape, dtype):
    import numpy as np

    shape = [size if size > 0 else 1 for size in shape]
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8).view(dtype)


def timed(run, runs):
    for _ in range(WARMUP):
        run()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def openvino(model, threads, runs):
    import numpy as np
    import openvino as ov

    core = ov.Core()
    network = core.read_model(model)
    source = network.input(0)
    static = [1 if size.is_dynamic else size.get_length() for size in source.partial_shape]
    network.reshape({source: static})
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
    request = core.compile_model(network, "CPU", config).create_infer_request()
    dtype = np.int8 if source.element_type == ov.Type.i8 else np.uint8
    x = dense_input(static, dtype)
    return timed(lambda: request.infer({0: x}), runs)


def litert(model, threads, runs):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=threads)
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    interpreter.set_tensor(detail["index"], dense_input(detail["shape"], detail["dtype"]))
    return timed(interpreter.invoke, runs)


def ottava(binary, isa, model, threads, runs):
    with tempfile.TemporaryDirectory() as folder:
        table = os.path.join(folder, "bench.json")
        command = [binary, "bench", model, "--threads", str(threads), "--runs", str(runs), "--warmup", str(WARMUP)]
        command += ["--json", table] + (["--isa", isa] if isa else [])
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(table, encoding="utf-8") as file:
            # One figure a round: the command keeps no single runs.
            return [json.load(file)["latency_ms"]["median"]] * runs


def peer(name, arguments):
    """Runs a Python engine in a process of its own, so that each reads its environment anew."""
    command = [sys.executable, __file__, arguments.model, "--threads", str(arguments.threads)]
    command += ["--runs", str(arguments.runs), "--engine", name.split()[0]]
    environment = dict(os.environ)
    if name.endswith("vnni"):
        environment["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE_VNNI"
    result = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def cpu_model():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=20, help="timed runs of a round")
    parser.add_argument("--ottava", default="target/release/ottava", help="the binary")
    parser.add_argument("--json", help="also write all medians here")
    parser.add_argument("--engine", choices=["openvino", "litert"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.engine:
        run = {"openvino": openvino, "litert": litert}[arguments.engine]
        print(json.dumps(run(arguments.model, arguments.threads, arguments.runs)))
        return
    engines = {
        "ottava": lambda: ottava(arguments.ottava, None, arguments.model, arguments.threads, arguments.runs),
        "openvino": lambda: peer("openvino", arguments),
        "ottava vnni": lambda: ottava(arguments.ottava, "avx512vnni", arguments.model, arguments.threads, arguments.runs),
        "openvino vnni": lambda: peer("openvino vnni", arguments),
        "litert": lambda: peer("litert", arguments),
    }
    times = {name: [] for name in engines}
    for _ in range(arguments.rounds):
        for name, run in engines.items():
            try:
                times[name] += run()
            except subprocess.CalledProcessError:
                print(f"{name} failed in a round, which is left out", file=sys.stderr)
    medians = {name: statistics.median(values) for name, values in times.items() if values}
    print(f"{os.path.basename(arguments.model)}, {arguments.threads} thread(s), {cpu_model()}, ", end="")
    print(f"{arguments.rounds} rounds of {arguments.runs} runs\n")
    print("| engine | median ms | ottava / it | ottava vnni / it |")
    print("|---|---|---|---|")
    for name, median in medians.items():
        ratios = [f"{medians[ours] / median:.2f}" if ours in medians else "-" for ours in ("ottava", "ottava vnni")]
        print(f"| {name} | {median:.2f} | {ratios[0]} | {ratios[1]} |")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"model": arguments.model, "threads": arguments.threads, "median_ms": medians}, file, indent=1)


if __name__ == "__main__":
    main()
