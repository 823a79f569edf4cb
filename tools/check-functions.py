#!/usr/bin/env python3
"""Checks that the float32 functions of the reference are correctly rounded (docs/numerics.md §14).

    tools/check-functions.py [--step N] [--record] [FUNCTION ...]

All 2^32 inputs are evaluated, or each N-th. The value in f64 decides all but those near the middle between two floats,
which `ref-impl/examples/near_ties.rs` prints; these are computed here with 200 bits and compared. A few inputs of each
function that are not near a tie are compared too, so that a wrong formula shows.

`--record` writes some of both to `ref-impl/tests/nearest.txt`, which a test of the reference compares.

Needs mpmath. With --step 1 a function takes some minutes.
"""

import argparse
import os
import pathlib
import random
import struct
import subprocess
import sys

import mpmath

ROOT = pathlib.Path(__file__).resolve().parents[1]
mpmath.mp.prec = 200

# About so many results of each function are recorded of those near a tie, and of the others.
RECORDED = 40


def gelu_by_tanh(x):
    u = mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3)
    return x / (1 + mpmath.exp(-2 * u))


FUNCTIONS = {
    "Exp": mpmath.exp,
    "Ln": mpmath.log,
    "Tanh": mpmath.tanh,
    "Logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "Elu": lambda x: mpmath.expm1(x) if x < 0 else x,
    "Gelu": lambda x: x / 2 * mpmath.erfc(-x / mpmath.sqrt(2)),
    "GeluByTanh": gelu_by_tanh,
    "Sin": mpmath.sin,
    "Cos": mpmath.cos,
}


def to_float(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def nearest(value):
    """Bits of the float nearest to an exact value that is finite, ties to even."""
    sign = 0x8000_0000 if value < 0 else 0
    value = abs(value)
    if value == 0:
        return sign
    exponent = max(mpmath.frexp(value)[1] - 24, -149)
    scaled = mpmath.ldexp(value, -exponent)
    whole = int(mpmath.floor(scaled))
    rest = scaled - whole
    whole += rest > 0.5 or (rest == 0.5 and whole & 1)
    if mpmath.ldexp(mpmath.mpf(whole), exponent) >= mpmath.mpf(2) ** 128:
        return sign | 0x7F80_0000
    return sign | struct.unpack("<I", struct.pack("<f", float(mpmath.ldexp(mpmath.mpf(whole), exponent))))[0]


def samples(rng, count):
    """Inputs of all sizes, most of them where functions are interesting."""
    for _ in range(count):
        bits = rng.randrange(2**32) if rng.random() < 0.3 else struct.unpack("<I", struct.pack("<f", rng.gauss(0, 6)))[0]
        if 0 < (bits >> 23 & 0xFF) < 0xFF:
            yield bits


def check(name, lines, right):
    """Compares the printed results of one function, and collects what is right; how many are wrong."""
    function = FUNCTIONS[name]
    wrong = []
    count = 0
    for line in lines:
        bits, got = (int(word, 16) for word in line.split())
        x = mpmath.mpf(to_float(bits))
        if name == "Ln" and x < 0:
            continue
        count += 1
        want = nearest(function(x))
        right.append(f"{name} {bits:08x} {want:08x}")
        if want != got:
            wrong.append(f"({bits:#010x}, {want:#010x}),")
    print(f"{name}: {count} inputs compared, {len(wrong)} wrong", flush=True)
    for line in wrong[:100]:
        print(f"    {line}")
    return len(wrong)


def run(example, *arguments, text=None):
    return subprocess.run([example, *arguments], input=text, stdout=subprocess.PIPE, text=True, check=True).stdout


def near_ties(example, name, step):
    return run(example, name, str(step)).splitlines()


def drawn(example, name, rng):
    inputs = "\n".join(f"{bits:08x}" for bits in samples(rng, 2000))
    return run(example, name, "these", text=inputs).splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help=f"of {', '.join(FUNCTIONS)}; all by default")
    parser.add_argument("--step", type=int, default=1, help="look at each N-th input")
    parser.add_argument("--record", action="store_true", help="write what the test of the reference compares")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    subprocess.run(
        ["cargo", "build", "--release", "--quiet", "-p", "ottava-ref", "--examples"], cwd=ROOT, check=True
    )
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    example = target / "release" / "examples" / "near_ties"
    rng = random.Random(arguments.seed)
    wrong = 0
    recorded = []
    for name in arguments.functions or FUNCTIONS:
        for lines in near_ties(example, name, arguments.step), drawn(example, name, rng):
            right = []
            wrong += check(name, lines, right)
            recorded += right[:: max(1, len(right) // RECORDED)]
    if arguments.record and not wrong:
        (ROOT / "ref-impl" / "tests" / "nearest.txt").write_text("\n".join(recorded) + "\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
