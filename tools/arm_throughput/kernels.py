"""Which functions are kernels, and which of their loops is the one that counts."""

import dataclasses
import re

from . import counts, loops

# The entry function of an instruction set for a kernel type.
NAME = re.compile(
    r"^<ottava_kernels::arch::aarch64::\w+::(?P<isa>Neon|DotProd|I8mm) as ottava_kernels::arch::instruction_set::InstructionSet>"
    r"::enter::<ottava_kernels::(?P<family>\w+)::(?P<kernel>.+)>$"
)
# Modules before a type's name.
PATH = re.compile(r"(?:\w+::)+")
# Families whose work is multiply-accumulates of bytes, and of 16-bit values; the others' is values.
PRODUCTS = ("gemm", "depthwise")
WORDS = ("gemm16", "depthwise16", "matmul")
# Entries beside a family's tiles: what only some layers need, and transforms, which hardly multiply.
ASIDE = ("RowSums", "InputTransform", "WeightTransform", "OutputTransform")
# Multiply-accumulates a turn of loops that are no tile's, but sums over one row or column. Loops with more instructions than
# multiply-accumulates are none either: they rescale sums.
NARROW = 16


@dataclasses.dataclass(frozen=True)
class Kernel:
    """An entry of a family and one of its inner loops."""

    family: str
    isa: str
    function: str
    # Which of the function's loops.
    index: int
    # Instructions of a turn; None where no loop was found.
    loop: list | None
    counts: counts.Counts | None

    @property
    def name(self):
        """The function without the crate, and the loop if it is not the main one."""
        return f"{self.function}, {self.counts.macs} MACs" if self.index else self.function

    def multiplies(self):
        """Whether its work is counted in multiply-accumulates."""
        return self.family in PRODUCTS or self.family in WORDS and self.counts is not None and self.counts.macs > 0

    def peak(self):
        """Which multiplications its loop is held against."""
        return "words" if self.family in WORDS and self.isa == "neon" else self.isa

    def cost(self):
        """Instructions for one multiply-accumulate, or for sixteen bytes written, or read where it only reads."""
        if self.counts is None:
            return None
        if self.multiplies():
            return self.counts.instructions / self.counts.macs
        return 16 * self.counts.instructions / (self.counts.stored_bytes or self.counts.loaded_bytes)

    def fault(self, allowed):
        """What is wrong with the kernel, where as many spills are allowed; None if nothing is. A convolution may have none."""
        if self.family not in PRODUCTS:
            return None
        if self.loop is None:
            return "no inner loop that multiplies was found"
        if self.counts.spills > (0 if self.family == "gemm" else allowed):
            return f"{self.counts.spills} loads or stores of vector registers on the stack in its inner loop"
        return None


def find(functions):
    """All kernels among the functions of a binary, convolution and depthwise first."""
    found = []
    for function, body in functions.items():
        part = NAME.match(function)
        if part is None:
            continue
        kernel, isa, family = PATH.sub("", part["kernel"]), part["isa"].lower(), part["family"]
        if kernel.partition("<")[0] in ASIDE:
            continue
        name = f"{family}::{isa}::{kernel}"
        for index, turn in enumerate(main_loops(body, family)):
            counted = counts.count(turn, body) if turn else None
            found.append(Kernel(family, isa, name, index, turn, counted))
    return sorted(found, key=order)


def order(kernel):
    """Families in the order of their weight, then instruction sets from weak to strong, then names."""
    families = [*PRODUCTS, *WORDS, "pool", "add"]
    family = families.index(kernel.family) if kernel.family in families else len(families)
    isas = ["neon", "dotprod", "i8mm"]
    return family, kernel.family, isas.index(kernel.isa), kernel.function, kernel.index


def main_loops(body, family):
    """Turns of the inner loops that do a kernel's work, the one that does most first; None in their place if there is none.

    For what multiplies, all with different numbers of multiply-accumulates: tiles of other heights, and remainders. Else the one
    that writes most, or reads most if none writes. What only writes fills memory, and is no kernel's work.
    """
    if family in PRODUCTS or family in WORDS:
        # Of several with as many, the shortest stands last.
        by_length = sorted(loops.inner_loops(body, counts.all_macs), key=len, reverse=True)
        works = {counts.all_macs(turn): turn for turn in by_length}
        turns = [works[macs] for macs in sorted(works, reverse=True) if macs > max(NARROW, len(works[macs]))]
        if turns or family in PRODUCTS:
            return turns or [None]
    for work in (lambda turn: counts.moved(turn, counts.STORES), lambda turn: counts.moved(turn, counts.LOADS)):
        turns = [turn for turn in loops.inner_loops(body, work) if work(turn) and counts.moved(turn, counts.LOADS)]
        if turns:
            return [max(turns, key=work)]
    return [None]
