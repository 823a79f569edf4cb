#!/usr/bin/env python3
"""Ottava and its peers on the same networks and the same machine, interleaved in rounds.

    python3 -m venv .venv && .venv/bin/pip install -r benches/peers/requirements.txt
    cargo build --release -p ottava-cli
    .venv/bin/python benches/peers/compare.py MODEL... [--threads 1,2] [--batch 1] [--engines ottava,litert] \\
        [--markdown FILE] [--json FILE]

MODEL is the path of a .tflite file or a built-in name of `ottava bench`. Every engine gets the same file (ONNX Runtime
the same network as `to_onnx.py` builds it), random input, and the same number of threads. A round runs every engine on
every model once, each in a process of its own: some runs to warm up, then runs for `--seconds`, of which the median
counts. What the table shows is the median of the rounds, in milliseconds for a whole batch.

Engines: `ottava`, `openvino`, `litert` and `onnxruntime` take what the CPU has. With `-vnni`, `-avxvnni` or `-avx2`
behind its name an engine is held to AVX-512 VNNI, AVX-VNNI or AVX2 (`--isa`, `ONEDNN_MAX_CPU_ISA`).
`openvino-throughput` sends images one by one through as many requests at a time as OpenVINO chooses for its throughput hint.

Nothing is pinned to cores here, because only the caller knows which are free: `taskset -c 2,3 python compare.py ...`
holds for every engine. An engine that fails is named on standard error with its reason, and that round is left out.
"""

import argparse
import collections
import datetime
import importlib.metadata
import itertools
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = ["openvino", "ai-edge-litert", "onnxruntime"]
# What engines can be held to: the name in `--isa` and in `ONEDNN_MAX_CPU_ISA`.
ISAS = {"vnni": ("avx512vnni", "AVX512_CORE_VNNI"), "avxvnni": ("avxvnni", "AVX2_VNNI"), "avx2": ("avx2", "AVX2")}
HOLDABLE = ["ottava", "openvino", "openvino-throughput"]
ENGINES = [name + held for name in HOLDABLE for held in ["", *(f"-{isa}" for isa in ISAS)]] + ["litert", "onnxruntime"]
OURS = [name for name in ENGINES if name.startswith("ottava")]
DEFAULT_ENGINES = [name for name in ENGINES if "throughput" not in name and "avxvnni" not in name]
TIMEOUT_SECONDS = 300

Case = collections.namedtuple("Case", "model threads batch")


def held(engine):
    """An engine's name without and with what it is held to."""
    name, _, isa = engine.rpartition("-")
    return (name, isa) if isa in ISAS else (engine, None)


def command(arguments, environment=None):
    """Output of a command; a failure raises with the line that says why: Ottava's `error:`, else the last one."""
    limits = {"timeout": TIMEOUT_SECONDS, "check": False}
    ran = subprocess.run(arguments, env=environment, capture_output=True, text=True, **limits)
    if ran.returncode != 0:
        lines = ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"]
        raise RuntimeError(next((line for line in lines if line.startswith("error:")), lines[-1]).strip())
    return ran.stdout


def ottava(options, case, isa):
    flags = ["--threads", str(case.threads), "--min-time", str(options.seconds), "--json", "-"]
    flags += ["--isa", ISAS[isa][0]] if isa else []
    flags += ["--batch", str(case.batch)] if case.batch > 1 else []
    result = json.loads(command([options.ottava, "bench", case.model, *flags]))
    return {"median_ms": result["latency_ms"]["median"], "share_of_peak": result["share_of_peak"]}


def peer(options, case, name, isa):
    environment = dict(os.environ)
    if isa:
        environment["ONEDNN_MAX_CPU_ISA"] = ISAS[isa][1]
    path = options.paths[case.model]
    numbers = [str(number) for number in (case.threads, case.batch, options.seconds)]
    output = command([sys.executable, os.path.join(HERE, "engines.py"), name, path, *numbers], environment)
    return json.loads(output.strip().splitlines()[-1])


def measure_once(options, case, engine):
    name, isa = held(engine)
    return ottava(options, case, isa) if name == "ottava" else peer(options, case, name, isa)


