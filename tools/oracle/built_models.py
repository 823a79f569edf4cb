#!/usr/bin/env python3
"""Runs the networks that `ottava-models` builds through the oracle and records hashes.

For each network: the SHA-256 of the file, and for each seeded input the SHA-256 of the input and of the output bytes
under the reference kernels. `models/tests/oracle.rs` replays them.

    pip install ai-edge-litert==2.3.0 numpy
    cargo build --release -p ottava-models --example write_model
    python tools/oracle/built_models.py [--check] [NAME ...]

Without names all recorded networks run. `--check` compares with the recorded hashes instead of writing them.
"""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from importlib.metadata import version

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

ORACLE = "2.3.0"
ROOT = pathlib.Path(__file__).resolve().parents[2]
HASHES = ROOT / "models" / "oracle-hashes.json"
BUILTINS = [name + form for name in ("inception-v3", "mobilenet-v1", "mobilenet-v2", "resnet50") for form in ("", "-uint8")]
BUILTINS.append("ssd-mobilenet-v2")
# Networks of the seeds that leave 4 when divided by 5 may have operators whose oracle is wrong.
MIXED = [f"mixed:{seed}" for seed in range(625) if seed % 5 != 4]
NAMES = (
    BUILTINS
    + [f"tiny:{seed}" for seed in range(4)]
    + [f"random:{seed}" for seed in range(200)]
    + MIXED
)
INPUTS_OF = {"tiny": 4, "random": 2, "mixed": 2}


def split_mix(seed, count):
    """`count` 64-bit values of the SplitMix64 generator, as the Rust test makes them."""
    state = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64)
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def make_input(seed, shape, dtype):
    """Bytes in the range of `dtype`; float32 inputs are (byte - 128) / 128, exactly.

    Every fourth pixel is drawn anew and the others repeat it, so that the input is not plain noise.
    """
    count = int(np.prod(shape))
    high = (split_mix(seed, count) >> np.uint64(56)).astype(np.uint8)
    index = np.arange(count)
    if seed % 2 == 1 and count >= 64:
        index = index // 64 * 64 + index % 3
    pixels = high[np.minimum(index, count - 1)].reshape(shape)
    if dtype == np.float32:
        return (pixels.astype(np.float32) - np.float32(128)) / np.float32(128)
    if dtype == np.int16:
        return (pixels ^ np.uint8(0x80)).view(np.int8).astype(np.int16) * np.int16(255)
    if dtype == np.int8:
        return (pixels ^ np.uint8(0x80)).view(np.int8)
    return pixels


def sha(data):
    return hashlib.sha256(data).hexdigest()


def write_model(name, folder):
    path = pathlib.Path(folder) / (name.replace(":", "-") + ".tflite")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run([target / "release" / "examples" / "write_model", name, path], check=True)
    return path


def run(name, folder):
    path = write_model(name, folder)
    interpreter = Interpreter(model_path=str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    cases = []
    for seed in range(INPUTS_OF.get(name.split(":")[0], 3)):
        inputs, outputs = hashlib.sha256(), hashlib.sha256()
        for position, detail in enumerate(interpreter.get_input_details()):
            data = make_input(seed + 1000 * position, detail["shape"], detail["dtype"])
            inputs.update(data.tobytes())
            interpreter.set_tensor(detail["index"], data)
        interpreter.invoke()
        for detail in interpreter.get_output_details():
            outputs.update(interpreter.get_tensor(detail["index"]).tobytes())
        cases.append({"seed": seed, "input": inputs.hexdigest(), "output": outputs.hexdigest()})
    return {"file": sha(path.read_bytes()), "runs": cases}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("names", nargs="*", default=NAMES)
    options = parser.parse_args()
    if version("ai-edge-litert") != ORACLE:
        sys.exit(f"the oracle is ai-edge-litert {ORACLE}, this is {version('ai-edge-litert')}")
    recorded = json.loads(HASHES.read_text())["networks"] if HASHES.exists() else {}
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names:
            result = run(name, folder)
            if options.check and recorded.get(name) != result:
                wrong.append(name)
            recorded[name] = result
            same = len({case["output"] for case in result["runs"]}) < len(result["runs"])
            print(name, result["file"][:16], "outputs equal for different inputs!" if same else "", flush=True)
    if options.check:
        sys.exit(f"differ from the recorded hashes: {', '.join(wrong)}" if wrong else 0)
    order = [name for name in NAMES if name in recorded]
    document = {"oracle": f"ai-edge-litert {ORACLE} BUILTIN_REF", "networks": {name: recorded[name] for name in order}}
    lines = [f'  {json.dumps(name)}: {json.dumps(entry)}' for name, entry in document["networks"].items()]
    head = f' "oracle": {json.dumps(document["oracle"])},\n "networks": {{\n'
    HASHES.write_text("{\n" + head + ",\n".join(lines) + "\n }\n}\n")


if __name__ == "__main__":
    main()
