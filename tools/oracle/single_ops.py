"""Records single-operator results of the oracle: the golden vectors in `models/golden`.

Each case is a `.tflite` model of one operator with random shapes, scales and zero points, written with the schema
module of ai-edge-litert and run by its interpreter with the reference resolver. Everything follows from the seed, so a
second run writes the same files.

    pip install -r tools/oracle/requirements.txt
    python tools/oracle/single_ops.py [--only OPERATOR ...]

`--cases`, `--seed` and `--out` make larger sets, which the tests replay from OTTAVA_GOLDEN.

Format: one `OPERATOR.tar.gz` each. A case `int8-03` is `int8-03.tflite` with the elements of its inputs in
`int8-03.in0`, ... and of its outputs in `int8-03.out0`, ..., little-endian and row-major.
"""

import argparse
import gzip
import importlib
import io
import pathlib
import sys
import tarfile
import zlib
from importlib.metadata import version

import numpy as np

from generator import ENTRIES, Generator, Redraw
from oracle_model import build_model, run

ORACLE = "2.3.0"
ROOT = pathlib.Path(__file__).resolve().parents[2]


def load_families():
    """Imports all of families/, which fills ENTRIES."""
    for path in sorted((pathlib.Path(__file__).parent / "families").glob("[a-z]*.py")):
        importlib.import_module(f"families.{path.stem}")


def draw(entry, generator):
    """A case and its results."""
    for _ in range(1000):
        try:
            case = entry.generate(generator)
        except Redraw:
            continue
        results = run(case)
        if case.within is not None:
            check_bounds(entry, case, results)
        return case, results if case.expected is None else case.expected
    raise RuntimeError(f"{entry.name}: no valid case in 1000 draws")


# Per operator: how many of the oracle's elements differ from what is recorded, of how many, and the largest difference as a
# part of its bound.
DIFFERENCES = {}


def check_bounds(entry, case, results):
    """The oracle's results lie within the case's bounds of those that are recorded."""
    for got, want, within in zip(results, case.expected, case.within, strict=True):
        assert got.shape == want.shape, f"{entry.name}: {got.shape}, {want.shape} expected"
        finite = np.isfinite(want)
        same = np.array_equal(got[~finite], want[~finite], equal_nan=True)
        with np.errstate(all="ignore"):
            error = np.where(finite, np.abs(got.astype(np.float64) - want) / within, 0)
        if not same or not (error <= 1).all():
            at = int(np.argmax(error))
            raise RuntimeError(f"{entry.name}: {got.flat[at]!r} where {want.flat[at]!r} is right: "
                               f"{error.flat[at]:.3g} of the bound")
        differing, count, largest = DIFFERENCES.get(entry.name, (0, 0, 0.0))
        differing += int((got.view(np.uint32) != want.view(np.uint32)).sum())
        DIFFERENCES[entry.name] = differing, count + got.size, max(largest, float(error.max()))


def files_of(name, case, results):
    """Names and contents of a case."""
    yield f"{name}.tflite", build_model(case)
    fed = [tensor for tensor in case.inputs if tensor is not None and not tensor.fixed]
    for number, tensor in enumerate(fed):
        yield f"{name}.in{number}", tensor.data.tobytes()
    for number, result in enumerate(results):
        yield f"{name}.out{number}", np.ascontiguousarray(result).tobytes()


def record(entry, arguments):
    """The archive of one operator."""
    archive = io.BytesIO()
    cases = 0
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for dtype in entry.dtypes:
            seed = [arguments.seed, zlib.crc32(entry.name.encode()), zlib.crc32(dtype.encode())]
            generator = Generator(np.random.default_rng(seed), dtype)
            for number in range(arguments.cases):
                for name, content in files_of(f"{dtype}-{number:02}", *draw(entry, generator)):
                    info = tarfile.TarInfo(name)
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
                cases += 1
    return gzip.compress(archive.getvalue(), 9, mtime=0), cases


def main():
    load_families()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "models" / "golden")
    parser.add_argument("--cases", type=int, default=16, help="cases per operator and element type")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=sorted(ENTRIES), help="some operators")
    arguments = parser.parse_args()
    if version("ai-edge-litert") != ORACLE:
        sys.exit(f"the oracle is ai-edge-litert {ORACLE}, this is {version('ai-edge-litert')}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    total = 0
    for name in sorted(arguments.only or ENTRIES):
        content, cases = record(ENTRIES[name], arguments)
        (arguments.out / f"{name}.tar.gz").write_bytes(content)
        total += len(content)
        print(f"{name}: {cases} cases, {len(content)} bytes", flush=True)
        if name in DIFFERENCES:
            differing, count, largest = DIFFERENCES[name]
            print(f"    the oracle differs in {differing} of {count} elements, at most {largest:.2f} of the bound")
    print(f"{total} bytes in all")


if __name__ == "__main__":
    main()
