#!/usr/bin/env python3
"""Counts the instructions of the ARM kernels' inner loops, and asks LLVM's models what they take.

    tools/arm-throughput.py check          fails if a convolution or depthwise loop is missing, if a convolution's keeps a
                                           vector on the stack, or if a loop has more instructions, or a depthwise one more
                                           spills, than docs/arm-throughput.md records
    tools/arm-throughput.py table          prints the tables of that document; --write puts them into it
    tools/arm-throughput.py loop KERNEL    prints a kernel's inner loop and, with llvm-mca, its cycles on each core

The kernels are built for 64-bit ARM first, unless --binary names a library or program with symbols. Debian's
binutils-aarch64-linux-gnu has the disassembler; `table` needs llvm-mca of LLVM 22 (Debian's llvm-22) as well.
"""

import argparse
import math
import sys

# No compiled modules beside the sources.
sys.dont_write_bytecode = True

from arm_throughput import assembly, kernels, model, report

# Costs are recorded to as many digits as the tables show.
ROUNDING = 5e-5
# How much more another compiler than the recorded one may need.
OTHER_COMPILER = 0.10


def check(found):
    """Prints what is wrong; whether anything is."""
    compiler, records = report.recorded()
    same = compiler == assembly.compiler()
    slack = 0 if same else OTHER_COMPILER
    names = {kernel.name for kernel in found}
    faults = [f"{name}: recorded, but not in the library" for name in records if name not in names]
    for kernel in found:
        cost, (before, spills) = kernel.cost(), records.get(kernel.name, (None, 0))
        if fault := kernel.fault(spills if same else math.inf):
            faults.append(f"{kernel.name}: {fault}")
        if before is None and cost is not None:
            faults.append(f"{kernel.name}: not recorded")
        elif before is not None and cost is None:
            faults.append(f"{kernel.name}: every loop calls a function now, or none is left")
        elif cost is not None and cost > before * (1 + slack) + (ROUNDING if kernel.multiplies() else 100 * ROUNDING):
            faults.append(f"{kernel.name}: {cost:.4f} instructions, recorded are {before:.4f}")
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    note = "the recorded compiler" if same else f"recorded with {compiler}: up to {100 * OTHER_COMPILER:.0f} % more are let pass"
    print(f"{len(found)} loops, {sum(k.multiplies() for k in found)} of them multiply; {assembly.compiler()}, {note}")
    if faults:
        print("If this is meant: tools/arm-throughput.py table --write, and say why in the commit.", file=sys.stderr)
    return bool(faults)


def show(found, wanted):
    """Prints the loops of the kernels whose name contains a text."""
    for kernel in found:
        if wanted not in kernel.name:
            continue
        print(f"{kernel.name}: {kernel.counts}")
        if kernel.loop is None:
            continue
        text = [model.line(instruction) for instruction in kernel.loop]
        print("\n".join(f"    {line}" for line in text))
        if model.program() is None:
            continue
        for core in model.CORES_OF[kernel.isa]:
            turn = model.cycles(text, core)
            print(f"{core:12} {turn:6.1f} cycles a turn", end="")
            if kernel.multiplies():
                print(f", {100 * kernel.counts.macs / turn / model.peak(kernel.peak(), core):.1f} % of the peak", end="")
            print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["check", "table", "loop"])
    parser.add_argument("kernel", nargs="?", default="", help="for `loop`: part of a kernel's name")
    parser.add_argument("--binary", help="library or program to read in place of one built now")
    parser.add_argument("--write", action="store_true", help="for `table`: into docs/arm-throughput.md")
    options = parser.parse_args()
    found = kernels.find(assembly.functions(options.binary or assembly.build()))
    if options.mode == "check":
        return int(check(found))
    if options.mode == "loop":
        return show(found, options.kernel)
    if model.program() is None:
        print("llvm-mca is missing (Debian: llvm-22): counts only", file=sys.stderr)
    sections = report.sections(found)
    if options.write:
        report.write(sections)
    else:
        print("\n\n".join(sections.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
