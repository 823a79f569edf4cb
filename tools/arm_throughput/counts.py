"""What the instructions of a loop are: multiply-accumulates, loads, stores, spills."""

import dataclasses
import re

ARRANGEMENT = re.compile(r"^v\d+\.(?P<lanes>\d+)(?P<width>[bhsd])")
VECTOR = re.compile(r"\b[vqd]\d+\b")
# Multiply-accumulates of one instruction: for each 32-bit lane of the result with dot and matrix products, else one a lane.
PRODUCTS = {"sdot": 4, "udot": 4, "usdot": 4, "sudot": 4, "smmla": 8, "ummla": 8, "usmmla": 8}
LANEWISE = re.compile(r"^([su]ml[as]l2?|[su]mull2?|mla|mls|mul)$")
LOADS = re.compile(r"^(ldr|ldur|ldp|ldnp|ld1r?|ld2r?|ld3r?|ld4r?)$")
STORES = re.compile(r"^(str|stur|stp|stnp|st[1234])$")
SIZES = {"q": 16, "d": 8, "s": 4, "h": 2, "b": 1}


@dataclasses.dataclass(frozen=True)
class Counts:
    """What one turn of a loop does."""

    instructions: int
    multiplies: int
    macs: int
    loads: int
    stores: int
    loaded_bytes: int
    stored_bytes: int
    spills: int


def macs(instruction):
    """Multiply-accumulates of 8-bit or 16-bit values; 0 for other instructions."""
    shape = ARRANGEMENT.match(instruction.operands)
    if shape is None:
        return 0
    lanes = int(shape["lanes"])
    if instruction.mnemonic in PRODUCTS:
        return lanes * PRODUCTS[instruction.mnemonic]
    return lanes if LANEWISE.match(instruction.mnemonic) else 0


def all_macs(instructions):
    """Multiply-accumulates of a list of instructions."""
    return sum(map(macs, instructions))


def is_multiply(instruction):
    """Whether it multiplies, or adds up products in pairs."""
    return macs(instruction) > 0 or instruction.mnemonic in ("sadalp", "uadalp")


def vector_bytes(instruction):
    """Bytes that a load or store of vector registers moves; 0 for other instructions."""
    if not (LOADS.match(instruction.mnemonic) or STORES.match(instruction.mnemonic)):
        return 0
    if instruction.operands.startswith("{"):
        return structure_bytes(instruction)
    registers = re.findall(r"\b([qdshb])\d+\b", instruction.operands.split("[")[0])
    return sum(SIZES[register] for register in registers)


def structure_bytes(instruction):
    """Bytes of `ld1`, `st4` and their like: whole registers, one lane, or one value for all lanes."""
    inside, rest = instruction.operands[1:].split("}", 1)
    first, _, last = inside.partition("-")
    names = re.findall(r"v(\d+)\.(\d*)([bhsd])", inside)
    number = (int(re.search(r"v(\d+)", last)[1]) - int(names[0][0])) % 32 + 1 if last else len(names)
    lanes, size = names[0][1], {"b": 1, "h": 2, "s": 4, "d": 8}[names[0][2]]
    whole = lanes and not instruction.mnemonic.endswith("r") and not re.match(r"\[\d+\]", rest)
    return number * size * (int(lanes) if whole else 1)


def frame_pointers(function):
    """Registers that address the stack: `sp`, and `x29` where the function makes it the frame's."""
    frame = any(i.mnemonic in ("mov", "add") and i.operands.startswith("x29, sp") for i in function)
    return ("sp", "x29") if frame else ("sp",)


def on_stack(instruction, pointers):
    """Whether a load or store addresses the stack directly."""
    base = re.search(r"\[(\w+)", instruction.operands)
    return base is not None and base[1] in pointers


def moved(instructions, kind, pointers=("sp",)):
    """Bytes of vector registers that are loaded from or stored to elsewhere than the stack."""
    return sum(vector_bytes(i) for i in instructions if kind.match(i.mnemonic) and not on_stack(i, pointers))


def count(loop, function):
    """Counts the instructions of a loop's turn."""
    pointers = frame_pointers(function)
    return Counts(
        instructions=len(loop),
        multiplies=sum(map(is_multiply, loop)),
        macs=all_macs(loop),
        loads=sum(LOADS.match(i.mnemonic) is not None for i in loop),
        stores=sum(STORES.match(i.mnemonic) is not None for i in loop),
        loaded_bytes=moved(loop, LOADS, pointers),
        stored_bytes=moved(loop, STORES, pointers),
        spills=sum(vector_bytes(i) > 0 and on_stack(i, pointers) for i in loop),
    )