def measure(options, work):
    """Measures (case, engine) pairs in rounds; a list of figures for each that succeeded at all."""
    figures = {pair: [] for pair in work}
    for number in range(options.rounds):
        for case, engine in work:
            what = f"{engine} on {label(case.model)}, {case.threads} thread(s), batch {case.batch}"
            print(f"round {number + 1} of {options.rounds}: {what}", file=sys.stderr, flush=True)
            try:
                figures[case, engine].append(measure_once(options, case, engine))
            except (RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as error:
                print(f"LEFT OUT of round {number + 1}: {what}: {error}", file=sys.stderr, flush=True)
    return {pair: values for pair, values in figures.items() if values}


def label(model):
    return os.path.basename(model).removesuffix(".tflite")


def cpu_model():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def commit():
    """The commit of this tree; with a plus where files of it were changed since."""
    try:
        revision = command(["git", "-C", HERE, "rev-parse", "--short=12", "HEAD"]).strip()
        return revision + ("+" if command(["git", "-C", HERE, "status", "--porcelain", "-uno"]).strip() else "")
    except (RuntimeError, OSError):
        return "unknown"


def versions():
    """Versions of the peers that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


def conditions(options):
    """What must be known of a measurement besides its numbers."""
    return {
        "command": shlex.join(["python", os.path.relpath(sys.argv[0]), *sys.argv[1:]]),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "versions": versions(),
        "rounds": options.rounds,
        "seconds": options.seconds,
    }


def results(figures):
    """One object for each case and engine, in the order that they were measured in."""
    rows = []
    for (case, engine), values in figures.items():
        times = [value["median_ms"] for value in values]
        row = {"model": label(case.model), "threads": case.threads, "batch": case.batch, "engine": engine}
        row |= {"median_ms": statistics.median(times), "least_ms": min(times), "greatest_ms": max(times)}
        row |= {"images_per_second": 1e3 * case.batch / row["median_ms"], "rounds": len(times)}
        if "share_of_peak" in values[0]:
            row["share_of_peak"] = statistics.median(value["share_of_peak"] for value in values)
        rows.append(row)
    for row in rows:
        same = [other for other in rows if all(other[key] == row[key] for key in ("model", "threads", "batch"))]
        ratios = {other["engine"]: other["median_ms"] / row["median_ms"] for other in same if other["engine"] in OURS}
        row["ratios"] = ratios
    return rows


def heading(facts):
    peers = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    return (
        f"{facts['cpu']}, {facts['cores']} core(s), {facts['system']}; {facts['date']}, commit {facts['commit']}; "
        f"{peers}; medians of {facts['rounds']} interleaved rounds of {facts['seconds']} s\n\n"
        f"    {facts['command']}\n"
    )


def markdown(rows):
    """The table; ratios are Ottava's time over the row's, so below 1 Ottava is the faster."""
    ours = [name for name in OURS if any(row["engine"] == name for row in rows)]
    columns = ["model", "threads", "batch", "engine", "median ms", "rounds' range", "images/s"]
    columns += [f"{name} / it" for name in ours]
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "--:|" * 2 + "---|" + "--:|" * (3 + len(ours))]
    for row in rows:
        cells = [row["model"], str(row["threads"]), str(row["batch"]), row["engine"], f"{row['median_ms']:.2f}"]
        cells += [f"{row['least_ms']:.2f} - {row['greatest_ms']:.2f}", f"{row['images_per_second']:.1f}"]
        cells += [f"{row['ratios'][name]:.3f}" if name in row["ratios"] else "-" for name in ours]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def report(options, text, document):
    """Prints the report and writes it where the user wants it."""
    print(text)
    if options.markdown:
        with open(options.markdown, "w", encoding="utf-8") as file:
            file.write(text)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.write("\n")


def paths(options, models):
    """The files of models, which for built-in ones the command has in its cache."""
    inspect = lambda model: json.loads(command([options.ottava, "inspect", model, "--json"]))["file"]
    try:
        return {model: model if os.path.exists(model) else inspect(model) for model in models}
    except (RuntimeError, OSError) as error:
        sys.exit(str(error))


def common_arguments(parser):
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.7, help="timed runs of an engine in a round [0.7]")
    parser.add_argument("--ottava", default="target/release/ottava", help="the binary [target/release/ottava]")
    parser.add_argument("--markdown", metavar="FILE", help="write the report there too")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")


def numbers(text):
    return [int(number) for number in text.split(",")]


def names(text):
    chosen = text.split(",")
    for name in chosen:
        if name not in ENGINES:
            raise argparse.ArgumentTypeError(f"no engine '{name}'; known are {', '.join(ENGINES)}")
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--threads", type=numbers, default=[1], metavar="N,...")
    parser.add_argument("--batch", type=numbers, default=[1], metavar="N,...")
    parser.add_argument("--engines", type=names, default=DEFAULT_ENGINES, metavar="NAME,...", help=", ".join(ENGINES))
    common_arguments(parser)
    options = parser.parse_args()
    options.paths = paths(options, options.models)
    cases = [Case(*case) for case in itertools.product(options.models, options.threads, options.batch)]
    facts = conditions(options)
    rows = results(measure(options, [(case, engine) for case in cases for engine in options.engines]))
    report(options, heading(facts) + "\n" + markdown(rows), {"conditions": facts, "results": rows})


if __name__ == "__main__":
    main()
