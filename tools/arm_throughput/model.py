"""What LLVM's scheduling models say a loop takes: `llvm-mca`, cycles a turn."""

import functools
import os
import re
import shutil
import subprocess

# Cortex-A76 has no model of its own in LLVM: Neoverse N1 is the same core for servers.
CORES = ["cortex-a53", "cortex-a55", "cortex-a72", "neoverse-n1", "neoverse-v1", "neoverse-n2", "apple-m1"]
# The cores that have the instructions of a set, of the above; `words` are 16-bit products of Armv8.0.
CORES_OF = {"neon": CORES, "words": CORES, "dotprod": [CORES[1], *CORES[3:]], "i8mm": ["neoverse-v1", "neoverse-n2"]}
TURNS = 200

DESTINATION = re.compile(r"(, )?[0-9a-f]+ <.*>$")


def program():
    """The installed `llvm-mca`, newest first; None where there is none."""
    named = os.environ.get("LLVM_MCA")
    return named or next(filter(None, map(shutil.which, ["llvm-mca-22", "llvm-mca"])), None)


def version():
    """Version of `llvm-mca`, as it names itself."""
    text = subprocess.run([program(), "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"LLVM version (\S+)", text)[1]


def line(instruction):
    """An instruction as the assembler takes it: where branches go does not matter to the model."""
    operands = DESTINATION.sub(r"\g<1>#0", instruction.operands) if instruction.is_branch() else instruction.operands
    return f"{instruction.mnemonic} {operands}"


def cycles(lines, core):
    """Cycles of one turn of a loop in steady state: what twice the turns take more."""
    return (total(lines, core, 2 * TURNS) - total(lines, core, TURNS)) / TURNS


def total(lines, core, turns):
    """Cycles of a number of turns of a loop."""
    command = [program(), "-mtriple=aarch64", f"-mcpu={core}", "-mattr=+dotprod,+i8mm", f"-iterations={turns}"]
    command += ["-resource-pressure=false", "-instruction-info=false"]
    run = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"error: llvm-mca does not take the loop:\n{run.stderr[:2000]}")
    return int(re.search(r"Total Cycles:\s+(\d+)", run.stdout)[1])


def peak_loop(kind):
    """Nothing but independent multiplications of a kind, and their multiply-accumulates."""
    sums = range(24)
    if kind == "i8mm":
        return [f"smmla v{i}.4s, v28.16b, v29.16b" for i in sums], 32 * len(sums)
    if kind == "dotprod":
        return [f"sdot v{i}.4s, v28.16b, v29.4b[0]" for i in sums], 16 * len(sums)
    if kind == "words":
        return [f"smlal v{i}.4s, v28.4h, v15.h[0]" for i in sums if i != 15], 4 * (len(sums) - 1)
    products = range(16, 24)
    lines = [f"smull v{i}.8h, v28.8b, v29.8b" for i in products]
    lines += [f"smlal2 v{i}.8h, v28.16b, v29.16b" for i in products]
    lines += [f"sadalp v{i - 16}.4s, v{i}.8h" for i in products]
    return lines, 16 * len(products)


@functools.cache
def peak(kind, core):
    """Multiply-accumulates a cycle that multiplications of a kind reach with nothing around them."""
    lines, macs = peak_loop(kind)
    return macs / cycles(lines, core)
