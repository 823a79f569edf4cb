#!/usr/bin/env python3
"""Measures what a program takes that embeds the engine: time to the first result, memory, idle time, size; beside the goals.

    tools/measure-footprint.py [MODEL] [--rounds N] [--markdown FILE] [--json FILE]

Builds what it needs (the command, `engine/examples/footprint.rs`, `engine/examples/classify.rs` in the profile `dist`), packs the
model to a temporary file, and goes through all starts in turns, so that what the machine does meanwhile meets all of them. A start is
timed from before the process is made to the line that it prints after its first result. It stands beside the median of `ottava
bench` on the same file, measured in the same rounds. Resident memory is `VmHWM` of a process that is still there, not
`ru_maxrss`, which a child inherits from who starts it.
"""

import argparse
import json
import os
import pathlib
import statistics
import struct
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
OTTAVA, FOOTPRINT = TARGET / "release/ottava", TARGET / "release/examples/footprint"
EMBEDDED = TARGET / "dist/examples/classify"
MODEL = "inception_v3_int8.tflite"
IDLE_SECONDS = 5
PROCESSES = 4
MB = 1e6
# What peak resident memory may have beside packed weights and the arena, and all of it.
GOAL_REST_MB, GOAL_PEAK_MB = 8, 39
GOAL_SESSION_REST_MB = 0.3
GOAL_BINARY_MB = 2


class Start:
    """A way to start: which file, instruction set and threads, and how many ms over the median of `bench` are the goal."""

    def __init__(self, kind, isa, threads, goal_ms):
        self.kind, self.isa, self.threads, self.goal_ms = kind, isa, threads, goal_ms
        self.times_ms, self.bench_ms = [], []

    def name(self):
        return f"from `.{self.kind}`, {self.isa}, {self.threads} thread{'s' if self.threads > 1 else ''}"


def build():
    for options in [
        ["--release", "-p", "ottava-cli"],
        ["--release", "-p", "ottava", "--example", "footprint"],
        ["--profile", "dist", "-p", "ottava", "--example", "classify"],
    ]:
        subprocess.run(["cargo", "build", "--quiet", *options], check=True, cwd=ROOT)


