"""Which functions are kernels, and which of their loops is the one that counts."""

import dataclasses
import re

from . import counts, loops

NAME = re.compile(r"^ottava_kernels::(?P<family>\w+)::(?P<isa>neon|dotprod|i8mm)::(?P<entry>\w+)(?:::<(?P<form>.*)>)?$")
# Families whose work is multiply-accumulates; the others' is values.
PRODUCTS = ("gemm", "depthwise")
# Entries beside a family's tiles that only some layers need.
ASIDE = ("row_sums",)


@dataclasses.dataclass(frozen=True)
class Kernel:
    """An entry of a family and the inner loop that does most of its work."""

    family: str
    isa: str
    entry: str
    form: str
    loop: list | None
    counts: counts.Counts | None

    def name(self):
        """Family, instruction set, entry and form, as in the source."""
        form = f"<{self.form}>" if self.form else ""
        return f"{self.family}::{self.isa}::{self.entry}{form}"

    def multiplies(self):
        """Whether its work is counted in multiply-accumulates."""
        return self.family in PRODUCTS

    def cost(self):
        """Instructions for one multiply-accumulate, or for sixteen bytes written, or read where it only reads."""
        if self.counts is None:
            return None
        if self.multiplies():
            return self.counts.instructions / self.counts.macs
        return 16 * self.counts.instructions / (self.counts.stored_bytes or self.counts.loaded_bytes)

    def fault(self):
        """What is wrong with the kernel on every machine; None if nothing is."""
        if not self.multiplies():
            return None
        if self.loop is None:
            return "no inner loop that multiplies was found"
        if self.counts.spills:
            return f"{self.counts.spills} loads or stores of vector registers on the stack in its inner loop"
        return None


def find(functions):
    """All kernels among the functions of a binary, convolution and depthwise first."""
    found = []
    for name, body in functions.items():
        part = NAME.match(name)
        if part is None or part["entry"] in ASIDE or "closure" in name:
            continue
        loop = main_loop(body, part["family"] in PRODUCTS)
        counted = counts.count(loop, body) if loop else None
        found.append(Kernel(part["family"], part["isa"], part["entry"], part["form"] or "", loop, counted))
    return sorted(found, key=order)


def order(kernel):
    """Families in the order of their weight, then instruction sets from weak to strong, then forms."""
    families = [*PRODUCTS, "pool", "add"]
    family = families.index(kernel.family) if kernel.family in families else len(families)
    isas = ["neon", "dotprod", "i8mm"]
    return family, kernel.family, isas.index(kernel.isa), kernel.entry, kernel.form


def main_loop(body, multiplies):
    """A turn of the inner loop that does most: multiply-accumulates, or bytes written, or read where none are written.

    What only writes fills memory, and is no kernel's work.
    """
    works = [lambda turn: sum(map(counts.macs, turn))]
    if not multiplies:
        works = [lambda turn: counts.moved(turn, counts.STORES), lambda turn: counts.moved(turn, counts.LOADS)]
    for work in works:
        turns = [turn for turn in loops.inner_loops(body, work) if work(turn) and (multiplies or counts.moved(turn, counts.LOADS))]
        if turns:
            return max(turns, key=work)
    return None