class Process:
    """A running `footprint`, after its first result."""

    def __init__(self, model, threads, isa):
        command = [FOOTPRINT, model, str(threads), isa]
        begin = time.perf_counter()
        # With descriptors left open the child is made without a copy of this process.
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False)
        line = self.child.stdout.readline()
        self.first_ms = (time.perf_counter() - begin) * 1e3
        if not line:
            raise SystemExit(f"{FOOTPRINT} {model} has ended with {self.child.wait()}")
        _, self.packed_bytes, self.arena_bytes = map(int, line.split())

    def another_session(self):
        self.child.stdin.write(b"\n")
        self.child.stdin.flush()
        self.child.stdout.readline()

    def kilobytes(self, file, field):
        """The sum of a field in a file of the process."""
        lines = (pathlib.Path("/proc") / str(self.child.pid) / file).read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(field + ":"))

    def mapped_kilobytes(self, path, field):
        """The same of the mappings of a file alone."""
        total, inside = 0, False
        for line in (pathlib.Path("/proc") / str(self.child.pid) / "smaps").read_text().splitlines():
            first = line.split()[0]
            if not first.endswith(":"):
                inside = line.endswith(str(path))
            elif inside and first == field + ":":
                total += int(line.split()[1])
        return total

    def busy_seconds(self):
        tasks = (pathlib.Path("/proc") / str(self.child.pid) / "task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def end(self):
        self.child.stdin.close()
        self.child.wait()
        self.child.stdout.close()


def bench_ms(model, start):
    command = [OTTAVA, "bench", model, "--isa", start.isa, "--threads", str(start.threads), "--min-time", "0.5", "--json", "-"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["latency_ms"]["median"]


def measure_starts(files, rounds):
    starts = [
        Start("ottava", "avx512vnni", 1, 5),
        Start("tflite", "avx512vnni", 1, 30),
        Start("tflite", "avx512vnni", 2, 20),
        Start("ottava", "avx2", 1, 5),
        Start("tflite", "avx2", 1, 80),
    ]
    known = json.loads(subprocess.run([OTTAVA, "bench", "mobilenet-v1", "--runs", "1", "--json", "-"], check=True,
                                      capture_output=True).stdout)["host"]["isas"]
    starts = [start for start in starts if start.isa in known]
    for _ in range(rounds):
        for start in starts:
            process = Process(files[start.kind], start.threads, start.isa)
            start.times_ms.append(process.first_ms)
            process.end()
            start.bench_ms.append(bench_ms(files[start.kind], start))
    return starts


def start_rows(starts):
    for start in starts:
        bench, first = statistics.median(start.bench_ms), statistics.median(start.times_ms)
        over = statistics.median(time - run for time, run in zip(start.times_ms, start.bench_ms))
        measured = f"{first:.1f} ms = bench {bench:.1f} + {over:.1f} (least {min(start.times_ms):.1f})"
        yield f"start to first result, {start.name()}", measured, f"bench + {start.goal_ms} ms", over <= start.goal_ms
    of = {(start.kind, start.isa, start.threads): start for start in starts}
    for isa in ["avx512vnni", "avx2"]:
        if (("ottava", isa, 1)) in of:
            packed, fresh = of["ottava", isa, 1].bench_ms, of["tflite", isa, 1].bench_ms
            ratio = statistics.median(a / b for a, b in zip(packed, fresh))
            yield f"`bench` from `.ottava` over `.tflite`, {isa}, 1 thread", f"{ratio:.3f}", "1.02", ratio <= 1.02


def write_input(model, folder):
    """An input of random bytes for `ottava run`."""
    inspected = subprocess.run([OTTAVA, "inspect", model, "--json"], check=True, capture_output=True)
    tensor = json.loads(inspected.stdout)["inputs"][0]
    shape = tuple(tensor["shape"])
    size = 1
    for side in shape:
        size *= side
    header = f"{{'descr': '|{'i' if tensor['dtype'] == 'int8' else 'u'}1', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    path = folder / "input.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + os.urandom(size))
    return path


def run_peak_mb(model, isa, picture, folder):
    command = [OTTAVA, "run", model, "--isa", isa, "--threads", "1", "--input", picture, "--output-dir", folder / "out"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(output.rsplit("peak resident ", 1)[1].split()[0])


def memory_rows(files, isas, folder):
    picture = write_input(files["tflite"], folder)
    for isa in isas:
        for kind, model in files.items():
            process = Process(model, 1, isa)
            alone = process.kilobytes("status", "VmHWM") * 1024 / MB
            before = process.kilobytes("smaps_rollup", "Rss")
            process.another_session()
            second = (process.kilobytes("smaps_rollup", "Rss") - before) * 1024 / MB
            packed, arena = process.packed_bytes / MB, process.arena_bytes / MB
            process.end()
            peak = statistics.median(run_peak_mb(model, isa, picture, folder) for _ in range(5))
            goal = min(packed + arena + GOAL_REST_MB, GOAL_PEAK_MB)
            measured = f"{peak:.1f} MB (a program that only embeds the engine: {alone:.1f})"
            yield f"peak resident of `ottava run`, `.{kind}`, {isa}", measured, f"{goal:.1f} MB", peak <= goal
            goal = arena + GOAL_SESSION_REST_MB
            yield f"a second session, `.{kind}`, {isa}", f"{second:.2f} MB", f"{goal:.2f} MB", second <= goal


def shared_row(model, isa):
    processes = [Process(model, 1, isa) for _ in range(PROCESSES)]
    whole = [process.kilobytes("smaps_rollup", "Pss") * 1024 / MB for process in processes]
    mapped = [process.mapped_kilobytes(model, "Pss") * 1024 / MB for process in processes]
    for process in processes:
        process.end()
    measured = f"{sum(whole):.1f} MB in all, of which the file {sum(mapped):.1f}: {statistics.mean(whole):.1f} a process"
    packed = processes[0].packed_bytes / MB
    # The file is there once, with its tables and what is read of the source.
    return f"Pss of {PROCESSES} processes on one `.ottava`, {isa}", measured, "weights once", sum(mapped) <= packed + 4


def idle_row(model, isa):
    process = Process(model, 2, isa)
    before = process.busy_seconds()
    time.sleep(IDLE_SECONDS)
    busy = process.busy_seconds() - before
    process.end()
    return f"CPU of an idle session, 2 threads, {IDLE_SECONDS} s", f"{busy:.4f} s", "0.00 s", busy < 0.005


def binary_row():
    size = EMBEDDED.stat().st_size / MB
    return "`examples/classify` in the profile dist", f"{size:.2f} MB", f"{GOAL_BINARY_MB} MB", size <= GOAL_BINARY_MB


def conditions(arguments):
    cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    def git(*command):
        return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    commit = git("describe", "--always", "--dirty=+", "--exclude=*")
    return {
        "date": time.strftime("%Y-%m-%d"), "cpu": cpu, "cores": len(os.sched_getaffinity(0)), "system": " ".join(os.uname()[::2]),
        "commit": commit, "model": pathlib.Path(arguments.model).name, "rounds": arguments.rounds,
    }


def table(rows, about):
    lines = ["# Footprint", "", "`tools/measure-footprint.py`: " + ", ".join(f"{key} {value}" for key, value in about.items()), ""]
    lines += ["| what | measured | goal | |", "|---|---|---|---|"]
    lines += [f"| {what} | {measured} | {goal} | {'met' if met else 'missed'} |" for what, measured, goal, met in rows]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models = pathlib.Path(os.environ.get("OTTAVA_MODELS", ROOT.parent / "shared/models"))
    parser.add_argument("model", nargs="?", default=models / MODEL)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    if not arguments.no_build:
        build()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = {"tflite": pathlib.Path(arguments.model).resolve(), "ottava": folder / "model.ottava"}
        subprocess.run([OTTAVA, "pack", files["tflite"], "-o", files["ottava"], "--isa", "all"], check=True,
                       stdout=subprocess.DEVNULL)
        starts = measure_starts(files, arguments.rounds)
        isas = list(dict.fromkeys(start.isa for start in starts))
        rows = list(start_rows(starts))
        rows += memory_rows(files, isas, folder)
        rows += [shared_row(files["ottava"], isas[0]), idle_row(files["ottava"], isas[0]), binary_row()]
    about = conditions(arguments)
    text = table(rows, about)
    print(text, end="")
    if arguments.markdown:
        arguments.markdown.write_text(text)
    if arguments.json:
        series = {start.name(): {"first_ms": start.times_ms, "bench_ms": start.bench_ms} for start in starts}
        keys = ["what", "measured", "goal", "met"]
        document = {"conditions": about, "rows": [dict(zip(keys, row)) for row in rows], "starts": series}
        arguments.json.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
